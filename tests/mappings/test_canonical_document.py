"""The page about canonical fields says what the model says, and its examples are values that a hub would hold."""

from __future__ import annotations

from pathlib import Path

import pytest

import mappings.compile
from mappings.checking.item_keys import BY_USE, CHANNELS, USES
from mappings.compile import load
from mappings.telling.canonical import lists_of, markdown, told
from mappings.transforms.registry import of_kind
from model.entities import schemas
from model.fields import Kind
from model.item_keys import ITEM_KEYS

PAGE = Path(mappings.compile.__file__).parents[1] / "docs" / "fields.md"
SCHEMAS = schemas()
FIELDS = [(name, one) for name, schema in SCHEMAS.items() for one in told(schema)]


def test_the_page_is_the_model_s_own():
    assert PAGE.read_text(encoding="utf-8") == markdown(), "python -m mappings.telling.canonical > docs/fields.md"


def test_every_field_of_every_entity_is_told_once():
    assert [(name, one.spec) for name, one in FIELDS] == [
        (name, spec) for name, schema in SCHEMAS.items() for spec in schema.fields.values()
    ]


@pytest.mark.parametrize(("entity", "one"), FIELDS, ids=lambda value: getattr(value, "path", value))
def test_every_field_has_an_example_that_is_a_value_of_it(entity, one):
    spec, example = one.spec, one.example
    if spec.kind is Kind.REFERENCE:
        assert example is None
    elif spec.kind is Kind.SET:
        assert example == sorted(set(example))
    else:
        assert of_kind(spec).forward(example) == example
    if spec.max_length is not None:
        assert len(example) <= spec.max_length


def test_every_keyed_list_has_keys_that_a_check_finds_usual():
    for schema in SCHEMAS.values():
        assert all(keys for _, keys in lists_of(schema)), schema.name
    for name, keys in ITEM_KEYS.items():
        leaf = {"addresses": ".city", "consents": ".status"}.get(name, "")
        rules = "".join(f'  "{name}[{key}]{leaf}": {{field: F{at}}}\n' for at, key in enumerate(keys))
        if name != "lines":
            found = load(
                f"connection: a\nstream: b\nentity: contact\ncreate: none\nrules:\n{rules}", "f.yaml", SCHEMAS
            )[1]
            assert [one for one in found if one.code in ("unusual-key", "unknown-path")] == []


def test_what_a_check_takes_for_usual_is_on_the_page():
    assert {key for name in BY_USE for key in ITEM_KEYS[name]} == {*USES, "main"}
    assert {key.partition(":")[0] for key in ITEM_KEYS["consents"]} <= set(CHANNELS)


def test_a_path_that_is_like_no_field_leads_to_the_list_of_fields():
    text = f"connection: a\nstream: b\nentity: contact\ncreate: none\nrules:\n  {'q' * 300}: F\n"
    [found] = load(text, "f.yaml", SCHEMAS)[1]
    assert (found.code, found.hint) == ("unknown-path", "`syncline mappings fields contact` lists them")
