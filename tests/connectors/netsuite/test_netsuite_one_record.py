"""What concerns one record stays its own matter: a script that fails for it, rights that lack for it, a reference."""

from dataclasses import replace

import orjson
import pytest

from connectors.sdk import AnswerLostError, OutcomeKind, UnreachableError, Write

APPLIED, REFUSED, RETRY, UNKNOWN = OutcomeKind.APPLIED, OutcomeKind.REFUSED, OutcomeKind.RETRY, OutcomeKind.UNKNOWN
MISSING, UNAUTHORISED = OutcomeKind.MISSING, OutcomeKind.UNAUTHORISED
GONE = {"code": "RCRD_DSNT_EXIST", "detail": "That record does not exist.", "status": 400}

RESTRICTED = "Permission Violation: The subsidiary restrictions on your role prevent you from seeing this record."
ELEMENT = "You do not have permissions to set a value for element accountnumber due to one of the following reasons"
HIGHER = "Permission Violation: You need a higher level of the 'Lists -> Customers' permission to access this page."
NONE = "Permission Violation: You need  the 'Lists -> Customers' permission to access this page."
OTHER = "Permission Violation: You need  the 'Lists -> Subsidiaries' permission to access this page."


@pytest.fixture
def marked(make, fake):
    fake.add_field("customer", "custentity_hub text64")
    return make(marker="custentity_hub", streams=["customer"])


def create(connector, name, marker="m-1", **fields):
    fields = {"companyName": name, "isPerson": False, **fields}
    [outcome] = connector.upsert("customer", [Write(None, fields, marker=marker)])
    return outcome


def update(connector, key, **fields):
    [outcome] = connector.upsert("customer", [Write(key, {name.replace("__", "."): v for name, v in fields.items()})])
    return outcome


def names(fake):
    return [row["companyName"] for row in fake.rows("customer")]


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_update_that_a_script_breaks_is_in_doubt_and_the_others_are_written(erp, fake, when):
    cursed, other = fake.seed("customer", [{"companyName": "Cursed"}, {"companyName": "Acme"}])
    fake.script("customer", "companyName", "Cursed", when)
    outcomes = erp.upsert("customer", [Write(key, {"phone": "1"}) for key in (cursed, other)])
    assert [outcome.kind for outcome in outcomes] == [UNKNOWN, APPLIED]
    assert outcomes[0].code == "UNEXPECTED_ERROR"
    assert [row["phone"] for row in fake.rows("customer")] == ["1" if when == "after" else None, "1"]


def test_a_record_that_cannot_be_loaded_for_its_address_is_left_for_later(erp, fake):
    cursed, other = fake.seed("customer", [{"companyName": "Cursed"}, {"companyName": "Acme"}])
    fake.script("customer", "id", cursed, "load")
    assert update(erp, cursed, billingAddress__city="Salem").kind is RETRY
    assert update(erp, other, billingAddress__city="Salem").kind is APPLIED


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_that_a_script_breaks_is_in_doubt_and_found_by_its_marker(marked, fake, when):
    fake.script("customer", "companyName", "Cursed", when)
    assert create(marked, "Cursed").kind is UNKNOWN
    assert create(marked, "Acme", "m-2").kind is APPLIED
    assert names(fake) == (["Cursed", "Acme"] if when == "after" else ["Acme"])
    assert len(marked.find("customer", "custentity_hub", ["m-1"])) == (when == "after")


def test_a_create_by_external_id_that_a_script_breaks_is_looked_for_at_once(make, fake):
    erp = make(marker="externalId")
    fake.script("customer", "companyName", "Cursed", "before")
    assert create(erp, "Cursed").kind is RETRY
    assert names(fake) == []
    fake.store.scripts.clear()
    fake.script("customer", "companyName", "Cursed", "after")
    made = create(erp, "Cursed")
    assert (made.kind, made.key) == (RETRY, fake.rows("customer")[0]["id"])
    assert names(fake) == ["Cursed"]


def test_a_create_by_external_id_that_cannot_be_looked_for_is_in_doubt(make, fake, failing):
    failing.plans = [["externalid =", 502, "", 20]]
    fake.script("customer", "companyName", "Cursed", "after")
    assert create(make(failing, marker="externalId"), "Cursed").kind is UNKNOWN


def test_a_refused_create_that_was_made_after_all_is_no_dead_letter(marked, fake):
    fake.script("customer", "companyName", "Acme", "after", code="SSS_MISSING_REQD_ARGUMENT", status=400)
    outcome = create(marked, "Acme")
    assert (outcome.kind, outcome.key) == (APPLIED, fake.rows("customer")[0]["id"])
    fake.store.scripts.clear()
    fake.script("customer", "companyName", "Bolt", "before", code="SSS_MISSING_REQD_ARGUMENT", status=400)
    assert create(marked, "Bolt", "m-2").kind is REFUSED
    assert names(fake) == ["Acme"]


def test_a_refused_create_that_cannot_be_looked_for_is_in_doubt(make, fake, failing):
    fake.add_field("customer", "custentity_hub text64")
    fake.script("customer", "companyName", "Acme", "after", code="SSS_MISSING_REQD_ARGUMENT", status=400)
    failing.plans = [["custentity_hub =", 502, "", 20]]
    assert create(make(failing, marker="custentity_hub", streams=["customer"]), "Acme").kind is UNKNOWN


AFTERWARDS = {
    "changed": {"code": "RCRD_HAS_BEEN_CHANGED", "detail": "Record has been changed"},
    "locked": {"code": "RECORD_LOCKED", "detail": "This record is locked."},
    "rights": {"code": "INSUFFICIENT_PERMISSION", "detail": NONE},
    "field": {"code": "SSS_MISSING_REQD_ARGUMENT", "detail": "Missing.", "path": "phone"},
}


@pytest.mark.parametrize("said", AFTERWARDS)
def test_a_script_after_saving_doubles_no_create_whatever_it_says(marked, fake, said):
    fake.script("customer", "companyName", "Acme", "after", status=400, **AFTERWARDS[said])
    outcome = create(marked, "Acme")
    assert (outcome.kind, outcome.key) == (APPLIED, fake.rows("customer")[0]["id"])


@pytest.mark.parametrize(("said", "kind"), [("changed", RETRY), ("locked", RETRY), ("rights", UNAUTHORISED)])
def test_of_a_create_by_external_id_the_key_is_told_with_what_a_script_says_afterwards(make, fake, said, kind):
    fake.script("customer", "companyName", "Acme", "after", status=400, **AFTERWARDS[said])
    outcome = create(make(marker="externalId"), "Acme")
    assert (outcome.kind, outcome.key) == (kind, fake.rows("customer")[0]["id"])


@pytest.mark.parametrize(("said", "kind"), [("changed", RETRY), ("locked", RETRY), ("rights", UNAUTHORISED)])
def test_a_create_that_a_script_stops_before_saving_is_sent_again(marked, fake, said, kind):
    fake.script("customer", "companyName", "Acme", "before", status=400, **AFTERWARDS[said])
    outcome = create(marked, "Acme")
    assert (outcome.kind, outcome.key) == (kind, None)
    fake.store.scripts.clear()
    assert create(marked, "Acme").kind is APPLIED
    assert names(fake) == ["Acme"]


@pytest.mark.parametrize("said", ["changed", "locked"])
def test_a_create_without_a_marker_that_is_refused_for_a_passing_reason_is_not_sent_again_blindly(erp, fake, said):
    fake.script("customer", "companyName", "Acme", "after", status=400, **AFTERWARDS[said])
    assert create(erp, "Acme").kind is UNKNOWN


@pytest.mark.parametrize(
    ("said", "status", "kind"), [("changed", 400, UNKNOWN), ("rights", 403, UNAUTHORISED), ("rights", 502, UNKNOWN)]
)
def test_what_is_told_of_a_create_that_cannot_be_looked_for(make, fake, failing, said, status, kind):
    """A role that may neither make nor see a kind of record is shut out; where nobody answers, nothing is known."""
    fake.add_field("customer", "custentity_hub text64")
    fake.script("customer", "companyName", "Acme", "after", status=400, **AFTERWARDS[said])
    failing.plans = [["custentity_hub =", status, "INSUFFICIENT_PERMISSION" if status == 403 else "", 20]]
    assert create(make(failing, marker="custentity_hub", streams=["customer"]), "Acme").kind is kind


def test_a_removal_that_a_script_breaks_is_in_doubt(erp, fake):
    [key] = fake.seed("customer", [{"companyName": "Cursed"}])
    fake.script("customer", "companyName", "Cursed")
    [outcome] = erp.remove("customer", [Write(key, {})])
    assert outcome.kind is UNKNOWN


def test_a_500_without_words_is_the_account_s_trouble(make, fake, failing):
    [key] = fake.seed("customer", [{"companyName": "Acme"}])
    failing.plans = [["PATCH", 500, "", 20], ["DELETE", 500, "", 20]]
    erp = make(failing)
    with pytest.raises(AnswerLostError):
        update(erp, key, phone="1")
    with pytest.raises(UnreachableError):
        erp.remove("customer", [Write(key, {})])


def test_a_500_that_passes_costs_a_removal_nothing(erp, fake):
    [key] = fake.seed("customer", [{"companyName": "Acme"}])
    fake.misbehave("unexpected", on="DELETE", times=2)
    [outcome] = erp.remove("customer", [Write(key, {})])
    assert outcome.kind is APPLIED
    assert names(fake) == []


def test_many_unmarked_creates_in_a_row_that_fail_are_the_account_s_trouble(erp, fake):
    """Each of them would wait for a person."""
    fake.misbehave("unexpected", on="POST /services/rest/record", times=2)
    assert [create(erp, name).kind for name in "abc"] == [UNKNOWN, UNKNOWN, APPLIED]
    fake.misbehave("unexpected", on="POST /services/rest/record", times=50)
    assert [create(erp, name).kind for name in "de"] == [UNKNOWN, UNKNOWN]
    with pytest.raises(AnswerLostError):
        create(erp, "f")


def remove(connector, key):
    [outcome] = connector.remove("customer", [Write(key, {})])
    return outcome


@pytest.mark.parametrize(
    ("deed", "most"), [("create", 16), ("create marked", 6), ("update", 4), ("update an address", 14), ("remove", 14)]
)
def test_an_outage_in_netsuite_s_own_words_ends_the_writing_soon(make, fake, failing, clock, deed, most):
    [key] = fake.seed("customer", [{"companyName": "Acme"}])
    fake.add_field("customer", "custentity_hub text64")
    erp = make(failing, marker="custentity_hub" if deed == "create marked" else "externalId", streams=["customer"])
    deeds = {
        "update": lambda: update(erp, key, phone="1"),
        "update an address": lambda: update(erp, key, billingAddress__city="Salem"),
        "remove": lambda: remove(erp, key),
    }
    once = deeds.get(deed, lambda: create(erp, "Bolt"))
    erp.discover("customer")
    failing.plans = [["/record/v1/customer", 500, "UNEXPECTED_ERROR", 1000]]
    assert {once().kind, once().kind} <= {UNKNOWN, RETRY}
    with pytest.raises(UnreachableError):
        once()
    assert 1000 - failing.plans[0][3] <= most
    before = clock.now(), failing.plans[0][3]
    with pytest.raises(UnreachableError):
        once()
    assert (clock.now(), before[1] - failing.plans[0][3]) == (before[0], 2)
    failing.plans = []
    assert once().kind is APPLIED


def test_a_create_in_doubt_stays_so_where_nobody_answers_what_is_asked_next(make, failing):
    erp = make(failing)
    erp.discover("customer")
    failing.plans = [["POST /services/rest/record", 500, "UNEXPECTED_ERROR", 9], ["GET", 503, "", 99]]
    assert [create(erp, name).kind for name in "ab"] == [UNKNOWN, UNKNOWN]
    with pytest.raises(AnswerLostError):
        create(erp, "c")


def test_records_whose_scripts_fail_in_a_row_keep_no_other_from_being_written(erp, fake):
    *cursed, other = fake.seed("customer", [{"companyName": name} for name in ("Cursed",) * 5 + ("Acme",)])
    fake.script("customer", "companyName", "Cursed")
    assert [update(erp, key, phone="1").kind for key in cursed] == [UNKNOWN] * 5
    assert update(erp, other, phone="1").kind is APPLIED


def test_a_record_that_a_refused_update_refers_to_is_not_taken_for_the_record_itself(erp, fake):
    mother, key = fake.seed("customer", [{"companyName": "Mother"}, {"companyName": "Acme"}])
    fake.script("customer", "companyName", "Acme", **GONE)
    outcome = update(erp, key, parent=mother, phone="1")
    assert (outcome.kind, outcome.code, outcome.field) == (REFUSED, "RCRD_DSNT_EXIST", "parent")
    [outcome] = erp.remove("customer", [Write(key, {})])
    assert (outcome.kind, outcome.field) == (REFUSED, None)
    fake.delete("customer", key)
    assert update(erp, key, phone="1").kind is MISSING
    [outcome] = erp.remove("customer", [Write(key, {})])
    assert outcome.kind is MISSING


def test_a_record_that_rest_does_not_find_and_searches_do_is_there(erp, fake):
    [key] = fake.seed("customer", [{"companyName": "Acme"}])
    fake.script("customer", "companyName", "Acme", "load", code="NONEXISTENT_ID", status=404)
    assert update(erp, key, billingAddress__city="Salem").kind is REFUSED


@pytest.mark.parametrize(("code", "status", "kind"), [("USER_ERROR", 400, APPLIED), ("UNEXPECTED_ERROR", 500, UNKNOWN)])
def test_a_create_with_an_address_whose_record_is_there_already_is_no_dead_letter(make, fake, code, status, kind):
    erp = make(marker="externalId")
    address = {"billingAddress.city": "Eugene"}
    made = create(erp, "Acme", **address)
    fake.script("customer", "companyName", "Acme", code=code, status=status)
    again = create(erp, "Acme", **address)
    assert (again.kind, again.key) == (kind, made.key)
    fake.store.scripts.clear()
    fake.misbehave("changed", on="PATCH")
    assert create(erp, "Acme", **address).kind is UNKNOWN
    assert names(fake) == ["Acme"]


def test_an_address_book_that_is_not_shown_whole_gets_no_second_entry(make, fake):
    class Cut:
        def handle(self, request):
            answer = fake.handle(request)
            if request.method == "GET" and "/customer/" in request.path:
                body = orjson.loads(answer.body)
                body["addressBook"]["items"] = []
                return replace(answer, body=orjson.dumps(body))
            return answer

    [key] = fake.seed("customer", [{"companyName": "Acme", "billingAddress": {"city": "Eugene"}}])
    outcome = update(make(Cut()), key, billingAddress__city="Salem")
    assert (outcome.kind, outcome.code) == (REFUSED, "lines-not-shown")
    erp = make(Cut(), marker="externalId")
    made = create(erp, "Bolt", **{"billingAddress.city": "Bend"})
    again = create(erp, "Bolt", **{"billingAddress.city": "Bend"})
    assert (again.kind, again.key) == (APPLIED, made.key)
    assert [len(row["addressBook"]) for row in fake.rows("customer")] == [1, 1]


def test_a_record_that_a_script_breaks_keeps_no_check_from_ending(erp, fake):
    [key] = fake.seed("customer", [{"companyName": "Cursed"}])
    fake.script("customer", "id", key, "load")
    assert erp.check() == []


@pytest.mark.parametrize(
    ("said", "status", "kind", "field"),
    [
        (RESTRICTED, 403, REFUSED, None),
        (ELEMENT, 400, REFUSED, "accountNumber"),
        (HIGHER, 403, UNAUTHORISED, None),
        (OTHER, 403, REFUSED, None),
        (NONE, 403, UNAUTHORISED, None),
    ],
)
@pytest.mark.parametrize("when", ["before", "load"])
def test_a_lack_of_rights_for_one_record_or_field_stops_no_other(erp, fake, said, status, kind, field, when):
    cursed, other = fake.seed("customer", [{"companyName": "Cursed"}, {"companyName": "Acme"}])
    fake.script("customer", "id", cursed, when, code="INSUFFICIENT_PERMISSION", detail=said, status=status)
    outcome = update(erp, cursed, accountNumber="7", **({"billingAddress__city": "Salem"} if when == "load" else {}))
    assert (outcome.kind, outcome.code, outcome.field) == (kind, "INSUFFICIENT_PERMISSION", field)
    assert ("Manage Roles" in outcome.message) is (kind is REFUSED)
    assert update(erp, other, phone="1").kind is APPLIED


@pytest.mark.parametrize("said", [HIGHER, NONE])
def test_a_role_that_may_not_delete_refuses_the_deletions_alone(erp, fake, said):
    kept, other = fake.seed("customer", [{"companyName": "Cursed"}, {"companyName": "Acme"}])
    fake.script("customer", "id", kept, code="INSUFFICIENT_PERMISSION", detail=said, status=403)
    outcome = remove(erp, kept)
    assert (outcome.kind, outcome.code) == (REFUSED, "INSUFFICIENT_PERMISSION")
    assert "Manage Roles" in outcome.message
    assert update(erp, other, phone="1").kind is APPLIED


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("USER_ERROR", "Your current role does not have permission to perform this action."),
        ("USER_DISABLED", "This user is disabled."),
        ("FEATURE_DISABLED", "The feature required for this record is not enabled."),
    ],
)
def test_what_keeps_the_role_from_everything_is_said_of_everything(erp, fake, code, said):
    [key] = fake.seed("customer", [{"companyName": "Acme"}])
    fake.script("customer", "companyName", "Acme", code=code, detail=said, status=400)
    assert update(erp, key, phone="1").kind is UNAUTHORISED
