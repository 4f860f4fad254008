"""Whatever is in a mapping file, it ends in a mapping or in diagnostics with places, soon and cheaply."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import Field, FieldType
from mappings.compile import load
from model.diagnostics import Severity
from model.entities import schemas
from syncline.settings import load_project

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "mappings" / "library").rglob("*.yaml"))
CONFIG = ROOT / "config.example.yaml"
SCHEMAS = schemas()
FIELDS = [
    Field(name="Id", type=FieldType.INTEGER, creatable=False, updatable=False),
    Field(name="LastName", required=True, max_length=80, label="Last Name"),
    Field(name="Status", type=FieldType.CHOICE, choices=("A", "B"), restricted=True),
    Field(name="address", type=FieldType.OBJECT),
]
MOST_SECONDS, MOST_MEGABYTES = 2.0, 200

SNIPPETS = [
    *(bytes([sign]) for sign in b"\t\x00\r#@`~,"),
    *(b"\xff\xfe", b"\xed\xa0\x80", b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xc2\xa0", b"\xe2\x80\x8b"),
    *("“”".encode(), "о".encode(), b"\\u0000", b"'", b'"', b"|\n", b">-\n", b"%YAML 1.2\n", b"\n\n---\n"),
    *(b": ", b"- ", b"? ", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"!!int ", b"!x ", b"<<: ", b": : :"),
    *(b"null", b"yes", b"1e999", b"0x", b"9" * 400, b"-" * 30, b"*" * 60, b"[" * 50, b"{a: " * 45),
    *(b"\n   ", b"\n      - x", b"rules:\n", b"a.b.c[*].d", b"[*]", b".."),
    *(b"  each: {key: id, rules: {sku: sku}}\n", b"  values: {a: [b, {c: d}]}\n"),
]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The bytes with one to five accidents."""
    for _ in range(dice.randint(1, 5)):
        at = dice.randrange(len(data) + 1)
        end = min(len(data), at + dice.choice((0, 1, 1, 2, 5, 20, 200)))
        kind = dice.randrange(7)
        if kind == 0:
            data = data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + data[end:]
        elif kind == 2:
            data = data[:end] + data[at:]
        elif kind == 3:
            data = data[:at]
        elif kind == 4:
            lines = data.split(b"\n")
            one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
            lines[one], lines[other] = lines[other], lines[one]
            data = b"\n".join(lines)
        elif kind == 5:
            word = dice.choice(data.split() or [b""])
            data = data[:at] + word + data[at:]
        else:
            data = data[:at] + dice.choice(SNIPPETS) * dice.choice((1, 1, 1, 3, 30)) + data[at:]
    return data


def check_mapping(text: str, what: object) -> None:
    begun = time.process_time()
    for fields in (None, FIELDS):
        mapping, found = load(text, "people.yaml", SCHEMAS, fields)
        errors = [one for one in found if one.severity is Severity.ERROR]
        assert (mapping is None) == bool(errors), what
        assert all(one.code and one.message and one.file and one.line and one.column for one in found), what
        lines = text.count("\n") + text.count("\r") + 2
        assert all(one.line <= lines or not text.isprintable() for one in found), what
        assert len({str(one) for one in found}) == len(found), (what, "something is said twice")
    assert time.process_time() - begun < 2 * MOST_SECONDS, what


def check_config(data: bytes, folder: Path, what: object) -> None:
    (folder / "config.yaml").write_bytes(data)
    begun = time.process_time()
    project, found = load_project(folder, environment={})
    assert (project is None) == any(one.severity is Severity.ERROR for one in found), what
    assert time.process_time() - begun < MOST_SECONDS, what


def fuzz(seed: int, rounds: int, folder: Path) -> None:
    (folder / "mappings").mkdir(exist_ok=True)
    for number in range(rounds):
        dice = random.Random(f"{seed}:{number}")
        path = dice.choice([*SHIPPED, CONFIG])
        data = mutated(path.read_bytes(), dice)
        what = (path.name, seed, number)
        if path == CONFIG:
            check_config(data, folder, what)
            continue
        check_mapping(data.decode("utf-8", dice.choice(("replace", "surrogateescape"))), what)


def test_accidents_in_the_shipped_files_end_in_diagnostics(tmp_path):
    fuzz(int(os.environ.get("SYNCLINE_SEED", "1")), 60, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_many_accidents_in_the_shipped_files_end_in_diagnostics(tmp_path, seed):
    fuzz(seed + 1000 * int(os.environ.get("SYNCLINE_SEED", "1")), 1500, tmp_path)


WORDS = """mapping connection stream entity match strong scored weights blocks filter in out rules field fields
transform values unknown each key value reference default given_name emails[work] lines tags account gender path is"""
NAMES = st.sampled_from([*WORDS.split(), "full_name, given_name, family_name"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | NAMES
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4)
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=TREES, rules=TREES, entity=st.sampled_from([*SCHEMAS, "contcat", ""]))
def test_known_words_in_unknown_places_end_in_diagnostics(tree, rules, entity):
    """JSON is YAML: any tree of the words of the language is a file."""
    whole = {"connection": "crm", "stream": "Contact", "entity": entity, "rules": rules}
    for data in (tree, {**whole, **tree} if isinstance(tree, dict) else whole):
        check_mapping(json.dumps(data, allow_nan=False) if finite(data) else "x: .nan", data)


def finite(data) -> bool:
    try:
        json.dumps(data, allow_nan=False)
    except ValueError:
        return False
    return True


HEAD = "connection: crm\nstream: Contact\nentity: contact\nrules:\n"


@pytest.mark.parametrize(
    ("own", "base", "code"),
    [
        ("extends: base\nrules:\n" + "".join(f'  "emails[k{n}]": G\n' for n in range(5000)), None, None),
        ("extends: [" + ", ".join(f"b{n}" for n in range(3000)) + "]\n", None, "too-large"),
        ("extends: [a, a]\n", "extends: [a, a]\n", "extends-itself"),
        (
            "extends: [b1, b2, b3, b4, b5]\n",
            "extends: [{0}1, {0}2, {0}3, {0}4, {0}5, {0}6]\n" + "#" * 5000,
            "too-large",
        ),
    ],
)
def test_files_that_extend_much_or_many_times_cost_no_more_than_others(own, base, code):
    large = HEAD + "".join(f'  "emails[k{n}]": F\n' for n in range(5000))
    begun = time.process_time()
    text = large if base is None else base
    found = load(own, "own.yaml", SCHEMAS, None, lambda name: (text.replace("{0}", name), f"{name}.yaml"))[1]
    assert code is None or code in {one.code for one in found}
    assert time.process_time() - begun < 2 * MOST_SECONDS


def monsters(*names: str) -> list[dict]:
    """Measured in a process of its own, which may not have more than its bound of memory at all."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({4 * MOST_MEGABYTES << 20},) * 2)"
    run = f"sys.argv[1:] = {list(names)!r}; runpy.run_path('tests/mappings/monsters.py', None, '__main__')"
    program = f"import runpy, sys; {limit}; {run}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def held(results: list[dict]) -> None:
    assert results
    for result in results:
        assert result["found"] >= 1, result
        assert result["seconds"] < MOST_SECONDS, result
        assert result["mb"] < MOST_MEGABYTES, result


def test_bombs_cost_neither_time_nor_memory():
    held(monsters("aliases that multiply", "ten thousand brackets", "five megabytes", "many unknown paths", "zeros"))


@pytest.mark.slow
def test_monsters_of_all_kinds_cost_neither_time_nor_memory():
    results = monsters()
    held(results)
    assert len(results) > 70
    assert max(result["said"] for result in results if "config" not in result["name"]) < 120_000
