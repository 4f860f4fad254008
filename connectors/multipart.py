"""Batches of HTTP requests in one ``multipart/mixed`` body, as OData v2 and v4 have them (``POST …/$batch``).

::

    batch = Batch([part("GET", "Things({key})", parts={"key": key}), [part("PATCH", …), part("PATCH", …)]])
    said = http.post("$batch", body=batch.body, headers=batch.headers)
    for answers in batch.read(said): …

A list among the items is a change set: all of it happens or nothing. Paths are sent as they are given; whether they
begin at the service's root, at the host's, or with ``https://`` is the vendor's custom.
Sources: OData 4.01 Part 1, 11.7.7 "Multipart Batch Format"; OData 2.0 "Batch Processing" (odata.org); RFC 2046, 5.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

from connectors.answers import Answer
from connectors.requesting import content, filled, lower
from model.errors import AnswerLostError, ProtocolError, RefusedError

_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})(?: [^\r\n]*)?\r?\n")
_BLANK = re.compile(rb"\r?\n\r?\n")
_BOUNDARY = re.compile(r"multipart/mixed\s*;(?:.*;)?\s*boundary=(?:\"([^\"]+)\"|([^\s;\"]+))", re.IGNORECASE)
_UNSENDABLE = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One request of a batch. ``content_id``: its answer is found by it, even where answers come in another order."""

    method: str
    path: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    content_id: str | None = None


def part(
    method: str,
    path: str,
    *,
    parts: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    json: Any = None,
    headers: Mapping[str, str] | None = None,
    content_id: str | None = None,
) -> Part:
    """A `Part`. Arguments as of `connectors.http.Http.request`. Raises RefusedError where it would."""
    body, kind = content(json, None, None)
    asked = f"?{urlencode(query, quote_via=quote, safe='')}" if query else ""
    return Part(
        method=method.upper(),
        path=filled(path, parts) + asked,
        headers={**kind, **lower(headers)},
        body=body or b"",
        content_id=content_id,
    )


class Batch:
    """What is sent, and how its answer is read. ``body`` is the same for the same items.

    Raises RefusedError where a path or header has characters that cannot be sent, or there is nothing to send.
    """

    def __init__(self, items: Sequence[Part | Sequence[Part]]) -> None:
        self._members = [(item,) if isinstance(item, Part) else tuple(item) for item in items]
        if not all(self._members) or not self._members:
            raise RefusedError("a batch or a change set without a request cannot be sent", code="empty-batch")
        pieces = [
            _request(item) if isinstance(item, Part) else _nested([_request(member) for member in item])
            for item in items
        ]
        boundary = _unused("batch", pieces)
        self.body = _joined(pieces, boundary)
        self.headers: Mapping[str, str] = {"content-type": f'multipart/mixed; boundary="{boundary}"'}

    def __repr__(self) -> str:
        return f"Batch({len(self._members)})"

    def read(self, answer: Answer) -> list[tuple[Answer, ...]]:
        """For every item, in the order sent, the answers to its requests; empty where the system had stopped before it.

        A change set that was undone has one refusal, given for each of its requests. A status that speaks for the
        whole batch (429, 401, a malformed batch) comes without parts: look at ``answer.status`` first.

        Raises AnswerLostError where what came back does not tell what happened to each of the writes (cut off, garbled,
        too few parts), ProtocolError where it only answers reads or refuses the whole batch.
        """
        found = _BOUNDARY.search(answer.headers.get("content-type", ""))
        if found is None:
            self._unreadable(answer, "it has no parts")
        said = [self._item(answer, piece) for piece in self._split(answer, answer.body, found[1] or found[2])]
        names = [{member.content_id for member in members} - {None} for members in self._members]
        slots = self._placed(answer, [({name for name, _ in group[1]} - {None}, group) for group in said], names)
        results = [self._answers(answer, members, got) for members, got in zip(self._members, slots, strict=True)]
        answered = [result for result in results if result]
        if any(results[len(answered) :]):
            self._unreadable(answer, "an answer in its middle is missing")
        if len(answered) < len(results) and (not answered or answered[-1][0].status < 400):
            self._unreadable(answer, f"it has {len(answered)} answers to {len(results)} requests")
        return results

    def _answers(self, whole: Answer, members: Sequence[Part], group: _Group | None) -> tuple[Answer, ...]:
        if group is None:
            return ()
        nested, answers = group
        if not nested and len(members) > 1 and answers[0][1].status < 400:
            self._unreadable(whole, "one answer stands for a change set that did not fail")
        if not nested:
            found: list[_Named | None] = [answers[0]] * len(members)
        else:
            given = [({name} - {None}, (name, answer)) for name, answer in answers]
            found = self._placed(whole, given, [{member.content_id} - {None} for member in members])
        if None in found:
            self._unreadable(whole, "a change set has fewer answers than requests")
        return tuple(
            Answer(answer.status, answer.headers, answer.body, after_write=whole.after_write and member.method != "GET")
            for member, (_, answer) in zip(members, (one for one in found if one), strict=True)
        )

    def _placed(self, answer: Answer, given: Sequence[tuple[set[Any], Any]], names: Sequence[set[Any]]) -> list[Any]:
        """``given`` in the order of ``names``: by Content-ID where it has one, the others in their order."""
        slots: list[Any] = [None] * len(names)
        unnamed = []
        for said, value in given:
            if not said:
                unnamed.append(value)
                continue
            at = next((i for i, known in enumerate(names) if said <= known and slots[i] is None), None)
            if at is None:
                self._unreadable(answer, "a Content-ID is answered twice or was never sent")
            slots[at] = value
        free = [at for at, value in enumerate(slots) if value is None]
        if len(unnamed) > len(free):
            self._unreadable(answer, "it has more answers than there were requests")
        for at, value in zip(free, unnamed, strict=False):
            slots[at] = value
        return slots

    def _item(self, answer: Answer, piece: bytes) -> _Group:
        """Whether it is a change set that went through, and its answers with their Content-IDs."""
        headers, body = _head(piece)
        boundary = _BOUNDARY.search(headers.get("content-type", ""))
        if boundary is not None:
            return True, [
                self._one(answer, *_head(one)) for one in self._split(answer, body, boundary[1] or boundary[2])
            ]
        return False, [self._one(answer, headers, body)]

    def _one(self, answer: Answer, outer: Mapping[str, str], message: bytes) -> _Named:
        status = _STATUS.match(message)
        if status is None:
            self._unreadable(answer, "a part is no HTTP answer")
        headers, body = _head(message[status.end() :])
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > len(body):
            self._unreadable(answer, "a part is shorter than it says")
        if length.isdigit() and not body[int(length) :].strip():
            body = body[: int(length)]
        name = outer.get("content-id") or headers.get("content-id")
        return name, Answer(int(status[1]), headers, body)

    def _split(self, answer: Answer, body: bytes, boundary: str) -> list[bytes]:
        mark = re.escape(boundary.encode())
        pieces = re.split(rb"(?:\A|\r?\n)--" + mark + rb"(--)?[ \t]*(?:(?=\r?\n)|\Z)", body)
        # Text before the first mark, then in turn: whether the mark was the last one, and what follows it.
        if len(pieces) < 3 or pieces[-2] is None or any(pieces[1:-2:2]):
            self._unreadable(answer, "its end is missing")
        return [re.sub(rb"\A\r?\n", b"", piece, count=1) for piece in pieces[2:-1:2]]

    def _unreadable(self, answer: Answer, why: str) -> NoReturn:
        wrote = any(member.method != "GET" for members in self._members for member in members)
        has_parts = "multipart/" in answer.headers.get("content-type", "")
        lost = wrote and answer.after_write and (answer.ok or has_parts)
        kind = AnswerLostError if lost else ProtocolError
        raise kind(f"the answer to a batch cannot be read (HTTP {answer.status}): {why}")


_Named = tuple[str | None, Answer]
_Group = tuple[bool, list[_Named]]


def _request(asked: Part) -> bytes:
    head = [
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        *([f"Content-ID: {asked.content_id}"] if asked.content_id is not None else []),
    ]
    length = {"content-length": str(len(asked.body))} if asked.body else {}
    inner = [f"{name}: {value}" for name, value in {**lower(asked.headers), **length}.items()]
    texts = [*head, asked.method, asked.path, *inner]
    if any(_UNSENDABLE.search(text) or not text.isascii() for text in texts) or " " in asked.path:
        raise RefusedError("a request of a batch has a path or header that cannot be sent", code="unsendable")
    lines = [*head, "", f"{asked.method} {asked.path} HTTP/1.1", *inner, "", ""]
    return "\r\n".join(lines).encode() + asked.body


def _nested(pieces: Sequence[bytes]) -> bytes:
    boundary = _unused("changeset", pieces)
    return f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode() + _joined(pieces, boundary)


def _unused(name: str, pieces: Sequence[bytes]) -> str:
    """A boundary that the pieces, of which it is the hash, cannot contain."""
    return f"{name}_{sha256(b''.join(pieces)).hexdigest()[:32]}"


def _joined(pieces: Sequence[bytes], boundary: str) -> bytes:
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + piece + b"\r\n" for piece in pieces) + mark + b"--\r\n"


def _head(text: bytes) -> tuple[dict[str, str], bytes]:
    """Header lines by lower-case name, and what follows the empty line after them."""
    if text.startswith((b"\r\n", b"\n")):
        return {}, text.removeprefix(b"\r").removeprefix(b"\n")
    end = _BLANK.search(text)
    head, body = (text[: end.start()], text[end.end() :]) if end else (text, b"")
    lines = head.decode("latin-1").splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}, body
