"""A tenant of version 2, where it is not like others."""

from datetime import UTC, datetime

import pytest

from connectors.c4c import C4cConnector, C4cSettings
from connectors.sdk import (
    Context,
    OutcomeKind,
    ProtocolError,
    RefusedError,
    ThrottledError,
    UnauthorisedError,
    Write,
)
from syncline.sandbox.c4c import C4cSecondFake
from syncline.sandbox.wire import Request, Response, transport

SECRET = "s3cr3t-canary"


@pytest.fixture
def fake(clock):
    return C4cSecondFake(clock, users={"USER": SECRET})


@pytest.fixture
def make(fake, clock):
    made = []

    def build(carrier=None, password=SECRET, **given):
        auth = {"kind": "basic", "user": "USER", "password": password}
        settings = C4cSettings(url="https://acme.crm.example", api="v2", auth=auth, **given)
        made.append(C4cConnector(settings, Context(clock=clock, transport=carrier or transport(fake))))
        return made[-1]

    yield build
    for connector in made:
        connector.close()


def one(connector, stream, key, fields, **more):
    return connector.upsert(stream, [Write(key, fields, **more)])[0]


def row(fake, stream, key):
    return fake.rows[stream][key]


def test_a_change_says_on_which_version_it_was_decided_even_where_nobody_asks(fake, make):
    (key,) = fake.seed("contacts", [{"familyName": "Anders"}])
    asked = []

    class Watched:
        def handle(self, request: Request):
            asked.append(request)
            return fake.handle(request)

    outcome = one(make(transport(Watched())), "contacts", key, {"givenName": "Maria"})
    (patch,) = [request for request in asked if request.method == "PATCH"]
    assert outcome.kind is OutcomeKind.APPLIED
    assert patch.headers["content-type"] == "application/merge-patch+json"
    assert patch.headers["if-match"].startswith('"20')
    assert patch.json() == {"givenName": "Maria"}
    assert outcome.version == row(fake, "contacts", key)["adminData"]["updatedOn"]


def test_what_is_blank_is_taken_away_and_what_is_not_named_stays(fake, make):
    (key,) = fake.seed("contacts", [{"familyName": "Anders", "nickName": "M", "extensions.SynclineID": "hub-9"}])
    outcome = one(make(), "contacts", key, {"nickName": "", "departmentName": None})
    assert outcome.kind is OutcomeKind.APPLIED
    assert "nickName" not in row(fake, "contacts", key)
    assert row(fake, "contacts", key)["extensions"] == {"SynclineID": "hub-9"}


def test_a_list_is_written_as_a_whole(fake, make):
    old = [{"externalId": "A", "type": "1"}, {"externalId": "B", "type": "1"}]
    (key,) = fake.seed("accounts", [{"firstLineName": "Alfreds", "externalIds": old}])
    one(make(), "accounts", key, {"externalIds": [{"externalId": "B", "type": "1"}]})
    assert row(fake, "accounts", key)["externalIds"] == [{"externalId": "B", "type": "1"}]


def test_a_family_name_is_needed_and_has_forty_characters_at_most(fake, make):
    tenant = make()
    (key,) = fake.seed("contacts", [{"familyName": "Anders"}])
    for outcome in (
        one(tenant, "contacts", None, {"givenName": "Ada"}, marker="a"),
        one(tenant, "contacts", key, {"familyName": ""}),
        one(tenant, "contacts", key, {"familyName": "x" * 41}),
    ):
        assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, "familyName")
    assert row(fake, "contacts", key)["familyName"] == "Anders"
    assert len(fake.rows["contacts"]) == 1


def test_when_the_days_calls_are_spent_it_is_over_until_tomorrow(fake, make, clock):
    fake.seed("accounts", [{"firstLineName": "Alfreds"}])
    fake.calls_a_day = 0
    clock.time = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    with pytest.raises(ThrottledError) as caught:
        list(make().read("accounts", None))
    assert caught.value.until == datetime(2026, 11, 23, tzinfo=UTC)
    clock.time = caught.value.until
    fake.calls_a_day = 10
    assert len([record for page in make().read("accounts", None) for record in page.records]) == 1


def test_pages_shorter_than_asked_for_lose_nothing(fake, make):
    fake.page = 3
    keys = fake.seed("accounts", [{"firstLineName": f"Company {n}"} for n in range(11)])
    tenant = make(page=100)
    assert sorted(record.key for page in tenant.read("accounts", None) for record in page.records) == sorted(keys)
    assert sorted(key for page in tenant.keys("accounts") for key in page) == sorted(keys)


@pytest.mark.parametrize("apart", [0, 1])
def test_pages_that_do_not_say_how_many_there_are_lose_nothing(fake, make, clock, apart):
    """The tenant gives fewer than asked for, of several seconds or of one."""
    fake.page, fake.counts = 3, False
    keys = []
    for n in range(11):
        keys += fake.seed("accounts", [{"firstLineName": f"Company {n}"}])
        clock.advance(apart)
    tenant = make(page=100)
    assert sorted(record.key for page in tenant.read("accounts", None) for record in page.records) == sorted(keys)
    assert sorted(key for page in tenant.keys("accounts") for key in page) == sorted(keys)


@pytest.mark.parametrize("counts", [True, False])
def test_records_that_an_answer_may_have_left_out_are_not_taken_for_deleted(fake, make, counts):
    keys = fake.seed("accounts", [{"firstLineName": f"Company {n}"} for n in range(5)])
    fake.page, fake.counts = 3, counts
    gone = keys[1].replace("0", "9")
    records = make().fetch("accounts", [*keys, gone])
    assert [(record.key, record.deleted) for record in records] == [*((key, False) for key in keys), (gone, True)]


def test_a_tenant_that_does_not_count_can_be_written(fake, make):
    fake.counts = False
    (key,) = fake.seed("contacts", [{"familyName": "Anders"}])
    tenant = make()
    assert tenant.check() == []
    assert one(tenant, "contacts", key, {"givenName": "Maria"}).kind is OutcomeKind.APPLIED
    assert one(tenant, "contacts", key.replace("0", "9"), {"givenName": "Maria"}).kind is OutcomeKind.MISSING
    made = one(tenant, "contacts", None, {"familyName": "Moos"}, marker="hub-1")
    found = tenant.find("contacts", "extensions.SynclineID", ["hub-1", "hub-2"])
    assert [record.key for record in found] == [made.key]


@pytest.mark.parametrize("counts", [True, False])
def test_all_records_with_a_value_are_found_where_an_answer_does_not_hold_them(fake, make, counts):
    fake.page, fake.counts = 3, counts
    keys = fake.seed("contacts", [{"familyName": name} for name in ["Anders"] * 7 + ["Moos"] * 2])
    found = make().find("contacts", "familyName", ["Anders", "Moos", "Nobody"])
    assert sorted(record.key for record in found) == sorted(keys)


@pytest.mark.parametrize(("status", "error"), [(403, UnauthorisedError), (400, RefusedError), (200, ProtocolError)])
def test_what_is_asked_for_alone_and_not_answered_is_not_taken_for_deleted(fake, make, status, error):
    fake.counts = False

    class Silent:
        def handle(self, request):
            return Response.of({}, status) if request.path.endswith("-none") else fake.handle(request)

    with pytest.raises(error):
        make(transport(Silent())).fetch("accounts", ["a-none"])


def test_a_record_that_the_role_does_not_reach_is_refused_and_the_others_are_written(fake, make):
    class Restricted:
        def handle(self, request):
            said = {"error": {"code": "crm.forbidden", "message": f"No access to {mine}"}}
            here = request.method == "PATCH" and request.path.endswith(mine)
            return Response.of(said, 403) if here else fake.handle(request)

    mine, other = fake.seed("contacts", [{"familyName": "Anders"}, {"familyName": "Moos"}])
    tenant = make(transport(Restricted()))
    refused = one(tenant, "contacts", mine, {"givenName": "Maria"})
    assert (refused.kind, refused.code) == (OutcomeKind.REFUSED, "crm.forbidden")
    assert "business roles" in refused.message
    assert one(tenant, "contacts", other, {"givenName": "Hanna"}).kind is OutcomeKind.APPLIED


def test_extension_fields_that_records_show_are_fields(fake, make):
    fake.extensions.add("Region")
    fake.seed("accounts", [{"firstLineName": "Alfreds", "extensions.Region": "South"}])
    fields = {field.name: field for field in make().discover("accounts")}
    assert {"extensions.Region", "extensions.SynclineID", "firstLineName"} <= set(fields)
    assert fields["firstLineName"].required
    assert not fields["extensions.SynclineID"].updatable


def test_a_create_is_found_by_the_hubs_id(fake, make):
    tenant = make()
    made = one(tenant, "contacts", None, {"familyName": "O'Brien"}, marker="hub-1")
    assert [record.key for record in tenant.find("contacts", "extensions.SynclineID", ["hub-1"])] == [made.key]
    assert [record.key for record in tenant.find("contacts", "familyName", ["O'Brien"])] == [made.key]


def test_check_tells_a_wrong_password_and_a_missing_field_apart(fake, make):
    assert make().check() == []
    assert [found.code for found in make(password="wrong").check()] == ["unauthorised"]
    fake.extensions.clear()
    assert [found.code for found in make(streams=["accounts"]).check()] == ["no-marker"]
    assert make(streams={"accounts": {"marker": None}}).check() == []


def test_what_the_user_may_not_read_is_found_by_check(fake, make):
    class Narrow:
        def handle(self, request):
            return Response(status=403) if "contactPersons" in request.path else fake.handle(request)

    assert [(found.code, found.path) for found in make(transport(Narrow())).check()] == [
        ("no-access", "streams.contacts")
    ]
