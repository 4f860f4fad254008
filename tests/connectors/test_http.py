"""The HTTP client: what is repeated, what is refused, what is said, and what is never said."""

import gc
import gzip
import logging
import zlib
from datetime import timedelta

import httpx
import pytest
import respx

from connectors.contract import Context
from connectors.http import Answer, Basic, Bearer, Http, carried_by
from model.clock import ManualClock
from model.errors import (
    AnswerLostError,
    ConfigurationError,
    ProtocolError,
    RefusedError,
    ThrottledError,
    UnauthorisedError,
    UnreachableError,
)
from syncline.sandbox.wire import Request, Response, Server, transport

HOME = "https://acme.example/api"
CANARY = "canary-7f3a"


class Script:
    """A system that gives its answers in order (the last one for ever) and keeps what it was asked."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    def handle(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def client(*answers: Response, **options):
    script = Script(*(answers or (Response.of({}),)))
    clock = ManualClock()
    context = Context(transport=transport(script), clock=clock, on_quota=options.pop("on_quota", None))
    return context.http(options.pop("base", HOME), **options), script, clock


def test_a_read_is_repeated_after_server_errors_and_lost_answers():
    http, script, clock = client(Response(status=503), Response(lost=True), Response.of({"a": 1}))
    assert http.get("x").json() == {"a": 1}
    assert len(script.asked) == 3
    assert len(clock.slept) == 2
    assert min(clock.slept) >= 0.5


@pytest.mark.parametrize("answer", [Response(lost=True), Response(status=500), Response(status=502)])
def test_a_write_whose_answer_is_lost_is_never_sent_again(answer):
    http, script, _ = client(answer)
    with pytest.raises(AnswerLostError):
        http.post("x", json={"a": 1})
    assert len(script.asked) == 1


def test_a_post_that_only_reads_may_be_repeated():
    http, script, _ = client(Response(status=500), Response.of(1))
    assert http.post("search", json={}, idempotent=True).json() == 1
    assert len(script.asked) == 2


def test_a_write_that_was_turned_away_is_sent_again_after_the_wait_asked_for():
    http, script, clock = client(Response(status=429, headers={"retry-after": "7"}), Response.of(1))
    assert http.post("x", json={}).json() == 1
    assert clock.slept == [7.0]
    assert len(script.asked) == 2


def test_a_wait_beyond_patience_is_handed_to_the_caller_with_its_moment():
    http, script, clock = client(Response(status=429, headers={"Retry-After": "Thu, 01 Jan 2026 01:00:00 GMT"}))
    with pytest.raises(ThrottledError) as caught:
        http.get("x")
    assert caught.value.until == clock.now() + timedelta(hours=1)
    assert len(script.asked) == 1


@pytest.mark.parametrize("text", ["1e300", "inf"])
def test_an_absurd_wait_is_no_overflow(text):
    http, _, _ = client(Response(status=429, headers={"retry-after": text}))
    with pytest.raises(ThrottledError):
        http.get("x")


@pytest.mark.parametrize("text", ["0", "-5", "nan", "soon"])
def test_throttling_without_a_usable_wait_is_no_hot_loop(text):
    http, script, clock = client(Response(status=429, headers={"retry-after": text}), attempts=4)
    with pytest.raises(ThrottledError):
        http.get("x")
    assert len(script.asked) == 4
    assert len(clock.slept) == 3
    assert min(clock.slept) >= 0.5


def test_a_connector_can_judge_answers_that_say_slow_down_inside_a_200():
    def judge(answer: Answer) -> float | None:
        return 3.0 if b"THROTTLED" in answer.body else None

    http, script, clock = client(Response.of("THROTTLED"), Response.of("fine"), judge=judge)
    assert http.post("graphql", json={}).json() == "fine"
    assert clock.slept == [3.0]
    assert len(script.asked) == 2


class Renewing:
    def __init__(self) -> None:
        self.turn = 0

    def headers(self):
        return {"Authorization": f"Bearer {self.turn}"}

    def refused(self) -> bool:
        self.turn += 1
        return True


def test_a_refused_credential_is_renewed_once_and_the_request_sent_again():
    http, script, _ = client(Response(status=401), Response.of(1), auth=Renewing())
    assert http.post("x", json={}).json() == 1
    assert [request.headers["authorization"] for request in script.asked] == ["Bearer 0", "Bearer 1"]


def test_credentials_that_stay_refused_end_in_one_error_not_in_a_loop():
    http, script, _ = client(Response(status=401), auth=Renewing())
    with pytest.raises(UnauthorisedError):
        http.get("x")
    assert len(script.asked) == 2


def test_html_instead_of_json_is_said():
    http, _, _ = client(Response(body=b"<html>Sign in</html>", headers={"content-type": "text/html"}))
    with pytest.raises(ProtocolError, match="HTML"):
        http.get("x").json()


def test_a_write_answered_with_something_else_than_json_is_a_lost_answer_unless_it_says_it_failed():
    http, _, _ = client(Response(body=b"<html>"), Response(body=b"<html>", status=400))
    with pytest.raises(AnswerLostError, match="HTML"):
        http.post("x", json={}).json()
    with pytest.raises(ProtocolError, match="HTML"):
        http.post("x", json={}).json()


def test_json_with_a_byte_order_mark_is_read():
    assert Answer(200, {}, b"\xef\xbb\xbf[1]").json() == [1]


def test_gzip_and_deflate_are_undone():
    for encoding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        http, _, _ = client(Response(body=pack(b'{"a":1}'), headers={"content-encoding": encoding}))
        assert http.get("x").json() == {"a": 1}


def test_several_gzip_members_and_bare_deflate_are_undone():
    bare = zlib.compress(b"[1,2]")[2:-4]
    http, _, _ = client(
        Response(body=gzip.compress(b"[1,") + gzip.compress(b"2]"), headers={"content-encoding": "gzip"}),
        Response(body=bare, headers={"content-encoding": "deflate"}),
    )
    assert http.get("x").json() == http.get("x").json() == [1, 2]


BROKEN = [
    Response(body=b"not gzip at all", headers={"content-encoding": "gzip"}),
    Response(body=gzip.compress(b"x" * 999)[:-9], headers={"content-encoding": "gzip"}),
    Response(body=b"[]", headers={"content-encoding": "br"}),
    Response(body=b"[1", headers={"content-length": "4"}),
]


@pytest.mark.parametrize("answer", BROKEN)
def test_a_damaged_or_truncated_answer_to_a_read_is_a_protocol_error(answer):
    http, _, _ = client(answer, attempts=2)
    with pytest.raises(ProtocolError):
        http.get("x")


@pytest.mark.parametrize("answer", BROKEN)
def test_a_damaged_or_truncated_answer_to_a_write_is_a_lost_answer(answer):
    http, script, _ = client(answer)
    with pytest.raises(AnswerLostError):
        http.post("x", json={})
    assert len(script.asked) == 1


def test_an_answer_cut_off_once_is_asked_for_again():
    http, _, _ = client(BROKEN[3], Response.of([1]))
    assert http.get("x").json() == [1]


def test_an_endless_answer_is_refused_even_when_it_arrives_small():
    bomb = gzip.compress(bytes(5_000_000))
    http, script, _ = client(Response(body=bomb, headers={"content-encoding": "gzip"}), largest=1_000_000)
    with pytest.raises(ProtocolError, match="larger than 1000000 bytes"):
        http.get("x")
    assert len(script.asked) == 1


def test_lines_come_one_by_one_across_chunks_and_line_ends():
    rows = [f"{n},{'x' * (n % 97)}" for n in range(20_000)]
    body = "\r\n".join(rows).encode()
    http, _, _ = client(Response(body=gzip.compress(body), headers={"content-encoding": "gzip"}))
    assert [line.decode() for line in http.lines("bulk")] == rows


def test_lines_of_a_cut_off_download_end_in_an_error_not_in_fewer_lines():
    http, _, _ = client(Response(body=b"a\nb\n", headers={"content-length": "400"}))
    lines = http.lines("bulk")
    assert [next(lines), next(lines)] == [b"a", b"b"]
    with pytest.raises(ProtocolError, match="cut off"):
        next(lines)


def test_lines_are_not_read_out_of_an_error_page_or_without_end():
    http, _, _ = client(Response(status=404, body=b"nothing\nhere"), Response(body=b"x" * 5000))
    with pytest.raises(RefusedError, match="404"):
        list(http.lines("bulk"))
    with pytest.raises(ProtocolError, match="longer than 1000"):
        list(http.lines("bulk", longest=1000))


def test_redirects_are_followed_for_reads_on_the_same_host_only():
    http, script, _ = client(Response(status=302, headers={"location": "/api/y?z=1"}), Response.of(1), auth=Bearer("t"))
    assert http.get("x").json() == 1
    assert script.asked[1].path == "/api/y"
    for elsewhere in ("https://evil.example/x", "http://acme.example/x", "https://acme.example:8443/x"):
        http, script, _ = client(Response(status=302, headers={"location": elsewhere}), auth=Bearer("t"))
        with pytest.raises(ProtocolError, match="not followed"):
            http.get("x")
        assert len(script.asked) == 1


def test_a_redirected_write_is_a_lost_answer_and_a_circle_ends():
    http, _, _ = client(Response(status=303, headers={"location": "/api/done"}))
    with pytest.raises(AnswerLostError):
        http.post("x", json={})
    with pytest.raises(ProtocolError, match="more than"):
        http.get("x")


def test_a_link_to_another_host_is_asked_only_without_credentials():
    http, script, _ = client(auth=Bearer("secret"), headers={"X-Key": "secret"})
    with pytest.raises(ProtocolError, match=r"evil\.example"):
        http.get("https://evil.example/next")
    http.get("https://files.example/result", anonymous=True)
    assert "authorization" not in script.asked[0].headers
    assert "x-key" not in script.asked[0].headers


def test_record_keys_are_quoted_into_the_path():
    http, script, _ = client()
    http.get("contacts/{key}", parts={"key": "../Account/ä?1"})
    assert script.asked[0].path == "/api/contacts/..%2FAccount%2F%C3%A4%3F1"
    for climbing in ("", ".", ".."):
        with pytest.raises(RefusedError):
            http.get("contacts/{key}", parts={"key": climbing})


def test_a_query_joins_what_the_link_already_has_and_leaves_out_none():
    http, script, _ = client()
    http.get("x?cursor=a", query={"limit": 5, "none": None, "all": True, "name": "Ä & Ö"})
    assert script.asked[0].query == {"cursor": "a", "limit": "5", "all": "true", "name": "Ä & Ö"}


def test_a_header_given_twice_replaces_instead_of_being_sent_twice():
    http, script, _ = client(headers={"Content-Type": "text/plain", "Accept": "a"})
    http.post("x", json={}, headers={"Content-type": "application/vnd.api+json"})
    assert script.asked[0].headers["content-type"] == "application/vnd.api+json"


def test_quota_headers_reach_the_hub():
    seen = []
    headers = {"X-RateLimit-Limit": "100", "RateLimit-Remaining": "7", "X-RateLimit-Reset": "30"}
    http, _, _ = client(Response.of({}, headers=headers), on_quota=lambda *facts: seen.append(facts))
    http.get("x")
    assert seen == [("connection", {"limit": 100, "remaining": 7, "reset": 30})]


def test_log_and_errors_name_the_place_but_neither_queries_nor_keys_nor_credentials(caplog):
    caplog.set_level(logging.DEBUG)
    http, _, _ = client(Response(status=500), auth=Basic(CANARY, CANARY), headers={"x-key": CANARY})
    query = {"email": CANARY}
    with pytest.raises(AnswerLostError) as caught:
        http.post(f"contacts/7{CANARY}/notes", json={"name": CANARY}, query=query)
    assert "POST acme.example/api/contacts/{}/notes" in str(caught.value)
    record = next(r for r in caplog.records if r.name == "syncline.http")
    assert (record.method, record.host, record.path, record.status) == (
        "POST",
        "acme.example",
        "/api/contacts/{}/notes",
        500,
    )
    assert CANARY not in caplog.text + str(caught.value) + repr(caught.value) + repr(http._auth)


@pytest.mark.parametrize("secret", [f"{CANARY}\r\nx: y", f"{CANARY}ü"])
def test_a_credential_that_cannot_be_sent_is_said_without_showing_it(secret):
    with Server(Script(Response.of({}))) as server:
        http = Context(clock=ManualClock()).http(server.url, auth=Bearer(secret))
        with pytest.raises(RefusedError, match="credential") as caught:
            http.get("x")
        http.close()
    assert CANARY not in str(caught.value)


def test_what_json_cannot_hold_is_refused_before_anything_is_sent():
    http, script, _ = client()
    for value in ({"a": "\ud800"}, {"a": object()}):
        with pytest.raises(RefusedError):
            http.post("x", json=value)
    assert script.asked == []


@pytest.mark.parametrize(
    "base", ["", "acme.example", "ftp://acme.example", "https://", "https://a:b:c", "https://a/?x=1"]
)
def test_a_base_address_that_is_none_is_a_configuration_error(base):
    with pytest.raises(ConfigurationError, match=r"https://api\.example\.com"):
        Http(base)


def test_an_unreachable_host_says_where_to_look():
    clock = ManualClock()
    with Server(Script(Response.of({}))) as server:
        url = server.url
    http = Context(clock=clock).http(url, attempts=2)
    with pytest.raises(UnreachableError, match="nothing listens there"):
        http.post("x", json={})
    assert len(clock.slept) == 1  # never sent, so even a write is tried again


@respx.mock
def test_single_exchanges_can_be_mocked_with_respx():
    route = respx.get("https://acme.example/api/x", params={"a": "1"}).mock(
        side_effect=[httpx.ReadTimeout("slow"), httpx.Response(200, json={"ok": True})]
    )
    http = Context(clock=ManualClock()).http(HOME)
    assert http.get("x", query={"a": 1}).json() == {"ok": True}
    assert route.call_count == 2


def test_a_transport_of_a_function_may_lose_answers():
    http = Http(HOME, context=Context(clock=ManualClock(), transport=carried_by(lambda *_: None)), attempts=2)
    with pytest.raises(UnreachableError):
        http.get("x")


def test_what_was_sent_does_not_stay_in_memory_until_somebody_collects_it():
    http, _, _ = client()
    gc.collect()
    others = answers_in_memory()
    gc.disable()
    try:
        for _ in range(3):
            http.post("things", json=["a large batch"])
        left = [found for found in answers_in_memory() if not any(found is other for other in others)]
    finally:
        gc.enable()
    assert left == []


def answers_in_memory() -> list[httpx.Response]:
    return [found for found in gc.get_objects() if isinstance(found, httpx.Response)]
