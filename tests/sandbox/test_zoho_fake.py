"""The fake organisation says no where the vendor's manual does, whether or not our connector would ever ask."""

import json
from datetime import timedelta

import pytest

from model.clock import ManualClock
from syncline.sandbox.wire import request_of
from syncline.sandbox.zoho import ZohoFake

API = "https://www.zohoapis.eu/crm/v8"


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def fake(clock):
    return ZohoFake(clock)


@pytest.fixture
def ask(fake):
    """Ask with a token that holds; gives the status and what was said."""

    def ask(method, path, body=None, token=None, url=API, **headers):
        sent = b"" if body is None else json.dumps(body).encode()
        given = {"host": url.split("/")[2], "authorization": f"Zoho-oauthtoken {token or a_token(fake)}", **headers}
        answer = fake.handle(request_of(method, f"{url}/{path}", given, sent))
        return answer.status, json.loads(answer.body) if answer.body else None

    return ask


def a_token(fake, refresh="refresh"):
    form = f"grant_type=refresh_token&client_id=app&client_secret=secret&refresh_token={refresh}".encode()
    answer = fake.handle(request_of("POST", "https://accounts.zoho.eu/oauth/v2/token", {}, form))
    return json.loads(answer.body)["access_token"]


def people(count):
    return [{"Last_Name": f"Name {n}"} for n in range(count)]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("Contacts", "REQUIRED_PARAM_MISSING"),
        ("Contacts?fields=" + ",".join(f"F{n}" for n in range(51)), "LIMIT_EXCEEDED"),
        ("Contacts?fields=id&page=11", "DISCRETE_PAGINATION_LIMIT_EXCEEDED"),
        ("Contacts?fields=id&page=2&page_token=x", "AMBIGUITY_DURING_PROCESSING"),
        ("Contacts?fields=id&page_token=x", "INVALID_DATA"),
        ("Contacts?fields=id&sort_by=Last_Name", "INVALID_DATA"),
        ("Contacts?fields=id&ids=" + ",".join(str(n) for n in range(101)), "LIMIT_EXCEEDED"),
        ("Nope?fields=id", "INVALID_MODULE"),
        ("Contacts/deleted?type=some", "PATTERN_NOT_MATCHED"),
    ],
)
def test_a_list_says_no(ask, path, code):
    status, said = ask("GET", path)
    assert (status, said["code"], said["status"]) == (400, code, "error")


def test_a_list_goes_downwards_and_hides_fields_nobody_has(ask, fake):
    keys = fake.seed("Contacts", people(3))
    _, said = ask("GET", "Contacts?fields=Last_Name,Nope&per_page=2")
    assert said["data"] == [{"id": key, "Last_Name": f"Name {n}"} for n, key in ((2, keys[2]), (1, keys[1]))]
    assert said["info"]["more_records"] is True


def test_a_page_token_is_bound_to_its_question_and_lives_a_day(ask, fake, clock):
    fake.seed("Contacts", people(5))
    fake.sessions.lifetime = timedelta(days=9)
    token = a_token(fake)
    _, said = ask("GET", "Contacts?fields=Last_Name&per_page=2", token=token)
    following = f"per_page=2&page_token={said['info']['next_page_token']}"
    assert len(ask("GET", f"Contacts?fields=Last_Name&{following}", token=token)[1]["data"]) == 2
    assert ask("GET", f"Contacts?fields=Email&{following}", token=token)[1]["code"] == "TOKEN_BOUND_DATA_MISMATCH"
    clock.advance(24 * 3600)
    assert ask("GET", f"Contacts?fields=Last_Name&{following}", token=token)[1]["code"] == "EXPIRED_VALUE"


def test_nothing_is_204_and_nothing_new_is_304(ask, fake, clock):
    assert ask("GET", "Contacts?fields=id") == (204, None)
    fake.seed("Contacts", people(1))
    clock.advance(3600)
    since = {"if-modified-since": "2026-01-01T00:30:00+00:00"}
    assert ask("GET", "Contacts?fields=id", **since) == (304, None)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("select id from Contacts", "SYNTAX_ERROR"),
        ("select id from Contacts where id is not null limit 2001", "LIMIT_EXCEEDED"),
        ("select id from Contacts where id is not null limit 5 offset 100001", "LIMIT_EXCEEDED"),
        ("select id from Contacts where id > '1' and id > '2' and id > '3'", "SYNTAX_ERROR"),
        ("select id from Contacts where id is not null order by id, id", "DUPLICATE_DATA"),
        ("select Nope from Contacts where id is not null", "INVALID_QUERY"),
        ("select id from Contacts where Description = 'x'", "INVALID_QUERY"),
        ("select id from Contacts where Modified_Time > 'yesterday'", "INVALID_QUERY"),
        (f"select id from Contacts where id in ({', '.join(map(str, range(51)))})", "LIMIT_EXCEEDED"),
        (f"select {', '.join(['id'] * 51)} from Contacts where id is not null", "LIMIT_EXCEEDED"),
        ("drop table Contacts", "SYNTAX_ERROR"),
    ],
)
def test_coql_says_no(ask, query, code):
    status, said = ask("POST", "coql", {"select_query": query})
    assert (status, said["code"]) == (400, code)


def test_coql_shows_of_a_lookup_its_id_alone(ask, fake):
    [account] = fake.seed("Accounts", [{"Account_Name": "Cheese & Sons"}])
    fake.seed("Contacts", [{"Last_Name": "Ng", "Account_Name": account}])
    query = "select Last_Name, Account_Name from Contacts where (Last_Name = 'ng' and id is not null)"
    _, said = ask("POST", "coql", {"select_query": query})
    assert said["data"][0]["Account_Name"] == {"id": account}
    assert said["info"] == {"count": 1, "more_records": False}


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        ("POST", {"data": people(101)}, "LIMIT_EXCEEDED"),
        ("POST", {"rows": []}, "INVALID_DATA"),
        ("PUT", {"data": []}, "MANDATORY_NOT_FOUND"),
    ],
)
def test_a_write_as_a_whole_says_no(ask, fake, method, body, code):
    status, said = ask(method, "Contacts", body)
    assert (status, said["code"]) == (400, code)
    assert fake.rows("Contacts") == []


def test_what_nobody_has_or_may_write_is_dropped_without_a_word(ask, fake):
    row = {"Last_Name": "Ng", "Nope": 1, "Full_Name": "Somebody Else", "Modified_Time": "1999-01-01T00:00:00Z"}
    status, said = ask("POST", "Contacts", {"data": [row]})
    assert (status, said["data"][0]["code"]) == (201, "SUCCESS")
    assert fake.rows("Contacts")[0]["Full_Name"] == "Ng"


def test_an_upsert_looks_at_what_it_is_told_and_then_at_every_other_unique_field(ask, fake):
    fake.add_field("Contacts", "Email email100 unique")
    [there] = fake.seed("Contacts", [{"Last_Name": "Somebody", "Email": "a@b.org"}])
    body = {"data": [{"Last_Name": "Ng", "Email": "a@b.org", "Syncline_Id": "m1"}]}
    _, said = ask("POST", "Contacts/upsert", {**body, "duplicate_check_fields": ["Syncline_Id"]})
    item = said["data"][0]
    assert (item["action"], item["duplicate_field"], item["details"]["id"]) == ("update", "Email", there)


def test_an_upsert_that_is_told_nothing_looks_at_the_system_s_own_field(ask, fake):
    fake.seed("Contacts", [{"Last_Name": "Somebody", "Email": "a@b.org"}])
    ask("POST", "Contacts/upsert", {"data": [{"Last_Name": "Ng", "Email": "A@b.org"}]})
    assert [row["Last_Name"] for row in fake.rows("Contacts")] == ["Ng"]


def test_a_token_of_another_data_centre_is_no_token(ask):
    status, said = ask("GET", "Contacts?fields=id", url="https://www.zohoapis.com/crm/v8")
    assert (status, said["code"]) == (401, "INVALID_TOKEN")


def test_of_thirty_one_live_tokens_the_first_is_dropped(ask, fake, clock):
    fake.sessions.lifetime = timedelta(days=9)
    first = a_token(fake)
    for _ in range(30):
        clock.advance(61)
        a_token(fake)
    assert ask("GET", "Contacts?fields=id", token=first)[0] == 401


def test_deletions_are_listed_sixty_days_for_the_bin_and_twice_that_for_good(ask, fake, clock):
    fake.sessions.lifetime = timedelta(days=400)
    token = a_token(fake)
    [key] = fake.seed("Contacts", people(1))
    fake.delete("Contacts", key)
    kinds = []
    for days in (1, 60, 60):
        clock.advance(days * 86400)
        _, said = ask("GET", "Contacts/deleted", token=token)
        kinds.append(said["data"][0]["type"] if said else None)
    assert kinds == ["recycle", "permanent", None]


def test_records_and_what_was_deleted_survive_in_a_file(fake, clock, tmp_path):
    account, gone = fake.seed("Accounts", [{"Account_Name": "A"}, {"Account_Name": "B"}])
    [contact] = fake.seed("Contacts", [{"Last_Name": "Ng", "Account_Name": account}])
    fake.delete("Accounts", gone)
    fake.hold(contact, "RECORD_LOCKED")
    fake.save(tmp_path / "records.json")
    again = ZohoFake(clock)
    again.load(tmp_path / "records.json")
    assert again.rows("Contacts") == fake.rows("Contacts")
    again.restore(gone)
    assert [row["Account_Name"] for row in again.rows("Accounts")] == ["A", "B"]
    assert again.store.held == fake.store.held
    assert again.seed("Accounts", [{"Account_Name": "C"}])[0] not in {account, gone, contact}
