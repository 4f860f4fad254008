"""`conflicts`: what no rule could decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.errors import StateError
from sync.decision import ConflictState, LinkState, Why
from sync.merge import OSCILLATION
from sync.survival import SAME_CONNECTION
from syncline.cli import options, views
from syncline.cli.answering import EVERY_ONE, MATCH, Kinship, numbered, resolve
from syncline.cli.desk import Desk, desk_of
from syncline.cli.explaining import stream
from syncline.cli.frozen import frozen_json, tell_frozen, turns_of
from syncline.cli.letters import show_parked
from syncline.cli.masking import masked_field
from syncline.cli.output import plain

if TYPE_CHECKING:
    from model.fields import EntitySchema
    from state.reports import Reports
    from sync.decision import Conflict

conflicts_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Answer what no rule could decide.")


def register(app: typer.Typer) -> None:
    app.add_typer(conflicts_app, name="conflicts")
    conflicts_app.command("resolve")(resolve)


@conflicts_app.command("list")
def list_conflicts(
    context: typer.Context,
    state: Annotated[str, typer.Option("--state", help="open, settled (by a rule), resolved or all.")] = "open",
    kind: Annotated[str, typer.Option("--kind", help="field, record (m…) or all.")] = "all",
    field: options.OfField = None,
    there: options.There = None,
    same: options.Alike = False,
    limit: options.Limit = 100,
    as_json: options.Json = False,
) -> None:
    """List what waits for an answer.

    These are fields that two records fill differently, and records in question (m…): it is not certain whose record it
    is (a disputed match), or whether it is to be deleted everywhere.
    """
    desk = desk_of(context)
    if state != "all" and state not in list(ConflictState):
        raise typer.BadParameter(f"one of {', '.join(ConflictState)}, all", param_hint="--state")
    if kind not in ("field", "record", "all"):
        raise typer.BadParameter("one of field, record, all", param_hint="--kind")
    meant = Kinship(field, there, same)
    if meant.given and kind == "record":
        raise typer.BadParameter("--field, --there and --alike are about fields", param_hint="--kind")
    rows: list[dict[str, Any]] = []
    with desk.reports() as reports:
        if kind != "record":
            wanted = None if state == "all" else ConflictState(state)
            found = reports.conflicts(wanted, EVERY_ONE if meant.given else limit)
            rows += [_conflict(one) for one in meant.of(found, lambda: desk.memory().schemas)[:limit]]
        if kind != "field" and not meant.given and state in ("open", "all"):
            rows += [_question(one) for one in reports.parked(Why.DISPUTED, limit=limit)][: limit - len(rows)]
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
            f"{row['theirs']} {row['theirs_key']}",
            row["rule"],
            row["state"] if state == "all" else "",
        )
        for row in rows
    ]
    columns = ("id", "entity", "record", "field", "here from", "there", "rule", "state")
    desk.output.table(columns, shown, "No conflicts wait for a person.")
    if len(rows) == limit:
        desk.output.say(f"At most {limit:,} are shown, the latest first; --limit shows more, --kind only some.")


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
        "id": f"{MATCH}{one.id}",
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
    """Show both values of a conflict, or who a record could be.

    It says what the value was before, and which commands answer.
    """
    desk = desk_of(context)
    kind, key = numbered(number)
    if kind == MATCH:
        _in_question(desk, key)
        show_parked(desk, key, mask=mask, as_json=as_json)
        if not as_json:
            _show_candidates(desk, key, mask=mask)
        return
    with desk.reports() as reports:
        found = reports.conflict(key)
        frozen = found is not None and found.conflict.rule == OSCILLATION
        turns = turns_of(reports, found) if frozen else []
        key_of_ours = None if found is None else _key_of_ours(reports, found.conflict)
    if found is None:
        raise StateError(f"there is no conflict {number}; see `syncline conflicts list`")
    schema = desk.memory().schemas.get(found.entity)
    path = found.conflict.path
    values = {
        name: _shown(schema, path, getattr(found.conflict, name), mask=mask) for name in ("base", "ours", "theirs")
    }
    row = {**_conflict(found), "ours_key": key_of_ours}
    ours = f"{row['ours_source']} {key_of_ours or ''}".rstrip()
    if as_json:
        more = {"turns": frozen_json(turns, schema, mask=mask)} if frozen else {}
        desk.output.json({**row, "values": values, **more})
        return
    desk.output.facts({name: value for name, value in row.items() if name not in ("kind", "ours_key", "theirs_key")})
    desk.output.line()
    desk.output.facts(
        {
            "both had": views.value(values["base"], reveal=True),
            f"ours ({ours})": views.value(values["ours"], reveal=True),
            f"theirs ({row['theirs']} {row['theirs_key']})": views.value(values["theirs"], reveal=True),
        }
    )
    if frozen:
        tell_frozen(desk.output, found, turns, schema, mask=mask)
    if found.conflict.rule == SAME_CONNECTION:
        desk.output.say(f"Two records of {row['ours_source']} differ; authority ranks connections, not their records.")
    if found.conflict.state is ConflictState.OPEN:
        desk.output.say(f"syncline conflicts resolve {number} --winner ours|theirs, or --value '…'")


def _in_question(desk: Desk, number: int) -> None:
    """Raises StateError where no record in question has this number: dead letters are numbered together with them."""
    with desk.reports() as reports:
        found = reports.parked_one(number)
    if found is None:
        raise StateError(f"no record is in question under {MATCH}{number}; see `syncline conflicts list`")
    if found.parked.why is not Why.DISPUTED:
        raise StateError(
            f"{number} is no question but a dead letter or a record that waits: `syncline dead-letters show {number}`"
        )


def _key_of_ours(reports: Reports, conflict: Conflict) -> str | None:
    """The record that the hub's value came from, where that can be told."""
    record = reports.record(conflict.entity_id)
    if record is None or conflict.state is not ConflictState.OPEN:
        return None
    held = next((one for one in record.fields if one.path == conflict.path), None)
    if held is not None and held.key is not None and held.source == conflict.ours_source:
        return held.key
    rival = (conflict.theirs_binding, conflict.theirs_key)
    others = [one for one in record.links if (one.binding, one.key) != rival and one.state is LinkState.LIVE]
    keys = [one.key for one in others if one.binding.connection == conflict.ours_source]
    return keys[0] if len(keys) == 1 else None


def _show_candidates(desk: Desk, number: int, *, mask: bool) -> None:
    """The entities in question, side by side, and the commands that answer."""
    output = desk.output
    with desk.reports() as reports:
        parked = reports.parked_one(number).parked
        candidates = [one for one in map(reports.record, parked.candidates) if one is not None]
    schema = desk.memory().schemas.get(parked.binding.entity)
    paths = sorted({one.path for candidate in candidates for one in candidate.fields})
    held = [{one.path: one.value for one in candidate.fields} for candidate in candidates]
    output.line()
    output.table(
        ("field", *(f"candidate {place}" for place, _ in enumerate(candidates, 1))),
        [
            ("entity", *(candidate.id for candidate in candidates)),
            ("records", *(", ".join(f"{stream(n.binding)} {n.key}" for n in one.links) for one in candidates)),
            *(
                (path, *(views.value(_shown(schema, path, one.get(path), mask=mask), reveal=True) for one in held))
                for path in paths
            ),
        ],
        "The entity is not there any more.",
    )
    answers = _ANSWERS.get(parked.code, _ANSWER_MATCH)
    for choice, meaning in answers:
        names = [one.id for one in candidates] or ["ID"]
        command = choice.format(id=f"{MATCH}{number}", number=number, entity=names[0], other=names[-1])
        output.say(f"{command}  # {meaning}")


_ANSWER_MATCH = (
    ("syncline conflicts resolve {id} --entity {entity}", "the record is this one"),
    ("syncline conflicts resolve {id} --new", "the record is somebody new"),
)
_ANSWERS = {
    "deleted-there": (
        ("syncline conflicts resolve {id} --delete", "deleted everywhere"),
        ("syncline conflicts resolve {id} --keep", "kept everywhere else"),
    ),
    "merged-there": (
        ("syncline conflicts resolve {id} --entity {entity}", "they are one, and the values of candidate 1 win"),
        ("syncline conflicts resolve {id} --entity {other}", "they are one, and the values of candidate 2 win"),
        ("syncline dead-letters discard {number}", "leave the two entities as they are"),
    ),
}


def _shown(schema: EntitySchema | None, path: str, value: Any, *, mask: bool) -> Any:
    value = None if type(value).__name__ == "Unknown" else value
    return masked_field(schema, path, value) if mask else value
