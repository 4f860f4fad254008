"""Writing by REST: one record a call, sublists by their keys, one external id that may be somebody else's."""

import pytest

from connectors.netsuite.lines import addresses
from connectors.sdk import AnswerLostError, OutcomeKind, Replay, ThrottledError, Write
from connectors.unfit import UnfitError
from syncline.sandbox.wire import Response

OURS = {"marker": "externalId"}
HOME = {"addr1": "1 Main St", "city": "Eugene", "country": "US"}


def create(connector, stream="customer", marker="m-1", **fields):
    if stream == "customer":
        fields = {"companyName": "Acme", "isPerson": False, **fields}
    [outcome] = connector.upsert(stream, [Write(None, fields, marker=marker)])
    return outcome


def update(connector, key, stream="customer", **fields):
    [outcome] = connector.upsert(stream, [Write(key, {name.replace("__", "."): v for name, v in fields.items()})])
    return outcome


def sent(fake, method):
    return [request for request in fake.seen if request.method == method and "/record/" in request.path]


class Lossy:
    """Carries out the first write and loses its answer."""

    def __init__(self, fake):
        self.fake, self.lost = fake, 0

    def handle(self, request):
        answer = self.fake.handle(request)
        if request.method in {"PUT", "POST"} and "/record/" in request.path and not self.lost:
            self.lost += 1
            return Response(lost=True)
        return answer


def test_the_external_id_is_used_only_where_the_settings_say_it_is_ours(make, fake):
    assert make().stream("customer").writes.replay is Replay.NATURAL
    assert create(make()).kind is OutcomeKind.APPLIED
    assert create(make(**OURS), companyName="Bolt").kind is OutcomeKind.APPLIED
    assert [row["externalId"] for row in fake.rows("customer")] == [None, "m-1"]
    refused = update(make(), fake.rows("customer")[0]["id"], externalId="stolen")
    assert (refused.kind, refused.field) == (OutcomeKind.REFUSED, "externalId")


def test_a_custom_field_carries_the_hub_s_id_where_the_slot_is_taken(make, fake):
    fake.add_field("customer", "custentity_hub text64")
    erp = make(marker="custentity_hub", streams=["customer"])
    outcome = create(erp, marker="hub-7")
    assert erp.stream("customer").writes.replay is Replay.LOOKUP
    [found] = erp.find("customer", "custentity_hub", ["hub-7"])
    assert found.key == outcome.key
    assert fake.rows("customer")[0]["externalId"] is None


def test_a_marker_field_that_is_not_there_is_said(make):
    [finding] = make(marker="custentity_hub", streams=["customer"]).check()
    assert (finding.code, finding.path) == ("no-marker", "streams.customer.marker")
    assert "Entity Fields" in finding.hint


def test_an_external_id_no_address_can_have_is_refused_before_it_is_sent(make, fake):
    outcome = create(make(**OURS), marker="a/b|c")
    assert (outcome.kind, outcome.code) == (OutcomeKind.REFUSED, "bad-external-id")
    assert not sent(fake, "PUT")


def test_the_same_create_twice_updates_what_the_first_one_made(make, fake):
    erp = make(**OURS)
    first, second = create(erp), create(erp, phone="555")
    assert first.key == second.key
    assert [row["phone"] for row in fake.rows("customer")] == ["555"]


@pytest.mark.parametrize("stream", ["customer", "salesOrder"])
def test_a_create_with_lines_whose_answer_is_lost_is_not_repeated_blindly_and_doubles_no_line(make, fake, stream):
    [buyer] = fake.seed("customer", [{"companyName": "Buyer"}])
    fields = {"entity": buyer, "item": [{"item": "11", "quantity": 2, "rate": "14.50"}]}
    fields = fields if stream == "salesOrder" else {f"billingAddress.{name}": value for name, value in HOME.items()}
    lossy = Lossy(fake)
    with pytest.raises(AnswerLostError):
        create(make(lossy, **OURS), stream, **fields)
    outcome = create(make(**OURS), stream, **fields)
    row = fake.store.rows[stream][outcome.key]
    assert len(row["item"] if stream == "salesOrder" else row["addressBook"]) == 1
    assert len(fake.rows(stream)) == (1 if stream == "salesOrder" else 2)


def test_an_address_is_changed_on_its_own_line_and_the_rest_of_the_book_stays(erp, fake):
    [key] = fake.seed(
        "customer", [{"companyName": "Acme", "billingAddress": HOME, "shippingAddress": {"city": "Bend"}}]
    )
    book = fake.rows("customer")[0]["addressBook"]
    book.append(
        {"internalId": 9, "defaultBilling": False, "defaultShipping": False, "addressBookAddress": {"city": "X"}}
    )
    outcome = update(erp, key, billingAddress__city="Salem", billingAddress__addr1=None)
    assert outcome.kind is OutcomeKind.APPLIED
    cities = {
        line["internalId"]: line["addressBookAddress"].get("city") for line in fake.rows("customer")[0]["addressBook"]
    }
    assert list(cities.values()) == ["Salem", "Bend", "X"]
    [line] = fake.rows("customer")[0]["addressBook"][:1]
    assert (line["addressBookAddress"]["addr1"], line["addressBookAddress"]["country"]) == (None, "US")
    assert all("replace" not in request.query for request in fake.seen)


def test_an_address_that_is_both_defaults_is_parted_where_only_one_changes(erp, fake):
    [key] = fake.seed("customer", [{"companyName": "Acme", "billingAddress": HOME}])
    fake.rows("customer")[0]["addressBook"][0]["defaultShipping"] = True
    update(erp, key, billingAddress__city="Salem")
    [record] = erp.fetch("customer", [key])
    assert (record.data["billingAddress"]["city"], record.data["shippingAddress"]["city"]) == ("Salem", "Eugene")
    assert record.data["billingAddress"]["addr1"] == "1 Main St"


def test_an_address_that_is_both_defaults_stays_one_where_both_change_alike(erp, fake):
    [key] = fake.seed("customer", [{"companyName": "Acme", "billingAddress": HOME}])
    fake.rows("customer")[0]["addressBook"][0]["defaultShipping"] = True
    update(erp, key, billingAddress__city="Salem", shippingAddress__city="Salem")
    [line] = fake.rows("customer")[0]["addressBook"]
    assert line["addressBookAddress"]["city"] == "Salem"


def test_an_entry_of_the_address_book_without_a_key_is_not_doubled():
    with pytest.raises(UnfitError, match="no key"):
        addresses({"billingAddress": {"city": "Salem"}}, [{"defaultBilling": True, "addressBookAddress": {}}])


def test_a_new_record_whose_addresses_are_the_same_gets_one_line_for_both(erp, fake):
    fields = {f"{name}.{part}": value for name in ("billingAddress", "shippingAddress") for part, value in HOME.items()}
    assert create(erp, **fields).kind is OutcomeKind.APPLIED
    [line] = fake.rows("customer")[0]["addressBook"]
    assert (line["defaultBilling"], line["defaultShipping"]) == (True, True)


def order(fake):
    [buyer] = fake.seed("customer", [{"companyName": "Buyer"}])
    lines = [{"item": "11", "quantity": 2, "rate": 14}, {"item": "12", "quantity": 1, "rate": 3}]
    return fake.seed("salesOrder", [{"entity": buyer, "item": lines}])[0]


def test_a_line_of_an_order_is_changed_by_its_number_and_the_others_stay(erp, fake):
    key = order(fake)
    outcome = update(erp, key, "salesOrder", item=[{"line": "1", "quantity": "5"}], memo="five")
    assert outcome.kind is OutcomeKind.APPLIED
    [row] = fake.rows("salesOrder")
    assert [(line["line"], line["quantity"]) for line in row["item"]] == [(1, 5), (2, 1)]
    assert row["memo"] == "five"


@pytest.mark.parametrize("line", [{"quantity": "5"}, {"line": None, "item": "13"}, {"line": "77", "quantity": "1"}])
def test_a_line_without_its_number_is_refused_since_it_would_be_added_each_time(erp, fake, line):
    key = order(fake)
    outcome = update(erp, key, "salesOrder", item=[line])
    assert (outcome.kind, outcome.code, outcome.field) == (OutcomeKind.REFUSED, "line-without-key", "item")
    assert len(fake.rows("salesOrder")[0]["item"]) == 2


def test_what_is_not_named_stays_and_null_clears(erp, fake):
    [key] = fake.seed("customer", [{"companyName": "Acme", "phone": "1", "fax": "2"}])
    update(erp, key, phone=None)
    assert (fake.rows("customer")[0]["phone"], fake.rows("customer")[0]["fax"]) == (None, "2")


def test_references_choices_and_truth_values_are_sent_as_rest_wants_them(erp, fake):
    [parent] = fake.seed("customer", [{"companyName": "Mother"}])
    outcome = create(erp, parent=parent, globalSubscriptionStatus="2", isInactive=True)
    assert outcome.kind is OutcomeKind.APPLIED
    row = fake.store.rows["customer"][outcome.key]
    assert (row["parent"], row["globalSubscriptionStatus"], row["isInactive"]) == (parent, "2", True)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"compnayName": "x"}, "INVALID_FIELD"),
        ({"dateCreated": "2026-01-01T00:00:00Z"}, "READ_ONLY_FIELD"),
        ({"isInactive": "yes"}, "wrong-type"),
        ({"billingAddress.town": "x"}, "INVALID_FIELD"),
        ({"billingAddress.city": 7}, "wrong-type"),
        ({"comments": ["x"]}, "wrong-type"),
        ({"globalSubscriptionStatus": "9"}, "INVALID_CONTENT"),
        ({"email": "no address"}, "INVALID_CONTENT"),
        ({"isPerson": True, "lastName": "Moos"}, "USER_ERROR"),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_field(erp, fake, fields, code):
    [key] = fake.seed("customer", [{"companyName": "Acme"}])
    [outcome] = erp.upsert("customer", [Write(key, fields)])
    assert (outcome.kind, outcome.code) == (OutcomeKind.REFUSED, code)
    assert (outcome.field or "").partition(".")[0] in {name.partition(".")[0] for name in fields}
    assert "no address" not in outcome.message


def test_a_field_the_connector_does_not_know_to_be_gone_is_not_dropped_with_a_warning(erp, fake):
    [key] = fake.seed("customer", [{"companyName": "Acme"}])
    erp.discover("customer")
    del fake.types["customer"]["fax"]
    outcome = update(erp, key, fax="1")
    assert (outcome.kind, outcome.code, outcome.field) == (OutcomeKind.REFUSED, "INVALID_CONTENT", "fax")


def test_a_name_that_is_taken_is_a_duplicate_and_the_message_carries_no_value(erp, fake):
    fake.seed("customer", [{"companyName": "Acme", "entityId": "Canary AG"}])
    outcome = create(erp, entityId="Canary AG")
    assert outcome.kind is OutcomeKind.DUPLICATE
    assert "Canary" not in outcome.message


@pytest.mark.parametrize(("before", "wanted"), [("4", "1"), ("1", "3"), ("2", "4")])
def test_what_only_the_people_themselves_may_say_is_refused_from_anybody_else(erp, fake, before, wanted):
    [key] = fake.seed("contact", [{"lastName": "Moos", "globalSubscriptionStatus": before}])
    outcome = update(erp, key, "contact", globalSubscriptionStatus=wanted)
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, "globalSubscriptionStatus")
    assert fake.rows("contact")[0]["globalSubscriptionStatus"] == before


def test_a_one_world_account_says_that_it_wants_a_subsidiary(erp, fake):
    fake.store.one_world = True
    refused = create(erp)
    assert (refused.kind, refused.field) == (OutcomeKind.REFUSED, "subsidiary")
    assert create(erp, subsidiary="1").kind is OutcomeKind.APPLIED


@pytest.mark.parametrize("how", ["concurrency", "concurrency-400"])
def test_too_many_requests_at_once_cost_waiting_and_nothing_else(erp, fake, clock, how):
    erp.discover("customer")
    fake.misbehave(how, on="POST /services/rest/record", times=2)
    assert create(erp).kind is OutcomeKind.APPLIED
    assert len(fake.rows("customer")) == 1
    assert len(clock.slept) == 2
    fake.misbehave(how, times=50)
    with pytest.raises(ThrottledError):
        create(erp, companyName="Bolt")
    assert len(fake.rows("customer")) == 1


def test_somebody_who_saves_at_the_same_moment_is_a_passing_reason(erp, fake):
    [key] = fake.seed("customer", [{"companyName": "Acme"}])
    fake.misbehave("changed", on="PATCH")
    assert update(erp, key, phone="1").kind is OutcomeKind.RETRY
    assert update(erp, key, phone="1").kind is OutcomeKind.APPLIED


def test_a_record_others_depend_on_is_not_removed(erp, fake):
    order(fake)
    [buyer] = fake.rows("customer")
    [outcome] = erp.remove("customer", [Write(buyer["id"], {})])
    assert outcome.kind is OutcomeKind.REFUSED
    assert fake.rows("customer")
    [gone] = erp.remove("customer", [Write("no key", {})])
    assert gone.kind is OutcomeKind.MISSING


def test_a_reference_to_what_is_gone_is_refused_not_missing(erp, fake):
    [key] = fake.seed("customer", [{"companyName": "Acme"}])
    assert update(erp, key, parent="4711").kind is OutcomeKind.REFUSED
    assert update(erp, "4711", phone="1").kind is OutcomeKind.MISSING
    assert update(erp, "4711", billingAddress__city="x").kind is OutcomeKind.MISSING
    assert update(erp, "no key", phone="1").kind is OutcomeKind.MISSING


def test_a_kind_of_record_that_was_switched_off_is_not_taken_for_a_record_that_is_gone(erp, fake):
    [key] = fake.seed("contact", [{"lastName": "Moos"}])
    erp.discover("contact")
    del fake.types["contact"]
    outcome = update(erp, key, "contact", phone="1")
    assert (outcome.kind, outcome.code) == (OutcomeKind.REFUSED, "INVALID_URL")
