"""The client `netsuite` finds its way about the fake account: signatures, SuiteQL, records, metadata.

It asks for older versions of httpx and oauthlib than the product has, and works with the newer ones: `make interop`
installs it without its requirements (`requirements-alone.txt`).
"""

import asyncio

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from syncline.sandbox.netsuite import NetSuiteFake
from syncline.sandbox.wire import Server

pytest.importorskip("netsuite")

from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from netsuite.config import Config, TokenAuth
from netsuite.rest_api import NetSuiteRestApi
from netsuite.rest_api_base import NetsuiteAPIRequestError

# The client uses what the libraries below it call outdated.
pytestmark = [
    pytest.mark.filterwarnings("ignore:use sign_hmac_sha256_with_client:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]

AUTH = {"consumer_key": "ck", "consumer_secret": "cs", "token_id": "tk", "token_secret": "ts"}


@pytest.fixture
def fake():
    return NetSuiteFake()


@pytest.fixture
def api(fake):
    with Server(fake) as server:

        class Local(NetSuiteRestApi):
            def _make_url(self, subpath):
                return f"{server.url}/services/rest{subpath}"

        def make(**wrong):
            auth = TokenAuth(**{**AUTH, **wrong})
            return Local(Config(account="1234567_SB1", auth=auth))

        yield make


def test_it_signs_in_and_a_wrong_secret_is_refused(fake, api):
    assert asyncio.run(api().get("/record/v1/customer"))["totalResults"] == 0
    with pytest.raises(NetsuiteAPIRequestError, match="INVALID_LOGIN"):
        asyncio.run(api(token_secret="other").get("/record/v1/customer"))


def test_it_writes_and_reads_a_record(fake, api):
    new = {"companyName": "Käserei Süd", "isPerson": False, "subsidiary": {"id": "1"}, "externalId": "C-1"}
    asyncio.run(api().post("/record/v1/customer", json=new))
    shown = asyncio.run(api().get("/record/v1/customer/eid:C-1"))
    assert (shown["companyName"], shown["isPerson"]) == ("Käserei Süd", False)
    path = f"/record/v1/customer/{shown['id']}"
    asyncio.run(api().patch(path, json={"phone": "1", "globalSubscriptionStatus": {"id": "2"}}))
    assert asyncio.run(api().get(path))["globalSubscriptionStatus"]["refName"] == "Soft Opt-Out"
    asyncio.run(api().put("/record/v1/customer/eid:C-1", json={"phone": "2"}))
    assert [row["phone"] for row in fake.rows("customer")] == ["2"]
    asyncio.run(api().delete(path))
    with pytest.raises(NetsuiteAPIRequestError, match="NONEXISTENT_ID"):
        asyncio.run(api().get(path))


def test_it_queries_in_pages(fake, api):
    fake.seed("customer", [{"companyName": f"Company {n}"} for n in range(12)])
    text = "SELECT id, companyname FROM customer ORDER BY id"
    pages = [asyncio.run(api().suiteql(text, limit=5, offset=offset)) for offset in (0, 5, 10)]
    assert [row["companyname"] for page in pages for row in page["items"]] == [f"Company {n}" for n in range(12)]
    assert [page["hasMore"] for page in pages] == [True, True, False]
    with pytest.raises(NetsuiteAPIRequestError, match="INVALID_PARAMETER"):
        asyncio.run(api().suiteql("SELECT nothing FROM customer"))


def test_it_reads_what_a_record_consists_of(fake, api):
    fake.add_field("customer", "custentity_tier choice =gold|silver")
    schema = asyncio.run(api().jsonschema("customer"))
    assert schema["properties"]["custentity_tier"]["x-ns-custom-field"] is True


def test_what_it_misspells_it_is_told(fake, api):
    with pytest.raises(NetsuiteAPIRequestError, match="INVALID_CONTENT"):
        asyncio.run(api().post("/record/v1/customer", json={"companyName": "A", "compnayName": "A"}))


def test_another_s_signed_assertion_gets_a_token_that_lets_in():
    """Authlib's, which the client brings along: RFC 7523, with the account's certificate id as ``kid``."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    with Server(NetSuiteFake(certificates={"cert-1": public.decode()})) as server:
        address = f"{server.url}/services/rest/auth/oauth2/v1/token"
        method = PrivateKeyJWT(
            address, headers={"kid": "cert-1", "typ": "JWT"}, claims={"scope": "rest_webservices"}, alg="PS256"
        )
        with OAuth2Client("client", private.decode(), token_endpoint_auth_method=method) as session:
            token = session.fetch_token(address, grant_type="client_credentials")
            assert token["token_type"] == "bearer"
            answer = session.get(f"{server.url}/services/rest/record/v1/customer")
            assert answer.json()["totalResults"] == 0
