"""Which rule does what: a record on its way in, and a canonical one on its way out, rule by rule.

The values are those of the compiled mapping itself; a trace only says which rule they belong to, so that it can never
tell another story than a run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mappings.cel.engine import CANONICAL, RECORD, Told, expression
from mappings.codec import ABSENT, is_blank, put_into, taker
from mappings.compile import Compiled
from mappings.conditions import Conditions, scope_of
from mappings.contract import Projection, RenderRequest, Rendition
from mappings.language import Condition, FieldPath, MappingFile, Rule, field_path, field_text
from mappings.transforms.base import UnfitError
from mappings.transforms.registry import build
from model import paths
from model.records import Problem, Record, RecordRef


def beside(rule: Rule) -> FieldPath | None:
    """The field that a rule's transform reads or writes besides the rule's own."""
    for step in rule.transforms:
        name = build(step.name, step.options).beside
        if name:
            return field_path(name)
    return None


def sources_of(rule: Rule) -> tuple[FieldPath, ...]:
    """The record fields of a rule: its own, or those that its expression names."""
    if not rule.expr:
        return rule.fields
    return tuple(dict.fromkeys(read.path for read in expression(rule.expr).tree.reads))


def fields_of(rule: Rule) -> tuple[FieldPath, ...]:
    """Every record field a rule has to do with."""
    other = beside(rule)
    return sources_of(rule) if other is None else (*sources_of(rule), other)


def feeds(rule: Rule, path: str) -> bool:
    """Whether a canonical path is the rule's."""
    return path in rule.paths or (rule.each is not None and paths.split(path)[0] == rule.path)


def rule_of_path(mapping: MappingFile, path: str) -> Rule | None:
    """The rule that fills a canonical path, else one that writes it."""
    found = [rule for rule in mapping.rules if feeds(rule, path)]
    return next((rule for rule in found if mapping.reads(rule)), found[0] if found else None)


def rule_of_field(mapping: MappingFile, name: FieldPath) -> Rule | None:
    """The rule that writes a record field."""
    return next((rule for rule in mapping.rules if mapping.writes(rule) and name in fields_of(rule)), None)


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Record fields by name (``address.city``) as a record holds them."""
    data: dict[str, Any] = {}
    for name, value in fields.items():
        put_into(data, field_path(name), value)
    return data


def taken(data: Mapping[str, Any], path: FieldPath) -> Any:
    """The value at a place of a record, or `ABSENT`."""
    return taker(path)(data) if path else ABSENT


@dataclass(frozen=True, slots=True)
class Read:
    """What one rule made of a record: its fields as they are, canonical values, references, problems.

    ``unmet`` is the condition for want of which it made nothing.
    """

    rule: Rule
    fields: Mapping[str, Any]
    values: Mapping[str, Any]
    problems: Sequence[Problem] = ()
    unmet: Condition | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What one rule made of a canonical record. ``waiting`` says that a record referred to is not known here.

    ``unmet`` is the condition for want of which it wrote nothing.
    """

    rule: Rule
    values: Mapping[str, Any]
    fields: Mapping[str, Any]
    problems: Sequence[Problem] = ()
    waiting: bool = False
    unmet: Condition | None = None


@dataclass(frozen=True, slots=True)
class TraceIn:
    """A record through a mapping. ``rest`` are problems of the record as a whole that no rule owns."""

    record: Record
    projection: Projection
    steps: Sequence[Read]
    rest: Sequence[Problem]
    unmapped: Sequence[str]


@dataclass(frozen=True, slots=True)
class TraceOut:
    """A canonical record through a mapping of another system, as a new record there.

    ``refused`` is the reason why the outward filter keeps it away. ``defaults`` are constants given on create.
    ``otherwise`` are values that would be shown differently when read back, with what is shown; ``left`` are paths
    that no rule writes.
    """

    mapping: Compiled
    refused: str | None = None
    steps: Sequence[Written] = ()
    rest: Sequence[Problem] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    otherwise: Mapping[str, Any] = field(default_factory=dict)
    left: Sequence[str] = ()


def trace_in(mapping: Compiled, records: Sequence[Record]) -> list[TraceIn]:
    """Every record with what each rule made of it."""
    reading = [(rule, _Asked(rule.when_in, RECORD)) for rule in mapping.source.rules if mapping.source.reads(rule)]
    looked_at = _looked_at(mapping)
    return [
        _traced_in(reading, looked_at, record, projection)
        for record, projection in zip(records, mapping.project(records), strict=True)
    ]


def _traced_in(
    reading: Sequence[tuple[Rule, _Asked]], looked_at: Sequence[FieldPath], record: Record, projection: Projection
) -> TraceIn:
    values: dict[str, Any] = {**projection.values, **projection.references}
    steps: list[Read] = []
    waiting = list(projection.problems)
    for rule, asked in reading:
        mine = [one for one in waiting if _owns(rule, one)]
        waiting = [one for one in waiting if one not in mine]
        found = {
            field_text(path): value for path in fields_of(rule) if (value := taken(record.data, path)) is not ABSENT
        }
        if not any(field_text(path) in found for path in sources_of(rule)):
            found = {}  # a field that is only looked at beside them says nothing by itself
        made = {path: value for path, value in values.items() if feeds(rule, path)}
        steps.append(Read(rule, found, made, mine, asked.unmet(record.data)))
    return TraceIn(record, projection, steps, waiting, list(_unmapped(record.data, looked_at)))


class _Asked:
    """The conditions of a rule, put once more, to tell which of them kept it from doing anything."""

    def __init__(self, conditions: Sequence[Condition], variable: str) -> None:
        self._asked = Conditions(conditions, canonical=variable == CANONICAL) if conditions else None
        self._scope = scope_of((), [self._asked] if self._asked else [], variable)

    def unmet(self, data: Mapping[str, Any]) -> Condition | None:
        try:
            return self._asked.failing(data, Told(self._scope)) if self._asked else None
        except UnfitError:  # a problem of the rule, which the mapping itself tells
            return None


def _owns(rule: Rule, problem: Problem) -> bool:
    if problem.path is not None:
        return feeds(rule, problem.path)
    return problem.field is not None and problem.field in map(field_text, rule.fields)


def trace_out(
    mapping: Compiled,
    values: Mapping[str, Any],
    references: Mapping[str, str],
    current: Mapping[str, Any] | None = None,
) -> TraceOut:
    """What a mapping would write for a canonical record that is new to it.

    References among the values may be given as `RecordRef`. ``references`` are the keys that those records have in this
    mapping's connection, by canonical path; those that are not given wait.
    """
    known = {path: value.key if isinstance(value, RecordRef) else value for path, value in values.items()}
    refused = mapping.accepts(known)
    if refused is not None:
        return TraceOut(mapping, refused=refused)
    ids = {path: path for path in mapping.reference_streams if path in values and not is_blank(values[path])}
    request = RenderRequest({**known, **ids}, None, lambda _, path: references.get(path), current)
    [rendition] = mapping.render([request])
    writing = [rule for rule in mapping.source.rules if mapping.source.writes(rule)]
    steps, rest, named = _written(writing, values, request.values, rendition)
    left = [path for path, value in values.items() if not mapping.pushes(path) and not is_blank(value)]
    return TraceOut(
        mapping,
        steps=steps,
        rest=rest,
        defaults={name: value for name, value in rendition.fields.items() if name not in named},
        otherwise=_otherwise(mapping, known, rendition),
        left=left,
    )


def _written(
    writing: Sequence[Rule], values: Mapping[str, Any], asked: Mapping[str, Any], rendition: Rendition
) -> tuple[list[Written], list[Problem], set[str]]:
    steps: list[Written] = []
    problems = list(rendition.problems)
    named: set[str] = set()
    for rule in writing:
        mine = [one for one in problems if _owns(rule, one)]
        problems = [one for one in problems if one not in mine]
        names = [field_text(path) for path in fields_of(rule)]
        fields = {name: rendition.fields[name] for name in names if name in rendition.fields}
        named |= fields.keys()
        given = {path: value for path, value in values.items() if feeds(rule, path)}
        unmet = _Asked(rule.when_out, CANONICAL).unmet(asked)
        steps.append(Written(rule, given, fields, mine, rule.path in rendition.waiting, unmet))
    return steps, problems, named


def _otherwise(mapping: Compiled, values: Mapping[str, Any], rendition: Rendition) -> dict[str, Any]:
    """Values that the record, read back as it was written, shows in another form."""
    if not mapping.direction.reads:
        return {}
    [back] = mapping.project([Record("", nested(rendition.fields))])
    found = {}
    for path, value in values.items():
        if mapping.pushes(path) and path in back.values and not is_blank(value) and back.values[path] != value:
            found[path] = back.values[path]
    return found


def _looked_at(compiled: Compiled) -> list[FieldPath]:
    """Places of a record that rules or the filter read; what a rule for a list reads of its items is below it."""
    mapping = compiled.source
    if compiled.reads_whole:
        return [()]
    found = [field_path(condition.subject) for condition in mapping.filter_in if condition.subject]
    for rule in mapping.rules:
        if not mapping.reads(rule):
            continue
        if rule.each is None or rule.expr:
            found += fields_of(rule)
            continue
        inner = [rule.each.key, *(path for sub in rule.each.rules for path in fields_of(sub))]
        found += [(*rule.field, "[]", *path) for path in inner]
    named = {place[0] for place in found if place}
    return found + [(name,) for name in compiled.record_fields if name not in named]


def _unmapped(data: Any, looked_at: Sequence[FieldPath], at: FieldPath = ()) -> Iterator[str]:
    """Names of fields that hold something and that nothing reads, in the record's order; each once."""
    if any(len(place) == len(at) and _along(at, place) for place in looked_at):
        return
    within = not at or any(_leads(at, place) for place in looked_at)
    if isinstance(data, Mapping) and data and within:
        for name, value in data.items():
            yield from _unmapped(value, looked_at, (*at, str(name)))
    elif isinstance(data, list) and within:
        seen: dict[str, None] = {}
        for item in data:
            seen.update(dict.fromkeys(_unmapped(item, looked_at, (*at, "[]"))))
        yield from seen
    elif not is_blank(data) and data != {}:
        yield field_text(at).replace(".[]", "[]")


def _leads(at: FieldPath, place: FieldPath) -> bool:
    """Whether the place lies below."""
    return len(place) > len(at) and _along(at, place)


def _along(at: FieldPath, place: FieldPath) -> bool:
    """Whether the place lies on the way; a position in a list counts as any of its items."""
    return all(here == there or (here == "[]" and there.isdigit()) for here, there in zip(at, place, strict=False))
