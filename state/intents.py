"""Intents: batches recorded before they are sent, open until each outcome is absorbed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from state.bindings import Bindings, Numbers
from state.codec import dump, dump_any, load, moment
from state.database import Tx
from sync.decision import UNKNOWN, ActionKind, Intent, IntentRow


def open_at(tx: Tx, bindings: Bindings, connection: str) -> list[Intent]:
    return [
        Intent(
            id=number,
            binding=bindings.name(binding),
            kind=ActionKind(kind),
            rows=_load(batch),
            run=run,
            sent_at=datetime.fromisoformat(sent_at),
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
    """Values sit in a list of their own, which is empty for an unknown one."""
    return "[" + ",".join(_row(row) for row in rows) + "]"


def _row(row: IntentRow) -> str:
    values = {path: [] if value is UNKNOWN else [value] for path, value in row.values.items()}
    rest = (dump(row.entity_id), dump(row.key), dump_any(row.fields), dump(values), dump(dict(row.revs)))
    return f"[{','.join(rest)},{dump(row.expects)}]"


def _load(batch: str) -> list[IntentRow]:
    return [
        IntentRow(
            entity_id,
            key,
            fields,
            {path: slot[0] if slot else UNKNOWN for path, slot in values.items()},
            revs,
            expects,
        )
        for entity_id, key, fields, values, revs, expects in load(batch)
    ]
