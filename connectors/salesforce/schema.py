"""What an org's describe says of an object, and what may be sent to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from connectors.salesforce.soql import quoted
from connectors.sdk import Field, FieldType
from connectors.unfit import UnfitError, json_number

_TYPES = {
    "boolean": FieldType.BOOLEAN,
    "int": FieldType.INTEGER,
    "long": FieldType.INTEGER,
    "double": FieldType.DECIMAL,
    "currency": FieldType.DECIMAL,
    "percent": FieldType.DECIMAL,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "picklist": FieldType.CHOICE,
    "multipicklist": FieldType.SET,
    "reference": FieldType.REFERENCE,
}
_COMPOUND = frozenset({"address", "location", "base64", "anyType", "complexvalue"})
"""Types that are not single values: their parts are fields of their own, files are not customer data."""


_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_BARE = {
    FieldType.BOOLEAN: re.compile(r"true|false"),
    FieldType.INTEGER: _NUMBER,
    FieldType.DECIMAL: _NUMBER,
    FieldType.DATE: re.compile(r"\d{4}-\d\d-\d\d"),
    FieldType.DATETIME: re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
}


DEEDS = ("createable", "updateable", "deletable")


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """An object as this user sees it. ``fields`` maps API names to their entries in the describe answer."""

    name: str
    fields: Mapping[str, Mapping[str, Any]]
    relationships: frozenset[str]
    denied: frozenset[str] = frozenset()  # of DEEDS, those that the user may do with no record of the object

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> ObjectSchema:
        """From a describe answer."""
        entries = description.get("fields") or ()
        relationships = frozenset(str(e["relationshipName"]) for e in entries if e.get("relationshipName"))
        denied = frozenset(deed for deed in DEEDS if description.get(deed) is False)
        return cls(str(description.get("name")), {str(e["name"]): e for e in entries}, relationships, denied)

    def readable(self, wanted: Sequence[str] | None, always: Sequence[str]) -> list[str]:
        """The fields a read asks for: what it cannot do without, then those wanted (all if None) that exist."""
        names = self.fields if wanted is None else [name for name in wanted if name in self.fields]
        rest = [name for name in names if self.fields[name].get("type") not in _COMPOUND and name not in always]
        return [*(name for name in always if name in self.fields), *rest]

    def facts(self) -> tuple[Field, ...]:
        return tuple(_fact(entry) for entry in self.fields.values() if entry.get("type") not in _COMPOUND)

    def literals(self, field: str, values: Sequence[str]) -> list[str]:
        """Values as SOQL writes them for a field: text in quotes. Others are bare, and left out where they are no
        value of that type: no record has them."""
        kind = _TYPES.get(str(self.fields[field].get("type")), FieldType.TEXT)
        bare = _BARE.get(kind)
        if bare is None:
            return [quoted(value) for value in values]
        return [value for value in values if bare.fullmatch(value)]

    def payload(self, given: Mapping[str, Any], *, creating: bool) -> dict[str, Any]:
        """The fields as JSON wants them. Raises UnfitError for what would make the org refuse the whole request."""
        sent: dict[str, Any] = {}
        for name, value in given.items():
            entry = self.fields.get(name)
            if entry is None:
                if name in self.relationships and isinstance(value, Mapping):
                    sent[name] = dict(value)  # a parent by its own external id
                    continue
                raise UnfitError("INVALID_FIELD", name, f"{self.name} has no field {name}, or the user may not see it")
            if not entry.get("createable" if creating else "updateable"):
                deed = "creating" if creating else "updating"
                raise UnfitError("INVALID_FIELD_FOR_INSERT_UPDATE", name, f"{name} cannot be given when {deed}")
            sent[name] = _fitted(name, str(entry.get("type")), value)
        return sent


def _fact(entry: Mapping[str, Any]) -> Field:
    kind = str(entry.get("type"))
    required = bool(entry.get("createable") and not entry.get("nillable") and not entry.get("defaultedOnCreate"))
    choices = tuple(str(c["value"]) for c in entry.get("picklistValues") or () if c.get("active", True))
    return Field(
        name=str(entry["name"]),
        type=_TYPES.get(kind, FieldType.TEXT),
        label=str(entry.get("label") or ""),
        max_length=int(entry.get("length") or 0) or None,
        required=required,
        nullable=bool(entry.get("nillable", True)),
        creatable=bool(entry.get("createable")),
        updatable=bool(entry.get("updateable")),
        unique=bool(entry.get("unique") or kind == "id"),
        choices=choices or None,
        restricted=bool(entry.get("restrictedPicklist")),
        references=tuple(str(name) for name in entry.get("referenceTo") or ()),
    )


def _fitted(name: str, kind: str, value: Any) -> Any:
    if value is None:
        return None
    kinds = _TYPES.get(kind, FieldType.TEXT)
    if kinds is FieldType.BOOLEAN:
        if isinstance(value, bool):
            return value
        raise UnfitError("wrong-type", name, f"{name} takes true or false")
    if kinds in {FieldType.INTEGER, FieldType.DECIMAL}:
        return None if value == "" else json_number(name, value, whole=kinds is FieldType.INTEGER)
    if kinds is FieldType.SET and isinstance(value, list | tuple):
        return ";".join(str(choice) for choice in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise UnfitError("wrong-type", name, f"{name} takes text")
    if kinds in {FieldType.DATE, FieldType.DATETIME} and value:
        _dated(name, kinds, value)
    return value


def _dated(name: str, kind: FieldType, value: str) -> None:
    try:
        if kind is FieldType.DATE:
            date.fromisoformat(value)
        elif datetime.fromisoformat(value).tzinfo is None:
            raise UnfitError("wrong-type", name, f"{name} takes a moment with its time zone")
    except ValueError:
        form = "a date such as 2026-11-21" if kind is FieldType.DATE else "a moment such as 2026-11-21T08:00:00Z"
        raise UnfitError("wrong-type", name, f"{name} takes {form}") from None
