"""Shopify through the GraphQL Admin API: customers and companies both ways, orders inward."""

from connectors.shopify.connector import ShopifyConnector
from connectors.shopify.settings import ShopifySettings

__all__ = ["ShopifyConnector", "ShopifySettings"]
