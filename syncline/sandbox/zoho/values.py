"""What the organisation does to a value on its way in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from syncline.sandbox.zoho.faults import ApiError
from syncline.sandbox.zoho.schema import FieldDef

_EMAIL = re.compile(r"^[^@\s<>,;]+@[^@\s<>,;.]+(\.[^@\s<>,;.]+)+$")


def taken(field: FieldDef, value: Any) -> Any:
    """The value as stored; a lookup is its id. Raises ApiError where the organisation refuses it."""
    if value is None or value == "":
        return False if field.type == "boolean" else None
    if field.is_lookup:
        key = value.get("id") if isinstance(value, Mapping) else value
        if not isinstance(key, str) or not key.isdigit():
            raise _wrong(field, "jsonobject")
        return key
    if field.type == "boolean":
        return _of(field, value, bool)
    if field.type == "multiselectpicklist":
        return list(_of(field, value, list))
    if field.type in {"integer", "currency", "double"}:
        return _number(field, value)
    text = _of(field, value, str)
    if field.type in {"date", "datetime"}:
        return _dated(field, text)
    if field.type == "bigint" and not text.isdigit():
        raise _wrong(field, "bigint")
    if field.length and len(text) > field.length:
        raise _wrong(field, field.type, maximum_length=field.length)
    if field.type == "email" and not _EMAIL.match(text):
        raise _wrong(field, "email")
    return text


def _wrong(field: FieldDef, expected: str, **more: Any) -> ApiError:
    details = {"expected_data_type": expected, "api_name": field.name, **more}
    return ApiError("INVALID_DATA", "invalid data", details)


def _of(field: FieldDef, value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise _wrong(field, {bool: "boolean", list: "jsonarray"}.get(kind, field.type))
    return value


def _number(field: FieldDef, value: Any) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(field, field.type)
    if field.type == "integer" and value != int(value):
        raise _wrong(field, "integer")
    if abs(value) >= 10.0 ** (field.length or 16):
        raise _wrong(field, field.type, maximum_length=field.length)
    return int(value) if field.type == "integer" else round(float(value), 2)


def _dated(field: FieldDef, text: str) -> Any:
    try:
        if field.type == "date":
            return date.fromisoformat(text).isoformat()
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong(field, field.type) from None
    if moment.tzinfo is None:
        raise _wrong(field, "datetime")
    return moment.astimezone(UTC).replace(microsecond=0)
