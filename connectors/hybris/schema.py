"""The fields of a stream, from the integration object's own description: attributes, and those of references."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.edmx import EntityType
from connectors.hybris.consents import PATH, STATES
from connectors.hybris.items import EMAIL, KEY, PARENT, Shape, unique
from connectors.hybris.settings import ConsentSettings
from connectors.sdk import Field, FieldType

_SYSTEMS = frozenset({"modifiedtime", "creationtime", "pk", "originalUid"})
_REFERENCES = {"defaultB2BUnit": "units", "unit": "units", "user": "customers"}


def fields(shape: Shape, stream: str, streams: frozenset[str], consents: ConsentSettings | None) -> tuple[Field, ...]:
    return tuple(_fields(shape, stream, streams, consents))


def _fields(shape: Shape, stream: str, streams: frozenset[str], consents: ConsentSettings | None) -> Iterator[Field]:
    written = stream != "orders"
    code = shape.settings.code
    for name, known in shape.kind.properties.items():
        own = written and name not in _SYSTEMS | {KEY, shape.settings.marker, shape.settings.modified}
        over: dict[str, Any] = {"creatable": own, "updatable": own and name != code, "unique": name in {code, KEY}}
        over |= {"required": own and not known.nullable}
        if name == code:
            over |= {"required": written and (stream != "customers" or EMAIL not in shape.kind.properties)}
        yield known.fact(name, **over)
    yield from _references(shape, shape.kind, shape.expand, "", streams, written=written)
    if stream == "units" and "groups" in shape.expand:
        reference = FieldType.REFERENCE
        yield Field(name=f"{PARENT}.{code}", type=reference, references=("units",), updatable=False, label="Unit above")
    if stream == "customers" and consents is not None:
        for template in consents.templates:
            yield from _consent(template, consents)


def _references(
    shape: Shape, kind: EntityType, paths: tuple[str, ...], at: str, streams: frozenset[str], *, written: bool
) -> Iterator[Field]:
    for head in dict.fromkeys(path.partition("/")[0] for path in paths):
        inner = tuple(rest for path in paths if path.startswith(f"{head}/") and (rest := path.partition("/")[2]))
        leads = shape.target(kind, head)
        if leads is None:
            continue
        target, many = leads
        if many:
            yield Field(name=f"{at}{head}", type=FieldType.LIST, creatable=False, updatable=False)
            continue
        stream = _REFERENCES.get(head) if not at else None
        keys = {part.partition("_")[2] for part in unique(target)}
        for name, known in target.properties.items():
            own = written and name not in _SYSTEMS | {KEY} and (stream is None or name in keys)
            over: dict[str, Any] = {"nullable": True, "creatable": own, "updatable": own}
            if stream in streams and name in keys:
                over |= {"type": FieldType.REFERENCE, "references": (stream,), "max_length": None}
            yield known.fact(f"{at}{head}.{name}", **over)
        yield from _references(shape, target, inner, f"{at}{head}.", streams, written=written)


def _consent(template: str, settings: ConsentSettings) -> Iterator[Field]:
    path, may = f"{PATH}.{template}", settings.give or settings.withdraw
    choice = FieldType.CHOICE
    yield Field(name=f"{path}.status", type=choice, choices=STATES, restricted=True, creatable=may, updatable=may)
    yield Field(name=f"{path}.version", type=FieldType.INTEGER, creatable=False, updatable=False)
    yield Field(name=f"{path}.at", type=FieldType.DATETIME, creatable=False, updatable=False)
