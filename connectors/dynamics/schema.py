"""What an environment says of a table, and how its rows and our fields translate into each other.

A look-up column is read as ``_parentcustomerid_value`` and written through a navigation property, of which a
polymorphic one has several (``parentcustomerid_account``, ``parentcustomerid_contact``). Records show every look-up by
the names of its navigation properties, so that it has one name both ways and one target each.
Sources: Microsoft Learn, "Web API properties" (lookup properties, navigation properties), "Query table definitions".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.sdk import Field, FieldType, Record
from connectors.unfit import UnfitError

VERSION = "@odata.etag"
TARGET = "Microsoft.Dynamics.CRM.lookuplogicalname"
OPTIONS = ("Picklist", "State", "Status", "MultiSelectPicklist")
"""Kinds of columns whose options have to be asked for apart."""

_TYPES = {
    "String": FieldType.TEXT,
    "Memo": FieldType.TEXT,
    "Uniqueidentifier": FieldType.TEXT,
    "Integer": FieldType.INTEGER,
    "BigInt": FieldType.INTEGER,
    "Decimal": FieldType.DECIMAL,
    "Double": FieldType.DECIMAL,
    "Money": FieldType.DECIMAL,
    "Boolean": FieldType.BOOLEAN,
    "DateTime": FieldType.DATETIME,
    "Picklist": FieldType.CHOICE,
    "State": FieldType.CHOICE,
    "Status": FieldType.CHOICE,
    "MultiSelectPicklist": FieldType.SET,
}
_LOOKUPS = frozenset({"Lookup", "Customer", "Owner"})
_KEY = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OWNERS = "systemusers"


def is_key(text: str) -> bool:
    """Whether it has the form of a row's id."""
    return _KEY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Lookup:
    """One navigation property: the column behind it and the table it leads to."""

    name: str
    column: str
    target: str

    @property
    def shown(self) -> str:
        """The name of the column in rows and queries."""
        return f"_{self.column}_value"


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table as the application user sees it; ``columns`` and ``lookups`` by the names records show.

    ``keys``: the state of the index of each alternate key, by its columns. ``privileges``: their names by kind.
    ``ways``: the navigation properties of each look-up column, by the name it has in rows.
    """

    name: str
    entity_set: str
    key: str
    columns: Mapping[str, Mapping[str, Any]]
    lookups: Mapping[str, Lookup]
    tracked: bool
    conditional: bool
    keys: Mapping[tuple[str, ...], str]
    privileges: Mapping[str, str]
    ways: Mapping[str, tuple[Lookup, ...]]

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> TableSchema:
        """From an ``EntityDefinitions`` answer with Attributes, Keys and ManyToOneRelationships."""
        attributes = {str(entry["LogicalName"]): entry for entry in definition.get("Attributes") or ()}
        relations = [
            Lookup(
                str(entry["ReferencingEntityNavigationPropertyName"]),
                str(entry["ReferencingAttribute"]),
                str(entry["ReferencedEntity"]),
            )
            for entry in definition.get("ManyToOneRelationships") or ()
        ]
        relations = [one for one in relations if one.name and _kind(attributes.get(one.column, {})) in _LOOKUPS]
        keys = definition.get("Keys") or ()
        return cls(
            name=str(definition.get("LogicalName")),
            entity_set=str(definition.get("EntitySetName")),
            key=str(definition.get("PrimaryIdAttribute")),
            columns={name: entry for name, entry in attributes.items() if _shown(entry)},
            lookups={one.name: one for one in relations},
            tracked=bool(definition.get("ChangeTrackingEnabled")),
            conditional=bool(definition.get("IsOptimisticConcurrencyEnabled")),
            keys={tuple(entry.get("KeyAttributes") or ()): str(entry.get("EntityKeyIndexStatus")) for entry in keys},
            ways={
                column: tuple(relation for relation in relations if relation.shown == column)
                for column in {relation.shown for relation in relations}
            },
            privileges={str(e.get("PrivilegeType")): str(e.get("Name")) for e in definition.get("Privileges") or ()},
        )

    def selected(self, wanted: Iterable[str] | None) -> tuple[str, ...] | None:
        """The columns a read asks for, by their names in queries; None for all there are."""
        if wanted is None:
            return None
        names = {self.key, *(name for name in ("merged",) if name in self.columns)}
        for name in [*wanted, "masterid"]:
            lookup = self.lookups.get(name)
            if lookup is not None:
                names.add(lookup.shown)
            elif name in self.columns:
                names.add(name)
        return tuple(sorted(names))

    def record(self, row: Mapping[str, Any]) -> Record:
        """A row of an answer. The loser of a merge stays in its table, deactivated: it is a tombstone."""
        data: dict[str, Any] = {}
        for name, value in row.items():
            ways = self.ways.get(name)
            if ways is None:
                if "@" not in name or name == VERSION:
                    data[name] = value
            elif len(ways) == 1 or value is None:
                data.update((lookup.name, value) for lookup in ways)
            elif (target := row.get(f"{name}@{TARGET}")) is not None:
                # Without its annotation nobody knows where a polymorphic look-up leads: better unseen than wrong.
                data.update((lookup.name, value if lookup.target == target else None) for lookup in ways)
        merged = row.get("merged") is True
        master = row.get("_masterid_value") if merged else None
        return Record(str(row[self.key]), data, row.get(VERSION), deleted=merged, superseded_by=master)

    def payload(self, given: Mapping[str, Any], sets: Mapping[str, str], *, creating: bool) -> dict[str, Any]:
        """The body of a write. ``sets`` names the entity set of each table that look-ups lead to.

        Raises UnfitError for what the environment would pass over in silence or take for something else.
        """
        body: dict[str, Any] = {}
        for name, value in given.items():
            lookup = self.lookups.get(name)
            column = lookup.column if lookup is not None else name
            self._assert_writable(name, column, creating=creating)
            if lookup is None:
                body[name] = value
            elif value is not None:
                body[f"{name}@odata.bind"] = f"/{sets[lookup.target]}({_reference(name, value)})"
            elif not self._leads_elsewhere(lookup, given):
                body[f"{name}@odata.bind"] = None
        return body

    def _leads_elsewhere(self, lookup: Lookup, given: Mapping[str, Any]) -> bool:
        """Whether the same column is set by another of its ways: emptying this one would empty that."""
        return any(given.get(way.name) is not None for way in self.ways[lookup.shown])

    def _assert_writable(self, name: str, column: str, *, creating: bool) -> None:
        entry = self.columns.get(column)
        if entry is None or (name == column and _kind(entry) in _LOOKUPS and name not in self.lookups):
            raise UnfitError("unknown-column", name, f"{self.name} has no column {name}, or the user may not see it")
        if not entry.get("IsValidForCreate" if creating else "IsValidForUpdate"):
            raise UnfitError("read-only", name, f"{name} cannot be given when {'creating' if creating else 'updating'}")

    def facts(self, options: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[Field]:
        """The fields as records show them; ``options`` of choice columns by the column's name."""
        unique = {names[0] for names in self.keys if len(names) == 1}
        for name, entry in self.columns.items():
            if _kind(entry) not in _LOOKUPS:
                yield _fact(name, entry, options.get(name), unique=name in unique or name == self.key)
        for lookup in self.lookups.values():
            entry = self.columns[lookup.column]
            yield Field(
                name=lookup.name,
                type=FieldType.REFERENCE,
                label=_label(entry),
                creatable=bool(entry.get("IsValidForCreate")),
                updatable=bool(entry.get("IsValidForUpdate")),
                references=(lookup.target,),
            )

    def targets(self, names: Iterable[str]) -> set[str]:
        """The tables that the look-ups among these fields lead to."""
        return {self.lookups[name].target for name in names if name in self.lookups}


def entity_set_of(table: str) -> str | None:
    """The entity set of a table that has none of its own: an owner is written as a user."""
    return _OWNERS if table == "owner" else None


def _reference(name: str, value: Any) -> str:
    if not isinstance(value, str) or not is_key(value):
        raise UnfitError("not-a-key", name, f"{name} takes the id of a row")
    return value


def _kind(entry: Mapping[str, Any]) -> str:
    """The column's type; several kinds are all "Virtual" and differ in the name of their type only."""
    kind = str(entry.get("AttributeType") or "")
    if kind != "Virtual":
        return kind
    return str((entry.get("AttributeTypeName") or {}).get("Value") or "").removesuffix("Type")


def _shown(entry: Mapping[str, Any]) -> bool:
    """Whether queries can ask for it; names of look-ups and the like are parts of other columns."""
    kind = _kind(entry)
    return bool(entry.get("IsValidForRead")) and not entry.get("AttributeOf") and (kind in _TYPES or kind in _LOOKUPS)


def _fact(name: str, entry: Mapping[str, Any], options: Sequence[Mapping[str, Any]] | None, *, unique: bool) -> Field:
    kind = _kind(entry)
    is_date = kind == "DateTime" and entry.get("Format") == "DateOnly"
    level = str((entry.get("RequiredLevel") or {}).get("Value"))
    length = entry.get("MaxLength")
    shown = [f"{one.get('Value')} {_text(one.get('Label'))}".strip() for one in options or ()]
    label = _label(entry)
    return Field(
        name=name,
        type=FieldType.DATE if is_date else _TYPES[kind],
        label=f"{label}: {', '.join(shown)}" if shown else label,
        max_length=int(length) if isinstance(length, int) and length > 0 else None,
        # What is required by the application only (ApplicationRequired) the Web API does not ask for.
        required=level == "SystemRequired" and bool(entry.get("IsValidForCreate")) and not _defaulted(entry),
        nullable=level != "SystemRequired",
        creatable=bool(entry.get("IsValidForCreate")),
        updatable=bool(entry.get("IsValidForUpdate")),
        unique=unique,
        choices=tuple(str(one.get("Value")) for one in options) if options else None,
        restricted=bool(options),
    )


def _defaulted(entry: Mapping[str, Any]) -> bool:
    return _kind(entry) in {"Uniqueidentifier", "State", "Status", "Boolean", "DateTime", "Picklist"}


def _label(entry: Mapping[str, Any]) -> str:
    return _text(entry.get("DisplayName"))


def _text(label: Any) -> str:
    shown = label.get("UserLocalizedLabel") if isinstance(label, Mapping) else None
    return str(shown.get("Label") or "") if isinstance(shown, Mapping) else ""
