"""The fake account as a whole: routes, access, limits, and what people do to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson

from model.clock import Clock, SystemClock
from syncline.sandbox.netsuite.access import TOKEN_PATH, Access
from syncline.sandbox.netsuite.faults import KINDS, ApiError, Fault
from syncline.sandbox.netsuite.objects import SUBLISTS, FieldDef, standard
from syncline.sandbox.netsuite.records import BASE, Records, links
from syncline.sandbox.netsuite.store import Row, Script, Store
from syncline.sandbox.netsuite.suiteql import Queries
from syncline.sandbox.oauth1 import Signatures
from syncline.sandbox.wire import Request, Response

_QUERY = "/services/rest/query/v1/suiteql"
_ADDRESSES = {"billingAddress": "defaultBilling", "shippingAddress": "defaultShipping"}


class NetSuiteFake:
    """One account.

    ``zone`` is that of the integration's user, in which SuiteQL shows and reads times; ``cap`` ends every query;
    ``skew``: seconds that a signature's time may be off. What companies set up in different ways is in ``store``:
    ``one_world`` (customers and contacts need a subsidiary), ``unsubscribed_by_default`` (new ones get a soft opt-out).
    ``certificates``: public keys (PEM) by certificate id. ``seen`` are the last requests.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        account: str = "1234567_SB1",
        secrets: Mapping[str, str] | None = None,
        client_id: str = "client",
        certificates: Mapping[str, str] | None = None,
        zone: str = "America/Los_Angeles",
        cap: int = 100_000,
        skew: float = 300,
    ) -> None:
        self.clock = clock or SystemClock()
        given = secrets or {"consumer_key": "ck", "consumer_secret": "cs", "token": "tk", "token_secret": "ts"}
        signatures = Signatures(
            given["consumer_key"], given["consumer_secret"], given["token"], given["token_secret"], skew
        )
        self.access = Access(self.clock, account, signatures, client_id, certificates or {})
        self.types = standard()
        self.store = Store(self.clock, self.types)
        self.queries = Queries(self.store, zone, cap)
        self.records = Records(self.store)
        self.faults: list[Fault] = []
        self.seen: list[Request] = []

    # What the wire does

    def handle(self, request: Request) -> Response:
        self.seen = [*self.seen[-199:], request]
        try:
            answer = self._route(request)
        except ApiError as error:
            answer = error.response()
        date = format_datetime(self.clock.now().astimezone(UTC), usegmt=True)
        return Response(status=answer.status, body=answer.body, headers={**answer.headers, "date": date})

    def _route(self, request: Request) -> Response:
        if request.path == TOKEN_PATH:
            return self.access.token(request)
        self.access.admit(request)
        fault = next((one for one in self.faults if one.strikes(f"{request.method} {request.path}")), None)
        if fault is not None:
            raise fault.error()
        if request.path == _QUERY and request.method == "POST":
            return self._query(request)
        if request.path.startswith(f"{BASE}/"):
            parts = request.path.removeprefix(f"{BASE}/").strip("/").split("/")
            return self.records.handle(request, [unquote(part) for part in parts])
        raise ApiError("INVALID_URL", "The requested resource does not exist.", status=404)

    def _query(self, request: Request) -> Response:
        if "transient" not in request.headers.get("prefer", ""):
            detail = "The required request header 'Prefer' is missing or must contain the value 'transient'."
            raise ApiError("INVALID_HEADER", detail)
        try:
            text = str(request.json()["q"])
        except (ValueError, KeyError, TypeError):
            raise ApiError("INVALID_CONTENT", "Invalid content in the request body: a query is expected.") from None
        limit, offset = int(request.query.get("limit", "1000")), int(request.query.get("offset", "0"))
        found = self.queries.run(text, limit, offset)
        found["links"] = links(request, limit, offset, more=found["hasMore"])
        return Response.of(found, headers={"content-type": "application/vnd.oracle.resource+json; type=collection"})

    # What people and tests do

    def misbehave(self, kind: str, *, on: str = "", times: int = 1) -> None:
        """Order a misbehaviour (one of `faults.KINDS`) for calls whose method and path contain ``on``."""
        if kind not in KINDS:
            raise ValueError(f"no such misbehaviour: {kind}; known: {', '.join(sorted(KINDS))}")
        self.faults.append(Fault(kind=kind, on=on, times=times))

    def seed(self, name: str, rows: Iterable[Mapping[str, Any]], *, at: datetime | None = None) -> list[str]:
        """Records a person made; returns their ids. References and choices are given by id, addresses by kind."""
        return [str(self.store.create(name, *self._given(name, row, None), at=at)["id"]) for row in rows]

    def edit(self, name: str, key: str, values: Mapping[str, Any], *, at: datetime | None = None) -> None:
        """What a person changes by hand."""
        row = self.store.rows[name][key]
        self.store.update(name, row, *self._given(name, values, row), at=at)

    def _given(self, name: str, row: Mapping[str, Any], before: Row | None) -> tuple[Row, Any]:
        """Fields and lines as REST would be given them; ``billingAddress.city`` is a part of that default address."""
        values: Row = {}
        book: dict[str, Row] = {}
        lines = None
        for path, value in row.items():
            head, _, part = path.partition(".")
            if head in _ADDRESSES:
                flag = _ADDRESSES[head]
                there = next((one for one in (before or {}).get("addressBook", ()) if one[flag]), None)
                key = {"internalId": there["internalId"]} if there else {flag: True}
                line = book.setdefault(head, {**key, "addressBookAddress": {}})
                line["addressBookAddress"] |= {part: value} if part else value
            elif path == "item":
                lines = {"items": [{**line, "item": {"id": line["item"]}} for line in value]}
            else:
                wrapped = self.types[name][path].type in {"ref", "choice"} and value is not None
                values[path] = {"id": value} if wrapped else value
        return values, lines or ({"items": list(book.values())} if book else None)

    def delete(self, name: str, key: str) -> None:
        self.store.forget(name, self.store.rows[name][key])

    def merge(self, name: str, master: str, *losers: str) -> None:
        """Merge duplicates: what pointed to a loser points to the master, and the loser is simply deleted."""
        for loser in losers:
            for other, fields in self.types.items():
                for field in (one for one in fields.values() if one.target == name):
                    for row in self.store.rows[other].values():
                        row[field.name] = master if row.get(field.name) == loser else row.get(field.name)
            self.delete(name, loser)

    def script(self, name: str, field: str, value: str, when: str = "before", **error: Any) -> None:
        """Have a script of the account fail for some records (see `Script`). ``error``: what it says, as an ApiError;
        a 500 UNEXPECTED_ERROR where nothing is given."""
        given = {"code": "UNEXPECTED_ERROR", "detail": "An unexpected error occurred.", "status": 500, **error}
        self.store.scripts.append(Script(name, field, value, when, ApiError(**given)))

    def unstamp(self, name: str, *keys: str) -> None:
        """Take the moment of the last change from records, as imported ones may never have had one."""
        for key in keys:
            self.store.rows[name][key]["lastModifiedDate"] = None
        self.store.revision += 1

    def rows(self, name: str) -> list[Row]:
        """The records as they are stored, in order of their ids."""
        return [self.store.rows[name][key] for key in sorted(self.store.rows[name], key=int)]

    def add_field(self, name: str, line: str) -> None:
        """Customise a record type: ``custentity_tier choice =gold|silver``."""
        field = FieldDef.parse(line, custom=True)
        self.types[name][field.name] = field
        for row in self.store.rows[name].values():
            row.setdefault(field.name, None)

    def hide(self, table: str, column: str = "*") -> None:
        """Take a column (or the whole table) away from the role."""
        self.queries.hidden.add((table, column))

    def save(self, path: Path) -> None:
        """Write the account's records to a JSON file."""
        kept = {"count": self.store.count, "rows": self.store.rows, "deleted": self.store.deleted}
        path.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))

    def load(self, path: Path) -> None:
        """Take over the records of a file that `save` wrote."""
        stored = orjson.loads(path.read_bytes())
        for name, rows in stored["rows"].items():
            moments = [field.name for field in self.types[name].values() if field.type == "datetime"]
            for key, row in rows.items():
                row |= {field: datetime.fromisoformat(row[field]) for field in moments if row.get(field)}
                self.store.rows[name][key] = {SUBLISTS[name]: [], **row}
        self.store.deleted = [{**row, "at": datetime.fromisoformat(row["at"])} for row in stored["deleted"]]
        self.store.count = stored["count"]
        self.store.revision += 1
