"""The fields of a stream, from the service's own description: those of the root, and of each part under its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.edmx import Service
from connectors.s4hana.partners import (
    ADDRESSES,
    COMPANY,
    CONTACT,
    CUSTOMER,
    FUNCTION,
    KEY,
    NAMES,
    REACHES,
    ROOT,
)
from connectors.s4hana.reading import marker_field
from connectors.s4hana.settings import StreamSettings
from connectors.sdk import Field, FieldType

_OURS = frozenset({"ETag"})
_FIXED: Mapping[str, Mapping[str, Any]] = {
    # Which stream a partner is in says its category; its number is given by the system, or once by the grouping.
    "BusinessPartnerCategory": {"creatable": False, "updatable": False},
    "BusinessPartnerGrouping": {"updatable": False},
    KEY: {"updatable": False, "unique": True},
    "BusinessPartnerUUID": {"unique": True},
}


def fields(model: Service, stream: str, settings: StreamSettings, marker: str | None) -> tuple[Field, ...]:
    return tuple(_fields(model, stream, settings, marker))


def _fields(model: Service, stream: str, settings: StreamSettings, marker: str | None) -> Iterator[Field]:
    for known in model.type_of(ROOT).properties.values():
        if known.name not in _OURS:
            needed = {"required": True, "nullable": False} if known.name == NAMES[stream] else {}
            yield known.fact(known.name, **{**_FIXED.get(known.name, {}), **needed})
    for usage in settings.usages:
        yield from _part(model, "A_BusinessPartnerAddress", f"{ADDRESSES}.{usage}")
        for name, reach in REACHES.items():
            yield from _part(model, reach.entity, f"{ADDRESSES}.{usage}.{name}", reach.fixed)
    yield from _part(model, "A_Customer", CUSTOMER, key=True)
    if stream == "persons":
        company = model.type_of("A_BusinessPartnerContact").properties[COMPANY]
        kind = {"type": FieldType.REFERENCE, "references": ("organisations",), "max_length": None, "nullable": True}
        kind |= {"creatable": True, "updatable": True}  # part of a key: another company is another relationship
        yield company.fact(f"{CONTACT}.{COMPANY}", **kind)
        yield from _part(model, "A_BPContactToFuncAndDept", f"{CONTACT}.{FUNCTION}", late=True)
    if marker is not None:
        label = "The hub's id"
        yield Field(
            name=marker_field(marker), label=label, max_length=60, creatable=False, updatable=False, unique=True
        )


def _part(
    model: Service,
    entity: str,
    path: str,
    fixed: Mapping[str, Any] | None = None,
    *,
    key: bool = False,
    late: bool = False,
) -> Iterator[Field]:
    """Fields of a part; its key is shown only where people know it, and what we fix is not theirs to write."""
    facts = model.sets[entity]
    kind = facts.type
    for name, known in kind.properties.items():
        own = name in kind.keys
        if own and not key:
            continue
        writable = not own and name not in (fixed or {})
        yield known.fact(
            f"{path}.{name}",
            nullable=True,
            creatable=writable and known.creatable and (facts.creatable or late),
            updatable=writable and known.updatable and facts.updatable,
        )
