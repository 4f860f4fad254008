"""How a fake system meets the world: in-process through a transport, or on a loopback port.

A fake is any object with ``handle(Request) -> Response``. It never knows which of the two carried the request.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import orjson

from connectors.http import Transport, carried_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. ``path`` has no query string; header names are lower-case. ``asked`` are the pairs of the query
    string in their order, since a name may come several times; ``query`` has the last of each."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    asked: Sequence[tuple[str, str]] = ()

    def json(self) -> Any:
        """The parsed body; raises ValueError where it is not JSON."""
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response. ``lost`` makes the carrier drop the connection after the effect, before the answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    lost: bool = False

    @classmethod
    def of(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """A JSON answer."""
        return cls(
            status=status,
            body=orjson.dumps(value),
            headers={"content-type": "application/json;charset=UTF-8", **(headers or {})},
        )


class Fake(Protocol):
    """A fake system."""

    def handle(self, request: Request) -> Response: ...


def request_of(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Request:
    """A request from its parts as any carrier has them."""
    parts = urlsplit(url)
    asked = parse_qsl(parts.query, keep_blank_values=True)
    return Request(
        method=method.upper(),
        path=parts.path,
        query=dict(asked),
        headers={name.lower(): value for name, value in headers.items()},
        body=body,
        asked=asked,
    )


class _Patient(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle of a call is no error of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _body_of(call: BaseHTTPRequestHandler) -> bytes:
    """The whole body, of a length told before or in chunks (RFC 9112, 7.1), as clients in JavaScript send it."""
    if "chunked" not in (call.headers.get("transfer-encoding") or "").lower():
        return call.rfile.read(int(call.headers.get("content-length") or 0))
    parts = []
    while size := int(call.rfile.readline().partition(b";")[0], 16):
        parts.append(call.rfile.read(size))
        call.rfile.readline()
    while call.rfile.readline().strip():
        pass  # fields after the last chunk say nothing to a fake
    return b"".join(parts)


class Server:
    """A fake system on a loopback port, in a thread. ``with Server(fake) as server: server.url``."""

    def __init__(self, fake: Fake, port: int = 0) -> None:
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = _body_of(self)
                with lock:
                    response = fake.handle(request_of(self.command, self.path, dict(self.headers.items()), body))
                if response.lost:
                    self.close_connection = True
                    return
                head = [f"HTTP/1.1 {response.status} {self.responses.get(response.status, ('',))[0]}"]
                head += [f"{name}: {value}" for name, value in response.headers.items()]
                head += [f"content-length: {len(response.body)}", "", ""]
                self.wfile.write("\r\n".join(head).encode("latin-1") + response.body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815 (the stdlib fixes the names)

            def log_message(self, *args: Any) -> None:
                """Requests carry personal data: nothing is logged."""

        self._http = _Patient(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, name="sandbox", daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def transport(fake: Fake) -> Transport:
    """The fake as a transport for `connectors.contract.Context`: same bytes, no port. It answers one call at a time."""
    lock = threading.Lock()

    def handle(
        method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes] | None:
        with lock:
            response = fake.handle(request_of(method, url, headers, body))
        return None if response.lost else (response.status, response.headers, response.body)

    return carried_by(handle)
