"""What a table looks like: reflected once per connection, and made into converters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from functools import partial
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Column, Engine, MetaData, Table, inspect, types
from sqlalchemy.exc import NoSuchTableError

from connectors.sdk import Diagnostic, Field, FieldType
from connectors.sql import schema, values
from connectors.sql.children import Children
from connectors.sql.settings import SqlChildren, SqlSettings, SqlStream
from connectors.sql.values import Convert
from model.errors import ConfigurationError

_KINDS: tuple[tuple[type[types.TypeEngine[Any]], FieldType], ...] = (
    (types.Enum, FieldType.CHOICE),
    (types.Boolean, FieldType.BOOLEAN),
    (types.DateTime, FieldType.DATETIME),
    (types.Date, FieldType.DATE),
    (types.Integer, FieldType.INTEGER),
    (types.Numeric, FieldType.DECIMAL),
    (types.JSON, FieldType.OBJECT),
    (types.ARRAY, FieldType.LIST),
)
_UNCHANGED = (types.VARCHAR, types.NVARCHAR, types.TEXT)


@dataclass(slots=True, kw_only=True)
class ColumnFacts:
    """One column. ``given`` says that the database fills it in when it is left out."""

    name: str
    kind: FieldType
    read: Convert | None
    write: Convert
    max_length: int | None = None
    nullable: bool = True
    given: bool = False
    computed: bool = False
    binary: bool = False
    naive: bool = False
    unchanged: bool = False  # stores every text that fits, and shows that very text
    choices: tuple[str, ...] | None = None
    comment: str = ""


@dataclass(slots=True)
class Layout:
    """One stream's table, ready to be read and written."""

    name: str
    stream: SqlStream
    table: Table
    columns: dict[str, ColumnFacts]
    unique: list[tuple[str, ...]]
    indexed: set[str]  # columns some index begins with
    references: dict[str, str]  # column → referred table
    zone: tzinfo | None = None
    names: tuple[str, ...] = ()  # columns read, in order
    as_written: int | None = None
    """SQLite: the schema's version at which the table took rows as they are written: no trigger, no conflict clause."""
    readable: frozenset[str] = frozenset()  # columns that may be read; all those read at first
    children: tuple[Children, ...] = ()  # lists read
    lists: tuple[Children, ...] = ()  # lists that may be read; all those read at first
    key_text: Callable[[Sequence[Any]], str] = field(init=False)
    key_slots: tuple[int, ...] = field(init=False)
    converting: tuple[tuple[str, Convert], ...] = field(init=False)
    keys: tuple[str, ...] = field(init=False)
    marker: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.readable = self.readable or frozenset(self.names)
        self.lists = self.lists or self.children
        self.keys, self.marker = self.stream.key_columns, self.stream.marker_column
        self.key_slots = tuple(self.names.index(name) for name in self.stream.key_columns)
        self.converting = tuple((name, read) for name in self.names if (read := self.columns[name].read) is not None)
        readers = [self.columns[name].read for name in self.stream.key_columns]
        if len(self.key_slots) == 1:
            self.key_text = _single_key(self.key_slots[0], readers[0])
        else:
            self.key_text = _composite_key(self.key_slots, readers)

    def narrowed(self, wanted: Collection[str]) -> Layout:
        """The same table, read without columns that nobody looks at."""
        needed = _needed(self.stream).union(wanted) & self.readable
        children = tuple(one for one in self.lists if one.name in wanted)
        return replace(self, names=tuple(name for name in self.columns if name in needed), children=children)

    def key_values(self, key: str) -> tuple[Any, ...] | None:
        """Database values of a key's columns; None where the text cannot be a key of this table."""
        names = self.stream.key_columns
        try:
            if len(names) == 1:
                return (self.columns[names[0]].write(key),)
            parts = orjson.loads(key)
            if not isinstance(parts, list) or len(parts) != len(names):
                return None
            return tuple(self.columns[name].write(part) for name, part in zip(names, parts, strict=True))
        except (orjson.JSONDecodeError, values.Unfit):
            return None

    def values_of_keys(self, keys: Collection[str]) -> list[tuple[Any, ...]]:
        """`key_values` of many keys, without those that cannot be keys of this table."""
        own = self.columns[self.keys[0]]
        if len(self.keys) == 1 and own.unchanged:
            fits = own.max_length is None or max(map(len, keys), default=0) <= own.max_length
            if fits and {str}.issuperset(map(type, keys)):
                return list(zip(keys, strict=True))
        return [parts for key in keys if (parts := self.key_values(key)) is not None]

    def key_in(self, row: Mapping[str, Any]) -> str:
        """The key text of a row given by column name, as the database holds it."""
        if len(self.key_slots) == 1:
            value = row.get(self.keys[0])
            if type(value) is str and self.columns[self.keys[0]].read is None:
                return value
        return self.key_text([row.get(name) for name in self.names])

    def key_texts(self, rows: Sequence[Sequence[Any]]) -> list[str]:
        """`key_text` of many rows."""
        if len(self.key_slots) == 1 and self.columns[self.keys[0]].read is None:
            values = list(map(itemgetter(self.key_slots[0]), rows))
            kinds = set(map(type, values))
            if kinds <= {str}:
                return values
            if kinds == {int}:
                return list(map(str, values))
        return list(map(self.key_text, rows))

    def shown(self, names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
        """Some columns of a row as records show them."""
        readers = [self.columns[name].read for name in names]
        return {
            name: value if read is None or value is None else read(value)
            for name, read, value in zip(names, readers, row, strict=True)
        }

    def is_deleted(self, data: Mapping[str, Any]) -> bool:
        """Whether the soft-delete column says so."""
        mark = self.stream.soft_delete
        if mark is None:
            return False
        held = data.get(mark.column)
        if mark.value is None:
            return bool(held)
        return held is not None and (held == mark.value or str(held) == str(mark.value))

    def fields(self, streams: Mapping[str, SqlStream]) -> tuple[Field, ...]:
        """The table's columns as fields of the stream."""
        stream = self.stream
        by_table = {other.table: name for name, other in streams.items()}
        found = []
        for name, column in self.columns.items():
            target = by_table.get(self.references.get(name, ""))
            own = name in stream.key_columns
            ours = stream.key_from == "field" or not own
            found.append(
                Field(
                    name=name,
                    type=FieldType.REFERENCE if target else column.kind,
                    label=column.comment,
                    max_length=column.max_length,
                    required=ours and not column.nullable and not column.given and name != stream.marker_column,
                    nullable=column.nullable,
                    readable=name in self.readable,
                    creatable=stream.writable and ours and not column.computed and not column.binary,
                    updatable=stream.writable and not own and not column.computed and not column.binary,
                    unique=(name,) in self.unique,
                    choices=column.choices,
                    restricted=column.choices is not None,
                    references=(target,) if target else (),
                )
            )
        return (*found, *(children.field() for children in self.lists))


def _single_key(slot: int, read: Convert | None) -> Callable[[Sequence[Any]], str]:
    def text(row: Sequence[Any]) -> str:
        value = row[slot]
        if value is None or isinstance(value, bytes):
            return ""
        return str(value if read is None else read(value))

    return text


def _composite_key(slots: tuple[int, ...], readers: list[Convert | None]) -> Callable[[Sequence[Any]], str]:
    def text(row: Sequence[Any]) -> str:
        parts = [row[slot] for slot in slots]
        if any(part is None or isinstance(part, bytes) for part in parts):
            return ""
        shown = [part if read is None else read(part) for part, read in zip(parts, readers, strict=True)]
        return orjson.dumps(shown).decode()

    return text


def reflect(engine: Engine, settings: SqlSettings, name: str) -> Layout:
    """Ask the database what the stream's tables look like. Raises ConfigurationError naming all that is missing."""
    stream = settings.streams[name]
    layout = _table(engine, settings, name, stream)
    children = tuple(_children(engine, settings, name, field, one) for field, one in stream.children.items())
    taken = [one.name for one in children if one.name in layout.columns]
    if taken:
        message = f"table {stream.table} has a column {taken[0]} of its own"
        problem = _missing("taken-name", name, f"children.{taken[0]}", message, "give the list another name")
        raise ConfigurationError([problem])
    return replace(layout, children=children)


def _children(engine: Engine, settings: SqlSettings, name: str, field_name: str, given: SqlChildren) -> Children:
    own = given.parent_columns
    key = tuple(dict.fromkeys((*own, *given.key_columns)))
    shown = {"table": given.table, "schema": given.namespace, "key": key, "columns": given.columns}
    stream = SqlStream.model_validate(shown)
    table = _table(engine, settings, f"{name}.children.{field_name}", stream, own)
    return Children(field_name, replace(table, stream=stream.model_copy(update={"key": own})), given.key_columns)


def _table(engine: Engine, settings: SqlSettings, name: str, stream: SqlStream, parent: Collection[str] = ()) -> Layout:
    where = f"{stream.namespace}.{stream.table}" if stream.namespace else stream.table
    # first: should the table change while it is described, the version is another one afterwards
    as_written = schema.as_written(engine, stream)
    inspector = inspect(engine)
    try:
        described = inspector.get_columns(stream.table, schema=stream.namespace)
    except NoSuchTableError:
        described = []
    if not described:
        known = inspector.get_table_names(schema=stream.namespace) + inspector.get_view_names(schema=stream.namespace)
        hint = f"tables and views there: {', '.join(sorted(known)[:20]) or 'none'}"
        raise ConfigurationError([_missing("unknown-table", name, "table", f"there is no table or view {where}", hint)])
    columns = {found["name"]: _column(engine.dialect.name, found, settings) for found in described}
    problems = _named_columns(name, stream, columns, parent)
    if problems:
        raise ConfigurationError(problems)
    unique, indexed, key = schema.indexes(inspector, stream)
    sqlite = engine.dialect.name == "sqlite"
    table = Table(
        stream.table,
        MetaData(),
        *(
            Column(found["name"], _bound_as(found["type"], sqlite=sqlite), primary_key=found["name"] in key)
            for found in described
        ),
        schema=stream.namespace,
    )
    references = {
        foreign["constrained_columns"][0]: foreign["referred_table"]
        for foreign in inspector.get_foreign_keys(stream.table, schema=stream.namespace)
        if len(foreign["constrained_columns"]) == 1
    }
    if sqlite and len(key) == 1 and columns[key[0]].kind is FieldType.INTEGER:
        columns[key[0]].given = True  # an alias of the rowid
    return Layout(
        name,
        stream,
        table,
        columns,
        unique,
        indexed,
        references,
        settings.zone_info,
        _read_names(stream, columns),
        as_written,
    )


def _read_names(stream: SqlStream, columns: Mapping[str, ColumnFacts]) -> tuple[str, ...]:
    needed = _needed(stream)
    return tuple(
        name
        for name, column in columns.items()
        if name in needed or (name in stream.columns if stream.columns is not None else not column.binary)
    )


def _needed(stream: SqlStream) -> set[str]:
    """Columns that are read whatever the records are for."""
    soft = stream.soft_delete.column if stream.soft_delete else None
    return {name for name in (*stream.key_columns, stream.watermark, stream.version, stream.marker, soft) if name}


def _missing(code: str, name: str, leaf: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code=code, path=f"streams.{name}.{leaf}", message=message, hint=hint)


def _named_columns(
    name: str, stream: SqlStream, columns: Mapping[str, ColumnFacts], parent: Collection[str]
) -> list[Diagnostic]:
    named = [("parent" if column in parent else "key", column) for column in stream.key_columns]
    named += [("columns", column) for column in stream.columns or ()]
    named += [(leaf, found) for leaf in ("watermark", "version", "marker") if (found := getattr(stream, leaf))]
    if stream.soft_delete:
        named.append(("soft_delete.column", stream.soft_delete.column))
    hint = f"columns of {stream.table}: {', '.join(columns)}"
    problems = [
        _missing("unknown-column", name, leaf, f"table {stream.table} has no column {column}", hint)
        for leaf, column in named
        if column not in columns
    ]
    return problems + [
        _missing("binary-column", name, leaf, f"column {column} holds bytes, which no record can", "leave it out")
        for leaf, column in named
        if column in columns and columns[column].binary
    ]


def _bound_as(found: types.TypeEngine[Any], *, sqlite: bool) -> types.TypeEngine[Any]:
    """SQLite takes our texts as they are; its converters in SQLAlchemy would insist on Python objects."""
    if not sqlite:
        return found
    return types.Integer() if isinstance(found, types.Integer) else types.NullType()


def _column(dialect: str, found: Mapping[str, Any], settings: SqlSettings) -> ColumnFacts:
    declared = found["type"]
    kind = next((kind for type_, kind in _KINDS if isinstance(declared, type_)), FieldType.TEXT)
    floating = isinstance(declared, types.Float)
    sqlite = dialect == "sqlite"
    zone = settings.zone_info
    choices = tuple(declared.enums) if isinstance(declared, types.Enum) and declared.enums else None
    limit = getattr(declared, "length", None) if isinstance(declared, types.String) else None
    naive = kind is FieldType.DATETIME and not getattr(declared, "timezone", False)
    if sqlite:
        scale = None if floating else getattr(declared, "scale", None)
        read = None if floating else values.sqlite_reader(kind, scale, zone)
    else:
        padded = isinstance(declared, types.CHAR)
        text = isinstance(declared, types.String)
        read = values.driver_reader(kind, padded=padded, text=text, zone=zone)
    return ColumnFacts(
        name=found["name"],
        kind=kind,
        read=read,
        write=_writer(declared, kind, limit, choices, sqlite=sqlite, naive=naive, settings=settings),
        max_length=limit if kind is FieldType.TEXT else None,
        nullable=bool(found.get("nullable", True)),
        given=found.get("default") is not None or "identity" in found or found.get("autoincrement") is True,
        computed="computed" in found or (found.get("identity") or {}).get("always") is True,
        binary=isinstance(declared, types.LargeBinary),
        naive=naive,
        unchanged=isinstance(declared, _UNCHANGED) and read is None and choices is None and kind is FieldType.TEXT,
        choices=choices,
        comment=found.get("comment") or "",
    )


def _writer(
    declared: Any,
    kind: FieldType,
    limit: int | None,
    choices: tuple[str, ...] | None,
    *,
    sqlite: bool,
    naive: bool,
    settings: SqlSettings,
) -> Convert:
    simple: dict[FieldType, Convert] = {
        FieldType.INTEGER: values.to_integer,
        FieldType.BOOLEAN: values.to_boolean,
        FieldType.DATETIME: partial(values.to_moment, naive=naive, as_text=sqlite, zone=settings.zone_info),
        FieldType.DATE: partial(values.to_date, as_text=sqlite),
        FieldType.DECIMAL: partial(values.to_decimal, as_text=sqlite),
        FieldType.OBJECT: values.to_json_text if sqlite else _as_is,
        FieldType.LIST: _as_is,
    }
    if isinstance(declared, types.Float):
        return values.to_float
    if kind in simple:
        return simple[kind]
    if isinstance(declared, types.Time):
        return partial(values.to_time, as_text=sqlite)
    if isinstance(declared, types.Uuid):
        return values.to_uuid
    if isinstance(declared, (types.String, types.Enum)):
        return values.text_writer(limit, choices)
    return _as_is


def _as_is(value: Any) -> Any:
    return value
