"""What is suggested for foreign fields, what is left in doubt, and what never gets into the file."""

import re
import string
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from connectors.contract import Field, FieldType
from mappings.compile import load
from mappings.suggesting.names import read
from mappings.suggesting.suggest import Source, suggest
from mappings.suggesting.text import mapping_text
from mappings.suggesting.trial import tried
from model.custom import custom_fields
from model.diagnostics import Severity
from model.entities import schemas
from model.records import Record

SCHEMAS = schemas()
FOREIGN = YAML(typ="safe").load((Path(__file__).parent / "foreign_schemas.yaml").read_text(encoding="utf-8"))


def proposal(fields, records=(), entity="contact", **more):
    """Of fields by name (with settings or without) and records."""
    listed = [one if isinstance(one, Field) else Field(name=one) for one in fields]
    return suggest(Source(connection="c", stream="s", fields=listed, records=list(records), **more), SCHEMAS, entity)


def column(name, values, entity="contact", beside=(), **more):
    """The suggestion for one field with these values, sure or not; None where there is none."""
    names = [name, *(other for other, _ in beside)]
    rows = zip(*([values, *(column for _, column in beside)]), strict=True)
    found = proposal(names, [dict(zip(names, row, strict=True)) for row in rows], entity, **more)
    return next((one for one in (*found.rules, *found.doubtful) if name in one.fields), None)


def certain(found):
    return {field: one.paths[0] for one in found.rules for field in one.fields}


# Words


def outcomes(part):
    """(schema, field, suggested, wanted) of a part of the labelled schemas; suggested is None without a sure rule."""
    for one in part:
        got = certain(proposal([str(name) for name in one["fields"]], entity=one["entity"]))
        for name, wanted in one["fields"].items():
            yield one["name"], str(name), got.get(str(name)), wanted


def test_there_are_at_least_forty_foreign_schemas_to_learn_from():
    assert len(FOREIGN) >= 40
    assert sum(len(one["fields"]) for one in FOREIGN) > 600


def test_sure_suggestions_are_right_and_few_are_missed():
    found = list(outcomes(FOREIGN))
    said = [one for one in found if one[2] is not None]
    wrong = [one for one in said if one[2] != one[3]]
    placed = [one for one in found if one[3][0] not in "-~"]
    missed = [one for one in placed if one[2] != one[3]]
    assert 1 - len(wrong) / len(said) >= 0.99, wrong
    assert 1 - len(missed) / len(placed) >= 0.97, missed


VALUES_OF = {
    "salutation": ["Mr.", "Ms.", "Dr."],
    "emails": ["a.b@example.com", "cd@example.org", "x@mail.example.net"],
    "phones": ["+49 30 1234567", "+1 206-555-0142", "+33 1 42 68 53 00"],
    "phone": ["+49 30 1234567", "+1 206-555-0142", "+33 1 42 68 53 00"],
    "postal_code": ["10115", "SW1A 1AA", "75008"],
    "country": ["DE", "FR", "GB"],
    "birth_date": ["1971-03-14", "1988-12-01", "1990-07-30"],
    "language": ["de", "fr", "en"],
    "website": ["https://example.com", "www.example.org", "example.net"],
    "domain": ["example.com", "example.org", "example.net"],
    "suffix": ["Jr.", "PhD", "III"],
    "time_zone": ["Europe/Berlin", "America/New_York", "Asia/Tokyo"],
    "currency": ["EUR", "USD", "CHF"],
    "gender": ["M", "F", "M"],
    "employees": ["12", "250", "31"],
    "probability": ["10", "75", "50"],
    "order_date": ["2026-03-14", "2025-12-01", "2026-07-30"],
    "ship_date": ["2026-03-14", "2025-12-01", "2026-07-30"],
    "close_date": ["2026-03-14", "2025-12-01", "2026-07-30"],
    "active": ["true", "false", "true"],
    "status": ["1", "0", "0"],
    "lifecycle": ["Customer", "Lead", "Prospect"],
    "tags": ["a;b", "c", "d;e"],
}


def values_of(path, turn):
    """Believable values of a canonical path, thirty of them; of anything else, words."""
    leaf = path.lstrip("~").rpartition(".")[2].partition("[")[0]
    some = VALUES_OF.get(leaf, ["Alpha", "Beta", "Gamma"])
    return [some[(n + turn) % len(some)] for n in range(30)]


def test_believable_values_make_suggestions_no_worse():
    wrong, missed, said, placed = [], [], 0, 0
    for one in FOREIGN:
        names = [str(name) for name in one["fields"]]
        columns = [values_of(path, turn) for turn, path in enumerate(one["fields"].values())]
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        got = certain(proposal(names, rows, one["entity"]))
        for (name, wanted), key in zip(one["fields"].items(), names, strict=True):
            found = got.get(key) or got.get(key.replace(".", "\\."))
            said += found is not None
            placed += wanted[0] not in "-~"
            wrong += [(one["name"], name, found)] if found not in (None, wanted.lstrip("~")) else []
            missed += [(one["name"], name, found)] if wanted[0] not in "-~" and found != wanted else []
    assert 1 - len(wrong) / said >= 0.99, wrong
    assert 1 - len(missed) / placed >= 0.95, missed


def test_values_of_another_kind_take_the_sureness_from_most_names():
    """Every typed column holds words instead: then nothing typed may stay sure."""
    typed = {"emails", "phones", "postal_code", "country", "birth_date", "website", "language", "employees", "phone"}
    for one in FOREIGN:
        names = [str(name) for name in one["fields"]]
        rows = [dict.fromkeys(names, ("Alpha", "Beta", "Gamma")[n % 3]) for n in range(30)]
        got = certain(proposal(names, rows, one["entity"]))
        assert not {path.rpartition(".")[2].partition("[")[0] for path in got.values()} & typed, one["name"]


@pytest.mark.parametrize("trap", [one["name"] for one in FOREIGN if one["name"] == "Traps"])
def test_names_that_only_look_like_something_are_left_alone(trap):
    assert [one for one in outcomes(one for one in FOREIGN if one["name"] == trap) if one[2]] == []


@pytest.mark.parametrize(
    ("name", "meaning", "use"),
    [
        ("Rechnungs-PLZ", "postal_code", "billing"),
        ("SHIP_TO_CITY", "city", "shipping"),
        ("billingpostalcode", "postal_code", "billing"),
        ("Custom_Email__c", "email", None),
        ("Téléphone portable", "mobile", None),
        ("WORK_PH_NUM", "phone", "work"),
    ],
)
def test_a_name_is_read_for_its_meaning_and_use(name, meaning, use):
    assert (read(name).meanings[0], read(name).use, read(name).strange) == (meaning, use, ())


def test_a_label_counts_where_the_name_is_a_code():
    found = proposal([Field(name="cf_1042", label="Vorname"), Field(name="cf_7", label="Lieblingsfarbe")])
    assert certain(found) == {"cf_1042": "given_name"}


def test_a_name_and_a_label_that_contradict_each_other_are_left_to_a_person():
    (one,) = proposal([Field(name="Email", label="Fax")]).doubtful
    assert "different things" in one.doubt


def test_a_column_without_a_name_is_known_by_its_e_mail_addresses_alone():
    mails = [f"a{n}@example.com" for n in range(10)]
    assert column("column_3", mails).confidence >= 0.7
    assert column("kontaktweg_alt", mails) is None or column("kontaktweg_alt", mails).doubt


# Values against names


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("email", ["12.5", "13", "99"] * 5),
        ("phone", ["yes", "no"] * 8),
        ("birthdate", ["Meier", "Huber", "Kunz"] * 5),
        ("first_name", ["a@example.com", "b@example.org"] * 6),
        ("city", ["2026-01-01", "2026-02-01"] * 6),
        ("country", ["red", "green", "blue"] * 5),
        ("zip", ["Meier", "Huber"] * 6),
    ],
)
def test_values_that_contradict_the_name_leave_no_sure_rule(name, values):
    one = column(name, values)
    assert one is None or one.doubt


def test_a_title_is_a_salutation_where_its_values_are():
    assert column("title", ["Mr.", "Ms.", "Dr."] * 5) is None
    assert column("title", ["Engineer", "Buyer", "Clerk"] * 5).paths == ("job_title",)


def test_evidence_counts_and_shows_nothing():
    one = column("mail", [f"a{n}@example.com" for n in range(98)] + ["nobody", ""])
    assert one.evidence == ("by name", "98 of 99 values look like an e-mail address")


# Formats


def days(*texts):
    one = column("birth_date", list(texts))
    return one.settings.get("transform"), one.doubt


def test_a_date_that_could_be_read_both_ways_is_never_guessed():
    transform, doubt = days(*["03/04/2026", "01/02/2025", "11/12/1999"] * 4)
    assert "month/day/year" in doubt
    assert "day/month/year" in doubt
    assert transform in ({"date": "us"}, {"date": "uk"})


@pytest.mark.parametrize(
    ("texts", "transform"),
    [
        (["03/14/2026", "01/02/2025"], {"date": "us"}),
        (["14/03/2026", "01/02/2025"], {"date": "uk"}),
        (["14.03.2026", "01.02.2025"], {"date": "eu"}),
        (["2026-03-14", "2025-02-01 00:00:00.000"], None),
        (["20260314", "20250201"], {"date": "compact"}),
        (["14 Mar 2026", "01 Feb 2025"], {"date": "%d %b %Y"}),
    ],
)
def test_a_date_format_is_proposed_where_the_values_tell_it(texts, transform):
    assert days(*texts) == (transform, "")


def test_dates_written_in_two_ways_or_with_short_years_are_doubtful():
    assert "can only be" in days(*["13/01/2026"] * 10, "01/13/2026", *["01/02/2026"] * 20)[1]
    assert "two digits" in days("13.01.26", "14.02.25")[1]
    assert "zone" in days("2026-01-13T09:30:00Z", "2026-01-14T10:00:00Z")[1]


NUMBERS = ["(206) 555-0142", "425-555-0198", "516.555.0187", "907 555 0113", "303-555-0176"] * 3


def phone(values, *beside):
    one = column("phone", values, beside=beside)
    return one.settings.get("transform"), one.doubt


def test_the_region_of_a_number_comes_from_country_or_state_or_is_asked_for():
    countries = ["Germany", "France", "DE", "US", "Italy"] * 3
    assert phone(NUMBERS, ("country", countries)) == ({"phone": {"region_field": "country"}}, "")
    assert phone(NUMBERS, ("state", ["WA", "NY", "AK", "CO", "TX"] * 3)) == ({"phone": {"region": "US"}}, "")
    assert phone(["+49 30 123456", "+1 206 555 0142", "+33 1 42 68 53 00"]) == (None, "")
    transform, doubt = phone(["123456", "234567", "345678"] * 4)
    assert "say whose" in doubt
    assert transform


@pytest.mark.parametrize(
    ("values", "transform"),
    [
        (["1.234,50", "99,90", "1.000,00"], {"point": ",", "group": "."}),
        (["1,234.50", "99.90", "1,000.00"], {"group": ","}),
    ],
)
def test_decimal_commas_and_thousands_are_seen_and_a_currency_beside_is_used(values, transform):
    beside = [("currency", ["EUR", "EUR", "CHF"]), ("name", ["a", "b", "c"])]
    one = column("annual revenue", values, "account", beside)
    assert one.settings == {"transform": {"money": {"currency_field": "currency", **transform}}}
    assert not one.doubt
    assert "currency" in column("annual revenue", values, "account").doubt


def test_a_full_name_in_two_words_is_split_and_one_with_a_comma_is_kept_whole():
    assert column("Name", ["Thomas Hardy", "Ana Trujillo"]).paths == ("full_name", "given_name", "family_name")
    one = column("Name", ["Hardy, Thomas", "Trujillo, Ana"])
    assert one.paths[0] == "full_name"
    assert one.settings.get("transform") != "full_name"
    assert one.settings.get("transform") or one.paths == ("full_name",)
    found = proposal(["Name", "first_name", "last_name"], writable=True)
    assert next(one for one in found.rules if one.fields == ("Name",)).settings == {"direction": "in"}


def test_countries_are_written_as_they_are_read():
    def style(*values):
        return column("country", list(values), writable=True).settings.get("transform")

    assert style("Germany", "Spain") == {"country": "name"}
    assert style("Deutschland", "Spanien") == {"country": {"style": "name", "language": "de"}}
    assert style("DEU", "ESP") == {"country": "alpha3"}
    assert style("DE", "ES") is None


def test_a_list_shows_its_separator_or_is_doubtful():
    assert column("tags", ["a|b", "c", "d|e"]).settings == {"list": "set", "separator": "|"}
    assert column("tags", ["a", "b"]).doubt


# The trial


@pytest.mark.parametrize(("odd", "sure"), [(1, True), (8, False)])
def test_rules_are_tried_and_what_they_would_park_counts_against_them(odd, sure):
    rows = [{"mail": f"a{'..' if n < odd else '.'}b{n}@example.com", "city": "Ulm"} for n in range(30)]
    found = tried(proposal(rows[0], rows), SCHEMAS)
    (one,) = (one for one in (*found.rules, *found.doubtful) if one.fields == ("mail",))
    assert (one in found.rules) == sure
    assert f"{odd} of 30 would be parked" in (one.evidence if sure else one.doubt)
    assert certain(found)["city"] == "addresses[billing].city"


# Tables


def test_words_of_a_picklist_become_a_table():
    one = column("gender", ["M", "F"] * 10)
    assert one.settings == {"values": {"female": "F", "male": "M"}}
    assert column("Geschlecht", ["m", "w", "d"] * 5).settings["values"] == {"female": "w", "male": "m", "other": "d"}
    assert column("Sexo", ["H", "M"] * 10).settings["values"] == {"female": "M", "male": "H"}


def test_codes_words_without_a_counterpart_and_values_that_are_no_list_are_left_to_a_person():
    assert "codes" in column("gender", ["1", "2"] * 10).doubt
    assert "no counterpart for Quux" in column("gender", ["F", "Quux"] * 10).doubt
    assert "short list" in column("gender", [f"text {n}" for n in range(30)]).doubt
    declared = Field(name="gender", type=FieldType.CHOICE, choices=("Male", "Female", "Nonbinary", "Decline"))
    (one,) = proposal([declared], writable=True).doubtful
    assert one.settings["unknown"] == "collect"


def test_words_for_true_and_false_are_recognised_also_the_other_way_round():
    assert column("aktiv", ["ja", "nein"] * 8).settings == {"transform": {"boolean": {"true": "ja", "false": "nein"}}}
    assert column("isinactive", ["T", "F"] * 8).settings == {"transform": {"boolean": {"true": "F", "false": "T"}}}
    assert column("active", ["maybe", "perhaps"] * 8).doubt


def test_consent_is_never_a_sure_rule():
    one = column("newsletter", ["1", "0"] * 8)
    assert one.paths == ("consents[email:marketing].status",)
    assert "consent" in one.doubt
    assert column("HasOptedOutOfEmail", ["1", "0"] * 8).settings["values"]["opted_out"] == "1"


# Rules that fit the stream


def test_every_path_and_every_field_is_used_once():
    names = ["email", "e_mail", "Email Address", "email2", "phone", "telephone", "first_name", "firstname", "Vorname"]
    found = proposal(names)
    used = [field for one in (*found.rules, *found.doubtful) for field in one.fields]
    targets = [path for one in (*found.rules, *found.doubtful) for path in one.paths]
    assert len(used) == len(set(used))
    assert len(targets) == len(set(targets))
    assert {"emails[work]", "emails[other]", "phones[work]", "phones[other]"} <= set(targets)


def test_lines_of_a_street_are_joined_and_so_are_street_and_number():
    (one,) = proposal(["addr1", "addr2"], writable=True).rules
    assert (one.fields, one.settings) == (("addr1", "addr2"), {"transform": "join", "loses": ["lines"]})
    (one,) = proposal(["Hausnummer", "Straße"], writable=True).rules
    assert one.fields == ("Straße", "Hausnummer")
    assert one.settings.get("direction") == "in" or one.settings["transform"] == "street"


def test_what_cannot_be_written_goes_in_only():
    readonly = Field(name="FirstName", creatable=False, updatable=False)
    once = Field(name="LastName", updatable=False)
    found = {one.paths[0]: one.settings for one in proposal([readonly, once], writable=True).rules}
    assert found == {"given_name": {"direction": "in"}, "family_name": {"strength": "create_only"}}


def test_a_reference_goes_where_the_entity_points_to():
    account = Field(name="CompanyRef", type=FieldType.REFERENCE, references=("Accounts",))
    boss = Field(name="Manager", type=FieldType.REFERENCE, references=("People",))
    owner = Field(name="OwnerId", type=FieldType.REFERENCE, references=("User",))
    several = Field(name="WhatId", type=FieldType.REFERENCE, references=("Accounts", "Orders"))
    found = proposal([account, boss, owner], entities={"People": "contact"})
    assert {one.paths[0]: one.settings["reference"] for one in found.rules} == {
        "account": "Accounts",
        "reports_to": "People",
    }
    (one,) = proposal([several]).doubtful
    assert "several streams" in one.doubt


def test_fields_inside_objects_are_found_and_a_full_stop_in_a_name_is_kept():
    thing = Field(name="address", type=FieldType.OBJECT)
    found = proposal([thing], [{"address": {"city": "Ulm", "geo": {"lat": 1.5}, "lines": ["a"]}}])
    assert certain(found) == {"address.city": "addresses[billing].city"}
    found = proposal(["address.city"], [{"address.city": "Ulm"}])
    assert certain(found) == {"address\\.city": "addresses[billing].city"}


@pytest.mark.parametrize(
    ("stream", "names", "entity"),
    [
        ("customers", ["CompanyName", "ContactName", "VAT", "City", "Phone"], "account"),
        ("customers", ["first_name", "last_name", "email", "city"], "contact"),
        ("prospects", ["first_name", "last_name", "company", "email"], "lead"),
        ("list", ["Vorname", "Nachname", "PLZ"], "contact"),
        ("orders", ["OrderNumber", "OrderDate", "ShipCity", "Freight"], "order"),
        ("tickets", ["Subject", "Priority", "Description"], "case"),
    ],
)
def test_the_entity_that_fits_best_is_found(stream, names, entity):
    fields = [Field(name=name) for name in names]
    found = suggest(Source(connection="c", stream=stream, fields=fields), SCHEMAS)
    assert found.entity == entity
    assert found.ranking[0][0] == entity


def test_what_nobody_must_map_and_what_is_missing_is_said():
    fields = [Field(name="id"), Field(name="shoe_size"), Field(name="empty_one"), Field(name="code", required=True)]
    rows = [{"id": str(n), "shoe_size": str(40 + n % 3), "empty_one": "", "code": "x"} for n in range(30)]
    found = proposal(fields, rows, "account", own={"id": "the record key"})
    whys = {one.field: one.why for one in found.homeless}
    assert whys["id"] == "the record key"
    assert "empty in all 30" in whys["empty_one"]
    assert found.missing == ("name",)
    assert next(one for one in found.homeless if one.field == "shoe_size").custom == {"type": "integer"}
    assert "code is required" in mapping_text(proposal([*fields, "email"], rows, "account"), "x")


# The file


def text_of(found):
    return mapping_text(found, "c_s")


def problems(text, fields=None, known=SCHEMAS):
    _, found = load(text, "c_s.yaml", known, fields)
    return [str(one) for one in found if one.severity is Severity.ERROR]


CANARIES = {
    "first_name": "Zebulon",
    "email": "zebulon.quill@example.org",
    "phone": "+49 30 90210021",
    "birth_date": "1971-03-14",
    "street": "Kanarienweg 7",
    "favourite": "Quokka",
    "iban": "DE02120300000000202051",
    "ssn": "078-05-1120",
    "account_note": "owes us",
}


def test_no_value_of_a_record_gets_into_the_file_except_words_of_picklists():
    rows = [{**CANARIES, "gender": "F" if n % 2 else "M", "level": "gold" if n % 3 else "iron"} for n in range(40)]
    rows = [
        {name: f"{value}{n}" if len(value) > 4 else value for name, value in row.items()} for n, row in enumerate(rows)
    ]
    found = proposal(rows[0], rows)
    text = text_of(found)
    for value in CANARIES.values():
        assert value not in text
    assert "female: F" in text
    assert "[gold, iron]" in text


def test_a_name_that_only_occurs_once_is_no_word_of_a_picklist():
    rows = [{"email": f"a{n}@example.com", "godfather": "Zebulon" if n == 7 else "none"} for n in range(60)]
    assert "Zebulon" not in text_of(proposal(rows[0], rows))


def test_the_file_is_proposed_commented_and_right():
    rows = [{"first_name": "A", "Company": "B", "email": f"a{n}@example.com", "shoe": str(n)} for n in range(10)]
    text = text_of(proposal(rows[0], rows))
    assert "lifecycle: proposed" in text
    assert "# by name; 10 of 10 values look like an e-mail address" in text
    assert '#"addresses[billing].company": Company' in text
    assert "  #shoe: shoe" in text
    assert problems(text) == []
    assert max(map(len, text.splitlines())) <= 120


def test_no_name_of_a_field_gets_out_of_a_comment():
    names = ["state\n", "phone", "billing\ncode", "country\u2028", "annual revenue", "currency\r\n"]
    fields = [*(Field(name=name) for name in names), Field(name="x\nrules: 1\n", required=True)]
    rows = [dict(zip(names, ("WA", NUMBERS[0], "98101", "US", "12,5", "EUR"), strict=True)) for _ in range(20)]
    for entity in ("contact", "account"):
        text = text_of(proposal(fields, rows, entity))
        assert problems(text) == []
        shown = [line for line in text.splitlines() if line and line[0] not in "# "]
        assert [line.partition(":")[0] for line in shown if line.startswith(("rules", "x"))] == ["rules"]


def test_taking_the_comment_sign_off_and_nothing_else_makes_a_doubtful_rule_a_rule():
    found = proposal([Field(name="FirstName"), Field(name="DoNotCall", type=FieldType.BOOLEAN)], writable=True)
    text = text_of(found)
    bare = re.sub(r"^  #(?! )", "  ", text, flags=re.MULTILINE)
    bare = re.sub(r"^  #(?=  (?! ))", "  ", bare, flags=re.MULTILINE)
    mapping, _ = load(bare, "c_s.yaml", SCHEMAS)
    assert [rule.path for rule in mapping.source.rules] == ["given_name", "consents[phone:marketing].status"]


def test_a_custom_field_that_is_offered_can_be_added_and_mapped():
    rows = [
        {"email": f"a{n}@example.com", "Tier!": ("gold", "iron")[n % 2], "vip": "1", "2nd": str(n)} for n in range(40)
    ]
    found = proposal(rows[0], rows)
    declared = {one.name: dict(one.custom) for one in found.homeless}
    specs, faults = custom_fields("contact", declared)
    assert faults == []
    text = text_of(found)
    head, marked, lines = text.partition("where the # is taken off:\n")
    whole = head + marked + lines.replace("  #", "  ")
    known = schemas({"contact": specs})
    assert problems(whole, known=known) == []
    mapping, _ = load(whole, "c_s.yaml", known)
    (projection,) = mapping.project([Record("1", rows[1])])
    assert projection.values["tier"] == "iron"
    assert not projection.problems


NAMES = st.one_of(
    st.text(min_size=1, max_size=12),
    st.text(alphabet=string.ascii_letters + "._- :#'\"", min_size=1, max_size=14),
    st.sampled_from([str(name) for one in FOREIGN for name in one["fields"]]),
)
VALUES = st.one_of(st.none(), st.text(max_size=12), st.integers(), st.booleans(), st.floats(), st.lists(st.text()))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    names=st.lists(NAMES, min_size=1, max_size=8, unique=True),
    kinds=st.lists(st.sampled_from(FieldType), min_size=8, max_size=8),
    values=st.lists(st.lists(VALUES, min_size=8, max_size=8), max_size=4),
    entity=st.sampled_from(sorted(SCHEMAS)),
    writable=st.booleans(),
)
def test_whatever_the_fields_the_file_is_good_and_nothing_fails(names, kinds, values, entity, writable):
    fields = [Field(name=name, type=kind, label=name) for name, kind in zip(names, kinds, strict=False)]
    rows = [dict(zip(names, row, strict=False)) for row in values]
    source = Source(connection="c", stream="s", fields=fields, records=rows, writable=writable)
    found = suggest(source, SCHEMAS, entity)
    assert replace(found, rules=()).entity == entity
    if found.rules:
        assert problems(mapping_text(found, "c_s")) == []
