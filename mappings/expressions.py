"""Expressions (CEL, the Common Expression Language): what no path, transform or table can say.

The engine is an extra (``pip install 'syncline[expressions]'``) and imported where the first expression is met. An
expression sees one variable, has no side effect, and ends: length, depth, rounds, results and work have bounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from mappings.codec import ABSENT, is_blank, taker
from mappings.expression_tree import Read, Tree, tree_of
from mappings.expression_values import Results, Size, affordable, failure, shaped, too_large
from mappings.language import field_text
from mappings.nodes import did_you_mean
from mappings.transforms.base import UnfitError

RECORD, CANONICAL = "src", "to"
"""The variable of an expression: the record on the way in, the flat canonical one on the way out."""

MAX_LENGTH = 1000
MISSING_ENGINE = "pip install 'syncline[expressions]'"

# What the engine's own conversions raise; with anything else our side would be wrong.
_RAISED = (RuntimeError, MemoryError, TypeError, ValueError, SystemError)


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


def _number_text(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else str(number)


_FUNCTIONS: Mapping[str, Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "text": {
        "STRING": ("STRING", str),
        "NULL": ("STRING", lambda _: ""),
        "INT": ("STRING", str),
        "DOUBLE": ("STRING", _number_text),
        "BOOL": ("STRING", lambda value: "true" if value else "false"),
    },
    "lower": {"STRING": ("STRING", str.lower), "NULL": ("NULL", lambda _: None)},
    "upper": {"STRING": ("STRING", str.upper), "NULL": ("NULL", lambda _: None)},
    "blank": {name: ("BOOL", is_blank) for name in ("STRING", "NULL", "INT", "DOUBLE", "BOOL", "LIST", "MAP")},
}
"""Functions of ours by the type of their argument: the type of the result, and what is done."""

_KNOWN = (
    *_FUNCTIONS, "all", "bool", "bytes", "charAt", "contains", "double", "duration", "endsWith", "exists", "exists_one",
    "filter", "format", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours",
    "getMilliseconds", "getMinutes", "getMonth", "getSeconds", "has", "hasValue", "indexOf", "int", "join",
    "lastIndexOf", "lowerAscii", "map", "matches", "math.abs", "math.ceil", "math.floor", "math.greatest",
    "math.least", "math.round", "math.trunc", "optFlatMap", "optMap", "optional.none", "optional.of",
    "optional.ofNonZeroValue", "or", "orValue", "replace", "reverse", "size", "split", "startsWith", "string",
    "strings.quote", "substring", "timestamp", "trim", "type", "uint", "upperAscii", "value",
)  # fmt: skip


def available() -> bool:
    """Whether the engine is installed."""
    try:
        _environment(RECORD)
    except ImportError:
        return False
    return True


@cache
def _environment(variable: str) -> Any:
    """The engine, knowing one variable and what may be done with it. Raises ImportError."""
    cel = import_module("cel_expr_python.cel")
    extensions = [("strings", "ExtStrings"), ("optional", "ExtOptional"), ("math", "ExtMath")]
    types = cel.Type

    def overload(name: str, given: str, result: str, work: Callable[[Any], Any]) -> Any:
        return cel.Overload(
            f"{name}_{given.lower()}",
            return_type=getattr(types, result),
            parameters=[getattr(types, given)],
            impl=lambda value: work(value),  # the engine looks at the signature, which built-in functions lack
        )

    return cel.NewEnv(
        variables={variable: types.Map(types.STRING, types.DYN)},
        extensions=[getattr(import_module(f"cel_expr_python.ext.ext_{part}"), name)() for part, name in extensions],
        functions=[
            cel.FunctionDecl(name, [overload(name, given, *how) for given, how in overloads.items()])
            for name, overloads in _FUNCTIONS.items()
        ],
    )


@lru_cache(maxsize=4096)
def expression(text: str, variable: str = RECORD) -> Expression:
    """A compiled expression. Raises ExpressionError with all that is wrong, and ImportError without the engine."""
    environment = _environment(variable)
    if len(text) > MAX_LENGTH:
        message = f"the expression is longer than {MAX_LENGTH} characters"
        raise ExpressionError([Fault("bad-expression", message, 0, "use values, transforms, or several rules")])
    if not text.isprintable() and re.search("[\x00\ud800-\udfff]", text):
        raise ExpressionError([Fault("bad-expression", "holds a character that no expression can have")])
    try:
        program = environment.compile(text)
        kind = program.return_type().name()
        tree = tree_of(program.serialize(), variable)
        if kind.startswith("optional_type"):  # the engine has no Python value for these, but for lists of them
            program = environment.compile(f"[?({text}\n)]")
    except _RAISED as error:
        raise ExpressionError(_faults(str(error), text, variable)) from None
    if tree.shadowed:
        raise ExpressionError([Fault("bad-expression", f"a loop must not call its element {variable}", 0)])
    return Expression(text, kind, tree, program)


class Expression:
    """``kind`` is the type of its result as far as it is known beforehand, in the engine's words (``STRING``, ``DYN``)."""

    def __init__(self, text: str, kind: str, tree: Tree, program: Any) -> None:
        self.text, self.tree, self._program = text, tree, program
        self._optional = kind.startswith("optional_type")
        self.kind = kind.removeprefix("optional_type<").removesuffix(">") if self._optional else kind
        self.tops = frozenset(read.path[0] for read in tree.reads)
        self._needed = [taker(read.path[: read.needed]) for read in tree.reads if read.needed]
        self._carefree = _carefree(tree)

    def value(self, facts: Facts) -> Any:
        """The result as JSON; `ABSENT` for ``optional.none()`` and where the record has not what it needs.

        Raises UnfitError where it cannot be computed.
        """
        self._bounded(facts)
        try:
            result = Results().json(self._evaluated(facts))
        except UnfitError as unfit:
            if unfit.code == "expr-missing" and any(take(facts.data) is ABSENT for take in self._needed):
                return ABSENT
            raise
        if self._optional:
            return result[0] if result else ABSENT
        return result

    def holds(self, facts: Facts) -> bool:
        """The result of a condition. Raises UnfitError where it is no truth value, or cannot be computed."""
        result = self.value(facts)
        if result is ABSENT:
            raise UnfitError("expr-missing", "could not be computed: asks for something that is not there")
        if not isinstance(result, bool):
            raise UnfitError("expr-type", "could not be computed: the result is neither true nor false")
        return result

    def _evaluated(self, facts: Facts) -> Any:
        try:
            return self._program.eval(facts.activation)
        except _RAISED as error:
            raise failure(str(error)) from None

    def _bounded(self, facts: Facts) -> None:
        if facts.unfit:
            for name, unfit in facts.unfit.items():
                if self.tree.whole or name in self.tops:
                    raise UnfitError(unfit.code, unfit.message)
        if facts.total > self._carefree and not affordable(
            self.tree, facts.size(None if self.tree.whole else self.tops)
        ):
            raise too_large()


def _carefree(tree: Tree) -> int:
    """Data up to this size need not be looked at more closely, whatever they are."""
    low, high = 0, 1 << 26
    while low < high:
        middle = (low + high + 1) // 2
        worst = Size()
        worst.total = worst.longest = middle
        worst.elements = middle // 16
        low, high = (middle, high) if affordable(tree, worst) else (low, middle - 1)
    return low


class Facts:
    """What the expressions of one mapping are told of one record: made once, however many there are."""

    __slots__ = ("_sizes", "activation", "data", "total", "unfit")

    def __init__(self, data: Mapping[str, Any], names: Iterable[str], variable: str) -> None:
        self.data = data
        self.total = 0
        self.unfit: dict[str, UnfitError] = {}
        self._sizes: dict[str, Size | int] = {}
        told: dict[str, Any] = {}
        for name in names:
            value = data.get(name, ABSENT)
            if type(value) is str and value.isascii() and len(value) < MAX_LENGTH and "\x00" not in value:
                told[name] = value
                self._sizes[name] = len(value)
                self.total += len(value)
            elif value is not ABSENT:
                self._tell(name, value, told)
        self.activation = _environment(variable).Activation({variable: told})

    def _tell(self, name: str, value: Any, told: dict[str, Any]) -> None:
        size = self._sizes[name] = Size()
        try:
            told[name] = shaped(value, size)
            self.total += size.total
        except UnfitError as unfit:
            self.unfit[name] = unfit

    def size(self, names: Iterable[str] | None) -> Size:
        """The size of some of the fields, or of all."""
        whole = Size()
        for name in self._sizes if names is None else names:
            found = self._sizes.get(name, 0)
            if isinstance(found, int):
                whole.text(found)
            else:
                whole.add(found)
        return whole


class Scope:
    """The expressions of a mapping that share what they are told, one way."""

    def __init__(self, expressions: Iterable[Expression], variable: str = RECORD) -> None:
        several = list(expressions)
        self._whole = any(one.tree.whole for one in several)
        self._names = sorted(frozenset[str]().union(*(one.tops for one in several)))
        self._variable = variable

    def page(self) -> Told:
        return Told(self)

    def facts(self, data: Mapping[str, Any]) -> Facts:
        return Facts(data, data if self._whole else self._names, self._variable)


class Told:
    """The facts of the records of one page, made when first asked for. Keeps the records, so that ids stay theirs."""

    __slots__ = ("_found", "_scope")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._found: dict[int, Facts] = {}

    def of(self, data: Mapping[str, Any]) -> Facts:
        found = self._found.get(id(data))
        if found is None:
            found = self._found[id(data)] = self._scope.facts(data)
        return found


def missing(read: Read, variable: str) -> str:
    """A place as it is written in an expression, for messages."""
    return f"{variable}.{field_text(read.path)}"


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


def _faults(said: str, text: str, variable: str) -> list[Fault]:
    """What the engine said, in our words. It counts lines from 1 and characters from 1."""
    lines = text.split("\n")
    found = []
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
    what = "the record's fields are in" if variable == RECORD else "the canonical values are in"
    near = did_you_mean(root, (variable,))
    return Fault(
        "unknown-name", f"there is no variable {root!r}", start, near or f"{what} {variable}: {variable}.{name}"
    )


def _misfit(function: str, types: str, offset: int) -> Fault:
    shown = function.strip("@!_-").replace("_", "") or function.strip("_")[:1] if function[:1] in "_@!-" else function
    given = [_TYPES.get(one.strip(), one.strip()) for one in re.split(r",(?![^(]*\))", types)]
    hint = None
    if function == "_+_":
        hint = 'text and numbers: text(1) + "a"; numbers of two kinds: double(1) + 1.5'
    return Fault("bad-expression", f"{shown} does not take {' and '.join(given)}", offset, hint)
