"""Writing partners: one call for each part, nothing replaced that is not named, nothing overwritten that moved."""

import pytest

from connectors.sdk import AnswerLostError, OutcomeKind, Write
from syncline.sandbox.odata_model import ServiceError
from syncline.sandbox.s4hana import S4HanaFake
from syncline.sandbox.wire import Response, transport

ADDRESS = "to_BusinessPartnerAddress.XXDEFAULT"
CONTACT = "to_BusinessPartnerContact"
COMPANY = f"{CONTACT}.BusinessPartnerCompany"
FUNCTION = f"{CONTACT}.to_ContactRelationship.ContactPersonFunctionName"
EMAIL = f"{ADDRESS}.to_EmailAddress.EmailAddress"
SECRET = "s3cr3t-canary"
FULL = {
    "OrganizationBPName1": "Alfreds Futterkiste",
    "SearchTerm1": "ALFKI",
    f"{ADDRESS}.Country": "DE",
    f"{ADDRESS}.CityName": "Berlin",
    f"{ADDRESS}.StreetName": "Obere Str.",
    EMAIL: "info@alfreds.example",
    f"{ADDRESS}.to_PhoneNumber.PhoneNumber": "030 0074321",
    f"{ADDRESS}.to_MobilePhoneNumber.PhoneNumber": "0151 23456789",
    f"{ADDRESS}.to_URLAddress.WebsiteURL": "https://alfreds.example",
}


def one(connector, stream, fields, key=None, marker="hub-1", expects=None):
    (outcome,) = connector.upsert(stream, [Write(key, fields, expects, marker)])
    return outcome


def shown(connector, key, stream="organisations"):
    (record,) = connector.fetch(stream, [key])
    return record


@pytest.fixture
def full(sap):
    outcome = one(sap, "organisations", FULL)
    assert outcome.kind is OutcomeKind.APPLIED
    return outcome.key


def test_a_partner_is_made_whole_in_one_call(sap, fake, full):
    address = shown(sap, full).data["to_BusinessPartnerAddress"]["XXDEFAULT"]
    assert (address["CityName"], address["to_EmailAddress"]["EmailAddress"]) == ("Berlin", "info@alfreds.example")
    assert address["to_MobilePhoneNumber"]["PhoneNumber"] == "0151 23456789"
    assert address["to_URLAddress"]["WebsiteURL"] == "https://alfreds.example"
    assert fake.operations["POST A_BusinessPartner"] == 1
    assert fake.calls["POST $batch"] == 1


def test_an_update_of_one_part_calls_for_that_part_only(sap, fake, full):
    before = shown(sap, full).data
    fake.operations.clear()
    assert one(sap, "organisations", {EMAIL: "new@alfreds.example"}, full).kind is OutcomeKind.APPLIED
    assert {name: n for name, n in fake.operations.items() if not name.startswith("GET")} == {
        "PATCH A_AddressEmailAddress()": 1
    }
    after = shown(sap, full).data
    assert after["to_BusinessPartnerAddress"]["XXDEFAULT"]["to_EmailAddress"]["EmailAddress"] == "new@alfreds.example"
    untouched = ("to_PhoneNumber", "to_MobilePhoneNumber", "to_URLAddress", "CityName", "StreetName")
    for name in untouched:
        assert (
            after["to_BusinessPartnerAddress"]["XXDEFAULT"][name]
            == before["to_BusinessPartnerAddress"]["XXDEFAULT"][name]
        )
    assert after["SearchTerm1"] == "ALFKI"


def test_several_parts_of_several_partners_go_in_two_batches(sap, fake):
    made = sap.upsert("organisations", [Write(None, FULL, marker=f"hub-{n}") for n in range(3)])
    fake.calls.clear()
    change = {"SearchTerm1": "NEW", f"{ADDRESS}.CityName": "Ulm", EMAIL: "x@y.example"}
    outcomes = sap.upsert("organisations", [Write(outcome.key, change) for outcome in made])
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.APPLIED}
    assert fake.calls["POST $batch"] == 2
    for outcome in made:
        assert fake.partner(outcome.key)["SearchTerm1"] == "NEW"
        assert fake.address(outcome.key)["CityName"] == "Ulm"


def test_an_emptied_part_is_taken_away_and_its_neighbours_stay(sap, fake, full):
    assert one(sap, "organisations", {EMAIL: None}, full).kind is OutcomeKind.APPLIED
    address = shown(sap, full).data["to_BusinessPartnerAddress"]["XXDEFAULT"]
    assert address["to_EmailAddress"] is None
    assert address["to_PhoneNumber"]["PhoneNumber"] == "030 0074321"
    assert one(sap, "organisations", {EMAIL: "again@alfreds.example"}, full).kind is OutcomeKind.APPLIED
    assert shown(sap, full).data["to_BusinessPartnerAddress"]["XXDEFAULT"]["to_EmailAddress"] is not None


def test_emptying_one_of_several_is_refused_and_none_is_taken_away(sap, fake, full):
    """Were the default one deleted, SAP would show the next in its place, as if somebody had entered it."""
    emails = fake.entities["A_AddressEmailAddress"]
    fake.make(emails, {"AddressID": fake.address(full)["AddressID"], "EmailAddress": "second@b.example"})
    outcome = one(sap, "organisations", {EMAIL: None, "SearchTerm1": "NEW"}, full)
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, EMAIL)
    assert "one of several" in outcome.message
    kept = {row["EmailAddress"] for row in fake.rows["A_AddressEmailAddress"].values()}
    assert kept == {"info@alfreds.example", "second@b.example"}
    assert fake.partner(full)["SearchTerm1"] == "ALFKI"


def test_only_the_default_of_several_is_written(sap, fake, full):
    emails = fake.entities["A_AddressEmailAddress"]
    second = fake.make(emails, {"AddressID": fake.address(full)["AddressID"], "EmailAddress": "second@b.example"})
    one(sap, "organisations", {EMAIL: "first@b.example"}, full)
    assert second["EmailAddress"] == "second@b.example"
    assert shown(sap, full).data["to_BusinessPartnerAddress"]["XXDEFAULT"]["to_EmailAddress"]["EmailAddress"] == (
        "first@b.example"
    )


def test_a_partner_without_an_address_gets_one_and_another_usage_another(make, fake):
    connector = make(streams={"organisations": {"usages": ["XXDEFAULT", "SHIP_TO"]}})
    (key,) = fake.seed("organisations", [{"OrganizationBPName1": "A"}])
    ship = {"to_BusinessPartnerAddress.SHIP_TO.Country": "AT", "to_BusinessPartnerAddress.SHIP_TO.CityName": "Linz"}
    outcome = one(connector, "organisations", {f"{ADDRESS}.Country": "DE", **ship}, key)
    assert outcome.kind is OutcomeKind.APPLIED
    assert fake.address(key)["Country"] == "DE"
    assert fake.address(key, "SHIP_TO")["CityName"] == "Linz"


def test_an_address_without_a_country_is_refused_by_the_system_unless_the_settings_have_one(make, fake):
    (key,) = fake.seed("persons", [{"LastName": "Moos"}])
    outcome = one(make(), "persons", {EMAIL: "moos@b.example"}, key)
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, f"{ADDRESS}.Country")
    outcome = one(make(streams={"persons": {"country": "DE"}}), "persons", {EMAIL: "moos@b.example"}, key)
    assert outcome.kind is OutcomeKind.APPLIED
    assert fake.address(key)["Country"] == "DE"


def test_new_partners_get_the_grouping_and_roles_of_the_settings_and_customers_their_data(make, fake):
    connector = make(streams={"organisations": {"grouping": "BP02", "roles": ["FLCU01"]}})
    outcome = one(connector, "organisations", {**FULL, "to_Customer.VATRegistration": "DE123456789"})
    assert outcome.kind is OutcomeKind.APPLIED
    row = fake.partner(outcome.key)
    assert (row["BusinessPartnerGrouping"], row["BusinessPartnerCategory"]) == ("BP02", "2")
    assert shown(connector, outcome.key).data["to_Customer"]["VATRegistration"] == "DE123456789"


def test_customer_data_of_who_is_no_customer_is_refused_before_anything_is_written(sap, fake, full):
    outcome = one(sap, "organisations", {"SearchTerm1": "NEW", "to_Customer.VATRegistration": "DE1"}, full)
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, "to_Customer.VATRegistration")
    assert fake.partner(full)["SearchTerm1"] == "ALFKI"


def test_a_person_becomes_contact_of_a_company_with_its_function(sap, fake, full):
    outcome = one(sap, "persons", {"LastName": "Anders", COMPANY: full, FUNCTION: "Sales"}, marker="hub-2")
    assert outcome.kind is OutcomeKind.APPLIED
    contact = shown(sap, outcome.key, "persons").data[CONTACT]
    assert (contact["BusinessPartnerCompany"], contact["to_ContactRelationship"]["ContactPersonFunctionName"]) == (
        full,
        "Sales",
    )


def test_a_person_who_changes_company_keeps_the_former_relationship(sap, fake, clock, full):
    person = one(sap, "persons", {"LastName": "Anders", COMPANY: full, FUNCTION: "Sales"}, marker="hub-2").key
    (other,) = fake.seed("organisations", [{"OrganizationBPName1": "Other"}])
    clock.advance(86400)
    assert one(sap, "persons", {COMPANY: other, FUNCTION: "Owner"}, person).kind is OutcomeKind.APPLIED
    assert shown(sap, person, "persons").data[CONTACT]["BusinessPartnerCompany"] == other
    functions = {row["ContactPersonFunctionName"] for row in fake.rows["A_BPContactToFuncAndDept"].values()}
    assert functions == {"Sales", "Owner"}


def test_a_person_who_goes_back_to_the_former_company_leaves_the_later_one(sap, fake, clock, full):
    """The former relationship still stands, and cannot be made a second time."""
    person = one(sap, "persons", {"LastName": "Anders", COMPANY: full, FUNCTION: "Sales"}, marker="hub-2").key
    other, third = fake.seed("organisations", [{"OrganizationBPName1": "Other"}, {"OrganizationBPName1": "Third"}])
    for company in (other, full.zfill(10), third):
        clock.advance(86400)
        assert one(sap, "persons", {COMPANY: company, FUNCTION: "Back"}, person).kind is OutcomeKind.APPLIED
        contact = shown(sap, person, "persons").data[CONTACT]
        assert contact["BusinessPartnerCompany"] == company.lstrip("0")
        assert contact["to_ContactRelationship"]["ContactPersonFunctionName"] == "Back"
    assert {row["BusinessPartnerCompany"].lstrip("0") for row in fake.rows["A_BusinessPartnerContact"].values()} == {
        full,
        third,
    }


def test_a_company_of_several_before_the_shown_one_is_for_a_person_to_decide(sap, fake, clock):
    companies = fake.seed("organisations", [{"OrganizationBPName1": name} for name in "ABC"])
    person = one(sap, "persons", {"LastName": "Anders"}).key
    for company in companies:
        clock.advance(86400)
        one(sap, "persons", {COMPANY: company}, person)
    outcome = one(sap, "persons", {COMPANY: companies[0]}, person)
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, COMPANY)
    assert len(fake.rows["A_BusinessPartnerContact"]) == 3


def test_a_person_of_no_company_any_more_loses_the_relationship_and_nothing_else(sap, fake, full):
    person = one(sap, "persons", {"LastName": "Anders", COMPANY: full}, marker="hub-2").key
    assert one(sap, "persons", {COMPANY: None}, person).kind is OutcomeKind.APPLIED
    assert shown(sap, person, "persons").data[CONTACT] is None
    assert not fake.rows["A_BusinessPartnerContact"]
    assert fake.partner(full)["OrganizationBPName1"] == "Alfreds Futterkiste"


def test_a_function_without_a_company_is_refused(sap, fake):
    (person,) = fake.seed("persons", [{"LastName": "Moos"}])
    outcome = one(sap, "persons", {FUNCTION: "Owner"}, person)
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, FUNCTION)


def test_a_department_that_sap_has_no_room_for_is_refused_and_not_dropped(sap, fake, full):
    person = one(sap, "persons", {"LastName": "Anders", COMPANY: full}, marker="hub-2").key
    department = f"{CONTACT}.to_ContactRelationship.ContactPersonDepartmentName"
    assert one(sap, "persons", {department: "Sales"}, person).kind is OutcomeKind.APPLIED
    assert shown(sap, person, "persons").data[CONTACT]["to_ContactRelationship"]["ContactPersonDepartmentName"] == (
        "Sales"
    )
    for row in list(fake.rows["A_BPContactToFuncAndDept"].values()):
        fake.drop(fake.entities["A_BPContactToFuncAndDept"], row)
    for fields in ({department: "Service"}, {COMPANY: full, department: "Service"}):
        outcome = one(sap, "persons", fields, person)
        assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, department)
    assert one(sap, "persons", {department: None}, person).kind is OutcomeKind.APPLIED


def test_a_company_that_begins_later_is_not_taken_for_the_shown_one(sap, fake, full):
    (later,) = fake.seed("organisations", [{"OrganizationBPName1": "Later"}])
    person = one(sap, "persons", {"LastName": "Anders", COMPANY: full, FUNCTION: "Sales"}, marker="hub-2").key
    begins = {"ValidityStartDate": f"{fake.clock.now().year + 1}-04-01T00:00:00"}
    pair = {"BusinessPartnerCompany": later.zfill(10), "BusinessPartnerPerson": person.zfill(10)}
    fake.make(fake.entities["A_BusinessPartnerContact"], {**pair, **begins})
    assert one(sap, "persons", {FUNCTION: "Owner"}, person).kind is OutcomeKind.APPLIED
    functions = {
        row["BusinessPartnerCompany"].lstrip("0"): row["ContactPersonFunctionName"]
        for row in fake.rows["A_BPContactToFuncAndDept"].values()
    }
    assert functions == {full: "Owner", later: ""}


def test_a_change_between_reading_and_writing_is_stale_whichever_part_it_was_in(sap, fake, clock, full):
    seen = shown(sap, full).version
    clock.advance(60)
    fake.edit("organisations", full, {f"{ADDRESS}.CityName": "by a person"})
    outcome = one(sap, "organisations", {f"{ADDRESS}.CityName": "by the hub"}, full, expects=seen)
    assert outcome.kind is OutcomeKind.STALE
    assert fake.address(full)["CityName"] == "by a person"


class Between:
    """Somebody who changes a partner after the connector has looked, and before it writes."""

    def __init__(self, fake, deed):
        self.fake = fake
        self.deed = deed

    def handle(self, request):
        if request.path.endswith("$batch") and self.deed is not None:
            deed, self.deed = self.deed, None
            deed()
        return self.fake.handle(request)


def test_a_change_right_before_the_write_fails_its_condition_and_its_parts_are_not_written(make, fake, full):
    edit = {"OrganizationBPName2": "by a person"}
    connector = make(carrier=transport(Between(fake, lambda: fake.edit("organisations", full, edit))))
    outcome = one(connector, "organisations", {"OrganizationBPName2": "the hub", f"{ADDRESS}.CityName": "Ulm"}, full)
    assert outcome.kind is OutcomeKind.STALE
    assert fake.partner(full)["OrganizationBPName2"] == "by a person"
    assert fake.address(full)["CityName"] == "Berlin"


def test_a_part_taken_away_right_before_the_write_is_looked_at_again(make, fake, full):
    def take_away():
        fake.rows["A_AddressEmailAddress"].clear()

    connector = make(carrier=transport(Between(fake, take_away)))
    assert one(connector, "organisations", {EMAIL: "x@y.example"}, full).kind is OutcomeKind.STALE


def test_a_refused_part_names_its_field_by_its_whole_path_and_what_was_written(sap, fake, full):
    outcome = one(sap, "organisations", {"SearchTerm1": "NEW", f"{ADDRESS}.CityName": "x" * 41}, full)
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, f"{ADDRESS}.CityName")
    assert "in part" in outcome.message
    assert fake.partner(full)["SearchTerm1"] == "NEW"


def test_a_partner_that_was_made_but_not_whole_is_in_doubt_and_found_by_its_mark(sap, fake):
    """The relationship to a company that is not there fails after the person was made: never made a second time."""
    outcome = one(sap, "persons", {"LastName": "Anders", COMPANY: "4711"}, marker="hub-7")
    assert outcome.kind is OutcomeKind.UNKNOWN
    (found,) = sap.find("persons", sap.stream("persons").writes.marker, ["hub-7"])
    assert found.key == outcome.key
    assert len(fake.rows["A_BusinessPartner"]) == 1


def test_a_deep_create_that_is_refused_leaves_nothing_behind(sap, fake):
    outcome = one(sap, "organisations", {**FULL, f"{ADDRESS}.Country": None})
    assert outcome.kind is OutcomeKind.REFUSED
    assert not any(fake.rows.values())


def test_an_identification_type_that_is_not_customised_is_said(make, clock):
    fake = S4HanaFake(clock, users={"USER": SECRET}, identifications=())
    outcome = one(make(of=fake), "organisations", FULL)
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, "BPIdentificationType")
    assert not fake.rows["A_BusinessPartner"]


def test_a_lost_answer_is_said_and_the_partner_found_by_its_mark(make, fake):
    class Lossy:
        def handle(self, request):
            answer = fake.handle(request)
            return Response(lost=True) if request.path.endswith("$batch") else answer

    with pytest.raises(AnswerLostError):
        one(make(carrier=transport(Lossy())), "organisations", FULL, marker="65ab")
    (found,) = make().find("organisations", "to_BuPaIdentification.SYNCLN.BPIdentificationNumber", ["65ab"])
    assert found.data["OrganizationBPName1"] == "Alfreds Futterkiste"


@pytest.mark.parametrize(
    ("stream", "fields"),
    [
        ("organisations", {"NoSuchField": "x"}),
        ("organisations", {"to_BusinessPartnerAddress.SHIP_TO.CityName": "x"}),
        ("organisations", {COMPANY: "1"}),
        ("organisations", {"to_Supplier.Supplier": "1"}),
        ("persons", {"BirthDate": "10.05.1980"}),
        ("persons", {"IsMale": "yes"}),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_field_and_its_neighbours_are_written(sap, fake, stream, fields):
    good = {"OrganizationBPName1": "Good", "LastName": "Good"}
    good = {name: value for name, value in good.items() if (name == "LastName") == (stream == "persons")}
    bad, fine = sap.upsert(stream, [Write(None, {**good, **fields}, marker="1"), Write(None, good, marker="2")])
    assert (bad.kind, bad.field, fine.kind) == (OutcomeKind.REFUSED, next(iter(fields)), OutcomeKind.APPLIED)
    assert len(fake.rows["A_BusinessPartner"]) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "MC/601", OutcomeKind.RETRY),
        (423, "X", OutcomeKind.RETRY),
        (500, "X", OutcomeKind.RETRY),
        (401, "X", OutcomeKind.UNAUTHORISED),
        (403, "X", OutcomeKind.REFUSED),
        (404, "X", OutcomeKind.MISSING),
        (429, "X", OutcomeKind.THROTTLED),
        (400, "X", OutcomeKind.REFUSED),
    ],
)
def test_what_is_said_of_one_row_is_told_for_what_it_is(make, fake, full, status, code, kind):
    class Busy(S4HanaFake):
        def change(self, entity, row, body):
            raise ServiceError(status, code, "locked by MILLER")

    busy = Busy(fake.clock, users={"USER": SECRET})
    busy.rows = fake.rows
    outcome = one(make(of=busy), "organisations", {"SearchTerm1": "NEW"}, full)
    assert (outcome.kind, outcome.code) == (kind, code)
    assert code != "MC/601" or "MILLER" not in outcome.message, "a lock names a colleague"


def test_a_create_that_ended_in_a_server_error_is_in_doubt_not_sent_again(make, clock):
    """The partner was stored, and something after it fell over: a second create would double it."""

    class Falling(S4HanaFake):
        def make(self, entity, body):
            row = super().make(entity, body)
            if entity.name == "A_BusinessPartner":
                raise ServiceError(500, "SY/530", "An exception was raised")
            return row

    falling = Falling(clock, users={"USER": SECRET})
    assert one(make(of=falling), "organisations", FULL).kind is OutcomeKind.UNKNOWN
    assert len(falling.rows["A_BusinessPartner"]) == 1
