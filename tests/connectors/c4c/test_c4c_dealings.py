"""Leads, opportunities and cases of a tenant of version 2."""

import pytest

from connectors.c4c import C4cConnector, C4cSettings
from connectors.sdk import Context, OutcomeKind, Replay, Write
from syncline.sandbox.c4c import C4cSecondFake
from syncline.sandbox.wire import Request, transport

ALL = ["accounts", "contacts", "leads", "opportunities", "tickets"]


class Watched:
    """Keeps what was sent."""

    def __init__(self, fake):
        self.fake, self.sent = fake, []

    def handle(self, request: Request):
        if request.method in {"POST", "PATCH"}:
            self.sent.append(request.json())
        return self.fake.handle(request)


@pytest.fixture
def fake(clock):
    return C4cSecondFake(clock, users={"USER": "s3cr3t-canary"})


@pytest.fixture
def wire(fake):
    return Watched(fake)


@pytest.fixture
def make(clock, wire):
    made = []

    def build(streams=ALL):
        auth = {"kind": "basic", "user": "USER", "password": "s3cr3t-canary"}
        settings = C4cSettings(url="https://acme.crm.example", api="v2", auth=auth, streams=streams)
        made.append(C4cConnector(settings, Context(clock=clock, transport=transport(wire))))
        return made[-1]

    yield build
    for connector in made:
        connector.close()


@pytest.fixture
def tenant(make):
    return make()


@pytest.fixture
def people(fake):
    accounts = fake.seed("accounts", [{"firstLineName": name} for name in ("Alfreds", "Wolski")])
    contacts = fake.seed("contacts", [{"familyName": "Anders", "accountId": accounts[0]}])
    return [*accounts, *contacts]


def one(connector, stream, key, fields, **more):
    return connector.upsert(stream, [Write(key, fields, **more)])[0]


def test_a_case_is_made_for_its_account_and_contact_and_moved_to_another(tenant, fake, people):
    alfreds, wolski, maria = people
    fields = {"subject": "Two bottles broken", "caseType": "ZCSE", "account.id": alfreds, "contact.id": maria}
    made = one(tenant, "tickets", None, fields, marker="hub-1")
    assert made.kind is OutcomeKind.APPLIED
    row = fake.rows["tickets"][made.key]
    assert (row["account"]["name"], row["contact"]["name"]) == ("Alfreds", "Anders")
    assert row["extensions"] == {"SynclineID": "hub-1"}
    assert one(tenant, "tickets", made.key, {"account.id": wolski}).kind is OutcomeKind.APPLIED
    assert fake.rows["tickets"][made.key]["account"]["name"] == "Wolski"
    assert fake.rows["tickets"][made.key]["contact"]["id"] == maria


def test_a_reference_that_is_emptied_goes_with_all_that_is_shown_of_it(tenant, fake, people):
    """Were only the id taken away, the name of the former contact would stay on the case."""
    (key,) = fake.seed("tickets", [{"subject": "Cork", "account.id": people[0], "contact.id": people[2]}])
    assert one(tenant, "tickets", key, {"contact.id": None}).kind is OutcomeKind.APPLIED
    assert "contact" not in fake.rows["tickets"][key]
    assert fake.rows["tickets"][key]["account"]["id"] == people[0]


def test_new_cases_get_the_type_that_the_settings_name(make, fake):
    tenant = make({"tickets": {"defaults": {"caseType": "ZCSE"}}})
    plain = one(tenant, "tickets", None, {"subject": "Cork"}, marker="a")
    other = one(tenant, "tickets", None, {"subject": "Cork", "caseType": "ZRET"}, marker="b")
    assert [fake.rows["tickets"][outcome.key]["caseType"] for outcome in (plain, other)] == ["ZCSE", "ZRET"]


def test_defaults_of_version_1_are_none_of_version_2(tenant, wire):
    assert one(tenant, "accounts", None, {"firstLineName": "Alfreds"}, marker="a").kind is OutcomeKind.APPLIED
    assert wire.sent == [{"firstLineName": "Alfreds", "extensions": {"SynclineID": "a"}}]


@pytest.mark.parametrize(
    ("stream", "row", "fields"),
    [
        ("tickets", {"subject": "Cork"}, {"caseType": "ZRET"}),
        ("tickets", {"subject": "Cork"}, {"statusDescription": "Closed"}),
        ("leads", {"name": "Wine"}, {"primaryContact.familyName": "Moos"}),
        ("leads", {"name": "Wine"}, {"internalStatus": "CONVERTED"}),
        ("opportunities", {"name": "Deal"}, {"account.id": "11ee-1"}),
        ("opportunities", {"name": "Deal"}, {"expectedRevenueAmount.content": "a lot"}),
        ("opportunities", {"name": "Deal"}, {"expectedRevenueAmount.content": "NaN"}),
    ],
)
def test_what_no_patch_can_change_is_refused_before_it_is_sent(tenant, fake, wire, stream, row, fields):
    (key,) = fake.seed(stream, [row])
    outcome = one(tenant, stream, key, fields)
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, next(iter(fields)))
    assert wire.sent == []


@pytest.mark.parametrize("stream", ["leads", "opportunities"])
def test_leads_and_opportunities_are_changed_and_not_made(tenant, fake, wire, stream):
    facts = tenant.stream(stream).writes
    assert (facts.creates, facts.marker, facts.replay) == (False, None, Replay.NATURAL)
    outcome = one(tenant, stream, None, {"name": "Wine"}, marker="a")
    assert (outcome.kind, outcome.code) == (OutcomeKind.REFUSED, "not-made")
    assert not wire.sent
    (key,) = fake.seed(stream, [{"name": "Wine"}])
    assert one(tenant, stream, key, {"name": "Cheese"}).kind is OutcomeKind.APPLIED
    assert fake.rows[stream][key]["name"] == "Cheese"


def test_an_amount_travels_as_a_number_beside_its_currency(tenant, fake, wire):
    (key,) = fake.seed("opportunities", [{"name": "Deal"}])
    fields = {"expectedRevenueAmount.content": "12500.50", "expectedRevenueAmount.currencyCode": "USD"}
    assert one(tenant, "opportunities", key, fields).kind is OutcomeKind.APPLIED
    assert wire.sent == [{"expectedRevenueAmount": {"content": 12500.5, "currencyCode": "USD"}}]


def test_a_reference_to_what_is_not_there_is_the_cases_own_trouble(tenant, fake):
    outcome = one(tenant, "tickets", None, {"subject": "Cork", "account.id": "11ee-nobody"}, marker="a")
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, "account.id")
    assert not fake.rows["tickets"]


def test_parents_come_before_what_leads_to_them(tenant):
    assert {name: tenant.stream(name).parents for name in ALL} == {
        "accounts": (),
        "contacts": ("accounts",),
        "leads": ("accounts", "contacts"),
        "opportunities": ("accounts", "contacts"),
        "tickets": ("accounts", "contacts"),
    }


def test_check_asks_for_the_hubs_field_only_where_records_are_made(make, fake):
    fake.extensions.clear()
    assert make(["leads", "opportunities"]).check() == []
    assert [found.path for found in make(["tickets"]).check()] == ["streams.tickets.marker"]
