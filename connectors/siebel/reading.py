"""Reading what changed: pages in the order of stamp and id, each asked for by what it comes behind.

Traps met here: a page by row number shifts when rows come and go; nothing tells the end but an empty page (an
enterprise may allow smaller pages than were asked for); releases that do not know ``sortspec`` ignore it; stamps have
no zone, so that an hour which happens twice has no order: it is read by id, all of it, each time; a stamp can be blank
where a component is not one of Siebel's own tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import orjson

from connectors.sdk import CursorExpiredError, Flaw, Page, Problem, ProtocolError, Record, RefusedError
from connectors.siebel import searching
from connectors.siebel.session import Row, Session

_SECOND = timedelta(seconds=1)
_LONG_AGO = datetime(1900, 1, 1)  # noqa: DTZ001 (it is the zone's own time)


@dataclass(frozen=True, slots=True)
class Cursor:
    """``stamp``: what the zone's clock showed when the last record seen was changed."""

    stamp: datetime
    zone: str

    @classmethod
    def parse(cls, text: str, zone: str) -> Cursor:
        """Raises CursorExpiredError for what is no cursor of ours, or one of another zone."""
        try:
            parts = orjson.loads(text)
            found = cls(datetime.fromisoformat(parts["stamp"]), str(parts["zone"]))
        except (ValueError, KeyError, TypeError):
            raise CursorExpiredError(
                "the stored position is not one of this connector: read everything again"
            ) from None
        if found.zone != zone or found.stamp.tzinfo is not None:
            raise CursorExpiredError("the stored position is of another time zone: read everything again")
        return found

    def __str__(self) -> str:
        return orjson.dumps({"stamp": self.stamp.isoformat(), "zone": self.zone}).decode()


class Reading:
    """One read of one component, full (``since`` None) or from a cursor. ``shown`` turns rows into records."""

    def __init__(
        self,
        session: Session,
        stream: str,
        fields: Sequence[str] | None,
        since: str | None,
        shown: Callable[[Row], Record],
    ) -> None:
        self.session = session
        self.stream = stream
        self.fields = fields
        self._shown = shown
        self._field = session.settings.streams[stream].stamp
        self._wall = session.wall
        self._full = since is None
        self._since = Cursor.parse(since, self._wall.name).stamp if since is not None else None
        self._started = session.now
        self._latest = self._since
        self._swept = False

    def pages(self) -> Iterator[Page]:
        spec = None
        if self._since is not None:
            overlap = timedelta(seconds=self.session.settings.overlap)
            spec = searching.since(self._field, self._wall, self._wall.before(self._since, overlap))
        if self._full:
            yield from self._unstamped()
        while shown := self._asked(spec, [self._field, "Id"]):
            rows = [row for row in shown if row.get(self._field, "?") not in {"", None}]
            if len(rows) < len(shown) and not self._swept:
                blanks = self._page([row for row in shown if row not in rows], None)
                yield blanks if shown[-1] in rows else blanks._replace(flaws=[*blanks.flaws, self._cut_off()])
            if not rows:
                spec = self._changed(spec, searching.since(self._field, self._wall, _LONG_AGO))
                continue
            stamps = [self._stamp(row) for row in rows]
            twice = next((at for at, stamp in enumerate(stamps) if self._wall.doubled(stamp)), None)
            self._assert_in_order(stamps[:twice])
            if twice is None:
                yield self._page(rows, stamps[-1])
                at = self._last(rows)
                spec = self._behind(spec, stamps[at], str(rows[at]["Id"]))
                continue
            if twice:
                yield self._page(rows[:twice], stamps[twice - 1])
            stretch = self._wall.doubled(stamps[twice])
            assert stretch is not None
            yield from self._twice(*stretch)
            spec = searching.since(self._field, self._wall, stretch[1])
        yield Page([], str(self._cursor(self._latest)), full=self._full)

    def _twice(self, begin: datetime, end: datetime) -> Iterator[Page]:
        """What is stamped in an hour that happens twice. Its pages give no position: they are in the order of ids."""
        key: str | None = None
        latest = begin
        while rows := self._asked(searching.within(self._field, self._wall, begin - _SECOND, end, key), ["Id"]):
            latest = max([latest, *(self._stamp(row) for row in rows)])
            yield self._page(rows, None)
            key = self._changed(key, str(rows[self._last(rows)]["Id"]))
        self._seen(latest)

    def _asked(self, spec: str | None, order: Sequence[str]) -> list[Row]:
        return self.session.rows(self.stream, spec, order=order, fields=self.fields)

    def _last(self, rows: Sequence[Row]) -> int:
        """The place of the last row that what follows can be asked for behind."""
        keyed = [at for at, row in enumerate(rows) if row.get("Id")]
        if not keyed:
            raise ProtocolError(f"reading {self.stream}: a page of rows that have no Id")
        return keyed[-1]

    def _unstamped(self) -> Iterator[Page]:
        """What has no stamp: no position finds it, and where it stands in the order is the database's choice."""
        key: str | None = None
        try:
            rows = self._asked(searching.blank(self._field, None), ["Id"])
        except RefusedError:  # a release that does not take the question: what a page shows before others is read
            return
        self._swept = True
        while rows:
            yield self._page(rows, None)
            key = self._changed(key, str(rows[self._last(rows)]["Id"]))
            rows = self._asked(searching.blank(self._field, key), ["Id"])

    def _cut_off(self) -> Flaw:
        """A page that ends with blank stamps: no search finds what may come behind it."""
        message = f"records without {self._field} may be missing: this release refuses to search for them (IS NULL)"
        return Flaw(f"{self.stream} without {self._field}", Problem("blanks-cut-off", message, self._field))

    def _behind(self, former: str | None, stamp: datetime, key: str) -> str:
        return self._changed(former, searching.following(self._field, self._wall, stamp, key))

    def _changed(self, former: str | None, now: str) -> str:
        if now == former:
            raise self._stuck()
        return now

    def _stuck(self) -> ProtocolError:
        return ProtocolError(f"reading {self.stream}: the same page comes again and again: is searchspec ignored?")

    def _stamp(self, row: Row) -> datetime:
        try:
            return self._wall.parse(str(row[self._field]))
        except (KeyError, ValueError):
            raise ProtocolError(
                f"reading {self.stream}: a row without {self._field} as MM/DD/YYYY HH:MM:SS; name its field as stamp"
            ) from None

    def _assert_in_order(self, stamps: Sequence[datetime]) -> None:
        if any(later < earlier for earlier, later in pairwise(stamps)):
            raise ProtocolError(
                f"reading {self.stream}: rows are not in the order of {self._field}: this release ignores sortspec"
            )

    def _seen(self, stamp: datetime) -> None:
        self._latest = stamp if self._latest is None else max(self._latest, stamp)

    def _cursor(self, stamp: datetime | None) -> Cursor:
        """Never ahead of our own clock: one stamp of the year 2099 would hide all that follows."""
        return Cursor(min(stamp, self._started) if stamp is not None else self._started, self._wall.name)

    def _page(self, rows: Sequence[Row], stamp: datetime | None) -> Page:
        if stamp is not None:
            self._seen(stamp)
        records = [self._shown(row) for row in rows if row.get("Id")]
        lost = [Flaw(self.stream, Problem("no-key", "a row without an Id", "Id")) for row in rows if not row.get("Id")]
        cursor = str(self._cursor(self._latest)) if stamp is not None else None
        return Page(records, cursor, full=self._full, flaws=lost)


def live_keys(session: Session, stream: str) -> Iterator[list[str]]:
    """Every key that the user sees, in pages, in the order of ids."""
    spec: str | None = None
    while rows := session.rows(stream, spec, order=["Id"], fields=["Id"]):
        keys = [str(row["Id"]) for row in rows if row.get("Id")]
        yield keys
        behind = searching.compared("Id", ">", keys[-1]) if keys else spec
        if behind == spec:
            raise ProtocolError(f"listing {stream}: the same page comes again and again: is searchspec ignored?")
        spec = behind
