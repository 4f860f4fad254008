"""Values on their way between a database and JSON.

Reading: decimals become text with the column's scale, moments ISO 8601 in UTC (``Z``), dates and times ISO text. What a
column holds against its type (SQLite lets it) is passed on as it is. Writing: the same way back, raising `Unfit` where
a value does not fit the column.

A converter of None means: nothing to convert. Only columns that need one have one, which is what keeps reading fast.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import partial
from typing import Any

import orjson

from connectors.sdk import FieldType

Convert = Callable[[Any], Any]


class Unfit(ValueError):  # noqa: N818 (a value, not a failure of anything)
    """A value that a column cannot take. The text names the rule, never the value."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def moment_text(moment: datetime, zone: tzinfo | None) -> str:
    """ISO text in UTC; without an own or a declared zone the text has none either, for nobody guesses here."""
    if moment.tzinfo is None:
        if zone is None:
            return moment.isoformat()
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC).isoformat()[:-6] + "Z"


def decimal_text(value: Any, scale: int | None) -> Any:
    """``12.5`` in a column of scale 2 is ``"12.50"``; digits beyond the scale are kept."""
    if scale is not None and type(value) in (float, int):  # nearly all: exact at the column's scale
        text = f"{value:.{scale}f}"
        if float(text) == value:
            return text
    try:
        exact = Decimal(repr(value) if isinstance(value, float) else str(value))
        if not exact.is_finite():
            return str(value)
        if scale is not None and -int(exact.as_tuple().exponent) < scale:
            exact = exact.quantize(Decimal(1).scaleb(-scale))
    except (InvalidOperation, ValueError):
        return value if isinstance(value, (str, int)) else str(value)
    return format(exact, "f")


def plain(value: Any, zone: tzinfo | None) -> Any:
    """Any driver's value as JSON; bytes inside a list or an object as hexadecimal digits."""
    kind = type(value)
    if kind in (str, int, bool):
        return value
    found: Any = value
    if isinstance(value, float):
        found = value if math.isfinite(value) else str(value)
    elif isinstance(value, Decimal):
        found = format(value, "f") if value.is_finite() else str(value)
    elif isinstance(value, datetime):
        found = moment_text(value, zone)
    elif isinstance(value, (date, time)):
        found = value.isoformat()
    elif isinstance(value, (bytes, bytearray, memoryview)):
        found = bytes(value).hex()
    elif isinstance(value, Mapping):
        found = {str(name): plain(item, zone) for name, item in value.items()}
    elif isinstance(value, (list, tuple, set, frozenset)):
        found = [plain(item, zone) for item in value]
    elif isinstance(value, Enum):
        found = value.value
    elif value is not None:
        found = str(value)
    return found


def _stored_moment(value: Any, zone: tzinfo | None) -> Any:
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        if moment.tzinfo is None and zone is UTC and (len(value) == 19 or (len(value) == 26 and moment.microsecond)):
            return f"{value[:10]}T{value[11:]}Z"  # nearly all: the text is right already
        return moment_text(moment, zone)
    return plain(value, zone)


def _stored_truth(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value


def _stored_json(value: Any) -> Any:
    try:
        return orjson.loads(value)
    except (orjson.JSONDecodeError, TypeError):
        return value


def _trimmed(value: Any) -> Any:
    return value.rstrip(" ") if isinstance(value, str) else value


def sqlite_reader(kind: FieldType, scale: int | None, zone: tzinfo | None) -> Convert | None:
    """SQLite stores numbers and texts only; the declared type says what they mean."""
    if kind is FieldType.DATETIME:
        return partial(_stored_moment, zone=zone)
    if kind is FieldType.BOOLEAN:
        return _stored_truth
    if kind is FieldType.DECIMAL:
        return partial(decimal_text, scale=scale)
    if kind is FieldType.OBJECT:
        return _stored_json
    return None


def driver_reader(kind: FieldType, *, padded: bool, text: bool, zone: tzinfo | None) -> Convert | None:
    """Other drivers hand out Python objects. ``padded``: CHAR(n), whose trailing blanks mean nothing."""
    if padded:
        return _trimmed
    if kind in (FieldType.INTEGER, FieldType.BOOLEAN) or text:
        return None
    return partial(plain, zone=zone)


def to_any_text(value: Any) -> str:
    """For columns that take text of any length."""
    if type(value) is not str:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise Unfit("not-text", "takes text")
        value = str(value)
    return value  # type: ignore[no-any-return]  # a text by now; str() again would cost as much as all of this


def text_writer(limit: int | None, choices: tuple[str, ...] | None) -> Convert:
    if limit is None and choices is None:
        return to_any_text
    most = math.inf if limit is None else limit
    allowed = None if choices is None else frozenset(choices)

    def to_text(value: Any) -> str:
        text = to_any_text(value)
        if len(text) > most:
            raise Unfit("too-long", f"takes at most {limit} characters, got {len(text)}")
        if allowed is not None and text not in allowed:
            raise Unfit("unknown-choice", f"takes one of: {', '.join(choices or ())}")
        return text

    return to_text


def to_integer(value: Any) -> int:
    try:
        number = None if isinstance(value, float) and not value.is_integer() else int(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None:
        raise Unfit("not-an-integer", "takes whole numbers")
    if not -(2**63) <= number < 2**63:
        raise Unfit("out-of-range", "takes whole numbers of at most 64 bits")
    return number


def to_decimal(value: Any, *, as_text: bool) -> Any:
    try:
        exact = Decimal(repr(value) if isinstance(value, float) else value)
    except (TypeError, ValueError, InvalidOperation):
        exact = Decimal("nan")
    if isinstance(value, bool) or not exact.is_finite():
        raise Unfit("not-a-number", "takes numbers")
    return format(exact, "f") if as_text else exact


def to_float(value: Any) -> float:
    return float(to_decimal(value, as_text=False))


def to_boolean(value: Any) -> bool:
    if value in (0, 1):
        return bool(value)
    raise Unfit("not-a-boolean", "takes true or false")


def to_moment(value: Any, *, naive: bool, as_text: bool, zone: tzinfo | None) -> Any:
    """``naive``: the column stores no zone, so the moment is stored as the wall clock of the declared one.

    In text (SQLite) an undeclared zone is no obstacle: ISO text with ``Z`` says it itself.
    """
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unfit("not-a-moment", "takes ISO 8601 moments") from None
    if as_text and zone is None:
        return value if moment.tzinfo is None else moment_text(moment, None)
    if naive and moment.tzinfo is not None:
        if zone is None:
            raise Unfit("zone-unknown", "stores no time zone and none is declared (set zone: on the connection)")
        moment = moment.astimezone(zone).replace(tzinfo=None)
    elif not naive and moment.tzinfo is None:
        if zone is None:
            raise Unfit("zone-unknown", "takes a moment with a time zone")
        moment = moment.replace(tzinfo=zone)
    return moment.isoformat(" ") if as_text else moment


def to_date(value: Any, *, as_text: bool) -> Any:
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unfit("not-a-date", "takes ISO 8601 dates") from None
    return value if as_text else day


def to_time(value: Any, *, as_text: bool) -> Any:
    try:
        clock = time.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unfit("not-a-time", "takes ISO 8601 times") from None
    return value if as_text else clock


def to_uuid(value: Any) -> uuid.UUID:
    try:
        return uuid.UUID(str(value))
    except ValueError:
        raise Unfit("not-a-uuid", "takes UUIDs") from None


def to_json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def wall_clock(value: datetime, zone: tzinfo | None, back: timedelta) -> datetime:
    """``back`` before a stored wall-clock time, by enough to survive the hour that happens twice in autumn.

    A row stamped in the second 02:30 lies *before* a row stamped in the first 02:59: the doubled stretch is read again.
    """
    earlier = value - back
    if zone is not None and value.tzinfo is None:
        first = value.replace(tzinfo=zone, fold=0).utcoffset() or timedelta()
        second = value.replace(tzinfo=zone, fold=1).utcoffset() or timedelta()
        earlier -= abs(first - second)
    return earlier
