"""Transforms of Acme."""
