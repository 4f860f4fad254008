"""What three systems say in one run, and what ends only once. Found by going through every state and every moment."""

from __future__ import annotations

import pytest

from mappings.contract import OnDelete
from model.errors import AnswerLostError
from sync.decision import Side, Why


@pytest.fixture
def three(world):
    """A CRM, a shop and an ERP, in the order of their authority; the ERP is read first, the shop last."""
    for name in ("erp", "crm", "shop"):
        world.system(name)
        world.contacts(name)
    world.authority("crm", "shop", "erp")
    return world


def founded(world, **values):
    world.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com", **values)
    world.sync()


def edit(world, name, **values):
    (key,) = world.systems[name].table("people").rows
    world.systems[name].put("people", key, **values)


def titles(world):
    return {name: [row.get("title") for row in world.people(name)] for name in world.systems}


def test_a_value_that_the_highest_authority_gave_too_does_not_lose_to_a_lower_one(three):
    founded(three, title="Owner")
    edit(three, "erp", title="Chair")
    edit(three, "crm", title="Chair")
    edit(three, "shop", title="Boss")
    three.sync()
    assert titles(three) == {"erp": ["Chair"], "crm": ["Chair"], "shop": ["Chair"]}
    three.assert_calm()


@pytest.mark.parametrize("value", ["Chair", None])
def test_a_value_that_lost_and_won_after_all_is_neither_written_again_nor_in_the_way_of_later_edits(world, value):
    for name in ("shop", "erp", "crm"):
        world.system(name)
        world.contacts(name)
    world.authority("crm", "shop", "erp")
    founded(world, title="Owner")
    edit(world, "shop", title="Boss")
    edit(world, "erp", title=value)
    edit(world, "crm", title=value)
    before = len(world.systems["erp"].written)
    world.sync()
    assert titles(world) == {"erp": [value], "crm": [value], "shop": [value]}
    assert len(world.systems["erp"].written) == before, "it shows that already"
    edit(world, "erp", title="Head")
    world.sync()
    assert titles(world) == {"erp": ["Head"], "crm": ["Head"], "shop": ["Head"]}, "one edit by one system: it counts"
    world.assert_calm()


def deleting(world, on_delete_in):
    for name in ("crm", "shop", "erp"):
        world.system(name)
        world.contacts(name, on_delete_in=on_delete_in, on_delete_out=OnDelete.DELETE)
    founded(world)


def asked(world, name):
    at = world.mappings_id(name)
    return [one for page in world.store.all_parked(at, Side.IN, Why.DISPUTED, 9) for one in page]


def test_nobody_is_asked_about_a_deletion_of_our_own_whose_answer_was_lost(world):
    deleting(world, OnDelete.REVIEW)
    world.systems["shop"].drop("people", "n1")
    world.sync()
    (question,) = asked(world, "shop")
    world.engine().settle_deletion(question.id, everywhere=True)
    remove, connector = world.connectors["crm"].remove, world.connectors["crm"]

    def lost(stream, batch):
        connector.remove = remove
        remove(stream, batch)
        world.systems["crm"].lose_answers = 0
        raise AnswerLostError("no answer")

    connector.remove = lost
    world.sync()
    world.sync()
    assert [world.people(name) for name in world.systems] == [[], [], []]
    assert [asked(world, name) for name in world.systems] == [[], [], []]
    world.assert_calm()


def test_an_entity_ends_once_however_many_of_its_records_are_deleted(world):
    deleting(world, OnDelete.DELETE)
    for name in ("crm", "shop"):
        (key,) = world.systems[name].table("people").rows
        world.systems[name].drop("people", key)
    world.sync()
    with world.store.database.read() as tx:
        assert tx.rows("SELECT count(*) FROM history WHERE path = ''")[0][0] == 1
    assert world.people("erp") == []
    world.assert_calm()


def test_what_a_record_of_a_deleted_entity_was_merged_into_is_not_deleted_with_it(world):
    deleting(world, OnDelete.DELETE)
    world.systems["shop"].down = True
    world.systems["crm"].drop("people", "c1")
    world.sync()
    shop = world.systems["shop"]
    shop.down = False
    shop.drop("people", "n1", into="s9")
    shop.put("people", "s9", name="Bo", email="bo@example.com")
    world.sync()
    world.sync()
    assert [row["name"] for row in world.people("shop")] == ["Bo"]
    world.assert_calm()


def test_on_first_contact_too_the_highest_authority_counts_whoever_was_read_first(three):
    for name, title in (("erp", "Chair"), ("crm", "Chair"), ("shop", "Boss")):
        three.systems[name].put("people", f"{name}1", name="Ana", email="ana@example.com", title=title)
    three.sync()
    assert titles(three) == {"erp": ["Chair"], "crm": ["Chair"], "shop": ["Chair"]}
    three.assert_calm()
