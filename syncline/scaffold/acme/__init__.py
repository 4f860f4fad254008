"""Connector for Acme."""
