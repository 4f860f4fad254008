"""Three systems of mixed ability, people, faults and crashes in any order; what must hold holds in the end.

`SYNCLINE_SEED` and `SYNCLINE_SCHEDULES` choose the schedules of the long run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from connectors.contract import Deletes, Field, Replay, Writes
from mappings.contract import Match, OnDelete, StrongRule
from model.clock import ManualClock
from model.errors import StateError
from state.store import open_store
from sync.absorb import MERGED_THERE
from sync.decision import EntityState, LinkState, Side, Why

SYSTEMS = ("erp", "shop", "crm")
FIELDS = ("name", "email", "title", "dept")
CONSENT, AT = "consents[email:marketing].status", "consents[email:marketing].at"
RULES = {
    "full_name": "name",
    "emails[work]": "email",
    "job_title": "title",
    "department": "dept",
    "account": "firm",
    CONSENT: "consent",
    AT: "at",
}
FIRM = {"name": "name", "industry": "industry"}
NAME = Match(strong=(StrongRule(paths=("name",)),))
UNIQUE = (Field(name="email", unique=True), Field(name="name"))
ABILITY = {
    "erp": {"writes": Writes(batch=2, replay=Replay.UPSERT, marker="hub", conditional=True, returns_record=True)},
    "shop": {"writes": Writes(batch=2, replay=Replay.LOOKUP, marker="hub")},
    "crm": {"writes": Writes(batch=2, replay=Replay.NATURAL), "watermark": None, "deletes": Deletes.SWEEP},
}
DELETES = {
    "erp": {"on_delete_in": OnDelete.REVIEW, "on_delete_out": OnDelete.IGNORE},
    "shop": {"on_delete_in": OnDelete.DELETE, "on_delete_out": OnDelete.DELETE},
    "crm": {"on_delete_in": OnDelete.IGNORE, "on_delete_out": OnDelete.DELETE},
}
systems = st.sampled_from(SYSTEMS)
number = st.integers(0, 5)


class Crash(BaseException):
    """The process dies here."""


class Mortal:
    """A store that dies at its n-th durable step: just before it, or just after it."""

    def __init__(self, store, steps, *, after):
        self._store, self._steps, self._after = store, steps, after

    def __getattr__(self, name):
        return getattr(self._store, name)

    def _step(self, deed):
        self._steps -= 1
        if self._steps == 0 and not self._after:
            raise Crash
        result = deed()
        if self._steps == 0:
            raise Crash
        return result

    def commit(self, *args):
        return self._step(lambda: self._store.commit(*args))

    def intend(self, *args):
        return self._step(lambda: self._store.intend(*args))


def shouting(row):
    """What the shop stores: names in capitals."""
    return {field: value.upper() if field == "name" and value else value for field, value in row.items()}


def shouted(path, written, read):
    return path in ("full_name", "name") and (written or "").upper() == read


@pytest.fixture(scope="module")
def toolbox(tmp_path_factory):
    """An empty state database to copy."""
    path = tmp_path_factory.mktemp("empty") / "state.db"
    open_store(f"sqlite:///{path}", ManualClock()).close()
    return path


def machine(template, tools):
    """The machine's class, over copies of an empty state database. ``tools`` are the classes of this folder's
    fixtures."""

    class Machine(Schedules):
        empty, kit = template, tools

    return Machine


class Schedules(RuleBasedStateMachine):
    empty: Path
    kit: SimpleNamespace

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.empty, self.folder / "state.db")
        self.clock = ManualClock()
        self.store = open_store(f"sqlite:///{self.folder / 'state.db'}", self.clock)
        self.world = self.kit.World(self.store, self.clock)
        for name in SYSTEMS:
            firm_fields = (Field(name="name", unique=True),)
            self.world.system(
                name,
                self.kit.stream("firms", fields=firm_fields, **ABILITY[name]),
                self.kit.stream("people", parents=("firms",), fields=UNIQUE, **ABILITY[name]),
            )
            self.world.mappings.append(self.kit.PlainMapping(name, "firms", "account", FIRM, match=NAME, equal=shouted))
            self.world.contacts(name, rules=RULES, references={"account": "firms"}, equal=shouted, **DELETES[name])
        self.world.authority(*SYSTEMS)
        self.world.authority(rule="manual", path="job_title")
        self.world.authority(rule="latest", path="department")
        self.world.systems["shop"].stores = shouting
        self.serial = 0
        self.fresh = {}  # (system, stream, key, field) → value a person set and no read has surely shown
        self.must = set()  # values that have to be found in the hub

    def teardown(self):
        try:
            self.settle()
        finally:
            self.store.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    # people

    def _value(self):
        self.serial += 1
        return f"V{self.serial}"

    def _put(self, place, stream, key, /, **values):
        before = self.world.systems[place].table(stream).rows.get(key, {})
        if before and not self._linked(place, stream, key):
            self.must -= {before.get(field) for field in values}  # it is parked, and replaced there with its record
        self.world.systems[place].put(stream, key, **values)
        for field, value in values.items():
            self.fresh.pop((place, stream, key, field), None)
            if value and value.startswith("V"):
                self.fresh[place, stream, key, field] = value

    def _linked(self, place, stream, key):
        at = self.kit.BindingId(place, stream, "contact" if stream == "people" else "account")
        link = self.store.links(at, [key]).get(key)
        return link is not None and link.state is LinkState.LIVE

    def _pick(self, name, n, stream="people"):
        rows = sorted(self.world.systems[name].table(stream).rows)
        return rows[n % len(rows)] if rows else None

    @rule(name=systems, email=number, firm=number, full=st.booleans())
    def a_person_is_entered(self, name, email, firm, full):
        key = f"{name}{self._value()}"
        values = {"title": self._value(), "dept": self._value()} if full else {}
        self._put(
            name,
            "people",
            key,
            name=self._value(),
            email=f"p{email}@x.com",
            firm=self._pick(name, firm, "firms"),
            **values,
        )

    @rule(name=systems, firm=number)
    def a_person_is_entered_without_email(self, name, firm):
        self._put(name, "people", f"{name}{self._value()}", name=self._value(), firm=self._pick(name, firm, "firms"))

    @rule(names=st.lists(systems, min_size=2, max_size=2, unique=True), email=number)
    def one_person_is_entered_twice(self, names, email):
        for name in names:
            self._put(name, "people", f"{name}{self._value()}", name=self._value(), email=f"q{email}@x.com")

    @rule(name=systems, which=number)
    def a_firm_is_entered(self, name, which):
        self._put(name, "firms", f"{name}F{self._value()}", name=f"FIRM {which}", industry=self._value())

    @rule(name=systems, n=number)
    def a_firm_is_edited(self, name, n):
        key = self._pick(name, n, "firms")
        if key:
            self._put(name, "firms", key, industry=self._value())

    @rule(name=systems, n=number, field=st.sampled_from(("name", "title", "dept")))
    def somebody_edits(self, name, n, field):
        key = self._pick(name, n)
        if key:
            self._put(name, "people", key, **{field: self._value()})

    @rule(
        names=st.lists(systems, min_size=2, max_size=3, unique=True), n=number, field=st.sampled_from(("title", "dept"))
    )
    def several_edit_one_person(self, names, n, field):
        emails = sorted(
            {r["email"] for s in names for r in self.world.systems[s].table("people").rows.values() if r.get("email")}
        )
        if not emails:
            return
        email = emails[n % len(emails)]
        for name in names:
            for key, row in sorted(self.world.systems[name].table("people").rows.items()):
                if row.get("email") == email:
                    self._put(name, "people", key, **{field: self._value()})

    @rule(name=systems, n=number, email=number)
    def somebody_changes_an_email(self, name, n, email):
        key = self._pick(name, n)
        if key and not self.store.open_intents(name):
            self._put(name, "people", key, email=f"r{email}@x.com")

    @rule(name=systems, n=number, field=st.sampled_from(("title", "dept", "firm")))
    def somebody_clears(self, name, n, field):
        key = self._pick(name, n)
        if key:
            self._put(name, "people", key, **{field: None})

    @rule(name=systems, n=number, m=number)
    def somebody_moves_to_another_firm(self, name, n, m):
        key, firm = self._pick(name, n), self._pick(name, m, "firms")
        if key and firm:
            self._put(name, "people", key, firm=firm)

    @rule(name=systems, n=number, status=st.sampled_from(("opted_in", "opted_out", "pending")), day=st.integers(1, 9))
    def somebody_changes_a_consent(self, name, n, status, day):
        key = self._pick(name, n)
        if key:
            self._put(name, "people", key, consent=status, at=f"2026-01-0{day}T00:00:00Z")

    def _forget(self, name, key):
        """A record that was parked and never linked goes with its values."""
        if not self._linked(name, "people", key):
            self.must -= set(self.world.systems[name].table("people").rows[key].values())
        self.fresh = {at: v for at, v in self.fresh.items() if at[:3] != (name, "people", key)}

    @rule(name=systems, n=number)
    def somebody_deletes(self, name, n):
        key = self._pick(name, n)
        if key:
            self._forget(name, key)
            self.world.systems[name].drop("people", key)

    @rule(name=st.sampled_from(("erp", "shop")), n=number, m=number)
    def somebody_merges(self, name, n, m):
        key, into = self._pick(name, n), self._pick(name, m)
        if key and key != into:
            self._forget(name, key)
            self.world.systems[name].drop("people", key, into=into)

    # faults

    @rule(name=systems)
    def an_answer_will_be_lost(self, name):
        self.world.systems[name].lose_answers = 1

    @rule(name=systems)
    def a_system_goes_down_or_comes_back(self, name):
        self.world.systems[name].down = not self.world.systems[name].down

    @rule(name=systems, on=st.booleans(), whole=st.booleans())
    def a_system_refuses_some_rows(self, name, on, whole):
        system = self.world.systems[name]
        system.refuses_batches = whole
        system.refuses = (
            (lambda row: "bad" if str(row.get("dept")).endswith("3") else None) if on else (lambda row: None)
        )

    @rule(n=number)
    def a_listing_loses_a_record(self, n):
        key = self._pick("crm", n)
        self.world.systems["crm"].hidden = {key} if key else set()

    # the hub

    def _seen(self, names):
        for at in [at for at in self.fresh if at[0] in names and at[2] not in self.world.systems[at[0]].hidden]:
            self.must.add(self.fresh.pop(at))

    @contextlib.contextmanager
    def _nothing_rises_again(self):
        """An entity whose record is known to be deleted in a system gets no new one there."""
        states = {}
        sql = "SELECT connection, stream, entity_id, state FROM link JOIN binding ON binding.id = link.binding"
        for connection, stream, entity, state in self._rows(sql):
            states.setdefault((connection, stream, entity), set()).add(state)
        gone = {place for place, found in states.items() if found == {LinkState.GONE.value}}
        before = {name: len(system.created) for name, system in self.world.systems.items()}
        try:
            yield
        finally:
            for name, system in self.world.systems.items():
                for stream, entity, key in system.created[before[name] :]:
                    assert (name, stream, entity) not in gone, f"I5: {name} {stream} {key}"

    def _run(self, **options):
        with self._nothing_rises_again():
            report = self.world.sync(**options)
        chosen = set(options.get("select") or SYSTEMS)
        if report.status in ("ok", "attention"):
            self._seen(chosen)
        return report

    @rule()
    def a_run(self):
        self._run()

    @rule(names=st.lists(systems, min_size=1, max_size=2, unique=True))
    def a_run_of_some(self, names):
        self._run(select=names)

    @rule(sweep=st.booleans())
    def a_full_run(self, sweep):
        self._run(full=True, sweep=sweep)

    @rule(steps=st.integers(1, 14), after=st.booleans())
    def a_run_that_dies(self, steps, after):
        self.world.store = Mortal(self.store, steps, after=after)
        try:
            with contextlib.suppress(Crash):
                self._run()
        finally:
            self.world.store = self.store
            self.clock.advance(600)

    def _parked(self, side, why):
        pages = [
            page
            for binding in self.world.engine().hub.bindings
            for page in self.store.all_parked(binding, side, why, 9)
        ]
        return [parked for page in pages for parked in page]

    @rule(side=st.sampled_from(Side))
    def a_person_retries_dead_letters(self, side):
        ids = [parked.id for parked in self._parked(side, Why.DEAD)]
        if ids:
            with contextlib.suppress(Exception):  # a system that is down says so
                self.world.engine().retry(ids)

    @rule(winner=st.sampled_from(("ours", "theirs")))
    def a_person_resolves_conflicts(self, winner):
        for conflict in self._open_conflicts():
            self.world.engine().resolve(conflict.id, winner)

    @rule(new=st.booleans())
    def a_person_settles_matches(self, new):
        for parked in self._parked(Side.IN, Why.DISPUTED):
            if parked.data is not None and parked.candidates:
                with contextlib.suppress(StateError):  # linked meanwhile, or its entity was deleted
                    self.world.engine().settle_match(parked.id, None if new else parked.candidates[0])

    @rule(first=st.booleans())
    def a_person_says_that_records_merged_there_are_one(self, first):
        for parked in self._parked(Side.IN, Why.DISPUTED):
            if parked.code == MERGED_THERE:
                with contextlib.suppress(StateError):  # one of them was deleted, or a write for it is in doubt
                    self.world.engine().settle_match(parked.id, parked.candidates[0 if first else -1])

    @rule(entity=st.sampled_from(("contact", "contact", "account")), n=number, m=number)
    def a_person_unites(self, entity, n, m):
        sql = "SELECT id FROM canonical WHERE entity = ? AND state = 'live' ORDER BY id"
        live = [row[0] for row in self._rows(sql, entity)]
        if len(live) > 1:
            self._unite(live.pop(n % len(live)), live[m % len(live)])

    @rule(
        names=st.lists(systems, min_size=2, max_size=2),
        emails=st.tuples(number, number),
        firms=st.tuples(number, number),
        run=st.booleans(),
    )
    def two_people_turn_out_to_be_one(self, names, emails, firms, run):
        places = []
        for name, email, firm in zip(names, emails, firms, strict=True):
            places.append((name, f"{name}{self._value()}"))
            values = {"title": self._value(), "firm": self._pick(name, firm, "firms")}
            consent = {"consent": "opted_in" if email % 2 else "opted_out", "at": f"2026-01-0{email + 1}T00:00:00Z"}
            self._put(name, "people", places[-1][1], name=self._value(), email=f"s{email}@x.com", **values)
            if firm % 2:
                self._put(name, "people", places[-1][1], **consent)
        self._run()
        links = [self.store.links(self.world.mappings_id(name), [key]).get(key) for name, key in places]
        if all(links) and links[0].entity_id != links[1].entity_id:
            self._unite(links[0].entity_id, links[1].entity_id)
            if run:
                self._run()

    @rule(names=st.lists(systems, min_size=2, max_size=2), n=number, m=number)
    def two_firms_turn_out_to_be_one(self, names, n, m):
        keys = [self._pick(name, place, "firms") for name, place in zip(names, (n, m), strict=True)]
        if all(keys):
            self._run()
            at = [self.kit.BindingId(name, "firms", "account") for name in names]
            links = [self.store.links(one, [key]).get(key) for one, key in zip(at, keys, strict=True)]
            if all(links) and links[0].entity_id != links[1].entity_id:
                self._unite(links[0].entity_id, links[1].entity_id)

    def _unite(self, keep, drop):
        with contextlib.suppress(StateError):  # one of them has ended, or a write is in doubt
            self.world.engine().unite(keep, drop)
            self.nobody_points_to(drop)

    def nobody_points_to(self, ended):
        for column, table in (("vals", "canonical"), ("base", "link")):
            sql = f"SELECT * FROM {table} WHERE state = 'live' AND {column} LIKE ?"
            assert not self._rows(sql, f'%"{ended}"%'), f"a live {table} holds {ended}"
        assert not self.store.links_of([ended])

    @rule(name=systems, n=number)
    def a_person_splits(self, name, n):
        key, system = self._pick(name, n), self.world.systems[name]
        if key and not system.down and all(key != made for _, _, made in system.created):
            with contextlib.suppress(StateError):  # not linked, or made by the hub
                self.world.engine().split(self.world.mappings_id(name), key)

    # what must hold

    def _open_conflicts(self):
        ids = [row[0] for row in self._rows("SELECT id FROM canonical ORDER BY id")]
        return [c for paths in self.store.open_conflicts(ids).values() for c in paths.values()]

    def _rows(self, sql, *params):
        with self.store.database.read() as tx:
            return list(tx.rows(sql, *params))

    def settle(self):
        for system in self.world.systems.values():
            system.down, system.lose_answers, system.hidden = False, 0, set()
            system.refuses = lambda row: None
        for _ in range(6):
            report = self._run()
            assert report.status != "failed", report
        before = self.world.writes()
        self._run()
        assert self.world.writes() == before, "I4: writes do not stop"
        self._run(full=True)
        for entity in ("account", "contact"):
            self.store.mark_all_dirty(entity)
        self._run(full=True)
        assert self.world.writes() == before, "I7: a forced run writes"
        self.nothing_was_lost()
        self.nothing_was_doubled()
        self.everybody_shows_the_same()
        self.consent_was_never_loosened()

    def nothing_was_lost(self):
        texts = [
            row[0]
            for table, column in (
                ("canonical", "vals"),
                ("history", "old"),
                ("history", "new"),
                ("conflict", "ours"),
                ("conflict", "theirs"),
                ("parked", "data"),
            )
            for row in self._rows(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL")
        ]
        known = " ".join(t if isinstance(t, str) else bytes(t).decode() for t in texts)
        lost = {value for value in self.must if f'"{value}"' not in known}
        assert not lost, f"I2: {lost}"

    def nothing_was_doubled(self):
        for name, system in self.world.systems.items():
            made = {}
            for stream, entity, key in system.created:
                if key in system.table(stream).rows:
                    made.setdefault((stream, entity), set()).add(key)
            assert all(len(keys) == 1 for keys in made.values()), f"I3: {name} {made}"
            for stream, entity in (("people", "contact"), ("firms", "account")):
                at = self.kit.BindingId(name, stream, entity)
                for key, link in self.store.links(at, list(system.table(stream).rows)).items():
                    ended = self.store.canonicals([link.entity_id])[link.entity_id].state is not EntityState.LIVE
                    assert link.state is LinkState.LIVE or ended, f"I13: {at} {key} is there, and was taken for deleted"

    def _in_question(self, at, canonical):
        """Whether a record there, of which it is not settled whose it is, may be this entity."""
        field, path = ("name", "name") if at.stream == "firms" else ("email", "emails[work]")
        for page in self.store.all_parked(at, Side.IN, None, 9):
            for row in page:
                same = (row.data or {}).get(field) and (row.data or {}).get(field) == canonical.values.get(path)
                link = self.store.links(at, [row.key]).get(row.key)
                if canonical.id in row.candidates or (same and (link is None or link.state is not LinkState.LIVE)):
                    return True
        return False

    def everybody_shows_the_same(self):
        hub = self.world.engine().hub
        ids = [row[0] for row in self._rows("SELECT id FROM canonical ORDER BY id")]
        canonicals, links, conflicts = (
            self.store.canonicals(ids),
            self.store.links_of(ids),
            self.store.open_conflicts(ids),
        )
        for canonical in canonicals.values():
            if canonical.state is not EntityState.LIVE:
                continue
            for at, binding in hub.bindings.items():
                if at.entity != canonical.entity or self.store.parked(at, Side.OUT, [canonical.id]):
                    continue
                own = [link for link in links.get(canonical.id, []) if link.binding == at]
                firm = canonical.values.get("account")
                firm_key = (
                    self.store.keys_at(self.kit.BindingId(at.connection, "firms", "account"), [firm]).get(firm)
                    if firm
                    else None
                )
                if not own:
                    blocked = "emails[work]" in conflicts.get(canonical.id, {}) or (firm and not firm_key)
                    blocked = blocked or self._in_question(at, canonical)
                    assert blocked, f"I1: {canonical.id} has no record in {at}"
                for link in own:
                    if link.state is LinkState.LIVE and not self.store.parked(at, Side.IN, [link.key]):
                        row = self.world.systems[at.connection].table(at.stream).rows[link.key]
                        self._shows(binding, canonical, conflicts.get(canonical.id, {}), row, firm_key)

    def _shows(self, binding, canonical, conflicts, row, firm_key):
        for path, field in binding.mapping.rules.items():
            value = canonical.values.get(path)
            if path in conflicts or (path == "account" and value and not firm_key):
                continue
            if path == "account" and value:
                firms = self.kit.BindingId(binding.id.connection, "firms", "account")
                shown = self.store.entities_at(firms, [str(row.get(field))]).get(str(row.get(field)))
                assert shown == value, f"I1: {binding.id} shows another account"
                continue
            shown = row.get(field)
            assert (shown or None) == (value or None) or shouted(path, value, shown), (
                f"I1: {binding.id} shows {shown} for {path}, not {value}"
            )

    def consent_was_never_loosened(self):
        rank = {"opted_in": 0, "pending": 1, "opted_out": 2}
        rows = self._rows("SELECT entity_id, rev, path, old, new FROM history WHERE path IN (?, ?)", CONSENT, AT)
        text = lambda v: None if v is None else (v if isinstance(v, str) else bytes(v).decode()).strip('"')  # noqa: E731
        at = {(entity, rev): (text(old), text(new)) for entity, rev, path, old, new in rows if path == AT}
        for entity, rev, path, old, new in rows:
            if path == CONSENT and rank.get(text(new), 9) < rank.get(text(old), -1):
                assert (entity, rev) in at, "I19: loosened without a moment"
                assert at[entity, rev][0] in (None, "null") or at[entity, rev][1] > at[entity, rev][0], "I19"


@pytest.fixture
def kit(make_stream, plain, binding, make_world):
    return SimpleNamespace(stream=make_stream, PlainMapping=plain, BindingId=binding, World=make_world)


COMMON = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "report_multiple_bugs": False,
}


def test_short_schedules_hold(toolbox, kit):
    run_state_machine_as_test(
        machine(toolbox, kit), settings=settings(max_examples=8, stateful_step_count=20, derandomize=True, **COMMON)
    )


@pytest.mark.slow
def test_long_schedules_hold(toolbox, kit):
    chosen = int(os.environ.get("SYNCLINE_SEED", "0"))
    many = int(os.environ.get("SYNCLINE_SCHEDULES", "300"))
    cls = seed(chosen)(machine(toolbox, kit))
    run_state_machine_as_test(
        cls, settings=settings(max_examples=many, stateful_step_count=40, database=None, **COMMON)
    )
