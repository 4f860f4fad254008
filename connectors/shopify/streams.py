"""The facts of a shop's streams, and the fields that every shop has."""

from __future__ import annotations

from datetime import timedelta

from connectors.sdk import Deletes, Field, FieldType, Replay, Stream, Watermark, Writes
from connectors.shopify.records import ADDRESS

_EMAIL_STATES = ("NOT_SUBSCRIBED", "PENDING", "SUBSCRIBED", "UNSUBSCRIBED", "INVALID")
_SMS_STATES = ("NOT_SUBSCRIBED", "PENDING", "SUBSCRIBED", "UNSUBSCRIBED", "REDACTED")
_LEVELS = ("SINGLE_OPT_IN", "CONFIRMED_OPT_IN", "UNKNOWN")


def _read_only(name: str, kind: FieldType = FieldType.TEXT, *, references: tuple[str, ...] = ()) -> Field:
    return Field(name=name, type=kind, creatable=False, updatable=False, references=references)


def _address(head: str, *, writable: bool) -> tuple[Field, ...]:
    return tuple(Field(name=f"{head}.{name}", creatable=writable, updatable=writable) for name in ADDRESS)


def _consent(head: str, states: tuple[str, ...]) -> tuple[Field, ...]:
    return (
        Field(name=f"{head}.marketingState", type=FieldType.CHOICE, choices=states, restricted=True),
        Field(name=f"{head}.marketingOptInLevel", type=FieldType.CHOICE, choices=_LEVELS, restricted=True),
        Field(name=f"{head}.marketingUpdatedAt", type=FieldType.DATETIME),
    )


_TIMES = (_read_only("createdAt", FieldType.DATETIME), _read_only("updatedAt", FieldType.DATETIME))

CUSTOMER_FIELDS = (
    _read_only("id"),
    Field(name="firstName", max_length=255),
    Field(name="lastName", max_length=255),
    Field(name="defaultEmailAddress.emailAddress", max_length=255, unique=True),
    *_consent("defaultEmailAddress", _EMAIL_STATES),
    Field(name="defaultPhoneNumber.phoneNumber", unique=True, label="Phone (E.164: +493012345)"),
    *_consent("defaultPhoneNumber", _SMS_STATES),
    *_address("defaultAddress", writable=True),
    _read_only("addresses", FieldType.LIST),
    Field(name="note", max_length=5000),
    Field(name="tags", type=FieldType.SET),
    Field(name="locale", nullable=False),
    Field(name="taxExempt", type=FieldType.BOOLEAN, nullable=False),
    _read_only("state", FieldType.CHOICE),
    *_TIMES,
)

COMPANY_FIELDS = (
    _read_only("id"),
    Field(name="name", max_length=255, required=True, nullable=False),
    Field(name="externalId", max_length=255, unique=True),
    Field(name="note", max_length=5000),
    _read_only("mainContact.customer.id", FieldType.REFERENCE, references=("customers",)),
    _read_only("locations", FieldType.LIST),
    *_TIMES,
)

ORDER_FIELDS = (
    _read_only("id"),
    _read_only("name"),
    _read_only("email"),
    _read_only("customer.id", FieldType.REFERENCE, references=("customers",)),
    _read_only("processedAt", FieldType.DATETIME),
    _read_only("cancelledAt", FieldType.DATETIME),
    _read_only("currencyCode"),
    _read_only("totalPriceSet.shopMoney.amount", FieldType.DECIMAL),
    _read_only("totalPriceSet.shopMoney.currencyCode"),
    _read_only("displayFinancialStatus", FieldType.CHOICE),
    _read_only("displayFulfillmentStatus", FieldType.CHOICE),
    _read_only("poNumber"),
    _read_only("sourceIdentifier"),
    _read_only("lineItems", FieldType.LIST),
    *_address("shippingAddress", writable=False),
    *_TIMES,
)

MISSES = "an edit that the search index has not taken up for longer than the overlap"


def customers(marker: str, metafields: tuple[str, ...]) -> Stream:
    """The filter on customers' change stamp may match whole days, so that each read goes back a day."""
    custom = tuple(Field(name=f"metafields.{full}") for full in metafields if full != marker)
    own = Field(name=f"metafields.{marker}", unique=True, creatable=False, updatable=False)
    return Stream(
        name="customers",
        label="Customers",
        version="updatedAt",
        watermark=Watermark(field="updatedAt", resolution=timedelta(days=1), overlap=timedelta(days=1), misses=MISSES),
        writes=Writes(
            batch=20, replay=Replay.UPSERT, marker=f"metafields.{marker}", returns_record=True, in_steps=True
        ),
        deletes=Deletes.SWEEP,
        removes=True,
        fields=(*CUSTOMER_FIELDS, own, *custom),
    )


COMPANIES = Stream(
    name="companies",
    label="Companies",
    version="updatedAt",
    watermark=Watermark(field="updatedAt", overlap=timedelta(minutes=10), misses=MISSES),
    writes=Writes(batch=20, replay=Replay.LOOKUP, marker="externalId", returns_record=True),
    deletes=Deletes.SWEEP,
    fields=COMPANY_FIELDS,
)

ORDERS = Stream(
    name="orders",
    label="Orders",
    version="updatedAt",
    watermark=Watermark(field="updatedAt", overlap=timedelta(minutes=10), misses=MISSES),
    deletes=Deletes.SWEEP,
    parents=("customers",),
    fields=ORDER_FIELDS,
)

METAFIELD_TYPES = {
    "boolean": FieldType.BOOLEAN,
    "date": FieldType.DATE,
    "date_time": FieldType.DATETIME,
    "number_integer": FieldType.INTEGER,
    "number_decimal": FieldType.DECIMAL,
    "json": FieldType.OBJECT,
}
