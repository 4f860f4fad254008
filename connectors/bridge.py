"""Carries a `requests` session over the shared client, for vendor libraries that insist on requests.

Such a session gets the client's time-outs, retries, credentials, quota, redaction and log, and tests reach it as they
reach everything else. Apart from `connectors.http` because requests takes a tenth of a second to import.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from connectors.http import Download, Http

# The body arrives decoded and whole, and the client sets these itself.
_OURS_IN = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_OURS_OUT = frozenset({"accept-encoding", "connection", "content-length", "host", "user-agent"})


class RequestsAdapter(BaseAdapter):
    """``session.mount("https://", RequestsAdapter(http))``; mount it for ``http://`` too.

    Every request goes to scheme, host and port of ``http.base_url``, whatever the session says: a library that forces
    https can talk to a fake on a loopback port, and the session's credentials never reach another host. If ``http``
    has an ``auth``, it replaces the session's Authorization header, and renews it after a 401.

    Errors are those of `Http.request` (ConnectorError), not those of requests. A bare 401, 429 or 5xx therefore never
    reaches the library; ``accept`` lists statuses that shall.
    """

    def __init__(self, http: Http, *, accept: frozenset[int] = frozenset()) -> None:
        super().__init__()
        self._http = http
        self._accept = accept

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 (the signature is that of requests)
        *_ours: Any,
        **_ours_too: Any,
    ) -> requests.Response:
        """Time-outs, TLS and proxies are the client's; a streamed answer is read as the caller asks for it."""
        method, url = request.method or "GET", self._rewritten(request.url or "")
        headers = {name: _text(value) for name, value in request.headers.items() if name.lower() not in _OURS_OUT}
        body = _body(request.body)
        if stream:
            download = self._http.download(method, url, body=body, headers=headers)
            return _response(request, download.status, download.headers, _Streamed(download))
        answer = self._http.request(method, url, body=body, headers=headers, accept=self._accept)
        return _response(request, answer.status, answer.headers, io.BytesIO(answer.body))

    def close(self) -> None:
        """The client belongs to the connector, which closes it."""

    def _rewritten(self, url: str) -> str:
        ours, theirs = urlsplit(self._http.base_url), urlsplit(url)
        return urlunsplit((ours.scheme, ours.netloc, theirs.path, theirs.query, ""))


class _Streamed(io.RawIOBase):
    """A `Download` as the file that requests reads from."""

    def __init__(self, download: Download) -> None:
        self._download = download
        self._chunks: Iterator[bytes] = download.chunks()
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes; everything that is left if negative. Empty at the end."""
        if size < 0:
            rest, self._rest = self._rest + b"".join(self._chunks), b""
            return rest
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._rest = chunk
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece

    def close(self) -> None:
        self._download.close()
        super().close()


def _response(
    request: requests.PreparedRequest, status: int, headers: Mapping[str, str], raw: io.IOBase
) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers = CaseInsensitiveDict({k: v for k, v in headers.items() if k not in _OURS_IN})
    response.encoding = get_encoding_from_headers(response.headers)
    response.raw = raw
    response.url = request.url or ""
    response.request = request
    response.reason = requests.status_codes._codes.get(status, ("",))[0]
    return response


def _body(body: Any) -> bytes | None:
    """The prepared body as bytes; files and generators are read, because a repeat has to send the same again."""
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return _body(body.read())
    return b"".join(_text(piece).encode() if isinstance(piece, str) else piece for piece in body)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
