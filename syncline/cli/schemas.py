"""`schema export`: JSON Schemas for editors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli import options
from syncline.cli.desk import Desk, desk_of, writing
from syncline.cli.output import clean, counted

if TYPE_CHECKING:
    from connectors.contract import Field
    from model.diagnostics import Diagnostic
    from syncline.editor.export import Ground
    from syncline.settings import Workbench
    from syncline.ties import Tie, Tied

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

schema_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Schemas of what people write, for editors.")


def register(app: typer.Typer) -> None:
    app.add_typer(schema_app, name="schema")


@schema_app.command("export")
def export(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where to put them.", show_default=".syncline/schemas")
    ] = None,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the systems for their fields instead of taking the locked ones.")
    ] = False,
    annotate: Annotated[
        bool, typer.Option("--annotate", help="Put the line that names its schema into each file that has none.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Write a JSON Schema for config.yaml and for every mapping. Editors complete, explain and check with them.

    The fields and choices of a stream come from its schema lock, else from what the connector declares. What is not
    right yet keeps nothing else from its schema.
    """
    from syncline.editor import export as exporting
    from syncline.settings import CONFIG, MAPPINGS
    from syncline.ties import tied

    desk = desk_of(context)
    project, _ = desk.workbench()
    root = desk.folder.absolute()
    mappings = root / MAPPINGS
    found = tied(mappings, project.mappings)
    for name in project.named:
        if name not in project.connections:
            desk.output.say(clean(f"{name}: without its fields, for its settings are not right yet: syncline check"))
    fields = _asked(desk, project, found.ties) if online else _known(desk, project)
    ground = exporting.Ground(
        connections=project.connections, entities=project.schemas, fields=fields, named=project.named
    )
    schemas = exporting.schemas_of(ground, found, mappings)
    target = (folder or root / exporting.FOLDER).absolute()
    if annotate and " " in exporting.modeline(target, root / CONFIG).partition("$schema=")[2]:
        raise typer.BadParameter("editors do not follow a path with spaces: name another folder", param_hint="--folder")
    rows = _rows(ground, found, mappings)
    rows.append({"file": str(root / CONFIG), "schema": exporting.CONFIG, "fields": None})
    with writing(desk, target):
        written = exporting.write_schemas(target, schemas)
        for row in rows if annotate else ():
            row["annotated"] = exporting.annotate(Path(row["file"]), target / row["schema"])
    if as_json:
        desk.output.json(rows)
        return
    cells = [(_shown(row["file"]), row["schema"], row["fields"] or "") for row in rows]
    desk.output.table(("file", "schema", "fields"), cells, "")
    desk.output.say(f"Wrote {counted(len(written), 'schema')} to {_shown(target)}.")
    if annotate:
        changed = sum(1 for row in rows if row["annotated"])
        desk.output.say(f"{counted(changed, 'file')} got the line that names its schema.")
    elif not all(exporting.has_modeline(Path(row["file"])) for row in rows):
        desk.output.say("Add --annotate to put the line that names its schema into each file.")


def _rows(ground: Ground, found: Tied, mappings: Path) -> list[dict[str, Any]]:
    """Which schema belongs to which file, and how many fields it knows: of mappings, and of what they extend."""
    from syncline.editor.export import ANY, base_name, file_name

    rows: list[dict[str, Any]] = []
    for tie in found.ties:
        if ground.leads(tie):
            name, fields = file_name(*tie[1:]), len(ground.fields(tie.connection, tie.stream))
            rows.append({"file": str(tie.file), "schema": name, "fields": fields})
        else:
            name = f"{tie.entity}.json" if tie.entity in ground.entities else ANY
            rows.append({"file": str(tie.file), "schema": name, "fields": None})
    for base in found.bases:
        fields = len(ground.of_base(base).fields)
        rows.append({"file": str(base.file), "schema": base_name(base.file, mappings), "fields": fields})
    return rows


def _shown(path: str | Path) -> str:
    from syncline.document import shown

    return clean(shown(Path(path)))


def _known(desk: Desk, project: Workbench) -> Callable[[str, str], Sequence[Field]]:
    """Fields as they are locked, else as the connector declares them. What is wrong with a lock is said."""
    from syncline.bindings import known_fields
    from syncline.lock_reading import read_locks

    said: list[Diagnostic] = []
    locks = read_locks(desk.folder.absolute(), project.connections, list(project.connections), said)
    for one in said:
        desk.output.say(clean(one))

    def fields(connection: str, stream: str) -> Sequence[Field]:
        streams = project.connections[connection].streams
        facts = next((one for one in streams if one.name == stream), None)
        return () if facts is None else known_fields(connection, facts, locks)

    return fields


def _asked(desk: Desk, project: Workbench, found: Sequence[Tie]) -> Callable[[str, str], Sequence[Field]]:
    """Fields as the systems describe them now. Each stream is asked for once; a system that cannot be asked ends it."""
    from syncline.cli.describing import discovered
    from syncline.locks import tidied
    from syncline.wiring import opened_connections

    wanted = {(tie.connection, tie.stream) for tie in found}
    asked: dict[tuple[str, str], Sequence[Field]] = {}
    with opened_connections(project, desk.world, {connection for connection, _ in wanted}) as connectors:
        for connection, stream in sorted(wanted):
            if connection in connectors and any(one.name == stream for one in project.connections[connection].streams):
                fields = tidied(discovered(connectors, connection, stream))
                asked[connection, stream] = tuple(fields.values())
    return lambda connection, stream: asked.get((connection, stream), ())
