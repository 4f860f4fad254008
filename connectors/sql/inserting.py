"""New rows, a whole batch at once: what nearly every batch of creates is, without an object or a call for each row.

Only batches in which nothing is remarkable are taken: every row new, every value fitting. Any other batch is left to
the careful way in `connectors.sql.writing`, which tells row by row what is wrong.

What was written need not be read back where it is certain what a read would show: texts in text columns, nulls in
columns that nothing fills in, and a table that takes rows as they are, without trigger, rule or conflict clause.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from operator import add, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, text

from connectors.sdk import Outcome, OutcomeKind, Write
from connectors.sql.layout import Layout
from connectors.sql.preparing import Preparer
from connectors.sql.reading import as_records
from connectors.sql.schema import schema_version
from connectors.sql.values import Convert, Unfit

_TEXT = frozenset({str, type(None)})
_ROWS = 500  # in one statement of SQLite; more make it no faster
_AS_WRITTEN = text(
    "SELECT c.relkind = 'r' AND NOT c.relrowsecurity"
    " AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)"
    " AND NOT EXISTS (SELECT 1 FROM pg_rewrite r WHERE r.ev_class = c.oid),"
    " ARRAY(SELECT CAST(a.attname AS text) FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid"
    " WHERE a.attrelid = c.oid AND a.attnum > 0 AND (a.atthasdef OR a.attidentity <> '' OR y.typdefault IS NOT NULL))"
    " FROM pg_class c WHERE c.oid = to_regclass(:name)"
)

Columns = tuple[str, ...]
Values = list[tuple[Any, ...]]


class NewRows(NamedTuple):
    """Rows that fill the same columns.

    ``places`` are theirs in the batch; ``keys`` are empty where the database gives them. ``shown`` is what a read will
    show of them, provided that the table takes rows as they are; None: not certain.
    """

    places: Sequence[int]
    columns: Columns
    rows: Values
    keys: list[str]
    shown: list[dict[str, Any]] | None


def new_rows(layout: Layout, prepare: Preparer, batch: Sequence[Write]) -> list[NewRows] | None:
    """The batch as rows to insert, set by set; None where it has to go the careful way."""
    if not batch or (layout.stream.key_from == "database" and layout.marker is None):
        return None
    keys, given, _, markers = zip(*batch, strict=True)
    if keys.count(None) < len(batch):
        return None
    if layout.marker is not None and not (all(markers) and len(set(markers)) == len(batch)):
        return None
    fields: list[dict[str, Any]] = list(given) if set(map(type, given)) == {dict} else list(map(dict, given))
    found: list[NewRows] = []
    for places, rows in _by_shape(fields):
        whole = len(places) == len(batch)
        own = _new(
            layout,
            prepare,
            places,
            fields if whole else [fields[place] for place in places],
            markers if whole else [markers[place] for place in places],
            rows,
        )
        if own is None:
            return None
        found.append(own)
    return found


def _by_shape(fields: Sequence[dict[str, Any]]) -> list[tuple[Sequence[int], Values]]:
    """Places and values of rows that name the same columns, values in the order of the first row's names."""
    names = tuple(fields[0])
    if set(map(len, fields)) == {len(names)}:
        try:
            return [(range(len(fields)), _picked(names, fields))]
        except KeyError:
            pass  # as many names, but not the same
    shapes: dict[frozenset[str], list[int]] = {}
    for place, one in enumerate(fields):
        shapes.setdefault(frozenset(one), []).append(place)
    return [
        (places, _picked(tuple(fields[places[0]]), [fields[place] for place in places])) for places in shapes.values()
    ]


def _picked(names: Columns, rows: Sequence[Mapping[str, Any]]) -> Values:
    if len(names) > 1:
        return list(map(itemgetter(*names), rows))
    return [tuple([row[name] for name in names]) for row in rows]


def _new(
    layout: Layout,
    prepare: Preparer,
    places: Sequence[int],
    fields: Sequence[dict[str, Any]],
    markers: Sequence[str],
    rows: Values,
) -> NewRows | None:
    marker, names = layout.marker, tuple(fields[0])
    if marker in names:
        return None
    converters = prepare.converters_of(names, marker, creating=True)
    if isinstance(converters, Outcome):
        return None
    columns = tuple(name for name, _ in converters)
    if marker is not None:
        rows = list(map(add, rows, zip(markers, strict=True)))
    plain = bool(columns) and _fits_as_it_is(layout, columns, rows)
    if not plain:
        try:
            rows = _converted(converters, rows)
        except Unfit:
            return None
    constant: dict[str, Any] = {}
    if (version := prepare.started(columns)) is not None:
        constant[version] = 1
        columns, rows = (*columns, version), list(map(add, rows, repeat((1,))))
    keys = _keys(layout, columns, rows, plain=plain)
    if not columns or keys is None:
        return None
    shown = None
    if plain and layout.stream.key_from != "database" and layout.readable.issuperset(columns):
        blank = dict.fromkeys(layout.names) | constant
        shown = [blank | one for one in fields]
        if marker is not None:
            for row, mark in zip(shown, markers, strict=True):
                row[marker] = mark
    return NewRows(places, columns, rows, keys, shown)


def _fits_as_it_is(layout: Layout, columns: Columns, rows: Values) -> bool:
    """Whether all values are texts or null, and each fits a column that stores any text unchanged."""
    facts = [layout.columns[name] for name in columns]
    if not all(column.unchanged for column in facts) or not _TEXT.issuperset(map(type, chain.from_iterable(rows))):
        return False
    for place, column in enumerate(facts):
        most = column.max_length
        if most is not None and max(map(len, filter(None, map(itemgetter(place), rows))), default=0) > most:
            return False
    return True


def _converted(converters: Sequence[tuple[str, Convert]], rows: Values) -> Values:
    """Raises Unfit where a value does not fit its column."""
    columns = [
        [value if value is None else convert(value) for value in values]
        for (_, convert), values in zip(converters, zip(*rows, strict=True), strict=True)
    ]
    return list(zip(*columns, strict=True))


def _keys(layout: Layout, columns: Columns, rows: Values, *, plain: bool) -> list[str] | None:
    """None where a row has no key of its own."""
    if layout.stream.key_from == "database":
        return [""] * len(rows)
    if not set(columns).issuperset(layout.keys):
        return None
    keys: list[Any]
    if plain and len(layout.keys) == 1:
        keys = list(map(itemgetter(columns.index(layout.keys[0])), rows))
        return None if "" in keys or None in keys else keys
    parts = [columns.index(name) for name in layout.keys]
    if any(row[part] in (None, "") for row in rows for part in parts):
        return None
    return [layout.key_in(dict(zip(columns, row, strict=True))) for row in rows]


def insert_rows(connection: Connection, layout: Layout, columns: Columns, rows: Values) -> None:
    """All rows, in as few statements as the database allows."""
    dialect = connection.dialect
    if dialect.name == "sqlite":
        _insert_sqlite(connection, layout, columns, rows)
        return
    bound = [dict(zip(columns, row, strict=True)) for row in rows]
    if (
        dialect.insert_executemany_returning
    ):  # makes SQLAlchemy send one statement for many rows instead of one for each
        connection.execute(insert(layout.table).returning(*(layout.table.c[name] for name in layout.keys)), bound)
    else:
        connection.execute(insert(layout.table), bound)


def _insert_sqlite(connection: Connection, layout: Layout, columns: Columns, rows: Values) -> None:
    """SQLite needs none of SQLAlchemy's conversions, and takes many rows in one statement faster than one by one."""
    quote = connection.dialect.identifier_preparer
    head = f"INSERT INTO {quote.format_table(layout.table)} ({', '.join(map(quote.quote, columns))}) VALUES "  # noqa: S608 (quoted names, bound values)
    one = f"({', '.join('?' * len(columns))})"
    raw = connection.connection.dbapi_connection
    variables = raw.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) if isinstance(raw, sqlite3.Connection) else 999
    most = max(1, min(_ROWS, variables // len(columns)))
    for start in range(0, len(rows), most):
        part = rows[start : start + most]
        connection.exec_driver_sql(head + ", ".join([one] * len(part)), tuple(chain.from_iterable(part)))


def no_row_twice(connection: Connection, layout: Layout) -> bool:
    """Whether the table itself refuses a second row with the same marker, so that none needs to be looked for.

    Asked inside a writing transaction of SQLite, in which nobody else can change the table.
    """
    return layout.marker is not None and (layout.marker,) in layout.unique and _as_reflected(connection, layout)


def _as_reflected(connection: Connection, layout: Layout) -> bool:
    if layout.as_written is None or connection.dialect.name != "sqlite":
        return False
    return schema_version(connection, layout.stream) == layout.as_written


def filled_in(connection: Connection, layout: Layout) -> frozenset[str] | None:
    """Columns that the database fills in when they are left out; None where it may change what is written, too.

    Asked after the insert: PostgreSQL lets nobody add a trigger to a table that this transaction has written to.
    """
    if connection.dialect.name == "postgresql":
        name = connection.dialect.identifier_preparer.format_table(layout.table)
        row = connection.execute(_AS_WRITTEN, {"name": name}).fetchone()
        return frozenset(row[1]) if row is not None and row[0] else None
    if not _as_reflected(connection, layout):
        return None
    return frozenset(name for name, column in layout.columns.items() if column.given or column.computed)


def applied(layout: Layout, new: NewRows, filled: frozenset[str]) -> dict[int, Outcome] | None:
    """The outcomes of rows that were written and whose records are certain; None where they have to be read back."""
    unwritten = set(layout.names).difference(new.columns)
    if new.shown is None or not filled.isdisjoint(unwritten):
        return None
    records = as_records(layout, new.keys, new.shown)
    versions = [record.version for record in records] if layout.stream.version else repeat(None)
    outcomes = map(Outcome, repeat(OutcomeKind.APPLIED), new.keys, versions, records)
    return dict(zip(new.places, outcomes, strict=False))
