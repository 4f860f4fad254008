"""The JSON Schema of `config.yaml`: the hub's own sections, and for each connection the settings of its connector."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core import core_schema

from connectors.contract import Connector, Settings
from model.custom import KEYS as CUSTOM_KEYS
from model.entities import ENTITIES
from model.fields import EntitySchema, Kind, Privacy
from sync.policy import Braked, Rule
from syncline.connections import NAME
from syncline.editor import shapes as form
from syncline.editor.paths import TEMPLATE, ruled, said_of
from syncline.editor.shapes import DRAFT, SCALAR, Schema

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
        "syncline": form.described({"const": 1}, "The format of this file."),
        "state": form.text(
            "Where the hub remembers: sqlite:///var/syncline.db, or postgresql+psycopg://user:…@host/db."
        ),
        "connections": form.described(_connections(connectors), "The systems, by names of your own."),
        "entities": form.described(_entities(schemas), "What is decided per entity: own fields, and whose value wins."),
        "brakes": form.described(
            _brakes(names), "A run stops before it changes more than this. default holds for all."
        ),
        "schedules": form.described(_schedules(selectable), "When `syncline scheduler` runs what."),
    }
    return {
        "$schema": DRAFT,
        "title": "Syncline project",
        **form.keys(sections, required=("syncline", "connections")),
        "definitions": {
            "survivorship": _survivorship(names),
            "field": _custom_field(),
            **{f"connector_{name}": settings_schema(kind.Settings) for name, kind in connectors.items()},
        },
    }


def _connections(connectors: Mapping[str, type[Connector[Any]]]) -> Schema:
    labels = {name: kind.label for name, kind in connectors.items()}
    which = form.described(
        form.words(connectors, labels), "What kind of system it is: `syncline connectors` lists them."
    )
    per_kind = [
        {
            "if": {"properties": {"connector": {"const": name}}, "required": ["connector"]},
            "then": {"$ref": f"#/definitions/connector_{name}"},
        }
        for name in connectors
    ]
    one: Schema = {"type": "object", "properties": {"connector": which}, "required": ["connector"], "allOf": per_kind}
    return {"type": "object", "patternProperties": {f"^{NAME}$": one}, "additionalProperties": False}


def _entities(schemas: Mapping[str, EntitySchema]) -> Schema:
    return form.keys({name: _entity(schema) for name, schema in schemas.items()})


def _entity(schema: EntitySchema) -> Schema:
    named = {"default": form.refer("survivorship", "For every field without a rule of its own.")}
    plain = ((path, spec) for path, spec in schema.fields.items() if "[]" not in path)
    named |= {path: form.refer("survivorship", said_of(spec)) for path, spec in plain}
    inside = {pattern: form.refer("survivorship") for pattern in ruled(schema)}
    survivorship = {**form.keys(named), "patternProperties": inside}
    own = {**form.by_name({"$ref": "#/definitions/field"}), "propertyNames": {"pattern": TEMPLATE}}
    return form.keys(
        {
            "fields": form.described(own, "Fields of your own, by name, name[] or name[].part."),
            "survivorship": form.described(
                survivorship, "Whose value wins where systems changed the same field apart."
            ),
        }
    )


def _survivorship(connections: list[str]) -> Schema:
    connection = form.words(connections) if connections else form.text()
    rule = form.words(
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
        "order": form.described(form.listed(connection), "The winner first."),
        "values": form.described(form.listed({"type": SCALAR}), "The strictest value first."),
    }
    return form.either(rule, form.keys(whole))


def _custom_field() -> Schema:
    kind = form.choice(Kind)
    shapes: dict[str, Schema] = {
        "type": kind,
        "label": form.text("What people call it."),
        "description": form.text("What it means."),
        "privacy": form.described(form.choice(Privacy), "Its class; personal unless said otherwise."),
        "choices": form.listed(form.text()),
        "max_length": form.number(1, 100_000, whole=True),
        "target": form.words(list(ENTITIES)),
        "required": form.flag(),
    }
    return form.either(kind, form.keys({key: shapes.get(key, {}) for key in CUSTOM_KEYS}, required=("type",)))


def _brakes(connections: list[str]) -> Schema:
    limit = form.keys(
        {
            "count": form.described(form.number(0, whole=True), "More records than this, and"),
            "share": form.described(form.number(0, 1), "more than this share of those linked in the stream."),
        }
    )
    limits = form.keys({kind.value: limit for kind in Braked})
    if not connections:
        return form.by_name(limits)
    return form.keys({"default": limits, **dict.fromkeys(connections, limits)})


def _schedules(selectable: Iterable[str]) -> Schema:
    names = sorted(set(selectable))
    shapes = {
        "name": form.text("What it is called in lists and logs."),
        "select": form.described(
            form.one_or_several(form.words(names) if names else form.text()),
            "Connections, streams (crm.Contact), entities or mappings; everything when left out.",
        ),
        "every": form.text("15m, 2h, 1d: aligned to the clock."),
        "cron": form.text("minute hour day month weekday."),
        "zone": form.text("IANA time zone of cron, UTC when left out."),
        "sweep": form.described(form.flag(), "Also look for records that are gone."),
        "full": form.described(form.flag(), "Read everything again."),
    }
    return form.listed(form.keys(shapes, required=("name",)), least=0)


def settings_schema(settings: type[Settings]) -> Schema:
    """The settings of a connector as an editor may check them.

    Wherever a value is wanted a reference will do, and what a connector reads in more forms than its types tell is
    left to `syncline check`.
    """
    try:
        raw = settings.model_json_schema(ref_template="{model}", schema_generator=_AsWritten)
    except PydanticUserError:  # a model that its author did not finish; `check` says so where it is used
        return {"type": "object"}
    shape = _inlined(raw, raw.pop("$defs", {}))
    return {**shape, "properties": {"connector": {"type": "string"}, **shape.get("properties", {})}}


class _AsWritten(GenerateJsonSchema):
    """Nothing is said of what a validator of the connector's own reads first, nor of what JSON Schema cannot say."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        return self._given(schema.get("json_schema_input_schema"))

    def function_wrap_schema(self, schema: core_schema.WrapValidatorFunctionSchema) -> JsonSchemaValue:
        return self._given(schema.get("json_schema_input_schema"))

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        return self._given(schema.get("json_schema_input_schema"))

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> JsonSchemaValue:  # noqa: ARG002 (the base decides what comes along)
        return {}

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Nothing: a default that cannot be shown is no matter here."""

    def _given(self, declared: core_schema.CoreSchema | None) -> JsonSchemaValue:
        return {} if declared is None else self.generate_inner(declared)


def _inlined(shape: Any, parts: Mapping[str, Schema], inside: frozenset[str] = frozenset()) -> Any:
    """The shape with its parts put in, ready for references, and without what editors make nothing of.

    What lies within a part of the same kind (``inside``) is left to `syncline check`: it could go on for ever.
    """
    if isinstance(shape, list):
        return [_inlined(one, parts, inside) for one in shape]
    if not isinstance(shape, dict):
        return shape
    if "$ref" in shape:
        name = shape["$ref"]
        part = {} if name in inside else _inlined(parts.get(name, {}), parts, inside | {name})
        return {**part, **{key: value for key, value in shape.items() if key != "$ref"}}
    kept = {key: value for key, value in shape.items() if key not in _NO_USE}
    inner = {_PLAINER.get(key, key): _below(key, value, parts, inside) for key, value in kept.items()}
    return _with_references(inner)


_NO_USE = frozenset({"format", "writeOnly", "discriminator", "title"})
_PLAINER = {"oneOf": "anyOf"}
"""With one of them by reference, a value may fit several."""


def _below(key: str, value: Any, parts: Mapping[str, Schema], inside: frozenset[str]) -> Any:
    if key in ("properties", "patternProperties"):
        return {name: _inlined(shape, parts, inside) for name, shape in value.items()}
    if key in ("items", "additionalProperties", "anyOf", "oneOf", "allOf", "prefixItems", "propertyNames"):
        return _inlined(value, parts, inside)
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
