"""A fake environment and connectors to it, on a clock that stands still."""

import pytest

from connectors.dynamics import DynamicsConnector, DynamicsSettings
from connectors.sdk import Context
from model.clock import ManualClock
from syncline.sandbox.dynamics import DynamicsFake
from syncline.sandbox.wire import transport

URL = "https://contoso.crm4.dynamics.com"
SECRET = "s3cr3t-canary"
STREAMS = ["account", "contact", "lead", "opportunity", "incident"]


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return DynamicsFake(clock, clients={"app": SECRET}, page=3)


@pytest.fixture
def make(fake, clock):
    made = []

    def build(carrier=None, on_quota=None, auth=None, **given):
        auth = {"tenant": "contoso.onmicrosoft.com", "client_id": "app", "client_secret": SECRET, **(auth or {})}
        settings = DynamicsSettings(**{"url": URL, "streams": STREAMS, "auth": auth, **given})
        context = Context(clock=clock, transport=carrier or transport(fake), on_quota=on_quota)
        connector = DynamicsConnector(settings, context)
        made.append(connector)
        return connector

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def crm(make):
    return make()


@pytest.fixture
def read():
    """Records by key, and the cursor after them."""

    def all_of(crm, stream, since=None):
        pages = list(crm.read(stream, since))
        return {record.key: record for page in pages for record in page.records}, pages[-1].cursor

    return all_of
