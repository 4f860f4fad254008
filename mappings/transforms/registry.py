"""The list of transforms, how a mapping names them, and the ones a kind of field brings by itself."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from mappings.transforms import (
    currencies,
    digits,
    lists,
    moments,
    numbers,
    packages,
    patterns,
    people,
    places,
    reach,
    regions,
    streets,
    template,
    text,
    truth,
    zones,
)
from mappings.transforms.base import Entry, OptionError, Transform, UnfitError, same, text_of
from model.fields import FieldSpec, Kind

CHAPTERS: Mapping[str, tuple[Mapping[str, Entry], ...]] = {
    "Text": (text.ENTRIES, digits.ENTRIES, patterns.ENTRIES),
    "Parts and lists": (template.ENTRIES, people.ENTRIES, lists.ENTRIES, streets.ENTRIES),
    "Numbers and truth": (numbers.ENTRIES, truth.ENTRIES),
    "Dates and times": (moments.ENTRIES, zones.ENTRIES),
    "Places, languages, currencies": (places.ENTRIES, regions.ENTRIES, currencies.ENTRIES),
    "Reaching people": (reach.ENTRIES,),
}
"""The built-in transforms in the order in which they are described."""

TRANSFORMS: Mapping[str, Entry] = {
    name: entry for groups in CHAPTERS.values() for group in groups for name, entry in group.items()
}

_BUILT_IN = frozenset(TRANSFORMS)


def build(name: str, given: Any = None) -> Transform:
    """The transform a mapping names. ``given`` is a mapping of options, or the value of the main one.

    Raises OptionError for an unknown name, an unknown option, or an option that makes no sense.
    """
    entry = entry_of(name)
    return entry.make(**_options(name, entry, given))


def entry_of(name: str) -> Entry:
    """A built-in transform, or one of an installed package. Raises OptionError."""
    entry = TRANSFORMS.get(name)
    if entry is not None:
        return entry
    found = offers()
    offer = found.find(name)
    if offer is not None:
        return offer.entry
    known = [*TRANSFORMS, *found.names]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known))}"
    broken = "; ".join(found.troubles.values())
    raise OptionError(f"there is no transform {name!r}", hint=f"{hint}; {broken}" if broken else hint)


def turns_round(name: str) -> bool | None:
    """Whether a transform goes both ways, as its first example uses it; None where that cannot be told."""
    entry = entry_of(name)
    try:
        return build(name, entry.examples[0].options if entry.examples else None).back is not None
    except OptionError:
        return None


def offers() -> packages.Offers:
    """What installed packages bring, and what is wrong with them."""
    return packages.installed(_BUILT_IN)


def origin_of(name: str) -> str:
    """The package and version that a transform comes from; "" for a built-in one."""
    offer = None if name in TRANSFORMS else offers().find(name)
    return "" if offer is None else offer.origin


def names() -> list[str]:
    """Every transform there is, built-in ones and those of installed packages."""
    return sorted([*TRANSFORMS, *offers().names])


def option_names(entry: Entry) -> tuple[str, ...]:
    """The options that a transform takes: the parameters of the function that makes it."""
    return tuple(inspect.signature(entry.make).parameters)


def _options(name: str, entry: Entry, given: Any) -> dict[str, Any]:
    allowed = option_names(entry)
    if given is None:
        given = {}
    elif not isinstance(given, Mapping):
        if entry.main is None:
            raise OptionError(f"{name} takes {'these options: ' + ', '.join(allowed) if allowed else 'no options'}")
        given = {entry.main: given}
    for option in given:
        if option not in allowed:
            near = difflib.get_close_matches(str(option), allowed, n=1)
            hint = f"did you mean {near[0]!r}?" if near else (f"it has: {', '.join(allowed)}" if allowed else None)
            raise OptionError(f"{name} has no option {option!r}", option=str(option), hint=hint)
    if entry.needs_main and entry.main not in given:
        raise OptionError(f"{name} needs {entry.main}", hint=f"{{{name}: …}}")
    return dict(given)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        raise UnfitError("not-text", "is not text")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return text_of(value)


def _zone_name(value: Any) -> str:
    name = text_of(value).strip()
    if moments.zone_or_none(name) is None:
        raise UnfitError("unknown-zone", "is not the name of a time zone")
    return name


@lru_cache(maxsize=256)
def of_kind(spec: FieldSpec) -> Transform:
    """What a field's kind does where the rule names no transform: the system is taken to show the canonical form."""
    plain = {
        Kind.INTEGER: "integer",
        Kind.DECIMAL: "decimal",
        Kind.BOOLEAN: "boolean",
        Kind.DATE: "date",
        Kind.DATETIME: "datetime",
        Kind.EMAIL: "email",
        Kind.PHONE: "phone",
        Kind.COUNTRY: "country",
        Kind.LANGUAGE: "language",
        Kind.URL: "url",
    }
    if spec.kind is Kind.BOOLEAN:
        return build("boolean", {"true": [True, "true", 1], "false": [False, "false", 0]})
    if spec.kind in plain:
        return build(plain[spec.kind])
    if spec.kind is Kind.TIMEZONE:
        return Transform(name="timezone", forward=_zone_name, back=same)
    if spec.kind is Kind.CHOICE:
        return Transform(name="choice", forward=_choice(spec), back=same)
    if spec.kind is Kind.MONEY:
        return Transform(name="money", forward=_money, back=same)
    return Transform(name="as text", forward=_as_text, back=same)


def _choice(spec: FieldSpec) -> Any:
    allowed = frozenset(spec.choices or ())

    def forward(value: Any) -> str:
        chosen = text_of(value)
        if allowed and chosen not in allowed:
            raise UnfitError("unknown-option", "is not one of the field's choices")
        return chosen

    return forward


def _money(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or value.keys() != {"amount", "currency"}:
        raise UnfitError("not-money", "is not an amount with a currency")
    return dict(numbers.money(currency=numbers.currency_code(value["currency"])).forward(value["amount"]))
