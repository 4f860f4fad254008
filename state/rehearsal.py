"""A database that starts as another one is and is thrown away.

SQLite: a copy of the file (or of what is in memory). PostgreSQL: temporary tables under the same names on one
connection whose search path holds nothing else, so that no statement can name a real table. (One long transaction that
is rolled back in the end would not do: while a plan waits for vendors, it would hold the rows it pretends to write
against every real run.)
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from model.errors import StateError
from state import tables
from state.database import Database, connect, hook_sqlite, make_private_file
from state.tx import Tx

_UNCOPIED = {
    tables.history,
    tables.write_batch,
    tables.write_log,
    tables.run,
    tables.balance,
    tables.lease,
    tables.token,
    tables.plan,
    tables.plan_action,
}
"""Tables whose old rows nothing but reports and running processes read."""

_COUNTED = (
    tables.binding,
    tables.conflict,
    tables.parked,
    tables.history,
    tables.write_batch,
    tables.intent,
    tables.run,
    tables.plan,
)


@contextmanager
def rehearse(database: Database) -> Iterator[Database]:
    in_memory = database.engine.url.database in (None, "", ":memory:")
    with (_shadow if not database.sqlite else _memory_copy if in_memory else _file_copy)(database) as copy:
        yield copy


@contextmanager
def _memory_copy(database: Database) -> Iterator[Database]:
    copy = connect("sqlite://")
    try:
        with database.read() as source, copy.read() as target:
            _raw(source).backup(_raw(target))
        with copy.write() as tx:
            tx.run("DELETE FROM lease")  # the plan competes with nobody
        yield copy
    finally:
        copy.close()


@contextmanager
def _file_copy(database: Database) -> Iterator[Database]:
    folder = Path(tempfile.mkdtemp(prefix="syncline-plan-"))  # mode 0700
    try:
        path = folder / "rehearsal.db"
        make_private_file(path)
        engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
        hook_sqlite(engine, durable=False)
        copy = Database(engine)
        try:
            with database.pinned() as begin, begin() as source:
                _back_up(source, path)
            with copy.write() as tx:
                tx.run("DELETE FROM lease")  # the plan competes with nobody
            yield copy
        finally:
            copy.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _back_up(source: Tx, path: Path) -> None:
    target = sqlite3.connect(path)
    try:
        _raw(source).backup(target)
        target.execute("PRAGMA journal_mode=MEMORY")
    finally:
        target.close()


def _raw(tx: Tx) -> Any:
    return tx.connection.connection.driver_connection


@contextmanager
def _shadow(database: Database) -> Iterator[Database]:
    engine = create_engine(
        database.engine.url,
        hide_parameters=True,
        poolclass=StaticPool,
        connect_args={"prepare_threshold": None},
    )
    _connect_once(engine)
    copy = Database(engine, single=True)
    try:
        with copy.write() as tx:
            _make_shadows(tx)
        yield copy
    finally:
        copy.close()


def _connect_once(engine: Engine) -> None:
    """A second connection would see the real tables instead of the shadows."""
    made: list[bool] = []

    @event.listens_for(engine, "do_connect")
    def _connecting(_dialect: Any, _record: Any, _args: Any, _options: Any) -> None:
        if made:
            raise StateError("the connection to the state database was lost while planning; plan again")
        made.append(True)


def _make_shadows(tx: Tx) -> None:
    tx.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    found = tx.one("SELECT quote_ident(current_schema())")
    schema = found[0] if found else "public"
    for table in tables.metadata.sorted_tables:
        name = table.name
        tx.run(f"CREATE TEMPORARY TABLE {name} (LIKE {schema}.{name} INCLUDING ALL EXCLUDING IDENTITY)")
        if table in _COUNTED:
            tx.run(f"CREATE TEMPORARY SEQUENCE {name}_count")
            tx.run(f"ALTER TABLE pg_temp.{name} ALTER COLUMN id SET DEFAULT nextval('pg_temp.{name}_count')")
            highest = f"SELECT coalesce(max(id), 0) + 1 FROM {schema}.{name}"
            tx.rows(f"SELECT setval('pg_temp.{name}_count', ({highest}), false)")
        if table not in _UNCOPIED:
            tx.run(f"INSERT INTO pg_temp.{name} SELECT * FROM {schema}.{name}")
        tx.run(f"ANALYZE pg_temp.{name}")
    tx.run("SET search_path = pg_temp")
