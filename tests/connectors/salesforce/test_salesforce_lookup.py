"""Asking for records by key and by value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce.soql import among, quoted
from connectors.sdk import (
    Page,
    RefusedError,
)
from syncline.sandbox.salesforce.schema import standard_objects
from syncline.sandbox.salesforce.soql import parse


def people(*names):
    return [{"LastName": name} for name in names]


def last_names(pages):
    return [record.data.get("LastName") for page in pages for record in page.records]


def test_fetch_answers_for_every_key_in_order(crm, fake):
    one, two, three = fake.seed("Contact", people("a", "b", "c"))
    fake.merge("Contact", one, two)
    asked = [three, "003000000000999AAA", two, "not' an id", one, one[:15]]
    records = crm.fetch("Contact", asked)
    assert [r.key for r in records] == asked
    assert [r.deleted for r in records] == [False, True, True, True, False, False]
    assert records[2].superseded_by == one


def test_fetch_asks_for_hundreds_at_a_time(crm, fake):
    keys = fake.seed("Contact", people(*(f"N{n}" for n in range(450))))
    crm.discover("Contact")
    before = fake.used
    assert [r.key for r in crm.fetch("Contact", keys)] == keys
    assert fake.used - before == 3
    assert all(len(r.query.get("q", "")) < 16_384 for r in fake.seen)


def test_find_quotes_what_it_is_given(crm, fake):
    nasty = "O'Neil\\' OR Name != '"
    fake.seed("Contact", people(nasty, "Smith"))
    assert last_names([Page(crm.find("Contact", "LastName", [nasty]))]) == [nasty]
    assert crm.find("Contact", "LastName", ["%"]) == []


def test_find_by_marker_number_and_flag(make, fake):
    crm = make(streams=["Account", "Contact"])
    fake.seed("Account", [{"Name": "Acme", "NumberOfEmployees": 7, "Syncline_Id__c": "m1"}, {"Name": "Other"}])
    fake.seed("Contact", [{"LastName": "Ng", "DoNotCall": True}])
    assert len(crm.find("Account", "Syncline_Id__c", ["m1", "m2"])) == 1
    assert len(crm.find("Account", "NumberOfEmployees", ["7", "seven"])) == 1
    assert len(crm.find("Contact", "DoNotCall", ["true"])) == 1
    assert crm.find("Contact", "AccountId", ["no id"]) == []


@pytest.mark.parametrize("field", ["Nope", "Description", "Id FROM User --"])
def test_find_refuses_fields_that_cannot_be_searched(crm, field):
    with pytest.raises(RefusedError):
        crm.find("Contact", field, ["x"])


def test_many_long_values_of_any_alphabet_are_asked_for_in_portions(crm, fake):
    names = [f"{n} {'ß' * 70}" for n in range(60)]
    fake.seed("Contact", people(*names))
    assert sorted(last_names([Page(crm.find("Contact", "LastName", names))])) == sorted(names)


def test_an_object_with_too_many_fields_for_one_query_says_what_to_do(crm, make, fake):
    for n in range(400):
        fake.add_field("Contact", f"A_Rather_Long_Name_For_A_Field_{n}__c string10")
    assert [d.code for d in crm.check()] == ["too-many-fields"]
    with pytest.raises(RefusedError, match="name those that are needed"):
        list(crm.read("Contact", None))
    narrow = make(streams={"Contact": {"fields": ["LastName"]}})
    assert narrow.check() == []
    assert len(list(narrow.read("Contact", None))) == 1


@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
def test_no_text_escapes_its_quotes(value, other):
    """Laws of quoting: a literal matches its own value and, whatever is in it, no other."""
    query = parse(among(["Id"], "Account", "Name", [quoted(value)]), standard_objects())
    assert query.test({"Name": value})
    assert query.test({"Name": other}) == (other.lower() == value.lower())
