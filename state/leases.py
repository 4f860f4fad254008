"""Leases: who may run a scope. The epoch counts holders; a commit under an older one is refused.

A system that asked to be left alone for a while holds the lease on the calls to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from model.errors import LeaseHeldError, LeaseLostError
from state import tables
from state.codec import moment, when
from state.tx import Tx, overwrite
from sync.ports import Lease

_COLUMNS = ("scope", "epoch", "holder", "expires_at", "seconds")
_TAKE = f"(scope) {overwrite(_COLUMNS[1:])}"
_ENSURE = "(scope) DO NOTHING"
_CALLS = "calls:"
_OF_CALLS = f"substr(scope, 1, {len(_CALLS)}) = '{_CALLS}'"
_EXTEND = "UPDATE lease SET expires_at = ? WHERE scope = ? AND epoch = ?"


def _places(scopes: Collection[str]) -> str:
    """Few and short: dearer as JSON."""
    return f"({', '.join('?' * len(scopes))})"


def acquire(
    tx: Tx,
    scopes: Collection[str],
    holder: str,
    seconds: float,
    now: datetime,
    gone: Callable[[str], bool] | None = None,
) -> Lease:
    """All scopes or none. A holder's own lease is not renewed by this: a second process may share its name."""
    wanted = sorted(set(scopes))
    if not tx.sqlite:  # rows to lock, so that two processes cannot both find a scope nobody ever held
        tx.put(tables.lease, _COLUMNS, [(scope, 0, None, moment(now), 0.0) for scope in wanted], _ENSURE)
    lock = "" if tx.sqlite else " ORDER BY scope FOR UPDATE"
    found = {
        scope: (epoch, holding, when(expires))
        for scope, epoch, holding, expires in tx.rows(
            f"SELECT scope, epoch, holder, expires_at FROM lease WHERE scope IN {_places(wanted)} OR {_OF_CALLS}{lock}",
            *wanted,
        )
    }
    for scope in wanted:
        if scope in found:
            _, holding, expires = found[scope]
            if holding is not None and expires > now and not (gone is not None and gone(holding)):
                raise LeaseHeldError(scope, holding, expires)
    epochs = {scope: (found[scope][0] if scope in found else 0) + 1 for scope in wanted}
    expires_at = moment(now + timedelta(seconds=seconds))
    rows = [(scope, epoch, holder, expires_at, float(seconds)) for scope, epoch in epochs.items()]
    tx.put(tables.lease, _COLUMNS, rows, _TAKE)
    asked = {str(holding): until for scope, (_, holding, until) in found.items() if scope.startswith(_CALLS)}
    return Lease(holder, epochs, asked)


def hold(tx: Tx, lease: Lease, now: datetime) -> None:
    """Check the epochs, and extend what a quarter has gone of; until the transaction ends nobody can take it over."""
    scopes = sorted(lease.epochs)
    found = {
        scope: (length, when(expires))
        for scope, epoch, length, expires in tx.rows(
            f"SELECT scope, epoch, seconds, expires_at FROM lease WHERE scope IN {_places(scopes)} "
            f"AND holder IS NOT NULL{'' if tx.sqlite else ' ORDER BY scope FOR UPDATE'}",
            *scopes,
        )
        if epoch == lease.epochs[scope]
    }
    lost = [scope for scope in scopes if scope not in found]
    if lost:
        raise LeaseLostError(f"the lease on {', '.join(lost)} was taken over; this transaction changed nothing")
    for scope, (seconds, expires) in found.items():
        if expires <= now + timedelta(seconds=0.75 * seconds):
            tx.run(_EXTEND, moment(now + timedelta(seconds=seconds)), scope, lease.epochs[scope])


def release(tx: Tx, lease: Lease) -> None:
    """Scopes that somebody else took over meanwhile stay theirs."""
    for scope, epoch in sorted(lease.epochs.items()):
        tx.run("UPDATE lease SET holder = NULL WHERE scope = ? AND epoch = ?", scope, epoch)


def rests(tx: Tx) -> dict[str, datetime]:
    """Until when systems asked to be left alone, by connection."""
    found = tx.rows(f"SELECT holder, expires_at FROM lease WHERE {_OF_CALLS}")
    return {holder: when(expires) for holder, expires in found}


def rest(tx: Tx, connection: str, until: datetime) -> None:
    tx.put(tables.lease, _COLUMNS, [(f"{_CALLS}{connection}", 0, connection, moment(until), 0.0)], _TAKE)
