"""Cron expressions as cron itself reads them, and the times of a schedule.

APScheduler counts weekdays from Monday and knows no 7, so ``1-5`` would mean Tuesday to Saturday. Expressions are
therefore taken apart here and handed over as explicit lists, weekdays by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("weekday", 0, 7, {name: number for number, name in enumerate(WEEKDAYS)}),
)
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_LAST_OF = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DURATION = re.compile(r"(\d+)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression. Weekdays count from Sunday = 0.

    ``either``: both the day of the month and the weekday are restricted, and cron fires where *one* of them fits.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool


def parse_cron(text: str) -> Cron:
    """Raises ValueError, saying which field is wrong and why."""
    fields = _MACROS.get(text.strip().lower(), text).split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"a cron expression has 5 fields (minute hour day month weekday), this one {len(fields)}")
    minutes, hours, days, months, weekdays = (
        _field(field.lower(), *facts) for field, facts in zip(fields, _FIELDS, strict=True)
    )
    weekdays = frozenset(day % 7 for day in weekdays)
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    if not either and not any(day <= _LAST_OF[month - 1] for day in days for month in months):
        raise ValueError("there is no such day in these months, so it would never run")
    return Cron(minutes, hours, days, months, weekdays, either)


def _field(text: str, name: str, lowest: int, highest: int, names: Mapping[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, name, 1, highest, {}) if slash else 1
        if span == "*":
            first, last = lowest, 6 if name == "weekday" else highest
        else:
            start, dash, end = span.partition("-")
            first = _number(start, name, lowest, highest, names)
            last = _number(end, name, lowest, highest, names) if dash else first
            if slash and not dash:
                raise ValueError(f"{name}: {part!r} has a step but no range; write {start}-{highest}/{step_text}")
        if name == "weekday" and last == 0 and first > 0:
            last = 7  # fri-sun
        if first > last:
            raise ValueError(f"{name}: the range {span!r} runs backwards")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(text: str, name: str, lowest: int, highest: int, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{name}: {text!r} is not a number{' or name' if names else ''}")
    if not lowest <= int(text) <= highest:
        raise ValueError(f"{name}: {text} is not between {lowest} and {highest}")
    return int(text)


def parse_duration(text: str) -> timedelta:
    """``90s``, ``15m``, ``2h``, ``1d``, ``1h 30m``. Raises ValueError."""
    if not re.fullmatch(rf"(\s*{_DURATION.pattern}\s*)+", text):
        raise ValueError("expected a time span such as 15m, 2h or 1d")
    return timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text)))


def cron_to_trigger(cron: Cron, zone: ZoneInfo) -> Any:
    """The APScheduler trigger that fires exactly when cron would."""
    from apscheduler.triggers.combining import OrTrigger  # 120 ms; only what runs or lists schedules needs it
    from apscheduler.triggers.cron import CronTrigger

    def trigger(**day: str) -> Any:
        return CronTrigger(
            minute=_listed(cron.minutes), hour=_listed(cron.hours), month=_listed(cron.months), timezone=zone, **day
        )

    days, weekdays = _listed(cron.days), ",".join(WEEKDAYS[day] for day in sorted(cron.weekdays))
    if cron.either:
        return OrTrigger([trigger(day=days), trigger(day_of_week=weekdays)])
    return trigger(day=days, day_of_week=weekdays)


def _listed(numbers: frozenset[int]) -> str:
    return ",".join(map(str, sorted(numbers)))


def every_to_trigger(every: timedelta, zone: ZoneInfo) -> Any:
    """A trigger aligned to the clock (``15m``: :00, :15, :30, :45), so that a restart does not move it."""
    from apscheduler.triggers.interval import IntervalTrigger  # as above

    return IntervalTrigger(
        seconds=int(every.total_seconds()), start_date=datetime(2024, 1, 1, tzinfo=zone), timezone=zone
    )


def next_times(trigger: Any, now: datetime, count: int = 5) -> list[datetime]:
    """The next moments a trigger fires, in UTC."""
    times: list[datetime] = []
    previous: datetime | None = None
    moment = now
    while len(times) < count:
        fires = trigger.get_next_fire_time(previous, moment)
        if fires is None:
            break
        times.append(fires.astimezone(UTC))
        previous, moment = fires, fires
    return times


def clock_changes(zone: ZoneInfo, now: datetime, days: int = 366) -> Iterator[tuple[datetime, timedelta]]:
    """Moments (UTC) at which the zone's clocks change within ``days``, and by how much."""
    step = timedelta(hours=1)
    moment = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    end = moment + timedelta(days=days)
    offset = moment.astimezone(zone).utcoffset()
    while moment < end:
        moment += step
        new = moment.astimezone(zone).utcoffset()
        if new != offset and new is not None and offset is not None:
            yield moment, new - offset
        offset = new


def clock_notes(cron: Cron, zone: ZoneInfo, now: datetime) -> list[str]:
    """What the next changes of the clocks do to a schedule with fixed hours."""
    notes: list[str] = []
    if len(cron.hours) == 24:
        return notes
    trigger = cron_to_trigger(cron, zone)
    for change, by in clock_changes(zone, now):
        start, end = change - timedelta(hours=3), change + timedelta(hours=3)
        fires = [time for time in next_times(trigger, start, 400) if time <= end]
        local = [time.astimezone(zone) for time in fires]
        if by > timedelta(0):
            notes += [
                f"{one:%Y-%m-%d}: clocks go forward, so that run is at {one:%H:%M}"
                for one in local
                if one.hour not in cron.hours or one.minute not in cron.minutes
            ]
        else:
            walls = [one.strftime("%Y-%m-%d %H:%M") for one in local]
            twice = sorted({wall for wall in walls if walls.count(wall) > 1})
            notes += [
                f"{wall}: clocks go back, so that run happens twice; the second finds little to do" for wall in twice
            ]
    return notes


def describe(times: Sequence[datetime], zone: ZoneInfo) -> list[tuple[str, str]]:
    """Each moment in the schedule's zone and in UTC."""
    return [
        (f"{time.astimezone(zone):%a %Y-%m-%d %H:%M %Z}", f"{time.astimezone(UTC):%Y-%m-%d %H:%M UTC}")
        for time in times
    ]
