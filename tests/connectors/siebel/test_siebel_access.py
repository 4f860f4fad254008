"""Getting in: credentials of each kind, and what check says."""

import pytest

from connectors.sdk import Context, Severity
from connectors.siebel import SiebelConnector, SiebelSettings
from model.errors import UnauthorisedError
from syncline.sandbox.siebel import SiebelFake
from syncline.sandbox.wire import Response, transport


def codes(connector):
    return [(finding.code, finding.path) for finding in connector.check()]


def token_auth(**given):
    return {
        "kind": "client_credentials",
        "token_url": "https://crm.example.com:9001/identity/token",
        "client_id": "client",
        "client_secret": "provider-canary",
        **given,
    }


def test_a_good_enterprise_has_no_findings(fake, crm):
    fake.seed("Account", [{"Name": "A"}])
    assert crm.check() == []


def test_a_wrong_password_a_wrong_address_and_a_missing_right_are_told_apart(fake, make):
    wrong = make(auth={"kind": "basic", "user": "SYNCLINE", "password": "other"})
    assert codes(wrong) == [("unauthorised", "auth")]
    assert codes(make(url="https://crm.example.com:9001/other/v1.0")) == [("unreachable", "url")]
    fake.hidden.add("Contact")
    assert codes(make()) == [("no-access", "streams.Contact")]
    assert all(finding.hint for finding in make().check())


def test_a_component_that_is_not_there_is_named(make):
    assert codes(make(streams=["Account", "Acount"])) == [("unknown-stream", "streams.Acount")]


def test_something_else_at_the_address_is_not_taken_for_siebel(clock, make):
    class Portal:
        def handle(self, request):
            return Response(body=b"<html>Welcome</html>", headers={"content-type": "text/html"})

    assert codes(make(of=Portal())) == [("unreachable", "url")]


def test_fields_that_are_needed_and_missing_are_named_with_what_to_do(fake, make):
    fake.seed("Account", [{"Name": "A"}])
    given = {"streams": {"Account": {"stamp": "Updated Date", "fields": ["Nam"]}}, "version": "Mod", "marker": "Ext Id"}
    found = codes(make(**given))
    assert found == [
        ("unknown-field", "streams.Account.fields"),
        ("unknown-field", "streams.Account.stamp"),
        ("unknown-field", "version"),
        ("no-marker", "marker"),
    ]


def test_records_that_name_fields_otherwise_than_the_description_are_a_warning(fake, make):
    fake.seed("Account", [{"Name": "A"}])
    row = next(iter(fake.store.rows["Account"].values()))
    row["SR Type"] = "as a gateway calls it"
    [finding] = make(streams=["Account"]).check()
    assert (finding.code, finding.severity) == ("unknown-field", Severity.WARNING)
    assert "SR Type" in finding.message


def test_tokens_of_the_provider_let_in_and_are_renewed_when_they_end(clock, make):
    fake = SiebelFake(clock, clients={"client": "provider-canary"})
    connector = make(of=fake, auth=token_auth())
    assert connector.check() == []
    clock.advance(3600)
    assert list(connector.keys("Account")) == []
    fake.tokens = dict.fromkeys(fake.tokens, clock.now())
    assert list(connector.keys("Account")) == []
    assert len(fake.tokens) == 3


def test_a_refused_client_is_said_without_its_secret(clock, make):
    fake = SiebelFake(clock, clients={"client": "another"})
    connector = make(of=fake, auth=token_auth())
    [finding] = connector.check()
    assert finding.code == "unauthorised"
    assert "provider-canary" not in f"{finding} {connector.settings!r}"


def test_a_token_somebody_gave_is_sent_as_it_is(clock, make):
    fake = SiebelFake(clock)
    fake.tokens["given"] = clock.now().replace(year=2027)
    assert list(make(of=fake, auth={"kind": "bearer", "token": "given"}).keys("Account")) == []
    with pytest.raises(UnauthorisedError):
        list(make(of=fake, auth={"kind": "bearer", "token": "other"}).keys("Account"))


@pytest.mark.parametrize(
    "given",
    [
        {"zone": "Middle-earth/Shire"},
        {"url": "http://crm.example.com/siebel/v1.0"},
        {"page": 101},
        {"batch": 101},
        {"streams": ["Account] OR [Name"]},
        {"marker": 'Integration"Id'},
    ],
    ids=str,
)
def test_settings_that_cannot_be_meant_are_refused(given):
    good = {
        "url": "https://crm.example.com:9001/siebel/v1.0",
        "auth": {"kind": "basic", "user": "u", "password": "p"},
        "zone": "UTC",
    }
    SiebelSettings.model_validate(good)
    with pytest.raises(ValueError, match="validation error"):
        SiebelSettings.model_validate({**good, **given})


def test_a_connection_without_a_zone_is_refused_rather_than_guessed():
    given = {"url": "https://crm.example.com:9001/siebel/v1.0", "auth": {"kind": "bearer", "token": "t"}}
    with pytest.raises(ValueError, match="zone"):
        SiebelSettings.model_validate(given)


def test_without_a_marker_creates_are_found_again_by_their_own_fields(clock):
    settings = SiebelSettings.model_validate(
        {
            "url": "https://crm.example.com:9001/siebel/v1.0",
            "auth": {"kind": "basic", "user": "SYNCLINE", "password": "secret"},
            "zone": "UTC",
            "marker": None,
        }
    )
    connector = SiebelConnector(settings, Context(clock=clock, transport=transport(SiebelFake(clock))))
    assert {stream.writes.marker for stream in connector.declared_streams()} == {None}
    assert {stream.writes.replay.value for stream in connector.declared_streams()} == {"natural"}
    assert connector.check() == []
    connector.close()
