"""How the fake shop is served."""

from syncline.sandbox.magento.fake import MagentoFake
from syncline.sandbox.system import System

SYSTEM = System(
    "magento",
    "an Adobe Commerce (Magento 2) shop (REST, OAuth 1.0a)",
    8410,
    "connector: magento\nurl: {url}\ncompanies: true\nauth:\n  kind: oauth1\n  consumer_key: consumer-key\n"
    "  consumer_secret: consumer-secret\n  token: access-token\n  token_secret: token-secret",
    lambda data: MagentoFake(path=data, skew=float("inf")),  # whoever tries it may have any clock
    keep=lambda fake, path: fake.shop.keep(path),
)
