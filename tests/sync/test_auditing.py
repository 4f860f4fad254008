"""A full compare finds what no ordinary run would find, changes nothing, and what it offers mends it."""

from __future__ import annotations

from collections import Counter

import pytest

from sync.auditing import reconcile
from sync.comparing import Mend
from sync.decision import ActionKind


@pytest.fixture
def agreed(two):
    """Five people known to both systems."""
    for n in range(5):
        two.systems["crm"].put("people", f"c{n}", name=f"P{n}", email=f"p{n}@example.com", title="Owner")
    two.sync()
    two.assert_calm()
    return two


def drift_of(world, name, **options):
    (found,) = [one for one in reconcile(world.engine(), **options).bindings if one.binding.connection == name]
    assert found.adds_up
    return found


def secretly(system, key, **values):
    """An edit that moves no version: no read from the watermark shows it."""
    system.table("people").rows[key].update(values)


def mended(world):
    world.clock.advance(60)
    report = world.engine().run(anew=True)
    assert all(balance.adds_up for balance in report.balances.values())
    return report


def test_where_all_agree_nothing_drifts_and_nothing_is_changed(agreed):
    before = agreed.writes()
    report = reconcile(agreed.engine())
    assert not report.drifted
    assert [(one.listed, one.agreeing) for one in report.bindings] == [(5, 5), (5, 5)]
    assert agreed.writes() == before
    assert agreed.store.due("contact") == 0


def test_an_edit_that_no_read_shows_is_drift_and_is_mended_by_looking_anew(agreed):
    secretly(agreed.systems["shop"], "n1", title="Chair")
    assert agreed.sync().writes == 0, "an ordinary run does not see it"
    drift = drift_of(agreed, "shop")
    assert (drift.differing, drift.agreeing) == (1, 4)
    assert drift.fields == {"job_title": Counter({Mend.TAKE: 1})}
    (example,) = drift.examples
    (difference,) = example.differences
    assert (example.key, difference.agreed, difference.found) == ("n1", "Owner", "Chair")
    assert dict(agreed.engine().plan(anew=True).totals) == {(agreed.mappings_id("crm"), ActionKind.UPDATE): 1}
    mended(agreed)
    assert agreed.systems["crm"].table("people").rows["c0"]["title"] == "Chair"
    assert not reconcile(agreed.engine()).drifted
    agreed.assert_calm()


def test_what_an_ordinary_run_reads_by_itself_is_news_and_no_drift(agreed):
    agreed.systems["shop"].put("people", "n1", title="Chair")
    agreed.systems["crm"].put("people", "c9", name="New", email="new@example.com")
    report = reconcile(agreed.engine())
    assert not report.drifted
    assert {one.binding.connection: one.news for one in report.bindings} == {"crm": 1, "shop": 1}
