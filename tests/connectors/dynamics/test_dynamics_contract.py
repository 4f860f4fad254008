"""What every connector keeps, kept by the Dynamics 365 connector."""

from pathlib import Path

import connectors.dynamics
from connectors.dynamics import DynamicsConnector, DynamicsSettings
from syncline.sandbox.dynamics import DynamicsFake
from syncline.testing import ConnectorSuite


class TestDynamics(ConnectorSuite):
    page = 5
    quality = Path(connectors.dynamics.__file__).with_name("quality.yaml")
    streams = ("account", "contact")

    def start(self):
        return DynamicsFake(self.clock, clients={"app": "canary-secret"}, page=self.page)

    def make(self):
        auth = {"tenant": "contoso.onmicrosoft.com", "client_id": "app", "client_secret": "canary-secret"}
        settings = DynamicsSettings(url="https://contoso.crm4.dynamics.com", auth=auth, streams=list(self.streams))
        return DynamicsConnector(settings, self.context())

    def row(self, stream, n):
        return {"name": f"Company {n}"} if stream == "account" else {"lastname": f"Name {n}", "firstname": "Ada"}

    def seed(self, stream, rows):
        return self.fake.seed(stream, rows)

    def edit(self, stream, key, fields):
        self.fake.edit(stream, key, fields)

    def delete(self, stream, key):
        self.fake.delete(stream, key)

    def merge(self, stream, loser, survivor):
        if stream == "opportunity":
            return False  # opportunities are not merged
        return self.fake.merge(stream, survivor, loser)

    def expire(self, stream):
        self.fake.forget_changes()

    def text_field(self, stream):
        return "address1_city"


class TestDynamicsSales(TestDynamics):
    """The tables of sales and service; a case needs a customer, who is there from the beginning."""

    streams = ("lead", "opportunity", "incident")

    def start(self):
        fake = super().start()
        [self.customer] = fake.seed("account", [{"name": "Great Lakes"}])
        return fake

    def row(self, stream, n):
        if stream == "incident":
            return {"title": f"Case {n}", "customerid_account": self.customer}
        return {"lastname": f"Name {n}"} if stream == "lead" else {"name": f"Deal {n}"}

    def seed(self, stream, rows):
        bound = [{name: value for name, value in row.items() if name != "customerid_account"} for row in rows]
        customer = {"customerid_account@odata.bind": f"/accounts({self.customer})"} if stream == "incident" else {}
        return self.fake.seed(stream, [row | customer for row in bound])

    def text_field(self, stream):
        return "description"
