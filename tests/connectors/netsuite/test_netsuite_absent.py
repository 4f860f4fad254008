"""What the role may not see, or a page did not ask for, is absent from records; only what is empty is empty."""

import pytest

from connectors.sdk import UnreachableError

COMPANY = {"companyName": "Acme", "billingAddress": {"addr1": "1 Main St", "city": "Eugene", "country": "US"}}


def companies(count):
    return [{"companyName": f"Company {n}"} for n in range(count)]


def read(connector, stream="customer"):
    return {record.key: record for page in connector.read(stream, None) for record in page.records}


def test_a_column_that_is_null_is_null_and_not_absent(erp, fake):
    [key] = fake.seed("customer", companies(1))
    data = read(erp)[key].data
    assert (data["phone"], data["isPerson"], data["billingAddress"]) == (None, False, None)


def test_a_field_that_appears_while_reading_is_absent_until_the_next_read_and_not_empty(erp, fake, clock):
    """The account is described anew every quarter of an hour; what a page did not ask for says nothing of the field."""
    keys = fake.seed("customer", companies(8))
    pages = erp.read("customer", None)
    first = next(pages)
    fake.add_field("customer", "custentity_tier text20")
    for key in keys:
        fake.edit("customer", key, {"custentity_tier": "gold"}, at=clock.now())
    clock.advance(16 * 60)
    rest = [record for page in pages for record in page.records]
    assert rest
    assert all("custentity_tier" not in record.data for record in [*first.records, *rest])
    assert {record.data["custentity_tier"] for record in read(erp).values()} == {"gold"}


def test_a_field_that_changes_its_type_while_being_looked_up_does_not_look_empty(make, fake, clock):
    class Slow:
        def handle(self, request):
            answer = fake.handle(request)
            if b"FROM customer WHERE" in request.body and not slow:
                slow.append(1)
                fake.add_field("customer", "custentity_met datetime")
                clock.advance(16 * 60)
            return answer

    slow = []
    fake.add_field("customer", "custentity_met text40")
    [key] = fake.seed("customer", [{"companyName": "Acme", "custentity_met": "at the fair"}])
    [found] = make(Slow()).fetch("customer", [key])
    assert slow
    assert found.data["custentity_met"] == "at the fair"


def test_a_column_the_role_may_not_see_is_left_out_and_said(erp, fake):
    fake.hide("customer", "salesrep")
    fake.hide("customer", "fax")
    [key] = fake.seed("customer", companies(1))
    data = read(erp)[key].data
    assert {"salesRep", "fax"}.isdisjoint(data)
    assert data["companyName"] == "Company 0"
    [finding] = erp.check()
    assert (finding.code, "fax, salesRep" in finding.message or "salesRep, fax" in finding.message) == (
        "unreadable-fields",
        True,
    )
    shown = {field.name: field for field in erp.discover("customer")}
    assert not shown["fax"].readable


def test_an_address_book_that_cannot_be_read_is_said_and_hides_no_record(erp, fake):
    fake.hide("contactaddressbook")
    [key] = fake.seed("contact", [{"lastName": "Moos", "billingAddress": {"city": "Eugene"}}])
    assert [(one.code, one.path) for one in erp.check()] == [("unreadable-addresses", "streams.contact")]
    assert "billingAddress" not in read(erp, stream="contact")[key].data
    shown = {field.name: field for field in erp.discover("contact")}
    assert (shown["billingAddress.city"].readable, shown["billingAddress.city"].updatable) == (False, True)


def test_a_500_that_passes_does_not_hide_the_address_book(make, fake, failing):
    failing.plans = [["addressbook", 500, "UNEXPECTED_ERROR", 2]]
    [key] = fake.seed("customer", [COMPANY])
    assert read(make(failing))[key].data["billingAddress"]["city"] == "Eugene"


def test_an_address_book_that_fails_each_time_hides_no_record_and_is_tried_again_later(make, fake, failing, clock):
    failing.plans = [["addressbook", 500, "UNEXPECTED_ERROR", 7]]
    [key] = fake.seed("customer", [COMPANY])
    erp = make(failing)
    assert "billingAddress" not in read(erp)[key].data
    assert "billingAddress" not in read(erp)[key].data
    waited = len(clock.slept)
    clock.advance(16 * 60)
    assert "billingAddress" not in read(erp)[key].data
    assert len(clock.slept) == waited, "it is not waited for again"
    clock.advance(16 * 60)
    assert read(erp)[key].data["billingAddress"]["city"] == "Eugene"


@pytest.mark.parametrize("said", [(403, "INSUFFICIENT_PERMISSION"), (400, "INVALID_PARAMETER")])
def test_an_address_book_that_the_role_is_let_into_later_is_read_then(make, fake, failing, clock, said):
    failing.plans = [["addressbook", *said, 1]]
    [key] = fake.seed("customer", [COMPANY])
    erp = make(failing)
    assert "billingAddress" not in read(erp)[key].data
    clock.advance(16 * 60)
    assert read(erp)[key].data["billingAddress"]["city"] == "Eugene"


def test_a_server_that_is_not_there_ends_a_read_and_decides_nothing(make, fake, failing):
    failing.plans = [["addressbook", 502, "", 20]]
    fake.seed("customer", [COMPANY])
    with pytest.raises(UnreachableError):
        read(make(failing))


def test_a_column_whose_first_answers_are_500s_that_pass_is_read(make, fake, failing):
    [key] = fake.seed("customer", [{"companyName": "Acme", "fax": "7"}])
    failing.plans = [["fax", 500, "UNEXPECTED_ERROR", 7]]
    assert read(make(failing))[key].data["fax"] == "7"


def test_lines_that_cannot_be_read_are_absent_and_said(make, fake):
    fake.hide("transactionline")
    [buyer] = fake.seed("customer", companies(1))
    [key] = fake.seed("salesOrder", [{"entity": buyer, "item": [{"item": "11", "rate": 1}]}])
    erp = make(streams=["salesOrder"])
    data = read(erp, stream="salesOrder")[key].data
    assert (data["entity"], data["currencyCode"], "item" in data) == (buyer, "USD", False)
    assert [one.code for one in erp.check()] == ["unreadable-lines"]
    assert not next(field for field in erp.discover("salesOrder") if field.name == "item").readable


def test_a_currency_that_is_not_known_is_absent_and_not_empty(make, fake, clock):
    fake.hide("currency")
    [buyer] = fake.seed("customer", companies(1))
    [key] = fake.seed("salesOrder", [{"entity": buyer, "item": [{"item": "11", "rate": 1}]}])
    erp = make()
    data = read(erp, stream="salesOrder")[key].data
    assert "currencyCode" not in data | data["item"][0]
    fake.queries.hidden.clear()
    clock.advance(16 * 60)
    assert read(erp, stream="salesOrder")[key].data["currencyCode"] == "USD"
