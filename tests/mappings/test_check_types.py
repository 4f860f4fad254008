"""A rule and its field have to go together: what the field shows must make the canonical value, and back."""

from __future__ import annotations

import pytest

from connectors.contract import Field, FieldType
from mappings.compile import load
from model.entities import schemas

SCHEMAS = schemas()
FIELDS = [
    *(Field(name=kind.value, type=kind) for kind in FieldType if kind is not FieldType.CHOICE),
    Field(name="choice", type=FieldType.CHOICE, choices=("Y", "N"), restricted=True),
    Field(name="sex", type=FieldType.CHOICE, choices=("female", "male", "other"), restricted=True),
    Field(name="any", type=FieldType.CHOICE, choices=("female", "male", "diverse")),
    Field(name="company", type=FieldType.REFERENCE, references=("Account", "Contact")),
    Field(name="LastName", label="Family name"),
    Field(name="box", type=FieldType.OBJECT),
    Field(name="box.city"),
    Field(name="box.zip"),
]


def found(rule: str, entity: str = "contact", head: str = "create: in") -> list[tuple[str, str]]:
    given = "defaults: {canonical: {name: N}}\n" if entity in ("account", "opportunity") else ""
    text = f"connection: crm\nstream: Contact\nentity: {entity}\n{head}\n{given}rules:\n  {rule}\n"
    notes = load(text, "crm.yaml", SCHEMAS, FIELDS)[1]
    return [(one.code, one.severity.value) for one in notes if one.severity.value != "note"]


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        ("birth_date: integer", "error"),
        ("birth_date: datetime", "warning"),
        ("birth_date: boolean", "error"),
        ("birth_date: {field: date, transform: {date: eu}}", "error"),
        ("active: date", "error"),
        ("active: choice", "error"),
        ("given_name: boolean", "error"),
        ("given_name: set", "error"),
        ("given_name: object", "error"),
        ("gender: boolean", "error"),
        ("tags: {field: text, list: set}", "error"),
        ("tags: {field: integer, list: set}", "error"),
        ("account: {field: boolean, reference: Account}", "error"),
        ('"phones[work]": {field: date, transform: phone}', "error"),
        ("given_name: {field: integer, transform: {prefix: A}}", "warning"),
        ("birth_date: {field: boolean, direction: out}", "error"),
        ("active: {field: date, direction: out}", "error"),
    ],
)
def test_a_field_from_which_the_value_cannot_be_made_is_said(rule, severity):
    assert found(rule) == [("type-mismatch", severity)]


@pytest.mark.parametrize(
    "rule",
    [
        "birth_date: date",
        "birth_date: text",
        "birth_date: {field: datetime, transform: day}",
        "birth_date: {field: integer, transform: [epoch, day]}",
        "birth_date: {field: integer, transform: [{text: integer}, {date: compact}]}",
        "active: boolean",
        "active: integer",
        "active: {field: choice, transform: {boolean: {true: Y, false: N}}}",
        "given_name: integer",
        "given_name: {field: set, transform: first}",
        "given_name: {field: boolean, transform: {text: boolean}}",
        "gender: {field: boolean, values: {female: true, male: false, other: true, undisclosed: true}}",
        "gender: text",
        "tags: set",
        'tags: {field: text, list: set, separator: ";"}',
        "account: {field: company, reference: Account}",
        "account: {field: integer, reference: {stream: Account, number: true}}",
        '"phones[work]": {field: integer, transform: {phone: DE}}',
        '"addresses[home].postal_code": decimal',
    ],
)
def test_a_field_that_fits_is_let_through(rule):
    rule = "tags: {field: set, list: set}" if rule == "tags: set" else rule
    assert found(rule) == []


def test_moments_and_amounts_have_fields_that_fit_and_fields_that_do_not():
    assert found("close_date: date", "opportunity") == []
    assert found("annual_revenue: {field: decimal, transform: {money: EUR}}", "account") == []
    assert found("annual_revenue: {field: date, transform: {money: EUR}}", "account") == [("type-mismatch", "error")]
    assert found("starts_at: integer", "activity", "create: none") == [("type-mismatch", "error")]
    assert found("starts_at: {field: integer, transform: epoch}", "activity", "create: none") == []


def test_choices_of_both_sides_are_compared_where_no_table_translates_them():
    assert found("gender: sex") == [("options-unmapped", "warning")]  # undisclosed cannot be written
    assert found("gender: {field: sex, direction: in}") == []
    assert found("gender: {field: any, direction: in}") == [("options-unmapped", "warning")]
    assert found("gender: {field: any, direction: out}") == []  # it takes others, too


def test_a_reference_into_records_the_field_does_not_point_to_is_said():
    assert found("account: {field: company, reference: Lead}") == [("wrong-stream", "warning")]


def hint(rule: str) -> str | None:
    text = f"connection: crm\nstream: Contact\nentity: contact\ncreate: in\nrules:\n  {rule}\n"
    (one,) = [one for one in load(text, "crm.yaml", SCHEMAS, FIELDS)[1] if one.severity.value == "error"]
    assert one.code == "unknown-field"
    return one.hint


def test_fields_are_found_by_the_label_on_the_screen_and_inside_objects():
    assert hint("family_name: Family name") == "did you mean 'LastName'? On the screen it is 'Family name'"
    assert hint("family_name: family name") == "did you mean 'LastName'? On the screen it is 'Family name'"
    assert hint("family_name: Lastname") == "did you mean 'LastName'?"
    assert hint('"addresses[home].city": box.xyz') == "box has: city, zip"
    assert hint("family_name: Xyzzy") is None


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ('"Email "', "padded"),
        ("“Email”", "look-alike"),
        ("Еmail", "look-alike"),
        ("First\u00a0Name", "look-alike"),
        ("E\u200bmail", "look-alike"),
        ("Имя", None),
        ("Straße", None),
        ("名前", None),
        ("First Name", None),
    ],
)
def test_names_that_hold_what_was_hardly_meant_are_said_where_the_fields_are_not_known(field, code):
    text = f"connection: crm\nstream: Contact\nentity: contact\nrules:\n  family_name: {field}\n"
    notes = load(text, "crm.yaml", SCHEMAS)[1]
    assert [(one.code, one.severity.value, one.line, one.column) for one in notes] == (
        [(code, "warning", 5, 16)] if code else []
    )


def said_of(expression: str, fields: list[Field] | None = FIELDS, where: str = "") -> list[tuple[str, int | None]]:
    rule = f"  nickname: {{expr: '{expression}'}}\n" if not where else "  nickname: text\n"
    head = f"filter: {{in: [{{expr: '{expression}'}}]}}\n" if where else ""
    text = f"connection: crm\nstream: Contact\nentity: contact\n{head}rules:\n  family_name: LastName\n{rule}"
    notes = load(text, "crm.yaml", SCHEMAS, fields)[1]
    return [(one.message, one.column) for one in notes if one.code == "type-mismatch"]


@pytest.mark.parametrize(
    ("expression", "message", "place"),
    [
        ("src.text + 1", "+ does not take text and a whole number: text is text", 9),
        ("src.integer + 1.5", "+ does not take a whole number and a number with a fraction", 12),
        ("src.integer + src.text", "integer is a whole number, text is text", 12),
        ("src.box.city + 1", "box.city is text", 13),
        ("!src.date", "date is a day, as text", 0),
        ('src.boolean == "Y"', "boolean is true or false", 12),
        ("src.datetime > 20260101", "a moment, as text", 13),
        ("has(src.text) ? src.text + 1 : 2", "+ does not take text", 25),
        ("src.text == null ? 0 : src.text + 1", "+ does not take text", 32),
        ("src.choice > 3 || src.text.size() > 3", "choice is text, text is text", 11),
    ],
)
def test_what_an_expression_does_is_held_against_the_types_of_fields(expression, message, place):
    ((found_message, column),) = said_of(expression)
    assert message in found_message
    assert column == len("  nickname: {expr: '") + place + 1
    assert said_of(expression, fields=None) == []


def test_a_condition_is_held_against_the_types_of_fields_too():
    ((message, _),) = said_of("src.text > 3", where="filter")
    assert message == "> does not take text and a whole number: text is text"


@pytest.mark.parametrize(
    "expression",
    [
        "src.text + src.choice",
        "int(src.text) + 1",
        "has(src.text) && src.text == null ? 0 : src.integer + 1",
        "src.boolean ? src.text : src.integer",
        "[src.text, src.integer].size()",
        "[1] + [src.text]",
        "src.decimal + 1",
        "src.reference + 1",
        'src.?text.orValue("") + "a"',
        "blank(src.text) ? text(src.integer) : lower(src.text)",
        "timestamp(src.datetime) > timestamp(src.date)",
        "src.list.map(x, x + 1)",
        "src.box.city + src.box.zip",
        "src.boolean && !src.boolean",
    ],
)
def test_what_runs_is_not_warned_of(expression):
    assert said_of(expression) == []
