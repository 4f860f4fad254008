"""Taking a YAML document apart with manners: every accessor notes what is wrong, where, and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from mappings.reader import Path, Positions
from model.diagnostics import Diagnostic, Severity

E = TypeVar("E", bound=StrEnum)


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """``did you mean 'Email'?`` where something is near enough; names differing only in case come first."""
    same = [name for name in known if name.lower() == word.lower()]
    near = same or difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None


class Node:
    """A mapping inside the document. ``subject`` names the place in messages (``contact.emails[work]``)."""

    def __init__(
        self, data: Mapping[str, Any], path: Path, notes: Notes, known: Collection[str], *, subject: str = ""
    ) -> None:
        self.data, self.path, self.notes, self.subject = data, path, notes, subject
        for key in data:
            if key not in known:
                hint = did_you_mean(key, known) or f"there are: {', '.join(known)}"
                self.note("unknown-key", f"there is no key {key!r} here", key, on_key=True, hint=hint)

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
            self.note("not-text", f"{key} must be text", key, hint="put it in quotes" if value not in ("",) else None)
        elif required:
            self.note("missing-key", f"the key {key!r} is missing", hint=f"add a line: {key}: …")
        return ""

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.data.get(key, default)
        if not isinstance(value, bool):
            self.note("not-boolean", f"{key} must be true or false", key)
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
            self.note("not-in-range", f"{key} must be a number from {low:g} to {high:g}", key)
            return default
        return value

    def section(self, key: str, known: Collection[str]) -> Node | None:
        """The mapping under ``key``, None where there is none (or, noted, something else)."""
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.note("not-a-mapping", f"{key} must hold keys and values", key)
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
                self.note("not-text", f"{key} must be a list of texts", *at)
        return [item for item in listed if isinstance(item, str) and item]


class Notes:
    """The diagnostics of one document."""

    def __init__(self, file: str, positions: Positions, found: list[Diagnostic]) -> None:
        self.file, self.positions, self.found = file, positions, found

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
        self.found.append(
            Diagnostic(
                code=code,
                message=message,
                severity=severity,
                file=self.positions.file_of(path) or self.file,
                line=line,
                column=column,
                path=subject or ".".join(map(str, path)) or None,
                hint=hint,
            )
        )

    @property
    def errors(self) -> int:
        return sum(diagnostic.severity is Severity.ERROR for diagnostic in self.found)

    @property
    def failed(self) -> bool:
        return self.errors > 0
