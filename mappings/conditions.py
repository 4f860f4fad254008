"""Filters: conditions on record fields (inwards) or canonical paths (outwards), all of which must hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mappings.codec import ABSENT, is_blank, taker, word
from mappings.language import Condition, Test, field_path
from model import paths

Holds = Callable[[Mapping[str, Any]], bool]


def compile_filter(conditions: Sequence[Condition], *, canonical: bool) -> Callable[[Mapping[str, Any]], str | None]:
    """A function that gives None where all conditions hold, else the reason why not."""
    tests = [(_reason(condition), _holds(condition, canonical=canonical)) for condition in conditions]

    def verdict(data: Mapping[str, Any]) -> str | None:
        for reason, holds in tests:
            if not holds(data):
                return reason
        return None

    return verdict


def _reason(condition: Condition) -> str:
    return f"filter: {condition}"


def _holds(condition: Condition, *, canonical: bool) -> Holds:
    test = _test(condition)
    subject = condition.subject
    if not canonical:
        take = taker(field_path(subject))
        return lambda data: test(take(data))
    if not paths.is_pattern(subject):
        return lambda values: test(values.get(subject, ABSENT))
    regex = paths.pattern_regex(subject)
    # "No e-mail is X" and "there is no e-mail" speak of all of them; every other test asks for one that fits.
    every = condition.test is Test.NOT or (condition.test is Test.PRESENT and not condition.operand)

    def any_or_all(values: Mapping[str, Any]) -> bool:
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
