"""The contract suite, over the Shopify connector and the fake shop."""

from pathlib import Path

import connectors.shopify
from connectors.shopify import ShopifyConnector, ShopifySettings
from syncline.sandbox.shopify import ShopifyFake
from syncline.sandbox.shopify.schema import NEWEST
from syncline.testing import ConnectorSuite

_INPUT = {"defaultEmailAddress.emailAddress": "email", "defaultPhoneNumber.phoneNumber": "phone"}


class TestShopify(ConnectorSuite):
    page = 5
    version = NEWEST
    quality = Path(connectors.shopify.__file__).with_name("quality.yaml")

    def start(self):
        fake = ShopifyFake(self.clock, client_secret="shpss_5521")
        fake.define_marker()
        return fake

    def make(self):
        settings = {
            "shop": self.fake.domain,
            "auth": {"client_id": "client", "client_secret": "shpss_5521"},
            "page_size": self.page,
            "api_version": self.version,
        }
        return ShopifyConnector(ShopifySettings.model_validate(settings), self.context())

    def row(self, stream, n):
        if stream == "companies":
            return {"name": f"Company {n}"}
        if stream == "orders":
            return {"name": f"#{n}"}
        return {
            "lastName": f"Name {n}",
            "defaultEmailAddress.emailAddress": f"n{n}@example.com",
            "defaultEmailAddress.marketingState": "SUBSCRIBED",
        }

    def seed(self, stream, rows):
        if stream == "orders":
            rows = [{**row, "lineItems": [{"sku": "A", "quantity": 1}]} for row in rows]
        return self.fake.seed(stream, [self._given(stream, row) for row in rows])

    def edit(self, stream, key, fields):
        self.fake.edit(key, **self._given(stream, fields))

    def delete(self, stream, key):
        self.fake.delete(key)

    def _given(self, stream, fields):
        if stream != "customers":
            return dict(fields)
        given = {_INPUT.get(name, name): value for name, value in fields.items()}
        state = given.pop("defaultEmailAddress.marketingState", None)
        return given | ({"emailMarketingConsent": {"marketingState": state}} if state else {})
