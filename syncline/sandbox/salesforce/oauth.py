"""The token endpoint and the sessions it opens."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import jwt

from model.clock import Clock
from syncline.sandbox.wire import Request, Response

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Sessions:
    """Issues tokens by client credentials (secret in body or Basic) and JWT bearer; knows which still hold."""

    def __init__(self, clock: Clock, clients: Mapping[str, str], public_key: str | None, lifetime: float) -> None:
        self.clock = clock
        self.clients = dict(clients)
        self.public_key = public_key
        self.lifetime = timedelta(seconds=lifetime)
        self.audiences = {"https://login.salesforce.com", "https://test.salesforce.com"}
        self._until: dict[str, datetime] = {}
        self.issued = 0

    def holds(self, token: str) -> bool:
        return self._until.get(token, self.clock.now()) > self.clock.now()

    def expire(self) -> None:
        """End every session."""
        self._until.clear()

    def token(self, request: Request, instance_url: str) -> Response:
        form = dict(parse_qsl(request.body.decode(errors="replace")))
        grant = form.get("grant_type")
        if grant == "client_credentials":
            refusal = self._client(form, request.headers.get("authorization", ""))
        elif grant == JWT_BEARER:
            refusal = self._assertion(form.get("assertion", ""), request)
        else:
            refusal = ("unsupported_grant_type", "grant type not supported")
        if refusal is not None:
            return Response.of({"error": refusal[0], "error_description": refusal[1]}, 400)
        self.issued += 1
        token = f"00D000000000001!AQ{self.issued:06d}.fake"
        self._until[token] = self.clock.now() + self.lifetime
        issued = int(self.clock.now().timestamp() * 1000)
        return Response.of(
            {
                "access_token": token,
                "instance_url": instance_url,
                "id": "https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA",
                "token_type": "Bearer",
                "issued_at": str(issued),
                "signature": "c2lnbmF0dXJl",
                "scope": "api",
            }
        )

    def _client(self, form: Mapping[str, str], authorization: str) -> tuple[str, str] | None:
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization.startswith("Basic "):
            try:
                name, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return "invalid_client", "invalid client credentials"
        if name not in self.clients:
            return "invalid_client_id", "client identifier invalid"
        return None if self.clients[name] == secret else ("invalid_client", "invalid client credentials")

    def _assertion(self, assertion: str, request: Request) -> tuple[str, str] | None:
        if self.public_key is None:
            return "invalid_grant", "no certificate is uploaded to this app"
        own = {f"{scheme}://{request.headers.get('host', '')}" for scheme in ("http", "https")}
        options = {
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
            "require": ["iss", "sub", "aud", "exp"],
        }
        try:
            claims = jwt.decode(
                assertion,
                self.public_key,
                algorithms=["RS256"],
                audience=list(self.audiences | own),
                options=options,  # type: ignore[arg-type]  # time is checked on the injected clock below
            )
        except jwt.InvalidAudienceError:
            return "invalid_grant", "audience is invalid"
        except jwt.PyJWTError:
            return "invalid_grant", "invalid assertion"
        if claims["iss"] not in self.clients:
            return "invalid_client_id", "client identifier invalid"
        left = float(claims["exp"]) - self.clock.now().timestamp()
        return None if 0 < left <= 600 else ("invalid_grant", "assertion is expired or lives too long")
