"""A fake account and connectors to it, on a clock that stands still."""

import pytest

from connectors.netsuite import NetSuiteConnector, NetSuiteSettings
from connectors.sdk import Context
from model.clock import ManualClock
from syncline.sandbox.netsuite import NetSuiteFake
from syncline.sandbox.wire import Response, transport

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


@pytest.fixture
def failing(fake):
    """The account, which answers some calls otherwise: each ``(part of the call, status, code, how often)``. Parts are
    looked for in method, path and body."""

    class Failing:
        def __init__(self):
            self.plans = []

        def handle(self, request):
            call = f"{request.method} {request.path} {request.body.decode()}"
            for plan in self.plans:
                if plan[0] in call and plan[3] > 0:
                    plan[3] -= 1
                    detail = plan[4] if len(plan) > 4 else "An unexpected error occurred."
                    body = {"o:errorDetails": [{"detail": detail, "o:errorCode": plan[2]}]}
                    return Response.of(body if plan[2] else "<html>", plan[1])
            return fake.handle(request)

    return Failing()
