"""What a database says about a table beside its columns: indexes, and whether rows are taken as they are written."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine

from connectors.sql.settings import SqlStream


def schema_version(connection: Connection, stream: SqlStream) -> int:
    """SQLite counts every change of a schema."""
    quote = connection.dialect.identifier_preparer.quote
    return int(connection.exec_driver_sql(f"PRAGMA {quote(stream.namespace or 'main')}.schema_version").scalar_one())


def as_written(engine: Engine, stream: SqlStream) -> int | None:
    """SQLite: the schema's version, if the table takes rows as they are written: no trigger, no conflict clause."""
    if engine.dialect.name != "sqlite":
        return None
    where = engine.dialect.identifier_preparer.quote(stream.namespace or "main")
    master = f"SELECT type, lower(sql) FROM {where}.sqlite_master"  # noqa: S608 (a quoted name)
    with engine.connect() as connection:
        version = schema_version(connection, stream)
        described = f"{master} WHERE tbl_name = ? COLLATE NOCASE AND type IN ('table', 'view', 'trigger')"
        made = connection.exec_driver_sql(described, (stream.table,)).fetchall()
    kinds, texts = [kind for kind, _ in made], [str(sql) for _, sql in made]
    plain = kinds == ["table"] and "conflict" not in texts[0] and texts[0].startswith("create table")
    return version if plain else None


def indexes(inspector: Any, stream: SqlStream) -> tuple[list[tuple[str, ...]], set[str], tuple[str, ...]]:
    """Unique sets of columns, columns that some index begins with, and the primary key."""
    key = tuple(inspector.get_pk_constraint(stream.table, schema=stream.namespace).get("constrained_columns") or ())
    unique = [key] if key else []
    unique += [
        tuple(found["column_names"])
        for found in inspector.get_unique_constraints(stream.table, schema=stream.namespace)
    ]
    indexed = {columns[0] for columns in unique}
    # SQLite parses constraints out of its DDL text and misses some; its automatic indexes tell the truth
    options = {"include_auto_indexes": True} if inspector.dialect.name == "sqlite" else {}
    for index in inspector.get_indexes(stream.table, schema=stream.namespace, **options):
        names = tuple(index["column_names"])
        if names and names[0]:
            indexed.add(names[0])
        partial_index = any(option.endswith("_where") for option in index.get("dialect_options", {}))
        if index.get("unique") and all(names) and not partial_index:
            unique.append(names)
    return unique, indexed, key
