"""What an Adobe Commerce shop shows, and in what order."""

import orjson
import pytest

from connectors.sdk import CursorExpiredError, ProtocolError
from syncline.sandbox.wire import Response


def read(connector, stream="customers", since=None):
    return list(connector.read(stream, since))


def people(fake, count):
    rows = ({"firstname": "P", "lastname": str(n), "email": f"p{n}@example.com"} for n in range(count))
    return fake.seed("customers", rows)


def test_a_number_past_the_end_would_show_the_last_page_again_and_is_never_asked_for(fake, connect):
    people(fake, 4)
    pages = read(connect(page_size=2))
    keys = [record.key for page in pages for record in page.records]
    assert sorted(keys) == ["1", "2", "3", "4"]
    assert len(keys) == 4


def test_a_second_in_which_more_changed_than_fit_into_a_page_is_read_whole(fake, connect, clock):
    many = people(fake, 11)
    clock.advance(1)
    late = people_named(fake, "late")
    keys = [record.key for page in read(connect(page_size=3)) for record in page.records]
    assert sorted(keys, key=int) == [*many, late]


def people_named(fake, name):
    return fake.seed("customers", [{"firstname": "P", "lastname": name, "email": f"{name}@example.com"}])[0]


def test_an_edited_address_does_not_move_the_stamp_and_is_shown_by_a_full_read_only(fake, connect, clock, ana, home):
    [key] = fake.seed("customers", [{**ana, "addresses": [{**home, "default_billing": True}]}])
    clock.advance(60)
    connector = connect()
    since = read(connector)[-1].cursor
    people_named(fake, "later")
    clock.advance(3600)
    people_named(fake, "latest")
    since = read(connector, since=since)[-1].cursor
    moved = {**fake.row("customers", key)["addresses"][0], "city": "Portland"}
    fake.edit("customers", key, addresses=[moved])
    changed = {record.key for page in read(connector, since=since) for record in page.records}
    assert key not in changed
    full = {record.key: record.data for page in read(connector) for record in page.records}
    assert full[key]["billing"]["city"] == "Portland"
    [stream] = [stream for stream in connector.declared_streams() if stream.name == "customers"]
    assert "addresses" in stream.watermark.misses


def test_default_addresses_and_custom_attributes_are_shown_by_name(fake, connect, ana, home):
    twice = {**home, "street": ["2732 Baker Blvd.", "Unit 7"], "default_billing": True, "default_shipping": True}
    nickname = [{"attribute_code": "nickname", "value": "Nana"}]
    fake.seed("customers", [{**ana, "addresses": [twice], "custom_attributes": nickname}])
    [record] = read(connect())[0].records
    assert record.data["billing"]["street"] == "2732 Baker Blvd.\nUnit 7"
    assert record.data["shipping"]["region_code"] == "OR"
    assert record.data["custom"] == {"nickname": "Nana"}


def test_only_customers_of_the_configured_website_are_shown(fake, connect, ana, jean):
    fake.seed("customers", [ana, {**ana, "website_id": 2}, jean])
    shown = {record.key for page in read(connect(website_id=2)) for record in page.records}
    assert shown == {"2"}


def test_a_customer_who_moved_to_another_website_is_not_taken_for_deleted(fake, connect, ana):
    [key] = fake.seed("customers", [{**ana, "website_id": 2}])
    connector = connect(website_id=1)
    assert [list(page) for page in connector.keys("customers")] == [[]]
    [record] = connector.fetch("customers", [key])
    assert not record.deleted


def test_a_comma_in_a_value_that_is_looked_for_does_not_split_it(fake, connect, ana, jean):
    fake.seed("customers", [{**ana, "custom_attributes": [{"attribute_code": "nickname", "value": "a, b"}]}, jean])
    found = connect().find("customers", "custom.nickname", ["a, b"])
    assert [record.key for record in found] == ["1"]


def test_an_order_shows_where_it_is_billed_and_sent_to(fake, connect):
    sent = {"shipping_assignments": [{"shipping": {"address": {"street": ["A 1"], "city": "Graz"}}}]}
    fake.seed("orders", [{"billing_address": {"street": ["B 2"], "city": "Linz"}, "extension_attributes": sent}])
    [record] = read(connect(), "orders")[0].records
    assert (record.data["billing"]["city"], record.data["shipping"]["city"]) == ("Linz", "Graz")


def test_orders_are_not_written(fake, connect):
    with pytest.raises(KeyError):
        connect().upsert("orders", [object()])
    assert not [call for call in fake.calls if not call.startswith("GET")]


def test_a_position_of_another_kind_asks_for_a_full_read(connect):
    with pytest.raises(CursorExpiredError):
        read(connect(), since='{"at": 5}')


def test_the_shop_says_which_fields_customers_have(connect):
    fields = {field.name: field for field in connect().discover("customers")}
    assert fields["custom.loyalty"].choices == ("11", "12")
    assert fields["custom.nickname"].max_length == 40
    assert fields["firstname"].required
    assert not fields["website_id"].required


def test_who_is_counted_and_not_shown_is_not_taken_for_gone(fake, connect):
    class Hiding:
        def handle(self, request):
            answer = fake.handle(request)
            if not request.path.endswith("customers/search"):
                return answer
            body = orjson.loads(answer.body)
            return Response.of({**body, "items": body["items"][1:]})

    keys = people(fake, 2)
    with pytest.raises(ProtocolError, match="2 counted, 1 shown"):
        connect(Hiding()).fetch("customers", keys)
