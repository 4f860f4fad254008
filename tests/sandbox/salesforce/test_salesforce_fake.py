"""The fake org, looked at from outside: by simple-salesforce as anybody would use it, and by bare requests."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from syncline.sandbox.salesforce import SalesforceFake
from syncline.sandbox.wire import Request, Server

HOST = "https://syncline-dev-ed.my.salesforce.com"


class Plain(HTTPAdapter):
    """simple-salesforce insists on https; the loopback port has none."""

    def __init__(self, url):
        super().__init__()
        self.url = url

    def send(self, request, **options):
        request.url = f"{self.url}{request.url.split(urlsplit(request.url).netloc, 1)[1]}"
        return super().send(request, **options)


def token(fake, **form):
    form = form or {"grant_type": "client_credentials", "client_id": "app", "client_secret": "secret"}
    body = requests.models.RequestEncodingMixin._encode_params(form).encode()
    request = Request(method="POST", path="/services/oauth2/token", headers={"host": "login.salesforce.com"}, body=body)
    return fake.handle(request)


def code_of(error):
    return error.value.content[0]["errorCode"]


def test_an_independent_client_creates_reads_changes_and_deletes(sf, fake, clock):
    made = sf.Contact.create({"LastName": "Ng", "FirstName": "Ada", "Email": "ada@example.org"})
    assert made["success"]
    clock.advance(60)
    sf.Contact.update(made["id"], {"Title": "CTO"})
    row = sf.Contact.get(made["id"])
    assert (row["Name"], row["Title"]) == ("Ada Ng", "CTO")
    assert row["CreatedDate"] == "2026-01-01T00:00:00.000+0000"
    assert row["SystemModstamp"] == "2026-01-01T00:01:00.000+0000"
    sf.Contact.delete(made["id"])
    assert fake.rows("Contact") == []
    assert [r["Id"] for r in fake.rows("Contact", deleted=True)] == [made["id"]]
    with pytest.raises(SalesforceResourceNotFound) as error:
        sf.Contact.update(made["id"], {"Title": "CEO"})
    assert code_of(error) == "ENTITY_IS_DELETED"


def test_the_same_works_over_a_loopback_port(fake):
    with Server(fake) as server, requests.Session() as session:
        asked = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "secret"}
        said = requests.post(f"{server.url}/services/oauth2/token", data=asked, timeout=5).json()
        assert said["instance_url"] == server.url
        session.mount("https://", Plain(server.url))
        sf = Salesforce(session_id=said["access_token"], instance_url=HOST, version="62.0", session=session)
        sf.Account.create({"Name": "Acme"})
        assert sf.query("SELECT COUNT() FROM Account")["totalSize"] == 1
        assert sf.api_usage["api-usage"].used == 2


@pytest.mark.parametrize(
    ("values", "code", "fields"),
    [
        ({}, "REQUIRED_FIELD_MISSING", ["LastName"]),
        ({"LastName": "x" * 81}, "STRING_TOO_LONG", ["LastName"]),
        ({"LastName": "x", "Email": "no"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
        ({"LastName": "x", "Level__c": "Nope"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Level__c"]),
        ({"LastName": "x", "AccountId": "001000000000999AAA"}, "INVALID_CROSS_REFERENCE_KEY", ["AccountId"]),
        ({"LastName": "x", "AccountId": "nope"}, "MALFORMED_ID", ["AccountId"]),
        ({"LastName": "x", "CreatedDate": "2020-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["CreatedDate"]),
        ({"LastName": "x", "Birthdate": "soon"}, "JSON_PARSER_ERROR", None),
        ({"LastName": "x", "DoNotCall": "perhaps"}, "JSON_PARSER_ERROR", None),
        ({"LastName": "x", "Nope": "x"}, "INVALID_FIELD", None),
    ],
)
def test_the_org_validates(sf, fake, values, code, fields):
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Contact.create(values)
    assert code_of(error) == code
    assert error.value.content[0].get("fields") == fields
    assert fake.rows("Contact") == []


def test_an_unrestricted_picklist_takes_any_value_and_text_is_trimmed(sf, fake):
    sf.Contact.create({"LastName": "  Ng ", "LeadSource": "Fax machine", "Title": ""})
    row = fake.rows("Contact")[0]
    assert (row["LastName"], row["LeadSource"], row["Title"]) == ("Ng", "Fax machine", None)


def test_upsert_by_external_id_creates_then_updates(sf, fake):
    assert sf.Contact.upsert("Syncline_Id__c/a1", {"LastName": "Ng"}) == 201
    assert sf.Contact.upsert("Syncline_Id__c/A1", {"Title": "CTO"}) == 200
    assert [(r["LastName"], r["Title"]) for r in fake.rows("Contact")] == [("Ng", "CTO")]
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Contact.create({"LastName": "Other", "Syncline_Id__c": "a1"})
    assert code_of(error) == "DUPLICATE_VALUE"


def test_an_external_id_that_is_not_unique_answers_300(sf, fake):
    fake.add_field("Contact", "Old__c string20 ext")
    fields = fake.objects["Contact"].fields
    fields["Old__c"] = replace(fields["Old__c"], unique=False)
    fake.seed("Contact", [{"LastName": "A", "Old__c": "7"}, {"LastName": "B", "Old__c": "7"}])
    with pytest.raises(SalesforceMoreThanOneRecord) as error:
        sf.Contact.upsert("Old__c/7", {"LastName": "C"})
    assert len(error.value.content) == 2


def collection(sf, method, records, path="composite/sobjects", **options):
    records = [{"attributes": {"type": "Contact"}, **record} for record in records]
    return sf.restful(path, method=method, json={"records": records, **options})


def test_collections_answer_item_by_item_in_order(sf, fake):
    results = collection(sf, "POST", [{"LastName": "A"}, {"FirstName": "no"}, {"LastName": "C"}])
    assert [r["success"] for r in results] == [True, False, True]
    assert results[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    results = collection(
        sf, "PATCH", [{"id": results[2]["id"], "Title": "X"}, {"id": "003000000000999AAA", "Title": "Y"}]
    )
    assert [r["success"] for r in results] == [True, False]
    assert [r["Title"] for r in fake.rows("Contact")] == [None, "X"]


def test_all_or_none_rolls_back(sf, fake):
    results = collection(sf, "POST", [{"LastName": "A"}, {"FirstName": "no"}], allOrNone=True)
    assert fake.rows("Contact") == []
    assert results[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"


def test_one_unreadable_row_has_the_whole_collection_refused(sf, fake):
    with pytest.raises(SalesforceMalformedRequest) as error:
        collection(sf, "POST", [{"LastName": "A"}, {"LastName": "B", "Nope": 1}])
    assert code_of(error) == "INVALID_FIELD"
    assert fake.rows("Contact") == []


def test_collections_take_two_hundred(sf):
    with pytest.raises(SalesforceMalformedRequest):
        collection(sf, "POST", [{"LastName": "A"}] * 201)


def test_collections_retrieve_and_delete_by_id(sf, fake):
    one, two = fake.seed("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    body = {"ids": [two, "003000000000999AAA", one], "fields": ["LastName"]}
    rows = sf.restful("composite/sobjects/Contact", method="POST", json=body)
    assert [r and r["LastName"] for r in rows] == ["B", None, "A"]
    results = sf.restful("composite/sobjects", method="DELETE", params={"ids": f"{one},{one}"})
    assert [r["success"] for r in results] == [True, False]
    assert [r["LastName"] for r in fake.rows("Contact")] == ["B"]


def test_a_parent_can_be_given_by_its_external_id(sf, fake):
    account = fake.seed("Account", [{"Name": "Acme", "Syncline_Id__c": "acc-1"}])[0]
    sf.Contact.create({"LastName": "Ng", "Account": {"Syncline_Id__c": "acc-1"}})
    assert fake.rows("Contact")[0]["AccountId"] == account


def test_a_merge_deletes_the_losers_and_moves_their_children(sf, fake, clock):
    winner, loser = fake.seed("Account", [{"Name": "Acme"}, {"Name": "ACME Inc"}])
    child = fake.seed("Contact", [{"LastName": "Ng", "AccountId": loser}])[0]
    clock.advance(30)
    fake.merge("Account", winner, loser)
    gone = sf.query("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", include_deleted=True)["records"]
    assert [(r["Id"], r["MasterRecordId"]) for r in gone] == [(loser, winner)]
    assert fake.row("Contact", child)["AccountId"] == winner
    assert fake.row("Contact", child)["SystemModstamp"] == "2026-01-01T00:00:30.000+0000"


def test_deleting_an_account_takes_its_contacts_along(sf, fake):
    account = fake.seed("Account", [{"Name": "Acme"}])[0]
    fake.seed("Contact", [{"LastName": "Ng", "AccountId": account}])
    sf.Account.delete(account)
    assert fake.rows("Contact") == []


def test_change_lists(sf, fake, clock):
    keep, drop = fake.seed("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    clock.advance(120)
    fake.delete("Contact", drop)
    now = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
    deleted = sf.Contact.deleted(now - timedelta(minutes=10), now)
    assert [r["id"] for r in deleted["deletedRecords"]] == [drop]
    updated = sf.Contact.updated(now - timedelta(minutes=10), now)
    assert updated["ids"] == [keep]
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.Contact.updated(now - timedelta(days=31), now)
    assert code_of(error) == "INVALID_REPLICATION_DATE"


def test_describe_tells_types_lengths_and_rights(sf):
    fields = {f["name"]: f for f in sf.Contact.describe()["fields"]}
    assert (fields["Email"]["type"], fields["Email"]["length"]) == ("email", 80)
    assert fields["LastName"]["nillable"] is False
    assert fields["Level__c"]["restrictedPicklist"] is True
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    assert fields["SystemModstamp"]["updateable"] is False
    external = fields["Syncline_Id__c"]
    assert (external["externalId"], external["unique"], external["length"]) == (True, True, 64)


def test_bulk_jobs_end_in_three_sets(sf, fake):
    rows = [{"LastName": "A", "Syncline_Id__c": "1"}, {"LastName": "", "Syncline_Id__c": "2"}]
    rows.append({"LastName": "C", "Syncline_Id__c": "3"})
    fake.misbehave("unprocessed", on="GET jobs/ingest/{id}")
    handler = sf.bulk2.Contact
    made = sf.restful(
        "jobs/ingest",
        method="POST",
        json={"object": "Contact", "operation": "upsert", "externalIdFieldName": "Syncline_Id__c"},
    )
    table = "LastName,Syncline_Id__c\n" + "".join(f"{r['LastName']},{r['Syncline_Id__c']}\n" for r in rows)
    url = f"{sf.base_url}jobs/ingest/{made['id']}"
    assert sf.session.put(f"{url}/batches", data=table, headers=sf.headers).status_code == 201
    sf.restful(f"jobs/ingest/{made['id']}", method="PATCH", json={"state": "UploadComplete"})
    states = [sf.restful(f"jobs/ingest/{made['id']}")["state"] for _ in range(2)]
    assert states == ["InProgress", "Failed"]
    assert [r["sf__Created"] for r in _read(handler.get_successful_records(made["id"]))] == ["true"]
    assert _read(handler.get_failed_records(made["id"]))[0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    assert [r["Syncline_Id__c"] for r in _read(handler.get_unprocessed_records(made["id"]))] == ["3"]


def _read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_simple_salesforce_bulk_upsert_works_against_it(sf, fake, monkeypatch):
    monkeypatch.setattr("simple_salesforce.bulk2.sleep", lambda _: None)
    rows = [{"LastName": f"N{n}", "Syncline_Id__c": str(n)} for n in range(5)]
    done = sf.bulk2.Contact.upsert(records=rows, external_id_field="Syncline_Id__c")
    assert (done[0]["numberRecordsProcessed"], done[0]["numberRecordsFailed"]) == (5, 0)
    assert len(fake.rows("Contact")) == 5


def test_sessions_end_and_wrong_secrets_get_none(sf, fake, clock):
    clock.advance(7201)
    with pytest.raises(SalesforceExpiredSession) as error:
        sf.query("SELECT Id FROM Contact")
    assert code_of(error) == "INVALID_SESSION_ID"
    assert token(fake, grant_type="client_credentials", client_id="app", client_secret="no").status == 400
    assert token(fake, grant_type="password", username="a", password="b").status == 400


def test_jwt_bearer_checks_signature_audience_and_time(clock):
    key, other = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    fake = SalesforceFake(clock, public_key=public.decode())
    now = clock.now().timestamp()
    good = {"iss": "app", "sub": "hub@example.org", "aud": "https://login.salesforce.com", "exp": now + 180}

    def status(claims, signer=key):
        assertion = jwt.encode(claims, signer, "RS256")
        return token(fake, grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=assertion).status

    assert status(good) == 200
    assert status(good, other) == 400
    assert status({**good, "aud": "https://example.org"}) == 400
    assert status({**good, "exp": now - 1}) == 400
    assert status({**good, "iss": "stranger"}) == 400


def test_the_daily_limit_answers_403_by_code(sf, fake):
    fake.limit = 1
    sf.query("SELECT Id FROM Contact")
    with pytest.raises(SalesforceRefusedRequest) as error:
        sf.query("SELECT Id FROM Contact")
    assert code_of(error) == "REQUEST_LIMIT_EXCEEDED"


def test_a_lost_answer_comes_after_the_effect_and_a_dropped_one_instead(sf, fake):
    fake.misbehave("lost", on="POST sobjects/Contact")
    with pytest.raises(requests.ConnectionError):
        sf.Contact.create({"LastName": "A"})
    fake.misbehave("dropped", on="POST sobjects/Contact")
    with pytest.raises(requests.ConnectionError):
        sf.Contact.create({"LastName": "B"})
    assert [r["LastName"] for r in fake.rows("Contact")] == ["A"]


def test_misbehaviour_waits_for_the_nth_matching_call(sf, fake):
    fake.misbehave("query-timeout", on="GET query", nth=2)
    sf.query("SELECT Id FROM Contact")
    sf.Contact.create({"LastName": "A"})
    with pytest.raises(SalesforceMalformedRequest) as error:
        sf.query("SELECT Id FROM Contact")
    assert code_of(error) == "QUERY_TIMEOUT"
    sf.query("SELECT Id FROM Contact")


def test_an_unknown_misbehaviour_is_refused(fake):
    with pytest.raises(ValueError, match=r"known: .*lost"):
        fake.misbehave("sulk")


def test_an_org_survives_being_saved_and_loaded(sf, fake, clock, tmp_path):
    one, two = fake.seed("Contact", [{"LastName": "A", "Syncline_Id__c": "m1"}, {"LastName": "B"}])
    fake.delete("Contact", two)
    fake.save(tmp_path / "org.json")
    again = SalesforceFake(clock)
    again.load(tmp_path / "org.json")
    assert again.rows("Contact") == fake.rows("Contact")
    assert again.rows("Contact", deleted=True) == fake.rows("Contact", deleted=True)
    assert again.store.matching("Contact", "Syncline_Id__c", "M1")[0]["Id"] == one
    assert again.seed("Contact", [{"LastName": "C"}])[0] not in {one, two}


def test_purging_empties_the_recycle_bin_by_age(fake, clock):
    old, new = fake.seed("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    fake.delete("Contact", old)
    clock.advance(86_400 * 10)
    fake.delete("Contact", new)
    assert fake.purge(days=5) == 1
    assert [r["Id"] for r in fake.rows("Contact", deleted=True)] == [new]
