"""Refuse a run that would change too much. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sync.decision import Action, ActionKind, BindingId
from sync.policy import Braked, Policy

if TYPE_CHECKING:
    from sync.report import PlannedAction

_KIND = {ActionKind.CREATE: Braked.CREATE, ActionKind.UPDATE: Braked.UPDATE, ActionKind.DELETE: Braked.DELETE}
_NONE: Mapping[BindingId, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tripped:
    """A brake that holds: ``count`` writes of one kind planned, ``limit`` allowed, ``links`` records known there."""

    connection: str
    stream: str
    entity: str
    kind: str
    count: int
    limit: int
    links: int

    @property
    def name(self) -> str:
        """How a person releases it: ``crm.Contact:create``."""
        return f"{self.connection}.{self.stream}:{self.kind}"

    def __str__(self) -> str:
        return (
            f"would {self.kind} {self.count:,} records in {self.connection}.{self.stream} "
            f"(limit {self.limit:,}, {self.links:,} linked); nothing was written. "
            f"Look at `syncline plan`, then release once with --release {self.name}"
        )


@dataclass(slots=True)
class Count:
    """Planned writes by binding and kind."""

    planned: Counter[tuple[BindingId, Braked]] = field(default_factory=Counter)

    def add(self, actions: Iterable[Action | PlannedAction]) -> None:
        for action in actions:
            self.planned[action.binding, _KIND[action.kind]] += 1
            if action.blanks:
                self.planned[action.binding, Braked.BLANK] += 1


def released(release: Collection[str], binding: BindingId, kind: Braked) -> bool:
    """Whether a person let this kind of write go: ``all``, ``create``, ``crm:create`` or ``crm.Contact:create``."""
    names = {
        "all",
        kind.value,
        f"{binding.connection}:{kind.value}",
        f"{binding.connection}.{binding.stream}:{kind.value}",
    }
    return not names.isdisjoint(release)


def harmless(
    policy: Policy,
    bindings: Iterable[BindingId],
    entities: int,
    release: Collection[str],
    kinds: Collection[Braked] = tuple(Braked),
    links: Mapping[BindingId, int] = _NONE,
) -> bool:
    """Whether ``entities`` decisions could not trip any brake (of these kinds), whatever they turn out to be."""
    return all(
        entities <= policy.limit(binding.connection, kind).allows(links.get(binding, 0))
        or released(release, binding, kind)
        for binding in bindings
        for kind in kinds
    )


@dataclass(slots=True)
class Allowance:
    """What a run under way may still delete and blank, when answers to its own writes ask for more than was counted
    before the first of them. (A brake that only looks once lets a system that was emptied empty the others.)
    """

    policy: Policy
    release: Collection[str]
    links: Callable[[BindingId], int]
    _taken: dict[tuple[BindingId, Braked], set[str]] = field(default_factory=dict)  # records, once each
    _most: dict[tuple[BindingId, Braked], int] = field(default_factory=dict)

    def takes(self, action: Action) -> bool:
        """Count one more record. False where it is one too many: it waits for a run that counts it beforehand."""
        kinds = [Braked.DELETE] if action.kind is ActionKind.DELETE else []
        kinds += [Braked.BLANK] if action.blanks else []
        record, at = action.key or action.entity_id, action.binding
        braked = [kind for kind in kinds if not released(self.release, at, kind)]
        counted = [self._taken.setdefault((at, kind), set()) for kind in braked]
        for kind, records in zip(braked, counted, strict=True):
            if record not in records and len(records) >= self._allowed(at, kind):
                return False
        for records in counted:
            records.add(record)
        return True

    def _allowed(self, binding: BindingId, kind: Braked) -> int:
        if (binding, kind) not in self._most:
            self._most[binding, kind] = self.policy.limit(binding.connection, kind).allows(self.links(binding))
        return self._most[binding, kind]


def tripped(count: Count, policy: Policy, links: Mapping[BindingId, int], release: Collection[str]) -> list[Tripped]:
    """Every brake that holds."""
    found: list[Tripped] = []
    for (binding, kind), planned in sorted(count.planned.items()):
        limit, known = policy.limit(binding.connection, kind), links.get(binding, 0)
        allowed = limit.allows(known)
        if planned > allowed and not released(release, binding, kind):
            found.append(
                Tripped(
                    connection=binding.connection,
                    stream=binding.stream,
                    entity=binding.entity,
                    kind=kind.value,
                    count=planned,
                    limit=allowed,
                    links=known,
                )
            )
    return found
