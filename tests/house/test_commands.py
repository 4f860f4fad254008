"""The commands of the house: make, the lock, what every change has to pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def targets():
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_make_offers_what_people_and_ci_call():
    assert targets() >= {"demo", "test", "test-slow", "test-slow-sample", "lint", "bench", "lock", "clean"}


def test_every_target_that_makes_no_file_is_phony():
    [phony] = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(phony.split()) == targets()


def test_what_every_change_has_to_pass_runs_the_tests_a_sample_stories_and_the_demonstration():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    called = re.findall(r"^make ([^|\n]*[^| \n])", script.read_text(), re.MULTILINE)
    assert called == ["test", "test-slow-sample", "soak SEEDS=1000", "demo"]


def pins():
    text = (ROOT / "requirements.lock").read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+) \\$", text, re.MULTILINE))


def test_the_lock_holds_every_declared_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    declared = {
        re.sub(r"[._]+", "-", re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower())
        for requirement in [*project["dependencies"], *extras["dev"], *extras["postgres"]]
    }
    assert declared <= {name.replace(".", "-") for name in pins()}


def test_every_pin_has_hashes_and_the_lock_names_no_place_it_was_made_at():
    text = (ROOT / "requirements.lock").read_text()
    assert text.count("==") == len(pins()), "a line is not of the form name==version with hashes"
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)


def sample(folder, **environment):
    return subprocess.run(
        [sys.executable, ROOT / ".ci" / "slow_sample.py"],
        cwd=folder,
        env={**os.environ, "PYTEST_ADDOPTS": "-p no:cacheprovider", "WORKERS": "0", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = slow: slow\n")
    return tmp_path


def test_without_slow_tests_the_sample_says_so_and_passes(folder):
    (folder / "test_quick.py").write_text("def test_quick(): pass\n")
    ended = sample(folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "no slow tests" in ended.stdout


def test_the_sample_fails_with_a_failing_test_and_says_how_to_repeat_it(folder):
    (folder / "test_slow.py").write_text("import pytest\n@pytest.mark.slow\ndef test_a(): assert False\n")
    ended = sample(folder, SEED="7")
    assert ended.returncode == 1
    assert "SEED=7 make test-slow-sample" in ended.stderr


def test_the_sample_fails_where_tests_cannot_be_collected(folder):
    (folder / "test_slow.py").write_text("import nothing_of_that_name\n")
    assert sample(folder).returncode != 0


def test_the_sample_gives_its_seed_to_the_tests_and_runs_each_once(folder):
    (folder / "test_slow.py").write_text(
        "import os, pathlib, pytest\n"
        "@pytest.mark.slow\n"
        "@pytest.mark.parametrize('i', range(5))\n"
        "def test_a(i):\n"
        "    assert os.environ['SYNCLINE_SEED'] == '7'\n"
        "    pathlib.Path(f'ran-{i}').touch(exist_ok=False)\n"
    )
    ended = sample(folder, SEED="7")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(list(folder.glob("ran-*"))) == 5
    assert "5 of 5 slow tests passed" in ended.stdout


def test_no_time_left_is_no_failure(folder):
    (folder / "test_slow.py").write_text("import pytest\n@pytest.mark.slow\ndef test_a(): assert False\n")
    ended = sample(folder, BUDGET="0")
    assert ended.returncode == 0
    assert "0 of 1" in ended.stdout
