"""Read streams and store what was seen: pages in, one transaction per page out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from connectors.contract import Deletes
from mappings.contract import Projection
from model.errors import ConnectorError, CursorExpiredError, SourceIncompleteError
from model.records import Page, Record
from sync.absorb import Binding, Ended, Observation, absorb
from sync.brakes import released
from sync.decision import Balance, BindingId, Bucket, Changes, Parked, Side, StreamState, Why
from sync.hub import Hub, Listener
from sync.ledger import Ids, Ledger, Scene
from sync.policy import Braked
from sync.ports import Lease, Seen

_NOTHING = Projection({})


@dataclass(slots=True)
class Observer:
    """The reading half of one run."""

    hub: Hub
    run: int
    lease: Lease
    listener: Listener
    release: Collection[str] = ()
    balances: dict[tuple[BindingId, Side], Balance] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)  # entities changed by what was read
    ids: Ids = field(init=False)
    _parked_now: set[tuple[BindingId, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        now = self.hub.clock.now()
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
        if before.complete and before.mapping != mapping.version:
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
        state = replace(before)
        matched, lists_all = 0, False
        cursor = before.cursor
        for page in self.hub.connector(binding.id).read(binding.id.stream, since):
            cursor = page.cursor or cursor
            if moving and page.cursor:
                state = replace(state, cursor=page.cursor)
            if seen is not None:
                seen.add([record.key for record in page.records])
            matched += self.page(binding, page, state if moving and state != before else None)
            lists_all = page.full
            self.listener.advanced(binding.id, len(page.records) + len(page.flaws))
        after = replace(before, cursor=cursor, complete=True, mapping=binding.mapping.version)
        if replace(after, read_at=None) != replace(self.hub.store.stream_state(binding.id), read_at=None):
            self._commit(Changes(stream=(binding.id, replace(after, read_at=self.hub.clock.now()))))
        return matched, lists_all

    def page(self, binding: Binding, page: Page, state: StreamState | None = None, *, counted: bool = True) -> int:
        """Store what one page means. Returns how many of its records are linked already (for the sweep)."""
        balance = self.balance(binding.id, Side.IN) if counted else Balance()
        live = [record for record in page.records if not record.deleted]
        prints = binding.mapping.fingerprints(live)
        known = self.hub.store.fingerprints(binding.id, [record.key for record in live]) if live else {}
        fresh: list[tuple[Record, str | None]] = [
            (record, print_) for record, print_ in zip(live, prints, strict=True) if known.get(record.key) != print_
        ]
        gone = [record for record in page.records if record.deleted]
        balance.seen += len(page.records) + len(page.flaws)
        balance.count(Bucket.UNCHANGED, len(live) - len(fresh))
        changes = self._absorb(binding, [*fresh, *((record, None) for record in gone)], balance)
        self._park_flaws(binding, page, changes, balance)
        if state is not None:
            changes.stream = (binding.id, replace(state, read_at=self.hub.clock.now()))
        self._commit(changes)
        return len(known)

    def _absorb(self, binding: Binding, fresh: Sequence[tuple[Record, str | None]], balance: Balance) -> Changes:
        if not fresh:
            return Changes()
        live = [record for record, _ in fresh if not record.deleted]
        projections = dict(zip((id(r) for r in live), binding.mapping.project(live), strict=True))
        observations = [Observation(r, projections.get(id(r), _NOTHING), print_) for r, print_ in fresh]
        scene = self.scene(binding, observations)
        ledger = Ledger(scene, self.hub.mappings, self.hub.indexes, self.run, self.ids)
        for observation in observations:
            ended = absorb(binding, observation, ledger)
            balance.count(ended.bucket, detail=ended.detail)
            self._remember(binding, observation, ended, ledger)
        return ledger.closed()

    def _remember(self, binding: Binding, observation: Observation, ended: Ended, ledger: Ledger) -> None:
        if ended.bucket is Bucket.WAITING:
            self._parked_now.add((binding.id, observation.record.key))
        if ended.bucket is not Bucket.UNCHANGED:
            link = ledger.scene.links.get(observation.record.key)
            if link is not None:
                self.touched.add(link.entity_id)

    def scene(self, binding: Binding, observations: Sequence[Observation]) -> Scene:
        """Load everything the store knows that bears on these observations, set-wise."""
        store = self.hub.store
        keys = [o.record.key for o in observations]
        keys += [o.record.superseded_by for o in observations if o.record.superseded_by]
        scene = Scene(links=store.links(binding.id, keys), parked=store.parked(binding.id, Side.IN, keys))
        self._load_references(binding, observations, scene)
        wanted: set[str] = set()
        for observation in observations:
            if observation.record.key not in scene.links and not observation.record.deleted:
                values = observation.projection.values
                if observation.projection.references:
                    values = dict(values)
                for path, reference in observation.projection.references.items():
                    target = self._target(binding, path)
                    found = scene.references.get((reference.stream, target, reference.key))
                    if found:
                        values[path] = found
                wanted |= binding.index.keys(values)
        if wanted:
            scene.candidates = store.candidates(binding.id.entity, sorted(wanted))
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

    def _target(self, binding: Binding, path: str) -> str:
        spec = binding.context.schema.field(path)
        return spec.target if spec is not None and spec.target else binding.id.entity

    def _load_references(self, binding: Binding, observations: Iterable[Observation], scene: Scene) -> None:
        wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
        for observation in observations:
            for path, reference in observation.projection.references.items():
                wanted[reference.stream, self._target(binding, path)].add(reference.key)
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
        if changes != Changes():
            self.hub.store.commit(changes, self.run, self.lease, self.hub.clock.now())

    def retry_waiting(self, binding: Binding) -> int:
        """Take records up again whose awaited record has arrived. Returns how many went on."""
        moved = 0
        for parked in self.hub.store.all_parked(binding.id, Side.IN, Why.WAITING, self.hub.policy.page):
            ready = self._arrived(binding, parked)
            if ready:
                moved += self.again(binding, ready)
        return moved

    def _arrived(self, binding: Binding, parked: Sequence[Parked]) -> list[Parked]:
        wanted: dict[BindingId, set[str]] = defaultdict(set)
        for row in parked:
            if row.awaits and row.path:
                connection, stream, key = row.awaits
                wanted[BindingId(connection, stream, self._target(binding, row.path))].add(key)
        there = {
            (at.connection, at.stream, key)
            for at, keys in wanted.items()
            for key in self.hub.store.entities_at(at, sorted(keys))
        }
        return [row for row in parked if row.awaits in there and row.data is not None]

    def again(self, binding: Binding, parked: Sequence[Parked]) -> int:
        """Absorb parked records once more, as they were observed. Returns how many are parked no longer."""
        records = [Record(row.key, row.data or {}, row.version) for row in parked]
        prints = binding.mapping.fingerprints(records)
        trial = Balance()
        changes = self._absorb(binding, list(zip(records, prints, strict=True)), trial)
        balance = self.balance(binding.id, Side.IN)
        here = [row for row in parked if (binding.id, row.key) in self._parked_now]
        balance.seen += len(parked) - len(here)
        balance.count(Bucket.WAITING, -len(here))
        for bucket, n in trial.buckets.items():
            balance.count(bucket, n)
        for detail, n in trial.detail.items():
            balance.detail[detail] = balance.detail.get(detail, 0) + n
        self._commit(changes)
        return len(changes.unparked)

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
        self.page(binding, Page(list(records)), counted=False)
