"""`mappings`: look at what ties the systems to the hub, and try it before it runs."""

from __future__ import annotations

import typer

from model.diagnostics import Severity
from syncline.cli import canonical, differing, lawful, options, suggesting, transforming, trying, unlisted
from syncline.cli.desk import desk_of
from syncline.cli.exits import Exit

mappings_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at mappings, and try them.")


def register(app: typer.Typer) -> None:
    suggesting.register(mappings_app)
    lawful.register(mappings_app)
    differing.register(mappings_app)
    app.add_typer(mappings_app, name="mappings")
    canonical.register(mappings_app)
    transforming.register(mappings_app)
    trying.register(mappings_app)
    unlisted.register(mappings_app)


@mappings_app.command("list")
def list_mappings(context: typer.Context, as_json: options.Json = False) -> None:
    """List the mappings of this project: what each ties together, which way, and in which version.

    No system is asked, and no secret is needed.
    """
    desk = desk_of(context)
    workbench, found = desk.workbench()
    wrong = [one for one in found if one.severity is Severity.ERROR and one.code != "no-mappings"]
    rows = [
        {
            "name": mapping.name,
            "stream": f"{mapping.connection}.{mapping.stream}",
            "direction": mapping.direction.value,
            "entity": mapping.entity,
            "rules": len(mapping.source.rules),
            "lifecycle": mapping.source.lifecycle.value,
            "version": mapping.version,
            "file": mapping.source.file,
        }
        for mapping in sorted(workbench.mappings, key=lambda one: one.name)
    ]
    if as_json:
        desk.output.json(rows)
    else:
        columns = tuple(rows[0]) if rows else ()
        empty = "No mapping is right yet." if wrong else "No mappings yet: `syncline mappings suggest`."
        desk.output.table(columns, (tuple(row.values()) for row in rows), empty)
    if wrong:
        desk.output.diagnostics(wrong)
        raise typer.Exit(Exit.INVALID)
