"""How records would find their entity: strong keys and weights, held against what a sample says of them.

A key that several people share tells nobody apart, and a file may hold the same person more than once. Both are seen in
the canonical values of the sample, and both are said with what the hub would do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from model import compare, paths
from model.fields import EntitySchema, Kind

_STRONG: Mapping[str, tuple[str, ...]] = {
    "contact": ("emails[*]", "contact_number"),
    "lead": ("emails[*]",),
    "account": ("account_number", "tax_id", "registration_number", "domain"),
    "order": ("number",),
    "opportunity": ("number",),
    "case": ("number",),
}
_WEIGHTS: Mapping[str, Mapping[str, int]] = {
    "contact": {"family_name": 3, "given_name": 2, "birth_date": 3, "emails[*]": 2, "addresses[].postal_code": 1},
    "lead": {"family_name": 3, "given_name": 2, "birth_date": 3, "emails[*]": 2, "addresses[].postal_code": 1},
    "account": {"name": 3, "addresses[].postal_code": 1, "addresses[].city": 1},
}
_MORE_WEIGHTS: Mapping[str, int] = {"addresses[].street": 1, "phones[*]": 1}
"""What tells doubles apart besides, in a file that has them."""

_NAMES = ("given_name", "full_name", "name")
_PARTS = ("given_name", "family_name")
_BORN = "birth_date"
_CALLED = {
    "emails[*]": "an e-mail address",
    "contact_number": "a contact number",
    "account_number": "an account number",
    "tax_id": "a tax number",
    "registration_number": "a registration number",
    "domain": "a domain",
}
_LINKED = 0.92
_DISPUTED = 0.72
"""Who has the same names and day of birth and is else different (moved, another e-mail address) is for a person; who
has the same names, another e-mail address and nothing else to compare is somebody else."""
_ANOTHER_NAME = 0.78
_SHARED_FIELDS = 3
_MOST_ALIKE = 60  # of one family name: of more, the first ones tell enough
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Matching:
    """The ``match`` of a mapping; ``said`` are sentences about it, for people. ``doubles`` is how many records of the
    sample look like another one."""

    rules: Mapping[str, Any] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    doubles: int = 0


NO_MATCHING = Matching()


def matching(schema: EntitySchema, active: Sequence[str], sample: Sequence[Values] = ()) -> Matching:
    """What the rules supply is matched by as the default mappings do it, unless the sample speaks against it."""
    names = {path.partition("[")[0] + "[*]" for path in active if path.startswith(("emails[", "phones["))}
    names |= set(active) - _never_known(active, sample)
    said: list[str] = []
    strong: list[Any] = []
    keys = [key for key in _STRONG.get(schema.name, ()) if key in names]
    for key in keys:
        one, why = _strong(schema, key, names, sample)
        strong.append(one)
        said += [why] if why else []
    weights = _weights(_WEIGHTS.get(schema.name, {}), active, names)
    doubles = _doubles(schema, keys, weights, sample)
    match: dict[str, Any] = {"strong": strong} if strong else {}
    block = next((path for path in ("family_name", "name") if path in weights), None)
    if block is not None and len(weights) > 1:
        blocks: list[list[str]] = [[block]]
        if doubles:
            weights |= _weights(_MORE_WEIGHTS, active, names)
            blocks += [[_BORN]] if _BORN in weights else []
        match["scored"] = {"weights": weights, "blocks": blocks, "link": _LINKED, "dispute": _DISPUTED}
    elif not strong and "full_name" in names:
        keys = ["full_name", *_weights({"addresses[].postal_code": 1}, active, names)]
        match["strong"] = [keys] if len(keys) > 1 else []
    if not (match.get("strong") or match.get("scored")):
        return Matching({}, tuple(said))
    if doubles:
        said.append(_said_of_doubles(doubles, len(sample), schema.name, strong=bool(strong)))
    return Matching(match, tuple(said), doubles)


def _never_known(active: Sequence[str], sample: Sequence[Values]) -> set[str]:
    """Parts of names that few full names of the sample have: those of one word, or of many."""
    if not sample or "full_name" not in active:
        return set()
    known = {path: sum(not compare.is_blank(values.get(path)) for values in sample) for path in _PARTS}
    return {path for path, number in known.items() if number < 0.5 * len(sample)}


def _weights(weights: Mapping[str, int], active: Sequence[str], names: set[str]) -> dict[str, int]:
    """With the paths that there are: of several addresses, the first."""
    found: dict[str, int] = {}
    for wanted, weight in weights.items():
        path = next((one for one in active if paths.template(one) == wanted), None) if "[]" in wanted else wanted
        if path in names:
            found[str(path)] = weight
    return found


def _strong(schema: EntitySchema, key: str, names: set[str], sample: Sequence[Values]) -> tuple[Any, str]:
    """The key, with a name beside it where the sample shows that different people share it; and why."""
    groups = _sharing(schema, key, sample)
    pairs = (combinations([sample[at] for at in group], 2) for group in groups)
    differing = sum(any(_others(schema, left, right) for left, right in those) for those in pairs)
    if not differing or differing < 0.5 * len(groups):
        return key, ""
    who = "people" if schema.name != "account" else "organisations"
    cases = f"{differing} of {len(groups)} {'case' if len(groups) == 1 else 'cases'}"
    shared = f"Where several of the {len(sample)} records share {_CALLED.get(key, key)}"
    why = f"{shared}, they are different {who} in {cases}:"
    beside = next(name for name in (*_NAMES, _BORN) if name in names)  # by which they were told apart
    return [key, beside], f"{why} it counts only together with {beside}."


def _sharing(schema: EntitySchema, key: str, sample: Sequence[Values]) -> list[list[int]]:
    """Records of the sample with the same key, where there are two and more."""
    spec = schema.field(key.replace("[*]", "[]")) or Kind.TEXT
    groups: dict[str, list[int]] = {}
    for at, values in enumerate(sample):
        for text in {compare.fold(spec, value) for value in _values_at(key, values)} - {""}:
            groups.setdefault(text, []).append(at)
    return [group[:_MOST_ALIKE] for group in groups.values() if len(group) > 1]


def _values_at(key: str, values: Values) -> list[Any]:
    if not paths.is_pattern(key):
        return [values.get(key)]
    head = key.partition("[*]")[0] + "["
    return [value for path, value in values.items() if path.startswith(head)]


def _others(schema: EntitySchema, left: Values, right: Values) -> bool:
    """Whether two records are certainly about different people: other given names, or another day of birth."""
    for name in _NAMES:
        if _alike(schema, name, left, right, otherwise=1.0) < _ANOTHER_NAME:
            return True
    return _alike(schema, _BORN, left, right, otherwise=1.0) < 0.5


def _alike(schema: EntitySchema, path: str, left: Values, right: Values, *, otherwise: float) -> float:
    from model.similar import similarity  # not at the top: it takes a while to load

    spec = schema.field(path)
    if spec is None or compare.is_blank(left.get(path)) or compare.is_blank(right.get(path)):
        return otherwise
    return similarity(spec, left[path], right[path])


def _doubles(schema: EntitySchema, keys: Sequence[str], weights: Mapping[str, int], sample: Sequence[Values]) -> int:
    """How many records of the sample look like an earlier one; none where it is one in a hundred or fewer."""
    found: set[int] = set()
    for key in keys:
        for left, right in _pairs(_sharing(schema, key, sample)):
            if not _others(schema, sample[left], sample[right]):
                found.add(right)
    for path in weights if len(weights) >= _SHARED_FIELDS else ():
        for left, right in _pairs(_sharing(schema, path, sample)):
            if right not in found and _same(schema, weights, sample[left], sample[right]):
                found.add(right)
    return len(found) if len(found) > max(1, len(sample) // 100) else 0


def _pairs(groups: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    for group in groups:
        yield from combinations(group, 2)


def _same(schema: EntitySchema, weights: Mapping[str, int], left: Values, right: Values) -> bool:
    """As a scored rule would have it, and by enough of its fields."""
    points = {path: _alike(schema, path, left, right, otherwise=-1.0) for path in weights}
    shared = {path: alike for path, alike in points.items() if alike >= 0}
    if len(shared) < _SHARED_FIELDS:
        return False
    total = sum(weights[path] for path in shared)
    return sum(weights[path] * alike for path, alike in shared.items()) >= _LINKED * total


def _said_of_doubles(doubles: int, seen: int, entity: str, *, strong: bool) -> str:
    so_far = f"As it stands, each becomes {'an' if entity[0] in 'aeiou' else 'a'} {entity} of its own"
    if strong:
        so_far += ", and where they share a key of «strong» a person is asked"
    return (
        f"{doubles} of the {seen} records look like an earlier one: the same {entity} more than once. {so_far}. With"
        f" one_to_one: false, records of this stream may share one: from a score of {_LINKED} on they do, from"
        f" {_DISPUTED} on a person decides; what they disagree on is a conflict, unless survivorship such as"
        " {rule: latest} settles it."
    )
