"""The Salesforce connector against the fake org: what arrives, what is written, what is said when things go wrong."""

from collections import Counter
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.salesforce import SalesforceConnector
from connectors.salesforce.settings import SalesforceSettings
from connectors.sdk import (
    Context,
    CursorExpiredError,
    Deletes,
    FieldType,
    OutcomeKind,
    Page,
    ProtocolError,
    RefusedError,
    Replay,
    ThrottledError,
    UnauthorisedError,
    UnreachableError,
    Write,
)
from model.clock import ManualClock
from model.errors import AnswerLostError
from syncline.sandbox.salesforce import SalesforceFake
from syncline.sandbox.wire import Server, transport

MY_DOMAIN = "https://example.my.salesforce.com"
SECRET = "s3cr3t-canary"
DAY = 86_400


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return SalesforceFake(clock, clients={"app": SECRET})


@pytest.fixture
def make(fake, clock):
    made = []

    def build(url=MY_DOMAIN, carrier=None, on_quota=None, **given):
        given = {"auth": {"kind": "client_credentials", "client_id": "app", "client_secret": SECRET}, **given}
        context = Context(clock=clock, transport=carrier or transport(fake), on_quota=on_quota)
        connector = SalesforceConnector(SalesforceSettings(login_url=url, **given), context)
        made.append(connector)
        return connector

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def crm(make):
    return make()


def people(*names):
    return [{"LastName": name} for name in names]


def last_names(pages):
    return [record.data.get("LastName") for page in pages for record in page.records]


def read(connector, since=None, stream="Contact"):
    """All pages, the records by key (later ones win), and the last cursor."""
    pages = list(connector.read(stream, since))
    return pages, {r.key: r for p in pages for r in p.records}, pages[-1].cursor


def create(marker, **fields):
    return Write(None, fields, marker=marker)


# Facts ------------------------------------------------------------------------------------------------------------


def test_the_facts_of_a_stream(crm):
    contact = crm.stream("Contact")
    assert [s.name for s in crm.declared_streams()] == ["Account", "Contact"]
    assert (contact.key, contact.version, contact.deletes, contact.removes) == (
        "Id",
        "SystemModstamp",
        Deletes.TOMBSTONES,
        True,
    )
    assert contact.parents == ("Account",)
    assert (contact.writes.batch, contact.writes.replay, contact.writes.marker) == (
        200,
        Replay.UPSERT,
        "Syncline_Id__c",
    )
    assert contact.watermark.resolution == timedelta(seconds=1)


def test_without_a_field_for_the_hubs_id_creates_are_natural_or_looked_up(make):
    bare = make(external_id=None, streams={"Contact": None, "Lead": {"external_id": "Hub__c", "lookup": True}})
    assert bare.stream("Contact").writes.replay is Replay.NATURAL
    assert bare.stream("Contact").writes.marker is None
    assert bare.stream("Lead").writes.replay is Replay.LOOKUP
    assert bare.stream("Lead").writes.marker == "Hub__c"


@pytest.mark.parametrize(
    "given",
    [
        {"login_url": "http://example.my.salesforce.com"},
        {"login_url": "example.my.salesforce.com"},
        {"api_version": "latest"},
        {"streams": ["Contact WHERE x"]},
        {"streams": {"Contact": {"fields": ["Id FROM User"]}}},
        {"external_id": "a b"},
        {"auth": {"kind": "password", "username": "a", "password": "b"}},
        {"page": 100},
        {"colour": "red"},
    ],
)
def test_settings_that_cannot_work_are_refused(given):
    auth = {"kind": "client_credentials", "client_id": "app", "client_secret": SECRET}
    with pytest.raises(ValidationError) as error:
        SalesforceSettings(**{"auth": auth, **given})
    assert SECRET not in str(error.value)


def test_discover_reduces_describe_to_facts(crm):
    fields = {f.name: f for f in crm.discover("Contact")}
    assert (fields["LastName"].required, fields["LastName"].max_length) == (True, 80)
    assert fields["AccountId"].type is FieldType.REFERENCE
    assert fields["AccountId"].references == ("Account",)
    assert (fields["Level__c"].choices, fields["Level__c"].restricted) == (("Primary", "Secondary", "Tertiary"), True)
    assert (fields["Salutation"].type, fields["Salutation"].restricted) == (FieldType.CHOICE, False)
    assert fields["DoNotCall"].required is False
    assert not fields["SystemModstamp"].updatable
    assert "MailingAddress" not in fields


# The way in -------------------------------------------------------------------------------------------------------


def test_check_finds_nothing_wrong_with_a_good_org(crm):
    assert crm.check() == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"auth": {"kind": "client_credentials", "client_id": "app", "client_secret": "w0rd-canary"}}, "unauthorised"),
        ({"auth": {"kind": "client_credentials", "client_id": "who", "client_secret": SECRET}}, "unauthorised"),
        ({"api_version": "99.0"}, "api-version"),
        ({"streams": ["Contact", "Nope__c"]}, "unknown-stream"),
        ({"streams": {"Contact": {"fields": ["Email", "Nope__c"]}}}, "unknown-field"),
        ({"external_id": "Other__c", "streams": ["Contact"]}, "no-external-id"),
        ({"external_id": "Title", "streams": ["Contact"]}, "no-external-id"),
    ],
)
def test_check_says_what_is_wrong_and_what_to_do(make, given, code):
    found = make(**given).check()
    assert [d.code for d in found] == [code]
    assert SECRET not in str(found)
    assert "w0rd-canary" not in str(found)


def test_check_tells_how_to_make_the_external_id_field(make, fake):
    fake.drop_field("Contact", "Syncline_Id__c")
    (found,) = make().check()
    assert found.code == "no-external-id"
    assert "Object Manager, Contact" in found.hint
    assert "Unique" in found.hint


def test_check_warns_of_a_small_api_budget(make, fake):
    fake.limit, fake.used = 1000, 950
    (found,) = make().check()
    assert (found.code, found.severity) == ("api-budget", "warning")


def test_check_of_a_page_that_is_not_salesforce(make, fake):
    fake.misbehave("html", on="GET data")
    (found,) = make().check()
    assert found.code == "unreachable"


def test_jwt_bearer_lets_in(make, fake):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    fake.sessions.public_key = public.decode()
    crm = make(auth={"kind": "jwt", "client_id": "app", "username": "hub@example.org", "private_key": private})
    assert crm.check() == []


def test_later_calls_go_to_the_instance_that_the_token_names(make, fake):
    crm = make()
    read(crm)
    hosts = {request.headers["host"] for request in fake.seen}
    assert hosts == {"example.my.salesforce.com", "syncline-dev-ed.my.salesforce.com"}


def test_an_expired_session_is_renewed_without_losing_the_call(crm, fake, clock):
    fake.seed("Contact", people("Ng"))
    read(crm)
    clock.advance(3 * 3600)
    assert last_names(crm.read("Contact", None)) == ["Ng"]
    outcome = crm.upsert("Contact", [create("m1", LastName="Bo")])[0]
    assert outcome.kind is OutcomeKind.APPLIED
    assert fake.sessions.issued == 2


def test_a_session_that_stays_invalid_ends_in_one_clear_error(crm, fake):
    fake.misbehave("expired", on="", nth=1, times=1000)
    with pytest.raises(UnauthorisedError) as error:
        read(crm)
    assert SECRET not in str(error.value)
    assert sum(fake.calls.values()) < 8


def test_every_answer_reports_the_quota(make, fake):
    seen = []
    crm = make(on_quota=lambda connection, facts: seen.append((connection, dict(facts))))
    read(crm)
    assert seen[-1] == ("connection", {"limit": 15_000, "used": fake.used, "remaining": 15_000 - fake.used})


def test_a_spent_quota_is_throttled_though_the_status_says_forbidden(crm, fake):
    read(crm)
    fake.limit = fake.used
    before = sum(fake.calls.values())
    with pytest.raises(ThrottledError):
        read(crm)
    with pytest.raises(ThrottledError):
        crm.upsert("Contact", [create("m1", LastName="Bo")])
    assert sum(fake.calls.values()) - before == 2


def test_the_connector_works_over_a_real_socket(fake, clock):
    fake.seed("Contact", people("Ng"))
    given = {"kind": "client_credentials", "client_id": "app", "client_secret": SECRET}
    with Server(fake) as server:
        crm = SalesforceConnector(SalesforceSettings(login_url=server.url, auth=given), Context(clock=clock))
        assert crm.check() == []
        assert last_names(crm.read("Contact", None)) == ["Ng"]
        assert crm.upsert("Contact", [create("m1", LastName="Bo")])[0].kind is OutcomeKind.APPLIED
        crm.close()
    assert len(fake.rows("Contact")) == 2


# Reading ----------------------------------------------------------------------------------------------------------


def test_an_empty_object_is_read_in_full_and_gives_a_cursor(crm):
    pages, found, cursor = read(crm)
    assert (len(pages), found, pages[0].full) == (1, {}, True)
    assert read(crm, cursor)[1] == {}


def test_records_come_as_the_org_shows_them(crm, fake):
    key = fake.seed("Contact", [{"LastName": "Çelik", "Email": "a@b.org", "DoNotCall": True}])[0]
    _, found, _ = read(crm)
    record = found[key]
    assert record.version == record.data["SystemModstamp"] == "2026-01-01T00:00:00.000+0000"
    assert (record.data["LastName"], record.data["DoNotCall"], record.data["Title"]) == ("Çelik", True, None)
    assert "attributes" not in record.data
    assert "MailingAddress" not in record.data


def test_only_the_named_fields_are_read_and_those_that_are_gone_are_left_out(make, fake):
    fake.seed("Contact", people("Ng"))
    crm = make(streams={"Contact": {"fields": ["LastName", "Gone__c"]}})
    (record,) = read(crm)[1].values()
    assert set(record.data) == {"Id", "SystemModstamp", "IsDeleted", "MasterRecordId", "LastName"}


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_pages_lose_and_double_nothing(crm, fake, clock, count):
    fake.queries.page = 3
    for n in range(count):
        fake.seed("Contact", people(f"N{n}"))
        clock.advance(n % 2)
    pages, _, _ = read(crm)
    assert sorted(last_names(pages)) == [f"N{n}" for n in range(count)]
    assert all(page.full for page in pages)


def test_every_cursor_along_the_way_resumes_without_loss(crm, fake, clock):
    fake.queries.page = 2
    for n in range(9):
        fake.seed("Contact", people(f"N{n}"))
        clock.advance(200 if n % 3 == 2 else 0)
    pages, everything, _ = read(crm)
    for at, page in enumerate(pages):
        before = {r.key for p in pages[: at + 1] for r in p.records}
        assert before | set(read(crm, page.cursor)[1]) == set(everything)


def test_only_what_changed_is_read_again_plus_the_overlap(crm, fake, clock):
    fake.seed("Contact", people("old"))
    clock.advance(3600)
    fake.seed("Contact", people("recent"))
    cursor = read(crm)[2]
    clock.advance(60)
    changed = fake.seed("Contact", people("new"))[0]
    _, found, cursor = read(crm, cursor)
    assert sorted(last_names([*crm.read("Contact", cursor)])) == ["new", "recent"]
    assert changed in found


def test_a_transaction_committed_late_is_not_missed(crm, fake, clock):
    fake.seed("Contact", people("first"))
    cursor = read(crm)[2]
    clock.advance(30)
    late = fake.seed("Contact", people("late"), at=clock.now() - timedelta(seconds=200))[0]
    assert late in read(crm, cursor)[1]


def test_more_rows_than_a_page_with_one_stamp_are_all_read(crm, fake):
    fake.queries.page = 4
    fake.seed("Contact", people(*(f"N{n}" for n in range(21))))
    _, found, cursor = read(crm)
    assert len(found) == 21
    assert len(read(crm, cursor)[1]) == 21


def test_a_forgotten_locator_is_asked_for_again(crm, fake, clock):
    fake.queries.page = 3
    for n in range(12):
        fake.seed("Contact", people(f"N{n}"))
        clock.advance(n % 2)
    fake.misbehave("locator", on="GET query/{locator}", nth=2)
    pages, _, _ = read(crm)
    assert sorted(last_names(pages)) == sorted(f"N{n}" for n in range(12))


def test_a_locator_forgotten_each_time_within_one_second_ends_in_an_error_not_a_loop(crm, fake):
    fake.queries.page = 3
    fake.seed("Contact", people(*(f"N{n}" for n in range(9))))
    fake.misbehave("locator", on="GET query/{locator}", times=100)
    with pytest.raises(RefusedError):
        read(crm)
    assert fake.calls["GET query"] < 8


def test_a_query_that_takes_too_long_is_halved(crm, fake, clock):
    cursor = read(crm)[2]
    for n in range(8):
        fake.seed("Contact", people(f"N{n}"))
        clock.advance(3600)
    fake.misbehave("query-timeout", on="GET queryAll", times=3)
    pages, found, _ = read(crm, cursor)
    assert last_names(pages) == [f"N{n}" for n in range(8)]
    assert len(found) == 8
    fake.misbehave("query-timeout", on="GET query", times=2)
    assert len(read(crm)[1]) == 8


def test_a_query_that_always_takes_too_long_ends_in_an_error(crm, fake):
    read(crm)
    fake.misbehave("query-timeout", on="GET query", times=1000)
    with pytest.raises(UnreachableError, match="QUERY_TIMEOUT"):
        read(crm)


def test_deletions_come_as_tombstones(crm, fake, clock):
    keep, drop = fake.seed("Contact", people("keep", "drop"))
    cursor = read(crm)[2]
    clock.advance(10)
    fake.delete("Contact", drop)
    _, found, cursor = read(crm, cursor)
    assert (found[drop].deleted, found[drop].superseded_by, found[keep].deleted) == (True, None, False)
    assert set(read(crm)[1]) == {keep}


def test_a_merged_record_names_its_survivor(crm, fake, clock):
    winner, loser = fake.seed("Contact", people("Ng", "Ng"))
    cursor = read(crm)[2]
    clock.advance(10)
    fake.merge("Contact", winner, loser)
    _, found, _ = read(crm, cursor)
    assert (found[loser].deleted, found[loser].superseded_by) == (True, winner)


def test_a_record_deleted_while_a_long_read_runs_is_seen_by_the_next(crm, fake, clock):
    fake.queries.page = 2
    keys = fake.seed("Contact", people(*"abcdef"))
    pages = crm.read("Contact", None)
    seen = [next(pages)]
    clock.advance(3600)
    fake.delete("Contact", keys[0])
    clock.advance(7200)
    fake.edit("Contact", keys[5], {"Title": "late edit"})
    seen += list(pages)
    assert read(crm, seen[-1].cursor)[1][keys[0]].deleted


def test_a_pause_longer_than_the_recycle_bin_asks_for_a_full_read(crm, fake, clock):
    fake.seed("Contact", people("Ng"))
    cursor = read(crm)[2]
    clock.advance(14 * DAY)
    cursor = read(crm, cursor)[2]
    clock.advance(14 * DAY)
    cursor = read(crm, cursor)[2]
    clock.advance(16 * DAY)
    with pytest.raises(CursorExpiredError):
        read(crm, cursor)


@pytest.mark.parametrize(
    "cursor", ["", "nonsense", "{}", '{"stamp": "2026-01-01"}', "[]", '{"stamp": 5, "deletions": 6}']
)
def test_a_cursor_that_is_none_of_ours_asks_for_a_full_read(crm, cursor):
    with pytest.raises(CursorExpiredError):
        read(crm, cursor)


def test_a_field_that_vanishes_between_two_reads_is_left_out(crm, fake, clock):
    fake.add_field("Contact", "Loyalty__c string20")
    fake.seed("Contact", people("Ng"))
    _, found, cursor = read(crm)
    assert "Loyalty__c" in next(iter(found.values())).data
    fake.drop_field("Contact", "Loyalty__c")
    _, found, _ = read(crm, cursor)
    assert "Loyalty__c" not in next(iter(found.values())).data


def test_an_idle_read_costs_one_call(crm, fake):
    fake.seed("Contact", people("Ng"))
    cursor = read(crm)[2]
    before = fake.used
    read(crm, cursor)
    assert fake.used - before == 1


@pytest.mark.parametrize("kind", ["html", "truncated"])
def test_an_answer_that_is_no_json_is_a_protocol_error(crm, fake, kind):
    fake.seed("Contact", people("Canary"))
    fake.misbehave(kind, on="GET query")
    with pytest.raises(ProtocolError) as error:
        read(crm)
    assert "Canary" not in str(error.value)


def test_a_passing_failure_of_a_read_is_waited_out(crm, fake, clock):
    fake.seed("Contact", people("Ng"))
    fake.misbehave("unavailable", on="GET query", times=2)
    fake.misbehave("dropped", on="GET query")
    assert last_names(crm.read("Contact", None)) == ["Ng"]
    assert clock.slept


def test_keys_lists_the_living_in_pages(crm, fake):
    fake.queries.page = 2
    keys = fake.seed("Contact", people(*"abcde"))
    fake.delete("Contact", keys[0])
    fake.misbehave("locator", on="GET query/{locator}")
    assert [k for page in crm.keys("Contact") for k in page] == keys[1:]


# Fetch and find ---------------------------------------------------------------------------------------------------


def test_fetch_answers_for_every_key_in_order(crm, fake):
    one, two, three = fake.seed("Contact", people("a", "b", "c"))
    fake.merge("Contact", one, two)
    asked = [three, "003000000000999AAA", two, "not' an id", one, one[:15]]
    records = crm.fetch("Contact", asked)
    assert [r.key for r in records] == asked
    assert [r.deleted for r in records] == [False, True, True, True, False, False]
    assert records[2].superseded_by == one


def test_fetch_asks_for_hundreds_at_a_time(crm, fake):
    keys = fake.seed("Contact", people(*(f"N{n}" for n in range(450))))
    crm.discover("Contact")
    before = fake.used
    assert [r.key for r in crm.fetch("Contact", keys)] == keys
    assert fake.used - before == 3
    assert all(len(r.query.get("q", "")) < 16_384 for r in fake.seen)


def test_find_quotes_what_it_is_given(crm, fake):
    nasty = "O'Neil\\' OR Name != '"
    fake.seed("Contact", people(nasty, "Smith"))
    assert last_names([Page(crm.find("Contact", "LastName", [nasty]))]) == [nasty]
    assert crm.find("Contact", "LastName", ["%"]) == []


def test_find_by_marker_number_and_flag(make, fake):
    crm = make(streams=["Account", "Contact"])
    fake.seed("Account", [{"Name": "Acme", "NumberOfEmployees": 7, "Syncline_Id__c": "m1"}, {"Name": "Other"}])
    fake.seed("Contact", [{"LastName": "Ng", "DoNotCall": True}])
    assert len(crm.find("Account", "Syncline_Id__c", ["m1", "m2"])) == 1
    assert len(crm.find("Account", "NumberOfEmployees", ["7", "seven"])) == 1
    assert len(crm.find("Contact", "DoNotCall", ["true"])) == 1
    assert crm.find("Contact", "AccountId", ["no id"]) == []


@pytest.mark.parametrize("field", ["Nope", "Description", "Id FROM User --"])
def test_find_refuses_fields_that_cannot_be_searched(crm, field):
    with pytest.raises(RefusedError):
        crm.find("Contact", field, ["x"])


# Writing ----------------------------------------------------------------------------------------------------------


def test_creates_and_updates_are_answered_row_by_row_in_order(crm, fake):
    key = fake.seed("Contact", people("Ng"))[0]
    outcomes = crm.upsert(
        "Contact",
        [
            create("m1", LastName="Bo", Email="bo@example.org"),
            Write(key, {"Title": "CTO"}),
            create("m2", LastName="x" * 81),
            Write(key[:-3] + "AAA", {"Email": "not an address"}),
            create("m3", LastName="Zed", Level__c="Nope"),
            create("m4", FirstName="nameless"),
        ],
    )
    assert [o.kind for o in outcomes] == [
        OutcomeKind.APPLIED,
        OutcomeKind.APPLIED,
        OutcomeKind.REFUSED,
        OutcomeKind.REFUSED,
        OutcomeKind.REFUSED,
        OutcomeKind.REFUSED,
    ]
    assert [(o.code, o.field) for o in outcomes[2:]] == [
        ("STRING_TOO_LONG", "LastName"),
        ("INVALID_EMAIL_ADDRESS", "Email"),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Level__c"),
        ("REQUIRED_FIELD_MISSING", "LastName"),
    ]
    assert fake.row("Contact", outcomes[0].key)["Syncline_Id__c"] == "m1"
    assert fake.row("Contact", key)["Title"] == "CTO"
    assert len(fake.rows("Contact")) == 2


def test_the_refused_value_is_not_quoted_back(crm):
    outcome = crm.upsert("Contact", [create("m1", LastName="Ng", Email="canary@@private")])[0]
    assert outcome.message == "Email: invalid email address: …"


def test_the_same_marker_twice_makes_one_record(crm, fake):
    first = crm.upsert("Contact", [create("m1", LastName="Bo")])[0]
    again = crm.upsert("Contact", [create("m1", LastName="Bo", Title="CTO")])[0]
    assert first.key == again.key
    assert [(r["LastName"], r["Title"]) for r in fake.rows("Contact")] == [("Bo", "CTO")]


def test_a_marker_twice_in_one_batch_makes_one_record(crm, fake):
    outcomes = crm.upsert("Contact", [create("m1", LastName="Bo"), create("m1", LastName="Bo")])
    assert {o.kind for o in outcomes} == {OutcomeKind.APPLIED}
    assert len(fake.rows("Contact")) == 1


@pytest.mark.parametrize("kind", ["lost", "dropped", "unavailable", "unavailable-after", "truncated", "html"])
def test_a_lost_answer_is_never_silent_and_sending_again_doubles_nothing(crm, fake, kind):
    crm.check()
    fake.misbehave(kind, on="PATCH composite")
    batch = [create("m1", LastName="Bo"), create("m2", LastName="Cy")]
    with pytest.raises(AnswerLostError):
        crm.upsert("Contact", batch)
    assert fake.calls["PATCH composite/sobjects/Contact/Syncline_Id__c"] == 1
    assert {o.kind for o in crm.upsert("Contact", batch)} == {OutcomeKind.APPLIED}
    assert len(fake.rows("Contact")) == 2


def test_what_is_known_of_a_batch_survives_the_loss_of_a_later_answer(crm, fake):
    key = fake.seed("Contact", people("Ng"))[0]
    crm.check()
    fake.misbehave("lost", on="PATCH composite/sobjects", nth=2)
    created, updated = crm.upsert("Contact", [create("m1", LastName="Bo"), Write(key, {"Title": "CTO"})])
    assert (created.kind, updated.kind) == (OutcomeKind.APPLIED, OutcomeKind.UNKNOWN)
    assert updated.key == key


def test_what_is_known_of_a_batch_survives_the_end_of_the_quota(crm, fake):
    key = fake.seed("Contact", people("Ng"))[0]
    crm.check()
    fake.misbehave("limit", on="PATCH composite/sobjects", nth=2)
    created, updated = crm.upsert("Contact", [create("m1", LastName="Bo"), Write(key, {"Title": "CTO"})])
    assert (created.kind, updated.kind) == (OutcomeKind.APPLIED, OutcomeKind.THROTTLED)


def test_calls_are_as_few_as_the_vendor_allows(crm, fake):
    crm.discover("Contact")
    before = fake.used
    outcomes = crm.upsert("Contact", [create(f"m{n}", LastName=f"N{n}") for n in range(401)])
    assert {o.kind for o in outcomes} == {OutcomeKind.APPLIED}
    assert fake.used - before == 3
    by_marker = {r["Syncline_Id__c"]: r["Id"] for r in fake.rows("Contact")}
    assert [o.key for o in outcomes] == [by_marker[f"m{n}"] for n in range(401)]


def test_rows_of_one_account_travel_together(crm, fake):
    accounts = fake.seed("Account", [{"Name": f"A{n}"} for n in range(3)])
    rows = [create(f"m{n}", LastName=f"N{n}", AccountId=accounts[n % 3]) for n in range(300)]
    outcomes = crm.upsert("Contact", rows)
    owner = {r["Id"]: r["AccountId"] for r in fake.rows("Contact")}
    assert [owner[o.key] for o in outcomes] == [accounts[n % 3] for n in range(300)]
    in_order = [owner[key] for key in sorted(owner)]
    assert in_order == sorted(in_order)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Nope": "x"}, "INVALID_FIELD"),
        ({"SystemModstamp": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"DoNotCall": "yes"}, "wrong-type"),
        ({"Title": True}, "wrong-type"),
        ({"Title": {"a": 1}}, "wrong-type"),
        ({"Birthdate": "soon"}, "wrong-type"),
    ],
)
def test_a_row_that_would_have_the_whole_call_refused_is_refused_alone(crm, fake, fields, code):
    good, bad = crm.upsert("Contact", [create("m1", LastName="Bo"), create("m2", LastName="Cy", **fields)])
    assert (good.kind, bad.kind, bad.code, bad.field) == (
        OutcomeKind.APPLIED,
        OutcomeKind.REFUSED,
        code,
        next(iter(fields)),
    )
    assert len(fake.rows("Contact")) == 1


def test_a_call_refused_as_a_whole_is_split_until_the_poison_is_alone(crm, fake):
    crm.discover("Contact")
    fake.drop_field("Contact", "Title")  # the connector still believes in it
    rows = [create(f"m{n}", LastName=f"N{n}", **({"Title": "x"} if n == 5 else {})) for n in range(8)]
    outcomes = crm.upsert("Contact", rows)
    assert [o.kind for o in outcomes].count(OutcomeKind.APPLIED) == 7
    assert (outcomes[5].kind, outcomes[5].code) == (OutcomeKind.REFUSED, "INVALID_FIELD")


def test_numbers_keep_their_digits_and_lists_become_choices(make, fake):
    crm = make(streams=["Opportunity", "Contact"])
    fields = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01", "Amount": "12345678901.25"}
    assert crm.upsert("Opportunity", [create("o1", **fields)])[0].kind is OutcomeKind.APPLIED
    assert fake.rows("Opportunity")[0]["Amount"] == 12345678901.25
    sent = fake.seen[-1].body
    assert b'"Amount":12345678901.25' in sent
    crm.upsert("Contact", [create("m1", LastName="Ng", Languages__c=["English", "German"])])
    assert fake.rows("Contact")[0]["Languages__c"] == "English;German"


def test_null_empties_a_field(crm, fake):
    key = fake.seed("Contact", [{"LastName": "Ng", "Title": "CTO", "Email": "a@b.org"}])[0]
    crm.upsert("Contact", [Write(key, {"Title": None, "Email": ""})])
    assert (fake.row("Contact", key)["Title"], fake.row("Contact", key)["Email"]) == (None, None)


def test_a_locked_row_may_be_tried_again(crm, fake):
    crm.check()
    fake.misbehave("lock", on="PATCH composite", rows=1)
    outcomes = crm.upsert("Contact", [create("m1", LastName="Bo"), create("m2", LastName="Cy")])
    assert [o.kind for o in outcomes] == [OutcomeKind.RETRY, OutcomeKind.APPLIED]
    assert outcomes[0].code == "UNABLE_TO_LOCK_ROW"


def test_duplicates_name_the_other_record(crm, fake):
    other = fake.seed("Contact", [{"LastName": "Ng", "Syncline_Id__c": "taken"}])[0]
    mine = fake.seed("Contact", people("Bo"))[0]
    outcome = crm.upsert("Contact", [Write(mine, {"Syncline_Id__c": "taken"})])[0]
    assert (outcome.kind, outcome.code) == (OutcomeKind.DUPLICATE, "DUPLICATE_VALUE")
    assert outcome.of == other
    fake.misbehave("duplicates", on="PATCH composite/sobjects/Contact", of=other)
    outcome = crm.upsert("Contact", [create("m1", LastName="Ng")])[0]
    assert (outcome.kind, outcome.code, outcome.of) == (OutcomeKind.DUPLICATE, "DUPLICATES_DETECTED", other)


def test_duplicate_rules_are_respected_unless_told_otherwise(make, fake):
    for rules, said in (("respect", "allowSave=false"), ("override", "allowSave=true")):
        make(duplicate_rules=rules).upsert("Contact", [create("m1", LastName="Ng")])
        assert said in fake.seen[-1].headers["sforce-duplicate-rule-header"]


def test_writing_to_what_was_merged_away_names_the_survivor(crm, fake):
    winner, loser, dropped = fake.seed("Contact", people("Ng", "Ng", "Bo"))
    fake.merge("Contact", winner, loser)
    fake.delete("Contact", dropped)
    merged, gone, never = crm.upsert(
        "Contact", [Write(k, {"Title": "x"}) for k in (loser, dropped, "003000000000999AAA")]
    )
    assert (merged.kind, merged.of) == (OutcomeKind.MISSING, winner)
    assert (gone.kind, gone.of) == (OutcomeKind.MISSING, None)
    assert never.kind is OutcomeKind.MISSING


def test_pointing_at_a_deleted_parent_is_not_taken_for_being_gone(crm, fake):
    account = fake.seed("Account", [{"Name": "Acme"}])[0]
    key = fake.seed("Contact", people("Ng"))[0]
    fake.delete("Account", account)
    rows = [Write(key, {"AccountId": account}), create("m1", LastName="Bo", AccountId=account)]
    rows.append(Write(key, {"AccountId": "001000000000999AAA"}))
    assert [o.kind for o in crm.upsert("Contact", rows)] == [OutcomeKind.REFUSED] * 3


def test_a_create_is_refused_rather_than_doubled_where_the_marker_field_is_missing(crm, fake):
    fake.drop_field("Contact", "Syncline_Id__c")
    outcome = crm.upsert("Contact", [create("m1", LastName="Bo")])[0]
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, "Syncline_Id__c")
    assert fake.rows("Contact") == []


def test_without_a_marker_records_are_created_plainly(make, fake):
    crm = make(external_id=None)
    fake.drop_field("Contact", "Syncline_Id__c")
    assert crm.upsert("Contact", [create("m1", LastName="Bo")])[0].kind is OutcomeKind.APPLIED
    assert [r["LastName"] for r in fake.rows("Contact")] == ["Bo"]


def test_a_looked_up_marker_is_written_and_found(make, fake):
    fake.add_field("Contact", "Hub__c string64")
    crm = make(streams={"Contact": {"external_id": "Hub__c", "lookup": True}})
    assert crm.check() == []
    crm.check()
    fake.misbehave("lost", on="POST composite")
    with pytest.raises(AnswerLostError):
        crm.upsert("Contact", [create("m1", LastName="Bo")])
    (record,) = crm.find("Contact", "Hub__c", ["m1"])
    assert record.data["LastName"] == "Bo"


def test_a_parent_can_be_named_by_its_marker(crm, fake):
    account = crm.upsert("Account", [create("acc-1", Name="Acme")])[0].key
    crm.upsert("Contact", [create("m1", LastName="Ng", Account={"Syncline_Id__c": "acc-1"})])
    assert fake.rows("Contact")[0]["AccountId"] == account


def test_remove_deletes_and_tells_what_was_gone(crm, fake):
    one, two, winner = fake.seed("Contact", people("a", "b", "c"))
    fake.merge("Contact", winner, two)
    outcomes = crm.remove("Contact", [Write(one, {}), Write(two, {}), Write("nonsense", {}), Write(None, {})])
    assert [o.kind for o in outcomes] == [OutcomeKind.APPLIED, *[OutcomeKind.MISSING] * 3]
    assert outcomes[1].of == winner
    assert [r["Id"] for r in fake.rows("Contact")] == [winner]


def test_secrets_are_in_no_repr(crm):
    assert SECRET not in repr(crm.settings) + repr(crm._session.__dict__)


@settings(max_examples=25, deadline=None)
@given(
    actions=st.lists(
        st.tuples(st.sampled_from(["seed", "edit", "delete", "merge", "wait", "read"]), st.integers(0, 400)),
        max_size=25,
    ),
    page=st.integers(1, 4),
)
def test_any_history_of_edits_is_followed_to_the_end(actions, page):
    """Whatever happens in whatever order, what the reads delivered equals what is in the org."""
    clock = ManualClock()
    fake = SalesforceFake(clock, page=page)
    auth = {"kind": "client_credentials", "client_id": "app", "client_secret": "secret"}
    crm = SalesforceConnector(
        SalesforceSettings(auth=auth, login_url=MY_DOMAIN), Context(clock=clock, transport=transport(fake))
    )
    mirror, cursor = {}, None

    def pull():
        nonlocal cursor
        for found in crm.read("Contact", cursor):
            mirror.update({r.key: None if r.deleted else r.data["Title"] for r in found.records})
            last = found.cursor
        cursor = last

    for deed, number in [*actions, ("read", 0)]:
        living = [row["Id"] for row in fake.rows("Contact")]
        if deed == "seed":
            fake.seed("Contact", people(*(f"N{n}" for n in range(number % 6))))
        elif deed == "edit" and living:
            fake.edit("Contact", living[number % len(living)], {"Title": str(number)})
        elif deed == "delete" and living:
            fake.delete("Contact", living[number % len(living)])
        elif deed == "merge" and len(living) > 1:
            fake.merge("Contact", living[0], living[-1])
        elif deed == "wait":
            clock.advance(number)
        elif deed == "read":
            pull()
    crm.close()
    assert {k: v for k, v in mirror.items() if v is not None or k in {r["Id"] for r in fake.rows("Contact")}} == {
        row["Id"]: row["Title"] for row in fake.rows("Contact")
    }


# Bulk -------------------------------------------------------------------------------------------------------------


def test_large_batches_go_through_bulk_and_all_three_sets_are_read(make, fake, clock):
    crm = make(bulk_threshold=5)
    key = fake.seed("Contact", [{"LastName": "Ng", "Title": "CTO", "Email": "a@b.org"}])[0]
    rows = [create(f"m{n}", LastName=f'N,"{n}"\nx', DoNotCall=n % 2 == 0) for n in range(4)]
    rows += [
        create("bad", LastName="x" * 81),
        Write(key, {"Title": None, "Phone": "+1"}),
        create("na", LastName="#N/A"),
    ]
    outcomes = crm.upsert("Contact", rows)
    assert [o.kind for o in outcomes] == [
        *[OutcomeKind.APPLIED] * 4,
        OutcomeKind.REFUSED,
        OutcomeKind.APPLIED,
        OutcomeKind.APPLIED,
    ]
    assert (outcomes[4].code, outcomes[4].field) == ("STRING_TOO_LONG", "LastName")
    found = {r["Id"]: r for r in fake.rows("Contact")}
    assert [found[o.key]["LastName"] for o in outcomes[:4]] == [f'N,"{n}"\nx' for n in range(4)]
    assert [found[o.key]["DoNotCall"] for o in outcomes[:4]] == [True, False, True, False]
    assert (found[key]["Title"], found[key]["Phone"], found[key]["Email"]) == (None, "+1", "a@b.org")
    assert found[outcomes[6].key]["LastName"] == "#N/A"
    assert fake.calls["POST jobs/ingest"] == 2
    assert clock.slept


def test_rows_a_bulk_job_did_not_reach_may_be_tried_again(make, fake):
    crm = make(bulk_threshold=2)
    crm.check()
    fake.misbehave("unprocessed", on="GET jobs/ingest/{id}", rows=2)
    outcomes = crm.upsert("Contact", [create(f"m{n}", LastName=f"N{n}") for n in range(5)])
    assert Counter(o.kind for o in outcomes) == {OutcomeKind.APPLIED: 3, OutcomeKind.RETRY: 2}


def test_results_of_a_bulk_job_that_cannot_be_read_leave_its_rows_unknown(make, fake):
    crm = make(bulk_threshold=2)
    crm.check()
    fake.misbehave("truncated", on="successfulResults")
    outcomes = crm.upsert("Contact", [create(f"m{n}", LastName=f"N{n}") for n in range(3)])
    assert OutcomeKind.UNKNOWN in {o.kind for o in outcomes}
    assert {o.kind for o in outcomes} <= {OutcomeKind.UNKNOWN, OutcomeKind.APPLIED}


def test_a_bulk_job_that_never_ends_leaves_its_rows_unknown(make, fake, monkeypatch):
    crm = make(bulk_threshold=2, bulk_patience=60)
    monkeypatch.setattr(fake.bulk, "_work", lambda job, fault: setattr(job, "state", "Queued"))
    monkeypatch.setattr(type(fake.bulk), "_job", _stuck(type(fake.bulk)._job))
    outcomes = crm.upsert("Contact", [create(f"m{n}", LastName=f"N{n}") for n in range(3)])
    assert {o.kind for o in outcomes} == {OutcomeKind.UNKNOWN}


def _stuck(real):
    def job(self, request, job, fault):
        if request.method == "GET":
            job.state = "UploadComplete"
        return real(self, request, job, fault)

    return job


@pytest.mark.parametrize("on", ["POST jobs/ingest", "PATCH jobs/ingest/{id}"])
def test_a_lost_answer_around_a_bulk_job_doubles_nothing(make, fake, on):
    crm = make(bulk_threshold=2)
    crm.check()
    batch = [create(f"m{n}", LastName=f"N{n}") for n in range(3)]
    fake.misbehave("lost", on=on)
    try:
        crm.upsert("Contact", batch)
    except UnreachableError:
        assert fake.rows("Contact") == []
    assert {o.kind for o in crm.upsert("Contact", batch)} == {OutcomeKind.APPLIED}
    assert len(fake.rows("Contact")) == 3
