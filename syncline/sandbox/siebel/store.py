"""The records of the fake enterprise and the rules they keep. Values are texts; "" is blank."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from model.clock import Clock
from syncline.sandbox.siebel.components import ADDRESS, ComponentDef, FieldDef
from syncline.sandbox.siebel.refusals import SiebelError

Row = dict[str, str]

INTEGRATION = "0-SYNC"
PERSON = "0-1"
MOMENT = "%m/%d/%Y %H:%M:%S"
DAY = "%m/%d/%Y"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def row_id(number: int) -> str:
    """``88-1V80SZ``: the enterprise's number and a count to the base 36."""
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = _DIGITS[rest] + text
    return f"88-{text}"


class Store:
    """Rows by component and id. ``moments`` holds when each was really changed, beside what the clock showed."""

    def __init__(self, clock: Clock, components: dict[str, ComponentDef], zone: str) -> None:
        self.clock = clock
        self.components = components
        self.zone = ZoneInfo(zone)
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in components}
        self.children: dict[str, list[Row]] = {}
        self.moments: dict[str, datetime] = {}
        self.owners: dict[str, str] = {}
        self.count = 36**5

    def shown(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).strftime(MOMENT)

    def new_id(self) -> str:
        self.count += 1
        return row_id(self.count)

    def insert(self, name: str, given: Mapping[str, Any], by: str, *, seen_by: str = "") -> Row:
        definition = self.components[name]
        values = self._taken(definition, given)
        for field in definition.fields.values():
            if field.required and not values.get(field.name):
                what = f"'{field.name}' is a required field.  Please enter a value for the field."
                raise SiebelError(what, "SBL-DAT-00498")
        key = self.new_id()
        row = dict.fromkeys(definition.fields, "") | dict(definition.defaults) | values
        if "Person UId" in row:
            row["Person UId"] = row["Person UId"] or key
        self._assert_alone(definition, key, row)
        row |= {"Id": key, "Created By": by, "Conflict Id": "0", "Mod Id": "-1"}
        row["Created"] = self.shown(self.clock.now())
        if "SR Number" in row:
            row["SR Number"] = f"1-{self.count}"
        self.rows[name][key] = row
        self.owners[key] = seen_by or by
        return self._settle(name, row, by)

    def update(self, name: str, key: str, given: Mapping[str, Any], by: str) -> bool:
        """False: nothing is other than it was."""
        definition = self.components[name]
        row = self.rows[name][key]
        values = self._taken(definition, given)
        after = row | values
        for field in definition.fields.values():
            if field.required and not after[field.name]:
                what = f"'{field.name}' is a required field.  Please enter a value for the field."
                raise SiebelError(what, "SBL-DAT-00498")
        self._assert_alone(definition, key, after)
        if after == row:
            return False
        row |= values
        self._settle(name, row, by)
        return True

    def delete(self, name: str, key: str) -> None:
        if self.rows[name].pop(key, None) is None:
            raise SiebelError(f"No rows retrieved corresponding to the business component '{name}'", "SBL-EAI-04378")
        self.moments.pop(key, None)
        self.children.pop(key, None)

    def merge(self, name: str, survivor: str, loser: str) -> None:
        """Children go over to the survivor, the other one is gone without a trace."""
        for other, definition in self.components.items():
            for field in definition.fields.values():
                if field.target == name:
                    for row in self.rows[other].values():
                        row[field.name] = survivor if row[field.name] == loser else row[field.name]
        self.delete(name, loser)

    def matching(self, name: str, given: Mapping[str, Any]) -> Row | None:
        """The record with the user key of a row, or None."""
        definition = self.components[name]
        wanted = [given.get(field) or definition.defaults.get(field, "") for field in definition.user_key]
        rows = self.rows[name].values()
        return next((row for row in rows if [row[f] for f in definition.user_key] == wanted), None)

    def add_address(self, name: str, key: str, address: Mapping[str, str]) -> str:
        """A child record; the first one is the primary one, whose fields the parent shows. The parent's stamp stays."""
        definition = self.components[name]
        child = {field: address.get(field, "") for field in ADDRESS} | {"Id": self.new_id()}
        several = self.children.setdefault(key, [])
        several.append(child)
        if len(several) == 1:
            self.rows[name][key] |= {f"{definition.primary}{field}": child[field] for field in ADDRESS}
        return child["Id"]

    def snapshot(self) -> tuple[Any, ...]:
        return copy.deepcopy((self.rows, self.children, self.moments, self.owners, self.count))

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        self.rows, self.children, self.moments, self.owners, self.count = snapshot

    def _settle(self, name: str, row: Row, by: str) -> Row:
        now = self.clock.now().replace(microsecond=0)
        row |= {"Updated": self.shown(now), "Updated By": by, "Mod Id": str(int(row["Mod Id"]) + 1)}
        if "Account" in row and "Account Id" in row:
            row["Account"] = self.rows["Account"].get(row["Account Id"], {}).get("Name", "")
        if name == "Service Request":
            closed = row["Status"] in {"Closed", "Cancelled"}
            row["Closed Date"] = (row["Closed Date"] or row["Updated"]) if closed else ""
        self.moments[row["Id"]] = now
        return row

    def _assert_alone(self, definition: ComponentDef, key: str, row: Row) -> None:
        other = self.matching(definition.name, row)
        if other is not None and other.get("Id") != key:
            spec = " AND ".join(f'[{field}] = \\"{row[field]}\\"' for field in definition.user_key)
            what = f"Insert operation on integration component '{definition.name}' failed because a matching record in "
            what += f"business component '{definition.name}' with search specification '{spec}' was found."
            raise SiebelError(what, "SBL-EAI-04383")

    def _taken(self, definition: ComponentDef, given: Mapping[str, Any]) -> Row:
        values: Row = {}
        for name, value in given.items():
            if name == "Id":
                continue
            field = definition.fields.get(name)
            if field is None:
                what = f"Field '{name}' does not exist in definition for business component '{definition.name}'."
                raise SiebelError(what, "SBL-DAT-00398")
            if not field.read_only:  # what Siebel writes itself is passed over without a word
                values[name] = self._one(definition, field, "" if value is None else str(value))
        return values

    def _one(self, definition: ComponentDef, field: FieldDef, value: str) -> str:
        value = value.rstrip(" ")  # blanks at the end are not kept
        if not value:
            return ""
        if field.length is not None and len(value) > field.length:
            what = f"The value entered in field {field.name} of buscomp {definition.name} is too long"
            raise SiebelError(what, "SBL-DAT-00235")
        if field.choices is not None and value not in field.choices:
            what = f"The value '{value}' for field '{field.name}' is required to match the values in the bound list."
            raise SiebelError(what, "SBL-DAT-00225")
        if field.target is not None and value not in self.rows[field.target]:
            raise SiebelError(f"The value for field '{field.name}' does not match any record", "SBL-DAT-00225")
        try:
            return _formed(field, value)
        except ValueError:
            what = f"The value entered in field {field.name} of buscomp {definition.name} is of another type"
            raise SiebelError(what, "SBL-DAT-00510") from None


def _formed(field: FieldDef, value: str) -> str:
    if field.kind == "bool" and value not in {"Y", "N"}:
        raise ValueError
    if field.kind in {"integer", "number", "currency"}:
        float(value)
    if field.kind == "date":
        return datetime.strptime(value, DAY).strftime(DAY)  # noqa: DTZ007 (a day has no zone)
    if field.kind in {"datetime", "utcdatetime"}:
        full = value if re.search(r"\d:\d", value) else f"{value} 00:00:00"
        return datetime.strptime(full, MOMENT).strftime(MOMENT)  # noqa: DTZ007 (it is the zone's own time)
    return value


def sortable(store: Store, *, as_moments: bool, exact: bool = True) -> Any:
    """How values of a field compare. Moments kept in UTC (``@`` and ISO text) are compared as such, a constant of an
    hour that happens twice being taken for the first; else as the clock showed them."""

    def compared(definition: ComponentDef, field: str, value: str) -> Any:
        kind = definition.fields[field].kind
        if value.startswith("@"):
            return datetime.fromisoformat(value[1:])
        if kind in {"datetime", "utcdatetime", "date"}:
            form = MOMENT if ":" in value else DAY
            try:
                shown = datetime.strptime(value, form)  # noqa: DTZ007 (it is the zone's own time)
            except ValueError:
                raise SiebelError("The date is not in the form MM/DD/YYYY", "SBL-DAT-00359") from None
            return shown.replace(tzinfo=store.zone).astimezone(UTC) if as_moments else shown
        if kind in {"integer", "number", "currency"}:
            return float(value)
        return value if exact else value.casefold()

    return compared
