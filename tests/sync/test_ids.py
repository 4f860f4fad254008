"""The ids of entities: in the order of their making, and never those of another life or installation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.decision import BindingId
from sync.ledger import Ids

PEOPLE = BindingId("erp", "people", "contact")


@given(st.integers(0, 2**32 - 2), st.lists(st.text(max_size=5), min_size=1, max_size=50))
def test_ids_grow_within_a_run_and_from_run_to_run(second, keys):
    first, second_run = Ids(second, "a"), Ids(second + 1, "a")
    made = [first.new(PEOPLE, key, "") for key in keys] + [second_run.new(PEOPLE, key, "") for key in keys]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_two_hubs_that_start_in_the_same_second_never_use_the_same_marker():
    here, there = Ids(1_800_000_000, "berlin:1 run 1"), Ids(1_800_000_000, "lyon:1 run 1")
    assert {here.new(PEOPLE, str(n), "") for n in range(500)}.isdisjoint(
        there.new(PEOPLE, str(n), "") for n in range(500)
    )


def test_a_hub_that_lost_its_memory_makes_other_markers_than_before():
    assert Ids(1_800_000_000, "a").new(PEOPLE, "1", "") != Ids(1_800_000_060, "a").new(PEOPLE, "1", "")


def test_any_key_can_found_an_entity():
    assert len(Ids(0, "\ud800").new(PEOPLE, "\udfff\x1f", "")) == 22
