"""Sizes and suppressions. An exception is listed with its size, and may only shrink."""

from __future__ import annotations

import ast
import re
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("syncline", "connectors", "mappings", "model", "sync", "state")
MAX_FILE = 400
MAX_FUNCTION = 60

LONG_FILES: dict[str, int] = {}
"""Files longer than the bound, with the length they may not exceed."""

LONG_FUNCTIONS: dict[str, int] = {}
"""Functions longer than the bound (``file::name``), with the length they may not exceed."""

UNEXPLAINED = {
    "connectors/salesforce/soql.py": 2,
    "syncline/sandbox/salesforce/soql.py": 1,
    "syncline/testing/__init__.py": 2,
    "syncline/testing/reading.py": 4,
    "syncline/testing/writing.py": 1,
}
"""Suppressions without a reason, by file, as many as there may be at most."""

SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no cover|nosec|fmt:\s*(?:off|skip))(.*)", re.IGNORECASE)
EXPLAINED = {
    "noqa": re.compile(r":\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*\s*(?:\(|#|-|–)\s*\S+"),
    "type: ignore": re.compile(r"\[[a-z-]+(?:,\s*[a-z-]+)*\]\s*(?:\(|#|-|–)\s*\S+"),
}


def sources():
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def functions():
    """Name and length of every function. Migrations are lists of tables, and are left out."""
    for path in sources():
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{name_of(path)}::{node.name}", node.end_lineno - node.lineno + 1


def unexplained():
    """Suppressions without a code and a reason, as places."""
    for path in sources():
        with path.open("rb") as file:
            comments = [token for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]
        for comment in comments:
            found = SUPPRESSION.search(comment.string)
            if found is None or found[1].lower().startswith("fmt"):
                continue
            explained = EXPLAINED.get(re.sub(r":\s*", ": ", found[1].lower()))
            if explained is None or not explained.match(found[2]):
                yield name_of(path), f"{name_of(path)}:{comment.start[0]} {comment.string}"


def test_no_file_outgrows_its_bound():
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in sources()}
    too_long = {name: length for name, length in lengths.items() if length > LONG_FILES.get(name, MAX_FILE)}
    assert too_long == {}


def test_no_function_outgrows_its_bound():
    too_long = {name: length for name, length in functions() if length > LONG_FUNCTIONS.get(name, MAX_FUNCTION)}
    assert too_long == {}


def test_exceptions_that_are_no_longer_needed_are_taken_off_the_list():
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in sources()}
    assert [name for name in LONG_FILES if 0 < lengths.get(name, 0) <= MAX_FILE] == []
    sizes: dict[str, int] = {}
    for name, length in functions():
        sizes[name] = max(length, sizes.get(name, 0))
    assert [name for name in LONG_FUNCTIONS if sizes.get(name, 0) <= MAX_FUNCTION] == []
    bare = {name for name, _ in unexplained()}
    assert [name for name in UNEXPLAINED if name not in bare and (ROOT / name).exists()] == []


def test_every_suppression_carries_a_code_and_a_reason():
    found: dict[str, list[str]] = {}
    for name, place in unexplained():
        found.setdefault(name, []).append(place)
    assert {name: places for name, places in found.items() if len(places) > UNEXPLAINED.get(name, 0)} == {}


def test_no_module_is_named_after_nothing_in_particular():
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
    assert [name_of(path) for path in sources() if vague & {path.stem, path.parent.name}] == []
