"""A quote that is not closed is told where it was opened, whatever stands beside it and begins the next line."""

from __future__ import annotations

import re

import pytest

from mappings.compile import load
from mappings.reading.quotes import unclosed
from model.diagnostics import Severity
from model.entities import schemas

SCHEMAS = schemas()
QUOTED = """connection: "crm"
stream: "Contact"
entity: "contact"
match:
  strong: ["emails[*]", ["family_name", "given_name"]]
filter:
  in:
    - {field: "Status", not: "Archived"}
    - {"field": "Status", "not": "Archived"}
    - field: "Kind"
      "is": "x"
"rules":
  given_name: "FirstName"
  "family_name":
    field: "LastName"
    "max_length": 80
  "emails[work]": "Email"
  "emails[home]": {field: "Email2", max_length: 80}
  "phones[work]": {"field": "Phone"}
  gender:
    "field": "Sex"
    "values":
      "male": "M"
      "female": "F"
      other: ["X", "Y"]
  "phones[home]": {field: 'Phone2'}
  tags:
    field: 'Tags'
    'list': set
"examples":
  - name: "one"
    record: {"FirstName": "a"}
    canonical:
      "given_name": "a"
"""


def errors(text: str) -> list[tuple[int | None, int | None, str]]:
    found = load(text, "crm.yaml", SCHEMAS)[1]
    return [(one.line, one.column, one.code) for one in found if one.severity is Severity.ERROR]


def test_each_of_many_quotes_left_open_is_one_diagnostic_in_its_place():
    lines = QUOTED.split("\n")
    assert errors(QUOTED) == []
    tried = 0
    for number, line in enumerate(lines):
        for quote in re.finditer(r"([\"'])([^\"']*)\1", line):
            left_open = line[: quote.end() - 1] + line[quote.end() :]
            text = "\n".join([*lines[:number], left_open, *lines[number + 1 :]])
            assert errors(text) == [(number + 1, quote.start() + 1, "never-closed")], left_open
            tried += 1
    assert tried > 40


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ('name: "Hardy', 6, 12),
        ('name: "Hardy  # a note', 6, 12),
        ('"name: Hardy', 0, 5),
        ('  - "name: Hardy', 4, 9),
        ('{a: "b, c: d}', 4, 6),
        ('["emails[*]]', 1, 11),
        ('["a", "emails[work]', 6, 19),
        ("[['a', 'b]]", 7, 9),
        ('say: ["he said, "yes"]', 6, 14),
    ],
)
def test_the_end_is_put_where_the_value_was_meant_to_end(line, start, end):
    assert unclosed(line) == (start, end)


@pytest.mark.parametrize(
    "line",
    [
        "name: it's here",
        'name: "a, b", other: c',
        'separator: ", "',
        '{separator: ", ", to: ": "}',
        "name: 'it''s'",
        r'name: "a \" b"',
        'name: ""',
        "name: O'Hara's",
        '[",", "x"]',
    ],
)
def test_quotes_that_are_closed_are_not_taken_for_open_ones(line):
    assert unclosed(line) is None
