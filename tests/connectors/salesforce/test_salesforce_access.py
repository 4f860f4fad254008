"""The facts of a connection, and the way in: credentials, checks, quota."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from connectors.salesforce import SalesforceConnector
from connectors.salesforce.settings import SalesforceSettings
from connectors.sdk import (
    Context,
    Deletes,
    FieldType,
    OutcomeKind,
    Replay,
    ThrottledError,
    UnauthorisedError,
    Write,
)
from syncline.sandbox.wire import Server

SECRET = "s3cr3t-canary"


def people(*names):
    return [{"LastName": name} for name in names]


def last_names(pages):
    return [record.data.get("LastName") for page in pages for record in page.records]


def read(connector, since=None, stream="Contact"):
    """All pages, the records by key (later ones win), and the last cursor."""
    pages = list(connector.read(stream, since))
    return pages, {r.key: r for p in pages for r in p.records}, pages[-1].cursor


def create(marker, **fields):
    return Write(None, fields, marker=marker)


def test_the_facts_of_a_stream(crm):
    contact = crm.stream("Contact")
    assert [s.name for s in crm.declared_streams()] == ["Account", "Contact"]
    assert (contact.key, contact.version, contact.deletes, contact.removes) == (
        "Id",
        "SystemModstamp",
        Deletes.TOMBSTONES,
        True,
    )
    assert contact.parents == ("Account",)
    assert (contact.writes.batch, contact.writes.replay, contact.writes.marker) == (
        200,
        Replay.UPSERT,
        "Syncline_Id__c",
    )
    assert contact.watermark.resolution == timedelta(seconds=1)


def test_without_a_field_for_the_hubs_id_creates_are_natural_or_looked_up(make):
    bare = make(external_id=None, streams={"Contact": None, "Lead": {"external_id": "Hub__c", "lookup": True}})
    assert bare.stream("Contact").writes.replay is Replay.NATURAL
    assert bare.stream("Contact").writes.marker is None
    assert bare.stream("Lead").writes.replay is Replay.LOOKUP
    assert bare.stream("Lead").writes.marker == "Hub__c"


@pytest.mark.parametrize(
    "given",
    [
        {"login_url": "http://example.my.salesforce.com"},
        {"login_url": "example.my.salesforce.com"},
        {"api_version": "latest"},
        {"streams": ["Contact WHERE x"]},
        {"streams": {"Contact": {"fields": ["Id FROM User"]}}},
        {"external_id": "a b"},
        {"auth": {"kind": "password", "username": "a", "password": "b"}},
        {"page": 100},
        {"colour": "red"},
    ],
)
def test_settings_that_cannot_work_are_refused(given):
    auth = {"kind": "client_credentials", "client_id": "app", "client_secret": SECRET}
    with pytest.raises(ValidationError) as error:
        SalesforceSettings(**{"auth": auth, **given})
    assert SECRET not in str(error.value)


def test_discover_reduces_describe_to_facts(crm):
    fields = {f.name: f for f in crm.discover("Contact")}
    assert (fields["LastName"].required, fields["LastName"].max_length) == (True, 80)
    assert fields["AccountId"].type is FieldType.REFERENCE
    assert fields["AccountId"].references == ("Account",)
    assert (fields["Level__c"].choices, fields["Level__c"].restricted) == (("Primary", "Secondary", "Tertiary"), True)
    assert (fields["Salutation"].type, fields["Salutation"].restricted) == (FieldType.CHOICE, False)
    assert fields["DoNotCall"].required is False
    assert not fields["SystemModstamp"].updatable
    assert "MailingAddress" not in fields


def test_check_finds_nothing_wrong_with_a_good_org(crm):
    assert crm.check() == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"auth": {"kind": "client_credentials", "client_id": "app", "client_secret": "w0rd-canary"}}, "unauthorised"),
        ({"auth": {"kind": "client_credentials", "client_id": "who", "client_secret": SECRET}}, "unauthorised"),
        ({"api_version": "99.0"}, "api-version"),
        ({"streams": ["Contact", "Nope__c"]}, "unknown-stream"),
        ({"streams": {"Contact": {"fields": ["Email", "Nope__c"]}}}, "unknown-field"),
        ({"external_id": "Other__c", "streams": ["Contact"]}, "no-external-id"),
        ({"external_id": "Title", "streams": ["Contact"]}, "no-external-id"),
    ],
)
def test_check_says_what_is_wrong_and_what_to_do(make, given, code):
    found = make(**given).check()
    assert [d.code for d in found] == [code]
    assert SECRET not in str(found)
    assert "w0rd-canary" not in str(found)


def test_check_tells_how_to_make_the_external_id_field(make, fake):
    fake.drop_field("Contact", "Syncline_Id__c")
    (found,) = make().check()
    assert found.code == "no-external-id"
    assert "Object Manager, Contact" in found.hint
    assert "Unique" in found.hint


def test_check_warns_of_a_small_api_budget(make, fake):
    fake.limit, fake.used = 1000, 950
    (found,) = make().check()
    assert (found.code, found.severity) == ("api-budget", "warning")


def test_check_of_a_page_that_is_not_salesforce(make, fake):
    fake.misbehave("html", on="GET data")
    (found,) = make().check()
    assert found.code == "unreachable"


def test_jwt_bearer_lets_in(make, fake):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    fake.sessions.public_key = public.decode()
    crm = make(auth={"kind": "jwt", "client_id": "app", "username": "hub@example.org", "private_key": private})
    assert crm.check() == []


def test_later_calls_go_to_the_instance_that_the_token_names(make, fake):
    crm = make()
    read(crm)
    hosts = {request.headers["host"] for request in fake.seen}
    assert hosts == {"example.my.salesforce.com", "syncline-dev-ed.my.salesforce.com"}


def test_an_expired_session_is_renewed_without_losing_the_call(crm, fake, clock):
    fake.seed("Contact", people("Ng"))
    read(crm)
    clock.advance(3 * 3600)
    assert last_names(crm.read("Contact", None)) == ["Ng"]
    outcome = crm.upsert("Contact", [create("m1", LastName="Bo")])[0]
    assert outcome.kind is OutcomeKind.APPLIED
    assert fake.sessions.issued == 2


def test_a_session_that_stays_invalid_ends_in_one_clear_error(crm, fake):
    fake.misbehave("expired", on="", nth=1, times=1000)
    with pytest.raises(UnauthorisedError) as error:
        read(crm)
    assert SECRET not in str(error.value)
    assert sum(fake.calls.values()) < 8


def test_every_answer_reports_the_quota(make, fake):
    seen = []
    crm = make(on_quota=lambda connection, facts: seen.append((connection, dict(facts))))
    read(crm)
    assert seen[-1] == ("connection", {"limit": 15_000, "used": fake.used, "remaining": 15_000 - fake.used})


def test_a_spent_quota_is_throttled_though_the_status_says_forbidden(crm, fake):
    read(crm)
    fake.limit = fake.used
    before = sum(fake.calls.values())
    with pytest.raises(ThrottledError):
        read(crm)
    with pytest.raises(ThrottledError):
        crm.upsert("Contact", [create("m1", LastName="Bo")])
    assert sum(fake.calls.values()) - before == 2


def test_the_connector_works_over_a_real_socket(fake, clock):
    fake.seed("Contact", people("Ng"))
    given = {"kind": "client_credentials", "client_id": "app", "client_secret": SECRET}
    with Server(fake) as server:
        crm = SalesforceConnector(SalesforceSettings(login_url=server.url, auth=given), Context(clock=clock))
        assert crm.check() == []
        assert last_names(crm.read("Contact", None)) == ["Ng"]
        assert crm.upsert("Contact", [create("m1", LastName="Bo")])[0].kind is OutcomeKind.APPLIED
        crm.close()
    assert len(fake.rows("Contact")) == 2
