"""Schedules of one process that work on the same entities take turns, in the order in which they fell due.

The lease keeps them apart, too, but it only refuses: whoever comes second would do nothing until it is due again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class _Place:
    name: str
    entities: frozenset[str]


@dataclass(slots=True)
class Turns:
    """Who is at it, and who waits behind whom."""

    _queue: list[_Place] = field(default_factory=list)
    _moved: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def taken(self, name: str, entities: Collection[str], wait: Callable[[str], None]) -> Iterator[None]:
        """It is this one's turn while the context lasts. ``wait`` is told once, before, whom it has to wait for."""
        mine = _Place(name, frozenset(entities))
        with self._moved:
            self._queue.append(mine)
            ahead = self._ahead(mine)
            if ahead is not None:
                wait(ahead)
        try:
            with self._moved:
                self._moved.wait_for(lambda: self._ahead(mine) is None)
            yield
        finally:
            with self._moved:
                self._queue.remove(mine)
                self._moved.notify_all()

    def _ahead(self, mine: _Place) -> str | None:
        for place in self._queue:
            if place is mine:
                return None
            if not place.entities.isdisjoint(mine.entities):
                return place.name
        return None
