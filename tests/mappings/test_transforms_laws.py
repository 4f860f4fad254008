"""Every transform keeps its laws, both ways, and does what its page says."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import strategies as st

from mappings.transforms.base import NOTHING, Entry, OptionError, Transform, UnfitError
from mappings.transforms.regions import regions_of
from mappings.transforms.registry import TRANSFORMS, build
from syncline.testing import transform_laws

SOME = st.text(max_size=12)
LISTED = st.text(alphabet="ab;: ", min_size=1, max_size=6).map(str.strip).filter(bool)
WORDS = st.text(alphabet="abÄ -,.'1", min_size=1, max_size=12)
TIDY = WORDS.map(lambda text: " ".join(text.split())).filter(bool)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=3)
NUMBERS = AMOUNTS.map(str)
PLAIN_NUMBERS = st.integers(-(10**9), 10**9).map(str) | st.integers(0, 10**6).map(lambda n: f"{n}.5")
DAYS = st.dates().map(lambda day: day.isoformat())
MOMENTS = st.datetimes().map(lambda at: at.replace(microsecond=0).isoformat() + "Z")
FRACTIONS = st.datetimes().map(lambda at: f"{at.replace(microsecond=0).isoformat()}.25Z")
PHONES = st.sampled_from(["(206) 555-9857", "030-0074321", "+44 20 7946 0000 x12", "+1 206 555 0100", "206.555.0199"])
E164 = st.sampled_from(["+12065559857", "+442079460000", "+49300074321", "+12065559857;ext=12", "+390612345678"])
CODES = ["DE", "US", "GB", "FR", "CI", "KR", "MK", "HK", "TW", "CZ"]
CURRENCIES = ["EUR", "USD", "GBP", "SEK", "JPY", "CHF", "PLN", "XOF", "CAD"]
ZONES = ["Europe/Berlin", "Europe/Vienna", "America/New_York", "UTC", "Asia/Kolkata", "Pacific/Pago_Pago"]
BITS = st.text(alphabet="ab ,;-:1", min_size=1, max_size=6)
ONES = st.text(alphabet="12", min_size=1, max_size=3)
PAIRS = st.tuples(st.none() | ONES | BITS, st.none() | BITS).map(list)
LETTERS = st.text(alphabet="ab", min_size=1, max_size=3)
NAME = st.text(alphabet="AbÖ '-,", min_size=1, max_size=8).map(lambda text: " ".join(text.split())).filter(bool)


@dataclass
class Law:
    """Options, record values and canonical ones. ``loses`` as in `transform_laws`."""

    options: Any
    inputs: Any
    canonicals: Any = ()
    names: tuple[str, ...] = ()
    loses: bool = False
    note: str = field(default="", kw_only=True)


def parts(*each: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(*(st.none() | one for one in each)).filter(any)


def joined(separator: str, *each: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*each).map(separator.join)


def money(*codes: str) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda n, code: {"amount": f"{n}.00", "currency": code}, st.integers(-9999, 9999), st.sampled_from(codes)
    )


NO_NUMBERS = ["007", "12.50", "1e5", "1_000", "nan", "inf", "1e400", "9" * 400 + ".", "-0", "٣", " 7", "7\n", "x"]

LAWS: dict[str, list[Law]] = {
    "trim": [Law(None, st.text(), TIDY)],
    "lower": [Law(None, st.text(), TIDY.map(str.lower))],
    "upper": [Law(None, st.text(), TIDY.map(str.upper))],
    "title": [Law(None, st.text())],
    "pad": [
        Law(5, st.integers(0, 10**7) | st.text(), ["02139", "SW1A"]),
        Law(9, st.from_regex(r"[0-9]{1,9}(-[0-9]{4})?", fullmatch=True), st.from_regex(r"[0-9]{9}", fullmatch=True)),
    ],
    "collapse": [Law(None, st.text(alphabet="ab \t\n\u00a0"), TIDY)],
    "prefix": [Law("gid://", st.text().map(lambda t: f"gid://{t}"), st.text(min_size=1))],
    "suffix": [Law("-X", st.text().map(lambda t: f"{t}-X"), st.text(min_size=1))],
    "text": [
        Law("integer", st.integers(-(10**9), 10**9), st.integers().map(str) | st.sampled_from(NO_NUMBERS)),
        Law("number", st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9), ["1", "-1.5", "12.5", *NO_NUMBERS]),
        Law("boolean", st.booleans(), ["true", "false", "maybe"]),
        Law(None, st.integers() | st.text(min_size=1), st.text(min_size=1)),
    ],
    "boolean": [
        Law(None, [True, "true", 1, "1", 0, "FALSE", 2, "x"], st.booleans()),
        Law({"true": ["Y", "yes"], "false": ["N"]}, ["Y", "n", " YES ", "N", "maybe"], st.booleans()),
        Law("ja/nein", ["Ja", "NEIN ", "j"], st.booleans()),
        Law("x/blank", ["X", "", None, "y"], st.booleans()),
        Law("blank/x", ["X", "", None], st.booleans()),
        *(Law({"language": code}, ["ja", "y", "no", "да", "はい"], st.booleans()) for code in ("en", "de", "ru", "ja")),
    ],
    "url": [
        Law(
            None,
            st.from_regex(r"(http://|HTTPS://)?[A-Z]{1,8}\.[a-z]{2,3}(/[A-Za-z]{0,5})?", fullmatch=True),
            st.from_regex(r"https?://[a-z]{1,8}\.[a-z]{2,3}(/[A-Za-z]{1,5})?", fullmatch=True),
        )
    ],
    "lines": [
        Law(None, st.text(alphabet="ab ,\r\n"), ["a", "a\nb"]),
        Law(", ", st.text(alphabet="ab ,\n"), ["a", "a\nb", "a, b\nc"]),
        Law("list", st.lists(st.text(alphabet="ab \n")), ["a", "a\nb"]),
    ],
    "join": [
        Law(", ", st.lists(st.text(alphabet="ab,", min_size=1), min_size=1, max_size=3), BITS),
        Law(None, st.lists(st.text(alphabet="ab \n", min_size=1), min_size=1, max_size=3), ["a", "a\nb"]),
        Law({"template": "{1:digits}-{2}"}, PAIRS, ["1-a", "1-1-1"]),
    ],
    "street": [
        Law(None, st.lists(st.none() | WORDS, min_size=2, max_size=2), TIDY),
        Law("first", st.lists(WORDS, min_size=3, max_size=3), ["12 A Street", "12 bis Rue X", "a\nb", "1"]),
        Law({"separator": ", "}, st.lists(WORDS, min_size=2, max_size=2), ["Calle Mayor, 5", "Calle 5, 5", "x, y, 5"]),
    ],
    "decimal": [
        Law(None, NUMBERS, PLAIN_NUMBERS),
        Law({"point": ",", "group": "."}, ["1.234,50", "12,5", "-1.000.000", "0,00", "7", "1.5"], PLAIN_NUMBERS),
        Law("number", st.floats(-(10**9), 10**9).map(lambda f: round(f, 4)), PLAIN_NUMBERS),
        Law({"times": 100, "point": ","}, ["0,15", "1", "-0,005", "12345678901234567890,1"], PLAIN_NUMBERS),
    ],
    "integer": [Law(None, st.integers() | st.sampled_from(["12", "12.0", 12.0, "x"]), st.integers(-(10**12), 10**12))],
    "money": [
        Law("EUR", NUMBERS, money("EUR", "USD")),
        Law({"currency": "JPY", "written": "number"}, st.integers(0, 10**9)),
        Law({"currency_field": "C"}, st.tuples(NUMBERS, st.sampled_from(["EUR", "usd", None])), money("EUR", "USD")),
    ],
    "date": [
        Law(None, DAYS | DAYS.map(lambda day: f"{day} 00:00:00.000"), DAYS),
        Law("us", st.dates().map(lambda d: f"{d.month:02d}/{d.day:02d}/{d.year:04d}"), DAYS),
        Law("eu", st.dates().map(lambda d: f"{d.day:02d}.{d.month:02d}.{d.year:04d}"), DAYS),
        Law("%d %b %Y", st.dates().map(lambda d: f"{d.day:02d} {d:%b} {d.year:04d}"), DAYS),
    ],
    "datetime": [
        Law(None, st.datetimes(timezones=st.timezones()).map(lambda d: d.isoformat()), MOMENTS | FRACTIONS),
        Law(
            {"zone": "Europe/Berlin"},
            st.datetimes().map(lambda d: d.isoformat(timespec="milliseconds")),
            MOMENTS,
            loses=True,
            note="the hour that a zone has twice",
        ),
        Law({"format": "%d.%m.%Y %H:%M", "zone": "UTC"}, ["1.7.2026 9:05", "31.12.1999 23:59"], MOMENTS, loses=True),
    ],
    "time": [
        Law("us", ["09:30 PM", "12:00 AM", "21:30"], ["21:30:00", "00:00:00"]),
        Law(None, st.times().map(lambda t: t.isoformat("seconds")), st.times().map(lambda t: t.isoformat("seconds"))),
    ],
    "epoch": [
        Law("milliseconds", st.integers(0, 4 * 10**12), MOMENTS | FRACTIONS),
        Law("seconds", st.integers(0, 4 * 10**9), MOMENTS | FRACTIONS, loses=True),
    ],
    "day": [Law("Europe/Berlin", MOMENTS)],
    "country": [
        Law("name", ["Germany", "U.S.A.", "deutschland", "GBR", "Holland", "Schweiz", "840"], CODES),
        Law("alpha3", ["Germany", "us", "Côte d’Ivoire", "日本"], CODES),
        Law(None, st.sampled_from(CODES), CODES),
    ],
    "language": [
        Law("name", ["German", "en", "français"], ["de", "pt-BR", "zh-Hant-TW"]),
        Law("underscore", ["de-at", "pt_BR", "zh-Hant-TW"], ["de", "pt-BR", "zh-Hant-TW"]),
    ],
    "region": [
        *(
            Law({"country": home, "style": style}, list(regions_of(home).values()), list(regions_of(home)))
            for home in ("US", "CA", "DE", "IT", "ES", "MX", "BR", "IN", "AU", "JP", "CH", "AR")
            for style in ("code", "name", "iso")
        ),
        Law({"country_field": "C"}, [("Ontario", "Canada"), ("Kent", "UK"), ("x", None), ("?", "US")]),
    ],
    "currency": [
        Law(None, ["€", "Euro", "euros", "US$", "$", "kr", "Schweizer Franken", "nothing"], CURRENCIES),
        Law("name", ["Euro", "sek"], CURRENCIES),
        Law({"style": "name", "language": "fr"}, ["Euro", "sek"], CURRENCIES),
        Law({"style": "symbol", "symbols": {"$": "CAD", "kr": "SEK"}}, ["$", "KR", "€", "¥"], CURRENCIES),
    ],
    "zone": [
        Law(None, [*ZONES, "W. Europe Standard Time", "berlin", "UTC+1", "US/Pacific", "EST"], ZONES),
        Law("windows", ["W. Europe Standard Time", "UTC-11", "UTC", "berlin", "UTC+1"], ZONES, loses=True),
    ],
    "email": [
        Law(
            None,
            st.from_regex(r"[A-Za-z.]{1,8}@[A-Z]{1,8}\.(com|TEST|de)", fullmatch=True),
            st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.(com|test|de)", fullmatch=True),
        )
    ],
    "phone": [
        Law("US", PHONES, E164),
        Law({"region": "DE", "style": "national"}, PHONES, E164),
        Law({"region": "US", "style": "international", "extension": "drop"}, PHONES, E164, loses=True),
        Law({"region_field": "C"}, st.tuples(PHONES, st.sampled_from(["Germany", "US", None, "?"])), ["+12065559857"]),
    ],
    "full_name": [
        Law(None, NAME, parts(NAME, NAME, NAME), ("full_name", "given_name", "family_name"), note="see below"),
        Law("family_first", NAME, (), ("full_name", "family_name")),
        Law({"order": "family_first", "separator": ", "}, NAME, parts(NAME, NAME), ("given_name", "family_name")),
        Law({"order": "family_first", "separator": ", "}, NAME, (), ("full_name", "given_name", "family_name")),
    ],
    "split": [
        Law(";", BITS, parts(LISTED, LISTED), ("a", "b")),
        Law("; ", BITS, parts(LISTED, LISTED), ("a", "b")),
        Law("list", st.lists(st.none() | BITS, max_size=3), parts(LISTED, LISTED), ("a", "b")),
        Law({"label": ": "}, ["a: 1; B: 2", "b:1", "a: 1; a: 2", "x: 1", "1"], parts(LISTED, LISTED), ("a", "b")),
    ],
    "template": [
        Law("Room {n}", ["Room 1", "Room ", "room 1"], SOME),
        Law("{a}, {b}", BITS | joined(", ", LETTERS, ONES), parts(BITS, BITS), ("a", "b")),
        Law("{a:word} {b}", BITS, parts(BITS, BITS), ("b", "a")),
        Law("{a} {b:digits}", BITS | joined(" ", LETTERS, ONES), parts(BITS, BITS | ONES), ("a", "b")),
        Law(
            "{a} - {b:digits} - {c:word}",
            BITS | joined(" - ", LETTERS, ONES, LETTERS),
            parts(BITS | LETTERS, BITS | ONES, BITS | LETTERS),
            ("a", "b", "c"),
        ),
        Law(["{a}, {b}", "{a}-{b}", "{b};", "{a}"], BITS, parts(BITS, BITS), ("a", "b")),
    ],
    "regex": [
        Law({"read": r"CUST-(\d+)", "write": "CUST-{1}"}, ["CUST-1", "CUST-", "x", "\udc80"], BITS | ONES),
        Law({"read": r"(?i)cust-?(\d+)", "write": "CUST-{1}"}, ["cust1", "CUST-2"], BITS | ONES),
        Law({"read": r"(\d\d)/(\d{4})", "take": "{2}-{1}", "write": "{1}/{2}"}, ["11/2026"], ["2026-11", "x"]),
        Law(
            {"read": r"(?P<a>\d+)(?P<b>[a-z]*)", "write": "{a}{b}"},
            ["1ab", "12"],
            parts(BITS | ONES, BITS | LETTERS),
            ("a", "b"),
        ),
        Law({"read": "[ab]+"}, BITS | LETTERS, BITS | LETTERS),
        Law({"read": "(a)|b"}, st.sampled_from("ab") | BITS),
    ],
    "replace": [Law({"pattern": "[^0-9]+", "by": "-"}, st.text())],
    "nth": [Law(-1, st.lists(BITS))],
    "first": [Law(None, st.lists(BITS))],
}  # fmt: skip
CASES = [(name, law) for name, laws in LAWS.items() for law in laws]


def test_there_are_laws_for_every_transform():
    assert set(LAWS) == set(TRANSFORMS)


@pytest.mark.parametrize(("name", "law"), CASES, ids=[f"{name}-{law.options}" for name, law in CASES])
def test_what_went_in_or_out_comes_back(name: str, law: Law):
    transform = build(name, law.options)
    canonicals = law.canonicals
    if name == "full_name" and "full_name" in law.names:
        canonicals = ()  # parts that are newer than the full name decide: a law of its own, below
    transform_laws(transform, law.inputs, canonicals, names=law.names, loses=law.loses, runs=60)


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
def test_a_law_is_asked_of_what_is_taken_not_only_of_what_is_refused(name: str):
    """At least one value of each transform's laws goes in, and at least one comes out where it goes both ways."""
    went_in = went_out = both = False
    for law in LAWS[name]:
        transform = build(name, law.options)
        both |= transform.back is not None
        for value in _some(law.inputs):
            with contextlib.suppress(UnfitError):
                _forward(transform, value, law.names)
                went_in = True
        for value in _some(law.canonicals):
            with contextlib.suppress(UnfitError):
                _back(transform, value, law.names)
                went_out = True
    assert went_in
    assert went_out == both


def _some(values: Any) -> list[Any]:
    if not hasattr(values, "filter"):
        return list(values)
    found: list[Any] = []
    transform_laws(Transform(name="keeps", forward=lambda value: found.append(value), back=None), values, runs=30)
    return found


def _forward(transform: Transform, value: Any, names: tuple[str, ...]) -> Any:
    if transform.parts is not None:
        return dict(zip(names, transform.forward(value, names), strict=True))
    return transform.forward(*value) if transform.beside else transform.forward(value)


def _back(transform: Transform, value: Any, names: tuple[str, ...]) -> Any:
    assert transform.back is not None
    return transform.back(value, names, None) if transform.parts is not None else transform.back(value)


EXAMPLES = [
    (name, entry, at) for name, entry in sorted(TRANSFORMS.items()) for at in range(max(1, len(entry.examples)))
]


@pytest.mark.parametrize(("name", "entry", "at"), EXAMPLES, ids=[f"{name}-{at}" for name, _, at in EXAMPLES])
def test_the_examples_of_its_page_are_what_it_does(name: str, entry: Entry, at: int):
    example = entry.examples[at]
    transform = build(name, example.options)
    names = tuple(example.canonical) if transform.parts is not None else ()
    found = _forward(transform, example.record, names)
    assert (
        {k: v for k, v in found.items() if v is not NOTHING} == example.canonical
        if names
        else found == example.canonical
    )
    if transform.back is None:
        assert "one-way" in entry.summary or example.written is None
        return
    shown = _back(transform, tuple(example.canonical.values()) if names else example.canonical, names)
    if transform.beside and not transform.beside_is_written:
        shown = shown[0]
    assert shown == (example.record if example.written is None else example.written)


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
def test_a_page_explains_every_option_and_says_what_is_one_way(name: str):
    entry = TRANSFORMS[name]
    transform = build(name, entry.examples[0].options)
    assert ("one-way" in entry.summary) == (transform.back is None)
    assert entry.summary
    assert entry.examples
    try:
        build(name, {**({entry.main: entry.examples[0].options} if entry.needs_main else {}), "?": 1})
    except OptionError as error:
        listed = (error.hint or "").removeprefix("it has: ")
        assert set(entry.options) == set(filter(None, listed.split(", ")))


@pytest.mark.parametrize(
    ("full", "given_name", "family", "changed", "written"),
    [
        ("Thomas Hardy", "Thomas", "Hardy", None, "Hardy, Thomas"),
        ("Dr. Thomas Hardy", "Thomas", "Hardy", None, "Dr. Thomas Hardy"),
        ("Tom Hardy", "Thomas", "Hardy", {"given_name"}, "Hardy, Thomas"),
        ("Tom Hardy", "Thomas", "Hardy", {"full_name"}, "Tom Hardy"),
        (None, "Anna Maria", "van der Berg", None, "van der Berg, Anna Maria"),
        (None, None, "Hardy", None, "Hardy"),
        (None, None, None, None, None),
    ],
)
def test_names_with_the_family_first(full, given_name, family, changed, written):
    back = build("full_name", {"order": "family_first", "separator": ", "}).back
    assert back is not None
    assert back((full, given_name, family), ("full_name", "given_name", "family_name"), changed) == written


@pytest.mark.parametrize("known", [("Smith, John", None, None), (None, "John", "Smith, Jr"), (None, "a, b", None)])
def test_a_name_that_would_be_read_as_other_parts_is_not_written(known):
    back = build("full_name", {"order": "family_first", "separator": ", "}).back
    assert back is not None
    with pytest.raises(UnfitError):
        back(known, ("full_name", "given_name", "family_name"), None)


def test_the_laws_catch_a_transform_that_does_not_keep_them():
    halves = Transform(name="halves", forward=lambda v: v // 2, back=lambda v: v)
    with pytest.raises(AssertionError, match="another value"):
        transform_laws(halves, inputs=[7])
    grows = Transform(name="grows", forward=lambda v: v, back=lambda v: f"{v}!")
    with pytest.raises(AssertionError, match="another value"):
        transform_laws(grows, inputs=[], canonicals=st.just("a"))
    with pytest.raises(AssertionError, match="every time"):
        transform_laws(grows, inputs=["a"], loses=True)

    def strict(value: str) -> str:
        if value.startswith("x"):
            raise UnfitError("bad", "is bad")
        return value

    with pytest.raises(AssertionError, match="does not take"):
        transform_laws(Transform(name="strict", forward=strict, back=lambda v: f"x{v}"), inputs=["a"])
    seen: list[Decimal] = []
    counts = Transform(name="counts", forward=lambda v: seen.append(Decimal(1)) or len(seen), back=None)
    with pytest.raises(AssertionError, match="two results"):
        transform_laws(counts, inputs=["a"])
    empties = Transform(name="empties", forward=lambda v: v.clear() or 1, back=None)
    with pytest.raises(AssertionError, match="changes the value"):
        transform_laws(empties, inputs=[["a"]])


def test_values_of_which_none_is_taken_prove_nothing():
    def refuses(value: Any) -> Any:
        raise UnfitError("bad", "is bad")

    deaf = Transform(name="deaf", forward=refuses, back=refuses)
    for values in (["a", "b"], st.just("a")):
        with pytest.raises(AssertionError, match="forward takes none"):
            transform_laws(deaf, inputs=values)
        with pytest.raises(AssertionError, match="back takes none"):
            transform_laws(deaf, inputs=[], canonicals=values)
    transform_laws(Transform(name="picky", forward=lambda v: v, back=refuses), inputs=["a"])
