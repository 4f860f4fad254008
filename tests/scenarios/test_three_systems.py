"""What happens to people and companies who are in three systems at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sync.decision import Why

ANA, BO, CID = "ana@alfa.example", "bo@beta.example", "cid@beta.example"


def questions(company, why=Why.DISPUTED):
    with company.reports() as reports:
        return [view.parked for view in reports.parked(why=why)]


# Recognising, creating, changing


def test_the_same_people_are_recognised_and_everybody_reaches_every_system(founded):
    assert founded.counts() == (2, 3, 2, 3, 3)
    assert {row["AccountNumber"] for row in founded.crm.rows("Account")} == {"ALFA", "BETA"}
    assert founded.person(CID)["company_id"] == founded.person(BO)["company_id"]
    founded.assert_calm()


def test_somebody_new_in_one_system_arrives_in_the_others_once(founded):
    account = founded.contact(BO)["AccountId"]
    founded.crm.seed(
        "Contact", [{"LastName": "Dorn", "FirstName": "Dia", "Email": "dia@x.example", "AccountId": account}]
    )
    founded.erp.add("people", company_id=1, name="Edo Fink", email="edo@x.example")
    founded.shop.seed("customers", [{"firstName": "Gia", "lastName": "Hall", "email": "gia@x.example"}])
    founded.settle()
    assert founded.counts() == (2, 5, 2, 6, 6)  # Gia belongs to no company, and the ERP takes only people of one
    assert founded.contact("edo@x.example")["AccountId"] == founded.contact(ANA)["AccountId"]
    assert founded.customer("dia@x.example")["firstName"] == "Dia"
    founded.assert_calm()


def test_an_edit_in_any_system_reaches_the_others(founded):
    founded.crm.edit("Contact", founded.contact(ANA)["Id"], {"MailingCity": "Potsdam"})
    founded.erp.edit("people", founded.person(BO)["id"], name="Bo Lindberg")
    founded.shop.edit(founded.customer(CID)["id"], firstName="Cyd")
    founded.settle()
    assert founded.person(ANA)["city"] == "Potsdam"
    assert (founded.contact(BO)["LastName"], founded.customer(BO)["lastName"]) == ("Lindberg", "Lindberg")
    assert (founded.contact(CID)["FirstName"], founded.person(CID)["name"]) == ("Cyd", "Cyd Moss")
    founded.assert_calm()


def test_edits_of_different_fields_of_one_person_all_survive(founded):
    founded.crm.edit("Contact", founded.contact(ANA)["Id"], {"Title": "Chair"})
    founded.shop.edit(founded.customer(ANA)["id"], firstName="Anna", tags=["vip"])
    founded.erp.edit("people", founded.person(ANA)["id"], city="Jena")
    founded.settle()
    contact, person, customer = founded.contact(ANA), founded.person(ANA), founded.customer(ANA)
    assert (contact["FirstName"], contact["Title"], contact["MailingCity"]) == ("Anna", "Chair", "Jena")
    assert (person["name"], person["title"]) == ("Anna Berg", "Chair")
    assert (customer["firstName"], customer["tags"]) == ("Anna", ["vip"])
    founded.assert_calm()


def test_where_two_systems_say_different_things_the_authority_decides_and_the_other_value_is_kept(founded):
    founded.erp.edit("people", founded.person(ANA)["id"], name="Ana Fromerp")
    founded.crm.edit("Contact", founded.contact(ANA)["Id"], {"LastName": "Fromcrm"})
    founded.settle()
    assert (founded.contact(ANA)["LastName"], founded.customer(ANA)["lastName"]) == ("Fromerp", "Fromerp")
    with founded.reports() as reports:
        (entity,) = reports.find_entity(f"crm:{founded.contact(ANA)['Id']}")
        told = str(reports.timeline(entity))
    assert "Fromcrm" in told
    founded.assert_calm()


def test_where_nobody_has_the_authority_both_values_stay_until_a_person_decides(founded):
    founded.erp.edit("people", founded.person(ANA)["id"], title="Chair")
    founded.crm.edit("Contact", founded.contact(ANA)["Id"], {"Title": "Chief"})
    assert founded.sync().conflicts >= 1
    founded.assert_calm()
    assert (founded.person(ANA)["title"], founded.contact(ANA)["Title"]) == ("Chair", "Chief")
    with founded.reports() as reports:
        (open_one,) = reports.conflicts()
    founded.ask(lambda engine: engine.resolve(open_one.conflict.id, value="Chief of chairs"))
    founded.settle()
    assert (founded.person(ANA)["title"], founded.contact(ANA)["Title"]) == ("Chief of chairs",) * 2
    founded.assert_calm()


# Consent


def consent(company, email):
    return company.contact(email)["HasOptedOutOfEmail"], company.customer(email)["emailConsent"]["state"]


def test_a_subscription_says_nothing_to_a_system_that_only_knows_refusals(founded):
    assert consent(founded, BO) == (False, "SUBSCRIBED")


def test_an_opt_out_in_the_shop_ticks_the_box_in_salesforce(founded):
    founded.shop.edit(founded.customer(BO)["id"], emailMarketingConsent={"marketingState": "UNSUBSCRIBED"})
    founded.settle()
    assert consent(founded, BO) == (True, "UNSUBSCRIBED")
    founded.assert_calm()


def test_a_tick_in_salesforce_unsubscribes_in_the_shop(founded):
    founded.crm.edit("Contact", founded.contact(BO)["Id"], {"HasOptedOutOfEmail": True})
    founded.settle()
    assert consent(founded, BO) == (True, "UNSUBSCRIBED")
    founded.assert_calm()


def test_an_opt_out_wins_against_everything_else_that_happens_to_the_person(founded):
    founded.crm.edit("Contact", founded.contact(BO)["Id"], {"HasOptedOutOfEmail": True, "FirstName": "Bob"})
    founded.shop.edit(
        founded.customer(BO)["id"], firstName="Boris", emailMarketingConsent={"marketingState": "SUBSCRIBED"}
    )
    founded.settle()
    assert consent(founded, BO) == (True, "UNSUBSCRIBED")
    founded.assert_calm()


def test_taking_the_tick_away_subscribes_nobody(founded):
    founded.crm.edit("Contact", founded.contact(BO)["Id"], {"HasOptedOutOfEmail": True})
    founded.settle()
    founded.crm.edit("Contact", founded.contact(BO)["Id"], {"HasOptedOutOfEmail": False})
    founded.settle()
    assert founded.customer(BO)["emailConsent"]["state"] == "UNSUBSCRIBED"
    founded.assert_calm()
    assert founded.customer(BO)["emailConsent"]["state"] == "UNSUBSCRIBED"


def test_somebody_new_who_opted_out_arrives_in_the_shop_unsubscribed(founded):
    contact = {"LastName": "Nein", "Email": "nein@x.example", "HasOptedOutOfEmail": True}
    founded.crm.seed("Contact", [{**contact, "AccountId": founded.contact(BO)["AccountId"]}])
    founded.settle()
    assert consent(founded, "nein@x.example") == (True, "UNSUBSCRIBED")
    founded.assert_calm()


def test_a_newer_subscription_in_the_shop_is_a_new_consent(founded):
    founded.shop.edit(founded.customer(BO)["id"], emailMarketingConsent={"marketingState": "UNSUBSCRIBED"})
    founded.settle()
    founded.clock.advance(3600)
    founded.shop.edit(founded.customer(BO)["id"], emailMarketingConsent={"marketingState": "SUBSCRIBED"})
    founded.settle()
    assert founded.customer(BO)["emailConsent"]["state"] == "SUBSCRIBED"
    founded.assert_calm()


@pytest.mark.parametrize("kind", ["lost", "broken", "cut"])
def test_an_opt_out_whose_answer_was_lost_is_neither_lost_nor_taken_back(founded, kind):
    founded.crm.edit("Contact", founded.contact(BO)["Id"], {"HasOptedOutOfEmail": True})
    founded.shop.misbehave(kind, operation="Write")
    founded.settle()
    assert consent(founded, BO) == (True, "UNSUBSCRIBED")
    founded.assert_calm()


# References and sets


def test_a_change_of_company_follows_the_person(founded):
    founded.crm.edit("Contact", founded.contact(CID)["Id"], {"AccountId": founded.contact(ANA)["AccountId"]})
    founded.erp.edit("people", founded.person(BO)["id"], company_id=founded.person(ANA)["company_id"])
    founded.settle()
    assert founded.person(CID)["company_id"] == founded.person(ANA)["company_id"]
    assert founded.contact(BO)["AccountId"] == founded.contact(ANA)["AccountId"]
    founded.assert_calm()


def test_a_new_company_and_its_people_arrive_together_in_one_run(founded):
    (account,) = founded.crm.seed("Account", [{"Name": "Gamma SE", "BillingCity": "Oslo", "BillingCountry": "Norway"}])
    founded.crm.seed("Contact", [{"LastName": "Dorn", "Email": "dorn@gamma.example", "AccountId": account}])
    founded.sync()
    (company,) = [row for row in founded.erp.rows("companies") if row["name"] == "Gamma SE"]
    assert founded.person("dorn@gamma.example")["company_id"] == company["id"]
    founded.settle()
    founded.assert_calm()


def test_orders_of_the_shop_reach_the_erp_with_their_person(founded):
    line = {"title": "Chai", "quantity": 2, "priceSet": {"shopMoney": {"amount": "9.50", "currencyCode": "EUR"}}}
    founded.shop.seed("orders", [{"customer": {"toAssociate": {"email": ANA}}, "lineItems": [line]}])
    founded.settle()
    (order,) = founded.erp.rows("web_orders")
    assert (order["total"], order["currency"], order["person_id"]) == ("19.00", "EUR", founded.person(ANA)["id"])
    founded.assert_calm()


LANGUAGES = {"crm_contacts": [("rules:\n", 'rules:\n  tags: {field: Languages__c, list: set, separator: ";"}\n')]}


def test_tags_given_in_two_systems_at_once_are_all_kept(make_company, founder):
    company = founder(make_company(**LANGUAGES))
    company.crm.edit("Contact", company.contact(BO)["Id"], {"Languages__c": "wholesale;German"})
    company.shop.edit(company.customer(BO)["id"], tags=["wholesale", "vip"])
    company.settle()
    assert company.customer(BO)["tags"] == ["German", "vip", "wholesale"]
    assert sorted(company.contact(BO)["Languages__c"].split(";")) == ["German", "vip", "wholesale"]
    company.assert_calm()


# What a system does not take

LEVEL = {"crm_contacts": [("job_title: Title", "job_title: Level__c")]}


def test_a_value_that_a_picklist_does_not_know_delays_nobody_else_and_is_kept(make_company, founder):
    company = founder(make_company(**LEVEL))
    company.erp.edit("people", company.person(ANA)["id"], title="Emperor")
    company.erp.edit("people", company.person(BO)["id"], title="Primary", name="Bo Lindberg")
    company.settle()
    assert company.contact(BO)["LastName"] == "Lindberg"
    assert company.contact(BO)["Level__c"] == "Primary"
    assert company.contact(ANA)["Level__c"] is None
    assert company.person(ANA)["title"] == "Emperor"
    assert ANA not in [parked.message for parked in questions(company, Why.DEAD)]
    assert questions(company, Why.DEAD)
    company.assert_calm()
    company.erp.edit("people", company.person(ANA)["id"], title="Secondary")
    company.settle()
    assert company.contact(ANA)["Level__c"] == "Secondary"
    company.assert_calm()


def test_a_value_too_long_for_a_field_is_not_cut_behind_anybodys_back(founded):
    name = "Ana " + "x" * 90  # a family name has 80 signs at most in Salesforce
    founded.erp.edit("people", founded.person(ANA)["id"], name=name)
    founded.settle()
    assert founded.contact(ANA)["LastName"] == "Berg"
    assert founded.person(ANA)["name"] == name
    assert questions(founded, Why.DEAD)
    founded.assert_calm()
    founded.erp.edit("people", founded.person(ANA)["id"], name="Ana Short")
    founded.settle()
    assert founded.contact(ANA)["LastName"] == "Short"
    founded.assert_calm()


def test_a_customer_the_search_index_does_not_show_yet_is_not_doubled(founded):
    account = founded.contact(BO)["AccountId"]
    founded.shop.shop.lag_calls = 3
    founded.shop.seed("customers", [{"firstName": "Ida", "lastName": "Jung", "email": "ida@x.example"}])
    founded.crm.seed(
        "Contact", [{"FirstName": "Ida", "LastName": "Jung", "Email": "ida@x.example", "AccountId": account}]
    )
    founded.sync()
    assert len([row for row in founded.shop.rows("customers") if row["email"] == "ida@x.example"]) == 1
    assert not questions(founded, Why.DEAD)  # the shop's refusal names the customer, who is then looked at
    founded.shop.shop.lag_calls = 0
    for _ in range(4):
        founded.sync()
    founded.shop.edit(founded.customer("ida@x.example")["id"], firstName="Idabel")
    founded.settle()
    assert founded.contact("ida@x.example")["FirstName"] == "Idabel"
    founded.assert_calm()


def test_an_address_taken_by_somebody_else_in_the_shop_waits_for_a_person(founded):
    founded.shop.seed("customers", [{"firstName": "Kai", "lastName": "Lohr", "email": "kai@x.example"}])
    founded.settle()
    founded.crm.edit("Contact", founded.contact(CID)["Id"], {"Email": "kai2@x.example"})
    founded.shop.edit(founded.customer("kai@x.example")["id"], email="kai2@x.example")
    founded.settle()
    assert founded.customer(CID)["firstName"] == "Cid"
    assert founded.customer("kai2@x.example")["firstName"] == "Kai"
    assert "TAKEN" in [parked.code for parked in questions(founded, Why.DEAD)]


def test_a_contact_that_salesforce_takes_for_a_duplicate_waits_for_a_person(founded):
    founded.crm.misbehave("duplicates", on="PATCH composite/sobjects/Contact", times=20, of=founded.contact(ANA)["Id"])
    founded.erp.add("people", company_id=1, name="Anna Berg", email="anna.berg@alfa.example")
    founded.erp.add("people", company_id=1, name="Zoe Zahn", email="zoe@alfa.example")
    founded.settle()
    assert "DUPLICATES_DETECTED" in [parked.code for parked in questions(founded, Why.DEAD)]
    assert founded.customer("anna.berg@alfa.example")
    assert founded.contact("zoe@alfa.example")
    founded.assert_calm()


# Merging and deleting


def test_two_contacts_merged_in_salesforce_ask_whether_they_are_one_person(founded):
    founded.crm.merge("Contact", founded.contact(BO)["Id"], founded.contact(CID)["Id"])
    founded.settle()
    assert [parked.code for parked in questions(founded)] == ["merged-there"]
    assert founded.counts() == (2, 3, 2, 2, 3)
    founded.crm.edit("Contact", founded.contact(BO)["Id"], {"FirstName": "Bob"})
    founded.settle()
    assert founded.customer(BO)["firstName"] == "Bob"
    assert founded.customer(CID)["firstName"] == "Cid"
    founded.assert_calm()


def test_two_contacts_merged_in_salesforce_are_one_everywhere_when_a_person_says_so(founded, command):
    """In the ERP and the shop there are still two: both show the survivor, until somebody merges them there, too."""
    erp, crm, shop = founded.erp, founded.crm, founded.shop
    account = founded.contact(BO)["AccountId"]
    second = founded.person(CID)["id"]
    bo, cid = founded.contact(BO)["Id"], founded.contact(CID)["Id"]
    customers = founded.customer(BO)["id"], founded.customer(CID)["id"]
    crm.edit("Contact", cid, {"Birthdate": "1980-02-03"})
    founded.settle()
    crm.merge("Contact", bo, cid)
    founded.settle()
    (question,) = command("conflicts", "list", "--json").json
    assert question["kind"] == "merged-there"
    shown = command("conflicts", "show", question["id"])
    kept, ended = question["entity_id"].split(", ")
    for entity in (kept, ended):
        assert f"conflicts resolve {question['id']} --entity {entity}" in shown.err
    command("conflicts", "resolve", question["id"], "--new", code=1)
    command("conflicts", "resolve", question["id"], "--entity", kept)
    assert command("conflicts", "list", "--json").json == []
    assert command("record", "show", ended, "--json").json["merged_into"] == kept
    assert f"merged into {kept}" in command("record", "show", ended).out
    assert command("record", "show", f"erp:people:{second}", "--json").json["id"] == kept
    founded.settle()
    shown = [(row["name"], row["email"], row["title"]) for row in erp.rows("people") if row["email"] != ANA]
    assert shown == [("Bo Lind", BO, "Buyer")] * 2
    assert (founded.contact(BO)["Id"], founded.contact(BO)["Birthdate"]) == (bo, "1980-02-03")
    assert founded.contact(BO)["AccountId"] == account
    # The shop gives an address to one customer only, and says so until the two are merged there.
    assert [row["binding"] for row in command("dead-letters", "list", "--json").json] == ["shop.customers:contact"]
    shop.merged_ids_lead_on = True
    shop.merge(*customers)
    founded.sync(sweep=True)
    founded.settle()
    assert command("dead-letters", "list", "--json").json == []
    assert founded.customer(BO)["firstName"] == "Bo"
    assert founded.counts() == (2, 3, 2, 2, 2)
    before = founded.state(), founded.writes()
    assert founded.sync(full=True).writes == 0
    assert (founded.state(), founded.writes()) == before


def test_a_merge_with_a_record_the_hub_never_saw_is_followed(founded):
    key = founded.contact(CID)["Id"]
    (master,) = founded.crm.seed("Contact", [{"FirstName": "Cid", "LastName": "Moss"}])
    founded.crm.merge("Contact", master, key)
    founded.settle()
    founded.crm.edit("Contact", master, {"Title": "Head"})
    founded.settle()
    assert founded.person(CID)["title"] == "Head"
    founded.assert_calm()


@pytest.mark.parametrize(("leads_on", "question"), [(True, "merged-there"), (False, "deleted-there")])
def test_two_customers_merged_in_the_shop_lose_nothing(founded, leads_on, question):
    founded.shop.merged_ids_lead_on = leads_on  # whether the id of the merged customer finds the survivor
    founded.shop.merge(founded.customer(CID)["id"], founded.customer(BO)["id"])
    founded.settle()
    founded.sync(sweep=True)
    founded.settle()
    assert founded.counts() == (2, 3, 2, 3, 2)
    assert [parked.code for parked in questions(founded)] == [question]
    founded.assert_calm()


def test_a_contact_deleted_in_salesforce_is_asked_about_and_not_made_again(founded):
    founded.crm.delete("Contact", founded.contact(CID)["Id"])
    founded.settle()
    assert [parked.code for parked in questions(founded)] == ["deleted-there"]
    assert founded.counts() == (2, 3, 2, 2, 3)
    founded.assert_calm()


EVERYWHERE = {
    name: [("match:", "delete: {in: delete, out: delete}\nmatch:")]
    for name in ("crm_contacts", "erp_people", "shop_customers")
}


@pytest.mark.parametrize("system", ["crm", "erp", "shop"])
def test_where_the_mappings_say_so_a_deletion_anywhere_deletes_everywhere(make_company, founder, system):
    company = founder(make_company(**EVERYWHERE))
    if system == "crm":
        company.crm.delete("Contact", company.contact(CID)["Id"])
    elif system == "erp":
        company.erp.sql("DELETE FROM people WHERE id = ?", company.person(CID)["id"])
    else:
        company.shop.delete(company.customer(CID)["id"])
    company.sync(sweep=True)
    company.settle()
    assert company.counts() == (2, 2, 2, 2, 2)
    company.assert_calm()


def test_a_row_that_was_committed_late_with_an_older_stamp_is_not_missed(founded):
    earlier = founded.clock.now() - timedelta(seconds=200)
    founded.crm.edit("Contact", founded.contact(ANA)["Id"], {"MailingCity": "Late"}, at=earlier)
    account = founded.contact(ANA)["AccountId"]
    founded.crm.seed("Contact", [{"LastName": "Late", "Email": "late@x.example", "AccountId": account}], at=earlier)
    founded.settle()
    assert founded.person(ANA)["city"] == "Late"
    assert founded.person("late@x.example")
    founded.assert_calm()


# Misbehaviour: whatever goes wrong on the wire, a later run ends where an undisturbed one would have


def a_day(company):
    """Work in all systems: new people and companies, edits, an opt-out."""
    erp, crm, shop = company.erp, company.crm, company.shop
    gamma = erp.add("companies", code="GAMMA", name="Gamma SE", city="Oslo", country="Norway")
    for number in range(3):
        erp.add("people", company_id=gamma, name=f"Gert N{number}", email=f"gert{number}@gamma.example")
    account = company.contact(BO)["AccountId"]
    crm.seed("Contact", [{"LastName": f"New{n}", "Email": f"new{n}@x.example", "AccountId": account} for n in range(3)])
    crm.edit("Contact", company.contact(BO)["Id"], {"HasOptedOutOfEmail": True, "FirstName": "Bob"})
    crm.edit("Contact", company.contact(ANA)["Id"], {"MailingCity": "Potsdam"})
    erp.edit("people", company.person(CID)["id"], name="Cyd Moss", title="Head")
    shop.edit(company.customer(ANA)["id"], firstName="Anna", tags=["vip"])


CRM_FAULTS = [
    "lost", "dropped", "unavailable", "unavailable-after", "html", "truncated", "expired", "limit", "lock",
    "query-timeout",
]  # fmt: skip
CRM_PLACES = ["PATCH composite/sobjects/Contact", "PATCH composite/sobjects/Account", "PATCH composite", "GET quer"]
SHOP_FAULTS = ["lost", "down", "broken", "busy", "html", "internal", "throttled", "cut"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The picture after `a_day` where nothing goes wrong, made once."""
    return {}


def twin(make_company, founder, undisturbed):
    if not undisturbed:
        company = founder(make_company())
        a_day(company)
        company.settle()
        undisturbed.update(company.picture())
        assert len(undisturbed["people"]) == 9
    return undisturbed


@pytest.mark.parametrize("on", CRM_PLACES)
@pytest.mark.parametrize("kind", CRM_FAULTS)
def test_nothing_is_lost_or_doubled_when_salesforce_misbehaves(make_company, founder, undisturbed, kind, on):
    expected = twin(make_company, founder, undisturbed)
    company = founder(make_company())
    a_day(company)
    company.crm.misbehave(kind, on=on)
    company.settle(5)
    assert company.picture() == expected
    company.assert_calm()


@pytest.mark.parametrize("operation", ["Write", "ReadCustomers", "FetchCustomers"])
@pytest.mark.parametrize("kind", SHOP_FAULTS)
def test_nothing_is_lost_or_doubled_when_the_shop_misbehaves(make_company, founder, undisturbed, kind, operation):
    expected = twin(make_company, founder, undisturbed)
    company = founder(make_company())
    a_day(company)
    company.shop.misbehave(kind, operation=operation)
    company.settle(5)
    assert company.picture() == expected
    company.assert_calm()


def test_an_empty_bucket_of_the_shop_only_costs_time(founded):
    founded.erp.edit("people", founded.person(ANA)["id"], name="Anna Berg")
    founded.shop.bucket.available, founded.shop.bucket.rate = 0, 2
    assert {trouble.code for trouble in founded.settle().troubles} == {"throttled"}
    founded.clock.advance(600)  # the shop said when it may be asked again
    founded.settle()
    assert founded.customer(ANA)["firstName"] == "Anna"
    founded.shop.bucket.rate = 100
    founded.assert_calm()


def test_when_the_org_s_calls_are_used_up_the_others_go_on_and_the_rest_follows_later(founded):
    founded.erp.edit("people", founded.person(ANA)["id"], name="Anna Berg")
    founded.crm.limit = founded.crm.used + 2  # enough to read, not to write
    report = founded.sync()
    assert {trouble.connection for trouble in report.troubles} == {"crm"}
    assert founded.customer(ANA)["firstName"] == "Anna"
    founded.crm.limit = 15_000
    founded.settle()
    assert founded.contact(ANA)["FirstName"] == "Anna"
    founded.assert_calm()
