"""What the org says to single rows, and what is made of it."""

import pytest

from connectors.salesforce.errors import bulk_error, item_outcome, request_error
from connectors.sdk import (
    OutcomeKind,
    ProtocolError,
    Write,
)
from model.errors import AnswerLostError

SECRET = "s3cr3t-canary"


def people(*names):
    return [{"LastName": name} for name in names]


def create(marker, **fields):
    return Write(None, fields, marker=marker)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Nope": "x"}, "INVALID_FIELD"),
        ({"SystemModstamp": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"DoNotCall": "yes"}, "wrong-type"),
        ({"Title": True}, "wrong-type"),
        ({"Title": {"a": 1}}, "wrong-type"),
        ({"Birthdate": "soon"}, "wrong-type"),
    ],
)
def test_a_row_that_would_have_the_whole_call_refused_is_refused_alone(crm, fake, fields, code):
    good, bad = crm.upsert("Contact", [create("m1", LastName="Bo"), create("m2", LastName="Cy", **fields)])
    assert (good.kind, bad.kind, bad.code, bad.field) == (
        OutcomeKind.APPLIED,
        OutcomeKind.REFUSED,
        code,
        next(iter(fields)),
    )
    assert len(fake.rows("Contact")) == 1


def test_a_call_refused_as_a_whole_is_split_until_the_poison_is_alone(crm, fake):
    crm.discover("Contact")
    fake.drop_field("Contact", "Title")  # the connector still believes in it
    rows = [create(f"m{n}", LastName=f"N{n}", **({"Title": "x"} if n == 5 else {})) for n in range(8)]
    outcomes = crm.upsert("Contact", rows)
    assert [o.kind for o in outcomes].count(OutcomeKind.APPLIED) == 7
    assert (outcomes[5].kind, outcomes[5].code) == (OutcomeKind.REFUSED, "INVALID_FIELD")
    before = fake.used
    assert crm.upsert("Contact", [create("m9", Title="x", LastName="N")])[0].field == "Title"
    assert fake.used - before == 1  # it was described anew, and nothing was sent in vain


def test_numbers_keep_their_digits_and_lists_become_choices(make, fake):
    crm = make(streams=["Opportunity", "Contact"])
    fields = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01", "Amount": "12345678901.25"}
    assert crm.upsert("Opportunity", [create("o1", **fields)])[0].kind is OutcomeKind.APPLIED
    assert fake.rows("Opportunity")[0]["Amount"] == 12345678901.25
    sent = fake.seen[-1].body
    assert b'"Amount":12345678901.25' in sent
    crm.upsert("Contact", [create("m1", LastName="Ng", Languages__c=["English", "German"])])
    assert fake.rows("Contact")[0]["Languages__c"] == "English;German"


def test_null_empties_a_field(crm, fake):
    key = fake.seed("Contact", [{"LastName": "Ng", "Title": "CTO", "Email": "a@b.org"}])[0]
    crm.upsert("Contact", [Write(key, {"Title": None, "Email": ""})])
    assert (fake.row("Contact", key)["Title"], fake.row("Contact", key)["Email"]) == (None, None)


def test_a_locked_row_may_be_tried_again(crm, fake):
    crm.check()
    fake.misbehave("lock", on="PATCH composite", rows=1)
    outcomes = crm.upsert("Contact", [create("m1", LastName="Bo"), create("m2", LastName="Cy")])
    assert [o.kind for o in outcomes] == [OutcomeKind.RETRY, OutcomeKind.APPLIED]
    assert outcomes[0].code == "UNABLE_TO_LOCK_ROW"


def test_duplicates_name_the_other_record(crm, fake):
    other = fake.seed("Contact", [{"LastName": "Ng", "Syncline_Id__c": "taken"}])[0]
    mine = fake.seed("Contact", people("Bo"))[0]
    outcome = crm.upsert("Contact", [Write(mine, {"Syncline_Id__c": "taken"})])[0]
    assert (outcome.kind, outcome.code) == (OutcomeKind.DUPLICATE, "DUPLICATE_VALUE")
    assert outcome.of == other
    fake.misbehave("duplicates", on="PATCH composite/sobjects/Contact", of=other)
    outcome = crm.upsert("Contact", [create("m1", LastName="Ng")])[0]
    assert (outcome.kind, outcome.code, outcome.of) == (OutcomeKind.DUPLICATE, "DUPLICATES_DETECTED", other)


def test_duplicate_rules_are_respected_unless_told_otherwise(make, fake):
    for rules, said in (("respect", "allowSave=false"), ("override", "allowSave=true")):
        make(duplicate_rules=rules).upsert("Contact", [create("m1", LastName="Ng")])
        assert said in fake.seen[-1].headers["sforce-duplicate-rule-header"]


def test_writing_to_what_was_merged_away_names_the_survivor(crm, fake):
    winner, loser, dropped = fake.seed("Contact", people("Ng", "Ng", "Bo"))
    fake.merge("Contact", winner, loser)
    fake.delete("Contact", dropped)
    merged, gone, never = crm.upsert(
        "Contact", [Write(k, {"Title": "x"}) for k in (loser, dropped, "003000000000999AAA")]
    )
    assert (merged.kind, merged.of) == (OutcomeKind.MISSING, winner)
    assert (gone.kind, gone.of) == (OutcomeKind.MISSING, None)
    assert never.kind is OutcomeKind.MISSING


def test_pointing_at_a_deleted_parent_is_not_taken_for_being_gone(crm, fake):
    account = fake.seed("Account", [{"Name": "Acme"}])[0]
    key = fake.seed("Contact", people("Ng"))[0]
    fake.delete("Account", account)
    rows = [Write(key, {"AccountId": account}), create("m1", LastName="Bo", AccountId=account)]
    rows.append(Write(key, {"AccountId": "001000000000999AAA"}))
    assert [o.kind for o in crm.upsert("Contact", rows)] == [OutcomeKind.REFUSED] * 3


def test_a_create_is_refused_rather_than_doubled_where_the_marker_field_is_missing(crm, fake):
    fake.drop_field("Contact", "Syncline_Id__c")
    outcome = crm.upsert("Contact", [create("m1", LastName="Bo")])[0]
    assert (outcome.kind, outcome.field) == (OutcomeKind.REFUSED, "Syncline_Id__c")
    assert fake.rows("Contact") == []


def test_without_a_marker_records_are_created_plainly(make, fake):
    crm = make(external_id=None)
    fake.drop_field("Contact", "Syncline_Id__c")
    assert crm.upsert("Contact", [create("m1", LastName="Bo")])[0].kind is OutcomeKind.APPLIED
    assert [r["LastName"] for r in fake.rows("Contact")] == ["Bo"]


def test_a_looked_up_marker_is_written_and_found(make, fake):
    fake.add_field("Contact", "Hub__c string64")
    crm = make(streams={"Contact": {"external_id": "Hub__c", "lookup": True}})
    assert crm.check() == []
    crm.check()
    fake.misbehave("lost", on="POST composite")
    with pytest.raises(AnswerLostError):
        crm.upsert("Contact", [create("m1", LastName="Bo")])
    (record,) = crm.find("Contact", "Hub__c", ["m1"])
    assert record.data["LastName"] == "Bo"


def test_a_parent_can_be_named_by_its_marker(crm, fake):
    account = crm.upsert("Account", [create("acc-1", Name="Acme")])[0].key
    crm.upsert("Contact", [create("m1", LastName="Ng", Account={"Syncline_Id__c": "acc-1"})])
    assert fake.rows("Contact")[0]["AccountId"] == account


def test_remove_deletes_and_tells_what_was_gone(crm, fake):
    one, two, winner = fake.seed("Contact", people("a", "b", "c"))
    fake.merge("Contact", winner, two)
    outcomes = crm.remove("Contact", [Write(one, {}), Write(two, {}), Write("nonsense", {}), Write(None, {})])
    assert [o.kind for o in outcomes] == [OutcomeKind.APPLIED, *[OutcomeKind.MISSING] * 3]
    assert outcomes[1].of == winner
    assert [r["Id"] for r in fake.rows("Contact")] == [winner]


def test_a_record_that_is_not_shared_is_refused_and_the_others_go_on(crm, fake):
    theirs, ours = fake.seed("Contact", people("theirs", "ours"))
    fake.store.unshared.add(theirs)
    refused, applied = crm.upsert("Contact", [Write(theirs, {"Title": "x"}), Write(ours, {"Title": "y"})])
    assert (refused.kind, refused.code, applied.kind) == (
        OutcomeKind.REFUSED,
        "INSUFFICIENT_ACCESS_OR_READONLY",
        OutcomeKind.APPLIED,
    )
    assert "sharing of the hub's user" in refused.message
    assert [row["Title"] for row in fake.rows("Contact")] == [None, "y"]
    assert crm.remove("Contact", [Write(theirs, {})])[0].kind is OutcomeKind.REFUSED


@pytest.mark.parametrize("deed", ["createable", "updateable", "deletable"])
def test_an_object_that_is_closed_to_the_user_is_told_as_a_lack_of_rights(crm, fake, deed):
    (key,) = fake.seed("Contact", people("Ng"))
    crm.discover("Contact")
    fake.objects["Contact"].denied.add(deed)
    if deed == "deletable":
        outcomes = crm.remove("Contact", [Write(key, {})])
    else:
        outcomes = crm.upsert(
            "Contact", [create("m1", LastName="Bo") if deed == "createable" else Write(key, {"Title": "x"})]
        )
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.UNAUTHORISED]
    assert [(row["LastName"], row["Title"]) for row in fake.rows("Contact")] == [("Ng", None)]


def test_secrets_are_in_no_repr(crm):
    assert SECRET not in repr(crm.settings) + repr(crm._session.__dict__)


UPDATE, CREATE = Write("003000000000001AAA", {"Title": "x"}), Write(None, {"Title": "x"}, marker="m1")


@pytest.mark.parametrize(
    ("code", "write", "kind"),
    [
        ("UNABLE_TO_LOCK_ROW", UPDATE, OutcomeKind.RETRY),
        ("SERVER_UNAVAILABLE", UPDATE, OutcomeKind.RETRY),
        ("REQUEST_LIMIT_EXCEEDED", UPDATE, OutcomeKind.THROTTLED),
        ("STORAGE_LIMIT_EXCEEDED", CREATE, OutcomeKind.THROTTLED),
        ("DUPLICATE_VALUE", CREATE, OutcomeKind.DUPLICATE),
        ("DUPLICATE_EXTERNAL_ID", CREATE, OutcomeKind.DUPLICATE),
        ("DUPLICATES_DETECTED", CREATE, OutcomeKind.DUPLICATE),
        ("ENTITY_IS_DELETED", UPDATE, OutcomeKind.MISSING),
        ("NOT_FOUND", UPDATE, OutcomeKind.MISSING),
        ("INVALID_CROSS_REFERENCE_KEY", UPDATE, OutcomeKind.MISSING),
        ("INVALID_CROSS_REFERENCE_KEY", CREATE, OutcomeKind.REFUSED),
        ("REQUIRED_FIELD_MISSING", CREATE, OutcomeKind.REFUSED),
        ("STRING_TOO_LONG", UPDATE, OutcomeKind.REFUSED),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", UPDATE, OutcomeKind.REFUSED),
        ("INVALID_FIELD_FOR_INSERT_UPDATE", UPDATE, OutcomeKind.REFUSED),
        ("INACTIVE_OWNER_OR_USER", UPDATE, OutcomeKind.REFUSED),
        ("ENTITY_IS_LOCKED", UPDATE, OutcomeKind.REFUSED),
        ("INSUFFICIENT_ACCESS_OR_READONLY", UPDATE, OutcomeKind.REFUSED),
        ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", CREATE, OutcomeKind.REFUSED),
        ("INSUFFICIENT_ACCESS", CREATE, OutcomeKind.UNAUTHORISED),
        ("INVALID_SESSION_ID", UPDATE, OutcomeKind.UNAUTHORISED),
        ("A_CODE_OF_NEXT_YEAR", UPDATE, OutcomeKind.REFUSED),
    ],
)
def test_codes_decide_the_outcome_in_collections_and_in_bulk_alike(code, write, kind):
    direct = item_outcome({"statusCode": code, "message": "why", "fields": []}, write)
    bulk = item_outcome(bulk_error(f"{code}:why: not x: --"), write)
    assert (direct.kind, bulk.kind) == (kind, kind)
    assert (direct.code, bulk.code) == (code, code)


@pytest.mark.parametrize("content", [[], {}, "<html>", [{"message": "x"}], [None], b"", None])
def test_a_refusal_without_a_code_is_a_protocol_error(content):
    assert isinstance(request_error(400, content, "reading Contact"), ProtocolError)
