"""The two logs that only grow: canonical fields that changed, and writes that were made."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from state import tables
from state.bindings import Numbers
from state.codec import dump, dump_one, moment
from state.tx import Tx
from sync.decision import ActionKind, HistoryRow, WriteBatch

HISTORY = ("run", "at", "entity_id", "path", "rev", "old", "new", "source", "binding", "key", "mapping", "why")
WRITES = ("run", "at", "entity_id", "binding", "key", "kind", "paths", "mapping", "intent", "outcome")

_KINDS = {kind: str(kind) for kind in ActionKind}


def add_history(tx: Tx, numbers: Numbers, rows: Iterable[HistoryRow], run: int, now: datetime) -> None:
    at = moment(now)
    tx.put(
        tables.history,
        HISTORY,
        [
            (
                run,
                at,
                row.entity_id,
                row.path,
                row.rev,
                dump_one(row.old),
                dump_one(row.new),
                row.source,
                None if row.binding is None else numbers.of(row.binding),
                row.key,
                row.mapping,
                row.why,
            )
            for row in rows
        ],
    )


def add_writes(tx: Tx, numbers: Numbers, batches: Iterable[WriteBatch], run: int, now: datetime) -> None:
    at = moment(now)
    written: dict[tuple[str, ...], str] = {}  # a page repeats the same few lists of paths
    values = []
    for batch in batches:
        number, kind = numbers.of(batch.binding), _KINDS[batch.kind]
        for entity_id, key, names in batch.rows:
            paths = written.get(names)
            if paths is None:
                paths = written[names] = dump(list(names))
            values.append((run, at, entity_id, number, key, kind, paths, batch.mapping, batch.intent, batch.outcome))
    tx.put(tables.write_log, WRITES, values)
