"""Examples, laws, traces and comparisons: what a mapping does, before it does it."""
