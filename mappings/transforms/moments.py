"""Transforms of dates, times and moments. Formats are named, never guessed: ``03/04/2026`` is two different days."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from mappings.transforms.base import Entry, Example, Form, OptionError, Transform, UnfitError, one_of, remembered
from model.fields import Kind

NAMED = {"iso": "%Y-%m-%d", "us": "%m/%d/%Y", "eu": "%d.%m.%Y", "uk": "%d/%m/%Y", "compact": "%Y%m%d"}
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?)?\Z")
_DIRECTIVES = frozenset("YmdHMSfIpjbB%")


def _format(given: Any, named: dict[str, str], needed: str) -> str:
    if not isinstance(given, str) or (given not in named and "%" not in given):
        raise OptionError(f"format is one of: {', '.join(named)}; or a pattern such as %d.%m.%Y", option="format")
    pattern = named.get(given, given)
    used = set(re.findall(r"%(.)", pattern))
    if used - _DIRECTIVES:
        raise OptionError(
            f"the pattern uses %{min(used - _DIRECTIVES)}, which cannot be turned round",
            option="format",
            hint="years have four digits: %Y" if "y" in used else None,
        )
    if any(not used & set(choice) for choice in needed.split()):
        raise OptionError("the pattern leaves out a part without which the value cannot be told", option="format")
    return pattern


def _write(moment: date | time, pattern: str) -> str:
    """``strftime`` with a year of four digits also before the year 1000."""
    return moment.strftime(pattern.replace("%Y", f"{getattr(moment, 'year', 0):04d}"))


# Days as they are on both sides. That there is a 29 February is for the calendar to say.
_PLAIN_DAY = Form(
    r"[1-9][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)


def _iso_date(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise UnfitError("not-a-date", "is not a date") from None


def date_(format: Any = "iso") -> Transform:  # noqa: A002 (the option's name in mappings)
    """A day. ``iso`` also takes a moment at midnight, which is how many databases show a day."""
    pattern = _format(format, NAMED, "Y mdjbB" if isinstance(format, str) and format in NAMED else "Y mbBj dj")

    @remembered(16384)
    def forward(value: Any) -> str:
        text = value.strip() if isinstance(value, str) else ""
        if pattern == NAMED["iso"]:
            found = _MIDNIGHT.match(text)
            if found is None:
                raise UnfitError("not-a-date", "is not a date in ISO form")
            return _iso_date(found[1]).isoformat()
        try:
            return datetime.strptime(text, pattern).date().isoformat()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            raise UnfitError("not-a-date", "is not a date in the declared format") from None

    settled = _PLAIN_DAY if pattern == NAMED["iso"] else None
    return Transform(
        name="date",
        forward=forward,
        back=lambda v: _write(_iso_date(v), pattern),
        kinds=frozenset({Kind.DATE}),
        settled=settled,
        settled_back=settled,
    )


def canonical_moment(moment: datetime) -> str:
    """The canonical spelling: UTC, ``Z``, fractions only where there are any. Raises UnfitError beyond the calendar."""
    try:
        text = moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    except OverflowError:
        raise UnfitError("not-a-moment", "lies outside the calendar") from None
    return (text.rstrip("0") if "." in text else text) + "Z"


def parse_moment(text: Any) -> datetime:
    """An ISO moment, possibly naive. ``+0000`` without a colon is understood. Raises UnfitError."""
    if not isinstance(text, str) or len(text) < 16:
        raise UnfitError("not-a-moment", "is not a moment in ISO form")
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise UnfitError("not-a-moment", "is not a moment in ISO form") from None


@lru_cache(maxsize=1024)
def zone_or_none(name: Any) -> ZoneInfo | None:
    """The IANA zone of that name, or None where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, TypeError, OSError):
        return None


def _zone(name: Any) -> ZoneInfo | None:
    found = None if name is None or not isinstance(name, str) else zone_or_none(name)
    if found is None and name is not None:
        raise OptionError("zone is an IANA time zone, such as Europe/Berlin", option="zone")
    return found


def datetime_(format: Any = "iso", zone: Any = None) -> Transform:  # noqa: A002 (the option's name in mappings)
    """A moment. With a ``zone`` the system shows local time without an offset; else an offset must be there."""
    pattern = None if format == "iso" else _format(format, {}, "Y mbBj dj HI M")
    local = _zone(zone)
    if pattern is not None and local is None:
        raise OptionError("a moment in a format of its own needs a zone", option="zone", hint="zone: UTC, for example")

    @remembered(16384)
    def forward(value: Any) -> str:
        if pattern is None:
            moment = parse_moment(value)
        else:
            try:
                moment = datetime.strptime(value.strip(), pattern)  # noqa: DTZ007 (the zone follows)
            except (ValueError, AttributeError):
                raise UnfitError("not-a-moment", "is not a moment in the declared format") from None
        if moment.tzinfo is None:
            if local is None:
                raise UnfitError("no-zone", "has no time zone, and the mapping names none")
            moment = moment.replace(tzinfo=local)
        return canonical_moment(moment)

    def back(value: Any) -> str:
        moment = parse_moment(value)
        if moment.tzinfo is None:
            raise UnfitError("no-zone", "has no time zone")
        if local is None:
            return canonical_moment(moment)
        try:
            shown = moment.astimezone(local).replace(tzinfo=None)
        except OverflowError:
            raise UnfitError("not-a-moment", "lies outside the calendar") from None
        return shown.isoformat() if pattern is None else _write(shown, pattern)

    return Transform(name="datetime", forward=forward, back=back, kinds=frozenset({Kind.DATETIME}))


TIMES = {"iso": "%H:%M:%S", "short": "%H:%M", "us": "%I:%M %p"}


def time_(format: Any = "iso") -> Transform:  # noqa: A002 (the option's name in mappings)
    """A time of day ↔ ``21:30:00``."""
    pattern = _format(format, TIMES, "HI M")

    def forward(value: Any) -> str:
        text = value.strip() if isinstance(value, str) else ""
        for attempt in (pattern, "%H:%M") if format == "iso" else (pattern,):
            try:
                return datetime.strptime(text, attempt).time().isoformat("seconds")  # noqa: DTZ007 (no day, no zone)
            except ValueError:
                continue
        raise UnfitError("not-a-time", "is not a time of day in the declared format")

    def back(value: Any) -> str:
        try:
            return _write(time.fromisoformat(value), pattern)
        except (TypeError, ValueError):
            raise UnfitError("not-a-time", "is not a time of day") from None

    return Transform(name="time", forward=forward, back=back, kinds=frozenset({Kind.TEXT}))


def epoch(unit: Any = "seconds") -> Transform:
    """Seconds (or milliseconds) since 1970 ↔ a moment."""
    factor = 1000 if one_of("unit", unit, ("seconds", "milliseconds")) == "milliseconds" else 1

    def forward(value: Any) -> str:
        if isinstance(value, (bool, float)):
            raise UnfitError("not-a-moment", f"is not a count of {unit} since 1970")
        try:
            number = int(value)
            whole, rest = divmod(number, factor)
            moment = datetime.fromtimestamp(whole, UTC).replace(microsecond=rest * (1_000_000 // factor))
        except (TypeError, ValueError, OverflowError, OSError):
            raise UnfitError("not-a-moment", f"is not a count of {unit} since 1970") from None
        return canonical_moment(moment)

    def back(value: Any) -> int:
        moment = parse_moment(value)
        if moment.tzinfo is None:
            raise UnfitError("no-zone", "has no time zone")
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86400 + since.seconds) * factor + since.microseconds * factor // 1_000_000

    return Transform(name="epoch", forward=forward, back=back, kinds=frozenset({Kind.DATETIME}))


def day(zone: Any = "UTC") -> Transform:
    """The day of a moment in a zone. One-way: the time of day is gone."""
    local = _zone(zone)
    moment: Callable[[Any], str] = datetime_(zone=zone).forward

    def forward(value: Any) -> str:
        return parse_moment(moment(value)).astimezone(local).date().isoformat()

    return Transform(name="day", forward=forward, back=None, kinds=frozenset({Kind.DATE}))


ENTRIES: dict[str, Entry] = {
    "date": Entry(
        make=date_,
        main="format",
        summary="a day, in a named format",
        options={"format": f"{', '.join(NAMED)}, or a pattern such as `%d.%m.%Y`"},
        note="`iso` also takes a moment at midnight, which is how many databases show a day. Formats are named, never "
        "guessed: `03/04/2026` is two different days.",
        examples=(
            Example(record="2026-11-21", canonical="2026-11-21"),
            Example(options="eu", record="21.11.2026", canonical="2026-11-21"),
        ),
    ),
    "datetime": Entry(
        make=datetime_,
        main="format",
        summary="a moment, in a named format and zone",
        options={
            "format": "iso (as usual) or a pattern, which needs a zone",
            "zone": "the IANA zone whose local time the system shows, without an offset",
        },
        note="The hour that a zone has twice in autumn is taken for the first of the two.",
        examples=(
            Example(
                record="2026-07-01T10:00:00+02:00", canonical="2026-07-01T08:00:00Z", written="2026-07-01T08:00:00Z"
            ),
            Example(
                options={"format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"},
                record="01.07.2026 10:00",
                canonical="2026-07-01T08:00:00Z",
            ),
        ),
    ),
    "time": Entry(
        make=time_,
        main="format",
        summary="a time of day, in a named format",
        options={"format": f"{', '.join(TIMES)}, or a pattern"},
        examples=(Example(options="us", record="09:30 PM", canonical="21:30:00"),),
    ),
    "epoch": Entry(
        make=epoch,
        main="unit",
        summary="a count of seconds or milliseconds since 1970",
        options={"unit": "seconds (as usual) or milliseconds"},
        note="What is smaller than the unit is cut off; reading the moment back without it is no edit.",
        examples=(Example(options="milliseconds", record=1767225600500, canonical="2026-01-01T00:00:00.5Z"),),
    ),
    "day": Entry(
        make=day,
        main="zone",
        summary="the day of a moment (one-way)",
        options={"zone": "in which IANA zone; UTC as usual"},
        examples=(Example(options="Europe/Berlin", record="2026-06-30T23:00:00Z", canonical="2026-07-01"),),
    ),
}
