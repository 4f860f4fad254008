"""Reading Siebel: pages by stamp and id, an hour that happens twice, empty answers, rows that are not seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from connectors.sdk import CursorExpiredError, ProtocolError, RefusedError
from syncline.sandbox.siebel import SiebelFake
from syncline.sandbox.wire import Response

AUTUMN = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # in Berlin 02:00 summer time; at 01:00 UTC it is 02:00 again


class Without:
    """The enterprise, whose records do not show a field."""

    def __init__(self, fake, field="Last Call Date"):
        self.fake, self.field = fake, field

    def handle(self, request):
        answer = self.fake.handle(request)
        if request.path.endswith("/Account/Account") and answer.body:
            body = orjson.loads(answer.body)
            for row in body["items"]:
                row.pop(self.field, None)
            return Response.of(body)
        return answer


def accounts(*numbers):
    return [{"Name": f"Company {n}", "Location": "HQ"} for n in numbers]


def read(connector, since=None, stream="Account"):
    pages = list(connector.read(stream, since))
    cursors = [page.cursor for page in pages if page.cursor]
    return [record for page in pages for record in page.records], cursors[-1]


def test_more_records_of_one_second_than_a_page_holds_are_read_by_their_ids(fake, make):
    keys = fake.seed("Account", accounts(*range(23)))
    records, _ = read(make(page=5))
    assert sorted(record.key for record in records) == sorted(keys)
    assert {record.data["Updated"] for record in records} == {"2026-01-01T00:00:00Z"}


@pytest.mark.parametrize("blanks_last", [False, True])
@pytest.mark.parametrize("count", [0, 2, 6])
def test_records_without_a_stamp_are_read_and_hide_no_other(fake, make, clock, blanks_last, count):
    fake.blanks_last = blanks_last
    keys = fake.seed("Account", accounts(*range(9)))
    for key in keys[:count]:
        fake.store.rows["Account"][key]["Updated"] = ""
    connector = make(page=3)
    records, since = read(connector)
    assert sorted(record.key for record in records) == sorted(keys)
    clock.advance(600)
    fake.edit("Account", keys[0], {"Alias": "now it has one"})
    assert read(connector, since)[0][-1].key == keys[0]


def test_a_release_that_cannot_be_asked_for_what_is_blank_is_read_all_the_same(fake, make):
    keys = fake.seed("Account", accounts(*range(9)))
    for key in keys[:4]:
        fake.store.rows["Account"][key]["Updated"] = ""
    connector = make(page=3)
    connector.discover("Account")
    fake.refusals.append(("GET", 500, "There is a syntax error in the search specification(SBL-DAT-00501)"))
    assert {record.key for record in read(connector)[0]} >= set(keys[4:])


@pytest.mark.parametrize(("blank", "blanks_last", "told"), [(4, False, 1), (9, False, 1), (9, True, 1), (2, False, 0)])
def test_blanks_that_such_a_release_may_not_show_are_told(fake, make, blank, blanks_last, told):
    fake.blanks_last = blanks_last
    for key in fake.seed("Account", accounts(*range(9)))[:blank]:
        fake.store.rows["Account"][key]["Updated"] = ""
    connector = make(page=3)
    connector.discover("Account")
    fake.refusals.append(("GET", 500, "There is a syntax error in the search specification(SBL-DAT-00501)"))
    pages = list(connector.read("Account", None))
    flaws = [flaw for page in pages for flaw in page.flaws]
    assert [(flaw.place, flaw.problem.field) for flaw in flaws] == [("Account without Updated", "Updated")] * told
    assert sum(len(page.records) for page in pages) == (9 - blank) + min(blank, 3)


def test_a_component_whose_records_do_not_show_the_stamp_is_said(fake, make):
    fake.seed("Account", accounts(1))
    with pytest.raises(ProtocolError, match="as stamp"):
        read(make(streams={"Account": {"stamp": "Last Call Date", "fields": ["Name"]}}, of=Without(fake)))


def test_no_more_than_a_hundred_rows_are_asked_for_and_never_the_silent_ten(fake, crm):
    fake.seed("Account", accounts(*range(150)))
    records, _ = read(crm)
    assert len(records) == 150
    assert {request.query["PageSize"] for request in fake.seen if "PageSize" in request.query} == {"100"}


def test_an_enterprise_that_allows_smaller_pages_than_were_asked_for_loses_nothing(clock, make):
    small = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, largest=7)
    keys = small.seed("Account", accounts(*range(30)))
    connector = make(of=small)
    assert {record.key for record in read(connector)[0]} == set(keys)
    assert {key for page in connector.keys("Account") for key in page} == set(keys)
    assert not any(record.deleted for record in connector.fetch("Account", keys))


def test_records_of_other_people_are_seen_because_a_view_mode_is_named(fake, make):
    [key] = fake.seed("Account", accounts(1))
    assert [record.key for record in read(make())[0]] == [key]
    assert read(make(view_mode="Sales Rep"))[0] == []


def test_a_stream_may_be_seen_in_another_mode_than_the_rest(fake, make):
    fake.seed("Account", accounts(1))
    fake.seed("Contact", [{"First Name": "Ada", "Last Name": "Byron"}])
    connector = make(streams={"Account": None, "Contact": {"view_mode": "Personal"}})
    assert len(read(connector)[0]) == 1
    assert read(connector, stream="Contact")[0] == []


@pytest.mark.parametrize("status", [204, 404])
def test_nothing_found_is_an_empty_read_whether_the_release_says_204_or_404(clock, make, status):
    fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, empty=status)
    connector = make(of=fake)
    assert read(connector)[0] == []
    assert list(connector.keys("Account")) == []
    [record] = connector.fetch("Account", ["88-1V80SZ"])
    assert record.deleted


def test_a_single_hit_that_comes_as_a_bare_record_is_read_like_any_other(clock, make):
    fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, uniform=False)
    keys = fake.seed("Account", accounts(*range(6)))
    connector = make(of=fake, page=5)
    assert {record.key for record in read(connector)[0]} == set(keys)
    assert [record.key for record in connector.fetch("Account", keys[:1])] == keys[:1]


def test_a_component_that_is_not_there_is_an_error_never_an_empty_system(make):
    connector = make(streams={"Account": {"object": "Acount", "component": "Acount"}})
    with pytest.raises(RefusedError):
        list(connector.read("Account", None))
    with pytest.raises(RefusedError):
        list(connector.keys("Account"))


def test_a_release_that_ignores_the_order_is_found_out(clock, make):
    fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, sorts=False)
    for n in range(12):
        fake.seed("Account", accounts(n))
        clock.advance(3600)
    with pytest.raises(ProtocolError, match="sortspec"):
        list(make(of=fake, page=5).read("Account", None))


@pytest.mark.parametrize("in_utc", [True, False], ids=["stamps kept as moments", "stamps kept as shown"])
def test_all_of_the_hour_that_happens_twice_is_read_again(clock, make, in_utc):
    fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, in_utc=in_utc)
    clock.time = AUTUMN + timedelta(minutes=50)
    early = fake.seed("Account", accounts(*range(8)))
    connector = make(of=fake, page=3)
    records, since = read(connector)
    assert sorted(record.key for record in records) == sorted(early), "each of them once"
    clock.time = AUTUMN + timedelta(minutes=70)  # shown as 02:10, before the 02:50 that was read
    late = fake.seed("Account", accounts(*range(10, 18)))
    assert set(late) <= {record.key for record in read(connector, since)[0]}
    _, since = read(connector, since)
    clock.time = AUTUMN + timedelta(hours=3)
    after = fake.seed("Account", accounts(*range(20, 28)))
    assert set(after) <= {record.key for record in read(connector, since)[0]}
    everything, _ = read(connector)
    assert sorted(record.key for record in everything) == sorted([*early, *late, *after])


def test_the_first_run_of_a_doubled_hour_need_not_leave_anything_for_the_second_to_be_found(clock, make):
    fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, in_utc=False)
    clock.time = AUTUMN + timedelta(minutes=50)
    [early] = fake.seed("Account", accounts(1))
    _, since = read(make(of=fake))
    fake.delete("Account", early)
    clock.time = AUTUMN + timedelta(minutes=70)
    [late] = fake.seed("Account", accounts(2))
    assert [record.key for record in read(make(of=fake), since)[0]] == [late]


def test_reading_begins_before_the_hour_that_there_is_not_in_spring(fake, clock, make):
    clock.time = datetime(2026, 3, 29, 1, 2, tzinfo=UTC)  # 03:02 in Berlin; two minutes ago it was 01:59
    fake.seed("Account", accounts(1))
    connector = make()
    _, since = read(connector)
    fake.seen.clear()
    read(connector, since)
    assert '"03/29/2026 01:5' in fake.seen[-2].query["searchspec"] + fake.seen[-1].query["searchspec"]


def test_a_position_of_another_zone_asks_for_a_full_read(fake, make):
    fake.seed("Account", accounts(1))
    _, since = read(make())
    with pytest.raises(CursorExpiredError):
        list(make(zone="America/New_York").read("Account", since))


def test_a_stamp_of_the_far_future_does_not_hide_what_follows(fake, clock, make):
    now = clock.now()
    clock.time = datetime(2099, 1, 1, tzinfo=UTC)
    fake.seed("Account", accounts(1))
    clock.time = now
    _, since = read(make())
    clock.advance(60)
    [key] = fake.seed("Account", accounts(2))
    assert key in {record.key for record in read(make(), since)[0]}


def test_days_moments_and_truth_values_are_understood_and_days_are_not_moved(fake, make):
    [key] = fake.seed(
        "Contact",
        [{"First Name": "Ada", "Last Name": "Byron", "Birth Date": "12/10/1815", "Suppress All Calls": "Y"}],
    )
    [record] = make().fetch("Contact", [key])
    assert record.data["Birth Date"] == "1815-12-10"
    assert record.data["Created"] == "2026-01-01T00:00:00Z"
    assert (record.data["Suppress All Calls"], record.data["Suppress All Emails"]) == (True, False)
    assert (record.data["Work Phone #"], "Link" in record.data) == ("", False)


@pytest.mark.parametrize(
    ("zone", "value"),
    [("America/New_York", "12/31/9999 23:59:59"), ("Asia/Tokyo", "01/01/0001 00:00:00"), ("UTC", "some day")],
)
def test_a_moment_that_there_is_not_in_utc_stays_as_it_is_and_stops_no_record(fake, make, zone, value):
    keys = fake.seed("Account", accounts(1, 2))
    fake.store.rows["Account"][keys[0]]["Last Call Date"] = value
    connector = make(zone=zone)
    found = {record.key: record.data["Last Call Date"] for record in connector.fetch("Account", keys)}
    assert found == {keys[0]: value, keys[1]: None}


def test_fields_with_blanks_and_signs_are_asked_for_by_their_names(fake, make):
    fake.seed("Contact", [{"First Name": "Ada", "Last Name": "Byron", "M/M": "Mrs.", "Work Phone #": "1"}])
    connector = make(streams={"Contact": {"fields": ["M/M", "Work Phone #"]}})
    [record] = read(connector, stream="Contact")[0]
    assert set(record.data) == {"Id", "Updated", "Mod Id", "M/M", "Work Phone #"}


def test_a_search_that_is_ignored_when_looking_up_is_found_out(fake, make):
    class Ignoring:
        def handle(self, request):
            return fake.handle(replace(request, query={k: v for k, v in request.query.items() if k != "searchspec"}))

    fake.seed("Account", accounts(1, 2))
    with pytest.raises(ProtocolError, match="searchspec"):
        make(of=Ignoring()).find("Account", "Integration Id", ["1", "2"])


def test_a_row_without_an_id_at_the_end_of_a_page_hides_no_other(fake, make):
    class Odd:
        def handle(self, request):
            answer = fake.handle(request)
            if request.path.endswith("/Account/Account") and answer.body:
                body = orjson.loads(answer.body)
                for row in body["items"]:
                    if row.get("Id") == odd:
                        row["Id"] = ""
                return Response.of(body)
            return answer

    keys = sorted(fake.seed("Account", accounts(*range(9))))
    odd = keys[4]
    pages = list(make(of=Odd(), page=5).read("Account", None))
    assert sorted(record.key for page in pages for record in page.records) == sorted(set(keys) - {odd})
    assert {flaw.problem.code for page in pages for flaw in page.flaws} == {"no-key"}


def test_a_merge_leaves_a_record_that_is_gone_and_children_that_moved(fake, crm):
    survivor, loser = fake.seed("Account", accounts(1, 2))
    [child] = fake.seed("Contact", [{"First Name": "Ada", "Last Name": "Byron", "Account Id": loser}])
    fake.merge("Account", survivor, loser)
    [gone] = crm.fetch("Account", [loser])
    assert (gone.deleted, gone.superseded_by) == (True, None)
    assert [key for page in crm.keys("Account") for key in page] == [survivor]
    assert crm.fetch("Contact", [child])[0].data["Account Id"] == survivor


@pytest.mark.parametrize("openapi", [2, 3])
def test_both_forms_of_description_are_understood_own_fields_included(clock, make, openapi):
    fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, openapi=openapi)
    fake.add_field("Contact", "Loyalty Tier text12")
    fields = {field.name: field for field in make(of=fake).discover("Contact")}
    assert fields["Loyalty Tier"].max_length == 12
    assert fields["Last Name"].required
    assert not fields["Updated"].updatable
    assert not fields["Primary Personal City"].updatable
