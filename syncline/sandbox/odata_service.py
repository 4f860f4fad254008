"""A fake OData 2.0 service behind a gateway: sign-in, CSRF tokens, queries, writes, ``$batch``, ETags, error bodies.

A system's own fake gives it a model, and overrides what happens when rows are made, changed and removed. It is as
strict as a gateway: Atom unless JSON is asked for, a token that holds only with the cookies of its session, If-Match
for whatever has a version, server-side pages whose ``$skiptoken`` counts rows (so that they shift when rows change), no
more than one operation in a change set, parts that are not named left as they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, urlencode

from model.clock import Clock, SystemClock
from syncline.sandbox.multipart import Answered, Asked, MalformedBatchError, requests_of, response_of
from syncline.sandbox.odata_access import Access
from syncline.sandbox.odata_filter import condition, literal, ordered
from syncline.sandbox.odata_model import Entity, Row, ServiceError, edmx
from syncline.sandbox.wire import Request, Response

_ADDRESS = re.compile(r"(?P<set>\w+)(?:\((?P<key>.*)\))?(?:/(?P<rest>[\w$]+))?")
_PAIR = re.compile(r"(\w+)=((?:\w*'(?:[^']|'')*'|[^,'])+)(?:,|$)")
_READS = frozenset({"GET", "HEAD"})
Groups = dict[tuple[Any, ...], list[Row]]


class ODataService:
    """``users`` and ``clients`` may sign in (name: secret). ``page`` is the most rows of an answer. ``padded``: ids are
    shown with their zeros. ``calls`` counts requests by method and set; ``operations`` those within batches, too."""

    root = "/sap/opu/odata/sap/SERVICE"
    namespace = "SERVICE"
    token_path = "/sap/bc/sec/oauth2/token"  # noqa: S105 (a path)
    plain = False  # filters and metadata as SAP Cloud for Customer has them
    needs_match = True  # what has a version is written with If-Match only
    expanded: int | None = None  # how many rows of a navigation are expanded, where not all

    def __init__(
        self,
        entities: Mapping[str, Entity],
        clock: Clock | None = None,
        *,
        users: Mapping[str, str] | None = None,
        clients: Mapping[str, str] | None = None,
        page: int = 1000,
        padded: bool = False,
    ) -> None:
        self.clock = clock or SystemClock()
        self.entities = entities
        known = {"USER": "password"} if users is None else users
        self.access = Access(self.clock, known, {"app": "secret"} if clients is None else clients)
        self.page = page
        self.padded = padded
        self.rows: dict[str, dict[tuple[Any, ...], Row]] = {name: {} for name in entities}
        self.calls: Counter[str] = Counter()
        self.operations: Counter[str] = Counter()
        self.origin: str | None = None  # how the server names itself in links, where not as it was asked
        self._asked = ""
        self._count = 0
        self._groups: dict[tuple[str, tuple[str, ...]], tuple[int, Groups]] = {}

    # What a system's own fake says otherwise ----------------------------------------------------------------------

    def make(self, entity: Entity, body: Mapping[str, Any]) -> Row:
        """Make a row, and what its body nests. Raises ServiceError."""
        row = self.made(entity, entity.taken(self._own(entity, body), creating=True))
        self.keep(entity, row)
        return row

    def change(self, entity: Entity, row: Row, body: Mapping[str, Any]) -> None:
        row |= entity.taken(self._own(entity, body), creating=False)
        self.touch(entity, row)

    def drop(self, entity: Entity, row: Row) -> None:
        del self.rows[entity.name][entity.key_of(row)]
        self._groups.clear()

    # Rows ---------------------------------------------------------------------------------------------------------

    def made(self, entity: Entity, values: Mapping[str, Any]) -> Row:
        return {**{name: known.blank for name, known in entity.properties.items()}, **values}

    def keep(self, entity: Entity, row: Row) -> None:
        key = entity.key_of(row)
        if key in self.rows[entity.name]:
            raise ServiceError(400, "/IWBEP/CM_MGW_RT/022", f"Resource {entity.name} exists already")
        self.rows[entity.name][key] = row
        self._add(entity.name, row)
        self.touch(entity, row)

    def touch(self, entity: Entity, row: Row) -> None:
        """Give a changed row a new version."""
        if entity.versioned:
            self._count += 1
            row["__version"] = f"W/\"'{self.clock.now():%Y%m%d%H%M%S}{self._count:07d}'\""

    def found(self, name: str, **values: Any) -> list[Row]:
        """Rows of a set that have these values."""
        columns = tuple(column for column in values if self.entities[name].properties[column].key)
        near = self._grouped(name, columns).get(tuple(values[column] for column in columns), ())
        return [row for row in near if all(row[k] == v for k, v in values.items())]

    def related(self, entity: Entity, row: Row, name: str) -> list[Row]:
        leads = entity.navigations.get(name)
        if leads is None:
            raise ServiceError(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for segment '{name}'")
        wanted = {theirs: row[own] for own, theirs in leads.on.items()}
        return self.found(leads.target, **wanted, **leads.where)

    def _grouped(self, name: str, columns: tuple[str, ...]) -> Groups:
        """Rows by columns of their key, so that nobody has to look at all of them for every one."""
        rows = self.rows[name]
        count, groups = self._groups.get((name, columns), (-1, {}))
        if count != len(rows):
            groups = {}
            for row in rows.values():
                groups.setdefault(tuple(row[column] for column in columns), []).append(row)
            self._groups[name, columns] = (len(rows), groups)
        return groups

    def _add(self, name: str, row: Row) -> None:
        """Put a row that was just kept where those like it are."""
        for (of, columns), (count, groups) in list(self._groups.items()):
            if of == name and count == len(self.rows[name]) - 1:
                groups.setdefault(tuple(row[column] for column in columns), []).append(row)
                self._groups[name, columns] = (count + 1, groups)

    def _own(self, entity: Entity, body: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in body.items() if name not in entity.navigations and name != "__metadata"}

    # The wire -----------------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        self.calls[f"{request.method} {self._named(request.path)}"] += 1
        host = request.headers.get("host", "localhost")
        self._asked = self.origin or f"{'http' if host.startswith(('127.', 'localhost')) else 'https'}://{host}"
        if request.path == self.token_path:
            return self.access.issue(request)
        if not self.access.signed_in(request):
            headers = {
                "www-authenticate": 'Basic realm="SAP NetWeaver Application Server"',
                "content-type": "text/html",
            }
            return Response(status=401, body=b"<html><body>Logon failed</body></html>", headers=headers)
        try:
            answer = self._within(request)
        except ServiceError as error:
            answer = Response.of(error.body(self.clock.now()), error.status)
        stamps = {"date": format_datetime(self.clock.now().astimezone(UTC), usegmt=True), "dataserviceversion": "2.0"}
        return Response(status=answer.status, body=answer.body, headers={**stamps, **answer.headers}, lost=answer.lost)

    def _named(self, path: str) -> str:
        return re.sub(r"\(.*\)", "()", unquote(path)).removeprefix(self.root).lstrip("/") or "/"

    def _within(self, request: Request) -> Response:
        if not f"{request.path}/".startswith(f"{self.root}/"):
            message = f"No service found for namespace '', name '{request.path.rsplit('/', 1)[-1]}', version '0001'"
            raise ServiceError(403, "/IWFND/MED/170", message)
        session = self.access.session(request)
        if request.method not in _READS and (session is None or request.headers.get("x-csrf-token") != session):
            body = b"CSRF token validation failed"
            return Response(status=403, body=body, headers={"x-csrf-token": "Required", "content-type": "text/plain"})
        fetched = {}
        if request.headers.get("x-csrf-token", "").lower() == "fetch":
            fetched = self.access.opened(session)
        answer = self._batched(request) if self._named(request.path) == "$batch" else self._answered(request)
        body = b"" if request.method == "HEAD" else answer.body
        return Response(status=answer.status, body=body, headers={**answer.headers, **fetched})

    def _answered(self, request: Request) -> Response:
        path = unquote(request.path).removeprefix(self.root).strip("/")
        self.operations[f"{request.method} {self._named(request.path)}"] += 1
        if path == "$metadata":
            model = edmx(self.namespace, self.entities, outspoken=self.plain)
            return Response(body=model, headers={"content-type": "application/xml"})
        asks_json = "json" in request.headers.get("accept", "") or request.query.get("$format") == "json"
        if request.method in _READS and not asks_json:
            return Response(
                body=b'<feed xmlns="http://www.w3.org/2005/Atom"/>', headers={"content-type": "application/atom+xml"}
            )
        if not path:
            return Response.of({"d": {"EntitySets": list(self.entities)}})
        found = _ADDRESS.fullmatch(path)
        entity = self.entities.get(found["set"]) if found else None
        if found is None or entity is None:
            raise ServiceError(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for segment '{path.split('(')[0]}'")
        if found["key"] is None:
            return self._collection(request, entity)
        row = self._at(entity, found["key"])
        if found["rest"]:
            leads = (
                self.entities[entity.navigations[found["rest"]].target]
                if found["rest"] in entity.navigations
                else entity
            )
            return self._listed(request, leads, self.related(entity, row, found["rest"]))
        return self._single(request, entity, row)

    def _at(self, entity: Entity, text: str) -> Row:
        names = entity.keys
        pairs = [(names[0], text)] if len(names) == 1 and not _PAIR.fullmatch(text) else _PAIR.findall(text)
        given = {name: literal(value)[0] for name, value in pairs if name in entity.properties}
        if set(given) != set(names):
            raise ServiceError(400, "/IWBEP/CM_MGW_RT/004", "Invalid key predicate type for the entity")
        key = tuple(entity.properties[name].stored(given[name]) for name in names)
        row = self.rows[entity.name].get(key)
        if row is None:
            raise ServiceError(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for segment '{entity.type}'")
        return row

    def _collection(self, request: Request, entity: Entity) -> Response:
        if request.method in _READS:
            return self._listed(request, entity, list(self.rows[entity.name].values())[::-1])
        if request.method != "POST" or not entity.creatable:
            raise ServiceError(
                405, "/IWBEP/CM_MGW_RT/018", f"Method '{request.method}' not allowed for '{entity.name}'"
            )
        row = self.make(entity, self._json(request))
        headers = {"location": f"{self.root}/{entity.address(row)}", **self._version(row)}
        return Response.of({"d": self.shape(entity, row, (), ())}, 201, headers)

    def _single(self, request: Request, entity: Entity, row: Row) -> Response:
        method = request.headers.get("x-http-method", request.method)
        if method in _READS:
            return Response.of({"d": self.shape(entity, row, *self._wanted(request))}, 200, self._version(row))
        allowed = entity.updatable if method in {"PATCH", "MERGE", "PUT"} else method == "DELETE" and entity.deletable
        if not allowed:
            raise ServiceError(405, "/IWBEP/CM_MGW_RT/018", f"Method '{method}' not allowed for '{entity.name}'")
        expected = request.headers.get("if-match")
        if "__version" in row and expected is None and self.needs_match:
            message = f"Precondition required for entity {entity.name} (If-Match missing)"
            raise ServiceError(428, "SADL_ENTITY_RUNTIME/004", message)
        if "__version" in row and expected not in {None, "*", row["__version"]}:
            raise ServiceError(412, "/IWFND/CM_MGW/100", "Precondition failed: the entity was changed meanwhile")
        if method == "DELETE":
            self.drop(entity, row)
        else:
            body = self._json(request)
            if any(name in entity.navigations for name in body):
                raise ServiceError(400, "/IWBEP/CM_MGW_RT/040", "Inlined components are not defined for update")
            if method == "PUT":  # replaces: what is not named becomes initial
                body = {**{n: None for n, p in entity.properties.items() if p.updatable}, **body}
            self.change(entity, row, body)
        return Response(status=204)

    def _json(self, request: Request) -> dict[str, Any]:
        try:
            body = request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise ServiceError(400, "/IWBEP/CM_MGW_RT/001", "Error while parsing the request body: JSON expected")
        return body

    def _listed(self, request: Request, entity: Entity, rows: Sequence[Row]) -> Response:
        query = request.query
        try:
            skip, top = int(query.get("$skip", 0)), int(query.get("$top", 1 << 30))
            token = int(query.get("$skiptoken", 0))
        except ValueError:
            raise ServiceError(400, "/IWBEP/CM_MGW_RT/005", "Invalid system query option value") from None
        if "$filter" in query:
            wanted = condition(query["$filter"], entity, plain=self.plain)
            rows = [row for row in rows if wanted(row)]
        if "$orderby" in query:
            rows = ordered(rows, query["$orderby"], entity)
        counted = {"__count": str(len(rows))} if query.get("$inlinecount") == "allpages" else {}
        rest = rows[skip : skip + top][token:]
        fields, expand = self._wanted(request)
        shapes = [self.shape(entity, row, fields, expand) for row in rest[: self.page]]
        following = {}
        if len(rest) > self.page:
            again = urlencode({**query, "$skiptoken": token + self.page})
            following = {"__next": f"{self._asked}{request.path}?{again}"}
        return Response.of({"d": {"results": shapes, **counted, **following}})

    def _wanted(self, request: Request) -> tuple[list[str], list[str]]:
        """What is selected, and what is expanded."""

        def named(option: str) -> list[str]:
            return [part.strip() for part in request.query.get(option, "").split(",") if part.strip()]

        return named("$select"), named("$expand")

    def shape(self, entity: Entity, row: Row, fields: Sequence[str], expand: Sequence[str]) -> dict[str, Any]:
        """A row as an answer shows it: navigations deferred, or expanded where asked for (``a/b`` for nested ones)."""
        uri = f"{self._asked}{self.root}/{entity.address(row)}"
        meta = {"id": uri, "uri": uri, "type": f"{self.namespace}.{entity.type}"}
        if "__version" in row:
            meta["etag"] = row["__version"]
        shape: dict[str, Any] = {"__metadata": meta}
        for name, known in entity.properties.items():
            if not fields or name in fields:
                shape[name] = known.shown(row[name], padded=self.padded)
        heads = {path.split("/", 1)[0] for path in expand}
        for name in heads - set(entity.navigations):
            raise ServiceError(400, "/IWBEP/CM_MGW_RT/020", f"Resource not found for segment '{name}'")
        for name, leads in entity.navigations.items():
            if fields and name not in fields and not any(f.startswith(f"{name}/") for f in fields):
                continue
            if name not in heads:
                shape[name] = {"__deferred": {"uri": f"{uri}/{name}"}}
                continue
            inner = [path.split("/", 1)[1] for path in expand if path.startswith(f"{name}/")]
            theirs = [f.split("/", 1)[1] for f in fields if f.startswith(f"{name}/")]
            target = self.entities[leads.target]
            found = [self.shape(target, one, theirs, inner) for one in self.related(entity, row, name)[: self.expanded]]
            shape[name] = {"results": found} if leads.many else (found[0] if found else None)
        return shape

    def _version(self, row: Row) -> dict[str, str]:
        return {"etag": row["__version"]} if "__version" in row else {}

    # Batches ------------------------------------------------------------------------------------------------------

    def _batched(self, request: Request) -> Response:
        try:
            asked = requests_of(request, self.root)
        except MalformedBatchError as error:
            raise ServiceError(400, "/IWFND/CM_MGW/005", str(error)) from None
        return response_of([self._set(one) if isinstance(one, list) else self._part(one) for one in asked], 202)

    def _set(self, asked: Sequence[Asked]) -> list[Answered] | Answered:
        if len(asked) > 1:
            refusal = ServiceError(
                400, "/IWBEP/CM_MGW_RT/054", "Default changeset implementation allows only one operation"
            )
            return Answered(Response.of(refusal.body(self.clock.now()), refusal.status))
        said = self._part(asked[0])
        return [said] if said.response.status < 400 else said

    def _part(self, asked: Asked) -> Answered:
        if asked.request.method not in _READS and not asked.request.path.startswith(self.root):
            return Answered(Response(status=404), asked.content_id)
        try:
            return Answered(self._answered(asked.request), asked.content_id)
        except ServiceError as error:
            return Answered(Response.of(error.body(self.clock.now()), error.status), asked.content_id)
