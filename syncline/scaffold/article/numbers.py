"""The numbers Acme gives to its articles: ``A-000017`` in the system, ``17`` in the hub."""

from __future__ import annotations

from typing import Any

from syncline.sdk import Entry, Example, Kind, OptionError, Transform, UnfitError

_LONGEST = 20


def article(digits: Any = 6) -> Transform:
    """An article's number; ``digits`` is how many are written. Raises OptionError."""
    if not isinstance(digits, int) or isinstance(digits, bool) or not 1 <= digits <= _LONGEST:
        raise OptionError(f"digits is a whole number from 1 to {_LONGEST}", option="digits")

    def forward(value: Any) -> str:
        number = str(value).strip().upper().removeprefix("A-")
        if not number.isascii() or not number.isdigit() or len(number) > _LONGEST:
            raise UnfitError("not-an-article", "is not the number of an article")
        return number.lstrip("0") or "0"

    def back(value: Any) -> str:
        number = str(value)
        if forward(number) != number:
            raise UnfitError("not-an-article", "is not the number of an article")
        return f"A-{number:0>{digits}}"

    return Transform(name="acme.article", forward=forward, back=back, kinds=frozenset({Kind.TEXT}))


ARTICLE = Entry(
    make=article,
    main="digits",
    summary="the number of an article",
    options={"digits": "how many are written; six as usual"},
    examples=(Example(record="A-000017", canonical="17"),),
)
