"""What canonical entities are made of: one annotated type per kind of field, the parts they share, and how a field
is declared.

An attribute that is `MISSING` is absent (nothing is known), ``None`` is null (known to have no value). Values are JSON,
as everywhere: a date is text, an amount is text beside its currency.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from pydantic import MISSING, BaseModel, ConfigDict, Field

from model.fields import Kind, Privacy

PUBLIC = Privacy.PUBLIC
PERSONAL = Privacy.PERSONAL
SENSITIVE = Privacy.SENSITIVE


class Part(BaseModel):
    """Base of entities and of the items of their keyed lists. Unknown attributes are kept: custom fields live there."""

    model_config = ConfigDict(extra="allow", defer_build=True, validate_assignment=True, hide_input_in_errors=True)


class Money(BaseModel):
    """An amount in a currency (ISO 4217). The amount is decimal text, so that nothing is rounded on the way."""

    model_config = ConfigDict(extra="forbid", defer_build=True, hide_input_in_errors=True)

    amount: str
    currency: str


Text = Annotated[str | MISSING | None, Kind.TEXT]
Whole = Annotated[int | MISSING | None, Kind.INTEGER]
Number = Annotated[str | MISSING | None, Kind.DECIMAL]
Flag = Annotated[bool | MISSING | None, Kind.BOOLEAN]
Date = Annotated[str | MISSING | None, Kind.DATE]
Moment = Annotated[str | MISSING | None, Kind.DATETIME]
Amount = Annotated[Money | MISSING | None, Kind.MONEY]
Email = Annotated[str | MISSING | None, Kind.EMAIL]
Phone = Annotated[str | MISSING | None, Kind.PHONE]
Url = Annotated[str | MISSING | None, Kind.URL]
Country = Annotated[str | MISSING | None, Kind.COUNTRY]
Language = Annotated[str | MISSING | None, Kind.LANGUAGE]
Zone = Annotated[str | MISSING | None, Kind.TIMEZONE]
Choice = Annotated[str | MISSING | None, Kind.CHOICE]
Reference = Annotated[str | MISSING | None, Kind.REFERENCE]
Texts = Annotated[list[str] | MISSING | None, Kind.SET]
Emails = Annotated[dict[str, Email] | MISSING, Kind.EMAIL]
Phones = Annotated[dict[str, Phone] | MISSING, Kind.PHONE]


def canonical(
    label: str,
    privacy: Privacy = PUBLIC,
    description: str = "",
    *,
    target: str | None = None,
    choices: tuple[str, ...] | None = None,
    max_length: int | None = None,
    required: bool = False,
) -> Any:
    """Declare a canonical field. ``target`` is the entity a reference points to.

    ``max_length`` is the hub's own bound against runaway values, far above what any system takes; what fits into a
    system is checked against that system's schema.
    """
    facts: dict[str, Any] = {
        "privacy": privacy.value,
        "target": target,
        "choices": list(choices) if choices else None,
        "max_length": max_length,
        "required": required,
    }
    return Field(default=MISSING, title=label, description=description or None, json_schema_extra={"canonical": facts})


class Address(Part):
    """A postal address, keyed by its use: ``billing``, ``shipping``, ``mailing``, ``home``, ``other``."""

    recipient: Text = canonical("Recipient", PERSONAL, "Name on the parcel, where it is not the record's own.")
    company: Text = canonical("Company", description="Company line of the address.")
    street: Text = canonical("Street", PERSONAL, "Street and number; further lines follow after a line break.")
    city: Text = canonical("City", PERSONAL)
    district: Text = canonical("District", PERSONAL)
    region: Text = canonical("State or province", description="As written, or its code; what systems accept differs.")
    postal_code: Text = canonical("Postal code", PERSONAL, max_length=40)
    country: Country = canonical("Country")
    phone: Phone = canonical("Phone at the address", PERSONAL)


CONSENT_STATUSES = ("opted_in", "pending", "opted_out", "unknown")
"""From the most permissive to the most restrictive; ``unknown`` is no information and neither restricts nor loosens."""

LEGAL_BASES = (
    "consent",
    "contract",
    "legal_obligation",
    "vital_interests",
    "public_task",
    "legitimate_interests",
)


class Consent(Part):
    """Whether a person may be written to, keyed by ``channel:purpose`` (``email:marketing``, ``phone:any``)."""

    status: Choice = canonical(
        "Status", PERSONAL, "Unknown is not permission. A system that only knows opt-outs reports the rest as unknown.",
        choices=CONSENT_STATUSES,
    )  # fmt: skip
    legal_basis: Choice = canonical("Legal basis", PERSONAL, "Article 6 GDPR.", choices=LEGAL_BASES)
    at: Moment = canonical("Given or withdrawn at", PERSONAL, "When the person said so, not when a record changed.")
    source: Text = canonical("Source", PERSONAL, "Where the person said so: a form, a call, a shop.")
    double_opt_in: Flag = canonical("Confirmed", PERSONAL, "The person answered the confirmation message.")


class OrderLine(Part):
    """One line of an order, keyed by the system's line number or product key."""

    position: Whole = canonical("Position", description="Order of the lines on paper.")
    sku: Text = canonical("Article number")
    title: Text = canonical("Article")
    variant: Text = canonical("Variant")
    quantity: Number = canonical("Quantity")
    unit: Text = canonical("Unit of measure")
    unit_price: Amount = canonical("Unit price", description="Before discount.")
    discount: Amount = canonical("Discount", description="Of the whole line, as an amount.")
    discount_percent: Number = canonical("Discount in per cent", description="12.5 means an eighth off.")
    tax: Amount = canonical("Tax", description="Of the whole line.")
    total: Amount = canonical("Line total", description="After discount.")


class Items(NamedTuple):
    """Annotates a keyed list with the class of its items."""

    part: type[Part]


Addresses = Annotated[dict[str, Address] | MISSING, Items(Address)]
Consents = Annotated[dict[str, Consent] | MISSING, Items(Consent)]
Lines = Annotated[dict[str, OrderLine] | MISSING, Items(OrderLine)]


class Entity(Part):
    """Base of the canonical entities."""
