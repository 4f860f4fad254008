"""Rows of another table shown as a list of their parent's record: the lines of an order.

They are read for a page of parents at once. A parent whose list cannot be read whole is a flaw, never a record with a
shorter list: what is missing from a list counts as taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from connectors.sdk import Diagnostic, Field, FieldType, Flaw, Problem, ProtocolError, Record, Severity
from connectors.sql.engine import connected, is_broken, is_passing
from connectors.sql.rows import Row, rows_among

if TYPE_CHECKING:
    from connectors.sql.layout import Layout


@dataclass(frozen=True, slots=True)
class Children:
    """A list field of a stream. ``table`` is the children's, keyed by the columns that hold the parent's key; ``key``
    are the columns that tell the children of one parent apart."""

    name: str
    table: Layout
    key: tuple[str, ...]

    def field(self) -> Field:
        """Only read: these rows are written by whoever writes their table."""
        label = f"rows of {self.table.stream.table}"
        return Field(name=self.name, type=FieldType.LIST, label=label, nullable=False, creatable=False, updatable=False)

    def problems(self, parent: Layout) -> list[Diagnostic]:
        """What would keep lists empty or reading slow; ``parent`` is the layout of the stream."""
        where, path = self.table.stream.table, f"streams.{parent.name}.children.{self.name}.parent"
        found = []
        for own, theirs in zip(self.table.keys, parent.keys, strict=True):
            kinds = self.table.columns[own].kind, parent.columns[theirs].kind
            if kinds[0] is not kinds[1]:
                message = f"column {own} of {where} is {kinds[0]}, but {theirs} is {kinds[1]}: rows may not be found"
                hint = "give both columns one type, or name a view that does"
                found.append(Diagnostic(code="key-type-differs", path=path, message=message, hint=hint))
        if self.table.keys[0] not in self.table.indexed:
            message = f"column {self.table.keys[0]} of {where} has no index, so each page looks at every row"
            hint = f"CREATE INDEX ON {where} ({', '.join(self.table.keys)})"
            warning = Diagnostic(
                code="unindexed-parent", path=path, message=message, hint=hint, severity=Severity.WARNING
            )
            found.append(warning)
        return found


def with_children(engine: Engine, layout: Layout, records: Sequence[Record]) -> tuple[list[Record], list[Flaw]]:
    """The records with their lists of children, in the order of the children's key; and those whose list is flawed."""
    keys = [record.key for record in records if record.data]  # what is gone has no children
    added: dict[str, dict[str, Any]] = {key: {} for key in keys}
    flaws: dict[str, Flaw] = {}
    with connected(engine) as connection:
        for children in layout.children:
            rows, unread = _rows(connection, children, keys)
            lists, unfit = _lists(children, rows, keys)
            for key, several in added.items():
                several[children.name] = lists[key]
            for key in unread | unfit:
                message = f"a row of {children.table.stream.table} that belongs to it cannot be read, or lacks its key"
                problem = Problem("flawed-child", message, field=children.name)
                flaws[key] = Flaw(f"{layout.stream.table}:{key}", problem, key)
    whole = [
        record._replace(data={**record.data, **added.get(record.key, {})})
        for record in records
        if record.key not in flaws
    ]
    return whole, list(flaws.values())


def _rows(connection: Connection, children: Children, keys: Sequence[str]) -> tuple[list[Row], set[str]]:
    """The children of all, and the parents whose children the driver cannot make values of."""
    try:
        return _of(connection, children, keys), set()
    except (DBAPIError, ValueError, OverflowError) as error:
        if isinstance(error, DBAPIError) and (is_broken(error) or is_passing(error)):
            raise
        if len(keys) == 1:
            return [], set(keys)
    if connection.in_transaction():  # PostgreSQL answers nothing more in one that failed
        connection.rollback()
    half = len(keys) // 2
    first, second = _rows(connection, children, keys[:half]), _rows(connection, children, keys[half:])
    return first[0] + second[0], first[1] | second[1]


def _of(connection: Connection, children: Children, keys: Sequence[str]) -> list[Row]:
    table = children.table
    return rows_among(connection, table, table.names, table.keys, table.values_of_keys(keys))


def _lists(
    children: Children, rows: Sequence[Row], keys: Sequence[str]
) -> tuple[dict[str, list[dict[str, Any]]], set[str]]:
    """Children by the key of their parent, and the parents with one that has no key or holds bytes."""
    table = children.table
    slots = [table.names.index(name) for name in children.key]
    shown = [(name, slot, table.columns[name].read) for slot, name in enumerate(table.names) if name not in table.keys]
    found: dict[str, list[dict[str, Any]]] = {key: [] for key in keys}
    alike = {_folded(key): key for key in keys}  # a collation may find rows of what is only nearly the key
    unfit: set[str] = set()
    for row in sorted(rows, key=lambda row: [(type(row[slot]).__name__, row[slot]) for slot in slots]):
        key = table.key_text(row)
        if key not in found and (key := alike.get(_folded(key), "")) == "":
            raise ProtocolError(f"rows of {table.stream.table} belong to keys that were not asked for; run check")
        if any(row[slot] is None for slot in slots) or bytes in map(type, row):
            unfit.add(key)
            continue
        found[key].append(
            {
                name: value if read is None or value is None else read(value)
                for name, slot, read in shown
                for value in (row[slot],)
            }
        )
    return found, unfit


def _folded(key: str) -> str:
    return key.strip().casefold()
