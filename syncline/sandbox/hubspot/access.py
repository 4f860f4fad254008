"""Tokens, their scopes, and how many calls they may make."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from model.clock import Clock
from syncline.sandbox.hubspot.replies import CORRELATION, ApiError, limited
from syncline.sandbox.hubspot.schema import SINGULAR
from syncline.sandbox.wire import Request, Response

SCOPES = frozenset(
    {f"crm.{what}.{kind}.{deed}" for what in ("objects", "schemas") for kind in SINGULAR for deed in ("read", "write")}
    - {f"crm.objects.tickets.{deed}" for deed in ("read", "write")}
    | {"tickets", "oauth"}
)
_LIFE = timedelta(minutes=30)


class Access:
    """``token`` is that of a private app; ``clients`` (id: secret) are apps with OAuth, which begin with ``refresh``.

    ``rotates``: a refresh token holds once, and its successor comes with the answer.
    """

    def __init__(self, clock: Clock, token: str, clients: Mapping[str, str], refresh: str, *, rotates: bool) -> None:
        self.clock = clock
        self.token = token
        self.clients = dict(clients)
        self.refresh = refresh
        self.rotates = rotates
        self.scopes = set(SCOPES)
        self.issued = 0
        self._until: dict[str, datetime] = {}

    def expire(self) -> None:
        """End every token that an app got by OAuth."""
        self._until.clear()

    def admit(self, request: Request) -> None:
        """Raise ApiError where nobody, or nobody known, asks."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        if token != self.token and self._until.get(token, self.clock.now()) <= self.clock.now():
            message = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
            raise ApiError("INVALID_AUTHENTICATION", message, status=401)

    def demand(self, *either: str) -> None:
        """Raise ApiError where the app has none of these scopes."""
        if not self.scopes.intersection(either):
            message = "This app hasn't been granted all required scopes to make this call."
            error = ApiError("MISSING_SCOPES", message, status=403)
            what = "One or more of the following scopes are required."
            error.entry["errors"] = [{"message": what, "context": {"requiredGranularScopes": list(either)}}]
            raise error

    def grant(self, request: Request) -> Response:
        """The token endpoint."""
        form = dict(parse_qsl(request.body.decode(errors="replace")))
        if form.get("grant_type") != "refresh_token":
            return _refused("unsupported_grant_type", "BAD_GRANT_TYPE", "missing or unknown grant type")
        if self.clients.get(form.get("client_id", "")) != form.get("client_secret"):
            return _refused("invalid_client", "BAD_CLIENT_ID", "missing or invalid client id or secret")
        if form.get("refresh_token") != self.refresh:
            return _refused("invalid_grant", "BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        self.issued += 1
        if self.rotates:
            self.refresh = f"{self.refresh.partition('#')[0]}#{self.issued}"
        token = f"CJT-fake-access-{self.issued:04d}"
        self._until[token] = self.clock.now() + _LIFE
        return Response.of(
            {
                "token_type": "bearer",
                "access_token": token,
                "refresh_token": self.refresh,
                "expires_in": int(_LIFE.total_seconds()),
                "hub_id": 4711,
                "scopes": sorted(self.scopes),
            }
        )

    def told(self, request: Request) -> Response:
        """What a private app's token is good for."""
        if request.json().get("tokenKey") != self.token:
            raise ApiError("OBJECT_NOT_FOUND", "no such token", status=404)
        return Response.of({"userId": 1, "hubId": 4711, "appId": 2, "scopes": sorted(self.scopes)})


class Limits:
    """Calls in ten seconds, searches in one, calls a day; None where nobody counts."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.burst: int | None = None
        self.searches: int | None = None
        self.daily: int | None = None
        self.used = 0
        self._calls: deque[datetime] = deque()
        self._searches: deque[datetime] = deque()

    def take(self, *, search: bool) -> Response | None:
        """Count a call; the refusal where it is one too many."""
        if self.daily is not None and self.used >= self.daily:
            return limited("DAILY", "You have reached your daily limit.")
        if search and self.searches is not None and self._full(self._searches, 1, self.searches):
            return limited("SECONDLY", "You have reached your secondly limit.")
        if not search and self.burst is not None and self._full(self._calls, 10, self.burst):
            return limited("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.")
        self.used += 1
        return None

    def headers(self, *, search: bool) -> dict[str, str]:
        """What an answer says of the limits; one to a search says nothing."""
        if search:
            return {}
        told = {"x-hubspot-ratelimit-interval-milliseconds": "10000"}
        if self.burst is not None:
            told |= {"x-hubspot-ratelimit-max": str(self.burst)}
            told |= {"x-hubspot-ratelimit-remaining": str(max(0, self.burst - len(self._calls)))}
        if self.daily is not None:
            told |= {"x-hubspot-ratelimit-daily": str(self.daily)}
            told |= {"x-hubspot-ratelimit-daily-remaining": str(max(0, self.daily - self.used))}
        return told

    def _full(self, calls: deque[datetime], seconds: float, most: int) -> bool:
        now = self.clock.now()
        while calls and now - calls[0] >= timedelta(seconds=seconds):
            calls.popleft()
        if len(calls) >= most:
            return True
        calls.append(now)
        return False


def _refused(error: str, status: str, message: str) -> Response:
    """A refusal of the token endpoint, with the standard's word and HubSpot's own."""
    body = {"error": error, "error_description": message, "status": status, "message": message}
    return Response.of({**body, "correlationId": CORRELATION}, 400)
