"""`scheduler` and `schedules`: runs without a person."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from syncline.cli import options
from syncline.cli.desk import desk_of
from syncline.cli.exits import Exit

if TYPE_CHECKING:
    from datetime import datetime

    from syncline.schedules import Schedule

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.


def register(app: typer.Typer) -> None:
    app.command()(scheduler)
    app.command()(schedules)


def scheduler(
    context: typer.Context,
    at_once: Annotated[bool, typer.Option("--now", help="Run every schedule once at the start.")] = False,
    log_format: Annotated[str, typer.Option("--log-format", help="text or json.")] = "text",
) -> None:
    """Run the schedules of config.yaml until SIGTERM or Ctrl-C. Changes of the project need a restart."""
    from syncline import logs
    from syncline import scheduler as running

    desk = desk_of(context)
    if log_format not in ("text", "json"):
        raise typer.BadParameter("text or json", param_hint="--log-format")
    project = desk.project()
    if not project.schedules:
        desk.output.fail("There are no schedules in config.yaml: add one under `schedules:`.")
        raise typer.Exit(Exit.INVALID)
    logs.start(as_json=log_format == "json", debug=desk.debug)
    running.serve(project, desk.world, at_once=at_once)


def schedules(
    context: typer.Context,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=100, help="How many times ahead.")] = 5,
    as_json: options.Json = False,
) -> None:
    """Show when each schedule is due next. Times are given in its own time zone and in UTC."""
    desk = desk_of(context)
    project = desk.project()
    now = desk.world.clock.now()
    rows = [_coming(schedule, now, count) for schedule in project.schedules]
    if as_json:
        desk.output.json(rows)
        return
    if not rows:
        desk.output.say("There are no schedules in config.yaml: add one under `schedules:`.")
    for row in rows:
        what = ", ".join(row["select"]) or "everything"
        extras = "".join(f", {name}" for name in ("sweep", "full") if row[name])
        desk.output.line(f"{row['name']}: {row['when']} ({row['zone']}), {what}{extras}")
        for local, utc in row["shown"]:
            desk.output.line(f"    {local}    {utc}")
        for note in row["notes"]:
            desk.output.line(f"    note: {note}")


def _coming(schedule: Schedule, now: datetime, count: int) -> dict[str, Any]:
    from syncline.cron import clock_notes, describe, next_times

    zone = ZoneInfo(schedule.zone)
    times = next_times(schedule.trigger(), now, count)
    return {
        "name": schedule.name,
        "when": schedule.text,
        "zone": schedule.zone,
        "select": list(schedule.select),
        "sweep": schedule.sweep,
        "full": schedule.full,
        "next": [time.astimezone(UTC) for time in times],
        "notes": clock_notes(schedule.cron, zone, now) if schedule.cron is not None else [],
        "shown": describe(times, zone),
    }
