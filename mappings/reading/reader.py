"""Reading YAML that people write: data with positions, and diagnostics instead of exceptions.

Mappings and ``config.yaml`` are read with it. The text is YAML 1.2 (core schema: ``yes`` and ``no`` are text).
Events are consumed one by one and without recursion, so that no input can exhaust the stack; size, depth and the
number of values (aliases expanded) have bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml import events as ev
from ruamel.yaml.error import YAMLError

from mappings.reading.draft import Draft, Trouble
from mappings.reading.mending import diagnose
from mappings.reading.scalars import place_within, plain_scalar
from model.diagnostics import Diagnostic, Severity

MAX_CHARACTERS = 128 * 1024
MAX_DEPTH = 40
MAX_VALUES = 20_000
MAX_MENDED = 128 * 1024
"""How many characters are parsed again, all in all, after mistakes."""
MOST = 300
"""So many diagnostics of one file are listed."""

Path = tuple[str | int, ...]


class Position(NamedTuple):
    line: int
    column: int


class Positions:
    """Where each key and value of a document stands, counted from 1. Paths are tuples of keys and list indices.

    ``files`` names the file in which a part was written that came from another one.
    ``left_out`` are lines that could not be read, ``guessed`` those whose values were put right by guessing, ``meant``
    the places of keys under the names that were probably meant.
    """

    def __init__(self) -> None:
        self.values: dict[Path, Position] = {}
        self.keys: dict[Path, Position] = {}
        self.scalars: dict[Path, tuple[str, str]] = {}  # how a text begins (| > " ' or nothing), and the file's text
        self.files: dict[Path, str] = {}
        self.ends: dict[Path, int] = {}
        self.meant: set[Path] = set()
        self.left_out: frozenset[int] = frozenset()
        self.guessed: frozenset[int] = frozenset()

    def file_of(self, path: Path) -> str | None:
        """The other file in which the value at ``path``, or the nearest place around it, was written."""
        for end in range(len(path), -1, -1) if self.files else ():
            found = self.files.get(path[:end])
            if found is not None:
                return found or None
        return None

    def lacks(self, path: Path) -> bool:
        """Whether lines of the mapping or list at ``path`` were not valid YAML, so that something may be missing."""
        unsure = self.left_out | self.guessed
        if not unsure:
            return False
        begin, end = self.of(path, key=True)[0] if path else 1, self.ends.get(path, MAX_CHARACTERS)
        return any(begin <= line <= end for line in unsure)

    def also(self, given: Path, meant: Path) -> None:
        """Let what stands at ``given``, a misspelt key, be found under the name that was meant."""
        self.meant.add(meant)
        for places in (self.values, self.keys):
            found = {path: at for path, at in places.items() if path[: len(given)] == given}
            places.update({(*meant, *path[len(given) :]): at for path, at in found.items()})
        texts = {path: text for path, text in self.scalars.items() if path[: len(given)] == given}
        self.scalars.update({(*meant, *path[len(given) :]): text for path, text in texts.items()})

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
        return place_within(*written, start, offset)


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


_NO_KEY = "\x00"
"""Stands for a key of which only its value's place is kept."""
_GUESSES = frozenset({"yaml-syntax", "never-closed", "bad-indentation"})
"""What is put right by guessing, so that other mistakes in the same line may come from the guess."""
_STAR = "put what begins with * in quotes"
_MERGE = "write them out; a mapping takes over another one's rules with `extends`"
_TEXT_TAGS = ("!", "tag:yaml.org,2002:str")


def read_yaml(text: str, file: str, *, mend: bool = False) -> tuple[Any, Positions, list[Diagnostic]]:
    """The document as JSON-like data (keys are text), positions, and what is wrong with it.

    After a syntax error the data is None; with ``mend`` it is what can be read once the lines at fault are put right or
    left out, so that the other mistakes in the file are found, too. After a repeated key the first one stands.
    """
    original = text
    if len(text) > MAX_CHARACTERS:
        builder = _Builder(file, Draft([]), mend=False)
        too_long = f"the file is longer than {MAX_CHARACTERS // 1024} KiB"
        builder.note("too-large", too_long, Position(1, 1), hint="split it")
        return None, builder.positions, builder.diagnostics
    draft, troubles, again = Draft.of(text), list[Diagnostic](), 0
    while True:
        builder = _Builder(file, draft, mend=mend)
        builder.text = original
        if _attempt(builder, text, troubles):
            break
        again += len(text) + 1000
        mended = draft.settle()
        if not mend or again > MAX_MENDED or mended == text:
            return None, builder.positions, troubles
        text = mended
    builder.positions.left_out = frozenset(line + 1 for line in draft.left_out)
    guessed = {one.line for one in troubles if one.line is not None and one.code in _GUESSES}
    builder.positions.guessed = frozenset(guessed | builder.guessed)
    return builder.root, builder.positions, [*troubles, *builder.diagnostics]


def _attempt(builder: _Builder, text: str, troubles: list[Diagnostic]) -> bool:
    """Whether the text could be parsed. What keeps it from that is mended, and added to ``troubles``: one of a line."""
    try:
        builder.consume(_events(text))
    except _StopError as stop:
        builder.root = None
        builder.note(stop.code, stop.message, stop.at, hint=stop.hint)
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
        draft = builder.draft
        trouble = diagnose(error, draft) or Trouble("yaml-syntax", "not valid YAML: it cannot be read as text", 0, 0)
        draft.told[trouble.line] += 1
        if draft.told[trouble.line] > 1:  # most likely the same mistake, which was not understood
            if draft.told[trouble.line] > 3:
                draft.leave_out(trouble.line)
            return False
        at = Position(trouble.line + 1, draft.column(trouble.line, trouble.column) + 1)
        noting = _Builder(builder.file, draft, mend=False)
        noting.note(trouble.code, trouble.message, at, hint=trouble.hint)
        troubles += noting.diagnostics
        return False
    return True


def _events(text: str) -> Iterator[Any]:
    yaml = YAML(typ="safe", pure=True)
    depth = 0
    for event in yaml.parse(text):
        if isinstance(event, ev.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                at = Position(event.start_mark.line + 1, event.start_mark.column + 1)
                raise _StopError("too-deep", f"more than {MAX_DEPTH} levels inside each other", at, "close brackets")
        elif isinstance(event, ev.CollectionEndEvent):
            depth -= 1
        yield event


def clipped(text: str, length: int) -> str:
    """A text short enough for a message, however long the one in the file is."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def located(
    code: str,
    message: str,
    file: str,
    at: tuple[int, int],
    *,
    path: str = "",
    hint: str | None = None,
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    """A diagnostic at a place, with texts out of the file kept short."""
    return Diagnostic(
        code=code,
        message=clipped(message, 400),
        severity=severity,
        file=file,
        line=at[0],
        column=at[1],
        path=clipped(path, 200) or None,
        hint=None if hint is None else clipped(hint, 600),
    )


class _Builder:
    """From events to data. With ``mend``, what means nothing is noted and passed over; else it ends the reading."""

    def __init__(self, file: str, draft: Draft, *, mend: bool) -> None:
        self.file, self.draft, self.mend = file, draft, mend
        self.root: Any = None
        self.positions = Positions()
        self.text = ""  # as written, for places inside texts
        self.diagnostics: list[Diagnostic] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._documents = 0
        self._total = 0
        self._skipping = 0
        self.guessed: set[int] = set()

    def _at(self, event: Any) -> Position:
        line = event.start_mark.line
        return Position(line + 1, self.draft.column(line, event.start_mark.column) + 1)

    def note(self, code: str, message: str, at: Position, *, path: Path = (), hint: str | None = None) -> None:
        if len(self.diagnostics) < MOST:
            where = ".".join(map(str, path))
            self.diagnostics.append(located(code, message, self.file, at, path=where, hint=hint))

    def consume(self, events: Iterator[Any]) -> None:
        for event in events:
            if self._skipping:
                self._skip(event)
            elif isinstance(event, ev.DocumentStartEvent):
                self._documents += 1
                if self._documents > 1:
                    self._complain(
                        "several-documents", "a second document begins here", self._at(event), "use one file each"
                    )
                    return
            elif isinstance(event, ev.ScalarEvent):
                self._scalar(event)
            elif isinstance(event, ev.AliasEvent):
                self._alias(event)
            elif isinstance(event, ev.CollectionStartEvent):
                self._start(event)
            elif isinstance(event, ev.CollectionEndEvent):
                done = self._open.pop()
                self._close(done, event)

    def _complain(self, code: str, message: str, at: Position, hint: str | None = None) -> None:
        if not self.mend:
            raise _StopError(code, message, at, hint)
        self.note(code, message, at, hint=hint)
        self.guessed.add(at.line)

    def _skip(self, event: Any) -> None:
        """Pass over a key that is a list or a mapping."""
        if isinstance(event, ev.CollectionStartEvent):
            self._skipping += 1
        elif isinstance(event, ev.CollectionEndEvent):
            self._skipping -= 1
        if not self._skipping:
            self._open[-1].key = _NO_KEY

    def _tag(self, event: Any) -> str | None:
        tag = getattr(event, "ctag", None) or event.tag
        return None if tag is None else str(tag)

    def _scalar(self, event: Any) -> None:
        tag = self._tag(event)
        if not tag:
            value = plain_scalar(event.value) if event.implicit[0] and event.style is None else event.value
        elif tag in _TEXT_TAGS:
            value = event.value
        else:
            self._complain("yaml-tag", "a tag is not used here", self._at(event), "leave it out, or put all in quotes")
            value = event.value
        if self._open and isinstance(self._open[-1].data, dict) and self._open[-1].key is None:
            self._key(event)
            return
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        path = self._put(value, self._where(event), 1)
        if isinstance(value, str):
            self.positions.scalars[path] = event.style or "", self.text

    def _where(self, event: Any) -> Position:
        """Where a scalar stands; one that is not there at all, in the line of its key."""
        at = self._at(event)
        if event.value or event.style is not None or not self._open or self._open[-1].key is None:
            return at
        parent = self._open[-1]
        key = self.positions.keys.get((*parent.path, parent.key or ""), at)
        return at if key.line == at.line else key

    def _key(self, event: Any) -> None:
        parent, at, key = self._open[-1], self._at(event), event.value
        if key in parent.seen:
            first = parent.seen[key].line
            self.note("duplicate-key", f"the key is given twice (first in line {first})", at, path=(*parent.path, key))
            if isinstance(parent.data, dict) and parent.data.get(key) is None:
                parent.key = key  # the first one has no value: this one's is read instead
                return
            key = f"{key}{_NO_KEY}{len(parent.seen)}"  # its value is read and thrown away
        elif key == "<<" and event.style is None:
            self.note(
                "merge-key", "keys of another place are not merged in here (<<)", at, path=parent.path, hint=_MERGE
            )
            key = f"{key}{_NO_KEY}"
        parent.seen[key] = at
        parent.key = key
        self.positions.keys[(*parent.path, key)] = at

    def _alias(self, event: Any) -> None:
        parent = self._open[-1] if self._open else None
        if parent is not None and isinstance(parent.data, dict) and parent.key is None:
            self._complain("yaml-key", "a key must be plain text", self._at(event), _STAR)
            parent.key = _NO_KEY
            return
        if event.anchor not in self._anchors:
            message = f"the alias stands for nothing: there is no &{event.anchor[:60]} above it"
            self._complain("yaml-alias", message, self._at(event), _STAR)
        value, weight = self._anchors.get(event.anchor, (None, 1))
        self._put(value, self._at(event), weight)

    def _start(self, event: Any) -> None:
        if self._open and isinstance(self._open[-1].data, dict) and self._open[-1].key is None:
            hint = 'put it in quotes: "emails[work]"'
            self._complain("yaml-key", "a key must be plain text", self._at(event), hint)
            self._skipping = 1
            return
        tag = self._tag(event)
        if tag not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self._complain("yaml-tag", "a tag is not used here", self._at(event), "leave it out")
        data: dict[str, Any] | list[Any] = {} if isinstance(event, ev.MappingStartEvent) else []
        path = self._put(data, self._at(event), 1)
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
            if _NO_KEY not in key:
                parent.data[key] = value
        self.positions.values[path] = at
        return path

    def _close(self, done: _Open, event: Any) -> None:
        if done.path:  # a block ends where the next one begins
            self.positions.ends[done.path] = event.end_mark.line + bool(event.end_mark.column)
        if done.anchor:
            self._anchors[done.anchor] = (done.data, done.weight)
        if self._open:
            self._open[-1].weight += done.weight - 1
