"""Writing a file: read, change, write beside it, put in its place.

The new file is complete on disk before it takes the name of the old one, so nobody ever reads half of it. A lock file
beside it keeps two writers apart; readers need none, for they hold either the old file or the new one. A file that
somebody else changed meanwhile is left alone: the rows are tried again.
"""

from __future__ import annotations

import codecs
import csv
import fcntl
import io
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from connectors.files.cells import cell_reader, cell_writer, key_of
from connectors.files.settings import FileStream
from connectors.files.source import check_header
from connectors.sdk import Outcome, OutcomeKind, Record, RefusedError, UnauthorisedError, UnreachableError, Write

Row = dict[str, Any]


class _Lines:
    """Takes lines of a csv writer that is told CRLF, so that it quotes a lone CR or LF; ends them as the file does."""

    def __init__(self, newline: str) -> None:
        self.texts: list[str] = []
        self._newline = newline

    def write(self, line: str) -> None:
        self.texts.append(line[:-2] + self._newline)


class Table:
    """A file in memory: rows in order, each with its key; what is no record is kept as it is."""

    def __init__(self, stream: FileStream, content: bytes) -> None:
        self.stream = stream
        self.rows: list[Row | None] = []
        self.kept: dict[int, Any] = {}  # place → line that is no record
        self.header: list[str] = []
        self._bom = b""
        self._newline = "\n"
        if stream.kind == "csv":
            self._parse_csv(content)
        else:
            self._parse_jsonl(content)
        self.by_key: dict[str, int] = {}
        self.by_marker: dict[str, int] = {}
        for place, row in enumerate(self.rows):
            if row is not None:
                self.index(place, row)

    def index(self, place: int, row: Row) -> None:
        key = key_of(row, self.stream.key_columns)
        if key is not None:
            self.by_key.setdefault(key, place)
        if self.stream.marker_column and (marker := row.get(self.stream.marker_column)):
            self.by_marker.setdefault(str(marker), place)

    def _parse_csv(self, content: bytes) -> None:
        stream = self.stream
        if stream.encoding == "utf-8" and content.startswith(codecs.BOM_UTF8):
            self._bom, content = codecs.BOM_UTF8, content[3:]
        try:
            text = content.decode(stream.encoding, "surrogateescape" if stream.encoding == "utf-8" else "strict")
        except UnicodeError:
            raise RefusedError(f"{stream.file}: has bytes that are no {stream.encoding}; not written") from None
        end = text.find("\n")
        self._newline = "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=stream.delimiter, strict=True)
        self.header = list(stream.header or ())
        shown = cell_reader(stream)
        try:
            if not self.header:
                self.header = [name.strip() for name in next(reader, [])]
            if self.header:
                check_header(tuple(self.header), stream)
            for cells in reader:
                self._take(cells, shown)
        except csv.Error:
            said = "has a line whose quotes cannot be understood; mend it first, it would not survive a rewrite"
            raise RefusedError(f"{stream.file}:{reader.line_num}: {said}", "unreadable-file") from None

    def _take(self, cells: list[str], shown: Callable[[str], str | None] | None) -> None:
        if len(cells) == len(self.header):
            values = cells if shown is None else [shown(cell) for cell in cells]
            self.rows.append(dict(zip(self.header, values, strict=True)))
        elif cells:
            self.kept[len(self.rows)] = cells
            self.rows.append(None)

    def _parse_jsonl(self, content: bytes) -> None:
        for line in content.removeprefix(codecs.BOM_UTF8).splitlines():
            try:
                data = orjson.loads(line)
            except orjson.JSONDecodeError:
                data = None
            if not isinstance(data, dict):
                self.kept[len(self.rows)] = line
                data = None
            self.rows.append(data)

    def content(self) -> bytes:
        if self.stream.kind == "jsonl":
            lines = [
                (self.kept[place] if row is None else orjson.dumps(row)) + b"\n"
                for place, row in enumerate(self.rows)
                if row is not None or place in self.kept
            ]
            return b"".join(lines)
        sink = _Lines(self._newline)
        writer = csv.writer(sink, delimiter=self.stream.delimiter, lineterminator="\r\n")
        if self.stream.header is None:
            writer.writerow(self.header)
        written = cell_writer(self.stream)
        for place, row in enumerate(self.rows):
            if row is not None:
                writer.writerow([written(row.get(name)) for name in self.header])
            elif place in self.kept:
                writer.writerow(self.kept[place])
        errors = "surrogateescape" if self.stream.encoding == "utf-8" else "strict"
        return self._bom + "".join(sink.texts).encode(self.stream.encoding, errors)

    def refusal(self, fields: Mapping[str, Any]) -> tuple[str, str, str] | None:
        """``(code, message, field)`` where a value has no place in this file."""
        if self.stream.kind == "jsonl":
            return None
        written = cell_writer(self.stream)
        for name, value in fields.items():
            if name not in self.header:
                return "unknown-field", f"{self.stream.file} has no column {name}", name
            try:
                written(value).encode(self.stream.encoding)
            except UnicodeError:
                return "not-encodable", f"column {name} has characters that {self.stream.encoding} lacks", name
            except ValueError as error:
                return "not-a-cell", f"column {name} {error}", name
        return None

    def shown(self, row: Row) -> Row:
        """A row as the next read will show it."""
        if self.stream.kind == "jsonl":
            return row
        written, shown = cell_writer(self.stream), cell_reader(self.stream)
        cells = {name: written(row.get(name)) for name in self.header}
        return dict(cells) if shown is None else {name: shown(cell) for name, cell in cells.items()}


class Writer:
    """Writes one file."""

    def __init__(self, path: Path, stream: FileStream) -> None:
        self._path = path
        self._stream = stream

    def upsert(self, batch: Sequence[Write]) -> list[Outcome]:
        return self._rewritten(batch, self._upsert)

    def remove(self, batch: Sequence[Write]) -> list[Outcome]:
        return self._rewritten(batch, self._remove)

    def _rewritten(self, batch: Sequence[Write], act: Callable[[Table, Write], Outcome]) -> list[Outcome]:
        with _locked(self._path, self._stream.file):
            content, stamp = self._read()
            table = Table(self._stream, content)
            if self._stream.kind == "csv" and not table.header:
                table.header = self._first_header(batch)
            outcomes = [act(table, write) for write in batch]
            if not any(outcome.kind is OutcomeKind.APPLIED for outcome in outcomes):
                return outcomes
            if not self._replace(table.content(), stamp):
                said = "somebody else changed the file meanwhile"
                return [Outcome(OutcomeKind.RETRY, write.key, message=said) for write in batch]
            return outcomes

    def _first_header(self, batch: Sequence[Write]) -> list[str]:
        """Columns of a file that does not exist yet: key, marker, then what is written, in order of appearance."""
        marker = self._stream.marker_column
        names = [*self._stream.key_columns, *([marker] if marker else [])]
        return list(dict.fromkeys([*names, *(name for write in batch for name in write.fields)]))

    def _upsert(self, table: Table, write: Write) -> Outcome:
        place = table.by_key.get(write.key) if write.key is not None else table.by_marker.get(write.marker)
        if write.key is not None and place is None:
            return Outcome(OutcomeKind.MISSING, write.key, message="there is no such row")
        refusal = table.refusal(write.fields)
        own = [name for name in write.fields if name in self._stream.key_columns]
        if refusal is None and write.key is not None and own:
            refusal = "not-writable", f"column {own[0]} is the key; only a new row takes it", own[0]
        if refusal is not None:
            return Outcome(OutcomeKind.REFUSED, write.key, code=refusal[0], message=refusal[1], field=refusal[2])
        if place is None:
            return self._create(table, write)
        row = table.rows[place]
        assert row is not None  # only records are indexed
        _put(row, {name: value for name, value in write.fields.items() if name not in own}, self._stream.kind)
        return self._applied(table, row)

    def _create(self, table: Table, write: Write) -> Outcome:
        row: Row = {}
        _put(row, write.fields, self._stream.kind)
        if self._stream.marker_column and write.marker:
            row[self._stream.marker_column] = write.marker
        key = key_of(row, self._stream.key_columns)
        if key is None:
            columns = ", ".join(self._stream.key_columns)
            said = f"a new row needs a value for its key ({columns})"
            return Outcome(OutcomeKind.REFUSED, code="no-key", message=said, field=self._stream.key_columns[0])
        if key in table.by_key:
            said = "another row has this key"
            return Outcome(OutcomeKind.DUPLICATE, message=said, field=self._stream.key_columns[0], of=key)
        table.rows.append(row)
        table.index(len(table.rows) - 1, row)
        return self._applied(table, row)

    def _applied(self, table: Table, row: Row) -> Outcome:
        shown = table.shown(row)
        key = key_of(shown, self._stream.key_columns) or ""
        return Outcome(OutcomeKind.APPLIED, key, record=Record(key, dict(shown)))

    def _remove(self, table: Table, write: Write) -> Outcome:
        place = table.by_key.pop(write.key or "", None)
        if place is None:
            return Outcome(OutcomeKind.MISSING, write.key, message="there is no such row")
        table.rows[place] = None
        return Outcome(OutcomeKind.APPLIED, write.key)

    def _read(self) -> tuple[bytes, tuple[int, int] | None]:
        try:
            stamp = self._stamp()
            return self._path.read_bytes(), stamp
        except FileNotFoundError:
            if self._stream.create:
                return b"", None
            raise RefusedError(
                f"{self._stream.file}: there is no such file (create: true lets a write make it)"
            ) from None
        except PermissionError:
            raise UnauthorisedError(f"{self._stream.file}: this user may not read the file") from None

    def _stamp(self) -> tuple[int, int]:
        state = self._path.stat()
        return state.st_size, state.st_mtime_ns

    def _replace(self, content: bytes, stamp: tuple[int, int] | None) -> bool:
        """Put the new content in place, durably; False where the file is no longer the one that was read."""
        try:
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.", suffix=".new")
            fresh = Path(name)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                if stamp is not None:
                    fresh.chmod(self._path.stat().st_mode & 0o7777)
                if (self._stamp() if self._path.exists() else None) != stamp:
                    return False
                fresh.replace(self._path)
            finally:
                fresh.unlink(missing_ok=True)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except PermissionError:
            raise UnauthorisedError(f"{self._stream.file}: this user may not write here") from None
        except OSError as error:
            said = os.strerror(error.errno or 0)
            raise UnreachableError(f"{self._stream.file}: cannot be written ({said}); it is as it was") from None
        return True


def _put(row: Row, fields: Mapping[str, Any], kind: str) -> None:
    """Set fields by record path: in JSON ``address.city`` goes inside ``address``."""
    for path, value in fields.items():
        target = row
        *outer, leaf = path.split(".") if kind == "jsonl" and path not in row else [path]
        for name in outer:
            inner = target.get(name)
            if not isinstance(inner, dict):
                inner = target[name] = {}
            target = inner
        target[leaf] = value


@contextmanager
def _locked(path: Path, name: str) -> Iterator[None]:
    """One writer at a time, over all processes of this machine."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    except PermissionError:
        raise UnauthorisedError(f"{name}: this user may not write here") from None
    except OSError as error:
        raise UnreachableError(f"{name}: cannot be locked ({os.strerror(error.errno or 0)})") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
