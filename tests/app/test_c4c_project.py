"""A project of Cloud for Customer and another CRM, as it is composed: it converges, and then has nothing more to do."""

import pytest

from model.clock import ManualClock
from syncline.init.compose import compose
from syncline.sandbox.c4c import C4cFake
from syncline.sandbox.salesforce import SalesforceFake
from syncline.sandbox.wire import transport
from syncline.wiring import World


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def c4c(clock):
    return C4cFake(clock)


@pytest.fixture
def crm(clock):
    return SalesforceFake(clock)


@pytest.fixture
def project(tmp_path, make_cli, clock, c4c, crm):
    compose(tmp_path / "p", ["c4c", "salesforce"])
    environment = {"C4C_URL": "https://my300000.crm.example", "C4C_USER": "USER", "C4C_PASSWORD": "password"}
    environment |= {"SALESFORCE_URL": "https://crm.example.my.salesforce.com"}
    environment |= {"SALESFORCE_CLIENT_ID": "app", "SALESFORCE_CLIENT_SECRET": "secret"}
    carriers = {"c4c": transport(c4c), "crm": transport(crm)}
    return make_cli(tmp_path / "p", World(clock=clock, environment=environment, transports=carriers))


def written(fake):
    return {name for name in fake.operations if not name.startswith("GET")}


def test_what_is_written_fits_what_the_systems_describe(project):
    project("check", "--online")


def test_both_sides_get_what_the_other_has_and_nothing_twice(project, c4c, crm, clock):
    at_berlin = {"City": "Berlin", "StreetPostalCode": "12209", "CountryCode": "DE"}
    known, _ = c4c.seed("accounts", [{"Name": "Alfreds", **at_berlin}, {"Name": "Wolski"}])
    maria = {"FirstName": "Maria", "LastName": "Anders", "Email": "maria@example.com", "AccountID": known}
    (contact,) = c4c.seed("contacts", [maria])
    same = {"Name": "Alfreds", "BillingPostalCode": "12209", "BillingCountry": "Germany"}
    _, linz = crm.seed("Account", [same, {"Name": "Linzer", "BillingCity": "Linz", "BillingCountry": "Austria"}])
    ana = {"FirstName": "Ana", "LastName": "Trujillo", "Email": "ana@example.com", "Title": "Owner", "AccountId": linz}
    crm.seed("Contact", [ana])
    clock.advance(60)
    project("run")
    accounts = {row["Name"]: row for row in c4c.rows["CorporateAccountCollection"].values()}
    assert sorted(accounts) == ["Alfreds", "Linzer", "Wolski"]
    assert sorted(row["Name"] for row in crm.store.live("Account")) == ["Alfreds", "Linzer", "Wolski"]
    assert sorted(row["LastName"] for row in crm.store.live("Contact")) == ["Anders", "Trujillo"]
    made = next(row for row in c4c.rows["ContactCollection"].values() if row["LastName"] == "Trujillo")
    assert (made["JobTitle"], made["AccountID"]) == ("Owner", accounts["Linzer"]["AccountID"])
    for _ in range(2):
        clock.advance(86400)
        c4c.operations.clear()
        project("run")
        assert written(c4c) == set()
    crm.edit("Account", linz, {"BillingCity": "Wien"})
    c4c.edit("contacts", contact, {"FirstName": "Marie"})
    clock.advance(60)
    project("run")
    assert written(c4c) == {"PATCH CorporateAccountCollection()"}
    assert accounts["Linzer"]["City"] == "Wien"
    assert "Marie" in {row["FirstName"] for row in crm.store.live("Contact")}
