"""The fields of leads and cases in version 2, held against SAP's OpenAPI descriptions of Lead Service and Case Service.

They may not be passed on, so they are not here: name a folder with ``lead.json`` and ``case.json`` (api.sap.com,
SalesSvcCloudV2_lead and SalesSvcCloudV2_case) in the environment variable SYNCLINE_C4C_OAS.
"""

import json
import os
from pathlib import Path

import pytest

from connectors.c4c.services import SERVICES

FOLDER = os.environ.get("SYNCLINE_C4C_OAS")
if not FOLDER:
    pytest.skip("SYNCLINE_C4C_OAS names no folder with SAP's OpenAPI files", allow_module_level=True)

FILES = {"leads": "lead.json", "tickets": "case.json"}
STREAMS = pytest.mark.parametrize("stream", FILES)


def described(stream):
    return json.loads((Path(FOLDER) / FILES[stream]).read_text(encoding="utf-8"))


def operation(stream, method, one=False):
    path = f"/sap/c4c/api/v1/{SERVICES[stream].path}{'/{id}' if one else ''}"
    return described(stream)["paths"][path][method]


def names(stream, schema, head=""):
    """The paths of a schema's members, through objects and not through lists."""
    if "$ref" in schema:
        schema = described(stream)["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found = set()
    for name, inner in schema.get("properties", {}).items():
        found |= {head + name} | (names(stream, inner, f"{head}{name}.") if inner.get("type") == "object" else set())
    return found


def sent(stream, method, one=False):
    (content,) = operation(stream, method, one)["requestBody"]["content"].values()
    return names(stream, content["schema"])


@STREAMS
def test_what_is_read_is_in_the_answers(stream):
    content = operation(stream, "get", one=True)["responses"]["200"]["content"]["application/json"]
    shown = {name.removeprefix("value.") for name in names(stream, content["schema"])}
    assert {field.name for field in SERVICES[stream].known} <= shown


@STREAMS
def test_what_is_written_may_be_and_the_rest_may_not(stream):
    known = SERVICES[stream].known
    assert {field.name for field in known if field.updatable} <= sent(stream, "patch", one=True)
    if stream == "tickets":
        assert {field.name for field in known if field.creatable} <= sent(stream, "post")


@STREAMS
def test_a_change_is_conditional_and_of_the_documented_type(stream):
    patch = operation(stream, "patch", one=True)
    assert list(patch["requestBody"]["content"]) == [SERVICES[stream].patch]
    assert [one["name"] for one in patch["parameters"] if one["in"] == "header" and one["required"]] == ["If-Match"]


@STREAMS
def test_a_page_says_how_many_there_are(stream):
    content = operation(stream, "get")["responses"]["200"]["content"]["application/json"]
    assert {"count", "value"} <= names(stream, content["schema"])
