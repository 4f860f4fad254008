"""A run is taken back where it acted, mindful of later edits, and the next run leaves it so."""

from __future__ import annotations

import dataclasses

import pytest

from mappings.contract import Match, OnDelete, StrongRule
from model.errors import AnswerLostError, StateError
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


def test_what_a_run_made_and_heard_of_only_later_is_taken_back_with_it(two):
    two.systems["crm"].put("people", "1", name="Ana", email="ana@example.com")
    two.systems["shop"].lose_answers = 1
    made = two.sync().run
    assert len(rows(two, "shop")) == 1
    two.clock.advance(60)
    report = two.engine().undo(made)
    assert (report.done.status, len(report.deleted)) == ("ok", 1)
    assert rows(two, "shop") == {}
    assert_stays(two)


def test_a_run_that_found_out_what_another_one_made_does_not_take_it_back(two):
    two.systems["crm"].put("people", "1", name="Ana", email="ana@example.com")
    two.systems["shop"].lose_answers = 1
    two.sync()
    found = two.sync().run
    report = undo(two, found)
    assert not report.deleted
    assert len(rows(two, "shop")) == 1


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


def test_an_undo_can_be_undone(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    run = ana.sync().run
    first = undo(ana, run)
    undo(ana, first.done.run)
    assert [row["title"] for row in rows(ana, "shop").values()] == ["Boss"]
    assert_stays(ana)
    undo(ana, run)
    assert [row["title"] for row in rows(ana, "shop").values()] == ["Clerk"]
    assert_stays(ana)


def test_what_is_undone_already_is_not_undone_twice(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    run = ana.sync().run
    undo(ana, run)
    before = ana.writes()
    report = undo(ana, run)
    assert (report.counts.total(), ana.writes()) == (0, before)


def test_a_deleted_record_is_created_again_by_the_undo_of_the_undo(two):
    two.systems["crm"].put("people", "1", name="Ana", email="ana@example.com")
    first = undo(two, two.sync().run)
    second = undo(two, first.done.run)
    assert [row["name"] for row in rows(two, "shop").values()] == ["Ana"]
    assert len(second.recreated) == 1
    assert_stays(two)


def test_a_field_edited_since_is_left_alone_and_listed_with_who_and_when(ana):
    crm, shop = ana.systems["crm"], ana.systems["shop"]
    crm.put("people", "1", title="Boss", dept="Sales")
    run = ana.sync().run
    (key,) = rows(ana, "shop")
    shop.put("people", key, title="Chief")
    ana.sync()
    report = undo(ana, run)
    assert [(left.path, left.why, left.by) for left in report.left] == [("job_title", "edited since", "shop")]
    assert report.left[0].when is not None
    assert (rows(ana, "crm")["1"]["title"], rows(ana, "shop")[key]["title"]) == ("Chief", "Chief")
    assert rows(ana, "shop")[key]["dept"] is None
    assert_stays(ana)


def test_an_edit_that_no_run_has_seen_yet_is_left_alone_too(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    run = ana.sync().run
    (key,) = rows(ana, "shop")
    ana.systems["shop"].put("people", key, title="Chief")
    report = undo(ana, run)
    assert [left.path for left in report.left] == ["job_title"]
    assert rows(ana, "shop")[key]["title"] == "Chief"
    ana.sync()
    assert rows(ana, "crm")["1"]["title"] == "Chief"


def test_a_value_that_somebody_chose_again_since_stays(ana):
    crm = ana.systems["crm"]
    crm.put("people", "1", title="Boss")
    run = ana.sync().run
    for title in ("Chief", "Boss"):
        crm.put("people", "1", title=title)
        ana.sync()
    report = undo(ana, run)
    assert [(left.path, left.why, left.by) for left in report.left] == [("job_title", "edited since", "crm")]
    assert [row["title"] for row in rows(ana, "shop").values()] == ["Boss"]


def test_a_new_edit_where_the_change_was_made_counts_again(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    undo(ana, ana.sync().run)
    ana.systems["crm"].put("people", "1", title="Chief")
    ana.sync()
    assert [row["title"] for row in rows(ana, "shop").values()] == ["Chief"]
    assert_stays(ana)


def test_a_record_edited_since_it_was_made_is_unlinked_and_stays_where_it_is(two):
    crm, shop = two.systems["crm"], two.systems["shop"]
    crm.put("people", "1", name="Ana", email="ana@example.com")
    run = two.sync().run
    (key,) = rows(two, "shop")
    shop.put("people", key, title="Chief")
    two.sync()
    report = undo(two, run)
    assert [(left.at[1], left.why, left.by) for left in report.unlinked] == [(key, "edited there since", "shop")]
    assert report.deleted == []
    assert two.store.links(two.mappings_id("shop"), [key])[key].state is LinkState.CUT
    assert rows(two, "shop")[key]["title"] == "Chief"
    assert_stays(two)


def test_a_value_that_could_not_be_read_keeps_a_record_from_being_deleted(world):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, valid=lambda _, value: value != "?")
    world.systems["crm"].put("people", "1", name="Ana", email="ana@example.com")
    run = world.sync().run
    (key,) = rows(world, "shop")
    world.systems["shop"].put("people", key, title="?")
    world.sync()
    report = undo(world, run)
    assert [left.why for left in report.unlinked] == ["it shows a value that could not be read"]
    assert rows(world, "shop")[key]["title"] == "?"


def test_a_change_that_no_mapping_sees_keeps_a_record_from_being_deleted(two):
    two.systems["crm"].put("people", "1", name="Ana", email="ana@example.com")
    run = two.sync().run
    (key,) = rows(two, "shop")
    two.systems["shop"].put("people", key, orders=3)
    report = undo(two, run)
    assert [left.why for left in report.unlinked] == ["changed there since"]
    assert rows(two, "shop")[key]["orders"] == 3
    assert_stays(two)


def test_where_records_cannot_be_deleted_they_are_unlinked(world, make_stream):
    world.system("crm")
    world.system("shop", dataclasses.replace(make_stream("people"), removes=False))
    for name in ("crm", "shop"):
        world.contacts(name)
    world.systems["crm"].put("people", "1", name="Ana", email="ana@example.com")
    report = undo(world, world.sync().run)
    assert [left.why for left in report.unlinked] == ["records cannot be deleted there"]
    assert len(rows(world, "shop")) == 1
    assert_stays(world)
    undo(world, report.done.run)
    ((at, key),) = [left.at for left in report.unlinked]
    assert world.store.links(at, [key])[key].state is LinkState.LIVE
    assert_stays(world)


@pytest.mark.parametrize("lost", [0, 1])
def test_deleting_what_the_run_made_deletes_nobody_anywhere_else(world, lost):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, on_delete_in=OnDelete.DELETE, on_delete_out=OnDelete.DELETE)
    crm, shop = world.systems["crm"], world.systems["shop"]
    crm.put("people", "1", name="Ana", email="ana@example.com")
    run = world.sync().run
    removed = world.connectors["shop"].remove

    def remove(stream, batch):
        outcomes = removed(stream, batch)
        if lost:
            raise AnswerLostError("no answer")
        return outcomes

    world.connectors["shop"].remove = remove
    undo(world, run)
    world.connectors["shop"].remove = removed
    world.sync()
    assert rows(world, "shop") == {}
    assert rows(world, "crm")["1"]["name"] == "Ana"
    assert shop.written[-1][1] == "delete"
    assert_stays(world)


def test_a_record_that_the_run_deleted_and_somebody_brought_back_is_linked_again(world):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, on_delete_in=OnDelete.DELETE, on_delete_out=OnDelete.DELETE)
    world.systems["crm"].put("people", "1", name="Ana", email="ana@example.com", title="Clerk")
    world.sync()
    entity, (key,) = only_entity(world), rows(world, "shop")
    world.systems["crm"].drop("people", "1")
    run = world.sync().run
    world.systems["shop"].put("people", key, name="Ana", email="ana@example.com", title="Boss")
    report = undo(world, run)
    assert report.relinked == [(world.mappings_id("shop"), key)]
    assert [row["title"] for row in rows(world, "shop").values()] == ["Boss"], "another one would double it"
    assert world.store.entities_at(world.mappings_id("shop"), [key]) == {key: entity}


def test_a_record_that_the_run_deleted_is_created_again_under_a_new_key(world):
    for name in ("crm", "shop", "erp"):
        world.system(name)
        world.contacts(name, on_delete_in=OnDelete.DELETE, on_delete_out=OnDelete.DELETE)
    crm, erp = world.systems["crm"], world.systems["erp"]
    crm.put("people", "1", name="Ana", email="ana@example.com", title="Clerk")
    world.sync()
    entity = only_entity(world)
    (old,) = rows(world, "shop")
    crm.drop("people", "1")
    run = world.sync().run
    assert rows(world, "shop") == rows(world, "erp") == {}
    report = undo(world, run)
    assert report.revived == [("contact", entity)]
    assert (world.mappings_id("shop"), old) in report.recreated
    for name in ("shop", "erp"):
        assert [row["title"] for row in rows(world, name).values()] == ["Clerk"]
    (new,) = rows(world, "shop")
    assert new != old
    assert world.store.entities_at(world.mappings_id("shop"), [new]) == {new: entity}
    assert rows(world, "crm") == {}, "a person deleted that one"
    assert erp.written[-1][1] == "create"
    assert_stays(world)


def test_everywhere_creates_again_what_a_person_deleted(world):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, on_delete_in=OnDelete.DELETE, on_delete_out=OnDelete.DELETE)
    world.systems["crm"].put("people", "1", name="Ana", email="ana@example.com")
    world.sync()
    world.systems["crm"].drop("people", "1")
    undo(world, world.sync().run, everywhere=True)
    assert [row["name"] for row in rows(world, "crm").values()] == ["Ana"]
    assert_stays(world)


def test_a_record_that_was_kept_though_its_entity_ended_is_linked_again(world):
    world.system("crm")
    world.contacts("crm", on_delete_in=OnDelete.DELETE)
    world.system("shop")
    world.contacts("shop")
    world.systems["crm"].put("people", "1", name="Ana", email="ana@example.com")
    world.sync()
    (key,) = rows(world, "shop")
    world.systems["crm"].drop("people", "1")
    run = world.sync().run
    assert world.store.links(world.mappings_id("shop"), [key])[key].state is LinkState.GONE
    report = undo(world, run)
    assert report.relinked == [(world.mappings_id("shop"), key)]
    assert world.store.links(world.mappings_id("shop"), [key])[key].state is LinkState.LIVE
    assert_stays(world)


def test_every_record_that_was_kept_is_linked_again_where_an_entity_had_several(world):
    world.system("crm")
    world.contacts("crm", on_delete_in=OnDelete.DELETE)
    world.system("shop")
    world.contacts("shop")
    for number in (1, 2):
        world.systems["crm"].put("people", str(number), name="Ana", email=f"ana{number}@example.com")
    world.sync()
    keys = sorted(rows(world, "shop"))
    world.engine().unite(only_entity(world, key="1"), only_entity(world, key="2"))
    world.sync()
    world.systems["crm"].drop("people", "1")
    run = world.sync().run
    links = world.store.links(world.mappings_id("shop"), keys)
    assert [links[key].state for key in keys] == [LinkState.GONE, LinkState.GONE]
    undo(world, run)
    links = world.store.links(world.mappings_id("shop"), keys)
    assert [links[key].state for key in keys] == [LinkState.LIVE, LinkState.LIVE]
    assert_stays(world)


def test_over_the_brake_nothing_is_undone_not_even_in_the_hub(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    run = ana.sync().run
    ana.limits[Braked.UPDATE] = Limit(0, 0.0)
    before = ana.writes()
    report = ana.engine().undo(run)
    assert report.done.status == "braked"
    assert hub_values(ana, only_entity(ana))["job_title"] == "Boss"
    assert ana.writes() == before
    report = ana.engine().undo(run, release=["shop:update"])
    assert hub_values(ana, only_entity(ana))["job_title"] == "Clerk"


def test_while_a_system_cannot_be_read_nothing_is_undone(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    run = ana.sync().run
    ana.systems["shop"].down = True
    report = ana.engine().undo(run)
    assert report.done.status == "failed"
    assert hub_values(ana, only_entity(ana))["job_title"] == "Boss"
    ana.systems["shop"].down = False
    undo(ana, run)
    assert_stays(ana)


def test_looking_at_an_undo_changes_nothing(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    run = ana.sync().run
    before = {name: rows(ana, name) for name in ana.systems}
    report = ana.engine().plan_undo(run)
    assert {name: rows(ana, name) for name in ana.systems} == before
    assert hub_values(ana, only_entity(ana))["job_title"] == "Boss"
    (action,) = report.plan.actions
    assert [(c.field, c.before, c.after) for c in action.changes] == [("title", "Boss", "Clerk")]


def test_a_run_that_never_was_cannot_be_undone(ana):
    with pytest.raises(StateError, match="there is no run 99"):
        ana.engine().undo(99)


def test_a_change_that_reached_nobody_is_taken_back_in_the_hub_alone(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    ana.systems["shop"].refuses = lambda row: "no"
    run = ana.sync().run
    ana.systems["shop"].refuses = lambda row: None
    before = ana.writes()
    undo(ana, run)
    assert ana.writes() == before
    assert hub_values(ana, only_entity(ana))["job_title"] == "Clerk"
    assert_stays(ana)


def test_a_value_that_filled_a_blank_goes_where_it_was_filled_in_and_stays_where_it_came_from(ana):
    (key,) = rows(ana, "shop")
    ana.systems["shop"].put("people", key, dept="Sales")
    run = ana.sync().run
    assert rows(ana, "crm")["1"]["dept"] == "Sales"
    undo(ana, run)
    assert not rows(ana, "crm")["1"]["dept"]
    assert rows(ana, "shop")[key]["dept"] == "Sales"
    assert_stays(ana)


def test_a_person_s_answer_to_a_conflict_is_taken_back_wherever_it_went(ana):
    ana.authority("crm", "shop", rule="manual", path="job_title")
    (key,) = rows(ana, "shop")
    ana.systems["crm"].put("people", "1", title="Boss")
    ana.systems["shop"].put("people", key, title="Chief")
    ana.sync()
    entity = only_entity(ana)
    (conflict,) = ana.store.open_conflicts([entity])[entity].values()
    ana.engine().resolve(conflict.id, "theirs")
    answered = max(step.run for step in ana.store.stories([entity], 1)[entity].steps)
    ana.sync()
    assert rows(ana, "crm")["1"]["title"] == rows(ana, "shop")[key]["title"]
    report = undo(ana, answered)
    assert report.counts["fields"] == 1
    assert_stays(ana)


def test_an_item_edited_in_part_since_stays_as_it_is_as_a_whole(world):
    rules = {"full_name": "name", "emails[work]": "email", "addresses[billing].city": "city"}
    rules["addresses[billing].street"] = "street"
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, rules=rules)
    world.authority("crm", "shop")
    crm = world.systems["crm"]
    crm.put("people", "1", name="Ana", email="ana@example.com", city="Bonn", street="Markt 1")
    world.sync()
    crm.put("people", "1", city="Ulm", street="Ring 2")
    run = world.sync().run
    crm.put("people", "1", street="Ring 3")
    world.sync()
    report = undo(world, run)
    assert [left.path for left in report.left] == ["addresses[billing].street"]
    assert [(row["city"], row["street"]) for row in rows(world, "shop").values()] == [("Ulm", "Ring 3")]
    assert_stays(world)


def test_a_consent_is_not_loosened_by_an_undo(world):
    rules = {"full_name": "name", "emails[work]": "email", "consents[email].status": "consent"}
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, rules=rules)
    crm = world.systems["crm"]
    crm.put("people", "1", name="Ana", email="ana@example.com", consent="opted_in")
    world.sync()
    crm.put("people", "1", consent="opted_out", name="Anna")
    run = world.sync().run
    report = undo(world, run)
    assert [left.path for left in report.left] == ["consents[email]"]
    assert [(row["name"], row["consent"]) for row in rows(world, "shop").values()] == [("Ana", "opted_out")]
    assert_stays(world)


def test_a_field_about_which_a_person_is_asked_stays(ana):
    ana.systems["crm"].put("people", "1", title="Boss", dept="Sales")
    run = ana.sync().run
    ana.authority("crm", "shop", rule="manual", path="job_title")
    (key,) = rows(ana, "shop")
    ana.systems["crm"].put("people", "1", title="Chief")
    ana.systems["shop"].put("people", key, title="Head")
    ana.sync()
    report = undo(ana, run)
    assert [left.path for left in report.left] == ["job_title"]
    assert not rows(ana, "shop")[key]["dept"]


def test_a_deletion_that_a_person_confirmed_is_taken_back_wherever_it_went(world):
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, on_delete_in=OnDelete.REVIEW, on_delete_out=OnDelete.DELETE)
    world.systems["crm"].put("people", "1", name="Ana", email="ana@example.com")
    world.sync()
    entity = only_entity(world)
    world.systems["crm"].drop("people", "1")
    world.sync()
    (question,) = world.store.parked_about(entity)
    world.engine().settle_deletion(question.id, everywhere=True)
    confirmed = max(step.run for step in world.store.stories([entity], 1)[entity].steps)
    world.sync()
    assert rows(world, "shop") == {}
    report = undo(world, confirmed)
    assert report.revived == [("contact", entity)]
    assert [row["name"] for row in rows(world, "shop").values()] == ["Ana"]
    assert_stays(world)


def test_what_refers_to_others_is_deleted_before_what_it_refers_to(world, make_stream, plain):
    for name in ("crm", "shop"):
        world.system(name, make_stream("firms"), make_stream("people"))
        rules = {"full_name": "name", "emails[work]": "email", "account": "firm"}
        world.contacts(name, rules=rules, references={"account": "firms"})
        strong = Match(strong=(StrongRule(paths=("account_number",)),))
        world.mappings.append(plain(name, "firms", "account", {"name": "name", "account_number": "no"}, match=strong))
    crm, shop = world.systems["crm"], world.systems["shop"]
    crm.put("firms", "f", name="Acme", no="A-1")
    crm.put("people", "1", name="Ana", email="ana@example.com", firm="f")
    run = world.sync().run
    assert len(rows(world, "shop")) == 1
    undo(world, run)
    assert [(stream, kind) for stream, kind, _ in shop.written[-2:]] == [("people", "delete"), ("firms", "delete")]
    assert_stays(world)


def test_the_only_record_that_is_left_is_not_deleted(two):
    two.systems["crm"].put("people", "1", name="Ana", email="ana@example.com")
    run = two.sync().run
    two.systems["crm"].drop("people", "1")
    report = undo(two, run)
    assert [left.why for left in report.left] == ["the only record of it that is left"]
    assert len(rows(two, "shop")) == 1


def test_two_entities_that_became_one_stay_one(ana):
    ana.systems["crm"].put("people", "2", name="Anna", email="anna@example.com", dept="Sales")
    ana.sync()
    keep, drop = only_entity(ana), only_entity(ana, key="2")
    ana.engine().unite(keep, drop)
    merged = max(step.run for step in ana.store.stories([drop], 1)[drop].steps)
    ana.sync()
    report = undo(ana, merged)
    assert report.counts["fields"] == 0
    assert {left.entity_id for left in report.left} == {keep, drop}
    assert ana.store.canonicals([keep])[keep].values["department"] == "Sales"


def test_what_was_kept_of_the_hub_s_value_elsewhere_is_said(ana):
    """The run wrote a field to a system, but did not change it in the hub: its former value there is not known."""
    ana.systems["shop"].down = True
    ana.systems["crm"].put("people", "1", title="Boss")
    ana.sync()
    ana.systems["shop"].down = False
    run = ana.sync().run
    assert [row["title"] for row in rows(ana, "shop").values()] == ["Boss"]
    report = undo(ana, run)
    assert [(left.path, left.at[0].connection) for left in report.left] == [("job_title", "shop")]


class _Killed(BaseException):
    pass


def test_an_undo_that_is_killed_anywhere_is_finished_by_the_next_one(make_world, tmp_path, clock):
    from state.store import open_store

    for fatal in range(1, 40):
        store = open_store(f"sqlite:///{tmp_path / str(fatal)}.db", clock)
        world = make_world(store, clock)
        for name in ("crm", "shop"):
            world.system(name)
            world.contacts(name)
        world.authority("crm", "shop")
        crm = world.systems["crm"]
        crm.put("people", "1", name="Ana", email="ana@example.com", title="Clerk")
        world.sync()
        crm.put("people", "1", title="Boss")
        crm.put("people", "2", name="Bea", email="bea@example.com")
        run = world.sync().run
        died = _undo_until_killed(world, run, fatal)
        clock.advance(600)
        world.engine().undo(run)
        world.sync()
        assert [row["title"] for row in rows(world, "shop").values()] == ["Clerk"], fatal
        assert rows(world, "crm")["1"]["title"] == "Boss"
        assert set(rows(world, "crm")) == {"1", "2"}
        assert_stays(world)
        store.close()
        if not died:
            break
    assert not died


def _undo_until_killed(world, run, fatal):
    """Undo with a process that dies after so many commits and calls to systems; whether it did."""
    steps = 0

    def dying(deed):
        def deadly(*args, **options):
            nonlocal steps
            steps += 1
            if steps == fatal:
                raise _Killed
            done = deed(*args, **options)
            steps += 1
            if steps == fatal:
                raise _Killed
            return done

        return deadly

    connectors = [(one, deed, getattr(one, deed)) for one in world.connectors.values() for deed in ("upsert", "remove")]
    places = [*connectors, (world.store, "commit", world.store.commit), (world.store, "intend", world.store.intend)]
    for owner, name, deed in places:
        setattr(owner, name, dying(deed))
    try:
        world.engine().undo(run)
    except _Killed:
        return True
    finally:
        for owner, name, _ in places:
            delattr(owner, name)
    return False
