"""Reading tables: keyset pages, keys for a sweep, single records.

Each page is a short transaction of its own, so that no lock on somebody else's database outlives it.

A first read goes by key, the one order that surely has an index; its position is where the watermark stood when it
began, so that rows that move behind it meanwhile are read next time. Later reads go by ``(watermark, key)``, from the
position minus the overlap, inclusively; rows without a watermark are read every time, for nothing else would find them.
The position never passes what was read, nor the database's own clock: a row stamped in the future must not hide others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.exc import DBAPIError

from connectors.sdk import ConnectorError, Flaw, Page, Problem, ProtocolError, Record
from connectors.sql import values
from connectors.sql.children import with_children
from connectors.sql.content import content_of
from connectors.sql.engine import as_connector_error, connected, is_broken, is_passing
from connectors.sql.layout import Layout
from connectors.sql.positions import cursor_of, furthest, lower_bound, moment_in, position_in, shaped, unusable_position
from connectors.sql.rows import LIST, ROW_VALUES, Row, raw_rows, rows_among
from model.errors import ConfigurationError
from model.making import maker
from model.records import plain_records

_AHEAD = 8  # pages fetched by one incremental query: without an index each query sorts everything newer


class Rows(NamedTuple):
    records: list[Record]
    flaws: list[Flaw]


def records_of(layout: Layout, rows: Sequence[Row]) -> Rows:
    """Database rows as records. A row that is none (no key, bytes in a text) is a flaw and delays no other."""
    if not rows:
        return Rows([], [])
    keys = layout.key_texts(rows)
    columns = list(zip(*rows, strict=True))
    flaws: list[Flaw] = []
    if "" in keys or any(map(_with_bytes, columns)):
        flawed = [not key or bytes in map(type, row) for key, row in zip(keys, rows, strict=True)]
        flaws = [_flawed(layout, keys[i], rows[i]) for i, bad in enumerate(flawed) if bad]
        keys = [key for key, bad in zip(keys, flawed, strict=True) if not bad]
        columns = list(zip(*(row for row, bad in zip(rows, flawed, strict=True) if not bad), strict=True))
    data = list(map(maker(layout.names), *columns)) if columns else []
    for name, convert in layout.converting:  # column by column: only those that need it
        for one in data:
            if (value := one[name]) is not None:
                one[name] = convert(value)
    return Rows(as_records(layout, keys, data), flaws)


def as_records(layout: Layout, keys: list[str], data: list[dict[str, Any]]) -> list[Record]:
    """Keys and rows by column name, converted, as records with their versions and marks of deletion."""
    version, soft = layout.stream.version, layout.stream.soft_delete
    if version is None and soft is None:
        return plain_records(keys, data)
    return [
        Record(key, one, version_text(one.get(version or "")), layout.is_deleted(one))
        for key, one in zip(keys, data, strict=True)
    ]


def _with_bytes(column: Sequence[Any]) -> bool:
    try:
        "".join(column)  # raises where one is no text, and is the quickest way to tell
    except TypeError:
        return bytes in set(map(type, column))
    return False


def version_text(value: Any) -> str | None:
    return None if value is None else str(value)


def _flawed(layout: Layout, key: str, row: Row) -> Flaw:
    if not key:
        columns = ", ".join(layout.stream.key_columns)
        return Flaw(layout.stream.table, Problem("no-key", f"a row without a key ({columns} is null, empty or bytes)"))
    name = next(name for name, value in zip(layout.names, row, strict=False) if isinstance(value, bytes))
    problem = Problem("binary-value", f"column {name} holds bytes here, or what the driver cannot read", field=name)
    return Flaw(f"{layout.stream.table}:{key}", problem, key)


def _beyond(columns: list[Any], parts: Sequence[Any], *, dialect: str) -> ColumnElement[bool]:
    bound = [bindparam(None, part, type_=column.type) for column, part in zip(columns, parts, strict=True)]
    if len(columns) == 1:
        first: ColumnElement[bool] = columns[0] > bound[0]
        return first
    if dialect in ROW_VALUES:
        pair: ColumnElement[bool] = tuple_(*columns) > tuple_(*bound)
        return pair
    return or_(
        *(
            and_(*(columns[i] == bound[i] for i in range(depth)), columns[depth] > bound[depth])
            for depth in range(len(columns))
        )
    )


class Reader:
    """Reads one table."""

    def __init__(self, engine: Engine, layout: Layout) -> None:
        self._engine = engine
        self._layout = layout
        self._stream = layout.stream
        self._columns = [layout.table.c[name] for name in layout.names]
        self._keys = [layout.table.c[name] for name in layout.stream.key_columns]

    def pages(self, since: str | None) -> Iterator[Page]:
        if self._stream.watermark is None:
            # Marked rows are looked for by each full listing, so these are listed every time.
            names = (*self._layout.names, *(children.name for children in self._layout.children))
            content = None if self._stream.soft_delete else content_of(self._engine, self._stream, names)
            if content is None or content != since:
                yield from self._everything(content)
        elif since is None:
            yield from self._everything(cursor_of(self._position()))
        else:
            yield from self._changes(position_in(since))

    # a full read

    def _everything(self, cursor: str | None) -> Iterator[Page]:
        size = self._stream.page
        rows = self._rows(self._select(self._keys), size)
        while True:
            found = self._records(rows)
            last = len(rows) < size
            following = [] if last else self._rows(self._select(self._keys, self._raw_key(rows[-1])), size)
            last = last or not following
            yield Page(found.records, cursor if last else None, True, found.flaws)
            if last:
                return
            rows = following

    def _raw_key(self, row: Row) -> list[Any]:
        return [row[slot] for slot in self._layout.key_slots]

    # an incremental read

    def _changes(self, position: Any) -> Iterator[Page]:
        watermark = self._layout.table.c[str(self._stream.watermark)]
        size = self._stream.page
        nulls = self._select(self._keys).where(watermark.is_(None))
        blanks = self._layout.columns[str(self._stream.watermark)].nullable
        while blanks and (rows := self._rows(nulls, size)):
            found = self._records(rows)
            yield Page(found.records, None, False, found.flaws)
            if len(rows) < size:
                break
            nulls = self._select(self._keys, self._raw_key(rows[-1])).where(watermark.is_(None))
        yield from self._newer(watermark, position, self._horizon(position))

    def _newer(self, watermark: Any, position: Any, horizon: Any) -> Iterator[Page]:
        size = self._stream.page
        slot = self._layout.names.index(str(watermark.name))
        order = [watermark, *self._keys]
        lower = lower_bound(position, self._stream.overlap, self._layout.zone)
        query = self._select(order).where(watermark >= bindparam(None, lower, type_=watermark.type))
        safe = position
        while rows := self._rows(query, size * _AHEAD):
            for start in range(0, len(rows), size):
                part = rows[start : start + size]
                found = self._records(part)
                safe = furthest(safe, part[-1][slot], horizon)
                yield Page(found.records, cursor_of(safe), False, found.flaws)
            if len(rows) < size * _AHEAD:
                return
            query = self._select(order, [rows[-1][slot], *self._raw_key(rows[-1])])

    def _position(self) -> Any:
        """The highest watermark now, as far as the database's clock has come."""
        column = self._layout.table.c[str(self._stream.watermark)]
        with connected(self._engine) as connection:
            highest = raw_rows(connection, select(func.max(column)))[0][0]
        if highest is None:
            return None
        problem = unusable_position(self._layout, highest)
        if problem is not None:
            raise ConfigurationError([problem])
        return furthest(None, highest, self._horizon(highest))

    def _horizon(self, like: Any) -> Any:
        """The database's own clock, in the form of the watermark; None for counters and other forms."""
        if not isinstance(like, (str, datetime)):
            return None
        with connected(self._engine) as connection:
            now = raw_rows(connection, select(func.current_timestamp()))[0][0]
        if isinstance(now, str):  # SQLite: UTC without saying so
            now = datetime.fromisoformat(now).replace(tzinfo=UTC)
        if now.tzinfo is None:
            return now if isinstance(like, datetime) and like.tzinfo is None else None
        if isinstance(like, datetime):
            return now if like.tzinfo else now.astimezone(self._layout.zone or UTC).replace(tzinfo=None)
        moment = moment_in(like)
        local = now.astimezone((moment.tzinfo if moment else None) or self._layout.zone or UTC)
        return shaped(local.replace(tzinfo=None), like)

    # single records

    def keys(self) -> Iterator[list[str]]:
        """Keys of live rows."""
        size = self._stream.page * _AHEAD
        soft = self._stream.soft_delete
        names = list(dict.fromkeys([*self._stream.key_columns, *([soft.column] if soft else [])]))
        bare = replace(self._layout, names=tuple(names))
        after: list[Any] | None = None
        while True:
            query = self._select(self._keys, after).with_only_columns(*(self._layout.table.c[name] for name in names))
            with connected(self._engine) as connection:
                rows = raw_rows(connection, query.limit(size))
            found = bare.key_texts([row for row in rows if not self._marked(names, row)] if soft else rows)
            if live := list(filter(None, found)):
                yield live
            if len(rows) < size:
                return
            after = list(rows[-1][: len(self._keys)])

    def _marked(self, names: Sequence[str], row: Row) -> bool:
        soft = self._stream.soft_delete
        if soft is None or (held := row[names.index(soft.column)]) is None:
            return False
        convert = self._layout.columns[soft.column].read
        return self._layout.is_deleted({soft.column: held if convert is None else convert(held)})

    def fetch(self, keys: Sequence[str]) -> list[Record]:
        """What exists of the keys, in their order; gone ones as tombstones. Unreadable rows are left out."""
        distinct = list(dict.fromkeys(keys))
        found = self._found(distinct)
        if found is None:  # one of the rows cannot be decoded
            found = {}
            for key in distinct:
                one = self._found([key])
                found.update({key: None} if one is None else one)
        records = (found.get(key, Record(key, {}, deleted=True)) for key in distinct)
        return self._with_children(Rows([record for record in records if record is not None], [])).records

    def _found(self, keys: Sequence[str]) -> dict[str, Record | None] | None:
        with connected(self._engine) as connection:
            try:
                return by_keys(connection, self._layout, keys)
            except (DBAPIError, ValueError, OverflowError) as error:
                if isinstance(error, DBAPIError) and (is_broken(error) or is_passing(error)):
                    raise
                return None

    def find(self, field: str, sought: Sequence[str]) -> list[Record]:
        column = self._layout.columns.get(field)
        if column is None or field not in self._layout.readable:
            raise ConnectorError(f"table {self._stream.table} is not searched by {field!r}: it is no column it reads")
        usable = []
        for value in dict.fromkeys(sought):
            try:
                usable.append(column.write(value))
            except values.Unfit:
                continue  # what the column cannot hold is in no row
        records: list[Record] = []
        with connected(self._engine) as connection:
            for start in range(0, len(usable), LIST):
                chosen = self._layout.table.c[field].in_(usable[start : start + LIST])
                records += records_of(self._layout, raw_rows(connection, select(*self._columns).where(chosen))).records
        return self._with_children(Rows(records, [])).records

    # queries

    def _records(self, rows: Sequence[Row]) -> Rows:
        return self._with_children(records_of(self._layout, rows))

    def _with_children(self, found: Rows) -> Rows:
        if not self._layout.children or not found.records:
            return found
        records, flaws = with_children(self._engine, self._layout, found.records)
        return Rows(records, [*found.flaws, *flaws])

    def _select(self, order: list[Any], after: Sequence[Any] | None = None) -> Select[Any]:
        query = select(*self._columns).order_by(*order)
        if after is not None:
            query = query.where(_beyond(order, after, dialect=self._engine.dialect.name))
        return query

    def _rows(self, query: Select[Any], size: int) -> list[Row]:
        rows = _readable(self._engine, query.limit(size))
        if not isinstance(rows, ConnectorError):
            return rows
        # a row the driver cannot decode spoils its page: find it, and show what is known of it with bytes for the rest
        names = [*self._stream.key_columns, *([self._stream.watermark] if self._stream.watermark else [])]
        narrow = query.with_only_columns(*(self._layout.table.c[name] for name in names))
        heads = _readable(self._engine, narrow.limit(size))
        if isinstance(heads, ConnectorError):
            raise heads
        return [self._one(dict(zip(names, head, strict=True))) for head in heads]

    def _one(self, known: dict[str, Any]) -> Row:
        same = [column == literal(known[column.name], column.type) for column in self._keys]
        found = _readable(self._engine, select(*self._columns).where(*same))
        if isinstance(found, ConnectorError) or not found:
            return [known.get(name, b"") for name in self._layout.names]
        return found[0]


def _readable(engine: Engine, query: Select[Any]) -> list[Row] | ConnectorError:
    """Rows, or the error where the driver cannot make values of them. Raises where the database itself fails."""
    with connected(engine) as connection:
        try:
            return raw_rows(connection, query)
        except DBAPIError as error:
            if is_broken(error) or is_passing(error):
                raise
            return as_connector_error(error)
        except (ValueError, OverflowError) as error:
            return ProtocolError(f"a value cannot be read ({type(error).__name__})")


def by_keys(connection: Connection, layout: Layout, keys: Sequence[str]) -> dict[str, Record | None]:
    """What exists of the keys; None: it exists and is no readable record."""
    wanted = layout.values_of_keys(dict.fromkeys(keys))
    records, flaws = records_of(layout, rows_among(connection, layout, layout.names, layout.keys, wanted))
    found: dict[str, Record | None] = {record.key: record for record in records}
    found.update((flaw.key, None) for flaw in flaws if flaw.key)
    return found
