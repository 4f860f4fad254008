"""`record` and `links`: everything about one person, company or order, and which records it is."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.errors import StateError
from sync.decision import BindingId
from syncline.cli import explaining, options
from syncline.cli.desk import Desk, confirmed, desk_of
from syncline.cli.explaining import Story
from syncline.cli.output import clean

if TYPE_CHECKING:
    from sync.uniting import Union

record_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Explain one record.")
links_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Which records are one entity.")

Which = Annotated[str, typer.Argument(metavar="RECORD", help="Entity id, connection:stream:key, or connection:key.")]


def register(app: typer.Typer) -> None:
    app.add_typer(record_app, name="record")
    app.add_typer(links_app, name="links")


def entity_of(reports: Any, text: str) -> str:
    """The id of the one entity that a text means. Raises StateError where there is none, or several."""
    found = reports.find_entity(text)
    if not found:
        raise StateError(f"nothing is known under {text!r}: give an entity id, connection:stream:key or connection:key")
    if len(found) > 1:
        raise StateError(f"{text!r} means {len(found)} records: {', '.join(found)}. Give one of these ids")
    return str(found[0])


@record_app.command("show")
def show(
    context: typer.Context,
    which: Which,
    field: Annotated[
        str | None, typer.Option("--field", "-f", help="Explain this one value, e.g. job_title or emails[work].")
    ] = None,
    mask: options.Mask = False,
    as_json: options.Json = False,
) -> None:
    """Show every value and where it came from. It says what other systems hold instead, and what happened when."""
    desk = desk_of(context)
    story = _story(desk, which, mask=mask)
    if field is None:
        if as_json:
            desk.output.json(explaining.story_json(story))
        else:
            explaining.tell_story(desk.output, story)
        return
    found = next((one for one in story.record.fields if one.path == field), None)
    if found is None and not any(event.what == field for event in story.events):
        paths = [one.path for one in story.record.fields]
        close = difflib.get_close_matches(field, paths, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(paths)}"
        raise typer.BadParameter(f"this record has never had a value for {field!r}; {hint}", param_hint="--field")
    if as_json:
        desk.output.json(None if found is None else explaining.field_json(story, found))
    else:
        explaining.tell_field(desk.output, story, field, found)


def _story(desk: Desk, which: str, *, mask: bool) -> Story:
    with desk.reports() as reports:
        entity_id = entity_of(reports, which)
        found, events, covers = reports.record(entity_id), reports.timeline(entity_id), reports.covers()
    if found is None:
        raise StateError(f"{which!r} is not a record any more")
    schema = desk.memory().schemas.get(found.entity) if mask else None
    return Story(found, events, covers, schema, mask)


@links_app.command("show")
def show_links(context: typer.Context, which: Which, as_json: options.Json = False) -> None:
    """List the records of every system that are one entity."""
    desk = desk_of(context)
    with desk.reports() as reports:
        entity_id = entity_of(reports, which)
        found = reports.record(entity_id)
        links = reports.links(entity_id)
    rows = [explaining.link_json(one, found) for one in links]
    if as_json:
        desk.output.json(rows)
        return
    desk.output.line(entity_id)
    shown = [
        (row["binding"], row["key"], row["state"], explaining.because(found, link), ", ".join(row["differs"]))
        for row, link in zip(rows, links, strict=True)
    ]
    heir = found.merged_into if found is not None else None
    empty = f"It was merged into {heir}." if heir else "It is linked to no record."
    desk.output.table(("binding", "key", "state", "because", "differs in"), shown, empty)


@links_app.command("split")
def split(
    context: typer.Context,
    which: Annotated[str, typer.Argument(metavar="RECORD", help="connection:stream:key of the record to take out.")],
    entity: Annotated[str | None, typer.Option("--entity", help="Where the stream feeds several entities.")] = None,
    yes: options.Yes = False,
) -> None:
    """Take a record out of its entity. It becomes one of its own, with the values it has in its system."""
    desk = desk_of(context)
    project = desk.project()
    connection, _, rest = which.partition(":")
    stream, _, key = rest.partition(":")
    bindings = [
        BindingId(one.connection, one.stream, one.entity)
        for one in project.mappings
        if (one.connection, one.stream) == (connection, stream) and entity in (None, one.entity)
    ]
    if not key or not bindings:
        raise typer.BadParameter(f"{which!r} is no record of a mapped stream; connection:stream:key is wanted")
    if len(bindings) > 1:
        names = ", ".join(binding.entity for binding in bindings)
        raise typer.BadParameter(f"{connection}.{stream} feeds {names}; say which with --entity")
    confirmed(desk, f"Take {which} out of its entity?", yes=yes)
    with desk.engine(project) as engine:
        founded = engine.split(bindings[0], key)
    desk.output.line(founded)
    desk.output.say("It is an entity of its own now. `syncline run` carries that to the systems.")


@links_app.command("merge")
def merge(
    context: typer.Context,
    keep: Annotated[str, typer.Argument(metavar="KEEP", help="The entity to keep: its id, or one of its records.")],
    drop: Annotated[str, typer.Argument(metavar="DROP", help="The entity that is the same and ends.")],
    yes: options.Yes = False,
) -> None:
    """Make two entities one. It says first what that would change.

    DROP's records become records of KEEP, whose values win; what only DROP knew is taken over. The next run writes the
    kept values to every record of both. Nothing is deleted in any system.
    """
    desk = desk_of(context)
    project = desk.project()
    with desk.reports() as reports:
        kept, ended = entity_of(reports, keep), entity_of(reports, drop)
    with desk.engine(project) as engine:
        _foretell(desk, engine.foretell_union(kept, ended))
        confirmed(desk, f"Merge {ended} into {kept}?", yes=yes)
        engine.unite(kept, ended)
    desk.output.line(kept)
    desk.output.say("They are one entity now. `syncline run` carries that to the systems.")


def _foretell(desk: Desk, union: Union) -> None:
    """Names of fields and records, never values."""
    records = ", ".join(
        f"{explaining.stream(binding)} {key}{'' if state == 'live' else f' ({state})'}"
        for binding, key, state in union.records
    )
    told = {
        "records": records or "none",
        "values taken over": ", ".join(union.gained) or "none",
        "values that give way": ", ".join(union.given_up) or "none",
        "entities that refer to it": f"{union.referring:,}",
        "open conflicts that end": f"{union.conflicts:,}",
    }
    desk.output.say(f"Of {union.entity} {union.drop}, which ends, {union.entity} {union.keep} gets:")
    for name, value in told.items():
        desk.output.say(f"  {name + ':':<27}{clean(value)}")
