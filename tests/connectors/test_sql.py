"""The SQL connector against SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import Engine

from connectors.sdk import Context, CursorExpiredError, FieldType, OutcomeKind, Record, Write
from connectors.sql.connector import SqlConnector
from model.clock import ManualClock

DDL = """
CREATE TABLE customers (
  id {serial},
  hub_id VARCHAR(40) UNIQUE,
  email VARCHAR(40) UNIQUE,
  name VARCHAR(20) NOT NULL,
  credit DECIMAL(10,2),
  active BOOLEAN,
  born DATE,
  changed {moment},
  gone BOOLEAN,
  rev INTEGER NOT NULL DEFAULT 1,
  photo {blob}
)
"""
TYPES = {
    "sqlite": {"serial": "INTEGER PRIMARY KEY", "moment": "DATETIME", "blob": "BLOB"},
    "postgresql": {"serial": "SERIAL PRIMARY KEY", "moment": "TIMESTAMP WITH TIME ZONE", "blob": "BYTEA"},
}
CUSTOMERS = {
    "table": "customers",
    "key": "id",
    "watermark": "changed",
    "overlap": 60,
    "soft_delete": {"column": "gone"},
    "version": "rev",
    "marker": "hub_id",
    "writable": True,
    "page": 3,
    "batch": 500,
}


@dataclass
class Database:
    url: str
    engine: Engine
    opened: list[SqlConnector] = field(default_factory=list)

    def run(self, sql: str, *rows: dict[str, Any]) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(sql), list(rows) or None)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql).fetchall()]

    def connector(self, zone: str | None = "UTC", **streams: dict[str, Any]) -> SqlConnector:
        settings = {"url": self.url, "zone": zone, "streams": streams or {"customers": CUSTOMERS}}
        self.opened.append(SqlConnector(SqlConnector.Settings.model_validate(settings), Context(clock=ManualClock())))
        return self.opened[-1]

    def seed(self, count: int, changed: str | None = "2026-01-02 10:00:00") -> None:
        stamp = changed if changed is None or self.engine.dialect.name == "sqlite" else f"{changed}+00"
        sql = "INSERT INTO customers (name, email, credit, active, born, changed) VALUES (:n, :e, 12.5, :a, :b, :c)"
        if self.engine.dialect.name != "sqlite":
            sql = sql.replace(":b", "CAST(:b AS DATE)").replace(":c", "CAST(:c AS TIMESTAMPTZ)")
        if not count:
            return
        have = self.rows("SELECT count(*) FROM customers")[0][0]
        self.run(
            sql,
            *(
                {"n": f"name {i}", "e": f"c{i}@example.com", "a": True, "b": "1980-02-29", "c": stamp}
                for i in range(have, have + count)
            ),
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'erp.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    engine = create_engine(url)
    if request.param == "sqlite":
        event.listen(engine, "connect", lambda dbapi, _: dbapi.execute("PRAGMA foreign_keys=ON"))
    found = Database(url, engine)
    found.run("DROP TABLE IF EXISTS orders")
    found.run("DROP TABLE IF EXISTS customers")
    found.run(DDL.format(**TYPES[request.param]))
    yield found
    for connector in found.opened:
        connector.close()
    engine.dispose()


def everything(connector: SqlConnector, stream: str = "customers", since: str | None = None) -> dict[str, Record]:
    return {record.key: record for page in connector.read(stream, since) for record in page.records}


def last_cursor(connector: SqlConnector, since: str | None = None) -> str:
    return next(page.cursor for page in reversed(list(connector.read("customers", since))) if page.cursor)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7])
def test_a_full_read_lists_every_row_once_at_any_page_edge(database: Database, count: int) -> None:
    database.seed(count)
    pages = list(database.connector().read("customers", None))
    keys = [record.key for page in pages for record in page.records]
    assert keys == [str(i + 1) for i in range(count)]
    assert all(page.full for page in pages)
    assert [page.cursor is None for page in pages] == [True] * (len(pages) - 1) + [count == 0]


def test_rows_of_another_table_arrive_as_a_list_of_the_record_they_belong_to(database: Database) -> None:
    database.seed(4)
    database.run("CREATE TABLE orders (number INTEGER, customer INTEGER, total DECIMAL(10,2))")
    database.run("INSERT INTO orders VALUES (2, 1, 5.5), (1, 1, 7), (1, 3, NULL), (9, 77, 1)")
    children = {"orders": {"table": "orders", "parent": "customer", "key": "number"}}
    connector = database.connector(customers=CUSTOMERS | {"watermark": None, "children": children})
    found = {key: record.data["orders"] for key, record in everything(connector).items()}
    both = [{"number": 1, "total": "7.00"}, {"number": 2, "total": "5.50"}]
    assert found == {"1": both, "2": [], "3": [{"number": 1, "total": None}], "4": []}
    database.run("INSERT INTO orders VALUES (NULL, 3, 1)")  # told apart from no other by nothing
    assert set(everything(connector)) == {"1", "2", "4"}


def test_values_arrive_as_json(database: Database) -> None:
    database.seed(1)
    record = everything(database.connector())["1"]
    assert record.data == {
        "id": 1,
        "hub_id": None,
        "email": "c0@example.com",
        "name": "name 0",
        "credit": "12.50",
        "active": True,
        "born": "1980-02-29",
        "changed": "2026-01-02T10:00:00Z",
        "gone": None,
        "rev": 1,
    }
    assert record.version == "1"


def test_a_later_read_sees_equal_stamps_late_stamps_and_nothing_older(database: Database) -> None:
    database.seed(2, "2026-01-02 09:00:00")
    database.seed(3, "2026-01-02 10:00:00")
    connector = database.connector()
    since = last_cursor(connector)
    database.seed(4, "2026-01-02 10:00:00")  # the same stamp, committed later
    database.seed(1, "2026-01-02 09:59:30")  # stamped before the position, visible after it
    assert set(everything(connector, since=since)) == {str(i) for i in range(3, 11)}


def test_the_position_itself_is_read_again_without_any_overlap(database: Database) -> None:
    database.seed(1)
    connector = database.connector(customers={**CUSTOMERS, "overlap": 0})
    since = last_cursor(connector)
    database.seed(1)
    assert "2" in everything(connector, since=since)


def test_replay_from_the_cursor_of_any_page_loses_nothing(database: Database) -> None:
    database.seed(1, "2026-01-02 08:00:00")
    connector = database.connector()
    start = last_cursor(connector)
    for hour in range(9, 21):
        database.seed(5, f"2026-01-02 {hour:02}:00:00")
    pages = list(connector.read("customers", start))
    seen: set[str] = set()
    for page in pages:
        seen |= {record.key for record in page.records}
        if page.cursor:
            assert seen | set(everything(connector, since=page.cursor)) >= {str(i) for i in range(2, 62)}


def test_rows_without_a_stamp_are_never_lost(database: Database) -> None:
    database.seed(1)
    connector = database.connector()
    since = last_cursor(connector)
    database.seed(7, None)
    assert set(everything(connector, since=since)) == {str(i) for i in range(1, 9)}


def test_a_stamp_in_the_future_does_not_hide_what_comes_after(database: Database) -> None:
    database.seed(1, "2099-01-01 00:00:00")
    connector = database.connector()
    since = last_cursor(connector)
    assert "2099" not in since
    now = "datetime('now')" if database.engine.dialect.name == "sqlite" else "now()"
    database.seed(1)
    database.run(f"UPDATE customers SET changed = {now} WHERE id = 2")
    assert set(everything(connector, since=since)) == {"1", "2"}
    assert "2099" not in last_cursor(connector, since)


def test_a_soft_deleted_row_is_a_tombstone_and_no_live_key(database: Database) -> None:
    database.seed(2)
    database.run("UPDATE customers SET gone = :gone WHERE id = 2", {"gone": True})
    connector = database.connector()
    assert {key: record.deleted for key, record in everything(connector).items()} == {"1": False, "2": True}
    assert [key for page in connector.keys("customers") for key in page] == ["1"]


def test_fetch_answers_in_order_and_a_missing_row_is_a_tombstone(database: Database) -> None:
    database.seed(3)
    fetched = database.connector().fetch("customers", ["3", "99", "not a number", "1"])
    assert [(record.key, record.deleted) for record in fetched] == [
        ("3", False),
        ("99", True),
        ("not a number", True),
        ("1", False),
    ]


def test_find_searches_one_column(database: Database) -> None:
    database.seed(3)
    found = database.connector().find("customers", "email", ["c1@example.com", "nobody@example.com"])
    assert [record.key for record in found] == ["2"]


def test_a_foreign_cursor_asks_for_a_full_read(database: Database) -> None:
    with pytest.raises(CursorExpiredError):
        list(database.connector().read("customers", "2026-01-01"))


# writing


def test_a_create_carries_the_marker_and_brings_the_row_back(database: Database) -> None:
    outcomes = database.connector().upsert(
        "customers",
        [
            Write(
                None,
                {"name": f"new {i}", "credit": "1.5", "active": i == 0, "changed": "2026-03-29T03:30:00+02:00"},
                marker=f"e{i}",
            )
            for i in range(3)
        ],
    )
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.APPLIED] * 3
    assert [outcome.record.data["hub_id"] for outcome in outcomes if outcome.record] == ["e0", "e1", "e2"]
    assert outcomes[0].record is not None
    assert outcomes[0].record.data["credit"] == "1.50"
    assert outcomes[0].record.data["changed"] == "2026-03-29T01:30:00Z"
    assert database.rows("SELECT id, name, hub_id FROM customers ORDER BY id") == [
        (1, "new 0", "e0"),
        (2, "new 1", "e1"),
        (3, "new 2", "e2"),
    ]


def test_the_same_create_again_makes_no_second_row(database: Database) -> None:
    connector = database.connector()
    connector.upsert("customers", [Write(None, {"name": "first"}, marker="e1")])
    again = connector.upsert(
        "customers", [Write(None, {"name": "again"}, marker="e1"), Write(None, {"name": "other"}, marker="e2")]
    )
    assert [(outcome.kind, outcome.key) for outcome in again] == [
        (OutcomeKind.APPLIED, "1"),
        (OutcomeKind.APPLIED, "2"),
    ]
    assert database.rows("SELECT name FROM customers ORDER BY id") == [("again",), ("other",)]


def test_a_poisonous_row_is_refused_and_delays_no_other(database: Database) -> None:
    database.seed(1)
    writes = [Write(None, {"name": f"n{i}"}, marker=f"e{i}") for i in range(20)]
    writes[3] = Write(None, {"name": "taken", "email": "c0@example.com"}, marker="e3")
    writes[7] = Write(None, {"name": None}, marker="e7")
    writes[11] = Write(None, {"name": "x" * 21}, marker="e11")
    writes[13] = Write(None, {"name": "x", "credit": "twelve"}, marker="e13")
    writes[15] = Write(None, {"name": "x", "nonsense": 1}, marker="e15")
    outcomes = database.connector().upsert("customers", writes)
    kinds = {place: outcome.kind for place, outcome in enumerate(outcomes) if outcome.kind is not OutcomeKind.APPLIED}
    assert kinds == {
        3: OutcomeKind.DUPLICATE,
        7: OutcomeKind.REFUSED,
        11: OutcomeKind.REFUSED,
        13: OutcomeKind.REFUSED,
        15: OutcomeKind.REFUSED,
    }
    assert outcomes[3].of == "1"
    assert [outcomes[place].field for place in kinds] == ["email", "name", "name", "credit", "nonsense"]
    assert database.rows("SELECT count(*) FROM customers") == [(16,)]
    said = " ".join(str(outcome.message) for outcome in outcomes)
    assert "c0@example.com" not in said
    assert "twelve" not in said


def test_a_moved_version_is_stale_and_a_missing_row_is_missing(database: Database) -> None:
    database.seed(3)
    database.run("UPDATE customers SET name = 'theirs', rev = 2 WHERE id = 2")
    database.run("DELETE FROM customers WHERE id = 3")
    outcomes = database.connector().upsert(
        "customers",
        [
            Write("1", {"name": "ours"}, expects="1"),
            Write("2", {"name": "ours"}, expects="1"),
            Write("3", {"name": "ours"}, expects="1"),
        ],
    )
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.APPLIED, OutcomeKind.STALE, OutcomeKind.MISSING]
    assert outcomes[0].version == "2"
    assert outcomes[1].record is not None
    assert outcomes[1].record.data["name"] == "theirs"
    assert database.rows("SELECT name, rev FROM customers ORDER BY id") == [("ours", 2), ("theirs", 2)]


def test_what_a_trigger_rewrote_is_what_comes_back(database: Database) -> None:
    if database.engine.dialect.name == "sqlite":
        database.run(
            "CREATE TRIGGER shout AFTER INSERT ON customers BEGIN "
            "UPDATE customers SET name = upper(new.name) WHERE id = new.id; END"
        )
    else:
        database.run(
            "CREATE OR REPLACE FUNCTION shout() RETURNS trigger AS "
            "'BEGIN NEW.name = upper(NEW.name); RETURN NEW; END' LANGUAGE plpgsql"
        )
        database.run("CREATE TRIGGER shout BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION shout()")
    outcome = database.connector().upsert("customers", [Write(None, {"name": "quiet"}, marker="e1")])[0]
    assert outcome.record is not None
    assert outcome.record.data["name"] == "QUIET"


def test_removing_marks_where_rows_are_marked_and_deletes_where_they_are_not(database: Database) -> None:
    database.seed(2)
    marking = database.connector()
    assert [o.kind for o in marking.remove("customers", [Write("1", {}), Write("9", {})])] == [
        OutcomeKind.APPLIED,
        OutcomeKind.MISSING,
    ]
    assert everything(marking)["1"].deleted
    plain = {name: value for name, value in CUSTOMERS.items() if name != "soft_delete"}
    assert database.connector(customers=plain).remove("customers", [Write("1", {})])[0].kind is OutcomeKind.APPLIED
    assert database.rows("SELECT id FROM customers") == [(2,)]


def test_a_key_the_database_gives_is_told_in_order_without_a_marker(database: Database) -> None:
    stream = {"table": "customers", "key": "id", "writable": True}
    outcomes = database.connector(customers=stream).upsert(
        "customers", [Write(None, {"name": f"n{i}"}, marker=f"e{i}") for i in range(50)]
    )
    names = {str(key): name for key, name in database.rows("SELECT id, name FROM customers")}
    assert [names[str(outcome.key)] for outcome in outcomes] == [f"n{i}" for i in range(50)]


def test_a_key_of_several_columns_travels_as_json(database: Database) -> None:
    database.run("CREATE TABLE orders (no VARCHAR(9), line INTEGER, qty INTEGER, PRIMARY KEY (no, line))")
    database.run("INSERT INTO orders VALUES ('A-1', :line, 5)", *({"line": line} for line in range(7)))
    stream = {"table": "orders", "key": ["no", "line"], "writable": True, "key_from": "field", "page": 3}
    connector = database.connector(orders=stream)
    assert list(everything(connector, "orders")) == [f'["A-1",{line}]' for line in range(7)]
    outcomes = connector.upsert(
        "orders",
        [
            Write('["A-1",3]', {"qty": 9}),
            Write(None, {"no": "A-2", "line": 1, "qty": 1}),
            Write(None, {"no": "A-1", "line": 1, "qty": 1}),
        ],
    )
    assert [(o.kind, o.key) for o in outcomes[:2]] == [
        (OutcomeKind.APPLIED, '["A-1",3]'),
        (OutcomeKind.APPLIED, '["A-2",1]'),
    ]
    assert outcomes[2].kind is OutcomeKind.DUPLICATE
    assert [record.deleted for record in connector.fetch("orders", ['["A-1",3]', '["A-1",99]', "junk"])] == [
        False,
        True,
        True,
    ]
    assert sorted(key for page in connector.keys("orders") for key in page)[-1] == '["A-2",1]'


def test_deferred_constraints_refuse_one_row_not_the_batch(database: Database) -> None:
    database.seed(1)
    database.run(
        "CREATE TABLE orders (id VARCHAR(9) PRIMARY KEY, customer INTEGER "
        "REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    stream = {"table": "orders", "key": "id", "writable": True, "key_from": "marker"}
    outcomes = database.connector(orders=stream).upsert(
        "orders", [Write(None, {"customer": customer}, marker=f"o{customer}") for customer in (1, 77, None)]
    )
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.APPLIED, OutcomeKind.REFUSED, OutcomeKind.APPLIED]
    assert database.rows("SELECT id FROM orders ORDER BY id") == [("o1",), ("oNone",)]


def test_discovery_tells_types_lengths_and_what_may_be_written(database: Database) -> None:
    fields = {field.name: field for field in database.connector().discover("customers")}
    assert fields["name"].max_length == 20
    assert fields["name"].required
    assert not fields["rev"].required
    assert fields["email"].unique
    assert (fields["id"].creatable, fields["id"].updatable) == (False, False)
    assert not fields["photo"].readable
    kinds = {name: fields[name].type for name in ("credit", "active", "born", "changed", "rev")}
    assert list(kinds.values()) == [
        FieldType.DECIMAL,
        FieldType.BOOLEAN,
        FieldType.DATE,
        FieldType.DATETIME,
        FieldType.INTEGER,
    ]


def test_check_names_everything_that_is_wrong_at_once(database: Database) -> None:
    streams = {
        "customers": {**CUSTOMERS, "watermark": "nothing", "version": "neither"},
        "lost": {"table": "no_such_table", "key": "id"},
        "photo": {"table": "customers", "key": "name", "columns": ["photo"]},
        "named": {"table": "customers", "key": "name", "watermark": "changed", "writable": True},
    }
    found = {(d.path, d.code) for d in database.connector(**streams).check()}
    assert found >= {
        ("streams.customers.watermark", "unknown-column"),
        ("streams.customers.version", "unknown-column"),
        ("streams.lost.table", "unknown-table"),
        ("streams.photo.columns", "binary-column"),
        ("streams.named.key", "key-not-unique"),
        ("streams.named.key_from", "key-not-given"),
        ("streams.named.watermark", "unindexed-watermark"),
    }


def test_writers_at_once_overwrite_nothing_they_did_not_see(database: Database) -> None:
    database.seed(1)
    connector = database.connector()
    kinds: list[OutcomeKind] = []

    def work() -> None:
        for _ in range(15):
            seen = connector.fetch("customers", ["1"])[0].version
            kinds.append(connector.upsert("customers", [Write("1", {"name": "x"}, expects=seen)])[0].kind)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(kinds) <= {OutcomeKind.APPLIED, OutcomeKind.STALE}
    assert database.rows("SELECT rev FROM customers") == [(1 + kinds.count(OutcomeKind.APPLIED),)]


def test_a_batch_that_meets_a_lock_is_tried_again_and_wrote_nothing(tmp_path: Path) -> None:
    path = tmp_path / "erp.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.executescript("CREATE TABLE t (id TEXT PRIMARY KEY, name TEXT)")
    streams = {"t": {"table": "t", "key": "id", "writable": True, "key_from": "marker"}}
    settings = SqlConnector.Settings.model_validate({"url": f"sqlite:///{path}", "streams": streams})
    connector = SqlConnector(settings)
    event.listen(connector._opened(), "connect", lambda dbapi, _: dbapi.execute("PRAGMA busy_timeout=1"))
    other.execute("BEGIN IMMEDIATE")
    outcomes = connector.upsert("t", [Write(None, {"name": "x"}, marker="e1")])
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.RETRY]
    other.execute("ROLLBACK")
    assert connector.upsert("t", [Write(None, {"name": "x"}, marker="e1")])[0].kind is OutcomeKind.APPLIED
    assert other.execute("PRAGMA journal_mode").fetchone() == ("delete",)  # not ours to change
    other.close()
    connector.close()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_connection_lost_at_the_commit_is_unknown_never_refused(database: Database) -> None:
    connector = database.connector()
    connector.check()
    doomed = [True]

    def cut(connection: Any) -> None:
        if doomed.pop() if doomed else False:
            with database.engine.begin() as other:
                pid = connection.connection.dbapi_connection.info.backend_pid
                other.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")

    event.listen(connector._opened(), "commit", cut)
    rows = [Write(None, {"name": "x"}, marker="e1"), Write(None, {"name": "y"}, marker="e2")]
    assert [outcome.kind for outcome in connector.upsert("customers", rows)] == [OutcomeKind.UNKNOWN] * 2
    assert [outcome.kind for outcome in connector.upsert("customers", rows)] == [OutcomeKind.APPLIED] * 2
    assert database.rows("SELECT count(*) FROM customers") == [(2,)]
