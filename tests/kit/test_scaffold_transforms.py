"""What `syncline new transforms` writes works at once."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import syncline
from model.errors import ConfigurationError
from syncline.scaffold.transforms import scaffold_transforms

ROOT = Path(syncline.__file__).parents[1]


def test_a_new_package_passes_its_own_tests_and_is_found_by_its_entry_point(tmp_path):
    files = scaffold_transforms("blue_fish", tmp_path)
    home = tmp_path / "syncline-blue-fish-transforms"
    assert all(path.is_file() for path in files)
    assert not [path for path in files if "acme" in path.name.lower() + path.read_text("utf-8").lower()]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{home}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "passed" in run.stdout
    project = tomllib.loads((home / "pyproject.toml").read_text("utf-8"))["project"]
    points = project["entry-points"]["syncline.transforms"]
    assert points == {"blue_fish.article": "syncline_blue_fish_transforms.numbers:ARTICLE"}
    facts = home / "syncline_blue_fish_transforms-0.1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n")
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (facts / "entry_points.txt").write_text(f"[syncline.transforms]\n{lines}")
    command = [sys.executable, "-m", "syncline", "mappings", "transforms", "blue_fish.article"]
    run = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert "blue_fish.article: the number of an article. It goes both ways." in run.stdout, run.stderr


def test_a_new_package_never_overwrites_what_is_there(tmp_path):
    mine = scaffold_transforms("acme", tmp_path)[0]
    mine.write_text("my work")
    with pytest.raises(ConfigurationError, match="there already"):
        scaffold_transforms("acme", tmp_path)
    assert mine.read_text() == "my work"


@pytest.mark.parametrize("name", ["", "Acme", "../up", "a b", "class", "1st", "x" * 99])
def test_a_name_that_python_cannot_import_is_refused(name, tmp_path):
    with pytest.raises(ConfigurationError, match="lower-case"):
        scaffold_transforms(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
