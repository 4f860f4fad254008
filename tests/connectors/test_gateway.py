"""A service behind a gateway: single writes, pages, links, and what is refused as a whole."""

import pytest

from connectors.contract import Context
from connectors.credentials import Basic
from connectors.gateway import Gateway, failed
from connectors.multipart import part
from model.clock import ManualClock
from model.errors import (
    AnswerLostError,
    ProtocolError,
    RefusedError,
    ThrottledError,
    UnauthorisedError,
    UnreachableError,
)
from syncline.sandbox.odata_model import Entity, Navigation, properties
from syncline.sandbox.odata_service import ODataService
from syncline.sandbox.wire import Response, transport

PARTS = Entity(name="A_Part", properties=properties("Thing*:10a Number*:3"))
THINGS = Entity(
    name="A_Thing",
    properties=properties("Thing*:10a Name:10"),
    navigations={"to_Parts": Navigation(target="A_Part", many=True, on={"Thing": "Thing"})},
)


@pytest.fixture
def fake():
    made = ODataService({"A_Thing": THINGS, "A_Part": PARTS}, ManualClock(), page=2)
    for n in range(1, 6):
        made.make(THINGS, {"Thing": str(n), "Name": f"Thing {n}"})
    return made


@pytest.fixture
def make(fake):
    made = []

    def build(handle=None, **how):
        carrier = transport(type("Carrier", (), {"handle": staticmethod(handle or fake.handle)})())
        context = Context(clock=fake.clock, transport=carrier)
        http = context.http("https://sap.example", auth=Basic("USER", "password"))
        made.append(Gateway(http, fake.root, context, **how))
        return made[-1]

    yield build
    for gateway in made:
        gateway.close()


def test_all_pages_are_read_by_the_links_the_server_gives(make):
    pages = list(make().rows("A_Thing", {"$orderby": "Thing"}, "reading"))
    assert [[row["Thing"] for row in page] for page in pages] == [["1", "2"], ["3", "4"], ["5"]]


def test_links_that_lead_in_a_circle_are_said(make, fake):
    link = f"https://sap.example{fake.root}/A_Thing?$skiptoken=2"
    circle = make(lambda _: Response.of({"d": {"results": [{}], "__next": link}}))
    with pytest.raises(ProtocolError, match="circle"):
        list(circle.rows("A_Thing", {}, "reading"))


def test_what_the_server_held_back_of_an_expanded_list_is_fetched(make, fake):
    def held_back(request):
        if "$skiptoken" in request.query:
            return Response.of({"d": {"results": [{"Number": "3"}]}})
        raise AssertionError(request.path)

    following = f"http://inside:8000{fake.root}/A_Thing('1')/to_Parts?$skiptoken=2"
    row = {"to_Parts": {"results": [{"Number": "1"}, {"Number": "2"}], "__next": following}}
    assert [one["Number"] for one in make(held_back).whole(row, "to_Parts", "reading")] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("value", "rows"),
    [(None, []), ({"__deferred": {"uri": "x"}}, []), ({"Number": "1"}, [{"Number": "1"}]), ({"results": []}, [])],
)
def test_a_navigation_is_a_list_whatever_it_leads_to(make, value, rows):
    assert make().whole({"to_Parts": value}, "to_Parts", "reading") == rows


def test_a_single_write_has_the_token_and_its_refusal_comes_back(make, fake):
    gateway = make()
    assert gateway.write("PATCH", "A_Thing('1')", json={"Name": "x"}).status == 204
    assert gateway.write("PATCH", "A_Thing({key})", parts={"key": "'9'"}, json={"Name": "x"}).status == 404
    fake.access.end_sessions()
    assert gateway.write("DELETE", "A_Thing('2')").status == 204
    assert fake.rows["A_Thing"][("0000000001",)]["Name"] == "x"
    assert fake.calls["GET /"] == 2


def test_a_service_that_wants_no_token_is_asked_for_none(make):
    seen = []

    def open_to_all(request):
        seen.append((request.method, "x-csrf-token" in request.headers))
        return Response(status=204)

    assert make(open_to_all, tokens=False).write("POST", "A_Thing", json={}).status == 204
    assert seen == [("POST", False)]


@pytest.mark.parametrize(
    "answer", [Response.of({"d": {}}), Response.of({"d": {}}, headers={"x-csrf-token": "Required"})]
)
def test_a_service_without_a_token_to_give_is_said(make, answer):
    with pytest.raises(UnauthorisedError, match="no CSRF token"):
        make(lambda _: answer).token()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"code": "X/1", "message": {"value": "Miller is wrong"}}}, RefusedError),
        (403, {"error": {"code": "X/1", "message": {"value": "Miller may not"}}}, UnauthorisedError),
        (403, {"error": {"code": "/IWFND/MED/170", "message": {"value": "No service"}}}, RefusedError),
        (404, "Miller", ProtocolError),
    ],
)
def test_a_request_refused_as_a_whole_is_told_by_its_code_never_by_its_words(make, status, body, kind):
    with pytest.raises(kind) as caught:
        list(make(lambda _: Response.of(body, status)).rows("A_Thing", {}, "reading things"))
    assert str(caught.value).startswith("reading things")
    assert "Miller" not in str(caught.value)


def test_the_model_is_asked_for_again_after_a_quarter_of_an_hour_or_when_told(make, fake):
    gateway = make()
    for _ in range(2):
        gateway.model()
    assert fake.calls["GET $metadata"] == 1
    fake.clock.advance(901)
    gateway.model()
    gateway.forget()
    gateway.model()
    assert fake.calls["GET $metadata"] == 3
    with pytest.raises(ProtocolError, match="no entity set"):
        gateway.model().type_of("A_Nothing")


def test_a_batch_is_answered_part_by_part(make):
    gateway = make()
    good = part("PATCH", "A_Thing('1')", json={"Name": "x"})
    bad = part("PATCH", "A_Thing('9')", json={"Name": "x"})
    assert [answers[0].status for answers in gateway.batch([[good], [bad]], "writing")] == [204, 404]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AnswerLostError("x"), "unknown"),
        (UnreachableError("x"), "retry"),
        (ProtocolError("x"), "retry"),
        (ThrottledError("x"), "throttled"),
        (UnauthorisedError("x"), "unauthorised"),
        (RefusedError("x"), "refused"),
    ],
)
def test_what_became_of_a_row_whose_call_failed(error, kind):
    assert failed(error, "1").kind == kind
