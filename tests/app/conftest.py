"""A command line to call, and projects to call it in."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model.clock import ManualClock
from syncline.cli.main import app
from syncline.init.compose import STARTER, compose
from syncline.wiring import World


@dataclass
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@dataclass
class Cli:
    """The command line in one project folder, in a world that tests may change."""

    folder: Path
    world: World = field(default_factory=lambda: World(clock=ManualClock(), environment={}))

    def __call__(self, *words: str, code: int | None = 0, typed: str | None = None) -> Said:
        result = CliRunner().invoke(app, ["--project", str(self.folder), *words], obj=self.world, input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        said = Said(result.exit_code, result.stdout, result.stderr)
        assert code is None or said.code == code, f"{words}: {said}"
        return said


@pytest.fixture
def starter(tmp_path):
    """The sample project as `syncline init` writes it."""
    compose(tmp_path / "project", [STARTER])
    return tmp_path / "project"


@pytest.fixture
def cli(starter):
    return Cli(starter)


@pytest.fixture
def write(tmp_path):
    """Write a project of one's own: file name → text."""

    def write(files: dict[str, str]) -> Path:
        folder = tmp_path / "own"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def make_cli():
    return Cli
