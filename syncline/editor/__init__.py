"""JSON Schemas of what people write, so that editors complete, explain and check mappings and `config.yaml`."""
