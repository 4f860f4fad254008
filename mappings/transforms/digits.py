"""Codes made of digits, whose leading zeros a spreadsheet took for nothing."""

from __future__ import annotations

import re
from typing import Any

from mappings.transforms.base import Entry, Example, OptionError, Transform, same, text_of
from model.fields import Kind

_CODE = re.compile(r"([0-9]+)(-[0-9]+)?\Z")  # 2139, and 2139-4307
_LONGEST = 40


def pad(length: Any = None) -> Transform:
    """``2139`` → ``02139``. What is no code of digits, or long enough, stays as it is."""
    if not isinstance(length, int) or isinstance(length, bool) or not 2 <= length <= _LONGEST:
        raise OptionError(f"length is how many digits there are to be, 2 to {_LONGEST}", option="length")

    def forward(value: Any) -> str:
        given = text_of(value)
        found = _CODE.match(given)
        return given if found is None else found[1].zfill(length) + (found[2] or "")

    return Transform(name="pad", forward=forward, back=same, kinds=frozenset({Kind.TEXT}))


ENTRIES: dict[str, Entry] = {
    "pad": Entry(
        make=pad,
        main="length",
        needs_main=True,
        summary="gives a code of digits the leading zeros back that a spreadsheet took",
        tidies=True,
        options={"length": "how many digits there are to be"},
        note="For postal codes and numbers that all have one length. A code with letters stays as it is, as does "
        "a second part behind a hyphen.",
        examples=(
            Example(options=5, record="2139", canonical="02139", written="02139"),
            Example(options=5, record="2139-4307", canonical="02139-4307", written="02139-4307"),
        ),
    ),
}
