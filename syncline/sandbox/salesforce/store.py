"""The records of the fake org and the rules they keep."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from model.clock import Clock
from syncline.sandbox.salesforce.faults import ApiError
from syncline.sandbox.salesforce.objects import DEFAULTS, NUMBERED
from syncline.sandbox.salesforce.schema import FieldDef, ObjectDef, full_id
from syncline.sandbox.salesforce.values import taken

Row = dict[str, Any]

INTEGRATION_USER = full_id("005000000000001")
PERSON = full_id("005000000000002")

_DONE = {"Case": {"Closed"}, "Task": {"Completed"}, "Opportunity": {"Closed Won", "Closed Lost"}}


class Store:
    """Rows by object and id. Deleted rows stay, marked, until the recycle bin is emptied."""

    def __init__(self, clock: Clock, objects: dict[str, ObjectDef]) -> None:
        self.clock = clock
        self.objects = objects
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in objects}
        self.count = 0
        self.unshared: set[str] = set()  # records that the hub's user may read and no more
        self._unique: dict[tuple[str, str, str], str] = {}

    def definition(self, name: str) -> ObjectDef:
        found = self.objects.get(name)
        if found is None:
            raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
        return found

    def live(self, name: str) -> Iterator[Row]:
        return (row for row in self.rows[name].values() if not row["IsDeleted"])

    def everything(self, name: str) -> Iterator[Row]:
        return iter(self.rows[name].values())

    def get(self, name: str, key: str) -> Row:
        """A live row. Raises ApiError MALFORMED_ID, ENTITY_IS_DELETED or INVALID_CROSS_REFERENCE_KEY."""
        definition = self.definition(name)
        key = full_id(key)
        if len(key) != 18 or not key.isalnum():
            raise ApiError("MALFORMED_ID", f"{name} ID: id value of incorrect type: {key}", ["Id"])
        row = self.rows[name].get(key)
        if row is None or not key.startswith(definition.prefix):
            raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if row["IsDeleted"]:
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        return row

    def matching(self, name: str, field: str, value: str) -> list[Row]:
        """Live rows whose external id has the value, compared without case."""
        definition = self.definition(name).named(field)
        if definition is None or not (definition.external_id or definition.name == "Id"):
            what = f"Provided external ID field does not exist or is not accessible: {field}"
            raise ApiError("NOT_FOUND", what, status=404)
        if definition.unique:
            key = self._unique.get((name, definition.name, value.lower()))
            return [self.rows[name][key]] if key else []
        return [row for row in self.live(name) if str(row.get(definition.name) or "").lower() == value.lower()]

    def create(
        self, name: str, given: Mapping[str, Any], *, by: str = INTEGRATION_USER, at: datetime | None = None
    ) -> Row:
        definition = self.definition(name)
        self._assert_allowed(definition, "createable", None, by)
        values = self._taken(definition, given, creating=True)
        missing = [f.name for f in definition.fields.values() if f.required and values.get(f.name) is None]
        if missing:
            raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)
        self.count += 1
        key = full_id(f"{definition.prefix}{self.count:012d}")
        self._claim(definition, key, {}, values)
        now = at or self.clock.now()
        row: Row = {f.name: self._default(definition, f) for f in definition.fields.values()}
        row |= {"Id": key, "IsDeleted": False, "CreatedDate": now, "CreatedById": by}
        if "OwnerId" in row:
            row["OwnerId"] = by
        if name in NUMBERED:
            row[NUMBERED[name]] = f"{self.count:08d}"
        self.rows[name][key] = row
        return self._settle(definition, row, values, by, now)

    def _assert_allowed(self, definition: ObjectDef, deed: str, key: str | None, by: str) -> None:
        """The user's permissions on the object, and the sharing of the record: refused with one and the same code."""
        if by == INTEGRATION_USER and (deed in definition.denied or key in self.unshared):
            raise ApiError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")

    def update(
        self, name: str, key: str, given: Mapping[str, Any], *, by: str = INTEGRATION_USER, at: datetime | None = None
    ) -> Row:
        definition = self.definition(name)
        row = self.get(name, key)
        self._assert_allowed(definition, "updateable", row["Id"], by)
        values = self._taken(definition, given, creating=False)
        emptied = [f for f, value in values.items() if value is None and definition.fields[f].required]
        if emptied:
            raise ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(emptied)}]", emptied)
        self._claim(definition, row["Id"], row, values)
        return self._settle(definition, row, values, by, at or self.clock.now())

    def delete(self, name: str, key: str, *, master: str | None = None, by: str = INTEGRATION_USER) -> Row:
        """Into the recycle bin; an account takes its contacts, opportunities and orders along unless merged."""
        definition = self.definition(name)
        row = self.get(name, key)
        self._assert_allowed(definition, "deletable", row["Id"], by)
        self._release(definition, row)
        row |= {"IsDeleted": True, "LastModifiedById": by}
        row["LastModifiedDate"] = row["SystemModstamp"] = self.clock.now()
        if definition.mergeable:
            row["MasterRecordId"] = master
        if name == "Account" and master is None:
            for child in ("Contact", "Opportunity", "Order"):
                for other in [r for r in self.live(child) if r["AccountId"] == row["Id"]]:
                    self.delete(child, other["Id"], by=by)
        return row

    def merge(self, name: str, master: str, losers: list[str], *, by: str = PERSON) -> None:
        """Losers go to the bin pointing at the master; their children change parent."""
        definition = self.definition(name)
        if not definition.mergeable or not 1 <= len(losers) <= 2:
            raise ValueError("merge takes one or two losers of an Account, Contact, Lead or Case")
        winner = self.get(name, master)
        now = self.clock.now()
        for loser in losers:
            gone = self.delete(name, loser, master=winner["Id"], by=by)
            for child, field in self._pointing_at(name):
                for row in self.live(child):
                    if row.get(field) == gone["Id"]:
                        row |= {field: winner["Id"], "SystemModstamp": now, "LastModifiedDate": now}
        winner |= {"SystemModstamp": now, "LastModifiedDate": now, "LastModifiedById": by}

    def purge(self, older_than: datetime | None = None) -> int:
        """Empty the recycle bin, or what lies in it since before a moment; returns how many rows went."""
        gone = 0
        for rows in self.rows.values():
            stale = [
                k
                for k, r in rows.items()
                if r["IsDeleted"] and (older_than is None or r["SystemModstamp"] < older_than)
            ]
            gone += len(stale)
            for key in stale:
                del rows[key]
        return gone

    def check_form(self, name: str, given: Mapping[str, Any]) -> None:
        """Raise ApiError for what makes a whole request unreadable: unknown columns, values of another type."""
        try:
            self._taken(self.definition(name), {k: v for k, v in given.items() if k != "Id"}, creating=True)
        except ApiError as error:
            if error.code in {"JSON_PARSER_ERROR", "INVALID_FIELD"} and "Foreign key" not in error.message:
                raise

    def snapshot(self) -> tuple[Any, ...]:
        return copy.deepcopy((self.rows, self._unique, self.count))

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        self.rows, self._unique, self.count = snapshot

    def load(self, rows: Mapping[str, dict[str, Row]], count: int) -> None:
        """Take over stored rows."""
        self.rows = {name: dict(rows.get(name, {})) for name in self.objects}
        self.count = count
        self._unique.clear()
        for name, definition in self.objects.items():
            for row in self.live(name):
                self._claim(definition, row["Id"], {}, row)

    def _pointing_at(self, name: str) -> list[tuple[str, str]]:
        return [
            (o.name, f.name)
            for o in self.objects.values()
            for f in o.fields.values()
            if name in f.targets and not f.read_only
        ]

    def _taken(self, definition: ObjectDef, given: Mapping[str, Any], *, creating: bool) -> Row:
        values: Row = {}
        for name, value in given.items():
            if name in {"attributes", "id"}:
                continue
            field = definition.named(name)
            if field is None and isinstance(value, Mapping):
                parent, found = self._by_external_id(definition, name, value)
                values[parent] = found
                continue
            if field is None:
                raise ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {definition.name}")
            if field.name == "Id":
                what = "The Id field should not be specified in the sobject data."
                raise ApiError("INVALID_FIELD", what)
            if field.read_only:
                what = (
                    f"Unable to create/update fields: {field.name}. Please check the security settings of this field "
                )
                what += "and verify that it is read/write for your profile or permission set."
                raise ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", what, [field.name])
            values[field.name] = taken(field, value)
            if field.type == "reference" and values[field.name] is not None:
                values[field.name] = self._target(field, values[field.name])
            if not creating and values[field.name] is None and field.name == "OwnerId":
                raise ApiError("REQUIRED_FIELD_MISSING", "Required fields are missing: [OwnerId]", ["OwnerId"])
        return values

    def _by_external_id(self, definition: ObjectDef, name: str, value: Mapping[str, Any]) -> tuple[str, str]:
        """``"Account": {"Ext__c": "x"}`` stands for the AccountId of that record."""
        field = definition.fields.get(f"{name}Id")
        given = {k: v for k, v in value.items() if k != "attributes"}
        if field is None or not field.targets or len(given) != 1:
            raise ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {definition.name}")
        (external, wanted) = next(iter(given.items()))
        found = self.matching(field.targets[0], external, str(wanted))
        if len(found) != 1:
            what = f"Foreign key external ID: {str(wanted).lower()} not found for field {external}"
            raise ApiError("INVALID_FIELD", f"{what} in entity {field.targets[0]}")
        return field.name, str(found[0]["Id"])

    def _target(self, field: FieldDef, value: str) -> str:
        key = full_id(value)
        if len(key) != 18 or not key.isalnum():
            raise ApiError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", [field.name])
        if "User" in field.targets and key in {INTEGRATION_USER, PERSON}:
            return key
        for target in field.targets:
            row = self.rows.get(target, {}).get(key)
            if row is not None and row["IsDeleted"]:
                raise ApiError("ENTITY_IS_DELETED", "entity is deleted")
            if row is not None:
                return key
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [field.name])

    def _default(self, definition: ObjectDef, field: FieldDef) -> Any:
        return False if field.type == "boolean" else DEFAULTS.get(f"{definition.name}.{field.name}")

    def _uniques(self, definition: ObjectDef) -> Iterator[FieldDef]:
        return (field for field in definition.fields.values() if field.unique)

    def _claim(self, definition: ObjectDef, key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        freed, claimed = [], []
        for field in self._uniques(definition):
            if field.name not in after:
                continue
            old, new = before.get(field.name), after[field.name]
            place = (definition.name, field.name, str(new).lower())
            holder = self._unique.get(place) if new is not None else None
            if holder is not None and holder != key:
                what = f"duplicate value found: {field.name} duplicates value on record with id: {holder[:15]}"
                raise ApiError("DUPLICATE_VALUE", what)
            if old is not None:
                freed.append((definition.name, field.name, str(old).lower()))
            if new is not None:
                claimed.append(place)
        for place in freed:
            self._unique.pop(place, None)
        self._unique.update(dict.fromkeys(claimed, key))

    def _release(self, definition: ObjectDef, row: Row) -> None:
        for field in self._uniques(definition):
            if row.get(field.name) is not None:
                self._unique.pop((definition.name, field.name, str(row[field.name]).lower()), None)

    def _settle(self, definition: ObjectDef, row: Row, values: Row, by: str, now: datetime) -> Row:
        """Write, stamp, and compute what the org computes."""
        row |= values
        row |= {"LastModifiedDate": now, "SystemModstamp": now, "LastModifiedById": by}
        if "LastName" in row:
            row["Name"] = " ".join(p for p in (row.get("FirstName"), row.get("LastName")) if p)
        if "IsClosed" in row:
            row["IsClosed"] = (row.get("StageName") or row.get("Status")) in _DONE.get(definition.name, ())
        if "IsWon" in row:
            row["IsWon"] = row.get("StageName") == "Closed Won"
        if "ClosedDate" in row:
            row["ClosedDate"] = (row["ClosedDate"] or now) if row["IsClosed"] else None
        return row
