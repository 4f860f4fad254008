"""The questions asked in SuiteQL, as text. Values never get in unquoted, and every date goes through a mask.

Without a mask a date comes as the user's preferences have it, often without its time, and a text is read by them, too:
rows of one day are then taken for unchanged. Masks and quoting are Oracle's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

MASK = "YYYY-MM-DD HH24:MI:SS"
DAY = "YYYY-MM-DD"
_FORMAT = "%Y-%m-%d %H:%M:%S"
_FOLD = timedelta(hours=3)

T = TypeVar("T")


def quoted(value: str) -> str:
    """A text literal."""
    return "'" + value.replace("'", "''") + "'"


def local(text: str) -> datetime:
    """A stamp as masked columns show it, without a zone. Raises ValueError for anything else."""
    return datetime.strptime(text, _FORMAT)  # noqa: DTZ007 (it is local time, of the account)


def written(stamp: datetime) -> str:
    return stamp.strftime(_FORMAT)


def utc(text: str, zone: ZoneInfo) -> str:
    """A stamp as a moment; of an hour that there is twice in autumn, the first one is meant."""
    return local(text).replace(tzinfo=zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def behind(text: str, zone: ZoneInfo, overlap: timedelta) -> str:
    """Where to begin reading so that nothing stamped from ``overlap`` before is missed.

    When clocks are set back, later stamps may look earlier by an hour; when they are set forward, an hour that there
    never was lies between. Around both it goes back that much more.
    """
    stamp = local(text)
    here = stamp.replace(tzinfo=zone)
    later = (stamp + _FOLD).replace(tzinfo=zone)
    before = (stamp - _FOLD).replace(tzinfo=zone)
    offsets = [one.utcoffset() or timedelta() for one in (before, here, later)]
    return written(stamp - overlap - (max(offsets) - min(offsets)))


def at(text: str) -> str:
    return f"TO_TIMESTAMP({quoted(text)}, {quoted(MASK)})"


def shown(column: str, mask: str = MASK) -> str:
    return f"TO_CHAR({column}, {quoted(mask)})"


def beyond(column: str, key: str, after: tuple[str, int] | None, since: str | None) -> str:
    """What comes behind a row (its second and its key) in the order `ordered`, or from a second on.

    Seconds are compared by their bounds: whether the column holds fractions of them makes no difference.
    """
    if after is None:
        return f"{column} >= {at(since)}" if since is not None else ""
    second, last = after
    following = written(local(second) + timedelta(seconds=1))
    return f"({column} >= {at(following)} OR ({column} >= {at(second)} AND {key} > {last}))"


def ordered(column: str, key: str) -> str:
    """One order for all rows: without a unique one, pages repeat and miss rows."""
    return f"{shown(column)}, {key}"


def select(columns: Iterable[str], table: str, conditions: Iterable[str], order: str) -> str:
    wanted = " AND ".join(condition for condition in conditions if condition)
    where = f" WHERE {wanted}" if wanted else ""
    by = f" ORDER BY {order}" if order else ""
    return f"SELECT {', '.join(columns)} FROM {table}{where}{by}"  # noqa: S608 (names of ours and literals)


def among(column: str, literals: Iterable[str]) -> str:
    return f"{column} IN ({', '.join(literals)})"


def portions(values: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), most):
        yield values[start : start + most]
