"""OAuth 2.0 for clients that sign who they are with a private key, whose certificate the system knows."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from connectors.contract import Context
from connectors.oauth import Token, TokenAuth
from connectors.signing import signed


class ClientAssertion(TokenAuth):
    """The client acts for itself, and signs who it is instead of sending a secret (RFC 7523, 2.2).

    ``private_key`` as in `JwtBearer`; ``key_id`` names the certificate that was uploaded for it. ``algorithm``: PS256
    or another one of PyJWT's for RSA keys, ES256 and so on for others. ``claims`` go into the assertion beside the
    usual ones: some systems want the scope there.
    """

    def __init__(
        self,
        context: Context,
        token_url: str,
        *,
        client_id: str,
        private_key: SecretStr | str,
        key_id: str,
        algorithm: str = "PS256",
        lifetime: timedelta = timedelta(minutes=3),
        claims: Mapping[str, Any] | None = None,
        **how: Any,
    ) -> None:
        super().__init__(context, token_url, **how)
        self._claims = {"iss": client_id, "sub": client_id, "aud": token_url, **(claims or {})}
        self._key = private_key if isinstance(private_key, SecretStr) else SecretStr(private_key)
        self._headers = {"kid": key_id, "typ": "JWT"}
        self._algorithm = algorithm
        self._lifetime = lifetime

    def _renew(self, refused: str | None) -> Token:  # noqa: ARG002 (each assertion is signed anew)
        # Each has an id of its own: an assertion may be taken once.
        claims = {**self._claims, "jti": secrets.token_hex(16)}
        now = self._context.clock.now()
        assertion = signed(claims, self._key, self._algorithm, self._headers, now, self._lifetime)
        return self._ask(
            {
                "grant_type": "client_credentials",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": assertion,
            }
        )
