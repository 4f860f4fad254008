"""What an edit of a mapping would change: the plan as things are, and the one with the edit, compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

import orjson

from sync.decision import ActionKind, BindingId, Bucket
from sync.plans import Head, anchor_of, token_of
from sync.report import PlannedAction, PlanReport
from sync.sampling import Sampler

_EXAMPLES = 10


@dataclass(slots=True)
class Present:
    """`sync.plans.Keeper` of the plan as things are: a few bytes per action and field."""

    actions: dict[bytes, dict[str, bytes]] = field(default_factory=dict)
    left: Mapping[Bucket, int] = field(default_factory=dict)
    owners: dict[bytes, tuple[BindingId, ActionKind, bytes]] = field(default_factory=dict)

    def begin(self, head: Head) -> None:
        pass

    def add(self, actions: Sequence[PlannedAction]) -> None:
        for action in actions:
            token = token_of(action)
            self.actions[token] = {change.field: _print(change.after) for change in action.changes}
            self.owners[token] = (action.binding, action.kind, _entity(action))

    def finish(self, report: PlanReport) -> None:
        self.left = report.left


@dataclass(slots=True)
class Radius:
    """`sync.plans.Keeper` of the plan with the edit, which says what is different in it.

    ``written`` counts records that would be written, or written otherwise, because of the edit; ``spared`` those that
    would not be written any more. ``left`` is what would be left for people, before and after.
    """

    present: Present
    limit: int = _EXAMPLES
    written: Counter[tuple[BindingId, ActionKind]] = field(default_factory=Counter)
    spared: Counter[tuple[BindingId, ActionKind]] = field(default_factory=Counter)
    fields: Counter[tuple[BindingId, str]] = field(default_factory=Counter)
    examples: list[PlannedAction] = field(default_factory=list)
    left: dict[Bucket, tuple[int, int]] = field(default_factory=dict)
    _entities: set[bytes] = field(default_factory=set)
    _sample: Sampler = field(init=False)

    def __post_init__(self) -> None:
        self._sample = Sampler(self.limit)

    @property
    def entities(self) -> int:
        return len(self._entities)

    @property
    def nothing(self) -> bool:
        """Whether the edit would change nothing anywhere, for systems or for people."""
        return not (self.written or self.spared or any(before != after for before, after in self.left.values()))

    def begin(self, head: Head) -> None:
        pass

    def add(self, actions: Sequence[PlannedAction]) -> None:
        for action in actions:
            token = token_of(action)
            before = self.present.actions.pop(token, None)
            if before is None:
                self._differs(action)
                continue
            del self.present.owners[token]
            changes = [change for change in action.changes if before.pop(change.field, None) != _print(change.after)]
            if changes or before:  # what is left of it would not be written any more
                self.fields.update((action.binding, name) for name in before)
                self._differs(replace(action, changes=changes))

    def _differs(self, action: PlannedAction) -> None:
        self.written[action.binding, action.kind] += 1
        self.fields.update((action.binding, change.field) for change in action.changes)
        self._entities.add(_entity(action))
        self._sample.add([action])

    def finish(self, report: PlanReport) -> None:
        for binding, kind, entity in self.present.owners.values():
            self.spared[binding, kind] += 1
            self._entities.add(entity)
        buckets = sorted({*self.present.left, *report.left})
        self.left = {one: (self.present.left.get(one, 0), report.left.get(one, 0)) for one in buckets}
        self.examples = self._sample.chosen()


def _entity(action: PlannedAction) -> bytes:
    return blake2b(f"{action.binding.entity} {anchor_of(action)}".encode(), digest_size=12).digest()


def _print(value: Any) -> bytes:
    return blake2b(orjson.dumps(value, default=str), digest_size=8).digest()
