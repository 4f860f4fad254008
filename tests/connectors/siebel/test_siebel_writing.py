"""Writing Siebel: arrays that fail as a whole, codes inside 500s, what must not come back, what is not overwritten."""

import pytest

from connectors.sdk import OutcomeKind, RefusedError, UnauthorisedError, UnreachableError, Write
from model.errors import AnswerLostError
from syncline.sandbox.siebel import SiebelFake

APPLIED, REFUSED, DUPLICATE = OutcomeKind.APPLIED, OutcomeKind.REFUSED, OutcomeKind.DUPLICATE


def creates(*numbers):
    return [Write(None, {"Name": f"Company {n}", "Location": "HQ"}, marker=f"hub-{n}") for n in numbers]


def kinds(outcomes):
    return [outcome.kind for outcome in outcomes]


def sent(fake, method):
    return [request for request in fake.seen if request.method == method]


def test_a_hundred_creates_are_one_call_and_carry_the_hub_s_ids(fake, crm):
    outcomes = crm.upsert("Account", creates(*range(100)))
    assert kinds(outcomes) == [APPLIED] * 100
    assert len(sent(fake, "POST")) == 1
    stored = {row["Id"]: row["Integration Id"] for row in fake.rows("Account")}
    assert [stored[outcome.key] for outcome in outcomes] == [f"hub-{n}" for n in range(100)]


def test_an_answer_of_ids_alone_gives_no_record_to_another(fake, crm):
    fake.echoes = False
    outcomes = crm.upsert("Account", creates(*range(5)))
    stored = {row["Id"]: row["Integration Id"] for row in fake.rows("Account")}
    assert [stored[outcome.key] for outcome in outcomes] == [f"hub-{n}" for n in range(5)]
    [alone] = crm.upsert("Account", creates(7))
    assert fake.rows("Account")[-1]["Id"] == alone.key
    fake.refusals.append(("GET", 204, ""))
    assert kinds(crm.upsert("Account", creates(8, 9))) == [OutcomeKind.UNKNOWN] * 2


def test_one_record_that_is_there_already_keeps_no_other_from_being_made(fake, crm):
    [there] = fake.seed("Account", [{"Name": "Company 5", "Location": "HQ"}])
    outcomes = crm.upsert("Account", creates(*range(12)))
    assert kinds(outcomes) == [DUPLICATE if n == 5 else APPLIED for n in range(12)]
    assert (outcomes[5].code, outcomes[5].of) == ("SBL-EAI-04383", there)
    assert "Company 5" not in outcomes[5].message, "the message quotes the row's own values"
    assert len(fake.rows("Account")) == 12


def test_an_enterprise_that_keeps_half_of_a_refused_array_gets_nothing_twice(fake, crm):
    fake.undoes = False
    fake.seed("Account", [{"Name": "Company 5", "Location": "HQ"}])
    outcomes = crm.upsert("Account", creates(*range(9)))
    assert kinds(outcomes) == [DUPLICATE if n == 5 else APPLIED for n in range(9)]
    markers = [row["Integration Id"] for row in fake.rows("Account") if row["Integration Id"]]
    assert sorted(markers) == [f"hub-{n}" for n in range(9) if n != 5]


def test_a_create_sent_again_is_known_by_its_marker_though_siebel_calls_it_a_duplicate(fake, crm):
    [first] = crm.upsert("Account", creates(1))
    [again] = crm.upsert("Account", creates(1))
    assert (again.kind, again.key) == (APPLIED, first.key)
    assert len(fake.rows("Account")) == 1


def test_creates_of_a_refused_array_that_cannot_be_looked_into_are_in_doubt(fake, crm):
    crm.check()
    fake.seed("Account", [{"Name": "Company 2", "Location": "HQ"}])
    fake.refusals.append(("GET", 500, "The object manager cannot be reached(SBL-JCA-00313)"))
    assert kinds(crm.upsert("Account", creates(1, 2, 3))) == [OutcomeKind.UNKNOWN] * 3


def test_a_second_site_of_the_same_name_is_another_account(fake, crm):
    fake.seed("Account", [{"Name": "Company 1", "Location": "Plant"}])
    assert kinds(crm.upsert("Account", creates(1))) == [APPLIED]


@pytest.mark.parametrize(
    ("text", "kind", "field"),
    [
        ("'Last Name' is a required field.(SBL-DAT-00498)", REFUSED, "Last Name"),
        ("No user key can be used for the Integration Component instance 'Contact'.(SBL-EAI-04397)", REFUSED, None),
        ("The value entered in field M/M of buscomp Contact(SBL-DAT-00225)", REFUSED, None),
        ("modified by another user since it was retrieved.(SBL-DAT-00523)", OutcomeKind.STALE, None),
        ("You do not have access to this record(SBL-DAT-00278)", REFUSED, None),
        ('returned the following error:"exists(SBL-DAT-00381)"(SBL-EAI-04451)', DUPLICATE, None),
        ("Something that nobody ever saw(SBL-ZZZ-12345)", REFUSED, None),
    ],
)
def test_an_error_inside_a_500_is_told_by_its_code(fake, crm, text, kind, field):
    fake.refusals.append(("POST", 500, text))
    [outcome] = crm.upsert("Contact", [Write(None, {"First Name": "Ada", "Last Name": "Byron"}, marker="hub-1")])
    assert (outcome.kind, outcome.field) == (kind, field)
    assert outcome.code in text
    assert fake.rows("Contact") == []


@pytest.mark.parametrize("code", ["00278", "00279", "00284", "00542", "00553"])
@pytest.mark.parametrize("status", [500, 403])
def test_a_record_that_the_user_may_not_change_keeps_no_other_from_being_changed(fake, crm, code, status):
    keys = fake.seed("Account", [{"Name": f"A{n}"} for n in range(5)])
    fake.locked[keys[3]] = (status, f"SBL-DAT-{code}")
    outcomes = crm.upsert("Account", [Write(key, {"Alias": "x"}) for key in keys])
    assert kinds(outcomes) == [APPLIED, APPLIED, APPLIED, REFUSED, APPLIED]
    assert (outcomes[3].code, "responsibilities" in outcomes[3].message) == (f"SBL-DAT-{code}", True)
    assert [row["Alias"] for row in fake.rows("Account")] == ["x", "x", "x", "", "x"]
    removed = crm.remove("Account", [Write(key, {}) for key in keys])
    assert kinds(removed) == [APPLIED, APPLIED, APPLIED, REFUSED, APPLIED]


@pytest.mark.parametrize("count", [3, 100])
def test_a_user_who_may_make_no_records_of_a_kind_is_told_by_three_of_them(fake, crm, count):
    """Public integrations read 00279 of an insert as: this role cannot create this type of record."""
    fake.unmakeable["Account"] = "SBL-DAT-00279"
    crm.discover("Account")
    assert kinds(crm.upsert("Account", creates(1, 2))) == [REFUSED, REFUSED], "two may be alike by chance"
    with pytest.raises(UnauthorisedError, match="00279"):
        crm.upsert("Account", creates(*range(count)))


def test_one_create_that_is_not_allowed_keeps_no_other_from_being_made(fake, crm):
    denied = "You do not have access to this record(SBL-DAT-00279)"
    fake.refusals.append(("POST", 500, denied))
    assert kinds(crm.upsert("Account", creates(1))) == [REFUSED]
    fake.refusals.extend([("POST", 500, denied)] * 3)  # of four, of the first two, of the first
    outcomes = crm.upsert("Account", creates(2, 3, 4, 5))
    assert kinds(outcomes) == [REFUSED, APPLIED, APPLIED, APPLIED]
    assert [row["Name"] for row in fake.rows("Account")] == ["Company 3", "Company 4", "Company 5"]


def test_one_create_that_the_user_may_not_make_keeps_those_before_it(fake, crm):
    """An enterprise that leaves the rows before the bad one."""
    fake.undoes = False
    made = creates(1, 2, 3)
    crm.upsert("Account", made[:2])
    fake.unmakeable["Account"] = "SBL-DAT-00279"
    outcomes = crm.upsert("Account", made)
    assert kinds(outcomes) == [APPLIED, APPLIED, REFUSED]
    assert len(fake.rows("Account")) == 2


@pytest.mark.parametrize("code", ["00278", "00284", "00542", "00553"])
@pytest.mark.parametrize("way", ["creates", "locked", "unseen"])
def test_what_is_said_of_every_row_is_said_of_the_component(fake, crm, code, way):
    keys = fake.seed("Account", [{"Name": f"A{n}"} for n in range(6)])
    crm.check()
    batch = creates(*range(3)) if way == "creates" else [Write(key, {"Alias": "x"}) for key in keys]
    if way == "creates":
        fake.unmakeable["Account"] = f"SBL-DAT-{code}"
    else:
        (fake.locked if way == "locked" else fake.unseen).update(dict.fromkeys(keys[:5], (500, f"SBL-DAT-{code}")))
        assert kinds(crm.upsert("Account", batch[:4])) == [REFUSED] * 4, "they may be of another organisation"
        assert kinds(crm.upsert("Account", batch)) == [*[REFUSED] * 5, APPLIED]
    with pytest.raises(UnauthorisedError, match=code):
        crm.upsert("Account", batch[:5])


def test_what_is_said_of_every_update_is_told_beside_the_creates_that_were_made(fake, crm):
    keys = fake.seed("Account", [{"Name": f"A{n}"} for n in range(5)])
    fake.locked.update(dict.fromkeys(keys, (500, "SBL-DAT-00553")))
    outcomes = crm.upsert("Account", [*creates(1), *(Write(key, {"Alias": "x"}) for key in keys)])
    assert kinds(outcomes) == [APPLIED, *[OutcomeKind.UNAUTHORISED] * 5]
    assert {outcome.code for outcome in outcomes[1:]} == {"SBL-DAT-00553"}


def test_a_record_that_the_user_may_not_even_look_at_keeps_no_other_from_being_changed(fake, crm):
    keys = fake.seed("Account", [{"Name": f"A{n}"} for n in range(4)])
    crm.check()
    fake.unseen[keys[1]] = (500, "SBL-DAT-00542")
    outcomes = crm.upsert("Account", [Write(key, {"Alias": "x"}) for key in keys])
    assert kinds(outcomes) == [APPLIED, REFUSED, APPLIED, APPLIED]
    assert outcomes[1].code == "SBL-DAT-00542"
    with pytest.raises(UnauthorisedError):
        crm.fetch("Account", keys)  # neither there nor gone


@pytest.mark.parametrize(
    ("method", "status", "text"),
    [
        ("PUT", 500, "No rows retrieved corresponding to the business component 'Contact'(SBL-EAI-04378)"),
        ("DELETE", 500, "No rows retrieved corresponding to the business component 'Contact'(SBL-EAI-04378)"),
        ("DELETE", 404, "There is no data for the requested resource"),
    ],
)
def test_a_record_that_another_refers_to_is_not_taken_for_the_record_itself(fake, crm, method, status, text):
    [key] = fake.seed("Account", [{"Name": "A"}])
    fake.refusals.append((method, status, text))
    deed = crm.remove if method == "DELETE" else crm.upsert
    [outcome] = deed("Account", [Write(key, {"Alias": "x"})])
    assert outcome.kind is REFUSED
    assert "refers to" in outcome.message
    assert [row["Id"] for row in fake.rows("Account")] == [key]
    [gone] = crm.remove("Account", [Write("88-NONE", {})])
    assert gone.kind is OutcomeKind.MISSING


def test_a_record_deleted_between_the_look_and_the_write_is_missing(fake, make):
    class Raced:
        def handle(self, request):
            if request.method == "PUT":
                fake.delete("Account", key)
                fake.refusals.append(("PUT", 500, "No rows retrieved(SBL-EAI-04378)"))
            return fake.handle(request)

    [key] = fake.seed("Account", [{"Name": "A"}])
    [outcome] = make(of=Raced()).upsert("Account", [Write(key, {"Alias": "x"})])
    assert outcome.kind is OutcomeKind.MISSING


def test_a_server_that_is_not_there_leaves_a_create_in_doubt(fake, crm):
    for text in ("The object manager cannot be reached(SBL-JCA-00313)", "no code at all"):
        fake.refusals.append(("POST", 500, text))
        with pytest.raises(AnswerLostError):
            crm.upsert("Account", creates(1))
    fake.refusals.append(("GET", 500, "no code at all"))
    with pytest.raises(UnreachableError):
        crm.fetch("Account", ["88-1"])


def test_a_component_that_may_not_be_written_is_not_tried_row_by_row(fake, crm):
    fake.refusals.append(("POST", 403, "Access to Resource 'Account' of type BUS_OBJ is denied(SBL-DAT-00825)"))
    with pytest.raises(UnauthorisedError):
        crm.upsert("Account", creates(*range(20)))
    assert len(sent(fake, "POST")) == 1


def test_a_record_deleted_meanwhile_does_not_come_back_though_put_would_make_it(fake, crm):
    [key] = fake.seed("Account", [{"Name": "Company 1", "Location": "HQ"}])
    fake.delete("Account", key)
    [outcome] = crm.upsert("Account", [Write(key, {"Name": "Company 1", "Location": "HQ"})])
    assert outcome.kind is OutcomeKind.MISSING
    assert fake.rows("Account") == []
    assert sent(fake, "PUT") == []


def test_a_record_changed_since_it_was_looked_at_is_stale_and_its_neighbour_is_written(fake, crm):
    one, other = fake.seed("Account", [{"Name": "A"}, {"Name": "B"}])
    seen = {record.key: record.version for record in crm.fetch("Account", [one, other])}
    fake.edit("Account", one, {"Alias": "a person was faster"})
    writes = [Write(key, {"Alias": "the hub"}, expects=seen[key]) for key in (one, other)]
    assert kinds(crm.upsert("Account", writes)) == [OutcomeKind.STALE, APPLIED]
    assert [row["Alias"] for row in fake.rows("Account")] == ["a person was faster", "the hub"]


def test_updates_cost_one_look_and_one_array(fake, crm):
    keys = fake.seed("Account", [{"Name": f"A{n}"} for n in range(40)])
    crm.check()
    fake.seen.clear()
    assert kinds(crm.upsert("Account", [Write(key, {"Alias": "x"}) for key in keys])) == [APPLIED] * 40
    assert [request.method for request in fake.seen] == ["GET", "PUT"]


def test_a_write_that_changes_nothing_is_answered_304_and_applied(fake, crm):
    [key] = fake.seed("Account", [{"Name": "A", "Alias": "same"}])
    assert kinds(crm.upsert("Account", [Write(key, {"Alias": "same"})])) == [APPLIED]
    assert fake.rows("Account")[0]["Mod Id"] == "0"


def test_two_changes_of_one_record_are_made_one_after_the_other(fake, crm):
    [key] = fake.seed("Account", [{"Name": "A"}])
    assert kinds(crm.upsert("Account", [Write(key, {"Alias": "1"}), Write(key, {"Alias": "2"})])) == [APPLIED] * 2
    assert fake.rows("Account")[0]["Alias"] == "2"


def test_a_release_without_arrays_is_written_row_by_row(fake, make):
    connector = make(batch=1)
    [made] = connector.upsert("Account", creates(1))
    [changed] = connector.upsert("Account", [Write(made.key, {"Alias": "x"})])
    assert (made.kind, changed.kind, fake.rows("Account")[0]["Alias"]) == (APPLIED, APPLIED, "x")
    assert all(isinstance(request.json(), dict) for request in fake.seen if request.method != "GET")


def test_days_truth_values_and_moments_are_written_as_siebel_has_them(fake, crm):
    given = {"First Name": "Ada", "Last Name": "Byron", "Birth Date": "1815-12-10", "Suppress All Emails": True}
    assert kinds(crm.upsert("Contact", [Write(None, given, marker="hub-1")])) == [APPLIED]
    [row] = fake.rows("Contact")
    assert (row["Birth Date"], row["Suppress All Emails"]) == ("12/10/1815 00:00:00", "Y")
    writes = [
        Write(None, {"Name": "A", "Last Call Date": "2026-07-01T10:00:00Z"}, marker="hub-2"),
        Write(None, {"Name": "B", "Last Call Date": "2026-10-25T00:30:00Z"}, marker="hub-3"),  # 02:30, the first of two
    ]
    assert kinds(crm.upsert("Account", writes)) == [APPLIED, REFUSED]
    assert fake.rows("Account")[0]["Last Call Date"] == "07/01/2026 12:00:00"


def test_a_moment_behind_all_days_is_refused_and_its_neighbour_is_written(make, fake):
    writes = [
        Write(None, {"Name": "A", "Last Call Date": "9999-12-31T23:59:59Z"}, marker="hub-1"),
        Write(None, {"Name": "B"}, marker="hub-2"),
    ]
    assert kinds(make(zone="Asia/Tokyo").upsert("Account", writes)) == [REFUSED, APPLIED]


def test_what_cannot_fit_is_refused_before_it_spoils_the_array(fake, crm):
    writes = [
        Write(None, {"Name": "x" * 101}, marker="hub-1"),
        Write(None, {"Name": "fine"}, marker="hub-2"),
        Write(None, {"Name": "A", "Updated": "2026-01-01T00:00:00Z"}, marker="hub-3"),
        Write(None, {"Name": "B", "Unheard Of": "1"}, marker="hub-4"),
    ]
    outcomes = crm.upsert("Account", writes)
    assert kinds(outcomes) == [REFUSED, APPLIED, REFUSED, REFUSED]
    assert [outcome.field for outcome in outcomes] == ["Name", None, "Updated", "Unheard Of"]
    assert len(sent(fake, "POST")) == 1


def test_a_quote_in_a_value_does_not_rewrite_a_search(fake, crm):
    fake.seed("Account", [{"Name": "A", "Integration Id": "1"}, {"Name": "B", "Integration Id": "2"}])
    assert crm.find("Account", "Integration Id", ['x" OR [Name] = "A']) == []
    assert crm.find("Account", "Integration Id", ["x' OR [Name] = 'A", "1*", "?"]) == []
    with pytest.raises(RefusedError):
        crm.find("Account", "Integration Id", ["both ' and \""])
    [found] = crm.find("Account", "Integration Id", ["2"])
    assert found.data["Name"] == "B"


@pytest.mark.parametrize("name", ['The "Old" Inn', "O'Brien's", "Smith & Sons (50%)", "a*b?"])
def test_a_value_with_quotes_of_one_kind_is_found_and_no_other(fake, crm, name):
    fake.seed("Account", [{"Name": name}, {"Name": "another"}, {"Name": "aXbY"}])
    assert [record.data["Name"] for record in crm.find("Account", "Name", [name])] == [name]


def test_what_a_search_without_capitals_finds_besides_is_not_taken_for_a_match(clock, make):
    fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"}, exact=False)
    fake.seed("Account", [{"Name": "ABC"}, {"Name": "abc"}])
    assert [record.data["Name"] for record in make(of=fake).find("Account", "Name", ["abc"])] == ["abc"]


def test_keys_that_are_no_row_ids_are_gone_and_never_part_of_a_search(fake, crm):
    fake.seed("Account", [{"Name": "A"}])
    [record] = crm.fetch("Account", ['1" OR [Name] <> "'])
    assert record.deleted
    assert kinds(crm.upsert("Account", [Write('1" OR "', {"Alias": "x"})])) == [OutcomeKind.MISSING]
    assert kinds(crm.remove("Account", [Write("../Contact", {})])) == [OutcomeKind.MISSING]


def test_a_refusal_after_others_were_answered_loses_no_outcome(clock, make):
    fake = SiebelFake(clock, users={"SYNCLINE": "s3cr3t-canary"})
    connector = make(of=fake, batch=2)
    fake.seed("Account", [{"Name": "Company 1", "Location": "HQ"}])
    outcomes = connector.upsert("Account", creates(1, 2, 3))
    assert kinds(outcomes) == [DUPLICATE, APPLIED, APPLIED]
