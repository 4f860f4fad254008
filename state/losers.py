"""Values that one record lost: overwritten in the hub, or rejected when a system showed them."""

from __future__ import annotations

from typing import Any

from state.bindings import Bindings
from state.codec import load_one, when
from state.tx import Tx
from state.views import LostValue
from sync.decision import ConflictState, blank

_OVERWRITTEN = (
    "SELECT at, run, path, old, new, source, binding, key, why FROM history "
    "WHERE entity_id = ? AND path <> '' ORDER BY id"
)
_REJECTED = (
    "SELECT closed_at, run, path, theirs, ours, ours_source, theirs_binding, theirs_key, rule, winner, state "
    "FROM conflict WHERE entity_id = ? AND state <> 'open' ORDER BY closed_at, id"
)


def losers(tx: Tx, bindings: Bindings, entity_id: str) -> list[LostValue]:
    """In the order in which they were lost, so that a number once given stays: later ones come after it."""
    lost = [*_overwritten(tx, bindings, entity_id), *_rejected(tx, bindings, entity_id)]
    lost.sort(key=lambda one: one["at"])
    return [LostValue(number=number, **one) for number, one in enumerate(lost, 1)]


def _overwritten(tx: Tx, bindings: Bindings, entity_id: str) -> list[dict[str, Any]]:
    found = []
    for at, run, path, old, new, source, binding, key, why in tx.rows(_OVERWRITTEN, entity_id):
        value, winner = load_one(old), load_one(new)
        if not blank(value) and value != winner:
            place = {"binding": None if binding is None else bindings.name(binding), "key": key}
            found.append(_lost(path, value, winner, at, run, "overwritten", why) | {"by": source} | place)
    return found


def _rejected(tx: Tx, bindings: Bindings, entity_id: str) -> list[dict[str, Any]]:
    """What a system showed and did not win. Where it won, the hub's value is among those overwritten."""
    found = []
    for at, run, path, theirs, ours, source, binding, key, rule, winner, state in tx.rows(_REJECTED, entity_id):
        value = load_one(theirs)
        agreed = state == ConflictState.RESOLVED and winner == "agreed"
        if winner != "theirs" and not agreed and not blank(value):
            lost = _lost(path, value, load_one(ours), at, run, "rejected", rule)
            found.append(lost | {"by": source, "binding": bindings.name(binding), "key": key})
    return found


def _lost(path: str, value: Any, winner: Any, at: str, run: int, how: str, why: str) -> dict[str, Any]:
    return {"path": path, "value": value, "winner": winner, "at": when(at), "run": run, "how": how, "why": why}
