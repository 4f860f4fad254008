"""The few JSON Schema forms that the schemas are put together from (draft-07, which every editor understands)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
SCALAR = ["string", "number", "boolean"]


def words(options: Iterable[str], meanings: Mapping[str, str] | None = None) -> Schema:
    """One of some words; ``meanings`` are shown beside them."""
    listed = list(dict.fromkeys(options))
    shape: Schema = {"type": "string", "enum": listed}
    if meanings:
        shape["enumDescriptions"] = [meanings.get(word, "") for word in listed]
    return shape


def choice(options: type[StrEnum], meanings: Mapping[str, str] | None = None) -> Schema:
    return words([option.value for option in options], meanings)


def text(description: str = "") -> Schema:
    return described({"type": "string", "minLength": 1}, description)


def flag() -> Schema:
    return {"type": "boolean"}


def number(low: float, high: float | None = None, *, whole: bool = False) -> Schema:
    shape: Schema = {"type": "integer" if whole else "number", "minimum": low}
    return shape if high is None else {**shape, "maximum": high}


def listed(item: Schema, *, least: int = 1) -> Schema:
    return {"type": "array", "items": item, "minItems": least}


def one_or_several(item: Schema, *, least: int = 0) -> Schema:
    """The thing itself, or a list of such things."""
    return either(item, listed(item, least=least))


def either(*shapes: Schema) -> Schema:
    return shapes[0] if len(shapes) == 1 else {"anyOf": list(shapes)}


def or_nothing(shape: Schema) -> Schema:
    """The thing, or null: what takes away a key of a file that is extended."""
    said = {"description": shape["description"]} if "description" in shape else {}
    if isinstance(shape.get("type"), str) and "enum" not in shape:
        return {**shape, "type": [shape["type"], "null"]}
    bare = {key: value for key, value in shape.items() if key != "description"}
    known = bare["anyOf"] if bare.keys() == {"anyOf"} else [bare]
    return {**said, "anyOf": [*known, {"type": "null"}]}


def keys(properties: Mapping[str, Schema], *, required: Sequence[str] = ()) -> Schema:
    """These keys and no others."""
    shape: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**shape, "required": list(required)} if required else shape


def by_name(value: Schema, *, least: int = 0) -> Schema:
    """Any names with values of one shape."""
    return {"type": "object", "additionalProperties": value, "minProperties": least}


def described(shape: Schema, description: str) -> Schema:
    return {**shape, "description": description} if description else shape


def refer(name: str, description: str = "") -> Schema:
    """A definition by name. Beside a bare reference nothing else counts, so a description goes around it."""
    pointer: Schema = {"$ref": f"#/definitions/{name}"}
    return {"description": description, "allOf": [pointer]} if description else pointer
