"""Canonical → record: the outward half of a compiled mapping. Only what was asked for is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from mappings.codec import ABSENT, Codec, Texts, is_blank, put_into, taker
from mappings.contract import Blank, RenderRequest, Rendition, Strength
from mappings.language import Each, MappingFile, Rule, field_text
from mappings.projecting import item_codec, item_key, problem_of, spec_of
from mappings.transforms.base import UnfitError
from mappings.transforms.registry import build
from model import paths
from model.fields import EntitySchema
from model.records import Problem


class _Sink:
    """What the rendition of one entity collects."""

    __slots__ = ("fields", "problems", "request", "waiting")

    def __init__(self, request: RenderRequest) -> None:
        self.request = request
        self.fields: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.waiting: list[str] = []

    def put(self, name: str, value: Any, path: str) -> None:
        if name in self.fields and self.fields[name] != value:
            self.problems.append(
                Problem("two-values", f"{name} would have to hold two different values at once", name, path)
            )
            return
        self.fields[name] = value


class _Writer(Protocol):
    def render(self, sink: _Sink) -> None: ...


class _Plain:
    """Blank policies, strength and fillers are the same for every rule; what a value becomes differs."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.path = rule.path
        self.name = field_text(rule.field)
        self._take = taker(rule.field)
        self._simple = rule.strength in (Strength.ON_CHANGE, Strength.ENFORCE)

    def render(self, sink: _Sink) -> None:
        request = sink.request
        creating = request.paths is None
        try:
            value = self.value(request)
            if is_blank(value):
                self._blank(sink, creating=creating)
            elif creating or self._simple or self._pushes(request):
                self.write(value, sink)
        except UnfitError as unfit:
            sink.problems.append(problem_of(unfit, self.rule, self.path, None))

    def value(self, request: RenderRequest) -> Any:
        return request.values.get(self.path)

    def write(self, value: Any, sink: _Sink) -> None:
        raise NotImplementedError

    def clear(self, sink: _Sink) -> None:
        sink.put(self.name, self.rule.placeholder, self.path)

    def _blank(self, sink: _Sink, *, creating: bool) -> None:
        rule = self.rule
        if creating:
            filler = rule.default if rule.default is not None else rule.placeholder
            if filler is not None:
                sink.put(self.name, filler, self.path)
        elif rule.blank_out is Blank.CLEAR and (self._simple or self._pushes(sink.request)):
            self.clear(sink)

    def _pushes(self, request: RenderRequest) -> bool:
        """Whether an update may write the field at all."""
        if self.rule.strength is Strength.CREATE_ONLY:
            return False
        if self.rule.strength is Strength.IF_EMPTY and request.current is not None:
            there = self._take(request.current)
            return there is ABSENT or is_blank(there)
        return True


class _Value(_Plain):
    def __init__(self, rule: Rule, codec: Codec) -> None:
        super().__init__(rule)
        self.codec = codec
        unbounded = rule.max_length is None and codec.limit is None
        self.settled = (bool if codec.is_text else codec.settled_back) if unbounded else None

    def write(self, value: Any, sink: _Sink) -> None:
        if type(value) is str and self.settled is not None and self.settled(value):
            sink.put(self.name, value, self.path)
            return
        pairs = self.codec.write(value)
        for path, written in pairs:
            sink.put(field_text(path) if path is not self.rule.field else self.name, written, self.path)
        if len(pairs) == 1 and pairs[0][0] is self.rule.field:
            self.codec.recall(value, pairs[0][1])

    def clear(self, sink: _Sink) -> None:
        sink.put(self.name, self.codec.blank_value(), self.path)
        for path in self.rule.fields[1:]:
            sink.put(field_text(path), None, self.path)


class _Reference(_Plain):
    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        steps = [build(step.name, step.options) for step in rule.transforms]
        self._backs = [step.back for step in reversed(steps) if step.back is not None]

    def write(self, value: Any, sink: _Sink) -> None:
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


class _Names(_Plain):
    """One field from full, given and family name: what changed decides; on create the parts, where both are known."""

    def value(self, request: RenderRequest) -> Any:
        full, given, family = (request.values.get(name) for name in ("full_name", "given_name", "family_name"))
        known = self.rule.paths
        given, family = (given if "given_name" in known else None), (family if "family_name" in known else None)
        full = full if "full_name" in known else None
        only_full = request.paths is not None and not request.paths & {"given_name", "family_name"}
        back = build("full_name").back
        triple = (full, None, None) if only_full and full else (full, given, family)
        return back(triple) if back else None

    def write(self, value: Any, sink: _Sink) -> None:
        limit = self.rule.max_length
        sink.put(self.name, value if limit is None else value[:limit].rstrip(), self.path)


class _List(_Plain):
    """A list that is replaced as a whole: it starts from the current one and keeps what it does not know."""

    def __init__(self, rule: Rule, each: Each, schema: EntitySchema) -> None:
        super().__init__(rule)
        self.each = each
        self._codecs = {sub.path: item_codec(rule.path, sub, schema) for sub in each.rules}
        self._key = taker(each.key)

    def render(self, sink: _Sink) -> None:
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

    def _item(self, key: str, leaves: Mapping[str, Any], current: Mapping[str, Any], sink: _Sink) -> dict[str, Any]:
        item = dict(current)
        if not current:
            put_into(item, self.each.key, key)
        for leaf, codec in self._codecs.items():
            if leaf not in leaves:
                continue
            try:
                value = leaves[leaf]
                written = ((codec.rule.field, codec.blank_value()),) if is_blank(value) else codec.write(value)
                for place, one in written:
                    put_into(item, place, one)
            except UnfitError as unfit:
                place_name = f"{self.path}[{key}].{leaf}".rstrip(".")
                sink.problems.append(problem_of(unfit, codec.rule, place_name, None))
        return item


class Renderer:
    """Writes pages of entities."""

    def __init__(self, mapping: MappingFile, schema: EntitySchema, limits: Mapping[str, int]) -> None:
        self._defaults = dict(mapping.record_defaults)
        self._writers: list[_Writer] = []
        # Of rules that write one value: their path, what tells texts written as they are, and what others became.
        self._order: list[tuple[str, str, Callable[[str], Any] | None, dict[str, str], _Writer]] = []
        self._index: dict[str, int] = {}
        self._lists: dict[str, int] = {}
        for rule in mapping.rules:
            if not mapping.writes(rule):
                continue
            at = len(self._writers)
            writer = _writer(rule, schema, limits)
            self._writers.append(writer)
            path, settled = (rule.path, writer.settled) if isinstance(writer, _Value) else ("", None)
            recalled = writer.codec.recalled if isinstance(writer, _Value) else {}
            self._order.append((path, field_text(rule.field), settled, recalled, writer))
            if rule.each is not None:
                self._lists[rule.path] = at
            else:
                self._index.update(dict.fromkeys(rule.paths, at))

        names = [name for _, name, _, _, _ in self._order]
        once = {name for name in names if names.count(name) == 1}
        texts = [(path, name, None) for path, name, settled, _, _ in self._order if settled is bool and name in once]
        self._texts = Texts(texts)
        self._others = [line for line in self._order if (line[0], line[1], None) not in texts]

    def render(self, requests: Sequence[RenderRequest]) -> list[Rendition]:
        return [self._one(request) for request in requests]

    def _one(self, request: RenderRequest) -> Rendition:
        sink = _Sink(request)
        if request.paths is None:
            values, fields = request.values, sink.fields
            texts = self._texts.taken(values)
            if texts is not None:
                fields.update(texts)
            for path, name, settled, recalled, writer in self._order if texts is None else self._others:
                value = values.get(path)
                if type(value) is str and name not in fields:
                    if settled is not None and settled(value):
                        fields[name] = value
                        continue
                    if value in recalled:
                        fields[name] = recalled[value]
                        continue
                writer.render(sink)
            for name, value in self._defaults.items():
                sink.fields.setdefault(name, value)
        else:
            for at in sorted(self._asked(request.paths)):
                self._writers[at].render(sink)
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


def _writer(rule: Rule, schema: EntitySchema, limits: Mapping[str, int]) -> _Writer:
    if rule.each is not None:
        return _List(rule, rule.each, schema)
    if len(rule.paths) > 1:
        return _Names(rule)
    if rule.reference is not None:
        return _Reference(rule)
    limit = limits.get(field_text(rule.field)) if rule.fields else None
    return _Value(rule, Codec(rule, spec_of(schema, rule.path), limit))
