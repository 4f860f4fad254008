"""Writing: upserts by the marker, what came of each row, references, removal."""

import pytest

from connectors.sdk import OutcomeKind, Write

APPLIED, REFUSED, MISSING, DUPLICATE, UNKNOWN = (
    OutcomeKind.APPLIED,
    OutcomeKind.REFUSED,
    OutcomeKind.MISSING,
    OutcomeKind.DUPLICATE,
    OutcomeKind.UNKNOWN,
)


def create(n, **fields):
    return Write(None, {"lastname": f"Name {n}", **fields}, marker=f"hub-{n}")


def kinds(outcomes):
    return [outcome.kind for outcome in outcomes]


@pytest.fixture
def company(fake):
    return fake.seed("companies", [{"name": "Acme"}])[0]


def test_creates_are_upserts_by_the_marker_and_never_by_e_mail(crm, fake):
    fake.seed("contacts", [{"lastname": "Ng", "email": "ng@example.com", "jobtitle": "Buyer"}])
    outcomes = crm.upsert("contacts", [create(1, email="bo@example.com"), create(2, email="ng@example.com")])
    assert kinds(outcomes) == [APPLIED, DUPLICATE]
    (body,) = fake.bodies("/batch/upsert")
    assert {one["idProperty"] for one in body["inputs"]} == {"syncline_id"}
    assert fake.rows("contacts")[0]["jobtitle"] == "Buyer"


def test_a_duplicate_names_the_record_that_is_in_the_way(crm, fake):
    (holder,) = fake.seed("contacts", [{"lastname": "Ng", "email": "ng@example.com"}])
    (outcome,) = crm.upsert("contacts", [create(1, email="NG@example.com")])
    assert (outcome.kind, outcome.of, outcome.code) == (DUPLICATE, holder, "CONFLICT")
    (key,) = fake.seed("contacts", [{"lastname": "Bo"}])
    (outcome,) = crm.upsert("contacts", [Write(key, {"email": "ng@example.com"})])
    assert (outcome.kind, outcome.of, outcome.field) == (DUPLICATE, holder, "email")
    assert "ng@example.com" not in str(outcome).lower()


def test_the_e_mail_address_of_a_merged_record_still_counts(crm, fake):
    one, two = fake.seed("contacts", [{"email": "one@example.com"}, {"email": "two@example.com"}])
    survivor = fake.merge("contacts", one, two)
    (outcome,) = crm.upsert("contacts", [create(1, email="two@example.com")])
    assert (outcome.kind, outcome.of) == (DUPLICATE, survivor)


def test_several_refusals_in_one_batch_are_told_row_by_row(crm, fake):
    """The answer (207) is in no order; trace ids tell which row each part is about."""
    writes = [
        create(1, email="one@example.com"),
        create(2, email="no address"),
        create(3),
        create(4, email="nor this"),
        create(5),
    ]
    outcomes = crm.upsert("contacts", writes)
    assert kinds(outcomes) == [APPLIED, REFUSED, APPLIED, REFUSED, APPLIED]
    assert (outcomes[1].code, outcomes[1].field) == ("INVALID_EMAIL", "email")
    assert "no address" not in str(outcomes)
    for place in (0, 2, 4):
        assert fake.row("contacts", outcomes[place].key)["syncline_id"] == f"hub-{place + 1}"
    assert fake.calls["POST /crm/v3/objects/contacts/batch/upsert"] == 1


@pytest.mark.parametrize("wrong", [[], [3], [0, 19], [7, 8, 9]])
def test_a_batch_that_is_refused_as_a_whole_is_halved_until_the_culprits_stand_alone(crm, fake, wrong):
    fake.objects.multi.clear()
    writes = [create(n, email="no address" if n in wrong else f"n{n}@example.com") for n in range(20)]
    outcomes = crm.upsert("contacts", writes)
    assert kinds(outcomes) == [REFUSED if n in wrong else APPLIED for n in range(20)]
    assert len(fake.rows("contacts")) == 20 - len(wrong)
    for place, outcome in enumerate(outcomes):
        if place not in wrong:
            assert fake.row("contacts", outcome.key)["lastname"] == f"Name {place}"


def test_a_refusal_that_quotes_a_value_is_not_taken_for_one_of_the_row_of_that_number(crm, fake):
    """Values stand in a context as ids do: only what is named as an id, or as a trace, tells the row."""
    fake.objects.multi.clear()
    outcomes = crm.upsert("contacts", [create(0), create(1, email="0")])
    assert kinds(outcomes) == [APPLIED, REFUSED]


def test_what_no_batch_could_take_is_refused_before_it_is_sent(crm, fake):
    writes = [
        create(1, nope="x"),
        create(2, lifecyclestage="friend"),
        create(3, associatedcompanyid="7"),
        create(4, city=["Bonn", "Köln"]),
        create(5, **{"associations.nobody": "7"}),
        create(6),
    ]
    outcomes = crm.upsert("contacts", writes)
    assert kinds(outcomes) == [REFUSED] * 5 + [APPLIED]
    assert [outcome.code for outcome in outcomes[:5]] == [
        "PROPERTY_DOESNT_EXIST",
        "INVALID_OPTION",
        "READ_ONLY_VALUE",
        "wrong-type",
        "no-reference",
    ]
    (body,) = fake.bodies("/batch/upsert")
    assert len(body["inputs"]) == 1


def test_values_travel_as_text_and_null_clears(crm, fake):
    fields = {"name": "Acme", "numberofemployees": 12, "annualrevenue": "2.50", "city": None}
    (made,) = crm.upsert("companies", [Write(None, fields, marker="hub-1")])
    assert made.kind is APPLIED
    (sent,) = fake.bodies("/batch/upsert")[0]["inputs"]
    assert all(isinstance(value, str) for value in sent["properties"].values())
    assert "city" not in sent["properties"]
    assert kinds(crm.upsert("companies", [Write(made.key, {"numberofemployees": None, "city": "Bonn"})])) == [APPLIED]
    row = fake.row("companies", made.key)
    assert ("numberofemployees" in row, row["city"]) == (False, "Bonn")


def test_several_choices_are_joined_by_semicolons(crm, fake):
    fields = {"subject": "Help", "hs_pipeline_stage": "1", "hs_ticket_category": ["BILLING_ISSUE", "PRODUCT_ISSUE"]}
    (made,) = crm.upsert("tickets", [Write(None, fields, marker="hub-1")])
    assert fake.row("tickets", made.key)["hs_ticket_category"] == "BILLING_ISSUE;PRODUCT_ISSUE"


def test_more_rows_than_a_batch_holds_go_in_several(crm, fake):
    outcomes = crm.upsert("contacts", [create(n) for n in range(250)])
    assert kinds(outcomes) == [APPLIED] * 250
    assert fake.calls["POST /crm/v3/objects/contacts/batch/upsert"] == 3


def test_updates_and_creates_of_one_batch_keep_their_order(crm, fake):
    one, gone = fake.seed("contacts", [{"lastname": "One"}, {"lastname": "Gone"}])
    fake.delete("contacts", gone)
    writes = [Write(gone, {"city": "Bonn"}), create(1), Write(one, {"city": "Bonn"}), Write("no-id", {"city": "x"})]
    outcomes = crm.upsert("contacts", writes)
    assert kinds(outcomes) == [MISSING, APPLIED, APPLIED, MISSING]
    assert (outcomes[0].key, outcomes[0].of, outcomes[2].key) == (gone, None, one)


def test_an_update_of_a_merged_record_is_missing_and_names_the_survivor(crm, fake):
    """HubSpot leaves such a row out of the answer, without a word."""
    one, two, three = fake.seed("contacts", [{"lastname": name} for name in ("One", "Two", "Three")])
    new = fake.merge("contacts", one, two)
    outcomes = crm.upsert("contacts", [Write(two, {"city": "Bonn"}), Write(three, {"city": "Bonn"})])
    assert kinds(outcomes) == [MISSING, APPLIED]
    assert outcomes[0].of == new
    assert "city" not in fake.row("contacts", new)


def test_a_lost_answer_is_in_doubt_and_sending_again_makes_no_second_record(crm, fake):
    crm.check()
    fake.misbehave("lost", on="batch/upsert")
    with pytest.raises(Exception, match="no answer"):
        crm.upsert("contacts", [create(1)])
    assert kinds(crm.upsert("contacts", [create(1)])) == [APPLIED]
    assert len(fake.rows("contacts")) == 1


def test_a_failure_after_the_first_call_does_not_lose_what_is_known(crm, fake):
    crm.check()
    (key,) = fake.seed("contacts", [{"lastname": "Ng"}])
    fake.misbehave("lost", on="batch/update")
    outcomes = crm.upsert("contacts", [create(1), Write(key, {"city": "Bonn"})])
    assert kinds(outcomes) == [APPLIED, UNKNOWN]


def test_a_reference_is_written_with_the_record_and_becomes_primary(crm, fake, company):
    (other,) = fake.seed("companies", [{"name": "Other"}])
    (made,) = crm.upsert("contacts", [create(1, **{"associations.companies": company})])
    assert made.kind is APPLIED
    assert fake.associated("contacts", made.key, "companies") == {company: {1, 279}}
    (moved,) = crm.upsert("contacts", [Write(made.key, {"associations.companies": other})])
    assert moved.kind is APPLIED
    assert fake.associated("contacts", made.key, "companies") == {company: {279}, other: {1, 279}}
    (record,) = crm.fetch("contacts", [made.key])
    assert record.data["associations"] == {"companies": other}


def test_a_reference_that_is_there_already_is_not_written_again(crm, fake, company):
    (made,) = crm.upsert("contacts", [create(1, **{"associations.companies": company})])
    before = fake.stamp("contacts", made.key)
    fake.clock.advance(60)
    assert kinds(crm.upsert("contacts", [Write(made.key, {"associations.companies": company})])) == [APPLIED]
    assert fake.stamp("contacts", made.key) == before
    assert fake.calls["POST /crm/v4/associations/contacts/companies/batch/create"] == 1


def test_clearing_a_reference_ends_that_association_and_no_other(crm, fake, company):
    (other,) = fake.seed("companies", [{"name": "Other"}])
    (made,) = crm.upsert("contacts", [create(1, **{"associations.companies": company})])
    fake.associate("contacts", made.key, "companies", other, 279)
    assert kinds(crm.upsert("contacts", [Write(made.key, {"associations.companies": None})])) == [APPLIED]
    assert fake.associated("contacts", made.key, "companies") == {other: {279}}


def test_a_reference_of_which_there_may_be_several_replaces_the_one_it_showed(crm, fake):
    one, two = fake.seed("contacts", [{"lastname": name} for name in ("One", "Two")])
    fields = {"subject": "Help", "hs_pipeline_stage": "1", "associations.contacts": one}
    (ticket,) = crm.upsert("tickets", [Write(None, fields, marker="hub-1")])
    assert kinds(crm.upsert("tickets", [Write(ticket.key, {"associations.contacts": two})])) == [APPLIED]
    assert set(fake.associated("tickets", ticket.key, "contacts")) == {two}


def test_where_several_are_associated_a_write_adds_and_removes_none(crm, fake):
    people = fake.seed("contacts", [{"lastname": name} for name in ("One", "Two", "Three")])
    (ticket,) = fake.seed("tickets", [{"subject": "Help", "hs_pipeline_stage": "1"}])
    for person in people[:2]:
        fake.associate("tickets", ticket, "contacts", person, 16)
    assert kinds(crm.upsert("tickets", [Write(ticket, {"associations.contacts": people[1]})])) == [APPLIED]
    assert set(fake.associated("tickets", ticket, "contacts")) == set(people[:2])
    assert kinds(crm.upsert("tickets", [Write(ticket, {"associations.contacts": people[2]})])) == [APPLIED]
    assert set(fake.associated("tickets", ticket, "contacts")) == set(people)


def test_clearing_a_reference_that_several_fit_is_refused_and_the_rest_is_written(crm, fake):
    """Which one the hub means to end is not known; that it ended one must not be said."""
    people = fake.seed("contacts", [{"lastname": name} for name in ("One", "Two")])
    (ticket,) = fake.seed("tickets", [{"subject": "Help", "hs_pipeline_stage": "1"}])
    for person in people:
        fake.associate("tickets", ticket, "contacts", person, 16)
    (outcome,) = crm.upsert("tickets", [Write(ticket, {"subject": "Solved", "associations.contacts": None})])
    assert (outcome.kind, outcome.code, outcome.field) == (REFUSED, "several-associated", "associations.contacts")
    assert "written" in outcome.message
    assert set(fake.associated("tickets", ticket, "contacts")) == set(people)
    assert fake.row("tickets", ticket)["subject"] == "Solved"


def test_a_label_is_put_on_and_taken_off_while_the_records_stay_associated(make, fake, company):
    label = fake.portal.ties.add_label("contacts", "companies", "Billing contact")
    references = {"billing": {"to": "companies", "label": "Billing contact"}}
    crm = make(streams={"companies": None, "contacts": {"references": references}})
    (person,) = fake.seed("contacts", [{"lastname": "Ng"}])
    assert kinds(crm.upsert("contacts", [Write(person, {"associations.billing": company})])) == [APPLIED]
    assert label in fake.associated("contacts", person, "companies")[company]
    assert kinds(crm.upsert("contacts", [Write(person, {"associations.billing": None})])) == [APPLIED]
    assert fake.associated("contacts", person, "companies") == {company: {1, 279}}


def test_a_reference_to_what_is_gone_is_refused_and_the_rest_is_written(crm, fake, company):
    (gone,) = fake.seed("companies", [{"name": "Gone"}])
    fake.delete("companies", gone)
    writes = [
        create(1, **{"associations.companies": gone}),
        create(2, **{"associations.companies": company}),
    ]
    outcomes = crm.upsert("contacts", writes)
    assert kinds(outcomes) == [REFUSED, APPLIED]
    assert outcomes[0].field == "associations.companies"
    assert "written" in outcomes[0].message
    assert fake.row("contacts", outcomes[0].key)["lastname"] == "Name 1"
    assert fake.associated("contacts", outcomes[1].key, "companies") == {company: {1, 279}}


def test_a_reference_of_a_record_that_is_gone_is_missing(crm, fake, company):
    (gone,) = fake.seed("contacts", [{"lastname": "Gone"}])
    fake.delete("contacts", gone)
    assert kinds(crm.upsert("contacts", [Write(gone, {"associations.companies": company})])) == [MISSING]


def test_a_record_whose_reference_got_lost_is_in_doubt_and_whole_after_sending_again(crm, fake, company):
    crm.check()
    fake.misbehave("dropped", on="companies/batch/create")
    (outcome,) = crm.upsert("contacts", [create(1, **{"associations.companies": company})])
    assert (outcome.kind, outcome.field) == (UNKNOWN, "associations.companies")
    (again,) = crm.upsert("contacts", [create(1, **{"associations.companies": company})])
    assert again.kind is APPLIED
    assert len(fake.rows("contacts")) == 1
    assert fake.associated("contacts", again.key, "companies") == {company: {1, 279}}


def test_a_life_cycle_that_goes_back_is_shown_as_it_is(crm, fake):
    """HubSpot says nothing, and keeps the later stage: the record that is read back shows it."""
    (made,) = crm.upsert("contacts", [create(1, lifecyclestage="customer")])
    assert kinds(crm.upsert("contacts", [Write(made.key, {"lifecyclestage": "lead"})])) == [APPLIED]
    (record,) = crm.fetch("contacts", [made.key])
    assert record.data["lifecyclestage"] == "customer"


def test_removing_by_an_old_id_of_a_merged_record_leaves_the_survivor_alone(crm, fake):
    one, two, three = fake.seed("contacts", [{"lastname": name} for name in ("One", "Two", "Three")])
    new = fake.merge("contacts", one, two)
    outcomes = crm.remove("contacts", [Write(one, {}), Write(three, {}), Write("1", {}), Write("x", {})])
    assert kinds(outcomes) == [MISSING, APPLIED, MISSING, MISSING]
    assert outcomes[0].of == new
    assert [row["hs_object_id"] for row in fake.rows("contacts")] == [new]


def test_without_a_marker_a_create_is_a_plain_one(make, fake):
    crm = make(marker=None)
    outcomes = crm.upsert("contacts", [create(1), create(2, email="no address")])
    assert kinds(outcomes) == [APPLIED, REFUSED]
    assert fake.calls["POST /crm/v3/objects/contacts/batch/create"] == 1


def test_a_property_that_came_meanwhile_can_be_written_at_the_second_try(crm, fake):
    assert kinds(crm.upsert("contacts", [create(1, loyalty="gold")])) == [REFUSED]
    fake.portal.properties["contacts"]["loyalty"] = type(fake.portal.properties["contacts"]["city"])("loyalty")
    assert kinds(crm.upsert("contacts", [create(1, loyalty="gold")])) == [APPLIED]
