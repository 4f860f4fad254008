"""Expressions (CEL, the Common Expression Language): what no path, transform or table can say.

The engine is an extra (``pip install 'syncline[expressions]'``) and imported where the first expression is met. An
expression sees one variable, has no side effect, and ends: length, depth, rounds, results and work have bounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from mappings.cel.faults import ExpressionError, Fault, faults
from mappings.cel.tree import Tree, tree_of
from mappings.cel.values import (
    MAX_RESULT,
    Size,
    affordable,
    failure,
    json_of,
    looks_like_an_error,
    name_problem,
    shaped,
    too_large,
)
from mappings.codec import ABSENT, is_blank, taker
from mappings.language import FieldPath
from mappings.transforms.base import UnfitError

RECORD, CANONICAL = "src", "to"
"""The variable of an expression: the record on the way in, the flat canonical one on the way out."""

MAX_LENGTH = 1000
_KEPT = 1 << 22  # characters
MISSING_ENGINE = "pip install 'syncline[expressions]'"

# What the engine's own conversions raise; with anything else our side would be wrong.
_RAISED = (RuntimeError, MemoryError, TypeError, ValueError, SystemError)


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
    "blank": dict.fromkeys(("STRING", "NULL", "INT", "DOUBLE", "BOOL", "LIST", "MAP"), ("BOOL", is_blank)),
}
"""Functions of ours by the type of their argument: the type of the result, and what is done."""


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
    return dialect(variable, {})


def dialect(variable: str, typed: Mapping[str, str]) -> Any:
    """As `_environment`, with more variables: the type of each, in the engine's words."""
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
        variables={variable: types.Map(types.STRING, types.DYN)}
        | {name: getattr(types, kind) for name, kind in typed.items()},
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
        raise ExpressionError(faults(str(error), text, variable)) from None
    if tree.shadowed:
        raise ExpressionError([Fault("bad-expression", f"a loop must not call its element {variable}", 0)])
    return Expression(text, kind, tree, program)


class Expression:
    """``kind`` is the type of its result as far as known beforehand, in the engine's words (``STRING``, ``DYN``)."""

    def __init__(self, text: str, kind: str, tree: Tree, program: Any) -> None:
        self.text, self.tree, self._program = text, tree, program
        self._optional = kind.startswith("optional_type")
        self.kind = kind.removeprefix("optional_type<").removesuffix(">") if self._optional else kind
        self._is_text = kind == "STRING"
        self.tops = frozenset(read.path[0] for read in tree.reads)
        self._paths = [read.path for read in tree.reads if len(read.path) > 1]
        self._needed = [taker(read.path[: read.needed]) for read in tree.reads if read.needed]
        self._carefree = _carefree(tree)

    def value(self, facts: Facts) -> Any:
        """The result as JSON; `ABSENT` for ``optional.none()`` and where the record has not what it needs.

        Raises UnfitError where it cannot be computed.
        """
        if facts.unfit or facts.total > self._carefree:
            self._look_closer(facts)
        try:
            return self._result(facts)
        except UnfitError as unfit:
            if unfit.code == "expr-missing" and any(take(facts.data) is ABSENT for take in self._needed):
                return ABSENT
            opened = facts.opened(self._paths) if unfit.code == "expr-type" else None
            if opened is None:
                raise
            return self._result(opened)

    def _result(self, facts: Facts) -> Any:
        try:
            found = self._program.eval(facts.activation)
            if self._is_text:  # the type of a value costs as much as the value: it is asked only of what looks odd
                text = found.plain_value()
                if len(text) < MAX_RESULT and not looks_like_an_error(text):
                    return text
            result = json_of(found)
        except UnfitError:
            raise
        except _RAISED as error:
            raise failure(str(error)) from None
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

    def _look_closer(self, facts: Facts) -> None:
        for name, unfit in facts.unfit.items():
            if self.tree.whole or name in self.tops:
                raise UnfitError(unfit.code, unfit.message)
        if not affordable(self.tree, facts.size(None if self.tree.whole else self.tops)):
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

    __slots__ = ("_sizes", "_told", "_variable", "activation", "data", "total", "unfit")

    def __init__(self, data: Mapping[str, Any], names: Iterable[str], variable: str) -> None:
        self.data, self._variable = data, variable
        self.unfit: dict[str, UnfitError] = {}
        sizes = self._sizes = dict[str, Size | int]()
        told = self._told = dict[str, Any]()
        odd: list[str] = []
        total = 0
        for name in names:
            value = data.get(name, ABSENT)
            if type(value) is str and value.isascii() and len(value) < MAX_RESULT and "\x00" not in value:
                told[name] = value
                sizes[name] = length = len(value)
                total += length
            elif value is not ABSENT:
                odd.append(name)
        self.total = total
        for name in odd:
            self._tell(name, data[name], told)
        self.activation = _environment(variable).Activation({variable: told})

    def _tell(self, name: str, value: Any, told: dict[str, Any]) -> None:
        size = self._sizes[name] = Size()
        try:
            told[name] = shaped(value, size)
            self.total += size.total
        except UnfitError as unfit:
            self.unfit[name] = unfit

    def opened(self, places: Iterable[FieldPath]) -> Facts | None:
        """The same, with what lies inside an object that is null being null; None where none is."""
        closed = [path for path in places if any(self._is_null(path[:end]) for end in range(1, len(path)))]
        if not closed:
            return None
        told = dict(self._told)
        for path in closed:
            inner = told
            for name in path[:-1]:
                inner[name] = inner = dict(inner.get(name) or {})
            inner.setdefault(path[-1], None)
        facts = copy(self)
        facts.activation = _environment(self._variable).Activation({self._variable: told})
        return facts

    def _is_null(self, path: FieldPath) -> bool:
        value: Any = self._told
        for name in path:
            value = value.get(name, ABSENT) if isinstance(value, dict) else ABSENT
        return value is None

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
        if not self._whole:
            return Facts(data, self._names, self._variable)
        nameable = {name: name_problem(name) for name in data}
        facts = Facts(data, [name for name, unfit in nameable.items() if unfit is None], self._variable)
        facts.unfit.update((str(name), unfit) for name, unfit in nameable.items() if unfit is not None)
        return facts


class Told:
    """The facts of the records of one page, made when first asked for.

    They are kept for the next question about the record, but no more of them than a few megabytes; the last ones always
    are, so that all rules share them. The page itself keeps the records, so that their ids stay theirs.
    """

    __slots__ = ("_about", "_found", "_last", "_scope", "_size")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._found: dict[int, Facts] = {}
        self._size = 0
        self._about: Mapping[str, Any] | None = None
        self._last: Facts | None = None

    def of(self, data: Mapping[str, Any]) -> Facts:
        if data is self._about and self._last is not None:
            return self._last
        found = self._found.get(id(data))
        if found is None:
            found = self._scope.facts(data)
            self._size += found.total
            if self._size <= _KEPT:
                self._found[id(data)] = found
        self._about, self._last = data, found
        return found
