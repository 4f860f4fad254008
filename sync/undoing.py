"""Take back what one run did to one entity. Pure: what follows is written into the ledger.

A run is taken back where it acted: the hub's fields return to their former values, and so do records that were told of
the change. A record in which somebody made the change keeps what it shows, as a known difference, unless it is to be
told as well (``everywhere``). What was edited since is left alone, an item (an address) as a whole.
"""

from __future__ import annotations

from sync.absorb import Binding
from sync.decision import (
    MERGED,
    UNDONE,
    UNKNOWN,
    UNLINKED,
    ActionKind,
    Canonical,
    EntityState,
    Link,
    LinkState,
)
from sync.ledger import Ledger
from sync.reverting import alike, revert
from sync.story import Step, Story
from sync.undone import Left, One, TakenBack, There, Undo


def take_back(undo: Undo, canonical: Canonical, story: Story, ledger: Ledger) -> TakenBack:
    """Write down what follows. The ledger's scene must hold the entity with its links and open conflicts."""
    one = One(undo, canonical, story, ledger)
    if not _there(one):
        return one.found
    _unlink_created(one)
    _forget_deleted(one)
    revert(one)
    _relink(one)
    _tell_the_rest(one)
    if one.found:
        ledger.touch(canonical)
    return one.found


def _there(one: One) -> bool:
    """Bring the entity itself back where the run ended it, or end it where the run had brought it back.

    Returns whether there is anything to take back of it.
    """
    canonical, run = one.canonical, one.undo.run
    turns = [step for step in one.story.steps if _ends(step) or (not step.row.path and step.row.why == MERGED)]
    own = [step for step in turns if step.run == run]
    later = [step for step in turns if step.run > run and step.row.new != EntityState.LIVE]
    if canonical.state is EntityState.MERGED:
        since = next((step for step in reversed(turns) if step.row.why == MERGED), None)
        why = "two entities were made one; `syncline links split` takes a record out again"
        one.found.left.append(one.leave(why, since=since))
        return False
    if canonical.state is EntityState.DELETED:
        if not own or own[-1].row.new != EntityState.DELETED or (later and later[-1].row.why != UNDONE):
            why = "it was deleted since" if later else "it was deleted before, by a person or another run"
            one.found.left.append(one.leave(why, since=later[-1] if later else None))
            return False
        one.ledger.revive(canonical)
        one.found.revived = True
    elif own and own[-1].row.why == UNDONE and own[-1].row.new == EntityState.LIVE and not later:
        one.found.ended = True
    return True


def _ends(step: Step) -> bool:
    return not step.row.path and step.row.new in (EntityState.DELETED, EntityState.LIVE)


def _unlink_created(one: One) -> None:
    """Records that the run made: off the entity first, so that their end means nothing; then they may be deleted."""
    made = {(sent.binding, sent.key) for sent in one.sent if sent.kind is ActionKind.CREATE}
    others = [link for link in one.links if link.state is LinkState.LIVE and (link.binding, link.key) not in made]
    for at, key in sorted(made):
        link = one.link(at, key)
        if link is None or link.state in (LinkState.GONE, LinkState.MERGED):
            continue
        if not (others or one.found.ended):
            one.found.left.append(one.leave("the only record of it that is left", at=(at, key)))
            continue
        gone = one.undo.there.get((at, key), There(None, None, deleted=False)).deleted
        kept = None if gone else _touched(one, link)
        if link.state is LinkState.LIVE:
            one.ledger.cut(one.canonical, link)
        elif kept is not None or gone:
            continue  # unlinked by an earlier try
        if kept is not None:
            one.found.unlinked.append(kept)
        elif not gone:
            one.found.deleted.append((at, key))
    if one.found.ended:
        one.ledger.delete(one.canonical, None, why=UNDONE)


def _touched(one: One, link: Link) -> Left | None:
    """Why a record that the run made must not be deleted; None where it may be."""
    place, run = (link.binding, link.key), one.undo.run
    binding = one.undo.bindings.get(link.binding)
    if binding is None or not binding.mapping.direction.writes:
        return one.leave("no mapping writes there any more", at=place)
    if not one.undo.removes(link.binding):
        return one.leave("records cannot be deleted there", at=place)
    for step in reversed(one.story.steps):
        if step.run > run and (step.row.binding, step.row.key) == place and step.row.why != UNDONE:
            return one.leave("edited there since", at=place, since=step)
    if any(lost.run > run and (lost.binding, lost.key) == place for lost in one.story.lost):
        return one.leave("edited there since, without effect", at=place)
    if link.unread:
        return one.leave("it shows a value that could not be read", at=place)
    there = one.undo.there.get(place)
    if there is None:
        return one.leave("it could not be looked at", at=place)
    if there.version is None:
        same = there.fingerprint is not None and there.fingerprint == link.fingerprint
    else:
        same = there.version == link.version
    return None if same and not _odd(one, binding, link) else one.leave("changed there since", at=place)


def _odd(one: One, binding: Binding, link: Link) -> bool:
    """Whether a record from which nothing is taken over shows something that the hub never told it."""
    mapping, values = binding.mapping, one.canonical.values
    return not mapping.update_in and any(
        entry.value is not UNKNOWN
        and not alike(entry.value, values.get(path))
        and not mapping.same(path, values.get(path), entry.value)
        for path, entry in link.base.items()
        if entry.rev >= one.canonical.field_rev(path)
    )


def _forget_deleted(one: One) -> None:
    """Records that the run deleted: the entity is to be created there again, under a new key, unless it is back."""
    if one.canonical.state is not EntityState.LIVE:
        return
    places = [(sent.binding, sent.key) for sent in one.since if sent.kind is ActionKind.DELETE]
    if one.undo.everywhere and one.found.revived:
        places += [
            (step.row.binding, step.row.key)
            for step in one.mine
            if _ends(step) and step.row.binding is not None and step.row.key is not None
        ]
    for at, key in sorted(set(places)):
        link, binding = one.link(at, key), one.undo.bindings.get(at)
        if link is None or link.state is not LinkState.GONE or one.live_at(at):
            continue
        if binding is None or not (binding.mapping.direction.writes and binding.mapping.create_out):
            one.found.left.append(one.leave("the mapping creates nothing there", at=(at, key)))
            continue
        refused = binding.mapping.accepts(one.canonical.values)
        if refused is not None:
            one.found.left.append(one.leave(refused, at=(at, key)))
            continue
        there = one.undo.there.get((at, key))
        if there is not None and not there.deleted and one.undo.rejoin(one.canonical, link, one.ledger):
            one.found.relinked.append((at, key))  # another one would double it
            continue
        one.ledger.forget(link)
        one.found.recreated.append((at, key))


def _relink(one: One) -> None:
    """Records that the run let go without a write are looked at, and linked again."""
    if one.canonical.state is not EntityState.LIVE:
        return
    steps = one.story.steps if one.found.revived else one.mine
    rows = [step.row for step in steps if step.row.why in (UNDONE, UNLINKED) and step.row.key is not None]
    replaced = {row.binding for row in rows if row.binding is not None and one.live_at(row.binding)}
    for row in rows:
        if row.binding is None or row.new not in (LinkState.CUT, LinkState.GONE):
            continue
        link = one.link(row.binding, row.key)
        if link is None or link.state is LinkState.LIVE or row.binding in replaced:
            continue
        if (row.binding, row.key) in one.found.recreated:
            continue
        if one.undo.rejoin(one.canonical, link, one.ledger):
            one.found.relinked.append((link.binding, link.key))
        elif link.state is LinkState.CUT:
            one.found.left.append(one.leave("the record is not there any more", at=(link.binding, link.key)))


def _tell_the_rest(one: One) -> None:
    """Fields that the run wrote somewhere without having changed them here: the former value is not known."""
    changed = {step.row.path for step in one.mine}
    for sent in one.sent:
        link = one.link(sent.binding, sent.key)
        if sent.kind is not ActionKind.UPDATE or link is None or link.state is not LinkState.LIVE:
            continue
        for path in sent.paths:
            if path not in changed:
                why = "written there to agree with the hub, which the run did not change"
                one.found.left.append(one.leave(why, path=path, at=(sent.binding, sent.key)))
