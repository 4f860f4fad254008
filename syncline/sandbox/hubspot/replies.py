"""How the fake says no, and how it is told to misbehave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncline.sandbox.wire import Response

CORRELATION = "aeb5f871-7f07-4993-9211-075dc63e7cbf"


class ApiError(Exception):
    """One refusal, as an error body or as an entry of ``errors`` in the answer to a batch."""

    def __init__(
        self,
        category: str,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        sub: str | None = None,
        context: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.entry: dict[str, Any] = {"status": "error", "category": category, "message": message}
        if sub:
            self.entry["subCategory"] = sub
        if code:
            self.entry["errors"] = [{"message": message, "code": code, "context": _lists(context)}]
        elif context:
            self.entry["context"] = _lists(context)

    def response(self) -> Response:
        return Response.of({**self.entry, "correlationId": CORRELATION}, self.status)

    def traced(self, trace: str | None) -> dict[str, Any]:
        """As an entry of ``errors``, naming the input it is about."""
        named = {"objectWriteTraceId": [trace]} if trace is not None else {}
        return {**self.entry, "context": {**self.entry.get("context", {}), **named}}


def _lists(context: Mapping[str, Sequence[str]] | None) -> dict[str, list[str]]:
    return {name: list(values) for name, values in (context or {}).items()}


def invalid(message: str, name: str, code: str, value: object = "") -> ApiError:
    """A value that a property does not take; it is quoted beside the property's name."""
    return ApiError("VALIDATION_ERROR", message, code=code, context={"propertyName": [name], name: [str(value)]})


def limited(policy: str, message: str) -> Response:
    body = {"status": "error", "message": message, "errorType": "RATE_LIMIT", "category": "RATE_LIMITS"}
    return Response.of({**body, "policyName": policy, "correlationId": CORRELATION}, 429)


REPLIES: Mapping[str, Response] = {
    "dropped": Response(lost=True),
    "unavailable": Response(status=502, body=b"<html>Bad gateway</html>", headers={"content-type": "text/html"}),
    "html": Response(body=b"<html>We will be back soon</html>", headers={"content-type": "text/html"}),
    "locked": ApiError("LOCKED", "The resource is locked.", status=423).response(),
    "migrating": Response.of({"status": "error", "message": "account is moving"}, 477, {"retry-after": "30"}),
    "daily": limited("DAILY", "You have reached your daily limit."),
    "burst": limited("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit."),
    "secondly": limited("SECONDLY", "You have reached your secondly limit."),
}
"""Misbehaviours that keep a call from having any effect. ``lost`` is another one: it has its effect, and no answer."""


@dataclass(slots=True)
class Fault:
    """A misbehaviour to come, for ``times`` calls whose method and path contain ``on``."""

    kind: str
    on: str = ""
    times: int = 1

    def strikes(self, place: str) -> bool:
        if self.on not in place or self.times <= 0:
            return False
        self.times -= 1
        return True
