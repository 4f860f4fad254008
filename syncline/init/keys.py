"""Which column tells the rows of a file apart, and which rows it does not. Values are remembered as hashes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from mappings.suggesting.names import split

Rows = Callable[[], Iterator[tuple[int, Mapping[str, Any]]]]
"""Reads the file from its start: the line of each row, and the row."""

_KEYS = ("id", "uuid", "guid", "key", "number", "no", "nr", "nummer", "numero", "code")
_MOST_NUMBERS = 5
_MOST_NAMED = 10
_TOLERATED = 0.05
"""The share of rows without a number of their own that looks like a slip, not like a column that is no key."""
_RANK_OF_MAIL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Columns that tell rows apart, and the lines of those they do not: a run sets these aside."""

    columns: tuple[str, ...]
    rows: int
    blank: Sequence[int] = ()  # lines of rows without a value
    again: Sequence[int] = ()  # lines of rows that repeat the value of an earlier one

    @property
    def faults(self) -> int:
        return len(self.blank) + len(self.again)

    def told(self) -> str:
        """``4 rows have no value in it (lines 7, 12, 80, 91), 1 has that of an earlier row (line 15)``."""
        parts = ((self.blank, "no value in it"), (self.again, "that of an earlier row"))
        found = [(lines, what) for lines, what in parts if lines]
        return ", ".join(
            f"{len(lines):,} {'rows ' * (not at) if len(lines) > 1 else 'row ' * (not at)}"
            f"{'has' if len(lines) == 1 else 'have'} {what} ({_lines(lines)})"
            for at, (lines, what) in enumerate(found)
        )


def _lines(lines: Sequence[int]) -> str:
    named = ", ".join(map(str, lines[:_MOST_NAMED]))
    more = f" and {len(lines) - _MOST_NAMED:,} more" if len(lines) > _MOST_NAMED else ""
    return f"{'line' if len(lines) == 1 else 'lines'} {named}{more}"


def key_of(rows: Rows) -> tuple[Key | None, Key | None, int]:
    """The key to be taken, the nearest to one where none is fit, and how many rows there are.

    A column with a value of its own in every row, or two numbers together; else a number or an e-mail address that
    nearly has. A number that nearly has comes before a name that does: names are hardly ever keys.
    """
    exact, count = _exact(rows())
    if not count or (exact is not None and _rank(exact) <= _RANK_OF_MAIL):
        return (None if exact is None else Key(columns=(exact,), rows=count)), None, count
    pair = _pair(rows()) if exact is None else None
    if pair is not None:
        return Key(columns=pair, rows=count), None, count
    near = nearly(rows)
    if near is not None and near.faults <= count * _TOLERATED and (exact is None or _rank(near.columns[0]) <= 1):
        return near, None, count
    return (None if exact is None else Key(columns=(exact,), rows=count)), near, count


def columns_of(rows: Rows) -> list[str]:
    return next((list(row) for _, row in rows()), [])


def measured(rows: Rows, columns: tuple[str, ...]) -> Key:
    """How well columns tell rows apart."""
    met: set[int] = set()
    blank: list[int] = []
    again: list[int] = []
    count = 0
    for line, row in rows():
        count += 1
        values = [row.get(name) for name in columns]
        mark = hash(tuple(map(str, values)))
        if not all(map(_tells, values)):
            blank.append(line)
        elif mark in met:
            again.append(line)
        else:
            met.add(mark)
    return Key(columns=columns, rows=count, blank=blank, again=again)


def nearly(rows: Rows) -> Key | None:
    """The number or e-mail address that tells most rows apart."""
    names = sorted((name for name in columns_of(rows) if _rank(name) <= _RANK_OF_MAIL), key=_rank)[:_MOST_NUMBERS]
    found = [measured(rows, (name,)) for name in names]
    return min(
        found, key=lambda key: (key.faults > key.rows * _TOLERATED, _rank(key.columns[0]), key.faults), default=None
    )


def _exact(rows: Iterator[tuple[int, Mapping[str, Any]]]) -> tuple[str | None, int]:
    """The column that tells all rows apart, and how many rows there are."""
    met: dict[str, set[int]] = {}
    count = 0
    for _, row in rows:
        if not count:
            met = {name: set() for name in row if isinstance(name, str)}
        count += 1
        for name in list(met):
            value = row.get(name)
            mark = hash(str(value)) if _tells(value) else None
            if mark is None or mark in met[name]:
                del met[name]
            else:
                met[name].add(mark)
    return (min(met, key=lambda name: (_rank(name), list(met).index(name))) if met else None), count


def _pair(rows: Iterator[tuple[int, Mapping[str, Any]]]) -> tuple[str, ...] | None:
    """Two numbers that only together tell rows apart, as those of an order and an article do; None: there are none."""
    met: dict[tuple[str, ...], set[int]] = {}
    for number, (_, row) in enumerate(rows):
        if not number:
            names = [name for name in row if isinstance(name, str) and _rank(name) < _RANK_OF_MAIL][:_MOST_NUMBERS]
            met = {pair: set() for pair in combinations(names, 2)}
        for pair in list(met):
            values = [row.get(name) for name in pair]
            mark = hash(tuple(map(str, values)))
            if mark in met[pair] or not all(map(_tells, values)):
                del met[pair]
            else:
                met[pair].add(mark)
    return next(iter(met), None)


def _tells(value: Any) -> bool:
    """Whether a value may be a key, or a part of one; that something is true or not is none."""
    return isinstance(value, (str, int)) and not isinstance(value, bool) and bool(str(value).strip())


def _rank(name: str) -> int:
    """Columns called a number or id first, e-mail addresses before the rest: names are hardly ever keys."""
    words = split(name)
    if words and (words[-1] in _KEYS or words == ("key",)):
        return 0
    joined = "".join(words)
    if not name:
        return _RANK_OF_MAIL + 2  # a column without a name is an index that some program added
    return 1 if joined.endswith(("id", "nr", "nummer")) else _RANK_OF_MAIL if "mail" in joined else _RANK_OF_MAIL + 1
