"""Canonical records, their match keys, and the marks of those that need a decision."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import orjson

from model.errors import StateError
from state import tables
from state.codec import dump, dump_meta, load_meta, match_key
from state.database import Row, Tx, overwrite
from sync.decision import Canonical, EntityState

_COLUMNS = ("id", "entity", "vals", "meta", "source", "rev", "state", "run")
_REPLACE = f"(id) {overwrite(('entity', 'vals', 'meta', 'source', 'rev', 'state'))}"
_STATES = {str(state): state for state in EntityState}
_TEXTS = {state: str(state) for state in EntityState}
_MATCH = ("entity", "key", "entity_id")
_MARK = "(entity, entity_id) DO UPDATE SET generation = dirty.generation + 1"


def read(tx: Tx, entity_ids: Sequence[str]) -> dict[str, Canonical]:
    sql = f"SELECT {', '.join(_COLUMNS)} FROM canonical WHERE {tx.among('id')}"
    return {row[0]: _canonical(row) for row in tx.tuples(sql, tx.array(entity_ids))}


def _canonical(row: Row) -> Canonical:
    key, entity, values, meta, source, rev, state, run = row
    changed = {} if meta is None else load_meta(meta)
    return Canonical(key, entity, orjson.loads(values), source, rev, changed, _STATES[state], run)


def _rows(canonicals: Iterable[Canonical]) -> Sequence[Row]:
    latest = {canonical.id: canonical for canonical in canonicals}
    rows = []
    for key in sorted(latest):
        c = latest[key]
        meta = dump_meta(c.meta) if c.meta else None
        rows.append((key, c.entity, dump(c.values), meta, c.source, c.rev, _TEXTS[c.state], c.run))
    return rows


def create(tx: Tx, created: Sequence[Canonical]) -> None:
    if len({canonical.id for canonical in created}) != len(created):
        raise StateError("one page creates the same canonical record twice; nothing was stored")
    tx.put(tables.canonical, _COLUMNS, _rows(created))


def replace(tx: Tx, changed: Sequence[Canonical]) -> None:
    tx.put(tables.canonical, _COLUMNS, _rows(changed), _REPLACE)


def candidates(tx: Tx, entity: str, keys: Sequence[str]) -> dict[str, list[str]]:
    stored = {match_key(key): key for key in keys}
    found: dict[str, list[str]] = {}
    for key, entity_id in tx.rows(
        "SELECT m.key, m.entity_id FROM match_key m JOIN canonical c ON c.id = m.entity_id "
        f"WHERE m.entity = ? AND {tx.among('m.key')} AND c.state = 'live' ORDER BY m.key, m.entity_id",
        entity,
        tx.array(list(stored)),
    ):
        found.setdefault(stored[key], []).append(entity_id)
    return found


def referring(tx: Tx, entities: Collection[str], entity_id: str) -> list[str]:
    """Looks through all there is, since nothing is indexed by what it refers to: for what people do, never for runs."""
    kinds, quoted = tx.array(entities), f'%"{entity_id}"%'
    rows = tx.rows(
        f"SELECT id FROM canonical WHERE {tx.among('entity')} AND state = 'live' AND vals LIKE ? "
        "UNION SELECT c.id FROM link l JOIN canonical c ON c.id = l.entity_id "
        f"WHERE {tx.among('c.entity')} AND c.state = 'live' AND l.state = 'live' AND l.base LIKE ?",
        kinds,
        quoted,
        kinds,
        quoted,
    )
    return sorted(row[0] for row in rows)


def drop_match_keys(tx: Tx, dropped: Iterable[tuple[str, str, str]]) -> None:
    tx.delete(tables.match_key, _MATCH, _match_rows(dropped))


def add_match_keys(tx: Tx, added: Iterable[tuple[str, str, str]]) -> None:
    tx.put(tables.match_key, _MATCH, _match_rows(added), "DO NOTHING")


def _match_rows(triples: Iterable[tuple[str, str, str]]) -> Sequence[Row]:
    return sorted({(entity, match_key(key), entity_id) for entity, key, entity_id in triples})


def dirty(tx: Tx, entity: str, after: str, limit: int) -> list[tuple[str, int]]:
    # Both columns in the comparison: PostgreSQL without statistics would else sort all of the entity for every page.
    sql = (
        "SELECT entity_id, generation, entity FROM dirty WHERE (entity, entity_id) > (?, ?) "
        "ORDER BY entity, entity_id LIMIT ?"
    )
    return [
        (entity_id, generation) for entity_id, generation, of in tx.tuples(sql, entity, after, limit) if of == entity
    ]


def due(tx: Tx, entity: str) -> int:
    found = tx.one("SELECT count(*) FROM dirty WHERE entity = ?", entity)
    return int(found[0]) if found else 0


def mark(tx: Tx, marks: Iterable[tuple[str, str]]) -> None:
    rows = [(entity, entity_id, 1) for entity, entity_id in sorted(marks)]
    tx.put(tables.dirty, ("entity", "entity_id", "generation"), rows, _MARK)


def mark_all(tx: Tx, entity: str) -> None:
    tx.run(
        "INSERT INTO dirty (entity, entity_id, generation) SELECT entity, id, 1 FROM canonical "
        f"WHERE entity = ? AND state = 'live' ORDER BY id ON CONFLICT {_MARK}",
        entity,
    )


def clear(tx: Tx, seen: Sequence[tuple[str, int]]) -> None:
    """Forget marks, except those made again since they were seen."""
    if not seen:
        return
    marks = sorted(seen)
    entities = _dirty_entities(tx)
    if len(entities) == 1 and _cleared_at_once(tx, entities[0], marks):
        return
    for entity in entities:
        rows = [(entity, entity_id, generation) for entity_id, generation in marks]
        tx.delete(tables.dirty, ("entity", "entity_id", "generation"), rows)


def _cleared_at_once(tx: Tx, entity: str, marks: list[tuple[str, int]]) -> bool:
    """Nearly always a whole stretch was seen: it goes in one statement, where nobody can mark anything in between."""
    if not tx.sqlite:
        return False
    stretch = (entity, marks[0][0], marks[-1][0])
    within = "FROM dirty WHERE entity = ? AND entity_id BETWEEN ? AND ?"
    if tx.tuples(f"SELECT entity_id, generation {within} ORDER BY entity_id", *stretch) != marks:
        return False
    tx.run(f"DELETE {within}", *stretch)
    return True


def _dirty_entities(tx: Tx) -> list[str]:
    """From step to step along the index: there are few entities and many marks."""
    found: list[str] = []
    while (row := tx.one("SELECT min(entity) FROM dirty WHERE entity > ?", found[-1] if found else "")) and row[0]:
        found.append(row[0])
    return found
