"""`brake`: plans that wait for a person, because a brake holds or a binding wants approval."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli import options, plan_views, views
from syncline.cli.applying import of_apply, show_applied
from syncline.cli.desk import Desk, confirmed, desk_of
from syncline.cli.output import clean, counted, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.keeping import StoredPlan
    from sync.ports import KeptPlan

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

brake_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Look at plans that wait for a person, and let them go."
)

Which = Annotated[int, typer.Argument(metavar="ID", help="As listed.")]
_WHY = {"brake": "a brake holds", "approval": "approval is needed"}


def register(app: typer.Typer) -> None:
    app.add_typer(brake_app, name="brake")


@brake_app.command("list")
def list_plans(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Also those that do not wait any more.")] = False,
    as_json: options.Json = False,
) -> None:
    """List the plans that wait for a person."""
    from sync.ports import PlanState

    desk = desk_of(context)
    with desk.store() as store:
        kept = store.kept_plans(None if everything else PlanState.WAITING)
    if as_json:
        desk.output.json([_kept_json(one) for one in kept])
        return
    rows = [
        (one.id, one.state.value, one.why, f"{one.made_at:%Y-%m-%d %H:%M}", one.run, _count(one), _places(one))
        for one in kept
    ]
    desk.output.table(("id", "state", "why", "made (utc)", "run", "writes", "in"), rows, "No plan waits for a person.")


def _count(kept: KeptPlan) -> int:
    return int(kept.summary.get("count", 0))


def _places(kept: KeptPlan) -> str:
    return ", ".join(str(binding) for binding in kept.bindings)


def _kept_json(kept: KeptPlan) -> dict[str, Any]:
    return {
        "id": kept.id,
        "state": kept.state.value,
        "why": kept.why,
        "run": kept.run,
        "made_at": plain(kept.made_at),
        "settled_at": plain(kept.settled_at),
        "bindings": [views.binding_json(binding) for binding in kept.bindings],
        "mappings": dict(kept.head.get("mappings", {})),
        **{part: kept.summary.get(part) for part in ("count", "totals", "blanks", "calls", "brakes")},
    }


@brake_app.command("show")
def show_plan(
    context: typer.Context,
    number: Which,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="Show at most this many writes; 0: only totals.")
    ] = 20,
    reveal: options.Reveal = False,
    as_json: options.Json = False,
) -> None:
    """Show what a waiting plan would write. Totals come first, then the writes that tell most."""
    from sync.keeping import waiting
    from sync.sampling import Sampler

    desk = desk_of(context)
    with desk.store() as store:
        plan = waiting(store, number)
        sample = Sampler(limit)
        for page in _pages(plan):
            sample.add(page)
    actions = sample.chosen()
    if as_json:
        shown = [plan_views.action_json(action, reveal=reveal) for action in actions]
        desk.output.json({**_kept_json(plan.kept), "actions": shown})
        return
    _show(desk, plan)
    plan_views.show_actions(desk.output, actions, sample.seen, reveal=reveal)
    desk.output.say(
        f"`syncline brake release {number}` does exactly this; `syncline brake discard {number}` forgets it."
    )


def _pages(plan: StoredPlan) -> Iterator[list[Any]]:
    items = plan.items()
    while page := list(islice(items, 500)):
        yield page


def _show(desk: Desk, plan: StoredPlan) -> None:
    from sync.plans import brakes_of, totals_of

    kept, output = plan.kept, desk.output
    made = f"{kept.made_at:%Y-%m-%d %H:%M} UTC by run {kept.run}"
    output.facts({"plan": kept.id, "waits because": _WHY.get(kept.why, kept.why), "made": made})
    for brake in brakes_of(kept.summary):
        limit = f"limit {brake.limit:,}, {brake.links:,} linked"
        output.line(
            clean(f"over the brake: {brake.kind} {brake.count:,} in {brake.connection}.{brake.stream} ({limit})")
        )
    output.line()
    plan_views.show_totals(output, totals_of(kept.summary))
    plan_views.show_calls(output, kept.summary.get("calls", {}))


@brake_app.command("release")
def release(
    context: typer.Context,
    number: Which,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="List at most this many actions that were left.")
    ] = 50,
    yes: options.Yes = False,
    as_json: options.Json = False,
) -> None:
    """Carry out exactly what a waiting plan says.

    Everything is read first. What would be written otherwise now, or is done or gone, is left and listed; it stays due,
    and a later run asks again.
    """
    from sync.keeping import waiting

    desk = desk_of(context)
    with desk.engine() as engine:
        plan = waiting(engine.hub.store, number)
        if not yes and not as_json:
            _show(desk, plan)
        writes = counted(_count(plan.kept), "write")
        confirmed(desk, f"Carry out plan {number}: {writes} in {_places(plan.kept)}?", yes=yes)
        report = engine.release(number)
    show_applied(desk, report, limit=limit, as_json=as_json)
    raise typer.Exit(of_apply(report))


@brake_app.command("discard")
def discard(context: typer.Context, number: Which, yes: options.Yes = False) -> None:
    """Forget a waiting plan.

    What it would have written stays due: the next run that is braked or asks for approval makes a new plan of it.
    """
    desk = desk_of(context)
    with desk.engine() as engine:
        confirmed(desk, f"Forget plan {number}?", yes=yes)
        engine.discard_plan(number)
    desk.output.say(f"Plan {number} is forgotten. What it would have written is still due.")
