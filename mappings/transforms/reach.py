"""E-mail addresses and telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
    remembered,
    text_of,
)
from mappings.transforms.places import country_beside, fold
from model.compare import is_blank
from model.fields import Kind

# The plainest addresses, which the library returns as they are (a test compares): no capitals where it makes small
# letters, no reserved top-level domain, no double hyphen (punycode), no length near a limit. The mailboxes of roles are
# compared only where there is nothing but letters before the @. (No `+` after the repeated labels: Python 3.11.2, which
# Debian 12 has, then finds nothing at all.)
_PLAIN_EMAIL = Form(
    r"(?!(?=[a-zA-Z]{2,10}@)"
    r"(?i:info|marketing|sales|support|abuse|noc|security|postmaster|hostmaster|usenet|news|webmaster|www|uucp|ftp)@)"
    r"[a-zA-Z0-9_+'-]{1,30}+(?:\.[a-zA-Z0-9_+'-]{1,20}+){0,3}+@"
    r"(?:[a-z0-9]{1,30}+(?:-[a-z0-9]{1,10}+){0,3}+\.){1,3}"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)(?:\n|\Z))[a-z]{2,20}+"
)
_E164 = Form(r"\+[1-9][0-9]{6,14}+(?:;ext=[0-9]{1,10}+)?+")
_PLAIN_PHONE = Form(r"\+[1-9][0-9]{6,14}+")
_FORMATS = ("e164", "international", "national")

# The two libraries are imported where a value first needs them: most runs meet none, and they take a while to load.


@remembered(65536)
def email_address(value: Any) -> str:
    """The address with its domain in lower case; the part before the @ stays as written. Raises UnfitError.

    Nothing is asked of the network. Names reserved for tests and documents are let through.
    """
    text = text_of(value).strip()
    if _PLAIN_EMAIL.fits(text):
        return text
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except (EmailNotValidError, ValueError, IndexError):
        local, _, domain = text.rpartition("@")
        if _reserved(local, domain):
            return f"{local}@{domain.lower()}"
        raise UnfitError("not-an-email", "is not an e-mail address") from None
    return found.normalized


_LOCAL = re.compile(r"[A-Za-z0-9_+'-]+(\.[A-Za-z0-9_+'-]+)*\Z")
_RESERVED = re.compile(r"([A-Za-z0-9-]+\.)*(example|invalid|localhost|local|test)\Z", re.IGNORECASE)


def _reserved(local: str, domain: str) -> bool:
    return bool(_LOCAL.match(local) and _RESERVED.match(domain) and "." in domain)


def email() -> Transform:
    return Transform(
        name="email",
        forward=email_address,
        back=text_of,
        kinds=frozenset({Kind.EMAIL, Kind.TEXT}),
        settled=_PLAIN_EMAIL,
        settled_back=_PLAIN_EMAIL,
    )


@remembered(65536)
def phone_number(value: Any, region: str | None) -> str:
    """E.164, with ``;ext=`` where there is an extension. Raises UnfitError."""
    text = text_of(value).strip()
    if _E164.fits(text):
        return text
    import phonenumbers
    from phonenumbers import NumberParseException

    try:
        number = phonenumbers.parse(text, region, keep_raw_input=True)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE and region is None:
            raise UnfitError(
                "no-region", "is not an international telephone number, and the mapping names no region for it"
            ) from None
        raise UnfitError("not-a-phone", "is not a telephone number") from None
    national = phonenumbers.national_significant_number(number)
    if not phonenumbers.is_possible_number(number) or not _assigned(number, national):
        raise UnfitError("not-a-phone", "is not a telephone number that could exist")
    if not _whole(text, number, national, region):
        raise UnfitError("not-a-phone", "has digits beside those of a telephone number")
    if _stray_letter(text, number, national):
        raise UnfitError("not-a-phone", "has a letter among the digits of a telephone number")
    plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    plain += f";ext={number.extension}" if number.extension else ""
    if not _E164.fits(plain):
        raise UnfitError("not-a-phone", "is not a telephone number that could exist")
    return plain


_NORTH_AMERICA = 1
_NO_DIGITS = re.compile("[^0-9]+")
_AMONG = re.compile(r"\d[^\W\d_]|\d.*[^\W\d_].*\d", re.DOTALL)
_AFTER_THE_LAST = re.compile(r"\D+\Z")
_AREA_AND_NUMBER = re.compile(r"[2-9][0-9]{9}\Z")


def _assigned(number: Any, national: str) -> bool:
    """Whether a number read by its region has an area code where its country cannot do without one.

    The library asks for no more than a length here. In North America an area code begins with 2 to 9, and a number
    without one is nobody's. Which area codes are in use is not asked: that changes, and lists of it grow old.
    """
    if number.country_code != _NORTH_AMERICA or _AREA_AND_NUMBER.match(national):
        return True
    import phonenumbers

    return bool(number.country_code_source == phonenumbers.CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN)


def _whole(text: str, number: Any, national: str, region: str | None) -> bool:
    """Whether every digit is in the number, but for the prefixes it is dialled with, each of them once.

    The library takes them off as long as a number remains: of 1 (11) 500 555-0143 it leaves 500 555-0143.
    """
    import phonenumbers

    given = _NO_DIGITS.sub("", text) if text.isascii() else phonenumbers.normalize_digits_only(text)
    given = given.removesuffix(number.extension or "")
    if not given.endswith(national):  # letters for digits, or a plan in which mobile numbers are dialled otherwise
        lettered = phonenumbers.normalize_digits_only(phonenumbers.convert_alpha_characters_in_number(text))
        given = lettered[: lettered.find(national) + len(national)] if national in lettered else national
    before = given.removesuffix(national)
    code = str(number.country_code)
    return before in ("", code) or any(
        _prefix(before[:cut], code, region) and _trunk(before[cut:], national, code, region, alone=cut == 0)
        for cut in range(len(before) + 1)
    )


def _stray_letter(text: str, number: Any, national: str) -> bool:
    """Whether a letter stands among the digits, or at the last one, without standing for a digit: 206 555 Z0100.

    The library leaves it out. Letters that dial (1-800-FLOWERS) are in the number, words around it are not among it.
    """
    import phonenumbers

    if number.extension:
        text = _AFTER_THE_LAST.sub("", text[: text.rfind(number.extension)])
    if not _AMONG.search(text):
        return False
    dialled = phonenumbers.normalize_digits_only(phonenumbers.convert_alpha_characters_in_number(text))
    return not dialled.endswith(national) or phonenumbers.normalize_digits_only(text).endswith(national)


def _prefix(before: str, code: str, region: str | None) -> bool:
    """Nothing, or the country's code, with what is dialled before it from here."""
    if not before:
        return True
    dialled = "".join(plan.international_prefix or "" for plan in _plans(region))
    return before.endswith(code) and bool(re.fullmatch(f"(?:{dialled})?", before[: -len(code)]))


def _trunk(before: str, national: str, code: str, region: str | None, *, alone: bool) -> bool:
    """Nothing, or what is dialled before an area code; not also the country's code where that is the same digit."""
    if not before:
        return True
    if before == code and not alone:
        return False
    import phonenumbers

    for plan in _plans(region, phonenumbers.region_code_for_country_code(int(code))):
        found = re.match(plan.national_prefix_for_parsing or "(?!)", before + national)
        if found and len(before) in (found.end(), *(found.start(n + 1) for n in range(found.re.groups))):
            return True
    return False


def _plans(*regions: str | None) -> list[Any]:
    from phonenumbers import PhoneMetadata

    found = (PhoneMetadata.metadata_for_region(region, None) for region in dict.fromkeys(regions) if region)
    return [plan for plan in found if plan is not None]


def _known(region: Any) -> str:
    import phonenumbers

    if not isinstance(region, str) or region.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise OptionError("region is a two-letter country code, such as US", option="region")
    return region.upper()


@lru_cache(maxsize=65536)
def _rendered(value: str, region: str | None, style: str, *, with_extension: bool) -> str:
    main, _, extension = value.partition(";ext=")
    shown = main if style == "e164" else _spaced(main, region, style)
    return f"{shown} ext. {extension}" if extension and with_extension else shown


def _spaced(main: str, region: str | None, style: str) -> str:
    """A number as people write it; as it is where that would be read as another one, or as none."""
    import phonenumbers
    from phonenumbers import NumberParseException

    try:
        number = phonenumbers.parse(main, None)
        home = phonenumbers.region_code_for_country_code(number.country_code or 0)
        wanted = "international" if style == "national" and home != region else style
        shown = phonenumbers.format_number(number, getattr(phonenumbers.PhoneNumberFormat, wanted.upper()))
        return shown if phone_number(shown, region) == main else main  # some plans do not survive their own notation
    except (NumberParseException, UnfitError):  # it has the form of a number, and no country has such numbers
        return main


def phone(
    region: Any = None, region_field: Any = None, countries: Any = None, style: Any = "e164", extension: Any = "keep"
) -> Transform:
    """Any notation → E.164; written as ``e164``, ``international`` or ``national``.

    Numbers without a country prefix belong to the country that stands in ``region_field``; where nothing stands there,
    to ``region``. ``extension: drop`` is for systems that take nothing but a number.
    """
    chosen = one_of("style", style, _FORMATS)
    keep = one_of("extension", extension, ("keep", "drop")) == "keep"
    home = None if region is None else _known(region)
    if chosen == "national" and home is None:
        raise OptionError("style national needs a region", option="region")
    if chosen == "national" and region_field is not None:
        message = "style national cannot stand with region_field: the number would be read by the country in that field"
        raise OptionError(message, option="style", hint="style: international")

    def back(value: Any) -> str:
        if not isinstance(value, str) or not _E164.fits(value):
            raise UnfitError("not-a-phone", "is not a telephone number in E.164 form")
        return _rendered(value, home, chosen, with_extension=keep)

    if region_field is None:
        if countries is not None:
            raise OptionError("countries says how the region_field writes them, and there is none", option="countries")
        return Transform(
            name="phone",
            forward=lambda value: phone_number(value, home),
            back=back,
            kinds=frozenset({Kind.PHONE}),
            settled=_E164,
            settled_back=_PLAIN_PHONE if chosen == "e164" else None,
        )

    beside = field_name("region_field", region_field)
    return Transform(
        name="phone",
        forward=_by_the_country(beside, home, _written(countries)),
        back=lambda value: (back(value), None),
        kinds=frozenset({Kind.PHONE}),
        beside=beside,
    )


def _written(countries: Any) -> dict[str, str]:
    """How a field writes countries, folded → the country: ``{DE: D, FR: [F, FRA]}``."""
    if countries is None:
        return {}
    hint = "{DE: D, FR: [F, FRA]}"
    if not isinstance(countries, Mapping) or not countries:
        raise OptionError("countries lists by country how the field writes it", option="countries", hint=hint)
    found: dict[str, str] = {}
    for country, words in countries.items():
        for word in words if isinstance(words, list) else [words]:
            if not isinstance(word, str | int) or isinstance(word, bool):
                raise OptionError("countries lists words that the field holds", option="countries", hint=hint)
            found[fold(str(word))] = _known(country)
    return found


def _by_the_country(field: str, home: str | None, written: Mapping[str, str]) -> Callable[[Any, Any], str]:
    """Numbers read by a field beside them. What stands there and is no country leaves a number nobody's: it is hardly
    one of ``home``. A number with its country's prefix needs neither."""

    @remembered(1024)
    def named(place: Any) -> str | None:
        return written.get(fold(str(place))) or country_beside(place)

    def forward(value: Any, place: Any) -> str:
        blank = is_blank(place)
        country = home if blank else named(place)
        try:
            return phone_number(value, country)
        except UnfitError as unfit:
            if country is not None or unfit.code != "no-region":
                raise
            why = f"{field} names no country" if blank else f"what stands in {field} is no country known here"
            raise UnfitError("no-region", f"is a telephone number without a country prefix, and {why}") from None

    return forward


ENTRIES: dict[str, Entry] = {
    "email": Entry(
        make=email,
        summary="an e-mail address, its domain in lower case",
        tidies=True,
        note="The part before the @ stays as it is written. Nothing is asked of the network.",
        examples=(Example(record=" Ana.B@EXAMPLE.com", canonical="Ana.B@example.com", written="Ana.B@example.com"),),
    ),
    "phone": Entry(
        make=phone,
        main="region",
        summary="a telephone number in any notation ↔ E.164, with `;ext=` where there is an extension",
        options={
            "region": "the country of numbers without a prefix; beside region_field, of those where that is empty",
            "region_field": "the record field that names that country",
            "countries": "how that field writes countries that are not written as anywhere: `{DE: D, FR: F}`",
            "style": "what is written: e164 (as usual), international, national",
            "extension": "keep (as usual), or drop where the system takes nothing but a number",
        },
        note="Nothing of a number is dropped but the prefixes it is dialled with, each of them once: what has digits "
        "beside them does not fit, `1 (11) 500 555-0143` for one, nor does a North American number without a real area "
        "code. A number without a prefix does not fit where something stands in `region_field` that is no country: it "
        "is never taken for one of `region`. "
        "`extension: drop` loses extensions on the way out; reading the number back without one is no edit.",
        examples=(
            Example(
                options="US",
                record="(206) 555-0100 x12",
                canonical="+12065550100;ext=12",
                written="+12065550100 ext. 12",
            ),
            Example(options={"region": "DE", "style": "national"}, record="030 0074321", canonical="+49300074321"),
            Example(
                options={"region_field": "Land", "countries": {"FR": "F"}},
                record=("01 99 00 12 34", "F"),
                canonical="+33199001234",
                written="+33199001234",
            ),
        ),
    ),
}
