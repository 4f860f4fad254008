"""Two systems, both ways: the everyday promises."""

from __future__ import annotations

import pytest

from connectors.contract import Replay, Writes
from model.errors import StateError
from sync.decision import Bucket, Side


def test_a_record_appears_in_the_other_system(two):
    two.systems["crm"].put("people", "c1", name="Ana Trujillo", email="ana@example.com")
    report = two.sync()
    assert two.people("shop") == [{"name": "Ana Trujillo", "email": "ana@example.com"}]
    assert report.status == "ok"
    two.assert_calm()


def test_people_known_to_both_are_linked_and_not_created_again(two):
    two.systems["crm"].put("people", "c1", name="Ana Trujillo", email="ana@example.com")
    two.systems["shop"].put("people", "s1", name="Ana Trujillo", email="ANA@example.com", title="Owner")
    two.sync()
    assert len(two.people("crm")) == len(two.people("shop")) == 1
    assert two.people("crm")[0]["title"] == "Owner"
    two.assert_calm()


def test_an_edit_travels_and_touches_only_its_field(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    two.sync()
    two.systems["shop"].put("people", "n1", title="Chair")
    before = two.writes()
    two.sync()
    assert two.people("crm")[0]["title"] == "Chair"
    assert two.writes() == before + 1
    two.assert_calm()


def test_edits_of_different_fields_on_both_sides_both_survive(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner", dept="A")
    two.sync()
    two.systems["crm"].put("people", "c1", dept="B")
    two.systems["shop"].put("people", "n1", title="Chair")
    two.sync()
    for side in ("crm", "shop"):
        assert two.people(side)[0]["title"] == "Chair"
        assert two.people(side)[0]["dept"] == "B"
    two.assert_calm()


def test_edits_of_one_field_on_both_sides_are_settled_by_authority_and_the_loser_is_kept(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    two.sync()
    two.systems["crm"].put("people", "c1", title="Chair")
    two.systems["shop"].put("people", "n1", title="Boss")
    two.sync()
    assert two.people("crm")[0]["title"] == two.people("shop")[0]["title"] == "Chair"
    two.assert_calm()


def test_without_a_rule_a_conflict_waits_for_a_person_and_both_values_stay(two):
    two.authority(rule="manual", path="job_title")
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    two.sync()
    two.systems["crm"].put("people", "c1", title="Chair")
    two.systems["shop"].put("people", "n1", title="Boss")
    report = two.sync()
    assert report.conflicts
    assert report.status == "attention"
    assert two.people("crm")[0]["title"] == "Chair"
    assert two.people("shop")[0]["title"] == "Boss"
    two.assert_calm()


def test_a_resolved_conflict_is_pushed_to_the_losing_side_only(two):
    two.authority(rule="manual", path="job_title")
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    two.sync()
    two.systems["crm"].put("people", "c1", title="Chair")
    two.systems["shop"].put("people", "n1", title="Boss")
    two.sync()
    (entity,) = two.store.links_of([two.store.links(two.mappings_id("crm"), ["c1"])["c1"].entity_id])
    conflict = two.store.open_conflicts([entity])[entity]["job_title"]
    two.engine().resolve(conflict.id, "theirs")
    before = two.writes()
    two.sync()
    assert two.people("crm")[0]["title"] == two.people("shop")[0]["title"] == "Boss"
    assert two.writes() == before + 1
    two.assert_calm()


def test_a_cleared_value_is_cleared_on_the_other_side(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    two.sync()
    two.systems["crm"].put("people", "c1", title=None)
    two.sync()
    assert two.people("shop")[0]["title"] is None
    two.assert_calm()


def test_k_changed_records_cost_k_over_batch_write_calls(two):
    for n in range(7):
        two.systems["crm"].put("people", f"c{n}", name=f"P{n}", email=f"p{n}@example.com")
    two.sync()
    assert two.systems["shop"].write_calls == 4  # ⌈7 / 2⌉
    for n in range(5):
        two.systems["crm"].put("people", f"c{n}", title="new")
    two.sync()
    assert two.systems["shop"].write_calls == 4 + 3  # ⌈5 / 2⌉


def test_the_balance_accounts_for_every_record_seen(two):
    for n in range(5):
        two.systems["crm"].put("people", f"c{n}", name=f"P{n}", email=f"p{n}@example.com")
    report = two.sync()
    (incoming,) = [
        b for (binding, side), b in report.balances.items() if binding.connection == "crm" and side is Side.IN
    ]
    assert incoming.seen == 5
    assert incoming.buckets == {Bucket.WRITTEN: 5}
    assert report.writes == 5


def test_nothing_is_created_before_every_system_was_read_once(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    two.systems["shop"].down = True
    report = two.sync()
    assert report.status == "failed"
    assert two.writes() == 0
    two.systems["shop"].down = False
    two.systems["shop"].put("people", "s1", name="Ana", email="ana@example.com")
    two.sync()
    assert len(two.people("shop")) == 1
    two.assert_calm()


def test_one_system_down_stops_no_other(world):
    for name in ("crm", "shop", "erp"):
        world.system(name)
        world.contacts(name)
    world.authority("erp", "crm", "shop")
    world.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    world.sync()
    world.systems["shop"].down = True
    world.systems["crm"].put("people", "c1", title="Chair")
    report = world.sync()
    assert report.status == "failed"
    assert world.people("erp")[0]["title"] == "Chair"
    world.systems["shop"].down = False
    assert world.sync().status == "ok"
    assert world.people("shop")[0]["title"] == "Chair"
    world.assert_calm()


def test_a_system_that_rewrites_what_it_stores_is_told_once(two):
    two.systems["shop"].stores = lambda row: {k: v.upper() if k == "name" and v else v for k, v in row.items()}
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    two.sync()
    assert two.people("shop")[0]["name"] == "ANA"
    assert two.people("crm")[0]["name"] == "Ana"
    two.assert_calm()
    assert two.people("crm")[0]["name"] == "Ana"


def test_a_bad_record_stops_no_other_and_becomes_a_dead_letter(two):
    two.systems["shop"].refuses = lambda row: "too-long" if row.get("name") == "Bad" else None
    for n, name in enumerate(["Ana", "Bad", "Cleo"]):
        two.systems["crm"].put("people", f"c{n}", name=name, email=f"p{n}@example.com")
    report = two.sync()
    assert [row["name"] for row in two.people("shop")] == ["Ana", "Cleo"]
    assert report.dead == 1
    calls = two.systems["shop"].write_calls
    two.sync()
    assert two.systems["shop"].write_calls == calls, "a dead letter is not tried again by itself"
    two.systems["crm"].put("people", "c1", name="Good")
    two.sync()
    assert len(two.people("shop")) == 3
    two.assert_calm()


def test_a_batch_refused_as_a_whole_is_halved_until_the_culprit_stands_alone(two):
    shop = two.systems["shop"]
    shop.refuses_batches = True
    shop.refuses = lambda row: "bad" if row.get("name") == "Bad" else None
    for n, name in enumerate(["Ana", "Bad", "Cleo", "Dora"]):
        two.systems["crm"].put("people", f"c{n}", name=name, email=f"p{n}@example.com")
    report = two.sync()
    assert [row["name"] for row in two.people("shop")] == ["Ana", "Cleo", "Dora"]
    assert report.dead == 1


def test_many_creates_go_in_one_call_where_a_system_has_a_way_for_that(world, make_stream):
    writes = Writes(batch=2, bulk=10, bulk_from=5, replay=Replay.UPSERT, marker="hub")
    world.system("crm")
    world.system("shop", make_stream("people", writes=writes))
    for name in ("crm", "shop"):
        world.contacts(name)
    for n in range(4):
        world.systems["crm"].put("people", f"c{n}", name=f"P{n}", email=f"p{n}@example.com")
    assert dict(world.engine().plan().calls) == {"shop": 2}
    world.sync()
    assert world.systems["shop"].write_calls == 2
    for n in range(4, 17):
        world.systems["crm"].put("people", f"c{n}", name=f"P{n}", email=f"p{n}@example.com")
    assert dict(world.engine().plan().calls) == {"shop": 3}  # ten, then two and one
    world.sync()
    assert world.systems["shop"].write_calls == 2 + 3
    assert len(world.people("shop")) == 17
    world.assert_calm()


def test_a_person_cannot_settle_a_conflict_with_a_value_the_field_cannot_hold(two):
    two.authority(rule="manual", path="emails[work]")
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    two.sync()
    two.systems["crm"].put("people", "c1", email="one@example.com")
    two.systems["shop"].put("people", "n1", email="two@example.com")
    two.sync()
    (entity,) = two.store.links_of([two.store.links(two.mappings_id("crm"), ["c1"])["c1"].entity_id])
    conflict = two.store.open_conflicts([entity])[entity]["emails[work]"]
    with pytest.raises(StateError, match="e-mail"):
        two.engine().resolve(conflict.id, value="nobody")
    two.engine().resolve(conflict.id, value="three@example.com")
    two.sync()
    assert {row["email"] for side in ("crm", "shop") for row in two.people(side)} == {"three@example.com"}
