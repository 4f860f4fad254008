"""Which keys a file has shown so far, in bounded memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable

_MOST = 250_000

_FOUND = "SELECT EXISTS (SELECT 1 FROM json_each(?) AS asked JOIN mark ON mark.value = asked.value)"


class Met:
    """Keys as hashes of eight bytes: a set of them, and beyond ``most`` a database on disk that goes with it."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._marks: set[int] = set()
        self._kept: sqlite3.Connection | None = None

    def __contains__(self, key: str) -> bool:
        return self._any([hash(key)])

    def add(self, key: str) -> None:
        self._take([hash(key)])

    def all_new(self, keys: Collection[str]) -> bool:
        """Take in all the keys, where each is a new one; otherwise none of them."""
        marks = set(map(hash, keys))
        if len(marks) < len(keys) or self._any(marks):
            return False
        self._take(marks)
        return True

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()

    def _any(self, marks: Collection[int]) -> bool:
        if not self._marks.isdisjoint(marks):
            return True
        if self._kept is None:
            return False
        return bool(self._kept.execute(_FOUND, (str(list(marks)),)).fetchone()[0])

    def _take(self, marks: Iterable[int]) -> None:
        self._marks.update(marks)
        if len(self._marks) >= self._most:
            if self._kept is None:
                self._kept = sqlite3.connect("", isolation_level=None)  # a file without a name
                self._kept.execute("PRAGMA journal_mode=OFF")
                self._kept.execute("CREATE TABLE mark (value INTEGER PRIMARY KEY)")
            self._kept.execute("BEGIN")
            self._kept.executemany("INSERT INTO mark VALUES (?)", [(mark,) for mark in sorted(self._marks)])
            self._kept.execute("COMMIT")
            self._marks = set()
