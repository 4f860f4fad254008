"""Two versions of a mapping: the words for what changed, and what that changes for records."""

from __future__ import annotations

import pytest

from mappings.codec import ABSENT
from mappings.compile import load
from mappings.proving.compare_versions import changes
from mappings.proving.effects import compare
from model.entities import schemas
from model.records import Record

SCHEMAS = schemas()
RULES = """
  given_name: First
  job_title: {field: Title, max_length: 10}
  "phones[work]": {field: Phone, transform: {phone: US}}
  lifecycle: {field: Type, values: {customer: Won, lead: [New, Open]}}
  account: {field: Firm, reference: Firms}
"""


def mapping(rules=RULES, head="", name="crm"):
    text = f"mapping: {name}\nconnection: {name}\nstream: C\nentity: contact\n{head}rules:\n{rules}"
    compiled, found = load(text, f"{name}.yaml", SCHEMAS)
    assert compiled is not None, [str(one) for one in found]
    return compiled


def said(old, new):
    return [tuple(one) for one in changes(old.source, new.source)]


def test_nothing_changed_is_nothing_said():
    commented = mapping("  # a comment\n" + RULES, "description: People\n")
    assert said(mapping(), commented) == []
    assert compare(mapping(), commented, [Record("1", {"First": "Ana", "Type": "New"})]).differing == 0


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("given_name: First", "given_name: Vorname", ("changed", "given_name", "field: First → Vorname")),
        ("max_length: 10", "max_length: 20", ("changed", "job_title", "max length: 10 → 20")),
        ("phone: US", "phone: DE", ("changed", "phones[work]", "transform: phone US → phone DE")),
        ("customer: Won", "customer: [Won, Gold]", ("changed", "lifecycle", "values customer: Won → Won, Gold")),
        ("lead: [New, Open]}", "lead: New}, unknown: keep",
         ("changed", "lifecycle", "values lead: New, Open → New; unknown: park → keep")),
        ("reference: Firms", "reference: {stream: Firms, number: true}",
         ("changed", "account", "reference: Firms → Firms, keys as numbers")),
        ("  given_name: First\n", "  given_name: {field: First, when: [{field: Type, is: Won}]}\n",
         ("changed", "given_name", "when in: nothing → Type is Won")),
        ("  given_name: First\n", "  given_name: {field: First, lifecycle: deprecated}\n",
         ("changed", "given_name", "lifecycle: live → deprecated")),
        ("  given_name: First\n", "", ("removed", "given_name", "First")),
        ("First\n", "First\n  nickname: {field: Nick, loses: [case, space]}\n",
         ("added", "nickname", "Nick, loses case, space")),
    ],
)  # fmt: skip
def test_each_change_of_a_rule_is_said_in_words(before, after, words):
    assert before in RULES
    assert said(mapping(), mapping(RULES.replace(before, after))) == [words]


def test_changes_of_the_whole_mapping_come_first():
    head = "create: in\nlifecycle: deprecated\nfilter: {in: [{field: Type, is: Won}]}\nmatch: {strong: ['emails[*]']}\n"
    new = mapping('  "emails[work]": Mail\n' + RULES, head)
    assert said(mapping(), new) == [
        ("changed", None, "lifecycle: live → deprecated"),
        ("changed", None, "match strong: nothing → emails[*]"),
        ("changed", None, "create out: yes → no"),
        ("changed", None, "filter in: nothing → Type is Won"),
        ("added", "emails[work]", "Mail"),
    ]


def test_an_edit_is_told_by_what_is_read_and_written_otherwise():
    old, new = mapping(), mapping(RULES.replace("phone: US", "phone: DE").replace("lead: [New, Open]", "lead: New"))
    shop = mapping('  "phones[work]": tel\n  given_name: name\n', name="shop")
    records = [
        Record("1", {"First": "Ana", "Phone": "030 123456", "Type": "Won"}),
        Record("2", {"First": "Bo", "Phone": "+12065550100", "Type": "Open"}),
        Record("3", {"First": "Cy", "Phone": None, "Type": "New"}),
    ]
    found = compare(old, new, records, [shop])
    assert (found.records, found.differing) == (3, 2)
    assert [one[:1] + one[2:3] + one[4:] for one in found.read] == [
        ("1", "phones[work]", ABSENT, "+4930123456"),
        ("2", "lifecycle", "lead", ABSENT),
    ]
    assert [(one.where, one.name, one.before, one.after) for one in found.written] == [
        ("shop", "tel", ABSENT, "+4930123456")
    ]
    assert [(one.record, one.path, one.code) for one in found.new] == [("2", "lifecycle", "unknown-option")]
    assert [(one.record, one.path, one.code) for one in found.solved] == [("1", "phones[work]", "not-a-phone")]


def test_what_this_stream_itself_would_be_told_otherwise_is_told():
    new = mapping(RULES.replace("max_length: 10", "max_length: 4"))
    found = compare(mapping(), new, [Record("1", {"Title": "Director"})])
    assert [(one.where, one.name, one.path, one.before, one.after) for one in found.written] == [
        ("crm", "Title", "job_title", "Director", "Dire")
    ]
    assert found.read == ()


def test_a_filter_that_lets_less_through_names_the_records():
    new = mapping(head="filter: {in: [{field: Type, is: Won}]}\n")
    records = [Record("1", {"First": "Ana", "Type": "Won"}), Record("2", {"First": "Bo", "Type": "New"})]
    found, back = compare(mapping(), new, records), compare(new, mapping(), records)
    assert (found.left_out, found.let_in, found.differing) == (("2",), (), 1)
    assert (back.left_out, back.let_in) == ((), ("2",))
    assert found.read == ()


def test_a_removed_rule_blanks_nothing_elsewhere():
    new = mapping(RULES.replace("  given_name: First\n", ""))
    shop = mapping("  given_name: name\n", name="shop")
    found = compare(mapping(), new, [Record("1", {"First": "Ana"})], [shop])
    assert [(one.name, one.before, one.after) for one in found.read] == [("given_name", "Ana", ABSENT)]
    assert [one for one in found.written if one.where == "shop"] == []


def test_two_rules_of_one_path_in_the_other_order_are_the_same_two():
    inwards = '  "given_name": {field: First, direction: in}\n'
    outwards = '  "given_name ": {field: Display, direction: out}\n'
    assert said(mapping(inwards + outwards), mapping(outwards + inwards)) == []
    edited = mapping(outwards.replace("Display", "Shown") + inwards)
    assert said(mapping(inwards + outwards), edited) == [("changed", "given_name", "field: Display → Shown")]


def test_a_field_has_a_path_where_both_versions_mean_the_same_by_it():
    old = mapping("  job_title: Place\n  nickname: Nick\n")
    new = mapping('  "addresses[work].country": {field: Place, transform: {country: name}}\n  nickname: Nick\n')
    shown = {one.name: one.path for one in compare(old, new, [Record("1", {"Place": "Germany", "Nick": "A"})]).written}
    assert shown == {"Place": None}
    dropped = compare(old, mapping("  job_title: Place\n"), [Record("1", {"Nick": "A"})])
    assert {one.name: one.path for one in dropped.written} == {"Nick": "nickname"}
