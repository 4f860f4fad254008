"""jsforce, an independent client in JavaScript, against the fake org: it sends its bodies in chunks."""

import pytest

from model.clock import ManualClock
from syncline.sandbox.salesforce import SalesforceFake
from syncline.sandbox.wire import Server
from tests.interop.from_npm import driven


@pytest.fixture(scope="module")
def fake():
    made = SalesforceFake(ManualClock(), page=200)
    made.seed("Lead", [{"LastName": f"L{n}", "Company": "C"} for n in range(450)])
    return made


@pytest.fixture(scope="module")
def told(fake):
    with Server(fake) as server:
        return driven("jsforce.cjs", server.url)


def test_records_are_made_changed_found_and_deleted(fake, told):
    assert told["made"]["success"]
    assert (told["one"]["FirstName"], told["one"]["Email"]) == ("Ana", "ng@example.com")
    assert [(one["Name"], one["Account"]["Name"]) for one in told["found"]] == [("Ana Ng", "A")]
    assert told["gone"] == "ENTITY_IS_DELETED"
    assert [row["LastName"] for row in fake.rows("Contact", deleted=True)] == ["Ng"]


def test_a_bad_row_of_many_is_refused_alone(fake, told):
    assert [one["success"] for one in told["many"]] == [True, True, False]
    assert told["many"][2]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert [row["Name"] for row in fake.rows("Account")] == ["A", "B"]


def test_an_upsert_by_external_id_makes_one_record(fake, told):
    assert [one["created"] for one in told["upserted"]] == [True, False]
    assert [row["LastName"] for row in fake.rows("Contact") if row["Syncline_Id__c"] == "e1"] == ["Two"]


def test_a_query_is_read_over_all_of_its_pages(told):
    assert told["pages"] == 450


def test_a_bulk_job_tells_what_was_done_and_what_not(told):
    assert [row["LastName"] for row in told["bulk"]["successfulResults"]] == ["Bulk"]
    (failed,) = told["bulk"]["failedResults"]
    assert (failed["FirstName"], failed["sf__Error"].split(":")[0]) == ("C", "REQUIRED_FIELD_MISSING")
    assert told["bulk"]["unprocessedRecords"] == []


def test_fields_are_described_and_one_that_is_not_there_is_named_in_the_error(told):
    assert {"Id", "LastName", "Syncline_Id__c", "SystemModstamp"} <= set(told["fields"])
    assert told["wrong"] == "INVALID_FIELD"
