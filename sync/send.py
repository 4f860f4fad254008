"""Send batches: intents first, then the calls, then their answers absorbed as observations.

A batch is recorded in full before it is sent and closed in the same transaction that stores what came of it. Whatever
is still open when a run begins is *looked up*, never sent again blindly (`sync.recover`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from connectors.contract import Outcome, OutcomeKind, Write
from model.errors import AnswerLostError, ConnectorError, ProtocolError, RefusedError
from model.records import Record
from sync.absorb import Binding
from sync.crew import Start
from sync.decision import Action, ActionKind, Bucket, Changes, Intent, IntentRow, LinkState, Parked, Side, Why
from sync.due import Books
from sync.hub import Hub, Trouble, from_connector
from sync.ledger import Ledger, Scene
from sync.observe import Observer
from sync.outcomes import Seen, Written, one_each, shown_in, take, take_creates
from sync.ports import Lease
from sync.scenes import load_references
from sync.stepwise import Cut, cut, halfway, taken_by_others, unseen

_DONE = {ActionKind.CREATE: "created", ActionKind.UPDATE: "updated", ActionKind.DELETE: "deleted"}
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_SOON: Final = timedelta(seconds=1)  # so long, at most, an answer is held unstored, and the lease taken for held
_NOT_CARRIED_OUT = (OutcomeKind.THROTTLED, OutcomeKind.RETRY, OutcomeKind.UNAUTHORISED)


class _Sent(NamedTuple):
    """A batch under way."""

    batch: list[Action]
    intent: Intent
    asked_at: datetime
    found: Callable[[], list[Outcome]]


@dataclass(slots=True)
class _Answers:
    """One batch's answers on their way into the store."""

    binding: Binding
    ledger: Ledger
    open_rows: list[IntentRow] = field(default_factory=list)  # nothing is known of these
    noticed: list[Record] = field(default_factory=list)  # met on the way: observed once the answers are stored


@dataclass(slots=True)
class Sender:
    """Writes batches to systems. ``stopped`` are connections not written to any more in this run."""

    hub: Hub
    run: int
    lease: Lease
    observer: Observer
    books: Books
    calls: dict[str, int]
    stopped: dict[str, Trouble] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)  # entities that answers of this round brought news of
    _more: bool = False  # whether another batch follows at once
    _held: Changes | None = None  # what the answers so far mean
    _held_since: datetime | None = None  # when the first of them was asked for
    _asked_at: datetime | None = None  # when the batch was sent whose answer is absorbed
    _held_at: datetime = _NEVER  # when the lease was last seen to hold
    _owners: dict[str, str] = field(default_factory=dict)  # record key → entity id of the links held

    def send(self, binding: Binding, kind: ActionKind, batches: Sequence[list[Action]]) -> None:
        """Record all, then call, as many at once as the system takes, and absorb in order. Raises ConnectorError."""
        batches = [batch for batch in batches if not self._is_stopped(binding, batch)]
        if not batches:
            return
        left = deque(zip(batches, self._intents(binding, kind, batches), strict=True))
        writes = self.hub.stream(binding.id).writes
        at_once = min(len(left), writes.at_once if writes is not None else 1)
        with self.hub.crew(at_once) as start:
            sent: deque[_Sent] = deque()
            try:
                while left or sent:
                    while left and len(sent) < at_once:
                        batch, intent = left.popleft()
                        if self._overtaken(binding, batch):
                            self._close(intent)
                        else:
                            sent.append(self._begin(start, binding, batch, intent))
                    if sent:
                        one = sent.popleft()
                        self._more = bool(left or sent)
                        self._end(binding, one)
            except ConnectorError as error:
                self.stopped[binding.id.connection] = Trouble.of(binding.id, error)  # no half is sent, either
                self._end_all(binding, sent)
                self._close(*(intent for _, intent in left))
                raise
        self._store()

    def _end_all(self, binding: Binding, sent: Iterable[_Sent]) -> None:
        """Nothing more is sent; what was is answered, whatever became of the others."""
        self._more = True
        for one in sent:
            with suppress(ConnectorError):  # told by the first one
                self._end(binding, one)
        self._store()

    def _overtaken(self, binding: Binding, batch: Sequence[Action]) -> bool:
        """Whether a batch recorded together with others must not be sent any more after what became of those."""
        if self._is_stopped(binding, batch):
            return True
        touched = self.observer.touched
        if touched.isdisjoint([action.entity_id for action in batch]):
            return False
        for action in batch:
            self.books.ended(action, Bucket.WAITING, "changed while it was being written", keep=True)
        return True

    def _begin(self, start: Start, binding: Binding, batch: list[Action], intent: Intent) -> _Sent:
        writes = [Write(a.key, a.fields, a.expects, a.entity_id) for a in batch]
        deeds, stream = self.hub.deeds(binding.id), binding.id.stream
        deed = deeds.remove if intent.kind is ActionKind.DELETE else deeds.upsert
        asked_at = self.hub.clock.now()
        if asked_at - self._held_at > _SOON:  # whoever took over meanwhile may have sent this very batch
            self._held_at = asked_at
            self.hub.store.renew(self.lease, asked_at)
        self.called(binding)
        return _Sent(batch, intent, asked_at, start(lambda: one_each(binding, writes, deed(stream, writes))))

    def _end(self, binding: Binding, sent: _Sent) -> None:
        """A batch refused as a whole is halved until the culprit stands alone."""
        batch, intent, self._asked_at, found = sent
        try:
            outcomes = found()
        except RefusedError as error:
            if len(batch) == 1:
                refused = Outcome(OutcomeKind.REFUSED, code=error.code, message=str(error))
                self._absorb(binding, batch, [refused], intent)
                return
            self._close(intent)
            half = len(batch) // 2
            self.send(binding, intent.kind, [batch[:half]])
            self.send(binding, intent.kind, [batch[half:]])
        except (AnswerLostError, ProtocolError) as error:
            self._lost(binding, batch, error)
        except ConnectorError:
            self._close(intent)
            raise
        except Exception as error:  # a defect in one connector must not stop the others
            if not from_connector(error):
                raise
            self._lost(binding, batch, error)
        else:
            self._absorb(binding, batch, outcomes, intent)

    def _is_stopped(self, binding: Binding, batch: Sequence[Action]) -> bool:
        trouble = self.stopped.get(binding.id.connection)
        if trouble is not None:
            for action in batch:
                self.books.ended(action, Bucket.WAITING, trouble.code, keep=True)
        return trouble is not None

    def _lost(self, binding: Binding, batch: Sequence[Action], error: Exception) -> None:
        """What became of the batch is not known: its intent stays open, and nothing more is sent there in this run."""
        self.stopped[binding.id.connection] = Trouble.of(binding.id, error)
        for action in batch:
            self._doubt(action)

    def _doubt(self, action: Action) -> None:
        self.books.in_doubt.add((action.entity_id, action.binding))
        self.books.ended(action, Bucket.WAITING, "no answer; it will be looked up", keep=True)

    def _intents(self, binding: Binding, kind: ActionKind, batches: Sequence[list[Action]]) -> list[Intent]:
        now = self.hub.clock.now()
        intents = [
            Intent(binding=binding.id, kind=kind, rows=list(map(self._intent_row, batch)), run=self.run, sent_at=now)
            for batch in batches
        ]
        self._held_at = now
        for intent, number in zip(intents, self.hub.store.intend(intents, self.lease), strict=True):
            intent.id = number
        return intents

    def _intent_row(self, action: Action) -> IntentRow:
        values = self.books.standings[action.entity_id].canonical.values
        whole = action.revs.keys() == values.keys()
        written = values.copy() if whole else {path: values.get(path) for path in action.revs}
        return IntentRow(action.entity_id, action.key, action.fields, written, action.revs, action.expects)

    def _close(self, *intents: Intent) -> None:
        """Nothing of them was carried out."""
        if intents:
            self.commit(Changes(closed_intents=[(intent.id, []) for intent in intents if intent.id is not None]))

    def commit(self, changes: Changes) -> None:
        self._held_at = now = self.hub.clock.now()
        self.hub.store.commit(changes, self.run, self.lease, now)

    def called(self, binding: Binding) -> None:
        """Count one call to a connection."""
        connection = binding.id.connection
        self.calls[connection] = self.calls.get(connection, 0) + 1

    def _absorb(self, binding: Binding, batch: Sequence[Action], outcomes: Sequence[Outcome], intent: Intent) -> None:
        """Store what the system answered, in one transaction with the end of the intent."""
        outcomes, partly = halfway(intent.kind, self._not_taken(binding, intent, outcomes))
        for said in partly.values():
            self._rests(binding, said)
        outcomes = self._read_back(binding, intent.kind, outcomes)
        if binding.id.connection not in self.stopped:  # else what it has is shown by a later read
            outcomes = unseen(outcomes, partly)
        scene = self.books.scene([action.entity_id for action in batch])
        self._load_references(binding, outcomes, scene)
        ledger = Ledger(scene, self.hub.mappings, self.hub.indexes, self.run, self.observer.ids)
        answers = _Answers(binding, ledger)
        writes = self.hub.stream(binding.id).writes
        direct = writes is not None and writes.returns_record
        seen = shown_in(binding, outcomes)
        places: Sequence[int] = range(len(batch))
        if intent.kind is ActionKind.CREATE:
            places = self._created(binding, intent, outcomes, seen, ledger)
        for place in places:
            action, row, outcome = batch[place], intent.rows[place], outcomes[place]
            if outcome.kind is OutcomeKind.APPLIED:
                came = cut(binding, row, seen[place], scene) if place in partly else Cut(row, {})
                written = Written(intent.kind, came.row, outcome, intent.id, direct, seen[place], gaps=came.gaps)
                take(binding, written, ledger)
                self._applied(action, ledger, partly.get(place))
            else:
                self._not_applied(action, row, outcome, answers)
        changes = ledger.closed()
        self.moved.update(canonical.id for canonical in changes.changed)
        self.moved.update(conflict.entity_id for conflict in changes.conflicts)
        if intent.id is not None:
            changes.closed_intents.append((intent.id, answers.open_rows))
        changes.clean += self.books.resting()
        self._keep(changes)
        if answers.noticed:
            self._store()
            self.notice(binding, answers.noticed)

    def _keep(self, changes: Changes) -> None:
        """Store what an answer means: together with the answers to batches that follow at once.

        Not where the answer took its time, or this process slept meanwhile: storing shows whether the lease still
        holds, and nobody who was superseded may send the next batch.
        """
        now = self.hub.clock.now()
        if self._held is None:
            self._held, self._held_since = changes, self._asked_at
        else:
            self._held.add(changes)
        self._owners.update((link.key, link.entity_id) for link in changes.links)
        if not self._more or self._held_since is None or now - self._held_since >= _SOON:
            self._store()

    def _store(self) -> None:
        if self._held is not None:
            changes, self._held, self._owners = self._held, None, {}
            self.commit(changes)

    def _created(
        self,
        binding: Binding,
        intent: Intent,
        outcomes: Sequence[Outcome],
        seen: Sequence[Seen | None],
        ledger: Ledger,
    ) -> list[int]:
        """Take the answers to plain creates all at once. Returns the places of the others."""
        links, rest = take_creates(binding, intent.rows, outcomes, seen, ledger)
        standings = self.books.standings
        left = set(rest)
        revs = [row.revs for place, row in enumerate(intent.rows) if place not in left]
        names = {id(one): tuple(one) for one in revs}  # entities with the same fields share their revisions
        paths = [names[id(one)] for one in revs]
        ledger.made(links, paths, binding.mapping.version, intent.id)
        ids = [link.entity_id for link in links]
        ledger.changes.unparked += [(binding.id, Side.OUT, i) for i in ids if binding.id in standings[i].refused]
        self.books.all_ended(ids, binding.id, Bucket.WRITTEN, _DONE[ActionKind.CREATE])
        return rest

    def notice(self, binding: Binding, records: Sequence[Record]) -> None:
        """Observe records met while writing. What they bring is worth another round."""
        self.observer.notice(binding, records)
        self.books.progress += 1

    def _not_taken(self, binding: Binding, intent: Intent, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
        keys = [outcome.key for outcome in outcomes if outcome.key]
        if intent.kind is not ActionKind.CREATE or not keys:
            return outcomes
        links = self.hub.store.links(binding.id, keys)
        owners = {key: link.entity_id for key, link in links.items() if link.state is LinkState.LIVE}
        return taken_by_others(intent.rows, outcomes, owners | self._owners)

    def _load_references(self, binding: Binding, outcomes: Sequence[Outcome], scene: Scene) -> None:
        """What the answers' own references lead to: a system may have stored another one than it was told."""
        if not binding.mapping.reference_streams:
            return
        records = [outcome.record for outcome in outcomes if outcome.record is not None]
        load_references(self.hub.store, binding, binding.mapping.project(records), scene)

    def _applied(self, action: Action, ledger: Ledger, in_part: Outcome | None) -> None:
        if action.binding in self.books.standings[action.entity_id].refused:
            ledger.changes.unparked.append((action.binding, Side.OUT, action.entity_id))
        if in_part is None:
            self.books.ended(action, Bucket.WRITTEN, _DONE[action.kind])
            return
        if self.books.heard is not None:  # a plan's create was carried out
            self.books.heard(action.entity_id, action.binding, Bucket.WRITTEN, _DONE[action.kind])
        self.books.ended(action, Bucket.WAITING, in_part.code or in_part.kind.value, keep=True)

    def _not_applied(self, action: Action, row: IntentRow, outcome: Outcome, answers: _Answers) -> None:
        """A write that was not carried out, or of which nothing is known."""
        binding = answers.binding
        if outcome.kind is OutcomeKind.UNKNOWN:
            answers.open_rows.append(row)
            self._doubt(action)
        elif outcome.kind in (OutcomeKind.STALE, OutcomeKind.MISSING):
            answers.noticed += self._look_again(binding, action, outcome)
            self.books.ended(action, Bucket.WAITING, "changed there meanwhile", keep=True)
        elif outcome.kind in _NOT_CARRIED_OUT:
            self.books.ended(action, Bucket.WAITING, outcome.code or outcome.kind.value, keep=True)
            self._rests(binding, outcome)
        else:
            code = outcome.code or outcome.kind.value
            message = outcome.message or f"the system refused the write ({code})"
            answers.ledger.changes.parked.append(self.refused(action, code, message, outcome.field))
            if outcome.kind is OutcomeKind.DUPLICATE and outcome.of:
                # Whoever holds the unique value may be this very entity's record, which no read has shown yet.
                answers.noticed += self._fetch(binding, outcome.of)

    def _rests(self, binding: Binding, outcome: Outcome) -> None:
        """Leave a system alone that asked for it, and one that does not know us."""
        if outcome.kind in _NOT_CARRIED_OUT:
            self.hub.rests.note(binding.id.connection, outcome.until)
        if outcome.kind in (OutcomeKind.THROTTLED, OutcomeKind.UNAUTHORISED):
            message = outcome.message or f"writes were not carried out: {outcome.kind.value}"
            self.stopped[binding.id.connection] = Trouble(
                connection=binding.id.connection, stream=binding.id.stream, code=outcome.kind.value, message=message
            )

    def _look_again(self, binding: Binding, action: Action, outcome: Outcome) -> list[Record]:
        if action.key is None:
            return []
        if outcome.kind is OutcomeKind.MISSING:
            return [Record(action.key, {}, deleted=True, superseded_by=outcome.of)]
        return self._fetch(binding, action.key)

    def _fetch(self, binding: Binding, *keys: str) -> list[Record]:
        """Records as they are now; none where the system cannot be asked, which a later read makes up for."""
        self.called(binding)
        try:
            return list(self.hub.deeds(binding.id).fetch(binding.id.stream, list(keys)))
        except Exception as error:  # the batch's other answers must be stored, whatever goes wrong here
            if not (isinstance(error, ConnectorError) or from_connector(error)):
                raise
            self.stopped[binding.id.connection] = Trouble.of(binding.id, error)
            return []

    def _read_back(self, binding: Binding, kind: ActionKind, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Give each applied outcome its record, in one call, where the answers carry none."""
        bare = [o.key for o in outcomes if o.kind is OutcomeKind.APPLIED and o.record is None and o.key]
        if kind is ActionKind.DELETE or not bare or binding.id.connection in self.stopped:
            return list(outcomes)
        # Where this fails, the writes are still known to have happened: only their rendition waits for the next read.
        found = {record.key: record for record in self._fetch(binding, *bare) if not record.deleted}
        return [
            o._replace(record=found[o.key])
            if o.kind is OutcomeKind.APPLIED and o.record is None and o.key in found
            else o
            for o in outcomes
        ]

    def refused(
        self, action: Action, code: str, message: str, record_field: str | None, path: str | None = None
    ) -> Parked:
        """A dead letter on the way out: kept until a person, or a newer canonical revision, tries again."""
        self.books.ended(action, Bucket.DEAD, code)
        return Parked(
            binding=action.binding,
            side=Side.OUT,
            key=action.entity_id,
            why=Why.DEAD,
            code=code,
            message=message,
            field=record_field,
            path=path,
            data=action.fields,
            rev=self.books.standings[action.entity_id].canonical.rev,
        )
