"""Reading what changed by delta links, and rows by their keys or values.

A first read with ``Prefer: odata.track-changes`` lists everything; the link on its last page leads to what was changed
and deleted since the read *began*, so that what changes meanwhile comes again. The link holds the columns it was made
for: where others are wanted later, everything is read anew.
Source: Microsoft Learn, "Use change tracking to synchronize data with external systems" (2023-06).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from connectors.dynamics.errors import listed
from connectors.dynamics.schema import TARGET, TableSchema, is_key
from connectors.dynamics.session import Session
from connectors.sdk import CursorExpiredError, FieldType, Flaw, Page, Problem, ProtocolError, Record, RefusedError

_ANNOTATIONS = f'odata.include-annotations="{TARGET}"'
_KEYS_AT_ONCE = 100
_VALUES_AT_ONCE = 25
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class Cursor(NamedTuple):
    """``link``: path and query of a delta link. ``selected``: the columns it was made for, None for all."""

    link: str
    selected: frozenset[str] | None

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises CursorExpiredError for what is no cursor of ours: a full read then puts things right."""
        try:
            kept = orjson.loads(text)
            selected = kept["selected"]
            link = "/" + str(kept["link"]).removeprefix("/")
            return cls(link, None if selected is None else frozenset(selected))
        except (ValueError, KeyError, TypeError):
            raise CursorExpiredError(
                "the stored position is not one of this connector: read everything again"
            ) from None

    def __str__(self) -> str:
        selected = None if self.selected is None else sorted(self.selected)
        return orjson.dumps({"link": self.link, "selected": selected}).decode()

    def shows(self, selected: Sequence[str] | None) -> bool:
        """Whether answers to this link have these columns."""
        return self.selected is None or (selected is not None and self.selected.issuperset(selected))


def changes(session: Session, schema: TableSchema, selected: Sequence[str] | None, since: str | None) -> Iterator[Page]:
    """The pages of one read, full (``since`` None) or of what happened since; the cursor is on the last one."""
    what = f"reading {schema.name}"
    prefer = f"odata.maxpagesize={session.settings.page},{_ANNOTATIONS}"
    if since is None:
        query = {"$select": ",".join(selected)} if selected is not None else None
        kept = None if selected is None else frozenset(selected)
        headers = {"prefer": f"odata.track-changes,{prefer}"}
        answers = session.pages(schema.entity_set, what, headers=headers, query=query)
    else:
        cursor = Cursor.parse(since)
        if not cursor.shows(selected):
            raise CursorExpiredError(f"{what}: other columns are looked at than at the last read: everything is read")
        kept = cursor.selected
        answers = _since(session, cursor.link, what, {"prefer": prefer})
    for answer in answers:
        rows = listed(answer, what)
        records, flaws = _records(schema, rows)
        left = [str(row.get("id")) for row in rows if _left(row)]
        records += by_keys(session, schema, selected, left).values() if left else ()
        after = None if "@odata.nextLink" in answer else str(Cursor(_delta_link(answer, what), kept))
        yield Page(records, after, full=since is None, flaws=flaws)


def _since(session: Session, link: str, what: str, headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What a kept link shows. One that is refused (a column of it was removed, say) is of no use any more."""
    try:
        yield from session.pages(link, what, headers=headers)
    except RefusedError as error:
        raise CursorExpiredError(f"{what}: the link to the changes is refused ({error.code})") from None


def _delta_link(answer: Mapping[str, Any], what: str) -> str:
    link = answer.get("@odata.deltaLink")
    if not isinstance(link, str):
        raise ProtocolError(f"{what}: no link to later changes: is change tracking on for the table?")
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def _left(row: Mapping[str, Any]) -> bool:
    """Whether a row is told to be out of what is read although it is not deleted (OData 4.0, JSON format, "Deleted
    Entity": ``reason``). It is shown as it is now, if it can be seen."""
    return _removed(row) and row.get("reason") == "changed"


def _removed(row: Mapping[str, Any]) -> bool:
    return str(row.get("@odata.context", "")).endswith("$deletedEntity")


def _records(schema: TableSchema, rows: Sequence[Mapping[str, Any]]) -> tuple[list[Record], list[Flaw]]:
    records, flaws = [], []
    for row in rows:
        if _removed(row):
            records += [] if _left(row) else [Record(str(row.get("id")), {}, deleted=True)]
        elif row.get(schema.key):
            records.append(schema.record(row))
        else:
            flaws.append(Flaw(schema.name, Problem("no-key", f"a row without its {schema.key}", schema.key)))
    return records, flaws


def by_keys(
    session: Session, schema: TableSchema, selected: Sequence[str] | None, keys: Sequence[str]
) -> dict[str, Record]:
    """The rows there are of these, by their keys in small letters; losers of merges as tombstones."""
    valid = sorted({key.lower() for key in keys if is_key(key)})
    found: dict[str, Record] = {}
    for at in range(0, len(valid), _KEYS_AT_ONCE):
        names = ",".join(f"'{key}'" for key in valid[at : at + _KEYS_AT_ONCE])
        term = f"Microsoft.Dynamics.CRM.In(PropertyName='{schema.key}',PropertyValues=[{names}])"
        found |= {record.key.lower(): record for record in _filtered(session, schema, selected, term)}
    return found


def by_values(
    session: Session, schema: TableSchema, selected: Sequence[str] | None, field: str, values: Sequence[str]
) -> Iterator[Record]:
    """Live rows whose field has one of the values, compared as the environment does: text without case."""
    column, literals = _literals(schema, field, values)
    selected = None if selected is None else sorted({*selected, column})
    for at in range(0, len(literals), _VALUES_AT_ONCE):
        term = " or ".join(f"{column} eq {literal}" for literal in literals[at : at + _VALUES_AT_ONCE])
        yield from (record for record in _filtered(session, schema, selected, term) if not record.deleted)


def _filtered(session: Session, schema: TableSchema, selected: Sequence[str] | None, term: str) -> Iterator[Record]:
    query = {"$select": ",".join(selected) if selected is not None else None, "$filter": term}
    headers = {"prefer": f"odata.maxpagesize={session.settings.page},{_ANNOTATIONS}"}
    what = f"reading {schema.name}"
    for answer in session.pages(schema.entity_set, what, headers=headers, query=query):
        yield from _records(schema, listed(answer, what))[0]


def _literals(schema: TableSchema, field: str, values: Sequence[str]) -> tuple[str, list[str]]:
    """A column as filters name it, and values as they write them; what cannot be a value of it, no row has."""
    wanted = list(dict.fromkeys(values))
    if field in schema.lookups:
        return schema.lookups[field].shown, [value for value in wanted if is_key(value)]
    fact = next((one for one in schema.facts({}) if one.name == field), None)
    if fact is None:
        message = f"searching {schema.name}: it has no column {field}, or the user may not see it"
        raise RefusedError(message, code="unknown-column")
    if field == schema.key:
        return field, [value for value in wanted if is_key(value)]
    if fact.type is FieldType.TEXT:
        return field, ["'" + value.replace("'", "''") + "'" for value in wanted]
    return field, [value for value in wanted if _NUMBER.fullmatch(value)]
