"""Single records and collections of up to two hundred."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from syncline.sandbox.salesforce.faults import ApiError, Fault
from syncline.sandbox.salesforce.schema import ObjectDef, full_id
from syncline.sandbox.salesforce.store import Row, Store
from syncline.sandbox.salesforce.values import shown
from syncline.sandbox.wire import Request, Response

BATCH = 200


def render(definition: ObjectDef, row: Mapping[str, Any], fields: Sequence[str], version: str) -> dict[str, Any]:
    """A row as answers show it."""
    url = f"/services/data/v{version}/sobjects/{definition.name}/{row['Id']}"
    shape: dict[str, Any] = {"attributes": {"type": definition.name, "url": url}}
    for name in fields:
        if definition.fields[name].type == "address":
            prefix = name.removesuffix("Address")
            parts = {p: row.get(f"{prefix}{p}") for p in ("Street", "City", "State", "PostalCode", "Country")}
            whole = {p[0].lower() + p[1:]: value for p, value in parts.items()}
            shape[name] = whole if any(whole.values()) else None
        else:
            shape[name] = shown(row.get(name))
    return shape


def json_object(request: Request) -> dict[str, Any]:
    try:
        body = request.json()
    except ValueError:
        raise ApiError("JSON_PARSER_ERROR", "Unexpected character in the request body") from None
    if not isinstance(body, dict):
        raise ApiError("JSON_PARSER_ERROR", "The HTTP entity body is required, but this resource has none of its form")
    return body


def _lock(fault: Fault | None) -> None:
    if fault is not None and fault.kind == "lock":
        raise ApiError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")


class Records:
    """``/sobjects/…`` and ``/composite/sobjects/…``."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def single(self, request: Request, version: str, name: str, rest: Sequence[str]) -> Response:
        definition = self.store.definition(name)
        if not rest:
            if request.method == "POST":
                row = self.store.create(name, json_object(request))
                return Response.of({"id": row["Id"], "success": True, "errors": []}, 201)
            return Response.of({"objectDescribe": definition.brief(version), "recentItems": []})
        if rest[0] == "describe":
            return Response.of(definition.describe(version))
        if len(rest) == 1:
            return self._by_id(request, version, definition, unquote(rest[0]))
        if len(rest) == 2:
            return self._by_external_id(request, version, definition, rest[0], unquote(rest[1]))
        raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)

    def _by_id(self, request: Request, version: str, definition: ObjectDef, key: str) -> Response:
        name = definition.name
        try:
            row = self.store.get(name, key)
        except ApiError as error:
            gone = ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
            raise (error if error.code == "ENTITY_IS_DELETED" else gone) from None
        if request.method == "GET":
            asked = request.query.get("fields")
            fields = self._named(definition, asked.split(",")) if asked else list(definition.fields)
            return Response.of(render(definition, row, fields, version))
        if request.method == "PATCH":
            self.store.update(name, key, json_object(request))
            return Response(status=204)
        if request.method == "DELETE":
            self.store.delete(name, key)
            return Response(status=204)
        raise ApiError("METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed.", status=405)

    def _by_external_id(
        self, request: Request, version: str, definition: ObjectDef, field: str, value: str
    ) -> Response:
        found = self.store.matching(definition.name, field, value)
        if len(found) > 1:
            base = f"/services/data/v{version}/sobjects/{definition.name}"
            return Response.of([f"{base}/{row['Id']}" for row in found], 300)
        if request.method == "PATCH":
            body = json_object(request)
            external = definition.named(field)
            assert external is not None
            if external.name in body:
                raise ApiError(
                    "INVALID_FIELD", f"The {external.name} field should not be specified in the sobject data."
                )
            if found:
                self.store.update(definition.name, found[0]["Id"], body)
                return Response.of({"id": found[0]["Id"], "success": True, "errors": [], "created": False})
            if request.query.get("updateOnly") == "true":
                raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
            row = self.store.create(definition.name, {**body, external.name: value})
            return Response.of({"id": row["Id"], "success": True, "errors": [], "created": True}, 201)
        if not found:
            raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
        return self._by_id(request, version, definition, found[0]["Id"])

    def collection(self, request: Request, version: str, rest: Sequence[str], fault: Fault | None) -> Response:
        """``/composite/sobjects[/{Object}[/{ExternalId}]]``."""
        if request.method == "DELETE" and not rest:
            keys = [key for key in request.query.get("ids", "").split(",") if key]
            return self._each(keys, request.query.get("allOrNone") == "true", self._delete, fault)
        if len(rest) == 1 and request.method in {"GET", "POST"}:
            return self._retrieve(request, version, rest[0])
        body = json_object(request)
        records = body.get("records")
        if not isinstance(records, list):
            raise ApiError("JSON_PARSER_ERROR", "The records property is required")
        whole = bool(body.get("allOrNone", False))
        for record in records:
            self._readable(record, rest[0] if rest else None)
        if len(rest) == 2 and request.method == "PATCH":
            return self._upsert(records, rest[0], rest[1], fault, whole=whole)
        if not rest and request.method == "POST":
            return self._each(records, whole, self._create, fault)
        if not rest and request.method == "PATCH":
            return self._each(records, whole, self._update, fault)
        raise ApiError("METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed.", status=405)

    def _readable(self, record: Any, name: str | None) -> None:
        """Refuse the whole request over one row whose form cannot be read, as the real one does."""
        kind = record.get("attributes", {}).get("type") if isinstance(record, dict) else None
        if kind is None:
            raise ApiError("INVALID_TYPE", "Missing or invalid attributes.type in a record of the collection")
        if name is not None and kind != name:
            raise ApiError("INVALID_TYPE", f"Entity type {kind} does not match {name}")
        self.store.check_form(kind, record)

    def _each(
        self,
        items: Sequence[Any],
        whole: bool,  # noqa: FBT001 (the vendor's allOrNone)
        deed: Callable[[Any, Fault | None], dict[str, Any]],
        fault: Fault | None,
    ) -> Response:
        if not 1 <= len(items) <= BATCH:
            what = f"You can't perform this operation on {len(items)} records: the limit is {BATCH}"
            raise ApiError("INVALID_INPUT" if not items else "LIMIT_EXCEEDED", what)
        before = self.store.snapshot() if whole else None
        results = []
        for at, item in enumerate(items):
            try:
                hit = fault if fault is not None and at < fault.rows else None
                _lock(hit)
                results.append(deed(item, hit))
            except ApiError as error:
                results.append(error.as_item())
        if before is not None and not all(result["success"] for result in results):
            self.store.restore(before)
            undone = ApiError(
                "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                "Record rolled back because not all records were valid and the request was using AllOrNone header",
            )
            results = [undone.as_item() if result["success"] else result for result in results]
        return Response.of(results)

    def _create(self, record: Mapping[str, Any], fault: Fault | None = None) -> dict[str, Any]:
        name = record["attributes"]["type"]
        if fault is not None and fault.kind == "duplicates":
            raise self._suspected(name, fault.of)
        return {"id": self.store.create(name, record)["Id"], "success": True, "errors": []}

    def _suspected(self, name: str, of: str | None) -> ApiError:
        error = ApiError("DUPLICATES_DETECTED", "Use one of these records?", status=400)
        match = {"record": {"attributes": {"type": name}, "Id": of}, "matchConfidence": 100.0, "fieldDiffs": []}
        result = {"matchRecords": [match] if of else [], "matchEngine": "FuzzyMatchEngine", "size": int(bool(of))}
        error.extra = {"duplicateResult": {"allowSave": True, "duplicateRule": "Standard", "matchResults": [result]}}
        return error

    def _update(self, record: Mapping[str, Any], _: Fault | None = None) -> dict[str, Any]:
        key = str(record.get("id") or record.get("Id") or "")
        if not key:
            raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call")
        given = {k: v for k, v in record.items() if k not in {"id", "Id"}}
        row = self.store.update(record["attributes"]["type"], key, given)
        return {"id": row["Id"], "success": True, "errors": []}

    def _delete(self, key: str, _: Fault | None = None) -> dict[str, Any]:
        name = next((o.name for o in self.store.objects.values() if key.startswith(o.prefix)), None)
        if name is None:
            raise ApiError("MALFORMED_ID", f"malformed id {key}")
        return {"id": self.store.delete(name, key)["Id"], "success": True, "errors": []}

    def _upsert(self, records: Sequence[Row], name: str, field: str, fault: Fault | None, *, whole: bool) -> Response:
        self.store.matching(name, field, "")  # NOT_FOUND for the whole request where there is no such external id
        twice = {v for v, n in Counter(str(r.get(field)).lower() for r in records).items() if n > 1}

        def deed(record: Mapping[str, Any], hit: Fault | None) -> dict[str, Any]:
            value = str(record.get(field) or "")
            if not value:
                raise ApiError("MISSING_ARGUMENT", f"{field} not specified")
            if value.lower() in twice:
                raise ApiError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}")
            found = self.store.matching(name, field, value)
            if len(found) > 1:
                raise ApiError("DUPLICATE_EXTERNAL_ID", f"{field}: more than one record found for external id field")
            if not found:
                return {**self._create(record, hit), "created": True}
            given = {k: v for k, v in record.items() if k != field}
            row = self.store.update(name, found[0]["Id"], given)
            return {"id": row["Id"], "success": True, "errors": [], "created": False}

        return self._each(records, whole, deed, fault)

    def _retrieve(self, request: Request, version: str, name: str) -> Response:
        definition = self.store.definition(name)
        if request.method == "POST":
            body = json_object(request)
            keys, asked = body.get("ids", []), body.get("fields", [])
        else:
            keys, asked = request.query.get("ids", "").split(","), request.query.get("fields", "").split(",")
        if len(keys) > 2000:
            raise ApiError(
                "LIMIT_EXCEEDED", "record limit reached. cannot submit more than 2000 records into this call."
            )
        fields = self._named(definition, asked)
        rows = self.store.rows[name]
        found = [rows.get(full_id(str(key))) for key in keys]
        return Response.of(
            [render(definition, r, fields, version) if r is not None and not r["IsDeleted"] else None for r in found]
        )

    def _named(self, definition: ObjectDef, asked: Sequence[str]) -> list[str]:
        names = []
        for name in asked:
            field = definition.named(name.strip())
            if field is None:
                raise ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {definition.name}")
            names.append(field.name)
        return names
