"""A mapping is run over schemas before it is run over data."""

from __future__ import annotations

import pytest

from connectors.contract import Field, FieldType
from mappings.compile import load
from model.diagnostics import Diagnostic, Severity
from model.entities import schemas

SCHEMAS = schemas()
HEAD = "connection: crm\nstream: Contact\nentity: {}\n"


def found(rules: str, entity: str = "contact", fields: list[Field] | None = None, head: str = "") -> list[Diagnostic]:
    return load(f"{HEAD.format(entity)}{head}rules:\n{rules}", "crm.yaml", SCHEMAS, fields)[1]


def errors(*args: object, **kwargs: object) -> list[tuple[str, str | None]]:
    return [(one.code, one.hint) for one in found(*args, **kwargs) if one.severity.value == "error"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "code", "hint"),
    [
        ("  emails: Email\n", "unknown-path", "it is a list by key: emails[work]"),
        ('  "email[work]": Email\n', "unknown-path", "did you mean 'emails[work]'?"),
        ('  "emails[*]": Email\n', "unknown-path", None),
        ('  "addresses[home].cty": City\n', "unknown-path", "did you mean 'addresses[home].city'?"),
        ("  account: AccountId\n", "kind-mismatch", "reference: <the stream that holds the account>"),
        ("  given_name: {field: A, reference: B}\n", "kind-mismatch", None),
        ("  tags: Tags\n", "kind-mismatch", "list: set"),
        ("  given_name: {field: A, list: set}\n", "kind-mismatch", "leave list out"),
        ("  birth_date: {field: A, transform: datetime}\n", "kind-mismatch", None),
        ("  given_name: {field: A, transform: boolean}\n", "kind-mismatch", None),
        ("  gender: {field: A, values: {mal: M}}\n", "unknown-option", "did you mean 'male'?"),
        ("  gender: {field: A, values: {male: M}, unknown: {default: man}}\n", "unknown-option", None),
        ("  gender: {constant: mail}\n", "bad-constant", "one of: female, male, other, undisclosed"),
        ("  given_name: A\n  nickname: A\n", "two-rules", "give one of them the direction in"),
        ("  given_name: A\n  nickname: A.b\n", "two-rules", "give one of them the direction in"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_model_is_an_error(rules: str, code: str, hint: str | None) -> None:
    (one,) = errors(rules)
    assert one[0] == code
    assert hint is None or one[1] == hint


def test_money_needs_its_currency() -> None:
    assert ("kind-mismatch", "transform: {money: EUR}, or a currency_field") in errors(
        "  name: N\n  amount: A\n", "opportunity"
    )


def test_a_list_and_an_item_of_it_do_not_both_fill_the_same() -> None:
    rules = "  number: N\n  lines: {field: L, each: {key: id, rules: {sku: sku}}}\n  'lines[1].sku': X\n"
    assert [code for code, _ in errors(rules, "order")] == ["two-rules"]


def test_matching_by_what_is_not_read_is_said() -> None:
    head = 'match: {strong: ["emails[*]", [famly_name]]}\n'
    notes = found("  given_name: A\n", head=head)
    assert [(one.code, one.severity.value, one.line) for one in notes] == [
        ("match-unread", "warning", 4),
        ("unknown-path", "error", 4),
    ]


def test_an_entity_that_could_not_be_founded_is_said() -> None:
    assert [one.code for one in found("  website: W\n", "account")] == ["required-unmapped"]
    assert found("  website: W\n", "account", head="create: out\n") == []
    assert found("  website: W\n", "account", head="defaults: {canonical: {name: Unknown}}\n") == []


FIELDS = [
    Field(name="Id", creatable=False, updatable=False),
    Field(name="FirstName", max_length=40),
    Field(name="LastName", required=True, max_length=80),
    Field(name="Name", creatable=False, updatable=False),
    Field(name="Birthdate", type=FieldType.DATE, updatable=False),
    Field(name="Sex", type=FieldType.CHOICE, choices=("M", "F", "X"), restricted=True),
    Field(name="Secret", readable=False),
    Field(name="address", type=FieldType.OBJECT),
    Field(name="box.a"),
]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("family_name: LastNme", ("unknown-field", "did you mean 'LastName'?")),
        ("family_name: firstname", ("unknown-field", "did you mean 'FirstName'?")),
        ("family_name: box.b", ("unknown-field", "did you mean 'box.a'?")),
        ("full_name: Name", ("read-only", "direction: in")),
        ("birth_date: Birthdate", ("read-only", "strength: create_only")),
        ("given_name: {field: FirstName, max_length: 60}", ("too-long", "max_length: 40")),
        ("gender: {field: Sex, values: {male: M, female: F, other: Y}}", ("unknown-option", None)),
        ("nickname: Secret", ("not-readable", "direction: out")),
    ],
)
def test_what_the_stream_does_not_have_or_allow_is_an_error(rule: str, expected: tuple[str, str | None]) -> None:
    assert errors(f"  {rule}\n", fields=FIELDS, head="create: in\n") == [expected]


def test_fields_inside_an_object_that_was_not_described_are_let_through() -> None:
    assert errors("  given_name: address.name\n", fields=FIELDS, head="create: in\n") == []


def test_a_picklist_value_that_would_be_parked_is_said() -> None:
    rule = "  gender: {field: Sex, values: {male: M, female: F}, direction: in}\n"
    (one,) = [one for one in found(rule, fields=FIELDS) if one.code == "options-unmapped"]
    assert one.message == "Sex also knows X: such a value would be parked"


def test_an_old_option_that_is_only_read_may_be_missing_from_the_choices() -> None:
    said = [
        (one.code, one.severity.value)
        for one in found("  gender: {field: Sex, values: {male: [M, Herr]}}\n", fields=FIELDS)
    ]
    assert ("unknown-option", "warning") in said
    assert "error" not in dict(said).values()
    assert ("unknown-option", None) in errors("  gender: {field: Sex, values: {male: [Herr, M]}}\n", fields=FIELDS)
    only_read = "  gender: {field: Sex, values: {male: [Herr, M]}, direction: in}\n"
    assert errors(only_read, fields=FIELDS) == []


def warnings(rules: str, head: str = "") -> list[tuple[str, str | None]]:
    notes = found(rules, fields=FIELDS, head=head)
    return [(one.code, one.path) for one in notes if one.severity.value == "warning"]


def test_what_a_create_lacks_is_said() -> None:
    assert warnings("  given_name: FirstName\n") == [("required-unmapped", "LastName")]
    assert warnings("  given_name: FirstName\n", "create: in\n") == []
    noted = found("  family_name: LastName\n", fields=FIELDS)
    assert [one.code for one in noted if one.code == "required-blank"] == ["required-blank"]
    filled = found('  family_name: {field: LastName, placeholder: "?"}\n', fields=FIELDS)
    assert [one.code for one in filled if one.code == "required-blank"] == []


def test_a_field_that_is_only_looked_at_need_not_be_written():
    phone = '  "phones[work]": {field: FirstName, transform: {phone: {region_field: Name}}}\n'
    assert errors(phone, fields=FIELDS, head="create: in\n") == []
    asked = phone.replace("region_field: Name", "region_field: Secret")
    assert errors(asked, fields=FIELDS, head="create: in\n") == [("not-readable", "direction: out")]


def test_a_field_that_is_written_beside_another_is_written():
    fields = [Field(name="Title"), Field(name="Total", type=FieldType.DECIMAL), Field(name="Currency", required=True)]
    rules = "  name: Title\n  amount: {field: Total, transform: {money: {currency_field: Currency}}}\n"
    assert [one.code for one in found(rules, "opportunity", fields)] == ["required-blank"]
    fields[2] = Field(name="Currency", creatable=False, updatable=False)
    assert errors(rules, "opportunity", fields) == [("read-only", "direction: in")]


def test_a_required_field_that_a_default_of_the_record_fills_is_never_blank():
    fields = [Field(name="Name", required=True)]
    assert [one.code for one in found("  family_name: Name\n", fields=fields)] == ["required-blank"]
    filled = "defaults: {record: {Name: unknown}}\n"
    assert found("  family_name: Name\n", fields=fields, head=filled) == []


def test_of_two_rules_for_a_required_field_the_one_that_writes_it_counts():
    fields = [Field(name="Name", required=True)]
    rules = '  nickname: {field: Name, direction: in}\n  family_name: {field: Name, placeholder: "?"}\n'
    assert found(rules, fields=fields) == []


@pytest.mark.parametrize(
    ("rule", "column", "part"),
    [
        ("account: {fields: [A, B], transform: join, reference: Account}", 21, "one field"),
        ("account: {field: A, reference: Account, placeholder: none}", 56, "read as the key of a record"),
    ],
)
def test_a_reference_is_the_key_in_one_field(rule: str, column: int, part: str) -> None:
    (one,) = found(f"  {rule}\n")
    assert (one.code, one.line, one.column) == ("bad-rule", 5, column)
    assert part in one.message


def test_a_rule_of_several_paths_that_goes_nowhere_is_said_too():
    template = 'transform: {template: "{given_name:word} {family_name}"}'
    rule = f'  "given_name, family_name": {{field: N, direction: out, {template}}}\n'
    assert [(one.code, one.line, one.column) for one in found(rule, head="direction: in\n")] == [("no-direction", 6, 3)]


def test_keep_on_a_field_of_choices_is_said_where_it_stands() -> None:
    rule = "  lifecycle: {field: S, values: {lead: New}, unknown: keep}\n"
    (one,) = (one for one in found(rule) if one.code == "keeps-nothing")
    assert (one.file, one.line, one.column) == ("crm.yaml", 5, 55)
    assert one.severity is Severity.WARNING
    for other in (
        rule.replace("keep", "park"),
        rule.replace("keep", "collect"),
        rule.replace("keep}", "keep, direction: out}"),
        rule.replace("lifecycle", "job_title"),
    ):
        assert "keeps-nothing" not in {one.code for one in found(other)}
