"""A fake system and connectors to it, on a clock that stands still."""

import pytest

from connectors.hybris import HybrisConnector, HybrisSettings
from connectors.sdk import Context
from model.clock import ManualClock
from syncline.sandbox.hybris import HybrisFake
from syncline.sandbox.wire import transport

HOST = "https://api.shop.example"
SECRET = "s3cr3t-canary"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return HybrisFake(clock, users={"hub": SECRET}, clients={"app": SECRET})


@pytest.fixture
def make(fake, clock):
    made = []

    def build(carrier=None, of=None, **given):
        given = {"url": HOST, "auth": {"kind": "basic", "user": "hub", "password": SECRET}, **given}
        context = Context(clock=clock, transport=carrier or transport(of or fake))
        connector = HybrisConnector(HybrisSettings(**given), context)
        made.append(connector)
        return connector

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def shop(make):
    return make()
