"""The hub's memory: `sync.ports.Store` over SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from model.clock import Clock, SystemClock
from state import canonicals, conflicts, intents, leases, links, logs, parking, runs, story
from state.bindings import Bindings
from state.database import Database
from state.migrate import opened
from state.plans import Plans
from state.rehearsal import rehearse
from state.seen import SeenKeys, seen
from state.witness import Witness, beside, compare, sent
from sync.decision import (
    Balance,
    BindingId,
    Canonical,
    Changes,
    Conflict,
    Intent,
    Link,
    Parked,
    Side,
    StreamState,
    Unsettled,
    Why,
)
from sync.oscillation import Turn
from sync.ports import Lease, Store
from sync.story import Story


def open_store(url: str, clock: Clock | None = None) -> SqlStore:
    """Open the state database, made or migrated where needed. Raises StateError with what to do about it."""
    database = opened(url)
    witness = beside(database.engine.url.database) if database.sqlite else None
    return SqlStore(database, clock or SystemClock(), witness=witness)


class SqlStore(Plans, Store):
    """Safe to share between threads. Methods do what `sync.ports.Store` says."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        past: SqlStore | None = None,
        original: SqlStore | None = None,
        *,
        witness: Witness | None = None,
    ) -> None:
        """``past`` is the store that remembers what a rehearsal's database was not given, ``original`` the one that is
        rehearsed: what systems ask of us concerns it as well.
        """
        self.database = database
        self.clock = clock
        self.bindings = Bindings(database)
        self._past = past
        self._original = original or self
        self._witness = witness

    # leases and runs

    def acquire(
        self,
        scopes: Collection[str],
        holder: str,
        seconds: float,
        now: datetime,
        gone: Callable[[str], bool] | None = None,
        *,
        restored: bool = False,
    ) -> Lease:
        with self.database.write() as tx:
            if self._witness is not None and not restored:
                compare(tx, self._witness)
            return leases.acquire(tx, scopes, holder, seconds, now, gone)

    def trust(self) -> None:
        if self._witness is not None:
            with self.database.read() as tx:
                self._witness.note(sent(tx))

    def renew(self, lease: Lease, now: datetime) -> None:
        with self.database.write() as tx:
            leases.hold(tx, lease, now)

    def release(self, lease: Lease) -> None:
        with self.database.write() as tx:
            leases.release(tx, lease)

    def rests(self) -> dict[str, datetime]:
        with self._original.database.read() as tx:
            return leases.rests(tx)

    def rest(self, connection: str, until: datetime) -> None:
        with self._original.database.write() as tx:
            leases.rest(tx, connection, until)

    def first_run_after(self, run: int, connection: str) -> datetime | None:
        with self.database.read() as tx:
            return runs.first_after(tx, run, connection)

    def start_run(self, selection: Sequence[BindingId], trigger: str, now: datetime) -> int:
        with self.database.write() as tx:
            return runs.start(tx, selection, trigger, now)

    def finish_run(
        self,
        run: int,
        status: str,
        balances: Mapping[tuple[BindingId, Side], Balance],
        message: str | None,
        now: datetime,
    ) -> None:
        with self.bindings.writing() as (tx, numbers):
            runs.finish(tx, numbers, run, status, balances, message, now)

    def cause(self, run: int) -> str | None:
        with self.database.read() as tx:
            return story.cause(tx, run)

    def touched(self, run: int) -> list[str]:
        with self.database.read() as tx:
            return story.touched(tx, run)

    def stories(self, entity_ids: Sequence[str], since: int) -> dict[str, Story]:
        if not entity_ids:
            return {}
        with self.database.read() as tx:
            return story.stories(tx, self.bindings, entity_ids, since)

    def turns(self, entity_ids: Sequence[str], runs: int) -> dict[str, dict[str, list[Turn]]]:
        with self.database.read() as tx:
            found = story.turns(tx, self.bindings, entity_ids, story.latest_run(tx) - runs)
        if self._past is not None:
            for entity_id, former in self._past.turns(entity_ids, runs).items():
                own = found.setdefault(entity_id, {})
                found[entity_id] = {path: former.get(path, []) + own.get(path, []) for path in {**former, **own}}
        return found

    # observing

    def stream_state(self, binding: BindingId) -> StreamState:
        number = self.bindings.number(binding)
        if number is None:
            return StreamState()
        with self.database.read() as tx:
            return runs.stream_state(tx, number)

    def stream_states(self) -> Mapping[BindingId, StreamState]:
        with self.database.read() as tx:
            return runs.stream_states(tx, self.bindings)

    def remember_mapping(self, name: str, version: str, covers: Sequence[str]) -> None:
        with self.database.read() as tx:  # idle runs write nothing
            if tx.one("SELECT 1 FROM mapping_version WHERE version = ?", version):
                return
        with self.database.write() as tx:
            runs.remember_mapping(tx, name, version, covers)

    def covered_by(self, version_prefix: str) -> frozenset[str] | None:
        with self.database.read() as tx:
            return runs.covered_by(tx, version_prefix)

    def fingerprints(self, binding: BindingId, keys: Sequence[str]) -> dict[str, str | None]:
        number = self.bindings.number(binding)
        if number is None or not keys:
            return {}
        with self.database.read() as tx:
            return links.fingerprints(tx, number, keys)

    def links(self, binding: BindingId, keys: Sequence[str]) -> dict[str, Link]:
        number = self.bindings.number(binding)
        if number is None or not keys:
            return {}
        with self.database.read() as tx:
            return links.by_key(tx, self.bindings, number, keys)

    def links_of(self, entity_ids: Sequence[str]) -> dict[str, list[Link]]:
        if not entity_ids:
            return {}
        with self.database.read() as tx:
            return links.by_entity(tx, self.bindings, entity_ids)

    def entities_at(self, binding: BindingId, keys: Sequence[str]) -> dict[str, str]:
        number = self.bindings.number(binding)
        if number is None or not keys:
            return {}
        with self.database.read() as tx:
            return links.entities_at(tx, number, keys)

    def keys_at(self, binding: BindingId, entity_ids: Sequence[str]) -> dict[str, str]:
        number = self.bindings.number(binding)
        if number is None or not entity_ids:
            return {}
        with self.database.read() as tx:
            return links.keys_at(tx, number, entity_ids)

    def canonicals(self, entity_ids: Sequence[str]) -> dict[str, Canonical]:
        if not entity_ids:
            return {}
        with self.database.read() as tx:
            return canonicals.read(tx, entity_ids)

    def referring(self, entities: Collection[str], entity_id: str) -> list[str]:
        with self.database.read() as tx:
            return canonicals.referring(tx, entities, entity_id)

    def candidates(self, entity: str, match_keys: Sequence[str]) -> dict[str, list[str]]:
        if not match_keys:
            return {}
        with self.database.read() as tx:
            return canonicals.candidates(tx, entity, match_keys)

    def open_conflicts(self, entity_ids: Sequence[str]) -> dict[str, dict[str, Conflict]]:
        if not entity_ids:
            return {}
        with self.database.read() as tx:
            return conflicts.open_of(tx, self.bindings, entity_ids)

    def conflict(self, number: int) -> Conflict | None:
        """One conflict by its number, in any state."""
        with self.database.read() as tx:
            return conflicts.by_id(tx, self.bindings, number)

    def parked(self, binding: BindingId, side: Side, keys: Sequence[str]) -> dict[str, Parked]:
        number = self.bindings.number(binding)
        if number is None or not keys:
            return {}
        with self.database.read() as tx:
            return parking.by_key(tx, self.bindings, number, side, keys)

    def all_parked(self, binding: BindingId, side: Side, why: Why | None, size: int) -> Iterator[list[Parked]]:
        number = self.bindings.number(binding)
        if number is not None:
            yield from parking.pages(self.database, self.bindings, number, side, why, size)

    def parked_why(self, side: Side) -> dict[BindingId, set[Why]]:
        with self.database.read() as tx:
            return parking.reasons(tx, self.bindings, side)

    def parked_by_id(self, numbers: Sequence[int]) -> list[Parked]:
        """Those of the numbers that are still parked, in the order asked for."""
        with self.database.read() as tx:
            return parking.by_id(tx, self.bindings, numbers)

    def parked_about(self, entity_id: str) -> list[Parked]:
        with self.database.read() as tx:
            return parking.about(tx, self.bindings, entity_id)

    def unsettled(self, bindings: Collection[BindingId]) -> Unsettled:
        numbers = {number for number in map(self.bindings.number, bindings) if number is not None}
        with self.database.read() as tx:
            return parking.unsettled(tx, numbers)

    def live_links(self, binding: BindingId) -> int:
        number = self.bindings.number(binding)
        if number is None:
            return 0
        with self.database.read() as tx:
            return links.count_live(tx, number)

    def entities_without(self, binding: BindingId) -> tuple[int, int]:
        number = self.bindings.number(binding)
        with self.database.read() as tx:
            return links.count_without(tx, -1 if number is None else number, binding.entity)

    @contextmanager
    def seen(self, binding: BindingId) -> Iterator[SeenKeys]:
        with seen(self.database, self.bindings.number(binding)) as keys:
            yield keys

    # deciding and acting

    def dirty(self, entity: str, after: str, limit: int) -> list[tuple[str, int]]:
        with self.database.read() as tx:
            return canonicals.dirty(tx, entity, after, limit)

    def due(self, entity: str) -> int:
        with self.database.read() as tx:
            return canonicals.due(tx, entity)

    def mark_all_dirty(self, entity: str) -> None:
        with self.database.write() as tx:
            canonicals.mark_all(tx, entity)

    def open_intents(self, connection: str) -> list[Intent]:
        with self.database.read() as tx:
            return intents.open_at(tx, self.bindings, connection)

    def intend(self, new: Sequence[Intent], lease: Lease) -> list[int]:
        """On the disk when it returns."""
        with self.bindings.writing(durable=True) as (tx, numbers):
            leases.hold(tx, lease, self.clock.now())
            made = [intents.add(tx, numbers, intent) for intent in new]
        if self._witness is not None and made and made[-1] > self._witness.latest():
            self._witness.note(made[-1])
        return made

    def commit(self, changes: Changes, run: int, lease: Lease, now: datetime) -> None:
        """Where one page says both, the careful one stands: forgotten links are forgotten first, a match key dropped
        and added is kept, a conflict closed and opened is open, a record marked and cleared stays marked.
        """
        with self.bindings.writing() as (tx, numbers):
            leases.hold(tx, lease, now)
            canonicals.create(tx, changes.created)
            canonicals.replace(tx, changes.changed)
            links.forget(tx, numbers, changes.relinked)
            links.put(tx, numbers, changes.links)
            links.put_aliases(tx, numbers, changes.aliases)
            canonicals.drop_match_keys(tx, changes.dropped_match_keys)
            canonicals.add_match_keys(tx, changes.match_keys)
            logs.add_history(tx, numbers, changes.history, run, now)
            logs.add_writes(tx, numbers, changes.writes, run, now)
            conflicts.close(tx, changes.closed_conflicts, now)
            conflicts.put(tx, numbers, changes.conflicts, run, now)
            parking.change(tx, numbers, changes.parked, changes.unparked, run, now)
            canonicals.mark(tx, changes.dirty)
            canonicals.clear(tx, changes.clean)
            intents.close(tx, changes.closed_intents)
            if changes.stream is not None:
                runs.put_stream(tx, numbers, *changes.stream)

    @contextmanager
    def rehearsal(self) -> Iterator[SqlStore]:
        with rehearse(self.database) as copy:
            yield SqlStore(copy, self.clock, None if copy.sqlite else self, self)

    def close(self) -> None:
        self.database.close()
