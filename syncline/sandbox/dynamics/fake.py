"""The fake environment as a whole: routes, tokens, limits, batches, and what people do to it."""

from __future__ import annotations

import math
import re
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from model.clock import Clock, SystemClock
from syncline.sandbox.dynamics.entra import Entra
from syncline.sandbox.dynamics.faults import KINDS, ApiError, Fault, throttled
from syncline.sandbox.dynamics.metadata import Definitions
from syncline.sandbox.dynamics.query import Queries
from syncline.sandbox.dynamics.rest import Rows
from syncline.sandbox.dynamics.schema import parse_column, standard_tables
from syncline.sandbox.dynamics.store import APPLICATION, PERSON, Gone, Row, Store
from syncline.sandbox.dynamics.values import shown
from syncline.sandbox.multipart import Answered, Asked, MalformedBatchError, requests_of, response_of
from syncline.sandbox.wire import Request, Response

ROOT = "/api/data/v9.2"
TENANT = "contoso.onmicrosoft.com"
_TOKEN_PATH = re.compile(r"/([^/]+)/oauth2/v2\.0/token")
_DISCOVERY = re.compile(r"/([^/]+)/v2\.0/\.well-known/openid-configuration")
_LARGEST_BATCH = 1000
_WINDOW = 300.0
_PART_FAULTS = frozenset({"part-throttled", "part-timeout", "gateway", "raced", "unprivileged"})
_PRIVILEGES = "Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames(PrivilegeNames=@p)"
_ALL = re.compile(".*")


class DynamicsFake:
    """One environment.

    ``clients`` are app registrations (id: secret) of the ``tenant``. ``page`` caps rows per page; ``limit`` is the
    requests in five minutes, those of batches included; ``days`` is how long changes are remembered. ``marker`` is a
    column with an alternate key on every table, as `DynamicsConnector.create_marker` makes it; None: there is none.
    ``forbidden`` are privileges that the user lacks (``prvReadaccount``); ``member`` is whether it is a user at all.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        url: str = "https://contoso.crm4.dynamics.com",
        tenant: str = TENANT,
        clients: Mapping[str, str] | None = None,
        page: int = 5000,
        limit: int = 6000,
        days: float = 7,
        marker: str | None = "new_synclineid",
        token_seconds: float = 3599,
    ) -> None:
        self.clock = clock or SystemClock()
        self.url = url
        self.tables = standard_tables()
        self.store = Store(self.clock, self.tables)
        self.entra = Entra(self.clock, tenant, clients or {"app": "secret"}, token_seconds)
        self.queries = Queries(self.store, page, days)
        self.records = Rows(self.store, self.queries)
        self.definitions = Definitions(self.store, self._altered)
        self.limit = limit
        self.member = True
        self.forbidden: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.seen: deque[Request] = deque(maxlen=50)
        self.faults: list[Fault] = []
        self._moments: deque[float] = deque()
        self._pause = 0.0
        self._until = 0.0
        for name in self.tables if marker else ():
            self.add_column(name, f"{marker} string64")
            self.tables[name].keys[f"{marker}_key"] = ((marker or "",), "Active")

    # What the wire does -------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        template = self._template(request)
        self.calls[template] += 1
        self.seen.append(request)
        fault = next((f for f in self.faults if f.strikes(template)), None)
        self.faults = [f for f in self.faults if f.times > 0 or f is fault]
        kind = fault.kind if fault else ""
        if kind == "expired":
            self.entra.expire()
        before = self._before(fault)
        if before is not None:
            return before
        try:
            answer = self._route(request, fault if kind in _PART_FAULTS else None)
        except ApiError as error:
            answer = error.response()
        self.faults = [f for f in self.faults if f.times > 0]
        if kind == "lost":
            return Response(lost=True)
        if kind == "truncated":
            return Response(status=answer.status, body=answer.body[: len(answer.body) // 2], headers=answer.headers)
        return answer

    def _before(self, fault: Fault | None) -> Response | None:
        """The answer of a call that a fault keeps from having any effect."""
        match fault.kind if fault else "":
            case "dropped":
                return Response(lost=True)
            case "html":
                page = b"<html><head><title>Sign in</title></head><body>Sign in to your account</body></html>"
                return Response(body=page, headers={"content-type": "text/html"})
            case "unavailable":
                return ApiError("0x80040216", "The service is unavailable.", 503).response()
            case "throttled":
                return throttled(fault.seconds if fault else 0).response()
        return None

    def _route(self, request: Request, fault: Fault | None) -> Response:
        described = _DISCOVERY.fullmatch(request.path)
        if described is not None and request.method == "GET":
            return self.entra.configuration(described[1], self.url)
        token_path = _TOKEN_PATH.fullmatch(request.path)
        if token_path is not None and request.method == "POST":
            return self.entra.token(request, token_path[1], self.url)
        if not request.path.startswith(f"{ROOT}/"):
            return Response(status=404, body=b"<html>Not found</html>", headers={"content-type": "text/html"})
        if not self.entra.holds(request.headers.get("authorization", "").removeprefix("Bearer ")):
            return Response(status=401, headers={"www-authenticate": "Bearer authorization_uri=https://login"})
        if not self.member:
            raise ApiError("0x80072560", "The user is not a member of the organization.", 403)
        if request.path == f"{ROOT}/$batch":
            answer = self._batch(request, fault)
        else:
            self._spend(1)
            answer = self._resource(request)
        left = str(max(0, self.limit - len(self._moments)))
        headers = {"odata-version": "4.0", "x-ms-ratelimit-burst-remaining-xrm-requests": left, **answer.headers}
        return Response(status=answer.status, body=answer.body, headers=headers)

    def _spend(self, requests: int) -> None:
        """Count against the window. Who comes back before the time that was told is told a longer one."""
        now = self.clock.now().timestamp()
        while self._moments and self._moments[0] <= now - _WINDOW:
            self._moments.popleft()
        surplus = len(self._moments) + requests - self.limit
        if now < self._until or surplus > 0:
            free = self._moments[surplus - 1] + _WINDOW - now if 0 < surplus <= len(self._moments) else _WINDOW
            self._pause = min(self._pause * 2, _WINDOW) if now < self._until else math.ceil(free)
            self._until = now + self._pause
            raise throttled(self._pause)
        self._moments.extend([now] * requests)

    def _batch(self, request: Request, fault: Fault | None) -> Response:
        try:
            items = requests_of(request, ROOT)
        except MalformedBatchError as error:
            raise ApiError("0x80048d19", str(error)) from None
        number = sum(len(item) if isinstance(item, list) else 1 for item in items)
        if number > _LARGEST_BATCH:
            raise ApiError("0x80060888", f"The batch holds {number} requests; the limit is {_LARGEST_BATCH}.")
        self._spend(number)
        on = "odata.continue-on-error" in request.headers.get("prefer", "")
        answers: list[Answered | Sequence[Answered]] = []
        for item in items:
            answered = self._change_set(item, fault) if isinstance(item, list) else self._part(item, fault)
            answers.append(answered)
            if not on and isinstance(answered, Answered) and answered.response.status >= 400:
                return response_of(answers, status=answered.response.status)
        return response_of(answers)

    def _change_set(self, members: Sequence[Asked], fault: Fault | None) -> Answered | list[Answered]:
        """All or nothing; where nothing, one answer speaks for all."""
        before = self.store.snapshot() if len(members) > 1 else None
        answers: list[Answered] = []
        made: dict[str, str] = {}
        for member in members:
            answers.append(self._part(_resolved(member, made), fault))
            if member.content_id is not None:
                made[f"${member.content_id}"] = answers[-1].response.headers.get("odata-entityid", "")
            if answers[-1].response.status >= 400:
                if before is not None:
                    self.store.restore(before)
                return Answered(answers[-1].response)
        return answers

    def _part(self, asked: Asked, fault: Fault | None) -> Answered:
        try:
            refusal = fault.strikes_part() if fault else None
            if refusal is not None:
                if fault is not None and fault.kind == "raced":
                    self._resource(asked.request)
                raise refusal
            return Answered(self._resource(asked.request), asked.content_id)
        except ApiError as error:
            return Answered(error.response(), asked.content_id)

    def _resource(self, request: Request) -> Response:
        base = f"{self.url}{ROOT}"
        parts = [part for part in request.path.removeprefix(f"{ROOT}/").split("/") if part]
        if parts == ["WhoAmI"]:
            said = {"BusinessUnitId": APPLICATION, "UserId": APPLICATION, "OrganizationId": APPLICATION}
            return Response.of({"@odata.context": f"{base}/$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse", **said})
        if parts[1:] == [_PRIVILEGES] and parts[0] == f"systemusers({APPLICATION})":
            wanted = orjson.loads(request.query.get("@p", "[]"))
            held = [{"PrivilegeName": name, "Depth": "Global"} for name in wanted if name not in self.forbidden]
            return Response.of({"RolePrivileges": held})
        if parts == ["Merge"] and request.method == "POST":
            return self.records.merge(request)
        if parts and parts[0].startswith("EntityDefinitions"):
            if request.method != "GET" and "prvCreateAttribute" in self.forbidden:
                raise _lacking("prvCreateAttribute")
            return self.definitions.handle(request, parts)
        entity_set, opened, address = (parts[0] if parts else "").partition("(")
        table = self.store.by_set(entity_set)
        if opened and len(parts) == 1:
            self._assert_right({"GET": "Read", "DELETE": "Delete"}.get(request.method, "Write"), table.name)
            return self.records.single(request, base, table, address.removesuffix(")"))
        match request.method, parts[1:]:
            case "GET", []:
                self._assert_right("Read", table.name)
                return self.queries.collection(request, base, table)
            case "GET", ["$count"]:
                return self.queries.count(request, table)
            case "POST", []:
                self._assert_right("Create", table.name)
                return self.records.create(request, base, table)
            case "POST", [message]:
                return self.records.multiple(request, table, message.rpartition(".")[2])
        raise ApiError("0x8006088a", "Resource not found for the segment.", 404)

    def _assert_right(self, deed: str, table: str) -> None:
        if f"prv{deed}{table}" in self.forbidden:
            raise _lacking(f"prv{deed}{table}")

    def _template(self, request: Request) -> str:
        return f"{request.method} {re.sub(r'[(][^)]*[)]', '({key})', request.path.removeprefix(f'{ROOT}/'))}"

    # What people and tests do ---------------------------------------------------------------------------------------

    def misbehave(
        self, kind: str, *, on: str = "", nth: int = 1, times: int = 1, rows: int = 1, seconds: float = 5
    ) -> None:
        """Order a misbehaviour (one of `faults.KINDS`) for the ``nth`` call whose template contains ``on``."""
        if kind not in KINDS:
            raise ValueError(f"no such misbehaviour: {kind}; known: {', '.join(sorted(KINDS))}")
        self.faults.append(Fault(kind=kind, on=on, nth=nth, times=times, rows=rows, seconds=seconds))

    def seed(self, name: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Rows a person made; returns their ids. Look-ups are bound as in requests."""
        table = self.tables[name]
        return [str(self.store.create(table, row, by=PERSON)[table.key]) for row in rows]

    def edit(self, name: str, key: str, values: Mapping[str, Any], *, plain: bool = True) -> None:
        """What a person changes by hand; not ``plain``: by a button that sets a state, such as Close as Won."""
        self.store.update(self.tables[name], key, values, by=PERSON, plain=plain)

    def delete(self, name: str, key: str) -> None:
        self.store.delete(self.tables[name], key)

    def merge(self, name: str, master: str, loser: str) -> None:
        self.store.merge(self.tables[name], master, loser, {})

    def protect(self, *keys: str) -> None:
        """Rows that the hub's user may read, and neither change nor delete: they are another business unit's."""
        self.records.protected.update(keys)

    def leave(self, name: str, key: str) -> None:
        """A row is told to have left what is read, and is still there."""
        self.store.version += 1
        self.store.deleted.append(Gone(self.store.version, name, key, "changed"))

    def forget_changes(self) -> None:
        """No token that was given so far leads anywhere any more."""
        self.queries.forgotten = True

    def rows(self, name: str) -> list[Row]:
        """The rows as answers would show them, in the order of their making."""
        return [shown(self.tables[name], row, None, _ALL) for row in self.store.rows[name].values()]

    def row(self, name: str, key: str) -> Row:
        return shown(self.tables[name], self.store.rows[name][key], None, _ALL)

    def add_column(self, name: str, line: str) -> None:
        """Customise a table: ``new_tier picklist =1:Gold|2:Silver``."""
        column = parse_column(line)
        self.tables[name].columns[column.name] = column
        self._altered(name)

    def drop_column(self, name: str, column: str) -> None:
        del self.tables[name].columns[column]
        for row in self.store.rows[name].values():
            row.pop(column, None)

    def _altered(self, name: str) -> None:
        for column in self.tables[name].columns.values():
            for row in self.store.rows[name].values():
                row.setdefault(column.name, False if column.type == "boolean" else None)

    def save(self, path: Path) -> None:
        """Write the environment's records, and what customising made of it, to a JSON file."""
        store = self.store
        kept = {
            "version": store.version,
            "count": store.count,
            "rows": store.rows,
            "deleted": store.deleted,
            "keys": {name: table.keys for name, table in self.tables.items()},
            "texts": {
                name: {c.name: c.length for c in table.columns.values() if "_" in c.name and c.type == "string"}
                for name, table in self.tables.items()
            },
        }
        path.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))

    def load(self, path: Path) -> None:
        """Take over what `save` wrote."""
        kept = orjson.loads(path.read_bytes())
        for name, texts in kept["texts"].items():
            for column, length in texts.items():
                if column not in self.tables[name].columns:
                    self.add_column(name, f"{column} string{length}")
            self.tables[name].keys = {
                key: (tuple(names), status) for key, (names, status) in kept["keys"][name].items()
            }
        rows = {name: kept["rows"][name] for name in self.tables}
        self.store.restore((rows, [Gone(*gone) for gone in kept["deleted"]], kept["version"], kept["count"]))


def _resolved(asked: Asked, made: Mapping[str, str]) -> Asked:
    """A request of a change set that refers to what an earlier one of it made (``$1``)."""
    request = asked.request
    path, body = request.path, request.body
    for name, address in made.items():
        path = urlsplit(address).path if path == f"{ROOT}/{name}" else path
        body = body.replace(f'"{name}"'.encode(), f'"{urlsplit(address).path}"'.encode())
    if "$" in path:
        reference = path.rpartition("/")[2]
        raise ApiError("0x80060888", f"Content-ID Reference: '{reference}' does not exist in the batch context.")
    return Asked(replace(request, path=path, body=body), asked.content_id)


def _lacking(privilege: str) -> ApiError:
    said = f"Principal user (Id={APPLICATION}, type=8) is missing {privilege} privilege (Id={PERSON})"
    return ApiError("0x80040220", f"{said} on OTC=1 for entity 'account'.", 403)
