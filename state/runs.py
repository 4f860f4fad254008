"""Runs with their balances, the state of streams, and the versions of mappings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from state import tables
from state.bindings import Bindings, Numbers
from state.codec import dump, load, moment, when_or_none
from state.tx import Row, Tx, overwrite
from sync.decision import Balance, BindingId, Side, StreamState

_STREAM = ("binding", "cursor", "complete", "mapping", "told", "swept_at", "read_at")
_BALANCE = ("run", "binding", "side", "seen", "buckets", "detail")


def start(tx: Tx, selection: Sequence[BindingId], trigger: str, now: datetime) -> int:
    found = tx.one(
        "INSERT INTO run (status, cause, selection, started_at) VALUES ('running', ?, ?, ?) RETURNING id",
        trigger,
        dump([list(binding) for binding in selection]),
        moment(now),
    )
    return int(found[0]) if found else 0


def first_after(tx: Tx, run: int, connection: str) -> datetime | None:
    at = f"%[{dump(connection)},%"
    found = tx.one("SELECT min(started_at) FROM run WHERE id > ? AND selection LIKE ?", run, at)
    return when_or_none(found[0]) if found else None


def finish(
    tx: Tx,
    numbers: Numbers,
    run: int,
    status: str,
    balances: Mapping[tuple[BindingId, Side], Balance],
    message: str | None,
    now: datetime,
) -> None:
    tx.run("UPDATE run SET status = ?, message = ?, ended_at = ? WHERE id = ?", status, message, moment(now), run)
    rows = sorted(
        (
            run,
            numbers.of(binding),
            str(side),
            balance.seen,
            dump({str(bucket): count for bucket, count in balance.buckets.items()}),
            dump(balance.detail),
        )
        for (binding, side), balance in balances.items()
    )
    tx.put(tables.balance, _BALANCE, rows, f"(run, binding, side) {overwrite(_BALANCE[3:])}")


_STATE = "cursor, complete, mapping, told, swept_at, read_at"


def stream_state(tx: Tx, binding: int) -> StreamState:
    row = tx.one(f"SELECT {_STATE} FROM stream WHERE binding = ?", binding)
    return StreamState() if row is None else _state(row)


def stream_states(tx: Tx, bindings: Bindings) -> dict[BindingId, StreamState]:
    return {bindings.name(at): _state(row) for at, *row in tx.rows(f"SELECT binding, {_STATE} FROM stream")}


def _state(row: Row) -> StreamState:
    cursor, complete, mapping, told, swept_at, read_at = row
    return StreamState(
        cursor=cursor,
        complete=bool(complete),
        mapping=mapping,
        told=told,
        swept_at=when_or_none(swept_at),
        read_at=when_or_none(read_at),
    )


def put_stream(tx: Tx, numbers: Numbers, binding: BindingId, state: StreamState) -> None:
    swept_at = None if state.swept_at is None else moment(state.swept_at)
    read_at = None if state.read_at is None else moment(state.read_at)
    row = (numbers.of(binding), state.cursor, state.complete, state.mapping, state.told, swept_at, read_at)
    tx.put(tables.stream, _STREAM, [row], f"(binding) {overwrite(_STREAM[1:])}")


def remember_mapping(tx: Tx, name: str, version: str, covers: Sequence[str]) -> None:
    row = (version, name, dump(sorted(covers)))
    tx.put(tables.mapping_version, ("version", "name", "covers"), [row], "(version) DO NOTHING")


def covered_by(tx: Tx, version_prefix: str) -> frozenset[str] | None:
    """None also where two versions begin alike and cover different paths: better unknown than wrong."""
    rows = tx.rows(
        "SELECT covers FROM mapping_version WHERE substr(version, 1, ?) = ?", len(version_prefix), version_prefix
    )
    found = {frozenset(load(covers)) for (covers,) in rows}
    return found.pop() if len(found) == 1 else None
