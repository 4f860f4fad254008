"""Conditions of filters and rules, on record fields (inwards) or canonical paths (outwards); all of them must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mappings.cel.engine import CANONICAL, RECORD, Expression, Scope, Told, expression
from mappings.codec import ABSENT, is_blank, taker, word
from mappings.language import Condition, Rule, Test, field_path
from mappings.transforms.base import UnfitError
from model import paths

Holds = Callable[[Mapping[str, Any], Told], bool]


class Conditions:
    """Conditions made ready. What is ``told`` is what the expressions among them share with others of the page."""

    def __init__(self, conditions: Sequence[Condition], *, canonical: bool) -> None:
        variable = CANONICAL if canonical else RECORD
        self.expressions = [expression(one.operand, variable) for one in conditions if one.test is Test.EXPR]
        self._tests = [(one, _holds(one, canonical=canonical)) for one in conditions]

    def failing(self, data: Mapping[str, Any], told: Told) -> Condition | None:
        """The first condition that does not hold. Raises UnfitError where an expression cannot be computed."""
        for condition, holds in self._tests:
            try:
                if not holds(data, told):
                    return condition
            except UnfitError as unfit:
                raise UnfitError(unfit.code, f"{condition} {unfit.message}") from None
        return None


def scope_of(rules: Sequence[Rule], filters: Sequence[Conditions], variable: str = RECORD) -> Scope:
    """What the expressions of rules and conditions, one way, are told together."""
    computed: list[Expression] = [expression(rule.expr) for rule in rules if rule.expr and variable == RECORD]
    return Scope([*computed, *(one for conditions in filters for one in conditions.expressions)], variable)


def _holds(condition: Condition, *, canonical: bool) -> Holds:
    if condition.test is Test.EXPR:
        computed = expression(condition.operand, CANONICAL if canonical else RECORD)
        return lambda data, told: computed.holds(told.of(data))
    test = _test(condition)
    subject = condition.subject
    if not canonical:
        take = taker(field_path(subject))
        return lambda data, _: test(take(data))
    if not paths.is_pattern(subject):
        return lambda values, _: test(values.get(subject, ABSENT))
    regex = paths.pattern_regex(subject)
    # "No e-mail is X" and "there is no e-mail" speak of all of them; every other test asks for one that fits.
    every = condition.test is Test.NOT or (condition.test is Test.PRESENT and not condition.operand)

    def any_or_all(values: Mapping[str, Any], _: Told) -> bool:
        found = [test(value) for path, value in values.items() if regex.match(path)]
        return all(found) if every else any(found)

    return any_or_all


def _test(condition: Condition) -> Callable[[Any], bool]:
    operand = condition.operand
    if condition.test is Test.PRESENT:
        return lambda value: (value is not ABSENT and not is_blank(value)) is operand
    if condition.test is Test.MATCHES:
        return lambda value: isinstance(value, str) and matches(operand, value)
    wanted = {None if item is None else word(item) for item in (operand if condition.test is Test.IN else (operand,))}

    def among(value: Any) -> bool:
        if isinstance(value, list):
            return any(word(item) in wanted for item in value)
        return (None if value is ABSENT or value is None else word(value)) in wanted

    return (lambda value: not among(value)) if condition.test is Test.NOT else among


def matches(pattern: str, text: str) -> bool:
    """Whether the text fits a pattern in which ``*`` stands for anything. Linear in the text; case does not matter."""
    text = text.casefold()
    head, *rest = pattern.casefold().split("*")
    if not rest:
        return text == head
    *middle, tail = rest
    if not text.startswith(head) or not text.endswith(tail) or len(text) < len(head) + len(tail):
        return False
    at, end = len(head), len(text) - len(tail)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
