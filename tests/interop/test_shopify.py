"""Shopify's own client library against the fake shop, on a loopback port."""

import json

import pytest

from model.clock import ManualClock
from syncline.sandbox.shopify import ShopifyFake
from syncline.sandbox.wire import Server

shopify = pytest.importorskip("shopify")


@pytest.fixture
def fake():
    return ShopifyFake(ManualClock())


@pytest.fixture
def asked(fake):
    with Server(fake) as server:
        shopify.ShopifyResource.site = f"{server.url}/admin/api/2026-10"
        shopify.ShopifyResource.headers = {"X-Shopify-Access-Token": "shpat_static"}
        yield lambda query, **variables: json.loads(shopify.GraphQL().execute(query, variables))
        shopify.ShopifyResource.clear_session()


PAGE = """
query People($after: String) {
  customers(first: 2, after: $after, sortKey: ID) {
    nodes { id firstName defaultEmailAddress { emailAddress } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
MAKE = """
mutation Make($input: CustomerInput!) {
  customerCreate(input: $input) { customer { id } userErrors { field message } }
}
"""


def test_customers_are_read_page_by_page(asked, fake):
    fake.seed("customers", [{"firstName": f"P{n}", "email": f"p{n}@example.com"} for n in range(5)])
    found, after = [], None
    while True:
        page = asked(PAGE, after=after)["data"]["customers"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert [one["firstName"] for one in found] == [f"P{n}" for n in range(5)]
    assert found[3]["defaultEmailAddress"]["emailAddress"] == "p3@example.com"


def test_a_customer_is_made_and_a_second_with_the_address_is_refused_in_words(asked, fake):
    made = asked(MAKE, input={"firstName": "Ana", "email": "ana@example.com"})["data"]["customerCreate"]
    assert made["userErrors"] == []
    assert [row["firstName"] for row in fake.rows("customers")] == ["Ana"]
    again = asked(MAKE, input={"firstName": "Bo", "email": "ana@example.com"})["data"]["customerCreate"]
    assert again["customer"] is None
    assert again["userErrors"][0]["field"][-1] == "email"
    assert len(fake.rows("customers")) == 1


def test_what_the_schema_does_not_have_is_an_error_of_the_query(asked):
    assert "shoeSize" in asked("{ customers(first: 1) { nodes { shoeSize } } }")["errors"][0]["message"]
