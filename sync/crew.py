"""Who makes the calls of several batches: one after the other, or some at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

Found = Callable[[], Any]
"""Waits for a call's end; gives what it returned, or raises what it raised."""

Start = Callable[[Callable[[], Any]], Found]
"""Begins a call."""

Crew = Callable[[int], AbstractContextManager[Start]]
"""Hands out a way to begin calls of which at most so many are under way. Leaving it waits for those that still are."""


@contextmanager
def threads(at_once: int) -> Iterator[Start]:
    """Calls in threads of their own; in this one where there is only ever one under way."""
    if at_once < 2:
        yield lambda work: work  # made when its result is asked for, which is at once
        return
    with ThreadPoolExecutor(at_once, thread_name_prefix="syncline-send") as pool:
        yield lambda work: pool.submit(work).result
