"""Plans in the store: kept by a run that may not write, read by whoever looks at them or carries them out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from model.errors import StateError
from sync.brakes import Count, Tripped
from sync.decision import BindingId
from sync.drafting import Drafter
from sync.hub import Hub
from sync.plans import Fingerprint, Head, action_of, head_of, line_of, summary_json
from sync.ports import KeptPlan, Lease, Plans, PlanState
from sync.report import Kept, PlannedAction, PlanReport

_PAGE: Final = 500


@dataclass(slots=True)
class StoredPlan:
    """`sync.plans.Plan` over the store."""

    store: Plans
    kept: KeptPlan
    head: Head = field(init=False)

    def __post_init__(self) -> None:
        self.head = Head.from_json(self.kept.head)

    @property
    def summary(self) -> Mapping[str, Any]:
        return self.kept.summary

    def items(self) -> Iterator[PlannedAction]:
        place = 0
        while lines := self.store.kept_lines(self.kept.id, place, _PAGE):
            yield from map(action_of, lines)
            place += len(lines)

    def fetch(self, places: Sequence[int]) -> list[PlannedAction]:
        return [action_of(line) for line in self.store.kept_at(self.kept.id, places)]


def waiting(store: Plans, number: int) -> StoredPlan:
    """Raises StateError where no such plan waits."""
    kept = store.kept_plan(number)
    if kept is None:
        raise StateError(f"there is no plan {number}; see `syncline brake list`")
    if kept.state is not PlanState.WAITING:
        raise StateError(f"plan {number} does not wait any more: it was {kept.state.value}; see `syncline brake list`")
    return StoredPlan(store, kept)


@dataclass(slots=True)
class Shelf:
    """Where one run leaves what it may not write."""

    hub: Hub
    run: int
    lease: Lease
    drafter: Drafter
    tripped: Callable[[Count], list[Tripped]]

    def keep_all(self, selection: Sequence[str], asked: Mapping[str, Collection[BindingId]]) -> list[Kept]:
        """A plan for each reason there is to wait, of the bindings it holds for."""
        now = self.hub.clock.now()
        head = head_of(self.hub, self.hub.store.seal(), selection, full=False, release=(), now=now)
        kept = [self._keep(why, bindings, head) for why, bindings in asked.items() if bindings]
        return [one for one in kept if one is not None]

    def _keep(self, why: str, bindings: Collection[BindingId], head: Head) -> Kept | None:
        """None where nothing is due there. A plan that waits already and says the same is left to wait."""
        seen, plan, store = Fingerprint(), PlanReport(), self.hub.store
        for page in self.drafter.pages(bindings, plan):
            for action in page:
                seen.add(line_of(action))
        if plan.changes_nothing:
            return None
        own = tuple(sorted({binding for binding, _ in plan.totals}))
        for waits in store.kept_plans():
            if (waits.why, waits.fingerprint, waits.bindings) == (why, str(seen), own) and _alike(waits, head):
                return Kept(id=waits.id, why=why, totals=plan.totals)
        number = store.begin_plan(why, self.run, head.to_json(), self.lease, self.hub.clock.now())
        plan, written = PlanReport(), 0
        for page in self.drafter.pages(bindings, plan):
            lines = [line_of(action).decode() for action in page]
            store.keep_lines(number, written, lines, self.lease, self.hub.clock.now())
            written += len(lines)
        plan.brakes = self.tripped(plan.planned)
        store.keep_plan(number, own, summary_json(plan), str(seen), self.lease, self.hub.clock.now())
        return Kept(id=number, why=why, totals=plan.totals)


def _alike(waits: KeptPlan, head: Head) -> bool:
    """Whether a plan rests on the same mappings and settings, and may stand for another one."""
    mine = orjson.loads(orjson.dumps(head.to_json()))
    return all(waits.head.get(part) == mine[part] for part in ("hub", "selection", "mappings", "settings"))
