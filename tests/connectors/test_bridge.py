"""A `requests` session, carried over the shared client."""

import gzip

import pytest
import requests

from connectors.bridge import RequestsAdapter
from connectors.contract import Context
from model.clock import ManualClock
from model.errors import AnswerLostError
from syncline.sandbox.wire import Request, Response, Server, transport


class Script:
    """A system that gives its answers in order (the last one for ever) and keeps what it was asked."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    def handle(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Renewing:
    def __init__(self) -> None:
        self.turn = 0

    def headers(self):
        return {"Authorization": f"Bearer {self.turn}"}

    def refused(self) -> bool:
        self.turn += 1
        return True


def bridged(*answers, accept=frozenset(), **options):
    script, clock = Script(*answers), ManualClock()
    http = Context(transport=transport(script), clock=clock).http("https://acme.example/api", **options)
    session = requests.Session()
    session.mount("https://", RequestsAdapter(http, accept=accept))
    return session, script, clock


def test_a_requests_session_travels_over_the_shared_client():
    session, script, _ = bridged(Response.of({"done": "ä"}, status=201, headers={"Sforce-Limit-Info": "api-usage=1/9"}))
    answer = session.post("https://other.example/services?q=1", json={"a": 1}, headers={"X-Extra": "kept"}, timeout=3)
    assert (answer.status_code, answer.json(), answer.ok) == (201, {"done": "ä"}, True)
    assert answer.headers["sforce-limit-info"] == "api-usage=1/9"
    [request] = script.asked
    assert (request.path, request.query, request.json()) == ("/services", {"q": "1"}, {"a": 1})
    assert request.headers["x-extra"] == "kept"
    assert request.headers["host"] == "acme.example"


def test_a_session_that_insists_on_https_reaches_a_loopback_fake():
    with Server(Script(Response.of([1]))) as server:
        http = Context(clock=ManualClock()).http(server.url)
        session = requests.Session()
        session.mount("https://", RequestsAdapter(http))
        assert session.get("https://acme.example/x").json() == [1]
        http.close()


def test_a_session_gets_renewed_credentials_with_its_own_headers_kept():
    session, script, _ = bridged(Response(status=401), Response.of(1), auth=Renewing())
    session.get("https://acme.example/x", headers={"Authorization": "Bearer stale", "Sforce-Duplicate": "y"})
    assert [r.headers["authorization"] for r in script.asked] == ["Bearer 0", "Bearer 1"]
    assert script.asked[1].headers["sforce-duplicate"] == "y"


def test_a_session_streams_large_answers_and_sees_accepted_errors():
    body = gzip.compress(b"0123456789" * 1000)
    session, _, _ = bridged(Response(body=body, headers={"content-encoding": "gzip"}))
    with session.get("https://acme.example/x", stream=True) as answer:
        pieces = list(answer.iter_content(4096))
    assert b"".join(pieces) == b"0123456789" * 1000
    assert max(map(len, pieces)) <= 4096
    session, _, _ = bridged(Response.of([{"errorCode": "X"}], status=500), accept=frozenset({500}))
    assert session.get("https://acme.example/x").json() == [{"errorCode": "X"}]


def test_a_write_of_a_session_whose_answer_is_lost_says_so():
    session, script, _ = bridged(Response(lost=True))
    with pytest.raises(AnswerLostError):
        session.post("https://acme.example/x", data="a")
    assert len(script.asked) == 1


def test_a_session_cannot_reach_another_host_with_its_credentials():
    session, script, _ = bridged(Response.of(1))
    session.get("https://evil.example/x", headers={"Authorization": "Bearer secret"})
    assert script.asked[0].headers["host"] == "acme.example"


def test_a_real_salesforce_session_travels_and_renews_its_token():
    from simple_salesforce import Salesforce  # slow to import, and only this test needs it

    session, script, _ = bridged(Response(status=401), Response.of({"Id": "003", "LastName": "Ä"}), auth=Renewing())
    org = Salesforce(instance_url="https://acme.example", session_id="stale", version="62.0", session=session)
    assert org.Contact.get("003")["LastName"] == "Ä"
    assert [request.path for request in script.asked] == ["/services/data/v62.0/sobjects/Contact/003"] * 2
    assert script.asked[1].headers["authorization"] == "Bearer 1"
