"""A fake SAP Commerce: one integration object over the Integration API, and consents over the commerce web services."""

from syncline.sandbox.hybris.fake import HybrisFake

__all__ = ["HybrisFake"]
