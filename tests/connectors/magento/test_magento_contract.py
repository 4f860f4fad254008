"""The contract suite, over the connector and the fake shop: by single calls, and through the bulk API."""

from connectors.magento import MagentoConnector, MagentoSettings
from syncline.sandbox.magento import MagentoFake
from syncline.testing import ConnectorSuite

AUTH = {
    "kind": "oauth1",
    "consumer_key": "consumer-key",
    "consumer_secret": "shop-secret-5521",
    "token": "access-token",
    "token_secret": "token-secret",
}


class TestMagento(ConnectorSuite):
    page = 5
    bulk_from = 3

    def start(self):
        return MagentoFake(self.clock, consumer_secret="shop-secret-5521")

    def make(self):
        settings = {
            "url": "https://shop.example.com",
            "auth": AUTH,
            "page_size": self.page,
            "companies": True,
            "bulk_from": self.bulk_from,
        }
        return MagentoConnector(MagentoSettings.model_validate(settings), self.context())

    def row(self, stream, n):
        if stream == "orders":
            return {"customer_email": f"n{n}@example.com"}
        if stream == "companies":
            return {
                "company_name": f"Company {n}",
                "company_email": f"c{n}@example.com",
                "super_user_id": self._admin(),
                "customer_group_id": 1,
            }
        return {"firstname": f"Given {n}", "lastname": f"Name {n}", "email": f"n{n}@example.com"}

    def seed(self, stream, rows):
        return self.fake.seed(stream, rows)

    def edit(self, stream, key, fields):
        self.fake.edit(stream, key, **fields)

    def delete(self, stream, key):
        self.fake.delete(stream, key)

    def _admin(self):
        people = self.fake.shop.tables["customers"]
        if not people:
            self.fake.seed("customers", [{"firstname": "A", "lastname": "Dmin", "email": "admin@example.com"}])
        return next(iter(people))


class TestMagentoInBulk(TestMagento):
    """Everything that is written goes through the queue."""

    bulk_from = 1
