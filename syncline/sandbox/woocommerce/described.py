"""What ``OPTIONS`` on a route tells: the JSON Schema of its records. Custom fields are in none of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syncline.sandbox.woocommerce.shop import ADDRESS, STATUSES

Schema = dict[str, Any]


def _of(kind: str, *, readonly: bool = False, **more: Any) -> Schema:
    return {"type": kind, "context": ["view", "edit"], **({"readonly": True} if readonly else {}), **more}


_DATE = _of("date-time", readonly=True)
_META = _of(
    "array",
    items=_of("object", properties={"id": _of("integer", readonly=True), "key": _of("string"), "value": _of("mixed")}),
)


def _address(*, email: bool) -> Schema:
    properties = {name: _of("string") for name in ADDRESS}
    return _of("object", properties=properties | ({"email": _of("string", format="email")} if email else {}))


_CUSTOMER: dict[str, Schema] = {
    "id": _of("integer", readonly=True),
    "date_created": _DATE,
    "date_created_gmt": _DATE,
    "date_modified": _DATE,
    "date_modified_gmt": _DATE,
    "email": _of("string", format="email"),
    "first_name": _of("string"),
    "last_name": _of("string"),
    "role": _of("string", readonly=True),
    "username": _of("string"),
    "password": {"type": "string", "context": ["edit"]},
    "billing": _address(email=True),
    "shipping": _address(email=False),
    "is_paying_customer": _of("boolean", readonly=True),
    "avatar_url": _of("string", readonly=True),
    "meta_data": _META,
}

_LINE = {
    "id": _of("integer", readonly=True),
    "name": _of("mixed"),
    "product_id": _of("mixed"),
    "variation_id": _of("integer"),
    "quantity": _of("integer"),
    "subtotal": _of("string"),
    "total": _of("string"),
    "sku": _of("string", readonly=True),
    "price": _of("number", readonly=True),
}

_ORDER: dict[str, Schema] = {
    "id": _of("integer", readonly=True),
    "parent_id": _of("integer"),
    "number": _of("string", readonly=True),
    "created_via": _of("string", readonly=True),
    "status": _of("string", default="pending", enum=list(STATUSES)),
    "currency": _of("string"),
    "date_created": _DATE,
    "date_created_gmt": _DATE,
    "date_modified": _DATE,
    "date_modified_gmt": _DATE,
    "date_paid_gmt": _DATE,
    "date_completed_gmt": _DATE,
    "customer_id": _of("integer", default=0),
    "customer_note": _of("string"),
    "billing": _address(email=True),
    "shipping": _address(email=False),
    "payment_method": _of("string"),
    "payment_method_title": _of("string"),
    "transaction_id": _of("string"),
    "total": _of("string", readonly=True),
    "total_tax": _of("string", readonly=True),
    "meta_data": _META,
    "line_items": _of("array", items=_of("object", properties=_LINE)),
}


def route(name: str, statuses: Sequence[str]) -> Schema:
    """The whole answer to ``OPTIONS /wp-json/wc/v3/<name>``."""
    properties = {"customers": _CUSTOMER, "orders": _ORDER}[name]
    if name == "orders":
        properties = {**properties, "status": _of("string", default="pending", enum=list(statuses))}
    title = {"customers": "customer", "orders": "shop_order"}[name]
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "title": title, "type": "object"}
    return {"namespace": "wc/v3", "methods": ["GET", "POST"], "schema": {**schema, "properties": properties}}
