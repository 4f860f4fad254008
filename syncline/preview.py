"""What a mapping makes of real records, before any run: nothing is written, no state is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, cast

from connectors.contract import Connector
from mappings.codec import is_blank
from mappings.compile import Compiled
from mappings.contract import Projection
from mappings.language import field_text
from mappings.proving.trace import TraceIn, TraceOut, fields_of, taken, trace_in, trace_out
from model.records import Page, Record, RecordRef

SAMPLED = 2000
"""So many records at most are looked at to find interesting ones."""
SEARCHED = 100_000
"""So many records at most are gone through for a key, where a system cannot be asked for one record."""

KeyOf = Callable[[Compiled, RecordRef, Compiled, str], str | None]
"""The key that a record referred to has in another system: (mapping, reference, other mapping, its stream)."""


@dataclass(frozen=True, slots=True)
class Picked:
    """A record and why it is worth a look."""

    record: Record
    why: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Picking:
    """The records picked, out of how many, and how many of those had a problem or were kept out."""

    picked: Sequence[Picked]
    seen: int = 0
    with_problems: int = 0
    skipped: int = 0
    flaws: Sequence[str] = ()
    whole: bool = True  # nothing was left unread


@dataclass(frozen=True, slots=True)
class Preview:
    """One record all the way. ``defaults`` are canonical values it gets if it founds an entity."""

    mapping: Compiled
    why: Sequence[str]
    inward: TraceIn
    defaults: Mapping[str, Any] = field(default_factory=dict)
    outward: Sequence[TraceOut] = ()


class Links:
    """Which record of another system is the same, as far as earlier runs know: ``reports`` is None before the first."""

    def __init__(self, reports: Any | None = None) -> None:
        self._reports = reports
        self._known: dict[tuple[str, RecordRef], Mapping[tuple[str, str], str]] = {}

    def key_of(self, mapping: Compiled, reference: RecordRef, target: Compiled, stream: str) -> str | None:
        if (mapping.connection, reference.stream) == (target.connection, stream):
            return reference.key
        if self._reports is None:
            return None
        asked = (mapping.connection, reference)
        if asked not in self._known:
            self._known[asked] = dict(self._linked(f"{mapping.connection}:{reference.stream}:{reference.key}"))
        return self._known[asked].get((target.connection, stream))

    def _linked(self, name: str) -> Iterator[tuple[tuple[str, str], str]]:
        assert self._reports is not None, "asked for where there are some only"
        for entity_id in self._reports.find_entity(name):
            for link in self._reports.links(entity_id):
                if link.state == "live":
                    yield (link.binding.connection, link.binding.stream), link.key


def previews(
    mapping: Compiled,
    targets: Sequence[Compiled],
    picked: Sequence[Picked],
    key_of: KeyOf,
    keyed: Sequence[str] = (),
) -> list[Preview]:
    """Each record through the mapping, and from there through every target, as a record that is new to it.

    ``keyed`` are the fields that hold the record key: they arrive as such, whether a rule reads them or not.
    """
    traces = trace_in(mapping, [one.record for one in picked])
    traces = [replace(one, unmapped=[name for name in one.unmapped if name not in keyed]) for one in traces]
    return [_preview(mapping, targets, one.why, trace, key_of) for one, trace in zip(picked, traces, strict=True)]


def _preview(
    mapping: Compiled, targets: Sequence[Compiled], why: Sequence[str], trace: TraceIn, key_of: KeyOf
) -> Preview:
    projection = trace.projection
    if projection.skipped is not None or trace.record.deleted or any(one.path is None for one in projection.problems):
        return Preview(mapping, why, trace)
    founded = mapping.defaults_in if mapping.create_in else {}
    defaults = {path: value for path, value in founded.items() if is_blank(projection.values.get(path))}
    references = projection.references
    values = {**projection.values, **references, **defaults}
    outward = []
    for target in targets:
        keys = {
            path: key
            for path, ref in references.items()
            if path in target.reference_streams
            and (key := key_of(mapping, ref, target, target.reference_streams[path])) is not None
        }
        outward.append(trace_out(target, values, keys))
    return Preview(mapping, why, trace, defaults, outward)


def targets_of(mapping: Compiled, mappings: Iterable[Compiled]) -> list[Compiled]:
    """The other mappings that write the same entity, by name."""
    others = [
        one for one in mappings if one.entity == mapping.entity and one.direction.writes and one.name != mapping.name
    ]
    return sorted(others, key=lambda one: one.name)


def live_records(connector: Connector[Any], stream: str) -> Iterator[Record]:
    """The records of a stream as one full read shows them, and none that is only said to be gone."""
    with closing(connector.read(stream, None)) as pages:  # type: ignore[type-var] # reads are generators
        yield from (record for page in pages for record in page.records if not record.deleted)


def with_keys(connector: Connector[Any], mapping: Compiled, keys: Sequence[str]) -> tuple[list[Picked], list[str]]:
    """The records of these keys, in their order, and the keys of which none was found."""
    fetch = getattr(connector, "fetch", None)
    if callable(fetch):
        records = list(cast("Sequence[Record]", fetch(mapping.stream, list(keys))))
    else:
        records = list(_searched(connector, mapping, set(keys)))
    found = {record.key: record for record in records if not record.deleted}
    return [Picked(found[key]) for key in keys if key in found], [key for key in keys if key not in found]


def _searched(connector: Connector[Any], mapping: Compiled, wanted: set[str]) -> Iterator[Record]:
    for record in islice(live_records(connector, mapping.stream), SEARCHED):
        if record.key in wanted:
            wanted.discard(record.key)
            yield record
        if not wanted:
            return


def sampled(mapping: Compiled, pages: Iterable[Page], count: int) -> Picking:
    """The records most worth a look among the first ones: failures, then blanks and extremes of each field.

    Reads pages until there are `SAMPLED` records; pages are projected as a whole, as a run does.
    """
    records: list[Record] = []
    projections: list[Projection] = []
    flaws: list[str] = []
    whole = True
    for page in pages:
        live = [record for record in page.records if not record.deleted]
        records += live
        projections += mapping.project(live)
        flaws += [f"{flaw.place}: {flaw.problem.message}" for flaw in page.flaws]
        if len(records) >= SAMPLED:
            whole = False
            break
    return Picking(
        _picked(mapping, records, projections, count),
        seen=len(records),
        with_problems=sum(bool(one.problems) for one in projections),
        skipped=sum(one.skipped is not None for one in projections),
        flaws=flaws,
        whole=whole,
    )


def _picked(
    mapping: Compiled, records: Sequence[Record], projections: Sequence[Projection], count: int
) -> list[Picked]:
    """Whichever record shows most that was not shown before, again and again; failures weigh more than all else."""
    shown = _features(mapping, records, projections)
    left = dict(enumerate(shown))
    picked: list[Picked] = []
    met: set[str] = set()
    while left and len(picked) < count:
        best = max(left, key=lambda at: (sum(weight for name, weight in left[at].items() if name not in met), -at))
        news = [name for name in left.pop(best) if name not in met]
        met.update(news)
        picked.append(Picked(records[best], news[:_TOLD]))
    return picked


_TOLD = 3
_PROBLEM, _SKIPPED, _LONGEST, _ODD, _BLANK, _USUAL = 1000, 50, 5, 4, 3, 1


def _features(mapping: Compiled, records: Sequence[Record], projections: Sequence[Projection]) -> list[dict[str, int]]:
    """What there is to see in each record, with a weight; the heaviest first."""
    found: list[dict[str, int]] = [{} for _ in records]
    for at, projection in enumerate(projections):
        for problem in projection.problems:
            found[at][problem.message] = _PROBLEM
        if projection.skipped is not None:
            found[at][f"kept out: {projection.skipped}"] = _SKIPPED
    rules = [rule for rule in mapping.source.rules if mapping.source.reads(rule)]
    for path in dict.fromkeys(chain.from_iterable(map(fields_of, rules))):
        name = field_text(path)
        column = [taken(record.data, path) for record in records]
        texts = [len(value) if isinstance(value, str) else 0 for value in column]
        if any(texts):
            found[texts.index(max(texts))][f"longest {name}"] = _LONGEST
        for at, value in enumerate(column):
            if is_blank(value):
                found[at][f"no {name}" if value is None else f"empty {name}"] = _BLANK
            elif isinstance(value, str) and not value.isascii():
                found[at][f"special characters in {name}"] = _ODD
            elif isinstance(value, str) and value != " ".join(value.split()):
                found[at][f"odd spaces in {name}"] = _ODD
    for features in found:
        if not features:
            features["a plain one"] = _USUAL
    return [dict(sorted(one.items(), key=lambda item: -item[1])) for one in found]
