"""Tables and views of a database as streams."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

from sqlalchemy import Engine, func, select

from connectors import sdk
from connectors.sdk import (
    Connector,
    Context,
    Deletes,
    Diagnostic,
    Field,
    Outcome,
    Page,
    Record,
    Replay,
    Severity,
    Stream,
    Watermark,
    Write,
    Writes,
)
from connectors.sql.engine import connected, open_engine
from connectors.sql.layout import Layout, reflect
from connectors.sql.positions import unusable_position
from connectors.sql.reading import Reader
from connectors.sql.rows import raw_rows
from connectors.sql.settings import SqlSettings, SqlStream
from connectors.sql.writing import Writer
from model.errors import ConfigurationError, ConnectorError, UnauthorisedError


class SqlConnector(Connector[SqlSettings]):
    """A database, read by keyset and watermark, written in one transaction per batch."""

    name: ClassVar[str] = "sql"
    label: ClassVar[str] = "SQL database"
    Settings: ClassVar[type[sdk.Settings]] = SqlSettings

    def __init__(self, settings: SqlSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._engine: Engine | None = None
        self._layouts: dict[str, Layout] = {}
        self._looked_at: dict[str, frozenset[str]] = {}  # by stream, once `narrow` has said it
        self._lock = threading.Lock()

    def declared_streams(self) -> tuple[Stream, ...]:
        return tuple(_facts(name, stream) for name, stream in self.settings.streams.items())

    def check(self) -> list[Diagnostic]:
        try:
            with connected(self._opened()):
                pass
        except ConfigurationError as error:
            return list(error.diagnostics)
        except ConnectorError as error:
            code = "unauthorised" if isinstance(error, UnauthorisedError) else "unreachable"
            return [Diagnostic(code=code, path="url", message=str(error))]
        found: list[Diagnostic] = []
        for name in self.settings.streams:
            try:
                found += self._check_stream(self._layout(name))
            except ConfigurationError as error:
                found += error.diagnostics
            except ConnectorError as error:
                found.append(Diagnostic(code="unreadable", path=f"streams.{name}.table", message=str(error)))
        return found

    def discover(self, stream: str) -> tuple[Field, ...]:
        return self._layout(stream).fields(self.settings.streams)

    def narrow(self, stream: str, fields: Collection[str]) -> None:
        with self._lock:
            self._looked_at[stream] = wanted = frozenset(fields)
            if (known := self._layouts.get(stream)) is not None:
                self._layouts[stream] = known.narrowed(wanted)

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        return Reader(self._opened(), self._layout(stream)).pages(since)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        return Reader(self._opened(), self._layout(stream)).keys()

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        return Reader(self._opened(), self._layout(stream)).fetch(keys)

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        return Reader(self._opened(), self._layout(stream)).find(field, values)

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        return Writer(self._opened(), self._layout(stream), self.context.clock).upsert(batch)

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        return Writer(self._opened(), self._layout(stream), self.context.clock).remove(batch)

    def close(self) -> None:
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None
            self._layouts.clear()

    def _opened(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = open_engine(self.settings.url.get_secret_value())
            return self._engine

    def _layout(self, name: str) -> Layout:
        if name not in self.settings.streams:
            raise KeyError(name)
        engine = self._opened()
        with self._lock:
            known = self._layouts.get(name)
        if known is None:
            with connected(engine):  # a readable error first, should the database not be there
                known = reflect(engine, self.settings, name)
            with self._lock:
                wanted = self._looked_at.get(name)
                self._layouts[name] = known = known if wanted is None else known.narrowed(wanted)
        return known

    def _check_stream(self, layout: Layout) -> list[Diagnostic]:
        stream, name = layout.stream, layout.name
        found = _check_key(layout) + (_check_writing(layout) if stream.writable else [])
        column = stream.watermark
        found += [problem for children in layout.lists for problem in children.problems(layout)]
        if column is None:
            return found
        if column not in layout.indexed:
            message = f"column {column} has no index, so each read looks at every row"
            hint = f"CREATE INDEX ON {stream.table} ({column}, {', '.join(stream.key_columns)})"
            found.append(_finding("unindexed-watermark", name, "watermark", message, hint, Severity.WARNING))
        if layout.columns[column].nullable:
            message = f"column {column} may be null; rows without it are read every time"
            hint = "make it NOT NULL with a default"
            found.append(_finding("nullable-watermark", name, "watermark", message, hint, Severity.NOTE))
        with connected(self._opened()) as connection:
            highest = raw_rows(connection, select(func.max(layout.table.c[column])))[0][0]
        problem = None if highest is None else unusable_position(layout, highest)
        if problem is None and self._opened().dialect.name != "sqlite":
            naive = layout.columns[column].naive and layout.zone is None
            if naive:
                message = f"column {column} stores no time zone and none is declared"
                problem = _finding("zone-unknown", name, "watermark", message, "set zone: on the connection")
        return found + ([problem] if problem else [])


def _facts(name: str, stream: SqlStream) -> Stream:
    writes = None
    if stream.writable:
        writes = Writes(
            batch=stream.batch,
            replay=Replay.UPSERT if stream.marker_column else Replay.NATURAL,
            marker=stream.marker_column,
            conditional=stream.version is not None,
            returns_record=True,
        )
    watermark = None
    if stream.watermark:
        watermark = Watermark(
            field=stream.watermark,
            resolution=timedelta(microseconds=1),
            overlap=timedelta(seconds=stream.overlap),
            misses="edits by programs that do not move the column",
        )
    return Stream(
        name=name,
        key=stream.key_name,
        version=stream.version,
        watermark=watermark,
        writes=writes,
        deletes=Deletes.TOMBSTONES if stream.soft_delete else Deletes.SWEEP,
        removes=stream.writable,
        parents=stream.parents,
    )


def _check_key(layout: Layout) -> list[Diagnostic]:
    own = set(layout.stream.key_columns)
    if any(set(unique) <= own for unique in layout.unique):
        return []
    columns = ", ".join(layout.stream.key_columns)
    message = f"nothing in the database says that {columns} is unique"
    hint = "name the primary key or a unique column; two rows with one key would be taken for one record"
    return [_finding("key-not-unique", layout.name, "key", message, hint, Severity.WARNING)]


def _check_writing(layout: Layout) -> list[Diagnostic]:
    stream, found = layout.stream, []
    key = layout.columns[stream.key_columns[0]]
    if stream.key_from == "database" and not key.given:
        message = f"the database gives new rows no {key.name} (no identity, sequence or default)"
        hint = "set key_from: marker or key_from: field"
        found.append(_finding("key-not-given", layout.name, "key_from", message, hint))
    if stream.marker and stream.marker not in layout.indexed:
        message = f"column {stream.marker} has no index; every batch of new rows searches the whole table"
        hint = f"CREATE UNIQUE INDEX ON {stream.table} ({stream.marker})"
        found.append(_finding("unindexed-marker", layout.name, "marker", message, hint, Severity.WARNING))
    if stream.marker_column is None:
        message = "a create whose answer is lost can only be found again by its own fields"
        hint = "add a column for the hub's id and name it as marker:"
        found.append(_finding("no-marker", layout.name, "marker", message, hint, Severity.WARNING))
    return found


def _finding(
    code: str, name: str, leaf: str, message: str, hint: str, severity: Severity = Severity.ERROR
) -> Diagnostic:
    return Diagnostic(code=code, path=f"streams.{name}.{leaf}", message=message, hint=hint, severity=severity)
