"""`plan` and `run`: what a run would do, and doing it."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.decision import Bucket
from syncline.cli import options, plan_views, views
from syncline.cli.desk import Desk, desk_of, selection
from syncline.cli.edits import plan_edit
from syncline.cli.exits import Exit, of_run, of_troubles
from syncline.cli.holding import held_in
from syncline.cli.output import Output, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.report import Balances, PlanReport, RunReport
    from sync.run import Engine
    from syncline.plan_files import PlanWriter


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
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", "-m", help="Only what this edited mapping file would change; it may lie anywhere."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Keep the whole plan in this file, for `syncline apply`.")
    ] = None,
    release: options.Release = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=0, show_default="50", help="Show at most this many writes; 0: only totals."),
    ] = None,
    reveal: options.Reveal = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 10 where there are changes.")] = False,
    as_json: options.Json = False,
) -> None:
    """Show what a run would write; write nothing.

    Totals come first, then the writes that tell most. With --mapping it is the difference that an edited mapping makes
    to the one of its name, with ten examples: every system is read in full, twice.
    """
    desk = desk_of(context)
    if mapping is not None:
        if out is not None or proposed:
            raise typer.BadParameter(
                "an edit is only looked at: --out and --proposed make no sense", param_hint="--mapping"
            )
        most = 10 if limit is None else limit
        code = plan_edit(desk, mapping, select or [], limit=most, reveal=reveal, exit_code=exit_code, as_json=as_json)
        raise typer.Exit(code)
    project = desk.project().as_if_live() if proposed else desk.project()
    chosen = selection(project, select or [])
    if out is not None and proposed:
        raise typer.BadParameter("what is only proposed cannot be applied, so it is not kept", param_hint="--out")
    with desk.engine(project) as engine, _kept_in(out, engine) as keeper:
        report = engine.plan(
            chosen, full=full, limit=50 if limit is None else limit, release=frozenset(release or ()), keeper=keeper
        )
    if as_json:
        desk.output.json(plan_views.plan_json(report, reveal=reveal))
    else:
        because = "every system agrees"
        if not any(mapping.direction.writes for mapping in project.mappings):
            because = "no mapping goes out to a system"
        show_plan(desk, report, reveal=reveal, out=out, because=because)
    raise typer.Exit(_plan_exit(report, exit_code=exit_code))


@contextmanager
def _kept_in(out: Path | None, engine: Engine) -> Iterator[PlanWriter | None]:
    """The file that takes the plan; nothing is left of it where planning failed."""
    if out is None:
        yield None
        return
    from syncline.plan_files import PlanWriter

    writer = PlanWriter(out, engine.hub.store.seal())
    try:
        yield writer
    except BaseException:
        writer.give_up()
        raise


def _plan_exit(report: PlanReport, *, exit_code: bool) -> Exit:
    if report.troubles:
        return of_troubles(report.troubles)
    if exit_code and report.brakes:
        return Exit.BRAKED
    return Exit.CHANGES if exit_code and any(report.totals.values()) else Exit.DONE


def show_plan(
    desk: Desk,
    report: PlanReport,
    *,
    reveal: bool,
    out: Path | None = None,
    then: str = "syncline run",
    because: str = "every system agrees",
) -> None:
    """What the hub would take in, what would be written where, what holds it up, and (``then``) what does it.

    ``because`` says why nothing is written, where nothing is.
    """
    output, total = desk.output, sum(report.totals.values())
    taken_in = list(views.taken_in(report.balances))
    for binding, taken in taken_in:
        output.line(f"in the hub, from {binding}: {taken}")
    if taken_in and total:
        output.line()
    plan_views.show_totals(output, report.totals, because)
    plan_views.show_actions(output, report.actions, total, reveal=reveal)
    views.tell_troubles(output, report.troubles, report.brakes)
    plan_views.show_calls(output, report.calls)
    for name, number in sorted(report.unanswered.items()):
        writes = "a write of an earlier run has" if number == 1 else f"{number:,} writes of earlier runs have"
        output.say(f"{name}: {writes} no answer yet; the next run looks up what became of them before anything else.")
    left = list(_left(report))
    if left:
        output.say("After the run there would be:")
    for told, command in left:
        output.say(f"  {told}: {command}")
    _tell_disputed(output, report.balances)
    if total:
        how = f"`syncline apply {out}` does exactly this" if out is not None else f"`{then}` does it"
        output.say(f"Nothing was written. {how}.")
    if out is not None:
        output.say(f"The whole plan is in {out}. It holds people's data, and only you can read it.")


def run(
    context: typer.Context,
    select: options.Select = None,
    full: options.Full = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="Also look for records that are gone.")] = False,
    release: options.Release = None,
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
    for kept in report.kept:
        output.say(f"{kept}.")
    for told, command in _left(report):
        output.say(f"{told}: {command}")
    if held := held_in(report.balances):
        output.say(f"{held}: syncline status")
    _tell_disputed(output, report.balances)
    if number := views.joined_in(report.balances):
        output.say(f"{counted(number, 'record')} joined what the hub knew already: syncline links list")
    if report.status == "busy":
        output.say(f"Nothing was done: {report.message or 'another run holds the lease'}. Try again later.")
    else:
        output.say(f"Run {report.run}: {report.status}.")


def _left(report: RunReport | PlanReport) -> Iterator[tuple[str, str]]:
    """What is left of all runs so far, each with the command that shows it.

    A balance counts records; of those in conflict, what is counted here is what there is to answer.
    """
    dead, waiting = (report.left.get(bucket, 0) for bucket in (Bucket.DEAD, Bucket.WAITING))
    fields = report.conflicts - report.questions
    if dead:
        yield counted(dead, "dead letter"), "syncline dead-letters list"
    if fields:
        yield f"{counted(fields, 'field')} in conflict", "syncline conflicts list --kind field"
    if report.questions:
        yield f"{counted(report.questions, 'record')} in question", "syncline conflicts list --kind record"
    if waiting:
        yield counted(waiting, "waiting record"), "syncline dead-letters list --why waiting"


def _tell_disputed(output: Output, balances: Balances) -> None:
    if any(balance.detail.get("disputed") for balance in balances.values()):
        output.say("Disputed: the hub may know whose record it is, but is not certain; see one: conflicts show m…")
