"""What one run may write: the actions of a plan, each as it was planned, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from itertools import islice
from typing import Any, Final

import orjson

from mappings.contract import Rendition
from sync.absorb import Binding
from sync.decision import Action, ActionKind, BindingId, Bucket, LinkState
from sync.plans import Plan, named_record, token, token_of
from sync.reconcile import Standing
from sync.rendered import Decided, Keys, first, rendered, rendered_before
from sync.report import PlannedAction

_SHOWN: Final = 10_000
_NEW_SHOWN: Final = 1000
"""So many actions of one fate (and new ones) are remembered by name; the others are counted."""


class Fate(StrEnum):
    """What became of one action of a plan that was to be carried out."""

    WRITTEN = "written"
    REFUSED = "refused"  # sent as planned, and the system did not take it
    HELD = "held"  # still to be written, and something stands in the way
    CHANGED = "changed"  # other fields or values would be written now
    GONE = "gone"  # the record or its entity is there no more
    DONE = "done"  # there is nothing left to write
    NEW = "new"  # not in the plan at all: left for the next run


DRIFTED: Final = frozenset({Fate.CHANGED, Fate.GONE, Fate.DONE})
"""What the plan did not foresee. An action that is held, refused or new is no drift: the next run sees to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One action that was not carried out as planned, and why."""

    fate: Fate
    kind: ActionKind
    binding: BindingId
    key: str | None
    subject: str
    detail: str


class _Mark:
    """One byte per action."""

    UNTOUCHED, ALLOWED, WRITTEN, SETTLED = 0, 1, 2, 3


@dataclass(slots=True)
class Permit:
    """Built over a plan that is known to fit. It remembers a few bytes per action, and reads them again by page."""

    plan: Plan
    fates: Counter[Fate] = field(default_factory=Counter)
    drifts: list[Drift] = field(default_factory=list)
    _places: dict[bytes, int] = field(default_factory=dict)
    _marks: bytearray = field(default_factory=bytearray)
    _under_way: dict[tuple[str, BindingId], tuple[int, ActionKind]] = field(default_factory=dict)
    _made: dict[bytes, int] = field(default_factory=dict)  # entity and stream of a record created here → its place
    _new: set[tuple[str, BindingId, ActionKind]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for place, action in enumerate(self.plan.items()):
            self._places[token_of(action)] = place
            self._marks.append(_Mark.UNTOUCHED)

    # asked while deciding

    def expects(self, standing: Standing, action: Action) -> bool:
        """Whether the plan has such an action at all. What it has not is noted as new."""
        place = self._place(standing, action)
        if place is None:
            self._note_new(standing, action)
            return False
        return self._marks[place] != _Mark.SETTLED

    def _note_new(self, standing: Standing, action: Action) -> None:
        one = (action.entity_id, action.binding, action.kind)
        if one in self._new:
            return
        self._new.add(one)
        self.fates[Fate.NEW] += 1
        if self.fates[Fate.NEW] <= _NEW_SHOWN:
            self._tell(Fate.NEW, action.kind, action.binding, action.key, standing.canonical.id, "not in the plan")

    def _place(self, standing: Standing, action: Action) -> int | None:
        if action.kind is not ActionKind.CREATE:
            found = self._places.get(token(action.kind, action.binding, str(action.key)))
            if found is None and action.kind is ActionKind.UPDATE:
                return self._made.get(_made(action.binding.connection, action.binding.stream, action.entity_id))
            return found
        anchors = [standing.canonical.id, *(named_record((*link.binding, link.key)) for link in _live(standing))]
        return next(
            (
                self._places[one]
                for one in (token(action.kind, action.binding, a) for a in anchors)
                if one in self._places
            ),
            None,
        )

    # asked before sending

    def allowed(self, binding: Binding, decided: Sequence[Decided], keys: Keys) -> Iterator[str | None]:
        """For each action about to be sent: None where it is the planned one, else why it is not."""
        places = [self._place(standing, action) for action, standing in decided]
        asked = sorted({place for place in places if place is not None})
        planned = dict(zip(asked, self.plan.fetch(asked), strict=True))

        def named(stream: str, entity_id: str) -> str | None:
            return self._key(binding.id, keys, stream, entity_id)

        now, then = rendered(binding, decided, named), rendered_before(binding, decided, named)
        for one, place, after, before in zip(decided, places, now, then, strict=True):
            if place is None:
                yield "not in the plan"
                continue
            again = self._marks[place] == _Mark.WRITTEN
            why = _moved(planned[place], *one) or _different(planned[place], one[0], after, before, again=again)
            if why is None:
                self._marks[place] = max(self._marks[place], _Mark.ALLOWED)
                self._under_way[one[0].entity_id, one[0].binding] = place, planned[place].kind
            else:
                self._settle(place, planned[place], Fate.CHANGED, why)
            yield why

    def _key(self, at: BindingId, keys: Keys, stream: str, entity_id: str) -> str | None:
        """A record that this run created is called what the plan called it."""
        place = self._made.get(_made(at.connection, stream, entity_id))
        key = keys(stream, entity_id)
        return key if place is None or key is None else first(self.plan.fetch([place])[0].subject)

    # told afterwards

    def heard(self, entity_id: str, binding: BindingId, bucket: Bucket, detail: str | None) -> None:
        """What became of an action that was sent."""
        place, kind = self._under_way.pop((entity_id, binding), (None, None))
        if place is None:
            return
        if bucket is Bucket.WRITTEN:
            if self._marks[place] != _Mark.WRITTEN:
                self.fates[Fate.WRITTEN] += 1
            self._marks[place] = _Mark.WRITTEN
            if kind is ActionKind.CREATE:
                self._made[_made(binding.connection, binding.stream, entity_id)] = place
        elif self._marks[place] == _Mark.ALLOWED:
            (item,) = self.plan.fetch([place])
            if bucket is Bucket.DEAD:
                self._settle(place, item, Fate.REFUSED, f"the system refused it: {detail or 'no reason given'}")
            elif bucket is Bucket.WAITING:
                self._marks[place] = _Mark.UNTOUCHED  # a later round may get through

    def rest(self, size: int) -> Iterator[list[tuple[int, PlannedAction]]]:
        """Pages of the actions of which nothing is told yet."""
        left = (
            (place, action)
            for place, action in enumerate(self.plan.items())
            if self._marks[place] in (_Mark.UNTOUCHED, _Mark.ALLOWED)
        )
        while page := list(islice(left, size)):
            yield page

    def settle(self, told: Iterable[tuple[int, PlannedAction, Fate, str]]) -> None:
        for place, action, fate, detail in told:
            self._settle(place, action, fate, detail)

    def _settle(self, place: int, action: PlannedAction, fate: Fate, detail: str) -> None:
        if self._marks[place] in (_Mark.WRITTEN, _Mark.SETTLED):
            return
        self._marks[place] = _Mark.SETTLED
        self.fates[fate] += 1
        if self.fates[fate] <= _SHOWN:
            self._tell(fate, action.kind, action.binding, action.key, action.subject, detail)

    def _tell(
        self, fate: Fate, kind: ActionKind, binding: BindingId, key: str | None, subject: str, detail: str
    ) -> None:
        self.drifts.append(Drift(fate=fate, kind=kind, binding=binding, key=key, subject=subject, detail=detail))


def _moved(item: PlannedAction, action: Action, standing: Standing) -> str | None:
    """Why an action is not about the planned entity; None where it is."""
    if item.links:
        missing = set(item.links) - {(*one.binding, one.key) for one in _live(standing)}
        return f"{named_record(min(missing))} is not part of this {action.binding.entity} any more" if missing else None
    return None if item.entity_id == action.entity_id else f"the record belongs to {action.entity_id} now"


def _different(item: PlannedAction, action: Action, now: Rendition, then: Rendition, *, again: bool) -> str | None:
    """Why an action does not write what was planned, over what was seen then; None where it does.

    What waits for a reference may be left out of it, and be written by ``again`` sending the rest.
    """
    if action.kind is ActionKind.DELETE:
        return None
    planned = {change.field: change.after for change in item.changes}
    fields = {name for name, value in now.fields.items() if name not in planned or not _same(planned[name], value)}
    fields |= action.fields.keys() - planned.keys()
    if not (again or now.waiting):
        fields |= planned.keys() - now.fields.keys()
    if fields:
        return f"{', '.join(sorted(fields))} would be written otherwise now"
    if action.kind is ActionKind.CREATE or again:
        return None
    shown = {change.field: change.before for change in item.changes}
    unseen = sorted(name for name in now.fields if not _same(shown[name], then.fields.get(name)))
    return f"{', '.join(unseen)} was changed there since" if unseen else None


def _same(planned: Any, value: Any) -> bool:
    return bool(planned == value) or _plain(planned) == _plain(value)


def _plain(value: Any) -> Any:
    """As it was when it was read from a plan."""
    return orjson.loads(orjson.dumps(value, default=str))


def _live(standing: Standing) -> list[Any]:
    return [link for link in standing.links if link.state is LinkState.LIVE]


def _made(connection: str, stream: str, entity_id: str) -> bytes:
    return blake2b("\0".join((connection, stream, entity_id)).encode("utf-8", "surrogatepass"), digest_size=12).digest()
