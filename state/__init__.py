"""Remembers: the hub's own tables, behind the ports that sync declares."""
