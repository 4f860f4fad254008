"""Tryton, over JSON-RPC."""

from connectors.tryton.connector import TrytonConnector
from connectors.tryton.settings import TrytonSettings

__all__ = ["TrytonConnector", "TrytonSettings"]
