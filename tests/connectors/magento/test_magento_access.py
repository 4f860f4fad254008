"""Ways into an Adobe Commerce shop, and what is said where they are shut."""

import pytest

from connectors.magento.errors import rendered
from connectors.sdk import OutcomeKind, UnauthorisedError, UnreachableError, Write
from syncline.sandbox.magento import MagentoFake


def codes(connector):
    return [finding.code for finding in connector.check()]


def test_a_good_connection_has_nothing_to_say(connect):
    assert codes(connect()) == []


def test_wrong_secrets_missing_rights_and_a_wrong_address_are_told_apart(fake, connect):
    fake.denied = {"orders"}
    [finding] = connect().check()
    assert (finding.code, "Magento_Sales::actions_view" in finding.message) == ("no-access", True)
    fake.signatures.consumer_secret = "another"
    assert codes(connect()) == ["unauthorised"]
    assert codes(connect(url="https://shop.example.com/blog")) == ["protocol"]


def test_the_right_to_write_customers_is_missed_before_anything_is_written(fake, connect):
    fake.denied = {"manage"}
    [finding] = connect().check()
    assert (finding.code, "Magento_Customer::manage" in finding.message) == ("no-access", True)


def test_a_queue_whose_outcomes_may_not_be_asked_for_is_told_before_anything_is_written(fake, connect):
    fake.denied = {"bulk"}
    [finding] = connect().check()
    assert (finding.code, "bulk_from" in finding.hint) == ("no-access", True)
    assert codes(connect(bulk_from=0)) == []


def test_a_store_view_that_is_not_there_is_named_with_those_that_are(connect):
    [finding] = connect(store_view="german").check()
    assert (finding.code, finding.hint) == ("unknown-store-view", "it has: default, french")


def test_a_marker_that_is_not_there_is_missed(fake, connect):
    del fake.shop.attributes["syncline_id"]
    assert codes(connect()) == ["marker-missing"]
    assert codes(connect(marker=None)) == []


def test_a_shop_without_companies_says_so(fake, connect):
    fake.b2b = False
    assert codes(connect()) == ["no-companies"]
    assert codes(connect(companies=False)) == []
    assert [stream.name for stream in connect(companies=False).declared_streams()] == ["customers", "orders"]


def test_a_token_alone_is_taken_where_the_shop_allows_it(fake, connect):
    bearer = {"kind": "bearer", "token": "access-token"}
    assert codes(connect(auth=bearer)) == ["unauthorised"]
    fake.bearer = True
    assert codes(connect(auth=bearer)) == []


@pytest.fixture
def cloud(clock):
    return MagentoFake(clock, tenant="t1")


class TestInTheCloudService:
    """Adobe's own hosting: tokens of its identity service, other addresses."""

    @pytest.fixture
    def fake(self, cloud):
        return cloud

    @pytest.fixture
    def shop(self, connect):
        ims = {"kind": "ims", "client_id": "client", "client_secret": "consumer-secret"}
        ims["token_url"] = "https://ims.example.com/ims/token/v3"
        return connect(url="https://na1.api.example.com/t1", auth=ims)

    def test_it_is_read_and_written_single_and_in_bulk(self, fake, shop):
        rows = [{"firstname": "P", "lastname": str(n), "email": f"p{n}@example.com"} for n in range(6)]
        assert codes(shop) == []
        outcomes = shop.upsert("customers", [Write(None, row, marker=f"h{n}") for n, row in enumerate(rows)])
        outcomes += shop.upsert("customers", [Write(None, {**rows[0], "email": "x@example.com"}, marker="h9")])
        assert {outcome.kind for outcome in outcomes} == {OutcomeKind.APPLIED}
        assert fake.calls["POST async/bulk/customers"] == fake.calls["POST customers"] == 1

    def test_a_token_that_ended_is_renewed(self, fake, shop, clock):
        list(shop.read("customers", None))
        fake.tokens.clear()
        list(shop.read("customers", None))
        assert len(fake.tokens) == 1


def test_maintenance_is_waited_out_or_said_and_never_taken_for_an_empty_shop(fake, connect, ana):
    fake.seed("customers", [ana])
    fake.maintenance = True
    with pytest.raises(UnreachableError):
        list(connect().read("customers", None))
    assert codes(connect()) == ["unreachable"]


def test_missing_rights_are_named_while_reading(fake, connect):
    fake.denied = {"customers"}
    with pytest.raises(UnauthorisedError, match="Magento_Customer::customer"):
        list(connect().read("customers", None))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"message": "%1 of %2", "parameters": ["one", 2]}, "one of 2"),
        ({"message": "No %fieldName", "parameters": {"fieldName": "email"}}, "No email"),
        ({"message": "100 % sure %9", "parameters": ["x"]}, "100 % sure %9"),
        ({"message": "Two:", "errors": [{"message": "%1!", "parameters": ["a"]}]}, "Two: a!"),
        ({"message": "plain"}, "plain"),
    ],
)
def test_messages_are_told_with_their_parameters_filled_in(body, text):
    assert rendered(body) == text


def test_a_persons_values_are_taken_out_of_the_vendors_words(fake, connect, ana):
    [outcome] = connect().upsert("customers", [Write(None, {**ana, "gender": "Canary-5521"}, marker="h1")])
    assert outcome.kind is OutcomeKind.REFUSED
    assert outcome.field == "gender"
    assert "Canary-5521" not in outcome.message
