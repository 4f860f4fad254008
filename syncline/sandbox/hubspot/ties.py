"""Associations between records: their types, and what HubSpot does with the primary one.

The first company of a record becomes its primary one by itself; a new primary one takes the label from the former,
which stays associated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from syncline.sandbox.hubspot.replies import ApiError

PRIMARY = "Primary"
_DEFINED = (  # from, to, type id, that of the way back, label
    ("contacts", "companies", 279, 280, None),
    ("contacts", "companies", 1, 2, PRIMARY),
    ("deals", "companies", 341, 342, None),
    ("deals", "companies", 5, 6, PRIMARY),
    ("tickets", "companies", 339, 340, None),
    ("tickets", "companies", 26, 25, PRIMARY),
    ("deals", "contacts", 3, 4, None),
    ("tickets", "contacts", 16, 15, None),
)


@dataclass(frozen=True, slots=True)
class TieType:
    """One kind of association, in one direction."""

    category: str
    number: int
    label: str | None
    back: int

    def shown(self) -> dict[str, object]:
        return {"category": self.category, "typeId": self.number, "label": self.label}


class Ties:
    """Type ids by pair of records; both directions are kept."""

    def __init__(self) -> None:
        self.types: dict[tuple[str, str], list[TieType]] = defaultdict(list)
        self.pairs: dict[tuple[str, str, str], dict[str, set[int]]] = defaultdict(dict)
        for start, end, number, back, label in _DEFINED:
            self._define(start, end, TieType("HUBSPOT_DEFINED", number, label, back))

    def _define(self, start: str, end: str, made: TieType) -> None:
        self.types[start, end].append(made)
        self.types[end, start].append(TieType(made.category, made.back, made.label, made.number))

    def add_label(self, start: str, end: str, label: str) -> int:
        """A label of the account's own; returns its type id."""
        number = 1001 + 2 * sum(one.category == "USER_DEFINED" for many in self.types.values() for one in many)
        self._define(start, end, TieType("USER_DEFINED", number, label, number + 1))
        return number

    def kind(self, start: str, end: str, category: str, number: int) -> TieType:
        """Raises ApiError where there is no such association."""
        for one in self.types.get((start, end), ()):
            if one.number == number and one.category == category:
                return one
        message = f"{category}-{number} is not a valid association type between {start} and {end}"
        raise ApiError("VALIDATION_ERROR", message, sub="crm.associations.INVALID_ASSOCIATION_TYPE")

    def of(self, start: str, key: str, end: str) -> dict[str, set[int]]:
        """Type ids by associated record."""
        return self.pairs.get((start, key, end), {})

    def primary(self, start: str, key: str, end: str) -> str | None:
        number = self._primary_type(start, end)
        return next((other for other, types in self.of(start, key, end).items() if number in types), None)

    def add(self, start: str, key: str, end: str, other: str, made: TieType) -> None:
        plain = next((one for one in self.types[start, end] if one.label is None), made)
        first = not self.of(start, key, end)
        primary = self._primary_type(start, end)
        numbers = {plain.number, made.number} | ({primary} if first and primary else set())
        if primary in numbers:
            for types in self.of(start, key, end).values():
                types.discard(primary or 0)
            self._mirrored(start, key, end)
        self.pairs[start, key, end].setdefault(other, set()).update(numbers)
        self._mirrored(start, key, end)

    def remove(self, start: str, key: str, end: str, other: str, number: int | None = None) -> None:
        """All between two records, or one label."""
        types = self.of(start, key, end).get(other)
        if types is None:
            return
        if number is not None:
            types.discard(number)
        if number is None or not types:
            del self.pairs[start, key, end][other]
            self.pairs[end, other, start].pop(key, None)
        self._mirrored(start, key, end)

    def move(self, kind: str, old: str, new: str) -> None:
        """What a record was associated with goes over to the one it was merged into, which may have a primary one."""
        for start, key, end in [place for place in self.pairs if place[:2] == (kind, old)]:
            primary = self._primary_type(start, end)
            taken = self.primary(start, new, end) is not None
            for other, types in list(self.of(start, key, end).items()):
                self.remove(start, key, end, other)
                kept = {number for number in types if not (taken and number == primary)}
                self.pairs[kind, new, end].setdefault(other, set()).update(kept)
            self._mirrored(kind, new, end)
            self.pairs.pop((start, key, end), None)

    def drop(self, kind: str, key: str) -> None:
        """A record is gone, and its associations with it."""
        for start, own, end in [place for place in self.pairs if place[:2] == (kind, key)]:
            for other in list(self.of(start, own, end)):
                self.remove(start, own, end, other)

    def _primary_type(self, start: str, end: str) -> int | None:
        one_way = {("contacts", "companies"), ("deals", "companies"), ("tickets", "companies")}
        if (start, end) not in one_way:
            return None
        return next((one.number for one in self.types[start, end] if one.label == PRIMARY), None)

    def _mirrored(self, start: str, key: str, end: str) -> None:
        back = {one.number: one.back for one in self.types[start, end]}
        for other, types in self.of(start, key, end).items():
            self.pairs[end, other, start][key] = {back[number] for number in types}

    def dump(self) -> list[list[object]]:
        return [[*place, other, sorted(types)] for place, many in self.pairs.items() for other, types in many.items()]

    def load(self, rows: list[list[object]]) -> None:
        for start, key, end, other, types in rows:
            self.pairs[str(start), str(key), str(end)][str(other)] = {int(str(one)) for one in _list(types)}


def _list(value: object) -> Iterator[object]:
    yield from value if isinstance(value, list) else ()
