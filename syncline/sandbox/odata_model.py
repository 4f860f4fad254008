"""The model of a fake OData 2.0 service: entities, their properties as stored, shown and taken, and the EDMX of it.

Rows are mappings from property names to stored values: text, true or false, numbers, ``2026-11-22T00:00:00`` (dates
and moments), ``10:20:32`` (times), None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import quoteattr

Row = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SPEC = re.compile(r"(\w+)(\*)?:(\d+|[bdtogin])([arufx]*)")
_KINDS = {
    "b": "Edm.Boolean",
    "d": "Edm.DateTime",
    "t": "Edm.Time",
    "o": "Edm.DateTimeOffset",
    "g": "Edm.Guid",
    "i": "Edm.Int16",
    "n": "Edm.Decimal",
}


class ServiceError(Exception):
    """A refusal as a gateway words it. ``fields`` are the properties it is about."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = tuple(fields)

    def body(self, now: datetime) -> dict[str, Any]:
        details = [
            {"code": self.code, "message": self.message, "propertyref": name, "severity": "error", "target": name}
            for name in self.fields
        ]
        inner = {
            "transactionid": "6E0F2A3DC4B10AB0E005F0AD1C2B3D4E",
            "timestamp": f"{now:%Y%m%d%H%M%S}.0000000",
            "Error_Resolution": {"SAP_Transaction": "Run transaction /IWFND/ERROR_LOG on SAP Gateway hub system"},
            "errordetails": details,
        }
        message = {"lang": "en", "value": self.message}
        return {"error": {"code": self.code, "message": message, "innererror": inner}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """``alpha``: an id of digits is stored with leading zeros. ``upper``: text is stored in upper case."""

    name: str
    edm: str = "Edm.String"
    length: int = 0
    key: bool = False
    alpha: bool = False
    upper: bool = False
    creatable: bool = True
    updatable: bool = True
    filterable: bool = True

    @property
    def blank(self) -> Any:
        """What a row has where nothing was given: ABAP's initial value."""
        blanks = {"Edm.String": "", "Edm.Boolean": False, "Edm.Time": "00:00:00", "Edm.Int16": 0}
        return {**blanks, "Edm.Decimal": "0.000000"}.get(self.edm)

    def takes(self, kind: str) -> bool:
        """Whether a literal of this type may be compared with the property."""
        return kind == self.edm or (kind == "number" and self.edm.startswith("Edm.Int"))

    def stored(self, value: Any) -> Any:
        if isinstance(value, str) and self.edm == "Edm.String":
            if self.alpha and value.isascii() and value.isdigit():
                return value.zfill(self.length)
            return value.upper() if self.upper or self.alpha else value
        return value

    def taken(self, value: Any) -> Any:
        """The stored value for one of a body. Raises ServiceError where it does not fit."""
        if value is None:
            return self.blank if self.edm != "Edm.Time" else "00:00:00"
        good: type = {"Edm.Boolean": bool, "Edm.Int16": int}.get(self.edm, str)
        if type(value) is not good:
            raise ServiceError(400, "/IWBEP/CM_MGW_RT/023", f"Property '{self.name}' has an invalid value", [self.name])
        if not isinstance(value, str):
            return value
        if self.edm == "Edm.String" and len(value) > self.length:
            message = f"Property '{self.name}' has invalid value '{value}'. Value exceeds maximum length {self.length}"
            raise ServiceError(400, "005056A509B11ED199A8FEC11C21D78E", message, [self.name])
        if self.edm in {"Edm.DateTime", "Edm.DateTimeOffset"}:
            return self._moment(value)
        if self.edm == "Edm.Time":
            return self._time(value)
        return self._decimal(value) if self.edm == "Edm.Decimal" else self.stored(value)

    def _decimal(self, value: str) -> str:
        if not re.fullmatch(r"-?\d{1,22}(\.\d{1,6})?", value):
            message = f"Conversion error for property '{self.name}' at offset '0'"
            raise ServiceError(400, "/IWBEP/CM_MGW_RT/176", message, [self.name])
        whole, _, part = value.partition(".")
        return f"{whole}.{part:0<6}"

    def _moment(self, value: str) -> str:
        found = re.fullmatch(r"/Date\((-?\d+)([+-]\d{1,4})?\)/", value)
        plain = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?", value)
        if found is None and plain is None:
            message = f"Conversion error for property '{self.name}' at offset '0'"
            raise ServiceError(400, "/IWBEP/CM_MGW_RT/176", message, [self.name])
        if found is None:
            return value[:19]
        return (_EPOCH + timedelta(milliseconds=int(found[1]))).isoformat()[:19]

    def _time(self, value: str) -> str:
        found = re.fullmatch(r"PT(\d+)H(\d+)M(\d+)S", value)
        if found is None:
            message = f"Conversion error for property '{self.name}' at offset '0'"
            raise ServiceError(400, "/IWBEP/CM_MGW_RT/176", message, [self.name])
        return "{:02}:{:02}:{:02}".format(*map(int, found.groups()))

    def shown(self, value: Any, *, padded: bool) -> Any:
        """A stored value as a body shows it; ids without their zeros, unless the system shows them padded."""
        if value is None:
            return None
        if self.edm in {"Edm.DateTime", "Edm.DateTimeOffset"}:
            ms = (datetime.fromisoformat(value).replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
            return f"/Date({ms}{'+0000' if self.edm == 'Edm.DateTimeOffset' else ''})/"
        if self.edm == "Edm.Time":
            return "PT{}H{}M{}S".format(*value.split(":"))
        if self.alpha and not padded and value.isdigit():
            return value.lstrip("0") or "0"
        return value

    def literal(self, value: Any) -> str:
        """A stored value in an address."""
        if self.edm == "Edm.String":
            return "'" + str(self.shown(value, padded=False)).replace("'", "''") + "'"
        prefix = {"Edm.DateTime": "datetime", "Edm.DateTimeOffset": "datetimeoffset", "Edm.Guid": "guid"}.get(self.edm)
        if prefix is None:
            return str(value).lower()
        return f"{prefix}'{value}{'Z' if prefix == 'datetimeoffset' else ''}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Navigation:
    """Where an entity leads: rows of ``target`` that have the same values. ``on``: own property by theirs."""

    target: str
    many: bool
    on: Mapping[str, str]
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One entity set and its type (``A_Thing`` and ``A_ThingType``). ``versioned``: its rows have an ETag."""

    name: str
    properties: Mapping[str, Property]
    navigations: Mapping[str, Navigation] = field(default_factory=dict)
    versioned: bool = False
    creatable: bool = True
    updatable: bool = True
    deletable: bool = True

    @property
    def type(self) -> str:
        return f"{self.name}Type"

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(name for name, known in self.properties.items() if known.key)

    def key_of(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.keys)

    def address(self, row: Mapping[str, Any]) -> str:
        """``A_Thing(Name='…')``, one key without its name."""
        names = self.keys
        texts = [self.properties[name].literal(row[name]) for name in names]
        inner = texts[0] if len(names) == 1 else ",".join(f"{n}={t}" for n, t in zip(names, texts, strict=True))
        return f"{self.name}({inner})"

    def taken(self, given: Mapping[str, Any], *, creating: bool) -> Row:
        """Stored values of a body's own properties. Raises ServiceError for what is unknown, unfit or read only."""
        values: Row = {}
        for name, value in given.items():
            known = self.properties.get(name)
            if known is None:
                message = f"Property '{name}' is invalid; resource type '{self.type}' has no such property"
                raise ServiceError(400, "/IWBEP/CM_MGW_RT/021", message, [name])
            if not (known.creatable if creating else known.updatable):
                continue  # a gateway takes no notice of what may not be written
            values[name] = known.taken(value)
        return values


def properties(spec: str) -> dict[str, Property]:
    """Properties from ``Name:40 Key*:10a Flag:b``: a length, or b(oolean) d(ate) t(ime) o(ffset) g(uid) i(nteger)
    n(umber); then a(lpha), u(pper), r(ead only), f(ixed after creation), x (no filter). ``*``: part of the key."""
    found: dict[str, Property] = {}
    for one in spec.split():
        match = _SPEC.fullmatch(one)
        assert match is not None, one
        name, key, kind, flags = match.groups()
        found[name] = Property(
            name=name,
            edm=_KINDS.get(kind, "Edm.String"),
            length=int(kind) if kind.isdigit() else 0,
            key=bool(key),
            alpha="a" in flags,
            upper="u" in flags,
            creatable="r" not in flags,
            updatable="r" not in flags and "f" not in flags and not key,
            filterable="x" not in flags,
        )
    return found


def edmx(namespace: str, entities: Mapping[str, Entity], *, outspoken: bool = False) -> bytes:
    """The ``$metadata`` document. ``outspoken``: it also tells what may be given but once."""
    types = "".join(_type(namespace, entity, outspoken=outspoken) for entity in entities.values())
    links = [
        (f"assoc_{entity.name}_{name}", entity, leads)
        for entity in entities.values()
        for name, leads in entity.navigations.items()
        if leads.target in entities
    ]
    associations = "".join(
        f'<Association Name="{name}"><End Type="{namespace}.{entity.type}" Multiplicity="1" Role="FromRole_{name}"/>'
        f'<End Type="{namespace}.{entities[leads.target].type}" Multiplicity="{"*" if leads.many else "0..1"}" '
        f'Role="ToRole_{name}"/>'
        "</Association>"
        for name, entity, leads in links
    )
    sets = "".join(
        f'<EntitySet Name="{entity.name}" EntityType="{namespace}.{entity.type}"'
        f'{_annotations(entity)} sap:content-version="1"/>'
        for entity in entities.values()
    )
    pairs = "".join(
        f'<AssociationSet Name="{name}" Association="{namespace}.{name}"><End EntitySet="{entity.name}" '
        f'Role="FromRole_{name}"/><End EntitySet="{leads.target}" Role="ToRole_{name}"/></AssociationSet>'
        for name, entity, leads in links
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" '
        'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" '
        'xmlns:sap="http://www.sap.com/Protocols/SAPData"><edmx:DataServices m:DataServiceVersion="2.0">'
        f'<Schema Namespace="{namespace}" xml:lang="en" sap:schema-version="1" '
        f'xmlns="http://schemas.microsoft.com/ado/2008/09/edm">{types}{associations}'
        f'<EntityContainer Name="{namespace}_Entities" m:IsDefaultEntityContainer="true">{sets}{pairs}'
        "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    ).encode()


def _type(namespace: str, entity: Entity, *, outspoken: bool) -> str:
    keys = "".join(f'<PropertyRef Name="{name}"/>' for name in entity.keys)
    own = "".join(_property(known, outspoken=outspoken) for known in entity.properties.values())
    leads = "".join(
        f'<NavigationProperty Name="{name}" Relationship="{namespace}.assoc_{entity.name}_{name}" '
        f'FromRole="FromRole_assoc_{entity.name}_{name}" ToRole="ToRole_assoc_{entity.name}_{name}"/>'
        for name in entity.navigations
    )
    return f'<EntityType Name="{entity.type}" sap:content-version="1"><Key>{keys}</Key>{own}{leads}</EntityType>'


def _property(known: Property, *, outspoken: bool) -> str:
    text = f'<Property Name="{known.name}" Type="{known.edm}"'
    text += ' Nullable="false"' if known.key else ""
    text += f' MaxLength="{known.length}"' if known.length else ""
    text += ' Precision="0"' if known.edm in {"Edm.DateTime", "Edm.Time", "Edm.DateTimeOffset"} else ""
    text += ' sap:display-format="Date"' if known.edm == "Edm.DateTime" else ""
    text += ' sap:display-format="UpperCase"' if known.upper or known.alpha else ""
    text += f" sap:label={quoteattr(re.sub('(?<=[a-z])(?=[A-Z])', ' ', known.name))}"
    return f"{text}{_annotations(known, outspoken=outspoken)}/>"


def _annotations(known: Property | Entity, *, outspoken: bool = False) -> str:
    """What may not be done. Of keys and what is fixed once made, SAP's services do not say so."""
    named = ("creatable", "updatable", "deletable", "filterable")
    silent = {"updatable"} if isinstance(known, Property) and known.creatable and not outspoken else set()
    return "".join(f' sap:{name}="false"' for name in named if name not in silent and not getattr(known, name, True))
