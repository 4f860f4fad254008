"""A killed process must not keep the next one waiting."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from model.errors import LeaseHeldError
from syncline.wiring import gone, holder, machine


def _ended_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_living_process_is_not_gone():
    assert not gone(holder("person"))


def test_an_ended_process_of_this_machine_is_gone():
    assert gone(f"person on {machine()} ({_ended_process()})")


def test_nothing_is_known_of_processes_elsewhere_or_of_other_names():
    assert not gone(f"person on elsewhere ({os.getpid()})")
    assert not gone("somebody")


def test_the_lease_of_a_killed_process_is_taken_over_at_once(store, clock):
    killed = f"schedule on {machine()} ({_ended_process()})"
    store.acquire(["entity:contact"], killed, 120, clock.now())
    with pytest.raises(LeaseHeldError):
        store.acquire(["entity:contact"], holder("person"), 120, clock.now())
    lease = store.acquire(["entity:contact"], holder("person"), 120, clock.now(), gone)
    assert lease.epochs == {"entity:contact": 2}
