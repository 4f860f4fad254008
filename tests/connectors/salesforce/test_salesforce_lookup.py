"""Asking for records by key and by value."""

import pytest

from connectors.sdk import (
    Page,
    RefusedError,
)


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
