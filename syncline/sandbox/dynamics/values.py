"""Values of columns: what may be written into them, what is made of them, how rows are shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from syncline.sandbox.dynamics.faults import ApiError, bad_payload
from syncline.sandbox.dynamics.schema import ColumnDef, TableDef

_NAMES = ("firstname", "middlename", "lastname")
_PARTS = ("line1", "line2", "line3", "city", "stateorprovince", "postalcode", "country")
_CRM = "Microsoft.Dynamics.CRM."


def taken(table: TableDef, column: ColumnDef, value: Any) -> Any:
    """A value as it is stored. Raises ApiError for one of another type, too long, or not among the options."""
    if value is None or (value == "" and column.type in {"string", "memo"}):
        return None
    wrong = bad_payload(table.entity_set, f"Cannot convert a value to target type for the property '{column.name}'")
    if column.type in {"string", "memo"}:
        if not isinstance(value, str):
            raise wrong
        if column.length and len(value) > column.length:
            message = (
                f"A validation error occurred.  The length of the '{column.name}' attribute of the '{table.name}' "
                f"entity exceeded the maximum allowed length of '{column.length}'."
            )
            raise ApiError("0x80044331", message)
        return value
    if column.type == "boolean":
        if not isinstance(value, bool):
            raise wrong
        return value
    if column.type in {"date", "datetime"}:
        return _dated(column, value, wrong)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong
    if column.options and value not in column.options:
        accepted = ",".join(map(str, column.options))
        what = f"The value {value} of '{column.name}' on record of type '{table.name}' is outside the valid range."
        raise ApiError("0x80048408", f"A validation error occurred.  {what} Accepted Values: {accepted}")
    if column.type in {"integer", "bigint", "picklist", "state", "status"} and int(value) != value:
        raise wrong
    return round(value, 2) if column.type == "money" else value


def _dated(column: ColumnDef, value: Any, wrong: ApiError) -> str:
    try:
        if column.type == "date":
            return date.fromisoformat(value).isoformat()
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise wrong from None
    if moment.tzinfo is None:
        raise wrong
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def composed(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the environment makes of other columns: the full name, addresses in one piece."""
    made: dict[str, Any] = {}
    if "fullname" in row and "firstname" in row:
        made["fullname"] = " ".join(row[name] for name in _NAMES if row.get(name)) or None
    for number in (1, 2):
        if f"address{number}_composite" in row:
            parts = [row[f"address{number}_{part}"] for part in _PARTS if row.get(f"address{number}_{part}")]
            made[f"address{number}_composite"] = "\r\n".join(parts) or None
    return made


def shown(
    table: TableDef, row: Mapping[str, Any], names: list[str] | None, annotations: re.Pattern[str]
) -> dict[str, Any]:
    """A row as answers show it; ``annotations`` matches the names of those that were asked for."""
    result: dict[str, Any] = {"@odata.etag": version_of(row)}
    for column in table.columns.values():
        if names is not None and column.shown not in names and column.name != table.key:
            continue
        value = row.get(column.name)
        if not column.refers:
            result[column.name] = value
            if column.options and value is not None and annotations.fullmatch(_FORMATTED):
                result[f"{column.name}@{_FORMATTED}"] = column.options.get(value)
            continue
        result[column.shown] = value[1] if value else None
        if value:
            ways = {target: way for way, target in column.ways().items()}
            way = ways.get(value[0], column.name)
            for name, said in (("lookuplogicalname", value[0]), ("associatednavigationproperty", way)):
                if annotations.fullmatch(_CRM + name):
                    result[f"{column.shown}@{_CRM}{name}"] = said
    return result


_FORMATTED = "OData.Community.Display.V1.FormattedValue"


def version_of(row: Mapping[str, Any]) -> str:
    return f'W/"{row["versionnumber"]}"'


def preferred(text: str) -> dict[str, str]:
    """The preferences of a Prefer header: ``odata.maxpagesize=5`` and those without a value."""
    pairs = re.findall(r"([\w.-]+)(?:=(\"[^\"]*\"|[^,\s]+))?", text)
    return {name.lower(): value.strip('"') for name, value in pairs}


def asked_for(preferences: Mapping[str, str]) -> re.Pattern[str]:
    """What ``odata.include-annotations`` asks for; a star stands for anything."""
    names = preferences.get("odata.include-annotations", "").split(",")
    return re.compile(
        "|".join(re.escape(name.strip()).replace(r"\*", ".*") for name in names if name.strip()) or "(?!)"
    )
