"""Regular expressions, as RE2 has them: no pattern and no text can make them slow."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from mappings.transforms.base import Entry, Example, OptionError, Transform, UnfitError, text_of
from mappings.transforms.template import Templates, parted
from model.fields import Kind

LONGEST_PATTERN = 500
LONGEST_TEXT = 10_000
_BACKSLASHED = re.compile(r"\\g?<?\d")
_TEXTUAL = frozenset({Kind.TEXT})


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    """Raises ImportError, and re2.error with the reason as bytes."""
    import re2  # an extra, and 20 ms: only who uses patterns pays for it

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2.compile(pattern, options)


def _pattern(given: Any, option: str) -> Any:
    if not isinstance(given, str) or not given or len(given) > LONGEST_PATTERN:
        raise OptionError(f"{option} is a regular expression of at most {LONGEST_PATTERN} characters", option=option)
    try:
        return _compiled(given)
    except ImportError:
        raise OptionError(
            "regular expressions need a package that is not installed", hint="pip install 'syncline[expressions]'"
        ) from None
    except Exception as error:  # noqa: BLE001 (re2.error, which cannot be named before it is imported)
        raise _wrong(error, given, option) from None


def _wrong(error: Exception, given: str, option: str) -> OptionError:
    reason = error.args[0] if error.args else ""
    said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    hint = None
    if re.search(r"\(\?<?[=!]", given):
        hint = "it has no way to look ahead or behind; describe the whole text instead"
    elif re.search(r"\\[1-9]", given):
        hint = "a pattern cannot refer back to its own groups"
    return OptionError(f"{option} is no regular expression: {said}", option=option, hint=hint)


def _templates(given: Any, option: str, *, written: bool) -> Templates:
    listed = given if isinstance(given, list) else [given]
    if any(isinstance(text, str) and _BACKSLASHED.search(text) for text in listed):
        raise OptionError("a group stands in braces", option=option, hint="{1}, or {name} of (?P<name>…)")
    return Templates(given, option, written=written)


class _Reader:
    """A pattern that has to fit the whole text, and what its groups are called: by name, or counted from 1."""

    def __init__(self, pattern: Any) -> None:
        self._fits: Callable[[str], Any] = pattern.fullmatch
        by_number = {number: name for name, number in pattern.groupindex.items()}
        self.labels = tuple(by_number.get(at, str(at)) for at in range(1, pattern.groups + 1))
        self.all_named = len(by_number) == pattern.groups

    def groups(self, text: str) -> dict[str, str]:
        """The groups that took part. Raises UnfitError where the text does not fit."""
        try:
            found = self._fits(text) if len(text) <= LONGEST_TEXT else None
        except UnicodeEncodeError:  # half a character
            found = None
        if found is None:
            raise UnfitError("no-match", "does not fit the mapping's regular expression")
        return {label: group for label, group in zip(self.labels, found.groups(), strict=True) if group is not None}


def regex(read: Any = None, take: Any = None, write: Any = None) -> Transform:
    """``read`` fits the whole text; its groups are the value. ``write`` makes the text again, else it is one-way.

    What is taken is the only group, the text of ``take``, or several named groups, each to a path of its own.
    """
    reader = _Reader(_pattern(read, "read"))
    if not reader.labels and take is None and write is None:
        return _only_checked(reader)
    if not reader.labels:
        raise OptionError("the pattern has no group, so there is nothing to take", option="read", hint="'CUST-(.+)'")
    taken = _templates(take, "take", written=write is None) if take is not None else None
    if taken is not None:
        names = taken.names
    elif len(reader.labels) > 1 and not reader.all_named:
        raise OptionError("the pattern has several groups; say which is taken", hint="take: '{1}', or name them all")
    else:
        names = reader.labels
    _known(names, reader.labels, "take")
    writer = _templates(write, "write", written=True) if write is not None else None
    if writer is not None:
        _known(writer.names, names, "write")
        missing = next((name for name in names if name not in writer.names), None)
        if missing is not None:
            raise OptionError(f"write leaves out {{{missing}}}, which is taken", option="write")
    if taken is not None:
        return _rearranged(reader, taken, writer)

    def compose(values: Mapping[str, str]) -> str:
        return _verified(reader, writer, values)

    return parted("regex", reader.groups, None if writer is None else compose, names)


def _known(used: tuple[str, ...], known: tuple[str, ...], option: str) -> None:
    for name in used:
        if name not in known:
            there = ", ".join(f"{{{label}}}" for label in known)
            raise OptionError(f"there is no group {{{name}}} to {option}", option=option, hint=f"there are: {there}")


def _verified(reader: _Reader, writer: Templates | None, values: Mapping[str, str]) -> str:
    """The text, if it is read as these groups again."""
    text = writer.fill(values) if writer is not None else ""
    try:
        found = reader.groups(text)
    except UnfitError:
        found = {}
    if any(found.get(name) != value for name, value in values.items()):
        raise UnfitError("not-lossless", "would not be read back by the mapping's regular expression")
    return text


def _only_checked(reader: _Reader) -> Transform:
    def through(value: Any) -> str:
        text = text_of(value)
        reader.groups(text)
        return text

    return Transform(name="regex", forward=through, back=through, kinds=_TEXTUAL)


def _rearranged(reader: _Reader, taken: Templates, writer: Templates | None) -> Transform:
    """The groups in another order, or with other text between them."""

    def forward(value: Any) -> str:
        found = reader.groups(text_of(value))
        return taken.fill({name: found[name] for name in taken.names if name in found})

    def back(value: Any) -> str:
        return _verified(reader, writer, taken.split(text_of(value)))

    return Transform(name="regex", forward=forward, back=None if writer is None else back, kinds=_TEXTUAL)


def replace(pattern: Any = None, by: Any = "") -> Transform:
    """Whatever fits, replaced. One-way: nobody knows what it was."""
    compiled = _pattern(pattern, "pattern")
    if not isinstance(by, str) or "\\" in by:
        raise OptionError("by is the text that takes the place of what fits", option="by")

    def forward(value: Any) -> str:
        text = text_of(value)
        if len(text) > LONGEST_TEXT:
            raise UnfitError("too-long", "is too long for a regular expression")
        try:
            return str(compiled.sub(by, text))
        except UnicodeEncodeError:
            raise UnfitError("not-text", "is not text") from None

    return Transform(name="replace", forward=forward, back=None, kinds=_TEXTUAL)


ENTRIES: dict[str, Entry] = {
    "regex": Entry(
        make=regex,
        main="read",
        needs_main=True,
        summary="what a regular expression (RE2) finds; with `write` it goes both ways",
        options={
            "read": "the pattern, which has to fit the whole text",
            "take": "the value, of groups in braces: `{2}-{1}`; without it the only group, the text itself where there "
            "is no group, or several named groups for several paths",
            "write": "the text, of the same groups. A list: the first whose groups all have values",
        },
        note="Needs the extra `expressions`. Without `write` the rule goes in only. What would be read back as "
        "something else is not written.",
        examples=(
            Example(options={"read": r"CUST-(\d+)", "write": "CUST-{1}"}, record="CUST-0017", canonical="0017"),
            Example(
                options={"read": r"(\d\d)/(\d{4})", "take": "{2}-{1}", "write": "{1}/{2}"},
                record="11/2026",
                canonical="2026-11",
            ),
            Example(
                options={"read": r"(?P<postal_code>[A-Z]?\d{4,5}) (?P<city>.+)", "write": "{postal_code} {city}"},
                record="D10115 Berlin",
                canonical={"postal_code": "D10115", "city": "Berlin"},
            ),
        ),
    ),
    "replace": Entry(
        make=replace,
        main="pattern",
        needs_main=True,
        summary="every match of a regular expression (RE2) replaced (one-way)",
        options={"pattern": "what is replaced", "by": "the text in its place; nothing as usual"},
        note="Needs the extra `expressions`. One-way: nobody knows what was there.",
        examples=(Example(options="[^0-9]", record="No. 12-7", canonical="127"),),
    ),
}
