"""What every connector keeps, kept by the Siebel connector."""

from pathlib import Path

import connectors.siebel
from connectors.siebel import SiebelConnector, SiebelSettings
from syncline.sandbox.siebel import SiebelFake
from syncline.testing import ConnectorSuite

ROWS = {
    "Account": lambda n: {"Name": f"Company {n}", "Location": "HQ"},
    "Contact": lambda n: {"First Name": "Ada", "Last Name": f"Name {n}"},
    "Opportunity": lambda n: {"Name": f"Deal {n}", "Sales Stage": "Qualified"},
    "Service Request": lambda n: {"Abstract": f"Request {n}"},
}
TEXTS = {"Account": "Alias", "Contact": "Job Title", "Opportunity": "Description", "Service Request": "Sub-Status"}


class TestSiebel(ConnectorSuite):
    page = 5
    quality = Path(connectors.siebel.__file__).with_name("quality.yaml")

    def start(self):
        return SiebelFake(self.clock, users={"SYNCLINE": "canary-secret"})

    def make(self):
        settings = SiebelSettings.model_validate(
            {
                "url": "https://crm.example.com:9001/siebel/v1.0",
                "auth": {"kind": "basic", "user": "SYNCLINE", "password": "canary-secret"},
                "zone": "Europe/Berlin",
                "streams": list(ROWS),
                "page": self.page,
            }
        )
        return SiebelConnector(settings, self.context())

    def row(self, stream, n):
        return ROWS[stream](n)

    def seed(self, stream, rows):
        return self.fake.seed(stream, rows)

    def edit(self, stream, key, fields):
        self.fake.edit(stream, key, fields)

    def delete(self, stream, key):
        self.fake.delete(stream, key)

    def text_field(self, stream):
        return TEXTS[stream.name]

    def bad_row(self, stream):
        if stream.name == "Service Request":  # needs nothing; its first long text is the marker
            return {"Abstract": "x" * 101}
        return super().bad_row(stream)
