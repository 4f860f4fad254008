"""One field is read from every record and spread by the ordinary merge; nothing else is touched."""

from __future__ import annotations

import pytest

from mappings.contract import OnDelete
from sync.backfilling import focused
from sync.decision import ActionKind, Side
from sync.focus import Focus
from sync.policy import Braked, Limit

WITHOUT_TITLE = {"full_name": "name", "emails[work]": "email", "department": "dept"}


@pytest.fixture
def untitled(world):
    """Two systems that agreed on everything but a title, which no mapping knew; the CRM has the authority."""
    for name in ("crm", "shop"):
        world.system(name)
        world.contacts(name, rules=WITHOUT_TITLE)
    world.authority("crm", "shop")
    for n in range(5):
        world.systems["crm"].put(
            "people", f"c{n}", name=f"P{n}", email=f"p{n}@example.com", dept="A", title="Owner" if n else None
        )
    world.sync()
    world.sync()
    return world


def map_title(world):
    world.mappings.clear()
    for name in ("crm", "shop"):
        world.contacts(name)


def backfill(world, path="job_title", **options):
    world.clock.advance(60)
    report = focused(world.engine(), Focus.on(path)).run(**options)
    assert all(balance.adds_up for balance in report.balances.values()), report.balances
    return report


def titles(world, name):
    return {row["name"]: row.get("title") for row in world.people(name)}


def test_a_newly_mapped_field_is_read_everywhere_and_fills_what_is_blank(untitled):
    untitled.systems["shop"].put("people", "n1", title="Chair")
    untitled.sync()
    map_title(untitled)
    report = backfill(untitled)
    assert report.status == "ok"
    assert titles(untitled, "crm") == titles(untitled, "shop")
    assert titles(untitled, "crm")["P0"] == "Chair"
    before = untitled.writes()
    untitled.sync()
    assert untitled.writes() == before, "the next run has nothing left to write"
    untitled.assert_calm()


def test_the_plan_shows_it_first_and_is_what_is_done(untitled):
    map_title(untitled)
    before = untitled.writes()
    plan = focused(untitled.engine(), Focus.on("job_title")).plan()
    assert dict(plan.totals) == {(untitled.mappings_id("shop"), ActionKind.UPDATE): 4}
    assert {change.field for action in plan.actions for change in action.changes} == {"title"}
    assert untitled.writes() == before
    assert backfill(untitled).writes == 4
    assert focused(untitled.engine(), Focus.on("job_title")).plan().changes_nothing


def test_two_different_values_are_settled_by_survivorship_and_the_loser_is_kept(untitled):
    untitled.systems["shop"].put("people", "n2", title="Chair")
    untitled.sync()
    map_title(untitled)
    backfill(untitled)
    assert titles(untitled, "shop")["P1"] == titles(untitled, "crm")["P1"] == "Owner"
    with untitled.store.database.read() as tx:
        assert [tuple(row) for row in tx.rows("SELECT path, state, theirs FROM conflict")] == [
            ("job_title", "settled", '"Chair"')
        ]


def test_no_other_field_is_read_or_written(untitled):
    map_title(untitled)
    untitled.systems["crm"].put("people", "c1", dept="B")  # news that no run has read yet
    untitled.systems["crm"].put("people", "c9", name="New", email="new@example.com", title="Owner")
    backfill(untitled)
    assert {row["dept"] for row in untitled.people("shop")} == {"A"}
    assert len(untitled.people("shop")) == 5
    untitled.sync()
    assert sorted(row.get("dept") or "" for row in untitled.people("shop")) == ["", "A", "A", "A", "A", "B"]
    assert titles(untitled, "shop") == titles(untitled, "crm")
    untitled.assert_calm()


def test_news_of_a_record_that_is_written_meanwhile_is_still_news(untitled):
    map_title(untitled)
    untitled.systems["shop"].put("people", "n2", dept="C")
    backfill(untitled)
    assert titles(untitled, "shop")["P1"] == "Owner"
    assert {row["dept"] for row in untitled.people("crm")} == {"A"}
    untitled.sync()
    assert {row["name"]: row["dept"] for row in untitled.people("crm")}["P1"] == "C"
    untitled.assert_calm()


def test_what_was_due_before_is_still_due_afterwards(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner", dept="A")
    two.sync()
    two.systems["shop"].down = True
    two.systems["crm"].put("people", "c1", dept="B", title="Chair")
    two.sync()
    two.systems["shop"].down = False
    assert backfill(two).writes == 1
    assert two.people("shop")[0]["dept"] == "A"
    assert titles(two, "shop") == {"Ana": "Chair"}
    assert two.sync().writes == 1
    assert two.people("shop")[0]["dept"] == "B"
    two.assert_calm()


def test_a_deletion_that_is_due_is_neither_carried_out_nor_forgotten(untitled):
    for mapping in untitled.mappings:
        mapping.on_delete_in = mapping.on_delete_out = OnDelete.DELETE
    untitled.systems["shop"].down = True
    untitled.systems["crm"].drop("people", "c1")
    untitled.sync()
    untitled.systems["shop"].down = False
    backfill(untitled, "department")
    assert len(untitled.people("shop")) == 5
    untitled.sync()
    assert len(untitled.people("shop")) == 4


def test_a_dead_letter_about_another_field_stays(untitled):
    for mapping in untitled.mappings:
        mapping.valid = lambda path, value: value != "bad"
    untitled.systems["crm"].put("people", "c1", dept="bad")
    assert untitled.sync().dead == 1
    map_title(untitled)
    for mapping in untitled.mappings:
        mapping.valid = lambda path, value: value != "bad"
    backfill(untitled)
    assert titles(untitled, "shop")["P1"] == "Owner"
    assert untitled.sync().dead == 1


def test_a_value_cleared_by_somebody_and_not_read_yet_is_not_put_back(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    two.sync()
    two.systems["shop"].put("people", "n1", title=None)
    backfill(two)
    two.sync()
    assert titles(two, "crm") == titles(two, "shop") == {"Ana": None}
    two.assert_calm()


def test_where_all_agree_a_backfill_writes_nothing_and_costs_no_decision_later(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    two.sync()
    two.sync()
    assert backfill(two).writes == 0
    assert two.sync().writes == 0
    assert two.store.due("contact") == 0


def test_a_value_that_was_not_taken_before_is_taken_now(two):
    """Edits were not taken from the shop; now they are, and what it has fills what the hub lacks."""
    two.mappings[1].update_in = False
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    two.systems["shop"].put("people", "s1", name="Ana", email="ana@example.com", title="Chair")
    two.sync()
    assert titles(two, "crm") == {"Ana": None}
    two.mappings[1].update_in = True
    assert two.sync(full=True).writes == 0, "an ordinary full read sees no news in it"
    backfill(two)
    assert titles(two, "crm") == {"Ana": "Chair"}
    two.assert_calm()


def test_an_older_value_waiting_to_be_overwritten_wins_over_nothing(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    two.sync()
    two.systems["crm"].put("people", "c1", title=None)
    two.systems["shop"].down = True
    two.sync()
    two.systems["shop"].down = False
    backfill(two)
    two.sync()
    assert titles(two, "crm") == titles(two, "shop") == {"Ana": None}


def test_a_write_in_doubt_keeps_its_connection_out_of_it(two):
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", title="Owner")
    two.sync()
    two.systems["shop"].lose_answers = 1
    two.systems["crm"].put("people", "c1", title="Chair")
    two.sync()
    assert two.store.open_intents("shop")
    report = backfill(two)
    assert [trouble.connection for trouble in report.troubles] == ["shop"]
    two.sync()
    assert not two.store.open_intents("shop")
    two.assert_calm()


def test_a_brake_holds_it(untitled):
    map_title(untitled)
    untitled.limits[Braked.UPDATE] = Limit(1, 0.0)
    assert backfill(untitled).status == "braked"
    assert titles(untitled, "shop")["P1"] is None
    assert backfill(untitled, release=["shop:update"]).writes == 4


def test_only_linked_records_are_looked_at_and_each_is_counted(untitled):
    map_title(untitled)
    untitled.systems["crm"].put("people", "c9", name="New", email="new@example.com", title="Owner")
    report = backfill(untitled)
    counted = {id_.connection: balance for (id_, side), balance in report.balances.items() if side is Side.IN}
    assert counted["crm"].seen == 6
    assert counted["crm"].detail == {"changed": 4, "not linked": 1}


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("job_title", ["job_title"], ["department", "emails[work]"]),
        ("emails", ["emails[work]", "emails[home]"], ["phones[work]"]),
        ("emails[*]", ["emails[work]"], ["job_title"]),
        ("addresses[billing].city", ["addresses[billing].street", "addresses[billing].city"], ["addresses[main].city"]),
    ],
)
def test_a_focus_takes_items_as_a_whole(text, inside, outside):
    focus = Focus.on(text)
    assert all(map(focus, inside))
    assert not any(map(focus, outside))
    assert focus.meets([inside[0].replace("[billing]", "[*]")])
    assert not focus.meets(outside)
