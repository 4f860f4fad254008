"""Find out what became of writes whose answer never came. They are looked up, never sent again blindly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.contract import Outcome, OutcomeKind, Replay, Write
from model.errors import RefusedError
from model.records import Record
from sync.absorb import Binding
from sync.decision import (
    ActionKind,
    Changes,
    Intent,
    IntentRow,
    LinkState,
    Parked,
    Side,
    Why,
)
from sync.hub import Hub
from sync.ledger import Ledger, Scene
from sync.observe import Observer
from sync.outcomes import Written, take
from sync.ports import Lease


@dataclass(slots=True)
class Recovery:
    """Closes the open intents of one connection. Raises ConnectorError where the system cannot be asked."""

    hub: Hub
    run: int
    lease: Lease
    observer: Observer

    def connection(self, name: str) -> int:
        """Returns how many writes were in doubt."""
        doubted = 0
        for intent in self.hub.store.open_intents(name):
            binding = self.hub.bindings.get(intent.binding)
            if binding is None:
                continue  # its mapping is gone for now; the intent waits for it
            doubted += len(intent.rows)
            if intent.kind is ActionKind.CREATE:
                self._creates(binding, intent)
            else:
                self._changes(binding, intent)
        return doubted

    def _changes(self, binding: Binding, intent: Intent) -> None:
        """Updates and deletes: read the records, and take what equals the intended for ours."""
        keys = [row.key for row in intent.rows if row.key]
        connector = self.hub.connector(binding.id)
        records = {r.key: r for r in connector.fetch(binding.id.stream, keys)}  # type: ignore[attr-defined]
        applied: list[tuple[IntentRow, Record]] = []
        others: list[Record] = []
        for row in intent.rows:
            record = records.get(row.key or "")
            if record is None:
                continue
            done = not record.deleted and intent.kind is ActionKind.UPDATE and self._shows(binding, row, record)
            if done:
                applied.append((row, record))
            else:
                others.append(record)
        self._adopt(binding, intent, applied, [])
        if others:
            self.observer.notice(binding, others)

    def _shows(self, binding: Binding, row: IntentRow, record: Record) -> bool:
        (projection,) = binding.mapping.project([record])
        return all(
            path in projection.references
            or projection.values.get(path) == row.values.get(path)
            or binding.mapping.same(path, row.values.get(path), projection.values.get(path))
            for path in row.revs
            if binding.mapping.covers(path)
        )

    def _creates(self, binding: Binding, intent: Intent) -> None:
        writes = self.hub.stream(binding.id).writes
        replay = writes.replay if writes is not None else Replay.NATURAL
        marker = writes.marker if writes is not None else None
        if replay is Replay.UPSERT:
            self._again(binding, intent)
        elif replay is Replay.LOOKUP and marker:
            found = self._find(binding, marker, [row.entity_id for row in intent.rows])
            self._adopt(binding, intent, [(r, found[r.entity_id]) for r in intent.rows if r.entity_id in found], [])
        else:
            self._by_nature(binding, intent)

    def _again(self, binding: Binding, intent: Intent) -> None:
        """The system recognises our marker: sending exactly what was sent makes nothing twice."""
        connector = self.hub.connector(binding.id)
        rows, writes = intent.rows, [Write(None, row.fields, None, row.entity_id) for row in intent.rows]
        try:
            outcomes: Sequence[Outcome] = connector.upsert(binding.id.stream, writes)  # type: ignore[attr-defined]
        except RefusedError:
            outcomes = [Outcome(OutcomeKind.REFUSED)] * len(rows)  # decided anew, one by one, in this run
        keys = [o.key for o in outcomes if o.kind is OutcomeKind.APPLIED and o.key]
        records = {r.key: r for r in connector.fetch(binding.id.stream, keys)} if keys else {}  # type: ignore[attr-defined]
        applied = [
            (row, records[o.key])
            for row, o in zip(rows, outcomes, strict=True)
            if o.kind is OutcomeKind.APPLIED and o.key in records
        ]
        unknown = [row for row, o in zip(rows, outcomes, strict=True) if o.kind is OutcomeKind.UNKNOWN]
        self._adopt(binding, intent, applied, unknown)

    def _find(self, binding: Binding, field: str, values: Sequence[str]) -> dict[str, Record]:
        """Records by the value of one of their fields (dotted where nested)."""
        connector = self.hub.connector(binding.id)
        records = connector.find(binding.id.stream, field, values)  # type: ignore[attr-defined]
        return {str(_at(record, field)): record for record in records if not record.deleted}

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
            record = self._find(binding, field, [str(row.fields[field])]).get(str(row.fields[field]))
            if record is None:
                continue
            taken = self.hub.store.links(binding.id, [record.key]).get(record.key)
            if taken is None or taken.state is not LinkState.LIVE:
                applied.append((row, record))
        self._adopt(binding, intent, applied, [])
        canonicals = self.hub.store.canonicals([row.entity_id for row in unclear])
        parked = [
            Parked(
                binding=binding.id,
                side=Side.OUT,
                key=row.entity_id,
                why=Why.DISPUTED,
                code="in-doubt",
                message="a create was sent, no answer came, and nothing in the record tells whether it exists there",
                data=dict(row.fields),
                rev=canonicals[row.entity_id].rev if row.entity_id in canonicals else 0,
            )
            for row in unclear
        ]
        if parked:
            self._commit(Changes(parked=parked))

    def _adopt(
        self,
        binding: Binding,
        intent: Intent,
        applied: Sequence[tuple[IntentRow, Record]],
        open_rows: list[IntentRow],
    ) -> None:
        """Rows found carried out become links with the *logged* values as baseline; the others are decided anew."""
        scene = Scene()
        if applied:
            self.observer.load_entities(scene, [row.entity_id for row, _ in applied])
        ledger = Ledger(scene, self.hub.mappings, self.hub.indexes, self.run, self.observer.ids)
        for row, record in applied:
            if row.entity_id not in scene.canonicals:
                continue
            scene.links_of.setdefault(row.entity_id, [])
            outcome = Outcome(OutcomeKind.APPLIED, record.key, record.version, record)
            take(binding, Written(intent.kind, row, outcome, intent.id, direct=False), ledger)
        changes = ledger.closed()
        assert intent.id is not None
        changes.closed_intents.append((intent.id, open_rows))
        changes.dirty.update((binding.id.entity, row.entity_id) for row in intent.rows)
        self._commit(changes)

    def _commit(self, changes: Changes) -> None:
        self.hub.store.commit(changes, self.run, self.lease, self.hub.clock.now())


def _at(record: Record, field: str) -> object:
    value: object = record.data
    for name in field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
