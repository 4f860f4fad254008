"""Intents: batches recorded before they are sent, open until each outcome is absorbed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from state.bindings import Bindings, Numbers
from state.codec import dump_any, load, moment, when
from state.tx import Tx
from sync.decision import UNKNOWN, ActionKind, Intent, IntentRow


def open_at(tx: Tx, bindings: Bindings, connection: str) -> list[Intent]:
    return [
        Intent(
            id=number,
            binding=bindings.name(binding),
            kind=ActionKind(kind),
            rows=_load(batch),
            run=run,
            sent_at=when(sent_at),
        )
        for number, binding, kind, batch, run, sent_at in tx.rows(
            "SELECT i.id, i.binding, i.kind, i.batch, i.run, i.sent_at FROM intent i "
            "JOIN binding b ON b.id = i.binding WHERE b.connection = ? ORDER BY i.id",
            connection,
        )
    ]


def add(tx: Tx, numbers: Numbers, intent: Intent) -> int:
    found = tx.one(
        "INSERT INTO intent (binding, kind, batch, run, sent_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
        numbers.of(intent.binding),
        str(intent.kind),
        _dump(intent.rows),
        intent.run,
        moment(intent.sent_at),
    )
    return int(found[0]) if found else 0


def close(tx: Tx, closed: Iterable[tuple[int, Sequence[IntentRow]]]) -> None:
    for number, remaining in closed:
        if remaining:
            tx.run("UPDATE intent SET batch = ? WHERE id = ?", _dump(remaining), number)
        else:
            tx.run("DELETE FROM intent WHERE id = ?", number)


def _dump(rows: Sequence[IntentRow]) -> str:
    return dump_any([_row(row) for row in rows])


def _row(row: IntentRow) -> tuple[Any, ...]:
    """The last item lists the paths whose values are unknown, which JSON cannot say."""
    entity_id, key, fields, values, revs, expects = row
    unknown = [path for path, value in values.items() if value is UNKNOWN]
    if unknown:
        values = {path: value for path, value in values.items() if value is not UNKNOWN}
    return entity_id, key, fields, values, revs, expects, unknown


def _load(batch: str) -> list[IntentRow]:
    return [
        IntentRow(entity_id, key, fields, values | dict.fromkeys(unknown, UNKNOWN), revs, expects)
        for entity_id, key, fields, values, revs, expects, unknown in load(batch)
    ]
