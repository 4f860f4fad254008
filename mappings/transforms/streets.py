"""Street and house number in fields of their own ↔ one line. Where the number is not certain the line stays whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mappings.transforms.base import Entry, Example, OptionError, Transform, one_of, text_of
from model.fields import Kind

_LAST = r"[0-9]+ ?[A-Za-z]?(?:[-/][0-9]+ ?[A-Za-z]?)?"
_FIRST = r"[0-9]+[A-Za-z]?(?: (?:bis|ter|quater))?(?:[-/][0-9]+[A-Za-z]?)?"  # «12 A Street»: 12, not 12 A
_NAME = r"[^0-9\s](?:[^0-9]*[^0-9\s,])?"


def street(number: Any = "last", separator: Any = " ") -> Transform:
    """Fields for street and number (and further lines) ↔ one text, the first line of which has both.

    Put together, nothing is lost. A line is taken apart only if its one number is where the option says.
    """
    last = one_of("number", number, ("last", "first")) == "last"
    if separator not in (" ", ", "):
        raise OptionError('separator is " " or ", "', option="separator")
    between = re.escape(separator)
    form = rf"({_NAME}){between}({_LAST})" if last else rf"({_FIRST}){between}({_NAME})"
    fits = re.compile(form).fullmatch

    def forward(values: Sequence[Any]) -> str:
        name, house, *rest = [_lines("" if value is None else text_of(value)) for value in values]
        number = " ".join(house)
        street = " ".join(name)
        first = separator.join(part for part in ((street, number) if last else (number, street)) if part)
        return "\n".join(line for line in (first, *(line for lines in rest for line in lines)) if line)

    def back(value: Any) -> list[str | None]:
        first, *rest = _lines(text_of(value)) or [""]
        found = fits(first)
        if found is None:
            return [first, None, *rest]
        return [found[1], found[2], *rest] if last else [found[2], found[1], *rest]

    return Transform(name="street", forward=forward, back=back, kinds=frozenset({Kind.TEXT}), gathers=True)


def _lines(value: str) -> list[str]:
    return [" ".join(line.split()) for line in value.splitlines() if line.strip()]


ENTRIES: dict[str, Entry] = {
    "street": Entry(
        make=street,
        main="number",
        summary="fields for street, house number and further lines ↔ one text",
        options={
            "number": "where the house number stands in a line: last (as usual) or first",
            "separator": '`" "` as usual, or `", "` («Calle Mayor, 5»)',
        },
        note="A line is taken apart only where its one number is certain to be the house's: «Straße des 17. Juni 135» "
        "stays whole, in the first field. Put together again, it is the same line.",
        examples=(
            Example(record=["Obere Straße", "57a"], canonical="Obere Straße 57a"),
            Example(options="first", record=["Rue Royale", "12 bis"], canonical="12 bis Rue Royale"),
            Example(
                record=["Hauptstr.", "7", "Hinterhaus"],
                canonical="Hauptstr. 7\nHinterhaus",
            ),
        ),
    ),
}
