"""Rows of the API as records.

Left out: links, the picture's address, dates in the site's own zone (their twins ``…_gmt`` are UTC), and custom fields
nobody asked for: extensions write visits and sessions there, so that each record would look edited every day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.sdk import Record

_LEFT_OUT = frozenset(
    {"_links", "avatar_url", "meta_data", "date_created", "date_modified", "date_paid", "date_completed"}
)


def record(row: Mapping[str, Any], custom: Sequence[str]) -> Record:
    """A customer or an order; ``custom`` names the custom fields to show, under ``meta``."""
    data = {name: value for name, value in row.items() if name not in _LEFT_OUT}
    if data.get("customer_id") == 0:
        data["customer_id"] = None  # the shop's way to write "nobody's": a guest
    if "line_items" in data:  # an amount is none without its currency
        data["line_items"] = [{**line, "currency": row.get("currency")} for line in row["line_items"] or ()]
    return Record(str(row["id"]), {**data, "meta": meta(row, custom)})


def meta(row: Mapping[str, Any], custom: Sequence[str]) -> dict[str, Any]:
    """Custom fields by key; of several with one key the first counts, as for the shop itself."""
    found: dict[str, Any] = dict.fromkeys(custom)
    for entry in reversed(row.get("meta_data") or ()):
        if entry.get("key") in found:
            found[entry["key"]] = entry.get("value")
    return found


def guest_email(order: Mapping[str, Any]) -> str | None:
    """What a guest is known by: the billing e-mail in small letters; None for an order of a customer, or without."""
    email = (order.get("billing") or {}).get("email")
    return str(email).strip().lower() or None if order.get("customer_id") == 0 and email else None


def guest(order: Mapping[str, Any], email: str) -> Record:
    """A guest, as the newest order shows them."""
    address = {name: value for name, value in order["billing"].items() if name != "email"}
    return Record(email, {"email": email, "billing": address, "order_id": order["id"]})
