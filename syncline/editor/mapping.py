"""The JSON Schema of a mapping file: of one stream and entity with their real fields, or of any."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.contract import Field
from mappings.contract import Direction, OnDelete
from mappings.language import Lifecycle
from mappings.reading.examples import KEYS as EXAMPLE_KEYS
from mappings.reading.parse import KEYS
from model.entities import ENTITIES
from model.fields import EntitySchema
from syncline.editor import paths
from syncline.editor import shapes as form
from syncline.editor import words as say
from syncline.editor.rules import condition, definitions, explained, rule_for
from syncline.editor.shapes import DRAFT, SCALAR, Schema

WHOLE_NAME = "full_name, given_name, family_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of what a mapping ties together. Without a ``schema`` it may be any entity.

    ``extended``: others extend the file, so that what is missing may be said there.
    """

    connections: tuple[str, ...] = ()
    stream: str = ""
    streams: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    schema: EntitySchema | None = None
    extended: bool = False


def mapping_schema(known: Known) -> Schema:
    """What the parser takes, and of names of fields, paths and streams only those there are."""
    title = f"Mapping of {known.stream} to {known.schema.name}" if known.schema and known.stream else "Mapping"
    shape: Schema = {
        "$schema": DRAFT,
        "title": title,
        **form.keys(
            {key: form.or_nothing(shape) for key, shape in explained(KEYS, _shapes(known), say.MAPPING).items()}
        ),
        "definitions": {**definitions(known.fields, known.streams), **_definitions(known)},
    }
    # What is needed may come from a file that is extended, and only what such a file says can be taken away.
    rules: Schema = {
        "additionalProperties": {"type": ["string", "object"]},
        "minProperties": 0 if known.extended else 1,
    }
    whole: Schema = {"properties": {"rules": rules}}
    if not known.extended:
        whole["required"] = ["connection", "stream", "entity", "rules"]
    return {**shape, "if": {"required": ["extends"]}, "then": {}, "else": whole}


def _definitions(known: Known) -> dict[str, Schema]:
    return {
        "path": paths.path(known.schema),
        "paths": form.one_or_several({"$ref": "#/definitions/path"}, least=1),
        "owned": paths.owned(known.schema),
        "condition_out": condition("path", {"$ref": "#/definitions/path"}),
    }


def _shapes(known: Known) -> dict[str, Schema]:
    streams = [known.stream] if known.stream else known.streams
    return {
        "mapping": form.text(),
        "description": form.text(),
        "connection": form.words(known.connections) if known.connections else form.text(),
        "stream": form.words(streams) if streams else form.text(),
        "entity": form.words([known.schema.name] if known.schema else list(ENTITIES)),
        "direction": form.choice(Direction, say.DIRECTION),
        "lifecycle": form.choice(Lifecycle, say.LIFECYCLE),
        "match": _match(),
        "create": form.words(["in", "out", "both", "none"]),
        "update": form.words(["in", "out", "both", "none"], say.UPDATE),
        "delete": sections({"in": form.choice(OnDelete, say.ON_DELETE), "out": form.choice(OnDelete, say.ON_DELETE)}),
        "owns": form.one_or_several({"$ref": "#/definitions/owned"}),
        "filter": sections(
            {
                "in": form.listed(form.refer("condition_in"), least=0),
                "out": form.listed(form.refer("condition_out"), least=0),
            }
        ),
        "rules": _rules(known.schema),
        "defaults": _defaults(known),
        "examples": form.listed(_example(known.schema), least=0),
        "extends": form.one_or_several(form.text()),
    }


def _example(schema: EntitySchema | None) -> Schema:
    record: Schema = {"type": "object"}
    shapes = {
        "name": form.text(),
        "record": record,
        "canonical": paths.by_path(schema, lambda _: {}),
        "write": form.either(record, form.words(["none"])),
        "problems": form.one_or_several(form.text()),
        "skipped": form.flag(),
    }
    return form.keys(explained(EXAMPLE_KEYS, shapes, say.EXAMPLE))


def sections(shapes: dict[str, Schema]) -> Schema:
    """Keys of which a file may take away single ones that it extends."""
    return form.keys({key: form.or_nothing(shape) for key, shape in shapes.items()})


def _match() -> Schema:
    combination: Schema = {"$ref": "#/definitions/paths"}
    weights: Schema = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"$ref": "#/definitions/path"},
        "additionalProperties": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
    }
    scored = {
        "weights": weights,
        "blocks": form.listed(combination),
        "link": form.number(0, 1),
        "dispute": form.number(0, 1),
    }
    shapes = {
        "strong": form.listed(combination, least=0),
        "scored": form.keys(explained(tuple(scored), scored, say.SCORED), required=("weights", "blocks")),
        "one_to_one": form.flag(),
    }
    return sections(explained(tuple(shapes), shapes, say.MATCH))


def _rules(schema: EntitySchema | None) -> Schema:
    rules = paths.by_path(schema, rule_for)
    several: Schema = {"allOf": [{"$ref": "#/definitions/longRule"}]}
    rules["patternProperties"] = {**rules["patternProperties"], paths.several(schema): several}
    if schema is None:
        return rules
    offered = rules["properties"]
    if set(WHOLE_NAME.split(", ")) <= schema.fields.keys():
        offered[WHOLE_NAME] = form.described(
            several, "A whole name and its parts, from one field: transform: full_name."
        )
    for name in paths.lists(schema):
        offered[name] = form.described(several, f"The whole list of {name}, as a list of the record: each.")
    return rules


def _defaults(known: Known) -> Schema:
    constant: Schema = {"type": [*SCALAR, "null", "array", "object"]}
    record: Schema = form.by_name(constant)
    if known.fields:
        record["propertyNames"] = {"$ref": "#/definitions/field"}
        record["properties"] = {one.name: form.described(constant, one.label) for one in known.fields if one.creatable}
    return sections({"record": record, "canonical": paths.by_path(known.schema, lambda _: constant)})
