"""Fixed credentials, and what every kind of credential can do. Those that are renewed are in `connectors.oauth`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


class Auth(Protocol):
    """Puts credentials on requests, and renews them when they are refused. Called from several threads."""

    def headers(self) -> Mapping[str, str]:
        """Headers for the next request; may fetch a token first."""
        ...

    def refused(self) -> bool:
        """The system answered 401. True: a new credential is at hand, ask once more."""
        ...


@runtime_checkable
class Signing(Protocol):
    """Credentials that depend on what is asked; an `Auth` may offer this, too."""

    def sign(self, method: str, url: str) -> Mapping[str, str]:
        """Headers for this very request, its whole address known."""
        ...


def signature(auth: Auth | None, method: str, url: str) -> Mapping[str, str]:
    """What credentials add to one request, where they depend on it."""
    return auth.sign(method, url) if isinstance(auth, Signing) else {}


@dataclass(slots=True)
class Bearer:
    """A fixed token in one header."""

    token: str = field(repr=False)
    header: str = "Authorization"
    prefix: str = "Bearer "

    def headers(self) -> Mapping[str, str]:
        return {self.header: f"{self.prefix}{self.token}"}

    def refused(self) -> bool:
        return False


@dataclass(slots=True)
class Basic:
    """User name and password in the Authorization header."""

    user: str = field(repr=False)
    password: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()}

    def refused(self) -> bool:
        return False
