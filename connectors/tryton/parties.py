"""A party as a record: its own fields, and of what hangs below it the first of each kind.

Tryton keeps addresses, contact mechanisms and identifiers as records of their own. A party shows all of them. Besides,
``address`` (the first one in use), ``phone``, ``mobile``, ``fax``, ``email``, ``website`` (the first mechanism of the
type in use) and ``vat`` (the first European VAT number) are shown and written. The version holds the ``_timestamp`` of
the party and of each of them, since changing an address by itself does not touch the party.

JSON-RPC gives moments, dates, numbers and bytes a ``__class__`` (trytond/protocols/jsonrpc.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.sdk import Record

PARTY, ADDRESS, MECHANISM, IDENTIFIER = "party.party", "party.address", "party.contact_mechanism", "party.identifier"
CHILDREN: Mapping[str, str] = {"addresses": ADDRESS, "contact_mechanisms": MECHANISM, "identifiers": IDENTIFIER}
STAMPS = ("create_date", "write_date")
MECHANISMS = ("phone", "mobile", "fax", "email", "website")
ADDRESS_FIELDS = ("street", "postal_code", "city")
COUNTRY = "address.country"
VAT, VAT_TYPE = "vat", "eu_vat"
MARKER = "external_id"

_CHILD_FIELDS: Mapping[str, Sequence[str]] = {
    "addresses": ("active", *ADDRESS_FIELDS, "country.code", "sequence"),
    "contact_mechanisms": ("active", "type", "value", "sequence"),
    "identifiers": ("active", "type", "code", "sequence"),
}


def asked(plain: Sequence[str]) -> list[str]:
    """The names that a read asks for: the party's own fields, and those of what hangs below it."""
    below = [f"{child}.{name}" for child, names in _CHILD_FIELDS.items() for name in (*names, "_timestamp", *STAMPS)]
    return [*dict.fromkeys(("id", "_timestamp", *STAMPS, "replaced_by", *plain)), *below]


def record(row: Mapping[str, Any], prefix: str) -> Record:
    """A row of an answer as a record. A party that was replaced names its survivor and is no party any more."""
    data = {name: plain(value) for name, value in row.items() if not name.endswith(".") and name != "_timestamp"}
    data["id"] = str(row["id"])
    data["active"] = bool(row.get("active", True))
    for child in CHILDREN:
        data[child] = [_child(one) for one in _ordered(row.get(f"{child}.") or ())]
    address = first(data["addresses"])
    data["address"] = {n: address.get(n) for n in (*ADDRESS_FIELDS, "country")} if address else None
    for kind in MECHANISMS:
        data[kind] = (first(data["contact_mechanisms"], type=kind) or {}).get("value")
    data[VAT] = (first(data["identifiers"], type=VAT_TYPE) or {}).get("code")
    marks = [one["code"] for one in data["identifiers"] if str(one["code"]).startswith(f"{prefix}:")]
    data[MARKER] = marks[0].partition(":")[2] if marks else None
    survivor = row.get("replaced_by")
    version = orjson.dumps(dict(stamps(row))).decode()
    gone = survivor is not None
    return Record(data["id"], data, version, deleted=gone, superseded_by=str(survivor) if gone else None)


def stamps(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """``party.party,12`` and its ``_timestamp``, and the same of everything below."""
    yield f"{PARTY},{row['id']}", row["_timestamp"]
    for child, model in CHILDREN.items():
        for one in sorted(row.get(f"{child}.") or (), key=lambda each: each["id"]):
            yield f"{model},{one['id']}", one["_timestamp"]


def latest(row: Mapping[str, Any]) -> datetime | None:
    """The last moment at which the party or anything below it was written."""
    rows = [row, *(one for child in CHILDREN for one in row.get(f"{child}.") or ())]
    moments = [moment(one[name]) for one in rows for name in STAMPS if one.get(name)]
    return max(moments, default=None)


def first(children: Sequence[Mapping[str, Any]], **wanted: str) -> Mapping[str, Any] | None:
    """The first child in use that is as wanted."""
    return next(iter(in_use(children, **wanted)), None)


def in_use(children: Sequence[Mapping[str, Any]], **wanted: str) -> list[Mapping[str, Any]]:
    """The children that are not archived and as wanted, in their order."""
    return [one for one in children if one["active"] and all(one.get(name) == v for name, v in wanted.items())]


def _ordered(children: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """As Tryton orders them: by sequence, those without one behind, then by id."""
    return sorted(children, key=lambda one: (one.get("sequence") is None, one.get("sequence") or 0, one["id"]))


def _child(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: plain(v) for name, v in row.items() if not name.endswith(".") and name != "_timestamp"}
    shown |= {"id": str(row["id"]), "active": bool(row.get("active", True))}
    if "country." in row:
        shown["country"] = (row["country."] or {}).get("code")
    return {name: value for name, value in shown.items() if name not in {*STAMPS, "sequence"}}


def moment(value: Mapping[str, int]) -> datetime:
    day = datetime(value["year"], value["month"], value["day"], value["hour"], value["minute"], tzinfo=UTC)
    return day.replace(second=value["second"], microsecond=value["microsecond"])


def sent(value: datetime) -> dict[str, Any]:
    """A moment as JSON-RPC takes it: UTC, without saying so."""
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{part: getattr(value.astimezone(UTC), part) for part in parts}}


def plain(value: Any) -> Any:
    """A value with its ``__class__`` undone: moments and dates as ISO text, decimals as text; bytes are left out."""
    if not isinstance(value, Mapping):
        return value
    kind = value.get("__class__")
    if kind == "datetime":
        return moment(value).isoformat().replace("+00:00", "Z")
    if kind == "date":
        return f"{value['year']:04d}-{value['month']:02d}-{value['day']:02d}"
    return value.get("decimal") if kind == "Decimal" else None
