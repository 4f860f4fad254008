"""The line between a connector and its fake system, which can be made to fail at any request."""

from __future__ import annotations

from enum import StrEnum

from syncline.sandbox.wire import Fake, Request, Response


class Fault(StrEnum):
    """What can go wrong with one request."""

    LOST = "lost"  # carried out, no answer
    DROPPED = "dropped"  # not carried out, no answer
    DOWN = "down"  # not carried out, HTTP 503
    THROTTLED = "throttled"  # not carried out, HTTP 429 without a time
    THROTTLED_LONG = "throttled for a day"  # not carried out, HTTP 429 with Retry-After
    DENIED = "denied"  # not carried out, HTTP 401
    HTML = "html"  # not carried out, a sign-in page with HTTP 200
    GARBLED = "garbled"  # carried out, but a page of some proxy comes back with HTTP 200
    CUT = "cut off"  # carried out, half of the answer with a length that promises all of it


_ANSWERS = {
    Fault.DROPPED: Response(lost=True),
    Fault.DOWN: Response(status=503),
    Fault.THROTTLED: Response(status=429),
    Fault.THROTTLED_LONG: Response(status=429, headers={"retry-after": "86400"}),
    Fault.DENIED: Response.of({"error": "invalid_client"}, status=401),
    Fault.HTML: Response(body=b"<html><body>Please sign in</body></html>", headers={"content-type": "text/html"}),
}


class Wire:
    """A fake system with faults in front of it. ``calls`` are the requests that came, failed ones included."""

    def __init__(self, fake: Fake) -> None:
        self.calls: list[Request] = []
        self._fake = fake
        self._fault: Fault | None = None
        self._at: range | None = None

    def fail(self, fault: Fault, at: int | None = None, times: int = 1) -> None:
        """Fail every request from now on, or only ``times`` from the one with this number (0: the next)."""
        self._fault = fault
        self._at = None if at is None else range(len(self.calls) + at, len(self.calls) + at + times)

    def heal(self) -> None:
        self._fault = None

    def handle(self, request: Request) -> Response:
        number = len(self.calls)
        self.calls.append(request)
        if self._fault is None or (self._at is not None and number not in self._at):
            return self._fake.handle(request)
        if self._fault in _ANSWERS:
            return _ANSWERS[self._fault]
        answer = self._fake.handle(request)
        if self._fault is Fault.LOST:
            return Response(lost=True)
        if self._fault is Fault.GARBLED:
            return _ANSWERS[Fault.HTML]
        headers = {**answer.headers, "content-length": str(len(answer.body) or 1)}
        return Response(status=answer.status, body=answer.body[: len(answer.body) // 2], headers=headers)
