"""Inserting, updating, upserting and deleting, a hundred records a call, an item for each.

Vendor facts (Zoho CRM v8, "Update Records", "Upsert records"): ``If-Unmodified-Since`` is for the whole call; an upsert
looks at the fields it is told, in their order, and then at every other unique one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from syncline.sandbox.wire import Request, Response
from syncline.sandbox.zoho.faults import ApiError
from syncline.sandbox.zoho.lists import since_of
from syncline.sandbox.zoho.modules import SYSTEM_CHECKED
from syncline.sandbox.zoho.store import HUB, Row, Store

_MOST = 100
Item = dict[str, Any]


class Writes:
    """``workflows``: by module, values that an automation writes after each write that does not suppress it.

    ``each_condition``: a condition that fails is told of the item instead of the call. ``vague``: refused items come
    without their details.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.workflows: dict[str, Mapping[str, Any]] = {}
        self.each_condition = False
        self.vague = False

    def handle(self, request: Request, name: str, *, upsert: bool = False) -> Response:
        if request.method == "DELETE":
            keys = [key for key in request.query.get("ids", "").split(",") if key]
            self._few(keys)
            return self._answered([self._item(partial(self._deleted, name, key)) for key in keys], 200)
        body = self._body(request)
        external = request.headers.get("x-external", "").removeprefix(f"{name}.")
        rows = [self._without_external(name, row, external) for row in body["data"]]
        if request.method == "PUT":
            self._unmodified(request, name, rows)
            return self._answered([self._item(partial(self._updated, request, name, r, body)) for r in rows], 200)
        deed = self._upserted if upsert else self._inserted
        return self._answered([self._item(partial(deed, name, r, body)) for r in rows], 200 if upsert else 201)

    def _body(self, request: Request) -> dict[str, Any]:
        try:
            body = request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict) or not isinstance(body.get("data"), list):
            raise ApiError("INVALID_DATA", "body", {"expected_data_type": "jsonarray", "api_name": "data"})
        self._few(body["data"])
        return body

    def _few(self, rows: Sequence[Any]) -> None:
        if not rows:
            raise ApiError("MANDATORY_NOT_FOUND", "required field not found", {"api_name": "data"})
        if len(rows) > _MOST:
            raise ApiError("LIMIT_EXCEEDED", "Record count exceeded", {"limit": _MOST})

    def _without_external(self, name: str, row: Mapping[str, Any], named: str) -> dict[str, Any]:
        """External ids are only taken where the call names them."""
        fields = self.store.module(name).fields
        hidden = {n for n in row if n in fields and "external" in fields[n].flags and n != named}
        return {n: value for n, value in row.items() if n not in hidden}

    def _unmodified(self, request: Request, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        since = since_of(request, "if-unmodified-since")
        if since is None or self.each_condition:
            return
        found = (self.store.rows[name].get(str(row.get("id"))) for row in rows)
        if any(row is not None and row["Modified_Time"] > since for row in found):
            raise _moved()

    def _inserted(self, name: str, row: Mapping[str, Any], body: Mapping[str, Any]) -> Item:
        made = self.store.create(name, row, by=HUB)
        return self._success(name, made, body, "record added")

    def _updated(self, request: Request, name: str, row: Mapping[str, Any], body: Mapping[str, Any]) -> Item:
        key = str(row.get("id") or "")  # the vendor's own client sends numbers
        if not key:
            raise ApiError("MANDATORY_NOT_FOUND", "required field not found", {"api_name": "id"})
        since = since_of(request, "if-unmodified-since")
        if since is not None and self.store.live(name, key)["Modified_Time"] > since:
            raise _moved()
        now = self.store.update(name, key, row, by=HUB)
        return self._success(name, now, body, "record updated")

    def _upserted(self, name: str, row: Mapping[str, Any], body: Mapping[str, Any]) -> Item:
        unique = [f.name for f in self.store.module(name).fields.values() if f.unique]
        asked = body.get("duplicate_check_fields")
        if asked and set(asked) - {*unique, SYSTEM_CHECKED[name]}:
            raise ApiError("INVALID_DATA", "invalid data", {"api_name": "duplicate_check_fields"})
        for field in dict.fromkeys([*(asked or [SYSTEM_CHECKED[name]]), *unique]):
            holder = self.store.holder(name, field, row[field]) if row.get(field) else None
            if holder is not None:
                now = self.store.update(name, holder["id"], row, by=HUB)
                item = self._success(name, now, body, "record updated")
                return {**item, "action": "update", "duplicate_field": field}
        item = self._inserted(name, row, body)
        return {**item, "action": "insert", "duplicate_field": None}

    def _deleted(self, name: str, key: str) -> Item:
        try:
            self.store.delete(name, key, by=HUB)
        except ApiError as error:
            if error.code == "INVALID_DATA":
                raise ApiError("INVALID_DATA", "record not deleted", {"id": key}) from None
            raise
        return {"code": "SUCCESS", "details": {"id": key}, "message": "record deleted", "status": "success"}

    def _success(self, name: str, row: Row, body: Mapping[str, Any], message: str) -> Item:
        details = {
            "id": row["id"],
            "Modified_Time": self.store.printed(row["Modified_Time"]),
            "Modified_By": _brief(self.store.user(row["Modified_By"])),
            "Created_Time": self.store.printed(row["Created_Time"]),
            "Created_By": _brief(self.store.user(row["Created_By"])),
        }
        follow_up = self.workflows.get(name)
        if follow_up and "workflow" in body.get("trigger", ["workflow"]):
            self.store.update(name, row["id"], follow_up, by=HUB)
        return {"code": "SUCCESS", "details": details, "message": message, "status": "success"}

    def _item(self, deed: Callable[[], Item]) -> Item:
        try:
            return deed()
        except ApiError as error:
            return {**error.as_body(), "details": {}} if self.vague else error.as_body()

    def _answered(self, items: Sequence[Item], status: int) -> Response:
        """201 or 200 if all went well, 207 if some did, 202 if none did, 400 if it was but one."""
        bad = sum(item["status"] == "error" for item in items)
        if bad:
            status = 207 if bad < len(items) else 202 if bad > 1 else 400
        return Response.of({"data": items}, status)


def _moved() -> ApiError:
    text = "Record updated time has already passed if-unmodified-since time"
    return ApiError("ALREADY_MODIFIED", text, status=412)


def _brief(user: Mapping[str, str]) -> dict[str, str]:
    return {"name": user["name"], "id": user["id"]}
