"""A fake tenant and connectors to it, on a clock that stands still."""

import pytest

from connectors.c4c import C4cConnector, C4cSettings
from connectors.sdk import Context
from model.clock import ManualClock
from syncline.sandbox.c4c import C4cFake
from syncline.sandbox.wire import transport

HOST = "https://my300000.crm.example"
SECRET = "s3cr3t-canary"
ALL = ["accounts", "contacts", "leads", "opportunities", "tickets"]


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return C4cFake(clock, users={"USER": SECRET})


@pytest.fixture
def make(fake, clock):
    made = []

    def build(carrier=None, of=None, **given):
        auth = {"kind": "basic", "user": "USER", "password": SECRET}
        given = {"url": HOST, "auth": auth, "streams": ALL, **given}
        connector = C4cConnector(C4cSettings(**given), Context(clock=clock, transport=carrier or transport(of or fake)))
        made.append(connector)
        return connector

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def tenant(make):
    return make()
