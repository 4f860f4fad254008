"""One database, spoken to in the dialect it understands.

JSON-2 is there from Odoo 19 on: ``POST /json/2/<model>/<method>`` with the arguments by name. Before, ``/jsonrpc``
carries ``execute_kw`` with the user's id and key in every call; 19 still has it, and 22 will not (documentation,
External JSON-2 API and External RPC API). Either way each call is a transaction of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.credentials import Bearer
from connectors.http import Answer, Http
from connectors.odoo.faults import DENIED, HiddenError, RefusalError
from connectors.odoo.schema import ModelSchema
from connectors.odoo.settings import OdooSettings
from connectors.sdk import (
    AnswerLostError,
    ConfigurationError,
    Context,
    Diagnostic,
    ProtocolError,
    RefusedError,
    UnauthorisedError,
    UnreachableError,
)

_CONTEXT: Mapping[str, Any] = {"active_test": False, "lang": "en_US", "tz": "UTC"}
"""Archived records are records; labels and names in one language; ``load`` reads moments in this zone."""

_FRESH = timedelta(minutes=15)
_FIRST_WITH_JSON2 = 19
_PATH = "/json/2/{model}/{method}"


class Session:
    """Opens on first use; from then on it knows which dialect to speak and, in the older one, who it is."""

    def __init__(self, settings: OdooSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        self._lock = threading.Lock()
        self._http: Http | None = None
        self._json2: bool | None = None if settings.api == "auto" else settings.api == "json2"
        self._user: int | None = None
        self._schemas: dict[str, tuple[datetime, ModelSchema]] = {}

    @property
    def http(self) -> Http:
        with self._lock:
            if self._http is None:
                auth = Bearer(self.settings.key.get_secret_value(), prefix="bearer ")
                headers = {"x-odoo-database": self.settings.database}
                self._http = Http(self.settings.url, context=self.context, auth=auth, headers=headers)
            return self._http

    def ask(self, model: str, method: str, what: str, **params: Any) -> Any:
        """A call that changes nothing. Raises UnauthorisedError where the user may not (HiddenError where only part of
        it was not allowed), RefusedError for other faults, and what the client raises; ``what`` begins their texts."""
        try:
            return self._call(model, method, what, params, reads=True)
        except RefusalError as error:
            if error.code in DENIED:
                kind = UnauthorisedError if error.whole else HiddenError
                raise kind(f"{what}: the user may not do this ({error.code})") from None
            raise

    def do(self, model: str, method: str, what: str, **params: Any) -> Any:
        """A call that writes. Raises RefusalError where nothing was done, AnswerLostError where nobody can say."""
        return self._call(model, method, what, params, reads=False)

    def records(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], order: str = "id", limit: int | None = None
    ) -> list[dict[str, Any]]:
        """One ``search_read``: finding and reading in two calls would be two transactions."""
        options: dict[str, Any] = {"domain": list(domain), "fields": list(fields), "order": order}
        rows = self.ask(model, "search_read", f"reading {model}", **options, **({"limit": limit} if limit else {}))
        if not isinstance(rows, list) or not all(isinstance(row, dict) and "id" in row for row in rows):
            raise ProtocolError(f"reading {model}: an answer without records")
        return rows

    def schema(self, model: str) -> ModelSchema:
        """The model as described a quarter of an hour ago at most; `forget` has it described anew."""
        now = self.context.clock.now()
        kept = self._schemas.get(model)
        if kept is None or now - kept[0] > _FRESH:
            attributes = ["string", "type", "required", "readonly", "store", "selection", "relation", "size"]
            found = self.ask(model, "fields_get", f"describing {model}", allfields=[], attributes=attributes)
            if not isinstance(found, dict) or not found:
                raise ProtocolError(f"describing {model}: an answer without fields")
            kept = self._schemas[model] = (now, ModelSchema(model, found))
        return kept[1]

    def forget(self, model: str) -> None:
        self._schemas.pop(model, None)

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    # dialects

    def speaks_json2(self) -> bool:
        """Whether this server has JSON-2. Asked once: its version tells; where ``/jsonrpc`` is gone, it is newer."""
        if self._json2 is None:
            answer = self._rpc("common", "version", [], "asking for the version", reads=True, missing=True)
            self._json2 = answer is None or _major(answer) >= _FIRST_WITH_JSON2
        return self._json2

    def _call(self, model: str, method: str, what: str, params: Mapping[str, Any], *, reads: bool) -> Any:
        body = {**params, "context": dict(_CONTEXT)}
        if self.speaks_json2():
            path = {"model": model, "method": method}
            # A 500 with a body of Odoo's own says that nothing was done; any other one leaves it open.
            answer = self.http.post(_PATH, parts=path, json=body, idempotent=reads, accept={500})
            if answer.ok:
                return answer.json()
            raise _refusal(answer, what, model, reads=reads)
        ids = [body.pop("ids")] if "ids" in body else []
        key = self.settings.key.get_secret_value()
        given = [self.settings.database, self._me(), key, model, method, ids, body]
        return self._rpc("object", "execute_kw", given, what, reads=reads)

    def _me(self) -> int:
        if self._user is None:
            login = self.settings.login
            if not login:
                hint = "write the login of the user whom the key belongs to"
                message = "this server is older than Odoo 19, which needs a login beside the key"
                raise ConfigurationError([Diagnostic(code="no-login", path="login", message=message, hint=hint)])
            given = [self.settings.database, login, self.settings.key.get_secret_value(), {}]
            try:
                found = self._rpc("common", "authenticate", given, "signing in", reads=True)
            except RefusalError as error:  # an unknown database is an OperationalError of PostgreSQL's
                raise UnauthorisedError(f"signing in: refused ({error.code}); is the database's name right?") from None
            if not isinstance(found, int) or isinstance(found, bool):
                raise UnauthorisedError("signing in: the login or the key was refused")
            self._user = found
        return self._user

    def _rpc(self, service: str, method: str, args: list[Any], what: str, *, reads: bool, missing: bool = False) -> Any:
        """One JSON-RPC call; None where ``missing`` may be and the address is not there. Odoo leaves out a null
        ``result``."""
        params = {"service": service, "method": method, "args": args}
        model = str(args[3]) if service == "object" else ""
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        answer = self.http.post("/jsonrpc", json=body, idempotent=reads, anonymous=True, accept={500})
        if missing and answer.status in {404, 405, 410}:
            return None
        if not answer.ok:
            raise _refusal(answer, what, model, reads=reads)
        said = answer.json()
        if not isinstance(said, dict) or said.get("jsonrpc") != "2.0":
            kind = ProtocolError if reads else AnswerLostError
            raise kind(f"{what}: this does not answer like Odoo")
        error = said.get("error")
        if not isinstance(error, dict):
            return said.get("result")
        fault = error.get("data")
        raise RefusalError(what, fault if isinstance(fault, dict) else {"name": f"rpc-{error.get('code')}"}, model)


def _major(said: Any) -> int:
    """The major version: 19, also where the series between two of them says ``saas~19``."""
    try:
        return int(str(said["server_version_info"][0]).rpartition("~")[2])
    except (KeyError, IndexError, TypeError, ValueError):
        raise ProtocolError("asking for the version: this does not answer like Odoo") from None


def _refusal(answer: Answer, what: str, model: str, *, reads: bool) -> Exception:
    """The error for an answer that is no success."""
    try:
        fault = answer.json()
    except ProtocolError:
        fault = None
    if isinstance(fault, dict) and fault.get("name"):
        return RefusalError(what, fault, model)
    if answer.status >= 500:
        return (UnreachableError if reads else AnswerLostError)(f"{what}: server error, HTTP {answer.status}")
    hint = "is the address that of an Odoo server, and the database's name right?"
    return RefusedError(
        f"{what}: HTTP {answer.status} without an error of Odoo's: {hint}", code=f"http-{answer.status}"
    )
