"""Who is let in: consumer key and secret by Basic over TLS, OAuth 1.0a (in the header or in the query) without it."""

from __future__ import annotations

import hmac
from base64 import b64decode
from collections.abc import Mapping
from types import SimpleNamespace
from urllib.parse import urlencode

from oauthlib.oauth1.rfc5849 import signature

from syncline.sandbox.oauth1 import Signatures
from syncline.sandbox.wire import Request
from syncline.sandbox.woocommerce.shop import WooError

_VERIFIERS = {"HMAC-SHA256": signature.verify_hmac_sha256, "HMAC-SHA1": signature.verify_hmac_sha1}


class Entry:
    """One API key. ``tls`` says that the shop is behind HTTPS; ``rights`` are those of the key and of its user."""

    def __init__(self, key: str, secret: str, *, tls: bool) -> None:
        self.key = key
        self.secret = secret
        self.tls = tls
        self.rights = {"read", "write", "manage"}
        self._signed = Signatures(key, secret, token="", token_secret="", skew=900.0)

    def judge(self, request: Request, now: float) -> None:
        """Raises WooError as WooCommerce answers; a reading key may not write, whoever its user is."""
        self._known(request, now)
        if request.method not in {"GET", "HEAD", "OPTIONS"} and "write" not in self.rights:
            text = "The API key provided does not have write permissions."
            raise WooError("woocommerce_rest_authentication_error", text, 401)
        if "manage" not in self.rights:
            raise WooError("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.", 403)

    def _known(self, request: Request, now: float) -> None:
        kind, _, rest = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic" and self.tls:
            if not hmac.compare_digest(b64decode(rest), f"{self.key}:{self.secret}".encode()):
                raise WooError("woocommerce_rest_authentication_error", "Consumer key is invalid.", 401)
        elif kind.lower() == "oauth":
            if fault := self._signed.fault(request, now):
                raise WooError("woocommerce_rest_authentication_error", f"Invalid signature - {fault}.", 401)
        elif "oauth_signature" in request.query:
            self._signed_in_query(request.query, request)
        else:
            raise WooError("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.", 401)

    def _signed_in_query(self, query: Mapping[str, str], request: Request) -> None:
        params = [(name, value) for name, value in query.items() if name != "oauth_signature"]
        bare = {name: value for name, value in query.items() if not name.startswith("oauth_")}
        asked = SimpleNamespace(
            uri=f"http://{request.headers.get('host', '')}{request.path}" + (f"?{urlencode(bare)}" if bare else ""),
            http_method=request.method,
            params=params,
            signature=query["oauth_signature"],
        )
        verify = _VERIFIERS.get(query.get("oauth_signature_method", ""))
        if query.get("oauth_consumer_key") != self.key or verify is None or not verify(asked, self.secret, ""):
            text = "Invalid signature - provided signature does not match."
            raise WooError("woocommerce_rest_authentication_error", text, 401)
