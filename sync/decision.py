"""What the engine thinks in: canonical records, links with baselines, actions, intents, and the changes to store.

The baseline of a link is *what hub and system last agreed on*, per canonical path. It is stored as the exceptions from
one rule: **a covered path without an entry in ``Link.base`` agrees with the canonical value as it is now.** So an idle
link costs nothing, and "what still has to be pushed" is read off the entries: those whose ``rev`` is below the field's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple


class Unknown:
    """The one value meaning *nothing is known*: an absent path, an unread baseline. Falsy; printed as ``unknown``."""

    _one: Unknown | None = None

    def __new__(cls) -> Unknown:
        cls._one = cls._one or super().__new__(cls)
        return cls._one

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()


def blank(value: Any) -> bool:
    """Absent, null and empty alike: there is nothing here that could be lost."""
    return value is UNKNOWN or value is None or value == "" or value == []


class BindingId(NamedTuple):
    """One stream of a connection, seen as one entity: where links, watermarks and balances belong.

    One stream may feed several entities (an ERP row that is a company and its contact person).
    """

    connection: str
    stream: str
    entity: str

    def __str__(self) -> str:
        return f"{self.connection}.{self.stream}:{self.entity}"


class EntityState(StrEnum):
    LIVE = "live"
    DELETED = "deleted"
    MERGED = "merged"


class FieldMeta(NamedTuple):
    """Revision at which a field last changed, and the connection (or ``person``) it came from."""

    rev: int
    source: str


@dataclass(slots=True)
class Canonical:
    """One canonical record. ``meta`` lists only fields changed after creation, or that a higher authority said, too:
    the others are (1, ``source``)."""

    id: str
    entity: str
    values: dict[str, Any]
    source: str
    rev: int = 1
    meta: dict[str, FieldMeta] = field(default_factory=dict)
    state: EntityState = EntityState.LIVE
    run: int = 0  # the run that created it

    def field_rev(self, path: str) -> int:
        """Revision of one field; 0 where it has never had a value."""
        found = self.meta.get(path)
        if found is not None:
            return found.rev
        return 1 if path in self.values else 0

    def field_source(self, path: str) -> str:
        """The connection a field's value came from."""
        found = self.meta.get(path)
        return found.source if found is not None else self.source


class LinkState(StrEnum):
    LIVE = "live"
    GONE = "gone"  # the record was deleted there; final for this key
    MERGED = "merged"  # the record was merged into another one there
    CUT = "cut"  # taken off its entity when the run that made it was undone; it says nothing of anybody


class Base(NamedTuple):
    """What hub and system last agreed on for one path: at which field revision, and the value as the system shows it.

    ``value`` may be UNKNOWN (never read). ``rev`` below the field's revision means: still to be pushed.
    """

    rev: int
    value: Any


HELD: Final = 2**31 - 1
"""Revision of a baseline entry that must not be pushed: the system holds something there that could not be read."""


@dataclass(slots=True)
class Link:
    """This record key is this canonical entity. ``base`` holds exceptions only (see the module's text)."""

    binding: BindingId
    key: str
    entity_id: str
    version: str | None = None
    fingerprint: str | None = None
    base: dict[str, Base] = field(default_factory=dict)
    state: LinkState = LinkState.LIVE

    @property
    def unread(self) -> bool:
        """Whether it shows a value that could not be read: somebody wrote it, and nothing may take it away unseen."""
        return any(entry.rev == HELD for entry in self.base.values())


class ActionKind(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(slots=True, kw_only=True)
class Action:
    """One intended write. ``paths`` is None for a create. ``fields`` is filled when rendered; ``before`` is for people.

    ``blanks`` says that it would empty at least one field that has a value there.
    """

    kind: ActionKind
    binding: BindingId
    entity_id: str
    key: str | None = None
    expects: str | None = None
    paths: frozenset[str] | None = None
    revs: Mapping[str, int] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    blanks: bool = False
    reason: str = ""


class IntentRow(NamedTuple):
    """One write of a batch as it was about to be sent: everything needed to find out later what became of it."""

    entity_id: str
    key: str | None
    fields: Mapping[str, Any]
    values: Mapping[str, Any]  # canonical path → value that was rendered
    revs: Mapping[str, int]  # canonical path → field revision that was rendered
    expects: str | None = None


@dataclass(slots=True, kw_only=True)
class Intent:
    """A batch recorded before it is sent; open until its outcome is absorbed. ``rows`` shrinks as outcomes come in."""

    id: int | None = None
    binding: BindingId
    kind: ActionKind
    rows: list[IntentRow]
    run: int
    sent_at: datetime


class HistoryRow(NamedTuple):
    """One canonical field changed. ``source`` is a connection or ``person``; ``why`` the rule that let it in."""

    entity_id: str
    path: str
    rev: int
    old: Any
    new: Any
    source: str
    binding: BindingId | None
    key: str | None
    mapping: str | None
    why: str


MERGED: Final = "merged"
"""Why something changed when two entities became one. The entity that ended has such a row without a path, whose new
value is the id of the one that was kept."""


UNDONE: Final = "undone"
"""Why something changed when a run was undone. A row without a path tells of the entity, or of the record it names."""

JOINED: Final = "joined"
"""The new value of a row without a path that tells why a record was linked to an entity that was there. It names the
record; ``why`` is in words, and ``old`` the entity that the record belonged to before. Records that founded their
entity, and those that the hub made, have none: the entity and the log of writes tell of them."""

UNLINKED: Final = "unlinked"
"""Why a record was let go without a write: its entity ended, and it was to be kept there. The row names the record."""


@dataclass(slots=True)
class WriteBatch:
    """Writes of one kind that happened (or were refused) in one binding, for the log.

    ``rows`` are (entity id, record key, paths written): names of fields, never values. ``run`` is the one that sent
    them, where another one found out.
    """

    binding: BindingId
    kind: ActionKind
    mapping: str
    intent: int | None
    outcome: str = "applied"
    rows: list[tuple[str, str | None, tuple[str, ...]]] = field(default_factory=list)
    run: int | None = None


class ConflictState(StrEnum):
    OPEN = "open"
    SETTLED = "settled"  # by a rule; both values are kept
    RESOLVED = "resolved"  # by a person


@dataclass(slots=True, kw_only=True)
class Conflict:
    """Two systems changed one field (or one item) apart. ``ours`` is the canonical value, ``theirs`` the observed one.

    At most one is open per entity and path.
    """

    entity_id: str
    path: str
    ours: Any
    ours_source: str
    theirs: Any
    theirs_binding: BindingId
    theirs_key: str
    base: Any = None
    rule: str
    winner: str | None = None  # "ours" | "theirs" | None while open
    state: ConflictState = ConflictState.OPEN
    id: int | None = None


class Why(StrEnum):
    """Why a record is parked."""

    WAITING = "waiting"  # for a record it refers to
    DEAD = "dead"  # dead letter
    DISPUTED = "disputed"  # several entities it could be, or one that is taken


class Side(StrEnum):
    IN = "in"
    OUT = "out"


@dataclass(slots=True, kw_only=True)
class Parked:
    """A record (in) or entity (out) that could not be taken further, kept with its reason until it can.

    ``key`` is the record key on the way in, the entity id on the way out. ``data`` is the record as observed, or the
    fields that were refused. ``rev`` is the canonical revision that was refused: a newer one is tried again.
    ``awaits`` is the record waited for; ``candidates`` are entity ids of a disputed match.
    """

    binding: BindingId
    side: Side
    key: str
    why: Why
    code: str
    message: str
    field: str | None = None
    path: str | None = None
    data: Mapping[str, Any] | None = None
    version: str | None = None
    rev: int = 0
    awaits: tuple[str, str, str] | None = None  # connection, stream, key
    candidates: tuple[str, ...] = ()
    attempts: int = 1
    id: int | None = None


@dataclass(slots=True, kw_only=True)
class StreamState:
    """What is remembered of one binding's reading."""

    cursor: str | None = None
    complete: bool = False  # read in full at least once: the sweep gate
    mapping: str | None = None  # mapping version of the last read
    told: str | None = None  # mapping version whose fields that are only written every link knows of
    swept_at: datetime | None = None
    read_at: datetime | None = None


class Bucket(StrEnum):
    """Where a seen record ended up. Every record seen is in exactly one."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    WAITING = "waiting"
    CONFLICT = "conflict"
    DEAD = "dead"


class Unsettled(NamedTuple):
    """What is left over from all runs: dead letters, waiting records, and open conflicts.

    ``questions`` of the conflicts are about a record as a whole (who it is, whether it is gone), the others each about
    one field.
    """

    left: Mapping[Bucket, int]
    questions: int = 0


LACKING: Final = " but "
"""``created but not-an-email``: a record that is in the hub now, and lacks there the value that could not be read."""


@dataclass(slots=True)
class Balance:
    """A run's account of one binding and side: ``seen`` counts where records come in, the buckets where they end."""

    seen: int = 0
    buckets: dict[Bucket, int] = field(default_factory=dict)
    detail: dict[str, int] = field(default_factory=dict)  # created, updated, deleted, linked, and reasons for skipping

    def count(self, bucket: Bucket, n: int = 1, detail: str | None = None) -> None:
        """``n`` may be negative: what ended elsewhere after all is taken back, and its detail with it."""
        if n:
            self.buckets[bucket] = self.buckets.get(bucket, 0) + n
            if detail:
                self.detail[detail] = self.detail.get(detail, 0) + n
                if not self.detail[detail]:
                    del self.detail[detail]

    @property
    def adds_up(self) -> bool:
        return self.seen == sum(self.buckets.values())


@dataclass(slots=True)
class Changes:
    """What one page (or one batch's outcomes) changes in the store: committed together or not at all."""

    created: list[Canonical] = field(default_factory=list)
    changed: list[Canonical] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)  # inserted or replaced by (binding, key)
    relinked: list[tuple[BindingId, str]] = field(default_factory=list)  # links to forget
    history: list[HistoryRow] = field(default_factory=list)
    writes: list[WriteBatch] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)  # new, or replacing the open one of (entity, path)
    closed_conflicts: list[tuple[str, str, str]] = field(default_factory=list)  # entity id, path, winner
    parked: list[Parked] = field(default_factory=list)  # inserted or replaced by (binding, side, key); attempts add up
    unparked: list[tuple[BindingId, Side, str]] = field(default_factory=list)
    match_keys: list[tuple[str, str, str]] = field(default_factory=list)  # entity, match key, entity id
    dropped_match_keys: list[tuple[str, str, str]] = field(default_factory=list)
    aliases: list[tuple[BindingId, str, str]] = field(default_factory=list)  # binding, old key, surviving key
    dirty: set[tuple[str, str]] = field(default_factory=set)  # entity, entity id
    clean: list[tuple[str, int]] = field(default_factory=list)  # entity id, generation seen: cleared only if unchanged
    stream: tuple[BindingId, StreamState] | None = None
    closed_intents: list[tuple[int, list[IntentRow]]] = field(default_factory=list)  # intent, rows that stay open

    @property
    def empty(self) -> bool:
        return self == _NO_CHANGES

    def add(self, later: Changes) -> None:
        """What another page changed after this one, of other records: to be committed together."""
        for part in fields(self):
            mine, theirs = getattr(self, part.name), getattr(later, part.name)
            if isinstance(mine, list):
                mine += theirs
            elif isinstance(mine, set):
                mine |= theirs
            elif theirs is not None:
                setattr(self, part.name, theirs)


_NO_CHANGES = Changes()
