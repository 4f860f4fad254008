"""Read streams and store what was seen: pages in, one transaction per page out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from connectors.contract import Deletes
from mappings.contract import Projection
from model.errors import ConnectorError, CursorExpiredError, SourceIncompleteError
from model.records import Page, Record
from sync.absorb import DISPUTED_MATCH, Binding, Ended, Observation, absorb, target_of
from sync.brakes import released
from sync.decision import Balance, BindingId, Bucket, Changes, LinkState, Parked, Side, StreamState, Why
from sync.hub import Hub, Listener
from sync.ledger import Ids, Ledger, Scene
from sync.mending import Mending
from sync.policy import Braked
from sync.ports import Lease, Seen

_NOTHING = Projection({})
RENEW_AFTER: Final = timedelta(seconds=30)
"""Reading that finds nothing new commits nothing: after so long it commits nothing all the same, to keep the lease."""


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
    ids: Ids = field(init=False)
    _writing: bool = False
    _held: datetime = field(init=False)  # when the lease was last extended, as far as this reader knows
    _parked_now: dict[tuple[BindingId, str], Bucket] = field(default_factory=dict)  # how the balance counts them

    def __post_init__(self) -> None:
        self._held = now = self.hub.clock.now()
        self.ids = Ids(int(now.timestamp()), f"{self.lease.holder} {self.run} {now.isoformat()}")

    def balance(self, binding: BindingId, side: Side) -> Balance:
        found = self.balances.get((binding, side))
        if found is None:
            found = self.balances[binding, side] = Balance()
        return found

    def read(self, binding: Binding, *, full: bool) -> None:
        """Read one binding from its watermark (or all of it) to the end. Raises ConnectorError."""
        store, mapping = self.hub.store, binding.mapping
        before = store.stream_state(binding.id)
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
            self._ask(binding, missing)
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
        state = replace(before, mapping=before.mapping if before.complete else binding.mapping.version)
        matched, lists_all = 0, False
        cursor = before.cursor
        mending = Mending.of(self.hub.store, binding.id, self.hub.policy.page, from_start=since is None)
        for page in self.hub.connector(binding.id).read(binding.id.stream, since):
            cursor = page.cursor or cursor
            if moving and page.cursor:
                state = replace(state, cursor=page.cursor)
            if seen is not None:
                seen.add([record.key for record in page.records])
            matched += self.page(binding, page, state if moving and state != before else None)
            lists_all = page.full
            mending.met(page)
            self.listener.advanced(binding.id, len(page.records) + len(page.flaws))
        self._commit(mending.settled())
        after = replace(before, cursor=cursor, complete=True, mapping=binding.mapping.version)
        if replace(after, read_at=None) != replace(self.hub.store.stream_state(binding.id), read_at=None):
            self._commit(Changes(stream=(binding.id, replace(after, read_at=self.hub.clock.now()))))
        return matched, lists_all

    def page(self, binding: Binding, page: Page, state: StreamState | None = None, *, counted: bool = True) -> int:
        """Store what one page means. Returns how many of its records are linked already (for the sweep)."""
        balance = self.balance(binding.id, Side.IN) if counted else Balance()
        listed = _last_of_each(page.records)
        live = [record for record in listed if not record.deleted]
        prints = binding.mapping.fingerprints(live)
        known = self.hub.store.fingerprints(binding.id, [record.key for record in live]) if live else {}
        fresh: list[tuple[Record, str | None]] = [
            (record, print_)
            for record, print_ in zip(live, prints, strict=True)
            if known.get(record.key) != print_ or self._writing  # its version is news then, even if nothing else is
        ]
        gone: list[tuple[Record, str | None]] = [(record, None) for record in listed if record.deleted]
        merged = [pair for pair in gone if pair[0].superseded_by]  # their survivors are to be found linked
        balance.seen += len(page.records) + len(page.flaws)
        balance.count(Bucket.UNCHANGED, len(live) - len(fresh))
        balance.count(Bucket.SKIPPED, len(page.records) - len(listed), detail="shown again on the same page")
        rest = [pair for pair in gone if not pair[0].superseded_by]

        def count(_: Record, ended: Ended) -> None:
            balance.count(ended.bucket, detail=ended.detail)

        changes = self._absorb(binding, [*merged, *fresh, *rest], count)
        self._park_flaws(binding, page, changes, balance)
        if state is not None:
            changes.stream = (binding.id, replace(state, read_at=self.hub.clock.now()))
        self._commit(changes)
        return len(known)

    def _absorb(
        self,
        binding: Binding,
        fresh: Sequence[tuple[Record, str | None]],
        count: Callable[[Record, Ended], None],
    ) -> Changes:
        if not fresh:
            return Changes()
        live = [record for record, _ in fresh if not record.deleted]
        projections = dict(zip((id(r) for r in live), binding.mapping.project(live), strict=True))
        observations = [Observation(r, projections.get(id(r), _NOTHING), print_) for r, print_ in fresh]
        scene = self.scene(binding, observations)
        ledger = Ledger(scene, self.hub.mappings, self.hub.indexes, self.run, self.ids)
        for observation in observations:
            ended = absorb(binding, observation, ledger)
            count(observation.record, ended)
            self._remember(binding, observation, ended, ledger)
        return ledger.closed()

    def _remember(self, binding: Binding, observation: Observation, ended: Ended, ledger: Ledger) -> None:
        if ended.bucket in (Bucket.WAITING, Bucket.CONFLICT) and not self._writing:
            self._parked_now[binding.id, observation.record.key] = ended.bucket
        link = ledger.scene.links.get(observation.record.key)
        if link is not None and self._writing:
            self.touched.add(link.entity_id)

    def scene(self, binding: Binding, observations: Sequence[Observation]) -> Scene:
        """Load everything the store knows that bears on these observations, set-wise."""
        store = self.hub.store
        keys = [o.record.key for o in observations]
        keys += [o.record.superseded_by for o in observations if o.record.superseded_by]
        scene = Scene(links=store.links(binding.id, keys), parked=store.parked(binding.id, Side.IN, keys))
        self.load_references(binding, [o.projection for o in observations], scene)
        wanted: set[str] = set()
        for observation in observations:
            if observation.record.key not in scene.links and not observation.record.deleted:
                values = observation.projection.values
                if observation.projection.references:
                    values = dict(values)
                for path, reference in observation.projection.references.items():
                    target = target_of(binding, path)
                    found = scene.references.get((reference.stream, target, reference.key))
                    if found:
                        values[path] = found
                wanted |= binding.index.keys(values)
        if wanted:
            scene.candidates = store.candidates(binding.id.entity, sorted(wanted))
            alike = {entity_id for found in scene.candidates.values() for entity_id in found}
            scene.refused = store.parked(binding.id, Side.OUT, sorted(alike)) if alike else {}
        ids = {link.entity_id for link in scene.links.values()}
        ids.update(entity_id for found in scene.candidates.values() for entity_id in found)
        if ids:
            self.load_entities(scene, sorted(ids))
        for link in scene.links.values():
            prefix = (link.fingerprint or "")[:6]
            if prefix and prefix not in scene.covered_before and not binding.mapping.version.startswith(prefix):
                scene.covered_before[prefix] = store.covered_by(prefix)
        return scene

    def load_entities(self, scene: Scene, ids: Sequence[str]) -> None:
        """Canonical records, their links and open conflicts. A link is one object, however it is reached."""
        store = self.hub.store
        scene.canonicals.update(store.canonicals(ids))
        by_key = {(link.binding, link.key): link for link in scene.links.values()}
        for entity_id, links in store.links_of(ids).items():
            scene.links_of[entity_id] = [by_key.get((link.binding, link.key), link) for link in links]
        scene.conflicts.update(store.open_conflicts(ids))

    def load_references(self, binding: Binding, projections: Iterable[Projection], scene: Scene) -> None:
        """The entities of all records that the projections refer to."""
        wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
        for projection in projections:
            for path, reference in projection.references.items():
                wanted[reference.stream, target_of(binding, path)].add(reference.key)
        for (stream, entity), keys in wanted.items():
            at = BindingId(binding.id.connection, stream, entity)
            for key, entity_id in self.hub.store.entities_at(at, sorted(keys)).items():
                scene.references[stream, entity, key] = entity_id

    def _park_flaws(self, binding: Binding, page: Page, changes: Changes, balance: Balance) -> None:
        if not page.flaws:
            return
        known = self.hub.store.parked(binding.id, Side.IN, [flaw.place for flaw in page.flaws])
        for flaw in page.flaws:
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
        now = self.hub.clock.now()
        if changes != Changes() or now - self._held >= RENEW_AFTER:
            self.hub.store.commit(changes, self.run, self.lease, now)
            self._held = now

    def retry_waiting(self, binding: Binding) -> int:
        """Take records up again whose awaited record has arrived. Returns how many went on."""
        moved = 0
        for parked in self.hub.store.all_parked(binding.id, Side.IN, Why.WAITING, self.hub.policy.page):
            ready = self._arrived(binding, parked)
            if ready:
                moved += self.again(binding, ready)
        return moved

    def retry_disputed(self, binding: Binding) -> None:
        """Look for matches anew: what was in doubt may have become certain by changes of the entities themselves."""
        for parked in self.hub.store.all_parked(binding.id, Side.IN, Why.DISPUTED, self.hub.policy.page):
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

        def recount(record: Record, ended: Ended) -> None:
            why, counted = before[record.key]
            if counted is not None:
                balance.count(counted, -1)
            elif why is Why.DISPUTED and ended.bucket is Bucket.CONFLICT:
                return  # as it was before this run, which has nothing to say about it
            else:
                balance.seen += 1
            balance.count(ended.bucket, detail=ended.detail)

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
                records.update((r.key, r) for r in connector.fetch(binding.id.stream, keys) if r.key in records)
        return list(records.values())

    def sweep(self, binding: Binding) -> None:
        """List every key and ask directly for linked records not among them: absence alone deletes nothing."""
        connector, store = self.hub.connector(binding.id), self.hub.store
        stream = connector.stream(binding.id.stream)
        if stream.deletes is not Deletes.SWEEP:
            return
        self.listener.phase("sweep", binding.id)
        with store.seen(binding.id) as seen:
            for keys in connector.keys(stream.name):  # type: ignore[attr-defined]  # demanded by deletes=SWEEP
                seen.add(keys)
            missing = list(seen.missing(self.hub.policy.page))
        self._ask(binding, missing)
        swept = replace(store.stream_state(binding.id), swept_at=self.hub.clock.now())
        self._commit(Changes(stream=(binding.id, swept)))

    def _ask(self, binding: Binding, pages: Sequence[Sequence[str]]) -> None:
        """Ask directly for linked records that a listing lacked; only an answer is evidence."""
        store, connector = self.hub.store, self.hub.connector(binding.id)
        missing, linked = sum(map(len, pages)), store.live_links(binding.id)
        limit = self.hub.policy.limit(binding.id.connection, Braked.DELETE)
        allowed = max(limit.count, int(limit.share * linked))
        if missing > allowed and not released(self.release, binding.id, Braked.DELETE):
            raise SourceIncompleteError(
                f"{missing:,} of {linked:,} linked records are missing from the listing of {binding.id}: more than the "
                f"delete brake allows, so none was taken for deleted; if it is true, release once with "
                f"--release {binding.id.connection}.{binding.id.stream}:delete"
            )
        if not hasattr(connector, "fetch"):
            return
        for keys in pages:
            records = connector.fetch(binding.id.stream, keys)
            silent = set(keys) - {record.key for record in records}
            if silent:
                raise ConnectorError(f"asked about {len(keys)} records of {binding.id}, heard nothing of {len(silent)}")
            self.page(binding, Page(list(records)))

    def notice(self, binding: Binding, records: Sequence[Record]) -> None:
        """Records met while writing (re-read, missing): observed like any other, outside the reading balance."""
        self._writing = True
        try:
            self.page(binding, Page(list(records)), counted=False)
        finally:
            self._writing = False


def _last_of_each(records: Sequence[Record]) -> Sequence[Record]:
    """A page that drifts may show a record twice: what it showed last counts."""
    latest = {record.key: record for record in records}
    return records if len(latest) == len(records) else list(latest.values())
