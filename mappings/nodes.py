"""Taking a YAML document apart with manners: every accessor notes what is wrong, where, and what was probably meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from anyascii import anyascii
from rapidfuzz import fuzz, process

from mappings.reader import MOST, Path, Positions, clipped, located
from model import paths
from model.diagnostics import Diagnostic, Severity

E = TypeVar("E", bound=StrEnum)


LONGEST_NAME = 80
"""Longer names are cut in messages, and nothing is suggested for them."""


def nearest(word: str, known: Collection[str]) -> str | None:
    """The name that was probably meant: the same but for case, spaces and signs that look alike, or a similar one."""
    if not word or len(word) > LONGEST_NAME:
        return None
    bare = _bare(word)
    same = next((name for name in known if _bare(name) == bare), None)
    if same is not None:
        return same
    found = process.extractOne(word, list(known), scorer=fuzz.ratio, score_cutoff=60)
    return None if found is None else found[0]


def _bare(name: str) -> str:
    plain = name if name.isascii() else anyascii(name)
    return plain.strip(" \t\"'`").lower().replace("-", "_").replace(" ", "_")


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """``did you mean 'Email'?`` where something is near enough."""
    near = nearest(word, known)
    return f"did you mean {near!r}?" if near is not None else None


def shown(text: str) -> str:
    """A name out of a file, in quotes, for a message; signs that cannot be seen are spelt out."""
    return repr(clipped(text, LONGEST_NAME))


def spaced(value: Any) -> str | None:
    """A hint for a text that would be something else if a space were in it."""
    if not isinstance(value, str):
        return None
    if re.match(r"-\S", value):
        return "a space is missing behind the -"
    return "a space is missing behind the colon" if re.match(r"[\w\[\].\"']+:\S", value) else None


_SCRIPTS = ("CYRILLIC", "GREEK")


def oddity(name: str) -> tuple[str, str, str] | None:
    """Code, message and hint where a name holds what was hardly meant: spaces around it, signs like others."""
    if name.isascii() and name == name.strip():
        return None
    if name[:1] in "“”„‘’«»" and name[-1:] in "“”‘’«»":
        return "look-alike", "the typographic quotes are taken for part of the name", f'write "{name[1:-1]}"'
    if name != name.strip():
        return "padded", "the name begins or ends with a space", f"write {name.strip()!r}, if that is not meant"
    hidden = next((sign for sign in name if unicodedata.category(sign) in ("Cf", "Zs") and sign != " "), None)
    if hidden is not None:
        what_ = unicodedata.name(hidden, "an invisible sign").lower()
        return (
            "look-alike",
            f"the name holds {what_}, which cannot be seen",
            "type the name again, if that is not meant",
        )
    for word in re.findall(r"\w+", name):
        other = next((sign for sign in word if unicodedata.name(sign, "").startswith(_SCRIPTS)), None)
        if other is not None and re.search(r"[A-Za-z]", word):
            what_ = unicodedata.name(other).lower()
            return "look-alike", f"the name holds {what_} among Latin ones", "type the name again, if that is not meant"
    return None


def path_hint(text: str) -> str:
    """What to write instead of a text that is no canonical path."""
    plain = text if text.isascii() else anyascii(text)
    meant = re.sub(r"\s+", "_", re.sub(r"\s*([\[\].])\s*", r"\1", plain.strip(" \t\"'`"))).lower()
    try:
        paths.split(meant)
    except ValueError:
        return 'such as given_name, "emails[work]" or "addresses[billing].city"'
    if text.isascii():
        return f"did you mean {meant!r}?"
    odd = next(sign for sign in text if not sign.isascii())
    return f"did you mean {meant!r}? It holds {unicodedata.name(odd, 'a strange sign').lower()}"


def what(value: Any) -> str:
    """What a value is, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text" if value.strip() else "empty text"
    return "a list" if isinstance(value, list) else "keys and values"


class Node:
    """A mapping inside the document. ``subject`` names the place in messages (``contact.emails[work]``)."""

    def __init__(
        self, data: Mapping[str, Any], path: Path, notes: Notes, known: Collection[str], *, subject: str = ""
    ) -> None:
        self.data, self.path, self.notes, self.subject = data, path, notes, subject
        for key in data:
            if key not in known:
                self._unknown(key, known)

    def _unknown(self, key: str, known: Collection[str]) -> None:
        """Note a key there is not. What it holds is read as if it were the one that was probably meant."""
        near = nearest(key, known)
        hint = f"did you mean {near!r}?" if near is not None else f"there are: {', '.join(known)}"
        self.note("unknown-key", f"there is no key {shown(key)} here", key, on_key=True, hint=hint)
        if near is not None and near not in self.data:
            self.data = {**self.data, near: self.data[key]}
            self.notes.positions.also((*self.path, key), (*self.path, near))

    def note(
        self,
        code: str,
        message: str,
        *at: str | int,
        hint: str | None = None,
        on_key: bool = False,
        severity: Severity = Severity.ERROR,
    ) -> None:
        self.notes.add(
            code, message, (*self.path, *at), subject=self.subject, hint=hint, on_key=on_key, severity=severity
        )

    def text(self, key: str, *, required: bool = False) -> str:
        """Non-empty text, or "" (noted where it is required or something else)."""
        value = self.data.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if value is not None:
            hint = "put it in quotes" if isinstance(value, (int, float)) else None
            self.note("not-text", f"{key} must be text, and is {what(value)}", key, hint=hint)
        elif required:
            self.missing(key, f"add a line: {key}: …")
        return ""

    def missing(self, key: str, hint: str, message: str = "") -> None:
        """Note that a key is missing, unless it may stand in a line that could not be read."""
        if key in self.data:
            self.note("missing-key", message or f"{key} is there, but has no value", key, on_key=True, hint=hint)
        elif not self.notes.positions.lacks(self.path):
            self.note("missing-key", message or f"the key {key!r} is missing", on_key=True, hint=hint)

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            hint = "yes and no are text here" if value in ("yes", "no", "on", "off", "Yes", "No") else None
            hint = "without quotes" if value in ("true", "false") else hint
            self.note("not-boolean", f"{key} must be true or false, and is {what(value)}", key, hint=hint)
            return default
        return value

    def choice(self, key: str, options: type[E], default: E) -> E:
        return self.chosen(self.data.get(key, default.value), options, default, key)

    def chosen(self, value: Any, options: type[E], default: E, *at: str | int) -> E:
        words = [option.value for option in options]
        if not isinstance(value, str) or value not in words:
            hint = did_you_mean(value, words) if isinstance(value, str) else None
            self.note("unknown-choice", f"{at[-1]} is one of: {', '.join(words)}", *at, hint=hint)
            return default
        return options(value)

    def number(self, key: str, default: float, low: float, high: float) -> float:
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            wrong = "" if isinstance(value, (int, float)) and value is not True else f", and is {what(value)}"
            hint = "without quotes" if isinstance(value, str) and value.strip().isdigit() else None
            self.note(
                "not-in-range", f"{key} must be a number from {_number(low)} to {_number(high)}{wrong}", key, hint=hint
            )
            return default
        return value

    def section(self, key: str, known: Collection[str]) -> Node | None:
        """The mapping under ``key``, None where there is none (or, noted, something else)."""
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.note(
                "not-a-mapping", f"{key} must hold keys and values, and is {what(value)}", key, hint=spaced(value)
            )
            return None
        return Node(value, (*self.path, key), self.notes, known, subject=self.subject)

    def texts(self, key: str) -> list[str]:
        """A list of texts; a single text counts as a list of one."""
        value = self.data.get(key)
        if value is None:
            return []
        listed = value if isinstance(value, list) else [value]
        for index, item in enumerate(listed):
            if not isinstance(item, str) or not item:
                at = (key, index) if isinstance(value, list) else (key,)
                self.note("not-text", f"{key} must be a list of texts, and holds {what(item)}", *at)
        return [item for item in listed if isinstance(item, str) and item]


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


class Notes:
    """The diagnostics of one document."""

    def __init__(self, file: str, positions: Positions, found: list[Diagnostic]) -> None:
        self.file, self.positions, self.found = file, positions, found
        self.hidden = 0

    def add(
        self,
        code: str,
        message: str,
        path: Path,
        *,
        subject: str = "",
        hint: str | None = None,
        on_key: bool = False,
        severity: Severity = Severity.ERROR,
        offset: int | None = None,
    ) -> None:
        """Note what is wrong at ``path``: at its key, or at a character of its text, if asked."""
        line, column = self.positions.of(path, key=on_key) if offset is None else self.positions.within(path, offset)
        elsewhere = self.positions.file_of(path)
        if elsewhere is None and line in self.positions.guessed:  # its first mistake is said; others may be guesses
            self.hidden += severity is Severity.ERROR
            return
        if self.full:
            if self.found[-1].code == "too-many":
                return
            code, message, severity = (
                "too-many",
                f"more than {MOST} problems: the others are not listed",
                Severity.ERROR,
            )
            subject, hint = "", "mend the first ones; many are often one mistake"
        where = subject or ".".join(map(str, path))
        file = elsewhere or self.file
        self.found.append(located(code, message, file, (line, column), path=where, hint=hint, severity=severity))

    @property
    def full(self) -> bool:
        """Whether so much was said already that looking for more is of no use."""
        return len(self.found) >= MOST

    @property
    def errors(self) -> int:
        return self.hidden + sum(diagnostic.severity is Severity.ERROR for diagnostic in self.found)

    @property
    def failed(self) -> bool:
        return self.errors > 0
