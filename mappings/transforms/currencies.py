"""Currencies in any common spelling. A sign that several currencies have is theirs whom the mapping names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.core import get_global
from babel.numbers import get_currency_name

from mappings.transforms.base import Entry, Example, OptionError, Transform, UnfitError, one_of, remembered, text_of
from mappings.transforms.numbers import currency_code
from mappings.transforms.places import LOCALES, fold, locale_of
from model.fields import Kind

_SHARED = frozenset({"$", "¥", "￥", "元", "kr", "kr.", "c$", "r", "rs", "rs.", "fr", "fr.", "₨"})
"""Signs of several currencies: nobody guesses which."""
# What people write and CLDR does not list.
_ALIASES = {
    "pound sterling": "GBP",
    "pfund sterling": "GBP",
    "livre sterling": "GBP",
    "sterling": "GBP",
    "sfr": "CHF",
    "swiss francs": "CHF",
    "zloty": "PLN",
    "yuan": "CNY",
    "renminbi": "CNY",
    "rmb": "CNY",
}


@lru_cache(maxsize=1)
def _current() -> frozenset[str]:
    """Currencies that are tender somewhere today."""
    uses = (use for listed in get_global("territory_currencies").values() for use in listed)
    return frozenset(code for code, _, until, tender in uses if until is None and tender)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    index: dict[str, str] = dict(_ALIASES)
    for language in LOCALES:
        locale = Locale.parse(language)
        for code in sorted(_current()):
            for name in (locale.currencies.get(code), get_currency_name(code, 2, locale)):
                if name:
                    index.setdefault(fold(name), code)
    return index


@lru_cache(maxsize=1)
def _signs() -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for language in LOCALES:
        for code, sign in Locale.parse(language).currency_symbols.items():
            if code in _current():
                found.setdefault(_sign(sign), set()).add(code)
    return {sign: min(codes) for sign, codes in found.items() if len(codes) == 1 and sign not in _SHARED}


def _sign(text: str) -> str:
    return "".join(text.split()).casefold()


@remembered(4096)
def read_currency(value: Any, own: tuple[tuple[str, str], ...] = ()) -> str:
    """ISO 4217 code of a code, sign or name. ``own`` are signs the mapping explains. Raises UnfitError."""
    text = text_of(value).strip()
    sign = _sign(text)
    found = dict(own).get(sign)
    if found is None and sign in _SHARED:
        raise UnfitError("ambiguous-currency", "is the sign of several currencies; the mapping can say which: symbols")
    found = found or _signs().get(sign) or _names().get(fold(text))
    return found or currency_code(text)


def currency(style: Any = "code", symbols: Any = None, language: Any = "en") -> Transform:
    """``€``, ``Euro``, ``eur`` ↔ ``EUR``; written as code, symbol or name (in a language)."""
    chosen = one_of("style", style, ("code", "symbol", "name"))
    locale = locale_of(language)
    if chosen == "name" and locale.language not in LOCALES:
        raise OptionError(f"names are known in: {', '.join(LOCALES)}", option="language")
    own = _own(symbols)

    @remembered(512)
    def back(value: Any) -> str:
        code = read_currency(value, own)
        if chosen == "code":
            return code
        mine = next((sign for sign, meant in _given(symbols) if meant == code), None)
        shown = mine if chosen == "symbol" else None
        if shown is None:
            shown = str((locale.currency_symbols if chosen == "symbol" else locale.currencies).get(code, code))
        try:
            if read_currency(shown, own) == code:
                return shown
        except UnfitError:
            pass
        raise UnfitError("ambiguous-currency", f"has no {chosen} of its own, by which it would be known again")

    return Transform(
        name="currency", forward=lambda value: read_currency(value, own), back=back, kinds=frozenset({Kind.TEXT})
    )


def _given(symbols: Any) -> list[tuple[str, str]]:
    return [(str(sign), str(code).upper()) for sign, code in (symbols or {}).items()]


def _own(symbols: Any) -> tuple[tuple[str, str], ...]:
    if symbols is None:
        return ()
    if not isinstance(symbols, Mapping) or not symbols:
        raise OptionError("symbols says which currency a sign stands for", option="symbols", hint='{"$": USD}')
    try:
        return tuple((_sign(str(sign)), currency_code(code)) for sign, code in symbols.items())
    except UnfitError:
        raise OptionError("a currency is an ISO 4217 code, such as USD", option="symbols", hint='{"$": USD}') from None


ENTRIES: dict[str, Entry] = {
    "currency": Entry(
        make=currency,
        main="style",
        summary="a currency by code, sign or name ↔ its ISO 4217 code",
        options={
            "style": "what is written: code (as usual), symbol, name",
            "symbols": 'what signs of several currencies mean here: `{"$": CAD, kr: SEK}`',
            "language": "in which a name or symbol is written; names are read in nineteen languages",
        },
        note="`$`, `kr`, `¥`, `Fr` and `Rs` are nobody's without `symbols`.",
        examples=(
            Example(record="€", canonical="EUR", written="EUR"),
            Example(options={"style": "name", "language": "de"}, record="Schweizer Franken", canonical="CHF"),
            Example(options={"style": "symbol", "symbols": {"$": "CAD"}}, record="$", canonical="CAD"),
        ),
    ),
}
