"""What an account's metadata says of a kind of record, what is read of it, and what may be sent to it.

Metadata is JSON Schema: ``title``, ``type``, ``format``, ``nullable``, ``readOnly``, ``x-ns-custom-field``; a
reference is an object with ``id`` and ``refName``, a choice one whose ``id`` is an ``enum``; other objects are sublists
and subrecords (help centre, "Working with JSON Schema Metadata"). It is the view of the calling role. Lengths and
required fields are not part of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from connectors.netsuite import suiteql
from connectors.netsuite.kinds import ADDRESS, ADDRESSES, STAMP, Kind, Parts
from connectors.sdk import Field, FieldType
from connectors.unfit import UnfitError

_FORMATS = {"date": FieldType.DATE, "date-time": FieldType.DATETIME}
_TYPES = {"boolean": FieldType.BOOLEAN, "integer": FieldType.INTEGER, "number": FieldType.DECIMAL}
_MASKS = {FieldType.DATE: suiteql.DAY, FieldType.DATETIME: suiteql.MASK}
_FIXED = frozenset({"id", STAMP, "dateCreated", "createdDate"})
_MARKER = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Schema:
    """A kind as this role sees it. ``fields``: by REST name; ``columns``: those of them with a column in SuiteQL."""

    kind: Kind
    fields: Mapping[str, Field]
    columns: Mapping[str, str]
    wanted: tuple[str, ...] | None

    @classmethod
    def of(cls, kind: Kind, body: Mapping[str, Any], marker: str | None, wanted: Sequence[str] | None) -> Schema:
        known = {name.lower(): name for name in kind.columns}
        entries: dict[str, Mapping[str, Any]] = {}
        for name, entry in (body.get("properties") or {}).items():
            if isinstance(entry, Mapping):
                entries[known.get(name.lower(), name)] = entry
        fields = {name: field for name, entry in entries.items() if (field := _field(kind, name, entry, marker))}
        fields.setdefault("id", Field(name="id", nullable=False, creatable=False, updatable=False, unique=True))
        columns = {name: kind.columns[name] for name in kind.columns if name in fields}
        custom = [name for name in fields if name.startswith(kind.custom)]
        more = [name for name in wanted or () if name in fields]
        columns |= {name: name.lower() for name in [*custom, *more] if name not in columns}
        columns.setdefault(STAMP, kind.columns[STAMP])
        fields.setdefault(STAMP, Field(name=STAMP, type=FieldType.DATETIME, creatable=False, updatable=False))
        return cls(kind, fields, columns, tuple(wanted) if wanted is not None else None)

    @property
    def selectable(self) -> list[str]:
        """Fields that a read asks for."""
        return [name for name in self.columns if self.wanted is None or name in self.wanted or name in {"id", STAMP}]

    def selected(self, fields: Sequence[str]) -> list[str]:
        """Columns as a query lists them; moments and days by a mask, as ``c0``, ``c1`` and so on where masked."""
        return [self._column(name) for name in fields]

    def _column(self, name: str) -> str:
        column = self.columns[name]
        mask = _MASKS.get(self.fields[name].type)
        return f"{suiteql.shown(column, mask)} AS {alias(column)}" if mask else column

    def data(self, row: Mapping[str, Any], fields: Sequence[str], zone: ZoneInfo) -> dict[str, Any]:
        """A row as a record: REST's names, truth values, moments in UTC. What is null is missing in rows, not here."""
        return {name: self._value(name, row, zone) for name in fields}

    def _value(self, name: str, row: Mapping[str, Any], zone: ZoneInfo) -> Any:
        kind, column = self.fields[name].type, self.columns[name]
        value = row.get(alias(column) if kind in _MASKS else column)
        if value is None:
            return None
        if kind is FieldType.BOOLEAN:
            return value in {"T", True}
        try:
            if kind is FieldType.DATETIME:
                return suiteql.utc(str(value), zone)
            if kind is FieldType.INTEGER:
                return int(value)
        except (ValueError, OverflowError):  # the mapping says so, of this record; the end of the year 9999 is common
            return str(value)
        if kind is FieldType.CHOICE:
            return str(value).rpartition(":")[2]  # orders show SalesOrd:B, or B
        return str(value)

    def facts(self, readable: Sequence[str], *, attached: bool) -> tuple[Field, ...]:
        """All that may be read or written: fields, and what hangs on the record (``attached``: can it be read?)."""
        shown = set(readable)
        own = [
            field if field.name in shown else _hidden(field)
            for field in self.fields.values()
            if field.name in shown or field.creatable or field.updatable
        ]
        parts = parts_of(self.kind)
        return (*own, *(parts if attached else map(_hidden, parts)))


class Selection(NamedTuple):
    """The fields that one read asks for, and the description they were taken from.

    Fixed when a read begins: the account may be described anew before it ends, and a field that was not asked for would
    then look like one that was emptied.
    """

    schema: Schema
    fields: Sequence[str]

    @property
    def columns(self) -> list[str]:
        return self.schema.selected(self.fields)

    def data(self, row: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
        return self.schema.data(row, self.fields, zone)


def parts_of(kind: Kind) -> tuple[Field, ...]:
    if kind.parts is Parts.LINES:
        code = Field(name="currencyCode", label="Currency (ISO)", creatable=False, updatable=False)
        return (code, Field(name="item", type=FieldType.LIST, label="Lines"))
    return tuple(Field(name=f"{address}.{part}") for address in ADDRESSES for part in ADDRESS)


def alias(column: str) -> str:
    """A masked column needs a name of its own: in the order of rows, the column itself is meant."""
    return f"{column}_text"


def _hidden(field: Field) -> Field:
    return Field(
        name=field.name,
        type=field.type,
        label=field.label,
        readable=False,
        creatable=field.creatable,
        updatable=field.updatable,
        choices=field.choices,
        restricted=field.restricted,
    )


def _field(kind: Kind, name: str, entry: Mapping[str, Any], marker: str | None) -> Field | None:
    """One property; None for what is no single value."""
    if name == "links" or entry.get("type") == "array":
        return None
    inner = entry.get("properties")
    choices: tuple[str, ...] = ()
    found = _TYPES.get(str(entry.get("type")), FieldType.TEXT)
    if entry.get("type") == "object" or "$ref" in entry or "oneOf" in entry:
        if isinstance(inner, Mapping) and ("items" in inner or "refName" not in inner):
            return None
        key = inner.get("id") if isinstance(inner, Mapping) else None
        choices = tuple(str(one) for one in key.get("enum") or ()) if isinstance(key, Mapping) else ()
        found = FieldType.CHOICE if choices else FieldType.REFERENCE
    elif found is FieldType.TEXT:
        found = _FORMATS.get(str(entry.get("format")), found)
        choices = tuple(str(one) for one in entry.get("enum") or ())
        found = FieldType.CHOICE if choices else found
    fixed = bool(entry.get("readOnly")) or name in _FIXED or (name == "externalId" and marker != "externalId")
    target = (kind.references or {}).get(name)
    return Field(
        name=name,
        type=found,
        label=str(entry.get("title") or ""),
        max_length=int(entry.get("maxLength") or 0) or None,
        nullable=bool(entry.get("nullable", True)),
        creatable=not fixed,
        updatable=not fixed,
        unique=name in {"id", "externalId", kind.unique},
        choices=choices or None,
        restricted=bool(choices),
        references=(target,) if target else (),
    )


def sendable(field: Field, value: Any) -> Any:
    """A value as REST wants it: references and choices as objects. Raises UnfitError."""
    if value is None or value == "":
        return None
    if field.type in {FieldType.REFERENCE, FieldType.CHOICE}:
        return {"id": str(value)}
    if field.type is FieldType.BOOLEAN:
        if isinstance(value, bool):
            return value
        raise UnfitError("wrong-type", field.name, f"{field.name} takes true or false")
    if field.type in {FieldType.INTEGER, FieldType.DECIMAL}:
        return number(field.name, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise UnfitError("wrong-type", field.name, f"{field.name} takes text")
    if field.type in _MASKS:
        _dated(field, value)
    return value


def number(name: str, value: Any) -> Any:
    """As a JSON number with just the digits given: amounts hold more of them than a float does."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal("NaN")
    if isinstance(value, bool) or not found.is_finite():
        raise UnfitError("wrong-type", name, f"{name} takes a number")
    return orjson.Fragment(format(found, "f"))


def marked(marker: str) -> str:
    """The hub's id as an external id. Raises UnfitError for signs that addresses of records cannot have."""
    if not _MARKER.fullmatch(marker):
        raise UnfitError("bad-external-id", "externalId", "external ids consist of letters, digits, - and _")
    return marker


def _dated(field: Field, value: str) -> None:
    try:
        if field.type is FieldType.DATE:
            date.fromisoformat(value)
        elif datetime.fromisoformat(value).tzinfo is None:
            raise UnfitError("wrong-type", field.name, f"{field.name} takes a moment with its time zone")
    except ValueError:
        form = "a day such as 2026-11-21" if field.type is FieldType.DATE else "a moment such as 2026-11-21T08:00:00Z"
        raise UnfitError("wrong-type", field.name, f"{field.name} takes {form}") from None
