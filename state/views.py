"""What `state.reports` shows: plain facts, ready for a list, a page or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sync.decision import Balance, Base, BindingId, Conflict, LinkState, Parked, Side, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run. ``status`` is ``running`` until it is finished; ``balances`` are filled by `Reports.run` only."""

    id: int
    status: str
    trigger: str
    selection: tuple[BindingId, ...]
    started_at: datetime
    ended_at: datetime | None
    message: str | None
    balances: Mapping[tuple[BindingId, Side], Balance]


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingStatus:
    """Where one binding stands. ``links`` are live; ``in_sync`` of them have nothing left to push.

    ``parked`` counts by ``(side, why)``. ``read_at`` and ``age`` (seconds) tell how old the watermark is.
    """

    binding: BindingId
    last_run: int | None
    last_status: str | None
    last_run_at: datetime | None
    links: int
    in_sync: int
    parked: Mapping[tuple[str, str], int]
    open_conflicts: int
    complete: bool
    cursor: str | None
    read_at: datetime | None
    swept_at: datetime | None
    age: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictView:
    """A conflict with what the engine does not need: when and in which run it was found, and when it was closed."""

    id: int
    entity: str
    conflict: Conflict
    run: int
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedView:
    id: int
    parked: Parked
    run: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedGroup:
    """What is parked of one binding and side for one reason and code: numbers and keys, in the same order."""

    binding: BindingId
    side: Side
    why: Why
    code: str
    ids: tuple[int, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """``base`` lists the paths where the record differs from the canonical values, or still has to be written."""

    binding: BindingId
    key: str
    entity_id: str
    version: str | None
    state: LinkState
    base: Mapping[str, Base]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One canonical value and where it came from. ``why`` is the rule that let it in, ``created`` for first values."""

    path: str
    value: Any
    rev: int
    source: str
    run: int
    at: datetime | None
    binding: BindingId | None = None
    key: str | None = None
    mapping: str | None = None
    why: str = "created"


class How(StrEnum):
    """How a record became one of an entity's."""

    FOUNDED = "founded"  # the entity was made from it
    CREATED = "created"  # the hub made it, from the entity
    JOINED = "joined"  # it was taken for the entity, by a rule or a person
    UNKNOWN = "unknown"  # it was joined by a version that did not keep why


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """``why`` is in words and set for joined records only; ``by`` is a connection, ``hub`` or ``person``.

    ``former`` is the entity that the record belonged to before, and ``before`` how it had become one of that one's.
    """

    how: How
    why: str | None = None
    by: str | None = None
    run: int | None = None
    at: datetime | None = None
    mapping: str | None = None
    former: str | None = None
    before: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """``merged_into`` is the entity it was merged into, where a person said that the two are one.

    ``origins`` has one for each link, by binding and record key.
    """

    id: str
    entity: str
    state: str
    rev: int
    run: int
    created_at: datetime | None
    fields: tuple[FieldView, ...]
    links: tuple[LinkView, ...]
    merged_into: str | None = None
    origins: Mapping[tuple[BindingId, str], Origin] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a record's timeline. ``kind``: created, linked, changed, written, conflict, closed, parked.

    ``what`` is a path, a list of paths or a code; ``detail`` a rule, an outcome or a message. ``old`` and ``new`` are
    values and set for ``changed`` and ``conflict`` (ours, theirs) only.
    """

    at: datetime
    run: int
    kind: str
    what: str
    detail: str
    source: str | None = None
    binding: BindingId | None = None
    key: str | None = None
    mapping: str | None = None
    old: Any = None
    new: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LostValue:
    """A value that gave way to ``winner``, ``why`` being the rule. ``number`` is for good.

    ``how`` is ``overwritten`` (it was the hub's; ``by`` is who changed it, in the record ``binding`` and ``key``) or
    ``rejected`` (that record showed it, and the hub kept the value that came from ``by``).
    """

    number: int
    path: str
    value: Any
    winner: Any
    at: datetime
    run: int
    how: str
    why: str
    by: str
    binding: BindingId | None
    key: str | None
