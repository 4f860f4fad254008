"""SAP Sales Cloud and Service Cloud (Cloud for Customer), version 1 (OData 2.0) and version 2 (REST)."""

from connectors.c4c.connector import C4cConnector
from connectors.c4c.settings import C4cSettings

__all__ = ["C4cConnector", "C4cSettings"]
