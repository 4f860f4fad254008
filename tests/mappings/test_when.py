"""Conditions: of a rule (`when`), and of the filters, as tests of a field or as expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Field
from mappings.compile import Compiled, load
from mappings.contract import Projection, RenderRequest, Rendition
from mappings.proving.examples import try_examples
from mappings.proving.trace import trace_in
from mappings.reading.meant import shown
from mappings.telling.describe import describe
from model.diagnostics import Diagnostic, Severity
from model.entities import schemas
from model.records import Problem, Record

SCHEMAS = schemas()


def loaded(
    rules: str, head: str = "", entity: str = "contact", fields: list[Field] | None = None
) -> tuple[Compiled | None, list[Diagnostic]]:
    text = f"connection: crm\nstream: Contact\nentity: {entity}\n{head}rules:\n{rules}"
    return load(text, "crm.yaml", SCHEMAS, fields)


def mapping(rules: str, head: str = "", entity: str = "contact") -> Compiled:
    compiled, found = loaded(rules, head, entity)
    assert compiled is not None, [str(one) for one in found]
    return compiled


def project(compiled: Compiled, **data: Any) -> Projection:
    return compiled.project([Record("1", data)])[0]


def render(compiled: Compiled, values: Mapping[str, Any], *paths: str) -> Rendition:
    return compiled.render([RenderRequest(values, frozenset(paths) or None, lambda *_: "17")])[0]


# Inwards


@pytest.mark.parametrize(
    "condition",
    [
        "[{field: Status, not: Closed}]",
        "{in: [{field: Status, not: Closed}]}",
        "[{expr: 'src.Status != \"Closed\"'}]",
        "[{field: Status, present: true}, {expr: 'src.Status != \"Closed\"'}]",
    ],
)
def test_where_the_condition_fails_the_rule_says_nothing(condition: str) -> None:
    compiled = mapping(f"  given_name: {{field: First, when: {condition}}}\n  family_name: Last\n")
    assert project(compiled, First="Ana", Last="Bo", Status="Open").values == {"given_name": "Ana", "family_name": "Bo"}
    assert project(compiled, First="Ana", Last="Bo", Status="Closed").values == {"family_name": "Bo"}
    assert project(compiled, First=None, Last="Bo", Status="Closed").values == {"family_name": "Bo"}


RULES = {
    "plain": "given_name: {field: F, when: [{field: S, is: 1}]}",
    "nested": "given_name: {field: F.x, when: [{field: S, is: 1}]}",
    "constant": "given_name: {constant: Ana, when: [{field: S, is: 1}]}",
    "expression": "given_name: {expr: src.F, when: [{field: S, is: 1}]}",
    "names": '"full_name, given_name": {field: F, transform: full_name, when: [{field: S, is: 1}]}',
    "reference": "account: {field: F, reference: A, when: [{field: S, is: 1}]}",
    "set": "tags: {field: F, list: set, when: [{field: S, is: 1}]}",
    "each": "phones: {field: F, each: {key: k, value: v}, when: [{field: S, is: 1}]}",
}


@pytest.mark.parametrize("kind", RULES)
def test_a_rule_of_any_kind_may_have_conditions(kind: str) -> None:
    compiled = mapping(f"  {RULES[kind]}\n")
    value: Any = {"nested": {"x": "Ana"}, "set": ["a"], "each": [{"k": "work", "v": "+4930123456"}]}.get(kind, "Ana Bo")
    silent = project(compiled, F=value, S=2)
    assert (silent.values, silent.references, silent.complete, silent.problems) == ({}, {}, [], [])
    speaking = project(compiled, F=value, S=1)
    assert speaking.values or speaking.references


def test_a_condition_that_cannot_be_computed_is_a_problem_of_its_rule_alone() -> None:
    compiled = mapping("  given_name: {field: F, when: [{expr: 'src.S > 1'}]}\n  family_name: L\n")
    projection = project(compiled, F="Ana", L="Bo", S="secret")
    assert projection.values == {"family_name": "Bo"}
    (problem,) = projection.problems
    assert (problem.code, problem.path, problem.field) == ("expr-type", "given_name", "F")
    assert problem.message.startswith("F when: src.S > 1 could not be computed")
    assert "secret" not in str(problem)
    assert [one.code for one in project(compiled, F="Ana", L="Bo").problems] == ["expr-missing"]


def test_what_conditions_read_is_in_the_fingerprint() -> None:
    compiled = mapping(
        "  given_name: {field: F, when: {in: [{field: S.x, is: 1}, {expr: src.T}], out: [{path: active, is: true}]}}\n"
    )
    assert compiled.record_fields == ("F", "S", "T")
    assert compiled.touches == {"F", "S", "T"}
    rows = [{"F": 1, "S": {"x": 1}, "T": True}, {"F": 1, "S": {"x": 2}, "T": True}, {"F": 1, "S": {"x": 1}, "T": False}]
    assert len(set(compiled.fingerprints([Record("1", row) for row in rows]))) == 3


# Outwards


OUT = """
  given_name: {field: F, when: {out: [{path: active, is: true}]}}
  family_name: {field: L, default: "-", when: {out: [{expr: 'has(to.family_name) && to.family_name != "X"'}]}}
  account: {field: A, reference: Accounts, when: {out: [{path: "emails[*]", present: true}]}}
  "addresses[work].street": {fields: [L1, L2], transform: join, when: {out: [{path: active, is: true}]}}
  "emails[work]": E
  active: Active
"""


def test_where_the_condition_fails_nothing_is_written_on_create() -> None:
    compiled = mapping(OUT)
    values = {
        "given_name": "Ana",
        "family_name": "X",
        "addresses[work].street": "a\nb",
        "account": "e1",
        "active": False,
    }
    assert render(compiled, values).fields == {"Active": False}
    values = {**values, "family_name": "Bo", "active": True, "emails[work]": "a@b.c"}
    everything = {"F": "Ana", "L": "Bo", "A": "17", "L1": "a", "L2": "b", "E": "a@b.c", "Active": True}
    assert render(compiled, values).fields == everything


def test_nor_on_update_where_it_is_not_cleared_either() -> None:
    compiled = mapping(OUT)
    assert render(compiled, {"given_name": "Ana", "active": False}, "given_name", "active").fields == {"Active": False}
    assert render(compiled, {"given_name": None, "active": False}, "given_name").fields == {}
    assert render(compiled, {"given_name": None, "active": True}, "given_name").fields == {"F": None}


def test_what_is_withheld_is_told_path_by_path() -> None:
    compiled = mapping(OUT)
    values = {"given_name": "Ana", "active": False, "emails[work]": "a@b.c"}
    told = {path: compiled.withholds(path, values) for path in ("given_name", "account", "active", "emails[work]", "x")}
    assert told == {"given_name": True, "account": False, "active": False, "emails[work]": False, "x": False}
    assert compiled.conditional
    assert not mapping("  given_name: F\n").conditional


def test_items_of_a_list_are_withheld_together() -> None:
    rules = "  number: N\n  lines: {field: P, each: {key: k, rules: {sku: s}}, when: {out: [{path: number, is: 1}]}}\n"
    compiled = mapping(rules, entity="order")
    values = {"number": "2", "lines[1].sku": "A"}
    assert compiled.withholds("lines[1].sku", values)
    assert render(compiled, values).fields == {"N": "2"}
    assert render(compiled, {**values, "number": "1"}).fields == {"N": "1", "P": [{"k": "1", "s": "A"}]}


def test_outwards_a_condition_that_cannot_be_computed_is_a_problem_of_its_path() -> None:
    compiled = mapping("  given_name: {field: F, when: {out: [{expr: 'to.department > 1'}]}}\n  department: D\n")
    rendition = render(compiled, {"given_name": "Ana", "department": "secret"}, "given_name", "department")
    assert rendition.fields == {"D": "secret"}
    assert [(one.code, one.path) for one in rendition.problems] == [("expr-type", "given_name")]
    assert "secret" not in str(rendition.problems)
    assert not compiled.withholds("given_name", {"given_name": "Ana", "department": "secret"})


def test_an_outward_expression_sees_canonical_paths() -> None:
    condition = """{expr: 'to["emails[work]"].endsWith("@b.c") && !has(to.nickname)'}"""
    compiled = mapping(f'  given_name: {{field: F, when: {{out: [{condition}]}}}}\n  "emails[work]": E\n')
    assert render(compiled, {"given_name": "Ana", "emails[work]": "a@b.c"}).fields == {"F": "Ana", "E": "a@b.c"}
    assert render(compiled, {"given_name": "Ana", "emails[work]": "a@x.y"}).fields == {"E": "a@x.y"}


def test_both_ways_each_has_its_own_conditions() -> None:
    compiled = mapping("  given_name: {field: F, when: {in: [{field: S, is: 1}], out: [{path: given_name, not: X}]}}\n")
    assert project(compiled, F="Ana", S=2).values == {}
    assert project(compiled, F="X", S=1).values == {"given_name": "X"}
    assert render(compiled, {"given_name": "X"}).fields == {}
    assert render(compiled, {"given_name": "Ana"}).fields == {"F": "Ana"}


def test_a_bare_list_is_about_the_way_the_rule_goes() -> None:
    inward = mapping("  given_name: {field: F, when: [{field: S, is: 1}]}\n")
    assert render(inward, {"given_name": "Ana"}).fields == {"F": "Ana"}
    outward = mapping("  given_name: {field: F, direction: out, when: [{path: active, is: true}]}\n  active: A\n")
    assert render(outward, {"given_name": "Ana", "active": False}).fields == {"A": False}


def test_conditions_are_part_of_the_version() -> None:
    texts = (
        "F",
        "{field: F, when: [{field: S, is: 1}]}",
        "{field: F, when: {out: [{path: active, is: true}]}}",
        "{field: F, when: [{expr: src.S}]}",
    )
    assert len({mapping(f"  given_name: {text}\n").version for text in texts}) == len(texts)


# Filters


def test_a_filter_may_be_an_expression() -> None:
    compiled = mapping("  given_name: F\n", "filter: {in: [{expr: 'src.S != \"x\"'}]}\n")
    assert project(compiled, F="Ana", S="y").values == {"given_name": "Ana"}
    assert project(compiled, F="Ana", S="x") == Projection({}, skipped='filter: src.S != "x"')
    assert compiled.record_fields == ("F", "S")


@pytest.mark.parametrize("data", [{"F": "Ana"}, {"F": "Ana", "S": None}, {"F": "Ana", "S": "secret"}])
def test_a_record_about_which_the_filter_cannot_be_computed_is_parked_and_never_passed_over(data: Any) -> None:
    compiled = mapping("  given_name: F\n", "filter: {in: [{expr: 'src.S > 1'}]}\n")
    projection = project(compiled, **data)
    assert (projection.values, projection.skipped) == ({}, None)
    (problem,) = projection.problems
    assert problem.path is None
    assert problem.message.startswith("filter: src.S > 1 could not be computed")
    assert "secret" not in str(problem)


def test_an_outward_filter_that_cannot_be_computed_parks_the_create() -> None:
    compiled = mapping("  given_name: F\n  department: D\n", "filter: {out: [{expr: 'to.department > 1'}]}\n")
    values = {"given_name": "Ana", "department": "secret"}
    assert compiled.accepts(values) is None
    (problem,) = render(compiled, values).problems
    assert problem == Problem(
        "expr-type",
        "filter: to.department > 1 could not be computed: a value is of another type than the expression expects",
    )
    assert render(compiled, values, "given_name").problems == []


def test_an_outward_filter_that_does_not_hold_keeps_the_entity_out() -> None:
    compiled = mapping("  given_name: F\n", "filter: {out: [{expr: has(to.given_name)}]}\n")
    assert compiled.accepts({"family_name": "Bo"}) == "filter: has(to.given_name)"
    assert compiled.accepts({"given_name": "Ana"}) is None
    assert render(compiled, {"given_name": "Ana"}) == Rendition({"F": "Ana"})


# Page by page


PAGED = mapping(
    """
  given_name: {field: F, when: [{field: S, in: [1, x]}]}
  family_name: {expr: 'src.F + src.L', when: [{expr: 'src.S != 2'}]}
  nickname: {field: L, when: {out: [{expr: 'to.department != "y"'}]}}
  department: {field: D, when: {out: [{path: active, is: true}]}}
  active: A
""",
    "filter: {in: [{expr: 'src.S != \"out\"'}], out: [{expr: 'to.active != false'}]}\n",
)
ODD = st.sampled_from([None, "", "x", 1, 2, True, False, [], {"a": 1}, "out", "y", "a\x00b", 2**70])
ROWS = st.lists(st.dictionaries(st.sampled_from("FLSDA"), ODD), max_size=5)
PATHS = ["given_name", "family_name", "nickname", "department", "active"]
ENTITIES = st.lists(st.dictionaries(st.sampled_from(PATHS), ODD), max_size=5)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_a_page_is_projected_as_its_records_are_alone(rows: list[dict[str, Any]]) -> None:
    records = [Record(str(at), row) for at, row in enumerate(rows)]
    assert PAGED.project(records) == [PAGED.project([record])[0] for record in records]
    assert PAGED.fingerprints(records) == [PAGED.fingerprints([record])[0] for record in records]


@settings(max_examples=60, deadline=None)
@given(entities=ENTITIES, updated=st.sets(st.integers(0, 4)))
def test_a_page_is_rendered_as_its_entities_are_alone(entities: list[dict[str, Any]], updated: set[int]) -> None:
    requests = [
        RenderRequest(values, frozenset(PATHS) if at in updated else None, lambda *_: None)
        for at, values in enumerate(entities)
    ]
    assert PAGED.render(requests) == [PAGED.render([request])[0] for request in requests]


# Said beforehand


@pytest.mark.parametrize(
    ("rule", "code", "place"),
    [
        ("{field: F, when: 1}", "not-a-mapping", (5, 32)),
        ("{field: F, when: [1]}", "not-a-mapping", (5, 33)),
        ("{field: F, when: [{field: S}]}", "bad-condition", (5, 33)),
        ("{field: F, when: [{path: S, is: 1}]}", "unknown-key", (5, 34)),
        ("{field: F, when: [{expr: src.S, is: 1}]}", "bad-condition", (5, 40)),
        ("{field: F, when: [{expr: 1}]}", "not-text", (5, 40)),
        ("{field: F, when: [{expr: src.S +}]}", "bad-expression", (5, 47)),
        ("{field: F, when: [{expr: to.given_name}]}", "unknown-name", (5, 40)),
        ("{field: F, when: [{expr: src.S + 'x'}]}", "kind-mismatch", (5, 40)),
        ("{field: F, when: {out: [{expr: src.S}]}}", "unknown-name", (5, 46)),
        ("{field: F, when: {out: [{expr: to.gven_name}]}}", "unknown-path", (5, 49)),
        ("{field: F, when: {out: [{path: gven_name, is: 1}]}}", "unknown-path", (5, 46)),
        ("{field: F, direction: in, when: {out: [{path: active, is: true}]}}", "one-way", (5, 53)),
        ("{field: F, direction: out, when: {in: [{field: F, is: 1}]}}", "one-way", (5, 53)),
        ("{expr: src.F, when: {out: [{path: active, is: true}]}}", "one-way", (5, 41)),
        ("{field: F, when: {up: []}}", "unknown-key", (5, 33)),
    ],
)
def test_a_condition_that_makes_no_sense_is_an_error(rule: str, code: str, place: tuple[int, int]) -> None:
    found = [one for one in loaded(f"  given_name: {rule}\n")[1] if one.severity is Severity.ERROR]
    assert (code, *place) in [(one.code, one.line, one.column) for one in found]


def test_conditions_are_compared_with_the_stream_s_fields() -> None:
    rules = "  given_name: {field: F, when: [{field: Stauts, is: 1}, {expr: 'src.Stauts == 1'}]}\n"
    found = loaded(rules, fields=[Field(name="F"), Field(name="Status")])[1]
    told = [(one.code, one.column, one.hint) for one in found if one.code == "unknown-field"]
    assert told == [("unknown-field", 41, "did you mean 'Status'?"), ("unknown-field", 69, "did you mean 'Status'?")]


# Tried, traced and described


TRIED = """
  given_name: {field: F, when: {out: [{path: active, is: true}]}}
  nickname: {expr: 'src.F + src.G.h', when: [{field: active, is: true}]}
  active: active
"""


def test_an_example_need_not_repeat_that_something_is_withheld() -> None:
    examples = "examples: [{record: {F: Ana, active: false}, canonical: {given_name: Ana, active: false}}]\n"
    trials = try_examples(mapping(TRIED, examples), SCHEMAS["contact"])
    assert [list(trial.differences) for trial in trials] == [[]]


def test_a_trace_shows_what_an_expression_read() -> None:
    compiled = mapping(TRIED, "filter: {in: [{expr: 'has(src.k)'}]}\n")
    (traced,) = trace_in(compiled, [Record("1", {"F": "A", "G": {"h": "B", "i": 1}, "active": True, "k": 1, "z": 1})])
    assert traced.steps[1].fields == {"F": "A", "G.h": "B"}
    assert traced.steps[1].values == {"nickname": "AB"}
    assert traced.unmapped == ["G.i", "z"]
    (whole,) = trace_in(mapping("  given_name: {expr: 'src[src.k]'}\n"), [Record("1", {"k": "z", "z": "a", "y": 1})])
    assert whole.unmapped == []


def test_expressions_and_conditions_are_described() -> None:
    text = mapping(TRIED).source
    page = describe(text, SCHEMAS["contact"])
    assert "computed: `src.F + src.G.h`; only read where `active` is `true`" in page
    assert "only written where `active` is `true`" in page
    listed = "  number: N\n  lines: {expr: 'src.P.filter(p, true)', each: {key: k, rules: {sku: s}}}\n"
    order = mapping(listed, entity="order")
    assert "the computed list" in describe(order.source, SCHEMAS["order"])
    (traced,) = trace_in(order, [Record("1", {"N": 1, "P": [{"k": 1, "s": "A", "t": 2}]})])
    assert traced.steps[1].values == {"lines[1].sku": "A"}


@pytest.mark.parametrize(
    ("pattern", "sign", "severity"),
    [
        ("^[0-9]+$", "^", Severity.WARNING),
        (r"\d*", r"\d", Severity.WARNING),
        (".*@example.com", ".*", Severity.WARNING),
        ("%@example.com", "%", Severity.WARNING),
        ("(a|b)*", "(a|b)", Severity.WARNING),
        ("AB-????", "?", Severity.NOTE),
        ("[A-Z]*", "[A-Z]", Severity.NOTE),
    ],
)
def test_a_pattern_of_another_language_is_told_from_ours(pattern: str, sign: str, severity: Severity) -> None:
    [found] = loaded(f"  given_name: {{field: F, direction: in, when: [{{field: F, matches: '{pattern}'}}]}}\n")[1]
    assert (found.code, found.severity, found.column) == ("plain-pattern", severity, 68)
    assert shown(sign) in found.message
    assert found.hint == "for a regular expression: {expr: 'src.F.matches(\"…\")'}"


@pytest.mark.parametrize("pattern", ["*-*-*", "*@example.com", "100%*", "Report.*", "C++*", "a.b", "$*"])
def test_other_signs_stand_for_themselves_and_nothing_is_said(pattern: str) -> None:
    assert loaded(f"  given_name: {{field: F, direction: in, when: [{{field: F, matches: '{pattern}'}}]}}\n")[1] == []


def test_the_expression_in_the_hint_is_one_that_works() -> None:
    filtered = 'filter: {out: [{path: "emails[work]", matches: "^a"}, {path: given_name, matches: "a$"}]}\n'
    hints = [str(one.hint) for one in loaded("  given_name: F\n", filtered)[1]]
    assert hints == [
        'for a regular expression: {expr: \'to["emails[work]"].matches("…")\'}',
        "for a regular expression: {expr: 'to.given_name.matches(\"…\")'}",
    ]
    for hint in hints:
        condition = hint.removeprefix("for a regular expression: ").replace("…", "^a")
        found = loaded('  given_name: F\n  "emails[work]": E\n', f"filter: {{out: [{condition}]}}\n")[1]
        assert [one for one in found if one.severity is Severity.ERROR] == []
