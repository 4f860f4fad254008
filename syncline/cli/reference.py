"""The command line as a document: `docs/cli.md` is this text, and a test compares the two.

``python -m syncline.cli.reference > docs/cli.md`` writes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer

from syncline.cli.exits import MEANINGS
from syncline.cli.main import app

_INTRODUCTION = """\
# The command line

Written from the program itself (`python -m syncline.cli.reference`).

Data goes to stdout, narration and progress to stderr. Every list has `--json` with stable keys. Where stdout is no
terminal there are no colours and no boxes. Nothing is ever asked where nobody can answer. Options of `syncline` itself
may stand anywhere on the line. Personal values are masked in lists and plans (`--reveal` shows them in a plan), and
shown by `record show`, `conflicts show` and `dead-letters show` (`--mask` hides them).
"""


def markdown() -> str:
    """The whole reference."""
    root: Any = typer.main.get_command(app)
    lines = [_INTRODUCTION, "## Exit codes", "", "| code | meaning |", "|---|---|"]
    lines += [f"| {int(code)} | {meaning} |" for code, meaning in MEANINGS.items()]
    lines += ["", "## Options of every command", "", *_options(root), "", "## Commands", ""]
    for command, path in _commands(root, "syncline"):
        lines += [f"### `{path}{_arguments(command)}`", "", (command.help or "").strip(), ""]
        options = list(_options(command))
        lines += [*options, ""] if options else []
    return "\n".join(lines).rstrip() + "\n"


def _commands(group: Any, path: str) -> Iterator[tuple[Any, str]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")
        else:
            yield command, f"{path} {name}"


def _arguments(command: Any) -> str:
    return "".join(f" {_meta(one)}" for one in command.params if one.param_type_name == "argument")


def _meta(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    if argument.metavar:
        return str(name)
    return name if argument.required else f"[{name}]"


def _options(command: Any) -> Iterator[str]:
    """A bullet per argument with a text of its own, and per option."""
    for one in command.params:
        if one.name in ("help", "install_completion", "show_completion"):
            continue
        names = [*one.opts, *one.secondary_opts] if one.param_type_name == "option" else [_meta(one)]
        said = (one.help or "").strip()
        if said:
            yield f"- `{'`, `'.join(names)}`: {said}{_default(one)}"


def _default(one: Any) -> str:
    shown = one.default
    if isinstance(one.show_default, str):
        return f" Default: {one.show_default}."
    if isinstance(shown, bool) or shown in (None, "", ()) or callable(shown):
        return ""
    return f" Default: {shown}."


if __name__ == "__main__":
    sys.stdout.write(markdown())
