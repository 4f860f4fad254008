"""Reading: pages, stamps of milliseconds, objects without stamps, what hangs on items."""

import pytest

from connectors.sdk import CursorExpiredError, RefusedError
from syncline.sandbox.hybris import HybrisFake

SECRET = "s3cr3t-canary"


def person(n, **fields):
    return {"uid": f"p{n}@shop.example", "email": f"p{n}@shop.example", "name": f"Ada {n}", **fields}


def read(connector, stream="customers", since=None):
    return [record for page in connector.read(stream, since) for record in page.records]


def test_a_server_that_gives_smaller_pages_than_asked_for_is_read_to_the_end(make, fake):
    fake.page = 3
    keys = fake.seed("customers", [person(n) for n in range(11)])
    assert sorted(record.key for record in read(make(page=7))) == sorted(keys)
    assert len(make().fetch("customers", keys)) == 11


def test_more_items_of_one_millisecond_than_a_page_holds_are_all_read(make, fake, clock):
    clock.advance(0.25)
    keys = fake.seed("customers", [person(n) for n in range(9)])
    clock.advance(0.001)
    keys += fake.seed("customers", [person(n) for n in range(9, 12)])
    records = read(make(page=2))
    assert sorted(record.key for record in records) == sorted(keys)
    assert len(records) == 12


def test_the_position_keeps_milliseconds(make, fake, clock):
    clock.advance(0.123)
    fake.seed("customers", [person(1)])
    (page,) = make().read("customers", None)
    assert page.cursor.endswith(".123+00:00")
    assert page.full


def test_only_what_changed_since_is_read_again(make, fake, clock):
    fake.seed("customers", [person(1)])
    clock.advance(3600)
    keys = fake.seed("customers", [person(2)])
    cursor = [page.cursor for page in make().read("customers", None)][-1]
    clock.advance(3600)
    fake.edit("customers", keys[0], {"name": "Grace"})
    assert [record.data["name"] for record in read(make(), since=cursor)] == ["Grace"]


def test_without_a_stamp_every_read_is_a_full_one_and_has_no_position(make, fake):
    keys = fake.seed("customers", [person(n) for n in range(5)])
    connector = make(streams={"customers": {"modified": None}}, page=2)
    (stream,) = connector.declared_streams()
    pages = list(connector.read("customers", None))
    assert stream.watermark is None
    assert {page.cursor for page in pages} == {None}
    assert all(page.full for page in pages)
    assert sorted(record.key for page in pages for record in page.records) == sorted(keys)
    with pytest.raises(CursorExpiredError):
        list(connector.read("customers", "2026-01-01T00:00:00.000+00:00"))


def test_an_object_that_lost_its_stamp_is_an_error_not_an_empty_read(make, clock):
    lost = HybrisFake(clock, users={"hub": SECRET}, without=["B2BCustomer.modifiedtime"])
    lost.seed("customers", [person(1)])
    with pytest.raises(RefusedError, match="has no modifiedtime"):
        read(make(of=lost))


def test_references_are_objects_and_what_points_nowhere_is_null(make, fake):
    fake.put("B2BUnits", uid="Rustic")
    fake.seed(
        "customers",
        [person(1, **{"defaultB2BUnit.uid": "Rustic", "defaultPaymentAddress.country.isocode": "DE"}), person(2)],
    )
    one, two = (record.data for record in sorted(read(make())))
    assert one["defaultB2BUnit"]["uid"] == "Rustic"
    assert one["defaultPaymentAddress"]["country"]["isocode"] == "DE"
    assert (two["defaultB2BUnit"], two["defaultPaymentAddress"]) == (None, None)
    assert one["modifiedtime"].endswith("Z")


def test_the_unit_above_is_the_one_among_its_groups(make, fake):
    fake.put("B2BUnits", uid="Rustic")
    fake.put("B2BUnits", uid="Rustic Retail", groups=[{"uid": "Rustic"}])
    shown = {record.key: record.data["parent"] for record in read(make(), "units")}
    assert shown == {"Rustic": None, "Rustic Retail": {"uid": "Rustic"}}


def test_business_customers_are_customers_and_private_ones_no_business_customers(make, fake):
    fake.seed("customers", [person(1)])
    fake.put("Customers", uid="private@shop.example", name="Pat")
    everybody = make(streams={"customers": {"item": "Customer"}})
    assert sorted(record.key for record in read(everybody)) == ["p1@shop.example", "private@shop.example"]
    assert [record.key for record in read(make())] == ["p1@shop.example"]


def test_an_order_comes_with_its_entries_in_their_order(make, fake):
    entries = [{"entryNumber": n, "product": {"code": f"P{n}"}, "quantity": str(n + 1)} for n in (2, 0, 1)]
    fake.seed("customers", [person(1)])
    order = {"code": "1000", "totalPrice": "46.5", "currency.isocode": "EUR", "entries": entries}
    fake.put("Customers", uid="guest@shop.example")
    fake.seed("orders", [{**order, "user.uid": "p1@shop.example"}])
    (record,) = read(make(), "orders")
    assert [entry["product"]["code"] for entry in record.data["entries"]] == ["P0", "P1", "P2"]
    assert (record.data["user"]["uid"], record.data["currency"]["isocode"]) == ("p1@shop.example", "EUR")


@pytest.mark.parametrize("uid", ["ada+news@shop.example", "o'hara@shop.example", "łucja|x@shop.example", "a%40b c@d.e"])
def test_a_uid_of_any_signs_is_found_by_its_key(make, fake, uid):
    fake.seed("customers", [{**person(1), "uid": uid}])
    (record,) = make().fetch("customers", [uid])
    assert (record.key, record.deleted) == (uid, False)


def test_uids_are_found_however_they_are_written(make, fake):
    fake.seed("customers", [{**person(1), "uid": "Ada@Shop.example"}])
    (record,) = make().fetch("customers", ["ADA@shop.example"])
    assert (record.data["uid"], record.data["originalUid"]) == ("ada@shop.example", "Ada@Shop.example")


def test_only_texts_of_an_item_itself_can_be_searched_by(make, fake):
    fake.seed("customers", [person(1), person(2)])
    assert [record.key for record in make().find("customers", "name", ["Ada 2", "nobody"])] == ["p2@shop.example"]
    for field in ("integrationKey", "defaultB2BUnit.uid", "nothing"):
        with pytest.raises(RefusedError):
            make().find("customers", field, ["x"])


def test_all_of_the_same_name_are_found_however_small_the_pages_are(make, fake):
    fake.page = 3
    keys = fake.seed("customers", [person(n, name="Ada") for n in range(8)])
    assert sorted(record.key for record in make().find("customers", "name", ["Ada"])) == sorted(keys)
