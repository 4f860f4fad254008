"""Customers of the fake shop: WordPress users with WooCommerce's two addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from syncline.sandbox.woocommerce.shop import Row, Shop, WooError, blank_address, fill, numbers

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_MAY_BE_CHANGED = {"customer", "subscriber"}


def clean(text: Any) -> str:
    """``sanitize_text_field``: tags go, line breaks become blanks, blanks at the ends go."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", str(text))).strip()


def valid(email: Any) -> bool:
    return isinstance(email, str) and len(email) <= 100 and _EMAIL.fullmatch(email) is not None


def holder(shop: Shop, email: str) -> int | None:
    """Who has an address: the database compares without case."""
    return next((row["id"] for row in shop.customers.values() if row["email"].lower() == email.lower()), None)


def create(shop: Shop, given: Mapping[str, Any]) -> Row:
    if given.get("id"):
        raise WooError("woocommerce_rest_customer_exists", "Cannot create existing resource.")
    email = given.get("email")
    if not isinstance(email, str) or not valid(email):
        raise WooError("registration-error-invalid-email", "Please provide a valid email address.")
    if holder(shop, email) is not None:
        text = f"An account is already registered with {email}. Please log in or use a different email address."
        raise WooError("registration-error-email-exists", text)
    number = shop.take_id()
    row: Row = {
        "id": number,
        "date_created_gmt": shop.stamp(),
        "date_modified_gmt": None,
        "email": email,
        "first_name": "",
        "last_name": "",
        "role": "customer",
        "username": given.get("username") or f"{email.partition('@')[0]}-{number}",
        "billing": blank_address(email=True),
        "shipping": blank_address(email=False),
        "meta_data": [],
    }
    _put(shop, row, given)
    shop.customers[number] = row
    return row


def update(shop: Shop, number: int, given: Mapping[str, Any]) -> Row:
    row = shop.customers.get(number)
    if row is None:
        raise WooError("woocommerce_rest_invalid_id", "Invalid resource ID.")
    email = given.get("email")
    if email is not None and email != row["email"]:
        if row["role"] not in _MAY_BE_CHANGED:
            raise WooError("woocommerce_rest_cannot_edit", "Sorry, you cannot change this user's email.", 403)
        if not valid(email) or holder(shop, email) not in (None, number):
            raise WooError("woocommerce_rest_customer_invalid_email", "Email address is invalid.")
        row["email"] = email
    if given.get("username") not in (None, "", row["username"]):
        raise WooError("woocommerce_rest_customer_invalid_argument", "Username isn't editable.")
    _put(shop, row, given)
    row["date_modified_gmt"] = shop.stamp()
    return row


def _put(shop: Shop, row: Row, given: Mapping[str, Any]) -> None:
    billed = (given.get("billing") or {}).get("email")
    if billed and not valid(billed):
        raise WooError("customer_invalid_billing_email", "Invalid billing email address")
    for name in ("first_name", "last_name"):
        if given.get(name) is not None:
            row[name] = clean(given[name])
    fill(row["billing"], given.get("billing"))
    fill(row["shipping"], given.get("shipping"))
    shop.meta(row, given.get("meta_data"))


def delete(shop: Shop, number: int, *, force: bool) -> Row:
    if not force:
        raise WooError("woocommerce_rest_trash_not_supported", "Customers do not support trashing.", 501)
    if number not in shop.customers:
        raise WooError("woocommerce_rest_invalid_id", "Invalid resource ID.")
    return shop.customers.pop(number)


def chosen(shop: Shop, query: Mapping[str, str]) -> list[Row]:
    """Customers that a list asks for. There is no filter by date: one that is given is ignored."""
    rows = list(shop.customers.values())
    role = query.get("role", "customer")
    if role != "all":
        rows = [row for row in rows if row["role"] == role]
    if "include" in query:
        rows = [row for row in rows if row["id"] in numbers(query["include"])]
    if email := query.get("email"):
        if not valid(email):
            raise WooError("rest_invalid_param", "Invalid parameter(s): email")
        rows = [row for row in rows if row["email"].lower() == email.lower()]
    return rows


def shown(shop: Shop, row: Row) -> Row:
    return {
        **row,
        "date_created": shop.local(row["date_created_gmt"]),
        "date_modified": shop.local(row["date_modified_gmt"]),
        "is_paying_customer": any(order["customer_id"] == row["id"] for order in shop.orders.values()),
        "avatar_url": f"https://secure.gravatar.com/avatar/{row['id']}?s=96",
        "_links": {"self": [{"href": f"https://shop.example/wp-json/wc/v3/customers/{row['id']}"}]},
    }
