"""Books of the writing half: what is outstanding in this round, what came to rest, and the balance of each pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sync.decision import Action, Balance, BindingId, Bucket
from sync.ledger import Scene
from sync.reconcile import Standing, Verdict

_NOT_YET = (Bucket.WAITING, "not written yet")


@dataclass(slots=True)
class Due:
    """An entity with writes outstanding in this round. It is clean when all came to rest."""

    generation: int
    outstanding: set[BindingId] = field(default_factory=set)
    keep: bool = False  # something is left to do in a later round or run


@dataclass(slots=True)
class Books:
    """Every pair of entity and binding is seen once in a run, however many rounds it takes, and ends in one bucket."""

    balance: Callable[[BindingId], Balance]
    standings: dict[str, Standing] = field(default_factory=dict)  # of entities with writes outstanding
    in_doubt: set[tuple[str, BindingId]] = field(default_factory=set)  # sent in this run, and no answer came
    progress: int = 0  # how many writes came to rest so far
    heard: Callable[[str, BindingId, Bucket, str | None], None] | None = None  # is told what became of each write
    _due: dict[str, Due] = field(default_factory=dict)
    _rested: list[str] = field(default_factory=list)  # entities that may have come to rest, not looked at yet
    _balances: dict[BindingId, Balance] = field(default_factory=dict)
    _open: dict[tuple[str, BindingId], tuple[Bucket, str | None]] = field(default_factory=dict)
    _again: set[str] = field(default_factory=set)  # entities that a former round of this run left something to do of

    def begin(self, entity_id: str, generation: int) -> Due:
        due = self._due[entity_id] = Due(generation)
        self._rested.append(entity_id)  # unless something becomes due
        return due

    def begin_creates(
        self, born: Sequence[tuple[Standing, int]], targets: Sequence[BindingId], resting: Sequence[BindingId]
    ) -> None:
        """Entities (with their generations) to be created in all of the targets, and at rest where they come from."""
        ids = [standing.canonical.id for standing, _ in born]
        self.standings.update(zip(ids, [standing for standing, _ in born], strict=True))
        self._due.update((i, Due(generation, set(targets))) for i, (_, generation) in zip(ids, born, strict=True))
        if not targets:
            self._rested += ids
        for at in targets:
            known = len(self._open)
            self._open.update(dict.fromkeys([(i, at) for i in ids], _NOT_YET))
            self._balance(at).seen += len(self._open) - known
        for at in resting:
            balance, known = self._balance(at), len(self._open)
            for i in ids if known else ():
                self._open.pop((i, at), None)
            balance.seen += len(ids) - (known - len(self._open))
            balance.count(Bucket.UNCHANGED, len(ids))

    def keep(self, entity_id: str) -> None:
        """Part of what is written now has to wait: the entity is not clean afterwards."""
        self._due[entity_id].keep = True

    def count(self, entity_id: str, verdict: Verdict) -> None:
        """Enter a verdict: a pair with something to write (or to wait for) stays open until it comes to rest."""
        pair = (entity_id, verdict.binding)
        balance = self._balance(verdict.binding)
        if self._open.pop(pair, None) is None:
            if entity_id in self._again and verdict.action is None and verdict.bucket is not Bucket.WAITING:
                return  # it rests, as it did in the round before
            balance.seen += 1
        if verdict.action is not None:
            self._open[pair] = _NOT_YET
        elif verdict.bucket is Bucket.WAITING:
            self._open[pair] = (Bucket.WAITING, verdict.detail)
        else:
            balance.count(verdict.bucket, detail=verdict.detail)

    def waits(self, entity_id: str, binding: BindingId, why: str) -> None:
        """A pair that was counted with something to write is left for another run."""
        self._open[entity_id, binding] = (Bucket.WAITING, why)

    def ended(self, action: Action, bucket: Bucket, detail: str | None, *, keep: bool = False) -> None:
        """One action came to rest (or, with ``keep``, is left for later). What ended already stays as it ended."""
        due = self._due.get(action.entity_id)
        if due is None or action.binding not in due.outstanding:
            return
        if self.heard is not None:
            self.heard(action.entity_id, action.binding, bucket, detail)
        due.outstanding.discard(action.binding)
        if not due.outstanding:
            self._rested.append(action.entity_id)
        due.keep = due.keep or keep
        pair = (action.entity_id, action.binding)
        if keep:
            self._open[pair] = (bucket, detail)
            return
        self.progress += 1
        if self._open.pop(pair, None) is not None:
            self._balance(action.binding).count(bucket, detail=detail)

    def all_ended(self, entity_ids: Sequence[str], binding: BindingId, bucket: Bucket, detail: str) -> None:
        """`ended`, for one action of each of the entities in one binding."""
        moved = 0
        for entity_id in entity_ids:
            due = self._due.get(entity_id)
            if due is not None and binding in due.outstanding:
                due.outstanding.discard(binding)
                if not due.outstanding:
                    self._rested.append(entity_id)
                self.progress += 1
                if self.heard is not None:
                    self.heard(entity_id, binding, bucket, detail)
                moved += self._open.pop((entity_id, binding), None) is not None
        self._balance(binding).count(bucket, moved, detail)

    def scene(self, entity_ids: Sequence[str]) -> Scene:
        """What was loaded for deciding about them: nobody else writes while the lease is held."""
        scene = Scene()
        for entity_id in entity_ids:
            standing = self.standings[entity_id]
            scene.canonicals[entity_id] = standing.canonical
            scene.links_of[entity_id] = standing.links
            scene.conflicts[entity_id] = standing.conflicts
        return scene

    def _balance(self, binding: BindingId) -> Balance:
        found = self._balances.get(binding)
        if found is None:
            found = self._balances[binding] = self.balance(binding)
        return found

    def resting(self) -> list[tuple[str, int]]:
        """Entities of this round that have come to rest, and may be marked clean."""
        clean: list[tuple[str, int]] = []
        for entity_id in self._rested:
            due = self._due.get(entity_id)
            if due is None or due.outstanding:
                continue
            del self._due[entity_id]
            self.standings.pop(entity_id, None)
            if due.keep:
                self._again.add(entity_id)
            else:
                clean.append((entity_id, due.generation))
        self._rested.clear()
        return clean

    def close(self) -> None:
        """What never came to rest is waiting."""
        for (_, binding), (bucket, detail) in self._open.items():
            self._balance(binding).count(bucket, detail=detail)
        self._open.clear()
