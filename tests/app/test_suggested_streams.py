"""Suggestions for the streams of shipped connectors: right by what systems say of themselves, and near the library."""

from pathlib import Path

import pytest

import mappings.compile
from connectors.contract import Context
from connectors.salesforce import SalesforceConnector
from connectors.salesforce.settings import SalesforceSettings
from connectors.shopify import ShopifyConnector, ShopifySettings
from mappings.compile import load
from mappings.language import field_text
from mappings.suggesting.text import mapping_text
from model.clock import ManualClock
from model.diagnostics import Severity
from model.entities import schemas
from syncline.sandbox.salesforce import SalesforceFake
from syncline.sandbox.shopify import ShopifyFake
from syncline.sandbox.wire import transport
from syncline.suggestions import proposal_for

SCHEMAS = schemas()
LIBRARY = Path(mappings.compile.__file__).parent / "library"
FILES = sorted((*LIBRARY.glob("salesforce/*.yaml"), *LIBRARY.glob("shopify/*.yaml")))
MATTERS_OF_TASTE = {"defaultPhoneNumber.phoneNumber"}
"""Where the library knows more than names tell: a shop's customers give their mobile number."""


def org(clock):
    fake = SalesforceFake(clock, clients={"app": "secret"})
    fake.seed("Account", [{"Name": f"Firm {n}", "BillingCity": "Ulm", "Phone": "+49 731 1540"} for n in range(30)])
    fake.seed("Contact", [{"LastName": f"N{n}", "Email": f"n{n}@example.com"} for n in range(30)])
    auth = {"kind": "client_credentials", "client_id": "app", "client_secret": "secret"}
    streams = [path.stem.title() for path in LIBRARY.glob("salesforce/*.yaml")]
    settings = SalesforceSettings(login_url="https://example.my.salesforce.com", auth=auth, streams=streams)
    return SalesforceConnector(settings, Context(clock=clock, transport=transport(fake)))


def shop(clock):
    fake = ShopifyFake(clock)
    fake.define_marker()
    fake.seed("customers", [{"lastName": f"N{n}", "firstName": "A"} for n in range(30)])
    settings = ShopifySettings.model_validate({"shop": fake.domain, "auth": {"token": "shpat_static"}})
    return ShopifyConnector(settings, Context(clock=clock, transport=transport(fake)))


@pytest.fixture(scope="module")
def connectors():
    made = {"salesforce": org(ManualClock()), "shopify": shop(ManualClock())}
    yield made
    for connector in made.values():
        connector.close()


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_suggestion_is_right_for_the_real_stream_and_says_what_the_library_says(path, connectors):
    library, _ = load(path.read_text(encoding="utf-8"), path.name, SCHEMAS)
    connector = connectors[path.parent.name]
    fields = connector.discover(library.stream)
    found = proposal_for(connector, library.connection, library.stream, fields, SCHEMAS, None, sample=50)
    assert found.entity == library.entity
    _, diagnostics = load(mapping_text(found, path.stem), path.name, SCHEMAS, found.source.fields)
    assert [str(one) for one in diagnostics if one.severity is Severity.ERROR] == []
    known = {}
    for rule in library.source.rules:
        for field in rule.fields:
            known.setdefault(field_text(field), set()).update(rule.paths)
    other = {
        field: one.paths
        for one in found.rules
        for field in one.fields
        if field in known and not known[field] & set(one.paths) and field not in MATTERS_OF_TASTE
    }
    assert other == {}


def test_a_look_at_a_stream_reads_no_more_than_one_page(connectors):
    read = []
    connector = connectors["salesforce"]
    fields, pages = connector.discover("Contact"), connector.read

    def counted(stream, since):
        for page in pages(stream, since):
            read.append(len(page.records))
            yield page

    connector.read = counted
    try:
        proposal_for(connector, "crm", "Contact", fields, SCHEMAS, "contact", sample=5)
        assert len(read) == 1
        read.clear()
        proposal_for(connector, "crm", "Contact", fields, SCHEMAS, "contact", sample=0)
        assert read == []
    finally:
        connector.read = pages
