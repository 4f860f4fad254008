"""Shortcuts past a conversion take nothing that the conversion would change, refuse or see in another way."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from mappings.transforms.moments import date_
from mappings.transforms.reach import email, phone

LABELS = st.text("abcXYZ019-_+'.%!é", min_size=1, max_size=12)
TOPS = st.sampled_from(["com", "test", "example", "local", "onion", "arpa", "invalid", "localhost", "c0", "co.uk", "İ"])
NAMED = st.sampled_from(["info", "Info", "SALES", "postmaster", "Webmaster", "www"])
ADDRESSES = st.builds("{}@{}.{}".format, LABELS | NAMED, LABELS | st.just("xn--bcher-kva"), TOPS)


@given(ADDRESSES | st.emails() | st.text(max_size=20))
def test_a_plain_address_is_one_that_the_library_returns_as_it_is(text):
    transform = email()
    if transform.settled.fits(text):
        assert validate_email(text, check_deliverability=False, test_environment=True).normalized == text
        assert transform.back(text) == text


@pytest.mark.parametrize("text", ["ana.trujillo.4@example.com", "o'hara@mail.acme-shop.de", "X_y+z@a.b.museum"])
def test_everyday_addresses_are_plain(text):
    assert email().settled.fits(text)


def test_a_mailbox_that_belongs_to_no_person_is_written_small():
    assert email().forward("Info@example.com") == "info@example.com"


@given(st.from_regex(r"\+[0-9]{3,17}(;ext=[0-9]{1,4})?", fullmatch=True) | st.text("+0123456789 ()", max_size=16))
def test_a_settled_number_is_read_and_written_as_it_is(text):
    transform = phone("DE")
    if transform.settled.fits(text):
        assert transform.forward(text) == text
    if transform.settled_back.fits(text):
        assert transform.back(text) == text


@given(st.lists(ADDRESSES | st.sampled_from(["ana@b.com", "ana.t@b.co.uk", "ana@b.com\nbo@b.com", "ana@b.com\n", ""])))
def test_a_column_fits_where_each_of_its_texts_does(texts):
    for form in (email().settled, phone("DE").settled):
        assert form.fits_all(texts) == (bool(texts) and all(map(form.fits, texts)))


@given(
    st.lists(st.sampled_from(["+4930123456", "+4930123456;ext=7", "+4930123456\n", "+4930123456\n+4930123457", "+49"]))
)
def test_a_column_of_numbers_fits_where_each_number_does(texts):
    transform = phone("DE")
    for form in (transform.settled, transform.settled_back):
        assert form.fits_all(texts) == (bool(texts) and all(map(form.fits, texts)))


@given(st.from_regex(r"[0-9]{4}-[0-3][0-9]-[0-3][0-9]", fullmatch=True) | st.dates().map(str))
def test_a_settled_day_is_read_and_written_as_it_is(text):
    transform = date_()
    if transform.settled.fits(text):
        assert transform.forward(text) == transform.back(text) == text


@pytest.mark.parametrize("year", ["1900", "2000", "2023"])
def test_every_day_but_the_one_that_leaps_is_settled(year):
    settled = date_().settled
    written = [f"{year}-{month:02}-{day:02}" for month in range(14) for day in range(33)]
    plain = [text for text in written if settled.fits(text)]
    days = (date(int(year), 1, 1) + timedelta(at) for at in range(366))
    assert plain == [day.isoformat() for day in days if str(day.year) == year and (day.month, day.day) != (2, 29)]
    assert settled.fits_all(plain)


def test_a_column_with_something_else_than_text_has_no_form():
    with pytest.raises(TypeError):
        email().settled.fits_all(["ana@b.com", None])
