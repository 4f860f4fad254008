"""A project of SAP Commerce and a CRM, as it is composed: it converges, and then has nothing more to do."""

import re

import pytest

from model.clock import ManualClock
from syncline.init.compose import compose
from syncline.sandbox.hybris import HybrisFake
from syncline.sandbox.salesforce import SalesforceFake
from syncline.sandbox.wire import transport
from syncline.wiring import World

AT_BERLIN = {
    "billingAddress.town": "Berlin",
    "billingAddress.postalcode": "12209",
    "billingAddress.country.isocode": "DE",
}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def shop(clock):
    return HybrisFake(clock)


@pytest.fixture
def crm(clock):
    return SalesforceFake(clock)


@pytest.fixture
def project(tmp_path, make_cli, clock, shop, crm):
    compose(tmp_path / "p", ["hybris", "salesforce"])
    return opened(tmp_path / "p", make_cli, clock, shop, crm)


def opened(folder, make_cli, clock, shop, crm):
    environment = {"COMMERCE_URL": "https://shop.example", "COMMERCE_USER": "hub", "COMMERCE_PASSWORD": "password"}
    environment |= {"SALESFORCE_URL": "https://crm.example.my.salesforce.com"}
    environment |= {"SALESFORCE_CLIENT_ID": "app", "SALESFORCE_CLIENT_SECRET": "secret"}
    carriers = {"commerce": transport(shop), "crm": transport(crm)}
    return make_cli(folder, World(clock=clock, environment=environment, transports=carriers))


def customers(shop):
    return sorted(row["uid"] for row in shop.rows["B2BCustomers"].values())


def written(shop):
    return {name for name in shop.operations if not name.startswith("GET")}


def test_what_is_written_fits_what_the_systems_describe(project):
    project("check", "--online")


def test_both_sides_get_what_the_other_has_and_nothing_twice(project, shop, crm, clock):
    shop.seed("units", [{"uid": "Alfreds", "locName": "Alfreds", **AT_BERLIN}])
    maria = {"uid": "maria@example.com", "email": "maria@example.com", "name": "Maria Anders"}
    shop.seed("customers", [{**maria, "defaultB2BUnit.uid": "Alfreds"}])
    same = {"Name": "Alfreds", "AccountNumber": "Alfreds", "BillingPostalCode": "12209", "BillingCountry": "Germany"}
    linz = {"Name": "Linzer", "AccountNumber": "L-1", "BillingCity": "Linz", "BillingCountry": "France"}
    _, linzer = crm.seed("Account", [same, linz])
    ana = {"FirstName": "Ana", "LastName": "Trujillo", "Email": "Ana@example.com", "AccountId": linzer}
    (ana,) = crm.seed("Contact", [ana])
    clock.advance(60)
    project("run")
    assert sorted(row["uid"] for row in shop.rows["B2BUnits"].values()) == ["Alfreds", "L-1"]
    assert customers(shop) == ["ana@example.com", "maria@example.com"]
    assert [row["uid"] for row in shop.referred("customers", "ana@example.com", "defaultB2BUnit")] == ["L-1"]
    assert sorted(row["Name"] for row in crm.store.live("Account")) == ["Alfreds", "Linzer"]
    assert sorted(row["LastName"] for row in crm.store.live("Contact")) == ["Anders", "Trujillo"]
    for _ in range(2):
        clock.advance(86400)
        shop.operations.clear()
        project("run")
        assert written(shop) == set()
    crm.edit("Contact", ana, {"LastName": "Emilia"})
    shop.edit("units", "Alfreds", {"locName": "Alfreds Futterkiste"})
    clock.advance(60)
    project("run")
    assert written(shop) == {"PATCH B2BCustomers()"}
    assert shop.item("customers", "ana@example.com")["name"] == "Ana Emilia"
    assert "Alfreds Futterkiste" in {row["Name"] for row in crm.store.live("Account")}


def test_a_consent_withdrawn_in_the_shop_is_one_in_the_crm(tmp_path, make_cli, clock, shop, crm):
    folder = tmp_path / "p"
    compose(folder, ["hybris", "salesforce"])
    config = folder / "config.yaml"
    object_ = "    object: Syncline"
    consents = "    consents: {templates: [MARKETING_NEWSLETTER], site: electronics}\n"
    config.write_text(config.read_text().replace(object_, consents + object_))
    (mapping,) = (one for one in folder.rglob("*.yaml") if "MARKETING_NEWSLETTER" in one.read_text() and one != config)
    mapping.write_text(
        re.sub(r'(?m)^  # ( *(?:"consents|field: consents|values: .opted|direction))', r"  \1", mapping.read_text())
    )
    project = opened(folder, make_cli, clock, shop, crm)
    project("check", "--online")
    shop.template("MARKETING_NEWSLETTER", 1)
    shop.seed("customers", [{"uid": f"{n}@example.com", "email": f"{n}@example.com", "name": f"{n} Doe"} for n in "ab"])
    shop.consent("a@example.com", "MARKETING_NEWSLETTER", 1, withdrawn=True)
    shop.consent("b@example.com", "MARKETING_NEWSLETTER", 1)
    clock.advance(60)
    project("run")
    assert {row["Email"]: row["HasOptedOutOfEmail"] for row in crm.store.live("Contact")} == {
        "a@example.com": True,
        "b@example.com": False,
    }
