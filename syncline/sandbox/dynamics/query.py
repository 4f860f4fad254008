"""Reading: collections with their options, pages by cookies, and change tracking."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from syncline.sandbox.dynamics.faults import ApiError
from syncline.sandbox.dynamics.filters import condition
from syncline.sandbox.dynamics.schema import TableDef
from syncline.sandbox.dynamics.store import Row, Store
from syncline.sandbox.dynamics.values import asked_for, preferred, shown
from syncline.sandbox.wire import Request, Response

_MOMENT = "%m/%d/%Y %H:%M:%S"
_TOKEN = re.compile(r"(\d+)!(\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)")
_COOKIE = re.compile(r'<cookie pagenumber="(\d+)" last="([^"]*)" token="([^"]*)" />')
_UNTRACKED = ("$filter", "$orderby", "$expand", "$top")
_LARGEST_PAGE = 5000


class Queries:
    """Answers reads. ``days`` is how long changes are remembered (the organisation's ExpireChangeTrackingInDays)."""

    def __init__(self, store: Store, page: int, days: float) -> None:
        self.store = store
        self.page = page
        self.days = timedelta(days=days)
        self.forgotten = False

    def one(self, request: Request, base: str, table: TableDef, row: Row) -> Response:
        names = self._selected(table, request.query)
        asked = preferred(request.headers.get("prefer", ""))
        context = f"{base}/$metadata#{table.entity_set}/$entity"
        return Response.of({"@odata.context": context, **shown(table, row, names, asked_for(asked))})

    def collection(self, request: Request, base: str, table: TableDef) -> Response:
        asked = preferred(request.headers.get("prefer", ""))
        if "$skip" in request.query:
            raise ApiError("0x80060888", "Skip Clause is not supported in CRM")
        if "$deltatoken" in request.query:
            return self._delta(request, base, table, asked)
        if "odata.track-changes" in asked or "!" in request.query.get("$skiptoken", ""):
            return self._tracked(request, base, table, asked)
        rows = [row for row in self.store.rows[table.name].values() if self._met(request.query, table)(row)]
        rows = _ordered(table, rows, request.query.get("$orderby", ""))
        top = request.query.get("$top")
        rows = rows[: int(top)] if top and top.isdigit() else rows
        page, at = self._page_size(asked), self._place(request.query)
        names, wanted = self._selected(table, request.query), asked_for(asked)
        body: dict[str, Any] = {"@odata.context": self._context(base, table, names)}
        if request.query.get("$count") == "true":
            body["@odata.count"] = len(rows)
        body["value"] = [shown(table, row, names, wanted) for row in rows[at : at + page]]
        if at + page < len(rows) and not top:
            body["@odata.nextLink"] = self._next(base, table, request.query, at // page + 2, str(at + page), "")
        return Response.of(body)

    def count(self, request: Request, table: TableDef) -> Response:
        met = self._met(request.query, table)
        number = sum(map(met, self.store.rows[table.name].values()))
        return Response(body=str(min(number, _LARGEST_PAGE)).encode(), headers={"content-type": "text/plain"})

    def _tracked(self, request: Request, base: str, table: TableDef, asked: Mapping[str, str]) -> Response:
        """All rows, and a link to what happens from the first page on."""
        for option in _UNTRACKED:
            if option in request.query:
                what = f'The "{option}" query parameter isn\'t supported when Change Tracking is enabled.'
                raise ApiError("0x80060888", what)
        if not table.tracked:
            raise ApiError("0x80044355", f"Change tracking is not enabled for the entity {table.name}.")
        number, last, token = self._cookie(request.query)
        page = self._page_size(asked)
        rows = list(self.store.changed(table, int(last or 0)))
        names = self._selected(table, request.query)
        body: dict[str, Any] = {"@odata.context": self._context(base, table, names)}
        body["value"] = [shown(table, row, names, asked_for(asked)) for row in rows[:page]]
        token = token or self._token()
        if len(rows) > page:
            place = str(rows[page - 1]["versionnumber"])
            body["@odata.nextLink"] = self._next(base, table, request.query, number + 1, place, token)
        else:
            body["@odata.deltaLink"] = self._delta_link(base, table, request.query, token)
        return Response.of(body, headers={"preference-applied": "odata.track-changes"})

    def _delta(self, request: Request, base: str, table: TableDef, asked: Mapping[str, str]) -> Response:
        """What was written since, in its order, then what was deleted, be it that it was made since, too."""
        found = _TOKEN.fullmatch(request.query["$deltatoken"])
        if found is None:
            raise ApiError("0x80060888", "The delta token is not valid.")
        given = datetime.strptime(found[2], _MOMENT).replace(tzinfo=UTC)
        if self.forgotten or self.store.clock.now() - given > self.days:
            message = "Version stamp associated with the client has expired. Please perform a full sync."
            raise ApiError("0x80044352", message)
        names, since = self._selected(table, request.query), int(found[1])
        number, last, token = self._cookie(request.query)
        wanted = asked_for(asked)
        changes = [shown(table, row, names, wanted) for row in self.store.changed(table, since)]
        context = f"{base}/$metadata#{table.entity_set}"
        changes += [
            {"@odata.context": f"{context}/$deletedEntity", "id": gone.key, "reason": gone.reason}
            for gone in self.store.deleted
            if gone.table == table.name and gone.version > since
        ]
        page, at, token = self._page_size(asked), int(last or 0), token or self._token()
        body: dict[str, Any] = {"@odata.context": f"{context}/$delta", "value": changes[at : at + page]}
        if at + page < len(changes):
            body["@odata.nextLink"] = self._next(base, table, request.query, number + 1, str(at + page), token)
        else:
            body["@odata.deltaLink"] = self._delta_link(base, table, request.query, token)
        return Response.of(body)

    def _token(self) -> str:
        return f"{self.store.version}!{self.store.clock.now().astimezone(UTC):{_MOMENT}}"

    def _delta_link(self, base: str, table: TableDef, query: Mapping[str, str], token: str) -> str:
        kept = f"$select={query['$select']}&" if "$select" in query else ""
        return f"{base}/{table.entity_set}?{kept}$deltatoken={quote(token, safe='')}"

    def _next(self, base: str, table: TableDef, query: Mapping[str, str], number: int, last: str, token: str) -> str:
        cookie = f'<cookie pagenumber="{number}" last="{last}" token="{token}" />'
        kept = {name: value for name, value in query.items() if name != "$skiptoken"} | {"$skiptoken": cookie}
        return f"{base}/{table.entity_set}?" + "&".join(
            f"{name}={quote(value, safe='')}" for name, value in kept.items()
        )

    def _cookie(self, query: Mapping[str, str]) -> tuple[int, str, str]:
        if "$skiptoken" not in query:
            return 1, "", ""
        found = _COOKIE.fullmatch(query["$skiptoken"])
        if found is None:
            raise ApiError("0x80060888", "Malformed XML in the Paging Cookie")
        return int(found[1]), found[2], found[3]

    def _place(self, query: Mapping[str, str]) -> int:
        return int(self._cookie(query)[1] or 0)

    def _page_size(self, asked: Mapping[str, str]) -> int:
        text = asked.get("odata.maxpagesize", "")
        return min(int(text) if text.isdigit() and int(text) else _LARGEST_PAGE, self.page)

    def _context(self, base: str, table: TableDef, names: list[str] | None) -> str:
        return f"{base}/$metadata#{table.entity_set}" + (f"({','.join(names)})" if names is not None else "")

    def _selected(self, table: TableDef, query: Mapping[str, str]) -> list[str] | None:
        if "$select" not in query:
            return None
        names = [name.strip() for name in query["$select"].split(",") if name.strip()]
        for name in names:
            if table.in_query(name) is None:
                what = f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table.name}'."
                raise ApiError("0x80060888", what)
        return names

    def _met(self, query: Mapping[str, str], table: TableDef) -> Callable[[Row], bool]:
        return condition(table, query["$filter"]) if "$filter" in query else lambda _: True


def _ordered(table: TableDef, rows: list[Row], text: str) -> list[Row]:
    for part in reversed([part for part in text.split(",") if part.strip()]):
        name, _, way = part.strip().partition(" ")
        column = table.in_query(name)
        if column is None:
            raise ApiError("0x80060888", f"Could not find a property named '{name}'.")
        rows = sorted(rows, key=partial(_rank, column.name), reverse=way.strip() == "desc")
    return rows


def _rank(column: str, row: Row) -> tuple[bool, Any]:
    value = row.get(column)
    return value is not None, 0 if value is None else value
