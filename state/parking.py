"""Parked records and entities, each kept with its reason until it can be taken further."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from state import tables
from state.bindings import Bindings, Numbers
from state.codec import dump, dump_any, load, moment
from state.database import Database
from state.tx import Row, Tx, overwrite
from sync.decision import BindingId, Bucket, Parked, Side, Unsettled, Why

COLUMNS = (
    "binding",
    "side",
    "key",
    "why",
    "code",
    "message",
    "field",
    "path",
    "data",
    "version",
    "rev",
    "awaits",
    "candidates",
    "attempts",
    "run",
    "first_at",
    "last_at",
)
_KEPT = {"binding", "side", "key", "attempts", "first_at"}
_REPLACE = (
    f"(binding, side, key) {overwrite([name for name in COLUMNS if name not in _KEPT])}, "
    "attempts = parked.attempts + excluded.attempts"
)
SELECT = f"SELECT {', '.join(COLUMNS)}, id FROM parked"


def by_key(tx: Tx, bindings: Bindings, binding: int, side: Side, keys: Sequence[str]) -> dict[str, Parked]:
    if not tx.any(tables.parked, "binding = ? AND side = ?", binding, str(side)):
        return {}
    sql = f"{SELECT} WHERE binding = ? AND side = ? AND {tx.among('key')}"
    return {row[2]: as_parked(row, bindings) for row in tx.rows(sql, binding, str(side), tx.array(keys))}


def by_id(tx: Tx, bindings: Bindings, numbers: Iterable[int]) -> list[Parked]:
    found = (tx.one(f"{SELECT} WHERE id = ?", number) for number in numbers)
    return [as_parked(row, bindings) for row in found if row is not None]


def about(tx: Tx, bindings: Bindings, entity_id: str) -> list[Parked]:
    sql = f"{SELECT} WHERE (side = 'out' AND key = ?) OR candidates LIKE ? ORDER BY id"
    found = (as_parked(row, bindings) for row in tx.rows(sql, entity_id, f'%"{entity_id}"%'))
    return [row for row in found if row.side is Side.OUT or entity_id in row.candidates]


def reasons(tx: Tx, bindings: Bindings, side: Side) -> dict[BindingId, set[Why]]:
    found: dict[BindingId, set[Why]] = {}
    for number, why in tx.rows("SELECT DISTINCT binding, why FROM parked WHERE side = ?", str(side)):
        found.setdefault(bindings.name(number), set()).add(Why(why))
    return found


def pages(
    database: Database, bindings: Bindings, binding: int, side: Side, why: Why | None, size: int
) -> Iterator[list[Parked]]:
    """By number, up to the highest at the beginning: what is parked again meanwhile is not met again."""
    where, owner = "binding = ? AND side = ?", [binding, str(side)]
    if why is not None:
        where += " AND why = ?"
        owner.append(str(why))
    with database.read() as tx:
        highest = tx.one(f"SELECT max(id) FROM parked WHERE {where}", *owner)
    last, end = 0, int((highest and highest[0]) or 0)
    while last < end:
        with database.read() as tx:
            rows = tx.rows(
                f"{SELECT} WHERE {where} AND id > ? AND id <= ? ORDER BY id LIMIT ?", *owner, last, end, size
            )
        if not rows:
            return
        last = rows[-1][-1]
        yield [as_parked(row, bindings) for row in rows]


def as_parked(row: Row, bindings: Bindings) -> Parked:
    number, side, key, why, code, message, field, path, data, version, rev, awaits, candidates, attempts = row[:14]
    return Parked(
        binding=bindings.name(number),
        side=Side(side),
        key=key,
        why=Why(why),
        code=code,
        message=message,
        field=field,
        path=path,
        data=None if data is None else load(data),
        version=version,
        rev=rev,
        awaits=None if awaits is None else tuple(load(awaits)),
        candidates=() if candidates is None else tuple(load(candidates)),
        attempts=attempts,
        id=row[-1],
    )


_BUCKET_OF = {Why.DEAD: Bucket.DEAD, Why.DISPUTED: Bucket.CONFLICT, Why.WAITING: Bucket.WAITING}


def unsettled(tx: Tx, numbers: Collection[int]) -> Unsettled:
    """What these bindings have parked, and the open conflicts of fields in which theirs is the other value."""
    found: dict[Bucket, int] = {}
    for number, why, count in tx.rows("SELECT binding, why, count(*) FROM parked GROUP BY binding, why"):
        if number in numbers:
            bucket = _BUCKET_OF[Why(why)]
            found[bucket] = found.get(bucket, 0) + count
    conflicts = "SELECT theirs_binding, count(*) FROM conflict WHERE state = 'open' GROUP BY theirs_binding"
    fields = sum(count for number, count in tx.rows(conflicts) if number in numbers)
    questions = found.get(Bucket.CONFLICT, 0)
    if fields:
        found[Bucket.CONFLICT] = questions + fields
    return Unsettled(found, questions)


def change(
    tx: Tx,
    numbers: Numbers,
    parked: Sequence[Parked],
    unparked: Iterable[tuple[BindingId, Side, str]],
    run: int,
    now: datetime,
) -> None:
    """What is unparked and parked again in one page stays, so that its attempts add up."""
    latest: dict[tuple[int, str, str], Parked] = {}
    for entry in parked:
        place = (numbers.of(entry.binding), str(entry.side), entry.key)
        before = latest.get(place)
        latest[place] = entry if before is None else replace(entry, attempts=before.attempts + entry.attempts)
    freed = {(numbers.of(binding), str(side), key) for binding, side, key in unparked} - latest.keys()
    tx.delete(tables.parked, ("binding", "side", "key"), sorted(freed))
    rows = [_row(place, latest[place], run, moment(now)) for place in sorted(latest)]
    tx.put(tables.parked, COLUMNS, rows, _REPLACE)


def _row(place: tuple[int, str, str], entry: Parked, run: int, at: str) -> tuple[Any, ...]:
    return (
        *place,
        str(entry.why),
        entry.code,
        entry.message,
        entry.field,
        entry.path,
        None if entry.data is None else dump_any(entry.data),
        entry.version,
        entry.rev,
        None if entry.awaits is None else dump(list(entry.awaits)),
        dump(list(entry.candidates)) if entry.candidates else None,
        entry.attempts,
        run,
        at,
        at,
    )
