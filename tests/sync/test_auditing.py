"""A full compare finds what no ordinary run would find, changes nothing, and what it offers mends it."""

from __future__ import annotations

from collections import Counter

import pytest

from connectors.contract import Deletes
from sync.auditing import reconcile
from sync.backfilling import looking_anew
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
    report = looking_anew(world.engine()).run()
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
    assert dict(looking_anew(agreed.engine()).plan().totals) == {(agreed.mappings_id("crm"), ActionKind.UPDATE): 1}
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


def test_records_that_no_read_showed_are_unknown_and_told_what_they_would_become(agreed):
    shop = agreed.systems["shop"]
    shop.tick = -1  # records that become visible late, with old stamps
    shop.put("people", "s1", name="Late", email="late@example.com")
    shop.put("people", "s2", name="P3 again", email="p3@example.com")
    shop.tick = 99
    agreed.sync()
    drift = drift_of(agreed, "shop")
    assert drift.unknown == Counter({"created": 1, "disputed": 1})
    assert {one.key for one in drift.examples} == {"s1", "s2"}
    mended(agreed)
    assert "Late" in {row["name"] for row in agreed.people("crm")}
    assert drift_of(agreed, "shop").aside == Counter({"disputed": 1}), "a question that is asked already is no drift"


def test_a_record_that_vanished_without_a_trace_is_gone_and_the_sweep_finds_it(agreed):
    shop = agreed.systems["shop"]
    del shop.table("people").rows["n2"]
    assert agreed.sync().status == "ok"
    drift = drift_of(agreed, "shop")
    assert (drift.gone, drift.unlisted, drift.listed) == (1, 0, 4)
    assert [(one.what, one.key) for one in drift.examples] == [("gone", "n2")]
    agreed.limits = dict.fromkeys(agreed.limits, agreed.limits["delete"])
    report = mended(agreed)
    assert report.conflicts == 1, "whether it is deleted everywhere is a person's question"
    assert not reconcile(agreed.engine()).drifted


@pytest.fixture
def swept(world, make_stream):
    """A CRM, and a shop that is listed as a whole, one page after the other, and promises nothing of the whole."""
    world.system("crm")
    world.system("shop", make_stream("people", watermark=None, deletes=Deletes.SWEEP))
    for name in ("crm", "shop"):
        world.contacts(name)
    read = world.connectors["shop"].read
    world.connectors["shop"].read = lambda stream, since: (page._replace(full=False) for page in read(stream, since))
    for n in range(3):
        world.systems["crm"].put("people", f"c{n}", name=f"P{n}", email=f"p{n}@example.com")
    world.sync()
    world.sync()
    return world


def test_a_record_that_the_listing_lacks_and_that_is_there_is_not_gone(swept):
    swept.systems["shop"].hidden.add("n2")
    drift = drift_of(swept, "shop")
    assert (drift.gone, drift.unlisted, drift.listed) == (0, 1, 2)
    assert [(one.what, one.key) for one in drift.examples] == [("unlisted", "n2")]
    assert not drift.drifted


def test_a_record_that_no_listing_shows_any_more_is_found_by_the_sweep_of_the_repair(swept):
    del swept.systems["shop"].table("people").rows["n2"]
    swept.sync(full=True)
    assert drift_of(swept, "shop").gone == 1
    assert mended(swept).conflicts == 1
    assert not reconcile(swept.engine()).drifted


def test_what_was_to_be_pushed_and_is_marked_nowhere_is_found_and_pushed(agreed):
    agreed.systems["crm"].put("people", "c0", title="Chair")
    agreed.systems["shop"].down = True
    agreed.sync()
    agreed.systems["shop"].down = False
    assert not reconcile(agreed.engine()).drifted, "it is due, and the next run pushes it"
    with agreed.store.database.write() as tx:
        tx.run("DELETE FROM dirty")
    assert agreed.sync().writes == 0
    drift = drift_of(agreed, "shop")
    assert drift.untold == Counter({ActionKind.UPDATE: 1})
    assert drift.fields == {"job_title": Counter({Mend.TELL: 1})}
    mended(agreed)
    assert agreed.systems["shop"].table("people").rows["n1"]["title"] == "Chair"
    assert not reconcile(agreed.engine()).drifted


def test_an_entity_that_lacks_a_record_and_is_marked_nowhere_is_found_and_created(agreed):
    agreed.systems["shop"].down = True
    agreed.systems["crm"].put("people", "c9", name="New", email="new@example.com")
    agreed.sync()
    agreed.systems["shop"].down = False
    with agreed.store.database.write() as tx:
        tx.run("DELETE FROM dirty")
    assert drift_of(agreed, "shop").untold == Counter({ActionKind.CREATE: 1})
    mended(agreed)
    assert len(agreed.people("shop")) == 6


def test_what_the_hub_holds_wrongly_itself_is_drift_although_the_record_is_as_it_was(agreed):
    with agreed.store.database.write() as tx:
        tx.run("UPDATE canonical SET vals = replace(vals, '\"P4\"', '\"X4\"')")
    assert agreed.sync(full=True).writes == 0, "every fingerprint is known"
    report = reconcile(agreed.engine())
    assert [one.differing for one in report.bindings] == [1, 1]
    mended(agreed)
    assert not reconcile(agreed.engine()).drifted
    assert [row["name"] for row in agreed.people("crm")] == [row["name"] for row in agreed.people("shop")]


def test_a_difference_over_which_a_person_decides_is_said_to_be_one(agreed):
    agreed.authority(rule="manual", path="job_title")
    agreed.systems["crm"].put("people", "c0", title="Chair")
    agreed.systems["shop"].down = True
    agreed.sync()
    agreed.systems["shop"].down = False
    secretly(agreed.systems["shop"], "n1", title="Boss")
    assert drift_of(agreed, "shop").fields == {"job_title": Counter({Mend.ASK: 1})}


def test_a_system_that_stores_what_it_is_told_in_its_own_way_does_not_drift(two):
    two.systems["shop"].stores = lambda row: {**row, "title": (row.get("title") or "").upper()}
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    two.sync()
    two.sync()
    assert not reconcile(two.engine()).drifted


def test_an_edit_made_while_the_listing_is_read_is_no_drift(agreed):
    shop, connector = agreed.systems["shop"], agreed.connectors["shop"]
    read, edits = connector.read, iter([{"title": "Chair"}])

    def reading(stream, since):
        for page in read(stream, since):
            if since is None:  # somebody edits a record after the ordinary read and before its page is shown
                for edit in edits:
                    shop.put(stream, "n1", **edit)
                    page = page._replace(records=[connector._record(stream, r.key) for r in page.records])
            yield page

    connector.read = reading
    assert not drift_of(agreed, "shop").drifted
    assert next(edits, None) is None


def test_a_system_that_cannot_be_read_is_said_and_the_others_are_compared(agreed):
    agreed.systems["crm"].down = True
    secretly(agreed.systems["shop"], "n1", title="Chair")
    report = reconcile(agreed.engine())
    assert [trouble.connection for trouble in report.troubles] == ["crm"]
    assert [one.differing for one in report.bindings] == [0, 1]


def test_only_the_selected_bindings_are_compared(agreed):
    assert [one.binding.connection for one in reconcile(agreed.engine(), ["crm"]).bindings] == ["crm"]
    with pytest.raises(KeyError):
        reconcile(agreed.engine(), ["nobody"])


def test_records_left_out_and_records_set_aside_are_counted_and_are_no_drift(two):
    mapping = two.mappings[1]
    mapping.valid = lambda path, value: value != "bad"
    mapping.create_in = False
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    two.systems["shop"].put("people", "s1", name="Bo", email="bo@example.com")
    two.sync()
    two.systems["shop"].put("people", "n2", dept="bad")
    two.sync()
    drift = drift_of(two, "shop")
    assert (drift.left_out.total(), drift.aside, drift.agreeing) == (1, Counter({"dead": 1}), 0)
    assert not drift.drifted
