"""Reading one object type: everything by the list, changes by the search, single records by their ids.

Traps met here (developers.hubspot.com, "Search the CRM", November 2026):

- A search gives 10,000 results at most, and what changes meanwhile moves to its end and lets others slip past a page.
  No second page is asked for: each search begins at the last stamp seen, and where one stamp fills a whole page, it is
  read through by id.
- The search index runs behind, by a few moments. Reading overlaps, and records are said to be `behind`.
- A search takes 3,000 characters, and an address some thousands: with more properties than fit, only ids are asked for
  that way, and the records by their ids.
- Deleted records are only in the list of archived ones, which no filter shortens. A record that was merged away is in
  neither: asking by its id gives the surviving record, whose ``hs_merged_object_ids`` names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from connectors.http import parse_moment
from connectors.hubspot.api import BATCH, Api, following, portions, rows_of
from connectors.hubspot.errors import complaint_of
from connectors.hubspot.references import Tie, shown
from connectors.hubspot.schema import KEY, MERGED
from connectors.positions import Cursor
from connectors.sdk import CursorExpiredError, Page, ProtocolError, Record, RefusedError

_BODY = 3000
_QUERY = 6000
_SEARCHED = 100  # values of one look-up by a property that is not unique
_LISTED = 100


@dataclass(frozen=True, slots=True)
class Source:
    """What is read of one object type: ``properties``, the stamp, the key and `MERGED` among them, and references where
    anybody looks at them."""

    kind: str
    stamp: str
    properties: Sequence[str]
    ties: Mapping[str, Tie]


class Reader:
    def __init__(self, api: Api, source: Source) -> None:
        self._api = api
        self._source = source
        self._page = api.settings.page
        self._what = f"reading {source.kind}"

    def everything(self) -> Iterator[Page]:
        """All live records. Only the last page gives a position: the list is in the order of ids."""
        started = self._api.now
        for rows, last in self._listed(whole=self._fits(), archived=False):
            records = self._records(rows if self._fits() else self._by_id([str(row["id"]) for row in rows]))
            yield Page(records, str(Cursor(started, started)) if last else None, full=True)

    def keys(self) -> Iterator[Sequence[str]]:
        for rows, _ in self._listed(whole=False, archived=False):
            yield [str(row["id"]) for row in rows]

    def changes(self, since: str) -> Iterator[Page]:
        """What changed, then what was deleted. What was stamped before the read began and is not shown yet lies within
        the overlap of the next one: the position may move up to that moment, so that an import is not read for ever."""
        former = Cursor.parse(since)
        started = self._api.now
        days = self._api.settings.recycle_bin_days
        if former.deletions < started - timedelta(days=days):
            what = f"{self._source.kind} were last read more than {days:g} days ago"
            raise CursorExpiredError(f"{what}: deletions may have left the recycle bin")
        stamp = former.stamp
        for rows in self._changed(former.stamp - timedelta(seconds=self._api.settings.overlap)):
            records = self._records(rows if self._fits_search() else self._by_id([str(row["id"]) for row in rows]))
            stamp = max(stamp, min(max(_moment(row, self._source.stamp) for row in rows), started))
            yield Page([*_merged_away(records), *records], str(Cursor(stamp, former.deletions)))
        for gone in self._gone(former.deletions - timedelta(seconds=self._api.settings.overlap)):
            yield Page(gone, str(Cursor(stamp, former.deletions)))
        yield Page([], str(Cursor(max(stamp, started), started)))

    def fetch(self, keys: Sequence[str]) -> list[Record]:
        """A record for every key, in order. What is gone is a tombstone, which after a merge names the survivor."""
        found: dict[str, Record] = {}
        for portion in portions([key for key in dict.fromkeys(keys) if key.isdigit()], BATCH):
            rows, missing = self._asked(portion)
            records = {record.key: record for record in self._records(rows)}
            found |= {old: _merged(old, one.key) for one in records.values() for old in merged_ids(one.data)}
            found |= records
            found |= self._one_by_one([key for key in portion if key not in found and key not in missing])
        return [found.get(key) or Record(key, {}, deleted=True) for key in keys]

    def find(self, field: str, values: Sequence[str], *, unique: bool, chosen: bool) -> list[Record]:
        """Live records whose property has one of the values: by a unique one asked for, by others searched for.
        ``chosen`` says that the property is an enumeration."""
        wanted = [value for value in dict.fromkeys(values) if value]
        if unique:
            return self._records(self._by_id(wanted, by=field))
        ids: list[str] = []
        for portion in portions(wanted, _SEARCHED):
            ids += self._searched(field, portion if chosen else [value.lower() for value in portion])
        return [record for record in self.fetch(ids) if not record.deleted]

    # the list

    def _listed(self, *, whole: bool, archived: bool) -> Iterator[tuple[list[dict[str, Any]], bool]]:
        """Pages of the list, and whether each is the last."""
        named = ",".join(self._source.properties) if whole else KEY
        after: str | None = None
        while True:
            query = {
                "limit": min(self._page, _LISTED),
                "after": after,
                "properties": named,
                "archived": str(archived).lower(),
            }
            body = self._api.get(self._api.objects(self._source.kind), self._what, query)
            rows, next_one = rows_of(body, self._what), following(body)
            yield rows, next_one is None
            if next_one is None:
                return
            if next_one == after:
                raise ProtocolError(f"{self._what}: paging does not advance")
            after = next_one

    def _fits(self) -> bool:
        return len(",".join(self._source.properties)) <= _QUERY

    def _gone(self, since: datetime) -> Iterator[list[Record]]:
        """Tombstones of what was archived since; asked for by id once more, because what was merged away or restored is
        not deleted. The few new ones lie scattered over the list, and are asked for by the hundred."""
        waiting: list[str] = []
        for rows, last in self._listed(whole=False, archived=True):
            waiting += [
                str(row["id"])
                for row in rows
                if not row.get("archivedAt") or parse_moment(str(row["archivedAt"])) >= since
            ]
            while len(waiting) >= BATCH or (last and waiting):
                asked, waiting = waiting[:BATCH], waiting[BATCH:]
                gone = [record for record in self.fetch(asked) if record.deleted]
                if gone:
                    yield gone

    # the search

    def _changed(self, since: datetime) -> Iterator[list[dict[str, Any]]]:
        """Rows in the order of their stamps, each (id, stamp) once."""
        lower, stamp_name = _milliseconds(since), self._source.stamp
        seen: set[str] = set()
        while True:
            rows, more = self._search([_filter(stamp_name, "GTE", lower)], stamp_name)
            fresh = [row for row in rows if _mark(row, stamp_name) not in seen]
            if fresh:
                yield fresh
            if not more:
                return
            first, last = (_milliseconds(_moment(row, stamp_name)) for row in (rows[0], rows[-1]))
            seen = {_mark(row, stamp_name) for row in rows if _milliseconds(_moment(row, stamp_name)) == last}
            if first == last:
                yield from self._of_one_moment(last, seen)
                lower, seen = last + 1, set()
            else:
                lower = last

    def _of_one_moment(self, stamp: int, seen: set[str]) -> Iterator[list[dict[str, Any]]]:
        """What shares one stamp, in the order of ids, less what was seen."""
        last = 0
        while True:
            filters = [_filter(self._source.stamp, "EQ", stamp), _filter(KEY, "GT", last)]
            rows, more = self._search(filters, KEY)
            fresh = [row for row in rows if _mark(row, self._source.stamp) not in seen]
            if fresh:
                yield fresh
            if not more:
                return
            last = int(rows[-1]["id"])

    def _search(self, filters: Sequence[Mapping[str, Any]], by: str) -> tuple[list[dict[str, Any]], bool]:
        """The first page of a search, and whether there is more."""
        body = self._question(filters, by)
        answer = self._api.look(self._api.objects(self._source.kind, "/search"), self._what, body)
        rows = rows_of(answer, self._what)
        more = following(answer) is not None
        if more and not rows:
            raise ProtocolError(f"{self._what}: an empty page that says there are more")
        return rows, more

    def _question(self, filters: Sequence[Mapping[str, Any]], by: str) -> dict[str, Any]:
        wanted = list(self._source.properties) if self._fits_search() else [self._source.stamp, KEY]
        return {
            "filterGroups": [{"filters": list(filters)}],
            "sorts": [{"propertyName": by, "direction": "ASCENDING"}],
            "properties": wanted,
            "limit": self._page,
        }

    def _fits_search(self) -> bool:
        return len(orjson.dumps(list(self._source.properties))) <= _BODY - 600  # filters, sort and limit take the rest

    def _searched(self, field: str, values: Sequence[str]) -> list[str]:
        """Ids found by a search for values: text is asked for in lower case, values of enumerations as they are spelt
        ("Search the CRM": the two exceptions to filters that do not mind the case)."""
        filters = [{"propertyName": field, "operator": "IN", "values": list(values)}]
        if len(orjson.dumps(filters)) > _BODY - 600:
            if len(values) == 1:
                raise RefusedError(f"{self._what}: a value of {field} is too long to be searched for", "query-too-long")
            half = len(values) // 2
            return self._searched(field, values[:half]) + self._searched(field, values[half:])
        ids: list[str] = []
        while True:
            rows, more = self._search([*filters, _filter(KEY, "GT", int(ids[-1]) if ids else 0)], KEY)
            ids += [str(row["id"]) for row in rows]
            if not more:
                return ids

    # by id

    def _by_id(self, ids: Sequence[str], *, by: str | None = None) -> list[dict[str, Any]]:
        return [row for some in portions(ids, BATCH) for row in self._asked(some, by=by)[0]]

    def _asked(self, ids: Sequence[str], *, by: str | None = None) -> tuple[list[dict[str, Any]], frozenset[str]]:
        """Live records by id, or by a unique property, and the ids that are said not to be there (207)."""
        body = {"inputs": [{"id": key} for key in ids], "properties": list(self._source.properties)}
        body |= {"idProperty": by} if by else {}
        path = self._api.objects(self._source.kind, "/batch/read")
        answer = self._api.look(path, self._what, body, {"archived": "false"})
        told = [complaint_of(entry) for entry in answer.get("errors") or ()]
        for one in told:
            if one.category != "OBJECT_NOT_FOUND":
                raise RefusedError(f"{self._what}: refused ({one.code})", one.code)
        return rows_of(answer, self._what), frozenset(key for one in told for key in one.ids)

    def _one_by_one(self, keys: Sequence[str]) -> dict[str, Record]:
        """Survivors that do not name the record asked for among those merged into them."""
        rows = {key: self._by_id([key]) for key in keys}
        return {
            key: _merged(key, str(found[0]["id"])) for key, found in rows.items() if found and found[0]["id"] != key
        }

    # records

    def _records(self, rows: Sequence[Mapping[str, Any]]) -> list[Record]:
        unique = list({str(row["id"]): row for row in rows}.values())
        keys = [str(row["id"]) for row in unique]
        source = self._source
        others = shown(self._api, source.kind, source.ties, keys) if source.ties and keys else {}
        return [self._record(row, others.get(str(row["id"]))) for row in unique]

    def _record(self, row: Mapping[str, Any], others: Mapping[str, str | None] | None) -> Record:
        values = row.get("properties") or {}
        data: dict[str, Any] = {name: values.get(name) or None for name in self._source.properties}
        data[KEY] = str(row["id"])
        if others is not None:
            data["associations"] = dict(others)
        return Record(data[KEY], data, data[self._source.stamp] or str(row.get("updatedAt") or "") or None)


def merged_ids(data: Mapping[str, Any]) -> list[str]:
    """Ids of the records that were merged into this one."""
    return [old for old in str(data.get(MERGED) or "").split(";") if old.strip().isdigit() and old != data.get(KEY)]


def _merged_away(records: Sequence[Record]) -> list[Record]:
    return [_merged(old, record.key) for record in records for old in merged_ids(record.data)]


def _merged(old: str, survivor: str) -> Record:
    return Record(old, {}, deleted=True, superseded_by=survivor)


def _moment(row: Mapping[str, Any], stamp: str) -> datetime:
    """When a row changed: ISO 8601, or milliseconds as text."""
    text = str((row.get("properties") or {}).get(stamp) or row.get("updatedAt") or "")
    try:
        return datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdigit() else parse_moment(text)
    except (ValueError, OverflowError):
        raise ProtocolError("a record does not say when it changed") from None


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _mark(row: Mapping[str, Any], stamp: str) -> str:
    return f"{row['id']} {(row.get('properties') or {}).get(stamp)}"


def _filter(name: str, operator: str, value: int) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, "value": str(value)}
