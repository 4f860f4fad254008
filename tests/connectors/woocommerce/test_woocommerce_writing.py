"""What becomes of writes: the state of the shop, and what is said of each row."""

import pytest

from connectors.sdk import AnswerLostError, OutcomeKind, ThrottledError, Write
from syncline.sandbox.wire import Response
from syncline.sandbox.woocommerce.shop import HIDDEN
from syncline.testing import Fault

APPLIED, REFUSED, DUPLICATE, MISSING = (
    OutcomeKind.APPLIED,
    OutcomeKind.REFUSED,
    OutcomeKind.DUPLICATE,
    OutcomeKind.MISSING,
)
TOO_LARGE = Response(
    status=413, body=b"<html><h1>413 Request Entity Too Large</h1></html>", headers={"content-type": "text/html"}
)


def new(email, marker="", **fields):
    return Write(None, {"email": email, **fields}, marker=marker)


def lines(fake, key):
    return [(line["sku"], line["quantity"]) for line in fake.row("orders", key)["line_items"]]


# batches


def test_creates_and_updates_of_a_hundred_rows_are_one_call_answered_in_order(fake, shop, wire):
    keys = fake.seed("customers", [{"email": f"old{n}@example.com"} for n in range(50)])
    writes = []
    for n, key in enumerate(keys):
        writes += [Write(key, {"first_name": f"F{n}"}), new(f"new{n}@example.com", last_name=f"L{n}")]
    outcomes = shop.upsert("customers", writes)
    assert len(wire.calls) == 1
    assert [o.kind for o in outcomes] == [APPLIED] * 100
    assert [o.key for o in outcomes[::2]] == keys
    assert [fake.row("customers", o.key)["last_name"] for o in outcomes[1::2]] == [f"L{n}" for n in range(50)]


def test_refusals_inside_an_answer_of_200_belong_to_their_rows(fake, shop):
    (taken,) = fake.seed("customers", [{"email": "taken@example.com"}])
    writes = [new("a@example.com"), new("Taken@example.com"), Write("999", {"first_name": "X"}), new("nobody")]
    outcomes = shop.upsert("customers", [*writes, new("b@example.com")])
    assert [o.kind for o in outcomes] == [APPLIED, DUPLICATE, MISSING, REFUSED, APPLIED]
    assert (outcomes[1].of, outcomes[1].field, outcomes[1].code) == (taken, "email", "registration-error-email-exists")
    assert [row["email"] for row in fake.rows("customers")] == ["taken@example.com", "a@example.com", "b@example.com"]


def test_a_customer_that_cannot_be_saved_is_no_lack_of_rights(fake, make):
    class Refusing:
        def handle(self, request):
            if not request.path.endswith("/customers/batch") or not request.json().get("create"):
                return fake.handle(request)
            data = {"status": 400}
            error = {
                "code": "woocommerce_rest_cannot_create",
                "message": "This resource cannot be created.",
                "data": data,
            }
            return Response.of({"create": [{"id": 0, "error": error}]})

    [outcome] = make(Refusing()).upsert("customers", [new("a@example.com")])
    assert (outcome.kind, outcome.code) == (REFUSED, "woocommerce_rest_cannot_create")


def test_the_shop_s_words_are_told_without_the_address_they_quote(fake, shop):
    fake.seed("customers", [{"email": "taken@example.com"}])
    (outcome,) = shop.upsert("customers", [new("taken@example.com")])
    assert "already registered" in outcome.message
    assert "taken@" not in outcome.message


@pytest.mark.parametrize("limit", [1, 7, 99])
def test_a_shop_that_takes_smaller_batches_gets_them(fake, shop, limit):
    fake.limit = limit
    outcomes = shop.upsert("customers", [new(f"n{n}@example.com") for n in range(20)])
    assert [o.kind for o in outcomes] == [APPLIED] * 20
    assert [row["email"] for row in fake.rows("customers")] == [f"n{n}@example.com" for n in range(20)]


def test_a_host_that_refuses_large_bodies_gets_halves_and_one_row_that_is_too_large_is_refused(fake, shop):
    fake.interpose(TOO_LARGE, TOO_LARGE)
    first, second = shop.upsert("customers", [new("a@example.com"), new("b@example.com")])
    assert (first.kind, first.code, second.kind) == (REFUSED, "http-413", APPLIED)
    assert [row["email"] for row in fake.rows("customers")] == ["b@example.com"]


def test_a_part_that_is_lost_after_another_was_written_leaves_only_its_own_rows_in_doubt(fake, shop, wire):
    fake.limit = 10
    wire.fail(Fault.LOST, at=2)  # 20 are refused, 10 written, and the answer to the next 10 is lost
    outcomes = shop.upsert("customers", [new(f"n{n}@example.com") for n in range(20)])
    assert [o.kind for o in outcomes] == [APPLIED] * 10 + [OutcomeKind.UNKNOWN] * 10


def test_an_answer_that_cannot_be_paired_with_the_rows_leaves_them_in_doubt(fake, shop):
    fake.interpose(Response.of({"create": [{"id": 5}]}))
    outcomes = shop.upsert("customers", [new("a@example.com"), new("b@example.com")])
    assert [o.kind for o in outcomes] == [OutcomeKind.UNKNOWN] * 2
    fake.interpose(Response.of(["something"]))
    with pytest.raises(AnswerLostError):
        shop.upsert("customers", [new("a@example.com")])


def test_a_site_under_maintenance_says_when_to_come_back(fake, shop, clock):
    page = b"<html>Briefly unavailable for scheduled maintenance.</html>"
    fake.interpose(Response(status=503, body=page, headers={"content-type": "text/html", "retry-after": "600"}))
    with pytest.raises(ThrottledError) as caught:
        shop.upsert("customers", [new("a@example.com")])
    assert (caught.value.until - clock.now()).total_seconds() == 600


# customers


def test_an_address_that_another_has_is_a_duplicate_and_one_that_is_none_a_refusal(fake, shop):
    one, two = fake.seed("customers", [{"email": "one@example.com"}, {"email": "two@example.com"}])
    first, second = shop.upsert(
        "customers", [Write(one, {"email": "two@example.com"}), Write(two, {"email": "no@body"})]
    )
    assert (first.kind, first.of, first.code) == (DUPLICATE, two, "woocommerce_rest_customer_invalid_email")
    assert (second.kind, second.of, second.field) == (REFUSED, None, "email")
    assert fake.row("customers", one)["email"] == "one@example.com"


def test_one_address_twice_in_a_batch_names_the_first_row_as_its_holder(shop):
    first, second = shop.upsert("customers", [new("a@example.com"), new("A@example.com")])
    assert (second.kind, second.of) == (DUPLICATE, first.key)


def test_the_address_of_an_administrator_stays(fake, shop):
    (key,) = fake.seed("customers", [{"email": "boss@example.com"}])
    fake.row("customers", key)["role"] = "administrator"
    (outcome,) = shop.upsert("customers", [Write(key, {"email": "other@example.com"})])
    assert (outcome.kind, outcome.code) == (REFUSED, "woocommerce_rest_cannot_edit")
    assert fake.row("customers", key)["email"] == "boss@example.com"


def test_null_clears_although_the_shop_takes_null_for_not_given(fake, shop):
    (key,) = fake.seed("customers", [{"email": "a@example.com", "first_name": "Ana", "billing": {"city": "Lima"}}])
    shop.upsert("customers", [Write(key, {"first_name": None, "billing.city": None})])
    row = fake.row("customers", key)
    assert (row["first_name"], row["billing"]["city"]) == ("", "")


def test_an_account_is_never_left_without_its_address(fake, shop, wire):
    (key,) = fake.seed("customers", [{"email": "a@example.com"}])
    (outcome,) = shop.upsert("customers", [Write(key, {"email": None})])
    assert (outcome.kind, outcome.field) == (REFUSED, "email")
    assert wire.calls == []


def test_custom_fields_are_written_once_each_and_taken_away_by_null(fake, make):
    (key,) = fake.seed("customers", [{"email": "a@example.com", "meta_data": [{"key": "tier", "value": "gold"}]}])
    shop = make(meta=["tier"])
    shop.upsert("customers", [Write(key, {"meta.tier": "silver"})])
    assert [(m["key"], m["value"]) for m in fake.row("customers", key)["meta_data"]] == [("tier", "silver")]
    shop.upsert("customers", [Write(key, {"meta.tier": None})])
    assert fake.row("customers", key)["meta_data"] == []
    (outcome,) = shop.upsert("customers", [Write(key, {"meta.other": "x"})])
    assert (outcome.kind, outcome.code) == (REFUSED, "unknown-field")


def test_removing_customers_is_one_call_and_for_good(fake, shop, wire):
    keys = fake.seed("customers", [{"email": f"n{n}@example.com"} for n in range(5)])
    outcomes = shop.remove("customers", [Write(key, {}) for key in (keys[0], "0", keys[3], "999")])
    assert [o.kind for o in outcomes] == [APPLIED, MISSING, APPLIED, MISSING]
    assert len(wire.calls) == 1
    assert [str(row["id"]) for row in fake.rows("customers")] == [keys[1], keys[2], keys[4]]


# creates whose answer was lost


@pytest.mark.parametrize("stream", ["customers", "orders"])
def test_a_create_whose_answer_was_lost_is_found_by_its_marker_among_the_newest(fake, make, wire, stream):
    fields = [{"billing": {"city": "Lima"}, "email": f"n{n}@example.com"} for n in range(40)]
    fake.seed(stream, fields)
    shop = make(page=5)
    wire.fail(Fault.LOST, at=0)
    with pytest.raises(AnswerLostError):
        shop.upsert(
            stream,
            [
                Write(
                    None,
                    {"billing.city": "Quito"} | ({"email": "q@example.com"} if stream == "customers" else {}),
                    marker="e7",
                )
            ],
        )
    wire.heal()
    wire.calls.clear()
    (found,) = shop.find(stream, "meta.syncline_id", ["e7"])
    assert found.data["billing"]["city"] == "Quito"
    assert [call.method for call in wire.calls].count("GET") == 2
    assert shop.find(stream, "meta.syncline_id", ["e8"]) == []


def test_customers_are_found_by_their_address_whatever_its_case(fake, shop):
    (key, *_) = fake.seed("customers", [{"email": "Bob@example.com"}, {"email": "bob@mail.example.com"}])
    assert [r.key for r in shop.find("customers", "email", ["bob@EXAMPLE.com", "no address", ""])] == [key]


# orders


@pytest.fixture
def ordered(fake):
    """An order of two lines."""
    wanted = [{"sku": "QC-11", "quantity": 2}, {"sku": "MZ-72", "quantity": 1}]
    (key,) = fake.seed("orders", [{"billing": {"email": "a@example.com"}, "line_items": wanted}])
    return key


def test_lines_written_again_are_the_same_lines(fake, shop, ordered):
    ids = [line["id"] for line in fake.row("orders", ordered)["line_items"]]
    for wanted in (
        [{"sku": "QC-11", "quantity": 3}, {"sku": "MZ-72", "quantity": 1}],
        [{"id": str(ids[0]), "quantity": "3"}, {"id": ids[1], "quantity": 1}],
        [{"id": "from elsewhere", "sku": "QC-11", "quantity": "3.0"}, {"product_id": 2, "quantity": 1}],
        [{"product_id": "2", "quantity": 1}, {"id": None, "sku": "QC-11", "quantity": 3}],
    ):
        (outcome,) = shop.upsert("orders", [Write(ordered, {"line_items": wanted})])
        assert outcome.kind is APPLIED, outcome
        assert lines(fake, ordered) == [("QC-11", 3), ("MZ-72", 1)]
        assert [line["id"] for line in fake.row("orders", ordered)["line_items"]] == ids


def test_a_line_that_is_not_there_is_appended_and_one_that_is_not_wanted_removed(fake, shop, ordered):
    wanted = [{"sku": "MZ-72", "quantity": 1}, {"sku": "CH-01", "quantity": 4}, {"sku": "CH-01", "quantity": 1}]
    shop.upsert("orders", [Write(ordered, {"line_items": wanted})])
    assert lines(fake, ordered) == [("MZ-72", 1), ("CH-01", 4), ("CH-01", 1)]


def test_a_line_keeps_its_id_when_its_product_or_price_changes(fake, shop, ordered):
    first, second = (line["id"] for line in fake.row("orders", ordered)["line_items"])
    wanted = [{"id": first, "sku": "CH-01", "quantity": 2}, {"id": second, "sku": "MZ-72", "total": "15.00"}]
    shop.upsert("orders", [Write(ordered, {"line_items": wanted})])
    found = fake.row("orders", ordered)["line_items"]
    assert [(line["id"], line["sku"], line["total"]) for line in found] == [
        (first, "CH-01", "28.00"),  # what was agreed for the line stays, says the shop
        (second, "MZ-72", "15.00"),
    ]


@pytest.mark.parametrize("value", [None, "QC-11", [None], {"sku": "QC-11"}])
def test_what_is_no_list_of_lines_is_refused_and_removes_none(fake, shop, ordered, value):
    (outcome,) = shop.upsert("orders", [Write(ordered, {"line_items": value})])
    assert (outcome.kind, outcome.field) == (REFUSED, "line_items")
    assert len(lines(fake, ordered)) == 2


def test_an_update_that_says_nothing_of_lines_leaves_them(fake, shop, ordered):
    shop.upsert("orders", [Write(ordered, {"customer_note": "ring twice"})])
    assert lines(fake, ordered) == [("QC-11", 2), ("MZ-72", 1)]


def test_ids_that_lines_had_elsewhere_mean_nothing_in_a_new_order(fake, shop, ordered):
    taken = fake.row("orders", ordered)["line_items"][0]["id"]
    (outcome,) = shop.upsert("orders", [Write(None, {"line_items": [{"id": taken, "sku": "CH-01", "quantity": 1}]})])
    assert outcome.kind is APPLIED
    assert lines(fake, outcome.key) == [("CH-01", 1)]
    assert lines(fake, ordered) == [("QC-11", 2), ("MZ-72", 1)]


def test_a_status_nobody_knows_is_refused_before_the_shop_turns_it_into_another(fake, shop, wire, ordered):
    fake.edit("orders", ordered, status="completed")
    (outcome,) = shop.upsert("orders", [Write(ordered, {"status": "shipped"})])
    assert (outcome.kind, outcome.field) == (REFUSED, "status")
    assert fake.row("orders", ordered)["status"] == "completed"
    assert {call.method for call in wire.calls} == {"OPTIONS"}
    (outcome,) = shop.upsert("orders", [Write(ordered, {"status": "refunded"})])
    assert (outcome.kind, fake.row("orders", ordered)["status"]) == (APPLIED, "refunded")


def test_a_customer_that_is_none_is_refused_by_field(shop):
    outcomes = shop.upsert("orders", [Write(None, {"customer_id": "999"}), Write(None, {"customer_id": "x"})])
    assert [(o.kind, o.field) for o in outcomes] == [(REFUSED, "customer_id")] * 2


def test_orders_go_to_the_trash_and_one_that_lies_there_is_missing(fake, shop, ordered):
    (outcome,) = shop.remove("orders", [Write(ordered, {})])
    assert (outcome.kind, fake.row("orders", ordered)["status"]) == (APPLIED, "trash")
    again, other = shop.remove("orders", [Write(ordered, {}), Write("999", {})])
    assert (again.kind, other.kind) == (MISSING, MISSING)
    (outcome,) = shop.upsert("orders", [Write(ordered, {"customer_note": "too late"})])
    assert (outcome.kind, fake.row("orders", ordered)["customer_note"]) == (MISSING, "")


def test_a_lost_order_is_found_by_its_marker_though_any_leaves_its_status_out(fake, shop):
    (made,) = shop.upsert("orders", [Write(None, {"status": HIDDEN}, marker="e7")])
    assert made.kind is APPLIED
    assert [record.key for record in shop.find("orders", "meta.syncline_id", ["e7"])] == [made.key]


def test_an_order_that_the_user_may_not_touch_is_refused_alone(fake, shop):
    secret, plain = fake.seed("orders", [{"billing": {"email": f"n{n}@example.com"}} for n in range(2)])
    fake.hide(secret)
    refused, applied = shop.upsert("orders", [Write(key, {"customer_note": "x"}) for key in (secret, plain)])
    assert (refused.kind, refused.code, applied.kind) == (REFUSED, "woocommerce_rest_cannot_view", APPLIED)
    assert "role" in refused.message
    refused, applied = shop.remove("orders", [Write(key, {}) for key in (secret, plain)])
    assert (refused.kind, refused.code, applied.kind) == (REFUSED, "woocommerce_rest_cannot_delete", APPLIED)
    assert [row["status"] for row in fake.rows("orders")] == ["pending", "trash"]
