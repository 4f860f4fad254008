"""Keys met during one full listing, in a temporary table of one connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from threading import Lock

from state.database import Database
from state.tx import Tx

_in_use: set[int] = set()
_turn = Lock()


class SeenKeys:
    def __init__(self, begin: Callable[[], AbstractContextManager[Tx]], table: str, binding: int | None) -> None:
        self._begin = begin
        self._table = table
        self._binding = binding

    def add(self, keys: Sequence[str]) -> None:
        with self._begin() as tx:
            listed = "SELECT value FROM json_each(?)" if tx.sqlite else "SELECT jsonb_array_elements_text(?::jsonb)"
            # WHERE true: SQLite would otherwise read ON as the beginning of a join
            tx.run(f"INSERT INTO {self._table} {listed} WHERE true ON CONFLICT DO NOTHING", tx.array(keys))

    def missing(self, size: int) -> Iterator[list[str]]:
        """Each page is read by itself, so links may change while iterating."""
        if self._binding is None:
            return
        with self._begin() as tx:
            if not tx.sqlite:
                tx.run(f"ANALYZE {self._table}")
        after = ""
        while True:
            with self._begin() as tx:
                rows = tx.rows(
                    "SELECT l.key FROM link l WHERE l.binding = ? AND l.state = 'live' AND l.key > ? AND NOT EXISTS "
                    f"(SELECT 1 FROM {self._table} s WHERE s.key = l.key) ORDER BY l.key LIMIT ?",
                    self._binding,
                    after,
                    size,
                )
            if not rows:
                return
            after = rows[-1][0]
            yield [key for (key,) in rows]


@contextmanager
def seen(database: Database, binding: int | None) -> Iterator[SeenKeys]:
    with _number() as number, database.pinned() as begin:
        table = f"seen_{number}"
        with begin() as tx:
            name = "key TEXT PRIMARY KEY" if tx.sqlite else 'key TEXT COLLATE "C" PRIMARY KEY'
            end = " WITHOUT ROWID" if tx.sqlite else ""
            tx.run(f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} ({name}){end}")
        try:
            yield SeenKeys(begin, table, binding)
        finally:
            with begin() as tx:  # emptied and kept: after a table is dropped SQLite prepares every statement anew
                tx.run(f"DELETE FROM {table}" if tx.sqlite else f"TRUNCATE {table}")


@contextmanager
def _number() -> Iterator[int]:
    """The lowest one that nobody uses: listings that share a connection have tables of their own."""
    with _turn:
        number = next(number for number in count() if number not in _in_use)
        _in_use.add(number)
    try:
        yield number
    finally:
        _in_use.discard(number)
