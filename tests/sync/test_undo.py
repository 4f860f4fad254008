"""A run is taken back where it acted, mindful of later edits, and the next run leaves it so."""

from __future__ import annotations

import pytest

from mappings.contract import OnDelete
from model.errors import StateError
from sync.decision import LinkState
from sync.policy import Braked, Limit


def rows(world, name):
    return {
        key: {k: v for k, v in row.items() if k != "hub"}
        for key, row in world.systems[name].table("people").rows.items()
    }


def only_entity(world, name="crm", key="1"):
    links = world.store.links(world.mappings_id(name), [key])
    return links[key].entity_id


def hub_values(world, entity_id):
    return world.store.canonicals([entity_id])[entity_id].values


def assert_stays(world):
    """The next run, and one that looks at everything anew, write nothing and ask nothing."""
    before = {name: rows(world, name) for name in world.systems}
    report = world.sync()
    assert (report.writes, report.conflicts, report.dead) == (0, 0, 0), report
    world.assert_calm()
    assert {name: rows(world, name) for name in world.systems} == before


def undo(world, run, **options):
    world.clock.advance(60)
    foretold = world.engine().plan_undo(run, **options)
    report = world.engine().undo(run, **options)
    for (binding, side), balance in report.done.balances.items():
        assert balance.adds_up, (binding, side, balance)
    assert foretold.counts == report.counts
    assert foretold.plan.totals == report.plan.totals
    return report


@pytest.fixture
def ana(two):
    """One person in both systems, in agreement."""
    two.systems["crm"].put("people", "1", name="Ana", email="ana@example.com", title="Clerk")
    two.sync()
    two.sync()
    return two


def test_an_edit_is_taken_back_in_the_hub_and_where_the_run_wrote_it(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    run = ana.sync().run
    (shop_key,) = rows(ana, "shop")
    assert rows(ana, "shop")[shop_key]["title"] == "Boss"
    report = undo(ana, run)
    assert rows(ana, "shop")[shop_key]["title"] == "Clerk"
    assert hub_values(ana, only_entity(ana))["job_title"] == "Clerk"
    assert rows(ana, "crm")["1"]["title"] == "Boss", "a person wrote that there, not the run"
    assert report.fields[0].keeps == ((ana.mappings_id("crm"), "1"),)
    assert_stays(ana)


def test_everywhere_takes_it_back_where_it_was_edited_too(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    run = ana.sync().run
    undo(ana, run, everywhere=True)
    assert rows(ana, "crm")["1"]["title"] == "Clerk"
    assert_stays(ana)


def test_a_record_that_the_run_made_is_deleted_and_not_made_again(two):
    two.systems["crm"].put("people", "1", name="Ana", email="ana@example.com")
    run = two.sync().run
    assert len(rows(two, "shop")) == 1
    report = undo(two, run)
    assert rows(two, "shop") == {}
    assert rows(two, "crm")["1"]["name"] == "Ana"
    assert len(report.deleted) == 1
    assert_stays(two)
