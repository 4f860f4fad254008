"""Load what bears on two entities that a person says are one."""

from __future__ import annotations

from model.errors import StateError
from sync.decision import Canonical, EntityState
from sync.hub import Hub
from sync.ledger import Scene
from sync.scenes import load_entities
from sync.uniting import Pair


def concerned(hub: Hub, keep: str, drop: str) -> list[str]:
    """The kinds of entities that change where two become one: their own, and those that may refer to them.

    Raises StateError where the two can never be one.
    """
    found = hub.store.canonicals([keep, drop])
    first, second = (living(entity_id, found.get(entity_id)) for entity_id in (keep, drop))
    if keep == drop:
        raise StateError(f"{keep} is one entity already; name two")
    if first.entity != second.entity:
        raise StateError(f"{keep} is of the kind {first.entity} and {drop} of the kind {second.entity}: never one")
    return sorted({first.entity, *(schema.name for schema in hub.entities if first.entity in schema.references)})


def living(entity_id: str, found: Canonical | None) -> Canonical:
    """An entity that is there and has not ended. Raises StateError."""
    if found is None:
        raise StateError(f"there is no entity {entity_id}")
    if found.state is not EntityState.LIVE:
        how = "merged into another one" if found.state is EntityState.MERGED else "deleted"
        raise StateError(f"the entity {entity_id} was {how}; see `syncline record show {entity_id}`")
    return found


def load_pair(hub: Hub, keep: str, drop: str, scene: Scene) -> Pair:
    """Both entities, what refers to the one that ends, and what is parked of it.

    Everything is looked at again: it may have changed until the lease was held. Raises StateError.
    """
    kinds = concerned(hub, keep, drop)
    _refuse_doubts(hub, drop)
    others = [one for one in hub.store.referring(kinds, drop) if one not in (keep, drop)]
    load_entities(hub.store, scene, [keep, drop, *others])
    kept = scene.canonicals[keep]
    binding = next((binding for binding in hub.bindings.values() if binding.id.entity == kept.entity), None)
    if binding is None:
        raise StateError(f"no live mapping ties the entity {kept.entity}")
    return Pair(
        keep=kept,
        drop=scene.canonicals[drop],
        context=binding.context,
        referring=[scene.canonicals[one] for one in others],
        parked=hub.store.parked_about(drop),
        schemas={schema.name: schema for schema in hub.entities},
    )


def _refuse_doubts(hub: Hub, drop: str) -> None:
    """What was sent for an entity and not answered is looked up under its id, which must not have ended by then."""
    for name in hub.connectors:
        for intent in hub.store.open_intents(name):
            if any(row.entity_id == drop for row in intent.rows):
                raise StateError(
                    f"a write for {drop} was sent to {intent.binding} and no answer came; "
                    "`syncline run` finds out what became of it, then merge"
                )
