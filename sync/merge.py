"""Merge one observed record into its canonical one, field by field, against the baseline. Pure.

Remote changed ⇔ the observed value is not what the baseline says. Canonical changed ⇔ the field's revision is above the
baseline's. Neither: nothing. One: it flows. Both, to the same: agreed. Both, apart: survivorship; the loser is kept.
Where the baseline is unknown (first contact, a newly mapped field) a value fills a blank, and two different values are
settled by survivorship. Two systems that change one *item* (an address, a consent) at once are settled as one; so are
two that show different ones at first contact: what is blank in one address is not filled from another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mappings.contract import Blank, CompiledMapping, Strength
from model import paths
from model.fields import EntitySchema, Kind
from sync.decision import UNKNOWN, Base, Canonical, blank
from sync.policy import Oscillation, Survivorship
from sync.survival import fuller, is_set, outranks, resolve, rule_of

NOT_TAKEN = "not updated from here"
OSCILLATION: Final = "oscillation"
"""The rule of a conflict about a field that is frozen (`sync.oscillation`)."""

CONSENT_RANK = {"opted_in": 0, "pending": 1, "opted_out": 2}


@dataclass(frozen=True, slots=True)
class Context:
    """What does not change from record to record of one binding."""

    connection: str
    mapping: CompiledMapping
    schema: EntitySchema
    survivorship: Callable[[str], Survivorship]
    oscillation: Oscillation = field(default_factory=Oscillation)


class Clash(NamedTuple):
    """Two values for one path. ``winner`` is "ours" (canonical), "theirs" (observed), or None: a person decides."""

    path: str
    ours: Any
    theirs: Any
    base: Any
    rule: str
    winner: str | None


@dataclass(slots=True)
class Merged:
    """The verdict on one record.

    ``flows`` are new canonical values (with the reason), ``base`` the new baseline entries (None: agrees, drop the
    entry), ``clashes`` what has to be kept or asked.
    """

    flows: dict[str, tuple[Any, str]] = field(default_factory=dict)
    base: dict[str, Base | None] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)
    agreed: list[str] = field(default_factory=list)  # open conflicts that ended because both sides now say the same
    vouched: list[str] = field(default_factory=list)  # somebody of higher authority changed it to the same


class Facts(NamedTuple):
    """One path, looked at from all three sides."""

    path: str
    observed: Any
    canonical: Any
    base: Any
    rev: int  # of the canonical field now
    agreed: int  # revision of the baseline; -1 where it is unknown
    remote: bool
    local: bool

    @property
    def fresh(self) -> bool:
        return self.agreed < 0


def merge(
    context: Context,
    canonical: Canonical,
    base: Mapping[str, Base],
    observed: Mapping[str, Any],
    is_new: Callable[[str], bool],
    disputed: Mapping[str, Any],
) -> Merged:
    """Decide what one observation means.

    ``observed`` holds every path the record says something about. ``is_new`` tells paths whose baseline is unknown
    although the link is not (first contact: all). ``disputed`` has an entry for each path with an open conflict.
    """
    merged = Merged()
    items: dict[str, list[Facts]] = {}
    values = canonical.values
    same = context.mapping.same
    for path, value in observed.items():
        entry = base.get(path)
        ours = values.get(path, UNKNOWN)
        if entry is None and not is_new(path):
            if ours is not UNKNOWN and ours == value:
                continue
            entry_value, agreed = ours, canonical.field_rev(path)
        elif entry is None or entry.value is UNKNOWN:
            entry_value, agreed = UNKNOWN, -1
        else:
            entry_value, agreed = entry.value, entry.rev
        rev = canonical.field_rev(path)
        if agreed >= 0 and (entry_value == value or _equal(same, path, entry_value, value)):
            continue
        facts = Facts(path, value, ours, entry_value, rev, agreed, remote=True, local=rev > agreed)
        items.setdefault(paths.item(path), []).append(facts)
    for item, changed in items.items():
        _settle_item(context, canonical, item, changed, base, observed, is_new, disputed, merged)
    return merged


def _equal(same: Callable[[str, Any, Any], bool], path: str, written: Any, read: Any) -> bool:
    if blank(written):
        return blank(read)
    return bool(written == read or same(path, written, None if read is UNKNOWN else read))


def _settle_item(
    context: Context,
    canonical: Canonical,
    item: str,
    changed: list[Facts],
    base: Mapping[str, Base],
    observed: Mapping[str, Any],
    is_new: Callable[[str], bool],
    disputed: Mapping[str, Any],
    merged: Merged,
) -> None:
    """Settle all changed paths of one item; a plain field is an item of one path."""
    spec = context.schema.field(changed[0].path)
    if spec is not None and spec.is_consent:
        _settle_consent(context, canonical, item, changed, base, merged)
        return
    elsewhere = _local_changes(canonical, item, base) - {facts.path for facts in changed}
    apart = [facts for facts in changed if _apart(context, facts) or (elsewhere and not facts.fresh)]
    if not apart or item == changed[0].path:
        for facts in changed:
            _settle(context, canonical, facts, disputed, merged, apart=bool(apart))
        return
    more = fuller(canonical, observed, item)
    verdicts = {resolve(context, canonical, facts, more) for facts in apart}
    another = _another(context, apart)
    if another:
        changed = [*changed, *_unsaid(context, canonical, item, base, observed, is_new)]
    winner = verdicts.pop() if len(verdicts) == 1 else "ours" if "ours" in verdicts else None
    for facts in changed:
        # Where two edits of one item meet, the losing one goes as a whole: half of it would make up a third item.
        # Nor does half of one found at first contact complete half of another one.
        whole = facts in apart or not (
            (facts.fresh and not another) or _equal(context.mapping.same, facts.path, facts.canonical, facts.observed)
        )
        _settle(context, canonical, facts, disputed, merged, apart=whole, decided=(winner,))
    if winner is None:
        # The other half of the item must not travel while a person decides about this one.
        for path in elsewhere - disputed.keys():
            held, rule = base[path].value, rule_of(context, canonical, path, None)
            merged.clashes.append(Clash(path, canonical.values.get(path), held, held, rule, None))
    if winner == "theirs":
        for path in elsewhere:
            held, rule = base[path].value, rule_of(context, canonical, path, winner)
            merged.clashes.append(Clash(path, canonical.values.get(path), held, held, rule, winner))
            merged.flows[path] = (held, rule)
            merged.base[path] = None


def _another(context: Context, apart: list[Facts]) -> bool:
    """Whether what is found at first contact is another item altogether, and no other spelling of the same one."""
    if not any(facts.fresh for facts in apart):
        return False
    from model.similar import agree  # not at the top: it takes a while to load, and hardly any record needs it

    spec = context.schema.field
    return any(
        facts.fresh and not agree(spec(facts.path) or Kind.TEXT, facts.canonical, facts.observed) for facts in apart
    )


def _unsaid(
    context: Context,
    canonical: Canonical,
    item: str,
    base: Mapping[str, Base],
    observed: Mapping[str, Any],
    is_new: Callable[[str], bool],
) -> list[Facts]:
    """The parts of an item that the record could have, and does not speak of at first contact."""
    return [
        Facts(path, None, ours, UNKNOWN, canonical.field_rev(path), -1, remote=True, local=False)
        for path, ours in canonical.values.items()
        if path not in observed and not blank(ours) and paths.item(path) == item and context.mapping.covers(path)
        if (base[path].value is UNKNOWN if path in base else is_new(path))
    ]


def _local_changes(canonical: Canonical, item: str, base: Mapping[str, Base]) -> set[str]:
    """Paths of an item whose canonical value changed since this link's baseline."""
    if "[" not in item:
        return set()
    return {
        path
        for path, entry in base.items()
        if path.startswith(item) and entry.value is not UNKNOWN and 0 < entry.rev < canonical.field_rev(path)
    }


def _apart(context: Context, facts: Facts) -> bool:
    """Whether both sides have something to say, and not the same."""
    if _equal(context.mapping.same, facts.path, facts.canonical, facts.observed):
        return False
    if facts.fresh:
        return not blank(facts.canonical) and not blank(facts.observed)
    return facts.local


def _settle(
    context: Context,
    canonical: Canonical,
    facts: Facts,
    disputed: Mapping[str, Any],
    merged: Merged,
    *,
    apart: bool,
    decided: tuple[str | None] | None = None,
) -> None:
    """One path. ``apart``: both sides have news. ``decided`` holds the winner where its whole item has one."""
    path, value = facts.path, facts.observed
    if path in disputed:
        # Whatever a system says meanwhile is remembered as its own value; a person's answer will settle it.
        if _equal(context.mapping.same, path, facts.canonical, value):
            if _is_rival(context, disputed[path]):  # a third system's word settles nothing between the two
                merged.agreed.append(path)
            merged.base[path] = None if facts.canonical == value else Base(facts.rev, value)
            return
        merged.base[path] = _to_push(facts)
        if value != disputed[path].theirs:
            rule = OSCILLATION if disputed[path].rule == OSCILLATION else "open conflict"
            merged.clashes.append(Clash(path, facts.canonical, value, _known(facts.base), rule, None))
        return
    if _equal(context.mapping.same, path, facts.canonical, value):
        merged.base[path] = None if facts.canonical == value else Base(facts.rev, value)
        if facts.local and facts.rev and outranks(context, canonical, path):
            merged.vouched.append(path)
        return
    if not apart:
        _settle_one_sided(context, facts, merged)
        return
    if is_set(context, path) and context.mapping.update_in:
        _settle_set(facts, merged)
        return
    winner = decided[0] if decided else resolve(context, canonical, facts, None)
    rule = rule_of(context, canonical, path, winner) if context.mapping.update_in else NOT_TAKEN
    merged.clashes.append(Clash(path, facts.canonical, value, _known(facts.base), rule, winner))
    if winner == "theirs":
        merged.flows[path] = (value, rule)
        merged.base[path] = None
    else:
        merged.base[path] = _to_push(facts)
        if facts.fresh and facts.canonical is UNKNOWN and winner == "ours" and context.mapping.pushes(path):
            merged.flows[path] = (None, rule)  # known to be blank now, so that records that show it are told


def _settle_one_sided(context: Context, facts: Facts, merged: Merged) -> None:
    """Only one side has news: a remote edit, or a blank to be filled on either side."""
    path, value = facts.path, facts.observed
    if facts.fresh:
        if blank(value) or not context.mapping.update_in:
            merged.base[path] = Base(0, value)
            if not blank(value) and facts.rev > 0 and context.mapping.pushes(path):  # it is to be blanked
                merged.clashes.append(Clash(path, facts.canonical, value, None, NOT_TAKEN, "ours"))
        else:
            merged.flows[path] = (value, "fill")
            merged.base[path] = None
        return
    if blank(value) and context.mapping.blank_in(path) is Blank.IGNORE:
        merged.base[path] = Base(facts.rev, value)
        return
    if context.mapping.strength(path) is Strength.ENFORCE and context.mapping.pushes(path):
        merged.clashes.append(Clash(path, facts.canonical, value, _known(facts.base), "enforce", "ours"))
        merged.base[path] = _to_push(facts)
        return
    if not context.mapping.update_in:
        merged.base[path] = Base(facts.rev, value)
        return
    merged.flows[path] = (value, "edit")
    merged.base[path] = None


def _is_rival(context: Context, conflict: Any) -> bool:
    mapping = context.mapping
    return tuple(conflict.theirs_binding) == (mapping.connection, mapping.stream, mapping.entity)


def _to_push(facts: Facts) -> Base:
    """A baseline entry that says: the system holds ``observed``, and the canonical value has yet to be pushed."""
    return Base(max(min(facts.agreed, facts.rev - 1), 0), facts.observed)


def _settle_set(facts: Facts, merged: Merged) -> None:
    """Three-way merge of sets: what either side added stays, what either side removed goes."""
    ours, theirs, base = set(facts.canonical or ()), set(facts.observed or ()), set(_known(facts.base) or ())
    union = sorted((ours | (theirs - base)) - (base - theirs))
    rev = facts.rev
    if union != facts.canonical:
        merged.flows[facts.path] = (union, "union")
        rev += 1
    merged.base[facts.path] = None if union == facts.observed else Base(0, facts.observed)


def _settle_consent(
    context: Context,
    canonical: Canonical,
    item: str,
    changed: list[Facts],
    base: Mapping[str, Base],
    merged: Merged,
) -> None:
    """The most restrictive status wins; loosening needs an explicit opt-in newer than what is known."""
    by_leaf = {paths.split(facts.path)[2]: facts for facts in changed}
    status = by_leaf.get("status")
    theirs = CONSENT_RANK.get(str(status.observed)) if status else None
    ours_text = canonical.values.get(f"{item}.status")
    ours = CONSENT_RANK.get(str(ours_text))
    if status is None:
        accepted = f"{item}.status" not in _local_changes(canonical, item, base)
    elif ours == theirs:
        accepted = True
    elif theirs is None:
        accepted = False  # "unknown" is no information: it neither restricts nor loosens
    elif ours is None or theirs > ours:
        accepted = True
    else:
        accepted = _newer(by_leaf.get("at"), canonical.values.get(f"{item}.at"))
    for facts in changed:
        if _equal(context.mapping.same, facts.path, facts.canonical, facts.observed):
            merged.base[facts.path] = None if facts.canonical == facts.observed else Base(facts.rev, facts.observed)
        elif accepted and not blank(facts.observed):
            merged.flows[facts.path] = (facts.observed, "consent")
            merged.base[facts.path] = None
            if not blank(facts.canonical):
                merged.clashes.append(_consent_clash(facts, "theirs"))
        else:
            merged.base[facts.path] = _to_push(facts)
            if not blank(facts.observed) and not blank(facts.canonical):
                merged.clashes.append(_consent_clash(facts, "ours"))


def loosens(path: str, now: Any, then: Any) -> bool:
    """Whether the status of a consent would be less restrictive than it is."""
    if not (path.startswith("consents[") and path.endswith("].status")):
        return False
    rank = CONSENT_RANK.get(str(now))
    return rank is not None and CONSENT_RANK.get(str(then), -1) < rank


def _consent_clash(facts: Facts, winner: str) -> Clash:
    return Clash(facts.path, facts.canonical, facts.observed, _known(facts.base), "most restrictive", winner)


def _newer(at: Facts | None, known: Any) -> bool:
    """Whether the observation carries its own, later moment of consent (ISO text in UTC compares as text)."""
    if at is None or blank(at.observed):
        return False
    return blank(known) or str(at.observed) > str(known)


def _known(value: Any) -> Any:
    return None if value is UNKNOWN else value
