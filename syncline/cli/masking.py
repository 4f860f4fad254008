"""Personal data in lists and plans: shown enough to recognise, not enough to copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model.fields import EntitySchema, Privacy

HIDDEN = "•••"


def masked(value: Any) -> Any:
    """The first character of a text and nothing else of any value. Null and empty stay as they are: they are facts."""
    if value is None or value in ("", [], {}) or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value[0] + HIDDEN if len(value) > 3 else HIDDEN
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(item) for item in value]
    if isinstance(value, Mapping):
        return {name: masked(item) for name, item in value.items()}
    return HIDDEN


def masked_field(schema: EntitySchema | None, path: str, value: Any) -> Any:
    """A canonical value, masked unless its field is known and public."""
    spec = schema.field(path) if schema is not None else None
    return value if spec is not None and spec.privacy is Privacy.PUBLIC else masked(value)
