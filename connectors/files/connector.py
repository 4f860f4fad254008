"""Files in a folder as streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from connectors import sdk
from connectors.files.reading import Reader
from connectors.files.settings import FilesSettings, FileStream
from connectors.files.source import Source, look, opened
from connectors.files.writing import Writer
from connectors.sdk import (
    Connector,
    Context,
    Deletes,
    Diagnostic,
    Field,
    FieldType,
    Outcome,
    Page,
    Record,
    Replay,
    Stream,
    Write,
    Writes,
)
from model.errors import ConfigurationError, ConnectorError

_SAMPLE = 1000
_TYPES: dict[type, FieldType] = {
    bool: FieldType.BOOLEAN,
    int: FieldType.INTEGER,
    float: FieldType.DECIMAL,
    dict: FieldType.OBJECT,
    list: FieldType.LIST,
}


class FilesConnector(Connector[FilesSettings]):
    """A folder of CSV and JSON Lines files. Every read is a full one, and none at all where the file is unchanged."""

    name: ClassVar[str] = "files"
    label: ClassVar[str] = "Files (CSV, JSON Lines)"
    Settings: ClassVar[type[sdk.Settings]] = FilesSettings

    def __init__(self, settings: FilesSettings, context: Context | None = None) -> None:
        super().__init__(settings, context)
        self._readers: dict[str, Reader] = {}

    def declared_streams(self) -> tuple[Stream, ...]:
        return tuple(_facts(name, stream) for name, stream in self.settings.streams.items())

    def check(self) -> list[Diagnostic]:
        if not self.settings.folder.is_dir():
            message = f"there is no folder {self.settings.folder}"
            return [Diagnostic(code="unreachable", path="folder", message=message, hint="create it or mend the path")]
        found: list[Diagnostic] = []
        for name, stream in self.settings.streams.items():
            if stream.create and not self._path(stream).exists():
                continue
            try:
                found += self._check_stream(name, stream)
            except ConfigurationError as error:
                found += error.diagnostics
            except ConnectorError as error:
                found.append(Diagnostic(code="unreadable", path=f"streams.{name}.file", message=str(error)))
        return found

    def _check_stream(self, name: str, stream: FileStream) -> list[Diagnostic]:
        with opened(self._path(stream), stream.file) as file:
            lines = islice(Source(file, stream, look(file, stream.encoding)).lines(), _SAMPLE)
            found = [(number, problem) for number, data, problem in lines if data is None and problem is not None]
        if not found:
            return []
        (number, problem), more = found[0], len(found) - 1
        also = f"; and {more} more of the first {_SAMPLE:,} rows cannot be read" if more else ""
        return [
            Diagnostic(
                code=problem.code,
                file=stream.file,
                line=number,
                path=f"streams.{name}",
                message=problem.message + also,
                hint="such rows are set aside; others are read",
                severity=sdk.Severity.WARNING,
            )
        ]

    def discover(self, stream: str) -> tuple[Field, ...]:
        """CSV: the header's columns, all text. JSON Lines: what the first lines hold. Not made: what settings name."""
        facts = self._stream(stream)
        if self._reader(stream).not_made_yet():
            marker = [facts.marker_column] if facts.marker_column else []
            return tuple(
                _field(facts, name, []) for name in facts.header or dict.fromkeys([*facts.key_columns, *marker])
            )
        with opened(self._path(facts), facts.file) as file:
            source = Source(file, facts, look(file, facts.encoding))
            sample = [line.data for line in islice(source.lines(), _SAMPLE) if line.data is not None]
        names: dict[str, None] = dict.fromkeys(source.header) or dict.fromkeys(name for row in sample for name in row)
        return tuple(_field(facts, name, sample if facts.kind == "jsonl" else []) for name in names)

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        return self._reader(stream).pages(since)

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        return self._reader(stream).keys()

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        return self._reader(stream).fetch(keys)

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        return self._reader(stream).find(field, values)

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        facts = self._stream(stream)
        return Writer(self._path(facts), facts).upsert(batch)

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        facts = self._stream(stream)
        return Writer(self._path(facts), facts).remove(batch)

    def _stream(self, name: str) -> FileStream:
        return self.settings.streams[name]

    def _path(self, stream: FileStream) -> Path:
        return self.settings.folder / stream.file

    def _reader(self, name: str) -> Reader:
        """One per stream and process: it remembers how many rows to expect."""
        facts = self._stream(name)
        return self._readers.setdefault(name, Reader(self._path(facts), facts))


def _facts(name: str, stream: FileStream) -> Stream:
    writes = None
    if stream.writable:
        writes = Writes(
            batch=stream.batch,
            replay=Replay.UPSERT if stream.marker_column else Replay.NATURAL,
            marker=stream.marker_column,
            returns_record=True,
        )
    return Stream(
        name=name,
        key=",".join(stream.key_columns),
        writes=writes,
        deletes=Deletes.SWEEP if stream.deletes else Deletes.UNSEEN,
        removes=stream.writable,
        parents=stream.parents,
    )


def _field(stream: FileStream, name: str, sample: Sequence[dict[str, Any]]) -> Field:
    kinds = {type(value) for row in sample if (value := row.get(name)) is not None}
    own = name in stream.key_columns
    return Field(
        name=name,
        type=_TYPES.get(kinds.pop(), FieldType.TEXT) if len(kinds) == 1 else FieldType.TEXT,
        required=own and stream.key_from == "field",
        nullable=not own and (stream.kind == "jsonl" or stream.null is not None),
        creatable=stream.writable and (not own or stream.key_from == "field"),
        updatable=stream.writable and not own,
        unique=own and len(stream.key_columns) == 1,
    )
