"""Plans in the store: they wait, are replaced, and leave nobody's data behind."""

from __future__ import annotations

import pytest

from model.errors import LeaseLostError
from state import migrate
from state.database import connect
from state.store import open_store
from sync.decision import BindingId
from sync.ports import PlanState

SHOP, CRM = BindingId("shop", "customers", "contact"), BindingId("crm", "people", "contact")


@pytest.fixture
def lease(store, clock):
    return store.acquire(["entity:contact"], "me", 60, clock.now())


@pytest.fixture
def keep(store, clock, lease):
    def keep(*bindings, lines=("{}",)):
        number = store.begin_plan("brake", 1, {"selection": []}, lease, clock.now())
        store.keep_lines(number, 0, list(lines), lease, clock.now())
        store.keep_plan(number, bindings, {"count": len(lines)}, "f", lease, clock.now())
        return number

    return keep


def waiting(store):
    return [plan.id for plan in store.kept_plans()]


def test_the_seal_is_made_once_and_every_hub_has_its_own(state_url, clock, store, tmp_path):
    assert len(store.seal()) == 32
    assert store.seal() == store.seal()
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}", clock)
    assert other.seal() != store.seal()
    other.close()


def test_a_plan_is_read_in_parts_and_by_place(store, keep):
    number = keep(SHOP, lines=[str(at) for at in range(1200)])
    assert store.kept_lines(number, 1000, 500) == [str(at) for at in range(1000, 1200)]
    assert list(store.kept_at(number, [3, 700, 1199])) == ["3", "700", "1199"]
    assert store.kept_plan(number).bindings == (SHOP,)


def test_a_newer_plan_of_one_of_its_bindings_replaces_the_one_that_waits(store, keep):
    shop, crm = keep(SHOP), keep(CRM)
    assert set(waiting(store)) == {shop, crm}
    both = keep(SHOP, CRM)
    assert waiting(store) == [both]
    assert [plan.state for plan in store.kept_plans(None)] == [PlanState.WAITING, *[PlanState.REPLACED] * 2]


def test_only_plans_that_are_wholly_answered_are_overtaken(store, keep, clock):
    both = keep(SHOP, CRM)
    store.overtake_plans({SHOP}, [], clock.now())
    assert waiting(store) == [both]
    store.overtake_plans({SHOP, CRM}, [both], clock.now())
    assert waiting(store) == [both]
    store.overtake_plans({SHOP, CRM}, [], clock.now())
    assert waiting(store) == []


def test_a_settled_plan_keeps_its_numbers_and_no_actions(store, keep, clock):
    number = keep(SHOP, lines=["secret"])
    assert store.settle_plan(number, PlanState.DISCARDED, clock.now())
    assert not store.settle_plan(number, PlanState.RELEASED, clock.now()), "it is settled once"
    assert store.kept_lines(number, 0, 10) == []
    assert store.kept_plan(number).summary == {"count": 1}


def test_a_plan_that_is_still_being_made_waits_for_nobody(store, clock, lease):
    number = store.begin_plan("approval", 1, {}, lease, clock.now())
    store.keep_lines(number, 0, ["{}"], lease, clock.now())
    assert store.kept_plan(number) is None
    assert store.kept_plans(None) == []
    clock.advance(2 * 86400)
    again = store.acquire(["entity:contact"], "another", 60, clock.now())
    store.begin_plan("approval", 2, {}, again, clock.now())
    assert store.kept_lines(number, 0, 10) == [], "its run was killed long ago"


def test_whoever_lost_the_lease_keeps_nothing(store, keep, clock, lease):
    clock.advance(100)
    store.acquire(["entity:contact"], "another", 60, clock.now())
    with pytest.raises(LeaseLostError):
        keep(SHOP)
    assert waiting(store) == []


def test_a_state_of_the_former_version_is_brought_up_to_date_with_what_is_in_it(state_url, clock):
    store = open_store(state_url, clock)
    run = store.start_run([SHOP], "person", clock.now())
    store.close()
    database = connect(state_url)
    with database.write() as tx:
        migrate.downgrade(tx.connection, "0001")
        assert migrate.revision(tx) == "0001"
    database.close()
    store = open_store(state_url, clock)
    assert store.start_run([SHOP], "person", clock.now()) == run + 1
    assert store.kept_plans(None) == []
    store.close()
