"""A fake org and an independent client of it."""

import json

import pytest
import requests
from requests.adapters import BaseAdapter
from simple_salesforce import Salesforce

from model.clock import ManualClock
from syncline.sandbox.salesforce import SalesforceFake
from syncline.sandbox.wire import Request, request_of

HOST = "https://syncline-dev-ed.my.salesforce.com"


class InProcess(BaseAdapter):
    """Hands the requests of an independent client straight to the fake."""

    def __init__(self, fake):
        super().__init__()
        self.fake = fake

    def send(self, request, **_):
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        answered = self.fake.handle(request_of(request.method, request.url, dict(request.headers), body))
        if answered.lost:
            raise requests.ConnectionError("dropped")
        response = requests.Response()
        response.status_code, response._content, response.url = answered.status, answered.body, request.url
        response.headers.update(answered.headers)
        return response

    def close(self):
        pass


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return SalesforceFake(clock)


def token(fake, **form):
    form = form or {"grant_type": "client_credentials", "client_id": "app", "client_secret": "secret"}
    body = requests.models.RequestEncodingMixin._encode_params(form).encode()
    request = Request(method="POST", path="/services/oauth2/token", headers={"host": "login.salesforce.com"}, body=body)
    return fake.handle(request)


@pytest.fixture
def sf(fake):
    with requests.Session() as session:
        session.mount("https://", InProcess(fake))
        yield Salesforce(
            session_id=json.loads(token(fake).body)["access_token"],
            instance_url=HOST,
            version="62.0",
            session=session,
        )
