"""The plain fields of a page, column by column: what holds for all values of a column is asked once.

A column that is not plain throughout is converted value by value. Both ways give the same; a test compares them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any

from mappings.codec import ABSENT, Codec
from mappings.contract import Projection, Rendition
from mappings.transforms.base import Form, UnfitError
from model.making import maker
from model.records import Problem

_TEXT_OR_NULL = frozenset({str, type(None)})
_NO_REFERENCES: Mapping[str, Any] = {}


class Column:
    """One field here that becomes one field there.

    ``convert`` makes a value or `ABSENT` of a value (null, empty and missing ones included) or raises UnfitError, of
    which ``problem`` makes a `Problem`. Spared that are texts no longer than ``longest`` that the codec takes as they
    are, or that have ``form``, and texts whose result the codec recalls. ``blank`` is what null and empty text become;
    ``blanks_differ`` where that is not one value.
    """

    def __init__(
        self,
        names: tuple[str, str],
        codec: Codec,
        convert: Callable[[Any], Any],
        problem: Callable[[UnfitError], Problem],
        *,
        form: Form | None,
        longest: int | None,
        blank: Any = None,
        blanks_differ: bool = False,
    ) -> None:
        self.here, self.there = names
        self._convert, self._problem, self._recall = convert, problem, codec.recall
        self._is_text, self._form, self._recalled = codec.is_text, form, codec.recalled
        self._longest = sys.maxsize if longest is None else longest
        self._blank, self._blanks_differ = blank, blanks_differ

    def over(self, found: Sequence[Any]) -> tuple[Sequence[Any], bool]:
        """What the values become, and whether some may be `ABSENT` or a `Problem`."""
        if all(found):
            done = self._together(found)
            if done is not None:
                return done, False
        elif not self._blanks_differ and _TEXT_OR_NULL.issuperset(map(type, found)):
            done = self._together(list(filter(None, found)))
            if done is not None:
                filled, blank = iter(done), self._blank
                return [next(filled) if value else blank for value in found], blank is ABSENT
        return self._each(found), True

    def _together(self, found: Sequence[Any]) -> Sequence[Any] | None:
        """What the values, none of them blank, become; None where each has to be looked at."""
        try:
            if self._is_text:
                "".join(found)  # raises where one is no text, and is the quickest way to tell
                return found if self._short(found) else None
            if self._form is not None and self._form.fits_all(found) and self._short(found):
                return found
            return list(map(self._recalled.__getitem__, found))
        except (KeyError, TypeError):
            return None

    def _short(self, texts: Sequence[str]) -> bool:
        return self._longest == sys.maxsize or max(map(len, texts), default=0) <= self._longest

    def _each(self, found: Sequence[Any]) -> list[Any]:
        convert, recall, recalled, longest = self._convert, self._recall, self._recalled, self._longest
        fits = bool if self._is_text else self._form.fits if self._form is not None else _never
        results: list[Any] = []
        for value in found:
            if type(value) is str:
                if fits(value) and len(value) <= longest:
                    results.append(value)
                    continue
                known = recalled.get(value)
                if known is not None:
                    results.append(known)
                    continue
            try:
                result = convert(value)
            except UnfitError as unfit:
                results.append(self._problem(unfit))
                continue
            recall(value, result)
            results.append(result)
        return results


def _never(_: str) -> bool:
    return False


class Columns:
    """All plain fields of a mapping, one way. ``missing`` stands for a field that is not there."""

    def __init__(self, columns: Sequence[Column], missing: Any) -> None:
        self._columns = tuple(columns)
        self._names = tuple(column.here for column in columns)
        self._pick = itemgetter(*self._names) if len(columns) > 1 else None
        self._make = maker(tuple(column.there for column in columns))
        self._missing = missing

    def over(self, rows: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], dict[int, list[Problem]]]:
        """What the rows become, in their order, and the problems of those that have any, by position."""
        if not self._columns or not rows:
            return [{} for _ in rows], {}
        converted: list[Sequence[Any]] = []
        left_out: list[tuple[str, list[int], Sequence[Any]]] = []
        for column, found in zip(self._columns, self._taken(rows), strict=True):
            values, doubtful = column.over(found)
            converted.append(values)
            if doubtful:
                places = [at for at, value in enumerate(values) if value is ABSENT or type(value) is Problem]
                left_out.append((column.there, places, values))
        made = list(map(self._make, *converted))
        problems: dict[int, list[Problem]] = {}
        for name, places, values in left_out:
            for at in places:
                made[at].pop(name, None)  # two rules may be about one field, where records are made up
                if values[at] is not ABSENT:
                    problems.setdefault(at, []).append(values[at])
        return made, problems

    def _taken(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Sequence[Any]]:
        if self._pick is not None:
            try:
                return list(zip(*map(self._pick, rows), strict=True))
            except KeyError:
                pass
        missing = self._missing
        return [[row.get(name, missing) for row in rows] for name in self._names]


def plain_projections(values: Sequence[dict[str, Any]]) -> list[Projection]:
    """``map(Projection, values)`` at half the cost."""
    rest = (repeat(_NO_REFERENCES), repeat(()), repeat(None), repeat(()))
    return list(map(tuple.__new__, repeat(Projection), zip(values, *rest, strict=False)))


def plain_renditions(fields: Sequence[dict[str, Any]]) -> list[Rendition]:
    """``map(Rendition, fields)`` at half the cost."""
    return list(map(tuple.__new__, repeat(Rendition), zip(fields, repeat(()), repeat(()), strict=False)))
