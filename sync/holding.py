"""What is not created anywhere for now, and what it waits for. It only looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sync.decision import BindingId, EntityState, Side, Why
from sync.hub import Hub
from sync.unjoined import Holder, Unjoined


@dataclass(slots=True)
class HeldBack:
    """How many entities are not created in a binding because a record there may turn out to be one of them.

    ``by`` are the parked records in question, by why they are parked; one is named for each entity.
    """

    binding: BindingId
    entities: int = 0
    by: dict[Why, set[int]] = field(default_factory=dict)

    def add(self, holder: Holder) -> None:
        self.entities += 1
        self.by.setdefault(holder.why, set()).add(holder.parked)


def held_back(hub: Hub) -> list[HeldBack]:
    """Of every binding in which any are. No connector is asked: the hub needs none for this."""
    shut = closed(hub)
    found: list[HeldBack] = []
    for schema in hub.entities:
        writers = [one for one in hub.writers(schema.name) if one.mapping.create_out and one.id not in shut]
        asking = [one for one in (Unjoined(hub, binding).load() for binding in writers) if not one.nobody]
        held = [HeldBack(one.binding.id) for one in asking]
        for ids in _undecided(hub, schema.name) if asking else ():
            for unjoined, one in zip(asking, held, strict=True):
                for holder in _holders(hub, unjoined, ids):
                    one.add(holder)
        found += [one for one in held if one.entities]
    return found


def closed(hub: Hub) -> set[BindingId]:
    """The sweep gate: bindings of entities some of whose systems were never read in full."""
    read = {id_ for id_, state in hub.store.stream_states().items() if state.complete}
    shut: set[BindingId] = set()
    for schema in hub.entities:
        if any(b.id not in read for b in hub.readers(schema.name)):
            shut.update(b.id for b in hub.writers(schema.name))
    return shut


def _undecided(hub: Hub, entity: str) -> Iterator[list[str]]:
    """What is held back stays marked for a decision."""
    after = ""
    while rows := hub.store.dirty(entity, after, hub.policy.page):
        after = rows[-1][0]
        yield [entity_id for entity_id, _ in rows]


def _holders(hub: Hub, unjoined: Unjoined, ids: Sequence[str]) -> Iterator[Holder]:
    binding, canonicals, links = unjoined.binding, hub.store.canonicals(ids), hub.store.links_of(ids)
    absent = [
        entity_id
        for entity_id, canonical in canonicals.items()
        if canonical.state is EntityState.LIVE
        and not any(link.binding == binding.id for link in links.get(entity_id, ()))
        and binding.mapping.accepts(canonical.values) is None
    ]
    refused = hub.store.parked(binding.id, Side.OUT, absent)
    yield from unjoined.holders(canonicals, [one for one in absent if one not in refused]).values()
