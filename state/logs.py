"""The two logs that only grow: canonical fields that changed, and writes that were made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter

from state import tables
from state.bindings import Numbers
from state.codec import dump, dump_one, moment
from state.tx import Tx
from sync.decision import ActionKind, HistoryRow, WriteBatch

HISTORY = ("run", "at", "entity_id", "path", "rev", "old", "new", "source", "binding", "key", "mapping", "why")
_WRITES = ("entity_id", "key", "paths")
_AT = itemgetter(0, 1)

_Write = tuple[str, str | None, tuple[str, ...]]
"""Entity id, record key, paths written: a row of a `WriteBatch`."""

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
    for batch in batches:
        for rows in _distinct(batch.rows):
            _add_writes(tx, numbers.of(batch.binding), batch, rows, (batch.run or run, moment(now)))


def _add_writes(tx: Tx, binding: int, batch: WriteBatch, rows: Sequence[_Write], since: tuple[int, str]) -> None:
    """Paths are said once, and again only where a row has others: nearly always it has the same."""
    common = rows[0][2]
    found = tx.one(
        "INSERT INTO write_batch (run, at, binding, kind, paths, mapping, intent, outcome) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        *since,
        binding,
        _KINDS[batch.kind],
        dump(list(common)),
        batch.mapping,
        batch.intent,
        batch.outcome,
    )
    shared = {"batch": found[0] if found else 0}
    if [row[2] for row in rows].count(common) == len(rows):
        plain = sorted([(entity_id, key or "") for entity_id, key, _ in rows])
        tx.put(tables.write_log, _WRITES[:2], plain, shared={**shared, "paths": None})
        return
    values = [(entity_id, key or "", None if names == common else dump(list(names))) for entity_id, key, names in rows]
    tx.put(tables.write_log, _WRITES, sorted(values, key=_AT), shared=shared)


def _distinct(rows: Sequence[_Write]) -> Iterator[Sequence[_Write]]:
    """All at once, unless a record was written several times: then as many lots as times."""
    if len({(entity_id, key or "") for entity_id, key, _ in rows}) == len(rows):
        if rows:
            yield rows
        return
    lots: list[list[_Write]] = []
    times: dict[tuple[str, str], int] = {}
    for row in rows:
        place = (row[0], row[1] or "")
        nth = times[place] = times.get(place, -1) + 1
        if nth == len(lots):
            lots.append([])
        lots[nth].append(row)
    yield from lots
