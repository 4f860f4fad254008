"""Writes down what one page of decisions changes, keeping canonical records, links and match keys consistent. Pure.

Whoever changes a canonical field here also gives every *other* link of the entity a baseline entry with the former
value, so that the one rule of `sync.decision` stays true: no entry means "agrees with the canonical value as it is".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from mappings.contract import CompiledMapping, Strength
from sync.correlate import Index
from sync.decision import (
    HELD,
    JOINED,
    MERGED,
    UNDONE,
    UNKNOWN,
    UNLINKED,
    ActionKind,
    Base,
    BindingId,
    Canonical,
    Changes,
    Conflict,
    ConflictState,
    EntityState,
    FieldMeta,
    HistoryRow,
    Link,
    LinkState,
    Parked,
    Side,
    WriteBatch,
    blank,
)
from sync.merge import NOT_TAKEN, Clash
from sync.oscillation import Turn


@dataclass(slots=True)
class Scene:
    """What the store knows about one page, loaded set-wise; kept current as the page is worked through."""

    links: dict[str, Link] = field(default_factory=dict)  # of the page's binding, by record key
    canonicals: dict[str, Canonical] = field(default_factory=dict)
    links_of: dict[str, list[Link]] = field(default_factory=dict)
    candidates: dict[str, list[str]] = field(default_factory=dict)
    conflicts: dict[str, dict[str, Conflict]] = field(default_factory=dict)
    parked: dict[str, Parked] = field(default_factory=dict)
    refused: dict[str, Parked] = field(default_factory=dict)  # creates the page's binding refused, by entity id
    references: dict[tuple[str, str, str], str] = field(default_factory=dict)  # stream, entity, key → entity id
    match_keys: dict[str, Sequence[str]] = field(default_factory=dict)  # of unlinked records, by record key
    turns: dict[str, dict[str, list[Turn]]] = field(default_factory=dict)  # entity id → path → its latest changes
    covered_before: dict[str, frozenset[str] | None] = field(default_factory=dict)  # mapping version prefix → paths


class Ids:
    """Ids for the entities that one run founds: the second it started, a count, and a hash of who started it.

    They are in the order of their making, so that tables keyed by them grow at one end. They are also the markers that
    outside systems keep: another installation, or a hub that lost its memory, starts at another moment or has another
    ``origin``, and so never takes a record for its own that it did not make.
    """

    def __init__(self, seconds: int, origin: str) -> None:
        self._head = f"{seconds & 0xFFFFFFFF:08x}"
        self._tail = blake2b(origin.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
        self._count = 0

    def new(self, many: int) -> list[str]:
        """So many ids. A run that founds more than 268 million entities goes on with longer ones."""
        first, self._count = self._count, self._count + many
        head, tail = self._head, self._tail
        return [f"{head}{count:07x}{tail}" for count in range(first, first + many)]


class Newcomer(NamedTuple):
    """A record that founds an entity: its key, version and fingerprint, the values, and what they are found by."""

    key: str
    version: str | None
    fingerprint: str | None
    values: dict[str, Any]
    match_keys: Sequence[str]


class Ledger:
    """Collects the `Changes` of one page."""

    def __init__(
        self,
        scene: Scene,
        mappings: Mapping[BindingId, CompiledMapping],
        indexes: Mapping[str, Index],
        run: int,
        ids: Ids,
    ) -> None:
        self.scene = scene
        self._ids = ids
        self.changes = Changes()
        self._mappings = mappings
        self._indexes = indexes
        self._run = run
        self._links: dict[tuple[BindingId, str], Link] = {}
        self._canonicals: dict[str, Canonical] = {}
        self._created: set[str] = set()
        self._new_links: list[Link] = []

    def found(self, binding: BindingId, values: dict[str, Any]) -> Canonical:
        """A new entity, founded by one record."""
        (entity_id,) = self._ids.new(1)
        new = Canonical(entity_id, binding.entity, values, binding.connection, run=self._run)
        self.changes.created.append(new)
        self._created.add(new.id)
        self.scene.canonicals[new.id] = new
        self.scene.links_of[new.id] = []
        for match_key in self._indexes[binding.entity].keys(values):
            self.changes.match_keys.append((binding.entity, match_key, new.id))
            self.scene.candidates.setdefault(match_key, []).append(new.id)
        self.changes.dirty.add((new.entity, new.id))
        return new

    def found_all(self, binding: BindingId, new: Sequence[Newcomer]) -> None:
        """New entities, each founded by one record and linked to it, none of which this page says anything else of."""
        entity, source, run = binding.entity, binding.connection, self._run
        ids = self._ids.new(len(new))
        changes = self.changes
        changes.created += [
            Canonical(entity_id, entity, values, source, 1, {}, EntityState.LIVE, run)
            for entity_id, (_, _, _, values, _) in zip(ids, new, strict=True)
        ]
        self._new_links += [
            Link(binding, key, entity_id, version, fingerprint, {}, LinkState.LIVE)
            for entity_id, (key, version, fingerprint, _, _) in zip(ids, new, strict=True)
        ]
        changes.match_keys += [
            (entity, match_key, entity_id) for entity_id, one in zip(ids, new, strict=True) for match_key in one[4]
        ]
        changes.dirty.update([(entity, entity_id) for entity_id in ids])

    def link(self, link: Link, *, new: bool = False) -> None:
        """Store a link as it now is."""
        self._links[link.binding, link.key] = link
        if new:
            self.scene.links_of.setdefault(link.entity_id, []).append(link)

    def made(self, links: Sequence[Link], paths: Sequence[tuple[str, ...]], mapping: str, intent: int | None) -> None:
        """Records were made (in one binding), of whose entities this page says nothing else."""
        if links:
            self._new_links += links
            links_of = self.scene.links_of
            for link in links:
                links_of[link.entity_id].append(link)  # another system's answer may bring news of it in this round
            rows = self.wrote(links[0].binding, ActionKind.CREATE, mapping, intent)
            rows += [(link.entity_id, link.key, names) for link, names in zip(links, paths, strict=True)]

    def wrote(
        self, binding: BindingId, kind: ActionKind, mapping: str, intent: int | None
    ) -> list[tuple[str, str | None, tuple[str, ...]]]:
        """Where writes like these are logged."""
        batches = self.changes.writes
        if not batches or (batches[-1].binding, batches[-1].kind, batches[-1].intent) != (binding, kind, intent):
            batches.append(WriteBatch(binding, kind, mapping, intent))
        return batches[-1].rows

    def alter(
        self,
        canonical: Canonical,
        flows: Mapping[str, tuple[Any, str]],
        source: str,
        *,
        by: Link | None = None,
        mapping: str | None = None,
    ) -> None:
        """Give canonical fields new values; ``by`` is the link they came through (None: a person)."""
        before = self.match_keys(canonical)
        canonical.rev += 1
        others = [
            link
            for link in self.scene.links_of.get(canonical.id, ())
            if link is not by and link.state is LinkState.LIVE
        ]
        for path, (value, why) in flows.items():
            old, old_rev = canonical.values.get(path, UNKNOWN), canonical.field_rev(path)
            known = None if old is UNKNOWN else old
            canonical.values[path] = value
            canonical.meta[path] = FieldMeta(canonical.rev, source)
            for link in others:
                if path in link.base:
                    self._keep_untaken(canonical, path, link, old_rev, known)
                elif self.concerns(link, path):
                    link.base[path] = Base(old_rev, known)
                    self.link(link)
            self.changes.history.append(
                HistoryRow(
                    canonical.id,
                    path,
                    canonical.rev,
                    known,
                    value,
                    source,
                    by.binding if by else None,
                    by.key if by else None,
                    mapping,
                    why,
                )
            )
        self.found_by_now(canonical, before)
        self.touch(canonical)

    def _keep_untaken(self, canonical: Canonical, path: str, link: Link, rev: int, known: Any) -> None:
        """Keep a value that only this system had, and that was never taken from there: it is to be overwritten now."""
        mapping, entry = self._mappings.get(link.binding), link.base[path]
        if (
            mapping is not None
            and not mapping.update_in
            and rev <= entry.rev < HELD
            and not blank(entry.value)
            and entry.value not in (known, canonical.values[path])
            and mapping.pushes(path)
            and mapping.strength(path) in (Strength.ENFORCE, Strength.ON_CHANGE)
            and not mapping.same(path, known, entry.value)
        ):
            clash = Clash(path, canonical.values[path], entry.value, known, NOT_TAKEN, "ours")
            self.clash(canonical, clash, link)

    def vouch(self, canonical: Canonical, paths: Iterable[str], source: str) -> None:
        """A connection of higher authority says the same: against a third one, its word counts."""
        for path in paths:
            canonical.meta[path] = FieldMeta(canonical.field_rev(path), source)
        self._canonicals[canonical.id] = canonical

    def match_keys(self, canonical: Canonical) -> set[str]:
        """What the record is found by, as it is."""
        return self._indexes[canonical.entity].keys(canonical.values)

    def found_by_now(self, canonical: Canonical, before: set[str]) -> None:
        """The record's values changed: it is found by others than it was found by before."""
        after = self.match_keys(canonical)
        self.changes.match_keys += [(canonical.entity, key, canonical.id) for key in after - before]
        self.changes.dropped_match_keys += [(canonical.entity, key, canonical.id) for key in before - after]
        for key in after - before:
            self.scene.candidates.setdefault(key, []).append(canonical.id)

    def touch(self, canonical: Canonical) -> None:
        """The record changed, or something is to be pushed."""
        self._canonicals[canonical.id] = canonical
        self.changes.dirty.add((canonical.entity, canonical.id))

    def delete(self, canonical: Canonical, source: Link | None, why: str = "deleted") -> None:
        """The entity ends; what becomes of its other records is each mapping's policy."""
        if canonical.state is EntityState.LIVE:  # it ends once, however many of its records are deleted
            self._end(canonical, EntityState.DELETED, EntityState.DELETED.value, why, source)

    def revive(self, canonical: Canonical) -> None:
        """An entity that had ended is there again, because the run that ended it is undone."""
        canonical.state = EntityState.LIVE
        self._tell(canonical, EntityState.DELETED.value, EntityState.LIVE.value, UNDONE)
        self.changes.match_keys += [(canonical.entity, key, canonical.id) for key in self.match_keys(canonical)]

    def cut(self, canonical: Canonical, link: Link) -> None:
        """Take a record off its entity for good."""
        link.state = LinkState.CUT
        self._tell(canonical, LinkState.LIVE.value, LinkState.CUT.value, UNDONE, link)
        self.link(link)

    def joined(
        self, link: Link, rev: int, why: str, source: str, mapping: str | None = None, before: str | None = None
    ) -> None:
        """Keep why a record was linked to an entity that was there: names of fields, never values."""
        row = HistoryRow(link.entity_id, "", rev, before, JOINED, source, link.binding, link.key, mapping, why)
        self.changes.history.append(row)

    def forget(self, link: Link) -> None:
        """As if the record had never been one of the entity's."""
        self.scene.links_of[link.entity_id] = [one for one in self.scene.links_of[link.entity_id] if one is not link]
        self._links.pop((link.binding, link.key), None)
        self.changes.relinked.append((link.binding, link.key))

    def _tell(self, canonical: Canonical, old: str, new: str, why: str, link: Link | None = None) -> None:
        """A line of the entity's story that is about no field."""
        canonical.rev += 1
        at, key = (link.binding, link.key) if link is not None else (None, None)
        row = HistoryRow(canonical.id, "", canonical.rev, old, new, "person", at, key, None, why)
        self.changes.history.append(row)
        self.touch(canonical)

    def merge_into(self, canonical: Canonical, kept: Canonical) -> None:
        """The entity ends, because a person said that it is another one."""
        self._end(canonical, EntityState.MERGED, kept.id, MERGED, None)

    def _end(self, canonical: Canonical, state: EntityState, now: str, why: str, source: Link | None) -> None:
        canonical.state = state
        canonical.rev += 1
        self.changes.history.append(
            HistoryRow(
                canonical.id,
                "",
                canonical.rev,
                EntityState.LIVE.value,
                now,
                source.binding.connection if source else "person",
                source.binding if source else None,
                source.key if source else None,
                None,
                why,
            )
        )
        for key in self.match_keys(canonical):
            self.changes.dropped_match_keys.append((canonical.entity, key, canonical.id))
        for path in list(self.scene.conflicts.get(canonical.id, ())):
            self.settle(canonical, path, why)
        self.touch(canonical)

    def clash(self, canonical: Canonical, clash: Clash, link: Link) -> None:
        """Keep both values: settled by a rule, or open until a person decides."""
        state = ConflictState.OPEN if clash.winner is None else ConflictState.SETTLED
        conflict = Conflict(
            entity_id=canonical.id,
            path=clash.path,
            ours=None if clash.ours is UNKNOWN else clash.ours,
            ours_source=canonical.field_source(clash.path),
            theirs=clash.theirs,
            theirs_binding=link.binding,
            theirs_key=link.key,
            base=clash.base,
            rule=clash.rule,
            winner=clash.winner,
            state=state,
        )
        self.changes.conflicts.append(conflict)
        if state is ConflictState.OPEN:
            self.scene.conflicts.setdefault(canonical.id, {})[clash.path] = conflict

    def settle(self, canonical: Canonical, path: str, winner: str) -> None:
        """An open conflict ends."""
        self.scene.conflicts.get(canonical.id, {}).pop(path, None)
        self.changes.closed_conflicts.append((canonical.id, path, winner))
        self.touch(canonical)

    def park(self, parked: Parked) -> bool:
        """Keep a record aside with its reason. False where it lies there already, just so."""
        known = self.scene.parked.get(parked.key)
        if (
            known is not None
            and (known.why, known.code, known.path, known.awaits, known.rev)
            == (parked.why, parked.code, parked.path, parked.awaits, parked.rev)
            and known.data == parked.data
        ):
            return False
        self.scene.parked[parked.key] = parked
        self.changes.parked.append(parked)
        return True

    def unpark(self, binding: BindingId, side: Side, key: str) -> None:
        if self.scene.parked.pop(key, None) is not None:
            self.changes.unparked.append((binding, side, key))

    def closed(self) -> Changes:
        """The changes, complete."""
        self.changes.changed = [c for c in self._canonicals.values() if c.id not in self._created]
        self.changes.links = [*self._new_links, *self._links.values()]
        return self.changes

    def mapping(self, binding: BindingId) -> CompiledMapping | None:
        """The binding's mapping; None where it has none any more."""
        return self._mappings.get(binding)

    def concerns(self, link: Link, path: str) -> bool:
        """Whether the link's record shows the path, or is told it."""
        mapping = self._mappings.get(link.binding)
        return mapping is None or mapping.covers(path) or mapping.pushes(path)


def let_go(canonical: Canonical, link: Link) -> HistoryRow:
    """What the story of an entity that ended says of a record that was kept, and is its no more."""
    return HistoryRow(
        canonical.id,
        "",
        canonical.rev,
        LinkState.LIVE.value,
        LinkState.GONE.value,
        link.binding.connection,
        link.binding,
        link.key,
        None,
        UNLINKED,
    )
