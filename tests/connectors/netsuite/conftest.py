"""A fake account and connectors to it, on a clock that stands still."""

import pytest

from connectors.netsuite import NetSuiteConnector, NetSuiteSettings
from connectors.sdk import Context
from model.clock import ManualClock
from syncline.sandbox.netsuite import NetSuiteFake
from syncline.sandbox.wire import transport

SECRETS = {"consumer_key": "ck", "consumer_secret": "cs-canary", "token": "tk", "token_secret": "ts-canary"}


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return NetSuiteFake(clock, secrets=SECRETS, cap=20)


@pytest.fixture
def make(fake, clock):
    made = []

    def build(system=None, **given):
        settings = {"account": "1234567_SB1", "zone": "America/Los_Angeles", "page": 5, **given}
        settings.setdefault("auth", {"kind": "token", **SECRETS})
        context = Context(connection="erp", clock=clock, transport=transport(system or fake))
        made.append(NetSuiteConnector(NetSuiteSettings.model_validate(settings), context))
        return made[-1]

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def erp(make):
    return make()


@pytest.fixture
def queries(fake):
    """What was asked in SuiteQL so far."""
    return lambda: [request.json()["q"] for request in fake.seen if request.path.endswith("/suiteql")]
