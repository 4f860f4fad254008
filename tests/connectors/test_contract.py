"""The contract: facts and deeds are checked against each other when a class is defined."""

import pytest

from connectors.contract import (
    CONTRACT,
    Connector,
    Context,
    Deletes,
    Replay,
    Stream,
    Writes,
    verify_deeds,
)
from connectors.http import Http
from model.clock import ManualClock


@pytest.mark.parametrize(
    ("stream", "method", "because"),
    [
        (Stream(name="people", writes=Writes(replay=Replay.UPSERT)), "upsert", "declares writes"),
        (Stream(name="people", removes=True), "remove", "declares removes"),
        (Stream(name="people", deletes=Deletes.SWEEP), "keys", "deletes=SWEEP"),
    ],
)
def test_a_promise_without_its_deed_fails_when_the_class_is_defined(stream, method, because):
    with pytest.raises(TypeError, match=rf"'people' .*{because}.* Half has no {method}\(\)"):
        type("Half", (Connector,), {"name": "half", "streams": (stream,)})


def test_streams_that_depend_on_settings_are_checked_by_the_same_rule():
    class Plain(Connector):
        name = "plain"

        def upsert(self, stream, batch):
            return []

        def fetch(self, stream, keys):
            return []

    verify_deeds(Plain, [Stream(name="a", writes=Writes(replay=Replay.UPSERT))])
    with pytest.raises(TypeError, match=r"look-up after a lost answer, but Plain has no find\(\)"):
        verify_deeds(Plain, [Stream(name="a", writes=Writes(replay=Replay.LOOKUP, marker="ref"))])


def test_a_read_only_connector_needs_no_deed_but_reading():
    class Reader(Connector):
        name = "reader"
        streams = (Stream(name="a"),)

    connector = Reader(Reader.Settings())
    assert connector.contract == CONTRACT
    assert connector.stream("a").name == "a"
    assert connector.discover("a") == ()
    with pytest.raises(KeyError):
        connector.stream("b")


def test_a_context_lends_a_client_that_lives_on_its_clock():
    clock = ManualClock()
    http = Context(clock=clock).http("https://acme.example/", attempts=2)
    assert isinstance(http, Http)
    assert http.base_url == "https://acme.example"
    assert http.context.clock is clock
