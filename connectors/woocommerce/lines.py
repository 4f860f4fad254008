"""Which line of an order is meant: a line sent without an id is appended, so that sending one again would double it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]

_SENT = ("product_id", "variation_id", "sku", "name", "quantity", "subtotal", "total")
"""What the shop takes of a line; the rest of what it shows is computed."""


def lines_to_send(wanted: Sequence[Line], there: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as the shop has to be told them, so that the order holds those wanted and no others.

    A wanted line is the one with its id, else the first free one with its SKU, else with its product. One that is not
    there is appended, one that is not wanted is removed (quantity 0). Of a line that is there, what differs is sent.
    """
    free = {line["id"]: line for line in there}
    known = [free.pop(_whole(line.get("id")), None) for line in wanted]
    for place, line in enumerate(wanted):
        if known[place] is None and (like := _like(line, free)) is not None:
            known[place] = free.pop(like)
    told = [_sent(line) if now is None else _changes(line, now) for line, now in zip(wanted, known, strict=True)]
    return told + [{"id": number, "quantity": 0} for number in free]


def new_lines(wanted: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines of a new order: ids they had elsewhere mean nothing here."""
    return [_sent(line) for line in wanted]


def _like(line: Line, free: Mapping[Any, Line]) -> Any:
    for name in ("sku", "variation_id", "product_id"):
        if line.get(name):
            return next((number for number, other in free.items() if str(other.get(name)) == str(line[name])), None)
    return None


def _sent(line: Line) -> dict[str, Any]:
    sent = {name: line[name] for name in _SENT if line.get(name) is not None}
    if "quantity" in sent:
        sent["quantity"] = _whole(sent["quantity"])
    return sent


def _changes(line: Line, now: Line) -> dict[str, Any]:
    return {"id": now["id"]} | {name: value for name, value in _sent(line).items() if str(value) != str(now.get(name))}


def _whole(value: Any) -> Any:
    """Ids and quantities come as text or decimals from elsewhere; a part of a piece stays what it is."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value if isinstance(value, str) else None
    return int(number) if number.is_integer() else number
