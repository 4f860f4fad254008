"""Texts made of named parts, which can be taken apart again: ``{postal_code:word} {city}``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mappings.transforms.base import Entry, Example, OptionError, Parts, Transform, UnfitError, text_of
from model.fields import Kind

LONGEST = 1000
"""Characters a text may have to be taken apart: what is longer was not written by this form."""

_FORMS = {
    "text": re.compile(r".+", re.DOTALL),
    "word": re.compile(r"\S+"),
    "digits": re.compile(r"[0-9]+"),
    "letters": re.compile(r"[^\W\d_]+"),
}
_PIECE = re.compile(r"\{\{|\}\}|\{([A-Za-z0-9_]*)(?::([A-Za-z0-9_]*))?\}|[{}]")


class Template:
    """A text with parts in braces. ``{name}`` is any text, ``{name:word}`` one without spaces; see ``_FORMS``.

    It can be taken apart where no text can be read in two ways. A part that cannot hold the separator after it (a word
    before a space) ends there. Parts that can must not: a text in which such a separator stands once too often does
    not fit.
    Raises OptionError where two parts are not kept apart at all, unless it is only ``written``.
    """

    def __init__(self, text: Any, *, written: bool = False) -> None:
        if not isinstance(text, str) or not text or len(text) > LONGEST:
            raise OptionError("a template is a text with parts in braces", hint='"{postal_code:word} {city}"')
        self.text = text
        self._literals, self.names, self._forms = _taken_apart(text)
        self._start, self._separators, self._end = self._literals[0], self._literals[1:-1], self._literals[-1]
        last = len(self.names) - 1
        self._left = next((at for at in range(last) if not self._ends(at, self._separators[at])), last)
        self._right = next((at for at in range(last, 0, -1) if not self._ends(at, self._separators[at - 1])), 0)
        self._right = max(self._left, self._right)
        if not written:
            self._refuse_doubt()

    def _ends(self, at: int, separator: str) -> bool:
        """Whether a part cannot hold the separator, so that it ends at the first one (or begins after the last)."""
        form = self._forms[at]
        return form != "text" and _FORMS[form].fullmatch(separator) is None

    def _refuse_doubt(self) -> None:
        for at, separator in enumerate(self._separators):
            one, other = self.names[at], self.names[at + 1]
            if not separator:
                raise OptionError(f"nothing stands between {{{one}}} and {{{other}}}, so nobody can tell them apart")
            if self._left <= at < self._right and not separator.strip():
                raise OptionError(
                    f"{{{one}}} and {{{other}}} cannot be told apart: either may have spaces",
                    hint=f"if one of them never has: {{{one}:word}} or {{{other}:word}}",
                )
        between = set(self._separators[self._left : self._right])
        if any(one != other and one in other for one in between for other in between):
            raise OptionError("one separator is part of another, so that the parts cannot be told apart")

    def fill(self, values: Mapping[str, str]) -> str:
        """The text of these parts, however it would be read."""
        pieces = [self._start]
        for name, literal in zip(self.names, self._literals[1:], strict=True):
            pieces += (values[name], literal)
        return "".join(pieces)

    def split(self, text: str) -> dict[str, str] | None:
        """The parts of a text, or None where it has not this form, or could have it in more than one way."""
        length = len(self._start) + len(self._end)
        if len(text) > LONGEST or len(text) <= length or not text.startswith(self._start):
            return None
        if not text.endswith(self._end):
            return None
        body = text[len(self._start) : len(text) - len(self._end)]
        found: list[str] = [""] * len(self.names)
        for at in range(self._left):
            found[at], separator, body = body.partition(self._separators[at])
            if not separator:
                return None
        for at in range(len(self.names) - 1, self._right, -1):
            body, separator, found[at] = body.rpartition(self._separators[at - 1])
            if not separator:
                return None
        between = self._separators[self._left : self._right]
        if any(_times(separator, body) != between.count(separator) for separator in between):
            return None
        for at, separator in enumerate(between, self._left):
            found[at], _, body = body.partition(separator)
        found[self._right] = body
        if not all(_FORMS[form].fullmatch(part) for form, part in zip(self._forms, found, strict=True)):
            return None
        return dict(zip(self.names, found, strict=True))


def _times(separator: str, text: str) -> int:
    """How often it stands in the text, also where two of them overlap."""
    return sum(text.startswith(separator, at) for at in range(len(text)))


def _taken_apart(text: str) -> tuple[list[str], tuple[str, ...], list[str]]:
    literals, names, forms, end = [""], [], [], 0
    for piece in _PIECE.finditer(text):
        literals[-1] += text[end : piece.start()]
        end = piece.end()
        if piece[0] in ("{{", "}}"):
            literals[-1] += piece[0][0]
            continue
        name, form = piece[1], piece[2] or "text"
        if not name:
            raise OptionError("a part has a name in braces", hint="{city}; a brace itself is written {{ or }}")
        if form not in _FORMS:
            raise OptionError(f"a part is one of: {', '.join(_FORMS)}", hint=f"{{{name}:word}}, for example")
        if name in names:
            raise OptionError(f"the part {{{name}}} stands twice in a template")
        names.append(name)
        forms.append(form)
        literals.append("")
    literals[-1] += text[end:]
    if not names:
        raise OptionError("a template without parts says nothing", hint='"Room {number}"')
    return literals, tuple(names), forms


class Templates:
    """Several of them: a text is read by the first that fits, and written by the first whose parts all have values."""

    def __init__(self, given: Any, option: str = "text", *, written: bool = False) -> None:
        listed = given if isinstance(given, list) else [given]
        try:
            self.all = [Template(text, written=written) for text in listed]
        except OptionError as error:
            raise OptionError(error.message, option=option, hint=error.hint) from None
        if not self.all:
            raise OptionError("a template is a text with parts in braces, or a list of such texts", option=option)
        self.names = tuple(dict.fromkeys(name for template in self.all for name in template.names))

    def split(self, text: str) -> dict[str, str]:
        for template in self.all:
            found = template.split(text)
            if found is not None:
                return found
        raise UnfitError("no-match", "does not have the form of the template, or could be read in more than one way")

    def compose(self, values: Mapping[str, str]) -> str:
        """The text of these parts. Raises UnfitError where there is none, or it would be read as other parts."""
        text = self.fill(values)
        try:
            if self.split(text) == values:
                return text
        except UnfitError:
            pass
        raise UnfitError("not-lossless", "has a part that would be read as something else within the whole text")

    def fill(self, values: Mapping[str, str]) -> str:
        for template in self.all:
            if values.keys() == set(template.names):
                return template.fill(values)
        raise UnfitError("part-missing", "lacks a part without which the text cannot be written")


def given_parts(values: Sequence[Any], names: Sequence[str]) -> dict[str, str]:
    """The parts that have a value, as text, by name."""
    return {name: text_of(value) for name, value in zip(names, values, strict=True) if value not in (None, "")}


def parted(name: str, split: Any, compose: Any, names: tuple[str, ...]) -> Transform:
    """A transform between a text and parts: of one path where there is one part, else of several.

    ``split`` makes a mapping by name of a text, ``compose`` a text of such a mapping.
    """
    if len(names) == 1:
        only = names[0]
        return Transform(
            name=name,
            forward=lambda value: split(text_of(value)).get(only),
            back=None if compose is None else lambda value: compose({only: text_of(value)}),
            kinds=frozenset({Kind.TEXT}),
        )

    def forward(value: Any, asked: Sequence[str]) -> tuple[Any, ...]:
        found = split(text_of(value))
        return tuple(found.get(part) for part in asked)

    def back(values: Sequence[Any], asked: Sequence[str], _changed: Any = None) -> str | None:
        present = given_parts(values, asked)
        return compose(present) if present else None

    return Transform(
        name=name, forward=forward, back=None if compose is None else back, parts=Parts(names=names, every=True)
    )


def template(text: Any) -> Transform:
    """One text ↔ its parts; several templates are tried in their order."""
    templates = Templates(text)
    return parted("template", templates.split, templates.compose, templates.names)


ENTRIES: dict[str, Entry] = {
    "template": Entry(
        make=template,
        main="text",
        needs_main=True,
        summary="one text of named parts: a rule with one path for one part, with several paths for several",
        options={
            "text": "the text, with parts in braces: `{name}` any text, `{name:word}` without spaces, `{name:digits}`, "
            "`{name:letters}`; `{{` is a brace. A list of texts is tried in its order"
        },
        note="A part has the last name of its path (`addresses[work].city`: `city`, `emails[home]`: `home`); a number "
        "counts the paths from 1. A template that could be read in two ways is refused when the mapping is checked, a "
        "text that could when it is read, and parts that would come back as others when they are written.",
        examples=(
            Example(options="Room {number}", record="Room 12", canonical="12"),
            Example(
                options="{postal_code:word} {city}",
                record="60311 Frankfurt am Main",
                canonical={"postal_code": "60311", "city": "Frankfurt am Main"},
            ),
            Example(
                options={"text": ["{city}, {region}", "{city}"]},
                record="Lyon",
                canonical={"city": "Lyon", "region": None},
            ),
        ),
    ),
}
