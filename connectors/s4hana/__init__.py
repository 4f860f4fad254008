"""SAP S/4HANA business partners over API_BUSINESS_PARTNER (OData 2.0)."""

from connectors.s4hana.connector import S4HanaConnector
from connectors.s4hana.settings import S4HanaSettings

__all__ = ["S4HanaConnector", "S4HanaSettings"]
