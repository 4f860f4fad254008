"""Runs taken back: what the world was before and after each run, and whether undoing one brings that back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.contract import Replay
from model import paths
from model.errors import ConnectorError
from sync.decision import UNDONE, Base, BindingId, EntityState, LinkState
from sync.reverting import alike
from sync.undone import UndoReport
from tests.simulation.director import Event
from tests.simulation.oracle import ENTITY
from tests.simulation.remote import Row, token

if TYPE_CHECKING:
    from tests.simulation.world import SimWorld

Place = tuple[str, str, str]  # system, stream, key


@dataclass(frozen=True)
class Snapshot:
    """The hub by entity, and every record."""

    state: dict[str, EntityState]
    values: dict[str, dict[str, Any]]
    links: dict[Place, tuple[str, LinkState]]
    rows: dict[Place, Row]


@dataclass(frozen=True)
class Deed:
    """What one run did, told by what the world was before and after it. ``edits`` counts people's edits before it."""

    before: Snapshot
    after: Snapshot
    edits: int
    created: frozenset[Place]


class Past:
    """Remembers runs, and takes them back."""

    def __init__(self, world: SimWorld) -> None:
        self.world = world
        self.remembering = any(step.kind == "undo" for step in world.story.steps)
        self.edits: list[tuple[str, str, str, str]] = []  # what people edited: system, stream, key, field
        self.edits_at: dict[int, int] = {}  # how many of them there were when a run had ended
        self.deeds: dict[int, Deed] = {}
        self.undoing: int | None = None
        self.taken_back: set[Place] = set()  # records that an undo deleted
        self.keeps: set[tuple[BindingId, str, str]] = set()  # records that go on showing their own value of a field

    # remembering

    def edited(self, system: str, stream: str, key: str, names: Iterable[str]) -> None:
        self.edits += [(system, stream, key, name) for name in names]

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Whatever happens within: if it was one run, it is remembered."""
        if not self.remembering:
            yield
            self.edits_at[self._latest()] = len(self.edits)
            return
        first, edits, before = self._latest(), len(self.edits), self.snapshot()
        made = {name: len(remote.created) for name, remote in self.world.remotes.items()}
        yield
        last = self._latest()
        self.edits_at[last] = len(self.edits)
        if last == first + 1:
            created = frozenset(
                (name, stream, key)
                for name, remote in self.world.remotes.items()
                for stream, _, key in remote.created[made[name] :]
            )
            self.deeds[last] = Deed(before, self.snapshot(), edits, created - self.world.earlier)

    def _latest(self) -> int:
        return int(self._rows("SELECT coalesce(max(id), 0) FROM run")[0][0])

    def _rows(self, sql: str, *params: Any) -> list[Any]:
        with self.world.plain_store.database.read() as tx:
            return list(tx.rows(sql, *params))

    def snapshot(self) -> Snapshot:
        world = self.world
        ids = [row[0] for row in self._rows("SELECT id FROM canonical")]
        canonicals = world.plain_store.canonicals(ids)
        links = {
            (c, s, key): (entity_id, LinkState(state))
            for c, s, key, entity_id, state in self._rows(
                "SELECT connection, stream, key, entity_id, state FROM link JOIN binding ON binding.id = link.binding"
            )
        }
        rows = {
            (name, stream, key): dict(row)
            for name, remote in world.remotes.items()
            for stream, table in remote.tables.items()
            for key, row in table.rows.items()
        }
        return Snapshot(
            {one.id: one.state for one in canonicals.values()},
            {one.id: dict(one.values) for one in canonicals.values()},
            links,
            rows,
        )

    # what the oracle asks

    def may_delete(self, place: Place) -> str | None:
        """Why the hub must not delete a record now of which nobody deleted another one; None where it may."""
        if self.undoing is None:
            return "nobody did"
        deed = self.deeds.get(self.undoing)
        if deed is None:
            return None
        if place not in deed.created:
            return "the run that is undone did not make it"
        if any(edit[:3] == place for edit in self.edits[deed.edits :]):
            return "somebody edited it since the run that is undone made it"
        return None

    def keeps_its_own(self, at: BindingId, key: str, path: str, entry: Base | None, rev: int) -> bool:
        """Whether an undo left a record with a value of its own, and both sides know of it."""
        return (at, key, path) in self.keeps and entry is not None and entry.rev >= rev

    # undoing

    def undo(self, args: tuple[int, ...], events: tuple[Event, ...]) -> None:
        """An operator takes back some earlier run; where the process dies over it, he tries again."""
        world, (a, b, c, d) = self.world, args
        runs = [run for (run,) in self._rows("SELECT id FROM run ORDER BY id") if world.plain_store.touched(run)]
        if not runs:
            return
        run = runs[-1 - a % min(len(runs), (1, 2, 8)[d % 3])]
        options: dict[str, Any] = {"everywhere": b % 4 == 0, "limit": None, "release": ("all",) if b % 3 else ()}
        operator = world.operator
        with contextlib.suppress(ConnectorError), operator.only_looking():
            self._remember(world.engine().plan_undo(run, everywhere=options["everywhere"], limit=None))
        for attempt in (events, ()) if events else ((),):
            before, edits = self.snapshot(), len(self.edits)
            with self.watching():
                report = self._try(run, attempt, options)
            if report is not None:
                self._remember(report)
                operator.did.update({f"undone: {what}": count for what, count in report.counts.items()})
                if run in self.deeds and edits == len(self.edits):
                    operator.did["undo held against its run"] += 1
                    Check(self, run, report, before).all()
            if attempt and c % 2:
                world.run()

    def _try(self, run: int, events: tuple[Event, ...], options: dict[str, Any]) -> UndoReport | None:
        world = self.world
        self.undoing = run
        world.director.undoing = True
        try:
            with contextlib.suppress(ConnectorError):
                found: UndoReport | None = world.operator.under_way(lambda: world.engine().undo(run, **options), events)
                return found
            return None
        finally:
            self.undoing = None
            world.director.undoing = False

    def _remember(self, report: UndoReport) -> None:
        self.keeps |= {(at, key, one.path) for one in report.fields for at, key in one.keeps}


class Check:
    """One undo that was carried out, held against what the run had done."""

    def __init__(self, past: Past, run: int, report: UndoReport, before: Snapshot) -> None:
        self.past, self.run, self.report, self.before = past, run, report, before
        self.deed, self.now = past.deeds[run], past.snapshot()
        assert report.done is not None
        rows = past._rows(
            "SELECT run, entity_id, path, why FROM history WHERE run >= ? AND path <> '' ORDER BY id", run
        )
        self.own = {(entity, path) for at, entity, path, _ in rows if at == run}
        mine = [(at == report.done.run and why == UNDONE) for at, _, _, why in rows]
        self.back = {(e, path) for (_, e, path, _), undone in zip(rows, mine, strict=True) if undone}
        turn = mine.index(True) if any(mine) else len(rows)
        self.since = {(e, paths.item(path)) for at, e, path, why in rows[:turn] if at > run and why != UNDONE}
        self.later = {(e, paths.item(path)) for _, e, path, why in rows[turn:] if why != UNDONE}

    def all(self) -> None:
        done = self.report.done
        assert done is not None
        if done.brakes or done.status == "failed":  # a brake holds, or a system cannot be read
            assert not (self.back and done.brakes), "undo: a brake held, and something was undone"
            return
        assert self.back <= self.own, f"undo: {self.back - self.own} were changed, which run {self.run} had not"
        if done.status not in ("ok", "attention"):
            return
        self._hub()
        self._records()
        self._made()

    def _left(self, entity_id: str, item: str | None = None) -> list[str]:
        """Why something of an entity (or some of an item of its) stays, as far as the hub itself is concerned."""
        own = [one for one in self.report.left if one.entity_id == entity_id and one.at is None]
        return [one.why for one in own if one.path is None or (item is not None and paths.item(one.path) == item)]

    def _deleted_twice(self, entity_id: str) -> bool:
        """People deleted it in two systems: once the first is taken back, the second is heard of."""
        sql = "SELECT DISTINCT binding, key FROM history WHERE entity_id = ? AND path = '' AND why = 'deleted'"
        return len(self.past._rows(sql, entity_id)) > 1

    def _hub(self) -> None:
        then, after, now = self.deed.before, self.deed.after, self.now
        for entity_id, state in then.state.items():
            if state is not EntityState.LIVE:
                continue
            if now.state[entity_id] is not EntityState.LIVE:
                ended = after.state[entity_id] is not EntityState.LIVE
                why = self._left(entity_id) or self._deleted_twice(entity_id)
                assert not ended or why, f"undo: {entity_id} did not come back"
                continue
            former, made = then.values[entity_id], after.values[entity_id]
            for path in sorted(former.keys() | made.keys()):
                if not alike(former.get(path), made.get(path)) and (entity_id, paths.item(path)) not in self.later:
                    self._field(entity_id, path, former.get(path))

    def _field(self, entity_id: str, path: str, former: Any) -> None:
        now, item = self.now.values[entity_id].get(path), paths.item(path)
        left = self._left(entity_id, item)
        if (entity_id, item) in self.since:
            assert (entity_id, path) not in self.back, f"undo: {path} of {entity_id} was edited since, and undone"
            assert left or alike(now, former), f"undo: {path} of {entity_id} was edited since, and nobody said so"
        elif not alike(now, former):
            assert left, f"undo: {path} of {entity_id} is {now!r}, and was {former!r}"
            assert "edited since" not in left, f"undo: {path} of {entity_id} was left alone, and nobody had edited it"

    def _records(self) -> None:
        """What the run wrote into records that were there before it."""
        world = self.past.world
        edited = set(self.past.edits[self.deed.edits :])
        for binding in world.mappings:
            at = BindingId(binding.connection, binding.stream, binding.entity)
            automates = world.natures[at.connection].automates
            own = ("account", *[path for path, name in binding.rules.items() if automates and name == automates[1]])
            for place, row in self.deed.before.rows.items():
                if place[:2] != (at.connection, at.stream):
                    continue
                after, now = self.deed.after.rows.get(place), self.now.rows.get(place)
                entity_id = self._owner(place)
                if after is None or now is None or entity_id is None or self._due(at, entity_id):
                    continue
                for path, name in binding.rules.items():
                    wrote = row.get(name) != after.get(name)
                    if wrote and (*place, name) not in edited and path not in own:
                        self._shows(at, place, entity_id, path, row.get(name), now.get(name))

    def _owner(self, place: Place) -> str | None:
        """Whose record it was and is."""
        owners = {snapshot.links.get(place) for snapshot in (self.deed.before, self.deed.after, self.now)}
        (entity_id, state) = next(iter(owners)) or ("", LinkState.GONE)
        return entity_id if len(owners) == 1 and state is LinkState.LIVE else None

    def _due(self, at: BindingId, entity_id: str) -> bool:
        """Whether something stands in the way of telling a record."""
        from sync.decision import Side

        marked = self.past._rows("SELECT 1 FROM dirty WHERE entity_id = ?", entity_id)
        return bool(marked or self.past.world.plain_store.parked(at, Side.OUT, [entity_id]))

    def _shows(self, at: BindingId, place: Place, entity_id: str, path: str, then: Any, now: Any) -> None:
        if (entity_id, paths.item(path)) in self.since | self.later or self._left(entity_id, paths.item(path)):
            return
        if any(one.at == (at, place[2]) and one.path in (path, None) for one in self.report.left):
            return
        if path in self.past.world.plain_store.open_conflicts([entity_id]).get(entity_id, {}):
            return  # a record that is back says something else: a person is asked
        former = self.deed.before.values[entity_id].get(path)
        rewrites = self.past.world.natures[at.connection].rewrites
        if rewrites and not self.past.world.story.setup.lossy:
            return  # where no answer could be read, what the run wrote looks like somebody's edit
        wanted = {_as_kept(one, rewrites) for one in (then, former)}
        assert _as_kept(now, rewrites) in wanted, f"undo: {place} shows {now!r} for {path}, and showed {then!r}"

    def _made(self) -> None:
        """What the run made is gone, or said to be there still."""
        world, said = self.past.world, {one.at for one in (*self.report.unlinked, *self.report.left)}
        for place in self.deed.created & self.now.rows.keys():
            system, stream, key = place
            at = BindingId(system, stream, ENTITY[stream])
            back = key in world.remotes[system].tables[stream].last
            before = self.before.links.get(place)
            if world.natures[system].replay is Replay.NATURAL:
                continue  # where an answer was lost, it looks like anybody's
            if back or before is None or before[1] is not LinkState.LIVE or (at, key) in said:
                continue
            owners = {before[0], self.deed.after.links.get(place, before)[0]}  # they may be one since
            assert any(map(self._left, owners)), f"undo: {place} was made by the run, and is there still"


def _as_kept(value: Any, rewrites: Sequence[str]) -> Any:
    """What tells a value from others in a system that may rewrite what it is told."""
    return token(value) or (str(value).strip().upper()[:14] if value and rewrites else value or None)
