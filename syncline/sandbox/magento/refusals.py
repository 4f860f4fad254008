"""Error bodies as the vendor writes them: a message with places to fill, and what to fill them with."""

from __future__ import annotations

from typing import Any

from syncline.sandbox.wire import Response


class Refusal(Exception):  # noqa: N818 (an answer, not a failure of ours)
    """A request that ends in an error body."""

    def __init__(self, status: int, message: str, parameters: Any = None) -> None:
        super().__init__(message)
        self.status, self.message, self.parameters = status, message, parameters

    def response(self) -> Response:
        body: dict[str, Any] = {"message": self.message}
        if self.parameters is not None:
            body["parameters"] = self.parameters
        return Response.of(body, status=self.status)

    def rendered(self) -> str:
        """The message as the bulk API shows it: filled in."""
        pairs = (
            self.parameters.items()
            if isinstance(self.parameters, dict)
            else ((str(at), value) for at, value in enumerate(self.parameters or (), start=1))
        )
        text = self.message
        for name, value in pairs:
            text = text.replace(f"%{name}", str(value))
        return text


def no_such(field: str, value: Any) -> Refusal:
    return Refusal(404, "No such entity with %fieldName = %fieldValue", {"fieldName": field, "fieldValue": value})


def required(field: str) -> Refusal:
    return Refusal(400, '"%fieldName" is required. Enter and try again.', {"fieldName": field})


def internal() -> Refusal:
    return Refusal(500, "Internal Error. Details are available in Magento log file. Report ID: webapi-5f3c")
