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
