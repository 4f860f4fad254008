"""What the fake says no with.

Where Oracle's guides name no code for a refusal, the number is only one of the right family: 00235 (too long), 00359
(no date), 00393 (view mode), 00501 (search) and 00510 (another type). Nothing may depend on them.
"""

from __future__ import annotations

from syncline.sandbox.wire import Response


class SiebelError(Exception):
    """One refusal, as it stands in a body: ``{"ERROR": "text(SBL-...)"}``."""

    def __init__(self, message: str, code: str, status: int = 500) -> None:
        super().__init__(message)
        self.message = f"{message}({code})" if code else message
        self.status = status

    def answer(self) -> Response:
        return Response.of({"ERROR": self.message}, self.status)
