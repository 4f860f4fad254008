"""OData 2.0 as SAP's gateways speak it: values, keys, filters, errors. No client, no socket.

Values are JSON as the hub has it on one side (``2026-11-22``, ``10:20:32``, ``2026-11-22T10:20:32Z``), and on the
other the two notations of the protocol: in bodies (``/Date(1795305600000)/``, ``PT10H20M32S``) and in addresses
(``datetime'2026-11-22T00:00:00'``, ``time'PT10H20M32S'``). Which type a property has is in the service's ``$metadata``
(`connectors.edmx`).
Sources: OData 2.0 "Overview", 6 "Primitive Data Types", and "JSON Format", 4 (odata.org); SAP Gateway Foundation, "SAP
Annotations for OData Version 2.0".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"/Date\((-?\d{1,15})([+-]\d{1,4})?\)/")
_TIME = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?(?:(\d{1,2})(?:\.\d+)?S)?")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d)")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NAME = re.compile(r"[A-Za-z_]\w*(/[A-Za-z_]\w*)*")
_WHOLE = frozenset({"Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Byte", "Edm.SByte"})
_BROKEN = frozenset({"Edm.Decimal", "Edm.Double", "Edm.Single"})

# Values in bodies ---------------------------------------------------------------------------------------------------


def shown(value: Any, edm: str, *, day: bool = False) -> Any:
    """A value of a body as the hub has it; ``day`` says that a DateTime is a date (``sap:display-format="Date"``).

    What is not of its type's notation is left as it is: an answer is read even where a single value is odd.
    """
    if value is None or not isinstance(value, str):
        return value
    if edm in {"Edm.DateTime", "Edm.DateTimeOffset"}:
        found = _DATE.fullmatch(value)
        if found is None:
            return value
        try:
            moment = _EPOCH + timedelta(milliseconds=int(found[1]))
        except OverflowError:
            return value
        if day:
            return moment.date().isoformat()
        return moment.isoformat()[:19] + ("Z" if edm == "Edm.DateTimeOffset" else "")
    if edm == "Edm.Time":
        clock = _TIME.fullmatch(value)
        return "{:02}:{:02}:{:02}".format(*(int(part or 0) for part in clock.groups())) if clock else value
    return value


def sent(value: Any, edm: str) -> Any:
    """A value as a body carries it. Raises ValueError, naming the rule and not the value, where it cannot be one."""
    if value is None:
        return None
    if edm == "Edm.Boolean":
        if not isinstance(value, bool):
            raise ValueError("takes true or false")
        return value
    if edm in _WHOLE:
        return int(_number(value, whole=True))
    if edm in _BROKEN:
        return format(_number(value, whole=False), "f")
    if edm in {"Edm.DateTime", "Edm.DateTimeOffset"}:
        if value == "":
            return None
        moment = _moment(value, zoned=edm == "Edm.DateTimeOffset")
        ms = (moment - _EPOCH) // timedelta(milliseconds=1)
        return f"/Date({ms}{'+0000' if edm == 'Edm.DateTimeOffset' else ''})/"
    if edm == "Edm.Time":
        return _duration(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError("takes text")  # noqa: TRY004 (one kind of error for every unfit value)
    return value


def _number(value: Any, *, whole: bool) -> Decimal:
    try:
        number = Decimal("NaN") if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or (whole and number != number.to_integral_value()):
        raise ValueError("takes a whole number" if whole else "takes a number")
    return number


def _moment(value: Any, *, zoned: bool) -> datetime:
    form = "takes a moment such as 2026-11-22T08:00:00Z" if zoned else "takes a date such as 2026-11-22"
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(form) from None
    if zoned and moment.tzinfo is None:
        raise ValueError(f"{form}, with its time zone")
    return moment.astimezone(UTC) if zoned else moment.replace(tzinfo=UTC)


def _duration(value: Any) -> str:
    found = _CLOCK.fullmatch(value if isinstance(value, str) else "")
    if found is None:
        raise ValueError("takes a time such as 10:20:32")
    return f"PT{found[1]}H{found[2]}M{found[3]}S"


# Values, keys and filters in addresses ------------------------------------------------------------------------------


def literal(value: Any, edm: str = "Edm.String") -> str:
    """A value as an address writes it. Raises ValueError where it cannot be one of its type."""
    if value is None:
        return "null"
    if edm == "Edm.String":
        return "'" + str(value).replace("'", "''") + "'"
    if edm == "Edm.Boolean":
        return "true" if value else "false"
    if edm == "Edm.DateTime":
        return f"datetime'{_moment(value, zoned=False).isoformat()[:19]}'"
    if edm == "Edm.DateTimeOffset":
        return f"datetimeoffset'{_moment(value, zoned=True).isoformat()[:19]}Z'"
    if edm == "Edm.Time":
        return f"time'{_duration(value)}'"
    if edm == "Edm.Guid":
        if not _GUID.fullmatch(str(value)):
            raise ValueError("takes a UUID")
        return f"guid'{value}'"
    suffix = {"Edm.Int64": "L", "Edm.Decimal": "M", "Edm.Double": "d", "Edm.Single": "f"}.get(edm, "")
    return f"{_number(value, whole=edm in _WHOLE):f}{suffix}"


def key(values: Mapping[str, str]) -> str:
    """What stands between the brackets of an entity's address; ``values`` are literals by property."""
    if len(values) == 1:
        return next(iter(values.values()))
    return ",".join(f"{_named(name)}={value}" for name, value in values.items())


def compared(name: str, operator: str, value: str) -> str:
    """One comparison; ``value`` is a literal."""
    return f"{_named(name)} {operator} {value}"


def equal(name: str, value: Any, edm: str = "Edm.String") -> str:
    return compared(name, "eq", literal(value, edm))


def every(*conditions: str) -> str:
    """All of them, each in brackets where it needs them."""
    return " and ".join(f"({one})" if " or " in one else one for one in conditions if one)


def some(conditions: Iterable[str]) -> str:
    """Any of them."""
    return " or ".join(f"({one})" if " and " in one else one for one in conditions)


def among(name: str, values: Iterable[Any], edm: str = "Edm.String") -> str:
    """The property has one of the values: OData 2.0 has no ``in``."""
    return some(equal(name, value, edm) for value in values)


def beyond(columns: Sequence[tuple[str, str]], *, inclusive: bool = False) -> str:
    """Rows that come after a position in an order by several columns: (name, literal) each, in that order.

    ``beyond([(d, D), (t, T)])`` is ``d gt D or (d eq D and t gt T)``; ``inclusive`` makes the last one ``ge``.
    """
    cases = []
    for at, (name, value) in enumerate(columns):
        last = inclusive and at == len(columns) - 1
        same = [compared(before, "eq", its) for before, its in columns[:at]]
        cases.append(every(*same, compared(name, "ge" if last else "gt", value)))
    return some(cases)


def portions(conditions: Iterable[str], most: int = 40, room: int = 3000) -> Iterator[list[str]]:
    """Conditions in groups that fit into one address: gateways and what stands before them cut off at 4 to 8 KiB."""
    group: list[str] = []
    size = 0
    for one in conditions:
        length = len(one.encode()) * 3 // 2 + 8
        if group and (len(group) >= most or size + length > room):
            yield group
            group, size = [], 0
        group.append(one)
        size += length
    if group:
        yield group


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("not the name of a property")
    return name


# Padded ids ---------------------------------------------------------------------------------------------------------


def unpadded(text: str) -> str:
    """An id without the zeros that ABAP's conversion ALPHA puts before it: ``0000012345`` and ``12345`` are one id.

    Only ids of digits are padded; others are the same in upper case.
    """
    bare = text.strip()
    if bare.isascii() and bare.isdigit():
        return bare.lstrip("0") or "0"
    return bare.upper()


# Errors -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fault:
    """What an error body says. ``fields`` are property names, where it names them; ``message`` may quote values."""

    status: int
    code: str
    message: str
    fields: tuple[str, ...] = ()

    @property
    def field(self) -> str | None:
        return self.fields[0] if self.fields else None


def fault(status: int, body: bytes) -> Fault | None:
    """The error of a body in JSON: ``error.code``, ``error.message.value``, ``error.innererror.errordetails``.

    None where it is no OData error. Where the outer message only says that something was wrong, the first detail of
    severity "error" tells what.
    """
    try:
        said = orjson.loads(body)
        error = said["error"]
        code = str(error["code"])
        message = error["message"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    text = message.get("value") if isinstance(message, Mapping) else message
    inner = error.get("innererror")
    details = inner.get("errordetails") if isinstance(inner, Mapping) else None
    details = [one for one in details or () if isinstance(one, Mapping) and one.get("severity", "error") == "error"]
    named = [_property(str(one.get("propertyref") or one.get("target") or "")) for one in details]
    return Fault(status, code, str(text or ""), tuple(dict.fromkeys(name for name in named if name)))


def _property(reference: str) -> str:
    """``API.Entity/Name`` or ``/#TRANSIENT#/Name`` as ``Name``."""
    return reference.rstrip("/").rpartition("/")[2]


def blanked(message: str, values: Iterable[Any]) -> str:
    """A vendor's words less the row's own values, which may be personal; values of a sign or two are left."""
    plain = (value for value in values if isinstance(value, str | int | float) and not isinstance(value, bool))
    for text in sorted({str(value).strip() for value in plain}, key=len, reverse=True):
        if len(text) > 2:
            message = re.sub(re.escape(text), "…", message, flags=re.IGNORECASE)
    return message
