"""The root of the command line: global options, and what becomes of errors."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.models import CommandInfo

from model.errors import ConfigurationError, LeaseHeldError, SynclineError
from syncline.cli import (
    applying,
    auditing,
    backfilling,
    braking,
    describing,
    extending,
    joining,
    letters,
    losers,
    mapping,
    moving,
    records,
    repairing,
    retrying,
    scheduling,
    schemas,
    starting,
    undoing,
    watching,
)
from syncline.cli.desk import Desk
from syncline.cli.exits import Exit, of_error
from syncline.cli.output import Output, clean

_GLOBAL_FLAGS = frozenset({"--debug", "--quiet", "-q", "--no-color"})
_GLOBAL_VALUES = frozenset({"--project", "-p"})


class Root(TyperGroup):
    """Takes global options anywhere on the line, and turns every error into a sentence and an exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, hoisted(args))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, TyperException, BrokenPipeError):
            raise
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 (the last one to catch it)
            desk = ctx.find_object(Desk) or Desk()
            raise typer.Exit(explained(error, desk)) from None


def hoisted(args: Sequence[str]) -> list[str]:
    """The arguments with global options moved to the front: `syncline plan --project x` is what people type."""
    front: list[str] = []
    rest: list[str] = []
    waiting = list(args)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            rest += [word, *waiting]
            break
        if word in _GLOBAL_FLAGS or word.startswith("--project="):
            front.append(word)
        elif word in _GLOBAL_VALUES and waiting:
            front += [word, waiting.pop(0)]
        else:
            rest.append(word)
    return front + rest


def explained(error: BaseException, desk: Desk) -> Exit:
    """Say what happened, what stayed as it was and what to do; never a record's content."""
    output = desk.output
    if desk.debug:
        output.fail("".join(traceback.format_exception(error)).rstrip())
    if isinstance(error, ConfigurationError):
        output.diagnostics(error.diagnostics)
    elif isinstance(error, LeaseHeldError):
        output.fail(f"{clean(error)}. Nothing was done; try again later.")
    elif isinstance(error, SynclineError):
        connection = getattr(error, "connection", None)
        output.fail(clean(f"{connection}: {error}" if connection else error))
    elif isinstance(error, KeyboardInterrupt):
        output.fail("interrupted. What was finished is stored; the next run carries on from there.")
    else:
        hint = "" if desk.debug else " Run it again with --debug for the trace."
        output.fail(f"unexpected {type(error).__name__} at {_origin(error)}.{hint}")
    return of_error(error)


def _origin(error: BaseException) -> str:
    """Where it was raised, by file and line: the text of an unknown error could hold personal data."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    return f"{'/'.join(Path(frames[-1].filename).parts[-2:])}:{frames[-1].lineno}"


app = typer.Typer(
    name="syncline",
    cls=Root,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Keeps customers the same in every system.",
    epilog="Start with `syncline init`, then `syncline plan`. Manual: docs/operations.md.",
)


@app.callback()
def root(
    context: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option("--project", "-p", envvar="SYNCLINE_PROJECT", help="Project folder.", show_default="here"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the trace of an error. It may hold record data.")
    ] = False,
) -> None:
    given = context.obj
    context.obj = Desk(
        folder=project or Path.cwd(),
        output=Output(quiet=quiet, color=not no_color),
        debug=debug,
        given_world=given if given is not None and not isinstance(given, Desk) else None,
    )


for part in (
    starting,
    describing,
    mapping,
    schemas,
    moving,
    applying,
    braking,
    watching,
    repairing,
    undoing,
    letters,
    records,
    joining,
    losers,
    retrying,
    auditing,
    backfilling,
    scheduling,
    extending,
):
    part.register(app)


def asked(args: Sequence[str]) -> str:
    """The first word of a command line that is neither a global option nor its value."""
    words = [word for word in hoisted(args) if word not in _GLOBAL_FLAGS]
    while words and words[0].startswith(("--project", "-p")):
        del words[: 2 if words[0] in _GLOBAL_VALUES else 1]
    return words[0] if words else ""


def _name(command: CommandInfo) -> str:
    return command.name or getattr(command.callback, "__name__", "").replace("_", "-")


def main() -> None:
    """The program. Never returns."""
    word = asked(sys.argv[1:])
    commands = [command for command in app.registered_commands if _name(command) == word]
    if commands:  # making all of them takes as long as a small run
        app.registered_commands, app.registered_groups = commands, []
    sys.exit(app(prog_name="syncline"))
