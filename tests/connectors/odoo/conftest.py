"""A fake server and connectors to it, on a clock that stands still."""

import pytest

from connectors.odoo import OdooConnector, OdooSettings
from connectors.sdk import Context
from model.clock import ManualClock
from syncline.sandbox.odoo import OdooFake
from syncline.sandbox.wire import transport

ALL = ["companies", "people", "leads", "opportunities", "orders"]


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return OdooFake(clock)


@pytest.fixture
def make(fake, clock):
    made = []

    def build(server=fake, **given):
        given = {"key": "canary-key", "database": "demo", "login": "admin", "streams": ALL, **given}
        settings = OdooSettings(url="https://acme.example.com", **given)
        connector = OdooConnector(settings, Context(clock=clock, transport=transport(server)))
        made.append(connector)
        return connector

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def erp(make):
    return make()
