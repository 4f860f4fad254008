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
from syncline.cli.output import Output, counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sync.report import PlanReport, RunReport
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
        show_plan(desk, report, reveal=reveal, out=out)
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
    desk: Desk, report: PlanReport, *, reveal: bool, out: Path | None = None, then: str = "syncline run"
) -> None:
    """What would be written where, what holds it up, and (``then``) the command that does it."""
    output, total = desk.output, sum(report.totals.values())
    plan_views.show_totals(output, report.totals)
    plan_views.show_actions(output, report.actions, total, reveal=reveal)
    views.tell_troubles(output, report.troubles, report.brakes)
    plan_views.show_calls(output, report.calls)
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
