"""Running a mapping's examples: inwards, outwards, and what came out otherwise than written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mappings.checking.examples import stated
from mappings.codec import ABSENT, is_blank
from mappings.compile import Compiled
from mappings.contract import Projection, RenderRequest, Rendition
from mappings.language import Example, FieldPath, MappingFile, Rule, field_path, field_text
from mappings.proving.trace import feeds, fields_of, nested, rule_of_field, rule_of_path, taken
from model.fields import EntitySchema, Kind
from model.records import Problem, Record, RecordRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that came out otherwise. ``way`` is ``in`` or ``out``; ``where`` a canonical path or a record field.

    `ABSENT` stands for what was not expected, or is not there. ``message`` says what a pair of values cannot say.
    """

    way: str
    where: str
    expected: Any = ABSENT
    got: Any = ABSENT
    message: str = ""
    code: str = ""
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One example, run. ``ways`` are the directions in which it was."""

    example: Example
    differences: Sequence[Difference]
    ways: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.differences


def try_examples(mapping: Compiled, schema: EntitySchema) -> list[Trial]:
    """Run all examples of a mapping."""
    return [_Trying(mapping, schema, example).trial() for example in mapping.source.examples]


class _Trying:
    def __init__(self, mapping: Compiled, schema: EntitySchema, example: Example) -> None:
        self.mapping, self.schema, self.example = mapping, schema, example
        self.source: MappingFile = mapping.source
        self.canonical = {path: self._stated(path, value) for path, value in (example.canonical or {}).items()}
        self.unmet = list(example.problems)  # listed problems that were not met yet
        self.listed = frozenset(example.problems)
        self.failed: set[str] = set()  # canonical paths whose value could not be read

    def trial(self) -> Trial:
        ways: list[str] = []
        found: list[Difference] = []
        example, direction = self.example, self.mapping.direction
        if example.record is not None and direction.reads:
            ways.append("in")
            found += self._inward(self.mapping.project([Record("example", example.record)])[0])
        if example.canonical is not None and direction.writes:
            ways.append("out")
            found += self._outward()
        found += [
            Difference(way=ways[-1] if ways else "in", where=one, message="was to be a problem, and is none")
            for one in self.unmet
        ]
        return Trial(example, found, tuple(ways))

    def _stated(self, path: str, value: Any) -> Any:
        """A value of the example as projections give it: a reference as stream and key."""
        spec = self.schema.field(path)
        if spec is None or spec.kind is not Kind.REFERENCE or value is None:
            return value if spec is None else stated(value, spec)
        if isinstance(value, dict):
            return RecordRef(value["stream"], value["key"])
        return RecordRef(self.mapping.reference_streams.get(path, ""), value)

    def _inward(self, projection: Projection) -> Iterator[Difference]:
        if projection.skipped is not None or self.example.skipped:
            if projection.skipped is None:
                yield Difference(way="in", where="record", message="was to be skipped, but the filter lets it through")
            elif not self.example.skipped:
                yield Difference(way="in", where="record", message=f"is skipped ({projection.skipped})")
            return
        yield from self._problems("in", projection.problems)
        self.failed = {one.path for one in projection.problems if one.path is not None}
        if self.example.canonical is None:
            return
        got = {**projection.values, **projection.references}
        for path in dict.fromkeys((*self.canonical, *got)):
            expected, found = self.canonical.get(path, ABSENT), got.get(path, ABSENT)
            if not _same(expected, found):
                rule = rule_of_path(self.source, path)
                yield Difference(way="in", where=path, expected=expected, got=found, rule=rule)

    def _problems(self, way: str, problems: Sequence[Problem]) -> Iterator[Difference]:
        for one in problems:
            names = {name for name in (one.path, one.field, one.code) if name is not None}
            if names & self.listed:
                self.unmet = [listed for listed in self.unmet if listed not in names]
                continue
            where = one.path or one.field or "record"
            rule = rule_of_path(self.source, one.path) if one.path else None
            yield Difference(way=way, where=where, message=one.message, code=one.code, rule=rule)

    def _outward(self) -> Iterator[Difference]:
        values = {path: value.key if isinstance(value, RecordRef) else value for path, value in self.canonical.items()}
        refused = self.mapping.accepts(values)
        if refused is not None or self.example.unwritten:
            if refused is None:
                yield Difference(
                    way="out", where="record", message="was not to be written, but no filter is against it"
                )
            elif not self.example.unwritten:
                yield Difference(way="out", where="record", message=f"is not written ({refused}); say write: none")
            return
        request = RenderRequest(values, None, lambda _, entity_id: entity_id, self.example.record)
        [rendition] = self.mapping.render([request])
        yield from self._problems("out", rendition.problems)
        refused_paths = {one.path for one in rendition.problems if one.path is not None}
        for path in self._fields(rendition):
            yield from self._field(path, rendition, refused_paths)

    def _fields(self, rendition: Rendition) -> dict[FieldPath, None]:
        """Every record field that is written, or that the example expects to be."""
        writing = [rule for rule in self.source.rules if self.source.writes(rule)]
        names = [path for rule in writing for path in fields_of(rule)]
        names += [field_path(name) for name in (*rendition.fields, *(self.example.write or ()))]
        return dict.fromkeys(names)

    def _field(self, path: FieldPath, rendition: Rendition, refused: set[str]) -> Iterator[Difference]:
        name = field_text(path)
        rule = rule_of_field(self.source, path)
        written = rendition.fields.get(name, ABSENT)
        overriding = nested(self.example.write or {})
        expected = taken(overriding, path)
        if expected is ABSENT:
            if rule is not None and any(feeds(rule, one) for one in self.failed | refused):
                return
            expected = taken(self.example.record or {}, path)
            if expected is ABSENT and self._filled(rule, name, written):
                return
        if _same(expected, written) or (_nothing(expected) and _nothing(written)):
            return
        if rule is not None and written is ABSENT and self._withheld(rule):
            return
        if rule is not None and rule.fields and path not in rule.fields and written is ABSENT:
            return  # a field that is only looked at
        yield Difference(way="out", where=name, expected=expected, got=written, rule=rule)

    def _withheld(self, rule: Rule) -> bool:
        """Whether the rule's conditions keep it from being written."""
        mine = [path for path in self.canonical if feeds(rule, path)]
        return any(self.mapping.withholds(path, self.canonical) for path in mine)

    def _filled(self, rule: Rule | None, name: str, written: Any) -> bool:
        """Whether the value is a filler given on create, which an example need not repeat."""
        if rule is None:
            return bool(self.source.record_defaults.get(name, ABSENT) == written)
        blank = all(is_blank(self.canonical.get(path)) for path in rule.paths)
        return blank and (written in (rule.default, rule.placeholder) or name in self.source.record_defaults)


def _nothing(value: Any) -> bool:
    return value is ABSENT or is_blank(value)


def _same(expected: Any, got: Any) -> bool:
    if expected is ABSENT or got is ABSENT:
        return expected is got
    return bool(expected == got) and isinstance(expected, bool) == isinstance(got, bool)
