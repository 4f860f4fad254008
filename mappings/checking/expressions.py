"""Expressions and conditions before they are run: whether they can be, what they give, and what they ask for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from mappings.cel.engine import CANONICAL, MISSING_ENGINE, RECORD, Expression, available, expression
from mappings.cel.faults import ExpressionError
from mappings.checking.unknown_paths import instead_of
from mappings.codec import word
from mappings.language import Condition, MappingFile, Rule, Test
from mappings.reading.nodes import Notes
from mappings.reading.reader import Path
from model.diagnostics import Severity
from model.fields import EntitySchema, FieldSpec, Kind


class Asked(NamedTuple):
    """A condition. ``outward``: it is about canonical values."""

    condition: Condition
    subject: str
    outward: bool


class Written(NamedTuple):
    """An expression as written, and where its text stands. ``rule`` is the one whose value it gives, if any."""

    text: str
    at: Path
    subject: str
    variable: str
    rule: Rule | None = None


_PLAIN = frozenset({"STRING", "INT", "UINT", "DOUBLE"})
_TEXT = frozenset({"STRING", "INT"})
_GIVES = {
    **dict.fromkeys((Kind.INTEGER, Kind.DECIMAL, Kind.REFERENCE), _PLAIN),
    **dict.fromkeys((Kind.EMAIL, Kind.PHONE, Kind.URL, Kind.COUNTRY, Kind.LANGUAGE, Kind.TIMEZONE), _TEXT),
    Kind.TEXT: _PLAIN | {"TIMESTAMP", "DURATION"},
    Kind.CHOICE: _PLAIN,
    Kind.BOOLEAN: {"BOOL", "STRING", "INT"},
    Kind.DATE: {"STRING", "TIMESTAMP"},
    Kind.DATETIME: {"STRING", "TIMESTAMP"},
    Kind.MONEY: {"MAP"},
    Kind.SET: {"LIST"},
}
_ANYTHING = frozenset({"DYN", "NULL"})
_NEVER = frozenset({"BYTES", "TYPE"})
_WORDS = {
    "STRING": "text",
    "INT": "a whole number",
    "UINT": "a whole number",
    "DOUBLE": "a number with a fraction",
    "BOOL": "true or false",
    "LIST": "a list",
    "MAP": "an object",
    "TIMESTAMP": "a moment",
    "DURATION": "a duration",
    "BYTES": "bytes",
    "TYPE": "a type",
}


def conditions_of(mapping: MappingFile) -> Iterator[Asked]:
    """All conditions of a mapping: those of its filters, then those of its rules."""
    for outward, several in ((False, mapping.filter_in), (True, mapping.filter_out)):
        yield from (Asked(condition, "filter", outward) for condition in several)
    for rule in mapping.rules:
        for outward, several in ((False, rule.when_in), (True, rule.when_out)):
            yield from (Asked(condition, f"{mapping.entity}.{rule.path}", outward) for condition in several)


def never_among(condition: Condition, choices: Collection[str]) -> Iterator[tuple[Path, str]]:
    """What a condition asks for that is none of the choices, and where it stands."""
    if condition.test not in (Test.IS, Test.NOT, Test.IN):
        return
    several = isinstance(condition.operand, tuple)
    for index, operand in enumerate(condition.operand if several else (condition.operand,)):
        if operand not in (None, "") and word(operand) not in choices:
            yield (*condition.at, condition.test.value, *((index,) if several else ())), word(operand)


def expressions_of(mapping: MappingFile) -> Iterator[Written]:
    """All expressions of a mapping."""
    for asked in conditions_of(mapping):
        if asked.condition.test is Test.EXPR:
            variable = CANONICAL if asked.outward else RECORD
            yield Written(asked.condition.operand, (*asked.condition.at, "expr"), asked.subject, variable)
    for rule in mapping.rules:
        if rule.expr:
            yield Written(rule.expr, (*rule.at, "expr"), f"{mapping.entity}.{rule.path}", RECORD, rule)


def compiled_or_none(written: Written) -> Expression | None:
    """The compiled expression; None where it is wrong or there is no engine, of which `check_expressions` speaks."""
    try:
        return expression(written.text, written.variable)
    except (ExpressionError, ImportError):
        return None


def check_expressions(mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    """Notes expressions that cannot be used, give what cannot be used, or ask for what the entity has not."""
    for written in expressions_of(mapping):
        if not available():
            message = "expressions need an engine that is not installed"
            notes.add("expr-unavailable", message, written.at, subject=written.subject, hint=MISSING_ENGINE)
            continue
        try:
            found = expression(written.text, written.variable)
        except ExpressionError as error:
            for fault in error.faults:
                notes.add(
                    fault.code,
                    fault.message,
                    written.at,
                    subject=written.subject,
                    hint=fault.hint,
                    offset=fault.offset,
                )
            continue
        _check_result(written, found, schema, notes)
        if written.variable == CANONICAL:
            _check_paths(written, found, schema, notes)
        elif found.tree.whole:
            notes.add(
                "whole-record",
                "looks at the record as a whole: a change of any field is looked at",
                written.at,
                subject=written.subject,
                hint="name the fields: src.name",
                severity=Severity.NOTE,
            )


def _check_result(written: Written, found: Expression, schema: EntitySchema, notes: Notes) -> None:
    kind = found.kind.partition("<")[0].upper()
    if kind in _ANYTHING:
        return
    gives = f"the expression gives {_WORDS.get(kind, 'something else')}"
    if written.rule is None:
        if kind != "BOOL":
            message = f"{gives}, but a condition is true or false"
            notes.add("kind-mismatch", message, written.at, subject=written.subject)
        return
    spec = schema.field(written.rule.path)
    if spec is not None and not _usable(written.rule, spec, kind):
        hints = {"LIST": '[…].join(" ") makes one text of it', "BOOL": 'src.x ? "one" : "other"'}
        hint = hints.get(kind) if "STRING" in _GIVES[spec.kind] and spec.kind is not Kind.BOOLEAN else None
        message = f"{gives}, but this is {spec.kind.value}"
        notes.add("kind-mismatch", message, written.at, subject=written.subject, hint=hint)


def _usable(rule: Rule, spec: FieldSpec, kind: str) -> bool:
    if kind in _NEVER:
        return False
    if rule.each is not None:
        return kind == "LIST"
    if rule.transforms or rule.table is not None:
        return True
    if rule.is_set and rule.separator and kind == "STRING":
        return True
    return kind in _GIVES[spec.kind]


def _check_paths(written: Written, found: Expression, schema: EntitySchema, notes: Notes) -> None:
    for read in found.tree.reads:
        path = read.path[0]
        if schema.field(path) is None or "[*]" in path:
            hint = instead_of(path, schema) or 'such as to.given_name, or to["emails[work]"]'
            message = f"{schema.name} has no field {path!r}"
            notes.add("unknown-path", message, written.at, subject=written.subject, hint=hint, offset=read.offset)
