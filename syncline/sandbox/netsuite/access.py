"""Who is let in: signed requests (OAuth 1.0a), or bearer tokens got by a signed assertion (OAuth 2.0, PS256)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import jwt

from model.clock import Clock
from syncline.sandbox.netsuite.faults import ApiError
from syncline.sandbox.oauth1 import Signatures, authorization
from syncline.sandbox.wire import Request, Response

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 (an address)
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFE = timedelta(minutes=60)
_ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


class Access:
    """``certificates``: public keys (PEM) by certificate id, all of them of ``client_id``."""

    def __init__(
        self, clock: Clock, account: str, signatures: Signatures, client_id: str, certificates: Mapping[str, str]
    ) -> None:
        self.clock = clock
        self.account = account
        self.signatures = signatures
        self.client_id = client_id
        self.certificates = dict(certificates)
        self._until: dict[str, datetime] = {}
        self.issued = 0

    def admit(self, request: Request) -> None:
        """Raises ApiError INVALID_LOGIN: whatever is wrong, that is all that is said."""
        given = request.headers.get("authorization", "")
        if given.startswith("Bearer "):
            good = self._until.get(given.removeprefix("Bearer "), self.clock.now()) > self.clock.now()
        else:
            good = authorization(given).get("realm") == self.account
            good = good and self.signatures.fault(request, self.clock.now().timestamp()) is None
        if not good:
            detail = "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI."
            raise ApiError("INVALID_LOGIN", detail, status=401)

    def expire(self) -> None:
        """End every token."""
        self._until.clear()

    def token(self, request: Request) -> Response:
        form = dict(parse_qsl(request.body.decode(errors="replace")))
        refusal = self._refusal(form, request)
        if refusal is not None:
            return Response.of({"error": refusal}, 400)
        self.issued += 1
        token = f"eyJraWQiOiJz.{self.issued}"
        self._until[token] = self.clock.now() + _LIFE
        return Response.of({"access_token": token, "expires_in": "3600", "token_type": "bearer"})

    def _refusal(self, form: Mapping[str, str], request: Request) -> str | None:
        if form.get("grant_type") != "client_credentials":
            return "unsupported_grant_type"
        if form.get("client_assertion_type") != _ASSERTION:
            return "invalid_request"
        assertion = form.get("client_assertion", "")
        try:
            key = self.certificates[str(jwt.get_unverified_header(assertion).get("kid"))]
            claims = self._claims(assertion, key, request)
        except (KeyError, jwt.PyJWTError):
            return "invalid_client"
        life, left = claims["exp"] - claims["iat"], claims["exp"] - self.clock.now().timestamp()
        if claims["iss"] != self.client_id or not 0 < life <= _LIFE.total_seconds() or left <= 0:
            return "invalid_grant"
        scope = claims.get("scope") or []
        wanted = scope.replace(",", " ").split() if isinstance(scope, str) else scope
        return None if "rest_webservices" in wanted else "invalid_scope"

    def _claims(self, assertion: str, key: str, request: Request) -> dict[str, Any]:
        own = [f"{scheme}://{request.headers.get('host', '')}{TOKEN_PATH}" for scheme in ("http", "https")]
        options: Any = {"verify_exp": False, "verify_iat": False, "require": ["iss", "aud", "exp", "iat"]}
        claims: dict[str, Any] = jwt.decode(assertion, key, list(_ALGORITHMS), audience=own, options=options)
        return claims
