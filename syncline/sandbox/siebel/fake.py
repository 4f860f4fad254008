"""The fake enterprise as a whole: routes, credentials, searches, and what people do to it."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import orjson

from model.clock import Clock, SystemClock
from syncline.sandbox.siebel.components import ADDRESS, ComponentDef, parse_field, standard_components
from syncline.sandbox.siebel.refusals import SiebelError
from syncline.sandbox.siebel.searchspec import parsed
from syncline.sandbox.siebel.store import INTEGRATION, PERSON, Row, Store, sortable
from syncline.sandbox.wire import Request, Response

ROOT = "/siebel/v1.0/"
MOST = 100
_MODES = {"all", "organization", "sales rep", "manager", "personal", "suborganization", "group", "catalog"}


class SiebelFake:
    """One enterprise.

    ``users`` come in by Basic, tokens of the provider (``/identity/token``) by Bearer. ``empty`` is the status of an
    empty result: 204, in some releases 404. ``largest`` is the page the enterprise allows. ``sorts`` False: a release
    that ignores ``sortspec``. ``in_utc``: stamps are kept as moments; else as the clock showed them. ``openapi``: the
    version that describe answers in. ``exact`` False: searches do not look at capital letters.
    ``uniform`` False: a release that does not know ``uniformresponse``, and shows a single record as it is.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        users: Mapping[str, str] | None = None,
        clients: Mapping[str, str] | None = None,
        zone: str = "Europe/Berlin",
        empty: int = 204,
        largest: int = MOST,
        sorts: bool = True,
        in_utc: bool = True,
        openapi: int = 3,
        exact: bool = True,
        uniform: bool = True,
    ) -> None:
        self.clock = clock or SystemClock()
        self.components = standard_components()
        self.store = Store(self.clock, self.components, zone)
        self.users = dict(users or {"SYNCLINE": "secret"})
        self.clients = dict(clients or {"client": "secret"})
        self.tokens: dict[str, datetime] = {}
        self.empty = empty
        self.largest = largest
        self.sorts = sorts
        self.in_utc = in_utc
        self.openapi = openapi
        self.exact = exact
        self.uniform = uniform
        self.hidden: set[str] = set()  # components that the user's responsibility may not see
        self.refusals: list[tuple[str, int, str]] = []  # how the call begins, status and ERROR of answers to come
        self.locked: dict[str, tuple[int, str]] = {}  # records the user may not write: status and code that say so
        self.unmakeable: dict[str, str] = {}  # components of which the user may make no records: the code that says so
        self.unseen: dict[str, tuple[int, str]] = {}  # records that spoil a search which would show them
        self.blanks_last = False  # where a database puts what is blank
        self.echoes = True  # False: an array is answered by ids alone, in an order of their own
        self.turns = True  # False: StartRowNum is ignored
        self.undoes = True  # False: a refused array leaves the rows before the bad one
        self.seen: list[Request] = []

    # What the wire does -------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        self.seen = [*self.seen[-199:], request]
        if request.path == "/identity/token":
            return self._token(request)
        if not request.path.startswith(ROOT):
            return Response(status=404, body=b"<html>Not Found</html>", headers={"content-type": "text/html"})
        if not self._let_in(request.headers.get("authorization", "")):
            return Response(status=401, headers={"content-type": "text/plain"})
        call = f"{request.method} {unquote(request.path)}"
        planned = next((one for one in self.refusals if call.startswith(one[0])), None)
        if planned is not None:
            self.refusals.remove(planned)
            return SiebelError(planned[2], "", planned[1]).answer()
        try:
            return self._route(request)
        except SiebelError as error:
            return error.answer()

    def _let_in(self, given: str) -> bool:
        kind, _, value = given.partition(" ")
        if kind == "Bearer":
            return self.tokens.get(value, self.clock.now()) > self.clock.now()
        try:
            user, _, password = b64decode(value).decode().partition(":")
        except ValueError:
            return False
        return kind == "Basic" and self.users.get(user) == password

    def _token(self, request: Request) -> Response:
        """The provider that the enterprise trusts; Siebel itself gives no tokens."""
        form = dict(parse_qsl(request.body.decode(errors="replace")))
        if self.clients.get(form.get("client_id", "")) != form.get("client_secret"):
            return Response.of({"error": "invalid_client"}, 401)
        token = f"token-{len(self.tokens) + 1:06d}"
        self.tokens[token] = self.clock.now() + timedelta(minutes=5)
        return Response.of({"access_token": token, "token_type": "Bearer", "expires_in": 300})

    def _route(self, request: Request) -> Response:
        parts = [unquote(part) for part in request.path.removeprefix(ROOT).split("/") if part]
        if len(parts) < 3 or parts[0] != "data" or parts[1] != parts[2] or parts[2] not in self.components:
            raise SiebelError("There is no data for the requested resource", "", 404)
        definition = self.components[parts[2]]
        if definition.name in self.hidden:
            what = f"Access to Resource '{definition.name}' of type BUS_OBJ is denied"
            raise SiebelError(what, "SBL-DAT-00825", 403)
        rest = parts[3:]
        if rest == ["describe"]:
            return self._described(definition)
        match request.method, rest:
            case "GET", []:
                return self._query(definition, request)
            case "GET", [key]:
                return self._single(definition, key, request)
            case "GET", [key, child, *more]:
                return self._of_child(definition, request, key, child, more)
            case "POST", []:
                return self._written(definition, request, None)
            case "PUT", []:
                return self._written(definition, request, None)
            case "PUT", [key]:
                return self._written(definition, request, key)
            case "DELETE", [key]:
                self._assert_allowed(self.locked, key)
                self.store.delete(definition.name, key)
                return Response()
        raise SiebelError("The request is not allowed", "", 405)

    def _of_child(
        self, definition: ComponentDef, request: Request, key: str, child: str, more: Sequence[str]
    ) -> Response:
        if child != definition.child or more not in ([], ["describe"]):
            raise SiebelError("There is no data for the requested resource", "", 404)
        if more:
            name = f"data_{definition.name}_{definition.name}_{{key}}_{child}_"
            return Response.of({"openapi": "3.0.1", "components": {"schemas": {name: {"properties": {}}}}})
        rows = self.store.children.get(key, [])
        return self._listed(rows, {k.lower(): v for k, v in request.query.items()}, definition, None)

    def _described(self, definition: ComponentDef) -> Response:
        one: dict[str, Any] = {
            "type": "object",
            "required": [field.name for field in definition.fields.values() if field.required],
            "properties": {field.name: field.described() for field in definition.fields.values()},
        }
        name = f"data_{definition.name}_{definition.name}_"
        if self.openapi == 2:
            return Response.of({"swagger": "2.0", "definitions": {name: one}})
        return Response.of({"openapi": "3.0.1", "components": {"schemas": {name: one}}})

    # Searching ----------------------------------------------------------------------------------------------------

    def _query(self, definition: ComponentDef, request: Request) -> Response:
        """Names of parameters are taken in any case; those it does not know are passed over without a word."""
        asked = {name.lower(): value for name, value in request.query.items()}
        mode = asked.get("viewmode", "Sales Rep").lower()
        if mode not in _MODES:
            raise SiebelError("The view mode is not valid", "SBL-DAT-00393")
        rows = list(self.store.rows[definition.name].values())
        if mode != "all":
            rows = [row for row in rows if self.store.owners[row["Id"]] == INTEGRATION]
        spec = asked.get("searchspec")
        if spec:
            order = sortable(self.store, as_moments=self.in_utc, exact=self.exact)
            test = parsed(spec, lambda field: self._known(definition, field), lambda f, v: order(definition, f, v))
            rows = [row for row in rows if test(self._compared(row))]
        return self._listed(self._sorted(definition, rows, asked.get("sortspec", "")), asked, definition, mode)

    def _compared(self, row: Row) -> Row:
        """A row as it is searched: where stamps are kept as moments, those of an hour that happens twice differ."""
        if not self.in_utc or not row["Updated"]:
            return row
        return {**row, "Updated": f"@{self.store.moments[row['Id']].isoformat()}"}

    def _known(self, definition: ComponentDef, field: str) -> None:
        if field not in definition.fields:
            what = f"Field '{field}' does not exist in definition for business component '{definition.name}'."
            raise SiebelError(what, "SBL-DAT-00398")

    def _sorted(self, definition: ComponentDef, rows: list[Row], spec: str) -> list[Row]:
        """Without a specification the order is any."""
        rows = sorted(rows, key=lambda row: hashlib.md5(row["Id"].encode(), usedforsecurity=False).digest())
        if not self.sorts or not spec:
            return rows
        order = sortable(self.store, as_moments=self.in_utc)
        for pair in reversed(spec.split(",")):
            field, _, way = (part.strip() for part in pair.partition(":"))
            self._known(definition, field)
            rows.sort(key=lambda row: self._rank(definition, row, field, order), reverse=way.lower() == "desc")
        return rows

    def _rank(self, definition: ComponentDef, row: Row, field: str, order: Any) -> tuple[bool, Any]:
        if not row.get(field):
            return self.blanks_last, ""
        if field == "Updated" and self.in_utc:
            return not self.blanks_last, self.store.moments[row["Id"]]
        return not self.blanks_last, order(definition, field, row[field])

    def _listed(
        self, rows: Sequence[Row], asked: Mapping[str, str], definition: ComponentDef, mode: str | None
    ) -> Response:
        size = min(int(asked.get("pagesize", 10)), self.largest)
        begin = int(asked.get("startrownum", 0)) if self.turns else 0
        page = rows[begin : begin + size]
        if not page:
            if self.empty == 404:
                raise SiebelError("There is no data for the requested resource", "", 404)
            return Response(status=204)
        for row in page:
            self._assert_allowed(self.unseen, row["Id"])
        fields = [name.strip() for name in asked.get("fields", "").split(",") if name.strip()]
        for name in fields if mode is not None else ():
            self._known(definition, name)
        links = asked.get("childlinks", "").lower() != "none"
        shown = [self._shown(definition, row, fields, links=links) for row in page]
        uniform = self.uniform and asked.get("uniformresponse", "").lower() in {"y", "yes"}
        if len(shown) == 1 and not uniform:
            return Response.of(shown[0])
        return Response.of({"items": shown, "Link": {"rel": "self", "name": definition.name}})

    def _assert_allowed(self, forbidden: Mapping[str, tuple[int, str]], key: str) -> None:
        if key in forbidden:
            status, code = forbidden[key]
            raise SiebelError("The user does not have access to this record", code, status)

    def _single(self, definition: ComponentDef, key: str, request: Request) -> Response:
        row = self.store.rows[definition.name].get(key)
        if row is None:
            raise SiebelError("There is no data for the requested resource", "", 404)
        return self._listed([row], {k.lower(): v for k, v in request.query.items()}, definition, "all")

    def _shown(self, definition: ComponentDef, row: Row, fields: Sequence[str], *, links: bool) -> dict[str, Any]:
        address = f"{ROOT}data/{quote(definition.name)}/{quote(definition.name)}/{row['Id']}"
        link = [{"rel": rel, "href": address, "name": definition.name} for rel in ("self", "canonical")]
        if links and definition.child:
            link.append({"rel": "child", "href": f"{address}/{quote(definition.child)}", "name": definition.child})
        return {**({name: row[name] for name in fields} if fields else row), "Link": link}

    # Writing --------------------------------------------------------------------------------------------------------

    def _written(self, definition: ComponentDef, request: Request, key: str | None) -> Response:
        try:
            body = request.json()
        except ValueError:
            raise SiebelError("The body is not valid JSON", "", 400) from None
        several = isinstance(body, list)
        given: list[dict[str, Any]] = body if isinstance(body, list) else [body]
        if not given or len(given) > MOST or not all(isinstance(row, dict) for row in given):
            raise SiebelError(f"The maximum number of records is {MOST}", "", 400)
        before = self.store.snapshot()
        deed = self._inserted if request.method == "POST" else self._upserted
        try:
            done = [deed(definition, row if key is None else {**row, "Id": key}) for row in given]
        except SiebelError as error:
            if self.undoes:
                self.store.restore(before)
            if several and "SBL-EAI-04383" in error.message:
                error.status = 409
            raise
        if request.method == "PUT" and not any(changed for _, changed in done):
            return Response(status=304)
        if several and not self.echoes:
            return Response.of({"items": [{"Id": row["Id"]} for row, _ in reversed(done)]})
        names = [dict.fromkeys([*row, "Id"]) for row in given]
        shown = [
            {**{name: row[name] for name in wanted if name in row}, "Link": {"rel": "self", "name": definition.name}}
            for (row, _), wanted in zip(done, names, strict=True)
        ]
        return Response.of({"items": shown if several else shown[0]})

    def _inserted(self, definition: ComponentDef, given: Mapping[str, Any]) -> tuple[Row, bool]:
        if definition.name in self.unmakeable:
            raise SiebelError("Access denied.", self.unmakeable[definition.name])
        return dict(self.store.insert(definition.name, given, INTEGRATION)), True

    def _upserted(self, definition: ComponentDef, given: Mapping[str, Any]) -> tuple[Row, bool]:
        key = str(given.get("Id", ""))
        self._assert_allowed(self.locked, key)
        if key in self.store.rows[definition.name]:
            changed = self.store.update(definition.name, key, given, INTEGRATION)
            return dict(self.store.rows[definition.name][key]), changed
        if not all(given.get(field) for field in definition.user_key[:1]):
            what = f"No user key can be used for the Integration Component instance '{definition.name}'."
            raise SiebelError(what, "SBL-EAI-04397")
        other = self.store.matching(definition.name, given)
        if other is not None:
            changed = self.store.update(definition.name, other["Id"], given, INTEGRATION)
            return dict(other), changed
        return dict(self.store.insert(definition.name, given, INTEGRATION)), True

    # What people and tests do ---------------------------------------------------------------------------------------

    def seed(self, name: str, rows: Iterable[Mapping[str, Any]], *, seen_by: str = PERSON) -> list[str]:
        """Records a person made; returns their ids."""
        return [self.store.insert(name, row, PERSON, seen_by=seen_by)["Id"] for row in rows]

    def edit(self, name: str, key: str, values: Mapping[str, Any]) -> None:
        self.store.update(name, key, values, PERSON)

    def delete(self, name: str, key: str) -> None:
        self.store.delete(name, key)

    def merge(self, name: str, survivor: str, loser: str) -> None:
        self.store.merge(name, survivor, loser)

    def add_address(self, name: str, key: str, **address: str) -> str:
        """``street_address="..."`` and so on; the first address of a record is its primary one."""
        given = {field: address.get(field.lower().replace(" ", "_"), "") for field in ADDRESS}
        return self.store.add_address(name, key, given)

    def rows(self, name: str) -> list[Row]:
        """The records, in the order of their making."""
        return [dict(row) for row in self.store.rows[name].values()]

    def add_field(self, name: str, line: str) -> None:
        """Customise a component: ``Loyalty Tier text30 =Gold|Silver``."""
        field = parse_field(line)
        self.components[name].fields[field.name] = field
        for row in self.store.rows[name].values():
            row.setdefault(field.name, "")

    def save(self, path: Path) -> None:
        """Write the records to a JSON file."""
        moments = {key: moment.isoformat() for key, moment in self.store.moments.items()}
        kept = {
            "count": self.store.count,
            "rows": self.store.rows,
            "children": self.store.children,
            "owners": self.store.owners,
            "moments": moments,
        }
        path.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))

    def load(self, path: Path) -> None:
        """Take over the records of a file that `save` wrote."""
        kept = orjson.loads(path.read_bytes())
        moments = {key: datetime.fromisoformat(text).astimezone(UTC) for key, text in kept["moments"].items()}
        rows = {name: dict(kept["rows"].get(name, {})) for name in self.components}
        self.store.restore((rows, kept["children"], moments, kept["owners"], kept["count"]))
