"""Zoho CRM, API v8."""

from connectors.zoho.connector import ZohoConnector
from connectors.zoho.settings import ZohoSettings

__all__ = ["ZohoConnector", "ZohoSettings"]
