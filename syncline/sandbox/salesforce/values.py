"""What the org does to a value on its way in, and how it prints one on its way out."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from syncline.sandbox.salesforce.faults import ApiError
from syncline.sandbox.salesforce.schema import FieldDef

_EMAIL = re.compile(r"^[^@\s<>,;]+@[^@\s<>,;.]+(\.[^@\s<>,;.]+)+$")


def taken(field: FieldDef, value: Any) -> Any:
    """The value as stored. Raises ApiError where the org refuses it."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return False if field.type == "boolean" else None
    if field.type == "boolean":
        return _boolean(field, value)
    if field.is_number:
        return _number(field, value)
    if not isinstance(value, str):
        raise _unreadable(field, value)
    if field.type == "date":
        return _date(field, value)
    if field.type == "datetime":
        return _moment(field, value)
    return _text(field, value.strip())


def _unreadable(field: FieldDef, value: Any) -> ApiError:
    kind = {"currency": "double", "percent": "double"}.get(field.type, field.type)
    return ApiError(
        "JSON_PARSER_ERROR", f"Cannot deserialize instance of {kind} from VALUE_STRING value {value} or request may be"
    )


def _boolean(field: FieldDef, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise _unreadable(field, value)


def _number(field: FieldDef, value: Any) -> float | int:
    if isinstance(value, bool):
        raise _unreadable(field, value)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _unreadable(field, value) from None
    if field.type == "int":
        if number != int(number):
            raise _unreadable(field, value)
        return int(number)
    if abs(number) >= 10.0**field.length:
        raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", f"{field.label}: value outside of valid range", [field.name])
    return round(number, 2)


def _date(field: FieldDef, value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise _unreadable(field, value) from None


def _moment(field: FieldDef, value: str) -> datetime:
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        raise _unreadable(field, value) from None


def _text(field: FieldDef, value: str) -> str:
    if len(value) > field.length and field.type not in {"id", "reference"}:
        what = f"{field.label}: data value too large: {value} (max length={field.length})"
        raise ApiError("STRING_TOO_LONG", what, [field.name])
    if field.type == "email" and not _EMAIL.match(value):
        raise ApiError("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {value}", [field.name])
    if field.restricted:
        parts = value.split(";") if field.type == "multipicklist" else [value]
        if any(part not in field.choices for part in parts):
            what = f"{field.label}: bad value for restricted picklist field: {value}"
            raise ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", what, [field.name])
    return value


def shown(value: Any) -> Any:
    """The value as JSON answers print it: datetimes with milliseconds and a zone without colon."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}+0000"
    return value


def printed(value: Any) -> str:
    """The value in a CSV cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(shown(value)).replace("+0000", "Z") if isinstance(value, datetime) else str(value)
