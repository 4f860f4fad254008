"""The Shopify connector against the fake shop: what is stored, what is read, what is said when something is wrong."""

import json
from datetime import timedelta

import pytest
from graphql import build_client_schema, get_introspection_query, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Context, OutcomeKind, Write, verify_deeds
from connectors.shopify import ShopifyConnector, ShopifySettings, documents
from model.clock import ManualClock, SystemClock
from model.errors import (
    CursorExpiredError,
    ProtocolError,
    RefusedError,
    ThrottledError,
    UnauthorisedError,
    UnreachableError,
)
from syncline.sandbox.shopify import ShopifyFake
from syncline.sandbox.shopify.schema import VERSIONS
from syncline.sandbox.wire import Response, Server, transport

MARKER = "metafields.syncline.id"
EMAIL = "defaultEmailAddress.emailAddress"
STATE = "defaultEmailAddress.marketingState"
PHONE = "defaultPhoneNumber.phoneNumber"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def bare(clock):
    """A shop that nobody has prepared for the hub."""
    return ShopifyFake(clock)


@pytest.fixture
def shop(bare):
    bare.define_marker()
    return bare


def connect(fake, **more):
    configured = {"shop": fake.domain, "auth": {"token": "shpat_static"}, **more}
    context = Context(clock=fake.clock, transport=transport(fake))
    return ShopifyConnector(ShopifySettings.model_validate(configured), context)


@pytest.fixture
def connector(shop):
    return connect(shop)


def customer(shop, gid):
    return shop.shop.tables["customers"][gid]


def define(shop, full_key):
    """A customer metafield for text, as an admin defines it."""
    namespace, key = full_key.split(".")
    definition = {"namespace": namespace, "key": key, "name": key, "ownerType": "CUSTOMER"}
    shop.mutations.metafieldDefinitionCreate(None, definition | {"type": "single_line_text_field"})


def everything(connector, stream, since=None):
    return [record for page in connector.read(stream, since) for record in page.records]


# reading


def test_the_streams_have_the_deeds_they_promise(connector):
    verify_deeds(type(connector), connector.declared_streams())


@pytest.mark.parametrize("number", [0, 1, 19, 20, 21, 45, 130])
def test_every_customer_is_read_once_whatever_the_page_size(shop, connector, number):
    made = shop.seed("customers", [{"lastName": f"N{i}"} for i in range(number)])
    pages = list(connector.read("customers", None))
    assert [record.key for page in pages for record in page.records] == made
    assert all(page.full for page in pages)
    assert sum(list(keys) == made[:250] for keys in connector.keys("customers")) == 1


def test_pages_grow_to_what_one_query_may_cost(shop, connector):
    shop.seed("customers", [{"lastName": f"N{i}"} for i in range(130)])
    sizes = [len(page.records) for page in connector.read("customers", None)]
    assert sizes[0] == 20
    assert max(sizes) > 40


def test_a_page_that_costs_too_much_is_asked_for_in_parts(shop):
    connector = connect(shop, addresses=50)
    shop.seed("customers", [{"lastName": f"N{i}"} for i in range(30)])
    assert len(everything(connector, "customers")) == 30


def test_a_customer_has_nulls_where_the_shop_has_nothing(shop, connector):
    shop.seed("customers", [{"lastName": "Only"}])
    (record,) = everything(connector, "customers")
    assert record.data["defaultAddress"]["city"] is None
    assert record.data["defaultEmailAddress"] == dict.fromkeys(
        ("emailAddress", "marketingState", "marketingOptInLevel", "marketingUpdatedAt")
    )
    assert record.data["metafields"] == {"syncline": {"id": None}}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_consent_of_a_telephone_number_is_read_in_every_version_that_a_shop_serves(shop, version):
    consent = {"marketingState": "SUBSCRIBED", "marketingOptInLevel": "SINGLE_OPT_IN"}
    shop.seed("customers", [{"phone": "+4930123456", "smsMarketingConsent": consent}, {"phone": "+4930123457"}])
    one, two = everything(connect(shop, api_version=version), "customers")
    told = {"phoneNumber": "+4930123456", "marketingUpdatedAt": "2026-01-01T00:00:00Z", **consent}
    assert one.data["defaultPhoneNumber"] == told
    assert two.data["defaultPhoneNumber"]["marketingState"] == "NOT_SUBSCRIBED"


def test_an_edit_late_on_the_same_day_is_read_again_from_the_cursor(shop, connector, clock):
    one, two = shop.seed("customers", [{"lastName": "A"}, {"lastName": "B"}])
    cursor = list(connector.read("customers", None))[-1].cursor
    clock.advance(30)
    shop.edit(one, lastName="A2")
    found = {record.key: record.data["lastName"] for record in everything(connector, "customers", cursor)}
    assert found[one] == "A2"
    assert two in found  # the overlap


def test_what_is_older_than_the_overlap_is_not_read_again(shop, connector, clock):
    shop.seed("customers", [{"lastName": "Old"}])
    clock.advance(timedelta(days=10).total_seconds())
    (new,) = shop.seed("customers", [{"lastName": "New"}])
    cursor = list(connector.read("customers", None))[-1].cursor
    assert [record.key for record in everything(connector, "customers", cursor)] == [new]


def test_a_lagging_search_index_loses_nothing_because_of_the_overlap(shop, connector, clock):
    clock.advance(timedelta(hours=23, minutes=58).total_seconds())
    shop.shop.lag = 240
    (late,) = shop.seed("customers", [{"lastName": "Late"}])
    clock.advance(180)  # past midnight
    shop.shop.lag = 0
    shop.seed("customers", [{"lastName": "Quick"}])
    pages = list(connector.read("customers", None))
    assert late not in [record.key for page in pages for record in page.records]
    clock.advance(60)
    assert late in [record.key for record in everything(connector, "customers", pages[-1].cursor)]


def test_each_page_can_be_resumed_from_its_cursor(shop, connector, clock):
    made = []
    for i in range(50):
        made += shop.seed("customers", [{"lastName": f"N{i}"}])
        clock.advance(3600 * 5)
    for page in connector.read("customers", None):
        last = made.index(page.records[-1].key)
        assert set(made[last:]) <= {record.key for record in everything(connector, "customers", page.cursor)}


def test_a_cursor_of_another_kind_asks_for_a_full_read(connector):
    with pytest.raises(CursorExpiredError):
        list(connector.read("customers", "17"))


def test_an_order_has_all_of_its_lines(shop, connector):
    (buyer,) = shop.seed("customers", [{"email": "b@example.com"}])
    lines = [{"sku": f"S{i}", "quantity": 1, "priceSet": {"shopMoney": {"amount": "1.10"}}} for i in range(125)]
    shop.seed("orders", [{"customer": {"toAssociate": {"id": buyer}}, "lineItems": lines}])
    (record,) = everything(connector, "orders")
    assert [line["sku"] for line in record.data["lineItems"]] == [f"S{i}" for i in range(125)]
    assert record.data["totalPriceSet"]["shopMoney"] == {"amount": "137.50", "currencyCode": "EUR"}
    assert record.data["customer"] == {"id": buyer}


def test_fetch_says_what_is_gone_and_keeps_the_order(shop, connector):
    one, two = shop.seed("customers", [{"lastName": "A"}, {"lastName": "B"}])
    shop.delete(one)
    found = connector.fetch("customers", [one, "not a key", two])
    assert [(record.key, record.deleted) for record in found] == [(one, True), ("not a key", True), (two, False)]


def test_a_merged_customer_leads_to_the_survivor_where_the_shop_says_so(shop, connector):
    one, two = shop.seed("customers", [{"lastName": "A"}, {"lastName": "B", "email": "b@example.com"}])
    survivor = shop.merge(one, two)
    assert survivor == two
    assert connector.fetch("customers", [one])[0].deleted
    shop.merged_ids_lead_on = True
    (record,) = connector.fetch("customers", [one])
    assert (record.deleted, record.superseded_by) == (True, two)


def test_find_is_exact_and_at_once(shop, connector):
    shop.shop.lag = 3600
    made = shop.seed(
        "customers", [{"email": "bob@example.com", "phone": "+49301234567", "metafields": {"syncline.id": "e1"}}]
    )
    shop.seed("customers", [{"email": "bob@mail.example.com"}])
    for field, value in ((EMAIL, "Bob@Example.com"), (PHONE, "+49301234567"), (MARKER, "e1")):
        assert [record.key for record in connector.find("customers", field, [value, "nobody"])] == made


# writing


def test_a_create_stores_every_part_and_brings_the_record_back(shop):
    define(shop, "custom.tier")
    connector = connect(shop, metafields=["custom.tier"])
    fields = {
        "firstName": "Zoë",
        EMAIL: "Zoe@Example.com",
        PHONE: "+49301234567",
        STATE: "SUBSCRIBED",
        "defaultPhoneNumber.marketingState": "UNSUBSCRIBED",
        "defaultAddress.city": "Köln",
        "defaultAddress.countryCodeV2": "DE",
        "tags": ["b", "a"],
        "metafields.custom.tier": "gold",
    }
    (outcome,) = connector.upsert("customers", [Write(None, fields, marker="e1")])
    assert outcome.kind is OutcomeKind.APPLIED, outcome
    row = customer(shop, outcome.key)
    assert (row["email"], row["emailConsent"]["state"], row["phoneConsent"]["state"]) == (
        "zoe@example.com",
        "SUBSCRIBED",
        "UNSUBSCRIBED",
    )
    assert row["addresses"][0]["city"] == "Köln"
    assert {key: found["value"] for key, found in row["metafields"].items()} == {
        "syncline.id": "e1",
        "custom.tier": "gold",
    }
    assert outcome.record == connector.fetch("customers", [outcome.key])[0]
    assert outcome.record.data["metafields"] == {"syncline": {"id": "e1"}, "custom": {"tier": "gold"}}


def test_an_emptied_metafield_is_taken_away_and_one_that_was_never_there_stays_so(shop):
    define(shop, "custom.tier")
    define(shop, "custom.area")
    connector = connect(shop, metafields=["custom.tier", "custom.area"])
    (key,) = shop.seed("customers", [{"lastName": "A", "metafields": {"custom.tier": "gold"}}])
    change = {"metafields.custom.tier": None, "metafields.custom.area": ""}
    (outcome,) = connector.upsert("customers", [Write(key, change)])
    assert outcome.kind is OutcomeKind.APPLIED
    assert outcome.record.data["metafields"]["custom"] == {"tier": None, "area": None}
    assert customer(shop, key)["metafields"] == {}


def test_k_changed_customers_cost_one_call_for_each_batch(shop, connector):
    made = shop.seed("customers", [{"lastName": f"N{i}", "email": f"n{i}@example.com"} for i in range(20)])
    writes = [Write(key, {"firstName": "X", STATE: "SUBSCRIBED"}) for key in made]
    shop.calls.clear()
    assert {outcome.kind for outcome in connector.upsert("customers", writes)} == {OutcomeKind.APPLIED}
    assert shop.calls == {"Write": 1}
    assert len(made) == connector.stream("customers").writes.batch
    shop.calls.clear()
    connector.upsert("customers", [Write(key, {"firstName": "Y"}) for key in made])
    assert shop.calls == {"Write": 1}


def test_creating_twice_with_one_marker_makes_one_customer(shop, connector):
    write = Write(None, {"lastName": "Once", EMAIL: "once@example.com"}, marker="e7")
    first, second = (connector.upsert("customers", [write])[0] for _ in range(2))
    assert first.key == second.key
    assert len(shop.rows("customers")) == 1


def test_a_lost_answer_is_unknown_and_the_repeat_makes_no_second_customer(shop, connector):
    shop.misbehave("lost", operation="Write")
    write = Write(None, {"lastName": "Once"}, marker="e7")
    assert connector.upsert("customers", [write])[0].kind is OutcomeKind.UNKNOWN
    assert len(shop.rows("customers")) == 1
    assert connector.upsert("customers", [write])[0].kind is OutcomeKind.APPLIED
    assert len(shop.rows("customers")) == 1


@pytest.mark.parametrize("kind", ["lost", "broken", "cut"])
def test_a_write_whose_answer_is_spoilt_is_never_called_done_or_failed(shop, connector, kind):
    (key,) = shop.seed("customers", [{"lastName": "A"}])
    shop.misbehave(kind, operation="Write")
    (outcome,) = connector.upsert("customers", [Write(key, {"lastName": "B"})])
    assert outcome.kind is OutcomeKind.UNKNOWN
    assert shop.calls["Write"] == 1


def test_changing_a_city_keeps_the_rest_of_the_address_and_the_other_addresses(shop, connector):
    home = {"address1": "Street 1", "city": "Bonn", "countryCode": "DE", "zip": "53111"}
    work = {"address1": "Street 2", "city": "Paris", "countryCode": "FR"}
    (key,) = shop.seed("customers", [{"lastName": "A", "addresses": [home, work]}])
    sent, real = [], shop.handle
    shop.handle = lambda request: (sent.append(request.json()["variables"]), real(request))[1]
    (outcome,) = connector.upsert("customers", [Write(key, {"defaultAddress.city": "Köln"})])
    assert outcome.kind is OutcomeKind.APPLIED
    assert sent[1]["r0s0address"]["zip"] == "53111"  # whole, whether the shop keeps or clears what is left out
    stored = [(a["address1"], a["city"], a["zip"]) for a in customer(shop, key)["addresses"]]
    assert stored == [("Street 1", "Köln", "53111"), ("Street 2", "Paris", None)]
    assert outcome.record.data["defaultAddress"]["city"] == "Köln"


def test_a_first_address_becomes_the_default_and_an_emptied_one_is_deleted(shop, connector):
    (key,) = shop.seed("customers", [{"lastName": "A"}])
    (outcome,) = connector.upsert("customers", [Write(key, {"defaultAddress.city": "Köln"})])
    assert outcome.record.data["defaultAddress"]["city"] == "Köln"
    (outcome,) = connector.upsert("customers", [Write(key, {"defaultAddress.city": None})])
    assert customer(shop, key)["addresses"] == []
    assert outcome.record.data["defaultAddress"]["id"] is None


def test_good_rows_are_written_beside_bad_ones(shop, connector):
    taken, other = shop.seed("customers", [{"email": "taken@example.com"}, {"lastName": "B"}])
    writes = [
        Write(None, {EMAIL: "taken@example.com"}, marker="e1"),
        Write(None, {"firstName": "x" * 256}, marker="e2"),
        Write(None, {PHONE: "030 1234"}, marker="e3"),
        Write(None, {"lastName": "Good"}, marker="e4"),
        Write("gid://shopify/Customer/1", {"lastName": "Nobody"}),
        Write(other, {"colour": "red"}),
        Write(None, {}, marker="e5"),
    ]
    outcomes = connector.upsert("customers", writes)
    assert [(o.kind.value, o.code, o.field) for o in outcomes] == [
        ("duplicate", "TAKEN", EMAIL),
        ("refused", "TOO_LONG", "firstName"),
        ("refused", "INVALID", PHONE),
        ("applied", None, None),
        ("missing", "NOT_FOUND", None),
        ("refused", "unknown-field", "colour"),
        ("refused", "BLANK", None),
    ]
    assert outcomes[0].of == taken
    assert [row["lastName"] for row in shop.rows("customers")] == [None, "B", "Good"]


def test_one_value_of_the_wrong_type_stops_only_its_own_row(shop, connector):
    made = shop.seed("customers", [{"lastName": str(i)} for i in range(8)])
    writes = [Write(key, {"firstName": "X", "taxExempt": "maybe" if i == 5 else True}) for i, key in enumerate(made)]
    outcomes = connector.upsert("customers", writes)
    assert [o.kind is OutcomeKind.APPLIED for o in outcomes] == [i != 5 for i in range(8)]
    assert (outcomes[5].kind, outcomes[5].field) == (OutcomeKind.REFUSED, "taxExempt")
    assert "maybe" not in outcomes[5].message
    assert [row["firstName"] for row in shop.rows("customers")] == ["X"] * 5 + [None] + ["X"] * 2


def test_a_country_that_the_shop_does_not_know_is_refused_by_its_field(shop, connector):
    (key,) = shop.seed("customers", [{"lastName": "A"}])
    change = {"defaultAddress.city": "Leeds", "defaultAddress.countryCodeV2": "UK"}
    for write in (Write(key, change), Write(None, {"lastName": "B", **change}, marker="e1")):
        (outcome,) = connector.upsert("customers", [write])
        assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, "defaultAddress.countryCodeV2")
    assert [row["addresses"] for row in shop.rows("customers")] == [[]]


def test_a_write_that_succeeds_in_part_says_so_and_shows_the_record(shop, connector):
    (key,) = shop.seed("customers", [{"lastName": "A"}])
    update = Write(key, {"firstName": "New", STATE: "SUBSCRIBED"})
    create = Write(None, {"lastName": "B", STATE: "SUBSCRIBED"}, marker="e1")
    for outcome in connector.upsert("customers", [update, create]):
        assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, STATE)
        assert "fields written" in outcome.message
        assert outcome.record == connector.fetch("customers", [outcome.key])[0]
    assert customer(shop, key)["firstName"] == "New"
    (again,) = connector.upsert("customers", [create._replace(fields={**create.fields, EMAIL: "b@example.com"})])
    assert again.kind is OutcomeKind.APPLIED
    assert len(shop.rows("customers")) == 2


def test_a_consent_keeps_its_moment_and_is_never_guessed(shop, connector):
    (key,) = shop.seed("customers", [{"email": "a@example.com"}])
    at = "2025-05-01T10:00:00Z"
    fields = {STATE: "SUBSCRIBED", "defaultEmailAddress.marketingUpdatedAt": at}
    fields["defaultEmailAddress.marketingOptInLevel"] = "CONFIRMED_OPT_IN"
    connector.upsert("customers", [Write(key, fields)])
    assert customer(shop, key)["emailConsent"] == {"state": "SUBSCRIBED", "level": "CONFIRMED_OPT_IN", "at": at}
    (outcome,) = connector.upsert("customers", [Write(key, {STATE: "NOT_SUBSCRIBED"})])
    assert (outcome.kind, outcome.code, outcome.field) == (OutcomeKind.REFUSED, "INCLUSION", STATE)
    (outcome,) = connector.upsert("customers", [Write(key, {STATE: None})])
    assert outcome.kind is OutcomeKind.REFUSED
    assert customer(shop, key)["emailConsent"]["state"] == "SUBSCRIBED"


def test_a_create_that_is_sent_again_does_not_resubscribe_anybody(shop, connector):
    write = Write(None, {EMAIL: "a@example.com", STATE: "SUBSCRIBED"}, marker="e1")
    (first,) = connector.upsert("customers", [write])
    shop.edit(first.key, emailMarketingConsent={"marketingState": "UNSUBSCRIBED"})
    (again,) = connector.upsert("customers", [write])
    assert (again.kind, again.key) == (OutcomeKind.APPLIED, first.key)
    assert again.record.data["defaultEmailAddress"]["marketingState"] == "UNSUBSCRIBED"
    assert customer(shop, first.key)["emailConsent"]["state"] == "UNSUBSCRIBED"


@pytest.mark.parametrize("kind", ["lost", "broken", "throttled"])
def test_a_create_that_stops_before_its_consent_is_finished_by_sending_it_again(shop, connector, kind):
    write = Write(None, {EMAIL: "a@example.com", STATE: "SUBSCRIBED"}, marker="e1")
    connector.upsert("customers", [Write(None, {"lastName": "First"}, marker="e0")])
    real, calls = shop.handle, []

    def handle(request):
        calls.append(request)
        if len(calls) == 2:
            shop.misbehave(kind, times=9 if kind == "throttled" else 1, operation="Write")
        return real(request)

    shop.handle = handle
    (outcome,) = connector.upsert("customers", [write])
    assert outcome.kind is OutcomeKind.UNKNOWN
    shop._troubles.clear()
    (outcome,) = connector.upsert("customers", [write])
    assert outcome.kind is OutcomeKind.APPLIED
    assert outcome.record.data["defaultEmailAddress"]["marketingState"] == "SUBSCRIBED"
    assert len(shop.rows("customers")) == 2


def spoil_writes(shop, spoil):
    """``spoil`` gets the number of each write, from 1, and a deed that carries it out and brings the answer."""
    real, writes = shop.handle, []

    def handle(request):
        if b"mutation" not in (request.body or b""):
            return real(request)
        writes.append(request)
        return spoil(len(writes), lambda: real(request))

    shop.handle = handle


@pytest.mark.parametrize("status", [400, 402, 404, 423])
def test_creates_stay_known_by_their_keys_where_the_shop_shuts_before_their_consent(shop, connector, status):
    spoil_writes(shop, lambda n, carry: carry() if n == 1 else Response.of({"errors": "Shut"}, status=status))
    addresses = ["a@example.com", "b@example.com"]
    writes = [Write(None, {EMAIL: email, STATE: "SUBSCRIBED"}, marker=email[0]) for email in addresses]
    outcomes = connector.upsert("customers", writes)
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.UNKNOWN] * 2
    assert [outcome.key for outcome in outcomes] == list(shop.shop.tables["customers"])


@pytest.mark.parametrize("status", [400, 423])
def test_rows_that_were_written_stay_written_where_the_shop_shuts_before_the_rest(shop, connector, status):
    spoil_writes(shop, lambda n, carry: carry() if n == 1 else Response.of({"errors": "Shut"}, status=status))
    writes = [Write(None, {"name": f"C{i}"}, marker=f"c{i}") for i in range(100)]
    outcomes = connector.upsert("companies", writes)
    made = [outcome.key for outcome in outcomes if outcome.kind is OutcomeKind.APPLIED]
    assert 0 < len(made) < 100
    assert made == list(shop.shop.tables["companies"])
    rest = {outcome.kind for outcome in outcomes[len(made) :]}
    assert rest == {OutcomeKind.RETRY if status == 400 else OutcomeKind.UNAUTHORISED}


@pytest.mark.parametrize(("status", "words"), [(402, "frozen"), (404, "no such shop"), (423, "locked")])
def test_a_shut_shop_is_no_fault_of_the_rows(shop, connector, status, words):
    spoil_writes(shop, lambda n, carry: Response.of({"errors": "Shut"}, status=status))
    with pytest.raises(UnauthorisedError, match=words):
        connector.upsert("customers", [Write(None, {"lastName": "A"}, marker="a")])
    assert shop.rows("customers") == []


@pytest.mark.parametrize(("stream", "fields"), [("customers", {"lastName": "N"}), ("companies", {"name": "C"})])
@pytest.mark.parametrize(
    ("code", "beside"),
    [("SOMETHING", True), ("INTERNAL_SERVER_ERROR", True), ("INTERNAL_SERVER_ERROR", False), ("TIMEOUT", False)],
)
def test_a_write_that_was_carried_out_is_in_doubt_where_an_error_belongs_to_nothing(
    shop, connector, stream, fields, code, beside
):
    def spoil(n, carry):
        done = json.loads(carry().body)
        return Response.of({**(done if beside else {}), "errors": [{"message": "x", "extensions": {"code": code}}]})

    spoil_writes(shop, spoil)
    (outcome,) = connector.upsert(stream, [Write(None, fields, marker="m")])
    assert outcome.kind is OutcomeKind.UNKNOWN
    assert len(shop.rows(stream)) == 1


def test_a_write_is_refused_where_an_error_stands_instead_of_data(shop, connector):
    error = {"message": "x", "extensions": {"code": "SOMETHING"}}
    spoil_writes(shop, lambda n, carry: Response.of({"errors": [error]}))
    (outcome,) = connector.upsert("customers", [Write(None, {"lastName": "N"}, marker="m")])
    assert (outcome.kind, outcome.code) == (OutcomeKind.REFUSED, "SOMETHING")


def test_a_shop_without_companies_says_why_they_cannot_be_read(bare):
    bare.b2b = False
    with pytest.raises(UnauthorisedError, match=r"companies.*B2B"):
        list(connect(bare).read("companies", None))


def test_a_customer_with_orders_is_not_deleted_and_another_is(shop, connector):
    buyer, other = shop.seed("customers", [{"lastName": "A"}, {"lastName": "B"}])
    shop.seed("orders", [{"customer": {"toAssociate": {"id": buyer}}, "lineItems": [{"quantity": 1, "title": "X"}]}])
    outcomes = connector.remove("customers", [Write(buyer, {}), Write(other, {}), Write(other, {})])
    assert [o.kind.value for o in outcomes] == ["refused", "applied", "missing"]
    assert [row["id"] for row in shop.rows("customers")] == [buyer]


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None)
@given(first=TEXT, note=TEXT, tags=st.lists(TEXT, max_size=4), tax=st.booleans())
def test_what_the_answer_shows_is_what_is_stored(first, note, tags, tax):
    fake = ShopifyFake(ManualClock())
    fake.define_marker()
    connector = connect(fake)
    fields = {"firstName": first, "note": note, "tags": tags, "taxExempt": tax}
    (made,) = connector.upsert("customers", [Write(None, fields, marker="e1")])
    assert made.record == connector.fetch("customers", [made.key])[0]
    assert (made.record.data["firstName"], made.record.data["note"]) == (first, note)
    (same,) = connector.upsert("customers", [Write(made.key, {name: made.record.data[name] for name in fields})])
    assert same.record.data == made.record.data


def test_a_sandbox_on_a_port_serves_the_connector_too():
    fake = ShopifyFake(SystemClock())
    fake.define_marker()
    fake.seed("customers", [{"lastName": "A"}])
    with Server(fake) as server:
        auth = {"client_id": "client", "client_secret": "secret"}
        where = {"shop": fake.domain, "base_url": server.url, "auth": auth}
        connector = ShopifyConnector(ShopifySettings.model_validate(where))
        assert connector.check() == []
        assert [record.data["lastName"] for record in everything(connector, "customers")] == ["A"]
        connector.close()


def test_companies_are_written_and_a_taken_external_id_names_its_holder(shop, connector):
    (made,) = connector.upsert("companies", [Write(None, {"name": "Acme"}, marker="a1")])
    assert made.record.data["externalId"] == "a1"
    assert connector.find("companies", "externalId", ["a1"]) == [made.record]
    again, blank = connector.upsert(
        "companies", [Write(None, {"name": "Acme"}, marker="a1"), Write(None, {"name": ""}, marker="a2")]
    )
    assert (again.kind, again.of) == (OutcomeKind.DUPLICATE, made.key)
    assert (blank.kind, blank.field) == (OutcomeKind.REFUSED, "name")
    (changed,) = connector.upsert("companies", [Write(made.key, {"note": "N"})])
    assert changed.record.data["note"] == "N"


# limits, faults, rights


def test_a_spent_bucket_is_waited_for_as_long_as_it_takes_to_refill(shop, connector, clock):
    (key,) = shop.seed("customers", [{"lastName": "A"}])
    shop.bucket.available = 0
    (outcome,) = connector.upsert("customers", [Write(key, {"lastName": "B"})])
    assert outcome.kind is OutcomeKind.APPLIED
    assert 0 < sum(clock.slept) < 2
    assert shop.calls["Write"] == 2


def test_a_wait_beyond_patience_says_when_to_come_back(shop, connector, clock):
    shop.bucket.available, shop.bucket.rate = 0, 0.001
    with pytest.raises(ThrottledError) as caught:
        list(connector.read("customers", None))
    assert caught.value.until > clock.now()
    assert clock.slept == []


def test_html_is_no_answer(shop, connector):
    shop.misbehave("html", times=9)
    with pytest.raises(ProtocolError):
        list(connector.read("customers", None))


def test_an_internal_error_is_no_empty_page(shop, connector):
    shop.misbehave("internal", times=9)
    with pytest.raises(UnreachableError):
        list(connector.read("customers", None))


def test_denied_data_is_never_read_as_blank(shop, connector):
    shop.seed("customers", [{"lastName": "A"}])
    shop.protected_data = False
    with pytest.raises(UnauthorisedError):
        list(connector.read("customers", None))


def test_one_denied_field_is_never_read_as_blank(shop, connector):
    shop.seed("customers", [{"email": "a@example.com"}])
    shop.shop.denied = {"defaultEmailAddress"}
    with pytest.raises(UnauthorisedError, match="defaultEmailAddress"):
        list(connector.read("customers", None))


def test_the_pace_is_kept_without_being_told(shop, connector, clock):
    made = shop.seed("customers", [{"lastName": f"N{i}"} for i in range(20)])
    for turn in range(12):
        connector.upsert("customers", [Write(key, {"firstName": f"X{turn}"}) for key in made])
    assert shop.calls["Write"] == 12
    assert sum(clock.slept) > 10


def test_an_expired_token_is_renewed_without_anybody_noticing(shop, clock):
    shop.seed("customers", [{"lastName": "A"}])
    connector = connect(shop, auth={"client_id": "client", "client_secret": "secret"})
    assert len(everything(connector, "customers")) == 1
    shop.expire_tokens()
    assert len(everything(connector, "customers")) == 1
    clock.advance(25 * 3600)
    assert len(everything(connector, "customers")) == 1
    assert shop.calls["token"] == 3


def test_check_finds_nothing_to_say_about_a_shop_that_is_ready(connector):
    assert connector.check() == []


def test_check_says_what_is_missing_and_what_to_do(bare):
    bare.b2b = False
    bare.scopes -= {"read_orders", "write_orders"}
    bare.protected_data = False
    found = {one.code: one for one in connect(bare).check()}
    assert set(found) == {"missing-scope", "marker-missing", "protected-data", "no-companies"}
    assert all(one.hint for one in found.values())
    assert found["no-companies"].severity.value == "note"


def test_check_warns_where_the_shop_no_longer_serves_the_version_that_is_asked_for(shop):
    connector = connect(shop, api_version="2019-01")
    (found,) = connector.check()
    assert (found.code, found.path, found.severity.value) == ("other-version", "api_version", "warning")
    assert "2026-01" in found.message


def test_companies_need_no_scope_of_their_own(shop, connector):
    shop.scopes -= {"read_companies", "write_companies"}
    assert connector.check() == []
    (made,) = connector.upsert("companies", [Write(None, {"name": "Acme"}, marker="a1")])
    assert [record.key for record in everything(connector, "companies")] == [made.key]


def test_a_shop_without_companies_lets_none_be_written(bare):
    bare.b2b = False
    (outcome,) = connect(bare).upsert("companies", [Write(None, {"name": "Acme"}, marker="a1")])
    assert outcome.kind is OutcomeKind.UNAUTHORISED
    assert bare.rows("companies") == []


def test_the_marker_definition_is_made_only_when_asked_for(bare):
    connector = connect(bare)
    (outcome,) = connector.upsert("customers", [Write(None, {"lastName": "A"}, marker="e1")])
    assert (outcome.kind, outcome.code) == (OutcomeKind.REFUSED, "METAFIELD_MISMATCH")
    connector.create_marker()
    assert connector.check() == []
    with pytest.raises(RefusedError):
        connector.create_marker()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"auth": {"token": "wrong"}}, "unauthorised"), ({"api_version": "2031-01"}, "refused")],
)
def test_check_explains_why_the_shop_does_not_let_us_in(shop, wrong, code):
    (found,) = connect(shop, **wrong).check()
    assert found.code == code
    assert "wrong" not in str(found)


def test_discover_types_listed_metafields_and_points_at_the_others(shop):
    for key, kind in (("tier", "number_integer"), ("other", "boolean")):
        shop.mutations.metafieldDefinitionCreate(
            None, {"namespace": "custom", "key": key, "name": key.title(), "ownerType": "CUSTOMER", "type": kind}
        )
    fields = {field.name: field for field in connect(shop, metafields=["custom.tier"]).discover("customers")}
    assert (fields["metafields.custom.tier"].type.value, fields["metafields.custom.tier"].updatable) == (
        "integer",
        True,
    )
    assert not fields["metafields.custom.other"].readable
    assert "metafields" in fields["metafields.custom.other"].label


def test_no_secret_and_no_personal_value_is_in_what_is_shown(shop):
    connector = connect(shop, auth={"client_id": "client", "client_secret": "canary-secret"})
    with pytest.raises(UnauthorisedError) as caught:
        list(connector.read("customers", None))
    assert "canary" not in f"{caught.value!r} {connector.settings!r}"


def test_the_quota_ledger_hears_of_the_bucket(shop):
    heard = []
    context = Context(clock=shop.clock, transport=transport(shop), on_quota=lambda name, facts: heard.append(facts))
    configured = ShopifySettings.model_validate({"shop": shop.domain, "auth": {"token": "shpat_static"}})
    list(ShopifyConnector(configured, context).read("customers", None))
    assert heard[-1]["limit"] == 2000
    assert heard[-1]["restore_per_second"] == 100


# the documents


def test_every_document_is_valid_against_the_schema_that_the_shop_tells(shop):
    http = Context(transport=transport(shop), clock=shop.clock).http(f"https://{shop.domain}")
    answer = http.post(
        "/admin/api/2026-10/graphql.json",
        json={"query": get_introspection_query()},
        headers={"x-shopify-access-token": "shpat_static"},
    )
    schema = build_client_schema(answer.json()["data"])
    shapes = {
        "C": documents.customers(["syncline.id", "custom.tier"], 10, "2026-10"),
        "K": documents.COMPANIES,
        "O": documents.ORDERS,
    }
    texts = [text for name, shape in shapes.items() for text in (shape.page(name), shape.keys(name), shape.fetch(name))]
    texts += [
        documents.customers([], 0, "2026-10").page("C"),
        documents.MORE_LINES,
        documents.DEFINITIONS,
        documents.DEFINE,
    ]
    texts += [documents.CHECK, documents.CHECK_CUSTOMERS, documents.CHECK_ORDERS, documents.CHECK_COMPANIES]
    assert {text: validate(schema, parse(text)) for text in texts} == {text: [] for text in texts}
