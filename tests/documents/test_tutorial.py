"""Tutorials are done as they are written: every command is run, every edit is made, what they show is what comes."""

import re
import shlex
import shutil
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from syncline.cli.main import app

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
BLOCK = re.compile(r"^```(console|diff)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILES = {"prospects.csv": ROOT / "syncline/demo/data/adventureworks_prospects.csv"}


def steps(text):
    """Commands with what they say, and edits: ("$", command, lines), ("edit", file, lines)."""
    for block in BLOCK.finditer(text):
        lines = block[2].splitlines()
        if block[1] == "diff":
            file = re.findall(r"`([\w./-]+\.(?:yaml|csv))`", text[: block.start()])[-1]
            yield "edit", file, lines
            continue
        for part in re.split(r"^\$ ", block[2], flags=re.MULTILINE)[1:]:
            command, *said = part.splitlines()
            yield "$", command, said


def pattern(lines):
    """What is shown as an expression; a line that is only … stands for any lines, … in a line for any text."""
    shown = [line for line in lines if line]
    parts = [r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r" *\n" for line in shown]
    return "".join(parts)


def edited(text, lines):
    """The text after an edit, as a diff shows it."""
    before = "".join(f"{line[1:]}\n" for line in lines if line[:1] in " -")
    after = "".join(f"{line[1:]}\n" for line in lines if line[:1] in " +")
    assert text.count(before) == 1, f"the edit does not fit:\n{before}"
    return text.replace(before, after)


def run(words):
    """What a command says on both channels, in order."""
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said), pytest.raises(SystemExit):
        app(words, prog_name="syncline")
    return re.sub(r"\n+", "\n", said.getvalue())


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_can_be_followed_word_by_word(tutorial, tmp_path, monkeypatch):
    for name, source in FILES.items():
        shutil.copy(source, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    done = 0
    for kind, what, lines in steps(tutorial.read_text(encoding="utf-8")):
        if kind == "edit":
            path = Path(what)
            path.write_text(edited(path.read_text(encoding="utf-8"), lines), encoding="utf-8")
            continue
        program, *words = shlex.split(what)
        if program == "cd":
            monkeypatch.chdir(Path.cwd() / words[0])
            continue
        assert program == "syncline"
        said = run(words)
        assert re.fullmatch(pattern(lines), said), f"{what}\nsays:\n{said}\nand not:\n" + "\n".join(lines)
        done += 1
    assert done >= 5


def test_what_a_tutorial_shows_of_a_file_is_in_it(tmp_path, monkeypatch):
    """The proposal shown in the first tutorial is the one that is written."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(FILES["prospects.csv"], "prospects.csv")
    run(["init", "fair", "--file", "prospects.csv"])
    run(["--project", "fair", "mappings", "suggest", "files", "prospects", "--entity", "contact"])
    text = (ROOT / "docs/tutorials/first-mapping.md").read_text(encoding="utf-8")
    written = Path("fair/config.yaml").read_text(encoding="utf-8")
    written += Path("fair/mappings/files_prospects.yaml").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        for line in block.splitlines():
            assert line == "…" or line in written.splitlines(), line
