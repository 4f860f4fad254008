"""Read some fields of every linked record, and spread them by the ordinary merge; nothing else is touched.

Where nothing was ever agreed on such a field, it is first contact: a value fills a blank, and of two different values
one wins by survivorship while the other is kept. A record with news that no run has read yet is merged against what was
agreed before, so that an edit stays an edit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from model.errors import ConnectorError
from model.records import Record
from sync.absorb import Binding, Observation, merge_in, newly_covered, resolved
from sync.decision import UNKNOWN, Base, BindingId, Bucket, Link, LinkState, Side, blank
from sync.focus import Focus, Narrowed
from sync.hub import Hub, Reading, Trouble, troubled
from sync.ledger import Ledger
from sync.observe import Observer
from sync.scenes import load_scene

if TYPE_CHECKING:
    from sync.run import Engine


def focused(engine: Engine, focus: Focus) -> Engine:
    """An engine that reads, decides and writes nothing but the focus, in its plans and its runs."""
    hub = engine.hub
    bindings = {}
    for id_, binding in hub.bindings.items():
        mapping = Narrowed.of(binding.mapping, focus)
        bindings[id_] = replace(binding, mapping=mapping, context=replace(binding.context, mapping=mapping))
    other = copy(engine)
    other.hub = replace(hub, bindings=bindings, reading=Reading(focus=focus))
    return other


def looking_anew(engine: Engine) -> Engine:
    """An engine whose plans and runs look at every record and decide about every entity, whatever is believed."""
    other = copy(engine)
    other.hub = replace(engine.hub, reading=Reading(anew=True))
    return other


def backfill(
    observer: Observer,
    focus: Focus,
    selected: Collection[BindingId],
    stopped: dict[str, Trouble],
    troubles: list[Trouble],
) -> None:
    """Read the focus of every selected binding. Where that fails, nothing is written in this run."""
    for id_, binding in observer.hub.bindings.items():
        if id_ in selected and id_.connection not in stopped:
            reading = Backfill(observer, focus)
            trouble = troubled(id_, lambda b=binding, work=reading: work.read(b))  # type: ignore[misc]  # bound now
            if trouble is not None:
                stopped[id_.connection] = trouble
                troubles.append(trouble)


@dataclass(slots=True)
class Backfill:
    """The reading half of one backfill."""

    observer: Observer
    focus: Focus

    @property
    def hub(self) -> Hub:
        return self.observer.hub

    def read(self, binding: Binding) -> None:
        """Read every record of one binding that can have the fields. Raises ConnectorError.

        So it does where a write of an earlier run is in doubt: what became of it is for an ordinary run to find out.
        """
        if self.hub.store.open_intents(binding.id.connection):
            raise ConnectorError("writes of an earlier run have no answer yet; `syncline run` looks them up first")
        if not binding.mapping.direction.reads or not self.focus.meets(binding.mapping.reads):
            return
        self.observer.listener.phase("read", binding.id)
        for page in self.hub.deeds(binding.id).read(binding.id.stream, None):
            self._page(binding, list({one.key: one for one in page.records if not one.deleted}.values()))
            self.observer.listener.advanced(binding.id, len(page.records))

    def _page(self, binding: Binding, records: Sequence[Record]) -> None:
        """Merge one page, in one transaction."""
        balance = self.observer.balance(binding.id, Side.IN)
        balance.seen += len(records)
        known = self.hub.store.links(binding.id, [record.key for record in records]) if records else {}
        linked = [record for record in records if record.key in known and known[record.key].state is LinkState.LIVE]
        balance.count(Bucket.SKIPPED, len(records) - len(linked), "not linked")
        projections = binding.mapping.project(linked)
        observations = [
            Observation(record._replace(version=known[record.key].version), seen, known[record.key].fingerprint)
            for record, seen in zip(linked, projections, strict=True)
        ]
        scene = load_scene(self.hub.store, binding, observations)
        ledger = Ledger(scene, self.hub.mappings, self.hub.indexes, self.observer.run, self.observer.ids)
        for observation, now in zip(observations, self._prints(binding, linked), strict=True):
            bucket, detail = self._record(binding, observation, now, ledger)
            balance.count(bucket, detail=detail)
        self.hub.store.commit(ledger.closed(), self.observer.run, self.observer.lease, self.hub.clock.now())

    @staticmethod
    def _prints(binding: Binding, records: Sequence[Record]) -> list[str]:
        mapping = binding.mapping
        return mapping.whole.fingerprints(records) if isinstance(mapping, Narrowed) else mapping.fingerprints(records)

    def _record(
        self, binding: Binding, observation: Observation, now: str, ledger: Ledger
    ) -> tuple[Bucket, str | None]:
        """Merge one record. Its version and fingerprint stay: what else is new in it is still to be read."""
        link = ledger.scene.links[observation.record.key]
        if observation.projection.skipped is not None:
            return Bucket.SKIPPED, observation.projection.skipped
        values, missing = resolved(binding, observation.projection, ledger.scene)
        if missing:
            return Bucket.SKIPPED, "refers to a record that is not here (yet)"
        if observation.projection.problems:
            return Bucket.SKIPPED, "could not be read"
        before = dict(link.base)
        self._forget_what_was_assumed(binding, link, values, now, ledger)
        ended = merge_in(
            binding, observation, values, ledger.scene.canonicals[link.entity_id], link, ledger, is_new=_never
        )
        if link.base != before:
            ledger.link(link)
        return ended.bucket, ended.detail

    def _forget_what_was_assumed(
        self, binding: Binding, link: Link, values: dict[str, object], now: str, ledger: Ledger
    ) -> None:
        """Enter as unknown what hub and system never agreed on: no entry stands for agreement without being one."""
        canonical = ledger.scene.canonicals[link.entity_id]
        quiet = link.fingerprint == now
        new = newly_covered(binding, link, ledger)
        for path in values:
            entry = link.base.get(path)
            if entry is None:
                assumed = quiet or new(path)
            else:
                pending = entry.rev < canonical.field_rev(path) and binding.mapping.pushes(path)
                assumed = quiet and not pending and blank(canonical.values.get(path))
            if assumed:
                link.base[path] = Base(0, UNKNOWN)


def _never(_: str) -> bool:
    return False
