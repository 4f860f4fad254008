"""What a person decides: conflicts, disputed matches, dead letters, links. Each is a small run of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from model.errors import StateError
from model.fields import Kind
from model.records import Record, value_at
from model.validate import validate
from sync.absorb import DECIDES, DISPUTED_MATCH, MERGED_THERE, Binding, Observation, join, resolved, waiting
from sync.decision import (
    BindingId,
    Canonical,
    Changes,
    ConflictState,
    EntityState,
    Link,
    LinkState,
    Parked,
    Side,
    Why,
)
from sync.hub import Hub, Listener
from sync.ledger import Ids, Ledger, Scene
from sync.merge import loosens
from sync.observe import Observer
from sync.pairing import concerned, living, load_pair
from sync.ports import Lease
from sync.scenes import load_entities, load_scene
from sync.uniting import Union, unite

if TYPE_CHECKING:
    from sync.report import RunReport

_SECONDS: Final = 60.0


@dataclass(slots=True)
class _Desk:
    """A lease, a run and an observer for one repair."""

    hub: Hub
    run: int
    lease: Lease
    observer: Observer

    def ledger(self, scene: Scene) -> Ledger:
        return Ledger(scene, self.hub.mappings, self.hub.indexes, self.run, self.observer.ids)

    def commit(self, changes: Changes) -> None:
        self.hub.store.commit(changes, self.run, self.lease, self.hub.clock.now())


class Repairs:
    """The part of `sync.run.Engine` that people call to settle what no rule could."""

    hub: Hub
    listener: Listener
    holder: str
    gone: Callable[[str], bool] | None

    def run(self, select: Sequence[str] = (), *, full: bool = False, trigger: str = "person") -> RunReport:
        """`sync.run.Engine.run`."""
        raise NotImplementedError

    @contextmanager
    def _desk(self, *entities: str) -> Iterator[_Desk]:
        """Raises LeaseHeldError while a run is under way."""
        store, clock = self.hub.store, self.hub.clock
        scopes = [f"entity:{entity}" for entity in entities]
        lease = store.acquire(scopes, self.holder, _SECONDS, clock.now(), self.gone)
        try:
            run = store.start_run([], "repair", clock.now())
            observer = Observer(self.hub, run, lease, self.listener)
            status = "failed"
            try:
                yield _Desk(self.hub, run, lease, observer)
                status = "ok"
            finally:
                store.finish_run(run, status, {}, None, clock.now())
        finally:
            store.release(lease)

    def resolve(self, conflict_id: int, winner: str | None = None, *, value: Any = None) -> None:
        """Settle a conflict for "ours" (the canonical value), "theirs" (the system's), or with a value of one's own.

        The decision is a canonical change by a person: it is pushed wherever the field differs in the next run.
        """
        conflict = self.hub.store.conflict(conflict_id)
        if conflict is None or conflict.state is not ConflictState.OPEN:
            raise StateError(f"there is no open conflict {conflict_id}; see `syncline conflicts list`")
        with self._desk(conflict.theirs_binding.entity) as desk:
            scene = Scene()
            load_entities(self.hub.store, scene, [conflict.entity_id])
            canonical = scene.canonicals[conflict.entity_id]
            ledger = desk.ledger(scene)
            if winner is None:
                self._fit(conflict.theirs_binding.entity, conflict.path, value)
            chosen = {"ours": canonical.values.get(conflict.path), "theirs": conflict.theirs}.get(winner or "", value)
            ledger.settle(canonical, conflict.path, winner or "person")
            _decide(ledger, canonical, conflict.path, chosen, "resolved by a person")
            desk.commit(ledger.closed())

    def restore(self, entity_id: str, path: str, value: Any) -> None:
        """Give a field a value again that it lost: an edit by a person, which answers an open conflict as well.

        The next run pushes it. Raises StateError where the entity or what the value refers to ended, and where a
        consent would be loosened.
        """
        canonical = living(entity_id, self.hub.store.canonicals([entity_id]).get(entity_id))
        schema = next(schema for schema in self.hub.entities if schema.name == canonical.entity)
        spec = schema.field(path)
        self._fit(canonical.entity, path, value)
        if spec is not None and spec.kind is Kind.REFERENCE:
            living(str(value), self.hub.store.canonicals([str(value)]).get(str(value)))
        with self._desk(canonical.entity) as desk:
            scene = Scene()
            load_entities(self.hub.store, scene, [entity_id])
            canonical, ledger = scene.canonicals[entity_id], desk.ledger(scene)
            disputed = path in scene.conflicts.get(entity_id, {})
            if canonical.values.get(path) == value and not disputed:
                raise StateError(f"{path} has this value; nothing was changed")
            if loosens(path, canonical.values.get(path), value):
                raise StateError(f"{path} stays: only a newer opt-in in some system loosens a consent")
            if disputed:
                ledger.settle(canonical, path, "person")
            _decide(ledger, canonical, path, value, "restored by a person")
            desk.commit(ledger.closed())

    def _fit(self, entity: str, path: str, value: Any) -> None:
        """Raises StateError where a person's own value is none that the canonical field can hold."""
        schema = next(schema for schema in self.hub.entities if schema.name == entity)
        problems = validate(schema, {path: value}) if value is not None else []
        if problems:
            raise StateError("; ".join(problem.message for problem in problems))

    def retry(self, parked_ids: Sequence[int]) -> RunReport:
        """Try parked records again: incoming ones as they were observed, outgoing ones by deciding anew.

        Of a row that was no record nothing is kept but its place: its stream is read in full.
        """
        pages = [parked_ids[at : at + self.hub.policy.page] for at in range(0, len(parked_ids), self.hub.policy.page)]
        for page in pages:
            self._parked(page)
        names: set[str] = set()
        flawed = False
        for page in pages:
            rows = self.hub.store.parked_by_id(page)  # some of them may have gone with an earlier page
            self._take_up(rows)
            names.update(str(row.binding) for row in rows)
            flawed = flawed or any(row.side is Side.IN and row.data is None for row in rows)
        return self.run(sorted(names), full=flawed, trigger="retry")

    def _take_up(self, rows: Sequence[Parked]) -> None:
        for binding_id in dict.fromkeys(row.binding for row in rows):
            binding = self._binding(binding_id)
            with self._desk(binding_id.entity) as desk:
                own = [row for row in rows if row.binding == binding_id]
                incoming = [row for row in own if row.side is Side.IN and row.data is not None]
                if incoming:
                    desk.observer.again(binding, incoming)
                changes = Changes()
                for row in own:
                    if row.side is Side.OUT:
                        changes.unparked.append((row.binding, row.side, row.key))
                        changes.dirty.add((binding_id.entity, row.key))
                desk.commit(changes)

    def discard(self, parked_ids: Sequence[int]) -> int:
        """Forget parked records. One that is read again with the same flaw is parked again."""
        rows = self._parked(parked_ids)
        for entity in dict.fromkeys(row.binding.entity for row in rows):
            with self._desk(entity) as desk:
                own = [row for row in rows if row.binding.entity == entity]
                desk.commit(Changes(unparked=[(row.binding, row.side, row.key) for row in own]))
        return len(rows)

    def settle_match(self, parked_id: int, entity_id: str | None) -> str:
        """A disputed record is that entity, or (None) a new one. Returns the id of the entity it now belongs to.

        Where two records were merged in a system, the answer is the entity to keep: the other one is merged into it.
        """
        (row,) = self._parked([parked_id])
        if row.code == MERGED_THERE:
            return self._settle_merge(row, entity_id)
        if row.why is not Why.DISPUTED or row.side is not Side.IN or row.data is None:
            raise StateError(f"{parked_id} is not a disputed match; see `syncline conflicts list`")
        binding = self._binding(row.binding)
        with self._desk(row.binding.entity) as desk:
            observation = _observation(binding, Record(row.key, row.data, row.version))
            scene = load_scene(self.hub.store, binding, [observation])
            scene.parked[row.key] = row
            linked = scene.links.get(row.key)
            if linked is not None and linked.state is LinkState.LIVE:
                raise StateError(f"the record of {parked_id} is linked already; split it off first")
            ledger = desk.ledger(scene)
            ledger.unpark(binding.id, Side.IN, row.key)
            if entity_id is None:
                joined = self._found(binding, observation, ledger)
            else:
                joined = self._known(entity_id, scene)
                values, missing = resolved(binding, observation.projection, scene)
                link = Link(binding.id, row.key, joined.id, row.version, observation.fingerprint)
                ledger.joined(link, joined.rev, _answered(row), "person")
                join(binding, observation, values, joined, link, ledger)
                if missing:
                    waiting(binding, observation.record, missing, ledger)
            if linked is not None and linked.entity_id != joined.id:  # whose record it was may need one there again
                ledger.changes.dirty.add((row.binding.entity, linked.entity_id))
            desk.commit(ledger.closed())
        return joined.id

    def _known(self, entity_id: str, scene: Scene) -> Canonical:
        if entity_id not in scene.canonicals:
            load_entities(self.hub.store, scene, [entity_id])
        found = scene.canonicals.get(entity_id)
        if found is not None and found.state is EntityState.DELETED:
            raise StateError(f"the entity {entity_id} was deleted; settle the record as a new one instead")
        return living(entity_id, found)

    def _settle_merge(self, row: Parked, entity_id: str | None) -> str:
        others = [one for one in row.candidates if one != entity_id]
        if entity_id not in row.candidates or len(others) != 1:
            raise StateError(
                f"two records were merged in {row.binding.connection}: name the entity to keep, one of "
                f"{', '.join(row.candidates)}, or discard the question to leave both"
            )
        return self.unite(entity_id, others[0]).keep

    def unite(self, keep: str, drop: str) -> Union:
        """Two entities are one: ``drop`` ends, and its records, values and references become those of ``keep``.

        Raises StateError where they are not two live entities of one kind, or a write for ``drop`` is in doubt.
        """
        with self._desk(*concerned(self.hub, keep, drop)) as desk:
            ledger = desk.ledger(Scene())
            union = unite(load_pair(self.hub, keep, drop, ledger.scene), ledger)
            desk.commit(ledger.closed())
        return union

    def foretell_union(self, keep: str, drop: str) -> Union:
        """What `unite` would come to. Nothing is changed."""
        ledger = Ledger(Scene(), self.hub.mappings, self.hub.indexes, 0, Ids(0, ""))
        return unite(load_pair(self.hub, keep, drop, ledger.scene), ledger)

    def settle_deletion(self, parked_id: int, *, everywhere: bool) -> None:
        """A record deleted in one system: delete the entity everywhere, or keep it elsewhere."""
        (row,) = self._parked([parked_id])
        if row.code != "deleted-there":
            raise StateError(f"{parked_id} is not a deletion; see `syncline conflicts list`")
        with self._desk(row.binding.entity) as desk:
            scene = Scene(parked={row.key: row})
            load_entities(self.hub.store, scene, list(row.candidates))
            ledger = desk.ledger(scene)
            if everywhere:
                for canonical in scene.canonicals.values():
                    ledger.delete(canonical, None)
            ledger.unpark(row.binding, Side.IN, row.key)
            desk.commit(ledger.closed())

    def split(self, binding_id: BindingId, key: str) -> str:
        """Take a record out of its entity: it founds one of its own, from what the system holds. Returns its id."""
        binding = self._binding(binding_id)
        link = self.hub.store.links(binding_id, [key]).get(key)
        if link is None or link.state is not LinkState.LIVE:
            raise StateError(f"{binding_id} has no live link for that key")
        connector = self.hub.connector(binding_id)
        records = [r for r in self.hub.deeds(binding_id).fetch(binding_id.stream, [key]) if not r.deleted]
        if not records:
            raise StateError(f"the record is not in {binding_id} any more")
        writes = connector.stream(binding_id.stream).writes
        if writes is not None and writes.marker and value_at(records[0], writes.marker) == link.entity_id:
            raise StateError(
                f"the hub created this record in {binding_id} for its entity, and it carries the mark of it; "
                "split the record of the other system off instead"
            )
        with self._desk(binding_id.entity) as desk:
            observation = _observation(binding, records[0])
            scene = load_scene(self.hub.store, binding, [observation])
            ledger = desk.ledger(scene)
            ledger.touch(scene.canonicals[link.entity_id])
            founded = self._found(binding, observation, ledger)
            desk.commit(ledger.closed())
        return founded.id

    def _found(self, binding: Binding, observation: Observation, ledger: Ledger) -> Canonical:
        values, missing = resolved(binding, observation.projection, ledger.scene)
        present = {path: value for path, value in values.items() if value is not None}
        key = observation.record.key
        canonical = ledger.found(binding.id, present)
        link = Link(binding.id, key, canonical.id, observation.record.version, observation.fingerprint)
        ledger.link(link, new=True)
        if missing:
            waiting(binding, observation.record, missing, ledger)
        return canonical

    def _parked(self, ids: Sequence[int]) -> list[Parked]:
        rows = self.hub.store.parked_by_id(ids)
        missing = set(ids) - {row.id for row in rows}
        if missing:
            raise StateError(f"nothing is parked under {', '.join(map(str, sorted(missing)))}")
        return rows

    def _binding(self, binding_id: BindingId) -> Binding:
        binding = self.hub.bindings.get(binding_id)
        if binding is None:
            raise StateError(f"no live mapping ties {binding_id}")
        return binding


def _answered(row: Parked) -> str:
    """Why the record of a question was linked: what it was asked for, without what it asked."""
    asked = row.message.removesuffix(DECIDES) if row.code == DISPUTED_MATCH else ""
    return f"a person said so; it {asked}" if asked else "a person said so"


def _decide(ledger: Ledger, canonical: Canonical, path: str, value: Any, why: str) -> None:
    """A person's value; a record that shows it already has nothing to be told."""
    ledger.alter(canonical, {path: (value, why)}, "person")
    for link in ledger.scene.links_of.get(canonical.id, ()):
        entry = link.base.get(path)
        if entry is not None and entry.value == value:
            del link.base[path]
            ledger.link(link)


def _observation(binding: Binding, record: Record) -> Observation:
    (projection,) = binding.mapping.project([record])
    (fingerprint,) = binding.mapping.fingerprints([record])
    return Observation(record, projection, fingerprint)
