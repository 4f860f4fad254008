"""Examples in a mapping file: what they say, what is wrong with them, and what running them tells."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mappings.compile
from mappings.codec import ABSENT
from mappings.compile import load
from mappings.proving.examples import try_examples
from model.diagnostics import Severity
from model.entities import schemas

SCHEMAS = schemas()
LIBRARY = sorted((Path(mappings.compile.__file__).parent / "library").rglob("*.yaml"))
RULES = """
  given_name: {field: First, transform: trim}
  family_name: {field: Last, placeholder: "(unknown)"}
  job_title: {field: Title, default: Boss}
  "phones[work]": {field: Phone, transform: {phone: DE}}
  "addresses[work].country": {field: Country, direction: in}
  account: {field: AccountId, reference: Account}
  tags: {field: Tags, list: set, separator: ";"}
"""


def read(examples, rules=RULES, head=""):
    text = f"connection: crm\nstream: C\nentity: contact\n{head}rules:{rules}\nexamples:\n{examples}"
    return load(text, "crm.yaml", SCHEMAS)


def tried(examples, rules=RULES, head="", entity="contact"):
    head = head.replace("entity: contact", f"entity: {entity}")
    mapping, found = read(examples, rules, head)
    assert mapping is not None, [str(one) for one in found]
    return try_examples(mapping, SCHEMAS[entity])


def differences(examples, rules=RULES, head=""):
    [trial] = tried(examples, rules, head)
    return [(one.way, one.where, one.expected, one.got) for one in trial.differences]


PLAIN = """
  - name: plain
    record: {First: " Ana ", Last: Trujillo, Title: Owner, Phone: 030 23125 031, Country: Mexico, Other: 1}
    canonical: {given_name: Ana, family_name: Trujillo, job_title: Owner, "phones[work]": "+493023125031",
                "addresses[work].country": MX}
    write: {First: Ana, Phone: "+493023125031"}
"""


def test_an_example_that_holds_passes_in_both_directions():
    [trial] = tried(PLAIN)
    assert (trial.passed, trial.ways, trial.example.name) == (True, ("in", "out"), "plain")


def test_a_value_read_otherwise_is_told_with_its_rule():
    [trial] = tried(PLAIN.replace("job_title: Owner", "job_title: Boss"))
    inward, outward = trial.differences
    assert (inward.way, inward.where, inward.expected, inward.got) == ("in", "job_title", "Boss", "Owner")
    assert (outward.way, outward.where, outward.expected, outward.got) == ("out", "Title", "Owner", "Boss")
    assert inward.rule.path == outward.rule.path == "job_title"


def test_what_is_read_and_not_listed_is_a_difference():
    assert differences('\n  - record: {First: Ana, Last: Bo, Phone: "+4930123456"}\n'
                       "    canonical: {given_name: Ana, family_name: Bo}\n    write: {Phone: null}") == [
        ("in", "phones[work]", ABSENT, "+4930123456")
    ]  # fmt: skip


def test_what_is_listed_and_not_read_is_a_difference():
    found = differences("\n  - record: {First: Ana}\n    canonical: {given_name: Ana, job_title: null}")
    assert found == [("in", "job_title", None, ABSENT)]


def test_null_and_absent_differ_inwards_and_empty_text_is_null():
    assert differences('\n  - record: {First: ""}\n    canonical: {given_name: null}') == []
    assert differences('\n  - record: {First: ""}\n    canonical: {}') == [("in", "given_name", ABSENT, None)]


def test_a_write_that_differs_from_the_record_has_to_be_said():
    assert differences('\n  - record: {First: " Ana"}\n    canonical: {given_name: Ana}') == [
        ("out", "First", " Ana", "Ana")
    ]
    assert differences('\n  - record: {First: " Ana"}\n    canonical: {given_name: Ana}\n    write: {First: Ana}') == []


def test_a_field_expected_to_be_written_that_no_rule_writes_is_a_difference():
    found = differences("\n  - canonical: {given_name: Ana}\n    write: {First: Ana, Nickname: An}")
    assert found == [("out", "Nickname", "An", ABSENT)]


def test_fillers_given_on_create_need_not_be_repeated_but_may_be():
    assert differences("\n  - record: {First: Ana}\n    canonical: {given_name: Ana}") == []
    assert differences("\n  - canonical: {}\n    write: {Last: (unknown), Title: Boss}") == []
    assert differences("\n  - canonical: {}\n    write: {Title: Chief}") == [("out", "Title", "Chief", "Boss")]


def test_constants_given_on_create_need_not_be_repeated():
    head = "defaults: {record: {Source: Hub}}\n"
    assert differences("\n  - record: {First: Ana}\n    canonical: {given_name: Ana}", head=head) == []
    assert differences("\n  - canonical: {given_name: Ana}\n    write: {First: Ana, Source: X}", head=head) == [
        ("out", "Source", "X", "Hub")
    ]


@pytest.mark.parametrize("written", ['"001"', '{stream: Account, key: "001"}'])
def test_a_reference_is_the_key_of_the_record_it_points_to(written):
    assert differences(f'\n  - record: {{AccountId: "001"}}\n    canonical: {{account: {written}}}') == []
    [found, _] = differences(f'\n  - record: {{AccountId: "002"}}\n    canonical: {{account: {written}}}')
    assert found[1:] == ("account", ("Account", "001"), ("Account", "002"))


def test_a_reference_into_another_stream_is_a_difference():
    found = differences('\n  - record: {AccountId: "1"}\n    canonical: {account: {stream: Person, key: "1"}}')
    assert found == [("in", "account", ("Person", "1"), ("Account", "1"))]


@pytest.mark.parametrize("named", ["phones[work]", "Phone", "not-a-phone"])
def test_an_expected_problem_is_named_by_path_field_or_code(named):
    assert differences(f'\n  - record: {{First: Ana, Phone: nix}}\n    problems: ["{named}"]') == []
    with_values = "    canonical: {given_name: Ana}\n"
    assert differences(f'\n  - record: {{First: Ana, Phone: nix}}\n{with_values}    problems: ["{named}"]') == []


def test_an_unexpected_problem_and_a_missing_one_are_told():
    [trial] = tried("\n  - record: {First: Ana, Phone: nix}\n    problems: [job_title]")
    unexpected, missing = trial.differences
    assert (unexpected.where, unexpected.code, unexpected.rule.path) == ("phones[work]", "not-a-phone", "phones[work]")
    assert (missing.where, missing.message) == ("job_title", "was to be a problem, and is none")


def test_a_problem_on_the_way_out_is_a_problem_too():
    example = '\n  - canonical: {tags: ["a;b"], given_name: Ana}\n    write: {First: Ana}\n'
    [found] = tried(example)[0].differences
    assert (found.way, found.where, found.code) == ("out", "tags", "separator-inside")
    assert differences(f"{example}    problems: [tags]") == []


FILTER = "filter: {in: [{field: Last, present: true}], out: [{path: family_name, present: true}]}\n"


def test_a_record_can_be_expected_to_be_left_out():
    assert differences("\n  - record: {First: Ana}\n    skipped: true", head=FILTER) == []
    [kept] = tried("\n  - record: {Last: Bo}\n    skipped: true", head=FILTER)[0].differences
    assert "lets it through" in kept.message
    [left] = tried("\n  - record: {First: Ana}\n    canonical: {given_name: Ana}\n    write: none", head=FILTER)[
        0
    ].differences
    assert left.message == "is skipped (filter: Last is present)"


def test_an_entity_can_be_expected_not_to_be_written():
    assert differences("\n  - canonical: {given_name: Ana}\n    write: none", head=FILTER) == []
    [found] = tried("\n  - canonical: {given_name: Ana}\n    write: {First: Ana}", head=FILTER)[0].differences
    assert found.message == "is not written (filter: family_name is present); say write: none"
    [found] = tried("\n  - canonical: {family_name: Bo}\n    write: none", head=FILTER)[0].differences
    assert "no filter is against it" in found.message


def test_numbers_and_sets_may_be_spelt_otherwise():
    rules = (
        "\n  probability: P\n  name: N\n  amount: {field: A, transform: {money: EUR}}\n  tags: {field: T, list: set}"
    )
    mapping, found = load(
        f"connection: c\nstream: S\nentity: opportunity\nrules:{rules}\nexamples:\n"
        '  - record: {P: "20.50", A: "5", N: "7", T: [a, b]}\n'
        '    canonical: {probability: 20.5, amount: {amount: 5, currency: EUR}, name: "7", tags: [b, a]}\n'
        '    write: {P: "20.5", A: "5.00"}\n',
        "c.yaml",
        SCHEMAS,
    )
    assert mapping is not None, [str(one) for one in found]
    assert try_examples(mapping, SCHEMAS["opportunity"])[0].differences == []


def test_true_is_not_one_and_the_case_of_an_address_counts():
    rules = '\n  active: A\n  "emails[work]": M'
    [found] = differences("\n  - canonical: {active: true}\n    write: {A: 1}", rules)
    assert (found[1:], type(found[3])) == (("A", 1, True), bool)
    example = '\n  - record: {M: Ana@b.com}\n    canonical: {"emails[work]": ana@b.com}'
    assert differences(example, rules, "direction: in\n") == [("in", "emails[work]", "ana@b.com", "Ana@b.com")]


def test_a_value_that_is_written_and_that_the_record_does_not_show_is_a_difference():
    found = differences(
        "\n  - record: {First: Ana}\n    canonical: {given_name: Ana, family_name: Bo}", head="direction: out\n"
    )
    assert found == [("out", "Last", ABSENT, "Bo")]


def test_a_list_keeps_what_the_mapping_does_not_know():
    mapping, found = load(
        "connection: c\nstream: S\nentity: order\nrules:\n"
        "  lines: {field: L, each: {key: id, rules: {sku: sku}}}\n  number: N\n"
        "examples:\n  - record: {N: '1', L: [{id: a, sku: X, colour: red}]}\n"
        '    canonical: {number: "1", "lines[a].sku": X}\n'
        '  - record: {N: "1", L: [{id: a, sku: X}]}\n'
        '    canonical: {number: "1", "lines[a].sku": Y}\n',
        "c.yaml",
        SCHEMAS,
    )
    assert mapping is not None, [str(one) for one in found]
    holds, fails = try_examples(mapping, SCHEMAS["order"])
    assert holds.passed
    assert [(one.way, one.where) for one in fails.differences] == [("in", "lines[a].sku"), ("out", "L")]


def test_only_the_directions_of_the_mapping_are_tried():
    example = "\n  - record: {First: Ana}\n    canonical: {given_name: Bo}"
    assert [one[0] for one in differences(example, head="direction: in\n")] == ["in"]
    assert [one[0] for one in differences(example, head="direction: out\n")] == ["out"]


def test_examples_are_no_part_of_the_version():
    assert read(PLAIN)[0].version == read("  []")[0].version


WRONG = [
    ("  x: 1", "not-a-list", 1),
    ("  - plain", "not-a-mapping", 1),
    ("  - recrod: {First: Ana}", "unknown-key", 1),
    ("  - name: nothing", "empty-example", 1),
    ("  - record: {First: Ana}", "empty-example", 1),
    ("  - canonical: {given_name: Ana}", "empty-example", 1),
    ("  - canonical: {given_name: Ana}\n    skipped: true", "empty-example", 2),
    ("  - record: {First: Ana}\n    canonical: {}\n    skipped: true", "bad-example", 2),
    ("  - record: {First: Ana}\n    problems: [x]\n    write: {First: Ana}", "bad-example", 3),
    ("  - record: First\n    canonical: {}", "not-a-mapping", 1),
    ("  - canonical: {}\n    write: nothing", "not-a-mapping", 2),
    ("  - record: {}\n    skipped: 1", "not-boolean", 2),
    ("  - record: {}\n    problems: [{}]", "not-text", 2),
    ("  - record: {}\n    name: [x]\n    canonical: {}", "not-text", 2),
    ("  - record: {}\n    canonical: {givn_name: Ana}", "unknown-path", 2),
    ('  - record: {}\n    canonical: {"emails[*]": a@b.com}', "unknown-path", 2),
    ("  - record: {}\n    canonical: {job_title: 7}", "bad-example", 2),
    ("  - record: {}\n    canonical: {active: 1}", "bad-example", 2),
    ("  - record: {}\n    canonical: {lifecycle: nix}", "bad-example", 2),
    ("  - record: {}\n    canonical: {tags: vip}", "bad-example", 2),
    ('  - record: {}\n    canonical: {"phones[work]": 030 123}', "bad-example", 2),
    ("  - record: {}\n    canonical: {job_title: {a: [1]}}", "bad-example", 2),
    ("  - record: {}\n    canonical: {account: 5}", "bad-example", 2),
    ("  - record: {}\n    canonical: {account: {stream: A}}", "bad-example", 2),
]


@pytest.mark.parametrize(("example", "code", "line"), WRONG)
def test_a_wrong_example_is_one_diagnostic_at_its_place(example, code, line):
    mapping, found = read(example)
    assert mapping is None
    serious = [one for one in found if one.severity is Severity.ERROR]
    before = len(f"a\nb\nc\nrules:{RULES}\nexamples:".splitlines())
    assert [(one.code, one.line - before) for one in serious] == [(code, line)], [str(one) for one in found]


def test_a_misspelt_path_of_an_example_is_guessed():
    _, found = read("  - record: {}\n    canonical: {givn_name: Ana}")
    assert "did you mean 'given_name'?" in str(found[0])


def test_an_example_of_a_direction_that_is_never_gone_is_a_warning():
    _, found = read("  - record: {}\n    canonical: {}\n    write: {First: A}", head="direction: in\n")
    assert [(one.code, one.severity) for one in found if one.code == "untested-example"] == [
        ("untested-example", Severity.WARNING)
    ]
    _, found = read("  - record: {}\n    skipped: true", head="direction: out\n")
    assert "untested-example" in [one.code for one in found]


def test_the_examples_of_the_manual_hold():
    manual = (Path(__file__).parents[2] / "docs" / "mapping-language.md").read_text(encoding="utf-8")
    [listed] = re.findall(r"```yaml\n(examples:\n.*?)```", manual, re.DOTALL)
    mapping, found = load(
        "connection: crm\nstream: Contact\nentity: contact\nfilter: {in: [{field: Status, not: Archived}]}\nrules:\n"
        '  given_name: FirstName\n  family_name: {field: LastName, placeholder: "(unknown)"}\n'
        '  "phones[work]": {field: Phone, transform: {phone: {region: US, style: international}}}\n'
        f"  account: {{field: AccountId, reference: Account}}\n{listed}",
        "crm.yaml",
        SCHEMAS,
    )
    assert mapping is not None, [str(one) for one in found]
    assert [trial.differences for trial in try_examples(mapping, SCHEMAS["contact"])] == [[], [], []]


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_default_mapping_has_examples_and_they_hold(path):
    mapping, _ = load(path.read_text(encoding="utf-8"), str(path), SCHEMAS)
    trials = try_examples(mapping, SCHEMAS[mapping.entity])
    assert [(trial.example.name, trial.differences) for trial in trials if not trial.passed] == []
    assert 2 <= len(trials) <= 5
    ways = {"in", "out"} if mapping.direction.writes else {"in"}
    assert {way for trial in trials for way in trial.ways} == ways
    shown = [value for trial in trials for value in (trial.example.record or {}).values()]
    assert None in shown or "" in shown, "what becomes of nothing is worth an example"


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["First", "Last", "Phone", "AccountId", "Tags", "Country", "a.b", "a", ""])
PATHS = st.sampled_from(["given_name", "phones[work]", "account", "tags", "active", "birth_date", "x", "emails[*]"])


@settings(max_examples=60, deadline=None)
@given(
    record=st.dictionaries(NAMES, ODD, max_size=4),
    canonical=st.dictionaries(PATHS, ODD, max_size=4),
    write=st.dictionaries(NAMES, ODD, max_size=3),
)
def test_no_example_of_any_kind_ends_in_an_error(record, canonical, write):
    rest = {"record": record, "canonical": canonical, "write": write}
    mapping, found = read("\n  - " + json.dumps(rest))
    assert found or try_examples(mapping, SCHEMAS["contact"])
