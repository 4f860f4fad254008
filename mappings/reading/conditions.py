"""Conditions, as filters and the ``when`` of rules have them."""

from __future__ import annotations

import re
from typing import Any

from mappings.cel.engine import CANONICAL, RECORD
from mappings.contract import Direction
from mappings.language import Condition, Test
from mappings.reading.meant import shown, what
from mappings.reading.nodes import Node
from model.diagnostics import Severity

_SUBJECTS = {"in": "field", "out": "path"}
_OF_ONE = frozenset(_SUBJECTS.values()) | {test.value for test in Test} - {"in"}
"""Keys of one condition, where a list of them, or ``in`` and ``out``, should stand."""

_FOREIGN = re.compile(r"\\[dDwWsSbB.]|\[[^\]]+\]|\A\^|\$\Z|\A\.\*|\?|\(.*\|.*\)|\{[0-9]+,?[0-9]*\}|\A%|%\Z")
"""Signs of regular expressions, of shell patterns and of LIKE that mean nothing in a pattern of ours."""

_Both = tuple[tuple[Condition, ...], tuple[Condition, ...]]


def conditions(holder: Node | None, key: str, subject: str) -> tuple[Condition, ...]:
    """The list of conditions under ``key``, each about a ``subject`` (``field`` or ``path``)."""
    given = holder.data.get(key) if holder else None
    if holder is None or given is None:
        return ()
    if not isinstance(given, list):
        hint = f"{key}: [{{{subject}: …, is: …}}]"
        which = "a filter" if holder.path[:1] == ("filter",) else "when"
        message = f"{which} is a list of conditions, all of which must hold, and is {what(given)}"
        holder.note("not-a-list", message, key, hint=hint)
        return ()
    found = (_condition(holder, item, (key, index), subject) for index, item in enumerate(given))
    return tuple(condition for condition in found if condition)


def when(rule: Node, direction: Direction) -> _Both:
    """The conditions of a rule, in and out. A bare list is about the way in, where the rule goes both ways or in."""
    given = rule.data.get("when")
    if isinstance(given, list):
        if direction.reads:
            return conditions(rule, "when", "field"), ()
        return (), conditions(rule, "when", "path")
    if isinstance(given, dict) and given.keys() & _OF_ONE:
        rule.note(
            "not-a-list", "when is a list of conditions, and is one of them", "when", hint="when: [{field: …, is: …}]"
        )
        return (), ()
    section = rule.section("when", ("in", "out"))
    if section is None:
        return (), ()
    for side, goes in (("in", direction.reads), ("out", direction.writes)):
        if side in section.data and not goes:
            message = f"the rule goes {direction.value} only, so a condition for the way {side} is never asked"
            section.note("one-way", message, side)
    return conditions(section, "in", _SUBJECTS["in"]), conditions(section, "out", _SUBJECTS["out"])


def expression_text(node: Node) -> str:
    """The text under ``expr``, or "" (noted)."""
    value = node.data.get("expr")
    if isinstance(value, str) and value.strip():
        return value
    hint = "put it in single quotes" if value not in (None, "") else "expr: 'src.first + \" \" + src.last'"
    node.note("not-text", "expr is an expression, as text", "expr", hint=hint)
    return ""


def _named(about: str, subject: str) -> str:
    """A field or canonical path as an expression has it."""
    variable = RECORD if subject == _SUBJECTS["in"] else CANONICAL
    plain = all(part.isidentifier() for part in about.split("."))
    return f"{variable}.{about}" if plain else f'{variable}["{about}"]'


def _condition(holder: Node, item: Any, at: tuple[str, int], subject: str) -> Condition | None:
    if not isinstance(item, dict):
        message = f"a condition holds keys and values, and is {what(item)}"
        holder.note("not-a-mapping", message, *at, hint=f"{{{subject}: …, is: …}}")
        return None
    node = Node(
        item, (*holder.path, *at), holder.notes, (subject, *(test.value for test in Test)), subject=holder.subject
    )
    if Test.EXPR.value in item:
        if len(item) > 1:
            node.note("bad-condition", "an expression is a condition of its own", "expr", hint="make it two conditions")
            return None
        text = expression_text(node)
        return Condition(subject="", test=Test.EXPR, operand=text, at=node.path) if text else None
    about = node.text(subject, required=True)
    item = node.data
    tests = [test for test in Test if test.value in item]
    if (not tests and len(item) > (subject in item)) or not about:
        return None  # the test or the subject is misspelt, or missing, which is said
    if len(tests) != 1:
        given = f", and not {' and '.join(test.value for test in tests)}" if tests else ""
        hint = "write one condition for each; all must hold" if tests else f"{{{subject}: …, is: …}}"
        message = f"a condition has exactly one of: {', '.join(test.value for test in Test)}{given}"
        node.note("bad-condition", message, hint=hint)
        return None
    test, operand = tests[0], item[tests[0].value]
    if test is Test.PRESENT and not isinstance(operand, bool):
        node.note("not-boolean", f"present is true or false, and is {what(operand)}", "present")
    elif test is Test.IN:
        if not isinstance(operand, list) or not operand or any(isinstance(o, (list, dict)) for o in operand):
            node.note("not-a-list", "in needs a list of plain values", "in", hint="in: [A, B]")
            return None
        operand = tuple(operand)
    elif test is Test.MATCHES and not isinstance(operand, str):
        node.note("not-text", "matches needs a text, in which * stands for anything", "matches")
    elif test is Test.MATCHES and (sign := _FOREIGN.search(operand)):
        message = f"matches knows one sign, * for anything; {shown(sign[0])} stands for itself here"
        hint = f"for a regular expression: {{expr: '{_named(about, subject)}.matches(\"…\")'}}"
        may_be_meant = sign[0] == "?" or sign[0].startswith("[")
        severity = Severity.NOTE if may_be_meant else Severity.WARNING
        node.note("plain-pattern", message, "matches", hint=hint, severity=severity)
    elif isinstance(operand, (list, dict)):
        node.note("bad-condition", f"{test.value} needs a plain value", test.value, hint="for several: in: [A, B]")
        return None
    return Condition(subject=about, test=test, operand=operand, at=node.path)
