"""The records of the fake account and the rules they keep.

Values are as REST shows them, references by their ids; moments are aware. Stamps have whole seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from model.clock import Clock
from syncline.sandbox.netsuite.faults import ApiError
from syncline.sandbox.netsuite.objects import CURRENCIES, SUBLISTS, FieldDef

Row = dict[str, Any]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NONE = "The record instance does not exist. Provide a valid record instance ID."


@dataclass(frozen=True, slots=True)
class Script:
    """A user event script that fails for the records whose ``field`` has a value: when they are loaded, before they are
    saved, or after (the record is then written, whatever is answered)."""

    name: str
    field: str
    value: str
    when: str
    error: ApiError


class Store:
    """Rows by type and id; ids are unique among all of them. ``revision`` counts changes."""

    def __init__(self, clock: Clock, types: Mapping[str, dict[str, FieldDef]]) -> None:
        self.clock = clock
        self.types = types
        self.one_world = False
        self.unsubscribed_by_default = False
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in types}
        self.deleted: list[Row] = []
        self.scripts: list[Script] = []
        self.count = 100
        self.revision = 0

    def find(self, name: str, key: str) -> Row:
        """By internal or external id (``eid:``). Raises ApiError NONEXISTENT_ID."""
        named = key.startswith("eid:")
        row = self.by_external(name, key.removeprefix("eid:")) if named else self.rows[name].get(key)
        if row is None:
            raise ApiError("NONEXISTENT_ID", _NONE, status=404)
        return row

    def run(self, when: str, name: str, row: Row) -> None:
        """Raises what the account's scripts raise for a record."""
        for script in self.scripts:
            if (script.when, script.name) == (when, name) and str(row.get(script.field)) == script.value:
                raise script.error

    def by_external(self, name: str, external: str) -> Row | None:
        """External ids are compared without case."""
        rows = (row for row in self.rows[name].values() if row.get("externalId"))
        return next((row for row in rows if row["externalId"].lower() == external.lower()), None)

    def create(self, name: str, given: Mapping[str, Any], lines: Any, *, at: datetime | None = None) -> Row:
        row: Row = dict.fromkeys(self.types[name])
        soft = "2" if self.unsubscribed_by_default else "1"
        row |= {"isInactive": False, "globalSubscriptionStatus": soft} if name != "salesOrder" else {}
        row |= {"isPerson": False} if name == "customer" else {"status": "B", "currency": "1"}
        if name == "contact":
            del row["status"], row["currency"]
        values = self._taken(name, given)
        row |= values
        row[SUBLISTS[name]] = []
        self._check(name, row, None)
        self.count += 1
        row["id"] = str(self.count)
        made = "createdDate" if name == "salesOrder" else "dateCreated"
        row[made] = self._now(at)
        self._name(name, row)
        self._merge_lines(name, row, lines, replace=False)
        self.rows[name][row["id"]] = row
        return self._settle(name, row, at)

    def update(
        self, name: str, row: Row, given: Mapping[str, Any], lines: Any, *, replace: bool = False, at: Any = None
    ) -> Row:
        values = self._taken(name, given)
        if "isPerson" in values and values["isPerson"] is not row["isPerson"]:
            raise ApiError("USER_ERROR", "You cannot change the type of a customer.", path="isPerson")
        after = {**row, **values}
        self._check(name, after, row)
        self._merge_lines(name, after, lines, replace=replace)
        row.update(after)
        return self._settle(name, row, at)

    def delete(self, name: str, row: Row) -> None:
        for other, fields in self.types.items():
            for field in fields.values():
                if field.target == name and any(one.get(field.name) == row["id"] for one in self.rows[other].values()):
                    detail = "This record cannot be deleted because it has dependent records."
                    raise ApiError("THIS_RECORD_CANNOT_BE_DELETED_BECAUSE_IT_HAS_DEPENDENT_RECORDS", detail)
        self.forget(name, row)

    def forget(self, name: str, row: Row) -> None:
        """Take a record away and tell the feed of deletions."""
        del self.rows[name][row["id"]]
        title = row.get("entityId") or row.get("tranId")
        self.deleted.append({"type": name, "id": row["id"], "name": title, "at": self._now(None)})
        self.revision += 1

    def lines(self, name: str) -> Iterator[tuple[Row, Row]]:
        """Each line with its record."""
        return ((row, line) for row in self.rows[name].values() for line in row[SUBLISTS[name]])

    def _now(self, at: datetime | None) -> datetime:
        return (at or self.clock.now()).astimezone(UTC).replace(microsecond=0)

    def _settle(self, name: str, row: Row, at: datetime | None) -> Row:
        row["lastModifiedDate"] = self._now(at)
        if name == "salesOrder":
            row["total"] = sum(line.get("amount") or 0 for line in row["item"])
        self.revision += 1
        return row

    def _name(self, name: str, row: Row) -> None:
        """What is numbered or named by the account where nobody says otherwise."""
        field = "tranId" if name == "salesOrder" else "entityId"
        if not row.get(field):
            person = " ".join(filter(None, (row.get("firstName"), row.get("lastName"))))
            row[field] = {"salesOrder": f"SO{row['id']}", "customer": f"CUST{row['id']}"}.get(name, person)

    def _taken(self, name: str, given: Mapping[str, Any]) -> Row:
        return {key: self._value(self.types[name][key], value) for key, value in given.items()}

    def _value(self, field: FieldDef, value: Any) -> Any:
        if value is None or value == "":
            return None
        if field.type in {"ref", "choice"}:
            return self._reference(field, value)
        kinds: Mapping[str, type | tuple[type, ...]] = {"boolean": bool, "number": (int, float), "integer": int}
        if field.type in kinds:
            if not isinstance(value, kinds[field.type]):
                raise _invalid(field.name, value)
            return value
        if not isinstance(value, str):
            raise _invalid(field.name, value)
        if field.length and len(value) > field.length:
            detail = f"The field {field.name} contained more than the maximum number ( {field.length} ) of characters"
            raise ApiError("USER_ERROR", f"Error while accessing a resource. {detail} allowed.", path=field.name)
        if field.type == "email" and not _EMAIL.fullmatch(value):
            raise _invalid(field.name, value)
        if field.type == "date":
            try:
                return date.fromisoformat(value).isoformat()
            except ValueError:
                raise _invalid(field.name, value) from None
        if field.type == "datetime":
            return datetime.fromisoformat(value).astimezone(UTC).replace(microsecond=0)
        return value

    def _reference(self, field: FieldDef, value: Any) -> str:
        if not isinstance(value, Mapping) or not (value.get("id") or value.get("externalId")):
            raise _invalid(field.name, value)
        key = str(value.get("id") or "")
        if field.choices:
            if key not in field.choices:
                raise _invalid(field.name, value)
            return key
        if field.target in self.rows and field.target is not None:
            named = self.by_external(field.target, str(value["externalId"])) if not key else None
            row = named or self.rows[field.target].get(key)
            if row is None:
                raise _invalid(field.name, value)
            return str(row["id"])
        if field.target == "currency" and key not in CURRENCIES:
            raise _invalid(field.name, value)
        return key

    def _check(self, name: str, row: Row, before: Row | None) -> None:
        """What a record cannot be without, and what must be its alone."""
        needed = {"contact": ["lastName"], "salesOrder": ["entity"]}.get(name, [])
        if name == "customer":
            needed = ["lastName"] if row["isPerson"] else ["companyName"]
        if self.one_world and name != "salesOrder":
            needed = [*needed, "subsidiary"]
        missing = [field for field in needed if not row.get(field)]
        if missing:
            raise ApiError("USER_ERROR", f"Please enter value(s) for: {', '.join(missing)}", path=missing[0])
        key = before["id"] if before else None
        for field in ("entityId", "tranId", "externalId"):
            value = row.get(field)
            if value and any(
                str(one.get(field)).lower() == value.lower() for one in self.rows[name].values() if one["id"] != key
            ):
                what = "This record" if field == "externalId" else "This entity"
                code = "USER_ERROR" if field == "externalId" else "DUP_ENTITY"
                raise ApiError(code, f"Error while accessing a resource. {what} already exists.")

    def _merge_lines(self, name: str, row: Row, given: Any, *, replace: bool) -> None:
        """Lines with a key change that line; others are added, each time they come. ``replace`` drops the rest."""
        if given is None:
            return
        sublist = SUBLISTS[name]
        key = "line" if sublist == "item" else "internalId"
        kept: list[Row] = [] if replace else [dict(line) for line in row[sublist]]
        for number, line in enumerate(given.get("items") or []):
            former = next((one for one in row[sublist] if one[key] == line.get(key)), None)
            if line.get(key) is not None and former is None:
                raise _invalid(f"{sublist}.items[{number}].{key}")
            made = self._item(line, former) if sublist == "item" else self._address(line, former)
            if former is None:
                self.count += 1
                made[key] = max((one["line"] for one in kept), default=0) + 1 if key == "line" else self.count
                kept.append(made)
            elif replace:
                kept.append(made)
            else:
                kept[[one[key] for one in kept].index(former[key])] = made
            for flag in ("defaultBilling", "defaultShipping"):
                if made.get(flag):
                    for one in kept:
                        one[flag] = one[key] == made[key]
        row[sublist] = kept

    def _item(self, line: Mapping[str, Any], former: Row | None) -> Row:
        before = former or {"item": None, "quantity": 1, "rate": 0, "description": None, "amount": None}
        if former is None and not line.get("item"):
            raise ApiError("USER_ERROR", "Please choose an item to add", path="item.items[0].item")
        made = {**before, **{name: line[name] for name in ("quantity", "rate", "description") if name in line}}
        if line.get("item"):
            made["item"] = str(line["item"]["id"])
        made["amount"] = line.get("amount") or made["quantity"] * made["rate"]
        return made

    def _address(self, line: Mapping[str, Any], former: Row | None) -> Row:
        before = former or {"defaultBilling": False, "defaultShipping": False, "addressBookAddress": {}, "label": None}
        flags = {name: bool(line[name]) for name in ("defaultBilling", "defaultShipping") if name in line}
        change = dict(line.get("addressBookAddress") or {})
        if isinstance(change.get("country"), Mapping):
            change["country"] = change["country"].get("id")
        return {**before, **flags, "addressBookAddress": {**before["addressBookAddress"], **change}}


def _invalid(path: str, value: Any = "") -> ApiError:
    """The refusal names the value, whosever it is."""
    plain = value.get("id", "") if isinstance(value, Mapping) else value
    detail = f"You have entered an Invalid Field Value {plain} for the following field: {path}"
    return ApiError("INVALID_CONTENT", f"Error while accessing a resource. {detail}", path=path)
