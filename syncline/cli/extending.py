"""`new` and `sandbox`: for people who add connectors and mappings, or want to try things without an account."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from model.errors import ConfigurationError
from syncline.cli import options
from syncline.cli.desk import desk_of, writing
from syncline.cli.output import Output, counted

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

Folder = Annotated[Path, typer.Option("--folder", help="Where to put it.", show_default="here")]

new_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Start a connector, a mapping or transforms.")
sandbox_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Fake systems to try things with.")


def register(app: typer.Typer) -> None:
    app.add_typer(new_app, name="new")
    app.add_typer(sandbox_app, name="sandbox")


@new_app.command("connector")
def new_connector(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the system, e.g. acme.")],
    folder: Folder = Path(),
) -> None:
    """Write a working connector, to be made a real one. It is a package with a fake system and tests that pass."""
    from syncline.scaffold import scaffold_connector

    _write(context, scaffold_connector, name, folder)


@new_app.command("transforms")
def new_transforms(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Whose transforms they are, e.g. acme.")],
    folder: Folder = Path(),
) -> None:
    """Write a package with a transform of your own, its laws tested, that rules can name once it is installed."""
    from syncline.scaffold.transforms import scaffold_transforms

    _write(context, scaffold_transforms, name, folder)


def _write(context: typer.Context, scaffold: Callable[[str, Path], list[Path]], name: str, folder: Path) -> None:
    desk = desk_of(context)
    try:
        with writing(desk, folder):
            files = scaffold(name, folder)
    except ConfigurationError as error:
        raise typer.BadParameter(str(error)) from None
    _tell(desk.output, files)


@new_app.command("mapping")
def new_mapping(
    context: typer.Context,
    connection: Annotated[str, typer.Argument(help="The connection.")],
    stream: Annotated[str, typer.Argument(help="Its stream.")],
    entity: Annotated[str, typer.Argument(help="contact, account, lead, opportunity, order, case or activity.")],
) -> None:
    """Write a mapping to start from, with the stream's real fields."""
    from syncline.cli.suggesting import proposed

    desk = desk_of(context)
    path, proposal = proposed(desk, desk.project(with_mappings=False), connection, stream, entity, sample=0)
    _tell(desk.output, [path] if path else [])
    sure = len(proposal.rules)
    desk.output.say(
        f"It has {counted(sure, 'rule')} by the names of the fields; `syncline mappings suggest` looks at values."
    )
    desk.output.say("It is proposed: checked, but not run. Look at each rule, then set lifecycle: live.")


def _tell(output: Output, paths: list[Path]) -> None:
    for path in paths:
        output.line(str(path))
    output.say(f"Wrote {counted(len(paths), 'file')}.")


@sandbox_app.command("list")
def list_sandboxes(context: typer.Context, as_json: options.Json = False) -> None:
    """List the fake systems."""
    from syncline.sandbox.run import systems

    desk = desk_of(context)
    rows = [{"name": one.name, "label": one.label, "port": one.port} for one in systems().values()]
    if as_json:
        desk.output.json(rows)
        return
    desk.output.table(("system", "what", "usual port"), [tuple(row.values()) for row in rows], "There are none.")


@sandbox_app.command("start")
def start(
    context: typer.Context,
    system: Annotated[str, typer.Argument(help="One of syncline sandbox list.")],
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Loopback port; 0: any free one.")
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", help="File that keeps its records.", dir_okay=False)] = None,
) -> None:
    """Serve a fake system until interrupted. It is reached on the loopback address only."""
    from syncline.sandbox.run import served, systems

    output = desk_of(context).output
    if system not in systems():
        raise typer.BadParameter(f"there is no fake {system!r}; there are {', '.join(systems())}")
    chosen = systems()[system].port if port is None else port
    with stopped_by_signal() as stop, served(system, chosen, data) as (url, settings):
        output.line(url)
        output.say("A connection to it in config.yaml:")
        for line in settings.splitlines():
            output.say(f"    {line}")
        output.say("Ctrl-C stops it.")
        while not stop.wait(timeout=3600):
            pass


@contextmanager
def stopped_by_signal() -> Iterator[threading.Event]:
    """An event set by the first SIGTERM or SIGINT."""
    stop = threading.Event()
    before = {one: signal.signal(one, lambda *_: stop.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
