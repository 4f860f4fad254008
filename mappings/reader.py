"""Reading YAML that people write: data with positions, and diagnostics instead of exceptions.

Mappings and ``config.yaml`` are read with it. The text is YAML 1.2 (core schema: ``yes`` and ``no`` are text).
Events are consumed one by one and without recursion, so that no input can exhaust the stack; size, depth and the
number of values (aliases expanded) have bounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml import events as ev
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from model.diagnostics import Diagnostic

MAX_CHARACTERS = 512 * 1024
MAX_DEPTH = 40
MAX_VALUES = 50_000

Path = tuple[str | int, ...]


class Position(NamedTuple):
    line: int
    column: int


class Positions:
    """Where each key and value of a document stands, counted from 1. Paths are tuples of keys and list indices.

    ``files`` names the file in which a part was written that came from another one.
    """

    def __init__(self) -> None:
        self.values: dict[Path, Position] = {}
        self.keys: dict[Path, Position] = {}
        self.scalars: dict[Path, tuple[str, str]] = {}  # how a text begins (| > " ' or nothing), and the file's text
        self.files: dict[Path, str] = {}

    def file_of(self, path: Path) -> str | None:
        """The other file in which the value at ``path``, or the nearest place around it, was written."""
        for end in range(len(path), -1, -1) if self.files else ():
            found = self.files.get(path[:end])
            if found is not None:
                return found or None
        return None

    def of(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """``(line, column)`` of the value at ``path`` (of its key, if asked); else of the nearest place around it."""
        first, second = (self.keys, self.values) if key else (self.values, self.keys)
        for end in range(len(path), -1, -1):
            found = first.get(path[:end]) or second.get(path[:end])
            if found is not None:
                return found
        return 1, 1

    def within(self, path: Path, offset: int) -> tuple[int, int]:
        """Where the character at ``offset`` of the text at ``path`` stands, also in folded and quoted texts."""
        start, written = self.values.get(path), self.scalars.get(path)
        if start is None or written is None:
            return self.of(path)
        style, text = written
        places = (_block_places if style in ("|", ">") else _flow_places)(text, start, style)
        return next(islice(places, offset, None), start)


def _block_places(text: str, start: Position, style: str) -> Iterator[Position]:
    """A place for each character of a text after ``|`` or ``>``."""
    lines = text.splitlines()
    indent: int | None = None
    for number in range(start.line, len(lines)):
        line = lines[number]
        if line.strip():
            indent = len(line) - len(line.lstrip(" ")) if indent is None else indent
            yield from (Position(number + 1, column + 1) for column in range(indent, len(line)))
        if style == "|" or not line.strip() or not _blank_after(lines, number):
            yield Position(number + 1, len(line) + 1)


def _flow_places(text: str, start: Position, quote: str) -> Iterator[Position]:
    """A place for each character of a plain or quoted text: a line break and the spaces around it are one of them."""
    lines = text.splitlines()
    column = start.column - 1 + len(quote)
    for number in range(start.line - 1, len(lines)):
        line = lines[number].rstrip()
        if number > start.line - 1:
            column = len(line) - len(line.lstrip())
        while column < len(line):
            yield Position(number + 1, column + 1)
            pair = line[column : column + 2]
            column += 2 if (quote == '"' and pair[0] == "\\") or (quote == "'" and pair == "''") else 1
        if not line or not _blank_after(lines, number):
            yield Position(number + 1, len(line) + 1)


def _blank_after(lines: list[str], number: int) -> bool:
    """Whether an empty line follows: it stands for the line break then."""
    return number + 1 < len(lines) and not lines[number + 1].strip()


@dataclass(slots=True)
class _Open:
    """A mapping or sequence being built. ``weight`` counts values below it, aliases expanded."""

    data: dict[str, Any] | list[Any]
    path: Path
    anchor: str | None
    weight: int = 1
    key: str | None = None
    seen: dict[str, Position] = field(default_factory=dict)


class _StopError(Exception):
    def __init__(self, code: str, message: str, at: Position, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.at, self.hint = code, message, at, hint


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
_TAGS: dict[str, Callable[[str], Any]] = {"tag:yaml.org,2002:str": str}


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


def read_yaml(text: str, file: str) -> tuple[Any, Positions, list[Diagnostic]]:
    """The document as JSON-like data (keys are text), positions, and what is wrong with it.

    After a syntax error the data is None; after a repeated key the first one stands.
    """
    builder = _Builder(file, text)
    if len(text) > MAX_CHARACTERS:
        too_long = f"the file is longer than {MAX_CHARACTERS // 1024} KiB"
        builder.note("too-large", too_long, Position(1, 1), hint="split it")
        return None, builder.positions, builder.diagnostics
    try:
        builder.consume(_events(text))
    except _StopError as stop:
        builder.note(stop.code, stop.message, stop.at, hint=stop.hint)
        return None, builder.positions, builder.diagnostics
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
        builder.note("yaml-syntax", f"not valid YAML: {error.problem or error.context or 'syntax error'}", at)
        return None, builder.positions, builder.diagnostics
    except (
        YAMLError,
        ValueError,
        RecursionError,
        AssertionError,
        IndexError,
        TypeError,
        AttributeError,
        KeyError,
    ) as error:
        # The scanner answers some broken input with errors of its own inside; to the person it is all the same.
        reason = getattr(error, "reason", None) or "it cannot be read as text in YAML"
        builder.note("yaml-syntax", f"not valid YAML: {reason}", Position(1, 1))
        return None, builder.positions, builder.diagnostics
    return builder.root, builder.positions, builder.diagnostics


def _events(text: str) -> Iterator[Any]:
    yaml = YAML(typ="safe", pure=True)
    depth = 0
    for event in yaml.parse(text):
        if isinstance(event, ev.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _StopError("too-deep", f"more than {MAX_DEPTH} levels inside each other", _at(event))
        elif isinstance(event, ev.CollectionEndEvent):
            depth -= 1
        yield event


def _at(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)


class _Builder:
    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.root: Any = None
        self.positions = Positions()
        self.text = text
        self.diagnostics: list[Diagnostic] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._documents = 0
        self._total = 0

    def note(self, code: str, message: str, at: Position, *, path: Path = (), hint: str | None = None) -> None:
        self.diagnostics.append(
            Diagnostic(
                code=code,
                message=message,
                file=self.file,
                line=at.line,
                column=at.column,
                path=".".join(map(str, path)) or None,
                hint=hint,
            )
        )

    def consume(self, events: Iterator[Any]) -> None:
        for event in events:
            if isinstance(event, ev.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    raise _StopError(
                        "several-documents", "a second document begins here", _at(event), "use one file each"
                    )
            elif isinstance(event, ev.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, ev.AliasEvent):
                self._alias(event)
            elif isinstance(event, ev.CollectionStartEvent):
                self._start(event)
            elif isinstance(event, ev.CollectionEndEvent):
                done = self._open.pop()
                self._close(done)

    def _tag(self, event: Any) -> str | None:
        tag = getattr(event, "ctag", None) or event.tag
        return None if tag is None else str(tag)

    def _scalar(self, event: Any) -> None:
        tag = self._tag(event)
        if tag in (None, "!") or not tag:
            value = plain_scalar(event.value) if event.implicit[0] and event.style is None else event.value
            if tag == "!":
                value = event.value
        elif tag in _TAGS:
            value = _TAGS[tag](event.value)
        else:
            raise _StopError("yaml-tag", "tags other than !!str are not used here", _at(event), "leave the tag out")
        if self._open and isinstance(self._open[-1].data, dict) and self._open[-1].key is None:
            self._key(event)
            return
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        path = self._put(value, _at(event), 1)
        if isinstance(value, str):
            self.positions.scalars[path] = event.style or "", self.text

    def _key(self, event: Any) -> None:
        parent, at, key = self._open[-1], _at(event), event.value
        if key in parent.seen:
            first = parent.seen[key].line
            self.note("duplicate-key", f"the key is given twice (first in line {first})", at, path=(*parent.path, key))
            key = f"{key}\x00{len(parent.seen)}"  # its value is read and thrown away
        parent.seen[key] = at
        parent.key = key
        self.positions.keys[(*parent.path, key)] = at

    def _alias(self, event: Any) -> None:
        parent = self._open[-1] if self._open else None
        if parent is not None and isinstance(parent.data, dict) and parent.key is None:
            raise _StopError("yaml-key", "a key must be plain text", _at(event))
        if event.anchor not in self._anchors:
            raise _StopError("yaml-alias", "the alias stands for nothing above it", _at(event))
        value, weight = self._anchors[event.anchor]
        self._put(value, _at(event), weight)

    def _start(self, event: Any) -> None:
        if self._open and isinstance(self._open[-1].data, dict) and self._open[-1].key is None:
            raise _StopError("yaml-key", "a key must be plain text", _at(event))
        tag = self._tag(event)
        if tag not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            raise _StopError("yaml-tag", "tags other than !!str are not used here", _at(event), "leave the tag out")
        data: dict[str, Any] | list[Any] = {} if isinstance(event, ev.MappingStartEvent) else []
        path = self._put(data, _at(event), 1)
        self._open.append(_Open(data, path, event.anchor))

    def _put(self, value: Any, at: Position, weight: int) -> Path:
        self._total += weight
        if self._total > MAX_VALUES:
            raise _StopError("too-large", f"more than {MAX_VALUES} values (aliases expanded)", at)
        if not self._open:
            self.root = value
            self.positions.values[()] = at
            return ()
        parent = self._open[-1]
        parent.weight += weight
        if isinstance(parent.data, list):
            path: Path = (*parent.path, len(parent.data))
            parent.data.append(value)
        else:
            key = parent.key or ""
            parent.key = None
            path = (*parent.path, key)
            if "\x00" not in key:
                parent.data[key] = value
        self.positions.values[path] = at
        return path

    def _close(self, done: _Open) -> None:
        if done.anchor:
            self._anchors[done.anchor] = (done.data, done.weight)
        if self._open:
            self._open[-1].weight += done.weight - 1
