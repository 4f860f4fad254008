"""Intents: batches recorded before they are sent, open until each outcome is absorbed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import orjson

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
    alike = _columns(rows)
    return dump_any([_row(row) for row in rows]) if alike is None else alike


def _load(batch: str) -> list[IntentRow]:
    found = load(batch)
    if isinstance(found, dict):
        return _rows(found)
    return [
        IntentRow(entity_id, key, fields, values | dict.fromkeys(unknown, UNKNOWN), revs, expects)
        for entity_id, key, fields, values, revs, expects, unknown in found
    ]


# Row by row: for any batch


def _row(row: IntentRow) -> tuple[Any, ...]:
    """The last item lists the paths whose values are unknown, which JSON cannot say."""
    entity_id, key, fields, values, revs, expects = row
    unknown = [path for path, value in values.items() if value is UNKNOWN]
    if unknown:
        values = {path: value for path, value in values.items() if value is not UNKNOWN}
    return entity_id, key, fields, values, revs, expects, unknown


# Column by column: for a batch whose rows are alike, as creates nearly always are


def _columns(rows: Sequence[IntentRow]) -> str | None:
    """The batch by columns. None where rows differ, or hold what JSON cannot say.

    ``revs`` is said once, as are keys and expected versions where there are none; a column of values that only repeats
    one of fields is said by its number.
    """
    if not rows:
        return None
    ids, keys, fields, values, revs, expects = zip(*rows, strict=True)
    if set(map(type, chain(fields, values, revs))) != {dict} or revs.count(revs[0]) != len(rows):
        return None
    names, paths = tuple(fields[0]), tuple(values[0])
    if [*map(tuple, fields)].count(names) != len(rows) or [*map(tuple, values)].count(paths) != len(rows):
        return None
    try:
        shown = [orjson.dumps(column) for column in zip(*map(dict.values, fields), strict=True)]
        rendered = [orjson.dumps(column) for column in zip(*map(dict.values, values), strict=True)]
        batch = {
            "ids": ids,
            "keys": None if keys.count(None) == len(rows) else keys,
            "expects": None if expects.count(None) == len(rows) else expects,
            "revs": revs[0],
            "names": names,
            "fields": list(map(orjson.Fragment, shown)),
            "paths": paths,
            "values": [shown.index(text) if text in shown else orjson.Fragment(text) for text in rendered],
        }
        return orjson.dumps(batch).decode()
    except TypeError:
        return None


def _rows(batch: Mapping[str, Any]) -> list[IntentRow]:
    ids, names, paths, shown = batch["ids"], batch["names"], batch["paths"], batch["fields"]
    rendered = [shown[column] if isinstance(column, int) else column for column in batch["values"]]
    nobody = [None] * len(ids)
    return [
        IntentRow(entity_id, key, dict(zip(names, said, strict=True)), dict(zip(paths, meant, strict=True)), revs, held)
        for entity_id, key, said, meant, revs, held in zip(
            ids,
            batch["keys"] or nobody,
            zip(*shown, strict=True) if shown else repeat((), len(ids)),
            zip(*rendered, strict=True) if rendered else repeat((), len(ids)),
            [batch["revs"].copy() for _ in ids],
            batch["expects"] or nobody,
            strict=True,
        )
    ]
