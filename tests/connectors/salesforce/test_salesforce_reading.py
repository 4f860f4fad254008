"""What is read: every change, every deletion, nothing lost between pages and reads."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.salesforce import SalesforceConnector
from connectors.salesforce.settings import SalesforceSettings
from connectors.sdk import (
    Context,
    CursorExpiredError,
    ProtocolError,
    RefusedError,
    UnreachableError,
)
from model.clock import ManualClock
from syncline.sandbox.salesforce import SalesforceFake
from syncline.sandbox.wire import transport

MY_DOMAIN = "https://example.my.salesforce.com"
DAY = 86_400


def people(*names):
    return [{"LastName": name} for name in names]


def last_names(pages):
    return [record.data.get("LastName") for page in pages for record in page.records]


def read(connector, since=None, stream="Contact"):
    """All pages, the records by key (later ones win), and the last cursor."""
    pages = list(connector.read(stream, since))
    return pages, {r.key: r for p in pages for r in p.records}, pages[-1].cursor


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
    """The read begins anew half-way, so that its last rows are stamped later than the deletion it cannot see."""
    fake.queries.page = 2
    keys = fake.seed("Contact", people(*"abcdefghi"))
    pages = crm.read("Contact", None)
    seen = [next(pages)]
    clock.advance(3600)
    fake.delete("Contact", keys[0])
    clock.advance(7200)
    for key in keys[5:]:
        fake.edit("Contact", key, {"Title": "late edit"})
    fake.misbehave("locator", on="GET query/{locator}")
    seen += list(pages)
    for page in seen:
        assert read(crm, page.cursor)[1][keys[0]].deleted


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
