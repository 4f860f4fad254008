"""`init`, `doctor`, `demo`, `version`: the first minutes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from syncline.cli import options
from syncline.cli.desk import desk_of
from syncline.cli.exits import Exit
from syncline.cli.output import clean

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.


def register(app: typer.Typer) -> None:
    app.command()(init)
    app.command()(doctor)
    app.command()(demo)
    app.command()(version)


def init(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Argument(help="The folder.", show_default="the project folder")] = None,
    systems: Annotated[
        str, typer.Option("--from", help="Systems to connect, e.g. sql,salesforce,shopify. Without it: a sample.")
    ] = "",
    files: Annotated[
        list[Path] | None, typer.Option("--file", help="A CSV or JSON Lines file to connect; may be repeated.")
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key", help="The column that tells rows apart, or two joined by +; with several files FILE:COLUMN."
        ),
    ] = None,
) -> None:
    """Write a commented project. Without --from and --file it has two small sample systems and works at once.

    A file given with --file stays where it is. Its columns and its key are looked at; nothing of it is copied.
    """
    from syncline.init.compose import STARTER, compose
    from syncline.init.exports import look_at, sections

    desk = desk_of(context)
    target = folder or desk.folder
    names = [name.strip() for name in systems.split(",") if name.strip()]
    asked = _keys(files or (), keys or ())
    exports = [look_at(path, asked.get(path)) for path in files or ()]
    for path in compose(target, names or ([] if exports else [STARTER]), exports):
        desk.output.line(str(path))
    place = "" if target.absolute() == Path.cwd() else f" --project {target}"
    for export in exports:
        if export.found.faults:
            column = " + ".join(map(repr, export.found.columns))
            said = f"{export.path.name} is told apart by {column}, but {export.found.told()}. A run sets them aside."
            desk.output.say(clean(said))
    for connection, export in sections(exports, target)[1]:
        desk.output.say(f"Next: syncline mappings suggest {connection} {export.stream}{place}")
    if not exports:
        desk.output.say(f"Next: syncline check{place}, then syncline plan{place}, then syncline run{place}.")


def _keys(files: Sequence[Path], asked: Sequence[str]) -> dict[Path, str]:
    """The column named for each file."""
    found: dict[Path, str] = {}
    for one in asked:
        named = [path for path in files if one.startswith((f"{path}:", f"{path.name}:"))]
        if not named and len(files) != 1:
            raise typer.BadParameter("name the file, too: FILE:COLUMN, with --file FILE", param_hint="--key")
        path = named[0] if named else files[0]
        prefix = next((text for text in (f"{path}:", f"{path.name}:") if one.startswith(text)), "")
        found[path] = one.removeprefix(prefix)
    return found


def doctor(
    context: typer.Context,
    connection: Annotated[
        str | None, typer.Option("--connection", help="Only this connection.", show_default="all")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Examine everything a run depends on, one line each. Changes nothing."""
    from syncline import doctor as examining
    from syncline.cli.describing import connection_named, tell_findings

    desk = desk_of(context)
    if connection is not None:
        connection_named(desk.project(with_mappings=False), connection)
    found = list(examining.examine(desk.folder, desk.world, only=connection))
    tell_findings(desk, found, as_json=as_json)
    wrong = {one.check for one in found if one.health is examining.Health.ERROR}
    if "configuration" in wrong:
        raise typer.Exit(Exit.INVALID)
    raise typer.Exit(Exit.FAILED if wrong else Exit.DONE)


def demo(context: typer.Context) -> None:
    """Show a sync between three fake systems. It begins with sample data and ends in a converged state."""
    from importlib import import_module
    from importlib.util import find_spec

    if find_spec("syncline.demo.main") is None:
        desk_of(context).output.fail("The demonstration is not part of this installation.")
        raise typer.Exit(Exit.FAILED)
    raise typer.Exit(import_module("syncline.demo.main").run() or Exit.DONE)


def version(context: typer.Context, as_json: options.Json = False) -> None:
    """Print the version."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    from connectors.contract import CONTRACT

    try:
        number = installed("syncline")
    except PackageNotFoundError:  # run from a bare checkout
        number = "unknown"
    output = desk_of(context).output
    if as_json:
        output.json({"version": number, "connector_contract": CONTRACT})
    else:
        output.line(f"syncline {number}")
