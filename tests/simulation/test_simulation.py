"""Whole stories hold, each tells the same twice, and a safeguard that is taken away is missed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.mutants import MUTANTS, sabotaged
from tests.simulation.shrink import complaint, shrunk, told
from tests.simulation.soak import CAUGHT
from tests.simulation.story import made_up
from tests.simulation.world import SimWorld

ROOT = Path(__file__).parents[2]
A_THOUSAND = 3_001_000
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


DIRECTED = {
    "ended-unheard": "test_undo.py::test_a_record_that_the_run_deleted_is_created_again_under_a_new_key[sqlite]",
    "merges-not-followed": "test_doubts.py::test_the_survivor_of_a_merge_is_read_before_it_is_written[sqlite]",
    "no-reread": (
        "test_doubts.py::test_a_record_is_looked_at_before_it_is_deleted_even_where_updates_are_conditional[sqlite]"
    ),
    "not-renewed": "test_doubts.py::test_news_from_one_answer_is_written_elsewhere_once[sqlite]",
    "parts-forgotten": (
        "test_doubts.py::test_a_create_of_which_a_part_went_wrong_is_known_for_what_it_made[sqlite-natural-refused]"
    ),
    "recovered-as-is": "test_doubts.py::test_a_lost_create_found_late_is_compared_with_what_was_sent[sqlite-lookup]",
    "sent-late": "test_doubts.py::test_who_stood_still_until_another_took_over_sends_nothing_any_more[sqlite-intend]",
    "undo-deletes-anything": (
        "test_undo.py::test_a_record_edited_since_it_was_made_is_unlinked_and_stays_where_it_is[sqlite]"
    ),
    "version-only": (
        "test_doubts.py::test_a_value_that_can_be_read_again_under_the_same_version_is_not_overwritten_unseen[sqlite]"
    ),
    "watermark-first": (
        "test_faults.py::test_a_crash_at_any_durable_step_ends_in_the_same_agreed_state[sqlite-upsert-after]"
    ),
    "written-by-the-finder": (
        "test_undo.py::test_what_a_run_made_and_heard_of_only_later_is_taken_back_with_it[sqlite]"
    ),
}
"""Mutants that stories miss too rarely, and the test that notices each."""


def test_every_safeguard_that_can_be_taken_away_was_missed_by_a_story_or_has_a_test_of_its_own():
    assert SEEDS.keys() | DIRECTED.keys() == MUTANTS.keys()
    assert len(SEEDS) >= 25


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DIRECTED))
def test_a_test_of_its_own_notices_a_missing_safeguard(name):
    script = (
        "import sys, pytest\n"
        "from tests.simulation.mutants import sabotaged\n"
        "with sabotaged(sys.argv[1]):\n"
        "    sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', sys.argv[2]]))\n"
    )
    command = [sys.executable, "-c", script, name, f"tests/sync/{DIRECTED[name]}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout[-500:]


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
def test_a_thousand_stories_hold():
    """The same ones each time; fresh ones are for `make soak`, whose finds become seeds here."""
    command = [sys.executable, "-m", "tests.simulation", "--first", str(A_THOUSAND), "--seeds", "1000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-500:]}"
