"""The fake org as a whole: routes, sessions, limits, queries, and what people do to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import orjson

from model.clock import Clock, SystemClock
from syncline.sandbox.salesforce.bulk import BulkJobs
from syncline.sandbox.salesforce.faults import KINDS, ApiError, Fault
from syncline.sandbox.salesforce.oauth import Sessions
from syncline.sandbox.salesforce.query import Queries
from syncline.sandbox.salesforce.rest import Records
from syncline.sandbox.salesforce.schema import parse_field, standard_objects
from syncline.sandbox.salesforce.store import PERSON, Row, Store
from syncline.sandbox.salesforce.values import shown
from syncline.sandbox.wire import Request, Response

VERSIONS = tuple(f"{number}.0" for number in range(58, 69))

_DATA = re.compile(r"^/services/data/v(?P<version>\d+\.\d)(?:/(?P<rest>.*?))?/?$")
_KEY = re.compile(r"^(?:\d\w{14}|\d\w{17})$")
_ITEM_FAULTS = frozenset({"lock", "duplicates", "unprocessed"})


class SalesforceFake:
    """One org.

    ``clients`` are the connected apps (id: secret); ``public_key`` (PEM) lets JWT bearer in. ``page`` caps rows per
    query page, ``limit`` the calls a day. ``calls`` counts requests by method and path template.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        clients: Mapping[str, str] | None = None,
        public_key: str | None = None,
        instance_url: str = "https://syncline-dev-ed.my.salesforce.com",
        page: int = 2000,
        limit: int = 15_000,
        session_seconds: float = 7200,
    ) -> None:
        self.clock = clock or SystemClock()
        self.objects = standard_objects()
        self.store = Store(self.clock, self.objects)
        self.sessions = Sessions(self.clock, clients or {"app": "secret"}, public_key, session_seconds)
        self.records = Records(self.store)
        self.queries = Queries(self.store, page)
        self.bulk = BulkJobs(self.store)
        self.instance_url = instance_url
        self.limit = limit
        self.used = 0
        self.calls: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.seen: list[Request] = []

    # What the wire does -------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        template = self._template(request)
        self.calls[template] += 1
        self.seen = [*self.seen[-49:], request]
        fault = next((f for f in self.faults if f.strikes(template)), None)
        self.faults = [f for f in self.faults if f.times > 0]
        answer = self._before(fault)
        if answer is None:
            try:
                answer = self._route(request, fault)
            except ApiError as error:
                answer = Response.of(error.as_body(), error.status)
            answer = self._after(answer, fault)
        stamps = {
            "date": format_datetime(self.clock.now().astimezone(UTC), usegmt=True),
            "sforce-limit-info": f"api-usage={self.used}/{self.limit}",
        }
        return Response(status=answer.status, body=answer.body, headers={**answer.headers, **stamps}, lost=answer.lost)

    def _before(self, fault: Fault | None) -> Response | None:
        """The answer of a call that a fault keeps from having any effect."""
        kind = fault.kind if fault else None
        if kind == "dropped":
            return Response(lost=True)
        if kind == "html":
            page = b"<html><head><title>Maintenance</title></head><body>We are down for maintenance.</body></html>"
            return Response(body=page, headers={"content-type": "text/html"})
        if kind == "expired":
            self.sessions.expire()
        refused = {
            "unavailable": ApiError("SERVER_UNAVAILABLE", "Server Unavailable", status=503),
            "limit": ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403),
            "query-timeout": ApiError("QUERY_TIMEOUT", "Your query request was running for too long."),
            "locator": ApiError("INVALID_QUERY_LOCATOR", "invalid query locator"),
        }.get(kind or "")
        return Response.of(refused.as_body(), refused.status) if refused else None

    def _after(self, answer: Response, fault: Fault | None) -> Response:
        kind = fault.kind if fault else None
        if kind == "lost":
            return Response(lost=True)
        if kind == "unavailable-after":
            return Response.of(ApiError("SERVER_UNAVAILABLE", "Server Unavailable").as_body(), 503)
        if kind == "truncated":
            return Response(status=answer.status, body=answer.body[: len(answer.body) // 2], headers=answer.headers)
        return answer

    def _route(self, request: Request, fault: Fault | None) -> Response:
        if request.path.rstrip("/") == "/services/oauth2/token":
            return self.sessions.token(request, self._instance(request))
        if request.path.rstrip("/") == "/services/data":
            versions = [{"label": f"v{v}", "url": f"/services/data/v{v}", "version": v} for v in VERSIONS]
            return Response.of(versions)
        found = _DATA.match(request.path)
        if found is None or found["version"] not in VERSIONS:
            raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)
        if not self.sessions.holds(request.headers.get("authorization", "").removeprefix("Bearer ")):
            raise ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)
        if self.used >= self.limit:
            raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        self.used += 1
        parts = [part for part in (found["rest"] or "").split("/") if part]
        return self._resource(request, found["version"], parts, fault if fault and fault.kind in _ITEM_FAULTS else None)

    def _resource(self, request: Request, version: str, parts: Sequence[str], fault: Fault | None) -> Response:
        match parts:
            case []:
                names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs")
                return Response.of({name: f"/services/data/v{version}/{name}" for name in names})
            case ["limits"]:
                return Response.of({"DailyApiRequests": {"Max": self.limit, "Remaining": self.limit - self.used}})
            case ["sobjects"]:
                briefs = [definition.brief(version) for definition in self.objects.values()]
                return Response.of({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": briefs})
            case ["sobjects", name, ("deleted" | "updated") as kind]:
                return self.queries.changes(request, name, kind)
            case ["sobjects", name, *rest]:
                return self.records.single(request, version, name, rest)
            case [("query" | "queryAll") as kind]:
                return self.queries.first(request, version, everything=kind == "queryAll")
            case ["query" | "queryAll", locator]:
                return self.queries.more(locator, version)
            case ["composite", "sobjects", *rest]:
                return self.records.collection(request, version, rest, fault)
            case ["jobs", "ingest", *rest]:
                return self.bulk.handle(request, version, rest, fault)
        raise ApiError("NOT_FOUND", "The requested resource does not exist", status=404)

    def _instance(self, request: Request) -> str:
        """Where later calls go: the loopback port that carried this one, or the org's own host."""
        host = request.headers.get("host", "")
        return f"http://{host}" if host.startswith(("127.0.0.1", "localhost")) else self.instance_url

    def _template(self, request: Request) -> str:
        path = re.sub(r"^/services/(?:data/v[\d.]+/?)?", "", request.path).strip("/")
        parts = path.split("/")
        if parts[0] == "sobjects" and len(parts) == 4:
            parts[3] = "{value}"
        if parts[0] in {"query", "queryAll"}:
            parts[1:] = ["{locator}"] * len(parts[1:])
        return f"{request.method} {'/'.join('{id}' if _KEY.match(part) else part for part in parts)}"

    # What people and tests do ---------------------------------------------------------------------------------------

    def misbehave(
        self, kind: str, *, on: str = "", nth: int = 1, times: int = 1, rows: int = 1, of: str | None = None
    ) -> None:
        """Order a misbehaviour (one of `faults.KINDS`) for the ``nth`` call whose template contains ``on``."""
        if kind not in KINDS:
            raise ValueError(f"no such misbehaviour: {kind}; known: {', '.join(sorted(KINDS))}")
        self.faults.append(Fault(kind=kind, on=on, nth=nth, times=times, rows=rows, of=of))

    def seed(self, name: str, rows: Iterable[Mapping[str, Any]], *, at: datetime | None = None) -> list[str]:
        """Records a person made; returns their ids. What is committed late is stamped ``at`` an earlier moment."""
        return [str(self.store.create(name, row, by=PERSON, at=at)["Id"]) for row in rows]

    def edit(self, name: str, key: str, values: Mapping[str, Any], *, at: datetime | None = None) -> None:
        """What a person changes by hand."""
        self.store.update(name, key, values, by=PERSON, at=at)

    def delete(self, name: str, key: str) -> None:
        self.store.delete(name, key, by=PERSON)

    def merge(self, name: str, master: str, *losers: str) -> None:
        self.store.merge(name, master, list(losers))

    def purge(self, *, days: float = 0) -> int:
        """Empty the recycle bin of what has lain in it for so many days."""
        return self.store.purge(self.clock.now() - timedelta(days=days) if days else None)

    def rows(self, name: str, *, deleted: bool = False) -> list[Row]:
        """The live rows (or those in the recycle bin) as answers would show them, in order of Id."""
        rows = [row for row in self.store.everything(name) if row["IsDeleted"] is deleted]
        return [
            {field: shown(value) for field, value in row.items()} for row in sorted(rows, key=lambda r: str(r["Id"]))
        ]

    def row(self, name: str, key: str) -> Row:
        return {field: shown(value) for field, value in self.store.rows[name][key].items()}

    def add_field(self, name: str, line: str) -> None:
        """Customise an object: ``Loyalty__c picklist255 restricted =Gold|Silver``."""
        field = parse_field(line)
        self.objects[name].fields[field.name] = field
        for row in self.store.everything(name):
            row.setdefault(field.name, False if field.type == "boolean" else None)

    def drop_field(self, name: str, field: str) -> None:
        del self.objects[name].fields[field]
        for row in self.store.everything(name):
            row.pop(field, None)

    def save(self, path: Path) -> None:
        """Write the org's records to a JSON file."""
        rows = {name: [dict(row) for row in kept.values()] for name, kept in self.store.rows.items()}
        path.write_bytes(orjson.dumps({"count": self.store.count, "rows": rows}, option=orjson.OPT_INDENT_2))

    def load(self, path: Path) -> None:
        """Take over the records of a file that `save` wrote."""
        stored = orjson.loads(path.read_bytes())
        rows: dict[str, dict[str, Row]] = {}
        for name, kept in stored["rows"].items():
            moments = [f.name for f in self.objects[name].fields.values() if f.type == "datetime"]
            for row in kept:
                row |= {m: datetime.fromisoformat(row[m]) for m in moments if row.get(m)}
            rows[name] = {row["Id"]: row for row in kept}
        self.store.load(rows, stored["count"])
