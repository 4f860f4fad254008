"""Batches: what is sent is what a fake finds in them, and no answer is taken for another's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http import Answer
from connectors.multipart import Batch, Part, part
from model.errors import AnswerLostError, ProtocolError, RefusedError
from syncline.sandbox.multipart import Answered, MalformedBatchError, requests_of, response_of
from syncline.sandbox.wire import Request, Response

BODIES = st.one_of(
    st.binary(max_size=40), st.sampled_from([b"--", b"\r\n", b"\r\n--batch_", b"a\r\n\r\nb\n", "Zoë €".encode()])
)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=8)
PARTS = st.builds(
    Part,
    method=st.sampled_from(["POST", "PATCH", "DELETE", "MERGE"]),
    path=st.sampled_from(["Things", "Things('%C3%A9')", "/data/Things(1)?$select=a%20b", "$1/Others"]),
    headers=st.dictionaries(st.sampled_from(["if-match", "prefer", "x-a"]), st.sampled_from(['W/"1"', "*", "a: b"])),
    body=BODIES,
)
ITEMS = st.lists(st.one_of(PARTS, st.lists(PARTS, min_size=1, max_size=3)), min_size=1, max_size=4)
STATUSES = st.sampled_from([200, 201, 204])


def flat(items):
    return [one for item in items for one in (item if isinstance(item, list) else [item])]


def sent(batch):
    return Request(method="POST", path="/data/$batch", headers=batch.headers, body=batch.body)


def answer(response, *, after_write=True, body=None):
    return Answer(response.status, response.headers, response.body if body is None else body, after_write=after_write)


def ok(text=b"{}", name=None, status=200):
    return Answered(Response(status=status, body=text), name)


@given(ITEMS)
def test_what_is_sent_is_what_the_system_finds(items):
    found = requests_of(sent(Batch(items)), "/data")
    assert [isinstance(item, list) for item in found] == [isinstance(item, list) for item in items]
    for asked, given_ in zip(flat(found), flat(items), strict=True):
        assert (asked.request.method, asked.request.body) == (given_.method, given_.body)
        path, _, _ = given_.path.partition("?")
        assert asked.request.path == (path if path.startswith("/") else f"/data/{path}")
        assert given_.headers.items() <= asked.request.headers.items()


@given(ITEMS, st.data())
def test_every_answer_comes_back_to_its_request(items, data):
    def one():
        return Answered(Response(status=data.draw(STATUSES), body=data.draw(BODIES), headers={"etag": 'W/"7"'}))

    answers = [[one() for _ in item] if isinstance(item, list) else one() for item in items]
    read = Batch(items).read(answer(response_of(answers)))
    assert [len(group) for group in read] == [len(item) if isinstance(item, list) else 1 for item in items]
    for got, said in zip([a for group in read for a in group], flat(answers), strict=True):
        assert (got.status, got.body, got.headers["etag"]) == (said.response.status, said.response.body, 'W/"7"')


@given(ITEMS, st.data())
def test_an_answer_cut_off_anywhere_is_never_taken_for_an_answer(items, data):
    answers = [[ok() for _ in item] if isinstance(item, list) else ok() for item in items]
    response = response_of(answers)
    # Without the line end after the last mark it is still whole.
    cut = data.draw(st.integers(0, len(response.body) - 3))
    with pytest.raises(AnswerLostError):
        Batch(items).read(answer(response, body=response.body[:cut]))


@given(st.permutations([1, 2, 3]))
def test_answers_in_another_order_are_found_by_their_content_id(order):
    batch = Batch([[part("POST", "Things", json={"n": n}, content_id=str(n)) for n in (1, 2, 3)]])
    said = response_of([[ok(str(n).encode(), str(n)) for n in order]])
    assert [one.body for one in batch.read(answer(said))[0]] == [b"1", b"2", b"3"]


def test_a_content_id_may_stand_among_the_headers_of_the_answer_itself():
    batch = Batch([[part("POST", "Things", content_id=name) for name in ("a", "b")]])
    said = [Answered(Response(body=name.encode(), headers={"Content-ID": name})) for name in ("b", "a")]
    assert [one.body for one in batch.read(answer(response_of([said])))[0]] == [b"a", b"b"]


def test_a_change_set_that_was_undone_gives_its_reason_to_each_of_its_requests():
    batch = Batch([[part("POST", "Things"), part("POST", "Things")], part("POST", "Things")])
    refused = Answered(Response.of({"error": {"code": "x"}}, 400))
    read = batch.read(answer(response_of([refused, ok(status=201)])))
    assert [[one.status for one in group] for group in read] == [[400, 400], [201]]


def test_requests_after_the_one_at_which_the_system_stopped_have_no_answer():
    batch = Batch([part("POST", "Things") for _ in range(3)])
    read = batch.read(answer(response_of([ok(), ok(status=412)], status=400)))
    assert [[one.status for one in group] for group in read] == [[200], [412], []]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param([ok(), ok()], id="fewer answers, though none refuses"),
        pytest.param([ok(), ok(), ok(), ok()], id="more answers than requests"),
        pytest.param([ok(name="a"), ok(name="a"), ok()], id="one answered twice"),
        pytest.param([ok(), ok(), ok(name="z")], id="one never asked"),
        pytest.param([ok(status=400, name="b"), ok(name="c")], id="one in the middle missing"),
    ],
)
def test_answers_that_leave_a_write_in_doubt_are_lost(said):
    batch = Batch([part("POST", "Things", content_id=name) for name in "abc"])
    with pytest.raises(AnswerLostError):
        batch.read(answer(response_of(said)))


def test_a_change_set_of_which_one_request_is_not_answered_is_lost():
    batch = Batch([[part("POST", "Things"), part("POST", "Things")]])
    for said in ([[ok()]], [ok()]):
        with pytest.raises(AnswerLostError, match="change set"):
            batch.read(answer(response_of(said)))


@pytest.mark.parametrize("damage", [b"HTTP/1.1", b"200"])
def test_a_garbled_part_is_lost(damage):
    response = response_of([ok()])
    with pytest.raises(AnswerLostError, match="no HTTP answer"):
        Batch([part("POST", "Things")]).read(answer(response, body=response.body.replace(damage, b"#", 1)))


def test_a_part_shorter_than_its_announced_length_is_lost_and_a_line_end_behind_it_is_none_of_it():
    batch = Batch([part("POST", "Things")])
    said = [Answered(Response(body=b"{}\r\n", headers={"Content-Length": length})) for length in ("9", "2")]
    with pytest.raises(AnswerLostError, match="shorter"):
        batch.read(answer(response_of(said[:1])))
    assert batch.read(answer(response_of(said[1:])))[0][0].body == b"{}"


def test_a_damaged_answer_to_reads_is_no_lost_write():
    batch = Batch([part("GET", "Things")])
    with pytest.raises(ProtocolError):
        batch.read(answer(response_of([]), after_write=False))
    refused = Answer(400, {"content-type": "application/json"}, b"{}", after_write=True)
    with pytest.raises(ProtocolError, match="HTTP 400"):
        Batch([part("POST", "Things")]).read(refused)


def test_lines_ended_by_a_bare_line_feed_are_read_too():
    response = response_of([[ok(b"a")], ok(b"b", status=204)])
    batch = Batch([[part("POST", "Things")], part("POST", "Things")])
    read = batch.read(answer(response, body=response.body.replace(b"\r\n", b"\n")))
    assert [(one.status, one.body) for group in read for one in group] == [(200, b"a"), (204, b"b")]


def test_a_write_s_own_answer_knows_that_it_follows_a_write():
    read = Batch([part("GET", "Things"), part("POST", "Things")]).read(answer(response_of([ok(b"<"), ok(b"<")])))
    with pytest.raises(ProtocolError):
        read[0][0].json()
    with pytest.raises(AnswerLostError):
        read[1][0].json()


def test_keys_in_paths_are_quoted_and_nothing_can_break_out_of_its_line():
    assert part("PATCH", "Things('{key}')", parts={"key": "a/b c"}).path == "Things('a%2Fb%20c')"
    assert part("GET", "Things", query={"$filter": "a eq 'b&c'"}).path == "Things?%24filter=a%20eq%20%27b%26c%27"
    for bad in (
        Part(method="GET", path="a b"),
        Part(method="GET", path="a\r\nX: y"),
        Part(method="GET", path="a", headers={"x": "1\r\n\r\n"}),
        Part(method="GET", path="é"),
    ):
        with pytest.raises(RefusedError):
            Batch([bad])
    for nothing in ([], [[]]):
        with pytest.raises(RefusedError, match="without a request"):
            Batch(nothing)


def test_neither_a_batch_nor_its_parts_show_what_they_carry():
    one = part("PATCH", "Things({key})", parts={"key": "canary"}, json={"a": "canary"}, headers={"x": "canary"})
    assert "canary" not in repr(one)
    assert "canary" not in repr(Batch([one]))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\r\n", b"\n"),
        (b"application/http", b"text/plain"),
        (b"HTTP/1.1", b"HTTP"),
        (b"POST", b"GET"),
        (b"--\r\n", b"\r\n"),
    ],
)
def test_a_fake_refuses_what_is_no_batch(old, new):
    batch = Batch([[part("POST", "Things", headers={"prefer": "a"})]])
    damaged = Request(method="POST", path="/$batch", headers=batch.headers, body=batch.body.replace(old, new))
    with pytest.raises(MalformedBatchError):
        requests_of(damaged)


def test_a_fake_refuses_a_content_id_used_twice_and_a_body_of_another_type():
    twice = Batch([part("POST", "Things", content_id="1"), part("POST", "Things", content_id="1")])
    with pytest.raises(MalformedBatchError, match="twice"):
        requests_of(sent(twice))
    with pytest.raises(MalformedBatchError, match="content type"):
        requests_of(Request(method="POST", path="/$batch", headers={"content-type": "application/json"}))
