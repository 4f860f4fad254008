"""What `syncline new` writes works at once."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import syncline
from model.errors import ConfigurationError
from syncline.scaffold import scaffold_connector

ROOT = Path(syncline.__file__).parents[1]


def python(*arguments, at):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=at, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_new_connector_passes_its_own_tests_and_is_found_by_its_entry_point(tmp_path):
    files = scaffold_connector("blue_fish", tmp_path)
    home = tmp_path / "syncline-blue-fish"
    assert all(path.is_file() for path in files)
    assert not [path for path in files if "acme" in path.name.lower() + path.read_text("utf-8").lower()]
    run = python("-m", "pytest", "-q", "-p", "no:cacheprovider", at=home)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "passed" in run.stdout
    points = tomllib.loads((home / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    module, _, name = points["syncline.connectors"]["blue_fish"].partition(":")
    run = python("-c", f"from {module} import {name}; print({name}.name)", at=home)
    assert run.stdout.strip() == "blue_fish"


def test_a_new_connector_never_overwrites_what_is_there(tmp_path):
    (mine,) = [path for path in scaffold_connector("acme", tmp_path) if path.name == "connector.py"]
    mine.write_text("my work")
    with pytest.raises(ConfigurationError, match="there already"):
        scaffold_connector("acme", tmp_path)
    assert mine.read_text() == "my work"


@pytest.mark.parametrize("name", ["", "Acme", "../up", "a b", "class", "1st", "ä", "x" * 99])
def test_a_name_that_python_cannot_import_is_refused(name, tmp_path):
    with pytest.raises(ConfigurationError, match="lower-case"):
        scaffold_connector(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
