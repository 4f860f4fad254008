"""Records of a child object as a list of their parent: the products of an order."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from mappings.compile import load
from model.diagnostics import Severity
from model.entities import schemas
from model.errors import RefusedError

FIELDS = ["Quantity", "UnitPrice", "Description", "Product2.ProductCode", "Product2.Name"]
LINES = {"object": "OrderItem", "parent": "OrderId", "fields": FIELDS}
STREAMS = {"Order": {"children": {"lines": LINES}}}


@pytest.fixture
def crm(make):
    return make(streams=STREAMS)


def orders(fake, count=1):
    row = {"EffectiveDate": "2026-07-04", "Status": "Draft"}
    return fake.seed("Order", [row] * count)


def line(order, quantity, **more):
    return {"OrderId": order, "Quantity": quantity, "UnitPrice": 9.5, "Description": "Queso", **more}


def read(connector, since=None):
    pages = list(connector.read("Order", since))
    return {record.key: record for page in pages for record in page.records}, pages[-1].cursor


def quantities(record):
    return [one["Quantity"] for one in record.data["lines"]]


def test_an_order_has_its_lines_however_it_is_read(crm, fake):
    first, second, bare = orders(fake, 3)
    fake.seed("OrderItem", [line(first, 1), line(second, 2), line(first, 3)])
    found, _ = read(crm)
    assert {key: quantities(one) for key, one in found.items()} == {first: [1, 3], second: [2], bare: []}
    shown = {"Id", "SystemModstamp", "Quantity", "UnitPrice", "Description", "Product2"}
    assert set(found[first].data["lines"][0]) == shown
    assert [quantities(one) for one in crm.fetch("Order", [second, first])] == [[2], [1, 3]]
    (one,) = crm.find("Order", "OrderNumber", [found[first].data["OrderNumber"]])
    assert quantities(one) == [1, 3]


def test_lines_that_are_added_edited_and_deleted_bring_their_order_though_it_did_not_move(crm, fake, clock):
    fake_orders = added, edited, deleted, idle = orders(fake, 4)
    keys = fake.seed("OrderItem", [line(order, 1) for order in fake_orders])
    clock.advance(3600)
    (latest,) = orders(fake)  # read again each time, within the overlap
    clock.advance(3600)
    _, cursor = read(crm)
    assert set(read(crm, cursor)[0]) == {latest}
    clock.advance(3600)
    fake.seed("OrderItem", [line(added, 2)])
    fake.edit("OrderItem", keys[1], {"Quantity": 5})
    fake.delete("OrderItem", keys[2])
    found, cursor = read(crm, cursor)
    assert {key: quantities(one) for key, one in found.items()} == {
        added: [1, 2],
        edited: [5],
        deleted: [],
        latest: [],
    }
    assert idle not in found
    clock.advance(3600)
    _, cursor = read(crm, cursor)
    clock.advance(3600)
    assert set(read(crm, cursor)[0]) == {latest}


def test_no_position_along_the_way_skips_lines_that_changed_before(crm, fake, clock):
    fake.queries.page = 2
    keys = orders(fake, 5)
    clock.advance(3600)
    orders(fake)
    clock.advance(3600)
    _, cursor = read(crm)
    clock.advance(3600)
    fake.seed("OrderItem", [line(keys[0], 7)])
    clock.advance(3600)
    for key in keys[1:]:
        fake.edit("Order", key, {"Description": "new"})
    pages = list(crm.read("Order", cursor))
    first = next(at for at, page in enumerate(pages) if page.cursor is not None)
    before = {record.key for page in pages[: first + 1] for record in page.records}
    assert keys[0] in before


def test_very_many_orders_are_asked_for_in_portions(crm, fake):
    keys = orders(fake, 450)
    fake.seed("OrderItem", [line(key, at) for at, key in enumerate(keys)])
    found, _ = read(crm)
    assert [quantities(found[key]) for key in keys] == [[at] for at in range(450)]


def test_a_deleted_order_is_a_tombstone_without_lines(crm, fake, clock):
    (key,) = orders(fake)
    clock.advance(3600)
    _, cursor = read(crm)
    clock.advance(3600)
    fake.delete("Order", key)
    found, _ = read(crm, cursor)
    assert found[key].deleted
    assert "lines" not in found[key].data


def test_the_default_mapping_reads_the_lines_and_fits_the_org(crm, fake):
    (key,) = orders(fake)
    (product,) = fake.seed("Product2", [{"Name": "Queso Cabrales", "ProductCode": "QC-11"}])
    fake.seed("OrderItem", [line(key, 2, Product2Id=product), line(key, 1)])
    text = Path("mappings/library/salesforce/order.yaml").read_text(encoding="utf-8")
    mapping, said = load(text, "order.yaml", schemas(), crm.discover("Order"))
    assert [str(one) for one in said if one.severity is Severity.ERROR] == []
    (record,) = crm.fetch("Order", [key])
    (projection,) = mapping.project([record])
    item, plain = record.data["lines"]
    assert item["Product2"] == {"ProductCode": "QC-11", "Name": "Queso Cabrales"}
    assert projection.problems == []
    assert projection.values[f"lines[{item['Id']}].sku"] == "QC-11"
    assert projection.values[f"lines[{plain['Id']}].sku"] is None
    assert projection.values[f"lines[{item['Id']}].quantity"] == "2"
    assert projection.values[f"lines[{item['Id']}].unit_price"] == {"amount": "9.50", "currency": "USD"}


def test_check_names_what_a_list_lacks(make):
    assert [one for one in make(streams=STREAMS).check() if "children" in (one.path or "")] == []
    wrong = {**LINES, "fields": ["Quantity", "Colour__c"]}
    found = make(streams={"Order": {"children": {"lines": wrong}}}).check()
    assert [one.path for one in found if one.code == "unknown-field"] == ["streams.Order.children.lines"]
    gone = {"object": "Wagon__c", "parent": "Order__c"}
    found = make(streams={"Order": {"children": {"lines": gone}}}).check()
    assert [one.code for one in found if "Wagon__c" in one.message] == ["unknown-stream"]
    with pytest.raises(ValidationError, match="not an API name"):
        make(streams={"Order": {"children": {"lines": {**LINES, "parent": "Order Id"}}}})


def test_a_parent_field_that_the_user_may_not_see_is_named_when_read(make, fake):
    orders(fake)
    with pytest.raises(RefusedError, match="Parcel__c"):
        read(make(streams={"Order": {"children": {"lines": {**LINES, "parent": "Parcel__c"}}}}))
