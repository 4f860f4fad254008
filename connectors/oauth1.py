"""OAuth 1.0a (RFC 5849) with tokens that a person made once: every request is signed, nothing is fetched or renewed.

Bodies are not part of the signature: systems that ask for OAuth 1.0a here take JSON, which the standard leaves out.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from oauthlib.oauth1 import Client

from connectors.contract import Context

logging.getLogger("oauthlib").setLevel(logging.WARNING)  # below that it logs keys, tokens and what is asked


class Method(StrEnum):
    """How a request is signed."""

    HMAC_SHA256 = "HMAC-SHA256"
    HMAC_SHA1 = "HMAC-SHA1"  # asked for by older releases of shops


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth1:
    """The four secrets of token-based authentication. ``realm`` names the account where a host serves several.

    Timestamps are the context's clock: a machine whose clock is minutes off is refused by the system.
    """

    context: Context = field(repr=False)
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)
    realm: str | None = None
    method: Method = Method.HMAC_SHA256

    def headers(self) -> Mapping[str, str]:
        return {}

    def sign(self, method: str, url: str) -> Mapping[str, str]:
        """The Authorization header for one request; each has its own nonce."""
        client = Client(
            self.consumer_key,
            client_secret=self.consumer_secret,
            resource_owner_key=self.token,
            resource_owner_secret=self.token_secret,
            realm=self.realm,
            signature_method=self.method.value,
            nonce=secrets.token_hex(16),
            timestamp=str(int(self.context.clock.now().timestamp())),
        )
        _, headers, _ = client.sign(url, http_method=method)
        return dict(headers)

    def refused(self) -> bool:
        return False
