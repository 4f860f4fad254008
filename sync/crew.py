"""Who makes the calls of several batches: one after the other, or some at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from typing import Any

Found = Callable[[], Any]
"""Waits for a call's end; gives what it returned, or raises what it raised."""

Start = Callable[[Callable[[], Any]], Found]
"""Begins a call."""

Crew = Callable[[int], AbstractContextManager[Start]]
"""Hands out a way to begin calls of which at most so many are under way. Leaving it waits for those that still are."""


_MOST = 64  # threads, each made when all others are busy; how many calls are under way is up to who begins them


class Threads:
    """Calls in threads, which are kept for the next ones; in this one where there is only ever one under way."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None

    @contextmanager
    def __call__(self, at_once: int) -> Iterator[Start]:
        if at_once < 2:
            yield lambda work: work  # made when its result is asked for, which is at once
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_MOST, thread_name_prefix="syncline-send")
        pool, begun = self._pool, list[Future[Any]]()

        def start(work: Callable[[], Any]) -> Found:
            begun.append(pool.submit(work))
            return begun[-1].result

        try:
            yield start
        finally:
            wait(begun)
