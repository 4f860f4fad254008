"""Commit one page while the next is being prepared.

A database works outside Python's lock, so that a long run can use two cores. At most one commit is under way, and every
other question to the store waits for it: nobody sees less than what was committed before. Only who asks
`Trailing.meanwhile` does, about records that no commit under way concerns.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any

from sync.decision import Changes
from sync.ports import Lease, Store


class Trailing:
    """A store whose commits return before they are done. What they raise, the next question raises.

    Nobody may change what is in a commit until something else was asked.
    """

    def __init__(self, store: Store) -> None:
        self.meanwhile = store
        self._pool = ThreadPoolExecutor(1, "commit")
        self._under_way: Future[None] | None = None

    def __getattr__(self, name: str) -> Any:
        self.wait()
        return getattr(self.meanwhile, name)

    def commit(self, changes: Changes, run: int, lease: Lease, now: datetime) -> None:
        self.wait()
        self._under_way = self._pool.submit(self.meanwhile.commit, changes, run, lease, now)

    def wait(self) -> None:
        """Return when all is stored. Raises what the commit raised: then nothing of it is."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def end(self) -> None:
        """Let go of the thread, whatever became of the last commit; `wait` before to know."""
        with suppress(BaseException):
            self.wait()
        self._pool.shutdown()


def meanwhile(store: Store) -> Store:
    """For questions that no commit under way concerns."""
    return store.meanwhile if isinstance(store, Trailing) else store


def settle(store: Store) -> None:
    """Return when all that was committed is stored."""
    if isinstance(store, Trailing):
        store.wait()
