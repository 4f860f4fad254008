"""Orders of the fake shop, with lines that are known by id and appended where they bring none."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from syncline.sandbox.woocommerce.accounts import valid
from syncline.sandbox.woocommerce.shop import (
    HIDDEN,
    STATUSES,
    Row,
    Shop,
    WooError,
    blank_address,
    fill,
    moment,
    numbers,
    truth,
)

_PLAIN = ("currency", "customer_note", "payment_method", "payment_method_title", "transaction_id")


def create(shop: Shop, given: Mapping[str, Any]) -> Row:
    number = shop.take_id()
    row: Row = {
        "id": number,
        "parent_id": 0,
        "number": str(number),
        "created_via": "rest-api",
        "status": "pending",
        "currency": "EUR",
        "date_created_gmt": shop.stamp(),
        "date_modified_gmt": shop.stamp(),
        "customer_id": 0,
        "customer_note": "",
        "payment_method": "",
        "payment_method_title": "",
        "transaction_id": "",
        "date_paid_gmt": None,
        "date_completed_gmt": None,
        "billing": blank_address(email=True),
        "shipping": blank_address(email=False),
        "meta_data": [],
        "line_items": [],
    }
    _put(shop, row, given)
    shop.orders[number] = row
    return row


def update(shop: Shop, number: int, given: Mapping[str, Any]) -> Row:
    row = shop.orders.get(number)
    if row is None:
        raise WooError("woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
    _put(shop, row, given)
    row["date_modified_gmt"] = shop.stamp()
    return row


def delete(shop: Shop, number: int, *, force: bool) -> Row:
    row = shop.orders.get(number)
    if row is None:
        raise WooError("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", 404)
    if force:
        return shop.orders.pop(number)
    if row["status"] == "trash":
        raise WooError("woocommerce_rest_already_trashed", "The shop_order has already been deleted.", 410)
    row["status"] = "trash"
    row["date_modified_gmt"] = shop.stamp()
    return row


def chosen(shop: Shop, query: Mapping[str, str]) -> list[Row]:
    """Orders that a list asks for; those in the trash only by name. Date filters are exclusive, in whole seconds."""
    rows = list(shop.orders.values())
    statuses = set(query.get("status", "any").split(","))
    rows = [r for r in rows if r["status"] in statuses or ("any" in statuses and r["status"] not in {"trash", HIDDEN})]
    if "include" in query:
        rows = [row for row in rows if row["id"] in numbers(query["include"])]
    gmt = truth(query, "dates_are_gmt")
    if "modified_after" in query:
        after = moment(shop, query["modified_after"])
        rows = [row for row in rows if _stamp(shop, row, gmt=gmt) > after]
    if "modified_before" in query:
        before = moment(shop, query["modified_before"])
        rows = [row for row in rows if _stamp(shop, row, gmt=gmt) < before]
    return rows


def _stamp(shop: Shop, row: Row, *, gmt: bool) -> str:
    stamp = row["date_modified_gmt"]
    return str(stamp if gmt else shop.local(stamp))


def _put(shop: Shop, row: Row, given: Mapping[str, Any]) -> None:
    billed = (given.get("billing") or {}).get("email")
    if billed and not valid(billed):
        raise WooError("order_invalid_billing_email", "Invalid billing email address")
    customer = given.get("customer_id")
    if customer and customer not in shop.customers:
        raise WooError("woocommerce_rest_invalid_customer_id", "Customer ID is invalid.")
    lines = [_line(shop, row, line) for line in given.get("line_items") or ()]
    for name in _PLAIN:
        if given.get(name) is not None:
            row[name] = str(given[name])
    if customer is not None:
        row["customer_id"] = customer
    if (status := given.get("status")) is not None:
        row["status"] = (
            status if status in {*STATUSES, HIDDEN, "trash"} else "pending"
        )  # unknown: no error, another status
    for line, old in lines:
        if old is not None:
            row["line_items"].remove(old)
        if line is not None:
            row["line_items"].append(line)
    row["line_items"].sort(key=lambda line: int(line["id"]))
    fill(row["billing"], given.get("billing"))
    fill(row["shipping"], given.get("shipping"))
    shop.meta(row, given.get("meta_data"))


def _line(shop: Shop, row: Row, given: Mapping[str, Any]) -> tuple[Row | None, Row | None]:
    """The line as it will be (None: removed) and the one it takes the place of (None: it is appended)."""
    old = next((line for line in row["line_items"] if line["id"] == given.get("id")), None)
    if given.get("id") and old is None:
        raise WooError("woocommerce_rest_invalid_item_id", "Order item ID provided is not associated with order.")
    if old is not None and (given.get("quantity") == 0 or ("product_id" in given and given["product_id"] is None)):
        return None, old
    number = next((n for n, product in shop.products.items() if product["sku"] == given.get("sku")), 0)
    number = number or int(given.get("product_id") or 0)
    if old is None and not (given.get("sku") or given.get("product_id") or given.get("variation_id")):
        raise WooError("woocommerce_rest_required_product_reference", "Product ID or SKU is required.")
    product = shop.products.get(number, {})
    line: Row = dict(old) if old is not None else {"id": shop.take_id(), "quantity": 1, "variation_id": 0, "name": ""}
    if product:
        line |= {"product_id": number, "sku": product["sku"], "name": product["name"]}
    elif old is None:
        line |= {"product_id": 0, "sku": None}
    line["quantity"] = given.get("quantity", line["quantity"])
    price = Decimal(product.get("price", "0"))
    if old is None:
        line["subtotal"] = line["total"] = f"{price * line['quantity']:.2f}"
    for name in ("name", "total", "subtotal"):
        if given.get(name) is not None:
            line[name] = str(given[name])
    line["price"] = float(Decimal(line["total"]) / (line["quantity"] or 1))
    return line, old


def shown(shop: Shop, row: Row) -> Row:
    total = sum((Decimal(line["total"]) for line in row["line_items"]), Decimal(0))
    dates = {
        name.removesuffix("_gmt"): shop.local(row[name]) for name in row if name.startswith("date_") and "_gmt" in name
    }
    links = {"self": [{"href": f"https://shop.example/wp-json/wc/v3/orders/{row['id']}"}]}
    return {**row, **dates, "total": f"{total:.2f}", "total_tax": "0.00", "_links": links}
