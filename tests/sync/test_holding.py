"""Creates that are held back are counted, with the records that hold them."""

from __future__ import annotations

from mappings.contract import Match, StrongRule
from sync.decision import Side, Why
from sync.holding import held_back

BY_NAME = Match(strong=(StrongRule(paths=("full_name",)),))


def parked(world, name, why):
    return [one for page in world.store.all_parked(world.mappings_id(name), Side.IN, why, 9) for one in page]


def held(world):
    return {str(one.binding): (one.entities, one.by) for one in held_back(world.engine().hub)}


def two_with_one_address(world):
    """The CRM has two people with one e-mail address, and the shop a record that may be either."""
    world.mappings[0].match = BY_NAME
    world.systems["crm"].put("people", "c1", name="Ana", email="info@example.com")
    world.systems["crm"].put("people", "c2", name="Bo", email="info@example.com")
    world.systems["crm"].put("people", "c3", name="Cy", email="cy@example.com")
    world.systems["shop"].put("people", "s1", name="A. or B.", email="info@example.com")


def test_who_may_be_a_record_in_question_is_counted_until_the_question_is_answered(two):
    two_with_one_address(two)
    two.sync()
    (question,) = parked(two, "shop", Why.DISPUTED)
    assert held(two) == {"shop.people:contact": (2, {Why.DISPUTED: {question.id}})}
    assert sorted(row["name"] for row in two.people("shop")) == ["A. or B.", "Cy"]
    two.engine().settle_match(question.id, question.candidates[0])
    assert held(two) == {}
    two.sync()
    two.sync()
    assert len(two.people("shop")) == 3


def test_nothing_is_held_back_where_nothing_is_to_be_created(two):
    two_with_one_address(two)
    two.mappings[1].create_out = False
    two.sync()
    assert parked(two, "shop", Why.DISPUTED)
    assert held(two) == {}


def test_what_waits_for_a_first_full_read_is_not_held_back_by_records(two):
    two_with_one_address(two)
    two.system("web")
    two.contacts("web")
    two.sync(select=["crm", "shop"])
    assert parked(two, "shop", Why.DISPUTED)
    assert held(two) == {}
    two.sync()
    assert held(two)["shop.people:contact"][0] == 2


def test_who_may_be_a_record_that_waits_is_counted_with_it(world, make_stream, plain):
    rules = {"full_name": "name", "emails[work]": "email", "account": "firm"}
    for name in ("erp", "crm"):
        world.system(name, make_stream("firms"), make_stream("people", parents=("firms",)))
        world.mappings.append(plain(name, "firms", "account", {"name": "name"}))
        world.contacts(name, rules=rules, references={"account": "firms"})
    world.systems["crm"].put("people", "c1", name="Ana", email="Ana@example.com", firm="nowhere")
    world.systems["erp"].put("people", "p1", name="Ana Berg", email="ana@example.com", firm=None)
    world.systems["erp"].put("people", "p2", name="Bo", email="bo@example.com", firm=None)
    world.sync()
    (waiting,) = parked(world, "crm", Why.WAITING)
    assert held(world) == {"crm.people:contact": (1, {Why.WAITING: {waiting.id}})}
