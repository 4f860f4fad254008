"""The fields of a shop's streams: what every shop has, and what it says of its customers' attributes.

Lengths that the shop does not tell are those of its tables (module Customer, etc/db_schema.xml). A value that is too
long for its column ends in a bare HTTP 500, so that lengths are kept to here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.magento.kinds import DEFAULTS
from connectors.magento.session import Session
from connectors.sdk import Field, FieldType, ProtocolError

_BOOLEANS = ("0", "1")
_GIVEN = frozenset({"website_id", "store_id", "group_id"})  # the shop demands them, and knows what to take
_TYPES: Mapping[str, FieldType] = {
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "select": FieldType.CHOICE,
    "boolean": FieldType.CHOICE,
}


def _shown(name: str, kind: FieldType = FieldType.TEXT, *, references: tuple[str, ...] = ()) -> Field:
    return Field(name=name, type=kind, creatable=False, updatable=False, references=references)


def _texts(head: str, lengths: Mapping[str, int], *, writable: bool = True) -> tuple[Field, ...]:
    return tuple(
        Field(name=f"{head}{name}", max_length=length, creatable=writable, updatable=writable)
        for name, length in lengths.items()
    )


_ADDRESS: Mapping[str, int] = {
    "prefix": 40,
    "firstname": 255,
    "middlename": 255,
    "lastname": 255,
    "suffix": 40,
    "company": 255,
    "street": 255,
    "city": 255,
    "region": 255,
    "region_code": 32,
    "postcode": 255,
    "country_id": 2,
    "telephone": 255,
    "fax": 255,
    "vat_id": 255,
}
_TIMES = (_shown("created_at", FieldType.DATETIME), _shown("updated_at", FieldType.DATETIME))

CUSTOMERS = (
    _shown("id"),
    Field(name="firstname", max_length=255, required=True, nullable=False),
    Field(name="lastname", max_length=255, required=True, nullable=False),
    Field(name="email", max_length=255, required=True, nullable=False, unique=True),
    *_texts("", {"middlename": 255, "prefix": 40, "suffix": 40, "taxvat": 50}),
    Field(name="dob", type=FieldType.DATE),
    Field(name="gender", type=FieldType.INTEGER, nullable=False),
    Field(name="group_id", type=FieldType.INTEGER, nullable=False),
    Field(name="website_id", type=FieldType.INTEGER, nullable=False, updatable=False),
    Field(name="store_id", type=FieldType.INTEGER, nullable=False),
    Field(name="extension_attributes.is_subscribed", type=FieldType.BOOLEAN, label="Newsletter"),
    _shown("addresses", FieldType.LIST),
    *_TIMES,
)
_MEMBER = "extension_attributes.company_attributes."
MEMBERS = (
    Field(name=f"{_MEMBER}company_id", type=FieldType.REFERENCE, nullable=False, references=("companies",)),
    *_texts(_MEMBER, {"job_title": 255, "telephone": 255}),
)
COMPANIES = (
    _shown("id"),
    Field(name="company_name", max_length=40, required=True, nullable=False),
    Field(name="company_email", max_length=255, required=True, nullable=False, unique=True),
    Field(
        name="super_user_id",
        type=FieldType.REFERENCE,
        required=True,
        nullable=False,
        references=("customers",),
        label="Company administrator",
    ),
    Field(name="customer_group_id", type=FieldType.INTEGER, nullable=False),
    Field(name="status", type=FieldType.INTEGER, nullable=False),
    *_texts("", {"legal_name": 80, "vat_tax_id": 40, "reseller_id": 40, "comment": 65535}),
    *_texts("", {"street": 255, "city": 40, "region": 255, "postcode": 30, "telephone": 20, "country_id": 2}),
)
ORDERS = (
    _shown("entity_id"),
    _shown("increment_id"),
    _shown("customer_id", FieldType.REFERENCE, references=("customers",)),
    *(_shown(name) for name in ("customer_email", "customer_firstname", "customer_lastname", "state", "status")),
    *(_shown(name) for name in ("order_currency_code", "ext_order_id", "ext_customer_id", "store_name")),
    *(_shown(name, FieldType.DECIMAL) for name in ("grand_total", "subtotal", "total_paid", "total_refunded")),
    *(_shown(name, FieldType.DECIMAL) for name in ("discount_amount", "shipping_amount", "tax_amount")),
    _shown("items", FieldType.LIST),
    _shown("status_histories", FieldType.LIST),
    *(field for role in DEFAULTS for field in _texts(f"{role}.", _ADDRESS, writable=False)),
    *_TIMES,
)


def customers(session: Session) -> tuple[Field, ...]:
    """The fields of customers as the shop describes them now, custom attributes and the default addresses included."""
    own = _metadata(session, "customer")
    address = {str(a["attribute_code"]): a for a in _metadata(session, "customerAddress")}
    described = {str(a["attribute_code"]): a for a in own}
    marker = session.settings.marker
    fields = [_refined(field, described.get(field.name)) for field in CUSTOMERS]
    if session.settings.companies:
        fields += MEMBERS
    for role in DEFAULTS:
        for field in _texts(f"{role}.", _ADDRESS):
            said = address.get(field.name.removeprefix(f"{role}."))
            fields.append(replace(_refined(field, said), required=False, nullable=True))
    fields += (_custom(a, marker) for a in own if a.get("user_defined") and a.get("attribute_code"))
    return tuple(fields)


def _metadata(session: Session, of: str) -> list[Mapping[str, Any]]:
    said = session.ask("GET", f"attributeMetadata/{of}", f"describing the attributes of a {of}")
    if not isinstance(said, list):
        raise ProtocolError("describing attributes: the answer is no list")
    return [attribute for attribute in said if isinstance(attribute, dict) and attribute.get("attribute_code")]


def _refined(field: Field, said: Mapping[str, Any] | None) -> Field:
    if said is None:
        return field
    required = bool(said.get("required")) and field.creatable and field.name not in _GIVEN
    return replace(
        field,
        label=str(said.get("frontend_label") or field.label),
        max_length=_longest(said) or field.max_length,
        required=field.required or required,
        nullable=field.nullable and not required,
    )


def _longest(said: Mapping[str, Any]) -> int | None:
    """The longest text of an attribute, out of its rules: ``[{"name": "max_text_length", "value": "255"}]``."""
    rules: Any = said.get("validation_rules") or ()
    texts = (
        str(rule.get("value")) for rule in rules if isinstance(rule, dict) and rule.get("name") == "max_text_length"
    )
    return next((int(text) for text in texts if text.isdigit() and int(text)), None)


def _custom(said: Mapping[str, Any], marker: str | None) -> Field:
    kind = _TYPES.get(str(said.get("frontend_input")), FieldType.TEXT)
    choices = tuple(_values(said.get("options") or ()))
    if said.get("frontend_input") == "boolean":
        choices = _BOOLEANS
    code = str(said["attribute_code"])
    column = 255 if said.get("backend_type") == "varchar" and kind is FieldType.TEXT else None
    return Field(
        name=f"custom.{code}",
        type=kind,
        label=str(said.get("frontend_label") or ""),
        max_length=_longest(said) or column,
        required=bool(said.get("required")),
        nullable=not said.get("required"),
        unique=code == marker,
        choices=choices or None,
        restricted=kind is FieldType.CHOICE and bool(choices),
    )


def _values(options: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The values of a choice, those of groups included."""
    for option in options:
        inner: Sequence[Mapping[str, Any]] = option.get("options") or ()
        if inner:
            yield from _values(inner)
        elif str(option.get("value") or "").strip():
            yield str(option["value"])
