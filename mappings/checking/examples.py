"""Examples against the canonical model: what could never come true is said before anything is run."""

from __future__ import annotations

from typing import Any

from mappings.cel.engine import CANONICAL
from mappings.checking.expressions import compiled_or_none, conditions_of, expressions_of
from mappings.checking.unknown_paths import instead_of
from mappings.language import Example, MappingFile, Test, field_path
from mappings.reading.meant import did_you_mean
from mappings.reading.nodes import Notes
from mappings.transforms.base import UnfitError
from mappings.transforms.registry import build, of_kind
from model import paths
from model.diagnostics import Severity
from model.fields import EntitySchema, FieldSpec, Kind

_BY_VALUE = frozenset({Kind.DECIMAL, Kind.INTEGER, Kind.MONEY})
"""Kinds of which an example may give another spelling: 12.5 for "12.50"."""


def stated(value: Any, spec: FieldSpec) -> Any:
    """A value of an example in the form in which the hub would hold it. Raises UnfitError where it never would.

    References are left as they are written.
    """
    if value is None or value == "" or spec.kind is Kind.REFERENCE:
        return value
    if spec.kind is Kind.SET:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise UnfitError("bad-example", "is a list of texts")
        return sorted(set(value))
    form = of_kind(spec).forward(value)
    if spec.kind not in _BY_VALUE and (form != value or isinstance(form, bool) != isinstance(value, bool)):
        raise UnfitError("bad-example", "is not in its canonical form")
    return form


def check_examples(mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    """Note canonical paths that do not exist, references that are no keys, and what no direction would test."""
    about = _About(mapping) if mapping.examples else None
    for example in mapping.examples:
        if notes.full or about is None:
            return
        for path, value in (example.canonical or {}).items():
            if _fits(path, value, example, schema, notes) and not about.canonical(path):
                tried = mapping.direction.reads and example.record is not None
                effect = "the example cannot come true" if tried else "nothing is tested by it"
                message = f"no rule reads or writes this, so {effect}"
                _unmapped(notes, example, ("canonical", path), message, about.nearest(path), f"{schema.name}.{path}")
        if not mapping.direction.reads and (example.skipped or example.canonical is None):
            _never(notes, example, "skipped" if example.skipped else "problems", "this mapping reads no records")
        if not mapping.direction.writes and (example.write is not None or example.unwritten):
            _never(notes, example, "write", "this mapping writes nothing")
            continue
        for name, value in (example.write or {}).items():
            if value is not None and field_path(name)[0] not in about.tops:
                hint = did_you_mean(name, sorted(about.tops))
                _unmapped(notes, example, ("write", name), "no rule writes this field", hint, name)


class _About:
    """What a mapping has to do with: canonical paths of any direction, record fields that it writes."""

    def __init__(self, mapping: MappingFile) -> None:
        rules = [rule for rule in mapping.rules if mapping.reads(rule) or mapping.writes(rule)]
        self._paths = {path for rule in rules if rule.each is None for path in rule.paths}
        self._lists = {(rule.path, sub.path) for rule in rules if rule.each is not None for sub in rule.each.rules}
        outward = [asked.condition for asked in conditions_of(mapping) if asked.outward]
        self._paths |= {condition.subject for condition in outward if condition.test is not Test.EXPR}
        computed = [compiled_or_none(one) for one in expressions_of(mapping) if one.variable == CANONICAL]
        self._anything = any(one is None or one.tree.whole for one in computed)
        self._paths |= {read.path[0] for one in computed if one is not None for read in one.tree.reads}
        written = [rule for rule in rules if mapping.writes(rule)]
        beside = [build(step.name, step.options).beside for rule in written for step in rule.transforms]
        self.tops = {path[0] for rule in written for path in rule.fields if path}
        self.tops |= {field_path(name)[0] for name in (*filter(None, beside), *mapping.record_defaults)}

    def canonical(self, path: str) -> bool:
        """Whether some rule or outward condition has to do with a path."""
        name, key, leaf = paths.split(path)
        if self._anything or path in self._paths:
            return True
        pattern = f"{name}[*]" + (f".{leaf}" if leaf else "")
        return key is not None and ((name, leaf or "") in self._lists or pattern in self._paths)

    def nearest(self, path: str) -> str | None:
        return did_you_mean(path, sorted(self._paths))


def _unmapped(
    notes: Notes, example: Example, place: tuple[str, str], message: str, hint: str | None, subject: str
) -> None:
    at = (*example.at, *place)
    hint = hint or "take it out, or add a rule for it"
    notes.add("example-unmapped", message, at, subject=subject, on_key=True, hint=hint, severity=Severity.WARNING)


def _never(notes: Notes, example: Example, key: str, why: str) -> None:
    notes.add(
        "untested-example", f"{key} is never tested: {why}", (*example.at, key), severity=Severity.WARNING, on_key=True
    )


def _fits(path: str, value: Any, example: Example, schema: EntitySchema, notes: Notes) -> bool:
    """Whether the entity has the path, and the path can have this value; else that is noted."""
    at = (*example.at, "canonical", path)
    spec = schema.field(path)
    subject = f"{schema.name}.{path}"
    if spec is None or paths.is_pattern(path) or "[]" in path:
        hint = instead_of(path, schema) if spec is None else "name an item, such as emails[work]"
        notes.add("unknown-path", f"{schema.name} has no field {path!r}", at, subject=subject, on_key=True, hint=hint)
        return False
    if spec.kind is Kind.REFERENCE and not (value is None or _is_reference(value)):
        hint = '"0015g000", or {stream: Account, key: "0015g000"}'
        notes.add("bad-example", "a reference is the key of the record it points to", at, subject=subject, hint=hint)
        return False
    try:
        stated(value, spec)
    except UnfitError:
        number = spec.kind is Kind.TEXT and isinstance(value, (int, float))
        hint = "put it in quotes" if number else f"in its canonical form, as {spec.kind.value}"
        hint = f"one of: {', '.join(spec.choices)}" if spec.choices else hint
        notes.add("bad-example", "is not a value this field can have", at, subject=subject, hint=hint)
        return False
    return True


def _is_reference(value: Any) -> bool:
    if isinstance(value, dict):
        return value.keys() == {"stream", "key"} and all(isinstance(part, str) for part in value.values())
    return isinstance(value, str) and bool(value)
