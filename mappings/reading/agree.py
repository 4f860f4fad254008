"""Keys of one rule that do not go together."""

from __future__ import annotations

from collections.abc import Sequence

from mappings.language import Rule
from mappings.parts import part_names
from mappings.reading.meant import did_you_mean
from mappings.reading.nodes import Node
from mappings.transforms.base import Transform
from model import paths

_MAKES_A_VALUE = ("transform", "values", "reference", "each")
"""What makes a canonical value of one in a record, or looks for it there."""


def agree(node: Node, rule: Rule, built: Sequence[Transform]) -> None:
    """Note every combination that makes no sense. ``built`` are the rule's transforms."""
    if "expr" in node.data:
        _agree_expression(node)
    if "constant" in node.data:
        _agree_constant(node, rule)
        return
    given = node.data.get("transform")
    asked = len(given) if isinstance(given, list) else int(given is not None)
    if len(built) == asked:  # otherwise one of them is wrong, which was said
        _several_paths(node, rule, built)
        _several_fields(node, rule, built)
    alone = [("reference", rule.reference), ("values", rule.table), ("each", rule.each)]
    present = [name for name, value in alone if value is not None]
    if len(present) > 1:
        node.note("bad-rule", f"{' and '.join(present)} do not go together", present[-1], hint="keep one of them")
    if rule.each is not None and (rule.transforms or rule.is_set):
        node.note(
            "bad-rule",
            "transforms and sets belong to the rules inside each, not beside it",
            "each",
            hint="each: {key: id, rules: {title: {field: title, transform: trim}}}",
        )
    if rule.reference is not None and rule.is_set:
        node.note("bad-rule", "a reference is one record, not a set", "list", hint="leave list out")
    if rule.reference is not None and len(rule.fields) > 1:
        node.note("bad-rule", "a reference is the key in one field", "fields", hint="field: <the one that holds it>")
    if rule.reference is not None and rule.placeholder is not None:
        message = "a placeholder would be read as the key of a record"
        node.note("bad-rule", message, "placeholder", hint="default: … is written on create, or leave it out")
    if rule.separator and not rule.is_set and "list" not in node.data:
        node.note("bad-rule", "separator goes with list: set", "separator", hint="for text: {join: …} or {lines: …}")
    if rule.default is not None and rule.default == rule.placeholder:
        message = "default and placeholder are one text: what is written as a value would be read as nothing"
        node.note("bad-rule", message, "default", hint="keep one of them")


def _several_paths(node: Node, rule: Rule, built: Sequence[Transform]) -> None:
    parts = built[-1].parts if built else None
    if any(transform.parts for transform in built[:-1]):
        node.note("bad-rule", "a transform that fills several paths comes last", "transform")
        return
    if parts is None:
        if len(rule.paths) > 1:
            node.note(
                "bad-rule",
                "several paths need a transform that tells them apart: template, full_name, split or regex",
                hint='"given_name, family_name": {field: …, transform: {template: "{family_name}, {given_name}"}}',
            )
        return
    name = built[-1].name
    if len(set(rule.paths)) < len(rule.paths):
        node.note("bad-rule", "a rule names each of its paths once")
        return
    if len(rule.paths) == 1:
        listed = ", ".join(_beside(rule.path, part) for part in parts.names or () if not part.isdigit())
        node.note("bad-rule", f"{name} fills several paths", hint=f'"{listed or "emails[work], emails[home]"}": …')
        return
    _named(node, rule, built[-1])
    for key in ("values", "reference", "each", "list"):
        if key in node.data:
            node.note("bad-rule", f"{key} belongs to a rule with one path", key)
    if rule.max_length is not None and name != "full_name":
        node.note("bad-rule", "a text that was cut could not be taken apart again", "max_length")


def _named(node: Node, rule: Rule, transform: Transform) -> None:
    """Whether paths and parts are the same."""
    parts = transform.parts
    if parts is None:
        return
    found = part_names(rule.paths, parts)
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        hint = "count the paths instead: {1}, {2}" if transform.name == "template" else None
        node.note("bad-rule", f"two of the paths are called {twice!r}", hint=hint)
        return
    if parts.names is None:
        return
    missing = [name for name in parts.names if name not in found]
    others = [_beside(rule.path, name) for name in missing]
    for name in found:
        if name not in parts.names:
            hint = did_you_mean(name, missing) or f"it has: {', '.join(parts.names)}"
            if parts.every and others:
                hint += f"; nothing goes to {' and '.join(others)}"
            node.note("bad-rule", f"{transform.name} has no part {name!r}", "transform", hint=hint)
            return
    if parts.every and missing:
        several = "the parts" if len(missing) > 1 else "the part"
        message = f"{several} {' and '.join(map(repr, missing))} of the {transform.name} would go nowhere"
        node.note("bad-rule", message, "transform", hint=f"add to the paths: {', '.join(others)}")


def _beside(path: str, part: str) -> str:
    """The path of another part, beside one of the rule's: ``addresses[work].city`` → ``addresses[work].region``."""
    name, key, leaf = paths.split(path)
    return f"{name}[{key}].{part}" if leaf else f"{name}[{part}]" if key is not None else part


def _several_fields(node: Node, rule: Rule, built: Sequence[Transform]) -> None:
    gathers = [at for at, transform in enumerate(built) if transform.gathers]
    if (len(rule.fields) > 1) != bool(gathers):
        node.note("bad-rule", "several fields go with the transform join or street, and these with several fields")
    elif gathers and gathers != [0]:
        node.note("bad-rule", f"{built[gathers[-1]].name} comes first, and once", "transform")
    elif gathers and len(rule.paths) > 1:
        node.note("bad-rule", "a rule has several fields or several paths, not both")


def _agree_expression(node: Node) -> None:
    for key in ("field", "fields", "constant"):
        if key in node.data:
            node.note(
                "bad-rule", f"a rule has an expression or a {key}, not both", key, hint="src.<field> reads a field"
            )


def _agree_constant(node: Node, rule: Rule) -> None:
    if rule.constant is None:
        node.note("bad-rule", "a constant needs a value", "constant", hint="constant: …, or take the rule out")
    if len(rule.paths) > 1:
        node.note(
            "bad-rule", "a constant is the value of one path", "constant", hint="give each path a rule of its own"
        )
        return
    for key in _MAKES_A_VALUE:
        if key in node.data:
            message = f"a rule has a constant or {key}, not both: a constant is the canonical value itself"
            node.note("bad-rule", message, key, hint="take one of them out")
