"""Two systems that each have their own way with a value come to rest; people who correct one are left alone."""

from __future__ import annotations

import pytest

from mappings.contract import Strength
from sync.decision import ConflictState
from sync.merge import OSCILLATION
from sync.oscillation import Turn, flips
from sync.policy import Oscillation


def entity(world):
    return world.store.links(world.mappings_id("crm"), ["1"])["1"].entity_id


def conflict(world):
    return world.store.open_conflicts([entity(world)]).get(entity(world), {}).get("job_title")


def title(world, name):
    (row,) = world.people(name)
    return row["title"]


def jobs(world):
    """Each system's nightly job writes titles in its own way."""
    for name, way in (("crm", str.upper), ("shop", str.lower)):
        for key, row in list(world.systems[name].table("people").rows.items()):
            if row["title"] != way(row["title"]):
                world.systems[name].put("people", key, title=way(row["title"]))


@pytest.fixture
def ana(two):
    two.systems["crm"].put("people", "1", name="Ana", email="ana@example.com", title="BOSS")
    two.sync()
    (two.shop_key,) = two.systems["shop"].table("people").rows
    return two


def fight(world, runs):
    for _ in range(runs):
        jobs(world)
        world.sync()


def test_two_systems_that_each_rewrite_a_value_come_to_rest(ana):
    fight(ana, 12)
    frozen = conflict(ana)
    assert frozen.rule == OSCILLATION
    assert {frozen.ours, frozen.theirs} == {"BOSS", "boss"}
    before = ana.writes()
    fight(ana, 5)
    assert ana.writes() == before
    assert conflict(ana).id == frozen.id
    assert (title(ana, "crm"), title(ana, "shop")) == ("BOSS", "boss")
    ana.assert_calm()


def test_a_plan_foresees_the_freeze(ana):
    fight(ana, 5)
    assert conflict(ana) is None
    jobs(ana)
    plan = ana.engine().plan()
    assert (plan.totals, plan.conflicts) == ({}, 1)
    ana.sync()
    assert conflict(ana).rule == OSCILLATION


def test_a_frozen_field_holds_up_no_other_field(ana):
    fight(ana, 12)
    ana.systems["shop"].put("people", ana.shop_key, dept="Sales")
    fight(ana, 1)
    assert ana.people("crm")[0]["dept"] == "Sales"


def test_what_a_system_says_of_a_frozen_field_is_not_taken_but_kept(ana):
    fight(ana, 12)
    ana.systems["crm"].put("people", "1", title="CHIEF")
    before = ana.writes()
    ana.sync()
    assert ana.writes() == before
    assert (conflict(ana).rule, conflict(ana).theirs) == (OSCILLATION, "CHIEF")


def test_a_person_s_answer_thaws_the_field_and_starts_the_count_anew(ana):
    fight(ana, 12)
    ana.engine().resolve(conflict(ana).id, value="Head")
    ana.sync()
    assert (title(ana, "crm"), title(ana, "shop")) == ("Head", "Head")
    assert conflict(ana) is None
    ana.assert_calm()
    fight(ana, 2)
    assert conflict(ana) is None
    fight(ana, 12)
    assert conflict(ana).rule == OSCILLATION


@pytest.mark.parametrize("values", [["Chief", "Head", "Lead"], ["Chief", "BOSS", "Chief", "BOSS", "Chief", "BOSS"]])
def test_a_person_who_corrects_a_value_is_never_held_up(ana, values):
    for value in values:
        ana.systems["crm"].put("people", "1", title=value)
        ana.sync()
        assert (title(ana, "crm"), title(ana, "shop")) == (value, value)
    assert conflict(ana) is None


def test_two_people_who_edit_in_turns_are_not_held_up_while_they_write_something_new(ana):
    for number in range(12):
        name, key = (("crm", "1"), ("shop", ana.shop_key))[number % 2]
        ana.systems[name].put("people", key, title=f"Title {number}")
        ana.sync()
    assert conflict(ana) is None
    assert title(ana, "crm") == title(ana, "shop") == "Title 11"


def test_a_value_that_is_put_back_again_and_again_is_frozen_too(two):
    two.mappings[1].strengths = {"job_title": Strength.ENFORCE}
    two.systems["crm"].put("people", "1", name="Ana", email="ana@example.com", title="BOSS")
    two.sync()
    fight(two, 12)
    assert conflict(two).rule == OSCILLATION
    before = two.writes()
    fight(two, 5)
    assert two.writes() == before
    two.engine().resolve(conflict(two).id, "ours")
    two.sync()
    assert conflict(two) is None


def test_an_address_is_frozen_as_a_whole(world):
    rules = {"full_name": "name", "emails[work]": "email", "addresses[billing].city": "title"}
    rules["addresses[billing].street"] = "street"
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, rules=rules)
    world.authority("crm", "shop")
    world.systems["crm"].put("people", "1", name="Ana", email="ana@example.com", title="BONN", street="Markt")
    world.sync()
    fight(world, 12)
    disputed = world.store.open_conflicts([entity(world)])[entity(world)]
    assert disputed["addresses[billing].city"].rule == OSCILLATION
    world.assert_calm()


@pytest.mark.parametrize(("most", "runs", "frozen"), [(4, 100, True), (1, 100, True), (4, 3, False), (9, 100, False)])
def test_how_many_flips_in_how_many_runs_is_policy(ana, most, runs, frozen):
    ana.oscillation = Oscillation(most, runs)
    fight(ana, 8)
    assert (conflict(ana) is not None) == frozen


def test_a_field_is_frozen_by_the_first_flip_too_many(ana):
    titles = []
    while conflict(ana) is None:
        jobs(ana)
        ana.sync()
        titles.append(ana.store.canonicals([entity(ana)])[entity(ana)].values["job_title"])
    assert titles == ["boss", "BOSS", "boss", "BOSS", "boss", "boss"]


def turns(*pairs):
    return [Turn(number, source, None, value) for number, (source, value) in enumerate(pairs)]


def test_a_flip_brings_back_a_value_by_another_system_s_doing():
    fight = turns(("crm", "A"), ("shop", "a"), ("crm", "A"), ("shop", "a"))
    assert flips(fight) == 2
    assert flips(turns(("crm", "A"), ("crm", "B"), ("crm", "A"))) == 0
    assert flips(turns(("crm", "A"), ("shop", "B"), ("crm", "C"), ("shop", "D"))) == 0
    assert flips([*fight, *turns(("person", "A"), ("shop", "a"))]) == 0


def test_an_answered_freeze_leaves_no_open_conflict(ana):
    fight(ana, 12)
    number = conflict(ana).id
    ana.engine().resolve(number, "theirs")
    assert ana.store.conflict(number).state is ConflictState.RESOLVED
