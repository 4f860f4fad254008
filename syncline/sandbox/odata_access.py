"""Who is let in to a fake gateway: users, OAuth clients, sessions whose CSRF tokens hold only with their cookies."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from model.clock import Clock
from syncline.sandbox.wire import Request, Response

_SESSION = timedelta(minutes=30)
_COOKIE = "SAP_SESSIONID_FKE_100"


class Access:
    """``users`` and ``clients`` may sign in (name: secret). ``client``: the only sap-client they are known in."""

    def __init__(self, clock: Clock, users: Mapping[str, str], clients: Mapping[str, str]) -> None:
        self.clock = clock
        self.users = dict(users)
        self.clients = dict(clients)
        self.client: str | None = None
        self._sessions: dict[str, tuple[str, datetime]] = {}
        self._tokens: dict[str, datetime] = {}
        self._count = 0

    def signed_in(self, request: Request) -> bool:
        """Whether a request brings the name and secret of a user, or an access token that holds."""
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        asked = request.query.get("sap-client") or request.headers.get("sap-client")
        if self.client is not None and asked not in {None, self.client}:
            return False
        if kind == "Bearer":
            return self._tokens.get(value, datetime.min.replace(tzinfo=UTC)) > self.clock.now()
        name, secret = _pair(value) if kind == "Basic" else ("", "")
        return bool(name) and self.users.get(name) == secret

    def issue(self, request: Request) -> Response:
        """The token endpoint: client credentials, by header or form."""
        form = dict(parse_qsl(request.body.decode(errors="replace")))
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        name, secret = _pair(value) if kind == "Basic" else (form.get("client_id", ""), form.get("client_secret", ""))
        if self.clients.get(name) != secret or not name:
            return Response.of({"error": "invalid_client"}, 401)
        if form.get("grant_type") != "client_credentials":
            return Response.of({"error": "unsupported_grant_type"}, 400)
        self._count += 1
        token = f"AFBWuk{self._count:08d}"
        self._tokens[token] = self.clock.now() + timedelta(hours=1)
        return Response.of({"access_token": token, "token_type": "Bearer", "expires_in": "3600"})

    def end_sessions(self) -> None:
        """Every session ends: tokens and cookies are worth nothing any more. Those signed in stay so."""
        self._sessions.clear()

    def revoke(self) -> None:
        """Access tokens end, too."""
        self._tokens.clear()

    def session(self, request: Request) -> str | None:
        """The token of the session that the cookies belong to."""
        cookies = dict(part.strip().partition("=")[::2] for part in request.headers.get("cookie", "").split(";"))
        token, until = self._sessions.get(cookies.get(_COOKIE, ""), ("", self.clock.now()))
        return token if token and until > self.clock.now() else None

    def opened(self, token: str | None) -> dict[str, str]:
        """Headers that hand out a session's token; a new session's, where there is none yet."""
        if token is not None:
            return {"x-csrf-token": token}
        self._count += 1
        session, token = f"sess{self._count:06d}", f"tok{self._count:06d}=="
        self._sessions[session] = (token, self.clock.now() + _SESSION)
        return {"x-csrf-token": token, "set-cookie": f"{_COOKIE}={session}; path=/; HttpOnly"}


def _pair(value: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret
