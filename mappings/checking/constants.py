"""Constants of a mapping against the fields they are written to or compared with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mappings.checking.expressions import conditions_of
from mappings.checking.fields import FieldFacts
from mappings.codec import word
from mappings.language import FieldPath, MappingFile, Test, field_path, field_text
from mappings.reading.meant import did_you_mean, shown
from mappings.reading.nodes import Notes
from mappings.reading.reader import Path
from model.diagnostics import Severity

_COMPARED = frozenset({Test.IS, Test.NOT, Test.IN})


def check_constants(mapping: MappingFile, fields: Sequence[FieldFacts], notes: Notes) -> None:
    """Notes which defaults and placeholders a field does not take, and which conditions name a choice it has not."""
    facts = {fact.name: fact for fact in fields}
    for value, path, at, subject in _written(mapping):
        fact = _fact(path, facts)
        if fact is None:
            continue
        for strange in _strange(value, fact):
            _note_choice(strange, fact, at, subject, notes, Severity.ERROR)
        if isinstance(value, str) and fact.max_length is not None and len(value) > fact.max_length:
            message = f"{fact.name} takes {fact.max_length} characters, and this has {len(value)}"
            notes.add("too-long", message, at, subject=subject, hint="shorten it")
    for asked in conditions_of(mapping):
        condition, fact = asked.condition, _fact(field_path(asked.condition.subject), facts)
        if not asked.outward and condition.test in _COMPARED and fact is not None:
            for strange in _strange(condition.operand, fact):
                at = (*condition.at, condition.test.value)
                _note_choice(strange, fact, at, asked.subject, notes, Severity.WARNING)


def _written(mapping: MappingFile) -> Iterator[tuple[Any, FieldPath, Path, str]]:
    """The constants that are written: value, field, place and subject of each."""
    for rule in mapping.rules:
        if len(rule.fields) == 1 and mapping.writes(rule):
            for key, value in (("default", rule.default), ("placeholder", rule.placeholder)):
                yield value, rule.field, (*rule.at, key), f"{mapping.entity}.{rule.path}"
    for name, value in mapping.record_defaults.items() if mapping.create_out else ():
        yield value, field_path(name), ("defaults", "record", name), "defaults"


def _fact(path: FieldPath, facts: Mapping[str, FieldFacts]) -> FieldFacts | None:
    return facts.get(field_text(path)) or facts.get(".".join(path))


def _strange(given: Any, fact: FieldFacts) -> list[str]:
    """Values that are none of the choices of a field that takes no others."""
    if not fact.restricted or not fact.choices:
        return []
    known = {word(choice) for choice in fact.choices}
    if fact.type == "set" and isinstance(given, str):
        given = [part.strip() for part in given.split(";")]  # several choices may be one text there
    values = given if isinstance(given, (list, tuple)) else [given]
    return [word(value) for value in values if value not in (None, "") and word(value) not in known]


def _note_choice(value: str, fact: FieldFacts, at: Path, subject: str, notes: Notes, severity: Severity) -> None:
    message = f"{shown(value)} is not one of the choices of {fact.name}"
    choices = fact.choices or ()
    hint = did_you_mean(value, choices) or f"there are: {', '.join(choices[:6])}"
    notes.add("unknown-option", message, at, subject=subject, hint=hint, severity=severity)
