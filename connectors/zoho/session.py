"""One organisation over the shared client: the calls that the rest of the connector is made of."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.answers import standard_quota
from connectors.http import Answer, Http, parse_moment
from connectors.sdk import AnswerLostError, Context, ProtocolError, RefusedError, UnauthorisedError
from connectors.zoho import coql
from connectors.zoho.access import Access
from connectors.zoho.errors import call_error, code_of
from connectors.zoho.schema import KEY, STAMP, ModuleSchema, chunks
from connectors.zoho.settings import ZohoSettings

IDS = 100
"""Records asked for by their id, written or removed in one call."""

LENGTH = 64
"""Characters that the field for the hub's own id holds."""

_FRESH = timedelta(minutes=15)
_NOTHING = frozenset({204, 304})
_TRIES = 4

Row = Mapping[str, Any]


def version(row: Row) -> str | None:
    """The stamp of a row in UTC: Zoho prints the same moment with another offset to a user of another zone."""
    text = row.get(STAMP)
    return parse_moment(text).astimezone(UTC).isoformat() if isinstance(text, str) else None


def credits_left(answer: Answer) -> Mapping[str, int] | None:
    """Credits left of the last 24 hours; told only once half of them are used (Zoho CRM v8, "API limits")."""
    text = answer.headers.get("x-api-credits-remaining", "")
    return {"remaining": int(text)} if text.isdigit() else standard_quota(answer)


class Session:
    """Opens on first use, at the address that the token names."""

    def __init__(self, settings: ZohoSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        self.access = Access(settings, context)
        self._lock = threading.Lock()
        self._http: Http | None = None
        self._skew = timedelta(0)
        self._schemas: dict[str, tuple[datetime, ModuleSchema]] = {}

    @property
    def now(self) -> datetime:
        """The present moment by the vendor's clock, so that skew between machines does not matter."""
        return self.context.clock.now() + self._skew

    def _open(self) -> Http:
        with self._lock:
            if self._http is None:
                address = self.access.token().instance_url
                assert address is not None, "the access always knows an address"
                self._http = Http(
                    f"{address}/crm/v8",
                    context=self.context,
                    auth=self.access,
                    timeout=120.0,
                    on_answer=self._saw,
                    quota=credits_left,
                )
            return self._http

    def _saw(self, answer: Answer) -> None:
        self.access.met(code_of(answer) if answer.status == 401 else None)
        try:
            self._skew = parsedate_to_datetime(answer.headers["date"]) - self.context.clock.now()
        except (KeyError, ValueError, TypeError):  # no date, none that can be read, or one without a zone
            self._skew = timedelta(0)

    def call(self, method: str, path: str, what: str, **options: Any) -> tuple[Answer, Any]:
        """One call: its answer and what it says, None where there is nothing. ``what`` names it in errors.

        Raises RefusedError (with the vendor's code), and what `connectors.http.Http.request` raises. Refusals that
        carry items come back as they are: each item says what became of it.
        """
        http = self._open()
        self.access.met(None)
        try:
            answer = http.request(method, path, **options)
        except UnauthorisedError as error:
            if self.access.said is None:
                raise
            code = self.access.said
            raise UnauthorisedError(f"{what}: {error} ({code}): does the token have the scopes it needs?") from None
        if answer.status in _NOTHING:
            return answer, None
        items = answer.ok or answer.status in {400, 403, 412}
        said = answer.json() if items else None
        if not isinstance(said, dict) or ("code" in said and "data" not in said):
            raise call_error(answer, what)
        return answer, said

    def listed(
        self, module: str, fields: Sequence[str], *, since: datetime | None = None, **query: Any
    ) -> tuple[list[Row], Mapping[str, Any]]:
        """One page of the list, and its ``info``; ``since`` asks for what was modified later."""
        query = {"fields": ",".join(fields), "approved": "both", **query}
        headers = {} if since is None else {"if-modified-since": coql.moment(since)}
        return self._page(module, module, headers, query)

    def deleted(self, module: str, since: datetime, page: int) -> tuple[list[Row], bool]:
        """One page of what was deleted, and whether there are more. Raises ProtocolError for an empty one before the
        end."""
        query = {"type": "all", "page": page, "per_page": self.settings.page}
        headers = {"if-modified-since": coql.moment(since)}
        rows, info = self._page(f"{module}/deleted", f"deleted {module}", headers, query)
        return _followed(rows, info, f"reading deleted {module}")

    def _page(
        self, path: str, what: str, headers: Mapping[str, str], query: Mapping[str, Any]
    ) -> tuple[list[Row], Mapping[str, Any]]:
        answer, said = self.call("GET", path, f"reading {what}", headers=headers, query=query)
        if said is None:
            return [], {}
        rows, info = said.get("data"), said.get("info")
        if not answer.ok or not isinstance(rows, list) or not isinstance(info, Mapping):
            raise ProtocolError(f"reading {what}: an answer without data")
        return rows, info

    def query(self, text: str, what: str) -> tuple[list[Row], bool]:
        """The rows of a COQL query, none where the answer is empty, and whether there are more. Raises ProtocolError
        where there are none and more."""
        answer, said = self.call("POST", "coql", what, json={"select_query": text}, idempotent=True)
        if said is None:
            return [], False
        rows, info = said.get("data"), said.get("info")
        if not answer.ok or not isinstance(rows, list) or not isinstance(info, Mapping):
            raise ProtocolError(f"{what}: an answer without data")
        return _followed(rows, info, what)

    def rows(self, module: str, keys: Sequence[str], fields: Sequence[str] | None) -> dict[str, Row]:
        """Whole rows by key; what is not there is left out. ``fields``: all readable ones if None.

        More fields than one call takes are asked for in several calls. A row that was modified in between is torn, so
        it is asked for again. Raises ProtocolError where it stays torn.
        """
        names = self.schema(module).readable(fields)
        found: dict[str, Row] = {}
        for portion in coql.portions(list(dict.fromkeys(keys)), IDS):
            waiting: Sequence[str] = portion
            for _ in range(_TRIES):
                whole, waiting = self._joined(module, waiting, names)
                found |= whole
                if not waiting:
                    break
            else:
                raise ProtocolError(f"reading {module}: records change faster than their fields can be read")
        return found

    def _joined(self, module: str, keys: Sequence[str], names: Sequence[str]) -> tuple[dict[str, Row], list[str]]:
        return joined([self.named(module, fields, keys) for fields in chunks(names)])

    def named(self, module: str, fields: Sequence[str], keys: Sequence[str]) -> dict[str, Row]:
        """Those of at most 100 records that there are.

        Should the list refuse ids of which one is not there, it is asked for halves of them; but a refusal is taken for
        "not there" only where the id is refused whatever fields are asked for.
        """
        try:
            rows, _ = self.listed(module, fields, ids=",".join(keys), per_page=200, **only_here(module))
        except RefusedError as error:
            if error.code != "INVALID_DATA":
                raise
            if half := len(keys) // 2:
                return self.named(module, fields, keys[:half]) | self.named(module, fields, keys[half:])
            if list(fields) != [KEY] and self.named(module, [KEY], keys):
                raise
            return {}
        return {str(row[KEY]): row for row in rows}

    def schema(self, name: str) -> ModuleSchema:
        """The module as described a quarter of an hour ago at most; `forget` has it described anew."""
        now = self.context.clock.now()
        kept = self._schemas.get(name)
        if kept is None or now - kept[0] > _FRESH:
            _, said = self.call("GET", "settings/fields", f"describing {name}", query={"module": name})
            entries = said.get("fields") if said is not None else None
            if not isinstance(entries, list) or not entries:
                raise ProtocolError(f"describing {name}: an answer without fields")
            kept = self._schemas[name] = (now, ModuleSchema.of(name, entries))
        return kept[1]

    def add_text(self, module: str, name: str) -> None:
        """Add a text field that allows no duplicates (Zoho CRM v8, "Create Custom Fields")."""
        what = f"creating the field {name} of {module}"
        unique = {"casesensitive": "false"}
        field = {"field_label": name.replace("_", " "), "data_type": "text", "length": LENGTH, "unique": unique}
        query = {"module": module}
        self.call("POST", "settings/fields", what, query=query, json={"fields": [field]}, idempotent=False)
        self.forget(module)
        if not self.schema(module).fields.get(name, {}).get("unique"):
            hint = "create it by hand, as a single line that does not allow duplicate values"
            raise RefusedError(f"{what}: it is not there, or allows duplicates: {hint}", code="no-marker")

    def forget(self, name: str) -> None:
        self._schemas.pop(name, None)

    def write(
        self,
        method: str,
        path: str,
        what: str,
        count: int,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> list[Row]:
        """The items of a write, one a row. Raises AnswerLostError where their number is another.

        Never sent again by the client, whatever the method: when every answer is lost, the write may have happened.
        """
        options = {"json": body, "query": query, "headers": headers, "idempotent": False}
        _, said = self.call(method, path, what, **options)
        items = said.get("data") if said is not None else None
        if not isinstance(items, list) or len(items) != count:
            raise AnswerLostError(f"{what}: {count} rows sent, another number answered")
        return [item if isinstance(item, Mapping) else {} for item in items]

    def close(self) -> None:
        self.access.close()
        if self._http is not None:
            self._http.close()


def only_here(module: str) -> dict[str, Any]:
    """What only this module's list has to be asked: converted leads are hidden by default."""
    return {"converted": "both"} if module == "Leads" else {}


def joined(parts: Sequence[Mapping[str, Row]]) -> tuple[dict[str, Row], list[str]]:
    """Rows put together from the parts of their fields, and the keys of those that moved between two parts."""
    first, *others = parts
    whole: dict[str, Row] = {}
    torn: list[str] = []
    for key, row in first.items():
        pieces = [part.get(key) for part in others]
        if any(piece is None or piece.get(STAMP) != row.get(STAMP) for piece in pieces):
            torn.append(key)
        else:
            whole[key] = {name: value for piece in (row, *pieces) for name, value in (piece or {}).items()}
    return whole, torn


def expired(error: RefusedError) -> bool:
    """Whether a list cannot be paged further: its token is 24 hours old, another's, or past 100,000 records."""
    return error.code in {"EXPIRED_VALUE", "PAGINATION_LIMIT_EXCEEDED", "TOKEN_BOUND_DATA_MISMATCH", "INVALID_DATA"}


def _followed(rows: list[Row], info: Mapping[str, Any], what: str) -> tuple[list[Row], bool]:
    """The rows, and whether more follow. An empty page ends nothing that is said to go on: who took it for the end
    would never ask for the rest."""
    more = bool(info.get("more_records"))
    if more and not rows:
        raise ProtocolError(f"{what}: an empty page, and more are said to follow")
    return rows, more
