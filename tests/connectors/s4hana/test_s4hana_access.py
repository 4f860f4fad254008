"""The way in: credentials, the service, the session that writes need."""

import pytest
from pydantic import ValidationError

from connectors.s4hana import S4HanaSettings
from connectors.sdk import Deletes, FieldType, OutcomeKind, Replay, UnauthorisedError, Write
from syncline.sandbox.s4hana import S4HanaFake
from syncline.sandbox.wire import Response, transport

HOST = "https://my300000-api.s4hana.example"
SECRET = "s3cr3t-canary"
OAUTH = {"kind": "client_credentials", "client_id": "app", "client_secret": SECRET}
ADDRESS = "to_BusinessPartnerAddress.XXDEFAULT"


def company(**fields):
    return {"OrganizationBPName1": "Alfreds Futterkiste", **fields}


def codes(findings):
    return [(finding.code, finding.path) for finding in findings]


def test_the_facts_of_a_stream(sap):
    organisations, persons = sap.declared_streams()
    assert (organisations.key, organisations.deletes, organisations.removes) == (
        "BusinessPartner",
        Deletes.SWEEP,
        False,
    )
    assert persons.parents == ("organisations",)
    assert (persons.writes.replay, persons.writes.conditional, persons.writes.batch) == (Replay.LOOKUP, True, 50)
    assert persons.writes.marker == "to_BuPaIdentification.SYNCLN.BPIdentificationNumber"


def test_without_an_identification_type_creates_have_no_marker(make):
    stream = make(marker=None).stream("organisations")
    assert (stream.writes.replay, stream.writes.marker) == (Replay.NATURAL, None)


@pytest.mark.parametrize(
    "given",
    [
        {"url": "http://sap.example"},
        {"url": "https://sap.example/sap/opu"},
        {"client": "1"},
        {"streams": ["groups"]},
        {"streams": {"persons": {"usages": ["x y"]}}},
        {"marker": "too-long"},
        {"path": "sap"},
    ],
)
def test_settings_that_cannot_be_right_are_refused(given):
    with pytest.raises(ValidationError):
        S4HanaSettings(**{"url": HOST, "auth": OAUTH, **given})


def test_check_finds_nothing_wrong_by_either_way_in(sap, make):
    assert sap.check() == []
    assert make(auth=OAUTH).check() == []


def test_a_wrong_password_is_told_from_a_wrong_address_and_a_missing_service(make):
    wrong = {"kind": "basic", "user": "USER", "password": "wrong"}
    assert codes(make(auth=wrong).check()) == [("unauthorised", "auth")]
    assert codes(make(auth={**OAUTH, "client_secret": "wrong"}).check()) == [("unauthorised", "auth")]
    assert codes(make(path="/sap/opu/odata/sap/API_BUPA").check()) == [("no-service", "path")]
    gone = make(carrier=transport(type("Gone", (), {"handle": lambda self, request: Response(lost=True)})()))
    assert codes(gone.check()) == [("unreachable", "url")]


def test_an_address_that_answers_with_something_else_is_said(make, fake):
    class Portal:
        def handle(self, request):
            return Response(body=b"<html>Sign in</html>", headers={"content-type": "text/html"})

    (finding,) = make(carrier=transport(Portal())).check()
    assert finding.path == "url"


def test_another_service_is_told_by_what_it_lacks(make, clock):
    fake = S4HanaFake(clock, users={"USER": SECRET})
    fake.entities = {name: one for name, one in fake.entities.items() if name != "A_BusinessPartnerContact"}
    (finding,) = make(of=fake).check()
    assert (finding.code, "A_BusinessPartnerContact" in finding.message) == ("other-service", True)


def test_a_user_of_another_client_is_not_let_in(make, clock):
    fake = S4HanaFake(clock, users={"USER": SECRET})
    fake.access.client = "100"
    assert make(of=fake, client="100").check() == []
    (finding,) = make(of=fake, client="200").check()
    assert (finding.code, "client 200" in finding.hint) == ("unauthorised", True)


def test_discovery_shows_the_parts_under_their_paths_with_the_service_s_own_lengths(sap):
    fields = {field.name: field for field in sap.discover("persons")}
    assert fields[f"{ADDRESS}.StreetName"].max_length == 60
    assert fields[f"{ADDRESS}.to_EmailAddress.EmailAddress"].max_length == 241
    assert (fields["LastName"].required, fields["LastName"].nullable) == (True, False)
    assert fields["BirthDate"].type is FieldType.DATE
    assert fields["BusinessPartnerIsBlocked"].type is FieldType.BOOLEAN
    assert not fields["LastChangeDate"].updatable
    assert fields["to_BusinessPartnerContact.BusinessPartnerCompany"].references == ("organisations",)
    assert fields["to_BusinessPartnerContact.BusinessPartnerCompany"].updatable
    assert not fields["to_Customer.VATRegistration"].creatable
    assert "to_BusinessPartnerContact.BusinessPartnerCompany" not in {f.name for f in sap.discover("organisations")}


def test_a_token_is_fetched_once_and_used_again(sap, fake):
    for name in ("A", "B"):
        sap.upsert("organisations", [Write(None, company(OrganizationBPName2=name), marker=name)])
    assert fake.calls["GET /"] == 1
    assert fake.calls["POST $batch"] == 2


def test_a_token_whose_session_ended_is_renewed_once_and_the_write_done_once(sap, fake):
    sap.upsert("organisations", [Write(None, company(), marker="1")])
    fake.access.end_sessions()
    (outcome,) = sap.upsert("organisations", [Write(None, company(), marker="2")])
    assert outcome.kind is OutcomeKind.APPLIED
    assert len(fake.rows["A_BusinessPartner"]) == 2
    assert fake.calls["GET /"] == 2


def test_a_token_without_the_cookies_of_its_session_is_worth_nothing(make, fake):
    """A proxy that takes cookies away: said after one renewal, not tried for ever, and nothing is written."""

    class Proxy:
        def handle(self, request):
            headers = {name: value for name, value in request.headers.items() if name != "cookie"}
            return fake.handle(type(request)(**{**_parts(request), "headers": headers}))

    connector = make(carrier=transport(Proxy()))
    with pytest.raises(UnauthorisedError):
        connector.upsert("organisations", [Write(None, company(), marker="1")])
    assert (fake.calls["POST $batch"], len(fake.rows["A_BusinessPartner"])) == (2, 0)


def test_an_access_token_that_was_taken_away_is_renewed(make, fake):
    connector = make(auth=OAUTH)
    assert connector.check() == []
    fake.access.revoke()
    (outcome,) = connector.upsert("organisations", [Write(None, company(), marker="1")])
    assert outcome.kind is OutcomeKind.APPLIED


def test_nothing_secret_or_personal_is_said_when_a_write_is_refused(sap, caplog):
    caplog.set_level("DEBUG")
    (outcome,) = sap.upsert("persons", [Write(None, {"LastName": "Canary-" + "x" * 60}, marker="1")])
    assert outcome.kind is OutcomeKind.REFUSED
    assert outcome.field == "LastName"
    assert "Canary" not in f"{outcome}{caplog.text}"
    assert SECRET not in caplog.text


def _parts(request):
    return {name: getattr(request, name) for name in ("method", "path", "query", "body")}
