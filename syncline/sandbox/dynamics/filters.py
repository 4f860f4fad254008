"""``$filter`` as far as integrations use it: comparisons, and, or, not, parentheses, text functions, ``In``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from syncline.sandbox.dynamics.faults import ApiError
from syncline.sandbox.dynamics.schema import TableDef

Met = Callable[[Mapping[str, Any]], bool]

_WORD = re.compile(r"\s*('(?:[^']|'')*'|[(),]|\[[^\]]*\]|[\w.@:+-]+=?|\S)")
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda one, other: bool(one == other),
    "ne": lambda one, other: bool(one != other),
    "gt": lambda one, other: one is not None and other is not None and one > other,
    "ge": lambda one, other: one is not None and other is not None and one >= other,
    "lt": lambda one, other: one is not None and other is not None and one < other,
    "le": lambda one, other: one is not None and other is not None and one <= other,
}
_TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda one, other: other in one,
    "startswith": lambda one, other: one.startswith(other),
    "endswith": lambda one, other: one.endswith(other),
}


def condition(table: TableDef, text: str) -> Met:
    """A predicate over rows; text is compared without case. Raises ApiError where it cannot be understood."""
    parser = _Parser(table, _WORD.findall(text))
    met = parser.either()
    if parser.words:
        raise _bad(parser.words[0])
    return met


class _Parser:
    def __init__(self, table: TableDef, words: list[str]) -> None:
        self.table = table
        self.words = words

    def either(self) -> Met:
        met = self.both()
        while self.words and self.words[0] == "or":
            self.words.pop(0)
            met = _or(met, self.both())
        return met

    def both(self) -> Met:
        met = self.single()
        while self.words and self.words[0] == "and":
            self.words.pop(0)
            met = _and(met, self.single())
        return met

    def single(self) -> Met:
        word = self._next()
        if word == "not":
            met = self.single()
            return lambda row: not met(row)
        if word == "(":
            met = self.either()
            self._expect(")")
            return met
        if word in _TEXTS:
            return self._text(_TEXTS[word])
        if word == "Microsoft.Dynamics.CRM.In":
            return self._among()
        value = self._column(word)
        compare = _COMPARISONS.get(self._next())
        if compare is None:
            raise _bad(word)
        wanted = _literal(self._next())
        return lambda row: compare(value(row), wanted)

    def _text(self, holds: Callable[[str, str], bool]) -> Met:
        self._expect("(")
        value = self._column(self._next())
        self._expect(",")
        wanted = str(_literal(self._next()))
        self._expect(")")
        return lambda row: holds(str(value(row) or ""), wanted)

    def _among(self) -> Met:
        for expected in ("(", "PropertyName="):
            self._expect(expected)
        value = self._column(self._next().strip("'"))
        for expected in (",", "PropertyValues="):
            self._expect(expected)
        wanted = {str(one).lower() for one in orjson.loads(self._next().replace("'", '"'))}
        self._expect(")")
        return lambda row: str(value(row)).lower() in wanted

    def _column(self, name: str) -> Callable[[Mapping[str, Any]], Any]:
        column = self.table.in_query(name)
        if column is None:
            what = f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{self.table.name}'."
            raise ApiError("0x80060888", what)
        at, refers = column.name, column.refers

        def value(row: Mapping[str, Any]) -> Any:
            found = row.get(at)
            if refers:
                return found[1] if found else None
            return found.lower() if isinstance(found, str) else found

        return value

    def _next(self) -> str:
        if not self.words:
            raise _bad("its end")
        return self.words.pop(0)

    def _expect(self, word: str) -> None:
        if self._next() != word:
            raise _bad(word)


def _or(one: Met, other: Met) -> Met:
    return lambda row: one(row) or other(row)


def _and(one: Met, other: Met) -> Met:
    return lambda row: one(row) and other(row)


def _literal(word: str) -> Any:
    if word.startswith("'"):
        return word[1:-1].replace("''", "'").lower()
    if word in {"true", "false", "null"}:
        return {"true": True, "false": False}.get(word)
    if re.fullmatch(r"-?\d+", word):
        return int(word)
    return float(word) if re.fullmatch(r"-?\d+\.\d+", word) else word.lower()


def _bad(word: str) -> ApiError:
    return ApiError("0x80060888", f"Syntax error in the filter at '{word}'.")
