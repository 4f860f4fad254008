"""How many there are on each side, and what a sample of the linked ones proves about the rest.

It runs on a copy that was brought up to date first, as a full compare does (`sync.auditing`). Every record is listed,
only the sampled ones are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from model.records import Record
from sync.auditing import Copy, FullCompare, copied
from sync.comparing import BindingDrift, Example
from sync.decision import BindingId
from sync.drawing import CONFIDENCE, drawn, upper_bound
from sync.hub import Trouble, troubled

if TYPE_CHECKING:
    from sync.run import Engine


@dataclass(slots=True)
class Sample:
    """Linked records drawn at random and compared field by field. ``wrong`` of them differ or are gone."""

    seed: int
    population: int  # linked records there are
    size: int = 0
    differing: int = 0
    gone: int = 0

    @property
    def wrong(self) -> int:
        return self.differing + self.gone

    @property
    def whole(self) -> bool:
        """Whether all were drawn, so that nothing is left to be guessed."""
        return self.size == self.population

    @property
    def bound(self) -> float:
        """The share of all linked records that differ or are gone, at most, with `CONFIDENCE`."""
        if self.whole:
            return self.wrong / self.size if self.size else 0.0
        return upper_bound(self.wrong, self.size, CONFIDENCE) if self.size else 1.0


@dataclass(slots=True)
class Population:
    """One binding, counted on both sides. ``drift`` counts the records there that are not linked, and why."""

    drift: BindingDrift
    sample: Sample
    linked: int = 0  # of the listed records
    links: int = 0  # live links, whether their record was listed or not
    entities: int = 0  # live ones of the binding's kind
    unlinked: int = 0  # of these, without a record there

    @property
    def binding(self) -> BindingId:
        return self.drift.binding

    @property
    def trouble(self) -> Trouble | None:
        return self.drift.trouble

    @property
    def adds_up(self) -> bool:
        drift = self.drift
        strange = drift.unknown.total() + drift.aside.total() + drift.left_out.total() + drift.flaws
        return drift.listed == self.linked + strange

    @property
    def wrong(self) -> bool:
        """Whether anything is missing on one side, or was found to differ."""
        return bool(self.drift.unknown.total() or self.drift.gone or self.sample.wrong)


@dataclass(slots=True)
class PopulationReport:
    """All bindings that are read, parents first."""

    populations: list[Population] = field(default_factory=list)

    @property
    def wrong(self) -> bool:
        return any(one.wrong for one in self.populations)

    @property
    def troubles(self) -> list[Trouble]:
        return [one.trouble for one in self.populations if one.trouble is not None]


def audit_population(
    engine: Engine, select: Sequence[str] = (), *, sample: int = 300, seed: int = 0, examples: int = 5
) -> PopulationReport:
    """Count and sample every selected binding. Nothing is changed anywhere. Raises KeyError for an unknown name."""
    chosen = {binding.id for binding in engine.hub.selected(select)}
    report = PopulationReport()
    with copied(engine) as copy:
        for schema in copy.hub.entities:
            censuses: list[_Census] = []
            for binding in copy.hub.readers(schema.name):
                if binding.id in chosen:
                    drift = BindingDrift(binding=binding.id, complete=copy.store.stream_state(binding.id).complete)
                    compare = FullCompare(copy, binding, drift, examples)
                    censuses.append(_Census(copy, compare, Population(drift, Sample(seed, 0)), sample))
            for census in censuses:
                census.found.drift.trouble = troubled(census.found.binding, census.compare.catch_up)
            for census in censuses:
                if census.found.trouble is None:
                    census.found.drift.trouble = troubled(census.found.binding, census.take)
            report.populations += [census.found for census in censuses]
    return report


@dataclass(slots=True)
class _Census:
    """One binding under way."""

    copy: Copy
    compare: FullCompare
    found: Population
    most: int

    def take(self) -> None:
        """Draw, list, compare. Raises ConnectorError."""
        store, id_, sample = self.copy.store, self.found.binding, self.found.sample
        with store.seen(id_) as nothing:  # all live links are missing from a listing of nothing
            keys, many = drawn(chain.from_iterable(nothing.missing(self.copy.hub.policy.page)), self.most, sample.seed)
        self.found.links, sample.population, sample.size = many, many, len(keys)
        self.found.entities, self.found.unlinked = store.entities_without(id_)
        fetches = hasattr(self.copy.hub.connector(id_), "fetch")
        asked, met = set(() if fetches else keys), dict[str, Record]()
        for records in self.compare.listing(self._strangers):
            met.update((record.key, record) for record in records if record.key in asked)
        drift, size = self.found.drift, self.copy.hub.policy.page
        self.found.linked += drift.agreeing + drift.differing
        for at in range(0, len(keys), size):
            part = keys[at : at + size]
            self._compare(part, self._now(part) if fetches else [met[key] for key in part if key in met])

    def _now(self, keys: Sequence[str]) -> list[Record]:
        """The records as they are; what differs is fetched again after one more ordinary read."""
        id_ = self.found.binding
        records = {record.key: record for record in self.copy.hub.deeds(id_).fetch(id_.stream, keys)}
        doubted = [one.key for one, _, _ in self.compare.differing([r for r in records.values() if not r.deleted])]
        if doubted:
            self.copy.catch_up(self.compare.binding)
            again = self.copy.hub.deeds(id_).fetch(id_.stream, doubted)
            records.update((record.key, record) for record in again)
        return list(records.values())

    def _strangers(self, records: Sequence[Record]) -> Iterator[Record]:
        """Those of the records that have no live link; the others are counted."""
        known = self.copy.store.fingerprints(self.found.binding, [record.key for record in records])
        for record in records:
            if known.get(record.key, "") == "":
                yield record
            else:
                self.found.linked += 1

    def _compare(self, keys: Sequence[str], records: Sequence[Record]) -> None:
        sample, drift = self.found.sample, self.found.drift
        live = [record for record in records if not record.deleted]
        sample.gone += len(keys) - len(live)
        for record, entity_id, differences in self.compare.differing(live):
            sample.differing += 1
            for path, difference in differences.items():
                drift.count(path, difference.mend)
            drift.keep(Example("differs", record.key, entity_id, tuple(differences.values())), self.compare.most)
