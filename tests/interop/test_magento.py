"""PyMagento, an independent client, against the fake shop; it sends an integration's token alone."""

import pytest

from syncline.sandbox.magento import MagentoFake
from syncline.sandbox.wire import Server

magento = pytest.importorskip("magento")
requests = pytest.importorskip("requests")


@pytest.fixture
def fake():
    return MagentoFake(bearer=True)


@pytest.fixture
def client(fake):
    with (
        Server(fake) as server,
        magento.Magento("access-token", server.url, scope="default", batch_page_size=300) as client,
    ):
        yield client


def people(count):
    return [{"firstname": "P", "lastname": str(n), "email": f"p{n}@example.com"} for n in range(count)]


def test_customers_are_read_page_by_page_to_the_end_and_no_further(fake, client):
    keys = fake.seed("customers", people(7))
    assert [str(one["id"]) for one in client.get_customers(limit=-1, page_size=3)] == keys
    assert fake.calls["GET customers/search"] == 3


def test_a_page_past_the_end_is_the_last_one_again(fake, client):
    fake.seed("customers", people(5))
    asked = {"searchCriteria[pageSize]": 3, "searchCriteria[currentPage]": 9}
    answer = client.get_json_api("/V1/customers/search", params=asked)
    assert [one["lastname"] for one in answer["items"]] == ["3", "4"]


def test_searches_are_understood_as_the_client_writes_them(fake, client):
    fake.seed("customers", people(5))
    query = magento.make_search_query(
        [[("email", "p1@example.com", "eq"), ("lastname", "3", "eq")], [("entity_id", 2, "gteq")]],
        sort_orders=[("entity_id", "DESC")],
    )
    assert [one["lastname"] for one in client.get_customers(query=query, page_size=50)] == ["3", "1"]


def test_a_customer_is_made_read_changed_and_removed(fake, client):
    made = client.post_json_api("/V1/customers", json={"customer": people(1)[0]})
    assert client.get_customer(made["id"])["email"] == "p0@example.com"
    changed = {**made, "lastname": "New"}
    assert client.put_json_api(f"/V1/customers/{made['id']}", json={"customer": changed})["lastname"] == "New"
    assert client.delete_json_api(f"/V1/customers/{made['id']}") is True
    assert fake.shop.tables["customers"] == {}


def test_an_address_that_is_taken_is_an_error_with_the_shops_words(client):
    client.post_json_api("/V1/customers", json={"customer": people(1)[0]})
    with pytest.raises(magento.MagentoException, match="same email address already exists"):
        client.post_json_api("/V1/customers", json={"customer": people(1)[0]})


def test_a_bulk_is_queued_and_its_status_asked_for(fake, client):
    fake.queue.delay = 0.0
    bodies = [{"customer": one} for one in [*people(2), people(1)[0]]]
    queued = client.post_json_api("/V1/customers", json=bodies, async_bulk=True)
    assert [item["status"] for item in queued["request_items"]] == ["accepted"] * 3
    told = client.get_bulk_detailed_status(queued["bulk_uuid"])["operations_list"]
    assert [one["status"] for one in told] == [1, 1, 3]
    assert client.get_bulk_operation_status_count(queued["bulk_uuid"], 3) == 1


def test_orders_and_store_views_are_listed(fake, client):
    fake.seed("orders", [{"customer_email": "a@example.com"}])
    [order] = list(client.get_orders())
    assert order["increment_id"] == "000000001"
    assert "default" in [view["code"] for view in client.get_store_views()]
    assert client.get_country("DE")["id"] == "DE"


def test_a_token_alone_is_refused_by_default(fake, client):
    fake.bearer = False
    with pytest.raises(requests.HTTPError, match="isn't authorized"):
        client.get_store_views()
