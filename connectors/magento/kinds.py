"""The streams of a shop: where their records are, and how a record is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.sdk import ProtocolError, Record

DEFAULTS: Mapping[str, str] = {"billing": "default_billing", "shipping": "default_shipping"}
"""The two addresses that have a role, and the mark an address bears that has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """``list_path`` is searched, ``new_path`` takes new records, ``path`` holds them by their keys.

    ``wrap`` names the record in the body of a write, ``named`` how errors call its key. ``key`` is the field a record
    shows its key in; filters say entity_id.
    """

    name: str
    list_path: str
    new_path: str
    path: str
    wrap: str
    named: tuple[str, ...]
    key: str
    stamped: bool
    record: Callable[[Mapping[str, Any]], Record]


def customer(row: Mapping[str, Any]) -> Record:
    """Custom attributes by their code under ``custom``; the default addresses under ``billing`` and ``shipping``."""
    data = {name: value for name, value in row.items() if name != "custom_attributes"}
    data["custom"] = {a["attribute_code"]: a.get("value") for a in row.get("custom_attributes") or ()}
    addresses = row.get("addresses") or []
    for role, mark in DEFAULTS.items():
        data[role] = next((shown(address) for address in addresses if address.get(mark)), None)
    return Record(_key(row, "id"), data, row.get("updated_at"))


def shown(address: Mapping[str, Any]) -> dict[str, Any]:
    """An address as its fields are named here: street lines in one text, the region by name and by code."""
    region = address.get("region")
    region = region if isinstance(region, dict) else {"region": region}
    plain = {name: value for name, value in address.items() if name not in {*DEFAULTS.values(), "custom_attributes"}}
    return {
        **plain,
        "street": "\n".join(address.get("street") or ()) or None,
        "region": region.get("region") or None,
        "region_code": region.get("region_code") or address.get("region_code") or None,
    }


def company(row: Mapping[str, Any]) -> Record:
    street = row.get("street")
    lines = street if isinstance(street, list) else [street] if street else []
    return Record(_key(row, "id"), {**row, "street": "\n".join(lines) or None})


def order(row: Mapping[str, Any]) -> Record:
    """The address goods go to is lifted out of its shipping assignment; each line is told its currency."""
    extension = row.get("extension_attributes")
    parts = extension.get("shipping_assignments") if isinstance(extension, dict) else None
    sent_to = next((part["shipping"].get("address") for part in parts or () if part.get("shipping")), None)
    currency = row.get("order_currency_code")
    data = {
        **row,
        "items": [{**item, "order_currency_code": currency} for item in row.get("items") or ()],
        "billing": shown(row["billing_address"]) if row.get("billing_address") else None,
        "shipping": shown(sent_to) if sent_to else None,
    }
    return Record(_key(row, "entity_id"), data, row.get("updated_at"))


def _key(row: Mapping[str, Any], name: str) -> str:
    key = row.get(name)
    if key is None:
        raise ProtocolError(f"a record came without its {name}")
    return str(key)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="customers",
            list_path="customers/search",
            new_path="customers",
            path="customers",
            wrap="customer",
            named=("customerId",),
            key="id",
            stamped=True,
            record=customer,
        ),
        Kind(
            name="companies",
            list_path="company/",
            new_path="company/",
            path="company",
            wrap="company",
            named=("id", "companyId"),
            key="id",
            stamped=False,
            record=company,
        ),
        Kind(
            name="orders",
            list_path="orders",
            new_path="orders",
            path="orders",
            wrap="entity",
            named=("entityId",),
            key="entity_id",
            stamped=True,
            record=order,
        ),
    )
}
