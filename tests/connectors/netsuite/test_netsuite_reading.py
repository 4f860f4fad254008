"""Reading by SuiteQL: nothing missed for the account's clock, its limits, or what the role may not see."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.netsuite.suiteql import behind, local, quoted, utc
from connectors.sdk import CursorExpiredError, Deletes, FieldType, UnauthorisedError

PACIFIC = ZoneInfo("America/Los_Angeles")
AUTUMN = datetime(2026, 11, 1, 8, 50, tzinfo=UTC)  # 1:50 for the first time: clocks go back at 2:00
COMPANY = {"companyName": "Acme", "billingAddress": {"addr1": "1 Main St", "city": "Eugene", "country": "US"}}


def companies(count, start=0):
    return [{"companyName": f"Company {n}"} for n in range(start, start + count)]


def read(connector, since=None, stream="customer"):
    """The records by key (later ones win), and where reading left off."""
    pages = list(connector.read(stream, since))
    return {record.key: record for page in pages for record in page.records}, pages[-1].cursor


def test_more_rows_than_a_query_may_have_are_all_read(erp, fake, clock):
    keys = []
    for n in range(6):
        keys += fake.seed("customer", companies(15, n * 15))
        clock.advance(1)
    assert sorted(read(erp)[0]) == sorted(keys)


def test_pages_that_end_before_they_are_full_hide_no_row(erp, fake, clock):
    [buyer] = fake.seed("customer", [COMPANY])
    fake.seed("salesOrder", [{"entity": buyer, "item": [{"item": str(n), "rate": 1} for n in range(4)]}])
    keys = [buyer, *fake.seed("customer", companies(11))]
    since = read(erp)[1]
    fake.queries.largest = 3
    assert sorted(read(erp)[0]) == sorted(keys)
    assert sorted(key for page in erp.keys("customer") for key in page) == sorted(keys)
    assert not any(record.deleted for record in erp.fetch("customer", keys))
    assert [len(record.data["item"]) for record in read(erp, stream="salesOrder")[0].values()] == [4]
    clock.advance(400)
    for key in keys[1:]:
        fake.delete("customer", key)
    assert sorted(key for key, record in read(erp, since)[0].items() if record.deleted) == sorted(keys[1:])


def test_a_deletion_without_a_key_hides_no_other(erp, fake, clock):
    keys = fake.seed("customer", companies(3))
    since = read(erp)[1]
    clock.advance(400)
    for key in keys:
        fake.delete("customer", key)
    fake.store.deleted[1]["id"] = None
    assert {key for key, record in read(erp, since)[0].items() if record.deleted} == {keys[0], keys[2]}


def test_a_query_ends_at_its_cap_however_one_pages_through_it(fake):
    fake.seed("customer", companies(45))
    text = "SELECT id FROM customer ORDER BY id"
    pages = [fake.queries.run(text, 10, offset) for offset in (0, 10, 20, 30, 40)]
    assert [len(page["items"]) for page in pages] == [10, 10, 0, 0, 0]


def test_rows_of_one_second_are_told_apart_by_their_ids(erp, fake):
    keys = fake.seed("customer", companies(18))
    assert sorted(read(erp)[0]) == sorted(keys)


def test_a_record_edited_while_others_are_read_moves_none_out_of_sight(erp, fake, clock):
    keys = []
    for n in range(15):
        keys += fake.seed("customer", companies(1, n))
        clock.advance(10)
    seen = set()
    for number, page in enumerate(erp.read("customer", None)):
        seen |= {record.key for record in page.records}
        clock.advance(1)
        fake.edit("customer", keys[number], {"comments": "edited meanwhile"})
    assert seen == set(keys)


def test_records_without_a_stamp_are_read_and_hide_no_other(erp, fake, clock):
    keys = fake.seed("customer", companies(13))
    fake.unstamp("customer", *keys[:7])  # more than a page of them
    records, since = read(erp)
    assert sorted(records) == sorted(keys)
    assert records[keys[0]].data["lastModifiedDate"] is None
    assert records[keys[12]].data["lastModifiedDate"] == clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    clock.advance(400)
    fake.edit("customer", keys[0], {"comments": "now it has one"})
    assert read(erp, since)[0][keys[0]].data["comments"] == "now it has one"


def test_a_full_read_that_is_broken_off_gives_no_position_behind_records_without_a_stamp(erp, fake):
    keys = fake.seed("customer", companies(12))
    fake.unstamp("customer", *keys[6:])
    seen = set()
    for page in erp.read("customer", None):
        seen |= {record.key for record in page.records}
        if page.cursor:
            break
    assert seen >= set(keys[6:])


@pytest.mark.parametrize("moment", [datetime(2026, 1, 15, 7, 30, tzinfo=UTC), datetime(2026, 7, 15, 6, 30, tzinfo=UTC)])
def test_the_account_s_local_time_becomes_the_moment_that_was_meant(erp, fake, moment):
    [key] = fake.seed("customer", companies(1), at=moment)
    record = read(erp)[0][key]
    assert record.data["lastModifiedDate"] == record.version == moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_an_edit_of_the_same_local_day_is_seen(erp, fake, clock):
    """Without a time in the question, all of a day is one moment, and what came later that day is lost."""
    [key] = fake.seed("customer", companies(1))
    since = read(erp)[1]
    clock.advance(3600)
    fake.edit("customer", key, {"comments": "later that day"})
    assert read(erp, since)[0][key].data["comments"] == "later that day"


def test_no_date_is_asked_for_or_compared_without_a_mask(erp, fake, queries):
    fake.seed("customer", companies(6))
    fake.seed("salesOrder", [{"entity": fake.rows("customer")[0]["id"], "tranDate": "2026-07-04"}])
    for stream in ("customer", "salesOrder"):
        read(erp, read(erp, stream=stream)[1], stream)
    masked = r"TO_(CHAR|TIMESTAMP)\((\w+|'[^']*'), 'YYYY-MM-DD( HH24:MI:SS)?'\)"
    for text in queries():
        bare = re.sub(masked, "", text)
        assert not re.search(r"SELECT [^W]*(date\b(?!_text))[^W]*FROM", bare), text
        assert not re.search(r"date [<>=]+ '", bare), text


def test_a_stamp_that_looks_earlier_because_clocks_were_set_back_is_found(erp, fake, clock):
    fake.seed("customer", companies(1), at=AUTUMN)
    since = read(erp)[1]
    [late] = fake.seed("customer", companies(1, 1), at=AUTUMN + timedelta(minutes=20))  # 1:10 for the second time
    assert late in read(erp, since)[0]


def test_a_wrong_zone_in_the_settings_loses_nothing_and_is_said(make, fake, clock):
    wrong = make(zone="Europe/Berlin")
    fake.seed("customer", companies(1))
    since = read(wrong)[1]
    clock.advance(400)
    [new] = fake.seed("customer", companies(1, 1))
    assert new in read(wrong, since)[0]
    [finding] = [one for one in wrong.check() if one.code == "wrong-zone"]
    assert "9 hours too early" in finding.message
    assert finding.path == "zone"
    assert not make().check()


def test_a_table_the_role_may_not_see_is_said_with_what_to_do(erp, fake):
    fake.hide("contact")
    [finding] = erp.check()
    assert (finding.code, finding.path) == ("no-access", "streams.contact")
    assert "View" in finding.hint


def test_soft_opt_outs_that_may_be_nobody_s_word_are_said_before_they_spread(erp, fake):
    fake.seed("contact", [{"lastName": "Moos"}, {"lastName": "Ng"}])
    assert erp.check() == []
    fake.store.unsubscribed_by_default = True
    fake.seed("contact", [{"lastName": f"Default {n}"} for n in range(3)])
    [finding] = erp.check()
    assert (finding.code, finding.message.startswith("3 of 5 records of contact")) == ("soft-opt-outs", True)


def test_the_default_addresses_come_a_page_at_a_time(erp, fake, queries):
    keys = fake.seed("customer", [{**COMPANY, "companyName": f"C{n}"} for n in range(9)])
    records = read(erp)[0]
    assert {records[key].data["billingAddress"]["city"] for key in keys} == {"Eugene"}
    assert records[keys[0]].data["shippingAddress"] is None
    asked = [text for text in queries() if "addressbook" in text]
    assert 2 <= len(asked) <= 4


def test_what_nobody_looks_at_is_not_asked_for(make, fake, queries):
    fake.seed("customer", [COMPANY])
    erp = make()
    erp.discover("customer")
    before = len(queries())
    erp.narrow("customer", ["companyName"])
    [record] = read(erp)[0].values()
    assert set(record.data) == {"id", "lastModifiedDate", "companyName"}
    assert not [text for text in queries()[before:] if "addressbook" in text or "phone" in text]


def test_what_is_sold_is_positive_and_only_what_is_sold_is_a_line(erp, fake):
    [buyer] = fake.seed("customer", companies(1))
    lines = [{"item": "11", "quantity": 2, "rate": 14.5, "description": "Cheese"}, {"item": "12", "rate": 3}]
    [key] = fake.seed("salesOrder", [{"entity": buyer, "tranDate": "2026-07-04", "currency": "2", "item": lines}])
    data = read(erp, stream="salesOrder")[0][key].data
    assert (data["entity"], data["tranDate"], data["status"], data["currencyCode"]) == (buyer, "2026-07-04", "B", "EUR")
    assert [(line["line"], line["item"], line["quantity"], line["amount"]) for line in data["item"]] == [
        ("1", "11", "2", "29.0"),
        ("2", "12", "1", "3"),
    ]
    assert data["item"][0] | {"itemName": None} == {
        "line": "1",
        "item": "11",
        "itemName": None,
        "description": "Cheese",
        "quantity": "2",
        "rate": "14.5",
        "amount": "29.0",
        "currencyCode": "EUR",
    }


def test_an_order_with_more_lines_than_a_page_keeps_them_all(erp, fake):
    [buyer] = fake.seed("customer", companies(1))
    [key] = fake.seed("salesOrder", [{"entity": buyer, "item": [{"item": str(n), "rate": 1} for n in range(13)]}])
    assert len(read(erp, stream="salesOrder")[0][key].data["item"]) == 13


def test_leads_prospects_and_merged_duplicates_are_told_by_their_deletion(erp, fake, clock):
    lead, master, loser = fake.seed("customer", companies(3))
    since = read(erp)[1]
    clock.advance(400)
    fake.merge("customer", master, loser)
    fake.delete("customer", lead)
    fake.store.deleted[-1]["type"] = "lead"
    gone = {key for key, record in read(erp, since)[0].items() if record.deleted}
    assert gone == {lead, loser}


def test_deletions_before_the_first_read_are_nobody_s(erp, fake, clock):
    keys = fake.seed("customer", companies(30))
    for key in keys[:25]:
        fake.delete("customer", key)
    clock.advance(400)
    since = read(erp)[1]
    clock.advance(4000)
    fake.delete("customer", keys[29])
    clock.advance(1)
    gone = [record.key for record in read(erp, since)[0].values() if record.deleted]
    assert keys[29] in gone
    assert "deleted" in since


def test_without_the_permission_deletions_are_not_silently_missed(make, fake):
    fake.hide("deletedrecord")
    erp = make()
    assert {one.code for one in erp.check()} == {"no-deletions"}
    with pytest.raises(UnauthorisedError, match="Deleted Records"):
        read(erp)
    swept = make(deletions="sweep")
    assert swept.check() == []
    assert swept.stream("customer").deletes is Deletes.SWEEP
    assert read(swept)[0] == {}


def test_custom_fields_are_discovered_with_their_types_and_read(make, fake):
    for line in ("custentity_tier choice =gold|silver", "custentity_met datetime", "custentity_score number"):
        fake.add_field("customer", line)
    moment = "2026-07-04T10:11:12Z"
    [key] = fake.seed("customer", [{**COMPANY, "custentity_tier": "gold", "custentity_met": moment}])
    erp = make()
    fields = {field.name: field for field in erp.discover("customer")}
    assert fields["custentity_tier"].choices == ("gold", "silver")
    assert fields["custentity_score"].type is FieldType.DECIMAL
    data = read(erp)[0][key].data
    assert (data["custentity_tier"], data["custentity_met"], data["custentity_score"]) == ("gold", moment, None)
    few = make(streams={"customer": {"fields": ["companyName"]}})
    assert set(read(few)[0][key].data) == {"id", "lastModifiedDate", "companyName", "billingAddress", "shippingAddress"}


def test_a_value_that_is_not_of_its_type_stays_as_it_is_and_stops_no_record(erp, fake):
    fake.add_field("customer", "custentity_staff integer")
    keys = fake.seed("customer", [{**COMPANY, "custentity_staff": 7}, {"companyName": "Bolt", "custentity_staff": 8}])
    fake.store.rows["customer"][keys[0]]["custentity_staff"] = "7.5"
    records = read(erp)[0]
    assert [records[key].data["custentity_staff"] for key in keys] == ["7.5", 8]


def test_a_moment_behind_all_days_stops_no_record(make, fake):
    fake.add_field("customer", "custentity_until datetime")
    [key] = fake.seed("customer", [{**COMPANY, "custentity_until": "9999-12-31T23:59:59Z"}])
    fake.queries.zone = ZoneInfo("UTC")
    assert read(make())[0][key].data["custentity_until"] == "9999-12-31 23:59:59"


def test_what_is_no_single_value_is_no_field(erp):
    names = {field.name for field in erp.discover("salesOrder")}
    assert {"entity", "item", "currencyCode"} <= names
    assert {"links", "billingAddress"}.isdisjoint(names)


@pytest.mark.parametrize("text", ["", "{}", '{"stamp": 5, "deleted": null}', '{"stamp": "yesterday", "deleted": null}'])
def test_a_position_that_is_none_asks_for_a_full_read(erp, text):
    with pytest.raises(CursorExpiredError):
        read(erp, text)


def test_looking_up_quotes_what_it_is_given_and_minds_no_case(erp, fake):
    nasty = "O'Neil') OR ('1' = '1"
    keys = fake.seed("customer", [{"companyName": nasty}, {"companyName": "Smith", "email": "A@x.example"}])
    assert [record.key for record in erp.find("customer", "companyName", [nasty])] == [keys[0]]
    assert [record.key for record in erp.find("customer", "email", ["a@X.example"])] == [keys[1]]
    assert [record.key for record in erp.find("customer", "id", [keys[1], "x"])] == [keys[1]]
    assert erp.find("customer", "isPerson", ["true"]) == []
    assert len(erp.find("customer", "globalSubscriptionStatus", ["1", "x'y"])) == 2
    [order] = fake.seed("salesOrder", [{"entity": keys[0]}])
    assert [record.key for record in erp.find("salesOrder", "entity", [keys[0]])] == [order]


def test_positions_go_back_an_hour_more_where_clocks_are_set():
    five = timedelta(minutes=5)
    assert behind("2026-06-01 12:00:00", PACIFIC, five) == "2026-06-01 11:55:00"
    assert behind("2026-11-01 01:50:00", PACIFIC, five) == "2026-11-01 00:45:00"
    assert behind("2026-03-08 03:02:00", PACIFIC, five) == "2026-03-08 01:57:00"
    assert utc("2026-11-01 01:50:00", PACIFIC) == "2026-11-01T08:50:00Z"
    assert quoted("it's") == "'it''s'"
    with pytest.raises(ValueError, match="does not match"):
        local("11/01/2026")
