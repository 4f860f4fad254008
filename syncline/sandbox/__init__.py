"""Fake systems: stateful stand-ins that speak a vendor's wire protocol, keep state and misbehave on demand."""
