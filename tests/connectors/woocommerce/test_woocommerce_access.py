"""The way in: keys, signatures, and what check() says of a shop that is not as it should be."""

import pytest

from connectors.sdk import ProtocolError, UnauthorisedError
from connectors.woocommerce import WooCommerceSettings
from syncline.sandbox.wire import Request, Response
from syncline.sandbox.woocommerce import WooCommerceFake


def said(connector):
    return [(one.code, one.hint) for one in connector.check()]


def codes(connector):
    return [one.code for one in connector.check()]


def test_over_tls_the_key_travels_as_basic_credentials(shop, wire):
    assert codes(shop) == []
    assert {call.headers["authorization"].partition(" ")[0] for call in wire.calls} == {"Basic"}


def test_over_plain_http_requests_are_signed_and_the_secret_stays_at_home(make, clock):
    fake = WooCommerceFake(clock, tls=False)
    keys = fake.seed("customers", [{"email": f"n{n}@example.com"} for n in range(3)])
    calls = []

    class Noted:
        def handle(self, request):
            calls.append(request)
            return fake.handle(request)

    shop = make(carrier=Noted(), url="http://shop.example", page=2)
    assert codes(shop) == []
    assert [record.key for page in shop.read("customers", None) for record in page.records] == keys
    assert all(call.headers["authorization"].startswith("OAuth ") for call in calls)
    assert not any("cs_secret" in f"{call.headers}{call.query}" for call in calls)


def test_basic_credentials_over_plain_http_are_not_taken_by_the_shop(clock):
    fake = WooCommerceFake(clock, tls=False)
    asked = Request(method="GET", path="/wp-json/wc/v3/customers", headers={"authorization": "Basic Y2s6Y3M="})
    assert fake.handle(asked).status == 401


def test_a_wrong_secret_is_said(make):
    assert codes(make(consumer_secret="cs_other")) == ["unauthorised"]
    with pytest.raises(UnauthorisedError):
        list(make(consumer_secret="cs_other").read("customers", None))


def test_a_host_that_strips_the_key_is_told_from_a_wrong_key(make, fake):
    class Stripping:
        def handle(self, request):
            headers = {name: value for name, value in request.headers.items() if name != "authorization"}
            return fake.handle(Request(method=request.method, path=request.path, query=request.query, headers=headers))

    [(code, hint)] = said(make(carrier=Stripping()))
    assert code == "unauthorised"
    assert "Authorization header" in hint


def test_a_key_that_may_only_read_is_said_before_anything_is_written(fake, shop):
    fake.entry.rights.discard("write")
    assert codes(shop) == ["read-only-key"]


def test_a_user_who_may_not_see_customers_is_said(fake, shop):
    fake.entry.rights.discard("manage")
    [(code, hint)] = said(shop)
    assert code == "no-access"
    assert "shop manager" in hint


def test_a_site_without_a_shop_and_an_address_without_a_site_are_told_apart(fake, shop, make):
    assert codes(make(url="https://shop.example/blog")) == ["not-a-shop"]
    fake.active = False
    assert codes(shop) == ["no-such-route"]


def test_a_release_that_ignores_the_filter_is_found_out(fake, shop):
    fake.seed("orders", [{}])
    assert codes(shop) == []
    fake.ignores = {"modified_after", "dates_are_gmt"}
    assert codes(shop) == ["filter-ignored"]


def test_a_firewall_s_page_is_no_shop_and_no_empty_list(fake, shop):
    page = Response(
        status=403, body=b"<html>Your access has been limited</html>", headers={"content-type": "text/html"}
    )
    fake.interpose(page)
    assert codes(shop) == ["not-a-shop"]
    fake.interpose(page)
    with pytest.raises(ProtocolError, match="firewall"):
        list(shop.read("customers", None))


@pytest.mark.parametrize(
    "given", ["https://shop.example/", "https://shop.example/wp-json/wc/v3", "https://shop.example/wp-json/"]
)
def test_the_address_may_be_given_with_the_way_to_the_api(given):
    settings = WooCommerceSettings(url=given, consumer_key="ck", consumer_secret="cs")
    assert settings.url == "https://shop.example"
