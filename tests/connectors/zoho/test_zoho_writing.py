"""Writing: an item each, conditions, duplicates, records that are held, automations."""

from datetime import timedelta

import pytest

from connectors.sdk import AnswerLostError, OutcomeKind, RefusedError, Replay, UnauthorisedError, Write

K = OutcomeKind
REFRESH = "r3fr3sh-canary"


def create(marker, **fields):
    return Write(None, {"Last_Name": "Ng", **fields}, marker=marker)


def people(*names):
    return [{"Last_Name": name} for name in names]


def kinds(outcomes):
    return [outcome.kind for outcome in outcomes]


def bodies(fake, method):
    return [request.json() for request in fake.seen if request.method == method and "/crm/v8/Contacts" in request.path]


def versions(crm, keys):
    return {record.key: record.version for record in crm.fetch("Contacts", keys)}


# Creates


def test_creates_are_upserts_by_the_hubs_own_id_and_by_nothing_else(crm, fake):
    [there] = fake.seed("Contacts", [{"Last_Name": "Somebody", "Email": "a@b.org"}])
    [outcome] = crm.upsert("Contacts", [create("m1", Email="a@b.org")])
    assert outcome.kind is K.APPLIED
    assert outcome.key != there
    assert fake.row("Contacts", there)["Last_Name"] == "Somebody"
    assert bodies(fake, "POST")[-1]["duplicate_check_fields"] == ["Syncline_Id"]


def test_where_other_fields_are_unique_a_create_overwrites_nobodys_record(crm, fake):
    """An upsert looks at every unique field, whichever it was told: it would have renamed Somebody."""
    fake.add_field("Contacts", "Email email100 unique")
    [there] = fake.seed("Contacts", [{"Last_Name": "Somebody", "Email": "a@b.org"}])
    [outcome] = crm.upsert("Contacts", [create("m1", Email="a@b.org")])
    assert (outcome.kind, outcome.of, outcome.field) == (K.DUPLICATE, there, "Email")
    assert fake.row("Contacts", there)["Last_Name"] == "Somebody"


def test_another_external_field_is_a_unique_field_too(crm, fake):
    fake.add_field("Contacts", "Shop_Id text64 external")
    crm.upsert("Contacts", [create("m1")])
    assert fake.calls["POST Contacts"] == 1
    assert fake.calls["POST Contacts/upsert"] == 0


def test_a_create_sent_again_where_it_has_to_be_an_insert_updates_what_it_made(crm, fake):
    fake.add_field("Contacts", "Email email100 unique")
    [first] = crm.upsert("Contacts", [create("m1", Email="a@b.org")])
    [second] = crm.upsert("Contacts", [create("m1", Email="a@b.org", Title="CTO")])
    assert (first.kind, second.kind, second.key) == (K.APPLIED, K.APPLIED, first.key)
    [row] = fake.rows("Contacts")
    assert (row["Title"], row["Syncline_Id"]) == ("CTO", "m1")


def test_an_insert_whose_update_is_lost_is_unknown_and_nobodys_duplicate(crm, fake):
    fake.add_field("Contacts", "Email email100 unique")
    crm.upsert("Contacts", [create("m1")])
    fake.misbehave("lost", on="PUT Contacts")
    [outcome] = crm.upsert("Contacts", [create("m1", Title="CTO")])
    assert outcome.kind is K.UNKNOWN


def test_a_create_that_was_carried_out_before_and_is_locked_now_is_told_with_its_key(crm, fake):
    fake.add_field("Contacts", "Email email100 unique")
    [first] = crm.upsert("Contacts", [create("m1")])
    fake.hold(first.key, "RECORD_LOCKED")
    [outcome] = crm.upsert("Contacts", [create("m1", Title="CTO")])
    assert (outcome.kind, outcome.code, outcome.key) == (K.REFUSED, "RECORD_LOCKED", first.key)


def test_choices_that_are_no_list_are_refused_alone(crm, fake):
    fake.add_field("Contacts", "Tags multiselectpicklist")
    bad, good = crm.upsert("Contacts", [create("m1", Tags=5), create("m2")])
    assert (bad.kind, bad.field, good.kind) == (K.REFUSED, "Tags", K.APPLIED)


def test_an_upsert_that_met_another_record_after_all_is_told(crm, fake):
    [there] = fake.seed("Contacts", [{"Last_Name": "Somebody", "Email": "a@b.org"}])
    crm.upsert("Contacts", [create("m0")])  # the fields are known now, and then change
    fake.add_field("Contacts", "Email email100 unique")
    [outcome] = crm.upsert("Contacts", [create("m1", Email="a@b.org")])
    assert (outcome.kind, outcome.of, outcome.code) == (K.DUPLICATE, there, "matched-another")


def test_a_marker_that_is_an_external_id_is_named_in_the_header(crm, fake):
    fake.add_field("Contacts", "Syncline_Id text64 external")
    assert kinds(crm.upsert("Contacts", [create("m1")])) == [K.APPLIED]
    assert fake.seen[-1].headers["x-external"] == "Contacts.Syncline_Id"
    assert fake.rows("Contacts")[0]["Syncline_Id"] == "m1"


def test_without_a_marker_creates_are_inserts(make, fake):
    crm = make(marker=None)
    assert crm.stream("Contacts").writes.replay is Replay.NATURAL
    assert kinds(crm.upsert("Contacts", [create("m1")])) == [K.APPLIED]
    assert fake.calls["POST Contacts"] == 1
    assert fake.rows("Contacts")[0]["Syncline_Id"] is None


def test_a_lost_answer_is_told_and_sending_again_makes_no_second_record(crm, fake):
    crm.check()
    fake.misbehave("lost", on="upsert")
    with pytest.raises(AnswerLostError):
        crm.upsert("Contacts", [create("m1")])
    assert kinds(crm.upsert("Contacts", [create("m1")])) == [K.APPLIED]
    assert len(fake.rows("Contacts")) == 1


def test_an_answer_with_fewer_items_than_rows_is_no_answer(crm, fake):
    crm.check()
    fake.misbehave("few", on="upsert")
    with pytest.raises(AnswerLostError):
        crm.upsert("Contacts", [create("m1"), create("m2")])


def test_two_rows_with_one_marker_do_not_travel_in_one_call(crm, fake):
    first, second = crm.upsert("Contacts", [create("m1"), create("m1", Title="CTO")])
    assert first.key == second.key
    assert [row["Title"] for row in fake.rows("Contacts")] == ["CTO"]


# One item each


def test_each_item_says_what_became_of_it_whatever_the_status(crm, fake):
    fake.add_field("Contacts", "Badge__c text20 unique")
    [other] = fake.seed("Contacts", [{"Last_Name": "Ng", "Badge__c": "7"}])
    outcomes = crm.upsert(
        "Contacts",
        [create("a"), create("b", Badge__c="7"), create("c", Email="nobody"), Write(None, {"Title": "x"}, marker="d")],
    )
    assert kinds(outcomes) == [K.APPLIED, K.DUPLICATE, K.REFUSED, K.REFUSED]
    assert [outcome.code for outcome in outcomes] == [None, "DUPLICATE_DATA", "INVALID_DATA", "MANDATORY_NOT_FOUND"]
    assert [outcome.field for outcome in outcomes] == [None, "Badge__c", "Email", "Last_Name"]
    assert outcomes[1].of == other
    assert len(fake.rows("Contacts")) == 2


@pytest.mark.parametrize("count", [1, 3])
def test_items_are_read_where_all_of_them_failed(crm, count):
    outcomes = crm.upsert("Contacts", [create(f"m{n}", Email="nobody") for n in range(count)])
    assert kinds(outcomes) == [K.REFUSED] * count
    assert "nobody" not in str([outcome.message for outcome in outcomes])


def test_two_hundred_and_fifty_rows_are_three_calls(crm, fake):
    crm.check()
    fake.calls.clear()
    outcomes = crm.upsert("Contacts", [create(f"m{n}") for n in range(250)])
    assert set(kinds(outcomes)) == {K.APPLIED}
    assert dict(fake.calls) == {"POST Contacts/upsert": 3}


def test_an_unknown_or_read_only_field_is_refused_here_since_zoho_would_drop_it(crm, fake):
    [key] = fake.seed("Contacts", people("Ng"))
    rows = [{"Nope": "x"}, {"Full_Name": "x"}, {"Account_Name.name": "x"}, {"Title": "CTO"}]
    outcomes = crm.upsert("Contacts", [Write(key, row) for row in rows])
    assert kinds(outcomes) == [K.REFUSED, K.REFUSED, K.REFUSED, K.APPLIED]
    assert [outcome.field for outcome in outcomes[:3]] == ["Nope", "Full_Name", "Account_Name.name"]


def test_lookups_are_sent_as_objects_and_cleared_with_null(crm, fake):
    [account] = fake.seed("Accounts", [{"Account_Name": "Cheese & Sons"}])
    [made] = crm.upsert("Contacts", [create("m1", **{"Account_Name.id": account})])
    assert fake.row("Contacts", made.key)["Account_Name"]["id"] == account
    assert bodies(fake, "POST")[-1]["data"][0]["Account_Name"] == {"id": account}
    crm.upsert("Contacts", [Write(made.key, {"Account_Name.id": None})])
    assert fake.row("Contacts", made.key)["Account_Name"] is None


def test_a_parent_that_is_gone_refuses_the_row_and_is_not_the_record_itself(crm, fake):
    [key] = fake.seed("Contacts", people("Ng"))
    [outcome] = crm.upsert("Contacts", [Write(key, {"Account_Name.id": "554023000099999999"})])
    assert (outcome.kind, outcome.field) == (K.REFUSED, "Account_Name")


def test_bad_data_of_nothing_in_particular_is_not_taken_for_a_record_that_is_gone(crm, fake):
    gone, there = fake.seed("Contacts", people("Ng", "Bo"))
    fake.delete("Contacts", gone)
    fake.writes.vague = True
    outcomes = crm.upsert("Contacts", [Write(key, {"Email": "nobody"}) for key in (gone, there)])
    assert kinds(outcomes) == [K.MISSING, K.REFUSED]


def test_amounts_are_sent_with_just_their_digits(make, fake):
    crm = make(streams=["Deals"])
    row = {"Deal_Name": "Spring", "Stage": "Qualification", "Amount": "12500.10"}
    assert kinds(crm.upsert("Deals", [Write(None, row, marker="m1")])) == [K.APPLIED]
    assert b'"Amount":12500.10' in fake.seen[-1].body


def test_moments_are_sent_in_the_one_form_the_manual_shows(crm, fake):
    fake.add_field("Contacts", "Met_At__c datetime")
    [made] = crm.upsert("Contacts", [create("m1", Met_At__c="2026-11-21T09:30:15.250+01:00")])
    assert bodies(fake, "POST")[-1]["data"][0]["Met_At__c"] == "2026-11-21T08:30:15+00:00"
    assert fake.row("Contacts", made.key)["Met_At__c"] == "2026-11-21T14:00:15+05:30"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Met_At__c", "2026-11-21T09:30:15"),
        ("Met_At__c", "yesterday"),
        ("Date_of_Birth", "21.11.2026"),
        ("Score__c", "many"),
        ("Score__c", 1.5),
        ("Email_Opt_Out", "yes"),
        ("Title", 7),
    ],
)
def test_a_value_of_another_type_is_refused_here_without_being_quoted(crm, fake, field, value):
    fake.add_field("Contacts", "Met_At__c datetime")
    fake.add_field("Contacts", "Score__c integer9")
    good, bad = crm.upsert("Contacts", [create("m1"), create("m2", **{field: value})])
    assert (good.kind, bad.kind, bad.field) == (K.APPLIED, K.REFUSED, field)
    assert str(value) not in bad.message


def test_a_tick_box_that_is_blank_is_not_ticked(crm, fake):
    [key] = fake.seed("Contacts", [{"Last_Name": "Ng", "Email_Opt_Out": True}])
    assert kinds(crm.upsert("Contacts", [Write(key, {"Email_Opt_Out": None})])) == [K.APPLIED]
    assert bodies(fake, "PUT")[-1]["data"][0]["Email_Opt_Out"] is False


# Held records


@pytest.mark.parametrize(
    ("code", "field"),
    [("RECORD_LOCKED", None), ("RECORD_IN_BLUEPRINT", "Title"), ("NOT_APPROVED", None), ("NO_PERMISSION", None)],
)
def test_a_record_that_is_held_is_refused_with_its_reason_and_stops_no_other(crm, fake, code, field):
    held, free = fake.seed("Contacts", people("Ng", "Bo"))
    fake.hold(held, code, field)
    outcomes = crm.upsert("Contacts", [Write(held, {"Title": "CTO"}), Write(free, {"Title": "CTO"})])
    assert kinds(outcomes) == [K.REFUSED, K.APPLIED]
    assert (outcomes[0].code, outcomes[0].key) == (code, held)
    assert "the record" in outcomes[0].message
    assert [fake.row("Contacts", key)["Title"] for key in (held, free)] == [None, "CTO"]


def test_a_converted_lead_is_refused_and_stops_no_other(make, fake):
    crm = make(streams=["Leads"])
    done, new = fake.seed("Leads", [{"Last_Name": name, "Company": "Cheese & Sons"} for name in ("Ng", "Bo")])
    fake.convert(done)
    outcomes = crm.upsert("Leads", [Write(done, {"Designation": "CTO"}), Write(new, {"Designation": "CTO"})])
    assert kinds(outcomes) == [K.REFUSED, K.APPLIED]
    assert outcomes[0].code == "CONVERTED_RECORD"


def test_a_locked_record_is_not_removed(crm, fake):
    [key] = fake.seed("Contacts", people("Ng"))
    fake.hold(key, "RECORD_LOCKED")
    [outcome] = crm.remove("Contacts", [Write(key, {})])
    assert (outcome.kind, outcome.code) == (K.REFUSED, "RECORD_LOCKED")


def test_a_right_that_misses_stops_the_connection_and_not_a_row(crm, fake):
    fake.sessions.refresh_tokens[REFRESH] = "ZohoCRM.modules.READ,ZohoCRM.settings.ALL,ZohoCRM.coql.READ"
    with pytest.raises(UnauthorisedError):
        crm.upsert("Contacts", [create("m1")])


# Conditions


def test_rows_of_different_versions_are_guarded_together(crm, fake, clock):
    keys = []
    for name in "abc":
        keys += fake.seed("Contacts", people(name))
        clock.advance(60)
    seen = versions(crm, keys)
    fake.edit("Contacts", keys[1], {"Title": "a person was faster"})
    outcomes = crm.upsert("Contacts", [Write(key, {"Title": "the hub"}, expects=seen[key]) for key in keys])
    assert kinds(outcomes) == [K.APPLIED, K.STALE, K.APPLIED]
    assert [fake.row("Contacts", key)["Title"] for key in keys] == ["the hub", "a person was faster", "the hub"]
    [call] = [request for request in fake.seen if request.method == "PUT"]
    assert call.headers["if-unmodified-since"] == "2026-01-01T00:02:00+00:00"


@pytest.mark.parametrize("each", [False, True])
def test_somebody_who_writes_between_the_look_and_the_call_is_not_overwritten(crm, fake, clock, each):
    fake.writes.each_condition = each
    keys = []
    for name in "abc":
        keys += fake.seed("Contacts", people(name))
        clock.advance(60)
    seen = versions(crm, keys)
    fake.before("PUT Contacts", lambda: fake.edit("Contacts", keys[0], {"Title": "a person was faster"}))
    outcomes = crm.upsert("Contacts", [Write(key, {"Title": "the hub"}, expects=seen[key]) for key in keys])
    assert kinds(outcomes) == [K.STALE, K.APPLIED, K.APPLIED]
    assert [fake.row("Contacts", key)["Title"] for key in keys] == ["a person was faster", "the hub", "the hub"]


def test_one_version_for_all_rows_needs_no_look_before(crm, fake):
    keys = fake.seed("Contacts", people("a", "b"))
    seen = versions(crm, keys)
    fake.calls.clear()
    assert kinds(crm.upsert("Contacts", [Write(k, {"Title": "x"}, expects=seen[k]) for k in keys])) == [K.APPLIED] * 2
    assert dict(fake.calls) == {"PUT Contacts": 1}


def test_a_look_that_fails_after_creates_were_answered_loses_none_of_them(crm, fake, clock):
    keys = []
    for name in "ab":
        keys += fake.seed("Contacts", people(name))
        clock.advance(60)
    seen = versions(crm, keys)
    fake.misbehave("dropped", on="GET Contacts", times=9)
    updates = [Write(key, {"Title": "the hub"}, expects=seen[key]) for key in keys]
    outcomes = crm.upsert("Contacts", [create("m1"), *updates])
    assert kinds(outcomes) == [K.APPLIED, K.RETRY, K.RETRY]
    assert [fake.row("Contacts", key)["Title"] for key in keys] == [None, None]


def test_the_version_of_an_outcome_is_the_one_a_read_shows(crm, fake, clock):
    [key] = fake.seed("Contacts", people("a"))
    clock.advance(90)
    [outcome] = crm.upsert("Contacts", [Write(key, {"Title": "x"})])
    assert outcome.version == versions(crm, [key])[key] == "2026-01-01T00:01:30+00:00"


def test_a_failure_after_half_of_the_rows_leaves_the_other_half_known(crm, fake, clock):
    keys = fake.seed("Contacts", people(*"abcd"))
    seen = versions(crm, keys)
    clock.advance(60)
    fake.edit("Contacts", keys[0], {"Title": "a person was faster"})
    fake.misbehave("lost", on="PUT Contacts", nth=5)
    outcomes = crm.upsert("Contacts", [Write(key, {"Title": "the hub"}, expects=seen[key]) for key in keys])
    assert kinds(outcomes) == [K.STALE, K.APPLIED, K.UNKNOWN, K.UNKNOWN]


# What is gone, and automations


def test_records_are_removed_a_hundred_a_call_and_what_is_gone_is_missing(crm, fake):
    keys = fake.seed("Contacts", people(*(f"N{n}" for n in range(150))))
    fake.delete("Contacts", keys[3])
    outcomes = crm.remove("Contacts", [Write(key, {}) for key in [*keys, "no key"]])
    assert fake.calls["DELETE Contacts"] == 2
    assert fake.rows("Contacts") == []
    assert [n for n, outcome in enumerate(outcomes) if outcome.kind is K.MISSING] == [3, 150]


@pytest.mark.parametrize(("trigger", "title"), [((), "the hub"), (("workflow",), "automatic"), (None, "automatic")])
def test_automations_are_kept_out_unless_they_are_asked_for(make, fake, trigger, title):
    fake.writes.workflows["Contacts"] = {"Title": "automatic"}
    [outcome] = make(trigger=trigger).upsert("Contacts", [create("m1", Title="the hub")])
    assert fake.row("Contacts", outcome.key)["Title"] == title
    assert bodies(fake, "POST")[-1].get("trigger") == (None if trigger is None else list(trigger))


def test_a_module_that_is_gone_is_not_asked_for_row_by_row(make, fake):
    crm = make(streams=["Contacts"])
    crm.discover("Contacts")
    del fake.modules["Contacts"]
    fake.calls.clear()
    with pytest.raises(RefusedError) as error:
        crm.upsert("Contacts", [create(f"m{n}") for n in range(8)])
    assert error.value.code == "INVALID_MODULE"
    assert sum(fake.calls.values()) == 1


def test_a_schema_is_asked_for_again_after_a_while(crm, fake, clock):
    crm.upsert("Contacts", [create("m1")])
    fake.add_field("Contacts", "Loyalty__c text20")
    assert kinds(crm.upsert("Contacts", [create("m2", Loyalty__c="x")])) == [K.REFUSED]
    clock.advance(timedelta(minutes=16).total_seconds())
    assert kinds(crm.upsert("Contacts", [create("m2", Loyalty__c="x")])) == [K.APPLIED]
