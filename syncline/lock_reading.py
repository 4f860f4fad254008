"""Reading schema locks: files as they were written line by line and at once, edited ones as any YAML, with places."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from connectors.contract import Field, FieldType
from mappings.reading.reader import read_yaml
from model.diagnostics import Diagnostic, Severity
from syncline.connections import Connection
from syncline.document import Document, Node, shown
from syncline.locks import FOLDER, FORMAT, WRITABLE, Lock, made, text_of, tidied

LARGEST = 8 * 1024 * 1024
_TOP_KEYS = ("format", "connection", "connector", "streams")
_KEYS = (
    "type",
    "length",
    "required",
    "nullable",
    "readable",
    "writable",
    "unique",
    "restricted",
    "references",
    "label",
    "choices",
)
_RENEW = "renew it: syncline connections discover {} --lock"


def read_locks(
    folder: Path, connections: Mapping[str, Connection], named: list[str], found: list[Diagnostic]
) -> dict[str, Lock]:
    """The usable locks of a project folder by connection. What is wrong with the others is added to ``found``."""
    locks: dict[str, Lock] = {}
    place = folder / FOLDER
    for path in sorted(place.glob("*.yaml")) if place.is_dir() else ():
        if path.name.startswith("."):
            continue
        lock = read_lock(path, found)
        if lock is None:
            continue
        if lock.connection not in named:
            message = f"config.yaml has no connection {lock.connection!r}; the lock is not used"
            found.append(_doubt(path, message, "rename the file and its connection, or remove it"))
        elif lock.connection not in connections:
            continue  # the connection has mistakes of its own, which are said elsewhere
        elif (other := of_another(lock, connections[lock.connection])) is not None:
            found.append(_doubt(path, other, _RENEW.format(lock.connection)))
        else:
            locks[lock.connection] = lock
    return locks


def of_another(lock: Lock, connection: Connection) -> str | None:
    """What is to be said of a lock that was made with another connector than its connection has now."""
    if lock.connector == connection.connector:
        return None
    now = connection.connector
    return f"the lock was made for the connector {lock.connector!r}, and it is {now!r} now; it is not used"


def _doubt(path: Path, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code="lock-unused", message=message, severity=Severity.WARNING, file=shown(path), hint=hint)


def read_lock(path: Path, found: list[Diagnostic]) -> Lock | None:
    """One lock; None where it cannot be used, or there is none. Its problems are added to ``found``."""
    name = shown(path)
    try:
        if path.stat().st_size > LARGEST:
            message = f"the lock is larger than {LARGEST // 1024 // 1024} MiB"
            found.append(Diagnostic(code="bad-lock", message=message, file=name, hint=_RENEW.format(path.stem)))
            return None
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        what = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        message, hint = f"the lock {what} ({type(error).__name__})", _RENEW.format(path.stem)
        found.append(Diagnostic(code="bad-lock", message=message, file=name, hint=hint))
        return None
    return read_text(text, name, path.stem, found)


def read_text(text: str, file: str, stem: str, found: list[Diagnostic]) -> Lock | None:
    """As `read_lock`, of a text. ``stem`` is the connection that the file's name speaks of."""
    lock = as_written(text)
    if lock is None or lock.connection != stem:
        return _Reading(text, file, stem, found).lock()
    return replace(lock, file=file)


_SCALAR = r"""("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z_][A-Za-z0-9_./-]*)"""
_TOP = re.compile(rf"(connection|connector): {_SCALAR}\Z")
_STREAM = re.compile(rf"  {_SCALAR}:\Z")
_ONE_LINE = re.compile(rf"      {_SCALAR}: \{{(.*)\}}\Z")
_BEGUN = re.compile(rf"      {_SCALAR}:\Z")
_FACT = re.compile(rf"(\w+): (?:{_SCALAR}|(\d+)|\[((?:{_SCALAR}(?:, )?)*)\])(?:, |\Z)")
_LISTED = re.compile(rf"{_SCALAR}(?:, |\Z)")
_CHOICE = re.compile(rf"          - {_SCALAR}\Z")


def as_written(text: str) -> Lock | None:
    """The lock, where the text is exactly what `text_of` makes of it; None says nothing but that it was edited.

    It is read a line at a time, many times as quickly as YAML, and believed only if writing it gives the same text.
    """
    top: dict[str, str] = {}
    streams: dict[str, list[Field]] = {}
    fields: list[Field] = []
    begun: tuple[str, dict[str, Any], list[str]] | None = None
    try:
        for line in (*text.splitlines(), ""):  # the empty one ends the last field
            if begun is not None and line.startswith("        "):
                if line.startswith("          - "):
                    begun[2].append(_read_scalar(_found(_CHOICE, line)[1]))
                elif line != "        choices:":
                    begun[1].update(_read_facts(line.strip()))
                continue
            if begun is not None:
                fields.append(_field(begun[0], {**begun[1], "choices": begun[2]}))
                begun = None
            if one := _ONE_LINE.match(line):
                fields.append(_field(_read_scalar(one[1]), _read_facts(one[2])))
            elif one := _BEGUN.match(line):
                begun = (_read_scalar(one[1]), {}, [])
            elif one := _STREAM.match(line):
                fields = streams.setdefault(_read_scalar(one[1]), [])
            elif one := _TOP.match(line):
                top[one[1]] = _read_scalar(one[2])
        lock = made(top["connection"], top["connector"], streams)
    except (KeyError, ValueError, TypeError):
        return None
    return lock if text_of(lock) == text else None


def _found(pattern: re.Pattern[str], line: str) -> re.Match[str]:
    found = pattern.match(line)
    if found is None:
        raise ValueError("not as it was written")
    return found


def _read_scalar(text: str) -> str:
    if text.startswith("'"):
        return text[1:-1]
    return str(json.loads(_LONG.sub(_as_json, text))) if text.startswith('"') else text


_LONG = re.compile(r"\\\\|\\U([0-9a-f]{8})")
"""The one escape that YAML has and JSON has not; an escaped backslash in front of a U is none."""


def _as_json(found: re.Match[str]) -> str:
    return json.dumps(chr(int(found[1], 16)))[1:-1] if found[1] else found[0]


def _read_facts(text: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    position = 0
    while position < len(text):
        one = _FACT.match(text, position)
        if one is None:
            raise ValueError("not as it was written")
        if one[3]:
            facts[one[1]] = int(one[3])
        elif one[4] is not None:
            facts[one[1]] = [_read_scalar(item[1]) for item in _LISTED.finditer(one[4])]
        else:
            plain = one[2] in ("true", "false")
            facts[one[1]] = one[2] == "true" if plain else _read_scalar(one[2])
        position = one.end()
    return facts


_DIRECTIONS = {word: pair for pair, word in WRITABLE.items()}


def _field(name: str, facts: Mapping[str, Any]) -> Field:
    """A field of sound facts."""
    creatable, updatable = _DIRECTIONS[facts.get("writable", "always")]
    return Field(
        name=name,
        type=FieldType(facts.get("type", "text")),
        label=facts.get("label", ""),
        max_length=facts.get("length"),
        required=facts.get("required", False),
        nullable=facts.get("nullable", True),
        readable=facts.get("readable", True),
        creatable=creatable,
        updatable=updatable,
        unique=facts.get("unique", False),
        choices=tuple(facts["choices"]) if facts.get("choices") else None,
        restricted=facts.get("restricted", False),
        references=tuple(facts.get("references", ())),
    )


def _too_large(one: Diagnostic, stem: str) -> Diagnostic:
    """A lock as it was written may be long; one that was edited is read as any other YAML."""
    message = f"the lock was edited, and is too long to be read like that: {one.message}"
    return replace(one, code="bad-lock", message=message, hint=_RENEW.format(stem))


class _Reading:
    """A lock that somebody edited, as YAML."""

    def __init__(self, text: str, file: str, stem: str, found: list[Diagnostic]) -> None:
        self.data, self.positions, problems = read_yaml(text, file)
        problems = [_too_large(one, stem) if one.code == "too-large" else one for one in problems]
        self.document = Document(file, self.positions, found)
        self.broken = self.data is None and any(one.severity is Severity.ERROR for one in problems)
        found += problems
        self.stem = stem

    def lock(self) -> Lock | None:
        if self.broken:
            return None
        root = Node(self.document, self.data)
        top = root.known(_TOP_KEYS, required=_TOP_KEYS)
        if not isinstance(self.data, dict) or not top.keys() >= set(_TOP_KEYS):
            return None
        if top["format"].value != FORMAT or isinstance(top["format"].value, bool):
            top["format"].report("bad-lock", f"this version reads format {FORMAT}", _RENEW.format(self.stem))
            return None
        connection, connector = top["connection"].text(), top["connector"].text()
        if connection is None or connector is None:
            return None
        if connection != self.stem:
            message = f"the file is called {self.stem!r} and speaks of {connection!r}"
            top["connection"].report("bad-lock", message, "a lock has the name of its connection")
            return None
        streams = {name: self._stream(node) for name, node in top["streams"].items()}
        lines = {
            (stream, name): self.positions.of(("streams", stream, "fields", name), key=True)[0]
            for stream, fields in streams.items()
            for name in fields
        }
        return Lock(connection=connection, connector=connector, streams=streams, file=self.document.file, lines=lines)

    def _stream(self, node: Node) -> dict[str, Field]:
        entries = node.known(("fields",), required=("fields",))
        if "fields" not in entries:
            return {}
        return tidied(_field(name, self._facts(one)) for name, one in entries["fields"].items())

    def _facts(self, node: Node) -> dict[str, Any]:
        """The sound facts; a field keeps what is sound of it, so that mappings are not blamed for its lock."""
        if node.value is None:
            node.report("bad-lock", "nothing is said of the field", "at least its type: {type: text}", key=True)
        strange = node.value is None or (isinstance(node.value, dict) and not node.value.keys() <= set(_KEYS))
        entries = node.known(_KEYS, required=() if strange else ("type",))
        read = {key: self._fact(key, entry) for key, entry in entries.items()}
        return {key: value for key, value in read.items() if value is not None}

    @staticmethod
    def _fact(key: str, node: Node) -> Any:
        if key == "type":
            return node.choice([one.value for one in FieldType])
        if key == "writable":
            return node.choice(list(WRITABLE.values()))
        if key == "length":
            return node.number(1, whole=True)
        if key == "label":
            return node.text()
        if key in ("choices", "references"):
            return [text for one in node.elements() if (text := _exact(one)) is not None]
        return node.truth()


def _exact(node: Node) -> str | None:
    if isinstance(node.value, str) and node.value:
        return node.value
    node.report("wrong-type", "expected text", "put it in quotes")
    return None
