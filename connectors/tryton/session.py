"""One database, spoken to by JSON-RPC: ``POST /<database>/rpc/`` with the method's name and its parameters, the last of
which is the context (trytond/protocols, series 8.2).

Errors come with HTTP 200, as ``error: [class, details]`` for what the server means to say and ``[text, traceback]`` for
what it did not. Either way the transaction of the call was rolled back.
"""

from __future__ import annotations

import re
import threading
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.http import Answer, Http
from connectors.sdk import AnswerLostError, Context, ProtocolError, RefusedError, UnauthorisedError
from connectors.tryton.settings import TrytonSettings

_CONTEXT: Mapping[str, Any] = {"active_test": False, "language": "en"}
"""Archived parties are parties."""

_PATH = "/{database}/rpc/"
_WHOLE = re.compile(r'You are not allowed to access "[^".]+"|You are not allowed to (?:execute|search)')
"""A model that the user has no access to. Rules, fields and the state of a record are said of in other words: "… to
write to records "5" of "Party" because of …", "… to access "Party.Name"", "… to modify the field "Name" in record …"
(trytond/ir/message.xml, series 8.2; a rule's sentence names five ids at most, then dots)."""

_IDS = re.compile(r'records "([\d, ]+)(\.\.\.)?" o[fn] "Party"')


class RefusalError(RefusedError):
    """The server refused one call as a whole, and nothing of it was done. ``said`` may quote values."""

    def __init__(self, what: str, error: Any) -> None:
        parts = error if isinstance(error, list) else [error]
        known = parts[0] if parts and parts[0] in _CLASSES else "ServerError"
        details = parts[1] if known != "ServerError" and len(parts) > 1 else parts[:1]
        words = [details] if isinstance(details, str) else list(details or ())
        self.warning = str(words.pop(0)) if known == "UserWarning" and words else None
        self.said = str(words[0]) if words else ""
        super().__init__(f"{what}: refused ({known})", code=known)

    @property
    def denied(self) -> bool:
        """Whether it was for a right that the user lacks whatever the record is: Tryton says so in words alone."""
        return bool(_WHOLE.search(self.said))

    @property
    def ruled(self) -> bool:
        """Whether a rule, or the rights to a field, forbid it for some records."""
        return " rules:" in self.said or 'not allowed to access "' in self.said

    @property
    def absent(self) -> bool:
        return "don't exist" in self.said

    @property
    def parties(self) -> list[str]:
        """The parties, by id, that the sentence is about: not necessarily all."""
        found = _IDS.search(self.said)
        return [key for key in re.split(r"[, ]+", found[1]) if key] if found else []

    @property
    def more(self) -> bool:
        """Whether the sentence is about more parties than it names."""
        found = _IDS.search(self.said)
        return bool(found and found[2])


_CLASSES = frozenset({"UserError", "UserWarning", "ConcurrencyException", "LoginException"})


class SessionAuth:
    """A session, opened with the first request and again whenever it has ended."""

    def __init__(self, settings: TrytonSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._lock = threading.Lock()
        self._header: str | None = None

    def headers(self) -> Mapping[str, str]:
        with self._lock:
            if self._header is None:
                self._header = self._login()
            return {"Authorization": self._header}

    def refused(self) -> bool:
        with self._lock:
            self._header = self._login()
        return True

    def _login(self) -> str:
        user = self._settings.user
        params = [user, {"password": self._settings.password.get_secret_value()}, "en"]
        body = {"id": 1, "method": "common.db.login", "params": params}
        path = {"database": self._settings.database}
        answer = self._http.post(_PATH, parts=path, json=body, idempotent=True, accept={401})
        if answer.status == 401:
            raise UnauthorisedError("signing in: the user or the password was refused")
        if not answer.ok:
            raise _not_found(answer, "signing in")
        said = answer.json()
        result = said.get("result") if isinstance(said, dict) else None
        if not isinstance(result, list) or len(result) < 2:
            if isinstance(said, dict) and said.get("error"):
                raise UnauthorisedError("signing in: the server asks for more than a password")
            raise ProtocolError("signing in: this does not answer like Tryton")
        return "Session " + b64encode(f"{user}:{result[0]}:{result[1]}".encode()).decode()


class Session:
    """Opens on first use. ``now`` is the server's clock, as its last answer told it."""

    def __init__(self, settings: TrytonSettings, context: Context) -> None:
        self.settings = settings
        self.context = context
        self._login = Http(settings.url, context=context)
        self._http = Http(settings.url, context=context, auth=SessionAuth(settings, self._login), on_answer=self._saw)
        self._told: datetime | None = None

    @property
    def now(self) -> datetime:
        return self._told or self.context.clock.now()

    def _saw(self, answer: Answer) -> None:
        try:
            self._told = parsedate_to_datetime(answer.headers["date"]).astimezone(UTC)
        except (KeyError, ValueError, TypeError):
            self._told = None

    def version(self) -> str:
        """The server's series, which it tells anybody."""
        answer = self._login.post(
            "/rpc/", json={"id": 1, "method": "common.server.version", "params": []}, idempotent=True
        )
        if not answer.ok:
            raise _not_found(answer, "asking for the version")
        said = answer.json()
        if not isinstance(said, dict) or "result" not in said:
            raise ProtocolError("asking for the version: this does not answer like Tryton")
        return str(said["result"])

    def ask(self, method: str, what: str, *params: Any) -> Any:
        """A call of a model that changes nothing. Raises UnauthorisedError where the user may not."""
        try:
            return self._call(method, what, params, {}, reads=True)
        except RefusalError as error:
            if error.denied:
                raise UnauthorisedError(f"{what}: the user may not do this ({error.code})") from None
            raise

    def do(self, method: str, what: str, *params: Any, stamps: Mapping[str, str] | None = None) -> Any:
        """A call of a model that writes. ``stamps`` (``party.party,12`` and what ``_timestamp`` was) make it
        conditional. Raises RefusalError where nothing was done."""
        context = {"_timestamp": dict(stamps)} if stamps else {}
        return self._call(method, what, params, context, reads=False)

    def _call(self, method: str, what: str, params: Sequence[Any], more: Mapping[str, Any], *, reads: bool) -> Any:
        body = {"id": 1, "method": f"model.{method}", "params": [*params, {**_CONTEXT, **more}]}
        answer = self._http.post(_PATH, parts={"database": self.settings.database}, json=body, idempotent=reads)
        if not answer.ok:
            raise _not_found(answer, what)
        said = answer.json()
        if isinstance(said, dict) and said.get("error"):
            raise RefusalError(what, said["error"])
        if not isinstance(said, dict) or "result" not in said:
            raise (ProtocolError if reads else AnswerLostError)(f"{what}: this does not answer like Tryton")
        return said["result"]

    def close(self) -> None:
        self._http.close()
        self._login.close()


def _not_found(answer: Answer, what: str) -> RefusedError:
    hint = "is the address that of a Tryton server, and the database's name right?"
    return RefusedError(f"{what}: HTTP {answer.status}: {hint}", code=f"http-{answer.status}")
