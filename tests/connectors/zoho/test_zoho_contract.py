"""What every connector keeps, kept by the Zoho CRM connector."""

from dataclasses import replace
from pathlib import Path

import pytest

import connectors.zoho
from connectors.oauth import MemoryTokens
from connectors.zoho import ZohoConnector, ZohoSettings
from syncline.sandbox.zoho import ZohoFake
from syncline.sandbox.zoho.oauth import SCOPES
from syncline.testing import ConnectorSuite

ROWS = {
    "Accounts": lambda n: {"Account_Name": f"Company {n}"},
    "Contacts": lambda n: {"Last_Name": f"Name {n}", "First_Name": "Ada"},
    "Leads": lambda n: {"Last_Name": f"Name {n}", "Company": "Cheese & Sons"},
    "Deals": lambda n: {"Deal_Name": f"Deal {n}", "Stage": "Qualification"},
}
TEXTS = {"Accounts": "Ticker_Symbol", "Contacts": "Department", "Leads": "Designation", "Deals": "Next_Step"}


class TestZoho(ConnectorSuite):
    page = 5
    quality = Path(connectors.zoho.__file__).with_name("quality.yaml")

    def start(self):
        self.tokens = MemoryTokens()  # one store for all processes, as the hub has: tokens are few
        return ZohoFake(self.clock, clients={"app": "canary-secret"}, refresh_tokens={"canary-refresh": SCOPES})

    def context(self):
        return replace(super().context(), tokens=self.tokens)

    def make(self):
        auth = {
            "kind": "refresh_token",
            "client_id": "app",
            "client_secret": "canary-secret",
            "refresh_token": "canary-refresh",
        }
        settings = ZohoSettings(data_center="eu", auth=auth, streams=list(ROWS), page=self.page)
        return ZohoConnector(settings, self.context())

    def row(self, stream, n):
        return ROWS[stream](n)

    def seed(self, stream, rows):
        return self.fake.seed(stream, rows)

    def edit(self, stream, key, fields):
        self.fake.edit(stream, key, fields)

    def delete(self, stream, key):
        self.fake.delete(stream, key)

    def expire(self, stream):
        self.clock.advance(61 * 86400)  # a day longer than deletions are listed

    @pytest.mark.skip(reason="Zoho shows the losers of a merge as deleted and names no survivor (test_zoho_reading)")
    def test_a_merged_record_names_its_survivor(self):
        """Nothing to test."""

    @pytest.mark.skip(reason="Zoho shows the losers of a merge as deleted and names no survivor (test_zoho_reading)")
    def test_writing_to_a_merged_record_names_its_survivor_and_changes_nothing(self):
        """Nothing to test."""

    def text_field(self, stream):
        return TEXTS[stream.name]
