"""``EntityDefinitions``: describing tables, and making columns and alternate keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from syncline.sandbox.dynamics.faults import ApiError
from syncline.sandbox.dynamics.schema import ColumnDef, TableDef
from syncline.sandbox.dynamics.store import Store
from syncline.sandbox.wire import Request, Response

_NAMED = re.compile(r"EntityDefinitions\((?:LogicalName='(\w+)'|([0-9a-f-]{36}))\)")
_EQUALS = re.compile(r"(\w+) eq '?([\w-]+)'?")
_EXPANDED = re.compile(r"(\w+)(\([^)]*\))?")
_PARTS = ("Attributes", "Keys", "ManyToOneRelationships")
_KINDS = {
    "PicklistAttributeMetadata": "picklist",
    "StateAttributeMetadata": "state",
    "StatusAttributeMetadata": "status",
}


class Definitions:
    """``pending`` keys have an index that is not built yet; ``altered`` is told the name of a table that changed."""

    def __init__(self, store: Store, altered: Callable[[str], None]) -> None:
        self.store = store
        self.altered = altered
        self.pending = False

    def handle(self, request: Request, parts: list[str]) -> Response:
        found = _NAMED.fullmatch(parts[0])
        if parts == ["EntityDefinitions"] and request.method == "GET":
            return self._all(request.query)
        if found is None:
            raise ApiError("0x8006088a", "Resource not found for the segment.", 404)
        table = self._table(found)
        match parts[1:]:
            case [] if request.method == "GET":
                return Response.of(_described(table, request.query))
            case ["Attributes"] if request.method == "POST":
                return self._add_column(table, request.json())
            case ["Keys"] if request.method == "POST":
                return self._add_key(table, request.json())
            case [("Attributes" | "Keys" | "ManyToOneRelationships") as part] if request.method == "GET":
                return Response.of({"value": _narrowed(table.describe()[part], request.query)})
            case ["Attributes", cast] if request.method == "GET":
                kind = _KINDS.get(cast.rpartition(".")[2])
                columns = (column for column in table.columns.values() if column.type == kind)
                return Response.of({"value": [column.describe_options() for column in columns]})
        raise ApiError("0x8006088a", "Resource not found for the segment.", 404)

    def _table(self, found: re.Match[str]) -> TableDef:
        for table in self.store.tables.values():
            if table.name == found[1] or table.describe()["MetadataId"] == found[2]:
                return table
        raise ApiError("0x80060888", f"Could not find an entity with the name {found[1] or found[2]}", 404)

    def _all(self, query: Mapping[str, str]) -> Response:
        wanted = dict(_EQUALS.findall(query.get("$filter", "")))
        described = [(table, table.describe()) for table in self.store.tables.values()]
        met = [
            table
            for table, entry in described
            if all(str(entry.get(k)).lower() == v.lower() for k, v in wanted.items())
        ]
        return Response.of({"value": [_described(table, query) for table in met]})

    def _add_column(self, table: TableDef, body: Mapping[str, Any]) -> Response:
        name = str(body.get("SchemaName") or "").lower()
        if "_" not in name or not str(body.get("@odata.type", "")).endswith("StringAttributeMetadata"):
            raise ApiError("0x80044363", "The name must begin with a customization prefix, such as new_.")
        if name in table.columns:
            raise ApiError("0x80044363", f"An attribute with the name {name} already exists.")
        table.columns[name] = ColumnDef(name=name, type="string", length=int(body.get("MaxLength") or 100))
        self.altered(table.name)
        return Response(status=204)

    def _add_key(self, table: TableDef, body: Mapping[str, Any]) -> Response:
        names = tuple(str(name) for name in body.get("KeyAttributes") or ())
        if not names or any(name not in table.columns for name in names) or len(table.keys) >= 10:
            raise ApiError("0x80060890", "The key attributes are not valid.")
        table.keys[str(body.get("SchemaName") or "").lower()] = (names, "Pending" if self.pending else "Active")
        return Response(status=204)


def _described(table: TableDef, query: Mapping[str, str]) -> dict[str, Any]:
    entry = table.describe()
    expanded = dict(_EXPANDED.findall(query.get("$expand", "")))
    kept = {name: value for name, value in entry.items() if name not in _PARTS}
    if "$select" in query:
        wanted = {*query["$select"].split(","), "MetadataId"}
        unknown = wanted - entry.keys()
        if unknown:
            what = f"Could not find a property named '{min(unknown)}' on type 'Microsoft.Dynamics.CRM.EntityMetadata'."
            raise ApiError("0x80060888", what)
        kept = {name: value for name, value in kept.items() if name in wanted}
    for part in _PARTS:
        if part in expanded:
            options = re.search(r"\$select=([\w,]+)", expanded[part])
            kept[part] = _narrowed(entry[part], {"$select": options[1]} if options else {})
    return kept


def _narrowed(entries: list[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    wanted = dict(_EQUALS.findall(query.get("$filter", "")))
    entries = [entry for entry in entries if all(str(entry.get(k)) == v for k, v in wanted.items())]
    if "$select" not in query:
        return entries
    names = {*query["$select"].split(","), "@odata.type"}
    return [{name: value for name, value in entry.items() if name in names} for entry in entries]
