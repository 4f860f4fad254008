"""Expressions: what they answer, what they are told, what they may cost, and how they are spoken of when wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Field
from mappings.cel.engine import MAX_LENGTH, RECORD, Scope, _environment, expression
from mappings.cel.faults import ExpressionError, Fault
from mappings.cel.values import MAX_RESULT
from mappings.codec import ABSENT
from mappings.compile import Compiled, load
from mappings.reading.reader import read_yaml
from mappings.transforms.base import UnfitError
from model.diagnostics import Diagnostic, Severity
from model.entities import schemas
from model.records import Record, RecordRef

SCHEMAS = schemas()
HERE = Path(__file__).parent
HEAD = "connection: crm\nstream: Contact\nentity: {entity}\n{head}rules:\n{rules}"


def loaded(
    rules: str, entity: str = "contact", head: str = "", fields: list[Field] | None = None
) -> tuple[Compiled | None, list[Diagnostic]]:
    return load(HEAD.format(entity=entity, head=head, rules=rules), "crm.yaml", SCHEMAS, fields)


def mapping(rules: str, entity: str = "contact", head: str = "", fields: list[Field] | None = None) -> Compiled:
    compiled, found = loaded(rules, entity, head, fields)
    assert compiled is not None, [str(one) for one in found]
    return compiled


def project(compiled: Compiled, **data: Any):
    return compiled.project([Record("1", data)])[0]


def answer(text: str, data: dict[str, Any], variable: str = RECORD) -> Any:
    computed = expression(text, variable)
    return computed.value(Scope([computed], variable).facts(data))


def failed(text: str, data: dict[str, Any]) -> UnfitError:
    with pytest.raises(UnfitError) as caught:
        answer(text, data)
    return caught.value


# What they answer


CASES, _, _ = read_yaml((HERE / "expressions.yaml").read_text(encoding="utf-8"), "expressions.yaml")


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["expr"])
def test_the_engine_conforms(case: dict[str, Any]) -> None:
    """Another engine, or another release, is good enough when this passes."""
    if "refused" in case:
        with pytest.raises(ExpressionError) as caught:
            expression(case["expr"])
        assert caught.value.faults[0].code == case["refused"]
        return
    told = case.get("src", CASES["person"])
    if "error" in case:
        assert failed(case["expr"], told).code == case["error"]
        return
    result = answer(case["expr"], told)
    assert result is ABSENT if "absent" in case else repr(result) == repr(case["is"])


def test_the_cases_are_many_and_none_is_there_twice() -> None:
    texts = [case["expr"] for case in CASES["cases"]]
    assert len(texts) == len(set(texts)) >= 60


# What they are told


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (Decimal("12.50"), "12.50"),
        (datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), "2026-03-04T05:06:07Z"),
        (datetime.fromisoformat("2026-03-04T05:06:07"), "2026-03-04T05:06:07"),
        (date(2026, 3, 4), "2026-03-04"),
        (time(5, 6), "05:06:00"),
        (timedelta(seconds=90), "PT90S"),
        ({"b", "a"}, ["a", "b"]),
        (("a", Decimal(1)), ["a", "1"]),
        (2**70, str(2**70)),
        (2**63 - 1, 2**63 - 1),
        ({"x": {"y": [Decimal("0.1")]}}, {"x": {"y": ["0.1"]}}),
        ("x" * 5000 + "Ü", "x" * 5000 + "Ü"),
    ],
)
def test_what_is_no_json_is_written_as_json(value: Any, seen: Any) -> None:
    assert answer("src.v", {"v": value}) == seen


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", ["a\x00b", "\udc80", ["a\x00b"], {"\udc80": 1}, b"x", {1: "a"}, object(), nested(60), ["x"] * 100_000]
)
def test_a_value_the_engine_cannot_take_concerns_those_who_read_it_and_nobody_else(value: Any) -> None:
    compiled = mapping("  given_name: {expr: src.bad}\n  family_name: {expr: src.good}\n")
    projection = project(compiled, bad=value, good="Bo")
    assert projection.values == {"family_name": "Bo"}
    assert [(problem.path, problem.code[:5]) for problem in projection.problems] == [("given_name", "expr-")]


@pytest.mark.parametrize("name", ["a\x00", "\udc80", 1, None])
def test_a_field_whose_name_cannot_be_told_concerns_those_who_read_the_whole_record(name: Any) -> None:
    assert failed("size(src)", {name: 1, "a": 2}).code == "expr-type"
    assert answer("src.a", {name: 1, "a": 2}) == 2


@pytest.mark.parametrize("text", ["NOT_FOUND: x", "INTERNAL: y", "A: b", "UNKNOWN: "])
def test_a_text_that_looks_like_an_error_of_the_engine_is_a_text(text: str) -> None:
    assert answer("src.a", {"a": text}) == text
    assert answer('src.a + ""', {"a": text}) == text


def test_a_text_is_never_cut_at_a_nul() -> None:
    assert failed("src.v", {"v": "a\x00b"}).code == "expr-type"
    assert failed("src.v.x", {"v": {"x": "a\x00b"}}).code == "expr-type"


class Counting(dict[str, Any]):
    """A record that counts how often a field is asked for."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self.asked: list[str] = []

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.append(name)
        return super().get(name, default)


def test_all_expressions_of_a_mapping_are_told_of_a_record_once() -> None:
    compiled = mapping(
        """
  given_name: {expr: src.first}
  family_name: {expr: 'src.first + src.last', when: [{expr: 'src.last != ""'}]}
  nickname: {expr: 'src.first.substring(0, 1)'}
""",
        head="filter: {in: [{expr: 'src.first != \"x\"'}]}\n",
    )
    data = Counting({"first": "Ana", "last": "Bo", "other": 1})
    (projection,) = compiled.project([Record("1", data)])
    assert projection.values == {"given_name": "Ana", "family_name": "AnaBo", "nickname": "A"}
    assert data.asked == ["first", "last"]


# What they are good for


def test_a_rule_may_compute_its_value_and_go_in_only() -> None:
    compiled = mapping("  full_name: {expr: 'src.first + \" \" + src.last'}\n  given_name: first\n")
    assert project(compiled, first="Ana", last="Bo").values == {"full_name": "Ana Bo", "given_name": "Ana"}
    assert compiled.reads == {"full_name", "given_name"}
    assert compiled.writes == {"given_name"}


def test_null_is_null_and_what_the_record_has_not_says_nothing() -> None:
    compiled = mapping("  given_name: {expr: src.a}\n  family_name: {expr: 'src.?b'}\n")
    assert project(compiled, a=None, b=None).values == {"given_name": None, "family_name": None}
    assert project(compiled, a="", b="").values == {"given_name": None, "family_name": None}
    assert project(compiled).values == {}
    assert project(compiled).problems == []


def test_what_is_missing_elsewhere_than_in_the_record_is_a_problem() -> None:
    compiled = mapping('  given_name: {expr: \'{"a": "A"}[src.code]\'}\n')
    assert project(compiled, code="a").values == {"given_name": "A"}
    assert [problem.code for problem in project(compiled, code="b").problems] == ["expr-missing"]
    assert project(compiled).problems == []


RECORD_OF_ALL = {
    "kind": "Mobile", "number": "030 123456", "born": "31.1.1970", "sex": "f", "active": "Y", "Tags": "b;a;b",
    "owner": 17, "name": "Ana Bo", "none": "(none)", "amount": 5, "currency": "EUR", "items": [
        {"id": 1, "sku": "A", "gone": False}, {"id": 2, "sku": "B", "gone": True}], "changed": "2026-03-04T05:06:07Z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("entity", "rule", "values"),
    [
        ("contact", '"phones[mobile]": {expr: src.number, transform: {phone: DE}}', {"phones[mobile]": "+4930123456"}),
        ("contact", "birth_date: {expr: src.born, transform: {date: '%d.%m.%Y'}}", {"birth_date": "1970-01-31"}),
        ("contact", "gender: {expr: 'src.sex.upperAscii()', values: {female: F}}", {"gender": "female"}),
        ("contact", "tags: {expr: 'src.Tags.split(\";\")', list: set}", {"tags": ["a", "b"]}),
        ("contact", 'tags: {expr: src.Tags, list: set, separator: ";"}', {"tags": ["a", "b"]}),
        ("contact", "active: {expr: 'src.active == \"Y\"'}", {"active": True}),
        ("contact", "nickname: {expr: src.none, placeholder: (none)}", {}),
        ("contact", "account: {expr: src.owner, reference: Account}", {}),
        (
            "contact",
            '"full_name, given_name, family_name": {expr: src.name, transform: full_name}',
            {"full_name": "Ana Bo", "given_name": "Ana", "family_name": "Bo"},
        ),
        ("contact", "job_title: {expr: 'src.owner'}", {"job_title": "17"}),
        (
            "opportunity",
            'amount: {expr: \'{"amount": src.amount, "currency": src.currency}\'}',
            {"amount": {"amount": "5.00", "currency": "EUR"}},
        ),
        (
            "opportunity",
            "amount: {expr: src.amount, transform: {money: {currency_field: currency}}}",
            {"amount": {"amount": "5.00", "currency": "EUR"}},
        ),
        (
            "order",
            "lines: {expr: 'src.items.filter(i, !i.gone)', each: {key: id, rules: {sku: sku}}}",
            {"lines[1].sku": "A"},
        ),
        ("order", "ordered_at: {expr: 'timestamp(src.changed)'}", {"ordered_at": "2026-03-04T05:06:07Z"}),
    ],
)
def test_a_result_goes_the_way_a_field_s_value_goes(entity: str, rule: str, values: dict[str, Any]) -> None:
    compiled = mapping(f"  {rule}\n", entity)
    projection = project(compiled, **RECORD_OF_ALL)
    assert (projection.values, list(projection.problems)) == (values, [])
    if "reference" in rule:
        assert projection.references == {"account": RecordRef("Account", "17")}
    if "each" in rule:
        assert projection.complete == ["lines[*].sku"]


def test_one_bad_expression_holds_up_no_other_value_and_no_message_holds_a_value() -> None:
    compiled = mapping("  given_name: {expr: 'src.a + 1'}\n  family_name: b\n  nickname: {expr: 'int(src.b)'}\n")
    projection = project(compiled, a="secret", b="hidden")
    assert projection.values == {"family_name": "hidden"}
    assert [(problem.code, problem.path) for problem in projection.problems] == [
        ("expr-type", "given_name"),
        ("expr-type", "nickname"),
    ]
    assert not [problem for problem in projection.problems if "secret" in str(problem) or "hidden" in str(problem)]


def test_in_a_field_the_entity_cannot_be_without_the_whole_record_is_parked() -> None:
    compiled = mapping("  name: {expr: 'src.a + 1'}\n", "account")
    (problem,) = project(compiled, a="x").problems
    assert (problem.code, problem.path) == ("expr-type", None)


# Fingerprints


def test_a_fingerprint_covers_what_expressions_read_and_nothing_else() -> None:
    compiled = mapping(
        "  given_name: {expr: 'has(src.a) ? src.b.c : src[\"d e\"]'}\n"
        '  nickname: {field: n, when: [{expr: \'src.?f.orValue("") != ""\'}]}\n',
        head="filter: {in: [{expr: 'src.g.exists(x, x == src.h)'}]}\n",
    )
    assert compiled.record_fields == ("a", "b", "d e", "f", "g", "h", "n")
    assert compiled.touches == frozenset(compiled.record_fields)
    assert not compiled.reads_whole
    base = {name: name for name in compiled.record_fields}
    prints = compiled.fingerprints([Record("1", base), *(Record("1", {**base, name: "x"}) for name in (*base, "z"))])
    assert len(set(prints)) == 1 + len(base)
    assert prints[0] == prints[-1]


def test_where_only_the_data_tell_what_is_read_every_change_is_looked_at() -> None:
    compiled = mapping("  given_name: {expr: 'src[src.which]'}\n")
    assert compiled.reads_whole
    data = [{"which": "a", "a": "x"}, {"which": "a", "a": "y"}, {"a": "x", "which": "a"}, {"which": "a", "a": 2**70}]
    prints = compiled.fingerprints([Record("1", one) for one in data])
    assert prints[0] == prints[2]
    assert len(set(prints)) == 3
    assert project(compiled, which="a", a="x").values == {"given_name": "x"}
    assert project(compiled, which="b", a="x").values == {}


def test_another_expression_is_another_version() -> None:
    versions = {mapping(f"  given_name: {rule}\n").version for rule in ("{expr: src.a}", "{expr: src.b}", "a")}
    assert len(versions) == 3


# Said beforehand


def errors(rules: str, entity: str = "contact", **more: Any) -> list[tuple[str, int | None, int | None, str | None]]:
    found = loaded(rules, entity, **more)[1]
    return [(one.code, one.line, one.column, one.hint) for one in found if one.severity is Severity.ERROR]


BOTH_WAYS = "for a value that goes both ways: field, with transforms or values"


@pytest.mark.parametrize(
    ("rule", "code", "hint"),
    [
        ("given_name: {expr: srx.a}", "unknown-name", "did you mean 'src'?"),
        ("given_name: {expr: first}", "unknown-name", "what there is to read is in src: src.first"),
        ("given_name: {expr: 'src.a.trimm()'}", "unknown-function", "did you mean 'trim'?"),
        ("given_name: {expr: 'src.a + '}", "bad-expression", None),
        ("given_name: {expr: 'src.a = 1'}", "bad-expression", "equal is =="),
        ("given_name: {expr: 'src.a and src.b'}", "bad-expression", "and is &&"),
        ("given_name: {expr: '\"a\" + 1'}", "bad-expression", None),
        ("given_name: {expr: 17}", "not-text", "put it in single quotes"),
        ("given_name: {expr: }", "not-text", None),
        ("given_name: {expr: src.a, field: b}", "bad-rule", None),
        ("given_name: {expr: src.a, constant: b}", "bad-rule", None),
        ("given_name: {expr: src.a, transform: join}", "bad-rule", None),
        ("given_name: {expr: src.a, direction: out}", "one-way", BOTH_WAYS),
        ("given_name: {expr: src.a, direction: both}", "one-way", None),
        ("given_name: {expr: src.a > 1}", "kind-mismatch", None),
        ("given_name: {expr: '[src.a]'}", "kind-mismatch", None),
        ("given_name: {expr: 'b\"x\"'}", "kind-mismatch", None),
        ("birth_date: {expr: '1 + 1'}", "kind-mismatch", None),
        ("active: {expr: '[true]'}", "kind-mismatch", None),
        ("tags: {expr: '\"a\"', list: set}", "kind-mismatch", None),
        ("tags: {expr: src.a}", "kind-mismatch", "list: set"),
        ("account: {expr: src.a}", "kind-mismatch", None),
        (f"given_name: {{expr: '{'src.a + ' * 200}src.a'}}", "bad-expression", None),
        (f"given_name: {{expr: 'src.{'a' * MAX_LENGTH}'}}", "bad-expression", None),
        (f"given_name: {{expr: '{'(' * 40}1{')' * 40}'}}", "bad-expression", None),
        ("given_name: {expr: 'src.a.map(src, src)'}", "bad-expression", None),
        ('given_name: {expr: "src.a + \'\\0\'"}', "bad-expression", None),
    ],
)  # fmt: skip
def test_what_cannot_be_computed_is_said_before_it_runs(rule: str, code: str, hint: str | None) -> None:
    (one,) = errors(f"  {rule}\n")
    assert one[0] == code
    assert hint is None or one[3] == hint


@pytest.mark.parametrize(
    ("written", "line", "column"),
    [
        ("{expr: src.a + srx.b}", 5, 30),
        ("{expr: 'src.a + srx.b'}", 5, 31),
        ("{expr: '''x'' + srx.b'}", 5, 31),
        ('{expr: "\\"x\\" + srx.b"}', 5, 31),
        ("\n    expr: src.a +\n      srx.b", 7, 7),
        ("\n    expr: 'src.a +\n\n      srx.b'", 8, 7),
        ("\n    expr: |\n      src.a +\n      srx.b", 8, 7),
        ("\n    expr: |-\n\n      src.a\n        + srx.b", 9, 11),
        ("\n    expr: >\n      src.a +\n      srx.b", 8, 7),
        ("\n    expr: >-\n      src.a\n\n      + 'Ü' + srx.b", 9, 15),
    ],
)
def test_the_place_is_that_of_the_word_inside_the_expression(written: str, line: int, column: int) -> None:
    (one,) = errors(f"  given_name: {written}\n")
    assert one[:3] == ("unknown-name", line, column)


FIELDS = [
    Field(name="Email"),
    Field(name="address.city"),
    Field(name="Hidden", readable=False),
    Field(name="extra"),
]


@pytest.mark.parametrize(
    ("text", "severity", "hint"),
    [
        ("src.Emial", "error", "did you mean 'Email'?"),
        ("src.?Emial.orValue(1)", "warning", "did you mean 'Email'?"),
        ("has(src.Emial) ? 1 : 2", "warning", "did you mean 'Email'?"),
        ('src["Emial"]', "error", "did you mean 'Email'?"),
        ("src.address.cty", "error", "did you mean 'address.city'?"),
        ("src.Email", None, None),
        ("src.address.city", None, None),
        ("src.address.size()", None, None),
        ("src.extra.any.thing", None, None),
    ],
)
def test_fields_are_compared_with_those_the_stream_has(text: str, severity: str | None, hint: str | None) -> None:
    found = loaded(f"  given_name: {{expr: '{text}'}}\n", fields=FIELDS)[1]
    told = [(one.severity.value, one.hint, one.column) for one in found if one.code == "unknown-field"]
    column = 23 + max(text.find("Emial"), text.find("address")) - ('"' in text)
    assert told == ([] if severity is None else [(severity, hint, column)])


def test_a_field_that_cannot_be_read_cannot_be_computed_with() -> None:
    assert [one[0] for one in errors("  given_name: {expr: src.Hidden}\n", fields=FIELDS)] == ["not-readable"]


def test_reading_a_record_as_a_whole_is_noted() -> None:
    found = loaded("  given_name: {expr: 'src[src.a]', direction: in}\n")[1]
    assert [(one.code, one.severity) for one in found] == [("whole-record", Severity.NOTE)]


def test_without_the_engine_expressions_are_an_error_and_all_else_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cel_expr_python.cel", None)
    _environment.cache_clear()
    expression.cache_clear()
    try:
        (one,) = errors("  given_name: {expr: src.a}\n")
        assert (one[0], one[3]) == ("expr-unavailable", "pip install 'syncline[expressions]'")
        assert project(mapping("  given_name: {field: a, when: [{field: b, is: 1}]}\n"), a="A", b=1).values
    finally:
        monkeypatch.undo()
        _environment.cache_clear()
        expression.cache_clear()


def test_the_engine_is_not_loaded_where_no_expression_is() -> None:
    script = (
        "import sys\nfrom mappings.compile import load\nfrom model.entities import schemas\n"
        "text = 'connection: a\\nstream: b\\nentity: contact\\nrules: {given_name: n}\\n'\n"
        "assert load(text, 'm.yaml', schemas())[0]\n"
        "assert not [name for name in sys.modules if name.startswith('cel')]\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=HERE.parents[1])


EXAMPLES = re.findall(
    r"```yaml\n(rules:.*?)```", (HERE.parents[1] / "docs/mapping-language.md").read_text("utf-8"), re.DOTALL
)


@pytest.mark.parametrize("example", [text for text in EXAMPLES if "expr" in text or "when" in text])
def test_the_examples_of_the_document_work(example: str) -> None:
    compiled, found = load(f"connection: a\nstream: b\nentity: contact\n{example}", "crm.yaml", SCHEMAS)
    assert compiled is not None, [str(one) for one in found]
    person = {"first": "Ana", "last": None, "orders": 2, "phones": [{"kind": "mobile", "number": "0170 1234567"}]}
    values = project(compiled, **person, Country="FR", Mobile="+491701234567", VatId="x").values
    assert values["phones[mobile]"] == "+491701234567"
    assert values.get("full_name", "Ana") == "Ana"


# What they may cost


TEN = "[1,2,3,4,5,6,7,8,9,10]"
ATTACKS = [
    f"{TEN}.map(a,{TEN}.map(b,{TEN}.map(c,{TEN}.map(d,{TEN}.map(e,1)))))",
    "src.list.map(x, src.list.map(y, src.list.map(z, x + y + z)))",
    "src.list.map(x, src.long)",
    "src.list.map(x, src.long + text(x)).join('')",
    "src.list.map(x, src.list)",
    "src.list.map(x, src)",
    "src.list.map(x, src.long.split(''))",
    "src.list.filter(x, src.long.contains(src.long))",
    "src.list.map(x, src.long.matches(src.evil))",
    "src.long.split('').map(x, src.long)",
    "src.long.replace('a', src.long)",
    "src.long.replace('a', src.long).replace('a', src.long)",
    f"src.long.replace('a', '{'a' * 400}').replace('a', '{'a' * 400}')",
    "src.long.split('').join(src.long)",
    "src.huge.indexOf(src.half)",
    "src.huge.replace(src.half, '')",
    "src.huge + src.huge + src.huge",
    "src.evil.matches('(a+)+$')",
    "src.evil.matches('(a|a|aa)+(a|a|aa)+$')",
    "src.evil.matches('((a{0,100}){0,100}){0,100}')",
    "'%.1000000f'.format([1.0])",
    "'%1000000000d'.format([1])",
    "src.deep == src.deep",
    "'a' in src.deep",
    "src.list.map(x, src.deep == src.deep)",
]
BOUNDED = """
import resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from mappings.compile import load
from model.entities import schemas
from model.records import Record

deep = "x"
for _ in range(30):
    deep = [deep] * 2
    if len(repr(deep)) > 100_000:
        break
data = {"list": list(range(9000)), "long": "a" * 60_000, "huge": "a" * 900_000, "half": "a" * 450_000 + "b",
        "evil": "a" * 30_000 + "!", "deep": deep}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for text in sys.stdin.read().split(chr(0)):
    quoted = text.replace("'", "''")
    rule = f"  tags: {{expr: '{quoted}', list: set}}"
    for path in ("tags", "tags[x]"):
        compiled, found = load(f"connection: a\\nstream: b\\nentity: contact\\nrules:\\n{rule}\\n", "m.yaml", schemas())
        if compiled is not None or "given_name" in rule:
            break
        rule = f"  given_name: {{expr: '{quoted}', transform: trim}}"
    begun = time.process_time()
    said = [one.code for one in found if one.severity.value == "error"]
    if compiled is not None:
        (projection,) = compiled.project([Record("1", data)])
        said = [one.code for one in projection.problems] or ["done"]
    took = time.process_time() - begun
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(text[:70], said, round(took, 2), "s", grown, "MB")
    assert took < 2, text
    assert grown < 150, text
"""


def test_no_expression_takes_long_or_much_whatever_the_record_holds() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED],
        input="\0".join(ATTACKS),
        capture_output=True,
        text=True,
        cwd=HERE.parents[1],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == len(ATTACKS)


def test_usual_work_is_not_taken_for_an_attack() -> None:
    lines = [{"sku": f"SKU-{at}", "text": "x" * 200, "taxes": [{"rate": 0.2}, {"rate": 0.1}]} for at in range(100)]
    data = {"lines": lines, "notes": "a line of notes\n" * 500, "tags": "; ".join(f"tag {at}" for at in range(80))}
    assert answer("src.lines.exists(l, l.taxes.exists(t, t.rate > 0.15))", data) is True
    assert len(answer("src.lines.filter(l, l.sku.contains('9')).map(l, l.sku)", data)) == 19
    assert len(answer("src.tags.split(';').map(t, t.trim()).filter(t, t != 'tag 1')", data)) == 79
    assert len(answer("src.notes.split('\\n').filter(n, n.trim() != '')", data)) == 500
    assert answer("src.lines.map(l, l.sku + src.tags).size()", data) == 100
    assert answer("src.notes.replace('\\n', '<br>').size()", data) == 500 * 19


def test_a_result_has_a_bound() -> None:
    assert len(answer("src.a", {"a": "x" * (MAX_RESULT - 1)})) == MAX_RESULT - 1
    assert failed("src.a", {"a": "x" * MAX_RESULT}).code == "expr-too-large"
    assert failed("[src.a, src.a]", {"a": "x" * (MAX_RESULT // 2)}).code == "expr-too-large"
    assert failed("src.a", {"a": [""] * 40_000}).code == "expr-too-large"


ALPHABET = st.sampled_from([
    "src", ".", "a", "b", "[", "]", "(", ")", "?", ":", '"', "'", "+", "==", "&&", "x", ",", "map", "has", "1", " ",
    "\n", "{", "}", "!", "-", ".?", "text", "size", "//", "\\", "ü", "\x00", "optional", "none", "of", "null", "`",
])  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(parts=st.lists(ALPHABET, max_size=14))
def test_any_text_is_an_expression_or_says_what_is_wrong_with_it(parts: list[str]) -> None:
    text = "".join(parts)
    faults: Sequence[Fault] = ()
    wrong = False
    try:
        expression(text)
    except ExpressionError as error:
        wrong, faults = True, error.faults
    assert bool(faults) is wrong
    assert all(0 <= fault.offset <= len(text) and fault.message for fault in faults)


TRIED = [
    "src.a + src.b", "src.a.b", "src.a == src.b", "text(src.a)", "src.a.map(x, x)", "src.a in src.b", "[src.a, src.?b]",
    "timestamp(src.a)", "src.a > src.b", "size(src.a)", "src[src.a]", "'%s'.format([src.a])", "has(src.a.b)", "src",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(a=JSON, b=JSON, text=st.sampled_from([one for one in TRIED if "[src.a, src.?b]" not in one]))
def test_any_record_gives_a_value_or_a_problem(a: Any, b: Any, text: str) -> None:
    said = "could not be computed"
    try:
        answer(text, {"a": a, "b": b})
    except UnfitError as unfit:
        said = unfit.message
    assert said.startswith("could not be computed")


def test_in_a_file_that_is_extended_the_place_is_there() -> None:
    base = (
        "connection: crm\nstream: C\nentity: contact\nrules:\n  given_name:\n    expr: >-\n      src.a +\n      srx.b\n"
    )
    compiled, found = load(
        "extends: base\nrules: {family_name: Last}\n",
        "own.yaml",
        SCHEMAS,
        fetch=lambda _: (base, "base.yaml"),
    )
    assert compiled is None
    (one,) = [one for one in found if one.severity is Severity.ERROR]
    assert one.place == "base.yaml:8:7"
