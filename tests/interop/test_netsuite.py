"""Clients of NetSuite that others wrote find their way about the fake account: netsuite-client and restsuite."""

import pytest

from syncline.sandbox.netsuite import NetSuiteFake
from syncline.sandbox.wire import Server

netsuite_client = pytest.importorskip("netsuite_client")
restsuite = pytest.importorskip("restsuite")

SECRETS = ("ck", "cs", "tk", "ts")
RECORDS = "services/rest/record/v1"


@pytest.fixture
def fake():
    return NetSuiteFake()


@pytest.fixture
def address(fake):
    with Server(fake) as server:
        yield server.url


@pytest.fixture
def make():
    made = []

    def build(realm="1234567_SB1", secrets=SECRETS):
        made.append(netsuite_client.NetSuiteClient(realm, realm, *secrets, max_retries=0))
        return made[-1]

    yield build
    for client in made:
        client.session.close()


def test_it_signs_in_and_neither_a_wrong_secret_nor_another_account_is_let_in(make, address):
    assert make().get(f"{address}/{RECORDS}/customer", {"limit": 5})["items"] == []
    for wrong in (make(secrets=("ck", "cs", "tk", "other")), make(realm="7654321")):
        with pytest.raises(netsuite_client.NetSuiteError, match="INVALID_LOGIN"):
            wrong.get(f"{address}/{RECORDS}/customer")


def test_it_reads_a_record_and_what_records_consist_of(make, address, fake):
    home = {"city": "Süd", "country": "DE"}
    [key] = fake.seed("customer", [{"companyName": "Käserei", "billingAddress": home}])
    shown = make().get(f"{address}/{RECORDS}/customer/{key}", {"expandSubResources": "true"})
    [line] = shown["addressBook"]["items"]
    assert (shown["companyName"], line["addressBookAddress"]["country"]["id"]) == ("Käserei", "DE")
    described = make().get(f"{address}/{RECORDS}/metadata-catalog/customer")
    assert described["properties"]["isPerson"]["type"] == "boolean"


def test_it_queries_with_a_signed_post(make, address, fake):
    fake.seed("contact", [{"lastName": "Moos"}, {"lastName": "O'Neil"}])
    asked = {"q": "SELECT id, lastname FROM contact WHERE lastname = 'O''Neil'"}
    found = make().post(f"{address}/services/rest/query/v1/suiteql", asked)
    assert [row["lastname"] for row in found["items"]] == ["O'Neil"]


def test_it_follows_the_links_from_page_to_page(address, fake):
    fake.seed("customer", [{"companyName": f"Company {n}"} for n in range(23)])
    client = restsuite.NetSuiteQL("1234567_SB1", *SECRETS)
    client.url = f"{address}/services/rest/query/v1/suiteql?limit=5"
    rows = client.suiteql("SELECT id, companyname FROM customer ORDER BY id")
    assert [row["companyname"] for row in rows] == [f"Company {n}" for n in range(23)]
