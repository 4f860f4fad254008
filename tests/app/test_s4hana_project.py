"""A project of an ERP and a CRM, as it is composed: it converges, and then has nothing more to do."""

import pytest

from model.clock import ManualClock
from syncline.init.compose import compose
from syncline.sandbox.s4hana import S4HanaFake
from syncline.sandbox.salesforce import SalesforceFake
from syncline.sandbox.wire import transport
from syncline.wiring import World

ADDRESS = "to_BusinessPartnerAddress.XXDEFAULT"
AT_BERLIN = {f"{ADDRESS}.Country": "DE", f"{ADDRESS}.CityName": "Berlin", f"{ADDRESS}.PostalCode": "12209"}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def erp(clock):
    return S4HanaFake(clock)


@pytest.fixture
def crm(clock):
    return SalesforceFake(clock)


@pytest.fixture
def project(tmp_path, make_cli, clock, erp, crm):
    compose(tmp_path / "p", ["s4hana", "salesforce"])
    config = tmp_path / "p" / "config.yaml"
    streams = "    streams: {organisations: {}, persons: {country: DE}}"
    config.write_text(config.read_text().replace("    streams: [organisations, persons]", streams))
    environment = {"S4HANA_URL": "https://erp.example", "S4HANA_USER": "USER", "S4HANA_PASSWORD": "password"}
    environment |= {"SALESFORCE_URL": "https://crm.example.my.salesforce.com"}
    environment |= {"SALESFORCE_CLIENT_ID": "app", "SALESFORCE_CLIENT_SECRET": "secret"}
    carriers = {"s4": transport(erp), "crm": transport(crm)}
    return make_cli(tmp_path / "p", World(clock=clock, environment=environment, transports=carriers))


def partners(erp):
    return sorted(row["BusinessPartnerFullName"] for row in erp.rows["A_BusinessPartner"].values())


def written(erp):
    return {name for name in erp.operations if not name.startswith("GET")}


def test_what_is_written_fits_what_the_systems_describe(project):
    project("check", "--online")


def test_both_sides_get_what_the_other_has_and_nothing_twice(project, erp, crm, clock):
    known, _ = erp.seed(
        "organisations", [{"OrganizationBPName1": "Alfreds", **AT_BERLIN}, {"OrganizationBPName1": "Wolski"}]
    )
    email = {f"{ADDRESS}.to_EmailAddress.EmailAddress": "maria@example.com"}
    (maria,) = erp.seed("persons", [{"FirstName": "Maria", "LastName": "Anders", **AT_BERLIN, **email}])
    pair = {"BusinessPartnerCompany": known, "BusinessPartnerPerson": maria}
    erp.make(erp.entities["A_BusinessPartnerContact"], pair)
    same = {"Name": "Alfreds", "BillingPostalCode": "12209", "BillingCountry": "Germany"}
    _, linz = crm.seed("Account", [same, {"Name": "Linzer", "BillingCity": "Linz", "BillingCountry": "Austria"}])
    ana = {"FirstName": "Ana", "LastName": "Trujillo", "Email": "ana@example.com", "Title": "Owner", "AccountId": linz}
    crm.seed("Contact", [ana])
    clock.advance(60)
    project("run")
    assert partners(erp) == ["Alfreds", "Ana Trujillo", "Linzer", "Maria Anders", "Wolski"]
    assert sorted(row["Name"] for row in crm.store.live("Account")) == ["Alfreds", "Linzer", "Wolski"]
    assert sorted(row["LastName"] for row in crm.store.live("Contact")) == ["Anders", "Trujillo"]
    assert len(erp.rows["A_BusinessPartnerContact"]) == 2
    assert "Owner" in {row["ContactPersonFunctionName"] for row in erp.rows["A_BPContactToFuncAndDept"].values()}
    for _ in range(2):
        clock.advance(86400)
        erp.operations.clear()
        project("run")
        assert written(erp) == set()
    crm.edit("Account", linz, {"BillingCity": "Wien"})
    erp.edit("persons", maria, {"FirstName": "Marie"})
    clock.advance(60)
    project("run")
    assert written(erp) == {"PATCH A_BusinessPartnerAddress()"}
    assert {row["CityName"] for row in erp.rows["A_BusinessPartnerAddress"].values()} >= {"Berlin", "Wien"}
    assert "Marie" in {row["FirstName"] for row in crm.store.live("Contact")}
