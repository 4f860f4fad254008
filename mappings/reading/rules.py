"""From the ``rules`` of a mapping file to `Rule` values."""

from __future__ import annotations

import re
from typing import Any

from mappings.contract import Blank, Direction, Strength
from mappings.language import Each, FieldPath, Lifecycle, Loss, Reference, Rule, Step, Table, Unknown, field_path
from mappings.reading.agree import agree
from mappings.reading.conditions import expression_text, when
from mappings.reading.meant import nearest, path_hint, shown, spaced, what
from mappings.reading.nodes import Node
from mappings.reading.reader import MAX_DEPTH, Path
from mappings.transforms.base import OptionError, Transform
from mappings.transforms.registry import TRANSFORMS, build, origin_of
from model import paths
from model.diagnostics import Severity

KEYS = (
    "field",
    "fields",
    "constant",
    "transform",
    "direction",
    "strength",
    "blank",
    "empty",
    "default",
    "placeholder",
    "max_length",
    "reference",
    "values",
    "unknown",
    "list",
    "separator",
    "each",
    "loses",
    "expr",
    "when",
    "lifecycle",
)
REFERENCE_KEYS = ("stream", "number", "starts")
ITEM_KEYS = ("field", "transform", "values", "unknown", "max_length", "loses", "empty", "placeholder")

_HARMLESS = frozenset((key,) for key in ("blank", "default", "empty", "loses", "max_length", "placeholder", "unknown"))
"""Where a mistake leaves the rest of the rule as it is meant, so that it can be checked in the same breath."""


def _turned_round(name: str, value: Any) -> str | None:
    """A rule whose sides were taken for each other: the record field first."""
    try:
        paths.split(value)
    except (ValueError, TypeError):
        return None
    return f"the canonical path comes first: {value}: {name}"


class RuleParser:
    """``within`` is the direction of the whole mapping."""

    def __init__(self, top: Node, entity: str, within: Direction) -> None:
        self.top, self.entity, self.within = top, entity, within

    def rules(self) -> tuple[Rule, ...]:
        given = self.top.data.get("rules")
        if given is None or given == {}:
            self.top.missing("rules", "rules: {given_name: FirstName}", "a mapping without rules maps nothing")
            return ()
        if not isinstance(given, dict):
            message = f"rules must hold canonical paths and record fields, and is {what(given)}"
            self.top.note("not-a-mapping", message, "rules", hint=spaced(given) or "rules: {given_name: FirstName}")
            return ()
        parsed = [self._rule(key, value) for key, value in given.items() if not self.top.notes.full]
        return tuple(rule for rule in parsed if rule is not None)

    def _rule(self, key: str, value: Any) -> Rule | None:
        at: Path = ("rules", key)
        subject = f"{self.entity or 'entity'}.{key}"
        names = tuple(part.strip() for part in key.split(","))
        for name in names:
            try:
                paths.split(name)
            except ValueError:
                message, hint = "is not a canonical path", _turned_round(name, value) or path_hint(name)
                self.top.notes.add("not-a-path", message, at, subject=subject, on_key=True, hint=hint)
                return None
        if isinstance(value, str) and value:
            value = {"field": value}
        if not isinstance(value, dict):
            message = f"a rule is the name of a field, or keys and values, and this is {what(value)}"
            hint = "fields: […], transform: join" if isinstance(value, list) else "name the record field"
            hint = "put the name of the field in quotes" if isinstance(value, (int, float)) else hint
            self.top.notes.add("bad-rule", message, at, subject=subject, hint=hint)
            return None
        node = Node(value, at, self.top.notes, KEYS, subject=subject)
        before = len(self.top.notes.wrong)
        rule = self._whole(node, names)
        fatal = (path for path in self.top.notes.wrong[before:] if path[2:3] not in _HARMLESS)
        return rule if next(fatal, None) is None else None

    def _whole(self, node: Node, names: tuple[str, ...]) -> Rule:
        data = node.data
        steps, built = self._steps(node)
        each = self._each(node, names[0]) if "each" in data else None
        blank_in, blank_out = self._blank(node)
        direction = self._direction(node, built)
        when_in, when_out = when(node, direction)
        rule = Rule(
            paths=names,
            fields=self._fields(node),
            constant=data.get("constant"),
            transforms=steps,
            direction=direction,
            direction_given="direction" in data,
            strength=node.choice("strength", Strength, Strength.ON_CHANGE),
            blank_in=blank_in,
            blank_out=blank_out,
            empty_kept=self._empty(node),
            default=self._plain(node, "default"),
            placeholder=self._plain(node, "placeholder"),
            max_length=self._max_length(node),
            reference=self._reference(node),
            table=self._table(node),
            is_set=self._is_set(node),
            separator=node.text("separator") or None,
            each=each,
            loses=self._loses(node),
            expr=expression_text(node) if "expr" in data else "",
            when_in=when_in,
            when_out=when_out,
            lifecycle=node.choice("lifecycle", Lifecycle, Lifecycle.LIVE),
            at=node.path,
        )
        agree(node, rule, built)
        return rule

    def _fields(self, node: Node) -> tuple[FieldPath, ...]:
        data = node.data
        if "expr" in data:
            return ()
        if "constant" in data:
            if "field" in data or "fields" in data:
                node.note("bad-rule", "a rule has a constant or a field, not both", "constant")
            return ()
        if "fields" in data:
            found = tuple(self._field_path(node, item, "fields") for item in self._listed(node, "fields"))
            if "field" in data or (isinstance(data["fields"], list) and len(found) < 2):
                node.note("bad-rule", "a rule has one field, or a list of at least two fields", "fields")
            return found
        if "field" not in data:
            node.missing("field", "field: <name of the record field>", "the rule names no field")
            return ((),)
        return (self._field_path(node, data["field"], "field"),)

    @staticmethod
    def _listed(node: Node, key: str) -> list[Any]:
        value = node.data[key]
        if not isinstance(value, list):
            node.note("not-a-list", f"{key} must be a list, and is {what(value)}", key, hint=f"{key}: [one, two]")
            return []
        return value

    @staticmethod
    def _field_path(node: Node, value: Any, key: str) -> FieldPath:
        if isinstance(value, list) and value and all(isinstance(part, str) and part for part in value):
            return tuple(value)
        if isinstance(value, str) and value and value.count(".") < MAX_DEPTH and all(field_path(value)):
            return field_path(value)
        hint = "put it in quotes" if isinstance(value, (int, float)) else "such as Email, or address.city"
        node.note("not-a-field", f"{key} must name a record field", key, hint=hint)
        return ()

    def _steps(self, node: Node) -> tuple[tuple[Step, ...], list[Transform]]:
        given = node.data.get("transform")
        steps: list[Step] = []
        built: list[Transform] = []
        if given is None:
            return (), []
        several = isinstance(given, list)
        for index, item in enumerate(given if several else [given]):
            at = ("transform", index) if several else ("transform",)
            if isinstance(item, dict) and len(item) == 1:
                name, options = next(iter(item.items()))
            elif isinstance(item, str):
                name, options = item, None
            else:
                node.note(
                    "bad-transform", "a transform is its name, or {name: options}", *at, hint="{phone: {region: US}}"
                )
                continue
            try:
                built.append(build(name, options))
                steps.append(Step(name=name, options=options, origin=origin_of(name)))
            except OptionError as error:
                if isinstance(item, str) and len(built) < index and not nearest(item, TRANSFORMS):
                    continue  # the option of the transform in front of it, which is said to lack one
                inner = (name, *([error.option] if error.option and isinstance(options, dict) else []))
                called = re.match(r"(\w+)\((.*)\)\Z", name)
                hint = f"{{{called[1]}: {called[2]}}}" if called and called[1] in TRANSFORMS else error.hint
                node.note("bad-transform", error.message, *at, *(inner if isinstance(item, dict) else ()), hint=hint)
        for transform in built[:-1]:
            if transform.beside:
                node.note(
                    "bad-transform",
                    f"{transform.name} looks at a second field, so nothing can come behind it",
                    "transform",
                    hint="make it the last one",
                )
        return tuple(steps), built

    def _direction(self, node: Node, built: list[Transform]) -> Direction:
        """What cannot be turned round is said where it contradicts the file, or adds to what stands in it."""
        direction = node.choice("direction", Direction, Direction.BOTH)
        one_way = next((transform.name for transform in built if transform.back is None), None)
        if "constant" in node.data:
            what, at, hint = "a constant", None, "for the way out: defaults.record"
        elif "expr" in node.data:
            what, at = "an expression", "expr"
            hint = "for a value that goes both ways: field, with transforms or values"
        elif one_way is not None:
            what, at, hint = one_way, "transform", "direction: in"
        else:
            return direction
        if "direction" in node.data:
            if direction.writes:
                message = f"{what} cannot be turned round, so the rule only goes in"
                node.note("one-way", message, "direction", hint=hint)
        elif at is not None and self.within.writes:
            message = f"{what} cannot be turned round: the rule only goes in"
            node.note("one-way", message, at, hint="say so: direction: in", severity=Severity.NOTE)
        return Direction.IN

    @staticmethod
    def _blank(node: Node) -> tuple[Blank, Blank]:
        given = node.data.get("blank", Blank.CLEAR.value)
        if isinstance(given, dict):
            inner = Node(given, (*node.path, "blank"), node.notes, ("in", "out"), subject=node.subject)
            return inner.choice("in", Blank, Blank.CLEAR), inner.choice("out", Blank, Blank.CLEAR)
        both = node.chosen(given, Blank, Blank.CLEAR, "blank")
        return both, both

    @staticmethod
    def _empty(node: Node) -> bool:
        value = node.data.get("empty")  # `empty: null` reads as None, which is the default said aloud
        if value not in (None, "null", "keep"):
            node.note("unknown-choice", f"empty is one of: null, keep; not {shown(str(value))}", "empty")
        return value == "keep"

    @staticmethod
    def _plain(node: Node, key: str) -> Any:
        value = node.data.get(key)
        if isinstance(value, (dict, list)):
            when = "written when a record is created" if key == "default" else "that stands for nothing"
            node.note("bad-rule", f"{key} is a plain value {when}, and is {what(value)}", key, hint=f"{key}: …")
            return None
        return value

    @staticmethod
    def _max_length(node: Node) -> int | None:
        if node.data.get("max_length") is None:
            return None
        value = node.number("max_length", 1, 1, 1_000_000)
        return int(value)

    @staticmethod
    def _reference(node: Node) -> Reference | None:
        given = node.data.get("reference")
        if given is None:
            return None
        if isinstance(given, dict):
            inner = Node(given, (*node.path, "reference"), node.notes, REFERENCE_KEYS, subject=node.subject)
            return Reference(
                stream=inner.text("stream", required=True),
                number=inner.flag("number", default=False),
                starts=inner.text("starts"),
            )
        return Reference(stream=node.text("reference"))

    @staticmethod
    def _table(node: Node) -> Table | None:
        given = node.data.get("values")
        if given is None:
            if "unknown" in node.data and not node.notes.positions.lacks(node.path):
                node.note(
                    "bad-rule", "unknown says what happens to options outside a table", "unknown", hint="values: {…}"
                )
            return None
        if not isinstance(given, dict) or not given:
            node.note(
                "not-a-mapping",
                f"values is a table, canonical value: record value, and is {what(given)}",
                "values",
                hint="values: {customer: Won}",
            )
            return None
        rows: list[tuple[str, tuple[Any, ...]]] = []
        only_read: set[str] = set()
        for canonical, record in given.items():
            if isinstance(record, dict) and list(record) == ["read"]:
                only_read.add(canonical)
                record = record["read"]
            listed = record if isinstance(record, list) else [record]
            if not listed or any(isinstance(item, (dict, list)) or item is None for item in listed):
                message = f"{shown(canonical)} must stand for a plain value, or a list of them"
                node.note("bad-rule", message, "values", canonical, hint="{customer: [Won, Regular]}")
                continue
            rows.append((canonical, tuple(listed)))
        policy, default = _unknown(node)
        return Table(rows=tuple(rows), only_read=frozenset(only_read), unknown=policy, default=default)

    @staticmethod
    def _is_set(node: Node) -> bool:
        value = node.data.get("list")
        if value not in (None, "set"):
            node.note("unknown-choice", "list can only be: set", "list", hint="for lists of items: each")
        return value == "set"

    @staticmethod
    def _loses(node: Node) -> frozenset[Loss]:
        return frozenset(node.chosen(word, Loss, Loss.CASE, "loses") for word in node.texts("loses"))

    def _each(self, node: Node, path: str) -> Each | None:
        inner = node.section("each", ("key", "rules", "value"))
        if inner is None:
            return None
        if paths.split(path)[1:] != (None, None):
            node.note("bad-rule", "each belongs to the plain name of a list", hint="lines, not lines[1]")
            return None
        if "key" not in inner.data:
            inner.missing("key", "key: id", "each needs the key that tells the items apart")
            return None
        key = self._field_path(inner, inner.data["key"], "key")
        if ("rules" in inner.data) == ("value" in inner.data):
            message = "each needs either rules (items with fields) or value (items that are one value)"
            inner.note("bad-rule", message, hint="{key: id, rules: {sku: sku}}")
            return None
        if "value" in inner.data:
            return Each(key=key, rules=self._item_rules(inner, {"": inner.data["value"]}, ("value",)))
        given = inner.data["rules"]
        if not isinstance(given, dict) or not given:
            message = f"rules must hold names and record fields, and is {what(given)}"
            inner.note("not-a-mapping", message, "rules", hint="rules: {sku: sku}")
            return None
        return Each(key=key, rules=self._item_rules(inner, given, ("rules",)))

    def _item_rules(self, each: Node, given: dict[str, Any], under: Path) -> tuple[Rule, ...]:
        rules = []
        for leaf, value in given.items():
            at = (*each.path, *under, *([leaf] if leaf else []))
            if isinstance(value, str) and value:
                value = {"field": value}
            if not isinstance(value, dict) or (leaf and not leaf.isidentifier()):
                message = f"{shown(leaf)} is no rule for an attribute of the items"
                each.notes.add("bad-rule", message, at, subject=each.subject, hint="sku: <field of the item>")
                continue
            node = Node(value, at, each.notes, ITEM_KEYS, subject=f"{each.subject}[].{leaf}".rstrip("."))
            rules.append(self._whole(node, (leaf,)))
        return tuple(rules)


def _unknown(node: Node) -> tuple[Unknown, str | None]:
    """The policy for values outside the table, and its default. Where it is wrong, nothing more is to be said of it."""
    given = node.data.get("unknown", Unknown.PARK.value)
    if isinstance(given, dict):
        inner = Node(given, (*node.path, "unknown"), node.notes, ("default",), subject=node.subject)
        default = inner.text("default", required=True)
        return Unknown.DEFAULT, default or None
    if given == Unknown.DEFAULT.value:
        node.note("bad-rule", "default has to say which value", "unknown", hint="unknown: {default: lead}")
        return Unknown.DEFAULT, None
    return node.chosen(given, Unknown, Unknown.DEFAULT, "unknown"), None
