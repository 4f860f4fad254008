"""`record losers` and `record restore`: every value that gave way to another one, and having it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.errors import StateError
from sync.decision import UNKNOWN
from syncline.cli import options, views
from syncline.cli.desk import desk_of
from syncline.cli.explaining import reason, stream
from syncline.cli.masking import masked_field
from syncline.cli.output import plain
from syncline.cli.records import Which, entity_of, record_app

if TYPE_CHECKING:
    from model.fields import EntitySchema
    from state.views import LostValue


def register(_: typer.Typer) -> None:
    record_app.command("losers")(losers)
    record_app.command("restore")(restore)


def losers(
    context: typer.Context,
    which: Which,
    field: Annotated[str | None, typer.Option("--field", "-f", help="Only of this field, e.g. job_title.")] = None,
    limit: options.Limit = 100,
    mask: options.Mask = False,
    as_json: options.Json = False,
) -> None:
    """List every value that the record lost: overwritten in the hub, or shown by a system and not taken.

    The latest first. A number stays what it is; `record restore` takes it.
    """
    desk = desk_of(context)
    with desk.reports() as reports:
        entity_id = entity_of(reports, which)
        found = [one for one in reports.losers(entity_id) if field in (None, one.path)]
        record = reports.record(entity_id)
    schema = desk.memory().schemas.get(record.entity) if mask and record is not None else None
    hidden, shown = max(len(found) - limit, 0), list(reversed(found))[:limit]
    if as_json:
        desk.output.json([_json(one, schema, mask=mask) for one in shown])
        return
    rows = [
        (
            one.number,
            one.path,
            views.value(_shown(one.path, one.value, schema, mask=mask), reveal=True),
            views.value(_shown(one.path, one.winner, schema, mask=mask), reveal=True),
            f"{one.at:%Y-%m-%d %H:%M}",
            one.run,
            _by(one),
            _because(one),
        )
        for one in shown
    ]
    desk.output.table(
        ("no.", "field", "lost", "to", "when", "run", "by", "because"), rows, "No value of it was ever lost."
    )
    if hidden:
        desk.output.say(f"… {hidden:,} earlier ones; --limit shows them")
    if shown:
        desk.output.say(f"To have one back: syncline record restore {entity_id} '{shown[0].path}' {shown[0].number}")


def _by(one: LostValue) -> str:
    """The record whose value came (or, of a value not taken, the one that showed it), else who changed it."""
    return f"{stream(one.binding)} {one.key or ''}".strip() if one.binding is not None else one.by


def _because(one: LostValue) -> str:
    return reason(one.why) if one.how == "overwritten" else f"shown there, not taken: {reason(one.why)}"


def _shown(path: str, value: Any, schema: EntitySchema | None, *, mask: bool) -> Any:
    value = None if value is UNKNOWN else value
    return masked_field(schema, path, value) if mask else plain(value)


def _json(one: LostValue, schema: EntitySchema | None, *, mask: bool) -> dict[str, Any]:
    return {
        "number": one.number,
        "path": one.path,
        "value": _shown(one.path, one.value, schema, mask=mask),
        "winner": _shown(one.path, one.winner, schema, mask=mask),
        "at": plain(one.at),
        "run": one.run,
        "how": one.how,
        "why": one.why,
        "by": one.by,
        "binding": str(one.binding) if one.binding is not None else None,
        "key": one.key,
    }


def restore(
    context: typer.Context,
    which: Which,
    path: Annotated[str, typer.Argument(metavar="FIELD", help="The field, e.g. job_title or emails[work].")],
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Which value, as `record losers` numbers them.")],
) -> None:
    """Give a field a value back that it had lost. It counts as your edit; the next run writes it to every system."""
    desk = desk_of(context)
    project = desk.project()
    with desk.reports() as reports:
        entity_id = entity_of(reports, which)
        found = next((one for one in reports.losers(entity_id) if one.number == number), None)
    if found is None or found.path != path:
        raise StateError(f"{path} lost no value number {number}; see `syncline record losers {entity_id}`")
    with desk.engine(project) as engine:
        engine.restore(entity_id, path, found.value)
    desk.output.say(f"{path} has it back. `syncline run` carries it to the systems.")
