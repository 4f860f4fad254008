"""A fake enterprise and connectors to it, on a clock that stands still."""

import pytest

from connectors.sdk import Context
from connectors.siebel import SiebelConnector, SiebelSettings
from model.clock import ManualClock
from syncline.sandbox.siebel import SiebelFake
from syncline.sandbox.wire import transport

URL = "https://crm.example.com:9001/siebel/v1.0"
PASSWORD = "s3cr3t-canary"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return SiebelFake(clock, users={"SYNCLINE": PASSWORD})


@pytest.fixture
def make(fake, clock):
    made = []

    def build(of=None, **given):
        given = {"auth": {"kind": "basic", "user": "SYNCLINE", "password": PASSWORD}, "zone": "Europe/Berlin", **given}
        settings = SiebelSettings.model_validate({"url": URL, **given})
        connector = SiebelConnector(settings, Context(clock=clock, transport=transport(of or fake)))
        made.append(connector)
        return connector

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def crm(make):
    return make(streams=["Account", "Contact", "Opportunity", "Service Request"])
