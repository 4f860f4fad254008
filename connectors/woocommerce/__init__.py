"""WooCommerce shops (REST API v3): customers and orders both ways, guest buyers inward."""

from connectors.woocommerce.connector import WooCommerceConnector
from connectors.woocommerce.settings import WooCommerceSettings

__all__ = ["WooCommerceConnector", "WooCommerceSettings"]
