"""`links list`: who was taken for whom, and which records are not in sync."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli import options
from syncline.cli.desk import desk_of
from syncline.cli.explaining import ORIGINS, stream
from syncline.cli.masking import masked_field
from syncline.cli.output import plain
from syncline.cli.records import links_app

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.fields import EntitySchema
    from state.joins import Place
    from state.views import RecordView

_VALUES = 3
"""So many values tell who it is."""
_PATHS = 2
_EVERY_ONE = 1_000_000


def register(_: typer.Typer) -> None:
    links_app.command("list")(list_links)


def list_links(
    context: typer.Context,
    where: Annotated[
        str | None, typer.Option("--at", help="Only with a record of this connection or stream, e.g. crm.people.")
    ] = None,
    late: Annotated[
        bool, typer.Option("--behind", help="Instead: records that are not in sync, as `status` counts them.")
    ] = False,
    limit: options.Limit = 100,
    reveal: options.Reveal = False,
    as_json: options.Json = False,
) -> None:
    """List entities to which several records were joined: who was taken for whom. The latest entities come first.

    Records that the hub itself made in a system are left out: nobody had to be recognised there.
    """
    desk = desk_of(context)
    with desk.reports() as reports:
        asked = reports.behind if late else reports.joined
        found = [one for one in asked(_EVERY_ONE if where else limit + 1) if _meets(where, one[1])]
        shown = [(reports.record(entity_id), places) for entity_id, places in found[:limit]]
    schemas = desk.memory().schemas
    rows = [_row(record, places, schemas, reveal=reveal) for record, places in shown if record is not None]
    if as_json:
        desk.output.json(rows)
        return
    table = [
        (
            row["entity"],
            row["entity_id"],
            ", ".join(f"{one['connection']}.{one['stream']} {one['key']}" for one in row["records"]),
            ", ".join(str(value) for value in row["values"].values()),
            "; ".join(row["because"]),
            _some(row["differs"]),
        )
        for row in rows
    ]
    empty = "Everything is in sync." if late else "No two records were joined."
    columns = ("entity", "record", "behind" if late else "joined", "who", "because", "differs in")
    desk.output.table(columns, table, empty)
    if len(found) > limit:
        desk.output.say(f"At most {limit:,} are shown; --limit shows more.")
    if rows and not reveal:
        desk.output.say("Values are masked; --reveal shows them.")
    if rows and not late:
        first = rows[0]["records"][-1]
        place = f"{first['connection']}:{first['stream']}:{first['key']}"
        desk.output.say(f"All about one: syncline record show ID. Not the same: syncline links split '{place}'")


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _PATHS} more" if len(paths) > _PATHS else ""
    return f"{', '.join(paths[:_PATHS])}{more}"


def _meets(where: str | None, places: Sequence[Place]) -> bool:
    return where is None or any(where in (at.connection, stream(at)) for at, _ in places)


def _row(
    record: RecordView, places: Sequence[Place], schemas: Mapping[str, EntitySchema], *, reveal: bool
) -> dict[str, Any]:
    schema = schemas.get(record.entity)
    known = {path: value if reveal else masked_field(schema, path, value) for path, value in _telling(record, schema)}
    return {
        "entity": record.entity,
        "entity_id": record.id,
        "records": [{"connection": at.connection, "stream": at.stream, "key": key} for at, key in places],
        "values": plain(known),
        "because": _because(record),
        "differs": sorted({path for link in record.links for path in link.base}),
    }


def _because(record: RecordView) -> list[str]:
    """By what its records were joined, each reason once; what a score is made of is told with the record."""
    reasons = (one.why.partition(": ")[0] for one in record.origins.values() if one.why)
    unknown = any(one.how == "unknown" for one in record.origins.values())
    return [*dict.fromkeys(reasons), *([ORIGINS["unknown"]] if unknown else [])]


def _telling(record: RecordView, schema: EntitySchema | None) -> Iterator[tuple[str, Any]]:
    """What it is called, then its other texts in the order in which the entity has them."""
    from model.fields import Kind, Privacy

    order = list(schema.fields) if schema is not None else []
    texts = []
    for one in record.fields:
        spec = schema.field(one.path) if schema is not None else None
        if spec is not None and spec.kind is Kind.TEXT and spec.privacy is not Privacy.PUBLIC and one.value:
            texts.append((not one.path.endswith("name"), order.index(spec.template), one.path, one.value))
    yield from ((path, value) for *_, path, value in sorted(texts)[:_VALUES])
