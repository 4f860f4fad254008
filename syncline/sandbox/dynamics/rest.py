"""Deeds on rows: create, update, upsert, delete, and the messages that work on several rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from syncline.sandbox.dynamics.faults import ApiError, absent, denied
from syncline.sandbox.dynamics.query import Queries
from syncline.sandbox.dynamics.schema import TableDef
from syncline.sandbox.dynamics.store import Row, Store
from syncline.sandbox.dynamics.values import preferred, version_of
from syncline.sandbox.wire import Request, Response

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PAIR = re.compile(r"(\w+)=(?:'((?:[^']|'')*)'|([^,']+))(?:,|$)")
_MATCHED_BY = {"account": "name", "contact": "emailaddress1", "lead": "emailaddress1"}
"""The default duplicate detection rules, one column each."""


class Rows:
    """Answers writes and reads of single rows. ``duplicate_status``: the vendor's pages name both 412 and 500."""

    def __init__(self, store: Store, queries: Queries) -> None:
        self.store = store
        self.queries = queries
        self.duplicate_status = 412
        self.protected: set[str] = set()

    def single(self, request: Request, base: str, table: TableDef, address: str) -> Response:
        """A row by its id or alternate key."""
        row, wanted = self._addressed(table, address)
        if row is not None and request.method != "GET" and row[table.key] in self.protected:
            raise denied(row[table.key], table.name, request.method)
        match request.method:
            case "GET":
                if row is None:
                    raise absent(table.name, unquote(address))
                return self.queries.one(request, base, table, row)
            case "PATCH":
                return self._patch(request, base, table, row, wanted)
            case "DELETE":
                if row is None:
                    raise absent(table.name, unquote(address))
                self._assert_version(request, table, row)
                self.store.delete(table, row[table.key])
                return Response(status=204, headers={"odata-version": "4.0"})
        raise ApiError("0x80060888", "The HTTP method is not allowed here.", 405)

    def create(self, request: Request, base: str, table: TableDef) -> Response:
        given = _object(request)
        self._assert_no_duplicate(request, table, given, None)
        return self._answer(request, base, table, self.store.create(table, given), created=True)

    def multiple(self, request: Request, table: TableDef, message: str) -> Response:
        """``CreateMultiple`` and its like: on standard tables one transaction, undone as a whole."""
        targets = _object(request).get("Targets")
        if not isinstance(targets, list) or not targets:
            raise ApiError("0x80048d19", "Targets is missing.")
        before, keys = self.store.snapshot(), []
        try:
            for target in targets:
                given = {name: value for name, value in target.items() if name not in {"@odata.type", "@odata.id"}}
                keys.append(self._one_of(table, message, target, given))
        except ApiError:
            self.store.restore(before)
            raise
        return Response.of({"Ids": keys}) if message == "CreateMultiple" else Response(status=204)

    def _one_of(self, table: TableDef, message: str, target: Mapping[str, Any], given: dict[str, Any]) -> str:
        if message == "CreateMultiple":
            return str(self.store.create(table, given)[table.key])
        address = str(target.get("@odata.id") or f"({given.pop(table.key, '')})")
        row, wanted = self._addressed(table, address.partition("(")[2].removesuffix(")"))
        if row is not None:
            return str(self.store.update(table, row[table.key], given)[table.key])
        if message == "UpdateMultiple":
            raise absent(table.name, address)
        return str(self.store.create(table, {**given, **wanted})[table.key])

    def merge(self, request: Request) -> Response:
        """The unbound action ``Merge``."""
        body = _object(request)
        kind, master = self._entity(body.get("Target"))
        other, loser = self._entity(body.get("Subordinate"))
        if kind is not other:
            raise ApiError("0x80040203", "Merge takes two rows of one table.")
        content = {k: v for k, v in (body.get("UpdateContent") or {}).items() if k != kind.key}
        self.store.merge(kind, master, loser, content)
        return Response(status=204)

    def _entity(self, value: Any) -> tuple[TableDef, str]:
        name = str((value or {}).get("@odata.type", "")).rpartition(".")[2]
        table = self.store.tables.get(name)
        if table is None or not value.get(table.key):
            raise ApiError("0x80048d19", "A row with its @odata.type and id is needed.")
        return table, str(value[table.key])

    def _patch(
        self, request: Request, base: str, table: TableDef, row: Row | None, wanted: Mapping[str, str]
    ) -> Response:
        """An upsert, unless a condition says that it is not one."""
        given = _object(request)
        if row is not None:
            if request.headers.get("if-none-match") == "*":
                raise ApiError("0x80040237", "A record with matching key values already exists.", 412)
            self._assert_version(request, table, row)
            self._assert_no_duplicate(request, table, given, row[table.key])
            return self._answer(request, base, table, self.store.update(table, row[table.key], given), created=False)
        if "if-match" in request.headers:
            raise absent(table.name, wanted.get(table.key, ""))
        self._assert_no_duplicate(request, table, given, None)
        key = wanted.get(table.key)
        values = {name: value for name, value in wanted.items() if name != table.key}
        return self._answer(request, base, table, self.store.create(table, {**given, **values}, key=key), created=True)

    def _assert_version(self, request: Request, table: TableDef, row: Row) -> None:
        """A version is taken only by tables with optimistic concurrency (Microsoft Learn, "Optimistic concurrency")."""
        wanted = request.headers.get("if-match", "*")
        if wanted != "*" and not table.versioned:
            raise ApiError("0x8006088d", "Optimistic concurrency isn't enabled for this entity.")
        if wanted not in {"*", version_of(row)}:
            message = "The version of the existing record doesn't match the RowVersion property provided."
            raise ApiError("0x80060882", message, 412)

    def _assert_no_duplicate(
        self, request: Request, table: TableDef, given: Mapping[str, Any], key: str | None
    ) -> None:
        column = _MATCHED_BY.get(table.name, "")
        value = str(given.get(column) or "").lower()
        if request.headers.get("mscrm.suppressduplicatedetection", "true").lower() != "false" or not value:
            return
        for other, row in self.store.rows[table.name].items():
            if other != key and row["statecode"] == 0 and str(row.get(column) or "").lower() == value:
                message = (
                    "A record was not created or updated because a duplicate of the current record already exists."
                )
                raise ApiError("0x80040333", message, self.duplicate_status)

    def _addressed(self, table: TableDef, address: str) -> tuple[Row | None, dict[str, str]]:
        """The row, and the values that it is addressed by."""
        text = unquote(address)
        if _GUID.fullmatch(text):
            return self.store.rows[table.name].get(text.lower()), {table.key: text.lower()}
        pairs = {name: (quoted or bare).replace("''", "'") for name, quoted, bare in _PAIR.findall(text)}
        if not pairs:
            raise ApiError("0x80060888", "Bad Request - Error in query syntax.")
        return self.store.matching(table, pairs), pairs

    def _answer(self, request: Request, base: str, table: TableDef, row: Row, *, created: bool) -> Response:
        headers = {"odata-version": "4.0", "odata-entityid": f"{base}/{table.entity_set}({row[table.key]})"}
        if "return" not in preferred(request.headers.get("prefer", "")):
            return Response(status=204, headers={"location": headers["odata-entityid"], **headers})
        shown = self.queries.one(request, base, table, row)
        applied = {"preference-applied": "return=representation"}
        return Response(
            status=201 if created else 200, body=shown.body, headers={**shown.headers, **headers, **applied}
        )


def _object(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ApiError("0x80048d19", "Error identified in Payload provided by the user.")
    return body
