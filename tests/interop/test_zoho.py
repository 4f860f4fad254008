"""The fake organisation, driven by the vendor's own client for API v8."""

import logging

import pytest

pytest.importorskip("zohocrmsdk")

from zohocrmsdk.src.com.zoho.api.authenticator.oauth_token import OAuthToken
from zohocrmsdk.src.com.zoho.api.authenticator.store import FileStore
from zohocrmsdk.src.com.zoho.api.logger import Logger
from zohocrmsdk.src.com.zoho.crm.api import HeaderMap, Initializer, ParameterMap, coql, record
from zohocrmsdk.src.com.zoho.crm.api.dc import DataCenter
from zohocrmsdk.src.com.zoho.crm.api.record import record_operations as ops
from zohocrmsdk.src.com.zoho.crm.api.sdk_config import SDKConfig

from syncline.sandbox.wire import Server
from syncline.sandbox.zoho import ZohoFake

NAME, MAIL, TITLE = "Last_Name", "Email", "Title"


@pytest.fixture
def fake(tmp_path):
    """A fake on a port, which the client is told to take for its data centre."""
    fake = ZohoFake()
    with Server(fake) as server:
        fake.api_domain = server.url
        Initializer.initialize(
            environment=DataCenter.Environment(server.url, f"{server.url}/oauth/v2/token", server.url),
            token=OAuthToken(client_id="app", client_secret="secret", refresh_token="refresh"),
            store=FileStore(str(tmp_path / "tokens")),
            sdk_config=SDKConfig(auto_refresh_fields=False, pick_list_validation=False),
            resource_path=str(tmp_path),
            logger=Logger.get_instance(level=Logger.Levels.ERROR, file_path=str(tmp_path / "log")),
        )
        yield fake
    log = logging.getLogger("SDKLogger")
    while log.handlers:  # the client leaves its log open
        log.handlers[0].close()
        log.removeHandler(log.handlers[0])


@pytest.fixture
def contacts(fake):
    return ops.RecordOperations("Contacts")


def body(*rows, **more):
    made = record.BodyWrapper()
    records = []
    for row in rows:
        one = record.Record()
        for name, value in row.items():
            one.set_id(value) if name == "id" else one.add_key_value(name, value)
        records.append(one)
    made.set_data(records)
    made.set_trigger([])
    for name, value in more.items():
        getattr(made, f"set_{name}")(value)
    return made


def items(answer):
    return [(item.get_code().get_value(), item.get_details()) for item in answer.get_object().get_data()]


def query(owner, **given):
    params = ParameterMap()
    for name, value in given.items():
        params.add(getattr(owner, name), value)
    return params


def test_it_creates_reads_updates_and_deletes(fake, contacts):
    [(code, details)] = items(contacts.create_records(body({NAME: "Ng", MAIL: "ng@example.org"}), HeaderMap()))
    assert code == "SUCCESS"
    key = str(details["id"])
    param = ops.GetRecordsParam
    answer = contacts.get_records(query(param, fields="Last_Name,Email,Owner", per_page=5), HeaderMap())
    [found] = answer.get_object().get_data()
    assert (str(found.get_id()), found.get_key_value(NAME)) == (key, "Ng")
    assert answer.get_object().get_info().get_more_records() is False
    assert [code for code, _ in items(contacts.update_records(body({"id": int(key), TITLE: "CTO"}), HeaderMap()))] == [
        "SUCCESS"
    ]
    assert fake.row("Contacts", key)["Title"] == "CTO"
    removed = contacts.delete_records(query(ops.DeleteRecordsParam, ids=key), HeaderMap())
    assert [code for code, _ in items(removed)] == ["SUCCESS"]
    graves = contacts.get_deleted_records(query(ops.GetDeletedRecordsParam, type="all"), HeaderMap())
    assert [str(grave.get_id()) for grave in graves.get_object().get_data()] == [key]


def test_it_pages_by_token(fake, contacts):
    fake.seed("Contacts", [{NAME: f"Name {n}"} for n in range(12)])
    param, token, seen = ops.GetRecordsParam, None, []
    while True:
        place = {} if token is None else {"page_token": token}
        answer = contacts.get_records(query(param, fields="Last_Name", per_page=5, **place), HeaderMap()).get_object()
        seen += [str(one.get_id()) for one in answer.get_data()]
        token = answer.get_info().get_next_page_token()
        if token is None:
            break
    assert sorted(seen) == sorted(row["id"] for row in fake.rows("Contacts"))


def test_it_is_told_of_each_item_and_upserts_by_a_unique_field(fake, contacts):
    def send():
        rows = ({NAME: "Ng", "Syncline_Id": "m1"}, {TITLE: "nameless", "Syncline_Id": "m2"})
        return items(contacts.upsert_records(body(*rows, duplicate_check_fields=["Syncline_Id"]), HeaderMap()))

    [(first, details), (second, problem)] = send()
    assert (first, second, problem["api_name"]) == ("SUCCESS", "MANDATORY_NOT_FOUND", NAME)
    assert str(send()[0][1]["id"]) == str(details["id"])
    assert len(fake.rows("Contacts")) == 1


def test_it_understands_a_list_without_fields_being_refused(fake, contacts):
    fake.seed("Contacts", [{NAME: "Ng"}])
    answer = contacts.get_records(ParameterMap(), HeaderMap())
    assert answer.get_status_code() == 400
    assert answer.get_object().get_code().get_value() == "REQUIRED_PARAM_MISSING"


def test_it_asks_by_coql(fake):
    fake.seed("Contacts", [{NAME: "O'Brien"}, {NAME: "Ng"}])
    asked = coql.BodyWrapper()
    asked.set_select_query("select Last_Name from Contacts where Last_Name = 'O\\'Brien' limit 5")
    [found] = coql.CoqlOperations().get_records(asked).get_object().get_data()
    assert found.get_key_value(NAME) == "O'Brien"
