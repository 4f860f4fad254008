"""The engine with conditions and expressions: what is withheld stays to be written, and is never taken for an edit."""

from __future__ import annotations

import pytest

from mappings.compile import load
from model.entities import schemas
from sync.decision import Side

SCHEMAS = schemas()
CRM = """
connection: crm
stream: people
entity: contact
match: {strong: ["emails[*]"]}
filter:
  in: [{expr: 'src.?kind.orValue("person") != "robot"'}]
rules:
  given_name: first
  "emails[work]": email
  department: dept
  active: active
  nickname: {expr: 'src.first + "!"', when: [{field: dept, is: Sales}]}
"""
SHOP = """
connection: shop
stream: people
entity: contact
match: {strong: ["emails[*]"]}
filter:
  out: [{expr: 'to.?department.orValue("") != "Secret"'}]
rules:
  given_name: {field: first, when: {out: [CONDITION]}}
  "emails[work]": email
  active: active
  nickname: {field: nick, direction: out}
"""
CONDITIONS = ["{path: active, is: true}", "{expr: 'to.active == true'}"]


def start(world, condition=CONDITIONS[0]):
    for name, text in (("crm", CRM), ("shop", SHOP.replace("CONDITION", condition))):
        world.system(name)
        mapping, found = load(text, f"{name}.yaml", SCHEMAS)
        assert mapping is not None, [str(one) for one in found]
        world.mappings.append(mapping)
    world.authority("crm", "shop")
    return world.systems["crm"], world.systems["shop"]


def settle(world):
    for _ in range(3):
        world.sync()


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_a_condition_withholds_is_written_once_it_holds(world, condition):
    crm, _ = start(world, condition)
    crm.put("people", "c1", first="Ana", email="a@x.com", active=False, dept="Sales")
    settle(world)
    assert world.people("shop") == [{"email": "a@x.com", "active": False, "nick": "Ana!"}]
    world.assert_calm()
    crm.put("people", "c1", active=True)
    settle(world)
    assert world.people("shop") == [{"email": "a@x.com", "active": True, "nick": "Ana!", "first": "Ana"}]
    world.assert_calm()


def test_what_is_withheld_is_no_action(world):
    crm, _ = start(world)
    crm.put("people", "c1", first="Ana", email="a@x.com", active=False)
    settle(world)
    world.store.mark_all_dirty("contact")
    report = world.sync(full=True)
    out = [balance for (_, side), balance in report.balances.items() if side is Side.OUT]
    assert sum(balance.seen for balance in out) > 0
    assert [balance.detail for balance in out if balance.detail] == []


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_withheld_edit_beside_a_written_one_is_not_undone_by_the_answer(world, condition):
    crm, _ = start(world, condition)
    crm.put("people", "c1", first="Ana", email="a@x.com", active=True, dept="Sales")
    settle(world)
    crm.put("people", "c1", first="Eva", email="e@x.com", active=False)
    settle(world)
    assert world.people("shop") == [{"email": "e@x.com", "active": False, "nick": "Eva!", "first": "Ana"}]
    assert world.people("crm")[0]["first"] == "Eva"
    world.assert_calm()
    crm.put("people", "c1", active=True)
    settle(world)
    assert world.people("shop")[0]["first"] == "Eva"
    world.assert_calm()


def test_an_edit_made_there_still_comes_in(world):
    crm, shop = start(world)
    crm.put("people", "c1", first="Ana", email="a@x.com", active=False, dept="Sales")
    settle(world)
    (key,) = shop.table("people").rows
    shop.put("people", key, first="Zoe")
    settle(world)
    assert [row["first"] for row in world.people("crm")] == ["Ana"], "the first system has authority"
    assert [row["first"] for row in world.people("shop")] == ["Zoe"], "what may not be written is not written back"
    world.assert_calm()


def test_a_rule_that_falls_silent_leaves_what_is_known(world):
    crm, _ = start(world)
    crm.put("people", "c1", first="Ana", email="a@x.com", active=True, dept="Sales")
    settle(world)
    crm.put("people", "c1", first="Eva", dept="Finance")
    settle(world)
    assert world.people("shop")[0] == {"email": "a@x.com", "active": True, "nick": "Ana!", "first": "Eva"}
    world.assert_calm()


def test_filters_keep_out_both_ways(world):
    crm, _ = start(world)
    crm.put("people", "c1", first="Ana", email="a@x.com", dept="Secret")
    crm.put("people", "c2", first="R2", email="r@x.com", kind="robot")
    crm.put("people", "c3", first="Bo", email="b@x.com", kind="person", active=True)
    settle(world)
    assert [row["email"] for row in world.people("shop")] == ["b@x.com"]
    world.assert_calm()


def test_a_filter_that_cannot_be_computed_parks_the_record_and_delays_no_other(world):
    crm, _ = start(world)
    crm.put("people", "c1", first="Ana", email="a@x.com", active=True, kind="person")
    crm.put("people", "c2", first="Bo", email="b@x.com", active=True, kind={"odd": "\x00"})
    report = world.sync()
    settle(world)
    assert report.dead == 1
    at = world.mappings_id("crm")
    assert {key: one.code for key, one in world.store.parked(at, Side.IN, ["c1", "c2"]).items()} == {"c2": "expr-type"}
    assert [row["email"] for row in world.people("shop")] == ["a@x.com"]
    crm.put("people", "c2", kind="person")
    settle(world)
    assert [row["email"] for row in world.people("shop")] == ["a@x.com", "b@x.com"]
    assert world.store.parked(at, Side.IN, ["c1", "c2"]) == {}
    world.assert_calm()
