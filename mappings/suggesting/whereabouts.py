"""Which country addresses are in that name none: told by their states, or by postal codes of a form of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from mappings.suggesting.fields import Seen
from mappings.suggesting.values import ALMOST_ALL, Sample
from mappings.transforms.base import UnfitError
from mappings.transforms.places import country, country_code
from mappings.transforms.region_names import REGIONS
from mappings.transforms.regions import region_code, regions_of

_PLAIN = 0.8
"""The share of states that are certain of a country when hardly one is anybody else's: typed lists have slips."""
_AHEAD = 0.25
_FEWEST = 3
_POSTAL = {
    "GB": r"(?:GIR ?0AA|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2})",
    "CA": r"[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]",
    "NL": r"[1-9][0-9]{3} ?[A-Z]{2}",
    "JP": r"〒? ?[0-9]{3}-[0-9]{4}",
    "PL": r"[0-9]{2}-[0-9]{3}",
    "PT": r"[0-9]{4}-[0-9]{3}",
    "BR": r"[0-9]{5}-[0-9]{3}",
    "IE": r"[A-Z][0-9][0-9W] ?[A-Z0-9]{4}",
}
"""Postal codes that only one country writes so."""
_CODE_LENGTHS = {
    **dict.fromkeys(("US", "DE", "FR", "ES", "IT", "MX", "FI", "TR"), 5),
    **dict.fromkeys(("AU", "AT", "CH", "DK", "NO", "BE", "NZ", "ZA"), 4),
}
_POINTED = {"US": "the US", "GB": "the UK", "NL": "the Netherlands"}
_KINDS = {**dict.fromkeys(("CA", "IT", "ES", "AR", "ZA", "CN"), "provinces"), "CH": "cantons", "JP": "prefectures"}


class Land(NamedTuple):
    """A country, by what it is told, and whether a field of the record names it."""

    code: str
    why: str
    named: bool = False


def lands(by_path: Mapping[str, Seen]) -> dict[str, Land]:
    """The one country of each address (``addresses[billing]``) whose values tell it."""
    addresses = dict.fromkeys(path.partition(".")[0] for path in by_path if path.startswith("addresses["))
    told = {address: _land(address, by_path) for address in addresses}
    return {address: land for address, land in told.items() if land is not None}


def _land(address: str, by_path: Mapping[str, Seen]) -> Land | None:
    named = by_path.get(f"{address}.country")
    if named is not None:
        only = {_country(text) for text in named.sample.distinct}
        code = only.pop() if len(only) == 1 else None
        return Land(code, f"{named.field.name} names {called(code)}", named=True) if code else None
    states, codes = by_path.get(f"{address}.region"), by_path.get(f"{address}.postal_code")
    if states is not None:
        code = country_of_states(states.sample)
        if code is not None and codes is not None and not _bear_out(code, codes.sample):
            return None
        if code is not None:
            return Land(code, f"{states.field.name} holds {called_parts(code)} of {called(code)}")
    if codes is not None and len(codes.sample.texts) >= _FEWEST:
        code = next((code for code in _POSTAL if _share_of_form(code, codes.sample) >= ALMOST_ALL), None)
        if code is not None:
            return Land(code, f"{codes.field.name} holds postal codes as only {called(code)} has them")
    return None


def _country(text: str) -> str | None:
    try:
        return country_code(text)
    except UnfitError:
        return None


def called(code: str) -> str:
    """Its name within a sentence."""
    transform = country(style="name")
    assert transform.back is not None, "countries are written by name"
    return _POINTED.get(code) or str(transform.back(code))


def called_parts(code: str) -> str:
    return _KINDS.get(code, "states")


def country_of_states(sample: Sample) -> str | None:
    """The country whose states these are; None where they could be those of another, or are too few to tell.

    Codes of two letters are many countries' own: with three of them that fit one country alone, it is told.
    """
    if not sample.texts:
        return None
    shares = {code: known_states(sample, code) for code in REGIONS}
    best, second = sorted(shares, key=lambda code: -shares[code])[:2]
    kinds = {_state(text, best) for text in sample.distinct} - {None}
    certain = shares[best] >= _PLAIN and shares[second] <= shares[best] - _AHEAD and len(kinds) >= _FEWEST
    return best if certain else None


def known_states(sample: Sample, code: str) -> float:
    """The share of values that are states of the country, by code or by name."""
    known = sum(number for text, number in sample.distinct.items() if _state(text, code))
    return known / len(sample.texts) if sample.texts else 0.0


@lru_cache(maxsize=8192)
def _state(text: str, code: str) -> str | None:
    if text.isdigit():
        return None  # departments, prefectures and districts by number are many countries' own
    try:
        return region_code(text, code)
    except UnfitError:
        return None


def exact(sample: Sample, code: str) -> float:
    """The share of states that are written as their codes."""
    known = regions_of(code)
    return sum(text in known for text in sample.texts) / len(sample.texts) if sample.texts else 0.0


def _bear_out(code: str, sample: Sample) -> bool:
    """Whether the postal codes do not speak against the country."""
    if not sample.texts:
        return True
    if code in _POSTAL:
        return _share_of_form(code, sample) >= 0.5
    length = _CODE_LENGTHS.get(code)
    digits = [text.partition("-")[0] for text in sample.texts if text.partition("-")[0].isdigit()]
    return length is None or sum(length - 2 <= len(text) <= length for text in digits) >= 0.5 * len(sample.texts)


def _share_of_form(code: str, sample: Sample) -> float:
    form = re.compile(_POSTAL[code] + r"\Z", re.IGNORECASE)
    return sum(bool(form.match(text)) for text in sample.texts) / len(sample.texts) if sample.texts else 0.0


def lost_zeros(sample: Sample, code: str) -> tuple[int, int]:
    """How many digits the country's postal codes have, and how many values have one or two fewer; 0 where none do."""
    length = _CODE_LENGTHS.get(code, 0)
    lengths = Counter(len(text.partition("-")[0]) for text in sample.texts if text.partition("-")[0].isdigit())
    short = lengths[length - 1] + lengths[length - 2] if length else 0
    return length, short if lengths[length] > short else 0
