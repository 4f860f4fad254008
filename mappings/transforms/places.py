"""Countries and languages, in any common spelling. The index over Babel's locales is built once, when first needed."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from mappings.transforms.base import Entry, Example, OptionError, Transform, UnfitError, one_of, remembered, text_of
from model.fields import Kind

# Names are understood in these languages, the first ones winning where two use one name for two countries.
LOCALES = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "sv",
    "da",
    "nb",
    "fi",
    "pl",
    "cs",
    "hu",
    "ro",
    "tr",
    "ja",
    "zh",
    "ru",
)

# What people write and CLDR does not list.
_ALIASES = {
    "america": "US",
    "the united states": "US",
    "united states of america": "US",
    "britain": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "holland": "NL",
    "the netherlands": "NL",
    "czech republic": "CZ",
    "ivory coast": "CI",
    "turkey": "TR",
    "burma": "MM",
    "swaziland": "SZ",
    "cape verde": "CV",
    "macedonia": "MK",
    "east timor": "TL",
    "korea": "KR",
    "republic of korea": "KR",
    "russian federation": "RU",
    "vatican": "VA",
    "brd": "DE",
    "bundesrepublik deutschland": "DE",
    "vae": "AE",
    "uae": "AE",
    "irish republic": "IE",
    "republic of ireland": "IE",
    "eire": "IE",
    "viet nam": "VN",
    "syrian arab republic": "SY",
    "islamic republic of iran": "IR",
    "republic of moldova": "MD",
    "people s republic of china": "CN",
    "prc": "CN",
    "hong kong": "HK",
    "macau": "MO",
}
# CLDR lists these, ISO 3166 does not.
_NOT_COUNTRIES = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})


def fold(text: str) -> str:
    """What names are compared by: letters and digits without case and accents, one space between words."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w]+", " ", bare.replace("&", " and ")).split())


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    return frozenset(
        code
        for code in map(str, Locale("en").territories)
        if re.fullmatch("[A-Z]{2}", code) and code not in _NOT_COUNTRIES
    )


@lru_cache(maxsize=1)
def _alpha3() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """alpha-3 → alpha-2, alpha-2 → alpha-3, numeric → alpha-2."""
    to_two: dict[str, str] = {}
    numeric: dict[str, str] = {}
    for alias, targets in get_global("territory_aliases").items():
        if len(targets) == 1 and targets[0] in _codes():
            if re.fullmatch("[A-Z]{3}", alias):
                to_two[alias] = targets[0]
            elif re.fullmatch("[0-9]{3}", alias):
                numeric.setdefault(alias, targets[0])
    formers = {"ANT", "BUR", "BYS", "CSK", "CTE", "DDR", "FXX", "SCG", "SUN", "TMP", "YMD", "YUG", "ZAR", "ROM", "NTZ"}
    return to_two, {two: three for three, two in to_two.items() if three not in formers}, numeric


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    index: dict[str, str] = {}
    for language in LOCALES:
        for code, name in Locale.parse(language).territories.items():
            if code in _codes():
                index.setdefault(fold(name), code)
                if "(" in name:  # "Myanmar (Burma)"
                    index.setdefault(fold(name.partition("(")[0]), code)
    for alias, code in _ALIASES.items():
        index.setdefault(alias, code)
    return index


@remembered(8192)
def country_code(value: Any) -> str:
    """ISO 3166-1 alpha-2 of a country in any common spelling. Raises UnfitError."""
    text = text_of(value).strip()
    if len(text) == 2 and text.isascii() and text.upper() in _codes():
        return text.upper()
    dotless = text.replace(".", "").strip().upper()
    if dotless in _codes():
        return dotless
    if dotless == "UK":
        return "GB"
    to_two, _, numeric = _alpha3()
    found = to_two.get(dotless) or numeric.get(dotless) or _names().get(fold(text))
    if found is None:
        raise UnfitError("unknown-country", "is not the name or code of a country")
    return found


def country_beside(value: Any) -> str | None:
    """The country that a field beside another one names; None where it is empty, or names none that is known."""
    try:
        return country_code(value) if value else None
    except UnfitError:
        return None


def _known_code(value: Any) -> str:
    if isinstance(value, str) and value in _codes():
        return value
    raise UnfitError("unknown-country", "is not an ISO country code")


def locale_of(language: Any) -> Locale:
    try:
        return Locale.parse(str(language).replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        raise OptionError("language is a language code, such as en or de", option="language") from None


def country(style: Any = "alpha2", language: Any = "en") -> Transform:
    """Reads any common spelling; writes the name (in a language), the alpha-2 or the alpha-3 code."""
    chosen = one_of("style", style, ("name", "alpha2", "alpha3"))
    locale = locale_of(language)
    if chosen == "name" and locale.language not in LOCALES:
        raise OptionError(f"names are known in: {', '.join(LOCALES)}", option="language")

    @remembered(512)
    def back(value: Any) -> str:
        code = _known_code(value)
        if chosen == "name":
            name = str(locale.territories.get(code, code))
            if country_code(name) != code:
                raise UnfitError("ambiguous-name", "has a name in that language that another country has, too")
            return name
        if chosen == "alpha2":
            return code
        three = _alpha3()[1].get(code)
        if three is None:
            raise UnfitError("no-alpha3", "has no alpha-3 code")
        return three

    return Transform(name="country", forward=country_code, back=back, kinds=frozenset({Kind.COUNTRY}))


_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|[0-9]{3}))?\Z")


@lru_cache(maxsize=1)
def _languages() -> dict[str, str]:
    index: dict[str, str] = {}
    for language in LOCALES:
        for code, name in Locale.parse(language).languages.items():
            tag = language_tag_or_none(code)
            if tag:
                index.setdefault(fold(name), tag)
    return index


@lru_cache(maxsize=1)
def _known_languages() -> frozenset[str]:
    return frozenset(Locale("en").languages)


def language_tag_or_none(text: str) -> str | None:
    """The usual spelling of a BCP 47 tag (language, script, region), or None where the text is not one."""
    found = _TAG.match(text)
    if found is None or found[1].lower() not in _known_languages():
        return None
    parts = (found[1].lower(), (found[2] or "").title(), (found[3] or "").upper())
    return "-".join(part for part in parts if part)


@remembered(4096)
def language_tag(value: Any) -> str:
    """A BCP 47 tag from a tag, a locale name or a language's name. Raises UnfitError."""
    text = text_of(value).strip()
    found = language_tag_or_none(text.partition(".")[0]) or _languages().get(fold(text))
    if found is None:
        raise UnfitError("unknown-language", "is not the tag or name of a language")
    return found


def language(style: Any = "tag") -> Transform:
    """``de-AT``, ``de_AT``, ``German`` → a tag; writes it as ``tag``, ``underscore`` or English ``name``."""
    chosen = one_of("style", style, ("tag", "underscore", "name"))

    def back(value: Any) -> str:
        tag = language_tag_or_none(value) if isinstance(value, str) else None
        if tag is None:
            raise UnfitError("unknown-language", "is not a language tag")
        if chosen == "name":
            name = Locale("en").languages.get(tag.replace("-", "_"))
            if name is None or language_tag(name) != tag:
                raise UnfitError("no-name", "has no English name of its own")
            return str(name)
        return tag.replace("-", "_") if chosen == "underscore" else tag

    return Transform(name="language", forward=language_tag, back=back, kinds=frozenset({Kind.LANGUAGE}))


ENTRIES: dict[str, Entry] = {
    "country": Entry(
        make=country,
        main="style",
        summary="a country in any common spelling ↔ its ISO code",
        options={
            "style": "what is written: alpha2 (as usual), alpha3, name",
            "language": "of a written name; names are read in nineteen languages",
        },
        examples=(
            Example(options="name", record="Germany", canonical="DE"),
            Example(record="U.S.A.", canonical="US", written="US"),
        ),
    ),
    "language": Entry(
        make=language,
        main="style",
        summary="a language tag, locale name or language name ↔ the tag",
        options={"style": "what is written: tag (as usual), underscore, name (in English)"},
        examples=(
            Example(options="underscore", record="de_AT", canonical="de-AT"),
            Example(record="Deutsch", canonical="de", written="de"),
        ),
    ),
}
