"""What the engine needs from the store. `state.store` implements it; everything is set-wise, one call per page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sync.decision import (
    Balance,
    BindingId,
    Canonical,
    Changes,
    Conflict,
    Intent,
    Link,
    Parked,
    Side,
    StreamState,
    Unsettled,
    Why,
)
from sync.oscillation import Turn
from sync.story import Story


@dataclass(slots=True)
class Lease:
    """The right to run some scopes. ``epochs`` fence every commit: a superseded holder's is refused. ``rests`` says, as
    the store's `Store.rests` did when it was taken, until when systems asked to be left alone.
    """

    holder: str
    epochs: dict[str, int] = field(default_factory=dict)
    rests: dict[str, datetime] = field(default_factory=dict)


class Seen(Protocol):
    """Keys met during one full listing, kept out of memory and out of the hub's own tables."""

    def add(self, keys: Sequence[str]) -> None: ...

    def missing(self, size: int) -> Iterator[list[str]]:
        """Keys of live links of the stream that were not added, in pages."""
        ...


class PlanState(StrEnum):
    MAKING = "making"
    WAITING = "waiting"  # for a person
    RELEASED = "released"
    DISCARDED = "discarded"
    REPLACED = "replaced"  # by a newer plan of the same binding
    OVERTAKEN = "overtaken"  # by a run that found nothing to ask about any more


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlan:
    """A plan in the store. ``head`` and ``summary`` are those of `sync.plans`; ``why``: ``brake`` or ``approval``."""

    id: int
    why: str
    state: PlanState
    run: int
    bindings: tuple[BindingId, ...]
    head: Mapping[str, Any]
    summary: Mapping[str, Any]
    fingerprint: str
    made_at: datetime
    settled_at: datetime | None


class Plans(Protocol):
    """Plans that wait for a person."""

    def seal(self) -> bytes:
        """What only this hub knows: its plans are told from others', and from altered ones, by it. Made once."""
        ...

    def begin_plan(self, why: str, run: int, head: Mapping[str, Any], lease: Lease, now: datetime) -> int: ...

    def keep_lines(self, plan: int, place: int, lines: Sequence[str], lease: Lease, now: datetime) -> None:
        """Actions of a plan that is being made, from this place on."""
        ...

    def keep_plan(
        self,
        plan: int,
        bindings: Sequence[BindingId],
        summary: Mapping[str, Any],
        fingerprint: str,
        lease: Lease,
        now: datetime,
    ) -> None:
        """The plan is made, and waits. It replaces those that wait in any of these bindings."""
        ...

    def kept_plans(self, state: PlanState | None = PlanState.WAITING) -> list[KeptPlan]:
        """The latest first; None: in any state."""
        ...

    def kept_plan(self, plan: int) -> KeptPlan | None: ...

    def kept_lines(self, plan: int, first: int, size: int) -> list[str]: ...

    def kept_at(self, plan: int, places: Sequence[int]) -> Iterator[str]: ...

    def settle_plan(self, plan: int, state: PlanState, now: datetime) -> bool:
        """End the waiting of a plan, and forget its actions; whether it was waiting."""
        ...

    def overtake_plans(self, bindings: Collection[BindingId], but: Collection[int], now: datetime) -> None:
        """Nothing waits in these bindings alone any more, but the plans named."""
        ...


class Store(Plans, Protocol):
    """The hub's memory.

    Reads outside `commit` see the last commit. `commit` is one transaction that first checks the lease's epochs
    (raising LeaseLostError, with nothing changed) and extends it.
    """

    # leases and runs
    def acquire(
        self,
        scopes: Collection[str],
        holder: str,
        seconds: float,
        now: datetime,
        gone: Callable[[str], bool] | None = None,
        *,
        restored: bool = False,
    ) -> Lease:
        """Take all scopes or none; raises LeaseHeldError, and unless ``restored`` StateRestoredError.

        An expired lease is taken over with a higher epoch. So is one whose holder ``gone`` knows to be no more (a
        process of this machine that was killed).
        """
        ...

    def trust(self) -> None:
        """From now on the state as it is counts as the present one, although it is an older copy."""
        ...

    def renew(self, lease: Lease, now: datetime) -> None:
        """Extend the lease. Raises LeaseLostError."""
        ...

    def release(self, lease: Lease) -> None: ...

    def rests(self) -> dict[str, datetime]:
        """By connection: until when its system asked to be left alone, whoever was told."""
        ...

    def rest(self, connection: str, until: datetime) -> None: ...

    def first_run_after(self, run: int, connection: str) -> datetime | None:
        """When the first run after this one began in which the connection was among those to be worked with."""
        ...

    def start_run(self, selection: Sequence[BindingId], trigger: str, now: datetime) -> int: ...

    def finish_run(
        self,
        run: int,
        status: str,
        balances: Mapping[tuple[BindingId, Side], Balance],
        message: str | None,
        now: datetime,
    ) -> None:
        """Close the run. An idle run touches no other row of the store."""
        ...

    # looking back
    def cause(self, run: int) -> str | None:
        """Who or what started a run; None where there was no such run."""
        ...

    def touched(self, run: int) -> list[str]:
        """Ids of the entities that a run changed, or of which it wrote a record; in order."""
        ...

    def stories(self, entity_ids: Sequence[str], since: int) -> dict[str, Story]:
        """What happened to each of the entities from one run on."""
        ...

    def turns(self, entity_ids: Sequence[str], runs: int) -> dict[str, dict[str, list[Turn]]]:
        """Entity id → path → changes within so many latest runs, in order; entities without any are left out."""
        ...

    # observing
    def stream_state(self, binding: BindingId) -> StreamState: ...

    def stream_states(self) -> Mapping[BindingId, StreamState]:
        """Of every stream that was ever worked with; the others are as `StreamState()`."""
        ...

    def remember_mapping(self, name: str, version: str, covers: Sequence[str]) -> None:
        """Record a mapping version and the paths or patterns it covers, once."""
        ...

    def covered_by(self, version_prefix: str) -> frozenset[str] | None:
        """The paths and patterns a former mapping version covered, by the prefix its fingerprints begin with."""
        ...

    def fingerprints(self, binding: BindingId, keys: Sequence[str]) -> dict[str, str | None]:
        """Fingerprint of each key that has a link, empty where it is live no more. The hot path: one narrow read."""
        ...

    def links(self, binding: BindingId, keys: Sequence[str]) -> dict[str, Link]:
        """Links in any state, by key."""
        ...

    def links_of(self, entity_ids: Sequence[str]) -> dict[str, list[Link]]:
        """Links in any state, by entity."""
        ...

    def entities_at(self, binding: BindingId, keys: Sequence[str]) -> dict[str, str]:
        """Record key → entity id, for live links; aliases of merged records are followed."""
        ...

    def keys_at(self, binding: BindingId, entity_ids: Sequence[str]) -> dict[str, str]:
        """Entity id → record key, for live links."""
        ...

    def canonicals(self, entity_ids: Sequence[str]) -> dict[str, Canonical]: ...

    def referring(self, entities: Collection[str], entity_id: str) -> list[str]:
        """Ids of the live entities of these kinds that hold an id in one of their values, or a link of theirs does."""
        ...

    def candidates(self, entity: str, match_keys: Sequence[str]) -> dict[str, list[str]]:
        """Match key → ids of the live entities that have it."""
        ...

    def open_conflicts(self, entity_ids: Sequence[str]) -> dict[str, dict[str, Conflict]]:
        """Entity id → path → open conflict."""
        ...

    def conflict(self, conflict_id: int) -> Conflict | None: ...

    def parked_by_id(self, ids: Sequence[int]) -> list[Parked]: ...

    def parked(self, binding: BindingId, side: Side, keys: Sequence[str]) -> dict[str, Parked]: ...

    def all_parked(self, binding: BindingId, side: Side, why: Why | None, size: int) -> Iterator[list[Parked]]:
        """Everything parked for one reason, in pages; rows may be unparked while iterating."""
        ...

    def parked_why(self, side: Side) -> Mapping[BindingId, Collection[Why]]:
        """For which reasons anything is parked, of each binding of which anything is: mostly of none."""
        ...

    def parked_about(self, entity_id: str) -> list[Parked]:
        """What is parked of an entity on its way out, and every question in which it is a candidate."""
        ...

    def unsettled(self, bindings: Collection[BindingId]) -> Unsettled:
        """What is left over from all runs."""
        ...

    def live_links(self, binding: BindingId) -> int: ...

    def entities_without(self, binding: BindingId) -> tuple[int, int]:
        """How many live entities of the binding's kind there are, and how many of them have no live link there."""
        ...

    def seen(self, binding: BindingId) -> AbstractContextManager[Seen]: ...

    # deciding and acting
    def dirty(self, entity: str, after: str, limit: int) -> list[tuple[str, int]]:
        """Ids (with generation) of entities that need a decision, ordered by id, after the given one."""
        ...

    def due(self, entity: str) -> int:
        """How many entities need a decision."""
        ...

    def mark_all_dirty(self, entity: str) -> None:
        """Every live entity needs a decision: a mapping or policy changed, or a stream was added."""
        ...

    def open_intents(self, connection: str) -> list[Intent]: ...

    def intend(self, new: Sequence[Intent], lease: Lease) -> list[int]:
        """Store intents durably before their calls are made; returns their ids. Raises LeaseLostError: send nothing."""
        ...

    def commit(self, changes: Changes, run: int, lease: Lease, now: datetime) -> None: ...

    def rehearsal(self) -> AbstractContextManager[Store]:
        """A store that starts as this one is and is thrown away: what `plan` runs on."""
        ...

    def close(self) -> None: ...
