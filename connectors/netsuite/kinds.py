"""The kinds of record: what REST calls them, where SuiteQL keeps them, and which of their fields are read.

SuiteQL has names of its own, and there is no list that ties them to REST's. Standard fields are tied here; custom ones
have one name in both. Sources: the REST API browser, the SuiteQL tables of NetSuite's records catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Parts(StrEnum):
    """What hangs on a record and stands in other tables."""

    ADDRESSES = "addresses"
    LINES = "lines"


ADDRESSES = ("billingAddress", "shippingAddress")
ADDRESS = ("addressee", "attention", "addr1", "addr2", "addr3", "city", "state", "zip", "country", "addrPhone")
"""Fields of an address, by the names that REST has for them; SuiteQL's are the same in lower case."""

LINE = ("line", "item", "itemName", "description", "quantity", "rate", "amount")
STAMP = "lastModifiedDate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """``columns``: REST name → SuiteQL column. ``deleted``: what the feed of deletions calls such records.
    ``permission``: what refusals call the right to them."""

    name: str
    table: str
    where: str = ""
    deleted: tuple[str, ...]
    permission: str
    columns: Mapping[str, str]
    custom: str
    parts: Parts
    unique: str | None = None
    parents: tuple[str, ...] = ()
    references: Mapping[str, str] | None = None


def _same(names: str) -> dict[str, str]:
    return {name: name.lower() for name in names.split()}


_ENTITY = (
    "externalId entityId salutation firstName middleName lastName title email altEmail phone altPhone mobilePhone "
    "homePhone fax comments globalSubscriptionStatus isInactive dateCreated"
)
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="customer",
            table="customer",
            # One table holds leads, prospects and customers: they are stages of one record with one id.
            deleted=("customer", "lead", "prospect"),
            permission="Lists -> Customers",
            columns=_same(
                f"id {_ENTITY} isPerson companyName url accountNumber parent salesRep category entityStatus currency"
            )
            | {STAMP: "lastmodifieddate"},
            custom="custentity",
            parts=Parts.ADDRESSES,
            unique="entityId",
            references={"parent": "customer"},
        ),
        Kind(
            name="contact",
            table="contact",
            deleted=("contact",),
            permission="Lists -> Contacts",
            columns=_same(f"id {_ENTITY} officePhone company supervisor") | {STAMP: "lastmodifieddate"},
            custom="custentity",
            parts=Parts.ADDRESSES,
            parents=("customer",),
            references={"company": "customer", "supervisor": "contact"},
        ),
        Kind(
            name="salesOrder",
            table="transaction",
            where="type = 'SalesOrd'",
            deleted=("salesorder", "salesord", "sales order"),
            permission="Transactions -> Sales Order",
            columns=_same("id externalId tranId tranDate entity otherRefNum memo email status currency shipDate")
            | {"total": "foreigntotal", "createdDate": "createddate", STAMP: "lastmodifieddate"},
            custom="custbody",
            parts=Parts.LINES,
            unique="tranId",
            parents=("customer",),
            references={"entity": "customer"},
        ),
    )
}
