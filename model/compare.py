"""Folding values for look-ups: one text for all spellings that count as the same.

What comes out of `fold` is for comparison only and is never written to any system.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from anyascii import anyascii

from model.fields import FieldSpec, Kind

_DIGITS = re.compile(r"\d+")
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://")
_CACHED_LENGTH = 200

_LEGAL_FORM_WORDS = (
    "ab ag ao aps as asa bv bvba co company corp corporation cv dd doo ead eg eingetragener eirl ek ev fze gbr ges"
    " gmbh haftungsbeschrankt inc incorporated kft kg kgaa kk ks lda limited llc llp lp ltd ltda mbh nv nyrt ohg ood"
    " ooo oy oyj pbc plc pte pty pvt sa sas sasu sarl se sl slu snc spa sprl srl sro ug vof zrt"
)
_LEGAL_FORMS = frozenset(_LEGAL_FORM_WORDS.split())
_LEGAL_PHRASES = (("sp", "zoo"), ("sa", "de", "cv"), ("s", "de", "rl"), ("spol", "sro"), ("pvt", "ltd"))


def is_blank(value: Any) -> bool:
    """Null or empty: None, text of nothing but spaces, an empty list or mapping, money without an amount.

    Zero and False are values.
    """
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    if isinstance(value, Mapping):
        return not value or ("amount" in value and is_blank(value["amount"]))
    return isinstance(value, list | tuple | set | frozenset) and not value


def fold(kind: FieldSpec | Kind, value: Any) -> str:
    """One text for all spellings of a value that count as the same when looking for a match. Blank values give ``""``,
    and only they do: two values that fold to nothing must never look alike.
    """
    if is_blank(value):
        return ""
    folder = _FOLDERS.get(kind.kind if isinstance(kind, FieldSpec) else kind, fold_text)
    return folder(value) or str(value)


def fold_text(value: Any) -> str:
    """NFKC, without case, accents, punctuation and surplus spaces; Latin, Greek and Cyrillic letters become ASCII.

    Other scripts stay as they are: their romanisation makes one word of many (dozens of Chinese family names are
    ``wang``), and one wrong match costs more than ten missed ones.
    """
    text = value if isinstance(value, str) else str(value)
    return _fold_short(text) if len(text) <= _CACHED_LENGTH else _fold_text(text)


def _fold_text(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    if not text.isascii():
        # Combining marks that belong to no letter of these scripts (vowel signs of Hindi, Thai, …) are kept.
        text = "".join(_ascii(sign) for sign in text).casefold()
    words = re.sub(r"[^\w\u0900-\u1aff]|_", " ", text.replace("'", "")).split()
    return " ".join(words) or text.strip()


def _ascii(sign: str) -> str:
    code = ord(sign)
    if code < 0x80:
        return sign
    if code < 0x590 or 0x1E00 <= code < 0x2000:
        return anyascii(sign)
    return "'" if sign in "‘’ʼ" else sign


_fold_short = lru_cache(maxsize=32768)(_fold_text)


@lru_cache(maxsize=32768)
def fold_company(name: str) -> str:
    """`fold_text` without the legal form at the end: ``Alfreds Futterkiste GmbH & Co. KG`` → ``alfreds futterkiste``.

    A name that consists of nothing else keeps its words.
    """
    words = _joined_initials(fold_text(name).split())
    kept = list(words)
    while kept:
        cut = _legal_form_length(kept)
        if not cut:
            break
        kept = kept[:-cut]
    return " ".join(kept or words)


def _joined_initials(words: list[str]) -> list[str]:
    """``["s", "a", "r", "l"]`` → ``["sarl"]``: legal forms are written with and without full stops."""
    joined: list[str] = []
    running = False
    for word in words:
        single = len(word) == 1 and word.isalpha()
        if single and running:
            joined[-1] += word
        else:
            joined.append(word)
        running = single
    return joined


def _legal_form_length(words: list[str]) -> int:
    for phrase in _LEGAL_PHRASES:
        if tuple(words[-len(phrase) :]) == phrase:
            return len(phrase)
    return 1 if words[-1] in _LEGAL_FORMS else 0


def _fold_email(value: Any) -> str:
    text = str(value)
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip().casefold()


def _fold_phone(value: Any) -> str:
    number, _, extension = str(value).partition(";ext=")
    digits = "".join(_DIGITS.findall(number))
    return f"{digits}x{extension}" if digits and extension else digits


def _fold_url(value: Any) -> str:
    text = _SCHEME.sub("", str(value).strip().casefold())
    return text.removeprefix("www.").rstrip("/")


def _fold_decimal(value: Any) -> str:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value).strip()
    if not number.is_finite():
        return str(value).strip()
    return "0" if not number else format(number.normalize(), "f")


def _fold_money(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _fold_decimal(value)
    return f"{_fold_decimal(value.get('amount'))} {str(value.get('currency') or '').strip().upper()}"


def _fold_datetime(value: Any) -> str:
    text = str(value).strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat()


def _fold_code(value: Any) -> str:
    return str(value).strip().casefold().replace("_", "-")


def _fold_boolean(value: Any) -> str:
    return str(value).strip().casefold()


def _fold_exact(value: Any) -> str:
    return str(value)


def _fold_set(value: Any) -> str:
    members = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return "\x1f".join(sorted({fold_text(member) for member in members}))


_FOLDERS: Mapping[Kind, Callable[[Any], str]] = {
    Kind.INTEGER: _fold_decimal,
    Kind.DECIMAL: _fold_decimal,
    Kind.BOOLEAN: _fold_boolean,
    Kind.DATE: _fold_exact,
    Kind.DATETIME: _fold_datetime,
    Kind.MONEY: _fold_money,
    Kind.EMAIL: _fold_email,
    Kind.PHONE: _fold_phone,
    Kind.URL: _fold_url,
    Kind.COUNTRY: _fold_code,
    Kind.LANGUAGE: _fold_code,
    Kind.TIMEZONE: _fold_exact,
    Kind.CHOICE: _fold_exact,
    Kind.REFERENCE: _fold_exact,
    Kind.SET: _fold_set,
}
