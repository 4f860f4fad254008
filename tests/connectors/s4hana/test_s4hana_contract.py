"""What every connector keeps, kept by the S/4HANA connector."""

from pathlib import Path

import pytest

import connectors.s4hana
from connectors.s4hana import S4HanaConnector, S4HanaSettings
from syncline.sandbox.s4hana import S4HanaFake
from syncline.testing import ConnectorSuite

ADDRESS = "to_BusinessPartnerAddress.XXDEFAULT"


class TestS4Hana(ConnectorSuite):
    page = 5
    quality = Path(connectors.s4hana.__file__).with_name("quality.yaml")

    def start(self):
        return S4HanaFake(self.clock, users={"USER": "canary-secret"})

    def make(self):
        auth = {"kind": "basic", "user": "USER", "password": "canary-secret"}
        settings = S4HanaSettings(url="https://my300000-api.s4hana.example", auth=auth, page=self.page)
        return S4HanaConnector(settings, self.context())

    def row(self, stream, n):
        if stream == "organisations":
            return {"OrganizationBPName1": f"Company {n}", f"{ADDRESS}.Country": "DE", f"{ADDRESS}.CityName": "Ulm"}
        return {"LastName": f"Name {n}", "FirstName": "Ada"}

    def seed(self, stream, rows):
        return self.fake.seed(stream, rows)

    def edit(self, stream, key, fields):
        self.fake.edit(stream, key, fields)

    def delete(self, stream, key):
        self.fake.delete(stream, key)

    def text_field(self, stream):
        return "OrganizationBPName2" if stream.name == "organisations" else "MiddleName"

    def test_a_merged_record_names_its_survivor(self):
        pytest.skip("business partners are not merged: duplicates are blocked, or marked for archiving")

    def test_writing_to_a_merged_record_names_its_survivor_and_changes_nothing(self):
        pytest.skip("business partners are not merged: duplicates are blocked, or marked for archiving")

    def test_a_position_that_is_too_old_asks_for_a_full_read(self):
        pytest.skip("a change stamp never gets too old")
