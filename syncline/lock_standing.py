"""Whether a schema lock still says what its system says: one sentence for `doctor`."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from connectors.contract import Connector
from model.diagnostics import Diagnostic, Severity
from model.errors import SynclineError
from syncline import drift
from syncline.connections import Connection
from syncline.lock_reading import of_another, read_lock
from syncline.locks import Lock, lock_file, tidied


class Standing(NamedTuple):
    """``sound`` is false where somebody should look."""

    sound: bool
    message: str
    hint: str | None = None


def standing(
    folder: Path, connection: Connection, connector: Connector[Any], mapped: Collection[str]
) -> Standing | None:
    """How the lock of a connection stands: none, broken, not its own, older than a mapping, outdated, or current.

    ``mapped`` are the streams that mappings use. None where the system cannot be asked, which is said elsewhere.
    """
    found: list[Diagnostic] = []
    lock = read_lock(lock_file(folder, connection.name), found)
    renew = f"syncline connections discover {connection.name} --lock"
    broken = next((one for one in found if one.severity is Severity.ERROR), None)
    if broken is not None:
        return Standing(sound=False, message=f"the lock has mistakes; the first: {broken}", hint=renew)
    if lock is None:
        message = "none: only `syncline check --online` compares mappings with the system's fields"
        return Standing(sound=True, message=message, hint=renew)
    other = of_another(lock, connection)
    if other is not None:
        return Standing(sound=False, message=other, hint=renew)
    missing = sorted(set(mapped) - lock.streams.keys())
    if missing:
        message = f"{lock.file} is older than the mappings: it does not describe {', '.join(missing)}"
        return Standing(sound=False, message=message, hint=renew)
    return _compared(lock, connector)


def _compared(lock: Lock, connector: Connector[Any]) -> Standing | None:
    different = 0
    declared = {one.name for one in connector.declared_streams()}
    try:
        for stream, locked in lock.streams.items():
            fields = connector.discover(stream) if stream in declared else ()
            different += len(drift.changes(stream, locked, tidied(fields)))
    except SynclineError:
        return None
    if different:
        message = f"{lock.file} and the system differ in {different} field{'' if different == 1 else 's'}"
        return Standing(sound=False, message=message, hint="syncline check --online tells which rules suffer from it")
    number = sum(map(len, lock.streams.values()))
    return Standing(sound=True, message=f"{lock.file} is current: {number} fields in {len(lock.streams)} streams")
