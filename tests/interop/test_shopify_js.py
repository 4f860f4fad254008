"""Shopify's own client in JavaScript against the fake shop."""

from model.clock import ManualClock
from syncline.sandbox.shopify import ShopifyFake
from syncline.sandbox.wire import Server
from tests.interop.from_npm import driven


def test_customers_are_made_read_page_by_page_and_refused_in_words():
    fake = ShopifyFake(ManualClock())
    fake.seed("customers", [{"lastName": f"P{n}"} for n in range(4)])
    with Server(fake) as server:
        told = driven("shopify.cjs", server.url)
    assert told["made"]["data"]["customerSet"]["customer"]["displayName"] == "Ng"
    (refusal,) = told["again"]["data"]["customerSet"]["userErrors"]
    assert (refusal["field"], refusal["code"]) == (["input", "email"], "TAKEN")
    assert told["names"] == ["P0", "P1", "P2", "P3", "Ng"]
    assert "shoeSize" in told["wrong"]["graphQLErrors"][0]["message"]
    assert len(fake.rows("customers")) == 5
