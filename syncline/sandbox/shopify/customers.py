"""What the shop lets happen to a customer: validation, uniqueness, consent, addresses, merging.

Every function either changes the row completely or raises `Refused` and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from babel import Locale

from syncline.sandbox.shopify.shop import Row, Shop

_EMAIL = re.compile(r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$")
_E164 = re.compile(r"^\+[1-9]\d{6,14}$")
_LONGEST = {"firstName": 255, "lastName": 255, "note": 5000, "email": 255}
_SETTABLE = ("SUBSCRIBED", "UNSUBSCRIBED", "PENDING")
_COUNTRIES = Locale("en").territories
_ADDRESS = ("address1", "address2", "city", "company", "firstName", "lastName", "phone", "provinceCode", "zip")


class Fault(NamedTuple):
    field: list[str] | None
    code: str
    message: str


class Refused(Exception):  # noqa: N818 (becomes userErrors, never leaves the fake)
    def __init__(self, *faults: Fault) -> None:
        self.faults = faults


def refuse(field: Sequence[str] | None, code: str, message: str) -> Refused:
    return Refused(Fault(None if field is None else list(field), code, message))


def save(shop: Shop, row: Row | None, given: Mapping[str, Any], *, metafields: Sequence[Mapping[str, Any]] = ()) -> Row:
    """Create (``row`` None) or update a customer from an input object; a given list replaces the stored one."""
    gid = row["id"] if row else None
    clean = _clean(given)
    faults = [*_faults(shop, clean, gid), *metafield_faults(shop, "customers", metafields, gid)]
    named = {**(row or {}), **clean}
    if not faults and not any(named.get(name) for name in ("firstName", "lastName", "email", "phone")):
        faults.append(Fault(None, "BLANK", "A name, phone number, or email address must be present"))
    addresses = _addresses(shop, row, clean.pop("addresses")) if not faults and "addresses" in clean else None
    if faults:
        raise Refused(*faults)
    if row is None:
        row = shop.insert("customers", _blank())
    for name in ("email", "phone"):
        if name in clean:
            shop.claim(name, row[name], clean[name], row["id"])
            if row[name] != clean[name]:
                row[f"{name}Consent"] = _no_consent()
    row.update({name: value for name, value in clean.items() if name in row})
    if addresses is not None:
        row["addresses"] = addresses
        if row["defaultAddress"] not in {address["id"] for address in addresses}:
            row["defaultAddress"] = addresses[0]["id"] if addresses else None
    for metafield in metafields:
        set_metafield(shop, "customers", row, metafield)
    shop.touch("customers", row)
    return row


def _blank() -> Row:
    texts = dict.fromkeys(("firstName", "lastName", "email", "phone", "note", "defaultAddress"))
    consents = {"emailConsent": _no_consent(), "phoneConsent": _no_consent()}
    rest = {"tags": [], "locale": "en", "taxExempt": False, "state": "DISABLED", "addresses": [], "metafields": {}}
    return {**texts, **consents, **rest}


def _no_consent() -> Row:
    return {"state": "NOT_SUBSCRIBED", "level": None, "at": None}


def _clean(given: Mapping[str, Any]) -> Row:
    clean = {name: value for name, value in given.items() if name not in {"id", "metafields"}}
    for name in ("email", "phone"):
        if name in clean:
            clean[name] = (clean[name] or "").strip() or None
    if clean.get("email"):
        clean["email"] = clean["email"].lower()
    for name in ("tags", "addresses"):
        if clean.get(name, ()) is None:
            clean[name] = []
    if "tags" in clean:
        clean["tags"] = tidy_tags(clean["tags"])
    if clean.get("locale", "") is None:
        del clean["locale"]
    if clean.get("taxExempt", False) is None:
        del clean["taxExempt"]
    return clean


def tidy_tags(tags: Sequence[str]) -> list[str]:
    """Trimmed, without empty ones and repeats (upper and lower case are the same tag), sorted."""
    kept = {tag.strip().casefold(): tag.strip() for tag in reversed(tags) if tag.strip()}
    return sorted(kept.values(), key=str.casefold)


def _faults(shop: Shop, clean: Mapping[str, Any], gid: str | None) -> list[Fault]:
    faults = []
    for name, longest in _LONGEST.items():
        if len(clean.get(name) or "") > longest:
            label = {"firstName": "First name", "lastName": "Last name"}.get(name, name.capitalize())
            text = f"{label} is too long (maximum is {longest} characters)"
            faults.append(Fault(["input", name], "TOO_LONG", text))
    for name, form in (("email", _EMAIL), ("phone", _E164)):
        value = clean.get(name)
        if value and not form.match(value):
            faults.append(Fault(["input", name], "INVALID", f"{name.capitalize()} is invalid"))
        elif value and shop.owner(name, value) not in (None, gid):
            faults.append(Fault(["input", name], "TAKEN", f"{name.capitalize()} has already been taken"))
    for place, tag in enumerate(clean.get("tags") or ()):
        if len(tag) > 255:
            faults.append(
                Fault(["input", "tags", str(place)], "TOO_LONG", "Tag is too long (maximum is 255 characters)")
            )
    if len(clean.get("tags") or ()) > 250:
        faults.append(Fault(["input", "tags"], "TOO_LONG", "Tags cannot have more than 250 tags"))
    return faults


# addresses


def _addresses(shop: Shop, row: Row | None, given: Sequence[Mapping[str, Any]]) -> list[Row]:
    known = {address["id"]: address for address in (row or {"addresses": ()})["addresses"]}
    return [address_of(shop, item, known.get(item.get("id") or "")) for item in given]


def address_of(shop: Shop, given: Mapping[str, Any], former: Row | None = None) -> Row:
    """A stored address from its input; what the input leaves out stays as it was."""
    gid = former["id"] if former else shop.gid("MailingAddress")[0]
    address: Row = {"id": gid, "countryCodeV2": None, **dict.fromkeys(_ADDRESS), **(former or {})}
    address.update({name: given[name] for name in _ADDRESS if name in given})
    if "countryCode" in given:
        address["countryCodeV2"] = given["countryCode"]
    elif given.get("country"):
        named = {name: code for code, name in _COUNTRIES.items() if len(code) == 2}
        address["countryCodeV2"] = named.get(given["country"])
    address["country"] = _COUNTRIES.get(address["countryCodeV2"] or "")
    address["province"] = given.get("province", (former or {}).get("province"))
    address["name"] = " ".join(part for part in (address["firstName"], address["lastName"]) if part) or None
    return address


# consent


def consent(shop: Shop, row: Row, channel: str, given: Mapping[str, Any]) -> None:
    """Record a consent for ``email`` or ``phone``; the customer must have one."""
    argument = "emailMarketingConsent" if channel == "email" else "smsMarketingConsent"
    state = given["marketingState"]
    if state not in _SETTABLE:
        raise refuse(["input", argument, "marketingState"], "INCLUSION", f"Marketing state {state} cannot be set")
    if not row[channel]:
        what = "an email address" if channel == "email" else "a unique phone number"
        raise refuse(["input", argument], "INVALID", f"The customer must have {what} to update consent")
    level = given.get("marketingOptInLevel") or ("SINGLE_OPT_IN" if state == "SUBSCRIBED" else "UNKNOWN")
    at = given.get("consentUpdatedAt") or shop.stamp()
    row[f"{channel}Consent"] = {"state": state, "level": level, "at": at}
    shop.touch("customers", row)


# metafields


def metafield_faults(
    shop: Shop, table: str, given: Sequence[Mapping[str, Any]], gid: str | None, at: str = "metafields"
) -> list[Fault]:
    faults = []
    for place, item in enumerate(given):
        key, value = f"{item.get('namespace') or 'custom'}.{item.get('key')}", item.get("value")
        if not value:
            faults.append(Fault([at, str(place), "value"], "BLANK", "Value can't be blank"))
        elif len(value) > 65535:
            faults.append(Fault([at, str(place), "value"], "TOO_LONG", "Value is too long"))
        elif shop.is_unique(table, key) and shop.owner(key, value) not in (None, gid):
            faults.append(Fault([at, str(place), "value"], "TAKEN", "Value is already assigned to another metafield"))
    return faults


def set_metafield(shop: Shop, table: str, row: Row, given: Mapping[str, Any]) -> Row:
    key = f"{given.get('namespace') or 'custom'}.{given['key']}"
    former = row["metafields"].get(key)
    if shop.is_unique(table, key):
        shop.claim(key, former["value"] if former else None, given["value"], row["id"])
    now = shop.stamp()
    row["metafields"][key] = {
        "id": former["id"] if former else shop.gid("Metafield")[0],
        "createdAt": former["createdAt"] if former else now,
        "updatedAt": now,
        "type": given.get("type") or (former["type"] if former else "single_line_text_field"),
        "value": given["value"],
    }
    shop.touch(table, row)
    stored: Row = row["metafields"][key]
    return stored


# deleting and merging


def delete(shop: Shop, gid: str) -> None:
    if gid not in shop.tables["customers"]:
        raise refuse(["id"], "NOT_FOUND", "Customer can't be found")
    if any(order["customer"] == gid for order in shop.tables["orders"].values()):
        raise refuse(["id"], "INVALID", "Customer can't be deleted because they have associated orders")
    shop.drop("customers", gid)


def merge(shop: Shop, one: str, two: str) -> str:
    """Merge two customers; the one with an e-mail address survives, otherwise the second. Returns the survivor."""
    rows = shop.tables["customers"]
    for place, gid in (("customerOneId", one), ("customerTwoId", two)):
        if gid not in rows:
            raise refuse([place], "INVALID_CUSTOMER_ID", "Customer does not exist")
    if one == two:
        raise refuse(["customerTwoId"], "INVALID_CUSTOMER", "Customers cannot be merged with themselves")
    keep, lose = (one, two) if rows[one]["email"] and not rows[two]["email"] else (two, one)
    survivor, loser = rows[keep], rows[lose]
    shop.drop("customers", lose)
    shop.merged[lose] = keep
    for name in ("email", "phone", "firstName", "lastName", "defaultAddress"):
        if not survivor[name] and loser[name]:
            survivor[name] = loser[name]
            if name in {"email", "phone"}:
                survivor[f"{name}Consent"] = loser[f"{name}Consent"]
                shop.claim(name, None, loser[name], keep)
    survivor["note"] = "\n".join(note for note in (survivor["note"], loser["note"]) if note) or None
    survivor["tags"] = tidy_tags([*survivor["tags"], *loser["tags"]])
    survivor["addresses"] = [*survivor["addresses"], *loser["addresses"]]
    for order in shop.tables["orders"].values():
        if order["customer"] == lose:
            order["customer"] = keep
    for contact in shop.tables["contacts"].values():
        if contact["customer"] == lose:
            contact["customer"] = keep
    shop.touch("customers", survivor)
    return keep
