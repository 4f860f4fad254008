"""What the fake shop remembers: rows, a search index that may lag, uniqueness, and an optional file."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import orjson

from model.clock import Clock
from syncline.sandbox.shopify import search

Row = dict[str, Any]

TYPES = {"customers": "Customer", "companies": "Company", "orders": "Order", "contacts": "CompanyContact"}
_INDEXED = (
    "number",
    "createdAt",
    "updatedAt",
    "processedAt",
    "email",
    "phone",
    "firstName",
    "lastName",
    "name",
    "state",
    "tags",
    "poNumber",
    "externalId",
)


class Shop:
    """The tables of one shop. Rows are keyed by gid; each carries ``id``, ``number``, ``createdAt``, ``updatedAt``.

    ``lag`` is how long (seconds) the search index trails the tables, ``lag_calls`` for how many searches it does.
    """

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self.clock = clock
        self.path = path
        self.lag = 0.0
        self.lag_calls = 0
        self.number = 1000
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in TYPES}
        self.definitions: list[Row] = []
        self.merged: dict[str, str] = {}
        self.denied: set[str] = set()
        self._index: dict[str, dict[str, Row]] = {name: {} for name in TYPES}
        self._due: list[tuple[str, str, str, int]] = []
        self._searches = 0
        self._generation = 0
        self._sorted: dict[tuple[str, str, str], tuple[int, list[tuple[Any, int]], list[str]]] = {}
        self._taken: dict[tuple[str, str], str] = {}
        if path is not None and path.exists():
            self._restore(path)

    # rows

    def gid(self, kind: str) -> tuple[str, int]:
        self.number += 1
        return f"gid://shopify/{kind}/{self.number}", self.number

    def stamp(self) -> str:
        """Now, to the second, as the vendor prints it."""
        return self.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def insert(self, table: str, row: Row) -> Row:
        row["id"], row["number"] = self.gid(TYPES[table])
        now = self.stamp()
        row.setdefault("createdAt", now)
        row.setdefault("updatedAt", now)
        self.tables[table][row["id"]] = row
        self._changed(table, row["id"])
        return row

    def touch(self, table: str, row: Row) -> None:
        row["updatedAt"] = self.stamp()
        self._changed(table, row["id"])

    def age(self, table: str, row: Row, at: str) -> Row:
        """Let a row have been made, and last changed, at an earlier moment."""
        row["createdAt"] = row["updatedAt"] = at
        self._changed(table, row["id"])
        return row

    def drop(self, table: str, gid: str) -> None:
        row = self.tables[table].pop(gid)
        self._forget(row)
        self._changed(table, gid)

    def row(self, gid: str) -> Row | None:
        kind = gid.rsplit("/", 2)[-2] if gid.count("/") >= 4 else ""
        table = next((name for name, known in TYPES.items() if known == kind), None)
        return self.tables[table].get(gid) if table else None

    # uniqueness

    def owner(self, what: str, value: str) -> str | None:
        """Gid of the row that holds a unique value: ``email``, ``phone``, ``externalId``, a metafield's full key."""
        return self._taken.get((what, value))

    def claim(self, what: str, old: str | None, new: str | None, gid: str) -> None:
        if old is not None and self._taken.get((what, old)) == gid:
            del self._taken[what, old]
        if new is not None:
            self._taken[what, new] = gid

    def is_unique(self, table: str, full_key: str) -> bool:
        return any(
            d["uniqueValues"] and d["ownerType"] == owner_type(table) and f"{d['namespace']}.{d['key']}" == full_key
            for d in self.definitions
        )

    def _forget(self, row: Row) -> None:
        for claim in [claim for claim, gid in self._taken.items() if gid == row["id"]]:
            del self._taken[claim]

    # searching

    def _changed(self, table: str, gid: str) -> None:
        self._generation += 1
        due = (self.clock.now() + timedelta(seconds=self.lag)).isoformat()
        if self.lag or self.lag_calls:
            self._due.append((due, table, gid, self._searches + self.lag_calls))
        else:
            self._reindex(table, gid)

    def _reindex(self, table: str, gid: str) -> None:
        row = self.tables[table].get(gid)
        if row is None:
            self._index[table].pop(gid, None)
        else:
            self._index[table][gid] = {name: row.get(name) for name in _INDEXED} | {"id": gid}

    def _catch_up(self) -> None:
        self._searches += 1
        now = self.clock.now().isoformat()
        ripe = [entry for entry in self._due if entry[0] <= now and entry[3] < self._searches]
        if ripe:
            self._due = [entry for entry in self._due if entry not in ripe]
            self._generation += 1
            for _, table, gid, _ in ripe:
                self._reindex(table, gid)

    def page(
        self, table: str, *, first: int, after: str | None, sort: str, reverse: bool, query: str
    ) -> tuple[list[tuple[str, Row]], bool, list[dict[str, Any]]]:
        """``(cursor, row)`` pairs, whether more follow, and the search's warnings."""
        found = search.parse(query, table)
        self._catch_up()
        source = self.tables[table] if sort == "id" and not query else self._index[table]
        cached = self._sorted.get((table, sort, query))
        if cached is None or cached[0] != self._generation:
            order = sorted(
                ((doc[_SORTS[sort]] or "", doc["number"]), gid) for gid, doc in source.items() if found.match(doc)
            )
            cached = (self._generation, [key for key, _ in order], [gid for _, gid in order])
            self._sorted[table, sort, query] = cached
        _, keys, gids = cached
        if reverse:
            keys, gids = keys[::-1], gids[::-1]
            start = next((i for i, gid in enumerate(gids) if after and gid == _position(after)[2]), -1) + 1
        else:
            start = bisect_right(keys, _position(after)[:2]) if after else 0
        rows: list[tuple[str, Row]] = []
        place = start
        while place < len(gids) and len(rows) < first:
            row = self.tables[table].get(gids[place])
            if row is not None:
                rows.append((_cursor(keys[place], gids[place]), row))
            place += 1
        return rows, place < len(gids), found.warnings

    # the file

    def save(self) -> None:
        """Write everything to the file, if there is one; atomically, so that a killed demo starts again."""
        if self.path is None:
            return
        taken = [[what, value, gid] for (what, value), gid in self._taken.items()]
        whole = {
            "number": self.number,
            "tables": self.tables,
            "definitions": self.definitions,
            "merged": self.merged,
            "taken": taken,
        }
        new = self.path.with_suffix(".new")
        new.write_bytes(orjson.dumps(whole))
        new.replace(self.path)

    def _restore(self, path: Path) -> None:
        whole = orjson.loads(path.read_bytes())
        self.number = whole["number"]
        self.tables = whole["tables"]
        self.definitions = whole["definitions"]
        self.merged = whole["merged"]
        self._taken = {(what, value): gid for what, value, gid in whole["taken"]}
        for table, rows in self.tables.items():
            for gid in rows:
                self._reindex(table, gid)


_SORTS = {
    "id": "number",
    "updated_at": "updatedAt",
    "created_at": "createdAt",
    "processed_at": "processedAt",
    "name": "name",
}


def owner_type(table: str) -> str:
    return {"customers": "CUSTOMER", "companies": "COMPANY", "orders": "ORDER"}.get(table, "SHOP")


def _cursor(key: tuple[Any, int], gid: str) -> str:
    return orjson.dumps([key[0], key[1], gid]).hex()


def _position(cursor: str) -> tuple[Any, int, str]:
    value, number, gid = orjson.loads(bytes.fromhex(cursor))
    return value, number, gid
