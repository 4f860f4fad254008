"""SAP Commerce (Hybris): B2B units, customers and orders over the Integration API (OData 2.0)."""

from connectors.hybris.connector import HybrisConnector
from connectors.hybris.settings import HybrisSettings

__all__ = ["HybrisConnector", "HybrisSettings"]
