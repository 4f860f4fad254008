"""A pulse beats while its context lasts, on a thread of its own."""

from __future__ import annotations

from threading import Event

import pytest

from model.errors import LeaseLostError, StateError
from syncline.pulse import beating

SOON = 10.0  # seconds to wait at most; the beats come every thousandth


@pytest.mark.parametrize("passing", [None, StateError("busy")])
def test_it_beats_again_and_again_even_after_a_beat_that_could_not_be_made(passing):
    beats, enough = [], Event()

    def beat():
        beats.append(1)
        if len(beats) == 3:
            enough.set()
        if passing:
            raise passing

    with beating(beat, every=0.001):
        assert enough.wait(SOON)
    made = len(beats)
    assert made >= 3
    with beating(lambda: None, every=SOON):
        pass  # ends at once, long before its first beat
    assert len(beats) == made


def test_it_stops_for_good_when_the_lease_is_lost():
    beats, first = [], Event()

    def beat():
        beats.append(1)
        first.set()
        raise LeaseLostError("taken over")

    with beating(beat, every=0.001):
        assert first.wait(SOON)
    assert len(beats) == 1
