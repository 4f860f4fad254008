"""The record types of the fake account, their fields, and how metadata describes them.

``name type [ro] [=choices]``: ``text83`` has room for 83 characters, ``ref:customer`` points there. As on the real
thing, metadata tells neither lengths nor what is required.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ENTITY = """
id text10 ro
externalId text255
entityId text83
salutation text30
firstName text32
middleName text32
lastName text32
title text99
email email254
altEmail email254
phone text32
mobilePhone text32
homePhone text32
fax text32
comments text4000
globalSubscriptionStatus choice =1|2|3|4
isInactive boolean
dateCreated datetime ro
lastModifiedDate datetime ro
"""
_TYPES = {
    "customer": _ENTITY
    + """
isPerson boolean
companyName text83
altPhone text32
url text100
accountNumber text50
parent ref:customer
salesRep ref:employee
category ref:customerCategory
entityStatus ref:customerStatus
currency ref:currency
subsidiary ref:subsidiary
""",
    "contact": _ENTITY
    + """
officePhone text32
company ref:customer
supervisor ref:contact
subsidiary ref:subsidiary
""",
    "salesOrder": """
id text10 ro
externalId text255
tranId text45
tranDate date
entity ref:customer
otherRefNum text45
memo text999
email email254
status choice ro =A|B|D|E|F|G|H
currency ref:currency
shipDate date
total number ro
createdDate datetime ro
lastModifiedDate datetime ro
""",
}
SUBLISTS = {"customer": "addressBook", "contact": "addressBook", "salesOrder": "item"}
SUBSCRIPTION = {"1": "Soft Opt-In", "2": "Soft Opt-Out", "3": "Confirmed Opt-In", "4": "Confirmed Opt-Out"}
CURRENCIES = {"1": "USD", "2": "EUR"}


@dataclass(frozen=True, slots=True)
class FieldDef:
    """One field. ``target``: the record type that a reference points to."""

    name: str
    type: str
    length: int | None = None
    read_only: bool = False
    choices: tuple[str, ...] = ()
    target: str | None = None
    custom: bool = False

    @classmethod
    def parse(cls, line: str, *, custom: bool = False) -> FieldDef:
        words = line.split()
        kind, _, target = words[1].partition(":")
        base = kind.rstrip("0123456789")
        length = int(kind[len(base) :] or 0) or None
        choices = tuple(next((word[1:] for word in words if word.startswith("=")), "").split("|"))
        return cls(words[0], base, length, "ro" in words, choices if choices != ("",) else (), target or None, custom)

    def described(self) -> dict[str, Any]:
        """The property in JSON Schema."""
        about: dict[str, Any] = {"title": self.name, "nullable": self.name not in {"id", "lastModifiedDate"}}
        if self.read_only:
            about["readOnly"] = True
        if self.custom:
            about["x-ns-custom-field"] = True
        if self.type in {"ref", "choice"}:
            key: dict[str, Any] = {"title": "Internal identifier", "type": "string"}
            if self.choices:
                key["enum"] = list(self.choices)
            return {**about, "type": "object", "properties": {"id": key, "refName": {"type": "string"}}}
        kinds = {
            "boolean": {"type": "boolean"},
            "integer": {"type": "integer", "format": "int64"},
            "number": {"type": "number", "format": "double"},
            "date": {"type": "string", "format": "date"},
            "datetime": {"type": "string", "format": "date-time"},
            "email": {"type": "string", "format": "email"},
        }
        return {**about, **kinds.get(self.type, {"type": "string"})}


def standard() -> dict[str, dict[str, FieldDef]]:
    """Fields by record type and name."""
    return {
        name: {field.name: field for field in map(FieldDef.parse, filter(str.strip, text.splitlines()))}
        for name, text in _TYPES.items()
    }


def metadata(name: str, fields: Mapping[str, FieldDef]) -> dict[str, Any]:
    properties = {field.name: field.described() for field in fields.values()}
    lines = {"type": "object", "properties": {"items": {"type": "array"}, "totalResults": {"type": "integer"}}}
    properties[SUBLISTS[name]] = lines
    if name == "salesOrder":  # a subrecord: neither a reference nor a sublist
        properties["billingAddress"] = {"type": "object", "properties": {"addr1": {"type": "string"}}}
    properties["links"] = {"title": "Links", "type": "array", "readOnly": True}
    return {"type": "object", "properties": properties, "$schema": "https://json-schema.org/draft-06/hyper-schema#"}
