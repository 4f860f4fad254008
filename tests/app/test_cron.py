"""Cron expressions fire when cron would fire."""

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncline.cron import (
    clock_notes,
    cron_to_trigger,
    every_to_trigger,
    next_times,
    parse_cron,
    parse_duration,
)

BERLIN = ZoneInfo("Europe/Berlin")
NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def reference(text: str, start: datetime, count: int) -> list[datetime]:
    """Crontab's manual, minute by minute: an own reading of the five fields, sharing nothing with the product's."""

    def fits(field: str, value: int) -> bool:
        for part in field.split(","):
            span, _, step = part.partition("/")
            if span == "*":
                low, high = 0, 10**6
                if value % int(step or 1) == 0:
                    return True
                continue
            low, _, high = span.partition("-")
            low, high = int(low), int(high or low)
            if low <= value <= high and (value - low) % int(step or 1) == 0:
                return True
        return False

    minute, hour, day, month, weekday = text.split()
    found: list[datetime] = []
    moment = start
    while len(found) < count and moment < start + timedelta(days=800):
        sunday_first = moment.isoweekday() % 7
        on_weekday = fits(weekday, sunday_first) or (sunday_first == 0 and "*" not in weekday and fits(weekday, 7))
        on_day = fits(day, moment.day)
        either = "*" not in day and "*" not in weekday
        right_day = (on_day or on_weekday) if either else (on_day and on_weekday)
        if not (right_day and fits(month, moment.month)):
            moment = (moment + timedelta(days=1)).replace(hour=0, minute=0)
            continue
        if fits(hour, moment.hour) and fits(minute, moment.minute):
            found.append(moment)
        moment += timedelta(minutes=1)
    return found


def ranges(low: int, high: int):
    pair = st.tuples(st.integers(low, high), st.integers(low, high)).map(sorted)
    part = st.one_of(
        st.integers(low, high).map(str),
        pair.map(lambda p: f"{p[0]}-{p[1]}"),
        st.tuples(pair, st.integers(1, 5)).map(lambda p: f"{p[0][0]}-{p[0][1]}/{p[1]}"),
    )
    return st.one_of(st.just("*"), st.lists(part, min_size=1, max_size=2).map(",".join))


expressions = st.tuples(ranges(0, 59), ranges(0, 23), ranges(1, 28), st.just("*"), ranges(0, 7)).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(expressions)
def test_a_trigger_fires_at_the_minutes_a_plain_reading_of_the_expression_gives(text):
    start = datetime(2026, 2, 26, 13, 7, tzinfo=UTC)
    trigger = cron_to_trigger(parse_cron(text), ZoneInfo("UTC"))
    assert next_times(trigger, start, 4) == reference(text, start, 4)


def test_weekday_numbers_count_from_sunday_and_seven_is_sunday_too():
    start = datetime(2026, 11, 21, tzinfo=UTC)
    for text, days in (
        ("0 6 * * 1-5", {"Mon", "Tue", "Wed", "Thu", "Fri"}),
        ("0 6 * * 7", {"Sun"}),
        ("0 6 * * 0", {"Sun"}),
    ):
        times = next_times(cron_to_trigger(parse_cron(text), ZoneInfo("UTC")), start, 10)
        assert {f"{time:%a}" for time in times} == days


@pytest.mark.parametrize(
    ("text", "days"), [("0 0 * * fri-sun", {5, 6, 0}), ("0 0 * jan-mar mon", {1}), ("@weekly", {0})]
)
def test_names_and_macros_mean_what_cron_means(text, days):
    assert parse_cron(text).weekdays == days


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("* * * *", "5 fields"),
        ("60 * * * *", "minute: 60 is not between 0 and 59"),
        ("* * * * 8", "weekday: 8 is not between 0 and 7"),
        ("5/15 * * * *", "has a step but no range"),
        ("30-10 * * * *", "runs backwards"),
        ("* * 30 2 *", "never run"),
        ("* x * * *", "hour: 'x' is not a number"),
        ("*/0 * * * *", "minute: 0 is not between"),
    ],
)
def test_a_wrong_expression_is_refused_with_the_field_and_the_reason(text, says):
    with pytest.raises(ValueError, match=says):
        parse_cron(text)


@given(st.text(max_size=30))
def test_no_text_breaks_the_parsers(text):
    for parse in (parse_cron, parse_duration):
        with contextlib.suppress(ValueError):
            parse(text)


def test_the_lost_hour_in_spring_and_the_doubled_one_in_autumn_are_announced():
    notes = clock_notes(parse_cron("30 2 * * *"), BERLIN, datetime(2026, 11, 21, tzinfo=UTC))
    assert any("2027-03-28" in note and "03:30" in note for note in notes)
    assert any("2027-10-31 02:30" in note and "twice" in note for note in notes)
    assert clock_notes(parse_cron("30 12 * * *"), BERLIN, datetime(2026, 11, 21, tzinfo=UTC)) == []


def test_a_nightly_run_in_a_zone_keeps_its_local_hour_across_a_change_of_the_clocks():
    trigger = cron_to_trigger(parse_cron("0 5 * * *"), BERLIN)
    times = next_times(trigger, datetime(2027, 3, 27, tzinfo=UTC), 3)
    assert [f"{time:%H:%M}" for time in times] == ["04:00", "03:00", "03:00"]


def test_an_interval_is_aligned_to_the_clock_so_that_a_restart_does_not_move_it():
    trigger = every_to_trigger(parse_duration("15m"), ZoneInfo("UTC"))
    early = next_times(trigger, datetime(2026, 11, 21, 8, 1, tzinfo=UTC), 2)
    late = next_times(trigger, datetime(2026, 11, 21, 8, 14, tzinfo=UTC), 2)
    assert early == late == [datetime(2026, 11, 21, 8, 15, tzinfo=UTC), datetime(2026, 11, 21, 8, 30, tzinfo=UTC)]


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("1h 30m", 5400), ("1d", 86400)])
def test_durations_are_read_with_their_units(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)
