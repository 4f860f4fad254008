"""Judges OAuth 1.0a signatures as a system would that takes them: by RFC 5849, with its own copy of the secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Final
from urllib.parse import unquote, urlencode

from oauthlib.oauth1.rfc5849 import signature

from syncline.sandbox.wire import Request

_VERIFIERS: Final = {
    "HMAC-SHA256": signature.verify_hmac_sha256,
    "HMAC-SHA1": signature.verify_hmac_sha1,
}


@dataclass(slots=True)
class Signatures:
    """One set of credentials that a fake knows; an empty token: the consumer speaks for itself.

    ``skew`` is how many seconds a clock may be off.
    """

    consumer_key: str
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)
    skew: float = 300.0
    _seen: set[str] = field(default_factory=set, repr=False)

    def fault(self, request: Request, now: float) -> str | None:
        """What is wrong with a request's signature, None where it is good. A nonce is taken once."""
        given = authorization(request.headers.get("authorization", ""))
        if not given:
            return "no signature"
        if (given.get("oauth_consumer_key"), given.get("oauth_token", "")) != (self.consumer_key, self.token):
            return "unknown consumer or token"
        if abs(float(given.get("oauth_timestamp", "0")) - now) > self.skew:
            return "timestamp refused"
        nonce = given.get("oauth_nonce", "")
        if nonce in self._seen:
            return "nonce used before"
        verify = _VERIFIERS.get(given.get("oauth_signature_method", ""))
        if verify is None:
            return "signature method refused"
        if not any(
            verify(self._asked(request, scheme, given), self.consumer_secret, self.token_secret)
            for scheme in ("https", "http")
        ):
            return "invalid signature"
        self._seen.add(nonce)
        return None

    def _asked(self, request: Request, scheme: str, given: Mapping[str, str]) -> SimpleNamespace:
        query = "?" + urlencode(request.query) if request.query else ""
        params = [(name, value) for name, value in given.items() if name not in {"oauth_signature", "realm"}]
        return SimpleNamespace(
            uri=f"{scheme}://{request.headers.get('host', '')}{request.path}{query}",
            http_method=request.method,
            params=[*params, *request.query.items()],
            signature=given.get("oauth_signature", ""),
        )


def authorization(header: str) -> dict[str, str]:
    """The parts of an OAuth Authorization header, unquoted; empty where it is none."""
    kind, _, rest = header.partition(" ")
    if kind.lower() != "oauth":
        return {}
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {name: unquote(value.strip('"')) for name, _, value in pairs if name}
