"""What the database kept of rows just written, read in the same transaction: triggers and types may have changed it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection

from connectors.sdk import Outcome, OutcomeKind, Record, Write
from connectors.sql.layout import Layout
from connectors.sql.reading import by_keys, records_of
from connectors.sql.rows import rows_among
from connectors.sql.values import Unfit

NOT_KEPT = "not-kept"


class Kept(NamedTuple):
    """A row that is there, with its key as the database shows it. No record: it is there and cannot be read."""

    key: str
    record: Record | None


def by_marker(connection: Connection, layout: Layout, markers: Collection[str]) -> dict[str, Kept]:
    """Rows that hold these ids of the hub's, unreadable ones among them."""
    name = layout.marker
    if name is None:
        return {}
    write = layout.columns[name].write
    sought: dict[str, str] = {}
    wanted: list[tuple[Any]] = []
    for marker in markers:
        try:
            bound = write(marker)
        except Unfit:
            continue  # what the column cannot hold is in no row
        if marker:
            sought[str(bound)] = marker
            wanted.append((bound,))
    rows = rows_among(connection, layout, layout.names, (name,), wanted)
    records = {record.key: record for record in records_of(layout, rows).records}
    slot = layout.names.index(name)
    held = (str(layout.shown((name,), (row[slot],))[name]) for row in rows)
    found = zip(held, layout.key_texts(rows), strict=True)
    return {sought[text]: Kept(key, records.get(key)) for text, key in found if key and text in sought}


def read_back(
    connection: Connection, layout: Layout, done: Mapping[int, str], batch: Sequence[Write]
) -> dict[int, Outcome]:
    """Outcomes of rows that were written, by place; ``done`` has their keys, an empty one where the marker has to find
    the row. `NOT_KEPT` is the code of a new row that nobody could ever find again."""
    found = by_keys(connection, layout, [key for key in done.values() if key])
    lost = {place for place, key in done.items() if batch[place].key is None and key not in found}
    made = by_marker(connection, layout, [batch[place].marker for place in lost])
    outcomes: dict[int, Outcome] = {}
    for place, key in done.items():
        kept: Kept | None = Kept(key, found.get(key))
        if place in lost:
            kept = made.get(batch[place].marker) or _spelt_otherwise(connection, layout, key, batch[place])
        outcomes[place] = _not_kept(layout, key) if kept is None else _applied(kept)
    return outcomes


def _spelt_otherwise(connection: Connection, layout: Layout, key: str, write: Write) -> Kept | None:
    """The row that the database takes for the one of this key, though it shows another: 7 for 7.0. Not one that says
    something else: the database kept that of somebody else, and ignored ours."""
    same = by_keys(connection, layout, [key]) if key else {}
    if len(same) != 1:
        return None
    kept = Kept(*next(iter(same.items())))
    shown = kept.record.data if kept.record is not None else {}
    texts = {name: value for name, value in write.fields.items() if isinstance(value, str) and name not in layout.keys}
    return kept if all(str(shown.get(name)).lower() == value.lower() for name, value in texts.items()) else None


def _applied(kept: Kept) -> Outcome:
    return Outcome(OutcomeKind.APPLIED, kept.key, kept.record.version if kept.record else None, kept.record)


def _not_kept(layout: Layout, key: str) -> Outcome:
    message = "the database did not keep the row, or not with the hub's id (a trigger?): none was made"
    return Outcome(OutcomeKind.REFUSED, code=NOT_KEPT, message=message, field=None if key else layout.marker)
