"""The one way out to the network, and the only module that imports httpx.

Time-outs, retries (tenacity), Retry-After, quota headers, redaction and the request log live here, so that a connector
has none of them. What may be repeated is decided here too: a request that *cannot* have been carried out is always
repeated; one that may have been is repeated only if it is idempotent, and otherwise ends in AnswerLostError.

The log ("syncline.http", DEBUG) names method, host, path template, status and milliseconds. Never a query string, a
header or a body: they carry credentials and people's data.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from functools import cache
from typing import Any, Final, TypeVar

import httpx
import tenacity

from connectors.answers import Answer, decoded, parse_moment, retry_after, split_lines, standard_quota
from connectors.contract import Context
from connectors.credentials import Auth, Basic, Bearer, signature
from connectors.requesting import Call, call, checked_address, content, log, lower, redirected, why_unreachable
from model.errors import (
    AnswerLostError,
    ConnectorError,
    ProtocolError,
    RefusedError,
    ThrottledError,
    UnauthorisedError,
    UnreachableError,
)

__all__ = ["Answer", "Auth", "Basic", "Bearer", "Download", "Http", "Transport", "carried_by", "parse_moment"]

Transport = httpx.BaseTransport
T = TypeVar("T")

for _chatty in ("httpx", "httpcore"):  # they log whole addresses, query strings included
    logging.getLogger(_chatty).setLevel(logging.WARNING)

_FINAL = frozenset({501, 505, 511})  # five hundreds that waiting does not heal
_MOVED = frozenset({301, 302, 303, 307, 308})
_MOVES = 5
_MEBI = 1 << 20
_LEAST_WAIT = 0.5  # seconds: "retry after 0" must not become a hot loop
_BACKOFF = tenacity.wait_exponential(multiplier=_LEAST_WAIT, max=20) + tenacity.wait_random(0, 1)


class _Repeat(Exception):  # noqa: N818 (never leaves this module)
    def __init__(self, cause: ConnectorError, wait: float | None = None) -> None:
        self.cause = cause
        self.wait = wait


_trusted = cache(httpx.create_ssl_context)  # reading all certificates takes 50 ms each time
_SPENT: Final = httpx.ByteStream(b"")


class Download:
    """An answer whose body is still on its way. Read it to its end, or close it."""

    def __init__(self, response: httpx.Response, asked: Call) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = lower(response.headers)
        self._response = response
        self._asked = asked

    def chunks(self) -> Iterator[bytes]:
        """The body, its encoding undone. Raises ProtocolError where it is damaged or shorter than announced, and
        UnreachableError where it stops coming; after a write, AnswerLostError for either.
        """
        try:
            yield from self._chunks()
        except ProtocolError as error:
            raise self._asked.failed(str(error), ProtocolError) from None
        except httpx.RemoteProtocolError:
            raise self._asked.failed("the answer was cut off", ProtocolError) from None
        except httpx.TransportError as error:
            raise self._asked.failed(f"the answer stopped coming ({type(error).__name__})", UnreachableError) from None
        finally:
            self.close()

    def _chunks(self) -> Iterator[bytes]:
        response = self._response
        if response.is_stream_consumed:  # a transport of somebody's own that answers in one piece
            yield response.content
            return
        yield from decoded(response.iter_raw(), self.headers.get("content-encoding", ""))
        announced = self.headers.get("content-length", "")
        bodiless = self._asked.method == "HEAD" or self.status in {204, 304}
        if announced.isdigit() and not bodiless and response.num_bytes_downloaded < int(announced):
            raise ProtocolError("the answer was cut off before its announced length")

    def close(self) -> None:
        self._response.close()
        # A response and its stream hold each other, and with them the body that was sent: hundreds of large ones
        # would wait for the collector, which a run calls rarely.
        self._response.stream = _SPENT


class Http:
    """A client for one system.

    ``attempts`` counts tries of one request; ``patience`` is the longest wait (seconds) the system may ask for and have
    in place, a longer one raises ThrottledError. ``largest`` caps the bytes of one answer. ``on_answer`` sees every
    answer. ``judge`` sees it too and says how many seconds to wait before the request is repeated, None where the
    answer is fine: for systems that say "slow down" inside a 200; it may raise a ConnectorError of its own.
    ``quota`` reads from an answer the facts handed to ``Context.on_quota``.

    Raises ConfigurationError where ``base_url`` is no http(s) address.
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
        largest: int = 64 * _MEBI,
        on_answer: Callable[[Answer], None] | None = None,
        judge: Callable[[Answer], float | None] | None = None,
        quota: Callable[[Answer], Mapping[str, Any] | None] = standard_quota,
    ) -> None:
        self.context = context or Context()
        self.base_url = checked_address(base_url)
        self._auth = auth
        self._headers = lower(headers)
        self._attempts = attempts
        self._patience = patience
        self._largest = largest
        self._on_answer = on_answer
        self._judge = judge
        self._quota = quota
        self._client = httpx.Client(
            transport=self.context.transport,
            verify=_trusted(),
            headers={"user-agent": "syncline", "accept-encoding": "gzip, deflate"},
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
        parts: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        anonymous: bool = False,
        accept: Collection[int] = (),
        after: float = 0.0,
    ) -> Answer:
        """Send one request. Answers of any status but 401, 429 and 5xx are returned as is; so are those in ``accept``.

        ``parts`` fills ``{names}`` in the path, quoted, and keeps them out of messages and log: record keys belong
        there. ``query`` leaves out None. ``path`` may be absolute; a host other than the client's own is asked only if
        ``anonymous``, that is without credentials. ``idempotent`` overrides what the method says: True for a POST that
        only reads or may safely be repeated. Redirects are followed for reads, on the same host. ``after`` is how many
        seconds the system wants to be left alone first, where that is known; beyond ``patience`` it is ThrottledError.

        Raises UnreachableError, AnswerLostError, UnauthorisedError, ThrottledError, ProtocolError, RefusedError.
        """
        if after > self._patience:
            raise self._throttled("the quota is spent for now", after)
        if after > 0:
            self.context.clock.sleep(after)
        sent, kind = content(json, form, body)
        asked = call(
            self.base_url,
            method,
            path,
            parts=parts,
            query=query,
            headers={**kind, **self._own(anonymous=anonymous), **lower(headers)},
            body=sent,
            idempotent=idempotent,
            anonymous=anonymous,
            accept=accept,
        )

        def once(*, last: bool) -> Answer | None:
            answer = self._read(self._send(asked), asked)
            if answer.status == 401 and not last:
                return None
            self._weigh(answer, asked)
            return answer

        return self._repeated(once, asked)

    def download(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        anonymous: bool = False,
        **options: Any,
    ) -> Download:
        """As `request` (without ``json``, ``form`` and ``accept``), but hands the answer out before its body is read.

        A body that breaks off is not asked for again.
        """
        given = {**self._own(anonymous=anonymous), **lower(headers)}
        asked = call(self.base_url, method, path, headers=given, anonymous=anonymous, **options)

        def once(*, last: bool) -> Download | None:
            found = self._send(asked)
            if found.status == 401 and not last:
                found.close()
                return None
            if found.status in {401, 408, 429} or (found.status >= 500 and found.status not in _FINAL):
                self._weigh(self._read(found, asked), asked)
            self._report(Answer(found.status, found.headers, b""))
            return found

        return self._repeated(once, asked)

    def lines(self, path: str, *, longest: int = 16 * _MEBI, **options: Any) -> Iterator[bytes]:
        """The lines of a large answer to a GET, without their ends, in bounded memory; options as in `download`.

        Raises RefusedError for a status other than 2xx, ProtocolError where the body is cut off: what was yielded
        before is then only a part, and must not be taken for all there is.
        """
        with closing(self.download("GET", path, **options)) as answer:
            if not 200 <= answer.status < 300:
                raise RefusedError(f"no lines to read (HTTP {answer.status})", code=f"http-{answer.status}")
            yield from split_lines(answer.chunks(), longest)

    def _own(self, *, anonymous: bool) -> Mapping[str, str]:
        return {} if anonymous else self._headers

    def _repeated(self, once: Callable[..., T | None], asked: Call) -> T:
        """``once`` returns None for a 401 while a renewed credential may still help: once per request."""
        renewable = self._auth is not None and not asked.anonymous and 401 not in asked.accept

        def attempt() -> T:
            nonlocal renewable
            answer = once(last=not renewable)
            if answer is None:
                renewable = False
                answer = once(last=True) if self._auth is not None and self._auth.refused() else None
            if answer is None:
                raise _refused_credentials(asked)
            return answer

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(_Repeat),
            sleep=self.context.clock.sleep,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except _Repeat as last:
            raise last.cause from None

    def _send(self, asked: Call) -> Download:
        credentials = {} if asked.anonymous or self._auth is None else lower(self._auth.headers())
        url = asked.url
        for _ in range(_MOVES + 1):
            begun = self.context.clock.now()
            signed = {} if asked.anonymous else lower(signature(self._auth, asked.method, url))
            response = self._exchange(asked, url, {**asked.headers, **credentials, **signed})
            log(asked, response.status_code, self.context.clock.now() - begun)
            if response.status_code not in _MOVED or "location" not in response.headers:
                return Download(response, asked)
            response.close()
            url = redirected(asked, url, response.status_code, response.headers["location"])
        raise ProtocolError(f"redirected more than {_MOVES} times ({asked.place})")

    def _exchange(self, asked: Call, url: str, headers: Mapping[str, str]) -> httpx.Response:
        try:
            request = self._client.build_request(asked.method, url, content=asked.body, headers=headers)
            return self._client.send(request, stream=True)
        except (UnicodeEncodeError, httpx.LocalProtocolError):  # their texts quote the header
            raise RefusedError(
                f"a header cannot be sent ({asked.place}): is there a line break or an odd sign in a credential?",
                code="unsendable",
            ) from None
        except httpx.InvalidURL:  # its text quotes the address
            raise RefusedError("an address has characters that no address can have", code="bad-address") from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise _Repeat(UnreachableError(f"cannot reach {asked.host}: {why_unreachable(error)}")) from None
        except httpx.RequestError as error:
            lost = asked.failed(f"no answer from {asked.host}: {type(error).__name__}", UnreachableError)
            raise (_Repeat(lost) if asked.safe else lost) from None

    def _read(self, found: Download, asked: Call) -> Answer:
        pieces: list[bytes] = []
        size = 0
        try:
            for piece in found.chunks():
                pieces.append(piece)
                size += len(piece)
                if size > self._largest:
                    break
        except AnswerLostError:
            raise
        except ConnectorError as error:
            raise _Repeat(error) from None
        finally:
            found.close()
        if size > self._largest:
            raise asked.failed(f"the answer is larger than {self._largest} bytes", ProtocolError)
        answer = Answer(found.status, found.headers, b"".join(pieces), after_write=not asked.safe)
        self._report(answer)
        return answer

    def _report(self, answer: Answer) -> None:
        if self._on_answer is not None:
            self._on_answer(answer)
        if self.context.on_quota is not None:
            facts = self._quota(answer)
            if facts:
                self.context.on_quota(self.context.connection, facts)

    def _weigh(self, answer: Answer, asked: Call) -> None:
        """Raise what the status (or the connector's own judge) says, as something to repeat where repeating helps."""
        status = answer.status
        if status in asked.accept:
            pass
        elif status == 401:
            raise _refused_credentials(asked)
        elif status == 429 or (status == 503 and "retry-after" in answer.headers):
            wait = retry_after(answer.headers, self.context.clock.now())
            raise self._throttled(f"asked to slow down (HTTP {status}, {asked.place})", wait)
        elif status == 408 or (status >= 500 and status not in _FINAL):
            error = asked.failed(f"server error, HTTP {status}", UnreachableError)
            raise _Repeat(error) if asked.safe else error
        if self._judge is not None:
            wait = self._judge(answer)
            if wait is not None:
                raise self._throttled(f"asked to slow down ({asked.place})", wait)

    def _throttled(self, text: str, wait: float | None) -> Exception:
        until = self.context.clock.now() + timedelta(seconds=wait) if wait is not None else None
        error = ThrottledError(text, until)
        return error if wait is not None and wait > self._patience else _Repeat(error, wait)


def _wait(state: tenacity.RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    if isinstance(failure, _Repeat) and failure.wait is not None:
        return max(failure.wait, _LEAST_WAIT)
    return _BACKOFF(state)


def _refused_credentials(asked: Call) -> UnauthorisedError:
    return UnauthorisedError(f"the credentials were refused (HTTP 401, {asked.place})")


class _Pieces(httpx.SyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for at in range(0, len(self._body), 1 << 16):
            yield self._body[at : at + (1 << 16)]


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
        return httpx.Response(status, headers={"content-length": str(len(body)), **headers}, stream=_Pieces(body))

    return httpx.MockTransport(respond)
