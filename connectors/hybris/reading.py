"""Reading items: by the attribute that says when they were changed, by their code, by a field; and the codes of all.

A page is asked for by what comes after the last item of the one before (stamp, then code), never by ``$skip`` or the
server's ``$skiptoken``, which count rows. The condition is an ``or`` of ``and``s, as deep as this interface goes: it
knows comparisons, ``and`` and ``or``, no ``in``, no functions, and filters by ``integrationKey`` not at all. Without
``$top`` it answers ten items. Stamps have milliseconds, which are kept: many items are of one second.
Source: SAP Help, "Integrations and Data Management", "GET for Integration API" ($filter, $orderby, Query Option
Defaults), "Error Messages" (integration_key_not_supported).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from connectors import odata
from connectors.gateway import Gateway
from connectors.hybris.consents import Consents
from connectors.hybris.items import KEY, Shape, shape, shown
from connectors.hybris.listing import listed
from connectors.hybris.settings import HybrisSettings
from connectors.sdk import CursorExpiredError, Page, ProtocolError, Record, RefusedError

_STAMP = re.compile(r"/Date\((\d{1,15})([+-]\d{1,4})?\)/")
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it was read: its code, the key that leads to it, the record's data."""

    code: str
    key: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)

    @property
    def version(self) -> str:
        """Items have none of their own: a fingerprint of what the record shows."""
        return hashlib.sha256(orjson.dumps(self.data, option=orjson.OPT_SORT_KEYS)).hexdigest()[:24]

    @property
    def record(self) -> Record:
        return Record(self.code, dict(self.data), self.version)


class Reader:
    """Reads one stream."""

    def __init__(self, gateway: Gateway, settings: HybrisSettings, stream: str, consents: Consents | None) -> None:
        self._gateway = gateway
        self._settings = settings
        self._stream = stream
        self._own = settings.stream(stream)
        self._consents = consents if stream == "customers" else None

    @property
    def shape(self) -> Shape:
        return shape(self._gateway.model(), self._own)

    @property
    def lowered(self) -> bool:
        """Whether the system puts codes into small letters, as it does with uids of customers when they are saved."""
        return self._stream == "customers"

    def code(self, text: str) -> str:
        """A code as the system keeps it."""
        return text.lower() if self.lowered else text

    # By change --------------------------------------------------------------------------------------------------------

    def pages(self, since: str | None) -> Iterator[Page]:
        if self._own.modified is None:
            if since is not None:
                raise CursorExpiredError("a position was stored, but there is no attribute to go on by: read all again")
            for rows in self._keyset([(self._own.code, "Edm.String")], ""):
                yield Page(self._records(rows), None, full=True)
            return
        if self.shape.stamped is None:
            raise RefusedError(f"reading {self._stream}: {self._own.item} has no {self._own.modified}", code="no-stamp")
        reached = _moment(since) if since is not None else None
        begin = ""
        if reached is not None:
            from_ = max(_FIRST, reached - timedelta(seconds=self._settings.overlap))
            begin = odata.compared(self._own.modified, "ge", _literal(from_))
        columns = [(self._own.modified, "Edm.DateTime"), (self._own.code, "Edm.String")]
        for rows in self._keyset(columns, begin):
            if rows:
                last = _stamp(rows[-1].get(self._own.modified), self._stream)
                reached = last if reached is None else max(reached, last)
            cursor = since if reached is None else reached.isoformat(timespec="milliseconds")
            yield Page(self._records(rows), cursor, full=since is None)

    def _keyset(self, columns: Sequence[tuple[str, str]], begin: str) -> Iterator[list[dict[str, Any]]]:
        """Rows in the order of columns, the last of which is unique; at least one page."""
        found, condition = self.shape, begin
        while True:
            query = {"$orderby": ",".join(name for name, _ in columns), "$top": str(self._settings.page)}
            if found.expand:
                query["$expand"] = ",".join(found.expand)
            if condition:
                query["$filter"] = condition
            rows, more = self._gateway.page(found.set.name, query, f"reading {self._stream}")
            if rows or condition == begin:
                yield rows
            if not rows or (len(rows) < self._settings.page and not more):
                return
            after = odata.beyond([(name, self._last(rows[-1], name, edm)) for name, edm in columns])
            if after == condition:
                raise ProtocolError(f"reading {self._stream}: the pages do not advance")
            condition = after

    def _last(self, row: Mapping[str, Any], name: str, edm: str) -> str:
        if edm == "Edm.DateTime":
            return _literal(_stamp(row.get(name), self._stream))
        value = row.get(name)
        if not isinstance(value, str) or not value:
            raise ProtocolError(f"reading {self._stream}: an item without {name}")
        return odata.literal(value)

    # By code and by field ---------------------------------------------------------------------------------------------

    def keys(self) -> Iterator[list[str]]:
        for rows in self._keyset([(self._own.code, "Edm.String")], ""):
            yield [str(row[self._own.code]) for row in rows]

    def items(self, codes: Sequence[str]) -> dict[str, Item]:
        """Items by code; those that are not there are left out."""
        return {item.code: item for item in self._where(self._own.code, map(self.code, codes))}

    def records(self, codes: Sequence[str]) -> list[Record]:
        """A record for every code, in order; what is not there comes as deleted."""
        found = self.items(codes)
        held = [found.get(self.code(code)) for code in codes]
        return [
            Record(code, {}, deleted=True) if item is None else item.record._replace(key=code)
            for code, item in zip(codes, held, strict=True)
        ]

    def find(self, name: str, values: Sequence[str]) -> list[Record]:
        """Items by one of their own text attributes. Raises RefusedError for another field."""
        known = self.shape.kind.properties.get(name)
        if known is None or known.edm != "Edm.String" or name == KEY:
            raise RefusedError(f"searching {self._stream}: cannot be searched by {name}", code="INVALID_FIELD")
        wanted = map(self.code, values) if name == self._own.code else values
        return [item.record for item in self._where(name, wanted)]

    def _where(self, name: str, values: Any) -> list[Item]:
        found: list[Item] = []
        shapes = self.shape
        conditions = (odata.equal(name, value) for value in dict.fromkeys(values) if value)
        for some in odata.portions(conditions):
            query = {"$filter": odata.some(some), "$orderby": self._own.code}
            if shapes.expand:
                query["$expand"] = ",".join(shapes.expand)
            found += self._items(list(listed(self._gateway, shapes.set.name, query, f"reading {self._stream}")))
        return found

    def _items(self, rows: Sequence[Mapping[str, Any]]) -> list[Item]:
        shapes = self.shape
        found = [(str(row[self._own.code]), str(row.get(KEY) or ""), shown(shapes, row)) for row in rows]
        if self._consents is not None and found:
            given = self._consents.of([code for code, _, _ in found])
            for code, _, data in found:
                data["consents"] = given[code]
        return [Item(code, key, data) for code, key, data in found]

    def _records(self, rows: Sequence[Mapping[str, Any]]) -> list[Record]:
        return [item.record for item in self._items(rows)]


def _stamp(value: Any, stream: str) -> datetime:
    found = _STAMP.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ProtocolError(f"reading {stream}: an item without the moment of its last change")
    return _FIRST + timedelta(milliseconds=int(found[1]))


def _literal(moment: datetime) -> str:
    return f"datetime'{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}'"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except ValueError:
        raise CursorExpiredError("the stored position cannot be understood: read all again") from None
