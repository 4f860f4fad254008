"""`apply`: carry out a plan that was kept in a file; and what became of each of its actions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli import options, views
from syncline.cli.desk import desk_of
from syncline.cli.exits import Exit, of_run
from syncline.cli.output import Output, clean, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.applying import ApplyReport
    from sync.permit import Drift
    from syncline.cli.desk import Desk


def register(app: typer.Typer) -> None:
    app.command()(apply)


def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="PLAN", help="A file written by `syncline plan --out`.")],
    release: options.Release = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="List at most this many actions that were left.")
    ] = 50,
    as_json: options.Json = False,
) -> None:
    """Carry out exactly the actions of a plan.

    Everything is read first. What would be written otherwise now, or is done or gone, is left and listed; work that the
    plan does not have stays for the next run. A plan that was altered, or made by another hub or before a mapping or
    setting changed, is refused.
    """
    from syncline.plan_files import PlanFile

    desk = desk_of(context)
    with desk.engine() as engine:
        seal = engine.hub.store.seal()
        with PlanFile(file, seal) as plan:
            report = engine.apply(plan, release=frozenset(release or ()))
    show_applied(desk, report, limit=limit, as_json=as_json)
    raise typer.Exit(of_apply(report))


def of_apply(report: ApplyReport) -> Exit:
    """The exit code: a drift is no success, and hides nothing graver."""
    code = of_run(report.run)
    grave = (Exit.LATER, Exit.BRAKED, Exit.FAILED)
    return Exit.DRIFT if report.drifted and code not in grave else code


def show_applied(desk: Desk, report: ApplyReport, *, limit: int, as_json: bool) -> None:
    """How many actions met which fate, and those that were not carried out by name."""
    from sync.permit import Fate
    from syncline.cli.moving import show_run

    if as_json:
        desk.output.json(applied_json(report, limit))
        return
    _show_drifts(desk.output, report.drifts[:limit], sum(report.fates.values()) - report.fates.get(Fate.WRITTEN, 0))
    show_run(desk, report.run, as_json=False)
    if report.run.status in ("busy", "braked"):
        return
    planned = sum(number for fate, number in report.fates.items() if fate is not Fate.NEW)
    written = report.fates.get(Fate.WRITTEN, 0)
    told = ", ".join(
        f"{number:,} {fate.value}" for fate, number in sorted(report.fates.items()) if fate is not Fate.NEW
    )
    if written == planned:
        desk.output.say(f"All of the plan was carried out: {counted(planned, 'action')}.")
    else:
        desk.output.say(f"{written:,} of {counted(planned, 'planned action')} carried out ({told}).")
    if report.fates.get(Fate.NEW):
        desk.output.say(f"Not in the plan, so left for the next run: {counted(report.fates[Fate.NEW], 'new action')}.")


def _show_drifts(output: Output, drifts: Sequence[Drift], total: int) -> None:
    if not total:
        return
    rows = [
        (
            drift.fate.value,
            drift.kind.value,
            f"{drift.binding.connection}.{drift.binding.stream}",
            drift.key or "",
            drift.subject,
            clean(drift.detail),
        )
        for drift in drifts
    ]
    output.table(("left", "action", "stream", "key", "entity", "why"), rows, "")
    if total > len(drifts):
        output.say(f"… {total - len(drifts):,} more; --limit shows them")


def applied_json(report: ApplyReport, limit: int) -> dict[str, Any]:
    return {
        "fates": {fate.value: number for fate, number in sorted(report.fates.items())},
        "left": [
            {
                "fate": drift.fate.value,
                "kind": drift.kind.value,
                **views.binding_json(drift.binding),
                "key": drift.key,
                "entity_id": drift.subject,
                "why": drift.detail,
            }
            for drift in report.drifts[:limit]
        ],
        "run": views.run_json(report.run),
    }
