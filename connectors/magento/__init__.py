"""Adobe Commerce and Magento Open Source, version 2, over REST."""

from connectors.magento.connector import MagentoConnector
from connectors.magento.settings import MagentoSettings

__all__ = ["MagentoConnector", "MagentoSettings"]
