"""Writing: upserts, versions, change sets, look-ups, and what is refused how."""

import orjson
import pytest

from connectors.sdk import AnswerLostError, OutcomeKind, ThrottledError, Write
from syncline.sandbox.multipart import requests_of

APPLIED, STALE, REFUSED = OutcomeKind.APPLIED, OutcomeKind.STALE, OutcomeKind.REFUSED
MISSING, DUPLICATE = OutcomeKind.MISSING, OutcomeKind.DUPLICATE


def one(crm, stream, write):
    [outcome] = crm.upsert(stream, [write])
    return outcome


def parts(fake):
    """The requests of the last batch, with what change sets they came in."""
    batch = next(request for request in reversed(fake.seen) if request.path.endswith("$batch"))
    return requests_of(batch, "/api/data/v9.2")


@pytest.fixture
def account(fake):
    return fake.seed("account", [{"name": "Great Lakes"}])[0]


def test_an_update_never_creates_though_patch_would(crm, fake):
    ghost = "99999999-0000-4000-8000-000000000001"
    outcome = one(crm, "account", Write(ghost, {"name": "ghost"}))
    assert (outcome.kind, outcome.of) == (MISSING, None)
    assert fake.rows("account") == []
    [[asked]] = parts(fake)
    assert asked.request.headers["if-match"] == "*"


def test_the_version_a_change_was_decided_on_has_to_be_the_current_one(crm, fake, account):
    [seen] = crm.fetch("account", [account])
    fake.edit("account", account, {"name": "a person was faster"})
    outcome = one(crm, "account", Write(account, {"name": "the hub"}, expects=seen.version))
    assert (outcome.kind, outcome.code) == (STALE, "0x80060882")
    assert fake.row("account", account)["name"] == "a person was faster"
    [now] = crm.fetch("account", [account])
    done = one(crm, "account", Write(account, {"name": "the hub"}, expects=now.version))
    assert (done.kind, done.record.data["name"]) == (APPLIED, "the hub")
    assert done.version == fake.row("account", account)["@odata.etag"]


def test_a_stale_row_that_is_gone_altogether_or_was_merged_is_missing(crm, fake):
    winner, loser, gone = fake.seed("contact", [{"lastname": n} for n in "abc"])
    versions = {record.key: record.version for record in crm.fetch("contact", [loser, gone])}
    fake.merge("contact", winner, loser)
    fake.delete("contact", gone)
    writes = [Write(key, {"lastname": "x"}, expects=version) for key, version in versions.items()]
    assert [(o.kind, o.of) for o in crm.upsert("contact", writes)] == [(MISSING, winner), (MISSING, None)]
    assert fake.row("contact", loser)["lastname"] == "b"


def test_a_create_goes_to_the_alternate_key_and_may_be_sent_twice(crm, fake):
    first = one(crm, "account", Write(None, {"name": "a"}, marker="0197-ab.c_D"))
    again = one(crm, "account", Write(None, {"name": "a"}, marker="0197-ab.c_D"))
    assert (first.kind, again.kind, first.key == again.key) == (APPLIED, APPLIED, True)
    [row] = fake.rows("account")
    assert row["new_synclineid"] == "0197-ab.c_D"
    [[asked]] = parts(fake)
    assert (asked.request.method, "if-match" in asked.request.headers) == ("PATCH", False)
    assert "new_synclineid" not in orjson.loads(asked.request.body)


@pytest.mark.parametrize("marker", ["a/b", "a'b", "a%b", "a&b", "ü", "a b"])
def test_an_id_that_no_address_can_have_is_refused_before_it_is_sent(crm, fake, marker):
    outcome = one(crm, "account", Write(None, {"name": "a"}, marker=marker))
    assert (outcome.kind, outcome.field) == (REFUSED, "new_synclineid")
    assert fake.rows("account") == []


def test_a_create_whose_id_is_on_a_row_that_was_merged_away_names_the_survivor(crm, fake):
    [winner] = fake.seed("account", [{"name": "winner"}])
    lost = one(crm, "account", Write(None, {"name": "a"}, marker="hub-1"))
    fake.merge("account", winner, lost.key)
    outcome = one(crm, "account", Write(None, {"name": "a"}, marker="hub-1"))
    assert (outcome.kind, outcome.code, outcome.of) == (DUPLICATE, "merged", winner)
    assert len(fake.rows("account")) == 2


def test_without_a_marker_creates_are_posts_and_are_not_safe(make, fake):
    crm = make(marker=None)
    assert {stream.writes.replay.value for stream in crm.declared_streams()} == {"natural"}
    assert one(crm, "account", Write(None, {"name": "a"}, marker="hub-1")).kind is APPLIED
    [[asked]] = parts(fake)
    assert asked.request.method == "POST"
    assert fake.rows("account")[0]["new_synclineid"] is None


def test_every_record_travels_in_a_change_set_of_its_own_and_fails_alone(crm, fake, account):
    writes = [
        Write(None, {"name": "good"}, marker="hub-1"),
        Write(None, {"name": "x" * 161}, marker="hub-2"),
        Write(account, {"customertypecode": 99}),
        Write(account, {"name": "changed"}),
        Write(None, {"name": "good, too"}, marker="hub-3"),
    ]
    outcomes = crm.upsert("account", writes)
    assert [o.kind for o in outcomes] == [APPLIED, REFUSED, REFUSED, APPLIED, APPLIED]
    assert (outcomes[1].code, outcomes[1].field) == ("0x80044331", "name")
    assert {row["name"] for row in fake.rows("account")} == {"good", "changed", "good, too"}
    assert [len(item) for item in parts(fake)] == [1] * 5
    assert fake.calls["POST $batch"] == 1


def test_a_batch_beyond_a_thousand_is_refused_and_done_in_halves(crm, fake):
    fake.limit = 10_000
    outcomes = crm.upsert("account", [Write(None, {"name": f"{n}"}, marker=f"hub-{n}") for n in range(1001)])
    assert {outcome.kind for outcome in outcomes} == {APPLIED}
    assert len(fake.rows("account")) == 1001
    assert fake.calls["POST $batch"] == 3


def test_when_the_second_half_cannot_be_sent_the_first_one_is_still_told(crm, fake):
    fake.limit = 10_000
    crm.discover("account")
    fake.misbehave("lost", on="$batch", nth=3)
    outcomes = crm.upsert("account", [Write(None, {"name": f"{n}"}, marker=f"hub-{n}") for n in range(1001)])
    assert [o.kind for o in outcomes] == [APPLIED] * 500 + [OutcomeKind.UNKNOWN] * 501


def test_an_answer_that_breaks_off_leaves_the_whole_batch_in_doubt(crm, fake):
    crm.discover("account")
    fake.misbehave("truncated", on="$batch")
    with pytest.raises(AnswerLostError):
        crm.upsert("account", [Write(None, {"name": "a"}, marker="hub-1"), Write(None, {"name": "b"}, marker="hub-2")])
    assert len(fake.rows("account")) == 2


@pytest.mark.parametrize(
    ("kind", "told"),
    [("part-throttled", OutcomeKind.THROTTLED), ("part-timeout", OutcomeKind.RETRY), ("gateway", OutcomeKind.RETRY)],
)
def test_what_passes_is_told_for_the_rows_it_met(crm, fake, clock, kind, told):
    fake.misbehave(kind, on="$batch", rows=1, seconds=30)
    outcomes = crm.upsert("account", [Write(None, {"name": n}, marker=f"hub-{n}") for n in "ab"])
    assert [outcome.kind for outcome in outcomes] == [told, APPLIED]
    if told is OutcomeKind.THROTTLED:
        assert (outcomes[0].until - clock.now()).total_seconds() == 30
    assert [row["name"] for row in fake.rows("account")] == ["b"]


def test_the_requests_of_a_batch_count_one_by_one(make, fake):
    crm = make()
    crm.discover("account")
    fake.limit = 50
    fake.clock.advance(600)
    writes = [Write(None, {"name": f"{n}"}, marker=f"hub-{n}") for n in range(60)]
    with pytest.raises(ThrottledError):
        crm.upsert("account", writes)
    assert fake.rows("account") == []


def test_the_same_value_of_an_alternate_key_is_another_record(crm, fake, account):
    crm.narrow("account", ["name"])
    fake.tables["account"].keys["number_key"] = (("accountnumber",), "Active")
    fake.edit("account", account, {"accountnumber": "K-1"})
    outcome = one(crm, "account", Write(None, {"name": "b", "accountnumber": "k-1"}, marker="hub-1"))
    assert (outcome.kind, outcome.code, outcome.of) == (DUPLICATE, "0x80060892", account)
    assert len(fake.rows("account")) == 1


def test_a_create_that_another_process_has_just_made_is_sent_again_and_makes_no_other(crm, fake):
    fake.misbehave("raced", on="$batch")
    writes = [Write(None, {"name": "a"}, marker="hub-1"), Write(None, {"name": "b"}, marker="hub-2")]
    assert [outcome.kind for outcome in crm.upsert("account", writes)] == [OutcomeKind.RETRY, APPLIED]
    assert [outcome.kind for outcome in crm.upsert("account", writes)] == [APPLIED, APPLIED]
    assert len(fake.rows("account")) == 2


@pytest.mark.parametrize("status", [412, 500])
def test_duplicate_detection_stops_a_write_only_where_it_is_wanted(make, fake, account, status):
    fake.records.duplicate_status = status  # the vendor's own pages disagree
    write = Write(None, {"name": "Great Lakes"}, marker="hub-1")
    assert one(make(duplicate_detection=True), "account", write).kind is DUPLICATE
    assert one(make(), "account", write).kind is APPLIED


def test_look_ups_are_bound_by_the_table_they_lead_to_and_emptied(crm, fake, account):
    [boss] = fake.seed("contact", [{"lastname": "boss"}])
    made = one(crm, "contact", Write(None, {"lastname": "a", "parentcustomerid_account": account}, marker="hub-1"))
    assert made.record.data["parentcustomerid_account"] == account
    one(crm, "contact", Write(made.key, {"parentcustomerid_contact": boss, "parentcustomerid_account": None}))
    row = fake.row("contact", made.key)
    assert row["_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "contact"
    assert row["_parentcustomerid_value"] == boss
    done = one(crm, "contact", Write(made.key, {"parentcustomerid_contact": None}))
    assert (done.kind, fake.row("contact", made.key)["_parentcustomerid_value"]) == (APPLIED, None)
    owned = one(crm, "contact", Write(made.key, {"ownerid": "00000000-0000-4000-a000-000000000002"}))
    assert owned.kind is APPLIED


def test_a_look_up_to_a_row_that_is_gone_is_refused_and_the_record_itself_is_not_called_missing(crm, fake, account):
    ghost = "99999999-0000-4000-8000-000000000001"
    [contact] = fake.seed("contact", [{"lastname": "a"}])
    writes = [
        Write(contact, {"parentcustomerid_account": ghost}),
        Write(None, {"lastname": "b", "parentcustomerid_account": ghost}, marker="hub-1"),
        Write(contact, {"parentcustomerid_account": "no id"}),
        Write(contact, {"parentcustomerid_contact": account}),
    ]
    assert [o.kind for o in crm.upsert("contact", writes)] == [REFUSED] * 4
    assert fake.row("contact", contact)["_parentcustomerid_value"] is None


@pytest.mark.parametrize("field", ["fullname", "modifiedon", "merged", "contactid", "nome", "_parentcustomerid_value"])
def test_what_the_environment_would_pass_over_in_silence_is_refused(crm, fake, field):
    [contact] = fake.seed("contact", [{"lastname": "a"}])
    outcome = one(crm, "contact", Write(contact, {field: "canary", "lastname": "b"}))
    assert (outcome.kind, outcome.field) == (REFUSED, field)
    assert fake.row("contact", contact)["lastname"] == "a"


def test_prohibitions_and_states_are_written_as_they_are_named(crm, fake):
    made = one(crm, "contact", Write(None, {"lastname": "a", "donotemail": True, "statecode": 0}, marker="hub-1"))
    assert made.record.data["donotemail"] is True
    one(crm, "contact", Write(made.key, {"statecode": 1}))
    assert fake.row("contact", made.key)["statuscode"] == 2
    wrong = one(crm, "contact", Write(made.key, {"statecode": 0, "statuscode": 2}))
    assert (wrong.kind, wrong.code) == (REFUSED, "0x80048408")


def test_an_opportunity_is_not_won_by_an_update(crm, fake):
    [deal] = fake.seed("opportunity", [{"name": "Spring delivery"}])
    assert one(crm, "opportunity", Write(deal, {"statecode": 1, "statuscode": 3})).kind is REFUSED
    fake.edit("opportunity", deal, {"statecode": 1}, plain=False)
    assert one(crm, "opportunity", Write(deal, {"description": "won"})).kind is APPLIED


def test_a_case_needs_its_customer(crm, fake, account):
    assert one(crm, "incident", Write(None, {"title": "a"}, marker="hub-1")).kind is REFUSED
    made = one(crm, "incident", Write(None, {"title": "a", "customerid_account": account}, marker="hub-1"))
    assert (made.kind, made.record.data["ticketnumber"][:4]) == (APPLIED, "CAS-")


def test_what_may_not_be_written_says_so_for_each_row(crm, fake, account):
    fake.forbidden.add("prvWriteaccount")
    assert one(crm, "account", Write(account, {"name": "b"})).kind is OutcomeKind.UNAUTHORISED
    assert fake.row("account", account)["name"] == "Great Lakes"


def test_a_row_that_the_user_s_roles_do_not_reach_is_refused_and_the_others_go_on(crm, fake):
    ours, theirs = fake.seed("account", [{"name": "ours"}, {"name": "theirs"}])
    fake.protect(theirs)
    writes = [Write(theirs, {"name": "x"}), Write(ours, {"name": "y"})]
    refused, applied = crm.upsert("account", writes)
    assert (refused.kind, refused.code, applied.kind) == (REFUSED, "0x80048306", APPLIED)
    assert "security roles" in refused.message
    assert {row["name"] for row in fake.rows("account")} == {"theirs", "y"}
    assert crm.remove("account", [Write(theirs, {})])[0].kind is REFUSED


def test_a_privilege_on_another_table_concerns_the_rows_that_need_it(crm, fake, account):
    fake.misbehave("unprivileged", on="$batch")
    refused, applied = crm.upsert(
        "account", [Write(account, {"name": "x"}), Write(None, {"name": "y"}, marker="hub-1")]
    )
    assert (refused.kind, refused.code, applied.kind) == (REFUSED, "0x80040220", APPLIED)


def test_a_table_without_optimistic_concurrency_is_looked_at_before_it_is_written(crm, fake):
    fake.tables["lead"].versioned = False
    moved, same, gone = fake.seed("lead", [{"lastname": name} for name in ("moved", "same", "gone")])
    versions = {record.key: record.version for record in crm.fetch("lead", [moved, same, gone])}
    fake.edit("lead", moved, {"lastname": "a person was faster"})
    fake.delete("lead", gone)
    outcomes = crm.upsert(
        "lead", [Write(key, {"lastname": "hub"}, expects=version) for key, version in versions.items()]
    )
    assert [outcome.kind for outcome in outcomes] == [STALE, APPLIED, MISSING]
    assert {row["lastname"] for row in fake.rows("lead")} == {"a person was faster", "hub"}
    outcomes = crm.remove("lead", [Write(key, {}, expects=versions[key]) for key in (moved, same)])
    assert [outcome.kind for outcome in outcomes] == [STALE, STALE]
    [now] = crm.fetch("lead", [same])
    assert crm.remove("lead", [Write(same, {}, expects=now.version)])[0].kind is APPLIED


def test_a_refusal_keeps_the_vendor_s_words_and_code_and_drops_the_values(crm, fake, account):
    outcome = one(crm, "account", Write(account, {"customertypecode": 987654}))
    assert (outcome.kind, outcome.code) == (REFUSED, "0x80048408")
    assert "outside the valid range" in outcome.message
    assert "987654" not in outcome.message


def test_removing_respects_the_version_and_takes_no_key_of_another_form(crm, fake):
    first, second = fake.seed("account", [{"name": "a"}, {"name": "b"}])
    [seen] = crm.fetch("account", [first])
    fake.edit("account", first, {"name": "c"})
    outcomes = crm.remove("account", [Write(first, {}, expects=seen.version), Write(second, {}), Write("1", {})])
    assert [outcome.kind for outcome in outcomes] == [STALE, APPLIED, MISSING]
    assert [row["name"] for row in fake.rows("account")] == ["c"]


def test_numbers_dates_and_amounts_come_back_as_they_were_written(crm):
    given = {"name": "Wine", "estimatedvalue": 12500.5, "closeprobability": 90, "estimatedclosedate": "2026-03-31"}
    made = one(crm, "opportunity", Write(None, given, marker="hub-1"))
    assert {name: made.record.data[name] for name in given} == given
    for wrong in ({"closeprobability": "ninety"}, {"estimatedclosedate": "31.3.2026"}, {"estimatedvalue": True}):
        assert one(crm, "opportunity", Write(made.key, wrong)).kind is REFUSED
