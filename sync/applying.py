"""Carry out a plan: observe as every run does, write what is still as planned, and tell what became of the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sync.brakes import Tripped, tripped
from sync.decision import ActionKind, BindingId, Bucket, EntityState, LinkState
from sync.execute import Executor
from sync.hub import Hub
from sync.permit import DRIFTED, Drift, Fate, Permit
from sync.plans import count_of
from sync.reconcile import Standing, decide
from sync.report import PlannedAction, RunReport

_Told = tuple[int, PlannedAction, Fate, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyReport:
    """How carrying out a plan went: the run that did it, how many actions met which fate, and those not carried out."""

    run: RunReport
    fates: Mapping[Fate, int]
    drifts: Sequence[Drift]

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
        found = executor.standings([(entity_id, 0)], [binding]) if entity_id else []
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


def braked(permit: Permit, hub: Hub, release: Collection[str]) -> list[Tripped]:
    """The brakes that hold against a plan as a whole, measured at what is linked now."""
    count = count_of(permit.plan.summary)
    links = {binding: hub.store.live_links(binding) for binding, _ in count.planned}
    return tripped(count, hub.policy, links, release)
