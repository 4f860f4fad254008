"""Lost answers, crashes, races: nothing is lost and nothing is doubled."""

from __future__ import annotations

import contextlib

import pytest

from connectors.contract import Field, Replay, Writes
from sync.decision import Side, Why


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


def replay_of(kind):
    return {
        "upsert": Writes(batch=2, replay=Replay.UPSERT, marker="hub"),
        "lookup": Writes(batch=2, replay=Replay.LOOKUP, marker="hub"),
        "natural": Writes(batch=2, replay=Replay.NATURAL),
        "conditional": Writes(batch=2, replay=Replay.UPSERT, marker="hub", conditional=True, returns_record=True),
    }[kind]


FIELDS = (Field(name="email", unique=True), Field(name="name"))


def build(world, make_stream, kind):
    for name in ("crm", "shop"):
        world.system(name, make_stream("people", writes=replay_of(kind), fields=FIELDS))
        world.contacts(name)
    world.authority("crm", "shop")
    return world


def people(world, name):
    return sorted(
        tuple(sorted((k, v) for k, v in row.items() if k != "hub" and v is not None)) for row in world.people(name)
    )


@pytest.mark.parametrize("kind", ["upsert", "lookup", "natural", "conditional"])
def test_a_lost_answer_to_a_create_doubles_nothing(world, make_stream, kind):
    build(world, make_stream, kind)
    world.sync()
    for n in range(3):
        world.systems["crm"].put("people", f"c{n}", name=f"P{n}", email=f"p{n}@example.com")
    world.systems["shop"].lose_answers = 1
    report = world.sync()
    assert report.status == "failed"
    world.sync()
    assert len(world.people("shop")) == 3
    assert people(world, "shop") == people(world, "crm")
    world.assert_calm()


@pytest.mark.parametrize("kind", ["upsert", "lookup"])
def test_what_was_recorded_together_with_a_batch_that_got_no_answer_was_not_sent(world, make_stream, kind):
    build(world, make_stream, kind)
    world.sync()
    for n in range(5):
        world.systems["crm"].put("people", f"c{n}", name=f"P{n}", email=f"p{n}@example.com")
    world.systems["shop"].lose_answers = 1
    world.sync()
    assert len(world.people("shop")) == 2, "one batch"
    assert dict(world.engine().plan().unanswered) == {"shop": 2}
    world.sync()
    assert people(world, "shop") == people(world, "crm")
    assert len(world.people("shop")) == 5
    world.assert_calm()


def test_a_plan_tells_of_writes_that_no_answer_came_to(world, make_stream):
    build(world, make_stream, "lookup")
    world.sync()
    world.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    world.systems["shop"].lose_answers = 1
    world.sync()
    assert dict(world.engine().plan().unanswered) == {"shop": 1}
    assert not world.engine().plan(["crm"]).unanswered, "of the selected connections only"
    world.sync()
    assert not world.engine().plan().unanswered


@pytest.mark.parametrize("kind", ["upsert", "natural", "conditional"])
def test_a_lost_answer_to_an_update_is_not_taken_for_an_edit(world, make_stream, kind):
    build(world, make_stream, kind)
    world.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    world.sync()
    world.systems["crm"].put("people", "c1", title="Chair")
    world.systems["shop"].lose_answers = 1
    world.sync()
    world.systems["crm"].put("people", "c1", title="Boss")
    world.sync()
    assert world.people("crm")[0]["title"] == world.people("shop")[0]["title"] == "Boss"
    world.assert_calm()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", ["upsert", "lookup", "conditional"])
def test_a_crash_at_any_durable_step_ends_in_the_same_agreed_state(world, make_stream, kind, after):
    build(world, make_stream, kind)
    store = world.store
    for step in range(1, 40):
        crm, shop = world.systems["crm"], world.systems["shop"]
        crm.put("people", f"c{step}", name=f"P{step}", email=f"p{step}@example.com", title="new")
        shop.put("people", f"s{step}", name=f"Q{step}", email=f"q{step}@example.com")
        if step > 1:
            crm.put("people", f"c{step - 1}", title=f"t{step}")
            shop.put("people", f"s{step - 1}", dept=f"d{step}")
        world.store = Mortal(store, 1 + step % 13, after=after)
        with contextlib.suppress(Crash):
            world.sync()
        world.store = store
        world.clock.advance(600)
        world.sync()
    assert len(world.people("crm")) == len(world.people("shop")) == 2 * 39
    assert people(world, "shop") == people(world, "crm")
    world.assert_calm()


def test_an_edit_between_decision_and_write_is_merged_and_not_overwritten(world, make_stream):
    build(world, make_stream, "upsert")
    crm, shop = world.systems["crm"], world.systems["shop"]
    crm.put("people", "c1", name="Ana", email="ana@example.com", title="Owner", dept="A")
    world.sync()
    crm.put("people", "c1", title="Chair")
    connector = world.connectors["shop"]
    fetch = connector.fetch

    def busy(stream, keys):
        connector.fetch = fetch
        shop.put("people", keys[0], dept="B")
        return fetch(stream, keys)

    connector.fetch = busy  # somebody edits the record in the shop just before it is re-read
    world.sync()
    world.sync()
    for side in ("crm", "shop"):
        assert (world.people(side)[0]["title"], world.people(side)[0]["dept"]) == ("Chair", "B")
    world.assert_calm()


def test_a_stale_version_is_refused_by_the_system_and_merged_again(world, make_stream):
    build(world, make_stream, "conditional")
    crm, shop = world.systems["crm"], world.systems["shop"]
    crm.put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    world.sync()
    crm.put("people", "c1", title="Chair")
    connector = world.connectors["shop"]
    upsert = connector.upsert

    def busy(stream, batch):
        connector.upsert = upsert
        shop.put("people", batch[0].key, dept="B")
        return upsert(stream, batch)

    connector.upsert = busy
    world.sync()
    world.sync()
    for side in ("crm", "shop"):
        assert (world.people(side)[0]["title"], world.people(side)[0]["dept"]) == ("Chair", "B")
    world.assert_calm()


def test_a_create_in_doubt_that_nothing_can_tell_about_goes_to_a_person(world, make_stream):
    for name in ("crm", "shop"):
        world.system(name, make_stream("people", writes=Writes(batch=2, replay=Replay.NATURAL)))
        world.contacts(name)
    world.sync()
    world.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    world.systems["shop"].lose_answers = 1
    world.connectors["shop"].read = lambda stream, since: iter(())  # and its feed does not show it yet
    world.sync()
    world.sync()
    assert len(world.people("shop")) == 1
    (parked,) = [
        p for page in world.store.all_parked(world.mappings_id("shop"), Side.OUT, Why.DISPUTED, 10) for p in page
    ]
    assert parked.code == "in-doubt"


def test_two_processes_never_run_the_same_entity(world, make_stream):
    build(world, make_stream, "upsert")
    lease = world.store.acquire(["entity:contact"], "other", 300, world.clock.now())
    report = world.sync()
    assert report.status == "busy"
    world.store.release(lease)
    assert world.sync().status == "ok"
