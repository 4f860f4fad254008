"""What runs and is probably not meant: one warning each, at the key it is about."""

from __future__ import annotations

import pytest

from connectors.contract import Field
from mappings.checking.item_keys import BY_USE, USES, near_miss
from mappings.compile import load
from model.diagnostics import Diagnostic, Severity
from model.entities import schemas
from model.item_keys import ITEM_KEYS

SCHEMAS = schemas()
HEAD = "connection: crm\nstream: Contact\nentity: contact\n"


def found(rest: str, head: str = HEAD, files: dict[str, str] | None = None) -> list[Diagnostic]:
    def fetch(name: str) -> tuple[str, str] | None:
        return (files[name], f"{name}.yaml") if name in (files or {}) else None

    return load(f"{head}{rest}", "crm.yaml", SCHEMAS, None, fetch)[1]


def said(rest: str, **kwargs: object) -> list[tuple[str, int | None, int | None]]:
    """Warnings and errors with their places."""
    return [
        (one.code, one.line, one.column)
        for one in found(rest, **kwargs)  # type: ignore[arg-type]
        if one.severity is not Severity.NOTE
    ]


# Keys that do nothing


@pytest.mark.parametrize(
    ("rest", "column", "message"),
    [
        (
            "rules:\n  job_title: {field: T, direction: in, default: x}\n",
            40,
            "default does nothing here: the rule only",
        ),
        ("rules:\n  job_title: {field: T, direction: in, strength: enforce}\n", 40, "strength does nothing"),
        ("rules:\n  job_title: {field: T, direction: in, max_length: 9}\n", 40, "max_length does nothing"),
        ("rules:\n  job_title: {field: T, direction: in, loses: [case]}\n", 40, "loses does nothing"),
        ("rules:\n  job_title: {field: T, direction: in, blank: {out: ignore}}\n", 48, "blank.out does nothing"),
        ("rules:\n  job_title: {field: T, direction: out, blank: {in: ignore}}\n", 49, "the rule only goes out"),
        ("rules:\n  job_title: {field: T, transform: {nth: 1}, loses: [case]}\n", 46, "the rule only goes in"),
        ("rules:\n  job_title: {expr: src.t, strength: enforce}\n", 28, "an expression only goes in"),
        ("rules:\n  job_title: {expr: src.t, max_length: 3}\n", 28, "an expression only goes in"),
        ("rules:\n  job_title: {constant: Boss, default: x}\n", 31, "a constant only goes in"),
        ("rules:\n  job_title: {constant: Boss, loses: [case]}\n", 31, "a constant only goes in"),
        ("rules:\n  job_title: {constant: Boss, placeholder: x}\n", 31, "a constant is the canonical value itself"),
    ],
)
def test_a_key_of_a_rule_that_never_goes_that_way_does_nothing_and_that_is_said(rest, column, message):
    if "expr" in rest:
        pytest.importorskip("cel_expr_python")
    (one,) = [one for one in found(rest) if one.severity is not Severity.NOTE]
    assert (one.code, one.severity, one.line, one.column) == ("no-effect", Severity.WARNING, 5, column)
    assert one.path == "contact.job_title"
    assert message in one.message
    assert "take it out" in (one.hint or "")


@pytest.mark.parametrize(
    ("head", "place", "message"),
    [
        ("direction: in\nfilter: {out: [{path: active, is: true}]}\n", (5, 10), "filter.out does nothing here"),
        ("direction: in\ndelete: {out: delete}\n", (5, 10), "the mapping only goes in"),
        ("direction: in\ndefaults: {record: {Source: x}}\n", (5, 12), "defaults.record does nothing here"),
        ("direction: out\nfilter: {in: [{field: active, is: true}]}\n", (5, 10), "filter.in does nothing here"),
        ("direction: out\ndelete: {in: delete}\n", (5, 10), "the mapping only goes out"),
        ("direction: out\ndefaults: {canonical: {active: true}}\n", (5, 12), "defaults.canonical does nothing here"),
        ("direction: out\nmatch: {strong: [family_name]}\n", (5, 1), "match does nothing here"),
        ("create: in\ndefaults: {record: {Source: x}}\n", (5, 12), "no record is created in the system"),
        ("create: out\ndefaults: {canonical: {active: true}}\n", (5, 12), "nothing is created in the hub"),
    ],
)
def test_a_section_about_the_way_a_mapping_does_not_go_is_said(head, place, message):
    (one,) = found(f"{head}rules: {{family_name: L}}\n")
    assert (one.code, one.severity, one.line, one.column) == ("no-effect", Severity.WARNING, *place)
    assert message in one.message


def test_what_a_mapping_says_of_the_way_it_does_not_go_without_claiming_anything_is_no_matter():
    assert said("direction: in\ndelete: {in: review, out: ignore}\nrules: {family_name: L}\n") == []
    assert said("rules: {family_name: {field: L, direction: out, default: x, max_length: 3}}\n") == []
    assert said("rules: {family_name: {field: L, direction: in, blank: ignore, empty: keep}}\n") == []


def test_the_direction_of_the_mapping_counts_for_its_rules_and_for_items_of_lists():
    each = "lines: {field: L, each: {key: id, rules: {sku: {field: s, max_length: 3}}}}"
    head = "connection: crm\nstream: Order\nentity: order\ndirection: in\n"
    text = f"rules:\n  number: {{field: N, when: {{out: [{{path: note, is: x}}]}}, default: x}}\n  {each}\n"
    assert said(text, head=head) == [("no-effect", 6, 29), ("no-effect", 6, 58), ("no-effect", 7, 61)]


def test_a_strength_where_nothing_is_updated_does_nothing_but_saying_so():
    rules = "  family_name: {field: L, strength: enforce}\n  given_name: {field: G, strength: create_only}\n"
    assert said(f"update: in\nrules:\n{rules}") == [("no-effect", 6, 27)]


def test_a_default_where_nothing_is_created_does_nothing():
    assert said("create: in\nrules:\n  family_name: {field: L, default: x}\n") == [("no-effect", 6, 27)]


def test_what_mappings_share_may_be_for_another_of_them():
    shared = "filter: {out: [{path: active, is: true}]}\nrules: {family_name: {field: L, max_length: 3}}\n"
    assert said("extends: shop\ndirection: in\n", files={"shop": shared}) == []
    assert [code for code, *_ in said("extends: shop\n", files={"shop": f"direction: in\n{shared}"})] == [
        "no-effect",
        "no-effect",
    ]


# Constants


@pytest.mark.parametrize(
    ("entity", "rule", "code", "column"),
    [
        ("contact", "tags: {constant: [a]}", "kind-mismatch", 3),
        ("contact", "tags: {constant: 7, list: set}", "bad-constant", 20),
        ("contact", "account: {constant: A1}", "bad-constant", 23),
        ("contact", '"given_name, family_name": {constant: x, transform: full_name}', "bad-rule", 41),
        ("contact", "job_title: {constant: x, transform: trim}", "bad-rule", 39),
        ("order", "lines: {constant: x, each: {key: id, rules: {sku: s}}}", "bad-rule", 30),
    ],
)
def test_a_constant_that_no_record_could_bear_is_an_error_before_it_runs(entity, rule, code, column):
    needed = "  number: N\n" if entity == "order" else ""
    text = f"rules:\n  {rule}\n{needed}"
    assert said(text, head=HEAD.replace("entity: contact", f"entity: {entity}")) == [(code, 5, column)]


# Kinds


@pytest.mark.parametrize(
    ("rule", "column", "severity", "hint"),
    [
        ("department: {field: A, transform: integer}", 37, "warning", "leave the transform out"),
        ("department: {field: A, transform: date}", 37, "warning", "a canonical field of that kind"),
        ("department: {field: A, transform: country}", 37, "warning", "leave the transform out"),
        ("birth_date: {field: A, transform: [trim, lower]}", 37, "warning", "leave the transform out"),
        ("birth_date: {field: A, transform: email}", 37, "error", "transform: date"),
        ("language: {field: A, transform: country}", 35, "error", "transform: language"),
        ("website: {field: A, transform: date}", 34, "error", "transform: url"),
        ('"phones[work]": {field: A, transform: email}', 41, "error", "transform: phone"),
        ("birth_date: {field: A, transform: {time: short}}", 37, "error", "transform: date"),
        ("active: {field: A, transform: integer}", 33, "error", "transform: boolean"),
        ("department: {field: A, transform: boolean}", 37, "error", "transform: {text: boolean}"),
    ],
)
def test_a_transform_that_makes_another_kind_is_said(rule, column, severity, hint):
    (one,) = found(f"rules:\n  {rule}\n")
    assert (one.code, one.severity.value, one.line, one.column) == ("kind-mismatch", severity, 5, column)
    assert hint in (one.hint or "")


@pytest.mark.parametrize(
    "rule",
    [
        "birth_date: {field: A, transform: [{prefix: D-}, date]}",
        "birth_date: {field: A, transform: {prefix: D-}}",
        "gender: {field: A, transform: lower}",
        "interests: {field: A, list: set, transform: language}",
        "department: {field: A, transform: email}",
        "time_zone: {field: A, transform: zone}",
    ],
)
def test_a_transform_whose_result_the_kind_goes_on_from_is_right(rule):
    assert said(f"rules:\n  {rule}\n") == []


# Items


def test_the_usual_keys_are_those_that_the_model_names():
    for name in BY_USE:
        spec = SCHEMAS["account"].fields.get(f"{name}[]")
        if spec is not None:
            named = spec.description.partition(":")[2].strip(" .").split(", ")
            assert named == list(ITEM_KEYS[name])


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("phones[moblie]", "phones[mobile]"),
        ("emails[Work]", "emails[work]"),
        ("emails[wrok]", "emails[work]"),
        ("addresses[biling].city", "addresses[billing].city"),
        ("addresses[shiping].city", "addresses[shipping].city"),
        ("consents[phone].job", None),
        ("consents[phone].source", "consents[phone:any].source"),
        ("consents[emial:news].source", "consents[email:news].source"),
        ("phones[work2]", None),
        ("phones[assistant]", None),
        ("emails[private]", None),
        ("consents[letter:news].source", None),
    ],
)
def test_keys_that_are_nearly_the_usual_ones_are_said_with_the_path_that_is_meant(path, meant):
    warned = [one for one in found(f'rules:\n  "{path}": A\n') if one.code == "unusual-key"]
    expected = [("warning", 5, 3, f"did you mean {meant!r}?")] if meant else []
    assert [(one.severity.value, one.line, one.column, one.hint) for one in warned] == expected


def test_a_misspelt_key_is_told_where_it_stands_and_not_again_where_it_was_spelt_right():
    rest = 'match: {strong: ["phones[mobile]"]}\nowns: ["phones[mobile]"]\nrules:\n  "phones[moblie]": M\n'
    assert said(rest) == [("unusual-key", 7, 3)]
    rest = 'match: {strong: ["phones[moblie]"]}\nowns: ["phones[mobil]"]\nrules:\n  "phones[mobile]": M\n'
    assert [(one.code, one.line, one.column, one.hint) for one in found(rest)] == [
        ("match-unread", 4, 18, "did you mean 'phones[mobile]'?"),
        ("owned-unread", 5, 8, "did you mean 'phones[mobile]'?"),
    ]


def test_defaults_and_filters_name_items_too():
    rest = 'defaults: {canonical: {"phones[hmoe]": "+4930123456"}}\nrules: {family_name: L}\n'
    assert said(rest) == [("unusual-key", 4, 24)]
    rest = 'filter: {out: [{path: "emails[wrk]", present: true}]}\nrules: {family_name: L}\n'
    assert said(rest) == [("unusual-key", 4, 23)]


@pytest.mark.parametrize("word", ["mother", "main", "tax", "fix", "hom3", "office", ""])
def test_words_of_their_own_are_no_near_misses(word):
    assert near_miss(word, USES) is None


# Examples


def test_what_an_example_names_and_no_rule_has_is_said():
    rest = """rules: {given_name: F, nickname: {field: N, direction: out}}
examples:
  - record: {F: Ann, Z: 1}
    canonical: {given_name: Ann, middle_name: B, nickname: null}
    write: {G: Ann, N: null, X: null}
"""
    assert said(rest) == [("example-unmapped", 7, 34), ("example-unmapped", 8, 13)]
    messages = [one.message for one in found(rest)]
    assert messages[0].startswith("no rule reads or writes this, so the example cannot come true")


def test_examples_may_name_what_only_conditions_look_at_and_items_of_lists():
    rest = """filter: {out: [{path: active, is: true}, {path: "emails[*]", present: true}]}
rules: {given_name: {field: F, when: {out: [{path: department, present: true}]}}}
examples:
  - canonical: {given_name: Ann, active: false, "emails[work]": a@example.com, department: X}
    write: none
"""
    assert said(rest) == []
    head = "connection: crm\nstream: Order\nentity: order\n"
    rest = """rules: {number: N, lines: {field: L, each: {key: id, rules: {sku: s}}}}
examples:
  - record: {N: 1, L: [{id: 1, s: a}]}
    canonical: {number: "1", "lines[1].sku": a}
    write: {N: "1"}
"""
    assert said(rest, head=head) == []
    assert said(rest.replace("].sku", "].unit"), head=head) == [("example-unmapped", 7, 30)]


def test_an_example_is_not_blamed_for_a_rule_that_is_wrong():
    rest = (
        "rules: {given_name: {field: F, transform: trimm}}\nexamples: [{record: {F: A}, canonical: {given_name: A}}]\n"
    )
    assert [code for code, *_ in said(rest)] == ["bad-transform"]


# Tables


@pytest.mark.parametrize(
    ("values", "more", "severity", "column", "message"),
    [
        ("{male: M, female: M}", "", "note", 50, "'female' is written as 'M', which is read back as 'male'"),
        ("{male: M, female: M, other: M}", "", "note", 50, "'female' and 'other' are written as 'M'"),
        ("{male: M, female: M}", ", direction: in", "warning", 50, "'M' stands for 'male', too"),
        ("{male: [M, 1], female: [W, '1']}", "", "warning", 59, "'1' stands for 'male', too"),
        ("{male: M, female: {read: M}}", "", "warning", 57, "'M' stands for 'male', too"),
        ("{male: M, female: M}", ", direction: out", None, 0, ""),
        ("{male: [M, M], female: W}", "", None, 0, ""),
    ],
)
def test_a_record_value_in_two_rows_is_said_with_what_comes_of_it(values, more, severity, column, message):
    rest = f"rules:\n  gender: {{field: Sex, values: {values}{more}}}\n"
    twice = [one for one in found(rest) if one.code == "value-twice"]
    assert [(one.severity.value, one.line, one.column) for one in twice] == (
        [(severity, 5, column)] if severity else []
    )
    assert all(message in one.message for one in twice)


def test_a_table_is_checked_although_its_rule_is_wrong_elsewhere():
    assert said("rules:\n  gender: {field: Sex, values: {mal: M}, unknown: explode}\n") == [
        ("unknown-option", 5, 33),
        ("unknown-choice", 5, 51),
    ]
    assert said("rules:\n  gender: {field: Sex, values: {mal: M}, unknown: {default: 7}}\n") == [
        ("unknown-option", 5, 33),
        ("not-text", 5, 61),
    ]
    assert said("rules:\n  gender: {field: Sex, values: {mal: M}, loses: [caze], max_length: x}\n") == [
        ("unknown-option", 5, 33),
        ("unknown-choice", 5, 49),
        ("not-in-range", 5, 69),
    ]
    assert said("rules:\n  gender: {field: Sex, transform: trimm, values: {mal: M}}\n") == [("bad-transform", 5, 35)]


# Conditions


@pytest.mark.parametrize(
    ("condition", "column", "hint"),
    [
        ("{path: lifecycle, is: custmer}", 38, "did you mean 'customer'?"),
        ("{path: lifecycle, not: Customer}", 39, "did you mean 'customer'?"),
        ("{path: lifecycle, in: [customer, leed]}", 49, "did you mean 'lead'?"),
        ("{path: active, is: yes}", 35, "there are: true, false"),
        ("{path: active, is: true}", None, None),
        ("{path: lifecycle, is: null}", None, None),
        ("{path: department, is: Sales}", None, None),
    ],
)
def test_a_condition_on_a_value_that_there_never_is_is_said(condition, column, hint):
    rest = f"filter: {{out: [{condition}]}}\nrules: {{family_name: L}}\n"
    expected = [("unknown-option", "warning", 4, column, hint)] if column else []
    assert [(one.code, one.severity.value, one.line, one.column, one.hint) for one in found(rest)] == expected


def test_a_condition_on_a_field_that_cannot_be_read_is_said():
    fields = [Field(name="L"), Field(name="Secret", readable=False)]
    text = f"{HEAD}filter: {{in: [{{field: Secret, present: true}}]}}\nrules: {{family_name: L}}\n"
    notes = load(text, "crm.yaml", SCHEMAS, fields)[1]
    assert [(one.code, one.severity.value, one.line, one.column) for one in notes] == [("not-readable", "error", 4, 23)]


# Matching


@pytest.mark.parametrize(
    ("strong", "column"),
    [
        ("[gender]", 18),
        ("[[family_name, gender], [language, gender]]", 41),
        ('["addresses[*].country"]', 18),
        ("[[family_name, gender]]", None),
        ("[birth_date]", None),
    ],
)
def test_a_strong_rule_over_what_many_share_is_said(strong, column):
    rules = """rules: {gender: G, family_name: F, language: L, birth_date: B, "addresses[home].country": C}"""
    warned = [
        (one.code, one.severity.value, one.line, one.column) for one in found(f"match: {{strong: {strong}}}\n{rules}\n")
    ]
    assert warned == ([("match-weak", "warning", 4, column)] if column else [])
