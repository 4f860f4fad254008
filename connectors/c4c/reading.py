"""Reading version 1: by the stamp of the last change, by number, by a field; and the numbers of all.

The service joins conditions by ``or`` on one property only, so that "after this stamp, or at this stamp and after this
number" cannot be asked (`connectors.c4c.walking`).
Sources: SAP Cloud for Customer OData API Developer's Guide, "Known Limitations", "Server side paging", "$filter"
(``*`` in a text stands for any signs; ``ge`` and ``le``; ``datetimeoffset'…'``), "$expand" (a hundred children).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors import odata
from connectors.c4c.kinds import CHANGED, KINDS, OBJECT, PARENT
from connectors.c4c.settings import C4cSettings
from connectors.c4c.walking import Row, by_change, by_key, position_of, position_text, second_of, unique
from connectors.edmx import EntityType, Service
from connectors.gateway import Gateway
from connectors.sdk import Page, ProtocolError, Record, RefusedError

_MOMENT = "Edm.DateTimeOffset"


class Reader:
    """Reads one stream."""

    def __init__(self, gateway: Gateway, settings: C4cSettings, stream: str) -> None:
        self.gateway = gateway
        self.stream = stream
        self.kind = KINDS[stream]
        self._children = settings.stream(stream).children
        self.page = settings.page
        self._overlap = timedelta(seconds=settings.overlap)

    @property
    def type(self) -> EntityType:
        return self.gateway.model().type_of(self.kind.collection)

    def pages(self, since: str | None) -> Iterator[Page]:
        for rows, position in by_change(self, position_of(since), self._overlap):
            yield Page(self.shaped(rows), position_text(position), full=since is None)

    def keys(self) -> Iterator[list[str]]:
        for rows in by_key(self):
            yield [self.key(row) for row in rows]

    # What a walk asks ---------------------------------------------------------------------------------------------

    def rows(self, since: datetime | None, until: datetime | None, after: str, top: int) -> tuple[list[Row], bool]:
        key = self.kind.key
        wanted = odata.every(
            odata.compared(CHANGED, "ge", _stamp(since)) if since is not None else "",
            odata.compared(CHANGED, "le", _stamp(until)) if until is not None else "",
            odata.compared(key, "ge", odata.literal(after)) if after else "",
        )
        by_stamp = since is not None and until is None
        query = {"$filter": wanted or None, "$orderby": f"{CHANGED},{key}" if by_stamp else key, "$top": top}
        if since is None:
            query["$select"] = key
        return self.gateway.page(self.kind.collection, query, f"reading {self.stream}")

    def second(self, row: Row) -> datetime:
        return second_of(odata.shown(row.get(CHANGED), _MOMENT), self.stream)

    def key(self, row: Mapping[str, Any]) -> str:
        number = row.get(self.kind.key)
        if not isinstance(number, str) or not number:
            raise ProtocolError(f"reading {self.stream}: a record without {self.kind.key}")
        return number

    # By key and by field ------------------------------------------------------------------------------------------

    def held(self, keys: Iterable[str]) -> dict[str, Row]:
        """The rows of these numbers, by number; those that are not there are left out."""
        return {self.key(row): row for row in self._where(self.kind.key, keys)}

    def records(self, keys: Sequence[str]) -> list[Record]:
        """A record for every key, in order; what is not there comes as deleted."""
        found = {record.key: record for record in self.shaped(list(self.held(keys).values()))}
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
        return unique(found, self)

    # Shapes -------------------------------------------------------------------------------------------------------

    def shaped(self, rows: Sequence[Row]) -> list[Record]:
        kind, model = self.type, self.gateway.model()
        children = {name: self._parted(model, name, rows) for name in self._children} if rows else {}
        records = []
        for row in rows:
            data = plain(kind, row)
            for name, by_parent in children.items():
                data[name] = by_parent.get(str(row.get(OBJECT)), [])
            records.append(Record(self.key(row), data, _version(row, {n: data[n] for n in children})))
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


def own_version(row: Mapping[str, Any]) -> str:
    return str((row.get("__metadata") or {}).get("etag") or "")


def _version(row: Mapping[str, Any], children: Mapping[str, Any]) -> str:
    """The entity's ETag; where children are shown, with what they are: not each of them moves their parent's."""
    if not children:
        return own_version(row)
    shown = hashlib.sha256(orjson.dumps(children, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
    return f"{own_version(row)} {shown}"


def _stamp(moment: datetime) -> str:
    return odata.literal(moment.isoformat(), _MOMENT)
