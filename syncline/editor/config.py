"""The JSON Schema of `config.yaml`: the hub's own sections, and for each connection the settings of its connector."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import PydanticUndefined

from connectors.contract import Connector, Settings
from model.custom import KEYS as CUSTOM_KEYS
from model.entities import ENTITIES
from model.fields import EntitySchema, Kind, Privacy
from sync.policy import Braked, Rule
from syncline.editor.paths import said_of
from syncline.editor.shapes import (
    DRAFT,
    Schema,
    by_name,
    choice,
    described,
    either,
    flag,
    keys,
    listed,
    number,
    one_or_more,
    refer,
    text,
    words,
)

REFERENCE = r"\$\{(env|file):[^}]+\}"
"""A secret by reference, which may stand wherever a value does."""


def config_schema(
    connectors: Mapping[str, type[Connector[Any]]],
    connections: Collection[str],
    selectable: Iterable[str],
    schemas: Mapping[str, EntitySchema],
) -> Schema:
    """What `config.yaml` may hold. ``connectors`` by name; ``connections`` and ``selectable`` are this project's."""
    names = list(connections)
    sections = {
        "syncline": described({"const": 1}, "The format of this file."),
        "state": text("Where the hub remembers: sqlite:///var/syncline.db, or postgresql+psycopg://user:…@host/db."),
        "connections": described(_connections(connectors), "The systems, by names of your own."),
        "entities": described(_entities(schemas), "What is decided per entity: own fields, and whose value wins."),
        "brakes": described(_brakes(names), "A run stops before it changes more than this. default holds for all."),
        "oscillation": described(_oscillation(), "A field that systems change to and fro is frozen until you decide."),
        "schedules": described(_schedules(selectable), "When `syncline scheduler` runs what."),
    }
    return {
        "$schema": DRAFT,
        "title": "Syncline project",
        **keys(sections, required=("syncline", "connections")),
        "definitions": {
            "survivorship": _survivorship(names),
            "field": _custom_field(),
            **{f"connector_{name}": settings_schema(kind.Settings) for name, kind in connectors.items()},
        },
    }


def _connections(connectors: Mapping[str, type[Connector[Any]]]) -> Schema:
    labels = {name: kind.label for name, kind in connectors.items()}
    which = described(words(connectors, labels), "What kind of system it is: `syncline connectors` lists them.")
    per_kind = [
        {
            "if": {"properties": {"connector": {"const": name}}, "required": ["connector"]},
            "then": {"$ref": f"#/definitions/connector_{name}"},
        }
        for name in connectors
    ]
    one: Schema = {"type": "object", "properties": {"connector": which}, "required": ["connector"], "allOf": per_kind}
    pattern = "^[a-z][a-z0-9_-]{0,39}$"
    return {"type": "object", "patternProperties": {pattern: one}, "additionalProperties": False}


def _entities(schemas: Mapping[str, EntitySchema]) -> Schema:
    return keys({name: _entity(schemas.get(name)) for name in ENTITIES})


def _entity(schema: EntitySchema | None) -> Schema:
    fields = schema.fields if schema is not None else {}
    named = {"default": refer("survivorship", "For every field without a rule of its own.")}
    named |= {path: refer("survivorship", said_of(spec)) for path, spec in fields.items() if "[]" not in path}
    survivorship: Schema = {
        "type": "object",
        "properties": named,
        "additionalProperties": {"$ref": "#/definitions/survivorship"},
    }
    return keys(
        {
            "fields": described(
                by_name({"$ref": "#/definitions/field"}), "Fields of your own, by name, name[] or name[].part."
            ),
            "survivorship": described(survivorship, "Whose value wins where systems changed the same field apart."),
        }
    )


def _survivorship(connections: list[str]) -> Schema:
    connection = words(connections) if connections else text()
    rule = words(
        [one.value for one in Rule],
        {
            "authority": "the connection that stands first in order",
            "latest": "the change received last",
            "most_complete": "the fuller value",
            "union": "all elements of sets",
            "manual": "a person decides",
            "most_restrictive": "the value that stands first in values",
        },
    )
    whole = {
        "rule": rule,
        "order": described(listed(connection), "The winner first."),
        "values": described(listed({"type": ["string", "number", "boolean"]}), "The strictest value first."),
    }
    return either(rule, keys(whole))


def _custom_field() -> Schema:
    kind = choice(Kind)
    shapes: dict[str, Schema] = {
        "type": kind,
        "label": text("What people call it."),
        "description": text("What it means."),
        "privacy": described(choice(Privacy), "Its class; personal unless said otherwise."),
        "choices": listed({"type": ["string", "number", "boolean"]}),
        "max_length": number(1, whole=True),
        "target": words(list(ENTITIES)),
        "required": flag(),
    }
    return either(kind, keys({key: shapes.get(key, {}) for key in CUSTOM_KEYS}, required=("type",)))


def _brakes(connections: list[str]) -> Schema:
    limit = keys(
        {
            "count": described(number(0, whole=True), "More records than this, and"),
            "share": described(number(0, 1), "more than this share of those linked in the stream."),
        }
    )
    limits = keys({kind.value: limit for kind in Braked})
    if not connections:
        return by_name(limits)
    return keys({"default": limits, **dict.fromkeys(connections, limits)})


def _oscillation() -> Schema:
    return keys(
        {
            "flips": described(number(1, whole=True), "More changes back to a former value than this,"),
            "runs": described(number(1, whole=True), "within so many runs."),
        }
    )


def _schedules(selectable: Iterable[str]) -> Schema:
    names = sorted(set(selectable))
    shapes = {
        "name": text("What it is called in lists and logs."),
        "select": described(
            one_or_more(words(names) if names else text()),
            "Connections, streams (crm.Contact), entities or mappings; everything when left out.",
        ),
        "every": text("15m, 2h, 1d: aligned to the clock."),
        "cron": text("minute hour day month weekday."),
        "zone": text("IANA time zone of cron, UTC when left out."),
        "sweep": described(flag(), "Also look for records that are gone."),
        "full": described(flag(), "Read everything again."),
    }
    return listed(keys(shapes, required=("name",)), least=0)


def settings_schema(settings: type[Settings]) -> Schema:
    """The settings of a connector as an editor may check them.

    Wherever a value is wanted a reference will do, and what a connector reads in more forms than its types tell is
    left to `syncline check`.
    """
    try:
        raw = settings.model_json_schema(mode="validation", ref_template="{model}")
    except PydanticInvalidForJsonSchema:
        return {"type": "object"}
    models = _models(settings, {})
    parts = {name: _loosened(part, models.get(name)) for name, part in raw.pop("$defs", {}).items()}
    shape = _inlined(_loosened(raw, settings), parts)
    properties = {"connector": {"type": "string"}, **shape.get("properties", {})}
    return {**shape, "properties": properties} if "properties" in shape else shape


def _models(model: type[BaseModel], found: dict[str, type[BaseModel]]) -> dict[str, type[BaseModel]]:
    """Every model that the settings are made of, by the name its schema bears."""
    waiting: list[Any] = [field.annotation for field in model.model_fields.values()]
    while waiting:
        one = waiting.pop()
        waiting += getattr(one, "__args__", ())
        if isinstance(one, type) and issubclass(one, BaseModel) and one.__name__ not in found:
            found[one.__name__] = one
            _models(one, found)
    return found


def _loosened(schema: Schema, model: type[BaseModel] | None) -> Schema:
    """The schema of a model without the shapes of fields that a validator of its own reads first."""
    if model is None or "properties" not in schema:
        return schema
    free = set(_read_first(model))
    properties = {
        name: {"description": shape["description"]} if name in free and "description" in shape else shape
        for name, shape in schema["properties"].items()
        if name not in free or "description" in shape
    }
    properties |= {name: {} for name in schema["properties"] if name not in properties}
    return {**schema, "properties": properties}


def _read_first(model: type[BaseModel]) -> Iterable[str]:
    for validator in model.__pydantic_decorators__.field_validators.values():
        if validator.info.mode in ("before", "wrap", "plain") and (
            validator.info.json_schema_input_type is PydanticUndefined
        ):
            yield from (model.model_fields[name].alias or name for name in validator.info.fields if name != "*")


def _inlined(shape: Any, parts: Mapping[str, Schema]) -> Any:
    """The shape with its parts put in, ready for references, and without what editors make nothing of."""
    if isinstance(shape, list):
        return [_inlined(one, parts) for one in shape]
    if not isinstance(shape, dict):
        return shape
    if "$ref" in shape:
        part = parts.get(shape["$ref"], {})
        rest = {key: value for key, value in shape.items() if key != "$ref"}
        return {**_inlined(part, parts), **rest}
    kept = {key: value for key, value in shape.items() if key not in _NO_USE}
    inner = {_PLAINER.get(key, key): _below(key, value, parts) for key, value in kept.items()}
    return _with_references(inner)


_NO_USE = frozenset({"format", "writeOnly", "discriminator", "title"})
_PLAINER = {"oneOf": "anyOf"}
"""With one of them by reference, a value may fit several."""


def _below(key: str, value: Any, parts: Mapping[str, Schema]) -> Any:
    if key in ("properties", "patternProperties"):
        return {name: _inlined(shape, parts) for name, shape in value.items()}
    if key in ("items", "additionalProperties", "anyOf", "oneOf", "allOf", "prefixItems", "propertyNames"):
        return _inlined(value, parts)
    return value


def _with_references(shape: Schema) -> Schema:
    """A value that is no free text may also be given by reference."""
    if (
        shape.get("type") in ("integer", "number", "boolean")
        or "enum" in shape
        or (shape.get("type") == "string" and "pattern" in shape)
    ):
        told: Schema = {key: shape[key] for key in ("description", "default") if key in shape}
        bare: Schema = {key: value for key, value in shape.items() if key not in told}
        return {**told, "anyOf": [bare, {"type": "string", "pattern": REFERENCE}]}
    return shape
