"""Oracle Siebel CRM over its REST data API."""

from connectors.siebel.connector import SiebelConnector
from connectors.siebel.settings import SiebelSettings

__all__ = ["SiebelConnector", "SiebelSettings"]
