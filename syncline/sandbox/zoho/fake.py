"""The fake organisation as a whole: routes, tokens, credits, and what people do to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from model.clock import Clock, SystemClock
from syncline.sandbox.wire import Request, Response
from syncline.sandbox.zoho import coql
from syncline.sandbox.zoho.faults import KINDS, ApiError, Fault
from syncline.sandbox.zoho.lists import Lists
from syncline.sandbox.zoho.oauth import SCOPES, Sessions
from syncline.sandbox.zoho.schema import parse_field, standard_modules
from syncline.sandbox.zoho.store import HUB, PERSON, USERS, Deleted, Row, Store
from syncline.sandbox.zoho.writes import Writes

_API = re.compile(r"^/crm/v8/(?P<rest>.+?)/?$")
_DEEDS = {"GET": "READ", "POST": "CREATE", "PUT": "UPDATE", "DELETE": "DELETE"}
_LOOPBACK = ("127.0.0.1", "localhost")


class ZohoFake:
    """One organisation.

    ``clients`` (id: secret) and ``refresh_tokens`` (with their scopes) are known to its accounts server, which answers
    at any host; the API answers at ``api_domain`` alone. ``daily``: credits. ``calls`` counts requests by
    method and path. ``before`` lets something happen right before a call.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        clients: Mapping[str, str] | None = None,
        refresh_tokens: Mapping[str, str] | None = None,
        api_domain: str = "https://www.zohoapis.eu",
        daily: int = 50_000,
        zone: timezone | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.modules = standard_modules()
        self.store = Store(self.clock, self.modules, zone or timezone(timedelta(hours=5, minutes=30)))
        self.sessions = Sessions(self.clock, clients or {"app": "secret"}, refresh_tokens or {"refresh": SCOPES})
        self.lists = Lists(self.store)
        self.writes = Writes(self.store)
        self.api_domain = api_domain
        self.credits = daily
        self.rows_a_query = 2000
        self.used = 0
        self.calls: Counter[str] = Counter()
        self.faults: list[Fault] = []
        self.seen: list[Request] = []
        self._waiting: list[tuple[str, Callable[[], Any]]] = []

    # What the wire does -------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        template = f"{request.method} {request.path.removeprefix('/crm/v8/').strip('/')}"
        self.calls[template] += 1
        self.seen = [*self.seen[-99:], request]
        self._happen(template)
        fault = next((f for f in self.faults if f.strikes(template)), None)
        self.faults = [f for f in self.faults if f.times > 0]
        answer = self._before(fault)
        if answer is None:
            try:
                answer = self._route(request)
            except ApiError as error:
                answer = Response.of(error.as_body(), error.status)
            answer = self._after(answer, fault)
        stamps = {"date": format_datetime(self.clock.now().astimezone(UTC), usegmt=True)}
        if self.used * 2 > self.credits:
            stamps["x-api-credits-remaining"] = str(max(self.credits - self.used, 0))
        return Response(status=answer.status, body=answer.body, headers={**answer.headers, **stamps}, lost=answer.lost)

    def _happen(self, template: str) -> None:
        for entry in [entry for entry in self._waiting if entry[0] in template]:
            self._waiting.remove(entry)
            entry[1]()

    def _before(self, fault: Fault | None) -> Response | None:
        """The answer of a call that a fault keeps from having any effect."""
        kind = fault.kind if fault else None
        if kind == "dropped":
            return Response(lost=True)
        if kind == "html":
            return Response(
                body=b"<html><body>Zoho is being serviced</body></html>", headers={"content-type": "text/html"}
            )
        if kind == "expired":
            self.sessions.expire()
        refused = {
            "unavailable": ApiError("INTERNAL_ERROR", "Internal Server Error", status=500),
            "limit": ApiError("TOO_MANY_REQUESTS", "too many requests", status=429),
        }.get(kind or "")
        return Response.of(refused.as_body(), refused.status) if refused else None

    def _after(self, answer: Response, fault: Fault | None) -> Response:
        kind = fault.kind if fault else None
        if kind == "lost":
            return Response(lost=True)
        if kind == "truncated":
            return Response(status=answer.status, body=answer.body[: len(answer.body) // 2], headers=answer.headers)
        if kind == "few":
            said = orjson.loads(answer.body)
            return Response.of({**said, "data": said["data"][:-1]}, answer.status)
        return answer

    def _route(self, request: Request) -> Response:
        if request.path.rstrip("/") == "/oauth/v2/token":
            return self.sessions.token(request, self.api_domain)
        found = _API.match(request.path)
        if found is None:
            raise ApiError(
                "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one", status=404
            )
        parts = found["rest"].split("/")
        self._admitted(request, parts)
        return self._resource(request, parts)

    def _admitted(self, request: Request, parts: Sequence[str]) -> None:
        """The token holds, here, and for this; and there are credits left."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        host = request.headers.get("host", "").partition(":")[0]
        elsewhere = host not in {urlsplit(self.api_domain).hostname, *_LOOPBACK}
        scopes = self.sessions.scopes(token) if kind == "Zoho-oauthtoken" and not elsewhere else None
        if scopes is None:
            raise ApiError("INVALID_TOKEN", "invalid oauth token", status=401)
        if not scopes & self._needed(request.method, parts):
            raise ApiError("OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL", status=401)
        if self.used >= self.credits:
            raise ApiError("TOO_MANY_REQUESTS", "too many requests", status=429)
        self.used += 1

    def _needed(self, method: str, parts: Sequence[str]) -> set[str]:
        if parts[0] == "coql":
            return {"ZohoCRM.coql.READ"}
        if parts[0] == "settings":
            one = f"ZohoCRM.settings.{parts[1]}"
            return {"ZohoCRM.settings.ALL", f"{one}.ALL", f"{one}.{_DEEDS.get(method)}"}
        if parts[0] in {"users", "org"}:
            return {f"ZohoCRM.{parts[0]}.READ", f"ZohoCRM.{parts[0]}.ALL"}
        one = f"ZohoCRM.modules.{parts[0].lower()}"
        return {
            "ZohoCRM.modules.ALL",
            f"ZohoCRM.modules.{_DEEDS.get(method, 'ALL')}",
            f"{one}.ALL",
            f"{one}.{_DEEDS.get(method)}",
        }

    def _resource(self, request: Request, parts: Sequence[str]) -> Response:
        match (request.method, *parts):
            case ("GET", "settings", "fields"):
                module = self.store.module(request.query.get("module", ""))
                return Response.of({"fields": module.describe()})
            case ("POST", "settings", "fields"):
                return self._added(request)
            case ("GET", "settings", "modules"):
                return Response.of({"modules": [self._module(name) for name in self.modules]})
            case ("GET", "settings", "modules", name):
                return Response.of({"modules": [self._module(self.store.module(name).name)]})
            case ("GET", "users"):
                name, email = USERS[HUB]
                return Response.of({"users": [{"id": HUB, "full_name": name, "email": email, "status": "active"}]})
            case ("GET", "org"):
                return Response.of({"org": [{"id": "554023000000000061", "company_name": "Acme", "zgid": "60001"}]})
            case ("POST", "coql"):
                return self._asked(request)
            case ("GET", name, "deleted"):
                return self.lists.deleted(request, name)
            case ("POST", name, "upsert"):
                return self.writes.handle(request, self.store.module(name).name, upsert=True)
            case ("GET", name):
                return self.lists.records(request, name)
            case ("POST" | "PUT" | "DELETE", name):
                return self.writes.handle(request, self.store.module(name).name)
        raise ApiError("INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one", status=404)

    def _added(self, request: Request) -> Response:
        """A custom field, which gets its API name from its label."""
        module = self.store.module(request.query.get("module", ""))
        items = []
        for given in request.json()["fields"]:
            name = str(given["field_label"]).replace(" ", "_")
            unique = "unique" if given.get("unique") else ""
            if name in module.fields:
                raise ApiError("DUPLICATE_DATA", "duplicate field label", {"api_name": "field_label"})
            self.add_field(module.name, f"{name} {given['data_type']}{given.get('length', '')} {unique}")
            details = {"id": f"554023000000{len(module.fields):06d}"}
            items.append({"code": "SUCCESS", "details": details, "message": "field created", "status": "success"})
        return Response.of({"fields": items}, 201)

    def _module(self, name: str) -> dict[str, Any]:
        known = {"api_name": name, "module_name": name, "plural_label": name, "singular_label": name[:-1]}
        return {**known, "id": "554023000000002175", "api_supported": True, "generated_type": "default"}

    def _asked(self, request: Request) -> Response:
        try:
            text = request.json()["select_query"]
        except (ValueError, KeyError, TypeError):
            raise ApiError("MANDATORY_NOT_FOUND", "required field not found", {"api_name": "select_query"}) from None
        return coql.answer(self.store, str(text), self.rows_a_query)

    # What people and tests do ---------------------------------------------------------------------------------------

    def misbehave(self, kind: str, *, on: str = "", nth: int = 1, times: int = 1) -> None:
        """Order a misbehaviour (one of `faults.KINDS`) for the ``nth`` call whose method and path contain ``on``."""
        if kind not in KINDS:
            raise ValueError(f"no such misbehaviour: {kind}; known: {', '.join(sorted(KINDS))}")
        self.faults.append(Fault(kind=kind, on=on, nth=nth, times=times))

    def before(self, on: str, deed: Callable[[], Any]) -> None:
        """Let something happen right before the next call whose method and path contain ``on``."""
        self._waiting.append((on, deed))

    def seed(self, name: str, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """Records a person made; returns their ids."""
        return [str(self.store.create(name, _nested(row), by=PERSON)["id"]) for row in rows]

    def edit(self, name: str, key: str, values: Mapping[str, Any]) -> None:
        """What a person changes by hand."""
        self.store.update(name, key, _nested(values), by=PERSON)

    def delete(self, name: str, key: str, *, permanent: bool = False) -> None:
        self.store.delete(name, key, by=PERSON)
        self.store.deleted[key].permanent = permanent

    def restore(self, key: str) -> None:
        self.store.restore(key)

    def merge(self, name: str, master: str, *losers: str) -> None:
        self.store.merge(name, master, losers)

    def hold(self, key: str, code: str, field: str | None = None) -> None:
        """Keep a record (or one field of it) from being written: RECORD_LOCKED, RECORD_IN_BLUEPRINT, NOT_APPROVED."""
        self.store.held[key] = (code, field)

    def convert(self, key: str) -> tuple[str, str]:
        """Make an account and a contact of a lead; returns their ids."""
        lead = self.store.live("Leads", key)
        account = self.store.create("Accounts", {"Account_Name": lead["Company"]}, by=PERSON)["id"]
        person = {"Last_Name": lead["Last_Name"], "First_Name": lead["First_Name"], "Email": lead["Email"]}
        contact = self.store.create("Contacts", {**person, "Account_Name": account}, by=PERSON)["id"]
        lead |= {"Converted__s": True, "Converted_Date_Time": self.store.now, "Modified_Time": self.store.now}
        lead |= {"Converted_Account": account, "Converted_Contact": contact}
        return account, contact

    def rows(self, name: str) -> list[Row]:
        """The live rows as lists show them, in order of the id."""
        return [self.row(name, key) for key in sorted(self.store.rows[name])]

    def row(self, name: str, key: str) -> Row:
        module = self.modules[name]
        return {field: self.store.shown(module, self.store.rows[name][key], field) for field in module.fields}

    def add_field(self, name: str, line: str) -> None:
        """Customise a module: ``Loyalty__c picklist120 =Gold|Silver``."""
        field = parse_field(line)
        self.modules[name].fields[field.name] = field
        for row in self.store.rows[name].values():
            row.setdefault(field.name, False if field.type == "boolean" else None)

    def drop_field(self, name: str, field: str) -> None:
        del self.modules[name].fields[field]
        for row in self.store.rows[name].values():
            row.pop(field, None)

    def save(self, path: Path) -> None:
        """Write the organisation's records to a JSON file."""
        rows = {name: list(kept.values()) for name, kept in self.store.rows.items()}
        graves = [[e.module, e.row, e.when, e.by, e.permanent] for e in self.store.deleted.values()]
        kept = {"count": self.store.count, "rows": rows, "deleted": graves, "held": self.store.held}
        path.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))

    def load(self, path: Path) -> None:
        """Take over the records of a file that `save` wrote."""
        kept = orjson.loads(path.read_bytes())
        self.store.count = kept["count"]
        self.store.rows |= {
            name: {row["id"]: self._read(name, row) for row in rows} for name, rows in kept["rows"].items()
        }
        for name, row, when, by, permanent in kept["deleted"]:
            stamp = datetime.fromisoformat(when)
            self.store.deleted[row["id"]] = Deleted(name, self._read(name, row), stamp, by, permanent)
        self.store.held = {key: (code, field) for key, (code, field) in kept["held"].items()}

    def _read(self, name: str, row: Row) -> Row:
        moments = [f.name for f in self.modules[name].fields.values() if f.type == "datetime"]
        return {**row, **{m: datetime.fromisoformat(row[m]) for m in moments if row.get(m)}}


def _nested(row: Mapping[str, Any]) -> dict[str, Any]:
    """Record paths as lookups: ``Account_Name.id``."""
    return {name.removesuffix(".id"): value for name, value in row.items()}
