"""Rule by rule: whose value it is, whose problem, what is lost on the way, and what nobody reads."""

from __future__ import annotations

import pytest

from mappings.compile import load
from mappings.proving.trace import trace_in, trace_out
from model.entities import schemas
from model.records import Record, RecordRef

SCHEMAS = schemas()
RULES = """
  given_name: First
  "phones[work]": {field: Phone, transform: {phone: {region: DE, region_field: Land}}}
  "full_name, family_name": {field: Name, transform: full_name}
  account: {field: AccountId, reference: Account}
  "addresses[work].city": Address.City
  active: {field: Active, direction: out}
  lifecycle: {constant: lead}
"""


def mapping(rules=RULES, head="", entity="contact"):
    compiled, found = load(f"connection: crm\nstream: C\nentity: {entity}\n{head}rules:{rules}", "crm.yaml", SCHEMAS)
    assert compiled is not None, [str(one) for one in found]
    return compiled


def traced(data, **given):
    [trace] = trace_in(mapping(**given), [Record("1", data)])
    return trace


def test_every_value_and_problem_belongs_to_one_rule():
    trace = traced({"First": "Ana", "Phone": "nix", "Land": "DE", "Name": "Ana Bo", "AccountId": "7", "Active": True})
    steps = {step.rule.path: step for step in trace.steps}
    assert steps["given_name"].values == {"given_name": "Ana"}
    assert steps["phones[work]"].fields == {"Phone": "nix", "Land": "DE"}
    assert [one.code for one in steps["phones[work]"].problems] == ["not-a-phone"]
    assert steps["full_name"].values == {"full_name": "Ana Bo", "family_name": "Bo"}
    assert steps["account"].values == {"account": RecordRef("Account", "7")}
    assert steps["lifecycle"].values == {"lifecycle": "lead"}
    assert "active" not in steps
    assert sum(len(step.problems) for step in trace.steps) + len(trace.rest) == len(trace.projection.problems)


def test_a_field_that_is_only_looked_at_says_nothing_of_a_rule():
    trace = traced({"Land": "DE"})
    assert [step.fields for step in trace.steps if step.rule.path == "phones[work]"] == [{}]


def test_a_problem_of_the_whole_record_belongs_to_the_rule_of_its_field():
    trace = traced({"N": True}, rules="\n  name: N\n  description: D", entity="account")
    assert trace.projection.problems[0].path is None
    assert [len(step.problems) for step in trace.steps] == [1, 0]
    assert trace.rest == []


def test_what_no_rule_reads_is_listed_once_and_by_its_place():
    data = {
        "First": "Ana",
        "Address": {"City": "Berlin", "Zip": "1", "Geo": {"Lat": 1}},
        "Active": True,
        "Empty": "",
        "Nothing": None,
        "Other": [{"a": 1}, {"b": 2}],
    }
    assert traced(data).unmapped == ["Address.Zip", "Address.Geo", "Active", "Other"]


def test_attributes_of_items_that_no_rule_reads_are_listed():
    rules = "\n  number: N\n  lines: {field: L.all, each: {key: id, rules: {sku: sku, quantity: amount.count}}}"
    items = [{"id": 1, "sku": "x", "amount": {"count": 1, "unit": "kg"}}, {"id": 2, "tax": 7, "amount": {"unit": "g"}}]
    trace = traced({"N": "1", "L": {"all": items, "more": False}}, rules=rules, entity="order")
    assert trace.unmapped == ["L.all[].amount.unit", "L.all[].tax", "L.more"]
    assert {path for step in trace.steps for path in step.values} >= {"lines[1].sku", "lines[2].quantity"} - {
        "lines[2].quantity"
    }


def test_a_place_in_a_list_that_a_rule_reads_is_read():
    trace = traced({"Mails": [{"value": "a@b.com"}]}, rules='\n  "emails[work]": Mails.0.value')
    assert trace.unmapped == []


def test_what_the_filter_looks_at_is_not_unread():
    trace = traced({"First": "Ana", "Status": "x"}, head="filter: {in: [{field: Status, is: x}]}\n")
    assert trace.unmapped == []


def out(values, references=None, **given):
    return trace_out(mapping(**given), values, references or {})


def test_what_is_written_belongs_to_its_rule_and_what_nobody_writes_is_left():
    found = out({"given_name": "Ana", "job_title": "Owner", "department": None, "active": True})
    assert {step.rule.path: dict(step.fields) for step in found.steps if step.fields} == {
        "given_name": {"First": "Ana"},
        "active": {"Active": True},
    }
    assert found.left == ["job_title"]


def test_a_reference_is_written_where_the_other_record_is_known_and_waits_where_it_is_not():
    known = out({"account": "7"}, {"account": "A-7"})
    assert [dict(step.fields) for step in known.steps if step.values] == [{"AccountId": "A-7"}]
    unknown = out({"account": "7"})
    assert [(dict(step.fields), step.waiting) for step in unknown.steps if step.values] == [({}, True)]
    nothing = out({"account": None})
    assert [step.waiting for step in nothing.steps if step.values] == [False]


def test_a_value_that_will_be_shown_otherwise_is_told():
    rules = (
        '\n  given_name: {field: F, max_length: 3}\n  "phones[work]": {field: P, transform: {phone: {extension: drop}}}'
    )
    found = out({"given_name": "Anabel", "phones[work]": "+4930123456;ext=7"}, rules=rules)
    assert found.otherwise == {"given_name": "Ana", "phones[work]": "+4930123456"}
    assert out({"given_name": "Ana"}, rules=rules).otherwise == {}


def test_an_entity_kept_out_has_a_reason_and_nothing_else():
    found = out({"job_title": "Owner"}, head="filter: {out: [{path: given_name, present: true}]}\n")
    assert (found.refused, found.steps, found.left) == ("filter: given_name is present", (), ())


def test_constants_given_on_create_stand_apart_from_the_rules():
    found = out({"given_name": "Ana"}, head="defaults: {record: {Source: Hub, First: X}}\n")
    assert found.defaults == {"Source": "Hub"}


@pytest.mark.parametrize("values", [{"tags": ["a;b"]}, {"tags": ["a"]}])
def test_a_problem_on_the_way_out_belongs_to_its_rule(values):
    found = out(values, rules='\n  tags: {field: T, list: set, separator: ";"}')
    [step] = found.steps
    assert bool(step.problems) == (values["tags"] == ["a;b"])
    assert found.rest == []


CONDITIONAL = """
  "phones[work]": {field: Phone, when: {in: [{field: Phone, matches: "+*"}], out: [{path: active, is: true}]}}
  lifecycle: {constant: lead, when: [{field: Kind, is: L}, {expr: 'src.Score > 3'}]}
"""


def test_the_condition_for_want_of_which_a_rule_did_nothing_is_told():
    phone, lifecycle = traced({"Phone": "030 1", "Kind": "L", "Score": 2}, rules=CONDITIONAL).steps
    assert (phone.values, str(phone.unmet)) == ({}, "Phone matches +*")
    assert (lifecycle.values, str(lifecycle.unmet)) == ({}, "src.Score > 3")
    met = traced({"Phone": "+4930123456", "Kind": "L", "Score": 4}, rules=CONDITIONAL).steps
    assert [step.unmet for step in met] == [None, None]
    assert str(traced({"Kind": "K"}, rules=CONDITIONAL).steps[1].unmet) == "Kind is L"


def test_a_condition_that_cannot_be_computed_is_a_problem_and_nothing_unmet():
    step = traced({"Kind": "L", "Score": "x"}, rules=CONDITIONAL).steps[1]
    assert step.unmet is None
    assert [problem.path for problem in step.problems] == ["lifecycle"]


def test_on_the_way_out_too():
    [step] = out({"phones[work]": "+4930123456", "active": False}, rules=CONDITIONAL).steps
    assert (step.fields, str(step.unmet)) == ({}, "active is true")
    [step] = out({"phones[work]": "+4930123456", "active": True}, rules=CONDITIONAL).steps
    assert (step.fields, step.unmet) == ({"Phone": "+4930123456"}, None)
