"""What every connector keeps, kept by the connector for Sales Cloud and Service Cloud."""

from pathlib import Path

import pytest

import connectors.c4c
from connectors.c4c import C4cConnector, C4cSettings
from syncline.sandbox.c4c import C4cFake, C4cSecondFake
from syncline.testing import ConnectorSuite

TEXTS = {
    "accounts": "AdditionalName",
    "contacts": "NickName",
    "leads": "Note",
    "opportunities": "Name",
    "tickets": "Name",
}
STREAMS = ["accounts", "contacts", "leads", "opportunities", "tickets"]


class TestC4cVersion1(ConnectorSuite):
    page = 5
    quality = Path(connectors.c4c.__file__).with_name("quality.yaml")

    def start(self):
        fake = C4cFake(self.clock, users={"USER": "canary-secret"})
        fake.individuals.add("2000001")
        return fake

    def make(self):
        auth = {"kind": "basic", "user": "USER", "password": "canary-secret"}
        url = "https://my300000.crm.example"
        return C4cConnector(C4cSettings(url=url, auth=auth, page=self.page, streams=STREAMS), self.context())

    def row(self, stream, n):
        return {
            "accounts": {"Name": f"Company {n}", "City": "Ulm", "CountryCode": "DE"},
            "contacts": {"LastName": f"Name {n}", "FirstName": "Ada"},
            "leads": {"Name": f"Lead {n}", "Company": "Alfreds"},
            "opportunities": {"Name": f"Deal {n}", "ProspectPartyID": "2000001"},
            "tickets": {"Name": f"Ticket {n}", "ServicePriorityCode": "1"},
        }[stream]

    def seed(self, stream, rows):
        return self.fake.seed(stream, rows)

    def edit(self, stream, key, fields):
        self.fake.edit(stream, key, fields)

    def delete(self, stream, key):
        self.fake.delete(stream, key)

    def text_field(self, stream):
        return TEXTS[stream.name]

    def test_a_merged_record_names_its_survivor(self):
        pytest.skip("the service does not show which record another was merged into")

    def test_writing_to_a_merged_record_names_its_survivor_and_changes_nothing(self):
        pytest.skip("the service does not show which record another was merged into")

    def test_a_position_that_is_too_old_asks_for_a_full_read(self):
        pytest.skip("a change stamp never gets too old")


class TestC4cVersion2(ConnectorSuite):
    page = 5
    quality = Path(connectors.c4c.__file__).with_name("quality.yaml")

    def start(self):
        return C4cSecondFake(self.clock, users={"USER": "canary-secret"})

    def make(self):
        auth = {"kind": "basic", "user": "USER", "password": "canary-secret"}
        url = "https://acme.crm.example"
        return C4cConnector(C4cSettings(url=url, api="v2", auth=auth, page=self.page, streams=STREAMS), self.context())

    def row(self, stream, n):
        return {
            "accounts": {"firstLineName": f"Company {n}"},
            "contacts": {"familyName": f"Name {n}", "givenName": "Ada"},
            "leads": {"name": f"Lead {n}", "source": "Z1"},
            "opportunities": {"name": f"Deal {n}"},
            "tickets": {"subject": f"Ticket {n}", "caseType": "ZCSE"},
        }[stream]

    def seed(self, stream, rows):
        return self.fake.seed(stream, rows)

    def edit(self, stream, key, fields):
        self.fake.edit(stream, key, fields)

    def delete(self, stream, key):
        self.fake.delete(stream, key)

    def text_field(self, stream):
        return {"accounts": "secondLineName", "contacts": "nickName", "tickets": "subject"}.get(stream.name, "name")

    def test_the_quality_file_is_complete_and_agrees_with_the_facts(self):
        pytest.skip("the file speaks of version 1, too: batches are its own")

    def test_a_merged_record_names_its_survivor(self):
        pytest.skip("the service does not show which record another was merged into")

    def test_writing_to_a_merged_record_names_its_survivor_and_changes_nothing(self):
        pytest.skip("the service does not show which record another was merged into")

    def test_a_position_that_is_too_old_asks_for_a_full_read(self):
        pytest.skip("a change stamp never gets too old")
