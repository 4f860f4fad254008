"""Everything set aside can be tried again, however much it is."""

from __future__ import annotations

import pytest

from model.errors import StateError
from state.reports import Reports
from sync.decision import Side, Why


def groups(world):
    return Reports(world.store.database, world.clock).parked_groups()


def test_more_than_a_page_of_dead_letters_is_tried_again_in_one_run(two):
    crm = two.mappings[0]
    crm.valid = lambda path, value: path != "department" or value != "bad"
    for n in range(11):
        two.systems["crm"].put("people", f"c{n}", name=f"P{n}", email=f"p{n}@example.com", dept="bad")
    two.sync()
    (group,) = groups(two)
    assert (group.side, group.why, len(group.keys)) == (Side.IN, Why.DEAD, 11)
    crm.valid = lambda path, value: True
    before = two.store.start_run([], "mark", two.clock.now())
    report = two.engine().retry(group.ids)
    assert groups(two) == []
    assert report.run > before
    two.sync()
    assert {row["dept"] for row in two.people("shop")} == {"bad"}


def test_refused_writes_of_more_than_a_page_go_through_when_the_system_takes_them(two):
    two.systems["shop"].refuses = lambda row: "no-room"
    for n in range(9):
        two.systems["crm"].put("people", f"c{n}", name=f"P{n}", email=f"p{n}@example.com")
    two.sync()
    (group,) = groups(two)
    assert (group.side, group.code, len(group.keys)) == (Side.OUT, "no-room", 9)
    two.systems["shop"].refuses = lambda row: None
    two.engine().retry(group.ids)
    assert groups(two) == []
    assert len(two.people("shop")) == 9
    two.assert_calm()


def test_a_number_that_is_not_parked_is_refused_before_anything_is_tried(two):
    two.systems["shop"].refuses = lambda row: "no-room"
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    two.sync()
    (group,) = groups(two)
    with pytest.raises(StateError, match="nothing is parked under 999"):
        two.engine().retry([*group.ids, 999])
    assert groups(two) == [group]
