"""A fake shop and connectors to it, on a clock that stands still."""

import pytest

from connectors.sdk import Context
from connectors.woocommerce import WooCommerceConnector, WooCommerceSettings
from model.clock import ManualClock
from syncline.sandbox.wire import transport
from syncline.sandbox.woocommerce import WooCommerceFake
from syncline.testing import Wire


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return WooCommerceFake(clock)


@pytest.fixture
def wire(fake):
    return Wire(fake)


@pytest.fixture
def make(wire, clock):
    made = []

    def build(carrier=None, **given):
        given = {"url": "https://shop.example", "consumer_key": "ck_key", "consumer_secret": "cs_secret", **given}
        context = Context(clock=clock, transport=transport(carrier or wire))
        connector = WooCommerceConnector(WooCommerceSettings.model_validate(given), context)
        made.append(connector)
        return connector

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def shop(make):
    return make()
