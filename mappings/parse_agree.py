"""Keys of one rule that do not go together."""

from __future__ import annotations

from mappings.language import Rule
from mappings.nodes import Node

_OUTWARD = ("default", "max_length", "loses", "strength")
NAME_PARTS = ("full_name", "given_name", "family_name")


def agree(node: Node, rule: Rule) -> None:
    """Note every combination that makes no sense."""
    names = [step.name for step in rule.transforms]
    if "expr" in node.data:
        _agree_expression(node)
    if len(rule.paths) > 1 and (names != ["full_name"] or not set(rule.paths) <= set(NAME_PARTS)):
        node.note(
            "bad-rule",
            "several paths go with the transform full_name only",
            hint=f'"{", ".join(NAME_PARTS)}": {{field: …, transform: full_name}}',
        )
    if names == ["full_name"] and len(rule.paths) == 1:
        node.note("bad-rule", "full_name fills several paths", "transform", hint=f'"{", ".join(NAME_PARTS)}": …')
    if (len(rule.fields) > 1) != ("join" in names):
        node.note("bad-rule", "several fields go with the transform join, and join with several fields")
    elif "join" in names and names != ["join"]:
        node.note("bad-rule", "join stands alone", "transform")
    if "full_name" in names and len(names) > 1:
        node.note("bad-rule", "full_name stands alone", "transform")
    alone = [("reference", rule.reference), ("values", rule.table), ("each", rule.each)]
    present = [name for name, value in alone if value is not None]
    if len(present) > 1:
        node.note("bad-rule", f"{' and '.join(present)} do not go together", present[-1])
    if rule.each is not None and (rule.transforms or rule.is_set):
        node.note("bad-rule", "each has its transforms on the rules inside", "each")
    if rule.reference is not None and rule.is_set:
        node.note("bad-rule", "a reference is not a set", "list")
    if rule.separator and not rule.is_set and "list" not in node.data:
        node.note("bad-rule", "separator goes with list: set", "separator", hint="for text: {join: …} or {lines: …}")
    if rule.constant is None and "constant" in node.data:
        node.note("bad-rule", "a constant has a value", "constant")


def _agree_expression(node: Node) -> None:
    for key in ("field", "fields", "constant"):
        if key in node.data:
            node.note(
                "bad-rule", f"a rule has an expression or a {key}, not both", key, hint="src.<field> reads a field"
            )
    for key in _OUTWARD:
        if key in node.data:
            node.note("bad-rule", f"{key} is for the way out, and an expression only goes in", key)
