"""A fake org and connectors to it, on a clock that stands still."""

import pytest

from connectors.salesforce import SalesforceConnector
from connectors.salesforce.settings import SalesforceSettings
from connectors.sdk import (
    Context,
)
from model.clock import ManualClock
from syncline.sandbox.salesforce import SalesforceFake
from syncline.sandbox.wire import transport

MY_DOMAIN = "https://example.my.salesforce.com"
SECRET = "s3cr3t-canary"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return SalesforceFake(clock, clients={"app": SECRET})


@pytest.fixture
def make(fake, clock):
    made = []

    def build(url=MY_DOMAIN, carrier=None, on_quota=None, **given):
        given = {"auth": {"kind": "client_credentials", "client_id": "app", "client_secret": SECRET}, **given}
        context = Context(clock=clock, transport=carrier or transport(fake), on_quota=on_quota)
        connector = SalesforceConnector(SalesforceSettings(login_url=url, **given), context)
        made.append(connector)
        return connector

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def crm(make):
    return make()
