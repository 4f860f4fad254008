"""The way out: data on stdout, narration on stderr, plain lines where no person is looking."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

from model.diagnostics import Diagnostic, Severity

_TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # signs that show what follows in another order
_BREAKING = (0x2028, 0x2029)
_UNPRINTABLE = dict.fromkeys((*range(32), *range(127, 160), *_TURNING), "�") | {
    **dict.fromkeys((10, *_BREAKING), "⏎"),
    9: " ",
    13: "",
}

_WHOLE = 22
"""Cells up to this long are not broken while there is room; an entity id has 20 signs."""
_LEAST = 12
"""What a column of long texts needs, to be read at all."""


def clean(value: Any) -> str:
    """A cell's text: nothing in a record may move the cursor, colour the terminal, turn or break the line."""
    return str(value).translate(_UNPRINTABLE)


class Output:
    """Where commands write. ``plain`` is true where stdout is no terminal: then no colours, no boxes, no bars."""

    def __init__(self, *, quiet: bool = False, color: bool = True) -> None:
        self.quiet = quiet
        self.plain = not sys.stdout.isatty()
        self.color = color and "NO_COLOR" not in os.environ and not self.plain

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def line(self, text: str = "") -> None:
        self._write(sys.stdout, text)

    def say(self, text: str) -> None:
        """Narration: left out by --quiet."""
        if not self.quiet:
            self._write(sys.stderr, text)

    def fail(self, text: str) -> None:
        """What went wrong: never left out."""
        self._write(sys.stderr, text)

    def json(self, value: Any) -> None:
        """One JSON document on stdout."""
        import json  # only commands that were asked for JSON need it

        self.line(json.dumps(plain(value), ensure_ascii=False, indent=None if self.plain else 2))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
        """Rows under headings; ``empty`` is said where there is none, with the next command to try.

        Columns in which no row has anything are left out, so that what is there has room.
        """
        cells = [[clean("" if cell is None else cell) for cell in row] for row in rows]
        filled = [index for index, _ in enumerate(columns) if any(row[index] for row in cells)]
        columns = [columns[index] for index in filled]
        cells = [[row[index] for index in filled] for row in cells]
        if not cells:
            self.say(empty)
        elif self.plain:
            self._aligned(columns, cells)
        else:
            self._boxed(columns, cells)

    def facts(self, pairs: Mapping[str, Any]) -> None:
        """Names and values, one pair a line; values that are None are left out."""
        shown = {name: value for name, value in pairs.items() if value is not None}
        width = max((len(name) for name in shown), default=0)
        for name, value in shown.items():
            self.line(f"{name:<{width}}  {clean(value)}")

    def diagnostics(self, found: Sequence[Diagnostic]) -> None:
        """Diagnostics one a line, errors first in file order, and their count."""
        for diagnostic in found:
            self.fail(clean(diagnostic))
        errors = sum(1 for one in found if one.severity is Severity.ERROR)
        warnings = sum(1 for one in found if one.severity is Severity.WARNING)
        if found:
            self.say(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}")

    def _aligned(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        widths = [max(len(text) for text in column) for column in zip(columns, *rows, strict=True)]
        for row in ([name.upper() for name in columns], *rows):
            self.line("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())

    def _boxed(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        from rich.box import SIMPLE_HEAD  # rich takes 60 ms to import; only tables on a terminal need it
        from rich.cells import cell_len
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        console = Console(no_color=not self.color, highlight=False)
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
        texts = list(zip(columns, *rows, strict=True))
        wanted = [max(map(cell_len, column)) for column in texts]
        spaced = [any(" " in text for text in column[1:]) for column in texts]
        widths = fitted(wanted, spaced, console.width - 2 * (len(columns) - 1))
        for column, width in zip(texts, widths, strict=True):
            numbers = all(text.replace(",", "").isdigit() for text in column[1:] if text)
            table.add_column(column[0], width=width, overflow="fold", justify="right" if numbers else "left")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)

    @staticmethod
    def _write(stream: TextIO, text: str) -> None:
        try:
            stream.write(f"{text}\n")
        except UnicodeEncodeError:  # half a surrogate pair, or a terminal of an older encoding
            code = stream.encoding or "utf-8"
            stream.write(f"{text.encode(code, 'replace').decode(code)}\n")
        stream.flush()


def fitted(wanted: Sequence[int], spaced: Sequence[bool], room: int) -> list[int]:
    """Widths of columns that want so much and have ``room`` together.

    Ids, keys, moments and short names stay whole, and so does the first column, as long as the others keep enough to
    be read; then what has spaces is broken first. What is broken shares what is left.
    """
    columns = range(len(wanted))
    whole = {index for index in columns if index == 0 or wanted[index] <= _WHOLE}

    def least() -> int:
        return sum(wanted[index] if index in whole else min(wanted[index], _LEAST) for index in columns)

    while whole and least() > room:
        whole.remove(max(whole, key=lambda index: (spaced[index], wanted[index])))
    widths = {index: wanted[index] for index in whole}
    broken = sorted(set(columns) - whole, key=lambda index: wanted[index])
    left = room - sum(widths.values())
    for done, index in enumerate(broken):
        widths[index] = max(1, min(wanted[index], left // (len(broken) - done)))
        left -= widths[index]
    return [widths[index] for index in columns]


def counted(number: int, noun: str) -> str:
    """``1 error``, ``2 errors``, ``2 entities``."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("ty") else f"{number:,} {noun}s"


def plain(value: Any) -> Any:
    """A value as JSON: dataclasses and named tuples by field name, moments in ISO 8601, paths and enums as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value) and not isinstance(value, type):
        return plain({name: getattr(value, name) for name in value.__dataclass_fields__})
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Set):
        return [plain(item) for item in sorted(value, key=str)]
    if isinstance(value, Iterable) and not isinstance(value, Path):
        return [plain(item) for item in value]
    return str(value)
