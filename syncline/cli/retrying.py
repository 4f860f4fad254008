"""`retry`: everything that could not be taken further and may go through now, and what became of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sync.decision import Why
from syncline.cli import options, views
from syncline.cli.desk import Desk, confirmed, desk_of, selection
from syncline.cli.exits import Exit, of_run
from syncline.cli.moving import show_run
from syncline.cli.output import clean, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from state.views import ParkedGroup
    from sync.ports import Store

# Imports inside functions keep `syncline --help` fast; see `syncline.cli.desk`.

_COLUMNS = ("binding", "side", "why", "code", "records", "")


def register(app: typer.Typer) -> None:
    app.command()(retry)


def retry(
    context: typer.Context,
    bindings: options.Bindings = None,
    codes: Annotated[
        list[str] | None, typer.Option("--code", help="Only what was set aside with this code; may be repeated.")
    ] = None,
    why: Annotated[str, typer.Option("--why", help="Only what is dead, waiting or disputed.")] = "all",
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would be tried.")] = False,
    yes: options.Yes = False,
    as_json: options.Json = False,
) -> None:
    """Try again everything that was set aside: dead letters, refused writes, waiting records, matches in doubt.

    It shows first what that is, asks, and tells afterwards what became of it. Questions for a person are left alone; so
    are creates that may have happened (in-doubt), which only `--code in-doubt` tries again.
    """
    desk = desk_of(context)
    if why != "all" and why not in list(Why):
        raise typer.BadParameter(f"one of {', '.join(Why)}, all", param_hint="--why")
    project = desk.project()
    selection(project, bindings or [], where="BINDING")
    with desk.engine(project) as engine:
        chosen = {binding.id for binding in engine.hub.selected(bindings or [])}
        with desk.reports() as reports:
            groups: list[ParkedGroup] = [
                group
                for group in reports.parked_groups()
                if group.binding in chosen and why in ("all", group.why) and (not codes or group.code in codes)
            ]
        tried = [group for group in groups if retriable(group, codes or [])]
        if not as_json or preview:
            _show(desk, groups, tried, as_json=as_json)
        if preview or not tried:
            raise typer.Exit(Exit.DONE)
        total = sum(len(group.keys) for group in tried)
        confirmed(desk, f"Try {counted(total, 'record')} again?", yes=yes)
        report = engine.retry([number for group in tried for number in group.ids])
        rows = [_became(engine.hub.store, group, engine.hub.policy.page) for group in tried]
    if as_json:
        desk.output.json({"tried": rows, "run": views.run_json(report)})
    else:
        _show_outcome(desk, rows)
        show_run(desk, report, as_json=False)
    raise typer.Exit(of_run(report))


def retriable(group: ParkedGroup, codes: Sequence[str]) -> bool:
    """Whether trying again can help, and cannot make anything twice that nobody asked for."""
    from sync.absorb import DISPUTED_MATCH
    from sync.reconcile import IN_DOUBT

    if group.why is Why.DISPUTED:
        return group.code == DISPUTED_MATCH
    return group.code != IN_DOUBT or IN_DOUBT in codes


def _show(desk: Desk, groups: Sequence[ParkedGroup], tried: Sequence[ParkedGroup], *, as_json: bool) -> None:
    if as_json:
        desk.output.json([{**_row(group), "count": len(group.keys), "retried": group in tried} for group in groups])
        return
    rows = [
        (
            group.binding,
            group.side,
            group.why,
            group.code,
            f"{len(group.keys):,}",
            "" if group in tried else "waits for a person" if group.why is Why.DISPUTED else "may have happened",
        )
        for group in groups
    ]
    desk.output.table(_COLUMNS, rows, "Nothing is set aside.")


def _row(group: ParkedGroup) -> dict[str, Any]:
    return {
        **views.binding_json(group.binding),
        "side": str(group.side),
        "why": str(group.why),
        "code": group.code,
    }


def _became(store: Store, group: ParkedGroup, size: int) -> dict[str, Any]:
    """How many of a group are settled, lie there as before, or for another reason."""
    now: Counter[str] = Counter()
    for at in range(0, len(group.keys), size):
        found = store.parked(group.binding, group.side, group.keys[at : at + size])
        now.update(parked.code for parked in found.values())
    still, other = now.pop(group.code, 0), dict(sorted(now.items()))
    settled = len(group.keys) - still - sum(other.values())
    return {**_row(group), "tried": len(group.keys), "settled": settled, "still": still, "otherwise": other}


def _show_outcome(desk: Desk, rows: Sequence[dict[str, Any]]) -> None:
    shown = [
        (
            f"{row['connection']}.{row['stream']}:{row['entity']}",
            row["side"],
            row["code"],
            f"{row['tried']:,}",
            f"{row['settled']:,}" if row["settled"] else "",
            f"{row['still']:,}" if row["still"] else "",
            clean(", ".join(f"{code} {number:,}" for code, number in row["otherwise"].items())),
        )
        for row in rows
    ]
    columns = ("binding", "side", "code", "tried", "settled", "as before", "now")
    desk.output.table(columns, shown, "Nothing was tried.")
