"""The ids of entities: in the order of their making, and never those of another life or installation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.ledger import Ids


@given(st.integers(0, 2**32 - 2), st.lists(st.integers(0, 50), min_size=1, max_size=9))
def test_ids_grow_within_a_run_and_from_run_to_run(second, pages):
    first, second_run = Ids(second, "a"), Ids(second + 1, "a")
    made = [one for many in pages for one in first.new(many)] + [one for many in pages for one in second_run.new(many)]
    assert made == sorted(made)
    assert len(set(made)) == len(made) == 2 * sum(pages)


def test_two_hubs_that_start_in_the_same_second_never_use_the_same_marker():
    here, there = Ids(1_800_000_000, "berlin:1 run 1"), Ids(1_800_000_000, "lyon:1 run 1")
    assert set(here.new(500)).isdisjoint(there.new(500))


def test_a_hub_that_lost_its_memory_makes_other_markers_than_before():
    assert set(Ids(1_800_000_000, "a").new(9)).isdisjoint(Ids(1_800_000_060, "a").new(9))


def test_any_name_can_have_founded_an_entity():
    assert len(Ids(0, "\ud800").new(1)[0]) == 23
