"""What a full compare finds: records that are not what the hub believes of them. Pure.

A difference is what `sync.merge` would call news. A compare therefore finds what an observation would act on, no more
and no less: a form that was declared lossy is no difference, nor is a value that is still to be pushed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from model import paths
from sync.absorb import Binding, Observation, observed, resolved
from sync.decision import HELD, UNKNOWN, ActionKind, Base, BindingId, Canonical, Link
from sync.hub import Trouble
from sync.ledger import Scene
from sync.merge import merge

_DISTINCT = 200
"""Fields told apart by item (``lines[7].quantity``); beyond that they are counted by template."""


class Mend(StrEnum):
    """What an observation would make of a difference."""

    TAKE = "take"  # the hub takes the system's value, and pushes it to the others
    PUT_BACK = "put_back"  # the system is told the hub's value
    ASK = "ask"  # a person has to decide
    NOTE = "note"  # it is remembered as what the system shows; nothing is written
    TELL = "tell"  # the system was never told the hub's value, and nobody had it down to be told


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one record: what both had agreed on, what the system shows, and what would mend it."""

    path: str
    agreed: Any
    found: Any
    mend: Mend


@dataclass(frozen=True, slots=True)
class Example:
    """One record with its differences; without any it is one the hub does not know, or whose record is gone."""

    what: str  # differs, unknown, gone, unlisted, untold create, untold update, untold delete
    key: str
    entity_id: str | None
    differences: tuple[Difference, ...] = ()


@dataclass(slots=True, kw_only=True)
class BindingDrift:
    """What a full compare of one binding found, after everything an ordinary run would have read anyway.

    Every listed record is in exactly one of ``agreeing``, ``differing``, ``unknown``, ``aside`` and ``left_out``, or is
    one of the ``flaws``. ``gone`` counts links whose record is deleted there; ``unlisted`` those whose record is there
    although the listing lacks it (None: this stream cannot tell).
    """

    binding: BindingId
    complete: bool = True  # it was read in full before, so that there is something to compare with
    news: int = 0  # records with news that an ordinary run reads by itself
    listed: int = 0
    agreeing: int = 0
    differing: int = 0
    unknown: Counter[str] = field(default_factory=Counter)  # by what an observation would make of them
    aside: Counter[str] = field(default_factory=Counter)  # parked already, by why
    left_out: Counter[str] = field(default_factory=Counter)  # by the mapping's reason
    flaws: int = 0
    gone: int = 0
    unlisted: int | None = 0
    fields: dict[str, Counter[Mend]] = field(default_factory=dict)
    untold: Counter[ActionKind] = field(default_factory=Counter)  # writes that are due and that nobody had down
    examples: list[Example] = field(default_factory=list)
    trouble: Trouble | None = None

    @property
    def drifted(self) -> bool:
        """Whether anything differs that no ordinary run would find."""
        return bool(self.differing or self.unknown.total() or self.gone or self.untold.total())

    @property
    def adds_up(self) -> bool:
        known = self.agreeing + self.differing + self.unknown.total() + self.aside.total() + self.left_out.total()
        return self.listed == known + self.flaws

    def differ(self, differences: Mapping[str, Difference]) -> None:
        """Count one record's differences, by field."""
        self.differing += 1
        for path, difference in differences.items():
            self.count(path, difference.mend)

    def count(self, path: str, mend: Mend) -> None:
        name = path if path in self.fields or len(self.fields) < _DISTINCT else paths.template(path)
        self.fields.setdefault(name, Counter())[mend] += 1

    def keep(self, example: Example, most: int) -> None:
        """Keep an example, of each kind so many, and of what differs rather in fields that have none yet."""
        alike = [one for one in self.examples if one.what == example.what]
        if len(alike) < most:
            self.examples.append(example)
            return
        shown = Counter(difference.path for one in alike for difference in one.differences)
        if any(difference.path not in shown for difference in example.differences):
            for at in range(len(self.examples) - 1, -1, -1):
                one = self.examples[at]
                if one.what == example.what and all(shown[difference.path] > 1 for difference in one.differences):
                    self.examples[at] = example
                    return


@dataclass(slots=True, kw_only=True)
class DriftReport:
    """All bindings that are read, parents first."""

    bindings: list[BindingDrift] = field(default_factory=list)

    @property
    def drifted(self) -> bool:
        return any(one.drifted for one in self.bindings)

    @property
    def troubles(self) -> list[Trouble]:
        return [one.trouble for one in self.bindings if one.trouble is not None]


def differences(binding: Binding, observation: Observation, link: Link, scene: Scene) -> dict[str, Difference]:
    """Fields in which a linked record is not what hub and system agreed on, by path.

    What the system was never seen to hold, and what could not be read, is no difference: nothing was agreed on it.
    """
    canonical = scene.canonicals[link.entity_id]
    values, _ = resolved(binding, observation.projection, scene)
    agreed = {path: entry for path, entry in link.base.items() if entry.value is not UNKNOWN and entry.rev != HELD}
    seen = {
        path: value
        for path, value in observed(observation.projection, values, canonical).items()
        if path in agreed or path not in link.base
    }
    disputed = scene.conflicts.get(canonical.id, {})
    merged = merge(binding.context, canonical, agreed, seen, lambda _: False, disputed)
    asked = {clash.path for clash in merged.clashes if clash.winner is None}
    found: dict[str, Difference] = {}
    for path in seen.keys() & merged.base.keys():
        known = agreed[path].value if path in agreed else canonical.values.get(path)
        entry = merged.base[path]
        if path in asked or path in disputed:
            mend = Mend.ASK
        elif path in merged.flows:
            mend = Mend.TAKE
        elif _pushes(binding, canonical, path, entry):
            mend = Mend.PUT_BACK
        else:
            mend = Mend.NOTE
        found[path] = Difference(path, known, seen[path], mend)
    return dict(sorted(found.items()))


def _pushes(binding: Binding, canonical: Canonical, path: str, entry: Base | None) -> bool:
    return entry is not None and entry.rev < canonical.field_rev(path) and binding.mapping.pushes(path)
