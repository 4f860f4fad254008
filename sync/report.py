"""How a run went, and what one would do: values for people, exit codes and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sync.brakes import Count, Tripped
from sync.decision import ActionKind, Balance, BindingId, Bucket, Side
from sync.hub import Trouble

Balances = dict[tuple[BindingId, Side], Balance]


BRAKE: Final = "brake"
APPROVAL: Final = "approval"
"""Why a plan is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A plan that waits for a person after a run."""

    id: int
    why: str
    totals: Mapping[tuple[BindingId, ActionKind], int]

    @property
    def count(self) -> int:
        return sum(self.totals.values())

    def __str__(self) -> str:
        reason = "a brake holds" if self.why == BRAKE else "approval is needed"
        writes = "1 write waits" if self.count == 1 else f"{self.count:,} writes wait"
        return f"{writes} because {reason}: `syncline brake show {self.id}`, then `syncline brake release {self.id}`"


@dataclass(slots=True, kw_only=True)
class RunReport:
    """How a run went.

    ``status``: ``ok``; ``attention`` (something waits for a person or for a later run); ``braked`` (nothing was
    written); ``failed`` (a connection could not be worked with, or a balance does not add up); ``busy`` (another
    process holds the lease, nothing was done). The balances tell what this run met, ``left`` what is left of all runs.
    """

    run: int
    status: str
    balances: Balances = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    brakes: list[Tripped] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    left: Mapping[Bucket, int] = field(default_factory=dict)
    questions: int = 0  # of the conflicts left: records whose entity or deletion is in question, no fields
    message: str | None = None
    kept: list[Kept] = field(default_factory=list)  # plans that wait for a person

    def total(self, bucket: Bucket) -> int:
        return sum(balance.buckets.get(bucket, 0) for balance in self.balances.values())

    @property
    def conflicts(self) -> int:
        """Open conflicts and disputed matches, whichever run found them."""
        return self.left.get(Bucket.CONFLICT, 0)

    @property
    def waiting(self) -> int:
        """Records waiting for another one, and writes that wait for a later run."""
        out = (b.buckets.get(Bucket.WAITING, 0) for (_, side), b in self.balances.items() if side is Side.OUT)
        return self.left.get(Bucket.WAITING, 0) + sum(out)

    @property
    def dead(self) -> int:
        """Dead letters, whichever run found them."""
        return self.left.get(Bucket.DEAD, 0)

    @property
    def writes(self) -> int:
        """Records written to systems."""
        return sum(b.buckets.get(Bucket.WRITTEN, 0) for (_, side), b in self.balances.items() if side is Side.OUT)


@dataclass(slots=True, kw_only=True)
class FieldChange:
    """One record field of a planned write. ``before`` is what the system is known to hold (None on create)."""

    field: str
    before: Any
    after: Any


class Cause(NamedTuple):
    """A canonical field that makes a write due, and the connection (or ``person``) its value came from."""

    path: str
    source: str


@dataclass(slots=True, kw_only=True)
class PlannedAction:
    """One write that a run would make now.

    ``links`` are the records (connection, stream, entity, key) of an entity that the plan itself would found: its id
    is then the rehearsal's own and means nothing later. ``mapping`` is the name and version that renders the write.
    """

    kind: ActionKind
    binding: BindingId
    entity_id: str
    key: str | None
    changes: list[FieldChange]
    reason: str
    problem: str | None = None
    links: tuple[tuple[str, str, str, str], ...] = ()
    causes: tuple[Cause, ...] = ()
    mapping: str = ""
    blanks: bool = False

    @property
    def subject(self) -> str:
        """What the entity is called: its id, or the record that founds it."""
        return called(self.entity_id, self.links)


def called(entity_id: str, links: Sequence[tuple[str, str, str, str]]) -> str:
    """`PlannedAction.subject`."""
    if not links:
        return entity_id
    connection, stream, _, key = links[0]
    return f"{connection}.{stream} {key}"


@dataclass(slots=True, kw_only=True)
class PlanReport:
    """What a run would do now. ``actions`` may be cut short; ``totals`` and ``calls`` never are.

    ``unanswered`` counts, by connection, writes of earlier runs of which no answer came: the next run looks them up
    before anything else, so that what is planned for the same entities may turn out to be done already.
    """

    actions: list[PlannedAction] = field(default_factory=list)
    totals: Counter[tuple[BindingId, ActionKind]] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    balances: Balances = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    brakes: list[Tripped] = field(default_factory=list)
    left: Mapping[Bucket, int] = field(default_factory=dict)
    questions: int = 0  # of the conflicts left: records whose entity or deletion is in question, no fields
    unanswered: Counter[str] = field(default_factory=Counter)
    planned: Count = field(default_factory=Count)  # as the brakes count

    @property
    def conflicts(self) -> int:
        """Open conflicts and disputed matches that there would be."""
        return self.left.get(Bucket.CONFLICT, 0)

    @property
    def changes_nothing(self) -> bool:
        return not self.totals


def status_of(report: RunReport) -> str:
    if report.brakes:
        return "braked"
    if report.troubles or not all(balance.adds_up for balance in report.balances.values()):
        return "failed"
    return "attention" if report.kept or report.conflicts or report.dead or report.waiting else "ok"


def summary_of(report: RunReport) -> str | None:
    lines = [str(brake) for brake in report.brakes]
    lines += [f"{t.connection}{'.' + t.stream if t.stream else ''}: {t.message}" for t in report.troubles]
    lines += [f"the balance of {b} ({s}) does not add up" for (b, s), x in report.balances.items() if not x.adds_up]
    lines += [f"plan {kept.id}: {kept}" for kept in report.kept]
    if report.message:
        lines.append(report.message)
    return "\n".join(lines) or None
