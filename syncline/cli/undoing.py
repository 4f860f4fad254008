"""`undo`: take a run back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli import options, plan_views, views
from syncline.cli.desk import Desk, confirmed, desk_of
from syncline.cli.exits import Exit, of_run, of_troubles
from syncline.cli.explaining import moment, stream
from syncline.cli.masking import masked_field
from syncline.cli.moving import show_run
from syncline.cli.output import clean, counted, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model.fields import EntitySchema
    from sync.undone import Left, Place, Reverted, UndoReport

_LISTS = ("fields", "deleted", "unlinked", "recreated", "relinked", "revived", "ended", "left")


def register(app: typer.Typer) -> None:
    app.command()(undo)


def undo(
    context: typer.Context,
    run: Annotated[int, typer.Argument(metavar="RUN", help="Number of the run, as `runs list` shows it.")],
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Without it, it is only shown.")] = False,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Also where people made the changes, not only where the run wrote.")
    ] = False,
    release: Annotated[
        list[str] | None, typer.Option("--release", help="Let a brake go this once, as with `run`.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Show at most this many of each kind.")] = 20,
    reveal: options.Reveal = False,
    yes: options.Yes = False,
    as_json: options.Json = False,
) -> None:
    """Show what taking a run back would change, in the hub and in every system; with --apply, do it.

    Fields return to their former values, records that the run made are deleted, those it deleted are created again.
    What was edited since stays, and is listed. It is a run of its own, which can be undone.
    """
    desk = desk_of(context)
    project = desk.project()
    let_go = frozenset(release or ())
    with desk.engine(project) as engine:
        report = engine.plan_undo(run, everywhere=everywhere, release=let_go, limit=limit)
        if apply and not report.plan.troubles and not report.plan.brakes and any(_deeds(report)):
            if not as_json:
                _show(desk, report, project.schemas, reveal=reveal)
            confirmed(desk, f"Undo run {run}?", yes=yes)
            report = engine.undo(run, everywhere=everywhere, release=let_go, limit=limit)
        elif not as_json:
            _show(desk, report, project.schemas, reveal=reveal)
    if as_json:
        desk.output.json(_json(report, project.schemas, reveal=reveal))
    elif report.done is not None:
        show_run(desk, report.done, as_json=False)
    elif any(_deeds(report)):
        desk.output.say(f"Nothing was changed. `syncline undo {run} --apply` does it.")
    raise typer.Exit(_exit(report))


def _exit(report: UndoReport) -> Exit:
    if report.done is not None:
        return of_run(report.done)
    if report.plan.troubles:
        return of_troubles(report.plan.troubles)
    return Exit.BRAKED if report.plan.brakes else Exit.DONE


def _deeds(report: UndoReport) -> Iterator[int]:
    return (report.counts[name] for name in _LISTS if name != "left")


def _show(desk: Desk, report: UndoReport, schemas: Mapping[str, EntitySchema], *, reveal: bool) -> None:
    output = desk.output
    if not any(report.counts.values()):
        output.say(f"Nothing is to be undone: run {report.run} changed nothing that is still as it left it.")
        _tell_linked(desk, report.run)
        return
    output.table(
        ("record", "field", "now", "returns to", "keeps its own"),
        _reverted(report.fields, schemas, reveal=reveal),
        "No field returns to a former value.",
    )
    _more(desk, report, "fields")
    records = [
        *(("deleted", place, "the run made it") for place in report.deleted),
        *(("unlinked", left.at, _why(left)) for left in report.unlinked),
        *(("created again", place, "the run deleted it; it gets a new key") for place in report.recreated),
        *(("linked again", place, "the run let it go") for place in report.relinked),
    ]
    if records:
        output.line()
        output.table(("record", "will be", "because"), [(_place(at), deed, why) for deed, at, why in records], "")
    for name in ("deleted", "unlinked", "recreated", "relinked"):
        _more(desk, report, name)
    if report.left:
        output.line()
        output.table(("left alone", "field", "of", "because"), _stays(report.left), "")
        _more(desk, report, "left")
    output.line()
    rows = plan_views.totals_rows(report.plan.totals)
    output.table(("binding", "create", "update", "delete"), rows, "No system is written.")
    views.tell_troubles(output, report.plan.troubles, report.plan.brakes)
    for brake in report.plan.brakes:
        output.say(f"Here: `syncline undo {report.run} --apply --release {views.release_name(brake)}`.")
    if report.plan.calls:
        calls = ", ".join(f"{name} {number:,}" for name, number in sorted(report.plan.calls.items()))
        output.say(f"Calls it would take: {calls}")
    _tell_linked(desk, report.run)
    if report.fields and not reveal:
        output.say("Values are masked; --reveal shows them.")


def _more(desk: Desk, report: UndoReport, name: str) -> None:
    hidden = report.counts[name] - len(getattr(report, name))
    if hidden > 0:
        desk.output.say(f"… {hidden:,} more; --limit shows them")


def _tell_linked(desk: Desk, run: int) -> None:
    """Links are decisions about who is who; undoing one takes a look at both records."""
    with desk.reports() as reports:
        found = reports.run(run)
    if found is not None and found.trigger == "repair":
        desk.output.say("A person decided in that run; what it did to links (a split, a match, a merge) stays.")
    details: Counter[str] = Counter()
    for balance in found.balances.values() if found is not None else ():
        linked = sum(views.joined(balance.detail, name)[0] for name in views.LINKED)
        details.update({"linked": linked, "merged there": balance.detail.get("merged there", 0)})
    if details["linked"]:
        output = f"{counted(details['linked'], 'record')} that the run linked to entities it knew stay linked"
        desk.output.say(f"{output}; `syncline links split` takes one out.")
    if details["merged there"]:
        desk.output.say(f"{counted(details['merged there'], 'merge')} of records in a system cannot be taken back.")


def _reverted(
    rows: Sequence[Reverted], schemas: Mapping[str, EntitySchema], *, reveal: bool
) -> Iterator[tuple[Any, ...]]:
    for one in rows:
        now, former = (_shown(schemas, one, value, reveal=reveal) for value in (one.now, one.former))
        keeps = ", ".join(_place(place) for place in one.keeps)
        yield f"{one.entity} {one.entity_id}", one.path, *(views.value(v, reveal=True) for v in (now, former)), keeps


def _shown(schemas: Mapping[str, EntitySchema], one: Reverted, value: Any, *, reveal: bool) -> Any:
    return value if reveal else masked_field(schemas.get(one.entity), one.path, value)


def _stays(rows: Sequence[Left]) -> Iterator[tuple[Any, ...]]:
    for left in rows:
        yield f"{left.entity} {left.entity_id}", left.path, _place(left.at) if left.at else None, _why(left)


def _why(left: Left) -> str:
    since = f" by {left.by}, {moment(left.when)}" if left.by else ""
    return f"{left.why}{since}"


def _place(place: Place | None) -> str:
    return clean(f"{stream(place[0])} {place[1]}") if place is not None else ""


def _json(report: UndoReport, schemas: Mapping[str, EntitySchema], *, reveal: bool) -> dict[str, Any]:
    def place(at: Place | None) -> dict[str, Any]:
        return {"binding": str(at[0]) if at else None, "key": at[1] if at else None}

    def left(one: Left) -> dict[str, Any]:
        where = {"entity": one.entity, "entity_id": one.entity_id, "path": one.path, **place(one.at)}
        return {**where, "why": one.why, "by": one.by, "when": plain(one.when)}

    return {
        "undoes": report.run,
        "counts": {name: report.counts[name] for name in _LISTS},
        "fields": [
            {
                "entity": one.entity,
                "entity_id": one.entity_id,
                "path": one.path,
                "now": plain(_shown(schemas, one, one.now, reveal=reveal)),
                "former": plain(_shown(schemas, one, one.former, reveal=reveal)),
                "keeps": [place(at) for at in one.keeps],
            }
            for one in report.fields
        ],
        **{name: [place(at) for at in getattr(report, name)] for name in ("deleted", "recreated", "relinked")},
        **{name: [{"entity": e, "entity_id": i} for e, i in getattr(report, name)] for name in ("revived", "ended")},
        "unlinked": [left(one) for one in report.unlinked],
        "left": [left(one) for one in report.left],
        "plan": plan_views.plan_json(report.plan, reveal=reveal),
        "run": views.run_json(report.done) if report.done is not None else None,
    }
