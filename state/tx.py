"""Set-wise statements within one transaction, on SQLite and PostgreSQL; nothing here knows what is stored.

A whole page travels as one parameter: as JSON where the database takes it apart (every read; PostgreSQL's writes, three
times as fast as arrays or many executions), or as statements of many rows for SQLite's writes. Statements are written
with ``?`` and hold no per cent signs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import BigInteger, Boolean, Connection, Float, Integer, Table

from model.errors import StateError

Row = Sequence[Any]

_AT_ONCE = (200, 20)
"""Rows that one statement of SQLite inserts. It costs half of as many executions, a third where rows are narrow."""

_NOTHING: Mapping[str, Any] = {}


class Tx:
    """One open transaction."""

    def __init__(self, connection: Connection, *, sqlite: bool) -> None:
        self.connection = connection
        self.sqlite = sqlite
        # SQLite's own connection: SQLAlchemy would spend more time on a small statement, and on every row, than SQLite.
        self._raw: Any = connection.connection.driver_connection if sqlite else None

    def run(self, sql: str, *params: Any) -> int:
        """Execute; returns the number of rows changed."""
        if self.sqlite:
            return int(self._raw.execute(sql, params).rowcount)
        return self.connection.exec_driver_sql(_spelled(sql), params).rowcount

    def rows(self, sql: str, *params: Any) -> Sequence[Row]:
        if self.sqlite:
            return self.tuples(sql, *params)
        return self.connection.exec_driver_sql(_spelled(sql), params).fetchall()

    def tuples(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        """As `rows`, past SQLAlchemy's row objects: for the hottest reads."""
        if self.sqlite:
            return self._raw.execute(sql, params).fetchall()  # type: ignore[no-any-return]  # a driver's list
        cursor = self.connection.connection.cursor()
        try:
            cursor.execute(_spelled(sql), params)
            return cursor.fetchall()  # type: ignore[return-value]  # tuples, whatever the protocol says
        except self.connection.dialect.loaded_dbapi.Error as error:
            raise StateError(f"the state database refused to be read: {type(error).__name__}") from error
        finally:
            cursor.close()

    def one(self, sql: str, *params: Any) -> Row | None:
        if self.sqlite:
            found: Row | None = self._raw.execute(sql, params).fetchone()
            return found
        return self.connection.exec_driver_sql(_spelled(sql), params).fetchone()

    def any(self, table: Table, where: str, *params: Any) -> bool:
        """Whether there is any such row: a question much cheaper than one about a page of keys."""
        return bool(self.tuples(f"SELECT 1 FROM {table.name} WHERE {where} LIMIT 1", *params))

    def found_by(self, columns: str, table: Table, key: str, where: str = "true") -> str:
        """A query with one parameter, made by `array`, before those of ``where``: rows whose ``key`` is one of these.

        In SQLite a join spares sorting the keys first, as IN does: a sixth of the time. A key asked for twice may be
        answered twice.
        """
        if self.sqlite:
            asked = f"json_each(?) AS asked CROSS JOIN {table.name} t ON t.{key} = asked.value"
            return f"SELECT {columns} FROM {asked} WHERE {where}"
        return f"SELECT {columns} FROM {table.name} t WHERE {self.among('t.' + key)} AND {where}"

    def among(self, column: str) -> str:
        """A condition with one parameter, made by `array`: the (text) column is one of these."""
        if self.sqlite:
            return f"{column} IN (SELECT value FROM json_each(?))"
        return f"{column} = ANY (ARRAY(SELECT jsonb_array_elements_text(?::jsonb)))"

    @staticmethod
    def array(values: Collection[str]) -> str:
        return _json(values if isinstance(values, list) else list(values))

    def put(
        self,
        table: Table,
        columns: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
        on_conflict: str = "",
        shared: Mapping[str, Any] = _NOTHING,
    ) -> None:
        """Insert rows. ``on_conflict`` is what follows ON CONFLICT; then no two rows may have the same key.

        ``columns`` are those of the rows; ``shared`` has the values of further columns in which all rows are alike.
        """
        if not rows:
            return
        names, alike, values = tuple(columns), tuple(shared), tuple(shared.values())
        if not self.sqlite:
            self.run(_insert_postgres(table, alike, names, on_conflict), *values, _json(rows))
            return
        done = 0
        for size in _AT_ONCE:
            sql = _insert_sqlite(table.name, alike, names, on_conflict, size)
            for at in range(done, len(rows) - size + 1, size):
                self._raw.execute(sql, (*values, *chain.from_iterable(rows[at : at + size])))
                done = at + size
        if done < len(rows):
            sql = _insert_sqlite(table.name, alike, names, on_conflict, 1)
            self._raw.executemany(sql, [values + row for row in rows[done:]])

    def delete(self, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
        """Delete the rows whose columns have these values."""
        if not rows:
            return
        names = tuple(columns)
        if self.sqlite:
            where = " AND ".join(f"{name} = ?" for name in names)
            self._raw.executemany(f"DELETE FROM {table.name} WHERE {where}", rows)
        else:
            self.run(_delete_postgres(table, names), _json(rows))


def overwrite(columns: Sequence[str]) -> str:
    """``DO UPDATE SET …``: the new row's columns replace the old one's."""
    return "DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in columns)


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise StateError(f"a record key cannot be stored because it is no clean text: {error}") from None


@lru_cache(maxsize=512)
def _spelled(sql: str) -> str:
    """As psycopg wants it."""
    return sql.replace("?", "%s")


@lru_cache(maxsize=256)
def _insert_sqlite(table: str, shared: tuple[str, ...], columns: tuple[str, ...], on_conflict: str, rows: int) -> str:
    """The parameters are the shared values, once, and then each row's."""
    clause = f" ON CONFLICT {on_conflict}" if on_conflict else ""
    marks = ", ".join([*(f"?{at}" for at, _ in enumerate(shared, 1)), *("?" for _ in columns)])
    return f"INSERT INTO {table} ({', '.join(shared + columns)}) VALUES {', '.join([f'({marks})'] * rows)}{clause}"


@lru_cache(maxsize=64)
def _insert_postgres(table: Table, shared: tuple[str, ...], columns: tuple[str, ...], on_conflict: str) -> str:
    picked = [f"?::{_postgres_type(table, name)}" for name in shared]
    picked += [f"(r->>{at})::{_postgres_type(table, name)}" for at, name in enumerate(columns)]
    into = f"INSERT INTO {table.name} ({', '.join(shared + columns)})"
    clause = f" ON CONFLICT {on_conflict}" if on_conflict else ""
    return f"{into} SELECT {', '.join(picked)} FROM jsonb_array_elements(?::jsonb) AS r{clause}"


@lru_cache(maxsize=64)
def _delete_postgres(table: Table, columns: tuple[str, ...]) -> str:
    where = " AND ".join(f"t.{name} = (r->>{at})::{_postgres_type(table, name)}" for at, name in enumerate(columns))
    return f"DELETE FROM {table.name} AS t USING jsonb_array_elements(?::jsonb) AS r WHERE {where}"


def _postgres_type(table: Table, column: str) -> str:
    kind = table.c[column].type
    for known, name in ((BigInteger, "bigint"), (Integer, "integer"), (Boolean, "boolean"), (Float, "float8")):
        if isinstance(kind, known):
            return name
    return "text"
