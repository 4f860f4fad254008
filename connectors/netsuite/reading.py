"""Reading what changed, by the account's own stamps; and what was deleted, by its feed of deletions.

Positions are stamps as the account shows them, in its local time: a wrong zone in the settings shifts values, but
loses no row. Traps met here: a query ends at 100,000 rows, and offsets shift under edits, so that every page is a query
of its own behind the last row; rows of one second are ordered by id; transactions are committed late, so that reading
overlaps; a null column is missing in a row; a row that was never saved since stamps are kept may have none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from connectors.netsuite import suiteql
from connectors.netsuite.errors import ForbiddenError
from connectors.netsuite.kinds import KINDS, STAMP
from connectors.netsuite.parts import attached
from connectors.netsuite.schema import Selection, alias
from connectors.netsuite.session import Rows, Session
from connectors.sdk import (
    CursorExpiredError,
    Flaw,
    Page,
    Problem,
    ProtocolError,
    Record,
    RefusedError,
    UnauthorisedError,
)

AMONG = 500
"""Keys in one query: Oracle takes a thousand in a list."""

_DELETED = "deletedrecord"
_LONGEST_KEY = 18


@dataclass(frozen=True, slots=True)
class Cursor:
    """``stamp``: records up to here were seen, None where there were none; ``deleted``: likewise deletions."""

    stamp: str | None
    deleted: str | None

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises CursorExpiredError for what is no cursor of ours: a full read then puts things right."""
        try:
            parts = orjson.loads(text)
            for name in ("stamp", "deleted"):
                if parts[name] is not None:
                    suiteql.local(parts[name])
            return cls(parts["stamp"], parts["deleted"])
        except (ValueError, KeyError, TypeError):
            raise CursorExpiredError(
                "the stored position is not one of this connector: read everything again"
            ) from None

    def __str__(self) -> str:
        return orjson.dumps({"stamp": self.stamp, "deleted": self.deleted}).decode()


class Reading:
    """One read of one kind of record, full (``since`` None) or from a cursor. ``narrowed``: see `Connector.narrow`."""

    def __init__(self, session: Session, name: str, since: str | None, narrowed: Collection[str] | None) -> None:
        self.session = session
        self.kind = KINDS[name]
        self.full = since is None
        self._since = Cursor.parse(since) if since is not None else None
        self._narrowed = narrowed
        self._overlap = timedelta(seconds=session.settings.overlap)
        self._feed = session.settings.deletions == "feed"

    def pages(self) -> Iterator[Page]:
        stamp = self._since.stamp if self._since else None
        deleted = self._since.deleted if self._since else self.deletions_seen()
        held: Page | None = None
        selection = self._selection()
        for rows in self._changed(stamp, selection):
            if held is not None:
                yield held
            stamp = max(filter(None, [stamp, *(row.get(self._stamp) for row in rows)]), default=None)
            held = self._page(rows, Cursor(stamp, deleted), selection)
        if self._feed and not self.full:
            for gone in self._deletions(deleted):
                if held is not None:
                    yield held
                deleted = max(filter(None, [deleted, *(row.get("deleted") for row in gone)]), default=None)
                held = Page([Record(str(row["recordid"]), {}, deleted=True) for row in gone if row.get("recordid")])
        yield (held or Page([]))._replace(cursor=str(Cursor(stamp, deleted)), full=self.full)

    @property
    def _stamp(self) -> str:
        return alias(self.kind.columns[STAMP])

    def _selection(self) -> Selection:
        found = self.session.selection(self.kind.name)
        if self._narrowed is None:
            return found
        needed = {"id", STAMP, *({"currency"} if {"item", "currencyCode"} & set(self._narrowed) else ())}
        return found._replace(fields=[name for name in found.fields if name in self._narrowed or name in needed])

    def _changed(self, stamp: str | None, selection: Selection) -> Iterator[list[dict[str, Any]]]:
        """Rows in the order of stamp and id; of a full read, those without a stamp come before: no position finds them,
        and a read that is resumed from one would pass them by."""
        column = self.kind.columns[STAMP]
        if self.full:
            yield from self._unstamped(column, selection)
        since = suiteql.behind(stamp, self.session.zone, self._overlap) if stamp else None
        after: tuple[str, int] | None = None
        while True:
            bound = suiteql.beyond(column, "id", after, since) or f"{column} IS NOT NULL"
            rows = self._asked(selection, bound, suiteql.ordered(column, "id"))
            yield rows
            if not rows.more:
                return
            last = self._last(rows, "id", self._stamp)
            after = (str(last[self._stamp]), int(last["id"]))

    def _unstamped(self, column: str, selection: Selection) -> Iterator[list[dict[str, Any]]]:
        bound = f"{column} IS NULL"
        while rows := self._asked(selection, bound, "id"):
            yield rows
            if not rows.more:
                return
            bound = f"{column} IS NULL AND id > {int(self._last(rows, 'id')['id'])}"

    def _asked(self, selection: Selection, bound: str, order: str) -> Rows:
        text = suiteql.select(selection.columns, self.kind.table, [self.kind.where, bound], order)
        return self.session.rows(text, f"reading {self.kind.name}", limit=self.session.settings.page)

    def _last(self, rows: Sequence[dict[str, Any]], *needed: str) -> dict[str, Any]:
        """The last row that says where to go on."""
        last: dict[str, Any] | None = next((row for row in reversed(rows) if all(map(row.get, needed))), None)
        if last is None:
            raise ProtocolError(f"reading {self.kind.name}: a page of rows that have no {' and '.join(needed)}")
        return last

    def _page(self, rows: Sequence[Mapping[str, Any]], cursor: Cursor, selection: Selection) -> Page:
        good = [row for row in rows if row.get("id")]
        keyless = Flaw(self.kind.name, Problem("no-key", "a row without an id", "id"))
        flaws = [keyless] * (len(rows) - len(good))
        records = records_of(self.session, self.kind.name, good, selection, self._narrowed)
        return Page(records, str(cursor) if cursor.stamp else None, full=self.full, flaws=flaws)

    def deletions_seen(self) -> str | None:
        """Where the feed of deletions stands before everything is read."""
        if not self._feed:
            return None
        columns = [f"MAX({suiteql.shown('deleteddate')}) AS deleted"]
        rows = self._of_feed(columns, [], "", 1)
        return str(rows[0]["deleted"]) if rows and rows[0].get("deleted") else None

    def _deletions(self, since: str | None) -> Iterator[list[dict[str, Any]]]:
        limit = self.session.settings.page
        first = suiteql.behind(since, self.session.zone, self._overlap) if since else None
        after: tuple[str, int] | None = None
        columns = ["recordid", f"{suiteql.shown('deleteddate')} AS deleted"]
        while True:
            bound = suiteql.beyond("deleteddate", "recordid", after, first)
            rows = self._of_feed(columns, [bound], suiteql.ordered("deleteddate", "recordid"), limit)
            if rows:
                yield rows
            if not rows.more:
                return
            last = self._last(rows, "deleted", "recordid")
            after = (str(last["deleted"]), int(last["recordid"]))

    def _of_feed(self, columns: list[str], more: list[str], order: str, limit: int) -> Rows:
        kinds = suiteql.among("LOWER(type)", map(suiteql.quoted, self.kind.deleted))
        text = suiteql.select(columns, _DELETED, [kinds, *more], order)
        what = f"reading deletions of {self.kind.name}"
        try:
            return self.session.rows(text, what, limit=limit)
        except (RefusedError, ForbiddenError) as error:
            hint = "give the role the permission Deleted Records, or set deletions: sweep"
            raise UnauthorisedError(f"{error}; {hint}") from None


def records_of(
    session: Session,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    selection: Selection,
    narrowed: Collection[str] | None,
) -> list[Record]:
    """Rows as records, with what hangs on them in other tables."""
    data = {str(row["id"]): selection.data(row, session.zone) for row in rows}
    attached(session, KINDS[name], data, narrowed)
    return [Record(key, found, found[STAMP]) for key, found in data.items()]


def live_keys(session: Session, name: str) -> Iterator[list[str]]:
    """Every key, in pages, in order."""
    kind, limit = KINDS[name], session.settings.page
    last: str | None = None
    while True:
        bound = f"id > {last}" if last else ""
        rows = session.rows(
            suiteql.select(["id"], kind.table, [kind.where, bound], "id"), f"listing {name}", limit=limit
        )
        if rows:
            yield [str(row["id"]) for row in rows]
            last = str(int(rows[-1]["id"]))
        if not rows.more:
            return


def is_key(key: str) -> bool:
    """Whether the text has the form of an internal id."""
    return key.isascii() and key.isdigit() and len(key) <= _LONGEST_KEY


def among(session: Session, name: str, conditions: Sequence[str]) -> Iterator[Record]:
    """Records that meet any of the conditions, asked for one after the other."""
    kind = KINDS[name]
    selection = session.selection(name)
    for condition in conditions:
        after, limit = "", session.settings.page
        while True:
            text = suiteql.select(selection.columns, kind.table, [kind.where, condition, after], "id")
            rows = session.rows(text, f"looking up {name}", limit=limit)
            yield from records_of(session, name, rows, selection, None)
            if not rows.more:
                break
            after = f"id > {int(rows[-1]['id'])}"
