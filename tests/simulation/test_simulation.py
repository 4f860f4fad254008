"""Whole stories hold, each tells the same twice, and a safeguard that is taken away is missed."""

from __future__ import annotations

import json
import os
import time

import pytest

from tests.simulation.mutants import MUTANTS, sabotaged
from tests.simulation.shrink import complaint, shrunk, told
from tests.simulation.soak import CAUGHT, block, expected
from tests.simulation.story import made_up
from tests.simulation.world import SimWorld

SEEDS = json.loads(CAUGHT.read_text(encoding="utf-8"))


@pytest.mark.parametrize("seed", range(24))
def test_a_story_holds_and_is_told_the_same_twice(seed):
    first, second = SimWorld(made_up(seed)).play(), SimWorld(made_up(seed)).play()
    assert first == second


def test_stories_differ():
    assert len({SimWorld(made_up(seed)).play() for seed in range(8)}) == 8


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_a_missing_safeguard_is_noticed(name):
    story = made_up(SEEDS[name])
    assert complaint(story) is None
    with sabotaged(name):
        assert complaint(story) is not None, f"again: python -m tests.simulation --hunt 1500 ({MUTANTS[name].__doc__})"


def test_every_safeguard_that_can_be_taken_away_was_missed_once():
    assert SEEDS.keys() | DIRECTED.keys() == MUTANTS.keys()
    assert len(SEEDS) >= 25


DIRECTED: dict[str, str] = {}
"""Mutants that stories miss too rarely, and the test that notices each."""


def test_a_failing_story_is_cut_down_to_what_it_needs():
    name = "no-look-up"
    story = made_up(SEEDS[name])
    with sabotaged(name):
        said = complaint(story)
        small = shrunk(story, said, most=120)
        assert complaint(small) == said
    assert len(small.steps) < len(story.steps)
    assert complaint(small) is None
    assert f"cut down to {len(small.steps)} steps" in told(small)


@pytest.mark.slow
def test_a_thousand_fresh_stories_hold():
    first = int(os.environ.get("SYNCLINE_SEED", time.time_ns() // 1_000_000 % 1_000_000_000))
    print(f"first seed {first}")  # noqa: T201 (whoever sees this fail has to know)
    found = block((first, 1000, None))
    assert not found["wrong"], f"again: python -m tests.simulation --replay {min(found['wrong'])}"
    struck = {tuple(cell) for cell, _ in found["matrix"]}
    often = {cell for cell in expected() if cell[1] in ("read", "upsert", "fetch") and cell[2] != "recover"}
    assert not often - struck, "a fault that was never tried proves nothing"
