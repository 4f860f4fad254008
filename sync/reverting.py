"""Fields return to the values they had before a run: items as a whole, and nothing that was edited since. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from mappings.contract import Blank, Strength
from model import paths
from model.fields import Kind
from sync.decision import HELD, MERGED, UNDONE, UNKNOWN, Base, BindingId, EntityState, Link, LinkState, blank
from sync.merge import loosens
from sync.story import Step
from sync.undone import Left, One, Place, Reverted


def revert(one: One) -> None:
    """Fields return to their former values: items as a whole, and nothing that was edited since."""
    if one.canonical.state is not EntityState.LIVE:
        return
    items: dict[str, dict[str, list[Step]]] = defaultdict(lambda: defaultdict(list))
    for step in one.mine:
        if step.row.path:
            items[paths.item(step.row.path)][step.row.path].append(step)
    former: dict[str, Any] = {}
    for item, changed in items.items():
        back = {path: steps[0].row.old for path, steps in changed.items()}
        due = {path: value for path, value in back.items() if not alike(one.canonical.values.get(path), value)}
        kept = [left for path in due if (left := _stays(one, path, changed[path])) is not None]
        if not kept and _loosens(one, item, due):
            kept = [one.leave("a consent is loosened by nothing but a newer opt-in", path=item)]
        if kept:
            one.found.left += kept
        else:
            former.update(due)
    if former:
        _flow(one, former, {path: steps for changed in items.values() for path, steps in changed.items()})


def alike(one: Any, other: Any) -> bool:
    """Equal, or blank both."""
    return bool(one == other or (blank(one) and blank(other)))


def _stays(one: One, path: str, steps: Sequence[Step]) -> Left | None:
    """Why a field does not return to its former value; None where it does."""
    canonical, run = one.canonical, one.undo.run
    if path in one.ledger.scene.conflicts.get(canonical.id, {}):
        return one.leave("a person is asked about it: `syncline conflicts list`", path=path)
    later = [step for step in one.story.steps if step.run > run and step.row.path == path]
    edits = [step for step in later if step.row.why != UNDONE]
    if edits:
        return one.leave("edited since", path=path, since=edits[-1])
    if later and not alike(canonical.values.get(path), steps[-1].row.new):
        return one.leave("edited since", path=path, since=later[-1])
    if any(step.row.why == MERGED for step in steps):
        return one.leave("it came of making two entities one", path=path)
    spec = one.undo.schemas[canonical.entity].field(path)
    value = steps[0].row.old
    if spec is not None and spec.kind is Kind.REFERENCE and not blank(value) and not one.undo.alive(str(value)):
        return one.leave("what it referred to is there no more", path=path)
    return None


def _loosens(one: One, item: str, due: Mapping[str, Any]) -> bool:
    """Whether a consent would be less restrictive than it is."""
    status = f"{item}.status"
    return status in due and loosens(status, one.canonical.values.get(status), due[status])


def _flow(one: One, former: Mapping[str, Any], steps: Mapping[str, Sequence[Step]]) -> None:
    """Give the hub its former values, and each record what that means for it."""
    canonical = one.canonical
    now = {path: canonical.values.get(path) for path in former}
    revs = {path: canonical.field_rev(path) for path in former}
    live = [link for link in one.links if link.state is LinkState.LIVE]
    one.ledger.alter(canonical, {path: (value, UNDONE) for path, value in former.items()}, "person")
    for path, value in former.items():
        keeps: list[Place] = []
        sources = {(step.row.binding, step.row.key) for step in steps[path]}
        for link in live:
            entry = link.base.get(path)
            if entry is None or entry.rev == HELD or entry.value is UNKNOWN:
                continue
            if alike(entry.value, value):
                del link.base[path]
            elif _keeps(one, link, path, entry, now[path], revs[path], sources):
                link.base[path] = Base(canonical.field_rev(path), entry.value)
                keeps.append((link.binding, link.key))
            elif _unwritable(one, link, path, value, entry):
                keeps.append((link.binding, link.key))
            one.ledger.link(link)
        one.found.left += _lost_there(one, path, keeps)
        one.found.fields.append(Reverted(canonical.entity, canonical.id, path, now[path], value, tuple(keeps)))


def _lost_there(one: One, path: str, keeps: Collection[Place]) -> list[Left]:
    """Records that had a value of their own, which the run overwrote: they get the hub's former value instead."""
    own = [(lost.binding, lost.key) for lost in one.story.lost if (lost.run, lost.path) == (one.undo.run, path)]
    why = "it had a value of its own there, which lost; `syncline record losers` has it"
    return [one.leave(why, path=path, at=place) for place in dict.fromkeys(own) if place not in keeps]


def _keeps(
    one: One,
    link: Link,
    path: str,
    entry: Base,
    now: Any,
    rev: int,
    sources: Collection[tuple[BindingId | None, str | None]],
) -> bool:
    """Whether a record goes on showing what it shows: the hub did not write it there, or not that."""
    written = any(
        (sent.binding, sent.key) == (link.binding, link.key) and path in sent.paths for sent in one.story.sent
    )
    if not written:
        if (link.binding, link.key) in sources:
            return not one.undo.everywhere
        before = one.story.before.get(path, 1)
        return entry.rev >= min(before, rev)  # else it was not up to date before the run, and still has to be told
    mapping = one.undo.bindings[link.binding].mapping if link.binding in one.undo.bindings else None
    if mapping is None or (mapping.update_in and mapping.covers(path)):
        return False  # an edit there would have come to the hub
    return not (alike(entry.value, now) or mapping.same(path, now, entry.value))


def _unwritable(one: One, link: Link, path: str, value: Any, entry: Base) -> bool:
    """Whether no write brings the former value there."""
    binding = one.undo.bindings.get(link.binding)
    if binding is None or not binding.mapping.pushes(path):
        return True
    strength = binding.mapping.strength(path)
    if strength is Strength.CREATE_ONLY or (strength is Strength.IF_EMPTY and not blank(entry.value)):
        return True
    return blank(value) and binding.mapping.blank_out(path) is Blank.IGNORE
