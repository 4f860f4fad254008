"""Plans in the store: kept by a run that may not write, read by whoever looks at them or carries them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sync.hub import Hub
from sync.plans import Fingerprint, Head, action_of, line_of, summary_json
from sync.ports import KeptPlan, Lease, Plans
from sync.report import PlannedAction, PlanReport

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


@dataclass(slots=True)
class StoreKeeper:
    """`sync.plans.Keeper` into the store. ``number`` is the plan that waits in the end."""

    hub: Hub
    why: str
    run: int
    lease: Lease
    number: int = 0
    _count: int = 0
    _fingerprint: Fingerprint = field(default_factory=Fingerprint)

    def begin(self, head: Head) -> None:
        now = self.hub.clock.now()
        self.number = self.hub.store.begin_plan(self.why, self.run, head.to_json(), self.lease, now)

    def add(self, actions: Sequence[PlannedAction]) -> None:
        lines = [line_of(action) for action in actions]
        for line in lines:
            self._fingerprint.add(line)
        texts = [line.decode() for line in lines]
        self.hub.store.keep_lines(self.number, self._count, texts, self.lease, self.hub.clock.now())
        self._count += len(lines)

    def finish(self, report: PlanReport) -> None:
        bindings = sorted({binding for binding, _ in report.totals})
        self.number = self.hub.store.keep_plan(
            self.number, bindings, summary_json(report), str(self._fingerprint), self.lease, self.hub.clock.now()
        )
