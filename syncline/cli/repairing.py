"""`conflicts` and `dead-letters`: what waits for a person, and the person's answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.errors import StateError
from sync.decision import ConflictState, Why
from syncline.cli import options, views
from syncline.cli.desk import Desk, desk_of
from syncline.cli.exits import Exit, of_run
from syncline.cli.masking import masked, masked_field
from syncline.cli.moving import show_run
from syncline.cli.output import counted, plain

if TYPE_CHECKING:
    from model.fields import EntitySchema

conflicts_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Answer what no rule could decide.")
letters_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Records that could not be taken further.")

_MATCH = "m"
"""Disputed matches and deletions are numbered like dead letters; this letter tells them from conflicts of fields."""

_EVERYTHING = 1_000_000


def register(app: typer.Typer) -> None:
    app.add_typer(conflicts_app, name="conflicts")
    app.add_typer(letters_app, name="dead-letters")


@conflicts_app.command("list")
def list_conflicts(
    context: typer.Context,
    state: Annotated[str, typer.Option("--state", help="open, settled (by a rule), resolved or all.")] = "open",
    limit: options.Limit = 100,
    as_json: options.Json = False,
) -> None:
    """List fields that two systems changed apart, and records whose entity or deletion is in question (m…)."""
    desk = desk_of(context)
    if state != "all" and state not in list(ConflictState):
        raise typer.BadParameter(f"one of {', '.join(ConflictState)}, all", param_hint="--state")
    with desk.reports() as reports:
        rows = [_conflict(one) for one in reports.conflicts(None if state == "all" else ConflictState(state), limit)]
        if state in ("open", "all"):
            rows += [_question(one) for one in reports.parked(Why.DISPUTED, limit=limit)]
    if as_json:
        desk.output.json(rows)
        return
    shown = [
        (
            row["id"],
            row["entity"],
            row["entity_id"],
            row["path"],
            row["ours_source"],
            row["theirs"],
            row["rule"],
            row["state"],
        )
        for row in rows
    ]
    columns = ("id", "entity", "record", "field", "here from", "there", "rule", "state")
    desk.output.table(columns, shown, "No conflicts wait for a person.")


def _conflict(one: Any) -> dict[str, Any]:
    conflict = one.conflict
    return {
        "id": str(one.id),
        "kind": "field",
        "entity": one.entity,
        "entity_id": conflict.entity_id,
        "path": conflict.path,
        "ours_source": conflict.ours_source,
        "theirs": f"{conflict.theirs_binding.connection}.{conflict.theirs_binding.stream}",
        "theirs_key": conflict.theirs_key,
        "rule": conflict.rule,
        "winner": conflict.winner,
        "state": str(conflict.state),
        "run": one.run,
        "opened_at": plain(one.opened_at),
        "closed_at": plain(one.closed_at),
    }


def _question(one: Any) -> dict[str, Any]:
    parked = one.parked
    return {
        "id": f"{_MATCH}{one.id}",
        "kind": parked.code,
        "entity": parked.binding.entity,
        "entity_id": ", ".join(parked.candidates),
        "path": None,
        "ours_source": None,
        "theirs": f"{parked.binding.connection}.{parked.binding.stream}",
        "theirs_key": parked.key,
        "rule": parked.code,
        "winner": None,
        "state": "open",
        "run": one.run,
        "opened_at": plain(one.first_at),
        "closed_at": None,
    }


@conflicts_app.command("show")
def show_conflict(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="ID", help="As listed: 7, or m7.")],
    mask: options.Mask = False,
    as_json: options.Json = False,
) -> None:
    """Show both values of a conflict and what they were before, or the candidates of a disputed match."""
    desk = desk_of(context)
    project = desk.project(with_mappings=False)
    kind, key = _numbered(number)
    if kind == _MATCH:
        _show_letter(desk, key, mask=mask, as_json=as_json)
        return
    with desk.reports() as reports:
        found = reports.conflict(key)
    if found is None:
        raise StateError(f"there is no conflict {number}; see `syncline conflicts list`")
    schema = project.schemas.get(found.entity)
    path = found.conflict.path
    values = {
        name: _shown(schema, path, getattr(found.conflict, name), mask=mask) for name in ("base", "ours", "theirs")
    }
    row = _conflict(found)
    if as_json:
        desk.output.json({**row, "values": values})
        return
    desk.output.facts({name: value for name, value in row.items() if name not in ("kind", "theirs_key")})
    desk.output.line()
    desk.output.facts(
        {
            "both had": views.value(values["base"], reveal=True),
            f"ours ({row['ours_source']})": views.value(values["ours"], reveal=True),
            f"theirs ({row['theirs']} {row['theirs_key']})": views.value(values["theirs"], reveal=True),
        }
    )
    if found.conflict.state is ConflictState.OPEN:
        desk.output.say(f"syncline conflicts resolve {number} --winner ours|theirs, or --value '…'")


def _shown(schema: EntitySchema | None, path: str, value: Any, *, mask: bool) -> Any:
    value = None if type(value).__name__ == "Unknown" else value
    return masked_field(schema, path, value) if mask else value


@conflicts_app.command("resolve")
def resolve(
    context: typer.Context,
    number: Annotated[str, typer.Argument(metavar="ID", help="As listed: 7, or m7.")],
    winner: Annotated[str | None, typer.Option("--winner", help="ours (the hub's value) or theirs.")] = None,
    value: Annotated[str | None, typer.Option("--value", help="A value of your own: JSON, or plain text.")] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="m…: the record is this entity.")] = None,
    new: Annotated[bool, typer.Option("--new", help="m…: the record is somebody new.")] = False,
    delete: Annotated[
        bool | None, typer.Option("--delete/--keep", help="m…: a deletion: everywhere, or only there.")
    ] = None,
) -> None:
    """Decide: for one of the two values, a third one, an entity, or about a deletion. The next run carries it out."""
    desk = desk_of(context)
    kind, key = _numbered(number)
    given = [winner is not None, value is not None, entity is not None, new, delete is not None]
    if sum(given) != 1 or (kind == _MATCH) == (winner is not None or value is not None):
        wanted = "--entity, --new, --delete or --keep" if kind == _MATCH else "--winner or --value"
        raise typer.BadParameter(f"give one of {wanted}", param_hint="ID")
    if winner not in (None, "ours", "theirs"):
        raise typer.BadParameter("ours or theirs", param_hint="--winner")
    with desk.engine() as engine:
        if kind != _MATCH:
            engine.resolve(key, winner, value=None if value is None else _parsed(value))
        elif delete is not None:
            engine.settle_deletion(key, everywhere=delete)
        else:
            engine.settle_match(key, entity)
    desk.output.say("Decided. `syncline run` carries it to the systems.")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _numbered(text: str) -> tuple[str, int]:
    """``7`` and ``m7`` taken apart."""
    kind = _MATCH if text.startswith(_MATCH) else ""
    digits = text.removeprefix(kind)
    if not (digits.isascii() and digits.isdigit()):
        raise typer.BadParameter(f"{text!r} is not a number as listed", param_hint="ID")
    return kind, int(digits)


@letters_app.command("list")
def list_letters(
    context: typer.Context,
    why: Annotated[str, typer.Option("--why", help="dead, waiting, disputed or all.")] = "dead",
    limit: options.Limit = 100,
    as_json: options.Json = False,
) -> None:
    """List records that could not be taken further, with the reason. Their content is not shown here."""
    desk = desk_of(context)
    if why != "all" and why not in list(Why):
        raise typer.BadParameter(f"one of {', '.join(Why)}, all", param_hint="--why")
    with desk.reports() as reports:
        rows = [_letter(one) for one in reports.parked(None if why == "all" else Why(why), limit=limit)]
    if as_json:
        desk.output.json(rows)
        return
    shown = [
        (row["id"], row["binding"], row["side"], row["key"], row["why"], row["field"] or row["path"], row["message"])
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
    """Show one record that could not be taken further, with its content."""
    _show_letter(desk_of(context), number, mask=mask, as_json=as_json)


def _show_letter(desk: Desk, number: int, *, mask: bool, as_json: bool) -> None:
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
        desk.output.facts({name: views.value(value, reveal=True) for name, value in data.items()})


@letters_app.command("retry")
def retry(
    context: typer.Context,
    numbers: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="As listed.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
    as_json: options.Json = False,
) -> None:
    """Try dead letters again."""
    desk = desk_of(context)
    chosen = _chosen(desk, numbers, everything=everything)
    if not chosen:
        desk.output.say("There are none.")
        return
    with desk.engine() as engine:
        report = engine.retry(chosen)
    show_run(desk, report, as_json=as_json)
    raise typer.Exit(of_run(report))


@letters_app.command("discard")
def discard(
    context: typer.Context,
    numbers: Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="As listed.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,
    yes: options.Yes = False,
) -> None:
    """Forget dead letters. A record that is read again with the same flaw comes back."""
    desk = desk_of(context)
    chosen = _chosen(desk, numbers, everything=everything)
    if not chosen:
        desk.output.say("There are none.")
        return
    confirmed(desk, f"Forget {counted(len(chosen), 'dead letter')}?", yes=yes)
    with desk.engine() as engine:
        number = engine.discard(chosen)
    desk.output.say(f"Forgot {counted(number, 'dead letter')}.")


def _chosen(desk: Desk, numbers: list[int] | None, *, everything: bool) -> list[int]:
    if bool(numbers) == everything:
        raise typer.BadParameter("name the dead letters by their number, or give --all", param_hint="ID")
    if numbers:
        return numbers
    with desk.reports() as reports:
        return [one.id for one in reports.parked(Why.DEAD, limit=_EVERYTHING)]


def confirmed(desk: Desk, question: str, *, yes: bool) -> None:
    """Ask, unless told not to; where nobody can be asked, change nothing."""
    if yes:
        return
    if not desk.output.interactive:
        desk.output.fail("Nothing was changed: nobody can be asked here. Give --yes.")
        raise typer.Exit(Exit.USAGE)
    typer.confirm(question, abort=True, err=True)
