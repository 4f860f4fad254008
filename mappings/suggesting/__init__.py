"""Proposals for a stream nobody mapped yet, with the evidence for each rule."""
