"""Search specifications: ``([Last Name] LIKE "A*") AND [Updated] >= "11/21/2026 08:00:00"``.

Comparison of text is exact, also in case; ``*`` and ``?`` mean something for LIKE alone. A quote inside a constant of
its own kind ends it: what follows is read as part of the search, as on a real server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from syncline.sandbox.siebel.refusals import SiebelError

Test = Callable[[Mapping[str, str]], bool]
Sortable = Callable[[str, str], Any]

_TOKEN = re.compile(
    r"""\s*(?:(?P<field>\[[^\]]+\])|(?P<text>"[^"]*"|'[^']*')|(?P<sign><>|>=|<=|[=<>()])|(?P<word>[A-Za-z]+)|(?P<odd>\S))"""
)
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "<>": lambda one, other: one != other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
}


class _Parser:
    """``sortable`` turns a value of a field (or a constant compared with it) into something with an order."""

    def __init__(self, text: str, known: Callable[[str], None], sortable: Sortable) -> None:
        self._tokens = [(found.lastgroup or "", found[0].strip()) for found in _TOKEN.finditer(text.strip())]
        self._at = 0
        self._known = known
        self._sortable = sortable

    def parse(self) -> Test:
        test = self._either()
        if self._at < len(self._tokens):
            raise self._unreadable()
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._word("OR"):
            tests.append(self._both())
        return lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._word("AND"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        kind, text = self._next()
        if text == "(":
            test = self._either()
            if self._next()[1] != ")":
                raise self._unreadable()
            return test
        if kind != "field":
            raise self._unreadable()
        return self._comparison(text[1:-1])

    def _comparison(self, field: str) -> Test:
        self._known(field)
        if self._word("IS"):
            if not self._word("NULL"):
                raise self._unreadable()
            return lambda row: not row.get(field)
        sign, (kind, text) = self._next()[1], self._next()
        if kind != "text":
            raise self._unreadable()
        value = text[1:-1]
        if sign.upper() == "LIKE":
            return lambda row: fnmatchcase(row.get(field, ""), value)
        compare = _COMPARED.get(sign)
        if compare is None:
            raise self._unreadable()
        wanted = self._sortable(field, value)
        return lambda row: bool(row.get(field)) and compare(self._sortable(field, row[field]), wanted)

    def _word(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at][1].upper() == word:
            self._at += 1
            return True
        return False

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise self._unreadable()
        self._at += 1
        return self._tokens[self._at - 1]

    def _unreadable(self) -> SiebelError:
        return SiebelError("There is a syntax error in the search specification", "SBL-DAT-00501")


def parsed(text: str, known: Callable[[str], None], sortable: Sortable) -> Test:
    """The search as a test of rows. Raises SiebelError where it cannot be read; ``known`` raises for a field."""
    return _Parser(text, known, sortable).parse()
