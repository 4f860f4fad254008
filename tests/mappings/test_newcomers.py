"""Mistakes of people who write their first mapping, as one of them made them: one right diagnostic for each."""

import pytest

from mappings.compile import load
from model.entities import schemas

SCHEMAS = schemas()
HEAD = "connection: crm\nstream: Contact\nentity: contact\n"


def said(text, files=None):
    def fetch(name):
        return (files[name], f"{name}.yaml") if name in (files or {}) else None

    return [(one.line, one.code, one.message, one.hint) for one in load(text, "crm.yaml", SCHEMAS, None, fetch)[1]]


@pytest.mark.parametrize(
    ("rest", "line", "code", "word"),
    [
        ("rules:\n  job_title: {field: Title, each: {key: a, value: b}}\n", 5, "kind-mismatch", "leave each out"),
        ("rules:\n  LastName: family_name\n", 5, "not-a-path", "family_name: LastName"),
        ("rules:\n  job_title: {fields: Title}\n", 5, "not-a-list", "must be a list"),
        ("rules:\n  job_title: {field: T, when: {field: A, is: x}}\n", 5, "not-a-list", "when: [{field"),
        ("rules:\n  job_title: {field: T, default: x, placeholder: x}\n", 5, "bad-rule", "read as nothing"),
        (
            'owns: ["emails[work]"]\nrules:\n  "emails[work]": {field: E, transform: emial}\n',
            6,
            "bad-transform",
            "email",
        ),
    ],
)
def test_one_mistake_has_one_diagnostic_that_says_what_to_write(rest, line, code, word):
    family = "" if "family_name" in rest else "  family_name: LastName\n"
    found = said(HEAD + rest + family)
    ((at, what, message, hint),) = found
    assert (at, what) == (line, code)
    assert word in f"{message} {hint}"


def test_a_file_whose_base_is_missing_is_told_of_that_alone():
    assert [code for _, code, _, _ in said("extends: shared/peple\nconnection: crm\n")] == ["unknown-base"]
    assert [code for _, code, _, _ in said("extends: a\n", {"a": "extends: a\n"})] == ["extends-itself"]
    rules = "rules: {job_title: {max_length: 3}}\n"
    found = said(f"extends: nowhere\nconnection: crm\n{rules}")
    assert [(line, code) for line, code, _, _ in found] == [(1, "unknown-base"), (3, "missing-key")]
