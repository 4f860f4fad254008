"""How the fake shop is served."""

from syncline.sandbox.shopify.fake import ShopifyFake
from syncline.sandbox.system import System

SYSTEM = System(
    "shopify",
    "a Shopify shop (GraphQL Admin API)",
    8402,
    "connector: shopify\nshop: corner-shop.myshopify.com\nbase_url: {url}\nauth: {{token: shpat_static}}",
    lambda data: ShopifyFake(path=data),
)
