"""A fake WooCommerce shop."""

from syncline.sandbox.woocommerce.fake import WooCommerceFake

__all__ = ["WooCommerceFake"]
