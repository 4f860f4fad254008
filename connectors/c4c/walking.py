"""How a stream is walked through by stamp and number, where "or" over both cannot be asked.

Each page begins at the second in which the one before ended, and what was shown already is left out; a second with more
records than a page has is read by their keys. Nothing is ever skipped by counting: rows change their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from connectors.sdk import CursorExpiredError, ProtocolError

FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
Row = dict[str, Any]
Walked = tuple[list[Row], datetime]


class Source(Protocol):
    """What a walk asks. ``rows`` gives a page and whether there are more; filters and orders are its own to write."""

    stream: str
    page: int

    def rows(self, since: datetime | None, until: datetime | None, after: str, top: int) -> tuple[list[Row], bool]:
        """Rows stamped from ``since`` to ``until``, in the order of their stamps; where ``since`` and ``until`` are
        both given or both None, in the order of their keys from ``after`` on, inclusively."""

    def key(self, row: Row) -> str: ...

    def second(self, row: Row) -> datetime: ...


def by_change(source: Source, position: datetime, overlap: timedelta) -> Iterator[Walked]:
    """Pages of records changed since ``overlap`` before a position, each with the position behind it."""
    at = max(position - overlap, FIRST)
    shown: set[str] = set()  # of the second at which the next page begins
    while True:
        rows, more = source.rows(at, None, "", source.page)
        last = source.second(rows[-1]) if rows else at
        full = more or len(rows) >= source.page
        if rows and full and last <= at:
            position = max(position, at)
            for some in by_key(source, at, at + _SECOND):
                left = [row for row in some if source.second(row) == at and source.key(row) not in shown]
                yield left, position
            at, shown = at + _SECOND, set()
            continue
        position = max(position, last)
        yield [row for row in rows if source.key(row) not in shown], position
        if not rows or not full:
            return
        at, shown = last, {source.key(row) for row in rows if source.second(row) == last}


def by_key(source: Source, since: datetime | None = None, until: datetime | None = None) -> Iterator[list[Row]]:
    """Pages in the order of keys."""
    last = ""
    while True:
        # One more than a page, since the last one comes again.
        rows, more = source.rows(since, until, last, source.page + 1)
        keys = [source.key(row) for row in rows]
        yield [row for row, key in zip(rows, keys, strict=True) if key != last]
        if not rows or (len(rows) <= source.page and not more):
            return
        if keys[-1] == last:
            raise ProtocolError(f"reading {source.stream}: the pages do not advance")
        last = keys[-1]


def position_of(text: str | None) -> datetime:
    """Raises CursorExpiredError where the text is no position."""
    if text is None:
        return FIRST
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise CursorExpiredError("the stored position cannot be understood: read all again") from None


def position_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def second_of(stamp: Any, stream: str) -> datetime:
    """The second of a stamp. Raises ProtocolError where it is none."""
    try:
        moment = datetime.fromisoformat(str(stamp))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ProtocolError(f"reading {stream}: a record without the stamp of its last change")
    return moment.astimezone(UTC).replace(microsecond=0)


def unique(rows: Sequence[Row], source: Source) -> list[Row]:
    """Rows without those that come twice."""
    return list({source.key(row): row for row in rows}.values())
