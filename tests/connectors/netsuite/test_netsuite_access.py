"""The way in: signatures, certificates, and what `check` says when neither helps."""

from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from connectors.netsuite import NetSuiteSettings
from connectors.sdk import Severity, UnauthorisedError
from syncline.sandbox.netsuite import NetSuiteFake
from syncline.sandbox.oauth1 import authorization
from syncline.sandbox.wire import Response

TOKEN = {"kind": "token", "consumer_key": "ck", "consumer_secret": "cs-canary", "token": "tk", "token_secret": "x"}


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)


@pytest.fixture
def certified(key, clock):
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return NetSuiteFake(clock, certificates={"cert-1": pem.decode()})


def certificate(key, **given):
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return {"kind": "certificate", "client_id": "client", "certificate_id": "cert-1", "private_key": pem, **given}


def test_a_sandbox_is_asked_at_its_own_host_and_signed_for_by_its_realm(erp, fake):
    assert erp.check() == []
    request = fake.seen[0]
    assert request.headers["host"] == "1234567-sb1.suitetalk.api.netsuite.com"
    given = authorization(request.headers["authorization"])
    assert (given["realm"], given["oauth_signature_method"]) == ("1234567_SB1", "HMAC-SHA256")


@pytest.mark.parametrize("account", ["1234567-sb1", "1234567_SB1", "1234567_sb1"])
def test_the_account_may_be_written_either_way(make, account):
    assert make(account=account).check() == []


def test_a_wrong_secret_is_told_from_a_wrong_address_each_with_what_to_do(make):
    [wrong] = make(auth=TOKEN).check()
    assert (wrong.code, wrong.path) == ("unauthorised", "auth")
    assert "Login Audit Trail" in wrong.hint

    class Elsewhere:
        def handle(self, request):
            return Response(status=404, body=b"<html>", headers={"content-type": "text/html"})

    [lost] = make(Elsewhere()).check()
    assert (lost.code, lost.path) == ("unreachable", "account")


def test_a_certificate_lets_in_and_its_token_is_kept_until_it_ends(make, certified, key, clock):
    erp = make(certified, auth=certificate(key))
    assert erp.check() == []
    assert certified.access.issued == 1
    [asked] = [request for request in certified.seen if request.path.endswith("/token")]
    form = parse_qs(asked.body.decode())
    assertion = form["client_assertion"][0]
    assert jwt.get_unverified_header(assertion)["alg"] == "PS256"
    assert jwt.get_unverified_header(assertion)["kid"] == "cert-1"
    claims = jwt.decode(assertion, options={"verify_signature": False})
    assert claims["aud"] == "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"
    assert claims["scope"] == ["rest_webservices"]
    clock.advance(3700)
    assert erp.check() == []
    certified.access.expire()
    assert erp.check() == []
    assert certified.access.issued == 3


def test_a_certificate_that_is_no_longer_mapped_is_said(make, certified, key):
    certified.access.certificates.clear()  # as after a refresh of the sandbox
    [finding] = make(certified, auth=certificate(key)).check()
    assert finding.code == "unauthorised"
    assert "wipes it" in finding.hint


@pytest.mark.parametrize("wrong", [{"certificate_id": "cert-2"}, {"client_id": "other"}, {"private_key": "canary"}])
def test_whatever_is_wrong_with_a_certificate_no_key_is_shown(make, certified, key, wrong, caplog):
    caplog.set_level("DEBUG")
    erp = make(certified, auth=certificate(key, **wrong))
    [finding] = erp.check()
    assert finding.code == "unauthorised"
    assert "canary" not in f"{finding}{caplog.text}"
    assert "PRIVATE KEY" not in f"{finding}{caplog.text}{erp.settings!r}"


def test_overload_that_is_told_as_a_failed_login_ends_the_read(erp, fake):
    fake.misbehave("login", on="suiteql", times=50)
    with pytest.raises(UnauthorisedError):
        list(erp.read("customer", None))


def test_a_column_that_makes_the_system_fail_is_left_out(make, fake):
    erp = make(streams=["customer"])
    fake.seed("customer", [{"companyName": "Acme"}])
    fake.misbehave("unexpected", on="suiteql", times=1)  # what it says to the first question that names a secret column
    findings = erp.check()
    assert [one for one in findings if one.severity is Severity.ERROR] == []
    assert [record.data["companyName"] for page in erp.read("customer", None) for record in page.records] == ["Acme"]


@pytest.mark.parametrize(
    "given",
    [
        {"zone": "Mars/Olympus"},
        {"zone": "UTC+1"},
        {"base_url": "http://1234567.suitetalk.api.netsuite.com"},
        {"streams": ["invoice"]},
        {"marker": "companyName"},
        {"streams": {"customer": {"marker": "id; DROP"}}},
        {"page": 5000},
        {"account": "https://1234567"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(given):
    settings = {"account": "1234567", "zone": "Europe/Berlin", "auth": TOKEN, **given}
    with pytest.raises(ValidationError):
        NetSuiteSettings.model_validate(settings)


def test_the_zone_has_to_be_said():
    with pytest.raises(ValidationError, match="zone"):
        NetSuiteSettings.model_validate({"account": "1234567", "auth": TOKEN})


def test_calls_under_way_together_are_as_many_as_the_settings_allow(make):
    assert make(at_once=4).stream("contact").writes.at_once == 4
    assert make().stream("contact").writes.batch == 1
    assert make().stream("contact").parents == ("customer",)
