"""Reading a tenant of version 1, where it is not like others."""

import pytest

from connectors.c4c import C4cSettings
from connectors.sdk import CursorExpiredError, RefusedError
from syncline.sandbox.wire import Request, transport

ACCOUNT = {"Name": "Alfreds"}


def read(connector, stream, since=None):
    return [record for page in connector.read(stream, since) for record in page.records]


def last(connector, stream, since=None):
    return [page.cursor for page in connector.read(stream, since)][-1]


def seen(fake):
    """A carrier that keeps the addresses asked for."""
    asked = []

    class Watched:
        def handle(self, request: Request):
            asked.append(request)
            return fake.handle(request)

    return asked, transport(Watched())


def test_more_records_of_one_second_than_a_page_has_are_all_read_once(fake, make, clock):
    first = fake.seed("accounts", [ACCOUNT] * 2)
    clock.advance(60)
    crowd = fake.seed("accounts", [ACCOUNT] * 7)
    clock.advance(0.5)
    crowd += fake.seed("accounts", [ACCOUNT] * 2)
    clock.advance(60)
    after = fake.seed("accounts", [ACCOUNT] * 3)
    keys = [record.key for record in read(make(page=3), "accounts")]
    assert sorted(keys) == sorted([*first, *crowd, *after])


def test_a_page_that_the_server_cuts_shorter_loses_nothing(fake, make, clock):
    fake.page = 2
    keys = []
    for _ in range(5):
        keys += fake.seed("accounts", [ACCOUNT] * 3)
        clock.advance(1)
    tenant = make(page=50)
    assert sorted(record.key for record in read(tenant, "accounts")) == sorted(keys)
    assert sorted(key for page in tenant.keys("accounts") for key in page) == sorted(keys)
    assert [record.deleted for record in tenant.fetch("accounts", keys)] == [False] * 15


def test_pages_are_asked_for_by_stamp_and_number_never_by_counting(fake, make, clock):
    for _ in range(9):
        fake.seed("accounts", [ACCOUNT])
        clock.advance(1)
    asked, carrier = seen(fake)
    read(make(carrier, page=2), "accounts")
    assert not [one for one in asked if "$skip" in one.query or "$expand" in one.query]
    filters = [one.query["$filter"] for one in asked if "$filter" in one.query]
    assert filters
    assert all(one.startswith("EntityLastChangedOn ge datetimeoffset'") for one in filters)


def test_children_beyond_the_hundredth_are_shown_too(fake, make):
    fake.individuals.add("2000001")
    key, other = fake.seed("contacts", [{"LastName": "Anders"}, {"LastName": "Moos"}])
    fake.relate(key, [str(n) for n in range(130)])
    streams = {"contacts": {"children": ["ContactIsContactPersonFor"]}}
    records = {record.key: record for record in read(make(streams=streams), "contacts")}
    assert len(records[key].data["ContactIsContactPersonFor"]) == 130
    assert records[other].data["ContactIsContactPersonFor"] == []


def test_another_relationship_is_another_version_though_the_contact_is_not_stamped(fake, make):
    (key,) = fake.seed("contacts", [{"LastName": "Anders"}])
    tenant = make(streams={"contacts": {"children": ["ContactIsContactPersonFor"]}})
    (before,) = tenant.fetch("contacts", [key])
    fake.relate(key, ["1000077"])
    (after,) = tenant.fetch("contacts", [key])
    assert before.version != after.version
    assert before.data["EntityLastChangedOn"] == after.data["EntityLastChangedOn"]


def test_a_star_in_a_value_finds_only_itself(fake, make):
    fake.seed("accounts", [{"Name": "Alfreds"}, {"Name": "Alf*"}])
    assert [record.data["Name"] for record in make().find("accounts", "Name", ["Alf*"])] == ["Alf*"]


def test_what_cannot_be_asked_for_is_said(make):
    with pytest.raises(RefusedError, match="LifeCycleStatusCodeText"):
        make().find("accounts", "LifeCycleStatusCodeText", ["Active"])


def test_obsolete_and_blocked_are_facts_and_only_what_is_gone_is_gone(fake, make):
    obsolete, gone = fake.seed("accounts", [ACCOUNT, {"Name": "Wolski"}])
    fake.edit("accounts", obsolete, {"LifeCycleStatusCode": "4"})
    fake.delete("accounts", gone)
    tenant = make()
    assert [key for page in tenant.keys("accounts") for key in page] == [obsolete]
    kept, missing = tenant.fetch("accounts", [obsolete, gone])
    assert (kept.deleted, kept.data["LifeCycleStatusCode"], kept.data["LifeCycleStatusCodeText"]) == (
        False,
        "4",
        "Obsolete",
    )
    assert missing.deleted


def test_dates_are_days_and_stamps_are_moments(fake, make):
    fake.seed("contacts", [{"LastName": "Anders", "BirthDate": "/Date(327369600000)/"}])
    (record,) = read(make(), "contacts")
    assert record.data["BirthDate"] == "1980-05-17"
    assert record.data["EntityLastChangedOn"].endswith("Z")


def test_fields_come_from_the_tenant_with_what_may_be_done_and_where_they_lead(make):
    fields = {field.name: field for field in make().discover("contacts")}
    assert fields["AccountID"].references == ("accounts",)
    assert not fields["AccountFormattedName"].updatable
    assert not fields["ContactID"].updatable
    assert fields["ContactID"].creatable
    assert fields["LastName"].required
    assert "ETag" not in fields
    assert fields["SynclineID_KUT"].unique


def test_a_strange_position_asks_for_a_full_read(make):
    with pytest.raises(CursorExpiredError):
        read(make(), "accounts", "yesterday")


def test_positions_never_go_back(fake, make, clock):
    fake.seed("accounts", [ACCOUNT])
    clock.advance(3600)
    fake.seed("accounts", [ACCOUNT])
    tenant = make()
    here = last(tenant, "accounts")
    assert last(tenant, "accounts", here) == here


def test_a_kind_of_records_that_neither_api_has_is_not_taken():
    auth = {"kind": "basic", "user": "U", "password": "p"}
    with pytest.raises(ValueError, match="quotes"):
        C4cSettings(url="https://acme.crm.example", api="v2", auth=auth, streams=["accounts", "quotes"])
