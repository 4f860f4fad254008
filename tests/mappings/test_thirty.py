"""A file with thirty different mistakes yields thirty right diagnostics in one run: no more, no fewer, in place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.contract import Field, FieldType
from mappings.compile import load
from model.diagnostics import Diagnostic, Severity
from model.entities import schemas

SCHEMAS = schemas()
MISTAKES = Path(__file__).parent / "mistakes"
FIELDS = [
    Field(name="Id", creatable=False, updatable=False),
    Field(name="FirstName"),
    Field(name="MiddleName", label="Middle Name"),
    Field(name="LastName", max_length=80),
    Field(name="Name", creatable=False, updatable=False),
    Field(name="Nick"),
    Field(name="Suffix"),
    Field(name="Status"),
    Field(name="Title", max_length=128),
    Field(name="Points", type=FieldType.INTEGER),
    Field(name="Tags", type=FieldType.SET),
    Field(name="Keywords"),
    Field(name="Sex", type=FieldType.CHOICE, choices=("M", "F"), restricted=True),
    Field(name="Secret", readable=False),
    Field(name="AccountId", type=FieldType.REFERENCE, references=("Account",)),
    Field(name="Email"),
    Field(name="Phone"),
    Field(name="Web"),
    Field(name="Email2"),
    Field(name="Mobile"),
    Field(name="Birthdate", type=FieldType.DATE),
    Field(name="Department"),
    Field(name="Language"),
    Field(name="Notes"),
]


ORDER_FIELD_NAMES = """OrderNo Name CustomerId CompanyId Total Tax Discount Date Shipped Paid State Currency Items
Title Note PO Status"""
ORDER_FIELDS = [Field(name=name) for name in ORDER_FIELD_NAMES.split()]


def found(name: str) -> list[Diagnostic]:
    fields = ORDER_FIELDS if name == "orders.yaml" else FIELDS
    mapping, notes = load((MISTAKES / name).read_text(encoding="utf-8"), name, SCHEMAS, fields)
    assert mapping is None
    return [one for one in notes if one.severity is not Severity.NOTE]


# Line, column, code, and a part of the message and hint.
THIRTY = [
    (2, 10, "bad-name", "letters, digits"),
    (3, 1, "unknown-key", "'connection'"),
    (5, 9, "unknown-entity", "'contact'"),
    (6, 12, "unknown-choice", "in, out, both"),
    (9, 39, "unknown-path", "'birth_date'"),
    (9, 52, "not-a-path", "'Family'"),
    (11, 28, "not-in-range", "a weight is a number"),
    (13, 15, "not-boolean", "yes and no are text"),
    (14, 9, "unknown-choice", "in, out, both, none"),
    (15, 9, "not-a-mapping", "delete must hold keys and values"),
    (18, 7, "bad-condition", "exactly one of"),
    (19, 15, "unknown-field", "'Status'"),
    (21, 3, "unknown-path", "'given_name'"),
    (22, 16, "unknown-field", "'LastName'"),
    (23, 24, "unknown-field", "'MiddleName'? On the screen"),
    (24, 38, "bad-transform", "'trim'"),
    (25, 46, "bad-transform", "prefix needs text"),
    (26, 23, "type-mismatch", "transform: [epoch, day]"),
    (27, 19, "type-mismatch", "Tags is a set"),
    (28, 33, "unknown-option", "'male'"),
    (28, 59, "unknown-option", "choices of Sex"),
    (29, 41, "too-long", "max_length: 128"),
    (30, 22, "read-only", "direction: in"),
    (31, 23, "not-readable", "direction: out"),
    (32, 3, "kind-mismatch", "reference: <the stream"),
    (33, 38, "bad-rule", "separator goes with list: set"),
    (34, 3, "unknown-path", "emails[work]"),
    (35, 49, "unknown-key", "'strength'"),
    (36, 23, "bad-rule", "a constant or a field"),
    (37, 3, "two-rules", "direction in"),
]
SLIPS = [
    (3, 14, "yaml-syntax", "holds a colon"),
    (5, 1, "unknown-key", "'stream'"),
    (6, 9, "unknown-entity", "'contact'"),
    (7, 12, "unknown-choice", "'both'"),
    (8, 12, "unknown-choice", "proposed, live, deprecated"),
    (10, 11, "not-a-list", "list of paths"),
    (11, 15, "not-boolean", "without quotes"),
    (12, 9, "unknown-choice", "in, out, both, none"),
    (14, 7, "not-a-list", "list of conditions"),
    (15, 9, "never-closed", "a } is missing"),
    (17, 23, "bad-constant", "boolean"),
    (19, 1, "tab", "spaces"),
    (19, 2, "not-a-mapping", "defaults.record must hold names and values"),
    (21, 13, "missing-space", "behind the colon"),
    (22, 3, "yaml-syntax", "with : instead of ="),
    (23, 16, "unknown-field", "'MiddleName'?"),
    (24, 3, "never-closed", "close it before the colon"),
    (25, 3, "not-a-path", "'emails[home]'"),
    (26, 17, "never-closed", "a } is missing"),
    (27, 36, "yaml-syntax", "a comma is missing"),
    (28, 5, "bad-indentation", "indented"),
    (29, 2, "bad-indentation", "2 spaces"),
    (30, 3, "duplicate-key", "first in line 21"),
    (31, 55, "bad-transform", "'eu'"),
    (32, 32, "not-a-mapping", "values is a table"),
    (33, 3, "not-a-path", "cyrillic small letter o"),
    (34, 15, "yaml-syntax", "cannot begin with @"),
    (35, 13, "unknown-field", "'Language'?"),
    (36, 12, "bad-rule", "a rule is the name of a field"),
    (37, 43, "not-in-range", "without quotes"),
]


ORDERS = [
    (4, 9, "not-text", "stream must be text, and is a list"),
    (6, 12, "unknown-choice", "in, out, both; not a list"),
    (8, 3, "unknown-key", "'strong'"),
    (9, 9, "unknown-choice", "not keys and values"),
    (10, 14, "unknown-choice", "delete.in is one of: ignore, delete, review; not 'remove'"),
    (13, 7, "not-a-mapping", "a condition holds keys and values, and is text"),
    (14, 22, "unknown-key", "field, is, not, in, present, matches"),
    (15, 27, "not-a-list", "in: [A, B]"),
    (16, 8, "unknown-key", "'path'"),
    (18, 12, "unknown-key", "did you mean 'field'?"),
    (19, 3, "unknown-path", "there are, among others: "),
    (20, 44, "unknown-key", "stream, number, starts"),
    (21, 42, "not-text", "reference must be text"),
    (22, 36, "bad-transform", "{money: EUR}"),
    (23, 33, "bad-transform", "{money: EUR}"),
    (24, 50, "bad-transform", "ISO 4217"),
    (25, 37, "unknown-choice", "enforce, on_change, if_empty, create_only; not 'always'"),
    (26, 47, "bad-transform", "%d.%m.%Y"),
    (27, 49, "bad-transform", "years have four digits: %Y"),
    (28, 48, "bad-rule", "'paid' must stand for a plain value"),
    (28, 83, "bad-rule", "unknown: {default: lead}"),
    (29, 56, "unknown-option", "partly_delivered, delivered"),
    (30, 40, "bad-rule", "default is a plain value"),
    (31, 32, "unknown-key", "key, rules, value"),
    (32, 3, "unknown-path", "there is each"),
    (33, 23, "bad-constant", "is text and cannot have this value"),
    (34, 31, "unknown-key", "did you mean 'in'?"),
    (35, 39, "unknown-choice", "case, space, format"),
    (37, 3, "unknown-key", "record, canonical"),
    (38, 15, "unknown-path", "'channel'"),
]
FILES = [("thirty.yaml", THIRTY), ("slips.yaml", SLIPS), ("orders.yaml", ORDERS)]


@pytest.mark.parametrize(("name", "expected"), FILES)
def test_thirty_mistakes_are_thirty_diagnostics_in_their_places(name, expected):
    notes = found(name)
    assert [(one.line, one.column, one.code) for one in notes] == [row[:3] for row in expected]
    for one, (*_, part) in zip(notes, expected, strict=True):
        assert part in str(one), part
        assert one.severity is Severity.ERROR


@pytest.mark.parametrize("name", [name for name, _ in FILES])
def test_every_diagnostic_stands_in_a_line_that_is_marked_as_wrong(name):
    lines = (MISTAKES / name).read_text(encoding="utf-8").splitlines()
    marked = [
        number
        for number, line in enumerate(lines, 1)
        for _ in re.findall(r"(?<=[#;] )\d+(?= )|(?<=and )\d+(?= )", line)
    ]
    assert [one.line for one in found(name)] == marked


GOOD = (MISTAKES / "people.yaml").read_text(encoding="utf-8")


def said(text: str) -> list[Diagnostic]:
    return [one for one in load(text, "people.yaml", SCHEMAS, FIELDS)[1] if one.severity is not Severity.NOTE]


def test_the_mapping_that_slips_are_made_in_is_right():
    assert said(GOOD) == []


ONE = [
    ("mapping: people", "maping: people", "unknown-key", 1),
    ("People in the CRM", "People: in the CRM", "yaml-syntax", 2),
    ("People in the CRM", "'People' in the CRM", "yaml-syntax", 2),
    ("People in the CRM", "'People in the CRM", "never-closed", 2),
    ("People in the CRM", '"C:\\people"', "yaml-syntax", 2),
    ("People in the CRM", "%people", "yaml-syntax", 2),
    ("People in the CRM", "!people", "yaml-tag", 2),
    ("People in the CRM", "*people", "yaml-alias", 2),
    ("People in the CRM", "> people", "yaml-syntax", 2),
    ("connection: crm", "connection:crm", "missing-space", 3),
    ("connection: crm", "connection : crm", None, 3),
    ("connection: crm", "connection:\tcrm", "tab", 3),
    ("connection: crm", "conection: crm", "unknown-key", 3),
    ("connection: crm\n", "", "missing-key", 1),
    ("connection: crm", "connection:", "missing-key", 3),
    ("connection: crm", "connection: 7", "not-text", 3),
    ("connection: crm", "connection: [crm]", "not-text", 3),
    ("stream: Contact", "stream = Contact", "yaml-syntax", 4),
    ("stream: Contact", "- stream: Contact", "bad-indentation", 4),
    ("stream: Contact", "  stream: Contact", "bad-indentation", 4),
    ("entity: contact", "entity: customer", "unknown-entity", 5),
    ("entity: contact", "Entity: contact", "unknown-key", 5),
    ("direction: both", "direction: two-way", "unknown-choice", 6),
    ("match:", "match", "yaml-syntax", 7),
    ('strong: ["emails[*]",', "strong: [emails[*],", "yaml-syntax", 8),
    ('strong: ["emails[*]",', 'strong: ["emails[*],', "never-closed", 8),
    ("given_name]]", "given_name]", "never-closed", 8),
    ("given_name]]", "given_name]]]", "yaml-syntax", 8),
    ("given_name]]", "forename]]", "unknown-path", 8),
    ("create: both", "create: true", "unknown-choice", 9),
    ("filter:", "filters:", "unknown-key", 10),
    ("[{field: Status, not: Archived}]", "{field: Status, not: Archived}", "not-a-list", 11),
    ("[{field: Status, not: Archived}]", "[{field: Status not: Archived}]", "yaml-syntax", 11),
    ("[{field: Status, not: Archived}]", "[{field: Status, isnt: Archived}]", "unknown-key", 11),
    ("rules:", "rule:", "unknown-key", 12),
    ("rules:", "rules", "yaml-syntax", 12),
    ("  given_name: FirstName", "\tgiven_name: FirstName", "tab", 13),
    ("  given_name: FirstName", "   given_name: FirstName", "bad-indentation", 13),
    ("  given_name: FirstName", "  given_name:FirstName", "missing-space", 13),
    ("  given_name: FirstName", "  given_name FirstName", "yaml-syntax", 13),
    ("  given_name: FirstName", "  - given_name: FirstName", "bad-indentation", 13),
    ("  given_name: FirstName", "  given-name: FirstName", "not-a-path", 13),
    ("  given_name: FirstName", "  Given_name: FirstName", "not-a-path", 13),
    ("  given_name: FirstName", "  given_name: “FirstName”", "unknown-field", 13),
    ("  given_name: FirstName", "  given_name: firstname", "unknown-field", 13),
    ("  given_name: FirstName", "  given_name: [FirstName, LastName]", "bad-rule", 13),
    ("  given_name: FirstName", "  given_name:", "bad-rule", 13),
    ("  given_name: FirstName", "  given_name: 17", "bad-rule", 13),
    ("  given_name: FirstName", "  given_name: {fields: [1, 2], transform: join}", "not-a-field", 13),
    ("{field: LastName,", "{field: LastName", "yaml-syntax", 14),
    ("max_length: 80}", "max_length: 80", "never-closed", 14),
    ("max_length: 80}", "max_length: 80}}", "yaml-syntax", 14),
    ("max_length: 80}", "max_length: eighty}", "not-in-range", 14),
    ("transform: trim", "transform: Trim", "bad-transform", 14),
    ("transform: trim", "transform: {trim: yes}", "bad-transform", 14),
    ("transform: trim", "transfrom: trim", "unknown-key", 14),
    ("transform: trim", "transform: boolean", "kind-mismatch", 14),
    ('  "emails[work]": {', "  emails[work]: {", None, 15),
    ('  "emails[work]": {', '  "emails[work]: {', "never-closed", 15),
    ('  "emails[work]": {', '  "emails.work": {', "not-a-path", 15),
    ('  "emails[work]": {', '  "email[work]": {', "unknown-path", 15),
    ("loses: [case]", "loses: [Case]", "unknown-choice", 15),
    ('"phones[work]": Phone', '"phones[work]": Email', "two-rules", 16),
    ('"phones[work]": Phone', '"emails[work]": Phone', "duplicate-key", 16),
    ("    field: Sex", "  field: Sex", "bad-indentation", 18),
    ("values: {male: M,", "values: {men: M,", "unknown-option", 19),
    ("values: {male: M,", "values: {male: H,", "unknown-option", 19),
    ("    unknown: {default: other}", "   unknown: {default: other}", "bad-indentation", 20),
    ("    unknown: {default: other}", "    unknown: maybe", "unknown-choice", 20),
    ("list: set", "list: yes", "unknown-choice", 21),
    (', separator: ";"', "", "type-mismatch", 21),
    ("reference: Account", "references: Account", "unknown-key", 22),
    (", reference: Account", "", "kind-mismatch", 22),
    ("reference: Account", "reference: Company", "wrong-stream", 22),
    ("record: {Title: Other}", "record: {Titel: Other}", "unknown-field", 24),
    ("canonical: {active: true}", "canonical: {active: yes}", "bad-constant", 25),
]


@pytest.mark.parametrize(("right", "wrong", "code", "line"), ONE)
def test_one_slip_is_one_diagnostic_in_its_line(right, wrong, code, line):
    assert GOOD.count(right) == 1
    notes = said(GOOD.replace(right, wrong))
    assert [(one.code, one.line) for one in notes] == ([(code, line)] if code else [])
