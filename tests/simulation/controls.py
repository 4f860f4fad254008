"""The operator of a story: plans that are applied later, plans that wait, runs taken back, values restored."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from model.errors import ConnectorError, StateError
from state.reports import Reports
from sync.applying import ApplyReport
from sync.auditing import reconcile
from sync.decision import ActionKind, BindingId, LinkState, Side
from sync.keeping import waiting
from sync.merge import OSCILLATION
from sync.permit import Fate
from sync.plans import Head, action_of, line_of, summary_json
from sync.report import PlannedAction, PlanReport
from sync.run import LEASE_SECONDS
from tests.simulation.director import CALL_FAULTS, Crash, Event
from tests.simulation.past import Past
from tests.simulation.remote import AT_FIRST, Row, token
from tests.simulation.story import USERS

if TYPE_CHECKING:
    from tests.simulation.world import SimWorld

_EDITS = tuple(name for name, often in USERS for _ in range(often))


_NIGHTS = 5
"""So many more than flips that are allowed: a fight is over by then."""


class Paper:
    """A plan as it is kept in a file: lines, read again as often as needed."""

    head: Head

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.summary: Mapping[str, Any] = {}

    def begin(self, head: Head) -> None:
        self.head = Head.from_json(orjson.loads(orjson.dumps(head.to_json())))

    def add(self, actions: Sequence[PlannedAction]) -> None:
        self.lines += map(line_of, actions)

    def finish(self, report: PlanReport) -> None:
        self.summary = orjson.loads(orjson.dumps(summary_json(report), default=str))

    def items(self) -> Iterator[PlannedAction]:
        return map(action_of, self.lines)

    def fetch(self, places: Sequence[int]) -> list[PlannedAction]:
        return [action_of(self.lines[place]) for place in places]


class Permitted:
    """What may be written while a plan is carried out: its actions, over what stood there when it was made."""

    def __init__(self, actions: Sequence[PlannedAction], edited: Callable[[str, str, str, str], bool]) -> None:
        self.edited = edited
        self.left = [action for action in actions if action.kind is ActionKind.CREATE]
        self.at = {(a.binding.connection, a.binding.stream, a.key): a for a in actions if a.key is not None}
        self.made: dict[tuple[str, str, str], PlannedAction] = {}
        self.count = len(actions)

    def objection(
        self, place: tuple[str, str, str], before: Row | None, after: Row | None, own: str | None
    ) -> str | None:
        """What is wrong with a write; ``own`` is a field that the system writes by itself."""
        if after is None:
            action = self.at.get(place)
            deletes = action is not None and action.kind is ActionKind.DELETE
            return None if deletes else f"{place} was deleted, which nobody planned"
        changed = {name: value for name, value in after.items() if name not in ("hub", own)}
        if before is None:
            made = next((one for one in self.left if _is(one, place, changed)), None)
            if made is None:
                return f"{place} was made, which nobody planned"
            self.left.remove(made)
            self.made[place] = made
            return None
        changed = {name: value for name, value in changed.items() if before.get(name) != value}
        action = self.at.get(place) or self.made.get(place)
        if action is None:
            return f"{place} was written, which nobody planned" if changed else None
        planned = {change.field: change.after for change in action.changes}
        for name, value in changed.items():
            if name not in planned or not _alike(planned[name], value):
                return f"{place} was given {name} {value!r}, planned was {planned.get(name)!r}"
            if action.kind is ActionKind.UPDATE and self.edited(*place, name):
                return f"{place} {name} was edited since it was planned, and written over"
        return None


def _is(action: PlannedAction, place: tuple[str, str, str], row: Mapping[str, Any]) -> bool:
    """Whether a record is the one that was to be made. What it refers to, or a later call, may come later."""
    if (action.binding.connection, action.binding.stream) != place[:2]:
        return False
    planned = {change.field: change.after for change in action.changes}
    return all(name in planned and (value == AT_FIRST or _alike(planned[name], value)) for name, value in row.items())


def _alike(planned: Any, value: Any) -> bool:
    if isinstance(planned, str) and planned.startswith("("):  # (created first: …)
        return True
    found = token(planned)
    return token(value) == found if found else str(planned or "").lower()[:14] == str(value or "").lower()[:14]


class Operator:
    """Does with the controls what people do, and minds what they promise."""

    def __init__(self, world: SimWorld) -> None:
        self.world = world
        self.permitted: Permitted | None = None
        self.past = Past(world)
        self.did: Counter[str] = Counter()  # how often what was put to the test
        self.approving = world.story.setup.approval

    # watching

    def wrote(self, system: str, stream: str, key: str, before: Row | None, after: Row | None) -> None:
        """Told of each write of the hub."""
        world = self.world
        if self.permitted is not None and not world.director.nested:
            nature = world.natures[system]
            own = nature.automates[1] if nature.automates else None
            said = self.permitted.objection((system, stream, key), before, after, own)
            if said is not None:
                world.oracle.wrong(f"I16: {said}")
        elif system == self.approving and not self.past.undoing:
            world.oracle.wrong(f"I9: {system} {key} was written without approval")

    def image(self) -> tuple[str, str]:
        """The whole world: the hub's database, and every system.

        Until when a system asked to be left alone is no part of it: that is heard by a look, too, and kept.
        """
        raw = self.world.plain_store.database.engine.raw_connection().driver_connection
        assert isinstance(raw, sqlite3.Connection)
        names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        rows = {name: raw.execute(f"SELECT * FROM {name}").fetchall() for name in names}
        rows["lease"] = [row for row in rows["lease"] if not row[0].startswith("calls:")]
        return repr(rows), repr([(r.tables, r.serial, r.created, r.removed) for r in self.world.remotes.values()])

    @contextlib.contextmanager
    def only_looking(self) -> Iterator[None]:
        """Whatever happens meanwhile is to touch nothing; and what is shown to a copy is not shown to the hub."""
        oracle, director = self.world.oracle, self.world.director
        kept = dict(oracle.met), dict(oracle.read_at), set(director.anew), set(director.whole)
        before = self.image()
        try:
            yield
        finally:
            assert self.image() == before, "I16: a look changed the world"
            oracle.met, oracle.read_at, director.anew, director.whole = kept

    # acting

    def step(self, kind: str, args: tuple[int, ...], events: tuple[Event, ...]) -> None:
        world = self.world
        world.clock.advance(10)
        match kind:
            case "apply":
                self._plan_and_apply(args, events)
            case "release" | "discard":
                self._decide(args[0], events, discards=kind == "discard")
            case "undo":
                self.past.undo(args, events)
            case "fight":
                self._fight(args[0])
            case "restore":
                with contextlib.suppress(StateError, ConnectorError):
                    self._restore(*args[:2])

    def plan(self, **options: Any) -> tuple[Paper, PlanReport]:
        """A plan; nothing anywhere is touched by it, whatever fails meanwhile."""
        paper = Paper()
        self.world.plain_store.seal()  # made once; the one row a plan may write
        with self.only_looking():
            report = self.world.engine().plan(keeper=paper, limit=None, **options)
        return paper, report

    def _plan_and_apply(self, args: tuple[int, ...], events: tuple[Event, ...]) -> None:
        world, (a, b, c, _) = self.world, args
        if events and c % 2:
            self._plan_among(events)
        paper, report = self.plan(full=a % 5 == 0)
        assert len(paper.lines) == sum(report.totals.values())
        if b % 6 == 0:
            self._refuse(paper, a)
        permitted = self._permitted(list(paper.items()))
        for n in range(b % 4):  # what people do in between
            world.user(_EDITS[(c + 7 * n) % len(_EDITS)], (a + n, b + n, c + n, a))
        if b % 8 == 7:
            world.run()
        done = self._carry_out(permitted, lambda: world.engine().apply(paper), events)
        clean = not (report.troubles or any(report.unanswered.values()) or events or b % 4 or b % 8 == 7)
        if (
            done is not None
            and clean
            and self._plain()
            and done.run.status == "ok"
            and not set(done.fates) - {Fate.WRITTEN}
        ):
            self.did["planned, applied, planned"] += 1
            assert self.plan()[1].changes_nothing, "I16: a plan that was carried out leaves something to plan"

    def _plan_among(self, events: tuple[Event, ...]) -> None:
        """A plan that goes wrong, or dies, has touched nothing either."""
        director = self.world.director
        director.begin(tuple(event for event in events if event.kind in (*CALL_FAULTS, "crash")))
        try:
            with contextlib.suppress(Crash):
                self.plan()
        finally:
            director.end()

    def _plain(self) -> bool:
        """Whether the systems do what they are told, and show it at once."""
        natures = self.world.natures.values()
        odd = any(n.automates or n.rewrites or n.unique_email or n.lag for n in natures)
        return not (odd or any(n.sweeps for n in natures))

    def _refuse(self, paper: Paper, n: int) -> None:
        """Nobody carries out the plan of another hub, nor one that rests on other settings."""
        other = replace(paper.head, **({"hub": "another"} if n % 2 else {"settings": {"brakes": "others"}}))
        forged = Paper()
        forged.head, forged.lines, forged.summary = other, paper.lines, paper.summary
        before = self.image()
        with contextlib.suppress(StateError):
            self.world.engine().apply(forged)
            raise AssertionError("I16: somebody else's plan was applied")
        assert self.image() == before, "I16: a refused plan touched something"

    def _permitted(self, actions: Sequence[PlannedAction]) -> Permitted:
        since = len(self.past.edits)
        return Permitted(actions, lambda *place: place in self.past.edits[since:])

    def _decide(self, n: int, events: tuple[Event, ...], *, discards: bool) -> None:
        """A person looks at a plan that waits, and lets it go or forgets it."""
        world = self.world
        plans = world.plain_store.kept_plans()
        if not plans:
            return
        number = plans[n % len(plans)].id
        before = world.writes()
        done = None
        if discards:
            world.engine().discard_plan(number)
            assert world.writes() == before, "I9: a discarded plan wrote something"
        else:
            done = self.release(number, events)
        if discards or (done is not None and done.run.status in ("ok", "attention")):
            with contextlib.suppress(StateError):
                world.engine().release(number)
                raise AssertionError("I16: a plan was carried out that waits no more")

    def release(self, number: int, events: tuple[Event, ...] = ()) -> ApplyReport | None:
        """None where the process died over it, or somebody else was faster."""
        world = self.world
        self.did["released"] += 1
        with contextlib.suppress(StateError):
            plan = waiting(world.plain_store, number)
            permitted = Permitted(list(plan.items()), self._edited_since(plan))
            return self._carry_out(permitted, lambda: world.engine().release(number), events)
        return None

    def _edited_since(self, plan: Any) -> Callable[..., bool]:
        since = self.past.edits_at.get(plan.kept.run)
        return lambda *place: since is not None and place in self.past.edits[since:]

    def _carry_out(
        self, permitted: Permitted, work: Callable[[], ApplyReport], events: tuple[Event, ...]
    ) -> ApplyReport | None:
        """None where the process died over it."""
        world = self.world
        before, self.permitted = world.decided_writes(), permitted
        try:
            done = self.under_way(work, events)
        finally:
            self.permitted = None
        if done is None:
            return None
        self.did.update({f"applied: {fate}": count for fate, count in done.fates.items()})
        if done.run.brakes:
            self.did["brake held"] += 1
            assert world.decided_writes() == before, "I9: a plan over the brake was written"
        elif done.run.status in ("ok", "attention", "partial"):
            told = sum(count for fate, count in done.fates.items() if fate is not Fate.NEW)
            assert told == permitted.count, f"I16: {permitted.count} actions were planned, {told} are told of"
        return done

    def under_way(self, work: Callable[[], Any], events: tuple[Event, ...]) -> Any:
        """Do something as a run, among faults. None where the process died over it."""
        world = self.world
        world.clock.advance(10)
        world.director.begin(events)
        done = None
        try:
            with contextlib.suppress(Crash):
                done = work()
        finally:
            world.director.end()
        if done is None:
            world.clock.advance(LEASE_SECONDS * 5)
        report = getattr(done, "run", None)
        report = done.done if hasattr(done, "done") else report
        world.oracle.forget_cut()
        well = report is not None and report.status in ("ok", "attention")
        world.oracle.run_ended(well=well)
        world.director.note("controlled", report.status if report is not None else "crashed")
        return done

    def _restore(self, a: int, b: int) -> None:
        """A value that lost is asked back."""
        world = self.world
        ids = world.live("contact")
        if not ids:
            return
        entity_id = ids[a % len(ids)]
        lost = Reports(world.plain_store.database, world.clock).losers(entity_id)
        if lost:
            one = lost[b % len(lost)]
            self.did["restored"] += 1
            world.engine().restore(entity_id, one.path, one.value)
            now = world.plain_store.canonicals([entity_id])[entity_id].values.get(one.path)
            assert now == one.value, f"I2: {one.path} was restored, and is not back"

    def _fight(self, n: int) -> None:
        """Every night, jobs in two systems each write somebody's name in a way of their own, until nobody writes it."""
        world = self.world
        both = list(world.remotes)[:2]
        for name in both:
            world.remotes[name].hidden = set()  # whoever is not listed is not seen to fight
        people = [found for found in map(self._in(both), world.live("contact")) if found is not None]
        if not people:
            return
        entity_id, keys = people[n % len(people)]
        rows = [(world.remotes[name].tables["people"].rows, keys[name]) for name in both]
        calm = True
        for _ in range(world.story.setup.flips + _NIGHTS):
            for name, way in zip(both, (str.upper, str.lower), strict=True):
                row = world.remotes[name].tables["people"].rows.get(keys[name], {})
                if row.get("name") and row["name"] != way(row["name"]):
                    world.put(world.remotes[name], "people", keys[name], name=way(row["name"]))
            world.clock.advance(3600)
            before = [table.get(key, {}).get("name") for table, key in rows]
            calm = world.run() in ("ok", "attention") and calm
            after = [table.get(key, {}).get("name") for table, key in rows]
            if after == before and len(set(after)) == 2:
                break  # they show what their jobs make of it, and nobody changes it
        if calm and None not in after and self._in(both)(entity_id) is not None:
            self.did["fights"] += 1
            assert after == before, f"I4: {entity_id} is written for ever"
            asked = world.plain_store.open_conflicts([entity_id]).get(entity_id, {}).get("full_name")
            # Rewriting may be known to be a system's way, and where a person has to approve, nothing is written back.
            as_told = all(not world.natures[name].rewrites and name != self.approving for name in both)
            places = [BindingId(name, "people", "contact") for name in both]
            refused = any(world.plain_store.parked(at, Side.OUT, [entity_id]) for at in places)
            assert asked is not None or len(set(after)) < 2 or refused or not as_told, (
                f"I4: {after} are fought for, and nobody is asked"
            )
            self.did["frozen"] += asked is not None and asked.rule == OSCILLATION

    def _in(self, systems: Sequence[str]) -> Callable[[str], tuple[str, dict[str, str]] | None]:
        """Tells the keys of a contact that has one record in each of these systems; None for others."""

        def find(entity_id: str) -> tuple[str, dict[str, str]] | None:
            links = self.world.plain_store.links_of([entity_id]).get(entity_id, [])
            live = [link for link in links if link.state is LinkState.LIVE and link.binding.connection in systems]
            keys = {link.binding.connection: link.key for link in live}
            return (entity_id, keys) if len(live) == len(keys) == len(systems) else None

        return find

    # in the end

    def let_go(self) -> bool:
        """Release all that waits; whether anything did."""
        plans = self.world.plain_store.kept_plans()
        for plan in plans:
            self.release(plan.id)
        return bool(plans)

    def finally_agrees(self) -> None:
        """No plan has anything to do, and nothing has drifted."""
        _, report = self.plan()
        assert report.changes_nothing, f"I16: there is something to plan after all has come to rest: {report.actions}"
        with self.only_looking():
            drift = reconcile(self.world.engine())
        assert not drift.drifted, f"I1: drift after all has come to rest: {[d for d in drift.bindings if d.drifted]}"
