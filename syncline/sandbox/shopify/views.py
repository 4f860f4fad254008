"""Stored rows as GraphQL objects: what may be asked of a customer, a company, an order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from graphql import GraphQLError

from syncline.sandbox.shopify.shop import Row, Shop, owner_type

View = dict[str, Any]

_SMS = {"NOT_SUBSCRIBED": "NEVER_SUBSCRIBED"}


def connection(nodes: Sequence[Any], cursors: Sequence[str], *, more: bool, after: str | None = None) -> View:
    """A connection object over one page of nodes."""
    edges = [{"cursor": cursor, "node": node} for cursor, node in zip(cursors, nodes, strict=True)]
    info = {
        "endCursor": cursors[-1] if cursors else None,
        "startCursor": cursors[0] if cursors else None,
        "hasNextPage": more,
        "hasPreviousPage": after is not None,
    }
    return {"nodes": list(nodes), "edges": edges, "pageInfo": info}


def listed(items: Iterable[Any], view: Callable[[Any], View]) -> Callable[..., View]:
    """A resolver for a connection over a list held in memory, paged by position."""
    whole = list(items)

    def resolve(_info: Any, first: int | None = None, after: str | None = None, **_: Any) -> View:
        size = page_size(first)
        start = int(after) + 1 if after else 0
        part = whole[start : start + size]
        cursors = [str(place) for place in range(start, start + len(part))]
        return connection([view(item) for item in part], cursors, more=start + size < len(whole), after=after)

    return resolve


def page_size(first: int | None) -> int:
    if first is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    if not 0 < first <= 250:
        raise GraphQLError("first must be between 1 and 250", extensions={"code": "BAD_REQUEST"})
    return first


def of(shop: Shop, gid: str | None) -> View | None:
    """The object behind a gid, or None."""
    row = shop.row(gid) if gid else None
    if row is None or gid is None:
        return None
    kind = gid.rsplit("/", 2)[-2]
    return {"Customer": customer, "Company": company, "Order": order, "CompanyContact": contact}[kind](shop, row)


def customer(shop: Shop, row: Row) -> View:
    """A customer; fields the app may not see (``Shop.denied``) come as null beside an error."""
    return {**_customer(shop, row), **dict.fromkeys(shop.denied, _denied)}


def _denied(info: Any, **_: Any) -> None:
    raise GraphQLError(f"Access denied for {info.field_name} field.", extensions={"code": "ACCESS_DENIED"})


def _customer(shop: Shop, row: Row) -> View:
    email, phone = row["email"], row["phone"]
    name = " ".join(part for part in (row["firstName"], row["lastName"]) if part)
    default = next((a for a in row["addresses"] if a["id"] == row["defaultAddress"]), None)

    def orders(_info: Any = None) -> int:
        return sum(order["customer"] == row["id"] for order in shop.tables["orders"].values())

    return {
        **{name: row[name] for name in _CUSTOMER},
        **_metafields("customers", row),
        "__typename": "Customer",
        "legacyResourceId": row["number"],
        "displayName": name or email or phone or "",
        "defaultEmailAddress": None if email is None else _email(row),
        "defaultPhoneNumber": None if phone is None else _phone(row),
        "defaultAddress": default and address(default),
        "addressesV2": listed(row["addresses"], address),
        "canDelete": lambda _info: not orders(),
        "numberOfOrders": orders,
        "verifiedEmail": row["state"] == "ENABLED",
        "companyContactProfiles": lambda _info: [
            contact(shop, found) for found in shop.tables["contacts"].values() if found["customer"] == row["id"]
        ],
    }


_CUSTOMER = ("id", "firstName", "lastName", "note", "tags", "locale", "taxExempt", "state", "createdAt", "updatedAt")


def _email(row: Row) -> View:
    consent = row["emailConsent"]
    return {
        "emailAddress": row["email"],
        "marketingState": consent["state"],
        "marketingOptInLevel": consent["level"],
        "marketingUpdatedAt": consent["at"],
        "validFormat": True,
    }


def _phone(row: Row) -> View:
    consent = row["phoneConsent"]
    old = {
        "marketingState": consent["state"],
        "marketingOptInLevel": consent["level"],
        "marketingUpdatedAt": consent["at"],
        "marketingCollectedFrom": "OTHER",
    }
    new = {
        "state": _SMS.get(consent["state"], consent["state"]),
        "optInLevel": consent["level"],
        "updatedAt": consent["at"],
        "collectedFrom": "OTHER",
    }
    return {"phoneNumber": row["phone"], "smsMarketingConsent": new, **old}


def address(row: Row) -> View:
    return {**row, "__typename": "MailingAddress"}


def metafield(table: str, row: Row, full_key: str) -> View | None:
    """One metafield of a row, by ``namespace.key``."""
    stored = row["metafields"].get(full_key)
    if stored is None:
        return None
    namespace, key = full_key.split(".", 1)
    digest = hashlib.sha256(stored["value"].encode()).hexdigest()
    names = {"namespace": namespace, "key": key, "compareDigest": digest, "ownerType": owner_type(table)}
    return {**stored, **names, "__typename": "Metafield"}


def _metafields(table: str, row: Row) -> View:
    def one(_info: Any, key: str, namespace: str | None = None) -> View | None:
        return metafield(table, row, f"{namespace or 'custom'}.{key}")

    def several(
        info: Any, first: int | None = None, keys: list[str] | None = None, namespace: str | None = None, **rest: Any
    ) -> View:
        wanted = [k for k in row["metafields"] if namespace is None or k.startswith(f"{namespace}.")]
        wanted = [k for k in wanted if keys is None or k in keys]
        return listed(wanted, lambda full: metafield(table, row, full) or {})(info, first=first, **rest)

    return {"metafield": one, "metafields": several}


def company(shop: Shop, row: Row) -> View:
    contacts = [c for c in shop.tables["contacts"].values() if c["company"] == row["id"]]
    return {
        **{name: row[name] for name in ("id", "name", "externalId", "note", "customerSince", "createdAt", "updatedAt")},
        **_metafields("companies", row),
        "__typename": "Company",
        "locations": listed(row["locations"], lambda location: {**location, "__typename": "CompanyLocation"}),
        "contacts": listed(contacts, lambda found: contact(shop, found)),
        "mainContact": lambda _info: of(shop, row["mainContact"]),
    }


def contact(shop: Shop, row: Row) -> View:
    return {
        **{name: row[name] for name in ("id", "title", "locale", "createdAt", "updatedAt")},
        "__typename": "CompanyContact",
        "customer": lambda _info: of(shop, row["customer"]),
        "company": lambda _info: of(shop, row["company"]),
        "isMainContact": shop.tables["companies"][row["company"]]["mainContact"] == row["id"],
    }


def order(shop: Shop, row: Row) -> View:
    lines = listed(row["lineItems"], lambda line: {**line, "__typename": "LineItem"})
    return {
        **row,
        "__typename": "Order",
        "legacyResourceId": row["number"],
        "customer": lambda _info: of(shop, row["customer"]),
        "lineItems": lines,
    }


def definition(row: Row) -> View:
    return {
        **{name: row[name] for name in ("id", "key", "name", "namespace", "ownerType", "description")},
        "__typename": "MetafieldDefinition",
        "type": {"name": row["type"], "category": "ID" if row["type"] == "id" else "TEXT"},
        "capabilities": {"uniqueValues": {"eligible": True, "enabled": row["uniqueValues"]}},
    }
