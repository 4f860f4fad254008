"""Reading: the search and its traps, the list, deletions, merges, associations."""

import dataclasses
from datetime import timedelta

import orjson
import pytest

from connectors.sdk import CursorExpiredError, ProtocolError, RefusedError
from syncline.sandbox.wire import Response

BILLING = 1001


def people(count, start=1):
    return [{"lastname": f"Name {n}", "email": f"n{n}@example.com"} for n in range(start, start + count)]


def read(crm, stream, since=None):
    """Records by key (later ones win), and the last cursor."""
    pages = list(crm.read(stream, since))
    cursor = next((page.cursor for page in reversed(pages) if page.cursor), None)
    return {record.key: record for page in pages for record in page.records}, cursor


@pytest.fixture
def later(clock):
    """Lets so much time pass that no overlap reaches back."""

    def pass_by(hours=2):
        clock.advance(hours * 3600)

    return pass_by


def test_each_type_is_searched_by_its_own_name_of_the_stamp(crm, fake, later):
    """A filter by the other name finds nothing, and nobody says why."""
    given = {
        "contacts": {"lastname": "Ng"},
        "companies": {"name": "Acme"},
        "deals": {"dealname": "Deal", "dealstage": "contractsent"},
        "tickets": {"subject": "Help", "hs_pipeline_stage": "1"},
    }
    for kind, row in given.items():
        _, since = read(crm, kind)
        later()
        (key,) = fake.seed(kind, [row])
        later()
        assert key in read(crm, kind, since)[0]
    named = {body["sorts"][0]["propertyName"] for body in fake.bodies("/search")}
    assert named == {"lastmodifieddate", "hs_lastmodifieddate"}


def test_no_search_asks_for_a_second_page(make, fake, later):
    """While pages are asked for, a changed record moves to the end, and another slips into the page already read."""
    crm = make(page=10, streams=["contacts"])
    _, since = read(crm, "contacts")
    later()
    keys = []
    for person in people(60):
        keys += fake.seed("contacts", [person])
        fake.clock.advance(1)
    later()
    seen = set()
    for number, page in enumerate(crm.read("contacts", since)):
        seen |= {record.key for record in page.records}
        if number < 5:
            fake.edit("contacts", keys[number], {"jobtitle": "moved to the end"})
            fake.clock.advance(60)
    assert seen == set(keys)
    assert not any("after" in body for body in fake.bodies("/search"))


def test_more_records_of_one_moment_than_a_search_gives_are_all_found(make, fake, later):
    fake.objects.cap = 1000  # instead of ten thousand, for the sake of time
    crm = make(streams={"contacts": {"properties": ["lastname"]}})
    _, since = read(crm, "contacts")
    later()
    keys = fake.seed("contacts", [{"lastname": f"Name {n}"} for n in range(1250)])
    later()
    late = fake.seed("contacts", [{"lastname": "afterwards"}])
    later()
    found = [record.key for page in crm.read("contacts", since) for record in page.records]
    assert len(found) == len(set(found)) == 1251
    assert set(found) == {*keys, *late}


def test_an_edit_the_index_does_not_show_yet_is_found_by_the_next_read(crm, fake, clock, later):
    fake.portal.lag = timedelta(minutes=10)
    (key,) = fake.seed("contacts", people(1))
    later()
    _, since = read(crm, "contacts")
    fake.edit("contacts", key, {"jobtitle": "Buyer"})
    others = fake.seed("contacts", people(1, start=5))
    clock.advance(60)
    found, since = read(crm, "contacts", since)
    assert key not in found
    assert others[0] not in found
    clock.advance(600)
    found, _ = read(crm, "contacts", since)
    assert found[key].data["jobtitle"] == "Buyer"
    assert others[0] in found


def test_a_record_the_search_shows_as_it_was_is_fetched_as_it_is(crm, fake, clock, later):
    (key,) = fake.seed("contacts", people(1))
    _, since = read(crm, "contacts")
    clock.advance(60)
    fake.edit("contacts", key, {"jobtitle": "Buyer"})
    clock.advance(1)  # the index is five seconds behind
    assert read(crm, "contacts", since)[0][key].data["jobtitle"] is None
    (now,) = crm.fetch("contacts", [key])
    assert now.data["jobtitle"] == "Buyer"
    assert crm.stream("contacts").behind


def test_values_are_text_and_what_is_not_set_is_null(crm, fake):
    (key,) = fake.seed("companies", [{"name": "Acme", "numberofemployees": 12, "annualrevenue": 2.5}])
    record = read(crm, "companies")[0][key]
    assert (record.data["numberofemployees"], record.data["annualrevenue"]) == ("12", "2.5")
    assert record.data["city"] is None
    assert record.version == fake.stamp("companies", key)


def test_only_what_is_looked_at_is_asked_for(crm, fake):
    fake.seed("contacts", people(1))
    crm.narrow("contacts", ["lastname", "hs_language"])
    (record,) = read(crm, "contacts")[0].values()
    assert set(record.data) == {
        "lastname",
        "hs_language",
        "lastmodifieddate",
        "hs_object_id",
        "hs_merged_object_ids",
        "syncline_id",
    }
    assert not any("associations" in request.path for request in fake.seen)


def test_more_properties_than_fit_into_a_question_are_read_by_id(make, fake, later):
    known = fake.portal.properties["contacts"]
    for number in range(300):
        known[f"a_property_with_a_long_name_{number}"] = type(known["city"])(f"a_property_with_a_long_name_{number}")
    crm = make(streams=["contacts"])
    keys = fake.seed("contacts", [{**one, "a_property_with_a_long_name_7": "seven"} for one in people(120)])
    later()
    found, since = read(crm, "contacts")
    assert set(found) == set(keys)
    assert {record.data["a_property_with_a_long_name_7"] for record in found.values()} == {"seven"}
    later()
    for key in keys:
        fake.edit("contacts", key, {"a_property_with_a_long_name_7": "eight"})
    later()
    found, _ = read(crm, "contacts", since)
    assert [found[key].data["a_property_with_a_long_name_7"] for key in keys] == ["eight"] * 120
    assert max(len(request.body) for request in fake.seen if request.path.endswith("/search")) <= 3000


def test_a_merge_leads_from_both_old_ids_to_the_new_one(crm, fake, later):
    one, two, kept = fake.seed("contacts", people(3))
    later()
    _, since = read(crm, "contacts")
    later()
    new = fake.merge("contacts", one, two)
    later()
    found, _ = read(crm, "contacts", since)
    assert {key: record.superseded_by for key, record in found.items() if record.deleted} == {one: new, two: new}
    assert found[new].data["lastname"] == "Name 1"
    assert kept not in found
    assert [record.superseded_by for record in crm.fetch("contacts", [one, two, new])] == [new, new, None]
    keys = [key for page in crm.keys("contacts") for key in page]
    assert sorted(keys) == sorted([kept, new])


def test_the_tombstones_of_a_merge_come_on_the_page_of_the_survivor(crm, fake, later):
    one, two = fake.seed("contacts", people(2))
    _, since = read(crm, "contacts")
    later()
    new = fake.merge("contacts", one, two)
    later()
    (page,) = [page for page in crm.read("contacts", since) if any(record.key == new for record in page.records)]
    assert [record.key for record in page.records] == [one, two, new]


def test_a_merge_into_the_primary_record_supersedes_the_other_alone(crm, fake, later):
    """A beta of the vendor: the primary record keeps its id."""
    one, two = fake.seed("contacts", people(2))
    _, since = read(crm, "contacts")
    later()
    assert fake.merge("contacts", one, two, keeps_id=True) == one
    later()
    found, _ = read(crm, "contacts", since)
    assert (found[one].deleted, found[two].deleted, found[two].superseded_by) == (False, True, one)
    assert [record.superseded_by for record in crm.fetch("contacts", [one, two])] == [None, one]


def test_a_survivor_that_does_not_name_whom_it_swallowed_is_found_all_the_same(crm, fake):
    one, two = fake.seed("contacts", people(2))
    new = fake.merge("contacts", one, two)
    fake.portal.rows["contacts"][new].values["hs_merged_object_ids"] = one
    assert [record.superseded_by for record in crm.fetch("contacts", [two, one, new])] == [new, new, None]


def test_a_merged_record_that_is_in_the_list_of_archived_ones_is_not_taken_for_deleted(crm, fake, later):
    one, two, three = fake.seed("contacts", people(3))
    _, since = read(crm, "contacts")
    later()
    row = fake.portal.rows["contacts"][one]
    new = fake.merge("contacts", one, two)
    row.archived = fake.clock.now()
    fake.portal.rows["contacts"][one] = row  # as some accounts are said to show it
    fake.delete("contacts", three)
    later()
    found, _ = read(crm, "contacts", since)
    assert (found[one].superseded_by, found[three].superseded_by) == (new, None)


def test_only_new_deletions_are_told(crm, fake, later):
    old, new, kept = fake.seed("contacts", people(3))
    fake.delete("contacts", old)
    later()
    _, since = read(crm, "contacts")
    later()
    fake.delete("contacts", new)
    later()
    found, since = read(crm, "contacts", since)
    assert [key for key, record in found.items() if record.deleted] == [new]
    assert kept not in found
    later()
    assert read(crm, "contacts", since)[0] == {}


def test_many_deletions_come_in_pages_and_the_position_moves_after_the_last(crm, fake, later):
    gone = fake.seed("contacts", people(250))
    _, since = read(crm, "contacts")
    later()
    for key in gone:
        fake.delete("contacts", key)
    later()
    pages = list(crm.read("contacts", since))
    assert max(len(page.records) for page in pages) <= 100
    assert sorted(record.key for page in pages for record in page.records if record.deleted) == sorted(gone)
    halfway = next(page.cursor for page in pages if page.records)
    again = {record.key for page in crm.read("contacts", halfway) for record in page.records}
    assert again == set(gone)
    assert read(crm, "contacts", pages[-1].cursor)[0] == {}


def test_a_pause_longer_than_the_recycle_bin_asks_for_a_full_read(crm, fake, clock):
    fake.seed("contacts", people(1))
    _, since = read(crm, "contacts")
    clock.advance(91 * 86400)
    with pytest.raises(CursorExpiredError):
        read(crm, "contacts", since)


def test_deletions_scattered_over_the_list_are_asked_for_by_the_hundred(make, fake, later):
    """The list is in the order of ids, whenever each was deleted."""
    crm = make(page=3)
    keys = fake.seed("contacts", people(60))
    for key in keys[::2]:
        fake.delete("contacts", key)
    later()
    _, since = read(crm, "contacts")
    later()
    for key in keys[1::2]:
        fake.delete("contacts", key)
    fake.calls.clear()
    assert set(read(crm, "contacts", since)[0]) == set(keys[1::2])
    assert sum(count for call, count in fake.calls.items() if "batch/read" in call) == 1


def test_a_contact_deleted_for_good_is_in_no_full_read_and_is_fetched_as_gone(crm, fake, later):
    gone, kept = fake.seed("contacts", people(2))
    fake.erase(gone)
    later()
    pages = list(crm.read("contacts", None))
    assert all(page.full for page in pages)
    assert [record.key for page in pages for record in page.records] == [kept]
    assert crm.fetch("contacts", [gone])[0].deleted


def test_the_primary_company_is_the_reference_whichever_comes_first(crm, fake):
    (person,) = fake.seed("contacts", people(1))
    first, second = fake.seed("companies", [{"name": "First"}, {"name": "Second"}])
    fake.associate("contacts", person, "companies", second, 279)
    fake.associate("contacts", person, "companies", first, 279)
    assert read(crm, "contacts")[0][person].data["associations"] == {"companies": second}
    fake.associate("contacts", person, "companies", first, 1)
    assert read(crm, "contacts")[0][person].data["associations"] == {"companies": first}


def test_a_label_of_the_accounts_own_can_be_a_reference(make, fake):
    assert fake.portal.ties.add_label("contacts", "companies", "Billing contact") == BILLING
    references = {
        "companies": {"to": "companies", "label": "primary"},
        "billing": {"to": "companies", "label": "billing contact"},
    }
    crm = make(streams={"companies": None, "contacts": {"references": references}})
    (person,) = fake.seed("contacts", people(1))
    first, second = fake.seed("companies", [{"name": "First"}, {"name": "Second"}])
    fake.associate("contacts", person, "companies", first, 279)
    fake.associate("contacts", person, "companies", second, BILLING, "USER_DEFINED")
    assert read(crm, "contacts")[0][person].data["associations"] == {"companies": first, "billing": second}
    assert crm.check() == []


def test_associations_on_later_pages_are_seen(crm, fake):
    fake.relating.page = 2
    (person,) = fake.seed("contacts", people(1))
    companies = fake.seed("companies", [{"name": f"Company {n}"} for n in range(7)])
    for company in companies:
        fake.associate("contacts", person, "companies", company, 279)
    fake.associate("contacts", person, "companies", companies[-1], 1)
    assert read(crm, "contacts")[0][person].data["associations"] == {"companies": companies[-1]}


def test_of_several_that_fit_none_is_read_and_that_is_not_the_same_as_none(crm, fake):
    """Whichever was taken, another may be taken next time: nobody would have edited anything."""
    ticket, lonely = fake.seed("tickets", [{"subject": "Help", "hs_pipeline_stage": "1"} for _ in range(2)])
    first, second = fake.seed("contacts", people(2))
    fake.associate("tickets", ticket, "contacts", second, 16)
    found = read(crm, "tickets")[0]
    assert found[ticket].data["associations"] == {"companies": None, "contacts": second}
    assert found[lonely].data["associations"] == {"companies": None, "contacts": None}
    fake.associate("tickets", ticket, "contacts", first, 16)
    assert read(crm, "tickets")[0][ticket].data["associations"] == {"companies": None}


def test_associations_whose_pages_do_not_advance_are_not_asked_for_for_ever(crm, fake):
    """Whatever is asked for, an answer like that of the first page comes."""
    fake.relating.page = 2
    (person,) = fake.seed("contacts", people(1))
    for company in fake.seed("companies", [{"name": f"Company {n}"} for n in range(5)]):
        fake.associate("contacts", person, "companies", company, 279)
    answered, asked = fake.relating.handle, []

    def stuck(request, *place):
        asked.append(request)
        assert len(asked) < 10
        first = {"inputs": [{"id": one["id"]} for one in request.json()["inputs"]]}
        return answered(dataclasses.replace(request, body=orjson.dumps(first)), *place)

    fake.relating.handle = stuck
    with pytest.raises(ProtocolError, match="does not advance"):
        read(crm, "contacts")


@pytest.mark.parametrize("told", [{"status": "PENDING"}, {"results": None}, {"results": [{"from": {}}]}])
def test_an_answer_about_associations_that_is_not_whole_blanks_no_reference(crm, fake, told):
    fake.seed("contacts", people(1))
    answered = fake.relating.handle
    fake.relating.handle = lambda *asked: Response.of({**orjson.loads(answered(*asked).body), **told}, 207)
    with pytest.raises(ProtocolError):
        read(crm, "contacts")


def test_a_hundred_records_cost_one_call_for_their_associations(crm, fake):
    fake.seed("contacts", people(250))
    read(crm, "contacts")
    assert fake.calls["POST /crm/v4/associations/contacts/companies/batch/read"] == 3
    assert fake.calls["GET /crm/v3/objects/contacts"] == 3


def test_a_change_of_the_primary_company_alone_is_a_change_of_the_contact(crm, fake, later):
    (person,) = fake.seed("contacts", people(1))
    (company,) = fake.seed("companies", [{"name": "Acme"}])
    _, since = read(crm, "contacts")
    later()
    fake.associate("contacts", person, "companies", company, 1)
    later()
    assert read(crm, "contacts", since)[0][person].data["associations"] == {"companies": company}


def test_finding_by_a_unique_property_does_not_wait_for_the_index(crm, fake):
    (key,) = fake.seed("contacts", [{"lastname": "Ng", "email": "Ng@Example.com"}])
    found = crm.find("contacts", "email", ["ng@example.com", "nobody@example.com"])
    assert [record.key for record in found] == [key]
    assert crm.find("contacts", "lastname", ["Ng"]) == []  # the index is behind


def test_finding_by_any_other_property_goes_by_the_index(crm, fake, clock):
    keys = fake.seed("companies", [{"name": f"Company {n}"} for n in range(250)])
    clock.advance(60)
    wanted = [f"Company {n}" for n in range(0, 250, 2)]
    found = crm.find("companies", "name", [*wanted, "no such company"])
    assert sorted(record.key for record in found) == sorted(keys[::2])
    with pytest.raises(RefusedError):
        crm.find("companies", "nope", ["x"])


def test_options_are_searched_for_as_they_are_spelt(crm, fake, clock):
    """The index minds the case of enumerations, and wants other texts in lower case."""
    (key, _) = fake.seed("companies", [{"name": "Acme", "industry": one} for one in ("RETAIL", "FOOD_BEVERAGES")])
    (ticket,) = fake.seed("tickets", [{"subject": "Help", "hs_pipeline_stage": "1", "hs_ticket_priority": "HIGH"}])
    clock.advance(60)
    assert [record.key for record in crm.find("companies", "industry", ["RETAIL"])] == [key]
    assert [record.key for record in crm.find("tickets", "hs_ticket_priority", ["HIGH"])] == [ticket]
    assert len(crm.find("companies", "name", ["ACME"])) == 2


def test_a_position_of_another_connector_asks_for_a_full_read(crm):
    with pytest.raises(CursorExpiredError):
        read(crm, "contacts", orjson.dumps({"at": 1}).decode())
