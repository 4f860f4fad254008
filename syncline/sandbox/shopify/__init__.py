"""A fake shop that speaks the vendor's GraphQL Admin API."""

from syncline.sandbox.shopify.fake import ShopifyFake

__all__ = ["ShopifyFake"]
