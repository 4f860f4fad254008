"""What the fake environment knows of its tables, and how it describes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from syncline.sandbox.dynamics.tables import TABLES

_LINE = re.compile(r"^(?P<name>\w+) (?P<type>[a-z]+)(?P<length>\d*)(?P<rest>( .*)?)$")
_KINDS = {
    "id": "Uniqueidentifier",
    "string": "String",
    "memo": "Memo",
    "integer": "Integer",
    "bigint": "BigInt",
    "money": "Money",
    "decimal": "Decimal",
    "boolean": "Boolean",
    "date": "DateTime",
    "datetime": "DateTime",
    "picklist": "Picklist",
    "state": "State",
    "status": "Status",
    "lookup": "Lookup",
    "customer": "Customer",
    "owner": "Owner",
}
DEEDS = ("Create", "Read", "Write", "Delete", "Append", "AppendTo")
"""What there is a privilege for, on each table."""

_REFERRING = frozenset({"lookup", "customer", "owner"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDef:
    """One column of a table. ``options`` are the numbers of a choice with their labels."""

    name: str
    type: str
    length: int = 0
    read_only: bool = False
    create_only: bool = False
    needed: bool = False
    options: dict[int, str] = field(default_factory=dict)
    targets: tuple[str, ...] = ()

    @property
    def refers(self) -> bool:
        return self.type in _REFERRING

    @property
    def shown(self) -> str:
        """Its name in rows."""
        return f"_{self.name}_value" if self.refers else self.name

    def ways(self) -> dict[str, str]:
        """Navigation properties and where they lead."""
        if self.type == "customer":
            return {f"{self.name}_{target}": target for target in self.targets}
        return dict.fromkeys([self.name], self.targets[0]) if self.targets else {}

    def describe(self) -> dict[str, Any]:
        """The entry of this column among the attributes of a table."""
        kind = _KINDS[self.type]
        required = "SystemRequired" if self.type == "id" or self.needed else "None"
        entry: dict[str, Any] = {
            "@odata.type": f"#Microsoft.Dynamics.CRM.{kind}AttributeMetadata",
            "LogicalName": self.name,
            "SchemaName": self.name,
            "AttributeOf": None,
            "AttributeType": kind,
            "AttributeTypeName": {"Value": f"{kind}Type"},
            "IsValidForRead": True,
            "IsValidForCreate": not self.read_only,
            "IsValidForUpdate": not (self.read_only or self.create_only or self.type == "id"),
            "RequiredLevel": {"Value": required, "CanBeChanged": False},
            "DisplayName": label(self.name.replace("_", " ").capitalize()),
            "IsPrimaryId": self.type == "id",
        }
        if self.type in {"string", "memo"}:
            entry["MaxLength"] = self.length
        if self.type in {"date", "datetime"}:
            entry["Format"] = "DateOnly" if self.type == "date" else "DateAndTime"
        return entry

    def describe_options(self) -> dict[str, Any]:
        """The entry among the attributes of one kind, with the option set expanded."""
        options = [{"Value": value, "Label": label(text)} for value, text in self.options.items()]
        return {"LogicalName": self.name, "OptionSet": {"Options": options}}

    def describe_shadow(self) -> dict[str, Any]:
        """The column beside a look-up that holds the other row's name: listed, but not to be asked for."""
        entry = ColumnDef(name=f"{self.name}name", type="string", length=100, read_only=True).describe()
        return {**entry, "AttributeOf": self.name}


@dataclass(slots=True, kw_only=True)
class TableDef:
    """One table: a person may add columns and keys while the fake runs. ``keys``: alternate keys with their status."""

    name: str
    entity_set: str
    title: str
    mergeable: bool
    columns: dict[str, ColumnDef] = field(default_factory=dict)
    keys: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)
    tracked: bool = True
    versioned: bool = True

    @property
    def key(self) -> str:
        return f"{self.name}id"

    def way(self, name: str) -> tuple[ColumnDef, str] | None:
        """The column behind a navigation property, and the table it leads to."""
        for column in self.columns.values():
            ways = column.ways()
            if name in ways:
                return column, ways[name]
        return None

    def in_query(self, name: str) -> ColumnDef | None:
        """The column by its name in rows and queries."""
        found = self.columns.get(name.removeprefix("_").removesuffix("_value"))
        return found if found is not None and found.shown == name else None

    def active_key(self, names: tuple[str, ...]) -> bool:
        return any(sorted(columns) == sorted(names) and status == "Active" for columns, status in self.keys.values())

    def describe(self) -> dict[str, Any]:
        """The definition of the table with attributes, keys and relationships."""
        columns = list(self.columns.values())
        return {
            "LogicalName": self.name,
            "SchemaName": self.name.capitalize(),
            "EntitySetName": self.entity_set,
            "PrimaryIdAttribute": self.key,
            "PrimaryNameAttribute": self.title,
            "ChangeTrackingEnabled": self.tracked,
            "CanChangeTrackingBeEnabled": {"Value": True},
            "IsOptimisticConcurrencyEnabled": self.versioned,
            "ObjectTypeCode": sorted(TABLES).index(self.name) + 1 if self.name in TABLES else 10_000,
            "Privileges": [{"Name": f"prv{deed}{self.name}", "PrivilegeType": deed} for deed in DEEDS],
            "MetadataId": f"00000000-0000-4000-9000-{sum(map(ord, self.name)):012d}",
            "Attributes": [
                *(column.describe() for column in columns),
                *(column.describe_shadow() for column in columns if column.refers),
            ],
            "Keys": [
                {"LogicalName": name, "SchemaName": name, "KeyAttributes": list(names), "EntityKeyIndexStatus": status}
                for name, (names, status) in self.keys.items()
            ],
            "ManyToOneRelationships": [
                {
                    "SchemaName": f"{self.name}_{way}",
                    "ReferencingAttribute": column.name,
                    "ReferencedEntity": target,
                    "ReferencingEntityNavigationPropertyName": way,
                }
                for column in columns
                for way, target in column.ways().items()
            ],
        }


def label(text: str) -> dict[str, Any]:
    """A text in the user's language, as definitions hold them."""
    local = {"Label": text, "LanguageCode": 1033}
    return {"LocalizedLabels": [local], "UserLocalizedLabel": local}


def parse_column(line: str) -> ColumnDef:
    """A column from its line (`syncline.sandbox.dynamics.tables`); raises ValueError where it is none."""
    found = _LINE.match(line.strip())
    if found is None or found["type"] not in _KINDS:
        raise ValueError(f"not a column line: {line!r}")
    rest, _, options = found["rest"].partition("=")
    words = rest.split()
    targets = next((word[1:].split(",") for word in words if word.startswith(">")), [])
    pairs = (option.partition(":") for option in options.split("|") if option)
    return ColumnDef(
        name=found["name"],
        type=found["type"],
        length=int(found["length"] or 0),
        read_only="ro" in words,
        create_only="create" in words,
        needed="needed" in words,
        options={int(value): text for value, _, text in pairs},
        targets=tuple(targets),
    )


def standard_tables() -> dict[str, TableDef]:
    """A fresh set of the standard tables."""
    made = {}
    for name, table in TABLES.items():
        columns = [parse_column(line) for line in table.columns.splitlines() if line.strip()]
        made[name] = TableDef(
            name=name,
            entity_set=table.entity_set,
            title=table.name,
            mergeable=table.mergeable,
            columns={column.name: column for column in columns},
        )
    return made
