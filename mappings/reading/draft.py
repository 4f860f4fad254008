"""A text that is being mended, line by line, and what is said about it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Trouble(NamedTuple):
    """``line`` and ``column`` count from 0, as the parser's do."""

    code: str
    message: str
    line: int
    column: int
    hint: str | None = None


@dataclass(slots=True)
class Draft:
    """A text being mended. ``moved`` holds, by line, where signs were put in (column) and how many (``moving``: since
    the text was parsed last); ``left_out`` are the numbers of lines that could not be used at all, ``told`` those of
    which something was said."""

    lines: list[str]
    moved: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    moving: list[tuple[int, int, int]] = field(default_factory=list)
    left_out: set[int] = field(default_factory=set)
    told: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, text: str) -> Draft:
        return cls(re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text))

    def column(self, line: int, column: int) -> int:
        """The column in the file as written of a column in the mended line."""
        for at, number in reversed(self.moved.get(line, ())):
            if column >= at:
                column = max(at, column - number)
        return column

    def change(self, line: int, start: int, end: int, new: str) -> None:
        """Put ``new`` in place of the signs from ``start`` to ``end``."""
        old = self.lines[line]
        self.lines[line] = old[:start] + new + old[end:]
        self.moving.append((line, start, len(new) - (end - start)))

    def settle(self) -> str:
        """The text as it is now; columns are counted in it from here on."""
        for line, start, number in self.moving:
            self.moved.setdefault(line, []).append((start, number))
        self.moving.clear()
        return "\n".join(self.lines)

    def indent(self, line: int, width: int) -> None:
        """Let a line begin at ``width``, and those below it that belong to it or are off in the same way."""
        first = indent_of(self.lines[line])
        for number in range(line, len(self.lines)):
            own = indent_of(self.lines[number])
            if number > line and self.lines[number].strip():
                if own < first:
                    break
                if first < width <= own:
                    continue
            if self.lines[number].strip():
                self.change(number, 0, min(first, own), " " * width)

    def leave_out(self, line: int) -> None:
        """Give a line up, and what is indented below it where it has no value of its own."""
        width, opens = self.width(line), self.opens(line)
        for number in range(line, len(self.lines)):
            text = self.lines[number]
            if number > line and (not opens or (text.strip() and indent_of(text) <= width)):
                break
            self.lines[number] = ""
            self.left_out.add(number)

    def width(self, line: int) -> int:
        return indent_of(self.lines[line])

    def opens(self, line: int) -> bool:
        """Whether the line is a key without a value."""
        return self.lines[line][: end_of(self.lines[line])].endswith(":")

    def after(self, line: int) -> int | None:
        """The nearest line below that says something."""
        return next((number for number in range(line + 1, len(self.lines)) if says(self.lines[number])), None)

    def above(self, line: int, *, below_width: int) -> int | None:
        """The nearest line above that is indented less than ``below_width``."""
        wanted = (n for n in range(line - 1, -1, -1) if says(self.lines[n]) and self.width(n) < below_width)
        return next(wanted, None)

    def block(self, line: int) -> list[int]:
        """The line, and those below it that are indented as much or more."""
        found = [line]
        for number in range(line + 1, len(self.lines)):
            if says(self.lines[number]):
                if self.width(number) < self.width(line):
                    break
                found.append(number)
        return found

    def before(self, line: int) -> int | None:
        """The nearest line above that says something."""
        said = (number for number in range(line - 1, -1, -1) if says(self.lines[number]))
        return next(said, None)


def indent_of(text: str) -> int:
    """How many spaces a line begins with."""
    return len(text) - len(text.lstrip(" "))


def end_of(text: str) -> int:
    """Where the last value of a line ends: in front of a comment."""
    return len(text.partition(" #")[0].rstrip())


def says(text: str) -> bool:
    """Whether there is more on a line than a comment."""
    return bool(text.strip()) and not text.lstrip().startswith("#")
