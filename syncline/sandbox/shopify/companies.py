"""What the shop lets happen to a company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from syncline.sandbox.shopify import customers
from syncline.sandbox.shopify.customers import refuse
from syncline.sandbox.shopify.shop import Row, Shop


def save(shop: Shop, given: Mapping[str, Any], row: Row | None, field: Sequence[str]) -> Row:
    """Create or update a company from its input."""
    name = given.get("name", row["name"] if row else None)
    external = given.get("externalId")
    if not name:
        raise refuse([*field, "name"], "BLANK", "Name can't be blank")
    if len(name) > 255:
        raise refuse([*field, "name"], "TOO_LONG", "Name is too long (maximum is 255 characters)")
    if external and shop.owner("externalId", external) not in (None, row["id"] if row else None):
        raise refuse([*field, "externalId"], "TAKEN", "External id has already been taken")
    if row is None:
        blank = dict.fromkeys(("externalId", "note", "mainContact"))
        since = {"customerSince": given.get("customerSince") or shop.stamp()}
        row = shop.insert("companies", {"name": name, **blank, **since, "locations": [], "metafields": {}})
    if "externalId" in given:
        shop.claim("externalId", row["externalId"], external, row["id"])
    row.update({k: given[k] for k in ("name", "externalId", "note", "customerSince") if k in given})
    shop.touch("companies", row)
    return row


def add_location(shop: Shop, company: Row, given: Mapping[str, Any]) -> None:
    """Give a company a location with its shipping address."""
    now = shop.stamp()
    place = given.get("shippingAddress")
    address = None
    if place:
        plain = {k: v for k, v in place.items() if k not in {"recipient", "zoneCode"}}
        address = customers.address_of(shop, {**plain, "address1": place.get("address1") or ""})
        address |= {"companyName": company["name"], "countryCode": address["countryCodeV2"]}
        address |= {"recipient": place.get("recipient"), "zoneCode": place.get("zoneCode")}
    texts = {name: given.get(name) for name in ("externalId", "note", "phone")}
    row = {"id": shop.gid("CompanyLocation")[0], "name": given.get("name") or company["name"], **texts}
    company["locations"].append(
        {**row, "shippingAddress": address, "billingAddress": None, "createdAt": now, "updatedAt": now}
    )
