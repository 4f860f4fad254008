"""Examples against the canonical model: what could never come true is said before anything is run."""

from __future__ import annotations

from typing import Any

from mappings.language import Example, MappingFile
from mappings.reading.nodes import Notes, did_you_mean
from mappings.transforms.base import UnfitError
from mappings.transforms.registry import of_kind
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
    for example in mapping.examples:
        for path, value in (example.canonical or {}).items():
            _check_path(path, value, example, schema, notes)
        if not mapping.direction.reads and (example.skipped or example.canonical is None):
            _never(notes, example, "skipped" if example.skipped else "problems", "this mapping reads no records")
        if not mapping.direction.writes and (example.write is not None or example.unwritten):
            _never(notes, example, "write", "this mapping writes nothing")


def _never(notes: Notes, example: Example, key: str, why: str) -> None:
    notes.add(
        "untested-example", f"{key} is never tested: {why}", (*example.at, key), severity=Severity.WARNING, on_key=True
    )


def _check_path(path: str, value: Any, example: Example, schema: EntitySchema, notes: Notes) -> None:
    at = (*example.at, "canonical", path)
    spec = schema.field(path)
    subject = f"{schema.name}.{path}"
    if spec is None or "[*]" in path:
        hint = did_you_mean(path, list(schema.fields)) or did_you_mean(path.partition("[")[0], list(schema.fields))
        notes.add("unknown-path", f"{schema.name} has no field {path!r}", at, subject=subject, on_key=True, hint=hint)
    elif spec.kind is Kind.REFERENCE and not (value is None or _is_reference(value)):
        notes.add(
            "bad-example",
            "a reference is the key of the record it points to",
            at,
            subject=subject,
            hint='"0015g000", or {stream: Account, key: "0015g000"}',
        )
    else:
        try:
            stated(value, spec)
        except UnfitError:
            number = spec.kind is Kind.TEXT and isinstance(value, (int, float))
            hint = "put it in quotes" if number else f"in its canonical form, as {spec.kind.value}"
            hint = f"one of: {', '.join(spec.choices)}" if spec.choices else hint
            notes.add("bad-example", "is not a value this field can have", at, subject=subject, hint=hint)


def _is_reference(value: Any) -> bool:
    if isinstance(value, dict):
        return value.keys() == {"stream", "key"} and all(isinstance(part, str) for part in value.values())
    return isinstance(value, str) and bool(value)
