"""Odoo, over JSON-2 (19 and later) or JSON-RPC (before)."""

from connectors.odoo.connector import OdooConnector
from connectors.odoo.settings import OdooSettings

__all__ = ["OdooConnector", "OdooSettings"]
