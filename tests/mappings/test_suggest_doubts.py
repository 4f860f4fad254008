"""What a suggestion leaves to a person: said so that it can be acted on, and never guessed from too little."""

import re
from collections import Counter

import pytest

from connectors.contract import Field, FieldType
from mappings.compile import load
from mappings.suggesting import lexicon
from mappings.suggesting.suggest import Source, suggest
from mappings.suggesting.tables import truth_pair
from mappings.suggesting.text import mapping_text, rule_text
from mappings.suggesting.trial import tried
from model.diagnostics import Severity
from model.entities import schemas
from model.records import Record

SCHEMAS = schemas()


def proposed(columns, entity="contact", **more):
    """The proposal for columns of values by name, once its rules were tried."""
    names = list(columns)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    fields = [Field(name=name) for name in names]
    return tried(
        suggest(Source(connection="c", stream="s", fields=fields, records=rows, **more), SCHEMAS, entity), SCHEMAS
    )


def rule(columns, name, entity="contact"):
    found = proposed(columns, entity)
    return next(one for one in (*found.rules, *found.doubtful) if name in one.fields)


def amounts(values):
    one = rule(
        {"name": ["A"] * len(values), "revenue": values, "currency": ["EUR"] * len(values)}, "revenue", "account"
    )
    return one.settings["transform"]["money"], one.doubt


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (["1.234,50", "99,90"], {"point": ",", "group": "."}),
        (["12,5", "1,234"], {"point": ","}),
        (["1,234.50", "1,234"], {"group": ","}),
        (["1,234,567", "12"], {"group": ","}),
        (["1.234.567", "12"], {"point": ",", "group": "."}),
        (["1 234 567,5", "12"], {"point": ",", "group": " "}),
        (["1'234.50", "12"], {"group": "'"}),
        (["12.50", "7"], {}),
    ],
)
def test_a_comma_and_a_point_are_what_the_values_can_only_mean(values, options):
    assert amounts(values * 5) == ({"currency_field": "currency", **options}, "")


@pytest.mark.parametrize("values", [["1,234", "500"], ["1.234", "500"]])
def test_three_digits_behind_a_sign_are_never_guessed_to_be_thousands(values):
    assert "can be a thousand" in amounts(values * 5)[1]


@pytest.mark.parametrize(
    ("values", "amount"),
    [("$1,234.50", "1234.50"), ("1.234,50 €", "1234.50"), ("CHF 1'234.50", "1234.50"), ("-EUR 7,5", "-7.50")],
)
@pytest.mark.parametrize("beside", [{}, {"currency": ["EUR"] * 9}])
def test_a_rule_that_takes_a_currency_sign_off_reads_the_amount_once_it_is_taken(values, amount, beside):
    found = proposed({"name": ["A"] * 9, "revenue": [values] * 9, **beside}, "account")
    (one,) = found.doubtful
    assert "currency sign" in one.doubt
    text = re.sub(r"^  #(?! )", "  ", mapping_text(found, "x"), flags=re.MULTILINE)
    text = re.sub(r"^  #(?= {2,4}(?! ))", "  ", text, flags=re.MULTILINE)
    mapping, _ = load(text, "x.yaml", SCHEMAS)
    (read,) = mapping.project([Record("1", {"name": "A", "revenue": values, "currency": "EUR"})])
    assert read.values["annual_revenue"] == {"amount": amount, "currency": "EUR"}


@pytest.mark.parametrize(
    ("values", "settings"),
    [
        (["1,234", "500"], {"transform": {"integer": {"group": ","}}}),
        (["1.234", "500"], {"transform": {"integer": {"group": "."}}}),
        (["12.0", "7.0"], {}),
        (["12", "7"], {}),
    ],
)
def test_whole_numbers_have_no_other_use_for_a_sign_between_digits(values, settings):
    one = rule({"name": ["A"] * 10, "employees": values * 5}, "employees", "account")
    assert (one.settings, one.doubt) == (settings, "")


def test_cells_of_spaces_are_empty():
    found = proposed({"email": ["a@example.com"] * 9, "odd": ["  "] * 9})
    assert [(one.field, one.why) for one in found.homeless] == [("odd", "empty in all 9 records looked at")]


def test_known_words_make_a_table_in_a_sample_of_three_rows():
    assert rule({"gender": ["male", "female", "male"]}, "gender").settings == {
        "values": {"female": "female", "male": "male"}
    }
    assert rule({"active": ["ja", "nein", "ja"]}, "active").settings == {
        "transform": {"boolean": {"true": "ja", "false": "nein"}}
    }
    unknown = rule({"gender": ["male", "Zebulon", "male"]}, "gender")
    assert "Zebulon" not in mapping_text(proposed({"gender": ["male", "Zebulon", "male"]}), "x")
    assert "values: {" in unknown.doubt


def test_yes_and_no_are_known_in_every_language_that_the_transform_knows():
    assert truth_pair(["Да", "Нет"]) == ("да", "нет")
    assert truth_pair(["はい", "いいえ"]) is not None
    assert truth_pair(["N"]) == ("y", "n")
    assert truth_pair(["Falso"]) == ("verdadero", "falso")
    assert truth_pair(["on", "off"]) == ("on", "off")
    assert truth_pair(["yes", "nein"]) is None


def test_without_values_it_is_said_that_there_were_none():
    found = suggest(Source(connection="c", stream="s", fields=[Field(name="gender"), Field(name="active")]), SCHEMAS)
    assert all(one.doubt.startswith("no values") for one in found.doubtful)
    assert len(found.doubtful) == 2


def test_a_rule_that_the_trial_makes_doubtful_is_no_way_to_match():
    mails = [f"a{'..' if n < 15 else '.'}b{n}@example.com" for n in range(20)]
    found = proposed({"email": mails, "city": ["Ulm"] * 20})
    assert [one.key for one in found.doubtful] == ["emails[work]"]
    assert found.matching.rules == {}
    assert "# Missing: no rule tells which contact a record is" in mapping_text(found, "x")


def test_a_name_that_is_missing_is_missing_also_where_its_rule_became_doubtful():
    dates = {"name": ["A"] * 10}
    assert proposed(dates, "account").missing == ()
    assert proposed({"x": ["A"] * 10}, "account").missing == ("name",)


def test_custom_fields_of_one_name_are_told_apart():
    found = proposed({"billing.tier": ["a"] * 9, "shipping.tier": ["b"] * 9, "tier": ["c"] * 9})
    assert [one.name for one in found.homeless] == ["tier", "tier_2", "tier_3"]


def test_people_are_no_picklist_however_few_they_are():
    columns = {"assigned_to": ["Anna Meier", "Bo Li"] * 20, "Betreuer": ["Anna Meier", "Bo Li"] * 20}
    columns |= {"level": ["gold", "iron"] * 20, "house_owner": ["1", "0"] * 20}
    found = proposed(columns)
    assert "Meier" not in mapping_text(found, "x")
    declared = {one.field: one.custom for one in found.homeless}
    assert declared["level"] == {"type": "choice", "choices": ["gold", "iron"]}
    assert declared["house_owner"] == {"type": "boolean"}


def test_a_picklist_is_offered_without_blanks_and_doubles_on_lines_that_can_be_read():
    choices = (*(f"Option number {n}" for n in range(40)), "", " ", "Option number 1")
    field = Field(name="Segment", type=FieldType.CHOICE, choices=choices)
    found = suggest(Source(connection="c", stream="s", fields=[Field(name="email"), field]), SCHEMAS, "contact")
    (one,) = found.homeless
    assert one.custom["choices"] == [f"Option number {n}" for n in range(40)]
    assert max(map(len, mapping_text(found, "x").splitlines())) <= 120


def test_a_file_of_very_many_columns_stays_one_that_can_be_read():
    found = proposed({"email": ["a@example.com"] * 3, **{f"col {n}": ["x"] * 3 for n in range(3000)}})
    text = mapping_text(found, "x")
    assert "2,800 more" in text
    mapping, problems = load(text, "x.yaml", SCHEMAS)
    assert mapping is not None
    assert [one for one in problems if one.severity is Severity.ERROR] == []


def test_no_word_of_the_lexicon_is_said_twice():
    def doubles(text):
        return [word for word, number in Counter("".join(one.split()) for one in text.split(",")).items() if number > 1]

    lists = {**lexicon.MEANINGS, **lexicon.USES, "not these": lexicon.NOT_THESE}
    lists |= {f"{name} {choice}": words for name, table in lexicon.CHOICES.items() for choice, words in table.items()}
    assert {name: doubles(text) for name, text in lists.items() if doubles(text)} == {}


def newsletter(values, **more):
    found = proposed({"given_name": ["Ana"] * len(values), "Newsletter": values}, **more)
    return next(one for one in found.doubtful if "Newsletter" in one.fields)


def test_who_answers_no_to_a_newsletter_refused():
    one = newsletter(["ja", "nein", "nein", "ja"])
    assert one.settings == {"values": {"opted_in": "ja", "opted_out": "nein"}}
    assert "nein is read as a refusal" in one.evidence
    written = newsletter(["ja", "nein"], writable=True).settings["values"]
    assert list(written.items())[:2] == [("opted_in", "ja"), ("opted_out", "nein")]
    assert written.keys() == {"opted_in", "opted_out", "unknown", "pending"}


def test_a_mark_that_everybody_has_and_that_is_not_set_is_no_refusal():
    assert newsletter(["1", "0", "0", "1"]).settings["values"] == {"opted_in": "1", "unknown": "0"}
    assert newsletter(["1", "0", "", "1"]).settings["values"] == {"opted_in": "1", "opted_out": "0"}


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("values", [["ja", "nein"] * 4, ["1", "0"] * 4])
def test_a_table_of_consents_that_is_proposed_needs_no_warning(values, writable):
    one = newsletter(values, writable=writable)
    way = "both" if writable else "in"
    head = f"connection: c\nstream: s\nentity: contact\ndirection: {way}\nmatch: {{strong: [full_name]}}\n"
    text = f"{head}rules:\n  full_name: n\n  {rule_text(one)}\n"
    _, found = load(text, "c.yaml", SCHEMAS)
    assert [str(problem) for problem in found if problem.severity is not Severity.NOTE] == []


NUMBERED = {"Kundennummer": ["1", "2", "3"], "Vorname": ["Ana", "Bo", "Cy"], "E-Mail": ["a@x.example"] * 3}


def test_a_number_that_is_the_key_of_the_record_is_nobody_s_number_elsewhere():
    found = proposed(NUMBERED, key=("Kundennummer",))
    (one,) = found.doubtful
    assert one.paths == ("contact_number",)
    assert "the record key" in one.doubt
    assert "contact_number" not in str(found.matching.rules)
    assert "contact_number" in str(proposed(NUMBERED).matching.rules["strong"])


def test_what_would_be_parked_is_counted_among_what_is_filled():
    mobile = ["0170 1234567"] * 70 + ["1"] * 30 + [""] * 100
    one = rule({"given_name": ["Ana"] * 200, "Mobil": mobile, "Land": ["DE"] * 200}, "Mobil")
    assert one.doubt.startswith("30 of 100 would be parked")


def test_words_that_a_rule_cannot_read_are_named():
    lands = ["DE"] * 60 + ["D"] * 20 + ["F"] * 5
    one = rule({"Ort": ["Bonn"] * 85, "Land": lands}, "Land")
    assert one.doubt == "25 of 85 would be parked: Land is not the name or code of a country (D, F)"
