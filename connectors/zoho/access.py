"""The way in: tokens of the accounts server of a data centre.

Vendor facts (Zoho accounts, "OAuth" and "Token validity"): an access token holds an hour; ten may be asked for in ten
minutes, then the answer is "Access Denied"; refusals come with status 200 as well; ``api_domain`` says where to go.
Since tokens are few, both ways in keep theirs in the hub's token store, where every process finds it.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from connectors.http import Answer
from connectors.oauth import RefreshToken, Token
from connectors.sdk import Context, ProtocolError, ThrottledError, TokenStore
from connectors.zoho.settings import API, ClientCredentialsAuth, RefreshTokenAuth, ZohoSettings
from model.errors import StateError

_QUIET = timedelta(minutes=10)
_NOT_A_TOKEN_MATTER = "OAUTH_SCOPE_MISMATCH"  # noqa: S105 (an error code)


class Access(RefreshToken):
    """Access tokens of one connection.

    ``said`` is the code of the 401 that this thread met last, if any. ``unshared`` says why tokens could not be kept
    for other processes: since Zoho's refresh tokens stay the same, this one goes on without, and only asks more often.
    """

    def __init__(self, settings: ZohoSettings, context: Context) -> None:
        auth = settings.auth
        super().__init__(
            context,
            f"{settings.accounts}/oauth/v2/token",
            client_id=auth.client_id,
            client_secret=auth.client_secret,
            refresh_token=auth.refresh_token if isinstance(auth, RefreshTokenAuth) else _asked_with(auth),
            prefix="Zoho-oauthtoken ",
        )
        self._default = API[settings.data_center]
        self._self_client = auth if isinstance(auth, ClientCredentialsAuth) else None
        self._answered = threading.local()
        self.unshared: str | None = None

    @property
    def said(self) -> str | None:
        return getattr(self._answered, "code", None)

    def met(self, code: str | None) -> None:
        """Remember what the last answer to this thread refused the token for."""
        self._answered.code = code

    def refused(self) -> bool:
        """A missing scope is answered with 401 as well: another token of the few would not have it either."""
        return self.said != _NOT_A_TOKEN_MATTER and super().refused()

    def _keep(self, store: TokenStore, token: Token) -> Token:
        try:
            return super()._keep(store, token)
        except StateError as error:
            self.unshared, self._unsaved = str(error), None
            return token

    def _stored(self, store: TokenStore) -> Token | None:
        try:
            return super()._stored(store)
        except StateError:  # sealed with a key that is no longer there
            return None

    def _request(self, current: str) -> dict[str, str]:
        auth = self._self_client
        if auth is None:
            return super()._request(current)
        form = {"grant_type": "client_credentials", "scope": auth.scope, "soid": f"ZohoCRM.{auth.organisation}"}
        return {**form, **self._client.form()}

    def _read(self, answer: Answer) -> Token:
        said = answer.json()
        if isinstance(said, dict) and "error" in said:
            raise self._refusal(answer)
        token = super()._read(answer)
        return replace(token, instance_url=_address(said.get("api_domain")) or self._default)

    def _refusal(self, answer: Answer) -> Exception:
        try:
            said: Any = answer.json()
        except ProtocolError:
            said = None
        if isinstance(said, dict) and said.get("error") == "Access Denied":
            text = f"{urlsplit(self._token_url).hostname} gives no more tokens for now: ten in ten minutes are all"
            return ThrottledError(text, self._context.clock.now() + _QUIET)
        return super()._refusal(answer)


def _asked_with(auth: ClientCredentialsAuth) -> str:
    """What stands in for a refresh token: with anything else in the settings, kept tokens are void."""
    parts = (auth.client_secret.get_secret_value(), auth.organisation, auth.scope)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _address(text: Any) -> str | None:
    """Where the API is, None where the answer names no place that a token may be sent to."""
    parts = urlsplit(text) if isinstance(text, str) else urlsplit("")
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"})
    if not safe or not parts.hostname:
        return None
    return f"{parts.scheme}://{parts.netloc}"
