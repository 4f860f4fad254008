"""Decide for every entity that needs it, and write what was decided, batch by batch (`sync.send`)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from connectors.contract import Writes
from mappings.contract import RenderRequest, Rendition
from model.errors import ConnectorError
from model.fields import Kind
from model.records import Record
from sync.absorb import Binding
from sync.brakes import Allowance
from sync.correlate import values_at
from sync.decision import (
    Action,
    ActionKind,
    BindingId,
    Bucket,
    Changes,
    HistoryRow,
    Link,
    LinkState,
    Side,
)
from sync.due import Books
from sync.hub import Hub, Trouble, from_connector
from sync.ledger import let_go
from sync.observe import Observer
from sync.permit import Permit
from sync.ports import Lease
from sync.reconcile import Standing, Verdict, creations, decide, newborn, removing
from sync.rendered import waits
from sync.send import Sender
from sync.standings import Standings

_TOGETHER: Final = 4000
"""Creates recorded at once: the disk is waited for once, not for every small batch. Only where an intent that was never
sent is told from one that was by looking it up."""


@dataclass(slots=True)
class Executor:
    """The writing half of one run."""

    hub: Hub
    run: int
    lease: Lease
    observer: Observer
    selected: Collection[BindingId]
    closed: Collection[BindingId] = ()  # bindings in which nothing may be created yet
    allowance: Allowance | None = None  # of deletes and blanks; None: whatever is decided
    calls: dict[str, int] = field(default_factory=dict)
    held: frozenset[BindingId] = frozenset()  # bindings in which nothing is written before a person approved it
    permit: Permit | None = None  # where it is given, nothing but what it allows is written
    _left: set[str] = field(default_factory=set)  # entities of which everything due waits for a person
    only: Collection[str] | None = None  # ids of the entities to write; None: all that are due
    removals: Mapping[str, Collection[tuple[BindingId, str]]] = field(default_factory=dict)
    """Records to be deleted although their entity is not, by its id; they were taken off it."""
    standings: Standings = field(init=False)
    _books: Books = field(init=False)
    _sender: Sender = field(init=False)
    _buffers: dict[tuple[BindingId, ActionKind], list[Action]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.standings = Standings(self.hub)
        self._books = Books(lambda binding: self.observer.balance(binding, Side.OUT))
        self._sender = Sender(self.hub, self.run, self.lease, self.observer, self._books, self.calls)

    def keep_to(self, permit: Permit) -> None:
        """From now on write nothing but what a plan allows."""
        self.permit, self._books.heard = permit, permit.heard

    @property
    def stopped(self) -> dict[str, Trouble]:
        """Connections not written to any more in this run."""
        return self._sender.stopped

    # deciding, page by page

    def round(self, entity: str) -> bool:
        """Decide and write for every entity that needs it. Returns whether another round could do more."""
        bindings, after, before = self.hub.writers(entity), "", self._books.progress
        self._left -= self.observer.touched
        self.observer.touched.clear()
        self._sender.moved.clear()
        self.standings.forget()
        again = False
        while rows := self.hub.store.dirty(entity, after, self.hub.policy.page):
            after = rows[-1][0]
            rows = [row for row in rows if row[0] not in self._left] if self._left else rows
            if self.only is not None:
                rows = [row for row in rows if row[0] in self.only]
            generations = dict(rows)
            born, others = self._newborn(self.standings.of(rows, bindings), bindings)
            for founder, standings in born.items():
                again |= self._create(founder, [(one, generations[one.canonical.id]) for one in standings], bindings)
            for standing in others:
                again |= self._consider(standing, generations[standing.canonical.id], bindings)
            self._rest()
            self._flush(full_only=True)
        self._flush(full_only=False)
        self._rest()
        return again and self._books.progress > before

    def _newborn(
        self, standings: Sequence[Standing], bindings: Sequence[Binding]
    ) -> tuple[dict[BindingId, list[Standing]], list[Standing]]:
        """What is plainly to be created wherever it is not; nothing, where anything stands in the way of writing."""
        ids = [binding.id for binding in bindings]
        if self.permit is not None or not self.held.isdisjoint(ids):
            return {}, list(standings)  # every single one is looked at
        if self._books.in_doubt or any(id_ not in self.selected or id_.connection in self.stopped for id_ in ids):
            return {}, list(standings)
        return newborn(standings, bindings, self.closed)

    def _create(self, founder: BindingId, born: Sequence[tuple[Standing, int]], bindings: Sequence[Binding]) -> bool:
        targets = [binding.id for binding in bindings if binding.id != founder]
        self._books.begin_creates(born, targets, [founder] if len(targets) < len(bindings) else [])
        for at in targets:
            buffer = self._buffers.setdefault((at, ActionKind.CREATE), [])
            buffer += creations([standing for standing, _ in born], at)
        return bool(targets)

    def _consider(self, standing: Standing, generation: int, bindings: Sequence[Binding]) -> bool:
        entity_id, books = standing.canonical.id, self._books
        due = books.begin(entity_id, generation)
        due.keep = self.hub.reading.focus is not None  # only part of what is due was decided about
        links: list[Link] = []
        left = False
        told: list[HistoryRow] = []
        moot: list[tuple[BindingId, Side, str]] = []
        for verdict in self._verdicts(standing, bindings):
            if verdict.binding in self.selected:
                books.count(entity_id, verdict)
            for link in verdict.unlink:
                link.state = LinkState.GONE
                links.append(link)
                told.append(let_go(standing.canonical, link))
            for link, paths in verdict.shown:
                link.base = {path: entry for path, entry in link.base.items() if path not in paths}
                links.append(link)
            if verdict.action is None:
                due.keep |= verdict.bucket is Bucket.WAITING
                if verdict.moot:
                    moot.append((verdict.binding, Side.OUT, entity_id))
            elif not self._writable(entity_id, verdict.binding):
                due.keep = True
            elif (why := self._unapproved(standing, verdict.action)) is not None:
                books.waits(entity_id, verdict.binding, why)
                left = True
            elif not self._within_allowance(verdict.action):
                due.keep = True
            else:
                due.keep |= verdict.more
                due.outstanding.add(verdict.binding)
                books.standings[entity_id] = standing
                self._buffers.setdefault((verdict.binding, verdict.action.kind), []).append(verdict.action)
        if links or moot:
            self._commit(Changes(links=links, history=told, unparked=moot))
        if left and not (due.keep or due.outstanding):
            due.keep = True
            self._left.add(entity_id)  # no further round of this run may write it
            return False
        due.keep |= left
        return due.keep or bool(due.outstanding)

    def _verdicts(self, standing: Standing, bindings: Sequence[Binding]) -> list[Verdict]:
        removals = self.removals.get(standing.canonical.id)
        verdicts = decide(standing, bindings, self.closed)
        return [removing(standing, verdict, removals) for verdict in verdicts] if removals else verdicts

    def _writable(self, entity_id: str, binding: BindingId) -> bool:
        return (
            binding in self.selected
            and binding.connection not in self.stopped
            and (entity_id, binding) not in self._books.in_doubt
        )

    def _unapproved(self, standing: Standing, action: Action) -> str | None:
        """Why nobody allowed this write; None where somebody did, or nobody needs to."""
        if action.binding in self.held:
            return "for approval"
        return None if self.permit is None or self.permit.expects(standing, action) else "not as planned"

    def _within_allowance(self, action: Action) -> bool:
        return self.allowance is None or self.allowance.takes(action)

    def close_balances(self) -> None:
        """What never came to rest is waiting."""
        self._books.close()

    def _rest(self) -> None:
        if clean := self._books.resting():
            self._commit(Changes(clean=clean))

    def _commit(self, changes: Changes) -> None:
        self._sender.commit(changes)

    # writing, batch by batch

    def _flush(self, *, full_only: bool) -> None:
        for (binding_id, kind), actions in list(self._buffers.items()):
            writes = self.hub.stream(binding_id).writes or Writes()
            creating = kind is ActionKind.CREATE
            most = max(writes.batch, writes.bulk) if creating else writes.batch
            together = writes.together(_TOGETHER, creating=creating)
            while actions and (len(actions) >= most or not full_only):
                batches: list[list[Action]] = []
                room = together
                while actions and (len(actions) >= most or not full_only) and (room >= most or not batches):
                    size = writes.size(len(actions), creating=creating)
                    batches.append(actions[:size])
                    del actions[:size]
                    room -= size
                self._write(self.hub.bindings[binding_id], kind, batches)

    def _write(self, binding: Binding, kind: ActionKind, batches: Sequence[list[Action]]) -> None:
        try:
            ready = [self._ready(binding, kind, batch) for batch in batches]
            self._sender.send(binding, kind, [batch for batch in ready if batch])
        except ConnectorError as error:
            self._stop(binding, error, batches)
        except Exception as error:  # a defect in one connector must not stop the others
            if not from_connector(error):
                raise
            self._stop(binding, error, batches)

    def _ready(self, binding: Binding, kind: ActionKind, batch: Sequence[Action]) -> list[Action]:
        """What of a batch can be sent as things are now, rendered. Raises ConnectorError."""
        trouble, touched = self.stopped.get(binding.id.connection), self.observer.touched
        fresh: list[Action] = []
        for action in batch:
            if trouble is None and action.entity_id not in touched:
                fresh.append(action)
            else:
                why = trouble.message if trouble else "changed while it was being written"
                self._books.ended(action, Bucket.WAITING, why, keep=True)
        current = self._reread(binding, kind, fresh)
        fresh = [action for action in fresh if action.key is None or action.key in current]
        return self._render(binding, fresh, current)

    def _stop(self, binding: Binding, error: Exception, batches: Sequence[Sequence[Action]]) -> None:
        """The connection cannot be worked with now: the rest of its writes stay due."""
        self.stopped[binding.id.connection] = trouble = Trouble.of(binding.id, error)
        for action in chain.from_iterable(batches):
            self._books.ended(action, Bucket.WAITING, trouble.code, keep=True)

    def _reread(
        self, binding: Binding, kind: ActionKind, batch: Sequence[Action]
    ) -> dict[str, Mapping[str, Any] | None]:
        """Look at the records once more before writing them, unless the system itself refuses stale updates.

        Returns the keys that may be written, with what is there now where it was read; what moved is absorbed instead.
        """
        stream = self.hub.stream(binding.id)
        there: dict[str, Mapping[str, Any] | None] = {}
        asked = [action for action in batch if action.key is not None]
        if kind is ActionKind.UPDATE and stream.writes is not None and stream.writes.conditional:
            there = {action.key: None for action in asked if action.key is not None and action.expects is not None}
            asked = [action for action in asked if action.expects is None]
        if not asked:
            return there
        expected = {str(action.key): action.expects for action in asked}
        records = self.hub.deeds(binding.id).fetch(stream.name, list(expected))
        self._sender.called(binding)
        moved: list[Record] = []
        looked_at: list[Record] = []
        for record in records:
            as_it_was = not record.deleted and record.version is not None and record.version == expected.get(record.key)
            (looked_at if as_it_was else moved).append(record)
        odd = self._odd(binding, looked_at)
        moved += [record for record in looked_at if record.key in odd]
        there.update((record.key, record.data) for record in looked_at if record.key not in odd)
        if moved:
            there.update(self._still_the_same(binding, moved))
        for action in asked:
            if action.key not in there:
                self._books.ended(action, Bucket.WAITING, "changed there meanwhile", keep=True)
        return there

    def _odd(self, binding: Binding, records: Sequence[Record]) -> set[str]:
        """Keys of records that show something else than before under the version of before: a field that could not be
        read then, and can be now.
        """
        if not records:
            return set()
        prints = dict(zip((r.key for r in records), binding.mapping.fingerprints(records), strict=True))
        known = self.hub.store.fingerprints(binding.id, list(prints))
        return {key for key, one in prints.items() if known.get(key) not in (None, "", one)}

    def _still_the_same(self, binding: Binding, moved: Sequence[Record]) -> dict[str, Mapping[str, Any] | None]:
        """Absorb records whose version moved; those whose mapped fields did not move may be written all the same."""
        live = [record for record in moved if not record.deleted]
        prints = dict(zip((r.key for r in live), binding.mapping.fingerprints(live), strict=True))
        known = self.hub.store.fingerprints(binding.id, list(prints))
        if self.removals:  # of records that were taken off their entity no fingerprint is told
            links = self.hub.store.links(binding.id, [key for key, one in known.items() if one == ""])
            known.update({key: link.fingerprint for key, link in links.items() if link.state is LinkState.CUT})
        same = {r.key: r.data for r in live if known.get(r.key) is not None and known[r.key] == prints[r.key]}
        if different := [record for record in moved if record.key not in same]:
            self._sender.notice(binding, different)
        return dict(same)

    def _render(
        self, binding: Binding, batch: Sequence[Action], current: Mapping[str, Mapping[str, Any] | None]
    ) -> list[Action]:
        """Fill in record fields; what cannot be rendered is parked, what waits for a reference stays due."""
        moved, standings = self._sender.moved, self._books.standings
        batch = [action for action in batch if action.entity_id not in moved or self._renewed(action)]
        canonicals = [standings[action.entity_id].canonical for action in batch]
        former = [action.before for action in batch] if self.permit is not None else []  # it compares what was there
        keys = self.keys_for(binding, [*(canonical.values for canonical in canonicals), *former])
        requests = [
            RenderRequest(canonical.values, action.paths, keys, current.get(action.key or "") if current else None)
            for action, canonical in zip(batch, canonicals, strict=True)
        ]
        ready: list[Action] = []
        mapping = binding.mapping
        for action, request, rendition in zip(batch, requests, mapping.render(requests), strict=True):
            fields, problems, waiting = rendition
            if (fields and not (problems or waiting)) or self._sendable(binding, action, rendition):
                action.fields = fields
                if waiting or mapping.conditional:
                    left_out = {path for path in action.revs if mapping.withholds(path, request.values)}.union(waiting)
                    action.revs = {path: rev for path, rev in action.revs.items() if path not in left_out}
                ready.append(action)
        return ready if self.permit is None else self._allowed(self.permit, binding, ready, keys)

    def _allowed(
        self, permit: Permit, binding: Binding, batch: Sequence[Action], keys: Callable[[str, str], str | None]
    ) -> list[Action]:
        allowed: list[Action] = []
        decided = [(action, self._books.standings[action.entity_id]) for action in batch]
        for (action, _), why in zip(decided, permit.allowed(binding, decided, keys), strict=True):
            if why is None:
                allowed.append(action)
            else:
                self._books.ended(action, Bucket.WAITING, "not as planned", keep=True)
        return allowed

    def _renewed(self, action: Action) -> bool:
        """Another system's answer brought news of the entity: what is written now is written as it is now."""
        standing = self._books.standings[action.entity_id]
        canonical = standing.canonical
        if action.kind is ActionKind.CREATE:
            action.revs = {path: canonical.field_rev(path) for path in canonical.values}
        elif action.kind is ActionKind.UPDATE:
            action.paths = frozenset(path for path in action.paths or () if path not in standing.conflicts)
            action.revs = {path: canonical.field_rev(path) for path in action.paths}
            if not action.paths:
                self._books.ended(action, Bucket.WAITING, "changed while it was being written", keep=True)
                return False
        return True

    def _sendable(self, binding: Binding, action: Action, rendition: Rendition) -> bool:
        for problem in rendition.problems:
            parked = self._sender.refused(action, problem.code, problem.message, problem.field, problem.path)
            self._commit(Changes(parked=[parked]))
            return False
        if waits(binding, action.kind, rendition):
            why = f"{rendition.waiting[0]} has no record there yet"
            self._books.ended(action, Bucket.WAITING, why, keep=True)
            return False
        if rendition.waiting:
            self._books.keep(action.entity_id)
        if not rendition.fields and action.kind is ActionKind.UPDATE:
            self._books.ended(action, Bucket.UNCHANGED, "nothing of it is written there")
            return False
        return True

    def keys_for(self, binding: Binding, values: Sequence[Mapping[str, Any]]) -> Callable[[str, str], str | None]:
        """Record keys, in this connection, of every entity that these values refer to."""
        known: dict[tuple[str, str], str] = {}
        for path, stream in binding.mapping.reference_streams.items():
            spec = binding.context.schema.field(path.replace("[*]", "[]"))
            if spec is None or spec.kind is not Kind.REFERENCE or not spec.target:
                continue
            ids = {str(value) for one in values for value in values_at(path, one) if value}
            if ids:
                at = BindingId(binding.id.connection, stream, spec.target)
                for entity_id, key in self.hub.store.keys_at(at, sorted(ids)).items():
                    known[stream, entity_id] = key
        return lambda stream, entity_id: known.get((stream, entity_id))
