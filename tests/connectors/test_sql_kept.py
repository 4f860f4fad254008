"""What the SQL connector says of new rows that the database changes, drops, or that cannot be read; and of the rows
beside them, which are written in transactions of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from connectors.sdk import ConnectorError, OutcomeKind, Write
from connectors.sql.connector import SqlConnector

MOVED = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); CREATE TRIGGER own AFTER INSERT ON t WHEN new.name = 'ann' "
    "BEGIN UPDATE t SET id = 1000000 + new.id WHERE id = new.id; END"
)
DEFERRED = (
    "CREATE TABLE names (name TEXT PRIMARY KEY); INSERT INTO names VALUES ('bob'), ('cy'), ('dan'); "
    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT REFERENCES names DEFERRABLE INITIALLY DEFERRED)"
)
BYTES = "note TEXT DEFAULT x'0102'"


@pytest.fixture
def at(tmp_path: Path) -> Callable[..., SqlConnector]:
    path = tmp_path / "t.db"

    def build(script: str, **stream: Any) -> SqlConnector:
        with sqlite3.connect(path) as opened:
            opened.executescript(script)
        opened.close()
        own = {"table": "t", "key": "id", "writable": True, **stream}
        return SqlConnector(SqlConnector.Settings.model_validate({"url": f"sqlite:///{path}", "streams": {"t": own}}))

    return build


@pytest.fixture
def rows(tmp_path: Path) -> Callable[[str], list[Any]]:
    def look(column: str) -> list[Any]:
        with sqlite3.connect(tmp_path / "t.db") as opened:
            found = opened.execute(f"SELECT {column} FROM t ORDER BY 1").fetchall()
        opened.close()
        return [value for (value,) in found]

    return look


def creates(*names: str) -> list[Write]:
    return [Write(None, {"name": name}) for name in names]


def breaking(made: SqlConnector, name: str) -> Callable[[], None]:
    """The connection breaks at each insert of this row, after the first transaction; what is returned mends it."""
    begun: list[str] = []

    def broken(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if len(begun) > 1 and statement.startswith("INSERT") and name in str(parameters):
            raise OperationalError("", {}, sqlite3.OperationalError("server closed"), connection_invalidated=True)

    made.discover("t")  # the table is described in a transaction of its own
    event.listen(made._opened(), "begin", lambda _: begun.append("begin"))
    event.listen(made._opened(), "before_cursor_execute", broken)
    return lambda: event.remove(made._opened(), "before_cursor_execute", broken)


@pytest.mark.parametrize("script", [MOVED, DEFERRED])
def test_a_connection_lost_after_some_rows_of_a_batch_are_there_doubles_none(at, rows, script):
    made = at(script, key_from="database")
    mend = breaking(made, "dan")
    batch = creates("ann", "bob", "cy", "dan")
    outcomes = made.upsert("t", batch)
    told = [outcome.kind for outcome in outcomes]
    assert told == [OutcomeKind.REFUSED, OutcomeKind.APPLIED, OutcomeKind.RETRY, OutcomeKind.RETRY]
    assert rows("name") == ["bob"]
    mend()
    made.upsert("t", [write for write, kind in zip(batch, told, strict=True) if kind is OutcomeKind.RETRY])
    assert rows("name") == ["bob", "cy", "dan"]


def test_a_connection_lost_before_any_row_is_there_is_an_error_of_the_whole_batch(at, rows):
    made = at(MOVED, key_from="database")
    breaking(made, "ann")
    with pytest.raises(ConnectorError):
        made.upsert("t", creates("ann", "bob"))
    assert rows("name") == []


def test_one_row_that_is_not_kept_costs_the_others_few_transactions(at, rows):
    made = at(MOVED, key_from="database")
    begun: list[str] = []
    event.listen(made._opened(), "begin", lambda _: begun.append("begin"))
    outcomes = made.upsert("t", creates(*(f"p{place:02}" for place in range(40)), "ann", *(f"q{n}" for n in range(23))))
    assert sum(outcome.kind is OutcomeKind.APPLIED for outcome in outcomes) == 63 == len(rows("name"))
    assert outcomes[40].code == "not-kept"
    assert len(begun) < 20


@pytest.mark.parametrize(
    ("table", "stream"),
    [
        (f"id TEXT PRIMARY KEY, name TEXT, {BYTES}", {"key_from": "marker"}),
        (f"id TEXT PRIMARY KEY, name TEXT, hub TEXT, {BYTES}", {"key_from": "field"}),
        (f"id INTEGER PRIMARY KEY, name TEXT, hub TEXT, {BYTES}", {"key_from": "database", "marker": "hub"}),
    ],
)
def test_a_row_that_is_kept_and_cannot_be_read_is_there(at, rows, table, stream):
    made = at(f"CREATE TABLE t ({table})", **stream)
    own = {"id": "7"} if stream["key_from"] == "field" else {}
    [outcome] = made.upsert("t", [Write(None, {"name": "ann", **own}, marker="m")])
    assert (outcome.kind, outcome.record) == (OutcomeKind.APPLIED, None)
    assert [outcome.key] == [str(key) for key in rows("id")]


def test_the_same_create_of_a_row_that_cannot_be_read_makes_no_second_one(at, rows):
    made = at(
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, hub TEXT, {BYTES})", key_from="database", marker="hub"
    )
    first, second = (made.upsert("t", [Write(None, {"name": name}, marker="m")])[0] for name in ("ann", "bob"))
    assert (second.kind, second.key) == (OutcomeKind.APPLIED, first.key)
    assert rows("name") == ["bob"]


@pytest.mark.parametrize(("kind", "given"), [("NUMERIC(9, 2)", "7.0"), ("INTEGER", "007")])
def test_a_key_that_the_database_spells_otherwise_is_the_one_it_shows(at, rows, kind, given):
    made = at(f"CREATE TABLE t (id {kind} PRIMARY KEY, name TEXT)", key_from="field")
    [outcome] = made.upsert("t", [Write(None, {"id": given, "name": "ann"})])
    assert (outcome.kind, rows("name")) == (OutcomeKind.APPLIED, ["ann"])
    [read] = [record for page in made.read("t", None) for record in page.records]
    assert outcome.key == read.key


RAISED = "CREATE TRIGGER up AFTER INSERT ON t BEGIN UPDATE t SET id = upper(new.id) WHERE id = new.id; END"


def test_a_key_that_a_trigger_rewrites_is_told_by_the_marker(at, rows):
    made = at(f"CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT, hub TEXT); {RAISED}", key_from="field", marker="hub")
    [outcome] = made.upsert("t", [Write(None, {"id": "k1", "name": "ann"}, marker="m")])
    assert (outcome.kind, outcome.key) == (OutcomeKind.APPLIED, "K1")
    assert rows("id") == ["K1"]


def test_a_key_that_is_the_same_to_the_database_is_the_one_it_shows(at):
    made = at(f"CREATE TABLE t (id TEXT COLLATE NOCASE PRIMARY KEY, name TEXT); {RAISED}", key_from="field")
    [outcome] = made.upsert("t", [Write(None, {"id": "k1", "name": "ann"})])
    assert (outcome.kind, outcome.key, outcome.record.data["name"]) == (OutcomeKind.APPLIED, "K1", "ann")


def test_a_row_whose_key_a_trigger_rewrites_is_refused_where_nothing_else_tells_it(at, rows):
    made = at(f"CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT); {RAISED}", key_from="field")
    outcomes = made.upsert("t", [Write(None, {"id": key, "name": key}) for key in ("k1", "k2")])
    assert [(outcome.kind, outcome.key, outcome.code) for outcome in outcomes] == [
        (OutcomeKind.REFUSED, None, "not-kept")
    ] * 2
    assert rows("id") == []


def test_somebody_elses_row_of_the_same_key_is_not_taken_for_the_one_that_was_ignored(at, rows):
    table = "CREATE TABLE t (id TEXT COLLATE NOCASE PRIMARY KEY ON CONFLICT IGNORE, name TEXT)"
    made = at(f"{table}; INSERT INTO t VALUES ('K1', 'somebody else')", key_from="field")
    (outcome,) = made.upsert("t", [Write(None, {"id": "k1", "name": "ann"})])
    assert (outcome.kind, outcome.code) == (OutcomeKind.REFUSED, "not-kept")
    assert rows("name") == ["somebody else"]
