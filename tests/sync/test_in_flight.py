"""Several batches under way at once: as fast as the system allows, and as careful as one after the other."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from connectors.contract import Replay, Writes
from model.errors import AnswerLostError, ThrottledError
from sync.crew import Threads
from sync.decision import Bucket, Side
from tests.sync.conftest import MemoryConnector, by_turns, stream

WRITES = Writes(batch=2, at_once=3, replay=Replay.UPSERT, marker="hub", conditional=True, returns_record=True)
WAIT = 20.0  # seconds; only a failing test waits so long


class Watched(MemoryConnector):
    """Lets a test take part in each write call, and counts how many are inside together."""

    def __init__(self, system, streams):
        super().__init__(system, streams)
        self.one_at_a_time = threading.Lock()
        self.inside = self.most = self.calls = 0
        self.meet = None  # where so many calls wait for each other
        self.faults = {}  # number of the call → error raised instead, or after the deed where it is a lost answer

    def upsert(self, name, batch):
        with self.one_at_a_time:
            self.inside += 1
            self.calls += 1
            call, self.most = self.calls, max(self.most, self.inside)
        try:
            if self.meet is not None:
                self.meet.wait(WAIT)
            with self.one_at_a_time:
                fault = self.faults.pop(call, None)
                if fault is not None and not isinstance(fault, AnswerLostError):
                    raise fault
                outcomes = super().upsert(name, batch)
                if fault is not None:
                    raise fault
                return outcomes
        finally:
            with self.one_at_a_time:
                self.inside -= 1


@pytest.fixture
def pair(world):
    """An ERP with people, and a shop without any that takes three batches of two at once."""
    erp = world.system("erp")
    world.system("shop", stream("people", writes=WRITES))
    world.connectors["shop"] = Watched(world.systems["shop"], [stream("people", writes=WRITES)])
    for name in ("erp", "shop"):
        world.contacts(name)
    world.authority("erp", "shop")
    world.erp, world.shop = erp, world.connectors["shop"]
    return world


def fill(world, count):
    for n in range(count):
        world.erp.put("people", f"e{n}", name=f"Person {n}", email=f"{n}@x.com")


def run(world, crew=None):
    engine = world.engine()
    engine.hub.policy = replace(engine.hub.policy, page=100)
    engine.hub.crew = crew or Threads()
    world.clock.advance(60)
    report = engine.run()
    assert all(balance.adds_up for balance in report.balances.values())
    return report


def in_order(world):
    """Every call is over before the next begins, yet three are made before the first answer is looked at."""
    return run(world, by_turns)


def emails(world):
    return sorted(row["email"] for row in world.people("shop"))


def written(report, world):
    return report.balances[world.mappings_id("shop"), Side.OUT].buckets


def test_as_many_calls_as_the_system_takes_are_under_way_together(pair):
    fill(pair, 6)
    pair.shop.meet = threading.Barrier(3)  # nobody gets on until three are there
    report = run(pair)
    assert pair.shop.most == 3
    assert written(report, pair) == {Bucket.WRITTEN: 6}
    assert emails(pair) == [f"{n}@x.com" for n in range(6)]
    pair.shop.meet = None
    pair.assert_calm()


def test_changes_are_sent_together_as_creates_are(pair):
    fill(pair, 6)
    run(pair)
    for n in range(6):
        pair.erp.put("people", f"e{n}", name=f"Someone {n}")
    pair.shop.meet = threading.Barrier(3)
    run(pair)
    assert sorted(row["name"] for row in pair.people("shop")) == [f"Someone {n}" for n in range(6)]
    pair.shop.meet = None
    pair.assert_calm()


def test_a_system_that_takes_one_call_gets_one_at_a_time_in_the_same_thread(pair):
    pair.shop._streams = (stream("people", writes=replace(WRITES, at_once=1)),)
    fill(pair, 6)
    before = set(threading.enumerate())
    pair.shop.meet = threading.Barrier(1)
    run(pair)
    assert (pair.shop.most, set(threading.enumerate()) - before) == (1, set())
    assert len(emails(pair)) == 6


@pytest.mark.parametrize("call", [1, 2, 3])
def test_what_was_sent_beside_a_call_that_was_not_carried_out_counts(pair, call):
    fill(pair, 10)
    pair.shop.faults = {call: ThrottledError("not now")}
    report = in_order(pair)
    sent = 2 * (call + 1)  # each answer before it let another batch go
    assert written(report, pair) == {Bucket.WRITTEN: sent, Bucket.WAITING: 10 - sent}
    assert len(emails(pair)) == sent
    assert pair.store.open_intents("shop") == []
    in_order(pair)
    assert emails(pair) == sorted(f"{n}@x.com" for n in range(10))
    pair.assert_calm()


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_lost_answer_leaves_only_its_own_batch_open_and_nothing_is_made_twice(pair, call):
    fill(pair, 10)
    pair.shop.faults = {call: AnswerLostError("no answer")}
    in_order(pair)
    assert [len(intent.rows) for intent in pair.store.open_intents("shop")] == [2]
    in_order(pair)
    assert emails(pair) == sorted(f"{n}@x.com" for n in range(10))
    assert len(pair.systems["shop"].created) == 10
    pair.assert_calm()


def test_a_batch_refused_as_a_whole_is_halved_while_others_are_under_way(pair):
    fill(pair, 6)
    shop = pair.systems["shop"]
    shop.refuses_batches = True
    shop.refuses = lambda row: "bad" if row.get("email") == "1@x.com" else None
    report = in_order(pair)
    assert written(report, pair) == {Bucket.WRITTEN: 5, Bucket.DEAD: 1}
    assert emails(pair) == [f"{n}@x.com" for n in (0, 2, 3, 4, 5)]


def test_a_process_that_dies_between_several_calls_makes_nothing_twice(pair):
    class Died(BaseException):
        pass

    fill(pair, 6)
    pair.shop.faults = {3: Died()}
    with pytest.raises(Died):
        in_order(pair)
    assert len(emails(pair)) == 4, "two batches had arrived, and no answer was looked at"
    pair.clock.advance(3600)
    in_order(pair)
    in_order(pair)
    assert emails(pair) == [f"{n}@x.com" for n in range(6)]
    pair.assert_calm()


def test_results_come_to_whoever_asks_whichever_thread_made_them():
    def refused():
        raise ValueError("no")

    for at_once in (1, 2):
        with Threads()(at_once) as start:
            found, failed = start(lambda: 7), start(refused)
            assert found() == 7
            with pytest.raises(ValueError, match="no"):
                failed()


def test_no_half_of_a_refused_batch_is_sent_where_a_call_beside_it_was_not_carried_out(pair):
    fill(pair, 6)
    shop = pair.systems["shop"]
    shop.refuses_batches = True
    shop.refuses = lambda row: "bad" if row.get("email") == "2@x.com" else None  # in the second batch
    pair.shop.faults = {1: ThrottledError("not now")}
    in_order(pair)
    assert pair.shop.calls == 3
    in_order(pair)
    assert emails(pair) == [f"{n}@x.com" for n in (0, 1, 3, 4, 5)]
