"""A fake shop that speaks Adobe Commerce's REST API."""

from syncline.sandbox.magento.fake import MagentoFake

__all__ = ["MagentoFake"]
