"""New rows of the SQL connector: written at once, and read back only where the table may show something else."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event

from connectors.sdk import Outcome, OutcomeKind, Write
from connectors.sql.connector import SqlConnector

PEOPLE = "CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT, nick VARCHAR(5), note TEXT)"
NOBODY = Write("nobody", {})  # an update: a batch that holds one goes the careful way


def database(path: Path, script: str = PEOPLE) -> Path:
    with sqlite3.connect(path) as opened:
        opened.executescript(script)
    opened.close()
    return path


def connector(url: Path | str, **stream: Any) -> SqlConnector:
    if isinstance(url, Path):
        url = f"sqlite:///{url}"
    own = {"table": "t", "key": "id", "key_from": "marker", "writable": True, **stream}
    return SqlConnector(SqlConnector.Settings.model_validate({"url": url, "streams": {"t": own}}))


def rows(path: Path) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as opened:
        found = opened.execute("SELECT * FROM t ORDER BY 1").fetchall()
    opened.close()
    return found


def said(made: SqlConnector, batch: list[Write]) -> list[str]:
    """The statements that one batch takes."""
    made.discover("t")  # the table is described once, not for every batch
    statements: list[str] = []
    event.listen(made._opened(), "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    assert [outcome.kind for outcome in made.upsert("t", batch)] == [OutcomeKind.APPLIED] * len(batch)
    return statements


def shown(outcomes: list[Outcome], made: SqlConnector) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Data of the outcomes, and of the same records read afterwards."""
    records = [outcome.record for outcome in outcomes if outcome.record is not None]
    fetched = made.fetch("t", [record.key for record in records])
    assert [record.version for record in records] == [record.version for record in fetched]
    return [dict(record.data) for record in records], [dict(record.data) for record in fetched]


TEXTS = st.one_of(st.none(), st.text(alphabet="aö'\"?:\x00 7", max_size=6), st.sampled_from(["007", "", "1e3"]))
VALUES = st.one_of(TEXTS, st.integers(-3, 3), st.booleans(), st.just([1]))
FIELDS = st.dictionaries(st.sampled_from(["name", "nick", "note"]), VALUES, max_size=3)
STRANGE = st.dictionaries(st.sampled_from(["name", "id", "nonsense"]), TEXTS, max_size=2)
WRITES = st.lists(
    st.builds(Write, st.none(), st.one_of(FIELDS, FIELDS, STRANGE), st.none(), st.sampled_from(["", *"abcdefghij"])),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(batches=st.lists(WRITES, min_size=1, max_size=2), kind=st.sampled_from(["marker", "field", "database"]))
def test_a_batch_of_new_rows_does_what_its_rows_would_do_one_by_one(batches: list[list[Write]], kind: str) -> None:
    serial = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, nick VARCHAR(5), note TEXT, hub TEXT UNIQUE)"
    own: dict[str, Any] = {"key_from": kind, **({"marker": "hub"} if kind == "database" else {})}
    with tempfile.TemporaryDirectory() as folder:
        at_once, with_care = (
            database(Path(folder) / name, serial if kind == "database" else PEOPLE) for name in ("once.db", "care.db")
        )
        fast, careful = connector(at_once, **own), connector(with_care, **own)
        for batch in batches:
            if kind == "field":
                batch = [write._replace(fields={**write.fields, "id": write.marker}) for write in batch]
            assert fast.upsert("t", batch) == careful.upsert("t", [*batch, NOBODY])[:-1]
        assert rows(at_once) == rows(with_care)
        fast.close()
        careful.close()


@settings(max_examples=60, deadline=None)
@given(writes=WRITES)
def test_what_an_outcome_shows_is_what_a_read_shows(writes: list[Write]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = connector(database(Path(folder) / "t.db"))
        ours, theirs = shown(list(made.upsert("t", writes)), made)
        assert ours == theirs
        made.close()


def test_plain_new_rows_take_one_statement(tmp_path: Path) -> None:
    made = connector(database(tmp_path / "t.db"))
    spoken = said(made, [Write(None, {"name": "007", "note": None}, marker=f"m{n}") for n in range(400)])
    assert [statement.split()[0] for statement in spoken if not statement.startswith(("PRAGMA", "BEGIN", "SAVE"))] == [
        "INSERT",
        "RELEASE",
    ]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            f"{PEOPLE}; CREATE TRIGGER up AFTER INSERT ON t BEGIN UPDATE t SET name = upper(new.name); END",
            {"id": "m", "name": "ANN", "nick": None, "note": None},
        ),
        (
            "CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT, at TEXT DEFAULT 'now')",
            {"id": "m", "name": "ann", "at": "now"},
        ),
        (
            "CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT, big TEXT AS (upper(name)))",
            {"id": "m", "name": "ann", "big": "ANN"},
        ),
    ],
    ids=["trigger", "default", "generated"],
)
def test_what_the_database_makes_of_a_new_row_is_shown(tmp_path: Path, script: str, expected: dict[str, Any]) -> None:
    made = connector(database(tmp_path / "t.db", script))
    [outcome] = made.upsert("t", [Write(None, {"name": "ann"}, marker="m")])
    assert outcome.record is not None
    assert outcome.record.data == expected


def test_a_text_that_a_column_makes_a_number_of_is_shown_as_the_number(tmp_path: Path) -> None:
    made = connector(database(tmp_path / "t.db", "CREATE TABLE t (id TEXT PRIMARY KEY, code INTEGER, zip NUM)"))
    [outcome] = made.upsert("t", [Write(None, {"code": "007", "zip": "00123"}, marker="m")])
    assert outcome.record is not None
    assert outcome.record.data == made.fetch("t", ["m"])[0].data
    assert outcome.record.data["code"] == 7


def test_a_trigger_made_meanwhile_is_seen(tmp_path: Path) -> None:
    path = database(tmp_path / "t.db")
    made = connector(path)
    made.upsert("t", [Write(None, {"name": "ann"}, marker="a")])
    database(path, "CREATE TRIGGER up AFTER INSERT ON t BEGIN UPDATE t SET name = 'theirs' WHERE id = new.id; END")
    [outcome] = made.upsert("t", [Write(None, {"name": "bob"}, marker="b")])
    assert outcome.record is not None
    assert outcome.record.data["name"] == "theirs"


@pytest.mark.parametrize("size", [1, 3])
def test_a_row_whose_marker_the_database_changes_is_refused_and_not_kept(tmp_path: Path, size: int) -> None:
    script = (
        f"{PEOPLE}; CREATE TRIGGER own AFTER INSERT ON t BEGIN UPDATE t SET id = 'x' || new.id WHERE name = 'ann'; END"
    )
    path = database(tmp_path / "t.db", script)
    made = connector(path)
    writes = [Write(None, {"name": name}, marker=name[0]) for name in ("ann", "bob", "cy")[:size]]
    outcomes = made.upsert("t", writes)
    assert [o.kind.value for o in outcomes] == ["refused", "applied", "applied"][:size]
    assert [record.data["name"] for page in made.read("t", None) for record in page.records] == ["bob", "cy"][
        : size - 1
    ]


def test_a_table_that_drops_what_it_does_not_like_is_read_back(tmp_path: Path) -> None:
    script = "CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT UNIQUE ON CONFLICT IGNORE)"
    made = connector(database(tmp_path / "t.db", script))
    first, second = made.upsert("t", [Write(None, {"name": "ann"}, marker=m) for m in "ab"])
    assert first.record is not None
    assert (second.kind, second.code) == (OutcomeKind.REFUSED, "not-kept")


def test_the_same_batch_again_makes_no_second_row(tmp_path: Path) -> None:
    path = database(tmp_path / "t.db")
    made = connector(path)
    made.upsert("t", [Write(None, {"name": "ann"}, marker=m) for m in "ab"])
    again = made.upsert("t", [Write(None, {"name": "bob"}, marker=m) for m in "abc"])
    assert [(outcome.kind, outcome.key) for outcome in again] == [(OutcomeKind.APPLIED, m) for m in "abc"]
    assert rows(path) == [(m, "bob", None, None) for m in "abc"]


def test_a_new_row_starts_its_version_and_is_not_deleted(tmp_path: Path) -> None:
    script = "CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT, rev INTEGER, gone TEXT)"
    made = connector(database(tmp_path / "t.db", script), version="rev", soft_delete={"column": "gone"})
    [outcome] = made.upsert("t", [Write(None, {"name": "ann"}, marker="m")])
    assert (outcome.version, outcome.record) == ("1", made.fetch("t", ["m"])[0])


@pytest.mark.parametrize("extra", ["", "TRIGGER", "RULE", "DEFAULT"])
def test_postgresql_shows_new_rows_as_they_are(postgres_schema: str, extra: str) -> None:
    engine = create_engine(postgres_schema)
    with engine.begin() as connection:
        connection.exec_driver_sql(PEOPLE)
        if extra == "TRIGGER":
            connection.exec_driver_sql(
                "CREATE FUNCTION theirs() RETURNS trigger AS $$ BEGIN NEW.note := 'theirs'; RETURN NEW; END $$"
                " LANGUAGE plpgsql"
            )
            connection.exec_driver_sql("CREATE TRIGGER up BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION theirs()")
        elif extra == "RULE":
            connection.exec_driver_sql(
                "CREATE RULE also AS ON INSERT TO t DO ALSO UPDATE t SET note = 'theirs' WHERE id = NEW.id"
            )
    made = connector(postgres_schema)
    made.discover("t")
    if extra == "DEFAULT":  # after the table was looked at
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE t ALTER COLUMN note SET DEFAULT 'theirs'")
    batch = [Write(None, {"name": f"n{n}", "nick": None}, marker=f"m{n}") for n in range(3)]
    ours, theirs = shown(list(made.upsert("t", batch)), made)
    assert ours == theirs
    assert [row["note"] for row in ours] == ["theirs" if extra else None] * 3
    spoken = said(made, [write._replace(marker=f"again {write.marker}") for write in batch])
    selects = [statement for statement in spoken if statement.startswith("SELECT t.")]
    assert len(selects) == (2 if extra else 1)  # whether the rows are there already, and what became of them
    made.close()
    engine.dispose()


def test_a_column_that_is_not_read_is_not_shown(tmp_path: Path) -> None:
    made = connector(database(tmp_path / "t.db"), columns=["name"])
    [outcome] = made.upsert("t", [Write(None, {"name": "ann", "note": "unread"}, marker="m")])
    assert outcome.record is not None
    assert outcome.record.data == {"id": "m", "name": "ann"}


def test_one_marker_twice_makes_one_row_where_the_table_would_take_two(tmp_path: Path) -> None:
    path = database(tmp_path / "t.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, hub TEXT)")
    made = connector(path, key_from="database", marker="hub")
    outcomes = made.upsert("t", [Write(None, {"name": name}, marker="m") for name in ("ann", "bob")])
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.APPLIED, OutcomeKind.RETRY]
    made.upsert("t", [Write(None, {"name": "cy"}, marker="m")])
    assert rows(path) == [(1, "cy", "m")]


# reading no more than is looked at


def test_columns_that_nobody_looks_at_are_not_read(tmp_path: Path) -> None:
    columns = "id TEXT PRIMARY KEY, name TEXT, note TEXT, rev INTEGER DEFAULT 3, at TEXT, hub TEXT, gone TEXT"
    script = f"CREATE TABLE t ({columns});"
    path = database(tmp_path / "t.db", f"{script} INSERT INTO t (id, name, at) VALUES ('a', 'ann', '2026-01-01')")
    own = {"key_from": "field", "version": "rev", "watermark": "at", "marker": "hub", "soft_delete": {"column": "gone"}}
    made = connector(path, **own)
    for looked_at in (["name", "nonsense"], ["note"], []):
        made.narrow("t", looked_at)
        seen = {"id", "rev", "at", "hub", "gone", *looked_at} - {"nonsense"}
        [page] = made.read("t", None)
        assert page.records == made.fetch("t", ["a"]) == made.find("t", "name", ["ann"])
        assert [(r.key, r.version, set(r.data)) for r in page.records] == [("a", "3", seen)]
        [outcome] = made.upsert("t", [Write("a", {"name": "ann"}, expects="3")])
        assert outcome.record is not None
        assert set(outcome.record.data) == seen
        database(path, "UPDATE t SET rev = 3")
    assert {field.name for field in made.discover("t") if field.readable} == seen | {"name", "note"}


def test_a_new_row_shows_what_is_looked_at(tmp_path: Path) -> None:
    made = connector(database(tmp_path / "t.db"))
    made.narrow("t", ["nick", "name"])
    [outcome] = made.upsert("t", [Write(None, {"name": "ann", "note": "n"}, marker="m")])
    assert outcome.record is not None
    assert {"id": "m", "name": "ann", "nick": None}.items() <= outcome.record.data.items()
