"""The records of the fake organisation, what was deleted of them, and what people do to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from model.clock import Clock
from syncline.sandbox.zoho.faults import ApiError
from syncline.sandbox.zoho.schema import FieldDef, Module
from syncline.sandbox.zoho.values import taken

Row = dict[str, Any]
USERS = {
    "554023000000235011": ("Patricia Boyle", "p.boyle@example.com"),
    "554023000000235099": ("Syncline", "hub@example.com"),
}
PERSON, HUB = USERS
RECYCLED, LISTED = timedelta(days=60), timedelta(days=120)


@dataclass(slots=True)
class Deleted:
    """One entry of the list of deleted records; what is in the recycle bin can be restored."""

    module: str
    row: Row
    when: datetime
    by: str
    permanent: bool = False


class Store:
    """Rows by module and id, lookups as ids, moments in UTC to the second. ``held``: why a record cannot be written."""

    def __init__(self, clock: Clock, modules: Mapping[str, Module], zone: tzinfo) -> None:
        self.clock = clock
        self.modules = modules
        self.zone = zone
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in modules}
        self.deleted: dict[str, Deleted] = {}
        self.held: dict[str, tuple[str, str | None]] = {}
        self.count = 0

    @property
    def now(self) -> datetime:
        return self.clock.now().astimezone(UTC).replace(microsecond=0)

    def module(self, name: str) -> Module:
        found = self.modules.get(name)
        if found is None:
            raise ApiError("INVALID_MODULE", "the module name given seems to be invalid", {"resource_path_index": 0})
        return found

    def create(self, name: str, given: Mapping[str, Any], *, by: str) -> Row:
        values = self._taken(name, given, None)
        self.count += 1
        row: Row = {field: False if f.type == "boolean" else None for field, f in self.module(name).fields.items()}
        row |= {"id": f"5540230000{self.count:09d}", "Owner": by, "Created_By": by, "Created_Time": self.now}
        row |= {"Record_Status__s": "Available", **values}
        self.rows[name][row["id"]] = row
        return self._stamped(row, by)

    def update(self, name: str, key: str, given: Mapping[str, Any], *, by: str) -> Row:
        row = self.live(name, key)
        code, field = self.held.get(key, (None, None))
        if code is not None and (field is None or field in given):
            details = {"id": key} if field is None else {"id": key, "api_name": field}
            raise ApiError(code, _HELD.get(code, "record not editable"), details)
        if row.get("Converted__s"):
            raise ApiError("CONVERTED_RECORD", "the record is already converted", {"id": key})
        row |= self._taken(name, given, key)
        return self._stamped(row, by)

    def live(self, name: str, key: str) -> Row:
        row = self.rows[self.module(name).name].get(key)
        if row is None:
            raise ApiError("INVALID_DATA", "the id given seems to be invalid", {"api_name": "id"})
        return row

    def _stamped(self, row: Row, by: str) -> Row:
        if "Full_Name" in row:
            row["Full_Name"] = " ".join(p for p in (row.get("First_Name"), row.get("Last_Name")) if p)
        row |= {"Modified_Time": self.now, "Modified_By": by, "Locked__s": row["id"] in self.held}
        return row

    def _taken(self, name: str, given: Mapping[str, Any], key: str | None) -> Row:
        """What is stored of the values given. Unknown and read-only fields are ignored without a word."""
        fields = self.module(name).fields
        values = {n: taken(fields[n], v) for n, v in given.items() if n in fields and not fields[n].read_only}
        for field in fields.values():
            if field.required and (
                values.get(field.name) is None if key is None else values.get(field.name, "") is None
            ):
                raise ApiError("MANDATORY_NOT_FOUND", "required field not found", {"api_name": field.name})
            if field.target and values.get(field.name) and values[field.name] not in self.rows[field.target]:
                message = "the related id given seems to be invalid"
                raise ApiError("INVALID_DATA", message, {"api_name": field.name})
            if field.unique and values.get(field.name) is not None:
                self._no_other(name, field, values[field.name], key)
        return values

    def _no_other(self, name: str, field: FieldDef, value: str, key: str | None) -> None:
        holder = self.holder(name, field.name, value)
        if holder is not None and holder["id"] != key:
            module = {"api_name": name, "id": "554023000000002175"}
            other = {"Owner": self.user(holder["Owner"]), "module": module, "id": holder["id"]}
            raise ApiError("DUPLICATE_DATA", "duplicate data", {"api_name": field.name, "duplicate_record": other})

    def holder(self, name: str, field: str, value: Any) -> Row | None:
        """The live record with this value; text is compared without case."""
        wanted = str(value).casefold()
        rows = self.rows[name].values()
        return next((row for row in rows if row.get(field) is not None and str(row[field]).casefold() == wanted), None)

    def delete(self, name: str, key: str, *, by: str) -> None:
        row = self.live(name, key)
        if self.held.get(key, ("",))[0] == "RECORD_LOCKED":
            raise ApiError("RECORD_LOCKED", _HELD["RECORD_LOCKED"], {"id": key})
        del self.rows[name][key]
        self.deleted[key] = Deleted(name, row, self.now, by)

    def restore(self, key: str) -> None:
        entry = self.deleted.pop(key)
        self.rows[entry.module][key] = entry.row

    def merge(self, name: str, master: str, losers: Sequence[str]) -> None:
        """The losers are deleted, what pointed to them points to the master; nothing tells that it was a merge."""
        for module in self.modules.values():
            for field in (f.name for f in module.fields.values() if f.target == name):
                for row in self.rows[module.name].values():
                    if row.get(field) in losers:
                        row[field] = master
        for key in losers:
            self.delete(name, key, by=PERSON)
        self._stamped(self.live(name, master), PERSON)

    def graves(self, name: str, kind: str) -> list[Deleted]:
        """Entries of the list of deleted records, the latest first."""
        now, found = self.now, []
        for entry in self.deleted.values():
            permanent = entry.permanent or now - entry.when > RECYCLED
            wanted = kind == "all" or (kind == "permanent") == permanent
            if entry.module == name and wanted and now - entry.when <= LISTED:
                found.append(Deleted(name, entry.row, entry.when, entry.by, permanent))
        return sorted(found, key=lambda entry: entry.when, reverse=True)

    def shown(self, module: Module, row: Row, name: str) -> Any:
        """A value as lists print it."""
        value, field = row.get(name), module.fields[name]
        if value is None:
            return [] if "list" in field.flags else None
        if field.type == "ownerlookup":
            return self.user(value)
        if field.target is not None:
            other = self.rows[field.target].get(value) or (self.deleted[value].row if value in self.deleted else {})
            return {"name": other.get(self.modules[field.target].shown), "id": value}
        if "rich" in field.flags:
            return value[:500]
        return self.printed(value) if isinstance(value, datetime) else value

    def printed(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).isoformat()

    def user(self, key: str) -> dict[str, str]:
        name, email = USERS.get(key, ("Somebody", "somebody@example.com"))
        return {"name": name, "id": key, "email": email}


_HELD = {
    "RECORD_LOCKED": "You cannot perform this operation as the record is locked.",
    "RECORD_IN_BLUEPRINT": "The record is in blue print",
    "NOT_APPROVED": "Cannot update record that is not approved yet",
}
