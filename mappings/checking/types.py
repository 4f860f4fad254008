"""Whether a rule can make its canonical value of what a field holds, and the other way round.

It is tried out: the rule is run over a few values as fields of that type show them. Text can be anything, so that
nothing is said of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from mappings.codec import Codec
from mappings.language import MappingFile, Rule
from mappings.transforms.base import UnfitError
from model.diagnostics import Severity
from model.fields import FieldSpec, Kind


class TypedField(Protocol):
    """What is needed of a field's facts."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def choices(self) -> tuple[str, ...] | None: ...


class Mismatch(NamedTuple):
    message: str
    hint: str | None
    severity: Severity


_NUMBERS: tuple[Any, ...] = (0, 1, 17, 2026, 20260213, 1770940800, 1770940800000, 493012345678, 4915112345678)
_SHOWN: dict[str, tuple[Any, ...]] = {
    "integer": _NUMBERS,
    "decimal": (*_NUMBERS, "12.50", 12.5, "-3"),
    "boolean": (True, False),
    "date": ("2026-02-13",),
    "datetime": ("2026-02-13T10:30:00Z", "2026-02-13T10:30:00", "2026-02-13T10:30:00.123Z"),
    "list": ([], ["a"], [{"a": 1}], [17]),
    "set": ([], ["a", "b"]),
    "object": ({"a": 1}, {"amount": "1", "currency": "EUR"}),
}
_BESIDE = (None, "EUR", "DE")
"""Values of a second field that a transform may look at."""

_CANONICAL: dict[Kind, tuple[Any, ...]] = {
    Kind.TEXT: ("Ann", "42", "2026-02-13"),
    Kind.INTEGER: (42, 0, 1),
    Kind.DECIMAL: ("12.5", "42"),
    Kind.BOOLEAN: (True, False),
    Kind.DATE: ("2026-02-13",),
    Kind.DATETIME: ("2026-02-13T10:30:00Z", "2026-02-13T00:00:00Z"),
    Kind.EMAIL: ("ann@example.com",),
    Kind.PHONE: ("+493012345678",),
    Kind.URL: ("https://example.com",),
    Kind.COUNTRY: ("DE",),
    Kind.LANGUAGE: ("de",),
    Kind.TIMEZONE: ("Europe/Berlin",),
    Kind.MONEY: ({"amount": "42", "currency": "EUR"},),
    Kind.SET: (["a", "b"],),
}
_TAKEN = {
    "integer": re.compile(r"[-+]?[0-9]+\Z"),
    "decimal": re.compile(r"[-+]?[0-9.,]+\Z"),
    "boolean": re.compile(r"(?i:true|false|[01yn]|yes|no)\Z"),
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00.*)?\Z"),
    "datetime": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*\Z"),
}
_IN_WORDS = {"list": "a list", "set": "a set", "object": "an object with fields inside", "integer": "a whole number"}
_KEYS = frozenset({"text", "integer", "reference", "choice", "decimal"})


def mismatch(mapping: MappingFile, rule: Rule, spec: FieldSpec, fact: TypedField) -> Mismatch | None:
    """Why the rule and its field do not go together, or None."""
    kind = str(fact.type)
    shown = _IN_WORDS.get(kind, f"a {kind}")
    if rule.each is not None:
        if kind in ("list", "object", "text", "set"):
            return None
        return Mismatch(f"{fact.name} is {shown}, not a list of items", "leave each out", Severity.ERROR)
    if rule.reference is not None:
        if kind in _KEYS:
            return None
        return Mismatch(f"{fact.name} is {shown}, which holds no record key", None, Severity.ERROR)
    if rule.table is not None or len(rule.paths) > 1 or len(rule.fields) != 1:
        return None
    codec = Codec(rule, spec)
    if mapping.reads(rule):
        return _read(codec, rule, spec, fact, shown)
    if mapping.writes(rule) and not _any_taken(codec, kind):
        message = f"{fact.name} is {shown}, and the rule writes {_kind(spec)}"
        return Mismatch(message, None, Severity.ERROR)
    return None


def _read(codec: Codec, rule: Rule, spec: FieldSpec, fact: TypedField, shown: str) -> Mismatch | None:
    kind = str(fact.type)
    values: Iterable[Any] = _SHOWN.get(kind, ())
    if kind == "choice" and spec.kind is not Kind.CHOICE:
        values = fact.choices or ()
    elif rule.is_set and kind in ("text", "choice"):
        values = ("a", "a;b")
    tried = [_can_read(codec, value) for value in values]
    if not tried or any(tried):
        return None
    if kind == "datetime" and spec.kind is Kind.DATE:
        message = f"{fact.name} shows moments, and the rule reads days: only midnight would fit"
        return Mismatch(message, _hint(kind, spec, rule, fact), Severity.WARNING)
    sure = not rule.transforms or kind not in ("integer", "decimal", "choice")
    message = f"{fact.name} is {shown}, from which the rule cannot make {_kind(spec)}"
    return Mismatch(message, _hint(kind, spec, rule, fact), Severity.ERROR if sure else Severity.WARNING)


def _kind(spec: FieldSpec) -> str:
    names = {Kind.INTEGER: "a whole number", Kind.MONEY: "an amount of money", Kind.DATETIME: "a moment"}
    plain = spec.kind.value
    return names.get(spec.kind, plain if spec.kind is Kind.TEXT else f"a {plain}")


def _can_read(codec: Codec, value: Any) -> bool:
    for other in _BESIDE if codec.beside else (None,):
        try:
            codec.forward(value, other)
        except UnfitError:
            continue
        return True
    return False


def _any_taken(codec: Codec, kind: str) -> bool:
    pattern = _TAKEN.get(kind)
    values = _CANONICAL.get(codec.spec.kind, ()) if pattern is not None else ()
    written: list[Any] = []
    for value in values:
        try:
            written += [one for path, one in codec.write(value) if path == codec.fields[0]]
        except UnfitError:
            continue
    return not written or pattern is None or any(_taken(pattern, value) for value in written)


def _taken(pattern: re.Pattern[str], value: Any) -> bool:
    return not isinstance(value, (list, dict)) and pattern.match(str(value)) is not None


def _hint(kind: str, spec: FieldSpec, rule: Rule, fact: TypedField) -> str | None:
    if kind in ("list", "set"):
        return "transform: first takes one element; a set is mapped with list: set"
    if kind == "object":
        return f"name a field inside it: {fact.name}.…"
    if rule.is_set:
        return 'separator: ";"' if kind in ("text", "choice") else None
    if rule.transforms and kind in ("date", "datetime", "boolean"):
        return "leave the transform out: the connector shows it in its plain form" if kind != "datetime" else None
    hints = {
        ("integer", Kind.DATE): "transform: [epoch, day], or [{text: integer}, {date: compact}] for 20261121",
        ("integer", Kind.DATETIME): "transform: epoch",
        ("decimal", Kind.DATE): "map another field",
        ("datetime", Kind.DATE): "transform: day",
        ("boolean", Kind.TEXT): "transform: {text: boolean}",
        ("boolean", Kind.CHOICE): "values: {…: true, …: false}",
        ("choice", Kind.BOOLEAN): "transform: {boolean: {true: …, false: …}}",
        ("choice", Kind.INTEGER): "values: {…}",
        ("decimal", Kind.MONEY): "transform: {money: EUR}",
    }
    return hints.get((kind, spec.kind))
