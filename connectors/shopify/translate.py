"""Intended writes as mutation steps. Pure: what to send, and where an answer's complaint belongs.

A customer is not written by one mutation: name, tags and the like go by ``customerSet``; consent, metafields and single
addresses each have their own. ``customerSet`` replaces lists, so an address that is to change is never sent through it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from connectors.sdk import Outcome, OutcomeKind, Record, Write
from connectors.shopify.records import ADDRESS
from connectors.shopify.settings import Marker

_PLAIN = {
    "firstName": "firstName",
    "lastName": "lastName",
    "note": "note",
    "locale": "locale",
    "taxExempt": "taxExempt",
    "tags": "tags",
    "defaultEmailAddress.emailAddress": "email",
    "defaultPhoneNumber.phoneNumber": "phone",
}
_CONSENT = {"marketingState": "marketingState", "marketingOptInLevel": "marketingOptInLevel"} | {
    "marketingUpdatedAt": "consentUpdatedAt"
}
_CHANNELS = {
    "defaultEmailAddress": ("customerEmailMarketingConsentUpdate", "emailMarketingConsent"),
    "defaultPhoneNumber": ("customerSmsMarketingConsentUpdate", "smsMarketingConsent"),
}
_CONSENT_TYPES = {
    "defaultEmailAddress": "CustomerEmailMarketingConsentUpdateInput!",
    "defaultPhoneNumber": "CustomerSmsMarketingConsentUpdateInput!",
}
_ADDRESS_INPUT = {name: name for name in ADDRESS} | {"countryCodeV2": "countryCode"}
_COMPANY = {"name": "name", "externalId": "externalId", "note": "note"}
_NO = ("UNSUBSCRIBED", "REDACTED", "INVALID")
_RECORD = "customer { ...Fields }"
_ID = "customer { id }"


class Argument(NamedTuple):
    name: str
    type: str
    value: Any


@dataclass(slots=True)
class Step:
    """One mutation. ``part`` is what it writes, for messages; ``fields`` maps input names to record paths."""

    mutation: str
    arguments: tuple[Argument, ...]
    part: str
    selects: str = ""
    coded: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def carries(self) -> bool:
        """Whether its answer brings the whole record."""
        return "...Fields" in self.selects

    def text(self, alias: str) -> tuple[str, str]:
        """Variable declarations and the aliased field."""
        declared = ", ".join(f"${alias}{a.name}: {a.type}" for a in self.arguments)
        given = ", ".join(f"{a.name}: ${alias}{a.name}" for a in self.arguments)
        code = "code " if self.coded else ""
        return declared, f"{alias}: {self.mutation}({given}) {{ {self.selects} userErrors {{ field {code}message }} }}"

    def variables(self, alias: str) -> dict[str, Any]:
        return {f"{alias}{a.name}": a.value for a in self.arguments}


@dataclass(slots=True)
class Parts:
    """A customer's write, taken apart. ``address`` and ``consents`` hold only what changes; ``fault`` is our own no."""

    write: Write
    plain: dict[str, Any] = field(default_factory=dict)
    address: dict[str, Any] = field(default_factory=dict)
    consents: dict[str, dict[str, Any]] = field(default_factory=dict)
    metafields: dict[str, Any] = field(default_factory=dict)
    fault: Outcome | None = None

    @property
    def needs_look(self) -> bool:
        """Whether the record as it is now must be seen first: to keep the rest of an address, or of a consent."""
        return bool(self.address) or any("marketingState" not in given for given in self.consents.values())


def take_apart(write: Write, metafields: Sequence[str]) -> Parts:
    """Sort the fields of a write by the mutation that takes them; an unknown one is a fault that names it."""
    parts = Parts(write)
    for path, value in write.fields.items():
        path = path.replace("\\", "")
        head, _, leaf = path.partition(".")
        if path in _PLAIN:
            parts.plain[_PLAIN[path]] = [] if value is None and path == "tags" else value
        elif head in _CHANNELS and leaf in _CONSENT:
            parts.consents.setdefault(head, {})[leaf] = value
        elif head == "defaultAddress" and leaf in _ADDRESS_INPUT:
            parts.address[leaf] = value
        elif head == "metafields" and leaf in metafields:
            parts.metafields[leaf] = value
        else:
            parts.fault = refusal(write.key, path, "unknown-field", _why_not(head))
    return parts


def _why_not(head: str) -> str:
    if head == "metafields":
        return "this metafield is not listed under `metafields` in the connection's settings"
    if head == "addresses":
        return "only the default address can be written (defaultAddress.*)"
    return "this field cannot be written"


def refusal(key: str | None, path: str | None, code: str, message: str) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, key=key, code=code, message=message, field=path)


def create_steps(parts: Parts, marker: Marker) -> list[Step]:
    """The create itself: an upsert by the marker, so that sending it again makes no second customer."""
    given = {name: value for name, value in parts.plain.items() if value is not None}
    if any(value is not None for value in parts.address.values()):
        given["addresses"] = [_address_input(parts.address)]
    custom = {"customId": {"namespace": marker.namespace, "key": marker.key, "value": parts.write.marker}}
    arguments = [Argument("input", "CustomerSetInput!", given)]
    if parts.write.marker:
        arguments.insert(0, Argument("identifier", "CustomerSetIdentifiers", custom))
    return [_set(tuple(arguments), _RECORD)]


def after_create(parts: Parts, now: Record) -> list[Step]:
    """What can only be sent once the new customer's id is known.

    A create that is sent again may meet a customer who said no meanwhile: that no stands.
    """
    key = now.key
    consents = {
        head: given
        for head, given in parts.consents.items()
        if given.get("marketingState") not in (None, "NOT_SUBSCRIBED")
        and (given["marketingState"] == "UNSUBSCRIBED" or now.data[head]["marketingState"] not in _NO)
    }
    metafields = {full: value for full, value in parts.metafields.items() if value is not None}
    steps = _metafield_steps(key, metafields)
    steps += [_consent_step(key, head, given) for head, given in consents.items()]
    return _carrying(steps, key)


def update_steps(parts: Parts, now: Record | None) -> list[Step]:
    """All steps of an update, in one request; ``now`` is the record as it is, where `Parts.needs_look` asked for it."""
    key = parts.write.key or ""
    steps = _address_steps(key, parts.address, now.data if now else {}) + _metafield_steps(key, parts.metafields)
    if parts.plain:
        steps.append(_set(_by_id(key, parts.plain), _ID))
    for head, given in parts.consents.items():
        whole = dict(given)
        if "marketingState" not in whole and now is not None:
            whole["marketingState"] = now.data[head]["marketingState"]
        if whole.get("marketingState") is None:
            parts.fault = refusal(key, f"{head}.marketingState", "blank", "a consent can be changed but not emptied")
        else:
            steps.append(_consent_step(key, head, whole))
    return _carrying(steps, key)


def _carrying(steps: list[Step], key: str) -> list[Step]:
    """Let the last step bring the record back; an empty ``customerSet`` changes nothing and does, where none can."""
    if steps and not steps[-1].selects.startswith("customer "):
        steps.append(_set(_by_id(key, {}), _ID))
    if steps:
        steps[-1].selects = _RECORD
    return steps


def _by_id(key: str, given: Mapping[str, Any]) -> tuple[Argument, ...]:
    return (
        Argument("identifier", "CustomerSetIdentifiers", {"id": key}),
        Argument("input", "CustomerSetInput!", dict(given)),
    )


def _set(arguments: tuple[Argument, ...], selects: str) -> Step:
    back = {name: path for path, name in _PLAIN.items()}
    back |= {name: f"defaultAddress.{path}" for path, name in _ADDRESS_INPUT.items() if name not in back}
    back |= {"addresses": "defaultAddress"}
    return Step("customerSet", arguments, "fields", selects, fields=back)


def _address_steps(key: str, changed: Mapping[str, Any], now: Mapping[str, Any]) -> list[Step]:
    if not changed:
        return []
    current = now.get("defaultAddress") or {}
    gid = current.get("id")
    whole = {name: current.get(name) for name in ADDRESS} | dict(changed)
    back = {name: f"defaultAddress.{path}" for path, name in _ADDRESS_INPUT.items()}
    owner = Argument("customerId", "ID!", key)
    address = Argument("address", "MailingAddressInput!", _address_input(whole))
    if gid is None:
        if not any(whole.values()):
            return []
        default = Argument("setAsDefault", "Boolean", value=True)
        return [Step("customerAddressCreate", (owner, address, default), "address", coded=False, fields=back)]
    place = Argument("addressId", "ID!", gid)
    if any(whole.values()):
        return [Step("customerAddressUpdate", (owner, place, address), "address", coded=False, fields=back)]
    return [Step("customerAddressDelete", (owner, place), "address", coded=False, fields=back)]


def _address_input(values: Mapping[str, Any]) -> dict[str, Any]:
    return {_ADDRESS_INPUT[name]: value for name, value in values.items()}


def _metafield_steps(key: str, values: Mapping[str, Any]) -> list[Step]:
    rows = []
    cleared = []
    for full_key, value in values.items():
        namespace, name = full_key.split(".", 1)
        row = {"ownerId": key, "namespace": namespace, "key": name}
        if value in (None, ""):
            cleared.append(row)
        else:
            rows.append(row | {"value": value if isinstance(value, str) else orjson.dumps(value).decode()})
    back = {str(place): f"metafields.{full}" for place, full in enumerate(values)}
    steps = []
    if rows:
        given = (Argument("metafields", "[MetafieldsSetInput!]!", rows),)
        steps.append(Step("metafieldsSet", given, "metafields", fields=back if not cleared else {}))
    if cleared:
        gone = (Argument("metafields", "[MetafieldIdentifierInput!]!", cleared),)
        steps.append(Step("metafieldsDelete", gone, "metafields", coded=False))
    return steps


def _consent_step(key: str, head: str, given: Mapping[str, Any]) -> Step:
    mutation, name = _CHANNELS[head]
    consent = {_CONSENT[leaf]: value for leaf, value in given.items() if value is not None}
    back = {_CONSENT[leaf]: f"{head}.{leaf}" for leaf in _CONSENT} | {name: f"{head}.marketingState"}
    arguments = (Argument("input", _CONSENT_TYPES[head], {"customerId": key, name: consent}),)
    return Step(mutation, arguments, f"{name.replace('Marketing', ' marketing ').lower()}", _ID, fields=back)


def company_step(write: Write) -> Step | Outcome:
    """One mutation writes a company; the marker goes into ``externalId`` unless the write gives one."""
    for path in write.fields:
        if path not in _COMPANY:
            return refusal(write.key, path, "unknown-field", "this field cannot be written")
    given = dict(write.fields)
    back = {**_COMPANY, "company": "name"}
    if write.key is not None:
        arguments = (Argument("companyId", "ID!", write.key), Argument("input", "CompanyInput!", given))
        return Step("companyUpdate", arguments, "fields", "company { ...Fields }", fields=back)
    if write.marker and not given.get("externalId"):
        given["externalId"] = write.marker
    new = Argument("input", "CompanyCreateInput!", {"company": given})
    return Step("companyCreate", (new,), "fields", "company { ...Fields }", fields=back)


def delete_step(key: str) -> Step:
    given = (Argument("input", "CustomerDeleteInput!", {"id": key}),)
    return Step("customerDelete", given, "record", "deletedCustomerId", coded=False)
