"""What the fake says no with, and how it is told to misbehave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

KINDS = frozenset(
    {
        "lost",  # the effect happens, the answer does not arrive
        "dropped",  # neither
        "unavailable",  # 503 SERVER_UNAVAILABLE, nothing happens
        "unavailable-after",  # 503, yet it happened
        "html",  # a maintenance page with status 200, nothing happens
        "truncated",  # the body breaks off
        "expired",  # every session ends: 401 INVALID_SESSION_ID
        "limit",  # 403 REQUEST_LIMIT_EXCEEDED
        "lock",  # UNABLE_TO_LOCK_ROW for ``rows`` items of a collection
        "duplicates",  # DUPLICATES_DETECTED for ``rows`` created items
        "query-timeout",  # QUERY_TIMEOUT
        "locator",  # INVALID_QUERY_LOCATOR
        "unprocessed",  # a bulk job ends early: ``rows`` rows stay unprocessed
    }
)


class ApiError(Exception):
    """One refusal, as it stands in an error body or in the ``errors`` of one item."""

    def __init__(self, code: str, message: str, fields: Sequence[str] = (), status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = list(fields)
        self.status = status
        self.extra: dict[str, Any] = {}

    def as_body(self) -> list[dict[str, Any]]:
        """The body of a refused request."""
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            body["fields"] = self.fields
        return [{**body, **self.extra}]

    def as_item(self) -> dict[str, Any]:
        """The result of one refused item of a collection."""
        error = {"statusCode": self.code, "message": self.message, "fields": self.fields, **self.extra}
        return {"success": False, "errors": [error]}

    def as_text(self) -> str:
        """The ``sf__Error`` cell of a bulk result."""
        return f"{self.code}:{self.message}:{','.join(self.fields)} --"


@dataclass(slots=True, kw_only=True)
class Fault:
    """A misbehaviour to come: from the ``nth`` call whose template contains ``on``, for ``times`` calls."""

    kind: str
    on: str = ""
    nth: int = 1
    times: int = 1
    rows: int = 1
    of: str | None = None  # DUPLICATES_DETECTED: the record that matches

    def strikes(self, template: str) -> bool:
        """Whether this call is hit; counts it."""
        if self.on not in template or self.times <= 0:
            return False
        if self.nth > 1:
            self.nth -= 1
            return False
        self.times -= 1
        return True
