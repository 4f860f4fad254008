"""The fake gateway is as strict as a real one, also where that hurts."""

import base64

import pytest

from connectors.multipart import Batch, part
from model.clock import ManualClock
from syncline.sandbox.odata_filter import condition, ordered
from syncline.sandbox.odata_model import Entity, Navigation, ServiceError, properties
from syncline.sandbox.odata_service import ODataService
from syncline.sandbox.wire import Request

PARTS = Entity(name="A_Part", properties=properties("Thing*:10a Number*:3 Text:20"))
THINGS = Entity(
    name="A_Thing",
    properties=properties("Thing*:10a Name:10 Code:4u Day:d Flag:b Hidden:10x Made:10r"),
    navigations={"to_Parts": Navigation(target="A_Part", many=True, on={"Thing": "Thing"})},
    versioned=True,
)
BASIC = {"authorization": "Basic " + base64.b64encode(b"USER:password").decode(), "accept": "application/json"}


@pytest.fixture
def service():
    made = ODataService({"A_Thing": THINGS, "A_Part": PARTS}, ManualClock(), page=2)
    for n in range(1, 6):
        made.make(THINGS, {"Thing": str(n), "Name": f"Thing {n}", "Code": "ab"})
    made.make(PARTS, {"Thing": "1", "Number": "1", "Text": "a part"})
    return made


@pytest.fixture
def ask(service):
    """Ask as somebody with a session; gives the answer."""
    opened = service.handle(Request(method="GET", path=f"{service.root}/", headers={**BASIC, "x-csrf-token": "Fetch"}))
    cookie = opened.headers["set-cookie"].split(";")[0]
    session = {**BASIC, "x-csrf-token": opened.headers["x-csrf-token"], "cookie": cookie}

    def asked(method, path, body=b"", headers=None, **query):
        named = {f"${name}": value for name, value in query.items()}
        given = {**session, **(headers or {})}
        return service.handle(
            Request(method=method, path=f"{service.root}/{path}", query=named, headers=given, body=body)
        )

    return asked


def rows(answer):
    return answer_of(answer)["results"]


def answer_of(answer):
    return Request(method="GET", path="", body=answer.body).json()["d"]


def code(answer):
    return Request(method="GET", path="", body=answer.body).json()["error"]["code"]


def test_an_answer_holds_a_page_and_leads_to_the_next_one(ask):
    first = answer_of(ask("GET", "A_Thing", orderby="Thing"))
    assert [row["Thing"] for row in first["results"]] == ["1", "2"]
    assert "skiptoken=2" in first["__next"]
    last = answer_of(ask("GET", "A_Thing", orderby="Thing", skiptoken="4"))
    assert ([row["Thing"] for row in last["results"]], "__next" in last) == (["5"], False)


def test_its_pages_count_rows_and_so_shift_when_one_goes(ask, service):
    ask("GET", "A_Thing", orderby="Thing")
    del service.rows["A_Thing"][("0000000001",)]
    assert [row["Thing"] for row in rows(ask("GET", "A_Thing", orderby="Thing", skiptoken="2"))] == ["4", "5"]


def test_without_json_being_asked_for_it_answers_atom(ask):
    assert ask("GET", "A_Thing", headers={"accept": "*/*"}).headers["content-type"] == "application/atom+xml"


@pytest.mark.parametrize(
    "wanted", ["NoSuch eq 'x'", "Name eq 7", "Day gt '2026'", "Name eq 'x", "Name xx 'y'", "Hidden eq 'x'"]
)
def test_a_filter_that_cannot_be_is_refused_never_ignored(ask, wanted):
    assert ask("GET", "A_Thing", filter=wanted).status == 400


def test_a_plain_service_joins_conditions_by_or_on_one_property_only(ask, service):
    service.plain = True
    assert len(rows(ask("GET", "A_Thing", filter="Name eq 'Thing 1' or Name eq 'Thing 2'"))) == 2
    assert ask("GET", "A_Thing", filter="Name eq 'Thing 1' or Code eq 'AB'").status == 400
    assert ask("GET", "A_Thing", filter="(Name eq 'Thing 1' or Name eq 'Thing 2') and Code eq 'AB'").status == 200


def test_a_star_stands_for_any_signs_in_a_plain_service(ask, service):
    assert rows(ask("GET", "A_Thing", filter="Name eq 'Thi*'")) == []
    service.plain, service.page = True, 10
    assert len(rows(ask("GET", "A_Thing", filter="Name eq 'Thi*'"))) == 5


def test_an_expansion_may_be_cut(ask, service):
    for number in ("2", "3"):
        service.make(PARTS, {"Thing": "1", "Number": number, "Text": "another"})
    service.expanded = 2
    assert len(answer_of(ask("GET", "A_Thing('1')", expand="to_Parts"))["to_Parts"]["results"]) == 2


def test_numbers_are_kept_with_six_places_and_words_refused():
    amount = properties("Amount:n")["Amount"]
    assert amount.taken("12.5") == "12.500000"
    with pytest.raises(ServiceError):
        amount.taken("twelve")


def test_padded_ids_are_found_with_and_without_their_zeros(ask, service):
    for wanted in ("Thing eq '3'", "Thing eq '0000000003'"):
        assert [row["Name"] for row in rows(ask("GET", "A_Thing", filter=wanted))] == ["Thing 3"]
    assert answer_of(ask("GET", "A_Thing('0000000003')"))["Thing"] == "3"
    service.padded = True
    assert answer_of(ask("GET", "A_Thing('3')"))["Thing"] == "0000000003"


def test_what_is_expanded_is_whole_and_what_is_not_is_only_named(ask):
    assert answer_of(ask("GET", "A_Thing('1')", expand="to_Parts"))["to_Parts"]["results"][0]["Text"] == "a part"
    assert "__deferred" in answer_of(ask("GET", "A_Thing('1')"))["to_Parts"]
    assert ask("GET", "A_Thing('1')", expand="to_Nowhere").status == 400


def test_a_write_without_the_token_of_its_session_is_told_what_is_required(ask, service):
    for headers in ({"x-csrf-token": "made up"}, {"cookie": ""}):
        answer = ask("POST", "A_Thing", b"{}", headers)
        assert (answer.status, answer.headers["x-csrf-token"]) == (403, "Required")
    service.access.end_sessions()
    assert ask("POST", "A_Thing", b"{}").status == 403


def test_a_change_needs_the_version_and_the_right_one(ask, service):
    version = ask("GET", "A_Thing('1')").headers["etag"]
    assert ask("PATCH", "A_Thing('1')", b'{"Name": "x"}').status == 428
    assert ask("PATCH", "A_Thing('1')", b'{"Name": "x"}', {"if-match": version}).status == 204
    assert ask("PATCH", "A_Thing('1')", b'{"Name": "y"}', {"if-match": version}).status == 412
    assert ask("DELETE", "A_Thing('1')", headers={"if-match": "*"}).status == 204
    assert ("0000000001",) not in service.rows["A_Thing"]


def test_patch_leaves_what_it_does_not_name_and_put_does_not(ask, service):
    row = service.rows["A_Thing"][("0000000001",)]
    ask("PATCH", "A_Thing('1')", b'{"Name": "x"}', {"if-match": "*"})
    assert (row["Name"], row["Code"]) == ("x", "AB")
    ask("PUT", "A_Thing('1')", b'{"Name": "y"}', {"if-match": "*"})
    assert (row["Name"], row["Code"]) == ("y", "")


@pytest.mark.parametrize("body", [b'{"Nmae": "x"}', b'{"Name": 7}', b'{"Name": "longer than ten"}', b"[]", b"{"])
def test_a_body_that_does_not_fit_is_refused(ask, body):
    assert ask("PATCH", "A_Thing('1')", body, {"if-match": "*"}).status == 400


def test_what_may_not_be_written_is_left_alone_without_a_word(ask, service):
    assert ask("PATCH", "A_Thing('1')", b'{"Made": "x"}', {"if-match": "*"}).status == 204
    assert service.rows["A_Thing"][("0000000001",)]["Made"] == ""


def test_a_change_set_of_several_operations_is_refused_and_its_neighbours_are_done(ask, service):
    def change(key, name):
        return part("PATCH", f"A_Thing('{key}')", json={"Name": name}, headers={"if-match": "*"})

    batch = Batch([[change(1, "a"), change(2, "b")], [change(3, "c")]])
    answer = ask("POST", "$batch", batch.body, batch.headers)
    assert answer.status == 202
    assert [service.rows["A_Thing"][(f"{n:010d}",)]["Name"] for n in (1, 2, 3)] == ["Thing 1", "Thing 2", "c"]


def test_nobody_is_let_in_with_a_wrong_password_or_to_another_service(ask, service):
    wrong = {"authorization": "Basic " + base64.b64encode(b"USER:wrong").decode()}
    assert ask("GET", "A_Thing", headers=wrong).status == 401
    elsewhere = service.handle(Request(method="GET", path="/sap/opu/odata/sap/OTHER/A_Thing", headers=BASIC))
    assert (elsewhere.status, code(elsewhere)) == (403, "/IWFND/MED/170")


def test_conditions_know_brackets_negation_functions_and_null():
    row = {"Name": "O'Brien", "Flag": False, "Day": None, "Thing": "0000000001", "Code": "AB"}
    for text, holds in {
        "Name eq 'O''Brien' and (Code eq 'X' or Flag eq false)": True,
        "not (Name eq 'O''Brien')": False,
        "startswith(Name,'O') and endswith(Name,'n')": True,
        "substringof('Br',Name) eq true": True,
        "Day eq null": True,
        "Day ne null": False,
        "Day gt datetime'2020-01-01T00:00:00'": False,
        "Thing ge '1' and Thing lt '2'": True,
        "Name eq 'a' or Name eq 'b' and Code eq 'AB'": False,
    }.items():
        assert condition(text, THINGS)(row) is holds, text


def test_null_comes_first_in_an_order():
    found = ordered([{"Day": "2026-01-01T00:00:00"}, {"Day": None}, {"Day": "2025-01-01T00:00:00"}], "Day", THINGS)
    assert [row["Day"] for row in found] == [None, "2025-01-01T00:00:00", "2026-01-01T00:00:00"]
    with pytest.raises(ServiceError):
        ordered([], "NoSuch", THINGS)
