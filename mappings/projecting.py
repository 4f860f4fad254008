"""Record → canonical: the inward half of a compiled mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from mappings.cel.engine import Told, expression
from mappings.codec import ABSENT, Codec, taker
from mappings.columns import Column, Columns, plain_projections
from mappings.conditions import Conditions, scope_of
from mappings.contract import Projection
from mappings.language import Each, MappingFile, Rule, field_text
from mappings.parts import PartsCodec
from mappings.transforms.base import UnfitError, text_of
from mappings.transforms.registry import build
from model import paths
from model.fields import EntitySchema, FieldSpec
from model.records import Problem, Record, RecordRef

_DATA, _DELETED = attrgetter("data"), attrgetter("deleted")


class _Sink:
    """What one record's projection collects."""

    __slots__ = ("complete", "problems", "references", "told", "values")

    def __init__(self, values: dict[str, Any], problems: list[Problem], told: Told) -> None:
        self.values = values
        self.problems = problems
        self.told = told
        self.references: dict[str, RecordRef] = {}
        self.complete: list[str] = []


Step = Callable[[Mapping[str, Any], _Sink], None]
Source = Callable[[Mapping[str, Any], _Sink], Any]


def _source(rule: Rule) -> Source:
    """Where a rule's value comes from: its field, or its expression (which may raise UnfitError)."""
    if rule.expr:
        computed = expression(rule.expr)
        return lambda data, sink: computed.value(sink.told.of(data))
    take = taker(rule.field)
    return lambda data, _: take(data)


class Projector:
    """Reads pages of records. Plain rules (one top-level field) are read column by column, the others a step each."""

    def __init__(self, mapping: MappingFile, schema: EntitySchema) -> None:
        plain: list[Column] = []
        self._steps: list[Step] = []
        self._filter = Conditions(mapping.filter_in, canonical=False) if mapping.filter_in else None
        rules = [rule for rule in mapping.rules if mapping.reads(rule)]
        asked = [self._filter] if self._filter is not None else []
        for rule in rules:
            column = _plain(rule, schema)
            if column is not None:
                plain.append(column)
            elif rule.when_in:
                conditions = Conditions(rule.when_in, canonical=False)
                asked.append(conditions)
                self._steps.append(_when_step(rule, conditions, _step(rule, schema), schema))
            else:
                self._steps.append(_step(rule, schema))
        self._columns = Columns(plain, ABSENT)
        self._scope = scope_of(rules, asked)

    def project(self, records: Sequence[Record]) -> list[Projection]:
        told = self._scope.page()
        out = self._left_out(records, told)
        if not out:
            return self._projected(list(map(_DATA, records)), told)
        found = iter(self._projected([record.data for at, record in enumerate(records) if at not in out], told))
        return [out[at] if at in out else next(found) for at in range(len(records))]

    def _left_out(self, records: Sequence[Record], told: Told) -> dict[int, Projection]:
        """The projections of records that say nothing (deleted) or are kept out by the filter, by position.

        A filter that cannot be computed is a problem of the whole record: nobody knows whether it should be here.
        """
        out: dict[int, Projection] = {}
        if True in map(_DELETED, records):
            out = {at: Projection({}) for at, record in enumerate(records) if record.deleted}
        if self._filter is not None:
            for at, record in enumerate(records):
                if at in out:
                    continue
                try:
                    failing = self._filter.failing(record.data, told)
                except UnfitError as unfit:
                    out[at] = Projection({}, problems=[Problem(unfit.code, f"filter: {unfit.message}")])
                    continue
                if failing is not None:
                    out[at] = Projection({}, skipped=f"filter: {failing}")
        return out

    def _projected(self, rows: Sequence[Mapping[str, Any]], told: Told) -> list[Projection]:
        values, problems = self._columns.over(rows)
        if self._steps:
            return [self._stepped(row, _Sink(values[at], problems.get(at, []), told)) for at, row in enumerate(rows)]
        projections = plain_projections(values)
        for at, found in problems.items():
            projections[at] = Projection(values[at], problems=found)
        return projections

    def _stepped(self, data: Mapping[str, Any], sink: _Sink) -> Projection:
        for step in self._steps:
            step(data, sink)
        return Projection(sink.values, sink.references, sink.problems, None, sink.complete)


def _step(rule: Rule, schema: EntitySchema) -> Step:
    if rule.each is not None:
        return _each_step(rule, rule.each, schema)
    if len(rule.paths) > 1:
        return _parts_step(PartsCodec(rule, schema))
    if rule.reference is not None:
        return _reference_step(rule, spec_of(schema, rule.path))
    return _codec_step(rule, Codec(rule, spec_of(schema, rule.path)))


def _plain(rule: Rule, schema: EntitySchema) -> Column | None:
    """The column of a rule that only looks at one top-level field; None for any other."""
    if rule.when_in or rule.each is not None or len(rule.paths) > 1 or rule.reference is not None:
        return None
    if len(rule.fields) != 1 or len(rule.field) != 1:
        return None
    codec = Codec(rule, spec_of(schema, rule.path))
    return _column(rule, codec) if codec.beside is None else None


def _when_step(rule: Rule, conditions: Conditions, step: Step, schema: EntitySchema) -> Step:
    """A step taken only where the rule's conditions hold; elsewhere the rule says nothing."""
    specs = [None if rule.each is not None else spec_of(schema, path) for path in rule.paths]

    def conditional(data: Mapping[str, Any], sink: _Sink) -> None:
        try:
            failing = conditions.failing(data, sink.told)
        except UnfitError as unfit:
            asked = UnfitError(unfit.code, f"when: {unfit.message}")
            sink.problems += [problem_of(asked, rule, path, spec) for path, spec in zip(rule.paths, specs, strict=True)]
            return
        if failing is None:
            step(data, sink)

    return conditional


def _column(rule: Rule, codec: Codec) -> Column:
    forward, blank = codec.forward, codec.blank_in
    return Column(
        (rule.field[0], rule.path),
        codec,
        lambda value: blank if value is None else value if value is ABSENT else forward(value),
        lambda unfit: problem_of(unfit, rule, rule.path, codec.spec),
        form=codec.settled,
        longest=codec.longest,
        blank=blank,
        blanks_differ=rule.empty_kept,
    )


def spec_of(schema: EntitySchema, path: str) -> FieldSpec:
    """The field of a path that was checked; raises KeyError where the check was left out."""
    spec = schema.field(path)
    if spec is None:
        raise KeyError(path)
    return spec


def problem_of(unfit: UnfitError, rule: Rule, path: str, spec: FieldSpec | None) -> Problem:
    """A bad value concerns its path; in a field no record can do without, it concerns the record."""
    name = field_text(rule.field) if rule.fields else None
    whole = spec is not None and spec.required and paths.split(path)[1] is None
    return Problem(unfit.code, f"{name or path} {unfit.message}", name, None if whole else path)


def _take(path: str, codec: Codec, data: Mapping[str, Any], sink: _Sink) -> None:
    try:
        value = codec.read(data)
    except UnfitError as unfit:
        sink.problems.append(problem_of(unfit, codec.rule, path, codec.spec))
        return
    if value is not ABSENT:
        sink.values[path] = value


def _codec_step(rule: Rule, codec: Codec) -> Step:
    path = rule.path
    if not rule.expr:
        return lambda data, sink: _take(path, codec, data, sink)
    source, settled = _source(rule), _settled(codec)

    def step(data: Mapping[str, Any], sink: _Sink) -> None:
        try:
            value = source(data, sink)
            if type(value) is not str or not settled(value):
                value = codec.read_value(value, data)
        except UnfitError as unfit:
            sink.problems.append(problem_of(unfit, rule, path, codec.spec))
            return
        if value is not ABSENT:
            sink.values[path] = value

    return step


def _settled(codec: Codec) -> Callable[[str], Any]:
    """Whether a text is taken as it is. (As columns do it, a text at a time.)"""
    if codec.is_text:
        longest = codec.longest
        return bool if longest is None else lambda text: 0 < len(text) <= longest
    return codec.settled.fits if codec.settled is not None else lambda _: False


def _reference_step(rule: Rule, spec: FieldSpec) -> Step:
    path, source = rule.path, _source(rule)
    stream = rule.reference.stream if rule.reference else ""
    starts = rule.reference.starts if rule.reference else ""
    forwards = [build(step.name, step.options).forward for step in rule.transforms]

    def step(data: Mapping[str, Any], sink: _Sink) -> None:
        try:
            value = source(data, sink)
            if value is ABSENT:
                return
            if value is None or value == "":
                sink.values[path] = None
                return
            for forward in forwards:
                value = forward(value)
            key = text_of(int(value) if isinstance(value, float) and value.is_integer() else value)
        except UnfitError as unfit:
            sink.problems.append(problem_of(unfit, rule, path, spec))
            return
        if key.startswith(starts):
            sink.references[path] = RecordRef(stream, key)
        else:
            sink.values[path] = None

    return step


def _parts_step(codec: PartsCodec) -> Step:
    rule = codec.rule
    source = _source(rule)

    def step(data: Mapping[str, Any], sink: _Sink) -> None:
        try:
            unfit = codec.read_value(source(data, sink), sink.values)
        except UnfitError as error:
            sink.problems += [problem_of(error, rule, path, None) for path in rule.paths]
            return
        if unfit:
            sink.problems += [problem_of(error, rule, path, None) for path, error in unfit.items()]

    return step


def item_key(value: Any) -> str:
    """An item's key as it stands between the brackets of a path. Raises UnfitError."""
    text = text_of(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    if not text or "[" in text or "]" in text or text == "*":
        raise UnfitError("bad-item-key", "has an item whose key is missing or holds brackets")
    return text


def _each_step(rule: Rule, each: Each, schema: EntitySchema) -> Step:
    name, source, take_key = rule.path, _source(rule), taker(each.key)
    codecs = [(f".{sub.path}" if sub.path else "", item_codec(name, sub, schema)) for sub in each.rules]

    def step(data: Mapping[str, Any], sink: _Sink) -> None:
        try:
            items = source(data, sink)
        except UnfitError as unfit:
            sink.problems.append(problem_of(unfit, rule, name, None))
            return
        if items is ABSENT:
            return
        if items is not None and not isinstance(items, list):
            sink.problems.append(problem_of(UnfitError("not-a-list", "is not a list"), rule, name, None))
            return
        seen: set[str] = set()
        unsure: set[str] = set()
        for item in items or ():
            try:
                key = _checked_key(item, take_key, seen)
            except UnfitError as unfit:
                sink.problems.append(problem_of(unfit, rule, name, None))
                continue
            for leaf, codec in codecs:
                path = f"{name}[{key}]{leaf}"
                _take(path, codec, item, sink)
                if path not in sink.values:
                    unsure.add(leaf)
        if len(seen) == len(items or ()):  # with an item that could not be told apart, nothing counts as removed
            sink.complete += [f"{name}[*]{leaf}" for leaf, _ in codecs if leaf not in unsure]

    return step


def _checked_key(item: Any, take: Callable[[Mapping[str, Any]], Any], seen: set[str]) -> str:
    if not isinstance(item, Mapping):
        raise UnfitError("bad-item", "has an item that is not an object")
    value = take(item)
    if value is ABSENT or value is None:
        raise UnfitError("bad-item-key", "has an item whose key is missing or holds brackets")
    key = item_key(value)
    if key in seen:
        raise UnfitError("duplicate-item", "has two items with one key")
    seen.add(key)
    return key


def item_codec(name: str, sub: Rule, schema: EntitySchema) -> Codec:
    """The codec of one attribute of a list's items."""
    return Codec(sub, spec_of(schema, f"{name}[].{sub.path}" if sub.path else f"{name}[]"))
