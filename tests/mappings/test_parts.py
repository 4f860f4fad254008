"""Rules of several paths, or of several fields: taken apart and put together, or refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Field
from mappings.compile import Compiled, load
from mappings.contract import RenderRequest
from mappings.proving.generate import Generator
from mappings.proving.laws import examine
from model.entities import schemas
from model.records import Record

SCHEMAS = schemas()
PLACE = '"addresses[work].postal_code, addresses[work].city": {field: Place, transform: {template: "%s"}}'


def loaded(*rules: str, head: str = "", fields: Any = None) -> tuple[Compiled | None, list[Any]]:
    text = "connection: crm\nstream: C\nentity: contact\n" + head + "rules:\n" + "".join(f"  {r}\n" for r in rules)
    return load(text, "crm.yaml", SCHEMAS, fields)


def mapping(*rules: str, fields: Any = None) -> Compiled:
    compiled, found = loaded(*rules, fields=fields)
    assert compiled is not None, [str(one) for one in found]
    return compiled


def project(compiled: Compiled, **data: Any) -> Any:
    return compiled.project([Record("1", data)])[0]


def render(compiled: Compiled, values: dict[str, Any], *paths: str) -> Any:
    asked = frozenset(paths) if paths else None
    return compiled.render([RenderRequest(values, asked, lambda stream, entity: None)])[0]


CITY = {"addresses[work].postal_code": "60311", "addresses[work].city": "Frankfurt am Main"}


def test_a_template_takes_a_field_apart_and_puts_it_together():
    compiled = mapping(PLACE % "{postal_code:word} {city}")
    assert project(compiled, Place="60311 Frankfurt am Main").values == CITY
    assert render(compiled, CITY).fields == {"Place": "60311 Frankfurt am Main"}
    assert render(compiled, {**CITY, "addresses[work].city": "Bonn"}, "addresses[work].city").fields == {
        "Place": "60311 Bonn"
    }
    assert project(compiled, Place=None).values == dict.fromkeys(CITY)
    assert project(compiled, Other=1).values == {}
    assert render(compiled, dict.fromkeys(CITY), *CITY).fields == {"Place": None}


def test_a_text_of_another_form_is_a_problem_of_all_its_paths_and_of_nothing_else():
    compiled = mapping(PLACE % "{postal_code:word} {city}", "given_name: First")
    found = project(compiled, Place="Berlin", First="Ana")
    assert found.values == {"given_name": "Ana"}
    assert {problem.path for problem in found.problems} == set(CITY)
    assert all("Berlin" not in problem.message for problem in found.problems)


def test_what_would_be_read_as_other_parts_is_not_written():
    compiled = mapping(PLACE % "{postal_code:word} {city}")
    found = render(compiled, {**CITY, "addresses[work].postal_code": "SW1A 1AA"}, "addresses[work].city")
    assert (found.fields, [one.code for one in found.problems]) == ({}, ["not-lossless"])
    assert found.problems[0].path == "addresses[work].city"
    missing = render(compiled, {"addresses[work].city": "Bonn"})
    assert (missing.fields, [one.code for one in missing.problems]) == ({}, ["part-missing"])


def test_several_templates_let_parts_be_missing():
    rule = PLACE.replace('"%s"', '["{postal_code:digits} {city}", "{city}"]')
    compiled = mapping(rule)
    assert project(compiled, Place="Bonn").values == {
        "addresses[work].postal_code": None,
        "addresses[work].city": "Bonn",
    }
    assert render(compiled, {"addresses[work].city": "Bonn"}).fields == {"Place": "Bonn"}
    assert render(compiled, CITY).fields == {"Place": "60311 Frankfurt am Main"}


def test_each_part_is_read_and_written_as_its_kind():
    compiled = mapping(
        '"addresses[home].city, addresses[home].country, birth_date": '
        '{field: X, transform: {template: "{city}, {country}; {birth_date}"}}'
    )
    values = {"addresses[home].city": "Köln", "addresses[home].country": "DE", "birth_date": "1970-01-31"}
    assert project(compiled, X="Köln, Germany; 1970-01-31").values == values
    assert render(compiled, values).fields == {"X": "Köln, DE; 1970-01-31"}
    found = project(compiled, X="Köln, Nowhere; 1970-01-31")
    assert set(found.values) == {"addresses[home].city", "birth_date"}
    assert [(one.code, one.path) for one in found.problems] == [("unknown-country", "addresses[home].country")]


def test_parts_of_one_name_are_counted():
    compiled = mapping('"emails[work], phones[work]": {field: X, transform: {template: "{1} / {2}"}}')
    values = {"emails[work]": "ana@example.com", "phones[work]": "+4930123456"}
    assert project(compiled, X="ana@example.com / +4930123456").values == values
    assert render(compiled, values).fields == {"X": "ana@example.com / +4930123456"}


def test_a_list_fills_paths_by_position_and_by_label():
    compiled = mapping(
        '"emails[work], emails[home]": {field: Mails, transform: {split: ";"}}',
        '"phones[work], phones[mobile]": {field: Phones, transform: {split: {separator: list, label: ": "}}}',
    )
    data = {"Mails": "a@example.com;b@example.com", "Phones": ["mobile: +491701234567"]}
    values = {
        "emails[work]": "a@example.com", "emails[home]": "b@example.com",
        "phones[work]": None, "phones[mobile]": "+491701234567",
    }  # fmt: skip
    assert project(compiled, **data).values == values
    assert render(compiled, values).fields == data
    assert [one.code for one in project(compiled, Mails="a;b;c").problems] == ["more-values"] * 2
    assert [one.code for one in render(compiled, {"emails[home]": "b@example.com"}).problems] == ["gap"]


def test_named_groups_of_an_expression_fill_several_paths():
    read = r"(?P<given_name>\S+) (?P<family_name>\S+)(?: \(.*\))?"
    rule = f"\"given_name, family_name\": {{field: N, transform: {{regex: {{read: '{read}'}}}}}}"
    compiled, found = loaded(rule)
    assert [one.code for one in found] == ["one-way"]
    assert compiled is not None
    assert project(compiled, N="Ana Bo (left)").values == {"given_name": "Ana", "family_name": "Bo"}
    assert compiled.writes == frozenset()


def test_transforms_before_the_last_one_work_on_the_field():
    compiled = mapping(
        '"given_name, family_name": {field: N, transform: [{prefix: "N:"}, {template: "{given_name}, {family_name}"}]}'
    )
    assert project(compiled, N="N:Ana, Bo").values == {"given_name": "Ana", "family_name": "Bo"}
    assert render(compiled, {"given_name": "Ana", "family_name": "Bo"}).fields == {"N": "N:Ana, Bo"}


def test_names_with_the_family_first():
    compiled = mapping(
        '"family_name, given_name": {field: N, transform: {full_name: {order: family_first, separator: ", "}}}'
    )
    assert project(compiled, N="Hardy, Thomas").values == {"family_name": "Hardy", "given_name": "Thomas"}
    assert project(compiled, N="Hardy").values == {}
    assert render(compiled, {"family_name": "Hardy", "given_name": "Thomas"}).fields == {"N": "Hardy, Thomas"}


def test_street_and_number_are_one_line():
    compiled = mapping('"addresses[work].street": {fields: [Street, No, More], transform: street}')
    assert project(compiled, Street="Obere Str.", No="57", More="Hof").values == {
        "addresses[work].street": "Obere Str. 57\nHof"
    }
    written = render(compiled, {"addresses[work].street": "Straße des 17. Juni 135"}).fields
    assert written == {"Street": "Straße des 17. Juni 135", "No": None, "More": None}
    assert render(compiled, {"addresses[work].street": "Obere Str. 57"}).fields == {
        "Street": "Obere Str.", "No": "57", "More": None,
    }  # fmt: skip


def test_joined_fields_go_through_further_transforms():
    rule = '"phones[work]": {fields: [Code, Local], transform: [{join: " "}, {phone: DE}]}'
    assert project(mapping(rule), Code="030", Local="123456").values == {"phones[work]": "+4930123456"}
    template = rule.replace('{join: " "}', '{join: {template: "{1} {2:digits}"}}').replace(
        "DE", "{region: DE, style: national}"
    )
    compiled = mapping(template)
    assert project(compiled, Code="030", Local="123456").values == {"phones[work]": "+4930123456"}
    assert render(compiled, {"phones[work]": "+4930123456"}).fields == {"Code": "030", "Local": "123456"}


def test_a_field_without_a_value_can_stand_for_no():
    compiled = mapping("active: {field: Flag, transform: {boolean: x/blank}}")
    for shown in (None, ""):
        assert project(compiled, Flag=shown).values == {"active": False}
    assert project(compiled, Flag="X").values == {"active": True}
    assert project(compiled).values == {}
    assert render(compiled, {"active": False}, "active").fields == {"Flag": None}
    assert render(compiled, {"active": False}).fields == {"Flag": None}
    assert render(compiled, {"active": True}).fields == {"Flag": "x"}
    assert compiled.same("active", None, False)
    assert not compiled.same("active", None, True)
    nested = mapping("active: {field: a.flag, transform: {boolean: x/blank}}")
    assert project(nested, a={"flag": None}).values == {"active": False}


def test_a_text_that_is_too_long_for_the_system_is_parked():
    compiled = mapping(PLACE % "{postal_code:word} {city}", fields=[Field(name="Place", max_length=10)])
    assert [one.code for one in render(compiled, CITY).problems] == ["too-long"]


def test_reading_back_what_was_written_is_no_edit():
    compiled = mapping(PLACE.replace("Place,", "Place, loses: [case],") % "{postal_code:word} {city}")
    assert compiled.same("addresses[work].city", "Bonn", "BONN")
    assert not compiled.same("addresses[work].city", "Bonn", "Köln")
    assert compiled.same("addresses[work].city", None, "")
    assert not compiled.same("addresses[work].city", None, "Bonn")


def test_a_template_reads_no_text_that_could_be_read_in_two_ways():
    compiled = mapping(PLACE % "{postal_code}, {city}")
    assert project(compiled, Place="1, Bonn").values == {
        "addresses[work].postal_code": "1",
        "addresses[work].city": "Bonn",
    }
    assert [one.code for one in project(compiled, Place="1, Bonn, Rhein").problems] == ["no-match"] * 2
    two = {"addresses[work].postal_code": "1", "addresses[work].city": "Bonn, Rhein"}
    assert [one.code for one in render(compiled, two).problems] == ["not-lossless"]


def test_the_region_of_an_address_is_written_as_its_country_names_it():
    compiled = mapping(
        '"addresses[work].region": {field: State, transform: {region: {country_field: Land, style: name}}}',
        '"addresses[work].country": {field: Land, transform: {country: name}}',
    )
    values = {"addresses[work].region": "WA", "addresses[work].country": "US"}
    assert project(compiled, State="washington", Land="USA").values == values
    assert render(compiled, values).fields == {"State": "Washington", "Land": "United States"}
    australian = {**values, "addresses[work].country": "AU"}
    assert render(compiled, australian, "addresses[work].region").fields == {"State": "Western Australia"}
    german = {**values, "addresses[work].country": "DE"}
    assert render(compiled, german).fields == {"State": "WA", "Land": "Germany"}
    assert project(compiled, State="WA", Land="Germany").values == german
    assert compiled.same("addresses[work].region", "Washington", "WA")
    assert not compiled.same("addresses[work].region", "Washington", "OR")
    kent = {"addresses[work].region": "Kent", "addresses[work].country": "GB"}
    assert project(compiled, State="Kent", Land="UK").values == kent
    assert render(compiled, kent).fields == {"State": "Kent", "Land": "United Kingdom"}
    assert render(compiled, {"addresses[work].region": "WA"}).fields == {"State": "WA"}


WRONG = [
    (PLACE % "{postal_code} {city}", "cannot be told apart", "{postal_code:word}"),
    (PLACE % "{postal_code}{city}", "nothing stands between", None),
    (PLACE % "{postal_code:word} {town}", "no part 'city'", "postal_code, town"),
    (PLACE % "{postal_code:word} {citi}", "no part 'city'", "did you mean 'citi'?"),
    (PLACE % "{postal_code:word}, {city}, {region}", "the part 'region' of", "paths: addresses[work].region"),
    (PLACE % "{city}", "several paths need a transform", None),
    (PLACE.replace("{field", "{max_length: 5, field") % "{postal_code:word} {city}", "was cut", None),
    ('given_name: {field: N, transform: {template: "{a}, {b}"}}', "fills several paths", '"a, b": …'),
    ('"emails[work], phones[work]": {field: X, transform: {template: "{work};{x}"}}', "called 'work'", "{1}, {2}"),
    ('"given_name, family_name": {field: N, transform: [full_name, trim]}', "comes last", None),
    ('"given_name, family_name": {fields: [A, B], transform: full_name}', "several fields", None),
    ('"given_name, family_name": {fields: [A, B], transform: [join, full_name]}', "not both", None),
    ('"given_name, family_name": {field: N, transform: full_name, values: {a: b}}', "values belongs to", None),
    ('"given_name, tags": {field: N, transform: {split: ";"}}', "is a set, which no part", None),
    ('"given_name, account": {field: N, transform: {split: ";"}}', "is a reference, which no part", None),
    ('"given_name, given_name": {field: N, transform: {split: ";"}}', "each of its paths once", None),
    ('given_name: {fields: [A, B], transform: trim}', "several fields go with", None),
    ('given_name: {fields: [A, B], transform: [trim, join]}', "join comes first", None),
    ('given_name: {field: A, transform: street}', "several fields go with", None),
    ('given_name: {field: A, transform: {regex: {read: "(?<=x)a"}}}', "is no regular expression", "describe"),
    ('given_name: {field: A, transform: {regex: {read: "(a)", write: "b"}}}', "without parts", None),
    ('given_name: {field: A, transform: {regex: {read: "(a)", write: "\\\\1"}}}', "in braces", "{1}"),
    ('given_name: {field: A, transform: {regex: {read: "(a)(b)"}}}', "several groups", "take: '{1}'"),
    ('given_name: {field: A, transform: {regex: {red: "(a)"}}}', "no option 'red'", "did you mean 'read'?"),
    ('given_name: {field: A, transform: regex}', "regex needs read", None),
    ('"addresses[work].region": {field: A, transform: region}', "a country or a country_field", "{region: US}"),
    ('"addresses[work].region": {field: A, transform: {region: FR}}', "regions are known of", None),
    ('time_zone: {field: A, transform: {zone: rails}}', "style is one of: iana, windows", None),
    ('active: {field: A, transform: {boolean: ja}}', "words are the one for true", "ja/nein"),
    ('active: {field: A, transform: {boolean: {words: j/n, language: de}}}', "either words, or a language", None),
    ('active: {field: A, transform: {boolean: {language: xx}}}', "words are known in", None),
    ('active: {field: A, transform: {boolean: blank/blank}}', "both true and false", None),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "message", "hint"), WRONG)
def test_what_makes_no_sense_is_refused_where_it_stands(rule: str, message: str, hint: str | None):
    compiled, found = loaded(rule)
    assert compiled is None
    (said,) = [one for one in found if message in one.message] or [None]
    assert said is not None, [str(one) for one in found]
    assert said.line == 5
    assert hint is None or hint in (said.hint or ""), said.hint
    assert len([one for one in found if one.severity.value == "error"]) == 1, [str(one) for one in found]


MAPPINGS = [
    mapping(
        PLACE % "{postal_code:word} {city}",
        '"given_name, family_name, full_name": {field: N, transform: full_name, placeholder: "?"}',
        "active: {field: Flag, transform: {boolean: x/blank}}",
        '"emails[work], emails[home]": {field: M, transform: split}',
        '"addresses[home].street": {fields: [S1, S2], transform: street}',
        '"addresses[home].region": {field: R, transform: {region: {country_field: C}}}',
        '"addresses[other].region": {field: Q, transform: {region: US}}',
        "nickname: {field: K, transform: {regex: {read: 'K-(.+)', write: 'K-{1}'}}}",
    ),
    mapping("active: {field: Flag, transform: {boolean: blank/x}}", "birth_date: Born"),
]
USUAL = {
    "Place": "10115 Berlin", "N": "Ana Bo", "Flag": "x", "M": "a@b.com;c@d.com", "S1": "Str.", "S2": "5", "R": "Bayern",
    "C": "DE", "K": "K-1", "Born": "1970-01-31", "Q": "WA",
}  # fmt: skip
ODD = st.sampled_from(
    [None, "", "x", 7, True, [], ["a"], {"a": 1}, "?", "x y z", "K-", ";", "\udc80", "a\nb", "x" * 300]
)
ROWS = st.lists(
    st.just(USUAL)
    | st.builds(
        lambda odd, gone: {name: value for name, value in {**USUAL, **odd}.items() if name not in gone},
        st.dictionaries(st.sampled_from(sorted(USUAL)), ODD, max_size=4),
        st.sets(st.sampled_from(sorted(USUAL)), max_size=2),
    ),
    max_size=5,
)


@pytest.mark.parametrize("compiled", MAPPINGS)
@given(rows=ROWS)
def test_a_page_is_read_and_written_as_its_records_are_alone(compiled: Compiled, rows: list[dict[str, Any]]):
    records = [Record(str(at), row) for at, row in enumerate(rows)]
    alone = [compiled.project([record])[0] for record in records]
    assert compiled.project(records) == alone
    requests = [RenderRequest(one.values, None, lambda stream, entity: None) for one in alone]
    written = [compiled.render([one])[0] for one in requests]
    assert compiled.render(requests) == written
    for one, shown in zip(alone, written, strict=True):
        if not shown.problems:
            again = compiled.project([Record("1", dict(shown.fields))])[0]
            assert not again.problems
            for path, value in again.values.items():
                assert path not in one.values or compiled.same(path, one.values[path], value), path


LAWFUL = [
    PLACE % "{postal_code:word} {city}",
    PLACE.replace('"%s"', '["{postal_code:word} {city}", "{city}"]'),
    '"family_name, given_name": {field: N, transform: {full_name: {order: family_first, separator: ", "}}}',
    '"full_name, family_name, given_name": {field: N, transform: {full_name: {order: family_first, separator: ", "}}}',
    '"emails[work], emails[home]": {field: M, transform: split}',
    '"phones[work], phones[home]": {field: M, transform: {split: {label: ":"}}}',
    '"addresses[work].street": {fields: [S, No, More], transform: street}',
    '"addresses[work].region": {field: R, transform: {region: {country: US, style: name}}}',
    (
        '"addresses[work].region": {field: R, transform: {region: {country_field: C, style: name}}}\n'
        '  "addresses[work].country": {field: C, transform: {country: name}}'
    ),
    "active: {field: F, transform: {boolean: x/blank}}",
    "active: {field: F, transform: {boolean: ja/nein}}",
    "time_zone: {field: Z, transform: {zone: windows}}",
    'contact_number: {field: X, transform: {regex: {read: "CUST-(.+)", write: "CUST-{1}"}}}',
    'nickname: {field: X, transform: {template: "Nick {n}"}}',
    "nickname: {field: X, transform: title}",
]


@pytest.mark.parametrize("rule", LAWFUL)
def test_mappings_with_them_keep_the_laws_of_mappings(rule: str):
    compiled = mapping(rule)
    made = Generator(compiled, SCHEMAS["contact"], 0, None)
    assert examine(compiled, made.records(200), made.entities(200)).breaches == []
