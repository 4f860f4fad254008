"""Find out what became of writes whose answer never came. They are looked up, never sent again blindly."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from connectors.contract import Outcome, OutcomeKind, Replay, Write
from mappings.contract import Projection
from model.errors import AnswerLostError, ProtocolError, RefusedError
from model.records import Record, value_at
from sync.absorb import Binding, resolved
from sync.decision import (
    ActionKind,
    Changes,
    Intent,
    IntentRow,
    LinkState,
    Parked,
    Side,
    Why,
    blank,
)
from sync.hub import Hub
from sync.ledger import Ledger, Scene
from sync.observe import Observer
from sync.outcomes import Written, one_each, take
from sync.ports import Lease
from sync.reconcile import IN_DOUBT
from sync.scenes import load_entities, load_references
from sync.stepwise import cut, halfway, taken_by_others

_UNSURE = (OutcomeKind.UNKNOWN, OutcomeKind.RETRY, OutcomeKind.THROTTLED, OutcomeKind.UNAUTHORISED)
"""What was sent again was perhaps not carried out this time; of the first time this says nothing."""
_PATIENCE: Final = timedelta(hours=1)


@dataclass(slots=True)
class Recovery:
    """Closes the open intents of one connection. Raises ConnectorError where the system cannot be asked."""

    hub: Hub
    run: int
    lease: Lease
    observer: Observer
    _in_question: dict[str, int] = field(default_factory=dict)  # stream → creates to be looked up in another run

    def connection(self, name: str, entities: Collection[str]) -> int:
        """Look into what is open of the given entities, whose lease is held: another's writes may be under way.

        Returns how many writes were in doubt.
        """
        doubted, self._in_question = 0, {}
        for intent in self.hub.store.open_intents(name):
            binding = self.hub.bindings.get(intent.binding)
            if binding is None or intent.binding.entity not in entities:
                continue  # where its mapping is gone, the intent waits for it
            doubted += len(intent.rows)
            if intent.kind is ActionKind.CREATE:
                self._creates(binding, intent)
            else:
                self._changes(binding, intent)
        if self._in_question:
            many = " and ".join(f"{n:,} records of {stream}" for stream, n in self._in_question.items())
            raise AnswerLostError(
                f"{name} cannot tell whether it made {many} that were sent again; they are looked up in the next run, "
                "and nothing is read or written there before"
            )
        return doubted

    def _changes(self, binding: Binding, intent: Intent) -> None:
        """Updates and deletes: read the records, and take what equals the intended for ours."""
        keys = [row.key for row in intent.rows if row.key]
        records = {r.key: r for r in self.hub.deeds(binding.id).fetch(binding.id.stream, keys)}
        applied: list[tuple[IntentRow, Record]] = []
        if intent.kind is ActionKind.UPDATE:
            applied = self._shown(binding, intent.rows, records)
        taken = {record.key for _, record in applied}
        self._adopt(binding, intent, applied, [])
        others = [record for record in records.values() if record.key not in taken]
        if others:
            self.observer.notice(binding, others)

    def _shown(
        self, binding: Binding, rows: Sequence[IntentRow], records: Mapping[str, Record]
    ) -> list[tuple[IntentRow, Record]]:
        """Rows of which at least one path is as we sent it, cut down to such paths: the others are somebody's edits.

        Paths that cannot be read are taken for written where all that can be read are.
        """
        there = [(row, records.get(row.key or "")) for row in rows]
        pairs = [(row, record) for row, record in there if record is not None and not record.deleted]
        projections = binding.mapping.project([record for _, record in pairs])
        scene = Scene()
        load_references(self.hub.store, binding, projections, scene)
        found: list[tuple[IntentRow, Record]] = []
        for (row, record), projection in zip(pairs, projections, strict=True):
            values, _ = resolved(binding, projection, scene)
            read = [path for path in row.revs if binding.mapping.covers(path)]
            shown = [path for path in read if path in values and self._as_sent(binding, path, row, values[path])]
            if len(shown) == len(read):
                found.append((row, record))
            elif shown:
                found.append((row._replace(revs={path: row.revs[path] for path in shown}), record))
        return found

    def _as_sent(self, binding: Binding, path: str, row: IntentRow, value: object) -> bool:
        sent = row.values.get(path)
        return value == sent or (blank(value) and blank(sent)) or binding.mapping.same(path, sent, value)

    def _creates(self, binding: Binding, intent: Intent) -> None:
        writes = self.hub.stream(binding.id).writes
        replay = writes.replay if writes is not None else Replay.NATURAL
        marker = writes.marker if writes is not None else None
        found: dict[str, Record] = {}
        if marker and hasattr(self.hub.connector(binding.id), "find"):
            try:
                found = self._find(binding, marker, [row.entity_id for row in intent.rows])
            except RefusedError:  # asking again will not help: a person has to look
                if replay is Replay.LOOKUP:
                    self._adopt(binding, intent, [], [], intent.rows)
                    return
        there = [(row, found[row.entity_id]) for row in intent.rows if row.entity_id in found]
        if replay is Replay.UPSERT:
            self._again(binding, intent, there)
        elif replay is Replay.LOOKUP and marker:
            self._adopt(binding, intent, there, [])
        else:
            self._by_nature(binding, intent)

    def _again(self, binding: Binding, intent: Intent, there: Sequence[tuple[IntentRow, Record]]) -> None:
        """The system recognises our marker: sending exactly what was sent makes nothing twice.

        What is found there is not sent again: somebody may have edited it since. Where a create is in doubt still, the
        connection is not read in this run: it would look like a record of somebody else's. But one record must not
        keep it shut: after an hour a person has to look.
        """
        known = {row.entity_id for row, _ in there}
        rows = [row for row in intent.rows if row.entity_id not in known]
        if not rows:
            self._adopt(binding, intent, there, [])
            return
        outcomes, partly = halfway(ActionKind.CREATE, self._resent(binding, rows))
        keys = [o.key for o in outcomes if o.kind is OutcomeKind.APPLIED and o.key]
        records = {r.key: r for r in self.hub.deeds(binding.id).fetch(binding.id.stream, keys)} if keys else {}
        applied, unsure = [*there], []
        for row, outcome in zip(rows, outcomes, strict=True):
            if outcome.kind is OutcomeKind.APPLIED and outcome.key in records:
                applied.append((row, records[outcome.key]))
            elif outcome.kind is OutcomeKind.APPLIED or outcome.kind in _UNSURE:
                unsure.append(row)
        halves = {rows[at].entity_id for at in partly}
        if unsure and self._looked_long_enough(binding, intent):
            self._adopt(binding, intent, applied, [], unsure, halves=halves)
            return
        self._adopt(binding, intent, applied, unsure, halves=halves)
        if unsure:
            stream = binding.id.stream
            self._in_question[stream] = self._in_question.get(stream, 0) + len(unsure)

    def _resent(self, binding: Binding, rows: Sequence[IntentRow]) -> Sequence[Outcome]:
        writes = [Write(None, row.fields, None, row.entity_id) for row in rows]
        self.hub.store.renew(self.lease, self.hub.clock.now())  # else whoever took over may have sent them, too
        try:
            outcomes = one_each(binding, writes, self.hub.deeds(binding.id).upsert(binding.id.stream, writes))
        except RefusedError:
            return [Outcome(OutcomeKind.REFUSED)] * len(rows)  # decided anew, one by one, in this run
        except (AnswerLostError, ProtocolError):
            return [Outcome(OutcomeKind.UNKNOWN)] * len(rows)
        for outcome in outcomes:
            if outcome.kind is OutcomeKind.THROTTLED:
                self.hub.rests.note(binding.id.connection, outcome.until)
        return taken_by_others(rows, outcomes, self._owners(binding, outcomes))

    def _owners(self, binding: Binding, outcomes: Sequence[Outcome]) -> dict[str, str]:
        links = self.hub.store.links(binding.id, [outcome.key for outcome in outcomes if outcome.key])
        return {key: link.entity_id for key, link in links.items() if link.state is LinkState.LIVE}

    def _looked_long_enough(self, binding: Binding, intent: Intent) -> bool:
        """Whether the connection was first looked at more than an hour ago: by the first run after the intent's own."""
        began = self.hub.store.first_run_after(intent.run, binding.id.connection)
        return began is not None and self.hub.clock.now() - began > _PATIENCE

    def _find(self, binding: Binding, field: str, values: Sequence[str]) -> dict[str, Record]:
        """Records by the value of one of their fields (dotted where nested)."""
        records = self.hub.deeds(binding.id).find(binding.id.stream, field, values)
        return {str(value_at(record, field)): record for record in records if not record.deleted}

    def _by_nature(self, binding: Binding, intent: Intent) -> None:
        """No marker: a unique field of the record itself may tell; otherwise a person has to look."""
        unique = [f.name for f in self.hub.connector(binding.id).discover(binding.id.stream) if f.unique]
        applied: list[tuple[IntentRow, Record]] = []
        unclear: list[IntentRow] = []
        for row in intent.rows:
            field = next((name for name in unique if row.fields.get(name)), None)
            if field is None:
                unclear.append(row)
                continue
            try:
                found = self._unlinked(binding, field, str(row.fields[field]))
            except RefusedError:
                unclear.append(row)
                continue
            if len(found) == 1:
                applied.append((row, found[0]))
            elif found:
                unclear.append(row)
        self._adopt(binding, intent, applied, [], unclear, surely=False)

    def _unlinked(self, binding: Binding, field: str, value: str) -> list[Record]:
        """Records with that value (which the system may write in a way of its own) that were never known before: what
        was linked once, be it to an entity that ended, was there before the create."""
        records = self.hub.deeds(binding.id).find(binding.id.stream, field, [value])
        live = [record for record in records if not record.deleted]
        links = self.hub.store.links(binding.id, [record.key for record in live])
        return [record for record in live if record.key not in links]

    def _in_doubt(self, binding: Binding, rows: Sequence[IntentRow]) -> list[Parked]:
        """Nothing tells whether these were carried out: a person has to look."""
        canonicals = self.hub.store.canonicals([row.entity_id for row in rows])
        return [
            Parked(
                binding=binding.id,
                side=Side.OUT,
                key=row.entity_id,
                why=Why.DISPUTED,
                code=IN_DOUBT,
                message="a create was sent, no answer came, and nothing in the record tells whether it exists there",
                data=dict(row.fields),
                rev=canonicals[row.entity_id].rev if row.entity_id in canonicals else 0,
            )
            for row in rows
        ]

    def _adopt(
        self,
        binding: Binding,
        intent: Intent,
        applied: Sequence[tuple[IntentRow, Record]],
        open_rows: list[IntentRow],
        unclear: Sequence[IntentRow] = (),
        *,
        surely: bool = True,
        halves: Collection[str] = (),
    ) -> None:
        """Rows found carried out become links with the *logged* values as baseline; the others are decided anew.

        ``halves`` are entities whose records were made in part.

        All that follows from one intent is stored together with its end.
        """
        scene = Scene()
        applied = self._own(binding, applied)
        if applied:
            load_entities(self.hub.store, scene, [row.entity_id for row, _ in applied])
            projections = binding.mapping.project([record for _, record in applied])
            load_references(self.hub.store, binding, projections, scene)
            applied = self._without_gaps(binding, intent.kind, applied, projections, scene, halves)
        ledger = Ledger(scene, self.hub.mappings, self.hub.indexes, self.run, self.observer.ids)
        for row, record in applied:
            if row.entity_id not in scene.canonicals:
                continue
            scene.links_of.setdefault(row.entity_id, [])
            outcome = Outcome(OutcomeKind.APPLIED, record.key, record.version, record)
            take(binding, Written(intent.kind, row, outcome, intent.id, direct=False, surely=surely), ledger)
        changes = ledger.closed()
        for batch in changes.writes:
            batch.run = intent.run  # else undoing that run would pass them by
        assert intent.id is not None
        changes.closed_intents.append((intent.id, open_rows))
        changes.parked += self._in_doubt(binding, unclear)
        changes.dirty.update((binding.id.entity, row.entity_id) for row in intent.rows)
        self._commit(changes)

    def _without_gaps(
        self,
        binding: Binding,
        kind: ActionKind,
        applied: Sequence[tuple[IntentRow, Record]],
        projections: Sequence[Projection],
        scene: Scene,
        halves: Collection[str],
    ) -> Sequence[tuple[IntentRow, Record]]:
        """Where a create takes several calls, what its record does not show as sent is nothing that was agreed on."""
        writes = self.hub.stream(binding.id).writes
        steps = writes is not None and writes.in_steps
        if kind is not ActionKind.CREATE or not (steps or halves):
            return applied
        return [
            (cut(binding, row, (one, ""), scene).row if steps or row.entity_id in halves else row, record)
            for (row, record), one in zip(applied, projections, strict=True)
        ]

    def _own(self, binding: Binding, applied: Sequence[tuple[IntentRow, Record]]) -> Sequence[tuple[IntentRow, Record]]:
        """Without records that were given to another entity meanwhile."""
        links = self.hub.store.links(binding.id, [record.key for _, record in applied])
        elsewhere = {key: link.entity_id for key, link in links.items() if link.state is LinkState.LIVE}
        return [(row, record) for row, record in applied if elsewhere.get(record.key, row.entity_id) == row.entity_id]

    def _commit(self, changes: Changes) -> None:
        self.hub.store.commit(changes, self.run, self.lease, self.hub.clock.now())
