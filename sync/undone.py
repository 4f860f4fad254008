"""What undoing a run comes to, and what it is decided from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from model.fields import EntitySchema
from sync.absorb import Binding
from sync.decision import BindingId, Canonical, Link, LinkState
from sync.ledger import Ledger
from sync.report import PlanReport, RunReport
from sync.story import Sent, Step, Story

Place = tuple[BindingId, str]
"""A record: where it is, and its key."""


class Left(NamedTuple):
    """Something of the run that stays: ``why``, and who changed it when, where that is the reason."""

    entity: str
    entity_id: str
    path: str | None
    at: Place | None
    why: str
    by: str | None = None
    when: datetime | None = None


class Reverted(NamedTuple):
    """A canonical field that returns to its former value. ``keeps`` are records that go on showing another one."""

    entity: str
    entity_id: str
    path: str
    now: Any
    former: Any
    keeps: tuple[Place, ...] = ()


@dataclass(slots=True)
class TakenBack:
    """What undoing comes to for one entity. Of ``deleted`` records each is unlinked first, then deleted."""

    fields: list[Reverted] = field(default_factory=list)
    deleted: list[Place] = field(default_factory=list)
    unlinked: list[Left] = field(default_factory=list)
    recreated: list[Place] = field(default_factory=list)
    relinked: list[Place] = field(default_factory=list)
    revived: bool = False
    ended: bool = False
    left: list[Left] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(
            self.fields
            or self.deleted
            or self.unlinked
            or self.recreated
            or self.relinked
            or self.revived
            or self.ended
        )


class There(NamedTuple):
    """A record as it was found when it was looked at for this."""

    version: str | None
    fingerprint: str | None
    deleted: bool


@dataclass(frozen=True, slots=True)
class Undo:
    """What is the same for all entities. ``removes`` tells streams of which records can be deleted, ``there`` what
    records look like now, ``alive`` entities that can be referred to.
    """

    run: int
    bindings: Mapping[BindingId, Binding]
    schemas: Mapping[str, EntitySchema]
    removes: Callable[[BindingId], bool]
    there: Mapping[Place, There]
    alive: Callable[[str], bool]
    rejoin: Callable[[Canonical, Link, Ledger], bool]
    everywhere: bool = False


@dataclass(slots=True)
class One:
    """One entity on its way back."""

    undo: Undo
    canonical: Canonical
    story: Story
    ledger: Ledger
    found: TakenBack = field(default_factory=TakenBack)

    @property
    def mine(self) -> list[Step]:
        return [step for step in self.story.steps if step.run == self.undo.run]

    @property
    def sent(self) -> list[Sent]:
        return [sent for sent in self.story.sent if sent.run == self.undo.run]

    @property
    def since(self) -> list[Sent]:
        """Writes of the run, and where it is its end that is taken back, those that followed from that later."""
        return self.story.sent if self.found.revived else self.sent

    @property
    def links(self) -> list[Link]:
        return self.ledger.scene.links_of.get(self.canonical.id, [])

    def link(self, at: BindingId, key: str | None) -> Link | None:
        return next((link for link in self.links if link.binding == at and link.key == key), None)

    def live_at(self, at: BindingId) -> list[Link]:
        return [link for link in self.links if link.binding == at and link.state is LinkState.LIVE]

    def leave(self, why: str, path: str | None = None, at: Place | None = None, since: Step | None = None) -> Left:
        by, when = (since.row.source, since.at) if since is not None else (None, None)
        return Left(self.canonical.entity, self.canonical.id, path, at, why, by, when)


@dataclass(slots=True, kw_only=True)
class UndoReport:
    """What undoing a run comes to. Lists may be cut short, ``counts`` (by their names) and the plan's totals never are.

    ``done`` is the run that carried it out; None where it was only looked at.
    """

    run: int
    fields: list[Reverted] = field(default_factory=list)
    deleted: list[Place] = field(default_factory=list)
    unlinked: list[Left] = field(default_factory=list)
    recreated: list[Place] = field(default_factory=list)
    relinked: list[Place] = field(default_factory=list)
    revived: list[tuple[str, str]] = field(default_factory=list)
    ended: list[tuple[str, str]] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    plan: PlanReport = field(default_factory=PlanReport)
    done: RunReport | None = None

    def add(self, canonical: Canonical, found: TakenBack, limit: int | None) -> None:
        """Enter one entity."""
        whole = [(canonical.entity, canonical.id)]
        news: dict[str, Sequence[Any]] = {
            "fields": found.fields,
            "deleted": found.deleted,
            "unlinked": found.unlinked,
            "recreated": found.recreated,
            "relinked": found.relinked,
            "revived": whole if found.revived else (),
            "ended": whole if found.ended else (),
            "left": found.left,
        }
        for name, rows in news.items():
            self.counts[name] += len(rows)
            kept = getattr(self, name)
            kept += rows if limit is None else rows[: max(limit - len(kept), 0)]
