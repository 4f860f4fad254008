"""The fake system as a whole: business partners, their parts, and what people do to them.

What hurts a client is as it is, or may be, in a real system: editing a part (address, e-mail, relationship) does not
stamp the partner (``stamps_parts`` has it do so: releases differ); a partner never changed has no LastChangeDate;
capitals where SAP keeps capitals; several numbers need a country; nobody deletes partners through the service, but an
archiving run takes those away that were marked. The codes of ``R1`` messages are made up; their form is SAP's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from model.clock import Clock
from syncline.sandbox.odata_model import Entity, Row, ServiceError
from syncline.sandbox.odata_service import ODataService
from syncline.sandbox.s4hana.entities import ENTITIES, FOREVER, LAST_DAY

CATEGORIES = {"persons": "1", "organisations": "2"}
NAMES = {"1": "LastName", "2": "OrganizationBPName1", "3": "GroupBusinessPartnerName1"}
_CUSTOMER_ROLES = frozenset({"FLCU00", "FLCU01"})
_PARTS = ("to_EmailAddress", "to_PhoneNumber", "to_MobilePhoneNumber", "to_URLAddress")


class S4HanaFake(ODataService):
    """One client of one system. ``identifications`` are the types of identification that its customizing has."""

    root = "/sap/opu/odata/sap/API_BUSINESS_PARTNER"
    namespace = "API_BUSINESS_PARTNER"

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        stamps_parts: bool = False,
        identifications: Iterable[str] = ("SYNCLN",),
        **how: Any,
    ) -> None:
        super().__init__(ENTITIES, clock, **how)
        self.stamps_parts = stamps_parts
        self.identifications = set(identifications)
        self.user = "CC0000000001"
        self._numbers = 1_000_000
        self._journal: list[tuple[str, tuple[Any, ...]]] = []

    # What people do -----------------------------------------------------------------------------------------------

    def seed(self, stream: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Somebody creates partners; fields as the connector's records have them. Returns their numbers."""
        keys = []
        for row in rows:
            made = self._as_person(lambda given=row: self.make(ENTITIES["A_BusinessPartner"], nested(stream, given)))
            keys.append(made["BusinessPartner"].lstrip("0"))
        return keys

    def edit(self, _: str, key: str, fields: Mapping[str, Any]) -> None:
        """Somebody changes a partner, or one of its parts (``to_BusinessPartnerAddress.XXDEFAULT.CityName``)."""
        row = self.partner(key)
        own = {name: value for name, value in fields.items() if "." not in name}
        if own:
            self._as_person(lambda: self.change(ENTITIES["A_BusinessPartner"], row, own))
        for path, value in fields.items():
            head, _, rest = path.partition(".")
            if head == "to_BusinessPartnerAddress":
                usage, _, name = rest.partition(".")
                self._edit_address(self.address(key, usage), name, value)

    def delete(self, _: str, key: str) -> None:
        """An archiving run takes a partner away that had been marked for it."""
        row = self.partner(key)
        number = row["BusinessPartner"]
        addresses = {one["AddressID"] for one in self.found("A_BusinessPartnerAddress", BusinessPartner=number)}
        for rows in self.rows.values():
            gone = [
                at
                for at, one in rows.items()
                if number
                in {
                    one.get(n)
                    for n in ("BusinessPartner", "BusinessPartnerCompany", "BusinessPartnerPerson", "Customer")
                }
                or one.get("AddressID") in addresses
            ]
            for at in gone:
                del rows[at]
        self._groups.clear()

    def partner(self, key: str) -> Row:
        return self.rows["A_BusinessPartner"][(key.zfill(10) if key.isdigit() else key.upper(),)]

    def address(self, key: str, usage: str = "XXDEFAULT") -> Row:
        """The partner's address of a usage. Raises StopIteration where it has none."""
        number = self.partner(key)["BusinessPartner"]
        used = next(iter(self.found("A_BuPaAddressUsage", BusinessPartner=number, AddressUsage=usage)))
        return self.rows["A_BusinessPartnerAddress"][(number, used["AddressID"])]

    def _edit_address(self, row: Row, name: str, value: Any) -> None:
        part, _, leaf = name.partition(".")
        entity = ENTITIES["A_BusinessPartnerAddress"]
        if not leaf:
            self.change(entity, row, {name: value})
            return
        target = ENTITIES[entity.navigations[part].target]
        self.change(target, self.related(entity, row, part)[0], {leaf: value})

    def _as_person(self, deed: Any) -> Any:
        before, self.user = self.user, "MILLER"
        try:
            return deed()
        finally:
            self.user = before

    # What the service does ----------------------------------------------------------------------------------------

    def make(self, entity: Entity, body: Mapping[str, Any]) -> Row:
        """Everything that is nested in the body is made, or nothing."""
        if self._journal:
            return self._create(entity, body)
        self._journal = [("", ())]
        try:
            return self._create(entity, body)
        except ServiceError:
            for name, key in self._journal[1:]:
                self.rows[name].pop(key, None)
            self._groups.clear()
            raise
        finally:
            self._journal = []

    def keep(self, entity: Entity, row: Row) -> None:
        super().keep(entity, row)
        self._journal.append((entity.name, entity.key_of(row)))

    def _create(self, entity: Entity, body: Mapping[str, Any]) -> Row:
        row = self.made(entity, entity.taken(self._own(entity, body), creating=True))
        deeds = {
            "A_BusinessPartner": self._partner,
            "A_BusinessPartnerAddress": self._address,
            "A_BusinessPartnerRole": self._role,
            "A_BuPaIdentification": self._identification,
            "A_BusinessPartnerContact": self._contact,
            "A_BuPaAddressUsage": self._usage,
        }
        deeds.get(entity.name, self._communication)(row, entity)
        self.keep(entity, row)
        if entity.name == "A_BusinessPartnerContact":
            function = ENTITIES["A_BPContactToFuncAndDept"]
            self.keep(function, self.made(function, {name: row[name] for name in entity.keys}))
        self._stamp(entity, row)
        self._nested(entity, row, body)
        return row

    def _nested(self, entity: Entity, row: Row, body: Mapping[str, Any]) -> None:
        for name in (name for name in entity.navigations if name in body):
            leads = entity.navigations[name]
            given = body[name].get("results", [body[name]]) if isinstance(body[name], dict) else body[name]
            for one in given or ():
                inherited = {theirs: row[own] for own, theirs in leads.on.items()}
                self._create(ENTITIES[leads.target], {**one, **inherited, **leads.where})
        if entity.name == "A_BusinessPartnerAddress" and not self.related(entity, row, "to_AddressUsage"):
            alone = len(self.found("A_BusinessPartnerAddress", BusinessPartner=row["BusinessPartner"])) == 1
            if alone:
                usage = {
                    "BusinessPartner": row["BusinessPartner"],
                    "AddressID": row["AddressID"],
                    "AddressUsage": "XXDEFAULT",
                }
                self._create(ENTITIES["A_BuPaAddressUsage"], usage)

    def _partner(self, row: Row, entity: Entity) -> None:
        if row["BusinessPartnerCategory"] not in NAMES:
            raise ServiceError(400, "R1/001", "Specify a valid business partner category", ["BusinessPartnerCategory"])
        _complete(entity, row)
        if not row["BusinessPartner"]:
            self._numbers += 1
            row["BusinessPartner"] = f"{self._numbers:010d}"
        elif (row["BusinessPartner"],) in self.rows["A_BusinessPartner"]:
            number = row["BusinessPartner"].lstrip("0")
            raise ServiceError(400, "R1/003", f"Business partner {number} already exists", ["BusinessPartner"])
        now = self.clock.now()
        row |= {
            "BusinessPartnerUUID": str(UUID(int=int(now.timestamp()) << 64 | self._numbers)),
            "BusinessPartnerGrouping": row["BusinessPartnerGrouping"] or "0001",
            "CreatedByUser": self.user,
            "CreationDate": f"{now:%Y-%m-%d}T00:00:00",
            "CreationTime": f"{now:%H:%M:%S}",
            "LastChangeDate": None,
            "LastChangeTime": "00:00:00",
        }
        self._names(row)

    def _names(self, row: Row) -> None:
        parts = (
            ("FirstName", "LastName")
            if row["BusinessPartnerCategory"] == "1"
            else ("OrganizationBPName1", "OrganizationBPName2")
        )
        row["BusinessPartnerName"] = row["BusinessPartnerFullName"] = " ".join(row[n] for n in parts if row[n])[:81]

    def _address(self, row: Row, entity: Entity) -> None:
        self._known_partner(row["BusinessPartner"])
        _complete(entity, row)
        self._numbers += 1
        row |= {"AddressID": f"{self._numbers:010d}", "Person": "", "ValidityEndDate": FOREVER}
        row["ValidityStartDate"] = f"{self.clock.now():%Y-%m-%dT%H:%M:%S}"

    def _usage(self, row: Row, _: Entity) -> None:
        row["ValidityEndDate"] = row["ValidityEndDate"] or FOREVER
        row["ValidityStartDate"] = row["ValidityStartDate"] or f"{self.clock.now():%Y-%m-%dT%H:%M:%S}"
        taken = self.found(
            "A_BuPaAddressUsage", BusinessPartner=row["BusinessPartner"], AddressUsage=row["AddressUsage"]
        )
        for one in taken:  # one address at a time has a usage
            ends, begins = one["ValidityEndDate"], row["ValidityStartDate"]
            if begins <= ends and one["ValidityStartDate"] <= row["ValidityEndDate"]:
                ODataService.drop(self, ENTITIES["A_BuPaAddressUsage"], one)

    def _role(self, row: Row, _: Entity) -> None:
        partner = self._known_partner(row["BusinessPartner"])
        row |= {"ValidTo": FOREVER, "ValidFrom": f"{self.clock.now():%Y-%m-%dT%H:%M:%S}"}
        if row["BusinessPartnerRole"] in _CUSTOMER_ROLES and not partner["Customer"]:
            customer = ENTITIES["A_Customer"]
            partner["Customer"] = row["BusinessPartner"]
            values = {"Customer": partner["Customer"], "CustomerName": partner["BusinessPartnerName"][:80]}
            self.keep(customer, self.made(customer, values))

    def _identification(self, row: Row, _: Entity) -> None:
        self._known_partner(row["BusinessPartner"])
        if row["BPIdentificationType"] not in self.identifications:
            kind = row["BPIdentificationType"]
            raise ServiceError(400, "R1/004", f"Identification type {kind} is not defined", ["BPIdentificationType"])

    def _contact(self, row: Row, entity: Entity) -> None:
        for name, category in (("BusinessPartnerCompany", "2"), ("BusinessPartnerPerson", "1")):
            partner = self.rows["A_BusinessPartner"].get((row[name],))
            if partner is None or partner["BusinessPartnerCategory"] != category:
                raise ServiceError(400, "R1/005", "Business partner does not exist or has another category", [name])
        pair = {n: row[n] for n in ("BusinessPartnerCompany", "BusinessPartnerPerson")}
        if self.found(entity.name, **pair):
            raise ServiceError(400, "R1/006", "The relationship exists already for this period")
        self._numbers += 1
        row |= {
            "RelationshipNumber": f"{self._numbers:012d}",
            "ValidityEndDate": row["ValidityEndDate"] or LAST_DAY,
            "ValidityStartDate": row["ValidityStartDate"] or f"{self.clock.now():%Y-%m-%d}T00:00:00",
            "RelationshipCategory": "BUR001",
        }

    def _communication(self, row: Row, entity: Entity) -> None:
        if not self.found("A_BusinessPartnerAddress", AddressID=row["AddressID"]):
            raise ServiceError(400, "AM/002", "Address does not exist", ["AddressID"])
        same = self.found(entity.name, AddressID=row["AddressID"], Person=row["Person"])
        row["OrdinalNumber"] = str(1 + max((int(one["OrdinalNumber"]) for one in same), default=0))
        default = next((n for n in entity.properties if n.startswith("IsDefault")), None)
        alike = [one for one in same if one.get("PhoneNumberType") == row.get("PhoneNumberType")]
        if default is not None and not alike:
            row[default] = True
        if entity.name == "A_AddressHomePageURL":
            row["ValidityStartDate"] = "0001-01-01T00:00:00"
        if entity.name == "A_AddressPhoneNumber" and not row["PhoneNumberType"]:
            row["PhoneNumberType"] = "1"
        self._derived(entity, row)

    def _derived(self, entity: Entity, row: Row) -> None:
        if entity.name == "A_AddressEmailAddress":
            row["SearchEmailAddress"] = row["EmailAddress"].upper()[:20]
        elif entity.name == "A_AddressPhoneNumber":
            bare = "".join(sign for sign in row["PhoneNumber"] if sign.isdigit() or sign == "+")
            row["InternationalPhoneNumber"] = bare if bare.startswith("+") else ""
        elif entity.name == "A_BusinessPartner":
            self._names(row)

    def _known_partner(self, number: str) -> Row:
        found = self.rows["A_BusinessPartner"].get((number,))
        if found is None:
            raise ServiceError(404, "R1/007", "Business partner does not exist", ["BusinessPartner"])
        return found

    def change(self, entity: Entity, row: Row, body: Mapping[str, Any]) -> None:
        before = dict(row)
        try:
            super().change(entity, row, body)
            _complete(entity, row)
        except ServiceError:
            row.clear()
            row |= before
            raise
        self._derived(entity, row)
        if entity.name == "A_BusinessPartner":
            self._changed(row)
        self._stamp(entity, row)

    def drop(self, entity: Entity, row: Row) -> None:
        super().drop(entity, row)
        if entity.name == "A_BusinessPartnerContact":
            self.rows["A_BPContactToFuncAndDept"].pop(entity.key_of(row), None)
        self._stamp(entity, row)

    def _changed(self, row: Row) -> None:
        now = self.clock.now()
        row |= {"LastChangeDate": f"{now:%Y-%m-%d}T00:00:00", "LastChangeTime": f"{now:%H:%M:%S}"}
        row["LastChangedByUser"] = self.user

    def _stamp(self, entity: Entity, row: Row) -> None:
        if not self.stamps_parts or any(name == "A_BusinessPartner" for name, _ in self._journal):
            return
        if entity.name == "A_BusinessPartner":
            return
        number = row.get("BusinessPartner") or row.get("BusinessPartnerPerson") or row.get("Customer")
        if number is None:
            number = next(
                one["BusinessPartner"] for one in self.found("A_BusinessPartnerAddress", AddressID=row["AddressID"])
            )
        self._changed(self.rows["A_BusinessPartner"][(number,)])

    # Keeping ------------------------------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        rows = {name: list(rows.values()) for name, rows in self.rows.items()}
        path.write_bytes(orjson.dumps({"numbers": self._numbers, "count": self._count, "rows": rows}))

    def load(self, path: Path) -> None:
        """Raises ValueError or KeyError where the file holds something else."""
        kept = orjson.loads(path.read_bytes())
        self._numbers, self._count = int(kept["numbers"]), int(kept["count"])
        for name, rows in kept["rows"].items():
            self.rows[name] = {ENTITIES[name].key_of(row): row for row in rows}


def _complete(entity: Entity, row: Row) -> None:
    """Raises ServiceError where a row lacks what it cannot do without."""
    needed = NAMES.get(row.get("BusinessPartnerCategory", ""))
    if needed is not None and not row[needed]:
        raise ServiceError(400, "R1/002", f"Field {needed} is a required entry field", [needed])
    if entity.name == "A_BusinessPartnerAddress" and not row["Country"]:
        raise ServiceError(400, "AM/001", "Enter a country/region key", ["Country"])


def nested(stream: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The deep body of a create, from record paths."""
    body: dict[str, Any] = {"BusinessPartnerCategory": CATEGORIES[stream]}
    addresses: dict[str, dict[str, Any]] = {}
    for path, value in fields.items():
        head, _, rest = path.partition(".")
        if head != "to_BusinessPartnerAddress":
            body[path] = value
            continue
        usage, _, name = rest.partition(".")
        address = addresses.setdefault(usage, {"to_AddressUsage": [{"AddressUsage": usage}]})
        part, _, leaf = name.partition(".")
        if leaf:
            address.setdefault(part, [{}])[0][leaf] = value
        else:
            address[part] = value
    return {**body, **({"to_BusinessPartnerAddress": list(addresses.values())} if addresses else {})}
