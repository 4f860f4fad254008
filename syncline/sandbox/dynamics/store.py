"""The rows of the fake environment and the rules they keep."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any, NamedTuple

from model.clock import Clock
from syncline.sandbox.dynamics.faults import ApiError, absent, bad_payload
from syncline.sandbox.dynamics.schema import ColumnDef, TableDef
from syncline.sandbox.dynamics.tables import BY_ACTION, CASCADES, STATES
from syncline.sandbox.dynamics.values import composed, taken

Row = dict[str, Any]

APPLICATION = "00000000-0000-4000-a000-000000000001"
PERSON = "00000000-0000-4000-a000-000000000002"
DOLLAR = "00000000-0000-4000-b000-000000000001"


class Gone(NamedTuple):
    """A deletion, as change tracking remembers it."""

    version: int
    table: str
    key: str
    reason: str = "deleted"  # "changed": it left what is read, and is still there (OData 4.0 JSON format, section 15)


class Store:
    """Rows by table and id; look-up columns hold ``[table, id]``. ``version`` counts every change of any row."""

    def __init__(self, clock: Clock, tables: dict[str, TableDef]) -> None:
        self.clock = clock
        self.tables = tables
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in tables}
        self.deleted: list[Gone] = []
        self.version = 1000
        self.count = 0
        self._held: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], str]] = {}
        for key, name in ((APPLICATION, "# syncline"), (PERSON, "Ada Lovelace")):
            self.rows["systemuser"][key] = {"systemuserid": key, "fullname": name, "versionnumber": 1}
        dollar = {"transactioncurrencyid": DOLLAR, "isocurrencycode": "USD", "versionnumber": 1}
        self.rows["transactioncurrency"][DOLLAR] = dollar

    def by_set(self, entity_set: str) -> TableDef:
        found = next((table for table in self.tables.values() if table.entity_set == entity_set), None)
        if found is None:
            raise ApiError("0x8006088a", f"Resource not found for the segment '{entity_set}'.", 404)
        return found

    def get(self, table: TableDef, key: str) -> Row:
        row = self.rows[table.name].get(key.lower())
        if row is None:
            raise absent(table.name, key)
        return row

    def matching(self, table: TableDef, values: Mapping[str, str]) -> Row | None:
        """The row with these alternate key values, text compared without case; inactive ones are among them."""
        if not all(values.values()) or not table.active_key(tuple(values)):
            raise ApiError("0x80060891", f"The specified key attributes are not a defined key for {table.name}.", 400)
        columns = tuple(sorted(values))
        key = self._holders(table, columns).get(_worded(values, columns))
        return self.rows[table.name][key] if key else None

    def create(
        self, table: TableDef, given: Mapping[str, Any], *, key: str | None = None, by: str = APPLICATION
    ) -> Row:
        values = self._taken(table, given, creating=True)
        missing = [column.name for column in table.columns.values() if column.needed and not values.get(column.name)]
        if missing:
            raise ApiError("0x80040203", "You should specify a parent contact or account.")
        self._settle_state(table, values, {}, plain=True)
        self.count += 1
        key = (key or f"{self.count:08x}-0000-4000-8000-{self.count:012x}").lower()
        if key in self.rows[table.name]:
            raise ApiError("0x80040237", "Cannot insert duplicate key.", 412)
        self._assert_unique(table, key, values)
        row: Row = {column.name: self._default(column) for column in table.columns.values()}
        row |= {table.key: key, "createdon": self._now(), "createdby": ["systemuser", by]}
        row |= {"ownerid": ["systemuser", by]} if "ownerid" in row else {}
        row |= {"ticketnumber": f"CAS-{self.count:05d}-X0Y1Z2"} if "ticketnumber" in row else {}
        row |= {"transactioncurrencyid": ["transactioncurrency", DOLLAR]} if "transactioncurrencyid" in row else {}
        self.rows[table.name][key] = row
        return self._settle(table, row, values, by)

    def update(
        self, table: TableDef, key: str, given: Mapping[str, Any], *, by: str = APPLICATION, plain: bool = True
    ) -> Row:
        """``plain``: by an ordinary update, which may not set every state."""
        row = self.get(table, key)
        values = self._taken(table, given, creating=False)
        self._settle_state(table, values, row, plain=plain)
        self._assert_unique(table, row[table.key], values)
        return self._settle(table, row, values, by)

    def delete(self, table: TableDef, key: str) -> None:
        row = self.get(table, key)
        for child in CASCADES.get(table.name, ()):
            for other in [one for one in self.rows[child].values() if [table.name, row[table.key]] in one.values()]:
                if other[self.tables[child].key] in self.rows[child]:
                    self.delete(self.tables[child], other[self.tables[child].key])
        self._release(table, row)
        del self.rows[table.name][row[table.key]]
        self.version += 1
        self.deleted.append(Gone(self.version, table.name, row[table.key]))

    def merge(self, table: TableDef, master: str, loser: str, content: Mapping[str, Any], *, by: str = PERSON) -> None:
        """The loser stays, deactivated, and points to the master; what referred to it refers to the master."""
        winner, gone = self.get(table, master), self.get(table, loser)
        if not table.mergeable or winner is gone:
            raise ApiError("0x80040203", "Merge is not supported for these records.")
        for other in self.tables.values():
            for column in other.columns.values():
                if table.name in column.targets and column.name not in {"masterid", "createdby", "modifiedby"}:
                    for row in self.rows[other.name].values():
                        if row.get(column.name) == [table.name, gone[table.key]] and row is not gone:
                            self._settle(other, row, {column.name: [table.name, winner[table.key]]}, by)
        inactive = max(STATES[table.name]) if table.name in {"lead", "incident"} else 1
        lost = {"merged": True, "masterid": [table.name, winner[table.key]], "statecode": inactive}
        self._settle(table, gone, {**lost, "statuscode": STATES[table.name][inactive][-1]}, by)
        self.update(table, master, content, by=by)

    def changed(self, table: TableDef, since: int) -> Iterator[Row]:
        """Rows written after a version, in the order of their versions."""
        rows = self.rows[table.name].values()
        return iter(sorted((r for r in rows if r["versionnumber"] > since), key=lambda r: int(r["versionnumber"])))

    def snapshot(self) -> tuple[Any, ...]:
        return copy.deepcopy((self.rows, self.deleted, self.version, self.count))

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        self.rows, self.deleted, self.version, self.count = snapshot
        self._held.clear()

    def _now(self) -> str:
        return self.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _default(self, column: ColumnDef) -> Any:
        if column.type in {"state", "status"}:
            return next(iter(column.options))
        return False if column.type == "boolean" else None

    def _taken(self, table: TableDef, given: Mapping[str, Any], *, creating: bool) -> Row:
        values: Row = {}
        for name, value in given.items():
            if name.endswith("@odata.bind"):
                column, found = self._bound(table, name.removesuffix("@odata.bind"), value)
            elif "@" in name:
                continue
            else:
                known = table.columns.get(name)
                if known is None or known.refers:
                    what = f"The property '{name}' does not exist on type 'Microsoft.Dynamics.CRM.{table.name}'."
                    raise bad_payload(table.entity_set, f"Microsoft.OData.ODataException: {what}")
                column, found = known, taken(table, known, value)
            if column.type == "id" or column.read_only or (column.create_only and not creating):
                continue  # passed over without a word, as the real one does
            values[column.name] = found
        return values

    def _bound(self, table: TableDef, name: str, value: Any) -> tuple[ColumnDef, Any]:
        way = table.way(name)
        if way is None:
            what = f"An undeclared property '{name}' which only has property annotations in the payload was found."
            raise bad_payload(table.entity_set, f"Microsoft.OData.ODataException: {what}")
        column, target = way
        if value is None:
            return column, None
        return column, self.referred(str(value), "systemuser" if target == "owner" else target)

    def referred(self, address: str, target: str | None = None) -> Sequence[str]:
        """``[table, id]`` of an address such as ``/accounts(…)``, with an alternate key if wanted."""
        entity_set, _, key = address.rpartition("/")[2].removesuffix(")").partition("(")
        table = self.by_set(entity_set)
        if target is not None and table.name != target:
            raise bad_payload(table.entity_set, f"the property leads to {target}, not to {table.name}")
        if "=" in key:
            name, _, value = key.partition("=")
            row = self.matching(table, {name: value.strip("'").replace("''", "'")})
            if row is None:
                raise ApiError(
                    "0x80060891", f"A record with the specified key values does not exist in {table.name}", 404
                )
        else:
            row = self.get(table, key)
        return [table.name, row[table.key]]

    def _settle_state(self, table: TableDef, values: Row, row: Mapping[str, Any], *, plain: bool) -> None:
        """A state and its reason have to go together; some states are reached by a message of their own only."""
        if table.name not in STATES or not {"statecode", "statuscode"} & values.keys():
            return
        states = STATES[table.name]
        state = values.get("statecode", row.get("statecode", next(iter(states))))
        if "statecode" in values:
            values.setdefault("statuscode", states[state][0] if state != row.get("statecode") else row["statuscode"])
        if values["statuscode"] not in states[state]:
            message = f"{values['statuscode']} is not a valid status code for state code {state} on {table.name}"
            raise ApiError("0x80048408", message)
        action = BY_ACTION.get(table.name, {}).get(state)
        if plain and action and state != row.get("statecode"):
            raise ApiError("0x80040203", f"This message can not be used to set the state. Use the {action} message.")

    def _assert_unique(self, table: TableDef, key: str, values: Mapping[str, Any]) -> None:
        for name, (columns, status) in table.keys.items():
            if status != "Active" or not set(columns) & values.keys():
                continue
            wanted = _worded({**self.rows[table.name].get(key, {}), **values}, columns := tuple(sorted(columns)))
            holder = self._holders(table, columns).get(wanted)
            if all(wanted) and holder not in {None, key}:
                what = f"Entity Key {name} violated. A record with the same value for {columns[0]} already exists."
                raise ApiError("0x80060892", f"{what} A duplicate record cannot be created.", 412)

    def _holders(self, table: TableDef, columns: tuple[str, ...]) -> dict[tuple[str, ...], str]:
        """Which row holds which values of an alternate key."""
        place = (table.name, columns)
        if place not in self._held:
            self._held[place] = {_worded(row, columns): key for key, row in self.rows[table.name].items()}
        return self._held[place]

    def _release(self, table: TableDef, row: Row) -> None:
        for (name, columns), holders in self._held.items():
            if name == table.name and holders.get(_worded(row, columns)) == row[table.key]:
                del holders[_worded(row, columns)]

    def _settle(self, table: TableDef, row: Row, values: Mapping[str, Any], by: str) -> Row:
        """Write, stamp, and compute what the environment computes."""
        self.version += 1
        self._release(table, row)
        row |= values
        row |= {"versionnumber": self.version, "modifiedon": self._now(), "modifiedby": ["systemuser", by]}
        row |= composed(row)
        for (name, columns), holders in self._held.items():
            if name == table.name:
                holders[_worded(row, columns)] = row[table.key]
        return row


def _worded(row: Mapping[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    """Values of an alternate key as they are compared: without case."""
    return tuple(str(row.get(column) or "").lower() for column in columns)
