"""A page is read and written as its records are one by one: no record's oddity shows in another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Field
from mappings.compile import Compiled, load
from mappings.contract import RenderRequest
from model.entities import schemas
from model.records import Record

SCHEMAS = schemas()


def mapping(rules: str, head: str = "", fields: list[Field] | None = None) -> Compiled:
    compiled, found = load(
        f"connection: crm\nstream: C\nentity: contact\n{head}rules:\n{rules}", "crm.yaml", SCHEMAS, fields
    )
    assert compiled is not None, [str(one) for one in found]
    return compiled


PLAIN = """
  given_name: First
  family_name: {field: Last, empty: keep}
  nickname: {field: Nick, placeholder: "(none)"}
  job_title: {field: Title, default: Boss, max_length: 6}
  department: Dept
  "emails[work]": Mail
  "phones[work]": {field: Phone, transform: {phone: DE}}
  "phones[home]": {field: Home, transform: {phone: {region: DE, style: national}}}
  "addresses[work].country": Country
  birth_date: Born
  gender: {field: Sex, values: {male: M, female: F}}
  active: Active
  tags: {field: Tags, list: set, separator: ";"}
"""
STEPS = """
  account: {field: Account, reference: Accounts}
  "addresses[work].street": {fields: [Line1, Line2], transform: join}
"""
COMPUTED = """
  given_name: {expr: 'src.First + text(src.Nick)'}
  family_name: {expr: 'src.?Last', empty: keep}
  tags: {expr: 'src.Tags.split(";")', list: set}
  department: {field: Dept, when: {in: [{expr: 'src.Title != "x"'}], out: [{path: active, is: true}]}}
  nickname: {field: Nick, when: {out: [{expr: 'to.?gender.orValue("male") == "male"'}]}}
"""
FILTER = "filter: {in: [{field: Dept, not: Secret}]}\n"
DEFAULTS = 'defaults: {record: {Source: Hub, Nick: "-"}, canonical: {lifecycle: lead}}\n'
LIMITS = [Field(name=name) for name in ("Nick", "Title", "Last", "Phone", "Home", "Country", "Born", "Sex", "Active")]
LIMITS += [Field(name="First", max_length=5), Field(name="Mail", max_length=12), Field(name="Dept", max_length=200)]
LIMITS += [Field(name="Tags"), Field(name="Source")]
MAPPINGS = [
    mapping(PLAIN),
    mapping(PLAIN, DEFAULTS, LIMITS),
    mapping(PLAIN + STEPS, FILTER + DEFAULTS),
    mapping("  given_name: First\n"),
    mapping(STEPS),
    mapping(COMPUTED, "filter: {in: [{expr: 'src.?Sex.orValue(0) != \"F\"'}]}\n"),
]

USUAL = {
    "First": "Ana", "Last": "Bo", "Nick": "An", "Title": "Chief", "Dept": "Sales", "Mail": "ana@b.com",
    "Phone": "+4930123456", "Home": "+4930123457", "Country": "DE", "Born": "1970-01-31", "Sex": "M", "Active": "true",
    "Tags": "a;b", "Account": "17", "Line1": "x", "Line2": "y",
}  # fmt: skip
ODD = st.sampled_from([
    None, "", "x", "x" * 300, 7, 1.5, True, [], ["a"], {"a": 1}, "(none)", "ana@b.com", "Ana@B.com\n", "Secret",
    "030 123456", "+4930123456;ext=5", "Germany", "31.1.1970", "F", "1", "a;;b", "\udc80", "ana@b.com\nbo@b.com",
    "ana.trujillo@b.com",
])  # fmt: skip


ILL = {name: {"a": 1} for name in USUAL}


def changed(usual: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The usual thing with some values odd and some missing."""
    odd = st.dictionaries(st.sampled_from(sorted(usual)), ODD, max_size=3)
    missing = st.sets(st.sampled_from(sorted(usual)), max_size=2)
    return st.builds(lambda o, m: {k: v for k, v in {**usual, **o}.items() if k not in m}, odd, missing)


@pytest.mark.parametrize("compiled", MAPPINGS)
@given(rows=st.lists(st.just(USUAL) | changed(USUAL), max_size=6), gone=st.sets(st.integers(0, 5), max_size=1))
def test_a_page_is_projected_as_its_records_are_alone(compiled, rows, gone):
    records = [Record(str(at), row, deleted=at in gone) for at, row in enumerate(rows)]
    alone = [compiled.project([record])[0] for record in records]
    assert compiled.project(records) == alone
    for one in alone:
        assert compiled.project([*records, Record("odd", ILL)])[: len(alone)] == alone
        assert not [path for path in one.values if path in {problem.path for problem in one.problems}]


def request(values: Mapping[str, Any], paths: frozenset[str] | None = None) -> RenderRequest:
    return RenderRequest(values, paths, lambda stream, entity_id: "17" if entity_id == "e1" else None)


CANONICAL = {
    "given_name": "Ana", "family_name": "Bo", "nickname": "An", "job_title": "Chief", "department": "Sales",
    "emails[work]": "ana@b.com", "phones[work]": "+4930123456", "phones[home]": "+4930123457",
    "addresses[work].country": "DE", "birth_date": "1970-01-31", "gender": "male", "active": True, "tags": ["a", "b"],
    "account": "e1", "addresses[work].street": "x\ny",
}  # fmt: skip


ILL_ENTITY = {path: {"a": 1} for path in CANONICAL}
ENTITIES = st.lists(st.just(CANONICAL) | changed(CANONICAL), max_size=6)


@pytest.mark.parametrize("compiled", MAPPINGS)
@given(entities=ENTITIES, updates=st.sets(st.integers(0, 5), max_size=2))
def test_a_page_is_rendered_as_its_entities_are_alone(compiled, entities, updates):
    requests = [request(values, frozenset(CANONICAL) if at in updates else None) for at, values in enumerate(entities)]
    alone = [compiled.render([one])[0] for one in requests]
    assert compiled.render(requests) == alone
    assert compiled.render([*requests, request(ILL_ENTITY)])[: len(alone)] == alone


@pytest.mark.parametrize("compiled", MAPPINGS[:3])
@given(values=changed(CANONICAL))
def test_a_create_writes_what_an_update_of_everything_writes(compiled, values):
    """Creates go column by column and updates rule by rule; only blanks and defaults are theirs alone."""
    created = compiled.render([request(values)])[0]
    updated = compiled.render([request(values, frozenset(CANONICAL))])[0]
    cleared = {name for name, value in updated.fields.items() if value in (None, "", "(none)", [])}
    kept = {name: value for name, value in updated.fields.items() if name not in cleared}
    filled = {"Source", "Nick", "Title", *cleared}
    assert {name: value for name, value in created.fields.items() if name in kept or name not in filled} == kept
    assert list(created.problems) == list(updated.problems)
    assert list(created.waiting) == list(updated.waiting)


def test_records_of_a_page_share_nothing_that_can_be_changed():
    first, second = MAPPINGS[0].project([Record("1", USUAL), Record("2", USUAL)])
    first.values["given_name"] = "Eva"
    assert second.values["given_name"] == "Ana"
    one, other = MAPPINGS[1].render([request(CANONICAL), request(CANONICAL)])
    one.fields["First"] = "Eva"
    assert other.fields["First"] == "Ana"


def test_problems_stand_in_the_order_of_the_rules_whatever_else_is_on_the_page():
    odd = {**USUAL, "First": "x" * 300, "Mail": "nobody", "Born": "never", "Dept": True}
    for page in ([odd], [USUAL, odd], [odd, USUAL]):
        (found,) = [one for one in MAPPINGS[0].project([Record("1", row) for row in page]) if one.problems]
        assert [problem.field for problem in found.problems] == ["First", "Dept", "Mail", "Born"]


def test_fields_stand_in_the_order_of_the_rules():
    assert list(MAPPINGS[0].project([Record("1", USUAL)])[0].values) == list(CANONICAL)[:-2]
    mixed = mapping(STEPS + PLAIN)
    for page in ([CANONICAL], [CANONICAL, ILL_ENTITY]):
        written = list(mixed.render([request(values) for values in page])[0].fields)
        assert written == ["Account", "Line1", "Line2", *(name for name in USUAL if name in written[3:])]


def test_no_entities_and_no_records_are_an_empty_page():
    for compiled in MAPPINGS:
        assert (compiled.project([]), compiled.render([]), compiled.fingerprints([])) == ([], [], [])


@pytest.mark.parametrize("compiled", MAPPINGS)
@given(rows=st.lists(st.just(USUAL) | changed(USUAL) | st.just({**USUAL, "First": 2**70}), max_size=6))
def test_a_page_has_the_fingerprints_its_records_have_alone(compiled, rows):
    records = [Record(str(at), row) for at, row in enumerate(rows)]
    assert compiled.fingerprints(records) == [compiled.fingerprints([record])[0] for record in records]
