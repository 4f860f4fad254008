"""What goes into a request: its address, path and body. And how it is named in messages, without anybody's data."""

from __future__ import annotations

import logging
import re
import socket
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urljoin, urlsplit

import orjson

from model.diagnostics import Diagnostic
from model.errors import AnswerLostError, ConfigurationError, ConnectorError, ProtocolError, RefusedError

_LOG = logging.getLogger("syncline.http")

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_PLAIN_SEGMENT = re.compile(r"[A-Za-z_][A-Za-z_.-]*\d?|v\d{1,3}([.-]\d{1,2})?|\d{4}-\d{2}|\{\w*\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, ready to send. ``place`` (method, host, path template) is what messages and the log may show."""

    method: str
    url: str = field(repr=False)
    place: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    safe: bool
    anonymous: bool = False
    accept: Collection[int] = ()

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    def failed(self, what: str, kind: type[ConnectorError]) -> ConnectorError:
        """The error for an answer that cannot be used: after a write, whatever went wrong, the answer is lost."""
        return (kind if self.safe else AnswerLostError)(f"{what} ({self.place})")


def call(
    base_url: str,
    method: str,
    path: str,
    *,
    parts: Mapping[str, str] | None = None,
    query: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    idempotent: bool | None = None,
    anonymous: bool = False,
    accept: Collection[int] = (),
) -> Call:
    """Options as in `connectors.http.Http.request`. Raises ProtocolError for an address on another host."""
    method = method.upper()
    absolute = path.startswith(("http://", "https://"))
    url = filled(path, parts) if absolute else f"{base_url.rstrip('/')}/{filled(path, parts).lstrip('/')}"
    base, target = urlsplit(base_url), _split(url)
    if not anonymous and not same_system(base, target):
        raise ProtocolError(f"a link leads to {target.hostname} instead of {base.hostname}; it was not followed")
    shown = path_template(f"/{path.lstrip('/')}" if parts and not absolute else target.path)
    return Call(
        method=method,
        url=_with_query(url, query or {}),
        place=f"{method} {target.hostname}{shown}",
        headers=lower(headers),
        body=body,
        safe=method in _IDEMPOTENT if idempotent is None else idempotent,
        anonymous=anonymous,
        accept=accept,
    )


def _with_query(url: str, query: Mapping[str, Any]) -> str:
    wanted = {name: _query_value(value) for name, value in query.items() if value is not None}
    if not wanted:
        return url
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}{urlencode(wanted, doseq=True, quote_via=quote, safe='')}"


def _query_value(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # checked only when asked for
    except ValueError:  # the message may quote a record key
        raise RefusedError("an address has characters that no address can have", code="bad-address") from None
    return parts


def checked_address(text: str) -> str:
    """``text`` without a slash at its end. Raises ConfigurationError where it is no http(s) address."""
    try:
        parts = _split(text)
    except RefusedError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        hint = "write it in full and without a query, for example https://api.example.com"
        raise ConfigurationError([Diagnostic(code="bad-address", message="not an http(s) address", hint=hint)])
    return text.rstrip("/")


def same_system(one: SplitResult, other: SplitResult) -> bool:
    """Same host and port; moving from plain http on port 80 up to https on 443 is the same system, down is not."""
    if one.hostname != other.hostname:
        return False
    if one.scheme == other.scheme:
        return _port(one) == _port(other)
    return one.scheme == "http" and (_port(one), _port(other)) == (80, 443)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def redirected(asked: Call, url: str, status: int, location: str) -> str:
    """Where a redirect leads. Raises ProtocolError (after a write: AnswerLostError) where it is not followed."""
    if asked.method not in {"GET", "HEAD"}:
        raise asked.failed(f"redirected instead of answered, HTTP {status}", ProtocolError)
    try:
        target = urljoin(url, location)
        here, there = urlsplit(url), _split(target)
    except (ValueError, RefusedError):
        raise asked.failed(f"redirected to no address, HTTP {status}", ProtocolError) from None
    if not same_system(here, there):
        where = "another port or scheme" if here.hostname == there.hostname else there.hostname or "nowhere"
        raise asked.failed(f"redirected to {where}, which was not followed; is the address right?", ProtocolError)
    return target


def filled(path: str, parts: Mapping[str, str] | None) -> str:
    """``path`` with its ``{names}`` replaced by quoted parts. Raises RefusedError for a part that would climb the path.

    Quoting keeps ``../Account/1`` inside its segment; ``.`` and ``..`` survive quoting, and an empty part would turn
    "one record" into "all of them".
    """
    if not parts:
        return path

    def fill(found: re.Match[str]) -> str:
        value = parts[found[1]]
        if value in {"", ".", ".."}:
            raise RefusedError(f"the {found[1]} of {path} cannot be put into an address", code="bad-key")
        return quote(value, safe="")

    return _PLACEHOLDER.sub(fill, path)


def path_template(path: str) -> str:
    """A path for logs and messages: no query, and ``{}`` for every segment that may be a key or a person's data."""
    segments = path.partition("?")[0].split("/")
    return "/".join(s if not s or _PLAIN_SEGMENT.fullmatch(s) else "{}" for s in segments)


def content(json: Any, form: Mapping[str, str] | None, body: bytes | None) -> tuple[bytes | None, dict[str, str]]:
    """The body to send and its content type. Raises RefusedError where ``json`` holds what JSON cannot."""
    if form is not None:
        return urlencode(form).encode(), {"content-type": "application/x-www-form-urlencoded"}
    if json is None:
        return body, {}
    try:
        return orjson.dumps(json), {"content-type": "application/json"}
    except TypeError:  # orjson's message may quote the value
        raise RefusedError(
            "a value cannot be written as JSON (half a character, or no text, number, list or mapping)", code="not-json"
        ) from None


def lower(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Headers by lower-case name, so that one given twice replaces instead of being sent twice."""
    return {name.lower(): value for name, value in (headers or {}).items()}


def why_unreachable(error: BaseException) -> str:
    """The cause of a failed connection, in words that say where to look."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return "its TLS certificate cannot be verified"
        if isinstance(seen, ssl.SSLError):
            return "no TLS connection came about"
        if isinstance(seen, socket.gaierror):
            return "its name is not known; is the address spelled right?"
        if isinstance(seen, ConnectionRefusedError):
            return "nothing listens there"
        seen = seen.__cause__ or seen.__context__
    return type(error).__name__


def log(asked: Call, status: int, spent: timedelta) -> None:
    """One line per exchange, with its facts as attributes of the log record."""
    if _LOG.isEnabledFor(logging.DEBUG):
        method, _, target = asked.place.partition(" ")
        host, slash, path = target.partition("/")
        ms = round(spent.total_seconds() * 1000)
        facts = {"method": method, "host": host, "path": slash + path, "status": status, "ms": ms}
        _LOG.debug("%s %d in %d ms", asked.place, status, ms, extra=facts)
