"""Writing to a tenant of version 1, and what check says of one."""

import dataclasses

import orjson
import pytest

from connectors.answers import Answer
from connectors.c4c.writing import made
from connectors.sdk import OutcomeKind, UnauthorisedError, Write
from syncline.sandbox.c4c import C4cFake
from syncline.sandbox.odata_model import ServiceError
from syncline.sandbox.wire import Request, transport

SECRET = "s3cr3t-canary"
ACCOUNT = {"Name": "Alfreds", "City": "Berlin"}


def one(connector, stream, key, fields, **more):
    return connector.upsert(stream, [Write(key, fields, **more)])[0]


class Between:
    """Does something right before the first batch arrives."""

    def __init__(self, fake, deed):
        self.fake, self.deed, self.methods = fake, deed, []

    def handle(self, request: Request):
        self.methods.append((request.method, request.body))
        if request.path.endswith("$batch") and self.deed:
            deed, self.deed = self.deed, None
            deed()
        return self.fake.handle(request)


def test_a_change_is_patched_and_leaves_the_rest_alone(fake, make):
    (key,) = fake.seed("accounts", [ACCOUNT])
    wire = Between(fake, None)
    assert one(make(transport(wire)), "accounts", key, {"City": "Ulm"}).kind is OutcomeKind.APPLIED
    assert (fake.row("accounts", key)["Name"], fake.row("accounts", key)["City"]) == ("Alfreds", "Ulm")
    sent = b"".join(body for _, body in wire.methods)
    assert b"PATCH CorporateAccountCollection" in sent
    assert b"PUT " not in sent


def test_somebody_faster_between_look_and_write_is_not_overwritten(fake, make):
    (key,) = fake.seed("accounts", [ACCOUNT])
    (read,) = make().fetch("accounts", [key])
    wire = Between(fake, lambda: fake.edit("accounts", key, {"City": "Bonn"}))
    outcome = one(make(transport(wire)), "accounts", key, {"City": "Ulm"}, expects=read.version)
    assert outcome.kind is OutcomeKind.STALE
    assert fake.row("accounts", key)["City"] == "Bonn"


def test_a_record_that_somebody_has_open_is_tried_again_and_the_colleague_not_named(fake, make):
    key, other = fake.seed("accounts", [ACCOUNT, ACCOUNT])
    fake.open("accounts", key, "MILLER")
    tenant = make()
    writes = [Write(key, {"City": "Ulm"}), Write(other, {"City": "Ulm"})]
    locked, written = tenant.upsert("accounts", writes)
    assert (locked.kind, written.kind) == (OutcomeKind.RETRY, OutcomeKind.APPLIED)
    assert "MILLER" not in str(locked)
    fake.leave("accounts", key)
    assert one(tenant, "accounts", key, {"City": "Ulm"}).kind is OutcomeKind.APPLIED


class Failing(C4cFake):
    """A service that answers writes of one record with an error."""

    wrong: tuple[str, int, str] = ("", 0, "")

    def change(self, entity, row, body):
        name, status, said = self.wrong
        if row["Name"] == name:
            raise ServiceError(status, "", said)
        super().change(entity, row, body)


@pytest.mark.parametrize(
    ("status", "said", "kind", "told"),
    [
        (500, "An application error has occurred", OutcomeKind.RETRY, "application error"),
        (503, "Service unavailable", OutcomeKind.RETRY, "unavailable"),
        (400, "Account 1000 is locked by user MILLER", OutcomeKind.RETRY, "has the record open"),
        (403, "You are not authorized", OutcomeKind.REFUSED, "business roles"),
        (401, "Log on again", OutcomeKind.UNAUTHORISED, "Log on"),
    ],
)
def test_only_a_lock_is_told_as_one_and_a_lack_of_rights_concerns_one_record(make, clock, status, said, kind, told):
    fake = Failing(clock, users={"USER": SECRET})
    closed, fine = fake.seed("accounts", [ACCOUNT, {**ACCOUNT, "Name": "Wolski"}])
    fake.wrong = ("Alfreds", status, said)
    outcomes = make(of=fake).upsert("accounts", [Write(closed, {"City": "Ulm"}), Write(fine, {"City": "Ulm"})])
    assert [outcome.kind for outcome in outcomes] == [kind, OutcomeKind.APPLIED]
    assert told in outcomes[0].message
    assert ("has the record open" in outcomes[0].message) is ("locked" in said)
    assert "MILLER" not in outcomes[0].message


@pytest.mark.parametrize("creating", [True, False])
def test_what_may_not_be_written_is_refused_before_it_is_sent(fake, make, creating):
    (key,) = fake.seed("contacts", [{"LastName": "Anders"}])
    fake.calls.clear()
    fields = {"LastName": "Moos", "AccountFormattedName": "Alfreds"}
    outcome = one(make(), "contacts", None if creating else key, fields)
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, "AccountFormattedName")
    assert not [call for call in fake.calls if call.startswith("POST")]


def test_a_number_may_be_given_once(fake, make):
    tenant = make()
    first = one(tenant, "accounts", None, {**ACCOUNT, "AccountID": "77"}, marker="hub-1")
    assert first.key == "77"
    twice = one(tenant, "accounts", None, {**ACCOUNT, "AccountID": "77"}, marker="hub-2")
    assert twice.kind is OutcomeKind.DUPLICATE
    changed = one(tenant, "accounts", "77", {"AccountID": "78"})
    assert (changed.kind, changed.field) == (OutcomeKind.REFUSED, "AccountID")
    assert len(fake.rows["CorporateAccountCollection"]) == 1


def test_new_records_get_what_they_cannot_do_without_and_the_hubs_id(fake, make):
    tenant = make()
    account = one(tenant, "accounts", None, ACCOUNT, marker="hub-1")
    lead = one(tenant, "leads", None, {"Company": "Alfreds"}, marker="hub-2")
    assert fake.row("accounts", account.key)["RoleCode"] == "CRM000"
    assert fake.row("leads", lead.key)["Name"] == "Lead"
    assert fake.row("leads", lead.key)["SynclineID_KUT"] == "hub-2"
    nameless = one(tenant, "contacts", None, {"FirstName": "Ada"}, marker="hub-3")
    assert (nameless.kind, nameless.field) == (OutcomeKind.REFUSED, "LastName")


def test_without_a_field_for_the_hubs_id_none_is_sent(fake, make):
    tenant = make(streams={"accounts": {"marker": None, "defaults": {"RoleCode": "BUP002"}}})
    outcome = one(tenant, "accounts", None, ACCOUNT, marker="hub-1")
    assert fake.row("accounts", outcome.key)["SynclineID_KUT"] == ""
    assert fake.row("accounts", outcome.key)["RoleCode"] == "BUP002"
    assert tenant.stream("accounts").writes.marker is None


def test_an_unknown_account_is_the_rows_own_trouble_and_values_are_not_repeated(fake, make):
    refused = one(make(), "opportunities", None, {"Name": "Deal", "ProspectPartyID": "4711-unknown"}, marker="a")
    assert refused.kind is OutcomeKind.REFUSED
    assert "4711-unknown" not in refused.message
    assert not fake.rows["OpportunityCollection"]


def test_amounts_and_days_are_written_in_the_services_notation(fake, make):
    fake.individuals.add("2000001")
    fields = {"Name": "Deal", "ProspectPartyID": "2000001", "ExpectedRevenueAmount": "12500.50"}
    outcome = one(make(), "opportunities", None, {**fields, "ExpectedProcessingEndDate": "2026-03-31"}, marker="a")
    row = fake.row("opportunities", outcome.key)
    assert row["ExpectedRevenueAmount"] == "12500.500000"
    assert row["ExpectedProcessingEndDate"] == "2026-03-31T00:00:00"


def test_a_session_that_ended_is_opened_again(fake, make):
    tenant = make()
    one(tenant, "accounts", None, ACCOUNT, marker="hub-1")
    fake.access.end_sessions()
    assert one(tenant, "accounts", None, ACCOUNT, marker="hub-2").kind is OutcomeKind.APPLIED
    assert len(fake.rows["CorporateAccountCollection"]) == 2


def test_a_contact_with_children_shown_is_still_written_on_its_own_version(fake, make):
    (key,) = fake.seed("contacts", [{"LastName": "Anders"}])
    tenant = make(streams={"contacts": {"children": ["ContactIsContactPersonFor"]}})
    (read,) = tenant.fetch("contacts", [key])
    outcome = one(tenant, "contacts", key, {"FirstName": "Maria"}, expects=read.version)
    assert outcome.kind is OutcomeKind.APPLIED
    late = one(tenant, "contacts", key, {"FirstName": "Mia"}, expects=read.version)
    assert late.kind is OutcomeKind.STALE


@pytest.mark.parametrize("shape", [{"d": {"ContactID": "7"}}, {"d": {"results": {"ContactID": "7"}}}])
def test_the_answer_to_a_create_is_read_in_either_shape(shape):
    assert made(Answer(201, {}, orjson.dumps(shape))) == {"ContactID": "7"}


# Check --------------------------------------------------------------------------------------------------------------


def findings(connector):
    return {(found.code, found.path) for found in connector.check()}


def lacking(fake, collection, *names):
    known = fake.entities[collection]
    left = {name: one for name, one in known.properties.items() if name not in names}
    fake.entities = {**fake.entities, collection: dataclasses.replace(known, properties=left)}


def test_check_tells_a_wrong_password_a_wrong_path_and_a_missing_field_apart(fake, make):
    assert findings(make()) == set()
    wrong = {"kind": "basic", "user": "USER", "password": "wrong"}
    assert findings(make(auth=wrong)) == {("unauthorised", "auth")}
    assert {code for code, _ in findings(make(path="/sap/c4c/odata/v1/elsewhere"))} & {"no-service", "unauthorised"}
    lacking(fake, "LeadCollection", "SynclineID_KUT")
    assert findings(make()) == {("no-marker", "streams.leads.marker")}


def test_check_names_a_field_for_the_hubs_id_that_may_not_be_written(make):
    assert findings(make(streams={"contacts": {"marker": "ExternalID"}})) == {("no-marker", "streams.contacts.marker")}


def test_check_says_what_an_old_or_narrowed_service_lacks(fake, make):
    lacking(fake, "ContactCollection", "EntityLastChangedOn")
    fake.entities.pop("LeadCollection")
    assert findings(make()) == {("other-service", "path")}


def test_check_names_children_that_are_not_there(make):
    assert findings(make(streams={"contacts": {"children": ["Nothing"]}})) == {
        ("other-service", "streams.contacts.children")
    }


def test_what_the_user_may_not_read_is_found_by_check(fake, make):
    class Narrow:
        def handle(self, request):
            if "LeadCollection" in request.path:
                return dataclasses.replace(fake.handle(request), status=403, body=b"")
            return fake.handle(request)

    tenant = make(of=Narrow())
    assert findings(tenant) == {("no-access", "streams.leads")}
    with pytest.raises(UnauthorisedError):
        list(tenant.read("leads", None))
