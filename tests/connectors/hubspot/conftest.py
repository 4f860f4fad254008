"""A fake account and connectors to it, on a clock that stands still."""

import pytest

from connectors.hubspot import HubSpotConnector, HubSpotSettings
from connectors.oauth import MemoryTokens
from connectors.sdk import Context
from model.clock import ManualClock
from syncline.sandbox.hubspot import HubSpotFake
from syncline.sandbox.wire import transport

TOKEN = "pat-na1-canary-5521"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return HubSpotFake(clock, private_app=TOKEN)


@pytest.fixture
def make(fake, clock):
    made = []

    def build(*, tokens=None, on_quota=None, **given):
        given = {"auth": {"token": TOKEN}, "streams": ["companies", "contacts", "deals", "tickets"], **given}
        context = Context(clock=clock, transport=transport(fake), tokens=tokens or MemoryTokens(), on_quota=on_quota)
        connector = HubSpotConnector(HubSpotSettings.model_validate(given), context)
        made.append(connector)
        return connector

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def crm(make):
    return make()
