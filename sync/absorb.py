"""Turn one page of observations into changes: link or correlate, merge, or park with a reason. Pure.

Every observation ends in exactly one bucket of the balance; nothing is dropped, and one bad record delays no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mappings.contract import CompiledMapping, OnDelete, Projection
from model.paths import is_pattern, pattern_regex
from model.records import Problem, Record
from sync.correlate import Index, correlate
from sync.decision import (
    HELD,
    LACKING,
    UNKNOWN,
    Base,
    BindingId,
    Bucket,
    Canonical,
    EntityState,
    Link,
    LinkState,
    Parked,
    Side,
    Why,
    blank,
)
from sync.ledger import Ledger, Scene
from sync.merge import Context, merge
from sync.oscillation import freeze

DISPUTED_MATCH: Final = "disputed-match"
MERGED_THERE: Final = "merged-there"
_DELETED_THERE: Final = "deleted-there"
DECIDES: Final = "; a person has to decide"
_TOLD = 8  # problems that one dead letter names


class Observation(NamedTuple):
    """A record as read, projected, with its fingerprint."""

    record: Record
    projection: Projection
    fingerprint: str | None


class Ended(NamedTuple):
    """Where an observation went: its bucket, and a word for people (created, linked, changed, a reason)."""

    bucket: Bucket
    detail: str | None = None


CREATED = Ended(Bucket.WRITTEN, "created")


@dataclass(frozen=True, slots=True)
class Binding:
    """One mapping with everything that is needed to decide about its records."""

    id: BindingId
    mapping: CompiledMapping
    context: Context
    index: Index
    cyclic: frozenset[str] = field(default_factory=frozenset)  # paths whose reference may point back here


def absorb(binding: Binding, observation: Observation, ledger: Ledger) -> Ended:
    """Decide about one record; what follows from it is written into the ledger."""
    record, projection = observation.record, observation.projection
    link = ledger.scene.links.get(record.key)
    if record.deleted:
        return _deleted(binding, record, link, ledger)
    if projection.skipped is not None:
        ledger.unpark(binding.id, Side.IN, record.key)
        return Ended(Bucket.SKIPPED, projection.skipped)
    if any(problem.path is None for problem in projection.problems):
        return _dead(binding, record, projection.problems, ledger)
    if link is not None and link.state is not LinkState.LIVE:
        return _returned(binding, record, link, ledger)
    values, missing = resolved(binding, projection, ledger.scene)
    if link is None and any(path not in binding.cyclic for path in missing):
        return waiting(binding, record, missing, ledger)
    ended = _join(binding, observation, values, ledger) if link is None else None
    if ended is None:
        assert link is not None
        ended = _update(binding, observation, values, link, ledger)
    if ended.bucket in (Bucket.DEAD, Bucket.SKIPPED) or ended.detail == "disputed":
        return ended
    if missing:
        return waiting(binding, record, missing, ledger)
    if projection.problems:
        dead = _dead(binding, record, projection.problems, ledger)
        return dead if link is not None else Ended(Bucket.DEAD, f"{ended.detail}{LACKING}{dead.detail}")
    ledger.unpark(binding.id, Side.IN, record.key)
    return ended


def target_of(binding: Binding, path: str) -> str:
    """The entity that a reference points to."""
    spec = binding.context.schema.field(path)
    return spec.target if spec is not None and spec.target else binding.id.entity


def resolved(
    binding: Binding, projection: Projection, scene: Scene
) -> tuple[dict[str, Any], dict[str, tuple[str, str, str]]]:
    """Values with references replaced by entity ids, and by path the record each unresolved one awaits."""
    if not projection.references:
        return projection.values, {}
    values, missing = dict(projection.values), {}
    for path, reference in projection.references.items():
        entity_id = scene.references.get((reference.stream, target_of(binding, path), reference.key))
        if entity_id is None:
            missing[path] = (binding.id.connection, reference.stream, reference.key)
        else:
            values[path] = entity_id
    return values, missing


def _could_be(candidates: Sequence[str]) -> str:
    return "could be an entity" if len(candidates) == 1 else f"could be one of {len(candidates)} entities"


def _join(binding: Binding, observation: Observation, values: dict[str, Any], ledger: Ledger) -> Ended | None:
    """An unlinked record: find its entity, or found one. Returns where it went; it is then linked (or parked)."""
    record, scene = observation.record, ledger.scene

    def taken(entity_id: str) -> bool:
        return any(
            other.binding == binding.id and other.state is LinkState.LIVE for other in scene.links_of.get(entity_id, ())
        )

    found = correlate(binding.mapping.match, binding.index, values, scene.candidates, scene.canonicals, taken)
    if found.disputed:
        why = f"{_could_be(found.disputed)}: {found.why}{DECIDES}"
        _aside(binding, record, ledger, Why.DISPUTED, DISPUTED_MATCH, why, candidates=found.disputed)
        return Ended(Bucket.CONFLICT, "disputed")
    if found.entity_id is not None:
        canonical = scene.canonicals[found.entity_id]
        link = Link(binding.id, record.key, canonical.id, record.version, observation.fingerprint)
        ledger.joined(link, canonical.rev, found.why, binding.id.connection, binding.mapping.version)
        return join(binding, observation, values, canonical, link, ledger)
    if not binding.mapping.create_in:
        return Ended(Bucket.SKIPPED, "matches nothing, and this mapping creates nothing in the hub")
    known = {path: v for path, v in values.items() if v is not None} if None in values.values() else values
    present = {**binding.mapping.defaults_in, **known}
    canonical = ledger.found(binding.id, present)
    link = Link(binding.id, record.key, canonical.id, record.version, observation.fingerprint)
    _hold_unreadable(binding, observation.projection, link)
    ledger.link(link, new=True)
    scene.links[record.key] = link
    return CREATED


def _hold_unreadable(binding: Binding, projection: Projection, link: Link) -> None:
    """What could not be read is not overwritten: somebody wrote it, and a person should see it first."""
    for problem in projection.problems:
        if problem.path is not None and binding.mapping.pushes(problem.path):
            link.base[problem.path] = Base(HELD, UNKNOWN)


def join(
    binding: Binding,
    observation: Observation,
    values: dict[str, Any],
    canonical: Canonical,
    link: Link,
    ledger: Ledger,
) -> Ended:
    """First contact: link a record to an entity that exists, nothing being agreed yet."""
    ledger.link(link, new=True)
    if ledger.scene.refused.pop(canonical.id, None) is not None:
        # It could not be created there; that was (or is now) because this record is it.
        ledger.changes.unparked.append((binding.id, Side.OUT, canonical.id))
    ledger.scene.links[link.key] = link
    mapping = binding.mapping
    awaited = observation.projection.references
    for path, value in canonical.values.items():
        # What the record says nothing about is not agreed on: it is told, where it can be.
        if path not in values and path not in awaited and not blank(value) and mapping.pushes(path):
            link.base[path] = Base(0, UNKNOWN)
    if link.base:
        ledger.touch(canonical)
    ended = merge_in(binding, observation, values, canonical, link, ledger, is_new=_always)
    in_conflict = ended.bucket is Bucket.CONFLICT
    return Ended(ended.bucket, "linked with a conflict") if in_conflict else Ended(Bucket.WRITTEN, "linked")


def _always(_: str) -> bool:
    return True


_never: Final[Callable[[str], bool]] = frozenset[str]().__contains__


def _update(binding: Binding, observation: Observation, values: dict[str, Any], link: Link, ledger: Ledger) -> Ended:
    """A linked record was read again."""
    canonical = ledger.scene.canonicals[link.entity_id]
    is_new = newly_covered(binding, link, ledger)
    link.version, link.fingerprint = observation.record.version, observation.fingerprint
    ledger.link(link)
    return merge_in(binding, observation, values, canonical, link, ledger, is_new=is_new)


def newly_covered(binding: Binding, link: Link, ledger: Ledger) -> Callable[[str], bool]:
    """Paths that the mapping did not cover when this record was last read: for them it is first contact."""
    prefix = (link.fingerprint or "")[:6]
    if not prefix or binding.mapping.version.startswith(prefix):
        return _never
    before = ledger.scene.covered_before.get(prefix)
    if before is None:
        return _always
    plain = {path for path in before if not is_pattern(path)}
    patterns = [pattern_regex(path) for path in before if is_pattern(path)]
    return lambda path: path not in plain and not any(pattern.match(path) for pattern in patterns)


def observed(projection: Projection, values: dict[str, Any], canonical: Canonical) -> Mapping[str, Any]:
    """Values, and None for every known item that a completely listed collection no longer has."""
    if not projection.complete:
        return values
    patterns = [pattern_regex(pattern) for pattern in projection.complete]
    lost = {
        path: None
        for path, value in canonical.values.items()
        if path not in values and not blank(value) and any(pattern.match(path) for pattern in patterns)
    }
    return {**values, **lost}


def merge_in(
    binding: Binding,
    observation: Observation,
    values: dict[str, Any],
    canonical: Canonical,
    link: Link,
    ledger: Ledger,
    *,
    is_new: Callable[[str], bool],
) -> Ended:
    disputed = ledger.scene.conflicts.get(canonical.id, {})
    seen = observed(observation.projection, values, canonical)
    merged = merge(binding.context, canonical, link.base, seen, is_new, disputed)
    if canonical.id in ledger.scene.turns:
        freeze(binding.context, canonical, merged, seen, ledger.scene.turns[canonical.id])
    for clash in merged.clashes:
        ledger.clash(canonical, clash, link)
    if merged.flows:
        ledger.alter(canonical, merged.flows, binding.id.connection, by=link, mapping=binding.mapping.version)
    for path in merged.agreed:
        ledger.settle(canonical, path, "agreed")
    if merged.vouched:
        ledger.vouch(canonical, merged.vouched, binding.id.connection)
    _hold_unreadable(binding, observation.projection, link)
    pushes = False
    for path, entry in merged.base.items():
        if entry is None:
            link.base.pop(path, None)
        else:
            link.base[path] = entry
            pushes = pushes or (entry.rev < canonical.field_rev(path) and binding.mapping.pushes(path))
    if pushes:
        ledger.touch(canonical)
    if any(clash.winner is None for clash in merged.clashes):
        return Ended(Bucket.CONFLICT, "conflict")
    written = "changed" if merged.flows else "put back" if pushes else None
    return Ended(Bucket.WRITTEN if written else Bucket.UNCHANGED, written)


def _deleted(binding: Binding, record: Record, link: Link | None, ledger: Ledger) -> Ended:
    """A tombstone. Absence never comes here: only evidence does."""
    known = ledger.scene.parked.get(record.key)
    if link is not None and link.state is not LinkState.LIVE:
        if known is not None and known.code not in (MERGED_THERE, _DELETED_THERE):  # what its end asks stays asked
            ledger.unpark(binding.id, Side.IN, record.key)
        return Ended(Bucket.UNCHANGED)
    ledger.unpark(binding.id, Side.IN, record.key)
    if link is None:
        return Ended(Bucket.SKIPPED, "deleted before it was linked")
    canonical = ledger.scene.canonicals[link.entity_id]
    if canonical.state is not EntityState.LIVE:
        # Perhaps our own deletion. There is nothing to ask, and the survivor of a merge must not be deleted with it.
        link.state, link.fingerprint = LinkState.MERGED if record.superseded_by else LinkState.GONE, None
        ledger.link(link)
        return Ended(Bucket.WRITTEN, "unlinked")
    if record.superseded_by:
        return _merged_away(binding, record, link, canonical, ledger)
    link.state, link.fingerprint = LinkState.GONE, None
    ledger.link(link)
    if (policy := binding.mapping.on_delete_in) is OnDelete.DELETE:
        ledger.delete(canonical, link)
        return Ended(Bucket.WRITTEN, "deleted")
    if policy is OnDelete.REVIEW:
        _aside(
            binding,
            record,
            ledger,
            Why.DISPUTED,
            _DELETED_THERE,
            "the record was deleted there; a person decides whether it is deleted everywhere",
            candidates=(link.entity_id,),
        )
        return Ended(Bucket.CONFLICT, "deleted there")
    return Ended(Bucket.WRITTEN, "unlinked")


def _merged_away(binding: Binding, record: Record, link: Link, canonical: Canonical, ledger: Ledger) -> Ended:
    """The record was merged into another one there: follow, and ask where two entities are now one record."""
    survivor = record.superseded_by or ""
    link.state, link.fingerprint = LinkState.MERGED, None
    ledger.link(link)
    ledger.changes.aliases.append((binding.id, record.key, survivor))
    heir = ledger.scene.links.get(survivor)
    if heir is None:
        base = {path: Base(0, UNKNOWN) for path in canonical.values if binding.mapping.covers(path)}
        heir = Link(binding.id, survivor, canonical.id, base=base)
        ledger.scene.links[survivor] = heir
        ledger.link(heir, new=True)
        ledger.joined(heir, canonical.rev, f"{record.key} was merged into it there", binding.id.connection)
        ledger.touch(canonical)
        return Ended(Bucket.WRITTEN, "merged there")
    if heir.entity_id == link.entity_id:
        # What was refused there may have been so because there were two: it is tried again.
        ledger.changes.unparked.append((binding.id, Side.OUT, canonical.id))
        ledger.touch(canonical)
        return Ended(Bucket.WRITTEN, "merged there")
    _aside(
        binding,
        record,
        ledger,
        Why.DISPUTED,
        MERGED_THERE,
        "two records were merged there whose entities are still two here; a person has to decide",
        candidates=(heir.entity_id, link.entity_id),
    )
    return Ended(Bucket.CONFLICT, "merged there")


def _returned(binding: Binding, record: Record, link: Link, ledger: Ledger) -> Ended:
    """A record that was deleted or merged away is alive again: never linked again by itself."""
    if link.state is LinkState.CUT:
        ledger.unpark(binding.id, Side.IN, record.key)
        return Ended(Bucket.SKIPPED, "taken off its entity by an undo")
    _aside(
        binding,
        record,
        ledger,
        Why.DISPUTED,
        "returned",
        "the record was deleted there and is back; a person decides whether it is the same again",
        candidates=(link.entity_id,),
    )
    return Ended(Bucket.CONFLICT, "returned")


def _aside(binding: Binding, record: Record, ledger: Ledger, why: Why, code: str, message: str, **more: Any) -> None:
    """Park a record as it was observed; of a deleted one there is nothing to keep."""
    ledger.park(
        Parked(
            binding=binding.id,
            side=Side.IN,
            key=record.key,
            why=why,
            code=code,
            message=message,
            data=None if record.deleted else record.data,
            version=None if record.deleted else record.version,
            **more,
        )
    )


def _dead(binding: Binding, record: Record, problems: Sequence[Problem], ledger: Ledger) -> Ended:
    """A dead letter that names every problem; code and place are those of the worst, the first otherwise."""
    worst = next((problem for problem in problems if problem.path is None), problems[0])
    messages = [worst.message, *(problem.message for problem in problems if problem is not worst)]
    told = "; ".join(messages[:_TOLD]) + (f"; and {len(messages) - _TOLD} more" if len(messages) > _TOLD else "")
    _aside(binding, record, ledger, Why.DEAD, worst.code, told, field=worst.field, path=worst.path)
    return Ended(Bucket.DEAD, worst.code)


def waiting(binding: Binding, record: Record, missing: Mapping[str, tuple[str, str, str]], ledger: Ledger) -> Ended:
    path, awaits = next(iter(missing.items()))
    _aside(
        binding,
        record,
        ledger,
        Why.WAITING,
        "reference-missing",
        f"{path} refers to a record of {awaits[1]} that is not here (yet)",
        path=path,
        awaits=awaits,
    )
    return Ended(Bucket.WAITING, "reference-missing")
