"""Queries with locators, and the two change lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

from syncline.sandbox.salesforce import soql
from syncline.sandbox.salesforce.faults import ApiError
from syncline.sandbox.salesforce.rest import render
from syncline.sandbox.salesforce.schema import ObjectDef
from syncline.sandbox.salesforce.store import Row, Store
from syncline.sandbox.salesforce.values import shown
from syncline.sandbox.wire import Request, Response

LOCATOR_LIFE = timedelta(days=2)
URI_LIMIT = 16_384
WINDOW = timedelta(days=30)
RECYCLE_BIN = timedelta(days=15)


@dataclass(slots=True)
class _Result:
    """What a query found, frozen when it ran."""

    definition: ObjectDef
    fields: Sequence[str]
    rows: Sequence[Row]
    page: int
    until: datetime


class Queries:
    """``/query``, ``/queryAll`` and their next pages; ``/sobjects/{Object}/deleted`` and ``…/updated``."""

    def __init__(self, store: Store, page: int) -> None:
        self.store = store
        self.page = page
        self._results: dict[str, _Result] = {}

    def first(self, request: Request, version: str, *, everything: bool) -> Response:
        text = request.query.get("q", "")
        if not text:
            raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
        if len(quote_plus(text)) > URI_LIMIT:
            raise ApiError("URI_TOO_LONG", "URI Too Long", status=414)
        query = soql.parse(text, self.store.objects)
        rows = self.store.everything(query.object) if everything else self.store.live(query.object)
        found = query.run(rows)
        if query.fields is None:
            return Response.of({"totalSize": len(found), "done": True, "records": []})
        asked = re.search(r"batchSize=(\d+)", request.headers.get("sforce-query-options", ""))
        page = min(self.page, max(200, int(asked[1])) if asked else 2000)
        locator = f"01g{len(self._results) + 1:012d}AAA"
        self._results[locator] = _Result(
            self.store.objects[query.object],
            query.fields,
            [dict(row) for row in found],
            page,
            self.store.clock.now() + LOCATOR_LIFE,
        )
        return self._page(locator, 0, version)

    def more(self, locator: str, version: str) -> Response:
        name, _, offset = locator.partition("-")
        result = self._results.get(name)
        if result is None or not offset.isdigit() or result.until < self.store.clock.now():
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(name, int(offset), version)

    def _page(self, locator: str, start: int, version: str) -> Response:
        result = self._results[locator]
        end = start + result.page
        records = [self._shown(result, row, version) for row in result.rows[start:end]]
        body: dict[str, Any] = {"totalSize": len(result.rows), "done": end >= len(result.rows), "records": records}
        if body["done"]:
            self._results.pop(locator, None)
        else:
            body["nextRecordsUrl"] = f"/services/data/v{version}/query/{locator}-{end}"
        return Response.of(body)

    def _shown(self, result: _Result, row: Row, version: str) -> dict[str, Any]:
        """A row, with what was asked for of the records it points to, each in an object of its own."""
        definition = result.definition
        shape = render(definition, row, [name for name in result.fields if "." not in name], version)
        asked: dict[str, list[str]] = {}
        for relation, _, name in (name.partition(".") for name in result.fields if "." in name):
            asked.setdefault(relation, []).append(name)
        for relation, names in asked.items():
            by = next(field for field in definition.fields.values() if field.relationship == relation)
            there = self.store.rows[by.targets[0]].get(row.get(by.name) or "")
            shape[relation] = render(self.store.objects[by.targets[0]], there, names, version) if there else None
        return shape

    def changes(self, request: Request, name: str, kind: str) -> Response:
        """Deleted or updated ids between ``start`` and ``end``."""
        self.store.definition(name)
        now = self.store.clock.now()
        try:
            start = datetime.fromisoformat(request.query["start"].replace(" ", "+"))
            end = datetime.fromisoformat(request.query["end"].replace(" ", "+"))
        except (KeyError, ValueError):
            raise ApiError("MALFORMED_QUERY", "start and end have to be datetimes") from None
        if start < now - WINDOW:
            what = f"startDate before org's replication enabled date or more than {WINDOW.days} days ago"
            raise ApiError("INVALID_REPLICATION_DATE", what)
        if start >= end:
            raise ApiError("INVALID_REPLICATION_DATE", "startDate must be at least one minute before endDate")
        rows = [r for r in self.store.everything(name) if start <= r["SystemModstamp"] < end]
        covered = shown(min(end, now))
        if kind == "updated":
            return Response.of({"ids": [r["Id"] for r in rows if not r["IsDeleted"]], "latestDateCovered": covered})
        gone = [{"id": r["Id"], "deletedDate": shown(r["SystemModstamp"])} for r in rows if r["IsDeleted"]]
        earliest = shown(now - RECYCLE_BIN)
        return Response.of({"deletedRecords": gone, "earliestDateAvailable": earliest, "latestDateCovered": covered})
