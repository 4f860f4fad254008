"""A run from start to finish: observe, decide, act. The one entry point of CLI, scheduler and console."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from connectors.contract import Connector, Writes
from mappings.contract import CompiledMapping, RenderRequest
from model.clock import Clock, SystemClock
from model.errors import ConnectorError, LeaseHeldError, LeaseLostError
from model.fields import EntitySchema
from sync.absorb import Binding
from sync.anew import only_written_now, untold
from sync.backfilling import backfill
from sync.brakes import Count, Tripped, harmless, tripped
from sync.decision import UNKNOWN, Action, ActionKind, BindingId, Changes, StreamState
from sync.execute import Executor
from sync.hub import Hub, Listener, Silent, Trouble, from_connector
from sync.observe import Observer
from sync.policy import Braked, Policy
from sync.ports import Lease, Store
from sync.reconcile import decide
from sync.recover import Recovery
from sync.repair import Repairs
from sync.report import FieldChange, PlannedAction, PlanReport, RunReport

LEASE_SECONDS = 120.0
Pulse = Callable[[Callable[[], None]], AbstractContextManager[None]]
_ROUNDS = 4  # creates, then references in cycles, then what answers brought, then calm


def unbroken(_: Callable[[], None]) -> AbstractContextManager[None]:
    """No pulse: for runs in which no single call outlasts the lease."""
    return nullcontext()


class Engine(Repairs):
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
        selected = self.hub.selected(select)
        try:
            lease = self._lease(self.hub.store, selected)
        except LeaseHeldError as held:
            return RunReport(run=0, status="busy", message=str(held))
        report = RunReport(run=0, status="ok")
        try:
            report.run = self.hub.store.start_run([b.id for b in selected], trigger, self.hub.clock.now())
            work = _Work(self.hub, report, lease, self.listener, selected, release)
            with self.pulse(lambda: self.hub.store.renew(lease, self.hub.clock.now())):
                work.recover()
                work.observe(full=full, sweep=sweep)
                work.act()
            report.left = self.hub.store.unsettled(work.selected)
            report.status = _status(report)
        except LeaseLostError as lost:
            report.status, report.message = "busy", str(lost)
            return report
        except BaseException as error:
            report.status = "failed"
            report.message = f"stopped by {type(error).__name__}; nothing is lost, run again"
            raise
        finally:
            self._finish(report, lease)
        return report

    def _lease(self, store: Store, selected: Sequence[Binding]) -> Lease:
        scopes = sorted({f"entity:{binding.id.entity}" for binding in selected})
        return store.acquire(scopes, self.holder, LEASE_SECONDS, self.hub.clock.now(), self.gone)

    def _finish(self, report: RunReport, lease: Lease) -> None:
        store = self.hub.store
        if report.run:
            now = self.hub.clock.now()
            store.finish_run(report.run, report.status, report.balances, _summary(report), now)
        store.release(lease)
        self.listener.finished()

    def plan(
        self, select: Sequence[str] = (), *, full: bool = False, limit: int | None = 200, release: Collection[str] = ()
    ) -> PlanReport:
        """Everything a run would do now, on a copy of the store that is thrown away. Systems are only read."""
        selected = self.hub.selected(select)
        plan = PlanReport()
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
            work.foresee(plan, limit)
            plan.left = copy.unsettled(work.selected)
            for name in {id_.connection for id_ in work.selected}:
                intents = [intent for intent in copy.open_intents(name) if intent.binding in work.selected]
                plan.unanswered.update({name: sum(len(intent.rows) for intent in intents)} if intents else {})
            plan.balances, plan.troubles, plan.brakes = report.balances, report.troubles, report.brakes
        self.listener.finished()
        return plan


def _status(report: RunReport) -> str:
    if report.brakes:
        return "braked"
    if report.troubles or not all(balance.adds_up for balance in report.balances.values()):
        return "failed"
    return "attention" if report.conflicts or report.dead or report.waiting else "ok"


def _summary(report: RunReport) -> str | None:
    lines = [str(brake) for brake in report.brakes]
    lines += [f"{t.connection}{'.' + t.stream if t.stream else ''}: {t.message}" for t in report.troubles]
    lines += [f"the balance of {b} ({s}) does not add up" for (b, s), x in report.balances.items() if not x.adds_up]
    if report.message:
        lines.append(report.message)
    return "\n".join(lines) or None


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
        states = {id_: store.stream_state(id_) for id_ in self.hub.bindings if id_ in self.selected}
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

    def _retry_waiting(self, binding: Binding) -> None:
        """What went on may be what others wait for. Ends, since each turn leaves fewer waiting."""
        self.observer.retry_disputed(binding)
        while self.observer.retry_waiting(binding):
            pass

    def closed(self) -> set[BindingId]:
        """The sweep gate: bindings of entities some of whose systems were never read in full."""
        shut: set[BindingId] = set()
        for schema in self.hub.entities:
            unread = [b for b in self.hub.readers(schema.name) if not self.hub.store.stream_state(b.id).complete]
            if unread:
                shut.update(b.id for b in self.hub.writers(schema.name))
        return shut

    def act(self) -> None:
        """Write what is due, parents first, unless a brake holds."""
        self.executor.closed = self.closed()
        self.report.brakes = self._brakes()
        if self.report.brakes:
            return
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
            bindings = [b for b in self.hub.writers(schema.name) if b.id in self.selected]
            ids = [binding.id for binding in bindings]
            entities = self.hub.store.due(schema.name) if bindings else 0
            if harmless(self.hub.policy, ids, entities, self.release):
                continue
            links = {id_: self.hub.store.live_links(id_) for id_ in ids}
            if harmless(self.hub.policy, ids, entities, self.release, links=links):
                continue
            only_creates = harmless(self.hub.policy, ids, entities, self.release, (Braked.CREATE,))
            for actions in self._decided(schema.name, bindings, linked=only_creates):
                count.add(action for action, _ in actions)
        links = {binding: self.hub.store.live_links(binding) for binding, _ in count.planned}
        return tripped(count, self.hub.policy, links, self.release)

    def _decided(self, entity: str, bindings: Sequence[Binding], *, linked: bool = False) -> Any:
        """Pages of (action, standing) that would be taken now.

        ``linked``: only of entities with a record in one of the bindings; others can only be created there.
        """
        after = ""
        while rows := self.hub.store.dirty(entity, after, self.hub.policy.page):
            after = rows[-1][0]
            if linked:
                ids = [entity_id for entity_id, _ in rows]
                there = {entity_id for binding in bindings for entity_id in self.hub.store.keys_at(binding.id, ids)}
                rows = [row for row in rows if row[0] in there]
            yield [
                (verdict.action, standing)
                for standing in self.executor.standings(rows, bindings)
                for verdict in decide(standing, bindings, self.executor.closed)
                if verdict.action is not None
            ]

    def foresee(self, plan: PlanReport, limit: int | None) -> None:
        """Decide and render everything, without touching any system."""
        self.executor.closed = self.closed()
        count = Count()
        for schema in self.hub.entities:
            bindings = [b for b in self.hub.writers(schema.name) if b.id in self.selected]
            for page in self._decided(schema.name, bindings):
                count.add(action for action, _ in page)
                for action, standing in sorted(page, key=lambda pair: (pair[0].binding, pair[0].kind)):
                    plan.totals[action.binding, action.kind] += 1
                    if limit is None or len(plan.actions) < limit:
                        plan.actions.append(self._planned(action, standing))
        for (binding_id, kind), planned in plan.totals.items():
            writes, left = self.hub.stream(binding_id).writes or Writes(), planned
            while left > 0:
                left -= writes.size(left, creating=kind is ActionKind.CREATE)
                plan.calls[binding_id.connection] += 1
        links = {binding: self.hub.store.live_links(binding) for binding, _ in count.planned}
        self.report.brakes = tripped(count, self.hub.policy, links, self.release)

    def _planned(self, action: Action, standing: Any) -> PlannedAction:
        binding, canonical = self.hub.bindings[action.binding], standing.canonical
        if action.kind is ActionKind.DELETE:
            return _planned_action(action, [], None)
        known = self.executor.keys_for(binding, [canonical])

        def keys(stream: str, entity_id: str) -> str | None:
            return known(stream, entity_id) or "(created first)"

        (now,) = binding.mapping.render([RenderRequest(canonical.values, action.paths, keys)])
        before: Mapping[str, Any] = {}
        if action.paths:
            held = {**canonical.values, **{p: None if v is UNKNOWN else v for p, v in action.before.items()}}
            (then,) = binding.mapping.render([RenderRequest(held, action.paths, keys)])
            before = then.fields
        changes = [FieldChange(field=f, before=before.get(f), after=v) for f, v in now.fields.items()]
        problem = now.problems[0].message if now.problems else None
        return _planned_action(action, changes, problem)


def _planned_action(action: Action, changes: list[FieldChange], problem: str | None) -> PlannedAction:
    return PlannedAction(
        kind=action.kind,
        binding=action.binding,
        entity_id=action.entity_id,
        key=action.key,
        changes=changes,
        reason=action.reason,
        problem=problem,
    )
