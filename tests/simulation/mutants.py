"""The engine without one of its safeguards each, to see whether the simulation misses it. For tests only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from unittest import mock

import state.canonicals
import state.intents
import state.leases
import state.logs
import state.store
import sync.absorb
import sync.applying
import sync.brakes
import sync.execute
import sync.founding
import sync.ledger
import sync.merge
import sync.observe
import sync.outcomes
import sync.permit
import sync.policy
import sync.reconcile
import sync.recover
import sync.rests
import sync.reverting
import sync.run
import sync.send
import sync.undoing
import tests.simulation.remote
from connectors.contract import Outcome, OutcomeKind, Write
from model.errors import RefusedError
from model.records import Page
from sync.decision import UNKNOWN, Base, EntityState, LinkState
from sync.reconcile import Standing

Mutant = Callable[[contextlib.ExitStack], None]


def _swap(stack: contextlib.ExitStack, owner: object, name: str, make: Callable[..., object]) -> None:
    """Replace ``owner.name`` by what ``make`` makes of it."""
    stack.enter_context(mock.patch.object(owner, name, make(getattr(owner, name))))


def _no_intents(stack: contextlib.ExitStack) -> None:
    """Nothing is recorded before it is sent."""
    _swap(stack, state.intents, "add", lambda real: lambda tx, numbers, intent: 0)


def _no_reread(stack: contextlib.ExitStack) -> None:
    """Records are written without looking at them once more."""
    _swap(
        stack,
        sync.execute.Executor,
        "_reread",
        lambda real: lambda self, binding, kind, batch: {a.key: None for a in batch if a.key is not None},
    )


def _version_only(stack: contextlib.ExitStack) -> None:
    """What a re-read shows is not looked at, only its version."""
    _swap(stack, sync.execute.Executor, "_odd", lambda real: lambda self, binding, records: set())


def _no_version_guard(stack: contextlib.ExitStack) -> None:
    """Conditional updates are sent without their condition, and without a re-read instead."""
    _swap(stack, sync.send, "Write", lambda real: lambda key, fields, expects, marker: Write(key, fields, None, marker))


def _own_write_not_agreed(stack: contextlib.ExitStack) -> None:
    """What was written does not become the baseline."""
    _swap(stack, sync.outcomes, "_agree", lambda real: lambda *args, **options: None)


def _answer_not_absorbed(stack: contextlib.ExitStack) -> None:
    """News in an answer to our own write is taken for agreed, and forgotten."""
    _swap(stack, sync.outcomes, "_news", lambda real: lambda *args, **options: None)


def _base_is_canonical(stack: contextlib.ExitStack) -> None:
    """A link's own baseline is not looked at: everything is compared with the canonical value."""
    _swap(
        stack,
        sync.absorb,
        "merge",
        lambda real: lambda context, canonical, base, *rest: real(context, canonical, {}, *rest),
    )


def _no_exceptions(stack: contextlib.ExitStack) -> None:
    """A canonical change is not noted at the links that have yet to be told."""
    _swap(stack, sync.ledger.Ledger, "concerns", lambda real: lambda self, link, path: False)


def _new_link_unheard(stack: contextlib.ExitStack) -> None:
    """A record that was just made hears nothing of what comes later in the same round."""

    def make(real: Callable[..., None]) -> Callable[..., None]:
        def made(self: sync.ledger.Ledger, links: list[object], *rest: object) -> None:
            held = {i: list(known) for i, known in self.scene.links_of.items()}
            real(self, links, *rest)
            for entity_id, known in held.items():
                self.scene.links_of[entity_id][:] = known

        return made

    _swap(stack, sync.ledger.Ledger, "made", make)


def _no_overlap(stack: contextlib.ExitStack) -> None:
    """A stream is read on from the very watermark."""
    stack.enter_context(mock.patch.object(tests.simulation.remote, "OVERLAP", 0))


def _no_sweep(stack: contextlib.ExitStack) -> None:
    """Nobody looks for what a listing lacks."""
    _swap(stack, sync.observe.Observer, "_ask", lambda real: lambda self, binding, pages: None)


def _absence_is_deletion(stack: contextlib.ExitStack) -> None:
    """What a listing lacks is taken for deleted without asking."""
    from model.records import Record

    def ask(self: sync.observe.Observer, binding: object, pages: list[list[str]]) -> None:
        for keys in pages:
            self.page(binding, Page([Record(key, {}, None, True) for key in keys]))  # type: ignore[arg-type]

    _swap(stack, sync.observe.Observer, "_ask", lambda real: ask)


def _no_waiting(stack: contextlib.ExitStack) -> None:
    """A record whose reference leads nowhere yet is passed over."""
    ended = sync.absorb.Ended(sync.absorb.Bucket.UNCHANGED)
    _swap(stack, sync.absorb, "waiting", lambda real: lambda *args: ended)


def _no_tombstone_memory(stack: contextlib.ExitStack) -> None:
    """That an entity's record was deleted somewhere is forgotten when creates are decided."""
    _swap(
        stack,
        sync.reconcile,
        "_creation",
        lambda real: lambda standing, binding, links, closed: real(standing, binding, [], closed),
    )


def _returned_is_linked(stack: contextlib.ExitStack) -> None:
    """A record that was gone and is back is linked again without asking."""

    def returned(binding: object, record: object, link: object, ledger: object) -> sync.absorb.Ended:
        link.state = LinkState.LIVE  # type: ignore[attr-defined]
        ledger.link(link)  # type: ignore[attr-defined]
        return sync.absorb.Ended(sync.absorb.Bucket.UNCHANGED)

    _swap(stack, sync.absorb, "_returned", lambda real: returned)


def _no_fencing(stack: contextlib.ExitStack) -> None:
    """A superseded worker's commits are taken."""
    _swap(stack, state.leases, "hold", lambda real: lambda tx, lease, now: None)


def _no_look_up(stack: contextlib.ExitStack) -> None:
    """A create whose answer was lost is simply sent again."""
    _swap(stack, sync.recover.Recovery, "_find", lambda real: lambda self, binding, field, values: {})


def _no_recovery(stack: contextlib.ExitStack) -> None:
    """Open intents are closed unread."""

    def connection(self: sync.recover.Recovery, name: str, entities: object) -> int:
        for intent in self.hub.store.open_intents(name):
            binding = self.hub.bindings.get(intent.binding)
            if binding is not None:
                self._adopt(binding, intent, [], [])
        return 0

    _swap(stack, sync.recover.Recovery, "connection", lambda real: connection)


def _recovered_as_is(stack: contextlib.ExitStack) -> None:
    """What is found of a lost create is compared with what the hub has now, not with what was sent."""

    def make(real: Callable[..., None]) -> Callable[..., None]:
        def adopt(self: sync.recover.Recovery, binding: object, intent: object, applied: list, *rest, **more) -> None:  # type: ignore[no-untyped-def, type-arg]
            ids = [row.entity_id for row, _ in applied]
            now = self.hub.store.canonicals(ids)
            applied = [
                (row._replace(values=dict(now[row.entity_id].values) if row.entity_id in now else row.values), record)
                for row, record in applied
            ]
            real(self, binding, intent, applied, *rest, **more)

        return adopt

    _swap(stack, sync.recover.Recovery, "_adopt", make)


def _no_brake(stack: contextlib.ExitStack) -> None:
    """Nothing is counted before the first write."""
    _swap(stack, sync.run, "tripped", lambda real: lambda *args: [])


def _brake_looks_once(stack: contextlib.ExitStack) -> None:
    """What answers bring is not counted."""
    _swap(stack, sync.brakes.Allowance, "takes", lambda real: lambda self, action: True)


def _no_gate(stack: contextlib.ExitStack) -> None:
    """Records are created before every system was read once."""
    _swap(stack, sync.run._Work, "closed", lambda real: lambda self: set())


def _always_clean(stack: contextlib.ExitStack) -> None:
    """A mark is cleared although the entity was marked again meanwhile."""

    def clear(tx: object, clean: list[tuple[str, int]]) -> None:
        for entity_id, _ in clean:
            tx.run("DELETE FROM dirty WHERE entity_id = ?", entity_id)  # type: ignore[attr-defined]

    _swap(stack, state.canonicals, "clear", lambda real: clear)


def _losers_forgotten(stack: contextlib.ExitStack) -> None:
    """The losing value of a conflict is not kept."""

    def make(real: Callable[..., None]) -> Callable[..., None]:
        def clash(self: object, canonical: object, found: object, link: object) -> None:
            if found.winner is None:  # type: ignore[attr-defined]
                real(self, canonical, found, link)

        return clash

    _swap(stack, sync.ledger.Ledger, "clash", make)


def _no_history(stack: contextlib.ExitStack) -> None:
    """Overwritten canonical values are not kept."""
    _swap(stack, state.logs, "add_history", lambda real: lambda *args: None)


def _watermark_first(stack: contextlib.ExitStack) -> None:
    """The watermark is stored before the page it stands behind."""

    def make(real: Callable[..., None]) -> Callable[..., None]:
        def settle(self: sync.observe.Observer, binding: object, news: object) -> None:
            if news.state is not None:  # type: ignore[attr-defined]
                stream = (binding.id, replace(news.state, read_at=self.hub.clock.now()))  # type: ignore[attr-defined]
                self._commit(sync.observe.Changes(stream=stream))
            real(self, binding, news)

        return settle

    _swap(stack, sync.observe.Observer, "_settle", make)


def _outcomes_permuted(stack: contextlib.ExitStack) -> None:
    """Outcomes are matched to the wrong rows."""
    _swap(
        stack,
        sync.send,
        "one_each",
        lambda real: lambda binding, writes, outcomes: list(reversed(real(binding, writes, outcomes))),
    )


def _unknown_is_done(stack: contextlib.ExitStack) -> None:
    """A write of which nothing is known is taken for refused."""

    def make(real: Callable[..., list[Outcome]]) -> Callable[..., list[Outcome]]:
        def each(binding: object, writes: object, outcomes: object) -> list[Outcome]:
            return [
                Outcome(OutcomeKind.RETRY, key=o.key) if o.kind is OutcomeKind.UNKNOWN else o
                for o in real(binding, writes, outcomes)
            ]

        return each

    _swap(stack, sync.send, "one_each", make)


def _lost_is_failed(stack: contextlib.ExitStack) -> None:
    """A write whose answer was lost is taken for not carried out."""

    def lost(self: sync.send.Sender, binding: object, batch: object, error: Exception) -> None:
        intents = list(self.hub.store.open_intents(binding.id.connection))  # type: ignore[attr-defined]
        self._close(*intents)
        raise error

    _swap(stack, sync.send.Sender, "_lost", lambda real: lost)


def _not_renewed(stack: contextlib.ExitStack) -> None:
    """What another system's answer brought in this round is not looked at before the next write."""
    _swap(stack, sync.execute.Executor, "_renewed", lambda real: lambda self, action: True)


def _refused_together(stack: contextlib.ExitStack) -> None:
    """A batch that is refused as a whole is taken for refused row by row."""

    def make(real: Callable[..., list[Outcome]]) -> Callable[..., list[Outcome]]:
        def upsert(self: object, stream: str, batch: list[Write]) -> list[Outcome]:
            try:
                return real(self, stream, batch)
            except RefusedError as error:
                return [Outcome(OutcomeKind.REFUSED, key=write.key, code=error.code) for write in batch]

        return upsert

    _swap(stack, tests.simulation.remote.RemoteConnector, "upsert", make)


def _refused_again(stack: contextlib.ExitStack) -> None:
    """What was refused is forgotten, and sent again by every run."""

    def make(real: Callable[..., list[Standing]]) -> Callable[..., list[Standing]]:
        return lambda self, rows, bindings: [replace(one, refused={}) for one in real(self, rows, bindings)]

    _swap(stack, sync.execute.Executor, "standings", make)


def _not_left_alone(stack: contextlib.ExitStack) -> None:
    """A system that asked to be left alone is called all the same."""
    _swap(stack, sync.rests.Rests, "check", lambda real: lambda self, connection: None)


def _throttled_here_only(stack: contextlib.ExitStack) -> None:
    """That a system asked to be left alone is not stored: the next run does not know."""
    _swap(stack, state.leases, "rest", lambda real: lambda tx, connection, until: None)


def _copy_unnoticed(stack: contextlib.ExitStack) -> None:
    """An older copy of the state is taken for the present one."""
    _swap(stack, state.store, "compare", lambda real: lambda tx, witness: None)


def _listing_believed(stack: contextlib.ExitStack) -> None:
    """What a listing shows is not asked for again, although it may be behind."""
    _swap(stack, sync.observe, "confirmed", lambda real: lambda hub, binding, page: page)


def _loose_consent(stack: contextlib.ExitStack) -> None:
    """Consents are merged like any other field."""
    _swap(
        stack,
        sync.merge,
        "_newer",
        lambda real: lambda at, known: True,
    )


def _ends_are_not_remembered(stack: contextlib.ExitStack) -> None:
    """A deletion somewhere leaves the link as it was."""

    def make(real: Callable[..., object]) -> Callable[..., object]:
        def deleted(binding: object, record: object, link: object, ledger: object) -> object:
            ended = real(binding, record, link, ledger)
            if link is not None and link.state is LinkState.GONE:  # type: ignore[attr-defined]
                ledger.changes.relinked.append((link.binding, link.key))  # type: ignore[attr-defined]
                ledger._links.pop((link.binding, link.key), None)  # type: ignore[attr-defined]
            return ended

        return deleted

    _swap(stack, sync.absorb, "_deleted", make)


def _merges_not_followed(stack: contextlib.ExitStack) -> None:
    """A record that was merged into another is taken for deleted."""

    def make(real: Callable[..., object]) -> Callable[..., object]:
        def deleted(binding: object, record: object, link: object, ledger: object) -> object:
            return real(binding, record._replace(superseded_by=None), link, ledger)  # type: ignore[attr-defined]

        return deleted

    _swap(stack, sync.absorb, "_deleted", make)


def _ended_are_live(stack: contextlib.ExitStack) -> None:
    """An entity that was deleted goes on living."""

    def end(self: sync.ledger.Ledger, canonical: object, state: EntityState, *rest: object) -> None:
        self.touch(canonical)  # type: ignore[arg-type]

    _swap(stack, sync.ledger.Ledger, "_end", lambda real: end)


def _unread_is_agreed(stack: contextlib.ExitStack) -> None:
    """What a newly linked record says nothing of, or something else, is taken for agreed."""

    def make(real: Callable[..., object]) -> Callable[..., object]:
        def join(binding, observation, values, canonical, link, ledger):  # type: ignore[no-untyped-def]
            ended = real(binding, observation, values, canonical, link, ledger)
            for path in [path for path, entry in link.base.items() if entry == Base(0, UNKNOWN)]:
                del link.base[path]
            return ended

        return join

    _swap(stack, sync.absorb, "join", make)


def _plans_bind_nobody(stack: contextlib.ExitStack) -> None:
    """What is applied is whatever is due by then."""
    _swap(stack, sync.permit.Permit, "expects", lambda real: lambda self, standing, action: True)
    _swap(stack, sync.permit.Permit, "allowed", lambda real: lambda self, binding, decided, keys: [None] * len(decided))


def _planned_over_anything(stack: contextlib.ExitStack) -> None:
    """A planned action is carried out whatever it would write by then, and over whatever is there."""
    _swap(stack, sync.permit, "_different", lambda real: lambda *args, **options: None)


def _anybodys_plan(stack: contextlib.ExitStack) -> None:
    """Plans of other hubs and other settings are carried out."""
    _swap(stack, sync.applying, "check_fit", lambda real: lambda head, hub, seal: None)


def _released_twice(stack: contextlib.ExitStack) -> None:
    """A plan that was carried out or discarded goes on waiting."""
    _swap(stack, state.store.SqlStore, "settle_plan", lambda real: lambda self, plan, end, now: True)


def _no_approval(stack: contextlib.ExitStack) -> None:
    """Nobody is asked before a system is written."""
    _swap(stack, sync.policy.Policy, "needs_approval", lambda real: lambda self, *names: False)


def _planned_in_place(stack: contextlib.ExitStack) -> None:
    """A plan is made on the store itself, instead of a copy."""

    @contextlib.contextmanager
    def rehearsal(self: state.store.SqlStore) -> Iterator[state.store.SqlStore]:
        yield self

    _swap(stack, state.store.SqlStore, "rehearsal", lambda real: rehearsal)


def _undo_minds_nothing(stack: contextlib.ExitStack) -> None:
    """A run is undone over what was edited since."""
    _swap(stack, sync.reverting, "_stays", lambda real: lambda one, path, steps: None)


def _undo_deletes_anything(stack: contextlib.ExitStack) -> None:
    """A record that the undone run made is deleted, whoever edited it since."""
    _swap(stack, sync.undoing, "_touched", lambda real: lambda one, link: None)


def _undone_in_the_hub_only(stack: contextlib.ExitStack) -> None:
    """An undo gives the hub its former values, and takes every record for agreed."""
    _swap(stack, sync.reverting, "_keeps", lambda real: lambda *args: True)


def _deleted_while_linked(stack: contextlib.ExitStack) -> None:
    """A record that an undo deletes is not taken off its entity first."""
    _swap(stack, sync.ledger.Ledger, "cut", lambda real: lambda self, canonical, link: None)


def _ended_unheard(stack: contextlib.ExitStack) -> None:
    """What an undo finds ended stays ended."""
    _swap(stack, sync.undoing, "_forget_deleted", lambda real: lambda one: None)


def _written_by_the_finder(stack: contextlib.ExitStack) -> None:
    """A write of which no answer came is logged under the run that found out."""
    _swap(
        stack,
        state.logs,
        "add_writes",
        lambda real: (
            lambda tx, numbers, batches, run, now: real(
                tx, numbers, [replace(batch, run=None) for batch in batches], run, now
            )
        ),
    )


def _unreadable_is_overwritten(stack: contextlib.ExitStack) -> None:
    """What could not be read is not kept from being written over."""
    _swap(stack, sync.absorb, "HELD", lambda real: 0)
    _swap(stack, sync.outcomes, "HELD", lambda real: 0)


def _sent_late(stack: contextlib.ExitStack) -> None:
    """Nobody asks whether the lease still holds before a batch is sent that waited."""
    _swap(stack, state.store.SqlStore, "renew", lambda real: lambda self, lease, now: None)


def _parts_forgotten(stack: contextlib.ExitStack) -> None:
    """A create of which a later step was refused is taken for refused as a whole."""
    _swap(stack, sync.send, "halfway", lambda real: lambda kind, outcomes: (list(outcomes), {}))


def _no_freeze(stack: contextlib.ExitStack) -> None:
    """A field goes to and fro for ever."""
    _swap(stack, sync.absorb, "freeze", lambda real: lambda *args: None)


MUTANTS: dict[str, Mutant] = {
    name.removeprefix("_").replace("_", "-"): make
    for name, make in list(globals().items())
    if name.startswith("_") and getattr(make, "__annotations__", {}).keys() == {"stack", "return"}
}
"""By name: what each leaves out is its docstring."""


@contextlib.contextmanager
def sabotaged(name: str) -> Iterator[None]:
    """The engine without this safeguard, while the context lasts."""
    with contextlib.ExitStack() as stack:
        MUTANTS[name](stack)
        yield
