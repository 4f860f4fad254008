"""Reading a shop: in order of change where records bear a stamp, else in order of their keys.

Pages are never asked for by number. A number past the end shows the last page again (magento2 issues 3787 and 26986),
and numbers shift while records come and go: each request asks for what lies behind the last record seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from connectors.magento.kinds import Kind
from connectors.magento.session import Condition, Found, Session
from connectors.sdk import CursorExpiredError, Page, ProtocolError, Record

STAMP = "updated_at"
KEY = "entity_id"
_FORM = "%Y-%m-%d %H:%M:%S"
_AT_ONCE = 20  # alternatives in one search: web servers take some 8000 characters of an address


class Reader:
    """Reads every stream of one shop."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pages(self, kind: Kind, since: str | None) -> Iterator[Page]:
        """Customers and orders from a position; companies have no stamp and are read whole."""
        if not kind.stamped:
            for rows in self._by_key(kind):
                yield Page([kind.record(row) for row in rows], full=True)
            return
        begin = _begin(since, timedelta(seconds=self._session.settings.overlap), kind) if since is not None else None
        for records in self._by_stamp(kind, begin):
            yield Page(records, _cursor(records[-1]) if records else None, full=since is None)

    def _by_stamp(self, kind: Kind, begin: str | None) -> Iterator[list[Record]]:
        """From a stamp on, that very second included; a second that does not fit into a page is read by key."""
        stamp, seen = begin, set[str]()
        while True:
            found = self._search(kind, *([[Condition(STAMP, "gteq", stamp)]] if stamp else []), sort=(STAMP, KEY))
            records = [kind.record(row) for row in found.items]
            yield [record for record in records if record.version != stamp or record.key not in seen]
            if found.total <= len(records):
                return
            last = _stamp(records[-1])
            if last != stamp:
                stamp, seen = last, {record.key for record in records if record.version == last}
                continue
            seen.update(record.key for record in records)
            for rest in self._rest_of(kind, last, max(int(record.key) for record in records)):
                seen.update(record.key for record in rest)
                yield rest
            stamp, seen = _next(last), set()

    def _rest_of(self, kind: Kind, stamp: str, after: int) -> Iterator[list[Record]]:
        for rows in self._by_key(kind, [Condition(STAMP, "eq", stamp)], after=after):
            yield [kind.record(row) for row in rows]

    def _by_key(
        self, kind: Kind, *groups: Sequence[Condition], after: int = 0, only: str | None = None
    ) -> Iterator[Sequence[Any]]:
        while True:
            found = self._search(kind, *groups, [Condition(KEY, "gt", str(after))], sort=(KEY,), only=only)
            yield found.items
            if found.total <= len(found.items):
                return
            last = int(found.items[-1][kind.key])
            if last <= after:
                raise ProtocolError(f"reading {kind.name}: the shop does not heed the filter on {KEY}")
            after = last

    def keys(self, kind: Kind) -> Iterator[Sequence[str]]:
        for rows in self._by_key(kind, only=kind.key):
            yield [str(row[kind.key]) for row in rows]

    def fetch(self, kind: Kind, keys: Sequence[str]) -> list[Record]:
        """The records of these keys, in order; what is not there (any more) comes as deleted."""
        found = {key: kind.record(row) for key, row in self.rows(kind, keys).items()}
        return [found.get(key) or Record(key, {}, deleted=True) for key in keys]

    def rows(self, kind: Kind, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """What the shop holds under these keys, as it shows it.

        Customers of other websites too: one that moved there, or that a changed setting leaves out, is not gone.
        """
        real = [key for key in dict.fromkeys(keys) if key.isascii() and key.isdigit()]
        found: dict[str, Mapping[str, Any]] = {}
        size = self._session.settings.page_size
        for at in range(0, len(real), size):
            wanted = Condition(KEY, "in", ",".join(real[at : at + size]))
            shown = self._session.search(kind.list_path, f"reading {kind.name}", [[wanted]])
            if shown.total > len(shown.items):
                counted = f"{shown.total} counted, {len(shown.items)} shown"
                raise ProtocolError(f"reading {kind.name}: {counted}: what is not shown need not be gone")
            found |= {str(row[kind.key]): row for row in shown.items}
        return found

    def find(self, kind: Kind, attribute: str, values: Sequence[str]) -> list[Record]:
        """Records whose attribute has one of the values. Not by ``in``: a comma in a value would split it."""
        given = [value for value in dict.fromkeys(values) if value]
        size = min(_AT_ONCE, self._session.settings.page_size)
        found: dict[str, Record] = {}
        for at in range(0, len(given), size):
            alternatives = [Condition(attribute, "eq", value) for value in given[at : at + size]]
            for rows in self._by_key(kind, alternatives):
                found |= {record.key: record for record in map(kind.record, rows)}
        return list(found.values())

    def _search(self, kind: Kind, *groups: Sequence[Condition], **how: Any) -> Found:
        website = self._session.settings.website_id
        own = [[Condition("website_id", "eq", str(website))]] if website and kind.name == "customers" else []
        return self._session.search(kind.list_path, f"reading {kind.name}", [*groups, *own], **how)


def _stamp(record: Record) -> str:
    if not record.version:
        raise ProtocolError(f"record {record.key} came without {STAMP}")
    return record.version


def _moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, _FORM).replace(tzinfo=UTC)


def _next(stamp: str) -> str:
    return (_moment(stamp) + timedelta(seconds=1)).strftime(_FORM)


def _cursor(last: Record) -> str:
    return orjson.dumps({"at": _stamp(last)}).decode()


def _begin(since: str, overlap: timedelta, kind: Kind) -> str:
    """The stamp that reading begins at: the overlap before a cursor."""
    try:
        return (_moment(orjson.loads(since)["at"]) - overlap).strftime(_FORM)
    except (ValueError, KeyError, TypeError):
        raise CursorExpiredError(f"the stored position of {kind.name} cannot be understood: read all again") from None
