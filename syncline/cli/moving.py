"""`plan` and `run`: what a run would do, and doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sync.decision import Bucket
from syncline.cli import options, views
from syncline.cli.desk import Desk, desk_of, selection
from syncline.cli.exits import Exit, of_run, of_troubles
from syncline.cli.output import Output, clean, counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.report import PlanReport, RunReport


def register(app: typer.Typer) -> None:
    app.command()(plan)
    app.command()(run)


def plan(
    context: typer.Context,
    select: options.Select = None,
    full: options.Full = False,
    proposed: Annotated[
        bool, typer.Option("--proposed", help="As if proposed mappings and rules were live: what would they change?")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="Show at most this many writes; 0: only totals.")
    ] = 50,
    reveal: options.Reveal = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 10 where there are changes.")] = False,
    as_json: options.Json = False,
) -> None:
    """Show what a run would write; write nothing."""
    desk = desk_of(context)
    project = desk.project().as_if_live() if proposed else desk.project()
    chosen = selection(project, select or [])
    with desk.engine(project) as engine:
        report = engine.plan(chosen, full=full, limit=limit)
    if as_json:
        desk.output.json(views.plan_json(report, reveal=reveal))
    else:
        show_plan(desk, report, reveal=reveal)
    raise typer.Exit(_plan_exit(report, exit_code=exit_code))


def _plan_exit(report: PlanReport, *, exit_code: bool) -> Exit:
    if report.troubles:
        return of_troubles(report.troubles)
    if exit_code and report.brakes:
        return Exit.BRAKED
    return Exit.CHANGES if exit_code and any(report.totals.values()) else Exit.DONE


def show_plan(desk: Desk, report: PlanReport, *, reveal: bool, then: str = "syncline run") -> None:
    """What would be written where, what holds it up, and (``then``) the command that does it."""
    output = desk.output
    for action in report.actions:
        output.line(views.headline(action))
        for change in action.changes:
            before, after = views.value(change.before, reveal=reveal), views.value(change.after, reveal=reveal)
            output.line(f"    {clean(change.field)}: {before} → {after}")
        if action.problem:
            output.line(f"    would be refused: {clean(action.problem)}")
    total = sum(report.totals.values())
    if len(report.actions) < total:
        output.say(f"… {total - len(report.actions):,} more; --limit shows them")
    output.table(
        ("binding", "create", "update", "delete"), views.plan_totals(report), "Nothing to write: every system agrees."
    )
    views.tell_troubles(output, report.troubles, report.brakes)
    if report.calls:
        calls = ", ".join(f"{name} {number:,}" for name, number in sorted(report.calls.items()))
        output.say(f"Calls it would take: {calls}")
    for name, number in sorted(report.unanswered.items()):
        writes = "a write of an earlier run has" if number == 1 else f"{number:,} writes of earlier runs have"
        output.say(f"{name}: {writes} no answer yet; the next run looks up what became of them before anything else.")
    left = [
        f"{counted(report.left[bucket], noun)} ({command})"
        for bucket, noun, command in _LEFT
        if report.left.get(bucket)
    ]
    if left:
        output.say(f"After the run there would be {', '.join(left)}.")
    if report.actions and not reveal:
        output.say("Values are masked; --reveal shows them.")
    if total:
        output.say(f"Nothing was written. `{then}` does it.")


def run(
    context: typer.Context,
    select: options.Select = None,
    full: options.Full = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="Also look for records that are gone.")] = False,
    release: Annotated[
        list[str] | None,
        typer.Option("--release", help="Let a brake go this once: crm.Contact:update, crm:create, delete or all."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Bring every system up to date, once."""
    desk = desk_of(context)
    project = desk.project()
    chosen = selection(project, select or [])
    with desk.engine(project) as engine:
        report = engine.run(chosen, full=full, sweep=sweep, release=frozenset(release or ()), trigger="person")
    show_run(desk, report, as_json=as_json)
    raise typer.Exit(of_run(report))


def show_run(desk: Desk, report: RunReport, *, as_json: bool) -> None:
    """The balance of a run, and what it left for a person with the command that shows it."""
    if as_json:
        desk.output.json(views.run_json(report))
        return
    output = desk.output
    output.table(views.BALANCE_COLUMNS, views.balance_rows(report.balances), "No records were read.")
    views.tell_troubles(output, report.troubles, report.brakes)
    _tell_left(output, report.left)
    if report.status == "busy":
        output.say(f"Nothing was done: {report.message or 'another run holds the lease'}. Try again later.")
    else:
        output.say(f"Run {report.run}: {report.status}.")


_LEFT = (
    (Bucket.DEAD, "dead letter", "syncline dead-letters list"),
    (Bucket.CONFLICT, "conflict", "syncline conflicts list"),
    (Bucket.WAITING, "waiting record", "syncline dead-letters list --why waiting"),
)


def _tell_left(output: Output, left: Mapping[Bucket, int]) -> None:
    """What is left of all runs so far, with the command that shows it."""
    for bucket, noun, command in _LEFT:
        if left.get(bucket):
            output.say(f"{counted(left[bucket], noun)}: {command}")
