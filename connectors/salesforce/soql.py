"""The questions asked of Salesforce, as text. Values never get in unquoted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

LONGEST = 12_000
"""Characters of one query: it travels in the address, which may hold 16,384 once encoded."""

_KEY = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")


def quoted(value: str) -> str:
    """A text literal."""
    from simple_salesforce.format import quote_soql_value  # half a second to import: only where something is asked

    return str(quote_soql_value(value))


def is_key(text: str) -> bool:
    """Whether the text has the form of a record id."""
    return _KEY.fullmatch(text) is not None


def full_key(key: str) -> str:
    """The 18-character form of a record id. Messages name the one of 15, whose letters differ by case alone; the last
    three tell which are capitals."""
    if len(key) != 15:
        return key
    bits = (sum(1 << at for at, sign in enumerate(key[start : start + 5]) if sign.isupper()) for start in (0, 5, 10))
    return key + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[number] for number in bits)


def moment(value: datetime) -> str:
    """A datetime literal; filters are compared at whole seconds."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def changes(fields: Sequence[str], name: str, after: datetime | None, before: datetime | None) -> str:
    """Everything stamped from ``after`` (included) to ``before`` (not included), in the order of the stamp."""
    bounds = []
    if after is not None:
        bounds.append(f"SystemModstamp >= {moment(after)}")
    if before is not None:
        bounds.append(f"SystemModstamp < {moment(before)}")
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    return f"SELECT {', '.join(fields)} FROM {name}{where} ORDER BY SystemModstamp ASC, Id ASC"  # noqa: S608 (API names and literals)


def keys(name: str, after: str | None) -> str:
    """The ids of all live records, beyond ``after``."""
    where = f" WHERE Id > {quoted(after)}" if after else ""
    return f"SELECT Id FROM {name}{where} ORDER BY Id ASC"  # noqa: S608


def among(fields: Sequence[str], name: str, field: str, values: Iterable[str]) -> str:
    """Records whose field has one of the values; ``values`` are literals (`quoted`)."""
    return f"SELECT {', '.join(fields)} FROM {name} WHERE {field} IN ({','.join(values)})"  # noqa: S608


def portions(values: Sequence[str], room: int, most: int = 200) -> Iterator[Sequence[str]]:
    """Values in portions that fit into what is left of a query."""
    portion: list[str] = []
    used = 0
    for value in values:
        if portion and (used + len(value) + 1 > room or len(portion) >= most):
            yield portion
            portion, used = [], 0
        portion.append(value)
        used += len(value) + 1
    if portion:
        yield portion
