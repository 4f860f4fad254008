"""What an OData 2.0 service says of itself (``$metadata``): entity sets, properties with SAP's annotations, and where
they lead.

The document is read by expat itself, and a document type declaration ends the reading: without one there are no
entities to expand, no external files and no default attributes, which is all that makes XML dangerous. So no further
library is needed; size is bounded by the client. Sources: [MC-CSDL] 1.1 to 2.0; SAP Gateway Foundation, "SAP
Annotations for OData Version 2.0".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from connectors import odata
from connectors.contract import Field, FieldType
from model.errors import ProtocolError

_SAP = "http://www.sap.com/Protocols/SAPData"
_TYPES = {
    "Edm.Boolean": FieldType.BOOLEAN,
    "Edm.DateTime": FieldType.DATETIME,
    "Edm.DateTimeOffset": FieldType.DATETIME,
    "Edm.Decimal": FieldType.DECIMAL,
    "Edm.Double": FieldType.DECIMAL,
    "Edm.Single": FieldType.DECIMAL,
    **dict.fromkeys(("Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Byte", "Edm.SByte"), FieldType.INTEGER),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property. ``day``: a DateTime that is a date. ``upper``: the system keeps it in upper case. ``alias``: what a
    key of SAP Commerce is made of (``Catalog_id|Product_code``)."""

    name: str
    edm: str
    label: str = ""
    max_length: int | None = None
    nullable: bool = True
    creatable: bool = True
    updatable: bool = True
    filterable: bool = True
    day: bool = False
    upper: bool = False
    alias: str = ""

    def fact(self, path: str, **over: Any) -> Field:
        """The property as a field of a stream, under the record path given; ``over`` replaces what is known better."""
        kind = FieldType.DATE if self.day else _TYPES.get(self.edm, FieldType.TEXT)
        facts: dict[str, Any] = {
            "name": path,
            "type": kind,
            "label": self.label,
            "max_length": self.max_length,
            "nullable": self.nullable,
            "creatable": self.creatable,
            "updatable": self.updatable,
        }
        return Field(**{**facts, **over})


@dataclass(slots=True)
class EntityType:
    """An entity type. ``navigations`` maps names to (target's type name, whether there may be many)."""

    name: str
    keys: tuple[str, ...] = ()
    properties: dict[str, Property] = field(default_factory=dict)
    navigations: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row's own properties as the hub has them: known ones by their types, no navigations, no metadata."""
        return {
            name: odata.shown(value, known.edm, day=known.day) if (known := self.properties.get(name)) else value
            for name, value in row.items()
            if not name.startswith("__") and name not in self.navigations and not isinstance(value, dict | list)
        }

    def sent(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Properties as a body carries them. Raises ValueError (``Name: why``) for an unknown or unfit one.

        Text is never null in ABAP: null is sent as the empty text it would become.
        """
        body: dict[str, Any] = {}
        for name, value in given.items():
            known = self.properties.get(name)
            if known is None:
                raise UnfitError(name, "there is no such field, or the user may not see it")
            try:
                body[name] = odata.sent("" if value is None and known.edm == "Edm.String" else value, known.edm)
            except ValueError as error:
                raise UnfitError(name, str(error)) from None
        return body

    def address(self, row: Mapping[str, Any]) -> str:
        """What stands between the brackets for a row given as the hub has it. Raises KeyError, ValueError."""
        return odata.key({name: odata.literal(row[name], self.properties[name].edm) for name in self.keys})


class UnfitError(ValueError):
    """A value that cannot be sent: ``field`` and the rule, never the value."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


@dataclass(frozen=True, slots=True)
class EntitySet:
    """A collection of the service, and what may be done with its rows."""

    name: str
    type: EntityType
    creatable: bool = True
    updatable: bool = True
    deletable: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """The model of a service: entity sets by name, types by name without namespace."""

    sets: Mapping[str, EntitySet]
    types: Mapping[str, EntityType]

    def type_of(self, name: str) -> EntityType:
        """The type of an entity set. Raises ProtocolError where the service has no such set."""
        found = self.sets.get(name)
        if found is None:
            raise ProtocolError(f"the service has no entity set {name}")
        return found.type


def parse(document: bytes) -> Service:
    """The model that a ``$metadata`` document describes. Raises ProtocolError where it is none, or declares a DTD."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _no_declarations
    try:
        parser.Parse(document, True)
    except expat.ExpatError:
        raise ProtocolError("$metadata is not an XML document, or only part of one") from None
    return reader.service()


def _no_declarations(*_: Any) -> None:
    raise ProtocolError("$metadata declares a document type, which a service never does; it was not read")


class _Reader:
    """Collects what the elements say; navigations are resolved at the end, since associations may follow."""

    def __init__(self) -> None:
        self.types: dict[str, EntityType] = {}
        self._type: EntityType | None = None
        self._association: dict[str, tuple[str, bool]] | None = None
        self._associations: dict[str, dict[str, tuple[str, bool]]] = {}
        self._paths: list[tuple[EntityType, str, str, str]] = []
        self._sets: list[tuple[str, str, Mapping[str, str]]] = []

    def begin(self, element: str, given: dict[str, str]) -> None:
        name = element.rpartition(" ")[2]
        if name == "EntityType":
            self._type = self.types[given["Name"]] = EntityType(given["Name"])
        elif name == "Association":
            self._association = self._associations[given["Name"]] = {}
        elif name == "End" and self._association is not None and "Type" in given:
            self._association[given["Role"]] = (_bare(given["Type"]), given.get("Multiplicity") == "*")
        elif name == "EntitySet":
            self._sets.append((given["Name"], _bare(given["EntityType"]), given))
        elif self._type is not None:
            self._within(self._type, name, given)

    def _within(self, entity: EntityType, name: str, given: Mapping[str, str]) -> None:
        if name == "PropertyRef":
            entity.keys = (*entity.keys, given["Name"])
        elif name == "Property":
            entity.properties[given["Name"]] = _property(given)
        elif name == "NavigationProperty":
            self._paths.append((entity, given["Name"], _bare(given["Relationship"]), given["ToRole"]))

    def end(self, element: str) -> None:
        name = element.rpartition(" ")[2]
        if name == "EntityType":
            self._type = None
        elif name == "Association":
            self._association = None

    def service(self) -> Service:
        for entity, name, association, role in self._paths:
            target = self._associations.get(association, {}).get(role)
            if target is not None:
                entity.navigations[name] = target
        sets = {
            name: EntitySet(name, self.types[kind], *(_yes(given, f"{may}able") for may in ("creat", "updat", "delet")))
            for name, kind, given in self._sets
            if kind in self.types
        }
        if not sets:
            raise ProtocolError("$metadata describes no entity sets: is this the address of an OData service?")
        return Service(sets, self.types)


def _bare(name: str) -> str:
    return name.rpartition(".")[2]


def _yes(given: Mapping[str, str], name: str) -> bool:
    return given.get(f"{_SAP} {name}", "true") != "false"


def _property(given: Mapping[str, str]) -> Property:
    length = given.get("MaxLength", "")
    display = given.get(f"{_SAP} display-format")
    return Property(
        name=given["Name"],
        edm=given.get("Type", "Edm.String"),
        label=given.get(f"{_SAP} label", ""),
        max_length=int(length) if length.isdigit() and length != "0" else None,
        nullable=given.get("Nullable", "true") != "false",
        creatable=_yes(given, "creatable"),
        updatable=_yes(given, "updatable"),
        filterable=_yes(given, "filterable"),
        day=display == "Date" and given.get("Type") == "Edm.DateTime",
        upper=display == "UpperCase",
        alias=next((text for one, text in given.items() if one.rpartition(" ")[2] == "Alias"), ""),
    )
