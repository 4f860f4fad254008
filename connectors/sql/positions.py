"""Positions of a watermark: as values, as cursors, minus the overlap. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

import orjson

from connectors.sdk import ConnectorError, CursorExpiredError, Diagnostic
from connectors.sql import values
from connectors.sql.layout import Layout


def lower_bound(position: Any, overlap: float, zone: tzinfo | None) -> Any:
    """The position minus the overlap, in the column's own form."""
    if isinstance(position, str):
        return earlier_text(position, timedelta(seconds=overlap), zone)
    if isinstance(position, datetime):
        return values.wall_clock(position, zone, timedelta(seconds=overlap))
    if isinstance(position, date):
        return position - timedelta(days=-(-overlap // 86400))
    return position - (Decimal(overlap) if isinstance(position, Decimal) else int(overlap))


def unusable_position(layout: Layout, position: Any) -> Diagnostic | None:
    """Why a watermark of this form cannot be relied on, or None."""
    name = layout.stream.watermark
    path = f"streams.{layout.name}.watermark"
    moment = moment_in(position) if isinstance(position, str) else position
    if isinstance(position, str) and moment is None:
        message = f"column {name} holds text that is no ISO 8601 moment"
        return Diagnostic(code="unusable-watermark", path=path, message=message, hint="choose another column")
    dated = isinstance(position, str) and len(position) <= 10
    if isinstance(moment, datetime) and moment.tzinfo is None and not dated and layout.zone is None:
        message = f"column {name} stores no time zone and none is declared"
        hint = "set zone: on the connection, for example zone: Europe/Berlin, or zone: UTC"
        return Diagnostic(code="zone-unknown", path=path, message=message, hint=hint)
    if isinstance(position, (str, int, float, Decimal, date)) and not isinstance(position, bool):
        return None
    message = f"column {name} is of a form that cannot be resumed from ({type(position).__name__})"
    return Diagnostic(code="unusable-watermark", path=path, message=message, hint="choose a date, time or number")


def cursor_of(position: Any) -> str | None:
    """A position as opaque text: its form and its value."""
    if position is None:
        return None
    if isinstance(position, datetime):
        return orjson.dumps(["moment", position.isoformat()]).decode()
    if isinstance(position, date):
        return orjson.dumps(["date", position.isoformat()]).decode()
    if isinstance(position, Decimal):
        return orjson.dumps(["decimal", str(position)]).decode()
    if isinstance(position, (int, float, str)):
        return orjson.dumps([type(position).__name__, position]).decode()
    raise ConnectorError(f"a watermark of type {type(position).__name__} cannot be resumed from; choose another column")


def position_in(cursor: str) -> Any:
    try:
        form, value = orjson.loads(cursor)
        read: Any = {
            "moment": datetime.fromisoformat,
            "date": date.fromisoformat,
            "decimal": Decimal,
            "int": int,
            "float": float,
            "str": str,
        }[form]
        return read(value)
    except (ValueError, TypeError, KeyError, ArithmeticError):
        raise CursorExpiredError(
            "the stored position was not written by this connector; read everything again"
        ) from None


def furthest(known: Any, read: Any, horizon: Any) -> Any:
    """The later of two positions, but not later than the database's clock."""
    if horizon is not None and type(read) is type(horizon) and read > horizon:
        read = horizon
    if known is None:
        return read
    return read if type(read) is type(known) and read > known else known


def moment_in(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def shaped(moment: datetime, like: str) -> str:
    return moment.isoformat(like[10] if len(like) > 10 else " ", "seconds")[: 19 if len(like) > 10 else 10]


def earlier_text(position: str, back: timedelta, zone: Any) -> str:
    """A text that sorts before every stamp later than ``position`` minus the overlap.

    Blank separator, whole seconds and no offset: a prefix sorts before its continuations, and a blank before ``T``.
    Texts with offsets sort by wall clock, which differs from time by up to a day.
    """
    moment = moment_in(position)
    if moment is None:
        raise CursorExpiredError("the watermark column holds text that is no ISO 8601 moment; choose another column")
    if moment.tzinfo is not None:
        back += timedelta(days=1) if moment.utcoffset() else timedelta()
        moment = moment.replace(tzinfo=None)
    earlier = values.wall_clock(moment, zone, back)
    return earlier.isoformat(" ", "seconds")[: 19 if len(position) > 10 else 10]
