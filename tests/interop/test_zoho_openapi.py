"""What the connector asks and what the fake answers, held against the vendor's OpenAPI description of API v8.

The description has no licence, so it is not here: name a folder with its files (github.com/zoho/crm-oas, ``v8.0``) in
the environment variable ZOHO_OAS.
"""

import json
import os
import re
from functools import cache
from pathlib import Path

import pytest

jsonschema = pytest.importorskip("jsonschema")
FOLDER = os.environ.get("ZOHO_OAS")
if not FOLDER:
    pytest.skip("ZOHO_OAS names no folder with the vendor's OpenAPI files", allow_module_level=True)

from connectors.oauth import MemoryTokens  # noqa: E402 (after the skip)
from connectors.sdk import Context, OutcomeKind, Write  # noqa: E402 (after the skip)
from connectors.zoho import ZohoConnector, ZohoSettings  # noqa: E402 (after the skip)
from model.clock import ManualClock  # noqa: E402 (after the skip)
from syncline.sandbox.wire import transport  # noqa: E402 (after the skip)
from syncline.sandbox.zoho import ZohoFake  # noqa: E402 (after the skip)

ELSEWHERE = re.compile(r"https://raw\.githubusercontent\.com/.*/v8\.0/")
UNDESCRIBED = {
    "if-unmodified-since",  # on the pages of the manual, not in the description
    "ids",  # likewise, of deletions of several records
    "page_token",
}
COMMON = {
    "host",
    "user-agent",
    "accept",
    "accept-encoding",
    "connection",
    "authorization",
    "content-type",
    "content-length",
}
MANY = 40  # more members than any one kind of field has
STREAMS = ["Accounts", "Contacts", "Leads", "Deals"]


@cache
def document(name):
    return json.loads((Path(FOLDER) / name).read_text(encoding="utf-8"))


def resolved(node, name):
    """The node with every reference replaced, those into other files too; recursion ends in anything."""
    return _resolved(node, name, ())


def _resolved(node, name, path):
    if isinstance(node, list):
        return [_resolved(one, name, path) for one in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        file, _, pointer = ELSEWHERE.sub("", reference).partition("#")
        file = file or name
        if (file, pointer) in path or not (Path(FOLDER) / file).exists():
            return {}
        found = document(file)
        for part in pointer.strip("/").split("/"):
            found = found[part.replace("~1", "/")]
        return _resolved(found, file, (*path, (file, pointer)))
    made = {key: _resolved(value, name, path) for key, value in node.items()}
    if made.pop("nullable", False) and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


def operation(request):
    """The description of one request: its file, path and deed."""
    parts = request.path.removeprefix("/crm/v8/").split("/")
    if parts == ["coql"]:
        name, path = "coql.json", "/crm/v8/coql"
    elif parts == ["settings", "fields"]:
        name, path = "fields.json", "/crm/v8/settings/fields"
    else:
        name, path = "record.json", "/".join(["/crm/v8/{module_api_name}", *parts[1:]])
    return name, document(name)["paths"][path][request.method.lower()]


def loose(schema):
    """The schema without what the description gets wrong: it knows no null, lists fewer messages than there are, and
    demands of every field's metadata what fields of one type alone have.
    """
    if isinstance(schema, list):
        return [loose(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: loose(value) for key, value in schema.items() if not (key == "enum" and _open(schema))}
    if isinstance(kept.get("type"), str):
        kept["type"] = [kept["type"], "null"]
    if len(kept.get("required", ())) > MANY:
        del kept["required"]
    if "oneOf" in kept:
        kept["anyOf"] = kept.pop("oneOf")  # alternatives without required members fit each other's answers
    return kept


def _open(schema):
    return any(" " in str(value) for value in schema["enum"])


def assert_fits(value, schema, name):
    jsonschema.validate(value, loose(resolved(schema, name)))


class Described:
    """The fake, each request and answer of which is held against the description."""

    def __init__(self, fake):
        self.fake = fake
        self.met = set()

    def handle(self, request):
        answer = self.fake.handle(request)
        if not request.path.startswith("/crm/"):
            return answer
        name, described = operation(request)
        place = f"{request.method} {request.path}"
        known = {resolved(one, name)["name"].lower() for one in described.get("parameters", ())} | UNDESCRIBED
        assert set(request.query) <= known, f"{place}: {set(request.query) - known}"
        asked = set(request.headers) - COMMON
        assert asked <= known, f"{place}: {asked - known}"
        if request.body:
            content = resolved(described["requestBody"], name)["content"]["application/json"]
            assert_fits(request.json(), content["schema"], name)
        if answer.body:
            responses = described["responses"]
            said = resolved(responses.get(str(answer.status)) or responses["200"], name)
            assert_fits(json.loads(answer.body), said["content"]["application/json"]["schema"], name)
        self.met.add((request.method, request.path.removeprefix("/crm/v8/").partition("/")[2] or "list"))
        return answer


@pytest.fixture
def world():
    clock = ManualClock()
    described = Described(ZohoFake(clock))
    auth = {"kind": "refresh_token", "client_id": "app", "client_secret": "secret", "refresh_token": "refresh"}
    settings = ZohoSettings(data_center="eu", auth=auth, streams=STREAMS, page=5)
    crm = ZohoConnector(settings, Context(clock=clock, transport=transport(described), tokens=MemoryTokens()))
    yield crm, described, clock
    crm.close()


ROWS = {
    "Accounts": {"Account_Name": "Cheese & Sons"},
    "Contacts": {"Last_Name": "Ng"},
    "Leads": {"Last_Name": "Ng", "Company": "Cheese & Sons"},
    "Deals": {"Deal_Name": "Spring", "Stage": "Qualification", "Amount": "12.5"},
}


def test_a_life_in_every_module_is_as_described(world):
    crm, described, clock = world
    assert crm.check() == []
    for stream in STREAMS:
        crm.discover(stream)
        writes = [Write(None, ROWS[stream], marker=f"m{n}") for n in range(12)]
        made = crm.upsert(stream, writes)
        assert {outcome.kind for outcome in made} == {OutcomeKind.APPLIED}
        cursor = list(crm.read(stream, None))[-1].cursor
        clock.advance(600)
        rows = [Write(o.key, {"Description": "x"}, expects=o.version) for o in made]
        assert {outcome.kind for outcome in crm.upsert(stream, rows)} == {OutcomeKind.APPLIED}
        crm.remove(stream, [Write(made[0].key, {})])
        pages = list(crm.read(stream, cursor))
        assert made[0].key in {record.key for page in pages for record in page.records if record.deleted}
        crm.find(stream, "Syncline_Id", ["m3"])
    assert described.met >= {
        ("GET", "list"),
        ("POST", "upsert"),
        ("PUT", "list"),
        ("DELETE", "list"),
        ("GET", "deleted"),
    }


def test_the_field_for_the_hubs_id_is_created_as_described(world):
    crm, described, _ = world
    described.fake.drop_field("Leads", "Syncline_Id")
    crm.create_marker()
    assert "Syncline_Id" in described.fake.modules["Leads"].fields


def test_refusals_are_as_described(world):
    crm, described, _ = world
    fake = described.fake
    fake.add_field("Contacts", "Badge__c text20 unique")
    held, gone, other = fake.seed(
        "Contacts", [{"Last_Name": "a"}, {"Last_Name": "b"}, {"Last_Name": "c", "Badge__c": "7"}]
    )
    fake.hold(held, "RECORD_IN_BLUEPRINT", "Title")
    fake.delete("Contacts", gone)
    outcomes = crm.upsert(
        "Contacts",
        [
            Write(None, {"Title": "x"}, marker="m1"),
            Write(None, {"Last_Name": "Ng", "Badge__c": "7"}, marker="m2"),
            Write(None, {"Last_Name": "Ng", "Email": "nobody"}, marker="m3"),
            Write(held, {"Title": "x"}),
            Write(gone, {"Title": "x"}),
        ],
    )
    kinds = [OutcomeKind.REFUSED, OutcomeKind.DUPLICATE, OutcomeKind.REFUSED, OutcomeKind.REFUSED, OutcomeKind.MISSING]
    assert [outcome.kind for outcome in outcomes] == kinds
    assert outcomes[1].of == other


def test_the_description_would_notice_an_answer_of_another_shape():
    name, described = operation(type("R", (), {"path": "/crm/v8/Contacts", "method": "GET"}))
    schema = resolved(described["responses"]["200"], name)["content"]["application/json"]["schema"]
    with pytest.raises(jsonschema.ValidationError):
        assert_fits({"data": [{"id": 7}], "info": {"more_records": "yes"}, "status": "?", "code": 1}, schema, name)
