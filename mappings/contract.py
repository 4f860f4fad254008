"""What the engine may ask of a compiled mapping. How mappings are written, read and compiled is behind this page.

Everything here is pure and set-wise: a page of records or entities in, a list of the same length out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from model.records import Problem, Record, RecordRef


class Direction(StrEnum):
    """Seen from the hub: ``in`` reads the system, ``out`` writes it."""

    IN = "in"
    OUT = "out"
    BOTH = "both"

    @property
    def reads(self) -> bool:
        return self is not Direction.OUT

    @property
    def writes(self) -> bool:
        return self is not Direction.IN


class Strength(StrEnum):
    """How hard a rule pushes outward."""

    ENFORCE = "enforce"  # an edit made in the system is put back
    ON_CHANGE = "on_change"  # pushed when the canonical value changes
    IF_EMPTY = "if_empty"  # only where the system has nothing
    CREATE_ONLY = "create_only"  # only when the record is created


class Blank(StrEnum):
    """What a value that became null or empty means."""

    CLEAR = "clear"  # it is an edit like any other (and counts for the blanking brake)
    IGNORE = "ignore"  # nobody is blanked because of it


class OnDelete(StrEnum):
    IGNORE = "ignore"  # the link ends; nothing else happens, and nothing is created again
    DELETE = "delete"
    REVIEW = "review"  # a person decides


@dataclass(frozen=True, slots=True, kw_only=True)
class StrongRule:
    """All paths must be present and equal after folding. ``emails[*]`` stands for any e-mail of the record."""

    paths: tuple[str, ...]
    at: tuple[str | int, ...] = field(
        default=(), compare=False
    )  # where it stands in its file; no part of what it means

    @property
    def name(self) -> str:
        return "+".join(self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredRule:
    """Weighted similarity. ``blocks`` are combinations of paths; records are compared if they share one of them.

    A score is Σ(weight × similarity) / Σ(weight) over the fields both sides have, 0…1.
    """

    weights: Mapping[str, float]
    blocks: tuple[tuple[str, ...], ...]
    link_at: float = 0.92
    dispute_at: float = 0.80


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How an unlinked record finds its entity: strong rules in order, then the scored one."""

    strong: tuple[StrongRule, ...] = ()
    scored: ScoredRule | None = None
    one_to_one: bool = True  # an entity has at most one record in this stream


class Projection(NamedTuple):
    """A record seen as (part of) a canonical one.

    ``values`` holds present paths only; references are in ``references`` until the engine resolves them. A problem with
    a ``path`` concerns that value, which is then missing here; one without concerns the whole record, which is parked.
    ``skipped`` is the reason why the mapping's filter keeps the record out. ``complete`` names patterns (``lines[*]``)
    whose items are all listed: an item known before and missing here was removed.
    """

    values: dict[str, Any]
    references: Mapping[str, RecordRef] = {}
    problems: Sequence[Problem] = ()
    skipped: str | None = None
    complete: Sequence[str] = ()


class RenderRequest(NamedTuple):
    """An entity to be written.

    ``values`` is the whole canonical record. ``paths`` are the ones to write; None means a create (all of them, with
    defaults on create). ``keys`` translates the id of a referenced entity into its record key in this connection.
    ``current`` is the record as the system holds it now, where known: lists replaced as a whole start from it.
    """

    values: Mapping[str, Any]
    paths: frozenset[str] | None
    keys: Callable[[str, str], str | None]  # (stream, entity id) → record key
    current: Mapping[str, Any] | None = None


class Rendition(NamedTuple):
    """Record fields to write, by record path. ``problems`` without a path park the write.

    ``waiting`` names paths whose referenced entity has no record in this connection yet.
    """

    fields: dict[str, Any]
    problems: Sequence[Problem] = ()
    waiting: Sequence[str] = ()


class CompiledMapping(Protocol):
    """A compiled mapping: one stream tied to one entity."""

    name: str
    version: str  # content address, 12 hexadecimal digits
    connection: str
    stream: str
    entity: str
    direction: Direction
    match: Match
    create_in: bool  # an unmatched record makes a new entity
    create_out: bool  # an entity without a record here gets one
    update_in: bool  # an edit made here is taken; else only what founds an entity is, and what restricts a consent
    on_delete_in: OnDelete  # a record disappeared here: what becomes of the entity
    on_delete_out: OnDelete  # the entity was deleted: what becomes of the record here
    record_fields: tuple[str, ...]  # top-level record fields read
    touches: frozenset[str]  # top-level record fields read or written
    conditional: bool  # some rule's conditions may keep it from writing: see `withholds`
    reads_whole: bool  # an expression looks at the record as a whole: no field may be left out of it
    reads: frozenset[str]  # canonical paths (or patterns) it can supply
    writes: frozenset[str]  # canonical paths (or patterns) it can push
    defaults_in: Mapping[str, Any]  # canonical values of an entity this mapping founds, where the record has none
    reference_streams: Mapping[str, str]  # canonical path → stream of this connection

    def covers(self, path: str) -> bool:
        """Whether projecting a record can say anything about ``path``."""
        ...

    def pushes(self, path: str) -> bool:
        """Whether a change of ``path`` can be written."""
        ...

    def withholds(self, path: str, values: Mapping[str, Any]) -> bool:
        """Whether a condition of the rule keeps ``path`` from being written as the canonical record is now.

        Such a path stays to be pushed, and is once the condition holds.
        """
        ...

    def strength(self, path: str) -> Strength: ...

    def blank_in(self, path: str) -> Blank: ...

    def blank_out(self, path: str) -> Blank: ...

    def fingerprints(self, records: Sequence[Record]) -> list[str]:
        """A short hash of each record's mapped fields and of this mapping's version. Equal: nothing to look at."""
        ...

    def project(self, records: Sequence[Record]) -> list[Projection]: ...

    def render(self, requests: Sequence[RenderRequest]) -> list[Rendition]: ...

    def accepts(self, values: Mapping[str, Any]) -> str | None:
        """None where the outward filter lets the entity through, else the reason why not."""
        ...

    def same(self, path: str, written: Any, read: Any) -> bool:
        """Whether ``read`` is what the system would show after ``written`` (declared lossy writes included)."""
        ...
