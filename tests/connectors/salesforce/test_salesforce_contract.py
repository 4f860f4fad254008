"""What every connector keeps, kept by the Salesforce connector."""

from pathlib import Path

import connectors.salesforce
from connectors.salesforce import SalesforceConnector
from connectors.salesforce.settings import SalesforceSettings
from syncline.sandbox.salesforce import SalesforceFake
from syncline.testing import ConnectorSuite


class TestSalesforce(ConnectorSuite):
    page = 5
    quality = Path(connectors.salesforce.__file__).with_name("quality.yaml")

    def start(self):
        return SalesforceFake(self.clock, clients={"app": "canary-secret"}, page=self.page)

    def make(self):
        auth = {"kind": "client_credentials", "client_id": "app", "client_secret": "canary-secret"}
        settings = SalesforceSettings(auth=auth, login_url="https://example.my.salesforce.com")
        return SalesforceConnector(settings, self.context())

    def row(self, stream, n):
        return {"Name": f"Company {n}"} if stream == "Account" else {"LastName": f"Name {n}", "FirstName": "Ada"}

    def seed(self, stream, rows):
        return self.fake.seed(stream, rows)

    def edit(self, stream, key, fields):
        self.fake.edit(stream, key, fields)

    def delete(self, stream, key):
        self.fake.delete(stream, key)

    def merge(self, stream, loser, survivor):
        self.fake.merge(stream, survivor, loser)

    def expire(self, stream):
        self.clock.advance(16 * 86400)  # a day longer than deletions are kept in the recycle bin

    def text_field(self, stream):
        return "Site" if stream.name == "Account" else "Department"
