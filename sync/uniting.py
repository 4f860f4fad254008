"""Make two entities one, because a person said that they are. Pure: what follows is written into the ledger.

The kept entity's values win; the other one fills what is blank, and all of its records become records of the kept one.
References to the entity that ends are *renamed*: whoever pointed to a record of it points to a record of the kept one
now, in every system, so that nothing has to be written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from model.fields import EntitySchema, Kind
from sync.absorb import MERGED_THERE
from sync.decision import (
    HELD,
    MERGED,
    UNKNOWN,
    Base,
    BindingId,
    Canonical,
    FieldMeta,
    HistoryRow,
    Link,
    LinkState,
    Parked,
    Side,
    blank,
)
from sync.filling import Filling, filling
from sync.ledger import Ledger
from sync.merge import Clash, Context
from sync.reconcile import IN_DOUBT

_MADE_ONE: Final = "a person made two entities one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Union:
    """What uniting two entities comes to: names of fields, never values.

    ``records`` (binding, record key, state of the link) become the kept entity's. Fields ``gained`` come from the one
    that ends, of fields ``given_up`` its own values give way. ``referring`` counts the entities that point to it,
    ``conflicts`` what was open between its systems.
    """

    entity: str
    keep: str
    drop: str
    records: tuple[tuple[BindingId, str, LinkState], ...]
    gained: tuple[str, ...]
    given_up: tuple[str, ...]
    referring: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two live entities of one kind, and all that bears on their becoming one.

    ``referring`` are the entities that hold the id of the one that ends; links and open conflicts of all are in the
    ledger's scene. ``parked`` is what is parked about the one that ends.
    """

    keep: Canonical
    drop: Canonical
    context: Context  # of any mapping of the entity
    referring: Sequence[Canonical]
    parked: Sequence[Parked]
    schemas: Mapping[str, EntitySchema]

    def is_self(self, path: str) -> bool:
        """Whether a path of the pair refers to entities of its own kind."""
        return self.points(self.keep, path)

    def points(self, canonical: Canonical, path: str) -> bool:
        """Whether a path of some entity refers to entities of the pair's kind."""
        schema = self.schemas[canonical.entity]
        spec = schema.field(path)
        return spec is not None and spec.kind is Kind.REFERENCE and (spec.target or schema.name) == self.keep.entity


def unite(pair: Pair, ledger: Ledger) -> Union:
    """Write down what follows. The ledger's scene must hold both entities and the referring ones, with their links."""
    keep, drop, scene = pair.keep, pair.drop, ledger.scene
    moving = list(scene.links_of.get(drop.id, ()))
    disputed = scene.conflicts.get(keep.id, {})
    union_conflicts = len(scene.conflicts.get(drop.id, {}))
    _record(pair, ledger)
    renamed = sum(_rename(pair, canonical, moving, ledger) for canonical in (keep, *pair.referring))
    found = filling(pair.context, _without_self(pair, keep), _without_self(pair, drop), disputed.keys())
    for path, value in keep.values.items():
        if pair.is_self(path) and value == keep.id:
            found.flows.setdefault(path, (None, MERGED))
    _keep_what_gives_way(pair, found, moving, ledger)
    _flow(pair, found, ledger)
    _move(pair, moving, ledger)
    ledger.merge_into(drop, keep)
    _park(pair, ledger)
    return Union(
        entity=keep.entity,
        keep=keep.id,
        drop=drop.id,
        records=tuple((link.binding, link.key, link.state) for link in moving),
        gained=tuple(sorted(path for path, (value, _) in found.flows.items() if not blank(value))),
        given_up=tuple(sorted(found.given_up)),
        referring=renamed,
        conflicts=union_conflicts,
    )


def _record(pair: Pair, ledger: Ledger) -> None:
    """The kept entity's own story tells of the other one."""
    keep = pair.keep
    keep.rev += 1
    row = HistoryRow(keep.id, "", keep.rev, None, pair.drop.id, "person", None, None, None, MERGED)
    ledger.changes.history.append(row)
    ledger.touch(keep)


def _without_self(pair: Pair, canonical: Canonical) -> dict[str, Any]:
    """Values in which neither refers to the other: nobody reports to oneself."""
    own = (pair.keep.id, pair.drop.id)
    return {path: None if value in own and pair.is_self(path) else value for path, value in canonical.values.items()}


def _rename(pair: Pair, canonical: Canonical, moving: Sequence[Link], ledger: Ledger) -> bool:
    """Where an entity refers to the one that ends, it refers to the kept one; its records need not be told.

    Except where the record it refers to was deleted: there it is told of the kept entity's. Returns whether it did.
    """
    keep, drop = pair.keep, pair.drop
    before = ledger.match_keys(canonical)
    named = [path for path, value in canonical.values.items() if value == drop.id and pair.points(canonical, path)]
    canonical.rev += bool(named)
    for path in named:
        canonical.values[path] = keep.id
        row = HistoryRow(canonical.id, path, canonical.rev, drop.id, keep.id, "person", None, None, None, MERGED)
        ledger.changes.history.append(row)
    for link in ledger.scene.links_of.get(canonical.id, ()):
        if link.state is not LinkState.LIVE:
            continue
        news = {
            path: Base(entry.rev, keep.id)
            for path, entry in link.base.items()
            if entry.value == drop.id and pair.points(canonical, path)
        }
        for path in named:
            if path not in link.base and _leads_nowhere(ledger, link, path, drop, moving):
                news[path] = Base(max(canonical.field_rev(path) - 1, 0), UNKNOWN)
        if news:
            link.base.update(news)
            ledger.link(link)
    _rename_disputed(pair, canonical, ledger)
    ledger.found_by_now(canonical, before)
    ledger.touch(canonical)
    return bool(named)


def _rename_disputed(pair: Pair, canonical: Canonical, ledger: Ledger) -> None:
    """A person who decides later must not choose the one that ended."""
    keep, drop, disputed = pair.keep, pair.drop, ledger.scene.conflicts.get(canonical.id, {})
    for path, conflict in list(disputed.items()):
        if drop.id not in (conflict.ours, conflict.theirs) or not pair.points(canonical, path):
            continue
        ours, theirs = (keep.id if value == drop.id else value for value in (conflict.ours, conflict.theirs))
        if canonical is keep or theirs == canonical.values.get(path):
            ledger.settle(canonical, path, MERGED)
        else:
            disputed[path] = replace(conflict, ours=ours, theirs=theirs, id=None)
            ledger.changes.conflicts.append(disputed[path])


def _leads_nowhere(ledger: Ledger, link: Link, path: str, drop: Canonical, moving: Sequence[Link]) -> bool:
    """Whether the system of a link has no record any more that a reference to the ending entity could mean."""
    mapping = ledger.mapping(link.binding)
    stream = mapping.reference_streams.get(path) if mapping is not None else None
    if stream is None:
        return False
    at = BindingId(link.binding.connection, stream, drop.entity)
    return not any(other.binding == at and other.state is not LinkState.GONE for other in moving)


def _keep_what_gives_way(pair: Pair, found: Filling, moving: Sequence[Link], ledger: Ledger) -> None:
    """Values that lose are kept as those of a settled conflict, where a record is known that they came from."""
    values = pair.drop.values
    for path, (rule, winner) in found.given_up.items():
        source = pair.drop.field_source(path)
        link = next((one for one in moving if one.binding.connection == source), moving[0] if moving else None)
        if link is not None:
            clash = Clash(path, pair.keep.values.get(path), values.get(path), None, rule, winner)
            ledger.clash(pair.keep, clash, link)


def _flow(pair: Pair, found: Filling, ledger: Ledger) -> None:
    """Each value keeps the connection that it came from."""
    by_source: dict[str, dict[str, tuple[Any, str]]] = defaultdict(dict)
    for path, flow in found.flows.items():
        source = "person" if blank(flow[0]) else pair.drop.field_source(path)
        by_source[source][path] = flow
    for source, flows in sorted(by_source.items()):
        ledger.alter(pair.keep, flows, source)


def _move(pair: Pair, moving: Sequence[Link], ledger: Ledger) -> None:
    """The records become the kept entity's; what they show is known, and what they do not show is pushed."""
    live = [link for link in moving if link.state is LinkState.LIVE]
    entries = [(path, entry) for link in live for path, entry in _rebased(pair, link, ledger).items()]
    shown = {path for path, entry in entries if entry.rev == 0 and entry.value is not UNKNOWN}
    _raise(pair.keep, {path for path in shown if pair.keep.field_rev(path) == 1}, ledger)
    for link in live:
        link.base = _rebased(pair, link, ledger)
    for link in moving:
        link.entity_id = pair.keep.id
        ledger.joined(link, pair.keep.rev, _MADE_ONE, "person", before=pair.drop.id)
        ledger.link(link, new=True)
    ledger.scene.links_of[pair.drop.id] = []


def _raise(keep: Canonical, paths: set[str], ledger: Ledger) -> None:
    """Fields get a later revision than their first, so that an earlier one can be agreed on; others stay agreed."""
    if not paths:
        return
    keep.rev += 1
    for link in ledger.scene.links_of.get(keep.id, ()):
        agreed = {path: entry for path, entry in link.base.items() if path in paths and entry.rev == 1}
        if agreed:
            link.base.update({path: Base(keep.rev, entry.value) for path, entry in agreed.items()})
            ledger.link(link)
    for path in paths:
        keep.meta[path] = FieldMeta(keep.rev, keep.field_source(path))


def _rebased(pair: Pair, link: Link, ledger: Ledger) -> dict[str, Base]:
    """A moved link's baseline, in terms of the kept entity: an entry for each path in which the record differs."""
    keep, drop = pair.keep, pair.drop
    found: dict[str, Base] = {}
    for path in sorted(keep.values.keys() | drop.values.keys() | link.base.keys()):
        entry = link.base.get(path)
        if entry is not None and (entry.rev == HELD or entry.value is UNKNOWN):
            found[path] = entry
        elif entry is not None or ledger.concerns(link, path):
            again = _entry(pair, link, path, entry, ledger)
            if again is not None:
                found[path] = again
    return found


def _entry(pair: Pair, link: Link, path: str, entry: Base | None, ledger: Ledger) -> Base | None:
    """What the record shows of one path, and whether that is agreed; None where it shows the kept value."""
    keep, drop = pair.keep, pair.drop
    was, ours, rev = drop.values.get(path), keep.values.get(path), keep.field_rev(path)
    shown = was if entry is None else entry.value
    if shown == drop.id and pair.is_self(path):
        shown = keep.id
    if shown == ours or (blank(shown) and blank(ours)):
        return None
    agreed = entry is None or entry.rev >= drop.field_rev(path)
    mapping = ledger.mapping(link.binding)
    alike = mapping is not None and not blank(ours) and not blank(shown) and mapping.same(path, ours, shown)
    if alike or (agreed and was == ours):  # the same value, as that system writes it
        return Base(rev, shown)
    return Base(max(rev - 1, 0), shown)


def _park(pair: Pair, ledger: Ledger) -> None:
    """What was refused of the entity that ends is forgotten, unless it is in doubt; questions name the kept one."""
    keep, drop, changes = pair.keep, pair.drop, ledger.changes
    there = {link.binding for link in ledger.scene.links_of.get(keep.id, ())}
    for row in pair.parked:
        if row.side is Side.OUT:
            changes.unparked.append((row.binding, row.side, row.key))
            if row.code == IN_DOUBT and row.binding not in there:
                changes.parked.append(replace(row, key=keep.id, rev=keep.rev))
            continue
        candidates = tuple(dict.fromkeys(keep.id if one == drop.id else one for one in row.candidates))
        if row.code == MERGED_THERE and len(candidates) == 1:
            changes.unparked.append((row.binding, row.side, row.key))
        else:
            changes.parked.append(replace(row, candidates=candidates, attempts=0))
