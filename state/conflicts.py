"""Conflicts: at most one is open per entity and path, and no value that lost is ever dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from state import tables
from state.bindings import Bindings, Numbers
from state.codec import dump_one, load_one, moment
from state.tx import Row, Tx, overwrite
from sync.decision import Conflict, ConflictState

COLUMNS = (
    "entity_id",
    "path",
    "ours",
    "ours_source",
    "theirs",
    "theirs_binding",
    "theirs_key",
    "base",
    "rule",
    "winner",
    "state",
    "run",
    "opened_at",
    "closed_at",
)
_REPLACE = "(entity_id, path) WHERE state = 'open' " + overwrite(COLUMNS[2:-2])
_CLOSE = (
    "UPDATE conflict SET state = 'resolved', winner = ?, closed_at = ? "
    "WHERE entity_id = ? AND path = ? AND state = 'open'"
)
_CLOSE_AS = "UPDATE conflict SET state = ?, winner = ?, closed_at = ?, rule = ? WHERE id = ?"
SUPERSEDED = "superseded"
"""The rule recorded where a newer rival took an open conflict's place; the earlier one is kept, closed."""


def open_of(tx: Tx, bindings: Bindings, entity_ids: Sequence[str]) -> dict[str, dict[str, Conflict]]:
    found: dict[str, dict[str, Conflict]] = {}
    if not tx.any(tables.conflict, "state = 'open'"):
        return found
    for conflict in (as_conflict(row, bindings) for row in _open_rows(tx, entity_ids)):
        found.setdefault(conflict.entity_id, {})[conflict.path] = conflict
    return found


def by_id(tx: Tx, bindings: Bindings, number: int) -> Conflict | None:
    row = tx.one(f"SELECT {', '.join(COLUMNS)}, id FROM conflict WHERE id = ?", number)
    return as_conflict(row, bindings) if row else None


def as_conflict(row: Row, bindings: Bindings) -> Conflict:
    entity_id, path, ours, ours_source, theirs, number, key, base, rule, winner, state, _, _, _, identity = row
    return Conflict(
        entity_id=entity_id,
        path=path,
        ours=load_one(ours),
        ours_source=ours_source,
        theirs=load_one(theirs),
        theirs_binding=bindings.name(number),
        theirs_key=key,
        base=load_one(base),
        rule=rule,
        winner=winner,
        state=ConflictState(state),
        id=identity,
    )


def _open_rows(tx: Tx, entity_ids: Sequence[str]) -> Sequence[Row]:
    sql = f"SELECT {', '.join(COLUMNS)}, id FROM conflict WHERE {tx.among('entity_id')} AND state = 'open'"
    return tx.rows(sql, tx.array(entity_ids))


def close(tx: Tx, closed: Iterable[tuple[str, str, str]], now: datetime) -> None:
    for entity_id, path, winner in closed:
        tx.run(_CLOSE, winner, moment(now), entity_id, path)


def put(tx: Tx, numbers: Numbers, conflicts: Sequence[Conflict], run: int, now: datetime) -> None:
    """Open ones take the place of the open one of their entity and path; closed ones close it and stand beside it."""
    if not conflicts:
        return
    at = moment(now)
    standing = {(row[0], row[1]): row for row in _open_rows(tx, sorted({c.entity_id for c in conflicts}))}
    opened: dict[tuple[str, str], tuple[Any, ...]] = {}
    closed: list[tuple[Any, ...]] = []
    for conflict in conflicts:
        row = _row(conflict, numbers, run, at)
        place = (conflict.entity_id, conflict.path)
        stored = standing.pop(place, None)
        former: Row | None = opened.pop(place, None) or stored
        same = former is not None and _rival(former) == _rival(row)
        if former is not None and not same:
            closed.append((*former[:8], SUPERSEDED, None, str(ConflictState.SETTLED), *former[11:13], at))
        if conflict.state is ConflictState.OPEN:
            opened[place] = row
        elif stored is not None and same:
            tx.run(_CLOSE_AS, str(conflict.state), conflict.winner, at, conflict.rule, stored[-1])
        else:
            closed.append(row)
            tx.run("DELETE FROM conflict WHERE entity_id = ? AND path = ? AND state = 'open'", *place)
    tx.put(tables.conflict, COLUMNS, closed)
    tx.put(tables.conflict, COLUMNS, [opened[place] for place in sorted(opened)], _REPLACE)


def _row(conflict: Conflict, numbers: Numbers, run: int, at: str) -> tuple[Any, ...]:
    is_open = conflict.state is ConflictState.OPEN
    return (
        conflict.entity_id,
        conflict.path,
        dump_one(conflict.ours),
        conflict.ours_source,
        dump_one(conflict.theirs),
        numbers.of(conflict.theirs_binding),
        conflict.theirs_key,
        dump_one(conflict.base),
        conflict.rule,
        None if is_open else conflict.winner,
        str(conflict.state),
        run,
        at,
        None if is_open else at,
    )


def _rival(row: Row) -> Row:
    """What must not be lost when a conflict is replaced: the observed value and where it was observed."""
    return row[4:7]
