"""GraphQL nodes as records: connections become lists, and a missing object becomes one of nulls.

So that ``defaultAddress.city`` is *null* when the customer has no address, rather than unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.sdk import Record

_EMAIL = ("emailAddress", "marketingState", "marketingOptInLevel", "marketingUpdatedAt")
_PHONE = ("phoneNumber", "marketingState", "marketingOptInLevel", "marketingUpdatedAt")
ADDRESS = (
    "address1",
    "address2",
    "city",
    "provinceCode",
    "zip",
    "countryCodeV2",
    "company",
    "phone",
    "firstName",
    "lastName",
)
_NO_EMAIL: Mapping[str, None] = dict.fromkeys(_EMAIL)
_NO_PHONE: Mapping[str, None] = dict.fromkeys(_PHONE)
_NO_ADDRESS: Mapping[str, None] = dict.fromkeys(("id", *ADDRESS))


def customer(node: Mapping[str, Any], metafields: Sequence[str]) -> Record:
    """A customer; metafields are nested (``metafields.<namespace>.<key>``), null where the customer has none."""
    data = {name: node[name] for name in _CUSTOMER}
    data["defaultEmailAddress"] = node["defaultEmailAddress"] or dict(_NO_EMAIL)
    data["defaultPhoneNumber"] = _phone(node["defaultPhoneNumber"])
    data["defaultAddress"] = node["defaultAddress"] or dict(_NO_ADDRESS)
    data["addresses"] = (node.get("addressesV2") or {"nodes": []})["nodes"]
    values: dict[str, dict[str, Any]] = {}
    for place, full_key in enumerate(metafields):
        namespace, key = full_key.split(".", 1)
        found = node[f"m{place}"]
        values.setdefault(namespace, {})[key] = found["value"] if found else None
    data["metafields"] = values
    return Record(node["id"], data, node["updatedAt"])


_CUSTOMER = ("id", "firstName", "lastName", "note", "tags", "locale", "taxExempt", "state", "createdAt", "updatedAt")


def _phone(node: Mapping[str, Any] | None) -> dict[str, Any]:
    if node is None:
        return dict(_NO_PHONE)
    if "smsMarketingConsent" not in node:
        return dict(node)
    consent = node["smsMarketingConsent"]
    state = consent["state"]
    return {
        "phoneNumber": node["phoneNumber"],
        "marketingState": "NOT_SUBSCRIBED" if state == "NEVER_SUBSCRIBED" else state,
        "marketingOptInLevel": consent["optInLevel"],
        "marketingUpdatedAt": consent["updatedAt"],
    }


def company(node: Mapping[str, Any]) -> Record:
    data = {**node, "locations": node["locations"]["nodes"]}
    data["mainContact"] = node["mainContact"] or {"customer": {"id": None}}
    return Record(node["id"], data, node["updatedAt"])


def order(node: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Record:
    """An order with all of its lines."""
    data = {**node, "lineItems": list(lines)}
    data["customer"] = node["customer"] or {"id": None}
    data["shippingAddress"] = node["shippingAddress"] or dict(_NO_ADDRESS)
    return Record(node["id"], data, node["updatedAt"])


def gone(key: str, survivor: str | None = None) -> Record:
    """Evidence that a record is not there any more, or lives on as another."""
    return Record(key, {}, deleted=True, superseded_by=survivor)
