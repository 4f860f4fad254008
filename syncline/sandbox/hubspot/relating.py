"""The endpoints on associations: read, create and archive in batches, and the labels there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from syncline.sandbox.hubspot.portal import Portal
from syncline.sandbox.hubspot.replies import ApiError
from syncline.sandbox.hubspot.schema import SINGULAR, iso
from syncline.sandbox.wire import Request, Response

_LIMITS = {"read": 1000, "create": 2000, "archive": 2000, "labels/archive": 2000}


class Relating:
    """``page`` is how many associated records of one record an answer shows."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.page = 500

    def handle(self, request: Request, start: str, end: str, rest: Sequence[str]) -> Response:
        if request.method == "GET" and list(rest) == ["labels"]:
            return Response.of({"results": [one.shown() for one in self.portal.ties.types[start, end]]})
        deed = "/".join(rest[1:]) if rest[:1] == ["batch"] else ""
        if request.method != "POST" or deed not in _LIMITS:
            raise ApiError("OBJECT_NOT_FOUND", "resource not found", status=404)
        inputs = request.json().get("inputs") or []
        if len(inputs) > _LIMITS[deed]:
            raise ApiError("VALIDATION_ERROR", f"at most {_LIMITS[deed]} inputs")
        if deed == "read":
            return self._read(start, end, inputs)
        if deed == "create":
            return self._create(start, end, inputs)
        for one in inputs:
            self._archive(start, end, one, labels=deed == "labels/archive")
        return Response(status=204)

    def _read(self, start: str, end: str, inputs: Sequence[Mapping[str, Any]]) -> Response:
        results, errors = [], []
        kinds = {one.number: one for one in self.portal.ties.types[start, end]}
        for one in inputs:
            key, after = str(one["id"]), int(one.get("after") or 0)
            others = sorted(self.portal.ties.of(start, key, end).items(), key=lambda pair: int(pair[0]))
            if not others:
                message = f"No {SINGULAR[end]} is associated with {SINGULAR[start]} {key}."
                context = {"fromObjectId": [key], "fromObjectType": [SINGULAR[start]], "toObjectType": [SINGULAR[end]]}
                sub = "crm.associations.NO_ASSOCIATIONS_FOUND"
                errors.append(ApiError("OBJECT_NOT_FOUND", message, sub=sub, context=context).entry)
                continue
            shown = [
                {"toObjectId": int(other), "associationTypes": [kinds[number].shown() for number in sorted(types)]}
                for other, types in others[after : after + self.page]
            ]
            result: dict[str, Any] = {"from": {"id": key}, "to": shown[::-1]}  # in no order that means anything
            if after + self.page < len(others):
                result["paging"] = {"next": {"after": str(after + self.page), "link": ""}}
            results.append(result)
        return self._answered(results, errors)

    def _create(self, start: str, end: str, inputs: Sequence[Mapping[str, Any]]) -> Response:
        results, errors = [], []
        for one in inputs:
            key, other = str(one["from"]["id"]), str(one["to"]["id"])
            ends = (("FROM", start, key), ("TO", end, other))
            gone = next((one for one in ends if self.portal.get(*one[1:]) is None), None)
            if gone is not None:
                side, kind, missing = gone
                message = f"No {SINGULAR[kind]} with ID {missing} exists"
                context = {"objectType": [SINGULAR[kind]], "id": [missing]}
                sub = f"crm.associations.{side}_OBJECT_NOT_FOUND"
                errors.append(ApiError("OBJECT_NOT_FOUND", message, sub=sub, context=context).entry)
                continue
            for spec in one.get("types") or ():
                number = int(spec["associationTypeId"])
                made = self.portal.ties.kind(start, end, str(spec["associationCategory"]), number)
                self.portal.ties.add(start, key, end, other, made)
            self._touched(start, key, end, other)
            results.append({"fromObjectId": int(key), "toObjectId": int(other), "labels": []})
        return self._answered(results, errors, 201)

    def _archive(self, start: str, end: str, one: Mapping[str, Any], *, labels: bool) -> None:
        key, to = str(one["from"]["id"]), one["to"]
        for other in [str(each["id"]) for each in (to if isinstance(to, list) else [to])]:
            numbers = [int(spec["associationTypeId"]) for spec in one.get("types") or ()] if labels else [None]
            for number in numbers:
                self.portal.ties.remove(start, key, end, other, number)
            self._touched(start, key, end, other)

    def _touched(self, start: str, key: str, end: str, other: str) -> None:
        self.portal.touched(start, key)
        self.portal.touched(end, other)

    def _answered(self, results: Sequence[Any], errors: Sequence[Any], status: int = 200) -> Response:
        now = iso(self.portal.clock.now())
        body: dict[str, Any] = {"status": "COMPLETE", "results": list(results), "startedAt": now, "completedAt": now}
        if errors:
            body |= {"numErrors": len(errors), "errors": list(errors)}
        return Response.of(body, 207 if errors else status)
