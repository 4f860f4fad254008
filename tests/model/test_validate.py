"""Value spaces: what is let through and what is said of the rest."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.codes import COUNTRIES
from model.entities import schema_of, schemas
from model.fields import EntitySchema, FieldSpec, Kind
from model.validate import Validator, validate


def schema_with(kind, **facts):
    return EntitySchema("thing", {"x": FieldSpec(template="x", kind=kind, label="The x", **facts)})


def accepts(kind, value, **facts):
    return not validate(schema_with(kind, **facts), {"x": value})


GOOD = [
    (Kind.TEXT, ["", "a", "Ünï", "two\nlines", "😀", "x" * 100_000]),
    (Kind.INTEGER, [0, -5, 2**63 - 1]),
    (Kind.DECIMAL, ["0", "-12.50", "1" * 30]),
    (Kind.BOOLEAN, [True, False]),
    (Kind.DATE, ["2026-11-21", "2024-02-29", "0001-01-01"]),
    (Kind.DATETIME, ["2026-11-21T08:00:00Z", "2026-11-21T08:00:00.123456Z"]),
    (Kind.MONEY, [{"amount": "12.50", "currency": "EUR"}, {"currency": "JPY", "amount": "-1"}]),
    (Kind.EMAIL, ["a@b.de", "o'brien+x@mail.example.com", "ünï@bücher.example"]),
    (Kind.PHONE, ["+49301234567", "+49301234567;ext=8"]),
    (Kind.URL, ["https://acme.com", "acme.com", "http://shop.acme.co.uk:8080/a?b#c"]),
    (Kind.COUNTRY, ["DE", "XK"]),
    (Kind.LANGUAGE, ["de", "pt-BR", "zh-Hant-TW", "es-419"]),
    (Kind.TIMEZONE, ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"]),
    (Kind.REFERENCE, ["018f-1"]),
    (Kind.SET, [[], ["a"], ["a", "b"], ["a\nb"]]),
]
BAD = [
    (Kind.TEXT, [1, [], "a\x00b", "\ud800", "x" * 100_001, True]),
    (Kind.INTEGER, ["1", 1.0, True, 2**63]),
    (Kind.DECIMAL, [12.5, "", "1e3", "+1", "1,5", ".5", "NaN", "١", "1" * 31]),
    (Kind.BOOLEAN, ["true", 1, 0, ""]),
    (Kind.DATE, ["", "21.11.2026", "2026-02-30", "2026-W47-6", "20261121", "2026-11-21T00:00:00Z", 20261121]),
    (Kind.DATETIME, ["2026-11-21", "2026-11-21T08:00:00", "2026-11-21T08:00:00+01:00", "2026-11-21T25:00:00Z", ""]),
    (Kind.DATETIME, ["2026-W47-6T08:00:00Z", "2026-11-21T08.00.00Z", 5]),
    (Kind.MONEY, ["12.50", {"amount": 12.5, "currency": "EUR"}, {"amount": "1", "currency": "eur"}, {"amount": "1"}]),
    (Kind.MONEY, [{"amount": None, "currency": "EUR"}, {"amount": "1", "currency": "EUR", "tax": "1"}, []]),
    (Kind.EMAIL, ["", "a", "a@b", "a b@c.de", "a@b@c.de", "@b.de", "a@.de", "a@b.", "a@b.de\n", "<a@b.de>", 1]),
    (Kind.EMAIL, ["x" * 250 + "@b.de", "x" * 65 + "@b.de", "\ud800@b.de"]),
    (
        Kind.PHONE,
        ["030 1234567", "+049301", "+49 30 12", "0049301234567", "+49301234567;ext=", "+1234567890123456", ""],
    ),
    (Kind.URL, ["", "acme", "javascript:alert(1)", "ftp://acme.com", "https://a b.de", 1]),
    (Kind.COUNTRY, ["", "de", "Germany", "DEU", "ZZ", 1]),
    (Kind.LANGUAGE, ["", "DE", "german", "de_DE", "d"]),
    (Kind.TIMEZONE, ["", "CET+1", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", 1]),
    (Kind.REFERENCE, ["", 1]),
    (Kind.SET, ["a", ["b", "a"], ["a", "a"], [""], [1], ["a\x00"], ("a",), {"a": 1}]),
]


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in GOOD for value in values])
def test_a_value_of_its_kind_passes(kind, value):
    assert accepts(kind, value)


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in BAD for value in values])
def test_a_value_outside_its_kind_is_reported_with_field_and_rule(kind, value):
    [problem] = validate(schema_with(kind), {"x": value})
    assert problem.path == "x"
    assert problem.code == f"bad-{kind.value}"
    assert problem.message.startswith("The x must ")


def test_every_kind_is_covered_here_but_choice_which_has_its_own_test():
    assert {kind for kind, _ in GOOD} == {kind for kind, _ in BAD} == set(Kind) - {Kind.CHOICE}


def test_a_choice_is_one_of_its_choices():
    assert accepts(Kind.CHOICE, "a", choices=("a", "b"))
    for value in ("A", "", "c", 1, ["a"]):
        [problem] = validate(schema_with(Kind.CHOICE, choices=("a", "b")), {"x": value})
        assert problem.message == "The x must be one of a, b"


def test_a_bound_counts_characters():
    assert accepts(Kind.TEXT, "äöü", max_length=3)
    [problem] = validate(schema_with(Kind.TEXT, max_length=3), {"x": "abcd"})
    assert problem.message == "The x must have at most 3 characters"


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.CHOICE])
def test_null_is_no_problem_unless_a_value_is_required(kind):
    assert accepts(kind, None)
    [problem] = validate(schema_with(kind, required=True), {"x": None})
    assert (problem.code, problem.path) == ("required", "x")


def test_an_absent_required_field_matters_only_for_a_whole_record():
    schema = schema_of("account")
    assert validate(schema, {"website": "acme.com"}) == []
    assert [problem.path for problem in validate(schema, {"website": "acme.com"}, complete=True)] == ["name"]
    assert [problem.code for problem in validate(schema, {"name": "  "})] == ["required"]


def test_paths_that_lead_nowhere_are_reported():
    problems = validate(schema_of("contact"), {"given_nam": "x", "no path": 1, "addresses[a].zip": "1"})
    assert {(problem.code, problem.path) for problem in problems} == {
        ("unknown-field", "given_nam"),
        ("unknown-field", "no path"),
        ("unknown-field", "addresses[a].zip"),
    }


def test_a_problem_never_repeats_the_value():
    values = {
        "emails[work]": "canary-7421",
        "birth_date": "canary-7421",
        "gender": "canary-7421",
        "tags": "canary-7421",
    }
    problems = validate(schema_of("contact"), values)
    assert len(problems) == 4
    assert "canary-7421" not in " ".join(problem.message for problem in problems)


def test_two_schemas_of_one_entity_do_not_share_their_checks():
    plain = schema_of("contact")
    richer = schema_of("contact", {"tier": FieldSpec(template="tier", kind=Kind.INTEGER, custom=True)})
    for _ in range(2):
        assert [problem.code for problem in validate(plain, {"tier": 1})] == ["unknown-field"]
        assert validate(richer, {"tier": 1}) == []
        assert [problem.code for problem in validate(richer, {"tier": "1"})] == ["bad-integer"]


def test_many_schemas_made_one_after_another_are_each_checked_by_their_own_rules():
    for index in range(300):
        kind = (Kind.TEXT, Kind.INTEGER)[index % 2]
        assert accepts(kind, "1") == (kind is Kind.TEXT)


def test_the_paths_learnt_are_bounded_and_the_answers_stay_right():
    validator = Validator(schema_of("order"))
    for index in range(25_000):
        assert validator.problems({f"lines[{index}].sku": "a"}) == []
    assert len(validator._checks) <= 20_000
    assert validator.problems({"lines[1].sku": 1})[0].path == "lines[1].sku"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_paths = st.sampled_from(
    [spec.replace("[]", "[k]") for schema in schemas().values() for spec in schema.fields]
    + ["", "?", "a[", "emails[*]"]
)


@given(st.sampled_from(sorted(schemas())), st.dictionaries(_paths, _json, max_size=8))
def test_whatever_arrives_is_reported_and_left_as_it_is(entity, values):
    before = copy.deepcopy(values)
    problems = validate(schema_of(entity), values, complete=True)
    assert values == before
    assert {problem.path for problem in problems} <= values.keys() | {
        path for path, spec in schema_of(entity).fields.items() if spec.required
    }


def test_country_codes_are_two_capital_letters_and_about_as_many_as_the_standard_has():
    assert all(len(code) == 2 and code.isupper() for code in COUNTRIES)
    assert len(COUNTRIES) == 250
