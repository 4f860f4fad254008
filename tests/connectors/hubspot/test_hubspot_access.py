"""The facts of a connection, and the way in: credentials, rights, limits, checks."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from connectors.hubspot import HubSpotConnector, HubSpotSettings
from connectors.oauth import MemoryTokens
from connectors.sdk import Context, Deletes, FieldType, OutcomeKind, Replay, ThrottledError, UnauthorisedError, Write
from syncline.sandbox.wire import Server

TOKEN = "pat-na1-canary-5521"
OAUTH = {"client_id": "app", "client_secret": "secret", "refresh_token": "refresh-sandbox"}


def keys(pages):
    return [record.key for page in pages for record in page.records]


def test_the_facts_of_a_stream(crm):
    contacts, companies = crm.stream("contacts"), crm.stream("companies")
    assert (contacts.key, contacts.version, companies.version) == (
        "hs_object_id",
        "lastmodifieddate",
        "hs_lastmodifieddate",
    )
    assert (contacts.deletes, contacts.behind, contacts.parents) == (Deletes.TOMBSTONES, True, ("companies",))
    assert crm.stream("tickets").parents == ("companies", "contacts")
    assert (contacts.writes.batch, contacts.writes.replay, contacts.writes.marker) == (
        100,
        Replay.UPSERT,
        "syncline_id",
    )
    assert contacts.watermark.overlap == timedelta(minutes=15)


def test_without_a_marker_creates_are_natural(make):
    bare = make(marker=None, streams={"contacts": None, "companies": {"marker": "hub_id"}})
    assert bare.stream("contacts").writes.replay is Replay.NATURAL
    assert bare.stream("companies").writes.marker == "hub_id"


@pytest.mark.parametrize(
    "given",
    [
        {"auth": {"token": "t", "client_id": "x"}},
        {"auth": {"client_id": "app"}},
        {"api_version": "latest"},
        {"streams": ["Contacts/../x"]},
        {"streams": []},
        {"streams": {"contacts": {"references": {"companies": {"to": "companies"}}}}},
        {"marker": "Syncline Id"},
        {"page": 201},
        {"colour": "red"},
    ],
)
def test_settings_that_cannot_work_are_refused(given):
    with pytest.raises(ValidationError) as error:
        HubSpotSettings.model_validate({"auth": {"token": TOKEN}, **given})
    assert TOKEN not in str(error.value)


def test_discover_reduces_property_definitions_to_facts(crm):
    fields = {field.name: field for field in crm.discover("contacts")}
    assert (fields["email"].unique, fields["email"].type) == (True, FieldType.TEXT)
    assert (fields["lifecyclestage"].type, fields["lifecyclestage"].restricted) == (FieldType.CHOICE, True)
    assert fields["hubspot_owner_id"].choices is None
    assert (fields["syncline_id"].unique, fields["hs_object_id"].updatable) == (True, False)
    assert not fields["associatedcompanyid"].updatable
    assert fields["associations.companies"].references == ("companies",)
    deal = {field.name: field for field in crm.discover("deals")}
    assert (deal["dealname"].required, deal["amount"].type) == (True, FieldType.DECIMAL)
    assert {field.name: field for field in crm.discover("tickets")}["hs_ticket_category"].type is FieldType.SET


def test_a_property_made_in_the_account_is_discovered(crm, fake):
    before = {field.name for field in crm.discover("contacts")}
    fake.portal.properties["contacts"]["loyalty"] = fake.portal.properties["contacts"]["hs_lead_status"]
    fake.portal.properties["contacts"]["loyalty"].name = "loyalty"
    assert {field.name for field in crm.discover("contacts")} - before == {"loyalty"}


def test_check_finds_nothing_wrong_with_a_good_account(crm):
    assert crm.check() == []


def test_check_tells_wrong_credentials_from_missing_rights_and_a_wrong_address(make, fake):
    (wrong,) = make(auth={"token": "pat-na1-w0rd-canary"}).check()
    assert wrong.code == "unauthorised"
    assert "w0rd-canary" not in str(wrong)
    fake.access.scopes -= {"crm.objects.contacts.read", "crm.schemas.contacts.read"}
    lacking = make(streams=["contacts"]).check()
    assert lacking[0].code == "missing-scope"
    assert "crm.schemas.contacts.read" in lacking[0].message
    fake.misbehave("html", times=1000)
    (page,) = make().check()
    assert page.code == "unreachable"


def test_check_tells_that_a_type_may_be_read_but_not_written(make, fake):
    fake.access.scopes -= {"crm.objects.deals.write"}
    (found,) = make().check()
    assert (found.code, found.severity) == ("missing-scope", "warning")
    assert "crm.objects.deals.write" in found.message


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"streams": ["contacts", "unicorns"]}, "unknown-stream"),
        ({"streams": {"contacts": {"properties": ["email", "nope"]}}}, "unknown-field"),
        ({"marker": "hub_id", "streams": ["contacts"]}, "marker-missing"),
        ({"marker": "jobtitle", "streams": ["contacts"]}, "marker-not-unique"),
        (
            {"streams": {"companies": None, "contacts": {"references": {"x": {"to": "companies", "label": "Boss"}}}}},
            "unknown-field",
        ),
    ],
)
def test_check_says_what_is_wrong_and_what_to_do(make, given, code):
    (found,) = make(**given).check()
    assert found.code == code


def test_prepare_makes_the_marker_where_it_is_missing(make, fake):
    for kind in ("contacts", "companies"):
        del fake.portal.properties[kind]["syncline_id"]
    crm = make(streams=["companies", "contacts", "deals"])
    assert [found.code for found in crm.check()] == ["marker-missing", "marker-missing"]
    crm.create_marker()
    assert crm.check() == []
    assert fake.portal.properties["contacts"]["syncline_id"].unique
    crm.create_marker()  # a second time there is nothing to do
    (outcome,) = crm.upsert("contacts", [Write(None, {"lastname": "Ng"}, marker="hub-1")])
    assert outcome.kind is OutcomeKind.APPLIED


def test_prepare_without_the_right_says_which(make, fake):
    del fake.portal.properties["contacts"]["syncline_id"]
    fake.access.scopes -= {"crm.schemas.contacts.write"}
    with pytest.raises(UnauthorisedError, match=r"crm\.schemas\.contacts\.write"):
        make(streams=["contacts"]).create_marker()


def test_an_app_renews_its_token_and_keeps_the_refresh_token_that_came_with_it(make, fake, clock):
    store = MemoryTokens()
    crm = make(auth=OAUTH, tokens=store)
    fake.seed("contacts", [{"lastname": "Ng"}])
    assert len(keys(crm.read("contacts", None))) == 1
    clock.advance(3600)
    assert len(keys(crm.read("contacts", None))) == 1
    assert fake.access.issued == 2
    assert len(keys(make(auth=OAUTH, tokens=store).read("contacts", None))) == 1  # another process goes on from there
    assert len(keys(make(auth=OAUTH, tokens=store, api_version="2026-09").read("contacts", None))) == 1


def test_a_token_that_ended_early_is_renewed_once(make, fake):
    crm = make(auth=OAUTH)
    crm.check()
    fake.access.expire()
    (outcome,) = crm.upsert("contacts", [Write(None, {"lastname": "Ng"}, marker="hub-1")])
    assert outcome.kind is OutcomeKind.APPLIED
    assert len(fake.rows("contacts")) == 1


@pytest.mark.parametrize(("policy", "seconds"), [("secondly", 1), ("burst", 10), ("locked", 2), ("migrating", 30)])
def test_each_way_to_ask_for_patience_is_given_the_time_it_needs(crm, fake, clock, policy, seconds):
    crm.check()
    fake.misbehave(policy, on="batch/upsert")
    (outcome,) = crm.upsert("contacts", [Write(None, {"lastname": "Ng"}, marker="hub-1")])
    assert outcome.kind is OutcomeKind.APPLIED
    assert clock.slept[-1] == pytest.approx(seconds)


def test_a_spent_day_is_not_hammered(crm, fake, clock):
    crm.check()
    fake.limits.daily = fake.limits.used
    before = sum(fake.calls.values())
    with pytest.raises(ThrottledError) as error:
        list(crm.read("contacts", None))
    assert error.value.until - clock.now() == timedelta(hours=1)
    assert sum(fake.calls.values()) == before + 1


def test_limits_of_the_account_are_kept_without_losing_a_call(make, fake, clock):
    fake.limits.searches, fake.limits.burst = 5, 100
    fake.seed("contacts", [{"lastname": f"Name {n}"} for n in range(60)])
    crm = make(page=5)
    clock.advance(60)
    since = [page.cursor for page in crm.read("contacts", None)][-1]
    assert len(set(keys(crm.read("contacts", since)))) == 60
    assert 1.0 in clock.slept


def test_the_quota_is_reported_where_answers_tell_it(make, fake):
    told = []
    fake.limits.daily = 1000
    crm = make(on_quota=lambda _, facts: told.append(dict(facts)))
    crm.check()
    assert told[-1] == {"limit": 1000, "remaining": 1000 - fake.limits.used}


def test_a_dated_version_has_addresses_of_its_own(make, fake):
    crm = make(api_version="2026-09", streams=["companies", "contacts"])
    assert crm.check() == []
    (company,) = crm.upsert("companies", [Write(None, {"name": "Acme"}, marker="hub-c")])
    write = Write(None, {"lastname": "Ng", "associations.companies": company.key}, marker="hub-1")
    (outcome,) = crm.upsert("contacts", [write])
    assert outcome.kind is OutcomeKind.APPLIED
    (record,) = crm.fetch("contacts", [outcome.key])
    assert record.data["associations"] == {"companies": company.key}
    assert all("/2026-09" in request.path or "/oauth/" in request.path for request in fake.seen)


def test_the_connector_works_over_a_real_socket(fake, clock):
    with Server(fake) as server:
        settings = HubSpotSettings.model_validate({"auth": {"token": TOKEN}, "base_url": server.url})
        crm = HubSpotConnector(settings, Context(clock=clock))
        assert crm.check() == []
        assert crm.upsert("contacts", [Write(None, {"lastname": "Bo"}, marker="m1")])[0].kind is OutcomeKind.APPLIED
        crm.close()
    assert len(fake.rows("contacts")) == 1
