"""Microsoft Dynamics 365 over the Dataverse Web API."""

from connectors.dynamics.connector import DynamicsConnector
from connectors.dynamics.settings import DynamicsSettings

__all__ = ["DynamicsConnector", "DynamicsSettings"]
