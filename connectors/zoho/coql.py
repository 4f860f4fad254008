"""The questions asked in COQL, as text. Values never get in unquoted.

Limits (Zoho CRM v8, "Query API - Limitations"): 2,000 rows a call, 50 columns, 25 criteria, 50 values of ``in``;
criteria are bracketed in pairs; lookups are answered with their id alone, so that rows are read from the list instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

ROWS = 2000
VALUES = 50

T = TypeVar("T")
_KEY = re.compile(r"[0-9]{1,20}")


def quoted(value: str) -> str:
    """A text literal; a quote inside is escaped by a backslash."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def is_key(text: str) -> bool:
    """Whether the text has the form of a record id: digits."""
    return _KEY.fullmatch(text) is not None


def moment(value: datetime) -> str:
    """A moment as filters and conditions take it: whole seconds, with an offset."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00"


def changes(module: str, since: datetime, beyond: str | None, rows: int) -> str:
    """What was modified at ``since`` or later, in the order of the stamp; ``beyond``: at that very second, only ids
    above it."""
    stamp = quoted(moment(since))
    where = f"Modified_Time >= {stamp}"
    if beyond is not None:
        where = f"(Modified_Time > {stamp} or (Modified_Time = {stamp} and id > {quoted(beyond)}))"
    order = "order by Modified_Time asc, id asc"
    return f"select id, Modified_Time from {module} where {where} {order} limit {rows}"  # noqa: S608 (names and literals)


def keys(module: str, above: str | None, upto: str | None, rows: int) -> str:
    """Ids above one and up to another, in order."""
    low = f"id > {quoted(above)}" if above is not None else "id is not null"
    where = f"({low} and id <= {quoted(upto)})" if upto is not None else low
    return f"select id from {module} where {where} order by id asc limit {rows}"  # noqa: S608 (names and literals)


def among(module: str, field: str, values: Sequence[str], above: str | None) -> str:
    """Ids of records whose field has one of the values, above one id."""
    where = f"{field} in ({', '.join(quoted(value) for value in values)})"
    if above is not None:
        where = f"({where} and id > {quoted(above)})"
    return f"select id from {module} where {where} order by id asc limit {ROWS}"  # noqa: S608 (names and literals)


def portions(values: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    for at in range(0, len(values), most):
        yield values[at : at + most]
