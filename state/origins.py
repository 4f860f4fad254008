"""Why each record belongs to its entity: it founded it, the hub made it, or it was joined to it, and by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from state.bindings import Bindings
from state.codec import dump_one, load_one, when
from state.tx import Row, Tx
from state.views import How, LinkView, Origin
from sync.decision import JOINED, BindingId

Place = tuple[BindingId, str]
"""A binding and a record key."""

_JOINED = (
    "SELECT binding, key, why, source, mapping, old, run, at FROM history "
    "WHERE entity_id = ? AND path = '' AND new = ? ORDER BY id"
)
_MADE = (
    "SELECT b.binding, w.key, b.run, b.at, b.mapping FROM write_log w JOIN write_batch b ON b.id = w.batch "
    "WHERE w.entity_id = ? AND b.kind = 'create' AND b.outcome = 'applied' ORDER BY w.batch"
)
_FOUNDED = "SELECT c.source, c.run, r.started_at FROM canonical c LEFT JOIN run r ON r.id = c.run WHERE c.id = ?"
NOT_KNOWN = Origin(how=How.UNKNOWN)


def origins(tx: Tx, bindings: Bindings, entity_id: str, links: Sequence[LinkView]) -> dict[Place, Origin]:
    """Of all records of one entity.

    Only a joining has a row of its own. What has none and was not made by the hub is the founder, if it is the only
    one in the connection that the entity came from; else it was joined before such rows were written.
    """
    return _of(tx, bindings, entity_id, [(link.binding, link.key) for link in links], {entity_id})


def _of(tx: Tx, bindings: Bindings, entity_id: str, places: Sequence[Place], seen: set[str]) -> dict[Place, Origin]:
    joined = {(bindings.name(row[0]), row[1]): row for row in tx.rows(_JOINED, entity_id, dump_one(JOINED))}
    made = {(bindings.name(row[0]), row[1]): row[2:] for row in tx.rows(_MADE, entity_id)}
    founded = tx.one(_FOUNDED, entity_id)
    found: dict[Place, Origin] = {}
    rest: list[Place] = []
    for place in places:
        if place in joined:
            found[place] = _joining(tx, bindings, joined, place, seen)
        elif place in made:
            run, at, mapping = made[place]
            found[place] = Origin(how=How.CREATED, by="hub", run=run, at=when(at), mapping=mapping)
        else:
            rest.append(place)
    founders = [place for place in rest if founded is not None and place[0].connection == founded[0]]
    for place in rest:
        found[place] = NOT_KNOWN
    if len(founders) == 1 and founded is not None:
        source, run, started = founded
        found[founders[0]] = Origin(how=How.FOUNDED, by=source, run=run, at=when(started) if started else None)
    return found


def _joining(tx: Tx, bindings: Bindings, joined: Mapping[Place, Row], place: Place, seen: set[str]) -> Origin:
    """Where it came from another entity, what made it a record of that one is told, too."""
    _, _, why, source, mapping, old, run, at = joined[place]
    former = load_one(old)
    before = None
    if isinstance(former, str) and former not in seen:
        moved = [other for other, row in joined.items() if row[5] == old]
        before = _of(tx, bindings, former, moved, {*seen, former})[place]
    return Origin(
        how=How.JOINED,
        why=why,
        by=source,
        run=run,
        at=when(at),
        mapping=mapping,
        former=former if isinstance(former, str) else None,
        before=before,
    )
