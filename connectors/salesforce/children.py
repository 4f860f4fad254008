"""Records of a child object shown as a list of their parent: the products of an order.

They are asked for by their parent's id, some hundred parents a query, and not in a sub-query of the parent's own: that
one is paged inside each row, and of a parent read by its key it is another query all the same. An edit of a child need
not move the parent's stamp, so that an incremental read begins with the parents of the children that changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.salesforce import soql
from connectors.salesforce.session import Session
from connectors.salesforce.settings import ChildSettings
from connectors.sdk import Field, FieldType, Record, RefusedError

_STAMP = "SystemModstamp"
_NEEDED = ("Id", _STAMP)
_AROUND = frozenset({"attributes", "IsDeleted", "MasterRecordId"})


def list_fields(children: Mapping[str, ChildSettings]) -> tuple[Field, ...]:
    """Only read: children are written as records of their own object, if at all."""
    return tuple(
        Field(name=name, type=FieldType.LIST, label=one.object, nullable=False, creatable=False, updatable=False)
        for name, one in children.items()
    )


def with_children(session: Session, children: Mapping[str, ChildSettings], records: Sequence[Record]) -> list[Record]:
    """The records with a list for each kind of children, in the order of their ids; tombstones stay as they are."""
    keys = [record.key for record in records if not record.deleted]
    if not children or not keys:
        return list(records)
    lists = {name: _by_parent(session, one, keys) for name, one in children.items()}
    return [
        record
        if record.deleted
        else record._replace(data={**record.data, **{name: found.get(record.key, []) for name, found in lists.items()}})
        for record in records
    ]


def parents_of_changed(session: Session, children: Mapping[str, ChildSettings], after: datetime) -> list[str]:
    """The ids of records whose children were made, edited or deleted since then."""
    found: dict[str, None] = {}
    for one in children.values():
        text = soql.changes(["Id", one.parent], one.object, after, None)
        for rows in session.query(text, one.object, everything=True):
            found.update((str(row[one.parent]), None) for row in rows if row.get(one.parent))
    return list(found)


def _by_parent(session: Session, one: ChildSettings, keys: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    schema = session.schema(one.object)
    if one.parent not in schema.fields:
        what = f"reading {one.object}: the field {one.parent} is not there, or the user may not see it"
        raise RefusedError(what, code="INVALID_FIELD")
    fields = schema.readable(one.fields, (*_NEEDED, one.parent))
    fields += [name for name in one.fields or () if name.partition(".")[0] in schema.relationships and "." in name]
    found: dict[str, list[dict[str, Any]]] = {}
    for row in among(session, one.object, fields, one.parent, keys, everything=False):
        item = {name: _bare(value) for name, value in row.items() if name not in _AROUND and name != one.parent}
        found.setdefault(str(row[one.parent]), []).append(item)
    for items in found.values():
        items.sort(key=lambda item: str(item["Id"]))
    return found


def _bare(value: Any) -> Any:
    """A record that is pointed to comes with attributes of its own, which say nothing of it."""
    return {name: part for name, part in value.items() if name != "attributes"} if isinstance(value, dict) else value


def among(
    session: Session, name: str, fields: Sequence[str], field: str, values: Sequence[str], *, everything: bool
) -> Iterator[dict[str, Any]]:
    """Rows whose field has one of the values, in as many queries as those take."""
    written = session.schema(name).literals(field, values)
    room = soql.LONGEST - soql.size(soql.among(fields, name, field, ()))
    for portion in soql.portions(written, max(room, 200)):
        text = soql.among(fields, name, field, portion)
        for rows in session.query(text, name, everything=everything):
            yield from rows
