"""A fake organisation and connectors to it, on a clock that stands still."""

import pytest

from connectors.oauth import MemoryTokens
from connectors.sdk import Context
from connectors.zoho import ZohoConnector, ZohoSettings
from model.clock import ManualClock
from syncline.sandbox.wire import transport
from syncline.sandbox.zoho import ZohoFake
from syncline.sandbox.zoho.oauth import SCOPES

SECRET, REFRESH = "s3cr3t-canary", "r3fr3sh-canary"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return ZohoFake(clock, clients={"app": SECRET}, refresh_tokens={REFRESH: SCOPES})


@pytest.fixture
def tokens():
    return MemoryTokens()


@pytest.fixture
def make(fake, clock, tokens):
    made = []

    def build(on_quota=None, carrier=fake, **given):
        auth = {"kind": "refresh_token", "client_id": "app", "client_secret": SECRET, "refresh_token": REFRESH}
        settings = ZohoSettings(**{"data_center": "eu", "auth": auth, "streams": ["Accounts", "Contacts"], **given})
        context = Context(clock=clock, transport=transport(carrier), tokens=tokens, on_quota=on_quota)
        made.append(ZohoConnector(settings, context))
        return made[-1]

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def crm(make):
    return make()
