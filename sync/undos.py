"""Undo a run: look at what it did and at what became of it since, then take it back as a run of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from connectors.contract import Writes
from model.errors import StateError
from sync.absorb import Binding, Observation, join, resolved, waiting
from sync.brakes import Count, tripped
from sync.decision import ActionKind, BindingId, Canonical, EntityState, Link, LinkState, Parked, Side
from sync.hub import Hub, Listener
from sync.ledger import Ledger, Scene
from sync.ports import Lease, Store
from sync.reconcile import Standing, decide, removing
from sync.rendered import Decided
from sync.report import RunReport
from sync.scenes import load_entities, load_references
from sync.story import Story
from sync.undoing import take_back
from sync.undone import Place, TakenBack, There, Undo, UndoReport

if TYPE_CHECKING:
    from sync.run import _Work

_Turn = tuple[Canonical, TakenBack]

_UNREAD: Final = "what was edited there since is not known, so that nothing was undone"


class Undos:
    """The part of `sync.run.Engine` that takes back what a run did."""

    hub: Hub
    holder: str
    listener: Listener

    def _under_way(
        self, select: Sequence[str], release: Collection[str], trigger: str
    ) -> AbstractContextManager[tuple[_Work | None, RunReport]]:
        """A run that has looked up what earlier ones left open; no work where another process is at it."""
        raise NotImplementedError

    def _work(self, hub: Hub, report: RunReport, lease: Lease, selected: Sequence[Binding]) -> _Work:
        raise NotImplementedError

    def plan_undo(
        self, run: int, *, everywhere: bool = False, release: Collection[str] = (), limit: int | None = 200
    ) -> UndoReport:
        """What `undo` would do now, found out on a copy of the store. Systems are only read.

        Raises StateError where there was no such run.
        """
        self._must_be_known(run)
        ids, report, mine = self.hub.store.touched(run), UndoReport(run=run), self.hub
        selected = mine.selected(())
        with mine.store.rehearsal() as copy:
            hub = Hub(copy, mine.connectors, mine.policy, mine.clock, mine.bindings, mine.entities, mine.indexes)
            now, rehearsed = mine.clock.now(), RunReport(run=0, status="ok")
            lease = copy.acquire(["rehearsal"], self.holder, 3600.0, now)
            rehearsed.run = copy.start_run([binding.id for binding in selected], f"undo {run}", now)
            work = self._work(hub, rehearsed, lease, selected)
            work.observe(full=False, sweep=False)
            _Undoing(work, mine.store, run, ids, everywhere, limit).foresee(report, release)
            report.plan.troubles = rehearsed.troubles
        self.listener.finished()
        return report

    def undo(
        self, run: int, *, everywhere: bool = False, release: Collection[str] = (), limit: int | None = 200
    ) -> UndoReport:
        """Take back what a run did: the hub's fields and records it wrote return to what they were before.

        What was edited since stays. It is a run of its own, which can be undone as well. ``everywhere``: records in
        which the changes were made by people return to the former values, too. Where a brake holds, or a system cannot
        be read, nothing is undone. Raises StateError where there was no such run.
        """
        self._must_be_known(run)
        report = UndoReport(run=run)
        with self._under_way((), release, f"undo {run}") as (work, done):
            report.done = done
            if work is not None:
                ids = self.hub.store.touched(run)  # now that it is known what became of everything it sent
                work.observe(full=False, sweep=False)
                if done.troubles:
                    done.message = _UNREAD
                else:
                    undoing = _Undoing(work, self.hub.store, run, ids, everywhere, limit)
                    undoing.foresee(report, release)
                    done.brakes = report.plan.brakes
                    if not done.brakes:
                        undoing.carry_out()
        return report

    def _must_be_known(self, run: int) -> None:
        if self.hub.store.cause(run) is None:
            raise StateError(f"there is no run {run}; see `syncline runs list`")


@dataclass(slots=True)
class _Undoing:
    """One undo under way. ``past`` is the store that remembers the run, of which the hub's may be a copy."""

    work: _Work
    past: Store
    run: int
    ids: Sequence[str]
    everywhere: bool
    limit: int | None
    there: dict[Place, There] = field(default_factory=dict)

    @property
    def hub(self) -> Hub:
        return self.work.hub

    def foresee(self, report: UndoReport, release: Collection[str]) -> None:
        """Decide about everything, and store nothing."""
        self.work.executor.closed = self.work.closed()
        count, plan = Count(), report.plan
        for ledger, turns in self._pages():
            refused = self._refused([canonical for canonical, _ in turns])
            decided: list[Decided] = []
            for canonical, found in turns:
                report.add(canonical, found, self.limit)
                standing = Standing(
                    canonical,
                    ledger.scene.links_of.get(canonical.id, []),
                    ledger.scene.conflicts.get(canonical.id, {}),
                    refused.get(canonical.id, {}),
                )
                if found:
                    decided += self._due(standing, found)
            drafted = self.work.drafter.page(decided)
            count.add(drafted)
            plan.totals.update((action.binding, action.kind) for action in drafted)
            plan.actions += drafted if self.limit is None else drafted[: max(self.limit - len(plan.actions), 0)]
        for (binding_id, kind), planned in plan.totals.items():
            writes, left = self.hub.stream(binding_id).writes or Writes(), planned
            while left > 0:
                left -= writes.size(left, creating=kind is ActionKind.CREATE)
                plan.calls[binding_id.connection] += 1
        links = {binding: self.hub.store.live_links(binding) for binding, _ in count.planned}
        plan.brakes = tripped(count, self.hub.policy, links, release)

    def _due(self, standing: Standing, found: TakenBack) -> Iterator[Decided]:
        """What would be written, once all this is so in the hub."""
        bindings = self.hub.writers(standing.canonical.entity)
        for decided in decide(standing, bindings, self.work.executor.closed):
            verdict, left = removing(standing, decided, found.deleted), set(found.deleted)
            while verdict.action is not None:
                action = verdict.action
                yield action, standing
                left.discard((action.binding, action.key or ""))
                if not verdict.more or action.kind is not ActionKind.DELETE:
                    break
                verdict = removing(standing, decided, left)

    def carry_out(self) -> None:
        """Take it back in the hub, page by page, then in the systems."""
        work, only, removals = self.work, set[str](), dict[str, set[Place]]()
        for ledger, turns in self._pages():
            self.hub.store.commit(ledger.closed(), work.report.run, work.lease, self.hub.clock.now())
            only.update(canonical.id for canonical, found in turns if found)
            removals.update({canonical.id: set(found.deleted) for canonical, found in turns if found.deleted})
        work.executor.closed = work.closed()
        work.executor.only, work.executor.removals = set(removals), removals
        for schema in reversed(self.hub.entities):  # what refers to others goes before what it refers to
            work.executor.round(schema.name)
        work.executor.only = only
        work._write()

    def _pages(self) -> Iterator[tuple[Ledger, list[_Turn]]]:
        size = self.hub.policy.page
        for at in range(0, len(self.ids), size):
            ids = self.ids[at : at + size]
            scene, stories = Scene(), self._stories(ids)
            load_entities(self.hub.store, scene, ids)
            self._look(scene, stories)
            ledger = Ledger(scene, self.hub.mappings, self.hub.indexes, self.work.report.run, self.work.observer.ids)
            undo = self._undo(scene)
            yield (
                ledger,
                [
                    (canonical, take_back(undo, canonical, stories[entity_id], ledger))
                    for entity_id in ids
                    if (canonical := scene.canonicals.get(entity_id)) is not None
                ],
            )

    def _stories(self, ids: Sequence[str]) -> dict[str, Story]:
        """With what this very run has just seen, which a copy of the store alone may know."""
        stories = self.past.stories(ids, self.run)
        if self.past is not self.hub.store:
            for entity_id, story in self.hub.store.stories(ids, self.work.report.run).items():
                stories[entity_id].steps += story.steps
        return stories

    def _undo(self, scene: Scene) -> Undo:
        hub, touched = self.hub, frozenset(self.ids)

        def alive(entity_id: str) -> bool:
            known = scene.canonicals.get(entity_id) or hub.store.canonicals([entity_id]).get(entity_id)
            # One that the run deleted as well is brought back with it.
            return known is not None and (
                known.state is EntityState.LIVE or (known.state is EntityState.DELETED and entity_id in touched)
            )

        return Undo(
            run=self.run,
            bindings=hub.bindings,
            schemas={schema.name: schema for schema in hub.entities},
            removes=lambda at: hub.stream(at).removes,
            there=self.there,
            alive=alive,
            rejoin=self._rejoin,
            everywhere=self.everywhere,
        )

    def _look(self, scene: Scene, stories: dict[str, Story]) -> None:
        """Ask for the records that the run made and that might be deleted: is anything of them different by now?

        And for those it deleted: somebody may have brought them back.
        """
        asked: dict[BindingId, list[str]] = defaultdict(list)
        states = {(link.binding, link.key): link.state for links in scene.links_of.values() for link in links}
        for story in stories.values():
            for sent in story.sent:
                place = (sent.binding, sent.key)
                made = sent.run == self.run and sent.kind is ActionKind.CREATE
                wanted = made and states.get(place) in (LinkState.LIVE, LinkState.CUT)
                wanted = wanted or (sent.kind is ActionKind.DELETE and states.get(place) is LinkState.GONE)
                if wanted and place not in self.there and self._removable(sent.binding):
                    asked[sent.binding].append(sent.key)
        for at, keys in asked.items():
            records = list(self.hub.deeds(at).fetch(at.stream, keys))
            live = [record for record in records if not record.deleted]
            prints = dict(zip((r.key for r in live), self.hub.bindings[at].mapping.fingerprints(live), strict=True))
            for record in records:
                self.there[at, record.key] = There(record.version, prints.get(record.key), record.deleted)

    def _removable(self, at: BindingId) -> bool:
        binding = self.hub.bindings.get(at)
        return binding is not None and binding.mapping.direction.writes and self.hub.stream(at).removes

    def _rejoin(self, canonical: Canonical, link: Link, ledger: Ledger) -> bool:
        """Link a record again, as it is now. False where it is not there any more."""
        binding = self.hub.bindings.get(link.binding)
        if binding is None or not hasattr(self.hub.connector(link.binding), "fetch"):
            return False
        records = [r for r in self.hub.deeds(link.binding).fetch(link.binding.stream, [link.key]) if not r.deleted]
        if not records:
            return False
        (projection,) = binding.mapping.project(records)
        (fingerprint,) = binding.mapping.fingerprints(records)
        load_references(self.hub.store, binding, [projection], ledger.scene)
        values, missing = resolved(binding, projection, ledger.scene)
        others = [one for one in ledger.scene.links_of.get(canonical.id, []) if one is not link]
        ledger.scene.links_of[canonical.id] = others
        again = Link(link.binding, link.key, canonical.id, records[0].version, fingerprint)
        join(binding, Observation(records[0], projection, fingerprint), values, canonical, again, ledger)
        ledger.changes.unparked.append((link.binding, Side.IN, link.key))  # whether it is the same again is answered
        if missing:
            waiting(binding, records[0], missing, ledger)
        return True

    def _refused(self, canonicals: Sequence[Canonical]) -> dict[str, dict[BindingId, Parked]]:
        found: dict[str, dict[BindingId, Parked]] = defaultdict(dict)
        ids = [canonical.id for canonical in canonicals]
        for entity in {canonical.entity for canonical in canonicals}:
            for binding in self.hub.writers(entity):
                for entity_id, parked in self.hub.store.parked(binding.id, Side.OUT, ids).items():
                    found[entity_id][binding.id] = parked
        return found
