"""What is known about entities that are to be decided about, loaded set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync.absorb import Binding
from sync.decision import BindingId, Canonical, EntityState, Link, Parked, Side
from sync.hub import Hub
from sync.reconcile import Standing
from sync.unjoined import Unjoined

_NONE: Mapping[BindingId, Any] = {}


@dataclass(slots=True)
class Standings:
    """Loads them page by page; the open questions, which are few, only once until they are forgotten."""

    hub: Hub
    _unjoined: dict[BindingId, Unjoined] = field(default_factory=dict)

    def forget(self) -> None:
        """What was asked may have been answered, and new questions may have come up."""
        self._unjoined.clear()

    def of(self, rows: Sequence[tuple[str, int]], bindings: Sequence[Binding]) -> list[Standing]:
        """One for each (entity id, generation) that exists."""
        store, focus = self.hub.store, self.hub.reading.focus
        ids = [entity_id for entity_id, _ in rows]
        canonicals, links, conflicts = store.canonicals(ids), store.links_of(ids), store.open_conflicts(ids)
        refused: dict[str, dict[BindingId, Parked]] = {}
        for binding in bindings:
            for entity_id, parked in store.parked(binding.id, Side.OUT, ids).items():
                refused.setdefault(entity_id, {})[binding.id] = parked
        held = self._held_of(canonicals, links, bindings)
        return [
            Standing(canonicals[i], links.get(i, []), conflicts.get(i, {}), refused.get(i, _NONE), held.get(i, _NONE))
            for i in ids
            if i in canonicals and (focus is None or canonicals[i].state is EntityState.LIVE)
        ]

    def _held_of(
        self, canonicals: Mapping[str, Canonical], links: Mapping[str, list[Link]], bindings: Sequence[Binding]
    ) -> dict[str, dict[BindingId, str]]:
        found: dict[str, dict[BindingId, str]] = defaultdict(dict)
        for binding in bindings:
            known = self._unjoined.get(binding.id)
            if known is not None and known.nobody:
                continue
            absent = [i for i in canonicals if not any(link.binding == binding.id for link in links.get(i, ()))]
            if not absent:
                continue
            if known is None:
                known = self._unjoined[binding.id] = Unjoined(self.hub, binding).load()
            for entity_id, why in known.holding(canonicals, absent).items():
                found[entity_id][binding.id] = why
        return found
