"""States, provinces and cantons ↔ their codes, in the countries whose addresses are written with them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mappings.transforms.base import (
    Entry,
    Example,
    Form,
    OptionError,
    Transform,
    UnfitError,
    field_name,
    one_of,
    text_of,
)
from mappings.transforms.places import country_beside, country_code, fold
from mappings.transforms.region_names import REGIONS
from model.fields import Kind


@lru_cache(maxsize=32)
def regions_of(country: str) -> dict[str, str]:
    """Code → name, of one country; empty where none are known."""
    return {code: names[0] for code, names in _listed(country).items()}


@lru_cache(maxsize=32)
def _listed(country: str) -> dict[str, list[str]]:
    text = " ".join(REGIONS.get(country, "").split())
    pairs = (entry.strip().split("=", 1) for entry in text.split(";") if entry.strip())
    return {code: names.split("|") for code, names in pairs}


@lru_cache(maxsize=32)
def _by_name(country: str) -> dict[str, str]:
    return {fold(name): code for code, names in _listed(country).items() for name in names}


def region_code(value: Any, country: str) -> str:
    """The code within a country, from a code or a name in any common spelling. Raises UnfitError."""
    text = text_of(value).strip()
    known = regions_of(country)
    plain = text.replace(".", "").upper().removeprefix(f"{country}-").strip()
    code = plain if plain in known else _by_name(country).get(fold(text))
    if code is None:
        raise UnfitError("unknown-region", "is not the name or code of a state or province of the country")
    return code


def region(country: Any = None, country_field: Any = None, style: Any = "code") -> Transform:
    """``Washington`` or ``US-WA`` ↔ ``WA``; written as code, as name or with the country before it (iso).

    With ``country_field``, the country stands in another field of the record, and on the way out it is that of the same
    address. What is no region of it stays as it is written, so that country and region may change one after the other.
    """
    chosen = one_of("style", style, ("code", "name", "iso"))
    if (country is None) == (country_field is None):
        raise OptionError(
            "region needs either a country or a country_field",
            option="country",
            hint="{region: US}, or {region: {country_field: MailingCountry}}",
        )
    if country_field is not None:
        return _beside(country_field, chosen)
    try:
        home = country_code(country)
    except UnfitError:
        raise OptionError("country is a country, such as US", option="country") from None
    if home not in REGIONS:
        raise OptionError(f"regions are known of: {', '.join(REGIONS)}", option="country")

    def back(value: Any) -> str:
        return _shown(region_code(value, home), home, chosen)

    codes = Form("(?:" + "|".join(sorted(regions_of(home), reverse=True)) + ")")
    return Transform(
        name="region",
        forward=lambda value: region_code(value, home),
        back=back,
        kinds=frozenset({Kind.TEXT}),
        settled=codes,
        settled_back=codes if chosen == "code" else None,
    )


def _beside(field: Any, style: str) -> Transform:
    def back(value: Any, country: Any = None) -> tuple[str, None]:
        code = code_or_text(value, country)
        return _shown(code, country, style) if code in regions_of(country or "") else code, None

    return Transform(
        name="region",
        forward=lambda value, place: code_or_text(value, country_beside(place)),
        back=back,
        kinds=frozenset({Kind.TEXT}),
        beside=field_name("country_field", field),
        sibling="country",
        alike=_alike,
    )


def _alike(written: Any, read: Any) -> bool:
    """A name, and the code that it has in some country: which country it was, nobody remembers."""
    return isinstance(written, str) and any(_by_name(country).get(fold(written)) == read for country in REGIONS)


def code_or_text(value: Any, country: Any) -> str:
    """The code, or the text as it is written where the country has no such region, or is not known."""
    try:
        return region_code(value, country or "")
    except UnfitError:
        return text_of(value).strip()


def _shown(code: str, country: str, style: str) -> str:
    return regions_of(country)[code] if style == "name" else f"{country}-{code}" if style == "iso" else code


ENTRIES: dict[str, Entry] = {
    "region": Entry(
        make=region,
        main="country",
        summary="a state, province or canton by name or code ↔ its code",
        options={
            "country": f"of which country; known are {', '.join(REGIONS)}",
            "country_field": "the record field that names the country, instead",
            "style": "what is written: code (as usual), name, iso (`US-WA`)",
        },
        note="With one country for all, what is no region of it does not fit. With `country_field`, it stays as it is "
        "written; on the way out, the country is that of the same address.",
        examples=(
            Example(options={"country": "US", "style": "name"}, record="Washington", canonical="WA"),
            Example(options="DE", record="Bavaria", canonical="BY", written="BY"),
            Example(options={"country_field": "Country"}, record=("Ontario", "Canada"), canonical="ON", written="ON"),
        ),
    ),
}
