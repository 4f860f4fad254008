"""Reading what changed: one ordered query over live and deleted records, by SystemModstamp.

Traps met here: filters compare whole seconds, so that reading is inclusive; a transaction committed late carries an
older stamp, so that reading overlaps; rows of one mass update share a stamp, so that a page never ends a window; a
locator may be forgotten, so that the rest is asked for again from the last stamp seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.http import parse_moment
from connectors.positions import Cursor
from connectors.salesforce import soql
from connectors.salesforce.children import among, parents_of_changed, with_children
from connectors.salesforce.session import Session
from connectors.salesforce.settings import ChildSettings
from connectors.sdk import CursorExpiredError, Flaw, Page, Problem, Record, RefusedError, UnreachableError

STAMP = "SystemModstamp"
ALWAYS = ("Id", STAMP, "IsDeleted", "MasterRecordId")
BEGINNING = datetime(1999, 1, 1, tzinfo=UTC)
"""Before the first org: where halving begins when everything is read at once and takes too long."""

_ATTEMPTS = 4


def record_of(row: Mapping[str, Any]) -> Record:
    """A row of an answer as a record; what lies in the recycle bin is a tombstone."""
    deleted = bool(row.get("IsDeleted"))
    data = {name: value for name, value in row.items() if name != "attributes"}
    master = row.get("MasterRecordId") if deleted else None
    return Record(str(row["Id"]), data, row.get(STAMP), deleted=deleted, superseded_by=master or None)


class Reading:
    """One read of one object, full (``since`` None) or from a cursor."""

    def __init__(
        self,
        session: Session,
        name: str,
        wanted: Sequence[str] | None,
        since: str | None,
        children: Mapping[str, ChildSettings],
    ) -> None:
        self.session = session
        self.children = children
        self.name = name
        self.wanted = wanted
        self.full = since is None
        self._since = Cursor.parse(since) if since is not None else None
        self._stamp: datetime | None = None  # of the last row yielded
        self._at_stamp: set[str] = set()  # keys yielded with that very second

    def pages(self) -> Iterator[Page]:
        session = self.session
        fields = self._fields()
        started = session.now
        after = self._lower_bound(started)
        windows: list[tuple[datetime | None, datetime | None]] = [(after, None)]
        held: Page | None = None
        yield from self._of_changed_children(fields)
        while windows:
            lower, upper = windows.pop()
            try:
                for rows in self._window(fields, lower, upper):
                    if held is not None:
                        yield held
                    held = self._page(rows, started)
            except RefusedError as error:
                if error.code != "QUERY_TIMEOUT":
                    raise
                windows += self._halves(self._resume(lower), upper, started)
        last = held or Page([])
        yield last._replace(cursor=str(self._final(started)), full=self.full)

    def _of_changed_children(self, fields: Sequence[str]) -> Iterator[Page]:
        """Records that may not have moved, but whose children have. First of all: no position stored later skips them,
        for it says that deletions were seen up to it, and nothing of children that changed before."""
        if not self.children or self._since is None:
            return
        after = self._since.deletions - timedelta(seconds=self.session.settings.overlap)
        keys = parents_of_changed(self.session, self.children, after)
        size = self.session.settings.page
        for start in range(0, len(keys), size):
            rows = among(self.session, self.name, fields, "Id", keys[start : start + size], everything=True)
            yield Page(with_children(self.session, self.children, list(map(record_of, rows))), None)

    def _fields(self) -> list[str]:
        return self.session.schema(self.name).readable(self.wanted, ALWAYS)

    def _lower_bound(self, started: datetime) -> datetime | None:
        if self._since is None:
            return None
        oldest = started - timedelta(days=self.session.settings.recycle_bin_days)
        if self._since.deletions < oldest:
            days = self.session.settings.recycle_bin_days
            what = f"{self.name} was last read more than {days:g} days ago: deletions may have left the recycle bin"
            raise CursorExpiredError(what)
        return self._since.stamp - timedelta(seconds=self.session.settings.overlap)

    def _window(
        self, fields: list[str], lower: datetime | None, upper: datetime | None
    ) -> Iterator[list[dict[str, Any]]]:
        """Rows of one window, not yet yielded. A forgotten locator or a changed object is answered by asking again."""
        failures = 0
        while True:
            seen = (self._stamp, len(self._at_stamp))
            text = soql.changes(fields, self.name, self._resume(lower), upper)
            try:
                for rows in self.session.query(text, self.name, everything=not self.full):
                    fresh = self._fresh(rows)
                    if fresh:
                        yield fresh
            except RefusedError as error:
                failures = 0 if (self._stamp, len(self._at_stamp)) != seen else failures + 1
                if error.code not in {"INVALID_QUERY_LOCATOR", "INVALID_FIELD"} or failures >= _ATTEMPTS:
                    raise
                if error.code == "INVALID_FIELD":
                    fields[:] = self._after_schema_change(fields, error)
                continue
            return

    def _after_schema_change(self, fields: Sequence[str], error: RefusedError) -> list[str]:
        """The fields as described now; the refusal stands where they are still the same."""
        self.session.forget(self.name)
        now = self._fields()
        if now == list(fields):
            raise error
        return now

    def _resume(self, lower: datetime | None) -> datetime | None:
        return self._stamp if self._stamp is not None and (lower is None or self._stamp > lower) else lower

    def _fresh(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows that were not yielded at this very stamp; keeps track of the last second."""
        kept = []
        for row in rows:
            text, key = row.get(STAMP), str(row.get("Id"))
            stamp = parse_moment(text).replace(microsecond=0) if text else self._stamp
            if stamp is not None and stamp != self._stamp:
                self._stamp, self._at_stamp = stamp, set()
            mark = f"{key} {text}"
            if mark not in self._at_stamp:
                self._at_stamp.add(mark)
                kept.append(row)
        return kept

    def _halves(
        self, lower: datetime | None, upper: datetime | None, started: datetime
    ) -> list[tuple[datetime | None, datetime | None]]:
        """Two windows for one that took too long, the later first (it is a stack)."""
        begin, end = lower or BEGINNING, upper or started + timedelta(seconds=1)
        half = begin + (end - begin) / 2
        middle = half.replace(microsecond=0)
        if middle <= begin or end - begin < timedelta(seconds=2):
            what = f"reading {self.name}: even one second of changes takes Salesforce too long (QUERY_TIMEOUT)"
            raise UnreachableError(what)
        return [(middle, upper), (lower, middle)]

    def _page(self, rows: Sequence[Mapping[str, Any]], started: datetime) -> Page:
        records = [record_of(row) for row in rows if row.get("Id")]
        records = with_children(self.session, self.children, records)
        lost = [Flaw(self.name, Problem("no-key", "a row without an Id", "Id")) for row in rows if not row.get("Id")]
        cursor = self._between(started) if records else None
        return Page(records, str(cursor) if cursor else None, full=self.full, flaws=lost)

    def _between(self, started: datetime) -> Cursor | None:
        """The position after a page that is not the last: later deletions are still to come."""
        if self._stamp is None:
            return None
        stamp = min(self._stamp, started)
        if self._since is None:
            return Cursor(stamp, started)
        return Cursor(max(stamp, self._since.stamp), max(min(stamp, started), self._since.deletions))

    def _final(self, started: datetime) -> Cursor:
        """The position after the last page; an idle object keeps its stamp, yet its deletions are seen up to now."""
        former = self._since.stamp if self._since is not None else None
        latest = min(self._stamp, started) if self._stamp is not None else None
        known = [stamp for stamp in (former, latest) if stamp is not None]
        return Cursor(max(known) if known else started, started)


def live_keys(session: Session, name: str) -> Iterator[list[str]]:
    """Every live key, in pages, in order; a forgotten locator is answered by asking on from the last key."""
    last: str | None = None
    failures = 0
    while True:
        try:
            for rows in session.query(soql.keys(name, last), name):
                page = [str(row["Id"]) for row in rows]
                if page:
                    last, failures = page[-1], 0
                yield page
        except RefusedError as error:
            failures += 1
            if error.code != "INVALID_QUERY_LOCATOR" or failures >= _ATTEMPTS:
                raise
        else:
            return
