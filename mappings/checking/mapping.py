"""Running a mapping over schemas before it is run over data: the canonical one, and the stream's where it is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from mappings.checking.examples import check_examples
from mappings.checking.expressions import check_expressions, conditions_of
from mappings.checking.fields import FieldFacts, check_fields
from mappings.checking.standing import check_standing
from mappings.language import FieldPath, MappingFile, Rule, Test, Unknown, field_text
from mappings.parts import NOT_IN_PARTS
from mappings.reading.meant import did_you_mean, nearest, oddity, resembling, shown
from mappings.reading.nodes import Notes
from mappings.reading.reader import Path
from mappings.transforms.base import Transform, UnfitError
from mappings.transforms.registry import build, of_kind
from model import paths
from model.diagnostics import Diagnostic, Severity
from model.fields import EntitySchema, FieldSpec, Kind

__all__ = ["FieldFacts", "check"]

_TEXT_LIKE = frozenset(
    {Kind.TEXT, Kind.EMAIL, Kind.PHONE, Kind.URL, Kind.COUNTRY, Kind.LANGUAGE, Kind.TIMEZONE, Kind.CHOICE}
)
_WRITTEN_AS_TEXT = _TEXT_LIKE | {Kind.DECIMAL, Kind.INTEGER, Kind.DATE, Kind.DATETIME}


class _Speaker(Protocol):
    def __call__(
        self, code: str, message: str, *at: str | int, hint: str | None = None, severity: Severity = Severity.ERROR
    ) -> None: ...


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
    _check_constants(mapping, schema, notes)
    _check_conditions(mapping, schema, notes)
    check_expressions(mapping, schema, notes)
    check_standing(mapping, schema, notes)
    check_examples(mapping, schema, notes)
    if mapping.create_in:
        _check_required(running, schema, notes)
    if fields:
        check_fields(mapping, schema, fields, notes)
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


def _speaker(notes: Notes, rule: Rule, subject: str) -> _Speaker:
    def say(
        code: str, message: str, *at: str | int, hint: str | None = None, severity: Severity = Severity.ERROR
    ) -> None:
        notes.add(code, message, (*rule.at, *at), subject=subject, hint=hint, severity=severity, on_key=not at)

    return say


def _check_rule(rule: Rule, mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    if rule.each is not None:
        plain = schema.field(rule.path)
        if plain is not None:
            say = _speaker(notes, rule, _subject(mapping, rule.path))
            say(
                "kind-mismatch",
                f"the canonical field is {_a(plain.kind)}, not a list of items",
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
                _unknown_path(path, schema, notes, sub.at, _subject(mapping, path))
            elif spec.kind in (Kind.REFERENCE, Kind.SET):
                say = _speaker(notes, sub, _subject(mapping, path))
                message = f"a {spec.kind.value} inside the items of a list cannot be mapped"
                say("not-in-items", message, hint="take the rule out")
            else:
                _check_kind(sub, spec, _speaker(notes, sub, _subject(mapping, path)), writes=mapping.writes(rule))
        return
    for path in rule.paths:
        spec = schema.field(path)
        if spec is None or paths.is_pattern(path) or "[]" in path:
            _unknown_path(path, schema, notes, rule.at, _subject(mapping, path))
        elif len(rule.paths) > 1 and spec.kind in NOT_IN_PARTS:
            say = _speaker(notes, rule, _subject(mapping, path))
            say("kind-mismatch", f"is {spec.kind.value}, which no part of a text can be")
        elif len(rule.paths) == 1:
            say = _speaker(notes, rule, _subject(mapping, path))
            _check_kind(rule, spec, say, writes=mapping.writes(rule))
            if not mapping.reads(rule) and not mapping.writes(rule):
                say(
                    "no-direction",
                    f"the rule goes {rule.direction.value}, the mapping {mapping.direction.value}: nothing happens",
                    severity=Severity.WARNING,
                    hint="direction: both in the mapping, or take the rule out",
                )


def _unknown_path(path: str, schema: EntitySchema, notes: Notes, at: Path, subject: str) -> None:
    try:
        template = paths.template(path)
    except ValueError:
        template = path
    keyed = sorted({name.partition("[")[0] for name in schema.fields if "[" in name})
    if paths.is_pattern(path) or (path in schema.fields and "[]" in path):
        hint: str | None = "name an item, such as emails[work]; for lists in the record there is each"
    elif path in keyed:
        leaf = next(name for name in schema.fields if name.startswith(f"{path}[]"))
        hint = f"it is a list by key: {leaf.replace('[]', '[work]')}"
    else:
        known = [name for name in schema.fields if "[" not in name or "[" in path] + keyed
        hint = (
            did_you_mean(template, known) or did_you_mean(path.partition("[")[0], keyed) or resembling(template, known)
        )
    notes.add("unknown-path", f"{schema.name} has no field {template!r}", at, subject=subject, on_key=True, hint=hint)


def _check_kind(rule: Rule, spec: FieldSpec, say: _Speaker, *, writes: bool) -> None:
    kind = spec.kind
    if (kind is Kind.REFERENCE) != (rule.reference is not None):
        if rule.reference is not None:
            message = f"the canonical field is {_a(kind)}, not a reference to another record"
            say("kind-mismatch", message, "reference", hint="leave reference out, or map another path")
        elif rule.fields or rule.expr:
            hint = f"reference: <the stream that holds the {spec.target}>"
            message = f"the canonical field points to another record ({spec.target}); say in which stream"
            say("kind-mismatch", message, hint=hint)
        return
    if (kind is Kind.SET) != rule.is_set:
        if rule.fields or rule.expr:
            hint = "list: set" if kind is Kind.SET else "leave list out"
            other = "the rule makes one value" if kind is Kind.SET else "the rule makes a set"
            say("kind-mismatch", f"the canonical field is {_a(kind)}, and {other}", hint=hint)
        return
    if not rule.fields and not rule.expr:
        _check_constant(rule.constant, spec, say, "constant")
        return
    if kind is Kind.MONEY and rule.table is None and not rule.transforms and not rule.expr:
        message = "the canonical field is an amount with its currency, and the rule names none"
        say("kind-mismatch", message, hint="transform: {money: EUR}, or a currency_field")
    if rule.table is not None:
        _check_table(rule, spec, say, writes=writes)
    elif rule.transforms:
        steps = [build(step.name, step.options) for step in rule.transforms]
        _check_chain(steps, spec, say)


def _a(kind: Kind) -> str:
    return {Kind.TEXT: "text", Kind.INTEGER: "a whole number", Kind.MONEY: "money"}.get(
        kind, f"{'an' if kind.value[0] in 'aei' else 'a'} {kind.value}"
    )


def _check_chain(steps: list[Transform], spec: FieldSpec, say: _Speaker) -> None:
    last, wanted = steps[-1], spec.kind
    if last.kinds and not _fits(last.kinds, wanted):
        kinds = " or ".join(sorted(kind.value for kind in last.kinds))
        say(
            "kind-mismatch",
            f"{last.name} makes {kinds}, and the canonical field is {_a(wanted)}",
            "transform",
            hint="use date, or day for the day of a moment" if wanted is Kind.DATE else None,
        )


def _fits(given: frozenset[Kind], wanted: Kind) -> bool:
    if wanted in given or Kind.TEXT in given:
        return True
    if wanted in _TEXT_LIKE:
        return bool(given & _WRITTEN_AS_TEXT)
    return wanted is Kind.DECIMAL and Kind.INTEGER in given


def _check_table(rule: Rule, spec: FieldSpec, say: _Speaker, *, writes: bool) -> None:
    if rule.table is None:
        return
    choices = spec.choices or (("true", "false") if spec.kind is Kind.BOOLEAN else ())
    listed = [str(canonical) for canonical, _ in rule.table.rows]
    meant = {nearest(canonical, choices) for canonical in listed}
    for canonical in listed:
        if choices and canonical not in choices:
            say(
                "unknown-option",
                f"{shown(canonical)} is not one of the field's choices",
                "values",
                canonical,
                hint=did_you_mean(canonical, choices) or f"there are: {', '.join(choices)}",
            )
    default = rule.table.default
    if default is not None and choices and default not in choices:
        hint = did_you_mean(default, choices) or f"there are: {', '.join(choices)}"
        say("unknown-option", "the default is not one of the field's choices", "unknown", "default", hint=hint)
    missing = [choice for choice in choices if choice not in listed and choice not in meant]
    stands_in = rule.table.unknown is Unknown.KEEP or default in listed
    if missing and writes and not stands_in:
        say(
            "options-unmapped",
            f"the table has no row for {', '.join(missing)}: such a value would be parked on its way out",
            "values",
            severity=Severity.NOTE,
        )


def _check_constant(value: Any, spec: FieldSpec, say: _Speaker, *at: str | int) -> None:
    try:
        if spec.kind is Kind.SET:
            fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
        elif spec.kind is Kind.REFERENCE:
            fits = False
        else:
            fits = of_kind(spec).forward(value) == value
    except UnfitError:
        fits = False
    if not fits:
        hint = f"one of: {', '.join(spec.choices)}" if spec.choices else f"in its canonical form, as {spec.kind.value}"
        say("bad-constant", f"the canonical field is {_a(spec.kind)} and cannot have this value", *at, hint=hint)


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
            say = _speaker(notes, rule, _subject(mapping, path))
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
                say = _speaker(notes, rule, _subject(mapping, rule.path))
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
    supplied = {path for rule in mapping.rules if mapping.reads(rule) for path in rule.paths}
    for path, at in used:
        plain = path.replace("[*]", "[x]")
        if schema.field(plain) is None:
            _unknown_path(plain, schema, notes, at, _subject(mapping, path))
        elif path not in supplied and not _supplied_by_item(path, supplied):
            notes.add(
                "match-unread",
                "the mapping does not read this, so it can never match by it",
                at,
                subject=_subject(mapping, path),
                severity=Severity.WARNING,
            )


def _supplied_by_item(path: str, supplied: set[str]) -> bool:
    name, key, leaf = paths.split(path)
    if name in supplied:
        return True
    return key == "*" and any(paths.split(other)[0] == name and paths.split(other)[2] == leaf for other in supplied)


def _check_constants(mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    for path, value in mapping.canonical_defaults.items():
        at: Path = ("defaults", "canonical", path)
        spec = schema.field(path)
        if spec is None:
            _unknown_path(path, schema, notes, at, _subject(mapping, path))
            continue

        def say(
            code: str,
            message: str,
            *_: str | int,
            hint: str | None = None,
            severity: Severity = Severity.ERROR,
            at: Path = at,
            path: str = path,
        ) -> None:
            notes.add(code, message, at, subject=_subject(mapping, path), hint=hint, severity=severity)

        _check_constant(value, spec, say)


def _check_conditions(mapping: MappingFile, schema: EntitySchema, notes: Notes) -> None:
    for asked in conditions_of(mapping):
        if not asked.outward or asked.condition.test is Test.EXPR:
            continue
        plain = asked.condition.subject.replace("[*]", "[x]")
        if schema.field(plain) is None:
            subject = asked.subject if asked.condition.at[0] == "rules" else _subject(mapping, asked.condition.subject)
            _unknown_path(plain, schema, notes, (*asked.condition.at, "path"), subject)


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
