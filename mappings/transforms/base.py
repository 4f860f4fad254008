"""What a transform is.

Laws, tested for every one of them (`syncline.testing.transform_laws`): whatever ``forward`` accepts,
``forward(back(forward(x))) == forward(x)``; and for a canonical value ``c`` that ``back`` accepts,
``forward(back(c)) == c``. So a value that went through once is stable, and reading back our own write is never taken
for an edit. Where that would not hold, ``back`` raises UnfitError.

Two exceptions, each said on the transform's page. One that ``tidies`` (`trim`, `lower`) writes what it is given: the
second law holds for tidy values. One whose system holds less (`epoch` in seconds) loses that once, and then keeps both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from math import isfinite
from typing import Any, TypeVar, cast

from model.fields import Kind


class UnfitError(ValueError):
    """A value that the transform cannot take. ``message`` is a constant text and never holds the value."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class OptionError(ValueError):
    """A transform was written wrongly in a mapping. ``option`` is None where the transform as a whole is meant."""

    def __init__(self, message: str, *, option: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.option, self.hint = message, option, hint


class _NothingKnown:
    """The result of a transform that cannot tell: the canonical path stays absent."""

    def __repr__(self) -> str:
        return "nothing known"


NOTHING = _NothingKnown()


class Form:
    """What texts look like: a regular expression that matches no line break and needs no stepping back."""

    def __init__(self, expression: str) -> None:
        self.fits = re.compile(rf"{expression}\Z").match
        self._lines = re.compile(rf"(?:{expression}\n)*+").fullmatch

    def fits_all(self, texts: Sequence[str]) -> bool:
        """Whether it fits each of them; asked of all at once. Raises TypeError where one is no text."""
        lines = "\n".join(texts) + "\n"
        return lines.count("\n") == len(texts) and self._lines(lines) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a text, each of them a canonical path whose last name it bears: ``city``, ``emails[work]``.

    ``names`` are those there can be (None: any), ``every`` says that a rule has to have them all. Names that are
    numbers count the rule's paths from 1.
    """

    names: tuple[str, ...] | None = None
    every: bool = False

    @property
    def numbered(self) -> bool:
        return bool(self.names) and all(name.isdigit() for name in self.names or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """A named pair. Neither function ever sees None or ``""``: blanks are the rule's business.

    ``back`` is None where the transform is one-way. ``kinds`` are the canonical kinds it yields (empty: any that its
    input fits). With ``beside``, ``forward`` takes ``(value, value of that record field)`` and ``back`` returns such a
    pair; ``beside_is_written`` tells whether the second one is to be written too. With ``sibling``, the name of an
    attribute of the same canonical item (``country``), ``back`` takes ``(value, value of that attribute)``.

    With ``parts``, one record field is several canonical paths. ``forward`` takes ``(value, names)`` and gives a tuple
    of values in the order of the names (None: no value, `NOTHING`: nothing known). ``back`` takes ``(values, names,
    changed)``, where ``changed`` holds the names of the parts that are news, or is None where all are.

    With ``gathers``, several record fields are one canonical path: ``forward`` takes the list of their values, ``back``
    gives such a list.

    ``alike`` tells whether a value that is read is another spelling of one that was written, where that depends on more
    than the value. ``blank`` is what a field without a value stands for; a transform whose ``back`` gives None for that
    value writes it so. ``settled`` and ``settled_back`` are shortcuts: forms of text that ``forward`` (or ``back``)
    returns as it is.
    """

    name: str
    forward: Callable[..., Any]
    back: Callable[..., Any] | None
    kinds: frozenset[Kind] = field(default_factory=frozenset)
    beside: str | None = None
    beside_is_written: bool = False
    sibling: str | None = None
    settled: Form | None = None
    settled_back: Form | None = None
    parts: Parts | None = None
    gathers: bool = False
    alike: Callable[[Any, Any], bool] | None = None
    blank: Any = None


Factory = Callable[..., Transform]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What a record shows and what it means. ``written`` is what goes out where that is another spelling.

    With ``parts``, ``canonical`` holds a value by name of part; with ``gathers``, ``record`` is the list of values;
    with a field beside it, ``record`` is the pair of both.
    """

    options: Any = None
    record: Any
    canonical: Any
    written: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A transform as the language knows it. ``main`` is the option a bare value stands for: ``{country: name}``.

    ``summary``, ``options`` (what each is for), ``examples`` and ``note`` (what else a reader should know, above all
    what is lost) make its page; the examples are tested, in both directions. ``tidies``: see the laws above.
    """

    make: Factory
    main: str | None = None
    summary: str = ""
    needs_main: bool = False
    tidies: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    note: str = ""


C = TypeVar("C", bound=Callable[..., Any])


def remembered(size: int) -> Callable[[C], C]:
    """Cache a pure function by its first argument where that is text; anything else goes straight through.

    (A cache of its own would raise on lists, and take ``True`` for ``1``.)
    """

    def wrap(function: C) -> C:
        cached = lru_cache(maxsize=size)(function)

        @wraps(function)
        def call(value: Any, *more: Any, **options: Any) -> Any:
            return (cached if type(value) is str else function)(value, *more, **options)

        return cast("C", call)

    return wrap


def text_of(value: Any) -> str:
    """Text, or a plain number as text. Raises UnfitError for truth values, lists and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if isinstance(value, float) and not isfinite(value):  # 1e999 is JSON, and more than a float can hold
            raise UnfitError("not-a-number", "is a number beyond all that can be held")
        return str(value)
    raise UnfitError("not-text", "is not text")


def same(value: Any) -> Any:
    """The way back of a transform that writes what it is given."""
    return value


def one_of(option: str, value: Any, allowed: Mapping[str, Any] | tuple[str, ...]) -> str:
    """``value`` if it is one of the allowed words; raises OptionError with all of them otherwise."""
    if not isinstance(value, str) or value not in allowed:
        raise OptionError(f"{option} is one of: {', '.join(allowed)}", option=option)
    return value


def field_name(option: str, value: Any) -> str:
    """``value`` if it can be the name of a record field; raises OptionError otherwise."""
    if not isinstance(value, str) or not value:
        raise OptionError(f"{option} names a record field", option=option)
    return value
