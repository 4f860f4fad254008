"""A mapping file is read as a whole: everything that is wrong is said at once, with its place and what to do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.compile import load
from mappings.contract import Blank, Direction, OnDelete, Strength
from mappings.language import Lifecycle, Unknown, field_path, field_text
from mappings.reading.parse import KEYS, parse_mapping
from mappings.reading.rules import KEYS as RULE_KEYS
from mappings.transforms.registry import TRANSFORMS
from model.diagnostics import Diagnostic
from model.entities import schemas

SCHEMAS = schemas()
HEAD = "connection: crm\nstream: Contact\nentity: contact\n"


def found(rules: str, head: str = HEAD) -> list[Diagnostic]:
    return load(f"{head}rules:\n{rules}", "crm.yaml", SCHEMAS)[1]


def codes(rules: str, head: str = HEAD) -> list[str]:
    return [one.code for one in found(rules, head)]


def test_everything_the_language_has_is_read() -> None:
    mapping, notes = parse_mapping(
        """
mapping: crm
description: people
connection: crm
stream: Contact
entity: contact
direction: both
lifecycle: proposed
match:
  strong: ["emails[*]", [family_name, birth_date]]
  scored: {weights: {family_name: 3}, blocks: [[family_name]], link: 0.9, dispute: 0.7}
  one_to_one: false
create: in
delete: {in: delete, out: review}
filter:
  in: [{field: Status, is: Active}]
  out: [{path: "emails[work]", present: true}]
rules:
  given_name: FirstName
  family_name:
    {field: LastName, transform: [trim, upper], max_length: 80, default: "-", strength: if_empty, blank: {in: ignore}}
  "emails[work]": {field: address.email, empty: keep, loses: [case, space], direction: out}
  account: {field: [a.b, c], reference: {stream: Account, number: true}}
  gender: {field: Sex, values: {male: [M, m], female: F}, unknown: {default: other}}
  tags: {field: tags, list: set, separator: ;}
defaults: {record: {LeadSource: Other}, canonical: {lifecycle: lead}}
""",
        "crm.yaml",
    )
    assert notes == []
    assert mapping is not None
    assert (mapping.lifecycle, mapping.create_in, mapping.create_out) == (Lifecycle.PROPOSED, True, False)
    assert (mapping.on_delete_in, mapping.on_delete_out) == (OnDelete.DELETE, OnDelete.REVIEW)
    assert [rule.paths for rule in mapping.match.strong] == [("emails[*]",), ("family_name", "birth_date")]
    assert mapping.match.scored is not None
    assert (mapping.match.scored.link_at, mapping.match.one_to_one) == (0.9, False)
    _, family, email, account, gender, tags = mapping.rules
    assert [step.name for step in family.transforms] == ["trim", "upper"]
    assert (family.max_length, family.default, family.strength) == (80, "-", Strength.IF_EMPTY)
    assert (family.blank_in, family.blank_out) == (Blank.IGNORE, Blank.CLEAR)
    assert (email.field, email.empty_kept, email.direction) == (("address", "email"), True, Direction.OUT)
    assert account.field == ("a.b", "c")
    assert account.reference is not None
    assert account.reference.number
    assert gender.table is not None
    assert (gender.table.rows[0], gender.table.unknown) == (("male", ("M", "m")), Unknown.DEFAULT)
    assert (tags.is_set, tags.separator) == (True, ";")
    assert mapping.record_defaults == {"LeadSource": "Other"}


def test_all_problems_of_a_file_are_said_at_once_in_their_order() -> None:
    text = """conection: crm
stream: Contact
entity: contact
direction: sideways
rules:
  givn_name: FirstName
  "emails[work]": {field: Email, transform: emial}
  "phones[mobile]": {field: Mobile, transform: {phone: {regoin: US}}}
  birth_date: {feild: Birthdate}
"""
    mapping, notes = load(text, "crm.yaml", SCHEMAS)
    assert mapping is None
    assert [(one.line, one.code, one.hint) for one in notes] == [
        (1, "unknown-key", "did you mean 'connection'?"),
        (4, "unknown-choice", None),
        (6, "unknown-path", "did you mean 'given_name'?"),
        (7, "bad-transform", "did you mean 'email'?"),
        (8, "bad-transform", "did you mean 'region'?"),
        (9, "unknown-key", "did you mean 'field'?"),
    ]
    assert str(notes[3]).startswith("crm.yaml:7:45 contact.emails[work]: there is no transform 'emial'")


def test_an_unknown_entity_is_met_with_those_there_are() -> None:
    (one,) = found("  given_name: A\n", HEAD.replace("contact", "contacts"))
    assert (one.code, one.line, one.hint) == ("unknown-entity", 3, "did you mean 'contact'?")


def test_a_one_way_transform_makes_its_rule_one_way_and_that_is_said() -> None:
    mapping, notes = load(f"{HEAD}rules:\n  nickname: {{field: names, transform: first}}\n", "crm.yaml", SCHEMAS)
    assert [(one.code, one.severity.value) for one in notes] == [("one-way", "note")]
    assert mapping is not None
    assert mapping.covers("nickname")
    assert not mapping.pushes("nickname")


@pytest.mark.parametrize("rule", ["{field: names, transform: first}", "{expr: src.names}"])
def test_that_a_rule_only_goes_in_is_said_where_nothing_in_the_file_does(rule: str) -> None:
    def said(head: str, rule: str) -> list[str]:
        return [one.code for one in load(f"{head}rules:\n  nickname: {rule}\n", "crm.yaml", SCHEMAS)[1]]

    assert said(HEAD, rule) == ["one-way"]
    assert said(f"{HEAD}direction: in\n", rule) == []
    assert said(HEAD, rule.replace("}", ", direction: in}")) == []


def test_that_a_constant_only_goes_in_is_no_news() -> None:
    assert codes("  nickname: {constant: Al}\n") == []


def test_a_one_way_transform_in_a_rule_declared_two_way_is_an_error() -> None:
    assert codes("  nickname: {field: names, transform: first, direction: both}\n") == ["one-way"]


def test_keys_that_do_not_go_together_are_refused() -> None:
    for rule in (
        "  given_name: {field: A, constant: B}",
        '  "given_name, nickname": {field: A, transform: full_name}',
        "  given_name: {field: A, transform: full_name}",
        "  given_name: {fields: [A, B]}",
        "  given_name: {field: A, transform: join}",
        "  given_name: {field: A, separator: ';'}",
        "  given_name: {field: A, unknown: keep}",
        "  given_name: {field: A, default: [1]}",
        "  account: {field: A, reference: Account, list: set}",
    ):
        assert "bad-rule" in codes(f"{rule}\n"), rule


def test_names_with_full_stops_can_be_written() -> None:
    assert field_path(r"a\.b.c") == ("a.b", "c")
    assert field_text(("a.b", "c")) == r"a\.b.c"


def test_a_mapping_is_called_after_its_file_unless_it_says_otherwise() -> None:
    mapping, notes = load(f"{HEAD}rules: {{given_name: A}}\n", "mappings/people.yaml", SCHEMAS)
    assert (mapping is not None and mapping.name, notes) == ("people", [])
    _, notes = load(f"mapping: other\n{HEAD}rules: {{given_name: A}}\n", "mappings/people.yaml", SCHEMAS)
    assert [(one.code, one.severity.value) for one in notes] == [("name-differs", "warning")]


SCALARS = st.sampled_from(["x", "~", "1", "true", "[]", "{}", "[a]", "emails[*]", "in", "set", "'", "trim", "{a: b}"])
LINES = st.builds(
    lambda depth, key, value: f"{'  ' * depth}{key}: {value}",
    st.integers(0, 3),
    st.sampled_from([*KEYS, *RULE_KEYS, *TRANSFORMS, "given_name", '"emails[work]"', "in", "out", "strong", "weights"]),
    SCALARS | st.just(""),
)


@settings(max_examples=300, deadline=None)
@given(lines=st.lists(LINES, max_size=12))
def test_no_nonsense_raises(lines: list[str]) -> None:
    mapping, notes = load("\n".join([HEAD, *lines]), "crm.yaml", SCHEMAS)
    assert mapping is not None or any(one.severity.value == "error" for one in notes)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["A", "in", "set", "trim", "phone", "both"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*RULE_KEYS, "trim", "in"]), inner),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(rule=st.dictionaries(st.sampled_from(RULE_KEYS), JSON, max_size=4), key=st.sampled_from(["given_name", "lines"]))
def test_no_rule_of_odd_parts_raises(rule: dict[str, object], key: str) -> None:
    text = f"{HEAD}rules: {json.dumps({key: {'field': 'A', **rule}})}\n"
    mapping, notes = load(text, "crm.yaml", SCHEMAS)
    assert mapping is not None or any(one.severity.value == "error" for one in notes)


@settings(max_examples=200, deadline=None)
@given(key=st.sampled_from(KEYS), value=JSON)
def test_no_odd_value_under_a_known_key_raises(key: str, value: object) -> None:
    document = {"connection": "c", "stream": "s", "entity": "contact", "rules": {"given_name": "A"}, key: value}
    mapping, notes = load(json.dumps(document), "crm.yaml", SCHEMAS)
    assert mapping is not None or any(one.severity.value == "error" for one in notes)
