"""Every request of the Shopify connector, held against the vendor's own schema: see `shopify_schema` for where from.

The connector's tests run again here, in a shop that writes down what is asked and answered. A question must be valid,
its variables too, and use nothing that is outdated; an answer must be what the schema would make of its data: each
field of its type, nothing null that never is, nothing more and nothing less.
"""

import re
from pathlib import Path

import pytest
from graphql import parse, validate

import connectors.shopify
from connectors.shopify import documents, streams
from syncline.sandbox.shopify.schema import VERSIONS
from tests.connectors import test_shopify_suite as suite
from tests.connectors.test_shopify import *  # noqa: F403 (the connector's tests run again, in another shop)
from tests.interop.shopify_schema import Listening, complaints, operation, outdated, real

SENT: set[tuple[str, str]] = set()
"""What was sent in any test: version and document."""
RAN: set[str] = set()
SHOPS: list[Listening] = []


def listening(*args, **more):
    SHOPS.append(Listening(*args, **more))
    return SHOPS[-1]


@pytest.fixture(autouse=True)
def listened(request):
    """After each test, what was said in it is held against the schema."""
    RAN.add(request.node.nodeid)
    yield
    heard = [exchange for fake in SHOPS for exchange in fake.heard if exchange.name]
    SHOPS.clear()
    SENT.update((exchange.version, exchange.text) for exchange in heard)
    found = [(one.name, text) for one in heard for text in (*complaints(one), *outdated(one))]
    assert found == []


@pytest.fixture
def bare(clock):
    return listening(clock)


class TestShopify(suite.TestShopify):
    def start(self):
        fake = listening(self.clock, client_secret="shpss_5521")
        fake.define_marker()
        return fake


class TestOldestVersion(TestShopify):
    version = VERSIONS[0]


def test_whatever_the_connector_can_send_was_sent_and_older_versions_take_what_they_are_sent(request):
    here = [item for item in request.session.items if item.path == request.path]
    before = {item.nodeid for item in here[: here.index(request.node)]}
    if request.config.getoption("keyword") or len(here) < 50 or before - RAN:
        pytest.skip("only some of the connector's tests ran before")
    sources = "".join(path.read_text() for path in Path(connectors.shopify.__file__).parent.glob("*.py"))
    mutations = set(re.findall(r"\w+", sources)) & real().mutation_type.fields.keys()
    sent = [operation(parse(text)) for _, text in SENT]
    roots = {field.name.value for one in sent for field in one.selection_set.selections}
    assert len(mutations) > 5
    assert mutations <= roots
    fixed = {text for text in vars(documents).values() if isinstance(text, str) and re.match("query|mutation", text)}
    assert len(fixed) > 5
    assert {re.split(r"\W", text)[1] for text in fixed} <= {one.name.value for one in sent}
    deeds = [("Read", True), ("List", True), ("Fetch", True), ("Find", False)]
    told = {one.name.value for one in sent}
    assert {
        f"{deed}{name if each else ''}" for deed, each in deeds for name in ("Customers", "Companies", "Orders")
    } <= told
    older = [text for version, text in SENT if version == VERSIONS[0]]
    assert len(older) > 5
    for version in VERSIONS[:-1]:
        assert [error.message for text in older for error in validate(real(version), parse(text))] == []


@pytest.mark.parametrize(
    ("declared", "name", "translated"),
    [
        (streams._EMAIL_STATES, "CustomerEmailAddressMarketingState", {}),
        (streams._SMS_STATES, "CustomerMarketingConsentState", {"NEVER_SUBSCRIBED": "NOT_SUBSCRIBED"}),
        (streams._LEVELS, "CustomerMarketingOptInLevel", {}),
    ],
)
def test_a_choice_has_the_values_that_the_schema_has(declared, name, translated):
    assert {translated.get(value, value) for value in real().type_map[name].values} == set(declared)
