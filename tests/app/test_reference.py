"""The documents say what the program does."""

import re
from pathlib import Path

import typer

from syncline.cli.exits import MEANINGS, Exit
from syncline.cli.main import app
from syncline.cli.reference import markdown

DOCS = Path(__file__).parents[2] / "docs"


def commands(group=None, path="syncline"):
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def test_the_command_reference_is_the_program_s_own():
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == markdown(), "python -m syncline.cli.reference > docs/cli.md"


def test_every_command_and_every_option_says_what_it_does():
    for path, command in commands():
        assert (command.help or "").strip().endswith("."), path
        for one in command.params:
            assert one.name == "help" or one.metavar == "ID" or (one.help or "").strip(), f"{path} {one.name}"


def test_every_list_has_json():
    for path, command in commands():
        if path.endswith(
            (" list", " show", " plan", " run", " status", " check", " discover", " schedules", " doctor")
        ):
            assert any("--json" in one.opts for one in command.params), path


def test_every_exit_code_has_a_meaning_in_the_reference():
    assert set(MEANINGS) == set(Exit)
    assert all(f"| {int(code)} |" in markdown() for code in Exit)


def test_the_manual_for_operators_only_names_commands_and_options_there_are():
    known = dict(commands())
    groups = {path.rpartition(" ")[0] for path in known} | {"syncline"}
    for shown in re.findall(
        r"`(syncline [^`]+)`|^(syncline .+)$", (DOCS / "operations.md").read_text("utf-8"), re.MULTILINE
    ):
        words = (shown[0] or shown[1]).partition("#")[0].split()
        path = next((p for n in (3, 2) if (p := " ".join(words[:n])) in known), None)
        if path is None:
            assert " ".join(words[:2]) in groups or words[1].startswith("-"), shown
            continue
        options = {name for one in (*known[path].params, *typer.main.get_command(app).params) for name in one.opts}
        options |= {name for one in known[path].params for name in one.secondary_opts}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options, shown
