"""The fake tenant of version 2: accounts, contact persons, leads, opportunities and cases over REST.

Strict where that hurts: a change without If-Match or as anything but a merge patch is refused, null takes a member
away, a list replaces the whole list, and may not be in a patch of an opportunity; a day has only so many calls
(``calls_a_day``), a page no more rows than ``page`` whatever was asked for. ``counts`` off has it keep silent about how
many rows there are.
"""

from __future__ import annotations

import copy
import operator as operators
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from model.clock import Clock, SystemClock
from syncline.sandbox.odata_access import Access
from syncline.sandbox.wire import Request, Response

Row = dict[str, Any]

PATHS = {
    "accounts": "account-service/accounts",
    "contacts": "contact-person-service/contactPersons",
    "leads": "lead-service/leads",
    "opportunities": "opportunity-service/opportunities",
    "tickets": "case-service/cases",
}
_NEEDED = {
    "accounts": "firstLineName",
    "contacts": "familyName",
    "leads": "name",
    "opportunities": "name",
    "tickets": "subject",
}
_PARTNERS = ("accounts", "contacts")
_LEADS = {"accountId": "accounts", "account/id": "accounts", "contact/id": "contacts"}
_LENGTHS = {"eMail": 255, "lifeCycleStatus": 14, "displayId": 10, "contactAllowed": 2, "note": 255}
ROOT = "/sap/c4c/api/v1/"
_CONDITION = re.compile(r"([A-Za-z][\w/]*) (eq|ge|le) ('(?:[^']|'')*'|\S+)")


class RestError(Exception):
    def __init__(self, status: int, code: str, message: str, target: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.target = status, code, message, target


class C4cSecondFake:
    """One tenant. ``extensions`` are its extension fields."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        users: Mapping[str, str] | None = None,
        extensions: Sequence[str] = ("SynclineID",),
        page: int = 100,
        calls_a_day: int = 150_000,
        counts: bool = True,
    ) -> None:
        self.clock = clock or SystemClock()
        self.access = Access(self.clock, {"USER": "password"} if users is None else users, {})
        self.extensions = set(extensions)
        self.page = page
        self.calls_a_day = calls_a_day
        self.counts = counts
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in PATHS}
        self._counted: Counter[str] = Counter()
        self._numbers = 1_000_000

    # What people do -----------------------------------------------------------------------------------------------

    def seed(self, stream: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        return [str(self._make(stream, _nested(row))["id"]) for row in rows]

    def edit(self, stream: str, key: str, fields: Mapping[str, Any]) -> None:
        self._change(stream, key, _nested(fields))

    def delete(self, stream: str, key: str) -> None:
        del self.rows[stream][key]

    def kept(self) -> dict[str, Any]:
        """All that `recall` needs, as JSON has it."""
        return {"numbers": self._numbers, "rows": self.rows}

    def recall(self, kept: Mapping[str, Any]) -> None:
        """Raises KeyError where that is something else."""
        self._numbers, self.rows = kept["numbers"], {name: kept["rows"].get(name, {}) for name in PATHS}

    # What the services do -----------------------------------------------------------------------------------------

    def _make(self, stream: str, body: Row) -> Row:
        self._numbers += 1
        row = _merged({}, body)
        row |= {"id": str(UUID(int=self._numbers << 64)), "displayId": body.get("displayId") or str(self._numbers)}
        if stream in _PARTNERS:
            row.setdefault("lifeCycleStatus", "ACTIVE")
        elif stream == "leads":
            row.setdefault("internalStatus", "OPEN")
        self._whole(stream, row)
        self.rows[stream][row["id"]] = row
        return self._stamped(stream, row)

    def _change(self, stream: str, key: str, patch: Row) -> Row:
        row = _merged(copy.deepcopy(self.rows[stream][key]), patch)
        self._whole(stream, row)
        self.rows[stream][key] = row
        return self._stamped(stream, row)

    def _stamped(self, stream: str, row: Row) -> Row:
        self._numbers += 1
        now = self.clock.now()
        stamp = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}{self._numbers % 1000:03d}Z"
        row["adminData"] = {**row.get("adminData", {"createdOn": stamp}), "updatedOn": stamp}
        if stream == "accounts":
            row["formattedName"] = " ".join(row[n] for n in ("firstLineName", "secondLineName") if row.get(n))
        return row

    def _whole(self, stream: str, row: Row) -> None:
        needed = _NEEDED[stream]
        if not row.get(needed):
            raise RestError(400, "crm.missing", f"{needed} must not be empty", needed)
        for name, value in row.items():
            if isinstance(value, str) and name not in {"id", "formattedName", "birthDate", "accountId"}:
                most = _LENGTHS.get(name, 40 if stream in _PARTNERS else 255)
                if not 1 <= len(value) <= most:
                    raise RestError(400, "crm.length", f"size of {name} must be between 1 and {most}", name)
        for name, value in (row.get("extensions") or {}).items():
            if name not in self.extensions:
                raise RestError(400, "crm.unknown", f"extension field {name} does not exist", f"extensions.{name}")
            if isinstance(value, str) and len(value) > 255:
                raise RestError(400, "crm.length", f"{name} is too long", f"extensions.{name}")
        for path, target in _LEADS.items():
            key, head = _at(row, path), path.partition("/")[0]
            if key is not None and key not in self.rows[target]:
                raise RestError(400, "crm.reference", f"{head} {key} does not exist", path.replace("/", "."))
            if key is not None and "/" in path:
                self._named(row[head], self.rows[target][key])

    def _named(self, shown: Row, of: Row) -> None:
        """What is shown of a record that another refers to follows from its id."""
        names = ("formattedName",) if of.get("formattedName") else ("givenName", "familyName")
        shown |= {"displayId": of["displayId"], "name": " ".join(of[name] for name in names if of.get(name))}

    # The wire -----------------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        if not self.access.signed_in(request):
            return Response.of({"error": {"code": "unauthorized", "message": "Unauthorized"}}, 401)
        self._counted[f"{self.clock.now():%Y-%m-%d}"] += 1
        if self._counted[f"{self.clock.now():%Y-%m-%d}"] > self.calls_a_day:
            return Response.of({"error": {"code": "429", "message": "API call limit of the tenant exceeded"}}, 429)
        try:
            return self._answered(request)
        except RestError as error:
            said = {"code": error.code, "message": error.message, "target": error.target}
            return Response.of({"error": {**said, "details": [said]}}, error.status)

    def _answered(self, request: Request) -> Response:
        path = request.path.removeprefix(ROOT)
        for stream, place in PATHS.items():
            if path == place:
                return self._all(request, stream)
            if path.startswith(f"{place}/"):
                return self._one(request, stream, path.removeprefix(f"{place}/"))
        raise RestError(404, "not.found", "No such resource")

    def _all(self, request: Request, stream: str) -> Response:
        if request.method == "POST":
            return self._shown(self._make(stream, self._body(request)), 201)
        rows = list(self.rows[stream].values())
        if "$filter" in request.query:
            wanted = self._condition(request.query["$filter"])
            rows = [row for row in rows if wanted(row)]
        for part in reversed(request.query.get("$orderby", "id").split(",")):
            name, _, direction = part.partition(" ")
            rows.sort(key=lambda row: str(_at(row, name) or ""), reverse=direction == "desc")
        skip, top = int(request.query.get("$skip", 0)), int(request.query.get("$top", self.page))
        said: Row = {"value": rows[skip : skip + min(top, self.page)]}
        if request.query.get("$count") == "true" and self.counts:
            said["count"] = len(rows)
        return Response.of(said)

    def _condition(self, text: str) -> Callable[[Row], bool]:
        """Conditions joined by ``and``, or by ``or``. Raises RestError."""
        either = " or " in text
        conditions = [self._single(part.strip().strip("()")) for part in text.split(" or " if either else " and ")]
        joined = any if either else all
        return lambda row: joined(one(row) for one in conditions)

    def _single(self, text: str) -> Callable[[Row], bool]:
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise RestError(400, "crm.filter", "The filter cannot be understood")
        name, operator, literal = match.groups()
        if name.startswith("extensions/") and name.removeprefix("extensions/") not in self.extensions:
            raise RestError(400, "crm.filter", f"{name} is not known")
        moment = name.endswith("On")  # with and without a fraction
        wanted = literal.rstrip("Z") if moment else literal[1:-1].replace("''", "'")
        compare = {"eq": operators.eq, "ge": operators.ge, "le": operators.le}[operator]

        def fits(row: Row) -> bool:
            value = str(_at(row, name) or "")
            return bool(compare(value.rstrip("Z") if moment else value, wanted))

        return fits

    def _one(self, request: Request, stream: str, key: str) -> Response:
        row = self.rows[stream].get(key)
        if row is None:
            raise RestError(404, "not.found", "The record does not exist")
        if request.method == "GET":
            return self._shown(row)
        if request.method != "PATCH":
            raise RestError(405, "method.not.allowed", "Method not allowed")
        taken = "application/merge-patch+json" if stream in _PARTNERS else "application/json"
        if not request.headers.get("content-type", "").startswith(taken):
            raise RestError(415, "unsupported.media", f"Use {taken}")
        if "if-match" not in request.headers:
            raise RestError(428, "precondition.required", "If-Match header is required")
        if request.headers["if-match"].strip('"') != row["adminData"]["updatedOn"]:
            raise RestError(412, "precondition.failed", "The record was changed meanwhile")
        body = self._body(request)
        if stream == "opportunities" and any(isinstance(value, list) for value in body.values()):
            raise RestError(400, "opportunity.2042", "Subnodes must not be present in Opportunity header patch payload")
        return self._shown(self._change(stream, key, body))

    def _body(self, request: Request) -> Row:
        try:
            body = request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise RestError(400, "crm.json", "JSON expected")
        return body

    def _shown(self, row: Row, status: int = 200) -> Response:
        return Response.of({"value": row}, status, {"etag": f'"{row["adminData"]["updatedOn"]}"'})


def _merged(target: Row, patch: Mapping[str, Any]) -> Row:
    """RFC 7396."""
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, Mapping):
            inner = target.get(name)
            target[name] = _merged(dict(inner) if isinstance(inner, dict) else {}, value)
        else:
            target[name] = value
    return target


def _nested(fields: Mapping[str, Any]) -> Row:
    body: Row = {}
    for path, value in fields.items():
        *heads, last = path.split(".")
        inner = body
        for head in heads:
            inner = inner.setdefault(head, {})
        inner[last] = value
    return body


def _at(row: Mapping[str, Any], path: str) -> Any:
    value: Any = row
    for part in path.split("/"):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
