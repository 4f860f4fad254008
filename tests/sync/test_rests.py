"""A system that asked to be left alone is: by every run and every plan, until the moment it named."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.contract import Outcome, OutcomeKind
from model.errors import ThrottledError


@pytest.fixture
def busy(two, clock):
    """The shop answers every call by asking for an hour of rest, and counts the calls."""
    shop = two.connectors["shop"]
    shop.calls = 0

    def refuse():
        shop.calls += 1
        raise ThrottledError("too many requests", clock.now() + timedelta(hours=1))

    two.sync()
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    shop._up = refuse
    return two


def test_nobody_calls_a_system_that_asked_to_be_left_alone(busy):
    report = busy.sync()
    assert [trouble.code for trouble in report.troubles][:1] == ["throttled"]
    assert busy.connectors["shop"].calls == 1, "neither to write nor for anything else in this run"
    busy.sync()
    busy.engine().plan()
    assert busy.connectors["shop"].calls == 1, "nor by another run or a plan"


def test_others_are_worked_with_meanwhile(busy):
    busy.sync()
    assert busy.store.entities_at(busy.mappings_id("crm"), ["c1"])


def test_after_the_moment_it_named_all_goes_on(busy, clock):
    busy.sync()
    clock.advance(3600)
    del busy.connectors["shop"]._up
    assert busy.sync().status == "ok"
    assert busy.people("shop") == [{"name": "Ana", "email": "ana@example.com"}]


def test_what_a_plan_was_told_holds_for_runs(busy):
    busy.engine().plan()
    assert busy.connectors["shop"].calls == 1
    busy.sync()
    assert busy.connectors["shop"].calls == 1


def test_a_moment_named_in_the_answer_to_one_row_counts_as_well(two, clock):
    two.sync()
    two.systems["crm"].put("people", "c1", name="Ana", email="ana@example.com")
    shop, calls = two.connectors["shop"], []
    until = clock.now() + timedelta(hours=1)

    def upsert(stream, batch):
        calls.append(batch)
        return [Outcome(OutcomeKind.THROTTLED, until=until) for _ in batch]

    shop.upsert = upsert
    two.sync()
    shop._up = lambda: calls.append("called")
    two.sync()
    assert len(calls) == 1
