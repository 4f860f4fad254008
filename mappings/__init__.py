"""How one stream's records correspond to one canonical entity, both ways. Pure."""
