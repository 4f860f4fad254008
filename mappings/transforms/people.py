"""Names of people. Nobody guesses which part is which: a form says so, or nothing is claimed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mappings.transforms.base import NOTHING, Entry, Example, OptionError, Parts, Transform, UnfitError, one_of, text_of
from model.fields import Kind

NAMES = ("full_name", "given_name", "family_name")


class _Form:
    """How a system writes a name: which part comes first, and what stands between the two."""

    def __init__(self, order: Any, separator: Any) -> None:
        self.family_first = one_of("order", order, ("given_first", "family_first")) == "family_first"
        if not isinstance(separator, str) or not separator or any(c.isalnum() for c in separator):
            raise OptionError("separator is what stands between the two parts", option="separator", hint='", "')
        self.separator = separator
        self.mark = separator.strip()

    def read(self, text: str) -> tuple[Any, Any, Any]:
        """Full, given and family name; where the text has another form, nothing is known of the latter."""
        words = text.split()
        full = " ".join(words)
        two = [part.strip() for part in full.split(self.mark)] if self.mark else words
        if len(two) != 2 or not all(two) or (not self.mark and "," in full):
            return full or None, NOTHING, NOTHING
        given, family = reversed(two) if self.family_first else two
        return (f"{given} {family}" if self.mark else full), given, family

    def spell(self, given: str, family: str) -> str:
        if self.mark and (self.mark in given or self.mark in family):
            raise UnfitError("separator-inside", "has a part holding the sign that separates the parts")
        return self.separator.join((family, given) if self.family_first else (given, family))


def full_name(order: Any = "given_first", separator: Any = " ") -> Transform:
    """One field ↔ ``full_name``, ``given_name``, ``family_name``.

    Out, the full name is written if the parts are in it; else the parts, which are then newer than it. With a separator
    of its own, parts that make up the whole name are written in that form.
    """
    form = _Form(order, separator)

    def forward(value: Any, names: Sequence[str] = NAMES) -> tuple[Any, ...]:
        found = form.read(text_of(value))
        return found if names == NAMES else tuple(found[NAMES.index(name)] for name in names)

    def back(values: Sequence[Any], names: Sequence[str] = NAMES, changed: Any = None) -> str | None:
        known = {name: _tidy(value) for name, value in zip(names, values, strict=True)}
        full, given, family = (known.get(name) for name in NAMES)
        if full and changed is not None and not changed & {"given_name", "family_name"}:
            given = family = None
        parts = [part for part in (given, family) if part]
        whole = full and all(f" {part} " in f" {full} " for part in parts)
        if whole and not (form.mark and len(parts) == 2 and full == f"{given} {family}"):
            text = full
        elif given and family:
            text, whole = form.spell(given, family), False
        else:
            text = " ".join(parts) or full
        if text:
            found = dict(zip(NAMES, form.read(text), strict=True))
            _verify(found, {**known, "given_name": given, "family_name": family}, names, whole=bool(whole))
        return text

    return Transform(
        name="full_name", forward=forward, back=back, kinds=frozenset({Kind.TEXT}), parts=Parts(names=NAMES)
    )


def _tidy(value: Any) -> str | None:
    return None if value in (None, "") else " ".join(text_of(value).split()) or None


def _verify(found: dict[str, Any], known: dict[str, Any], names: Sequence[str], *, whole: bool) -> None:
    """Raise UnfitError where a written name would be read as other parts."""
    claimed = known["given_name"] or known["family_name"]
    for name in names:
        matters = whole if name == "full_name" else claimed
        if matters and found[name] is not NOTHING and found[name] != known[name]:
            raise UnfitError("not-lossless", "would be taken for other name parts when it is read again")


ENTRIES: dict[str, Entry] = {
    "full_name": Entry(
        make=full_name,
        main="order",
        summary="one field for full, given and family name, without guessing",
        options={
            "order": "given_first (as usual) or family_first",
            "separator": 'what stands between the two: a space as usual, or `", "` for «Hardy, Thomas»',
        },
        note="With a space between, exactly two words are read as two parts; of any other name only the whole is "
        "known. A name that would be read back as other parts is not written.",
        examples=(
            Example(
                record="Thomas Hardy",
                canonical={"full_name": "Thomas Hardy", "given_name": "Thomas", "family_name": "Hardy"},
            ),
            Example(
                options={"order": "family_first", "separator": ", "},
                record="van der Berg, Anna Maria",
                canonical={
                    "full_name": "Anna Maria van der Berg",
                    "given_name": "Anna Maria",
                    "family_name": "van der Berg",
                },
            ),
            Example(record="Jean-Luc de la Tour", canonical={"full_name": "Jean-Luc de la Tour"}),
        ),
    ),
}
