"""`reconcile` and `audit population`: whether every system holds what the hub believes it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncline.cli import options, plan_views, views
from syncline.cli.desk import Desk, desk_of, selection
from syncline.cli.exits import Exit, of_run, of_troubles
from syncline.cli.findings import Findings
from syncline.cli.moving import show_plan, show_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.comparing import DriftReport
    from sync.hub import Trouble
    from sync.report import PlanReport
    from syncline.settings import Project

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

audit_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Prove that nothing is missing.")

Examples = Annotated[int, typer.Option("--examples", min=0, help="Show so many examples of each kind.")]


def register(app: typer.Typer) -> None:
    app.command()(reconcile)
    app.add_typer(audit_app, name="audit")


def reconcile(
    context: typer.Context,
    bindings: options.Bindings = None,
    repair: Annotated[bool, typer.Option("--repair", help="Show as a plan what would mend it.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Mend it: a run that looks at everything anew.")] = False,
    release: options.Release = None,
    examples: Examples = 3,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Of the plan, show at most so many writes.")] = 50,
    reveal: options.Reveal = False,
    as_json: options.Json = False,
) -> None:
    """Compare everything that every system holds with what the hub believes.

    What an ordinary run would read by itself is news; what it would not is drift. Without --apply nothing is changed
    anywhere. Ends with 10 where there is drift.
    """
    from sync.auditing import reconcile as compare
    from sync.backfilling import looking_anew

    desk = desk_of(context)
    project = desk.project()
    chosen = selection(project, bindings or [], where="BINDING")
    with desk.engine(project) as engine:
        if apply:
            report = looking_anew(engine).run(chosen, release=frozenset(release or ()), trigger="reconcile")
        else:
            drift = compare(engine, chosen, examples=examples)
            wanted = repair and drift.drifted
            plan = looking_anew(engine).plan(chosen, limit=limit, release=frozenset(release or ())) if wanted else None
    if apply:
        show_run(desk, report, as_json=as_json)
        raise typer.Exit(of_run(report))
    _show_drift(desk, project, drift, plan, reveal=reveal, as_json=as_json)
    raise typer.Exit(_ended(drift.troubles, wrong=drift.drifted))


def _show_drift(
    desk: Desk, project: Project, drift: DriftReport, plan: PlanReport | None, *, reveal: bool, as_json: bool
) -> None:
    findings = Findings(desk.output, project.schemas, reveal=reveal)
    if as_json:
        planned = None if plan is None else plan_views.plan_json(plan, reveal=reveal)
        desk.output.json({**findings.drift_json(drift), "plan": planned})
        return
    findings.tell_drift(drift)
    views.tell_troubles(desk.output, drift.troubles, [])
    if plan is not None:
        desk.output.line()
        desk.output.line("What would mend it")
        show_plan(desk, plan, reveal=reveal, then="syncline reconcile --apply")
    elif drift.drifted:
        desk.output.say("`--repair` shows as a plan what would mend it, `--apply` mends it. Nothing was changed.")
    elif not drift.troubles:
        desk.output.say("Nothing drifted: every system holds what the hub believes.")


def _ended(troubles: Sequence[Trouble], *, wrong: bool) -> Exit:
    if troubles:
        return of_troubles(troubles)
    return Exit.CHANGES if wrong else Exit.DONE


@audit_app.command("population")
def population(
    context: typer.Context,
    bindings: options.Bindings = None,
    sample: Annotated[int, typer.Option("--sample", min=1, help="Compare so many linked records of each.")] = 300,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Draw the same sample again.", show_default="the clock")
    ] = None,
    examples: Examples = 3,
    reveal: options.Reveal = False,
    as_json: options.Json = False,
) -> None:
    """Count the records of both sides, and compare a random sample of the linked ones field by field.

    The bound says how many at most are missing or different, with 95 % confidence. Nothing is changed anywhere. Ends
    with 10 where something is missing on one side or differs.
    """
    from sync.population import audit_population

    desk = desk_of(context)
    project = desk.project()
    chosen = selection(project, bindings or [], where="BINDING")
    with desk.engine(project) as engine:
        dice = int(engine.hub.clock.now().timestamp()) if seed is None else seed
        report = audit_population(engine, chosen, sample=sample, seed=dice, examples=examples)
    findings = Findings(desk.output, project.schemas, reveal=reveal)
    if as_json:
        desk.output.json(findings.population_json(report))
    else:
        findings.tell_population(report)
        views.tell_troubles(desk.output, report.troubles, [])
    raise typer.Exit(_ended(report.troubles, wrong=report.wrong))
