"""What the fake shop remembers, and how a list of it is narrowed, sorted and cut into pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

import orjson

from model.clock import Clock

Row = dict[str, Any]

ADDRESS = (
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "postcode",
    "country",
    "state",
    "phone",
)
STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")


HIDDEN = "archived"
"""A status of an extension that is registered as «exclude_from_search»: ``any`` leaves it out (WP_Query). Registered as
``wc-archived``, it is told without the head (WC_REST_Orders_V2_Controller::get_order_statuses)."""


class WooError(Exception):
    """What WordPress calls a WP_Error: a code, a sentence, a status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    def body(self) -> Row:
        return {"code": self.code, "message": str(self), "data": {"status": self.status}}


class Shop:
    """The tables of one shop, rows by id. ``zone`` is the site's own."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self.clock = clock
        self.path = path
        self.zone: tzinfo = timezone(timedelta(hours=2))
        self.next_id = 10
        self.statuses = [*STATUSES, HIDDEN]
        self.customers: dict[int, Row] = {}
        self.orders: dict[int, Row] = {}
        self.products: dict[int, Row] = {
            1: {"sku": "QC-11", "name": "Queso Cabrales", "price": "14.00"},
            2: {"sku": "MZ-72", "name": "Mozzarella di Giovanni", "price": "18.50"},
            3: {"sku": "CH-01", "name": "Chai", "price": "3.35"},
        }
        if path is not None and path.exists():
            self._load(path)

    def take_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def stamp(self) -> str:
        """Now in UTC, whole seconds, without an offset: as the fields ending in ``_gmt`` show it."""
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%S")

    def local(self, stamp: str | None) -> str | None:
        """The site's wall clock at a UTC stamp."""
        return _clock(datetime.fromisoformat(f"{stamp}Z"), self.zone) if stamp else None

    def save(self) -> None:
        if self.path is not None:
            tables = {"customers": list(self.customers.values()), "orders": list(self.orders.values())}
            self.path.write_bytes(orjson.dumps({"next_id": self.next_id, **tables}))

    def _load(self, path: Path) -> None:
        kept = orjson.loads(path.read_bytes())
        self.next_id = kept["next_id"]
        self.customers = {row["id"]: row for row in kept["customers"]}
        self.orders = {row["id"]: row for row in kept["orders"]}

    def meta(self, row: Row, given: Any) -> None:
        """Custom fields as WooCommerce takes them: by id, else the first of that key; null removes."""
        for entry in given or ():
            same = [one for one in row["meta_data"] if one["id"] == entry.get("id") or one["key"] == entry.get("key")]
            if entry.get("value") is None:
                row["meta_data"] = [one for one in row["meta_data"] if one not in same]
            elif same:
                same[0]["value"] = entry["value"]
            else:
                row["meta_data"].append({"id": self.take_id(), "key": entry["key"], "value": entry["value"]})


def blank_address(*, email: bool) -> Row:
    return dict.fromkeys((*ADDRESS, "email") if email else ADDRESS, "")


def fill(row: Row, given: Any) -> None:
    """Set what is given and known. A null is taken for "not given" (PHP's isset), empty text clears."""
    for name, value in (given or {}).items():
        if name in row and value is not None:
            row[name] = str(value)


def _clock(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(UTC).astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")


def moment(shop: Shop, text: str) -> str:
    """The wall-clock text a date filter compares with, as WP_Date_Query makes it.

    A moment without a zone is taken for one of the *site's* clock; any moment is then written as that clock shows it.
    So one that names UTC is shifted, and one within the hour that the clock skips in spring is an hour late.
    """
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise WooError("rest_invalid_param", "Invalid parameter(s): modified_after") from None
    return _clock(given if given.tzinfo else given.replace(tzinfo=shop.zone), shop.zone)


def truth(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in {"true", "1"}


def numbers(text: str) -> set[int]:
    return {int(part) for part in text.split(",") if part.strip().isdigit()}


def paged(rows: list[Row], query: Mapping[str, str]) -> tuple[list[Row], dict[str, str]]:
    """One page, sorted by id or date, and the headers that go with it."""
    size = int(query.get("per_page", "10"))
    if not 1 <= size <= 100:
        raise WooError("rest_invalid_param", "Invalid parameter(s): per_page")
    by_id = query.get("orderby") == "id"
    rows = sorted(
        rows,
        key=lambda row: row["id"] if by_id else (row["date_created_gmt"], row["id"]),
        reverse=query.get("order", "desc") == "desc",
    )
    offset = int(query.get("offset") or 0) or (int(query.get("page", "1")) - 1) * size
    headers = {"x-wp-total": str(len(rows)), "x-wp-totalpages": str(-(-len(rows) // size))}
    return rows[offset : offset + size], headers
