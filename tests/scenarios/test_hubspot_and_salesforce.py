"""The mappings that ship for HubSpot, run against those that ship for Salesforce: both ways, and to rest."""

from __future__ import annotations

from importlib import resources

import pytest
from typer.testing import CliRunner

from model.clock import ManualClock
from syncline import wiring
from syncline.cli.main import app
from syncline.init.compose import compose
from syncline.sandbox.hubspot import HubSpotFake
from syncline.sandbox.salesforce.fake import SalesforceFake
from syncline.sandbox.wire import transport
from syncline.settings import load_project

ENVIRONMENT = {
    "HUBSPOT_TOKEN": "pat-na1-sandbox",
    "SALESFORCE_URL": "https://example.my.salesforce.com",
    "SALESFORCE_CLIENT_ID": "app",
    "SALESFORCE_CLIENT_SECRET": "secret",
}


class Pair:
    """The two systems and the hub between them, on a clock that stands still."""

    def __init__(self, folder, clock):
        self.folder, self.clock = folder / "project", clock
        self.crm, self.hubspot = SalesforceFake(clock), HubSpotFake(clock)
        compose(self.folder, ["hubspot", "salesforce"])
        (self.folder / "var").mkdir(exist_ok=True)

    @property
    def world(self):
        carriers = {"crm": transport(self.crm), "hubspot": transport(self.hubspot)}
        return wiring.World(clock=self.clock, transports=carriers, environment=ENVIRONMENT)

    def sync(self):
        self.clock.advance(300)
        project, found = load_project(self.folder, environment=ENVIRONMENT)
        assert project is not None, [str(one) for one in found]
        with wiring.build_engine(project, world=self.world) as engine:
            report = engine.run()
        assert all(balance.adds_up for balance in report.balances.values()), report.balances
        assert not report.troubles, report.troubles
        return report

    def settle(self):
        for _ in range(5):
            if not self.sync().writes:
                return
        pytest.fail("the systems do not come to rest")

    def contact(self, email):
        (found,) = [row for row in self.crm.rows("Contact") if row["Email"] == email]
        return found

    def person(self, email):
        (found,) = [row for row in self.hubspot.rows("contacts") if row.get("email") == email]
        return found

    def counts(self):
        return (
            *(len(self.crm.rows(name)) for name in ("Account", "Contact")),
            *(len(self.hubspot.rows(kind)) for kind in ("companies", "contacts")),
        )


@pytest.fixture
def pair(tmp_path):
    pair = Pair(tmp_path, ManualClock())
    (alfa,) = pair.crm.seed(
        "Account", [{"Name": "Alfa Foods", "Website": "https://alfa.example", "BillingCity": "Eugene"}]
    )
    (beta,) = pair.hubspot.seed("companies", [{"name": "Beta Foods", "city": "Bonn", "country": "Germany"}])
    people = [
        {"LastName": "Berg", "FirstName": "Ana", "Email": "ana@alfa.example", "AccountId": alfa, "Title": "Owner"},
        {"LastName": "Moos", "FirstName": "Bo", "Email": "bo@beta.example"},
    ]
    pair.crm.seed("Contact", people)
    persons = [
        {"lastname": "Moos", "firstname": "Bo", "email": "bo@beta.example", "jobtitle": "Buyer"},
        {"lastname": "Dorn", "firstname": "Cid", "email": "cid@beta.example", "lifecyclestage": "customer"},
    ]
    for key in pair.hubspot.seed("contacts", persons):
        pair.hubspot.associate("contacts", key, "companies", beta, 1)
    pair.settle()
    return pair


def test_everybody_is_in_both_systems_once_with_their_company_and_then_there_is_silence(pair):
    assert pair.counts() == (2, 3, 2, 3)
    accounts = {row["Id"]: row["Name"] for row in pair.crm.rows("Account")}
    companies = {row["hs_object_id"]: row["name"] for row in pair.hubspot.rows("companies")}
    for email, company in (("ana@alfa.example", "Alfa Foods"), ("bo@beta.example", "Beta Foods")):
        assert accounts[pair.contact(email)["AccountId"]] == company
        assert companies[pair.person(email)["associatedcompanyid"]] == company
    assert pair.contact("bo@beta.example")["Title"] == "Buyer"
    assert pair.person("ana@alfa.example")["jobtitle"] == "Owner"
    assert [pair.sync().writes for _ in range(3)] == [0, 0, 0]


def test_the_shipped_mappings_fit_what_the_account_says_of_itself(pair):
    for entity in ("opportunity", "case"):
        with resources.as_file(resources.files("mappings") / "library" / "hubspot" / f"{entity}.yaml") as file:
            (pair.folder / "mappings" / f"hubspot_{entity}.yaml").write_text(file.read_text())
    config = pair.folder / "config.yaml"
    config.write_text(config.read_text().replace("[companies, contacts]", "[companies, contacts, deals, tickets]"))
    said = CliRunner().invoke(app, ["--project", str(pair.folder), "check", "--online"], obj=pair.world)
    assert said.exit_code == 0
    assert "warning: mappings/hubspot" not in said.stdout


def test_edits_travel_both_ways(pair):
    ana = pair.person("ana@alfa.example")["hs_object_id"]
    pair.hubspot.edit("contacts", ana, {"jobtitle": "Chair", "mobilephone": "+49 30 23125031"})
    pair.crm.edit("Contact", pair.contact("cid@beta.example")["Id"], {"FirstName": "Cyd"})
    pair.settle()
    assert (pair.contact("ana@alfa.example")["Title"], pair.person("cid@beta.example")["firstname"]) == ("Chair", "Cyd")
    assert pair.contact("ana@alfa.example")["MobilePhone"] == "+49 30 23125031"


def test_a_change_of_company_travels_both_ways(pair):
    companies = {row["name"]: row["hs_object_id"] for row in pair.hubspot.rows("companies")}
    accounts = {row["Name"]: row["Id"] for row in pair.crm.rows("Account")}
    ana, bo = (pair.person(email)["hs_object_id"] for email in ("ana@alfa.example", "bo@beta.example"))
    pair.hubspot.associate("contacts", ana, "companies", companies["Beta Foods"], 1)
    pair.crm.edit("Contact", pair.contact("bo@beta.example")["Id"], {"AccountId": accounts["Alfa Foods"]})
    pair.settle()
    assert pair.contact("ana@alfa.example")["AccountId"] == accounts["Beta Foods"]
    assert pair.person("bo@beta.example")["associatedcompanyid"] == companies["Alfa Foods"]
    assert set(pair.hubspot.associated("contacts", bo, "companies")) == set(companies.values())


def test_a_merge_in_hubspot_is_followed_to_the_new_id_and_makes_nobody_twice(pair):
    (twin,) = pair.hubspot.seed("contacts", [{"lastname": "Berg", "firstname": "Ana", "phone": "+1 503-555-7555"}])
    ana = pair.person("ana@alfa.example")["hs_object_id"]
    new = pair.hubspot.merge("contacts", ana, twin)
    pair.settle()
    assert pair.counts() == (2, 3, 2, 3)
    pair.crm.edit("Contact", pair.contact("ana@alfa.example")["Id"], {"Title": "Chief"})
    pair.settle()
    assert pair.hubspot.row("contacts", new)["jobtitle"] == "Chief"
    assert pair.contact("ana@alfa.example")["Phone"] == "+1 503-555-7555"


def test_an_index_that_is_late_undoes_no_newer_edit(pair):
    bo = pair.person("bo@beta.example")["hs_object_id"]
    pair.hubspot.edit("contacts", bo, {"city": "Bonn"})
    pair.sync()
    pair.crm.edit("Contact", pair.contact("bo@beta.example")["Id"], {"Title": "Chief buyer"})
    pair.sync()
    pair.hubspot.portal.lag *= 120  # ten minutes: the index shows again what was there before that write
    assert [pair.sync().writes for _ in range(4)] == [0, 0, 0, 0]
    assert pair.hubspot.row("contacts", bo)["jobtitle"] == "Chief buyer"
    assert pair.contact("bo@beta.example")["Title"] == "Chief buyer"


def test_a_life_cycle_that_hubspot_does_not_take_back_is_not_fought_over(pair):
    before = pair.person("cid@beta.example")["lifecyclestage"]
    pair.hubspot.edit("contacts", pair.person("cid@beta.example")["hs_object_id"], {"lifecyclestage": "evangelist"})
    pair.settle()
    assert (before, pair.person("cid@beta.example")["lifecyclestage"]) == ("customer", "evangelist")
