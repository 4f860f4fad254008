"""Rows as the driver gives them: of one query, and of many keys at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, CursorResult, Select, and_, or_, select, tuple_
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from connectors.sql.layout import Layout

ROW_VALUES = frozenset({"sqlite", "postgresql", "mysql", "mariadb"})
"""Dialects that compare several columns at once."""

LIST = 500
"""Values in one IN list."""

Row = Sequence[Any]


def raw_rows(connection: Connection, query: Select[Any]) -> list[Row]:
    """The driver's own tuples: SQLAlchemy's result processing would cost more than the database does."""
    return _drained(connection, connection.execute(query))


def _drained(connection: Connection, result: CursorResult[Any]) -> list[Row]:
    cursor = result.cursor
    base = connection.dialect.loaded_dbapi.Error
    try:
        return [] if cursor is None else list(cursor.fetchall())
    except base as error:  # a value the driver cannot decode; SQLAlchemy wraps only what it fetches itself
        raise DBAPIError.instance(None, None, error, base, hide_parameters=True, dialect=connection.dialect) from None


def rows_among(
    connection: Connection, layout: Layout, names: Sequence[str], own: Sequence[str], wanted: Sequence[tuple[Any, ...]]
) -> list[Row]:
    """The named columns of rows whose ``own`` columns are among the wanted ones, in lists every database takes."""
    rows: list[Row] = []
    plain = connection.dialect.name == "sqlite" and len(own) == 1
    for start in range(0, len(wanted), LIST):
        part = wanted[start : start + LIST]
        if plain:
            values_ = tuple(value for (value,) in part)
            statement = _plain_list(connection, layout, names, own[0], len(part))
            rows += _drained(connection, connection.exec_driver_sql(statement, values_))
        else:
            columns = [layout.table.c[name] for name in names]
            chosen = among(connection.dialect.name, [layout.table.c[name] for name in own], part)
            rows += raw_rows(connection, select(*columns).where(chosen))
    return rows


def _plain_list(connection: Connection, layout: Layout, names: Sequence[str], own: str, size: int) -> str:
    """SQLite needs no casts and no converters: writing the list ourselves spares compiling it for every batch."""
    quote = connection.dialect.identifier_preparer
    columns = ", ".join(quote.quote(name) for name in names)
    marks = ", ".join("?" * size)
    return f"SELECT {columns} FROM {quote.format_table(layout.table)} WHERE {quote.quote(own)} IN ({marks})"  # noqa: S608 (quoted names, bound values)


def among(dialect: str, own: Sequence[Any], wanted: Sequence[tuple[Any, ...]]) -> ColumnElement[bool]:
    """The condition that a row's ``own`` columns hold one of the wanted tuples."""
    if len(own) == 1:
        single: ColumnElement[bool] = own[0].in_([parts[0] for parts in wanted])
        return single
    if dialect in ROW_VALUES:
        return tuple_(*own).in_(wanted)
    return or_(*(and_(*(c == p for c, p in zip(own, parts, strict=True))) for parts in wanted))
