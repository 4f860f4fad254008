"""What sample values look like. Everything here is about shares of a sample: no value leaves this module."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from mappings.suggesting import lexicon
from mappings.suggesting.names import fold
from mappings.transforms.base import UnfitError
from mappings.transforms.moments import NAMED, zone_or_none
from mappings.transforms.numbers import currency_code
from mappings.transforms.places import country_code, language_tag
from mappings.transforms.regions import regions_of

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[A-Za-z]{2,}\Z")
_PHONE = re.compile(r"\+?[\d\s()./\-–]{6,24}(?:(?:x|ext\.?|#)\s*\d{1,6})?\Z", re.IGNORECASE)
_URL = re.compile(r"(?:https?://\S+|www\.\S+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?:/\S*)?)\Z", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}\Z", re.IGNORECASE)
_POSTAL = re.compile(r"(?=.*\d)[A-Z0-9][A-Z0-9 \-]{2,9}\Z", re.IGNORECASE)
_DAY_FIRST = re.compile(r"\d{1,4}[-./ ]")
_WHOLE = re.compile(r"[-+]?\d{1,18}\Z")
_NUMBER = re.compile(r"[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?\Z")
_COMMA_NUMBER = re.compile(r"[-+]?(?:\d+|\d{1,3}(?:[.\u00a0\u202f ']\d{3})+),\d+\Z")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:(?:[\u00a0\u202f ']\d{3})+(?:\.\d+)?|(?:\.\d{3}){2,})\Z")
_THREE_BEHIND = re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}\Z")
_MONEY_SIGN = re.compile(r"[$€£¥₹]|\b[A-Z]{3}\b")
_LAST_FIRST = re.compile(r"[^\W\d][\w'’ .\-]*, ?[^\W\d][\w'’ .\-]*\Z")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\Z", re.IGNORECASE)

DATE_FORMATS: Mapping[str, str] = {
    **NAMED,
    "%Y/%m/%d": "%Y/%m/%d",
    "%d-%m-%Y": "%d-%m-%Y",
    "%m-%d-%Y": "%m-%d-%Y",
    "%d %b %Y": "%d %b %Y",
    "%d-%b-%Y": "%d-%b-%Y",
    "%d %B %Y": "%d %B %Y",
    "%b %d, %Y": "%b %d, %Y",
    "%B %d, %Y": "%B %d, %Y",
}
_SHORT_YEAR = re.compile(r"\d{1,2}[-./]\d{1,2}[-./]\d{2}\Z")
_LONGEST_DATE = 35
_LONGEST = 2000
ALMOST_ALL = 0.9


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(word).strip() for word in text.replace("\n", " ").split(","))


_SALUTATIONS = frozenset(word.strip() for word in _words(lexicon.SALUTATIONS))
_SUFFIXES = _words(lexicon.SUFFIXES)
_STATES = frozenset(map(fold, regions_of("US")))
_PROVINCES = frozenset(map(fold, regions_of("CA")))


def _plain_word(text: str) -> str:
    return re.sub(r"[^a-z0-9 ]", " ", fold(text)).strip()


def _reads(reader: Callable[[Any], Any]) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        try:
            reader(text)
        except UnfitError:
            return False
        return True

    return test


def _phone(text: str) -> bool:
    digits = sum(sign.isdigit() for sign in text)
    return 6 <= digits <= 17 and bool(_PHONE.match(text)) and not _date(text) and not _MOMENT.match(text)


def _date(text: str) -> bool:
    """A day with signs between its parts: eight digits alone can be many things."""
    return _may_be_day(text) and any(_fits(text, form) for name, form in DATE_FORMATS.items() if name != "compact")


def _may_be_day(text: str) -> bool:
    return 6 <= len(text) <= _LONGEST_DATE and any(sign.isdigit() for sign in text)


@lru_cache(maxsize=16384)
def _fits(text: str, pattern: str) -> bool:
    """A day in this form; a time of midnight behind it does not matter."""
    if not _may_be_day(text):
        return False
    if not _DAY_FIRST.match(text) and pattern[:2] in ("%Y", "%m", "%d") and pattern != "%Y%m%d":
        return False
    if len(text) > 10 and _MOMENT.match(text) and text[11:19] in ("00:00", "00:00:00"):
        text = text[:10]
    try:
        return datetime.strptime(text, pattern).year >= 1000  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        return False


LOOKS: Mapping[str, Callable[[str], bool]] = {
    "email": lambda text: bool(_EMAIL.match(text)),
    "phone": _phone,
    "url": lambda text: bool(_URL.match(text)),
    "domain": lambda text: bool(_DOMAIN.match(text)),
    "postal": lambda text: bool(_POSTAL.match(text)) and not _date(text),
    "date": lambda text: _date(text) or _fits(text, DATE_FORMATS["compact"]),
    "iso date": lambda text: _fits(text, DATE_FORMATS["iso"]),
    "moment": lambda text: bool(_MOMENT.match(text)),
    "whole": lambda text: bool(_WHOLE.match(text)),
    "number": lambda text: bool(_NUMBER.match(text)),
    "comma number": lambda text: bool(_COMMA_NUMBER.match(text)),
    "grouped number": lambda text: bool(_GROUPED.match(text)),  # 1'234.50, 1 234, 1.234.567
    "comma before decimals": lambda text: bool(_COMMA_NUMBER.match(text)) and not _NUMBER.match(text),
    "comma between thousands": lambda text: "," in text and bool(_NUMBER.match(text)) and not _COMMA_NUMBER.match(text),
    "comma of either kind": lambda text: bool(_COMMA_NUMBER.match(text)) and bool(_NUMBER.match(text)),  # 1,234
    "point of either kind": lambda text: bool(_THREE_BEHIND.match(text)),  # 1.234
    "money sign": lambda text: bool(_MONEY_SIGN.search(text)),
    "country": _reads(country_code),
    "language": _reads(language_tag),
    "currency": _reads(currency_code),
    "time zone": lambda text: "/" in text and zone_or_none(text) is not None,
    "salutation": lambda text: _plain_word(text) in _SALUTATIONS or _plain_word(text).replace(" ", "") in _SALUTATIONS,
    "suffix": lambda text: _plain_word(text).replace(" ", "") in _SUFFIXES,
    "US state": lambda text: fold(text) in _STATES,
    "Canadian province": lambda text: fold(text) in _PROVINCES,
    "family name, given name": lambda text: bool(_LAST_FIRST.match(text)),
    "letters": lambda text: any(sign.isalpha() for sign in text),
    "digits": lambda text: any(sign.isdigit() for sign in text),
    "several lines": lambda text: "\n" in text,
    "idle spaces": lambda text: text != " ".join(text.split()),
    "padded": lambda text: text != text.strip(),
    "international phone": lambda text: text.lstrip().startswith("+"),
    "uuid": lambda text: bool(_UUID.match(text)),
    "short year": lambda text: bool(_SHORT_YEAR.match(text)),
}
"""What a text can look like."""


def looks_like_a_value(name: str) -> bool:
    """Whether a name that a file gives a column is rather an e-mail address or an identifier."""
    return LOOKS["email"](name) or LOOKS["uuid"](name)


class Sample:
    """The values of one field in some records, asked about by share."""

    def __init__(self, values: Iterable[Any] = ()) -> None:
        listed = list(values)
        self.seen = len(listed)
        self.values = [value for value in listed if value not in (None, [], {}) and not _is_space(value)]
        self.filled = len(self.values)
        self.lists = sum(isinstance(value, list) for value in self.values)
        self.raw = [_text(value) for value in self.values if isinstance(value, (str, int, float, bool))]
        self.texts = [text.strip() for text in self.raw]
        self._counts: dict[tuple[str, ...], int] = {}

    def count(self, *looks: str) -> int:
        """How many values look like that, or like one of these."""
        if looks not in self._counts:
            tally = Counter(self.raw) if looks[0] in ("idle spaces", "padded") else self.distinct
            alike = (number for text, number in tally.items() if any(LOOKS[look](text) for look in looks))
            self._counts[looks] = sum(alike)
        return self._counts[looks]

    def share(self, look: str) -> float:
        return self.count(look) / len(self.texts) if self.texts else 0.0

    def mostly(self, look: str) -> bool:
        return self.share(look) >= ALMOST_ALL

    @cached_property
    def distinct(self) -> Counter[str]:
        return Counter(self.texts)

    def words(self, most: int = 12) -> tuple[str, ...] | None:
        """The values where they are few words used again and again, as a picklist has them; else None.

        What occurs once or twice, holds many digits or is long may be about a person: then there is no such list.
        """
        counts = self.distinct
        if not counts or len(counts) > most or len(self.texts) < 5 * len(counts) or min(counts.values()) < 2:
            return None
        if any(len(text) > 30 or sum(s.isdigit() for s in text) > 4 or "@" in text for text in counts):
            return None
        return tuple(sorted(counts))


def _is_space(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _text(value: Any) -> str:
    """As text, of which no more is looked at than any name, number or address has."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)[:_LONGEST]


class Days:
    """Which date formats read the values, and what speaks for each. ``names`` is empty where none does."""

    def __init__(self, texts: Sequence[str]) -> None:
        reading = {name: [_fits(text, pattern) for text in texts] for name, pattern in DATE_FORMATS.items()}
        enough = ALMOST_ALL * len(texts)
        self.names = [name for name, fits in reading.items() if texts and sum(fits) >= enough]
        if "%d %B %Y" in self.names and "%d %b %Y" in self.names:
            self.names.remove("%d %B %Y")
        self._reading = reading
        self.total = len(texts)
        self.short_years = sum(bool(_SHORT_YEAR.match(text)) for text in texts) >= enough > 0

    def only(self, name: str, other: str) -> int:
        """How many values the first format reads and the other does not."""
        return sum(mine and not theirs for mine, theirs in zip(*(self._reading[n] for n in (name, other)), strict=True))
