"""What databases hold that they should not, and what people write that cannot work."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.sdk import OutcomeKind, UnauthorisedError, UnreachableError, Write
from connectors.sql import values
from connectors.sql.connector import SqlConnector
from connectors.sql.positions import lower_bound
from model.errors import ConfigurationError


def connector(path: Path, zone: str | None = None, **stream: Any) -> SqlConnector:
    settings = {"url": f"sqlite:///{path}", "zone": zone, "streams": {"t": {"table": "t", "key": "id", **stream}}}
    return SqlConnector(SqlConnector.Settings.model_validate(settings))


def database(path: Path, script: str) -> Path:
    with sqlite3.connect(path) as opened:
        opened.executescript(script)
    opened.close()
    return path


def test_a_missing_sqlite_file_is_said_and_not_created(tmp_path: Path) -> None:
    lost = connector(tmp_path / "lost.db")
    assert [finding.code for finding in lost.check()] == ["unreachable"]
    with pytest.raises(UnreachableError):
        list(lost.read("t", None))
    assert not (tmp_path / "lost.db").exists()


def test_a_row_that_cannot_be_decoded_is_a_flaw_and_delays_no_other(tmp_path: Path) -> None:
    path = database(
        tmp_path / "t.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);"
        "INSERT INTO t VALUES (1, 'a'), (2, CAST(x'ff41' AS TEXT)), (3, x'0102'), (4, 'd');",
    )
    pages = list(connector(path, page=2).read("t", None))
    assert [record.key for page in pages for record in page.records] == ["1", "4"]
    assert [(flaw.place, flaw.key) for page in pages for flaw in page.flaws] == [("t:2", "2"), ("t:3", "3")]


def test_an_unreadable_row_is_never_reported_as_gone(tmp_path: Path) -> None:
    path = database(
        tmp_path / "t.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);"
        "INSERT INTO t VALUES (2, CAST(x'ff41' AS TEXT)), (3, x'0102'), (4, 'd');",
    )
    assert [(record.key, record.deleted) for record in connector(path).fetch("t", ["2", "3", "4", "5"])] == [
        ("4", False),
        ("5", True),
    ]


def test_a_row_without_a_key_is_a_flaw(tmp_path: Path) -> None:
    path = database(
        tmp_path / "t.db", "CREATE TABLE t (id TEXT, name TEXT); INSERT INTO t VALUES (NULL, 'a'), ('b', 'b');"
    )
    page = next(iter(connector(path).read("t", None)))
    assert [record.key for record in page.records] == ["b"]
    assert [flaw.problem.code for flaw in page.flaws] == ["no-key"]


def test_a_stamp_without_zone_is_not_guessed(tmp_path: Path) -> None:
    path = database(
        tmp_path / "t.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME); INSERT INTO t VALUES (1, '2026-01-02 10:00:00');",
    )
    assert "zone-unknown" in [finding.code for finding in connector(path, watermark="at").check()]
    with pytest.raises(ConfigurationError, match="time zone"):
        list(connector(path, watermark="at").read("t", None))
    berlin = connector(path, "Europe/Berlin", watermark="at")
    assert next(iter(berlin.read("t", None))).records[0].data["at"] == "2026-01-02T09:00:00Z"


def test_the_hour_that_happens_twice_is_read_again(tmp_path: Path) -> None:
    path = database(
        tmp_path / "t.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, at DATETIME); INSERT INTO t VALUES (1, '2025-10-26 02:59:00');",
    )
    berlin = connector(path, "Europe/Berlin", watermark="at", overlap=0)
    since = next(iter(berlin.read("t", None))).cursor
    database(path, "INSERT INTO t VALUES (2, '2025-10-26 02:05:00');")  # half an hour later, by a clock turned back
    assert [record.key for page in berlin.read("t", since) for record in page.records] == ["2", "1"]


@pytest.mark.parametrize(
    ("declared", "first", "second"),
    [
        ("INTEGER", 41, 42),
        ("DATE", "2026-01-02", "2026-01-02"),
        ("DATETIME", "2026-01-02T10:00:00Z", "2026-01-02 10:00:00.5+00:00"),
        ("TEXT", "2026-01-02T10:00:00.123456Z", "2026-01-02T10:00:01Z"),
    ],
)
def test_watermarks_of_every_form_resume(tmp_path: Path, declared: str, first: Any, second: Any) -> None:
    path = database(tmp_path / "t.db", f"CREATE TABLE t (id INTEGER PRIMARY KEY, at {declared});")
    with sqlite3.connect(path) as opened:
        opened.executemany("INSERT INTO t VALUES (?, ?)", [(1, first)])
    opened.close()
    found = connector(path, watermark="at", overlap=1)
    since = next(iter(found.read("t", None))).cursor
    with sqlite3.connect(path) as opened:
        opened.executemany("INSERT INTO t VALUES (?, ?)", [(2, second)])
    opened.close()
    assert "2" in [record.key for page in found.read("t", since) for record in page.records]


def test_key_from_marker_takes_the_hubs_id_and_a_view_is_read(tmp_path: Path) -> None:
    path = database(
        tmp_path / "t.db",
        "CREATE TABLE u (id TEXT PRIMARY KEY, name TEXT); CREATE VIEW t AS SELECT id, name FROM u WHERE name <> 'x';",
    )
    writing = SqlConnector(
        SqlConnector.Settings.model_validate(
            {
                "url": f"sqlite:///{path}",
                "streams": {"u": {"table": "u", "key": "id", "writable": True, "key_from": "marker"}},
            }
        )
    )
    outcomes = writing.upsert("u", [Write(None, {"name": "x"}, marker="e1"), Write(None, {"name": "y"}, marker="e2")])
    assert [outcome.key for outcome in outcomes] == ["e1", "e2"]
    assert [record.key for page in connector(path).read("t", None) for record in page.records] == ["e2"]


def test_a_lone_surrogate_or_a_huge_number_is_refused_alone(tmp_path: Path) -> None:
    path = database(tmp_path / "t.db", "CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT, n INTEGER);")
    outcomes = connector(path, writable=True, key_from="marker").upsert(
        "t",
        [
            Write(None, {"name": "ok", "n": 1}, marker="a"),
            Write(None, {"name": "\ud800", "n": 1}, marker="b"),
            Write(None, {"name": "ok", "n": 2**70}, marker="c"),
            Write(None, {"name": {"a": 1}, "n": 1}, marker="d"),
            Write(None, {"name": "", "n": None}, marker="e"),
        ],
    )
    assert [outcome.kind for outcome in outcomes] == [
        OutcomeKind.APPLIED,
        OutcomeKind.REFUSED,
        OutcomeKind.REFUSED,
        OutcomeKind.REFUSED,
        OutcomeKind.APPLIED,
    ]
    assert outcomes[4].record is not None
    assert (outcomes[4].record.data["name"], outcomes[4].record.data["n"]) == ("", None)


def test_the_password_is_in_no_error_and_no_repr(postgres_url: str) -> None:
    url = postgres_url.replace("hub@", "nobody:canary-secret@")
    settings = SqlConnector.Settings.model_validate({"url": url, "streams": {"t": {"table": "t", "key": "id"}}})
    found = SqlConnector(settings)
    with pytest.raises((UnauthorisedError, UnreachableError)) as caught:
        list(found.read("t", None))
    shown = f"{caught.value!r} {settings!r} {found.check()}"
    assert "canary-secret" not in shown


def test_nobody_listening_is_unreachable() -> None:
    url = "postgresql+psycopg://hub:canary@127.0.0.1:1/db"
    settings = SqlConnector.Settings.model_validate({"url": url, "streams": {"t": {"table": "t", "key": "id"}}})
    assert [finding.code for finding in SqlConnector(settings).check()] == ["unreachable"]


@pytest.mark.parametrize("url", ["nonsense", "unheard+of://x", "oracle+notinstalled://x"])
def test_a_url_that_is_none_is_a_diagnostic_without_the_url(url: str) -> None:
    settings = SqlConnector.Settings.model_validate({"url": url, "streams": {"t": {"table": "t", "key": "id"}}})
    found = SqlConnector(settings).check()
    assert [finding.code for finding in found] == ["bad-url"]
    assert url not in str(found[0])


@pytest.mark.parametrize(
    "stream",
    [
        {"table": "t", "key": []},
        {"table": "t", "key": ["a", "b"], "writable": True},
        {"table": "t", "key": "a", "key_from": "marker", "marker": "b"},
        {"table": "t", "key": "a", "overlapp": 3},
    ],
)
def test_settings_that_contradict_themselves_are_refused(stream: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SqlConnector.Settings.model_validate({"url": "sqlite://", "streams": {"t": stream}})


@given(
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2050, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 (hypothesis adds the zone)
    st.integers(min_value=0, max_value=3600),
)
def test_the_lower_bound_is_never_after_any_later_moment(moment: datetime, later: int) -> None:
    """A wall clock in a zone with summer time: whatever is stamped later lies at or after the bound."""
    zone = ZoneInfo("Europe/Berlin")
    position = moment.astimezone(zone).replace(tzinfo=None)
    stamped = (moment + timedelta(seconds=later)).astimezone(zone).replace(tzinfo=None)
    assert lower_bound(position, 0, zone) <= stamped
    assert lower_bound(position.isoformat(" "), 0, zone) <= stamped.isoformat(" ")


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_decimals_survive_the_way_there_and_back(number: Any) -> None:
    text = format(number, "f")
    assert values.decimal_text(float(text), 2) == text.replace("-0.00", "0.00") or float(text) == 0
    assert values.decimal_text(values.to_decimal(text, as_text=False), 2) == text
