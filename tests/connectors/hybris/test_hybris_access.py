"""The way in: credentials, the integration object, and what has to be in it."""

import pytest
from pydantic import ValidationError

from connectors.hybris import HybrisSettings
from connectors.sdk import FieldType, Replay
from syncline.sandbox.hybris import HybrisFake
from syncline.sandbox.wire import Response, transport

HOST = "https://api.shop.example"
SECRET = "s3cr3t-canary"
OAUTH = {"kind": "client_credentials", "client_id": "app", "client_secret": SECRET}
BASIC = {"kind": "basic", "user": "hub", "password": SECRET}
CONSENTS = {"templates": ["MARKETING"], "site": "electronics"}


def codes(findings):
    return [(finding.code, finding.path) for finding in findings]


def lacking(clock, *without):
    return HybrisFake(clock, users={"hub": SECRET}, without=without)


def test_the_facts_of_the_streams(shop):
    units, customers, orders = shop.declared_streams()
    assert [units.parents, customers.parents, orders.parents] == [(), ("units",), ("units", "customers")]
    assert (customers.writes.replay, customers.writes.marker, customers.writes.conditional) == (
        Replay.UPSERT,
        "synclineId",
        True,
    )
    assert orders.writes is None
    assert (units.key, orders.key) == ("uid", "code")


def test_without_a_mark_of_its_own_a_create_has_none(make):
    (stream,) = make(streams={"customers": {"marker": None}}).declared_streams()
    assert (stream.writes.replay, stream.writes.marker) == (Replay.NATURAL, None)


@pytest.mark.parametrize(
    "given",
    [
        {"url": "http://shop.example"},
        {"url": "https://shop.example/odata2webservices"},
        {"object": "a/b"},
        {"streams": ["products"]},
        {"streams": {"customers": {"item": "a b"}}},
        {"batch": 201},
        {"page": 1001},
        {"consents": {**CONSENTS, "templates": []}},
        {"auth": BASIC, "consents": {**CONSENTS, "withdraw": True}},
    ],
)
def test_settings_that_cannot_be_right_are_refused(given):
    with pytest.raises(ValidationError):
        HybrisSettings(**{"url": HOST, "auth": OAUTH, **given})


def test_a_stream_says_only_what_is_special_about_it():
    settings = HybrisSettings(url=HOST, auth=OAUTH, streams={"customers": {"item": "Customer"}, "orders": None})
    assert settings.stream("customers").item == "Customer"
    assert "title" in settings.stream("customers").expand
    assert (settings.stream("orders").code, settings.stream("orders").marker) == ("code", None)
    with pytest.raises(KeyError):
        settings.stream("units")


def test_check_finds_nothing_wrong_by_either_way_in(shop, make):
    assert shop.check() == []
    assert make(auth=OAUTH).check() == []


def test_a_wrong_secret_a_missing_object_and_a_wrong_address_are_told_apart(make):
    assert codes(make(auth={**BASIC, "password": "wrong"}).check()) == [("unauthorised", "auth")]
    assert codes(make(auth={**OAUTH, "client_secret": "wrong"}).check()) == [("unauthorised", "auth")]
    assert codes(make(object="Other").check()) == [("no-object", "object")]
    gone = make(carrier=transport(type("Gone", (), {"handle": lambda self, request: Response(lost=True)})()))
    assert codes(gone.check()) == [("unreachable", "url")]


def test_a_user_without_the_right_to_read_is_told_so(make, fake):
    fake.rights = {"create"}
    (finding,) = make().check()
    assert (finding.code, finding.path) == ("unauthorised", "auth")


def test_a_type_that_the_user_may_not_read_is_told_by_its_stream(make, fake):
    fake.hidden = {"Order"}
    assert codes(make().check()) == [("no-access", "streams.orders")]
    fake.hidden = {"Region"}
    assert codes(make().check()) == [("no-access", "streams.units"), ("no-access", "streams.customers")]


def test_what_the_integration_object_lacks_is_said_item_by_item(make, clock):
    found = make(of=lacking(clock, "B2BUnit")).check()
    assert codes(found) == [("no-item", "streams.units.item")]
    assert "B2BCustomer" in found[0].hint
    found = make(of=lacking(clock, "B2BCustomer.modifiedtime", "B2BUnit.synclineId")).check()
    assert codes(found) == [("no-marker", "streams.units.marker"), ("no-stamp", "streams.customers.modified")]
    relaxed = {"units": {"marker": None}, "customers": {"modified": None}}
    assert make(of=lacking(clock, "B2BCustomer.modifiedtime", "B2BUnit.synclineId"), streams=relaxed).check() == []


def test_an_item_named_by_more_than_its_code_is_refused(make):
    found = make(streams={"units": {"item": "Region", "code": "isocode", "modified": None, "marker": None}}).check()
    assert codes(found) == [("other-key", "streams.units.code")]


def test_consents_need_items_of_their_own(make, clock):
    found = make(of=lacking(clock, "ConsentTemplate"), consents=CONSENTS).check()
    assert codes(found) == [("no-consents", "consents")] * 2


def test_discover_shows_what_the_object_has_and_what_can_be_written(make):
    fields = {field.name: field for field in make(consents=CONSENTS).discover("customers")}
    assert (fields["uid"].creatable, fields["uid"].updatable, fields["uid"].unique) == (True, False, True)
    assert fields["email"].required
    unit = fields["defaultB2BUnit.uid"]
    assert (unit.type, unit.references, unit.updatable) == (FieldType.REFERENCE, ("units",), True)
    assert not fields["defaultB2BUnit.name"].updatable
    assert fields["defaultPaymentAddress.country.isocode"].updatable
    assert not fields["modifiedtime"].creatable
    assert fields["consents.MARKETING.status"].choices == ("given", "withdrawn", "outdated")
    assert not fields["consents.MARKETING.status"].updatable
    units = {field.name: field for field in make().discover("units")}
    assert (units["parent.uid"].creatable, units["parent.uid"].updatable) == (True, False)
    assert not units["groups"].creatable
    assert not any(field.creatable or field.updatable for field in make().discover("orders"))
