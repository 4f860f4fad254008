"""The fields of a stream: what ``OPTIONS`` on its route describes (WordPress core), and what that leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.sdk import Field, FieldType, ProtocolError
from connectors.woocommerce.session import Session

_TYPES = {
    "integer": FieldType.INTEGER,
    "number": FieldType.DECIMAL,
    "boolean": FieldType.BOOLEAN,
    "date-time": FieldType.DATETIME,
    "array": FieldType.LIST,
    "object": FieldType.OBJECT,
}
_LEFT_OUT = frozenset(
    {"password", "meta_data", "avatar_url", "date_created", "date_modified", "date_paid", "date_completed", "_links"}
)
_EMAIL = 100
"""WordPress keeps e-mail addresses of users in a column of a hundred characters."""

WRITABLE: Mapping[str, frozenset[str]] = {
    "customers": frozenset({"email", "username", "first_name", "last_name"}),
    "orders": frozenset(
        {
            "status",
            "currency",
            "customer_id",
            "customer_note",
            "payment_method",
            "payment_method_title",
            "transaction_id",
            "line_items",
        }
    ),
}
"""What is written besides ``billing.…``, ``shipping.…`` and ``meta.…``."""

GUEST = (
    Field(name="email", creatable=False, updatable=False, nullable=False),
    *(
        Field(name=f"billing.{name}", creatable=False, updatable=False)
        for name in (
            "first_name",
            "last_name",
            "company",
            "address_1",
            "address_2",
            "city",
            "state",
            "postcode",
            "country",
            "phone",
        )
    ),
    Field(name="order_id", type=FieldType.REFERENCE, references=("orders",), creatable=False, updatable=False),
)


def described(session: Session, name: str) -> Mapping[str, Any]:
    """The JSON Schema's properties of one route."""
    answer = session.ask("OPTIONS", name).json()
    properties = (answer.get("schema") or {}).get("properties") if isinstance(answer, dict) else None
    if not isinstance(properties, dict):
        raise ProtocolError(f"describing {name}: an answer without a schema; does something block OPTIONS?")
    return properties


OWN = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")
"""The statuses of an order without any extension."""


def statuses(session: Session) -> tuple[str, ...]:
    """Every status an order of this shop may have, those of extensions included."""
    return tuple(map(str, (described(session, "orders").get("status") or {}).get("enum") or ()))


def fields(session: Session, name: str) -> tuple[Field, ...]:
    found = list(_fields(name, described(session, name)))
    marker = Field(name=f"meta.{session.settings.marker}", unique=True, creatable=False, updatable=False)
    custom = [Field(name=f"meta.{key}") for key in session.settings.custom[1:]]
    return (*found, marker, *custom, *_others(session, name))


def _others(session: Session, name: str) -> Iterator[Field]:
    """Custom fields that the newest records have and nobody named yet: no schema declares them."""
    rows, _ = session.page(name, {"per_page": session.settings.page, "_fields": "id,meta_data"})
    keys = {str(entry.get("key")) for row in rows for entry in row.get("meta_data") or ()}
    for key in sorted(keys - set(session.settings.custom)):
        if not key.startswith("_") and "." not in key:
            yield Field(
                name=f"meta.{key}",
                label=f"{key} (to use it, list it under `meta` in the connection's settings)",
                readable=False,
                creatable=False,
                updatable=False,
            )


def _fields(name: str, properties: Mapping[str, Any], head: str = "") -> Iterator[Field]:
    for leaf, facts in properties.items():
        if leaf in _LEFT_OUT:
            continue
        inner = facts.get("properties")
        if facts.get("type") == "object" and isinstance(inner, dict):
            yield from _fields(name, inner, f"{head}{leaf}.")
        else:
            yield _field(name, f"{head}{leaf}", facts)


def _field(name: str, path: str, facts: Mapping[str, Any]) -> Field:
    choices: Sequence[str] = facts.get("enum") or ()
    kind = FieldType.CHOICE if choices else _TYPES.get(str(facts.get("type")), FieldType.TEXT)
    mine = not facts.get("readonly") and (path in WRITABLE[name] or path.startswith(("billing.", "shipping.")))
    account = name == "customers" and path == "email"
    reference = path == "customer_id"
    return Field(
        name=path,
        type=FieldType.REFERENCE if reference else kind,
        label=str(facts.get("title") or ""),
        max_length=_EMAIL if account else None,
        required=account,
        nullable=not account and path not in {"status", "currency"},
        creatable=mine,
        updatable=mine and path != "username",
        unique=account or path in {"id", "username"},
        choices=tuple(map(str, choices)) or None,
        restricted=bool(choices),
        references=("customers",) if reference else (),
    )
