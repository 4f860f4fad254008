"""`record` and `links`: everything about one person, company or order, and which records it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.errors import StateError
from sync.decision import BindingId
from syncline.cli import options, views
from syncline.cli.desk import confirmed, desk_of
from syncline.cli.masking import masked_field
from syncline.cli.output import plain

if TYPE_CHECKING:
    from model.fields import EntitySchema

record_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Explain one record.")
links_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Which records are one entity.")

Which = Annotated[str, typer.Argument(metavar="RECORD", help="Entity id, connection:stream:key, or connection:key.")]


def register(app: typer.Typer) -> None:
    app.add_typer(record_app, name="record")
    app.add_typer(links_app, name="links")


def _entity(reports: Any, text: str) -> str:
    found = reports.find_entity(text)
    if not found:
        raise StateError(f"nothing is known under {text!r}: give an entity id, connection:stream:key or connection:key")
    if len(found) > 1:
        raise StateError(f"{text!r} means {len(found)} records: {', '.join(found)}. Give one of these ids")
    return str(found[0])


@record_app.command("show")
def show(context: typer.Context, which: Which, mask: options.Mask = False, as_json: options.Json = False) -> None:
    """Show every value with where it came from, the records it is linked to, and what happened when."""
    desk = desk_of(context)
    with desk.reports() as reports:
        entity_id = _entity(reports, which)
        found, events = reports.record(entity_id), reports.timeline(entity_id)
    if found is None:
        raise StateError(f"{which!r} is not a record any more")
    schema = desk.memory().schemas.get(found.entity) if mask else None
    fields = [_field(one, schema, mask=mask) for one in found.fields]
    links = [link_json(one) for one in found.links]
    story = [_event(one, schema, mask=mask) for one in events]
    head = {name: plain(getattr(found, name)) for name in ("id", "entity", "state", "rev", "run", "created_at")}
    if as_json:
        desk.output.json({**head, "fields": fields, "links": links, "timeline": story})
        return
    output = desk.output
    output.facts(head)
    output.line()
    shown = [
        (one["path"], views.value(one["value"], reveal=True), one["source"], _when(one["at"]), one["why"])
        for one in fields
    ]
    output.table(("field", "value", "from", "since", "because"), shown, "It has no values.")
    output.line()
    output.table(
        ("binding", "key", "state", "differs in"), [_link_row(one) for one in links], "It is linked to no record."
    )
    output.line()
    rows = [(_when(one["at"]), one["run"], one["kind"], one["what"], one["source"], one["detail"]) for one in story]
    output.table(("when", "run", "what", "where", "by", "detail"), rows, "Nothing happened to it yet.")


def _field(one: Any, schema: EntitySchema | None, *, mask: bool) -> dict[str, Any]:
    return {
        "path": one.path,
        "value": masked_field(schema, one.path, one.value) if mask else plain(one.value),
        "rev": one.rev,
        "source": one.source,
        "run": one.run,
        "at": plain(one.at),
        "binding": str(one.binding) if one.binding is not None else None,
        "key": one.key,
        "mapping": one.mapping,
        "why": one.why,
    }


def _event(one: Any, schema: EntitySchema | None, *, mask: bool) -> dict[str, Any]:
    def value(found: Any) -> Any:
        found = None if type(found).__name__ == "Unknown" else found
        return masked_field(schema, one.what, found) if mask else plain(found)

    return {
        "at": plain(one.at),
        "run": one.run,
        "kind": one.kind,
        "what": one.what,
        "detail": one.detail,
        "source": one.source or (str(one.binding) if one.binding is not None else None),
        "key": one.key,
        "mapping": one.mapping,
        "old": value(one.old),
        "new": value(one.new),
    }


def link_json(one: Any) -> dict[str, Any]:
    """A link; ``differs`` names fields in which the record is known to differ or still has to be written."""
    return {
        "binding": str(one.binding),
        **views.binding_json(one.binding),
        "key": one.key,
        "entity_id": one.entity_id,
        "state": str(one.state),
        "version": one.version,
        "differs": sorted(one.base),
    }


def _when(moment: str | None) -> str | None:
    """A moment to the second; JSON has it in full."""
    return moment[:19].replace("T", " ") if moment else None


def _link_row(one: dict[str, Any]) -> tuple[Any, ...]:
    return one["binding"], one["key"], one["state"], ", ".join(one["differs"])


@links_app.command("show")
def show_links(context: typer.Context, which: Which, as_json: options.Json = False) -> None:
    """List the records of every system that are one entity."""
    desk = desk_of(context)
    with desk.reports() as reports:
        entity_id = _entity(reports, which)
        rows = [link_json(one) for one in reports.links(entity_id)]
    if as_json:
        desk.output.json(rows)
        return
    desk.output.line(entity_id)
    shown = [_link_row(one) for one in rows]
    desk.output.table(("binding", "key", "state", "differs in"), shown, "It is linked to no record.")


@links_app.command("split")
def split(
    context: typer.Context,
    which: Annotated[str, typer.Argument(metavar="RECORD", help="connection:stream:key of the record to take out.")],
    entity: Annotated[str | None, typer.Option("--entity", help="Where the stream feeds several entities.")] = None,
    yes: options.Yes = False,
) -> None:
    """Take a record out of its entity: it becomes one of its own, with the values it has in its system."""
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
