"""How alike two values are, for scored matching.

A module of its own: what it measures with takes a while to load, and most mappings score nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.fuzz import token_set_ratio, token_sort_ratio

from model.compare import fold, fold_company, is_blank
from model.fields import FieldSpec, Kind

_DIGIT = re.compile(r"\d")
_COMPANY_TEMPLATES = frozenset({"name", "legal_name", "company", "addresses[].company"})


def similarity(kind: FieldSpec | Kind, a: Any, b: Any) -> float:
    """How alike two values are, 0 to 1; a blank one is like nothing. Symmetric; 1 for values that fold alike."""
    if is_blank(a) or is_blank(b):
        return 0.0
    which = kind.kind if isinstance(kind, FieldSpec) else kind
    if which is Kind.TEXT and isinstance(kind, FieldSpec) and kind.template in _COMPANY_TEMPLATES:
        return _company_similarity(fold_company(str(a)), fold_company(str(b)))
    folded_a, folded_b = fold(which, a), fold(which, b)
    if folded_a == folded_b:
        return 1.0
    measure = _MEASURES.get(which)
    return measure(folded_a, folded_b) if measure else 0.0


_NEARLY = 0.85


def agree(kind: FieldSpec | Kind, a: Any, b: Any) -> bool:
    """Whether two values bear each other out: the same but for a slip. Of texts, every digit is the same: postal codes
    and house numbers of neighbours are alike."""
    which = kind.kind if isinstance(kind, FieldSpec) else kind
    if which is Kind.TEXT and _DIGIT.findall(str(a)) != _DIGIT.findall(str(b)):
        return False
    return similarity(kind, a, b) >= _NEARLY


def _text_similarity(a: str, b: str) -> float:
    if " " in a or " " in b:
        return max(JaroWinkler.similarity(a, b), token_sort_ratio(a, b) / 100)
    return JaroWinkler.similarity(a, b)


def _company_similarity(a: str, b: str) -> float:
    """Words in another order count fully; one name within the other (``Northwind``, ``Northwind Traders``) nearly."""
    if a == b:
        return 1.0
    return max(_text_similarity(a, b), 0.9 * token_set_ratio(a, b) / 100)


def _email_similarity(a: str, b: str) -> float:
    local_a, _, domain_a = a.rpartition("@")
    local_b, _, domain_b = b.rpartition("@")
    same_domain = 1.0 if domain_a == domain_b else 0.0
    return 0.7 * JaroWinkler.similarity(local_a, local_b) + 0.3 * same_domain if local_a and local_b else 0.0


_NATIONAL_DIGITS = 7


def _phone_similarity(a: str, b: str) -> float:
    """A number without its country code is nearly the number; one digit mistyped is likely it."""
    short, long = sorted((a.partition("x")[0].lstrip("0"), b.partition("x")[0].lstrip("0")), key=len)
    if len(short) >= _NATIONAL_DIGITS and long.endswith(short):
        return 0.95
    return 0.8 if len(short) >= _NATIONAL_DIGITS and OSA.distance(short, long, score_cutoff=1) <= 1 else 0.0


def _date_similarity(a: str, b: str) -> float:
    """Day and month swapped, or one digit mistyped, is likely the same date."""
    if len(a) == len(b) == len("2026-11-21") and a[:4] == b[:4] and (a[5:7], a[8:]) == (b[8:], b[5:7]):
        return 0.9
    return 0.85 if OSA.distance(a, b, score_cutoff=1) <= 1 else 0.0


def _set_similarity(a: str, b: str) -> float:
    left, right = set(a.split("\x1f")), set(b.split("\x1f"))
    return len(left & right) / len(left | right)


_MEASURES: Mapping[Kind, Callable[[str, str], float]] = {
    Kind.TEXT: _text_similarity,
    Kind.URL: _text_similarity,
    Kind.EMAIL: _email_similarity,
    Kind.PHONE: _phone_similarity,
    Kind.DATE: _date_similarity,
    Kind.SET: _set_similarity,
}
