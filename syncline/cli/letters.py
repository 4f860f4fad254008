"""`dead-letters`: records that could not be taken further, kept with their reason until they can."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from model.errors import StateError
from sync.decision import Why
from syncline.cli import options, views
from syncline.cli.desk import Desk, confirmed, desk_of
from syncline.cli.exits import Exit, of_run
from syncline.cli.masking import masked
from syncline.cli.moving import show_run
from syncline.cli.output import counted, plain

letters_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Records that could not be taken further.")

_EVERYTHING = 1_000_000
Code = Annotated[str | None, typer.Option("--code", help="Only those with this reason, e.g. not-an-email.")]


def register(app: typer.Typer) -> None:
    app.add_typer(letters_app, name="dead-letters")


@letters_app.command("list")
def list_letters(
    context: typer.Context,
    why: Annotated[str, typer.Option("--why", help="dead, waiting, disputed or all.")] = "dead",
    code: Code = None,
    limit: options.Limit = 100,
    as_json: options.Json = False,
) -> None:
    """List records that could not be taken further, with the reason. Their content is not shown here."""
    desk = desk_of(context)
    if why != "all" and why not in list(Why):
        raise typer.BadParameter(f"one of {', '.join(Why)}, all", param_hint="--why")
    with desk.reports() as reports:
        found = reports.parked(None if why == "all" else Why(why), limit=_EVERYTHING if code else limit)
    rows = [_letter(one) for one in found if code in (None, one.parked.code)][:limit]
    if as_json:
        desk.output.json(rows)
        return
    shown = [
        (
            *(row[name] for name in ("id", "binding", "side", "key", "why")),
            row["field"] or row["path"],
            f"{row['message']} [{row['code']}]",
        )
        for row in rows
    ]
    columns = ("id", "binding", "side", "key", "why", "field", "message")
    desk.output.table(columns, shown, "There are none.")


def _letter(one: Any) -> dict[str, Any]:
    parked = one.parked
    return {
        "id": one.id,
        "binding": str(parked.binding),
        **views.binding_json(parked.binding),
        "side": str(parked.side),
        "key": parked.key,
        "why": str(parked.why),
        "code": parked.code,
        "message": parked.message,
        "field": parked.field,
        "path": parked.path,
        "attempts": parked.attempts,
        "awaits": plain(parked.awaits),
        "candidates": list(parked.candidates),
        "run": one.run,
        "first_at": plain(one.first_at),
        "last_at": plain(one.last_at),
    }


@letters_app.command("show")
def show_letter(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID")],
    mask: options.Mask = False,
    as_json: options.Json = False,
) -> None:
    """Show one of them, with its content."""
    show_parked(desk_of(context), number, mask=mask, as_json=as_json)


def show_parked(desk: Desk, number: int, *, mask: bool, as_json: bool) -> None:
    with desk.reports() as reports:
        found = reports.parked_one(number)
    if found is None:
        raise StateError(f"nothing is parked under {number}; see `syncline dead-letters list`")
    row = _letter(found)
    data = masked(found.parked.data) if mask else found.parked.data
    if as_json:
        desk.output.json({**row, "data": data})
        return
    desk.output.facts({name: value for name, value in row.items() if value not in (None, [], "")})
    if data:
        desk.output.line()
        # Fields without a value would bury the others: systems show dozens of them.
        desk.output.facts({name: views.value(value, reveal=True) for name, value in data.items() if value is not None})


@letters_app.command("retry")
def retry(
    context: typer.Context,
    numbers: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="As listed.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
    code: Code = None,
    as_json: options.Json = False,
) -> None:
    """Try dead letters again."""
    desk = desk_of(context)
    chosen = _chosen(desk, numbers, everything=everything, code=code)
    with desk.engine() as engine:
        report = engine.retry(chosen)
    show_run(desk, report, as_json=as_json)
    raise typer.Exit(of_run(report))


@letters_app.command("discard")
def discard(
    context: typer.Context,
    numbers: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="As listed.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
    code: Code = None,
    yes: options.Yes = False,
) -> None:
    """Forget dead letters. A record that is read again with the same flaw comes back."""
    desk = desk_of(context)
    chosen = _chosen(desk, numbers, everything=everything, code=code)
    confirmed(desk, f"Forget {counted(len(chosen), 'dead letter')}?", yes=yes)
    with desk.engine() as engine:
        number = engine.discard(chosen)
    desk.output.say(f"Forgot {counted(number, 'dead letter')}.")


def _chosen(desk: Desk, numbers: list[int] | None, *, everything: bool, code: str | None) -> list[int]:
    """Those named, or all there are (of a code). Where there are none, that is said, and the command is done."""
    if bool(numbers) == (everything or code is not None):
        raise typer.BadParameter("name the dead letters by their number, or give --all or --code", param_hint="ID")
    if numbers:
        return numbers
    with desk.reports() as reports:
        found = [one.id for one in reports.parked(Why.DEAD, limit=_EVERYTHING) if code in (None, one.parked.code)]
    if not found:
        desk.output.say(f"There are none{f' with the code {code}' if code else ''}.")
        raise typer.Exit(Exit.DONE)
    return found
