"""Canonical → record: the outward half of a compiled mapping. Only what was asked for is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from mappings.cel.engine import CANONICAL, Told
from mappings.codec import ABSENT, Codec, is_blank, put_into, taker
from mappings.columns import Column, Columns, plain_renditions
from mappings.conditions import Conditions, scope_of
from mappings.contract import RenderRequest, Rendition
from mappings.language import Each, MappingFile, Rule, Test, field_text
from mappings.parts import PartsCodec
from mappings.projecting import item_codec, item_key, problem_of, spec_of
from mappings.transforms.base import UnfitError
from mappings.transforms.registry import build
from mappings.writers import Plain, Sink, Writer
from model import paths
from model.fields import EntitySchema
from model.records import Problem


class _Value(Plain):
    def __init__(self, rule: Rule, codec: Codec) -> None:
        super().__init__(rule)
        self.codec = codec
        keyed = codec.sibling is not None and "[" in rule.path
        self._sibling = f"{paths.item(rule.path)}.{codec.sibling}" if keyed else codec.sibling
        self._fits: Callable[[str], Any] | None = None
        if codec.bound is None and codec.is_text:
            self._fits = bool
        elif codec.bound is None and codec.settled_back is not None:
            self._fits = codec.settled_back.fits

    def write(self, value: Any, sink: Sink) -> None:
        if type(value) is str and self._fits is not None and self._fits(value):
            sink.put(self.name, value, self.path)
            return
        if value == "":  # kept apart from null; no transform ever sees it
            sink.put(self.name, value, self.path)
            return
        sibling = None if self._sibling is None else sink.request.values.get(self._sibling)
        for path, written in self.codec.write(value, sibling):
            sink.put(field_text(path) if path is not self.rule.field else self.name, written, self.path)

    @property
    def read_by(self) -> str | None:
        """The field beside by which the value is read, and which this rule does not write itself."""
        beside = self.codec.beside
        return None if beside is None or self.codec.beside_written else field_text(beside)

    def stay(self, sink: Sink) -> None:
        """The field beside is being written: write the value, too, where it would now be read as another one.

        A number without its country prefix belongs to the country that stands beside it.
        """
        current, place = sink.request.current, self.codec.beside
        if place is None or not self._simple or self.name in sink.fields:
            return
        if current is None:  # what is there is not known; it is what was agreed on
            value = self.value(sink.request)
        else:
            value, later = self._read(current), dict(current)
            put_into(later, place, sink.fields[field_text(place)])
            if value == self._read(later):
                return
        if value is not ABSENT and not is_blank(value):
            with suppress(UnfitError):
                self.write(value, sink)

    def _read(self, data: Mapping[str, Any]) -> Any:
        try:
            return self.codec.read(data)
        except UnfitError:
            return ABSENT

    @property
    def writes_one(self) -> bool:
        return len(self.rule.fields) == 1 and self.codec.beside is None and self.codec.sibling is None

    def column(self) -> Column:
        """The same for creates, of a codec that writes one field."""
        rule, write = self.rule, self.codec.write
        filler = next((one for one in (rule.default, rule.placeholder) if one is not None), ABSENT)

        def convert(value: Any) -> Any:
            if is_blank(value):
                return value if value == "" and rule.empty_kept else filler
            pairs = write(value)
            return pairs[0][1] if pairs else ABSENT

        return Column(
            (self.path, self.name),
            self.codec,
            convert,
            lambda unfit: problem_of(unfit, rule, self.path, None),
            form=self.codec.settled_back,
            longest=self.codec.bound,
            blank=filler,
            blanks_differ=rule.empty_kept,
        )

    def clear(self, sink: Sink) -> None:
        sink.put(self.name, self.codec.blank_value(), self.path)
        for path in self.rule.fields[1:]:
            sink.put(field_text(path), None, self.path)


class _Reference(Plain):
    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        steps = [build(step.name, step.options) for step in rule.transforms]
        self._backs = [step.back for step in reversed(steps) if step.back is not None]

    def write(self, value: Any, sink: Sink) -> None:
        reference = self.rule.reference
        key: Any = sink.request.keys(reference.stream, value) if reference else None
        if key is None:
            sink.waiting.append(self.path)
            return
        for back in self._backs:
            key = back(key)
        if reference is not None and reference.number:
            try:
                key = int(key)
            except (TypeError, ValueError):
                raise UnfitError("not-a-number", "points to a record whose key is not a number") from None
        sink.put(self.name, key, self.path)


class _Parts(Plain):
    """One field put together of several paths. What cannot be written is a problem of the first that was asked for."""

    def __init__(self, rule: Rule, schema: EntitySchema, limit: int | None) -> None:
        super().__init__(rule)
        self.codec = PartsCodec(rule, schema, limit)

    def render(self, sink: Sink) -> None:
        before = len(sink.problems)
        super().render(sink)
        asked = sink.request.paths
        news = next((path for path in self.rule.paths if asked is None or path in asked), self.path)
        sink.problems[before:] = [one._replace(path=news) for one in sink.problems[before:]]

    def value(self, request: RenderRequest) -> Any:
        return self.codec.write(request.values, request.paths)

    def write(self, value: Any, sink: Sink) -> None:
        sink.put(self.name, value, self.path)


class _List(Plain):
    """A list that is replaced as a whole: it starts from the current one and keeps what it does not know."""

    def __init__(self, rule: Rule, each: Each, schema: EntitySchema) -> None:
        super().__init__(rule)
        self.each = each
        self._codecs = {sub.path: item_codec(rule.path, sub, schema) for sub in each.rules}
        self._key = taker(each.key)

    def render(self, sink: Sink) -> None:
        request = sink.request
        if request.paths is not None and not self._simple and not self._pushes(request):
            return
        wanted = self._wanted(request.values)
        if request.paths is None and not wanted:
            return
        asked = {paths.split(path)[1] for path in request.paths or () if path.startswith(f"{self.path}[")}
        there = self._take(request.current) if request.current is not None else None
        result = []
        for item in there if isinstance(there, list) else ():
            key = self._key_of(item)
            if key is None or (key not in wanted and key not in asked):
                result.append(item)
            elif key in wanted:
                result.append(self._item(key, wanted.pop(key), item, sink))
        result += [self._item(key, wanted[key], {}, sink) for key in sorted(wanted)]
        sink.put(self.name, result, self.path)

    def _wanted(self, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        start = f"{self.path}["
        found: dict[str, dict[str, Any]] = {}
        for path, value in values.items():
            if path.startswith(start):
                _, key, leaf = paths.split(path)
                found.setdefault(key or "", {})[leaf or ""] = value
        return {key: leaves for key, leaves in found.items() if not all(map(is_blank, leaves.values()))}

    def _key_of(self, item: Any) -> str | None:
        try:
            value = self._key(item) if isinstance(item, Mapping) else None
            return None if value is None or value is ABSENT else item_key(value)
        except UnfitError:
            return None

    def _item(self, key: str, leaves: Mapping[str, Any], current: Mapping[str, Any], sink: Sink) -> dict[str, Any]:
        item = dict(current)
        if not current:
            put_into(item, self.each.key, key)
        for leaf, codec in self._codecs.items():
            if leaf not in leaves:
                continue
            try:
                value = leaves[leaf]
                sibling = None if codec.sibling is None else leaves.get(codec.sibling)
                empty = value if value == "" and codec.rule.empty_kept else codec.blank_value()
                written = ((codec.rule.field, empty),) if is_blank(value) else codec.write(value, sibling)
                for place, one in written:
                    put_into(item, place, one)
            except UnfitError as unfit:
                place_name = f"{self.path}[{key}].{leaf}".rstrip(".")
                sink.problems.append(problem_of(unfit, codec.rule, place_name, None))
        return item


class _When:
    """A rule with conditions: where they do not hold, it writes nothing."""

    def __init__(self, rule: Rule, writer: Writer) -> None:
        self.rule, self.writer = rule, writer
        self.conditions = Conditions(rule.when_out, canonical=True)

    def render(self, sink: Sink) -> None:
        try:
            failing = self.conditions.failing(sink.request.values, sink.told)
        except UnfitError as unfit:
            asked = UnfitError(unfit.code, f"when: {unfit.message}")
            sink.problems.append(problem_of(asked, self.rule, self.rule.path, None))
            return
        if failing is None:
            self.writer.render(sink)


class Renderer:
    """Writes pages of entities. On create, rules that write one field are written column by column."""

    def __init__(self, mapping: MappingFile, schema: EntitySchema, limits: Mapping[str, int]) -> None:
        self._defaults = dict(mapping.record_defaults)
        self._others: list[Writer] = []  # not written column by column
        self._index: dict[str, int] = {}
        self._lists: dict[str, int] = {}
        plain: list[Column] = []
        rules = [rule for rule in mapping.rules if mapping.writes(rule)]
        writers = [_writer(rule, schema, limits) for rule in rules]
        self._accepts = Conditions([one for one in mapping.filter_out if one.test is Test.EXPR], canonical=True)
        asked = [self._accepts]
        beside = {name for writer in writers for name in _beside(writer)}
        for at, (rule, writer) in enumerate(zip(rules, writers, strict=True)):
            if isinstance(writer, _Value) and writer.writes_one and writer.name not in beside:
                plain.append(writer.column())
            else:
                self._others.append(writer)
            if isinstance(writer, _When):
                asked.append(writer.conditions)
            if rule.each is not None:
                self._lists[rule.path] = at
            else:
                self._index.update(dict.fromkeys(rule.paths, at))
        self._writers = writers
        names = [(*map(field_text, rule.fields), *_beside(writer)) for rule, writer in zip(rules, writers, strict=True)]
        self._names = tuple(name for some in names for name in some)
        self._columns = Columns(plain, None)
        self._read_by: dict[str, list[_Value]] = {}
        for writer in writers:
            if isinstance(writer, _Value) and writer.read_by is not None:
                self._read_by.setdefault(writer.read_by, []).append(writer)
        self._scope = scope_of((), asked, CANONICAL)

    def render(self, requests: Sequence[RenderRequest]) -> list[Rendition]:
        told = self._scope.page()
        creates = [request for request in requests if request.paths is None]
        if len(creates) == len(requests):
            return self._created(creates, told)
        created = iter(self._created(creates, told))
        return [self._one(request, told) if request.paths is not None else next(created) for request in requests]

    def _created(self, requests: Sequence[RenderRequest], told: Told) -> list[Rendition]:
        fields, problems = self._columns.over([request.values for request in requests])
        if self._others:
            made = [self._with_others(Sink(request, fields[at], told)) for at, request in enumerate(requests)]
        else:
            made = plain_renditions(fields)
        for at in problems:
            made[at] = self._one(requests[at], told)
        if self._accepts.expressions:
            made = [self._decided(request, made[at], told) for at, request in enumerate(requests)]
        for name, value in self._defaults.items():
            for rendition in made:
                rendition.fields.setdefault(name, value)
        return made

    def _decided(self, request: RenderRequest, made: Rendition, told: Told) -> Rendition:
        """A create whose filter could not be computed is a problem of the whole entity."""
        try:
            self._accepts.failing(request.values, told)
        except UnfitError as unfit:
            return made._replace(problems=[Problem(unfit.code, f"filter: {unfit.message}"), *made.problems])
        return made

    def _with_others(self, sink: Sink) -> Rendition:
        for writer in self._others:
            writer.render(sink)
        in_order = {name: sink.fields[name] for name in self._names if name in sink.fields}
        return Rendition(in_order, sink.problems, sink.waiting)

    def _one(self, request: RenderRequest, told: Told) -> Rendition:
        """Rule by rule, so that problems stand in the order of the rules."""
        sink = Sink(request, {}, told)
        asked = range(len(self._writers)) if request.paths is None else sorted(self._asked(request.paths))
        for at in asked:
            self._writers[at].render(sink)
        if self._read_by and request.paths is not None:
            for name in [name for name in sink.fields if name in self._read_by]:
                for writer in self._read_by[name]:
                    writer.stay(sink)
        return Rendition(sink.fields, sink.problems, sink.waiting)

    def _asked(self, asked: frozenset[str]) -> set[int]:
        found: set[int] = set()
        for path in asked:
            at = self._index.get(path)
            if at is None and self._lists and "[" in path:
                at = self._lists.get(path.partition("[")[0])
            if at is not None:
                found.add(at)
        return found


def _beside(writer: Writer) -> tuple[str, ...]:
    """The field that a writer fills besides those of its rule."""
    if isinstance(writer, _When):
        return _beside(writer.writer)
    beside = writer.codec.beside if isinstance(writer, _Value) else None
    return () if beside is None else (field_text(beside),)


def _writer(rule: Rule, schema: EntitySchema, limits: Mapping[str, int]) -> Writer:
    writer = _unconditional(rule, schema, limits)
    return _When(rule, writer) if rule.when_out else writer


def _unconditional(rule: Rule, schema: EntitySchema, limits: Mapping[str, int]) -> Writer:
    if rule.each is not None:
        return _List(rule, rule.each, schema)
    limit = limits.get(field_text(rule.field)) if rule.fields else None
    if len(rule.paths) > 1:
        return _Parts(rule, schema, limit)
    if rule.reference is not None:
        return _Reference(rule)
    return _Value(rule, Codec(rule, spec_of(schema, rule.path), limit))
