"""`backfill`: one field, from every record of the systems that have it, to all others."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated

import typer

from syncline.cli import options, plan_views
from syncline.cli.desk import desk_of, selection
from syncline.cli.exits import of_run, of_troubles
from syncline.cli.moving import show_plan, show_run
from syncline.cli.output import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.focus import Focus
    from sync.hub import Hub

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.


def register(app: typer.Typer) -> None:
    app.command()(backfill)


def backfill(
    context: typer.Context,
    field: Annotated[str, typer.Option("--field", "-f", help="A canonical path: job_title, phones, emails[work].")],
    bindings: options.Bindings = None,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this it is only planned.")] = False,
    release: options.Release = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Of the plan, show at most so many writes.")] = 50,
    reveal: options.Reveal = False,
    as_json: options.Json = False,
) -> None:
    """Read one field of every linked record, and spread it; no other field is touched.

    A value fills what is blank; of two different ones survivorship decides, and the other is kept. An item (an address,
    a consent) is taken as a whole. A changed mapping needs no backfill: the next run reads what it newly maps.
    """
    from sync.backfilling import focused

    desk = desk_of(context)
    project = desk.project()
    chosen = selection(project, bindings or [], where="BINDING")
    released = frozenset(release or ())
    with desk.engine(project) as engine:
        focus = _focus(engine.hub, field, chosen)
        narrow = focused(engine, focus)
        if apply:
            report = narrow.run(chosen, release=released, trigger="backfill")
        else:
            plan = narrow.plan(chosen, limit=limit, release=released)
    if apply:
        show_run(desk, report, as_json=as_json)
        raise typer.Exit(of_run(report))
    if as_json:
        desk.output.json({"field": str(focus), **plan_views.plan_json(plan, reveal=reveal)})
    else:
        show_plan(desk, plan, reveal=reveal, then=f"syncline backfill --field {clean(focus)} --apply")
    raise typer.Exit(of_troubles(plan.troubles) if plan.troubles else 0)


def _focus(hub: Hub, field: str, chosen: Sequence[str]) -> Focus:
    """What the field's name means. Raises typer.BadParameter where no selected mapping reads it."""
    from sync.focus import Focus

    known = sorted({path for binding in hub.selected(chosen) for path in binding.mapping.reads})
    try:
        focus = Focus.on(field)
    except ValueError:
        focus = None
    if focus is None or not focus.meets(known):
        close = difflib.get_close_matches(field, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "`syncline mappings list` names the mappings"
        raise typer.BadParameter(f"no mapping reads {field!r}; {hint}", param_hint="--field")
    return focus
