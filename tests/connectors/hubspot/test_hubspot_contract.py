"""What every connector keeps, kept by the HubSpot connector."""

from pathlib import Path

import connectors.hubspot
from connectors.hubspot import HubSpotConnector, HubSpotSettings
from syncline.sandbox.hubspot import HubSpotFake
from syncline.testing import ConnectorSuite

ROWS = {
    "companies": lambda n: {"name": f"Company {n}", "domain": f"company{n}.example.com"},
    "contacts": lambda n: {"lastname": f"Name {n}", "email": f"n{n}@example.com"},
    "deals": lambda n: {"dealname": f"Deal {n}", "dealstage": "contractsent", "amount": f"{n}"},
    "tickets": lambda n: {"subject": f"Question {n}", "hs_pipeline_stage": "1"},
}
TEXTS = {"companies": "city", "contacts": "jobtitle", "deals": "description", "tickets": "content"}


class TestHubSpot(ConnectorSuite):
    page = 5
    quality = Path(connectors.hubspot.__file__).with_name("quality.yaml")

    def start(self):
        return HubSpotFake(self.clock, private_app="pat-na1-canary")

    def make(self):
        settings = {"auth": {"token": "pat-na1-canary"}, "page": self.page, "streams": list(ROWS)}
        return HubSpotConnector(HubSpotSettings.model_validate(settings), self.context())

    def row(self, stream, n):
        return ROWS[stream](n)

    def seed(self, stream, rows):
        return self.fake.seed(stream, rows)

    def edit(self, stream, key, fields):
        self.fake.edit(stream, key, fields)

    def delete(self, stream, key):
        self.fake.delete(stream, key)

    def merge(self, stream, loser, survivor):
        """As in the vendor's beta; that both give way to a new id is told in sentences of its own."""
        self.fake.merge(stream, survivor, loser, keeps_id=True)

    def expire(self, stream):
        self.clock.advance(91 * 86400)  # a day longer than deletions are kept in the recycle bin
        self.fake.portal.purge()

    def text_field(self, stream):
        return TEXTS[stream.name]

    def bad_row(self, stream):
        if stream.name == "contacts":
            return {"lastname": "Name", "email": "no address"}
        return super().bad_row(stream)
