"""Write what was decided: intent first, then the call, then its answer absorbed as an observation.

A batch is recorded in full before it is sent and closed in the same transaction that stores what came of it. Whatever
is still open when a run begins is *looked up*, never sent again blindly (`sync.recover`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import Outcome, OutcomeKind, Write, Writes
from mappings.contract import Projection, RenderRequest, Rendition
from model.errors import (
    AnswerLostError,
    ConnectorError,
    ProtocolError,
    RefusedError,
)
from model.fields import Kind
from model.records import Record
from sync.absorb import Binding
from sync.correlate import values_at
from sync.decision import (
    Action,
    ActionKind,
    BindingId,
    Bucket,
    Canonical,
    Changes,
    Intent,
    IntentRow,
    LinkState,
    Parked,
    Side,
    Why,
)
from sync.hub import Hub, Trouble
from sync.ledger import Ledger, Scene
from sync.observe import Observer
from sync.outcomes import Written, take
from sync.ports import Lease
from sync.reconcile import Standing, Verdict, decide

_DONE = {ActionKind.CREATE: "created", ActionKind.UPDATE: "updated", ActionKind.DELETE: "deleted"}
_NOT_CARRIED_OUT = (OutcomeKind.THROTTLED, OutcomeKind.RETRY, OutcomeKind.UNAUTHORISED)


@dataclass(slots=True)
class Due:
    """An entity with writes outstanding in this round. It is clean when all came to rest."""

    generation: int
    outstanding: int = 0
    keep: bool = False  # something is left to do in a later round or run


@dataclass(slots=True)
class Executor:
    """The writing half of one run."""

    hub: Hub
    run: int
    lease: Lease
    observer: Observer
    selected: Collection[BindingId]
    closed: Collection[BindingId] = ()  # bindings in which nothing may be created yet
    stopped: dict[str, Trouble] = field(default_factory=dict)  # connections not written to any more in this run
    calls: dict[str, int] = field(default_factory=dict)
    _due: dict[str, Due] = field(default_factory=dict)
    _standings: dict[str, Standing] = field(default_factory=dict)
    _buffers: dict[tuple[BindingId, ActionKind], list[Action]] = field(default_factory=dict)
    _open: dict[tuple[str, BindingId], tuple[Bucket, str | None]] = field(default_factory=dict)
    progress: int = 0

    # deciding, page by page

    def standings(self, rows: Sequence[tuple[str, int]], bindings: Sequence[Binding]) -> list[Standing]:
        """What is known about a page of entities, loaded set-wise."""
        store = self.hub.store
        ids = [entity_id for entity_id, _ in rows]
        canonicals, links, conflicts = store.canonicals(ids), store.links_of(ids), store.open_conflicts(ids)
        refused: dict[str, dict[BindingId, Parked]] = {}
        for binding in bindings:
            for entity_id, parked in store.parked(binding.id, Side.OUT, ids).items():
                refused.setdefault(entity_id, {})[binding.id] = parked
        return [
            Standing(canonicals[i], links.get(i, []), conflicts.get(i, {}), refused.get(i, {}))
            for i in ids
            if i in canonicals
        ]

    def round(self, entity: str) -> bool:
        """Decide and write for every entity that needs it. Returns whether another round could do more."""
        bindings, after, before = self.hub.writers(entity), "", self.progress
        self.observer.touched.clear()
        again = False
        while rows := self.hub.store.dirty(entity, after, self.hub.policy.page):
            after = rows[-1][0]
            generations = dict(rows)
            for standing in self.standings(rows, bindings):
                again |= self._consider(standing, generations[standing.canonical.id], bindings)
            self._rest()
            self._flush(full_only=True)
        self._flush(full_only=False)
        self._rest()
        return again and self.progress > before

    def _consider(self, standing: Standing, generation: int, bindings: Sequence[Binding]) -> bool:
        entity_id = standing.canonical.id
        due = self._due[entity_id] = Due(generation)
        for verdict in decide(standing, bindings, self.closed):
            self._count(entity_id, verdict)
            if verdict.unlink is not None:
                verdict.unlink.state = LinkState.GONE
                self._changes_of_unlink(verdict)
            action = verdict.action
            if verdict.bucket is Bucket.WAITING:
                due.keep = True
            if action is None:
                continue
            if verdict.binding not in self.selected or verdict.binding.connection in self.stopped:
                due.keep = True
                continue
            due.outstanding += 1
            self._standings[entity_id] = standing
            self._buffers.setdefault((action.binding, action.kind), []).append(action)
        return due.keep or due.outstanding > 0

    def _changes_of_unlink(self, verdict: Verdict) -> None:
        assert verdict.unlink is not None
        self._commit(Changes(links=[verdict.unlink]))

    def _count(self, entity_id: str, verdict: Verdict) -> None:
        """One (entity, binding) pair is seen once in a run, however many rounds it takes."""
        if verdict.binding not in self.selected:
            return
        pair = (entity_id, verdict.binding)
        balance = self.observer.balance(verdict.binding, Side.OUT)
        former = self._open.pop(pair, None)
        if former is None:
            balance.seen += 1
        if verdict.action is not None:
            self._open[pair] = (Bucket.WAITING, "not written yet")
        elif verdict.bucket is Bucket.WAITING:
            self._open[pair] = (Bucket.WAITING, verdict.detail)
        else:
            balance.count(verdict.bucket, detail=verdict.detail)

    def close_balances(self) -> None:
        """What never came to rest is waiting."""
        for (_, binding), (bucket, detail) in self._open.items():
            self.observer.balance(binding, Side.OUT).count(bucket, detail=detail)
        self._open.clear()

    def _ended(self, action: Action, bucket: Bucket, detail: str | None, *, keep: bool = False) -> None:
        """One action came to rest (or, with ``keep``, is left for later)."""
        due = self._due.get(action.entity_id)
        if due is not None:
            due.outstanding -= 1
            due.keep = due.keep or keep
        pair = (action.entity_id, action.binding)
        if keep:
            self._open[pair] = (bucket, detail)
            return
        self.progress += 1
        if self._open.pop(pair, None) is not None:
            self.observer.balance(action.binding, Side.OUT).count(bucket, detail=detail)

    def _resting(self) -> list[tuple[str, int]]:
        """Entities of this round that have come to rest, and may be marked clean."""
        done = [(i, due) for i, due in self._due.items() if due.outstanding <= 0]
        for entity_id, _ in done:
            del self._due[entity_id]
            self._standings.pop(entity_id, None)
        return [(entity_id, due.generation) for entity_id, due in done if not due.keep]

    def _rest(self) -> None:
        clean = self._resting()
        if clean:
            self._commit(Changes(clean=clean))

    def _commit(self, changes: Changes) -> None:
        self.hub.store.commit(changes, self.run, self.lease, self.hub.clock.now())

    # writing, batch by batch

    def _flush(self, *, full_only: bool) -> None:
        for (binding_id, kind), actions in list(self._buffers.items()):
            writes = self.hub.stream(binding_id).writes or Writes()
            creating = kind is ActionKind.CREATE
            most = max(writes.batch, writes.bulk) if creating else writes.batch
            while actions and (len(actions) >= most or not full_only):
                size = writes.size(len(actions), creating=creating)
                batch, actions[:] = actions[:size], actions[size:]
                self._write(self.hub.bindings[binding_id], kind, batch)

    def _write(self, binding: Binding, kind: ActionKind, batch: list[Action]) -> None:
        trouble, touched = self.stopped.get(binding.id.connection), self.observer.touched
        fresh: list[Action] = []
        for action in batch:
            if trouble is None and action.entity_id not in touched:
                fresh.append(action)
            else:
                why = trouble.message if trouble else "changed while it was being written"
                self._ended(action, Bucket.WAITING, why, keep=True)
        try:
            current = self._reread(binding, kind, fresh)
            fresh = [action for action in fresh if action.key is None or action.key in current]
            ready = self._render(binding, fresh, current)
            self._send(binding, kind, ready)
        except ConnectorError as error:
            self._stop(binding, error, batch)

    def _stop(self, binding: Binding, error: ConnectorError, batch: Sequence[Action]) -> None:
        """The connection cannot be worked with now: the rest of its writes stay due."""
        self.stopped[binding.id.connection] = trouble = Trouble.of(binding.id, error)
        for action in batch:
            if (action.entity_id, action.binding) in self._open:
                self._ended(action, Bucket.WAITING, trouble.code, keep=True)

    def _reread(
        self, binding: Binding, kind: ActionKind, batch: Sequence[Action]
    ) -> dict[str, Mapping[str, Any] | None]:
        """Look at the records once more before writing them, unless the system itself refuses stale writes.

        Returns the keys that may be written, with what is there now where it was read; what moved is absorbed instead.
        """
        keys = [action.key for action in batch if action.key is not None]
        stream = self.hub.stream(binding.id)
        if kind is ActionKind.CREATE or not keys:
            return {}
        if stream.writes is not None and stream.writes.conditional:
            return dict.fromkeys(keys)
        records = self.hub.connector(binding.id).fetch(stream.name, keys)  # type: ignore[attr-defined]  # contract
        self._called(binding)
        expected = {action.key: action.expects for action in batch}
        there: dict[str, Mapping[str, Any] | None] = {}
        moved: list[Record] = []
        for record in records:
            if record.deleted or record.version is None or record.version != expected.get(record.key):
                moved.append(record)
            else:
                there[record.key] = record.data
        if moved:
            there.update(self._still_the_same(binding, moved))
        for action in batch:
            if action.key is not None and action.key not in there:
                self._ended(action, Bucket.WAITING, "changed there meanwhile", keep=True)
        return there

    def _still_the_same(self, binding: Binding, moved: Sequence[Record]) -> dict[str, Mapping[str, Any] | None]:
        """Absorb records whose version moved; those whose mapped fields did not move may be written all the same."""
        live = [record for record in moved if not record.deleted]
        prints = dict(zip((r.key for r in live), binding.mapping.fingerprints(live), strict=True))
        known = self.hub.store.fingerprints(binding.id, list(prints))
        same = {r.key: r.data for r in live if known.get(r.key) is not None and known[r.key] == prints[r.key]}
        different = [record for record in moved if record.key not in same]
        if different:
            self.observer.notice(binding, different)
        return dict(same)

    def _render(
        self, binding: Binding, batch: Sequence[Action], current: Mapping[str, Mapping[str, Any] | None]
    ) -> list[Action]:
        """Fill in record fields; what cannot be rendered is parked, what waits for a reference stays due."""
        canonicals = [self._standings[action.entity_id].canonical for action in batch]
        keys = self.keys_for(binding, canonicals)
        requests = [
            RenderRequest(canonical.values, action.paths, keys, current.get(action.key or ""))
            for action, canonical in zip(batch, canonicals, strict=True)
        ]
        ready: list[Action] = []
        for action, rendition in zip(batch, binding.mapping.render(requests), strict=True):
            if self._sendable(binding, action, rendition):
                action.fields = rendition.fields
                action.revs = {p: r for p, r in action.revs.items() if p not in rendition.waiting}
                ready.append(action)
        return ready

    def _sendable(self, binding: Binding, action: Action, rendition: Rendition) -> bool:
        canonical = self._standings[action.entity_id].canonical
        for problem in rendition.problems:
            self._refuse(binding, action, problem.code, problem.message, problem.field, canonical.rev, problem.path)
            return False
        blocking = [path for path in rendition.waiting if path not in binding.cyclic]
        if rendition.waiting and (not rendition.fields or (blocking and action.kind is ActionKind.CREATE)):
            self._ended(action, Bucket.WAITING, f"{rendition.waiting[0]} has no record there yet", keep=True)
            return False
        if rendition.waiting:
            self._due[action.entity_id].keep = True
        if not rendition.fields and action.kind is ActionKind.UPDATE:
            self._ended(action, Bucket.UNCHANGED, "nothing of it is written there")
            return False
        return True

    def keys_for(self, binding: Binding, canonicals: Sequence[Canonical]) -> Callable[[str, str], str | None]:
        """Record keys, in this connection, of every entity that the given ones refer to."""
        known: dict[tuple[str, str], str] = {}
        for path, stream in binding.mapping.reference_streams.items():
            spec = binding.context.schema.field(path.replace("[*]", "[]"))
            if spec is None or spec.kind is not Kind.REFERENCE or not spec.target:
                continue
            ids = {str(value) for c in canonicals for value in values_at(path, c.values) if value}
            if ids:
                at = BindingId(binding.id.connection, stream, spec.target)
                for entity_id, key in self.hub.store.keys_at(at, sorted(ids)).items():
                    known[stream, entity_id] = key
        return lambda stream, entity_id: known.get((stream, entity_id))

    def _send(self, binding: Binding, kind: ActionKind, batch: list[Action]) -> None:
        """Record the intent, call, absorb. A batch refused as a whole is halved until the culprit stands alone."""
        if not batch:
            return
        intent = Intent(
            binding=binding.id,
            kind=kind,
            rows=[self._intent_row(action) for action in batch],
            run=self.run,
            sent_at=self.hub.clock.now(),
        )
        intent.id = self.hub.store.open_intent(intent, self.lease)
        writes = [Write(a.key, a.fields, a.expects, a.entity_id) for a in batch]
        connector = self.hub.connector(binding.id)
        deed = connector.remove if kind is ActionKind.DELETE else connector.upsert  # type: ignore[attr-defined]
        self._called(binding)
        try:
            outcomes = list(deed(binding.id.stream, writes))
        except RefusedError as error:
            self._close(intent)
            if len(batch) == 1:
                code, message = error.code, str(error)
                self._absorb(binding, batch, [Outcome(OutcomeKind.REFUSED, code=code, message=message)], intent)
                return
            half = len(batch) // 2
            self._send(binding, kind, batch[:half])
            self._send(binding, kind, batch[half:])
            return
        except (AnswerLostError, ProtocolError) as error:
            for action in batch:
                self._ended(action, Bucket.WAITING, "no answer; it will be looked up", keep=True)
            self.stopped[binding.id.connection] = Trouble.of(binding.id, error)
            return
        except ConnectorError:
            self._close(intent)
            raise
        if len(outcomes) != len(batch):
            raise ProtocolError(f"{len(outcomes)} outcomes for {len(batch)} writes to {binding.id}")
        self._absorb(binding, batch, outcomes, intent)

    def _intent_row(self, action: Action) -> IntentRow:
        values = self._standings[action.entity_id].canonical.values
        whole = action.revs.keys() == values.keys()
        written = values.copy() if whole else {path: values.get(path) for path in action.revs}
        return IntentRow(action.entity_id, action.key, action.fields, written, action.revs, action.expects)

    def _close(self, intent: Intent) -> None:
        assert intent.id is not None
        self._commit(Changes(closed_intents=[(intent.id, [])]))

    def _called(self, binding: Binding) -> None:
        connection = binding.id.connection
        self.calls[connection] = self.calls.get(connection, 0) + 1

    def _absorb(self, binding: Binding, batch: Sequence[Action], outcomes: Sequence[Outcome], intent: Intent) -> None:
        """Store what the system answered, in one transaction with the end of the intent."""
        outcomes = self._read_back(binding, intent.kind, outcomes)
        scene = self._scene(batch)
        ledger = Ledger(scene, self.hub.mappings, self.hub.indexes, self.run, self.observer.ids)
        open_rows: list[IntentRow] = []
        missing: list[Record] = []
        direct = self._answers_with_records(binding)
        shown = self._shown(binding, outcomes)
        for place, (action, row, outcome) in enumerate(zip(batch, intent.rows, outcomes, strict=True)):
            if outcome.kind is OutcomeKind.APPLIED:
                written = Written(intent.kind, row, outcome, intent.id, direct, shown.get(place))
                self._applied(binding, action, written, ledger)
            else:
                self._take(binding, action, row, outcome, ledger, open_rows, missing)
        changes = ledger.closed()
        if intent.id is not None:
            changes.closed_intents.append((intent.id, open_rows))
        changes.clean += self._resting()
        self._commit(changes)
        if missing:
            self.observer.notice(binding, missing)

    @staticmethod
    def _shown(binding: Binding, outcomes: Sequence[Outcome]) -> dict[int, tuple[Projection, str]]:
        """The records in a batch's answers, projected together: place in the batch → projection and fingerprint."""
        answered = [
            (place, outcome.record)
            for place, outcome in enumerate(outcomes)
            if outcome.kind is OutcomeKind.APPLIED and outcome.record is not None
        ]
        records = [record for _, record in answered]
        seen = zip(binding.mapping.project(records), binding.mapping.fingerprints(records), strict=True)
        return {place: one for (place, _), one in zip(answered, seen, strict=True)}

    def _scene(self, batch: Sequence[Action]) -> Scene:
        """From what was loaded for deciding: nobody else writes while the lease is held."""
        scene = Scene()
        for action in batch:
            standing = self._standings[action.entity_id]
            scene.canonicals[action.entity_id] = standing.canonical
            if not isinstance(standing.links, list):
                standing.links = list(standing.links)
            scene.links_of[action.entity_id] = standing.links
            scene.conflicts[action.entity_id] = dict(standing.conflicts)
        return scene

    def _applied(self, binding: Binding, action: Action, written: Written, ledger: Ledger) -> None:
        take(binding, written, ledger)
        if binding.id in self._standings[action.entity_id].refused:
            ledger.changes.unparked.append((binding.id, Side.OUT, action.entity_id))
        self._ended(action, Bucket.WRITTEN, _DONE[written.kind])

    def _take(
        self,
        binding: Binding,
        action: Action,
        row: IntentRow,
        outcome: Outcome,
        ledger: Ledger,
        open_rows: list[IntentRow],
        missing: list[Record],
    ) -> None:
        """A write that was not carried out, or of which nothing is known."""
        if outcome.kind is OutcomeKind.UNKNOWN:
            open_rows.append(row)
            self._ended(action, Bucket.WAITING, "no answer; it will be looked up", keep=True)
        elif outcome.kind in (OutcomeKind.STALE, OutcomeKind.MISSING):
            missing += self._look_again(binding, action, outcome)
            self._ended(action, Bucket.WAITING, "changed there meanwhile", keep=True)
        elif outcome.kind in _NOT_CARRIED_OUT:
            self._ended(action, Bucket.WAITING, outcome.code or outcome.kind.value, keep=True)
            if outcome.kind is not OutcomeKind.RETRY:
                self.stopped[binding.id.connection] = Trouble(
                    connection=binding.id.connection,
                    stream=binding.id.stream,
                    code=outcome.kind.value,
                    message=outcome.message or f"writes were not carried out: {outcome.kind.value}",
                )
        else:
            code = outcome.code or outcome.kind.value
            message = outcome.message or f"the system refused the write ({code})"
            rev = ledger.scene.canonicals[action.entity_id].rev
            self._refuse(binding, action, code, message, outcome.field, rev, None, ledger)

    def _look_again(self, binding: Binding, action: Action, outcome: Outcome) -> list[Record]:
        if action.key is None:
            return []
        if outcome.kind is OutcomeKind.MISSING:
            return [Record(action.key, {}, deleted=True, superseded_by=outcome.of)]
        connector = self.hub.connector(binding.id)
        self._called(binding)
        return list(connector.fetch(binding.id.stream, [action.key]))  # type: ignore[attr-defined]  # contract

    def _answers_with_records(self, binding: Binding) -> bool:
        writes = self.hub.stream(binding.id).writes
        return writes is not None and writes.returns_record

    def _read_back(self, binding: Binding, kind: ActionKind, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Give each applied outcome its record, in one call, where the answers carry none."""
        bare = [o.key for o in outcomes if o.kind is OutcomeKind.APPLIED and o.record is None and o.key]
        if kind is ActionKind.DELETE or not bare:
            return list(outcomes)
        connector = self.hub.connector(binding.id)
        try:
            found = {r.key: r for r in connector.fetch(binding.id.stream, bare)}  # type: ignore[attr-defined]
        except ConnectorError as error:
            # The write is known to have happened; only its rendition is not. The next read will show it.
            self.stopped[binding.id.connection] = Trouble.of(binding.id, error)
            return list(outcomes)
        self._called(binding)
        return [
            o._replace(record=found[o.key])
            if o.kind is OutcomeKind.APPLIED and o.record is None and o.key in found and not found[o.key].deleted
            else o
            for o in outcomes
        ]

    def _refuse(
        self,
        binding: Binding,
        action: Action,
        code: str,
        message: str,
        record_field: str | None,
        rev: int,
        path: str | None,
        ledger: Ledger | None = None,
    ) -> None:
        """A dead letter on the way out: kept until a person, or a newer canonical revision, tries again."""
        parked = Parked(
            binding=binding.id,
            side=Side.OUT,
            key=action.entity_id,
            why=Why.DEAD,
            code=code,
            message=message,
            field=record_field,
            path=path,
            data=action.fields,
            rev=rev,
        )
        if ledger is not None:
            ledger.changes.parked.append(parked)
        else:
            self._commit(Changes(parked=[parked]))
        self._ended(action, Bucket.DEAD, code)
