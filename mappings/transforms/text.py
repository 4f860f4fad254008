"""Transforms of text: spaces, case, affixes, truth values, addresses in the web, joined fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from mappings.transforms.base import Entry, OptionError, Transform, UnfitError, one_of, remembered, text_of
from model.fields import Kind

_SPACES = re.compile(r"\s+")
_TEXTUAL = frozenset({Kind.TEXT})


def _same(value: Any) -> Any:
    return value


def _stable(change: Callable[[str], str]) -> Callable[[Any], str]:
    """Apply until nothing moves: some letters change twice (``ŉ``), and laws are laws."""

    def forward(value: Any) -> str:
        text = text_of(value)
        for _ in range(4):
            changed = change(text)
            if changed == text:
                break
            text = changed
        return text

    return forward


def trim() -> Transform:
    return Transform(name="trim", forward=_stable(str.strip), back=_same, kinds=_TEXTUAL)


def lower() -> Transform:
    return Transform(name="lower", forward=_stable(str.lower), back=_same, kinds=_TEXTUAL)


def upper() -> Transform:
    return Transform(name="upper", forward=_stable(str.upper), back=_same, kinds=_TEXTUAL)


def collapse() -> Transform:
    return Transform(
        name="collapse", forward=lambda value: _SPACES.sub(" ", text_of(value)).strip(), back=_same, kinds=_TEXTUAL
    )


def prefix(text: Any) -> Transform:
    """``gid://shop/Customer/17`` ↔ ``17``. A value without the prefix is unfit."""
    return _affix("prefix", text, lambda t, a: t.removeprefix(a) if t.startswith(a) else None, lambda t, a: a + t)


def suffix(text: Any) -> Transform:
    return _affix("suffix", text, lambda t, a: t.removesuffix(a) if t.endswith(a) else None, lambda t, a: t + a)


def _affix(name: str, affix: Any, strip: Callable[[str, str], str | None], add: Callable[[str, str], str]) -> Transform:
    if not isinstance(affix, str) or not affix:
        raise OptionError(f"{name} needs the text to take off", option="text")

    def forward(value: Any) -> str:
        rest = strip(text_of(value), affix)
        if not rest:
            raise UnfitError(f"no-{name}", f"does not have the {name} the mapping names, or nothing besides")
        return rest

    return Transform(name=name, forward=forward, back=lambda value: add(text_of(value), affix), kinds=_TEXTUAL)


def text(of: Any = "text") -> Transform:
    """Any plain value as text; ``of`` is the type the system holds and gets back."""
    kind = one_of("of", of, ("text", "integer", "number", "boolean"))

    def forward(value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return text_of(value)

    def back(value: Any) -> Any:
        given = text_of(value)
        try:
            if kind == "integer":
                return int(given)
            if kind == "number":
                return int(given) if given.lstrip("-").isdigit() else float(given)
        except ValueError:
            raise UnfitError("not-a-number", "is not a number, which is what the system holds") from None
        if kind == "boolean":
            if given not in ("true", "false"):
                raise UnfitError("not-boolean", "is neither true nor false")
            return given == "true"
        return given

    return Transform(name="text", forward=forward, back=back, kinds=_TEXTUAL)


def _words(option: str, value: Any) -> tuple[Any, ...]:
    words = value if isinstance(value, (list, tuple)) else [value]
    if not words or not all(isinstance(word, (str, int, bool)) for word in words):
        raise OptionError(f"boolean needs a word, or a list of words, for {option}", option=option)
    return tuple(words)


def boolean(true: Any = ("true", True, 1), false: Any = ("false", False, 0)) -> Transform:
    """Words ↔ truth. The first word of each list is the one written. Reading minds neither case nor spaces."""
    yes, no = _words("true", true), _words("false", false)
    table = {_word(word): truth for words, truth in ((no, False), (yes, True)) for word in words}
    if {_word(w) for w in yes} & {_word(w) for w in no}:
        raise OptionError("a word stands for both true and false", option="true")

    def forward(value: Any) -> bool:
        found = table.get(_word(value)) if isinstance(value, (str, int, float)) else None
        if found is None:
            raise UnfitError("not-boolean", "is none of the words for true and false")
        return found

    def back(value: Any) -> Any:
        if not isinstance(value, bool):
            raise UnfitError("not-boolean", "is neither true nor false")
        return yes[0] if value else no[0]

    return Transform(name="boolean", forward=forward, back=back, kinds=frozenset({Kind.BOOLEAN}))


def _word(value: Any) -> str:
    return str(value).strip().casefold()


def url(scheme: Any = "https") -> Transform:
    """A web address: scheme and host in lower case, the given scheme where it has none, no bare final slash."""
    default = one_of("scheme", scheme, ("https", "http"))

    @remembered(8192)
    def forward(value: Any) -> str:
        given = text_of(value).strip()
        if _SPACES.search(given):
            raise UnfitError("not-a-url", "is not a web address")
        try:
            parts = urlsplit(given if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", given) else f"{default}://{given}")
            host = parts.hostname
        except ValueError:
            host = None
        if not host or "." not in host.strip(".") or parts.scheme not in ("http", "https"):
            raise UnfitError("not-a-url", "is not a web address")
        path = "" if parts.path == "/" and not parts.query and not parts.fragment else parts.path
        return urlunsplit((parts.scheme, parts.netloc.lower(), path, parts.query, parts.fragment))

    return Transform(name="url", forward=forward, back=_same, kinds=frozenset({Kind.URL, Kind.TEXT}))


def join(separator: Any = "\n") -> Transform:
    """Several record fields ↔ one text. ``forward`` takes a list; ``back`` gives the parts, as many as there are."""
    if not isinstance(separator, str) or not separator:
        raise OptionError("separator is the text between the parts", option="separator")

    def forward(values: Sequence[Any]) -> Any:
        parts = [text_of(value) for value in values if value not in (None, "")]
        if separator == "\n":
            return "\n".join(line for part in parts for line in _lines(part))
        if any(separator in part for part in parts[:-1]):
            raise UnfitError("separator-inside", "holds the text that separates the parts")
        return separator.join(parts)

    def back(value: Any) -> list[str]:
        given = text_of(value)
        return _lines(given) if separator == "\n" else given.split(separator)

    return Transform(name="join", forward=forward, back=back, kinds=frozenset({Kind.TEXT}), gathers=True)


def _lines(value: str) -> list[str]:
    return [line.strip() for line in value.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]


def lines(separator: Any = "\n") -> Transform:
    """One field of several lines (or a list of them) ↔ text with ``\\n``; ``separator`` is what the system uses."""
    if separator not in ("\n", "\r\n", ", ", "; ", "list"):
        raise OptionError('separator is one of: "\\n", "\\r\\n", ", ", "; ", list', option="separator")

    def forward(value: Any) -> str:
        if isinstance(value, list):
            return "\n".join(line for part in value if part is not None for line in _lines(text_of(part)))
        given = text_of(value)
        if separator in (", ", "; "):
            given = given.replace(separator, "\n")
        return "\n".join(_lines(given))

    def back(value: Any) -> Any:
        parts = _lines(text_of(value))
        if separator == "list":
            return parts
        if separator in (", ", "; ") and any(separator in part for part in parts):
            raise UnfitError("separator-inside", "has a line holding the text that separates lines in the system")
        return str(separator).join(parts)

    return Transform(name="lines", forward=forward, back=back, kinds=frozenset({Kind.TEXT}))


def nth(position: Any = 1) -> Transform:
    """One element of a list, counted from 1 (negative: from the end). One-way."""
    if not isinstance(position, int) or isinstance(position, bool) or position == 0:
        raise OptionError(
            "position is a whole number, counted from 1 (or from the end, if negative)", option="position"
        )
    index = position - 1 if position > 0 else position

    def forward(value: Any) -> Any:
        if not isinstance(value, list):
            raise UnfitError("not-a-list", "is not a list")
        return value[index] if -len(value) <= index < len(value) else None

    return Transform(name="nth", forward=forward, back=None)


ENTRIES: dict[str, Entry] = {
    "trim": Entry(make=trim, summary="takes spaces off both ends"),
    "lower": Entry(make=lower, summary="lower case"),
    "upper": Entry(make=upper, summary="upper case"),
    "collapse": Entry(make=collapse, summary="every run of spaces becomes one; none at the ends"),
    "prefix": Entry(make=prefix, main="text", needs_main=True, summary="takes a fixed beginning off, puts it back"),
    "suffix": Entry(make=suffix, main="text", needs_main=True, summary="takes a fixed ending off, puts it back"),
    "text": Entry(make=text, main="of", summary="a number or truth value as text"),
    "boolean": Entry(make=boolean, summary="words for true and false"),
    "url": Entry(make=url, main="scheme", summary="a web address in one spelling"),
    "join": Entry(make=join, main="separator", summary="several fields as one text"),
    "lines": Entry(make=lines, main="separator", summary="text of several lines"),
    "nth": Entry(make=nth, main="position", needs_main=True, summary="one element of a list (one-way)"),
    "first": Entry(make=nth, summary="the first element of a list (one-way)"),
}
