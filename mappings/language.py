"""The mapping language: a small closed set of frozen values. `parse` reads them from YAML.

Every interpretation of a mapping (checking it, projecting, rendering, describing it) reads these and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum, StrEnum
from typing import Any

from mappings.contract import Blank, Direction, Match, OnDelete, Strength
from mappings.reading.reader import Path, Positions

LANGUAGE = 1
"""The version of the language. It is part of every mapping's version: a change of meaning changes them all."""

FieldPath = tuple[str, ...]
"""A place in a record: the names on the way down. ``("defaultAddress", "city")``."""


def field_path(text: str) -> FieldPath:
    r"""``defaultAddress.city`` → ``("defaultAddress", "city")``; ``a\.b`` is one name with a full stop in it."""
    parts = text.replace("\\.", "\x00").split(".")
    return tuple(part.replace("\x00", ".") for part in parts)


def field_text(path: FieldPath) -> str:
    """The inverse of `field_path`; the form in which a `Rendition` names fields."""
    return ".".join(part.replace(".", "\\.") for part in path)


def one_line(expression: str) -> str:
    """An expression as it is shown in lists and messages: on one line, and not too long for it."""
    text = " ".join(expression.split())
    return text if len(text) <= 80 else f"{text[:79]}…"


class Lifecycle(StrEnum):
    """Of a mapping, or of one rule."""

    PROPOSED = "proposed"  # checked and shown, not run
    LIVE = "live"
    DEPRECATED = "deprecated"  # runs, and says that it should go


class Unknown(StrEnum):
    """What happens to a value that the rule's table does not list."""

    PARK = "park"  # this value is a problem; the others go on
    KEEP = "keep"  # it goes through as it is
    DEFAULT = "default"  # it counts as the one named
    COLLECT = "collect"  # as `PARK`, and listed for whoever keeps the table (code ``new-option``)


class Loss(StrEnum):
    """What the system does to a value it is given, beyond what the transforms say."""

    CASE = "case"  # upper and lower case
    SPACE = "space"  # spaces at the ends, and more than one between words
    FORMAT = "format"  # all but letters and digits
    ACCENTS = "accents"
    SECONDS = "seconds"  # fractions of a second
    LINES = "lines"  # with `join`: lines beyond the last field are put into it, separated by commas


class Test(StrEnum):
    IS = "is"
    NOT = "not"
    IN = "in"
    PRESENT = "present"
    MATCHES = "matches"
    EXPR = "expr"  # an expression that says true


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One transform of a chain, listed from the record to the canonical side.

    ``origin`` is the package, with its version, that a transform which is not built in comes from.
    """

    name: str
    options: Any = None
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A record of this stream is pointed to.

    ``number`` says that the system holds the key as a number. Where a field can point into several streams,
    ``starts`` is how this one's keys begin; any other key means that no record of this stream is pointed to.
    """

    stream: str
    number: bool = False
    starts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Canonical value ↔ record values. Several record values may mean one canonical value: the first is written.

    ``only_read`` are canonical values that the system shows but never takes: they are left out on the way out.
    """

    rows: tuple[tuple[str, tuple[Any, ...]], ...]
    only_read: frozenset[str] = frozenset()
    unknown: Unknown = Unknown.PARK
    default: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """A list of items in the record ↔ canonical items by key. In ``rules``, a path is the leaf, or "" for the item."""

    key: FieldPath
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Canonical path ↔ record field. ``at`` is where the rule stands in its file; it is no part of what it means.

    There are several ``paths`` only with a transform that has parts (`template`), and several ``fields`` only with one
    that gathers them (`join`).
    """

    paths: tuple[str, ...]
    fields: tuple[FieldPath, ...] = ()
    constant: Any = None
    transforms: tuple[Step, ...] = ()
    direction: Direction = Direction.BOTH
    strength: Strength = Strength.ON_CHANGE
    blank_in: Blank = Blank.CLEAR
    blank_out: Blank = Blank.CLEAR
    empty_kept: bool = False
    default: Any = None
    placeholder: Any = None
    max_length: int | None = None
    reference: Reference | None = None
    table: Table | None = None
    is_set: bool = False
    separator: str | None = None
    each: Each | None = None
    loses: frozenset[Loss] = frozenset()
    expr: str = ""  # instead of fields: the rule goes in only
    when_in: tuple[Condition, ...] = ()
    when_out: tuple[Condition, ...] = ()
    lifecycle: Lifecycle = Lifecycle.LIVE
    at: Path = ()
    direction_given: bool = False

    @property
    def path(self) -> str:
        return self.paths[0]

    @property
    def field(self) -> FieldPath:
        return self.fields[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One test of a filter, or of a rule's ``when``.

    ``subject`` is a record path (inwards) or a canonical path (outwards); "" with `Test.EXPR`, whose operand is text.
    """

    subject: str
    test: Test
    operand: Any
    at: Path = field(default=(), compare=False)

    def __str__(self) -> str:
        words = {Test.IS: "is", Test.NOT: "is not", Test.IN: "is one of", Test.MATCHES: "matches"}
        if self.test is Test.EXPR:
            return one_line(self.operand)
        if self.test is Test.PRESENT:
            return f"{self.subject} is {'present' if self.operand else 'empty'}"
        listed = self.operand if isinstance(self.operand, tuple) else (self.operand,)
        operand = ", ".join(str(item).lower() if isinstance(item, bool) else str(item) for item in listed)
        return f"{self.subject} {words[self.test]} {operand}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A record as the system shows it, and what the hub makes of it: run by ``syncline mappings test``.

    ``canonical`` lists every path that is to be present; a reference is the key of the record pointed to. ``write``
    names the record fields that are written otherwise than ``record`` shows them (all of them, where there is no
    record). ``unwritten`` says that the outward filter keeps the entity from this system, ``skipped`` that the inward
    one keeps the record out. ``problems`` are the paths, fields or codes of what cannot be read or written.
    """

    name: str
    record: Mapping[str, Any] | None = None
    canonical: Mapping[str, Any] | None = None
    write: Mapping[str, Any] | None = None
    unwritten: bool = False
    problems: tuple[str, ...] = ()
    skipped: bool = False
    at: Path = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingFile:
    """A mapping as written. ``file`` and ``positions`` say where; everything else says what."""

    name: str
    connection: str
    stream: str
    entity: str
    rules: tuple[Rule, ...]
    direction: Direction = Direction.BOTH
    lifecycle: Lifecycle = Lifecycle.LIVE
    description: str = ""
    match: Match = field(default_factory=Match)
    create_in: bool = True
    create_out: bool = True
    update_in: bool = True
    update_out: bool = True
    on_delete_in: OnDelete = OnDelete.REVIEW
    on_delete_out: OnDelete = OnDelete.IGNORE
    filter_in: tuple[Condition, ...] = ()
    filter_out: tuple[Condition, ...] = ()
    owns: tuple[str, ...] = ()
    record_defaults: Mapping[str, Any] = field(default_factory=dict)
    canonical_defaults: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    file: str = ""
    made_of: tuple[str, ...] = ()  # the files it extends
    positions: Positions = field(default_factory=Positions)

    def reads(self, rule: Rule) -> bool:
        return self.direction.reads and rule.direction.reads

    def writes(self, rule: Rule) -> bool:
        return self.direction.writes and rule.direction.writes

    def running(self) -> MappingFile:
        """What of it runs: without proposed rules."""
        live = tuple(rule for rule in self.rules if rule.lifecycle is not Lifecycle.PROPOSED)
        return self if len(live) == len(self.rules) else replace(self, rules=live)


_NOT_MEANING = frozenset({"at", "direction_given", "file", "made_of", "positions", "description", "lifecycle", "owns"})
_NOT_MEANING |= {"examples"}


def meaning(value: Any) -> Any:
    """A value of the language as JSON data, without what does not change its meaning: what versions are made from."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (frozenset, set)):
        return sorted(str(meaning(item)) for item in value)
    if isinstance(value, (tuple, list)):
        return [meaning(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): meaning(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: meaning(getattr(value, f.name)) for f in fields(value) if f.name not in _NOT_MEANING}
    return value
