"""The fake server: addresses, keys, dialects, and misbehaviour on demand.

Shapes: documentation, External JSON-2 API (19.0) and External RPC API; odoo/http.py (``Json2Dispatcher``,
``JsonRPCDispatcher``); addons/rpc/controllers. JSON-2 answers errors with 4xx and 5xx, JSON-RPC with 200.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from model.clock import Clock, SystemClock
from syncline.sandbox.odoo.database import BOT, Database, Row
from syncline.sandbox.odoo.faults import Fault
from syncline.sandbox.odoo.methods import ON_RECORDS, PARAMETERS, Methods
from syncline.sandbox.odoo.schema import models
from syncline.sandbox.odoo.seeds import plant
from syncline.sandbox.wire import Request, Response

_JSON2 = re.compile(r"^/json/2/(?P<model>[^/]+)/(?P<method>[^/]+)$")
_DOC = re.compile(r"^/doc-bearer/(?P<model>[^/]+)\.json$")
PERSON = 6


class OdooFake:
    """One server with one database. ``version`` is its major: JSON-2 came with 19, JSON-RPC goes with 22.

    ``calls`` counts calls by model and method.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        version: int = 19,
        database: str = "demo",
        login: str = "admin",
        key: str = "canary-key",
        path: Path | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.version = version
        self.name = database
        self.login = login
        self.key = key
        self.database = Database(self.clock, models(version))
        self.methods = Methods(self.database, version)
        self.calls: Counter[str] = Counter()
        self._troubles: list[Fault | int] = []
        plant(self.database)
        if path is not None and path.exists():
            self._take(orjson.loads(path.read_bytes()))

    # what people do meanwhile

    def seed(self, model: str, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Somebody adds records: their ids."""
        with self.database.transaction():
            return [self.database.create(model, row, by=PERSON) for row in rows]

    def edit(self, model: str, key: int, values: Mapping[str, Any], began: datetime | None = None) -> None:
        """Somebody changes a record; ``began`` is when the transaction did, if that was earlier."""
        with self.database.transaction(began):
            self.database.write(model, [key], values, by=PERSON)

    def delete(self, model: str, key: int) -> None:
        with self.database.transaction():
            self.database.unlink(model, [key])

    def merge(self, model: str, winner: int, loser: int) -> None:
        """The wizard that merges partners: children, orders, external ids and messages move, the loser is deleted.

        What tells of it is a note on the winner (odoo/addons/base/wizard/base_partner_merge.py and
        addons/mail/wizard/base_partner_merge_automatic_wizard.py, 19.0).
        """
        named = self.database.row(model, loser)
        with self.database.transaction():
            for other, name in (("res.partner", "parent_id"), ("sale.order", "partner_id"), ("crm.lead", "partner_id")):
                for row in [r for r in self.database.rows[other].values() if r[name] == loser]:
                    self.database.put(other, row["id"], {name: winner})
            for other in ("ir.model.data", "mail.message"):
                for row in [
                    r for r in self.database.rows[other].values() if (r["model"], r["res_id"]) == (model, loser)
                ]:
                    self.database.stamped(other, row["id"], {"res_id": winner}, by=PERSON)
            said = f"<p>Merged with the following partners: {self._listed(named)}</p>"
            note = {"model": model, "res_id": winner, "message_type": "notification", "body": said}
            self.database.create("mail.message", note, by=PERSON)
            self.database.unlink(model, [loser])

    def _listed(self, loser: Row) -> str:
        """A merged partner as its note lists it. Before 17 the sanitiser takes ``<n/a>`` for a tag and drops it."""
        email = loser["email"] or "n/a"
        if self.version >= 17:
            return f"['{loser['name']} &lt;{email}&gt; (ID {loser['id']})']"
        return f"{loser['name']} {'' if email == 'n/a' else f'&lt;{email}&gt;'} (ID {loser['id']})"

    def row(self, model: str, key: int) -> Row:
        return self.database.rows[model][key]

    def forbid(self, model: str, *rights: str) -> None:
        """Take rights (read, write, create, unlink) from the hub's user."""
        self.methods.forbidden |= {(model, right) for right in rights}

    def rule(self, model: str, key: int, *rights: str) -> None:
        """A record rule takes rights to one record from the hub's user; without ``read`` it is in no list."""
        self.methods.ruled |= {(model, key, right) for right in rights}

    def need(self, model: str, key: int | None, right: str, other: str) -> None:
        """Doing this with one record (with none: creating any) touches another model, to which the hub's user has no
        rights: automations and computed fields do such things."""
        self.methods.needed[model, key, right] = other

    def trouble(self, *kinds: str | int) -> None:
        """The next writing calls end in these exceptions (by name), or statuses that a proxy answers with."""
        self._troubles += [Fault(k, "could not serialize access") if isinstance(k, str) else k for k in kinds]

    def save(self, path: Path) -> None:
        shown = {m: {str(k): row for k, row in rows.items()} for m, rows in self.database.rows.items()}
        path.write_bytes(orjson.dumps({"rows": shown, "last": self.database.last}))

    def _take(self, kept: Mapping[str, Any]) -> None:
        self.database.last = dict(kept["last"])
        for model, rows in kept["rows"].items():
            moments = [f.name for f in self.database.models[model].fields.values() if f.type == "datetime"]
            for row in rows.values():
                row.update({name: datetime.fromisoformat(row[name]) for name in moments if row[name]})
            self.database.rows[model] = {int(key): row for key, row in rows.items()}

    # the wire

    def handle(self, request: Request) -> Response:
        if request.method == "POST" and request.path == "/jsonrpc" and self.version < 22:
            return self._rpc(request)
        if request.method == "POST" and request.path == "/web/webclient/version_info":
            return Response.of({"jsonrpc": "2.0", "id": request.json().get("id"), "result": self._version()})
        found = _JSON2.match(request.path) if request.method == "POST" and self.version >= 19 else None
        if found:
            return self._json2(request, found["model"], found["method"])
        described = _DOC.match(request.path) if self.version >= 19 else None
        if described and self._known(request):
            return Response.of({"methods": {name: _described(name, given) for name, given in PARAMETERS.items()}})
        return Response(status=404, body=b"<!doctype html><title>404 Not Found</title>", headers=_HTML)

    def _version(self) -> dict[str, Any]:
        info = [self.version, 0, 0, "final", 0, ""]
        return {"server_version": f"{self.version}.0", "server_version_info": info, "protocol_version": 1}

    def _known(self, request: Request) -> bool:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and given == self.key

    def _json2(self, request: Request, model: str, method: str) -> Response:
        if request.headers.get("x-odoo-database", self.name) != self.name:
            return Response(status=404, body=b"<!doctype html><title>404 Not Found</title>", headers=_HTML)
        try:
            return Response.of(self._by_name(request, model, method))
        except Fault as fault:
            return Response.of(fault.shown(), fault.status)
        except _ProxyError as error:
            return error.response

    def _by_name(self, request: Request, model: str, method: str) -> Any:
        if not self._known(request):
            raise Fault("Unauthorized", "Invalid apikey")
        body = request.json()
        ids, context = body.pop("ids", []), body.pop("context", {})
        if ids and method not in ON_RECORDS:
            raise Fault("UnprocessableEntity", f"cannot call {model}.{method} with ids", 422)
        return self._called(model, method, ids, context, body)

    def _rpc(self, request: Request) -> Response:
        body = request.json()
        head = {"jsonrpc": "2.0", "id": body.get("id")}
        params = body["params"]
        try:
            result = self._service(params["service"], params["method"], params["args"])
        except Fault as fault:
            code = 404 if fault.kind == "NotFound" else 0
            error = {"code": code, "message": "Odoo Server Error", "data": fault.shown()}
            return Response.of({**head, "error": error})
        except _ProxyError as error:
            return error.response
        return Response.of(head if result is None else {**head, "result": result})

    def _service(self, service: str, method: str, args: Sequence[Any]) -> Any:
        if (service, method) == ("common", "version"):
            return self._version()
        if service == "db" and method == "list":
            return [self.name]
        if args[0] != self.name:
            raise Fault("OperationalError", f'FATAL:  database "{args[0]}" does not exist')
        if service == "common":
            return BOT if list(args[1:3]) == [self.login, self.key] else False
        if list(args[1:3]) != [BOT, self.key]:
            raise Fault("AccessDenied", "Access Denied")
        model, name, *rest = args[3:]
        given, named = (rest, {}) if method == "execute" else (list(rest[0]), dict(rest[1]) if rest[1:] else {})
        context = named.pop("context", {})
        ids: Any = given.pop(0) if name in ON_RECORDS and given else named.pop("ids", [])
        named |= dict(zip(PARAMETERS.get(name, ()), given, strict=False))
        return self._called(model, name, [ids] if isinstance(ids, int) else ids, context, named)

    def _called(self, model: str, method: str, ids: Sequence[int], context: Mapping[str, Any], params: Any) -> Any:
        self.calls[f"{model}.{method}"] += 1
        if self._troubles and method in {"create", "write", "unlink", "load"}:
            trouble = self._troubles.pop(0)
            if isinstance(trouble, Fault):
                raise trouble
            raise _ProxyError(trouble)
        return self.methods.call(model, method, ids, context, **params)


class _ProxyError(Exception):
    """Something between us and the server answered."""

    def __init__(self, status: int) -> None:
        headers = {**_HTML, "retry-after": "1"} if status == 429 else _HTML
        self.response = Response(status=status, body=b"<html>no</html>", headers=headers)


_HTML = {"content-type": "text/html; charset=utf-8"}


def _described(name: str, parameters: Sequence[str]) -> dict[str, Any]:
    given: dict[str, Any] = {one: {} for one in parameters}
    return {"parameters": given, "api": [] if name in ON_RECORDS else ["model"]}
