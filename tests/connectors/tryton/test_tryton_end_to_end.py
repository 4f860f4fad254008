"""A real Tryton and a fake Odoo in one project, as `syncline init` writes it: what one has, the other gets."""

import pytest
from typer.testing import CliRunner

from syncline.cli.main import app
from syncline.init.compose import compose
from syncline.sandbox.odoo import OdooFake
from syncline.sandbox.wire import Server
from syncline.wiring import World

pytestmark = pytest.mark.slow

PASSWORD = "Canary-passw0rd"


@pytest.fixture
def odoo():
    return OdooFake()


@pytest.fixture
def run(tryton, odoo, tmp_path):
    tryton.empty()
    folder = tmp_path / "project"
    compose(folder, ["odoo", "tryton"])
    with Server(odoo) as server:
        environment = {"ODOO_URL": server.url, "ODOO_DATABASE": "demo", "ODOO_API_KEY": "canary-key"}
        environment |= {"TRYTON_URL": tryton.url, "TRYTON_DATABASE": "erp", "TRYTON_USER": "admin"}
        world = World(environment={**environment, "TRYTON_PASSWORD": PASSWORD})

        def once(*words):
            said = CliRunner().invoke(app, ["--project", str(folder), *(words or ("run",))], obj=world)
            assert said.exit_code == 0, said.output
            return said.output

        yield once


@pytest.fixture
def person(tryton):
    """Somebody at work in Tryton, by its own interface."""
    from connectors.sdk import Context
    from connectors.tryton import TrytonConnector, TrytonSettings

    settings = TrytonSettings(url=tryton.url, database="erp", user="admin", password=PASSWORD)
    session = TrytonConnector(settings, Context())._session
    yield lambda method, *params: session.do(method, "a person's work", *params)
    session.close()


def names(odoo):
    return {row["name"]: row["city"] for row in odoo.database.rows["res.partner"].values()}


def parties(person):
    rows = person("party.party.search_read", [], 0, None, None, ["name", "code", "addresses.city"])
    return {row["name"]: [one["city"] for one in row["addresses."]] for row in rows}


def test_companies_and_parties_meet_and_changes_go_both_ways(run, odoo, person, tryton):
    if not person("country.country.search", [["code", "=", "IT"]], 0, None, None):
        person("country.country.create", [{"name": "Italy", "code": "IT"}])
    fields = {"is_company": True, "city": "Torino", "zip": "10100", "country_id": 6}
    first, _ = odoo.seed(
        "res.partner", [{"name": "Franchi S.p.A.", **fields}, {"name": "Magazzini", "active": False, **fields}]
    )
    address = {"city": "Reggio", "postal_code": "42100"}
    [key, _] = person(
        "party.party.create",
        [
            {"name": "Formaggi Fortini", "addresses": [["create", [address]]]},
            {"name": "Franchi S.p.A.", "addresses": [["create", [{"city": "Torino", "postal_code": "10100"}]]]},
        ],
    )
    assert "no problems found" in run("check")
    run()
    assert names(odoo) == {"Franchi S.p.A.": "Torino", "Magazzini": "Torino", "Formaggi Fortini": "Reggio"}
    assert parties(person) == {"Franchi S.p.A.": ["Torino"], "Formaggi Fortini": ["Reggio"], "Magazzini": ["Torino"]}
    # an address that is changed by itself, and a change on the other side
    [row] = person("party.party.search_read", [["id", "=", key]], 0, None, None, ["addresses"])
    person("party.address.write", row["addresses"], {"city": "Parma"})
    odoo.edit("res.partner", first, {"city": "Milano"})
    run()
    assert names(odoo) == {"Franchi S.p.A.": "Milano", "Magazzini": "Torino", "Formaggi Fortini": "Parma"}
    assert parties(person) == {"Franchi S.p.A.": ["Milano"], "Formaggi Fortini": ["Parma"], "Magazzini": ["Torino"]}
    before = (odoo.calls["res.partner.load"], tryton.execute("SELECT max(write_date) FROM party_address"))
    assert "written" not in run().lower()
    assert (odoo.calls["res.partner.load"], tryton.execute("SELECT max(write_date) FROM party_address")) == before
