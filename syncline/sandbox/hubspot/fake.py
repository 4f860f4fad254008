"""The fake account as a whole: routes, access, limits, and what people do to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson

from model.clock import Clock, SystemClock
from syncline.sandbox.hubspot.access import Access, Limits
from syncline.sandbox.hubspot.objects import Objects
from syncline.sandbox.hubspot.portal import Portal, Row
from syncline.sandbox.hubspot.relating import Relating
from syncline.sandbox.hubspot.replies import REPLIES, ApiError, Fault
from syncline.sandbox.hubspot.schema import KINDS, SINGULAR, parsed, stamp_of
from syncline.sandbox.wire import Request, Response

_VERSION = r"(?:v3|v4|20\d\d-\d\d)"
_OBJECTS = re.compile(rf"^/crm/(?:{_VERSION}/objects|objects/{_VERSION})/([^/]+)(?:/(.+))?$")
_PROPERTIES = re.compile(rf"^/crm/(?:{_VERSION}/properties|properties/{_VERSION})/([^/]+)(?:/([^/]+))?$")
_ASSOCIATIONS = re.compile(rf"^/crm/(?:v4/associations|associations/{_VERSION})/([^/]+)/([^/]+)/(.+)$")
_TOKEN = re.compile(r"^/oauth/(?:v1|v3|20\d\d-\d\d)/token$")
_TEN_UNIQUE = 10


class HubSpotFake:
    """One account.

    ``lag`` (seconds) is how far the search index is behind. ``limits`` count nothing unless told to. ``calls`` counts
    requests by method and path, ids left out.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        private_app: str = "pat-na1-sandbox",
        clients: Mapping[str, str] | None = None,
        refresh: str = "refresh-sandbox",
        rotates: bool = True,
        lag: float = 5.0,
    ) -> None:
        self.clock = clock or SystemClock()
        self.portal = Portal(self.clock, lag)
        self.access = Access(self.clock, private_app, clients or {"app": "secret"}, refresh, rotates=rotates)
        self.limits = Limits(self.clock)
        self.objects = Objects(self.portal)
        self.relating = Relating(self.portal)
        self.faults: list[Fault] = []
        self.calls: Counter[str] = Counter()
        self.seen: list[Request] = []

    # what the wire does

    def handle(self, request: Request) -> Response:
        place = f"{request.method} {request.path}"
        self.calls[re.sub(r"/\d{5,}", "/{id}", place)] += 1
        self.seen = [*self.seen[-199:], request]
        fault = next((one for one in self.faults if one.strikes(place)), None)
        if fault is not None and fault.kind in REPLIES:
            return REPLIES[fault.kind]
        search = request.path.endswith("/search")
        answer = self._limited(request, search=search) or self._answer(request)
        stamps = {"date": format_datetime(self.clock.now().astimezone(UTC), usegmt=True)}
        headers = {**answer.headers, **stamps, **self.limits.headers(search=search)}
        lost = answer.lost or (fault is not None and fault.kind == "lost")
        return Response(status=answer.status, body=answer.body, headers=headers, lost=lost)

    def _limited(self, request: Request, *, search: bool) -> Response | None:
        return None if request.path.startswith("/oauth/") else self.limits.take(search=search)

    def _answer(self, request: Request) -> Response:
        try:
            return self._route(request)
        except ApiError as error:
            return error.response()
        except (ValueError, KeyError, TypeError, AttributeError):  # the request is not what it should be
            return ApiError("VALIDATION_ERROR", "Invalid input JSON").response()

    def _route(self, request: Request) -> Response:
        if _TOKEN.match(request.path):
            return self.access.grant(request)
        self.access.admit(request)
        if request.path == "/oauth/v2/private-apps/get/access-token-info":
            return self.access.told(request)
        if found := _PROPERTIES.match(request.path):
            return self._properties(request, self._kind(found[1]), found[2])
        if found := _ASSOCIATIONS.match(request.path):
            start, end = self._kind(found[1]), self._kind(found[2])
            reads = request.method == "GET" or found[3] == "batch/read"
            for kind in (start, end):
                self.access.demand(*self._scopes(kind, reads=reads))
            return self.relating.handle(request, start, end, found[3].split("/"))
        if found := _OBJECTS.match(request.path):
            kind, rest = self._kind(found[1]), [unquote(part) for part in found[2].split("/")] if found[2] else []
            reads = request.method == "GET" or rest[-1:] in (["search"], ["read"])
            self.access.demand(*self._scopes(kind, reads=reads))
            return self.objects.handle(request, kind, rest)
        raise ApiError("OBJECT_NOT_FOUND", "resource not found", status=404)

    def _kind(self, segment: str) -> str:
        name = KINDS.get(segment, segment)
        kind = next((kind for kind, one in SINGULAR.items() if name in (kind, one)), None)
        if kind is None:
            raise ApiError("VALIDATION_ERROR", f"Unable to infer object type from: {segment}")
        return kind

    def _scopes(self, kind: str, *, reads: bool) -> tuple[str, ...]:
        return ("tickets",) if kind == "tickets" else (f"crm.objects.{kind}.{'read' if reads else 'write'}",)

    def _properties(self, request: Request, kind: str, name: str | None) -> Response:
        known = self.portal.properties[kind]
        schemas = {deed: f"crm.schemas.{kind}.{deed}" for deed in ("read", "write")}
        if request.method == "GET":
            self.access.demand(schemas["read"], *self._scopes(kind, reads=True))
            if name is None:
                return Response.of({"results": [one.shown() for one in known.values()]})
            if name in known:
                return Response.of(known[name].shown())
        elif request.method == "POST" and name is None:
            self.access.demand(schemas["write"], *(["tickets"] if kind == "tickets" else []))
            made = parsed(request.json())
            if made.name in known:
                raise ApiError("OBJECT_ALREADY_EXISTS", f"A property named '{made.name}' already exists.", status=409)
            if made.unique and sum(one.unique and one.own for one in known.values()) >= _TEN_UNIQUE:
                raise ApiError("VALIDATION_ERROR", "There are ten unique properties already")
            known[made.name] = made
            return Response.of(made.shown(), 201)
        raise ApiError("OBJECT_NOT_FOUND", "resource not found", status=404)

    # what people and tests do

    def misbehave(self, kind: str, *, on: str = "", times: int = 1) -> None:
        """Order a misbehaviour (``lost``, or one of `replies.REPLIES`) for calls whose method and path hold ``on``."""
        if kind != "lost" and kind not in REPLIES:
            raise ValueError(f"no such misbehaviour: {kind}; known: lost, {', '.join(sorted(REPLIES))}")
        self.faults.append(Fault(kind, on, times))

    def seed(self, kind: str, rows: Iterable[Mapping[str, Any]], *, at: datetime | None = None) -> list[str]:
        """Records a person made; returns their ids."""
        return [self.portal.create(kind, row, at=at).key for row in rows]

    def edit(self, kind: str, key: str, values: Mapping[str, Any], *, at: datetime | None = None) -> None:
        self.portal.update(kind, self._there(kind, key), values, at=at)

    def delete(self, kind: str, key: str) -> None:
        self.portal.archive(self._there(kind, key))

    def erase(self, key: str) -> None:
        """Delete a contact for good, as the law may ask."""
        self.portal.forget(self._there("contacts", key))

    def merge(self, kind: str, primary: str, loser: str, *, keeps_id: bool = False) -> str:
        """Merge two records in the account; returns the id of what they became."""
        return self.portal.merge(kind, self._there(kind, primary), self._there(kind, loser), keeps_id=keeps_id).key

    def associate(
        self, start: str, key: str, end: str, other: str, number: int, category: str = "HUBSPOT_DEFINED"
    ) -> None:
        self.portal.ties.add(start, key, end, other, self.portal.ties.kind(start, end, category, number))
        self.portal.touched(start, key)

    def associated(self, start: str, key: str, end: str) -> dict[str, set[int]]:
        """Type ids by associated record."""
        return {other: set(types) for other, types in self.portal.ties.of(start, key, end).items()}

    def rows(self, kind: str) -> list[dict[str, str]]:
        """The values of all live records, in order of their ids."""
        return [dict(row.values) for row in sorted(self.portal.live(kind), key=lambda row: int(row.key))]

    def row(self, kind: str, key: str) -> dict[str, str]:
        return dict(self._there(kind, key).values)

    def stamp(self, kind: str, key: str) -> str:
        return self.row(kind, key)[stamp_of(kind)]

    def bodies(self, ending: str) -> list[Any]:
        """What the last requests carried whose path ends so."""
        return [request.json() for request in self.seen if request.path.endswith(ending) and request.body]

    def _there(self, kind: str, key: str) -> Row:
        row = self.portal.get(kind, key)
        if row is None:
            raise KeyError(key)
        return row

    def save(self, path: Path) -> None:
        """Write the account's records to a JSON file."""
        path.write_bytes(orjson.dumps(self.portal.dump(), option=orjson.OPT_INDENT_2))

    def load(self, path: Path) -> None:
        """Take over the records of a file that `save` wrote."""
        self.portal.load(orjson.loads(path.read_bytes()))
