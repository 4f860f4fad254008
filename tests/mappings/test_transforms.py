"""Every transform keeps its laws, refuses what it cannot take, and never shows a value in a message."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.transforms.base import OptionError, UnfitError
from mappings.transforms.places import LOCALES, _codes
from mappings.transforms.registry import TRANSFORMS, build

JSON = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.lists(st.text(max_size=5), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)
NEEDED: dict[str, Any] = {
    "prefix": "p", "suffix": "s", "pad": 5, "money": "EUR", "nth": 1, "template": "x{a}", "regex": "(.)x?",
    "replace": "x",
    "region": "US",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
@settings(max_examples=80, deadline=None)
@given(value=JSON.filter(lambda value: value not in (None, "")))
def test_anything_else_is_unfit_and_its_message_is_constant(name: str, value: Any) -> None:
    transform = build(name, NEEDED.get(name))
    for function in (transform.forward, transform.back):
        if function is None or transform.gathers or transform.parts:  # these take lists of parts, made by their rule
            continue
        with contextlib.suppress(UnfitError):
            function(value)
            continue
        with pytest.raises(UnfitError) as raised:
            function(value)
        text = str(value)
        assert len(text) < 12 or text not in raised.value.message


@pytest.mark.parametrize("language", LOCALES)
def test_every_country_finds_its_way_back_from_its_name(language: str) -> None:
    transform = build("country", {"style": "name", "language": language})
    assert transform.back is not None
    lost = []
    for code in sorted(_codes()):
        try:
            assert transform.forward(transform.back(code)) == code
        except UnfitError:
            lost.append(code)
    assert len(lost) <= 3, lost


@pytest.mark.parametrize(
    ("name", "options", "given_value", "expected"),
    [
        ("phone", "US", "(206) 555-9857 x12", "+12065559857;ext=12"),
        ("phone", None, "+12065559857", "+12065559857"),
        ("decimal", {"point": ",", "group": "."}, "1.234,50", "1234.5"),
        ("decimal", None, 1e-3, "0.001"),
        ("decimal", None, "-0.00", "0"),
        ("decimal", {"times": 100}, 0.15, "15"),
        ("money", "EUR", 12.5, {"amount": "12.50", "currency": "EUR"}),
        ("money", "JPY", "1200.00", {"amount": "1200", "currency": "JPY"}),
        ("datetime", {"zone": "Europe/Berlin"}, "2026-07-01T10:00:00", "2026-07-01T08:00:00Z"),
        ("datetime", None, "2026-07-01T10:00:00.000+0000", "2026-07-01T10:00:00Z"),
        ("epoch", "milliseconds", 1767225600500, "2026-01-01T00:00:00.5Z"),
        ("day", "Europe/Berlin", "2026-06-30T23:00:00Z", "2026-07-01"),
        ("country", None, "Great Britain", "GB"),
        ("language", None, "Deutsch", "de"),
        ("email", None, " Ana.B@EXAMPLE.com ", "Ana.B@example.com"),
        ("url", None, "WWW.Example.COM/", "https://www.example.com"),
        ("nth", -1, ["a", "b"], "b"),
        ("first", None, ["a", "b"], "a"),
        ("first", None, [], None),
        ("lines", None, "a\r\n b \n\n", "a\nb"),
        ("title", None, "VAN DYCK-O'NEIL", "Van Dyck-O'Neil"),
        ("title", None, "McDonald", "McDonald"),
        ("title", None, "busbey's van't hoff", "Busbey's Van't Hoff"),
        ("title", None, "D’ANGELO'S", "D’Angelo's"),
        ("title", None, "'s-gravenhage", "'s-Gravenhage"),
        ("title", None, "mcdonald macdonald mc", "McDonald Macdonald Mc"),
        ("title", None, "2ND AVENUE 12B", "2nd Avenue 12B"),
        ("title", None, "HENRY FORD III", "Henry Ford III"),
        ("title", None, "iii", "III"),
        ("title", None, "xi van der berg", "Xi Van Der Berg"),
        ("title", None, "JOSE\u0301S", "Jose\u0301s"),
        ("pad", 5, "2139", "02139"),
        ("pad", 5, 2139, "02139"),
        ("pad", 5, "SW1A", "SW1A"),
        ("pad", 5, "84720", "84720"),
        ("join", None, ["  ", "Obere Str. 57"], "Obere Str. 57"),
        ("join", " ", [" ", "Ana", None, "Moe"], "Ana Moe"),
        ("phone", "US", "1 (206) 555-0143", "+12065550143"),
        ("phone", "US", "011 44 20 7946 0018", "+442079460018"),
        ("phone", "US", "1-800-FLOWERS", "+18003569377"),
        ("phone", "US", "+1 (800) FLOWERS ext. 3", "+18003569377;ext=3"),
        ("phone", "DE", "Büro: 030 23125 014", "+493023125014"),
        ("phone", "US", "tel:+1-206-555-0143;ext=012", "+12065550143;ext=012"),
        ("phone", "US", "433-555-0112", "+14335550112"),
        ("phone", "DE", "0049 (0) 30 23125 014", "+493023125014"),
        ("phone", "GB", "+44 (0)20 7946 0018", "+442079460018"),
        ("phone", "HU", "06 1 234 5678", "+3612345678"),
        ("phone", "RU", "8 (495) 123-45-67", "+74951234567"),
        ("phone", "BR", "0 15 11 91234-5678", "+5511912345678"),
        ("phone", "AR", "011 15 2345-6789", "+5491123456789"),
        ("phone", "BS", "365-1234", "+12423651234"),
        ("phone", "MX", "(5) 555-4729", "+5255554729"),
        ("phone", "DE", "００８１ 3 1234 5678", "+81312345678"),
        ("region", "US", "D.C.", "DC"),
        ("region", "CA", "québec", "QC"),
        ("region", "DE", "DE-BY", "BY"),
        ("currency", None, "US$", "USD"),
        ("currency", None, "Euros", "EUR"),
        ("currency", {"symbols": {"kr": "SEK"}}, "KR", "SEK"),
        ("zone", None, "W. Europe Standard Time", "Europe/Berlin"),
        ("zone", None, "new york", "America/New_York"),
        ("zone", None, "Asia/Calcutta", "Asia/Kolkata"),
        ("zone", None, "Japan", "Asia/Tokyo"),
        ("zone", None, "gmt", "Etc/GMT"),
        ("zone", "windows", "UTC-11", "Etc/GMT+11"),
        ("boolean", {"language": "de"}, "Nein", False),
        ("replace", "[^0-9]", "+49 (30) 12", "493012"),
        ("regex", {"read": "(a)|b"}, "b", None),
    ],
)
def test_what_comes_in(name: str, options: Any, given_value: Any, expected: Any) -> None:
    assert build(name, options).forward(given_value) == expected


@pytest.mark.parametrize("style", ["e164", "international", "national"])
@pytest.mark.parametrize("number", ["+11555550188", "+15550143", "+5255554729", "+12065550143;ext=12", "+442079460018"])
def test_a_number_that_is_there_already_is_read_as_it_was_written(style: str, number: str) -> None:
    transform = build("phone", {"region": "US", "style": style})
    assert transform.forward(transform.back(number)) == number


@pytest.mark.parametrize(
    ("name", "options", "bad", "code"),
    [
        ("phone", None, "555-0100", "no-region"),
        ("phone", "US", "12", "not-a-phone"),
        ("phone", None, "+1 206 555 Z0100", "not-a-phone"),
        ("phone", "US", "(206) 555-O100 0", "not-a-phone"),
        ("phone", "US", "206-555-0100b", "not-a-phone"),
        ("phone", "DE", "030 2312 oder 5014", "not-a-phone"),
        ("phone", "DE", "030 2312 ö 5014 Durchwahl 7", "not-a-phone"),
        ("trim", None, float("inf"), "not-a-number"),
        ("phone", "US", "1 (11) 500 555-0143", "not-a-phone"),
        ("phone", "US", "11-500-555-0143", "not-a-phone"),
        ("phone", "US", "1 1 206-555-0143", "not-a-phone"),
        ("phone", "US", "155-555-0123", "not-a-phone"),
        ("phone", "US", "055-555-0123", "not-a-phone"),
        ("phone", "US", "555-0143", "not-a-phone"),
        ("email", None, "not an address", "not-an-email"),
        ("email", None, "a@b@c.com", "not-an-email"),
        ("decimal", {"point": ",", "group": "."}, "1.5", "not-a-number"),
        ("decimal", None, float("nan"), "not-a-number"),
        ("decimal", None, "1_000", "not-a-number"),
        ("decimal", None, "1e999", "not-a-number"),
        ("integer", None, "12.5", "not-whole"),
        ("integer", None, True, "not-a-number"),
        ("date", None, "2026-02-30", "not-a-date"),
        ("date", None, "2026-02-03T10:00:00Z", "not-a-date"),
        ("datetime", None, "2026-02-03T10:00:00", "no-zone"),
        ("country", None, "Atlantis", "unknown-country"),
        ("boolean", None, "maybe", "not-boolean"),
        ("prefix", "gid://", "17", "no-prefix"),
        ("url", None, "javascript:alert(1)", "not-a-url"),
        ("region", "US", "Bavaria", "unknown-region"),
        ("region", "US", "Calif.", "unknown-region"),
        ("currency", None, "$", "ambiguous-currency"),
        ("currency", None, "kr", "ambiguous-currency"),
        ("currency", None, "dollar", "unknown-currency"),
        ("zone", None, "UTC+1", "fixed-offset"),
        ("zone", None, "(UTC-05:00)", "unknown-zone"),
        ("zone", None, "UTC-11", "fixed-offset"),
        ("zone", None, "EST", "unknown-zone"),
        ("zone", None, "Atlantis", "unknown-zone"),
        ("template", "Room {n:digits}", "Room x", "no-match"),
        ("regex", "[a-c]+", "abd", "no-match"),
        ("regex", "a*", "a" * 10_001, "no-match"),
        ("replace", "a", "a" * 10_001, "too-long"),
    ],
)
def test_what_does_not_fit_says_why(name: str, options: Any, bad: Any, code: str) -> None:
    with pytest.raises(UnfitError) as raised:
        build(name, options).forward(bad)
    assert raised.value.code == code


def test_an_amount_in_another_currency_is_never_converted() -> None:
    back = build("money", "EUR").back
    assert back is not None
    with pytest.raises(UnfitError) as raised:
        back({"amount": "1.00", "currency": "USD"})
    assert raised.value.code == "other-currency"


@pytest.mark.parametrize(
    ("name", "options", "hint"),
    [
        ("emial", None, "did you mean 'email'?"),
        ("phone", {"regoin": "US"}, "did you mean 'region'?"),
        ("date", "%d.%m.%y", "years have four digits: %Y"),
        ("datetime", "%d.%m.%Y %H:%M", "zone: UTC, for example"),
        ("money", None, "{money: EUR}, or {money: {currency_field: CurrencyIsoCode}}"),
    ],
)
def test_a_transform_written_wrongly_is_explained(name: str, options: Any, hint: str) -> None:
    with pytest.raises(OptionError) as raised:
        build(name, options)
    assert raised.value.hint == hint


@pytest.mark.parametrize(
    ("name", "options"),
    [("phone", "XX"), ("phone", 1), ("money", "EURO"), ("country", "flag"), ("nth", 0), ("lines", "-"), ("url", "ftp"),
     ("boolean", {"true": ["x"], "false": ["X"]}), ("decimal", {"point": ",", "group": ","}),
     ("decimal", {"times": 12}), ("datetime", {"zone": 3}),
     ("date", "%H"), ("prefix", ""), ("pad", None), ("pad", 1), ("pad", "5"), ("pad", True), ("trim", {"x": 1}),
     ("email", 5), ("phone", {"style": "national"})],
)  # fmt: skip
def test_senseless_options_are_refused(name: str, options: Any) -> None:
    with pytest.raises(OptionError):
        build(name, options)


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_option_however_odd_is_more_than_refused(name: str, data: st.DataObject) -> None:
    known = sorted(TRANSFORMS[name].options) or ["x"]
    odd = JSON | st.sampled_from(["{", "{a}{b}", "%", "(", "a/b", "blank/blank", "list", "US", "windows", "$"])
    nested = odd | st.dictionaries(st.sampled_from(["$", "work", "a"]), odd, max_size=2) | st.lists(odd, max_size=2)
    options = data.draw(nested | st.dictionaries(st.sampled_from(known), nested, max_size=3))
    with contextlib.suppress(OptionError):
        build(name, options)


@pytest.mark.parametrize("name", ["split", "full_name", "template", "regex"])
@settings(max_examples=60, deadline=None)
@given(value=JSON, parts=st.tuples(JSON, JSON))
def test_parts_of_any_kind_are_unfit_at_worst(name: str, value: Any, parts: Any) -> None:
    options = {"template": "{given_name};{family_name}", "regex": "(?P<given_name>.)(?P<family_name>.)"}.get(name)
    transform = build(name, options)
    names = ("given_name", "family_name")
    with contextlib.suppress(UnfitError):
        assert len(transform.forward(value, names)) == 2
    if transform.back is not None:
        with contextlib.suppress(UnfitError):
            transform.back(parts, names, frozenset(names))


@pytest.mark.parametrize(("name", "options"), [("join", ", "), ("join", {"template": "{1};{2}"}), ("street", None)])
@given(value=JSON, fields=st.tuples(JSON, JSON))
def test_fields_of_any_kind_are_unfit_at_worst(name: str, options: Any, value: Any, fields: Any) -> None:
    transform = build(name, options)
    assert transform.back is not None
    with contextlib.suppress(UnfitError):
        transform.forward(list(fields))
    with contextlib.suppress(UnfitError):
        transform.back(value)


def test_without_its_package_an_expression_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(OptionError) as raised:
        build("regex", "not (seen) before")
    assert raised.value.hint == "pip install 'syncline[expressions]'"


BESIDE = {"region": "DE", "region_field": "Land"}


def test_a_number_beside_a_country_that_is_not_known_is_nobody_s_and_above_all_not_one_of_the_region():
    phone = build("phone", BESIDE)
    with pytest.raises(UnfitError, match="what stands in Land is no country") as told:
        phone.forward("01 99 00 12 34", "F")
    assert told.value.code == "no-region"
    assert phone.forward("+33 1 99 00 12 34", "F") == "+33199001234"
    assert phone.forward("030 0074321", "") == phone.forward("030 0074321", None) == "+49300074321"
    assert phone.forward("01 99 00 12 34", "France") == "+33199001234"


def test_a_number_whose_country_is_not_said_names_the_field_that_should_say_it():
    with pytest.raises(UnfitError, match="Land names no country"):
        build("phone", {"region_field": "Land"}).forward("030 0074321", " ")


def test_a_field_beside_a_number_may_write_countries_in_a_way_of_its_own():
    phone = build("phone", BESIDE | {"countries": {"FR": ["F", "fra nce"], "AT": "A"}})
    assert phone.forward("01 99 00 12 34", "f") == phone.forward("01 99 00 12 34", "FRA NCE") == "+33199001234"
    assert phone.forward("030 0074321", "Germany") == "+49300074321"


@pytest.mark.parametrize(
    "options",
    [
        {"region": "DE", "countries": {"FR": "F"}},
        BESIDE | {"countries": ["F"]},
        BESIDE | {"countries": {"France": "F"}},
        BESIDE | {"countries": {"FR": None}},
    ],
)
def test_countries_of_a_number_are_countries_and_words_of_a_field(options):
    with pytest.raises(OptionError):
        build("phone", options)
