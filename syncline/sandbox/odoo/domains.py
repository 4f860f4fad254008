"""Domains: conditions in prefix notation, where what no operator joins is joined by «and»."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from syncline.sandbox.odoo.faults import Fault

Test = Callable[[Mapping[str, Any]], bool]


def test_of(domain: Sequence[Any], fields: Mapping[str, Any], model: str) -> Test:
    """Whether a row fulfils the domain. Raises Fault for a field that is not there, or a broken domain."""
    stack: list[Test] = []
    for term in reversed(list(domain)):
        if term == "!":
            stack.append(_not(_pop(stack)))
        elif term in {"&", "|"} if isinstance(term, str) else False:
            stack.append(_both(_pop(stack), _pop(stack), every=term == "&"))
        else:
            stack.append(_leaf(term, fields, model))
    return lambda row: all(test(row) for test in stack)


def _pop(stack: list[Test]) -> Test:
    if not stack:
        raise Fault("ValueError", "Domain() malformed: an operator lacks its operands")
    return stack.pop()


def _not(inner: Test) -> Test:
    return lambda row: not inner(row)


def _both(one: Test, other: Test, *, every: bool) -> Test:
    return (lambda row: one(row) and other(row)) if every else (lambda row: one(row) or other(row))


def _leaf(term: Any, fields: Mapping[str, Any], model: str) -> Test:
    if not isinstance(term, list | tuple) or len(term) != 3:
        raise Fault("ValueError", f"Invalid leaf {term!r}")
    name, operator, value = term
    if name not in fields:
        raise Fault("ValueError", f"Invalid field {model}.{name} in condition {tuple(term)!r}")
    kind = fields[name].type
    if kind == "datetime":
        value = [_moment(one) for one in value] if isinstance(value, list) else _moment(value)
    return lambda row: _holds(row.get(name, False), operator, value)


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        raise Fault("ValueError", f"invalid datetime {value!r}") from None


def _holds(held: Any, operator: str, value: Any) -> bool:
    if isinstance(held, list):
        return bool(set(held) & set(value if isinstance(value, list) else [value])) is (operator in {"in", "="})
    if operator in {"=", "!="}:
        return ((held or False) == (value or False)) is (operator == "=")
    if operator in {"in", "not in"}:
        return (held in value) is (operator == "in")
    if operator in {"ilike", "like", "=ilike"}:
        one, other = str(held or "").lower(), str(value).lower()
        return one == other if operator == "=ilike" else other.strip("%") in one
    if held is False or held is None:
        return False
    compare = {">": held > value, ">=": held >= value, "<": held < value, "<=": held <= value}
    if operator not in compare:
        raise Fault("ValueError", f"Invalid operator {operator!r}")
    return bool(compare[operator])
