"""What the fake says no with, and how it is told to misbehave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = frozenset(
    {
        "lost",  # the effect happens, the answer does not arrive
        "dropped",  # neither
        "unavailable",  # 500 INTERNAL_ERROR, nothing happens
        "html",  # a page with status 200, nothing happens
        "truncated",  # the body breaks off
        "expired",  # every access token ends: 401 INVALID_TOKEN
        "limit",  # 429 TOO_MANY_REQUESTS without Retry-After
        "few",  # one item less than were sent
    }
)


class ApiError(Exception):
    """One refusal, of a whole call or of one item: the vendor's code, message, details, and a status."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.details = dict(details or {})
        self.message = message
        self.status = status

    def as_body(self) -> dict[str, Any]:
        """The body of a refused call, or a refused item."""
        return {"code": self.code, "details": self.details, "message": self.message, "status": "error"}


@dataclass(slots=True, kw_only=True)
class Fault:
    """A misbehaviour to come: from the ``nth`` call whose template contains ``on``, for ``times`` calls."""

    kind: str
    on: str = ""
    nth: int = 1
    times: int = 1

    def strikes(self, template: str) -> bool:
        """Whether this call is hit; counts it."""
        if self.on not in template or self.times <= 0:
            return False
        if self.nth > 1:
            self.nth -= 1
            return False
        self.times -= 1
        return True
