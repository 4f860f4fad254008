"""The endpoints on objects: list, single, batches, search, merge.

A batch of which some inputs are refused answers 207 where every input has a trace id of its own, and is refused as a
whole otherwise. Reads of several say in ``errors`` what is not there, and give the survivor for an id that was merged
away; an update by such an id is left out of the answer without a word, and archiving it archives the survivor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from syncline.sandbox.hubspot.portal import Portal, Row, Values
from syncline.sandbox.hubspot.replies import ApiError
from syncline.sandbox.hubspot.schema import DEFAULTS, SINGULAR, iso, stamp_of
from syncline.sandbox.hubspot.search import CAP, found
from syncline.sandbox.wire import Request, Response

MOST = 100
Input = Mapping[str, Any]


class Objects:
    """``multi`` names the batches that answer 207, which is promised for creates. ``cap`` is how deep a search goes."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.multi = {"create", "upsert", "update"}
        self.cap = CAP

    def handle(self, request: Request, kind: str, rest: Sequence[str]) -> Response:
        match request.method, list(rest):
            case "GET", []:
                return self._list(request, kind)
            case "POST", []:
                return Response.of(self._shown(self._create(kind, request.json())), 201)
            case "POST", ["search"]:
                return self._search(request, kind)
            case "POST", ["merge"]:
                asked = request.json()
                pair = [self._row(kind, str(asked.get(name))) for name in ("primaryObjectId", "objectIdToMerge")]
                return Response.of(self._shown(self.portal.merge(kind, *pair)))
            case "POST", ["gdpr-delete"] if kind == "contacts":
                asked = request.json()
                self.portal.forget(self._row(kind, str(asked.get("objectId")), asked.get("idProperty")))
                return Response(status=204)
            case "POST", ["batch", deed]:
                return self._batch(kind, deed, request)
            case method, [key]:
                return self._single(request, kind, method, key)
        raise ApiError("OBJECT_NOT_FOUND", "resource not found", status=404)

    # one by one

    def _single(self, request: Request, kind: str, method: str, key: str) -> Response:
        by = request.query.get("idProperty")
        if method == "DELETE":
            row = self.portal.get(kind, key)
            if row is not None:
                self.portal.archive(row)
            return Response(status=204)
        row = self._row(kind, key, by)
        if method == "PATCH":
            row = self.portal.update(kind, row, request.json().get("properties") or {})
        elif method != "GET":
            raise ApiError("OBJECT_NOT_FOUND", "resource not found", status=404)
        return Response.of(self._shown(row, _named(request)))

    def _row(self, kind: str, key: str, by: str | None = None) -> Row:
        row = self._by(kind, key, by)
        if row is None:
            raise ApiError("OBJECT_NOT_FOUND", "resource not found", status=404)
        return row

    def _by(self, kind: str, key: str, by: str | None) -> Row | None:
        if by is None or by == "hs_object_id":
            return self.portal.get(kind, key)
        if not self.portal.unique(kind, by):
            raise ApiError("VALIDATION_ERROR", f"Unable to perform update/upsert by non-unique {kind} property {by}")
        return self.portal.holder(kind, by, key)

    def _create(self, kind: str, one: Input) -> Row:
        row = self.portal.create(kind, one.get("properties") or {})
        for association in one.get("associations") or ():
            self._associate(kind, row.key, association)
        return row

    def _associate(self, kind: str, key: str, association: Input) -> None:
        for spec in association.get("types") or ():
            other = str((association.get("to") or {}).get("id"))
            for end in SINGULAR:
                if self.portal.get(end, other) is not None:
                    number = int(spec["associationTypeId"])
                    made = self.portal.ties.kind(kind, end, str(spec["associationCategory"]), number)
                    self.portal.ties.add(kind, key, end, other, made)
        self.portal.touched(kind, key)

    # many

    def _list(self, request: Request, kind: str) -> Response:
        limit = int(request.query.get("limit", 10))
        if not 1 <= limit <= MOST:
            raise ApiError("VALIDATION_ERROR", f"limit must be between 1 and {MOST}")
        archived = request.query.get("archived", "").lower() == "true"
        after = int(request.query.get("after") or 0)
        rows = [row for row in self.portal.rows[kind].values() if (row.archived is not None) is archived]
        rest = sorted((row for row in rows if int(row.key) >= after), key=lambda row: int(row.key))
        page, more = rest[:limit], rest[limit:]
        body: dict[str, Any] = {"results": [self._shown(row, _named(request)) for row in page]}
        if more:
            body["paging"] = {"next": {"after": more[0].key, "link": f"{request.path}?after={more[0].key}"}}
        return Response.of(body)

    def _search(self, request: Request, kind: str) -> Response:
        asked = request.json()
        total, page, following = found(self.portal, kind, asked, len(request.body), self.cap)
        results = [self._shown(row, asked.get("properties") or (), values) for row, values in page]
        body: dict[str, Any] = {"total": total, "results": results}
        if following < total:
            body["paging"] = {"next": {"after": str(following), "link": f"?after={following}"}}
        return Response.of(body)

    def _batch(self, kind: str, deed: str, request: Request) -> Response:
        asked = request.json()
        inputs = asked.get("inputs")
        if not isinstance(inputs, list) or not inputs:
            raise ApiError("VALIDATION_ERROR", "Invalid input JSON: inputs must not be empty")
        if len(inputs) > MOST:
            raise ApiError("VALIDATION_ERROR", f"The maximum number of inputs in a batch is {MOST}")
        match deed:
            case "read":
                return self._read(kind, asked, inputs)
            case "archive":
                for one in inputs:
                    row = self.portal.get(kind, str(one["id"]))
                    if row is not None:
                        self.portal.archive(row)
                return Response(status=204)
            case "create":
                return self._each(deed, inputs, lambda one: (self._create(kind, one), True), status=201)
            case "update":
                return self._each(deed, inputs, lambda one: (self._update(kind, one), False))
            case "upsert":
                return self._each(deed, inputs, lambda one: self._upsert(kind, one))
        raise ApiError("OBJECT_NOT_FOUND", "resource not found", status=404)

    def _read(self, kind: str, asked: Mapping[str, Any], inputs: Sequence[Input]) -> Response:
        results, missing = {}, []
        for one in inputs:
            row = self._by(kind, str(one["id"]), asked.get("idProperty"))
            if row is None:
                missing.append(str(one["id"]))
            else:
                results[row.key] = self._shown(row, asked.get("properties") or ())
        errors = [self._gone(kind, missing).entry] if missing else []
        return self._answered(list(results.values()), errors)

    def _gone(self, kind: str, keys: Sequence[str]) -> ApiError:
        what = f"Could not get some {SINGULAR[kind].upper()} objects, they may be deleted or not exist."
        return ApiError("OBJECT_NOT_FOUND", f"{what} Check that ids are valid.", context={"ids": keys})

    def _update(self, kind: str, one: Input) -> Row | None:
        key = str(one["id"])
        row = self._by(kind, key, one.get("idProperty"))
        if row is None:
            raise self._gone(kind, [key])
        if not one.get("idProperty") and row.key != key:
            return None
        return self.portal.update(kind, row, one.get("properties") or {})

    def _upsert(self, kind: str, one: Input) -> tuple[Row, bool]:
        by = one.get("idProperty")
        if not by:
            raise ApiError("VALIDATION_ERROR", "idProperty is required")
        row = self._by(kind, str(one["id"]), by)
        given = {by: one["id"], **(one.get("properties") or {})}
        if row is None:
            return self.portal.create(kind, given), True
        return self.portal.update(kind, row, given), False

    def _each(
        self,
        deed: str,
        inputs: Sequence[Input],
        do: Callable[[Input], tuple[Row | None, bool]],
        status: int = 200,
    ) -> Response:
        traces = [one.get("objectWriteTraceId") for one in inputs]
        multi = deed in self.multi and None not in traces and len(set(traces)) == len(traces)
        keys = [(one.get("idProperty"), str(one["id"]).lower()) for one in inputs if one.get("id") is not None]
        if len(set(keys)) < len(keys):
            raise ApiError("VALIDATION_ERROR", "Duplicate IDs found in batch input. IDs must be unique")
        before = None if multi else self.portal.snapshot()
        results, errors = [], []
        for one in inputs:
            try:
                row, new = do(one)
            except ApiError as error:
                missing = error.entry["category"] == "OBJECT_NOT_FOUND"
                if not multi and not missing:
                    self.portal.restore(before)
                    raise
                errors.append(error.traced(one.get("objectWriteTraceId")))
                continue
            if row is not None:
                shown = self._shown(row, one.get("properties") or ())
                trace = one.get("objectWriteTraceId")
                shown |= {"new": new} if deed == "upsert" else {}
                results.append(shown | ({"objectWriteTraceId": trace} if trace is not None else {}))
        return self._answered(results[::-1], errors, status)  # in an order of its own

    def _answered(
        self, results: Sequence[Mapping[str, Any]], errors: Sequence[Mapping[str, Any]], status: int = 200
    ) -> Response:
        now = iso(self.portal.clock.now())
        body: dict[str, Any] = {"status": "COMPLETE", "results": list(results), "startedAt": now, "completedAt": now}
        if errors:
            body |= {"numErrors": len(errors), "errors": list(errors)}
        return Response.of(body, 207 if errors else status)

    def _shown(
        self, row: Row, named: Sequence[str] | Mapping[str, Any] = (), values: Values | None = None
    ) -> dict[str, Any]:
        """A record as answers show it: what was asked for, null where it is not set, and three that always come."""
        stored = row.values if values is None else values
        always = ("createdate", "hs_object_id", stamp_of(row.kind))
        names = [name for name in named or DEFAULTS[row.kind] if name in self.portal.properties[row.kind]]
        shown: dict[str, Any] = {
            "id": row.key,
            "properties": {name: stored.get(name) for name in dict.fromkeys([*names, *always])},
            "createdAt": iso(row.created),
            "updatedAt": stored.get(stamp_of(row.kind), iso(row.updated)),
            "archived": row.archived is not None,
            "url": f"https://app.hubspot.com/contacts/4711/record/0-1/{row.key}",
        }
        return shown | ({"archivedAt": iso(row.archived)} if row.archived else {})


def _named(request: Request) -> list[str]:
    """Names in one text with commas, or each in a pair of its own."""
    texts = [value for name, value in request.asked if name == "properties"]
    return [name for text in texts for name in text.split(",") if name]
