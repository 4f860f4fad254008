"""What is read of a shop, and that nothing is passed over."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from connectors.sdk import OutcomeKind, ProtocolError, Write
from syncline.sandbox.wire import Response
from syncline.sandbox.woocommerce.shop import HIDDEN


def people(count, start=0):
    return [{"email": f"n{n}@example.com", "last_name": f"N{n}"} for n in range(start, start + count)]


def order(email, **more):
    return {"billing": {"email": email, "city": "Köln"}, **more}


def everything(connector, stream, since=None):
    return [record for page in connector.read(stream, since) for record in page.records]


def position(connector, stream):
    return list(connector.read(stream, None))[-1].cursor


def test_customers_of_every_role_are_read(fake, shop):
    keys = fake.seed("customers", people(3))
    fake.row("customers", keys[1])["role"] = "subscriber"
    fake.row("customers", keys[2])["role"] = "wholesale_customer"
    assert [record.key for record in everything(shop, "customers")] == keys
    assert [key for page in shop.keys("customers") for key in page] == keys


def test_an_account_that_was_never_edited_has_no_date_and_is_read_with_its_later_edits(fake, shop):
    (key,) = fake.seed("customers", people(1))
    (before,) = everything(shop, "customers")
    assert before.data["date_modified_gmt"] is None
    fake.edit("customers", key, last_name="Edited")
    (after,) = everything(shop, "customers")
    assert after.data["last_name"] == "Edited"


def test_what_extensions_write_on_every_visit_makes_no_record_look_edited(fake, make):
    (key,) = fake.seed("customers", [{**people(1)[0], "meta_data": [{"key": "tier", "value": "gold"}]}])
    shop = make(meta=["tier"])
    before = everything(shop, "customers")
    fake.shop.meta(fake.row("customers", key), [{"key": "wc_last_active", "value": "1767225600"}])
    fake.row("customers", key)["_links"] = {}
    assert everything(shop, "customers") == before
    assert before[0].data["meta"] == {"syncline_id": None, "tier": "gold"}


@pytest.mark.parametrize("newest_first", [False, True])
def test_rows_that_go_while_a_list_is_paged_hide_no_others(fake, make, newest_first):
    keys = fake.seed("customers", people(40))
    shop = make(page=5)
    seen = []
    query = {"role": "all"}
    for number, rows in enumerate(shop._session.walk("customers", query, newest_first=newest_first)):
        seen += [str(row["id"]) for row in rows]
        if number == 2:  # more than two pages of what was seen
            for key in seen[:11]:
                fake.delete("customers", key)
    assert sorted(seen, key=int) == keys


def test_a_list_that_an_extension_sorts_in_its_own_way_is_said(fake, shop):
    fake.interpose(Response.of([{"id": 3}, {"id": 2}], headers={"x-wp-total": "2"}))
    with pytest.raises(ProtocolError, match="not sorted by id"):
        everything(shop, "customers")


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 9, 13])
def test_without_counting_headers_lists_are_read_to_their_end(fake, make, count):
    fake.counts = False
    keys = fake.seed("customers", people(count))
    assert [record.key for record in everything(make(page=5), "customers")] == keys


def test_pages_cut_shorter_than_asked_are_no_end_and_no_deletion(fake, shop):
    keys = fake.seed("customers", people(25))
    fake.longest = 10
    for fake.counts in (True, False):
        assert [record.key for record in everything(shop, "customers")] == keys
        assert not [record.key for record in shop.fetch("customers", keys) if record.deleted]
    fake.delete("customers", keys[20])
    assert [record.key for record in shop.fetch("customers", keys) if record.deleted] == [keys[20]]


def test_records_that_are_counted_but_not_shown_are_an_error_not_an_end(fake, shop):
    fake.seed("customers", people(3))
    fake.longest = 1
    with pytest.raises(ProtocolError, match="counted, but fewer shown"):
        everything(shop, "customers")


@pytest.mark.parametrize("zone", [-8, 0, 2, 13])
def test_orders_modified_since_are_found_wherever_the_site_s_clock_stands(fake, shop, clock, zone):
    fake.shop.zone = timezone(timedelta(hours=zone))
    keys = fake.seed("orders", [order(f"n{n}@example.com") for n in range(5)])
    clock.advance(86400)
    since = position(shop, "orders")
    clock.advance(1200)
    fake.edit("orders", keys[2], customer_note="edited")
    clock.advance(60)
    assert [record.key for record in everything(shop, "orders", since)] == [keys[2]]


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
        ("Australia/Sydney", datetime(2026, 10, 4, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 9, 6, tzinfo=UTC)),
        ("Africa/Cairo", datetime(2026, 4, 24, tzinfo=UTC)),
    ],
)
def test_no_order_is_passed_over_on_the_night_the_site_s_clock_skips_an_hour(fake, shop, clock, zone, day):
    fake.shop.zone = ZoneInfo(zone)
    for quarter in range(30):
        clock.time = day + timedelta(minutes=15 * quarter)
        since = position(shop, "orders")
        clock.advance(60)
        (key,) = fake.seed("orders", [order("a@example.com")])
        assert key in [record.key for record in everything(shop, "orders", since)], clock.time


def test_an_order_as_old_as_the_overlap_to_the_second_is_still_read(fake, shop, clock):
    since = position(shop, "orders")
    clock.advance(-300)
    (key,) = fake.seed("orders", [order("a@example.com")])
    clock.advance(300)
    assert [record.key for record in everything(shop, "orders", since)] == [key]


def test_a_shop_whose_clock_is_behind_ours_loses_no_order(fake, make, wire, clock):
    class Behind:
        def handle(self, request):
            clock.advance(-3600)
            answer = wire.handle(request)
            clock.advance(3600)
            return answer

    shop = make(carrier=Behind())
    since = position(shop, "orders")
    clock.advance(-3600 + 10)
    (key,) = fake.seed("orders", [order("a@example.com")])
    clock.advance(3600)
    assert [record.key for record in everything(shop, "orders", since)] == [key]


def test_an_order_in_the_trash_is_told_as_deleted_and_one_taken_out_is_back(fake, shop, clock):
    (key,) = fake.seed("orders", [order("a@example.com")])
    clock.advance(3600)
    since = position(shop, "orders")
    clock.advance(3600)
    fake.delete("orders", key, force=False)
    assert [(r.key, r.deleted) for r in everything(shop, "orders", since)] == [(key, True)]
    assert [r.deleted for r in shop.fetch("orders", [key])] == [True]
    assert list(shop.keys("orders")) == []
    fake.edit("orders", key, status="processing")
    assert [(r.key, r.deleted) for r in everything(shop, "orders", since)] == [(key, False)]


def test_orders_of_a_status_that_any_leaves_out_are_read(fake, shop, clock):
    clock.advance(3600)
    since = position(shop, "orders")
    plain, hidden = fake.seed("orders", [order(f"n{n}@example.com") for n in range(2)])
    fake.edit("orders", hidden, status=HIDDEN)
    assert [record.key for record in everything(shop, "orders")] == [plain, hidden]
    assert [record.key for record in everything(shop, "orders", since)] == [plain, hidden]
    assert {record.key for record in everything(shop, "guests", since)} == {"n0@example.com", "n1@example.com"}
    assert [key for page in shop.keys("orders") for key in page] == [plain, hidden]


def test_orders_of_a_status_that_only_wordpress_knows_are_read(fake, shop, clock):
    clock.advance(3600)
    since = position(shop, "orders")
    odd, plain, newer = fake.seed("orders", [order(f"{name}@example.com") for name in ("odd", "plain", "odd")])
    fake.row("orders", odd).update(status="at-partner", billing={"email": "odd@example.com", "city": "Quito"})
    assert {r.key for r in everything(shop, "orders")} == {odd, plain, newer}
    assert {r.key for r in everything(shop, "orders", since)} == {odd, plain, newer}
    assert {key for page in shop.keys("orders") for key in page} == {odd, plain, newer}
    assert [(r.key, r.deleted) for r in shop.fetch("orders", [odd])] == [(odd, False)]
    for at in (None, since):
        cities = {r.key: r.data["billing"]["city"] for r in everything(shop, "guests", at)}
        assert cities == {"odd@example.com": "Köln", "plain@example.com": "Köln"}
    fake.row("orders", newer).update(status="at-partner", billing={"email": "odd@example.com", "city": "Lima"})
    for at in (None, since):
        assert {r.key: r.data["billing"]["city"] for r in everything(shop, "guests", at)}["odd@example.com"] == "Lima"


@pytest.mark.parametrize(
    ("status", "body"),
    [(405, b"<html>no</html>"), (403, b"<html>no</html>"), (200, b"[]"), (204, b""), (401, b'{"code": "no"}')],
)
def test_a_shop_that_may_not_describe_itself_is_read_and_written_all_the_same_and_check_says_it(
    fake, make, status, body
):
    class Blocking:
        def handle(self, request):
            return Response(status=status, body=body) if request.method == "OPTIONS" else fake.handle(request)

    (key,) = fake.seed("orders", [order("a@example.com")])
    shop = make(carrier=Blocking())
    assert [(one.code, one.severity.value) for one in shop.check()] == [("options-blocked", "warning")]
    assert [record.key for record in everything(shop, "orders")] == [key]
    assert [record.key for record in everything(shop, "guests")] == ["a@example.com"]
    (outcome,) = shop.upsert("orders", [Write(key, {"status": "completed"})])
    assert (outcome.kind, fake.row("orders", key)["status"]) == (OutcomeKind.APPLIED, "completed")


@pytest.mark.parametrize("name", ["customers", "orders"])
@pytest.mark.parametrize("deleted", [5, 150])
def test_one_that_is_merely_hidden_among_deleted_ones_is_found_out(fake, shop, name, deleted):
    keys = fake.seed(name, people(200) if name == "customers" else [order("a@example.com")] * 200)
    for key in keys[:deleted]:
        fake.delete(name, key)
    fake.hide(keys[deleted])
    assert [record.key for record in shop.fetch(name, keys) if record.deleted] == keys[:deleted]


def test_what_no_list_shows_is_asked_for_by_its_id_and_not_taken_for_deleted(fake, shop):
    fake.shop.statuses.remove(HIDDEN)  # the extension went, its orders stay
    plain, hidden, trashed, gone, secret = fake.seed("orders", [order(f"n{n}@example.com") for n in range(5)])
    fake.edit("orders", hidden, status=HIDDEN)
    fake.delete("orders", trashed, force=False)
    fake.delete("orders", gone)
    fake.hide(secret)
    assert [key for page in shop.keys("orders") for key in page] == [plain]
    found = shop.fetch("orders", [plain, hidden, trashed, gone, secret, "no id"])
    assert [(record.key, record.deleted) for record in found] == [
        (plain, False),
        (hidden, False),
        (trashed, True),
        (gone, True),
        ("no id", True),
    ]
    assert found[1].data["status"] == HIDDEN


def test_a_customer_whom_an_extension_hides_is_not_taken_for_deleted(fake, shop):
    seen, hidden, gone = fake.seed("customers", people(3))
    fake.hide(hidden)
    fake.delete("customers", gone)
    assert [(r.key, r.deleted) for r in shop.fetch("customers", [seen, hidden, gone])] == [(seen, False), (gone, True)]


def test_an_order_of_nobody_has_no_customer_and_its_lines_have_its_currency(fake, shop):
    fake.seed("orders", [order("a@example.com", currency="SEK", line_items=[{"sku": "QC-11", "quantity": 2}])])
    (record,) = everything(shop, "orders")
    assert record.data["customer_id"] is None
    assert [(line["sku"], line["total"], line["currency"]) for line in record.data["line_items"]] == [
        ("QC-11", "28.00", "SEK")
    ]


# guests


def test_a_guest_is_one_for_all_orders_and_looks_as_on_the_newest(fake, shop):
    (customer,) = fake.seed("customers", people(1))
    fake.seed(
        "orders",
        [
            {"billing": {"email": "Ana@Example.com", "city": "Lima"}},
            {"billing": {"email": "n0@example.com"}, "customer_id": int(customer)},
            {"billing": {"email": "bo@example.com", "city": "Oslo"}},
            {"billing": {"phone": "+493012345"}},
            {"billing": {"email": "ana@example.com", "city": "Quito"}},
        ],
    )
    found = {record.key: record.data["billing"]["city"] for record in everything(shop, "guests")}
    assert found == {"ana@example.com": "Quito", "bo@example.com": "Oslo"}


def test_an_old_order_of_a_guest_that_is_edited_does_not_bring_back_the_old_address(fake, shop, clock):
    old, _, _ = fake.seed("orders", [order("ana@example.com"), order("bo@example.com"), order("ana@example.com")])
    fake.row("orders", str(int(old) + 2))["billing"]["city"] = "Quito"
    clock.advance(3600)
    since = position(shop, "guests")
    assert everything(shop, "guests", since) == []
    clock.advance(3600)
    fake.edit("orders", old, status="completed")
    (record,) = everything(shop, "guests", since)
    assert (record.key, record.data["billing"]["city"]) == ("ana@example.com", "Quito")


def test_new_guests_cost_the_newest_orders_only(fake, make, wire, clock):
    fake.seed("orders", [order(f"n{n}@example.com") for n in range(60)])
    clock.advance(86400)
    shop = make(page=5)
    since = position(shop, "guests")
    clock.advance(3600)
    fake.seed("orders", [order("new@example.com")])
    wire.calls.clear()
    assert [record.key for record in everything(shop, "guests", since)] == ["new@example.com"]
    assert len(wire.calls) == 3


def test_guests_have_no_records_of_their_own(shop):
    for deed in (lambda: shop.fetch("guests", ["a@example.com"]), lambda: shop.upsert("guests", [])):
        with pytest.raises(KeyError):
            deed()


# fields


def test_fields_come_from_the_shop_custom_ones_included(fake, make):
    fake.seed(
        "customers", [{**people(1)[0], "meta_data": [{"key": "tier", "value": "gold"}, {"key": "vat", "value": "1"}]}]
    )
    fields = {field.name: field for field in make(meta=["tier"]).discover("customers")}
    assert fields["email"].required
    assert fields["email"].unique
    assert not fields["username"].updatable
    assert fields["billing.city"].updatable
    assert fields["meta.tier"].updatable
    assert not fields["meta.vat"].readable
    assert "meta" in fields["meta.vat"].label
    orders = {field.name: field for field in make().discover("orders")}
    assert "completed" in orders["status"].choices
    assert orders["customer_id"].references == ("customers",)
    assert not orders["total"].updatable
