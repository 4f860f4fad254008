"""The fake HubSpot account: rules of the vendor that the connector keeps clear of, and would not show by itself."""

import orjson
import pytest

from model.clock import ManualClock
from syncline.sandbox.hubspot import HubSpotFake
from syncline.sandbox.wire import request_of

TOKEN = {"authorization": "Bearer pat-na1-sandbox"}


@pytest.fixture
def fake():
    return HubSpotFake(ManualClock())


@pytest.fixture
def call(fake):
    def do(method, path, body=None):
        sent = b"" if body is None else orjson.dumps(body)
        answer = fake.handle(request_of(method, f"https://api.hubapi.com{path}", TOKEN, sent))
        return answer.status, orjson.loads(answer.body) if answer.body else {}

    return do


def people(count):
    return [{"lastname": f"Name {n}", "email": f"n{n}@example.com"} for n in range(count)]


def test_no_search_pages_past_ten_thousand(call):
    status, body = call("POST", "/crm/v3/objects/contacts/search", {"limit": 200, "after": "9900"})
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    assert call("POST", "/crm/v3/objects/contacts/search", {"limit": 100, "after": "9900"})[0] == 200


def test_a_search_takes_three_thousand_characters_one_sort_and_two_hundred_records(call):
    for asked in ({"properties": ["x" * 3000]}, {"sorts": ["a", "b"]}, {"limit": 201}):
        assert call("POST", "/crm/v3/objects/contacts/search", asked)[0] == 400


def test_a_filter_by_the_other_types_name_of_the_stamp_finds_nothing_and_says_nothing(fake, call):
    fake.seed("contacts", people(3))
    fake.clock.advance(60)

    def total(name):
        filters = [{"propertyName": name, "operator": "GTE", "value": "0"}]
        status, body = call("POST", "/crm/v3/objects/contacts/search", {"filterGroups": [{"filters": filters}]})
        return status, body["total"]

    assert total("lastmodifieddate") == (200, 3)
    assert total("hs_lastmodifieddate") == (200, 0)


def test_a_list_gives_a_hundred_at_most_and_never_what_is_archived(fake, call):
    keys = fake.seed("contacts", people(3))
    fake.delete("contacts", keys[0])
    assert call("GET", "/crm/v3/objects/contacts?limit=101")[0] == 400
    _, body = call("GET", "/crm/v3/objects/contacts?limit=100")
    assert [one["id"] for one in body["results"]] == keys[1:]
    _, body = call("GET", "/crm/v3/objects/contacts?archived=true")
    assert [(one["id"], one["archived"]) for one in body["results"]] == [(keys[0], True)]


def test_archiving_an_old_id_archives_the_survivor(fake, call):
    one, two = fake.seed("contacts", people(2))
    new = fake.merge("contacts", one, two)
    assert call("POST", "/crm/v3/objects/contacts/batch/archive", {"inputs": [{"id": one}]})[0] == 204
    with pytest.raises(KeyError):
        fake.row("contacts", new)


def test_a_batch_without_trace_ids_is_refused_whole_and_leaves_nothing_behind(fake, call):
    inputs = [{"properties": {"lastname": "Ng"}}, {"properties": {"email": "no address"}}]
    status, body = call("POST", "/crm/v3/objects/contacts/batch/create", {"inputs": inputs})
    assert (status, body["errors"][0]["code"]) == (400, "INVALID_EMAIL")
    assert fake.rows("contacts") == []


def test_the_same_record_twice_in_a_batch_is_refused(fake, call):
    (key,) = fake.seed("contacts", people(1))
    inputs = [{"id": key, "properties": {"city": city}, "objectWriteTraceId": city} for city in ("Bonn", "Köln")]
    assert call("POST", "/crm/v3/objects/contacts/batch/update", {"inputs": inputs})[0] == 400
    assert "city" not in fake.row("contacts", key)


def test_an_upsert_by_a_property_that_is_not_unique_is_refused(call):
    inputs = [{"id": "Ng", "idProperty": "lastname", "properties": {}}]
    assert call("POST", "/crm/v3/objects/contacts/batch/upsert", {"inputs": inputs})[0] == 400


def test_a_merge_takes_the_values_of_the_primary_record_and_fills_its_gaps(fake):
    one, two = fake.seed("contacts", [{"lastname": "Ng", "email": "a@example.com"}, {"lastname": "N", "city": "Bonn"}])
    (company,) = fake.seed("companies", [{"name": "Acme"}])
    fake.associate("contacts", two, "companies", company, 1)
    new = fake.merge("contacts", one, two)
    row = fake.row("contacts", new)
    assert (row["lastname"], row["city"], row["hs_merged_object_ids"]) == ("Ng", "Bonn", f"{one};{two}")
    assert row["associatedcompanyid"] == company


def test_what_was_kept_in_a_file_is_there_again(fake, tmp_path):
    one, two, three = fake.seed("contacts", people(3))
    (company,) = fake.seed("companies", [{"name": "Acme"}])
    fake.associate("contacts", three, "companies", company, 1)
    new = fake.merge("contacts", one, two)
    fake.save(tmp_path / "account.json")
    again = HubSpotFake(ManualClock())
    again.load(tmp_path / "account.json")
    assert again.row("contacts", two)["hs_object_id"] == new
    assert again.associated("contacts", three, "companies") == {company: {1, 279}}
    assert again.rows("contacts") == fake.rows("contacts")
    with pytest.raises(Exception, match="already exists"):
        again.seed("contacts", [{"email": "n1@example.com"}])
