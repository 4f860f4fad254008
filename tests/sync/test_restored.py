"""An older copy of the state is not taken for the present one: nothing is written before a person says to go on."""

from __future__ import annotations

import shutil

import pytest

from model.clock import ManualClock
from model.errors import StateRestoredError
from state.store import open_store
from sync.run import RESTORED


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.db"


@pytest.fixture
def kept(make_world, path):
    """A world whose state is a file, with a copy made before the last write."""
    clock = ManualClock()
    world = make_world(open_store(f"sqlite:///{path}", clock), clock)
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name)
    world.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    world.sync()
    world.store.close()
    shutil.copy(path, path.with_name("copy.db"))
    world.store = open_store(f"sqlite:///{path}", clock)
    yield world
    world.store.close()


def put_back(world, path):
    world.store.close()
    for side in ("-wal", "-shm"):
        path.with_name(path.name + side).unlink(missing_ok=True)
    shutil.copy(path.with_name("copy.db"), path)
    world.store = open_store(f"sqlite:///{path}", world.clock)


def test_an_older_copy_writes_nothing_and_says_what_to_do(kept, path):
    kept.systems["crm"].put("people", "c2", name="Ben", email="ben@example.com")
    kept.sync()
    put_back(kept, path)
    before = kept.writes()
    for _ in range(3):
        with pytest.raises(StateRestoredError, match="--release restored"):
            kept.sync()
    assert kept.writes() == before


def test_a_plan_may_be_made_with_an_older_copy(kept, path):
    kept.systems["crm"].put("people", "c2", name="Ben", email="ben@example.com")
    kept.sync()
    put_back(kept, path)
    assert kept.engine().plan().totals is not None


def test_released_it_reads_everything_makes_nothing_twice_and_is_trusted_again(kept, path):
    kept.systems["crm"].put("people", "c2", name="Ben", email="ben@example.com")
    kept.systems["shop"].put("people", kept.systems["shop"].created[0][2], title="Owner")
    kept.sync()
    put_back(kept, path)
    kept.sync(release=[RESTORED])
    kept.sync()
    assert [row["name"] for row in kept.people("shop")] == ["Ana", "Ben"]
    assert kept.people("crm") == kept.people("shop")
    kept.assert_calm()


def test_where_a_system_cannot_be_read_a_released_copy_writes_nothing_yet(kept, path):
    kept.systems["crm"].put("people", "c2", email="ben@example.com", name="Ben")
    kept.sync()
    put_back(kept, path)
    before, shop = kept.writes(), kept.systems["shop"]
    shop.down = True
    kept.sync(release=[RESTORED])
    assert kept.writes() == before
    shop.down = False
    with pytest.raises(StateRestoredError):
        kept.sync()


def test_a_part_of_the_systems_is_not_enough_to_trust_a_copy(kept, path):
    kept.systems["crm"].put("people", "c2", name="Ben", email="ben@example.com")
    kept.sync()
    put_back(kept, path)
    with pytest.raises(StateRestoredError):
        kept.engine().run(["crm"], release=[RESTORED])


def test_a_copy_made_after_the_last_write_is_the_state_itself(kept, path):
    put_back(kept, path)
    assert kept.sync().status == "ok"


def test_a_state_that_was_thrown_away_is_begun_anew(kept, path):
    kept.store.close()
    path.unlink()
    for side in ("-wal", "-shm"):
        path.with_name(path.name + side).unlink(missing_ok=True)
    kept.store = open_store(f"sqlite:///{path}", kept.clock)
    kept.sync()
    assert len(kept.people("shop")) == len(kept.people("crm")) == 1
    kept.systems["crm"].put("people", "c3", name="Cem", email="cem@example.com")
    kept.sync()
    assert kept.sync().status == "ok"
