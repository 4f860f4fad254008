"""Canonical records, their match keys, and the marks of those that need a decision."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any

from model.errors import StateError
from state import tables
from state.codec import dump, dump_meta, load, load_meta, match_key
from state.tx import Tx, overwrite
from sync.decision import Canonical, EntityState

_COLUMNS = ("id", "entity", "vals", "meta", "source", "rev", "state", "run")
_REPLACE = f"(id) {overwrite(('entity', 'vals', 'meta', 'source', 'rev', 'state'))}"
_STATES = {str(state): state for state in EntityState}
_TEXTS = {state: str(state) for state in EntityState}
_CANONICAL = ", ".join(f"t.{name}" for name in _COLUMNS)
_ALIKE = "group_concat(t.id, char(10)), group_concat(t.vals)"
_AS_ONE = "t.entity = ? AND t.source = ? AND t.rev = ? AND t.state = ? AND t.run = ? AND t.meta IS NULL"
_HEAD, _META = attrgetter("entity", "source", "rev", "state", "run"), attrgetter("meta")
_MATCH = ("entity", "key", "entity_id")
_MARK = "(entity, entity_id) DO UPDATE SET generation = dirty.generation + 1"


def read(tx: Tx, entity_ids: Sequence[str]) -> dict[str, Canonical]:
    asked = tx.array(entity_ids)
    alike = _read_alike(tx, entity_ids, asked) if tx.sqlite else None
    if alike is not None:
        return alike
    rows = tx.tuples(tx.found_by(_CANONICAL, tables.canonical, "id"), asked)
    values = load(f"[{','.join([row[2] for row in rows])}]")
    return {
        key: Canonical(key, entity, vals, source, rev, {} if meta is None else load_meta(meta), _STATES[state], run)
        for (key, entity, _, meta, source, rev, state, run), vals in zip(rows, values, strict=True)
    }


def _read_alike(tx: Tx, entity_ids: Sequence[str], asked: str) -> dict[str, Canonical] | None:
    """All in one row, which takes half the time. None where they are not as the first one in all but id and values."""
    heads = tx.tuples("SELECT entity, source, rev, state, run FROM canonical WHERE id = ?", entity_ids[0])
    if not heads:
        return None
    ids, values = tx.tuples(tx.found_by(_ALIKE, tables.canonical, "id", _AS_ONE), asked, *heads[0])[0]
    found = ids.split("\n") if ids else []
    if len(found) != len(entity_ids):
        return None
    entity, source, rev, state, run = heads[0]
    loaded, held = load(f"[{values}]"), _STATES[state]  # in one go: orjson shares the paths
    if len(loaded) != len(found):
        return None
    return {
        key: Canonical(key, entity, vals, source, rev, {}, held, run) for key, vals in zip(found, loaded, strict=True)
    }


def _put(tx: Tx, canonicals: Iterable[Canonical], on_conflict: str = "") -> None:
    """The last one of each id counts. Those of one page are nearly always new, and alike in all but id and values."""
    latest = {canonical.id: canonical for canonical in canonicals}
    rows, heads = [latest[key] for key in sorted(latest)], set(map(_HEAD, latest.values()))
    if len(heads) == 1 and not any(map(_META, rows)):
        entity, source, rev, state, run = heads.pop()
        alike = {"entity": entity, "meta": None, "source": source, "rev": rev, "state": _TEXTS[state], "run": run}
        plain = [(c.id, dump(c.values)) for c in rows]
        tx.put(tables.canonical, ("id", "vals"), plain, on_conflict, alike)
        return
    full = [(c.id, c.entity, dump(c.values), dump_meta(c.meta), c.source, c.rev, _TEXTS[c.state], c.run) for c in rows]
    tx.put(tables.canonical, _COLUMNS, full, on_conflict)


def create(tx: Tx, created: Sequence[Canonical]) -> None:
    if len({canonical.id for canonical in created}) != len(created):
        raise StateError("one page creates the same canonical record twice; nothing was stored")
    _put(tx, created)


def replace(tx: Tx, changed: Sequence[Canonical]) -> None:
    _put(tx, changed, _REPLACE)


def candidates(tx: Tx, entity: str, keys: Sequence[str]) -> dict[str, list[str]]:
    stored = {match_key(key): key for key in keys}
    found: dict[str, list[str]] = {}
    for key, entity_id in tx.tuples(
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
    rows = sorted({(entity, match_key(key), entity_id) for entity, key, entity_id in dropped})
    tx.delete(tables.match_key, _MATCH, rows)


def add_match_keys(tx: Tx, added: Collection[tuple[str, str, str]]) -> None:
    for entity in sorted({of for of, _, _ in added}):
        rows = sorted({(match_key(key), entity_id) for of, key, entity_id in added if of == entity})
        tx.put(tables.match_key, _MATCH[1:], rows, "DO NOTHING", {"entity": entity})


def dirty(tx: Tx, entity: str, after: str, limit: int) -> list[tuple[str, int]]:
    if tx.sqlite:
        stretch = "FROM dirty WHERE entity = ? AND entity_id > ? ORDER BY entity_id LIMIT ?"
        return _marks(tx, stretch, entity, after, limit)
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


def _marks(tx: Tx, stretch: str, *params: Any) -> list[tuple[str, int]]:
    """Ids and generations in order of the ids; in SQLite, where nearly all are marked once: a third of the time."""
    columns = "group_concat(entity_id, char(10)), min(generation), max(generation), count(*)"
    ids, lowest, highest, count = tx.tuples(f"SELECT {columns} FROM (SELECT * {stretch})", *params)[0]
    found = ids.split("\n") if ids else []
    if lowest != highest or len(found) != count:
        return tx.tuples(f"SELECT entity_id, generation {stretch}", *params)
    return list(zip(sorted(found), repeat(lowest)))


def mark(tx: Tx, marks: Collection[tuple[str, str]]) -> None:
    for entity in sorted({of for of, _ in marks}):
        ids = sorted([entity_id for of, entity_id in marks if of == entity])
        rows = list(zip(ids, strict=True))
        tx.put(tables.dirty, ("entity_id",), rows, _MARK, {"entity": entity, "generation": 1})


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
    if _marks(tx, f"{within} ORDER BY entity_id", *stretch) != marks:
        return False
    tx.run(f"DELETE {within}", *stretch)
    return True


def _dirty_entities(tx: Tx) -> list[str]:
    """From step to step along the index: there are few entities and many marks."""
    found: list[str] = []
    while (row := tx.one("SELECT min(entity) FROM dirty WHERE entity > ?", found[-1] if found else "")) and row[0]:
        found.append(row[0])
    return found
