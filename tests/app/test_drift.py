"""What became different in a system is told by what it does to each part of a mapping, and only where it got worse."""

from dataclasses import replace

import pytest

from connectors.contract import Field, FieldType
from mappings.checking.mapping import check
from mappings.compile import load
from model.diagnostics import Severity
from model.entities import schemas
from model.fields import FieldSpec, Kind
from syncline import drift
from syncline.drift_effects import effects, told
from syncline.locks import tidied
from syncline.uses import users, uses_of

MAPPING = """\
mapping: m
connection: crm
stream: S
entity: contact
match: {strong: [website]}
filter: {in: [{field: Kind, not: Test}]}
rules:
  family_name: Name
  lifecycle: {field: Status, values: {customer: Won, lead: New}}
  website: {field: Site, placeholder: "n/a"}
  job_title: {field: Title, max_length: 40, blank: {in: ignore}}
  department: {field: Part, when: [{field: Kind, is: Person}]}
  language: {field: Lang, direction: out}
  "phones[work]": {field: Phone, transform: {phone: {region_field: Land}}, direction: in}
  account: {field: Firm, reference: Account}
  full_name: {expr: "src.Given"}
defaults: {record: {Source: Other}}
"""
SCHEMA = schemas()["contact"]
BEFORE = (
    Field(name="Name", max_length=300),
    Field(name="Status", type=FieldType.CHOICE, choices=("New", "Won"), restricted=True),
    Field(name="Site", max_length=255),
    Field(name="Title", max_length=80),
    Field(name="Part"),
    Field(name="Lang"),
    Field(name="Phone"),
    Field(name="Land"),
    Field(name="Firm", type=FieldType.REFERENCE, references=("Account",)),
    Field(name="Given"),
    Field(name="Kind", type=FieldType.CHOICE, choices=("Firm", "Person", "Test"), restricted=True),
    Field(name="Source", type=FieldType.CHOICE, choices=("Other", "Web"), restricted=True),
)


def examined(mapping, fields):
    return check(mapping, SCHEMA, fields)


def mapped(text=MAPPING):
    mapping, found = load(text, "m.yaml", schemas(), BEFORE)
    assert mapping is not None, found
    return mapping.source


def wrong(text, fields):
    return [one for one in load(text, "m.yaml", schemas(), fields)[1] if one.severity is not Severity.NOTE]


def after(**changed):
    """The fields as they were, but for those given: other facts, or None for one that is gone."""
    return [replace(one, **(changed.get(one.name) or {})) for one in BEFORE if changed.get(one.name, {}) is not None]


def said(now, text=MAPPING):
    """Severity, line, part of the mapping, and what is told: what became different, and what follows."""
    mapping = mapped(text)
    changes = drift.changes("S", tidied(BEFORE), tidied(now))
    found = effects(changes, tidied(BEFORE), mapping, SCHEMA, lambda fields: examined(mapping, fields))
    return [
        (one.severity.value, one.line, one.path, one.message.removeprefix("crm.S."))
        for effect in found
        for one in told(effect, "crm")
    ]


ERROR, WARNING, NOTE = (severity.value for severity in Severity)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"Name": None}, (ERROR, 8, "contact.family_name", "Name is gone: S has no field 'Name'")),
        ({"Kind": None}, (ERROR, 6, "filter", "Kind is gone: S has no field 'Kind'")),
        ({"Land": None}, (ERROR, 14, "contact.phones[work]", "Land is gone: S has no field 'Land'")),
        ({"Given": None}, (ERROR, 16, "contact.full_name", "Given is gone: S has no field 'Given'")),
        ({"Source": None}, (ERROR, 17, "defaults", "Source is gone: S has no field 'Source'")),
        (
            {"Part": {"type": FieldType.DATE}},
            (NOTE, 12, "contact.department", "Part was text and is date now: a value that is not a day"),
        ),
        (
            {"Status": {"type": FieldType.BOOLEAN, "choices": None}},
            (NOTE, 9, "contact.lifecycle", "Status was choice and is boolean now"),
        ),
        (
            {"Part": {"type": FieldType.LIST}},
            (ERROR, 12, "contact.department", "Part was text and is list now: Part is a list, from which the rule"),
        ),
        (
            {"Title": {"max_length": 20}},
            (ERROR, 11, "contact.job_title", "Title was shortened from 80 to 20 characters: Title takes 20"),
        ),
        (
            {"Name": {"max_length": 30}},
            (NOTE, 8, "contact.family_name", "Name was shortened from 300 to 30 characters: Name takes 30"),
        ),
        (
            {"Site": {"max_length": 40}},
            (NOTE, 10, "contact.website", "Site was shortened from 255 to 40 characters: a longer value cannot"),
        ),
        (
            {"Site": {"max_length": 2}},
            (ERROR, 10, "contact.website", "Site was shortened from 255 to 2 characters: Site takes 2 characters, and"),
        ),
        (
            {"Part": {"required": True}},
            (NOTE, 12, "contact.department", "Part became required: Part is required; a record without"),
        ),
        (
            {"Part": {"creatable": False, "updatable": False}},
            (ERROR, 12, "contact.department", "Part became read-only: Part cannot be written"),
        ),
        (
            {"Part": {"updatable": False}},
            (ERROR, 12, "contact.department", "Part can only be written on create now: Part can only be written"),
        ),
        ({"Phone": {"readable": False}}, (ERROR, 14, "contact.phones[work]", "Phone cannot be read any more: Phone")),
        (
            {"Status": {"choices": ("New",)}},
            (ERROR, 9, "contact.lifecycle", "Status lost the choice 'Won': 'Won' is not one of the choices"),
        ),
        (
            {"Status": {"choices": ("Lost", "New", "Won")}},
            (WARNING, 9, "contact.lifecycle", "Status got the choice 'Lost': Status also knows Lost"),
        ),
        (
            {"Source": {"choices": ("Web",)}},
            (ERROR, 17, "defaults", "Source lost the choice 'Other': 'Other' is not one of the choices of Source"),
        ),
        (
            {"Kind": {"choices": ("Firm", "Person")}},
            (WARNING, 6, "filter", "Kind lost the choice 'Test': 'Test' is not one of the choices of Kind"),
        ),
        (
            {"Kind": {"choices": ("Firm", "Test")}},
            (WARNING, 12, "contact.department", "Kind lost the choice 'Person': 'Person' is not one of the choices"),
        ),
        (
            {"Part": {"restricted": True, "choices": ("A", "B")}},
            (NOTE, 12, "contact.department", "Part got the choices 'A', 'B'; takes its choices only now: a value that"),
        ),
        (
            {"Firm": {"references": ("Company",)}},
            (WARNING, 15, "contact.account", "Firm refers to Company now: Firm points to Company, not to Account"),
        ),
        ({"Part": {"nullable": False}}, (NOTE, 12, "contact.department", "Part may not be null any more: it cannot")),
        ({"Part": {"unique": True}}, (NOTE, 12, "contact.department", "Part became unique: a value that another")),
    ],
)
def test_each_kind_of_change_is_told_at_the_part_that_suffers(changed, expected):
    found = said(after(**changed))
    assert any(one[:3] == expected[:3] and one[3].startswith(expected[3]) for one in found), found
    assert len({one[2] for one in found if one[0] == expected[0]}) == len(
        [one for one in found if one[0] == expected[0]]
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"Name": {"max_length": 200}},
        {"Name": {"label": "Surname"}},
        {"Name": {"max_length": None}},
        {"Title": {"max_length": 120}},
        {"Lang": {"readable": False}},
        {"Phone": {"creatable": False, "updatable": False}},
        {"Phone": {"max_length": 5}},
        {"Part": {"choices": ("A",)}},
        {"Status": {"restricted": False}},
        {"Source": {"choices": ("Other", "Web", "Phone")}},
        {"Site": {"nullable": False}},
        {"Land": {"max_length": 2}},
    ],
)
def test_what_suits_every_rule_as_before_has_no_effect(changed):
    assert said(after(**changed)) == []


def test_what_got_better_without_being_good_is_not_told_as_an_effect():
    text = MAPPING.replace("values: {customer: Won, lead: New}", "values: {customer: Won}")
    assert said(after(Name={"max_length": 180}), text) != []
    tight = (replace(BEFORE[0], max_length=50), replace(BEFORE[1], choices=("Lost", "New", "Won")))
    mapping = mapped(text)
    for now in (
        (replace(tight[0], max_length=60), tight[1]),
        (tight[0], replace(tight[1], choices=("New", "Won"))),
    ):
        changes = drift.changes("S", tidied(tight), tidied(now))
        (one,) = effects(changes, tidied(tight), mapping, SCHEMA, lambda fields: examined(mapping, fields))
        assert told(one, "crm") == []


def test_a_field_that_is_new_and_required_is_told_even_though_nothing_uses_it():
    (one,) = said([*after(), Field(name="Region", required=True)])
    assert one == (
        WARNING,
        7,
        "Region",
        "Region is new (text, required): Region is required on create and no rule writes it",
    )


def test_the_only_field_that_is_gone_is_missed():
    text = "connection: crm\nstream: S\nentity: contact\ndirection: in\nrules: {family_name: Name}\n"
    mapping, _ = load(text, "m.yaml", schemas(), BEFORE[:1])
    now = tidied([Field(name="Surname", max_length=300)])
    changes = drift.changes("S", tidied(BEFORE[:1]), now)
    found = effects(
        changes, tidied(BEFORE[:1]), mapping.source, SCHEMA, lambda fields: examined(mapping.source, fields)
    )
    assert [one.code for effect in found for one in effect.found] == ["unknown-field"]


def test_a_field_of_the_same_label_or_nearly_the_same_name_is_guessed_to_be_the_one_that_is_gone():
    before = {"A__c": Field(name="A__c", label="Loyalty tier"), "Region": Field(name="Region")}
    now = {"Tier__c": Field(name="Tier__c", label="loyalty tier"), "Regions": Field(name="Regions")}
    hints = {one.name: one.hint for one in drift.changes("S", before, now) if one.became is drift.Became.REMOVED}
    assert hints == {"A__c": "is it called 'Tier__c' now?", "Region": "is it called 'Regions' now?"}
    other_type = {name: replace(one, type=FieldType.DATE) for name, one in now.items()}
    assert {one.hint for one in drift.changes("S", before, other_type)} == {None}


def test_a_choice_under_another_name_is_guessed_to_be_the_one_that_is_gone():
    mapping = mapped()
    changes = drift.changes("S", tidied(BEFORE), tidied(after(Status={"choices": ("New", "Geschafft")})))
    (effect,) = effects(changes, tidied(BEFORE), mapping, SCHEMA, lambda fields: examined(mapping, fields))
    hints = {one.message.rpartition(": ")[2]: one.hint for one in told(effect, "crm")}
    assert hints["'Won' is not one of the choices of Status"] == "is 'Won' called 'Geschafft' now?"


@pytest.mark.parametrize(("path", "cut"), [("website", False), ("tier", True)])
def test_only_what_makes_sense_in_part_is_offered_to_be_cut(path, cut):
    known = schemas({"contact": {"tier": FieldSpec(template="tier", kind=Kind.TEXT, custom=True)}})
    text = f"connection: crm\nstream: S\nentity: contact\nrules: {{{path}: Site}}\n"
    mapping, _ = load(text, "m.yaml", known, BEFORE)
    changes = drift.changes("S", tidied(BEFORE), tidied(after(Site={"max_length": 20})))
    (effect,) = effects(changes, tidied(BEFORE), mapping.source, known["contact"], lambda _: [])
    (one,) = told(effect, "crm")
    assert ("max_length" in one.hint) is cut


def test_every_part_of_a_mapping_that_uses_a_field_is_named():
    uses = uses_of(mapped())
    assert users(uses, "Kind") == ["the filter", "the rule contact.department"]
    assert users(uses, "Land") == ["the rule contact.phones[work]"]
    assert users(uses, "Given") == ["the rule contact.full_name"]
    assert users(uses, "Source") == ["the defaults"]
    assert users(uses, "Phone.Type") == ["the rule contact.phones[work]"]
    assert users(uses, "Other") == []


@pytest.mark.parametrize(
    ("before", "now", "line", "message"),
    [
        ("Source: Other", "Source: Othr", 17, "'Othr' is not one of the choices of Source"),
        ('"n/a"', '"n/a", default: ' + "x" * 256, 10, "Site takes 255 characters, and this has 256"),
        ("not: Test", "in: [Firm, Tets]", 6, "'Tets' is not one of the choices of Kind"),
    ],
)
def test_constants_are_held_to_what_the_field_takes(before, now, line, message):
    assert before in MAPPING
    (one,) = wrong(MAPPING.replace(before, now), BEFORE)
    assert (one.line, one.message) == (line, message)
    assert one.hint
    assert wrong(MAPPING, BEFORE) == []


def test_several_choices_in_one_text_are_looked_at_one_by_one():
    fields = [replace(one, type=FieldType.SET) if one.name == "Source" else one for one in BEFORE]
    assert wrong(MAPPING.replace("Source: Other", "Source: Other; Web"), fields) == []
    (one,) = wrong(MAPPING.replace("Source: Other", "Source: [Other, Wob]"), fields)
    assert one.message == "'Wob' is not one of the choices of Source"
