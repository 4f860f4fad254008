"""Which line of an order is meant: a line sent without an id is appended, so that sending one again would double it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]

_SENT = ("id", "product_id", "variation_id", "sku", "name", "quantity", "subtotal", "total")
"""What the shop takes of a line; the rest of what it shows is computed."""


def lines_to_send(wanted: Sequence[Line], there: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as the shop has to be told them, so that the order holds those wanted and no others.

    A wanted line is the one with its id, else the first free one with its SKU, else with its product. One that is not
    there is appended, one that is not wanted is removed (quantity 0).
    """
    free = {line["id"]: line for line in there}
    paired: list[tuple[Line, Any]] = []
    for line in wanted:
        number = _whole(line.get("id"))
        paired.append((line, free.pop(number)["id"] if number in free else None))
    for place, (line, number) in enumerate(paired):
        if number is None and (number := _like(line, free)) is not None:
            del free[number]
            paired[place] = (line, number)
    return [_sent(line, number) for line, number in paired] + [{"id": number, "quantity": 0} for number in free]


def new_lines(wanted: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines of a new order: ids they had elsewhere mean nothing here."""
    return [_sent(line, None) for line in wanted]


def _like(line: Line, free: Mapping[Any, Line]) -> Any:
    for name in ("sku", "variation_id", "product_id"):
        if line.get(name):
            return next((number for number, other in free.items() if str(other.get(name)) == str(line[name])), None)
    return None


def _sent(line: Line, number: Any) -> dict[str, Any]:
    sent = {name: line[name] for name in _SENT if line.get(name) is not None and name != "id"}
    if "quantity" in sent:
        sent["quantity"] = _whole(sent["quantity"])
    if number is None:
        return sent
    return {"id": number, **{name: value for name, value in sent.items() if name not in {"sku", "name"}}}


def _whole(value: Any) -> Any:
    """Ids and quantities come as text or decimals from elsewhere; a part of a piece stays what it is."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value
    return int(number) if number.is_integer() else number
