"""The floors of the house: what may import what, and what every package carries."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("syncline", "connectors", "mappings", "model", "sync", "state")


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_imports_only_go_downwards():
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    ended = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_real_typed_shipped_and_says_what_it_is_for(package):
    folder = ROOT / package
    assert (folder / "py.typed").is_file(), "without it, types vanish for authors of connectors"
    first = (folder / "__init__.py").read_text().splitlines()[0]
    assert first.startswith('"""')
    assert package in project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert f"/{package}" in project()["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert package in project()["tool"]["mypy"]["files"]
    assert package in project()["tool"]["importlinter"]["root_packages"]


def test_no_package_lies_at_the_root_that_the_wheel_forgets():
    at_root = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert at_root - set(PACKAGES) <= {"bench"}


def test_every_folder_of_code_is_a_package():
    without = [
        str(folder.relative_to(ROOT))
        for package in PACKAGES
        for folder in {path.parent for path in (ROOT / package).rglob("*.py")}
        if not (folder / "__init__.py").is_file() and not ({"migrations", "templates", "template"} & set(folder.parts))
    ]
    assert without == []


def test_tests_are_no_package_because_a_mirrored_tree_would_shadow_the_product():
    assert [str(path) for path in (ROOT / "tests").rglob("__init__.py")] == []


def test_every_connector_has_a_folder_with_its_parts():
    for module in sorted((ROOT / "connectors").glob("*/connector.py")):
        folder = module.parent
        assert (folder / "quality.yaml").is_file(), folder.name
        assert (ROOT / "mappings" / "library" / folder.name).is_dir(), f"no default mappings for {folder.name}"
        assert list((ROOT / "tests").rglob(f"*{folder.name}*")), f"no tests for {folder.name}"


def test_the_version_is_written_once_in_two_places_that_agree():
    namespace: dict[str, str] = {}
    exec((ROOT / "syncline" / "__init__.py").read_text(), namespace)
    assert namespace["__version__"] == project()["project"]["version"]
