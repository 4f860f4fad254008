"""What is read out of answers: JSON, bodies with their encoding undone, waiting times, quotas. No client, no socket."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isnan
from typing import Any

import orjson

from model.errors import AnswerLostError, ProtocolError

LONGEST_WAIT = 30 * 86400.0
"""Seconds. A Retry-After beyond it is taken for this: the vendor meant "not soon", not the end of time."""

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``body`` is complete: large downloads use ``Http.lines``."""

    status: int
    headers: Mapping[str, str]  # lower-case names
    body: bytes
    after_write: bool = False  # it answers something that must not be sent again blindly

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The parsed body.

        Raises ProtocolError, saying what came instead, where it is not JSON; AnswerLostError where that is the answer
        to a write and does not even say that it failed.
        """
        try:
            return orjson.loads(self.body.removeprefix(_BOM))
        except orjson.JSONDecodeError:
            kind = self.headers.get("content-type", "no content type").split(";")[0]
            hint = "an HTML page" if self.body.lstrip()[:1] == b"<" else f"{len(self.body)} bytes of {kind}"
            lost = self.after_write and self.ok
            kind_of_error = AnswerLostError if lost else ProtocolError
            raise kind_of_error(f"expected JSON, got {hint} (HTTP {self.status})") from None

    def __repr__(self) -> str:
        return f"Answer(status={self.status}, body=<{len(self.body)} bytes>)"


def decoded(raw: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Body chunks with ``gzip`` or ``deflate`` undone, piecewise, so that a small body cannot unfold in memory at once.

    Raises ProtocolError where the encoding is unknown, the data is damaged, or it ends before its end mark.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        yield from raw
        return
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise ProtocolError("the answer has a content encoding that was not asked for")
    inflater = _Inflater(zipped="gzip" in encoding)
    try:
        for chunk in raw:
            yield from inflater.feed(chunk)
    except zlib.error:
        raise ProtocolError(f"the answer is not the {encoding} data it says it is") from None
    if not inflater.complete:
        raise ProtocolError(f"the answer was cut off inside its {encoding} data")


class _Inflater:
    """Undoes gzip (several members too) or deflate (with or without the zlib head that the standard asks for)."""

    step = 1 << 18

    def __init__(self, *, zipped: bool) -> None:
        self._bits = 16 + zlib.MAX_WBITS if zipped else zlib.MAX_WBITS
        self._engine = zlib.decompressobj(self._bits)
        self._begun = False
        self._touched = False

    @property
    def complete(self) -> bool:
        return self._engine.eof or not self._touched

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        if not self._begun and chunk:
            self._begun = True
            if self._bits == zlib.MAX_WBITS and chunk[0] & 0x0F != 8:
                self._engine = zlib.decompressobj(-zlib.MAX_WBITS)
        while chunk:
            if self._engine.eof:
                self._engine = zlib.decompressobj(self._bits)
            self._touched = True
            piece = self._engine.decompress(chunk, self.step)
            if piece:
                yield piece
            chunk = self._engine.unconsumed_tail or self._engine.unused_data


def split_lines(chunks: Iterable[bytes], longest: int) -> Iterator[bytes]:
    """Lines without their ends (LF or CRLF), as chunks come in. Raises ProtocolError on one over ``longest`` bytes."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        head, found, tail = chunk.rpartition(b"\n")
        if found:
            for line in b"".join([*held, head]).split(b"\n"):
                yield line.removesuffix(b"\r")
            held, size = [], 0
        if tail:
            held.append(tail)
            size += len(tail)
        if size > longest:
            raise ProtocolError(f"a line of the answer is longer than {longest} bytes")
    if held:
        yield b"".join(held).removesuffix(b"\r")


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds the system asks to wait, 0…LONGEST_WAIT, from a number or an HTTP date; None where it does not say."""
    text = headers.get("retry-after", "").strip()
    try:
        wait = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        wait = (moment - now).total_seconds()
    return min(max(0.0, wait), LONGEST_WAIT) if not isnan(wait) else None


def standard_quota(answer: Answer) -> Mapping[str, int] | None:
    """``limit``, ``remaining`` and ``reset`` (seconds) from ``RateLimit-*`` and ``X-RateLimit-*`` headers, if any."""
    found: dict[str, int] = {}
    for name in ("limit", "remaining", "reset"):
        text = answer.headers.get(f"ratelimit-{name}") or answer.headers.get(f"x-ratelimit-{name}", "")
        number = re.match(r"\d{1,15}", text.strip())
        if number:
            found[name] = int(number[0])
    return found or None


def parse_moment(text: str) -> datetime:
    """An ISO 8601 moment with zone, as systems print it (``Z``, ``+0000``); raises ValueError otherwise."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC)
