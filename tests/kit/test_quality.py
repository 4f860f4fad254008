"""``quality.yaml`` is complete, honest where facts can tell, and wrong input is told apart."""

import pytest

from syncline.scaffold.acme.connector import AcmeConnector
from syncline.sdk import Stream
from syncline.testing import RULES, check_quality

GOOD = dict.fromkeys(RULES, "done")


def findings(tmp_path, rules, streams=()):
    path = tmp_path / "quality.yaml"
    path.write_text("\n".join(f"{rule}: {value}" for rule, value in rules.items()))
    return [(found.code, found.path) for found in check_quality(path, streams)]


def test_a_file_with_every_rule_done_or_exempt_with_a_reason_is_fine(tmp_path):
    assert findings(tmp_path, {**GOOD, "removes": "{exempt: the API has no deletion}"}, AcmeConnector.streams) == []


def test_a_missing_an_unknown_and_an_unreasoned_rule_are_all_found_at_once(tmp_path):
    rules = {**GOOD, "chekc": "done", "removes": "{exempt: ' '}", "writes": "todo"}
    del rules["check"]
    assert set(findings(tmp_path, rules)) == {
        ("unknown-rule", "chekc"),
        ("missing-rule", "check"),
        ("no-reason", "removes"),
        ("no-reason", "writes"),
    }


def test_what_the_facts_contradict_cannot_be_called_done(tmp_path):
    assert ("contradicted", "writes") in findings(tmp_path, GOOD, [Stream(name="a")])


@pytest.mark.parametrize("text", ["a: b: c", "- check", "{", "", "\x00"])
def test_a_file_that_is_no_mapping_is_a_finding_not_a_stack_trace(tmp_path, text):
    path = tmp_path / "quality.yaml"
    path.write_text(text)
    assert [found.code for found in check_quality(path)] in (["unreadable"], ["not-a-mapping"])
    assert [found.code for found in check_quality(tmp_path / "none.yaml")] == ["unreadable"]
