"""Transforms of other packages: found by entry point, held to the same manners, and never in the way of others."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mappings.compile import Compiled, load
from mappings.contract import RenderRequest
from mappings.transforms import packages
from mappings.transforms.registry import TRANSFORMS
from model.entities import schemas
from model.records import Record
from syncline.cli.main import app

CODE = """
from syncline.sdk import Entry, Example, Kind, OptionError, Transform, UnfitError

def article(digits=6):
    if digits == 0:
        raise OptionError("digits is at least 1", option="digits", hint="digits: 6")
    if digits == "boom":
        raise RuntimeError("oh")
    if digits == "none":
        return None
    def forward(value):
        if value == "A-x":
            raise RuntimeError(f"secret {value}")
        if not value.startswith("A-"):
            raise UnfitError("not-an-article", "is not the number of an article")
        return value[2:]
    return Transform(name="acme.article", forward=forward, back=lambda v: "A-" + v, kinds=frozenset({Kind.TEXT}))

ARTICLE = Entry(make=article, main="digits", summary="an article", options={"digits": "how many"},
                examples=(Example(record="A-1", canonical="1"),))

def several():
    return {"acme.one": ARTICLE, "trim": ARTICLE, "Bad Name": ARTICLE, "acme.text": "no entry"}

NUMBER = 5
def broken():
    raise RuntimeError("no licence")
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A function that makes a package of these entry points findable, as an installed one is."""

    def make(package: str = "acme", version: str = "1.0", **points: str) -> None:
        (tmp_path / f"{package}_transforms.py").write_text(CODE, encoding="utf-8")
        facts = tmp_path / f"{package}-{version}.dist-info"
        for old in tmp_path.glob(f"{package}-*.dist-info"):
            old.rename(facts)
        facts.mkdir(exist_ok=True)
        (facts / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n", encoding="utf-8"
        )
        lines = [f"{name.replace('__', '.')} = {package}_transforms:{value}" for name, value in points.items()]
        (facts / "entry_points.txt").write_text("\n".join(["[syncline.transforms]", *lines, ""]), encoding="utf-8")
        packages.look_again()

    monkeypatch.syspath_prepend(tmp_path)
    yield make
    for name in [name for name in sys.modules if name.endswith("_transforms")]:
        del sys.modules[name]
    monkeypatch.undo()
    packages.look_again()


def loaded(transform: str) -> tuple[Compiled | None, list[str]]:
    text = f"connection: crm\nstream: C\nentity: contact\nrules:\n  nickname: {{field: X, transform: {transform}}}\n"
    compiled, found = load(text, "crm.yaml", schemas())
    return compiled, [str(one) for one in found]


def compiled_with(transform: str) -> Compiled:
    compiled, found = loaded(transform)
    assert compiled is not None, found
    return compiled


def test_a_rule_uses_a_transform_of_a_package_both_ways(install):
    install(acme__article="ARTICLE")
    compiled = compiled_with("acme.article")
    assert compiled.project([Record("1", {"X": "A-17"})])[0].values == {"nickname": "17"}
    request = RenderRequest({"nickname": "17"}, None, lambda stream, entity: None)
    assert compiled.render([request])[0].fields == {"X": "A-17"}


def test_what_its_code_raises_is_a_problem_of_that_value_alone(install):
    install(acme__article="ARTICLE")
    compiled = compiled_with("{acme.article: 4}")
    good, refused, failed = compiled.project([Record(str(at), {"X": x}) for at, x in enumerate(["A-1", "B", "A-x"])])
    assert good.values == {"nickname": "1"}
    assert [one.code for one in refused.problems] == ["not-an-article"]
    assert [one.code for one in failed.problems] == ["transform-failed"]
    assert "acme.article of acme 1.0" in failed.problems[0].message
    assert "secret" not in failed.problems[0].message


@pytest.mark.parametrize(
    ("transform", "said"),
    [
        ("{acme.article: 0}", "digits is at least 1 (digits: 6)"),
        ("{acme.article: {digit: 4}}", "did you mean 'digits'?"),
        ("{acme.article: boom}", "acme.article of acme 1.0 fails with these options: RuntimeError"),
        ("{acme.article: none}", "acme.article of acme 1.0 makes no transform"),
        ("acme.artcle", "there is no transform 'acme.artcle' (did you mean 'acme.article'?"),
    ],
)
def test_what_is_written_wrongly_is_explained_as_for_any_other(install, transform: str, said: str):
    install(acme__article="ARTICLE")
    compiled, found = loaded(transform)
    assert compiled is None
    assert len(found) == 1
    assert found[0].startswith("crm.yaml:5:")
    assert said in found[0]


def test_a_new_version_of_the_package_is_another_version_of_the_mapping(install):
    install(acme__article="ARTICLE")
    before = compiled_with("acme.article").version
    assert compiled_with("acme.article").version == before
    install(version="1.1", acme__article="ARTICLE")
    assert compiled_with("acme.article").version != before


def test_a_package_that_cannot_be_loaded_is_named_where_it_is_needed(install):
    install(acme__lost="MISSING", acme__broken="broken", acme__number="NUMBER")
    for name, why in (("lost", "AttributeError"), ("broken", "RuntimeError: no licence"), ("number", "TypeError")):
        compiled, found = loaded(f"acme.{name}")
        assert compiled is None
        assert f"'acme.{name}' of acme 1.0 cannot be loaded: {why}" in found[0]
    assert "acme 1.0 cannot be loaded" in loaded("acme.other")[1][0]
    assert loaded("trim")[1] == []


def test_a_function_brings_several_of_which_the_good_ones_count(install):
    install(anything="several")
    assert compiled_with("acme.one").source.rules[0].transforms[0].origin == "acme 1.0"
    assert "is not an Entry" in loaded("acme.text")[1][0]
    assert compiled_with("trim").project([Record("1", {"X": " a "})])[0].values == {"nickname": "a"}


def test_a_name_that_two_packages_claim_is_nobody_s(install):
    install(acme__article="ARTICLE")
    install("other", acme__article="ARTICLE")
    compiled, found = loaded("acme.article")
    assert compiled is None
    assert "is claimed by acme 1.0 and other 1.0 (uninstall one of them)" in found[0]


def test_nothing_is_imported_as_long_as_built_in_ones_do(install):
    install(acme__article="ARTICLE")
    compiled_with("[trim, lower]")
    assert "acme_transforms" not in sys.modules


def test_the_command_lists_them_with_their_package_and_what_is_wrong(install, tmp_path):
    install(acme__article="ARTICLE", anything="several", acme__lost="MISSING")
    shown = CliRunner().invoke(app, ["mappings", "transforms", "--json"])
    rows = {row["name"]: row for row in json.loads(shown.stdout)}
    assert set(TRANSFORMS) <= set(rows)
    assert (rows["acme.article"]["package"], rows["acme.article"]["ways"]) == ("acme 1.0", "both ways")
    assert (rows["title"]["package"], rows["title"]["ways"]) == ("syncline", "in only")
    assert "cannot be loaded" in rows["acme.lost"]["problem"]
    assert "built-in transform" in shown.stdout
    told = CliRunner().invoke(app, ["mappings", "transforms", "acme.article"])
    assert "acme.article: an article. It goes both ways." in told.stdout
    assert "A-1" in told.stdout
    unknown = CliRunner().invoke(app, ["mappings", "transforms", "acme.artcle"])
    assert unknown.exit_code == 2
    assert "did you mean 'acme.article'?" in unknown.stderr
