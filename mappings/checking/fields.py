"""A mapping against the fields a stream really has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from mappings.cel.engine import RECORD
from mappings.cel.typing import misfits
from mappings.checking.expressions import Asked, Written, compiled_or_none, conditions_of, expressions_of
from mappings.checking.types import mismatch
from mappings.codec import word
from mappings.language import FieldPath, MappingFile, Rule, Test, Unknown, field_path, field_text
from mappings.reading.meant import did_you_mean, nearest, shown
from mappings.reading.nodes import Notes
from mappings.reading.reader import Path
from mappings.transforms.base import Transform
from mappings.transforms.registry import build
from model.diagnostics import Severity
from model.fields import EntitySchema, FieldSpec

_IN_WORDS = {
    "text": "text",
    "choice": "text",
    "date": "a day, as text",
    "datetime": "a moment, as text",
    "integer": "a whole number",
    "boolean": "true or false",
}
_ITEMS = FieldSpec(template="")
"""Stands for the field of a list as a whole, which has no kind of its own."""


class FieldFacts(Protocol):
    """What a mapping is checked against. `connectors.contract.Field` has all of it."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def max_length(self) -> int | None: ...
    @property
    def required(self) -> bool: ...
    @property
    def readable(self) -> bool: ...
    @property
    def unique(self) -> bool: ...
    @property
    def creatable(self) -> bool: ...
    @property
    def updatable(self) -> bool: ...
    @property
    def choices(self) -> tuple[str, ...] | None: ...
    @property
    def restricted(self) -> bool: ...
    @property
    def label(self) -> str: ...
    @property
    def references(self) -> tuple[str, ...]: ...


def check_fields(mapping: MappingFile, schema: EntitySchema, fields: Sequence[FieldFacts], notes: Notes) -> None:
    """Notes unknown, unreadable and unwritable fields, lengths, choices, and what a create lacks."""
    _Checker(mapping, schema, {fact.name: fact for fact in fields}, notes).check()


class _Checker:
    def __init__(
        self, mapping: MappingFile, schema: EntitySchema, facts: Mapping[str, FieldFacts], notes: Notes
    ) -> None:
        self.mapping, self.schema, self.facts, self.notes = mapping, schema, facts, notes

    def check(self) -> None:
        for rule in self.mapping.rules:
            if self.notes.full:
                return
            for path in self._places(rule):
                self._field(rule, path)
        for asked in conditions_of(self.mapping):
            name = asked.condition.subject
            if self.notes.full or asked.outward or asked.condition.test is Test.EXPR:
                continue
            if not self._known(field_path(name)):
                self._unknown(name, (*asked.condition.at, "field"), asked.subject)
            else:
                self._asked(asked)
        self._expressions()
        for name in self.mapping.record_defaults:
            at: Path = ("defaults", "record", name)
            fact = self.facts.get(name)
            if not self._known(field_path(name)):
                self._unknown(name, at, "defaults")
            elif fact is not None and not fact.creatable:
                self.notes.add(
                    "read-only", f"{name} cannot be written on create", at, hint="take it out of defaults.record"
                )
        if self.mapping.create_out:
            self._missing_on_create()

    def _asked(self, asked: Asked) -> None:
        """A condition needs a field that can be read."""
        fact = self._fact(field_path(asked.condition.subject))
        if fact is not None and not fact.readable and self.mapping.direction.reads:
            self._say("not-readable", f"{fact.name} cannot be read", (*asked.condition.at, "field"), asked.subject)

    def _expressions(self) -> None:
        for written in expressions_of(self.mapping):
            found = compiled_or_none(written) if written.variable == RECORD else None
            if found is not None:
                self._typed(written, {read.path for read in found.tree.reads})
            for read in found.tree.reads if found is not None else ():
                name = field_text(read.path)
                fact = self._fact(read.path)
                if fact is not None and not fact.readable:
                    self._say("not-readable", f"{fact.name} cannot be read", written.at, written.subject)
                if self._known(read.path) or any(other.startswith(f"{name}.") for other in self.facts):
                    continue
                self.notes.add(
                    "unknown-field",
                    f"{self.mapping.stream} has no field {name!r}",
                    written.at,
                    subject=written.subject,
                    hint=did_you_mean(name, self.facts),
                    # Whoever asks whether a field is there knows that it may not be.
                    severity=Severity.ERROR if read.needed == len(read.path) else Severity.WARNING,
                    offset=read.offset,
                )

    def _typed(self, written: Written, read: Iterable[FieldPath]) -> None:
        facts = {path: fact for path in read if (fact := self._fact(path)) is not None}
        types = {path: str(fact.type) for path, fact in sorted(facts.items()) if fact.type in _IN_WORDS}
        for fault in misfits(written.text, types):
            named = _listed([f"{field_text(path)} is {_IN_WORDS[kind]}" for path, kind in types.items()])
            self.notes.add(
                "type-mismatch",
                f"{fault.message}: {named}",
                written.at,
                subject=written.subject,
                hint=fault.hint or "text(…), int(…) and double(…) convert",
                severity=Severity.WARNING,  # a field may show other values than its type says
                offset=fault.offset,
            )

    @staticmethod
    def _places(rule: Rule) -> Iterator[FieldPath]:
        yield from rule.fields
        yield from (field_path(step.beside) for step in _built(rule) if step.beside)

    def _known(self, path: FieldPath) -> bool:
        if field_text(path) in self.facts or ".".join(path) in self.facts:
            return True
        top = self.facts.get(path[0])
        # An object whose inside was not described can hold anything.
        return len(path) > 1 and top is not None and not any(name.startswith(f"{path[0]}.") for name in self.facts)

    def _fact(self, path: FieldPath) -> FieldFacts | None:
        return self.facts.get(field_text(path)) or self.facts.get(".".join(path))

    def _unknown(self, name: str, at: Path, subject: str) -> None:
        hint = self._inside(name) or self._by_label(name) or did_you_mean(name, self.facts)
        message = f"{self.mapping.stream} has no field {shown(name)}"
        self.notes.add("unknown-field", message, at, subject=subject, hint=hint)

    def _by_label(self, name: str) -> str | None:
        """People know fields by what the screen says."""
        labels = {fact.label: fact.name for fact in self.facts.values() if fact.label and fact.label != fact.name}
        near = nearest(name, labels)
        if near is None or (nearest(name, self.facts) is not None and near.lower() != name.lower()):
            return None
        return f"did you mean {labels[near]!r}? On the screen it is {near!r}"

    def _inside(self, name: str) -> str | None:
        """Where the top of the path exists, the mistake is below it."""
        top, _, rest = name.partition(".")
        below = sorted(other.removeprefix(f"{top}.") for other in self.facts if other.startswith(f"{top}."))
        near = below[0] if rest and len(below) == 1 else nearest(rest, below)
        if near is not None:
            return f"did you mean {f'{top}.{near}'!r}?"
        return f"{top} has: {', '.join(below[:8])}" if below and rest else None

    def _field(self, rule: Rule, path: FieldPath) -> None:
        subject = f"{self.mapping.entity}.{rule.path}"
        at = (*rule.at, "field") if (*rule.at, "field") in self.mapping.positions.values else rule.at
        if not self._known(path):
            self._unknown(field_text(path), at, subject)
            return
        fact = self._fact(path)
        if fact is None:
            return
        if self.mapping.reads(rule) and not fact.readable:
            self._say("not-readable", f"{fact.name} cannot be read", at, subject, hint="direction: out")
        if self.mapping.writes(rule) and path in _written(rule):
            self._writable(rule, fact, at, subject)
        if self.mapping.writes(rule) and path in rule.fields:
            self._long_enough(rule, fact, at, subject)
        self._fits(rule, fact, path, at, subject)

    def _fits(self, rule: Rule, fact: FieldFacts, path: FieldPath, at: Path, subject: str) -> None:
        """The type of the field, the records it points to, and its choices."""
        if path not in rule.fields:
            return
        spec = self.schema.field(rule.path)
        found = mismatch(self.mapping, rule, spec, fact) if spec is not None else None
        if found is None and rule.each is not None:
            found = mismatch(self.mapping, rule, _ITEMS, fact)
        if found is not None:
            message, hint, severity = found
            self.notes.add("type-mismatch", message, at, subject=subject, hint=hint, severity=severity)
        elif rule.reference is not None and fact.references and rule.reference.stream not in fact.references:
            self.notes.add(
                "wrong-stream",
                f"{fact.name} points to {' or '.join(fact.references)}, not to {rule.reference.stream}",
                (*rule.at, "reference"),
                subject=subject,
                hint=f"reference: {fact.references[0]}",
                severity=Severity.WARNING,
            )
        elif rule.table is not None and fact.choices:
            self._choices(rule, fact, subject)
        elif fact.choices and spec is not None:
            self._plain_choices(rule, fact, spec, at, subject)

    def _plain_choices(self, rule: Rule, fact: FieldFacts, spec: FieldSpec, at: Path, subject: str) -> None:
        """The choices on both sides, where no table translates them."""
        if spec.choices is None or fact.choices is None or rule.transforms:
            return
        here, there = set(spec.choices), set(fact.choices)
        strange = sorted(there - here) if self.mapping.reads(rule) else []
        refused = sorted(here - there) if self.mapping.writes(rule) and fact.restricted else []
        parts = [f"{fact.name} knows {_listed(strange)}, which the canonical field does not"] if strange else []
        parts += [f"{fact.name} does not take {_listed(refused)}"] if refused else []
        if parts:
            self.notes.add(
                "options-unmapped",
                f"{'; '.join(parts)}: such a value would be parked",
                at,
                subject=subject,
                severity=Severity.WARNING,
                hint=f"translate them: values: {{{spec.choices[0]}: …}}",
            )

    def _say(
        self, code: str, message: str, at: Path, subject: str, *, hint: str | None = None, note: bool = False
    ) -> None:
        severity = Severity.NOTE if note else Severity.ERROR
        self.notes.add(code, message, at, subject=subject, hint=hint, severity=severity)

    def _writable(self, rule: Rule, fact: FieldFacts, at: Path, subject: str) -> None:
        if not fact.creatable and not fact.updatable:
            if fact.unique and rule.strength.value == "create_only":
                return  # the key of a row that the hub or the system makes: what it is there is known as written
            self._say("read-only", f"{fact.name} cannot be written", at, subject, hint="direction: in")
        elif not fact.updatable and rule.strength.value != "create_only":
            self._say(
                "read-only", f"{fact.name} can only be written on create", at, subject, hint="strength: create_only"
            )

    def _long_enough(self, rule: Rule, fact: FieldFacts, at: Path, subject: str) -> None:
        if fact.max_length is None:
            return
        if rule.max_length is not None and rule.max_length > fact.max_length:
            self._say(
                "too-long",
                f"{fact.name} takes {fact.max_length} characters, the rule allows {rule.max_length}",
                (*rule.at, "max_length"),
                subject,
                hint=f"max_length: {fact.max_length}",
            )
        spec = self.schema.field(rule.path)
        longest = spec.max_length if spec is not None else None
        if rule.max_length is None and longest is not None and longest > fact.max_length:
            self._say(
                "too-long",
                f"{fact.name} takes {fact.max_length} characters; a longer value cannot be written",
                at,
                subject,
                hint=f"max_length: {fact.max_length} would cut it instead" if len(rule.paths) == 1 else None,
                note=True,
            )

    def _choices(self, rule: Rule, fact: FieldFacts, subject: str) -> None:
        if rule.table is None or fact.choices is None:
            return
        known = {word(choice) for choice in fact.choices}
        listed: set[str] = set()
        for canonical, values in rule.table.rows:
            listed |= {word(value) for value in values}
            for position, value in enumerate(values):
                if word(value) not in known:
                    # The first of a list is what is written; the others are only read, and may well be gone by now.
                    written = position == 0 and self.mapping.writes(rule)
                    self.notes.add(
                        "unknown-option",
                        f"{word(value)!r} is not one of the choices of {fact.name}",
                        (*rule.at, "values", canonical),
                        subject=subject,
                        severity=_option_severity(fact, written=written),
                        hint=did_you_mean(word(value), fact.choices),
                    )
        missing = [choice for choice in fact.choices if word(choice) not in listed]
        if missing and self.mapping.reads(rule) and rule.table.unknown in (Unknown.PARK, Unknown.COLLECT):
            self.notes.add(
                "options-unmapped",
                f"{fact.name} also knows {_listed(missing)}: such a value would be parked",
                (*rule.at, "values"),
                subject=subject,
                severity=Severity.WARNING,
                hint="list them, or say what unknown values mean",
            )

    def _missing_on_create(self) -> None:
        writing = {
            field_text(place): rule
            for rule in self.mapping.rules
            if self.mapping.writes(rule)
            for place in _written(rule)
        }
        for fact in self.facts.values():
            if not fact.required or not fact.creatable:
                continue
            if fact.name in self.mapping.record_defaults:
                continue
            rule = writing.get(fact.name)
            if rule is None:
                self.notes.add(
                    "required-unmapped",
                    f"{fact.name} is required on create and no rule writes it",
                    ("rules",),
                    subject=fact.name,
                    on_key=True,
                    severity=Severity.WARNING,
                    hint="map it, or give it under defaults.record; a key the system or the hub makes is no matter",
                )
                continue
            if self._may_be_blank(rule):
                self._say(
                    "required-blank",
                    f"{fact.name} is required; a record without a value for it cannot be created",
                    rule.at,
                    f"{self.mapping.entity}.{rule.path}",
                    hint="default: … is written on create, placeholder: … is also read as nothing",
                    note=True,
                )

    def _may_be_blank(self, rule: Rule) -> bool:
        spec = self.schema.field(rule.path)
        filled = rule.default is not None or rule.placeholder is not None
        return not filled and not (spec is not None and spec.required)


def _built(rule: Rule) -> Iterator[Transform]:
    return (build(step.name, step.options) for step in rule.transforms)


def _written(rule: Rule) -> tuple[FieldPath, ...]:
    """The fields a rule writes: its own, and the one beside it where that belongs to the value (a currency)."""
    beside = (field_path(step.beside) for step in _built(rule) if step.beside and step.beside_is_written)
    return (*rule.fields, *beside)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _option_severity(fact: FieldFacts, *, written: bool) -> Severity:
    if not fact.restricted:
        return Severity.NOTE
    return Severity.ERROR if written else Severity.WARNING
