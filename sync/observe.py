"""Read streams and store what was seen: pages in, one transaction per page out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from connectors.contract import Deletes
from mappings.contract import Projection
from model.errors import CursorExpiredError, SourceIncompleteError
from model.records import Flaw, Page, Record, last_of_each
from sync.absorb import CREATED, DISPUTED_MATCH, Binding, Ended, Observation, absorb, target_of
from sync.brakes import released
from sync.confirming import complain, confirmed
from sync.decision import Balance, BindingId, Bucket, Changes, LinkState, Parked, Side, StreamState, Why
from sync.founding import found_together
from sync.hub import Hub, Listener
from sync.known import Known
from sync.ledger import Ids, Ledger
from sync.mending import Mending, parked_alone
from sync.policy import Braked
from sync.ports import Lease, Seen
from sync.scenes import load_scene

_NOTHING = Projection({})
_KEY, _DELETED = attrgetter("key"), attrgetter("deleted")
RENEW_AFTER: Final = timedelta(seconds=30)
"""Reading commits when there is news enough, and after so long in any case: it keeps the lease, and how far it came."""


_Count = Callable[[Record | None, Ended, int], None]
"""Enters into the balance where one record ended, or so many of which nothing else is to be said."""


@dataclass(slots=True)
class _News:
    """What is new on one page or several: decided about together, for a few changes must not cost what a page costs."""

    observed: list[tuple[Record, str | None]] = field(default_factory=list)  # with fingerprints
    keys: set[str] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)  # keys of live records that have a link
    flaws: list[Flaw] = field(default_factory=list)
    balance: Balance = field(default_factory=Balance)
    state: StreamState | None = None  # of the stream, when the last of them was read

    def add(self, observed: Sequence[tuple[Record, str | None]], flaws: Sequence[Flaw], balance: Balance) -> None:
        self.observed += observed
        self.keys.update([record.key for record, _ in observed])
        self.flaws += flaws
        self.balance = balance

    def clear(self) -> None:
        self.observed, self.keys, self.linked, self.flaws, self.state = [], set(), set(), [], None


@dataclass(slots=True)
class Observer:
    """The reading half of one run."""

    hub: Hub
    run: int
    lease: Lease
    listener: Listener
    release: Collection[str] = ()
    balances: dict[tuple[BindingId, Side], Balance] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)  # entities observed while writing: decisions about them are stale
    distrustful: bool = False  # looks at every record again, whatever its fingerprint says
    ids: Ids = field(init=False)
    known: Known = field(init=False)
    _writing: bool = False
    _held: datetime = field(init=False)  # when the lease was last extended, as far as this reader knows
    _parked_now: dict[tuple[BindingId, str], Ended] = field(default_factory=dict)  # how the balance counts them

    def __post_init__(self) -> None:
        self._held = now = self.hub.clock.now()
        self.known = Known(self.hub.store)
        self.ids = Ids(int(now.timestamp()), f"{self.lease.holder} {self.run} {now.isoformat()}")

    def balance(self, binding: BindingId, side: Side) -> Balance:
        found = self.balances.get((binding, side))
        if found is None:
            found = self.balances[binding, side] = Balance()
        return found

    def read(self, binding: Binding, *, full: bool) -> None:
        """Read one binding from its watermark (or all of it) to the end. Raises ConnectorError."""
        store, mapping = self.hub.store, binding.mapping
        before = self.known.state(binding.id)
        if before.mapping != mapping.version:
            store.remember_mapping(mapping.name, mapping.version, sorted(mapping.reads | mapping.writes))
        if before.mapping != mapping.version and (before.complete or before.cursor):
            full = True  # every record has to be seen through the new mapping once
        since = None if full else before.cursor
        self.listener.phase("read", binding.id)
        self.balance(binding.id, Side.IN)
        try:
            self._read_from(binding, before, since)
        except CursorExpiredError:
            self._read_from(binding, replace(before, cursor=None), None)

    def _read_from(self, binding: Binding, before: StreamState, since: str | None) -> None:
        connector = self.hub.connector(binding.id)
        deletes = connector.stream(binding.id.stream).deletes
        again = since is None and before.complete
        if again and deletes is Deletes.TOMBSTONES:
            # A listing of what lives shows no tombstones: what it lacks is asked about, key by key.
            with self.hub.store.seen(binding.id) as seen:
                self._pages(binding, before, since, seen)
                missing = list(seen.missing(self.hub.policy.page))
            complain(binding, self._ask(binding, missing))
            return
        matched, lists_all = self._pages(binding, before, since, None)
        if (
            before.complete
            and lists_all
            and deletes is Deletes.SWEEP
            and matched < self.hub.store.live_links(binding.id)
        ):
            self.sweep(binding)

    def _pages(self, binding: Binding, before: StreamState, since: str | None, seen: Seen | None) -> tuple[int, bool]:
        """Store every page, then the stream's state. Returns how many were linked, and whether all were listed."""
        # A second full read must not move the watermark back should it be cut short.
        moving = since is not None or not before.complete
        version = binding.mapping.version
        state = before if before.complete else replace(before, mapping=version)
        matched, lists_all = 0, False
        cursor = before.cursor
        mending = Mending(self.hub.store, binding.id, every_row=since is None)
        mending.expect(self.known.pages(binding.id, None, self.hub.policy.page))
        news = _News()
        for page in self._arriving(binding, since, news):
            cursor = page.cursor or cursor
            if moving and page.cursor and page.cursor != state.cursor:
                state = replace(state, cursor=page.cursor)
            if seen is not None:
                seen.add([record.key for record in page.records])
            if news.keys and not news.keys.isdisjoint(map(_KEY, page.records)):
                self._settle(binding, news)  # a listing that drifts shows a record twice: what it showed last counts
            matched += self._look(binding, page, self.balance(binding.id, Side.IN), news)
            news.state = state if moving and state != before else None
            if len(news.observed) >= self.hub.policy.page or self._late():
                self._settle(binding, news)
            lists_all = page.full
            mending.met(page)
            self.listener.advanced(binding.id, len(page.records) + len(page.flaws))
        self._settle(binding, news)
        if mending.missing:
            self._commit(mending.settled())
        stored = self.known.state(binding.id)
        if (stored.cursor, stored.complete, stored.mapping) != (cursor, True, version):
            after = replace(before, cursor=cursor, complete=True, mapping=version, read_at=self.hub.clock.now())
            self._commit(Changes(stream=(binding.id, after)))
        return matched, lists_all

    def _arriving(self, binding: Binding, since: str | None, news: _News) -> Iterator[Page]:
        """The connector's pages. Where it fails, what it had shown before is stored."""
        pages = iter(self.hub.deeds(binding.id).read(binding.id.stream, since))
        while True:
            try:
                page = next(pages, None)
                page = confirmed(self.hub, binding, page) if page is not None else None
            except Exception:
                self._settle(binding, news)
                raise
            if page is None:
                return
            yield page

    def page(self, binding: Binding, page: Page, *, counted: bool = True) -> None:
        """Store what one page means."""
        news = _News()
        self._look(binding, page, self.balance(binding.id, Side.IN) if counted else Balance(), news)
        self._settle(binding, news)

    def _look(self, binding: Binding, page: Page, balance: Balance, news: _News) -> int:
        """Add to the news what is new on a page. Returns how many of its records are linked already (for the sweep)."""
        listed = last_of_each(page.records)
        live = [record for record in listed if not record.deleted] if True in map(_DELETED, listed) else listed
        keys = list(map(_KEY, live))
        prints = binding.mapping.fingerprints(live)
        known = self.hub.store.fingerprints(binding.id, keys) if live else {}
        fresh: list[tuple[Record, str | None]]
        if known and not self._writing and not self.distrustful:  # else a version is news, even if nothing else is
            before = list(map(known.get, keys))
            pairs = zip(live, prints, before, strict=True)
            fresh = [] if before == prints else [(record, one) for record, one, last in pairs if one != last]
        else:
            fresh = list(zip(live, prints, strict=True))
        deleted = [record for record in listed if record.deleted] if len(live) < len(listed) else ()
        gone: list[tuple[Record, str | None]] = [(record, None) for record in deleted]
        merged = [pair for pair in gone if pair[0].superseded_by]  # their survivors are to be found linked
        rest = [pair for pair in gone if not pair[0].superseded_by]
        balance.seen += len(page.records) + len(page.flaws)
        balance.count(Bucket.UNCHANGED, len(live) - len(fresh))
        balance.count(Bucket.SKIPPED, len(page.records) - len(listed), detail="shown again on the same page")
        news.add([*merged, *fresh, *rest], page.flaws, balance)
        news.linked.update([record.key for record, _ in fresh if record.key in known])
        return len(known) - list(known.values()).count("")

    def _settle(self, binding: Binding, news: _News) -> None:
        """Store what the news mean, in one transaction."""
        if not (news.observed or news.flaws or news.state or self._late()):
            return

        def count(_: Record | None, ended: Ended, times: int) -> None:
            news.balance.count(ended.bucket, times, ended.detail)

        changes = self._absorb(binding, news.observed, count, news.linked)
        self._park_flaws(binding, news.flaws, changes, news.balance)
        if news.state is not None:
            changes.stream = (binding.id, replace(news.state, read_at=self.hub.clock.now()))
        self._commit(changes)
        news.clear()

    def _absorb(
        self,
        binding: Binding,
        fresh: Sequence[tuple[Record, str | None]],
        count: _Count,
        linked: Collection[str] | None = None,
    ) -> Changes:
        """``linked``: keys of the live records that have a link; None where nobody looked."""
        if not fresh:
            return Changes()
        live = [record for record, _ in fresh if not record.deleted]
        projected = binding.mapping.project(live)
        if len(live) < len(fresh):
            projections = dict(zip(map(id, live), projected, strict=True))
            projected = [projections.get(id(record), _NOTHING) for record, _ in fresh]
        observations = [Observation(r, seen, print_) for (r, print_), seen in zip(fresh, projected, strict=True)]
        scene = load_scene(self.hub.store, binding, observations, linked)
        ledger = Ledger(scene, self.hub.mappings, self.hub.indexes, self.run, self.ids)
        left = observations if self._writing else found_together(binding, observations, ledger)
        if len(left) < len(observations):
            count(None, CREATED, len(observations) - len(left))
        for observation in left:
            ended = absorb(binding, observation, ledger)
            count(observation.record, ended, 1)
            self._remember(binding, observation, ended, ledger)
        return ledger.closed()

    def _remember(self, binding: Binding, observation: Observation, ended: Ended, ledger: Ledger) -> None:
        if ended.bucket in (Bucket.WAITING, Bucket.CONFLICT) and not self._writing:
            self._parked_now[binding.id, observation.record.key] = ended
        link = ledger.scene.links.get(observation.record.key)
        if link is not None and self._writing:
            self.touched.add(link.entity_id)

    def _park_flaws(self, binding: Binding, flaws: Sequence[Flaw], changes: Changes, balance: Balance) -> None:
        if not flaws:
            return
        known = self.hub.store.parked(binding.id, Side.IN, [flaw.place for flaw in flaws])
        for flaw in flaws:
            balance.count(Bucket.DEAD, detail=flaw.problem.code)
            lying = known.get(flaw.place)
            if lying is not None and lying.code == flaw.problem.code:
                continue
            changes.parked.append(
                Parked(
                    binding=binding.id,
                    side=Side.IN,
                    key=flaw.place,
                    why=Why.DEAD,
                    code=flaw.problem.code,
                    message=flaw.problem.message,
                    field=flaw.problem.field,
                )
            )

    def _commit(self, changes: Changes) -> None:
        if not changes.empty or self._late():
            self._held = now = self.hub.clock.now()
            self.hub.store.commit(changes, self.run, self.lease, now)
            self.known.committed(changes)

    def _late(self) -> bool:
        return self.hub.clock.now() - self._held >= RENEW_AFTER

    def retry_waiting(self, binding: Binding) -> int:
        """Take records up again whose awaited record has arrived. Returns how many went on."""
        moved = 0
        for parked in self.known.pages(binding.id, Why.WAITING, self.hub.policy.page):
            ready = self._arrived(binding, parked)
            if ready:
                moved += self.again(binding, ready)
        return moved

    def retry_disputed(self, binding: Binding) -> None:
        """Look for matches anew: what was in doubt may have become certain by changes of the entities themselves."""
        for parked in self.known.pages(binding.id, Why.DISPUTED, self.hub.policy.page):
            doubted = [row for row in parked if row.code == DISPUTED_MATCH and row.data is not None]
            if doubted:
                self.again(binding, doubted)

    def _arrived(self, binding: Binding, parked: Sequence[Parked]) -> list[Parked]:
        wanted: dict[BindingId, set[str]] = defaultdict(set)
        for row in parked:
            if row.awaits and row.path:
                connection, stream, key = row.awaits
                wanted[BindingId(connection, stream, target_of(binding, row.path))].add(key)
        there = {
            (at.connection, at.stream, key)
            for at, keys in wanted.items()
            for key in self.hub.store.entities_at(at, sorted(keys))
        }
        return [row for row in parked if row.awaits in there and row.data is not None]

    def again(self, binding: Binding, parked: Sequence[Parked]) -> int:
        """Absorb parked records once more. Returns how many are parked no longer. Raises ConnectorError."""
        records = self._as_they_are(binding, parked)
        live = [record for record in records if not record.deleted]
        prints = dict(zip((record.key for record in live), binding.mapping.fingerprints(live), strict=True))
        before = {row.key: (row.why, self._parked_now.get((binding.id, row.key))) for row in parked}
        balance = self.balance(binding.id, Side.IN)

        def recount(record: Record | None, ended: Ended, times: int) -> None:
            assert record is not None, "what is parked is known, and never founded together with others"
            why, counted = before[record.key]
            if counted is not None:
                balance.count(counted.bucket, -1, counted.detail)
            elif why is Why.DISPUTED and ended.bucket is Bucket.CONFLICT:
                return  # as it was before this run, which has nothing to say about it
            else:
                balance.seen += 1
            balance.count(ended.bucket, times, ended.detail)

        changes = self._absorb(binding, [(record, prints.get(record.key)) for record in records], recount)
        self._commit(changes)
        return len(changes.unparked)

    def _as_they_are(self, binding: Binding, parked: Sequence[Parked]) -> list[Record]:
        """Parked records as observed; linked ones may have been written since, and are read again."""
        records = {row.key: Record(row.key, row.data or {}, row.version) for row in parked}
        connector = self.hub.connector(binding.id)
        if hasattr(connector, "fetch"):
            links = self.hub.store.links(binding.id, list(records))
            keys = [key for key, link in links.items() if link.state is LinkState.LIVE]
            if keys:
                records.update(
                    (r.key, r) for r in self.hub.deeds(binding.id).fetch(binding.id.stream, keys) if r.key in records
                )
        return list(records.values())

    def sweep(self, binding: Binding) -> None:
        """List every key and ask directly for linked records not among them: absence alone deletes nothing."""
        connector, store = self.hub.connector(binding.id), self.hub.store
        stream = connector.stream(binding.id.stream)
        if stream.deletes is not Deletes.SWEEP:
            return
        self.listener.phase("sweep", binding.id)
        with store.seen(binding.id) as seen:
            for keys in self.hub.deeds(binding.id).keys(stream.name):
                seen.add(keys)
            missing = list(seen.missing(self.hub.policy.page))
        silent = self._ask(binding, missing)
        for keys in parked_alone(store, binding.id, self.hub.policy.page):
            gone = [record for record in self.hub.deeds(binding.id).fetch(stream.name, keys) if record.deleted]
            self.page(binding, Page(gone), counted=False)
        swept = replace(self.known.state(binding.id), swept_at=self.hub.clock.now())
        self._commit(Changes(stream=(binding.id, swept)))
        complain(binding, silent)

    def _ask(self, binding: Binding, pages: Sequence[Sequence[str]]) -> int:
        """Ask directly for linked records that a listing lacked; only an answer is evidence.

        Returns of how many nothing was heard: they may not be seen, and stay what they are.
        """
        if not pages:
            return 0
        store, connector = self.hub.store, self.hub.connector(binding.id)
        missing, linked = sum(map(len, pages)), store.live_links(binding.id)
        limit = self.hub.policy.limit(binding.id.connection, Braked.DELETE)
        allowed = limit.allows(linked)
        if missing > allowed and not released(self.release, binding.id, Braked.DELETE):
            raise SourceIncompleteError(
                f"{missing:,} of {linked:,} linked records are missing from the listing of {binding.id}: more than the "
                f"delete brake allows, so none was taken for deleted; if it is true, release once with "
                f"--release {binding.id.connection}.{binding.id.stream}:delete"
            )
        silent = 0
        for keys in pages if hasattr(connector, "fetch") else ():
            records = self.hub.deeds(binding.id).fetch(binding.id.stream, keys)
            silent += len(set(keys) - {record.key for record in records})
            self.page(binding, Page(list(records)))
        return silent

    def notice(self, binding: Binding, records: Sequence[Record]) -> None:
        """Records met while writing (re-read, missing): observed like any other, outside the reading balance."""
        self._writing = True
        try:
            self.page(binding, Page(list(records)), counted=False)
        finally:
            self._writing = False
