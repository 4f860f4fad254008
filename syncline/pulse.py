"""Keep a run's lease while one call to a system takes longer than the lease lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from model.errors import LeaseLostError, StateError

EVERY = 30.0
"""Seconds between two beats: a quarter of the lease."""


@contextmanager
def beating(beat: Callable[[], None], every: float = EVERY) -> Iterator[None]:
    """Call ``beat`` again and again on a thread of its own until the context ends.

    It stops at the first beat that fails for good; what became of the lease is for the next commit to find out.
    """
    ended = Event()

    def pulse() -> None:
        while not ended.wait(every):
            try:
                beat()
            except LeaseLostError:
                return
            except StateError:
                continue  # the database is busy: there is time for another beat or two

    thread = Thread(target=pulse, name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
