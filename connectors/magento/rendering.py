"""Bodies of writes: record paths and their values, put into the shape the shop takes; rows it would choke on refused.

What is updated is sent whole, as read a moment ago: customers cannot do without e-mail, names and website, and older
releases reset what is left out (magento2 issues 7380, 14663 and 22869). Not so the newsletter and the membership of a
company: somebody may have unsubscribed meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.magento.addresses import Regions, merged
from connectors.magento.kinds import DEFAULTS
from connectors.sdk import Field, Outcome, OutcomeKind, Write

_NOT_SENT = frozenset(
    {"created_at", "updated_at", "created_in", "addresses", "extension_attributes", "custom_attributes"}
)
_EXTENSION = "extension_attributes"
_MEMBER = "company_attributes"


def refusal(write: Write, fields: Mapping[str, Field]) -> Outcome | None:
    """Why a row is not even sent, None where nothing speaks against it."""
    for name, value in write.fields.items():
        field = fields.get(name)
        if field is None or not (field.updatable if write.key is not None else field.creatable):
            why = "is not there" if field is None else "cannot be written"
            return _refused(write, "unknown-field", name, f"the field {name} {why}")
        if value in (None, "") and not field.nullable:
            return _refused(write, "required", name, f"{name} cannot be blank")
        if field.max_length and isinstance(value, str) and len(value) > field.max_length:
            return _refused(write, "too-long", name, f"{name} takes {field.max_length} characters")
        if field.restricted and value not in (None, "") and str(value) not in (field.choices or ()):
            return _refused(write, "unknown-choice", name, f"{name} takes one of its options only")
    missing = next((f.name for f in fields.values() if f.required and write.fields.get(f.name) in (None, "")), None)
    if write.key is None and missing is not None:
        return _refused(write, "required", missing, f"{missing} is needed to create a record")
    return None


def _refused(write: Write, code: str, field: str, message: str) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, write.key, code=code, message=message, field=field)


def customer(values: Mapping[str, Any], before: Mapping[str, Any], regions: Regions) -> dict[str, Any]:
    """A customer to send; ``before`` is what the shop holds, empty for a new one."""
    body = {name: value for name, value in before.items() if name not in _NOT_SENT and value is not None}
    custom = {a["attribute_code"]: a.get("value") for a in before.get("custom_attributes") or ()}
    extension: dict[str, Any] = {}
    member: dict[str, Any] = {}
    named: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        head, _, rest = path.partition(".")
        if head in DEFAULTS:
            named.setdefault(head, {})[rest] = value
        elif head == "custom":
            custom[rest] = _plain(value)
        elif path.startswith(f"{_EXTENSION}.{_MEMBER}."):
            member[path.rpartition(".")[2]] = value
        elif head == _EXTENSION:
            extension[rest] = value
        else:
            body[path] = _plain(value)
    if member:
        extension[_MEMBER] = {**((before.get(_EXTENSION) or {}).get(_MEMBER) or {}), **member}
    if named:
        body["addresses"] = merged(before.get("addresses") or (), named, body, regions)
        for mark in DEFAULTS.values():
            body.pop(mark, None)  # each address says itself what it is the default for
    if custom:
        body["custom_attributes"] = [{"attribute_code": code, "value": value} for code, value in custom.items()]
    return body | ({_EXTENSION: extension} if extension else {})


def company(values: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """A company to send; ``before`` is what the shop holds, empty for a new one."""
    body = {name: value for name, value in before.items() if value is not None}
    for path, value in values.items():
        body[path] = _plain(value)
    if "street" in values:
        body["street"] = [line for line in str(values["street"] or "").splitlines() if line.strip()]
    return body


def _plain(value: Any) -> Any:
    """Blanked by an empty text: null would be taken for "not given", and the former value stay."""
    return "" if value is None else value
