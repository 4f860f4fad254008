"""Records as systems show them, and what goes with them. Plain, slotted and cheap: millions are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple


class Record(NamedTuple):
    """One row of a stream.

    ``key`` is the system's identifier, opaque text. ``data`` is the row as the system shows it, keyed by its own field
    names, nested as the system nests it. ``version`` is the system's concurrency token or change stamp, compared for
    equality only. ``deleted`` says that this is evidence of a deletion (a tombstone): ``data`` may then be empty.
    ``superseded_by`` is the surviving record's key after a remote merge.
    """

    key: str
    data: Mapping[str, Any]
    version: str | None = None
    deleted: bool = False
    superseded_by: str | None = None


def plain_records(keys: Iterable[str], data: Iterable[Mapping[str, Any]]) -> list[Record]:
    """``map(Record, keys, data)`` at half the cost."""
    rest = (repeat(None), repeat(False), repeat(None))
    return list(map(tuple.__new__, repeat(Record), zip(keys, data, *rest, strict=False)))


def last_of_each(records: Sequence[Record]) -> Sequence[Record]:
    """A page that drifts may show a record twice: what it showed last counts."""
    latest = {record.key: record for record in records}
    return records if len(latest) == len(records) else list(latest.values())


class RecordRef(NamedTuple):
    """A record of the same connection that another record points to."""

    stream: str
    key: str


class Problem(NamedTuple):
    """Why a record, or one value in it, cannot be used. ``message`` names the field and the rule, never the value."""

    code: str
    message: str
    field: str | None = None
    path: str | None = None


class Flaw(NamedTuple):
    """A row that is no record: without a key, unreadable, a second one with the same key.

    ``place`` finds it again in its source (``contacts.csv:812``). It is counted as seen and as a dead letter.
    """

    place: str
    problem: Problem
    key: str | None = None


class Page(NamedTuple):
    """Part of a read, in the order the system gave it.

    ``cursor`` is the position that is safe to resume from once this page is stored; None keeps the former one (a stream
    that is not ordered by its cursor gives one only on its last page). ``full`` promises that the pages of this read
    together list every live record of the stream, so that a record not among them is worth asking for. ``every_row``
    promises less: that this read met every row there is, flawed ones included, so that a flaw not among them was mended
    (a ``full`` read and one from the very beginning promise it, too).
    """

    records: Sequence[Record]
    cursor: str | None = None
    full: bool = False
    flaws: Sequence[Flaw] = ()
    every_row: bool = False


def value_at(record: Record, field: str) -> Any:
    """The value of a field (dotted where nested); None where there is none."""
    value: Any = record.data
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
