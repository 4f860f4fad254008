"""Values that cannot be sent, and the forms of those that can."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import orjson


class UnfitError(Exception):
    """A value that cannot be sent: ``code`` and a message that names field and rule, never the value."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


def json_number(name: str, value: Any, *, whole: bool) -> Any:
    """A JSON number with just the digits given: amounts hold more of them than a float does. Raises UnfitError."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise UnfitError("wrong-type", name, f"{name} takes a number")
    if whole:
        if number != number.to_integral_value():
            raise UnfitError("wrong-type", name, f"{name} takes a whole number")
        return int(number)
    return orjson.Fragment(format(number, "f"))
