"""Every value that gave way is kept, can be listed, and can be had back."""

from __future__ import annotations

import pytest

from model.errors import StateError
from state.reports import Reports


def entity(world, key="1"):
    return world.store.links(world.mappings_id("crm"), [key])[key].entity_id


def lost(world, path, **which):
    found = Reports(world.store.database, world.clock).losers(entity(world, **which))
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    return [(one.value, one.winner, one.how) for one in found if one.path == path]


def titles(world):
    return {name: [row["title"] for row in world.people(name)] for name in world.systems}


@pytest.fixture
def ana(two):
    two.systems["crm"].put("people", "1", name="Ana", email="ana@example.com", title="Clerk")
    two.sync()
    (two.shop_key,) = two.systems["shop"].table("people").rows
    return two


def test_a_value_that_was_edited_is_kept_and_can_be_had_back(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    ana.sync()
    assert lost(ana, "job_title") == [("Clerk", "Boss", "overwritten")]
    ana.engine().restore(entity(ana), "job_title", "Clerk")
    assert titles(ana) == {"crm": ["Boss"], "shop": ["Boss"]}
    ana.sync()
    assert titles(ana) == {"crm": ["Clerk"], "shop": ["Clerk"]}
    assert lost(ana, "job_title")[1] == ("Boss", "Clerk", "overwritten")
    ana.assert_calm()


def test_the_edit_that_lost_a_race_is_kept(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    ana.systems["shop"].put("people", ana.shop_key, title="Chief")
    ana.sync()
    assert titles(ana) == {"crm": ["Boss"], "shop": ["Boss"]}
    assert ("Chief", "Boss", "rejected") in lost(ana, "job_title")


def test_the_edit_that_won_a_race_is_no_loser(ana):
    ana.authority("crm", "shop", rule="latest", path="job_title")
    ana.systems["crm"].put("people", "1", title="Boss")
    ana.systems["shop"].put("people", ana.shop_key, title="Chief")
    ana.sync()
    assert titles(ana) == {"crm": ["Chief"], "shop": ["Chief"]}
    assert lost(ana, "job_title") == [("Clerk", "Boss", "overwritten"), ("Boss", "Chief", "overwritten")]


def test_what_differed_when_records_first_met_is_kept(two):
    two.systems["crm"].put("people", "1", name="Ana", email="ana@example.com", title="Clerk")
    two.systems["shop"].put("people", "k", name="Ana", email="ana@example.com", title="Chief")
    two.sync()
    assert lost(two, "job_title") == [("Chief", "Clerk", "rejected")]


def test_both_values_of_a_conflict_that_a_person_answers_with_a_third_are_kept(ana):
    ana.authority("crm", "shop", rule="manual", path="job_title")
    ana.systems["crm"].put("people", "1", title="Boss")
    ana.systems["shop"].put("people", ana.shop_key, title="Chief")
    ana.sync()
    assert ("Chief", "Boss", "rejected") not in lost(ana, "job_title"), "nothing is lost while a person is asked"
    (conflict,) = ana.store.open_conflicts([entity(ana)])[entity(ana)].values()
    ana.engine().resolve(conflict.id, value="Head")
    assert {value for value, _, _ in lost(ana, "job_title")} == {"Clerk", "Boss", "Chief"}


def test_an_edit_where_edits_are_not_taken_is_kept_when_it_is_overwritten(world):
    world.system("crm")
    world.contacts("crm")
    world.system("shop")
    world.contacts("shop", update_in=False)
    world.authority("crm", "shop")
    world.systems["crm"].put("people", "1", name="Ana", email="ana@example.com", title="Clerk")
    world.sync()
    (key,) = world.systems["shop"].table("people").rows
    world.systems["shop"].put("people", key, title="Chief")
    world.sync()
    assert titles(world)["shop"] == ["Chief"]
    assert lost(world, "job_title") == []
    world.systems["crm"].put("people", "1", title="Boss")
    world.sync()
    assert titles(world)["shop"] == ["Boss"]
    assert ("Chief", "Boss", "rejected") in lost(world, "job_title")


def test_a_value_that_was_never_taken_is_kept_when_another_one_comes(world):
    world.system("crm")
    world.contacts("crm")
    world.system("shop")
    world.contacts("shop", update_in=False)
    world.authority("crm", "shop")
    world.systems["crm"].put("people", "1", name="Ana", email="ana@example.com")
    world.systems["shop"].put("people", "k", name="Ana", email="ana@example.com", dept="Sales")
    world.sync()
    world.systems["crm"].put("people", "1", dept="Purchasing")
    world.sync()
    assert [row["dept"] for row in world.people("shop")] == ["Purchasing"]
    assert ("Sales", "Purchasing", "rejected") in lost(world, "department")


def test_a_value_put_back_by_a_mapping_is_kept(two):
    from mappings.contract import Strength

    two.mappings[1].strengths = {"job_title": Strength.ENFORCE}
    two.systems["crm"].put("people", "1", name="Ana", email="ana@example.com", title="Clerk")
    two.sync()
    (key,) = two.systems["shop"].table("people").rows
    two.systems["shop"].put("people", key, title="Chief")
    two.sync()
    assert lost(two, "job_title") == [("Chief", "Clerk", "rejected")]


def test_restoring_answers_the_open_conflict_of_the_field(ana):
    ana.systems["crm"].put("people", "1", title="Boss")
    ana.sync()
    ana.authority("crm", "shop", rule="manual", path="job_title")
    ana.systems["crm"].put("people", "1", title="Head")
    ana.systems["shop"].put("people", ana.shop_key, title="Chief")
    assert ana.sync().conflicts == 1
    ana.engine().restore(entity(ana), "job_title", "Clerk")
    assert ana.sync().conflicts == 0
    assert titles(ana) == {"crm": ["Clerk"], "shop": ["Clerk"]}
    ana.assert_calm()


def test_a_value_that_the_record_has_is_not_restored(ana):
    with pytest.raises(StateError, match="has this value"):
        ana.engine().restore(entity(ana), "job_title", "Clerk")


def test_restoring_loosens_no_consent(world):
    world.system("crm")
    world.contacts("crm", rules={"full_name": "name", "emails[work]": "email", "consents[email].status": "consent"})
    world.systems["crm"].put("people", "1", name="Ana", email="ana@example.com", consent="opted_in")
    world.sync()
    world.systems["crm"].put("people", "1", consent="opted_out")
    world.sync()
    with pytest.raises(StateError, match="loosens a consent"):
        world.engine().restore(entity(world), "consents[email].status", "opted_in")
