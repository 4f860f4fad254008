"""How values are written: date formats, decimal commas, telephone regions. What the sample cannot tell is said."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from mappings.suggesting.fields import Seen
from mappings.suggesting.values import ALMOST_ALL, DATE_FORMATS, Days, Sample
from mappings.suggesting.whereabouts import Land, called, called_parts, exact, known_states, lost_zeros
from mappings.transforms.base import UnfitError
from mappings.transforms.places import LOCALES, country
from mappings.transforms.reach import phone_number
from mappings.transforms.regions import regions_of
from model.fields import Kind


class Form(NamedTuple):
    """Settings of a rule, what speaks for them, and what has to be decided by a person."""

    settings: Mapping[str, Any]
    evidence: str = ""
    doubt: str = ""


_NO_NUMBER = "[^0-9.,-]"
_REGIONS = (
    *("US", "GB", "DE", "FR", "ES", "IT", "NL", "BE", "CH", "AT", "SE", "DK", "NO", "PL", "PT", "AU", "JP", "IN"),
    *("CN", "KR", "RU", "BR", "MX", "TR", "CZ", "HU", "RO", "GR", "FI", "IE", "NZ", "ZA"),
)
_TRIED = 60
_SWAPPED = {"us": "uk", "uk": "us", "%d-%m-%Y": "%m-%d-%Y", "%m-%d-%Y": "%d-%m-%Y"}
_SAID = {"us": "month/day/year", "uk": "day/month/year", "%d-%m-%Y": "day-month-year", "%m-%d-%Y": "month-day-year"}


def phone(sample: Sample, others: Mapping[str, Seen], told: Mapping[str, Land], path: str) -> Form:
    """The region of numbers without a country prefix: from a country field, from the states, or from the numbers."""
    if sample.mostly("international phone"):
        return Form({}, "with country prefix")
    beside = _of_same_record(others, "country", path)
    if beside is not None:
        evidence = f"the country comes from {beside.path_text}"
        return Form({"transform": {"phone": {"region_field": beside.path_text}}}, evidence)
    if not sample.texts:
        return Form({}, "numbers without a country prefix need {phone: {region: …}}")
    own = path.partition(".")[0] if path.startswith("addresses[") else "addresses[billing]"
    land = told.get(own) or (next(iter(told.values())) if len(told) == 1 else None)
    if land is not None:
        return Form({"transform": {"phone": {"region": land.code}}}, land.why)
    states = _of_same_record(others, "region", path)
    if states is not None and states.sample.mostly("US state") and not states.sample.mostly("Canadian province"):
        return Form({"transform": {"phone": {"region": "US"}}}, f"{states.path_text} holds states of the US")
    if states is not None and states.sample.mostly("Canadian province"):
        return Form({"transform": {"phone": {"region": "CA"}}}, f"{states.path_text} holds provinces of Canada")
    said = _prefixed(sample.texts)
    if said is not None:
        return said
    tried = [text for text in sample.texts if not text.startswith("+")][:_TRIED]
    shares = {region: _valid(tried, region) for region in _REGIONS}
    best, second = sorted(shares, key=lambda region: -shares[region])[:2]
    settings = {"transform": {"phone": {"region": best}}}
    if shares[best] >= ALMOST_ALL and shares[second] < 0.5:
        count = round(shares[best] * len(tried))
        return Form(
            settings, f"{count} of {len(tried)} without country prefix are valid numbers of {best}, few elsewhere"
        )
    guess = "a guess" if shares[best] >= 0.5 else "only an example"
    return Form(settings, "", f"the numbers have no country prefix: say whose they are ({best} is {guess})")


def _prefixed(texts: list[str]) -> Form | None:
    """The country of the numbers that name theirs, where it is one and they are some: it will be that of the others."""
    import phonenumbers

    found: Counter[str] = Counter()
    for text in texts:
        if text.startswith("+"):
            try:
                number = phonenumbers.parse(phone_number(text, None), None)
            except (UnfitError, phonenumbers.NumberParseException):
                continue
            found[phonenumbers.region_code_for_country_code(number.country_code or 0)] += 1
    if not found:
        return None
    (best, count), total = found.most_common(1)[0], found.total()
    if count < max(3, 0.05 * len(texts)) or count < ALMOST_ALL * total or not best.isalpha():
        return None
    said = f"{count} of {len(texts)} have a country prefix, and it is that of {called(best)}"
    return Form({"transform": {"phone": {"region": best}}}, said)


def _of_same_record(others: Mapping[str, Seen], leaf: str, path: str) -> Seen | None:
    """The country or region that goes with a number: of its own address, of the main one, or the only one."""
    own = path.partition(".")[0] if path.startswith("addresses[") else "addresses[billing]"
    found = others.get(f"{own}.{leaf}")
    if found is None:
        all_of_them = [seen for other, seen in others.items() if other.endswith(f".{leaf}")]
        found = all_of_them[0] if len(all_of_them) == 1 else None
    return found


def _valid(texts: list[str], region: str) -> float:
    import phonenumbers  # takes a while to load, and only numbers without a prefix need it

    def valid(text: str) -> bool:
        try:
            return phonenumbers.is_valid_number(phonenumbers.parse(phone_number(text, region), None))
        except (UnfitError, phonenumbers.NumberParseException):
            return False

    return sum(map(valid, texts)) / len(texts) if texts else 0.0


def day(sample: Sample) -> Form:
    """The format of days. Where month and day could be either way round, that is said and nothing is guessed."""
    if not sample.texts:
        return Form({}, "no values to tell the format from: it is taken for year-month-day")
    days = Days(sample.texts)
    if not days.names:
        if sample.mostly("moment"):
            zone = "the values are moments: say in which zone the day is meant (UTC is only an example)"
            return Form({"transform": {"day": "UTC"}}, "", zone)
        if days.short_years:
            return Form({}, "", "the years have two digits, so the century cannot be told: have it exported with four")
        return Form(
            {}, "", "the values have no date format that is known here, or several: name it, transform: {date: …}"
        )
    if "iso" in days.names:
        return Form({}, "written year-month-day")
    name = days.names[0]
    swapped = _SWAPPED.get(name)
    if swapped is not None:
        mine, theirs = days.only(name, swapped), days.only(swapped, name)
        if theirs > mine:
            name, swapped, mine, theirs = swapped, name, theirs, mine
        if not mine and not theirs:
            return Form({"transform": {"date": name}}, "", _either(name, swapped, days.total))
        if theirs:
            return Form(
                {"transform": {"date": name}},
                "",
                f"{theirs} values can only be {_SAID[swapped]}, {mine} only {_SAID[name]}",
            )
        return Form({"transform": {"date": name}}, f"{mine} of {days.total} can only be {_SAID[name]}")
    written = date(2026, 12, 31).strftime(DATE_FORMATS[name])
    return Form({"transform": {"date": name}}, f"written like {written}")


def _either(name: str, swapped: str, total: int) -> str:
    return f"each of {total} values can be {_SAID[name]} ({name}) or {_SAID[swapped]} ({swapped}): say which"


def moment(sample: Sample) -> Form:
    """Moments without an offset need a zone, which no value can tell."""
    if not sample.texts or all(text.endswith("Z") or "+" in text[10:] or "-" in text[10:] for text in sample.texts):
        return Form({})
    if sample.mostly("moment"):
        return Form(
            {"transform": {"datetime": {"zone": "UTC"}}},
            "",
            "the values have no time zone: say which is meant (UTC is only an example)",
        )
    return Form({}, "", "the values are no moments in ISO form: name both, transform: {datetime: {format: …, zone: …}}")


def number(sample: Sample, kind: Kind) -> Form:
    whole = kind is Kind.INTEGER
    separators, doubt = _separators(sample, whole=whole)
    if not separators:
        return Form({}, "", doubt)
    said = "" if doubt else "by its separators"
    return Form({"transform": {"integer" if whole else "decimal": separators}}, said, doubt)


_EITHER = "«{0}» can be a thousand and more, or one and a bit: look at the numbers, and say point and group"


def _separators(sample: Sample, *, whole: bool) -> tuple[dict[str, str], str]:
    """The decimal sign and the one between thousands, where values show them; and what they leave open.

    A comma before three digits can be either. Numbers that are whole have only one use for it.
    """
    decimals, thousands = sample.count("comma before decimals"), sample.count("comma between thousands")
    several = sum(text.count(".") > 1 for text in sample.texts)
    behind_three = sample.count("point of either kind")
    pointed = bool(several + behind_three) and several + behind_three == sum("." in text for text in sample.texts)
    if whole:
        sign = "." if decimals > thousands or pointed else _grouping(sample, ",")
        return ({"group": sign} if sign else {}), ""
    if decimals > thousands:
        sign = _grouping(sample, ".")
        return {"point": ",", **({"group": sign} if sign else {})}, ""
    if thousands:
        return {"group": ","}, ""
    if sample.count("comma of either kind"):
        return {"group": ","}, _EITHER.format("1,234")
    sign = _grouping(sample, "")
    if sign:
        return {"group": sign}, ""
    if several:
        return {"point": ",", "group": "."}, ""
    return {}, _EITHER.format("1.234") if pointed else ""


def _grouping(sample: Sample, more: str) -> str | None:
    """The first of the signs between thousands that stands in a value."""
    return next((sign for sign in (*more, " ", "'", "\u00a0", "\u202f") if any(sign in t for t in sample.texts)), None)


def amount(sample: Sample, beside: str | None, written: str | None) -> Form:
    """An amount needs a currency: from a field beside it, or from a person."""
    signed = sample.share("money sign") >= 0.5
    bare = Sample(re.sub(_NO_NUMBER, "", text) for text in sample.texts) if signed else sample
    separators, doubt = _separators(bare, whole=False)
    options: dict[str, Any] = {**separators, **({"written": written} if written else {})}
    evidence = f"the currency comes from {beside}" if beside is not None else ""
    if beside is not None:
        money: Any = {"money": {"currency_field": beside, **options}}
    else:
        money = {"money": {"currency": "EUR", **options} if options else "EUR"}
        doubt = doubt or "no field tells the currency: name it (EUR is only an example)"
    if not signed:
        return Form({"transform": money}, evidence, doubt)
    off = {"replace": {"pattern": _NO_NUMBER, "by": ""}}
    said = "the values carry a currency sign, which is taken off, so that the rule goes in only; is that enough?"
    return Form({"transform": [off, money]}, evidence, f"{said} {doubt}".strip())


def country_style(sample: Sample) -> Form:
    """How the system spells countries, so that it is written as it is read."""
    texts = sample.texts
    if not texts:
        return Form({}, "written as two letters; {country: name} and {country: alpha3} write them otherwise")
    if sum(len(text) == 2 for text in texts) >= ALMOST_ALL * len(texts):
        return Form({})
    if sum(len(text) == 3 and text.isupper() for text in texts) >= ALMOST_ALL * len(texts):
        return Form({"transform": {"country": "alpha3"}})
    shares = {language: _written_so(texts, language) for language in LOCALES[:8]}
    best = max(shares, key=lambda language: shares[language])
    if shares[best] < 0.5:
        return Form({"transform": {"country": "name"}}, "in spellings of its own; written in English")
    style: Any = "name" if best == "en" else {"style": "name", "language": best}
    return Form({"transform": {"country": style}})


def _written_so(texts: list[str], language: str) -> float:
    transform = country(style="name", language=language)

    def same(text: str) -> bool:
        try:
            return transform.back is not None and transform.back(transform.forward(text)) == text
        except UnfitError:
            return False

    return sum(map(same, texts)) / len(texts)


def region(sample: Sample, land: Land | None, *, writes: bool) -> Form:
    """States by their codes, where the country is known and the file writes them otherwise."""
    if land is None or exact(sample, land.code) >= ALMOST_ALL or known_states(sample, land.code) < 0.5:
        return Form({})
    if all(code.isdigit() for code in regions_of(land.code)):
        return Form({})  # numbers of prefectures are for registers, and nobody writes them on a letter
    options: Any = land.code
    if writes and sum(len(text) > 3 for text in sample.texts) >= 0.5 * len(sample.texts):
        options = {"country": land.code, "style": "name"}
    return Form({"transform": {"region": options}}, f"{called_parts(land.code)} of {called(land.code)}, as codes")


def postal_code(sample: Sample, land: Land | None) -> Form:
    """The zeros that a spreadsheet took from the beginning of postal codes."""
    if land is None:
        return Form({})
    length, short = lost_zeros(sample, land.code)
    if not short:
        return Form({})
    said = f"{short} lack leading zeros: in {called(land.code)} there are {length} digits"
    return Form({"transform": {"pad": length}}, said)


def letter_case(sample: Sample, *, large: bool) -> Form:
    """Names in one case, as old systems wrote them; ``large``: also where that is capitals."""
    texts = [text for text in sample.texts if sum(map(str.isalpha, text)) > 1]
    small = sum(text == text.lower() != text.upper() for text in texts)
    capital = sum(text == text.upper() != text.lower() for text in texts)
    if len(texts) >= 5 and small >= ALMOST_ALL * len(texts):
        return Form({"transform": "title"}, "all in small letters")
    if len(texts) >= 5 and large and capital >= ALMOST_ALL * len(texts):
        return Form({"transform": "title"}, "all in capitals")
    return Form({})


def list_of(sample: Sample, *, listed: bool) -> Form:
    """A set of texts: a list, or one text with a separator that the values show."""
    if listed or (sample.filled and sample.lists == sample.filled):
        return Form({"list": "set"})
    for separator in (";", "|", ","):
        if sum(separator in text for text in sample.texts) >= 0.2 * len(sample.texts) and sample.texts:
            return Form({"list": "set", "separator": separator}, f"several in one text, separated by {separator}")
    doubt = "no value shows what separates several" if sample.texts else "no values to tell the separator from"
    doubt += ": name it (; is only an example)"
    return Form({"list": "set", "separator": ";"}, "", doubt)
