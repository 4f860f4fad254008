"""Writing: creates that overwrite nobody, updates that touch nothing else, refusals row by row."""

import pytest

from connectors.sdk import OutcomeKind, RefusedError, Write
from syncline.sandbox.wire import Request, Response, transport

ADA = "ada@shop.example"
AT_ULM = {
    "defaultPaymentAddress.streetname": "Obere Str. 57",
    "defaultPaymentAddress.town": "Ulm",
    "defaultPaymentAddress.country.isocode": "DE",
}


def person(uid=ADA, **fields):
    return {"uid": uid, "email": uid, "name": "Ada Lovelace", **fields}


def create(connector, fields, marker="hub-1", stream="customers"):
    [outcome] = connector.upsert(stream, [Write(None, fields, marker=marker)])
    return outcome


def update(connector, fields, key=ADA, stream="customers", **more):
    [outcome] = connector.upsert(stream, [Write(key, fields, **more)])
    return outcome


def writes(fake):
    return {name: count for name, count in fake.operations.items() if not name.startswith("GET")}


def test_a_uid_is_put_into_small_letters_before_anybody_else_does(shop, fake):
    outcome = create(shop, person("Ada@Shop.example"))
    assert (outcome.kind, outcome.key) == (OutcomeKind.APPLIED, ADA)
    assert fake.item("customers", ADA)["synclineId"] == "hub-1"


def test_who_has_no_uid_signs_in_with_the_e_mail_address(shop, fake):
    assert create(shop, {"email": "Ada@Shop.example", "name": "Ada"}).key == ADA
    assert fake.item("customers", ADA)["email"] == "Ada@Shop.example"
    assert create(shop, {"name": "Nobody"}).kind is OutcomeKind.REFUSED


def test_a_create_never_overwrites_who_is_there(shop, fake):
    fake.seed("customers", [person(name="Ada Byron")])
    outcome = create(shop, person("ADA@shop.example"))
    assert (outcome.kind, outcome.of) == (OutcomeKind.DUPLICATE, ADA)
    assert fake.item("customers", ADA)["name"] == "Ada Byron"
    assert writes(fake) == {}


def test_a_create_of_its_own_that_was_lost_is_completed(shop, fake):
    create(shop, person())
    assert create(shop, person(name="Ada King")).kind is OutcomeKind.APPLIED
    assert fake.item("customers", ADA)["name"] == "Ada King"
    assert create(shop, person(), marker="hub-2").kind is OutcomeKind.DUPLICATE
    assert len(fake.rows["B2BCustomers"]) == 1


def test_without_a_mark_even_an_equal_create_is_told_to_be_there(make, fake):
    connector = make(streams={"customers": {"marker": None}})
    assert create(connector, person()).kind is OutcomeKind.APPLIED
    assert create(connector, person()).kind is OutcomeKind.DUPLICATE
    assert fake.item("customers", ADA)["synclineId"] is None


def test_two_creates_of_one_uid_in_a_batch_make_one_customer(shop, fake):
    rows = [Write(None, person(), marker="hub-1"), Write(None, person("ADA@shop.example"), marker="hub-2")]
    first, second = shop.upsert("customers", rows)
    assert (first.kind, second.kind, second.of) == (OutcomeKind.APPLIED, OutcomeKind.DUPLICATE, ADA)
    assert fake.item("customers", ADA)["synclineId"] == "hub-1"


def test_a_private_customer_of_that_uid_is_another_one_and_stays(shop, fake):
    fake.put("Customers", uid=ADA, name="Private")
    outcome = create(shop, person())
    assert (outcome.kind, outcome.code) == (OutcomeKind.DUPLICATE, "invalid_attribute_value")
    assert ADA not in outcome.message
    assert fake.rows["B2BCustomers"] == {}


def test_private_customers_are_made_by_their_uid_and_never_over_a_business_customer(make, fake):
    fake.seed("customers", [person()])
    private = make(streams={"customers": {"item": "Customer"}})
    assert create(private, {"uid": ADA, "name": "Ada"}).kind is OutcomeKind.DUPLICATE
    assert create(private, {"name": "Nobody"}).kind is OutcomeKind.REFUSED
    assert create(private, {"uid": "Bob@shop.example", "name": "Bob"}).key == "bob@shop.example"
    assert [row["name"] for row in fake.rows["Customers"].values()] == ["Bob"]


def test_an_update_is_a_patch_that_names_what_changes(shop, fake):
    fake.put("B2BUnits", uid="Rustic")
    fake.seed("customers", [person(**AT_ULM, **{"title.code": "ms", "defaultB2BUnit.uid": "Rustic"})])
    before = dict(fake.item("customers", ADA))
    assert update(shop, {"name": "Ada King"}).kind is OutcomeKind.APPLIED
    after = fake.item("customers", ADA)
    assert {name for name in after if after[name] != before[name]} == {"name"}
    assert writes(fake) == {"PATCH B2BCustomers()": 1}


def test_a_change_within_an_address_keeps_the_address_and_the_rest_of_it(shop, fake):
    fake.seed("customers", [person(**AT_ULM)])
    assert update(shop, {"defaultPaymentAddress.town": "Neu-Ulm"}).kind is OutcomeKind.APPLIED
    (address,) = fake.referred("customers", ADA, "defaultPaymentAddress")
    assert (address["town"], address["streetname"]) == ("Neu-Ulm", "Obere Str. 57")
    assert address["@country"] == "DE"
    assert len(fake.rows["CustomerAddresses"]) == 1


def test_an_address_is_made_with_its_customer_and_with_an_update(shop, fake):
    create(shop, person(**AT_ULM))
    assert update(shop, {"defaultShipmentAddress.town": "Paris"}).kind is OutcomeKind.APPLIED
    (payment,) = fake.referred("customers", ADA, "defaultPaymentAddress")
    (shipment,) = fake.referred("customers", ADA, "defaultShipmentAddress")
    assert (payment["town"], payment["@country"], shipment["town"]) == ("Ulm", "DE", "Paris")


def test_a_units_address_belongs_to_it_without_being_told(shop, fake):
    create(shop, {"uid": "Rustic", "billingAddress.town": "Ulm"}, stream="units")
    assert update(shop, {"billingAddress.town": "Neu-Ulm"}, key="Rustic", stream="units").kind is OutcomeKind.APPLIED
    (address,) = fake.referred("units", "Rustic", "billingAddress")
    assert (address["town"], address["@owner"]) == ("Neu-Ulm", "Rustic")
    assert len(fake.rows["UnitAddresses"]) == 1


def test_another_country_takes_the_place_of_the_former_and_leaves_it_as_it_is(shop, fake):
    fake.seed("customers", [person(**AT_ULM)])
    update(shop, {"defaultPaymentAddress.country.isocode": "FR"})
    (address,) = fake.referred("customers", ADA, "defaultPaymentAddress")
    assert address["@country"] == "FR"
    assert {row["isocode"] for row in fake.rows["Countries"].values()} == {"DE", "FR", "US"}


def test_a_region_is_named_with_its_country(shop, fake):
    fake.seed("customers", [person(**{**AT_ULM, "defaultPaymentAddress.country.isocode": "US"})])
    alone = update(shop, {"defaultPaymentAddress.region.isocode": "US-CA"})
    assert (alone.kind, alone.field) == (OutcomeKind.REFUSED, "defaultPaymentAddress.region.isocode")
    both = {"defaultPaymentAddress.region.isocode": "US-CA", "defaultPaymentAddress.region.country.isocode": "US"}
    assert update(shop, both).kind is OutcomeKind.APPLIED
    (address,) = fake.referred("customers", ADA, "defaultPaymentAddress")
    assert address["@region"] == "US|US-CA"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"defaultB2BUnit.uid": None}, "defaultB2BUnit.uid"),
        ({"uid": "grace@shop.example"}, "uid"),
        ({"integrationKey": "x"}, "integrationKey"),
        ({"nothing": "x"}, "nothing"),
        ({"defaultB2BUnit": "Rustic"}, "defaultB2BUnit"),
        ({"loginDisabled": "yes"}, "loginDisabled"),
        ({"consents.MARKETING.status": "given"}, "consents.MARKETING.status"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_sent(shop, fake, fields, field):
    fake.put("B2BUnits", uid="Rustic")
    fake.seed("customers", [person(**{"defaultB2BUnit.uid": "Rustic"})])
    outcome = update(shop, fields)
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, field)
    assert writes(fake) == {}


def test_the_same_uid_in_other_letters_is_no_change(shop, fake):
    fake.seed("customers", [person()])
    assert update(shop, {"uid": "ADA@shop.example"}).kind is OutcomeKind.APPLIED
    assert writes(fake) == {}


def test_a_unit_is_made_below_another_and_not_moved(shop, fake):
    fake.put("B2BUnits", uid="Rustic")
    made = create(shop, {"uid": "Rustic Retail", "locName": "Retail", "parent.uid": "Rustic"}, stream="units")
    assert made.kind is OutcomeKind.APPLIED
    assert fake.item("units", "Rustic Retail")["@groups"] == ["Rustic"]
    moved = update(shop, {"parent.uid": "Other"}, key="Rustic Retail", stream="units")
    assert (moved.kind, moved.field) == (OutcomeKind.REFUSED, "parent")
    listed = update(shop, {"groups": []}, key="Rustic Retail", stream="units")
    assert listed.kind is OutcomeKind.REFUSED
    assert fake.item("units", "Rustic Retail")["@groups"] == ["Rustic"]


def test_a_reference_to_what_is_not_there_is_refused_and_takes_no_neighbour_along(shop, fake):
    rows = [person(f"p{n}@shop.example") for n in range(3)]
    rows[1]["defaultB2BUnit.uid"] = "Nowhere"
    outcomes = shop.upsert("customers", [Write(None, row, marker=f"hub-{n}") for n, row in enumerate(rows)])
    assert [outcome.kind for outcome in outcomes] == [
        OutcomeKind.APPLIED,
        OutcomeKind.REFUSED,
        OutcomeKind.APPLIED,
    ]
    assert outcomes[1].code == "missing_nav_property"
    assert sorted(row["uid"] for row in fake.rows["B2BCustomers"].values()) == ["p0@shop.example", "p2@shop.example"]
    assert fake.rows["B2BUnits"] == {}


def test_a_missing_attribute_is_told_with_its_name_and_no_personal_value(shop, fake):
    fake.seed("customers", [person()])
    outcome = update(shop, {"email": None})
    assert (outcome.kind, outcome.code, outcome.field) == (OutcomeKind.REFUSED, "missing_property", "email")
    assert fake.item("customers", ADA)["email"] == ADA
    long = update(shop, {"name": "Canary" * 60})
    assert (long.kind, long.code, long.field) == (OutcomeKind.REFUSED, "invalid_attribute_value", "name")
    assert "Canary" not in long.message


@pytest.mark.parametrize("uid", ["ada+news@shop.example", "o'hara@shop.example", "łucja|x@shop.example", "a%40b c@d.e"])
def test_a_uid_of_any_signs_is_written_by_its_key(shop, fake, uid):
    create(shop, person(uid))
    assert update(shop, {"name": "Grace"}, key=uid).kind is OutcomeKind.APPLIED
    assert fake.item("customers", uid)["name"] == "Grace"


def test_who_may_not_write_is_told_row_by_row(shop, fake):
    fake.rights = {"read"}
    outcome = create(shop, person())
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNAUTHORISED, "forbidden")
    assert fake.rows["B2BCustomers"] == {}


def test_rows_that_a_person_changed_meanwhile_are_left_to_the_engine(shop, fake):
    fake.seed("customers", [person(**AT_ULM)])
    (seen,) = shop.fetch("customers", [ADA])
    fake.edit("customers", ADA, {"defaultPaymentAddress.town": "Neu-Ulm"})
    assert update(shop, {"name": "Hub"}, expects=seen.version).kind is OutcomeKind.STALE
    assert fake.item("customers", ADA)["name"] == "Ada Lovelace"


def test_more_change_sets_than_a_system_allows_are_refused_as_a_whole(make, fake):
    class Strict:
        def handle(self, request: Request) -> Response:
            if request.path.endswith("$batch"):
                body = {"error": {"code": "batch_limit_exceeded", "message": {"lang": "en", "value": "limit 1"}}}
                return Response.of(body, 400)
            return fake.handle(request)

    with pytest.raises(RefusedError, match="batch_limit_exceeded"):
        create(make(carrier=transport(Strict())), person())


def test_attributes_in_many_languages_are_written_in_the_connections(make):
    met = []

    class Listening:
        def handle(self, request: Request) -> Response:
            met.append(request.headers.get("accept-language"))
            return Response(status=503)

    make(carrier=transport(Listening()), language="de").check()
    assert set(met) == {"de"}
