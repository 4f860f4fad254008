"""The records of the fake shop, and the vendor's rules for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import orjson

from model.clock import Clock
from syncline.sandbox.magento import described
from syncline.sandbox.magento.refusals import Refusal, internal, no_such, required

Row = dict[str, Any]
_LENGTHS = {"prefix": 40, "suffix": 40, "taxvat": 50}
_INTEGERS = ("gender", "group_id", "website_id", "store_id")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ADDRESS_NEEDS = ("firstname", "lastname", "street", "city", "country_id", "telephone")
_COMPANY_NEEDS = ("company_name", "company_email", "super_user_id", "customer_group_id")
_MISTYPED = 'Error occurred during "%1" processing. The "%2" value\'s type is invalid. The "%3" type was expected.'
TAKEN = "A customer with the same email address already exists in an associated website."


class Shop:
    """Three tables of rows as the vendor shows them, by id."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self.clock = clock
        self.tables: dict[str, dict[int, Row]] = {"customers": {}, "companies": {}, "orders": {}}
        self.attributes: dict[str, Row] = {a["attribute_code"]: a for a in described.CUSTOMER}
        self._numbers: dict[str, int] = {}
        if path is not None and path.exists():
            kept = orjson.loads(path.read_bytes())
            self.tables = {name: {int(key): row for key, row in kept["tables"][name].items()} for name in self.tables}
            self._numbers = dict(kept["numbers"])

    def keep(self, path: Path) -> None:
        tables = {name: {str(key): row for key, row in rows.items()} for name, rows in self.tables.items()}
        path.write_bytes(orjson.dumps({"tables": tables, "numbers": self._numbers}, option=orjson.OPT_INDENT_2))

    def number(self, of: str) -> int:
        self._numbers[of] = self._numbers.get(of, 0) + 1
        return self._numbers[of]

    def now(self) -> str:
        return self.clock.now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

    def row(self, table: str, key: str | int, named: str) -> Row:
        found = self.tables[table].get(int(key)) if str(key).isdigit() else None
        if found is None:
            raise no_such(named, key)
        return found

    # customers

    def create_customer(self, given: Mapping[str, Any], website: int, store: int) -> Row:
        person = {"website_id": website, "store_id": store, "group_id": 1, **given}
        self._check_customer(person, None)
        key = self.number("customers")
        now = self.now()
        row: Row = {
            "id": key,
            "created_at": now,
            "updated_at": now,
            "created_in": "Default Store View",
            "addresses": [],
        }
        row |= {"extension_attributes": {"is_subscribed": False}, "disable_auto_group_change": 0}
        self._store(row, person)
        self.tables["customers"][key] = row
        return row

    def update_customer(self, key: str, given: Mapping[str, Any]) -> Row:
        """What is left out stays; the stamp moves only where a column of the customer itself changes."""
        row = self.row("customers", key, "customerId")
        for name in ("email", "firstname", "lastname", "website_id"):
            if not given.get(name):
                raise required(name)
        self._check_customer({**row, **given}, row["id"])
        before = _own(row)
        self._store(row, given)
        if _own(row) != before:
            row["updated_at"] = self.now()
        return row

    def delete(self, table: str, key: str, named: str) -> None:
        del self.tables[table][self.row(table, key, named)["entity_id" if table == "orders" else "id"]]

    def _check_customer(self, person: Mapping[str, Any], own: int | None) -> None:
        for name in ("firstname", "lastname"):
            if not str(person.get(name) or "").strip():
                raise required(name)
        if not _EMAIL.fullmatch(str(person.get("email") or "")):
            raise Refusal(400, '"%1" is not a valid email address.', ["Email"])
        for name in _INTEGERS:
            if name in person and not isinstance(person[name], int):
                raise Refusal(400, _MISTYPED, [name, person[name], "int"])
        if person["group_id"] not in {group["id"] for group in described.GROUPS}:
            raise no_such("id", person["group_id"])
        self._check_email(person, own)
        if any(isinstance(text, str) and len(text) > _LENGTHS.get(name, 255) for name, text in person.items()):
            raise internal()  # the database refuses it, and nobody says so
        for one in person.get("custom_attributes") or ():
            self._check_attribute(one)
        for address in person.get("addresses") or ():
            _check_address(address)

    def _check_email(self, person: Mapping[str, Any], own: int | None) -> None:
        for row in self.tables["customers"].values():
            same = str(row["email"]).casefold() == str(person["email"]).casefold()
            if same and row["website_id"] == person["website_id"] and row["id"] != own:
                raise Refusal(400, TAKEN)

    def _check_attribute(self, one: Mapping[str, Any]) -> None:
        described_as = self.attributes.get(one["attribute_code"])
        values = {o["value"] for o in described_as["options"]} if described_as else set()
        if values and str(one.get("value") or "") not in values:
            text = "Attribute %1 does not contain option with Id %2"
            raise Refusal(400, text, [one["attribute_code"], one.get("value")])
        if len(str(one.get("value") or "")) > 255:
            raise internal()

    def _store(self, row: Row, given: Mapping[str, Any]) -> None:
        for name, value in given.items():
            if name in {"id", "created_at", "updated_at", "created_in", "addresses", "custom_attributes"}:
                continue
            if name == "extension_attributes":
                kept = row.get(name) or {}
                row[name] = {**kept, **{inner: part for inner, part in (value or {}).items() if part is not None}}
            elif value == "":
                row.pop(name, None)
            elif value is not None:  # null is taken for "not given"
                row[name] = value
        self._store_attributes(row, given.get("custom_attributes") or ())
        if given.get("addresses") is not None:
            row["addresses"] = self._addresses(row, given["addresses"])
            for mark in ("default_billing", "default_shipping"):
                row.pop(mark, None)
                chosen = [str(address["id"]) for address in row["addresses"] if address.get(mark)]
                row |= {mark: chosen[-1]} if chosen else {}

    def _store_attributes(self, row: Row, given: Any) -> None:
        held = {a["attribute_code"]: a for a in row.get("custom_attributes") or ()}
        for one in given:
            if one["attribute_code"] not in self.attributes:
                continue  # unknown ones are passed over in silence
            held.pop(one["attribute_code"], None)
            if one.get("value") not in (None, ""):
                held[one["attribute_code"]] = {"attribute_code": one["attribute_code"], "value": str(one["value"])}
        row.pop("custom_attributes", None)
        row |= {"custom_attributes": list(held.values())} if held else {}

    def _addresses(self, row: Row, given: Any) -> list[Row]:
        """The whole set: whatever is not in it is gone."""
        known = {address["id"]: address for address in row["addresses"]}
        result = []
        for address in given:
            key = int(address["id"]) if address.get("id") else None
            if key is not None and key not in known:
                raise no_such("addressId", key)
            region = address.get("region")
            if isinstance(region, str):
                region = {"region": region}
            entry: Row = {
                **(known.get(key, {}) if key else {}),
                **{k: v for k, v in address.items() if v not in (None, "")},
            }
            entry |= {"id": key or self.number("addresses"), "customer_id": row["id"]}
            region = region or {}
            entry["region"] = {
                "region_code": region.get("region_code") or None,
                "region": region.get("region") or None,
                "region_id": region.get("region_id") or 0,
            }
            entry["region_id"] = entry["region"]["region_id"]
            for name in [name for name, value in address.items() if value == ""]:
                entry.pop(name, None)
            for mark in ("default_billing", "default_shipping"):
                if not entry.get(mark):
                    entry.pop(mark, None)
            result.append(entry)
        return result

    # companies

    def save_company(self, given: Mapping[str, Any], key: str | None) -> Row:
        row = self.row("companies", key, "id") if key is not None else {}
        whole = {**row, **{name: value for name, value in given.items() if value is not None}}
        for name in _COMPANY_NEEDS:
            if whole.get(name) in (None, ""):
                raise required(name)
        if not str(whole["super_user_id"]).isdigit() or int(whole["super_user_id"]) not in self.tables["customers"]:
            raise no_such("customerId", whole["super_user_id"])
        for other in self.tables["companies"].values():
            if other["company_email"].casefold() == whole["company_email"].casefold() and other is not row:
                text = "A company with the same email address already exists in the system."
                raise Refusal(400, text)
        if len(str(whole["company_name"])) > 40:
            raise internal()
        if key is None:
            row = {"id": self.number("companies"), "status": 1}
            self.tables["companies"][row["id"]] = row
        row.update({name: value for name, value in given.items() if value is not None and name != "id"})
        row["super_user_id"] = int(row["super_user_id"])
        for name in [name for name, value in row.items() if value == ""]:
            row.pop(name)
        return row

    # orders, which nobody edits by the API

    def place_order(self, given: Mapping[str, Any]) -> Row:
        key = self.number("orders")
        now = self.now()
        row: Row = {"entity_id": key, "increment_id": f"{key:09d}", "state": "new", "status": "pending"}
        row |= {"created_at": now, "updated_at": now, "store_id": 1, "order_currency_code": "EUR", "items": []}
        self.tables["orders"][key] = row | dict(given)
        return self.tables["orders"][key]


def _own(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored in the customer's own table: neither addresses nor the newsletter move its stamp."""
    apart = {"addresses", "extension_attributes", "updated_at", "default_billing", "default_shipping"}
    return {name: value for name, value in row.items() if name not in apart}


def _check_address(address: Mapping[str, Any]) -> None:
    for name in _ADDRESS_NEEDS:
        if not address.get(name):
            raise required(name)
    if len(address["street"]) > 2:
        raise Refusal(400, '"%1" cannot contain more than %2 lines.', ["Street Address", 2])
    if address["country_id"] not in described.REGIONS:
        raise Refusal(
            400,
            'Invalid value of "%value" provided for the %fieldName field.',
            {"value": address["country_id"], "fieldName": "countryId"},
        )
    region = address.get("region") or {}
    number = address.get("region_id") or (region.get("region_id") if isinstance(region, dict) else 0)
    if address["country_id"] in described.REGION_NEEDED and not number:
        raise required("regionId")
    if any(len(str(value)) > 255 for value in address.values() if isinstance(value, str)):
        raise internal()
    if any(len(line) > 255 for line in address["street"]):
        raise internal()
