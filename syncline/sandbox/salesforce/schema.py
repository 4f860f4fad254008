"""What the fake org knows of its objects, and how it describes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from syncline.sandbox.salesforce.objects import OBJECTS

_LINE = re.compile(r"^(?P<name>\w+) (?P<type>[a-z]+?)(?P<length>\d*)(?P<rest>( .*)?)$")
_TEXT = frozenset({"string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "combobox"})
_SOAP = {"boolean": "xsd:boolean", "int": "xsd:int", "date": "xsd:date", "datetime": "xsd:dateTime", "id": "tns:ID"}
_LOOKUP = frozenset({"Id", "Email", "Name"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDef:
    """One field of an object."""

    name: str
    type: str
    length: int = 0
    required: bool = False
    read_only: bool = False
    defaulted: bool = False
    external_id: bool = False
    unique: bool = False
    restricted: bool = False
    choices: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """``MailingPostalCode`` → ``Mailing Postal Code``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.name.removesuffix("__c").replace("_", " "))

    @property
    def relationship(self) -> str | None:
        """What queries call the record that is pointed to."""
        return self.name.removesuffix("Id") if self.targets else None

    @property
    def is_text(self) -> bool:
        return self.type in _TEXT

    @property
    def is_number(self) -> bool:
        return self.type in {"int", "double", "currency", "percent"}

    @property
    def filterable(self) -> bool:
        return self.type != "address" and not (self.type == "textarea" and self.length > 255)

    def describe(self) -> dict[str, Any]:
        """The entry of this field in a describe answer."""
        writable = not self.read_only
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "soapType": _SOAP.get(self.type, "xsd:double" if self.is_number else "xsd:string"),
            "length": self.length if self.is_text or self.type in {"id", "reference"} else 0,
            "byteLength": self.length * 3 if self.is_text else 0,
            "digits": self.length if self.type == "int" else 0,
            "precision": self.length if self.is_number and self.type != "int" else 0,
            "scale": 2 if self.type in {"currency", "double", "percent"} else 0,
            "nillable": not (self.required or self.defaulted or self.type in {"boolean", "id"} or self._audit),
            "createable": writable,
            "updateable": writable and self.name != "OrderId",
            "defaultedOnCreate": self.defaulted or self._audit or self.type in {"id", "boolean"},
            "calculated": False,
            "autoNumber": self.name.endswith("Number") and self.read_only,
            "unique": self.unique,
            "caseSensitive": False,
            "externalId": self.external_id,
            "idLookup": self.name in _LOOKUP or self.external_id,
            "filterable": self.filterable,
            "sortable": self.filterable,
            "custom": self.name.endswith("__c"),
            "deprecatedAndHidden": False,
            "restrictedPicklist": self.restricted,
            "dependentPicklist": False,
            "picklistValues": [
                {"active": True, "defaultValue": False, "label": choice, "value": choice} for choice in self.choices
            ],
            "referenceTo": list(self.targets),
            "relationshipName": self.relationship,
        }

    @property
    def _audit(self) -> bool:
        return self.name in {"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"}


@dataclass(slots=True, kw_only=True)
class ObjectDef:
    """One object: its id prefix and fields, which a person may add to or take from while the fake runs."""

    name: str
    prefix: str
    fields: dict[str, FieldDef] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)  # createable, updateable, deletable: what the hub's user may not do

    @property
    def mergeable(self) -> bool:
        return "MasterRecordId" in self.fields

    def named(self, name: str) -> FieldDef | None:
        """The field, its name compared without case as the real one does."""
        found = self.fields.get(name)
        if found is not None:
            return found
        wanted = name.lower()
        return next((f for f in self.fields.values() if f.name.lower() == wanted), None)

    def brief(self, version: str) -> dict[str, Any]:
        """The entry of this object in the list of objects."""
        base = f"/services/data/v{version}/sobjects/{self.name}"
        return {
            "name": self.name,
            "label": self.name,
            "keyPrefix": self.prefix,
            "custom": False,
            **{deed: deed not in self.denied for deed in ("createable", "updateable", "deletable")},
            "queryable": True,
            "retrieveable": True,
            "replicateable": True,
            "mergeable": self.mergeable,
            "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
        }

    def describe(self, version: str) -> dict[str, Any]:
        return {**self.brief(version), "fields": [f.describe() for f in self.fields.values()]}


def full_id(value: str) -> str:
    """The 18-character form of a record id; the last three tell which of the first fifteen are capitals."""
    if len(value) != 15:
        return value
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    bits = (sum(1 << i for i, c in enumerate(value[start : start + 5]) if c.isupper()) for start in (0, 5, 10))
    return value + "".join(letters[b] for b in bits)


def parse_field(line: str) -> FieldDef:
    """A field from its line (`syncline.sandbox.salesforce.objects`); raises ValueError where it is none."""
    found = _LINE.match(line.strip())
    if found is None:
        raise ValueError(f"not a field line: {line!r}")
    rest, _, choices = found["rest"].partition("=")
    words = rest.split()
    flags = {word for word in words if not word.startswith(">")}
    targets = next((word[1:].split(",") for word in words if word.startswith(">")), [])
    return FieldDef(
        name=found["name"],
        type=found["type"],
        length=int(found["length"] or 0),
        required="req" in flags,
        read_only="ro" in flags,
        defaulted="default" in flags,
        external_id="ext" in flags,
        unique="ext" in flags or "unique" in flags,
        restricted="restricted" in flags,
        choices=tuple(choices.split("|")) if choices else (),
        targets=tuple(targets),
    )


def standard_objects() -> dict[str, ObjectDef]:
    """A fresh set of the standard objects."""
    made = {}
    for name, (prefix, lines) in OBJECTS.items():
        fields = [parse_field(line) for line in lines.splitlines() if line.strip()]
        made[name] = ObjectDef(name=name, prefix=prefix, fields={f.name: f for f in fields})
    return made
