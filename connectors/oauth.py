"""Credentials that are fetched and renewed: OAuth 2.0 client credentials, JWT bearer, and rotating refresh tokens.

Each is an `connectors.credentials.Auth` for ``context.http(..., auth=...)``. Time is the context's clock. Secrets and
tokens are kept out of repr, logs and errors; of a refusal only the standard's error code is repeated.
"""

from __future__ import annotations

import hashlib
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from connectors.contract import Context, TokenStore
from connectors.credentials import Basic
from connectors.http import Answer, Http
from connectors.signing import signed
from model.errors import AnswerLostError, ProtocolError, UnauthorisedError, UnreachableError

_HINTS: Mapping[str, str] = {
    "invalid_client": "the client id or its secret is wrong",
    "invalid_client_id": "the client id is wrong",
    "invalid_grant": "the authorisation is not valid (any more): authorise this client again",
    "invalid_code": "the refresh token is not valid (any more), or is one of another data centre: authorise anew",
    "invalid_client_secret": "the client's secret is wrong",
    "unauthorized_client": "this client may not use this kind of authorisation: allow it in the system's settings",
    "unsupported_grant_type": "the system does not offer this kind of authorisation at this address",
    "invalid_scope": "a scope that is asked for does not exist or is not granted to this client",
    "access_denied": "access was denied: ask an administrator of the system",
    "invalid_request": "the request for a token was not understood: check the token address and the settings",
}
_PASSING = frozenset({"server_error", "temporarily_unavailable"})
_CODE = re.compile(r"[a-z][a-z_]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a token endpoint gave. ``expires_at``: None where it does not say; ``instance_url``: where to go next."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    instance_url: str | None = None
    scope: str | None = None


class TokenAuth(ABC):
    """A token that is fetched when first needed, kept until shortly before it expires, and renewed after a 401.

    ``skew`` is how long before its end a token is no longer used. ``header`` and ``prefix`` say how it is sent.
    """

    def __init__(
        self,
        context: Context,
        token_url: str,
        *,
        skew: timedelta = timedelta(seconds=60),
        header: str = "Authorization",
        prefix: str = "Bearer ",
    ) -> None:
        self._context = context
        self._token_url = token_url
        self._skew = skew
        self._header = header
        self._prefix = prefix
        self._lock = threading.RLock()
        self._token: Token | None = None
        self._sent = threading.local()
        parts = urlsplit(token_url)
        self._http = Http(f"{parts.scheme}://{parts.netloc}", context=context, attempts=3)

    def headers(self) -> Mapping[str, str]:
        token = self.token()
        self._sent.access = token.access
        return {self._header: f"{self._prefix}{token.access}"}

    def refused(self) -> bool:
        """Renew the token that this thread sent last, unless another thread has renewed it meanwhile."""
        with self._lock:
            if self._token is not None and self._token.access == getattr(self._sent, "access", None):
                self._token = self._renew(self._token.access)
        return True

    def token(self) -> Token:
        """The token in use; fetched or renewed first where needed.

        Raises UnauthorisedError, UnreachableError, ThrottledError, ProtocolError.
        """
        with self._lock:
            if self._token is None or not self._fresh(self._token):
                self._token = self._renew(None)
            return self._token

    def close(self) -> None:
        self._http.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({urlsplit(self._token_url).hostname})"

    def _fresh(self, token: Token) -> bool:
        return token.expires_at is None or token.expires_at - self._skew > self._context.clock.now()

    @abstractmethod
    def _renew(self, refused: str | None) -> Token:
        """A new token; ``refused`` is the access token that was turned down, if that is the reason."""

    def _ask(self, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Token:
        try:
            answer = self._http.post(
                self._token_url,
                form=form,
                headers={"accept": "application/json", **(headers or {})},
                idempotent=True,
                accept={401},
            )
        except AnswerLostError as error:  # a token that got lost is no write that got lost
            raise UnreachableError(str(error)) from None
        if not answer.ok:
            raise self._refusal(answer)
        return self._read(answer)

    def _refusal(self, answer: Answer) -> Exception:
        host = urlsplit(self._token_url).hostname
        try:
            said = answer.json()
        except ProtocolError:
            return ProtocolError(
                f"{host} refused a token without saying why (HTTP {answer.status}): is the address right?"
            )
        code = said.get("error") if isinstance(said, dict) else None
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            code = "no error code"
        if code in _PASSING:
            return UnreachableError(f"{host} cannot give a token at the moment ({code})")
        hint = _HINTS.get(code, "check the client's settings in the system")
        return UnauthorisedError(f"{host} gave no token ({code}, HTTP {answer.status}): {hint}")

    def _read(self, answer: Answer) -> Token:
        said = answer.json()
        access = said.get("access_token") if isinstance(said, dict) else None
        if not isinstance(access, str) or not access:
            raise ProtocolError(f"{urlsplit(self._token_url).hostname} answered without an access token")
        seconds = _seconds(said.get("expires_in"))
        return Token(
            access=access,
            refresh=_text(said.get("refresh_token")),
            expires_at=None if seconds is None else self._context.clock.now() + timedelta(seconds=seconds),
            instance_url=_text(said.get("instance_url")),
            scope=_text(said.get("scope")),
        )


class ClientCredentials(TokenAuth):
    """The client acts for itself (RFC 6749, 4.4). ``basic`` sends id and secret as a header instead of in the form."""

    def __init__(
        self,
        context: Context,
        token_url: str,
        *,
        client_id: str,
        client_secret: SecretStr | str,
        scope: str | None = None,
        extra: Mapping[str, str] | None = None,
        basic: bool = False,
        **how: Any,
    ) -> None:
        super().__init__(context, token_url, **how)
        self._client = _Client(client_id, _secret(client_secret), basic=basic)
        self._form = {**({"scope": scope} if scope else {}), **(extra or {})}

    def _renew(self, refused: str | None) -> Token:  # noqa: ARG002 (any token is as good as new)
        form = {"grant_type": "client_credentials", **self._form, **self._client.form()}
        return self._ask(form, self._client.headers())


class JwtBearer(TokenAuth):
    """A signed assertion is exchanged for a token (RFC 7523); there is no refresh token, each renewal signs anew.

    ``private_key`` is an RSA key in PEM form (line breaks may be written ``\\n``, as environment variables have them).
    ``lifetime`` of the assertion: vendors allow three to five minutes.
    """

    def __init__(
        self,
        context: Context,
        token_url: str,
        *,
        client_id: str,
        subject: str,
        audience: str,
        private_key: SecretStr | str,
        lifetime: timedelta = timedelta(minutes=3),
        scope: str | None = None,
        key_id: str | None = None,
        **how: Any,
    ) -> None:
        super().__init__(context, token_url, **how)
        self._claims = {"iss": client_id, "sub": subject, "aud": audience, **({"scope": scope} if scope else {})}
        self._key = _secret(private_key)
        self._lifetime = lifetime
        self._key_id = key_id

    def _renew(self, refused: str | None) -> Token:  # noqa: ARG002 (each assertion is signed anew)
        headers = {"kid": self._key_id} if self._key_id else None
        assertion = signed(self._claims, self._key, "RS256", headers, self._context.clock.now(), self._lifetime)
        return self._ask({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion})


class RefreshToken(TokenAuth):
    """A person authorised once; the refresh token may change with every use (rotation).

    ``refresh_token`` is the first one, as configured; its successors are kept in ``context.tokens`` under ``name``,
    stored before the access token that came with them is used. Processes take turns: the one that waited finds what
    the other stored. Configuring another first token makes the stored ones void.
    """

    def __init__(
        self,
        context: Context,
        token_url: str,
        *,
        client_id: str,
        refresh_token: SecretStr | str,
        client_secret: SecretStr | str | None = None,
        name: str | None = None,
        scope: str | None = None,
        basic: bool = False,
        **how: Any,
    ) -> None:
        super().__init__(context, token_url, **how)
        self._client = _Client(client_id, _secret(client_secret or ""), basic=basic)
        self._first = _secret(refresh_token)
        self._name = name or context.connection
        self._form = {"grant_type": "refresh_token", **({"scope": scope} if scope else {})}
        self._unsaved: Token | None = None

    def _renew(self, refused: str | None) -> Token:
        store = self._context.tokens
        if store is None:
            raise UnauthorisedError("rotating tokens need a store to keep them in, and this run has none")
        with store.exclusively(self._name):
            if self._unsaved is not None:
                return self._keep(store, self._unsaved)
            known = self._stored(store)
            if known is not None and known.access != refused and known.access and self._fresh(known):
                return known
            current = (known.refresh if known else None) or self._first.get_secret_value()
            new = self._ask(self._request(current), self._client.headers())
            kept = Token(
                access=new.access,
                refresh=new.refresh or current,
                expires_at=new.expires_at,
                instance_url=new.instance_url or (known.instance_url if known else None),
                scope=new.scope,
            )
            self._unsaved = kept  # the old one is void now: if storing fails, it is tried again before anything else
            return self._keep(store, kept)

    def _request(self, current: str) -> dict[str, str]:
        return {**self._form, "refresh_token": current, **self._client.form()}

    def _keep(self, store: TokenStore, token: Token) -> Token:
        store.save(
            self._name,
            {
                "access": token.access,
                "refresh": token.refresh,
                "expires_at": token.expires_at.isoformat() if token.expires_at else None,
                "instance_url": token.instance_url,
                "scope": token.scope,
                "first": self._mark(),
            },
        )
        self._unsaved = None
        return token

    def _stored(self, store: TokenStore) -> Token | None:
        kept = store.load(self._name)
        if kept is None or kept.get("first") != self._mark():
            return None
        ends = kept.get("expires_at")
        return Token(
            access=kept["access"],
            refresh=kept["refresh"],
            expires_at=datetime.fromisoformat(ends) if ends else None,
            instance_url=kept.get("instance_url"),
            scope=kept.get("scope"),
        )

    def _mark(self) -> str:
        """Tells whether stored tokens descend from the configured first one, without keeping that one."""
        return hashlib.sha256(self._first.get_secret_value().encode()).hexdigest()[:16]


class MemoryTokens:
    """A `TokenStore` that forgets everything at the end of the process: for tests and trials."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, Any]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def load(self, name: str) -> Mapping[str, Any] | None:
        return self._kept.get(name)

    def save(self, name: str, token: Mapping[str, Any]) -> None:
        self._kept[name] = dict(token)

    @contextmanager
    def exclusively(self, name: str) -> Iterator[None]:
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            yield

    def __repr__(self) -> str:
        return f"MemoryTokens({len(self._kept)})"


class _Client:
    """The client's own id and secret, in the form or in a header."""

    def __init__(self, client_id: str, secret: SecretStr, *, basic: bool) -> None:
        self._id = client_id
        self._secret = secret
        self._basic = basic

    def form(self) -> dict[str, str]:
        if self._basic:
            return {}
        secret = self._secret.get_secret_value()
        return {"client_id": self._id, **({"client_secret": secret} if secret else {})}

    def headers(self) -> Mapping[str, str]:
        return Basic(self._id, self._secret.get_secret_value()).headers() if self._basic else {}


def _secret(value: SecretStr | str) -> SecretStr:
    return value if isinstance(value, SecretStr) else SecretStr(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 < seconds < 10 * 365 * 86400 else None
