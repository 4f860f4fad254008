"""Words: one per concept, vendors only where vendors live, and nothing of anybody's machine."""

from __future__ import annotations

import ast
import codecs
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("syncline", "connectors", "mappings", "model", "sync", "state")

FORBIDDEN = {
    "tap": "connector",
    "adapter": "connector",
    "etag": "version",
    "href": "key",
    "checksum": "fingerprint",
    "golden": "canonical",
    "crosswalk": "link",
    "dedupe": "correlate",
    "lookback": "overlap",
    "bookmark": "watermark",
    "quarantine": "dead letter",
    "normalize": "project",
    "denormalize": "render",
    "backend": "connection",
    "collision": "conflict",
    "mock": "fake",
    "helper": "a name that says what it does",
    "util": "a name that says what it does",
}
"""Words that public names must not be made of, and the ones used instead (`docs/glossary.md`)."""

GIVEN_BY_OTHERS = {"RequestsAdapter", "requests_adapter", "HTTPAdapter"}
"""Names that libraries fix: requests calls what carries its sessions an adapter."""

VENDORS = re.compile(
    "salesforce|shopify|hubspot|dynamics|dataverse|zoho|netsuite|siebel|odoo|woocommerce|magento|tryton|hybris"
    "|northwind|adventureworks",
    re.IGNORECASE,
)
CONNECTOR = re.compile("connectors/[a-z0-9]+/")
VENDORS_LIVE_IN = (
    "mappings/library/",
    "syncline/sandbox/",
    "syncline/demo/",
    "syncline/init/",
    "syncline/wiring.py",
    "syncline/catalogue.py",
    "syncline/cli/",
)
PLACES = [r"/wor[k]/", r"/tm[p]/(?!\S*\{)", r"/hom[e]/\w", r"/roo[t]/", r"file:/[/]/", r"--?(?:extra-)?index[-_]ur[l]="]
# Spelt backwards by letter, so that this file does not itself say what no file may say.
_BACKWARDS = r"clcv\.bet|svyrf\.clgubaubfgrq|PungTCG|BcraNV|Naguebcvp|Pynhqr|Pbcvybg|YYZ|cebzcg ratvarrevat"
HOSTS_AND_MAKERS = rf"\b(?:{codecs.decode(_BACKWARDS, 'rot13')})\b"


def sources():
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def public_names(tree):
    """Names of classes, functions, their arguments and attributes that do not begin with an underscore."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name
            if isinstance(node, ast.FunctionDef):
                yield from (argument.arg for argument in [*node.args.args, *node.args.kwonlyargs])
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id[0] != "_":
            yield node.target.id


def words(name):
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def test_public_names_use_the_glossary_s_words():
    found = {
        f"{path.relative_to(ROOT)}: {name} (say {FORBIDDEN[word]})"
        for path in sources()
        for name in public_names(ast.parse(path.read_text()))
        for word in words(name) & FORBIDDEN.keys()
        if name not in GIVEN_BY_OTHERS
    }
    assert found == set()


def test_modules_are_not_named_by_forbidden_words():
    assert [str(path) for path in sources() if words(path.stem) & FORBIDDEN.keys()] == []


def said(path):
    """Names, imports and texts in the code of a file; docstrings may give examples and are left out."""
    tree = ast.parse(path.read_text())
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield node.lineno, node.value


def test_vendors_are_named_only_where_vendors_live():
    strangers = {
        f"{name}:{line}"
        for path in sources()
        for name in [path.relative_to(ROOT).as_posix()]
        if not name.startswith(VENDORS_LIVE_IN) and not CONNECTOR.match(name)
        for line, text in said(path)
        if VENDORS.search(text)
    }
    assert strangers == set()


def test_the_engine_and_the_store_name_no_entity():
    """They treat every entity alike."""
    entity = re.compile(r"accounts?|contacts?|leads?|opportunit(?:y|ies)|activit(?:y|ies)")
    named = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources()
        if path.relative_to(ROOT).parts[0] in {"sync", "state"}
        for line, text in said(path)
        if entity.fullmatch(text)
    }
    assert named == set()


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: there is no list of what belongs to the product")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_no_file_speaks_of_anybody_s_machine_or_of_how_it_was_written():
    here = Path(__file__).resolve()
    rules = [*PLACES, HOSTS_AND_MAKERS]
    found = []
    for path in tracked():
        if path.resolve() == here or path.suffix in {".csv", ".png"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {hit[0]!r}" for rule in rules for hit in re.finditer(rule, text)]
    assert found == []
