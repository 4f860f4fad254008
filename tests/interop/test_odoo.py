"""The fake Odoo server, driven by clients that others wrote: OdooRPC over JSON-RPC, odoo-client-lib over both."""

from urllib.parse import urlsplit

import pytest

from syncline.sandbox.odoo import OdooFake
from syncline.sandbox.wire import Server

odoorpc = pytest.importorskip("odoorpc")
odoolib = pytest.importorskip("odoolib")

KEY = "canary-key"


@pytest.fixture
def fake():
    return OdooFake(version=19)


@pytest.fixture
def address(fake):
    with Server(fake) as server:
        parts = urlsplit(server.url)
        yield parts.hostname, parts.port


@pytest.fixture
def rpc(address):
    client = odoorpc.ODOO(address[0], port=address[1])
    client.login("demo", "admin", KEY)
    return client


@pytest.fixture(params=["jsonrpc", "json2"])
def lib(address, request):
    host, port = address
    return odoolib.get_connection(
        hostname=host, port=port, protocol=request.param, database="demo", login="admin", password=KEY
    )


def test_odoorpc_finds_the_version_signs_in_and_is_refused_with_another_key(rpc, address):
    assert rpc.version == "19.0"
    with pytest.raises(odoorpc.error.RPCError):
        odoorpc.ODOO(address[0], port=address[1]).login("demo", "admin", "wrong")


def test_odoorpc_creates_reads_changes_and_deletes_records_as_objects(rpc, fake):
    partners = rpc.env["res.partner"]
    company = partners.create({"name": "Azure", "is_company": True, "website": "azure.example.com"})
    person = partners.browse(partners.create({"name": "Ana", "parent_id": company, "category_id": [(6, 0, [3])]}))
    assert person.parent_id.name == "Azure"
    assert [tag.name for tag in person.category_id] == ["VIP"]
    person.city = "Turin"
    assert fake.row("res.partner", company)["city"] == "Turin"
    assert partners.search([("parent_id", "=", company)]) == [person.id]
    partners.write([company], {"active": False})
    assert partners.search([("is_company", "=", True)]) == []
    assert partners.with_context(active_test=False).search([("is_company", "=", True)]) == [company]
    partners.unlink([person.id])
    assert partners.search_read([("parent_id", "=", company)], ["name"]) == []


def test_odoorpc_hears_why_a_record_is_refused(rpc):
    with pytest.raises(odoorpc.error.RPCError, match="require a name"):
        rpc.env["res.partner"].create({"name": ""})
    with pytest.raises(odoorpc.error.RPCError, match="does not exist"):
        rpc.env["res.partner"].write([999], {"name": "x"})


def test_odoorpc_imports_rows_with_external_ids_twice_without_doubling_them(rpc, fake):
    fields, data = ["id", "name", "country_id/.id"], [["my.one", "Ana", "1"], ["my.two", "Bob", ""]]
    first = rpc.execute_kw("res.partner", "load", [fields, data])
    assert rpc.execute_kw("res.partner", "load", [fields, data])["ids"] == first["ids"]
    assert len(fake.database.rows["res.partner"]) == 2


def test_the_vendor_s_own_client_works_in_both_dialects(lib, fake):
    lib.check_login()
    partners = lib.get_model("res.partner")
    made = partners.create([{"name": "Azure", "is_company": True}])
    [found] = partners.search_read(domain=[["is_company", "=", True]], fields=["name", "email", "write_date"])
    assert (found["id"], found["name"], found["email"]) == (made[0], "Azure", False)
    assert len(found["write_date"]) == len("2026-11-22 10:00:05")
    partners.write(made, {"city": "Fremont"})
    assert fake.row("res.partner", made[0])["city"] == "Fremont"
    assert partners.search(domain=[["city", "=", "Fremont"]]) == made
    assert "selection" in partners.fields_get(attributes=["type", "selection"])["type"]
    partners.unlink(made)
    assert partners.search(domain=[]) == []
