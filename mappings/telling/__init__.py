"""Mappings in words, for people who do not read YAML."""
