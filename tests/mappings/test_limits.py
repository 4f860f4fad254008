"""Bounds of canonical fields are kept on the way in, too."""

from __future__ import annotations

from mappings.compile import load
from model.custom import custom_fields
from model.entities import schemas
from model.records import Record

MAPPING = """
mapping: crm
connection: crm
stream: people
entity: contact
rules:
  given_name: first
  code: code
"""


def test_a_text_longer_than_its_custom_field_is_reported_and_the_rest_goes_on():
    fields, faults = custom_fields("contact", {"code": {"type": "text", "max_length": 3}})
    assert not faults
    mapping, diagnostics = load(MAPPING, "crm.yaml", schemas({"contact": fields}))
    assert mapping is not None
    assert not diagnostics
    long, short = mapping.project([Record("1", {"first": "Ana", "code": "ABCD"}), Record("2", {"code": "ABC"})])
    assert long.values == {"given_name": "Ana"}
    assert [(problem.code, problem.path) for problem in long.problems] == [("too-long", "code")]
    assert "ABCD" not in long.problems[0].message
    assert short.values == {"code": "ABC"}
