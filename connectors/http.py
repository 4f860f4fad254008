"""The one way out to the network, and the only module that imports httpx.

Time-outs, retries (tenacity), Retry-After, quota headers, redaction and the request log live here, so that a connector
has none of them. What may be repeated is decided here too: a request that *cannot* have been carried out is always
repeated; one that may have been is repeated only if it is idempotent, and otherwise ends in AnswerLostError.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import httpx
import orjson
import tenacity

from connectors.contract import Context
from model.errors import (
    AnswerLostError,
    ConnectorError,
    ProtocolError,
    ThrottledError,
    UnauthorisedError,
    UnreachableError,
)

Transport = httpx.BaseTransport

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_PASSING = frozenset({500, 502, 503, 504})
_BUSY = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``body`` is complete: large downloads use ``Http.lines``."""

    status: int
    headers: Mapping[str, str]  # lower-case names
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The parsed body. Raises ProtocolError, saying what came instead, where it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            kind = self.headers.get("content-type", "no content type").split(";")[0]
            hint = "an HTML page" if self.body.lstrip()[:1] == b"<" else f"{len(self.body)} bytes of {kind}"
            raise ProtocolError(f"expected JSON, got {hint} (HTTP {self.status})") from None


class Auth(Protocol):
    """Puts credentials on requests, and renews them when they are refused."""

    def headers(self) -> Mapping[str, str]:
        """Headers for the next request; may fetch a token first."""
        ...

    def refused(self) -> bool:
        """The system answered 401. True: a new credential is at hand, ask once more."""
        ...


@dataclass(slots=True)
class Bearer:
    """A fixed token in one header."""

    token: str = field(repr=False)
    header: str = "Authorization"
    prefix: str = "Bearer "

    def headers(self) -> Mapping[str, str]:
        return {self.header: f"{self.prefix}{self.token}"}

    def refused(self) -> bool:
        return False


class _Repeat(Exception):  # noqa: N818 (never leaves this module)
    def __init__(self, cause: ConnectorError, wait: float | None = None) -> None:
        self.cause = cause
        self.wait = wait


class Http:
    """A client for one system.

    ``attempts`` counts tries of one request; ``patience`` is the longest Retry-After (seconds) waited out in place, a
    longer one raises ThrottledError. ``on_answer`` sees every answer (quota headers).
    """

    def __init__(
        self,
        base_url: str,
        *,
        context: Context | None = None,
        auth: Auth | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60.0,
        attempts: int = 5,
        patience: float = 60.0,
        on_answer: Callable[[Answer], None] | None = None,
    ) -> None:
        self.context = context or Context()
        self.base_url = base_url.rstrip("/")
        self._auth = auth
        self._attempts = attempts
        self._patience = patience
        self._on_answer = on_answer
        self._client = httpx.Client(
            transport=self.context.transport,
            headers={"user-agent": "syncline", **(headers or {})},
            timeout=httpx.Timeout(timeout, connect=10.0),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=16),
            follow_redirects=False,
        )

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **options: Any) -> Answer:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Answer:
        return self.request("POST", path, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
    ) -> Answer:
        """Send one request; ``path`` may be absolute. Answers of any status but 401, 429 and 5xx are returned as is.

        ``idempotent`` overrides what the method says: True for a POST that only reads or may safely be repeated.
        Raises UnreachableError, AnswerLostError, UnauthorisedError, ThrottledError.
        """
        content = orjson.dumps(json) if json is not None else body
        extra = {"content-type": "application/json"} if json is not None else {}
        safe = method in _IDEMPOTENT if idempotent is None else idempotent
        url = path if path.startswith(("http://", "https://")) else f"{self.base_url}/{path.lstrip('/')}"
        renewed = False

        def once() -> Answer:
            nonlocal renewed
            answer = self._send(method, url, query, content, {**extra, **(headers or {})}, safe=safe)
            if answer.status == 401 and self._auth is not None and not renewed:
                renewed = True
                if self._auth.refused():
                    answer = self._send(method, url, query, content, {**extra, **(headers or {})}, safe=safe)
            self._judge(answer, safe=safe)
            return answer

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=self._wait,
            retry=tenacity.retry_if_exception_type(_Repeat),
            sleep=self.context.clock.sleep,
            reraise=True,
        )
        try:
            return retrying(once)
        except _Repeat as last:
            raise last.cause from None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, _Repeat) and failure.wait is not None:
            return failure.wait
        return tenacity.wait_exponential_jitter(initial=0.5, max=20)(state)

    def _send(
        self,
        method: str,
        url: str,
        query: Mapping[str, Any] | None,
        content: bytes | None,
        headers: Mapping[str, str],
        *,
        safe: bool,
    ) -> Answer:
        credentials = self._auth.headers() if self._auth is not None else {}
        try:
            response = self._client.request(
                method, url, params=query, content=content, headers={**headers, **credentials}
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _Repeat(UnreachableError(f"cannot reach {httpx.URL(url).host}: {type(error).__name__}")) from None
        except httpx.TransportError as error:
            what = f"no answer from {httpx.URL(url).host} ({type(error).__name__})"
            if safe:
                raise _Repeat(UnreachableError(what)) from None
            raise AnswerLostError(what) from None
        answer = Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, response.content)
        if self._on_answer is not None:
            self._on_answer(answer)
        return answer

    def _judge(self, answer: Answer, *, safe: bool) -> None:
        if answer.status == 401:
            raise UnauthorisedError("the credentials were refused (HTTP 401)")
        if answer.status in _BUSY and (answer.status == 429 or "retry-after" in answer.headers):
            wait = self._retry_after(answer)
            until = self.context.clock.now() + timedelta(seconds=wait) if wait is not None else None
            error = ThrottledError(f"asked to slow down (HTTP {answer.status})", until)
            if wait is not None and wait > self._patience:
                raise error
            raise _Repeat(error, wait)
        if answer.status in _PASSING:
            if safe:
                raise _Repeat(UnreachableError(f"server error (HTTP {answer.status})"))
            raise AnswerLostError(f"server error after a write (HTTP {answer.status})")

    def _retry_after(self, answer: Answer) -> float | None:
        text = answer.headers.get("retry-after")
        if text is None:
            return None
        try:
            return max(0.0, float(text))
        except ValueError:
            pass
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - self.context.clock.now()).total_seconds())


def carried_by(
    handle: Callable[[str, str, Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes] | None],
) -> Transport:
    """A transport that hands each request to a function instead of the network: how fakes are reached in-process.

    ``handle(method, url, headers, body)`` returns status, headers and body, or None for an answer that got lost.
    """

    def respond(request: httpx.Request) -> httpx.Response:
        answered = handle(request.method, str(request.url), dict(request.headers.items()), request.read())
        if answered is None:
            raise httpx.ReadError("the connection was dropped before the answer", request=request)
        status, headers, body = answered
        return httpx.Response(status, headers=dict(headers), content=body)

    return httpx.MockTransport(respond)


def parse_moment(text: str) -> datetime:
    """An ISO 8601 moment with zone, as systems print it (``Z``, ``+0000``); raises ValueError otherwise."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC)
