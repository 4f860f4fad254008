"""One OData 2.0 service behind an SAP gateway: its model, pages by ``__next``, writes with a CSRF token, ``$batch``.

Writing needs a token that belongs to the session in the cookies: it is asked for with ``x-csrf-token: Fetch``, kept,
sent with every write, and asked for once more where a write is answered 403 with ``x-csrf-token: Required``. The shared
client keeps the cookies; without them a load balancer hands the write to a server that has never seen the token.
Sources: SAP Gateway Foundation, "Cross-Site Request Forgery Protection"; SAP Cloud SDK, "CSRF token handling".
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from connectors import edmx, odata
from connectors.answers import Answer
from connectors.contract import Context, Outcome, OutcomeKind
from connectors.http import Http
from connectors.multipart import Batch, Part
from model.errors import (
    AnswerLostError,
    ConnectorError,
    ProtocolError,
    RefusedError,
    ThrottledError,
    UnauthorisedError,
)

_NO_SERVICE = "/IWFND/MED/"
_FRESH = timedelta(minutes=15)
_JSON = {"accept": "application/json"}


class Gateway:
    """A service at ``root`` (a path such as ``/sap/opu/odata/sap/API_BUSINESS_PARTNER``) of the client's host.

    ``tokens`` is False where the service takes writes without a CSRF token.
    """

    def __init__(self, http: Http, root: str, context: Context, *, tokens: bool = True) -> None:
        self.http = http
        self.root = root.rstrip("/")
        self._context = context
        self._tokens = tokens
        self._lock = threading.RLock()
        self._token: str | None = None
        self._model: tuple[datetime, edmx.Service] | None = None

    # Reading ------------------------------------------------------------------------------------------------------

    def model(self) -> edmx.Service:
        """The service's model, asked for a quarter of an hour ago at most; `forget` has it asked for anew."""
        with self._lock:
            now = self._context.clock.now()
            if self._model is None or now - self._model[0] > _FRESH:
                answer = self.http.get(f"{self.root}/$metadata", headers={"accept": "application/xml"})
                if not answer.ok:
                    raise request_error(answer, "describing the service")
                self._model = (now, edmx.parse(answer.body))
            return self._model[1]

    def forget(self) -> None:
        with self._lock:
            self._model = None

    def page(self, name: str, query: Mapping[str, Any], what: str) -> tuple[list[dict[str, Any]], bool]:
        """One page of an entity set, and whether the server holds more of it back (``__next``)."""
        found = self._rows(f"{self.root}/{name}", query, what)
        return found[0], found[1] is not None

    def rows(self, name: str, query: Mapping[str, Any], what: str) -> Iterator[list[dict[str, Any]]]:
        """All pages of an entity set, following ``__next`` as it is given: its ``$skiptoken`` is the server's own.

        Raises ProtocolError where a link leads elsewhere or in a circle.
        """
        path, asked = f"{self.root}/{name}", dict(query)
        met: set[str] = set()
        while True:
            rows, following = self._rows(path, asked, what)
            yield rows
            if following is None:
                return
            if following in met:
                raise ProtocolError(f"{what}: the pages lead in a circle")
            met.add(following)
            path, asked = following, {}

    def whole(self, row: Mapping[str, Any], name: str, what: str) -> list[dict[str, Any]]:
        """The rows of an expanded navigation: to one, to many, or with a rest that the server held back."""
        value = row.get(name)
        if value is None or "__deferred" in value:
            return []
        if isinstance(value, list):
            return value
        if "results" not in value:
            return [value]
        rows, following = list(value["results"]), value.get("__next")
        met: set[str] = set()
        while following is not None:
            if following in met:
                raise ProtocolError(f"{what}: the pages of {name} lead in a circle")
            met.add(following)
            more, following = self._rows(self._place(following), {}, what)
            rows += more
        return rows

    def _rows(self, path: str, query: Mapping[str, Any], what: str) -> tuple[list[dict[str, Any]], str | None]:
        answer = self.http.get(path, query={**query, "$format": "json"} if query else None, headers=_JSON)
        if not answer.ok:
            raise request_error(answer, what)
        said = answer.json()
        body = said.get("d") if isinstance(said, dict) else None
        rows = body.get("results") if isinstance(body, dict) else body
        if not isinstance(rows, list):
            raise ProtocolError(f"{what}: an answer without results")
        following = body.get("__next") if isinstance(body, dict) else None
        return rows, None if following is None else self._place(str(following))

    def _place(self, link: str) -> str:
        """A link as a path of our host. Gateways behind a proxy name themselves by another host or port."""
        parts = urlsplit(link)
        if not parts.path.startswith(f"{self.root}/"):
            raise ProtocolError("a link leads out of the service; it was not followed")
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    # Writing ------------------------------------------------------------------------------------------------------

    def token(self) -> str:
        """The CSRF token of this session. Raises UnauthorisedError where the service hands none out."""
        with self._lock:
            if self._token is None:
                answer = self.http.get(f"{self.root}/", headers={**_JSON, "x-csrf-token": "Fetch"})
                if not answer.ok:
                    raise request_error(answer, "opening a session")
                answer.json()  # a sign-in page comes with 200, too
                token = answer.headers.get("x-csrf-token", "")
                if not token or token.lower() == "required":
                    raise UnauthorisedError("opening a session: the service gave no CSRF token")
                self._token = token
            return self._token

    def write(self, method: str, path: str, **options: Any) -> Answer:
        """One write, ``path`` within the service, options as of `Http.request`; with a token, renewed once where the
        service asks for another. Answers that refuse are returned as they are.
        """
        answer = self._write(method, path, options)
        if self._tokens and answer.status == 403 and answer.headers.get("x-csrf-token", "").lower() == "required":
            with self._lock:
                self._token = None
            answer = self._write(method, path, options)
        return answer

    def _write(self, method: str, path: str, options: Mapping[str, Any]) -> Answer:
        token = {"x-csrf-token": self.token()} if self._tokens else {}
        headers = {**_JSON, **(options.get("headers") or {}), **token}
        return self.http.request(method, f"{self.root}/{path}", **{**options, "headers": headers})

    def batch(self, items: Sequence[Part | Sequence[Part]], what: str) -> list[tuple[Answer, ...]]:
        """The answers to the requests of a batch, as `Batch.read` gives them. A list among the items is a change set.

        Raises what `Http.request` does, AnswerLostError for an answer that tells not what happened to each.
        """
        batch = Batch(items)
        headers = {**batch.headers, "accept": "multipart/mixed"}
        answer = self.write("POST", "$batch", body=batch.body, headers=headers)
        if not answer.ok:
            raise request_error(answer, what)
        return batch.read(answer)

    def close(self) -> None:
        self.http.close()


def request_error(answer: Answer, what: str) -> ConnectorError:
    """The error for a request refused as a whole. Its text has no vendor message, which may quote values."""
    said = odata.fault(answer.status, answer.body)
    code = said.code if said else f"http-{answer.status}"
    if code.startswith(_NO_SERVICE):
        hint = "is it activated in this system, and the path right?"
        return RefusedError(f"{what}: there is no such service here ({code}); {hint}", code=code)
    if answer.status == 403:
        return UnauthorisedError(f"{what}: the user may not do this ({code})")
    if said is None:
        return ProtocolError(f"{what}: HTTP {answer.status} without an OData error: is this the address of a gateway?")
    return RefusedError(f"{what}: refused ({code}, HTTP {answer.status})", code=code)


def failed(error: ConnectorError, key: str | None) -> Outcome:
    """The outcome of a row whose call failed after others had been answered."""
    kinds: Mapping[type[ConnectorError], OutcomeKind] = {
        AnswerLostError: OutcomeKind.UNKNOWN,
        ThrottledError: OutcomeKind.THROTTLED,
        UnauthorisedError: OutcomeKind.UNAUTHORISED,
        RefusedError: OutcomeKind.REFUSED,
    }
    kind = next((kind for known, kind in kinds.items() if isinstance(error, known)), OutcomeKind.RETRY)
    return Outcome(kind, key, message=str(error), until=getattr(error, "until", None))
