"""Reading version 1: by the stamp of the last change, by number, by a field; and the numbers of all.

The service joins conditions by ``or`` on one property only, so that "after this stamp, or at this stamp and after this
number" cannot be asked. Each page therefore begins at the second in which the one before ended, and what was shown
already is left out; a second with more records than a page has is read by their numbers. ``$skip`` is never used: it
counts rows, and loses some when rows change their place.
Sources: SAP Cloud for Customer OData API Developer's Guide, "Known Limitations", "Server side paging", "$filter"
(``*`` in a text stands for any signs; ``ge`` and ``le``; ``datetimeoffset'…'``), "$expand" (a hundred children at most).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from connectors import odata
from connectors.c4c.kinds import CHANGED, KINDS, OBJECT, PARENT
from connectors.c4c.settings import C4cSettings
from connectors.edmx import EntityType, Service
from connectors.gateway import Gateway
from connectors.sdk import CursorExpiredError, Page, ProtocolError, Record, RefusedError

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MOMENT = "Edm.DateTimeOffset"
Row = dict[str, Any]


class Reader:
    """Reads one stream."""

    def __init__(self, gateway: Gateway, settings: C4cSettings, stream: str) -> None:
        self.gateway = gateway
        self.stream = stream
        self.kind = KINDS[stream]
        self._children = settings.stream(stream).children
        self._page = settings.page
        self._overlap = timedelta(seconds=settings.overlap)

    @property
    def type(self) -> EntityType:
        return self.gateway.model().type_of(self.kind.collection)

    # By change ----------------------------------------------------------------------------------------------------

    def pages(self, since: str | None) -> Iterator[Page]:
        position = _FIRST if since is None else _position(since)
        at = max(position - self._overlap, _FIRST)
        shown: set[str] = set()  # of the second at which the next page begins
        while True:
            wanted = _from(at)
            rows, more = self._asked(wanted, f"{CHANGED},{self.kind.key}", self._page)
            fresh = [row for row in rows if self._key(row) not in shown]
            last = self._second(rows[-1]) if rows else at
            crowded = bool(rows) and last <= at and (more or len(rows) >= self._page)
            ended = not rows or (len(rows) < self._page and not more)
            if crowded:
                for some in self._within(at):
                    left = [row for row in some if self._key(row) not in shown]
                    shown |= {self._key(row) for row in left}
                    position = max(position, at)
                    yield self._told(left, position, full=since is None)
                at, shown = at + _SECOND, set()
                continue
            position = max(position, last)
            yield self._told(fresh, position, full=since is None)
            if ended:
                return
            kept = {self._key(row) for row in rows if self._second(row) == last}
            at, shown = last, kept | (shown if last == at else set())

    def _within(self, at: datetime) -> Iterator[list[Row]]:
        """All records last changed in one second, by their numbers."""
        for rows in self._by_number(odata.every(_from(at), odata.compared(CHANGED, "le", _stamp(at + _SECOND)))):
            yield [row for row in rows if self._second(row) == at]

    def _by_number(self, wanted: str, **options: str) -> Iterator[list[Row]]:
        key, last = self.kind.key, ""
        while True:
            after = odata.compared(key, "ge", odata.literal(last)) if last else ""
            # One more than a page, since the last one comes again.
            rows, more = self._asked(odata.every(wanted, after), key, self._page + 1, **options)
            numbers = [self._key(row) for row in rows]
            yield [row for row, number in zip(rows, numbers, strict=True) if number != last]
            if not rows or (len(rows) <= self._page and not more):
                return
            if numbers[-1] == last:
                raise ProtocolError(f"reading {self.stream}: the pages do not advance")
            last = numbers[-1]

    def _asked(self, wanted: str, order: str, top: int, **options: str) -> tuple[list[Row], bool]:
        query = {"$filter": wanted or None, "$orderby": order, "$top": top, **options}
        return self.gateway.page(self.kind.collection, query, f"reading {self.stream}")

    def _second(self, row: Mapping[str, Any]) -> datetime:
        stamp = odata.shown(row.get(CHANGED), _MOMENT)
        try:
            return datetime.fromisoformat(str(stamp)).astimezone(UTC)
        except ValueError:
            raise ProtocolError(f"reading {self.stream}: a record without {CHANGED}") from None

    def _key(self, row: Mapping[str, Any]) -> str:
        number = row.get(self.kind.key)
        if not isinstance(number, str) or not number:
            raise ProtocolError(f"reading {self.stream}: a record without {self.kind.key}")
        return number

    def _told(self, rows: Sequence[Row], position: datetime, *, full: bool) -> Page:
        return Page(self.shaped(rows), f"{position:%Y-%m-%dT%H:%M:%SZ}", full=full)

    # By key and by field ------------------------------------------------------------------------------------------

    def keys(self) -> Iterator[list[str]]:
        for rows in self._by_number("", **{"$select": self.kind.key}):
            yield [self._key(row) for row in rows]

    def rows(self, keys: Iterable[str]) -> dict[str, Row]:
        """The rows of these numbers, by number; those that are not there are left out."""
        return {self._key(row): row for row in self._where(self.kind.key, keys)}

    def records(self, keys: Sequence[str]) -> list[Record]:
        """A record for every key, in order; what is not there comes as deleted."""
        found = {record.key: record for record in self.shaped(list(self.rows(keys).values()))}
        return [found.get(key) or Record(key, {}, deleted=True) for key in keys]

    def find(self, field: str, values: Sequence[str]) -> list[Record]:
        """Records by a text property. Raises RefusedError for another."""
        known = self.type.properties.get(field)
        if known is None or not known.filterable or known.edm != "Edm.String":
            raise RefusedError(f"searching {self.stream}: cannot be searched by {field}", code="INVALID_FIELD")
        return self.shaped(self._where(field, values))

    def _where(self, field: str, values: Iterable[str]) -> list[Row]:
        """Rows that have one of these values, and not one that looks like it: ``*`` stands for any signs."""
        wanted = {value for value in values if value}
        found = []
        for some in odata.portions(odata.equal(field, value) for value in sorted(wanted)):
            query = {"$filter": odata.some(some), "$orderby": self.kind.key}
            for rows in self.gateway.rows(self.kind.collection, query, f"reading {self.stream}"):
                found += [row for row in rows if row.get(field) in wanted]
        return list({self._key(row): row for row in found}.values())

    # Shapes -------------------------------------------------------------------------------------------------------

    def shaped(self, rows: Sequence[Row]) -> list[Record]:
        kind, model = self.type, self.gateway.model()
        children = {name: self._parted(model, name, rows) for name in self._children} if rows else {}
        records = []
        for row in rows:
            data = plain(kind, row)
            for name, by_parent in children.items():
                data[name] = by_parent.get(str(row.get(OBJECT)), [])
            records.append(Record(self._key(row), data, _version(row, {n: data[n] for n in children})))
        return records

    def _parted(self, model: Service, name: str, rows: Sequence[Row]) -> dict[str, list[Row]]:
        """Children by the ObjectID of what they hang on, asked for on their own: expanded, only a hundred come."""
        collection = child(model, self.kind.collection, name)
        of = model.type_of(collection)
        found: dict[str, list[Row]] = {}
        for some in odata.portions(odata.equal(PARENT, row[OBJECT]) for row in rows):
            query = {"$filter": odata.some(some), "$orderby": OBJECT}
            for part in self.gateway.rows(collection, query, f"reading {self.stream}"):
                for row in part:
                    found.setdefault(str(row.get(PARENT)), []).append(plain(of, row))
        return found


def child(model: Service, collection: str, name: str) -> str:
    """The collection that a navigation leads to. Raises ProtocolError where the service has none."""
    leads = model.type_of(collection).navigations.get(name)
    found = next((one.name for one in model.sets.values() if leads and one.type.name == leads[0]), None)
    if found is None:
        raise ProtocolError(f"the service has no {name} of {collection}")
    return found


def plain(kind: EntityType, row: Mapping[str, Any]) -> Row:
    """A row as the hub has it, less its version."""
    return {name: value for name, value in kind.shown(row).items() if name != "ETag"}


def etag(row: Mapping[str, Any]) -> str:
    return str((row.get("__metadata") or {}).get("etag") or "")


def _version(row: Mapping[str, Any], children: Mapping[str, Any]) -> str:
    """The entity's ETag; where children are shown, with what they are: not each of them moves their parent's."""
    if not children:
        return etag(row)
    shown = hashlib.sha256(orjson.dumps(children, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
    return f"{etag(row)} {shown}"


def _position(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise CursorExpiredError("the stored position cannot be understood: read all again") from None


def _stamp(moment: datetime) -> str:
    return odata.literal(moment.isoformat(), _MOMENT)


def _from(moment: datetime) -> str:
    return odata.compared(CHANGED, "ge", _stamp(moment))
