"""A `MappingFile` made ready to run, and `load`: from text to there in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from operator import attrgetter, itemgetter
from typing import Any

import orjson

from mappings.cel.engine import CANONICAL, Expression, expression
from mappings.checking.mapping import FieldFacts, check
from mappings.codec import Codec
from mappings.conditions import Conditions, scope_of
from mappings.contract import Blank, Direction, Match, OnDelete, Projection, RenderRequest, Rendition, Strength
from mappings.language import LANGUAGE, Condition, FieldPath, Lifecycle, MappingFile, Rule, Test, field_path, meaning
from mappings.parts import PartsCodec
from mappings.projecting import Projector, item_codec, spec_of
from mappings.reading.extending import Fetch, Source, read_source
from mappings.reading.meant import nearest, shown
from mappings.reading.nodes import Notes
from mappings.reading.parse import file_stem, parse_source
from mappings.rendering import Renderer
from mappings.transforms.base import UnfitError
from model import paths
from model.diagnostics import Diagnostic, Severity
from model.fields import EntitySchema
from model.records import Record

_DATA, _DELETED = attrgetter("data"), attrgetter("deleted")
_ABSENT = {"\x00": "absent"}  # no record holds this, so that a missing field and a null one differ


class Compiled:
    """A compiled mapping; implements `mappings.contract.CompiledMapping`."""

    def __init__(self, mapping: MappingFile, schema: EntitySchema, limits: Mapping[str, int]) -> None:
        self.source, self._made_from = mapping, (schema, limits)
        mapping = mapping.running()
        self.name = mapping.name
        self.version = version_of(mapping, schema)
        self.connection = mapping.connection
        self.stream = mapping.stream
        self.entity = mapping.entity
        self.direction: Direction = mapping.direction
        self.match: Match = mapping.match
        self.create_in = mapping.create_in
        self.create_out = mapping.create_out
        self.update_in, self._update_out = mapping.update_in, mapping.update_out
        self.on_delete_in: OnDelete = mapping.on_delete_in
        self.on_delete_out: OnDelete = mapping.on_delete_out
        self.defaults_in: Mapping[str, Any] = dict(mapping.canonical_defaults)
        self._rules, self._codecs = _by_path(mapping, schema)
        several = [rule for rule in mapping.rules if len(rule.paths) > 1]
        self._parts = {path: PartsCodec(rule, schema) for rule in several for path in rule.paths}
        self.reads = frozenset(path for path, rule in self._rules.items() if mapping.reads(rule))
        self.writes = frozenset(path for path, rule in self._rules.items() if mapping.writes(rule))
        self.reference_streams: Mapping[str, str] = {
            rule.path: rule.reference.stream for rule in mapping.rules if rule.reference is not None
        }
        computed = _expressions_in(mapping)
        self.reads_whole = any(one.tree.whole for one in computed)
        self.record_fields = _read_fields(mapping, self._codecs, computed)
        self.touches = frozenset(self.record_fields).union(
            path[0] for rule in mapping.rules for path in rule.fields if path
        )
        self._projector = Projector(mapping, schema)
        self._renderer = Renderer(mapping, schema, limits)
        self._filters_out = bool(mapping.filter_out)
        self._accepts = Conditions(mapping.filter_out, canonical=True)
        self._when = {
            path: Conditions(rule.when_out, canonical=True) for path, rule in self._rules.items() if rule.when_out
        }
        self.conditional = bool(self._when)
        self._scope_out = scope_of((), [self._accepts, *self._when.values()], CANONICAL)
        self._patterns = [(paths.pattern_regex(path), path) for path in self._rules if paths.is_pattern(path)]
        self._known: dict[str, str | None] = {path: path for path in self._rules}
        self._digests = (_whole_digester if self.reads_whole else _digester)(self.record_fields, self.version[:6])

    def _rule_path(self, path: str) -> str | None:
        """The path or pattern under which a rule covers ``path``; remembered, because item keys repeat."""
        try:
            return self._known[path]
        except KeyError:
            found = next((pattern for regex, pattern in self._patterns if regex.match(path)), None)
            if len(self._known) > 100_000:
                self._known = {known: known for known in self._rules}
            self._known[path] = found
            return found

    def covers(self, path: str) -> bool:
        return self._rule_path(path) in self.reads

    def pushes(self, path: str) -> bool:
        return self._rule_path(path) in self.writes

    def withholds(self, path: str, values: Mapping[str, Any]) -> bool:
        if not self._when:
            return False
        found = self._rule_path(path)
        conditions = self._when.get(found) if found else None
        try:
            return conditions is not None and conditions.failing(values, self._scope_out.page()) is not None
        except UnfitError:
            return False  # rendering says what is wrong

    def _rule(self, path: str) -> Rule | None:
        found = self._rule_path(path)
        return None if found is None else self._rules[found]

    def as_if_live(self) -> Compiled:
        """The mapping with its proposed rules in force, to see what they would do."""
        rules = tuple(replace(rule, lifecycle=Lifecycle.LIVE) for rule in self.source.rules)
        return Compiled(replace(self.source, rules=rules, lifecycle=Lifecycle.LIVE), *self._made_from)

    def with_proposed(self) -> Compiled:
        """The same, of which ``source`` still tells what is proposed."""
        whole = self.as_if_live()
        whole.source = self.source
        return whole

    def strength(self, path: str) -> Strength:
        if not self._update_out:
            return Strength.CREATE_ONLY
        rule = self._rule(path)
        return rule.strength if rule else Strength.ON_CHANGE

    def blank_in(self, path: str) -> Blank:
        rule = self._rule(path)
        return rule.blank_in if rule else Blank.CLEAR

    def blank_out(self, path: str) -> Blank:
        rule = self._rule(path)
        return rule.blank_out if rule else Blank.CLEAR

    def fingerprints(self, records: Sequence[Record]) -> list[str]:
        if True in map(_DELETED, records):
            return ["" if record.deleted else self._digests([record.data])[0] for record in records]
        return self._digests(list(map(_DATA, records)))

    def project(self, records: Sequence[Record]) -> list[Projection]:
        return self._projector.project(records)

    def render(self, requests: Sequence[RenderRequest]) -> list[Rendition]:
        return self._renderer.render(requests)

    def accepts(self, values: Mapping[str, Any]) -> str | None:
        if not self._filters_out:
            return None
        try:
            failing = self._accepts.failing(values, self._scope_out.page())
        except UnfitError:
            return None  # rendering says so, and parks the write: an entity nobody can decide about is not passed over
        return None if failing is None else f"filter: {failing}"

    def same(self, path: str, written: Any, read: Any) -> bool:
        if written == read:
            return True
        found = self._rule_path(path)
        codec = self._codecs.get(found) if found else None
        if codec is not None:
            return codec.same(written, read)
        parts = self._parts.get(path)
        return parts.same(path, written, read) if parts is not None else not written and not read


def _by_path(mapping: MappingFile, schema: EntitySchema) -> tuple[dict[str, Rule], dict[str, Codec]]:
    """Rules and codecs by canonical path, those of list items by pattern (``lines[*].sku``)."""
    rules: dict[str, Rule] = {}
    codecs: dict[str, Codec] = {}
    for rule in mapping.rules:
        if rule.each is not None:
            for sub in rule.each.rules:
                pattern = f"{rule.path}[*]" + (f".{sub.path}" if sub.path else "")
                rules[pattern] = rule
                codecs[pattern] = item_codec(rule.path, sub, schema)
            continue
        rules.update(dict.fromkeys(rule.paths, rule))
        if len(rule.paths) == 1 and rule.reference is None:
            codecs[rule.path] = Codec(rule, spec_of(schema, rule.path))
    return rules, codecs


def _read_fields(mapping: MappingFile, codecs: Mapping[str, Codec], computed: Sequence[Expression]) -> tuple[str, ...]:
    """Top-level record fields that the inward half, filter and conditions included, looks at, in a fixed order."""
    reading = [rule for rule in mapping.rules if mapping.reads(rule)]
    found: list[FieldPath] = [path for rule in reading for path in rule.fields]
    found += [path for rule in reading if rule.path in codecs for path in codecs[rule.path].reads]
    found += [field_path(one.subject) for one in _asked_in(mapping) if one.test is not Test.EXPR]
    names = {path[0] for path in found if path}
    return tuple(sorted(names.union(*(one.tops for one in computed))))


def _asked_in(mapping: MappingFile) -> list[Condition]:
    rules = [condition for rule in mapping.rules if mapping.reads(rule) for condition in rule.when_in]
    return [*mapping.filter_in, *rules]


def _expressions_in(mapping: MappingFile) -> list[Expression]:
    """The expressions about records, in whichever place."""
    conditions = [expression(one.operand) for one in _asked_in(mapping) if one.test is Test.EXPR]
    return conditions + [expression(rule.expr) for rule in mapping.rules if rule.expr and mapping.reads(rule)]


def _whole_digester(_: tuple[str, ...], prefix: str) -> Callable[[Sequence[Mapping[str, Any]]], list[str]]:
    """As `_digester`, over all there is in a record."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS

    def one(data: Mapping[str, Any]) -> str:
        try:
            raw = orjson.dumps(dict(data), None, options)
        except TypeError:
            raw = repr(_in_order(data)).encode("utf-8", "surrogatepass")
        return prefix + blake2b(raw, digest_size=10).hexdigest()

    return lambda rows: list(map(one, rows))


def _digester(names: tuple[str, ...], prefix: str) -> Callable[[Sequence[Mapping[str, Any]]], list[str]]:
    """A function from records' data to fingerprints: the version's first six digits, then a hash of the fields."""
    pick = itemgetter(*names) if names else lambda _: ()
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    dumps, empty = orjson.dumps, blake2b(digest_size=10)

    def digest(raw: bytes) -> str:
        hashed = empty.copy()  # a fifth quicker than a new one
        hashed.update(raw)
        return prefix + hashed.hexdigest()

    def one(data: Mapping[str, Any]) -> str:
        try:
            picked: Any = pick(data)
        except KeyError:
            picked = [data.get(name, _ABSENT) for name in names]
        try:
            raw = dumps(picked, None, options)
        except TypeError:  # whole numbers beyond 64 bits, or a value that is no JSON: slower, never wrong
            raw = repr(_in_order(picked)).encode("utf-8", "surrogatepass")
        return digest(raw)

    def with_gaps(rows: Sequence[Mapping[str, Any]]) -> Iterable[Any]:
        return ([data.get(name, _ABSENT) for name in names] for data in rows)

    def whole(rows: Sequence[Mapping[str, Any]]) -> Iterable[Any]:
        return map(pick, rows)

    ways = (whole, with_gaps) if len(names) > 1 else (whole,)

    def digests(rows: Sequence[Mapping[str, Any]]) -> list[str]:
        for way in ways:
            with suppress(KeyError, TypeError):
                return [digest(dumps(picked, None, options)) for picked in way(rows)]
        return list(map(one, rows))

    return digests


def _in_order(value: Any) -> Any:
    """With the keys of all mappings in one order, which `repr` would else take for news."""
    if isinstance(value, Mapping):
        return sorted(((str(key), _in_order(held)) for key, held in value.items()), key=itemgetter(0))
    return [_in_order(held) for held in value] if isinstance(value, list | tuple) else value


def version_of(mapping: MappingFile, schema: EntitySchema) -> str:
    """The content address: what the mapping means and the kinds of field it meets, not how it is written down."""
    touched: set[str] = set()
    for rule in mapping.rules:
        subs = rule.each.rules if rule.each else ()
        names = [f"{rule.path}[]" + (f".{sub.path}" if sub.path else "") for sub in subs] or list(rule.paths)
        touched |= {paths.template(name) for name in names}
    specs = [schema.fields[name] for name in sorted(touched) if name in schema.fields]
    kinds = [[spec.template, spec.kind.value, spec.target, list(spec.choices or ()), spec.required] for spec in specs]
    whole = {"language": LANGUAGE, "mapping": meaning(mapping), "kinds": kinds}
    return blake2b(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS), digest_size=6).hexdigest()


def compile_mapping(mapping: MappingFile, schema: EntitySchema, fields: Sequence[FieldFacts] | None = None) -> Compiled:
    """Make a checked mapping ready to run. With discovered ``fields``, texts too long for them become problems."""
    limits = {fact.name: fact.max_length for fact in fields or () if fact.max_length is not None}
    return Compiled(mapping, schema, limits)


_DOUBTFUL = frozenset({"required-unmapped", "match-unread", "owned-unread", "required-blank", "example-unmapped"})
"""What a check says for want of a rule: not to be said where rules were left out for being wrong."""


def load(
    text: str,
    file: str,
    schemas: Mapping[str, EntitySchema],
    fields: Sequence[FieldFacts] | None = None,
    fetch: Fetch | None = None,
) -> tuple[Compiled | None, list[Diagnostic]]:
    """Parse, check and compile one mapping file. None where there is any error; all problems are listed.

    ``fetch`` finds the files it extends.
    """
    compiled, found, _ = load_source(read_source(text, file, fetch), file, schemas, fields)
    return compiled, found


def load_source(
    source: Source, file: str, schemas: Mapping[str, EntitySchema], fields: Sequence[FieldFacts] | None = None
) -> tuple[Compiled | None, list[Diagnostic], MappingFile | None]:
    """`load`, of a file that was read. The last value is what of it can be read, whatever is wrong with the rest."""
    mapping, found, whole = parse_source(source, file)
    if mapping is None or not mapping.entity:
        return None, found, mapping
    partial, notes = mapping, Notes(file, mapping.positions, found)
    if notes.full:
        return None, found, partial
    schema = schemas.get(mapping.entity)
    if schema is None:
        near = nearest(mapping.entity, schemas)
        hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(schemas)}"
        notes.add("unknown-entity", f"there is no entity {shown(mapping.entity)}", ("entity",), hint=hint)
        if near is None:
            return None, found, partial
        schema, mapping = schemas[near], replace(mapping, entity=near)
    checked = check(mapping, schema, fields)
    sound = whole and all(rule.each or schema.field(path) for rule in mapping.rules for path in rule.paths)
    found += checked if sound else [one for one in checked if one.code not in _DOUBTFUL]
    stem = file_stem(file)
    if stem != mapping.name and not any(one.code == "bad-name" for one in found):
        message = f"the mapping is called {mapping.name!r}, its file {stem!r}"
        notes.add("name-differs", message, ("mapping",), hint="give both one name", severity=Severity.WARNING)
    found[:] = dict.fromkeys(found)
    found.sort(key=lambda one: (one.line or 0, one.column or 0))
    return (None if notes.failed else compile_mapping(mapping, schema, fields)), found, partial
