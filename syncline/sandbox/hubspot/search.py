"""The search: one sort, ten thousand results, an index that runs behind, and no word about a filter that finds nothing
because its property is called otherwise on this type. (developers.hubspot.com, "Search the CRM", November 2026)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from syncline.sandbox.hubspot.portal import Portal, Row, Values
from syncline.sandbox.hubspot.replies import ApiError
from syncline.sandbox.hubspot.schema import PropertyDef, moment_of

CAP = 10_000
_BODY = 3000
_LARGEST = 200


def found(
    portal: Portal, kind: str, asked: Mapping[str, Any], size: int, cap: int = CAP
) -> tuple[int, list[tuple[Row, Values]], int]:
    """Total, the page of rows as the index shows them, and the number of the first row after it. Raises ApiError."""
    groups, sorts = asked.get("filterGroups") or [], asked.get("sorts") or []
    filters = [group.get("filters") or [] for group in groups]
    limit, after = _number(asked.get("limit", 10)), _number(asked.get("after") or 0)
    if size > _BODY or len(groups) > 5 or any(len(some) > 6 for some in filters) or sum(map(len, filters)) > 18:
        raise ApiError("VALIDATION_ERROR", "the search is too large")
    if len(sorts) > 1:
        raise ApiError("VALIDATION_ERROR", "There can be at most one sort")
    if not 1 <= limit <= _LARGEST:
        raise ApiError("VALIDATION_ERROR", f"Invalid limit: {limit}; it must not be more than {_LARGEST}")
    if after + limit > cap:
        raise ApiError("VALIDATION_ERROR", f"Paging through more than {cap} results is not possible")
    now = portal.clock.now()
    shown = [(row, values) for row in portal.rows[kind].values() if (values := portal.indexed(row, now)) is not None]
    known = portal.properties[kind]
    hits = [one for one in shown if not filters or any(all(_fits(known, one[1], f) for f in some) for some in filters)]
    by = sorts[0] if sorts else {"propertyName": "hs_object_id", "direction": "ASCENDING"}
    by = {"propertyName": by, "direction": "ASCENDING"} if isinstance(by, str) else by
    hits.sort(key=lambda one: int(one[0].key))
    hits.sort(key=_order(known, str(by.get("propertyName"))), reverse=by.get("direction") == "DESCENDING")
    return len(hits), hits[after : after + limit], after + limit


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ApiError("VALIDATION_ERROR", "Invalid input JSON: not a number") from None


def _order(known: Mapping[str, PropertyDef], name: str) -> Callable[[tuple[Row, Values]], Any]:
    definition = known.get(name)
    return lambda one: _comparable(definition, one[1].get(name)) or (0, Decimal(0), "")


def _comparable(definition: PropertyDef | None, value: str | None) -> tuple[int, Decimal, str] | None:
    """Numbers and moments as numbers, text without case; None for nothing."""
    if definition is None or value is None:
        return None
    if definition.type in {"datetime", "date"}:
        moment = moment_of(value)
        return (1, Decimal(int(moment.timestamp() * 1000 + 0.5)), "") if moment else None
    if definition.type == "number":
        try:
            return (1, Decimal(value), "")
        except InvalidOperation:
            return None
    return (1, Decimal(0), value.lower())


def _fits(known: Mapping[str, PropertyDef], values: Values, one: Mapping[str, Any]) -> bool:
    name, operator = str(one.get("propertyName")), one.get("operator")
    definition, value = known.get(name), values.get(name)
    if operator in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
        return (value is not None) is (operator == "HAS_PROPERTY")
    if operator == "IN":  # text is compared in lower case, and nobody lowers what was asked for
        text = definition is not None and definition.type == "string"
        return value is not None and (value.lower() if text else value) in [str(v) for v in one.get("values") or ()]
    compare: Mapping[Any, Callable[[Any, Any], bool]] = {
        "EQ": lambda a, b: bool(a == b),
        "NEQ": lambda a, b: bool(a != b),
        "LT": lambda a, b: bool(a < b),
        "LTE": lambda a, b: bool(a <= b),
        "GT": lambda a, b: bool(a > b),
        "GTE": lambda a, b: bool(a >= b),
    }
    if operator not in compare:
        raise ApiError("VALIDATION_ERROR", f"unknown operator: {operator}")
    mine, asked = _comparable(definition, value), _comparable(definition, str(one.get("value")))
    return mine is not None and asked is not None and compare[operator](mine, asked)
