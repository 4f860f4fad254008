"""A YAML document with places: reading it reports every problem where it stands and goes on."""

from __future__ import annotations

import difflib
import pathlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mappings.reading.meant import what
from mappings.reading.reader import MOST, Positions, located
from model.diagnostics import Diagnostic, Severity

Path = tuple[Any, ...]


@dataclass(slots=True)
class Document:
    """One file and what was found in it so far."""

    file: str
    positions: Positions
    found: list[Diagnostic] = field(default_factory=list)

    def report(
        self,
        path: Path,
        code: str,
        message: str,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
        *,
        key: bool = False,
    ) -> None:
        """Add a diagnostic at a value, or at the name in front of it (``key``)."""
        line, column = self.positions.of(path, key=key)
        if line in self.positions.guessed or (code == "missing-key" and self.positions.lacks(path)):
            return  # it follows from a mistake in the writing, which is said
        file = self.positions.file_of(path) or self.file
        one = located(code, message, file, (line, column), path=dotted(path), hint=hint, severity=severity)
        mine = [other for other in self.found if other.file == self.file]
        if len(mine) < MOST:
            self.found.append(one)
        else:
            self._leave_out(one, mine[-1])

    def _leave_out(self, one: Diagnostic, last: Diagnostic) -> None:
        """Say once that more was found, as gravely as the gravest of what is not listed."""
        if last.code == "too-many":
            if one.severity is not Severity.ERROR or last.severity is Severity.ERROR:
                return
            self.found.remove(last)
        message = f"more than {MOST} problems: the others are not listed"
        hint = "mend the first ones; many are often one mistake"
        self.found.append(replace(one, code="too-many", message=message, path=None, hint=hint))

    @property
    def lacks_lines(self) -> bool:
        return bool(self.positions.left_out)


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a document. Reading it as the wrong type reports that and returns None (or nothing)."""

    document: Document
    value: Any
    path: Path = ()

    def report(self, code: str, message: str, hint: str | None = None, *, at: Path = (), key: bool = False) -> None:
        """An error at this value, at one below it, or at its name."""
        self.document.report((*self.path, *at), code, message, hint, key=key)

    def warn(self, code: str, message: str, hint: str | None = None) -> None:
        self.document.report(self.path, code, message, hint, Severity.WARNING)

    def items(self) -> Iterator[tuple[str, Node]]:
        """The entries of a mapping of names; null is an empty one."""
        if self.value is None:
            return
        if not isinstance(self.value, dict):
            self.report("wrong-type", f"expected keys and values, got {what(self.value)}")
            return
        for name, value in self.value.items():
            yield name, Node(self.document, value, (*self.path, name))

    def known(self, names: Collection[str], *, required: Collection[str] = ()) -> dict[str, Node]:
        """The entries with these names; others are reported with the nearest name, missing required ones too."""
        entries = dict(self.items())
        for name in [name for name in entries if name not in names]:
            entries.pop(name).report(
                "unknown-key", f"there is no setting {name!r} here", nearest(name, names), key=True
            )
        if self.value is None or isinstance(self.value, dict):
            for name in required:
                if name not in entries:
                    self.report("missing-key", f"{name!r} is missing", f"add a line: {name}: …", key=True)
        return entries

    def elements(self) -> Iterator[Node]:
        if not isinstance(self.value, list):
            self.report("wrong-type", f"expected a list, got {what(self.value)}")
            return
        for index, value in enumerate(self.value):
            yield Node(self.document, value, (*self.path, index))

    def text(self) -> str | None:
        if isinstance(self.value, str) and self.value.strip():
            return self.value.strip()
        self.report("wrong-type", f"expected text, got {what(self.value)}")
        return None

    def texts(self) -> list[str]:
        """A list of texts; a single text is a list of one."""
        if isinstance(self.value, str):
            return [self.value]
        return [text for node in self.elements() if (text := node.text()) is not None]

    def truth(self) -> bool | None:
        if isinstance(self.value, bool):
            return self.value
        self.report("wrong-type", f"expected true or false, got {what(self.value)}")
        return None

    def number(self, lowest: float, highest: float | None = None, *, whole: bool = False) -> float | None:
        """A number within bounds, both included."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            self.report("wrong-type", f"expected a {'whole ' if whole else ''}number, got {what(value)}")
            return None
        if value < lowest or (highest is not None and value > highest):
            bounds = f"between {lowest:g} and {highest:g}" if highest is not None else f"{lowest:g} or more"
            self.report("out-of-range", f"expected {bounds}")
            return None
        return value

    def choice(self, names: Sequence[str]) -> str | None:
        text = self.text()
        if text is None or text in names:
            return text
        self.report("unknown-choice", f"{text!r} is none of {', '.join(names)}", nearest(text, names))
        return None


def nearest(name: str, names: Collection[str]) -> str:
    """The hint for a mistyped name."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known here: {', '.join(sorted(names))}" if names else "nothing can be set here"


def dotted(path: Path) -> str:
    """``connections.erp.streams[0]``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def shown(path: pathlib.Path) -> str:
    """A path as a person would type it here: relative to the present directory where it lies below."""
    try:
        return str(path.relative_to(pathlib.Path.cwd()))
    except ValueError:
        return str(path)
