"""A fake shop and a connector to it."""

import pytest

from connectors.magento import MagentoConnector, MagentoSettings
from connectors.oauth import MemoryTokens
from connectors.sdk import Context
from model.clock import ManualClock
from syncline.sandbox.magento import MagentoFake
from syncline.sandbox.wire import transport

AUTH = {
    "kind": "oauth1",
    "consumer_key": "consumer-key",
    "consumer_secret": "consumer-secret",
    "token": "access-token",
    "token_secret": "token-secret",
}
ANA = {"firstname": "Ana", "lastname": "Trujillo", "email": "ana@example.com"}
JEAN = {"firstname": "Jean", "lastname": "Fresniere", "email": "jean@example.com"}
HOME = {
    "firstname": "Ana",
    "lastname": "Trujillo",
    "street": ["2732 Baker Blvd."],
    "city": "Eugene",
    "country_id": "US",
    "region": {"region": "Oregon", "region_code": "OR", "region_id": 49},
    "postcode": "97403",
    "telephone": "555-7555",
}


@pytest.fixture
def ana():
    return dict(ANA)


@pytest.fixture
def jean():
    return dict(JEAN)


@pytest.fixture
def home():
    return dict(HOME)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return MagentoFake(clock)


@pytest.fixture
def connect(fake, clock):
    """Makes connectors; their arguments are settings, and who carries requests to the shop."""
    made = []

    def make(carrier=fake, **settings):
        given = {"url": "https://shop.example.com", "auth": AUTH, "companies": True, **settings}
        context = Context(clock=clock, transport=transport(carrier), tokens=MemoryTokens())
        made.append(MagentoConnector(MagentoSettings.model_validate(given), context))
        return made[-1]

    yield make
    for connector in made:
        connector.close()
