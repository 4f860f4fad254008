"""What is stored and compared between processes is the same in every process, whatever order things come in."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from mappings.compile import Compiled, load
from model.entities import schemas
from model.records import Record

ROOT = Path(__file__).parents[2]

RULES = """\
connection: crm
stream: Contact
entity: contact
rules:
  given_name: First
  family_name: name.last
  tags: {field: Tags, list: set}
  "emails[work]": Mail
"""

IN_A_PROCESS = """
import json, sys
from mappings.compile import load
from model.entities import schemas
from model.records import Record
from state.codec import dump, dump_any, match_key
compiled, _ = load(sys.argv[1], "crm.yaml", schemas())
records = [Record(str(at), data) for at, data in enumerate(json.loads(sys.argv[2]))]
print(json.dumps({
    "version": compiled.version,
    "prints": compiled.fingerprints(records),
    "reads": sorted(compiled.reads),
    "set": dump_any({"s": {"b", "a", "c", "d"}, "f": frozenset(["y", "x"])}),
    "values": [dump(projection.values) for projection in compiled.project(records)],
    "key": match_key("k" * 1000),
}))
"""

RECORDS: list[dict[str, Any]] = [
    {"First": "Ana", "name": {"last": "Trujillo", "first": "A"}, "Tags": ["b", "a"], "Mail": "ana@example.com"},
    {"Mail": None, "First": "Bo", "Tags": [], "other": {"y": 1, "x": {"b": 2, "a": 3}}},
]


@cache
def compiled() -> Compiled:
    found, problems = load(RULES, "crm.yaml", schemas())
    assert found is not None, problems
    return found


def test_every_process_makes_the_same_of_the_same_records() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", IN_A_PROCESS, RULES, json.dumps(RECORDS)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(said) == 1
    (one,) = said
    assert json.loads(one)["prints"] == compiled().fingerprints([Record("", data) for data in RECORDS])


leaves = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.text(max_size=3))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
)


def turned(value: Any) -> Any:
    """The same value with every object's keys the other way round."""
    if isinstance(value, dict):
        return {name: turned(item) for name, item in reversed(value.items())}
    return [turned(item) for item in value] if isinstance(value, list) else value


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("First", "name", "Tags", "Mail", "Extra"), trees)))
@example({"First": {"": -(2**63) - 1, "0": None}})  # a number that takes the slow way
def test_the_order_of_keys_at_any_depth_is_no_news(data: dict[str, Any]) -> None:
    first, second = compiled().fingerprints([Record("1", data), Record("2", turned(data))])
    assert first == second


flat = st.fixed_dictionaries({}, optional=dict.fromkeys(("First", "Mail"), st.text(max_size=3) | st.none()))


@given(flat, flat)
def test_records_that_differ_in_a_mapped_field_have_other_fingerprints(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    first, second = compiled().fingerprints([Record("1", one), Record("2", other)])
    assert (first == second) == (one == other)
