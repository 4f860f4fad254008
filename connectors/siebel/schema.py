"""A business component as its ``describe`` tells it (OpenAPI 2.0, since 22.11 also 3.0), and values both ways.

On the wire everything is text. Days, moments and truth values are turned into ISO text and true or false, since only
the connection knows their zone; numbers stay text, whose digits are then exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.sdk import Field, FieldType, ProtocolError
from connectors.siebel.wall import Wall
from connectors.unfit import UnfitError

_TYPES = {
    "DTYPE_BOOL": FieldType.BOOLEAN,
    "DTYPE_INTEGER": FieldType.INTEGER,
    "DTYPE_NUMBER": FieldType.DECIMAL,
    "DTYPE_CURRENCY": FieldType.DECIMAL,
    "DTYPE_DATE": FieldType.DATE,
    "DTYPE_DATETIME": FieldType.DATETIME,
    "DTYPE_UTCDATETIME": FieldType.DATETIME,
}
SYSTEM = frozenset({"Id", "Created", "Created By", "Updated", "Updated By", "Mod Id", "Conflict Id"})
"""Fields that Siebel alone writes (EIM guide, "Fields That Cannot Be Updated")."""

LINK = "Link"


@dataclass(frozen=True, slots=True)
class Component:
    """Fields by name. ``days`` are those read as days whatever their type."""

    fields: Mapping[str, Field]
    wall: Wall

    @classmethod
    def of(cls, body: Any, place: tuple[str, str], wall: Wall, days: tuple[str, ...]) -> Component:
        """Raises ProtocolError where the description has no fields."""
        properties, required = _described(body, place)
        fields = {
            name: _fact(name, entry, required=name in required, day=name in days)
            for name, entry in properties.items()
            if isinstance(entry, Mapping) and entry.get("type", "string") not in {"array", "object"} and name != LINK
        }
        if not fields:
            raise ProtocolError(f"describing {place[1]}: an answer without fields")
        return cls(fields, wall)

    def shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of an answer as a record shows it. What cannot be read stays as it is."""
        return {name: self._shown(name, value) for name, value in row.items() if name != LINK}

    def _shown(self, name: str, value: Any) -> Any:
        field = self.fields.get(name)
        kind = field.type if field is not None else FieldType.TEXT
        if kind is FieldType.TEXT or not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            if kind is FieldType.BOOLEAN:
                return {"Y": True, "N": False}.get(value, value)
            if kind is FieldType.DATE:
                return self.wall.day(value)
            if kind is FieldType.DATETIME:
                return self.wall.moment(value)
        except (ValueError, OverflowError):  # in zones of the west, the end of the year 9999 is behind all days
            return value
        return value

    def payload(self, given: Mapping[str, Any]) -> dict[str, str]:
        """Fields as they are sent. Raises UnfitError: one unfit row would have a whole array refused."""
        sent: dict[str, str] = {}
        for name, value in given.items():
            field = self.fields.get(name)
            if field is None:
                raise UnfitError("unknown-field", name, f"there is no field {name}, or the user may not see it")
            if not field.updatable:
                raise UnfitError("read-only", name, f"{name} is written by Siebel alone")
            sent[name] = _fitted(field, value, self.wall)
        return sent


def _described(body: Any, place: tuple[str, str]) -> tuple[Mapping[str, Any], frozenset[str]]:
    wanted = f"data_{place[0]}_{place[1]}_"
    found: list[tuple[bool, Mapping[str, Any]]] = []
    for name, one in _definitions(body):
        if isinstance(one, Mapping) and isinstance(one.get("properties"), Mapping):
            found.append((name == wanted, one))
    if not found:
        return {}, frozenset()
    entry = max(found, key=lambda pair: pair[0])[1]
    required = entry.get("required")
    names = frozenset(str(name) for name in required) if isinstance(required, list) else frozenset()
    return entry["properties"], names


def _definitions(body: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(body, Mapping):
        return
    components = body.get("components")
    for several in (body.get("definitions"), components.get("schemas") if isinstance(components, Mapping) else None):
        if isinstance(several, Mapping):
            yield from several.items()


def _fact(name: str, entry: Mapping[str, Any], *, required: bool, day: bool) -> Field:
    kind = FieldType.DATE if day else _TYPES.get(str(entry.get("x-siebel-datatype")), FieldType.TEXT)
    writable = name not in SYSTEM and not entry.get("readOnly")
    length = entry.get("maxLength")
    longest = length if kind is FieldType.TEXT and isinstance(length, int) and length > 0 else None
    return Field(
        name=name,
        type=kind,
        label=str(entry.get("title") or name),
        max_length=longest,
        required=required and writable,
        nullable=not required,
        creatable=writable,
        updatable=writable,
        unique=name == "Id",
    )


def _fitted(field: Field, value: Any, wall: Wall) -> str:
    if value is None or value == "":
        return ""
    try:
        text = _text(field, value, wall)
    except (TypeError, ValueError, OverflowError, InvalidOperation):
        raise UnfitError("wrong-type", field.name, f"{field.name} takes {_TAKES[field.type]}") from None
    if field.max_length is not None and len(text) > field.max_length:
        raise UnfitError("too-long", field.name, f"{field.name} holds {field.max_length} characters")
    return text


_TAKES = {
    FieldType.BOOLEAN: "true or false",
    FieldType.INTEGER: "a whole number",
    FieldType.DECIMAL: "a number",
    FieldType.DATE: "a day such as 2026-11-21",
    FieldType.DATETIME: "a moment with its zone that is not in an hour which happens twice",
    FieldType.TEXT: "text",
}


def _text(field: Field, value: Any, wall: Wall) -> str:
    if field.type is FieldType.BOOLEAN:
        if not isinstance(value, bool):
            raise TypeError
        return "Y" if value else "N"
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise TypeError
    if field.type in {FieldType.INTEGER, FieldType.DECIMAL}:
        number = Decimal(str(value))
        if not number.is_finite() or (field.type is FieldType.INTEGER and number != number.to_integral_value()):
            raise ValueError
        return format(number.to_integral_value() if field.type is FieldType.INTEGER else number, "f")
    if field.type is FieldType.DATE:
        return wall.written_day(str(value))
    if field.type is FieldType.DATETIME:
        return wall.written(str(value))
    return str(value)
