from __future__ import annotations

import threading

import pytest

from model.errors import LeaseHeldError, LeaseLostError
from sync.decision import ActionKind, Intent
from sync.ports import Lease


def test_a_scope_has_one_holder_until_it_expires(store, clock):
    store.acquire(["contact"], "first", 60, clock.now())
    with pytest.raises(LeaseHeldError) as refused:
        store.acquire(["contact"], "second", 60, clock.now())
    assert (refused.value.scope, refused.value.holder) == ("contact", "first")
    clock.advance(61)
    assert store.acquire(["contact"], "second", 60, clock.now()).epochs == {"contact": 2}


def test_all_scopes_are_taken_or_none(store, clock):
    store.acquire(["b"], "first", 60, clock.now())
    with pytest.raises(LeaseHeldError):
        store.acquire(["a", "b", "c"], "second", 60, clock.now())
    assert set(store.acquire(["a", "c"], "third", 60, clock.now()).epochs) == {"a", "c"}


def test_a_released_scope_is_free_at_once_and_its_epoch_goes_on(store, clock):
    first = store.acquire(["contact"], "first", 60, clock.now())
    store.release(first)
    second = store.acquire(["contact"], "second", 60, clock.now())
    assert second.epochs["contact"] > first.epochs["contact"]


def test_a_superseded_holder_releases_nothing(store, clock):
    first = store.acquire(["contact"], "first", 60, clock.now())
    clock.advance(61)
    store.acquire(["contact"], "second", 60, clock.now())
    store.release(first)
    with pytest.raises(LeaseHeldError):
        store.acquire(["contact"], "third", 60, clock.now())


def test_a_commit_extends_the_lease(hub):
    hub.clock.advance(50)
    hub.load("c1")
    hub.clock.advance(50)
    with pytest.raises(LeaseHeldError):
        hub.store.acquire(["contact"], "second", 60, hub.clock.now())


def test_a_commit_after_a_takeover_changes_nothing(hub):
    hub.clock.advance(61)
    hub.store.acquire(["contact"], "second", 60, hub.clock.now())
    before = hub.contents()
    with pytest.raises(LeaseLostError):
        hub.load("c1")
    assert hub.contents() == before


def test_a_commit_is_refused_if_one_of_several_scopes_was_taken_over(hub, store, clock):
    hub.lease = store.acquire(["a", "b"], "test", 60, clock.now())
    clock.advance(61)
    store.acquire(["b"], "second", 60, clock.now())
    before = hub.contents()
    with pytest.raises(LeaseLostError, match="lease on b was"):
        hub.load("c1")
    assert hub.contents() == before


def test_a_commit_after_release_is_refused(hub):
    hub.store.release(hub.lease)
    with pytest.raises(LeaseLostError):
        hub.load("c1")


def test_an_expired_lease_that_nobody_took_over_still_commits(hub):
    hub.clock.advance(3600)
    hub.load("c1")
    assert hub.store.live_links(hub.erp) == 1


def test_no_intent_is_opened_under_a_lost_lease(hub):
    hub.clock.advance(61)
    hub.store.acquire(["contact"], "second", 60, hub.clock.now())
    intent = Intent(binding=hub.crm, kind=ActionKind.CREATE, rows=[], run=hub.run, sent_at=hub.clock.now())
    with pytest.raises(LeaseLostError):
        hub.store.intend([intent], hub.lease)
    assert hub.store.open_intents("crm") == []


def test_of_many_threads_exactly_one_takes_a_scope(store, clock):
    won: list[Lease] = []
    start = threading.Barrier(6)

    def compete(name: str) -> None:
        start.wait()
        try:
            won.append(store.acquire(["x", "y"], name, 60, clock.now()))
        except LeaseHeldError:
            return

    threads = [threading.Thread(target=compete, args=(f"worker {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [lease.epochs for lease in won] == [{"x": 1, "y": 1}]
