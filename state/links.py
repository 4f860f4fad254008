"""Links between record keys and canonical records, with baselines; aliases of merged records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter, itemgetter

from state import tables
from state.bindings import Bindings, Numbers
from state.codec import dump_base, load_base
from state.tx import Row, Tx, overwrite
from sync.decision import BindingId, Link, LinkState

_COLUMNS = ("binding", "key", "entity_id", "version", "fingerprint", "base", "state")
_REPLACE = f"(binding, key) {overwrite(_COLUMNS[2:])}"
_LINK = ", ".join(f"t.{name}" for name in _COLUMNS)

_AS_ONE = "count(CASE WHEN t.binding = ? AND t.version IS ? AND t.state = ? AND t.base IS NULL THEN 1 END)"
_ALIKE = ", ".join([_AS_ONE, *(f"group_concat(t.{name}, char(10))" for name in ("key", "entity_id", "fingerprint"))])

_AT = itemgetter(0, 1)
_BY_ENTITY = itemgetter(2, 0, 1)
_PLAIN = ("key", "entity_id", "version", "fingerprint")
_ROW, _BASE = attrgetter(*_PLAIN), attrgetter("base")
_STATES = {str(state): state for state in LinkState}
_TEXTS = {state: str(state) for state in LinkState}

_LONGEST_CHAIN = 32
"""Merges of merges that are followed; a longer chain can only be a ring."""


_PRINT = "t.key, CASE t.state WHEN 'live' THEN t.fingerprint ELSE '' END"


def fingerprints(tx: Tx, binding: int, keys: Sequence[str]) -> dict[str, str | None]:
    found = _stretch(tx, binding, keys) if tx.sqlite else None
    if found is None:
        sql = tx.found_by(_PRINT, tables.link, "key", "t.binding = ?")
        found = dict(tx.tuples(sql, tx.array(keys), binding))
    return found


def _stretch(tx: Tx, binding: int, keys: Sequence[str]) -> dict[str, str | None] | None:
    """A listing in order of its keys asks for one stretch of the table: two thirds of the time of asking for each key.

    None where the keys lie otherwise, or too far apart. (SQLite compares texts as Python does.)
    """
    first, last = keys[0], keys[-1]
    if first != min(keys) or last != max(keys):
        return None
    sql = f"SELECT {_PRINT} FROM link t WHERE binding = ? AND key BETWEEN ? AND ? LIMIT ?"
    rows = tx.tuples(sql, binding, first, last, 2 * len(keys))
    if len(rows) == 2 * len(keys):
        return None
    found = dict(rows)
    if len(found) == len(keys) and found.keys() == set(keys):
        return found
    return {key: found[key] for key in keys if key in found}


def by_key(tx: Tx, bindings: Bindings, binding: int, keys: Sequence[str]) -> dict[str, Link]:
    sql = tx.found_by(_LINK, tables.link, "key", "t.binding = ?")
    return {link.key: link for link in _links(tx.tuples(sql, tx.array(keys), binding), bindings)}


def by_entity(tx: Tx, bindings: Bindings, entity_ids: Sequence[str]) -> dict[str, list[Link]]:
    """By binding and key within each entity."""
    alike = _alike(tx, bindings, entity_ids) if tx.sqlite and entity_ids else None
    if alike is not None:
        return alike
    sql = tx.found_by(_LINK, tables.link, "entity_id")
    rows = tx.tuples(sql, tx.array(list(dict.fromkeys(entity_ids))))
    found = {link.entity_id: [link] for link in _links(rows, bindings)}
    if len(found) < len(rows):
        found = {}
        rows.sort(key=_BY_ENTITY)
        for link in _links(rows, bindings):
            found.setdefault(link.entity_id, []).append(link)
    return found


def _alike(tx: Tx, bindings: Bindings, entity_ids: Sequence[str]) -> dict[str, list[Link]] | None:
    """All in one row: two thirds of the time. None where not each has just one, alike in all but key and fingerprint.

    (A key that holds a line break makes too many keys.)
    """
    heads = tx.tuples("SELECT binding, version, base, state FROM link WHERE entity_id = ?", entity_ids[0])
    if len(heads) != 1 or heads[0][2] is not None:
        return None
    at, version, _, state = heads[0]
    asked = tx.array(entity_ids)
    alike, *found = tx.tuples(tx.found_by(_ALIKE, tables.link, "entity_id"), at, version, state, asked)[0]
    columns = [text.split("\n") for text in found if text]
    if {alike, *map(len, columns)} != {len(entity_ids)} or len(columns) < len(found):
        return None
    binding, held = bindings.name(at), _STATES[state]
    links = {i: [Link(binding, key, i, version, shown, {}, held)] for key, i, shown in zip(*columns, strict=True)}
    return links if len(links) == alike else None


def _links(rows: Sequence[Row], bindings: Bindings) -> list[Link]:
    name = {number: bindings.name(number) for number in {row[0] for row in rows}}
    return [
        Link(name[at], key, entity_id, version, fingerprint, {} if base is None else load_base(base), _STATES[state])
        for at, key, entity_id, version, fingerprint, base, state in rows
    ]


def entities_at(tx: Tx, binding: int, keys: Sequence[str]) -> dict[str, str]:
    """Live links, through aliases: each round follows all keys not found yet one merge further."""
    found: dict[str, str] = {}
    asked: Mapping[str, list[str]] = {key: [key] for key in keys}  # key looked for → keys that lead to it
    sql = f"SELECT key, entity_id FROM link WHERE binding = ? AND {tx.among('key')} AND state = 'live'"
    for _ in range(_LONGEST_CHAIN):
        here = dict(tx.tuples(sql, binding, tx.array(list(asked))))
        for key, entity_id in here.items():
            for asked_key in asked[key]:
                found[asked_key] = entity_id
        lost = [key for key in asked if key not in here]
        if not lost:
            break
        onward: dict[str, list[str]] = {}
        for key, survivor in tx.rows(
            f"SELECT key, survivor FROM alias WHERE binding = ? AND {tx.among('key')}",
            binding,
            tx.array(lost),
        ):
            onward.setdefault(survivor, []).extend(asked[key])
        if not onward:
            break
        asked = onward
    return found


def keys_at(tx: Tx, binding: int, entity_ids: Sequence[str]) -> dict[str, str]:
    """The lowest key where an entity has several records."""
    sql = (
        f"SELECT entity_id, min(key) FROM link WHERE {tx.among('entity_id')} AND binding = ? AND state = 'live' "
        "GROUP BY entity_id"
    )
    return dict(tx.tuples(sql, tx.array(entity_ids), binding))


def count_live(tx: Tx, binding: int) -> int:
    found = tx.one("SELECT count(*) FROM link WHERE binding = ? AND state = 'live'", binding)
    return int(found[0]) if found else 0


def count_without(tx: Tx, binding: int, entity: str) -> tuple[int, int]:
    """Live entities of one kind, and those of them without a live link in the binding."""
    live = "SELECT count(*) FROM canonical c WHERE c.entity = ? AND c.state = 'live'"
    linked = "SELECT 1 FROM link l WHERE l.entity_id = c.id AND l.binding = ? AND l.state = 'live'"
    every, without = tx.one(live, entity), tx.one(f"{live} AND NOT EXISTS ({linked})", entity, binding)
    return (int(every[0]) if every else 0), (int(without[0]) if without else 0)


def forget(tx: Tx, numbers: Numbers, forgotten: Iterable[tuple[BindingId, str]]) -> None:
    tx.delete(tables.link, ("binding", "key"), sorted((numbers.of(binding), key) for binding, key in forgotten))


def put(tx: Tx, numbers: Numbers, links: Sequence[Link]) -> None:
    """The last one of each key counts. Nearly always all are of one binding, live, and without exceptions."""
    if not links:
        return
    owners, states = [link.binding for link in links], [link.state for link in links]
    if not any(map(_BASE, links)) and owners.count(owners[0]) == states.count(states[0]) == len(links):
        rows = {row[0]: row for row in map(_ROW, links)}
        alike = {"binding": numbers.of(owners[0]), "base": None, "state": _TEXTS[states[0]]}
        tx.put(tables.link, _PLAIN, sorted(rows.values()), _REPLACE, alike)
        return
    number = numbers.ensure(set(owners))
    latest = {}
    for link in links:
        binding, key = number[link.binding], link.key
        base = dump_base(link.base) if link.base else None
        row = (binding, key, link.entity_id, link.version, link.fingerprint, base, _TEXTS[link.state])
        latest[binding, key] = row
    tx.put(tables.link, _COLUMNS, sorted(latest.values(), key=_AT), _REPLACE)


def put_aliases(tx: Tx, numbers: Numbers, aliases: Iterable[tuple[BindingId, str, str]]) -> None:
    latest = {(numbers.of(binding), old): survivor for binding, old, survivor in aliases if old != survivor}
    rows = [(*at, latest[at]) for at in sorted(latest)]
    tx.put(
        tables.alias, ("binding", "key", "survivor"), rows, "(binding, key) DO UPDATE SET survivor = excluded.survivor"
    )
