"""Reading partners: two properties for one stamp, partners never changed, pages that shift, ids with zeros, parts."""

from datetime import timedelta

import orjson
import pytest

from connectors.sdk import CursorExpiredError, ProtocolError, RefusedError, Write
from syncline.sandbox.s4hana import S4HanaFake

ADDRESS = "to_BusinessPartnerAddress.XXDEFAULT"
CONTACT = "to_BusinessPartnerContact"
SECRET = "s3cr3t-canary"


def companies(count, **fields):
    return [{"OrganizationBPName1": f"Company {n}", **fields} for n in range(count)]


def read(connector, since=None, stream="organisations"):
    pages = list(connector.read(stream, since))
    return {r.key: r for page in pages for r in page.records}, pages[-1].cursor


def names(found):
    return {record.data["OrganizationBPName1"] for record in found.values()}


def test_a_stamp_of_date_and_time_is_gone_by_in_both(sap, fake, clock):
    """A later time on an earlier day is earlier; the same time on a later day is later."""
    keys = fake.seed("organisations", companies(3))
    clock.advance(23 * 3600)
    fake.edit("organisations", keys[0], {"SearchTerm1": "late in the evening"[:20]})
    clock.advance(2 * 86400 - 22 * 3600)
    fake.edit("organisations", keys[1], {"SearchTerm1": "early, days later"})
    found, since = read(sap)
    assert names(found) == {"Company 0", "Company 1", "Company 2"}
    clock.advance(86400)
    fake.edit("organisations", keys[2], {"SearchTerm1": "at the same time"})
    found, _ = read(sap, since)
    assert keys[2] in found
    assert keys[0] not in found


def test_a_partner_never_changed_is_read_by_its_creation(sap, fake, clock):
    fake.seed("organisations", companies(2))
    clock.advance(86400)
    _, since = read(sap)
    clock.advance(86400)
    (new,) = fake.seed("organisations", [{"OrganizationBPName1": "New"}])
    assert fake.partner(new)["LastChangeDate"] is None
    found, later = read(sap, since)
    assert "New" in names(found)
    clock.advance(86400)
    assert names(read(sap, later)[0]) == {"New"}


def test_a_partner_first_changed_while_it_is_read_is_not_lost(make, fake, clock):
    connector = make(page=2)
    keys = fake.seed("organisations", companies(7))
    met = set()
    for page in connector.read("organisations", None):
        met |= {record.key for record in page.records}
        left = sorted(set(keys) - met)
        if left:
            clock.advance(1)
            fake.edit("organisations", left[-1], {"SearchTerm2": "moved"})
    assert met == set(keys)


def test_partners_changed_while_they_are_read_do_not_push_others_off_the_pages(make, fake, clock):
    """The server's own ``$skiptoken`` counts rows; a row that moves to the end takes one along that was never read."""
    connector = make(page=2)
    keys = fake.seed("organisations", companies(9))
    for key in keys:
        clock.advance(1)
        fake.edit("organisations", key, {"SearchTerm1": "x"})
    met = set()
    for page in connector.read("organisations", None):
        met |= {record.key for record in page.records}
        clock.advance(1)
        fake.edit("organisations", keys[0], {"SearchTerm1": "again"})
        if len(met) == len(keys):
            break
    assert met == set(keys)


def test_more_partners_of_one_second_than_a_page_holds_are_all_read(make, fake):
    connector = make(page=2)
    keys = fake.seed("organisations", companies(7))
    for key in keys:
        fake.edit("organisations", key, {"SearchTerm1": "x"})
    found, _ = read(connector)
    assert set(found) == set(keys)


def test_a_server_that_gives_fewer_rows_than_asked_for_is_read_to_the_end(make, clock):
    fake = S4HanaFake(clock, users={"USER": SECRET}, page=2)
    connector = make(of=fake, page=100)
    keys = fake.seed("organisations", companies(7))
    persons = fake.seed("persons", [{"LastName": f"Name {n}"} for n in range(5)])
    assert set(read(connector)[0]) == set(keys)
    assert set(read(connector, stream="persons")[0]) == set(persons)
    assert sorted(key for page in connector.keys("organisations") for key in page) == sorted(keys)
    assert [record.key for record in connector.fetch("organisations", keys)] == keys


def test_links_of_a_gateway_that_knows_itself_by_another_name_are_followed_on_our_host(make, clock):
    fake = S4HanaFake(clock, users={"USER": SECRET}, page=2)
    fake.origin = "http://gateway.internal:8000"
    keys = fake.seed("organisations", companies(5))
    assert [record.key for record in make(of=fake).fetch("organisations", keys)] == keys


def test_a_link_out_of_the_service_is_not_followed(make, clock):
    fake = S4HanaFake(clock, users={"USER": SECRET}, page=2)
    fake.origin = "http://gateway.internal:8000/elsewhere"
    keys = fake.seed("organisations", companies(5))
    with pytest.raises(ProtocolError, match="out of the service"):
        make(of=fake).fetch("organisations", keys)


def test_the_hour_that_a_local_clock_is_put_back_loses_nothing(sap, fake, clock):
    keys = fake.seed("organisations", companies(2))
    clock.advance(3600)
    fake.edit("organisations", keys[0], {"SearchTerm1": "before"})
    _, since = read(sap)
    clock.advance(-50 * 60)  # ten minutes later by the sun
    fake.edit("organisations", keys[1], {"SearchTerm1": "after"})
    found, _ = read(sap, since)
    assert found[keys[1]].data["SearchTerm1"] == "AFTER"


@pytest.mark.parametrize(
    "cursor", ["", "{}", '{"created": null}', '{"created": ["x", "y"], "changed": null}', "[1, 2]"]
)
def test_a_position_that_is_none_asks_for_a_full_read(sap, cursor):
    with pytest.raises(CursorExpiredError):
        list(sap.read("organisations", cursor))


@pytest.mark.parametrize("padded", [False, True])
def test_ids_with_and_without_zeros_are_one(make, clock, padded):
    fake = S4HanaFake(clock, users={"USER": SECRET}, padded=padded)
    connector = make(of=fake, streams={"organisations": {"roles": ["FLCU01"]}, "persons": {}})
    (outcome,) = connector.upsert("organisations", [Write(None, {"OrganizationBPName1": "A"}, marker="1")])
    key = outcome.key
    assert not key.startswith("0")
    record = read(connector)[0][key]
    assert (record.data["BusinessPartner"], record.data["Customer"]) == (key, key)
    bare, full = connector.fetch("organisations", [key, key.zfill(10)])
    assert bare.data == full.data
    (outcome,) = connector.upsert("organisations", [Write(key.zfill(10), {"SearchTerm1": "x"}, expects=record.version)])
    assert fake.partner(key)["SearchTerm1"] == "X"
    assert outcome.key == key.zfill(10)


def test_organisations_and_persons_are_kept_apart(sap, fake):
    (company,) = fake.seed("organisations", companies(1))
    (person,) = fake.seed("persons", [{"LastName": "Moos"}])
    assert set(read(sap)[0]) == {company}
    assert set(read(sap, stream="persons")[0]) == {person}
    assert sap.fetch("persons", [company])[0].deleted


def test_dates_and_times_are_shown_as_such(sap, fake):
    (key,) = fake.seed("persons", [{"LastName": "Moos", "BirthDate": "/Date(326764800000)/"}])
    data = read(sap, stream="persons")[0][key].data
    assert (data["BirthDate"], data["CreationTime"], data["LastChangeDate"]) == ("1980-05-10", "00:00:00", None)


def test_blocked_partners_and_those_marked_for_archiving_are_told_as_facts_not_as_deletions(sap, fake):
    keys = fake.seed("organisations", companies(2))
    fake.edit("organisations", keys[0], {"BusinessPartnerIsBlocked": True})
    fake.edit("organisations", keys[1], {"IsMarkedForArchiving": True})
    found, _ = read(sap)
    assert not any(record.deleted for record in found.values())
    assert found[keys[0]].data["BusinessPartnerIsBlocked"] is True
    assert found[keys[1]].data["IsMarkedForArchiving"] is True
    assert {key for page in sap.keys("organisations") for key in page} == set(keys)


def test_what_an_archiving_run_took_away_is_seen_by_a_sweep(sap, fake):
    keys = fake.seed("organisations", companies(2))
    fake.delete("organisations", keys[0])
    assert [key for page in sap.keys("organisations") for key in page] == [keys[1]]
    assert [record.deleted for record in sap.fetch("organisations", keys)] == [True, False]


def test_of_several_addresses_the_one_of_each_usage_is_shown_and_of_several_numbers_the_default(make, fake):
    connector = make(streams={"organisations": {"usages": ["XXDEFAULT", "SHIP_TO"]}})
    given = {
        f"{ADDRESS}.Country": "DE",
        f"{ADDRESS}.CityName": "Ulm",
        f"{ADDRESS}.to_EmailAddress.EmailAddress": "a@b.example",
    }
    ship = {"to_BusinessPartnerAddress.SHIP_TO.Country": "AT", "to_BusinessPartnerAddress.SHIP_TO.CityName": "Linz"}
    (key,) = fake.seed("organisations", companies(1, **given, **ship))
    emails = fake.entities["A_AddressEmailAddress"]
    fake.make(emails, {"AddressID": fake.address(key)["AddressID"], "EmailAddress": "second@b.example"})
    data = read(connector)[0][key].data["to_BusinessPartnerAddress"]
    assert (data["XXDEFAULT"]["CityName"], data["SHIP_TO"]["CityName"]) == ("Ulm", "Linz")
    assert data["XXDEFAULT"]["to_EmailAddress"]["EmailAddress"] == "a@b.example"
    assert data["SHIP_TO"]["to_EmailAddress"] is None


def test_a_partner_without_a_part_says_so(sap, fake):
    (key,) = fake.seed("organisations", companies(1))
    data = read(sap)[0][key].data
    assert (data["to_BusinessPartnerAddress"], data["to_Customer"]) == ({"XXDEFAULT": None}, None)


def test_a_person_shows_the_company_it_became_contact_of_last(sap, fake, clock):
    old, new = fake.seed("organisations", companies(2))
    (person,) = fake.seed("persons", [{"LastName": "Moos"}])
    contacts = fake.entities["A_BusinessPartnerContact"]
    for company in (old, new):
        fake.make(contacts, {"BusinessPartnerCompany": company, "BusinessPartnerPerson": person})
        clock.advance(86400)
    assert read(sap, stream="persons")[0][person].data[CONTACT]["BusinessPartnerCompany"] == new
    for row in fake.found("A_BusinessPartnerContact", BusinessPartnerCompany=new.zfill(10)):
        row["ValidityEndDate"] = "2020-12-31T00:00:00"
    assert read(sap, stream="persons")[0][person].data[CONTACT]["BusinessPartnerCompany"] == old


def day(clock, days):
    return f"{clock.now() + timedelta(days=days):%Y-%m-%d}T00:00:00"


def test_a_company_counts_from_the_day_it_begins_and_is_noticed_then(sap, fake, clock):
    """Nothing is stamped on that day: it was all entered long before."""
    old, new = fake.seed("organisations", companies(2))
    (person,) = fake.seed("persons", [{"LastName": "Moos"}])
    contacts = fake.entities["A_BusinessPartnerContact"]
    for company, begins in ((old, day(clock, -9)), (new, day(clock, 20))):
        pair = {"BusinessPartnerCompany": company.zfill(10), "BusinessPartnerPerson": person.zfill(10)}
        fake.make(contacts, {**pair, "ValidityStartDate": begins})
    clock.advance(86400)
    fake.seed("persons", [{"LastName": "Somebody later"}])
    found, since = read(sap, stream="persons")
    assert found[person].data[CONTACT]["BusinessPartnerCompany"] == old
    for _ in range(2):
        clock.advance(9 * 86400)
        found, since = read(sap, since, "persons")
        assert person not in found
    clock.advance(3 * 86400)
    found, since = read(sap, since, "persons")
    assert found[person].data[CONTACT]["BusinessPartnerCompany"] == new
    clock.advance(3600)
    assert person not in read(sap, since, "persons")[0]


def test_a_company_that_ends_is_noticed_on_that_day(sap, fake, clock):
    (company,) = fake.seed("organisations", companies(1))
    (person,) = fake.seed("persons", [{"LastName": "Moos"}])
    pair = {"BusinessPartnerCompany": company.zfill(10), "BusinessPartnerPerson": person.zfill(10)}
    fake.make(fake.entities["A_BusinessPartnerContact"], {**pair, "ValidityEndDate": day(clock, 20)})
    clock.advance(2 * 86400)
    fake.seed("persons", [{"LastName": "Somebody later"}])
    found, since = read(sap, stream="persons")
    assert found[person].data[CONTACT]["BusinessPartnerCompany"] == company
    clock.advance(25 * 86400)
    assert read(sap, since, "persons")[0][person].data[CONTACT] is None


def test_an_address_takes_a_usage_over_on_the_day_it_does(sap, fake, clock):
    given = {f"{ADDRESS}.Country": "DE", f"{ADDRESS}.CityName": "Bonn"}
    (key,) = fake.seed("organisations", companies(1, **given))
    (usage,) = fake.rows["A_BuPaAddressUsage"].values()
    usage["ValidityStartDate"] = day(clock, 20)
    until = {"AddressUsage": "XXDEFAULT", "ValidityEndDate": day(clock, 19)}
    left = {"BusinessPartner": key.zfill(10), "Country": "DE", "CityName": "Ulm", "to_AddressUsage": [until]}
    fake.make(fake.entities["A_BusinessPartnerAddress"], left)
    clock.advance(86400)
    fake.seed("organisations", companies(1))

    def city(record):
        return record.data["to_BusinessPartnerAddress"]["XXDEFAULT"]["CityName"]

    found, since = read(sap)
    assert city(found[key]) == "Ulm"
    clock.advance(21 * 86400)
    assert city(read(sap, since)[0][key]) == "Bonn"


def test_what_began_today_by_a_clock_far_in_the_east_has_begun(sap, fake, clock):
    """The server's zone is not known; what the hub itself has just made must not be taken for something to come."""
    clock.time = clock.now().replace(hour=20)
    (company,) = fake.seed("organisations", companies(1))
    (person,) = fake.seed("persons", [{"LastName": "Moos"}])
    pair = {"BusinessPartnerCompany": company.zfill(10), "BusinessPartnerPerson": person.zfill(10)}
    fake.make(fake.entities["A_BusinessPartnerContact"], {**pair, "ValidityStartDate": day(clock, 1)})
    assert sap.fetch("persons", [person])[0].data[CONTACT]["BusinessPartnerCompany"] == company


def test_a_position_of_an_earlier_version_is_taken(sap, fake, clock):
    (key,) = fake.seed("organisations", companies(1))
    _, since = read(sap)
    older = orjson.dumps({name: value for name, value in orjson.loads(since).items() if name != "day"}).decode()
    clock.advance(86400)
    fake.edit("organisations", key, {"SearchTerm1": "NEW"})
    found, later = read(sap, older)
    assert key in found
    assert orjson.loads(later)["day"] is not None


@pytest.mark.parametrize("stamps", [False, True])
def test_an_edit_of_an_address_changes_the_version_and_is_read_where_the_release_stamps_it(make, clock, stamps):
    fake = S4HanaFake(clock, users={"USER": SECRET}, stamps_parts=stamps)
    connector = make(of=fake)
    (key,) = fake.seed("organisations", companies(1, **{f"{ADDRESS}.Country": "DE"}))
    clock.advance(86400)
    found, since = read(connector)
    clock.advance(86400)
    read(connector, since)
    fake.edit("organisations", key, {f"{ADDRESS}.CityName": "Ulm"})
    (record,) = connector.fetch("organisations", [key])
    assert record.version != found[key].version
    assert (key in {k for k, r in read(connector, since)[0].items() if r.version == record.version}) or not stamps


def test_partners_are_found_by_the_hub_s_id_and_by_their_own_text(sap, fake):
    made = sap.upsert("organisations", [Write(None, companies(1)[0], marker="65a0f3c2000000ab12")])
    marker = sap.stream("organisations").writes.marker
    (found,) = sap.find("organisations", marker, ["65a0f3c2000000ab12", "65a0"])
    assert found.key == made[0].key
    assert found.data["to_BuPaIdentification"]["SYNCLN"]["BPIdentificationNumber"] == "65a0f3c2000000ab12"
    (found,) = sap.find("organisations", "OrganizationBPName1", ["Company 0", "it's none"])
    assert found.key == made[0].key
    assert sap.find("persons", marker, ["65a0f3c2000000ab12"]) == []
    with pytest.raises(RefusedError):
        sap.find("organisations", "NoSuchField", ["x"])
