"""Values on their way into an expression and out of it again.

The engine takes JSON only, cuts texts at a NUL character, and one value it cannot take spoils all beside it. So what
is not JSON is written as JSON, and a field that cannot be is left out: what reads it is a problem, the rest goes on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from mappings.cel.tree import Tree
from mappings.transforms.base import UnfitError

MAX_RESULT = 65_536
"""Characters that an expression may result in, those of all elements and names together."""

_MAX_FIELD = 1_000_000
_MAX_DEPTH = 40
_MAX_WORK = 1 << 26
_MAX_LOOPS = 10_000  # the engine's own bound on the rounds of one evaluation
_ELEMENT = 16  # what an element of a list weighs, in characters
_INT64 = range(-(2**63), 2**63)


def too_large() -> UnfitError:
    return UnfitError("expr-too-large", "could not be computed: the record is too large for the expression")


class Size:
    """How much there is to work on: the longest text, elements in lists and objects, and all together."""

    __slots__ = ("elements", "longest", "total")

    def __init__(self) -> None:
        self.longest = self.elements = self.total = 0

    def text(self, length: int) -> None:
        self.longest = max(self.longest, length)
        self.total += length

    def listed(self, count: int) -> None:
        self.elements += count
        self.total += count * _ELEMENT
        if self.total > _MAX_FIELD:
            raise too_large()

    def add(self, other: Size) -> None:
        self.longest = max(self.longest, other.longest)
        self.elements += other.elements
        self.total += other.total


def affordable(tree: Tree, size: Size) -> bool:
    """Whether an expression keeps within bounds of time and memory on data of this size, at its very worst."""
    growth: int = tree.growth * (size.longest + 1) ** tree.open
    rounds = 1
    if tree.depth:
        count = size.elements + tree.listed + (size.longest if tree.splits else 0)
        rounds = min(_MAX_LOOPS, count ** min(tree.depth, 9))
    work = tree.uses * growth * size.total
    work += tree.outer * rounds * growth * (size.longest + _ELEMENT * size.elements)
    work += tree.searches * rounds * (tree.uses * growth * size.longest) ** 2 // 64
    return bool(work <= _MAX_WORK)


def shaped(value: Any, size: Size) -> Any:
    """A value of a record as the engine takes it. Raises UnfitError where it cannot be one."""
    made = _shaped(value, size, 0)
    if size.total > _MAX_FIELD:
        raise too_large()
    return made


def _shaped(value: Any, size: Size, depth: int) -> Any:
    if isinstance(value, str):
        size.text(len(value))
        return _text(value)
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int):
        return value if value in _INT64 else str(value)  # whole numbers this long are keys
    if depth >= _MAX_DEPTH:
        raise too_large()
    if isinstance(value, Mapping):
        size.listed(len(value))
        return {_name(name, size): _shaped(inner, size, depth + 1) for name, inner in value.items()}
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    if isinstance(value, (list, tuple)):
        size.listed(len(value))
        return [_shaped(inner, size, depth + 1) for inner in value]
    return _odd(value)


def _odd(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_text(value)
    raise UnfitError("expr-type", "could not be computed: a field holds a value that expressions cannot take")


def _name(name: Any, size: Size) -> str:
    if not isinstance(name, str):
        raise UnfitError("expr-type", "could not be computed: a field holds a value that expressions cannot take")
    size.text(len(name))
    return _text(name)


def name_problem(name: Any) -> UnfitError | None:
    """Why a field's name cannot be told, if so."""
    try:
        _name(name, Size())
    except UnfitError as unfit:
        return unfit
    return None


def _text(text: str) -> str:
    if "\x00" in text or not (text.isascii() or _encodable(text)):
        raise UnfitError("expr-type", "could not be computed: a text holds a character that expressions cannot take")
    return text


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def moment_text(moment: datetime) -> str:
    """ISO 8601 in UTC (``Z``); without a zone where it has none."""
    if moment.tzinfo is None:
        return moment.isoformat()
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def duration_text(duration: timedelta) -> str:
    """ISO 8601 in seconds: ``PT90S``, ``-PT1.5S``."""
    microseconds = duration // timedelta(microseconds=1)
    whole, part = divmod(abs(microseconds), 1_000_000)
    fraction = f".{part:06d}".rstrip("0") if part else ""
    return f"{'-' if microseconds < 0 else ''}PT{whole}{fraction}S"


def json_of(found: Any) -> Any:
    """The engine's value as JSON, within `MAX_RESULT`. Raises UnfitError for errors and for what JSON cannot say."""
    kind = found.type().name()
    if kind == "STRING":
        text = found.plain_value()
        return text if len(text) < MAX_RESULT else _Result().text(text)
    if kind.startswith(("LIST", "MAP")):
        return _Result().json(found)
    return _plain(kind, found)


class _Result:
    """A list or an object becoming JSON. What is left of `MAX_RESULT` is counted down; an element costs one."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_RESULT

    def json(self, found: Any) -> Any:
        kind = found.type().name()
        if kind == "STRING":
            return self.text(found.plain_value())
        if kind.startswith("LIST"):
            return [self.json(item) for item in self._counted(found.value())]
        if kind.startswith("MAP"):
            made = {self._name(name): self.json(item) for name, item in self._counted(found.value().items())}
            return dict(sorted(made.items()))  # the engine's order is another one each time
        return _plain(kind, found)

    def text(self, text: str) -> str:
        self._left -= len(text) + 1
        if self._left < 0:
            message = f"could not be computed: the result is longer than {MAX_RESULT} characters"
            raise UnfitError("expr-too-large", message)
        return text

    def _counted(self, items: Iterable[Any]) -> Iterable[Any]:
        for item in items:
            self.text("")
            yield item

    def _name(self, name: Any) -> str:
        if not isinstance(name, str):
            raise UnfitError("expr-type", "could not be computed: names in an object must be text")
        return self.text(name)


def _plain(kind: str, found: Any) -> Any:
    if kind in ("BOOL", "INT", "UINT", "NULL"):
        return found.plain_value()
    if kind == "DOUBLE":
        number = found.plain_value()
        if not math.isfinite(number):
            raise UnfitError("expr-failed", "could not be computed: the result is no finite number")
        return number
    if kind == "TIMESTAMP":
        return moment_text(found.plain_value())
    if kind == "DURATION":
        return duration_text(found.plain_value())
    if kind == "ERROR":
        raise failure(_said(found))
    raise UnfitError("expr-type", "could not be computed: the result is neither text, number, truth value nor a list")


def _said(found: Any) -> str:
    try:
        return str(found.plain_value())
    except TypeError:  # an optional where none was to be expected: the engine has no Python value for it
        return ""


looks_like_an_error = re.compile(r"[A-Z_]+: ").match
"""Whether a text may be what the engine says of an error, such as ``NOT_FOUND: …``; a text of the data may, too."""

_FAILURES = (
    ("key not found", "expr-missing", "asks for something that is not there"),
    ("index=", "expr-missing", "asks for an element that is not there"),
    ("substring(", "expr-missing", "asks for a part of a text that is too short for it"),
    ("charat(", "expr-missing", "asks for a part of a text that is too short for it"),
    ("select", "expr-type", "looks into something that has nothing inside, such as null"),
    ("_?._(", "expr-type", "looks into something that has nothing inside, such as null"),
    ("regular expression", "expr-failed", "a regular expression makes no sense"),
    ("by zero", "expr-failed", "divides by zero"),
    ("range", "expr-failed", "a number becomes too large"),
    ("overflow", "expr-failed", "a number becomes too large"),
    ("budget", "expr-too-large", f"goes through more than {_MAX_LOOPS} elements"),
    ("no matching overloads", "expr-type", "a value is of another type than the expression expects"),
    ("conver", "expr-type", "a value cannot be converted as the expression wants"),
    ("expected ", "expr-type", "a value is of another type than the expression expects"),
    ("clause", "expr-type", "a value does not fit the format"),
)
"""Parts of what the engine says, in small letters, and what we say instead: the first that fits counts."""


def failure(said: str) -> UnfitError:
    """What the engine said, in words that never hold a value."""
    lower = said[:500].lower()
    for part, code, message in _FAILURES:
        if part in lower:
            return UnfitError(code, f"could not be computed: {message}")
    return UnfitError("expr-failed", "could not be computed from this record")
