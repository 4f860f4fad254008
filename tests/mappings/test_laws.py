"""The laws of mappings: the default ones keep them, unlawful ones are caught by the right law at the right rule."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import mappings.compile
import syncline.demo
from connectors.contract import Field
from mappings.codec import ABSENT
from mappings.compile import load
from mappings.contract import RenderRequest
from mappings.proving.generate import Generator
from mappings.proving.laws import Law, examine
from mappings.transforms.base import Entry, Transform
from mappings.transforms.registry import TRANSFORMS
from model.entities import schemas
from model.records import Record

SCHEMAS = schemas()
LIBRARY = Path(mappings.compile.__file__).parent / "library"
DEMO = Path(syncline.demo.__file__).parent
FILES = sorted([*LIBRARY.rglob("*.yaml"), *(DEMO / "project" / "mappings").glob("*.yaml")])


def named(path):
    return f"{path.parent.name}/{path.name}"


@cache
def compiled(path):
    mapping, found = load(path.read_text(encoding="utf-8"), str(path), SCHEMAS)
    assert mapping is not None, [str(one) for one in found]
    return mapping


def mapping_of(rules, entity="contact", head="", fields=None):
    text = f"connection: crm\nstream: C\nentity: {entity}\n{head}rules:\n{rules}"
    mapping, found = load(text, "crm.yaml", SCHEMAS, fields)
    assert mapping is not None, [str(one) for one in found]
    return mapping


def tried(mapping, number=200, seed=0, fields=None):
    made = Generator(mapping, SCHEMAS[mapping.entity], seed, fields)
    return examine(mapping, made.records(number), made.entities(number))


def told(examination):
    """What a failed test says: the first breach of every kind."""
    return {(b.law, b.code, b.path): b for b in reversed(examination.breaches)}


# ── default mappings


@pytest.mark.parametrize("path", FILES, ids=named)
def test_default_mappings_are_lawful(path):
    examination = tried(compiled(path), 300)
    assert told(examination) == {}
    assert examination.records == 300
    if compiled(path).writes:
        assert examination.left_out < 300


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=named)
def test_default_mappings_are_lawful_over_ten_thousand_records(path):
    assert told(tried(compiled(path), 10_000, seed=20)) == {}


SAMPLES = {
    "sql/customers.yaml": "northwind_customers.csv",
    "sql/contacts.yaml": "northwind_customers.csv",
    "sql/orders.yaml": "northwind_orders.csv",
    "files/prospects.yaml": "adventureworks_prospects.csv",
}
ALIKE = {"lead": "contact"}  # a prospect is a person like any other


@cache
def sample(name):
    with (DEMO / "data" / SAMPLES[name]).open(encoding="utf-8", newline="") as file:
        rows = [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]
    return [Record(f"row {at}", row) for at, row in enumerate(rows, start=1)]


@cache
def entities(entity):
    """All rows of the shared data as canonical records of one entity."""
    found = []
    for name in SAMPLES:
        mapping = compiled(LIBRARY / name)
        if entity not in (mapping.entity, ALIKE.get(mapping.entity)):
            continue
        for projection in mapping.project(sample(name)):
            references = {path: ref.key for path, ref in projection.references.items()}
            values = {**projection.values, **references}
            found.append({path: value for path, value in values.items() if SCHEMAS[entity].field(path)})
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_real_rows_come_back_as_they_were(name):
    examination = examine(compiled(LIBRARY / name), sample(name))
    assert told(examination) == {}
    assert examination.records - examination.left_out >= 91


@pytest.mark.parametrize("path", FILES, ids=named)
def test_real_customers_come_back_from_every_stream_that_takes_them(path):
    mapping = compiled(path)
    assert told(examine(mapping, (), entities(mapping.entity))) == {}


# ── made-up values


def test_the_same_seed_makes_the_same_records_and_another_one_others():
    mapping = compiled(LIBRARY / "salesforce" / "contact.yaml")
    first, again, other = (Generator(mapping, SCHEMAS["contact"], seed) for seed in (1, 1, 2))
    assert first.records(50) == again.records(50) != other.records(50)
    assert first.entities(50) == again.entities(50) != other.entities(50)


def test_made_up_records_are_hard_enough():
    mapping = compiled(LIBRARY / "salesforce" / "contact.yaml")
    records = Generator(mapping, SCHEMAS["contact"]).records(500)
    texts = [value for record in records for value in record.data.values() if isinstance(value, str)]
    assert any(not text.isascii() for text in texts)
    assert any(len(text) > 150 for text in texts)
    assert any(text.startswith("0") for text in texts)
    assert any(text != text.strip() for text in texts)
    assert any("(0)" in text for text in texts)
    for blank in (None, ""):
        assert any(value == blank for record in records for value in record.data.values())
    assert len({frozenset(record.data) for record in records}) > 50  # fields that are not there at all
    problems = sum(bool(projection.problems) for projection in mapping.project(records))
    assert 50 < problems < 450


def test_made_up_values_keep_to_what_the_stream_takes():
    mapping = mapping_of("  job_title: Title\n  department: Dept\n")
    fields = [Field(name="Title", choices=("A", "B")), Field(name="Dept", max_length=5)]
    records = Generator(mapping, SCHEMAS["contact"], fields=fields).records(300)
    other = [record.data["Title"] for record in records if record.data.get("Title") in ("A", "B")]
    assert len(other) > 20


# ── unlawful mappings

MONEY = "transform: {money: {currency_field: cur}}"
UNLAWFUL = {
    "a stand-in for unknown options that the table cannot write": (
        "  gender: {field: Sex, values: {male: M, female: F}, unknown: {default: undisclosed}}\n",
        "contact", Law.IN, "refused", "gender",
    ),
    "text that is cut and is no address any more": (
        '  "emails[work]": {field: Mail, max_length: 12}\n',
        "contact", Law.OUT, "unreadable", "emails[work]",
    ),
    "what was read cannot be written whole": (
        '  "emails[work]": {field: Mail, max_length: 12}\n',
        "contact", Law.IN, "unreadable", "emails[work]",
    ),
    "a table that minds the case a system does not keep": (
        "  lifecycle: {field: Type, values: {customer: Customer, lead: Lead}, loses: [case]}\n",
        "contact", Law.LOSS, "unreadable", "lifecycle",
    ),
    "a day that is none without its hyphens": (
        "  birth_date: {field: Born, loses: [format]}\n",
        "contact", Law.LOSS, "unreadable", "birth_date",
    ),
    "an amount without its point": (
        "  name: Name\n  annual_revenue: {field: Rev, transform: {money: EUR}, loses: [format]}\n",
        "account", Law.LOSS, "changed", "annual_revenue",
    ),
    "a kept value that the table reads as another": (
        "  industry: {field: Branch, values: {tech: IT}, unknown: keep}\n  name: Name\n",
        "account", Law.OUT, "changed", "industry",
    ),
    "transforms in the wrong order": (
        '  contact_number: {field: No, transform: [lower, {prefix: "KD-"}]}\n',
        "contact", Law.OUT, "unreadable", "contact_number",
    ),
    "a default that cannot be read": (
        '  "emails[work]": {field: Mail, default: none}\n',
        "contact", Law.OUT, "unreadable", "emails[work]",
    ),
    "two amounts that share one field for their currency": (
        f"  number: No\n  total: {{field: Total, {MONEY}}}\n  freight: {{field: Freight, {MONEY}}}\n",
        "order", Law.ALONE, "changed", "freight",
    ),
    "a constant that says otherwise than the hub": (
        "  kind: {constant: task}\n  subject: Subject\n",
        "activity", Law.OUT, "changed", "kind",
    ),
    "the ending that a cut takes away": (
        '  contact_number: {field: No, transform: {suffix: "-X"}, max_length: 6}\n',
        "contact", Law.OUT, "unreadable", "contact_number",
    ),
    "a country whose name does not fit": (
        '  "addresses[work].country": {field: Country, transform: {country: name}, max_length: 6}\n',
        "contact", Law.OUT, "unreadable", "addresses[work].country",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", UNLAWFUL)
def test_an_unlawful_mapping_is_caught_by_the_right_law_at_the_right_rule(what):
    rules, entity, law, code, path = UNLAWFUL[what]
    examination = tried(mapping_of(rules, entity))
    assert not examination.lawful
    assert (law, code, path) in told(examination), told(examination)
    assert {breach.path for breach in examination.breaches} <= {path, "total"}


def test_a_breach_names_record_rule_and_values():
    mapping = mapping_of('  "emails[work]": {field: Mail, max_length: 9}\n')
    records = [Record("r1", {"Mail": "ana@x.com"}), Record("r2", {"Mail": "longer@x.com"})]
    (breach,) = examine(mapping, records).breaches
    assert breach[:7] == (Law.IN, "unreadable", "r2", "emails[work]", "Mail", "longer@x.com", ABSENT)
    assert "longer" not in breach.message


def test_what_is_declared_is_counted_and_is_no_breach():
    mapping = mapping_of(
        "  job_title: {field: Title, max_length: 4}\n"
        "  nickname: {field: Nick, placeholder: '-'}\n"
        "  lifecycle: {field: Type, values: {customer: [C, D], lead: {read: L}, other: C}}\n"
    )
    entity = {"job_title": "Director", "nickname": None, "lifecycle": "other"}
    examination = examine(mapping, [Record("1", {"Title": "Director"})], [entity, {"lifecycle": "lead"}])
    assert examination.lawful
    assert examination.losses == {
        ("job_title", "max_length"): 2, ("lifecycle", "values"): 1, ("lifecycle", "values, only read"): 1,
    }  # fmt: skip


def test_what_a_system_does_not_take_is_told_apart_from_what_does_not_come_back():
    mapping = mapping_of("  name: Name\n  annual_revenue: {field: Rev, transform: {money: EUR}}\n", "account")
    examination = examine(mapping, (), [{"name": "A", "annual_revenue": {"amount": "1.00", "currency": "USD"}}])
    assert examination.lawful
    assert examination.refused == {("annual_revenue", "other-currency"): 1}


def test_empty_text_that_is_kept_apart_from_null_stays_so():
    mapping = mapping_of("  nickname: {field: Nick, empty: keep}\n")
    assert told(examine(mapping, [Record("1", {"Nick": ""}), Record("2", {"Nick": None}), Record("3", {})])) == {}


ALL = """
  "full_name, given_name, family_name": {field: Name, transform: full_name}
  nickname: {field: Nick, empty: keep, loses: [case, space, accents]}
  job_title: {field: Title, max_length: 12, default: Boss}
  department: {field: Dept, placeholder: "(none)"}
  account: {field: Firm, reference: {stream: Firms, starts: "001"}}
  "emails[work]": {field: mail.address, loses: [case]}
  "phones[work]": {field: Phone, transform: {phone: {region_field: Land, region: DE, style: international}}}
  "phones[home]": {field: Home, transform: {phone: {region: DE, style: national}}}
  "addresses[work].street": {fields: [Line1, Line2], transform: join, loses: [lines]}
  "addresses[work].country": {field: Land, transform: {country: {style: name, language: de}}}
  birth_date: {field: Born, transform: {date: eu}}
  "consents[email:news].at": {field: since, transform: datetime, loses: [seconds]}
  gender: {field: Sex, values: {male: [M, m], female: F, other: M}, unknown: {default: other}}
  active: {field: Blocked, values: {"true": N, "false": J}}
  tags: {field: Tags, list: set, separator: ";", loses: [case]}
"""


@settings(max_examples=15, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_a_mapping_of_many_kinds_of_rule_is_lawful_whatever_is_made_up(seed):
    assert told(tried(mapping_of(ALL), 60, seed)) == {}


LINES = """
  number: No
  lines:
    field: items
    each:
      key: id
      rules:
        sku: {field: sku, max_length: 3}
        title: {field: title, loses: [case]}
        quantity: amount.count
        unit_price: {field: price.amount, transform: {money: {currency_field: price.currency}}}
"""


def test_lists_of_items_are_lawful_and_their_losses_are_done_to_the_items():
    examination = tried(mapping_of(LINES, "order"))
    assert told(examination) == {}
    assert any(ground == "max_length" for _, ground in examination.losses)
    table = "sku: {field: sku, values: {one: Ax, two: Bx}, loses: [case]}"
    examination = tried(mapping_of(LINES.replace("sku: {field: sku, max_length: 3}", table), "order"))
    assert {breach.law for breach in examination.breaches} == {Law.LOSS}
    assert all(breach.path.endswith("].sku") for breach in examination.breaches)


def test_a_transform_that_never_settles_is_caught(monkeypatch):
    endless = Transform(name="endless", forward=lambda text: f"{text}.", back=lambda text: text)
    monkeypatch.setitem(TRANSFORMS, "endless", Entry(make=lambda: endless))
    examination = tried(mapping_of("  job_title: {field: Title, transform: endless}\n"))
    assert {(Law.IN, "changed"), (Law.OUT, "changed")} <= {(one.law, one.code) for one in examination.breaches}


def test_a_rule_that_holds_for_some_records_only_is_lawful_and_said_to_be_so():
    rules = "  given_name: {field: F, when: {in: [{field: T, present: true}], out: [{path: job_title, present: true}]}}"
    examination = tried(mapping_of(f"{rules}\n  job_title: T\n"))
    assert told(examination) == {}
    assert {path for path, ground in examination.losses if ground == "when"} == {"given_name"}


def test_a_proposed_rule_is_not_tried():
    rule = '  "emails[work]": {field: Mail, max_length: 12, lifecycle: proposed}\n  job_title: Title\n'
    assert told(tried(mapping_of(rule))) == {}


# ── what the laws found


def test_a_number_keeps_its_country_when_the_field_it_is_read_by_is_written():
    mapping = mapping_of(
        '  "phones[work]": {field: Phone, transform: {phone: {region: US, region_field: Land}}}\n'
        '  "addresses[work].country": Land\n'
    )
    values, asked = {"addresses[work].country": "AT"}, frozenset({"addresses[work].country"})

    def written(current):
        return mapping.render([RenderRequest(values, asked, lambda s, e: None, current)])[0].fields

    assert written({"Phone": "030 123456", "Land": "DE"}) == {"Land": "AT", "Phone": "+4930123456"}
    assert written({"Phone": "+4930123456", "Land": "DE"}) == {"Land": "AT"}
    assert written({"Phone": None, "Land": "DE"}) == {"Land": "AT"}
    assert written({"Phone": "call me", "Land": "DE"}) == {"Land": "AT"}
    values["phones[work]"] = "+4930123456"
    assert written(None) == {"Land": "AT", "Phone": "+4930123456"}


@pytest.mark.parametrize("style", ["international", "e164"])
def test_a_number_that_no_country_has_is_written_as_it_is(style):
    mapping = mapping_of(f'  "phones[work]": {{field: Phone, transform: {{phone: {{style: {style}}}}}}}\n')
    request = RenderRequest({"phones[work]": "+999123456789"}, None, lambda s, e: None)
    assert mapping.render([request])[0].fields == {"Phone": "+999123456789"}


def test_national_style_and_a_field_for_the_region_do_not_go_together():
    rule = '"phones[work]": {field: P, transform: {phone: {region: DE, region_field: Land, style: national}}}'
    mapping, found = load(f"connection: c\nstream: s\nentity: contact\nrules:\n  {rule}\n", "c.yaml", SCHEMAS)
    assert mapping is None
    assert any("region_field" in one.message for one in found)


def test_a_name_read_from_its_parts_may_hold_spaces_and_never_holds_the_placeholder():
    mapping = compiled(LIBRARY / "salesforce" / "contact.yaml")

    def read(first, last):
        return mapping.project([Record("1", {"FirstName": first, "LastName": last})])[0].values.get("full_name")

    assert read("Ma. Luisa", "de la Cruz") == "Ma. Luisa de la Cruz"
    assert read(None, "Bo") == "Bo"
    assert read("Cher", "(unknown)") is None
    mapping = compiled(DEMO / "project" / "mappings" / "crm_contacts.yaml")
    entity = {"full_name": "Isabel de Castro", "given_name": None}
    assert "full_name" not in tried_out(mapping, entity)


def tried_out(mapping, entity):
    (rendition,) = mapping.render([RenderRequest(entity, None, lambda s, e: None)])
    return mapping.project([Record("1", rendition.fields)])[0].values


def test_only_tasks_are_written_as_tasks():
    mapping = compiled(LIBRARY / "salesforce" / "task.yaml")
    assert mapping.accepts({"kind": "task"}) is None
    assert mapping.accepts({"kind": "call"}) is not None


def test_what_a_table_lets_through_is_made_up_as_the_field_can_hold_it():
    """No e-mail address is «São Paulo»: such a value would not come back, and never has to."""
    keeping = mapping_of('  "emails[work]": {field: Mail, values: {info@example.com: INFO}, unknown: keep}\n')
    made = {one.get("emails[work]") for one in Generator(keeping, SCHEMAS["contact"]).entities(200)}
    assert all("@" in value for value in made if value)
    assert len(made) > 4
    assert tried(keeping).lawful


def test_records_are_made_up_that_a_filter_by_pattern_lets_through():
    filtered = mapping_of("  given_name: First\n", head="filter: {in: [{field: Code, matches: 'DE-*'}]}\n")
    found = tried(filtered, 100)
    assert found.left_out < 50
    assert found.records == 100
