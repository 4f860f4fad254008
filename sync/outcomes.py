"""Take the answer to one write as an observation. Pure.

What was written is the new baseline, in the form the system stored it. Everything else in the answer is news like any
other: a default the system filled in, an edit somebody made a moment before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.contract import Outcome, OutcomeKind, Write
from mappings.contract import Projection
from model.errors import ProtocolError
from sync.absorb import Binding, observed, resolved
from sync.decision import (
    HELD,
    UNKNOWN,
    ActionKind,
    Base,
    Canonical,
    IntentRow,
    Link,
    LinkState,
    blank,
)
from sync.ledger import Ledger
from sync.merge import merge

Seen = tuple[Projection, str]
"""The record in an answer, projected, and its fingerprint."""


_NO_GAPS: Mapping[str, Any] = {}


class Written(NamedTuple):
    """One write that was carried out.

    ``direct``: the answer itself carried the record, so differences in it are the system's own doing and not somebody's
    edit in between. ``surely``: this record came of this write; else it was found by a value that others may have, too.
    ``gaps`` are paths that a create in steps did not come to, and what the record shows there instead.
    """

    kind: ActionKind
    row: IntentRow
    outcome: Outcome
    intent: int | None
    direct: bool
    seen: Seen | None = None
    surely: bool = True
    gaps: Mapping[str, Any] = _NO_GAPS


def shown_in(binding: Binding, outcomes: Sequence[Outcome]) -> list[Seen | None]:
    """What each write was answered with: projected together, with fingerprints; None where it shows no record."""
    records = [outcome.record if outcome.kind is OutcomeKind.APPLIED else None for outcome in outcomes]
    shown = [record for record in records if record is not None]
    found = zip(binding.mapping.project(shown), binding.mapping.fingerprints(shown), strict=True)
    if len(shown) == len(records):
        return list(found)
    return [None if record is None else next(found) for record in records]


def take_creates(
    binding: Binding,
    rows: Sequence[IntentRow],
    outcomes: Sequence[Outcome],
    seen: Sequence[Seen | None],
    ledger: Ledger,
) -> tuple[list[Link], list[int]]:
    """Links of the creates that brought no news, and the places of the others, for `take` to look at."""
    links: list[Link] = []
    rest: list[int] = []
    at, canonicals, links_of = binding.id, ledger.scene.canonicals, ledger.scene.links_of
    for place, (row, outcome, shown) in enumerate(zip(rows, outcomes, seen, strict=True)):
        record, canonical, known = outcome.record, canonicals[row.entity_id], links_of[row.entity_id]
        if (
            shown is None
            or record is None
            or outcome.kind is not OutcomeKind.APPLIED
            or not outcome.key
            or row.revs.keys() != canonical.values.keys()
            or not _all_as_it_is(canonical, shown[0])
            or at in [link.binding for link in known]
        ):
            rest.append(place)
        else:
            links.append(Link(at, outcome.key, row.entity_id, record.version, shown[1], {}, LinkState.LIVE))
    return links, rest


def take(binding: Binding, written: Written, ledger: Ledger) -> None:
    """Update link, baseline and (where the answer brings news) the canonical record."""
    row, outcome = written.row, written.outcome
    canonical = ledger.scene.canonicals[row.entity_id]
    link = _link(binding, written, ledger)
    ledger.wrote(binding.id, written.kind, binding.mapping.version, written.intent).append(
        (row.entity_id, link.key, tuple(row.revs))
    )
    if written.kind is ActionKind.DELETE:
        link.state, link.fingerprint, link.base = LinkState.GONE, None, {}
        return
    whole = row.revs.keys() == canonical.values.keys()
    if written.kind is ActionKind.CREATE and not whole:
        for path in canonical.values.keys() - row.revs.keys():
            if binding.mapping.pushes(path):
                # Left out for now (a reference whose record comes later), or never come to.
                link.base[path] = Base(0, written.gaps.get(path, UNKNOWN))
    link.version = outcome.version if outcome.record is None else outcome.record.version
    if outcome.record is None:
        link.fingerprint = None
        if written.kind is ActionKind.CREATE:
            _only_shown(canonical, link, binding)
        _agree(canonical, link, row, {}, binding, direct=True)
        return
    record = outcome.record
    if written.seen is None:
        (projection,) = binding.mapping.project([record])
        (link.fingerprint,) = binding.mapping.fingerprints([record])
    else:
        projection, link.fingerprint = written.seen
    if whole and not link.base and _all_as_it_is(canonical, projection):
        return
    if written.kind is ActionKind.CREATE:
        _only_shown(canonical, link, binding)
    values = _values(binding, projection, row, link, ledger)
    _agree(canonical, link, row, values, binding, direct=written.direct)
    if not written.surely:
        _unshown(canonical, link, values, binding)
    _news(binding, canonical, link, projection, values, written, ledger)


def one_each(binding: Binding, writes: Sequence[Write], outcomes: Iterable[Outcome]) -> list[Outcome]:
    answers = list(outcomes)
    if len(answers) != len(writes):
        raise ProtocolError(f"{len(answers)} outcomes for {len(writes)} writes to {binding.id}")
    return answers


def _only_shown(canonical: Canonical, link: Link, binding: Binding) -> None:
    """What is read from a new record and never written to it: whatever it shows there, nobody has agreed on it."""
    for path, value in canonical.values.items():
        if not blank(value) and binding.mapping.covers(path) and not binding.mapping.pushes(path):
            link.base[path] = Base(0, UNKNOWN)


def _all_as_it_is(canonical: Canonical, projection: Projection) -> bool:
    """Whether a record written as a whole shows what the hub has, so that there is nothing to note or to learn.

    True of nearly every create; `_agree` and `_news` would find the same, path by path. (Without ``meta`` every field
    is at its first revision, so what was rendered was, too.)
    """
    values, references, problems, _, complete = projection
    return values == canonical.values and not (canonical.meta or problems or references or complete)


def _link(binding: Binding, written: Written, ledger: Ledger) -> Link:
    key = written.outcome.key or written.row.key
    assert key is not None, "an applied write has a key"
    for link in ledger.scene.links_of.get(written.row.entity_id, ()):
        if link.binding == binding.id and link.key == key:
            ledger.link(link)
            return link
    link = Link(binding.id, key, written.row.entity_id)
    ledger.link(link, new=True)
    return link


def _values(binding: Binding, projection: Projection, row: IntentRow, link: Link, ledger: Ledger) -> dict[str, Any]:
    """What the answer says. A reference that leads to nothing known is taken as written until a later read."""
    values, missing = resolved(binding, projection, ledger.scene)
    if not missing:
        return values
    link.fingerprint = None
    return {**values, **{path: row.values[path] for path in missing if path in row.values}}


def _agree(
    canonical: Canonical, link: Link, row: IntentRow, values: dict[str, Any], binding: Binding, *, direct: bool
) -> None:
    """What was written is agreed: at the revision that was rendered, in the form the system shows it."""
    mapping, current_values, meta = binding.mapping, canonical.values, canonical.meta
    for path, rev in row.revs.items():
        agreed = path in values and values[path] == current_values.get(path)
        if agreed and rev == (meta[path].rev if path in meta else 1):
            link.base.pop(path, None)
            continue
        if not mapping.pushes(path):
            continue
        sent = row.values.get(path)
        read = values.get(path, UNKNOWN) if mapping.covers(path) else UNKNOWN
        shown = sent if read is UNKNOWN else read
        if not (direct or shown == sent or (blank(sent) and blank(shown)) or mapping.same(path, sent, shown)):
            before = link.base.get(path)
            if before is None or before.value != shown:
                # Not what such a write would show: somebody's edit came in between. It is merged as one.
                shown = sent
            # Else it shows what it did before: the system has its own way with this value. Were that an edit, two such
            # systems would send one value to and fro for ever.
        current = canonical.field_rev(path)
        if rev == current and (shown == canonical.values.get(path) or (blank(shown) and blank(sent))):
            link.base.pop(path, None)
        else:
            link.base[path] = Base(rev, shown)


def _unshown(canonical: Canonical, link: Link, values: Mapping[str, Any], binding: Binding) -> None:
    """What a record that may be somebody else's does not show was perhaps never written there: it is told."""
    for path, value in canonical.values.items():
        if path not in values and not blank(value) and binding.mapping.pushes(path):
            link.base[path] = Base(0, UNKNOWN)


def _news(
    binding: Binding,
    canonical: Canonical,
    link: Link,
    projection: Projection,
    values: dict[str, Any],
    written: Written,
    ledger: Ledger,
) -> None:
    for problem in projection.problems:
        if problem.path is not None and binding.mapping.pushes(problem.path):
            link.base[problem.path] = Base(HELD, UNKNOWN)
    if not projection.complete:
        known = canonical.values
        values = {path: value for path, value in values.items() if path not in known or known[path] != value}
        if not values:
            return
    created, told = written.kind is ActionKind.CREATE, written.row.revs.keys() | written.gaps.keys()
    merged = merge(
        binding.context,
        canonical,
        link.base,
        observed(projection, values, canonical),
        lambda path: created and path not in told,
        ledger.scene.conflicts.get(canonical.id, {}),
    )
    for clash in merged.clashes:
        ledger.clash(canonical, clash, link)
    if merged.flows:
        ledger.alter(canonical, merged.flows, binding.id.connection, by=link, mapping=binding.mapping.version)
    asked = {clash.path for clash in merged.clashes if clash.winner is None}
    for path, entry in merged.base.items():
        if entry is None:
            link.base.pop(path, None)
        elif created and path not in asked and not binding.mapping.pushes(path):
            link.base[path] = Base(canonical.field_rev(path), entry.value)  # it will go on showing that
        else:
            link.base[path] = entry
            if entry.rev < canonical.field_rev(path) and binding.mapping.pushes(path):
                ledger.touch(canonical)
