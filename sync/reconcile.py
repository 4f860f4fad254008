"""Decide what each system still has to be told about an entity. Pure: values in, actions out.

Whether to push is decided by field revision, never by comparing values: a system that stores what it was told in its
own way would otherwise be told again for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mappings.contract import Blank, OnDelete, Strength
from sync.absorb import Binding
from sync.decision import (
    UNKNOWN,
    Action,
    ActionKind,
    BindingId,
    Bucket,
    Canonical,
    Conflict,
    EntityState,
    Link,
    LinkState,
    Parked,
    blank,
)

IN_DOUBT: Final = "in-doubt"
"""The code of a create that may or may not have happened: a newer revision is no reason to send it again."""


_NOTHING: Final[dict[str, Any]] = {}


class Verdict(NamedTuple):
    """One entity at one binding: an action, or the bucket it rests in."""

    binding: BindingId
    action: Action | None
    bucket: Bucket = Bucket.UNCHANGED
    detail: str | None = None
    unlink: Sequence[Link] = ()  # links that end without a write
    more: bool = False  # another record of the entity there needs a write too, one after the other
    moot: bool = False  # what was refused before has no reason to be written any more
    shown: Sequence[tuple[Link, Sequence[str]]] = ()  # paths not agreed on that show what they should all the same


@dataclass(slots=True)
class Standing:
    """What is known about one entity when it is decided about."""

    canonical: Canonical
    links: list[Link] = field(default_factory=list)
    conflicts: dict[str, Conflict] = field(default_factory=dict)
    refused: Mapping[BindingId, Parked] = field(default_factory=dict)
    held: Mapping[BindingId, str] = field(default_factory=dict)  # where a record may turn out to be it, and what for


def newborn(
    standings: Sequence[Standing], bindings: Sequence[Binding], closed: Collection[BindingId]
) -> tuple[dict[BindingId, list[Standing]], list[Standing]]:
    """Entities that are as one record founded them and are to be created everywhere else, by the founder's binding;
    and the rest. `decide` would say the same of each: that all is as it is there, and a create anywhere else.
    """
    if not all(binding.mapping.create_out and binding.id not in closed for binding in bindings):
        return {}, list(standings)
    filters = [(binding.id, binding.mapping.accepts) for binding in bindings]
    born: dict[BindingId, list[Standing]] = {}
    rest: list[Standing] = []
    for standing in standings:
        canonical, links = standing.canonical, standing.links
        if (
            len(links) == 1
            and not (canonical.meta or standing.conflicts or standing.refused or standing.held or links[0].base)
            and canonical.state is EntityState.LIVE
            and links[0].state is LinkState.LIVE
            and all(accepts(canonical.values) is None for at, accepts in filters if at != links[0].binding)
        ):
            born.setdefault(links[0].binding, []).append(standing)
        else:
            rest.append(standing)
    return born, rest


def creation(standing: Standing, binding: BindingId, born: Mapping[str, int] | None = None) -> Action:
    """What makes a record of the entity. ``born`` are its fields' revisions where they are known to be the first."""
    canonical = standing.canonical
    revs: Mapping[str, int] | None = born
    if revs is None:
        revs = {path: canonical.field_rev(path) for path in canonical.values}
    return Action(
        kind=ActionKind.CREATE,
        binding=binding,
        entity_id=canonical.id,
        revs=revs,
        fields=_NOTHING,  # replaced when it is rendered, never changed, as are the other two
        before=_NOTHING,
        after=_NOTHING,
        reason="no record there",
    )


def creations(born: Sequence[Standing], binding: BindingId) -> list[Action]:
    """`creation` of entities that are as they were founded: those with the same fields share their revisions."""
    shapes: dict[tuple[str, ...], dict[str, int]] = {}
    made: list[Action] = []
    for standing in born:
        shape = tuple(standing.canonical.values)
        revs = shapes.get(shape)
        if revs is None:
            revs = shapes[shape] = dict.fromkeys(shape, 1)
        made.append(creation(standing, binding, revs))
    return made


def decide(standing: Standing, bindings: Sequence[Binding], closed: Collection[BindingId]) -> list[Verdict]:
    """One verdict per binding that writes this entity. ``closed`` are bindings in which nothing may be created yet."""
    return [_verdict(standing, binding, closed) for binding in bindings]


def everything_due(standing: Standing, bindings: Sequence[Binding], closed: Collection[BindingId]) -> list[Action]:
    """All that is to be written, also where an entity has several records in a stream: `decide` takes one at a time."""
    actions: list[Action] = []
    for binding, verdict in zip(bindings, decide(standing, bindings, closed), strict=True):
        if verdict.action is None:
            continue
        actions.append(verdict.action)
        if verdict.more:
            there = [link for link in standing.links if link.binding == binding.id and link.state is LinkState.LIVE]
            rest = [link for link in there if link.key != verdict.action.key]
            if verdict.action.kind is ActionKind.DELETE:
                actions += [_deletion(standing.canonical, link) for link in rest]
            else:
                actions += [one for link in rest if (one := _update(standing, binding, link).action) is not None]
    return actions


def _verdict(standing: Standing, binding: Binding, closed: Collection[BindingId]) -> Verdict:
    canonical = standing.canonical
    links = [link for link in standing.links if link.binding == binding.id]
    live = [link for link in links if link.state is LinkState.LIVE] if links else links
    refused = standing.refused.get(binding.id) if standing.refused else None
    if canonical.state is not EntityState.LIVE:
        return _ending(binding, canonical, live, refused)
    if refused is not None and refused.code == IN_DOUBT and not live:
        return Verdict(binding.id, None, Bucket.DEAD, IN_DOUBT)
    if refused is not None and refused.rev >= canonical.rev and refused.code != IN_DOUBT:
        return Verdict(binding.id, None, Bucket.DEAD, refused.code)
    if live:
        return _first([_update(standing, binding, link) for link in live], binding, refused)
    verdict = _creation(standing, binding, links, closed)
    return verdict._replace(moot=True) if refused is not None and verdict.action is None else verdict


def removing(standing: Standing, verdict: Verdict, removals: Collection[tuple[BindingId, str]]) -> Verdict:
    """The verdict on a binding where records are to be deleted that were taken off the entity."""
    due = [
        link
        for link in standing.links
        if link.binding == verdict.binding and link.state is LinkState.CUT and (link.binding, link.key) in removals
    ]
    if not due:
        return verdict
    if verdict.action is not None:
        return verdict._replace(more=True)
    action = Action(
        kind=ActionKind.DELETE,
        binding=verdict.binding,
        entity_id=standing.canonical.id,
        key=due[0].key,
        expects=due[0].version,
        reason="made by the run that is undone",
    )
    return verdict._replace(action=action, more=len(due) > 1)


def _first(verdicts: Sequence[Verdict], binding: Binding, refused: Parked | None) -> Verdict:
    """One write at a time to the records (nearly always one) that an entity has in a stream."""
    shown = [pair for verdict in verdicts for pair in verdict.shown]
    acting = [verdict for verdict in verdicts if verdict.action is not None]
    if acting:
        # What may have to wait for another record, perhaps for ever, must not keep the others from being written.
        may_wait = binding.mapping.reference_streams.keys()
        sure = (one for one in acting if one.action is not None and not may_wait >= (one.action.paths or frozenset()))
        return next(sure, acting[0])._replace(more=len(acting) > 1, shown=shown)
    resting = max(verdicts, key=lambda v: v.bucket is not Bucket.UNCHANGED, default=Verdict(binding.id, None))
    return resting._replace(moot=refused is not None, shown=shown)


def _creation(standing: Standing, binding: Binding, links: Sequence[Link], closed: Collection[BindingId]) -> Verdict:
    canonical = standing.canonical
    if links:
        return Verdict(binding.id, None, Bucket.SKIPPED, "deleted there, so not created again")
    if not binding.mapping.create_out:
        return Verdict(binding.id, None, Bucket.SKIPPED, "this mapping creates nothing there")
    reason = binding.mapping.accepts(canonical.values)
    if reason is not None:
        return Verdict(binding.id, None, Bucket.SKIPPED, reason)
    if binding.id in closed:
        return Verdict(binding.id, None, Bucket.WAITING, "until every system was read in full once")
    if binding.id in standing.held:
        return Verdict(binding.id, None, Bucket.WAITING, standing.held[binding.id])
    if standing.conflicts and _strong_keys_disputed(standing, binding):
        return Verdict(binding.id, None, Bucket.CONFLICT, "a field it would be recognised by is in conflict")
    return Verdict(binding.id, creation(standing, binding.id))


def _strong_keys_disputed(standing: Standing, binding: Binding) -> bool:
    disputed = standing.conflicts.keys()
    return any(path in disputed for rule in binding.mapping.match.strong for path in rule.paths)


def _ending(binding: Binding, canonical: Canonical, live: Sequence[Link], refused: Parked | None) -> Verdict:
    """The entity was deleted."""
    if not live:
        return Verdict(binding.id, None, moot=refused is not None)
    if binding.mapping.on_delete_out is not OnDelete.DELETE:
        why = "kept there although deleted"
        return Verdict(binding.id, None, Bucket.SKIPPED, why, unlink=live, moot=refused is not None)
    legible = [link for link in live if not link.unread]
    if not legible:
        return Verdict(binding.id, None, Bucket.WAITING, "to be deleted, and shows a value that could not be read")
    return Verdict(binding.id, _deletion(canonical, legible[0]), more=len(legible) > 1)


def _deletion(canonical: Canonical, link: Link) -> Action:
    return Action(
        kind=ActionKind.DELETE,
        binding=link.binding,
        entity_id=canonical.id,
        key=link.key,
        expects=link.version,
        reason="deleted in the hub",
    )


def _update(standing: Standing, binding: Binding, link: Link) -> Verdict:
    if not link.base:
        return Verdict(binding.id, None)
    canonical, mapping = standing.canonical, binding.mapping
    due: dict[str, int] = {}
    shown: list[str] = []
    waits = False
    blanks = False
    for path, entry in link.base.items():
        rev = canonical.field_rev(path)
        if entry.rev >= rev or not mapping.pushes(path):
            continue
        if path in standing.conflicts:
            waits = True
            continue
        value = canonical.values.get(path)
        if entry.value is not UNKNOWN and (entry.value == value or (blank(entry.value) and blank(value))):
            shown.append(path)  # what it shows lost to a value that lost to the same elsewhere
            continue
        strength = mapping.strength(path)
        if strength is Strength.CREATE_ONLY or (strength is Strength.IF_EMPTY and not blank(entry.value)):
            continue
        if blank(value) and (blank(entry.value) or mapping.blank_out(path) is Blank.IGNORE):
            continue
        if mapping.withholds(path, canonical.values):
            continue
        blanks = blanks or blank(value)
        due[path] = rev
    agreed = [(link, shown)] if shown else ()
    if due:
        action = Action(
            kind=ActionKind.UPDATE,
            binding=binding.id,
            entity_id=canonical.id,
            key=link.key,
            expects=link.version,
            paths=frozenset(due),
            revs=due,
            before={path: link.base[path].value for path in due},
            after={path: canonical.values.get(path) for path in due},
            blanks=blanks,
            reason="changed in the hub",
        )
        return Verdict(binding.id, action, shown=agreed)
    bucket, detail = (Bucket.CONFLICT, "conflict") if waits else (Bucket.UNCHANGED, None)
    return Verdict(binding.id, None, bucket, detail, shown=agreed)
