"""Mappings that extend others: one text for five similar shops."""

import pytest

from mappings.compile import load
from model.diagnostics import Severity
from model.entities import schemas
from model.records import Record

SHOP = """\
stream: customers
entity: contact
match: {strong: ["emails[*]"]}
filter:
  in: [{field: state, is: enabled}]
rules:
  given_name: first
  family_name: last
  "emails[work]": {field: email, loses: [case]}
  "phones[mobile]": {field: phone, transform: {phone: {region: DE}}}
defaults:
  record: {source: hub, newsletter: "no"}
"""
FRENCH = """\
extends: shared/shop
connection: shop_fr
rules:
  "phones[mobile]": {field: phone, transform: {phone: {region: FR}}}
  language: lang
defaults:
  record: {newsletter: null}
"""


def loaded(text, files=None, file="mappings/shop_fr.yaml"):
    files = {"shared/shop": SHOP} if files is None else files
    return load(
        text, file, schemas(), None, lambda name: (files[name], f"mappings/{name}.yaml") if name in files else None
    )


def said(found):
    return [f"{one.file}:{one.line}:{one.column} {one.code}" for one in found]


def test_what_a_file_does_not_say_is_as_in_the_file_it_extends():
    mapping, found = loaded(FRENCH)
    assert not found
    assert (mapping.stream, mapping.entity, mapping.connection) == ("customers", "contact", "shop_fr")
    shown = {
        "state": "enabled",
        "first": "Ana",
        "last": "T",
        "email": "A@x.org",
        "phone": "06 12 34 56 78",
        "lang": "fr",
    }
    (seen,) = mapping.project([Record("1", shown)])
    assert seen.values["phones[mobile]"] == "+33612345678"
    assert seen.values["given_name"] == "Ana"
    assert seen.values["language"] == "fr"
    assert mapping.source.record_defaults == {"source": "hub"}


def test_it_means_the_same_as_the_whole_text_and_has_its_version():
    whole = SHOP.replace("region: DE", "region: FR").replace(', newsletter: "no"', "")
    whole = whole.replace("defaults:", "  language: lang\ndefaults:") + "connection: shop_fr\n"
    one, _ = loaded(FRENCH)
    other, found = loaded(whole)
    assert not found
    assert one.version == other.version


def test_a_null_takes_a_rule_away_and_one_that_is_not_there_is_said():
    text = FRENCH + "direction: in\nmatch: null\n"
    mapping, found = loaded(text.replace("language: lang", '"emails[work]": null\n  birth_date: null'))
    assert "emails[work]" not in mapping.reads
    assert not mapping.match.strong
    assert [(one.code, one.severity, one.file) for one in found] == [
        ("nothing-to-remove", Severity.WARNING, "mappings/shop_fr.yaml")
    ]


def test_a_mistake_is_said_where_it_was_written():
    files = {"shared/shop": SHOP.replace("region: DE", "regoin: DE").replace("first", "[first]")}
    _, found = loaded(FRENCH.replace("language: lang", "langauge: lang"), files)
    assert said(found) == ["mappings/shop_fr.yaml:5:3 unknown-path", "mappings/shared/shop.yaml:7:15 bad-rule"] or said(
        found
    ) == ["mappings/shared/shop.yaml:7:15 bad-rule", "mappings/shop_fr.yaml:5:3 unknown-path"]


def test_several_files_are_laid_over_each_other_in_their_order():
    files = {
        "a": SHOP,
        "b": "rules: {given_name: vorname}\nconnection: x\n",
        "c": "extends: b\nrules: {job_title: beruf}\n",
    }
    mapping, found = loaded("extends: [a, c]\nconnection: shop\n", files, "shop_fr.yaml")
    assert not found
    assert mapping.record_fields.count("vorname") == 1
    assert "first" not in mapping.record_fields
    assert "job_title" in mapping.reads
    assert mapping.connection == "shop"
    assert mapping.source.made_of == ("mappings/a.yaml", "mappings/c.yaml", "mappings/b.yaml")


def test_a_mistake_two_files_down_is_said_where_it_was_written():
    files = {"a": "extends: b\nrules: {job_title: [x]}\n", "b": SHOP.replace("given_name:", "gvien_name:")}
    _, found = loaded("extends: a\nconnection: shop_fr\nrules: {family_name: [y]}\n", files)
    assert sorted(said(found)) == [
        "mappings/a.yaml:2:20 bad-rule",
        "mappings/b.yaml:7:3 unknown-path",
        "mappings/shop_fr.yaml:3:22 bad-rule",
    ]


@pytest.mark.parametrize(
    ("text", "files", "code"),
    [
        ("extends: nowhere\n", {}, "unknown-base"),
        ("extends: {a: b}\n", {}, "not-text"),
        ("extends: a\n", {"a": "extends: b\n", "b": "extends: a\n"}, "extends-itself"),
        ("extends: a\n", {"a": "- a list\n"}, "unusable-base"),
        ("extends: a\n", {"a": "rules: [\n"}, "never-closed"),
        ("extends: a\n", {chr(97 + n): f"extends: {chr(98 + n)}\n" for n in range(9)}, "extends-too-deep"),
    ],
)
def test_what_cannot_be_extended_is_said(text, files, code):
    mapping, found = loaded(text + SHOP + "connection: shop_fr\n", files)
    assert mapping is None
    assert code in [one.code for one in found]


def test_names_descriptions_and_lifecycles_are_not_handed_down():
    base = "mapping: shop\ndescription: all shops\nlifecycle: proposed\n" + SHOP
    mapping, found = loaded(FRENCH, {"shared/shop": base})
    assert not found
    assert (mapping.name, mapping.source.description, mapping.source.lifecycle.value) == ("shop_fr", "", "live")
