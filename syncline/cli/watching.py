"""`status` and `runs`: how every binding is doing, and what each run did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli import options, views
from syncline.cli.desk import desk_of
from syncline.cli.exits import Exit
from syncline.cli.holding import held_at, held_in, held_json, tell_held
from syncline.cli.output import plain

if TYPE_CHECKING:
    from datetime import datetime

runs_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at past runs.")

_WHY = ("waiting", "dead", "disputed")


def register(app: typer.Typer) -> None:
    app.command()(status)
    app.add_typer(runs_app, name="runs")


def status(context: typer.Context, as_json: options.Json = False) -> None:
    """Show how every binding is doing.

    What is in sync, waiting, failed or in conflict, and how old that knowledge is. Held back are creates where a record
    that waits, was refused or is in question may turn out to be the one.
    """
    desk = desk_of(context)
    with desk.reports() as reports:
        found = reports.status()
    held = held_at(desk, found)
    rows = [{**_status(one), **held_json(held, one.binding)} for one in found]
    if as_json:
        desk.output.json(rows)
        return
    columns = ("binding", "linked", "in sync", *_WHY, "conflicts", "held back", "read", "last run")
    shown = [
        (
            f"{row['connection']}.{row['stream']}:{row['entity']}",
            row["links"],
            row["in_sync"],
            *(row[why] or "" for why in _WHY),
            row["conflicts"] or "",
            "?" if row["held"] is None else row["held"] or "",
            ago(row["age_seconds"]) + ("" if row["complete"] else " (not complete yet)"),
            f"{row['last_run']} {row['last_status']}" if row["last_run"] else "",
        )
        for row in rows
    ]
    desk.output.table(columns, shown, "Nothing has been run yet: start with `syncline plan`.")
    tell_held(desk.output, held)
    if any(row["in_sync"] < row["links"] for row in rows):
        desk.output.say("Not in sync is what waits to be written or answered: syncline links list --behind")


def _status(one: Any) -> dict[str, Any]:
    parked = {why: sum(number for (_, kind), number in one.parked.items() if str(kind) == why) for why in _WHY}
    return {
        **views.binding_json(one.binding),
        "links": one.links,
        "in_sync": one.in_sync,
        **parked,
        "conflicts": one.open_conflicts,
        "complete": one.complete,
        "read_at": plain(one.read_at),
        "age_seconds": one.age,
        "swept_at": plain(one.swept_at),
        "last_run": one.last_run,
        "last_status": one.last_status,
        "last_run_at": plain(one.last_run_at),
    }


def ago(seconds: float | None) -> str:
    """``never``, ``40 s ago``, ``3 h ago``."""
    if seconds is None:
        return "never"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{max(0, int(seconds))} s ago"


@runs_app.command("list")
def list_runs(context: typer.Context, limit: options.Limit = 20, as_json: options.Json = False) -> None:
    """List the latest runs."""
    desk = desk_of(context)
    with desk.reports() as reports:
        rows = [_run(one) for one in reports.runs(limit)]
    if as_json:
        desk.output.json(rows)
        return
    shown = [
        (row["id"], row["status"], row["trigger"], row["started_at"], row["seconds"], _first(row["message"]))
        for row in rows
    ]
    columns = ("run", "status", "trigger", "started", "seconds", "message")
    desk.output.table(columns, shown, "Nothing has been run yet: start with `syncline plan`.")


def _first(message: str | None) -> str:
    return (message or "").partition("\n")[0]


def _run(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "status": one.status,
        "trigger": one.trigger,
        "started_at": _moment(one.started_at),
        "ended_at": _moment(one.ended_at),
        "seconds": round((one.ended_at - one.started_at).total_seconds(), 1) if one.ended_at else None,
        "message": one.message,
        "selection": [str(binding) for binding in one.selection],
    }


def _moment(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment is not None else None


@runs_app.command("show")
def show_run(
    context: typer.Context,
    run: Annotated[int, typer.Argument(help="Number of the run.")],
    as_json: options.Json = False,
) -> None:
    """Show the balance of one run. It accounts for every record seen, and says where it ended up."""
    desk = desk_of(context)
    with desk.reports() as reports:
        found = reports.run(run)
    if found is None:
        desk.output.fail(f"there is no run {run}; see `syncline runs list`")
        raise typer.Exit(Exit.FAILED)
    row = _run(found)
    if as_json:
        desk.output.json({**row, "balances": views.balances_json(found.balances)})
        return
    desk.output.facts({name: value for name, value in row.items() if name not in ("selection", "message")})
    for line in (row["message"] or "").splitlines():
        desk.output.line(line)
    desk.output.table(views.BALANCE_COLUMNS, views.balance_rows(found.balances), "It read no records.")
    if told := held_in(found.balances):
        desk.output.say(f"{told}: syncline status says what by now, and by which records")
