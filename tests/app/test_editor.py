"""JSON Schemas for editors: an independent validator takes what we ship, and finds a typo where it stands."""

import ast
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest
from jsonschema import Draft7Validator
from pydantic import BeforeValidator, field_validator, model_validator

import mappings.reading.parse
import mappings.reading.rules
from connectors.contract import Connector, Field, FieldType, Settings, Stream
from mappings.reading.examples import KEYS as EXAMPLE_KEYS
from mappings.reading.parse import KEYS, parse_mapping
from mappings.reading.reader import read_yaml
from mappings.transforms.base import OptionError
from mappings.transforms.registry import build, entry_of, names, option_names
from model.custom import custom_fields
from model.entities import schemas
from model.fields import FieldSpec, Kind
from syncline.editor import words
from syncline.editor.config import config_schema
from syncline.editor.export import annotate, file_name, installed
from syncline.editor.mapping import Known, mapping_schema
from syncline.editor.rules import KEYS as RULE_KEYS
from syncline.editor.rules import REFERENCE_KEYS
from syncline.editor.transforms import OPTION_WORDS
from syncline.settings import load_project

ROOT = Path(__file__).parents[2]
LIBRARY = sorted((ROOT / "mappings/library").rglob("*.yaml"))
SCHEMAS = schemas()

FIELDS = (
    Field(name="Email", label="E-mail", max_length=80),
    Field(name="FirstName"),
    Field(name="Address", type=FieldType.OBJECT),
    Field(name="Home.City"),
    Field(name="Home"),
    Field(name="a.b"),
    Field(name="Status", type=FieldType.CHOICE, choices=("New", "Won", "1"), restricted=True),
    Field(name="Rating", type=FieldType.CHOICE, choices=("Hot", "Cold")),
    Field(name="Id", creatable=False, updatable=False),
)
KNOWN = Known(
    connections=("crm",), stream="Contact", streams=("Account", "Contact"), fields=FIELDS, schema=SCHEMAS["contact"]
)


def validator(schema):
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def complaints(schema, text):
    """Where an editor would draw a line: the innermost places of all complaints."""
    data, _, said = read_yaml(text, "m.yaml")
    assert said == []
    return {
        ".".join(map(str, one.absolute_path)) for error in validator(schema).iter_errors(data) for one in leaves(error)
    }


def leaves(error):
    return [leaf for one in error.context for leaf in leaves(one)] if error.context else [error]


def mapping(rules, top=""):
    lines = "\n".join(f"  {line}" for line in rules.splitlines())
    return f"connection: crm\nstream: Contact\nentity: contact\n{top}\nrules:\n{lines}\n"


# what is shipped


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_shipped_mapping_fits_the_schema_of_its_entity_and_the_one_of_any(path):
    data, _, said = read_yaml(path.read_text(encoding="utf-8"), path.name)
    assert said == []
    of_entity = Known(connections=(data["connection"],), stream=data["stream"], schema=SCHEMAS[data["entity"]])
    for known in (Known(), of_entity):
        assert list(validator(mapping_schema(known)).iter_errors(data)) == []


def test_the_example_configuration_fits_its_schema():
    data, _, _ = read_yaml((ROOT / "config.example.yaml").read_text(encoding="utf-8"), "config.example.yaml")
    own = {name: custom_fields(name, entity.get("fields"))[0] for name, entity in data["entities"].items()}
    assert any(own.values())
    schema = config_schema(installed(), list(data["connections"]), data["connections"], schemas(own))
    assert list(validator(schema).iter_errors(data)) == []


# mistakes in mappings


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ("given_name: FirstNam", "rules.given_name"),
        ("given_name: {field: FirstNam}", "rules.given_name.field"),
        ("given_name: {fild: FirstName}", "rules.given_name"),
        ("given_nam: FirstName", "rules"),
        ('"emails[work].x": Email', "rules"),
        ("given_name: {field: FirstName, transform: trimm}", "rules.given_name.transform"),
        (
            "given_name: {field: FirstName, transform: [trim, {phone: {stile: e164}}]}",
            "rules.given_name.transform.1.phone",
        ),
        ("given_name: {field: FirstName, transform: {phone: {style: e165}}}", "rules.given_name.transform.phone.style"),
        (
            "given_name: {field: FirstName, transform: {phone: {region_field: Lnd}}}",
            "rules.given_name.transform.phone.region_field",
        ),
        ("given_name: {field: FirstName, transform: prefix}", "rules.given_name.transform"),
        ("given_name: {field: FirstName, strength: forced}", "rules.given_name.strength"),
        ("given_name: {field: FirstName, blank: {in: never}}", "rules.given_name.blank.in"),
        ("given_name: {field: FirstName, max_length: long}", "rules.given_name.max_length"),
        ("given_name: {field: FirstName, loses: [cases]}", "rules.given_name.loses.0"),
        ("given_name: {field: FirstName, list: sets}", "rules.given_name.list"),
        ("given_name: {field: FirstName, lifecycle: alive}", "rules.given_name.lifecycle"),
        ("given_name:", "rules.given_name"),
        ("account: {field: Id, reference: Acount}", "rules.account.reference"),
        ("account: {field: Id, reference: {stream: Account, numbr: true}}", "rules.account.reference"),
        ("lifecycle: {field: Status, values: {custmer: Won}}", "rules.lifecycle.values"),
        ("lifecycle: {field: Status, values: {customer: Wonn}}", "rules.lifecycle.values.customer"),
        ("lifecycle: {field: Status, values: {customer: [Wonn, Won]}}", "rules.lifecycle.values.customer.0"),
        ("lifecycle: {field: Status, values: {lead: New}, unknown: {defalt: other}}", "rules.lifecycle.unknown"),
        (
            "lifecycle: {field: Status, values: {lead: New}, unknown: {default: othr}}",
            "rules.lifecycle.unknown.default",
        ),
        (
            "tags: {field: Email, list: set}\nemails: {field: Email, each: {kee: id, value: address}}",
            "rules.emails.each",
        ),
    ],
)
def test_a_mistake_in_a_rule_is_found_where_it_stands(rules, place):
    assert place in complaints(mapping_schema(KNOWN), mapping(rules))


@pytest.mark.parametrize(
    ("top", "place"),
    [
        ("direction: bth", "direction"),
        ("descripton: x", ""),
        ("lifecycle: alive", "lifecycle"),
        ("match: {strong: [email]}", "match.strong.0"),
        ("match: {strong: [[family_name, givenname]]}", "match.strong.0.1"),
        ("match: {scored: {weights: {familyname: 3}, blocks: [family_name]}}", "match.scored.weights"),
        ("match: {scored: {weights: {family_name: 0}, blocks: [family_name]}}", "match.scored.weights.family_name"),
        ("match: {scored: {weights: {family_name: 3}}}", "match.scored"),
        ("delete: {in: revew}", "delete.in"),
        ("create: all", "create"),
        ("filter: {in: [{field: Stats, is: New}]}", "filter.in.0.field"),
        ("filter: {in: [{field: Status, equals: New}]}", "filter.in.0"),
        ("filter: {out: [{path: emals, present: true}]}", "filter.out.0.path"),
        ("filter: {out: [{path: family_name, present: some}]}", "filter.out.0.present"),
        ("defaults: {record: {Statuss: New}}", "defaults.record"),
        ("defaults: {canonical: {activ: true}}", "defaults.canonical"),
        ("update: outt", "update"),
        ("owns: [emails, phone]", "owns.1"),
        ("extends: [1]", "extends.0"),
        ("examples: [{name: x, recrd: {}}]", "examples.0"),
        ("examples: [{name: x, canonical: {given_nam: A}}]", "examples.0.canonical"),
        ("examples: [{name: x, record: {}, skipped: maybe}]", "examples.0.skipped"),
    ],
)
def test_a_mistake_beside_the_rules_is_found_where_it_stands(top, place):
    assert place in complaints(mapping_schema(KNOWN), mapping("given_name: FirstName", top))


@pytest.mark.parametrize(
    "rules",
    [
        "given_name: {field: Address.first.0}",
        "given_name: {field: Home.City}",
        "given_name: {field: 'a\\.b'}",
        "given_name: {field: [a.b]}",
        "given_name: {constant: Ada}",
        "given_name: {field: FirstName, placeholder: '-', default: none, empty: keep, blank: {in: ignore}}",
        "given_name: {field: FirstName, transform: [trim, {prefix: 'x'}, {phone: DE}, {email: }]}",
        '"full_name, given_name, family_name": {field: FirstName, transform: full_name}',
        "active: {field: Rating, values: {true: Hot, false: [Cold, Frozen]}}",
        "lifecycle: {field: Status, values: {customer: [Won, Sold], lead: 1, other: {read: Lost}}, unknown: collect}",
        "lifecycle: {field: Status, values: {customer: Gone}, direction: in}",
        "lifecycle: {field: Rating, values: {customer: Boiling}, unknown: {default: other}}",
        "description: {fields: [FirstName, Email], transform: {join: ', '}, loses: lines}",
        "account: {field: Id, reference: {stream: Account, number: true, starts: '001'}}",
        '"addresses[any key].city": {field: Home.City, direction: in, strength: if_empty}',
        "emails: {field: Address, each: {key: kind, value: {field: mail, transform: email}}}",
        "addresses: {field: Address, each: {key: [k.k], rules: {city: town, country: {field: c, transform: country}}}}",
        "tags: {field: Email, list: set, separator: ';'}",
    ],
)
def test_what_the_language_allows_the_schema_allows(rules):
    text = mapping(rules)
    _, said = parse_mapping(text, "m.yaml")
    assert [str(one) for one in said if one.severity == "error"] == []
    for known in (KNOWN, Known(schema=SCHEMAS["contact"]), Known()):
        assert complaints(mapping_schema(known), text) == set()


def test_a_list_of_which_nothing_is_left_may_stay():
    text = mapping("given_name: {field: FirstName, transform: [], loses: []}", "owns: []\nexamples: []")
    _, said = parse_mapping(text, "m.yaml")
    assert said == []
    assert complaints(mapping_schema(KNOWN), text) == set()
    assert (
        complaints(CONFIG, PLAIN.replace("syncline: 1", "syncline: 1\nschedules: [{name: n, select: [], every: 1h}]"))
        == set()
    )
    assert complaints(mapping_schema(KNOWN), "extends: x\nrules: {}\n") == set()
    assert "rules" in complaints(
        mapping_schema(KNOWN), "connection: crm\nstream: Contact\nentity: contact\nrules: {}\n"
    )


def test_a_file_that_extends_another_says_only_what_is_different():
    text = "extends: shared/shop\nconnection: crm\nmatch: null\nrules: {tags: null, given_name: FirstName}\n"
    assert complaints(mapping_schema(KNOWN), text) == set()
    assert "rules.tags" in complaints(mapping_schema(KNOWN), text.replace("extends: shared/shop\n", ""))
    assert "rules.given_name" in complaints(mapping_schema(KNOWN), text.replace("FirstName", "FirstNam"))


def test_a_custom_field_is_as_good_as_another():
    spec = FieldSpec(template="memberships[]", kind=Kind.TEXT, custom=True)
    tier = FieldSpec(template="tier", kind=Kind.CHOICE, choices=("gold", "silver"), custom=True)
    own = schemas({"contact": {"memberships[]": spec, "tier": tier}})["contact"]
    text = mapping('"memberships[club]": FirstName\ntier: {field: Status, values: {gold: Won}}')
    assert complaints(mapping_schema(Known(schema=own)), text) == set()
    assert complaints(mapping_schema(Known(schema=SCHEMAS["contact"])), text) == {"rules"}


def test_the_schema_says_what_is_known_of_a_field_and_of_a_path():
    schema = mapping_schema(KNOWN)
    (named, *_) = schema["definitions"]["field"]["anyOf"]
    said = dict(zip(named["enum"], named["enumDescriptions"], strict=True))
    assert said["Email"] == "E-mail: text, at most 80"
    assert said["Id"] == "text, read-only"
    assert "Choices: New, Won, 1" in said["Status"]
    rules = schema["properties"]["rules"]["properties"]
    assert "Birth date (date, sensitive)" in rules["birth_date"]["description"]
    assert {"emails[work]", "addresses[billing].city", "addresses", "lifecycle"} <= rules.keys()


# nothing is forgotten


def sections(module):
    """The keys that the parser knows inside a section: the tuples it hands to `Node` and `section`."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call):
            for argument in node.args:
                if isinstance(argument, ast.Tuple) and all(isinstance(one, ast.Constant) for one in argument.elts):
                    yield from (one.value for one in argument.elts if isinstance(one.value, str))


def every_key(shape):
    if isinstance(shape, dict):
        if isinstance(named := shape.get("properties"), dict):  # which may also be what a setting is called
            yield from named
        for one in shape.values():
            yield from every_key(one)
    elif isinstance(shape, list):
        for one in shape:
            yield from every_key(one)


def test_every_key_that_the_parser_takes_is_in_the_schema_and_explained():
    schema = mapping_schema(KNOWN)
    assert set(schema["properties"]) == set(KEYS)
    assert set(schema["definitions"]["ruleKeys"]["properties"]) == set(RULE_KEYS)
    silent = [key for key in KEYS if key not in words.MAPPING]
    silent += [key for key in RULE_KEYS if key not in words.RULE]
    silent += [key for key in EXAMPLE_KEYS if key not in words.EXAMPLE]
    silent += [key for key in REFERENCE_KEYS if key not in words.REFERENCE]
    assert silent == [], "say in syncline/editor/words.py what these are for"
    known = set(every_key(schema))
    in_sections = {*sections(mappings.reading.parse), *sections(mappings.reading.rules)}
    assert {"weights", "one_to_one", "canonical", "key"} <= in_sections, "the parser is read as it is written"
    assert in_sections - known - {"rules", "value"} == set()


def test_every_transform_and_option_of_the_registry_is_in_the_schema_and_explained():
    (bare, with_options), _ = (one.get("anyOf", one) for one in TRANSFORM["anyOf"])
    entries = {name: entry_of(name) for name in names()}
    assert set(with_options["properties"]) == set(entries)
    assert set(bare["enum"]) == {name for name, entry in entries.items() if not entry.needs_main}
    for name, entry in entries.items():
        shapes = json.dumps(with_options["properties"][name], ensure_ascii=False)
        assert all(f'"{option}"' in shapes for option in option_names(entry)), name
        assert all(json.dumps(said, ensure_ascii=False) in shapes for said in entry.options.values()), name


TRANSFORM = mapping_schema(KNOWN)["definitions"]["transform"]


@pytest.mark.parametrize(("name", "option"), OPTION_WORDS)
def test_options_take_the_words_that_an_editor_offers_and_no_others(name, option):
    needed = {"national": {"region": "DE"}}
    for word in OPTION_WORDS[name, option]:
        given = {option: word, **needed.get(word, {}), **({"currency": "EUR"} if name == "money" else {})}
        build(name, given)
    with pytest.raises(OptionError) as error:
        build(name, {option: "nonsense", **({"currency": "EUR"} if name == "money" else {})})
    assert all(word in error.value.message for word in OPTION_WORDS[name, option])


def test_every_section_of_the_configuration_that_is_read_is_in_its_schema():
    known = set(every_key(CONFIG))
    for module in ("settings", "policies", "schedules"):
        tree = ast.parse((ROOT / "syncline" / f"{module}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "known":
                literal = [one for one in node.args if isinstance(one, ast.Set | ast.Tuple)]
                assert {one.value for part in literal for one in part.elts} <= known


# config.yaml

CONFIG = config_schema(installed(), ["erp", "files", "crm", "shop"], ["crm", "shop"], SCHEMAS)
PLAIN = """
syncline: 1
connections:
  crm: {connector: sql, url: "${env:URL}", streams: {people: {table: people, key: id}}}
"""


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("syncline: 1", "syncline: 2", "syncline"),
        ("syncline: 1\n", "", ""),
        ("syncline: 1", "syncline: 1\nstatus: x", ""),
        ("connector: sql", "connector: sqll", "connections.crm.connector"),
        ("connector: sql, ", "", "connections.crm"),
        ("  crm:", "  CRM:", "connections"),
        ("key: id", "kee: id, key: id", "connections.crm.streams.people"),
        ("key: id", "key: id, writable: maybe", "connections.crm.streams.people.writable"),
        ("key: id", "key: id, batch: 0", "connections.crm.streams.people.batch"),
        ("key: id", "key: id, key_from: database2", "connections.crm.streams.people.key_from"),
        (", key: id", "", "connections.crm.streams.people"),
        ("syncline: 1", "syncline: 1\nschedules: [{name: n, evry: 1h}]", "schedules.0"),
        ("syncline: 1", "syncline: 1\nschedules: [{name: n, select: crmm, every: 1h}]", "schedules.0.select"),
        ("syncline: 1", "syncline: 1\nbrakes: {crm: {creat: {count: 1}}}", "brakes.crm"),
        ("syncline: 1", "syncline: 1\nbrakes: {crn: {create: {count: 1}}}", "brakes"),
        ("syncline: 1", "syncline: 1\nbrakes: {crm: {create: {share: 2}}}", "brakes.crm.create.share"),
        ("syncline: 1", "syncline: 1\nentities: {person: {}}", "entities"),
        (
            "syncline: 1",
            "syncline: 1\nentities: {contact: {fields: {x: {type: txt}}}}",
            "entities.contact.fields.x.type",
        ),
        (
            "syncline: 1",
            "syncline: 1\nentities: {contact: {survivorship: {tags: newest}}}",
            "entities.contact.survivorship.tags",
        ),
        (
            "syncline: 1",
            "syncline: 1\nentities: {contact: {survivorship: {tags: {rule: authority, order: [crn]}}}}",
            "entities.contact.survivorship.tags.order.0",
        ),
        (
            "syncline: 1",
            "syncline: 1\nentities: {contact: {survivorship: {job_titel: latest}}}",
            "entities.contact.survivorship",
        ),
        ("syncline: 1", "syncline: 1\nentities: {contact: {fields: {Tier: text}}}", "entities.contact.fields"),
        (
            "syncline: 1",
            "syncline: 1\nentities: {contact: {fields: {x: {type: choice, choices: [1]}}}}",
            "entities.contact.fields.x.choices.0",
        ),
    ],
)
def test_a_mistake_in_the_configuration_is_found_where_it_stands(before, after, place):
    assert before in PLAIN
    assert complaints(CONFIG, PLAIN) == set()
    assert place in complaints(CONFIG, PLAIN.replace(before, after))


@pytest.mark.parametrize(
    "name",
    [
        *("default", "tags", '"emails[*]"', '"emails[]"', '"emails[work]"'),
        *('"addresses[billing]"', '"addresses[*].city"', '"consents[email:marketing].status"'),
    ],
)
def test_whatever_survivorship_can_decide_its_schema_takes(name, write):
    text = PLAIN.replace("syncline: 1", f"syncline: 1\nentities: {{contact: {{survivorship: {{{name}: latest}}}}}}")
    assert complaints(CONFIG, text) == set()
    _, found = load_project(write({"config.yaml": text}), environment={"URL": "sqlite:///x.db"}, with_mappings=False)
    assert [str(one) for one in found] == []


def test_any_value_may_be_given_by_reference():
    text = PLAIN.replace("key: id", 'key: id, batch: "${env:BATCH}", writable: "${env:W}", key_from: "${file:k}"')
    assert complaints(CONFIG, text) == set()


def test_settings_read_in_more_forms_than_their_types_tell_are_left_to_check():
    class Part(Settings):
        deep: int

    class Own(Settings):
        words: list[str]
        part: Part
        parts: tuple[Part, ...] = ()

        @field_validator("words", mode="before")
        @classmethod
        def _split(cls, value):
            return value.split() if isinstance(value, str) else value

    class Own_(Connector[Own]):  # noqa: N801 (never registered)
        name = "own"
        Settings = Own
        streams = (Stream(name="s"),)

    schema = config_schema({"own": Own_}, [], [], SCHEMAS)
    text = "syncline: 1\nconnections:\n  a: {connector: own, words: a b, part: {deep: 1}, parts: [{deep: 2}]}\n"
    assert complaints(schema, text) == set()
    assert "connections.a.part.deep" in complaints(schema, text.replace("{deep: 1}", "{deep: x}"))
    assert "connections.a.parts.0.deep" in complaints(schema, text.replace("{deep: 2}", "{deep: x}"))


class Tree(Settings):
    size: int
    below: "tuple[Tree, ...]" = ()


class Odd(Settings):
    """Settings that JSON Schema has no words for, or that are read before their types are looked at."""

    tree: Tree
    test: Callable[[int], bool] | None = None
    days: Annotated[int, BeforeValidator(int)] = 1
    one: int = 1
    two: int = 2

    @field_validator("*", mode="before")
    @classmethod
    def _plain(cls, value):
        return value


class Shorthand(Settings):
    size: int

    @model_validator(mode="before")
    @classmethod
    def _sized(cls, value):
        return {"size": value} if isinstance(value, int) else value


class Holder(Settings):
    tree: Tree
    part: Shorthand
    days: Annotated[int, BeforeValidator(int)] = 1


class Unfinished(Settings):
    part: "Nowhere"  # noqa: F821 (that is what is tested)


@pytest.mark.parametrize(
    ("settings", "given", "place"),
    [
        (Unfinished, "part: 3", None),
        (Odd, "tree: {size: x}, one: x, days: '7', test: 5", None),
        (Odd, "tree: {size: 1}, thre: 3", "connections.a"),
        (Holder, "tree: {size: 1, below: [{size: 2, below: [{size: x}]}]}, part: 3, days: '7'", None),
        (Holder, "tree: {size: x}, part: 3", "connections.a.tree.size"),
    ],
)
def test_settings_of_any_make_have_a_schema_that_is_no_stricter_than_they_are(settings, given, place):
    class Acme(Connector[settings]):
        name = "acme"
        Settings = settings
        streams = (Stream(name="s"),)

    schema = config_schema({"acme": Acme}, [], [], SCHEMAS)
    found = complaints(schema, f"syncline: 1\nconnections:\n  a: {{connector: acme, {given}}}\n")
    assert found == ({place} if place else set())


# the command


def exported(folder):
    return {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in (folder / ".syncline/schemas").glob("*.json")
    }


def test_export_writes_a_schema_for_every_mapping_from_the_lock(cli, starter):
    cli("connections", "discover", "crm", "--lock")
    rows = cli("schema", "export", "--json").json
    assert [(Path(row["file"]).name, row["schema"], row["fields"]) for row in rows] == [
        ("crm_people.yaml", "crm.people.contact.json", 9),
        ("shop_customers.yaml", "shop.customers.contact.json", 0),
        ("config.yaml", "config.json", None),
    ]
    found = exported(starter)
    for row in rows:
        data, _, _ = read_yaml(Path(row["file"]).read_text(encoding="utf-8"), "x")
        assert list(validator(found[row["schema"]]).iter_errors(data)) == []
    text = (
        (starter / "mappings/crm_people.yaml")
        .read_text(encoding="utf-8")
        .replace("job_title: job_title", "job_title: job_titel")
    )
    assert complaints(found["crm.people.contact.json"], text) == {"rules.job_title"}


def test_export_asks_the_systems_where_it_is_told_to(cli, starter):
    cli("schema", "export", "--online")
    (named, *_) = exported(starter)["shop.customers.contact.json"]["definitions"]["field"]["anyOf"]
    assert "first_name" in named["enum"]


def test_a_system_that_cannot_be_asked_is_named_and_the_schemas_stay_as_they_were(cli, starter):
    cli("schema", "export")
    before = exported(starter)
    (starter / "data/crm.db").write_bytes(b"no database at all, and longer than any header of one could be" * 20)
    assert cli("schema", "export", "--online", code=1).err.startswith("crm: ")
    assert exported(starter) == before


def test_what_is_wrong_in_the_configuration_keeps_nothing_else_from_its_schema(cli, starter):
    cli("connections", "discover", "crm", "--lock")
    config = starter / "config.yaml"
    whole = config.read_text(encoding="utf-8")
    config.write_text(whole.replace("connector: files", "connector: filez").replace("brakes:", "breaks:"), "utf-8")
    said = cli("schema", "export", "--json")
    assert "shop: without its fields" in said.err
    rows = {Path(row["file"]).name: (row["schema"], row["fields"]) for row in said.json}
    assert rows["crm_people.yaml"] == ("crm.people.contact.json", 9)
    assert rows["shop_customers.yaml"] == ("contact.json", None)
    text = (starter / "mappings/shop_customers.yaml").read_text(encoding="utf-8")
    assert complaints(exported(starter)["contact.json"], text) == set(), "a connection that is written down is right"
    assert "contact.json" in exported(starter)


def test_a_mapping_that_is_wrong_gets_its_schema_all_the_same(cli, starter):
    cli("connections", "discover", "crm", "--lock")
    path = starter / "mappings/crm_people.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("given_name: {", "gven_name: {"), encoding="utf-8")
    (starter / "mappings/new.yaml").write_text("connection: nowhere\nentity: lead\n", encoding="utf-8")
    (starter / "mappings/newer.yaml").write_text("", encoding="utf-8")
    rows = {Path(row["file"]).name: row["schema"] for row in cli("schema", "export", "--json").json}
    assert rows["crm_people.yaml"] == "crm.people.contact.json"
    assert rows["new.yaml"] == "lead.json"
    assert rows["newer.yaml"] == "mapping.json"


def test_what_a_mapping_ties_together_may_stand_in_the_file_it_extends(cli, starter):
    path = starter / "mappings/crm_people.yaml"
    (starter / "mappings/shared").mkdir()
    path.rename(starter / "mappings/shared/people.yaml")
    for rules in ("{job_title: null}", "{job_titel: null, nonsense: x}"):
        path.write_text(f"extends: shared/people\nrules: {rules}\n", encoding="utf-8")
        (row,) = (row for row in cli("schema", "export", "--json").json if row["file"] == str(path))
        assert row["schema"] == "crm.people.contact.json"


BASE = """stream: people
entity: contact
rules:
  given_name: given_name
  job_title: job_title
"""


@pytest.fixture
def extending(cli, starter):
    """Two mappings that extend one file, below a folder in a folder."""
    cli("connections", "discover", "crm", "--lock")
    (starter / "mappings/crm_people.yaml").unlink()
    base = starter / "mappings/shared/all of them/people.yaml"
    base.parent.mkdir(parents=True)
    base.write_text(BASE, encoding="utf-8")
    for name, entity in (("crm_people", "contact"), ("crm_leads", "lead")):
        text = f"extends: shared/all of them/people\nconnection: crm\nentity: {entity}\n"
        (starter / f"mappings/{name}.yaml").write_text(text, encoding="utf-8")
    return base


def test_a_file_that_mappings_extend_gets_a_schema_with_their_fields_that_asks_for_nothing(cli, starter, extending):
    rows = {Path(row["file"]).name: row for row in cli("schema", "export", "--json").json}
    row = rows["people.yaml"]
    assert row["fields"] == 9
    schema = exported(starter)[row["schema"]]
    assert complaints(schema, BASE) == set()
    assert complaints(schema, "rules: {company: given_name}\n") == set(), "it may be of either entity"
    assert complaints(schema, BASE.replace("job_title: job_title", "job_title: job_titel")) == {"rules.job_title"}
    assert complaints(schema, BASE.replace("stream: people", "stream: poeple")) == {"stream"}
    (starter / "mappings/crm_leads.yaml").unlink()
    cli("schema", "export")
    assert complaints(exported(starter)[row["schema"]], "rules: {company: given_name}\n") == {"rules"}


def test_any_field_will_do_in_a_file_that_is_extended_for_a_stream_nobody_knows_the_fields_of(cli, starter, extending):
    text = "extends: shared/all of them/people\nconnection: shop\nstream: customers\nentity: contact\n"
    (starter / "mappings/shop_customers.yaml").write_text(text, encoding="utf-8")
    rows = {Path(row["file"]).name: row for row in cli("schema", "export", "--json").json}
    schema = exported(starter)[rows["people.yaml"]["schema"]]
    assert complaints(schema, BASE.replace("job_title: job_title", "job_title: anything")) == set()
    assert complaints(schema, BASE.replace("stream: people", "stream: customers")) == set()


def test_a_file_below_the_mappings_that_nothing_extends_is_known_by_what_it_says(cli, starter):
    base = starter / "mappings/shared/people.yaml"
    base.parent.mkdir()
    (starter / "mappings/.old").mkdir()
    (starter / "mappings/.old/gone.yaml").write_text(BASE, encoding="utf-8")
    cli("connections", "discover", "crm", "--lock")
    for text, mistaken in ((f"connection: crm\n{BASE}", {"rules.job_title"}), (BASE, set()), ("", set())):
        base.write_text(text, encoding="utf-8")
        rows = {Path(row["file"]).name: row for row in cli("schema", "export", "--json").json}
        assert "gone.yaml" not in rows
        schema = exported(starter)[rows["people.yaml"]["schema"]]
        wrong = BASE.replace("job_title: job_title", "job_title: job_titel")
        assert complaints(schema, wrong) == mistaken


def test_annotate_names_the_schema_of_what_is_extended_from_where_it_lies(cli, extending):
    cli("schema", "export", "--annotate")
    first, _, rest = extending.read_text(encoding="utf-8").partition("\n")
    schema = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)[1]
    assert (extending.parent / schema).resolve().is_file()
    assert rest == BASE


def test_a_line_whose_schema_is_gone_is_renewed_and_any_other_is_left_alone(cli, starter):
    cli("schema", "export", "--annotate")
    config, mapping = starter / "config.yaml", starter / "mappings/crm_people.yaml"
    own = starter / "own.json"
    own.write_text("{}", encoding="utf-8")
    config.write_text(config.read_text(encoding="utf-8").replace(".syncline/schemas/config.json", "own.json"))
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace("crm.people.contact.json", "crm.persons.contact.json"), encoding="utf-8")
    before = config.read_bytes()
    cli("schema", "export", "--annotate")
    assert mapping.read_text(encoding="utf-8") == text
    assert config.read_bytes() == before


def test_a_schedule_may_select_all_that_check_lets_it_select(cli, starter):
    cli("schema", "export")
    config = (starter / "config.yaml").read_text(encoding="utf-8")
    schema = exported(starter)["config.json"]
    for name in ("crm", "contact", "crm_people", "crm.people", "crm.people:contact"):
        text = re.sub(r"select: .*", f"select: {name}", config) if "select:" in config else config
        text = f"{config}  - {{name: other, every: 1h, select: '{name}'}}\n"
        assert complaints(schema, text) == set(), name
        (starter / "config.yaml").write_text(text, encoding="utf-8")
        cli("check")


def test_what_is_wrong_with_a_lock_is_said_and_the_schemas_are_written_all_the_same(cli, starter):
    cli("connections", "discover", "crm", "--lock")
    lock = starter / "schemas/crm.yaml"
    lock.write_text(lock.read_text(encoding="utf-8").replace("format: 1", "format: 7"), encoding="utf-8")
    said = cli("schema", "export", "--json")
    assert "format 1" in said.err
    assert {row["fields"] for row in said.json} == {0, None}


def test_a_mapping_that_cannot_be_read_keeps_no_other_from_its_schema(cli, starter):
    (starter / "mappings/old.yaml").mkdir()
    (starter / ".syncline/schemas/old.json").mkdir(parents=True)
    rows = {Path(row["file"]).name: row for row in cli("schema", "export", "--annotate", "--json").json}
    assert rows["old.yaml"]["schema"] == "mapping.json"
    assert rows["old.yaml"]["annotated"] is False
    assert rows["crm_people.yaml"]["annotated"] is True
    cli("schema", "export")


def test_a_folder_that_cannot_be_written_is_named(cli, starter):
    (starter / "taken").write_text("", encoding="utf-8")
    said = cli("schema", "export", "--folder", str(starter / "taken"), code=1)
    assert "taken cannot be written" in said.err


def test_a_path_that_no_editor_could_follow_is_refused_before_anything_is_written(cli, starter):
    before = (starter / "config.yaml").read_bytes()
    said = cli("schema", "export", "--annotate", "--folder", str(starter / "my schemas"), code=2)
    assert "spaces" in said.err
    assert (starter / "config.yaml").read_bytes() == before
    assert not (starter / "my schemas").exists()
    cli("schema", "export", "--folder", str(starter / "my schemas"))


def test_annotate_writes_what_a_link_leads_to(tmp_path):
    path, schema = tmp_path / "real/m.yaml", tmp_path / "s.json"
    path.parent.mkdir()
    path.write_text("a: 1\n", encoding="utf-8")
    (tmp_path / "m.yaml").symlink_to(path)
    assert annotate(tmp_path / "m.yaml", schema)
    assert (tmp_path / "m.yaml").is_symlink()
    assert path.read_text(encoding="utf-8") == "# yaml-language-server: $schema=s.json\na: 1\n"


def test_what_belongs_to_nothing_any_more_is_removed_and_what_is_not_ours_stays(cli, starter):
    cli("schema", "export")
    own = starter / ".syncline/schemas/own.json"
    own.write_text("{}", encoding="utf-8")
    (starter / "mappings/crm_people.yaml").unlink()
    cli("schema", "export")
    assert "crm.people.contact.json" not in exported(starter)
    assert own.exists()


def test_annotate_adds_one_line_once_and_changes_nothing_else(cli, starter):
    before = {path: path.read_bytes() for path in [starter / "config.yaml", *(starter / "mappings").iterdir()]}
    versions = {one["name"]: one["version"] for one in cli("mappings", "list", "--json").json}
    cli("schema", "export", "--annotate")
    cli("schema", "export", "--annotate")
    for path, text in before.items():
        first, _, rest = path.read_bytes().partition(b"\n")
        assert rest == text
        schema = re.fullmatch(r"# yaml-language-server: \$schema=(.*)", first.decode())[1]
        assert (path.parent / schema).resolve().is_file()
    assert {one["name"]: one["version"] for one in cli("mappings", "list", "--json").json} == versions


def test_a_new_mapping_comes_with_its_schema(cli, starter):
    (starter / "mappings/crm_people.yaml").unlink()
    cli("new", "mapping", "crm", "people", "contact")
    first, *_ = (starter / "mappings/crm_people.yaml").read_text(encoding="utf-8").splitlines()
    assert first == "# yaml-language-server: $schema=../.syncline/schemas/crm.people.contact.json"
    (named, *_) = exported(starter)["crm.people.contact.json"]["definitions"]["field"]["anyOf"]
    assert "job_title" in named["enum"]
    cli("check")


def test_annotate_keeps_line_ends_marks_and_files_it_cannot_read(tmp_path):
    path, schema = tmp_path / "m.yaml", tmp_path / "s.json"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert annotate(path, schema)
    assert path.read_bytes() == b"\xef\xbb\xbf# yaml-language-server: $schema=s.json\r\na: 1\r\nb: 2\r\n"
    path.write_bytes(b"\xff\xfe\x00")
    assert not annotate(path, schema)
    assert path.read_bytes() == b"\xff\xfe\x00"


def test_a_stream_of_any_name_gets_a_file_name_of_its_own():
    assert file_name("crm", "Contact", "contact") == "crm.Contact.contact.json"
    names = {
        file_name("erp", stream, "contact") for stream in ("dbo.Kunden/2", "dbo_Kunden_2", "dbo Kunden 2", "ÄÖ", "..")
    }
    assert len(names) == 5
    assert all(re.fullmatch(r"erp\.[A-Za-z0-9_-]+\.contact\.json", name) for name in names)
