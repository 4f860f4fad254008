"""What the fake says no with, and how it is told to misbehave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from syncline.sandbox.wire import Response

KINDS = frozenset(
    {
        "concurrency",  # 429 CONCURRENCY_LIMIT_EXCEEDED, without Retry-After
        "concurrency-400",  # the same, said with a 400
        "login",  # 401 INVALID_LOGIN, as overload is sometimes told, too
        "changed",  # RCRD_HAS_BEEN_CHANGED: somebody saves the same record at the same moment
        "unexpected",  # 500 UNEXPECTED_ERROR
    }
)
_TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}
_TYPE = "https://www.rfc-editor.org/rfc/rfc9110.html#section-15"


class ApiError(Exception):
    """One refusal, as it stands in an error body."""

    def __init__(self, code: str, detail: str, *, status: int = 400, path: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.path = path

    def response(self) -> Response:
        detail: dict[str, Any] = {"detail": self.detail, "o:errorCode": self.code}
        if self.path:
            detail["o:errorPath"] = self.path
        title = _TITLES.get(self.status, "Error")
        body = {"type": _TYPE, "title": title, "status": self.status, "o:errorDetails": [detail]}
        return Response.of(body, self.status, {"content-type": "application/vnd.oracle.resource+json; type=error"})


@dataclass(slots=True, kw_only=True)
class Fault:
    """A misbehaviour to come: at calls whose method and path contain ``on``, ``times`` times."""

    kind: str
    on: str = ""
    times: int = 1

    def strikes(self, call: str) -> bool:
        """Whether this call is hit; counts it."""
        if self.on not in call or self.times <= 0:
            return False
        self.times -= 1
        return True

    def error(self) -> ApiError:
        busy = "Concurrent request limit exceeded. Request blocked."
        return {
            "concurrency": ApiError("CONCURRENCY_LIMIT_EXCEEDED", busy, status=429),
            "concurrency-400": ApiError("CONCURRENCY_LIMIT_EXCEEDED", busy),
            "login": ApiError("INVALID_LOGIN", "Invalid login attempt.", status=401),
            "changed": ApiError("RCRD_HAS_BEEN_CHANGED", "Record has been changed"),
            "unexpected": ApiError("UNEXPECTED_ERROR", "An unexpected error occurred.", status=500),
        }[self.kind]
