"""Search specifications, as text. Values never get in unquoted.

String constants stand in double quotes (Configuring Siebel Business Applications, "Parts of a Search Specification");
single quotes are taken, too. No way to escape a quote within is documented for this API, and a quote that slips in
rewrites the search: a value with both kinds cannot be searched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from connectors.sdk import RefusedError
from connectors.siebel.wall import Wall

_KEY = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,29}")
_UNSEARCHABLE = re.compile(r"[\x00-\x1f\x7f]")
_ROOM = 1500
"""Characters of alternatives in one search: quoted for an address they take about twice as many."""


def is_key(text: str) -> bool:
    """Whether the text can be a row id, such as 1-4XVPD."""
    return _KEY.fullmatch(text) is not None


def quoted(value: str) -> str:
    """A text constant. Raises RefusedError for a text that cannot be one."""
    if _UNSEARCHABLE.search(value) or ('"' in value and "'" in value):
        raise RefusedError("a text with quotes of both kinds or control signs cannot be searched for", code="quotes")
    return f"'{value}'" if '"' in value else f'"{value}"'


def compared(field: str, operator: str, value: str) -> str:
    """``[Field] = "value"``. Field names hold no brackets (see the settings)."""
    return f"[{field}] {operator} {quoted(value)}"


def since(field: str, wall: Wall, begin: datetime) -> str:
    return compared(field, ">=", wall.literal(begin))


def following(field: str, wall: Wall, stamp: datetime, key: str) -> str:
    """What comes behind a record in the order of stamp and id."""
    text = wall.literal(stamp)
    same = f"({compared(field, '=', text)} AND {compared('Id', '>', key)})"
    return f"({compared(field, '>', text)}) OR {same}"


def blank(field: str, key: str | None) -> str:
    """What has nothing in the field, and an id behind ``key`` (``IS NOT NULL`` is in the examples of the same page)."""
    spec = f"[{field}] IS NULL"
    return spec if key is None else f"({spec}) AND ({compared('Id', '>', key)})"


def within(field: str, wall: Wall, before: datetime, end: datetime, key: str | None) -> str:
    """What is stamped behind ``before`` and ahead of ``end``, and has an id behind ``key``."""
    parts = [compared(field, ">", wall.literal(before)), compared(field, "<", wall.literal(end))]
    if key is not None:
        parts.append(compared("Id", ">", key))
    return " AND ".join(f"({part})" for part in parts)


def among(field: str, values: Iterable[str], most: int) -> Iterator[tuple[str, Sequence[str]]]:
    """Searches for records whose field has one of the values, each with the values it is about."""
    parts: list[str] = []
    asked: list[str] = []
    for value in values:
        part = compared(field, "=", value)
        if parts and (len(parts) >= most or sum(map(len, parts)) + 4 * len(parts) + len(part) > _ROOM):
            yield " OR ".join(parts), asked
            parts, asked = [], []
        parts.append(part)
        asked.append(value)
    if parts:
        yield " OR ".join(parts), asked
