"""Salesforce over REST and Bulk API 2.0."""

from connectors.salesforce.connector import SalesforceConnector

__all__ = ["SalesforceConnector"]
