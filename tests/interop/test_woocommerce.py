"""The vendor's own client for Python (`woocommerce`) against the fake shop, over plain http: it signs each request."""

import pytest

from syncline.sandbox.wire import Server
from syncline.sandbox.woocommerce import WooCommerceFake

woocommerce = pytest.importorskip("woocommerce")


@pytest.fixture
def fake():
    return WooCommerceFake(tls=False)


@pytest.fixture
def client(fake):
    with Server(fake) as server:
        yield woocommerce.API(server.url, "ck_key", "cs_secret", timeout=20)


def test_a_customer_is_made_read_changed_and_removed(fake, client):
    made = client.post("customers", {"email": "zoe@example.com", "first_name": "Zoë", "billing": {"city": "Köln"}})
    assert made.status_code == 201
    number = made.json()["id"]
    assert client.get(f"customers/{number}").json()["billing"]["city"] == "Köln"
    assert client.put(f"customers/{number}", {"last_name": "Łukasz"}).json()["last_name"] == "Łukasz"
    assert client.delete(f"customers/{number}").status_code == 501
    assert client.delete(f"customers/{number}", params={"force": True}).status_code == 200
    assert fake.rows("customers") == []


def test_lists_are_counted_sorted_and_cut_into_pages(fake, client):
    made = fake.seed("customers", [{"email": f"n{n}@example.com"} for n in range(7)])
    answer = client.get("customers", params={"per_page": 3, "page": 2, "orderby": "id", "order": "asc"})
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("7", "3")
    assert [str(row["id"]) for row in answer.json()] == made[3:6]


def test_an_address_that_is_taken_is_refused_by_its_code(fake, client):
    fake.seed("customers", [{"email": "taken@example.com"}])
    answer = client.post("customers", {"email": "Taken@example.com"})
    assert (answer.status_code, answer.json()["code"]) == (400, "registration-error-email-exists")


def test_a_batch_answers_row_by_row_and_refuses_more_than_a_hundred(fake, client):
    (number,) = fake.seed("customers", [{"email": "one@example.com"}])
    rows = {"create": [{"email": "two@example.com"}, {"email": "nobody"}], "delete": [int(number), 999]}
    answer = client.post("customers/batch", rows).json()
    assert answer["create"][0]["email"] == "two@example.com"
    assert answer["create"][1]["error"]["code"] == "registration-error-invalid-email"
    assert answer["delete"][1]["error"]["code"] == "woocommerce_rest_invalid_id"
    assert [row["email"] for row in fake.rows("customers")] == ["two@example.com"]
    assert client.post("customers/batch", {"delete": list(range(1, 102))}).status_code == 413


def test_an_order_s_lines_are_appended_without_an_id(client):
    order = client.post("orders", {"line_items": [{"sku": "QC-11", "quantity": 2}]}).json()
    assert order["total"] == "28.00"
    again = client.put(f"orders/{order['id']}", {"line_items": [{"sku": "QC-11", "quantity": 1}]}).json()
    assert [line["quantity"] for line in again["line_items"]] == [2, 1]


def test_the_schema_of_a_route_is_told(client):
    schema = client.options("orders").json()["schema"]
    assert "completed" in schema["properties"]["status"]["enum"]


def test_a_wrong_secret_is_refused(fake):
    with Server(fake) as server:
        answer = woocommerce.API(server.url, "ck_key", "cs_wrong", timeout=20).get("customers")
    assert (answer.status_code, answer.json()["code"]) == (401, "woocommerce_rest_authentication_error")
