"""A fake system and connectors to it, on a clock that stands still."""

import pytest

from connectors.s4hana import S4HanaConnector, S4HanaSettings
from connectors.sdk import Context
from model.clock import ManualClock
from syncline.sandbox.s4hana import S4HanaFake
from syncline.sandbox.wire import transport

HOST = "https://my300000-api.s4hana.example"
SECRET = "s3cr3t-canary"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return S4HanaFake(clock, users={"USER": SECRET}, clients={"app": SECRET})


@pytest.fixture
def make(fake, clock):
    made = []

    def build(carrier=None, of=None, **given):
        given = {"url": HOST, "auth": {"kind": "basic", "user": "USER", "password": SECRET}, **given}
        context = Context(clock=clock, transport=carrier or transport(of or fake))
        connector = S4HanaConnector(S4HanaSettings(**given), context)
        made.append(connector)
        return connector

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def sap(make):
    return make()
