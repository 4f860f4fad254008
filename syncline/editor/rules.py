"""The shape of one rule: every key that the parser knows, with the fields and choices of one stream.

The keys are the parser's own tuples. A key that is new to the language is accepted here at once, and a test asks for
the sentence that explains it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from connectors.contract import Field
from mappings.contract import Blank, Direction, Strength
from mappings.language import Lifecycle, Loss, Test, Unknown
from mappings.reading.rules import ITEM_KEYS, KEYS, REFERENCE_KEYS
from mappings.reading.scalars import plain_scalar
from model.fields import FieldSpec
from syncline.editor import shapes as form
from syncline.editor import words as say
from syncline.editor.shapes import SCALAR, Schema
from syncline.editor.transforms import transform


def explained(names: Sequence[str], shapes: Mapping[str, Schema], sentences: Mapping[str, str]) -> dict[str, Schema]:
    """A property for each key: its shape where one is known, else anything, and its sentence."""
    return {name: form.described(shapes.get(name, {}), sentences.get(name, "")) for name in names}


def definitions(fields: Sequence[Field], streams: Collection[str]) -> dict[str, Schema]:
    """What rules refer to by name: ``field``, ``rule`` and ``item``, ``conditions_in``, ``transform``."""
    return {
        "field": field(fields),
        "fieldPath": form.either(form.refer("field"), form.listed({"type": "string", "minLength": 1})),
        "transform": transform(form.refer("field")),
        "itemTransform": transform(form.text()),
        "table": form.by_name(_record_values(None), least=1),
        "item": _short_or_long(form.text(), {"title": "keys of a rule", **_object(ITEM_KEYS, _item_shapes())}),
        "ruleKeys": {"title": "keys of a rule", **_object(KEYS, _shapes(streams)), **_picklists(fields)},
        "rule": _short_or_long(form.refer("field"), form.refer("ruleKeys"), {"type": "null"}),
        "longRule": form.either(form.refer("ruleKeys"), {"type": "null"}),
        "condition_in": condition("field", form.refer("field")),
    }


def _short_or_long(short: Schema, long: Schema, *others: Schema) -> Schema:
    """The name of a field, or the keys of a rule. In this form an editor blames the right one of the two."""
    return {**form.either(short, {"type": "object"}, *others), "if": {"type": "object"}, "then": long}


def field(fields: Sequence[Field]) -> Schema:
    """The name of a record field; any text where the fields are not known."""
    if not fields:
        return form.text()
    names = {one.name: _said(one) for one in fields}
    named: Schema = {"type": "string", "enum": list(names), "enumDescriptions": list(names.values())}
    # A full stop inside a name is written \. where it does not lead down; an object not described can hold anything.
    tops = {name.partition(".")[0] for name in names if "." in name}
    stopped = [name.replace(".", "\\.") for name in names if "." in name and name.partition(".")[0] not in names]
    opened = [name for name in names if "." not in name and name not in tops]
    inside: Schema = {"type": "string", "pattern": f"^({'|'.join(map(_escaped, opened))})\\."}
    exactly: Schema = {"type": "string", "pattern": f"^({'|'.join(map(_escaped, stopped))})$"}
    return form.either(named, *([inside] if opened else []), *([exactly] if stopped else []))


def _escaped(name: str) -> str:
    """A name inside a pattern. (`re.escape` escapes signs that other dialects do not take escaped.)"""
    return "".join(f"\\{sign}" if sign in r"\^$.|?*+()[]{}/" else sign for sign in name)


def _said(one: Field) -> str:
    facts = [one.type.value]
    facts += [f"at most {one.max_length}"] if one.max_length else []
    facts += ["required"] if one.required else []
    if not (one.creatable or one.updatable):
        facts.append("read-only")
    elif not one.updatable:
        facts.append("only written on create")
    facts += ["cannot be read"] if not one.readable else []
    facts += ["unique"] if one.unique else []
    facts += [f"refers to {' or '.join(one.references)}"] if one.references else []
    said = f"{one.label}: {', '.join(facts)}" if one.label else ", ".join(facts)
    if one.choices:
        more = f" and {len(one.choices) - 12} more" if len(one.choices) > 12 else ""
        said += f". Choices: {', '.join(one.choices[:12])}{more}"
    return said


def _object(names: Sequence[str], shapes: Mapping[str, Schema]) -> Schema:
    return form.keys(explained(names, shapes, say.RULE))


def _shapes(streams: Collection[str]) -> dict[str, Schema]:
    """The shapes of a rule's keys. What is here and not in the parser is not offered."""
    stream = form.words(streams) if streams else form.text()
    reference = form.keys(
        explained(REFERENCE_KEYS, {"stream": stream, "number": form.flag(), "starts": form.text()}, say.REFERENCE),
        required=("stream",),
    )
    inwards, outwards = form.refer("condition_in"), form.refer("condition_out")
    each_way = form.keys({"in": form.listed(inwards, least=0), "out": form.listed(outwards, least=0)})
    return {
        **_item_shapes(),
        "field": form.refer("fieldPath"),
        "transform": form.refer("transform"),
        "fields": form.listed(form.refer("fieldPath"), least=2),
        "constant": {},
        "expr": form.text(),
        "direction": form.choice(Direction, say.DIRECTION),
        "strength": form.choice(Strength, say.STRENGTH),
        "blank": form.either(
            form.choice(Blank, say.BLANK),
            form.keys({"in": form.choice(Blank, say.BLANK), "out": form.choice(Blank, say.BLANK)}),
        ),
        "default": {"type": [*SCALAR, "null"]},
        "reference": form.either(stream, reference),
        "list": form.words(["set"]),
        "separator": form.text(),
        "each": each(),
        "lifecycle": form.choice(Lifecycle, say.LIFECYCLE),
        "when": form.either(each_way, form.listed(form.either(inwards, outwards), least=0)),
    }


def _item_shapes() -> dict[str, Schema]:
    """The keys of a rule inside ``each``. Its fields, also those that transforms look at, are those of the item."""
    unknown = [word for word in Unknown if word is not Unknown.DEFAULT]
    return {
        "field": form.either(form.text(), form.listed(form.text())),
        "transform": form.refer("itemTransform"),
        "values": form.refer("table"),
        "unknown": form.either(
            form.words(unknown, say.UNKNOWN),
            form.keys({"default": form.text("The canonical value it counts as.")}, required=("default",)),
        ),
        "max_length": form.number(1, 1_000_000),
        "loses": form.either(form.choice(Loss, say.LOSS), form.listed(form.choice(Loss, say.LOSS), least=0)),
        "empty": {"enum": [None, "null", "keep"]},
        "placeholder": {"type": [*SCALAR, "null"]},
    }


def each() -> Schema:
    """A list of items. Their fields are those of the item, which no system describes."""
    item: Schema = {"$ref": "#/definitions/item"}
    shapes: dict[str, Schema] = {
        "key": form.either(form.text(), form.listed(form.text())),
        "rules": form.by_name(item, least=1),
        "value": item,
    }
    return form.keys(explained(tuple(shapes), shapes, say.EACH), required=("key",))


def condition(subject: str, about: Schema) -> Schema:
    """One condition of a filter, on record fields or canonical paths."""
    plain: Schema = {"type": [*SCALAR, "null"]}
    shapes: dict[str, Schema] = {
        subject: about,
        Test.IS.value: plain,
        Test.NOT.value: plain,
        Test.IN.value: form.listed(plain),
        Test.PRESENT.value: form.flag(),
        Test.MATCHES.value: form.text(),
        Test.EXPR.value: form.text(),
    }
    names = [subject, *(test.value for test in Test)]
    needed: Schema = {"required": [subject]}
    shape = form.keys(explained(names, shapes, say.CONDITION))
    return {**shape, **form.either(needed, {"required": [Test.EXPR.value]})}


def _picklists(fields: Sequence[Field]) -> Schema:
    """For a rule on a field with choices: what its table may hold on the record's side, where that is written."""
    inwards: Schema = {"properties": {"direction": {"const": "in"}}, "required": ["direction"]}
    tables: list[Schema] = [
        {
            "if": {
                "properties": {"field": {"const": one.name}},
                "required": ["field", "values"],
                "not": inwards,
            },
            "then": {"properties": {"values": {"additionalProperties": _record_values(one)}}},
        }
        for one in fields
        if one.choices
    ]
    return {"allOf": tables} if tables else {}


def _record_values(one: Field | None) -> Schema:
    """The record's side of a table row: a value, a list of them, or ``{read: …}``.

    Where the system refuses other values, what is written has to be a choice; what is only read may be gone by now.
    """
    plain: Schema = {"type": SCALAR}
    if one is None or not one.choices:
        return form.either(
            plain, form.listed(plain), form.keys({"read": form.either(plain, form.listed(plain))}, required=("read",))
        )
    spelt: list[Any] = [spelling for word in one.choices for spelling in _spellings(word)]
    named: Schema = {"enum": spelt}
    written = named if one.restricted else form.either(named, plain)
    several: Schema = {"type": "array", "minItems": 1, "items": [written], "additionalItems": form.either(named, plain)}
    read = form.either(named, plain, form.listed(form.either(named, plain)))
    return form.either(written, several, form.keys({"read": read}, required=("read",)))


def _spellings(word: str) -> list[Any]:
    """A choice as text and, where it looks like a number or a truth value, as YAML reads it without quotes."""
    plain = plain_scalar(word)
    return [word] if isinstance(plain, str) or plain is None else [word, plain]


def rule_for(spec: FieldSpec | None) -> Schema:
    """The rule of one canonical field: its choices are the names of its table's rows."""
    if spec is None or not spec.choices:
        return {"allOf": [{"$ref": "#/definitions/rule"}]}
    rows: Schema = {"properties": {word: {} for word in spec.choices}, "propertyNames": {"enum": list(spec.choices)}}
    default: Schema = {"properties": {"default": {"enum": list(spec.choices)}}}
    return {"allOf": [{"$ref": "#/definitions/rule"}, {"properties": {"values": rows, "unknown": default}}]}
