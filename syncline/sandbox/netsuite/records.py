"""The record service: one record a call. Successes are empty, and name the record in their Location."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from syncline.sandbox.netsuite.faults import ApiError
from syncline.sandbox.netsuite.objects import SUBLISTS, SUBSCRIPTION, FieldDef, metadata
from syncline.sandbox.netsuite.store import Row, Store
from syncline.sandbox.wire import Request, Response

BASE = "/services/rest/record/v1"
_RESOURCE = "application/vnd.oracle.resource+json"


class Records:
    """``metadata-catalog`` and the records themselves."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def handle(self, request: Request, parts: list[str]) -> Response:
        match parts:
            case ["metadata-catalog", name]:
                fields = self._type(name)
                return Response.of(
                    metadata(self._name(name), fields), headers={"content-type": "application/schema+json"}
                )
            case [name]:
                self._type(name)
                return self._collection(request, self._name(name))
            case [name, key]:
                self._type(name)
                return self._single(request, self._name(name), key)
        raise ApiError("NOT_FOUND", "The requested resource does not exist.", status=404)

    def _name(self, name: str) -> str:
        return next((known for known in self.store.types if known.lower() == name.lower()), name)

    def _type(self, name: str) -> dict[str, FieldDef]:
        found = self.store.types.get(self._name(name))
        if found is None:
            raise ApiError("INVALID_URL", f"Record type '{name}' does not exist.", status=404)
        return found

    def _collection(self, request: Request, name: str) -> Response:
        if request.method == "POST":
            values, lines = self._given(request, name)
            _said_by_themselves(values, None)
            return self._made(request, name, self._created(name, values, lines))
        if request.method != "GET":
            raise ApiError("METHOD_NOT_ALLOWED", "The method is not allowed.", status=405)
        limit, offset = int(request.query.get("limit", "1000")), int(request.query.get("offset", "0"))
        if not 1 <= limit <= 1000 or offset % limit:
            raise ApiError("INVALID_PARAMETER", "Invalid value for the query parameter limit or offset.")
        keys = sorted(self.store.rows[name], key=int)
        items = [{"links": [], "id": key} for key in keys[offset : offset + limit]]
        more = offset + limit < len(keys)
        body = {"items": items, "count": len(items), "hasMore": more, "offset": offset, "totalResults": len(keys)}
        return Response.of({"links": links(request, limit, offset, more=more), **body})

    def _single(self, request: Request, name: str, key: str) -> Response:
        if request.method == "GET":
            self.store.run("load", name, self.store.find(name, key))
            shown = self._shown(name, self.store.find(name, key), request.query.get("expandSubResources") == "true")
            return Response.of(shown, headers={"content-type": f"{_RESOURCE}; type=singular-resource"})
        if request.method == "DELETE":
            self.store.run("before", name, self.store.find(name, key))
            self.store.delete(name, self.store.find(name, key))
            return Response(status=204)
        values, lines = self._given(request, name)
        replace = SUBLISTS[name] in request.query.get("replace", "").split(",")
        if request.method == "PATCH":
            row = self.store.find(name, key)
        elif request.method == "PUT" and key.startswith("eid:"):
            external = key.removeprefix("eid:")
            found = self.store.by_external(name, external)
            if found is None:
                _said_by_themselves(values, None)
                made = self._created(name, {**values, "externalId": external}, lines)
                return self._made(request, name, made)
            row = found
        else:
            raise ApiError("METHOD_NOT_ALLOWED", "The upsert operation needs an external ID.", status=405)
        _said_by_themselves(values, row.get("globalSubscriptionStatus"))
        self.store.run("before", name, {**row, **values})
        after = self.store.update(name, row, values, lines, replace=replace)
        self.store.run("after", name, after)
        return self._made(request, name, after)

    def _created(self, name: str, values: Row, lines: Any) -> Row:
        self.store.run("before", name, values)
        row = self.store.create(name, values, lines)
        self.store.run("after", name, row)
        return row

    def _made(self, request: Request, name: str, row: Row) -> Response:
        host = request.headers.get("host", "")
        return Response(status=204, headers={"location": f"https://{host}{BASE}/{name}/{row['id']}"})

    def _given(self, request: Request, name: str) -> tuple[Row, Any]:
        """Fields and lines. A name that is not known is dropped, unless the caller wants to hear of it."""
        try:
            body = request.json()
        except ValueError:
            body = None
        if not isinstance(body, Mapping):
            raise ApiError("INVALID_CONTENT", "Invalid content in the request body: JSON is expected.")
        known = {field.lower(): field for field in self.store.types[name]}
        strict = request.headers.get("x-netsuite-propertynamevalidation", "Warning").lower() == "error"
        values: Row = {}
        lines = None
        for given, value in body.items():
            field = known.get(given.lower())
            if given.lower() == SUBLISTS[name].lower():
                lines = value
            elif field is None and strict:
                detail = f"Unknown reference or property: {given}"
                raise ApiError("INVALID_CONTENT", f"Error while accessing a resource. {detail}", path=given)
            elif field is not None and not self.store.types[name][field].read_only:
                values[field] = value
        return values, lines

    def _shown(self, name: str, row: Row, expand: bool) -> Row:  # noqa: FBT001 (as the query says)
        body: Row = {"links": []}
        for field in self.store.types[name].values():
            value = row.get(field.name)
            if value is None:
                continue
            if isinstance(value, datetime):
                body[field.name] = value.strftime("%Y-%m-%dT%H:%M:%SZ")
            elif field.type in {"ref", "choice"}:
                named = SUBSCRIPTION.get(value, value) if field.choices else value
                body[field.name] = {"links": [], "id": value, "refName": named}
            else:
                body[field.name] = value
        lines = [self._line(line) for line in row[SUBLISTS[name]]]
        body[SUBLISTS[name]] = {"links": [], **({"items": lines, "totalResults": len(lines)} if expand else {})}
        return body

    def _line(self, line: Row) -> Row:
        shown = {key: value for key, value in line.items() if value is not None}
        if "addressBookAddress" in shown:
            address = {key: value for key, value in shown["addressBookAddress"].items() if value is not None}
            if "country" in address:
                address["country"] = {"id": address["country"], "refName": address["country"]}
            return {"links": [], **shown, "addressBookAddress": address}
        return {"links": [], **shown, "item": {"links": [], "id": shown["item"]}}


def links(request: Request, limit: int, offset: int, *, more: bool) -> list[dict[str, str]]:
    """Where the pages of a collection are."""
    host = request.headers.get("host", "")
    scheme = "http" if host.startswith(("127.0.0.1", "localhost")) else "https"
    pages = {"self": offset, **({"next": offset + limit} if more else {})}
    pages |= {"first": 0, "previous": offset - limit} if offset else {}
    base = f"{scheme}://{host}{request.path}"
    return [{"rel": name, "href": f"{base}?limit={limit}&offset={start}"} for name, start in pages.items()]


def _said_by_themselves(values: Row, before: str | None) -> None:
    """Confirmed states are the recipients' own: nobody in the company sets them, or takes back a confirmed opt-out."""
    given = values.get("globalSubscriptionStatus")
    state = str(given.get("id")) if isinstance(given, Mapping) else None
    if state is None or state == before:
        return
    if state in {"3", "4"} or before == "4":
        detail = "Only the recipient can change this subscription status."
        raise ApiError("USER_ERROR", detail, path="globalSubscriptionStatus")
