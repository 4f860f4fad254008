"""Requests are signed by OAuth 1.0a, so that a system which checks signatures lets them in, and only once each."""

import pytest

from connectors.contract import Context
from connectors.oauth1 import Method, OAuth1
from model.clock import ManualClock
from model.errors import UnauthorisedError
from syncline.sandbox.oauth1 import Signatures
from syncline.sandbox.wire import Response, transport


class Guarded:
    def __init__(self, clock, **secrets):
        self.clock, self.signatures, self.asked = clock, Signatures(**secrets), []

    def handle(self, request):
        self.asked.append(request)
        fault = self.signatures.fault(request, self.clock.now().timestamp())
        return Response.of({"error": fault}, 401) if fault else Response.of({"query": dict(request.query)})


SECRETS = {"consumer_key": "ck", "consumer_secret": "c&s", "token": "tk", "token_secret": "t=s"}


@pytest.fixture
def clock():
    return ManualClock()


def client(fake, clock, *, theirs=None, **options):
    context = Context(clock=clock, transport=transport(fake))
    auth = OAuth1(context=context, **(theirs or SECRETS), **options)
    return context.http("https://erp.example", auth=auth)


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("realm", [None, "4711_SB1"])
def test_a_signed_request_is_let_in(clock, method, realm):
    fake = Guarded(clock, **SECRETS)
    http = client(fake, clock, method=method, realm=realm)
    query = {"q": "a b+c&d=é", "limit": 5}
    path = "records/{key}"
    assert http.get(path, parts={"key": "ä/1"}, query=query).json() == {"query": {"q": "a b+c&d=é", "limit": "5"}}
    assert http.post("records", json={"name": "Ünal"}).status == 200
    assert ('realm="4711_SB1"' in fake.asked[0].headers["authorization"]) is (realm is not None)


def test_a_wrong_secret_is_refused_and_shown_nowhere(clock, caplog):
    fake = Guarded(clock, **SECRETS)
    caplog.set_level("DEBUG")
    theirs = {name: f"canary-{value}" for name, value in SECRETS.items()}
    http = client(fake, clock, theirs=theirs)
    with pytest.raises(UnauthorisedError) as caught:
        http.get("records")
    assert "canary" not in f"{caught.value}{caplog.text}{http._auth!r}"


def test_every_attempt_is_signed_anew(clock):
    class Weak(Guarded):
        def handle(self, request):
            answer = super().handle(request)
            return Response(status=503) if len(self.asked) < 3 else answer

    fake = Weak(clock, **SECRETS)
    assert client(fake, clock).get("records").status == 200
    assert len({request.headers["authorization"] for request in fake.asked}) == 3


def test_a_clock_that_is_off_is_refused(clock):
    fake = Guarded(clock, **SECRETS)
    http = client(fake, clock)
    fake.clock = ManualClock()
    fake.clock.advance(3600)
    with pytest.raises(UnauthorisedError):
        http.get("records")
