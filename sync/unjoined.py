"""Records that are there, but of which nobody could say yet whose they are: they wait, are dead letters, or disputed.

Whoever may be one of them must not be created there: it would be a second record of the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from model.records import Record
from sync.absorb import DISPUTED_MATCH, Binding, resolved
from sync.correlate import correlate
from sync.decision import Canonical, Parked, Side, Why
from sync.hub import Hub
from sync.ledger import Scene
from sync.mending import unlinked
from sync.scenes import load_references

_DECIDED = "until it is decided whether a record there is it"
_TAKEN_IN = "until a record there that may be it can be taken in"
HELD_BACK: Final = frozenset({_DECIDED, _TAKEN_IN})
"""The details under which a balance counts entities that are not created for now."""


class Holder(NamedTuple):
    """A parked record that may turn out to be an entity: its id, why it is parked, and until when that one waits."""

    parked: int
    why: Why
    until: str


@dataclass(slots=True)
class Unjoined:
    """Those of one binding. Only what they are found by is kept of them (as hashes), since there may be very many."""

    hub: Hub
    binding: Binding
    _candidates: dict[str, int] = field(default_factory=dict)  # of disputed ones, as they were found; by one of them
    _found_by: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    def load(self) -> Unjoined:
        """All that are stored by now."""
        for page in self.hub.store.all_parked(self.binding.id, Side.IN, None, self.hub.policy.page):
            for row in page:
                if row.why is Why.DISPUTED and row.code == DISPUTED_MATCH:
                    self._candidates.update(dict.fromkeys(row.candidates, row.id or 0))
            others = [row for row in page if row.why is not Why.DISPUTED]
            rows = unlinked(self.hub.store, self.binding.id, others)
            found = [(row, values) for row, values in self._values(rows) if values]
            keys = self.binding.index.keys_of([values for _, values in found])
            for (row, _), own in zip(found, keys, strict=True):
                for key in own:
                    self._found_by[hash(key)].append(row.key)
        return self

    @property
    def nobody(self) -> bool:
        return not (self._candidates or self._found_by)

    def holding(self, canonicals: Mapping[str, Canonical], ids: Collection[str]) -> dict[str, str]:
        """By entity: why it is not to be created there; only those that are not."""
        return {entity_id: holder.until for entity_id, holder in self.holders(canonicals, ids).items()}

    def holders(self, canonicals: Mapping[str, Canonical], ids: Collection[str]) -> dict[str, Holder]:
        """By entity: a record that keeps it from being created there."""
        asked = self._candidates
        held = {entity_id: Holder(asked[entity_id], Why.DISPUTED, _DECIDED) for entity_id in ids if entity_id in asked}
        if not self._found_by:
            return held
        rest = [canonicals[i] for i in ids if i in canonicals and i not in held]
        keys = self.binding.index.keys_of([canonical.values for canonical in rest])
        alike: dict[str, list[tuple[Canonical, Sequence[str]]]] = defaultdict(list)
        for canonical, own in zip(rest, keys, strict=True):
            for record in {record for key in own for record in self._found_by.get(hash(key), ())}:
                alike[record].append((canonical, own))
        held.update(self._alike(alike) if alike else ())
        return held

    def _alike(self, alike: Mapping[str, list[tuple[Canonical, Sequence[str]]]]) -> Iterator[tuple[str, Holder]]:
        parked = self.hub.store.parked(self.binding.id, Side.IN, sorted(alike))
        match, index = self.binding.mapping.match, self.binding.index
        for row, values in self._values(list(parked.values())):
            for canonical, own in alike[row.key]:
                candidates = dict.fromkeys(own, (canonical.id,))
                found = correlate(match, index, values, candidates, {canonical.id: canonical}, lambda _: False)
                if found.entity_id or found.disputed:
                    yield canonical.id, Holder(row.id or 0, row.why, _TAKEN_IN)

    def _values(self, rows: Sequence[Parked]) -> Iterator[tuple[Parked, Mapping[str, Any]]]:
        """What of them can be read, which of a dead letter is a part."""
        shown = [row for row in rows if row.data is not None]
        projections = self.binding.mapping.project([Record(row.key, row.data or {}, row.version) for row in shown])
        scene = Scene()
        load_references(self.hub.store, self.binding, projections, scene)
        for row, projection in zip(shown, projections, strict=True):
            yield row, resolved(self.binding, projection, scene)[0]
