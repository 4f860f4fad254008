"""What is wrong with an expression, in our words, out of what the engine says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mappings.reading.meant import did_you_mean, nearest


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an expression. ``offset`` counts the characters before the place."""

    code: str
    message: str
    offset: int = 0
    hint: str | None = None


class ExpressionError(ValueError):
    """An expression that cannot be used."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.message for fault in self.faults))


_KNOWN = (
    "all", "blank", "bool", "bytes", "charAt", "contains", "double", "duration", "endsWith", "exists",
    "exists_one", "filter", "format", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear",
    "getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds", "has", "hasValue", "indexOf", "int",
    "join", "lastIndexOf", "lower", "lowerAscii", "map", "matches", "math.abs", "math.ceil", "math.floor",
    "math.greatest", "math.least", "math.round", "math.trunc", "optFlatMap", "optMap", "optional.none",
    "optional.of", "optional.ofNonZeroValue", "or", "orValue", "replace", "reverse", "size", "split",
    "startsWith", "string", "strings.quote", "substring", "text", "timestamp", "trim", "type", "uint", "upper",
    "upperAscii", "value",
)  # fmt: skip


_ERROR = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '\((.*)\)'")
_TYPES = {
    "string": "text",
    "int": "a whole number",
    "uint": "a whole number",
    "double": "a number with a fraction",
    "bool": "a truth value",
    "null": "null",
    "dyn": "a value of the data",
    "timestamp": "a moment",
    "duration": "a duration",
}


_OTHER_TONGUES = {"=": "equal is ==", "and": "and is &&", "or": "or is ||", "not": "not is !", "if": "a ? b : c"}


_OTHER_WAY = {
    ("to", "src"): 'the way out starts from canonical paths, not from a record: to.given_name, to["emails[work]"]',
    ("src", "to"): "on the way in there is only the record: name its fields, src.name",
}
"""What to write, by variable, where somebody writes that of the other way."""


def faults(said: str, text: str, variable: str) -> list[Fault]:
    """What the engine said, in our words. It counts lines from 1 and characters from 1."""
    lines = text.split("\n")
    found: list[Fault] = []
    for line, column, message in _ERROR.findall(said):
        offset = (
            sum(len(before) + 1 for before in lines[: int(line) - 1]) + max(int(column) - 1, 0) if int(line) > 0 else 0
        )
        fault = _fault(message, text, min(offset, len(text)), variable)
        if fault is not None and fault.message not in [other.message for other in found]:
            found.append(fault)
    syntax = found and found[0].message.startswith("is no expression")  # what follows one of these follows from it
    return found[: 1 if syntax else 3] or [Fault("bad-expression", "is no expression")]


def _fault(message: str, text: str, offset: int, variable: str) -> Fault | None:
    undeclared, overload = _UNDECLARED.search(message), _OVERLOAD.search(message)
    if undeclared is not None:
        return _unknown(undeclared[1], text, offset, variable)
    if overload is not None:
        return _misfit(overload[1], overload[2], offset)
    if "recursion" in message:
        hint = 'a chain of + counts, too: [src.a, src.b].join(" ")'
        return Fault("bad-expression", "more than 32 levels inside each other", 0, hint)
    if "Syntax error" in message:
        return _unparsed(message.partition("Syntax error: ")[2].partition(" expecting ")[0].strip(), offset)
    return Fault("bad-expression", f"is no expression: {message.partition(' [')[0].strip()}", offset)


def _unparsed(said: str, offset: int) -> Fault:
    place = said.rpartition("input ")[2] if "input " in said else said.rpartition("at: ")[2]
    if place == "'<EOF>'":
        return Fault("bad-expression", "is no expression: it is not finished", offset)
    hint = next((hint for part, hint in _OTHER_TONGUES.items() if place.strip("' ").lower().startswith(part)), None)
    return Fault("bad-expression", f"is no expression: cannot go on at {place}", offset, hint)


def _unknown(name: str, text: str, offset: int, variable: str) -> Fault | None:
    function = text[offset : offset + 1] == "(" or text[offset:].startswith(f"{name}(")
    if name in ("math", "optional", "strings"):  # what is wrong is the function after it, and that is said, too
        return None
    if function and name in _KNOWN:
        return Fault("bad-expression", f"{name} does not take this", max(offset - len(name), 0))
    if function:
        hint = did_you_mean(name, _KNOWN) or "what there is: docs/mapping-language.md"
        return Fault("unknown-function", f"there is no function {name!r}", max(offset - len(name), 0), hint)
    root = name.partition(".")[0]
    start = max(text.rfind(root, 0, offset + len(root)), 0)
    near = nearest(root, (variable,), 60)  # a word of three letters
    hint = f"did you mean {near!r}?" if near else f"what there is to read is in {variable}: {variable}.{name}"
    hint = _OTHER_WAY.get((variable, root), hint)
    return Fault("unknown-name", f"there is no variable {root!r}", start, hint)


def _misfit(function: str, types: str, offset: int) -> Fault:
    shown = function.strip("@!_-").replace("_", "") or function.strip("_")[:1] if function[:1] in "_@!-" else function
    given = [_TYPES.get(one.strip(), one.strip()) for one in re.split(r",(?![^(]*\))", types)]
    hint = None
    if function == "_+_":
        hint = 'text and numbers: text(1) + "a"; numbers of two kinds: double(1) + 1.5'
    return Fault("bad-expression", f"{shown} does not take {' and '.join(given)}", offset, hint)
