"""Shortcuts past a conversion take nothing that the conversion would change, refuse or see in another way."""

from __future__ import annotations

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from mappings.codec import Texts
from mappings.transforms.reach import email, phone

LABELS = st.text("abcXYZ019-_+'.%!é", min_size=1, max_size=12)
TOPS = st.sampled_from(["com", "test", "example", "local", "onion", "arpa", "invalid", "localhost", "c0", "co.uk", "İ"])
NAMED = st.sampled_from(["info", "Info", "SALES", "postmaster", "Webmaster", "www"])
ADDRESSES = st.builds("{}@{}.{}".format, LABELS | NAMED, LABELS | st.just("xn--bcher-kva"), TOPS)


@given(ADDRESSES | st.emails() | st.text(max_size=20))
def test_a_plain_address_is_one_that_the_library_returns_as_it_is(text):
    transform = email()
    if transform.settled(text):
        assert validate_email(text, check_deliverability=False, test_environment=True).normalized == text
        assert transform.back(text) == text


@pytest.mark.parametrize("text", ["ana.trujillo.4@example.com", "o'hara@mail.acme-shop.de", "X_y+z@a.b.museum"])
def test_everyday_addresses_are_plain(text):
    assert email().settled(text)


def test_a_mailbox_that_belongs_to_no_person_is_written_small():
    assert email().forward("Info@example.com") == "info@example.com"


@given(st.from_regex(r"\+[0-9]{3,17}(;ext=[0-9]{1,4})?", fullmatch=True) | st.text("+0123456789 ()", max_size=16))
def test_a_settled_number_is_read_and_written_as_it_is(text):
    transform = phone("DE")
    if transform.settled(text):
        assert transform.forward(text) == text
    if transform.settled_back(text):
        assert transform.back(text) == text


ODD = [{"a": "x"}, {"a": "x", "b": ""}, {"a": "x", "b": None}, {"a": "x", "b": 1}, {"a": "x", "b": "too long"}]


@pytest.mark.parametrize("record", ODD)
def test_fields_go_over_together_only_where_all_are_text_that_fits(record):
    texts = Texts([("a", "one", None), ("b", "two", 7)])
    assert texts.taken(record) is None
    assert texts.taken({**record, "b": "y"}) == {"one": "x", "two": "y"}
