"""Writing to an Adobe Commerce shop: nothing that was not named is lost, each row's fate is told."""

from connectors.sdk import OutcomeKind, Write


def upsert(connector, *writes, stream="customers"):
    return connector.upsert(stream, list(writes))


def creates(count):
    for n in range(count):
        yield Write(None, {"firstname": "P", "lastname": str(n), "email": f"p{n}@example.com"}, marker=f"hub-{n}")


def test_an_update_sends_what_the_shop_cannot_do_without(fake, connect, ana):
    [key] = fake.seed("customers", [{**ana, "group_id": 2, "middlename": "Maria"}])
    [outcome] = upsert(connect(), Write(key, {"lastname": "Diaz"}))
    assert outcome.kind is OutcomeKind.APPLIED
    row = fake.row("customers", key)
    assert (row["lastname"], row["firstname"], row["middlename"], row["group_id"]) == ("Diaz", "Ana", "Maria", 2)


def test_addresses_that_are_not_named_stay_when_one_is_changed(fake, connect, ana, home):
    addresses = [{**home, "default_billing": True}, {**home, "city": "Portland"}, {**home, "default_shipping": True}]
    [key] = fake.seed("customers", [{**ana, "addresses": addresses}])
    before = fake.row("customers", key)["addresses"]
    [outcome] = upsert(connect(), Write(key, {"billing.city": "Salem"}))
    assert outcome.kind is OutcomeKind.APPLIED
    after = fake.row("customers", key)["addresses"]
    assert [address["id"] for address in after] == [address["id"] for address in before]
    assert [address["city"] for address in after] == ["Salem", "Portland", "Eugene"]
    assert after[1:] == before[1:]


def test_addresses_are_left_alone_when_none_is_named(fake, connect, ana, home):
    [key] = fake.seed("customers", [{**ana, "addresses": [{**home, "default_billing": True}]}])
    before = fake.row("customers", key)["addresses"]
    upsert(connect(), Write(key, {"lastname": "Diaz"}))
    assert fake.row("customers", key)["addresses"] == before


def test_an_address_for_both_is_parted_where_one_of_them_changes(fake, connect, ana, home):
    both = {**home, "default_billing": True, "default_shipping": True}
    [key] = fake.seed("customers", [{**ana, "addresses": [both]}])
    upsert(connect(), Write(key, {"billing.city": "Salem"}))
    [record] = connect().fetch("customers", [key])
    assert (record.data["billing"]["city"], record.data["shipping"]["city"]) == ("Salem", "Eugene")


def test_an_address_for_both_stays_one_where_both_change_alike(fake, connect, ana, home):
    both = {**home, "default_billing": True, "default_shipping": True}
    [key] = fake.seed("customers", [{**ana, "addresses": [both]}])
    upsert(connect(), Write(key, {"billing.city": "Salem", "shipping.city": "Salem"}))
    assert [address["city"] for address in fake.row("customers", key)["addresses"]] == ["Salem"]


def test_a_new_address_gets_the_name_of_its_customer_and_the_shops_id_of_its_region(fake, connect, ana):
    [key] = fake.seed("customers", [ana])
    given = {"street": "1 Way", "city": "Eugene", "country_id": "US", "region": "Oregon", "telephone": "555"}
    [outcome] = upsert(connect(), Write(key, {f"billing.{name}": value for name, value in given.items()}))
    assert outcome.kind is OutcomeKind.APPLIED
    [address] = fake.row("customers", key)["addresses"]
    assert (address["firstname"], address["region"]["region_id"], address["default_billing"]) == ("Ana", 49, True)


def test_an_address_that_lacks_what_the_shop_wants_is_refused_with_its_words(fake, connect, ana):
    [key] = fake.seed("customers", [ana])
    [outcome] = upsert(connect(), Write(key, {"billing.city": "Eugene"}))
    assert outcome.kind is OutcomeKind.REFUSED
    assert outcome.message == '"street" is required. Enter and try again.'
    assert outcome.field == "street"


def test_an_address_whose_every_field_is_blanked_is_taken_out_alone(fake, connect, ana, home):
    addresses = [{**home, "default_billing": True}, {**home, "city": "Portland"}]
    [key] = fake.seed("customers", [{**ana, "addresses": addresses}])
    blank = ("street", "city", "region", "postcode", "telephone", "company")
    upsert(connect(), Write(key, {f"billing.{name}": None for name in blank}))
    assert [address["city"] for address in fake.row("customers", key)["addresses"]] == ["Portland"]


class Between:
    """Somebody unsubscribes just before a change arrives."""

    def __init__(self, fake, key):
        self.fake, self.key = fake, key

    def handle(self, request):
        if request.method == "PUT":
            self.fake.edit("customers", self.key, extension_attributes={"is_subscribed": False})
        return self.fake.handle(request)


def test_somebody_who_unsubscribed_meanwhile_is_not_subscribed_again_by_another_change(fake, connect, ana):
    [key] = fake.seed("customers", [{**ana, "extension_attributes": {"is_subscribed": True}}])
    upsert(connect(Between(fake, key)), Write(key, {"lastname": "Moreno"}))
    assert fake.row("customers", key)["lastname"] == "Moreno"
    assert fake.row("customers", key)["extension_attributes"]["is_subscribed"] is False


def test_an_address_taken_on_the_same_website_is_a_duplicate_of_its_holder(fake, connect, ana, jean):
    fake.seed("customers", [jean, {**ana, "website_id": 2}, ana])
    for many in (0, 1):
        [outcome] = upsert(connect(bulk_from=many), Write(None, {**ana, "email": "ANA@example.com"}, marker="hub-1"))
        assert (outcome.kind, outcome.of) == (OutcomeKind.DUPLICATE, "3")


def test_the_same_address_on_another_website_is_another_customer(fake, connect, ana):
    fake.seed("customers", [ana])
    [outcome] = upsert(connect(), Write(None, {**ana, "website_id": 2}, marker="hub-1"))
    assert outcome.kind is OutcomeKind.APPLIED


def test_somebody_who_was_faster_is_not_overwritten(fake, connect, clock, ana):
    [key] = fake.seed("customers", [ana])
    seen = fake.row("customers", key)["updated_at"]
    clock.advance(60)
    fake.edit("customers", key, lastname="Moreno")
    [outcome] = upsert(connect(), Write(key, {"lastname": "Diaz"}, expects=seen))
    assert outcome.kind is OutcomeKind.STALE
    assert fake.row("customers", key)["lastname"] == "Moreno"


def test_new_customers_join_the_website_of_the_store_view(fake, connect, ana):
    [outcome] = upsert(connect(store_view="french"), Write(None, ana, marker="hub-1"))
    assert fake.row("customers", outcome.key)["website_id"] == 2


def test_a_shop_without_the_marker_is_written_and_looked_up_by_address(fake, connect, ana):
    connector = connect(marker=None)
    [outcome] = upsert(connector, Write(None, ana, marker="hub-1"))
    assert "custom_attributes" not in fake.row("customers", outcome.key)
    assert [record.key for record in connector.find("customers", "email", [ana["email"]])] == [outcome.key]


def test_many_are_queued_in_one_call_and_each_ones_fate_is_told_in_order(fake, connect, jean):
    fake.seed("customers", [{**jean, "email": "p2@example.com"}])
    fake.queue.counted_on = True
    outcomes = upsert(connect(), *creates(6))
    kinds = [outcome.kind for outcome in outcomes]
    assert kinds == [OutcomeKind.APPLIED] * 2 + [OutcomeKind.DUPLICATE] + [OutcomeKind.APPLIED] * 3
    emails = [fake.row("customers", outcome.key)["email"] for outcome in outcomes if outcome.key]
    assert emails == [f"p{n}@example.com" for n in (0, 1, 3, 4, 5)]
    assert outcomes[2].of == "1"
    assert fake.calls["POST async/bulk/customers"] == 1


def test_what_the_queue_says_of_each_is_told_as_it_is(fake, connect):
    fake.queue.spoil = [1, 2, 3, 5, 1]
    kinds = [outcome.kind for outcome in upsert(connect(), *creates(5))]
    refused = OutcomeKind.REFUSED
    assert kinds == [OutcomeKind.APPLIED, OutcomeKind.RETRY, refused, refused, OutcomeKind.APPLIED]


def test_what_is_still_queued_at_the_end_of_patience_is_in_doubt(fake, connect, clock):
    fake.queue.delay = 10_000
    outcomes = upsert(connect(bulk_patience=120), *creates(5))
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.UNKNOWN}
    assert "consumers" in outcomes[0].message
    clock.advance(10_000)
    found = connect().find("customers", "custom.syncline_id", [f"hub-{n}" for n in range(5)])
    assert len(found) == 5


def test_a_shop_without_the_bulk_api_is_written_one_by_one(fake, connect):
    fake.bulk_api = False
    outcomes = upsert(connect(), *creates(5))
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.APPLIED}
    assert fake.calls["POST customers"] == 5


def test_no_update_waits_in_the_queue_to_overwrite_what_is_edited_meanwhile(fake, connect):
    keys = [outcome.key for outcome in upsert(connect(), *creates(5))]
    outcomes = upsert(connect(), *(Write(key, {"lastname": f"New {key}"}) for key in keys))
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.APPLIED}
    assert [fake.row("customers", key)["lastname"] for key in keys] == [f"New {key}" for key in keys]
    assert not fake.calls["PUT async/bulk/customers/byCustomerId"]


def test_a_companys_administrator_has_to_be_a_customer(fake, connect, ana):
    company = {"company_name": "C", "company_email": "c@example.com", "super_user_id": 99, "customer_group_id": 1}
    [outcome] = upsert(connect(), Write(None, company), stream="companies")
    assert outcome.kind is OutcomeKind.REFUSED
    [admin] = fake.seed("customers", [ana])
    [outcome] = upsert(connect(), Write(None, {**company, "super_user_id": int(admin)}), stream="companies")
    assert outcome.kind is OutcomeKind.APPLIED
    [outcome] = upsert(connect(), Write(outcome.key, {"street": "A\nB"}), stream="companies")
    assert fake.row("companies", "1")["street"] == ["A", "B"]
    assert fake.row("companies", "1")["super_user_id"] == int(admin)


def test_a_group_that_is_not_there_leaves_the_customer_in_place(fake, connect, ana, jean):
    fake.seed("customers", [ana] + [{**jean, "email": f"j{n}@example.com"} for n in range(98)])
    [outcome] = upsert(connect(), Write("99", {"group_id": 99}))
    assert outcome.kind is OutcomeKind.REFUSED
    fake.delete("customers", "99")
    [outcome] = upsert(connect(), Write("99", {"group_id": 2}))
    assert outcome.kind is OutcomeKind.MISSING


def test_many_markers_are_looked_up_in_addresses_that_web_servers_take(fake, connect):
    rows = ({"attribute_code": "syncline_id", "value": f"{n:064d}"} for n in range(60))
    people = ({"firstname": "P", "lastname": "Q", "email": f"q{n}@example.com"} for n in range(60))
    fake.seed("customers", [{**one, "custom_attributes": [row]} for one, row in zip(people, rows, strict=True)])
    found = connect().find("customers", "custom.syncline_id", [f"{n:064d}" for n in range(60)])
    assert len(found) == 60
