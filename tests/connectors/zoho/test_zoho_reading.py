"""Reading: lists and their limits, what changed, what was deleted, merged and converted."""

from datetime import timedelta

import pytest

from connectors.oauth import MemoryTokens
from connectors.sdk import Context, CursorExpiredError, ProtocolError, RefusedError, SourceIncompleteError
from connectors.zoho import ZohoConnector, ZohoSettings
from model.clock import ManualClock
from syncline.sandbox.wire import Response, transport

HOUR = 3600


def people(count, start=1):
    return [{"Last_Name": f"Name {n}"} for n in range(start, start + count)]


def read(connector, stream="Contacts", since=None):
    """Live records by key, keys of tombstones, and the last cursor."""
    pages = list(connector.read(stream, since))
    live = {r.key: r for p in pages for r in p.records if not r.deleted}
    return live, {r.key for p in pages for r in p.records if r.deleted}, pages[-1].cursor


def asked(fake, path):
    return [request for request in fake.seen if request.path == f"/crm/v8/{path}"]


def queries(fake):
    return [request.json()["select_query"] for request in asked(fake, "coql")]


# Everything


def test_every_list_call_names_its_fields_fifty_at_most(make, fake):
    for n in range(120):
        fake.add_field("Contacts", f"Extra_{n} text20")
    [key] = fake.seed("Contacts", [{"Last_Name": "Ng", **{f"Extra_{n}": f"v{n}" for n in range(120)}}])
    row = read(make())[0][key].data
    assert [row[f"Extra_{n}"] for n in range(120)] == [f"v{n}" for n in range(120)]
    named = [request.query["fields"].split(",") for request in asked(fake, "Contacts")]
    assert len(named) == 4
    assert max(map(len, named)) == 50
    assert all({"id", "Modified_Time"} <= set(names) for names in named)


def test_a_record_that_changes_between_two_parts_of_its_fields_is_not_torn(make, fake, clock):
    for n in range(60):
        fake.add_field("Contacts", f"Extra_{n} text20")
    [key] = fake.seed("Contacts", [{"Last_Name": "old", "Extra_59": "old"}])
    crm = make()
    crm.check()

    def somebody_edits():
        clock.advance(5)
        fake.edit("Contacts", key, {"Last_Name": "new", "Extra_59": "new"})

    fake.before("GET Contacts", lambda: fake.before("GET Contacts", somebody_edits))
    row = read(crm)[0][key].data
    assert (row["Last_Name"], row["Extra_59"]) == ("new", "new")


def test_records_that_never_stand_still_are_an_error_not_half_a_record(make, fake, clock):
    for n in range(60):
        fake.add_field("Contacts", f"Extra_{n} text20")
    [key] = fake.seed("Contacts", people(1))

    def again():
        clock.advance(5)
        fake.edit("Contacts", key, {"Title": f"{clock.now()}"})
        fake.before("GET Contacts", again)

    fake.before("GET Contacts", again)
    with pytest.raises(ProtocolError):
        read(make())


def test_beyond_two_thousand_records_a_list_goes_on_by_page_tokens(make, fake):
    keys = fake.seed("Contacts", people(2450))
    live, _, _ = read(make())
    assert sorted(live) == keys
    places = [request.query.get("page") or "token" for request in asked(fake, "Contacts")]
    assert places == [*map(str, range(1, 11)), "token", "token", "token"]


@pytest.mark.parametrize("limit", ["expired", "reach"])
def test_a_list_that_cannot_be_paged_further_goes_on_by_ids(make, fake, clock, limit):
    fake.lists.by_number, fake.lists.by_token = 2000, 2200 if limit == "reach" else 100_000
    fake.rows_a_query = 70
    keys = fake.seed("Contacts", people(2450))
    fake.sessions.lifetime = timedelta(days=3)
    crm = make()
    pages = crm.read("Contacts", None)
    seen = [record.key for page in (next(pages) for _ in range(11)) for record in page.records]
    if limit == "expired":
        clock.advance(25 * HOUR)
    seen += [record.key for page in pages for record in page.records]
    assert sorted(seen) == keys


def test_a_record_that_slips_over_the_edge_of_a_page_is_read_all_the_same(make, fake):
    keys = fake.seed("Contacts", people(12))
    crm = make(page=5)
    crm.check()
    fake.before("GET Contacts", lambda: fake.before("GET Contacts", lambda: fake.delete("Contacts", keys[0])))
    live, _, _ = read(crm)
    assert set(keys[1:]) <= set(live)


def test_a_record_that_slips_in_the_first_of_several_stretches_is_read_too(crm, fake):
    keys = fake.seed("Contacts", people(2150))
    crm.check()
    fake.before("GET Contacts", lambda: fake.before("GET Contacts", lambda: fake.delete("Contacts", keys[0])))
    pages = list(crm.read("Contacts", None))
    met = [record.key for page in pages for record in page.records]
    assert sorted(met) == keys


def test_a_full_read_promises_to_list_everything_and_nothing_twice(make, fake):
    keys = fake.seed("Contacts", people(12))
    pages = list(make(page=5).read("Contacts", None))
    assert all(page.full for page in pages)
    assert sorted(record.key for page in pages for record in page.records) == keys


def test_an_empty_module_is_answered_with_204_and_is_no_error(crm):
    live, gone, cursor = read(crm)
    assert (live, gone) == ({}, set())
    assert cursor is not None


def test_lookups_are_objects_and_nothing_picked_is_nothing(make, fake):
    [account] = fake.seed("Accounts", [{"Account_Name": "Cheese & Sons", "Industry": "-None-"}])
    [key] = fake.seed("Contacts", [{"Last_Name": "Ng", "Account_Name.id": account}])
    crm = make()
    assert read(crm)[0][key].data["Account_Name"] == {"name": "Cheese & Sons", "id": account}
    assert read(crm, "Accounts")[0][account].data["Industry"] is None


def test_a_version_is_the_same_moment_whatever_zone_it_is_printed_in(make, fake):
    [key] = fake.seed("Contacts", people(1))
    record = read(make())[0][key]
    assert record.data["Modified_Time"] == "2026-01-01T05:30:00+05:30"
    assert record.version == "2026-01-01T00:00:00+00:00"


def test_records_that_wait_for_approval_are_not_taken_for_deleted(make, fake):
    [key] = fake.seed("Contacts", people(1))
    fake.hold(key, "NOT_APPROVED")
    crm = make()
    assert key in read(crm)[0]
    assert not crm.fetch("Contacts", [key])[0].deleted


def test_fewer_fields_are_asked_for_where_fewer_are_looked_at(crm, fake):
    fake.seed("Contacts", people(1))
    crm.narrow("Contacts", ["Last_Name", "Account_Name"])
    read(crm)
    assert asked(fake, "Contacts")[0].query["fields"] == "id,Modified_Time,Account_Name,Last_Name"


# What changed


def test_changes_are_asked_for_by_the_stamp_and_then_the_id(make, fake, clock):
    crm = make(page=5)
    _, _, cursor = read(crm)
    clock.advance(HOUR)
    keys = fake.seed("Contacts", people(120))  # one second
    live, _, _ = read(crm, since=cursor)
    assert sorted(live) == keys
    changes = [text for text in queries(fake) if "Modified_Time from" in text]
    assert all(text.endswith("order by Modified_Time asc, id asc limit 50") for text in changes)
    assert [("and id >" in text) for text in changes] == [False, True, True]


def test_an_idle_module_costs_one_query_and_one_look_at_deletions(crm, fake, clock):
    fake.seed("Contacts", people(3))
    clock.advance(600)
    _, _, cursor = read(crm)
    clock.advance(600)
    fake.calls.clear()
    _, _, later = read(crm, since=cursor)
    assert dict(fake.calls) == {"POST coql": 1, "GET Contacts/deleted": 1}
    assert later != cursor


def test_what_was_read_is_not_read_again_once_the_overlap_is_past(crm, fake, clock):
    [key] = fake.seed("Contacts", people(1))
    _, _, cursor = read(crm)
    clock.advance(HOUR)
    fake.edit("Contacts", key, {"Title": "CTO"})
    clock.advance(600)
    live, _, cursor = read(crm, since=cursor)
    assert list(live) == [key]
    clock.advance(HOUR)
    assert read(crm, since=cursor)[0] == {}


def test_a_clock_that_is_off_loses_no_change(fake, clock):
    ahead = ManualClock(clock.now() + timedelta(hours=2))
    given = {"client_id": "app", "client_secret": "s3cr3t-canary", "refresh_token": "r3fr3sh-canary"}
    settings = ZohoSettings(data_center="eu", auth={"kind": "refresh_token", **given})
    crm = ZohoConnector(settings, Context(clock=ahead, transport=transport(fake), tokens=MemoryTokens()))
    _, _, cursor = read(crm)
    clock.advance(600)
    [key] = fake.seed("Contacts", people(1))
    assert key in read(crm, since=cursor)[0]
    crm.close()


def test_a_short_page_is_not_taken_for_the_last(make, fake, clock):
    crm = make(page=5)
    _, _, cursor = read(crm)
    clock.advance(HOUR)
    keys = fake.seed("Contacts", people(30))
    fake.rows_a_query = 7
    assert sorted(read(crm, since=cursor)[0]) == keys
    assert len(crm.find("Contacts", "Last_Name", [f"Name {n}" for n in range(1, 31)])) == 30


# What is gone


@pytest.mark.parametrize("permanent", [False, True])
def test_deletions_are_tombstones_whether_or_not_they_can_be_restored(crm, fake, clock, permanent):
    gone, kept = fake.seed("Contacts", people(2))
    clock.advance(HOUR)
    _, _, cursor = read(crm)
    clock.advance(HOUR)
    fake.delete("Contacts", gone, permanent=permanent)
    clock.advance(60)
    live, deleted, _ = read(crm, since=cursor)
    assert (live, deleted) == ({}, {gone})
    assert kept not in deleted
    assert asked(fake, "Contacts/deleted")[-1].query["type"] == "all"


def test_more_deletions_than_a_page_holds_are_all_told(make, fake, clock):
    crm = make(page=5)
    keys = fake.seed("Contacts", people(13))
    _, _, cursor = read(crm)
    clock.advance(HOUR)
    for key in keys:
        fake.delete("Contacts", key)
    clock.advance(60)
    assert read(crm, since=cursor)[1] == set(keys)


def test_more_deletions_than_are_listed_ask_for_a_full_read(make, fake, clock):
    crm = make(page=5)
    keys = fake.seed("Contacts", people(13))
    _, _, cursor = read(crm)
    clock.advance(HOUR)
    for key in keys:
        fake.delete("Contacts", key)
    fake.lists.graves_by_number = 10
    with pytest.raises(CursorExpiredError):
        read(crm, since=cursor)


def test_a_pause_longer_than_deletions_are_listed_asks_for_a_full_read(crm, fake, clock):
    fake.seed("Contacts", people(1))
    _, _, cursor = read(crm)
    clock.advance(61 * 24 * HOUR)
    with pytest.raises(CursorExpiredError):
        read(crm, since=cursor)


def test_the_losers_of_a_merge_look_deleted_and_name_nobody(crm, fake, clock):
    master, loser = fake.seed("Contacts", people(2))
    _, _, cursor = read(crm)
    clock.advance(HOUR)
    fake.merge("Contacts", master, loser)
    clock.advance(60)
    pages = list(crm.read("Contacts", cursor))
    [stone] = [record for page in pages for record in page.records if record.deleted]
    assert (stone.key, stone.superseded_by) == (loser, None)
    assert master in {record.key for page in pages for record in page.records}


def test_a_converted_lead_is_read_on_and_is_not_deleted(make, fake, clock):
    crm = make(streams=["Leads"])
    [key] = fake.seed("Leads", [{"Last_Name": "Ng", "Company": "Cheese & Sons"}])
    _, _, cursor = read(crm, "Leads")
    clock.advance(HOUR)
    _, contact = fake.convert(key)
    clock.advance(60)
    live, gone, _ = read(crm, "Leads", cursor)
    assert gone == set()
    assert live[key].data["Converted__s"] is True
    assert live[key].data["Converted_Contact"]["id"] == contact
    assert key in read(crm, "Leads")[0]
    assert not crm.fetch("Leads", [key])[0].deleted


def test_more_conversions_than_pages_reach_are_all_read(make, fake, clock):
    crm = make(streams=["Leads"])
    keys = fake.seed("Leads", [{"Last_Name": f"Name {n}", "Company": "Cheese & Sons"} for n in range(2050)])
    _, _, cursor = read(crm, "Leads")
    clock.advance(HOUR)
    for key in keys:
        fake.convert(key)
    live, _, _ = read(crm, "Leads", cursor)
    assert sorted(live) == keys


def test_converted_leads_are_read_though_the_list_cannot_be_paged_to_its_end(make, fake):
    keys = fake.seed("Leads", [{"Last_Name": f"Name {n}", "Company": "Cheese & Sons"} for n in range(2300)])
    for key in keys[2200:]:
        fake.convert(key)
    fake.lists.by_token = 2000
    assert sorted(read(make(streams=["Leads"]), "Leads")[0]) == keys


def test_converted_leads_that_no_list_reaches_are_an_error_that_reading_anew_is_not_asked_to_mend(make, fake):
    keys = fake.seed("Leads", [{"Last_Name": f"Name {n}", "Company": "Cheese & Sons"} for n in range(4600)])
    for key in keys[:2300]:
        fake.convert(key)
    fake.lists.by_token = 2000
    assert sorted(read(make(streams=["Leads"]), "Leads")[0]) == keys
    for key in keys[2300:]:
        fake.convert(key)
    with pytest.raises(SourceIncompleteError, match="converted"):
        read(make(streams=["Leads"]), "Leads")


@pytest.mark.parametrize(("path", "full"), [("Contacts", True), ("Contacts/deleted", False), ("coql", False)])
def test_an_empty_page_that_promises_more_ends_a_read_as_an_error(make, fake, path, full):
    """The position of what was deleted would move on past what the rest of the list names."""
    fake.seed("Contacts", people(3))
    _, _, cursor = read(make())

    class Promising:
        def handle(self, request):
            answer = fake.handle(request)
            if not request.path.endswith(path) or "ids" in request.query:
                return answer
            return Response.of({"data": [], "info": {"more_records": True, "next_page_token": "t"}})

    crm = make(carrier=Promising())
    with pytest.raises(ProtocolError, match="empty page"):
        read(crm, "Contacts", None if full else cursor)


def test_keys_are_fetched_though_the_list_refuses_all_for_one_that_is_gone(crm, fake):
    gone, *kept = fake.seed("Contacts", people(5))
    fake.delete("Contacts", gone)
    fake.lists.strict_ids = True
    found = crm.fetch("Contacts", [gone, *kept])
    assert [record.deleted for record in found] == [True, False, False, False, False]


def test_a_refusal_that_is_about_the_fields_is_not_taken_for_a_deletion(crm, fake):
    keys = fake.seed("Contacts", people(5))
    fake.lists.refused_fields = frozenset({"Title"})
    with pytest.raises(RefusedError):
        crm.fetch("Contacts", keys)
    with pytest.raises(RefusedError):
        read(crm)


def test_fetch_shows_what_is_gone_or_is_no_key_as_gone(crm, fake):
    gone, kept = fake.seed("Contacts", people(2))
    fake.delete("Contacts", gone)
    found = crm.fetch("Contacts", [gone, kept, "no key"])
    assert [(record.key, record.deleted) for record in found] == [(gone, True), (kept, False), ("no key", True)]


def test_two_hundred_and_fifty_keys_are_fetched_in_three_calls(crm, fake):
    keys = fake.seed("Contacts", people(250))
    crm.discover("Contacts")
    fake.calls.clear()
    assert [record.key for record in crm.fetch("Contacts", keys) if not record.deleted] == keys
    assert fake.calls["GET Contacts"] == 3


# By value


def test_records_are_found_by_values_whatever_quotes_are_in_them(crm, fake):
    rows = [{"Last_Name": name} for name in ("O'Brien", "Back\\slash", "x' or id is not null or Last_Name = 'x", "Ng")]
    keys = fake.seed("Contacts", rows)
    for row, key in zip(rows, keys, strict=True):
        assert [record.key for record in crm.find("Contacts", "Last_Name", [row["Last_Name"]])] == [key]
    assert list(crm.find("Contacts", "Last_Name", [])) == []


def test_more_values_than_a_query_takes_are_asked_for_in_several(crm, fake):
    keys = fake.seed("Contacts", people(120))
    found = crm.find("Contacts", "Last_Name", [f"Name {n}" for n in range(1, 121)])
    assert sorted(record.key for record in found) == keys


def test_searching_by_a_field_that_is_not_there_is_refused(crm):
    with pytest.raises(RefusedError):
        crm.find("Contacts", "Nope", ["x"])
