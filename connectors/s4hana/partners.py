"""A business partner as one record: the root, and of each of its parts the one that is shown and written.

A partner's addresses, e-mail addresses and numbers are lists in SAP. The record shows of its addresses one for each
usage that the settings name (``to_BusinessPartnerAddress.XXDEFAULT`` is the standard address), and of what hangs on an
address the default one. The others are left alone, as are usages and relationships that have ended or not yet begun.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from connectors.edmx import EntityType, Service
from connectors.gateway import Gateway
from connectors.odata import unpadded
from connectors.s4hana.settings import StreamSettings
from connectors.sdk import Record

ROOT = "A_BusinessPartner"
KEY = "BusinessPartner"
ADDRESSES = "to_BusinessPartnerAddress"
CUSTOMER = "to_Customer"
CONTACT = "to_BusinessPartnerContact"
FUNCTION = "to_ContactRelationship"
IDENTIFICATION = "to_BuPaIdentification"
NUMBER = "BPIdentificationNumber"
COMPANY = "BusinessPartnerCompany"

CATEGORY = {"organisations": "2", "persons": "1"}
NAMES = {"organisations": "OrganizationBPName1", "persons": "LastName"}
"""What a partner of each category cannot do without."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What hangs on an address: its entity set, the property that is the thing itself, what every such row has."""

    entity: str
    value: str
    fixed: Mapping[str, Any] = field(default_factory=dict)


REACHES: Mapping[str, Reach] = {
    "to_EmailAddress": Reach("A_AddressEmailAddress", "EmailAddress"),
    "to_PhoneNumber": Reach("A_AddressPhoneNumber", "PhoneNumber", {"PhoneNumberType": "1"}),
    "to_MobilePhoneNumber": Reach("A_AddressPhoneNumber", "PhoneNumber", {"PhoneNumberType": "3"}),
    "to_URLAddress": Reach("A_AddressHomePageURL", "WebsiteURL"),
}
_IDS = frozenset({"BusinessPartner", "Customer", "Supplier", "BusinessPartnerCompany", "BusinessPartnerPerson"})


class Today(NamedTuple):
    """The day by UTC, and the one where on earth it is latest: what begins today by the server's clock has begun."""

    day: str
    latest: str

    @classmethod
    def at(cls, now: datetime) -> Today:
        return cls(f"{now:%Y-%m-%d}", f"{now + timedelta(hours=14):%Y-%m-%d}")

    def within(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is valid now; an end or a beginning that is not set does not bound it."""
        begun = str(row.get("ValidityStartDate") or "")[:10] <= self.latest
        return begun and str(row.get("ValidityEndDate") or "9") >= self.day


@dataclass(frozen=True, slots=True)
class Held:
    """A row that the system holds: its properties as the hub has them, and its version where it has one."""

    row: Mapping[str, Any]
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """That a person is contact of a company, and what the person does there."""

    held: Held
    function: Held | None

    @property
    def company(self) -> str:
        return str(self.held.row[COMPANY])

    @property
    def begun(self) -> tuple[str, ...]:
        return tuple(str(self.held.row.get(name) or "") for name in ("ValidityStartDate", "RelationshipNumber"))


@dataclass(slots=True)
class Partner:
    """A partner and its parts by record path (``to_BusinessPartnerAddress.XXDEFAULT.to_EmailAddress``).

    ``relations``: a person's, the one that began last first; that one is shown. ``several``: the paths of parts that
    hang on their address more than once; the default one is shown.
    """

    key: str
    root: Held
    parts: dict[str, Held] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    several: set[str] = field(default_factory=set)
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def record(self) -> Record:
        return Record(self.key, self.data, self.version)

    @property
    def version(self) -> str:
        """Changes with the root's own version and with every part that the record shows: parts have none, or one that
        leaves the root's alone."""
        shown = hashlib.sha256(orjson.dumps(self.data, option=orjson.OPT_SORT_KEYS)).hexdigest()[:20]
        return f"{self.root.version or ''} {shown}"


class Shapes:
    """Makes partners of rows, as the settings of a stream say. ``today`` tells which parts are valid."""

    def __init__(
        self, gateway: Gateway, model: Service, stream: StreamSettings, marker: str | None, today: Today
    ) -> None:
        self._gateway = gateway
        self._model = model
        self._stream = stream
        self._marker = marker
        self._today = today

    def partner(self, row: Mapping[str, Any]) -> Partner:
        root = self._held(self._model.type_of(ROOT), row)
        partner = Partner(str(root.row[KEY]), root)
        partner.data = {name: value for name, value in root.row.items() if name != "ETag"}
        partner.data[ADDRESSES] = self._addresses(partner, row)
        customers = self._gateway.whole(row, CUSTOMER, "reading customers")
        partner.data[CUSTOMER] = None
        if customers:
            kind = self._model.type_of("A_Customer")
            held = partner.parts[CUSTOMER] = self._held(kind, customers[0])
            partner.data[CUSTOMER] = dict(held.row)
        if self._marker is not None:
            partner.data[IDENTIFICATION] = {self._marker: self._identification(row)}
        return partner

    def _held(self, kind: EntityType, row: Mapping[str, Any]) -> Held:
        shown = kind.shown(row)
        shown |= {name: unpadded(shown[name]) for name in _IDS & shown.keys() if shown[name]}
        version = (row.get("__metadata") or {}).get("etag")
        return Held(shown, version if isinstance(version, str) else None)

    def _addresses(self, partner: Partner, row: Mapping[str, Any]) -> dict[str, Any]:
        kind = self._model.type_of("A_BusinessPartnerAddress")
        shown: dict[str, Any] = dict.fromkeys(self._stream.usages)
        for address in self._gateway.whole(row, ADDRESSES, "reading addresses"):
            for usage in self._usages(address):
                if usage in shown and shown[usage] is None:
                    path = f"{ADDRESSES}.{usage}"
                    partner.parts[path] = self._held(kind, address)
                    shown[usage] = _without(kind, partner.parts[path].row) | {
                        name: self._reach(partner, f"{path}.{name}", name, address) for name in REACHES
                    }
        return shown

    def _usages(self, address: Mapping[str, Any]) -> list[str]:
        kind = self._model.type_of("A_BuPaAddressUsage")
        rows = [kind.shown(one) for one in self._gateway.whole(address, "to_AddressUsage", "reading address usages")]
        return [str(one["AddressUsage"]) for one in rows if self._today.within(one)]

    def _reach(self, partner: Partner, path: str, name: str, address: Mapping[str, Any]) -> dict[str, Any] | None:
        kind = self._model.type_of(REACHES[name].entity)
        rows = [self._held(kind, one) for one in self._gateway.whole(address, name, "reading addresses")]
        if not rows:
            return None
        default = next((p for p in kind.properties if p.startswith("IsDefault")), "")
        chosen = min(
            rows, key=lambda held: (not held.row.get(default), str(held.row.get("OrdinalNumber", "")).zfill(3))
        )
        partner.parts[path] = chosen
        if len(rows) > 1:
            partner.several.add(path)
        return _without(kind, chosen.row)

    def _identification(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """SAP keeps identification numbers in upper case; the hub's own are in lower case, and shown so."""
        kind = self._model.type_of("A_BuPaIdentification")
        rows = [kind.shown(one) for one in self._gateway.whole(row, IDENTIFICATION, "reading identifications")]
        mine = sorted(str(one[NUMBER]) for one in rows if one.get("BPIdentificationType") == self._marker)
        return {NUMBER: mine[0].lower()} if mine else None

    def relate(self, partners: Sequence[Partner], rows: Sequence[Mapping[str, Any]]) -> None:
        """Give persons the companies they are contact of now."""
        kind, function = map(self._model.type_of, ("A_BusinessPartnerContact", "A_BPContactToFuncAndDept"))
        known = {partner.key: partner for partner in partners}
        for row in rows:
            held = self._held(kind, row)
            partner = known.get(str(held.row["BusinessPartnerPerson"]))
            if partner is not None and self._today.within(held.row):
                inner = self._gateway.whole(row, FUNCTION, "reading contact persons")
                partner.relations.append(Relation(held, self._held(function, inner[0]) if inner else None))
        for partner in partners:
            partner.relations.sort(key=lambda relation: relation.begun, reverse=True)
            partner.data[CONTACT] = None
            if partner.relations:
                shown = partner.relations[0]
                does = None if shown.function is None else _without(function, shown.function.row)
                partner.data[CONTACT] = _without(kind, shown.held.row) | {COMPANY: shown.company, FUNCTION: does}


def _without(kind: EntityType, row: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown of a part: all but the key, which is the system's own business."""
    return {name: value for name, value in row.items() if name not in kind.keys}


def expansion(model: Service, marker: str | None) -> str:
    """What a read of partners expands; only what this release's service has."""
    own = model.type_of(ROOT).navigations
    inner = model.type_of("A_BusinessPartnerAddress").navigations
    wanted = [ADDRESSES, *(f"{ADDRESSES}/{name}" for name in ("to_AddressUsage", *REACHES) if name in inner)]
    wanted += [name for name in (CUSTOMER, *([IDENTIFICATION] if marker else [])) if name in own]
    return ",".join(wanted)
