"""Queries to the fake org, asked by simple-salesforce."""

import pytest
from simple_salesforce import format_soql
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
)

HOST = "https://syncline-dev-ed.my.salesforce.com"


def code_of(error):
    return error.value.content[0]["errorCode"]


def test_queries_page_by_locator_and_the_last_page_is_done(sf, fake):
    fake.queries.page = 3
    fake.seed("Contact", [{"LastName": f"N{n}"} for n in range(7)])
    first = sf.query("SELECT Id, LastName FROM Contact ORDER BY LastName DESC")
    assert (first["totalSize"], first["done"], len(first["records"])) == (7, False, 3)
    names = [r["LastName"] for r in sf.query_all("SELECT LastName FROM Contact ORDER BY LastName DESC")["records"]]
    assert names == [f"N{n}" for n in reversed(range(7))]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("LastName = 'lovelace'", {"Lovelace"}),
        ("LastName != 'Lovelace'", {"Hopper", "O'Neil"}),
        ("LastName LIKE 'H_pp%'", {"Hopper"}),
        ("LastName IN ('Hopper', 'Lovelace')", {"Hopper", "Lovelace"}),
        ("LastName NOT IN ('Hopper')", {"Lovelace", "O'Neil"}),
        ("Email = null", {"O'Neil"}),
        ("Email != null AND (LastName = 'Hopper' OR DoNotCall = true)", {"Hopper", "Lovelace"}),
        ("NOT (DoNotCall = true)", {"Hopper", "O'Neil"}),
        ("LastName = 'O\\'Neil'", {"O'Neil"}),
        ("SystemModstamp > 2026-01-01T00:00:09Z", {"O'Neil"}),
        (
            "SystemModstamp >= 2026-01-01T01:00:00+01:00 AND SystemModstamp < 2026-01-01T00:00:10Z",
            {"Lovelace", "Hopper"},
        ),
        ("Birthdate < 1900-01-01", {"Lovelace"}),
        ("IsDeleted = true", set()),
    ],
)
def test_soql_filters(sf, fake, clock, where, expected):
    fake.seed("Contact", [{"LastName": "Lovelace", "Email": "a@b.org", "DoNotCall": True, "Birthdate": "1815-12-10"}])
    fake.seed("Contact", [{"LastName": "Hopper", "Email": "g@b.org", "Birthdate": "1906-12-09"}])
    clock.advance(10)
    fake.seed("Contact", [{"LastName": "O'Neil"}])
    assert {r["LastName"] for r in sf.query(f"SELECT LastName FROM Contact WHERE {where}")["records"]} == expected


def test_milliseconds_are_printed_but_not_compared(sf, fake, clock):
    clock.advance(0.7)
    fake.seed("Account", [{"Name": "Acme"}])
    found = sf.query("SELECT SystemModstamp FROM Account WHERE SystemModstamp = 2026-01-01T00:00:00Z")["records"]
    assert [r["SystemModstamp"] for r in found] == ["2026-01-01T00:00:00.700+0000"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT Id, Nope FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Nope", "INVALID_TYPE"),
        ("SELECT Id FROM Contact WHERE LastName", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE LastName = 'x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact LIMIT many", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact; DROP", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE LastName = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE SystemModstamp > '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Description = 'x'", "INVALID_FIELD"),
    ],
)
def test_bad_queries_are_refused_by_name(sf, query, code):
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.query(query)
    assert code_of(error) == code


def test_quoting_keeps_a_value_a_value(sf, fake):
    nasty = "x' OR LastName != '\\ \n%_\""
    fake.seed("Account", [{"Name": nasty}, {"Name": "other"}])
    assert sf.query(format_soql("SELECT Id FROM Account WHERE Name = {}", nasty))["totalSize"] == 1
