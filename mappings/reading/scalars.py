"""Single values of a YAML file: what an unquoted one is, how one is written, and where a character of it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

Place = tuple[int, int]
"""Line and column, counted from 1."""


_INTEGER = re.compile(r"[-+]?[0-9]{1,300}\Z")
_OCTAL = re.compile(r"0o[0-7]{1,100}\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,100}\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?\Z")
_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def plain_scalar(text: str) -> Any:
    """The value of an unquoted scalar under the YAML 1.2 core schema (infinities and NaN stay text: JSON has none)."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text):
        number = float(text)
        return number if abs(number) != float("inf") else text
    if _OCTAL.match(text):
        return int(text[2:], 8)
    if _HEX.match(text):
        return int(text[2:], 16)
    return text


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*\Z")
_BOOLEANS = frozenset({"y", "n", "yes", "no", "on", "off"})
"""Words that older YAML readers take for truth values; ours does not, other people's tools may."""


def scalar(text: str) -> str:
    """A scalar that every reader takes for exactly this text: plain where that is certain, else quoted."""
    if _PLAIN.match(text) and text.lower() not in _BOOLEANS and isinstance(plain_scalar(text), str):
        return text
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"  # patterns can be read without their backslashes doubled
    quoted = json.dumps(text, ensure_ascii=False)  # its escapes are all YAML's, too
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in quoted)


def _escaped(sign: str) -> str:
    code = ord(sign)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(flow, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return scalar(value) if isinstance(value, str) else str(value)


def place_within(style: str, text: str, start: Place, offset: int) -> Place:
    """Where the character at ``offset`` of a scalar stands that begins at ``start`` with ``style`` (a quote, ``|``)."""
    places = (_block_places if style in ("|", ">") else _flow_places)(text, start, style)
    return next(islice(places, offset, None), start)


def _block_places(text: str, start: Place, style: str) -> Iterator[Place]:
    """A place for each character of a text after ``|`` or ``>``."""
    lines = text.splitlines()
    indent: int | None = None
    for number in range(start[0], len(lines)):
        line = lines[number]
        if line.strip():
            indent = len(line) - len(line.lstrip(" ")) if indent is None else indent
            yield from ((number + 1, column + 1) for column in range(indent, len(line)))
        if style == "|" or not line.strip() or not _blank_after(lines, number):
            yield (number + 1, len(line) + 1)


def _flow_places(text: str, start: Place, quote: str) -> Iterator[Place]:
    """A place for each character of a plain or quoted text: a line break and the spaces around it are one of them."""
    lines = text.splitlines()
    column = start[1] - 1 + len(quote)
    for number in range(start[0] - 1, len(lines)):
        line = lines[number].rstrip()
        if number > start[0] - 1:
            column = len(line) - len(line.lstrip())
        while column < len(line):
            yield (number + 1, column + 1)
            pair = line[column : column + 2]
            column += 2 if (quote == '"' and pair[0] == "\\") or (quote == "'" and pair == "''") else 1
        if not line or not _blank_after(lines, number):
            yield (number + 1, len(line) + 1)


def _blank_after(lines: list[str], number: int) -> bool:
    """Whether an empty line follows: it stands for the line break then."""
    return number + 1 < len(lines) and not lines[number + 1].strip()
