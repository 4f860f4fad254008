"""Bindings by number: one small integer stands for three names in every row."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from state import tables
from state.database import Database
from state.tx import Tx
from sync.decision import BindingId

_ALL = "SELECT id, connection, stream, entity FROM binding"


class Numbers:
    """The numbers of all bindings, as seen from one transaction; new ones are given in it."""

    def __init__(self, tx: Tx, known: dict[BindingId, int]) -> None:
        self._tx = tx
        self.known = known

    def of(self, binding: BindingId) -> int:
        number = self.known.get(binding)
        return number if number is not None else self.ensure([binding])[binding]

    def ensure(self, bindings: Collection[BindingId]) -> dict[BindingId, int]:
        if any(binding not in self.known for binding in bindings):
            new = sorted({tuple(binding) for binding in bindings if binding not in self.known})
            self._tx.put(tables.binding, ("connection", "stream", "entity"), new, "DO NOTHING")
            self.known = read_all(self._tx)
        return self.known


def read_all(tx: Tx) -> dict[BindingId, int]:
    return {BindingId(*names): number for number, *names in tx.rows(_ALL)}


class Bindings:
    """What this process remembers of the numbers; only committed ones."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers: dict[BindingId, int] = {}
        self._names: dict[int, BindingId] = {}

    def number(self, binding: BindingId) -> int | None:
        """None where nothing was ever stored of the binding."""
        if binding not in self._numbers:
            with self._database.read() as tx:
                self._learn(read_all(tx))
        return self._numbers.get(binding)

    def name(self, number: int) -> BindingId:
        if number not in self._names:
            with self._database.read() as tx:
                self._learn(read_all(tx))
        return self._names[number]

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[tuple[Tx, Numbers]]:
        """A transaction in which numbers may be given; they are remembered once it is committed."""
        with self._database.write(durable=durable) as tx:
            numbers = Numbers(tx, self._numbers)
            yield tx, numbers
        self._learn(numbers.known)

    def _learn(self, known: dict[BindingId, int]) -> None:
        if len(known) > len(self._numbers):
            self._numbers = known
            self._names = {number: binding for binding, number in known.items()}
