"""Pick a few actions of very many: of every binding and kind some, and those first that a person should not miss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, zip_longest

from sync.decision import ActionKind
from sync.report import PlannedAction

_Place = tuple[int, PlannedAction]


@dataclass(slots=True)
class Sampler:
    """Keeps at most ``limit`` actions (all, where it is None), whatever it is shown."""

    limit: int | None
    seen: int = 0
    _groups: dict[tuple[object, ...], list[_Place]] = field(default_factory=lambda: defaultdict(list))

    def add(self, actions: Iterable[PlannedAction]) -> None:
        for action in actions:
            group = self._groups[_gravity(action), action.binding, action.kind]
            if self.limit is None or len(group) < self.limit:
                group.append((self.seen, action))
            self.seen += 1

    def chosen(self) -> list[PlannedAction]:
        """In the order in which they were shown; where not all fit, every group has its share."""
        if self.limit is None or self.seen <= self.limit:
            return [action for _, action in sorted(chain.from_iterable(self._groups.values()), key=_first)]
        groups = (self._groups[key] for key in sorted(self._groups, key=str))
        turns = (one for turn in zip_longest(*groups) for one in turn if one is not None)
        picked = [one for one, _ in zip(turns, range(self.limit), strict=False)]
        return [action for _, action in sorted(picked, key=_first)]


def _first(place: _Place) -> int:
    return place[0]


def _gravity(action: PlannedAction) -> int:
    """Deletions and what would be refused first, then what empties fields, then updates, then creates."""
    if action.kind is ActionKind.DELETE or action.problem:
        return 0
    if action.blanks:
        return 1
    return 2 if action.kind is ActionKind.UPDATE else 3
