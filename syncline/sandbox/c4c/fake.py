"""The fake tenant: accounts, contacts, leads, opportunities, tickets, and what people do to them.

What hurts a client is as the documents have it: ``or`` joins conditions on one property only, ``*`` in a text stands
for any signs, a navigation is expanded to a hundred rows, sending what may not be written is an error, PUT empties what
it does not name, records that somebody has open are locked, editing a relationship does not stamp the contact
(``stamps_parents`` has it do so), nobody deletes an account through the service. The texts of errors are made up; their
form is that of OData.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from model.clock import Clock
from syncline.sandbox.c4c.entities import ENTITIES
from syncline.sandbox.multipart import Answered, Asked
from syncline.sandbox.odata_model import Entity, Row, ServiceError
from syncline.sandbox.odata_service import ODataService

COLLECTIONS = {
    "accounts": ("CorporateAccountCollection", "AccountID"),
    "contacts": ("ContactCollection", "ContactID"),
    "leads": ("LeadCollection", "ID"),
    "opportunities": ("OpportunityCollection", "ID"),
    "tickets": ("ServiceRequestCollection", "ID"),
}
_NUMBERS = dict(COLLECTIONS.values())
_NEEDED = {
    "CorporateAccountCollection": ("Name", "RoleCode"),
    "ContactCollection": ("LastName",),
    "LeadCollection": ("Name",),
    "OpportunityCollection": ("Name", "ProspectPartyID"),
    "ServiceRequestCollection": ("Name",),
}
_LEADS = {
    "ParentAccountID": "accounts",
    "AccountID": "accounts",
    "AccountPartyID": "accounts",
    "ProspectPartyID": "accounts",
    "BuyerPartyID": "accounts",
    "ContactID": "contacts",
    "PrimaryContactPartyID": "contacts",
    "BuyerMainContactPartyID": "contacts",
    "MainTicketID": "tickets",
}
_BEGIN: Mapping[str, Mapping[str, Any]] = {
    "CorporateAccountCollection": {"LifeCycleStatusCode": "2"},
    "ContactCollection": {"StatusCode": "2"},
    "LeadCollection": {"UserStatusCode": "01"},
    "OpportunityCollection": {"LifeCycleStatusCode": "1", "ProcessingTypeCode": "OPPT", "SalesCyclePhaseCode": "001"},
    "ServiceRequestCollection": {
        "ServiceRequestUserLifeCycleStatusCode": "1",
        "ProcessingTypeCode": "SRRQ",
        "ServicePriorityCode": "3",
    },
}
_PARTNER = {"1": "In Preparation", "2": "Active", "3": "Blocked", "4": "Obsolete"}
_TEXTS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "CorporateAccountCollection": {"LifeCycleStatusCode": _PARTNER},
    "ContactCollection": {"StatusCode": _PARTNER},
    "OpportunityCollection": {
        "LifeCycleStatusCode": {"1": "Open", "2": "In Process", "3": "Stopped", "4": "Won", "5": "Lost"}
    },
}


class C4cFake(ODataService):
    """One tenant."""

    root = "/sap/c4c/odata/v1/c4codataapi"
    namespace = "c4codataapi"
    plain = True
    needs_match = False
    expanded = 100

    def __init__(self, clock: Clock | None = None, *, stamps_parents: bool = False, **how: Any) -> None:
        super().__init__(ENTITIES, clock, **how)
        self.stamps_parents = stamps_parents
        self.user = "Technical User"
        self.locked: dict[str, str] = {}
        self.individuals: set[str] = set()  # numbers of individual customers, who may stand where an account may
        self._numbers = 1_000_000

    # What people do -----------------------------------------------------------------------------------------------

    def seed(self, stream: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Somebody creates records. Returns their numbers."""
        collection, number = COLLECTIONS[stream]
        usual = {"RoleCode": "CRM000"} if stream == "accounts" else {}
        made = [self._as_person(lambda r=row: self.make(ENTITIES[collection], {**usual, **r})) for row in rows]
        return [str(row[number]) for row in made]

    def edit(self, stream: str, key: str, fields: Mapping[str, Any]) -> None:
        self._as_person(lambda: self.change(ENTITIES[COLLECTIONS[stream][0]], self.row(stream, key), fields))

    def delete(self, stream: str, key: str) -> None:
        """A data privacy run removes a record, or somebody a lead."""
        self.drop(ENTITIES[COLLECTIONS[stream][0]], self.row(stream, key))

    def open(self, stream: str, key: str, user: str = "MILLER") -> None:
        """Somebody opens a record to edit it: it is locked until `leave`."""
        self.locked[self.row(stream, key)["ObjectID"]] = user

    def leave(self, stream: str, key: str) -> None:
        self.locked.pop(self.row(stream, key)["ObjectID"], None)

    def relate(self, key: str, accounts: Sequence[str]) -> None:
        """Somebody makes a contact a contact person of accounts, beside its own."""
        contact = self.row("contacts", key)
        entity = ENTITIES["ContactIsContactPersonForCollection"]
        for account in accounts:
            values = {"ParentObjectID": contact["ObjectID"], "ContactID": key, "AccountID": account}
            self._keep(entity, self.made(entity, values))
        if self.stamps_parents:
            self.touch(ENTITIES["ContactCollection"], contact)

    def row(self, stream: str, key: str) -> Row:
        """Raises StopIteration where there is no such record."""
        collection, number = COLLECTIONS[stream]
        return next(row for row in self.rows[collection].values() if row[number] == key)

    def _as_person(self, deed: Any) -> Any:
        before, self.user = self.user, "Eddie Miller"
        try:
            return deed()
        finally:
            self.user = before

    # What the service does ----------------------------------------------------------------------------------------

    def make(self, entity: Entity, body: Mapping[str, Any]) -> Row:
        _writable(entity, body, creating=True)
        own = self._own(entity, body)
        row = self.made(entity, {**_BEGIN[entity.name], **entity.taken(own, creating=True)})
        self._complete(entity, row, own)
        number = _NUMBERS[entity.name]
        if row[number] and self.found(entity.name, **{number: row[number]}):
            raise ServiceError(400, "", f"{number} {row[number]} already exists")
        self._numbers += 1
        row[number] = row[number] or str(self._numbers)
        row["CreatedBy"] = self.user
        for name in ("CreationOn", "CreationDateTime"):
            if name in row:
                row[name] = f"{self.clock.now():%Y-%m-%dT%H:%M:%S}"
        self._keep(entity, row)
        return row

    def _keep(self, entity: Entity, row: Row) -> None:
        self._numbers += 1
        row["ObjectID"] = f"00163E{self._numbers:026X}"
        for name in ("UUID", "ContactUUID"):
            if name in row:
                row[name] = str(UUID(row["ObjectID"]))
        self.keep(entity, row)

    def change(self, entity: Entity, row: Row, body: Mapping[str, Any]) -> None:
        _writable(entity, body, creating=False)
        if row["ObjectID"] in self.locked:
            user = self.locked[row["ObjectID"]]
            raise ServiceError(400, "", f"{entity.type} {row[_NUMBERS[entity.name]]} is locked by user {user}")
        after = row | entity.taken(self._own(entity, body), creating=False)
        self._complete(entity, after, body)
        row |= after
        self.touch(entity, row)

    def touch(self, entity: Entity, row: Row) -> None:
        """Stamp a row: the stamp is its version, too, to the hundred nanoseconds."""
        self._count += 1
        now = self.clock.now()
        stamp = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}"
        row["__version"] = f"W/\"datetimeoffset'{stamp.replace(':', '%3A')}{self._count % 10000:04d}Z'\""
        row |= {"EntityLastChangedOn": stamp, "ETag": stamp}
        for name in ("ChangedOn", "LastChangeDateTime"):
            if name in row:
                row[name] = stamp
        for name in ("ChangedBy", "LastChangedBy"):
            if name in row:
                row[name] = self.user
        self._derived(entity, row)

    def _derived(self, entity: Entity, row: Row) -> None:
        for name, texts in _TEXTS.get(entity.name, {}).items():
            row[f"{name}Text"] = texts.get(row[name], "")
        if "NormalisedPhone" in row:
            row["NormalisedPhone"] = "".join(sign for sign in row["Phone"] if sign.isdigit() or sign == "+")
        if "LastName" in row:
            row["Name"] = f"{row['FirstName']} {row['LastName']}".strip()
        elif "BusinessPartnerFormattedName" in row:
            row["BusinessPartnerFormattedName"] = row["Name"]

    def _complete(self, entity: Entity, row: Row, given: Mapping[str, Any]) -> None:
        for name in _NEEDED.get(entity.name, ()):
            if not row[name]:
                raise ServiceError(400, "", f"Enter a value for {name}; it is required")
        for name in given:
            stream = None if name == _NUMBERS.get(entity.name) else _LEADS.get(name)
            if stream is not None and row[name]:
                collection, number = COLLECTIONS[stream]
                known = stream == "accounts" and row[name] in self.individuals
                if not known and not self.found(collection, **{number: row[name]}):
                    raise ServiceError(400, "", f"{name} {row[name]} does not exist")

    def _set(self, asked: Sequence[Asked]) -> list[Answered] | Answered:
        """A change set is done as a whole, or not at all."""
        before = copy.deepcopy(self.rows) if len(asked) > 1 else self.rows  # one alone changes nothing where it fails
        done = []
        for one in asked:
            said = self._part(one)
            if said.response.status >= 400:
                self.rows = before
                self._groups.clear()
                return said
            done.append(said)
        return done

    # Keeping ------------------------------------------------------------------------------------------------------

    def kept(self) -> dict[str, Any]:
        """All that `recall` needs, as JSON has it."""
        rows = {name: list(rows.values()) for name, rows in self.rows.items()}
        return {"numbers": self._numbers, "count": self._count, "rows": rows}

    def recall(self, kept: Mapping[str, Any]) -> None:
        """Raises KeyError where that is something else."""
        self._numbers, self._count = kept["numbers"], kept["count"]
        for name, rows in kept["rows"].items():
            self.rows[name] = {ENTITIES[name].key_of(row): row for row in rows}


def _writable(entity: Entity, body: Mapping[str, Any], *, creating: bool) -> None:
    """Sending what may not be written is an error, whatever its value."""
    for name in body:
        known = entity.properties.get(name)
        if known is not None and not (known.creatable if creating else known.updatable):
            how = "creatable" if creating else "updatable"
            raise ServiceError(400, "", f"Property '{name}' of {entity.type} is not {how}")
