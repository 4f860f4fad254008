"""The fake Dynamics 365 environment, driven by Microsoft's own client for Dataverse and its own sign-in library."""

from __future__ import annotations

import datetime
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from syncline.sandbox.dynamics import DynamicsFake
from syncline.sandbox.wire import Server

pytest.importorskip("PowerPlatform.Dataverse")

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError
from PowerPlatform.Dataverse.models.upsert import UpsertItem

TENANT = "contoso.onmicrosoft.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for this machine: the client speaks https only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def fake(certificate, monkeypatch):
    fake = DynamicsFake(page=3)
    server = Server(fake)
    wrapping = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    wrapping.load_cert_chain(certificate)
    server._http.socket = wrapping.wrap_socket(server._http.socket, server_side=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    fake.url = server.url.replace("http://", "https://")
    with server:
        yield fake


def credential(fake, secret="secret"):
    return ClientSecretCredential(TENANT, "app", secret, authority=fake.url, disable_instance_discovery=True)


@pytest.fixture
def client(fake):
    with DataverseClient(fake.url, credential(fake)) as client:
        yield client


def test_its_sign_in_library_gets_a_token_and_understands_why_it_gets_none(fake):
    assert credential(fake).get_token(f"{fake.url}/.default").token
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential(fake, "wrong").get_token(f"{fake.url}/.default")
    with pytest.raises(ClientAuthenticationError, match="AADSTS500011"):
        credential(fake).get_token("https://fabrikam.crm.dynamics.com/.default")


def test_rows_are_created_read_changed_and_deleted(fake, client):
    key = client.records.create("account", {"name": "Great Lakes", "customertypecode": "Customer"})
    assert fake.row("account", key)["customertypecode"] == 3  # the label was looked up in the definitions
    assert client.records.retrieve("account", key, select=["name"])["name"] == "Great Lakes"
    client.records.update("account", key, {"name": "Great Lakes Food"})
    assert fake.row("account", key)["name"] == "Great Lakes Food"
    client.records.delete("account", key)
    assert fake.rows("account") == []


def test_many_rows_at_once_are_one_transaction(fake, client):
    keys = client.records.create("contact", [{"lastname": name} for name in "abcde"])
    client.records.update("contact", keys, {"jobtitle": "Owner"})
    assert {row["jobtitle"] for row in fake.rows("contact")} == {"Owner"}
    with pytest.raises(HttpError):
        client.records.create("contact", [{"lastname": "f"}, {"lastname": "x" * 51}])
    assert len(fake.rows("contact")) == 5


def test_pages_filters_and_orders_are_followed_to_the_end(fake, client):
    client.records.create("account", [{"name": f"Company {n}", "numberofemployees": n} for n in range(8)])
    wanted = "numberofemployees ge 1 and contains(name,'Company')"
    pages = list(
        client.records.list_pages(
            "account", select=["name"], filter=wanted, orderby=["numberofemployees desc"], page_size=2
        )
    )
    names = [row["name"] for page in pages for row in page]
    assert (len(pages), names) == (4, [f"Company {n}" for n in range(7, 0, -1)])


def test_upserts_by_an_alternate_key_create_once(fake, client):
    for name in ("first", "second"):
        client.records.upsert("account", [UpsertItem({"new_synclineid": "hub-1"}, {"name": name})])
    assert [row["name"] for row in fake.rows("account")] == ["second"]
    many = [UpsertItem({"new_synclineid": f"hub-{n}"}, {"name": f"{n}"}) for n in (1, 2)]
    client.records.upsert("account", many)
    assert [row["name"] for row in fake.rows("account")] == ["1", "2"]


def test_a_batch_with_change_sets_is_answered_as_it_understands(fake, client):
    batch = client.batch.new()
    batch.records.create("account", {"name": "alone"})
    with batch.changeset() as together:
        reference = together.records.create("account", {"name": "parent"})
        together.records.create("account", {"name": "child", "parentaccountid@odata.bind": reference})
    with batch.changeset() as undone:
        undone.records.create("account", {"name": "never"})
        undone.records.create("account", {"name": "x" * 161})
    batch.records.list("account", select=["name"])
    result = batch.execute(continue_on_error=True)
    assert [one.status_code for one in result.responses] == [204, 204, 204, 400, 200]
    assert result.responses[3].error_code == "0x80044331"
    rows = {row["name"]: row for row in fake.rows("account")}
    assert set(rows) == {"alone", "parent", "child"}
    assert rows["child"]["_parentaccountid_value"] == rows["parent"]["accountid"]


def test_a_batch_stops_at_its_first_error_unless_told_otherwise(fake, client):
    batch = client.batch.new()
    for name in ("a", "x" * 161, "b"):
        batch.records.create("account", {"name": name})
    result = batch.execute()
    assert [one.status_code for one in result.responses] == [204, 400]
    assert [row["name"] for row in fake.rows("account")] == ["a"]


def test_tables_keys_and_refusals_are_described_as_it_expects(client):
    table = client.tables.get("contact")
    assert table["entity_set_name"] == "contacts"
    [key] = client.tables.get_alternate_keys("contact")
    assert (key.key_attributes, key.status) == (["new_synclineid"], "Active")
    assert client.records.retrieve("contact", "99999999-0000-4000-8000-000000000001") is None
    with pytest.raises(HttpError) as caught:
        client.records.update("contact", "99999999-0000-4000-8000-000000000001", {"lastname": "ghost"})
    assert (caught.value.status_code, caught.value.details["service_error_code"]) == (404, "0x80040217")
