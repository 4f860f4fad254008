"""Oracle NetSuite over SuiteTalk REST and SuiteQL."""

from connectors.netsuite.connector import NetSuiteConnector
from connectors.netsuite.settings import NetSuiteSettings

__all__ = ["NetSuiteConnector", "NetSuiteSettings"]
