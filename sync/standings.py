"""What is known about entities that are to be decided about, loaded set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sync.absorb import DISPUTED_MATCH, Binding
from sync.decision import BindingId, EntityState, Parked, Side, Why
from sync.hub import Hub
from sync.reconcile import Standing


@dataclass(slots=True)
class Standings:
    """Loads them page by page; the open questions, which are few, only once until they are forgotten."""

    hub: Hub
    _asked: dict[BindingId, frozenset[str]] = field(default_factory=dict)

    def forget(self) -> None:
        """What was asked may have been answered, and new questions may have come up."""
        self._asked.clear()

    def of(self, rows: Sequence[tuple[str, int]], bindings: Sequence[Binding]) -> list[Standing]:
        """One for each (entity id, generation) that exists."""
        store, focus = self.hub.store, self.hub.reading.focus
        ids = [entity_id for entity_id, _ in rows]
        canonicals, links, conflicts = store.canonicals(ids), store.links_of(ids), store.open_conflicts(ids)
        refused: dict[str, dict[BindingId, Parked]] = {}
        for binding in bindings:
            for entity_id, parked in store.parked(binding.id, Side.OUT, ids).items():
                refused.setdefault(entity_id, {})[binding.id] = parked
        asked = self._asked_of(ids, bindings)
        return [
            Standing(canonicals[i], links.get(i, []), conflicts.get(i, {}), refused.get(i, {}), asked.get(i, ()))
            for i in ids
            if i in canonicals and (focus is None or canonicals[i].state is EntityState.LIVE)
        ]

    def _asked_of(self, ids: Collection[str], bindings: Sequence[Binding]) -> dict[str, list[BindingId]]:
        found: dict[str, list[BindingId]] = defaultdict(list)
        for binding in bindings:
            for entity_id in self._candidates(binding.id).intersection(ids):
                found[entity_id].append(binding.id)
        return found

    def _candidates(self, at: BindingId) -> frozenset[str]:
        """Entities that a disputed record of this binding could be."""
        if at not in self._asked:
            pages = self.hub.store.all_parked(at, Side.IN, Why.DISPUTED, self.hub.policy.page)
            rows = (row for page in pages for row in page if row.code == DISPUTED_MATCH)
            self._asked[at] = frozenset(candidate for row in rows for candidate in row.candidates)
        return self._asked[at]
