"""A run from start to finish: observe, decide, act. The one entry point of CLI, scheduler and console."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any

from connectors.contract import Connector
from mappings.contract import CompiledMapping
from model.clock import Clock, SystemClock
from model.errors import ConnectorError, LeaseHeldError, LeaseLostError
from model.fields import EntitySchema
from sync.absorb import Binding
from sync.anew import only_written_now, untold
from sync.applying import Applying, tell_rest
from sync.backfilling import backfill, looking_anew
from sync.brakes import Allowance, Count, Tripped, harmless, tripped
from sync.decision import BindingId, Changes, StreamState
from sync.drafting import Drafter
from sync.execute import Executor
from sync.holding import closed
from sync.hub import Hub, Listener, Silent, Trouble, from_connector
from sync.keeping import Shelf
from sync.observe import Observer
from sync.permit import Permit
from sync.plans import Keeper, Plan, count_of, head_of
from sync.policy import Braked, Policy
from sync.ports import Lease, Store
from sync.recover import Recovery
from sync.repair import Repairs
from sync.report import APPROVAL, BRAKE, PlanReport, RunReport, status_of, summary_of
from sync.sampling import Sampler
from sync.undos import Undos

LEASE_SECONDS = 120.0
RESTORED = "restored"
"""Released by a person who put back an older copy of the state: all is read, and written only if all could be read."""
Pulse = Callable[[Callable[[], None]], AbstractContextManager[None]]
_ROUNDS = 4  # creates, then references in cycles, then what answers brought, then calm


def unbroken(_: Callable[[], None]) -> AbstractContextManager[None]:
    """No pulse: for runs in which no single call outlasts the lease."""
    return nullcontext()


class Engine(Repairs, Undos, Applying):
    """The hub at work. One instance serves many runs, one after the other."""

    def __init__(
        self,
        *,
        store: Store,
        connectors: Mapping[str, Connector[Any]],
        mappings: Sequence[CompiledMapping],
        schemas: Mapping[str, EntitySchema],
        policy: Policy | None = None,
        clock: Clock | None = None,
        listener: Listener | None = None,
        holder: str | None = None,
        gone: Callable[[str], bool] | None = None,
        pulse: Pulse = unbroken,
    ) -> None:
        """``holder`` names this process to others; ``gone`` tells whether a named one is no more; ``pulse`` calls what
        it is given every now and then while its context lasts.
        """
        clock = clock or SystemClock()
        self.hub = Hub.of(store, connectors, mappings, schemas, policy or Policy(), clock)
        self.hub.narrow()
        self.listener: Listener = listener or Silent()
        self.holder = holder or f"{socket.gethostname()}:{os.getpid()}"
        self.gone = gone
        self.pulse = pulse

    def run(
        self,
        select: Sequence[str] = (),
        *,
        full: bool = False,
        sweep: bool = False,
        release: Collection[str] = (),
        trigger: str = "person",
    ) -> RunReport:
        """Bring the selected bindings into agreement. Raises KeyError for a name that selects nothing."""
        restored = RESTORED in release and not select
        if restored and not self.hub.reading.anew:
            return looking_anew(self).run(release=release, trigger=trigger)
        with self._under_way(select, release, trigger, restored=restored) as (work, report):
            if work is not None:
                work.observe(full=full, sweep=sweep)
                if restored and not report.troubles:
                    self.hub.store.trust()  # all was read: what is missing here is known to be
                if not (restored and report.troubles):
                    work.act()
        return report

    @contextmanager
    def _under_way(
        self, select: Sequence[str], release: Collection[str], trigger: str, *, restored: bool = False
    ) -> Iterator[tuple[_Work | None, RunReport]]:
        """A run that has looked up what earlier ones left open; no work, but why, where another process is at it."""
        selected = self.hub.selected(select)
        report = RunReport(run=0, status="ok")
        try:
            lease = self._lease(self.hub.store, selected, restored=restored)
        except LeaseHeldError as held:
            report.status, report.message = "busy", str(held)
            yield None, report
            return
        begun = False
        try:
            report.run = self.hub.store.start_run([b.id for b in selected], trigger, self.hub.clock.now())
            self.hub.rests.renew(lease.rests)
            work = _Work(self.hub, report, lease, self.listener, selected, release)
            with self.pulse(lambda: self.hub.store.renew(lease, self.hub.clock.now())):
                work.recover()
                begun = True
                yield work, report
            report.left, report.questions = self.hub.store.unsettled(work.selected)
            report.status = status_of(report)
        except LeaseLostError as lost:
            report.status, report.message = "busy", str(lost)
            if not begun:
                yield None, report
        except BaseException as error:
            report.status = "failed"
            report.message = f"stopped by {type(error).__name__}; nothing is lost, run again"
            raise
        finally:
            self._finish(report, lease)

    def _work(self, hub: Hub, report: RunReport, lease: Lease, selected: Sequence[Binding]) -> _Work:
        return _Work(hub, report, lease, self.listener, selected, ())

    def _lease(self, store: Store, selected: Sequence[Binding], *, restored: bool = False) -> Lease:
        scopes = sorted({f"entity:{binding.id.entity}" for binding in selected})
        return store.acquire(scopes, self.holder, LEASE_SECONDS, self.hub.clock.now(), self.gone, restored=restored)

    def _finish(self, report: RunReport, lease: Lease) -> None:
        store = self.hub.store
        if report.run:
            now = self.hub.clock.now()
            store.finish_run(report.run, report.status, report.balances, summary_of(report), now)
        store.release(lease)
        self.listener.finished()

    def plan(
        self,
        select: Sequence[str] = (),
        *,
        full: bool = False,
        limit: int | None = 200,
        release: Collection[str] = (),
        keeper: Keeper | None = None,
    ) -> PlanReport:
        """Everything a run would do now, on a copy of the store that is thrown away. Systems are only read.

        The report has at most ``limit`` of the actions, the most telling ones; ``keeper`` is given all of them.
        """
        selected = self.hub.selected(select)
        plan = PlanReport()
        if keeper is not None:
            names = [str(binding.id) for binding in selected]
            seal, now = self.hub.store.seal(), self.hub.clock.now()
            keeper.begin(head_of(self.hub, seal, names, full=full, release=sorted(release), now=now))
        with self.hub.store.rehearsal() as copy:
            hub = Hub(
                copy,
                self.hub.connectors,
                self.hub.policy,
                self.hub.clock,
                self.hub.bindings,
                self.hub.entities,
                self.hub.indexes,
                self.hub.reading,
            )
            lease = copy.acquire(["rehearsal"], self.holder, 3600.0, hub.clock.now())
            report = RunReport(run=0, status="ok")
            report.run = copy.start_run([b.id for b in selected], "plan", hub.clock.now())
            work = _Work(hub, report, lease, self.listener, selected, release)
            work.observe(full=full, sweep=False)
            work.foresee(plan, limit, keeper)
            plan.left, plan.questions = copy.unsettled(work.selected)
            for name in {id_.connection for id_ in work.selected}:
                intents = [intent for intent in copy.open_intents(name) if intent.binding in work.selected]
                plan.unanswered.update({name: sum(len(intent.rows) for intent in intents)} if intents else {})
            plan.balances, plan.troubles, plan.brakes = report.balances, report.troubles, report.brakes
        if keeper is not None:
            keeper.finish(plan)
        self.listener.finished()
        return plan


class _Work:
    """One run (or its rehearsal) under way."""

    def __init__(
        self,
        hub: Hub,
        report: RunReport,
        lease: Lease,
        listener: Listener,
        selected: Sequence[Binding],
        release: Collection[str],
    ) -> None:
        self.hub, self.report, self.lease, self.listener = hub, report, lease, listener
        self.selected = {binding.id for binding in selected}
        self.release = release
        self.observer = Observer(hub, report.run, lease, listener, release, report.balances)
        self.executor = Executor(hub, report.run, lease, self.observer, self.selected, calls=report.calls)
        self.drafter = Drafter(hub, self.executor)

    def _guarded(self, binding: Binding, work: Callable[[], object]) -> bool:
        """Do something with one connection; its failure is noted and stops nothing else."""
        try:
            work()
        except ConnectorError as error:
            self.report.troubles.append(Trouble.of(binding.id, error))
            return False
        except (LeaseLostError, LeaseHeldError):
            raise
        except Exception as error:  # a defect in one connector must not stop the others
            if not from_connector(error):
                raise
            self.report.troubles.append(Trouble.of(binding.id, error))
            return False
        return True

    def recover(self) -> None:
        """Close what earlier runs left open, before anything is read (by mappings that know of all of it)."""
        if self.hub.reading.focus is not None:
            return
        recovery = Recovery(self.hub, self.report.run, self.lease, self.observer)
        entities = {binding_id.entity for binding_id in self.selected}
        seen: set[str] = set()
        for binding_id in self.hub.bindings:
            name = binding_id.connection
            if binding_id in self.selected and name not in seen:
                seen.add(name)
                binding = self.hub.bindings[binding_id]
                if not self._guarded(binding, lambda name=name: recovery.connection(name, entities)):  # type: ignore[misc]  # bound now
                    # What is in doubt there must neither be read as an edit nor be sent again.
                    self.executor.stopped[name] = self.report.troubles[-1]

    def observe(self, *, full: bool, sweep: bool) -> None:
        """Read every selected stream, parents first."""
        reading = self.hub.reading
        if reading.focus is not None:
            backfill(self.observer, reading.focus, self.selected, self.executor.stopped, self.report.troubles)
            return
        self._decide_anew()
        if reading.anew:
            full = sweep = self.observer.distrustful = True
            for entity in dict.fromkeys(id_.entity for id_ in self.hub.bindings if id_ in self.selected):
                self.hub.store.mark_all_dirty(entity)
        for schema in self.hub.entities:
            readers = [
                b
                for b in self.hub.readers(schema.name)
                if b.id in self.selected and b.id.connection not in self.executor.stopped
            ]
            for binding in readers:
                if self._guarded(binding, lambda b=binding: self.observer.read(b, full=full)) and sweep:  # type: ignore[misc]  # bound now
                    self._guarded(binding, lambda b=binding: self.observer.sweep(b))  # type: ignore[misc]  # bound now
            for binding in readers:
                self._guarded(binding, lambda b=binding: self._retry_waiting(b))  # type: ignore[misc]  # bound now

    def _decide_anew(self) -> None:
        """A mapping that is new, or not the one last worked with, may want every entity elsewhere than it is now."""
        store = self.hub.store
        known = store.stream_states()
        states = {id_: known.get(id_, StreamState()) for id_ in self.hub.bindings if id_ in self.selected}
        self.observer.known.learn(states)
        changed = [id_ for id_, state in states.items() if state.mapping != self.hub.bindings[id_].mapping.version]
        writing = [id_ for id_ in changed if self.hub.bindings[id_].mapping.direction.writes]
        for entity in dict.fromkeys(id_.entity for id_ in writing):
            store.mark_all_dirty(entity)
        for id_ in writing:
            mapping, state = self.hub.bindings[id_].mapping, states[id_]
            if state.told != mapping.version:
                self._tell(id_, state)
                state = replace(state, told=mapping.version)
            if not mapping.direction.reads:  # a stream that is read says so itself, when it was
                store.remember_mapping(mapping.name, mapping.version, sorted(mapping.writes))
                state = replace(state, mapping=mapping.version)
            if state != states[id_]:
                self._commit(Changes(stream=(id_, state)))

    def _tell(self, id_: BindingId, state: StreamState) -> None:
        """Enter what a mapping writes now, and did not before, as not agreed on."""
        store, mapping = self.hub.store, self.hub.bindings[id_].mapping
        if state.mapping is None:
            return  # nothing is linked there
        new = only_written_now(mapping, store.covered_by(state.mapping[:6]))
        for links in untold(store, id_, new, self.hub.policy.page) if new else ():
            self._commit(Changes(links=links))

    def _commit(self, changes: Changes) -> None:
        self.hub.store.commit(changes, self.report.run, self.lease, self.hub.clock.now())
        self.observer.known.committed(changes)

    def _retry_waiting(self, binding: Binding) -> None:
        """What went on may be what others wait for. Ends, since each turn leaves fewer waiting."""
        self.observer.retry_disputed(binding)
        while self.observer.retry_waiting(binding):
            pass

    def closed(self) -> set[BindingId]:
        """`sync.holding.closed`."""
        return closed(self.hub)

    def act(self) -> None:
        """Write what is due, parents first, unless a brake holds."""
        self.executor.closed = self.closed()
        self.executor.held = frozenset(id_ for id_ in self.selected if self.hub.policy.needs_approval(*id_))
        self.report.brakes = self._brakes()
        if not self.report.brakes:
            self._write()
        self._keep_plans()

    def _keep_plans(self) -> None:
        """What may not be written now waits for a person, as a plan."""
        hub, report, held = self.hub, self.report, self.executor.held
        braked = self.selected - held if report.brakes else set()
        if braked or held:
            shelf = Shelf(hub, report.run, self.lease, self.drafter, self.tripped)
            report.kept = shelf.keep_all(sorted(map(str, self.selected)), {BRAKE: braked, APPROVAL: held})
        if not report.troubles:
            hub.store.overtake_plans(self.selected, [kept.id for kept in report.kept], hub.clock.now())

    def apply(self, plan: Plan, *, approved: bool = False) -> Permit:
        """Observe; write what a plan allows, unless a brake holds; tell what became of each of its actions."""
        self.observe(full=plan.head.full, sweep=False)
        permit = Permit(plan)
        self.executor.closed = self.closed()
        self.report.brakes = [] if approved else self.tripped(count_of(plan.summary))
        if not self.report.brakes:
            self.executor.keep_to(permit)
            self._write()
            tell_rest(permit, self.hub, self.executor)
        return permit

    def tripped(self, count: Count) -> list[Tripped]:
        """The brakes that hold against this many writes, measured at what is linked now."""
        links = {binding: self.hub.store.live_links(binding) for binding, _ in count.planned}
        return tripped(count, self.hub.policy, links, self.release)

    def _write(self) -> None:
        if self.executor.permit is None:  # which allows nothing else anyway
            self.executor.allowance = Allowance(self.hub.policy, self.release, self.hub.store.live_links)
        try:
            for schema in self.hub.entities:
                if not any(b.id in self.selected for b in self.hub.writers(schema.name)):
                    continue
                self.listener.phase("write", None)
                for _ in range(_ROUNDS):
                    if not self.executor.round(schema.name):
                        break
        finally:
            self.executor.close_balances()
        self.report.troubles += [t for t in self.executor.stopped.values() if t not in self.report.troubles]

    def _brakes(self) -> list[Tripped]:
        """Count what would be written, unless there is too little to count."""
        count = Count()
        for schema in self.hub.entities:
            writers = [b for b in self.hub.writers(schema.name) if b.id in self.selected]
            bindings = [binding for binding in writers if binding.id not in self.executor.held]
            ids = [binding.id for binding in bindings]
            entities = self.hub.store.due(schema.name) if bindings else 0
            if harmless(self.hub.policy, ids, entities, self.release):
                continue
            links = {id_: self.hub.store.live_links(id_) for id_ in ids}
            if harmless(self.hub.policy, ids, entities, self.release, links=links):
                continue
            only_creates = harmless(self.hub.policy, ids, entities, self.release, (Braked.CREATE,))
            for actions in self.drafter.decided(schema.name, bindings, linked=only_creates):
                count.add(action for action, _ in actions)
        return self.tripped(count)

    def foresee(self, plan: PlanReport, limit: int | None, keeper: Keeper | None = None) -> None:
        """Decide and render everything, without touching any system. In a rehearsal only."""
        self.drafter.rehearsal = self.report.run
        self.executor.closed = self.closed()
        sample = Sampler(limit)
        for page in self.drafter.pages(self.selected, plan):
            sample.add(page)
            if keeper is not None:
                keeper.add(page)
        plan.actions = sample.chosen()
        self.report.brakes = self.tripped(plan.planned)
