"""How the fake shop is served."""

from syncline.sandbox.system import System
from syncline.sandbox.woocommerce.fake import WooCommerceFake

SYSTEM = System(
    "woocommerce",
    "a WooCommerce shop (REST v3)",
    8409,
    "connector: woocommerce\nurl: {url}\nconsumer_key: ck_key\nconsumer_secret: cs_secret",
    lambda data: WooCommerceFake(path=data),
)
