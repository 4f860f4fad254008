"""Time zones by their IANA names, the names Windows has for them, and their cities."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from babel.core import get_global

from mappings.transforms.base import Entry, Example, Transform, UnfitError, one_of, remembered, text_of
from mappings.transforms.moments import zone_or_none
from mappings.transforms.places import fold
from model.fields import Kind

_OFFSET = re.compile(r"(?:\(?(?:UTC|GMT)\)?)?\s*[+\-−–]\s*\d{1,2}(?::?\d{2})?\Z", re.IGNORECASE)
_UTC = frozenset({"utc", "z", "zulu", "etc/utc", "coordinated universal time", "universal"})


@lru_cache(maxsize=1)
def _windows() -> tuple[dict[str, str], dict[str, str]]:
    """IANA name → Windows name, and back (in small letters): Unicode CLDR, as tzlocal has it."""
    from tzlocal.windows_tz import tz_win, win_tz  # only who meets a time zone pays for it

    return dict(tz_win), {name.lower(): zone for name, zone in win_tz.items()}


def _canonical(name: str) -> str:
    """One name for each zone: ``US/Pacific`` is ``America/Los_Angeles``."""
    zone = str(get_global("zone_aliases").get(name, name))
    return "UTC" if zone.lower() in _UTC else zone


@lru_cache(maxsize=1)
def _spellings() -> dict[str, str]:
    """Small-letter IANA names, and cities that only one zone is named after."""
    names = {name.lower(): _canonical(name) for name in _windows()[0] if "/" in name}
    cities: dict[str, set[str]] = {}
    for name, zone in names.items():
        if not name.startswith("etc/"):
            cities.setdefault(fold(name.rpartition("/")[2].replace("_", " ")), set()).add(zone)
    return {**{city: min(zones) for city, zones in cities.items() if len(zones) == 1}, **names}


@remembered(4096)
def zone_name(value: Any) -> str:
    """The IANA name of a time zone in any common spelling. Raises UnfitError."""
    text = text_of(value).strip()
    if text.lower() in _UTC:
        return "UTC"
    if text.upper() == "GMT":
        return "Etc/GMT"
    if _OFFSET.match(text):
        raise UnfitError(
            "fixed-offset", "is a fixed offset, which does not say when clocks are put forward; a time zone has a name"
        )
    if "/" in text and zone_or_none(text) is not None:
        return _canonical(text)
    plain = text.lower().replace(" ", "_") if "/" in text else text.lower()
    found = _windows()[1].get(plain) or _spellings().get(plain) or _spellings().get(fold(text))
    if found is None and not text.isupper() and _canonical(text) != text:
        found = _canonical(text)  # Japan, Singapore, Cuba; but not EST, which the list says is Panama
    if found is None or zone_or_none(_canonical(found)) is None:
        raise UnfitError("unknown-zone", "is not the name of a time zone")
    return _canonical(found)


def _windows_zone(value: Any) -> str:
    """As Windows names them, which calls a few zones in the ocean by their offset: ``UTC-11``."""
    found = _windows()[1].get(value.strip().lower()) if isinstance(value, str) else None
    return zone_name(value) if found is None else _canonical(found)


def zone(style: Any = "iana") -> Transform:
    """``W. Europe Standard Time``, ``Berlin``, ``europe/berlin`` ↔ ``Europe/Berlin``."""
    windows = one_of("style", style, ("iana", "windows")) == "windows"

    def back(value: Any) -> str:
        name = zone_name(value)
        if not windows:
            return name
        shown = _windows()[0].get("Etc/UTC" if name == "UTC" else name)
        if shown is None:
            raise UnfitError("no-windows-name", "is a time zone that Windows has no name for")
        return shown

    forward = _windows_zone if windows else zone_name
    return Transform(name="zone", forward=forward, back=back, kinds=frozenset({Kind.TIMEZONE, Kind.TEXT}))


ENTRIES: dict[str, Entry] = {
    "zone": Entry(
        make=zone,
        main="style",
        summary="a time zone by its IANA name, Windows name or city ↔ the IANA name",
        options={"style": "what is written: iana (as usual) or windows"},
        note="Fixed offsets (`UTC+1`) and abbreviations (`EST`) are no time zones and are refused. Windows has one "
        "name for several zones: Vienna is written as `W. Europe Standard Time`, and reading that back is no edit.",
        examples=(
            Example(options="windows", record="W. Europe Standard Time", canonical="Europe/Berlin"),
            Example(record="new york", canonical="America/New_York", written="America/New_York"),
            Example(record="US/Pacific", canonical="America/Los_Angeles", written="America/Los_Angeles"),
        ),
    ),
}
