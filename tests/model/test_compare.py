"""Folding and similarity."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.compare import fold, fold_company, fold_text, is_blank
from model.entities import schema_of
from model.fields import Kind
from model.similar import similarity

COMPANY = schema_of("account").fields["name"]


@pytest.mark.parametrize("blank", [None, "", "  \n", [], {}, {"amount": None, "currency": "EUR"}, {"amount": ""}])
def test_null_and_empty_are_blank(blank):
    assert is_blank(blank)
    assert fold(Kind.TEXT, blank) == ""


@pytest.mark.parametrize("value", [0, False, "0", ["a"], {"amount": "0", "currency": "EUR"}])
def test_zero_and_false_are_values(value):
    assert not is_blank(value)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Müller", "muller"),
        ("Straße", "STRASSE"),
        ("O'Brien", "O’Brien"),
        ("Ana  María", "ana maria"),
        ("Ełk", "elk"),
        ("Café", unicodedata.normalize("NFD", "Café")),
        ("Obere Str. 57", "obere str 57"),
        ("Ångström", "Angstrom"),
        ("Θεσσαλονίκη", "thessaloniki"),
        ("ＡＢＣ", "abc"),
    ],
)
def test_spellings_of_one_text_fold_alike(a, b):
    assert fold_text(a) == fold_text(b)


@pytest.mark.parametrize(
    ("a", "b"), [("王", "汪"), ("***", "???"), ("हिन्दी", "हिनदी"), ("张伟", "章伟"), ("1.5", "15")]
)
def test_different_texts_do_not_become_one(a, b):
    assert fold_text(a) != fold_text(b)


@pytest.mark.parametrize(
    ("kind", "a", "b"),
    [
        (Kind.EMAIL, " Ana@X.de", "ana@x.DE"),
        (Kind.PHONE, "+49 (30) 123-45", "+493012345"),
        (Kind.URL, "https://www.Acme.com/", "acme.com"),
        (Kind.DECIMAL, "12.50", "12.5"),
        (Kind.DECIMAL, "-0.0", "0"),
        (Kind.MONEY, {"amount": "12.50", "currency": "EUR"}, {"currency": "EUR", "amount": "12.5"}),
        (Kind.DATETIME, "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"),
        (Kind.LANGUAGE, "pt_BR", "pt-br"),
        (Kind.SET, ["B", "a"], ["A", "b"]),
    ],
)
def test_spellings_of_one_value_fold_alike(kind, a, b):
    assert fold(kind, a) == fold(kind, b)


def test_an_extension_is_part_of_a_number():
    spellings = ["+49301234", "+493012345", "+49301234;ext=5", "+49301234;ext=6"]
    assert len({fold(Kind.PHONE, number) for number in spellings}) == 4


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Alfreds Futterkiste GmbH & Co. KG", "alfreds futterkiste"),
        ("Comércio Mineiro, S.A. de C.V.", "comercio mineiro"),
        ("Foo S.à r.l.", "foo"),
        ("Firma Sp. z o.o.", "firma"),
        ("Berlin Zoo", "berlin zoo"),
        ("Acme, Inc.", "acme"),
        ("ACME INCORPORATED", "acme"),
        ("J.P. Morgan", "jp morgan"),
        ("AG", "ag"),
        ("Co. KG", "co kg"),
    ],
)
def test_a_company_is_known_without_its_legal_form(name, folded):
    assert fold_company(name) == folded


@given(st.text(max_size=30))
def test_folding_text_twice_changes_nothing_more_and_only_blanks_fold_to_nothing(text):
    once = fold(Kind.TEXT, text)
    assert fold(Kind.TEXT, once) == once
    assert bool(once) == (not is_blank(text))


@given(st.text(max_size=30))
def test_a_company_never_loses_its_whole_name(name):
    assert bool(fold_company(name)) == bool(fold_text(name))


_money = st.fixed_dictionaries({"amount": st.text(max_size=5), "currency": st.text(max_size=3)})
_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=12)
_values = _scalars | st.lists(st.text(max_size=4), max_size=3) | _money


@given(st.sampled_from(Kind), _values, _values)
def test_comparing_is_symmetric_bounded_and_never_fails(kind, a, b):
    assert 0.0 <= similarity(kind, a, b) <= 1.0
    assert similarity(kind, a, b) == similarity(kind, b, a)
    assert isinstance(fold(kind, a), str)


@pytest.mark.parametrize(
    ("kind", "a", "b", "least", "most"),
    [
        (Kind.TEXT, "Ana Trujillo", "Trujillo, Ana", 1.0, 1.0),
        (Kind.TEXT, "Jonathan", "Jonathon", 0.9, 0.99),
        (Kind.TEXT, "Ana", "Wolfgang", 0.0, 0.6),
        (Kind.PHONE, "+49301234567", "030 1234567", 0.9, 0.99),
        (Kind.PHONE, "+49301234567", "+49301234568", 0.8, 0.8),
        (Kind.PHONE, "+49301234567", "+43155512999", 0.0, 0.0),
        (Kind.EMAIL, "ana@x.de", "anna@x.de", 0.9, 0.99),
        (Kind.EMAIL, "info@x.de", "info@y.de", 0.0, 0.75),
        (Kind.DATE, "1980-02-01", "1980-01-02", 0.9, 0.9),
        (Kind.DATE, "1980-02-01", "1981-02-01", 0.85, 0.85),
        (Kind.DATE, "1980-02-01", "1955-11-23", 0.0, 0.0),
        (Kind.SET, ["a", "b"], ["b", "c"], 0.3, 0.4),
        (Kind.CHOICE, "won", "wont", 0.0, 0.0),
        (COMPANY, "Northwind Traders GmbH", "Northwind Traders", 1.0, 1.0),
        (COMPANY, "Northwind Traders", "Northwind", 0.9, 0.99),
        (Kind.TEXT, None, None, 0.0, 0.0),
        (Kind.TEXT, "", "Ana", 0.0, 0.0),
    ],
)
def test_likeness_follows_the_errors_people_make(kind, a, b, least, most):
    assert least <= similarity(kind, a, b) <= most
