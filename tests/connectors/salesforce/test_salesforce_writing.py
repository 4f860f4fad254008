"""What is written, and what is known when an answer gets lost."""

import pytest

from connectors.sdk import (
    OutcomeKind,
    Write,
)
from model.errors import AnswerLostError


def people(*names):
    return [{"LastName": name} for name in names]


def create(marker, **fields):
    return Write(None, fields, marker=marker)


def test_creates_and_updates_are_answered_row_by_row_in_order(crm, fake):
    key = fake.seed("Contact", people("Ng"))[0]
    outcomes = crm.upsert(
        "Contact",
        [
            create("m1", LastName="Bo", Email="bo@example.org"),
            Write(key, {"Title": "CTO"}),
            create("m2", LastName="x" * 81),
            Write(key[:-3] + "AAA", {"Email": "not an address"}),
            create("m3", LastName="Zed", Level__c="Nope"),
            create("m4", FirstName="nameless"),
        ],
    )
    assert [o.kind for o in outcomes] == [
        OutcomeKind.APPLIED,
        OutcomeKind.APPLIED,
        OutcomeKind.REFUSED,
        OutcomeKind.REFUSED,
        OutcomeKind.REFUSED,
        OutcomeKind.REFUSED,
    ]
    assert [(o.code, o.field) for o in outcomes[2:]] == [
        ("STRING_TOO_LONG", "LastName"),
        ("INVALID_EMAIL_ADDRESS", "Email"),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Level__c"),
        ("REQUIRED_FIELD_MISSING", "LastName"),
    ]
    assert fake.row("Contact", outcomes[0].key)["Syncline_Id__c"] == "m1"
    assert fake.row("Contact", key)["Title"] == "CTO"
    assert len(fake.rows("Contact")) == 2


def test_the_refused_value_is_not_quoted_back(crm):
    outcome = crm.upsert("Contact", [create("m1", LastName="Ng", Email="canary@@private")])[0]
    assert outcome.message == "Email: invalid email address: …"


def test_the_same_marker_twice_makes_one_record(crm, fake):
    first = crm.upsert("Contact", [create("m1", LastName="Bo")])[0]
    again = crm.upsert("Contact", [create("m1", LastName="Bo", Title="CTO")])[0]
    assert first.key == again.key
    assert [(r["LastName"], r["Title"]) for r in fake.rows("Contact")] == [("Bo", "CTO")]


def test_a_marker_twice_in_one_batch_makes_one_record(crm, fake):
    outcomes = crm.upsert("Contact", [create("m1", LastName="Bo"), create("m1", LastName="Bo")])
    assert {o.kind for o in outcomes} == {OutcomeKind.APPLIED}
    assert len(fake.rows("Contact")) == 1


@pytest.mark.parametrize("kind", ["lost", "dropped", "unavailable", "unavailable-after", "truncated", "html"])
def test_a_lost_answer_is_never_silent_and_sending_again_doubles_nothing(crm, fake, kind):
    crm.check()
    fake.misbehave(kind, on="PATCH composite")
    batch = [create("m1", LastName="Bo"), create("m2", LastName="Cy")]
    with pytest.raises(AnswerLostError):
        crm.upsert("Contact", batch)
    assert fake.calls["PATCH composite/sobjects/Contact/Syncline_Id__c"] == 1
    assert {o.kind for o in crm.upsert("Contact", batch)} == {OutcomeKind.APPLIED}
    assert len(fake.rows("Contact")) == 2


def test_what_is_known_of_a_batch_survives_the_loss_of_a_later_answer(crm, fake):
    key = fake.seed("Contact", people("Ng"))[0]
    crm.check()
    fake.misbehave("lost", on="PATCH composite/sobjects", nth=2)
    created, updated = crm.upsert("Contact", [create("m1", LastName="Bo"), Write(key, {"Title": "CTO"})])
    assert (created.kind, updated.kind) == (OutcomeKind.APPLIED, OutcomeKind.UNKNOWN)
    assert updated.key == key


def test_what_is_known_of_a_batch_survives_the_end_of_the_quota(crm, fake):
    key = fake.seed("Contact", people("Ng"))[0]
    crm.check()
    fake.misbehave("limit", on="PATCH composite/sobjects", nth=2)
    created, updated = crm.upsert("Contact", [create("m1", LastName="Bo"), Write(key, {"Title": "CTO"})])
    assert (created.kind, updated.kind) == (OutcomeKind.APPLIED, OutcomeKind.THROTTLED)


def test_calls_are_as_few_as_the_vendor_allows(crm, fake):
    crm.discover("Contact")
    before = fake.used
    outcomes = crm.upsert("Contact", [create(f"m{n}", LastName=f"N{n}") for n in range(401)])
    assert {o.kind for o in outcomes} == {OutcomeKind.APPLIED}
    assert fake.used - before == 3
    by_marker = {r["Syncline_Id__c"]: r["Id"] for r in fake.rows("Contact")}
    assert [o.key for o in outcomes] == [by_marker[f"m{n}"] for n in range(401)]


def test_rows_of_one_account_travel_together(crm, fake):
    accounts = fake.seed("Account", [{"Name": f"A{n}"} for n in range(3)])
    rows = [create(f"m{n}", LastName=f"N{n}", AccountId=accounts[n % 3]) for n in range(300)]
    outcomes = crm.upsert("Contact", rows)
    owner = {r["Id"]: r["AccountId"] for r in fake.rows("Contact")}
    assert [owner[o.key] for o in outcomes] == [accounts[n % 3] for n in range(300)]
    in_order = [owner[key] for key in sorted(owner)]
    assert in_order == sorted(in_order)
