"""What is remembered beside the state database, so that a copy that was put back is told from the state itself.

A copy does not know of the writes that were sent after it was made. Taken for the present state, it would have them
sent once more: records would be made twice.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Protocol

from model.errors import StateError, StateRestoredError
from state.database import make_private_file
from state.tx import Tx

_SENT = "SELECT seq FROM sqlite_sequence WHERE name = 'intent'"


class Witness(Protocol):
    def latest(self) -> int:
        """The number of the last batch that anybody was about to send; 0 where nothing is known."""
        ...

    def note(self, number: int) -> None: ...


class FileWitness:
    """One number in a file. Where it cannot be kept (a full disk), nothing fails: a copy goes unnoticed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def latest(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            return int(self._path.read_text("ascii"))
        return 0

    def note(self, number: int) -> None:
        with contextlib.suppress(OSError, StateError):
            make_private_file(self._path)
            self._path.write_text(f"{number}\n", "ascii")


def beside(url_path: str | None) -> FileWitness | None:
    """The witness of a SQLite file; None of a database in memory."""
    return FileWitness(Path(f"{url_path}-sent")) if url_path and url_path != ":memory:" else None


def compare(tx: Tx, witness: Witness) -> None:
    """Raises StateRestoredError where batches were sent of which the database does not know."""
    latest = witness.latest()
    if not latest:
        return
    found = tx.one(f"SELECT EXISTS (SELECT 1 FROM run), ({_SENT})")
    used, known = found if found is not None else (False, None)
    if not used:  # laid out anew on purpose: all is matched afresh
        witness.note(0)
    elif (known or 0) < latest:
        raise StateRestoredError(latest - (known or 0))


def sent(tx: Tx) -> int:
    """The number of the last batch this database knows of."""
    found = tx.one(_SENT)
    return int(found[0]) if found else 0
