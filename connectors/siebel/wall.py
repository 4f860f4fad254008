"""Wall-clock times. Siebel shows and compares ``MM/DD/YYYY HH:MM:SS`` in the user's zone and says no zone with it.

Search and sort specifications take dates in this form whatever the locale (Object Interfaces reference); a published
integration (IcmApi, with the Siebel behind icm.gov.bc.ca) measured it in answers of 2026, zone-less even where the
description says DTYPE_UTCDATETIME. When clocks are set back, an hour happens twice and its times say nothing of order.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_MOMENT = "%m/%d/%Y %H:%M:%S"
_DAY = "%m/%d/%Y"
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_DAY_ONLY = re.compile(r"\d{1,2}/\d{1,2}/\d{4}")


class Wall:
    """The clock of one zone. Naive datetimes are what it shows."""

    def __init__(self, zone: str) -> None:
        self.name = zone
        self._zone = ZoneInfo(zone)

    def parse(self, text: str) -> datetime:
        """What a stamp shows. ISO forms are understood, too. Raises ValueError for anything else."""
        try:
            return datetime.strptime(text, _MOMENT)  # noqa: DTZ007 (it is the zone's own time)
        except ValueError:
            found = datetime.fromisoformat(text)
        return found if found.tzinfo is None else found.astimezone(self._zone).replace(tzinfo=None, fold=0)

    def literal(self, shown: datetime) -> str:
        return shown.strftime(_MOMENT)

    def at(self, moment: datetime) -> datetime:
        """What the clock shows at a moment."""
        return moment.astimezone(self._zone).replace(tzinfo=None, fold=0)

    def moment(self, text: str) -> str:
        """A shown time as an ISO moment in UTC; of an hour that happens twice, the first. A day stays a day."""
        if _DAY_ONLY.fullmatch(text):
            return self.day(text)
        shown = self.parse(text)
        return shown.replace(tzinfo=self._zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def written(self, text: str) -> str:
        """An ISO moment as Siebel takes it.

        Raises ValueError where the text is none, has no zone, or is in an hour that happens twice: Siebel could not
        tell which of the two is meant, and would show another moment than was written.
        """
        given = datetime.fromisoformat(text)
        if given.tzinfo is None:
            raise ValueError("a moment without a zone")
        shown = self.at(given)
        if self.doubled(shown) is not None:
            raise ValueError("an hour that happens twice")
        return self.literal(shown)

    def day(self, text: str) -> str:
        """A shown day, whatever time stands behind it, as an ISO day; never moved by a zone."""
        try:
            return datetime.strptime(text.split(" ", 1)[0], _DAY).date().isoformat()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            return date.fromisoformat(text[:10]).isoformat()

    def written_day(self, text: str) -> str:
        """Raises ValueError where the text is no ISO day."""
        return date.fromisoformat(text).strftime(_DAY)

    def doubled(self, shown: datetime) -> tuple[datetime, datetime] | None:
        """Begin and end (no longer part of it) of the stretch of times, around this one, that the clock shows twice."""
        if not self._twice(shown):
            return None
        begin = shown.replace(second=0, microsecond=0)
        while self._twice(begin - _MINUTE):
            begin -= _MINUTE
        end = begin
        while self._twice(end):
            end += _MINUTE
        return begin, end

    def before(self, shown: datetime, overlap: timedelta) -> datetime:
        """Where to begin reading so that nothing stamped since ``overlap`` before is missed.

        Never inside an hour that happens twice (a stamp of its second run lies before one of its first: all of it is
        read again) and never inside one that there is not.
        """
        begin = shown - overlap
        twice = self.doubled(begin)
        if twice is not None:
            return twice[0] - _SECOND
        while not self._exists(begin):
            begin = begin.replace(second=0) - _MINUTE
        return begin

    def _twice(self, shown: datetime) -> bool:
        first = shown.replace(tzinfo=self._zone, fold=0).utcoffset()
        second = shown.replace(tzinfo=self._zone, fold=1).utcoffset()
        return first is not None and second is not None and first > second

    def _exists(self, shown: datetime) -> bool:
        there = shown.replace(tzinfo=self._zone).astimezone(UTC).astimezone(self._zone)
        return there.replace(tzinfo=None, fold=0) == shown.replace(fold=0)
