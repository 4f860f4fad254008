"""Records and canonical records made up for a mapping, to try it on. The same seed gives the same ones.

Canonical values come from the entity's kinds, the choices and the tables of the mapping. Records are such values as the
mapping itself would write them, of which some are then written otherwise, blanked or taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from typing import Any

from mappings.checking.mapping import FieldFacts
from mappings.codec import canonical_word, put_into
from mappings.compile import Compiled
from mappings.contract import Direction, RenderRequest
from mappings.language import (
    Condition,
    FieldPath,
    MappingFile,
    Rule,
    Step,
    Table,
    Test,
    Unknown,
    field_path,
    field_text,
)
from mappings.projecting import spec_of
from mappings.proving.dice import Dice
from mappings.proving.specimens import AMOUNTS, BY_LEAF, CANONICAL, CURRENCIES, WORDS, WRITTEN
from mappings.rendering import Renderer
from mappings.transforms.base import UnfitError
from mappings.transforms.registry import build, of_kind
from model import paths
from model.fields import EntitySchema, FieldSpec, Kind
from model.records import Record

_PRESENT, _NULL = 0.75, 0.06  # how often an entity has a value, and how often it is null
_AS_WRITTEN, _OTHERWISE, _MISSING, _NONE = 0.6, 0.85, 0.9, 0.95  # a record's field, by one throw of the dice
_FITTING = 0.9  # how often a filter lets it through
_KEYS = ("1", "07", "L-2", "ä")  # of the items of a list


class Generator:
    """Makes up records and entities for one mapping. ``fields`` are the stream's own, where they are known."""

    def __init__(
        self, mapping: Compiled, schema: EntitySchema, seed: int = 0, fields: Sequence[FieldFacts] | None = None
    ) -> None:
        self._mapping, self._schema, self._seed = mapping, schema, seed
        self._facts = {fact.name: fact for fact in fields or ()}
        self._source = source = mapping.source.running()
        self._rules = [rule for rule in source.rules if rule.fields]
        self._renderer = Renderer(_both_ways(source), schema, {})
        self.keys = keys_of(source)

    def entities(self, number: int) -> list[dict[str, Any]]:
        """Canonical records, as other systems might have filled them."""
        dice = self._dice("entities")
        return [self._entity(dice) for _ in range(number)]

    def records(self, number: int) -> list[Record]:
        """Records of the stream, keyed ``generated-1`` and so on."""
        dice = self._dice("records")
        entities = [self._entity(dice) for _ in range(number)]
        made = self._renderer.render([RenderRequest(values, None, self.keys) for values in entities])
        return [
            Record(f"generated-{at}", self._record(dice, rendition.fields))
            for at, rendition in enumerate(made, start=1)
        ]

    def _dice(self, what: str) -> Dice:
        return Dice(f"{self._seed} {self._mapping.name} {what}")

    def _entity(self, dice: Dice) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for rule in self._source.rules:
            if rule.each is not None:
                values.update(self._items(dice, rule))
                continue
            for path in rule.paths:
                spec = spec_of(self._schema, path)
                if spec.required or dice.share() < _PRESENT:
                    null = not spec.required and dice.share() < _NULL
                    values[path] = None if null else self._value(dice, rule, spec)
        if values.get("full_name"):
            parts = [str(values[name]) for name in ("given_name", "family_name") if values.get(name)]
            values["full_name"] = " ".join(parts) or values["full_name"]
        for condition in self._source.filter_out:
            if condition.subject not in values and self._schema.field(condition.subject) and dice.share() < _FITTING:
                values[condition.subject] = self._fitting(dice, condition)
        return values

    def _fitting(self, dice: Dice, condition: Condition) -> Any:
        """A value of a canonical path that a filter asks for, and no rule supplies."""
        asked = _asked(dice, condition)
        if asked is not None:
            return asked
        return self._value(dice, Rule(paths=(condition.subject,)), spec_of(self._schema, condition.subject))

    def _items(self, dice: Dice, rule: Rule) -> Iterator[tuple[str, Any]]:
        subs = rule.each.rules if rule.each else ()
        for key in dice.some(_KEYS, dice.below(len(_KEYS))):
            for sub in subs:
                leaf = f".{sub.path}" if sub.path else ""
                if dice.share() < _PRESENT:
                    yield (
                        f"{rule.path}[{key}]{leaf}",
                        self._value(dice, sub, spec_of(self._schema, f"{rule.path}[]{leaf}")),
                    )

    def _value(self, dice: Dice, rule: Rule, spec: FieldSpec) -> Any:
        """One canonical value, never blank."""
        if rule.table is not None and (rule.table.rows or not spec.choices):
            listed = [canonical_word(name, spec.kind) for name, _ in rule.table.rows]
            return dice.choice([*listed, *(spec.choices or _kept(rule.table, spec))])
        if rule.constant is not None and dice.share() < 0.5:
            return rule.constant
        if spec.choices:
            return dice.choice(spec.choices)
        if rule.reference is not None:
            return str(1 + dice.below(9998))
        if spec.kind is Kind.MONEY:
            return _money(dice, rule.transforms)
        if spec.kind is Kind.SET:
            words = [word.strip() for word in dice.some(WORDS, dice.below(4))]
            return sorted({word for word in words if not rule.separator or rule.separator not in word}) or ["a"]
        if spec.kind in CANONICAL:
            return dice.choice(_in_form(spec))
        leaf = paths.split(spec.template)[2] or paths.split(spec.template)[0]
        text = dice.choice(BY_LEAF.get(leaf, WORDS) if dice.share() < 0.8 else WORDS)
        return text[: spec.max_length].strip() if spec.max_length else text

    def _record(self, dice: Dice, fields: Mapping[str, Any]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for name, value in fields.items():
            put_into(data, field_path(name), value)
        for rule in self._rules:
            if not self._source.reads(rule):
                continue
            for place in chain(rule.fields, _beside(rule)):
                self._change(dice, data, rule, place)
        for condition in self._source.filter_in:
            if dice.share() < _FITTING:
                _fit(dice, data, condition)
        return data

    def _change(self, dice: Dice, data: dict[str, Any], rule: Rule, place: FieldPath) -> None:
        """Leave one field of a record as it is, or write it otherwise, blank it, or take it away."""
        thrown = dice.share()
        if thrown < _AS_WRITTEN and _holds(data, place):
            return
        if rule.each is None and thrown < _OTHERWISE:
            put_into(data, place, self._otherwise(dice, rule, place))
        elif thrown < _MISSING:
            _take_out(data, place)
        else:
            put_into(data, place, None if thrown < _NONE or rule.each is not None else "")

    def _otherwise(self, dice: Dice, rule: Rule, place: FieldPath) -> Any:
        fact = self._facts.get(field_text(place))
        if fact is not None and fact.choices:
            return dice.choice(fact.choices)
        if place not in rule.fields:
            return dice.choice(CURRENCIES if _names_currency(rule, place) else WRITTEN[Kind.COUNTRY])
        if rule.table is not None:
            listed = [value for _, values in rule.table.rows for value in values]
            return dice.choice([*listed, *listed, "something else"])
        spec = spec_of(self._schema, rule.path)
        if rule.reference is not None:
            return f"{rule.reference.starts}{1 + dice.below(9998)}"
        text = dice.choice(WRITTEN.get(spec.kind, WORDS))
        bound = fact.max_length if fact is not None else None
        return text[:bound] if bound and isinstance(text, str) else text


def _fit(dice: Dice, data: dict[str, Any], condition: Condition) -> None:
    """Make a record's field pass a condition of the filter, where that can be told from it."""
    place, asked = field_path(condition.subject), _asked(dice, condition)
    if asked is not None:
        put_into(data, place, asked)
    elif condition.test is Test.PRESENT and condition.operand and not _holds(data, place):
        put_into(data, place, dice.choice(WORDS))


def _asked(dice: Dice, condition: Condition) -> Any:
    """A value that the condition names; None where it names none."""
    operand = condition.operand
    if condition.test in (Test.IS, Test.IN):
        return dice.choice(operand if isinstance(operand, tuple) else (operand,))
    if condition.test is Test.MATCHES:
        return str(operand).replace("*", dice.choice(BY_LEAF["account_number"]))
    return None


def keys_of(mapping: MappingFile) -> Callable[[str, str], str]:
    """Record keys of entities, and entity ids for keys: the same text, but for what a stream's keys begin with."""
    starts = {rule.reference.stream: rule.reference.starts for rule in mapping.rules if rule.reference is not None}

    def key(stream: str, entity_id: str) -> str:
        start = starts.get(stream, "")
        return entity_id if entity_id.startswith(start) else start + entity_id

    return key


def _both_ways(mapping: MappingFile) -> MappingFile:
    """The mapping as if all of it went both ways, as far as its transforms can be turned round."""
    rules = tuple(
        replace(rule, direction=Direction.BOTH if _turns_round(rule) else Direction.IN, max_length=None)
        for rule in mapping.rules
    )
    return replace(mapping, direction=Direction.BOTH, rules=rules)


def _turns_round(rule: Rule) -> bool:
    return bool(rule.fields) and all(build(step.name, step.options).back is not None for step in rule.transforms)


def _beside(rule: Rule) -> list[FieldPath]:
    found = [build(step.name, step.options).beside for step in rule.transforms]
    return [field_path(name) for name in found if name]


def _names_currency(rule: Rule, place: FieldPath) -> bool:
    return any(
        isinstance(step.options, Mapping) and step.options.get("currency_field") == field_text(place)
        for step in rule.transforms
    )


def _money(dice: Dice, steps: Sequence[Step]) -> dict[str, str]:
    """An amount, mostly in the currency that the transform names, if it names one."""
    given = next((step.options for step in steps if step.name == "money"), None)
    fixed = given.get("currency") if isinstance(given, Mapping) else given
    code = fixed if isinstance(fixed, str) and dice.share() < 0.95 else dice.choice(CURRENCIES)
    amount: dict[str, str] = build("money", code).forward(dice.choice(AMOUNTS))
    return amount


def _kept(table: Table, spec: FieldSpec) -> Sequence[Any]:
    """Values of a field that its table does not list, and lets through."""
    if table.unknown is not Unknown.KEEP:
        return ()
    if spec.kind in CANONICAL:
        return _in_form(spec)
    return [*(str(value) for _, values in table.rows for value in values), *WORDS[:3]]


@lru_cache(maxsize=256)
def _in_form(spec: FieldSpec) -> tuple[Any, ...]:
    """Canonical values of a field's kind, each in the one form that the kind gives it."""
    found: list[Any] = []
    for value in CANONICAL[spec.kind]:
        with suppress(UnfitError):
            found.append(of_kind(spec).forward(value))
    return tuple(found)


def _holds(data: Mapping[str, Any], place: FieldPath) -> bool:
    value: Any = data
    for part in place:
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return True


def _take_out(data: dict[str, Any], place: FieldPath) -> None:
    inner: Any = data
    for part in place[:-1]:
        inner = inner.get(part) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.pop(place[-1], None)
