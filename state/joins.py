"""Entities that several records are: who was taken for one person, company or order by matching, not by a write."""

from __future__ import annotations

from collections.abc import Collection

from state.bindings import Bindings
from state.standing import behind_by_binding
from state.tx import Tx
from sync.decision import BindingId

Place = tuple[BindingId, str]
"""A binding and a record key."""

_MADE_THERE = (
    "SELECT 1 FROM write_log w JOIN write_batch b ON b.id = w.batch "
    "WHERE w.entity_id = l.entity_id AND w.key = l.key AND b.binding = l.binding AND b.kind = 'create'"
)
_MET = f"l.state = 'live' AND NOT EXISTS ({_MADE_THERE})"
"""Records that the hub met, not those that it made itself."""


def joined(tx: Tx, bindings: Bindings, limit: int) -> list[tuple[str, list[Place]]]:
    """The latest entities to which several records were joined, each with these records."""
    found = tx.rows(
        f"SELECT l.entity_id FROM link l WHERE {_MET} GROUP BY l.entity_id HAVING count(*) > 1 "
        "ORDER BY l.entity_id DESC LIMIT ?",
        limit,
    )
    return [(entity_id, _places(tx, bindings, entity_id, _MET)) for (entity_id,) in found]


def behind(tx: Tx, bindings: Bindings, limit: int) -> list[tuple[str, list[Place]]]:
    """The latest entities with a record that is not in sync, each with its live records that are not."""
    late: dict[str, set[BindingId]] = {}
    for number, entities in behind_by_binding(tx).items():
        for entity_id in entities:
            late.setdefault(entity_id, set()).add(bindings.name(number))
    return [
        (entity_id, _of(_places(tx, bindings, entity_id, "l.state = 'live'"), late[entity_id]))
        for entity_id in sorted(late, reverse=True)[:limit]
    ]


def _of(places: Collection[Place], wanted: Collection[BindingId]) -> list[Place]:
    return [place for place in places if place[0] in wanted]


def _places(tx: Tx, bindings: Bindings, entity_id: str, which: str) -> list[Place]:
    sql = f"SELECT l.binding, l.key FROM link l WHERE l.entity_id = ? AND {which} ORDER BY l.binding, l.key"
    return [(bindings.name(number), key) for number, key in tx.rows(sql, entity_id)]
