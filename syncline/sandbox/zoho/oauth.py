"""The accounts server: which tokens it gives, to whom, how many, and which still hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from model.clock import Clock
from syncline.sandbox.wire import Request, Response

SCOPES = "ZohoCRM.modules.ALL,ZohoCRM.settings.ALL,ZohoCRM.coql.READ,ZohoCRM.users.READ,ZohoCRM.org.READ"
_PERIOD, _IN_PERIOD, _LIVE = timedelta(minutes=10), 10, 30


class Sessions:
    """``clients`` (id: secret), ``refresh_tokens`` with their scopes, ``organisations`` that self clients may act for.

    Refusals come with status 200, as the vendor's do, apart from the one for asking too often.
    """

    def __init__(self, clock: Clock, clients: Mapping[str, str], refresh_tokens: Mapping[str, str]) -> None:
        self.clock = clock
        self.clients = dict(clients)
        self.refresh_tokens = dict(refresh_tokens)
        self.organisations = {"60001"}
        self.lifetime = timedelta(hours=1)
        self.issued = 0
        self._asked: list[datetime] = []
        self._live: dict[str, tuple[datetime, str]] = {}

    def scopes(self, token: str) -> frozenset[str] | None:
        """What a token allows, None where it does not hold."""
        until, scope = self._live.get(token, (self.clock.now(), ""))
        return frozenset(scope.split(",")) if until > self.clock.now() else None

    def expire(self) -> None:
        self._live.clear()

    def token(self, request: Request, api_domain: str) -> Response:
        form = {**request.query, **dict(parse_qsl(request.body.decode(errors="replace")))}
        if self.clients.get(form.get("client_id", "")) is None:
            return Response.of({"error": "invalid_client"})
        if self.clients[form["client_id"]] != form.get("client_secret"):
            return Response.of({"error": "invalid_client_secret"})
        grant, scope = form.get("grant_type"), ""
        if grant == "refresh_token":
            if form.get("refresh_token") not in self.refresh_tokens:
                return Response.of({"error": "invalid_code"})
            scope = self.refresh_tokens[form["refresh_token"]]
        elif grant == "client_credentials":
            if form.get("soid", "").removeprefix("ZohoCRM.") not in self.organisations or not form.get("scope"):
                return Response.of({"error": "invalid_scope"})
            scope = form["scope"]
        else:
            return Response.of({"error": "unsupported_grant_type"})
        return self._give(scope, api_domain)

    def _give(self, scope: str, api_domain: str) -> Response:
        now = self.clock.now()
        self._asked = [moment for moment in self._asked if now - moment < _PERIOD]
        if len(self._asked) >= _IN_PERIOD:
            text = "You have made too many requests continuously. Please try again after some time."
            return Response.of({"error_description": text, "error": "Access Denied", "status": "failure"}, 400)
        self._asked.append(now)
        self.issued += 1
        token = f"1000.{self.issued:032x}.fake"
        self._live[token] = (now + self.lifetime, scope)
        for old in list(self._live)[:-_LIVE]:
            del self._live[old]
        seconds = int(self.lifetime.total_seconds())
        said = {"access_token": token, "scope": scope.replace(",", " "), "api_domain": api_domain}
        return Response.of({**said, "token_type": "Bearer", "expires_in": seconds})
