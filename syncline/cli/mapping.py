"""`mappings`: look at what ties the systems to the hub, and try it before it runs."""

from __future__ import annotations

import typer

from syncline.cli import canonical, differing, lawful, options, suggesting, transforming, trying
from syncline.cli.desk import desk_of

mappings_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at mappings, and try them.")


def register(app: typer.Typer) -> None:
    suggesting.register(mappings_app)
    lawful.register(mappings_app)
    differing.register(mappings_app)
    app.add_typer(mappings_app, name="mappings")
    canonical.register(mappings_app)
    transforming.register(mappings_app)
    trying.register(mappings_app)


@mappings_app.command("list")
def list_mappings(context: typer.Context, as_json: options.Json = False) -> None:
    """List the mappings of this project: what each ties together, which way, and in which version."""
    desk = desk_of(context)
    project = desk.project()
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
        for mapping in sorted((*project.mappings, *project.proposed), key=lambda one: one.name)
    ]
    if as_json:
        desk.output.json(rows)
        return
    columns = tuple(rows[0]) if rows else ()
    desk.output.table(columns, (tuple(row.values()) for row in rows), "No mappings yet: `syncline mappings suggest`.")
