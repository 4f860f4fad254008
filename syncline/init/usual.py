"""The streams of a connector as a new project has them: with the settings that `init` writes.

Which streams there are depends on settings with most connectors; what can be said of them without any is said by these.
"""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import files
from pathlib import Path
from typing import Any

from connectors.contract import Connector, Stream
from mappings.reading.reader import read_yaml
from syncline.catalogue import Catalogue
from syncline.connections import read_connections
from syncline.document import Document, Node

_LOOKS_LIKE = {"SHOP": "example.myshopify.com", "URL": "https://example.com"}


class _Anything(defaultdict[str, str]):
    """An environment in which every variable is set to something of the right look."""

    def __missing__(self, name: str) -> str:
        return _LOOKS_LIKE.get(name.rpartition("_")[2], "example")

    def __contains__(self, name: object) -> bool:
        return True


def usual_streams(name: str, kind: type[Connector[Any]], catalogue: Catalogue) -> tuple[Stream, ...]:
    """Those of `init`'s template; of a connector that has none, those its class fixes. Nothing is asked."""
    template = files("syncline.init") / "templates" / "systems" / f"{name}.yaml"
    if not template.is_file():
        return kind.streams
    data, positions, _ = read_yaml(template.read_text(encoding="utf-8"), template.name)
    document = Document(template.name, positions, [])
    found = read_connections(Node(document, data), catalogue, Path(), _Anything())
    return next(iter(found.values())).streams if found else kind.streams
