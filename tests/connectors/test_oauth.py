"""Credentials that renew themselves."""

import logging
import threading
from datetime import timedelta
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from connectors.assertions import ClientAssertion
from connectors.contract import Context
from connectors.oauth import ClientCredentials, JwtBearer, MemoryTokens, RefreshToken
from model.clock import ManualClock
from model.errors import ProtocolError, ThrottledError, UnauthorisedError, UnreachableError
from syncline.sandbox.wire import Request, Response, transport

URL = "https://login.example/oauth2/token"
SECRET = "canary-secret-4711"


class TokenEndpoint:
    """Gives numbered tokens; rotates refresh tokens, honouring only the newest one."""

    def __init__(self, *, expires_in=3600, answer=None) -> None:
        self.expires_in = expires_in
        self.answer = answer
        self.refresh = "r0"
        self.forms: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []

    def handle(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        self.forms.append(form)
        self.headers.append(dict(request.headers))
        if self.answer is not None:
            return self.answer
        number = len(self.forms)
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] != self.refresh:
                return Response.of({"error": "invalid_grant", "error_description": SECRET}, status=400)
            self.refresh = f"r{number}"
        token = {"access_token": f"a{number}", "refresh_token": self.refresh, "instance_url": "https://my.example"}
        return Response.of({**token, "expires_in": self.expires_in} if self.expires_in else token)


def world(endpoint, tokens=None):
    return Context(connection="crm", clock=ManualClock(), transport=transport(endpoint), tokens=tokens)


def credentials(context, **options):
    return ClientCredentials(context, URL, client_id="me", client_secret=SecretStr(SECRET), **options)


def refreshing(context, first="r0"):
    return RefreshToken(context, URL, client_id="me", client_secret=SECRET, refresh_token=first)


def test_a_token_is_kept_until_shortly_before_it_expires():
    endpoint = TokenEndpoint()
    context = world(endpoint)
    auth = credentials(context)
    assert auth.headers() == auth.headers() == {"Authorization": "Bearer a1"}
    context.clock.advance(3600 - 61)
    assert auth.headers() == {"Authorization": "Bearer a1"}
    context.clock.advance(2)
    assert auth.headers() == {"Authorization": "Bearer a2"}
    assert auth.token().instance_url == "https://my.example"


def test_a_token_without_an_end_is_kept_until_it_is_refused():
    endpoint = TokenEndpoint(expires_in=None)
    context = world(endpoint)
    auth = credentials(context, header="X-Access-Token", prefix="")
    context.clock.advance(10**6)
    assert auth.headers() == auth.headers() == {"X-Access-Token": "a1"}
    assert auth.refused()
    assert auth.headers() == {"X-Access-Token": "a2"}


def test_threads_refused_with_the_same_token_fetch_one_new_one_between_them():
    endpoint = TokenEndpoint()
    auth = credentials(world(endpoint))
    auth.headers()
    gate = threading.Barrier(4)

    def work():
        auth.headers()
        gate.wait()
        auth.refused()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(endpoint.forms) == 2


def test_client_credentials_go_into_the_form_or_into_the_header():
    endpoint = TokenEndpoint()
    credentials(world(endpoint), scope="api").headers()
    credentials(world(endpoint), basic=True).headers()
    assert endpoint.forms[0] == {
        "grant_type": "client_credentials",
        "client_id": "me",
        "client_secret": SECRET,
        "scope": "api",
    }
    assert endpoint.forms[1] == {"grant_type": "client_credentials"}
    assert endpoint.headers[1]["authorization"].startswith("Basic ")


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize("flat", [False, True])
def test_the_assertion_is_signed_and_short_lived(key, flat):
    endpoint = TokenEndpoint()
    context = world(endpoint)
    text = pem(key).replace("\n", "\\n") if flat else pem(key)
    auth = JwtBearer(
        context, URL, client_id="me", subject="ann@x.example", audience="https://login.example", private_key=text
    )
    auth.headers()
    [form] = endpoint.forms
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(
        form["assertion"],
        key.public_key(),
        ["RS256"],
        audience="https://login.example",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert (claims["iss"], claims["sub"]) == ("me", "ann@x.example")
    assert claims["exp"] == int((context.clock.now() + timedelta(minutes=3)).timestamp())


def test_a_client_may_sign_who_it_is_instead_of_sending_a_secret(key):
    endpoint = TokenEndpoint()
    context = world(endpoint)
    auth = ClientAssertion(
        context, URL, client_id="me", private_key=pem(key), key_id="certificate-1", claims={"scope": ["rest"]}
    )
    assert auth.headers() == {"Authorization": "Bearer a1"}
    form = endpoint.forms[0]
    assert (form["grant_type"], "client_secret" in form) == ("client_credentials", False)
    assertion = form["client_assertion"]
    assert jwt.get_unverified_header(assertion) == {"alg": "PS256", "typ": "JWT", "kid": "certificate-1"}
    options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(assertion, key.public_key(), ["PS256"], audience=URL, options=options)
    assert (claims["iss"], claims["scope"], claims["exp"] - claims["iat"]) == ("me", ["rest"], 180)
    assert auth.refused()
    again = jwt.decode(endpoint.forms[1]["client_assertion"], options={"verify_signature": False})
    assert again["jti"] != claims["jti"]


def test_a_private_key_that_is_none_is_said_without_showing_it():
    auth = JwtBearer(world(TokenEndpoint()), URL, client_id="me", subject="s", audience="a", private_key=SECRET)
    with pytest.raises(UnauthorisedError, match="PEM") as caught:
        auth.headers()
    assert SECRET not in str(caught.value)


def test_a_rotated_refresh_token_is_stored_before_the_access_token_is_used():
    endpoint, store = TokenEndpoint(), MemoryTokens()
    auth = refreshing(world(endpoint, store))
    assert auth.headers() == {"Authorization": "Bearer a1"}
    assert store.load("crm")["refresh"] == "r1"
    assert auth.refused()
    assert endpoint.forms[1]["refresh_token"] == "r1"


def test_a_later_process_goes_on_with_what_the_former_one_stored():
    endpoint, store = TokenEndpoint(), MemoryTokens()
    refreshing(world(endpoint, store)).headers()
    later = refreshing(world(endpoint, store))
    assert later.headers() == {"Authorization": "Bearer a1"}
    later.refused()
    assert later.headers() == {"Authorization": "Bearer a2"}
    assert later.token().instance_url == "https://my.example"


def test_a_process_that_is_refused_takes_the_token_another_one_renewed_meanwhile():
    endpoint, store = TokenEndpoint(), MemoryTokens()
    one, two = refreshing(world(endpoint, store)), refreshing(world(endpoint, store))
    one.headers(), two.headers()
    one.refused()
    two.refused()
    assert one.headers() == two.headers() == {"Authorization": "Bearer a2"}
    assert len(endpoint.forms) == 2


def test_processes_that_start_together_use_the_refresh_token_once_between_them():
    endpoint, store = TokenEndpoint(), MemoryTokens()
    gate, seen, failures = threading.Barrier(4), [], []

    def process():
        auth = refreshing(world(endpoint, store))
        gate.wait()
        try:
            seen.append(auth.headers()["Authorization"])
        except UnauthorisedError as error:
            failures.append(error)

    threads = [threading.Thread(target=process) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(seen) == {"Bearer a1"}
    assert len(endpoint.forms) == 1


class FullDisk(MemoryTokens):
    full = True

    def save(self, name, token):
        if self.full:
            raise OSError("no space left")
        super().save(name, token)


def test_a_rotated_token_that_could_not_be_stored_is_stored_first_thing_next_time():
    endpoint, store = TokenEndpoint(), FullDisk()
    auth = refreshing(world(endpoint, store))
    with pytest.raises(OSError, match="no space"):
        auth.headers()
    store.full = False
    assert auth.headers() == {"Authorization": "Bearer a1"}
    assert store.load("crm")["refresh"] == "r1"
    assert len(endpoint.forms) == 1


def test_a_newly_configured_refresh_token_makes_the_stored_ones_void():
    endpoint, store = TokenEndpoint(), MemoryTokens()
    refreshing(world(endpoint, store)).headers()
    endpoint.refresh = "authorised-again"
    assert refreshing(world(endpoint, store), "authorised-again").headers() == {"Authorization": "Bearer a2"}


def test_a_refresh_token_without_a_store_is_refused_rather_than_lost():
    endpoint = TokenEndpoint()
    with pytest.raises(UnauthorisedError, match="store"):
        refreshing(world(endpoint)).headers()
    assert endpoint.forms == []


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (Response.of({"error": "invalid_client"}, status=401), UnauthorisedError, "client id or its secret"),
        (Response.of({"error": "invalid_grant"}, status=400), UnauthorisedError, "authorise this client again"),
        (Response.of({"error": SECRET + "!"}, status=400), UnauthorisedError, "no error code"),
        (Response.of({"error": "server_error"}, status=400), UnreachableError, "at the moment"),
        (Response(status=503), UnreachableError, "503"),
        (Response(lost=True), UnreachableError, "no answer"),
        (Response(status=429, headers={"retry-after": "999"}), ThrottledError, "slow down"),
        (Response(body=b"<html>", status=404), ProtocolError, "address"),
        (Response(body=b"<html>"), ProtocolError, "HTML"),
        (Response.of({"token": SECRET}), ProtocolError, "without an access token"),
        (Response.of([SECRET]), ProtocolError, "without an access token"),
    ],
)
def test_what_goes_wrong_at_the_token_endpoint_is_told_apart(answer, error, says):
    auth = credentials(world(TokenEndpoint(answer=answer)))
    with pytest.raises(error, match=says) as caught:
        auth.headers()
    assert type(caught.value) is error
    assert SECRET not in str(caught.value)


def test_tokens_and_secrets_appear_in_no_text(caplog):
    caplog.set_level(logging.DEBUG)
    endpoint, store = TokenEndpoint(), MemoryTokens()
    auth = refreshing(world(endpoint, store))
    auth.headers()
    shown = " ".join((repr(auth), repr(auth.token()), repr(store), caplog.text, repr(credentials(world(endpoint)))))
    assert SECRET not in shown
    assert "a1" not in shown
    assert "r1" not in shown
