"""The fields of a stream as version 1 describes them in its ``$metadata``, extension fields (``…_KUT``) included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.c4c.kinds import KINDS
from connectors.c4c.reading import child
from connectors.c4c.settings import StreamSettings
from connectors.edmx import Service
from connectors.sdk import Field, FieldType

_OURS = frozenset({"ETag"})


def fields(model: Service, stream: str, settings: StreamSettings) -> tuple[Field, ...]:
    return tuple(_fields(model, stream, settings))


def _fields(model: Service, stream: str, settings: StreamSettings) -> Iterator[Field]:
    kind = KINDS[stream]
    for known in model.type_of(kind.collection).properties.values():
        if known.name in _OURS:
            continue
        over: dict[str, Any] = {}
        if known.name in kind.leads:
            over |= {"type": FieldType.REFERENCE, "references": (kind.leads[known.name],), "max_length": None}
        if known.name in kind.needed:
            over |= {"required": known.name not in settings.defaults, "nullable": False}
        if known.name == kind.key:
            over |= {"updatable": False, "unique": True}
        if known.name == settings.marker:
            over |= {"creatable": False, "updatable": False, "unique": True}
        yield known.fact(known.name, **over)
    for name in settings.children:
        child(model, kind.collection, name)
        yield Field(name=name, type=FieldType.LIST, creatable=False, updatable=False)
