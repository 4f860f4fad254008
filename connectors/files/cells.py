"""Cells as values and values as cells; the key of a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import orjson

from connectors.files.settings import FileStream

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell_reader(stream: FileStream) -> Callable[[str], str | None] | None:
    """What turns a cell into a value; None where cells are values already."""
    null, guarded, trimmed = stream.null, stream.guard_formulas, stream.trim
    if null is None and not guarded:
        return str.strip if trimmed else None

    def shown(cell: str) -> str | None:
        cell = cell.strip() if trimmed else cell
        if cell == null:
            return None
        return cell[1:] if guarded and cell[:1] == "'" and _runs(cell) else cell

    return shown


def cell_writer(stream: FileStream) -> Callable[[Any], str]:
    """The way back; raises ValueError with the rule where a value has no cell form."""
    null, guarded = stream.null, stream.guard_formulas

    def written(value: Any) -> str:
        if value is None:
            return null or ""
        if isinstance(value, (dict, list)):
            raise ValueError("takes text, and the value has parts")  # noqa: TRY004 (one kind for the caller)
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        if text == null and null:
            raise ValueError("would be read back as null, because null: is set to this very text")
        return f"'{text}" if guarded and _runs(text) else text

    return written


def _runs(text: str) -> bool:
    """Whether a spreadsheet would run it, were it not for apostrophes: what has some of its own takes one more."""
    return text.lstrip("'")[:1] in _FORMULA


def key_of(data: dict[str, Any], columns: tuple[str, ...]) -> str | None:
    """A row's key as text (several columns: JSON array text); None where a part is missing, null or empty."""
    if len(columns) == 1:
        value = data.get(columns[0])
        if type(value) is str:
            return value or None
        return str(value) if type(value) is int else None
    parts = [data.get(column) for column in columns]
    if any(type(part) not in (str, int) or part == "" for part in parts):
        return None
    return orjson.dumps(parts).decode()


def keys_of(rows: Sequence[dict[str, Any]], columns: tuple[str, ...]) -> list[str] | None:
    """As `key_of` for many rows; None where one of them has no key."""
    keys: list[Any]
    if len(columns) == 1:
        (column,) = columns
        try:
            keys = list(map(itemgetter(column), rows))
        except KeyError:
            return None
        kinds = set(map(type, keys))
        if kinds == {int}:
            return list(map(str, keys))
        if kinds == {str}:
            return None if "" in keys else keys
    keys = [key_of(row, columns) for row in rows]
    return None if None in keys else keys
