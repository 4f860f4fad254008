"""What the fake says no with, and how it is told to misbehave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncline.sandbox.wire import Response

KINDS = frozenset(
    {
        "lost",  # the effect happens, the answer does not arrive
        "dropped",  # neither
        "unavailable",  # 503, nothing happens
        "html",  # a page of a proxy with status 200, nothing happens
        "truncated",  # the body breaks off
        "expired",  # every token ends: 401
        "throttled",  # 429 with a Retry-After, nothing happens
        "part-throttled",  # 429 for ``rows`` requests of a batch
        "part-timeout",  # SqlTimeoutError, status 500, for ``rows`` requests of a batch: undone
        "raced",  # for ``rows`` requests of a batch: another process has done the same a moment before
        "unprivileged",  # for ``rows`` requests of a batch: a plug-in needs a privilege that the user lacks
        "gateway",  # 502, for ``rows`` requests of a batch: not done
    }
)


class ApiError(Exception):
    """One refusal, as it stands in an error body."""

    def __init__(self, code: str, message: str, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.headers = headers or {}

    def response(self) -> Response:
        body = {"error": {"code": self.code, "message": self.message}}
        return Response.of(body, self.status, {"odata-version": "4.0", **self.headers})


@dataclass(slots=True, kw_only=True)
class Fault:
    """A misbehaviour to come: from the ``nth`` call whose template contains ``on``, for ``times`` calls."""

    kind: str
    on: str = ""
    nth: int = 1
    times: int = 1
    rows: int = 1
    seconds: float = 5
    at: int = field(default=0)

    def strikes(self, template: str) -> bool:
        """Whether this call is hit; counts it."""
        if self.on not in template or self.times <= 0:
            return False
        if self.nth > 1:
            self.nth -= 1
            return False
        self.times -= 1
        return True

    def strikes_part(self) -> ApiError | None:
        """The refusal of the next request of a batch, for as many as were ordered."""
        self.at += 1
        if self.at > self.rows:
            return None
        if self.kind == "part-throttled":
            return throttled(self.seconds)
        if self.kind == "part-timeout":
            return ApiError("0x80044151", "SQL timeout expired.", 500)
        if self.kind == "raced":
            return ApiError("0x80060892", "Entity Key violated. A record with the same value already exists.", 412)
        if self.kind == "unprivileged":
            return ApiError("0x80040220", "Principal user (Id=1) is missing prvReadOfficeDocument privilege", 403)
        return ApiError("0x0", "Bad gateway", 502) if self.kind == "gateway" else None


def throttled(seconds: float) -> ApiError:
    """The first of the three service protection limits."""
    message = "Number of requests exceeded the limit of 6000 over time window of 300 seconds."
    return ApiError("0x80072322", message, 429, {"retry-after": f"{seconds:g}"})


def absent(table: str, key: str) -> ApiError:
    return ApiError("0x80040217", f"{table} With Id = {key} Does Not Exist", 404)


def denied(key: str, table: str, method: str) -> ApiError:
    """The user's roles reach the table, but not this row (Microsoft Learn, "Dataverse client errors")."""
    right = "DeleteAccess" if method == "DELETE" else "WriteAccess"
    said = f"Principal with id 00000000-0000-4000-a000-000000000001 does not have {right} right(s) for record with id"
    return ApiError("0x80048306", f"{said} {key} of entity {table}", 403)


def bad_payload(entity_set: str, why: str) -> ApiError:
    message = f"Error identified in Payload provided by the user for Entity :'{entity_set}', InnerException : {why}"
    return ApiError("0x80048d19", message)
