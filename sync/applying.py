"""Carry out a plan: observe as every run does, write what is still as planned, and tell what became of the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from sync.decision import ActionKind, BindingId, Bucket, EntityState, LinkState
from sync.execute import Executor
from sync.hub import Hub
from sync.keeping import waiting
from sync.permit import DRIFTED, Drift, Fate, Permit
from sync.plans import Plan, check_fit
from sync.ports import PlanState
from sync.reconcile import Standing, decide
from sync.report import PlannedAction, RunReport

_GRAVITY = (Fate.CHANGED, Fate.GONE, Fate.REFUSED, Fate.HELD, Fate.DONE, Fate.NEW, Fate.WRITTEN)
_Told = tuple[int, PlannedAction, Fate, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyReport:
    """How carrying out a plan went: the run that did it, how many actions met which fate, and those not carried out.

    Of each fate no more than ten thousand are named; of the new ones, which the plan did not have, a thousand.
    """

    run: RunReport
    fates: Mapping[Fate, int]
    drifts: Sequence[Drift]

    @classmethod
    def of(cls, run: RunReport, permit: Permit | None) -> ApplyReport:
        """No permit: the run did not come so far."""
        if permit is None:
            return cls(run=run, fates={}, drifts=())
        drifts = sorted(permit.drifts, key=lambda drift: _GRAVITY.index(drift.fate))
        return cls(run=run, fates=permit.fates, drifts=drifts)

    @property
    def drifted(self) -> int:
        """Actions that the plan has and that nobody may carry out any more: look at a new plan."""
        return sum(self.fates.get(fate, 0) for fate in DRIFTED)


def tell_rest(permit: Permit, hub: Hub, executor: Executor) -> None:
    """Say of every action that was not carried out what stands against it now."""
    for page in permit.rest(hub.policy.page):
        permit.settle(_told(page, hub, executor))


def _told(page: Sequence[tuple[int, PlannedAction]], hub: Hub, executor: Executor) -> Iterator[_Told]:
    owners = [_owner(action, hub) for _, action in page]
    for (place, action), entity_id in zip(page, owners, strict=True):
        binding = hub.bindings[action.binding]
        found = executor.standings.of([(entity_id, 0)], [binding]) if entity_id else []
        fate, detail = _fate(action, found[0], hub, executor) if found else (Fate.GONE, "the record is not there now")
        yield place, action, fate, detail


def _owner(action: PlannedAction, hub: Hub) -> str | None:
    """The entity an action is about, as it is called now."""
    if not action.links:
        return action.entity_id
    for *names, key in action.links:
        found = hub.store.entities_at(BindingId(*names), [key]).get(key)
        if found is not None:
            return found
    return None


def _fate(action: PlannedAction, standing: Standing, hub: Hub, executor: Executor) -> tuple[Fate, str]:
    canonical, entity = standing.canonical, action.binding.entity
    there = [link for link in standing.links if link.binding == action.binding]
    live = [link for link in there if link.state is LinkState.LIVE]
    if action.kind is ActionKind.CREATE and live:
        return Fate.DONE, f"it has the record {live[0].key} there now"
    if action.kind is not ActionKind.CREATE and action.key not in [link.key for link in live]:
        if action.kind is ActionKind.DELETE:
            return Fate.DONE, "the record is not there any more"
        return Fate.GONE, "the record is not there any more, or another entity's"
    if action.kind is not ActionKind.DELETE and canonical.state is not EntityState.LIVE:
        return Fate.GONE, f"the {entity} was {canonical.state.value}"
    if action.kind is ActionKind.DELETE and canonical.state is EntityState.LIVE:
        return Fate.CHANGED, f"the {entity} is not deleted any more"
    trouble = executor.stopped.get(action.binding.connection)
    (verdict,) = decide(standing, [hub.bindings[action.binding]], executor.closed)
    if verdict.action is not None:
        return Fate.HELD, trouble.message if trouble else "it could not be written yet"
    if verdict.bucket in (Bucket.CONFLICT, Bucket.WAITING, Bucket.DEAD):
        return Fate.HELD, verdict.detail or verdict.bucket.value
    if verdict.bucket is Bucket.SKIPPED:
        return Fate.CHANGED, verdict.detail or "it is left out now"
    return Fate.DONE, "nothing is left to write there"


class Work(Protocol):
    """What is needed of the run that carries out a plan."""

    def apply(self, plan: Plan, *, approved: bool = False) -> Permit: ...


class Applying:
    """The part of `sync.run.Engine` that carries out plans."""

    hub: Hub

    def _under_way(
        self, select: Sequence[str], release: Collection[str], trigger: str
    ) -> AbstractContextManager[tuple[Work | None, RunReport]]:
        """`sync.run.Engine`."""
        raise NotImplementedError

    def _desk(self, *entities: str) -> AbstractContextManager[Any]:
        """`sync.repair.Repairs`."""
        raise NotImplementedError

    def apply(self, plan: Plan, *, release: Collection[str] = (), trigger: str = "apply") -> ApplyReport:
        """Write what a plan says, and nothing else, where it is still as planned. The rest stays due.

        Raises StateError for a plan of another hub, and where mappings or settings are others than when it was made.
        """
        check_fit(plan.head, self.hub, self.hub.store.seal())
        release = {*release, *plan.head.release}
        permit: Permit | None = None  # none, either, where the lease is lost on the way
        with self._under_way(plan.head.selection, release, trigger) as (work, report):
            permit = None if work is None else work.apply(plan)
        return ApplyReport.of(report, permit)

    def release(self, number: int) -> ApplyReport:
        """Carry out a plan that waits in the store, whatever brake holds: a person has seen it. Raises StateError."""
        store = self.hub.store
        head = waiting(store, number).head
        check_fit(head, self.hub, store.seal())
        permit: Permit | None = None
        with self._under_way(head.selection, (), "release") as (work, report):
            # It is read again: another run may have replaced it before this one held the lease.
            permit = None if work is None else work.apply(waiting(store, number), approved=True)
        if report.status not in ("busy", "failed"):
            store.settle_plan(number, PlanState.RELEASED, self.hub.clock.now())
        return ApplyReport.of(report, permit)

    def discard_plan(self, number: int) -> None:
        """Forget a plan that waits. What it would have written stays due. Raises StateError, LeaseHeldError."""
        plan = waiting(self.hub.store, number)
        with self._desk(*sorted({binding.entity for binding in plan.kept.bindings})):
            self.hub.store.settle_plan(number, PlanState.DISCARDED, self.hub.clock.now())
