"""A fake's side of ``POST …/$batch``: the requests in a multipart body, and a multipart body made of their answers.

Read with the standard library's parser of mail, not with the one the connectors have, and as strictly as vendors do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser
from hashlib import sha256
from http import HTTPStatus

from syncline.sandbox.wire import Request, Response, request_of

_LINE = re.compile(r"([A-Z]+) (\S+) HTTP/1\.1")


class MalformedBatchError(ValueError):
    """The body is no batch; the text says why, as a vendor's error message would."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a batch. ``content_id`` is what other requests refer to it by."""

    request: Request
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to one request; ``content_id`` as it was asked with."""

    response: Response
    content_id: str | None = None


def requests_of(batch: Request, root: str = "") -> list[Asked | list[Asked]]:
    """The requests in the order sent, a list for each change set. Relative paths are put under ``root``.

    Raises MalformedBatchError: no multipart body, line ends other than CRLF in heads, no end mark, a part that is no
    request, a read within a change set, a Content-ID given twice.
    """
    asked: list[Asked | list[Asked]] = []
    for piece in _pieces(_parsed(batch.headers.get("content-type", ""), batch.body)):
        if piece.get_content_type() == "multipart/mixed":
            members = [_asked(member, root) for member in _pieces(piece)]
            if not members or any(member.request.method == "GET" for member in members):
                raise MalformedBatchError("a change set has to hold writes, and only writes")
            asked.append(members)
        else:
            asked.append(_asked(piece, root))
    flat = [one for item in asked for one in (item if isinstance(item, list) else [item])]
    names = [one.content_id for one in flat if one.content_id is not None]
    if len(names) != len(set(names)):
        raise MalformedBatchError("a Content-ID is used twice")
    return asked


def response_of(answers: Sequence[Answered | Sequence[Answered]], status: int = 200) -> Response:
    """The multipart answer. A change set that failed is given as the single answer that says why."""
    pieces = []
    for item in answers:
        if isinstance(item, Answered):
            pieces.append(_http(item))
        else:
            inner = [_http(one) for one in item]
            boundary = _boundary("changesetresponse", inner)
            pieces.append(
                f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode() + _body(inner, boundary)
            )
    boundary = _boundary("batchresponse", pieces)
    headers = {"content-type": f"multipart/mixed; boundary={boundary}"}
    return Response(status=status, body=_body(pieces, boundary), headers=headers)


def _parsed(kind: str, body: bytes) -> Message:
    if not kind.lower().startswith("multipart/mixed"):
        raise MalformedBatchError("a batch request must have the content type multipart/mixed with a boundary")
    whole = f"Content-Type: {kind}\r\n\r\n".encode("latin-1") + body
    return BytesParser(policy=policy.compat32).parsebytes(whole)


def _pieces(message: Message) -> list[Message]:
    found = message.get_payload()
    if not isinstance(found, list) or message.defects:
        raise MalformedBatchError("the batch has no parts, or its end mark is missing")
    return [piece for piece in found if isinstance(piece, Message)]


def _asked(piece: Message, root: str) -> Asked:
    if piece.get_content_type() != "application/http" or piece.get("content-transfer-encoding") != "binary":
        raise MalformedBatchError("a part must be application/http with the transfer encoding binary")
    message = piece.get_payload(decode=True)
    text = message if isinstance(message, bytes) else b""
    head, blank, body = text.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    line = _LINE.fullmatch(first)
    if not blank or line is None or any("\n" in one or ":" not in one for one in lines):
        raise MalformedBatchError("a part must be a request line, headers and an empty line, each ended by CRLF")
    headers = {name.strip(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
    target = line[2] if line[2].startswith(("/", "http://", "https://")) else f"{root.rstrip('/')}/{line[2]}"
    name = piece.get("content-id")
    return Asked(request_of(line[1], target, headers, body), None if name is None else str(name))


def _http(answered: Answered) -> bytes:
    response, name = answered.response, answered.content_id
    head = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    head += [f"Content-ID: {name}"] if name is not None else []
    head += ["", f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    head += [f"{key}: {value}" for key, value in response.headers.items()]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + response.body


def _boundary(name: str, pieces: Sequence[bytes]) -> str:
    return f"{name}_{sha256(b''.join(pieces)).hexdigest()[:32]}"


def _body(pieces: Sequence[bytes], boundary: str) -> bytes:
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + piece + b"\r\n" for piece in pieces) + mark + b"--\r\n"
