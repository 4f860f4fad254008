"""Transforms of numbers and money. Canonical decimals have one spelling each: no exponent, no idle zeros."""

from __future__ import annotations

import re
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from babel.numbers import get_currency_precision, list_currencies

from mappings.transforms.base import Entry, Example, OptionError, Transform, UnfitError, field_name, one_of
from model.fields import Kind

MAX_DIGITS = 60
_POWERS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
_EXACT = Context(prec=MAX_DIGITS * 3)
_PLAIN = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?\Z")


def plain_number(value: Any) -> Decimal:
    """An exact decimal from a number or plain number text. Raises UnfitError for anything else, NaN included."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise UnfitError("not-a-number", "is not a number")
    if isinstance(value, int):
        if value.bit_length() > MAX_DIGITS * 4:
            raise UnfitError("not-a-number", f"has more than {MAX_DIGITS} digits")
        return Decimal(value)
    text = repr(value) if isinstance(value, float) else str(value).strip()
    if not _PLAIN.match(text):
        raise UnfitError("not-a-number", "is not a number")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise UnfitError("not-a-number", "is not a number") from None
    if len(number.as_tuple().digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
        raise UnfitError("not-a-number", f"has more than {MAX_DIGITS} digits")
    return number


def spell(number: Decimal, digits: int = 0) -> str:
    """The one spelling: at least ``digits`` decimals, beyond them no idle zeros, no minus before zero."""
    text = format(number, "f")
    whole, _, part = text.partition(".")
    part = part.rstrip("0").ljust(digits, "0")
    whole = whole.lstrip("+")
    sign = "-" if whole.startswith("-") else ""
    whole = whole.lstrip("-").lstrip("0") or "0"
    if whole == "0" and not part.strip("0"):
        sign = ""
    return f"{sign}{whole}.{part}" if part else sign + whole


def as_number(text: str) -> int | float:
    """A JSON number. Raises UnfitError where a float would not hold the value exactly as written."""
    if "." not in text:
        return int(text)
    number = float(text)
    if Decimal(repr(number)) != Decimal(text):
        raise UnfitError("not-exact", "has more digits than the system's numbers hold")
    return number


def _separators(point: Any, group: Any) -> tuple[str, str | None]:
    if point not in (".", ","):
        raise OptionError('point is "." or ","', option="point")
    if group is not None and group not in (".", ",", " ", "'", "\u00a0", "\u202f", "_"):
        raise OptionError(
            "group is the sign between thousands: a full stop, comma, space or apostrophe", option="group"
        )
    if point == group:
        raise OptionError("point and group cannot be the same sign", option="group")
    return str(point), group


def decimal(point: Any = ".", group: Any = None, written: Any = "text", times: Any = 1) -> Transform:
    """A decimal number, with the system's separators. ``written`` says whether it gets text or a number.

    The canonical number is the system's ``times`` a power of ten, which no division rounds: shares and per cent.
    """
    point, group = _separators(point, group)
    if times not in _POWERS or isinstance(times, bool):
        raise OptionError("times is 1, 10, 100, 1000, 10000, 100000 or 1000000", option="times")
    shift = _POWERS.index(times)
    as_text = one_of("written", written, ("text", "number")) == "text"
    grouped = (
        re.compile(rf"([-+]?[0-9]{{1,3}})((?:{re.escape(group)}[0-9]{{3}})+)((?:{re.escape(point)}[0-9]*)?)\Z")
        if group
        else None
    )

    def forward(value: Any) -> str:
        if isinstance(value, str):
            text = value.strip()
            if grouped and (found := grouped.match(text)):
                text = found[1] + found[2].replace(group or "", "") + found[3]
            if point == "," and "." in text:
                raise UnfitError("not-a-number", "is not a number in the declared notation")
            value = text.replace(point, ".")
        return spell(plain_number(value).scaleb(shift, _EXACT))

    def back(value: Any) -> Any:
        text = spell(plain_number(value).scaleb(-shift, _EXACT))
        return text.replace(".", point) if as_text else as_number(text)

    return Transform(name="decimal", forward=forward, back=back, kinds=frozenset({Kind.DECIMAL}))


def integer(group: Any = None, written: Any = "number") -> Transform:
    """A whole number; ``12.0`` is one, ``12.5`` is unfit."""
    reader = decimal(point="," if group == "." else ".", group=group)
    as_text = one_of("written", written, ("text", "number")) == "text"

    def forward(value: Any) -> int:
        if type(value) is int:
            return value
        text = reader.forward(value)
        if "." in text:
            raise UnfitError("not-whole", "is not a whole number")
        return int(text)

    def back(value: Any) -> Any:
        number = forward_plain(value)
        return str(number) if as_text else number

    return Transform(name="integer", forward=forward, back=back, kinds=frozenset({Kind.INTEGER}))


def forward_plain(value: Any) -> int:
    """A canonical whole number."""
    number = plain_number(value)
    if number != number.to_integral_value():
        raise UnfitError("not-whole", "is not a whole number")
    return int(number)


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


@lru_cache(maxsize=512)
def _precision(currency: str) -> int:
    return min(get_currency_precision(currency), 4)


def currency_code(value: Any) -> str:
    """A known ISO 4217 code in upper case. Raises UnfitError."""
    code = value.strip().upper() if isinstance(value, str) else ""
    if code not in _currencies():
        raise UnfitError("unknown-currency", "does not come with a known currency code")
    return code


def money(
    currency: Any = None, currency_field: Any = None, point: Any = ".", group: Any = None, written: Any = "text"
) -> Transform:
    """An amount and its currency: a fixed one, or one that stands in a field beside it.

    Nothing is converted: an amount in another currency than the fixed one is unfit for that system.
    """
    amounts = decimal(point=point, group=group, written=written)
    if (currency is None) == (currency_field is None):
        raise OptionError(
            "money needs either a currency or a currency_field",
            option="currency",
            hint="{money: EUR}, or {money: {currency_field: CurrencyIsoCode}}",
        )

    def canonical(value: Any, code: str) -> dict[str, str]:
        return {"amount": spell(Decimal(amounts.forward(value)), _precision(code)), "currency": code}

    def parts(value: Any) -> tuple[Any, str]:
        if not isinstance(value, dict) or value.keys() != {"amount", "currency"}:
            raise UnfitError("not-money", "is not an amount with a currency")
        code = currency_code(value["currency"])
        text = spell(plain_number(value["amount"]), _precision(code))
        return as_number(text) if written == "number" else text.replace(".", point), code

    if currency is not None:
        try:
            fixed = currency_code(currency)
        except UnfitError:
            raise OptionError("currency is an ISO 4217 code, such as EUR", option="currency") from None

        def back(value: Any) -> Any:
            amount, code = parts(value)
            if code != fixed:
                raise UnfitError("other-currency", "is in another currency than the system's; nothing is converted")
            return amount

        return Transform(name="money", forward=lambda v: canonical(v, fixed), back=back, kinds=frozenset({Kind.MONEY}))
    return Transform(
        name="money",
        forward=lambda value, code: canonical(value, currency_code(code)),
        back=parts,
        kinds=frozenset({Kind.MONEY}),
        beside=field_name("currency_field", currency_field),
        beside_is_written=True,
    )


_POINT = "the decimal sign: a full stop (as usual) or a comma"
_GROUP = "the sign between thousands, which is read and never written; none as usual"

ENTRIES: dict[str, Entry] = {
    "decimal": Entry(
        make=decimal,
        main="written",
        summary="a decimal number, with the system's separators",
        options={
            "written": "what the system gets: text (as usual) or number",
            "point": _POINT,
            "group": _GROUP,
            "times": "the canonical number is the system's times this power of ten: 100 where it shows 0.15 for 15 %",
        },
        examples=(
            Example(options={"point": ",", "group": "."}, record="1.234,50", canonical="1234.5", written="1234,5"),
            Example(options="number", record=12.5, canonical="12.5"),
            Example(options={"times": 100, "written": "number"}, record=0.15, canonical="15"),
        ),
    ),
    "integer": Entry(
        make=integer,
        main="written",
        summary="a whole number",
        options={"written": "what the system gets: number (as usual) or text", "group": _GROUP},
        examples=(Example(record="12.0", canonical=12, written=12),),
    ),
    "money": Entry(
        make=money,
        main="currency",
        summary="an amount with a fixed currency or one in a field beside it",
        options={
            "currency": "the ISO code of all amounts",
            "currency_field": "the record field that holds the code, instead; it is written, too",
            "point": _POINT,
            "group": _GROUP,
            "written": "what the system gets: text (as usual) or number",
        },
        note="Nothing is converted: an amount in another currency than the fixed one is a problem.",
        examples=(
            Example(options="EUR", record="12.5", canonical={"amount": "12.50", "currency": "EUR"}, written="12.50"),
            Example(
                options={"currency_field": "Currency", "written": "number"},
                record=(1200, "JPY"),
                canonical={"amount": "1200", "currency": "JPY"},
            ),
        ),
    ),
}
