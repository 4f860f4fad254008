"""Every transform keeps its laws, refuses what it cannot take, and never shows a value in a message."""

from __future__ import annotations

import contextlib
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
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=3).map(str)
DAYS = st.dates()
PHONES = st.sampled_from(["(206) 555-9857", "030-0074321", "+44 20 7946 0000 x12", "+1 206 555 0100", "206.555.0199"])

CASES: list[tuple[str, Any, st.SearchStrategy[Any]]] = [
    ("trim", None, st.text()),
    ("lower", None, st.text()),
    ("upper", None, st.text()),
    ("collapse", None, st.text(alphabet="ab \t\n\u00a0")),
    ("prefix", "gid://", st.text().map(lambda t: f"gid://{t}")),
    ("suffix", "-X", st.text().map(lambda t: f"{t}-X")),
    ("text", "integer", st.integers(-(10**9), 10**9)),
    ("text", "boolean", st.booleans()),
    ("text", None, st.integers() | st.text(min_size=1)),
    ("boolean", {"true": ["Y", "yes"], "false": ["N"]}, st.sampled_from(["Y", "n", " YES ", "N"])),
    ("url", None, st.from_regex(r"(http://|HTTPS://)?[A-Z]{1,8}\.[a-z]{2,3}(/[A-Za-z]{0,5})?", fullmatch=True)),
    ("lines", None, st.text(alphabet="ab ,\r\n")),
    ("lines", ", ", st.text(alphabet="ab ,\n")),
    ("lines", "list", st.lists(st.text(alphabet="ab \n"))),
    ("decimal", None, NUMBERS),
    ("decimal", {"point": ",", "group": "."}, st.sampled_from(["1.234,50", "12,5", "-1.000.000", "0,00", "7"])),
    ("decimal", "number", st.floats(-(10**9), 10**9).map(lambda f: round(f, 4))),
    ("integer", None, st.integers(-(10**12), 10**12) | st.sampled_from(["12", "12.0", 12.0])),
    ("money", "EUR", NUMBERS),
    ("money", {"currency": "JPY", "written": "number"}, st.integers(0, 10**9)),
    ("date", None, DAYS.map(lambda d: d.isoformat())),
    ("date", None, DAYS.map(lambda d: f"{d.isoformat()} 00:00:00.000")),
    ("date", "us", DAYS.map(lambda d: f"{d.month:02d}/{d.day:02d}/{d.year:04d}")),
    ("date", "eu", DAYS.map(lambda d: f"{d.day:02d}.{d.month:02d}.{d.year:04d}")),
    ("date", "%d %b %Y", DAYS.map(lambda d: f"{d.day:02d} {d:%b} {d.year:04d}")),
    ("datetime", None, st.datetimes(timezones=st.timezones()).map(lambda d: d.isoformat())),
    ("datetime", {"zone": "Europe/Berlin"}, st.datetimes().map(lambda d: d.isoformat(timespec="milliseconds"))),
    (
        "datetime",
        {"format": "%d.%m.%Y %H:%M", "zone": "UTC"},
        DAYS.map(lambda d: f"{d.day}.{d.month}.{d.year:04d} 9:05"),
    ),
    ("time", "us", st.sampled_from(["09:30 PM", "12:00 AM"])),
    ("time", None, st.times().map(lambda t: t.isoformat("seconds"))),
    ("epoch", "milliseconds", st.integers(0, 4 * 10**12)),
    ("country", "name", st.sampled_from(["Germany", "U.S.A.", "deutschland", "GBR", "Holland", "Schweiz", "840"])),
    ("country", "alpha3", st.sampled_from(["Germany", "us", "Côte d’Ivoire", "日本"])),
    ("language", "name", st.sampled_from(["German", "en", "français"])),
    ("language", "underscore", st.sampled_from(["de-at", "pt_BR", "zh-Hant-TW"])),
    ("email", None, st.from_regex(r"[A-Za-z.]{1,8}@[A-Z]{1,8}\.(com|TEST|de)", fullmatch=True)),
    ("phone", "US", PHONES),
    ("phone", {"region": "DE", "style": "national"}, PHONES),
    ("phone", {"region": "US", "style": "international", "extension": "drop"}, PHONES),
    ("join", ", ", st.lists(st.text(alphabet="ab", min_size=1), min_size=1, max_size=3)),
    ("join", None, st.lists(st.text(alphabet="ab \n", min_size=1), min_size=1, max_size=3)),
    ("full_name", None, st.text(alphabet="Ab ", min_size=1)),
]


@pytest.mark.parametrize(("name", "options", "values"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_going_out_and_in_again_changes_nothing(
    name: str, options: Any, values: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    transform = build(name, options)
    assert transform.back is not None
    try:
        canonical = transform.forward(data.draw(values))
        if canonical in (None, "") or (isinstance(canonical, tuple) and canonical[0] is None):
            return
        shown = transform.back(
            tuple(part if isinstance(part, str) else None for part in canonical)
            if isinstance(canonical, tuple)
            else canonical
        )
    except UnfitError:
        return
    again = transform.forward(shown)
    if name == "phone" and "extension" in (options if isinstance(options, dict) else {}):
        canonical = canonical.partition(";ext=")[0]
    if name == "datetime" and isinstance(options, dict) and canonical != again:
        assert transform.back(again) == shown  # the hour that a zone has twice
        return
    assert again == canonical
    if isinstance(again, str):
        assert transform.back(again) == shown


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
@settings(max_examples=80, deadline=None)
@given(value=JSON.filter(lambda value: value not in (None, "")))
def test_anything_else_is_unfit_and_its_message_is_constant(name: str, value: Any) -> None:
    options = {"prefix": "p", "suffix": "s", "money": "EUR", "nth": 1}.get(name)
    transform = build(name, options)
    for function in (transform.forward, transform.back):
        if function is None or name in ("join", "full_name"):  # these take lists of parts, made by their rule
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
    ],
)
def test_what_comes_in(name: str, options: Any, given_value: Any, expected: Any) -> None:
    assert build(name, options).forward(given_value) == expected


@pytest.mark.parametrize(
    ("name", "options", "bad", "code"),
    [
        ("phone", None, "555-0100", "no-region"),
        ("phone", "US", "12", "not-a-phone"),
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
     ("boolean", {"true": ["x"], "false": ["X"]}), ("decimal", {"point": ",", "group": ","}), ("datetime", {"zone": 3}),
     ("date", "%H"), ("prefix", ""), ("trim", {"x": 1}), ("email", 5), ("phone", {"style": "national"})],
)  # fmt: skip
def test_senseless_options_are_refused(name: str, options: Any) -> None:
    with pytest.raises(OptionError):
        build(name, options)
