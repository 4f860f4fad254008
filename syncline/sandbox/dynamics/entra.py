"""The token endpoint and the tokens it gave: client credentials for one tenant and one resource."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from model.clock import Clock
from syncline.sandbox.wire import Request, Response

_ADVICE = "Trace ID: 00000000-0000-0000-0000-000000000000"


class Entra:
    """``clients`` are app registrations (id: secret) of one ``tenant``; tokens live ``lifetime`` seconds.

    Codes and statuses follow Microsoft Learn, "Microsoft Entra authentication and authorization error codes".
    """

    def __init__(self, clock: Clock, tenant: str, clients: Mapping[str, str], lifetime: float) -> None:
        self.clock = clock
        self.tenant = tenant
        self.clients = dict(clients)
        self.lifetime = timedelta(seconds=lifetime)
        self._until: dict[str, datetime] = {}
        self.issued = 0

    def holds(self, token: str) -> bool:
        return self._until.get(token, self.clock.now()) > self.clock.now()

    def expire(self) -> None:
        """End every token."""
        self._until.clear()

    def configuration(self, tenant: str, url: str) -> Response:
        """What Microsoft's own libraries ask for first: where tokens are given."""
        base = f"{url}/{tenant}"
        return Response.of(
            {
                "issuer": f"{base}/v2.0",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
        )

    def token(self, request: Request, tenant: str, resource: str) -> Response:
        """The answer of ``/{tenant}/oauth2/v2.0/token``; ``resource`` is the environment's address."""
        form = dict(parse_qsl(request.body.decode(errors="replace")))
        refusal = self._refusal(form, tenant, resource)
        if refusal is not None:
            code, number, text, status = refusal
            said = {"error": code, "error_description": f"AADSTS{number}: {text} {_ADVICE}", "error_codes": [number]}
            return Response.of(said, status)
        self.issued += 1
        token = f"eyJ0eXAiOiJKV1QifQ.{self.issued:06d}.fake"
        self._until[token] = self.clock.now() + self.lifetime
        seconds = int(self.lifetime.total_seconds())
        return Response.of(
            {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}
        )

    def _refusal(self, form: Mapping[str, str], tenant: str, resource: str) -> tuple[str, int, str, int] | None:
        if tenant != self.tenant:
            return "invalid_request", 90002, f"Tenant '{tenant}' not found.", 400
        if form.get("grant_type") != "client_credentials":
            return "unsupported_grant_type", 70003, "The app requested an unsupported grant type.", 400
        if form.get("client_id") not in self.clients:
            return "unauthorized_client", 700016, "Application was not found in the directory.", 400
        if self.clients[form["client_id"]] != form.get("client_secret"):
            return "invalid_client", 7000215, "Invalid client secret provided.", 401
        scope = form.get("scope", "")
        if not scope.endswith("/.default"):
            return "invalid_scope", 1002012, "The provided value for scope is not valid.", 400
        if scope.removesuffix("/.default").rstrip("/") != resource:
            return "invalid_resource", 500011, "The resource principal was not found in the tenant.", 400
        return None
