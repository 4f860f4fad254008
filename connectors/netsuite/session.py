"""One account, reached by signed or bearer requests over the shared client."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.assertions import ClientAssertion
from connectors.http import Answer, Auth, Http
from connectors.netsuite import suiteql
from connectors.netsuite.errors import BrokenError, ForbiddenError, busy, request_error, said
from connectors.netsuite.kinds import KINDS, STAMP
from connectors.netsuite.schema import Schema, Selection
from connectors.netsuite.settings import CertificateAuth, NetSuiteSettings
from connectors.oauth import TokenAuth
from connectors.oauth1 import OAuth1
from connectors.sdk import AnswerLostError, ConnectorError, Context, ProtocolError, RefusedError, UnreachableError

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 (an address)
QUERY = "services/rest/query/v1/suiteql"
RECORD = "services/rest/record/v1"
WHOLE = {"expandSubResources": True}
_FRESH = timedelta(minutes=15)
_MINUTE = timedelta(minutes=1)
SERVER_ERROR = "HTTP 500"
"""How the client says that a 500 stayed one after its tries."""
FEW = 3
"""So many 500s in a row may be scripts that fail for single records, less one."""


def credentials(settings: NetSuiteSettings, context: Context) -> Auth:
    """Signatures name the account as their realm. An assertion lives three minutes, its token an hour."""
    auth = settings.auth
    if isinstance(auth, CertificateAuth):
        return ClientAssertion(
            context,
            f"{settings.address}{TOKEN_PATH}",
            client_id=auth.client_id,
            private_key=auth.private_key,
            key_id=auth.certificate_id,
            claims={"scope": ["rest_webservices"]},
        )
    return OAuth1(
        context=context,
        consumer_key=auth.consumer_key.get_secret_value(),
        consumer_secret=auth.consumer_secret.get_secret_value(),
        token=auth.token.get_secret_value(),
        token_secret=auth.token_secret.get_secret_value(),
        realm=settings.realm,
    )


class Rows(list[dict[str, Any]]):
    """Rows of a query. ``more``: there may be others behind them; a page can end before it is full."""

    def __init__(self, items: Sequence[dict[str, Any]], *, more: bool) -> None:
        super().__init__(items)
        self.more = more


class Session:
    """Opens on first use; may be used from several threads."""

    def __init__(self, settings: NetSuiteSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        self.zone = ZoneInfo(settings.zone)
        self._auth = credentials(settings, context)
        self._lock = threading.RLock()
        self._opened: Http | None = None
        self._schemas: dict[str, tuple[datetime, Schema]] = {}
        self._selections: dict[str, Selection] = {}
        self._answered: dict[str, tuple[datetime, bool]] = {}
        self._broken: set[str] = set()
        self._currencies: tuple[datetime, dict[str, str]] | None = None
        self._doubts = 0

    @property
    def http(self) -> Http:
        with self._lock:
            if self._opened is None:
                self._opened = Http(
                    self.settings.address,
                    context=self.context,
                    auth=self._auth,
                    headers={"accept": "application/json"},
                    timeout=120.0,
                    judge=busy,
                )
            return self._opened

    def rows(self, text: str, what: str, *, limit: int, probing: bool = False) -> Rows:
        """The first ``limit`` rows of a query: what comes behind them is asked for by another one (a keyset), since
        offsets end at 100,000 rows, and rows that change meanwhile shift them.

        Columns that are null are left out of rows. Raises RefusedError (the vendor's code), UnauthorisedError,
        UnreachableError, ThrottledError, ProtocolError. ``probing``: a 500 is taken for a refusal, which is how a
        column that the role may not see can show.
        """
        answer = self.http.post(
            QUERY,
            query={"limit": limit, "offset": 0},
            json={"q": text},
            headers={"prefer": "transient"},
            idempotent=True,
            accept={500} if probing else (),
        )
        if answer.status == 500 and said(answer) is None:
            raise UnreachableError(f"{what}: server error, HTTP 500")
        body = self.body(answer, what)
        items = body.get("items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise ProtocolError(f"{what}: an answer without rows")
        return Rows(items, more=bool(items) and (len(items) >= limit or body.get("hasMore") is True))

    def body(self, answer: Answer, what: str) -> dict[str, Any]:
        """The object that an answer carries. Raises as `rows`."""
        if not answer.ok:
            raise request_error(answer, what)
        body = answer.json()
        if not isinstance(body, dict):
            raise ProtocolError(f"{what}: an answer that is no object")
        return body

    def record(self, name: str, key: str, what: str) -> dict[str, Any]:
        """One record as REST shows it, sublists included. Raises as `rows`."""
        return self.body(self.told("GET", f"{name}/{{key}}", parts={"key": key}, query=WHOLE), what)

    def told(self, method: str, path: str, *, again: bool | None = None, **options: Any) -> Answer:
        """What the record service answers; options as of `Http.request`. ``again``: whether sending it twice does no
        harm, where that is not as the method says.

        A 500 in NetSuite's own words is an answer, too, after the client's tries: it speaks of one record, one of whose
        scripts fails. Raises UnreachableError or AnswerLostError where nobody answers, or not in such words; and from
        the third such answer in a row on, if the service does not show anything else either.
        """
        safe = method not in {"POST", "PATCH"} if again is None else again
        kind = path.partition("/")[0]
        path = f"{RECORD}/{path}"
        answer = None
        if safe and self.doubts < FEW - 1:  # after that, tries and the waits between them are no longer spent
            try:
                answer = self.http.request(method, path, idempotent=True, **options)
            except UnreachableError as error:
                if SERVER_ERROR not in str(error):
                    raise
        if answer is None:
            answer = self.http.request(method, path, idempotent=safe, accept={500}, **options)
        lost = UnreachableError if safe else AnswerLostError
        if answer.status == 500 and said(answer) is None:
            raise lost(f"{method} {path}: server error, HTTP 500")
        if self._count(answer) >= FEW and not self._listed(kind):
            raise lost(f"{method} {path}: server error, {SERVER_ERROR}, {FEW} times in a row")
        return answer

    @property
    def doubts(self) -> int:
        """How many calls for single records in a row were answered by a 500."""
        with self._lock:
            return self._doubts

    def _count(self, answer: Answer) -> int:
        with self._lock:
            self._doubts = self._doubts + 1 if answer.status == 500 else 0
            return self._doubts

    def _listed(self, name: str) -> bool:
        """Whether the record service answers for a list of keys, which loads no record and runs none of its scripts."""
        try:
            answer = self.http.get(f"{RECORD}/{name}", query={"limit": 1}, accept={500})
        except ConnectorError:  # what is to be told is what became of the call before
            return False
        return answer.status != 500

    def schema(self, name: str) -> Schema:
        """The kind of record as described a quarter of an hour ago at most; `forget` has it described anew."""
        with self._lock:
            now = self.context.clock.now()
            kept = self._schemas.get(name)
            if kept is None or now - kept[0] > _FRESH:
                answer = self.http.get(
                    f"{RECORD}/metadata-catalog/{name}", headers={"accept": "application/schema+json"}
                )
                body = self.body(answer, f"describing {name}")
                marker = self.settings.marker_of(name)
                wanted = self.settings.streams[name].fields
                kept = self._schemas[name] = (now, Schema.of(KINDS[name], body, marker, wanted))
            return kept[1]

    def selection(self, name: str) -> Selection:
        """The fields of a kind that its table has and the role may see: one that it may not would have the whole
        query refused, so they are tried, halving what is refused."""
        with self._lock:
            schema = self.schema(name)
            kept = self._selections.get(name)
            if kept is None or kept.schema is not schema:
                first = ["id", STAMP]
                self.rows(_probe(schema, first), f"reading {name}", limit=1)
                rest = [field for field in schema.selectable if field not in first]
                kept = self._selections[name] = Selection(schema, [*first, *self._readable(name, schema, rest)])
            return kept

    def _readable(self, name: str, schema: Schema, fields: list[str]) -> list[str]:
        text, what = _probe(schema, fields), f"reading {name}"
        if len(fields) <= 1:
            return fields if fields and self._is_answered(text, what) else []
        try:
            self.rows(text, what, limit=1, probing=True)
        except (RefusedError, ForbiddenError):
            half = len(fields) // 2
            return [*self._readable(name, schema, fields[:half]), *self._readable(name, schema, fields[half:])]
        return fields

    def answers(self, text: str, what: str) -> bool:
        """Whether the role gets an answer to a query, as found a quarter of an hour ago at most. Raises as `rows` where
        that cannot be told."""
        with self._lock:
            now = self.context.clock.now()
            kept = self._answered.get(text)
            if kept is None or now - kept[0] > _FRESH:
                kept = self._answered[text] = (now, self._is_answered(text, what))
            return kept[1]

    def _is_answered(self, text: str, what: str) -> bool:
        """A 500 says no only where it is still one after the client's tries: one that passes decides nothing. A query
        once found to end so is not tried that long again."""
        try:
            self.rows(text, what, limit=1, probing=True)
        except BrokenError:
            if text in self._broken:
                return False
        except (RefusedError, ForbiddenError):
            return False
        else:
            return True
        try:
            self.rows(text, what, limit=1)
        except UnreachableError as error:
            if SERVER_ERROR not in str(error):
                raise
            self._broken.add(text)
            return False
        except (RefusedError, ForbiddenError):
            return False
        return True

    def currency(self, key: str) -> str | None:
        """The ISO code of a currency, None where the role may not see it. They are asked for anew after a quarter of an
        hour; for the sake of one that is not among them, after a minute."""
        with self._lock:
            now = self.context.clock.now()
            known = self._currencies
            if known is None or now - known[0] > (_FRESH if key in known[1] else _MINUTE):
                text, what = "SELECT id, symbol FROM currency ORDER BY id", "reading currency"
                found = self.rows(text, what, limit=1000) if self.answers(text, what) else []
                known = self._currencies = (now, {str(one["id"]): one["symbol"] for one in found if one.get("symbol")})
            return known[1].get(key)

    def forget(self, name: str) -> None:
        with self._lock:
            self._schemas.pop(name, None)
            self._answered.clear()
            self._currencies = None

    def close(self) -> None:
        if isinstance(self._auth, TokenAuth):
            self._auth.close()
        if self._opened is not None:
            self._opened.close()


def _probe(schema: Schema, fields: Sequence[str]) -> str:
    return suiteql.select(schema.selected(fields), schema.kind.table, [schema.kind.where], "")


def keyset(
    session: Session,
    columns: Sequence[str],
    table: str,
    conditions: Sequence[str],
    keys: Mapping[str, str],
    what: str,
) -> Iterator[list[dict[str, Any]]]:
    """All rows of a table in the order of two whole-number columns, in pages. ``keys``: their names in rows, and in
    conditions."""
    (one, first), (other, second) = keys.items()
    after: tuple[int, int] | None = None
    while True:
        behind = f"({first} > {after[0]} OR ({first} = {after[0]} AND {second} > {after[1]}))" if after else ""
        text = suiteql.select(columns, table, [*conditions, behind], f"{first}, {second}")
        rows = session.rows(text, what, limit=session.settings.page)
        yield rows
        if not rows.more:
            return
        after = (int(rows[-1][one]), int(rows[-1][other]))
