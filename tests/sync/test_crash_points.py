"""Every moment at which a process can die, one after the other: whatever it was doing, the end is the same.

A scenario is prepared, photographed, and done once undisturbed. Then it is done again from the photograph and dies
before its first step, after it, in the middle of its first batch, before its second step, and so on, until it passes
untouched. Steps are the store's commits and the calls to systems, and nothing works any more for a process that died:
its lease stays where it is. Others then run until all is quiet, and the systems, the canonical values, the links, the
history and all that waits for a person have to be as they were in the end of the undisturbed run.

Moments between which nothing was changed anywhere leave the same world behind; of those, the first stands for all.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
import shutil
import sys
from collections import Counter
from types import SimpleNamespace

import pytest

from connectors.contract import Deletes, Field, Replay, Writes
from mappings.contract import Direction, Match, OnDelete, Strength, StrongRule
from model.clock import ManualClock
from model.errors import StateError
from state.database import connect
from state.store import SqlStore, open_store
from state.tables import metadata
from sync.decision import Side, Why
from sync.outcomes import RECOGNISED
from sync.policy import Braked, Limit

COMMITS = ("acquire", "start_run", "remember_mapping", "mark_all_dirty", "intend", "commit", "finish_run", "release")
ASKS = ("fetch", "find")
LISTS = ("read", "keys")
WRITES = ("upsert", "remove")
FIELDS = (Field(name="email", unique=True), Field(name="name", unique=True))
ABILITY = {
    "upsert": Writes(batch=2, replay=Replay.UPSERT, marker="hub"),
    "lookup": Writes(batch=2, replay=Replay.LOOKUP, marker="hub"),
    "natural": Writes(batch=2, replay=Replay.NATURAL),
    "conditional": Writes(batch=2, replay=Replay.UPSERT, marker="hub", conditional=True, returns_record=True),
}
NAME = Match(strong=(StrongRule(paths=("name",)),))
REFERENCES = ("firm", "parent")
CONTACT = {"full_name": "name", "emails[work]": "email", "job_title": "title", "department": "dept"}
WITH_FIRM = {**CONTACT, "account": "firm"}
BOTH = {"on_delete_in": OnDelete.DELETE, "on_delete_out": OnDelete.DELETE}
CONSENT = {"consents[email:marketing].status": "consent", "consents[email:marketing].at": "at"}


class Death(BaseException):
    """The process dies here."""


class Fate:
    """Counts the moments of a process, and ends it at one of them. ``changes`` are the changes made before each."""

    def __init__(self, at=None):
        self.at, self.dead = at, False
        self.changes, self.changed = [], 0

    def moment(self):
        """Whether the process ends here."""
        self.alive()
        self.changes.append(self.changed)
        self.dead = len(self.changes) == self.at
        return self.dead

    def alive(self):
        if self.dead:
            raise Death

    def step(self, deed, *, changes):
        if self.moment():
            raise Death
        result = deed()
        self.changed += changes
        if self.moment():
            raise Death
        return result


class MortalStore:
    def __init__(self, store, fate):
        self._store, self._fate = store, fate

    def __getattr__(self, name):
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def deed(*args, **kwargs):
            self._fate.alive()
            if name not in COMMITS:
                return found(*args, **kwargs)
            return self._fate.step(lambda: found(*args, **kwargs), changes=True)

        return deed


class MortalConnector:
    """Calls to a system, some of which are the last. A batch may get through halfway."""

    def __init__(self, connector, fate):
        self._connector, self._fate = connector, fate

    def __getattr__(self, name):
        found = getattr(self._connector, name)
        if name in ASKS:
            return lambda *args: self._fate.step(lambda: found(*args), changes=False)
        if name in LISTS:
            return lambda *args: self._pages(found(*args))
        if name in WRITES:
            return lambda stream, batch: self._write(found, stream, batch)
        return found

    def _pages(self, pages):
        yield from iter(lambda: self._fate.step(lambda: next(pages, None), changes=False), None)

    def _write(self, deed, stream, batch):
        if self._fate.moment():
            raise Death
        if len(batch) > 1 and not self._connector.system.refuses_batches:
            self._fate.changed += 1
            if self._fate.moment():
                deed(stream, batch[:1])
                raise Death
        try:
            answers = deed(stream, batch)
        finally:
            self._fate.changed += 1
        if self._fate.moment():
            raise Death
        return answers


class Stage:
    """A world for one scenario. A scenario prepares it and returns the deed that a process may die of."""

    def __init__(self, kit, store, clock):
        self.kit, self.world = kit, kit.World(store, clock)

    def two(self, ability="lookup", names=("crm", "shop"), facts=None, **options):
        for name in names:
            self.system(name, ability, facts, **options)
        self.world.authority(*names)

    def system(self, name, ability="lookup", facts=None, **options):
        stream = self.kit.stream("people", writes=ABILITY[ability], fields=FIELDS, **(facts or {}))
        self.world.system(name, stream)
        self.world.contacts(name, **options)

    def company(self, ability="lookup", names=("erp", "crm"), **options):
        for name in names:
            facts = {"writes": ABILITY[ability], "fields": FIELDS}
            people = self.kit.stream("people", parents=("firms",), **facts)
            self.world.system(name, self.kit.stream("firms", **facts), people)
            rules = {"name": "name", "parent": "parent", "industry": "industry"}
            firms = self.kit.PlainMapping(
                name, "firms", "account", rules, match=NAME, references={"parent": "firms"}, **options
            )
            self.world.mappings.append(firms)
            self.world.contacts(name, rules=WITH_FIRM, references={"account": "firms"}, **options)
        self.world.authority(*names)

    def put(self, name, key, stream="people", /, **values):
        self.world.systems[name].put(stream, key, **values)

    def firm(self, name, key, /, **values):
        self.put(name, key, "firms", **values)

    def people(self, name, *numbers, **values):
        for n in numbers:
            self.put(name, f"{name}{n}", name=f"P{n}", email=f"p{n}@x.com", **values)

    def sync(self, **options):
        return self.world.sync(**options)

    def rows(self, name, stream="people"):
        return self.world.systems[name].table(stream).rows

    def key(self, name, person, stream="people"):
        (found,) = [key for key, row in self.rows(name, stream).items() if row["name"] == person]
        return found

    def entity(self, name, key, stream="people", kind="contact"):
        at = self.kit.BindingId(name, stream, kind)
        return self.world.store.links(at, [key])[key].entity_id

    def parked(self, name, side, why):
        at = self.kit.BindingId(name, "people", "contact")
        return [one.id for page in self.world.store.all_parked(at, side, why, 9) for one in page]

    def by_hand(self, deed):
        """What a person does, and does again after a crash: what is settled already cannot be settled again."""

        def repeated():
            with contextlib.suppress(StateError):
                deed(self.world.engine())
            self.sync()

        return repeated


# What is compared


def texts(row):
    return json.dumps(row, sort_keys=True, default=str)


def picture(world):
    """Everything that is to be equal in the end, without the keys and ids that the hub and the systems gave."""
    hub = world.engine().hub
    with world.store.database.read() as tx:
        ids = [row[0] for row in tx.rows("SELECT id FROM canonical ORDER BY id")]
        told = tx.rows("SELECT path, old, new, source, why FROM history WHERE why <> ?", RECOGNISED)  # how, not what
        history = [tuple(row) for row in told]
        conflicts = [tuple(row) for row in tx.rows("SELECT path, ours, theirs, winner, state FROM conflict")]
    canonicals, links = world.store.canonicals(ids), world.store.links_of(ids)
    names = {one.id: f"<{one.values.get('full_name', one.values.get('name'))}>" for one in canonicals.values()}

    def named(value):
        text = value if isinstance(value, str) else texts(value) if not isinstance(value, bytes) else value.decode()
        for entity_id, name in names.items():
            text = text.replace(entity_id, name)
        return text

    def row_of(system, stream, key):
        row = dict(system.table(stream).rows.get(key, {}))
        for field in REFERENCES:
            target = system.table("firms").rows.get(row.get(field) or "")
            row[field] = target["name"] if target else row.get(field)
        return named(row)

    entities = [
        (
            one.entity,
            str(one.state),
            named(one.values),
            sorted(
                (
                    str(link.binding),
                    str(link.state),
                    row_of(world.systems[link.binding.connection], link.binding.stream, link.key),
                )
                for link in links.get(one.id, [])
            ),
        )
        for one in canonicals.values()
    ]
    linked = {(link.binding.connection, link.binding.stream, link.key) for own in links.values() for link in own}
    return {
        "entities": sorted(entities, key=repr),
        "unlinked": sorted(
            (name, stream, row_of(system, stream, key))
            for name, system in world.systems.items()
            for stream, table in system.tables.items()
            for key in table.rows
            if (name, stream, key) not in linked
        ),
        "history": Counter(tuple(map(named, row)) for row in history),
        "conflicts": Counter(tuple(map(named, row)) for row in conflicts),
        "parked": sorted(
            (str(at), str(side), str(why), one.code, named(one.message))
            for at in hub.bindings
            for side in Side
            for why in Why
            for page in world.store.all_parked(at, side, why, 50)
            for one in page
        ),
    }


def quiet(stage):
    """Run until nothing is written any more; then everything is as it should be, whatever happened before."""
    world = stage.world
    for _ in range(8):
        if not stage.sync().writes:
            break
    else:
        raise AssertionError("it does not come to rest")
    before = world.writes()
    for entity in {mapping.entity for mapping in world.mappings}:
        world.store.mark_all_dirty(entity)
    stage.sync(full=True)
    assert world.writes() == before, "a forced run writes"
    for name, system in world.systems.items():
        assert world.store.open_intents(name) == []
        made = Counter((stream, marker) for stream, marker, key in system.created if key in system.table(stream).rows)
        assert not [one for one, times in made.items() if one[1] and times > 1], f"{name} holds a record twice"
    return picture(world)


# Photographs: of the state, and of everything else


class File:
    """The state in SQLite, kept by copying its file."""

    def __init__(self, folder):
        self.folder, self.path, self.store = folder, folder / "state.db", None
        open_store(f"sqlite:///{folder / 'empty.db'}", ManualClock()).close()

    def fresh(self, clock):
        return self._restored("empty.db", clock)

    def keep(self):
        self.store.close()
        shutil.copy(self.path, self.folder / "kept.db")

    def back(self, clock):
        return self._restored("kept.db", clock)

    def _restored(self, name, clock):
        if self.store is not None:
            self.store.close()
        for ending in ("-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        shutil.copy(self.folder / name, self.path)
        self.store = SqlStore(connect(f"sqlite:///{self.path}"), clock)
        return self.store


class Rows:
    """The state in PostgreSQL, kept row by row."""

    def __init__(self, url):
        self.database, self.kept = open_store(url).database, {}

    def fresh(self, clock):
        return self._restored({}, clock)

    def keep(self):
        with self.database.engine.connect() as connection:
            for table in metadata.sorted_tables:
                self.kept[table.name] = [dict(row._mapping) for row in connection.execute(table.select())]

    def back(self, clock):
        return self._restored(self.kept, clock)

    def _restored(self, contents, clock):
        with self.database.engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
            for table in metadata.sorted_tables:
                rows = contents.get(table.name)
                if rows:
                    connection.execute(table.insert(), rows)
                if rows and isinstance(rows[0].get("id"), int):
                    counter = f"pg_get_serial_sequence('{table.name}', 'id')"
                    connection.exec_driver_sql(f"SELECT setval({counter}, (SELECT max(id) FROM {table.name}))")
        return SqlStore(self.database, clock)


class Photograph:
    """The world as it is: taken once, gone back to as often as one likes."""

    def __init__(self, memory, stage):
        self.memory, self.stage, world = memory, stage, stage.world
        memory.keep()
        self.systems = {name: copy.deepcopy(vars(system)) for name, system in world.systems.items()}
        self.rest = list(world.mappings), dict(world.limits), world.clock.time

    def restore(self):
        world = self.stage.world
        (world.mappings[:], world.limits, world.clock.time) = copy.copy(self.rest[0]), dict(self.rest[1]), self.rest[2]
        world.store = self.memory.back(world.clock)
        for name, content in self.systems.items():
            vars(world.systems[name]).update(copy.deepcopy(content))


# Dying


def dies(stage, deed, at=None):
    """Do it in a process that ends at the ``at``-th moment. Returns its fate."""
    world, fate = stage.world, Fate(at)
    store, connectors = world.store, world.connectors
    world.store = MortalStore(store, fate)
    world.connectors = {name: MortalConnector(one, fate) for name, one in connectors.items()}
    try:
        with contextlib.suppress(Death):
            deed()
    finally:
        world.store, world.connectors = store, connectors
    if fate.dead:
        world.clock.advance(600)  # until its lease has run out
    return fate


def distinct(fate):
    """The first of all moments that leave the same world behind."""
    first = {}
    for place, changed in enumerate(fate.changes, 1):
        first.setdefault(changed, place)
    return list(first.values())


def difference(before, after):
    return {part: (before[part], after[part]) for part in before if before[part] != after[part]}


def tortured(memory, kit, scenario, chosen=distinct):
    """Returns how many moments there were, and how often the process died."""
    clock = ManualClock()
    stage = Stage(kit, memory.fresh(clock), clock)
    deed = scenario(stage)
    photograph = Photograph(memory, stage)
    photograph.restore()
    fate = dies(stage, deed)
    undisturbed = quiet(stage)
    places = chosen(fate)
    for place in places:
        photograph.restore()
        assert dies(stage, deed, place).dead
        deed()
        assert difference(undisturbed, quiet(stage)) == {}, f"it died at moment {place} of {len(fate.changes)}"
    # And one that dies at its first step, its successor at its second, and so on until one comes through.
    photograph.restore()
    for place in range(1, len(fate.changes) + 2):
        if not dies(stage, deed, place).dead:
            break
    assert difference(undisturbed, quiet(stage)) == {}, "one process after the other died, each a step later"
    return len(fate.changes), len(places)


# Scenarios

SCENARIOS = {}


def scenario(deed):
    SCENARIOS[deed.__name__.replace("_", " ")] = deed
    return deed


def of_each_ability(deed):
    for ability in ABILITY:
        SCENARIOS[f"{deed.__name__.replace('_', ' ')} ({ability})"] = lambda s, ability=ability: deed(s, ability)
    return deed


@of_each_ability
def people_are_created(s, ability):
    s.two(ability)
    s.sync()
    s.people("crm", 1, 2, 3)
    s.people("shop", 4)
    return s.sync


@of_each_ability
def people_are_updated(s, ability):
    s.two(ability)
    s.people("crm", 1, 2, 3, title="A")
    s.sync()
    s.people("crm", 1, 2, 3, title="B")
    s.put("shop", s.key("shop", "P2"), dept="D")
    return s.sync


@of_each_ability
def an_answer_to_creates_is_lost(s, ability):
    s.two(ability)
    s.sync()
    s.people("crm", 1, 2, 3)
    s.world.systems["shop"].lose_answers = 1
    return s.sync


@of_each_ability
def an_answer_to_updates_is_lost(s, ability):
    s.two(ability)
    s.people("crm", 1, 2, 3)
    s.sync()
    s.people("crm", 1, 2, 3, title="B")
    s.world.systems["shop"].lose_answers = 1
    return s.sync


@of_each_ability
def a_lost_create_is_looked_up(s, ability):
    s.two(ability)
    s.sync()
    s.people("crm", 1, 2, 3)
    s.world.systems["shop"].lose_answers = 1
    s.sync()
    s.put("crm", "crm1", title="Chair")
    return s.sync


@of_each_ability
def deletions_are_carried_over(s, ability):
    s.two(ability, **BOTH)
    s.people("crm", 1, 2, 3, 4)
    s.sync()
    for n in (1, 2, 3):
        s.world.systems["crm"].drop("people", f"crm{n}")
    return s.sync


@of_each_ability
def parents_are_created_before_their_children(s, ability):
    s.company(ability)
    s.sync()
    s.firm("erp", "f1", name="Acme")
    s.firm("erp", "f2", name="Bolt", parent="f1")
    s.people("erp", 1, firm="f1")
    s.people("erp", 2, firm="f2")
    return s.sync


@of_each_ability
def two_firms_refer_to_each_other(s, ability):
    s.company(ability)
    s.sync()
    s.firm("erp", "f1", name="Acme", parent="f2")
    s.firm("erp", "f2", name="Bolt", parent="f1")
    s.firm("erp", "f3", name="Coil", parent="f3")
    return s.sync


@scenario
def all_is_read_for_the_first_time(s):
    s.two()
    s.people("crm", 1, 2, 3, 4, title="A")
    s.people("shop", 3, 4, 5, 6, dept="D")
    return s.sync


@scenario
def three_systems_meet(s):
    s.two(names=("crm", "shop", "erp"))
    s.people("crm", 1, 2, title="A")
    s.people("shop", 2, 3, dept="D")
    s.people("erp", 1, 3, 4)
    return s.sync


@scenario
def a_third_system_joins(s):
    s.two()
    s.people("crm", 1, 2, 3)
    s.sync()
    s.system("erp")
    s.people("erp", 3, 4, title="C")
    return s.sync


@scenario
def nothing_happened(s):
    s.two()
    s.people("crm", 1, 2)
    s.sync()
    return s.sync


@scenario
def everything_is_read_again(s):
    s.two()
    s.people("crm", 1, 2, 3)
    s.sync()
    s.people("shop", 9)
    return lambda: s.sync(full=True)


@scenario
def two_systems_change_different_fields(s):
    s.two()
    s.people("crm", 1, 2)
    s.sync()
    s.put("crm", "crm1", title="A")
    s.put("shop", s.key("shop", "P1"), dept="D")
    return s.sync


@scenario
def a_value_is_cleared(s):
    s.two()
    s.people("crm", 1, 2, title="A", dept="D")
    s.sync()
    s.put("crm", "crm1", title=None)
    s.put("shop", s.key("shop", "P2"), dept="")
    return s.sync


def _conflict(s, rule="authority", **more):
    s.two(names=("crm", "shop", "erp"))
    s.world.authority("crm", "shop", "erp", rule=rule, path="job_title")
    s.people("crm", 1, 2, title="Owner")
    s.sync()
    s.put("crm", "crm1", title="Chair")
    s.put("shop", s.key("shop", "P1"), title="Chairwoman")
    return s.sync


@scenario
def a_conflict_is_settled_by_authority(s):
    return _conflict(s)


@scenario
def a_conflict_is_settled_by_the_latest(s):
    return _conflict(s, "latest")


@scenario
def a_conflict_is_settled_by_the_most_complete(s):
    return _conflict(s, "most_complete")


@scenario
def a_conflict_waits_for_a_person(s):
    return _conflict(s, "manual")


@scenario
def a_third_system_joins_a_conflict(s):
    _conflict(s, "manual")()
    s.put("erp", s.key("erp", "P1"), title="Boss")
    s.put("crm", "crm1", dept="D")
    return s.sync


def _resolved(s, **answer):
    _conflict(s, "manual")()
    with s.world.store.database.read() as tx:
        ((number,),) = tx.rows("SELECT id FROM conflict WHERE state = 'open'")
    return s.by_hand(lambda engine: engine.resolve(number, **answer))


@scenario
def a_person_says_ours(s):
    return _resolved(s, winner="ours")


@scenario
def a_person_says_theirs(s):
    return _resolved(s, winner="theirs")


@scenario
def a_person_says_something_else(s):
    return _resolved(s, value="Head")


@scenario
def somebody_opts_out_while_somebody_opts_in(s):
    s.two(names=("crm", "shop", "erp"), rules={**CONTACT, **CONSENT})
    s.people("crm", 1, consent="pending", at="2026-01-01T00:00:00Z")
    s.sync()
    s.put("crm", "crm1", consent="opted_in", at="2026-01-03T00:00:00Z")
    s.put("shop", s.key("shop", "P1"), consent="opted_out", at="2026-01-02T00:00:00Z")
    return s.sync


@scenario
def a_parent_comes_that_was_waited_for(s):
    s.company()
    s.people("erp", 1, 2, firm="f1")
    s.sync()
    s.firm("erp", "f1", name="Acme")
    return s.sync


@scenario
def somebody_moves_to_another_firm(s):
    s.company()
    s.firm("erp", "f1", name="Acme")
    s.people("erp", 1, 2, firm="f1")
    s.sync()
    s.firm("crm", "c9", name="Bolt")
    s.put("crm", s.key("crm", "P1"), firm="c9")
    s.put("erp", "erp2", firm=None)
    return s.sync


@scenario
def a_firm_and_its_people_are_deleted(s):
    s.company(**BOTH)
    s.firm("erp", "f1", name="Acme")
    s.people("erp", 1, 2, firm="f1")
    s.sync()
    for n in (1, 2):
        s.world.systems["erp"].drop("people", f"erp{n}")
    s.world.systems["erp"].drop("firms", "f1")
    return s.sync


def _poison(s, *, whole):
    s.two()
    s.sync()
    shop = s.world.systems["shop"]
    shop.refuses = lambda row: "poison" if row.get("name") == "P2" else None
    shop.refuses_batches = whole
    s.people("crm", 1, 2, 3, 4)
    return s.sync


@scenario
def one_record_of_a_batch_is_poison(s):
    return _poison(s, whole=False)


@scenario
def a_poison_record_spoils_its_batch(s):
    return _poison(s, whole=True)


@scenario
def updates_that_are_poison(s):
    s.two()
    s.people("crm", 1, 2, 3, 4)
    s.sync()
    shop = s.world.systems["shop"]
    shop.refuses = lambda row: "poison" if row.get("title") == "T3" else None
    shop.refuses_batches = True
    for n in (1, 2, 3, 4):
        s.put("crm", f"crm{n}", title=f"T{n}")
    return s.sync


@scenario
def a_refused_write_is_tried_again_by_a_person(s):
    _poison(s, whole=False)()
    s.world.systems["shop"].refuses = lambda row: None
    letters = s.parked("shop", Side.OUT, Why.DEAD)
    assert letters
    return s.by_hand(lambda engine: engine.retry(letters))


@scenario
def a_refused_record_is_corrected(s):
    _poison(s, whole=False)()
    s.put("crm", "crm2", name="P5")
    return s.sync


@scenario
def a_dead_letter_is_discarded(s):
    _poison(s, whole=False)()
    letters = s.parked("shop", Side.OUT, Why.DEAD)
    return s.by_hand(lambda engine: engine.discard(letters))


def _unreadable(s):
    s.two(valid=lambda path, value: value != "?")
    s.people("crm", 1, 2, 3)
    s.sync()
    s.put("crm", "crm1", title="?")
    s.put("crm", "crm2", title="B")
    return s.sync


@scenario
def a_value_cannot_be_read(s):
    return _unreadable(s)


@scenario
def a_value_can_be_read_again(s):
    _unreadable(s)()
    s.put("crm", "crm1", title="A")
    return s.sync


@scenario
def a_record_that_could_not_be_read_is_tried_again_by_a_person(s):
    _unreadable(s)()
    letters = s.parked("crm", Side.IN, Why.DEAD)
    s.world.mappings[:] = []
    for name in ("crm", "shop"):
        s.world.contacts(name)
    return s.by_hand(lambda engine: engine.retry(letters))


@scenario
def a_sweep_finds_what_is_gone(s):
    s.two(facts={"watermark": None, "deletes": Deletes.SWEEP}, **BOTH)
    s.people("crm", 1, 2, 3, 4, 5)
    s.sync()
    s.world.systems["crm"].drop("people", "crm1")
    s.world.systems["shop"].drop("people", s.key("shop", "P4"))
    return lambda: s.sync(sweep=True)


@scenario
def a_listing_leaves_something_out(s):
    s.two(facts={"watermark": None, "deletes": Deletes.SWEEP}, **BOTH)
    s.people("crm", 1, 2, 3, 4, 5)
    s.sync()
    s.world.systems["crm"].hidden = {"crm2"}
    return lambda: s.sync(sweep=True)


def _deleted(s):
    s.two(on_delete_in=OnDelete.REVIEW, on_delete_out=OnDelete.DELETE)
    s.people("crm", 1, 2)
    s.sync()
    s.world.systems["shop"].drop("people", s.key("shop", "P1"))
    return s.sync


@scenario
def a_deletion_is_asked_about(s):
    return _deleted(s)


def _answered(s, *, everywhere):
    _deleted(s)()
    (question,) = s.parked("shop", Side.IN, Why.DISPUTED)
    return s.by_hand(lambda engine: engine.settle_deletion(question, everywhere=everywhere))


@scenario
def a_person_says_deleted_everywhere(s):
    return _answered(s, everywhere=True)


@scenario
def a_person_says_keep_it(s):
    return _answered(s, everywhere=False)


@scenario
def a_record_is_deleted_here_and_edited_there(s):
    s.two(**BOTH)
    s.people("crm", 1, 2)
    s.sync()
    s.put("shop", s.key("shop", "P1"), title="New")
    s.world.systems["crm"].drop("people", "crm1")
    return s.sync


@scenario
def both_sides_delete(s):
    s.two(**BOTH)
    s.people("crm", 1, 2)
    s.sync()
    s.world.systems["shop"].drop("people", s.key("shop", "P1"))
    s.world.systems["crm"].drop("people", "crm1")
    return s.sync


@scenario
def a_deleted_record_is_back(s):
    s.two()
    s.people("crm", 1, 2)
    s.sync()
    s.world.systems["crm"].drop("people", "crm1")
    s.sync()
    s.people("crm", 1, title="Back")
    return s.sync


@scenario
def a_record_is_merged_into_a_new_one_there(s):
    s.two()
    s.people("crm", 1, 2, title="A")
    s.sync()
    s.put("shop", "s9", name="P1")
    s.world.systems["shop"].drop("people", s.key("shop", "P2"), into="s9")
    return s.sync


def _merged(s):
    s.two()
    s.people("crm", 1, 2, 3, title="A")
    s.sync()
    s.world.systems["shop"].drop("people", s.key("shop", "P2"), into=s.key("shop", "P1"))
    return s.sync


@scenario
def two_records_are_merged_there(s):
    return _merged(s)


@scenario
def a_person_says_that_what_was_merged_there_is_one(s):
    _merged(s)()
    (question,) = s.parked("shop", Side.IN, Why.DISPUTED)
    keep = s.entity("crm", "crm1")
    return s.by_hand(lambda engine: engine.settle_match(question, keep))


@scenario
def a_person_makes_one_of_two(s):
    s.two()
    s.people("crm", 1, title="A")
    s.people("crm", 2, dept="D")
    s.sync()
    keep, drop = s.entity("crm", "crm1"), s.entity("crm", "crm2")
    return s.by_hand(lambda engine: engine.unite(keep, drop))


@scenario
def a_person_makes_one_firm_of_two(s):
    s.company()
    s.firm("erp", "f1", name="Acme")
    s.firm("erp", "f2", name="Acme Ltd", industry="steel")
    s.people("erp", 1, 2, firm="f2")
    s.sync()
    keep, drop = (s.entity("erp", key, "firms", "account") for key in ("f1", "f2"))
    return s.by_hand(lambda engine: engine.unite(keep, drop))


@scenario
def two_that_became_one_are_edited(s):
    a_person_makes_one_of_two(s)()
    s.put("crm", "crm2", title="Z")
    return s.sync


@scenario
def a_person_undoes_a_link(s):
    s.two()
    s.people("crm", 1, 2)
    s.people("shop", 1, title="Another")
    s.sync()
    at, former = s.kit.BindingId("shop", "people", "contact"), s.entity("shop", "shop1")

    def split(engine):  # a person looks whether it was done, since a record can be split off any number of times
        if s.entity("shop", "shop1") == former:
            engine.split(at, "shop1")

    return s.by_hand(split)


def _disputed(s):
    s.two()
    s.people("crm", 1, 2)
    s.sync()
    s.put("crm", "crm9", name="P1 again", email="p1@x.com")
    s.sync()
    (question,) = s.parked("crm", Side.IN, Why.DISPUTED)
    return question


@scenario
def a_person_says_that_it_is_somebody_new(s):
    question = _disputed(s)
    return s.by_hand(lambda engine: engine.settle_match(question, None))


@scenario
def a_person_says_who_it_is(s):
    question, known = _disputed(s), s.entity("crm", "crm1")
    return s.by_hand(lambda engine: engine.settle_match(question, known))


def _other_mapping(s, before, after, **options):
    s.two(rules=before, **options)
    s.people("crm", 1, 2, 3, title="A")
    s.people("shop", 1, 2, title="B", dept="D")
    s.sync()
    s.world.mappings[:] = []
    for name in ("crm", "shop"):
        s.world.contacts(name, rules=after)
    return s.sync


SHORT = {path: field for path, field in CONTACT.items() if path != "job_title"}


@scenario
def a_mapping_gains_a_field(s):
    return _other_mapping(s, SHORT, CONTACT)


@scenario
def a_mapping_loses_a_field(s):
    return _other_mapping(s, CONTACT, SHORT)


@scenario
def a_mapping_that_only_read_writes_now(s):
    return _other_mapping(s, CONTACT, CONTACT, direction=Direction.IN)


@scenario
def a_mapping_reads_another_field(s):
    return _other_mapping(s, {**SHORT, "job_title": "dept2"}, CONTACT)


@scenario
def a_brake_is_let_go(s):
    s.two()
    s.world.limits[Braked.CREATE] = Limit(1, 0.0)
    s.people("crm", 1, 2, 3)
    assert s.sync().status == "braked"
    return lambda: s.sync(release=["shop:create"])


@scenario
def a_system_writes_names_its_own_way(s):
    s.two(equal=lambda path, written, read: path == "full_name" and (written or "").upper() == read)
    s.world.systems["shop"].stores = lambda row: {k: v.upper() if k == "name" and v else v for k, v in row.items()}
    s.people("crm", 1, 2)
    s.sync()
    s.people("crm", 3)
    s.put("crm", "crm1", name="Q1")
    return s.sync


@scenario
def a_system_fills_something_in(s):
    s.two()
    s.world.systems["shop"].stores = lambda row: {"dept": "Standard", **row}
    s.sync()
    s.people("crm", 1, 2, 3)
    return s.sync


@scenario
def a_system_insists_on_a_value_of_its_own(s):
    s.two("conditional")
    s.world.systems["shop"].stores = lambda row: {**row, "dept": "Own"} if "dept" in row else row
    s.people("crm", 1, 2, dept="D")
    s.sync()
    s.put("crm", "crm1", dept="E")
    return s.sync


@scenario
def values_are_enforced_filled_in_once_and_left_alone(s):
    strengths = {"job_title": Strength.ENFORCE, "department": Strength.IF_EMPTY, "full_name": Strength.CREATE_ONLY}
    s.system("crm")
    s.system("shop", strengths=strengths)
    s.world.authority("crm", "shop")
    s.people("crm", 1, 2, title="A")
    s.sync()
    s.put("shop", s.key("shop", "P1"), title="Theirs")
    s.put("crm", "crm2", dept="D", name="Q2")
    return s.sync


@scenario
def many_are_created_at_once(s):
    s.two("upsert")
    s.sync()
    s.people("crm", *range(1, 10))
    return s.sync


@scenario
def only_one_connection_is_run(s):
    s.two(names=("crm", "shop", "erp"))
    s.people("crm", 1, 2)
    s.sync()
    s.people("crm", 1, 3, title="A")
    return lambda: s.sync(select=["crm", "shop"])


@scenario
def a_system_is_down(s):
    s.two(names=("crm", "shop", "erp"))
    s.people("crm", 1, 2)
    s.sync()
    s.people("crm", 1, 3, title="A")
    s.world.systems["shop"].down = True

    def run():
        s.world.systems["shop"].down = True
        s.sync()
        s.world.systems["shop"].down = False

    return run


# Tests


@pytest.fixture
def kit(make_stream, plain, binding, make_world):
    return SimpleNamespace(stream=make_stream, PlainMapping=plain, BindingId=binding, World=make_world)


def test_there_are_scenarios_enough():
    assert len(SCENARIOS) >= 50


@pytest.mark.parametrize("name", SCENARIOS)
def test_wherever_the_process_dies_the_end_is_the_same(name, kit, tmp_path):
    moments, deaths = tortured(File(tmp_path), kit, SCENARIOS[name])
    assert moments >= deaths >= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", SCENARIOS)
def test_wherever_it_dies_with_the_state_in_postgresql(name, kit, postgres_schema):
    """`SYNCLINE_SEED` chooses the moments, `SYNCLINE_MOMENTS` how many."""
    seed = int(os.environ.get("SYNCLINE_SEED") or random.SystemRandom().randrange(10**6))
    many = int(os.environ.get("SYNCLINE_MOMENTS", "5"))
    sys.stdout.write(f"SYNCLINE_SEED={seed}\n")  # shown where it fails

    def some(fate):
        places = distinct(fate)
        return random.Random(f"{seed} {name}").sample(places, min(many, len(places)))

    rows = Rows(postgres_schema)
    try:
        moments, deaths = tortured(rows, kit, SCENARIOS[name], some)
    finally:
        rows.database.close()
    assert moments >= deaths >= min(many, 3)
