"""Claims that are signed with a private key, as token endpoints take them instead of a secret."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt
from pydantic import SecretStr

from model.errors import UnauthorisedError


def signed(
    claims: Mapping[str, Any],
    key: SecretStr,
    algorithm: str,
    headers: Mapping[str, Any] | None,
    now: datetime,
    lifetime: timedelta,
) -> str:
    """A JWT with the claims and the time they hold. ``key`` is PEM, its line breaks perhaps written ``\\n``.

    Raises UnauthorisedError where the key cannot be used.
    """
    timed = {**claims, "iat": int(now.timestamp()), "exp": int((now + lifetime).timestamp())}
    pem = key.get_secret_value().replace("\\n", "\n")
    try:
        return jwt.encode(timed, pem, algorithm, headers=dict(headers) if headers else None)
    except (ValueError, TypeError, jwt.PyJWTError):  # their texts may quote the key
        kind = "an EC" if algorithm.startswith("ES") else "an RSA"
        raise UnauthorisedError(f"the private key cannot be used: {kind} key in PEM form is needed") from None
