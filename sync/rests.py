"""Leave a system alone for as long as it asked to be: no call goes there before the moment it named, in no run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

from connectors.contract import Outcome, Write
from model.clock import Clock
from model.errors import ThrottledError
from model.records import Page, Record

T = TypeVar("T")


class Remembered(Protocol):
    """The part of `sync.ports.Store` that knows until when systems asked to be left alone."""

    def rests(self) -> dict[str, datetime]: ...

    def rest(self, connection: str, until: datetime) -> None: ...


@dataclass(slots=True)
class Rests:
    """What systems asked for, in this run or in earlier ones, of this process or of another."""

    store: Remembered
    clock: Clock
    _until: dict[str, datetime] | None = field(default=None)

    def renew(self, until: dict[str, datetime]) -> None:
        """What is stored by now: other processes may have been asked meanwhile."""
        self._until = until

    def check(self, connection: str) -> None:
        """Raises ThrottledError, without a call, where it is too early for one."""
        if self._until is None:
            self._until = self.store.rests()
        until = self._until.get(connection)
        if until is not None and self.clock.now() < until:
            raise ThrottledError(f"asked to be left alone until {until:%Y-%m-%d %H:%M:%S} UTC", until)

    def note(self, connection: str, until: datetime | None) -> None:
        """Stored at once: the process may die, and the next one has to know."""
        if until is not None:
            self._until = {**(self._until or {}), connection: until}
            self.store.rest(connection, until)


@dataclass(slots=True)
class Asked:
    """A connector's deeds, none of which is asked for too early (`sync.hub.Deeds`)."""

    connection: str
    connector: Any
    rests: Rests

    def read(self, stream: str, since: str | None) -> Iterator[Page]:
        yield from self._each(lambda: self.connector.read(stream, since))

    def keys(self, stream: str) -> Iterator[Sequence[str]]:
        yield from self._each(lambda: self.connector.keys(stream))

    def fetch(self, stream: str, keys: Sequence[str]) -> Sequence[Record]:
        return self._one(lambda: list(self.connector.fetch(stream, keys)))

    def find(self, stream: str, field: str, values: Sequence[str]) -> Sequence[Record]:
        return self._one(lambda: list(self.connector.find(stream, field, values)))

    def upsert(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        return self._one(lambda: self.connector.upsert(stream, batch))

    def remove(self, stream: str, batch: Sequence[Write]) -> Sequence[Outcome]:
        return self._one(lambda: self.connector.remove(stream, batch))

    def _one(self, call: Callable[[], T]) -> T:
        self.rests.check(self.connection)
        try:
            return call()
        except ThrottledError as error:
            self.rests.note(self.connection, error.until)
            raise

    def _each(self, call: Callable[[], Iterator[T]]) -> Iterator[T]:
        self.rests.check(self.connection)
        try:
            yield from call()
        except ThrottledError as error:
            self.rests.note(self.connection, error.until)
            raise
