"""The way in: data centres, few tokens that are shared, scopes, quota; and what check says."""

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from pydantic import ValidationError

from connectors.oauth import MemoryTokens
from connectors.sdk import Context, Deletes, FieldType, Replay, ThrottledError, UnauthorisedError, Write
from connectors.zoho import ZohoConnector, ZohoSettings
from model.errors import StateError
from syncline.sandbox.wire import transport

SECRET, REFRESH = "s3cr3t-canary", "r3fr3sh-canary"
AUTH = {"kind": "refresh_token", "client_id": "app", "client_secret": SECRET, "refresh_token": REFRESH}


def people(*names):
    return [{"Last_Name": name} for name in names]


def read(connector, stream="Contacts", since=None):
    pages = list(connector.read(stream, since))
    return {r.key: r for p in pages for r in p.records}, pages[-1].cursor


def hosts(fake):
    return {request.headers["host"] for request in fake.seen}


def test_the_facts_of_a_stream(make):
    crm = make(streams=["Accounts", "Contacts", "Leads", "Deals"])
    contacts, deals = crm.stream("Contacts"), crm.stream("Deals")
    assert (contacts.key, contacts.version, contacts.deletes) == ("id", "Modified_Time", Deletes.TOMBSTONES)
    assert (contacts.writes.batch, contacts.writes.conditional) == (100, True)
    assert (contacts.writes.replay, contacts.writes.marker) == (Replay.UPSERT, "Syncline_Id")
    assert (contacts.parents, deals.parents) == (("Accounts",), ("Accounts", "Contacts"))
    assert contacts.watermark.resolution == timedelta(seconds=1)


def test_without_a_field_for_the_hubs_id_creates_are_natural(make):
    writes = make(marker=None).stream("Contacts").writes
    assert (writes.replay, writes.marker) == (Replay.NATURAL, None)


@pytest.mark.parametrize(
    "given",
    [
        {"data_center": "mars"},
        {"accounts_url": "http://accounts.zoho.eu"},
        {"streams": ["Contacts where x"]},
        {"streams": {"Contacts": {"fields": ["Last_Name, id"]}}},
        {"streams": []},
        {"marker": "a b"},
        {"trigger": ["everything"]},
        {"page": 201},
        {"auth": {"kind": "password", "username": "a", "password": "b"}},
        {"colour": "red"},
    ],
)
def test_settings_that_cannot_work_are_refused(given):
    with pytest.raises(ValidationError) as error:
        ZohoSettings(**{"data_center": "eu", "auth": AUTH, **given})
    assert SECRET not in str(error.value)
    assert REFRESH not in str(error.value)


@pytest.mark.parametrize(
    ("center", "accounts"),
    [
        ("us", "accounts.zoho.com"),
        ("in", "accounts.zoho.in"),
        ("ca", "accounts.zohocloud.ca"),
        ("jp", "accounts.zoho.jp"),
    ],
)
def test_tokens_come_from_the_data_centre_and_calls_go_where_they_say(make, fake, center, accounts):
    fake.api_domain = "https://www.zohoapis.in"
    fake.seed("Contacts", people("Ng"))
    assert len(read(make(data_center=center))[0]) == 1
    assert hosts(fake) == {accounts, "www.zohoapis.in"}


def test_a_token_travels_under_the_vendors_own_name(crm, fake):
    read(crm)
    assert fake.seen[-1].headers["authorization"].startswith("Zoho-oauthtoken 1000.")


def test_processes_share_a_token_until_it_ends(make, fake, clock):
    for _ in range(15):
        read(make())
    assert fake.sessions.issued == 1
    clock.advance(3590)
    read(make())
    assert fake.sessions.issued == 2


def test_a_self_client_gets_its_token_for_its_organisation_and_shares_it_too(make, fake):
    auth = {"kind": "client_credentials", "client_id": "app", "client_secret": SECRET, "organisation": "60001"}
    for _ in range(3):
        assert make(auth=auth).check() == []
    [asked] = [request for request in fake.seen if request.path == "/oauth/v2/token"]
    form = dict(parse_qsl(asked.body.decode()))
    assert (form["grant_type"], form["soid"]) == ("client_credentials", "ZohoCRM.60001")


def test_the_clients_secret_is_not_kept_with_the_token(make, tokens):
    auth = {"kind": "client_credentials", "client_id": "app", "client_secret": SECRET, "organisation": "60001"}
    read(make(auth=auth))
    assert SECRET not in str(tokens.load("connection"))


def test_a_self_client_that_is_given_other_scopes_does_not_go_on_with_its_old_token(make, fake):
    auth = {"kind": "client_credentials", "client_id": "app", "client_secret": SECRET, "organisation": "60001"}
    less = "ZohoCRM.modules.ALL,ZohoCRM.settings.fields.READ"
    assert [found.code for found in make(auth={**auth, "scope": less}, streams=["Contacts"]).check()] == [
        "unauthorised"
    ]
    assert make(auth=auth, streams=["Contacts"]).check() == []


def test_a_token_is_not_sent_in_the_clear_wherever_the_answer_says(make, fake):
    fake.api_domain = "http://elsewhere.example"
    make().check()
    assert hosts(fake) == {"accounts.zoho.eu", "www.zohoapis.eu"}


def test_asking_for_an_eleventh_token_in_ten_minutes_waits_for_its_turn(make, fake, clock, tokens):
    for _ in range(10):
        read(make())
        fake.sessions.expire()
    with pytest.raises(ThrottledError) as error:
        read(make())
    assert error.value.until == clock.now() + timedelta(minutes=10)
    clock.advance(601)
    read(make())
    assert fake.sessions.issued == 11


def test_a_token_that_was_dropped_is_renewed_without_losing_the_call(crm, fake):
    fake.seed("Contacts", people("Ng"))
    read(crm)
    fake.sessions.expire()
    assert len(read(crm)[0]) == 1


def test_a_missing_scope_costs_no_token_and_is_told(make, fake):
    fake.sessions.refresh_tokens[REFRESH] = "ZohoCRM.modules.ALL,ZohoCRM.settings.ALL"
    crm = make(streams=["Contacts"])
    (found,) = crm.check()
    assert (found.code, found.path) == ("unauthorised", "streams.Contacts")
    assert "OAUTH_SCOPE_MISMATCH" in str(found)
    assert "ZohoCRM.coql.READ" in found.hint
    with pytest.raises(UnauthorisedError):
        read(crm)
    assert fake.sessions.issued == 1


@pytest.mark.parametrize(
    ("auth", "says"),
    [
        ({"client_secret": "w0rd-canary"}, "invalid_client_secret"),
        ({"client_id": "who"}, "invalid_client"),
        ({"refresh_token": "w0rd-canary"}, "invalid_code"),
    ],
)
def test_check_tells_wrong_credentials_though_they_are_answered_with_200(make, auth, says):
    (found,) = make(auth={**AUTH, **auth}).check()
    assert found.code == "unauthorised"
    assert says in found.message
    assert "accounts.zoho.eu" in found.hint
    assert "w0rd-canary" not in str(found)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"streams": ["Contacts", "Nope"]}, "unknown-stream"),
        ({"streams": {"Contacts": {"fields": ["Email", "Nope"]}}}, "unknown-field"),
        ({"streams": {"Contacts": {"fields": ["Notes__c"]}}}, "unknown-field"),
        ({"streams": ["Contacts"], "marker": "Other_Id"}, "no-marker"),
        ({"streams": ["Contacts"], "marker": "Title"}, "marker-not-unique"),
    ],
)
def test_check_says_what_is_wrong_and_what_to_do(make, given, code):
    (found,) = make(**given).check()
    assert found.code == code
    assert found.hint


def test_check_tells_a_wrong_address(make, fake):
    fake.misbehave("html", on="settings", times=99)
    (found,) = make().check()
    assert (found.code, found.path) == ("unreachable", "data_center")


def test_check_finds_nothing_wrong_with_a_good_organisation(crm):
    assert crm.check() == []


def test_discover_reads_the_metadata(make, fake):
    fake.add_field("Contacts", "Loyalty__c picklist120 =Gold|Silver")
    fields = {f.name: f for f in make().discover("Contacts")}
    assert (fields["Last_Name"].required, fields["Last_Name"].max_length) == (True, 80)
    assert (fields["Account_Name.id"].type, fields["Account_Name.id"].references) == (
        FieldType.REFERENCE,
        ("Accounts",),
    )
    assert not fields["Account_Name.name"].updatable
    assert (fields["Loyalty__c"].type, fields["Loyalty__c"].choices) == (FieldType.CHOICE, ("Gold", "Silver"))
    assert fields["Languages_Known"].type is FieldType.SET
    assert fields["Syncline_Id"].unique
    assert not fields["Modified_Time"].updatable


def test_rich_text_is_not_read_since_lists_cut_it_off(make, fake):
    [key] = fake.seed("Contacts", [{"Last_Name": "Ng", "Notes__c": "x" * 600}])
    crm = make()
    assert "Notes__c" not in {f.name for f in crm.discover("Contacts")}
    assert "Notes__c" not in read(crm)[0][key].data


def test_credits_left_are_reported_once_the_vendor_tells_them(make, fake):
    seen = []
    crm = make(on_quota=lambda connection, facts: seen.append(dict(facts)))
    read(crm)
    assert seen == []
    fake.used = 40_000
    read(crm)
    assert seen[-1] == {"remaining": 50_000 - fake.used}


def test_too_many_calls_are_waited_out_though_no_time_is_told(crm, fake, clock):
    fake.seed("Contacts", people("Ng"))
    fake.misbehave("limit", on="GET Contacts", times=2)
    assert len(read(crm)[0]) == 1
    assert len(clock.slept) == 2


def test_a_spent_day_is_throttled_and_writes_nothing(crm, fake):
    crm.check()
    fake.used = fake.credits
    with pytest.raises(ThrottledError):
        crm.upsert("Contacts", [Write(None, {"Last_Name": "Ng"}, marker="m1")])
    assert fake.rows("Contacts") == []


def test_the_field_for_the_hubs_id_is_created_where_it_misses(crm, fake):
    fake.drop_field("Contacts", "Syncline_Id")
    assert [found.code for found in crm.check()] == ["no-marker"]
    crm.create_marker()
    assert crm.check() == []
    crm.create_marker()
    assert fake.calls["POST settings/fields"] == 1
    [outcome] = crm.upsert("Contacts", [Write(None, {"Last_Name": "Ng"}, marker="m1")])
    assert fake.row("Contacts", outcome.key)["Syncline_Id"] == "m1"


def test_creating_the_field_needs_a_scope_of_its_own(make, fake):
    fake.sessions.refresh_tokens[REFRESH] = "ZohoCRM.modules.ALL,ZohoCRM.settings.fields.READ,ZohoCRM.coql.READ"
    fake.drop_field("Contacts", "Syncline_Id")
    with pytest.raises(UnauthorisedError) as error:
        make().create_marker()
    assert "OAUTH_SCOPE_MISMATCH" in str(error.value)


class NoRoom(MemoryTokens):
    """The hub's store without a key to seal with."""

    def save(self, name, token):
        raise StateError(f"the token of {name} cannot be stored without a key")


def test_without_a_place_for_tokens_a_process_goes_on_and_check_warns(fake, clock):
    fake.seed("Contacts", people("Ng"))
    settings = ZohoSettings(data_center="eu", auth=AUTH)
    crm = ZohoConnector(settings, Context(clock=clock, transport=transport(fake), tokens=NoRoom()))
    (found,) = crm.check()
    assert (found.code, found.severity) == ("tokens-not-shared", "warning")
    assert len(read(crm)[0]) == 1
    assert fake.sessions.issued == 1
    crm.close()
