"""`check`, `connectors`, `connections`: what is configured, and whether it is right."""

from __future__ import annotations

import difflib
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.diagnostics import Severity
from syncline.cli import options
from syncline.cli.desk import Desk, desk_of
from syncline.cli.exits import Exit
from syncline.cli.output import clean, counted
from syncline.cli.telling import counts, tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.contract import Connector, Field
    from model.diagnostics import Diagnostic
    from syncline.catalogue import Catalogue
    from syncline.settings import Project

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

connections_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at what is connected.")


def register(app: typer.Typer) -> None:
    app.command()(check)
    app.command()(connectors)
    app.add_typer(connections_app, name="connections")


def check(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(help="Only what concerns these files and folders.", show_default="all")
    ] = None,
    online: Annotated[bool, typer.Option("--online", help="Compare mappings with the systems' real fields.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="CODE", help="Say what this diagnostic means and what to do.")
    ] = None,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0, for code review tools.")] = False,
    as_json: options.Json = False,
) -> None:
    """Check config.yaml and every mapping. Every problem is said at once, with its file, line and column."""
    desk = desk_of(context)
    if explain is not None:
        _explain(desk, explain, as_json=as_json)
        return
    if as_json and as_sarif:
        raise typer.BadParameter("--json and --sarif are two forms of one thing: give one of them")
    wanted = _wanted(desk, files or ())
    project, found = desk.load(with_locks=True)
    if online:
        found = [*found, *_online(desk, project, found)]
    if wanted:
        found = [one for one in found if one.file is not None and _within(Path(one.file).absolute(), wanted)]
    if as_sarif:
        from syncline.sarif import sarif  # the entries of all codes are read only where they are printed

        desk.output.json(sarif(found, Path.cwd()))
    elif as_json:
        desk.output.json(found)
    else:
        tell(desk.output, found)
    grave = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    errors = sum(1 for one in found if one.severity in grave)
    if errors:
        worst = min(found, key=lambda one: list(Severity).index(one.severity))
        desk.output.say(f"{counts(found)}. More about one: syncline check --explain {worst.code}")
    elif project is not None:
        desk.output.say(_summary(project) + (f" ({counts(found)})" if found else ""))
    elif wanted:
        desk.output.say(f"No errors there{f' ({counts(found)})' if found else ''}, but elsewhere: syncline check")
    raise typer.Exit(Exit.INVALID if errors or (project is None and not wanted) else Exit.DONE)


def _online(desk: Desk, project: Project | None, found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """What only the systems can tell, also of mappings that have mistakes already."""
    from model.errors import ConfigurationError
    from syncline.fields import check_connections, check_fields, seen_now

    sound = project or desk.load()[0]  # what a lock finds wrong is no reason not to ask
    if sound is not None:
        return list(check_fields(sound, desk.world))
    try:
        workbench, _ = desk.workbench()
    except ConfigurationError:
        desk.output.say("No system was asked for its fields: config.yaml has to be readable first.")
        return []
    if any(one.code == "no-mappings" for one in found):
        return list(check_connections(workbench, desk.world))
    seen, silent = seen_now(workbench, desk.folder, desk.world)
    _, now = desk.load(seen=seen)
    return [*silent, *(one for one in now if one not in found)]


def _wanted(desk: Desk, files: Sequence[Path]) -> set[Path]:
    """Files and folders that are looked at; a name that is none of this project's would look like one without
    mistakes."""
    for path in files:
        if not path.exists():
            raise typer.BadParameter(f"there is no file {path}", param_hint="FILES")
        if not path.absolute().is_relative_to(desk.folder.absolute()):
            raise typer.BadParameter(f"{path} is no file of the project in {desk.folder}", param_hint="FILES")
    return {path.absolute() for path in files}


def _within(path: Path, wanted: set[Path]) -> bool:
    return path in wanted or not wanted.isdisjoint(path.parents)


def _explain(desk: Desk, code: str, *, as_json: bool) -> None:
    from syncline.explained import SECTIONS, explained

    entry = explained(code)
    if entry is None:
        known = [name for _, entries in SECTIONS.values() for name in entries]
        close = difflib.get_close_matches(code, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "docs/diagnostics.md lists them all"
        raise typer.BadParameter(f"there is no diagnostic {code!r}; {hint}", param_hint="--explain")
    if as_json:
        desk.output.json({"code": code, "cause": entry.cause, "remedy": entry.remedy})
        return
    desk.output.line(code)
    for text in entry:
        desk.output.line()
        for line in textwrap.wrap(text, 78, break_long_words=False, break_on_hyphens=False):
            desk.output.line(f"  {line}")


def _summary(project: Project) -> str:
    parts = (
        counted(len(project.connections), "connection"),
        counted(len(project.mappings), "mapping")
        + (f" (and {len(project.proposed)} proposed)" if project.proposed else ""),
        counted(len(project.schedules), "schedule"),
    )
    return f"{', '.join(parts)}: no problems found."


def connectors(context: typer.Context, as_json: options.Json = False) -> None:
    """List the connectors that config.yaml may name, with what they can do.

    The quality (none, bronze, silver, gold) follows from what a connector's quality.yaml keeps. Streams are those of a
    new project; most connectors have more, by their settings.
    """
    from syncline.catalogue import Catalogue

    desk = desk_of(context)
    catalogue = Catalogue.installed()
    rows = [_described(catalogue, name) for name in catalogue.names]
    if as_json:
        desk.output.json(rows)
        return
    shown = [
        (row["name"], row["problem"], "", "", "", "", "")
        if row["problem"]
        else (row["name"], row["label"], row["quality"], *_told(row["streams"]))
        for row in rows
    ]
    columns = ("connector", "what", "quality", "streams", "ways", "deletions", "batch")
    desk.output.table(columns, shown, "No connectors are installed.")


def _described(catalogue: Catalogue, name: str) -> dict[str, Any]:
    from syncline.catalogue import CatalogueError
    from syncline.init.usual import usual_streams
    from syncline.quality import tier

    row: dict[str, Any] = {"name": name, "label": "", "package": catalogue.claims[name][0].package, "problem": None}
    try:
        found = catalogue.find(name)
    except CatalogueError as error:
        return row | {"problem": str(error), "quality": None, "streams": []}
    streams = [
        {
            "name": stream.name,
            "reads": "changes" if stream.watermark else "everything",
            "creates": stream.writes is not None and stream.writes.creates,
            "updates": stream.writes is not None and stream.writes.updates,
            "removes": stream.removes,
            "deletions": stream.deletes.value,
            "batch": stream.writes.batch if stream.writes else None,
        }
        for stream in usual_streams(name, found, catalogue)
    ]
    return row | {"label": found.label or name, "quality": tier(found).value, "streams": streams}


_DELETIONS = {"tombstones": "told", "sweep": "by sweep", "unseen": "not seen"}


def _told(streams: Sequence[Mapping[str, Any]]) -> tuple[str, str, str, str]:
    written = [one for one in streams if one["creates"] or one["updates"]]
    read_only = [one["name"] for one in streams if one not in written]
    ways = "both" if not read_only else f"both; in: {', '.join(read_only)}" if written else "in"
    seen = dict.fromkeys(_DELETIONS[one["deletions"]] for one in streams)
    sizes = sorted({one["batch"] for one in written})
    batch = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]}-{sizes[-1]}" if sizes else ""
    return ", ".join(one["name"] for one in streams), ways, ", ".join(seen), batch


@connections_app.command("list")
def list_connections(context: typer.Context, as_json: options.Json = False) -> None:
    """List the connections of this project and their streams."""
    desk = desk_of(context)
    project = desk.project(with_mappings=False)
    rows = [
        {"name": name, "connector": one.connector, "streams": [stream.name for stream in one.streams]}
        for name, one in project.connections.items()
    ]
    if as_json:
        desk.output.json(rows)
        return
    shown = [(row["name"], row["connector"], ", ".join(row["streams"])) for row in rows]
    desk.output.table(("connection", "connector", "streams"), shown, "No connections yet: add one to config.yaml.")


@connections_app.command("check")
def check_connections(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Only this connection.", show_default="all")] = None,
    as_json: options.Json = False,
) -> None:
    """Ask each system whether it can be worked with.

    It has to be reached, let us in, and have what the settings name.
    """
    from syncline import doctor

    desk = desk_of(context)
    project = desk.project(with_mappings=False)
    if name is not None:
        connection_named(project, name)
    found = list(doctor.connections(project, desk.world, only=name))
    tell_findings(desk, found, as_json=as_json)
    failed = any(one.health is doctor.Health.ERROR for one in found)
    raise typer.Exit(Exit.FAILED if failed else Exit.DONE)


def tell_findings(desk: Desk, found: list[Any], *, as_json: bool) -> None:
    """One line each: health, what was looked at, what was found, what to do."""
    if as_json:
        desk.output.json(found)
        return
    for one in found:
        hint = f" ({one.hint})" if one.hint else ""
        desk.output.line(clean(f"{one.health:<8} {one.check}: {one.message}{hint}"))


@connections_app.command("discover")
def discover(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The connection.")],
    streams: Annotated[list[str] | None, typer.Argument(help="Only these streams.", show_default="all")] = None,
    lock: Annotated[
        bool, typer.Option("--lock", help="Keep the fields in schemas/NAME.yaml, and show what became different.")
    ] = False,
    only_show: Annotated[
        bool, typer.Option("--check", help="Show what is different from the lock; end with 10 where anything is.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Lock all streams, not only those that mappings use.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """List a system's streams and fields as they are now, or keep them in a file that mappings are held to."""
    from syncline.cli import locking
    from syncline.wiring import opened_connections

    desk = desk_of(context)
    project = desk.project(with_mappings=False)
    connection_named(project, name)
    locked = lock or only_show
    former = locking.former_lock(desk, project, name) if locked else None
    wanted = locking.chosen(desk, project, name, streams or [], former, everything=everything or not locked)
    with opened_connections(project, desk.world, {name}) as connectors:
        found = {one: discovered(connectors, name, one) for one in wanted}
    if locked:
        locking.keep(desk, project, name, found, former, only_show=only_show, as_json=as_json)
        return
    if as_json:
        desk.output.json(found)
        return
    rows = [
        (one, field.name, field.type, field.max_length, _facts(field))
        for one, fields in found.items()
        for field in fields
    ]
    desk.output.table(("stream", "field", "type", "length", "facts"), rows, f"{name} describes no fields.")


def discovered(connectors: Mapping[str, Connector[Any]], name: str, stream: str) -> Sequence[Field]:
    """The fields of a stream. A ConnectorError knows its connection: the command ends with its name."""
    from model.errors import ConnectorError

    try:
        return connectors[name].discover(stream)
    except ConnectorError as error:
        error.connection = name
        raise


@connections_app.command("prepare")
def prepare(context: typer.Context, name: Annotated[str, typer.Argument(help="The connection.")]) -> None:
    """Create in a system what its connector needs. That is mostly a field for the hub's own id. Nothing is asked."""
    from syncline.wiring import opened_connections

    desk = desk_of(context)
    project = desk.project(with_mappings=False)
    connection_named(project, name)
    with opened_connections(project, desk.world, {name}) as connectors:
        create = getattr(connectors[name], "create_marker", None)
        if create is None:
            desk.output.say(f"{name} needs nothing that can be created from here.")
            return
        create()
    desk.output.say(f"{name} is prepared: it has a place for the hub's own id.")


def _facts(field: Any) -> str:
    said = {
        "required": field.required,
        "unique": field.unique,
        "read-only": not (field.creatable or field.updatable),
        "create only": field.creatable and not field.updatable,
        "not readable": not field.readable,
        f"{len(field.choices or ())} choices": bool(field.choices),
        f"→ {', '.join(field.references)}": bool(field.references),
    }
    return ", ".join(text for text, holds in said.items() if holds)


def connection_named(project: Project, name: str) -> None:
    """Raise a usage error, naming what there is, where the project has no such connection."""
    if name not in project.connections:
        from syncline.document import nearest  # not at the top: --help needs no reader of YAML

        hint = nearest(name, project.connections) if project.connections else "config.yaml has none yet"
        raise typer.BadParameter(f"there is no connection {name!r}; {hint}")
