"""Running a mapping over schemas before it is run over data: the canonical one, and the stream's where it is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mappings.checking.constants import check_constants
from mappings.checking.examples import check_examples
from mappings.checking.expressions import check_expressions, conditions_of, never_among
from mappings.checking.fields import FieldFacts, check_fields
from mappings.checking.idle import check_idle
from mappings.checking.item_keys import check_item_keys, read_or_meant
from mappings.checking.kinds import Speaker, a_kind, check_constant, check_kind
from mappings.checking.standing import check_standing
from mappings.checking.unknown_paths import instead_of, instead_of_part
from mappings.contract import StrongRule
from mappings.language import FieldPath, MappingFile, Rule, Test, field_text
from mappings.parts import NOT_IN_PARTS
from mappings.reading.meant import did_you_mean, oddity, shown
from mappings.reading.nodes import Notes
from mappings.reading.reader import Path
from model import paths
from model.diagnostics import Diagnostic, Severity
from model.fields import EntitySchema, Kind

__all__ = ["FieldFacts", "check"]

_SHARED = frozenset({Kind.BOOLEAN, Kind.CHOICE, Kind.COUNTRY, Kind.LANGUAGE, Kind.TIMEZONE})
"""Kinds with so few values that many records have the same."""


def check(mapping: MappingFile, schema: EntitySchema, fields: Sequence[FieldFacts] | None = None) -> list[Diagnostic]:
    """Everything that is wrong or doubtful about a mapping. ``fields`` are the stream's, where it could be asked."""
    found: list[Diagnostic] = []
    notes = Notes(mapping.file, mapping.positions, found)
    for rule in mapping.rules:
        if notes.full:
            return found
        _check_rule(rule, mapping, schema, notes)
    running = mapping.running()
    _check_twice(running, notes)
    _check_match(running, schema, notes)
    _check_defaults(mapping, schema, notes)
    _check_conditions(mapping, schema, notes)
    check_expressions(mapping, schema, notes)
    check_standing(mapping, schema, notes)
    check_examples(mapping, schema, notes)
    check_item_keys(mapping, schema, notes)
    check_idle(mapping, notes)
    if mapping.create_in:
        _check_required(running, schema, notes)
    if fields:
        check_fields(mapping, schema, fields, notes)
        check_constants(mapping, fields, notes)
    else:
        _check_names(mapping, notes)
    return found


def _check_names(mapping: MappingFile, notes: Notes) -> None:
    """Where the fields are not known, a name that holds what was hardly meant is all that can be seen."""
    for rule in mapping.rules:
        for path in rule.fields:
            odd = oddity(field_text(path))
            if odd is not None:
                code, message, hint = odd
                at = rule.at if (*rule.at, "field") not in mapping.positions.values else (*rule.at, "field")
                subject = _subject(mapping, rule.path)
                notes.add(code, message, at, subject=subject, hint=hint, severity=Severity.WARNING)


def _subject(mapping: MappingFile, path: str) -> str:
    return f"{mapping.entity}.{path}"


def _speaker(notes: Notes, place: Path, subject: str) -> Speaker:
    def say(
        code: str,
        message: str,
        *at: str | int,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
        on_key: bool = False,
    ) -> None:
        at_key = on_key or not at
        notes.add(code, message, (*place, *at), subject=subject, hint=hint, severity=severity, on_key=at_key)

    return say


def _check_rule(rule: Rule, mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    if not mapping.reads(rule) and not mapping.writes(rule):
        _speaker(notes, rule.at, _subject(mapping, ", ".join(rule.paths)))(
            "no-direction",
            f"the rule goes {rule.direction.value}, the mapping {mapping.direction.value}: nothing happens",
            severity=Severity.WARNING,
            hint="direction: both in the mapping, or take the rule out",
        )
    if rule.each is not None:
        plain = schema.field(rule.path)
        if plain is not None:
            say = _speaker(notes, rule.at, _subject(mapping, rule.path))
            say(
                "kind-mismatch",
                f"the canonical field is {a_kind(plain.kind)}, not a list of items",
                "each",
                hint="leave each out",
            )
            return
        if not any(template.startswith(f"{rule.path}[]") for template in schema.fields):
            _unknown_path(rule.path, schema, notes, rule.at, _subject(mapping, rule.path))
            return
        for sub in rule.each.rules:
            path = f"{rule.path}[]" + (f".{sub.path}" if sub.path else "")
            spec = schema.fields.get(path)
            if spec is None:
                message, hint = f"{schema.name} has no field {path!r}", instead_of_part(rule.path, sub.path, schema)
                _speaker(notes, sub.at, _subject(mapping, path))("unknown-path", message, hint=hint)
            elif spec.kind in (Kind.REFERENCE, Kind.SET):
                say = _speaker(notes, sub.at, _subject(mapping, path))
                message = f"a {spec.kind.value} inside the items of a list cannot be mapped"
                say("not-in-items", message, hint="take the rule out")
            else:
                say = _speaker(notes, sub.at, _subject(mapping, path))
                check_kind(sub, spec, say, reads=mapping.reads(rule), writes=mapping.writes(rule))
        return
    for path in rule.paths:
        spec = schema.field(path)
        if spec is None or paths.is_pattern(path) or "[]" in path:
            _unknown_path(path, schema, notes, rule.at, _subject(mapping, path))
        elif len(rule.paths) > 1 and spec.kind in NOT_IN_PARTS:
            say = _speaker(notes, rule.at, _subject(mapping, path))
            say("kind-mismatch", f"the canonical field is {a_kind(spec.kind)}, which no part of a text can be")
        elif len(rule.paths) == 1:
            say = _speaker(notes, rule.at, _subject(mapping, path))
            check_kind(rule, spec, say, reads=mapping.reads(rule), writes=mapping.writes(rule))


def _unknown_path(
    path: str, schema: EntitySchema, notes: Notes, at: Path, subject: str, *, on_key: bool = True
) -> None:
    try:
        template = paths.template(path)
    except ValueError:
        template = path
    hint = instead_of(path, schema) or f"`syncline mappings fields {schema.name}` lists them"
    if schema.field(path) is not None:  # it is a pattern
        hint = "name an item, such as emails[work]; for lists in the record there is each"
    message = f"{schema.name} has no field {template!r}"
    notes.add("unknown-path", message, at, subject=subject, on_key=on_key, hint=hint)


def _canonical_targets(mapping: MappingFile) -> Iterator[tuple[str, Rule]]:
    for rule in mapping.rules:
        yield from ((path, rule) for path in rule.paths)


def _check_twice(mapping: MappingFile, notes: Notes) -> None:
    read: dict[str, Rule] = {}
    written: dict[FieldPath, Rule] = {}
    inside: dict[FieldPath, tuple[FieldPath, Rule]] = {}  # objects of which a field is written
    lists = {rule.path for rule in mapping.rules if rule.each is not None and mapping.reads(rule)}
    for path, rule in _canonical_targets(mapping):
        if not mapping.reads(rule):
            continue
        name = paths.split(path)[0]
        other = read.get(path)
        if other is not None or (name in lists and name != path):
            say = _speaker(notes, rule.at, _subject(mapping, path))
            say("two-rules", "the path is filled by two rules", hint="keep one of them, or give one the direction out")
        read[path] = rule
    for rule in mapping.rules:
        if not mapping.writes(rule):
            continue
        for place in rule.fields:
            above = [place[:end] for end in range(1, len(place) + 1)]
            clash = next((written[path] for path in above if path in written), None)
            at = place
            if clash is None and place in inside:
                at, clash = inside[place]
            if clash is not None:
                say = _speaker(notes, rule.at, _subject(mapping, rule.path))
                say(
                    "two-rules",
                    f"writes {field_text(at)}, which the rule for {clash.path} writes, too",
                    hint="give one of them the direction in",
                )
            written[place] = rule
            inside.update(dict.fromkeys(above[:-1], (place, rule)))


def _check_match(mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    scored = mapping.match.scored
    used: list[tuple[str, Path]] = [
        (path, (*rule.at, place)) for rule in mapping.match.strong for place, path in enumerate(rule.paths)
    ]
    if scored is not None:
        used += [(path, ("match", "scored", "weights", path)) for path in scored.weights]
        used += [
            (path, ("match", "scored", "blocks", index, place))
            for index, block in enumerate(scored.blocks)
            for place, path in enumerate(block)
        ]
    for rule in mapping.match.strong:
        _check_strong(rule, mapping, schema, notes)
    supplied = read_or_meant(mapping, schema)
    for path, at in used:
        if notes.full:
            return
        if schema.field(path) is None:
            _unknown_path(path, schema, notes, at, _subject(mapping, path))
        elif mapping.direction.reads and path not in supplied and not _supplied_by_item(path, supplied):
            notes.add(
                "match-unread",
                "the mapping does not read this, so it can never match by it",
                at,
                subject=_subject(mapping, path),
                severity=Severity.WARNING,
                hint=did_you_mean(path, sorted(supplied)),
            )


def _check_strong(rule: StrongRule, mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    """A strong rule takes two records for one without asking anybody."""
    specs = [schema.field(path) for path in rule.paths]
    if all(spec is not None and spec.kind in _SHARED for spec in specs):
        message = f"many records share {' and '.join(rule.paths)}: whoever does would be taken for one"
        hint = "add what tells them apart, such as emails[*] or a number, or use match.scored"
        subject = _subject(mapping, ", ".join(rule.paths))
        notes.add("match-weak", message, rule.at, subject=subject, hint=hint, severity=Severity.WARNING)


def _supplied_by_item(path: str, supplied: set[str]) -> bool:
    name, key, leaf = paths.split(path)
    if name in supplied:
        return True
    return key == "*" and any(paths.split(other)[0] == name and paths.split(other)[2] == leaf for other in supplied)


def _check_defaults(mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    for path, value in mapping.canonical_defaults.items():
        at: Path = ("defaults", "canonical", path)
        spec = schema.field(path)
        if spec is None or paths.is_pattern(path) or "[]" in path:
            _unknown_path(path, schema, notes, at, _subject(mapping, path))
        else:
            check_constant(value, spec, _speaker(notes, at[:-1], _subject(mapping, path)), path)


def _check_conditions(mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    for asked in conditions_of(mapping):
        if not asked.outward or asked.condition.test is Test.EXPR:
            continue
        path = asked.condition.subject
        subject = asked.subject if asked.condition.at[0] == "rules" else _subject(mapping, path)
        spec = schema.field(path)
        if spec is None:
            _unknown_path(path, schema, notes, (*asked.condition.at, "path"), subject, on_key=False)
            continue
        choices = spec.choices or (("true", "false") if spec.kind is Kind.BOOLEAN else ())
        for at, strange in never_among(asked.condition, choices) if choices else ():
            hint = did_you_mean(strange, choices) or f"there are: {', '.join(choices)}"
            message = f"{shown(strange)} is not one of the field's choices, so that it never has this value"
            notes.add("unknown-option", message, at, subject=subject, hint=hint, severity=Severity.WARNING)


def _check_required(mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    supplied = {path for rule in mapping.rules if mapping.reads(rule) for path in rule.paths}
    supplied |= set(mapping.canonical_defaults)
    instead = "out" if mapping.create_out else "none"
    for spec in schema.fields.values():
        if spec.required and "[" not in spec.template and spec.template not in supplied:
            notes.add(
                "required-unmapped",
                f"no rule fills {spec.template}, which every {schema.name} needs",
                ("rules",),
                subject=_subject(mapping, spec.template),
                on_key=True,
                severity=Severity.WARNING,
                hint=f"map it, or give it under defaults.canonical, or say create: {instead}",
            )
