"""Compare what every system holds with what the hub believes, on a copy of the store that is thrown away.

First the copy reads what an ordinary run would read: that is news, and no drift. Then every record is listed and
compared. What seems to differ is looked at a second time, after one more ordinary read, so that an edit made meanwhile
is not taken for drift.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from connectors.contract import Deletes
from mappings.contract import RenderRequest
from model.records import Record
from sync.absorb import Binding, Observation, absorb
from sync.comparing import BindingDrift, Difference, DriftReport, Example, Mend, differences
from sync.decision import Action, ActionKind, Bucket, LinkState, Side
from sync.execute import Executor
from sync.hub import Hub, Listener, troubled
from sync.ledger import Ledger, Scene
from sync.observe import Observer
from sync.ports import Lease, Seen, Store
from sync.reconcile import Standing, decide
from sync.scenes import load_scene

if TYPE_CHECKING:
    from sync.run import Engine

_SECONDS: Final = 3600.0
_FRESHLY_MARKED: Final = 1
"""The generation of a mark that was not there before all entities were marked."""


@dataclass(slots=True)
class Copy:
    """A rehearsal's store with everything that reads into it."""

    hub: Hub
    lease: Lease
    run: int
    observer: Observer
    listener: Listener

    @property
    def store(self) -> Store:
        return self.hub.store

    def catch_up(self, binding: Binding) -> None:
        """Read what an ordinary run would read now. Raises ConnectorError."""
        self.observer.read(binding, full=False)
        self.observer.retry_disputed(binding)
        while self.observer.retry_waiting(binding):
            pass

    def ledger(self, scene: Scene) -> Ledger:
        return Ledger(scene, self.hub.mappings, self.hub.indexes, self.run, self.observer.ids)


@contextmanager
def copied(engine: Engine) -> Iterator[Copy]:
    """A copy of the engine's store, to be read into and thrown away. Systems are only read."""
    with engine.hub.store.rehearsal() as store:
        hub = replace(engine.hub, store=store)
        lease = store.acquire(["rehearsal"], engine.holder, _SECONDS, hub.clock.now())
        run = store.start_run([], "audit", hub.clock.now())
        try:
            yield Copy(hub, lease, run, Observer(hub, run, lease, engine.listener), engine.listener)
        finally:
            engine.listener.finished()


def reconcile(engine: Engine, select: Sequence[str] = (), *, examples: int = 5) -> DriftReport:
    """The drift of every selected binding. Nothing is changed anywhere. Raises KeyError for an unknown name."""
    chosen = {binding.id for binding in engine.hub.selected(select)}
    report = DriftReport()
    with copied(engine) as copy:
        for schema in copy.hub.entities:
            compares: list[FullCompare] = []
            for binding in copy.hub.readers(schema.name):
                if binding.id in chosen:
                    complete = copy.store.stream_state(binding.id).complete
                    compares.append(
                        FullCompare(copy, binding, BindingDrift(binding=binding.id, complete=complete), examples)
                    )
            for compare in compares:
                compare.drift.trouble = troubled(compare.binding.id, compare.catch_up)
            for compare in compares:
                if compare.drift.trouble is None:
                    compare.drift.trouble = troubled(compare.binding.id, compare.everything)
            report.bindings += [compare.drift for compare in compares]
        _untold(copy, report, examples)
    return report


@dataclass(slots=True)
class FullCompare:
    """One binding's listing held against the copy."""

    copy: Copy
    binding: Binding
    drift: BindingDrift
    most: int
    doubted: dict[str, Record] = field(default_factory=dict)  # seem to differ, to be looked at once more
    unread: bool = False  # whether any of them may be one that an ordinary read would show

    def catch_up(self) -> None:
        """Read what an ordinary run would read now; that is news. Raises ConnectorError."""
        self.copy.catch_up(self.binding)
        counted = self.copy.observer.balance(self.binding.id, Side.IN)
        quiet = counted.buckets.get(Bucket.UNCHANGED, 0) + counted.buckets.get(Bucket.SKIPPED, 0)
        self.drift.news = counted.seen - quiet

    def everything(self) -> None:
        """Hold every record of the listing against the copy. Raises ConnectorError."""
        for _ in self.listing(lambda records: records):
            pass

    def listing(self, pick: Callable[[Sequence[Record]], Iterable[Record]]) -> Iterator[Sequence[Record]]:
        """List everything, page by page; compare what is picked, and ask after what the listing lacks.

        Raises ConnectorError.
        """
        copy, drift, id_ = self.copy, self.drift, self.binding.id
        copy.listener.phase("compare", id_)
        connector, lists_all = copy.hub.connector(id_), False
        deletes = connector.stream(id_.stream).deletes
        with copy.store.seen(id_) as seen:
            for page in copy.hub.deeds(id_).read(id_.stream, None):
                live = list({record.key: record for record in page.records if not record.deleted}.values())
                seen.add([record.key for record in live])
                drift.flaws += len(page.flaws)
                drift.listed += len(live) + len(page.flaws)
                self._look(list(pick(live)), self._doubt)
                lists_all = page.full
                if len(self.doubted) >= copy.hub.policy.page:
                    self._look_again()
                copy.listener.advanced(id_, len(page.records) + len(page.flaws))
                yield live
            self._look_again()
            if deletes is Deletes.SWEEP and not lists_all:
                for keys in copy.hub.deeds(id_).keys(id_.stream):
                    seen.add(keys)
            if lists_all or deletes is not Deletes.UNSEEN:
                self._missing(seen)
            else:
                drift.unlisted = None

    def differing(self, records: Sequence[Record]) -> Iterator[tuple[Record, str, dict[str, Difference]]]:
        """Linked records that are not what was agreed, with their entity."""
        observations = self._observations(records)
        scene = load_scene(self.copy.store, self.binding, observations)
        for observation in observations:
            link = scene.links.get(observation.record.key)
            if link is not None and link.state is LinkState.LIVE and observation.projection.skipped is None:
                found = differences(self.binding, observation, link, scene)
                if found:
                    yield observation.record, link.entity_id, found

    def _observations(self, records: Sequence[Record]) -> list[Observation]:
        mapping = self.binding.mapping
        return list(map(Observation, records, mapping.project(records), mapping.fingerprints(records)))

    def _look(self, records: Sequence[Record], doubt: Callable[[Record, Any, str, Any], None]) -> None:
        """Count the records that are as they should be, and hand on the others."""
        if not records:
            return
        binding, drift = self.binding, self.drift
        observations = self._observations(records)
        scene = load_scene(self.copy.store, binding, observations)
        ledger = self.copy.ledger(scene)
        for observation in observations:
            record = observation.record
            link, parked = scene.links.get(record.key), scene.parked.get(record.key)
            if observation.projection.skipped is not None:
                drift.left_out[observation.projection.skipped] += 1
            elif parked is not None:
                drift.aside[parked.why.value] += 1
            elif link is not None and link.state is LinkState.LIVE:
                found = differences(binding, observation, link, scene)
                if found:
                    self.unread = self.unread or link.fingerprint != observation.fingerprint
                    doubt(record, link.entity_id, "differs", found)
                else:
                    drift.agreeing += 1
            else:
                ended = absorb(binding, observation, ledger)
                if ended.bucket is Bucket.SKIPPED:
                    drift.left_out[ended.detail or "skipped"] += 1
                else:
                    self.unread = True
                    doubt(record, None, "unknown", ended.detail or ended.bucket.value)

    def _doubt(self, record: Record, _entity_id: Any, _what: str, _found: Any) -> None:
        self.doubted[record.key] = record

    def _look_again(self) -> None:
        """What was edited or made since the last ordinary read is no drift. Raises ConnectorError."""
        if not self.doubted:
            return
        doubted, self.doubted = self.doubted, {}
        if self.unread:
            self.copy.catch_up(self.binding)
        records = list(doubted.values())
        if hasattr(self.copy.hub.connector(self.binding.id), "fetch"):
            fetched = self.copy.hub.deeds(self.binding.id).fetch(self.binding.id.stream, list(doubted))
            records = [record for record in fetched if not record.deleted]
        self.drift.listed -= len(doubted) - len(records)  # deleted since: what a listing lacks is asked about below
        self._look(records, self._drifted)
        self.unread = False

    def _drifted(self, record: Record, entity_id: str | None, what: str, found: Any) -> None:
        if what == "differs":
            self.drift.differ(found)
        else:
            self.drift.unknown[found] += 1
        shown: tuple[Difference, ...] = tuple(found.values()) if what == "differs" else ()
        self.drift.keep(Example(what, record.key, entity_id, shown), self.most)

    def _missing(self, seen: Seen) -> None:
        """Linked records that the listing lacks: only an answer is evidence. Raises ConnectorError."""
        id_, drift = self.binding.id, self.drift
        asks = hasattr(self.copy.hub.connector(id_), "fetch")
        for keys in seen.missing(self.copy.hub.policy.page):
            records = self.copy.hub.deeds(id_).fetch(id_.stream, keys) if asks else []
            there = {record.key for record in records if not record.deleted}
            owners = self.copy.store.entities_at(id_, keys)
            for key in keys:
                what = "unlisted" if key in there else "gone"
                drift.gone += what == "gone"
                drift.unlisted = (drift.unlisted or 0) + (what == "unlisted")
                drift.keep(Example(what, key, owners.get(key)), self.most)


def _untold(copy: Copy, report: DriftReport, most: int) -> None:
    """Writes that are due although no entity was marked for them: nobody would make them."""
    drifts = {drift.binding: drift for drift in report.bindings}
    for schema in copy.hub.entities:
        bindings = [b for b in copy.hub.writers(schema.name) if b.id in drifts and drifts[b.id].complete]
        if not bindings:
            continue
        executor = Executor(copy.hub, copy.run, copy.lease, copy.observer, [binding.id for binding in bindings])
        copy.listener.phase("decide", None)
        copy.store.mark_all_dirty(schema.name)
        after = ""
        while rows := copy.store.dirty(schema.name, after, copy.hub.policy.page):
            after = rows[-1][0]
            forgotten = [(entity_id, mark) for entity_id, mark in rows if mark == _FRESHLY_MARKED]
            for standing in executor.standings.of(forgotten, bindings):
                for verdict in decide(standing, bindings, ()):
                    if verdict.action is not None and _writes_something(copy, executor, verdict.action, standing):
                        _count_untold(drifts[verdict.action.binding], verdict.action, most)


def _writes_something(copy: Copy, executor: Executor, action: Action, standing: Standing) -> bool:
    """Whether an update has fields at all: what no rule writes there is decided anew for ever, and never sent."""
    if action.kind is not ActionKind.UPDATE:
        return True
    binding, canonical = copy.hub.bindings[action.binding], standing.canonical
    keys = executor.keys_for(binding, [canonical.values])
    (rendition,) = binding.mapping.render([RenderRequest(canonical.values, action.paths, keys)])
    return bool(rendition.fields or rendition.problems)


def _count_untold(drift: BindingDrift, action: Action, most: int) -> None:
    drift.untold[action.kind] += 1
    due = sorted(action.paths or ())
    for path in due:
        drift.count(path, Mend.TELL)
    told = tuple(Difference(path, action.before.get(path), action.after.get(path), Mend.TELL) for path in due)
    drift.keep(Example(f"untold {action.kind}", action.key or "", action.entity_id, told), most)
