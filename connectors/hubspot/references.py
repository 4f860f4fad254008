"""Associations as fields of a record: which kind of association a reference is, what it shows, how it is written.

An answer to a batch is no mirror of the question: records without associations are missing from ``results`` and stand
in ``errors``, ids come as text on one side and as numbers on the other, and the first association listed is not the
primary one. (Associations API v4, November 2026)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.hubspot.api import PAIRS, Api, following, portions
from connectors.hubspot.errors import complaint_of
from connectors.hubspot.settings import PRIMARY, Reference
from connectors.sdk import ProtocolError, RefusedError

_KNOWN: Mapping[tuple[str, str], tuple[int, int | None]] = {
    ("contacts", "companies"): (279, 1),
    ("deals", "companies"): (341, 5),
    ("tickets", "companies"): (339, 26),
    ("deals", "contacts"): (3, None),
    ("tickets", "contacts"): (16, None),
}
"""Type ids of associations without a label, and of primary ones ("Association type IDs" of the vendor's guide). Others
are asked for."""


class Tie(NamedTuple):
    """One kind of association. ``types`` are sent to make one; ``shown`` is the type id it is recognised by."""

    start: str
    end: str
    types: tuple[Mapping[str, Any], ...]
    shown: int
    labelled: bool  # a label of the account's own: taken off alone, while the records stay associated


class Pair(NamedTuple):
    """From one record to another."""

    start: str
    end: str


def tie(api: Api, start: str, reference: Reference) -> Tie:
    """The kind of association behind a reference. Raises RefusedError where the account has no such label."""
    known = _KNOWN.get((start, reference.to))
    if reference.label is None or reference.label == PRIMARY:
        if known is None:
            known = _asked(api, start, reference.to)
        plain, primary = known
        number = primary if reference.label else plain
        if number is not None:
            ids = dict.fromkeys((plain, number))
            return Tie(start, reference.to, tuple(_spec("HUBSPOT_DEFINED", one) for one in ids), number, labelled=False)
    else:
        for entry in api.labels(start, reference.to):
            if str(entry.get("label")).casefold() == reference.label.casefold():
                number = int(entry["typeId"])
                return Tie(start, reference.to, (_spec(str(entry["category"]), number),), number, labelled=True)
    raise RefusedError(f"{start} have no association with {reference.to} called {reference.label!r}", "no-label")


def _asked(api: Api, start: str, end: str) -> tuple[int, int | None]:
    entries = [entry for entry in api.labels(start, end) if entry.get("category") == "HUBSPOT_DEFINED"]
    plain = [int(entry["typeId"]) for entry in entries if not entry.get("label")]
    primary = [int(entry["typeId"]) for entry in entries if str(entry.get("label")).casefold() == PRIMARY]
    if not plain:
        raise RefusedError(f"{start} cannot be associated with {end}", "no-association")
    return plain[0], primary[0] if primary else None


def _spec(category: str, number: int) -> Mapping[str, Any]:
    return {"associationCategory": category, "associationTypeId": number}


def shown(api: Api, start: str, ties: Mapping[str, Tie], keys: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """For each key, what each reference shows. One to which several records fit is left out: order means nothing, so
    which of them is meant is not known, and that is not the same as none."""
    return {
        key: {name: next(iter(those), None) for name, those in found.items() if len(those) < 2}
        for key, found in fitting(api, start, ties, keys).items()
    }


def fitting(api: Api, start: str, ties: Mapping[str, Tie], keys: Sequence[str]) -> dict[str, dict[str, set[str]]]:
    """For each key and reference, all the records that are associated in its way."""
    found: dict[str, dict[str, set[str]]] = {key: {name: set() for name in ties} for key in keys}
    for end in dict.fromkeys(one.end for one in ties.values()):
        several = _several(api, start, end, keys)
        for name, one in ties.items():
            if one.end != end:
                continue
            for key in several.keys() & found.keys():
                found[key][name] = {to for to, types in several[key].items() if one.shown in types}
    return found


def _several(api: Api, start: str, end: str, keys: Sequence[str]) -> dict[str, dict[str, set[int]]]:
    """Type ids by record and associated record, all pages of each. Raises ProtocolError where one comes twice."""
    found: dict[str, dict[str, set[int]]] = {}
    what = f"reading associations of {start} with {end}"
    path = api.associations(start, end, "batch/read")
    waiting: list[dict[str, str]] = [{"id": key} for key in keys]
    begun: set[tuple[str, str]] = set()
    while waiting:
        asked, waiting = waiting[:PAIRS], waiting[PAIRS:]
        body = api.look(path, what, {"inputs": asked})
        if body.get("status") != "COMPLETE":
            raise ProtocolError(f"{what}: the answer is not complete")
        for complaint in (complaint_of(entry) for entry in body.get("errors") or ()):
            if complaint.category != "OBJECT_NOT_FOUND":  # that there is none is told as an error
                raise RefusedError(f"{what}: refused ({complaint.code})", complaint.code)
        try:
            further = list(_collected(body["results"], found))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ProtocolError(f"{what}: an answer that is not of the documented form") from None
        if not begun.isdisjoint(further) or len(set(further)) < len(further):
            raise ProtocolError(f"{what}: paging does not advance")
        begun.update(further)
        waiting += [{"id": key, "after": after} for key, after in further]
    return found


def _collected(
    results: Sequence[Mapping[str, Any]], found: dict[str, dict[str, set[int]]]
) -> Iterator[tuple[str, str]]:
    """Add results to what was found; yields what has further pages, and where they begin."""
    for result in results:
        key = str(result["from"]["id"])
        others = found.setdefault(key, {})
        for to in result["to"]:
            types = {int(one["typeId"]) for one in to["associationTypes"]}
            others.setdefault(str(to["toObjectId"]), set()).update(types)
        after = following(result)
        if after:
            yield key, after


def make(api: Api, one: Tie, pairs: Sequence[Pair]) -> Mapping[str, Any]:
    """Associate records; a primary one takes the place of the former, which stays associated without that label."""
    inputs = [{"from": {"id": pair.start}, "to": {"id": pair.end}, "types": list(one.types)} for pair in pairs]
    return api.change(
        api.associations(one.start, one.end, "batch/create"),
        f"associating {one.start} with {one.end}",
        {"inputs": inputs},
    )


def end(api: Api, one: Tie, pairs: Sequence[Pair]) -> None:
    """End associations: those of a label by taking it off, others whole. What is not there needs no ending."""
    what = f"ending associations of {one.start} with {one.end}"
    for some in portions(pairs, PAIRS):
        if one.labelled:
            inputs = [{"from": {"id": pair.start}, "to": {"id": pair.end}, "types": list(one.types)} for pair in some]
            api.change(api.associations(one.start, one.end, "batch/labels/archive"), what, {"inputs": inputs})
        else:
            ended = [{"from": {"id": pair.start}, "to": [{"id": pair.end}]} for pair in some]
            api.change(api.associations(one.start, one.end, "batch/archive"), what, {"inputs": ended})
