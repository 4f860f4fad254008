"""One file, opened once: is it the same as before, is it plausible, what rows does it hold.

A file that looks cut off raises SourceIncompleteError *before its cursor is handed out*, so whatever was read of it
counts as changes, never as deletions. A line that is no record is a `Flaw` with ``file:line`` and delays no other.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson

from connectors.files.cells import cell_reader
from connectors.files.settings import FileStream
from connectors.sdk import (
    CursorExpiredError,
    Diagnostic,
    Flaw,
    Problem,
    SourceIncompleteError,
    UnauthorisedError,
    UnreachableError,
)
from model.errors import ConfigurationError
from model.making import maker

_CHUNK = 1 << 20
_UNREADABLE = "\ufffd"


class Position(NamedTuple):
    """What a cursor remembers of the file that was read. ``digest`` covers its bytes and how they were read."""

    digest: str
    rows: int
    lines: int
    header: tuple[str, ...]

    def cursor(self) -> str:
        return orjson.dumps([self.digest, self.rows, self.lines, list(self.header)]).decode()


def position_in(cursor: str) -> Position:
    try:
        digest, rows, lines, header = orjson.loads(cursor)
        return Position(str(digest), int(rows), int(lines), tuple(header))
    except (ValueError, TypeError):
        raise CursorExpiredError(
            "the stored position was not written by this connector; read everything again"
        ) from None


class Look(NamedTuple):
    """A first pass over the bytes: content address, line count, whether all of it decodes, how it ends."""

    digest: str
    lines: int
    decodes: bool
    final_newline: bool
    size: int


class Line(NamedTuple):
    """One row of the file: data, or the reason why there is none. ``number`` is its first line, from 1."""

    number: int
    data: dict[str, Any] | None
    problem: Problem | None = None

    def lines(self) -> Iterator[Line]:
        yield self


class Stretch(NamedTuple):
    """Rows one after the other that are all data: nearly all of every file. ``numbers`` are their first lines."""

    numbers: Sequence[int]
    rows: list[dict[str, Any]]

    def lines(self) -> Iterator[Line]:
        return map(Line, self.numbers, self.rows)


@contextmanager
def opened(path: Path, name: str) -> Iterator[BinaryIO]:
    """The file for reading. Errors name the file as the settings do."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise SourceIncompleteError(f"{name}: there is no such file; nothing was read") from None
    except PermissionError:
        raise UnauthorisedError(f"{name}: this user may not read the file") from None
    except OSError as error:
        raise UnreachableError(f"{name}: cannot be opened ({os.strerror(error.errno or 0)})") from None
    with file:
        yield file


def digest_of(file: BinaryIO) -> str:
    """The content address alone, in half the time of a whole look; goes back to the start."""
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()[:32]


def look(file: BinaryIO, encoding: str, address: str | None = None) -> Look:
    """Hash (unless the address is known), count and test-decode in one pass of bounded memory; back to the start."""
    digest = hashlib.sha256()
    decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder(encoding)("strict")
    lines = size = 0
    last = b""
    file.seek(0)
    while chunk := file.read(_CHUNK):
        if address is None:
            digest.update(chunk)
        lines += chunk.count(b"\n")
        size += len(chunk)
        last = chunk[-2:]
        if decoder is not None:
            try:
                decoder.decode(chunk)
            except UnicodeError:
                decoder = None
    if decoder is not None:
        try:
            decoder.decode(b"", final=True)
        except UnicodeError:
            decoder = None
    file.seek(0)
    ended = last.rstrip(b"\x00")[-1:] in (b"\n", b"\r")
    return Look(
        address or digest.hexdigest()[:32], lines + (0 if ended or not size else 1), decoder is not None, ended, size
    )


class Ahead:
    """Lines on their way to a csv reader, which can be looked at, and passed by it, as long as it is between two rows.

    ``skipped`` counts those that passed it by.
    """

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._held: list[str] = []
        self._given = 0
        self.skipped = 0

    def fed(self) -> Iterator[str]:
        """What the csv reader reads."""
        return chain.from_iterable(self._batches())

    def _batches(self) -> Iterator[list[str]]:
        while lines := self._held or list(islice(self._text, 1)):
            self._held = []
            self._given += len(lines)
            yield lines

    def taken(self, reader: Any, most: int) -> list[str]:
        """Up to ``most`` lines that the reader will read next; none while it has not read what it was given."""
        if not self._held and self._given == reader.line_num:
            self._held = list(islice(self._text, most))
        return self._held

    @property
    def number(self) -> int:
        """Lines before those that are held."""
        return self._given + self.skipped

    def skip(self) -> None:
        """Pass the reader by: what is held has been read otherwise."""
        self.skipped += len(self._held)
        self._held = []


class Source:
    """The rows of one opened file."""

    def __init__(self, file: BinaryIO, stream: FileStream, seen: Look) -> None:
        self._file = file
        self._stream = stream
        self._look = seen
        self._shown = cell_reader(stream)
        self.header: tuple[str, ...] = ()

    def lines(self) -> Iterator[Line]:
        """Every row, in order. Raises SourceIncompleteError where the file ends in the middle of one."""
        most = self._stream.page
        for part in self.parts(lambda: most):
            yield from part.lines()

    def parts(self, room: Callable[[], int]) -> Iterator[Stretch | Line]:
        """As `lines`, but rows without anything remarkable come together, at most ``room()`` of them."""
        if not self._look.size:
            raise SourceIncompleteError(f"{self._stream.file}: the file is empty; nothing was read")
        return self._csv(room) if self._stream.kind == "csv" else self._jsonl(room)

    def _text(self) -> io.TextIOWrapper:
        encoding = "utf-8-sig" if self._stream.encoding == "utf-8" else self._stream.encoding
        errors = "strict" if self._look.decodes else "replace"
        # a duplicate descriptor: the wrapper closes what it wraps
        raw = os.fdopen(os.dup(self._file.fileno()), "rb")
        raw.seek(0)
        return io.TextIOWrapper(raw, encoding=encoding, errors=errors, newline="")

    def _csv(self, room: Callable[[], int]) -> Iterator[Stretch | Line]:
        with self._text() as text:
            ahead = Ahead(text)
            reader = csv.reader(ahead.fed(), delimiter=self._stream.delimiter, strict=True)
            self.header = self._stream.header or self._header(reader)
            check_header(self.header, self._stream)
            yield from self._rows(ahead, reader, room)

    def _header(self, reader: Any) -> tuple[str, ...]:
        try:
            return tuple(name.strip() for name in next(reader))
        except (csv.Error, StopIteration):
            raise SourceIncompleteError(f"{self._stream.file}:1: the header line cannot be read") from None

    def _rows(self, ahead: Ahead, reader: Any, room: Callable[[], int]) -> Iterator[Stretch | Line]:
        while True:
            while (lines := ahead.taken(reader, room())) and (simple := self._simple(lines)):
                yield Stretch(range(ahead.number + 1, ahead.number + 1 + len(simple)), self._data(simple))
                ahead.skip()
            before = ahead.skipped + reader.line_num
            rows: list[list[str]] = []
            ends: list[int] = []
            error: csv.Error | None = None
            try:
                for cells in islice(reader, room()):
                    rows.append(cells)
                    ends.append(ahead.skipped + reader.line_num)
            except csv.Error as raised:
                error = raised
            if not rows and error is None:
                return
            starts = [end + 1 for end in (before, *ends)]
            if self._look.decodes and set(map(len, rows)) == {len(self.header)}:
                yield Stretch(starts, self._data(rows))
            else:
                yield from self._one_by_one(rows, starts, ends)
            if error is not None:
                yield self._broken(starts[-1], str(error))

    def _simple(self, lines: list[str]) -> list[list[str]] | None:
        """The cells of lines without a quote, which are what stands between delimiters; None: not as simple as that."""
        delimiter, width = self._stream.delimiter, len(self.header)
        if not self._look.decodes or width < 2 or delimiter in '"\r\n' or '"' in "".join(lines):
            return None
        if max(map(len, lines)) > csv.field_size_limit():
            return None
        rows = [line.rstrip("\r\n").split(delimiter) for line in lines]
        return rows if set(map(len, rows)) == {width} else None

    def _data(self, rows: list[list[str]]) -> list[dict[str, Any]]:
        names, shown = self.header, self._shown
        if shown is None:
            return list(map(maker(names), *zip(*rows, strict=True)))
        return [dict(zip(names, map(shown, cells), strict=False)) for cells in rows]

    def _one_by_one(self, rows: list[list[str]], starts: list[int], ends: list[int]) -> Iterator[Line]:
        width = len(self.header)
        dubious = not self._look.decodes
        for cells, start, end in zip(rows, starts, ends, strict=False):
            if len(cells) == width:
                if dubious and any(_UNREADABLE in cell for cell in cells):
                    problem = Problem("undecodable", f"bytes that are no {self._stream.encoding}; set encoding:")
                    yield Line(start, None, problem)
                else:
                    yield Line(start, self._data([cells])[0])
            elif cells:
                self._cut_here(start, len(cells) < width, end)
                many = "fewer" if len(cells) < width else "more"
                said = f"{len(cells)} cells, {many} than the {width} of the header; check delimiter and quotes"
                yield Line(start, None, Problem("cell-count", said))

    def _broken(self, start: int, message: str) -> Line:
        if "unexpected end of data" in message:
            said = "a quoted cell begins here and never ends; the file is cut off"
            raise SourceIncompleteError(f"{self._stream.file}:{start}: {said}")
        if "field larger" in message:
            said = "a cell of more than 131072 characters begins here, most likely a quote that never ends"
            raise SourceIncompleteError(f"{self._stream.file}:{start}: {said}")
        return Line(
            start, None, Problem("bad-quotes", "quotes inside a cell must be doubled, and close before the delimiter")
        )

    def _cut_here(self, start: int, short: bool, line: int) -> None:  # noqa: FBT001 (a fact, not a switch)
        if short and not self._look.final_newline and line >= self._look.lines:
            raise SourceIncompleteError(f"{self._stream.file}:{start}: the last line is cut off")

    def _jsonl(self, room: Callable[[], int]) -> Iterator[Stretch | Line]:
        self._file.seek(0)
        first = 1
        while raws := list(islice(self._file, room())):
            numbers = range(first, first + len(raws))
            first += len(raws)
            try:
                rows = list(map(orjson.loads, raws))
            except orjson.JSONDecodeError:
                rows = []
            if set(map(type, rows)) == {dict}:
                yield Stretch(numbers, rows)
            else:
                yield from self._line_by_line(raws, numbers)

    def _line_by_line(self, raws: list[bytes], numbers: Sequence[int]) -> Iterator[Line]:
        for number, raw in zip(numbers, raws, strict=True):
            content = raw.strip()
            if number == 1:
                content = content.removeprefix(codecs.BOM_UTF8)
            if not content:
                continue
            try:
                data = orjson.loads(content)
            except orjson.JSONDecodeError:
                if not raw.endswith(b"\n"):
                    said = f"{self._stream.file}:{number}: the last line is cut off"
                    raise SourceIncompleteError(said) from None
                yield Line(number, None, Problem("bad-json", "a line that is no JSON object in UTF-8"))
                continue
            if isinstance(data, dict):
                yield Line(number, data)
            else:
                yield Line(number, None, Problem("bad-json", "a line that is JSON but no object"))


def check_header(header: tuple[str, ...], stream: FileStream) -> None:
    """Raise ConfigurationError naming everything that makes the header unusable."""
    found = [
        Diagnostic(code="repeated-column", file=stream.file, line=1, message=f"the header names {name!r} twice")
        for name in sorted({name for name in header if header.count(name) > 1})
    ]
    needed = dict.fromkeys([*stream.key_columns, *([stream.marker_column] if stream.marker_column else [])])
    found += [
        Diagnostic(
            code="unknown-column",
            file=stream.file,
            line=1,
            message=f"the header has no column {name!r}",
            hint=f"columns read with delimiter {stream.delimiter!r}: {', '.join(header)}",
        )
        for name in needed
        if name not in header and (name in stream.key_columns or stream.writable)
    ]
    if found:
        raise ConfigurationError(found)


def flaw_of(stream: FileStream, number: int, problem: Problem, key: str | None = None) -> Flaw:
    return Flaw(f"{stream.file}:{number}", problem, key)
