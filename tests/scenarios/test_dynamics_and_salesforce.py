"""The mappings that ship for Dynamics 365, run against those that ship for Salesforce: both ways, and to rest."""

from __future__ import annotations

import pytest

from model.clock import ManualClock
from syncline import wiring
from syncline.init.compose import compose
from syncline.sandbox.dynamics import DynamicsFake
from syncline.sandbox.salesforce.fake import SalesforceFake
from syncline.sandbox.wire import transport
from syncline.settings import load_project

ENVIRONMENT = {
    "DYNAMICS_URL": "https://contoso.crm4.dynamics.com",
    "DYNAMICS_TENANT": "contoso.onmicrosoft.com",
    "DYNAMICS_CLIENT_ID": "app",
    "DYNAMICS_CLIENT_SECRET": "secret",
    "SALESFORCE_URL": "https://example.my.salesforce.com",
    "SALESFORCE_CLIENT_ID": "app",
    "SALESFORCE_CLIENT_SECRET": "secret",
}


class Pair:
    """The two systems and the hub between them, on a clock that stands still."""

    def __init__(self, folder, clock):
        self.folder, self.clock = folder / "project", clock
        self.crm, self.dynamics = SalesforceFake(clock), DynamicsFake(clock)
        compose(self.folder, ["dynamics", "salesforce"])
        (self.folder / "var").mkdir(exist_ok=True)

    def sync(self):
        self.clock.advance(300)
        project, found = load_project(self.folder, environment=ENVIRONMENT)
        assert project is not None, [str(one) for one in found]
        carriers = {"crm": transport(self.crm), "dynamics": transport(self.dynamics)}
        world = wiring.World(clock=self.clock, transports=carriers, environment=ENVIRONMENT)
        with wiring.build_engine(project, world=world) as engine:
            report = engine.run()
        assert all(balance.adds_up for balance in report.balances.values()), report.balances
        assert not report.troubles, report.troubles
        return report

    def settle(self):
        for _ in range(5):
            if not self.sync().writes:
                return
        pytest.fail("the systems do not come to rest")

    def there(self, email):
        (found,) = [row for row in self.crm.rows("Contact") if row["Email"] == email]
        return found

    def here(self, email):
        (found,) = [row for row in self.dynamics.rows("contact") if row["emailaddress1"] == email]
        return found

    def counts(self):
        return (
            *(len(self.crm.rows(name)) for name in ("Account", "Contact")),
            *(len([row for row in self.dynamics.rows(name) if not row["merged"]]) for name in ("account", "contact")),
        )


@pytest.fixture
def pair(tmp_path):
    pair = Pair(tmp_path, ManualClock())
    (alfa,) = pair.crm.seed("Account", [{"Name": "Alfa Foods", "AccountNumber": "K-1", "BillingCity": "Eugene"}])
    _, beta = pair.dynamics.seed(
        "account",
        [{"name": "Alfa Foods", "accountnumber": "K-1"}, {"name": "Beta Foods", "address1_country": "Germany"}],
    )
    people = [
        {"LastName": "Berg", "FirstName": "Ana", "Email": "ana@alfa.example", "AccountId": alfa, "Title": "Owner"},
        {"LastName": "Moos", "FirstName": "Bo", "Email": "bo@beta.example"},
    ]
    pair.crm.seed("Contact", people)
    firm = {"parentcustomerid_account@odata.bind": f"/accounts({beta})"}
    pair.dynamics.seed(
        "contact",
        [
            {"lastname": "Moos", "firstname": "Bo", "emailaddress1": "bo@beta.example", "jobtitle": "Buyer", **firm},
            {"lastname": "Dorn", "emailaddress1": "cid@beta.example", "donotbulkemail": True, **firm},
        ],
    )
    pair.settle()
    return pair


def test_everybody_is_in_both_systems_once_with_their_company_and_then_there_is_silence(pair):
    assert pair.counts() == (2, 3, 2, 3)
    accounts = {row["Id"]: row["Name"] for row in pair.crm.rows("Account")}
    firms = {row["accountid"]: row["name"] for row in pair.dynamics.rows("account")}
    for email, company in (("ana@alfa.example", "Alfa Foods"), ("bo@beta.example", "Beta Foods")):
        assert accounts[pair.there(email)["AccountId"]] == company
        assert firms[pair.here(email)["_parentcustomerid_value"]] == company
    assert (pair.there("bo@beta.example")["Title"], pair.here("ana@alfa.example")["jobtitle"]) == ("Buyer", "Owner")
    assert [pair.sync().writes for _ in range(3)] == [0, 0, 0]


def test_a_prohibition_travels_and_its_absence_never_lifts_one(pair):
    assert pair.there("cid@beta.example")["HasOptedOutOfEmail"] is True
    pair.crm.edit("Contact", pair.there("ana@alfa.example")["Id"], {"HasOptedOutOfEmail": True})
    pair.settle()
    assert pair.here("ana@alfa.example")["donotbulkemail"] is True
    assert pair.here("bo@beta.example")["donotbulkemail"] is False


def test_a_merge_is_followed_to_the_survivor_and_makes_nobody_twice(pair):
    (twin,) = pair.dynamics.seed("contact", [{"lastname": "Berg", "firstname": "Ana", "telephone1": "+1 503-555-7555"}])
    loser = pair.here("ana@alfa.example")["contactid"]
    pair.dynamics.edit("contact", twin, {"emailaddress1": "ana@alfa.example"})
    pair.dynamics.edit("contact", loser, {"emailaddress1": None})
    pair.dynamics.merge("contact", twin, loser)
    pair.settle()
    assert pair.counts() == (2, 3, 2, 3)
    pair.crm.edit("Contact", pair.there("ana@alfa.example")["Id"], {"Title": "Chief"})
    pair.settle()
    assert pair.here("ana@alfa.example")["contactid"] == twin
    assert pair.dynamics.row("contact", twin)["jobtitle"] == "Chief"
    assert pair.dynamics.row("contact", loser)["jobtitle"] == "Owner"


def test_a_pause_longer_than_changes_are_remembered_loses_no_edit_and_no_deletion(pair):
    bo, cid = (pair.here(email)["contactid"] for email in ("bo@beta.example", "cid@beta.example"))
    pair.dynamics.edit("contact", bo, {"jobtitle": "Head of buying"})
    pair.dynamics.delete("contact", cid)
    pair.clock.advance(9 * 86400)
    pair.settle()
    assert pair.there("bo@beta.example")["Title"] == "Head of buying"
    assert len(pair.dynamics.rows("contact")) == 2  # what a person deleted is not made again
    assert pair.sync().writes == 0
