"""Transforms of text: spaces, case, affixes, truth values, addresses in the web, joined fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from mappings.transforms.base import (
    Entry,
    Example,
    Factory,
    OptionError,
    Transform,
    UnfitError,
    one_of,
    remembered,
    same,
    text_of,
)
from mappings.transforms.template import Templates, given_parts
from model.fields import Kind

_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f])*")  # with accents that are signs of their own
_TEXTUAL = frozenset({Kind.TEXT})


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
    return Transform(name="trim", forward=_stable(str.strip), back=same, kinds=_TEXTUAL)


def lower() -> Transform:
    return Transform(name="lower", forward=_stable(str.lower), back=same, kinds=_TEXTUAL)


def upper() -> Transform:
    return Transform(name="upper", forward=_stable(str.upper), back=same, kinds=_TEXTUAL)


_APOSTROPHES = frozenset("'’ʼ`´")
_AFTER_APOSTROPHES = frozenset({"s", "t", "d", "m", "n", "re", "ve", "ll"})
_AFTER_DIGITS = frozenset({"st", "nd", "rd", "th", "er", "eme", "ème"})
_NUMERALS = frozenset({"ii", "iii", "iv", "vii", "viii"})  # not vi and xi, which are names


def title() -> Transform:
    """``ANA TRUJILLO`` → ``Ana Trujillo``. A text in which both cases are used was written with care, and stays."""

    def forward(value: Any) -> str:
        given = text_of(value)
        return given if given not in (given.upper(), given.lower()) else _WORD.sub(_capital, given)

    return Transform(name="title", forward=forward, back=None, kinds=_TEXTUAL)


def _capital(word: re.Match[str]) -> str:
    """A word with its capital letter: O'Brien, but Busbey's and Van't; McDonald, but Macdonald; 2nd; III."""
    text = word[0].lower()
    before = word.string[max(word.start() - 1, 0) : word.start()]
    if before in _APOSTROPHES and text in _AFTER_APOSTROPHES:
        return text
    if before.isdigit() and text in _AFTER_DIGITS:
        return text
    if text in _NUMERALS:
        return text.upper()
    start = 2 if text.startswith("mc") and len(text) > 3 else 0
    return text[:start].capitalize() + text[start].upper() + text[start + 1 :]


def collapse() -> Transform:
    return Transform(
        name="collapse", forward=lambda value: _SPACES.sub(" ", text_of(value)).strip(), back=same, kinds=_TEXTUAL
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

    return Transform(name="url", forward=forward, back=same, kinds=frozenset({Kind.URL, Kind.TEXT}))


def join(separator: Any = "\n", template: Any = None) -> Transform:
    """Several record fields ↔ one text. ``forward`` takes a list; ``back`` gives the parts, as many as there are.

    With a ``template`` the fields are numbered: ``+{1} {2}``.
    """
    if template is not None:
        if separator != "\n":
            raise OptionError("join has a separator or a template, not both", option="template")
        return _numbered(Templates(template, "template"))
    if not isinstance(separator, str) or not separator:
        raise OptionError("separator is the text between the parts", option="separator")

    def forward(values: Sequence[Any]) -> Any:
        parts = [text for value in values if value is not None and (text := text_of(value)).strip()]
        if separator == "\n":
            return "\n".join(line for part in parts for line in _lines(part))
        if any(separator in part for part in parts[:-1]):
            raise UnfitError("separator-inside", "holds the text that separates the parts")
        return separator.join(parts)

    def back(value: Any) -> list[str]:
        given = text_of(value)
        if separator == "\n":
            return _lines(given)
        parts = given.split(separator)
        if not all(map(str.strip, parts)):
            raise UnfitError("empty-part", "has nothing before, after or between the texts that separate its parts")
        return parts

    return Transform(name="join", forward=forward, back=back, kinds=_TEXTUAL, gathers=True)


def _numbered(templates: Templates) -> Transform:
    count = len(templates.names)
    if set(templates.names) != {str(at) for at in range(1, count + 1)} or count < 2:
        raise OptionError("the fields are counted from 1", option="template", hint='"{1:digits} {2}"')
    numbers = [str(at) for at in range(1, count + 1)]

    def forward(values: Sequence[Any]) -> str | None:
        if len(values) != count:
            raise UnfitError("bad-template", f"has {len(values)} fields, and the template {count} parts")
        present = given_parts(values, numbers)
        return templates.compose(present) if present else None

    def back(value: Any) -> list[str | None]:
        found = templates.split(text_of(value))
        return [found.get(number) for number in numbers]

    return Transform(name="join", forward=forward, back=back, kinds=_TEXTUAL, gathers=True)


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


def _tidying(make: Factory, summary: str, record: str, canonical: str) -> Entry:
    """A transform without options that writes the tidy form."""
    example = Example(record=record, canonical=canonical, written=canonical)
    return Entry(make=make, summary=summary, tidies=True, examples=(example,))


ENTRIES: dict[str, Entry] = {
    "trim": _tidying(trim, "takes spaces off both ends", " Ana ", "Ana"),
    "collapse": _tidying(collapse, "every run of spaces becomes one; none at the ends", "Ana  María\n", "Ana María"),
    "lower": _tidying(lower, "lower case", "ANA", "ana"),
    "upper": _tidying(upper, "upper case", "Ana", "ANA"),
    "title": Entry(
        make=title,
        summary="capital letters at the beginning of words, where all of a text is in one case (one-way)",
        note="A text in which both cases are used stays as it is. What follows an apostrophe is large (O'Brien, "
        "D'Angelo), but for endings (Busbey's, Van't Hoff); so is what follows Mc, not what follows Mac, which begins "
        "other names, too: Macdonald, Mackey. Small words within names have a capital as others do (Van Der Berg): "
        "whether they should depends on whose name it is.",
        examples=(
            Example(record="ANA TRUJILLO-BÖHM", canonical="Ana Trujillo-Böhm"),
            Example(record="busbey's 2nd o'brien", canonical="Busbey's 2nd O'Brien"),
            Example(record="HENRY MCDONALD III", canonical="Henry McDonald III"),
        ),
    ),
    "prefix": Entry(
        make=prefix,
        main="text",
        needs_main=True,
        summary="takes a fixed beginning off, puts it back",
        options={"text": "the beginning; a value without it does not fit"},
        examples=(Example(options="C-", record="C-17", canonical="17"),),
    ),
    "suffix": Entry(
        make=suffix,
        main="text",
        needs_main=True,
        summary="takes a fixed ending off, puts it back",
        options={"text": "the ending; a value without it does not fit"},
        examples=(Example(options=" Ltd", record="Acme Ltd", canonical="Acme"),),
    ),
    "text": Entry(
        make=text,
        main="of",
        summary="a number or truth value as text",
        options={"of": "what the system holds and gets back: text (as usual), integer, number, boolean"},
        examples=(Example(options="integer", record=17, canonical="17"),),
    ),
    "url": Entry(
        make=url,
        main="scheme",
        summary="a web address in one spelling",
        tidies=True,
        options={"scheme": "of an address without one: https (as usual) or http"},
        examples=(
            Example(record="WWW.Example.com/", canonical="https://www.example.com", written="https://www.example.com"),
        ),
    ),
    "join": Entry(
        make=join,
        main="separator",
        summary="several `fields` as one text",
        options={
            "separator": "the text between the fields; as usual each is a line of its own",
            "template": 'instead: a text in which the fields are counted, `"+{1:digits} {2}"`; see `template`',
        },
        note="More parts than fields are a problem on the way out (`loses: [lines]` puts them into the last). Other "
        'transforms may follow, as in `[{join: " "}, {phone: US}]`.',
        examples=(
            Example(record=["Obere Str. 57", "Hof"], canonical="Obere Str. 57\nHof"),
            Example(options={"template": "{1:digits}-{2:digits}"}, record=["206", "5550100"], canonical="206-5550100"),
        ),
    ),
    "lines": Entry(
        make=lines,
        main="separator",
        summary="text of several lines",
        tidies=True,
        options={"separator": 'between the lines in the system: `"\\n"` (as usual), `"\\r\\n"`, `", "`, `"; "`, list'},
        note="Empty lines and spaces at the ends of lines go.",
        examples=(Example(options=", ", record="Obere Str. 57, Hof", canonical="Obere Str. 57\nHof"),),
    ),
}
