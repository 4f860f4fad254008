"""Reading a file into pages, and looking single records up."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from connectors.files.cells import key_of, keys_of
from connectors.files.met import Met
from connectors.files.settings import FileStream
from connectors.files.source import Look, Position, Source, Stretch, digest_of, flaw_of, look, opened, position_in
from connectors.sdk import Flaw, Page, Problem, Record, SourceIncompleteError
from model.records import plain_records

_MEANING = frozenset({"format", "key", "encoding", "delimiter", "null", "trim", "header", "deletes", "guard_formulas"})
"""Settings that decide which records a file holds: read in another way, the same bytes are another file."""


class Reader:
    """Reads one file. ``known_rows`` is what the last complete read counted, as far as this process knows."""

    def __init__(self, path: Path, stream: FileStream, known_rows: int = 0) -> None:
        self._path = path
        self._stream = stream
        self.known_rows = known_rows
        self._how = hashlib.blake2b(stream.model_dump_json(include=set(_MEANING)).encode(), digest_size=8).hexdigest()

    def pages(self, since: str | None) -> Iterator[Page]:
        """Nothing at all where the file, and how it is read, is what it was; otherwise all of it."""
        before = position_in(since) if since is not None else None
        if before is None and self.not_made_yet():
            yield Page([], None, True)
            return
        with opened(self._path, self._stream.file) as file:
            self.known_rows = before.rows if before is not None else self.known_rows
            address = digest_of(file)
            if before is not None and before.digest == self._address(address, file):
                return
            seen = look(file, self._stream.encoding, address)
            if before is not None and seen.lines < before.lines * self._stream.minimum_share:
                raise self._shrunk(seen.lines, before.lines, "lines")
            with closing(Met()) as met:
                yield from self._pages(file, seen, before, met)

    def _address(self, digest: str, file: BinaryIO) -> str:
        """Equal for equal bytes that are read in the same way.

        In a file the hub writes they may be those of before its own last write, put back from a backup or exported
        again. So there the file must be untouched, too.
        """
        untouched = ""
        if self._stream.writable:
            state = os.fstat(file.fileno())
            untouched = f"-{state.st_mtime_ns:x}-{state.st_ctime_ns:x}"
        return f"{digest}-{self._how}{untouched}"

    def not_made_yet(self) -> bool:
        """Whether the first write is still to make the file, as the settings allow."""
        return self._stream.create and (not self._path.exists() or self._path.stat().st_size == 0)

    def _pages(self, file: BinaryIO, seen: Look, before: Position | None, met: Met) -> Iterator[Page]:
        stream, size = self._stream, self._stream.page
        source = Source(file, stream, seen)
        stamp = _stamp(file)
        records: list[Record] = []
        flaws: list[Flaw] = []
        pending: Page | None = None
        full = stream.deletes
        count = 0

        def room() -> int:
            return size - len(records) - len(flaws)

        for part in source.parts(room):
            if not count and before is not None:
                self._same_columns(source.header, before.header)
            if isinstance(part, Stretch) and self._all_added(part.rows, met, records):
                count += len(part.rows)
            else:
                for number, data, problem in part.lines():
                    count += 1
                    if data is None:
                        flaws.append(flaw_of(stream, number, problem or Problem("unreadable", "no record")))
                        full = False  # any record may be the one that is missing here
                    elif (flaw := self._add(number, data, met, records)) is not None:
                        flaws.append(flaw)
                        full = full and flaw.key is not None
            if len(records) + len(flaws) >= size:
                if pending is not None:
                    yield pending
                pending = Page(records, None, full, flaws)
                records, flaws = [], []
        self._judge(file, stamp, count, before)
        if pending is not None and (records or flaws):
            yield pending
            pending = None
        last = pending or Page(records, None, full, flaws)
        self.known_rows = count
        cursor = Position(self._address(seen.digest, file), count, seen.lines, source.header).cursor()
        yield last._replace(cursor=cursor, full=full, every_row=True)

    def _all_added(self, rows: Sequence[dict[str, object]], met: Met, records: list[Record]) -> bool:
        """Take rows in at once where each has a key of its own; otherwise none of them."""
        keys = keys_of(rows, self._stream.key_columns)
        if keys is None:
            return False
        if not met.all_new(keys):
            return False
        records += plain_records(keys, rows)
        return True

    def _add(self, number: int, data: dict[str, object], met: Met, records: list[Record]) -> Flaw | None:
        """Take a row in as a record, or say why it is none."""
        key = key_of(data, self._stream.key_columns)
        if key is None:
            columns = ", ".join(self._stream.key_columns)
            return flaw_of(self._stream, number, Problem("no-key", f"no key: {columns} is missing, null or empty"))
        if key in met:
            problem = Problem("duplicate-key", "an earlier line has the same key; only the first counts")
            return flaw_of(self._stream, number, problem, key)
        met.add(key)
        records.append(Record(key, data))
        return None

    def _same_columns(self, header: tuple[str, ...], former: tuple[str, ...]) -> None:
        lost = [name for name in former if name not in header]
        if lost:
            raise SourceIncompleteError(
                f"{self._stream.file}:1: the header lost {', '.join(lost)}; if that is meant, read the stream in full"
            )

    def _judge(self, file: BinaryIO, stamp: tuple[int, int], count: int, before: Position | None) -> None:
        """Whether what was read can be the whole file. Raises SourceIncompleteError."""
        name = self._stream.file
        if not count and not self._stream.create:
            raise SourceIncompleteError(f"{name}: a header and no rows; nothing was read")
        if before is not None and count < before.rows * self._stream.minimum_share:
            raise self._shrunk(count, before.rows, "rows")
        if _stamp(file) != stamp:
            raise SourceIncompleteError(f"{name}: the file changed while it was being read; it is read again next time")

    def _shrunk(self, now: int, then: int, what: str) -> SourceIncompleteError:
        share = f"minimum_share: {self._stream.minimum_share}"
        return SourceIncompleteError(
            f"{self._stream.file}: {now} {what}, after {then} the last time ({share}); if that is meant, "
            "lower minimum_share or read the stream in full"
        )

    def rows(self) -> tuple[dict[str, Record], bool]:
        """Records by key, and whether every row could be told by its key."""
        found: dict[str, Record] = {}
        certain = True
        count = 0
        if self.not_made_yet():
            return found, certain
        with opened(self._path, self._stream.file) as file:
            for _, data, _ in Source(file, self._stream, look(file, self._stream.encoding)).lines():
                count += 1
                key = None if data is None else key_of(data, self._stream.key_columns)
                if key is None or data is None:
                    certain = False
                elif key not in found:
                    found[key] = Record(key, data)
        if count < self.known_rows * self._stream.minimum_share:
            raise self._shrunk(count, self.known_rows, "rows")
        return found, certain

    def keys(self) -> Iterator[list[str]]:
        found, certain = self.rows()
        if not certain:
            raise SourceIncompleteError(
                f"{self._stream.file}: has lines without a readable key; deletions are not told"
            )
        keys = list(found)
        if not keys and not self._stream.create:
            raise SourceIncompleteError(f"{self._stream.file}: no rows; nothing was read")
        for start in range(0, len(keys), self._stream.page):
            yield keys[start : start + self._stream.page]

    def fetch(self, keys: Sequence[str]) -> list[Record]:
        """What exists of the keys. A missing one is a tombstone only if no unreadable line could be it."""
        found, certain = self.rows()
        distinct = dict.fromkeys(keys)
        return [found.get(key) or Record(key, {}, deleted=True) for key in distinct if key in found or certain]

    def find(self, field: str, values: Collection[str]) -> list[Record]:
        sought = set(values)
        found, _ = self.rows()
        return [record for record in found.values() if str(record.data.get(field)) in sought]


def _stamp(file: BinaryIO) -> tuple[int, int]:
    state = os.fstat(file.fileno())
    return state.st_size, state.st_mtime_ns
