"""Creates that take several calls, of which a later one went wrong: there is a record, and it lacks something. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from connectors.contract import Outcome, OutcomeKind
from sync.absorb import Binding, resolved
from sync.decision import ActionKind, IntentRow, blank
from sync.ledger import Scene
from sync.outcomes import Seen

TAKEN: Final = "the system took this for a record that belongs to another entity here; merge or correct one of the two"
_IN_PART = frozenset(OutcomeKind) - {OutcomeKind.APPLIED, OutcomeKind.STALE, OutcomeKind.MISSING}


class Cut(NamedTuple):
    """A row without what its record does not show as it was sent, and what the record shows there instead."""

    row: IntentRow
    gaps: Mapping[str, Any]


def taken_by_others(
    rows: Sequence[IntentRow], outcomes: Sequence[Outcome], owners: Mapping[str, str]
) -> Sequence[Outcome]:
    """A system that answers a create with the key of another entity's record has made none: that is a duplicate.

    ``owners`` are the entities of the keys that are known.
    """
    known = dict(owners)
    return [
        Outcome(OutcomeKind.DUPLICATE, code="duplicate", message=TAKEN)
        if outcome.key and known.setdefault(outcome.key, row.entity_id) != row.entity_id
        else outcome
        for row, outcome in zip(rows, outcomes, strict=True)
    ]


def halfway(kind: ActionKind, outcomes: Sequence[Outcome]) -> tuple[list[Outcome], dict[int, Outcome]]:
    """Creates of which a later step went wrong are taken as done, as far as they show. Returns what was said of them.

    The rest is written as an update, which is refused by itself where the system goes on refusing it.
    """
    if kind is not ActionKind.CREATE:
        return list(outcomes), {}
    said = {at: outcome for at, outcome in enumerate(outcomes) if outcome.key and outcome.kind in _IN_PART}
    return [o._replace(kind=OutcomeKind.APPLIED) if at in said else o for at, o in enumerate(outcomes)], said


def unseen(outcomes: list[Outcome], partly: Collection[int]) -> list[Outcome]:
    """What was made in part and is not shown by a system that was asked is looked up in the next run."""
    for at in partly:
        if outcomes[at].record is None:
            outcomes[at] = outcomes[at]._replace(kind=OutcomeKind.UNKNOWN)
    return outcomes


def cut(binding: Binding, row: IntentRow, seen: Seen | None, scene: Scene) -> Cut:
    """What of a create came to be. Whatever else the record shows was there before the step that did not come."""
    shown = {} if seen is None else resolved(binding, seen[0], scene)[0]
    same = binding.mapping.same
    lacking = {
        path
        for path in row.revs
        if not blank(sent := row.values.get(path)) and sent != shown.get(path) and not same(path, sent, shown.get(path))
    }
    if not lacking:
        return Cut(row, {})
    came = {path: rev for path, rev in row.revs.items() if path not in lacking}
    return Cut(row._replace(revs=came), {path: shown[path] for path in lacking if path in shown})
