"""Taking a YAML document apart with manners: every accessor notes what is wrong, where, and what was probably meant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from mappings.reading.meant import ELSEWHERE, did_you_mean, nearest, shown, spaced, what
from mappings.reading.reader import MOST, Path, Positions, located
from model.diagnostics import Diagnostic, Severity

_MANY = 5
"""So many unknown keys in one place are taken for one mistake."""

E = TypeVar("E", bound=StrEnum)


class Node:
    """A mapping inside the document. ``subject`` names the place in messages (``contact.emails[work]``)."""

    def __init__(
        self, data: Mapping[str, Any], path: Path, notes: Notes, known: Collection[str], *, subject: str = ""
    ) -> None:
        self.data, self.path, self.notes, self.subject = data, path, notes, subject
        self.strange = False
        unknown = [key for key in data if key not in known]
        if len(unknown) >= _MANY:
            self._misplaced([key for key in unknown if nearest(key, known) is None], known)
            unknown = [key for key in unknown if nearest(key, known) is not None]
        for key in unknown:
            self._unknown(key, known)

    def _misplaced(self, keys: Sequence[str], known: Collection[str]) -> None:
        """Many keys that mean nothing here are one mistake: the key they belong to is missing or misspelt."""
        if not keys:
            return
        self.strange = True
        listed = ", ".join(map(shown, keys[:3])) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
        hint = f"there are: {', '.join(known)}; is the key missing that they belong to?"
        self.note("unknown-key", f"the keys {listed} do not belong here", keys[0], on_key=True, hint=hint)

    def _unknown(self, key: str, known: Collection[str]) -> None:
        """Note a key there is not. What it holds is read as if it were the one that was probably meant."""
        near = nearest(key, known) or next((name for name in ELSEWHERE.get(key.lower(), ()) if name in known), None)
        hint = f"did you mean {near!r}?" if near is not None else f"there are: {', '.join(known)}"
        self.note("unknown-key", f"there is no key {shown(key)} here", key, on_key=True, hint=hint)
        if near is None or nearest(key, known, least=75) is None:
            self.strange = True
        elif near not in self.data:
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
        """Note that a key is missing, unless an unknown one may be meant for it, or a line that could not be read."""
        if key in self.data:
            self.note("missing-key", message or f"the key {key!r} has no value", key, on_key=True, hint=hint)
        elif not self.strange and not self.notes.positions.lacks(self.path):
            self.note("missing-key", message or f"the key {key!r} is missing", on_key=True, hint=hint)
        else:
            self.notes.hidden += 1
            self.notes.wrong.append(self.path)

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
            said = shown(value) if isinstance(value, str) else what(value)
            name = f"{self.path[-1]}.{at[-1]}" if at[-1] in ("in", "out") and self.path else at[-1]
            self.note("unknown-choice", f"{name} is one of: {', '.join(words)}; not {said}", *at, hint=hint)
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
        self.wrong: list[Path] = []  # where the errors are

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
        if severity is Severity.ERROR:
            self.wrong.append(path)
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
