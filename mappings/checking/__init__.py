"""Whether mappings fit the canonical model, the systems' fields, and each other."""
