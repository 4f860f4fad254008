"""What the kinds of records are called in version 2: where each lies, and the fields that are published of it.

Sources: SAP's OpenAPI descriptions of Lead Service and Case Service (paths, fields of create and of merge patch), its
generated client of contactPersonService (lengths). Opportunities have no public description: what is here was seen in
answers of tenants (id, displayId, name, account, items, adminData, extensions; amounts as ``content`` and
``currencyCode``; a patch that carries a list is refused, opportunity.2042). How leads of somebody new, and
opportunities, have to be made is told nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.sdk import Field, FieldType

STAMP = "adminData.updatedOn"
_MERGE = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Service:
    """Where a kind of records lies, what it cannot do without, and fields beside those that records show. ``patch`` is
    the type of content that a change is sent as: what it does is the same, and which one is taken differs."""

    path: str
    needed: str
    known: tuple[Field, ...]
    patch: str = "application/json"

    def fact(self, name: str) -> Field | None:
        return next((field for field in self.known if field.name == name), None)


def _text(name: str, most: int | None = None, **facts: Any) -> Field:
    return Field(name=name, max_length=most, **facts)


def _shown(*names: str, kind: FieldType = FieldType.TEXT) -> tuple[Field, ...]:
    """Fields that are read and never written."""
    return tuple(Field(name=name, type=kind, creatable=False, updatable=False) for name in names)


def _leading(name: str, stream: str, **facts: Any) -> Field:
    return Field(name=name, type=FieldType.REFERENCE, references=(stream,), **facts)


_ID = Field(name="id", creatable=False, updatable=False, unique=True)
_STAMPED = (_ID, *_shown(STAMP, "adminData.createdOn", kind=FieldType.DATETIME))
_NUMBERED = (*_STAMPED, Field(name="displayId", creatable=False, updatable=False, unique=True))
_STATUS = _text("lifeCycleStatus", 14)
_PARTNER = (
    _ID,
    *_shown(STAMP, kind=FieldType.DATETIME),
    _text("displayId", 10, updatable=False, unique=True),
    Field(name="externalIds", type=FieldType.LIST),
)
_MOMENTS = (
    "reportedOn",
    "escalatedOn",
    "completedOn",
    "completionDueOn",
    "initialReviewDueOn",
    "responseDueOn",
    "resolutionDueOn",
    "closedOn",
)
_ADDRESS = ("streetName", "houseId", "postalCode", "cityName", "country", "email", "web", "phoneFormattedNumber")
_PERSON = ("email", "phoneFormattedNumber", "mobileFormattedNumber", "departmentName", "functionalTitleName")

SERVICES: Mapping[str, Service] = {
    "accounts": Service(
        "account-service/accounts",
        "firstLineName",
        (
            *_PARTNER,
            _text("firstLineName", 40, required=True, nullable=False),
            _text("secondLineName", 40),
            *_shown("formattedName"),
            _STATUS,
        ),
        _MERGE,
    ),
    "contacts": Service(
        "contact-person-service/contactPersons",
        "familyName",
        (
            *_PARTNER,
            *(_text(name, 40) for name in ("givenName", "middleName", "nickName", "departmentName")),
            _text("familyName", 40, required=True, nullable=False),
            *(_text(f"{name}FormattedNumber", 40) for name in ("phone", "mobile", "facsimile")),
            _text("functionalTitleName", 40),
            _text("eMail", 255),
            _text("contactAllowed", 2),
            Field(name="birthDate", type=FieldType.DATE),
            _leading("accountId", "accounts"),
            _STATUS,
        ),
        _MERGE,
    ),
    "leads": Service(
        "lead-service/leads",
        "name",
        (
            *_NUMBERED,
            _text("name", nullable=False),
            *(_text(name) for name in ("status", "source", "qualification")),
            *_shown("statusDescription", "sourceDescription", "qualificationDescription", "owner.formattedName"),
            Field(
                name="internalStatus",
                type=FieldType.CHOICE,
                choices=("OPEN", "ACCEPTED", "CONVERTED", "DECLINED"),
                creatable=False,
                updatable=False,
            ),
            *_shown("score", kind=FieldType.DECIMAL),
            _leading("account.id", "accounts"),
            *_shown("account.displayId", "account.formattedName", *(f"account.address.{name}" for name in _ADDRESS)),
            _leading("primaryContact.contactId", "contacts", creatable=False, updatable=False),
            *_shown(*(f"primaryContact.{name}" for name in ("formattedName", "givenName", "familyName"))),
            *_shown(*(f"primaryContact.address.{name}" for name in _PERSON)),
        ),
    ),
    "opportunities": Service(
        "opportunity-service/opportunities",
        "name",
        (
            *_NUMBERED,
            _text("name", nullable=False),
            _leading("account.id", "accounts", creatable=False, updatable=False),
            *_shown("account.displayId", "documentType", "statusDescription", "salesPhaseDescription"),
            Field(name="expectedRevenueAmount.content", type=FieldType.DECIMAL),
            _text("expectedRevenueAmount.currencyCode", 3),
        ),
    ),
    "tickets": Service(
        "case-service/cases",
        "subject",
        (
            *_NUMBERED,
            _text("subject", required=True, nullable=False),
            _text("caseType", updatable=False),
            _text("origin", updatable=False),
            *(_text(name) for name in ("priority", "status", "escalationStatus")),
            *_shown("caseTypeDescription", "priorityDescription", "statusDescription"),
            _leading("account.id", "accounts"),
            _leading("contact.id", "contacts"),
            *_shown(*(f"{who}.{name}" for who in ("account", "contact") for name in ("displayId", "name"))),
            *(Field(name=f"timePoints.{name}", type=FieldType.DATETIME) for name in _MOMENTS),
        ),
    ),
}
